/*
 * test_stuck - what is found, how often it is told; with times of our own.
 */
#include "aio/registry.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <check.h>
#include <string.h>

#define OLD WEIR_SECONDS(1)

static struct toy toy;
static weir_aio *aio;
static struct latch in, go;

static struct wri_stuck told[64];
static unsigned ntold;

static void
tell(const struct wri_stuck *s)
{
	told[ntold++ % 64] = *s;
}

static void
callback(void *arg)
{
	(void)arg;
	latch_hit(&in);
	(void)latch_wait(&go, latch_hits(&in));
}

static void
setup(void)
{
	rt_up(NULL);
	ntold = 0;
	latch_init(&in);
	latch_init(&go);
	toy_init(&toy, TOY_FULL);
	/* Nobody looks but the test. */
	wri_watchdog_begin(OLD, tell);
	ck_assert_int_eq(weir_aio_alloc(&aio, callback, NULL), WEIR_OK);
	weir_aio_set_tag(aio, "the tag");
}

static void
teardown(void)
{
	weir_aio_free(aio);
	rt_down();
	toy_fini(&toy);
	latch_fini(&go);
	latch_fini(&in);
}

/* How many were told at a look. */
static unsigned
look(weir_time now)
{
	unsigned before = ntold;

	wri_watchdog_look(now);
	return ntold - before;
}

static void
expect_told(enum wri_stuck_at at, const char *provider, weir_duration age)
{
	const struct wri_stuck *s = &told[(ntold - 1) % 64];

	ck_assert_int_eq(s->at, at);
	ck_assert_ptr_eq(s->object, aio);
	ck_assert(s->callback == callback);
	ck_assert_str_eq(s->provider, provider);
	ck_assert_str_eq(s->tag, "the tag");
	ck_assert_int_eq(s->age, age);
}

START_TEST(a_callback_is_told_when_it_is_old_and_at_ten_times_that)
{
	const weir_time t = WEIR_SECONDS(100);

	toy_submit_now(aio, WEIR_OK, 0);
	ck_assert(latch_wait(&in, 1));
	ck_assert_uint_eq(look(t), 0); /* it is seen */
	ck_assert_uint_eq(look(t + OLD - 1), 0);
	ck_assert_uint_eq(look(t + OLD), 1);
	expect_told(WRI_STUCK_CALLBACK, "", OLD);
	ck_assert_uint_eq(look(t + OLD + 1), 0);
	ck_assert_uint_eq(look(t + 10 * OLD - 1), 0);
	ck_assert_uint_eq(look(t + 10 * OLD), 1);
	expect_told(WRI_STUCK_CALLBACK, "", 10 * OLD);
	ck_assert_uint_eq(look(t + 99 * OLD), 0);
	ck_assert_uint_eq(look(t + 100 * OLD), 1);
	/* Whoever comes late tells it once. */
	ck_assert_uint_eq(look(t + 123456 * OLD), 1);
	ck_assert_uint_eq(look(t + 999999 * OLD), 0);
	ck_assert_uint_eq(look(t + 1000000 * OLD), 1);
	latch_hit(&go);
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	ck_assert_uint_eq(look(t + 10000000 * OLD), 0);
}
END_TEST

START_TEST(the_next_callback_begins_anew)
{
	const weir_time t = WEIR_SECONDS(100);

	toy_submit_now(aio, WEIR_OK, 0);
	ck_assert(latch_wait(&in, 1));
	ck_assert_uint_eq(look(t), 0);
	latch_hit(&go);
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	toy_submit_now(aio, WEIR_OK, 0);
	ck_assert(latch_wait(&in, 2));
	/* No look saw the handle idle in between. */
	ck_assert_uint_eq(look(t + 5 * OLD), 0);
	ck_assert_uint_eq(look(t + 6 * OLD), 1);
	expect_told(WRI_STUCK_CALLBACK, "", OLD);
	latch_hit(&go);
}
END_TEST

START_TEST(an_operation_that_is_only_long_is_not_told)
{
	toy_submit(&toy, aio);
	ck_assert_uint_eq(look(OLD), 0);
	ck_assert_uint_eq(look(100 * OLD), 0);
	latch_hit(&go);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
}
END_TEST

START_TEST(a_provider_that_was_told_to_stop_and_does_not_finish_is_named)
{
	toy.stubborn = true;
	toy_submit(&toy, aio);
	ck_assert_uint_eq(look(OLD), 0);
	weir_aio_close(aio);
	ck_assert_uint_eq(look(2 * OLD), 0); /* seen */
	ck_assert_uint_eq(look(3 * OLD), 1);
	expect_told(WRI_STUCK_PROVIDER, toy_providers[TOY_FULL].name, OLD);
	latch_hit(&go);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
}
END_TEST

static void
cancel(void *arg)
{
	(void)weir_aio_cancel(arg);
}

START_TEST(a_cancel_function_that_does_not_return_is_named)
{
	struct latch in_hook, hold;
	weir_task *task;

	latch_init(&in_hook);
	latch_init(&hold);
	toy.in_hook = &in_hook;
	toy.hold_hook = &hold;
	toy_submit(&toy, aio);
	ck_assert_int_eq(weir_task_alloc(&task, cancel, aio, NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert(latch_wait(&in_hook, 1));
	(void)look(OLD);
	/* The task's callback hangs in it, too. */
	ck_assert_uint_eq(look(2 * OLD), 2);
	for (unsigned i = 0; i < 2; i++) {
		if (told[i].object == aio) {
			ck_assert_int_eq(told[i].at, WRI_STUCK_HOOK);
			ck_assert_str_eq(
			    told[i].provider, toy_providers[TOY_FULL].name);
		} else {
			ck_assert_int_eq(told[i].at, WRI_STUCK_CALLBACK);
		}
	}
	latch_hit(&go);
	latch_hit(&hold);
	weir_task_free(task);
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	latch_fini(&hold);
	latch_fini(&in_hook);
}
END_TEST

START_TEST(a_look_tells_a_bounded_number)
{
	weir_aio *many[40];

	toy.stubborn = true;
	for (unsigned i = 0; i < 40; i++) {
		ck_assert_int_eq(weir_aio_alloc(&many[i], NULL, NULL), WEIR_OK);
		toy_submit(&toy, many[i]);
		weir_aio_close(many[i]);
	}
	ck_assert_uint_eq(look(OLD), 0);
	ck_assert_uint_eq(look(2 * OLD), 16);
	ck_assert_uint_eq(look(2 * OLD), 16);
	ck_assert_uint_eq(look(2 * OLD), 8);
	ck_assert_uint_eq(look(2 * OLD), 0);
	for (unsigned i = 0; i < 40; i++) {
		ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
		weir_aio_free(many[i]);
	}
}
END_TEST

static Suite *
stuck_suite(void)
{
	Suite *s = suite_create("stuck");
	TCase *tc = tcase_create("look");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, a_callback_is_told_when_it_is_old_and_at_ten_times_that);
	tcase_add_test(tc, the_next_callback_begins_anew);
	tcase_add_test(tc, an_operation_that_is_only_long_is_not_told);
	tcase_add_test(
	    tc, a_provider_that_was_told_to_stop_and_does_not_finish_is_named);
	tcase_add_test(tc, a_cancel_function_that_does_not_return_is_named);
	tcase_add_test(tc, a_look_tells_a_bounded_number);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(stuck_suite());
}
