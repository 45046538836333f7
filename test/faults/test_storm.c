/*
 * test_storm - a whole life in a storm: calls that are interrupted, sends that
 * are cut, signals.  Nothing of it is seen.
 */
#include "aio/dice.h"
#include "faults/door.h"
#include "faults/life.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define LIVES 5

#if defined(__SANITIZE_THREAD__)
#define BY_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BY_TSAN 1
#endif
#endif
#ifndef BY_TSAN
#define BY_TSAN 0
#endif

static const char *const pollers[] = {"epoll", "poll"};

static void
live_well(const char *poller)
{
	struct rt_counts before = rt_count();

	for (int i = 0; i < LIVES; i++) {
		life_expect_good(poller);
	}
	door_interrupt(0);
	door_cut(0);
	rt_expect_counts(before);
}

START_TEST(no_interrupted_call_is_seen)
{
	/* Every second one is as bad as it can get; 3 and 7 fall out of step
	 * with loops of two calls. */
	static const unsigned every[] = {DOOR_EVERY_MIN, 3, 7};
	const unsigned before = door_count();

	door_interrupt(every[_i / 2]);
	live_well(pollers[_i % 2]);
	ck_assert_uint_gt(door_count(), before + 20);
}
END_TEST

START_TEST(no_cut_send_is_seen)
{
	const unsigned before = door_count();

	door_cut(dice_seed());
	live_well(pollers[_i]);
	ck_assert_uint_gt(door_count(), before);
	door_cut(dice_seed() + 2);
	door_interrupt(3);
	live_well(pollers[_i]);
}
END_TEST

/* --- Signals ----------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	signals++;
}

START_TEST(no_signal_is_seen)
{
	const struct itimerspec often = {{0, 150000}, {0, 150000}};
	struct sigevent event;
	struct sigaction action;
	timer_t timer;

	memset(&action, 0, sizeof(action));
	memset(&event, 0, sizeof(event));
	action.sa_handler = on_signal;
	action.sa_flags = _i == 0 ? SA_RESTART : 0;
	signals = 0;
	ck_assert_int_eq(sigaction(SIGUSR2, &action, NULL), 0);
	event.sigev_notify = SIGEV_SIGNAL; /* to the process */
	event.sigev_signo = SIGUSR2;
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &often, NULL), 0);
	live_well(NULL);
	ck_assert_int_eq(timer_delete(timer), 0);
	ck_assert_int_gt(signals, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("storm");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, no_interrupted_call_is_seen, 0, 6);
	tcase_add_loop_test(tc, no_cut_send_is_seen, 0, 2);
	/*
	 * Not under ThreadSanitizer: a signal inside its pthread_join finds it
	 * with its own lock held, and its handler waits for that.
	 */
	tcase_add_loop_test(tc, no_signal_is_seen, 0, BY_TSAN ? 0 : 2);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
