/*
 * conform_msg - section 10: the body of a message; trap 19.
 */
#include "conform/con.h"

#include <string.h>

static nng_msg *msg;

static void
setup(void)
{
	ck_assert_int_eq(nng_msg_alloc(&msg, 0), NNG_OK);
}

static void
teardown(void)
{
	nng_msg_free(msg);
}

static void
expect_body(nng_msg *m, const char *want)
{
	ck_assert_uint_eq(nng_msg_len(m), strlen(want));
	ck_assert_int_eq(memcmp(nng_msg_body(m), want, strlen(want)), 0);
}

START_TEST(a_message_has_a_body_of_zeros_and_no_header)
{
	static const size_t sizes[] = {0, 1, 10, 1000, 1024, 4096, 100000};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *body;
		nng_msg *m;

		ck_assert_int_eq(nng_msg_alloc(&m, sizes[i]), NNG_OK);
		ck_assert_uint_eq(nng_msg_len(m), sizes[i]);
		ck_assert_uint_eq(nng_msg_header_len(m), 0);
		body = nng_msg_body(m);
		ck_assert_ptr_nonnull(body);
		ck_assert_ptr_nonnull(nng_msg_header(m));
		for (size_t j = 0; j < sizes[i]; j++) {
			ck_assert_int_eq(body[j], 0);
		}
		ck_assert_uint_ge(nng_msg_capacity(m), sizes[i]);
		nng_msg_free(m);
	}
}
END_TEST

START_TEST(capacity_is_what_is_reachable_without_reallocation)
{
	nng_msg *m;

	ck_assert_uint_eq(nng_msg_capacity(msg), 32);
	ck_assert_int_eq(nng_msg_alloc(&m, 10), NNG_OK);
	ck_assert_uint_eq(nng_msg_capacity(m), 42);
	nng_msg_free(m);
	ck_assert_int_eq(nng_msg_alloc(&m, 1024), NNG_OK);
	ck_assert_uint_eq(nng_msg_capacity(m), 1024);
	nng_msg_free(m);
	/* Up to it the body stays where it is. */
	ck_assert_int_eq(nng_msg_alloc(&m, 10), NNG_OK);
	const void *body = nng_msg_body(m);
	ck_assert_int_eq(nng_msg_realloc(m, nng_msg_capacity(m)), NNG_OK);
	ck_assert_ptr_eq(nng_msg_body(m), body);
	nng_msg_free(m);
}
END_TEST

START_TEST(reserve_makes_room_and_never_shrinks)
{
	const void *body;

	ck_assert_int_eq(nng_msg_append(msg, "keep", 4), NNG_OK);
	ck_assert_int_eq(nng_msg_reserve(msg, 5000), NNG_OK);
	ck_assert_uint_ge(nng_msg_capacity(msg), 5000);
	expect_body(msg, "keep");
	ck_assert_int_eq(nng_msg_reserve(msg, 10), NNG_OK);
	ck_assert_uint_ge(nng_msg_capacity(msg), 5000);
	body = nng_msg_body(msg);
	for (int i = 0; i < 4996; i++) {
		ck_assert_int_eq(nng_msg_append(msg, "x", 1), NNG_OK);
	}
	ck_assert_ptr_eq(nng_msg_body(msg), body);
}
END_TEST

START_TEST(realloc_keeps_what_stays)
{
	ck_assert_int_eq(nng_msg_append(msg, "abcdef", 6), NNG_OK);
	ck_assert_int_eq(nng_msg_realloc(msg, 3), NNG_OK);
	expect_body(msg, "abc");
	ck_assert_int_eq(nng_msg_realloc(msg, 5000), NNG_OK);
	ck_assert_uint_eq(nng_msg_len(msg), 5000);
	ck_assert_int_eq(memcmp(nng_msg_body(msg), "abc", 3), 0);
	ck_assert_int_eq(nng_msg_realloc(msg, 0), NNG_OK);
	ck_assert_uint_eq(nng_msg_len(msg), 0);
}
END_TEST

START_TEST(shortening_does_not_reallocate)
{
	const void *body;

	ck_assert_int_eq(nng_msg_realloc(msg, 3000), NNG_OK);
	body = nng_msg_body(msg);
	ck_assert_int_eq(nng_msg_realloc(msg, 10), NNG_OK);
	ck_assert_ptr_eq(nng_msg_body(msg), body);
	ck_assert_uint_ge(nng_msg_capacity(msg), 3000);
}
END_TEST

START_TEST(sizes_that_cannot_be_are_no_memory_and_change_nothing)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 31,
	    SIZE_MAX - 64, SIZE_MAX - 100};

	ck_assert_int_eq(nng_msg_append(msg, "keep", 4), NNG_OK);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		nng_msg *m = (nng_msg *)&m;

		ck_assert_int_eq(nng_msg_realloc(msg, sizes[i]), NNG_ENOMEM);
		ck_assert_int_eq(nng_msg_reserve(msg, sizes[i]), NNG_ENOMEM);
		ck_assert_int_eq(
		    nng_msg_append(msg, NULL, sizes[i]), NNG_ENOMEM);
		ck_assert_int_eq(
		    nng_msg_insert(msg, NULL, sizes[i]), NNG_ENOMEM);
		ck_assert_int_eq(nng_msg_alloc(&m, sizes[i]), NNG_ENOMEM);
		ck_assert_ptr_eq(m, (nng_msg *)&m);
		expect_body(msg, "keep");
	}
}
END_TEST

START_TEST(clear_empties_the_body_and_keeps_capacity_and_bytes)
{
	size_t capacity;

	ck_assert_int_eq(nng_msg_append(msg, "abc", 3), NNG_OK);
	capacity = nng_msg_capacity(msg);
	nng_msg_clear(msg);
	ck_assert_uint_eq(nng_msg_len(msg), 0);
	ck_assert_uint_eq(nng_msg_capacity(msg), capacity);
	ck_assert_int_eq(memcmp(nng_msg_body(msg), "abc", 3), 0);
}
END_TEST

START_TEST(append_is_at_the_end_and_insert_at_the_front)
{
	ck_assert_int_eq(nng_msg_append(msg, "cd", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(msg, "ab", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_append(msg, "ef", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(msg, "0", 1), NNG_OK);
	expect_body(msg, "0abcdef");
}
END_TEST

START_TEST(nothing_appended_or_inserted_is_nothing)
{
	ck_assert_int_eq(nng_msg_append(msg, "ab", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_append(msg, "x", 0), NNG_OK);
	ck_assert_int_eq(nng_msg_append(msg, NULL, 0), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(msg, "x", 0), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(msg, NULL, 0), NNG_OK);
	expect_body(msg, "ab");
}
END_TEST

START_TEST(null_grows_without_writing)
{
	ck_assert_int_eq(nng_msg_append(msg, "ab", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_append(msg, NULL, 3), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(msg, NULL, 4), NNG_OK);
	ck_assert_uint_eq(nng_msg_len(msg), 9);
	ck_assert_int_eq(memcmp((char *)nng_msg_body(msg) + 4, "ab", 2), 0);
}
END_TEST

START_TEST(trim_takes_from_the_front_and_chop_from_the_end)
{
	ck_assert_int_eq(nng_msg_append(msg, "abcdef", 6), NNG_OK);
	ck_assert_int_eq(nng_msg_trim(msg, 2), NNG_OK);
	expect_body(msg, "cdef");
	ck_assert_int_eq(nng_msg_chop(msg, 1), NNG_OK);
	expect_body(msg, "cde");
	ck_assert_int_eq(nng_msg_trim(msg, 0), NNG_OK);
	ck_assert_int_eq(nng_msg_chop(msg, 0), NNG_OK);
	expect_body(msg, "cde");
	ck_assert_int_eq(nng_msg_trim(msg, 3), NNG_OK);
	expect_body(msg, "");
}
END_TEST

START_TEST(more_than_there_is_is_invalid_and_changes_nothing)
{
	ck_assert_int_eq(nng_msg_append(msg, "abc", 3), NNG_OK);
	ck_assert_int_eq(nng_msg_trim(msg, 4), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop(msg, 4), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_trim(msg, SIZE_MAX), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop(msg, SIZE_MAX), NNG_EINVAL);
	expect_body(msg, "abc");
}
END_TEST

START_TEST(integers_are_big_endian_in_the_message)
{
	static const unsigned char want[] = {
	    1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x22, 0x33, 0x44, 0xAA, 0xBB};

	ck_assert_int_eq(nng_msg_append_u32(msg, 0x11223344), NNG_OK);
	ck_assert_int_eq(nng_msg_insert_u64(msg, 0x0102030405060708), NNG_OK);
	ck_assert_int_eq(nng_msg_append_u16(msg, 0xAABB), NNG_OK);
	ck_assert_uint_eq(nng_msg_len(msg), sizeof(want));
	ck_assert_int_eq(memcmp(nng_msg_body(msg), want, sizeof(want)), 0);
}
END_TEST

START_TEST(integers_come_back_native_from_either_end)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	ck_assert_int_eq(nng_msg_append_u16(msg, 1), NNG_OK);
	ck_assert_int_eq(nng_msg_append_u32(msg, 2), NNG_OK);
	ck_assert_int_eq(nng_msg_append_u64(msg, UINT64_MAX - 2), NNG_OK);
	ck_assert_int_eq(nng_msg_insert_u16(msg, 0xFFFE), NNG_OK);
	ck_assert_int_eq(nng_msg_insert_u32(msg, 0xFFFFFFFD), NNG_OK);
	ck_assert_int_eq(nng_msg_insert_u64(msg, 7), NNG_OK);
	ck_assert_int_eq(nng_msg_trim_u64(msg, &u64), NNG_OK);
	ck_assert_uint_eq(u64, 7);
	ck_assert_int_eq(nng_msg_trim_u32(msg, &u32), NNG_OK);
	ck_assert_uint_eq(u32, 0xFFFFFFFD);
	ck_assert_int_eq(nng_msg_trim_u16(msg, &u16), NNG_OK);
	ck_assert_uint_eq(u16, 0xFFFE);
	ck_assert_int_eq(nng_msg_chop_u64(msg, &u64), NNG_OK);
	ck_assert_uint_eq(u64, UINT64_MAX - 2);
	ck_assert_int_eq(nng_msg_chop_u32(msg, &u32), NNG_OK);
	ck_assert_uint_eq(u32, 2);
	ck_assert_int_eq(nng_msg_chop_u16(msg, &u16), NNG_OK);
	ck_assert_uint_eq(u16, 1);
	ck_assert_uint_eq(nng_msg_len(msg), 0);
}
END_TEST

START_TEST(an_integer_of_too_few_bytes_is_invalid_and_writes_nothing)
{
	uint64_t u64 = 64;
	uint32_t u32 = 32;
	uint16_t u16 = 16;

	ck_assert_int_eq(nng_msg_append(msg, "1", 1), NNG_OK);
	ck_assert_int_eq(nng_msg_trim_u16(msg, &u16), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u16(msg, &u16), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_append(msg, "23", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_trim_u32(msg, &u32), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u32(msg, &u32), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_append(msg, "4567", 4), NNG_OK);
	ck_assert_int_eq(nng_msg_trim_u64(msg, &u64), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u64(msg, &u64), NNG_EINVAL);
	ck_assert_uint_eq(u16, 16);
	ck_assert_uint_eq(u32, 32);
	ck_assert_uint_eq(u64, 64);
	expect_body(msg, "1234567");
}
END_TEST

START_TEST(a_dup_is_independent_and_alike)
{
	nng_msg *dup;

	ck_assert_int_eq(nng_msg_append(msg, "body", 4), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append(msg, "head", 4), NNG_OK);
	ck_assert_int_eq(nng_msg_reserve(msg, 300), NNG_OK);
	ck_assert_int_eq(nng_msg_dup(&dup, msg), NNG_OK);
	ck_assert_uint_eq(nng_msg_capacity(dup), nng_msg_capacity(msg));
	ck_assert_ptr_ne(nng_msg_body(dup), nng_msg_body(msg));
	memcpy(nng_msg_body(msg), "BODY", 4);
	memcpy(nng_msg_header(msg), "HEAD", 4);
	ck_assert_int_eq(nng_msg_trim(msg, 1), NNG_OK);
	expect_body(dup, "body");
	ck_assert_uint_eq(nng_msg_header_len(dup), 4);
	ck_assert_int_eq(memcmp(nng_msg_header(dup), "head", 4), 0);
	ck_assert_int_eq(nng_msg_append(dup, "x", 1), NNG_OK);
	expect_body(msg, "ODY");
	nng_msg_free(dup);
}
END_TEST

/* A message against an array, with chance. */
START_TEST(chance_never_loses_a_byte)
{
	static unsigned char model[20000];
	static unsigned char data[200];
	struct con_rand r = {.state = 9};
	size_t len = 0;

	for (int step = 0; step < 20000; step++) {
		size_t n = con_rand_below(&r, 200);

		for (size_t i = 0; i < n; i++) {
			data[i] = (unsigned char)con_rand_below(&r, 256);
		}
		switch (con_rand_below(&r, 6)) {
		case 0:
			if (len + n <= sizeof(model)) {
				ck_assert_int_eq(
				    nng_msg_append(msg, data, n), NNG_OK);
				memcpy(model + len, data, n);
				len += n;
			}
			break;
		case 1:
			if (len + n <= sizeof(model)) {
				ck_assert_int_eq(
				    nng_msg_insert(msg, data, n), NNG_OK);
				memmove(model + n, model, len);
				memcpy(model, data, n);
				len += n;
			}
			break;
		case 2:
			ck_assert_int_eq(nng_msg_trim(msg, n),
			    n <= len ? NNG_OK : NNG_EINVAL);
			if (n <= len) {
				memmove(model, model + n, len - n);
				len -= n;
			}
			break;
		case 3:
			ck_assert_int_eq(nng_msg_chop(msg, n),
			    n <= len ? NNG_OK : NNG_EINVAL);
			len -= n <= len ? n : 0;
			break;
		case 4:
			ck_assert_int_eq(nng_msg_reserve(msg, n * 10), NNG_OK);
			break;
		default:
			len = len < n ? len : n;
			ck_assert_int_eq(nng_msg_realloc(msg, len), NNG_OK);
			break;
		}
		ck_assert_uint_eq(nng_msg_len(msg), len);
		ck_assert_int_eq(memcmp(nng_msg_body(msg), model, len), 0);
		ck_assert_uint_ge(nng_msg_capacity(msg), len);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/msg");
	TCase *tc = con_case_bare(suite, "body");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_message_has_a_body_of_zeros_and_no_header);
	tcase_add_test(tc, capacity_is_what_is_reachable_without_reallocation);
	tcase_add_test(tc, reserve_makes_room_and_never_shrinks);
	tcase_add_test(tc, realloc_keeps_what_stays);
	tcase_add_test(tc, shortening_does_not_reallocate);
	tcase_add_test(
	    tc, sizes_that_cannot_be_are_no_memory_and_change_nothing);
	tcase_add_test(tc, clear_empties_the_body_and_keeps_capacity_and_bytes);
	tcase_add_test(tc, append_is_at_the_end_and_insert_at_the_front);
	tcase_add_test(tc, nothing_appended_or_inserted_is_nothing);
	tcase_add_test(tc, null_grows_without_writing);
	tcase_add_test(tc, trim_takes_from_the_front_and_chop_from_the_end);
	tcase_add_test(tc, more_than_there_is_is_invalid_and_changes_nothing);
	tcase_add_test(tc, integers_are_big_endian_in_the_message);
	tcase_add_test(tc, integers_come_back_native_from_either_end);
	tcase_add_test(
	    tc, an_integer_of_too_few_bytes_is_invalid_and_writes_nothing);
	tcase_add_test(tc, a_dup_is_independent_and_alike);
	tcase_add_test(tc, chance_never_loses_a_byte);
	return run_suite(suite);
}
