/*
 * contract_end - how operations end: by themselves, by cancel, by time.
 */
#include "contract/aio_contract.h"

#define SHORT WEIR_MS(5)

START_TEST(an_operation_ends_with_one_callback)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	for (unsigned n = 1; n <= 5; n++) {
		contract->submit_soon(c.aio);
		consumer_expect(&c, n, WEIR_OK);
		consumer_settle(&c);
	}
	ck_assert_uint_eq(c.calls, 5);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(the_provider_ends_what_was_pending)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	if (contract->end != NULL) {
		for (unsigned n = 1; n <= 3; n++) {
			contract->submit(c.aio);
			ck_assert(weir_aio_busy(c.aio));
			contract->end();
			consumer_expect(&c, n, WEIR_OK);
			ck_assert_uint_eq(c.count, contract->count);
			consumer_settle(&c);
			ck_assert(!weir_aio_busy(c.aio));
		}
	}
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(cancel_ends_it_with_ecanceled)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	for (unsigned n = 1; n <= 5; n++) {
		contract->submit(c.aio);
		ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
		consumer_expect(&c, n, WEIR_ECANCELED);
		ck_assert_uint_eq(c.count, 0);
		consumer_settle(&c);
	}
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(abort_ends_it_with_the_code_given)
{
	static const weir_err codes[] = {WEIR_EPROTO, WEIR_ETIMEDOUT,
	    WEIR_ESTOPPED, WEIR_EINTERNAL, (weir_err)(WEIR_ESYSERR + 71)};
	struct consumer c;
	unsigned n;

	contract_up(_i);
	contract_consumer(&c);
	for (n = 0; n < sizeof(codes) / sizeof(codes[0]); n++) {
		contract->submit(c.aio);
		ck_assert_int_eq(
		    weir_aio_abort(c.aio, codes[n]), WEIR_CANCEL_REQUESTED);
		consumer_expect(&c, n + 1, codes[n]);
	}
	/* WEIR_OK is no reason. */
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_abort(c.aio, WEIR_OK), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, n + 1, WEIR_ECANCELED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(a_cancel_of_an_idle_handle_leaves_no_trace)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_IDLE);
	contract->submit_soon(c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_abort(c.aio, WEIR_EPROTO), WEIR_CANCEL_IDLE);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	contract->submit_soon(c.aio);
	consumer_expect(&c, 2, WEIR_OK);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(the_timeout_ends_it_and_is_never_early)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, SHORT), WEIR_OK);
	/* It bounds every operation until it is changed. */
	for (unsigned n = 1; n <= 3; n++) {
		weir_time begun = weir_now();

		contract->submit(c.aio);
		consumer_expect(&c, n, WEIR_ETIMEDOUT);
		ck_assert_int_ge(c.ran_at - begun, SHORT);
		ck_assert_uint_eq(c.count, 0);
	}
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_INFINITE), WEIR_OK);
	contract->submit(c.aio);
	ck_assert(!latch_wait_ms(&c.ran, 4, 20));
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 4, WEIR_ECANCELED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(timeout_zero_ends_what_would_wait)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	for (unsigned n = 1; n <= 3; n++) {
		contract->submit(c.aio);
		consumer_expect(&c, n, WEIR_ETIMEDOUT);
	}
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(an_expiration_bounds_one_operation_and_is_used_up)
{
	struct consumer c;
	weir_time at;

	contract_up(_i);
	contract_consumer(&c);
	at = weir_now() + SHORT;
	ck_assert_int_eq(weir_aio_set_expire(c.aio, at), WEIR_OK);
	contract->submit(c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	ck_assert_int_ge(c.ran_at, at);
	contract->submit(c.aio);
	ck_assert(!latch_wait_ms(&c.ran, 2, 20));
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 2, WEIR_ECANCELED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(an_expiration_is_forgotten_when_its_operation_ended_otherwise)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(
	    weir_aio_set_expire(c.aio, weir_now() + WEIR_SECONDS(60)), WEIR_OK);
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 1, WEIR_ECANCELED);
	consumer_settle(&c);
	/* The timeout counts again. */
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, SHORT), WEIR_OK);
	contract->submit(c.aio);
	consumer_expect(&c, 2, WEIR_ETIMEDOUT);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(an_expiration_in_the_past_is_timeout_zero)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, 0), WEIR_OK);
	contract->submit(c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, weir_now()), WEIR_OK);
	contract->submit(c.aio);
	consumer_expect(&c, 2, WEIR_ETIMEDOUT);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(an_expiration_replaces_the_timeout_and_back)
{
	struct consumer c;

	contract_up(_i);
	contract_consumer(&c);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, SHORT), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, WEIR_NEVER), WEIR_OK);
	contract->submit(c.aio);
	ck_assert(!latch_wait_ms(&c.ran, 1, 20));
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 1, WEIR_ECANCELED);
	consumer_settle(&c);
	/* Setting a timeout replaces an expiration set before. */
	ck_assert_int_eq(weir_aio_set_expire(c.aio, WEIR_NEVER), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, SHORT), WEIR_OK);
	contract->submit(c.aio);
	consumer_expect(&c, 2, WEIR_ETIMEDOUT);
	consumer_fini(&c);
	contract_down();
}
END_TEST

/* The callback submits again, pending, with no timeout. */
static void
then_again_without_timeout(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
	if (c->calls == 1) {
		(void)weir_aio_set_timeout(c->aio, WEIR_INFINITE);
		contract->submit(c->aio);
	}
}

START_TEST(a_timeout_never_reaches_the_next_operation)
{
	int rounds;
	int ended = 0;

	contract_up(_i);
	rounds = contract_rounds(60);
	for (int i = 0; i < rounds; i++) {
		struct consumer c;
		weir_time past;

		consumer_init(&c, then_again_without_timeout, NULL);
		/* The operation ends about when its deadline comes. */
		ck_assert_int_eq(
		    weir_aio_set_timeout(c.aio, WEIR_US(100 + 13 * (i % 30))),
		    WEIR_OK);
		contract->submit_soon(c.aio);
		ck_assert(latch_wait(&c.ran, 1));
		past = weir_now() + WEIR_MS(2);
		(void)weir_aio_wait_until(c.aio, past);
		(void)weir_aio_cancel(c.aio); /* what still waits */
		consumer_wait(&c, 2);
		/* The second may find what the first left, or what comes late
		 * of an earlier round. */
		ck_assert(
		    c.results[0] == WEIR_OK || c.results[0] == WEIR_ETIMEDOUT);
		ck_assert(
		    c.results[1] == WEIR_OK || c.results[1] == WEIR_ECANCELED);
		ended += c.results[0] == WEIR_OK;
		ended += c.results[1] == WEIR_OK;
		ck_assert_int_le(ended, i + 1);
		consumer_fini(&c);
	}
	contract_down();
}
END_TEST

START_TEST(a_handle_without_a_callback_is_waited_for)
{
	struct consumer c;

	contract_up(_i);
	consumer_init_waiter(&c);
	contract->submit_soon(c.aio);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	contract_collect(c.aio);

	contract->submit(c.aio);
	ck_assert(weir_aio_busy(c.aio));
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ECANCELED);

	ck_assert_int_eq(weir_aio_set_timeout(c.aio, SHORT), WEIR_OK);
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ETIMEDOUT);

	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_DEFAULT), WEIR_OK);
	contract->submit(c.aio);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	consumer_fini(&c);
	contract_down();
}
END_TEST

static void
then_again_soon(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
	if (c->calls < 50) {
		contract->submit_soon(c->aio);
	}
}

START_TEST(the_callback_may_submit_again)
{
	struct consumer c;

	contract_up(_i);
	consumer_init(&c, then_again_soon, NULL);
	contract->submit_soon(c.aio);
	/* Wait goes on over restarts. */
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 50);
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_int_eq(c.results[i], WEIR_OK);
	}
	consumer_fini(&c);
	contract_down();
}
END_TEST

/* Between operations each kind of end in turn, from the callback. */
static void
then_other_end(struct consumer *c)
{
	const weir_duration timeouts[] = {0, WEIR_US(500)};

	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
	if (c->calls < 20) {
		(void)weir_aio_set_timeout(c->aio, timeouts[c->calls % 2]);
		contract->submit(c->aio);
	}
}

START_TEST(the_callback_may_submit_what_times_out)
{
	struct consumer c;

	contract_up(_i);
	consumer_init(&c, then_other_end, NULL);
	contract->submit_soon(c.aio);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 20);
	for (unsigned i = 1; i < 20; i++) {
		ck_assert_int_eq(c.results[i], WEIR_ETIMEDOUT);
	}
	consumer_fini(&c);
	contract_down();
}
END_TEST

static void
then_cancel_itself(struct consumer *c)
{
	*(weir_cancel *)c->arg = weir_aio_cancel(c->aio);
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
}

START_TEST(a_cancel_in_the_callback_is_too_late_and_changes_nothing)
{
	struct consumer c;
	weir_cancel met = WEIR_CANCEL_IDLE;

	contract_up(_i);
	consumer_init(&c, then_cancel_itself, &met);
	contract->submit_soon(c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_int_eq(met, WEIR_CANCEL_TOO_LATE);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(skip_callback_says_truly_whether_a_callback_comes)
{
	struct consumer c;
	unsigned calls = 0;

	contract_up(_i);
	contract_consumer(&c);
	for (int i = 0; i < 20; i++) {
		bool skipped = true;

		weir_aio_skip_callback(c.aio, &skipped);
		ck_assert(!skipped);
		if (i % 2 == 0) {
			contract->submit_soon(c.aio);
		} else {
			contract->submit(c.aio);
			(void)weir_aio_cancel(c.aio);
		}
		if (skipped) {
			ck_assert(i % 2 == 0);
			ck_assert(!weir_aio_busy(c.aio));
			contract_collect(c.aio);
		} else {
			consumer_wait(&c, ++calls);
			/* Full buffers of the system may find room after all.
			 */
			ck_assert(c.result == WEIR_OK ||
				  (c.result == WEIR_ECANCELED && i % 2 != 0));
		}
		consumer_settle(&c);
	}
	ck_assert_uint_eq(c.calls, calls);
	/* It was for one operation only. */
	contract->submit_soon(c.aio);
	consumer_expect(&c, calls + 1, WEIR_OK);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(many_handles_at_once_each_end_once)
{
	enum { MANY = 100 };
	static struct consumer c[MANY];

	contract_up(_i);
	for (int i = 0; i < MANY; i++) {
		contract_consumer(&c[i]);
		contract->submit(c[i].aio);
	}
	for (int i = 0; i < MANY; i += 2) {
		ck_assert_int_eq(weir_aio_abort(c[i].aio, WEIR_EPROTO),
		    WEIR_CANCEL_REQUESTED);
	}
	for (int i = 0; i < MANY; i += 2) {
		consumer_expect(&c[i], 1, WEIR_EPROTO);
		ck_assert_uint_eq(c[i + 1].calls, 0);
	}
	for (int i = 1; i < MANY; i += 2) {
		ck_assert_int_eq(weir_aio_stop(c[i].aio), WEIR_OK);
		consumer_expect(&c[i], 1, WEIR_ESTOPPED);
	}
	for (int i = 0; i < MANY; i++) {
		consumer_fini(&c[i]);
	}
	contract_down();
}
END_TEST

void
contract_add_ends(TCase *tc)
{
	CONTRACT_ADD(tc, an_operation_ends_with_one_callback);
	CONTRACT_ADD(tc, the_provider_ends_what_was_pending);
	CONTRACT_ADD(tc, cancel_ends_it_with_ecanceled);
	CONTRACT_ADD(tc, abort_ends_it_with_the_code_given);
	CONTRACT_ADD(tc, a_cancel_of_an_idle_handle_leaves_no_trace);
	CONTRACT_ADD(tc, the_timeout_ends_it_and_is_never_early);
	CONTRACT_ADD(tc, timeout_zero_ends_what_would_wait);
	CONTRACT_ADD(tc, an_expiration_bounds_one_operation_and_is_used_up);
	CONTRACT_ADD(
	    tc, an_expiration_is_forgotten_when_its_operation_ended_otherwise);
	CONTRACT_ADD(tc, an_expiration_in_the_past_is_timeout_zero);
	CONTRACT_ADD(tc, an_expiration_replaces_the_timeout_and_back);
	CONTRACT_ADD(tc, a_timeout_never_reaches_the_next_operation);
	CONTRACT_ADD(tc, a_handle_without_a_callback_is_waited_for);
	CONTRACT_ADD(tc, the_callback_may_submit_again);
	CONTRACT_ADD(tc, the_callback_may_submit_what_times_out);
	CONTRACT_ADD(
	    tc, a_cancel_in_the_callback_is_too_late_and_changes_nothing);
	CONTRACT_ADD(tc, skip_callback_says_truly_whether_a_callback_comes);
	CONTRACT_ADD(tc, many_handles_at_once_each_end_once);
}
