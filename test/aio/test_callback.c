/*
 * test_callback - where, when and how often callbacks run.
 */
#include "aio/stage.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdio.h>
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

/* --- Not on this stack ------------------------------------------------- */

static _Thread_local unsigned depth;

struct nest {
	struct consumer c, other;
	_Atomic unsigned depth_max;
	unsigned rounds;
};

static void
then_depth(struct consumer *c)
{
	struct nest *nest = c->arg;

	depth++;
	if (depth > nest->depth_max) {
		nest->depth_max = depth;
	}
	if (c == &nest->c && c->calls < nest->rounds) {
		/* Ends in the submitting call, and one of another handle. */
		if (c->calls % 10 == 0 && !weir_aio_busy(nest->other.aio)) {
			toy_submit_now(nest->other.aio, WEIR_OK, 0);
		}
		toy_submit_now(c->aio, WEIR_OK, 0);
	}
	depth--;
}

START_TEST(a_callback_never_runs_on_the_stack_of_the_call_that_ended_it)
{
	static struct nest nest;

	memset(&nest, 0, sizeof(nest));
	nest.rounds = 20000;
	consumer_init(&nest.c, then_depth, &nest);
	consumer_init(&nest.other, then_depth, &nest);
	toy_submit_now(nest.c.aio, WEIR_OK, 0);
	consumer_settle(&nest.c);
	consumer_settle(&nest.other);
	ck_assert_uint_eq(nest.c.calls, nest.rounds);
	ck_assert_uint_eq(nest.depth_max, 1);
	consumer_fini(&nest.c);
	consumer_fini(&nest.other);
}
END_TEST

/* --- One at a time, in order ------------------------------------------- */

static struct latch in, go;

static void
then_hold_first(struct consumer *c)
{
	if (c->calls == 1) {
		latch_hit(&in);
		(void)latch_wait(&go, 1);
	}
}

START_TEST(the_next_callback_waits_for_the_first_to_return)
{
	struct consumer c;

	latch_init(&in);
	latch_init(&go);
	consumer_init(&c, then_hold_first, NULL);
	toy_submit_now(c.aio, WEIR_EPROTO, 1);
	ck_assert(latch_wait(&in, 1));
	/* Begun: the handle may be submitted, also from here. */
	toy_submit(&toy, c.aio);
	ck_assert(toy_finish(&toy, c.aio, WEIR_EAGAIN, 2));
	ck_assert(!latch_wait_ms(&c.ran, 1, 20));
	ck_assert_uint_eq(c.calls, 1);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_TOO_LATE);
	latch_hit(&go);
	consumer_expect(&c, 2, WEIR_EAGAIN);
	ck_assert_uint_eq(c.count, 2);
	ck_assert_int_eq(c.results[0], WEIR_EPROTO);
	consumer_fini(&c);
	latch_fini(&in);
	latch_fini(&go);
}
END_TEST

static void
then_count_up(struct consumer *c)
{
	size_t next = c->count + 1;

	if (next < 5000) {
		toy_submit(&toy, c->aio);
		(void)toy_finish(&toy, c->aio, WEIR_OK, next);
	}
}

START_TEST(callbacks_run_in_the_order_of_completions)
{
	struct consumer c;

	consumer_init(&c, then_count_up, NULL);
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_settle(&c);
	ck_assert_uint_eq(c.calls, 5000);
	ck_assert_uint_eq(c.count, 4999);
	consumer_fini(&c);
}
END_TEST

/* --- What it can read -------------------------------------------------- */

/* Plain memory: the sanitizer judges the order. */
static struct letters {
	int to_callback, from_callback;
	weir_aio *aio;
} letters;

static void
letters_cb(void *arg)
{
	struct letters *l = arg;

	l->from_callback = l->to_callback + 1;
}

START_TEST(submit_comes_before_the_callback_and_that_before_wait)
{
	for (int k = 0; k < 3; k++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&letters.aio, letters_cb, &letters),
		    WEIR_OK);
		for (int i = 0; i < 500; i++) {
			letters.to_callback = i;
			weir_sleep_aio(k == 0 ? 0 : 1, letters.aio);
			if (k < 2 || i < 499) {
				ck_assert_int_eq(
				    weir_aio_wait(letters.aio), WEIR_OK);
			} else {
				(void)weir_aio_stop(letters.aio);
			}
			ck_assert_int_eq(letters.from_callback, i + 1);
		}
		weir_aio_free(letters.aio);
	}
}
END_TEST

struct finisher {
	pthread_t id;
	weir_aio *aio;
	int written;
	int seen;
};

static void *
finisher_main(void *arg)
{
	struct finisher *f = arg;

	f->written = 77;
	(void)toy_finish(&toy, f->aio, WEIR_OK, 1);
	return NULL;
}

static void
finisher_cb(void *arg)
{
	struct finisher *f = arg;

	f->seen = f->written;
}

START_TEST(finish_comes_before_the_callback)
{
	for (int i = 0; i < 200; i++) {
		struct finisher f = {.seen = 0};

		ck_assert_int_eq(
		    weir_aio_alloc(&f.aio, finisher_cb, &f), WEIR_OK);
		toy_submit(&toy, f.aio);
		ck_assert_int_eq(
		    pthread_create(&f.id, NULL, finisher_main, &f), 0);
		ck_assert_int_eq(weir_aio_wait(f.aio), WEIR_OK);
		ck_assert_int_eq(f.seen, 77);
		ck_assert_int_eq(pthread_join(f.id, NULL), 0);
		weir_aio_free(f.aio);
	}
}
END_TEST

START_TEST(the_result_stays_readable_until_the_next_submit)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	toy_submit_now(c.aio, WEIR_EPROTO, 12);
	consumer_expect(&c, 1, WEIR_EPROTO);
	consumer_settle(&c);
	(void)weir_aio_cancel(c.aio);
	(void)weir_aio_set_timeout(c.aio, 5);
	(void)weir_aio_set_iov(c.aio, 0, NULL);
	(void)weir_aio_stop(c.aio);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EPROTO);
		ck_assert_uint_eq(weir_aio_count(c.aio), 12);
	}
	consumer_fini(&c);
}
END_TEST

/* --- Where ------------------------------------------------------------- */

struct where {
	struct consumer c;
	char name[16], released_on[16];
};

static void
then_where(struct consumer *c)
{
	struct where *w = c->arg;

	(void)pthread_getname_np(pthread_self(), w->name, sizeof(w->name));
}

static void
release_where(struct toy *t)
{
	struct where *w = t->arg;

	(void)pthread_getname_np(
	    pthread_self(), w->released_on, sizeof(w->released_on));
}

START_TEST(callback_and_release_run_on_threads_of_the_executor)
{
	const weir_pool_params pp = {
	    .size = sizeof(pp), .name = "mine", .threads_min = 1};
	weir_pool *pool;
	weir_strand *strand;
	struct where w;
	weir_exec *where[4];

	ck_assert_int_eq(weir_pool_alloc(&pool, &pp), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
	where[0] = NULL;
	where[1] = weir_pool_exec(pool);
	where[2] = weir_strand_exec(strand);
	where[3] = weir_pool_exec(NULL);
	consumer_init(&w.c, then_where, &w);
	toy.at_release = release_where;
	toy.arg = &w;
	for (unsigned i = 0; i < 4; i++) {
		const char *want = i == 1 || i == 2 ? "mine-" : "weir-";

		ck_assert_int_eq(
		    weir_aio_set_executor(w.c.aio, where[i]), WEIR_OK);
		toy_submit(&toy, w.c.aio);
		ck_assert(toy_finish(&toy, w.c.aio, WEIR_OK, 1));
		consumer_wait(&w.c, i + 1);
		consumer_settle(&w.c);
		ck_assert_msg(strncmp(w.name, want, 5) == 0,
		    "%u: callback on %s", i, w.name);
		ck_assert_msg(strncmp(w.released_on, want, 5) == 0,
		    "%u: release on %s", i, w.released_on);
	}
	consumer_fini(&w.c);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

static void
then_move(struct consumer *c)
{
	struct where *w = c->arg;

	then_where(c);
	if (c->calls == 1) {
		(void)weir_aio_set_executor(c->aio, toy.arg);
		toy_submit_now(c->aio, WEIR_OK, 0);
	}
	(void)w;
}

START_TEST(the_callback_may_move_its_handle_to_another_executor)
{
	const weir_pool_params pp = {
	    .size = sizeof(pp), .name = "mine", .threads_min = 1};
	weir_pool *pool;
	struct where w;

	ck_assert_int_eq(weir_pool_alloc(&pool, &pp), WEIR_OK);
	toy.arg = weir_pool_exec(pool);
	consumer_init(&w.c, then_move, &w);
	toy_submit_now(w.c.aio, WEIR_OK, 0);
	consumer_wait(&w.c, 2);
	ck_assert_str_eq(w.name, "mine-0");
	consumer_fini(&w.c);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

/* --- release ----------------------------------------------------------- */

static _Atomic unsigned callbacks_at_release;

static void
release_before(struct toy *t)
{
	struct consumer *c = t->arg;

	callbacks_at_release = c->calls;
}

START_TEST(release_comes_once_before_the_callback_of_each_started_operation)
{
	struct consumer c;

	toy.at_release = release_before;
	toy.arg = &c;
	consumer_init(&c, NULL, NULL);
	for (unsigned n = 1; n <= 20; n++) {
		callbacks_at_release = 99;
		toy_submit(&toy, c.aio);
		if (n % 2 == 0) {
			(void)weir_aio_cancel(c.aio);
		} else {
			ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
		}
		consumer_wait(&c, n);
		consumer_settle(&c);
		ck_assert_uint_eq(toy_released(&toy), n);
		ck_assert_uint_eq(callbacks_at_release, n - 1);
	}
	/* Not for one that was not started. */
	toy_submit_now(c.aio, WEIR_OK, 0);
	consumer_wait(&c, 21);
	ck_assert_uint_eq(toy_released(&toy), 20);
	consumer_settle(&c);
	/* Nor for one whose start was refused. */
	(void)weir_aio_set_timeout(c.aio, 0);
	toy_submit(&toy, c.aio);
	consumer_expect(&c, 22, WEIR_ETIMEDOUT);
	ck_assert_uint_eq(toy_released(&toy), 20);
	consumer_fini(&c);
}
END_TEST

START_TEST(release_comes_for_a_wait_only_handle_too)
{
	struct consumer c;

	consumer_init_waiter(&c);
	for (unsigned n = 1; n <= 10; n++) {
		toy_submit(&toy, c.aio);
		ck_assert(toy_finish(&toy, c.aio, WEIR_OK, n));
		ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
		ck_assert_uint_eq(toy_released(&toy), n);
		ck_assert_uint_eq(weir_aio_count(c.aio), n);
	}
	consumer_fini(&c);
}
END_TEST

/* --- Inside ------------------------------------------------------------ */

static void
then_look_busy(struct consumer *c)
{
	bool *saw = c->arg;

	if (c->calls == 1) {
		saw[0] = weir_aio_busy(c->aio);
		toy_submit(&toy, c->aio);
		saw[1] = weir_aio_busy(c->aio);
	}
}

START_TEST(inside_its_callback_a_handle_is_busy_only_when_submitted_again)
{
	struct consumer c;
	bool saw[2] = {true, false};

	consumer_init(&c, then_look_busy, saw);
	toy_submit_now(c.aio, WEIR_OK, 0);
	ck_assert(latch_wait(&c.ran, 1));
	ck_assert(!saw[0]);
	ck_assert(saw[1]);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
	consumer_wait(&c, 2);
	consumer_fini(&c);
}
END_TEST

static _Atomic bool freed_inside;

static void
plain_free_cb(void *arg)
{
	weir_aio **aio = arg;

	weir_aio_free(*aio);
	freed_inside = true;
}

START_TEST(free_in_the_own_callback_returns_and_the_memory_goes)
{
	for (int i = 0; i < 100; i++) {
		weir_aio *aio;

		freed_inside = false;
		ck_assert_int_eq(
		    weir_aio_alloc(&aio, plain_free_cb, &aio), WEIR_OK);
		weir_sleep_aio(i % 2 == 0 ? 0 : 1, aio);
		for (int k = 0; !freed_inside; k++) {
			struct consumer tick;

			ck_assert_int_lt(k, 20000);
			consumer_init(&tick, NULL, NULL);
			weir_sleep_aio(WEIR_MS(1), tick.aio);
			consumer_wait(&tick, 1);
			consumer_fini(&tick);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("callback");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, a_callback_never_runs_on_the_stack_of_the_call_that_ended_it);
	tcase_add_test(tc, the_next_callback_waits_for_the_first_to_return);
	tcase_add_test(tc, callbacks_run_in_the_order_of_completions);
	tcase_add_test(
	    tc, submit_comes_before_the_callback_and_that_before_wait);
	tcase_add_test(tc, finish_comes_before_the_callback);
	tcase_add_test(tc, the_result_stays_readable_until_the_next_submit);
	tcase_add_test(tc, callback_and_release_run_on_threads_of_the_executor);
	tcase_add_test(
	    tc, the_callback_may_move_its_handle_to_another_executor);
	tcase_add_test(tc,
	    release_comes_once_before_the_callback_of_each_started_operation);
	tcase_add_test(tc, release_comes_for_a_wait_only_handle_too);
	tcase_add_test(
	    tc, inside_its_callback_a_handle_is_busy_only_when_submitted_again);
	tcase_add_test(
	    tc, free_in_the_own_callback_returns_and_the_memory_goes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
