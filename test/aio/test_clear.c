/*
 * test_clear - handles that are cleared, and operations that end before they
 * begin.
 */
#include "aio/consumer.h"
#include "aio/stage.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>
#include <weir/weir.h>

/* --- In each state ----------------------------------------------------- */

START_TEST(clear_leaves_a_running_operation_unharmed)
{
	stage_up(_i);
	weir_aio_clear(stage.c.aio);
	switch ((enum stage_state)_i) {
	case STAGE_STARTED:
	case STAGE_QUEUED:
	case STAGE_RESTARTED:
		stage_expect_misuse(1, "weir_aio_clear");
		break;
	case STAGE_IDLE:
	case STAGE_RUNNING:
	case STAGE_ENDED:
		stage_expect_misuse(0, NULL);
		ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_OK);
		ck_assert_uint_eq(weir_aio_count(stage.c.aio), 0);
		break;
	case STAGE_STOPPED:
	case STAGE_FINISHED:
		stage_expect_misuse(0, NULL);
		ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_ESTOPPED);
		break;
	case STAGE_STATES:
		break;
	}
	stage_down(true);
}
END_TEST

START_TEST(finish_now_is_refused_when_there_is_nothing_to_end)
{
	stage_up(_i);
	if (_i == STAGE_QUEUED || _i == STAGE_RUNNING || _i == STAGE_ENDED) {
		ck_assert(!weir_aio_finish_now(stage.c.aio, WEIR_EPROTO));
		stage_expect_misuse(1, "weir_aio_finish_now");
	} else if (_i == STAGE_STOPPED || _i == STAGE_FINISHED) {
		ck_assert(!weir_aio_finish_now(stage.c.aio, WEIR_EPROTO));
		stage_expect_misuse(0, NULL);
		ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_ESTOPPED);
	}
	stage_down(true);
}
END_TEST

/* --- One after the other ----------------------------------------------- */

static void
setup(void)
{
	rt_up(NULL);
}

static void
teardown(void)
{
	rt_down();
}

START_TEST(what_is_set_on_a_clear_handle_is_the_next_operations)
{
	struct consumer c;
	int a;
	int b;

	consumer_init(&c, NULL, NULL);
	for (unsigned n = 1; n <= 3; n++) {
		weir_aio_clear(c.aio);
		ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
		ck_assert(!weir_aio_busy(c.aio));
		ck_assert_int_eq(
		    weir_aio_set_output(c.aio, 0, n == 2 ? &b : &a), WEIR_OK);
		weir_aio_set_count(c.aio, n);
		if (n == 3) { /* a reset of its own changes nothing */
			ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
			weir_aio_clear(c.aio);
		}
		ck_assert(weir_aio_finish_now(c.aio, WEIR_OK));
		consumer_wait(&c, n);
		consumer_settle(&c);
		ck_assert_ptr_eq(
		    weir_aio_get_output(c.aio, 0), n == 2 ? &b : &a);
		ck_assert_uint_eq(weir_aio_count(c.aio), n);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(a_reset_without_clear_forgets_outputs)
{
	struct consumer c;
	int a;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_set_output(c.aio, 1, &a), WEIR_OK);
	ck_assert(weir_aio_finish_now(c.aio, WEIR_OK));
	consumer_wait(&c, 1);
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 1));
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_wait(&c, 2);
	consumer_fini(&c);
}
END_TEST

START_TEST(clear_forgets_a_skip_request_and_keeps_the_expiration)
{
	struct consumer c;
	bool skipped = true;

	consumer_init(&c, NULL, NULL);
	weir_aio_skip_callback(c.aio, &skipped);
	ck_assert_int_eq(weir_aio_set_expire(c.aio, 0), WEIR_OK);
	weir_aio_clear(c.aio);
	weir_sleep_aio(WEIR_SECONDS(60), c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	ck_assert(!skipped);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_stopped_handle_drops_what_follows_a_clear)
{
	struct consumer c;
	bool skipped = false;
	int a;

	consumer_init(&c, NULL, NULL);
	weir_sleep_aio(0, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	weir_aio_clear(c.aio);
	ck_assert(skipped);
	ck_assert_int_eq(weir_aio_set_output(c.aio, 0, &a), WEIR_OK);
	ck_assert(!weir_aio_finish_now(c.aio, WEIR_OK));
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	consumer_wait(&c, 1);
	consumer_fini(&c);
}
END_TEST

static unsigned reports;

static void
on_misuse(void *arg, const weir_misuse *misuse)
{
	(void)arg;
	(void)misuse;
	reports++;
}

START_TEST(a_second_finish_right_after_the_first_is_caught)
{
	struct consumer c;

	reports = 0;
	weir_misuse_set(on_misuse, NULL);
	consumer_init(&c, NULL, NULL);
	ck_assert(weir_aio_finish_now(c.aio, WEIR_ENOENT));
	ck_assert(!weir_aio_finish_now(c.aio, WEIR_EPROTO));
	consumer_expect(&c, 1, WEIR_ENOENT);
	consumer_settle(&c);
	ck_assert(!weir_aio_finish_now(c.aio, WEIR_EPROTO));
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ENOENT);
	ck_assert_uint_eq(reports, 2);
	consumer_fini(&c);
	weir_misuse_set(NULL, NULL);
}
END_TEST

START_TEST(finish_now_ends_what_was_started)
{
	static const weir_provider provider = {
	    .size = sizeof(provider), .name = "test"};
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_start(c.aio, &provider, NULL), WEIR_OK);
	ck_assert(weir_aio_busy(c.aio));
	ck_assert(weir_aio_finish_now(c.aio, WEIR_ENOENT));
	consumer_expect(&c, 1, WEIR_ENOENT);
	consumer_fini(&c);
}
END_TEST

START_TEST(null_is_ignored)
{
	weir_aio_clear(NULL);
	ck_assert(!weir_aio_finish_now(NULL, WEIR_OK));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *states = tcase_create("states");
	TCase *tc = tcase_create("clear");

	STAGE_ADD(states, clear_leaves_a_running_operation_unharmed);
	STAGE_ADD(states, finish_now_is_refused_when_there_is_nothing_to_end);
	suite_add_tcase(suite, states);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, what_is_set_on_a_clear_handle_is_the_next_operations);
	tcase_add_test(tc, a_reset_without_clear_forgets_outputs);
	tcase_add_test(
	    tc, clear_forgets_a_skip_request_and_keeps_the_expiration);
	tcase_add_test(tc, a_stopped_handle_drops_what_follows_a_clear);
	tcase_add_test(tc, a_second_finish_right_after_the_first_is_caught);
	tcase_add_test(tc, finish_now_ends_what_was_started);
	tcase_add_test(tc, null_is_ignored);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
