/*
 * test_dns_fini - weir_fini against lookups that hang, and those that come
 * back after it.
 */
#include "dns/ask.h"
#include "dns/fake.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>

#define THREADS 2
#define QUEUED 10

static struct consumer hung[THREADS], queued[QUEUED];

static const weir_params impatient = {
    .size = sizeof(impatient),
    .num_resolver_threads = THREADS,
    .fini_limit = 50000000, /* 50 ms */
};

static void
setup(void)
{
	fake_up();
	rt_up(&impatient);
	rt_expect_log(); /* handles live on */
}

/* weir is up. */
static void
teardown(void)
{
	fake_down();
	rt_down();
}

/* All threads hang, others wait for them. */
static void
hang(void)
{
	unsigned begun = fake_begun();

	fake_hang();
	for (unsigned i = 0; i < THREADS; i++) {
		consumer_init(&hung[i], NULL, NULL);
		ask(&hung[i], i == 0 ? "first.test" : "second.test");
		fake_await(begun + i + 1);
	}
	for (int i = 0; i < QUEUED; i++) {
		consumer_init(&queued[i], NULL, NULL);
		ask(&queued[i], "queued.test");
	}
}

/* weir_fini has ended them all, each with one callback. */
static void
expect_stopped(void)
{
	for (int i = 0; i < THREADS + QUEUED; i++) {
		struct consumer *c =
		    i < THREADS ? &hung[i] : &queued[i - THREADS];

		ck_assert_uint_eq(c->calls, 1);
		ck_assert_int_eq(c->result, WEIR_ESTOPPED);
		ask(c, "dropped.test");
		ck_assert_int_eq(weir_aio_result(c->aio), WEIR_ESTOPPED);
		consumer_fini(c);
	}
}

/* A lookup works in this life. */
static void
expect_works(void)
{
	unsigned begun = fake_begun();
	struct consumer c;

	fake_release();
	consumer_init(&c, ask_then_collect, NULL);
	ask(&c, "works.test");
	consumer_expect(&c, 1, WEIR_OK);
	consumer_fini(&c);
	ck_assert_uint_eq(fake_begun(), begun + 1);
}

START_TEST(lookups_end_and_their_threads_are_named_and_abandoned)
{
	weir_time begun;

	hang();
	begun = weir_now();
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_ge(weir_now() - begun, WEIR_MS(50));
	expect_stopped();
	ck_assert(rt_log_has("weir-resolve-0"));
	ck_assert(rt_log_has("\"first.test\""));
	ck_assert(rt_log_has("weir-resolve-1"));
	ck_assert(rt_log_has("\"second.test\""));
	ck_assert(!rt_log_has("queued.test"));
	ck_assert(!rt_log_has("abandoned aio"));
	ck_assert_uint_eq(proc_threads("weir-"), THREADS);
	/* They come back while weir is down. */
	fake_release();
	ck_assert(proc_await_threads("weir-", 0));
	ck_assert_uint_eq(fake_begun(), THREADS);
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
	expect_works();
}
END_TEST

START_TEST(they_may_come_back_in_the_next_life)
{
	hang();
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	expect_stopped();
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
	/* This life has threads of its own, which hang as well. */
	hang();
	ck_assert_uint_eq(proc_threads("weir-resolve"), 2 * THREADS);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	expect_stopped();
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
	fake_release();
	fake_await_ended(2 * THREADS);
	expect_works();
	ck_assert(proc_await_threads("weir-resolve", 1));
}
END_TEST

START_TEST(threads_that_come_back_in_time_are_waited_for)
{
	const weir_params patient = {
	    .size = sizeof(patient), .num_resolver_threads = THREADS};

	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(&patient), WEIR_OK);
	hang();
	for (int i = 0; i < THREADS; i++) {
		weir_aio_close(hung[i].aio);
	}
	for (int i = 0; i < QUEUED; i++) {
		weir_aio_close(queued[i].aio);
	}
	fake_release(); /* they come back when they come */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(proc_threads("weir-"), 0);
	expect_stopped();
	ck_assert_uint_eq(fake_begun(), THREADS);
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
}
END_TEST

static void
then_ask_again(struct consumer *c)
{
	ask_then_collect(c);
	ask(c, c->calls % 2 == 0 ? "again.test" : "192.0.2.1");
}

START_TEST(a_callback_that_asks_for_ever_falls_silent)
{
	struct consumer c;

	consumer_init(&c, then_ask_again, NULL);
	ask(&c, "again.test");
	ck_assert(latch_wait(&c.ran, 10));
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	consumer_fini(&c);
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
}
END_TEST

START_TEST(a_result_outlives_weir)
{
	static const char *const texts[] = {"192.0.2.1:0"};
	weir_addrs *addrs;
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ask(&c, "lives.test");
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, 1, texts);
	addrs = weir_aio_get_output(c.aio, 0);
	consumer_fini(&c);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(weir_addrs_count(addrs), 1);
	weir_addrs_free(addrs);
	ck_assert_int_eq(weir_init(&impatient), WEIR_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns");
	TCase *tc = tcase_create("fini");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, lookups_end_and_their_threads_are_named_and_abandoned);
	tcase_add_test(tc, they_may_come_back_in_the_next_life);
	tcase_add_test(tc, threads_that_come_back_in_time_are_waited_for);
	tcase_add_test(tc, a_callback_that_asks_for_ever_falls_silent);
	tcase_add_test(tc, a_result_outlives_weir);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
