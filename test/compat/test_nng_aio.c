/*
 * test_nng_aio - the consumer's side, sentence by sentence.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <string.h>

START_TEST(a_fresh_handle_is_empty)
{
	nng_aio *aio = NULL;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	ck_assert(!nng_aio_busy(aio));
	ck_assert_int_eq(nng_aio_result(aio), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(aio), 0);
	ck_assert_ptr_null(nng_aio_get_msg(aio));
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_ptr_null(nng_aio_get_input(aio, i));
		ck_assert_ptr_null(nng_aio_get_output(aio, i));
	}
	nng_aio_wait(aio); /* returns at once */
	nng_aio_free(aio);
}
END_TEST

START_TEST(NULL_handles_are_ignored)
{
	nng_aio_free(NULL);
	nng_aio_reap(NULL);
	nng_aio_stop(NULL);
	nng_aio_wait(NULL);
	nng_aio_abort(NULL, NNG_ECANCELED);
	nng_aio_cancel(NULL);
}
END_TEST

static void
again(struct nrt *n)
{
	unsigned *left = n->arg;

	if (--*left > 0) {
		nng_sleep_aio(0, n->aio);
	}
}

START_TEST(a_callback_may_submit_its_own_handle_again)
{
	unsigned left = 20;
	struct nrt n;

	nrt_init(&n, again, &left);
	nng_sleep_aio(0, n.aio);
	/* Each resubmission keeps it waiting. */
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 20);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(n.results[i], NNG_OK);
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(the_callback_runs_on_another_thread)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	ck_assert(!pthread_equal(n.ran_on, pthread_self()));
	nrt_fini(&n);
}
END_TEST

START_TEST(a_handle_without_callback_is_waited_for)
{
	nng_aio *aio;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	nng_sleep_aio(5, aio);
	nng_aio_wait(aio);
	ck_assert_int_eq(nng_aio_result(aio), NNG_OK);
	ck_assert(!nng_aio_busy(aio));
	nng_aio_free(aio);
}
END_TEST

START_TEST(a_handle_is_busy_while_pending_and_in_its_callback)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	ck_assert(nng_aio_busy(n.aio));
	nng_aio_cancel(n.aio);
	nrt_expect(&n, 1, NNG_ECANCELED);
	ck_assert(n.busy);
	ck_assert(!nng_aio_busy(n.aio));
	nrt_fini(&n);
}
END_TEST

START_TEST(abort_with_0_has_no_effect)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_aio_abort(n.aio, NNG_OK);
	nng_aio_abort(n.aio, NNG_ECONNRESET);
	nrt_expect(&n, 1, NNG_ECONNRESET);
	nrt_fini(&n);
}
END_TEST

START_TEST(a_cancel_of_an_idle_handle_leaves_no_trace)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_cancel(n.aio);
	nng_aio_abort(n.aio, NNG_EPROTO);
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_OK);
	nng_sleep_aio(1, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	nng_aio_cancel(n.aio); /* too late: the result stays */
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_OK);
	nrt_fini(&n);
}
END_TEST

START_TEST(after_stop_nothing_runs_and_the_result_is_ESTOPPED)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_aio_stop(n.aio);
	ck_assert_uint_eq(n.calls, 1); /* stop has waited for it */
	ck_assert_int_eq(n.results[0], NNG_ESTOPPED);
	nng_aio_stop(n.aio);
	nng_sleep_aio(0, n.aio);
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 1);
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_ESTOPPED);
	nrt_fini(&n);
}
END_TEST

START_TEST(free_ends_what_is_pending_and_runs_its_callback)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_aio_free(n.aio);
	n.gone = true;
	ck_assert_uint_eq(n.calls, 1);
	ck_assert_int_eq(n.results[0], NNG_ESTOPPED);
	nrt_fini(&n);
}
END_TEST

static void
wait_for_itself(struct nrt *n)
{
	nng_aio_wait(n->aio);
	nng_aio_stop(n->aio);
	nng_sleep_aio(0, n->aio); /* stopped all the same */
	nng_aio_free(n->aio);     /* as reap */
	n->gone = true;
}

START_TEST(wait_stop_and_free_in_the_own_callback_do_not_hang)
{
	struct nrt n;

	nrt_init(&n, wait_for_itself, NULL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
}
END_TEST

static void
reap_itself(struct nrt *n)
{
	nng_aio_reap(n->aio);
	n->gone = true;
}

START_TEST(reap_is_legal_in_the_own_callback)
{
	struct nrt n;

	nrt_init(&n, reap_itself, NULL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
}
END_TEST

/* --- Settings ---------------------------------------------------------- */

START_TEST(inputs_persist_and_bad_indexes_have_no_effect)
{
	int data[4];
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(nng_aio_set_input(n.aio, i, &data[i]), NNG_OK);
	}
	ck_assert_int_eq(nng_aio_set_input(n.aio, 4, data), NNG_EINVAL);
	ck_assert_int_eq(
	    nng_aio_set_input(n.aio, UINT32_MAX, data), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_output(n.aio, 4, data), NNG_EINVAL);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_eq(nng_aio_get_input(n.aio, i), &data[i]);
		ck_assert_ptr_null(nng_aio_get_output(n.aio, i));
	}
	ck_assert_ptr_null(nng_aio_get_input(n.aio, 4));
	ck_assert_ptr_null(nng_aio_get_output(n.aio, UINT32_MAX));
	nrt_fini(&n);
}
END_TEST

START_TEST(up_to_8_pieces_of_iov_are_taken_and_more_refused)
{
	char buf[9];
	nng_iov iov[9];
	nng_aio *aio;

	for (unsigned i = 0; i < 9; i++) {
		iov[i].iov_buf = &buf[i];
		iov[i].iov_len = i % 2; /* empty ones, too */
	}
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	for (unsigned n = 0; n <= 8; n++) {
		ck_assert_int_eq(nng_aio_set_iov(aio, n, iov), NNG_OK);
	}
	ck_assert_int_eq(nng_aio_set_iov(aio, 9, iov), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_iov(aio, UINT32_MAX, iov), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_iov(aio, 0, NULL), NNG_OK);
	nng_aio_free(aio);
}
END_TEST

START_TEST(the_message_stays_until_it_is_replaced)
{
	nng_msg *msg = (nng_msg *)(void *)&msg; /* never looked into */
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_set_msg(n.aio, msg);
	nng_aio_reset(n.aio);
	ck_assert_ptr_eq(nng_aio_get_msg(n.aio), msg);
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	ck_assert_ptr_eq(nng_aio_get_msg(n.aio), msg);
	nng_aio_set_msg(n.aio, NULL);
	ck_assert_ptr_null(nng_aio_get_msg(n.aio));
	nrt_fini(&n);
}
END_TEST

START_TEST(a_skipped_callback_does_not_run_and_is_told)
{
	bool skipped = true;
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_skip_callback(n.aio, &skipped);
	ck_assert(!skipped); /* at once */
	nng_sleep_aio(0, n.aio);
	ck_assert(skipped);
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 0);
	/* For that one only, and only if it ends at once. */
	nng_sleep_aio(0, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	nng_aio_skip_callback(n.aio, &skipped);
	nng_sleep_aio(1, n.aio);
	ck_assert(!skipped);
	nrt_expect(&n, 2, NNG_OK);
	nrt_fini(&n);
}
END_TEST

/* --- Misuse, reported and refused -------------------------------------- */

static unsigned misuses;

static void
count_misuse(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)m;
	misuses++;
}

START_TEST(a_submit_on_a_busy_handle_is_caught_and_harms_nothing)
{
	struct nrt n;

	misuses = 0;
	weir_misuse_set(count_misuse, NULL);
	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_sleep_aio(0, n.aio);
	ck_assert_uint_eq(misuses, 1);
	ck_assert(!nng_aio_start(n.aio, NULL, NULL));
	ck_assert_uint_eq(misuses, 2);
	ck_assert(nng_aio_busy(n.aio));
	nng_aio_cancel(n.aio);
	nrt_expect(&n, 1, NNG_ECANCELED);
	nrt_fini(&n);
	weir_misuse_set(NULL, NULL);
}
END_TEST

static Suite *
aio_suite(void)
{
	Suite *s = suite_create("nng_aio");
	TCase *tc = tcase_create("operation");

	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, a_fresh_handle_is_empty);
	tcase_add_test(tc, NULL_handles_are_ignored);
	tcase_add_test(tc, a_callback_may_submit_its_own_handle_again);
	tcase_add_test(tc, the_callback_runs_on_another_thread);
	tcase_add_test(tc, a_handle_without_callback_is_waited_for);
	tcase_add_test(tc, a_handle_is_busy_while_pending_and_in_its_callback);
	tcase_add_test(tc, abort_with_0_has_no_effect);
	tcase_add_test(tc, a_cancel_of_an_idle_handle_leaves_no_trace);
	tcase_add_test(tc, after_stop_nothing_runs_and_the_result_is_ESTOPPED);
	tcase_add_test(tc, free_ends_what_is_pending_and_runs_its_callback);
	tcase_add_test(tc, wait_stop_and_free_in_the_own_callback_do_not_hang);
	tcase_add_test(tc, reap_is_legal_in_the_own_callback);
	tcase_add_test(
	    tc, a_submit_on_a_busy_handle_is_caught_and_harms_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("settings");
	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, inputs_persist_and_bad_indexes_have_no_effect);
	tcase_add_test(tc, up_to_8_pieces_of_iov_are_taken_and_more_refused);
	tcase_add_test(tc, the_message_stays_until_it_is_replaced);
	tcase_add_test(tc, a_skipped_callback_does_not_run_and_is_told);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(aio_suite());
}
