/*
 * test_expire - the expiry threads as a whole: many sleeps, memory under
 * churn, rest, and a process that is stopped.
 */
#include "aio/consumer.h"
#include "aio/dice.h"
#include "aio/toy.h"
#include "base/mem.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLEEPS 20000
#define CHURN 20000
#endif
#endif
#ifndef SLEEPS
#define SLEEPS 100000
#define CHURN 50000
#endif

/* --- Many -------------------------------------------------------------- */

struct sleeper {
	weir_aio *aio;
	weir_time begun;
	weir_duration d;
	weir_time ended;
	_Atomic unsigned fired;
};

static struct sleeper sleepers[SLEEPS];
static struct latch all;
static _Atomic unsigned fired;

static void
sleeper_cb(void *arg)
{
	struct sleeper *s = arg;

	s->ended = weir_now();
	s->fired++;
	if (++fired == SLEEPS) {
		latch_hit(&all);
	}
}

static void
many_sleeps(void)
{
	struct dice d;

	dice_init(&d, 0);
	latch_init(&all);
	fired = 0;
	for (int i = 0; i < SLEEPS; i++) {
		struct sleeper *s = &sleepers[i];

		memset(s, 0, sizeof(*s));
		ck_assert_int_eq(
		    weir_aio_alloc(&s->aio, sleeper_cb, s), WEIR_OK);
	}
	for (int i = 0; i < SLEEPS; i++) {
		struct sleeper *s = &sleepers[i];

		s->d = WEIR_US(dice_roll(&d, 400000));
		s->begun = weir_now();
		weir_sleep_aio(s->d, s->aio);
	}
	ck_assert(latch_wait(&all, 1));
	for (int i = 0; i < SLEEPS; i++) {
		struct sleeper *s = &sleepers[i];

		weir_aio_free(s->aio);
		ck_assert_uint_eq(s->fired, 1);
		ck_assert_int_ge(s->ended - s->begun, s->d);
	}
	latch_fini(&all);
}

START_TEST(a_hundred_thousand_sleeps_all_end_and_none_is_early)
{
	many_sleeps();
}
END_TEST

START_TEST(so_they_do_with_several_expiry_threads)
{
	const weir_params p = {.size = sizeof(p), .num_expire_threads = 4};

	rt_down();
	rt_up(&p);
	many_sleeps();
}
END_TEST

/* --- Memory ------------------------------------------------------------ */

/* A bound that does not depend on how long it goes on. */
#define CHURN_BYTES (4u << 20)

START_TEST(handles_that_come_and_go_with_long_timeouts_do_not_pile_up)
{
	size_t before = wri_mem_live();
	size_t most = 0;

	for (int i = 0; i < CHURN; i++) {
		weir_aio *aio;
		size_t live;

		ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
		weir_sleep_aio(WEIR_SECONDS(3600) + i, aio);
		if (i % 3 == 0) {
			weir_aio_reap(aio);
		} else {
			weir_aio_free(aio);
		}
		live = wri_mem_live() - before;
		most = live > most ? live : most;
	}
	ck_assert_uint_le(most, CHURN_BYTES);
}
END_TEST

START_TEST(timeouts_that_change_all_the_time_do_not_pile_up)
{
	enum { HANDLES = 50 };
	weir_stats stats = {.size = sizeof(stats)};
	static struct consumer c[HANDLES];
	size_t before;
	struct dice d;

	dice_init(&d, 0);
	for (int i = 0; i < HANDLES; i++) {
		consumer_init_waiter(&c[i]);
	}
	before = wri_mem_live();
	for (int i = 0; i < CHURN; i++) {
		weir_aio *aio = c[i % HANDLES].aio;

		/* Always earlier than promised: a new entry each time. */
		weir_sleep_aio(WEIR_SECONDS(36000) - WEIR_MS(1) * i, aio);
		(void)weir_aio_cancel(aio);
		ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	}
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_le(stats.deadlines, 4 * HANDLES + 4096);
	ck_assert_uint_le(wri_mem_live() - before, CHURN_BYTES);
	for (int i = 0; i < HANDLES; i++) {
		consumer_fini(&c[i]);
	}
}
END_TEST

/* --- Rest -------------------------------------------------------------- */

/* A second must pass: that is what the test is about. */
static uint64_t
switches_in_a_second(void)
{
	const struct timespec second = {1, 0};
	uint64_t before = proc_switches("weir-");

	(void)nanosleep(&second, NULL);
	return proc_switches("weir-") - before;
}

static void
settle_down(void)
{
	const struct timespec ms = {0, 1000000};
	uint64_t last = proc_switches("weir-");

	/* What was woken for the last thing goes to sleep again. */
	for (int quiet = 0, i = 0; quiet < 50 && i < 5000; i++) {
		uint64_t now;

		(void)nanosleep(&ms, NULL);
		now = proc_switches("weir-");
		quiet = now == last ? quiet + 1 : 0;
		last = now;
	}
}

START_TEST(an_idle_library_does_not_wake_up)
{
	settle_down();
	ck_assert_uint_eq(switches_in_a_second(), 0);
}
END_TEST

START_TEST(nor_does_one_where_operations_only_wait)
{
	static struct toy toy;
	struct consumer c[20];

	toy_init(&toy, TOY_FULL);
	for (int i = 0; i < 20; i++) {
		consumer_init(&c[i], NULL, NULL);
		if (i % 2 == 0) {
			weir_sleep_aio(WEIR_SECONDS(3600), c[i].aio);
		} else {
			(void)weir_aio_set_timeout(
			    c[i].aio, WEIR_SECONDS(3600));
			toy_submit(&toy, c[i].aio);
		}
	}
	settle_down();
	ck_assert_uint_eq(switches_in_a_second(), 0);
	for (int i = 0; i < 20; i++) {
		consumer_fini(&c[i]);
	}
	toy_fini(&toy);
}
END_TEST

START_TEST(nor_does_one_that_was_busy_before)
{
	struct consumer c[10];

	for (unsigned n = 1; n <= 100; n++) {
		for (int i = 0; i < 10; i++) {
			if (n == 1) {
				consumer_init(&c[i], NULL, NULL);
			}
			weir_sleep_aio(WEIR_US(10 * i), c[i].aio);
		}
		for (int i = 0; i < 10; i++) {
			consumer_wait(&c[i], n);
			consumer_settle(&c[i]);
		}
	}
	settle_down();
	ck_assert_uint_eq(switches_in_a_second(), 0);
	for (int i = 0; i < 10; i++) {
		consumer_fini(&c[i]);
	}
}
END_TEST

static struct latch in, go;

static void
then_block(struct consumer *c)
{
	(void)c;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

START_TEST(nor_does_one_whose_callback_blocks)
{
	struct consumer c;

	latch_init(&in);
	latch_init(&go);
	consumer_init(&c, then_block, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert(latch_wait(&in, 1));
	settle_down();
	/* A callback that blocks for ever is no reason to poll. */
	ck_assert_uint_le(switches_in_a_second(), 2);
	latch_hit(&go);
	consumer_wait(&c, 1);
	consumer_fini(&c);
	latch_fini(&in);
	latch_fini(&go);
}
END_TEST

/* --- A process that is stopped ----------------------------------------- */

#define TIMERS 100

START_TEST(child_is_stopped_while_timers_are_due)
{
	static struct consumer c[2 * TIMERS];
	static struct toy toy;
	weir_time begun;

	toy_init(&toy, TOY_FULL);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	begun = weir_now();
	for (int i = 0; i < TIMERS; i++) {
		consumer_init(&c[i], NULL, NULL);
		weir_sleep_aio(WEIR_MS(2) * i, c[i].aio);
		consumer_init(&c[TIMERS + i], NULL, NULL);
		(void)weir_aio_set_timeout(c[TIMERS + i].aio, WEIR_MS(2) * i);
		toy_submit(&toy, c[TIMERS + i].aio);
	}
	ck_assert_int_eq(raise(SIGSTOP), 0);
	for (int i = 0; i < 2 * TIMERS; i++) {
		consumer_expect(
		    &c[i], 1, i < TIMERS ? WEIR_OK : WEIR_ETIMEDOUT);
		ck_assert_int_ge(
		    c[i].ran_at - begun, WEIR_MS(2) * (i % TIMERS));
	}
	for (int i = 0; i < 2 * TIMERS; i++) {
		consumer_fini(&c[i]);
		ck_assert_uint_eq(c[i].calls, 1);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	toy_fini(&toy);
}
END_TEST

START_TEST(after_a_stop_of_the_process_each_timer_fires_once)
{
	/* Some are due while it is stopped, some after. */
	const struct timespec while_stopped = {0, 100000000};
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)alarm(50);
		(void)setpgid(0, 0); /* Check kills groups */
		(void)execl(
		    "/proc/self/exe", "test_expire", "child", (char *)NULL);
		_exit(254);
	}
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	(void)nanosleep(&while_stopped, NULL);
	ck_assert_int_eq(kill(pid, SIGCONT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

static Suite *
suite_of_child(void)
{
	Suite *suite = suite_create("child");
	TCase *tc = tcase_create("child");

	(void)setenv("CK_FORK", "no", 1);
	tcase_add_test(tc, child_is_stopped_while_timers_are_due);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *many, *rest, *stopped;

	if (argc > 1 && strcmp(argv[1], "child") == 0) {
		return run_suite(suite_of_child());
	}
	suite = suite_create("timer");
	many = tcase_create("many");
	rest = tcase_create("rest");
	stopped = tcase_create("stopped");
	tcase_add_checked_fixture(many, rt_setup, rt_teardown);
	tcase_add_test(
	    many, a_hundred_thousand_sleeps_all_end_and_none_is_early);
	tcase_add_test(many, so_they_do_with_several_expiry_threads);
	tcase_add_test(
	    many, handles_that_come_and_go_with_long_timeouts_do_not_pile_up);
	tcase_add_test(many, timeouts_that_change_all_the_time_do_not_pile_up);
	suite_add_tcase(suite, many);
	tcase_add_checked_fixture(rest, rt_setup, rt_teardown);
	tcase_add_test(rest, an_idle_library_does_not_wake_up);
	tcase_add_test(rest, nor_does_one_where_operations_only_wait);
	tcase_add_test(rest, nor_does_one_that_was_busy_before);
	tcase_add_test(rest, nor_does_one_whose_callback_blocks);
	suite_add_tcase(suite, rest);
	tcase_add_test(
	    stopped, after_a_stop_of_the_process_each_timer_fires_once);
	suite_add_tcase(suite, stopped);
	return run_suite(suite);
}
