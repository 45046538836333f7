/*
 * conform_locks - section 6: mutexes and conditions.
 */
#include "conform/con.h"

#include <string.h>

/* Several threads, a mutex, a condition. */
struct room {
	nng_mtx *mtx;
	nng_cv *cv;
	/* mtx must be held when using these: */
	long count;
	int inside;
	int overlaps;
	int waiting;
	int tickets; /* each lets one waiter go */
	int woken;
	bool open;
	nng_time until;
	int result;
};

static void
room_init(struct room *r)
{
	memset(r, 0, sizeof(*r));
	ck_assert_int_eq(nng_mtx_alloc(&r->mtx), NNG_OK);
	ck_assert_int_eq(nng_cv_alloc(&r->cv, r->mtx), NNG_OK);
}

static void
room_fini(struct room *r)
{
	nng_cv_free(r->cv);
	nng_mtx_free(r->mtx);
}

static void
count_up(void *arg)
{
	struct room *r = arg;

	for (int i = 0; i < 2000; i++) {
		nng_mtx_lock(r->mtx);
		r->overlaps += r->inside++ != 0;
		r->count++;
		r->inside--;
		nng_mtx_unlock(r->mtx);
	}
}

/* Start n threads. */
static void
crew_start(nng_thread **crew, int n, void (*fn)(void *), struct room *r)
{
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(nng_thread_create(&crew[i], fn, r), NNG_OK);
	}
}

static void
crew_end(nng_thread **crew, int n)
{
	for (int i = 0; i < n; i++) {
		nng_thread_destroy(crew[i]);
	}
}

START_TEST(a_mutex_lets_one_in_at_a_time)
{
	nng_thread *crew[4];
	struct room r;

	room_init(&r);
	crew_start(crew, 4, count_up, &r);
	crew_end(crew, 4);
	ck_assert_int_eq(r.count, 8000);
	ck_assert_int_eq(r.overlaps, 0);
	room_fini(&r);
}
END_TEST

static void
wait_open(void *arg)
{
	struct room *r = arg;

	nng_mtx_lock(r->mtx);
	r->waiting++;
	while (!r->open) {
		nng_cv_wait(r->cv);
		/* The mutex is held again: this is no race. */
		r->overlaps += r->inside++ != 0;
		r->inside--;
	}
	r->woken++;
	nng_mtx_unlock(r->mtx);
}

/* Return with the mutex, when so many wait. */
static void
lock_when_waiting(struct room *r, int n)
{
	for (;;) {
		nng_mtx_lock(r->mtx);
		if (r->waiting == n) {
			return;
		}
		nng_mtx_unlock(r->mtx);
		nng_msleep(1);
	}
}

START_TEST(wait_releases_the_mutex_and_wake_wakes_all)
{
	nng_thread *crew[5];
	struct room r;

	room_init(&r);
	crew_start(crew, 5, wait_open, &r);
	/* That this returns shows that they let go of it. */
	lock_when_waiting(&r, 5);
	r.open = true;
	nng_cv_wake(r.cv);
	nng_mtx_unlock(r.mtx);
	crew_end(crew, 5);
	ck_assert_int_eq(r.woken, 5);
	ck_assert_int_eq(r.overlaps, 0);
	room_fini(&r);
}
END_TEST

static void
wait_ticket(void *arg)
{
	struct room *r = arg;

	nng_mtx_lock(r->mtx);
	r->waiting++;
	while (r->tickets == 0) {
		nng_cv_wait(r->cv);
	}
	r->tickets--;
	r->woken++;
	nng_mtx_unlock(r->mtx);
}

START_TEST(wake1_wakes_one_at_least)
{
	nng_thread *crew[3];
	struct room r;

	room_init(&r);
	crew_start(crew, 3, wait_ticket, &r);
	lock_when_waiting(&r, 3);
	nng_mtx_unlock(r.mtx);
	for (int i = 1; i <= 3; i++) {
		nng_mtx_lock(r.mtx);
		r.tickets++;
		nng_cv_wake1(r.cv);
		nng_mtx_unlock(r.mtx);
		/* One ticket lets one go: wait until it has gone. */
		for (;;) {
			nng_mtx_lock(r.mtx);
			int woken = r.woken;
			nng_mtx_unlock(r.mtx);
			if (woken == i) {
				break;
			}
			nng_msleep(1);
		}
	}
	crew_end(crew, 3);
	room_fini(&r);
}
END_TEST

START_TEST(a_wake_that_nobody_waits_for_is_forgotten)
{
	struct room r;

	room_init(&r);
	nng_mtx_lock(r.mtx);
	nng_cv_wake(r.cv);
	nng_cv_wake1(r.cv);
	while (nng_cv_until(r.cv, nng_clock() + 5) == 0) {
		/* A wake without cause is legal. */
	}
	nng_mtx_unlock(r.mtx);
	room_fini(&r);
}
END_TEST

START_TEST(until_gives_up_at_the_time_and_not_before)
{
	nng_time when;
	struct room r;

	room_init(&r);
	nng_mtx_lock(r.mtx);
	when = nng_clock() + 20;
	while (nng_cv_until(r.cv, when) == 0) {
	}
	ck_assert_int_eq(nng_cv_until(r.cv, when), NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock(), when);
	nng_mtx_unlock(r.mtx);
	room_fini(&r);
}
END_TEST

START_TEST(until_a_time_passed_times_out_at_once)
{
	struct room r;

	room_init(&r);
	nng_mtx_lock(r.mtx);
	ck_assert_int_eq(nng_cv_until(r.cv, 1), NNG_ETIMEDOUT);
	ck_assert_int_eq(nng_cv_until(r.cv, nng_clock() - 1), NNG_ETIMEDOUT);
	nng_mtx_unlock(r.mtx);
	room_fini(&r);
}
END_TEST

START_TEST(until_zero_says_again)
{
	struct room r;

	room_init(&r);
	nng_mtx_lock(r.mtx);
	ck_assert_int_eq(nng_cv_until(r.cv, 0), NNG_EAGAIN);
	nng_mtx_unlock(r.mtx);
	room_fini(&r);
}
END_TEST

static void
wait_until(void *arg)
{
	struct room *r = arg;

	nng_mtx_lock(r->mtx);
	r->waiting++;
	while (!r->open && r->result == 0) {
		r->result = nng_cv_until(r->cv, r->until);
	}
	r->woken++;
	nng_mtx_unlock(r->mtx);
}

static const nng_time far_away[] = {
    UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 1000000 + 5, INT64_MAX, 0};

START_TEST(until_is_success_when_woken_before_the_time)
{
	nng_thread *crew[1];
	struct room r;

	room_init(&r);
	r.until = far_away[_i] != 0 ? far_away[_i] : nng_clock() + CON_LONG_MS;
	crew_start(crew, 1, wait_until, &r);
	lock_when_waiting(&r, 1);
	r.open = true;
	nng_cv_wake(r.cv);
	nng_mtx_unlock(r.mtx);
	crew_end(crew, 1);
	ck_assert_int_eq(r.woken, 1);
	ck_assert_int_eq(r.result, NNG_OK);
	room_fini(&r);
}
END_TEST

START_TEST(several_conditions_may_share_a_mutex)
{
	nng_thread *crew[2];
	nng_cv *other;
	struct room r;

	room_init(&r);
	ck_assert_int_eq(nng_cv_alloc(&other, r.mtx), NNG_OK);
	crew_start(crew, 2, wait_open, &r);
	lock_when_waiting(&r, 2);
	nng_cv_wake(other);
	ck_assert_int_eq(r.woken, 0);
	r.open = true;
	nng_cv_wake(r.cv);
	nng_mtx_unlock(r.mtx);
	crew_end(crew, 2);
	nng_cv_free(other);
	room_fini(&r);
}
END_TEST

START_TEST(null_mutexes_and_conditions_may_be_freed)
{
	nng_mtx_free(NULL);
	nng_cv_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/locks");
	/* Without init: mutexes and conditions need none. */
	TCase *tc = con_case_bare(suite, "locks");

	tcase_add_test(tc, a_mutex_lets_one_in_at_a_time);
	tcase_add_test(tc, wait_releases_the_mutex_and_wake_wakes_all);
	tcase_add_test(tc, wake1_wakes_one_at_least);
	tcase_add_test(tc, a_wake_that_nobody_waits_for_is_forgotten);
	tcase_add_test(tc, until_gives_up_at_the_time_and_not_before);
	tcase_add_test(tc, until_a_time_passed_times_out_at_once);
	tcase_add_test(tc, until_zero_says_again);
	tcase_add_loop_test(tc, until_is_success_when_woken_before_the_time, 0,
	    (int)(sizeof(far_away) / sizeof(far_away[0])));
	tcase_add_test(tc, several_conditions_may_share_a_mutex);
	tcase_add_test(tc, null_mutexes_and_conditions_may_be_freed);
	return run_suite(suite);
}
