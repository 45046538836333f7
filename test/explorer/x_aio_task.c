/*
 * x_aio_task - plain tasks: post, wait, free.
 *
 * Purpose    a run serves every post that came before it; wait returns when
 *            what was posted has run; the task may be freed in its own
 *            function.
 * Rules      posts are numbered; the function notes the highest number that it
 *            can see, and a poster that has waited wants to find its own.
 */
#include "x_aio_rig.h"

#include <weir/task.h>

static weir_task *task;
static unsigned posted, served, runs, running;
static unsigned again; /* posts that the function makes itself */
static bool frees;     /* the function frees the task */
static x_latch ran;

static void
reset(unsigned n)
{
	rig_up(n, n);
	posted = served = runs = running = again = 0;
	frees = false;
}

static void
fn(void *arg)
{
	unsigned sees = posted;

	X_ASSERT(arg == &task && running == 0); /* never two at once */
	X_ASSERT(wri_runner_self() != NULL && x_locks() == 0);
	running++;
	x_point();
	runs++;
	served = sees > served ? sees : served;
	if (again > 0) {
		again--;
		posted++;
		X_ASSERT(weir_task_post(task) == WEIR_OK);
	}
	if (frees) {
		weir_task_free(task);
	}
	running--;
	x_open(&ran);
}

static void
post_and_wait(void *arg)
{
	unsigned mine = ++posted;

	(void)arg;
	X_ASSERT(weir_task_post(task) == WEIR_OK);
	X_ASSERT(weir_task_wait(task) == WEIR_OK);
	X_ASSERT(served >= mine);
}

static void
make(void)
{
	X_ASSERT(weir_task_alloc(&task, fn, &task, NULL) == WEIR_OK);
}

/* A post that is merged into another is served as well, and waited for. */
static void
posts(void)
{
	int ids[2];

	reset(2);
	make();
	again = x_rand(2);
	ids[0] = x_spawn("post-1", post_and_wait, NULL);
	ids[1] = x_spawn("post-2", post_and_wait, NULL);
	post_and_wait(NULL);
	x_join(ids[0]);
	x_join(ids[1]);
	X_ASSERT(served == posted && runs <= posted && runs >= 1);
	if (runs < posted) {
		X_REACH("merged");
	}
	weir_task_free(task);
	rig_down();
}

/* Free waits for what was posted. */
static void
post_free(void)
{
	reset(1);
	make();
	again = x_rand(3);
	posted++;
	X_ASSERT(weir_task_post(task) == WEIR_OK);
	if (x_rand(2) == 0) {
		x_await(&ran, 1);
	}
	weir_task_free(task);
	X_ASSERT(served == posted && running == 0 && again == 0);
	rig_down();
}

/* Freed in its own function; a post of its own before that changes nothing. */
static void
free_in_fn(void)
{
	reset(1);
	make();
	frees = true;
	again = x_rand(2);
	posted++;
	X_ASSERT(weir_task_post(task) == WEIR_OK);
	x_await(&ran, 1);
	X_ASSERT(runs == 1);
	rig_down();
}

static void
post_until_stopped(void *arg)
{
	weir_err rv = WEIR_OK;

	(void)arg;
	while (rv == WEIR_OK) {
		wri_yield();
		posted++;
		rv = weir_task_post(task);
	}
	X_ASSERT(rv == WEIR_ESTOPPED);
}

/* The library ends: accepted posts run or are refused, and nothing hangs. */
static void
post_fini(void)
{
	int id;

	reset(1);
	make();
	id = x_spawn("post", post_until_stopped, NULL);
	if (x_rand(2) == 0) {
		x_await(&ran, 1);
	}
	X_ASSERT(rig_fini(WEIR_NEVER) == WEIR_OK);
	x_join(id);
	X_ASSERT(weir_task_wait(task) == WEIR_OK && running == 0);
	weir_task_free(task);
	rig_check_empty();
}

const struct x_test x_tests[] = {
    {"posts", posts, "C1 C5 C6, merged posts", X_NOTIME, 0, "merged", NULL},
    {"post_free", post_free, "C1 T5", X_NOTIME, 0, "", NULL},
    {"free_in_fn", free_in_fn, "T6", X_NOTIME, 0, "", NULL},
    {"post_fini", post_fini, "C1 T7", 0, 0, "", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
