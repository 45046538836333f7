/*
 * stress_aio - threads hammer a few hundred handles at random.
 *
 * Purpose    whatever is called when: each accepted operation has one callback,
 *            callbacks of a handle do not overlap, none comes after stop, a
 *            strand runs one at a time, and the figures add up.
 * Shape      a seat is a handle and its rules.  Misuse is not the subject: a
 *            submit wants the seat's claim, which its callback gives back, and
 *            free wants the seat's lock for writing, all other calls for
 *            reading.
 * Bounds     WORKERS x ACTIONS; seeded (aio/dice.h), the seed is printed when
 *            it fails.
 */
#include "aio/dice.h"
#include "stress/world.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <pthread.h>
#include <string.h>

#define WORKERS 4
#define SEATS 240
#if defined(__SANITIZE_THREAD__)
#define ACTIONS 500000
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ACTIONS 500000
#endif
#endif
#ifndef ACTIONS
#define ACTIONS 1200000
#endif

#define STRANDS 3

struct seat {
	pthread_rwlock_t lock; /* writing: stop, free, alloc */
	weir_aio *aio;
	unsigned index;
	struct world_op op; /* what it does at the moment */
	bool has_callback;
	int strand; /* or -1 */

	/* Who submits; given back by the callback. */
	_Atomic bool claimed;
	_Atomic bool stopped; /* stop has returned */
	_Atomic unsigned inside;
	_Atomic uint64_t accepted, calls;

	/* The callback alone. */
	struct dice dice;
};

static struct seat seats[SEATS];
static weir_strand *strands[STRANDS];
static _Atomic unsigned on_strand[STRANDS];
static _Atomic(const char *) wrong;

static void
go_wrong(const char *what)
{
	wrong = what;
}

static bool
claim(struct seat *s)
{
	bool no = false;

	return __atomic_compare_exchange_n((bool *)&s->claimed, &no, true,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void
set_limit(struct seat *s, struct dice *d)
{
	switch (dice_roll(d, 6)) {
	case 0:
		(void)weir_aio_set_timeout(s->aio, 0);
		break;
	case 1:
		(void)weir_aio_set_timeout(s->aio, WEIR_US(dice_roll(d, 500)));
		break;
	case 2:
		(void)weir_aio_set_expire(
		    s->aio, weir_now() + WEIR_US(dice_roll(d, 500)));
		break;
	case 3:
		(void)weir_aio_set_timeout(s->aio, WEIR_SECONDS(1000));
		break;
	default:
		(void)weir_aio_set_timeout(s->aio, WEIR_INFINITE);
		break;
	}
}

/* The claim is ours; it is given back here or by the callback. */
static void
submit(struct seat *s, struct dice *d)
{
	bool skipped;

	set_limit(s, d);
	weir_aio_skip_callback(s->aio, &skipped);
	s->accepted++;
	world_submit(&s->op, s->aio, d);
	if (skipped) { /* ended or dropped: no callback */
		if (weir_aio_result(s->aio) != WEIR_ESTOPPED) {
			world_collect(&s->op, s->aio);
		}
		s->accepted--;
		s->claimed = false;
	}
}

static void
check_result(struct seat *s)
{
	weir_err rv = weir_aio_result(s->aio);

	/* WEIR_EPROTO: our aborts. */
	if (rv != WEIR_OK && rv != WEIR_ETIMEDOUT && rv != WEIR_ECANCELED &&
	    rv != WEIR_ESTOPPED && rv != WEIR_EPROTO) {
		go_wrong("a result that nobody gave");
	}
	if (rv != WEIR_OK && !world_may_count(&s->op) &&
	    weir_aio_count(s->aio) != 0) {
		go_wrong("bytes without success");
	}
	world_collect(&s->op, s->aio);
}

/* Sometimes a callback waits for another handle, for a moment. */
static void
wait_for_another(struct seat *s)
{
	struct seat *other = &seats[dice_roll(&s->dice, SEATS)];
	weir_err rv;

	if (other == s || pthread_rwlock_tryrdlock(&other->lock) != 0) {
		return;
	}
	rv = weir_aio_wait_until(other->aio, weir_now() + WEIR_US(200));
	if (rv != WEIR_OK && rv != WEIR_ETIMEDOUT && rv != WEIR_EDEADLK) {
		go_wrong("wait in a callback");
	}
	(void)pthread_rwlock_unlock(&other->lock);
}

static void
seat_cb(void *arg)
{
	struct seat *s = arg;
	bool again = dice_roll(&s->dice, 3) == 0;

	if (s->inside++ != 0) {
		go_wrong("callbacks overlap");
	}
	if (s->strand >= 0 && on_strand[s->strand]++ != 0) {
		go_wrong("a strand runs two callbacks");
	}
	if (s->stopped) {
		go_wrong("a callback after stop");
	}
	s->calls++;
	check_result(s);
	if (dice_roll(&s->dice, 40) == 0) {
		wait_for_another(s);
	}
	if (s->strand >= 0) {
		on_strand[s->strand]--;
	}
	s->inside--;
	if (again) {
		submit(s, &s->dice); /* the claim is still ours */
	} else {
		s->claimed = false;
	}
}

static void
seat_open(struct seat *s, struct dice *d)
{
	s->has_callback = dice_roll(d, 8) != 0;
	s->strand = (int)dice_roll(d, STRANDS * 3) - 2 * STRANDS;
	s->claimed = s->stopped = false;
	if (weir_aio_alloc(&s->aio, s->has_callback ? seat_cb : NULL, s) !=
	    WEIR_OK) {
		go_wrong("alloc");
	}
	if (s->strand < 0) {
		s->strand = -1;
	} else if (weir_aio_set_executor(s->aio,
		       weir_strand_exec(strands[s->strand])) != WEIR_OK) {
		go_wrong("set_executor");
	}
	weir_aio_set_tag(s->aio, "seat");
}

/* Stop, at once or by looking again and again what is in the way. */
static void
seat_stop(struct seat *s, struct dice *d)
{
	weir_blocker what;
	const char *who;
	weir_err rv = WEIR_ETIMEDOUT;

	if (dice_roll(d, 2) == 0) {
		rv = weir_aio_stop(s->aio);
	}
	while (rv == WEIR_ETIMEDOUT) {
		rv = weir_aio_stop_until(s->aio,
		    weir_now() + WEIR_US(dice_roll(d, 50)), &what, &who);
		if ((rv == WEIR_OK) != (what == WEIR_BLOCKER_NONE)) {
			go_wrong("stop_until and what is in the way");
		}
	}
	if (rv != WEIR_OK) {
		go_wrong("stop");
	}
}

static void
seat_close(struct seat *s, struct dice *d)
{
	bool reaps = false;

	if (dice_roll(d, 2) == 0) {
		seat_stop(s, d);
		reaps = dice_roll(d, 2) == 0;
		s->stopped = true;
		if (weir_aio_busy(s->aio) || s->inside != 0) {
			go_wrong("stop has returned and it is busy");
		}
	} else {
		weir_aio_close(s->aio);
	}
	if (reaps) {
		weir_aio_reap(s->aio); /* it is idle: at once */
	} else {
		weir_aio_free(s->aio);
	}
	s->aio = NULL; /* no handle for those who wait for any */
	if (s->has_callback && s->accepted != s->calls) {
		go_wrong("accepted and called differ after free");
	}
}

/* Wait-only: submit, perhaps ask, wait, look. */
static void
use_waiter(struct seat *s, struct dice *d)
{
	if (!claim(s)) {
		return;
	}
	set_limit(s, d);
	world_submit(&s->op, s->aio, d);
	if (dice_roll(d, 2) == 0) {
		(void)weir_aio_cancel(s->aio);
	}
	while (
	    weir_aio_wait_until(s->aio, weir_now() + WEIR_MS(1)) != WEIR_OK) {
		(void)weir_aio_cancel(s->aio);
	}
	check_result(s);
	s->claimed = false;
}

static void
act(struct seat *s, struct dice *d)
{
	uint32_t what = dice_roll(d, 100);

	if (what < 3) {
		(void)pthread_rwlock_wrlock(&s->lock);
		seat_close(s, d);
		seat_open(s, d);
		(void)pthread_rwlock_unlock(&s->lock);
		return;
	}
	(void)pthread_rwlock_rdlock(&s->lock);
	if (what < 60) {
		if (!s->has_callback) {
			use_waiter(s, d);
		} else if (claim(s)) {
			submit(s, d);
		}
	} else if (what < 75) {
		(void)weir_aio_cancel(s->aio);
	} else if (what < 85) {
		(void)weir_aio_abort(s->aio, WEIR_EPROTO);
	} else if (what < 92) {
		(void)weir_aio_busy(s->aio);
	} else {
		(void)weir_aio_wait_until(
		    s->aio, weir_now() + WEIR_US(dice_roll(d, 300)));
	}
	(void)pthread_rwlock_unlock(&s->lock);
}

static void *
worker_main(void *arg)
{
	struct dice d;

	dice_init(&d, (uint64_t)(uintptr_t)arg);
	for (int i = 0; i < ACTIONS && wrong == NULL; i++) {
		act(&seats[dice_roll(&d, SEATS)], &d);
		if (dice_roll(&d, 4) == 0) {
			world_stir(&d);
		}
	}
	return NULL;
}

static void
check_figures(void)
{
	weir_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.submitted, stats.completed);
}

START_TEST(random_calls_from_many_threads_keep_every_promise)
{
	pthread_t workers[WORKERS];
	struct dice d;

	dice_init(&d, 1000);
	wrong = NULL;
	world_open();
	for (int i = 0; i < STRANDS; i++) {
		ck_assert_int_eq(weir_strand_alloc(&strands[i], NULL), WEIR_OK);
	}
	for (unsigned i = 0; i < SEATS; i++) {
		memset(&seats[i], 0, sizeof(seats[i]));
		seats[i].index = i;
		dice_init(&seats[i].dice, 2000 + i);
		ck_assert_int_eq(pthread_rwlock_init(&seats[i].lock, NULL), 0);
		seat_open(&seats[i], &d);
	}
	for (uintptr_t i = 0; i < WORKERS; i++) {
		ck_assert_int_eq(pthread_create(&workers[i], NULL, worker_main,
				     (void *)(i + 1)),
		    0);
	}
	for (int i = 0; i < WORKERS; i++) {
		ck_assert_int_eq(pthread_join(workers[i], NULL), 0);
	}
	for (unsigned i = 0; i < SEATS; i++) {
		(void)pthread_rwlock_wrlock(&seats[i].lock);
		seat_close(&seats[i], &d);
		(void)pthread_rwlock_unlock(&seats[i].lock);
		ck_assert_int_eq(pthread_rwlock_destroy(&seats[i].lock), 0);
	}
	ck_assert_msg(wrong == NULL, "%s; WEIR_TEST_SEED=%llu", wrong,
	    (unsigned long long)dice_seed());
	for (int i = 0; i < STRANDS; i++) {
		ck_assert_int_eq(weir_strand_free(strands[i]), WEIR_OK);
	}
	world_close();
	check_figures();
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *suite = suite_create("stress");
	TCase *tc = tcase_create("aio");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, random_calls_from_many_threads_keep_every_promise);
	suite_add_tcase(suite, tc);
	return suite;
}

int
main(int argc, char **argv)
{
	return run_rounds(argc, argv, make_suite);
}
