/*
 * test_skip - weir_aio_skip_callback: no callback for what ends at once.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>

static struct toy toy;
static struct consumer c;

static void
setup(void)
{
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
}

static void
teardown(void)
{
	consumer_fini(&c);
	rt_down();
	toy_fini(&toy);
}

/* No callback comes: nothing is pending, nothing was counted. */
static void
expect_skipped(bool skipped, unsigned calls)
{
	ck_assert(skipped);
	ck_assert(!weir_aio_busy(c.aio));
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, calls);
}

START_TEST(what_ends_while_it_is_submitted_has_no_callback)
{
	bool skipped = true;

	weir_aio_skip_callback(c.aio, &skipped);
	ck_assert(!skipped);
	toy_submit_now(c.aio, WEIR_EPROTO, 6);
	expect_skipped(skipped, 0);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EPROTO);
	ck_assert_uint_eq(weir_aio_count(c.aio), 6);
}
END_TEST

START_TEST(it_holds_for_one_operation)
{
	bool skipped;

	weir_aio_skip_callback(c.aio, &skipped);
	toy_submit_now(c.aio, WEIR_OK, 0);
	expect_skipped(skipped, 0);
	skipped = false;
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert(!skipped);
	/* Also when that one had a callback after all. */
	consumer_settle(&c);
	weir_aio_skip_callback(c.aio, &skipped);
	toy_submit(&toy, c.aio);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
	consumer_wait(&c, 2);
	consumer_settle(&c);
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_wait(&c, 3);
	ck_assert(!skipped);
}
END_TEST

START_TEST(what_ends_later_has_its_callback)
{
	bool skipped;

	weir_aio_skip_callback(c.aio, &skipped);
	toy_submit(&toy, c.aio);
	ck_assert(!skipped);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 1));
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert(!skipped);
}
END_TEST

START_TEST(a_refused_start_is_an_end_at_once)
{
	bool skipped;

	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	toy_submit(&toy, c.aio);
	expect_skipped(skipped, 0);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ETIMEDOUT);
}
END_TEST

START_TEST(a_dropped_submit_says_so_too)
{
	bool skipped;

	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	ck_assert(!skipped);
	toy_submit(&toy, c.aio);
	expect_skipped(skipped, 0);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
}
END_TEST

START_TEST(null_takes_it_back)
{
	bool skipped;

	weir_aio_skip_callback(c.aio, &skipped);
	weir_aio_skip_callback(c.aio, NULL);
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert(!skipped);
}
END_TEST

START_TEST(a_wait_only_handle_has_none_to_skip_but_is_told)
{
	struct consumer w;
	bool skipped;

	consumer_init_waiter(&w);
	weir_aio_skip_callback(w.aio, &skipped);
	toy_submit_now(w.aio, WEIR_EPROTO, 2);
	ck_assert(skipped);
	ck_assert_int_eq(weir_aio_wait(w.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(w.aio), WEIR_EPROTO);
	weir_aio_skip_callback(w.aio, &skipped);
	toy_submit(&toy, w.aio);
	ck_assert(!skipped);
	ck_assert(toy_finish(&toy, w.aio, WEIR_OK, 0));
	ck_assert_int_eq(weir_aio_wait(w.aio), WEIR_OK);
	ck_assert(!skipped);
	consumer_fini(&w);
}
END_TEST

/* In the callback, a loop instead of a chain of callbacks. */
static unsigned rounds;

static void
then_loop(struct consumer *k)
{
	bool skipped = true;

	while (rounds < 10000 && skipped) {
		rounds++;
		weir_aio_skip_callback(k->aio, &skipped);
		toy_submit_now(k->aio, WEIR_OK, rounds);
	}
}

START_TEST(a_callback_may_loop_over_what_ends_at_once)
{
	struct consumer k;

	rounds = 0;
	consumer_init(&k, then_loop, NULL);
	toy_submit_now(k.aio, WEIR_OK, 0);
	consumer_settle(&k);
	ck_assert_uint_eq(rounds, 10000);
	ck_assert_uint_eq(k.calls, 1);
	ck_assert_uint_eq(weir_aio_count(k.aio), 10000);
	consumer_fini(&k);
}
END_TEST

START_TEST(an_expiration_is_used_up_by_what_was_skipped_or_dropped)
{
	bool skipped;

	ck_assert_int_eq(weir_aio_set_expire(c.aio, 0), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	toy_submit_now(c.aio, WEIR_OK, 0);
	expect_skipped(skipped, 0);
	toy_submit(&toy, c.aio);
	ck_assert(!latch_wait_ms(&c.ran, 1, 5));
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
	consumer_expect(&c, 1, WEIR_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("skip");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_ends_while_it_is_submitted_has_no_callback);
	tcase_add_test(tc, it_holds_for_one_operation);
	tcase_add_test(tc, what_ends_later_has_its_callback);
	tcase_add_test(tc, a_refused_start_is_an_end_at_once);
	tcase_add_test(tc, a_dropped_submit_says_so_too);
	tcase_add_test(tc, null_takes_it_back);
	tcase_add_test(tc, a_wait_only_handle_has_none_to_skip_but_is_told);
	tcase_add_test(tc, a_callback_may_loop_over_what_ends_at_once);
	tcase_add_test(
	    tc, an_expiration_is_used_up_by_what_was_skipped_or_dropped);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
