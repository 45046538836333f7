/*
 * test_timeout - timeouts and expirations: never early, none lost, no overflow.
 */
#include "aio/consumer.h"
#include "aio/dice.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <string.h>

static struct toy toy;

static void
setup(void)
{
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
}

static void
teardown(void)
{
	rt_down();
	toy_fini(&toy);
}

START_TEST(no_timeout_is_early)
{
	static struct consumer c[200];
	weir_duration d[200];
	weir_time begun[200];

	for (int i = 0; i < 200; i++) {
		consumer_init(&c[i], NULL, NULL);
		d[i] = WEIR_US(50) * i + i;
		ck_assert_int_eq(weir_aio_set_timeout(c[i].aio, d[i]), WEIR_OK);
		begun[i] = weir_now();
		toy_submit(&toy, c[i].aio);
	}
	for (int i = 0; i < 200; i++) {
		consumer_expect(&c[i], 1, WEIR_ETIMEDOUT);
		ck_assert_int_ge(c[i].ran_at - begun[i], d[i]);
		consumer_fini(&c[i]);
	}
}
END_TEST

START_TEST(a_deadline_before_the_earliest_one_is_seen)
{
	struct consumer late, early;

	consumer_init(&late, NULL, NULL);
	consumer_init(&early, NULL, NULL);
	/* The expiry thread sleeps for the late one when the early comes. */
	for (unsigned n = 1; n <= 20; n++) {
		(void)weir_aio_set_timeout(late.aio, WEIR_SECONDS(1000));
		toy_submit(&toy, late.aio);
		(void)weir_aio_set_timeout(early.aio, WEIR_MS(1));
		toy_submit(&toy, early.aio);
		consumer_expect(&early, n, WEIR_ETIMEDOUT);
		consumer_settle(&early);
		ck_assert_uint_eq(late.calls, n - 1);
		(void)weir_aio_cancel(late.aio);
		consumer_expect(&late, n, WEIR_ECANCELED);
		consumer_settle(&late);
	}
	consumer_fini(&late);
	consumer_fini(&early);
}
END_TEST

START_TEST(a_shorter_timeout_on_the_same_handle_is_seen)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	for (unsigned n = 1; n <= 60; n += 2) {
		(void)weir_aio_set_timeout(c.aio, WEIR_SECONDS(1000));
		toy_submit(&toy, c.aio);
		(void)weir_aio_cancel(c.aio);
		consumer_expect(&c, n, WEIR_ECANCELED);
		consumer_settle(&c);
		(void)weir_aio_set_timeout(c.aio, WEIR_US(200));
		toy_submit(&toy, c.aio);
		consumer_expect(&c, n + 1, WEIR_ETIMEDOUT);
		consumer_settle(&c);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(far_deadlines_do_not_overflow)
{
	static const weir_duration far[] = {INT64_MAX, INT64_MAX - 1,
	    INT64_MAX / 2, INT64_MAX / 2 + 1, INT64_MAX - 1000000,
	    INT64_MAX - 600000};
	struct consumer c;
	unsigned n = 0;

	consumer_init(&c, NULL, NULL);
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		for (int k = 0; k < 2; k++) {
			if (k == 0) {
				ck_assert_int_eq(
				    weir_aio_set_timeout(c.aio, far[i]),
				    WEIR_OK);
			} else {
				ck_assert_int_eq(
				    weir_aio_set_expire(c.aio, far[i]),
				    WEIR_OK);
			}
			toy_submit(&toy, c.aio);
			ck_assert_int_eq(
			    weir_aio_wait_until(c.aio, weir_now() + WEIR_MS(2)),
			    WEIR_ETIMEDOUT);
			ck_assert_int_eq(
			    weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
			consumer_expect(&c, ++n, WEIR_ECANCELED);
			consumer_settle(&c);
		}
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(timeout_zero_starts_nothing)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	toy_submit(&toy, c.aio);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	/* Told by start: no hook comes for it. */
	ck_assert_uint_eq(toy_refused(&toy), 1);
	ck_assert_uint_eq(toy_asked(&toy), 0);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_hook_that_blocks_stops_no_other_timeouts)
{
	struct consumer blocked, c;
	static struct toy slow;
	struct latch in, hold;

	latch_init(&in);
	latch_init(&hold);
	toy_init(&slow, TOY_FULL);
	slow.in_hook = &in;
	slow.hold_hook = &hold;
	consumer_init(&blocked, NULL, NULL);
	consumer_init(&c, NULL, NULL);
	(void)weir_aio_set_timeout(blocked.aio, WEIR_US(100));
	toy_submit(&slow, blocked.aio);
	ck_assert(latch_wait(&in, 1));
	(void)weir_aio_set_timeout(c.aio, WEIR_US(100));
	for (unsigned n = 1; n <= 20; n++) {
		toy_submit(&toy, c.aio);
		consumer_expect(&c, n, WEIR_ETIMEDOUT);
		consumer_settle(&c);
	}
	ck_assert_uint_eq(blocked.calls, 0);
	latch_hit(&hold);
	consumer_expect(&blocked, 1, WEIR_ETIMEDOUT);
	consumer_fini(&blocked);
	consumer_fini(&c);
	toy_fini(&slow);
	latch_fini(&in);
	latch_fini(&hold);
}
END_TEST

START_TEST(conversions_of_time_saturate)
{
	ck_assert_int_eq(WEIR_US(3), 3000);
	ck_assert_int_eq(WEIR_MS(-2), -2000000);
	ck_assert_int_eq(WEIR_SECONDS(INT64_MAX), INT64_MAX);
	ck_assert_int_eq(WEIR_SECONDS(INT64_MIN), INT64_MIN);
	ck_assert_int_eq(WEIR_MS(INT64_MAX / 1000000), 9223372036854000000);
	ck_assert_int_eq(WEIR_MS(INT64_MAX / 1000000 + 1), INT64_MAX);
	ck_assert_int_eq(weir_time_after(5, 6), 11);
	ck_assert_int_eq(weir_time_after(5, 0), 5);
	ck_assert_int_eq(weir_time_after(5, -3), 5);
	ck_assert_int_eq(weir_time_after(5, WEIR_INFINITE), WEIR_NEVER);
	ck_assert_int_eq(weir_time_after(5, WEIR_DEFAULT), WEIR_NEVER);
	ck_assert_int_eq(weir_time_after(5, INT64_MAX), WEIR_NEVER);
	ck_assert_int_eq(weir_time_after(WEIR_NEVER, 1), WEIR_NEVER);
	ck_assert_int_eq(weir_time_after(5, INT64_MAX - 6), WEIR_NEVER - 1);
}
END_TEST

START_TEST(an_end_at_once_beats_timeout_zero)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	(void)weir_aio_set_timeout(c.aio, 0);
	toy_submit_now(c.aio, WEIR_OK, 3);
	consumer_expect(&c, 1, WEIR_OK);
	consumer_settle(&c);
	(void)weir_aio_set_expire(c.aio, 1);
	toy_submit_now(c.aio, WEIR_OK, 3);
	consumer_expect(&c, 2, WEIR_OK);
	consumer_fini(&c);
}
END_TEST

START_TEST(timeouts_that_never_fire_leave_no_trace)
{
	struct consumer c;
	weir_stats stats = {.size = sizeof(stats)};

	consumer_init(&c, NULL, NULL);
	(void)weir_aio_set_timeout(c.aio, WEIR_SECONDS(30));
	for (unsigned n = 1; n <= 2000; n++) {
		toy_submit(&toy, c.aio);
		ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
		consumer_expect(&c, n, WEIR_OK);
		consumer_settle(&c);
	}
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_le(stats.deadlines, 2);
	ck_assert_uint_eq(stats.expired, 0);
	consumer_fini(&c);
}
END_TEST

/* Random timeouts that fire or not; each operation ends as it must. */
static void
then_roll(struct consumer *c)
{
	struct dice *d = c->arg;

	if (c->calls < 300) {
		(void)weir_aio_set_timeout(
		    c->aio, dice_roll(d, 3) == 0 ? WEIR_SECONDS(50)
						 : WEIR_US(dice_roll(d, 400)));
		toy_submit(&toy, c->aio);
		if (dice_roll(d, 2) == 0) {
			(void)toy_finish_first(&toy, WEIR_OK, 1);
		}
	}
}

START_TEST(random_timeouts_over_many_handles_lose_none)
{
	enum { MANY = 64 };
	static struct consumer c[MANY];
	static struct dice d[MANY];
	bool busy = true;

	for (unsigned i = 0; i < MANY; i++) {
		dice_init(&d[i], i);
		consumer_init(&c[i], then_roll, &d[i]);
		toy_submit_now(c[i].aio, WEIR_OK, 0);
	}
	while (busy) {
		busy = false;
		for (unsigned i = 0; i < MANY; i++) {
			weir_time until = weir_now() + WEIR_MS(20);

			/* Only those of 50 s are left: end one. */
			if (weir_aio_wait_until(c[i].aio, until) != WEIR_OK) {
				(void)weir_aio_cancel(c[i].aio);
				busy = true;
			}
		}
	}
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(c[i].calls, 300);
		consumer_fini(&c[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("timeout");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, no_timeout_is_early);
	tcase_add_test(tc, a_deadline_before_the_earliest_one_is_seen);
	tcase_add_test(tc, a_shorter_timeout_on_the_same_handle_is_seen);
	tcase_add_test(tc, far_deadlines_do_not_overflow);
	tcase_add_test(tc, an_end_at_once_beats_timeout_zero);
	tcase_add_test(tc, timeout_zero_starts_nothing);
	tcase_add_test(tc, a_hook_that_blocks_stops_no_other_timeouts);
	tcase_add_test(tc, conversions_of_time_saturate);
	tcase_add_test(tc, timeouts_that_never_fire_leave_no_trace);
	tcase_add_test(tc, random_timeouts_over_many_handles_lose_none);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
