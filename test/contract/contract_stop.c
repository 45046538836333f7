/*
 * contract_stop - stop, close, free and reap in every state of the handle.
 *
 * That reaped memory really goes is seen by the address sanitizer, and by
 * test/aio/.
 */
#include "contract/aio_contract.h"
#include "support/rt.h"

#include <weir/weir.h>

/* What is submitted now must be dropped. */
static void
expect_dropped(struct consumer *c)
{
	unsigned calls = c->calls;
	bool skipped = false;

	contract->submit_soon(c->aio);
	ck_assert_int_eq(weir_aio_result(c->aio), WEIR_ESTOPPED);
	ck_assert(!weir_aio_busy(c->aio));
	ck_assert_int_eq(weir_aio_wait(c->aio), WEIR_OK);
	weir_aio_skip_callback(c->aio, &skipped);
	contract->submit(c->aio);
	ck_assert(skipped);
	ck_assert_int_eq(weir_aio_cancel(c->aio), WEIR_CANCEL_IDLE);
	ck_assert_int_eq(weir_aio_stop(c->aio), WEIR_OK);
	ck_assert_uint_eq(c->calls, calls);
}

START_TEST(stop_ends_it_with_estopped_before_it_returns)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 1);
	ck_assert_int_eq(c.result, WEIR_ESTOPPED);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	ck_assert_uint_eq(weir_aio_count(c.aio), 0);
	expect_dropped(&c);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(a_fresh_handle_that_is_stopped_takes_no_work)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	expect_dropped(&c);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(close_ends_it_without_waiting)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	contract->submit(c.aio);
	weir_aio_close(c.aio);
	consumer_expect(&c, 1, WEIR_ESTOPPED);
	consumer_settle(&c);
	expect_dropped(&c);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(stop_does_not_wait_for_the_timeout)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(
	    weir_aio_set_timeout(c.aio, WEIR_SECONDS(3000)), WEIR_OK);
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ck_assert_int_eq(c.result, WEIR_ESTOPPED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(free_runs_the_callback_first)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	contract->submit(c.aio);
	weir_aio_free(c.aio);
	c.gone = true;
	ck_assert_uint_eq(c.calls, 1);
	ck_assert_int_eq(c.result, WEIR_ESTOPPED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(reap_frees_it_after_the_callback)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	contract->submit(c.aio);
	weir_aio_reap(c.aio);
	c.gone = true;
	consumer_expect(&c, 1, WEIR_ESTOPPED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(reap_of_an_idle_handle_frees_it)
{
	struct consumer c, fresh;

	contract_up(_i);
	contract_consumer(&c);
	contract_consumer(&fresh);
	contract->submit(c.aio);
	(void)weir_aio_cancel(c.aio);
	consumer_wait(&c, 1);
	consumer_settle(&c);
	weir_aio_reap(c.aio);
	weir_aio_reap(fresh.aio);
	c.gone = fresh.gone = true;
	consumer_fini(&c);
	consumer_fini(&fresh);
	contract_down();
}
END_TEST

/* --- From the callback ------------------------------------------------- */

static void
collect(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
}

static void
then_stop(struct consumer *c)
{
	weir_err *got = c->arg;

	collect(c);
	got[0] = weir_aio_stop(c->aio);
	contract->submit_soon(c->aio); /* blindly */
	got[1] = weir_aio_result(c->aio);
	got[2] = weir_aio_wait(c->aio);
}

START_TEST(stop_in_the_own_callback_is_edeadlk_and_sticks)
{
	struct consumer c;
	weir_err got[3];

	contract_up(_i);
	consumer_init(&c, then_stop, got);
	contract->submit_soon(c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_int_eq(got[0], WEIR_EDEADLK);
	ck_assert_int_eq(got[1], WEIR_ESTOPPED);
	ck_assert_int_eq(got[2], WEIR_EDEADLK);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 1);
	consumer_fini(&c);
	contract_down();
}
END_TEST

static void
then_free(struct consumer *c)
{
	collect(c);
	c->gone = true;
	if (c->arg != NULL) {
		weir_aio_reap(c->aio);
	} else {
		weir_aio_free(c->aio);
	}
}

START_TEST(the_callback_may_free_its_handle)
{
	contract_up(_i);
	for (int i = 0; i < 10; i++) {
		struct consumer c;

		consumer_init(&c, then_free, i % 2 == 0 ? NULL : &c);
		if (i < 5) {
			contract->submit_soon(c.aio);
		} else {
			/* Not by a cancel: it might come after the free. */
			(void)weir_aio_set_timeout(c.aio, WEIR_US(100));
			contract->submit(c.aio);
		}
		consumer_wait(&c, 1);
		consumer_fini(&c);
	}
	contract_down();
}
END_TEST

static void
then_submit_and_free(struct consumer *c)
{
	collect(c);
	if (c->calls == 1) {
		contract->submit(c->aio);
		c->gone = true;
		weir_aio_free(c->aio);
	}
}

START_TEST(the_callback_may_submit_again_and_then_free)
{
	struct consumer c;

	contract_up(_i);
	consumer_init(&c, then_submit_and_free, NULL);
	contract->submit_soon(c.aio);
	consumer_expect(&c, 2, WEIR_ESTOPPED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

/* Submits again for ever: stop must win. */
static void
then_for_ever(struct consumer *c)
{
	collect(c);
	contract->submit_soon(c->aio);
}

START_TEST(stop_wins_against_a_callback_that_resubmits_blindly)
{
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(20);
	for (int i = 0; i < rounds; i++) {
		struct consumer c;
		unsigned calls;

		consumer_init(&c, then_for_ever, NULL);
		contract->submit_soon(c.aio);
		ck_assert(latch_wait(&c.ran, 3));
		ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
		calls = c.calls;
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
		ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
		consumer_fini(&c);
		ck_assert_uint_eq(c.calls, calls);
	}
	contract_down();
}
END_TEST

/* --- fini -------------------------------------------------------------- */

START_TEST(fini_ends_what_is_pending_with_estopped)
{
	enum { MANY = 20 };
	static struct consumer c[MANY];
	bool skipped = false;

	contract_up(_i);
	for (int i = 0; i < MANY; i++) {
		contract_consumer(&c[i]);
		contract->submit(c[i].aio);
	}
	rt_expect_log(); /* handles live on */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	for (int i = 0; i < MANY; i++) {
		ck_assert_uint_eq(c[i].calls, 1);
		ck_assert_int_eq(c[i].result, WEIR_ESTOPPED);
		/* Stopped for ever. */
		weir_aio_skip_callback(c[i].aio, &skipped);
		contract->submit(c[i].aio);
		ck_assert(skipped);
		ck_assert_int_eq(weir_aio_result(c[i].aio), WEIR_ESTOPPED);
	}
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	contract->submit_soon(c[0].aio);
	ck_assert_int_eq(weir_aio_result(c[0].aio), WEIR_ESTOPPED);
	for (int i = 0; i < MANY; i++) {
		consumer_fini(&c[i]);
	}
	contract_down();
}
END_TEST

void
contract_add_stops(TCase *tc)
{
	CONTRACT_ADD(tc, stop_ends_it_with_estopped_before_it_returns);
	CONTRACT_ADD(tc, a_fresh_handle_that_is_stopped_takes_no_work);
	CONTRACT_ADD(tc, close_ends_it_without_waiting);
	CONTRACT_ADD(tc, stop_does_not_wait_for_the_timeout);
	CONTRACT_ADD(tc, free_runs_the_callback_first);
	CONTRACT_ADD(tc, reap_frees_it_after_the_callback);
	CONTRACT_ADD(tc, reap_of_an_idle_handle_frees_it);
	CONTRACT_ADD(tc, stop_in_the_own_callback_is_edeadlk_and_sticks);
	CONTRACT_ADD(tc, the_callback_may_free_its_handle);
	CONTRACT_ADD(tc, the_callback_may_submit_again_and_then_free);
	CONTRACT_ADD(tc, stop_wins_against_a_callback_that_resubmits_blindly);
	CONTRACT_ADD(tc, fini_ends_what_is_pending_with_estopped);
}
