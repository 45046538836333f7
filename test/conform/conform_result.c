/*
 * conform_result - beyond the documents of the drop-in: the result is decided
 * once, callbacks of a handle come one after the other, and both faces see the
 * same handle.
 */
#include "conform/con.h"

#include <weir/provider.h>

static struct con_op o;
static struct con_prov p;

static void
setup(void)
{
	con_setup();
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
}

static void
teardown(void)
{
	con_op_fini(&o);
	con_prov_fini(&p);
	con_teardown();
}

START_TEST(a_late_cancel_leaves_the_result)
{
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_cancel(o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

static void
cancel_own(struct con_op *op)
{
	nng_aio_cancel(op->aio);
	nng_aio_abort(op->aio, NNG_EPROTO);
	op->results[CON_SEEN_MAX - 1] = nng_aio_result(op->aio);
}

START_TEST(a_cancel_in_the_own_callback_changes_nothing)
{
	o.then = cancel_own;
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_int_eq(o.results[CON_SEEN_MAX - 1], NNG_OK);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(a_late_cancel_leaves_message_count_and_outputs)
{
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 3), NNG_OK);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_set_msg(o.aio, msg);
	weir_aio_set_count(o.aio, 77);
	ck_assert_int_eq(nng_aio_set_output(o.aio, 0, &p), NNG_OK);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_cancel(o.aio);
	ck_assert_ptr_eq(nng_aio_get_msg(o.aio), msg);
	ck_assert_uint_eq(nng_aio_count(o.aio), 77);
	ck_assert_ptr_eq(nng_aio_get_output(o.aio, 0), &p);
	nng_aio_stop(o.aio);
	ck_assert_uint_eq(nng_aio_count(o.aio), 77);
	nng_msg_free(msg);
}
END_TEST

START_TEST(a_stop_of_an_idle_handle_leaves_the_result)
{
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(the_native_face_tells_what_a_cancel_met)
{
	ck_assert_int_eq(weir_aio_cancel(o.aio), WEIR_CANCEL_IDLE);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_int_eq(weir_aio_cancel(o.aio), WEIR_CANCEL_REQUESTED);
	con_op_expect(&o, 1, NNG_ECANCELED);
	ck_assert_int_eq(weir_aio_cancel(o.aio), WEIR_CANCEL_IDLE);
}
END_TEST

static void
hold(struct con_op *op)
{
	latch_hit(op->arg);
	(void)latch_wait(op->arg, 2);
}

START_TEST(a_cancel_while_the_callback_runs_is_too_late)
{
	struct latch steps;

	latch_init(&steps);
	o.then = hold;
	o.arg = &steps;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&steps, 1));
	ck_assert_int_ne(weir_aio_cancel(o.aio), WEIR_CANCEL_REQUESTED);
	latch_hit(&steps);
	con_op_expect(&o, 1, NNG_OK);
	latch_fini(&steps);
}
END_TEST

START_TEST(a_reason_given_to_one_operation_never_reaches_the_next)
{
	con_prov_set_mode(&p, CON_HOOK_IGNORES);
	for (unsigned i = 1; i <= 20; i++) {
		ck_assert(con_prov_submit(&p, o.aio));
		nng_aio_abort(o.aio, NNG_EPROTO);
		ck_assert(con_prov_finish(&p, NNG_OK));
		nng_aio_abort(o.aio, NNG_ECLOSED);
		ck_assert(latch_wait(&o.ran, 2 * i - 1));
		nng_aio_wait(o.aio);
		nng_sleep_aio(0, o.aio);
		ck_assert(latch_wait(&o.ran, 2 * i));
		nng_aio_wait(o.aio);
		ck_assert_int_eq(nng_aio_result(o.aio), NNG_OK);
	}
}
END_TEST

START_TEST(a_timeout_that_lost_never_reaches_the_next)
{
	con_prov_set_mode(&p, CON_HOOK_IGNORES);
	nng_aio_set_timeout(o.aio, 1);
	for (unsigned i = 1; i <= 10; i++) {
		ck_assert(con_prov_submit(&p, o.aio));
		ck_assert(latch_wait(&p.hooked, i));
		ck_assert(con_prov_finish(&p, NNG_OK));
		con_op_expect(&o, i, NNG_OK);
	}
}
END_TEST

START_TEST(a_cancel_that_was_ignored_is_followed_by_timeout_and_stop)
{
	con_prov_set_mode(&p, CON_HOOK_IGNORES);
	nng_aio_set_timeout(o.aio, 40);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	ck_assert(latch_wait(&p.hooked, 2));
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ECANCELED);
	ck_assert_int_eq(con_prov_why(&p, 1), NNG_ETIMEDOUT);
	con_prov_set_mode(&p, CON_HOOK_ENDS);
	nng_aio_stop(o.aio);
	ck_assert_int_eq(con_prov_why(&p, 2), NNG_ESTOPPED);
	con_op_expect(&o, 1, NNG_ESTOPPED);
}
END_TEST

static void
submit_then_linger(struct con_op *op)
{
	if (op->calls < 5) {
		/* It ends at once, and its callback has to wait for us. */
		nng_sleep_aio(0, op->aio);
		nng_msleep(5);
	}
}

START_TEST(callbacks_do_not_overlap_when_one_resubmits_and_lingers)
{
	o.then = submit_then_linger;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 5));
	con_op_expect(&o, 5, NNG_OK);
	ck_assert_int_eq(o.overlaps, 0);
}
END_TEST

static void
tell_then_linger(struct con_op *op)
{
	latch_hit(op->arg);
	nng_msleep(10);
}

START_TEST(another_thread_may_resubmit_when_the_callback_has_begun)
{
	struct latch begun;

	latch_init(&begun);
	o.then = tell_then_linger;
	o.arg = &begun;
	nng_sleep_aio(0, o.aio);
	for (unsigned i = 1; i < 5; i++) {
		ck_assert(latch_wait(&begun, i));
		nng_sleep_aio(0, o.aio);
	}
	ck_assert(latch_wait(&o.ran, 5));
	con_op_expect(&o, 5, NNG_OK);
	ck_assert_int_eq(o.overlaps, 0);
	latch_fini(&begun);
}
END_TEST

START_TEST(results_come_in_the_order_of_completions)
{
	for (unsigned i = 0; i < 10; i++) {
		ck_assert(con_prov_submit(&p, o.aio));
		ck_assert(con_prov_finish(&p, (nng_err)(100 + i)));
		ck_assert(latch_wait(&o.ran, i + 1));
	}
	nng_aio_wait(o.aio);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(o.results[i], (nng_err)(100 + i));
	}
}
END_TEST

START_TEST(one_handle_has_two_faces)
{
	weir_aio *native = o.aio;

	ck_assert_int_eq(weir_aio_set_timeout(native, WEIR_MS(5)), WEIR_OK);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_aio_set_timeout(o.aio, NNG_DURATION_INFINITE);
	weir_sleep_aio(WEIR_MS(1), native);
	con_op_expect(&o, 2, NNG_OK);
	ck_assert_int_eq(weir_aio_result(native), WEIR_OK);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	ck_assert_int_eq(weir_aio_wait_until(native, weir_now() + WEIR_MS(5)),
	    WEIR_ETIMEDOUT);
	weir_aio_close(native);
	con_op_expect(&o, 3, NNG_ESTOPPED);
}
END_TEST

START_TEST(a_native_timeout_set_to_milliseconds_is_exact)
{
	static const nng_duration ms[] = {1, 250, 1000, INT32_MAX};

	for (unsigned i = 0; i < 4; i++) {
		nng_aio_set_timeout(o.aio, ms[i]);
		ck_assert_int_eq(
		    weir_aio_get_timeout(o.aio), WEIR_MS((int64_t)ms[i]));
	}
	nng_aio_set_timeout(o.aio, NNG_DURATION_INFINITE);
	ck_assert_int_eq(weir_aio_get_timeout(o.aio), WEIR_INFINITE);
	nng_aio_set_timeout(o.aio, NNG_DURATION_ZERO);
	ck_assert_int_eq(weir_aio_get_timeout(o.aio), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/result");
	TCase *tc = con_case_bare(suite, "result");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_late_cancel_leaves_the_result);
	tcase_add_test(tc, a_cancel_in_the_own_callback_changes_nothing);
	tcase_add_test(tc, a_late_cancel_leaves_message_count_and_outputs);
	tcase_add_test(tc, a_stop_of_an_idle_handle_leaves_the_result);
	tcase_add_test(tc, the_native_face_tells_what_a_cancel_met);
	tcase_add_test(tc, a_cancel_while_the_callback_runs_is_too_late);
	tcase_add_test(
	    tc, a_reason_given_to_one_operation_never_reaches_the_next);
	tcase_add_test(tc, a_timeout_that_lost_never_reaches_the_next);
	tcase_add_test(
	    tc, a_cancel_that_was_ignored_is_followed_by_timeout_and_stop);
	tcase_add_test(
	    tc, callbacks_do_not_overlap_when_one_resubmits_and_lingers);
	tcase_add_test(
	    tc, another_thread_may_resubmit_when_the_callback_has_begun);
	tcase_add_test(tc, results_come_in_the_order_of_completions);
	tcase_add_test(tc, one_handle_has_two_faces);
	tcase_add_test(tc, a_native_timeout_set_to_milliseconds_is_exact);
	return run_suite(suite);
}
