/*
 * test_strand - serial executors: one at a time, in order, without a thread.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <string.h>

#define MANY 200

static struct toy toy;
static struct latch in, go;
static weir_pool *pool;
static weir_strand *strand;

static void
setup(void)
{
	const weir_pool_params p = {
	    .size = sizeof(p), .name = "four", .threads_min = 4};

	toy_init(&toy, TOY_FULL);
	latch_init(&in);
	latch_init(&go);
	rt_up(NULL);
	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
}

static void
teardown(void)
{
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
	toy_fini(&toy);
}

static void
place(struct consumer *c, weir_strand *s)
{
	ck_assert_int_eq(
	    weir_aio_set_executor(c->aio, weir_strand_exec(s)), WEIR_OK);
}

/* Plain memory: only the strand orders it, and the sanitizer looks on. */
static unsigned order[MANY * 20];
static unsigned order_len;

static void
then_note(struct consumer *c)
{
	order[order_len++] = (unsigned)c->count;
}

START_TEST(callbacks_run_in_the_order_in_which_operations_ended)
{
	static struct consumer c[MANY];

	order_len = 0;
	for (unsigned i = 0; i < MANY; i++) {
		consumer_init(&c[i], then_note, NULL);
		place(&c[i], strand);
		toy_submit(&toy, c[i].aio);
	}
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert(toy_finish_first(&toy, WEIR_OK, i));
	}
	for (unsigned i = 0; i < MANY; i++) {
		consumer_wait(&c[i], 1);
		consumer_fini(&c[i]);
	}
	ck_assert_uint_eq(order_len, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(order[i], i);
	}
}
END_TEST

static _Atomic unsigned inside;
static _Atomic bool overlap;

static void
then_count(struct consumer *c)
{
	if (inside++ != 0) {
		overlap = true;
	}
	order[order_len % (MANY * 20)] = order_len + 1;
	order_len++;
	inside--;
	if (c->calls < 50) {
		weir_sleep_aio(c->calls % 2, c->aio);
	}
}

START_TEST(one_at_a_time_and_each_sees_what_the_one_before_wrote)
{
	static struct consumer c[50];

	order_len = 0;
	inside = 0;
	overlap = false;
	for (int i = 0; i < 50; i++) {
		consumer_init(&c[i], then_count, NULL);
		place(&c[i], strand);
	}
	for (int i = 0; i < 50; i++) {
		weir_sleep_aio(1, c[i].aio);
	}
	for (int i = 0; i < 50; i++) {
		consumer_settle(&c[i]);
		consumer_fini(&c[i]);
	}
	ck_assert(!overlap);
	ck_assert_uint_eq(order_len, 2500);
}
END_TEST

static void
then_block(struct consumer *c)
{
	(void)c;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

START_TEST(a_blocked_strand_holds_up_its_own_only)
{
	weir_strand *other;
	struct consumer blocked, behind, free_one, pooled;

	ck_assert_int_eq(weir_strand_alloc(&other, pool), WEIR_OK);
	consumer_init(&blocked, then_block, NULL);
	consumer_init(&behind, NULL, NULL);
	consumer_init(&free_one, NULL, NULL);
	consumer_init(&pooled, NULL, NULL);
	place(&blocked, strand);
	place(&behind, strand);
	place(&free_one, other);
	ck_assert_int_eq(
	    weir_aio_set_executor(pooled.aio, weir_pool_exec(pool)), WEIR_OK);
	toy_submit_now(blocked.aio, WEIR_OK, 0);
	ck_assert(latch_wait(&in, 1));
	toy_submit_now(behind.aio, WEIR_OK, 0);
	toy_submit_now(free_one.aio, WEIR_OK, 0);
	toy_submit_now(pooled.aio, WEIR_OK, 0);
	consumer_wait(&free_one, 1);
	consumer_wait(&pooled, 1);
	ck_assert_uint_eq(behind.calls, 0);
	latch_hit(&go);
	consumer_wait(&behind, 1);
	consumer_wait(&blocked, 1);
	consumer_fini(&blocked);
	consumer_fini(&behind);
	consumer_fini(&free_one);
	consumer_fini(&pooled);
	ck_assert_int_eq(weir_strand_free(other), WEIR_OK);
}
END_TEST

START_TEST(a_thousand_strands_need_no_more_threads)
{
	static weir_strand *s[1000];
	static struct consumer c[1000];
	struct rt_counts before = rt_count();

	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(weir_strand_alloc(&s[i], pool), WEIR_OK);
		consumer_init(&c[i], NULL, NULL);
		place(&c[i], s[i]);
		toy_submit_now(c[i].aio, WEIR_OK, 0);
	}
	for (int i = 0; i < 1000; i++) {
		consumer_wait(&c[i], 1);
		consumer_fini(&c[i]);
		ck_assert_int_eq(weir_strand_free(s[i]), WEIR_OK);
	}
	ck_assert_uint_eq(rt_count().threads, before.threads);
}
END_TEST

START_TEST(a_busy_strand_gives_others_their_turn)
{
	const weir_pool_params p = {
	    .size = sizeof(p), .name = "one", .threads_min = 1};
	static struct consumer c[64];
	struct consumer other;
	weir_strand *busy;
	weir_pool *one;

	ck_assert_int_eq(weir_pool_alloc(&one, &p), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&busy, one), WEIR_OK);
	order_len = 0;
	inside = 0;
	for (int i = 0; i < 64; i++) {
		consumer_init(&c[i], then_count, NULL);
		place(&c[i], busy);
		toy_submit_now(c[i].aio, WEIR_OK, 0);
	}
	consumer_init(&other, NULL, NULL);
	ck_assert_int_eq(
	    weir_aio_set_executor(other.aio, weir_pool_exec(one)), WEIR_OK);
	toy_submit_now(other.aio, WEIR_OK, 0);
	consumer_wait(&other, 1);
	for (int i = 0; i < 64; i++) {
		consumer_settle(&c[i]);
		ck_assert_uint_eq(c[i].calls, 50);
		consumer_fini(&c[i]);
	}
	consumer_fini(&other);
	ck_assert_int_eq(weir_strand_free(busy), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(one), WEIR_OK);
}
END_TEST

/* --- Free -------------------------------------------------------------- */

START_TEST(a_strand_that_is_in_use_is_ebusy)
{
	weir_strand *s;
	struct consumer c;

	ck_assert_int_eq(weir_strand_alloc(&s, NULL), WEIR_OK);
	consumer_init(&c, NULL, NULL);
	place(&c, s);
	ck_assert_int_eq(weir_strand_free(s), WEIR_EBUSY);
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_wait(&c, 1);
	ck_assert_int_eq(weir_strand_free(s), WEIR_EBUSY);
	consumer_fini(&c);
	ck_assert_int_eq(weir_strand_free(s), WEIR_OK);
	ck_assert_int_eq(weir_strand_free(NULL), WEIR_OK);
}
END_TEST

static void
then_free_strand(struct consumer *c)
{
	weir_strand **s = c->arg;

	/* Its last handle goes elsewhere, and it goes when we return. */
	c->result = weir_aio_set_executor(c->aio, NULL);
	if (c->result == WEIR_OK) {
		c->result = weir_strand_free(*s);
	}
}

START_TEST(the_callback_that_runs_on_a_strand_may_free_it)
{
	for (int i = 0; i < 100; i++) {
		weir_strand *s;
		struct consumer c;

		ck_assert_int_eq(weir_strand_alloc(&s, pool), WEIR_OK);
		consumer_init(&c, then_free_strand, &s);
		place(&c, s);
		toy_submit_now(c.aio, WEIR_OK, 0);
		consumer_expect(&c, 1, WEIR_OK);
		consumer_fini(&c);
	}
}
END_TEST

START_TEST(alloc_wants_a_place_and_memory)
{
	weir_strand *s = NULL;

	ck_assert_int_eq(weir_strand_alloc(NULL, pool), WEIR_EINVAL);
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_strand_alloc(&s, pool), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_null(s);
	/* The pool does not count what was not made. */
	ck_assert_int_eq(weir_strand_alloc(&s, pool), WEIR_OK);
	ck_assert_int_eq(weir_strand_free(s), WEIR_OK);
}
END_TEST

/* --- Many producers ---------------------------------------------------- */

static _Atomic bool stop;

static void *
finisher_main(void *arg)
{
	(void)arg;
	while (!stop) {
		(void)toy_finish_first(&toy, WEIR_OK, 0);
	}
	return NULL;
}

static void
then_submit(struct consumer *c)
{
	if (inside++ != 0) {
		overlap = true;
	}
	order_len++;
	inside--;
	if (c->calls < 300) {
		toy_submit(&toy, c->aio);
	}
}

START_TEST(many_threads_feed_one_strand)
{
	static struct consumer c[32];
	pthread_t t[3];

	order_len = 0;
	inside = 0;
	overlap = stop = false;
	for (int i = 0; i < 32; i++) {
		consumer_init(&c[i], then_submit, NULL);
		place(&c[i], strand);
		toy_submit(&toy, c[i].aio);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, finisher_main, NULL), 0);
	}
	for (int i = 0; i < 32; i++) {
		consumer_settle(&c[i]);
		ck_assert_uint_eq(c[i].calls, 300);
	}
	stop = true;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	}
	for (int i = 0; i < 32; i++) {
		consumer_fini(&c[i]);
	}
	ck_assert(!overlap);
	ck_assert_uint_eq(order_len, 32 * 300);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("taskq");
	TCase *tc = tcase_create("strand");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, callbacks_run_in_the_order_in_which_operations_ended);
	tcase_add_test(
	    tc, one_at_a_time_and_each_sees_what_the_one_before_wrote);
	tcase_add_test(tc, a_blocked_strand_holds_up_its_own_only);
	tcase_add_test(tc, a_thousand_strands_need_no_more_threads);
	tcase_add_test(tc, a_busy_strand_gives_others_their_turn);
	tcase_add_test(tc, a_strand_that_is_in_use_is_ebusy);
	tcase_add_test(tc, the_callback_that_runs_on_a_strand_may_free_it);
	tcase_add_test(tc, alloc_wants_a_place_and_memory);
	tcase_add_test(tc, many_threads_feed_one_strand);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
