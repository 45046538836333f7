/*
 * test_thread - threads, mutex, futex, self and the clock.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/sync.h"
#include "base/thread.h"
#include "support/fault.h"
#include "support/latch.h"
#include "support/run.h"

#include <weir/weir.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>

static void
teardown(void)
{
	wri_thread_fail_at(0);
	wri_mem_fail_at(0);
	ck_assert_uint_eq(wri_mem_live(), 0);
}

struct seen {
	char name[16];
	sigset_t mask;
	pthread_t self;
};

static void
look(void *arg)
{
	struct seen *seen = arg;

	(void)pthread_getname_np(
	    pthread_self(), seen->name, sizeof(seen->name));
	(void)pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
	seen->self = pthread_self();
}

START_TEST(a_thread_runs_and_what_it_wrote_is_seen_after_join)
{
	wri_thread t;
	struct seen seen;

	ck_assert_int_eq(
	    wri_thread_start(&t, "weir-test-1", look, &seen), WEIR_OK);
	wri_thread_join(&t);
	ck_assert_str_eq(seen.name, "weir-test-1");
	ck_assert(!pthread_equal(seen.self, pthread_self()));
}
END_TEST

START_TEST(a_long_name_is_cut_to_fifteen_bytes)
{
	wri_thread t;
	struct seen seen;

	ck_assert_int_eq(
	    wri_thread_start(&t, "weir-a-very-long-name", look, &seen),
	    WEIR_OK);
	wri_thread_join(&t);
	ck_assert_str_eq(seen.name, "weir-a-very-lon");
}
END_TEST

START_TEST(a_thread_blocks_asynchronous_signals_and_its_starter_keeps_its_mask)
{
	wri_thread t;
	struct seen seen;
	sigset_t before;
	sigset_t after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	ck_assert_int_eq(wri_thread_start(&t, "x", look, &seen), WEIR_OK);
	wri_thread_join(&t);
	/* 32 and 33 belong to the C library; 9 and 19 cannot be blocked. */
	for (int sig = 1; sig < 32; sig++) {
		bool own = sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE ||
			   sig == SIGILL || sig == SIGTRAP || sig == SIGSYS ||
			   sig == SIGABRT;

		if (sig != SIGKILL && sig != SIGSTOP) {
			ck_assert_int_eq(sigismember(&seen.mask, sig), !own);
		}
	}
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		ck_assert_int_eq(sigismember(&seen.mask, sig), 1);
	}
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert_int_eq(sigismember(&after, SIGUSR1), 1);
	ck_assert_int_eq(sigismember(&after, SIGUSR2), 0);
	ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
	sigemptyset(&before);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
}
END_TEST

START_TEST(a_detached_thread_ends_by_itself)
{
	wri_thread t;
	struct latch latch;

	latch_init(&latch);
	ck_assert_int_eq(
	    wri_thread_start(&t, "x", latch_hit_cb, &latch), WEIR_OK);
	wri_thread_detach(&t);
	ck_assert(latch_wait(&latch, 1));
	latch_fini(&latch);
}
END_TEST

START_TEST(the_nth_start_fails_and_the_next_works)
{
	wri_thread t;
	struct seen seen;

	wri_thread_fail_at(2);
	ck_assert_int_eq(wri_thread_start(&t, "x", look, &seen), WEIR_OK);
	wri_thread_join(&t);
	ck_assert_int_eq(wri_thread_start(&t, "x", look, &seen), WEIR_EAGAIN);
	ck_assert_int_eq(wri_thread_start(&t, "x", look, &seen), WEIR_OK);
	wri_thread_join(&t);
}
END_TEST

static void
self_check(void *arg)
{
	int own;
	bool *ok = arg;

	*ok = wri_self_get(WRI_SELF_RUNNER) == NULL &&
	      wri_self_get(WRI_SELF_CHAIN) == NULL;
	wri_self_set(WRI_SELF_RUNNER, &own);
	*ok = *ok && wri_self_get(WRI_SELF_RUNNER) == &own &&
	      wri_self_get(WRI_SELF_CHAIN) == NULL;
}

START_TEST(each_thread_has_self_words_of_its_own)
{
	wri_thread t;
	int mine;
	bool ok = false;

	wri_self_set(WRI_SELF_RUNNER, &mine);
	wri_self_set(WRI_SELF_CHAIN, &mine);
	ck_assert_int_eq(wri_thread_start(&t, "x", self_check, &ok), WEIR_OK);
	wri_thread_join(&t);
	ck_assert(ok);
	ck_assert_ptr_eq(wri_self_get(WRI_SELF_RUNNER), &mine);
	wri_self_set(WRI_SELF_RUNNER, NULL);
	wri_self_set(WRI_SELF_CHAIN, NULL);
}
END_TEST

static wri_mtx mtx;
static unsigned guarded; /* mtx must be held */

static void
count_guarded(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		wri_mtx_lock(&mtx);
		guarded++;
		wri_mtx_unlock(&mtx);
	}
}

START_TEST(a_mutex_lets_one_in_at_a_time)
{
	wri_thread threads[4];

	guarded = 0;
	wri_mtx_init(&mtx);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(
		    wri_thread_start(&threads[i], "x", count_guarded, NULL),
		    WEIR_OK);
	}
	for (int i = 0; i < 4; i++) {
		wri_thread_join(&threads[i]);
	}
	ck_assert_uint_eq(guarded, 80000);
	wri_mtx_fini(&mtx);
}
END_TEST

START_TEST(a_mutex_may_be_initialised_where_it_is_defined)
{
	static wri_mtx fixed = WRI_MTX_INIT;

	wri_mtx_lock(&fixed);
	wri_mtx_unlock(&fixed);
	wri_mtx_fini(&fixed);
}
END_TEST

#ifndef NDEBUG
START_TEST(locking_twice_panics_in_a_debug_build)
{
	wri_mtx m;

	wri_mtx_init(&m);
	wri_mtx_lock(&m);
	wri_mtx_lock(&m);
}
END_TEST
#endif

START_TEST(a_futex_wait_on_another_value_returns_at_once)
{
	wri_a32 w = {7};

	ck_assert(wri_futex_wait(&w, 8, WEIR_NEVER));
}
END_TEST

START_TEST(a_futex_wait_ends_at_its_time_and_not_before)
{
	wri_a32 w = {7};
	weir_time until = wri_now() + WEIR_MS(20);

	while (wri_futex_wait(&w, 7, until)) {
		/* without cause: again */
	}
	ck_assert_int_ge(wri_now(), until);
	/* Times before the clock's start have passed as well. */
	ck_assert(!wri_futex_wait(&w, 7, 0));
	ck_assert(!wri_futex_wait(&w, 7, -1));
}
END_TEST

static void
futex_wake_later(void *arg)
{
	wri_a32 *w = arg;
	wri_a32 nap = {0};

	(void)wri_futex_wait(&nap, 0, wri_now() + WEIR_MS(20));
	wri_store(w, 1, WRI_REL); /* pairs with the waiter's load */
	wri_futex_wake(w, 1);
}

START_TEST(a_futex_wake_ends_a_wait_without_limit)
{
	wri_a32 w = {0};
	wri_thread t;

	ck_assert_int_eq(
	    wri_thread_start(&t, "x", futex_wake_later, &w), WEIR_OK);
	while (wri_load(&w, WRI_ACQ) == 0) { /* pairs with the waker's store */
		ck_assert(wri_futex_wait(&w, 0, WEIR_NEVER));
	}
	wri_thread_join(&t);
}
END_TEST

START_TEST(the_clock_is_monotonic_and_public)
{
	weir_time last = wri_now();

	ck_assert_int_gt(last, 0);
	for (int i = 0; i < 1000; i++) {
		weir_time now = i % 2 == 0 ? wri_now() : weir_now();

		ck_assert_int_ge(now, last);
		last = now;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("thread");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_thread_runs_and_what_it_wrote_is_seen_after_join);
	tcase_add_test(tc, a_long_name_is_cut_to_fifteen_bytes);
	tcase_add_test(tc,
	    a_thread_blocks_asynchronous_signals_and_its_starter_keeps_its_mask);
	tcase_add_test(tc, a_detached_thread_ends_by_itself);
	tcase_add_test(tc, the_nth_start_fails_and_the_next_works);
	tcase_add_test(tc, each_thread_has_self_words_of_its_own);
	tcase_add_test(tc, a_mutex_lets_one_in_at_a_time);
	tcase_add_test(tc, a_mutex_may_be_initialised_where_it_is_defined);
#ifndef NDEBUG
	if (run_forks()) {
		tcase_add_test_raise_signal(
		    tc, locking_twice_panics_in_a_debug_build, SIGABRT);
	}
#endif
	tcase_add_test(tc, a_futex_wait_on_another_value_returns_at_once);
	tcase_add_test(tc, a_futex_wait_ends_at_its_time_and_not_before);
	tcase_add_test(tc, a_futex_wake_ends_a_wait_without_limit);
	tcase_add_test(tc, the_clock_is_monotonic_and_public);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
