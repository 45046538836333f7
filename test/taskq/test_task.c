/*
 * test_task - plain tasks: posts merge, run again, are waited for, and are
 * bounded.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <sched.h>

#include <weir/weir.h>

#include <check.h>

/* A task of the test, and what its function does. */
struct job {
	weir_task *task;
	_Atomic unsigned runs;
	_Atomic unsigned inside;
	_Atomic bool overlap;
	struct latch in, go, ran;
	bool hold; /* the function waits for go */
	void (*then)(struct job *j);
	weir_err rv;
};

static weir_pool *pool; /* one thread, two plain tasks */

static void
setup(void)
{
	const weir_pool_params p = {
	    .size = sizeof(p), .name = "two", .threads_min = 1, .queue_max = 2};

	rt_up(NULL);
	ck_assert_int_eq(weir_pool_alloc(&pool, &p), WEIR_OK);
}

static void
teardown(void)
{
	weir_err rv;

	/* A task freed in its own function is bound until that has returned. */
	while ((rv = weir_pool_free(pool)) == WEIR_EBUSY) {
		(void)sched_yield();
	}
	ck_assert_int_eq(rv, WEIR_OK);
	rt_down();
}

static void
job_fn(void *arg)
{
	struct job *j = arg;

	if (j->inside++ != 0) {
		j->overlap = true;
	}
	j->runs++;
	latch_hit(&j->in);
	if (j->hold) {
		(void)latch_wait(&j->go, 1);
	}
	if (j->then != NULL) {
		j->then(j);
	}
	j->inside--;
	latch_hit(&j->ran);
}

static void
job_init(struct job *j, weir_exec *exec)
{
	*j = (struct job){.hold = false};
	latch_init(&j->in);
	latch_init(&j->go);
	latch_init(&j->ran);
	ck_assert_int_eq(weir_task_alloc(&j->task, job_fn, j, exec), WEIR_OK);
}

static void
job_fini(struct job *j)
{
	weir_task_free(j->task);
	ck_assert(!j->overlap);
	latch_fini(&j->in);
	latch_fini(&j->go);
	latch_fini(&j->ran);
}

START_TEST(each_post_is_a_run)
{
	struct job j;

	job_init(&j, NULL);
	ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
	for (unsigned n = 1; n <= 100; n++) {
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
		ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
		ck_assert_uint_eq(j.runs, n);
	}
	job_fini(&j);
}
END_TEST

START_TEST(a_post_while_it_is_queued_changes_nothing)
{
	struct job blocker, j;

	job_init(&blocker, weir_pool_exec(pool));
	job_init(&j, weir_pool_exec(pool));
	blocker.hold = true;
	ck_assert_int_eq(weir_task_post(blocker.task), WEIR_OK);
	ck_assert(latch_wait(&blocker.in, 1));
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	}
	latch_hit(&blocker.go);
	ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
	ck_assert_uint_eq(j.runs, 1);
	job_fini(&blocker);
	job_fini(&j);
}
END_TEST

START_TEST(posts_while_it_runs_make_it_run_once_more)
{
	struct job j;

	job_init(&j, NULL);
	j.hold = true;
	ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	ck_assert(latch_wait(&j.in, 1));
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	}
	latch_hit(&j.go);
	/* Wait is over only when both are. */
	ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
	ck_assert_uint_eq(j.runs, 2);
	job_fini(&j);
}
END_TEST

static void
then_post(struct job *j)
{
	if (j->runs < 1000) {
		j->rv = weir_task_post(j->task);
	}
}

START_TEST(its_own_function_may_post_it)
{
	struct job j;

	job_init(&j, weir_pool_exec(pool));
	j.then = then_post;
	ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
	ck_assert_uint_eq(j.runs, 1000);
	ck_assert_int_eq(j.rv, WEIR_OK);
	job_fini(&j);
}
END_TEST

static void
then_wait(struct job *j)
{
	j->rv = weir_task_wait(j->task);
}

START_TEST(in_its_own_function_wait_is_edeadlk)
{
	struct job j;

	job_init(&j, NULL);
	j.then = then_wait;
	ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	ck_assert_int_eq(weir_task_wait(j.task), WEIR_OK);
	ck_assert_int_eq(j.rv, WEIR_EDEADLK);
	job_fini(&j);
}
END_TEST

static void
then_free(struct job *j)
{
	weir_task_free(j->task);
	j->task = NULL;
}

START_TEST(its_own_function_may_free_it)
{
	for (int i = 0; i < 50; i++) {
		struct job j;

		job_init(&j, i % 2 == 0 ? NULL : weir_pool_exec(pool));
		j.then = then_free;
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
		ck_assert(latch_wait(&j.ran, 1));
		job_fini(&j);
	}
}
END_TEST

static void
then_post_and_free(struct job *j)
{
	j->rv = weir_task_post(j->task);
	then_free(j);
}

START_TEST(its_own_function_may_post_and_then_free_it)
{
	struct job j;

	job_init(&j, NULL);
	j.then = then_post_and_free;
	ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
	ck_assert(latch_wait(&j.ran, 1));
	ck_assert_int_eq(j.rv, WEIR_OK);
	job_fini(&j);
}
END_TEST

START_TEST(free_waits_for_runs_that_are_owed)
{
	for (int i = 0; i < 100; i++) {
		struct job j;

		job_init(&j, NULL);
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
		job_fini(&j);
		ck_assert_uint_eq(j.runs, 1);
		ck_assert_uint_eq(j.inside, 0);
	}
}
END_TEST

START_TEST(a_full_pool_refuses_plain_tasks_but_not_handles)
{
	struct job a, b, c;
	struct consumer handle;

	job_init(&a, weir_pool_exec(pool));
	job_init(&b, weir_pool_exec(pool));
	job_init(&c, weir_pool_exec(pool));
	consumer_init(&handle, NULL, NULL);
	ck_assert_int_eq(
	    weir_aio_set_executor(handle.aio, weir_pool_exec(pool)), WEIR_OK);
	a.hold = true;
	/* One runs, one is queued: two. */
	ck_assert_int_eq(weir_task_post(a.task), WEIR_OK);
	ck_assert(latch_wait(&a.in, 1));
	ck_assert_int_eq(weir_task_post(b.task), WEIR_OK);
	ck_assert_int_eq(weir_task_post(c.task), WEIR_EAGAIN);
	ck_assert_int_eq(weir_task_wait(c.task), WEIR_OK);
	/* Merging needs no place, nor does running again. */
	ck_assert_int_eq(weir_task_post(b.task), WEIR_OK);
	ck_assert_int_eq(weir_task_post(a.task), WEIR_OK);
	toy_submit_now(handle.aio, WEIR_OK, 0);
	latch_hit(&a.go);
	ck_assert_int_eq(weir_task_wait(a.task), WEIR_OK);
	ck_assert_int_eq(weir_task_wait(b.task), WEIR_OK);
	consumer_expect(&handle, 1, WEIR_OK);
	ck_assert_uint_eq(a.runs, 2);
	ck_assert_uint_eq(b.runs, 1);
	ck_assert_uint_eq(c.runs, 0);
	/* There is room again. */
	ck_assert_int_eq(weir_task_post(c.task), WEIR_OK);
	ck_assert_int_eq(weir_task_wait(c.task), WEIR_OK);
	ck_assert_uint_eq(c.runs, 1);
	consumer_fini(&handle);
	job_fini(&a);
	job_fini(&b);
	job_fini(&c);
}
END_TEST

START_TEST(places_come_back_whatever_happens)
{
	for (int i = 0; i < 200; i++) {
		struct job j;

		job_init(&j, weir_pool_exec(pool));
		if (i % 4 == 1) {
			j.then = then_free;
		}
		ck_assert_int_eq(weir_task_post(j.task), WEIR_OK);
		ck_assert(latch_wait(&j.ran, 1));
		job_fini(&j);
	}
}
END_TEST

START_TEST(bad_arguments_are_einval)
{
	weir_task *task = NULL;

	ck_assert_int_eq(weir_task_post(NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_task_alloc(NULL, job_fn, NULL, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_task_alloc(&task, NULL, NULL, NULL), WEIR_EINVAL);
	ck_assert_ptr_null(task);
	weir_task_free(NULL);
	ck_assert_int_eq(weir_task_wait(NULL), WEIR_OK);
}
END_TEST

START_TEST(a_task_without_memory_leaves_nothing)
{
	weir_task *task = NULL;
	unsigned n;

	for (n = 1;; n++) {
		size_t live = wri_mem_live();
		weir_err rv;

		wri_mem_fail_at(n);
		rv = weir_task_alloc(&task, job_fn, NULL, weir_pool_exec(pool));
		wri_mem_fail_at(0);
		if (rv == WEIR_OK) {
			break;
		}
		ck_assert_int_eq(rv, WEIR_ENOMEM);
		ck_assert_ptr_null(task);
		ck_assert_uint_eq(wri_mem_live(), live);
	}
	ck_assert_uint_ge(n, 3);
	weir_task_free(task);
}
END_TEST

START_TEST(a_task_runs_on_its_strand)
{
	weir_strand *strand;
	struct job j[8];

	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	for (int i = 0; i < 8; i++) {
		job_init(&j[i], weir_strand_exec(strand));
	}
	for (int i = 0; i < 800; i++) {
		ck_assert_int_eq(weir_task_post(j[i % 8].task), WEIR_OK);
	}
	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(weir_task_wait(j[i].task), WEIR_OK);
		ck_assert_uint_ge(j[i].runs, 1);
		job_fini(&j[i]);
	}
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
}
END_TEST

/* --- Posts from many threads ------------------------------------------- */

#define POSTERS 4

static weir_task *shared;
static _Atomic unsigned posted[POSTERS]; /* before the post */
static _Atomic unsigned seen[POSTERS];   /* by the task's run */
static _Atomic unsigned unseen;

static void
shared_fn(void *arg)
{
	(void)arg;
	for (int i = 0; i < POSTERS; i++) {
		seen[i] = posted[i];
	}
}

static void *
poster_main(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned n = 1; n <= 3000; n++) {
		posted[me] = n;
		if (weir_task_post(shared) != WEIR_OK ||
		    weir_task_wait(shared) != WEIR_OK) {
			unseen++;
			break;
		}
		/* Others may have posted since: the run may go on again. */
		if (seen[me] < n) {
			unseen++;
		}
	}
	return NULL;
}

START_TEST(after_post_and_wait_a_run_has_seen_what_was_written_before)
{
	pthread_t t[POSTERS];

	unseen = 0;
	for (int i = 0; i < POSTERS; i++) {
		posted[i] = seen[i] = 0;
	}
	ck_assert_int_eq(
	    weir_task_alloc(&shared, shared_fn, NULL, NULL), WEIR_OK);
	for (uintptr_t i = 0; i < POSTERS; i++) {
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, poster_main, (void *)i), 0);
	}
	for (int i = 0; i < POSTERS; i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	}
	ck_assert_uint_eq(unseen, 0);
	weir_task_free(shared);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("taskq");
	TCase *tc = tcase_create("task");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_post_is_a_run);
	tcase_add_test(tc, a_post_while_it_is_queued_changes_nothing);
	tcase_add_test(tc, posts_while_it_runs_make_it_run_once_more);
	tcase_add_test(tc, its_own_function_may_post_it);
	tcase_add_test(tc, in_its_own_function_wait_is_edeadlk);
	tcase_add_test(tc, its_own_function_may_free_it);
	tcase_add_test(tc, its_own_function_may_post_and_then_free_it);
	tcase_add_test(tc, free_waits_for_runs_that_are_owed);
	tcase_add_test(tc, a_full_pool_refuses_plain_tasks_but_not_handles);
	tcase_add_test(tc, places_come_back_whatever_happens);
	tcase_add_test(tc, bad_arguments_are_einval);
	tcase_add_test(tc, a_task_without_memory_leaves_nothing);
	tcase_add_test(tc, a_task_runs_on_its_strand);
	tcase_add_test(
	    tc, after_post_and_wait_a_run_has_seen_what_was_written_before);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
