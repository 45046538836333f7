/*
 * conform_stress - many threads do what chance says to hundreds of handles,
 * through both faces, and the promises hold:
 *
 *   each operation accepted has one callback
 *   callbacks of one handle never overlap
 *   none runs after a stop has returned
 *   outcomes are those that somebody asked for
 *
 * Bounds     by count, not by time.  CONFORM_SEED=n repeats one chance (of the
 *            calls, not of the threads); the seed is told when it fails.
 */
#include "conform/con.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS 300
#define DRIVERS 8
#define STEPS 10000
#define CODES 6

/* A handle and its own provider. */
struct unit {
	nng_aio *aio;
	struct ward *ward;

	pthread_mutex_t mtx;
	/* mtx must be held when using these: */
	nng_aio *here; /* pending at the provider */
	bool pending;
	bool stopping;  /* somebody is about to stop it */
	unsigned owed;  /* accepted, surely */
	unsigned maybe; /* submitted while a stop was under way */
	struct con_rand rand;

	/* Callbacks only. */
	unsigned calls;

	/* Any thread, __atomic: */
	int inside;
	int overlaps;
	int stopped; /* a stop has returned */
	int late;    /* callbacks after that */
};

/* All of them. */
struct ward {
	struct unit units[UNITS];
	uint64_t seed;
	/* Any thread, __atomic: */
	unsigned next_driver;
	unsigned submits;
	unsigned ends[CODES]; /* how operations ended */
	unsigned strange;
};

static const nng_err codes[CODES] = {
    NNG_OK, NNG_ETIMEDOUT, NNG_ECANCELED, NNG_EPROTO, NNG_ESTOPPED, NNG_EEXIST};

static void
count_one(unsigned *n) /* NOLINT(readability-non-const-parameter) */
{
	__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

static void
unit_cancel(nng_aio *aio, void *arg, nng_err why)
{
	struct unit *u = arg;
	bool mine = false;

	pthread_mutex_lock(&u->mtx);
	/* Now and then it lets the operation go on. */
	if (u->here == aio &&
	    (why == NNG_ESTOPPED || con_rand_below(&u->rand, 4) != 0)) {
		u->here = NULL;
		mine = true;
	}
	pthread_mutex_unlock(&u->mtx);
	if (mine) {
		nng_aio_finish(aio, why);
	}
}

/* With mtx: an operation of some kind begins. */
static void
unit_begin_locked(struct unit *u)
{
	static const nng_duration timeouts[] = {
	    NNG_DURATION_DEFAULT, NNG_DURATION_INFINITE, 0, 1, 2, 5, -3};

	u->pending = true;
	count_one(&u->ward->submits);
	if (con_rand_below(&u->rand, 3) == 0) {
		nng_aio_set_timeout(
		    u->aio, timeouts[con_rand_below(&u->rand, 7)]);
	}
	if (con_rand_below(&u->rand, 8) == 0) {
		nng_aio_set_expire(
		    u->aio, nng_clock() + con_rand_below(&u->rand, 4) - 1);
	}
	switch (con_rand_below(&u->rand, 4)) {
	case 0:
		nng_sleep_aio(
		    (nng_duration)con_rand_below(&u->rand, 4) - 1, u->aio);
		break;
	case 1:
		nng_aio_reset(u->aio);
		nng_aio_finish(u->aio, NNG_EEXIST);
		break;
	default:
		if (nng_aio_start(u->aio, unit_cancel, u)) {
			u->here = u->aio;
		}
		break;
	}
}

/* Submit if nothing is pending; blind: even if it is being stopped. */
static void
unit_submit(struct unit *u, bool blind)
{
	pthread_mutex_lock(&u->mtx);
	if (!u->pending && (blind || !u->stopping)) {
		if (u->stopping) {
			u->maybe++;
		} else {
			u->owed++;
		}
		unit_begin_locked(u);
	}
	pthread_mutex_unlock(&u->mtx);
}

static void
unit_finish(struct unit *u)
{
	nng_aio *aio;

	pthread_mutex_lock(&u->mtx);
	aio = u->here;
	u->here = NULL;
	pthread_mutex_unlock(&u->mtx);
	if (aio != NULL) {
		nng_aio_finish(aio, NNG_OK);
	}
}

static void
unit_stop(struct unit *u)
{
	pthread_mutex_lock(&u->mtx);
	u->stopping = true;
	pthread_mutex_unlock(&u->mtx);
	nng_aio_stop(u->aio);
	__atomic_store_n(&u->stopped, 1, __ATOMIC_RELAXED);
}

static void
unit_callback(void *arg)
{
	struct unit *u = arg;
	nng_err result = nng_aio_result(u->aio);
	bool again;
	int i = 0;

	if (__atomic_fetch_add(&u->inside, 1, __ATOMIC_RELAXED) != 0) {
		__atomic_fetch_add(&u->overlaps, 1, __ATOMIC_RELAXED);
	}
	if (__atomic_load_n(&u->stopped, __ATOMIC_RELAXED) != 0) {
		__atomic_fetch_add(&u->late, 1, __ATOMIC_RELAXED);
	}
	while (i < CODES && codes[i] != result) {
		i++;
	}
	count_one(i < CODES ? &u->ward->ends[i] : &u->ward->strange);
	u->calls++;
	pthread_mutex_lock(&u->mtx);
	u->pending = false;
	again = con_rand_below(&u->rand, 4) == 0;
	pthread_mutex_unlock(&u->mtx);
	if (again) {
		unit_submit(u, true);
	}
	__atomic_fetch_sub(&u->inside, 1, __ATOMIC_RELAXED);
}

/* One thing, to one of them. */
static void
driver_step(struct ward *w, struct con_rand *r)
{
	struct unit *u = &w->units[con_rand_below(r, UNITS)];

	switch (con_rand_below(r, 16)) {
	case 0:
		nng_aio_cancel(u->aio);
		break;
	case 1:
		nng_aio_abort(u->aio, NNG_EPROTO);
		break;
	case 2:
		(void)weir_aio_wait_until(u->aio, weir_now() + WEIR_US(20));
		break;
	case 3:
		(void)nng_aio_busy(u->aio);
		(void)weir_aio_cancel(u->aio);
		break;
	case 4:
		if (con_rand_below(r, 100) == 0) {
			unit_stop(u);
		}
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		unit_finish(u);
		break;
	default:
		unit_submit(u, con_rand_below(r, 2) == 0);
		break;
	}
}

static void *
driver(void *arg)
{
	struct ward *w = arg;
	unsigned me = __atomic_fetch_add(&w->next_driver, 1, __ATOMIC_RELAXED);
	struct con_rand r = {.state = w->seed * 1000003 + me + 1};

	for (int i = 0; i < STEPS; i++) {
		driver_step(w, &r);
	}
	return NULL;
}

/* The end: each driver stops its share, while others still work. */
static void *
driver_to_the_end(void *arg)
{
	struct ward *w = arg;
	unsigned me = __atomic_fetch_add(&w->next_driver, 1, __ATOMIC_RELAXED);
	struct con_rand r = {.state = w->seed * 7919 + me + 1};

	for (int i = 0; i < STEPS; i++) {
		driver_step(w, &r);
	}
	for (unsigned i = me % DRIVERS; i < UNITS; i += DRIVERS) {
		unit_stop(&w->units[i]);
	}
	return NULL;
}

static struct ward *
ward_open(uint64_t seed)
{
	struct ward *w = calloc(1, sizeof(*w));

	ck_assert_ptr_nonnull(w);
	w->seed = seed;
	for (unsigned i = 0; i < UNITS; i++) {
		struct unit *u = &w->units[i];

		u->ward = w;
		u->rand.state = seed * UINT64_C(0x9e3779b97f4a7c15) + i + 1;
		ck_assert_int_eq(pthread_mutex_init(&u->mtx, NULL), 0);
		ck_assert_int_eq(
		    nng_aio_alloc(&u->aio, unit_callback, u), NNG_OK);
	}
	return w;
}

/* After all have ended: what must hold. */
static void
ward_expect(struct ward *w)
{
	unsigned long seed = (unsigned long)w->seed;
	unsigned calls = 0;

	for (unsigned i = 0; i < UNITS; i++) {
		struct unit *u = &w->units[i];

		calls += u->calls;
		ck_assert_msg(
		    u->calls >= u->owed && u->calls <= u->owed + u->maybe,
		    "seed %lu, unit %u: %u callbacks for %u operations and %u",
		    seed, i, u->calls, u->owed, u->maybe);
		ck_assert_msg(
		    u->overlaps == 0, "seed %lu, unit %u: overlap", seed, i);
		ck_assert_msg(
		    u->late == 0, "seed %lu, unit %u: late callback", seed, i);
	}
	ck_assert_msg(w->strange == 0, "seed %lu: strange results", seed);
	/* It was no empty run. */
	for (int i = 0; i < CODES; i++) {
		ck_assert_msg(w->ends[i] > 0, "seed %lu: no %s", seed,
		    nng_strerror(codes[i]));
	}
	ck_assert_uint_gt(calls, UNITS);
}

static void
ward_close(struct ward *w)
{
	for (unsigned i = 0; i < UNITS; i++) {
		ck_assert_int_eq(pthread_mutex_destroy(&w->units[i].mtx), 0);
	}
	free(w);
}

static uint64_t
seed_of(int i)
{
	const char *given = getenv("CONFORM_SEED");

	return given != NULL ? strtoull(given, NULL, 10)
			     : 20261130 + (uint64_t)i;
}

START_TEST(chance_on_many_handles_then_stop_each)
{
	struct ward *w = ward_open(seed_of(_i));

	con_threads(DRIVERS, driver_to_the_end, w);
	for (unsigned i = 0; i < UNITS; i++) {
		ck_assert(!nng_aio_busy(w->units[i].aio));
		nng_aio_free(w->units[i].aio);
	}
	ward_expect(w);
	ward_close(w);
}
END_TEST

START_TEST(chance_on_many_handles_then_free_and_reap)
{
	struct ward *w = ward_open(seed_of(_i));

	con_threads(DRIVERS, driver, w);
	for (unsigned i = 0; i < UNITS; i++) {
		/* A blind callback may submit while it is being freed. */
		pthread_mutex_lock(&w->units[i].mtx);
		w->units[i].stopping = true;
		pthread_mutex_unlock(&w->units[i].mtx);
		if (i % 2 == 0) {
			nng_aio_free(w->units[i].aio);
		} else {
			nng_aio_stop(w->units[i].aio);
			nng_aio_reap(w->units[i].aio);
		}
	}
	ward_expect(w);
	ward_close(w);
}
END_TEST

START_TEST(chance_on_many_handles_then_fini)
{
	struct ward *w;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	w = ward_open(seed_of(_i));
	con_threads(DRIVERS, driver, w);
	for (unsigned i = 0; i < UNITS; i++) {
		unit_submit(&w->units[i], false);
		/* From here on it may be refused. */
		pthread_mutex_lock(&w->units[i].mtx);
		w->units[i].stopping = true;
		pthread_mutex_unlock(&w->units[i].mtx);
	}
	nng_fini();
	for (unsigned i = 0; i < UNITS; i++) {
		nng_aio_free(w->units[i].aio);
	}
	ward_expect(w);
	ward_close(w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/stress");
	TCase *tc = con_case(suite, "stress");

	tcase_set_timeout(tc, 200);
	tcase_add_loop_test(tc, chance_on_many_handles_then_stop_each, 0, 4);
	tcase_add_loop_test(
	    tc, chance_on_many_handles_then_free_and_reap, 0, 2);

	tc = con_case_bare(suite, "fini");
	tcase_set_timeout(tc, 200);
	tcase_add_loop_test(tc, chance_on_many_handles_then_fini, 0, 3);
	return run_suite(suite);
}
