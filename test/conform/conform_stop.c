/*
 * conform_stop - beyond the documents of the drop-in: after a stop no callback
 * runs, and what waits inside a callback never hangs (traps 6 and 21).
 */
#include "conform/con.h"

#include <stdlib.h>

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

START_TEST(after_stop_what_is_submitted_is_dropped_without_a_callback)
{
	nng_aio_stop(o.aio);
	nng_sleep_aio(0, o.aio);
	nng_sleep_aio(1, o.aio);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	ck_assert(!con_prov_submit(&p, o.aio));
	nng_aio_wait(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
}
END_TEST

START_TEST(the_dropped_operation_has_no_count_and_no_outputs)
{
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert_int_eq(nng_aio_set_output(o.aio, 0, &p), NNG_OK);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_stop(o.aio);
	nng_sleep_aio(0, o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	ck_assert_uint_eq(nng_aio_count(o.aio), 0);
	ck_assert_ptr_null(nng_aio_get_output(o.aio, 0));
}
END_TEST

static void
resubmit(struct con_op *op)
{
	nng_sleep_aio(0, op->aio);
}

START_TEST(stop_ends_a_callback_that_resubmits_blindly)
{
	unsigned calls;

	o.then = resubmit;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 50));
	nng_aio_stop(o.aio);
	calls = latch_hits(&o.ran);
	ck_assert(!nng_aio_busy(o.aio));
	ck_assert(!latch_wait_ms(&o.ran, calls + 1, 20));
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
}
END_TEST

START_TEST(free_ends_a_callback_that_resubmits_blindly)
{
	unsigned calls;

	o.then = resubmit;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 50));
	nng_aio_free(o.aio);
	o.gone = true;
	calls = latch_hits(&o.ran);
	ck_assert(!latch_wait_ms(&o.ran, calls + 1, 20));
}
END_TEST

static void
resubmit_long(struct con_op *op)
{
	nng_sleep_aio(CON_LONG_MS, op->aio);
}

START_TEST(stop_ends_a_long_operation_that_a_callback_submitted)
{
	o.then = resubmit_long;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	nng_aio_stop(o.aio);
	ck_assert(!nng_aio_busy(o.aio));
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
}
END_TEST

static void *
stop_thread(void *arg)
{
	nng_aio_stop(arg);
	return NULL;
}

START_TEST(many_threads_stop_one_handle)
{
	o.then = resubmit;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 10));
	con_threads(6, stop_thread, o.aio);
	ck_assert(!nng_aio_busy(o.aio));
}
END_TEST

static void
wait_own(struct con_op *op)
{
	nng_aio_wait(op->aio);
}

START_TEST(wait_in_the_own_callback_returns)
{
	o.then = wait_own;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	con_op_expect(&o, 1, NNG_OK);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

static void
stop_own(struct con_op *op)
{
	nng_aio_stop(op->aio);
	nng_sleep_aio(0, op->aio);
}

START_TEST(stop_in_the_own_callback_returns_and_holds)
{
	o.then = stop_own;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(o.calls, 1);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
}
END_TEST

static void
free_own(struct con_op *op)
{
	op->gone = true;
	nng_aio_free(op->aio);
}

START_TEST(free_in_the_own_callback_is_a_reap)
{
	o.then = free_own;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	ck_assert_uint_eq(o.calls, 1);
}
END_TEST

static void
free_own_pending(struct con_op *op)
{
	if (op->calls == 1) {
		nng_sleep_aio(CON_LONG_MS, op->aio);
		op->gone = true;
		nng_aio_reap(op->aio);
	}
}

START_TEST(a_callback_that_resubmits_and_reaps_gets_one_more)
{
	o.then = free_own_pending;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 2));
	ck_assert_uint_eq(o.calls, 2);
	ck_assert_int_eq(o.results[1], NNG_ESTOPPED);
}
END_TEST

static void
wait_for_other(struct con_op *op)
{
	nng_aio_wait(((struct con_op *)op->arg)->aio);
}

START_TEST(a_callback_may_wait_for_another_handle)
{
	struct con_op other;

	con_op_init(&other, NULL, NULL);
	o.then = wait_for_other;
	o.arg = &other;
	nng_sleep_aio(5, other.aio);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_expect(&other, 1, NNG_OK);
	con_op_fini(&other);
}
END_TEST

START_TEST(a_ring_of_callbacks_that_wait_for_each_other_does_not_hang)
{
	struct con_op ring[3];

	for (int i = 0; i < 3; i++) {
		con_op_init(&ring[i], wait_for_other, &ring[(i + 1) % 3]);
	}
	for (int i = 0; i < 3; i++) {
		nng_sleep_aio(1, ring[i].aio);
	}
	for (int i = 0; i < 3; i++) {
		con_op_expect(&ring[i], 1, NNG_OK);
	}
	for (int i = 0; i < 3; i++) {
		con_op_fini(&ring[i]);
	}
}
END_TEST

START_TEST(more_waiting_callbacks_than_threads_make_progress)
{
	enum { WAITERS = 64 };
	struct con_op last;
	struct con_op *ops = calloc(WAITERS, sizeof(*ops));

	ck_assert_ptr_nonnull(ops);
	con_op_init(&last, NULL, NULL);
	nng_sleep_aio(20, last.aio);
	for (int i = 0; i < WAITERS; i++) {
		con_op_init(&ops[i], wait_for_other, &last);
		nng_sleep_aio(0, ops[i].aio);
	}
	con_op_expect(&last, 1, NNG_OK);
	for (int i = 0; i < WAITERS; i++) {
		con_op_expect(&ops[i], 1, NNG_OK);
		con_op_fini(&ops[i]);
	}
	con_op_fini(&last);
	free(ops);
}
END_TEST

static void
stop_other(struct con_op *op)
{
	nng_aio_stop(((struct con_op *)op->arg)->aio);
}

START_TEST(a_callback_may_stop_another_handle)
{
	struct con_op other;

	con_op_init(&other, NULL, NULL);
	o.then = stop_other;
	o.arg = &other;
	nng_sleep_aio(CON_LONG_MS, other.aio);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_expect(&other, 1, NNG_ESTOPPED);
	con_op_fini(&other);
}
END_TEST

static void
free_other(struct con_op *op)
{
	struct con_op *other = op->arg;

	other->gone = true;
	nng_aio_free(other->aio);
}

START_TEST(a_callback_may_free_another_handle)
{
	struct con_op other;

	con_op_init(&other, NULL, NULL);
	o.then = free_other;
	o.arg = &other;
	nng_sleep_aio(CON_LONG_MS, other.aio);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert(latch_wait(&other.ran, 1));
	ck_assert_int_eq(other.results[0], NNG_ESTOPPED);
	con_op_fini(&other);
}
END_TEST

START_TEST(the_native_face_says_why_it_does_not_wait)
{
	ck_assert_int_eq(weir_aio_wait(o.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_stop(o.aio), WEIR_OK);
}
END_TEST

static void
ask_deadlock(struct con_op *op)
{
	op->results[CON_SEEN_MAX - 1] = weir_aio_wait(op->aio);
	op->results[CON_SEEN_MAX - 2] = weir_aio_stop(op->aio);
}

START_TEST(the_native_face_names_the_deadlock)
{
	o.then = ask_deadlock;
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	ck_assert_int_eq(o.results[CON_SEEN_MAX - 1], (nng_err)WEIR_EDEADLK);
	ck_assert_int_eq(o.results[CON_SEEN_MAX - 2], (nng_err)WEIR_EDEADLK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/stop");
	TCase *tc = con_case_bare(suite, "stop");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, after_stop_what_is_submitted_is_dropped_without_a_callback);
	tcase_add_test(tc, the_dropped_operation_has_no_count_and_no_outputs);
	tcase_add_test(tc, stop_ends_a_callback_that_resubmits_blindly);
	tcase_add_test(tc, free_ends_a_callback_that_resubmits_blindly);
	tcase_add_test(
	    tc, stop_ends_a_long_operation_that_a_callback_submitted);
	tcase_add_test(tc, many_threads_stop_one_handle);

	tc = con_case_bare(suite, "inside");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, wait_in_the_own_callback_returns);
	tcase_add_test(tc, stop_in_the_own_callback_returns_and_holds);
	tcase_add_test(tc, free_in_the_own_callback_is_a_reap);
	tcase_add_test(tc, a_callback_that_resubmits_and_reaps_gets_one_more);
	tcase_add_test(tc, a_callback_may_wait_for_another_handle);
	tcase_add_test(
	    tc, a_ring_of_callbacks_that_wait_for_each_other_does_not_hang);
	tcase_add_test(tc, more_waiting_callbacks_than_threads_make_progress);
	tcase_add_test(tc, a_callback_may_stop_another_handle);
	tcase_add_test(tc, a_callback_may_free_another_handle);
	tcase_add_test(tc, the_native_face_says_why_it_does_not_wait);
	tcase_add_test(tc, the_native_face_names_the_deadlock);
	return run_suite(suite);
}
