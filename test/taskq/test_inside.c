/*
 * test_inside - callbacks that wait for other handles: spare threads, rings,
 * strands.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <string.h>

static struct toy toy;
static struct latch in, go;

static void
up(int threads, int threads_max)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = threads,
	    .max_task_threads = threads_max,
	};

	toy_init(&toy, TOY_FULL);
	latch_init(&in);
	latch_init(&go);
	rt_up(&p);
}

static void
down(void)
{
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
	toy_fini(&toy);
}

/* The callback waits for the handle in arg; c->result gets what wait said. */
static void
then_wait_for(struct consumer *c)
{
	struct consumer *other = c->arg;

	latch_hit(&in);
	c->result = weir_aio_wait(other->aio);
}

/* --- Spare threads ----------------------------------------------------- */

START_TEST(a_callback_may_wait_for_another_handles_callback)
{
	/* _i: from one thread on. */
	struct consumer a, b;

	up(_i, 0);
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_wait_for, &b);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	ck_assert(latch_wait(&in, 1));
	/* The waiter's thread is taken: another one runs this. */
	ck_assert(toy_finish(&toy, b.aio, WEIR_OK, 0));
	consumer_expect(&b, 1, WEIR_OK);
	consumer_expect(&a, 1, WEIR_OK);
	consumer_fini(&a);
	consumer_fini(&b);
	down();
}
END_TEST

START_TEST(many_callbacks_may_wait_at_once)
{
	enum { MANY = 12 };
	static struct consumer a[MANY], b[MANY];

	up(2, 32);
	for (int i = 0; i < MANY; i++) {
		consumer_init(&b[i], NULL, NULL);
		consumer_init(&a[i], then_wait_for, &b[i]);
		toy_submit(&toy, b[i].aio);
		weir_sleep_aio(1, a[i].aio);
	}
	/* Each gives its place away: all get in, on two places. */
	ck_assert(latch_wait(&in, MANY));
	for (int i = 0; i < MANY; i++) {
		ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	}
	for (int i = 0; i < MANY; i++) {
		consumer_expect(&a[i], 1, WEIR_OK);
		consumer_fini(&a[i]);
		consumer_fini(&b[i]);
	}
	/* And the pool works as before. */
	consumer_init(&a[0], NULL, NULL);
	weir_sleep_aio(1, a[0].aio);
	consumer_expect(&a[0], 1, WEIR_OK);
	consumer_fini(&a[0]);
	down();
}
END_TEST

START_TEST(where_no_thread_would_be_left_waiting_is_edeadlk)
{
	struct consumer a, b;

	up(1, 1);
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_wait_for, &b);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	consumer_expect(&a, 1, WEIR_EDEADLK);
	ck_assert(toy_finish(&toy, b.aio, WEIR_OK, 0));
	consumer_expect(&b, 1, WEIR_OK);
	consumer_settle(&a);
	consumer_settle(&b);
	/* One that is idle needs no waiting. */
	weir_sleep_aio(1, a.aio);
	consumer_expect(&a, 2, WEIR_OK);
	consumer_fini(&a);
	consumer_fini(&b);
	down();
}
END_TEST

START_TEST(of_more_waiters_than_threads_the_last_are_edeadlk)
{
	enum { MANY = 8 };
	static struct consumer a[MANY], b[MANY];
	unsigned refused = 0;

	up(2, 4);
	for (int i = 0; i < MANY; i++) {
		consumer_init(&b[i], NULL, NULL);
		consumer_init(&a[i], then_wait_for, &b[i]);
		toy_submit(&toy, b[i].aio);
		weir_sleep_aio(1, a[i].aio);
	}
	ck_assert(latch_wait(&in, MANY));
	for (int i = 0; i < MANY; i++) {
		ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	}
	for (int i = 0; i < MANY; i++) {
		consumer_wait(&a[i], 1);
		ck_assert(
		    a[i].result == WEIR_OK || a[i].result == WEIR_EDEADLK);
		refused += a[i].result == WEIR_EDEADLK;
		consumer_fini(&a[i]);
		consumer_fini(&b[i]);
	}
	ck_assert_uint_ge(refused, 1);
	down();
}
END_TEST

static void
then_look(struct consumer *c)
{
	struct consumer *other = c->arg;

	c->result = weir_aio_wait_until(other->aio, 0);
}

START_TEST(a_callback_may_look_without_waiting)
{
	struct consumer a, b;

	up(1, 1);
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_look, &b);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	/* There is nothing to wait for: no thread is missed. */
	consumer_expect(&a, 1, WEIR_ETIMEDOUT);
	consumer_fini(&a);
	consumer_fini(&b);
	down();
}
END_TEST

static void
then_stop_and_free(struct consumer *c)
{
	struct consumer *other = c->arg;

	c->result = weir_aio_stop(other->aio);
	if (other->calls != 1 || other->inside != 0) {
		c->overlapped = true; /* any complaint will do */
	}
	other->gone = true;
	weir_aio_free(other->aio);
}

START_TEST(a_callback_may_stop_and_free_another_handle)
{
	struct consumer a, b;

	up(_i, 0);
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_stop_and_free, &b);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	consumer_expect(&a, 1, WEIR_OK);
	ck_assert_int_eq(b.result, WEIR_ESTOPPED);
	consumer_fini(&a);
	consumer_fini(&b);
	down();
}
END_TEST

static void
then_free_other(struct consumer *c)
{
	struct consumer *other = c->arg;

	other->gone = true;
	weir_aio_free(other->aio);
	latch_hit(&in);
}

START_TEST(where_waiting_is_edeadlk_free_is_reap)
{
	struct consumer a, b;

	up(1, 1);
	toy.stubborn = true;
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_free_other, &b);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	/* It returns although b cannot end yet. */
	ck_assert(latch_wait(&in, 1));
	ck_assert_uint_eq(b.calls, 0);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	consumer_expect(&b, 1, WEIR_OK);
	consumer_wait(&a, 1);
	consumer_fini(&a);
	consumer_fini(&b);
	down();
}
END_TEST

/* --- Everything from everywhere ---------------------------------------- */

static _Atomic unsigned wrong;

/* What a program may do in a callback, a hook, a release. */
static void
do_anything(void)
{
	const weir_pool_params pp = {.size = sizeof(pp), .threads_min = 1};
	weir_stats stats = {.size = sizeof(stats)};
	weir_params params = {.size = sizeof(params)};
	weir_strand *strand;
	weir_interval *iv;
	weir_pool *pool;
	weir_task *task;
	weir_aio *aio;

	wrong += weir_get_stats(&stats) != WEIR_OK;
	wrong += weir_get_params(&params) != WEIR_OK;
	wrong += weir_pool_alloc(&pool, &pp) != WEIR_OK;
	wrong += weir_strand_alloc(&strand, pool) != WEIR_OK;
	wrong += weir_interval_alloc(&iv, WEIR_US(10)) != WEIR_OK;
	wrong += weir_task_alloc(&task, latch_hit_cb, &go,
		     weir_strand_exec(strand)) != WEIR_OK;
	wrong += weir_task_post(task) != WEIR_OK;
	wrong += weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK;
	wrong += weir_aio_set_executor(aio, weir_pool_exec(pool)) != WEIR_OK;
	weir_interval_next(iv, aio);
	wrong += weir_aio_wait(aio) != WEIR_OK;
	weir_sleep_aio(WEIR_INFINITE, aio);
	wrong += weir_aio_cancel(aio) != WEIR_CANCEL_REQUESTED;
	weir_aio_free(aio);
	weir_interval_free(iv);
	wrong += weir_task_wait(task) != WEIR_OK;
	weir_task_free(task);
	wrong += weir_strand_free(strand) != WEIR_OK;
	wrong += weir_pool_free(pool) != WEIR_OK;
}

static void
then_anything(struct consumer *c)
{
	(void)c;
	do_anything();
}

static void
release_anything(struct toy *t)
{
	(void)t;
	do_anything();
}

static void
hook_anything(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	do_anything();
	(void)weir_aio_finish(aio, why);
}

static const weir_provider anything = {
    sizeof(anything), "anything", hook_anything, NULL};

START_TEST(callbacks_hooks_and_releases_may_call_anything)
{
	struct consumer c;

	up(2, 16);
	wrong = 0;
	toy.at_release = release_anything;
	consumer_init(&c, then_anything, NULL);
	/* Release and callback. */
	toy_submit(&toy, c.aio);
	ck_assert(toy_finish(&toy, c.aio, WEIR_OK, 0));
	consumer_expect(&c, 1, WEIR_OK);
	consumer_settle(&c);
	/* The hook, on our stack and on a thread of weir. */
	for (unsigned n = 2; n <= 3; n++) {
		(void)weir_aio_set_timeout(
		    c.aio, n == 2 ? WEIR_INFINITE : WEIR_MS(1));
		ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
		ck_assert_int_eq(
		    weir_aio_start(c.aio, &anything, NULL), WEIR_OK);
		if (n == 2) {
			(void)weir_aio_cancel(c.aio);
		}
		consumer_expect(
		    &c, n, n == 2 ? WEIR_ECANCELED : WEIR_ETIMEDOUT);
		consumer_settle(&c);
	}
	ck_assert_uint_eq(wrong, 0);
	consumer_fini(&c);
	down();
}
END_TEST

static _Thread_local unsigned depth;
static _Atomic bool nested;

static void
then_deep(struct consumer *c)
{
	if (depth++ != 0) {
		nested = true;
	}
	if (c->arg != NULL) {
		then_wait_for(c);
	}
	depth--;
}

START_TEST(no_callback_runs_on_the_stack_of_one_that_waits)
{
	enum { MANY = 20 };
	static struct consumer a[MANY], b[MANY];

	up(1, 64);
	nested = false;
	for (int i = 0; i < MANY; i++) {
		consumer_init(&b[i], then_deep, NULL);
		consumer_init(&a[i], then_deep, &b[i]);
		weir_sleep_aio(WEIR_MS(3), b[i].aio);
		weir_sleep_aio(1, a[i].aio);
	}
	for (int i = 0; i < MANY; i++) {
		consumer_expect(&a[i], 1, WEIR_OK);
		consumer_fini(&a[i]);
		consumer_fini(&b[i]);
	}
	ck_assert(!nested);
	down();
}
END_TEST

static void
task_nothing(void *arg)
{
	latch_hit(arg);
}

static void
then_wait_task(struct consumer *c)
{
	weir_task *task = c->arg;

	c->result = weir_task_post(task);
	if (c->result == WEIR_OK) {
		c->result = weir_task_wait(task);
	}
}

START_TEST(a_callback_may_wait_for_a_task)
{
	struct consumer a;
	weir_task *task;

	up(1, 0);
	ck_assert_int_eq(
	    weir_task_alloc(&task, task_nothing, &in, NULL), WEIR_OK);
	consumer_init(&a, then_wait_task, task);
	weir_sleep_aio(1, a.aio);
	consumer_expect(&a, 1, WEIR_OK);
	ck_assert_uint_eq(latch_hits(&in), 1);
	consumer_fini(&a);
	weir_task_free(task);
	down();
}
END_TEST

/* --- Rings ------------------------------------------------------------- */

/* All are in their callbacks before one begins to wait. */
static unsigned ring_len;

static void
then_ring(struct consumer *c)
{
	struct consumer *next = c->arg;

	latch_hit(&in);
	(void)latch_wait(&in, ring_len);
	c->result = weir_aio_wait(next->aio);
}

static void
ring(int threads, unsigned n)
{
	struct consumer c[4];
	unsigned refused = 0;

	up(threads, 16);
	ring_len = n;
	for (unsigned i = 0; i < n; i++) {
		consumer_init(&c[i], then_ring, &c[(i + 1) % n]);
	}
	for (unsigned i = 0; i < n; i++) {
		weir_sleep_aio(0, c[i].aio);
	}
	for (unsigned i = 0; i < n; i++) {
		consumer_wait(&c[i], 1);
	}
	for (unsigned i = 0; i < n; i++) {
		ck_assert(
		    c[i].result == WEIR_OK || c[i].result == WEIR_EDEADLK);
		refused += c[i].result == WEIR_EDEADLK;
		consumer_fini(&c[i]);
	}
	/* Who closes the ring is refused, nobody else. */
	ck_assert_uint_eq(refused, 1);
	down();
}

START_TEST(in_a_ring_of_callbacks_that_wait_one_gets_edeadlk)
{
	for (int i = 0; i < 30; i++) {
		ring(4, (unsigned)_i);
	}
}
END_TEST

static void
then_ring_free(struct consumer *c)
{
	struct consumer *next = c->arg;

	latch_hit(&in);
	(void)latch_wait(&in, ring_len);
	next->gone = true;
	weir_aio_free(next->aio);
}

START_TEST(in_a_ring_of_callbacks_that_free_each_other_one_is_reap)
{
	for (int i = 0; i < 30; i++) {
		struct consumer a, b;

		up(2, 8);
		ring_len = 2;
		consumer_init(&a, then_ring_free, &b);
		consumer_init(&b, then_ring_free, &a);
		weir_sleep_aio(0, a.aio);
		weir_sleep_aio(0, b.aio);
		consumer_wait(&a, 1);
		consumer_wait(&b, 1);
		consumer_fini(&a);
		consumer_fini(&b);
		down();
	}
}
END_TEST

/* --- Strands ----------------------------------------------------------- */

START_TEST(on_its_strand_a_callback_cannot_wait_for_another_of_the_strand)
{
	struct consumer a, b, other;
	weir_strand *strand;

	up(2, 0);
	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	consumer_init(&b, NULL, NULL);
	consumer_init(&a, then_wait_for, &b);
	ck_assert_int_eq(
	    weir_aio_set_executor(a.aio, weir_strand_exec(strand)), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_set_executor(b.aio, weir_strand_exec(strand)), WEIR_OK);
	toy_submit(&toy, b.aio);
	weir_sleep_aio(1, a.aio);
	consumer_expect(&a, 1, WEIR_EDEADLK);
	ck_assert(toy_finish(&toy, b.aio, WEIR_OK, 0));
	consumer_expect(&b, 1, WEIR_OK);
	consumer_settle(&a);
	/* For one elsewhere it can. */
	consumer_init(&other, NULL, NULL);
	a.arg = &other;
	toy_submit(&toy, other.aio);
	weir_sleep_aio(1, a.aio);
	ck_assert(latch_wait(&in, 2));
	ck_assert(toy_finish(&toy, other.aio, WEIR_OK, 0));
	consumer_expect(&a, 2, WEIR_OK);
	consumer_fini(&a);
	consumer_fini(&b);
	consumer_fini(&other);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	down();
}
END_TEST

START_TEST(a_ring_over_strands_is_seen)
{
	struct consumer a, b, behind_a, behind_b;
	weir_strand *s, *t;

	up(4, 16);
	ck_assert_int_eq(weir_strand_alloc(&s, NULL), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&t, NULL), WEIR_OK);
	/* a holds s and waits for what needs t; b the other way round. */
	consumer_init(&behind_a, NULL, NULL);
	consumer_init(&behind_b, NULL, NULL);
	consumer_init(&a, then_ring, &behind_b);
	consumer_init(&b, then_ring, &behind_a);
	(void)weir_aio_set_executor(a.aio, weir_strand_exec(s));
	(void)weir_aio_set_executor(behind_a.aio, weir_strand_exec(s));
	(void)weir_aio_set_executor(b.aio, weir_strand_exec(t));
	(void)weir_aio_set_executor(behind_b.aio, weir_strand_exec(t));
	ring_len = 2;
	toy_submit(&toy, behind_a.aio);
	toy_submit(&toy, behind_b.aio);
	weir_sleep_aio(0, a.aio);
	weir_sleep_aio(0, b.aio);
	ck_assert(latch_wait(&in, 2));
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	consumer_wait(&a, 1);
	consumer_wait(&b, 1);
	ck_assert(a.result == WEIR_EDEADLK || b.result == WEIR_EDEADLK);
	consumer_fini(&a);
	consumer_fini(&b);
	consumer_fini(&behind_a);
	consumer_fini(&behind_b);
	ck_assert_int_eq(weir_strand_free(s), WEIR_OK);
	ck_assert_int_eq(weir_strand_free(t), WEIR_OK);
	down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("taskq");
	TCase *tc = tcase_create("inside");

	tcase_add_loop_test(
	    tc, a_callback_may_wait_for_another_handles_callback, 1, 4);
	tcase_add_test(tc, many_callbacks_may_wait_at_once);
	tcase_add_test(tc, where_no_thread_would_be_left_waiting_is_edeadlk);
	tcase_add_test(tc, of_more_waiters_than_threads_the_last_are_edeadlk);
	tcase_add_test(tc, a_callback_may_look_without_waiting);
	tcase_add_test(tc, where_waiting_is_edeadlk_free_is_reap);
	tcase_add_test(tc, callbacks_hooks_and_releases_may_call_anything);
	tcase_add_loop_test(
	    tc, a_callback_may_stop_and_free_another_handle, 1, 4);
	tcase_add_test(tc, no_callback_runs_on_the_stack_of_one_that_waits);
	tcase_add_test(tc, a_callback_may_wait_for_a_task);
	tcase_add_loop_test(
	    tc, in_a_ring_of_callbacks_that_wait_one_gets_edeadlk, 2, 5);
	tcase_add_test(
	    tc, in_a_ring_of_callbacks_that_free_each_other_one_is_reap);
	tcase_add_test(
	    tc, on_its_strand_a_callback_cannot_wait_for_another_of_the_strand);
	tcase_add_test(tc, a_ring_over_strands_is_seen);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
