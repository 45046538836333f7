/*
 * conform_memory - section 7: blocks and strings.
 */
#include "conform/con.h"

#include <string.h>

START_TEST(a_block_has_at_least_its_size_and_is_aligned_to_64_bits)
{
	for (size_t size = 1; size < 5000; size = size * 3 / 2 + 1) {
		char *p = nng_alloc(size);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 8, 0);
		memset(p, 0x5A, size);
		nng_free(p, size);
	}
}
END_TEST

START_TEST(blocks_do_not_overlap)
{
	unsigned char *p[32];

	for (unsigned i = 0; i < 32; i++) {
		p[i] = nng_alloc(i + 1);
		ck_assert_ptr_nonnull(p[i]);
		memset(p[i], (int)i, i + 1);
	}
	for (unsigned i = 0; i < 32; i++) {
		for (unsigned j = 0; j <= i; j++) {
			ck_assert_uint_eq(p[i][j], i);
		}
		nng_free(p[i], i + 1);
	}
}
END_TEST

START_TEST(no_bytes_are_null)
{
	ck_assert_ptr_null(nng_alloc(0));
}
END_TEST

START_TEST(too_many_bytes_are_null)
{
	ck_assert_ptr_null(nng_alloc(SIZE_MAX));
	ck_assert_ptr_null(nng_alloc(SIZE_MAX - 64));
	ck_assert_ptr_null(nng_alloc(SIZE_MAX / 2));
}
END_TEST

START_TEST(freeing_null_is_nothing)
{
	nng_free(NULL, 0);
	nng_free(NULL, 100);
	nng_strfree(NULL);
}
END_TEST

START_TEST(a_string_is_copied)
{
	char src[] = "some text";
	char *dup = nng_strdup(src);

	ck_assert_ptr_nonnull(dup);
	ck_assert_ptr_ne(dup, src);
	src[0] = 'S';
	ck_assert_str_eq(dup, "some text");
	nng_strfree(dup);
}
END_TEST

START_TEST(the_copy_is_a_block_of_its_length_and_one)
{
	char *dup = nng_strdup("four");
	char *empty = nng_strdup("");

	nng_free(dup, 5);
	ck_assert_str_eq(empty, "");
	nng_free(empty, 1);
}
END_TEST

START_TEST(strfree_frees_a_block_that_holds_a_string)
{
	char *p = nng_alloc(4);

	ck_assert_ptr_nonnull(p);
	memcpy(p, "abc", 4);
	nng_strfree(p);
}
END_TEST

static void *
blocks_often(void *arg)
{
	(void)arg;
	for (size_t i = 1; i < 500; i++) {
		char *p = nng_alloc(i);

		if (p != NULL) {
			memset(p, 1, i);
		}
		nng_free(p, i);
	}
	return NULL;
}

START_TEST(blocks_come_and_go_on_many_threads)
{
	con_threads(4, blocks_often, NULL);
}
END_TEST

static void *
block_of_another(void *arg)
{
	*(void **)arg = nng_alloc(64);
	return NULL;
}

START_TEST(a_block_may_be_freed_by_another_thread)
{
	void *p = NULL;

	con_threads(1, block_of_another, (void *)&p);
	ck_assert_ptr_nonnull(p);
	nng_free(p, 64);
}
END_TEST

START_TEST(a_block_outlives_fini)
{
	char *p;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	p = nng_strdup("still here");
	nng_fini();
	ck_assert_str_eq(p, "still here");
	nng_strfree(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/memory");
	/* Without init: memory needs none. */
	TCase *tc = con_case_bare(suite, "memory");

	tcase_add_test(
	    tc, a_block_has_at_least_its_size_and_is_aligned_to_64_bits);
	tcase_add_test(tc, blocks_do_not_overlap);
	tcase_add_test(tc, no_bytes_are_null);
	tcase_add_test(tc, too_many_bytes_are_null);
	tcase_add_test(tc, freeing_null_is_nothing);
	tcase_add_test(tc, a_string_is_copied);
	tcase_add_test(tc, the_copy_is_a_block_of_its_length_and_one);
	tcase_add_test(tc, strfree_frees_a_block_that_holds_a_string);
	tcase_add_test(tc, blocks_come_and_go_on_many_threads);
	tcase_add_test(tc, a_block_may_be_freed_by_another_thread);
	tcase_add_test(tc, a_block_outlives_fini);
	return run_suite(suite);
}
