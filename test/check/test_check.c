/*
 * test_check - WEIR_CHECK=1: which calls a report of misuse names.
 */
#include "aio/toy.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include "check/check.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct toy toy;
static weir_aio *aio;

static unsigned reports;
static char sites[1024];

static void
keep(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)snprintf(sites, sizeof(sites), "%s", m->sites);
	reports++;
}

static void
up(const char *check)
{
	const weir_params params = {.size = sizeof(params), .check = check};

	rt_up(&params);
	reports = 0;
	sites[0] = '\0';
	weir_misuse_set(keep, NULL);
	toy_init(&toy, TOY_FULL);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
}

static void
setup(void)
{
	up("1");
}

static void
setup_off(void)
{
	up("0");
}

static void
teardown(void)
{
	weir_aio_free(aio);
	rt_down();
	toy_fini(&toy);
}

/* --- The places, each a function of its own ----------------------------- */

static int calls;

/* What follows keeps a call from being a jump. */
#define PLACE(name, ...)                                                       \
	__attribute__((noinline)) static void name(void)                       \
	{                                                                      \
		__VA_ARGS__;                                                   \
		calls++;                                                       \
	}

PLACE(sleep_here, weir_sleep_aio(WEIR_INFINITE, aio))
PLACE(sleep_there, weir_sleep_aio(WEIR_INFINITE, aio))
PLACE(submit_here, toy_submit(&toy, aio))
PLACE(finish_here, (void)weir_aio_finish(aio, WEIR_OK))
PLACE(finish_there, (void)weir_aio_finish(aio, WEIR_OK))
PLACE(start_here, (void)!weir_aio_start(aio, &toy_providers[TOY_FULL], &toy))
PLACE(start_there, (void)!weir_aio_start(aio, &toy_providers[TOY_FULL], &toy))
PLACE(reap_here, weir_aio_reap(aio))
PLACE(reap_there, weir_aio_reap(aio))
PLACE(free_here, weir_aio_free(aio))
PLACE(cancel_there, (void)weir_aio_cancel(aio))
PLACE(set_iov_there, (void)weir_aio_set_iov(aio, 1, &(const weir_iov){&toy, 1}))

static void (*const places[])(void) = {sleep_here, sleep_there, submit_here,
    finish_here, finish_there, start_here, start_there, reap_here, reap_there,
    free_here, cancel_there, set_iov_there};

/* Does an address lie in a place?  In the last that begins before it. */
static bool
lies_in(uintptr_t pc, void (*place)(void))
{
	uintptr_t begin = (uintptr_t)place;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uintptr_t other = (uintptr_t)places[i];

		if (other > begin && other <= pc) {
			return false;
		}
	}
	return pc >= begin && pc < begin + 1024;
}

/* Does the part of the report that begins with a word name the place? */
static bool
names(const char *part, void (*place)(void))
{
	const char *at = strstr(sites, part);
	const char *end;
	Dl_info info;

	ck_assert_msg(at != NULL, "no \"%s\" in \"%s\"", part, sites);
	end = strchr(at + 2, ';');
	ck_assert_int_ne(dladdr((void *)(uintptr_t)place, &info), 0);
	while ((at = strstr(at, "+0x")) != NULL && (end == NULL || at < end)) {
		uintptr_t offset = (uintptr_t)strtoul(at + 1, NULL, 16);

		if (lies_in((uintptr_t)info.dli_fbase + offset, place)) {
			return true;
		}
		at++;
	}
	return false;
}

static void
expect(const char *promise, void (*here)(void), const char *call,
    void (*before)(void))
{
	char text[128];

	ck_assert_uint_eq(reports, 1);
	(void)snprintf(
	    text, sizeof(text), "; promise: %s; here: thread ", promise);
	ck_assert_msg(strstr(sites, text) == sites, "%s", sites);
	(void)snprintf(text, sizeof(text), "; before: %s, ", call);
	ck_assert_msg(strstr(sites, text) != NULL, "%s", sites);
	ck_assert_msg(names("; here: ", here), "%s", sites);
	ck_assert_msg(names("; before: ", before), "%s", sites);
	ck_assert_msg(!names("; here: ", before), "%s", sites);
	ck_assert_msg(!names("; before: ", here), "%s", sites);
	reports = 0;
}

#define ONE "one operation at a time"

START_TEST(a_submit_on_a_busy_handle_names_both_submits)
{
	sleep_here();
	sleep_there();
	expect(ONE, sleep_there, "weir_sleep_aio", sleep_here);
	/* The one that was refused is not remembered. */
	sleep_there();
	expect(ONE, sleep_there, "weir_sleep_aio", sleep_here);
}
END_TEST

START_TEST(a_second_finish_names_both_finishes)
{
	ck_assert_int_eq(weir_aio_reset(aio), WEIR_OK);
	finish_here();
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	finish_there();
	expect("one finish for each operation", finish_there, "weir_aio_finish",
	    finish_here);
}
END_TEST

START_TEST(a_second_start_names_both_starts)
{
	ck_assert_int_eq(weir_aio_reset(aio), WEIR_OK);
	start_here();
	start_there();
	expect(ONE ", until its callback", start_there, "weir_aio_start",
	    start_here);
	ck_assert(weir_aio_finish(aio, WEIR_OK));
}
END_TEST

START_TEST(a_setting_while_an_operation_is_pending_names_its_submit)
{
	submit_here();
	set_iov_there();
	expect(ONE, set_iov_there, "weir_aio_reset", submit_here);
}
END_TEST

START_TEST(a_second_free_names_the_first)
{
	toy.stubborn = true;
	submit_here();
	reap_here();
	reap_there();
	expect("no call after free", reap_there, "weir_aio_reap", reap_here);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	aio = NULL;
}
END_TEST

START_TEST(a_use_after_free_names_who_freed_it)
{
	free_here();
	cancel_there();
	expect("no call after free", cancel_there, "weir_aio_free", free_here);
	aio = NULL;
}
END_TEST

static void *
free_in_thread(void *arg)
{
	(void)arg;
	free_here();
	return NULL;
}

START_TEST(another_thread_is_told_apart)
{
	pthread_t thread;
	const char *a, *b;

	ck_assert_int_eq(
	    pthread_create(&thread, NULL, free_in_thread, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	cancel_there();
	a = strstr(sites, "thread ");
	ck_assert_ptr_nonnull(a);
	b = strstr(a + 1, "thread ");
	ck_assert_ptr_nonnull(b);
	ck_assert_int_ne(atoi(a + 7), atoi(b + 7));
	aio = NULL;
}
END_TEST

START_TEST(what_is_no_handle_has_no_call_before)
{
	static max_align_t zeros[64];

	ck_assert_int_eq(
	    weir_aio_cancel((weir_aio *)(void *)zeros), WEIR_CANCEL_IDLE);
	ck_assert_uint_eq(reports, 1);
	ck_assert_msg(strstr(sites, "; here: thread ") == sites, "%s", sites);
	ck_assert_ptr_null(strstr(sites, "before"));
}
END_TEST

/* --- Memory ------------------------------------------------------------- */

START_TEST(a_bounded_number_of_freed_handles_is_kept)
{
	size_t kept = 0, more;

	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 300; i++) {
			weir_aio *one;

			ck_assert_int_eq(
			    weir_aio_alloc(&one, NULL, NULL), WEIR_OK);
			weir_aio_free(one);
		}
		more = rt_count().bytes;
		ck_assert(round == 0 || more == kept);
		kept = more;
	}
	/* And rt_down finds nothing left. */
}
END_TEST

START_TEST(a_handle_outlives_the_library_with_its_notes)
{
	weir_aio *old = aio;
	const weir_params off = {.size = sizeof(off), .check = "0"};

	rt_expect_log();
	sleep_here();
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(&off), WEIR_OK);
	(void)weir_aio_finish(old, WEIR_OK);
	weir_aio_free(old);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	reports = 0;
	(void)weir_aio_finish(aio, WEIR_OK);
	ck_assert_uint_eq(reports, 1);
	ck_assert_str_eq(sites, "");
}
END_TEST

START_TEST(without_memory_for_notes_a_handle_goes_without)
{
	weir_aio *one;

	rt_expect_log();
	wri_mem_fail_at(2);
	ck_assert_int_eq(weir_aio_alloc(&one, NULL, NULL), WEIR_OK);
	wri_mem_fail_at(0);
	(void)weir_aio_finish(one, WEIR_OK);
	ck_assert_uint_eq(reports, 1);
	ck_assert_msg(strstr(sites, "; here: ") != NULL, "%s", sites);
	ck_assert_ptr_null(strstr(sites, "before"));
	weir_aio_free(one);
}
END_TEST

/* --- Off ---------------------------------------------------------------- */

START_TEST(by_default_no_site_is_named)
{
	sleep_here();
	sleep_there();
	ck_assert_uint_eq(reports, 1);
	ck_assert_str_eq(sites, "");
}
END_TEST

static Suite *
check_suite(void)
{
	Suite *s = suite_create("check");
	TCase *tc = tcase_create("on");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_submit_on_a_busy_handle_names_both_submits);
	tcase_add_test(tc, a_second_finish_names_both_finishes);
	tcase_add_test(tc, a_second_start_names_both_starts);
	tcase_add_test(
	    tc, a_setting_while_an_operation_is_pending_names_its_submit);
	tcase_add_test(tc, a_second_free_names_the_first);
	tcase_add_test(tc, a_use_after_free_names_who_freed_it);
	tcase_add_test(tc, another_thread_is_told_apart);
	tcase_add_test(tc, what_is_no_handle_has_no_call_before);
	tcase_add_test(tc, a_bounded_number_of_freed_handles_is_kept);
	tcase_add_test(tc, a_handle_outlives_the_library_with_its_notes);
	tcase_add_test(tc, without_memory_for_notes_a_handle_goes_without);
	suite_add_tcase(s, tc);
	tc = tcase_create("off");
	tcase_add_checked_fixture(tc, setup_off, teardown);
	tcase_add_test(tc, by_default_no_site_is_named);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(check_suite());
}
