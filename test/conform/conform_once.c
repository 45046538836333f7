/*
 * conform_once - beyond the documents of the drop-in: exactly one callback,
 * one result, whoever races (traps 2 and 4).
 *
 * Two threads meet at a gate, again and again, and do to one handle what each
 * of them does.
 */
#include "conform/con.h"

#include <weir/provider.h>

#define ROUNDS 300
/* No result of anything here. */
#define LEGAL_END NNG_EPEERAUTH

/* One handle, one provider, and what races. */
struct race {
	struct con_op o;
	struct con_prov p;
	pthread_barrier_t gate;
	void (*right)(struct race *r);
	unsigned rounds;
};

static void *
race_side(void *arg)
{
	struct race *r = arg;

	for (unsigned i = 0; i < r->rounds; i++) {
		(void)pthread_barrier_wait(&r->gate);
		r->right(r);
		(void)pthread_barrier_wait(&r->gate);
	}
	return NULL;
}

/* Was the end one of those? */
static void
expect_legal(nng_err err, const nng_err *legal)
{
	bool found = false;

	for (unsigned i = 0; legal[i] != LEGAL_END; i++) {
		found |= err == legal[i];
	}
	ck_assert_msg(found, "ended with %d", (int)err);
}

/* Submit, race, look: each round has its one callback. */
static void
race_run(struct race *r, void (*submit)(struct race *r),
    void (*left)(struct race *r), void (*right)(struct race *r),
    const nng_err *legal)
{
	pthread_t side;

	r->right = right;
	r->rounds = ROUNDS;
	ck_assert_int_eq(pthread_create(&side, NULL, race_side, r), 0);
	for (unsigned i = 1; i <= r->rounds; i++) {
		submit(r);
		(void)pthread_barrier_wait(&r->gate);
		left(r);
		(void)pthread_barrier_wait(&r->gate);
		(void)con_prov_finish(&r->p, NNG_EINTERNAL);
		ck_assert(latch_wait(&r->o.ran, i));
		nng_aio_wait(r->o.aio);
		ck_assert_uint_eq(r->o.calls, i);
		expect_legal(nng_aio_result(r->o.aio), legal);
	}
	ck_assert_int_eq(pthread_join(side, NULL), 0);
}

static struct race race;

static void
setup(void)
{
	con_setup();
	con_op_init(&race.o, NULL, NULL);
	con_prov_init(&race.p, CON_HOOK_ENDS);
	ck_assert_int_eq(pthread_barrier_init(&race.gate, NULL, 2), 0);
}

static void
teardown(void)
{
	con_op_fini(&race.o);
	con_prov_fini(&race.p);
	ck_assert_int_eq(pthread_barrier_destroy(&race.gate), 0);
	con_teardown();
}

static void
by_provider(struct race *r)
{
	(void)con_prov_submit(&r->p, r->o.aio);
}

static void
by_sleep(struct race *r)
{
	nng_sleep_aio(CON_LONG_MS, r->o.aio);
}

static void
by_short_sleep(struct race *r)
{
	nng_sleep_aio(1, r->o.aio);
}

static void
finish(struct race *r)
{
	(void)con_prov_finish(&r->p, NNG_OK);
}

static void
cancel(struct race *r)
{
	nng_aio_cancel(r->o.aio);
}

static void
abort_it(struct race *r)
{
	nng_aio_abort(r->o.aio, NNG_EPROTO);
}

static void
wait_it(struct race *r)
{
	nng_aio_wait(r->o.aio);
}

static void
finish_now(struct race *r)
{
	nng_aio_reset(r->o.aio);
	nng_aio_finish(r->o.aio, NNG_EEXIST);
}

static void
nothing(struct race *r)
{
	(void)r;
}

#define LEGAL(...) ((const nng_err[]){__VA_ARGS__, LEGAL_END})

START_TEST(a_finish_races_a_cancel)
{
	race_run(
	    &race, by_provider, finish, cancel, LEGAL(NNG_OK, NNG_ECANCELED));
}
END_TEST

START_TEST(two_cancels_race)
{
	race_run(&race, by_provider, abort_it, cancel,
	    LEGAL(NNG_EPROTO, NNG_ECANCELED));
}
END_TEST

START_TEST(two_cancels_of_a_sleep_race)
{
	race_run(&race, by_sleep, abort_it, cancel,
	    LEGAL(NNG_EPROTO, NNG_ECANCELED));
}
END_TEST

START_TEST(the_end_of_a_sleep_races_a_cancel)
{
	race_run(&race, by_short_sleep, nothing, cancel,
	    LEGAL(NNG_OK, NNG_ECANCELED));
}
END_TEST

START_TEST(a_timeout_races_a_finish)
{
	nng_aio_set_timeout(race.o.aio, 1);
	race_run(
	    &race, by_provider, nothing, finish, LEGAL(NNG_OK, NNG_ETIMEDOUT));
}
END_TEST

START_TEST(a_timeout_races_a_cancel)
{
	nng_aio_set_timeout(race.o.aio, 1);
	race_run(&race, by_provider, nothing, cancel,
	    LEGAL(NNG_ECANCELED, NNG_ETIMEDOUT, NNG_EINTERNAL));
}
END_TEST

START_TEST(a_start_races_a_cancel)
{
	race_run(&race, nothing, by_provider, cancel,
	    LEGAL(NNG_EINTERNAL, NNG_ECANCELED));
}
END_TEST

START_TEST(a_sleep_of_nothing_races_a_cancel)
{
	race_run(&race, nothing, finish_now, cancel,
	    LEGAL(NNG_EEXIST, NNG_ECANCELED));
}
END_TEST

START_TEST(a_wait_races_a_finish)
{
	race_run(&race, by_provider, finish, wait_it, LEGAL(NNG_OK));
}
END_TEST

/* A fresh handle per round: one callback, then stop or free. */
struct single {
	struct con_op o;
	struct con_prov p;
	pthread_barrier_t gate;
	bool sleeps;
	bool reaps;
};

static void *
single_side(void *arg)
{
	struct single *s = arg;

	(void)pthread_barrier_wait(&s->gate);
	if (s->sleeps) {
		nng_aio_cancel(s->o.aio);
	} else {
		(void)con_prov_finish(&s->p, NNG_OK);
	}
	return NULL;
}

static void
single_run(struct single *s, void (*end)(nng_aio *))
{
	pthread_t side;

	con_op_init(&s->o, NULL, NULL);
	con_prov_init(&s->p, CON_HOOK_ENDS);
	ck_assert_int_eq(pthread_barrier_init(&s->gate, NULL, 2), 0);
	if (s->sleeps) {
		nng_sleep_aio(CON_LONG_MS, s->o.aio);
	} else {
		ck_assert(con_prov_submit(&s->p, s->o.aio));
	}
	ck_assert_int_eq(pthread_create(&side, NULL, single_side, s), 0);
	(void)pthread_barrier_wait(&s->gate);
	end(s->o.aio);
	ck_assert_int_eq(pthread_join(side, NULL), 0);
	if (end != nng_aio_stop) {
		s->o.gone = true;
	}
	ck_assert(latch_wait(&s->o.ran, 1));
	ck_assert_uint_eq(s->o.calls, 1);
	ck_assert_uint_eq(latch_hits(&s->o.ran), 1);
	con_op_fini(&s->o);
	con_prov_fini(&s->p);
	ck_assert_int_eq(pthread_barrier_destroy(&s->gate), 0);
}

START_TEST(a_stop_races_a_finish)
{
	for (int i = 0; i < 100; i++) {
		struct single s = {.sleeps = false};

		single_run(&s, nng_aio_stop);
	}
}
END_TEST

START_TEST(a_stop_races_a_cancel)
{
	for (int i = 0; i < 100; i++) {
		struct single s = {.sleeps = true};

		single_run(&s, nng_aio_stop);
	}
}
END_TEST

START_TEST(a_free_races_a_finish)
{
	for (int i = 0; i < 100; i++) {
		struct single s = {.sleeps = false};

		single_run(&s, nng_aio_free);
	}
}
END_TEST

START_TEST(a_reap_races_a_finish)
{
	for (int i = 0; i < 100; i++) {
		struct single s = {.sleeps = false};

		single_run(&s, nng_aio_reap);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/once");
	TCase *tc = con_case_bare(suite, "race");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_finish_races_a_cancel);
	tcase_add_test(tc, two_cancels_race);
	tcase_add_test(tc, two_cancels_of_a_sleep_race);
	tcase_add_test(tc, the_end_of_a_sleep_races_a_cancel);
	tcase_add_test(tc, a_timeout_races_a_finish);
	tcase_add_test(tc, a_timeout_races_a_cancel);
	tcase_add_test(tc, a_start_races_a_cancel);
	tcase_add_test(tc, a_sleep_of_nothing_races_a_cancel);
	tcase_add_test(tc, a_wait_races_a_finish);

	tc = con_case(suite, "single");
	tcase_add_test(tc, a_stop_races_a_finish);
	tcase_add_test(tc, a_stop_races_a_cancel);
	tcase_add_test(tc, a_free_races_a_finish);
	tcase_add_test(tc, a_reap_races_a_finish);
	return run_suite(suite);
}
