/*
 * test_pool - pools of threads: sizes, names, limits, and that nobody waits
 * behind a callback that blocks.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "base/mem.h"
#include "base/thread.h"
#include "contract/socks.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct toy toy;
static struct latch in, go;

static void
setup(void)
{
	toy_init(&toy, TOY_FULL);
	latch_init(&in);
	latch_init(&go);
	rt_up(NULL);
}

static void
teardown(void)
{
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
	toy_fini(&toy);
}

static weir_pool *
make(const char *name, int threads_min, int threads_max)
{
	const weir_pool_params p = {
	    .size = sizeof(p),
	    .name = name,
	    .threads_min = threads_min,
	    .threads_max = threads_max,
	};
	weir_pool *pool;

	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_OK);
	return pool;
}

static void
place(struct consumer *c, weir_pool *pool)
{
	ck_assert_int_eq(
	    weir_aio_set_executor(c->aio, weir_pool_exec(pool)), WEIR_OK);
}

/* --- Sizes and names --------------------------------------------------- */

START_TEST(a_pool_has_the_threads_asked_for_by_name)
{
	static const struct {
		const char *name;
		int n;
		const char *first, *last;
	} rows[] = {
	    {"abc", 1, "abc-0", "abc-0"},
	    {"abc", 5, "abc-0", "abc-4"},
	    {"12345678", 2, "12345678-0", "12345678-1"},
	    {"123456789", 2, "12345678-0", "12345678-1"},
	    {NULL, 0, "pool-0", "pool-1"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rt_counts before = rt_count();
		unsigned n = rows[i].n == 0 ? 2 : (unsigned)rows[i].n;
		weir_pool *pool = make(rows[i].name, rows[i].n, 0);
		char prefix[16];

		(void)snprintf(prefix, sizeof(prefix), "%.*s-",
		    (int)strlen(rows[i].first) - 2, rows[i].first);
		ck_assert_uint_eq(rt_count().threads - before.threads, n);
		ck_assert(proc_await_threads(prefix, n));
		ck_assert(proc_has_thread(rows[i].first));
		ck_assert(proc_has_thread(rows[i].last));
		ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
		rt_expect_counts(before);
	}
}
END_TEST

START_TEST(no_settings_are_all_defaults)
{
	weir_pool *pool;

	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	ck_assert(proc_await_threads("pool-", 2));
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

START_TEST(values_out_of_range_are_refused_with_a_line_that_says_why)
{
	static const struct {
		int min, max;
		const char *says;
	} rows[] = {
	    {-1, 0, "threads_min"},
	    {WEIR_TASK_THREADS_MAX + 1, 0, "threads_min"},
	    {INT32_MAX, 0, "threads_min"},
	    {INT32_MIN, 0, "threads_min"},
	    {4, 3, "threads_max"},
	    {0, 1, "threads_max"},
	    {1, WEIR_POOL_THREADS_MAX + 1, "threads_max"},
	    {1, -1, "threads_max"},
	};
	weir_pool *pool = NULL;

	rt_expect_log();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const weir_pool_params p = {
		    .size = sizeof(p),
		    .threads_min = rows[i].min,
		    .threads_max = rows[i].max,
		};
		char value[16];

		ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_EINVAL);
		(void)snprintf(value, sizeof(value), "%d",
		    strcmp(rows[i].says, "threads_min") == 0 ? rows[i].min
							     : rows[i].max);
		ck_assert(rt_log_has(rows[i].says));
		ck_assert_msg(rt_log_has(value), "no line with %s", value);
	}
	ck_assert_ptr_null(pool);
	ck_assert_int_eq(weir_pool_alloc(NULL, NULL), WEIR_EINVAL);
}
END_TEST

START_TEST(a_struct_of_another_size_is_refused)
{
	weir_pool_params p = {.size = sizeof(p) - 1};
	weir_pool *pool = NULL;

	rt_expect_log();
	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_EINVAL);
	p.size = 0;
	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_EINVAL);
	ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(many_pools_come_and_go)
{
	struct rt_counts before = rt_count();
	weir_stats stats = {.size = sizeof(stats)};

	for (int i = 0; i < 300; i++) {
		weir_pool *pool = make("quick", 1 + i % 3, 0);
		struct consumer c;

		consumer_init(&c, NULL, NULL);
		place(&c, pool);
		weir_sleep_aio(i % 2, c.aio);
		consumer_expect(&c, 1, WEIR_OK);
		consumer_fini(&c);
		ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	}
	rt_expect_counts(before);
	/* What they did stays in the figures. */
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_ge(stats.callbacks, 300);
}
END_TEST

/* --- Free -------------------------------------------------------------- */

START_TEST(a_pool_that_is_in_use_is_ebusy_and_goes_on)
{
	weir_pool *pool = make("busy", 1, 0);
	struct consumer c;
	weir_strand *strand;
	weir_task *task;

	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_EBUSY);
	ck_assert_int_eq(
	    weir_task_alloc(&task, latch_hit_cb, &in, weir_strand_exec(strand)),
	    WEIR_OK);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_EBUSY);
	consumer_init(&c, NULL, NULL);
	place(&c, pool);
	/* Each goes on as before. */
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert(latch_wait(&in, 1));
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	weir_task_free(task);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_EBUSY);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 2, WEIR_OK);
	consumer_settle(&c);
	/* Moved away, or freed. */
	ck_assert_int_eq(weir_aio_set_executor(c.aio, NULL), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	consumer_fini(&c);
}
END_TEST

static void
then_free_pool(struct consumer *c)
{
	weir_pool **pool = c->arg;

	c->result = weir_pool_free(*pool);
}

START_TEST(on_its_own_thread_a_pool_is_not_freed)
{
	weir_pool *pool = make("own", 2, 0);
	weir_strand *strand;
	struct consumer c;

	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
	consumer_init(&c, then_free_pool, &pool);
	place(&c, pool);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 1, WEIR_EDEADLK);
	consumer_settle(&c);
	ck_assert_int_eq(
	    weir_aio_set_executor(c.aio, weir_strand_exec(strand)), WEIR_OK);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 2, WEIR_EDEADLK);
	consumer_fini(&c);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

START_TEST(a_callback_of_another_pool_may_free_it)
{
	weir_pool *pool = make("other", 2, 0);
	struct consumer c;

	consumer_init(&c, then_free_pool, &pool);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_uint_eq(proc_threads("other-"), 0);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_reaped_handle_lets_go_of_its_pool)
{
	weir_pool *pool = make("reaped", 1, 0);
	struct consumer c, tick;
	weir_err rv = WEIR_EBUSY;
	unsigned n = 0;

	consumer_init(&tick, NULL, NULL);
	consumer_init(&c, NULL, NULL);
	place(&c, pool);
	/* The expiry thread knows it, and for long. */
	weir_sleep_aio(WEIR_SECONDS(3000), c.aio);
	ck_assert_int_eq(weir_aio_wait_until(c.aio, weir_now() + WEIR_MS(20)),
	    WEIR_ETIMEDOUT);
	weir_aio_reap(c.aio);
	c.gone = true;
	consumer_expect(&c, 1, WEIR_ESTOPPED);
	while (rv == WEIR_EBUSY && n < 2000) {
		weir_sleep_aio(WEIR_MS(1), tick.aio);
		consumer_wait(&tick, ++n);
		consumer_settle(&tick);
		rv = weir_pool_free(pool);
	}
	consumer_fini(&c);
	consumer_fini(&tick);
	ck_assert_int_eq(rv, WEIR_OK);
}
END_TEST

/* A thread that finishes an operation may be slow to leave the call. */
static void *
finisher_main(void *arg)
{
	(void)arg;
	while (!toy_finish_first(&toy, WEIR_OK, 0)) {
	}
	return NULL;
}

START_TEST(a_pool_may_be_freed_as_soon_as_its_handles_are)
{
	for (int i = 0; i < 500; i++) {
		weir_pool *pool = make("gone", 1, 0);
		weir_strand *strand = NULL;
		pthread_t finisher;
		struct consumer c;

		consumer_init(&c, NULL, NULL);
		place(&c, pool);
		if (i % 2 == 0) {
			ck_assert_int_eq(
			    weir_strand_alloc(&strand, pool), WEIR_OK);
			ck_assert_int_eq(weir_aio_set_executor(
					     c.aio, weir_strand_exec(strand)),
			    WEIR_OK);
		}
		toy_submit(&toy, c.aio);
		ck_assert_int_eq(
		    pthread_create(&finisher, NULL, finisher_main, NULL), 0);
		consumer_wait(&c, 1);
		consumer_fini(&c);
		ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
		ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
		ck_assert_int_eq(pthread_join(finisher, NULL), 0);
	}
}
END_TEST

/* --- How many at once -------------------------------------------------- */

static _Atomic unsigned running, running_max;

static void
then_count(struct consumer *c)
{
	unsigned now = ++running;
	unsigned most = running_max;

	while (now > most &&
	       !__atomic_compare_exchange_n((unsigned *)&running_max, &most,
		   now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
	}
	for (volatile int i = 0; i < 2000; i++) {
	}
	running--;
	if (c->calls < 50) {
		weir_sleep_aio(c->calls % 3, c->aio);
	}
}

START_TEST(at_most_so_many_callbacks_run_at_once)
{
	static struct consumer c[40];

	for (int threads = 0; threads <= 3; threads++) {
		weir_pool *pool = threads == 0 ? NULL : make("few", threads, 8);
		unsigned limit = (unsigned)threads;
		weir_params params = {.size = sizeof(params)};

		if (threads == 0) {
			ck_assert_int_eq(weir_get_params(&params), WEIR_OK);
			limit = (unsigned)params.num_task_threads;
		}
		running = running_max = 0;
		for (int i = 0; i < 40; i++) {
			consumer_init(&c[i], then_count, NULL);
			place(&c[i], pool);
			weir_sleep_aio(1, c[i].aio);
		}
		for (int i = 0; i < 40; i++) {
			consumer_settle(&c[i]);
			ck_assert_uint_eq(c[i].calls, 50);
			consumer_fini(&c[i]);
		}
		ck_assert_uint_le(running_max, limit);
		ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	}
}
END_TEST

/* All must be inside before one may leave. */
static void
then_meet(struct consumer *c)
{
	unsigned n = *(unsigned *)c->arg;

	latch_hit(&in);
	(void)latch_wait(&in, n);
}

START_TEST(as_many_long_callbacks_run_at_once_as_there_are_threads)
{
	unsigned n = 6;
	weir_pool *pool = make("meet", (int)n, 0);
	struct consumer c[6];

	for (unsigned i = 0; i < n; i++) {
		consumer_init(&c[i], then_meet, &n);
		place(&c[i], pool);
	}
	for (unsigned i = 0; i < n; i++) {
		if (i % 2 == 0) {
			weir_sleep_aio(1, c[i].aio);
		} else {
			toy_submit_now(c[i].aio, WEIR_OK, 0);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		consumer_wait(&c[i], 1);
		consumer_fini(&c[i]);
	}
	ck_assert_uint_eq(latch_hits(&in), n);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

static void
then_block(struct consumer *c)
{
	(void)c;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

static void
then_go_on(struct consumer *c)
{
	if (c->calls < 100) {
		weir_sleep_aio(c->calls % 2, c->aio);
	}
}

START_TEST(blocked_callbacks_delay_nobody_while_one_thread_is_free)
{
	static struct consumer blocked[3], c[10];
	weir_pool *pool = make("free", 4, 4);

	for (int i = 0; i < 3; i++) {
		consumer_init(&blocked[i], then_block, NULL);
		place(&blocked[i], pool);
		weir_sleep_aio(0, blocked[i].aio);
	}
	ck_assert(latch_wait(&in, 3));
	for (int i = 0; i < 10; i++) {
		consumer_init(&c[i], then_go_on, NULL);
		place(&c[i], pool);
		weir_sleep_aio(0, c[i].aio);
	}
	for (int i = 0; i < 10; i++) {
		consumer_settle(&c[i]);
		ck_assert_uint_eq(c[i].calls, 100);
		consumer_fini(&c[i]);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(latch_hits(&blocked[i].ran), 0);
	}
	latch_hit(&go);
	for (int i = 0; i < 3; i++) {
		consumer_wait(&blocked[i], 1);
		consumer_fini(&blocked[i]);
	}
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

/* What a blocking callback has queued itself must not wait behind it. */
static void
then_feed_and_block(struct consumer *c)
{
	struct consumer *fed = c->arg;

	for (int i = 0; i < 20; i++) {
		toy_submit_now(fed[i].aio, WEIR_OK, 0);
	}
	then_block(c);
}

START_TEST(what_a_callback_queued_before_it_blocks_is_served_by_others)
{
	static struct consumer fed[20];
	struct consumer c;

	for (int k = 0; k < 2; k++) {
		weir_pool *pool = k == 0 ? make("feed", 2, 2) : NULL;

		for (int i = 0; i < 20; i++) {
			consumer_init(&fed[i], NULL, NULL);
			place(&fed[i], pool);
		}
		consumer_init(&c, then_feed_and_block, fed);
		place(&c, pool);
		weir_sleep_aio(1, c.aio);
		for (int i = 0; i < 20; i++) {
			consumer_expect(&fed[i], 1, WEIR_OK);
			consumer_fini(&fed[i]);
		}
		ck_assert_uint_eq(latch_hits(&c.ran), 0);
		latch_hit(&go);
		consumer_wait(&c, 1);
		consumer_fini(&c);
		ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
		latch_fini(&go);
		latch_init(&go);
	}
}
END_TEST

/* --- Pollers ----------------------------------------------------------- */

/* A connection of weir's, and our end of it. */
struct wire {
	weir_stream *stream;
	int peer;
	struct consumer c;
	char byte;
};

static void
wire_open(
    struct wire *w, weir_stream_listener *l, void (*then)(struct consumer *))
{
	weir_iov iov;

	w->peer = socks_connect(l);
	w->stream = socks_accept(l);
	consumer_init(&w->c, then, NULL);
	iov = (weir_iov){&w->byte, 1};
	ck_assert_int_eq(weir_aio_set_iov(w->c.aio, 1, &iov), WEIR_OK);
}

static void
wire_close(struct wire *w)
{
	consumer_fini(&w->c);
	weir_stream_free(w->stream);
	ck_assert_int_eq(close(w->peer), 0);
}

static void
wire_recv(struct wire *w)
{
	weir_stream_recv(w->stream, w->c.aio);
	/* Only when it waits in the poller is the poller needed. */
	ck_assert_int_eq(weir_aio_wait_until(w->c.aio, 0), WEIR_ETIMEDOUT);
}

static void
wire_feed(struct wire *w)
{
	ck_assert_int_eq(send(w->peer, "x", 1, 0), 1);
}

START_TEST(the_thread_that_polled_may_block_and_others_get_their_events)
{
	const weir_params p = {
	    .size = sizeof(p), .num_task_threads = 3, .num_poller_threads = _i};
	weir_stream_listener *l;
	struct wire blocked[2], other;

	rt_down();
	rt_up(&p);
	l = socks_listen("tcp://127.0.0.1:0");
	for (int i = 0; i < 2; i++) {
		wire_open(&blocked[i], l, then_block);
	}
	wire_open(&other, l, NULL);
	for (int round = 0; round < 30; round++) {
		unsigned n = (unsigned)round * 10;

		for (unsigned i = 0; i < 2; i++) {
			wire_recv(&blocked[i]);
			wire_feed(&blocked[i]);
			ck_assert(latch_wait(&in, i + 1));
		}
		for (unsigned i = 1; i <= 10; i++) {
			wire_recv(&other);
			wire_feed(&other);
			consumer_expect(&other.c, n + i, WEIR_OK);
			consumer_settle(&other.c);
		}
		latch_hit(&go);
		for (int i = 0; i < 2; i++) {
			consumer_settle(&blocked[i].c);
		}
		latch_fini(&go);
		latch_init(&go);
		latch_fini(&in);
		latch_init(&in);
	}
	for (int i = 0; i < 2; i++) {
		wire_close(&blocked[i]);
	}
	wire_close(&other);
	weir_stream_listener_free(l);
}
END_TEST

/* --- The default pool blocked ------------------------------------------ */

START_TEST(a_blocked_default_pool_holds_up_no_other_pools_streams)
{
	enum { MANY = 100 };
	static struct consumer c[MANY];
	static char bytes[MANY];
	static const char sent[MANY];
	const weir_params p = {.size = sizeof(p), .num_task_threads = 2};
	struct consumer blocked[2];
	struct wire w;
	weir_stream_listener *l;
	weir_pool *pool;

	rt_down();
	rt_up(&p);
	pool = make("other", 1, 0);
	l = socks_listen("tcp://127.0.0.1:0");
	wire_open(&w, l, NULL);
	for (int i = 0; i < MANY; i++) {
		weir_iov iov = {&bytes[i], 1};

		consumer_init(&c[i], NULL, NULL);
		place(&c[i], pool);
		ck_assert_int_eq(weir_aio_set_iov(c[i].aio, 1, &iov), WEIR_OK);
		weir_stream_recv(w.stream, c[i].aio);
	}
	for (int i = 0; i < 2; i++) {
		consumer_init(&blocked[i], then_block, NULL);
		weir_sleep_aio(0, blocked[i].aio);
	}
	ck_assert(latch_wait(&in, 2));
	ck_assert_int_eq(send(w.peer, sent, MANY, 0), MANY);
	for (int i = 0; i < MANY; i++) {
		consumer_expect(&c[i], 1, WEIR_OK);
		consumer_fini(&c[i]);
	}
	latch_hit(&go);
	for (int i = 0; i < 2; i++) {
		consumer_fini(&blocked[i]);
	}
	wire_close(&w);
	weir_stream_listener_free(l);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

START_TEST(a_pool_that_weir_fini_ended_takes_no_more)
{
	weir_pool *pool = make("old", 1, 0);
	weir_strand *strand;
	weir_task *task;
	weir_aio *aio;

	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_ESTATE);
	ck_assert_int_eq(
	    weir_task_alloc(&task, latch_hit_cb, &in, weir_pool_exec(pool)),
	    WEIR_ESTATE);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_set_executor(aio, weir_pool_exec(pool)), WEIR_ESTATE);
	weir_aio_free(aio);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

/* --- Failures ---------------------------------------------------------- */

START_TEST(a_pool_without_memory_or_threads_leaves_nothing)
{
	const weir_pool_params p = {.size = sizeof(p), .threads_min = 3};
	struct rt_counts before = rt_count();
	weir_pool *pool = NULL;
	unsigned n;

	for (n = 1;; n++) {
		weir_err rv;

		wri_mem_fail_at(n);
		rv = weir_pool_alloc(&pool, &p);
		wri_mem_fail_at(0);
		if (rv == WEIR_OK) {
			break;
		}
		ck_assert_int_eq(rv, WEIR_ENOMEM);
		ck_assert_ptr_null(pool);
		rt_expect_counts(before);
	}
	ck_assert_uint_ge(n, 5);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	pool = NULL;
	for (n = 1; n <= 3; n++) {
		wri_thread_fail_at(n);
		ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_EAGAIN);
		wri_thread_fail_at(0);
		ck_assert_ptr_null(pool);
		rt_expect_counts(before);
	}
	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	rt_expect_counts(before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("taskq");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_pool_has_the_threads_asked_for_by_name);
	tcase_add_test(tc, no_settings_are_all_defaults);
	tcase_add_test(
	    tc, values_out_of_range_are_refused_with_a_line_that_says_why);
	tcase_add_test(tc, a_struct_of_another_size_is_refused);
	tcase_add_test(tc, many_pools_come_and_go);
	tcase_add_test(tc, a_pool_that_is_in_use_is_ebusy_and_goes_on);
	tcase_add_test(tc, on_its_own_thread_a_pool_is_not_freed);
	tcase_add_test(tc, a_callback_of_another_pool_may_free_it);
	tcase_add_test(tc, a_reaped_handle_lets_go_of_its_pool);
	tcase_add_test(tc, a_pool_may_be_freed_as_soon_as_its_handles_are);
	tcase_add_test(tc, at_most_so_many_callbacks_run_at_once);
	tcase_add_test(
	    tc, as_many_long_callbacks_run_at_once_as_there_are_threads);
	tcase_add_test(
	    tc, blocked_callbacks_delay_nobody_while_one_thread_is_free);
	tcase_add_test(
	    tc, what_a_callback_queued_before_it_blocks_is_served_by_others);
	tcase_add_loop_test(tc,
	    the_thread_that_polled_may_block_and_others_get_their_events, 1, 4);
	tcase_add_test(
	    tc, a_blocked_default_pool_holds_up_no_other_pools_streams);
	tcase_add_test(tc, a_pool_that_weir_fini_ended_takes_no_more);
	tcase_add_test(tc, a_pool_without_memory_or_threads_leaves_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
