/*
 * conform_provider - section 9: reset, start, finish, and the cancel function.
 */
#include "conform/con.h"

static struct con_op o;
static struct con_prov p;

static void
setup_mode(enum con_hook mode)
{
	con_setup();
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, mode);
}

static void
setup(void)
{
	setup_mode(CON_HOOK_ENDS);
}

static void
setup_ignores(void)
{
	setup_mode(CON_HOOK_IGNORES);
}

static void
setup_none(void)
{
	setup_mode(CON_HOOK_NONE);
}

static void
teardown(void)
{
	con_op_fini(&o);
	con_prov_fini(&p);
	con_teardown();
}

START_TEST(start_says_true_and_one_finish_ends_the_operation)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(nng_aio_busy(o.aio));
	ck_assert(con_prov_finish(&p, NNG_ECONNRESET));
	con_op_expect(&o, 1, NNG_ECONNRESET);
}
END_TEST

static const nng_err ends[] = {NNG_OK, NNG_EINTR, NNG_ETIMEDOUT, NNG_ECANCELED,
    NNG_ESTOPPED, NNG_EINTERNAL, (nng_err)28, (nng_err)12345,
    (nng_err)0x10000005, (nng_err)0x20000005};

START_TEST(finish_gives_any_code_as_it_is)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, ends[_i]));
	con_op_expect(&o, 1, ends[_i]);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, ends[_i]);
	con_op_expect(&o, 2, ends[_i]);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 3, NNG_OK);
}
END_TEST

START_TEST(reset_clears_result_count_and_outputs)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_int_eq(nng_aio_set_output(o.aio, 0, &p), NNG_OK);
	ck_assert(con_prov_finish(&p, NNG_EPROTO));
	con_op_expect(&o, 1, NNG_EPROTO);
	nng_aio_reset(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(o.aio), 0);
	ck_assert_ptr_null(nng_aio_get_output(o.aio, 0));
	/* Nothing was begun. */
	ck_assert(!nng_aio_busy(o.aio));
	nng_aio_wait(o.aio);
}
END_TEST

START_TEST(reset_leaves_inputs_and_message)
{
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 1), NNG_OK);
	nng_aio_set_msg(o.aio, msg);
	ck_assert_int_eq(nng_aio_set_input(o.aio, 3, &p), NNG_OK);
	nng_aio_reset(o.aio);
	ck_assert_ptr_eq(nng_aio_get_msg(o.aio), msg);
	ck_assert_ptr_eq(nng_aio_get_input(o.aio, 3), &p);
	nng_aio_set_msg(o.aio, NULL);
	nng_msg_free(msg);
}
END_TEST

START_TEST(reset_may_be_called_again_and_again)
{
	nng_aio_reset(o.aio);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_EAGAIN);
	con_op_expect(&o, 1, NNG_EAGAIN);
	nng_aio_reset(o.aio);
	nng_aio_reset(o.aio);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(reset_forgets_an_abort_that_came_while_idle)
{
	nng_aio_abort(o.aio, NNG_EPROTO);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(start_forgets_an_abort_that_came_before)
{
	nng_aio_reset(o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	nng_aio_cancel(o.aio);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(start_implies_reset)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_int_eq(nng_aio_set_output(o.aio, 2, &p), NNG_OK);
	ck_assert(con_prov_finish(&p, NNG_EPROTO));
	con_op_expect(&o, 1, NNG_EPROTO);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_null(nng_aio_get_output(o.aio, i));
	}
	ck_assert_uint_eq(nng_aio_count(o.aio), 0);
}
END_TEST

START_TEST(a_synchronous_operation_needs_no_start)
{
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_ENOENT);
	con_op_expect(&o, 1, NNG_ENOENT);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(outputs_of_a_synchronous_operation_are_set_before_finish)
{
	nng_aio_reset(o.aio);
	ck_assert_int_eq(nng_aio_set_output(o.aio, 0, &o), NNG_OK);
	ck_assert_int_eq(nng_aio_set_output(o.aio, 3, &p), NNG_OK);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_ptr_eq(nng_aio_get_output(o.aio, 0), &o);
	ck_assert_ptr_eq(nng_aio_get_output(o.aio, 3), &p);
	ck_assert_ptr_null(nng_aio_get_output(o.aio, 1));
}
END_TEST

START_TEST(a_wait_only_handle_has_synchronous_operations_too)
{
	nng_aio *aio;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	nng_aio_reset(aio);
	ck_assert_int_eq(nng_aio_set_output(aio, 0, &o), NNG_OK);
	nng_aio_finish(aio, NNG_EEXIST);
	nng_aio_wait(aio);
	ck_assert_int_eq(nng_aio_result(aio), NNG_EEXIST);
	ck_assert_ptr_eq(nng_aio_get_output(aio, 0), &o);
	nng_aio_free(aio);
}
END_TEST

START_TEST(the_callback_does_not_run_on_the_finishing_thread)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	ck_assert(!pthread_equal(o.on, pthread_self()));
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 2, NNG_OK);
	ck_assert(!pthread_equal(o.on, pthread_self()));
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 3, NNG_OK);
	ck_assert(!pthread_equal(o.on, pthread_self()));
	/* Nor on the thread that cancels, which finishes in the function. */
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 4, NNG_ECANCELED);
	ck_assert(!pthread_equal(o.on, pthread_self()));
	/* Nor on the one whose start is refused. */
	nng_aio_set_timeout(o.aio, 0);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 5, NNG_ETIMEDOUT);
	ck_assert(!pthread_equal(o.on, pthread_self()));
}
END_TEST

START_TEST(start_is_refused_by_timeout_zero_and_the_handle_is_usable)
{
	nng_aio_set_timeout(o.aio, 0);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_aio_set_timeout(o.aio, CON_LONG_MS);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
}
END_TEST

START_TEST(start_is_refused_by_an_expiration_and_the_handle_is_usable)
{
	nng_aio_set_expire(o.aio, nng_clock() - 1);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
}
END_TEST

START_TEST(start_is_refused_by_a_stopped_handle)
{
	nng_aio_stop(o.aio);
	for (int i = 0; i < 3; i++) {
		ck_assert(!con_prov_submit(&p, o.aio));
		nng_aio_wait(o.aio);
		ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	}
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
}
END_TEST

START_TEST(a_synchronous_finish_of_a_stopped_handle_is_harmless)
{
	nng_aio_stop(o.aio);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	nng_aio_wait(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	/* After stop no callback runs. */
	ck_assert_uint_eq(latch_hits(&o.ran), 0);
}
END_TEST

START_TEST(the_cancel_function_gets_handle_argument_and_code)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_abort(o.aio, NNG_ECONNABORTED);
	con_op_expect(&o, 1, NNG_ECONNABORTED);
	ck_assert_uint_eq(con_prov_hooks(&p), 1);
	ck_assert_ptr_eq(p.hook_aio, o.aio);
	ck_assert_ptr_eq(p.hook_arg, &p);
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ECONNABORTED);
}
END_TEST

START_TEST(the_cancel_function_is_never_told_zero)
{
	ck_assert(con_prov_submit(&p, o.aio));
	/* Forbidden by the documents; trap 3. */
	nng_aio_abort(o.aio, NNG_OK);
	if (con_prov_hooks(&p) == 0) {
		nng_aio_cancel(o.aio);
	}
	ck_assert(latch_wait(&o.ran, 1));
	nng_aio_wait(o.aio);
	for (unsigned i = 0; i < con_prov_hooks(&p); i++) {
		ck_assert_int_ne(con_prov_why(&p, i), NNG_OK);
	}
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ECANCELED);
}
END_TEST

START_TEST(a_provider_may_end_the_operation_later_with_the_code)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	ck_assert(latch_wait(&p.hooked, 1));
	ck_assert(nng_aio_busy(o.aio));
	ck_assert_uint_eq(latch_hits(&o.ran), 0);
	ck_assert(con_prov_finish(&p, con_prov_why(&p, 0)));
	con_op_expect(&o, 1, NNG_ECANCELED);
}
END_TEST

START_TEST(a_provider_may_let_the_normal_end_come)
{
	nng_aio_set_timeout(o.aio, 5);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(latch_wait(&p.hooked, 1));
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ETIMEDOUT);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(a_stop_asks_a_provider_that_ignored_a_cancel)
{
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	ck_assert(latch_wait(&p.hooked, 1));
	con_prov_set_mode(&p, CON_HOOK_ENDS);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	ck_assert_int_eq(con_prov_why(&p, 1), NNG_ESTOPPED);
}
END_TEST

START_TEST(without_a_cancel_function_only_finish_ends_the_operation)
{
	nng_aio_set_timeout(o.aio, 5);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_aio_cancel(o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	ck_assert(!latch_wait_ms(&o.ran, 1, 30));
	ck_assert(nng_aio_busy(o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(without_a_cancel_function_start_is_refused_as_ever)
{
	nng_aio_set_timeout(o.aio, 0);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_aio_stop(o.aio);
	ck_assert(!con_prov_submit(&p, o.aio));
}
END_TEST

START_TEST(a_second_finish_is_misuse_and_changes_nothing)
{
	con_misuse_begin();
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_EPROTO));
	con_op_expect(&o, 1, NNG_EPROTO);
	nng_aio_finish(o.aio, NNG_OK);
	ck_assert_uint_eq(con_misuses(), 1);
	ck_assert(!nng_aio_busy(o.aio));
	con_op_expect(&o, 1, NNG_EPROTO);
}
END_TEST

START_TEST(a_second_start_is_misuse_and_the_operation_goes_on)
{
	struct con_prov other;

	con_misuse_begin();
	con_prov_init(&other, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(!con_prov_submit(&other, o.aio));
	ck_assert_uint_ge(con_misuses(), 1);
	ck_assert(con_prov_finish(&p, NNG_EEXIST));
	con_op_expect(&o, 1, NNG_EEXIST);
	ck_assert_uint_eq(con_prov_hooks(&other), 0);
	con_prov_fini(&other);
}
END_TEST

static void
submit_again(struct con_op *op)
{
	if (op->calls < 3) {
		(void)con_prov_submit(op->arg, op->aio);
		(void)con_prov_finish(op->arg, (nng_err)op->calls);
	}
}

START_TEST(a_provider_is_used_again_from_the_callback)
{
	o.then = submit_again;
	o.arg = &p;
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	ck_assert(latch_wait(&o.ran, 3));
	con_op_expect(&o, 3, (nng_err)2);
	ck_assert_int_eq(o.results[0], 0);
	ck_assert_int_eq(o.results[1], 1);
}
END_TEST

static const size_t n_ends = sizeof(ends) / sizeof(ends[0]);

int
main(void)
{
	Suite *suite = suite_create("conform/provider");
	TCase *tc = con_case_bare(suite, "provider");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, start_says_true_and_one_finish_ends_the_operation);
	tcase_add_loop_test(tc, finish_gives_any_code_as_it_is, 0, (int)n_ends);
	tcase_add_test(tc, reset_clears_result_count_and_outputs);
	tcase_add_test(tc, reset_leaves_inputs_and_message);
	tcase_add_test(tc, reset_may_be_called_again_and_again);
	tcase_add_test(tc, reset_forgets_an_abort_that_came_while_idle);
	tcase_add_test(tc, start_forgets_an_abort_that_came_before);
	tcase_add_test(tc, start_implies_reset);
	tcase_add_test(tc, a_synchronous_operation_needs_no_start);
	tcase_add_test(
	    tc, outputs_of_a_synchronous_operation_are_set_before_finish);
	tcase_add_test(tc, a_wait_only_handle_has_synchronous_operations_too);
	tcase_add_test(tc, the_callback_does_not_run_on_the_finishing_thread);
	tcase_add_test(
	    tc, start_is_refused_by_timeout_zero_and_the_handle_is_usable);
	tcase_add_test(
	    tc, start_is_refused_by_an_expiration_and_the_handle_is_usable);
	tcase_add_test(tc, start_is_refused_by_a_stopped_handle);
	tcase_add_test(
	    tc, a_synchronous_finish_of_a_stopped_handle_is_harmless);
	tcase_add_test(tc, the_cancel_function_gets_handle_argument_and_code);
	tcase_add_test(tc, the_cancel_function_is_never_told_zero);
	tcase_add_test(tc, a_second_finish_is_misuse_and_changes_nothing);
	tcase_add_test(tc, a_second_start_is_misuse_and_the_operation_goes_on);
	tcase_add_test(tc, a_provider_is_used_again_from_the_callback);

	tc = con_case_bare(suite, "ignores");
	tcase_add_checked_fixture(tc, setup_ignores, teardown);
	tcase_add_test(
	    tc, a_provider_may_end_the_operation_later_with_the_code);
	tcase_add_test(tc, a_provider_may_let_the_normal_end_come);
	tcase_add_test(tc, a_stop_asks_a_provider_that_ignored_a_cancel);

	tc = con_case_bare(suite, "none");
	tcase_add_checked_fixture(tc, setup_none, teardown);
	tcase_add_test(
	    tc, without_a_cancel_function_only_finish_ends_the_operation);
	tcase_add_test(tc, without_a_cancel_function_start_is_refused_as_ever);
	return run_suite(suite);
}
