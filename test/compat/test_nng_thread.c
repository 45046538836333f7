/*
 * test_nng_thread - threads, mutexes, conditions; without nng_init.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/time.h>

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

/* --- Threads ----------------------------------------------------------- */

struct job {
	nng_thread *thr; /* written before the thread runs */
	nng_thread *seen;
	bool blocks_pipe;
	bool blocks_others;
	char name[32];
	struct latch named;
};

static void
job_run(void *arg)
{
	struct job *j = arg;
	sigset_t set;

	j->seen = j->thr;
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &set), 0);
	j->blocks_pipe = sigismember(&set, SIGPIPE) == 1;
	j->blocks_others = sigismember(&set, SIGTERM) == 1;
	(void)latch_wait(&j->named, 1);
	(void)pthread_getname_np(pthread_self(), j->name, sizeof(j->name));
}

static void
job_begin(struct job *j)
{
	memset(j, 0, sizeof(*j));
	latch_init(&j->named);
	ck_assert_int_eq(nng_thread_create(&j->thr, job_run, j), 0);
}

static void
job_end(struct job *j)
{
	latch_hit(&j->named);
	nng_thread_destroy(j->thr);
	latch_fini(&j->named);
}

START_TEST(the_pointer_is_there_before_the_thread_runs)
{
	for (int i = 0; i < 200; i++) {
		struct job j;

		job_begin(&j);
		job_end(&j);
		ck_assert_ptr_nonnull(j.seen);
		ck_assert_ptr_eq(j.seen, j.thr);
	}
}
END_TEST

START_TEST(a_thread_blocks_SIGPIPE_and_nothing_else)
{
	struct job j;

	job_begin(&j);
	job_end(&j);
	ck_assert(j.blocks_pipe);
	ck_assert(!j.blocks_others);
}
END_TEST

START_TEST(a_name_of_up_to_15_bytes_is_taken)
{
	struct job j;

	job_begin(&j);
	nng_thread_set_name(j.thr, "fifteen bytes !");
	nng_thread_set_name(j.thr, "sixteen bytes !!"); /* no effect */
	nng_thread_set_name(j.thr, NULL);
	job_end(&j);
	ck_assert_str_eq(j.name, "fifteen bytes !");
}
END_TEST

START_TEST(a_name_without_a_thread_is_the_callers)
{
	char was[32], now[32];

	ck_assert_int_eq(
	    pthread_getname_np(pthread_self(), was, sizeof(was)), 0);
	nng_thread_set_name(NULL, "the caller");
	ck_assert_int_eq(
	    pthread_getname_np(pthread_self(), now, sizeof(now)), 0);
	ck_assert_str_eq(now, "the caller");
	ck_assert_int_eq(pthread_setname_np(pthread_self(), was), 0);
}
END_TEST

START_TEST(NULL_is_destroyed_and_freed_without_effect)
{
	nng_thread_destroy(NULL);
	nng_mtx_free(NULL);
	nng_cv_free(NULL);
}
END_TEST

START_TEST(a_system_without_threads_is_ENOMEM_and_writes_nothing)
{
	nng_thread *const none = (nng_thread *)(void *)&none;
	nng_thread *thr = none;
	pthread_attr_t was, huge;
	struct job j;

	/* A stack that no address space holds. */
	ck_assert_int_eq(pthread_getattr_default_np(&was), 0);
	ck_assert_int_eq(pthread_attr_init(&huge), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(&huge, (size_t)1 << 47), 0);
	ck_assert_int_eq(pthread_setattr_default_np(&huge), 0);
	ck_assert_int_eq(nng_thread_create(&thr, job_run, &j), NNG_ENOMEM);
	ck_assert_ptr_eq(thr, none);
	ck_assert_int_eq(pthread_setattr_default_np(&was), 0);
	ck_assert_int_eq(pthread_attr_destroy(&huge), 0);
	ck_assert_int_eq(pthread_attr_destroy(&was), 0);
	job_begin(&j);
	job_end(&j);
}
END_TEST

/* --- Mutexes and conditions -------------------------------------------- */

struct shared {
	nng_mtx *mtx;
	nng_cv *cv;
	/* mtx must be held when using these: */
	unsigned n;
	unsigned waiting;
	unsigned woken;
	bool go;
};

static void
shared_init(struct shared *s)
{
	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(nng_mtx_alloc(&s->mtx), 0);
	ck_assert_int_eq(nng_cv_alloc(&s->cv, s->mtx), 0);
}

static void
shared_fini(struct shared *s)
{
	nng_cv_free(s->cv);
	nng_mtx_free(s->mtx);
}

static void
count_up(void *arg)
{
	struct shared *s = arg;

	for (int i = 0; i < 10000; i++) {
		nng_mtx_lock(s->mtx);
		s->n++;
		nng_mtx_unlock(s->mtx);
	}
}

START_TEST(a_mutex_excludes)
{
	nng_thread *thr[4];
	struct shared s;

	shared_init(&s);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(nng_thread_create(&thr[i], count_up, &s), 0);
	}
	for (int i = 0; i < 4; i++) {
		nng_thread_destroy(thr[i]);
	}
	ck_assert_uint_eq(s.n, 40000);
	shared_fini(&s);
}
END_TEST

/* Wait for a turn: go lets one in, or all when it is never taken back. */
static void
wait_turn(void *arg)
{
	struct shared *s = arg;

	nng_mtx_lock(s->mtx);
	s->waiting++;
	while (!s->go) {
		nng_cv_wait(s->cv);
	}
	s->woken++;
	nng_mtx_unlock(s->mtx);
}

/* Until so many wait; they hold the mutex but in their wait. */
static void
until_waiting(struct shared *s, unsigned n)
{
	nng_mtx_lock(s->mtx);
	while (s->waiting < n) {
		nng_mtx_unlock(s->mtx);
		nng_msleep(1);
		nng_mtx_lock(s->mtx);
	}
	nng_mtx_unlock(s->mtx);
}

START_TEST(wake_wakes_all)
{
	nng_thread *thr[3];
	struct shared s;

	shared_init(&s);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_thread_create(&thr[i], wait_turn, &s), 0);
	}
	until_waiting(&s, 3);
	nng_mtx_lock(s.mtx);
	ck_assert_uint_eq(s.woken, 0);
	s.go = true;
	nng_cv_wake(s.cv);
	nng_mtx_unlock(s.mtx);
	for (int i = 0; i < 3; i++) {
		nng_thread_destroy(thr[i]);
	}
	ck_assert_uint_eq(s.woken, 3);
	shared_fini(&s);
}
END_TEST

START_TEST(wake1_wakes_one_at_least_and_three_of_them_three)
{
	nng_thread *thr[3];
	struct shared s;

	shared_init(&s);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_thread_create(&thr[i], wait_turn, &s), 0);
	}
	until_waiting(&s, 3);
	for (int i = 0; i < 3; i++) {
		nng_mtx_lock(s.mtx);
		s.go = true;
		nng_cv_wake1(s.cv);
		nng_mtx_unlock(s.mtx);
	}
	for (int i = 0; i < 3; i++) {
		nng_thread_destroy(thr[i]);
	}
	ck_assert_uint_eq(s.woken, 3);
	shared_fini(&s);
}
END_TEST

START_TEST(until_gives_up_at_its_time_and_not_before)
{
	struct shared s;
	nng_time at;
	int rv;

	shared_init(&s);
	nng_mtx_lock(s.mtx);
	at = nng_clock() + 10;
	do {
		rv = nng_cv_until(s.cv, at);
	} while (rv == 0); /* woken without cause */
	ck_assert_int_eq(rv, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock(), at);
	ck_assert_int_eq(nng_cv_until(s.cv, at), NNG_ETIMEDOUT); /* passed */
	ck_assert_int_eq(nng_cv_until(s.cv, 1), NNG_ETIMEDOUT);
	ck_assert_int_eq(nng_cv_until(s.cv, 0), NNG_EAGAIN);
	nng_mtx_unlock(s.mtx); /* held all the time */
	shared_fini(&s);
}
END_TEST

static void
wait_far(void *arg)
{
	static const nng_time far[] = {
	    UINT64_MAX, UINT64_MAX - 1, INT64_MAX, UINT64_MAX / 1000};
	struct shared *s = arg;

	nng_mtx_lock(s->mtx);
	for (unsigned i = 0; i < 4; i++) {
		s->waiting++;
		while (s->n <= i) {
			ck_assert_int_eq(nng_cv_until(s->cv, far[i]), 0);
		}
	}
	nng_mtx_unlock(s->mtx);
}

START_TEST(times_far_away_wait_until_woken)
{
	nng_thread *thr;
	struct shared s;

	shared_init(&s);
	ck_assert_int_eq(nng_thread_create(&thr, wait_far, &s), 0);
	for (unsigned i = 1; i <= 4; i++) {
		until_waiting(&s, i);
		nng_mtx_lock(s.mtx);
		s.n = i;
		nng_cv_wake1(s.cv);
		nng_mtx_unlock(s.mtx);
	}
	nng_thread_destroy(thr);
	shared_fini(&s);
}
END_TEST

static Suite *
thread_suite(void)
{
	Suite *s = suite_create("nng_thread");
	TCase *tc = tcase_create("thread");

	tcase_add_test(tc, the_pointer_is_there_before_the_thread_runs);
	tcase_add_test(tc, a_thread_blocks_SIGPIPE_and_nothing_else);
	tcase_add_test(tc, a_name_of_up_to_15_bytes_is_taken);
	tcase_add_test(tc, a_name_without_a_thread_is_the_callers);
	tcase_add_test(tc, NULL_is_destroyed_and_freed_without_effect);
	tcase_add_test(
	    tc, a_system_without_threads_is_ENOMEM_and_writes_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("lock");
	tcase_add_test(tc, a_mutex_excludes);
	tcase_add_test(tc, wake_wakes_all);
	tcase_add_test(tc, wake1_wakes_one_at_least_and_three_of_them_three);
	tcase_add_test(tc, until_gives_up_at_its_time_and_not_before);
	tcase_add_test(tc, times_far_away_wait_until_woken);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(thread_suite());
}
