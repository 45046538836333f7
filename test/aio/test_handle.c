/*
 * test_handle - what can be set and read, in every state of the handle.
 */
#include "aio/stage.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <limits.h>
#include <string.h>

/* Settings are refused while an operation is pending. */
static weir_err
want_set(void)
{
	return stage_has_operation() ? WEIR_EMISUSE : WEIR_OK;
}

static void
expect_set(weir_err rv, const char *call)
{
	ck_assert_int_eq(rv, want_set());
	stage_expect_misuse(stage_has_operation() ? 1 : 0, call);
}

START_TEST(settings_are_misuse_while_an_operation_is_pending)
{
	static char byte;
	const weir_iov iov = {&byte, 1};
	weir_aio *aio;

	stage_up(_i);
	aio = stage.c.aio;
	expect_set(weir_aio_set_timeout(aio, WEIR_SECONDS(77)),
	    "weir_aio_set_timeout");
	expect_set(weir_aio_set_expire(aio, WEIR_NEVER), "weir_aio_set_expire");
	expect_set(weir_aio_set_iov(aio, 1, &iov), "weir_aio_set_iov");
	expect_set(weir_aio_borrow_iov(aio, 1, &iov), "weir_aio_borrow_iov");
	expect_set(weir_aio_set_input(aio, 1, &byte), "weir_aio_set_input");
	expect_set(weir_aio_set_executor(aio, NULL), "weir_aio_set_executor");
	stage_down(true);
}
END_TEST

START_TEST(skip_callback_is_misuse_while_an_operation_is_pending)
{
	bool skipped = true;

	stage_up(_i);
	weir_aio_skip_callback(stage.c.aio, &skipped);
	ck_assert(!skipped);
	stage_expect_misuse(
	    stage_has_operation() ? 1 : 0, "weir_aio_skip_callback");
	weir_aio_skip_callback(stage.c.aio, NULL);
	stage_expect_misuse(
	    stage_has_operation() ? 1 : 0, "weir_aio_skip_callback");
	stage_down(true);
}
END_TEST

START_TEST(a_refused_setting_leaves_the_old_one)
{
	static char byte;
	weir_aio *aio;
	bool changed;

	stage_up(_i);
	aio = stage.c.aio;
	changed = !stage_has_operation();
	(void)weir_aio_set_input(aio, 0, &byte);
	(void)weir_aio_set_timeout(aio, WEIR_SECONDS(5));
	ck_assert_ptr_eq(weir_aio_get_input(aio, 0), changed ? &byte : NULL);
	ck_assert_int_eq(weir_aio_get_timeout(aio),
	    changed ? WEIR_SECONDS(5) : WEIR_DEFAULT);
	stage.misuse.n = 0;
	stage_down(true);
}
END_TEST

START_TEST(a_tag_is_set_in_every_state)
{
	stage_up(_i);
	weir_aio_set_tag(stage.c.aio, NULL);
	weir_aio_set_tag(stage.c.aio, "on stage");
	stage_expect_misuse(0, NULL);
	stage_down(true);
}
END_TEST

START_TEST(getters_work_in_every_state)
{
	weir_aio *aio;

	stage_up(_i);
	aio = stage.c.aio;
	ck_assert_ptr_null(weir_aio_get_input(aio, 0));
	ck_assert_ptr_null(weir_aio_get_input(aio, WEIR_AIO_SLOTS));
	ck_assert_ptr_null(weir_aio_get_output(aio, WEIR_AIO_SLOTS));
	ck_assert_ptr_null(weir_aio_get_output(aio, 0));
	ck_assert_ptr_null(weir_aio_get_msg(aio));
	(void)weir_aio_result(aio);
	(void)weir_aio_count(aio);
	stage_expect_misuse(0, NULL);
	stage_down(true);
}
END_TEST

START_TEST(busy_is_true_from_submit_to_the_callbacks_return)
{
	bool want;

	stage_up(_i);
	want = stage_has_operation() || _i == STAGE_RUNNING;
	ck_assert_int_eq(weir_aio_busy(stage.c.aio), want);
	stage_down(true);
}
END_TEST

START_TEST(the_result_reads_well_in_every_state)
{
	weir_aio *aio;

	stage_up(_i);
	aio = stage.c.aio;
	switch ((enum stage_state)_i) {
	case STAGE_IDLE:
	case STAGE_STOPPED:
	case STAGE_FINISHED:
		ck_assert_int_eq(weir_aio_result(aio), WEIR_OK);
		ck_assert_uint_eq(weir_aio_count(aio), 0);
		break;
	case STAGE_RUNNING:
	case STAGE_ENDED:
		ck_assert_int_eq(weir_aio_result(aio), WEIR_OK);
		ck_assert_uint_eq(weir_aio_count(aio), 3);
		break;
	case STAGE_STARTED:
	case STAGE_QUEUED:
	case STAGE_RESTARTED:
	case STAGE_STATES:
		break; /* unspecified */
	}
	stage_down(true);
}
END_TEST

START_TEST(submitting_a_busy_handle_is_caught_and_harms_nothing)
{
	stage_up(_i);
	if (stage_has_operation()) {
		toy_submit(&stage.toy, stage.c.aio);
		stage_expect_misuse(1, "weir_aio_reset");
		weir_sleep_aio(1, stage.c.aio);
		stage_expect_misuse(1, "weir_sleep_aio");
		ck_assert_int_eq(weir_aio_reset(stage.c.aio), WEIR_EMISUSE);
		stage_expect_misuse(1, "weir_aio_reset");
	}
	stage_down(true);
}
END_TEST

START_TEST(a_new_submit_works_wherever_no_operation_is_pending)
{
	unsigned calls;

	stage_up(_i);
	calls = stage.c.calls;
	if (!stage_has_operation()) {
		toy_submit_now(stage.c.aio, WEIR_EPROTO, 9);
		latch_hit(&stage.go);
		if (_i == STAGE_STOPPED || _i == STAGE_FINISHED) {
			ck_assert_int_eq(weir_aio_wait(stage.c.aio), WEIR_OK);
			ck_assert_int_eq(
			    weir_aio_result(stage.c.aio), WEIR_ESTOPPED);
			ck_assert_uint_eq(stage.c.calls, calls);
		} else {
			/* From outside too, when the callback has begun. */
			consumer_expect(&stage.c,
			    calls + (calls > 0 && _i != STAGE_ENDED) +
				(_i == STAGE_ENDED) + (calls == 0),
			    WEIR_EPROTO);
		}
	}
	stage_down(false);
}
END_TEST

/* --- Messages ---------------------------------------------------------- */

START_TEST(a_message_is_stored_and_read)
{
	weir_msg *msg = (weir_msg *)(void *)&stage; /* never looked into */
	weir_aio *aio;

	stage_up(_i);
	aio = stage.c.aio;
	if (stage_has_operation() && _i == STAGE_QUEUED) {
		ck_assert_int_eq(weir_aio_set_msg(aio, msg), WEIR_EMISUSE);
		stage_expect_misuse(1, "weir_aio_set_msg");
		ck_assert_ptr_null(weir_aio_get_msg(aio));
	} else if (!stage_has_operation()) {
		ck_assert_int_eq(weir_aio_set_msg(aio, msg), WEIR_OK);
		ck_assert_ptr_eq(weir_aio_get_msg(aio), msg);
		ck_assert_int_eq(weir_aio_set_msg(aio, NULL), WEIR_OK);
		ck_assert_ptr_null(weir_aio_get_msg(aio));
	}
	stage_down(true);
}
END_TEST

START_TEST(a_provider_sets_the_message_of_its_operation)
{
	weir_msg *msg = (weir_msg *)(void *)&stage; /* never looked into */
	struct consumer c;

	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_msg(c.aio, msg), WEIR_OK);
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_ptr_eq(weir_aio_get_msg(c.aio), msg);
	consumer_fini(&c);
	rt_down();
}
END_TEST

/* --- Values ------------------------------------------------------------ */

START_TEST(inputs_stay_over_operations_outputs_do_not)
{
	static int in[WEIR_AIO_SLOTS], out;
	struct consumer c;

	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
	for (unsigned i = 0; i < WEIR_AIO_SLOTS; i++) {
		ck_assert_int_eq(weir_aio_set_input(c.aio, i, &in[i]), WEIR_OK);
	}
	ck_assert_int_eq(
	    weir_aio_set_input(c.aio, WEIR_AIO_SLOTS, &out), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_aio_set_input(c.aio, UINT_MAX, &out), WEIR_EINVAL);
	for (unsigned n = 1; n <= 2; n++) {
		ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
		if (n == 1) {
			ck_assert_int_eq(
			    weir_aio_set_output(c.aio, 3, &out), WEIR_OK);
			ck_assert_int_eq(
			    weir_aio_set_output(c.aio, WEIR_AIO_SLOTS, &out),
			    WEIR_EINVAL);
		}
		ck_assert(weir_aio_finish(c.aio, WEIR_OK));
		consumer_wait(&c, n);
		consumer_settle(&c);
		ck_assert_ptr_eq(
		    weir_aio_get_output(c.aio, 3), n == 1 ? &out : NULL);
		ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
	}
	for (unsigned i = 0; i < WEIR_AIO_SLOTS; i++) {
		ck_assert_ptr_eq(weir_aio_get_input(c.aio, i), &in[i]);
	}
	consumer_fini(&c);
	rt_down();
}
END_TEST

START_TEST(timeouts_out_of_range_are_refused_and_the_old_one_stays)
{
	struct consumer c;

	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_get_timeout(c.aio), WEIR_DEFAULT);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 42), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, -3), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, INT64_MIN), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_get_timeout(c.aio), 42);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, INT64_MAX), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_INFINITE), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_DEFAULT), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, -1), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, INT64_MIN), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, 0), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, WEIR_NEVER), WEIR_OK);
	consumer_fini(&c);
	rt_down();
}
END_TEST

START_TEST(null_handles_do_nothing)
{
	const weir_iov iov = {&stage, 1};
	weir_blocker what = WEIR_BLOCKER_QUEUE;
	const char *who = "x";
	bool skipped = true;

	rt_up(NULL);
	weir_aio_free(NULL);
	weir_aio_reap(NULL);
	weir_aio_close(NULL);
	ck_assert_int_eq(weir_aio_stop(NULL), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_stop_until(NULL, WEIR_NEVER, &what, &who), WEIR_OK);
	ck_assert_int_eq(what, WEIR_BLOCKER_NONE);
	ck_assert_str_eq(who, "");
	ck_assert_int_eq(weir_aio_cancel(NULL), WEIR_CANCEL_IDLE);
	ck_assert_int_eq(weir_aio_abort(NULL, WEIR_EPROTO), WEIR_CANCEL_IDLE);
	ck_assert_int_eq(weir_aio_wait(NULL), WEIR_OK);
	ck_assert_int_eq(weir_aio_wait_until(NULL, WEIR_NEVER), WEIR_OK);
	ck_assert(!weir_aio_busy(NULL));
	ck_assert_int_eq(weir_aio_result(NULL), WEIR_EINVAL);
	ck_assert_uint_eq(weir_aio_count(NULL), 0);
	ck_assert_int_eq(weir_aio_set_timeout(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_expire(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_iov(NULL, 1, &iov), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_borrow_iov(NULL, 1, &iov), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_msg(NULL, NULL), WEIR_EINVAL);
	ck_assert_ptr_null(weir_aio_get_msg(NULL));
	ck_assert_int_eq(weir_aio_set_input(NULL, 0, NULL), WEIR_EINVAL);
	ck_assert_ptr_null(weir_aio_get_input(NULL, 0));
	ck_assert_ptr_null(weir_aio_get_output(NULL, 0));
	weir_aio_skip_callback(NULL, &skipped);
	ck_assert(!skipped);
	ck_assert_int_eq(weir_aio_set_executor(NULL, NULL), WEIR_EINVAL);
	weir_aio_set_tag(NULL, "x");
	weir_sleep_aio(1, NULL);
	rt_down();
}
END_TEST

START_TEST(alloc_wants_a_place_for_the_handle)
{
	rt_up(NULL);
	ck_assert_int_eq(weir_aio_alloc(NULL, latch_hit_cb, NULL), WEIR_EINVAL);
	rt_down();
}
END_TEST

START_TEST(a_fresh_handle_is_idle_with_result_ok)
{
	weir_aio *aio;

	rt_up(NULL);
	ck_assert_int_eq(weir_aio_alloc(&aio, latch_hit_cb, NULL), WEIR_OK);
	ck_assert(!weir_aio_busy(aio));
	ck_assert_int_eq(weir_aio_result(aio), WEIR_OK);
	ck_assert_uint_eq(weir_aio_count(aio), 0);
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	weir_aio_free(aio);
	rt_down();
}
END_TEST

/* --- No handle, or no longer ------------------------------------------- */

static char zeros[4096];

static void
expect_named(const char *call)
{
	ck_assert_uint_eq(stage.misuse.n, 1);
	ck_assert_str_eq(stage.misuse.call, call);
	ck_assert_ptr_eq(stage.misuse.object, zeros);
	stage.misuse.n = 0;
}

START_TEST(what_is_no_handle_is_reported_with_the_call)
{
	weir_aio *no = (weir_aio *)(void *)zeros;
	const weir_iov iov = {zeros, 1};

	stage_up(STAGE_IDLE);
	weir_aio_free(no);
	expect_named("weir_aio_free");
	weir_aio_reap(no);
	expect_named("weir_aio_reap");
	ck_assert_int_ne(weir_aio_stop(no), WEIR_OK);
	expect_named("weir_aio_stop");
	weir_aio_close(no);
	expect_named("weir_aio_close");
	ck_assert_int_ne(weir_aio_wait(no), WEIR_OK);
	expect_named("weir_aio_wait");
	ck_assert_int_eq(weir_aio_abort(no, WEIR_EPROTO), WEIR_CANCEL_IDLE);
	expect_named("weir_aio_abort");
	ck_assert(!weir_aio_busy(no));
	expect_named("weir_aio_busy");
	(void)weir_aio_result(no);
	expect_named("weir_aio_result");
	ck_assert_int_ne(weir_aio_set_timeout(no, 1), WEIR_OK);
	expect_named("weir_aio_set_timeout");
	ck_assert_int_ne(weir_aio_set_expire(no, 1), WEIR_OK);
	expect_named("weir_aio_set_expire");
	ck_assert_int_ne(weir_aio_set_iov(no, 1, &iov), WEIR_OK);
	expect_named("weir_aio_set_iov");
	ck_assert_int_ne(weir_aio_set_input(no, 1, no), WEIR_OK);
	expect_named("weir_aio_set_input");
	ck_assert_int_ne(weir_aio_set_executor(no, NULL), WEIR_OK);
	expect_named("weir_aio_set_executor");
	weir_aio_set_tag(no, "x");
	expect_named("weir_aio_set_tag");
	ck_assert_int_ne(weir_aio_reset(no), WEIR_OK);
	expect_named("weir_aio_reset");
	ck_assert(!weir_aio_finish(no, WEIR_OK));
	expect_named("weir_aio_finish");
	stage_down(true);
}
END_TEST

/* Calls that share their work must not share their name. */
START_TEST(a_report_names_the_call_that_was_made)
{
	weir_aio *no = (weir_aio *)(void *)zeros;

	stage_up(STAGE_IDLE);
	ck_assert_int_eq(weir_aio_cancel(no), WEIR_CANCEL_IDLE);
	expect_named("weir_aio_cancel");
	ck_assert_int_ne(weir_aio_wait_until(no, 0), WEIR_OK);
	expect_named("weir_aio_wait_until");
	ck_assert_int_ne(weir_aio_stop_until(no, 0, NULL, NULL), WEIR_OK);
	expect_named("weir_aio_stop_until");
	stage_down(true);
}
END_TEST

/* The memory is there as long as its provider has not finished. */
START_TEST(a_second_free_is_refused_and_the_operation_unharmed)
{
	for (int k = 0; k < 4; k++) {
		stage_up(STAGE_STARTED);
		stage.toy.stubborn = true;
		weir_aio_reap(stage.c.aio);
		stage.gone = true;
		if (k % 2 == 0) {
			weir_aio_free(stage.c.aio);
			stage_expect_misuse(1, "weir_aio_free");
		} else {
			weir_aio_reap(stage.c.aio);
			stage_expect_misuse(1, "weir_aio_reap");
		}
		ck_assert_uint_eq(toy_waiting(&stage.toy), 1);
		ck_assert_uint_eq(stage.c.calls, 0);
		ck_assert(toy_finish_first(&stage.toy, WEIR_OK, 3));
		consumer_expect(&stage.c, 1, WEIR_OK);
		ck_assert_uint_eq(stage.c.count, 3);
		stage_down(false);
	}
}
END_TEST

static void
then_free_twice(struct consumer *c)
{
	if (c->calls == 1) {
		weir_aio_free(c->aio);
		weir_aio_free(c->aio);
		stage.gone = true;
	}
}

START_TEST(within_the_callback_too_a_second_free_is_named_by_its_call)
{
	stage_up(STAGE_IDLE);
	stage.c.then = then_free_twice;
	toy_submit_now(stage.c.aio, WEIR_OK, 3);
	ck_assert(latch_wait(&stage.c.ran, 1));
	ck_assert_uint_eq(stage.misuse.n, 1);
	ck_assert_str_eq(stage.misuse.call, "weir_aio_free");
	stage.misuse.n = 0;
	stage_down(false);
}
END_TEST

/* --- Every allocation fails -------------------------------------------- */

START_TEST(alloc_without_memory_leaves_nothing_and_a_retry_works)
{
	enum { MANY = 3000 };
	static weir_aio *kept[MANY];
	unsigned failed = 0;

	rt_up(NULL);
	/* So many that the expiry thread's memory grows on the way. */
	for (int i = 0; i < MANY; i++) {
		for (unsigned n = 1;; n++) {
			size_t live = wri_mem_live();
			weir_aio *aio = (weir_aio *)(void *)&stage;
			weir_err rv;

			wri_mem_fail_at(n);
			rv = weir_aio_alloc(&aio, NULL, NULL);
			wri_mem_fail_at(0);
			if (rv == WEIR_OK) {
				kept[i] = aio;
				break;
			}
			failed++;
			ck_assert_int_eq(rv, WEIR_ENOMEM);
			ck_assert_ptr_eq(aio, &stage);
			ck_assert_uint_eq(wri_mem_live(), live);
		}
	}
	ck_assert_uint_gt(failed, MANY);
	for (int i = 0; i < MANY; i++) {
		weir_aio_free(kept[i]);
	}
	rt_down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("handle");

	STAGE_ADD(tc, settings_are_misuse_while_an_operation_is_pending);
	STAGE_ADD(tc, skip_callback_is_misuse_while_an_operation_is_pending);
	STAGE_ADD(tc, a_refused_setting_leaves_the_old_one);
	STAGE_ADD(tc, a_tag_is_set_in_every_state);
	STAGE_ADD(tc, getters_work_in_every_state);
	STAGE_ADD(tc, busy_is_true_from_submit_to_the_callbacks_return);
	STAGE_ADD(tc, the_result_reads_well_in_every_state);
	STAGE_ADD(tc, submitting_a_busy_handle_is_caught_and_harms_nothing);
	STAGE_ADD(tc, a_new_submit_works_wherever_no_operation_is_pending);
	STAGE_ADD(tc, a_message_is_stored_and_read);
	tcase_add_test(tc, a_provider_sets_the_message_of_its_operation);
	tcase_add_test(tc, inputs_stay_over_operations_outputs_do_not);
	tcase_add_test(
	    tc, timeouts_out_of_range_are_refused_and_the_old_one_stays);
	tcase_add_test(tc, null_handles_do_nothing);
	tcase_add_test(tc, alloc_wants_a_place_for_the_handle);
	tcase_add_test(tc, a_fresh_handle_is_idle_with_result_ok);
	tcase_add_test(tc, what_is_no_handle_is_reported_with_the_call);
	tcase_add_test(tc, a_report_names_the_call_that_was_made);
	tcase_add_test(
	    tc, within_the_callback_too_a_second_free_is_named_by_its_call);
	tcase_add_test(tc, a_second_free_is_refused_and_the_operation_unharmed);
	tcase_add_test(
	    tc, alloc_without_memory_leaves_nothing_and_a_retry_works);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
