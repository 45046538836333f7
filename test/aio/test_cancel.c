/*
 * test_cancel - asking an operation to end: what the call meets, what the hook
 * hears, and what it never hears.
 */
#include "aio/stage.h"
#include "support/rt.h"
#include "support/run.h"

#include <string.h>

START_TEST(cancel_says_what_it_met_in_every_state)
{
	static const weir_cancel want[STAGE_STATES] = {
	    [STAGE_IDLE] = WEIR_CANCEL_IDLE,
	    [STAGE_STARTED] = WEIR_CANCEL_REQUESTED,
	    [STAGE_QUEUED] = WEIR_CANCEL_TOO_LATE,
	    [STAGE_RUNNING] = WEIR_CANCEL_TOO_LATE,
	    [STAGE_RESTARTED] = WEIR_CANCEL_REQUESTED,
	    [STAGE_ENDED] = WEIR_CANCEL_IDLE,
	    [STAGE_STOPPED] = WEIR_CANCEL_IDLE,
	    [STAGE_FINISHED] = WEIR_CANCEL_IDLE,
	};
	bool asks;

	stage_up(_i);
	asks = want[_i] == WEIR_CANCEL_REQUESTED;
	ck_assert_int_eq(weir_aio_cancel(stage.c.aio), want[_i]);
	/* What was asked for comes once. */
	ck_assert_uint_eq(toy_asked(&stage.toy), asks ? 1 : 0);
	if (asks) {
		latch_hit(&stage.go);
		consumer_settle(&stage.c);
		ck_assert_int_eq(stage.c.result, WEIR_ECANCELED);
	}
	stage_down(!asks);
}
END_TEST

START_TEST(abort_carries_its_code_in_every_state)
{
	bool asks;

	stage_up(_i);
	asks = _i == STAGE_STARTED || _i == STAGE_RESTARTED;
	ck_assert_int_eq(
	    weir_aio_abort(stage.c.aio, WEIR_EPROTO) == WEIR_CANCEL_REQUESTED,
	    asks);
	if (asks) {
		latch_hit(&stage.go);
		consumer_settle(&stage.c);
		ck_assert_int_eq(toy_asked_for(&stage.toy, 0), WEIR_EPROTO);
		ck_assert_int_eq(stage.c.result, WEIR_EPROTO);
	}
	stage_down(!asks);
}
END_TEST

/* --- The hook ---------------------------------------------------------- */

static struct toy toy;
static struct latch in_hook, hold_hook;

static void
setup(void)
{
	latch_init(&in_hook);
	latch_init(&hold_hook);
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
}

static void
teardown(void)
{
	rt_down();
	toy_fini(&toy);
	latch_fini(&in_hook);
	latch_fini(&hold_hook);
}

START_TEST(the_hook_comes_again_only_for_a_stronger_reason)
{
	struct consumer c;

	toy.stubborn = true;
	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	/* Twice the same reason, with another code: heard once. */
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(
	    weir_aio_abort(c.aio, WEIR_EPROTO), WEIR_CANCEL_REQUESTED);
	ck_assert_uint_eq(toy_asked(&toy), 1);
	weir_aio_close(c.aio);
	ck_assert_uint_eq(toy_asked(&toy), 2);
	/* Nothing is stronger than stop. */
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	weir_aio_close(c.aio);
	ck_assert_uint_eq(toy_asked(&toy), 2);
	ck_assert_int_eq(toy_asked_for(&toy, 0), WEIR_ECANCELED);
	ck_assert_int_eq(toy_asked_for(&toy, 1), WEIR_ESTOPPED);
	/* It is the provider's finish that decides. */
	ck_assert_uint_eq(c.calls, 0);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 5));
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_uint_eq(c.count, 5);
	ck_assert(!toy.overlapped);
	consumer_fini(&c);
}
END_TEST

START_TEST(cancel_then_timeout_then_stop_all_reach_the_provider)
{
	struct consumer c;

	toy.stubborn = true;
	toy.in_hook = &in_hook;
	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_MS(20)), WEIR_OK);
	toy_submit(&toy, c.aio);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	ck_assert(latch_wait(&in_hook, 2)); /* the timeout's call */
	weir_aio_close(c.aio);
	ck_assert(latch_wait(&in_hook, 3));
	ck_assert_int_eq(toy_asked_for(&toy, 0), WEIR_ECANCELED);
	ck_assert_int_eq(toy_asked_for(&toy, 1), WEIR_ETIMEDOUT);
	ck_assert_int_eq(toy_asked_for(&toy, 2), WEIR_ESTOPPED);
	ck_assert(toy_finish(&toy, c.aio, WEIR_EPROTO, 0));
	consumer_expect(&c, 1, WEIR_EPROTO);
	ck_assert_uint_eq(toy_asked(&toy), 3);
	ck_assert(!toy.overlapped);
	consumer_fini(&c);
}
END_TEST

/* Cancels from a thread of its own, which the hook holds up. */
struct canceller {
	pthread_t id;
	struct consumer *c;
	weir_cancel met;
};

static void *
canceller_main(void *arg)
{
	struct canceller *k = arg;

	k->met = weir_aio_cancel(k->c->aio);
	return NULL;
}

static void
cancel_and_hold(struct canceller *k, struct consumer *c)
{
	toy.in_hook = &in_hook;
	toy.hold_hook = &hold_hook;
	k->c = c;
	ck_assert_int_eq(pthread_create(&k->id, NULL, canceller_main, k), 0);
	ck_assert(latch_wait(&in_hook, 1));
}

START_TEST(a_stronger_reason_waits_for_the_hook_and_is_told_by_the_same_thread)
{
	struct consumer c;
	struct canceller k;

	toy.stubborn = true;
	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	cancel_and_hold(&k, &c);
	/* Does not wait for the hook, does not call it a second time. */
	weir_aio_close(c.aio);
	ck_assert_uint_eq(toy_asked(&toy), 1);
	latch_hit(&hold_hook);
	ck_assert_int_eq(pthread_join(k.id, NULL), 0);
	ck_assert_uint_eq(toy_asked(&toy), 2);
	ck_assert_int_eq(toy_asked_for(&toy, 1), WEIR_ESTOPPED);
	ck_assert(!toy.overlapped);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
	consumer_fini(&c);
}
END_TEST

START_TEST(the_callback_waits_for_a_hook_that_runs)
{
	struct consumer c;
	struct canceller k;

	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	cancel_and_hold(&k, &c);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 2));
	/* Decided, but a hook call is in flight. */
	ck_assert(!latch_wait_ms(&c.ran, 1, 30));
	ck_assert_uint_eq(toy_released(&toy), 0);
	ck_assert(weir_aio_busy(c.aio));
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_TOO_LATE);
	latch_hit(&hold_hook);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_uint_eq(c.count, 2);
	ck_assert_uint_eq(toy_released(&toy), 1);
	ck_assert_int_eq(pthread_join(k.id, NULL), 0);
	ck_assert_int_eq(k.met, WEIR_CANCEL_REQUESTED);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_wait_only_handle_waits_for_a_hook_that_runs)
{
	struct consumer c;
	struct canceller k;

	consumer_init_waiter(&c);
	toy_submit(&toy, c.aio);
	cancel_and_hold(&k, &c);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 2));
	ck_assert_int_eq(weir_aio_wait_until(c.aio, weir_now() + WEIR_MS(30)),
	    WEIR_ETIMEDOUT);
	latch_hit(&hold_hook);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	ck_assert_uint_eq(toy_released(&toy), 1);
	ck_assert_int_eq(pthread_join(k.id, NULL), 0);
	consumer_fini(&c);
}
END_TEST

START_TEST(free_waits_for_a_hook_that_runs_on_another_thread)
{
	struct consumer c;
	struct canceller k;
	pthread_t freer;

	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	cancel_and_hold(&k, &c);
	ck_assert_int_eq(pthread_create(&freer, NULL,
			     (void *(*)(void *))(void *)weir_aio_free, c.aio),
	    0);
	ck_assert(!latch_wait_ms(&c.ran, 1, 30));
	latch_hit(&hold_hook);
	ck_assert_int_eq(pthread_join(freer, NULL), 0);
	ck_assert_int_eq(pthread_join(k.id, NULL), 0);
	ck_assert_uint_eq(c.calls, 1);
	c.gone = true;
	consumer_fini(&c);
}
END_TEST

/* --- Without a hook ---------------------------------------------------- */

START_TEST(without_a_hook_only_finish_ends_it)
{
	struct consumer c;

	for (int k = 0; k < 2; k++) {
		toy.kind = k == 0 ? TOY_DEAF : TOY_RELEASE;
		consumer_init(&c, NULL, NULL);
		ck_assert_int_eq(
		    weir_aio_set_timeout(c.aio, WEIR_MS(2)), WEIR_OK);
		toy_submit(&toy, c.aio);
		ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
		weir_aio_close(c.aio);
		ck_assert(!latch_wait_ms(&c.ran, 1, 20));
		ck_assert_int_eq(
		    weir_aio_stop_until(c.aio, 0, NULL, NULL), WEIR_ETIMEDOUT);
		ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 1));
		consumer_expect(&c, 1, WEIR_OK);
		consumer_fini(&c);
	}
	ck_assert_uint_eq(toy_released(&toy), 1);
}
END_TEST

/* --- Between reset and start ------------------------------------------- */

START_TEST(an_abort_before_start_makes_start_refuse)
{
	static const struct {
		weir_err why, want;
	} rows[] = {
	    {WEIR_ECANCELED, WEIR_ECANCELED},
	    {WEIR_EPROTO, WEIR_EPROTO},
	    {WEIR_OK, WEIR_ECANCELED},
	    {WEIR_EINTERNAL, WEIR_EINTERNAL},
	    {(weir_err)1023, (weir_err)1023},
	    {(weir_err)1024, WEIR_ECANCELED},
	    {(weir_err)(WEIR_ESYSERR + 5), WEIR_ECANCELED},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct consumer c;

		consumer_init(&c, NULL, NULL);
		ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
		ck_assert_int_eq(
		    weir_aio_abort(c.aio, rows[i].why), WEIR_CANCEL_REQUESTED);
		ck_assert_int_eq(
		    weir_aio_start(c.aio, &toy_providers[TOY_FULL], &toy),
		    rows[i].want);
		/* weir completes it; no release, no hook. */
		consumer_expect(&c, 1, rows[i].want);
		consumer_fini(&c);
	}
	ck_assert_uint_eq(toy_asked(&toy), 0);
	ck_assert_uint_eq(toy_released(&toy), 0);
}
END_TEST

START_TEST(an_abort_before_a_finish_without_start_changes_nothing)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	ck_assert(weir_aio_finish_count(c.aio, WEIR_OK, 4));
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_uint_eq(c.count, 4);
	consumer_settle(&c);
	/* And it does not stick to the next one. */
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_start(c.aio, &toy_providers[TOY_DEAF], &toy), WEIR_OK);
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_expect(&c, 2, WEIR_OK);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_stop_before_start_makes_start_refuse)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	weir_aio_close(c.aio);
	ck_assert_int_eq(weir_aio_start(c.aio, &toy_providers[TOY_FULL], &toy),
	    WEIR_ESTOPPED);
	/* The operation had been accepted: its callback comes. */
	consumer_expect(&c, 1, WEIR_ESTOPPED);
	consumer_fini(&c);
}
END_TEST

/* --- The decided result ------------------------------------------------ */

static void
then_look_again(struct consumer *c)
{
	(void)weir_aio_abort(c->aio, WEIR_EPROTO);
	weir_aio_close(c->aio);
	if (weir_aio_result(c->aio) != WEIR_EAGAIN ||
	    weir_aio_count(c->aio) != 11 ||
	    weir_aio_get_output(c->aio, 0) != c) {
		c->overlapped = true; /* any complaint will do */
	}
}

START_TEST(nothing_changes_a_result_that_is_decided)
{
	struct consumer c;

	consumer_init(&c, then_look_again, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_output(c.aio, 0, &c), WEIR_OK);
	ck_assert(weir_aio_finish_count(c.aio, WEIR_EAGAIN, 11));
	(void)weir_aio_cancel(c.aio);
	consumer_expect(&c, 1, WEIR_EAGAIN);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EAGAIN);
	ck_assert_uint_eq(weir_aio_count(c.aio), 11);
	ck_assert_ptr_eq(weir_aio_get_output(c.aio, 0), &c);
	consumer_fini(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *states = tcase_create("states");
	TCase *tc = tcase_create("cancel");

	STAGE_ADD(states, cancel_says_what_it_met_in_every_state);
	STAGE_ADD(states, abort_carries_its_code_in_every_state);
	suite_add_tcase(suite, states);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_hook_comes_again_only_for_a_stronger_reason);
	tcase_add_test(
	    tc, cancel_then_timeout_then_stop_all_reach_the_provider);
	tcase_add_test(tc,
	    a_stronger_reason_waits_for_the_hook_and_is_told_by_the_same_thread);
	tcase_add_test(tc, the_callback_waits_for_a_hook_that_runs);
	tcase_add_test(tc, a_wait_only_handle_waits_for_a_hook_that_runs);
	tcase_add_test(tc, free_waits_for_a_hook_that_runs_on_another_thread);
	tcase_add_test(tc, without_a_hook_only_finish_ends_it);
	tcase_add_test(tc, an_abort_before_start_makes_start_refuse);
	tcase_add_test(
	    tc, an_abort_before_a_finish_without_start_changes_nothing);
	tcase_add_test(tc, a_stop_before_start_makes_start_refuse);
	tcase_add_test(tc, nothing_changes_a_result_that_is_decided);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
