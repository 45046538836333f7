/*
 * conform_consumer - section 8: alloc, free, reap, stop, abort, cancel.
 */
#include "conform/con.h"

START_TEST(a_fresh_handle_is_idle_and_empty)
{
	nng_aio *aio;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	ck_assert(!nng_aio_busy(aio));
	ck_assert_int_eq(nng_aio_result(aio), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(aio), 0);
	ck_assert_ptr_null(nng_aio_get_msg(aio));
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_null(nng_aio_get_input(aio, i));
		ck_assert_ptr_null(nng_aio_get_output(aio, i));
	}
	nng_aio_free(aio);
}
END_TEST

START_TEST(a_fresh_handle_has_no_limit_of_time)
{
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(!latch_wait_ms(&o.ran, 1, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

static void
keep_arg(void *arg)
{
	latch_hit(arg);
}

START_TEST(the_callback_gets_its_argument)
{
	struct latch l;
	nng_aio *aio;

	latch_init(&l);
	ck_assert_int_eq(nng_aio_alloc(&aio, keep_arg, &l), NNG_OK);
	nng_sleep_aio(0, aio);
	ck_assert(latch_wait(&l, 1));
	nng_aio_free(aio);
	ck_assert_uint_eq(latch_hits(&l), 1);
	latch_fini(&l);
}
END_TEST

START_TEST(without_a_callback_one_waits)
{
	nng_aio *aio;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	for (int i = 0; i < 3; i++) {
		nng_sleep_aio(3, aio);
		nng_aio_wait(aio);
		ck_assert(!nng_aio_busy(aio));
		ck_assert_int_eq(nng_aio_result(aio), NNG_OK);
	}
	nng_sleep_aio(CON_LONG_MS, aio);
	nng_aio_cancel(aio);
	nng_aio_wait(aio);
	ck_assert_int_eq(nng_aio_result(aio), NNG_ECANCELED);
	nng_aio_free(aio);
}
END_TEST

START_TEST(free_cancels_what_is_pending_and_its_callback_still_runs)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_free(o.aio);
	o.gone = true;
	/* It waited for the callback, too. */
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

START_TEST(free_asks_the_provider_with_stopped)
{
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_free(o.aio);
	o.gone = true;
	con_op_expect(&o, 1, NNG_ESTOPPED);
	ck_assert_uint_eq(con_prov_hooks(&p), 1);
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ESTOPPED);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

static void
linger(struct con_op *o)
{
	latch_hit(o->arg);
	nng_msleep(30);
	latch_hit(o->arg);
}

START_TEST(free_waits_for_a_callback_that_runs)
{
	struct latch steps;
	struct con_op o;

	latch_init(&steps);
	con_op_init(&o, linger, &steps);
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&steps, 1));
	nng_aio_free(o.aio);
	o.gone = true;
	ck_assert_uint_eq(latch_hits(&steps), 2);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
	latch_fini(&steps);
}
END_TEST

START_TEST(an_idle_handle_is_freed_without_a_callback)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_free(o.aio);
	o.gone = true;
	ck_assert_uint_eq(latch_hits(&o.ran), 0);
	con_op_fini(&o);
}
END_TEST

START_TEST(reap_frees_later_and_the_callback_runs_with_stopped)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	o.gone = true;
	nng_aio_reap(o.aio);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

START_TEST(reap_returns_at_once_although_the_callback_runs)
{
	struct latch steps;
	struct con_op o;

	latch_init(&steps);
	con_op_init(&o, linger, &steps);
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&steps, 1));
	o.gone = true;
	nng_aio_reap(o.aio);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_uint_eq(latch_hits(&steps), 2);
	con_op_fini(&o);
	latch_fini(&steps);
}
END_TEST

static void
reap_own(struct con_op *o)
{
	o->gone = true;
	nng_aio_reap(o->aio);
}

START_TEST(reap_is_legal_in_the_own_callback)
{
	struct con_op o;

	con_op_init(&o, reap_own, NULL);
	nng_sleep_aio(1, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(an_idle_handle_is_reaped_without_a_callback)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	o.gone = true;
	nng_aio_reap(o.aio);
	ck_assert(!latch_wait_ms(&o.ran, 1, 10));
	con_op_fini(&o);
}
END_TEST

START_TEST(stop_ends_the_operation_and_waits_for_the_callback)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_stop(o.aio);
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	ck_assert(!nng_aio_busy(o.aio));
	con_op_expect(&o, 1, NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

START_TEST(stop_is_for_good)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_stop(o.aio);
	for (int i = 0; i < 3; i++) {
		nng_sleep_aio(0, o.aio);
		nng_aio_wait(o.aio);
		ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
		ck_assert(!nng_aio_busy(o.aio));
	}
	con_op_fini(&o);
}
END_TEST

START_TEST(repeated_stop_is_harmless)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_stop(o.aio);
	nng_aio_stop(o.aio);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

static void
finish_when_asked(void *arg)
{
	struct con_prov *p = arg;

	(void)latch_wait(&p->hooked, 1);
	nng_msleep(5);
	(void)con_prov_finish(p, NNG_OK);
}

START_TEST(stop_waits_for_a_provider_that_takes_its_time)
{
	struct con_op o;
	struct con_prov p;
	nng_thread *finisher;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_IGNORES);
	ck_assert(con_prov_submit(&p, o.aio));
	/* The provider ends it by itself, with success: its right. */
	ck_assert_int_eq(
	    nng_thread_create(&finisher, finish_when_asked, &p), 0);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_thread_destroy(finisher);
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ESTOPPED);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

static const nng_err reasons[] = {NNG_ECANCELED, NNG_EINTR, NNG_ECLOSED,
    NNG_EPROTO, NNG_ETIMEDOUT, NNG_ESTOPPED, NNG_EINTERNAL,
    (nng_err)(0x10000000 + 5), (nng_err)(0x20000000 + 77), (nng_err)4711};

START_TEST(abort_ends_the_operation_with_the_code_given)
{
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_abort(o.aio, reasons[_i]);
	con_op_expect(&o, 1, reasons[_i]);
	ck_assert_int_eq(con_prov_why(&p, 0), reasons[_i]);
	/* Also with such a code, the handle is not stopped. */
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

START_TEST(abort_does_not_wait)
{
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_IGNORES);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_abort(o.aio, NNG_EPROTO);
	ck_assert(nng_aio_busy(o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	/* It lost to the completion. */
	con_op_expect(&o, 1, NNG_OK);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

START_TEST(abort_and_cancel_of_an_idle_handle_have_no_effect)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_cancel(o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_OK);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_abort(o.aio, NNG_EPROTO);
	nng_aio_cancel(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_OK);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(cancel_is_abort_with_canceled)
{
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ECANCELED);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

START_TEST(many_handles_are_allocated_and_freed)
{
	nng_aio *aio[300];

	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(nng_aio_alloc(&aio[i], NULL, NULL), NNG_OK);
		nng_sleep_aio(i % 3 == 0 ? CON_LONG_MS : i % 7, aio[i]);
	}
	for (int i = 0; i < 300; i++) {
		nng_aio_free(aio[299 - i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/consumer");
	TCase *tc = con_case(suite, "life");

	tcase_add_test(tc, a_fresh_handle_is_idle_and_empty);
	tcase_add_test(tc, a_fresh_handle_has_no_limit_of_time);
	tcase_add_test(tc, the_callback_gets_its_argument);
	tcase_add_test(tc, without_a_callback_one_waits);
	tcase_add_test(
	    tc, free_cancels_what_is_pending_and_its_callback_still_runs);
	tcase_add_test(tc, free_asks_the_provider_with_stopped);
	tcase_add_test(tc, free_waits_for_a_callback_that_runs);
	tcase_add_test(tc, an_idle_handle_is_freed_without_a_callback);
	tcase_add_test(tc, reap_frees_later_and_the_callback_runs_with_stopped);
	tcase_add_test(tc, reap_returns_at_once_although_the_callback_runs);
	tcase_add_test(tc, reap_is_legal_in_the_own_callback);
	tcase_add_test(tc, an_idle_handle_is_reaped_without_a_callback);
	tcase_add_test(tc, many_handles_are_allocated_and_freed);

	tc = con_case(suite, "end");
	tcase_add_test(tc, stop_ends_the_operation_and_waits_for_the_callback);
	tcase_add_test(tc, stop_is_for_good);
	tcase_add_test(tc, repeated_stop_is_harmless);
	tcase_add_test(tc, stop_waits_for_a_provider_that_takes_its_time);
	tcase_add_loop_test(tc, abort_ends_the_operation_with_the_code_given, 0,
	    (int)(sizeof(reasons) / sizeof(reasons[0])));
	tcase_add_test(tc, abort_does_not_wait);
	tcase_add_test(tc, abort_and_cancel_of_an_idle_handle_have_no_effect);
	tcase_add_test(tc, cancel_is_abort_with_canceled);
	return run_suite(suite);
}
