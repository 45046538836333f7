/*
 * conform_wait - section 8: wait, busy, result.
 */
#include "conform/con.h"

static void
linger(struct con_op *o)
{
	latch_hit(o->arg);
	nng_msleep(30);
	latch_hit(o->arg);
}

START_TEST(wait_returns_at_once_on_a_handle_never_used_or_idle)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_wait(o.aio);
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	nng_aio_wait(o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(wait_returns_when_the_callback_has_returned)
{
	struct latch steps;
	struct con_op o;

	latch_init(&steps);
	con_op_init(&o, linger, &steps);
	nng_sleep_aio(1, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(latch_hits(&steps), 2);
	con_op_fini(&o);
	latch_fini(&steps);
}
END_TEST

static void
four_times(struct con_op *o)
{
	if (o->calls < 4) {
		nng_sleep_aio(2, o->aio);
	}
}

START_TEST(a_callback_that_resubmits_keeps_wait_waiting)
{
	struct con_op o;

	con_op_init(&o, four_times, NULL);
	nng_sleep_aio(2, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(o.calls, 4);
	ck_assert(!nng_aio_busy(o.aio));
	con_op_fini(&o);
}
END_TEST

START_TEST(a_handle_is_busy_while_pending_and_inside_its_callback)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	ck_assert(!nng_aio_busy(o.aio));
	nng_sleep_aio(CON_LONG_MS, o.aio);
	ck_assert(nng_aio_busy(o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	ck_assert(o.busy);
	ck_assert(!nng_aio_busy(o.aio));
	con_op_fini(&o);
}
END_TEST

START_TEST(a_result_stays_until_the_next_operation)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	con_op_expect(&o, 1, NNG_EPROTO);
	nng_aio_set_timeout(o.aio, 1000);
	ck_assert_int_eq(nng_aio_set_input(o.aio, 0, &o), NNG_OK);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_EPROTO);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_EPROTO);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	con_op_fini(&o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/wait");
	TCase *tc = con_case(suite, "wait");

	tcase_add_test(tc, wait_returns_at_once_on_a_handle_never_used_or_idle);
	tcase_add_test(tc, wait_returns_when_the_callback_has_returned);
	tcase_add_test(tc, a_callback_that_resubmits_keeps_wait_waiting);
	tcase_add_test(
	    tc, a_handle_is_busy_while_pending_and_inside_its_callback);
	tcase_add_test(tc, a_result_stays_until_the_next_operation);
	return run_suite(suite);
}
