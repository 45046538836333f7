/*
 * test_mem - allocation: alignment, zeroes, the hook, running out.
 */
#include "base/attr.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/run.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* An allocator of the program, as careless as its contract allows: blocks are
 * aligned for any type and for nothing more. */
#define HOOK_SHIFT 16

static size_t hook_allocs, hook_frees, hook_size_last, hook_bytes;
static size_t hook_fails; /* all calls fail */

static void *
hook_calloc(size_t n, size_t size)
{
	char *p;

	if (hook_fails) {
		return NULL;
	}
	p = aligned_alloc(
	    WRI_LINE, (n * size + HOOK_SHIFT + WRI_LINE) & ~(size_t)63);
	if (p == NULL) {
		return NULL;
	}
	hook_allocs++;
	hook_bytes += n * size;
	hook_size_last = n * size;
	memset(p, 0, n * size + HOOK_SHIFT);
	return p + HOOK_SHIFT;
}

static void *
hook_malloc(size_t size)
{
	return hook_calloc(1, size);
}

static void
hook_free(void *ptr, size_t size)
{
	hook_frees++;
	hook_bytes -= size;
	free((char *)ptr - HOOK_SHIFT);
}

static const wri_mem_ops hook = {hook_malloc, hook_calloc, hook_free};

static void
check_block(size_t size)
{
	unsigned char *p = wri_alloc(size);

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq((uintptr_t)p % WRI_LINE, 0);
	/* The first byte is 0, and each is like the one before it. */
	ck_assert_uint_eq(p[0], 0);
	ck_assert_int_eq(memcmp(p, p + 1, size - 1), 0);
	/* All of it is ours: sanitizers watch. */
	memset(p, 0xa5, size);
	wri_free(p, size);
}

static void
setup(void)
{
	hook_allocs = hook_frees = hook_size_last = hook_bytes = hook_fails = 0;
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	ck_assert_uint_eq(wri_mem_live(), 0);
	wri_mem_set(NULL);
}

START_TEST(a_block_is_zeroed_and_aligned_to_a_line)
{
	/* Twice, so that the second one gets dirty memory back. */
	for (int round = 0; round < 2; round++) {
		for (size_t size = 1; size < 300; size++) {
			check_block(size);
		}
		check_block(1 << 20);
	}
}
END_TEST

START_TEST(a_block_of_the_programs_allocator_is_zeroed_and_aligned_too)
{
	wri_mem_set(&hook);
	for (size_t size = 1; size < 300; size++) {
		check_block(size);
	}
	ck_assert_uint_eq(hook_allocs, 299);
	ck_assert_uint_eq(hook_frees, 299);
}
END_TEST

START_TEST(free_gives_the_program_the_size_it_was_asked_for)
{
	void *p;

	wri_mem_set(&hook);
	p = wri_alloc(1000);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_ge(hook_size_last, 1000);
	ck_assert_uint_eq(hook_bytes, hook_size_last);
	wri_free(p, 1000);
	ck_assert_uint_eq(hook_bytes, 0);
}
END_TEST

START_TEST(null_is_freed_without_effect)
{
	wri_free(NULL, 0);
	wri_free(NULL, 100);
	wri_mem_set(&hook);
	wri_free(NULL, 100);
	ck_assert_uint_eq(hook_frees, 0);
}
END_TEST

START_TEST(live_counts_the_bytes_that_are_not_freed)
{
	void *a = wri_alloc(100);
	void *b = wri_alloc(28);

	ck_assert_uint_eq(wri_mem_live(), 128);
	wri_free(a, 100);
	ck_assert_uint_eq(wri_mem_live(), 28);
	wri_free(b, 28);
	ck_assert_uint_eq(wri_mem_live(), 0);
}
END_TEST

START_TEST(a_size_that_overflows_is_out_of_memory)
{
	ck_assert_ptr_null(wri_alloc(SIZE_MAX));
	ck_assert_ptr_null(wri_alloc(SIZE_MAX - WRI_LINE + 1));
	/* Not one that overflows, but no machine has it: nobody is asked. */
	ck_assert_ptr_null(wri_alloc(SIZE_MAX / 2));
	ck_assert_ptr_null(wri_alloc(((size_t)1 << 47) + 1));
	ck_assert_uint_eq(wri_mem_live(), 0);
}
END_TEST

START_TEST(only_the_nth_allocation_fails)
{
	for (unsigned n = 1; n <= 5; n++) {
		wri_mem_fail_at(n);
		for (unsigned i = 1; i <= 6; i++) {
			void *p = wri_alloc(10);

			ck_assert_int_eq(p == NULL, i == n);
			wri_free(p, 10);
		}
	}
}
END_TEST

START_TEST(a_failure_can_be_disarmed)
{
	void *p;

	wri_mem_fail_at(1);
	wri_mem_fail_at(0);
	p = wri_alloc(10);
	ck_assert_ptr_nonnull(p);
	wri_free(p, 10);
}
END_TEST

START_TEST(the_programs_allocator_may_run_out)
{
	wri_mem_set(&hook);
	hook_fails = 1;
	ck_assert_ptr_null(wri_alloc(10));
	hook_fails = 0;
	ck_assert_uint_eq(wri_mem_live(), 0);
	check_block(10);
}
END_TEST

START_TEST(the_allocator_goes_back_to_the_default)
{
	wri_mem_set(&hook);
	check_block(10);
	wri_mem_set(NULL);
	check_block(10);
	ck_assert_uint_eq(hook_allocs, 1);
	ck_assert_uint_eq(hook_frees, 1);
}
END_TEST

START_TEST(changing_the_allocator_under_a_living_block_panics)
{
	void *p = wri_alloc(10);

	ck_assert_ptr_nonnull(p);
	wri_mem_set(&hook);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("mem");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_block_is_zeroed_and_aligned_to_a_line);
	tcase_add_test(
	    tc, a_block_of_the_programs_allocator_is_zeroed_and_aligned_too);
	tcase_add_test(tc, free_gives_the_program_the_size_it_was_asked_for);
	tcase_add_test(tc, null_is_freed_without_effect);
	tcase_add_test(tc, live_counts_the_bytes_that_are_not_freed);
	tcase_add_test(tc, a_size_that_overflows_is_out_of_memory);
	tcase_add_test(tc, only_the_nth_allocation_fails);
	tcase_add_test(tc, a_failure_can_be_disarmed);
	tcase_add_test(tc, the_programs_allocator_may_run_out);
	tcase_add_test(tc, the_allocator_goes_back_to_the_default);
	if (run_forks()) {
		tcase_add_test_raise_signal(tc,
		    changing_the_allocator_under_a_living_block_panics,
		    SIGABRT);
	}
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
