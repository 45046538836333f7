/*
 * test_alarm - the sleeper: deadline, wake, watch, running out.
 */
#include "base/alarm.h"
#include "base/clock.h"
#include "base/sys.h"
#include "support/fault.h"
#include "support/run.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static wri_alarm alarm_;

static void
setup(void)
{
	ck_assert_int_eq(wri_alarm_init(&alarm_), WEIR_OK);
}

static void
teardown(void)
{
	wri_alarm_fini(&alarm_);
}

/* Long enough to be seen, short enough for a test. */
#define SHORT WEIR_MS(20)
/* Never reached; ends a test that hangs. */
#define FAR WEIR_SECONDS(30)

START_TEST(a_deadline_is_never_early)
{
	for (int i = 0; i < 20; i++) {
		weir_time until = wri_now() + WEIR_US(100) * i;

		ck_assert_uint_eq(
		    wri_alarm_wait(&alarm_, until), WRI_ALARM_DEADLINE);
		ck_assert_int_ge(wri_now(), until);
	}
}
END_TEST

START_TEST(a_deadline_that_has_passed_returns_at_once)
{
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, 0), WRI_ALARM_DEADLINE);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, -1), WRI_ALARM_DEADLINE);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() - 1), WRI_ALARM_DEADLINE);
}
END_TEST

START_TEST(a_wake_before_the_wait_counts)
{
	wri_alarm_wake(&alarm_);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + FAR), WRI_ALARM_WAKE);
}
END_TEST

START_TEST(wakes_are_merged_and_then_gone)
{
	for (int i = 0; i < 5; i++) {
		wri_alarm_wake(&alarm_);
	}
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, WEIR_NEVER), WRI_ALARM_WAKE);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + SHORT), WRI_ALARM_DEADLINE);
}
END_TEST

static void *
wake_later(void *arg)
{
	/* A deadline of another alarm is the delay. */
	wri_alarm own;

	(void)arg;
	if (wri_alarm_init(&own) == WEIR_OK) {
		(void)wri_alarm_wait(&own, wri_now() + SHORT);
		wri_alarm_fini(&own);
	}
	wri_alarm_wake(&alarm_);
	return NULL;
}

START_TEST(another_thread_wakes_the_sleeper)
{
	pthread_t waker;

	ck_assert_int_eq(pthread_create(&waker, NULL, wake_later, NULL), 0);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, WEIR_NEVER), WRI_ALARM_WAKE);
	ck_assert_int_eq(pthread_join(waker, NULL), 0);
}
END_TEST

START_TEST(the_watch_rings_once_and_not_early)
{
	weir_time at = wri_now() + SHORT;

	wri_alarm_watch(&alarm_, at);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, WEIR_NEVER), WRI_ALARM_WATCH);
	ck_assert_int_ge(wri_now(), at);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + SHORT), WRI_ALARM_DEADLINE);
}
END_TEST

START_TEST(a_watch_in_the_past_rings_at_once)
{
	wri_alarm_watch(&alarm_, 1);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + FAR), WRI_ALARM_WATCH);
	wri_alarm_watch(&alarm_, -5);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + FAR), WRI_ALARM_WATCH);
}
END_TEST

START_TEST(a_watch_turned_off_does_not_ring)
{
	static const weir_time off[] = {0, WEIR_NEVER};

	for (int i = 0; i < 2; i++) {
		wri_alarm_watch(&alarm_, wri_now() + SHORT / 2);
		wri_alarm_watch(&alarm_, off[i]);
		ck_assert_uint_eq(wri_alarm_wait(&alarm_, wri_now() + SHORT),
		    WRI_ALARM_DEADLINE);
	}
	/* Rung already, but nobody has heard it. */
	wri_alarm_watch(&alarm_, 1);
	wri_alarm_watch(&alarm_, 0);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + SHORT), WRI_ALARM_DEADLINE);
}
END_TEST

START_TEST(moving_the_watch_does_not_wake_the_sleeper)
{
	wri_alarm_watch(&alarm_, wri_now() + WEIR_MS(1));
	wri_alarm_watch(&alarm_, wri_now() + FAR);
	ck_assert_uint_eq(
	    wri_alarm_wait(&alarm_, wri_now() + SHORT), WRI_ALARM_DEADLINE);
}
END_TEST

START_TEST(all_that_happened_is_told_together)
{
	wri_alarm_wake(&alarm_);
	wri_alarm_watch(&alarm_, 1);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, 1),
	    WRI_ALARM_DEADLINE | WRI_ALARM_WAKE | WRI_ALARM_WATCH);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, 1), WRI_ALARM_DEADLINE);
}
END_TEST

START_TEST(an_interrupted_sleep_says_so_by_zero)
{
	wri_sys_fail_at(WRI_SYS_PPOLL, 1, EINTR);
	ck_assert_uint_eq(wri_alarm_wait(&alarm_, WEIR_NEVER), 0);
	wri_sys_fail_at(WRI_SYS_PPOLL, 0, 0);
}
END_TEST

START_TEST(the_sleeper_has_no_timer_slack)
{
	ck_assert_int_eq(prctl(PR_SET_TIMERSLACK, 50000, 0, 0, 0), 0);
	(void)wri_alarm_wait(&alarm_, 1);
	/* Set at the first wait of a thread, which may have been an earlier
	 * test's: then nothing touches it any more. */
	if (run_forks()) {
		ck_assert_int_eq(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
	}
}
END_TEST

/* As a sandbox does: what is open stays usable. */
static bool
works_without_descriptors(void)
{
	const struct rlimit none = {0, 0};
	weir_time until = wri_now() + SHORT;

	if (setrlimit(RLIMIT_NOFILE, &none) != 0) {
		return false;
	}
	while (wri_now() < until) {
		(void)wri_alarm_wait(&alarm_, until);
	}
	wri_alarm_wake(&alarm_);
	return wri_alarm_wait(&alarm_, WEIR_NEVER) == WRI_ALARM_WAKE;
}

START_TEST(a_limit_of_no_descriptors_does_not_stop_it)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(works_without_descriptors() ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

START_TEST(init_without_descriptors_leaves_nothing_behind)
{
	wri_alarm a;
	/* The lowest free number: it must come back to the same. */
	int before = wri_sys_eventfd();
	int after;

	ck_assert_int_eq(wri_sys_close(before), 0);
	wri_sys_fail_at(WRI_SYS_EVENTFD, 1, EMFILE);
	ck_assert_int_eq(wri_alarm_init(&a), WEIR_ENOFILES);
	wri_sys_fail_at(WRI_SYS_EVENTFD, 0, 0);
	wri_sys_fail_at(WRI_SYS_TIMERFD_CREATE, 1, ENFILE);
	ck_assert_int_eq(wri_alarm_init(&a), WEIR_ENOFILES);
	wri_sys_fail_at(WRI_SYS_TIMERFD_CREATE, 0, 0);
	after = wri_sys_eventfd();
	ck_assert_int_eq(wri_sys_close(after), 0);
	ck_assert_int_eq(after, before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("alarm");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_deadline_is_never_early);
	tcase_add_test(tc, a_deadline_that_has_passed_returns_at_once);
	tcase_add_test(tc, a_wake_before_the_wait_counts);
	tcase_add_test(tc, wakes_are_merged_and_then_gone);
	tcase_add_test(tc, another_thread_wakes_the_sleeper);
	tcase_add_test(tc, the_watch_rings_once_and_not_early);
	tcase_add_test(tc, a_watch_in_the_past_rings_at_once);
	tcase_add_test(tc, a_watch_turned_off_does_not_ring);
	tcase_add_test(tc, moving_the_watch_does_not_wake_the_sleeper);
	tcase_add_test(tc, all_that_happened_is_told_together);
	tcase_add_test(tc, an_interrupted_sleep_says_so_by_zero);
	tcase_add_test(tc, the_sleeper_has_no_timer_slack);
	tcase_add_test(tc, a_limit_of_no_descriptors_does_not_stop_it);
	tcase_add_test(tc, init_without_descriptors_leaves_nothing_behind);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
