/*
 * fake_pool - a pool of fibers on a plain list.
 *
 * Purpose    see fake_pool.h.
 * Rules      nobody runs between two operations, so plain data is enough; the
 *            latch is the one operation of a post and of a take.  A worker
 *            draws a number and waits until as many tasks have been posted: one
 *            of those queued then is its own.
 */
#include "fake_pool.h"

#include <weir/provider.h>

#include "base/mem.h"
#include "base/thread.h"

#include "explorer/explorer.h"

#define WORKERS_MAX 4
#define QUEUE_MAX 16

struct wri_runner {
	struct wri_pool *pool;
	wri_thread thread;
	void *waits_for;
};

struct wri_pool {
	struct weir_exec exec;
	struct wri_task **queue; /* queued of them, oldest first */
	unsigned queued;
	x_latch posted;
	unsigned numbers; /* drawn by workers */
	unsigned n, most, waiting;
	unsigned nrunners;
	struct wri_runner runners[WORKERS_MAX];
};

void (*const fake_pool_watch)(weir_time now);

static struct wri_pool *the_pool;

static struct wri_task *
take(struct wri_pool *p)
{
	struct wri_task *task;
	unsigned i = 0;

	x_await(&p->posted, ++p->numbers);
	if (p->queued == 0) {
		return NULL; /* the end: fake_pool_down opened for us */
	}
	if (p->queued > 1) {
		i = x_rand(p->queued);
	}
	task = p->queue[i];
	p->queued--;
	for (; i < p->queued; i++) {
		p->queue[i] = p->queue[i + 1];
	}
	return task;
}

static void
worker(void *arg)
{
	struct wri_runner *r = arg;
	struct wri_task *task;

	wri_self_set(WRI_SELF_RUNNER, r);
	while ((task = take(r->pool)) != NULL) {
		task->run(task);
	}
}

static bool
grow(struct wri_pool *p)
{
	struct wri_runner *r = &p->runners[p->nrunners];

	if (p->nrunners == p->most) {
		return false;
	}
	p->nrunners++;
	r->pool = p;
	return wri_thread_start(&r->thread, "worker", worker, r) == WEIR_OK;
}

static struct wri_pool *
pool_new(unsigned n, unsigned most)
{
	struct wri_pool *p = wri_alloc(sizeof(*p));

	X_ASSERT(p != NULL && most <= WORKERS_MAX);
	p->queue = wri_alloc(QUEUE_MAX * sizeof(struct wri_task *));
	X_ASSERT(p->queue != NULL);
	p->exec.pool = p;
	p->n = n;
	p->most = most;
	while (p->nrunners < n) {
		X_ASSERT(grow(p));
	}
	return p;
}

static void
pool_end(struct wri_pool *p)
{
	for (unsigned i = 0; i < p->nrunners; i++) {
		x_open(&p->posted);
	}
	for (unsigned i = 0; i < p->nrunners; i++) {
		wri_thread_join(&p->runners[i].thread);
	}
	X_ASSERT(p->queued == 0 && p->waiting == 0);
	wri_free(p->queue, QUEUE_MAX * sizeof(struct wri_task *));
	wri_free(p, sizeof(*p));
}

void
fake_pool_up(struct wri_alarm *alarm, unsigned n, unsigned most)
{
	(void)alarm;
	the_pool = pool_new(n, most);
}

bool
fake_pool_polls(const struct wri_role_ops *ops, void **slot_args)
{
	(void)ops;
	(void)slot_args;
	return false;
}

void
fake_pool_down(void)
{
	pool_end(the_pool);
	the_pool = NULL;
}

void
fake_pool_after(void)
{
}

struct weir_exec *
fake_pool_other(void)
{
	return &pool_new(1, 1)->exec;
}

void
fake_pool_other_end(struct weir_exec *exec)
{
	X_ASSERT(wri_load(&exec->users, WRI_ACQ) == 0);
	pool_end(exec->pool);
}

/* ---- taskq.h ----------------------------------------------------------- */

void
wri_exec_post(struct weir_exec *exec, struct wri_task *task)
{
	struct wri_pool *p = exec != NULL ? exec->pool : the_pool;

	x_open(&p->posted); /* nobody runs before our next operation */
	for (unsigned i = 0; i < p->queued; i++) {
		X_ASSERT(p->queue[i] != task); /* one node, queued twice */
	}
	X_ASSERT(p->queued < QUEUE_MAX);
	p->queue[p->queued++] = task;
	x_point(); /* what the caller does next is late: it may have run */
}

struct wri_pool *
wri_pool_default(void)
{
	return the_pool;
}

struct weir_exec *
wri_pool_exec(struct wri_pool *pool)
{
	return &pool->exec;
}

struct weir_exec *
weir_pool_exec(weir_pool *pool)
{
	(void)pool;
	return &the_pool->exec;
}

bool
wri_exec_ended(const struct weir_exec *exec)
{
	(void)exec;
	return false;
}

weir_err
weir_exec_admit(struct weir_exec *exec)
{
	(void)exec;
	return WEIR_OK;
}

void
weir_exec_dismiss(struct weir_exec *exec)
{
	(void)exec;
}

struct wri_runner *
wri_strand_runner(const struct wri_strand *s)
{
	(void)s;
	return NULL;
}

weir_err
wri_runner_wait_begin(struct wri_runner *r)
{
	struct wri_pool *p = r->pool;
	unsigned others = p->nrunners - p->waiting - 1;

	if (others < p->n && grow(p)) {
		others++;
	}
	if (others == 0) {
		return WEIR_EDEADLK;
	}
	p->waiting++;
	return WEIR_OK;
}

void
wri_runner_wait_end(struct wri_runner *r)
{
	r->pool->waiting--;
}

void **
wri_runner_waits_for(struct wri_runner *r)
{
	return &r->waits_for;
}
