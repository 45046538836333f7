/*
 * test_lane - a bounded set of threads for calls that block.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "offload/lane.h"
#include "support/fault.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS 3
#define QUEUE 8

/* A job that blocks until it is let go; what became of it. */
struct call {
	struct wri_job job; /* first */
	struct latch begun, go, done;
	_Atomic unsigned runs, drops;
	weir_err dropped; /* the last one's */
	pid_t tid;        /* of the thread that has run it */
};

static struct wri_lane *lane;
static struct rt_counts before;

static void
call_run(struct wri_job *job)
{
	struct call *c = (struct call *)(void *)job;

	c->runs++;
	c->tid = gettid();
	latch_hit(&c->begun);
	ck_assert(latch_wait(&c->go, 1));
}

static void
call_drop(struct wri_job *job, weir_err err)
{
	struct call *c = (struct call *)(void *)job;

	c->drops++;
	c->dropped = err;
	latch_hit(&c->done);
}

static const struct wri_job_ops call_ops = {call_run, call_drop};

static void
call_init(struct call *c, const char *what)
{
	memset(c, 0, sizeof(*c));
	c->job.ops = &call_ops;
	c->job.what = what;
	latch_init(&c->begun);
	latch_init(&c->go);
	latch_init(&c->done);
}

/* It has run, or not, and was let go of as it should be. */
static void
call_expect(struct call *c, unsigned runs, unsigned drops, weir_err dropped)
{
	ck_assert(latch_wait(&c->done, drops));
	ck_assert_uint_eq(c->runs, runs);
	ck_assert_uint_eq(c->drops, drops);
	ck_assert_int_eq(c->dropped, dropped);
	latch_fini(&c->begun);
	latch_fini(&c->go);
	latch_fini(&c->done);
}

static void
lane_make(void)
{
	const struct wri_lane_config config = {
	    .name = "lane", .threads = THREADS, .queue_max = QUEUE};

	ck_assert_int_eq(wri_lane_alloc(&lane, &config), WEIR_OK);
}

static char last_line[512];

static void
log_line(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	ck_assert_int_eq(level, WEIR_LOG_ERR);
	(void)snprintf(last_line, sizeof(last_line), "%s", line);
}

static void
setup(void)
{
	before = rt_count();
	last_line[0] = '\0';
	weir_log_set(log_line, NULL, WEIR_LOG_WARN);
	lane_make();
}

static void
teardown(void)
{
	wri_thread_fail_at(0);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	rt_expect_counts(before);
}

START_TEST(a_lane_without_jobs_has_no_thread)
{
	ck_assert_uint_eq(proc_threads("lane-"), 0);
	ck_assert_uint_eq(wri_lane_threads(lane), 0);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(threads_are_started_while_none_is_idle)
{
	struct call c[THREADS + 1];
	char name[16];

	for (int i = 0; i <= THREADS; i++) {
		call_init(&c[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &c[i].job), WEIR_OK);
		if (i < THREADS) {
			ck_assert(latch_wait(&c[i].begun, 1));
			(void)snprintf(name, sizeof(name), "lane-%d", i);
			ck_assert(proc_has_thread(name));
			ck_assert_uint_eq(
			    wri_lane_threads(lane), (unsigned)i + 1);
		}
	}
	ck_assert_uint_eq(proc_threads("lane-"), THREADS);
	ck_assert_uint_eq(c[THREADS].runs, 0); /* it waits */
	for (int i = 0; i <= THREADS; i++) {
		latch_hit(&c[i].go);
		call_expect(&c[i], 1, 1, WEIR_OK);
	}
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(an_idle_thread_takes_the_next_job)
{
	for (int i = 0; i < 50; i++) {
		struct call c;

		call_init(&c, "");
		latch_hit(&c.go);
		ck_assert_int_eq(wri_lane_post(lane, &c.job), WEIR_OK);
		call_expect(&c, 1, 1, WEIR_OK);
		ck_assert(proc_await_sleep(c.tid)); /* it is idle */
	}
	ck_assert_uint_eq(wri_lane_threads(lane), 1);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(jobs_begin_in_the_order_posted)
{
	struct call first[THREADS], c[QUEUE];

	for (int i = 0; i < THREADS; i++) {
		call_init(&first[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &first[i].job), WEIR_OK);
		ck_assert(latch_wait(&first[i].begun, 1));
	}
	for (int i = 0; i < QUEUE; i++) {
		call_init(&c[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &c[i].job), WEIR_OK);
	}
	/* One thread does them all, one after the other. */
	latch_hit(&first[0].go);
	for (int i = 0; i < QUEUE; i++) {
		ck_assert(latch_wait(&c[i].begun, 1));
		if (i + 1 < QUEUE) {
			ck_assert_uint_eq(c[i + 1].runs, 0);
		}
		latch_hit(&c[i].go);
		call_expect(&c[i], 1, 1, WEIR_OK);
	}
	for (int i = 0; i < THREADS; i++) {
		latch_hit(&first[i].go);
		call_expect(&first[i], 1, 1, WEIR_OK);
	}
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(a_full_queue_refuses_and_what_is_retracted_leaves_its_place)
{
	struct call hung[THREADS], c[QUEUE], more, again;

	for (int i = 0; i < THREADS; i++) {
		call_init(&hung[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &hung[i].job), WEIR_OK);
		ck_assert(latch_wait(&hung[i].begun, 1));
	}
	for (int i = 0; i < QUEUE; i++) {
		call_init(&c[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &c[i].job), WEIR_OK);
	}
	call_init(&more, "");
	ck_assert_int_eq(wri_lane_post(lane, &more.job), WEIR_EAGAIN);
	ck_assert(!wri_lane_retract(lane, &more.job)); /* it is gone */
	/* In the middle, at the end, at the front. */
	ck_assert(wri_lane_retract(lane, &c[3].job));
	ck_assert(!wri_lane_retract(lane, &c[3].job));
	ck_assert(wri_lane_retract(lane, &c[QUEUE - 1].job));
	ck_assert(wri_lane_retract(lane, &c[0].job));
	call_init(&again, "");
	ck_assert_int_eq(wri_lane_post(lane, &again.job), WEIR_OK);
	ck_assert(!wri_lane_retract(lane, &hung[0].job)); /* it runs */
	for (int i = 0; i < THREADS; i++) {
		latch_hit(&hung[i].go);
		call_expect(&hung[i], 1, 1, WEIR_OK);
	}
	for (int i = 0; i < QUEUE; i++) {
		bool ran = i != 3 && i != QUEUE - 1 && i != 0;

		latch_hit(&c[i].go);
		call_expect(&c[i], ran, ran, WEIR_OK);
	}
	latch_hit(&again.go);
	call_expect(&again, 1, 1, WEIR_OK);
	call_expect(&more, 0, 0, WEIR_OK);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(a_retract_before_the_post_makes_it_refuse)
{
	struct call c;

	call_init(&c, "");
	ck_assert(wri_lane_retract(lane, &c.job));
	ck_assert_int_eq(wri_lane_post(lane, &c.job), WEIR_ECANCELED);
	call_expect(&c, 0, 0, WEIR_OK);
	ck_assert_uint_eq(wri_lane_threads(lane), 0);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(without_any_thread_a_job_is_dropped_with_the_error)
{
	struct call c, next;

	call_init(&c, "");
	wri_thread_fail_at(1);
	ck_assert_int_eq(wri_lane_post(lane, &c.job), WEIR_OK);
	call_expect(&c, 0, 1, WEIR_EAGAIN);
	ck_assert(!wri_lane_retract(lane, &c.job));
	ck_assert_uint_eq(wri_lane_threads(lane), 0);
	/* The shortage has ended. */
	call_init(&next, "");
	latch_hit(&next.go);
	ck_assert_int_eq(wri_lane_post(lane, &next.job), WEIR_OK);
	call_expect(&next, 1, 1, WEIR_OK);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(where_one_thread_is_a_job_waits_for_it)
{
	struct call c, next;

	call_init(&c, "");
	ck_assert_int_eq(wri_lane_post(lane, &c.job), WEIR_OK);
	ck_assert(latch_wait(&c.begun, 1));
	call_init(&next, "");
	wri_thread_fail_at(1);
	ck_assert_int_eq(wri_lane_post(lane, &next.job), WEIR_OK);
	ck_assert_uint_eq(next.drops, 0);
	ck_assert_uint_eq(wri_lane_threads(lane), 1);
	latch_hit(&c.go);
	latch_hit(&next.go);
	call_expect(&c, 1, 1, WEIR_OK);
	call_expect(&next, 1, 1, WEIR_OK);
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
}
END_TEST

START_TEST(the_end_waits_for_what_runs)
{
	struct call c[THREADS];

	for (int i = 0; i < THREADS; i++) {
		call_init(&c[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &c[i].job), WEIR_OK);
		ck_assert(latch_wait(&c[i].begun, 1));
	}
	for (int i = 0; i < THREADS; i++) {
		latch_hit(&c[i].go); /* perhaps while it ends */
	}
	ck_assert_int_eq(wri_lane_fini(lane, WEIR_NEVER), WEIR_OK);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(latch_hits(&c[i].done), 1);
		call_expect(&c[i], 1, 1, WEIR_OK);
	}
}
END_TEST

START_TEST(the_end_drops_what_is_queued)
{
	struct call hung[THREADS], c[QUEUE];

	for (int i = 0; i < THREADS; i++) {
		call_init(&hung[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &hung[i].job), WEIR_OK);
		ck_assert(latch_wait(&hung[i].begun, 1));
	}
	for (int i = 0; i < QUEUE; i++) {
		call_init(&c[i], "");
		ck_assert_int_eq(wri_lane_post(lane, &c[i].job), WEIR_OK);
	}
	ck_assert_int_eq(wri_lane_fini(lane, 0), WEIR_ETIMEDOUT);
	for (int i = 0; i < QUEUE; i++) {
		ck_assert_uint_eq(latch_hits(&c[i].done), 1);
		call_expect(&c[i], 0, 1, WEIR_ESTOPPED);
	}
	for (int i = 0; i < THREADS; i++) {
		latch_hit(&hung[i].go);
		call_expect(&hung[i], 1, 1, WEIR_OK);
	}
}
END_TEST

START_TEST(a_thread_that_hangs_is_named_and_abandoned)
{
	struct call hung, c;
	weir_time begun;

	call_init(&hung, "what\thangs\xff\"");
	ck_assert_int_eq(wri_lane_post(lane, &hung.job), WEIR_OK);
	ck_assert(latch_wait(&hung.begun, 1));
	call_init(&c, "");
	latch_hit(&c.go);
	ck_assert_int_eq(wri_lane_post(lane, &c.job), WEIR_OK);
	ck_assert(latch_wait(&c.done, 1));
	begun = wri_now();
	ck_assert_int_eq(
	    wri_lane_fini(lane, begun + WEIR_MS(60)), WEIR_ETIMEDOUT);
	ck_assert_int_ge(wri_now(), begun + WEIR_MS(60));
	ck_assert_ptr_nonnull(strstr(last_line, "lane-0"));
	ck_assert_ptr_nonnull(strstr(last_line, "\"what?hangs??\""));
	call_expect(&c, 1, 1, WEIR_OK);
	/* It comes back, and all is freed: see teardown. */
	ck_assert_uint_eq(hung.drops, 0);
	latch_hit(&hung.go);
	call_expect(&hung, 1, 1, WEIR_OK);
}
END_TEST

START_TEST(who_holds_the_lane_may_retract_after_the_end)
{
	struct call c;

	wri_lane_hold(lane);
	call_init(&c, "");
	ck_assert_int_eq(wri_lane_fini(lane, 0), WEIR_OK);
	ck_assert(wri_lane_retract(lane, &c.job));
	call_expect(&c, 0, 0, WEIR_OK);
	wri_lane_rele(lane);
}
END_TEST

START_TEST(a_lane_without_memory_is_enomem)
{
	const struct wri_lane_config config = {"x", 1, 1};
	struct wri_lane *none = NULL;

	wri_mem_fail_at(1);
	ck_assert_int_eq(wri_lane_alloc(&none, &config), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(wri_lane_fini(lane, 0), WEIR_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("offload");
	TCase *tc = tcase_create("lane");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_lane_without_jobs_has_no_thread);
	tcase_add_test(tc, threads_are_started_while_none_is_idle);
	tcase_add_test(tc, an_idle_thread_takes_the_next_job);
	tcase_add_test(tc, jobs_begin_in_the_order_posted);
	tcase_add_test(
	    tc, a_full_queue_refuses_and_what_is_retracted_leaves_its_place);
	tcase_add_test(tc, a_retract_before_the_post_makes_it_refuse);
	tcase_add_test(tc, without_any_thread_a_job_is_dropped_with_the_error);
	tcase_add_test(tc, where_one_thread_is_a_job_waits_for_it);
	tcase_add_test(tc, the_end_waits_for_what_runs);
	tcase_add_test(tc, the_end_drops_what_is_queued);
	tcase_add_test(tc, a_thread_that_hangs_is_named_and_abandoned);
	tcase_add_test(tc, who_holds_the_lane_may_retract_after_the_end);
	tcase_add_test(tc, a_lane_without_memory_is_enomem);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
