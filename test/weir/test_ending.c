/*
 * test_ending - weir_fini while others make things, with very many handles,
 * and with a log function that calls weir.
 */
#include "aio/consumer.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is said about handles that are left: here some are. */
static void
up(void)
{
	rt_up(NULL);
	rt_expect_log();
}

static void
down(void)
{
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	rt_down();
}

/* --- Threads that make and free things --------------------------------- */

enum making {
	MAKE_OTHERS, /* all below but pools and listeners */
	MAKE_LISTENERS,
	MAKE_POOLS,
	MAKE_KINDS,
};

struct maker {
	pthread_t thread;
	enum making what;
	struct latch *ran;
	_Atomic unsigned wrong;
};

/* What a call may say that meets the end. */
static bool
is_fair(weir_err rv)
{
	return rv == WEIR_OK || rv == WEIR_ESTATE || rv == WEIR_ESTOPPED;
}

static weir_err
make_task(struct maker *m)
{
	weir_task *task;
	weir_err rv = weir_task_alloc(&task, latch_hit_cb, m->ran, NULL);

	if (rv == WEIR_OK) {
		m->wrong += !is_fair(weir_task_post(task));
		m->wrong += !is_fair(weir_task_wait(task));
		weir_task_free(task);
	}
	return rv;
}

static weir_err
make_strand(struct maker *m)
{
	weir_strand *strand;
	weir_err rv = weir_strand_alloc(&strand, NULL);

	if (rv == WEIR_OK) {
		m->wrong += weir_strand_free(strand) != WEIR_OK;
	}
	return rv;
}

static weir_err
make_interval(void)
{
	weir_interval *iv;
	weir_err rv = weir_interval_alloc(&iv, 1);

	if (rv == WEIR_OK) {
		weir_interval_free(iv);
	}
	return rv;
}

static weir_err
make_listener(struct maker *m)
{
	weir_stream_listener *l;
	weir_err rv = weir_stream_listener_alloc(&l, "tcp://127.0.0.1:0");

	if (rv == WEIR_OK) {
		m->wrong += !is_fair(weir_stream_listener_listen(l));
		weir_stream_listener_free(l);
	}
	return rv;
}

static weir_err
make_pool(struct maker *m)
{
	const weir_pool_params pp = {.size = sizeof(pp), .threads_min = 1};
	weir_pool *pool;
	weir_err rv = weir_pool_alloc(&pool, &pp);

	if (rv == WEIR_OK) {
		m->wrong += weir_pool_free(pool) != WEIR_OK;
	}
	return rv;
}

static weir_err
make(struct maker *m, unsigned n)
{
	weir_params params = {.size = sizeof(params)};
	weir_stats stats = {.size = sizeof(stats)};

	if (m->what == MAKE_POOLS) {
		return make_pool(m);
	}
	if (m->what == MAKE_LISTENERS) {
		return make_listener(m);
	}
	switch (n % 5) {
	case 0:
		return weir_get_stats(&stats);
	case 1:
		return weir_get_params(&params);
	case 2:
		return make_strand(m);
	case 3:
		return make_task(m);
	default:
		return make_interval();
	}
}

static void *
maker_main(void *arg)
{
	struct maker *m = arg;
	weir_err rv = WEIR_OK;

	for (unsigned n = 0; rv == WEIR_OK; n++) {
		rv = make(m, n);
	}
	m->wrong += rv != WEIR_ESTATE;
	return NULL;
}

/* _i: what the threads make. */
START_TEST(fini_may_come_while_threads_make_things)
{
	for (int round = 0; round < 100; round++) {
		struct maker m[2];
		struct latch tick, ran;
		weir_aio *aio;

		memset(m, 0, sizeof(m));
		latch_init(&tick);
		latch_init(&ran);
		for (int i = 0; i < 2; i++) {
			m[i].what = (enum making)_i;
			m[i].ran = &ran;
			ck_assert_int_eq(pthread_create(&m[i].thread, NULL,
					     maker_main, &m[i]),
			    0);
		}
		/* Some time, uneven. */
		ck_assert_int_eq(
		    weir_aio_alloc(&aio, latch_hit_cb, &tick), WEIR_OK);
		weir_sleep_aio(WEIR_US(100 * (round % 20)), aio);
		ck_assert(latch_wait(&tick, 1));
		weir_aio_free(aio);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(pthread_join(m[i].thread, NULL), 0);
			ck_assert_uint_eq(m[i].wrong, 0);
		}
		latch_fini(&tick);
		latch_fini(&ran);
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

/* --- Very many --------------------------------------------------------- */

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define HANDLES 40000
#endif
#endif
#ifndef HANDLES
#define HANDLES 150000
#endif

/* The time must not grow with the square of them: Check's limit judges. */
START_TEST(a_hundred_thousand_handles_are_ended_in_time)
{
	static weir_aio *aios[HANDLES];
	const weir_params p = {
	    .size = sizeof(p), .fini_limit = WEIR_SECONDS(3000)};

	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	for (int i = 0; i < HANDLES; i++) {
		ck_assert_int_eq(weir_aio_alloc(&aios[i], NULL, NULL), WEIR_OK);
		weir_sleep_aio(WEIR_INFINITE, aios[i]);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	for (int i = 0; i < HANDLES; i++) {
		ck_assert_int_eq(weir_aio_result(aios[i]), WEIR_ESTOPPED);
		weir_aio_free(aios[i]);
	}
}
END_TEST

/* --- The program's log function ---------------------------------------- */

static _Atomic unsigned logged;

static void
log_calls_weir(void *arg, weir_log_level level, const char *line)
{
	weir_params params = {.size = sizeof(params)};
	weir_aio *aio;

	(void)arg;
	(void)level;
	(void)line;
	if (++logged > 3) {
		return; /* what we do here may log, too */
	}
	/* Whatever they say, they return. */
	(void)!weir_get_params(&params);
	if (weir_aio_alloc(&aio, NULL, NULL) == WEIR_OK) {
		weir_aio_free(aio);
	}
	(void)!weir_init(&params);
	(void)!weir_fini();
}

/* A process of its own: one that hangs takes nobody along. */
START_TEST(child_logs_into_weir)
{
	weir_aio *aio;

	weir_log_set(log_calls_weir, NULL, WEIR_LOG_DEBUG);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	/* It says that a handle is left. */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_uint_ge(logged, 1);
	weir_aio_free(aio);
}
END_TEST

START_TEST(the_log_function_may_call_weir)
{
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(proc_run_self("log", 20), 0);
}
END_TEST

static int
be_child(void)
{
	Suite *suite = suite_create("child");
	TCase *tc = tcase_create("child");

	(void)setenv("CK_FORK", "no", 1);
	tcase_add_test(tc, child_logs_into_weir);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

int
main(int argc, char **argv)
{
	Suite *suite;
	TCase *tc;

	(void)argv;
	if (argc > 1) {
		return be_child();
	}
	suite = suite_create("weir");
	tc = tcase_create("ending");
	tcase_add_checked_fixture(tc, up, down);
	tcase_add_loop_test(
	    tc, fini_may_come_while_threads_make_things, 0, MAKE_KINDS);
	tcase_add_test(tc, a_hundred_thousand_handles_are_ended_in_time);
	tcase_add_test(tc, the_log_function_may_call_weir);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
