/*
 * test_shutdown - weir_fini: what it ends, what it abandons, what lives on.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "support/capture.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 50

/* This process is a child of a test, and what it is to do. */
static const char *child;

static struct toy toy;

/* weir is up, with few threads and a short patience. */
static void
up(void)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = 2,
	    .fini_limit = WEIR_MS(50),
	};

	toy_init(&toy, TOY_FULL);
	rt_up(&p);
	rt_expect_log(); /* handles outlive weir_fini here */
}

/* weir is down or up: start it once more, that it ends and leaves nothing. */
static void
down(void)
{
	struct consumer c;

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	consumer_init(&c, NULL, NULL);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	consumer_fini(&c);
	rt_down();
	toy_fini(&toy);
}

START_TEST(it_ends_every_operation_with_estopped_and_runs_the_callbacks)
{
	static struct consumer c[2 * MANY];

	for (int i = 0; i < MANY; i++) {
		consumer_init(&c[i], NULL, NULL);
		consumer_init(&c[MANY + i], NULL, NULL);
		weir_sleep_aio(WEIR_SECONDS(3600), c[i].aio);
		toy_submit(&toy, c[MANY + i].aio);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	for (int i = 0; i < 2 * MANY; i++) {
		ck_assert_uint_eq(c[i].calls, 1);
		ck_assert_int_eq(c[i].result, WEIR_ESTOPPED);
		ck_assert_int_eq(weir_aio_result(c[i].aio), WEIR_ESTOPPED);
		consumer_fini(&c[i]);
	}
	ck_assert_uint_eq(toy_released(&toy), MANY);
}
END_TEST

static void
then_again(struct consumer *c)
{
	toy_submit(&toy, c->aio);
}

START_TEST(what_its_callbacks_submit_is_dropped)
{
	struct consumer c;

	consumer_init(&c, then_again, NULL);
	toy_submit(&toy, c.aio);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(c.calls, 1);
	ck_assert_uint_eq(toy_refused(&toy), 1);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_handle_that_outlives_it_is_stopped_for_ever)
{
	struct consumer c, w;
	const weir_iov iov = {&c, sizeof(c)};

	consumer_init(&c, NULL, NULL);
	consumer_init_waiter(&w);
	toy_submit(&toy, c.aio);
	toy_submit(&toy, w.aio);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	for (int life = 0; life < 2; life++) {
		for (int k = 0; k < 2; k++) {
			weir_aio *aio = k == 0 ? c.aio : w.aio;

			ck_assert(!weir_aio_busy(aio));
			toy_submit(&toy, aio);
			weir_sleep_aio(1, aio);
			ck_assert_int_eq(weir_aio_result(aio), WEIR_ESTOPPED);
			ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
			ck_assert_int_eq(weir_aio_stop(aio), WEIR_OK);
			weir_aio_close(aio);
			ck_assert_int_eq(
			    weir_aio_cancel(aio), WEIR_CANCEL_IDLE);
			ck_assert_int_eq(weir_aio_set_timeout(aio, 5), WEIR_OK);
			ck_assert_int_eq(
			    weir_aio_set_iov(aio, 1, &iov), WEIR_OK);
			ck_assert_int_eq(
			    weir_aio_set_input(aio, 0, aio), WEIR_OK);
			ck_assert_ptr_eq(weir_aio_get_input(aio, 0), aio);
			weir_aio_set_tag(aio, "outlived");
		}
		ck_assert_int_eq(
		    life == 0 ? weir_init(NULL) : weir_fini(), WEIR_OK);
	}
	ck_assert_uint_eq(c.calls, 1);
	consumer_fini(&c);
	weir_aio_reap(w.aio);
	w.gone = true;
	consumer_fini(&w);
}
END_TEST

START_TEST(handles_are_freed_after_it_and_in_the_next_life)
{
	static struct consumer c[4 * MANY];

	for (int i = 0; i < 4 * MANY; i++) {
		consumer_init(&c[i], NULL, NULL);
		/* Known to the expiry thread or not, pending or not. */
		if (i % 2 == 0) {
			(void)weir_aio_set_timeout(c[i].aio, WEIR_SECONDS(99));
		}
		if (i % 3 != 0) {
			toy_submit(&toy, c[i].aio);
		}
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	for (int i = 0; i < 4 * MANY; i++) {
		if (i == 2 * MANY) {
			ck_assert_int_eq(weir_init(NULL), WEIR_OK);
		}
		if (i % 4 == 0) {
			weir_aio_reap(c[i].aio);
			c[i].gone = true;
		}
		consumer_fini(&c[i]);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

/* --- Providers that do not finish -------------------------------------- */

START_TEST(a_provider_that_never_finishes_is_named_and_abandoned)
{
	struct consumer c;

	toy.kind = TOY_DEAF;
	consumer_init(&c, NULL, NULL);
	weir_aio_set_tag(c.aio, "the lost one");
	toy_submit(&toy, c.aio);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert(rt_log_has("toy-deaf"));
	ck_assert(rt_log_has("the lost one"));
	/* No thread was in its way: all have ended. */
	ck_assert_uint_eq(proc_threads("weir-"), 0);
	ck_assert_uint_eq(c.calls, 0);
	/* It comes late: no callback, no harm. */
	(void)toy_finish_first(&toy, WEIR_OK, 1);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 0);
	consumer_fini(&c);
}
END_TEST

START_TEST(its_late_finish_may_come_in_the_next_life)
{
	weir_stats stats = {.size = sizeof(stats)};
	struct consumer c, w;

	toy.kind = TOY_RELEASE;
	consumer_init(&c, NULL, NULL);
	consumer_init_waiter(&w);
	toy_submit(&toy, c.aio);
	toy_submit(&toy, w.aio);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	/* They are no business of this life's figures. */
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.submitted + stats.completed, 0);
	ck_assert_uint_eq(stats.aios, 2);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 1));
	ck_assert(toy_finish_first(&toy, WEIR_OK, 1));
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_wait(w.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 0);
	/* release is called for each all the same. */
	ck_assert_uint_eq(toy_released(&toy), 2);
	consumer_fini(&c);
	consumer_fini(&w);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

static void *
free_main(void *arg)
{
	struct consumer *c = arg;

	c->gone = true;
	weir_aio_free(c->aio);
	return NULL;
}

START_TEST(an_abandoned_handle_is_freed_when_its_finish_comes)
{
	struct consumer c;
	pthread_t freer;

	toy.kind = TOY_DEAF;
	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_eq(pthread_create(&freer, NULL, free_main, &c), 0);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 1));
	ck_assert_int_eq(pthread_join(freer, NULL), 0);
	consumer_fini(&c);
}
END_TEST

START_TEST(others_are_ended_beside_one_that_is_abandoned)
{
	static struct consumer c[MANY];
	static struct toy deaf;
	struct consumer lost;

	toy_init(&deaf, TOY_DEAF);
	consumer_init(&lost, NULL, NULL);
	toy_submit(&deaf, lost.aio);
	for (int i = 0; i < MANY; i++) {
		consumer_init(&c[i], NULL, NULL);
		toy_submit(&toy, c[i].aio);
	}
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	for (int i = 0; i < MANY; i++) {
		ck_assert_uint_eq(c[i].calls, 1);
		ck_assert_int_eq(c[i].result, WEIR_ESTOPPED);
		consumer_fini(&c[i]);
	}
	ck_assert(toy_finish_first(&deaf, WEIR_OK, 1));
	consumer_fini(&lost);
	toy_fini(&deaf);
}
END_TEST

/* --- Callbacks that do not return -------------------------------------- */

static struct latch entered, leave;

static void
then_block(struct consumer *c)
{
	(void)c;
	latch_hit(&entered);
	(void)latch_wait(&leave, 1);
}

START_TEST(a_callback_that_blocks_is_waited_for_within_the_limit)
{
	struct consumer c;

	/* Longer than any machine is slow. */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	latch_init(&entered);
	latch_init(&leave);
	consumer_init(&c, then_block, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert(latch_wait(&entered, 1));
	latch_hit(&leave);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(latch_hits(&c.ran), 1);
	consumer_fini(&c);
	latch_fini(&entered);
	latch_fini(&leave);
}
END_TEST

/* A child: what is abandoned stays in memory till the process ends. */
START_TEST(child_abandons_a_callback)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = 2,
	    .fini_limit = WEIR_MS(50),
	};
	struct consumer c, next;
	static struct consumer others[MANY];

	latch_init(&entered);
	latch_init(&leave);
	capture_begin();
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	consumer_init(&c, then_block, NULL);
	weir_sleep_aio(1, c.aio);
	for (int i = 0; i < MANY; i++) {
		consumer_init(&others[i], NULL, NULL);
		weir_sleep_aio(WEIR_INFINITE, others[i].aio);
	}
	ck_assert(latch_wait(&entered, 1));
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(capture_end(), "abandoned"));
	for (int i = 0; i < MANY; i++) {
		ck_assert_uint_eq(others[i].calls, 1);
		consumer_fini(&others[i]);
	}
	/* Only the blocked thread is left. */
	ck_assert(proc_await_threads("weir-", 1));
	/* The next life does not know it, and it returns into nothing. */
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	latch_hit(&leave);
	ck_assert(latch_wait(&c.ran, 1));
	consumer_init(&next, NULL, NULL);
	weir_sleep_aio(1, next.aio);
	consumer_expect(&next, 1, WEIR_OK);
	consumer_fini(&next);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert(proc_await_threads("weir-", 0));
	weir_aio_free(c.aio);
}
END_TEST

static weir_err waited;

static void *
lost_waiter_main(void *arg)
{
	waited = weir_aio_wait(arg);
	return NULL;
}

/* A child, too: two completions are queued behind a callback that hangs. */
START_TEST(child_abandons_completions)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = 1,
	    .max_task_threads = 1,
	    .fini_limit = WEIR_MS(50),
	};
	const char *who;
	weir_blocker what;
	struct consumer c, behind[2];
	weir_task *task;
	pthread_t waiter;

	latch_init(&entered);
	latch_init(&leave);
	capture_begin();
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	consumer_init(&c, then_block, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert(latch_wait(&entered, 1));
	for (int i = 0; i < 2; i++) {
		consumer_init(&behind[i], NULL, NULL);
		toy_submit_now(behind[i].aio, WEIR_OK, 3);
	}
	ck_assert_int_eq(
	    weir_task_alloc(&task, latch_hit_cb, &leave, NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert_int_eq(
	    pthread_create(&waiter, NULL, lost_waiter_main, behind[0].aio), 0);
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	(void)capture_end();
	/* Nobody will ever come for them, and nobody waits for that. */
	ck_assert_int_eq(pthread_join(waiter, NULL), 0);
	ck_assert_int_eq(waited, WEIR_ESTATE);
	ck_assert_int_eq(
	    weir_aio_stop_until(behind[0].aio, WEIR_NEVER, &what, &who),
	    WEIR_ESTATE);
	ck_assert_int_eq(what, WEIR_BLOCKER_QUEUE);
	ck_assert_int_eq(weir_task_post(task), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_task_wait(task), WEIR_ESTATE);
	weir_task_free(task);
	ck_assert_int_eq(weir_aio_wait(behind[1].aio), WEIR_ESTATE);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(behind[i].calls, 0);
		weir_aio_free(behind[i].aio);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	latch_hit(&leave);
	ck_assert(latch_wait(&c.ran, 1));
	weir_aio_free(c.aio);
}
END_TEST

static struct latch place_taken, give_place;

static void
then_hold_place(struct consumer *c)
{
	(void)c;
	latch_hit(&place_taken);
	(void)latch_wait(&give_place, 1);
}

/* A child: one that hangs and one behind it in the same turn of a strand. */
static void
abandon_a_strand(const weir_params *p)
{
	struct consumer first, c, behind;
	weir_strand *strand;

	ck_assert_int_eq(weir_init(p), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	consumer_init(&first, then_hold_place, NULL);
	consumer_init(&c, then_block, NULL);
	consumer_init(&behind, NULL, NULL);
	ck_assert_int_eq(
	    weir_aio_set_executor(c.aio, weir_strand_exec(strand)), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_set_executor(behind.aio, weir_strand_exec(strand)),
	    WEIR_OK);
	toy_submit_now(first.aio, WEIR_OK, 0);
	ck_assert(latch_wait(&place_taken, 1));
	toy_submit_now(c.aio, WEIR_OK, 0);
	toy_submit_now(behind.aio, WEIR_OK, 0);
	latch_hit(&give_place);
	ck_assert(latch_wait(&entered, 1));
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_stop(behind.aio), WEIR_ESTATE);
	weir_aio_free(behind.aio);
	latch_hit(&leave);
	ck_assert(latch_wait(&c.ran, 1));
	ck_assert(proc_await_threads("weir-", 0));
	ck_assert_uint_eq(behind.calls, 0);
	weir_aio_free(c.aio);
	weir_aio_free(first.aio);
}

START_TEST(child_abandons_a_strand)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = 1,
	    .max_task_threads = 1,
	    .fini_limit = WEIR_MS(50),
	};
	weir_strand *strand;

	latch_init(&entered);
	latch_init(&leave);
	latch_init(&place_taken);
	latch_init(&give_place);
	capture_begin();
	abandon_a_strand(&p);
	/* The next default pool lies elsewhere, and outlives its life too. */
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	(void)capture_end();
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
}
END_TEST

/* _i: alone, or with others behind it, or on a strand. */
START_TEST(a_callback_that_never_returns_is_named_and_abandoned)
{
	static const char *const children[] = {
	    "abandon", "abandon-queued", "abandon-strand"};

	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(proc_run_self(children[_i], 50), 0);
}
END_TEST

/* --- Other objects ----------------------------------------------------- */

struct twice {
	struct latch in, go;
	_Atomic unsigned runs;
};

static void
run_and_wait(void *arg)
{
	struct twice *t = arg;

	t->runs++;
	latch_hit(&t->in);
	(void)latch_wait(&t->go, 1);
}

static void *
fini_main(void *arg)
{
	*(weir_err *)arg = weir_fini();
	return NULL;
}

START_TEST(a_post_that_was_accepted_runs)
{
	struct twice t = {.runs = 0};
	pthread_t thread;
	weir_task *task;
	weir_aio *probe;
	weir_err rv;

	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	latch_init(&t.in);
	latch_init(&t.go);
	ck_assert_int_eq(
	    weir_task_alloc(&task, run_and_wait, &t, NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert(latch_wait(&t.in, 1));
	/* It runs: once more. */
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, fini_main, &rv), 0);
	while (weir_aio_alloc(&probe, NULL, NULL) == WEIR_OK) {
		weir_aio_free(probe); /* until the end has begun */
	}
	latch_hit(&t.go);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(rv, WEIR_OK);
	ck_assert_uint_eq(t.runs, 2);
	weir_task_free(task);
	latch_fini(&t.in);
	latch_fini(&t.go);
}
END_TEST

START_TEST(a_task_that_outlives_it_cannot_be_posted)
{
	struct latch ran;
	weir_task *task;

	latch_init(&ran);
	ck_assert_int_eq(
	    weir_task_alloc(&task, latch_hit_cb, &ran, NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(latch_hits(&ran), 1);
	ck_assert_int_eq(weir_task_post(task), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_task_wait(task), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_ESTOPPED);
	weir_task_free(task);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	latch_fini(&ran);
}
END_TEST

START_TEST(pools_strands_tasks_and_handles_are_freed_after_it)
{
	const weir_pool_params pp = {.size = sizeof(pp), .name = "mine"};
	weir_pool *pool;
	weir_strand *strand, *strand_of_default;
	weir_task *task;
	weir_interval *iv;
	struct consumer c[3];

	ck_assert_int_eq(weir_pool_alloc(&pool, &pp), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand_of_default, NULL), WEIR_OK);
	ck_assert_int_eq(weir_task_alloc(&task, latch_hit_cb, NULL,
			     weir_strand_exec(strand)),
	    WEIR_OK);
	ck_assert_int_eq(weir_interval_alloc(&iv, WEIR_MS(1)), WEIR_OK);
	for (int i = 0; i < 3; i++) {
		consumer_init(&c[i], NULL, NULL);
	}
	ck_assert_int_eq(weir_aio_set_executor(
			     c[0].aio, weir_strand_exec(strand_of_default)),
	    WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_set_executor(c[1].aio, weir_pool_exec(NULL)), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_set_executor(c[2].aio, weir_pool_exec(pool)), WEIR_OK);
	for (int i = 0; i < 3; i++) {
		toy_submit(&toy, c[i].aio);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_eq(proc_threads("mine-"), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(c[i].calls, 1);
		consumer_fini(&c[i]);
	}
	weir_task_free(task);
	ck_assert_int_eq(weir_strand_free(strand_of_default), WEIR_OK);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	weir_interval_free(iv);
}
END_TEST

/* --- While others work ------------------------------------------------- */

struct worker {
	pthread_t thread;
	_Atomic unsigned wrong;
	struct latch *ran;
	bool pools;
};

static void
worker_sees(struct worker *w, weir_err rv)
{
	w->wrong += rv != WEIR_OK && rv != WEIR_ESTOPPED && rv != WEIR_ESTATE;
}

/* Make, use and free handles until the library is gone. */
static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	weir_aio *aio, *kept[8] = {NULL};
	unsigned n = 0;

	while (weir_aio_alloc(&aio, NULL, NULL) == WEIR_OK) {
		(void)weir_aio_set_timeout(aio, WEIR_SECONDS(10));
		weir_sleep_aio(n % 2 == 0 ? 1 : WEIR_SECONDS(5), aio);
		(void)weir_aio_cancel(aio);
		worker_sees(w, weir_aio_wait(aio));
		if (n % 3 == 0) {
			weir_aio_reap(kept[n % 8]);
		} else {
			weir_aio_free(kept[n % 8]);
		}
		kept[n++ % 8] = aio;
	}
	for (unsigned i = 0; i < 8; i++) {
		if (kept[i] != NULL) {
			weir_sleep_aio(1, kept[i]);
			worker_sees(w, weir_aio_stop(kept[i]));
		}
		weir_aio_free(kept[i]);
	}
	return NULL;
}

START_TEST(it_may_come_while_threads_make_use_and_free_handles)
{
	for (int round = 0; round < 50; round++) {
		struct worker w[3];
		struct latch tick;
		weir_aio *aio;

		memset(w, 0, sizeof(w));
		latch_init(&tick);
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(pthread_create(&w[i].thread, NULL,
					     worker_main, &w[i]),
			    0);
		}
		ck_assert_int_eq(
		    weir_aio_alloc(&aio, latch_hit_cb, &tick), WEIR_OK);
		weir_sleep_aio(WEIR_US(100 * (round % 20)), aio);
		ck_assert(latch_wait(&tick, 1));
		weir_aio_free(aio);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(pthread_join(w[i].thread, NULL), 0);
			ck_assert_uint_eq(w[i].wrong, 0);
		}
		latch_fini(&tick);
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

/* Finish from a thread that is not weir's, at the time of fini. */
static void *
finisher_main(void *arg)
{
	_Atomic bool *stop = arg;

	while (!*stop) {
		(void)toy_finish_first(&toy, WEIR_OK, 1);
	}
	while (toy_finish_first(&toy, WEIR_OK, 1)) {
	}
	return NULL;
}

START_TEST(it_may_come_while_a_provider_finishes)
{
	for (int round = 0; round < 100; round++) {
		static struct consumer c[MANY];
		_Atomic bool stop = false;
		pthread_t finisher;

		for (int i = 0; i < MANY; i++) {
			consumer_init(&c[i], NULL, NULL);
			toy_submit(&toy, c[i].aio);
		}
		ck_assert_int_eq(pthread_create(&finisher, NULL, finisher_main,
				     (void *)&stop),
		    0);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		stop = true;
		ck_assert_int_eq(pthread_join(finisher, NULL), 0);
		for (int i = 0; i < MANY; i++) {
			ck_assert_uint_eq(c[i].calls, 1);
			consumer_fini(&c[i]);
		}
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

static void *
waiter_main(void *arg)
{
	struct consumer *c = arg;

	ck_assert_int_eq(weir_aio_wait(c->aio), WEIR_OK);
	return NULL;
}

START_TEST(it_lets_go_of_threads_that_wait)
{
	struct consumer c;
	pthread_t waiter;

	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	ck_assert_int_eq(pthread_create(&waiter, NULL, waiter_main, &c), 0);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(pthread_join(waiter, NULL), 0);
	consumer_fini(&c);
}
END_TEST

/* --- From inside, and exit --------------------------------------------- */

static weir_err in_release, in_hook;

static void
release_fini(struct toy *t)
{
	(void)t;
	in_release = weir_fini();
}

static void
hook_fini(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	in_hook = weir_fini();
	(void)weir_aio_finish(aio, why);
}

static const weir_provider hook_provider = {
    sizeof(hook_provider), "hook", hook_fini, NULL};

START_TEST(in_hooks_and_release_it_is_edeadlk)
{
	struct consumer c;

	in_release = in_hook = WEIR_OK;
	toy.at_release = release_fini;
	consumer_init(&c, NULL, NULL);
	toy_submit(&toy, c.aio);
	(void)weir_aio_cancel(c.aio);
	consumer_wait(&c, 1);
	consumer_settle(&c);
	ck_assert_int_eq(in_release, WEIR_EDEADLK);
	/* The hook runs on our own stack here. */
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_start(c.aio, &hook_provider, NULL), WEIR_OK);
	(void)weir_aio_cancel(c.aio);
	consumer_wait(&c, 2);
	ck_assert_int_eq(in_hook, WEIR_EDEADLK);
	consumer_fini(&c);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

static void
then_exit(struct consumer *c)
{
	(void)c;
	exit(7);
}

START_TEST(child_exits_with_work)
{
	static struct consumer c[4];
	static struct consumer quit;

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	for (int i = 0; i < 4; i++) {
		consumer_init(&c[i], NULL, NULL);
		weir_sleep_aio(WEIR_INFINITE, c[i].aio);
	}
	if (strcmp(child, "exit") == 0) {
		exit(7);
	}
	consumer_init(&quit, then_exit, NULL);
	weir_sleep_aio(1, quit.aio);
	for (;;) {
		(void)pause();
	}
}
END_TEST

START_TEST(exit_with_operations_running_does_not_hang)
{
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(proc_run_self("exit", 20), 7);
	ck_assert_int_eq(proc_run_self("exit-in-callback", 20), 7);
}
END_TEST

/* Run the child's part as a test of its own, in this process. */
static int
be_child(void)
{
	Suite *suite = suite_create("child");
	TCase *tc = tcase_create("child");

	(void)setenv("CK_FORK", "no", 1);
	tcase_add_test(tc,
	    strcmp(child, "abandon") == 0          ? child_abandons_a_callback
	    : strcmp(child, "abandon-queued") == 0 ? child_abandons_completions
	    : strcmp(child, "abandon-strand") == 0 ? child_abandons_a_strand
						   : child_exits_with_work);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *tc;

	if (argc > 1) {
		child = argv[1];
		return be_child();
	}
	suite = suite_create("weir");
	tc = tcase_create("fini");
	tcase_add_checked_fixture(tc, up, down);
	tcase_add_test(
	    tc, it_ends_every_operation_with_estopped_and_runs_the_callbacks);
	tcase_add_test(tc, what_its_callbacks_submit_is_dropped);
	tcase_add_test(tc, a_handle_that_outlives_it_is_stopped_for_ever);
	tcase_add_test(tc, handles_are_freed_after_it_and_in_the_next_life);
	tcase_add_test(
	    tc, a_provider_that_never_finishes_is_named_and_abandoned);
	tcase_add_test(tc, its_late_finish_may_come_in_the_next_life);
	tcase_add_test(tc, an_abandoned_handle_is_freed_when_its_finish_comes);
	tcase_add_test(tc, others_are_ended_beside_one_that_is_abandoned);
	tcase_add_test(
	    tc, a_callback_that_blocks_is_waited_for_within_the_limit);
	tcase_add_loop_test(
	    tc, a_callback_that_never_returns_is_named_and_abandoned, 0, 3);
	tcase_add_test(tc, a_post_that_was_accepted_runs);
	tcase_add_test(tc, a_task_that_outlives_it_cannot_be_posted);
	tcase_add_test(tc, pools_strands_tasks_and_handles_are_freed_after_it);
	tcase_add_test(tc, it_may_come_while_threads_make_use_and_free_handles);
	tcase_add_test(tc, it_may_come_while_a_provider_finishes);
	tcase_add_test(tc, it_lets_go_of_threads_that_wait);
	tcase_add_test(tc, in_hooks_and_release_it_is_edeadlk);
	tcase_add_test(tc, exit_with_operations_running_does_not_hang);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
