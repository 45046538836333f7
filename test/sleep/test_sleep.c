/*
 * test_sleep - sleep and interval.
 */
#include "aio/consumer.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/sleep.h>
#include <weir/weir.h>

#include <check.h>

/* --- Sleep ------------------------------------------------------------- */

START_TEST(zero_and_negative_durations_end_at_once)
{
	static const weir_duration at_once[] = {0, WEIR_DEFAULT, -3, INT64_MIN};
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	/* Even where nothing may wait. */
	(void)weir_aio_set_timeout(c.aio, 0);
	for (unsigned i = 0; i < 4; i++) {
		weir_sleep_aio(at_once[i], c.aio);
		consumer_expect(&c, i + 1, WEIR_OK);
		consumer_settle(&c);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(infinite_never_ends_by_itself)
{
	static const weir_duration for_ever[] = {
	    WEIR_INFINITE, INT64_MAX, INT64_MAX - 1, INT64_MAX / 2};
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		weir_sleep_aio(for_ever[i], c.aio);
		ck_assert_int_eq(
		    weir_aio_wait_until(c.aio, weir_now() + WEIR_MS(5)),
		    WEIR_ETIMEDOUT);
		ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
		consumer_expect(&c, i + 1, WEIR_ECANCELED);
		consumer_settle(&c);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(no_sleep_is_shorter_than_asked_for)
{
	static struct consumer c[300];
	weir_time begun[300];

	for (int i = 0; i < 300; i++) {
		consumer_init(&c[i], NULL, NULL);
		begun[i] = weir_now();
		weir_sleep_aio(WEIR_US(7) * i + i % 5, c[i].aio);
	}
	for (int i = 0; i < 300; i++) {
		consumer_expect(&c[i], 1, WEIR_OK);
		ck_assert_int_ge(
		    c[i].ran_at - begun[i], WEIR_US(7) * i + i % 5);
		consumer_fini(&c[i]);
	}
}
END_TEST

START_TEST(a_shorter_timeout_wins_an_equal_one_does_not)
{
	struct consumer c;
	unsigned n = 0;

	consumer_init(&c, NULL, NULL);
	for (int i = 0; i < 20; i++) {
		weir_time begun = weir_now();

		(void)weir_aio_set_timeout(c.aio, WEIR_US(300));
		weir_sleep_aio(WEIR_SECONDS(100), c.aio);
		consumer_expect(&c, ++n, WEIR_ETIMEDOUT);
		ck_assert_int_ge(c.ran_at - begun, WEIR_US(300));
		consumer_settle(&c);

		weir_sleep_aio(WEIR_US(300), c.aio);
		consumer_expect(&c, ++n, WEIR_OK);
		consumer_settle(&c);

		(void)weir_aio_set_timeout(c.aio, WEIR_SECONDS(100));
		weir_sleep_aio(WEIR_US(300), c.aio);
		consumer_expect(&c, ++n, WEIR_OK);
		consumer_settle(&c);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(an_expiration_bounds_a_sleep)
{
	struct consumer c;
	weir_time at;

	consumer_init(&c, NULL, NULL);
	at = weir_now() + WEIR_MS(2);
	(void)weir_aio_set_expire(c.aio, at);
	weir_sleep_aio(WEIR_SECONDS(100), c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	ck_assert_int_ge(c.ran_at, at);
	consumer_settle(&c);
	/* Used up. */
	weir_sleep_aio(WEIR_MS(3), c.aio);
	consumer_expect(&c, 2, WEIR_OK);
	consumer_settle(&c);
	(void)weir_aio_set_expire(c.aio, weir_now() + WEIR_SECONDS(100));
	weir_sleep_aio(WEIR_MS(1), c.aio);
	consumer_expect(&c, 3, WEIR_OK);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_sleep_aborted_with_the_clocks_code_says_so)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	weir_sleep_aio(WEIR_SECONDS(3000), c.aio);
	ck_assert_int_eq(
	    weir_aio_abort(c.aio, WEIR_ETIMEDOUT), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_sleep_that_restarts_itself_goes_on)
{
	weir_aio *aio;

	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	for (int i = 0; i < 300; i++) {
		weir_sleep_aio(WEIR_US(i % 40), aio);
		ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
		ck_assert_int_eq(weir_aio_result(aio), WEIR_OK);
	}
	weir_aio_free(aio);
}
END_TEST

/* --- Interval ---------------------------------------------------------- */

#define PERIOD WEIR_MS(4)

START_TEST(an_interval_wants_a_period_and_a_place)
{
	weir_interval *iv = NULL;

	ck_assert_int_eq(weir_interval_alloc(NULL, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_interval_alloc(&iv, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_interval_alloc(&iv, -1), WEIR_EINVAL);
	ck_assert_int_eq(weir_interval_alloc(&iv, INT64_MIN), WEIR_EINVAL);
	ck_assert_ptr_null(iv);
	ck_assert_int_eq(weir_interval_alloc(&iv, INT64_MAX), WEIR_OK);
	weir_interval_free(iv);
	weir_interval_free(NULL);
}
END_TEST

START_TEST(ticks_lie_on_a_grid_and_none_is_early)
{
	weir_interval *iv;
	struct consumer c;
	weir_time begun = weir_now();

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_interval_alloc(&iv, PERIOD), WEIR_OK);
	for (unsigned n = 1; n <= 10; n++) {
		weir_interval_next(iv, c.aio);
		consumer_expect(&c, n, WEIR_OK);
		ck_assert_int_ge(c.ran_at, begun + PERIOD * n);
		consumer_settle(&c);
	}
	weir_interval_free(iv);
	consumer_fini(&c);
}
END_TEST

/* As many ticks as the clock has seen: those given out and those missed. */
START_TEST(ticks_and_missed_ticks_add_up)
{
	weir_interval *iv;
	struct consumer c;
	struct latch nothing;
	size_t ticks = 0;
	weir_time before, after;

	latch_init(&nothing);
	consumer_init(&c, NULL, NULL);
	before = weir_now();
	ck_assert_int_eq(weir_interval_alloc(&iv, PERIOD), WEIR_OK);
	after = weir_now();
	for (unsigned n = 1; n <= 10; n++) {
		weir_interval_next(iv, c.aio);
		consumer_expect(&c, n, WEIR_OK);
		ticks += 1 + c.count;
		consumer_settle(&c);
		/* The tick given out now is number `ticks`. */
		ck_assert_int_ge(c.ran_at, before + (weir_time)ticks * PERIOD);
		if (n % 3 == 0) {
			ck_assert(!latch_wait_ms(&nothing, 1, 11));
		}
	}
	ck_assert_uint_le(ticks, (size_t)((weir_now() - after) / PERIOD) + 1);
	ck_assert_uint_ge(ticks, 10 + 3 * 2);
	weir_interval_free(iv);
	consumer_fini(&c);
	latch_fini(&nothing);
}
END_TEST

START_TEST(who_asks_in_time_misses_nothing)
{
	weir_interval *iv;
	struct consumer c;
	const weir_duration period = WEIR_MS(200);

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_interval_alloc(&iv, period), WEIR_OK);
	for (unsigned n = 1; n <= 3; n++) {
		weir_interval_next(iv, c.aio);
		consumer_expect(&c, n, WEIR_OK);
		ck_assert_uint_eq(c.count, 0);
		consumer_settle(&c);
	}
	weir_interval_free(iv);
	consumer_fini(&c);
}
END_TEST

START_TEST(several_handles_wait_for_the_same_tick)
{
	weir_interval *iv;
	struct consumer c[5];
	const weir_duration period = WEIR_MS(100);

	ck_assert_int_eq(weir_interval_alloc(&iv, period), WEIR_OK);
	for (int i = 0; i < 5; i++) {
		consumer_init(&c[i], NULL, NULL);
		weir_interval_next(iv, c[i].aio);
	}
	for (int i = 0; i < 5; i++) {
		consumer_expect(&c[i], 1, WEIR_OK);
		/* All before the next tick, on any sane machine. */
		ck_assert_int_lt(c[i].ran_at - c[0].ran_at, period);
		consumer_fini(&c[i]);
	}
	weir_interval_free(iv);
}
END_TEST

START_TEST(who_waits_for_a_tick_goes_on_when_the_interval_is_freed)
{
	weir_interval *iv;
	struct consumer c;
	weir_time begun = weir_now();

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_interval_alloc(&iv, PERIOD), WEIR_OK);
	weir_interval_next(iv, c.aio);
	weir_interval_free(iv);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_int_ge(c.ran_at, begun + PERIOD);
	consumer_fini(&c);
}
END_TEST

START_TEST(no_interval_is_einval)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	weir_interval_next(NULL, c.aio);
	consumer_expect(&c, 1, WEIR_EINVAL);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_timeout_before_the_tick_comes_first)
{
	weir_interval *iv;
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_interval_alloc(&iv, WEIR_SECONDS(100)), WEIR_OK);
	(void)weir_aio_set_timeout(c.aio, WEIR_MS(1));
	weir_interval_next(iv, c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	weir_interval_free(iv);
	consumer_fini(&c);
}
END_TEST

START_TEST(an_interval_without_memory_leaves_nothing)
{
	weir_interval *iv = NULL;

	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_interval_alloc(&iv, PERIOD), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_null(iv);
	ck_assert_int_eq(weir_interval_alloc(&iv, PERIOD), WEIR_OK);
	weir_interval_free(iv);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *sleep = tcase_create("sleep");
	TCase *interval = tcase_create("interval");

	tcase_add_checked_fixture(sleep, rt_setup, rt_teardown);
	tcase_add_test(sleep, zero_and_negative_durations_end_at_once);
	tcase_add_test(sleep, infinite_never_ends_by_itself);
	tcase_add_test(sleep, no_sleep_is_shorter_than_asked_for);
	tcase_add_test(sleep, a_shorter_timeout_wins_an_equal_one_does_not);
	tcase_add_test(sleep, an_expiration_bounds_a_sleep);
	tcase_add_test(sleep, a_sleep_aborted_with_the_clocks_code_says_so);
	tcase_add_test(sleep, a_sleep_that_restarts_itself_goes_on);
	suite_add_tcase(suite, sleep);
	tcase_add_checked_fixture(interval, rt_setup, rt_teardown);
	tcase_add_test(interval, an_interval_wants_a_period_and_a_place);
	tcase_add_test(interval, ticks_lie_on_a_grid_and_none_is_early);
	tcase_add_test(interval, ticks_and_missed_ticks_add_up);
	tcase_add_test(interval, who_asks_in_time_misses_nothing);
	tcase_add_test(interval, several_handles_wait_for_the_same_tick);
	tcase_add_test(
	    interval, who_waits_for_a_tick_goes_on_when_the_interval_is_freed);
	tcase_add_test(interval, no_interval_is_einval);
	tcase_add_test(interval, a_timeout_before_the_tick_comes_first);
	tcase_add_test(interval, an_interval_without_memory_leaves_nothing);
	suite_add_tcase(suite, interval);
	return run_suite(suite);
}
