/*
 * stress_services - threads call every service at random, on objects that they
 * share and that come and go; lives of weir end beside them.
 *
 * Purpose    whatever is called when: each accepted operation has one callback,
 *            what it brought is the program's, and in the end no descriptor,
 *            thread or byte is left.
 * Shape      a seat is a handle; its callback submits again, or gives its claim
 *            back.  Objects: places.h.
 * Bounds     LIVES x WORKERS x ACTIONS; seeded (aio/dice.h), the seed is
 *            printed when it fails.
 */
#include "aio/dice.h"
#include "dns/fake.h"
#include "stress/places.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LIVES 8
#define WORKERS 3
#define SEATS 120
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ACTIONS 2500
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ACTIONS 2500
#endif
#endif
#ifndef ACTIONS
#define ACTIONS 6000
#endif

struct seat {
	weir_aio *aio;
	struct seat_op op;
	struct dice dice; /* the callback's */

	_Atomic bool claimed; /* by who submits, and until the callback */
	_Atomic unsigned pending;
};

static struct seat seats[SEATS];
static _Atomic(const char *) wrong;
static _Atomic unsigned actions;
static _Atomic bool ending; /* weir_fini is under way, or has been */

static void
go_wrong(const char *what)
{
	wrong = what;
}

/* Free what an operation has brought, or left with us. */
static void
collect(struct seat *s)
{
	weir_err err = weir_aio_result(s->aio);
	weir_msg *msg = weir_aio_get_msg(s->aio);

	if (s->op.gives ? (err == WEIR_OK) != (msg == NULL)
			: err != WEIR_OK && msg != NULL) {
		go_wrong("a message is not where the result says");
	}
	weir_msg_free(msg);
	(void)weir_aio_set_msg(s->aio, NULL);
	if (err != WEIR_OK) {
		return;
	}
	switch (s->op.brings) {
	case BRINGS_NOTHING:
		break;
	case BRINGS_STREAM:
		weir_stream_free(weir_aio_get_output(s->aio, 0));
		break;
	case BRINGS_ADDRS:
		weir_addrs_free(weir_aio_get_output(s->aio, 0));
		break;
	}
}

static void
set_limit(weir_aio *aio, struct dice *d)
{
	switch (dice_roll(d, 4)) {
	case 0:
		(void)weir_aio_set_timeout(aio, 0);
		break;
	case 1:
		(void)weir_aio_set_timeout(aio, WEIR_US(dice_roll(d, 2000)));
		break;
	default:
		(void)weir_aio_set_timeout(aio, WEIR_INFINITE);
		break;
	}
}

/* The claim is ours, and the place's lock; the claim is given back here or by
 * the callback. */
static void
submit(struct seat *s, struct place *p, struct dice *d)
{
	bool skipped = false;

	set_limit(s->aio, d);
	if (s->pending++ != 0) {
		go_wrong("two operations pending");
	}
	weir_aio_skip_callback(s->aio, &skipped);
	place_submit(p, &s->op, s->aio, d);
	if (skipped) {
		collect(s);
		s->pending--;
		s->claimed = false;
	}
}

static struct place *
any_place(struct dice *d)
{
	struct place *p = &places[dice_roll(d, PLACES)];

	return pthread_rwlock_tryrdlock(&p->lock) == 0 ? p : NULL;
}

static void
seat_cb(void *arg)
{
	struct seat *s = arg;
	struct place *p = NULL;

	if (s->pending-- != 1) {
		go_wrong("a callback too many");
	}
	collect(s);
	if (!ending && dice_roll(&s->dice, 3) == 0) {
		p = any_place(&s->dice);
	}
	if (p == NULL) {
		s->claimed = false;
		return;
	}
	submit(s, p, &s->dice);
	(void)pthread_rwlock_unlock(&p->lock);
}

static void
act_on_seat(struct place *p, struct dice *d)
{
	struct seat *s = &seats[dice_roll(d, SEATS)];

	if (dice_roll(d, 3) == 0) {
		(void)weir_aio_cancel(s->aio);
		return;
	}
	if (!atomic_exchange(&s->claimed, true)) {
		submit(s, p, d);
	}
}

/* Lookups hang, or no more; none does when weir ends. */
static void
hang(bool yes)
{
	static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;

	(void)pthread_mutex_lock(&mtx);
	if (yes && !ending) {
		fake_hang();
	} else {
		fake_release();
	}
	(void)pthread_mutex_unlock(&mtx);
}

static void
act(struct dice *d)
{
	struct place *p = &places[dice_roll(d, PLACES)];

	if (dice_roll(d, 60) == 0) {
		(void)pthread_rwlock_wrlock(&p->lock);
		place_close(p, d);
		place_open(p, d);
		(void)pthread_rwlock_unlock(&p->lock);
		return;
	}
	(void)pthread_rwlock_rdlock(&p->lock);
	if (dice_roll(d, 3) == 0) {
		place_stir(p, d);
	} else {
		act_on_seat(p, d);
	}
	(void)pthread_rwlock_unlock(&p->lock);
	if (dice_roll(d, 400) == 0) {
		hang(dice_roll(d, 2) == 0);
	}
}

static void *
worker_main(void *arg)
{
	struct dice d;

	dice_init(&d, (uint64_t)(uintptr_t)arg);
	for (int i = 0; i < ACTIONS && wrong == NULL; i++) {
		act(&d);
		actions++;
	}
	return NULL;
}

/* --- A life ------------------------------------------------------------- */

static void
life_begin(weir_pool **poolp, struct dice *d)
{
	const weir_params params = {
	    .size = sizeof(params),
	    .poller = dice_roll(d, 2) == 0 ? "epoll" : "poll",
	};

	ck_assert_int_eq(weir_init(&params), WEIR_OK);
	ck_assert_int_eq(weir_pool_alloc(poolp, NULL), WEIR_OK);
	ending = false;
	actions = 0;
	places_init(weir_pool_exec(*poolp));
	for (unsigned i = 0; i < PLACES; i++) {
		place_open(&places[i], d);
	}
	memset(seats, 0, sizeof(seats));
	for (unsigned i = 0; i < SEATS; i++) {
		dice_init(&seats[i].dice, 5000 + i);
		ck_assert_int_eq(
		    weir_aio_alloc(&seats[i].aio, seat_cb, &seats[i]), WEIR_OK);
	}
}

/* What is open works, though much waits. */
static void
expect_alive(void)
{
	hang(false);
	for (unsigned i = 0; i < PLACES; i++) {
		place_expect_alive(&places[i]);
	}
}

/* No operation waits for anything but us. */
static void
life_end(weir_pool *pool, bool ended, struct dice *d)
{
	ending = true;
	hang(false);
	for (unsigned i = 0; i < PLACES; i++) {
		/* Callbacks may still submit. */
		(void)pthread_rwlock_wrlock(&places[i].lock);
		place_close(&places[i], d);
		(void)pthread_rwlock_unlock(&places[i].lock);
	}
	for (unsigned i = 0; i < SEATS; i++) {
		struct seat *s = &seats[i];

		if (!ended) {
			ck_assert_int_eq(weir_aio_stop(s->aio), WEIR_OK);
		}
		ck_assert_msg(s->pending == 0 && !s->claimed,
		    "seat %u: no callback, seed %llu", i,
		    (unsigned long long)dice_seed());
		weir_aio_free(s->aio);
	}
	if (!ended) {
		ck_assert_int_eq(weir_fini(), WEIR_OK);
	}
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	places_fini();
}

static void
await_actions(unsigned n)
{
	while (actions < n && wrong == NULL) {
		const struct timespec ms = {0, 1000000};

		(void)nanosleep(&ms, NULL);
	}
}

START_TEST(random_calls_of_every_service_leave_nothing_behind)
{
	const bool beside = _i % 2 != 0; /* weir_fini while they work */
	pthread_t workers[WORKERS];
	struct rt_counts before = rt_count();
	weir_pool *pool;
	struct dice d;

	dice_init(&d, 1000 + (uint64_t)_i);
	wrong = NULL;
	fake_up();
	life_begin(&pool, &d);
	for (uintptr_t i = 0; i < WORKERS; i++) {
		ck_assert_int_eq(pthread_create(&workers[i], NULL, worker_main,
				     (void *)(i + 1 + 10 * (uintptr_t)_i)),
		    0);
	}
	if (beside) {
		await_actions(dice_roll(&d, WORKERS * ACTIONS));
		ending = true;
		hang(false);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
	}
	for (int i = 0; i < WORKERS; i++) {
		ck_assert_int_eq(pthread_join(workers[i], NULL), 0);
	}
	ck_assert_msg(wrong == NULL, "%s, seed %llu", wrong,
	    (unsigned long long)dice_seed());
	if (!beside) {
		ending = true;
		expect_alive();
	}
	life_end(pool, beside, &d);
	fake_down();
	rt_expect_counts(before);
}
END_TEST

static void
no_log(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static Suite *
make_suite(void)
{
	Suite *s = suite_create("stress");
	TCase *tc = tcase_create("services");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(
	    tc, random_calls_of_every_service_leave_nothing_behind, 0, LIVES);
	suite_add_tcase(s, tc);
	return s;
}

int
main(int argc, char **argv)
{
	weir_log_set(no_log, NULL, WEIR_LOG_WARN);
	return run_rounds(argc, argv, make_suite);
}
