/*
 * taskq - pools of threads that run user code, and what they share.
 *
 * Purpose    the room owns every thread that runs callbacks: inboxes, parking,
 *            roles, tokens and the watch.  docs/design/taskq.md is the why.
 * Ownership  a task is lent from post until its run begins; from then on the
 *            queue does not touch it.
 * Bounds     WEIR_TASK_THREADS_MAX, WEIR_POOL_THREADS_MAX,
 *            WEIR_POLLER_THREADS_MAX.
 */
#ifndef TASKQ_TASKQ_H
#define TASKQ_TASKQ_H

#include <weir/task.h>
#include <weir/weir.h>

#include "base/alarm.h"
#include "base/mpsc.h"
#include "base/sync.h"

struct wri_pool;
struct wri_runner;
struct wri_strand;

/* A piece of work: run(task) is called once per post. */
struct wri_task {
	struct wri_node node;
	void (*run)(struct wri_task *task);
};

/* Where tasks go: a pool, or a strand on it. */
struct weir_exec {
	struct wri_pool *pool;
	struct wri_strand *strand; /* NULL: the pool itself */
	wri_a32 users;             /* handles, strands and tasks bound */
};

/*
 * What the poller room hands in: the events of one poll slot.  wait returns how
 * many events it fetched; feed hands them on and must not block or run foreign
 * code; wake lets wait return, from any thread.
 */
struct wri_role_ops {
	unsigned (*wait)(void *slot, bool block);
	void (*feed)(void *slot);
	void (*wake)(void *slot);
};

struct wri_pool_config {
	const char *name;     /* threads are NAME-N; of the default pool
				 NAME-task-N; those that poll NAME-poll-N */
	unsigned tokens;      /* callbacks at once */
	unsigned threads_max; /* task threads with spares */
	unsigned queue_max;   /* plain tasks; 0: no bound */
	unsigned slots;       /* poll slots */
	const struct wri_role_ops *role_ops;
	void **slot_args; /* slots of them, for role_ops; borrowed */
	/* 1: the one whose memory is static.  Wide: the struct is compared and
	 * has no gaps. */
	size_t is_default;
};

/* The whole: once, before the first pool; alarm is the watch's. */
void wri_taskq_init(struct wri_alarm *alarm);
void wri_taskq_fini(void);
/* callbacks, parks, wakes, reliefs, threads; they were zero. */
void wri_taskq_stats(weir_stats *out);

/*
 * The watch's timer has rung: look for threads that a callback holds up, hand
 * their work to others, set the timer again if need be.
 */
void wri_taskq_watch(weir_time now);

weir_err wri_pool_init(
    struct wri_pool **poolp, const struct wri_pool_config *config);
/*
 * Run what is queued, end the threads.  One that has not ended at the time is
 * abandoned, and the pool's memory with it: WEIR_ETIMEDOUT.
 */
weir_err wri_pool_stop(struct wri_pool *pool, weir_time until);
/* The same, then free; once, while others may still stop it. */
weir_err wri_pool_fini(struct wri_pool *pool, weir_time until);
/* Stop all pools but one; WEIR_ETIMEDOUT if one was abandoned. */
weir_err wri_taskq_stop_others(struct wri_pool *but, weir_time until);
struct weir_exec *wri_pool_exec(struct wri_pool *pool);
/* The pool that a NULL executor means; NULL: none. */
void wri_pool_set_default(struct wri_pool *pool);
struct wri_pool *wri_pool_default(void);

/* Does its pool take no more?  weir_fini ends those that programs made. */
bool wri_exec_ended(const struct weir_exec *exec);
/* Queue a task; any thread.  exec NULL: the default pool. */
void wri_exec_post(struct weir_exec *exec, struct wri_task *task);

/* The pool thread that calls, or NULL. */
static inline struct wri_runner *
wri_runner_self(void)
{
	return wri_self_get(WRI_SELF_RUNNER);
}

/* Who runs a task of this strand now, or NULL. */
struct wri_runner *wri_strand_runner(const struct wri_strand *s);

/*
 * A callback is about to sleep: give the place to another thread.  wait_end
 * takes it back without waiting, so that for a while one callback more than the
 * pool's number may run.  WEIR_EDEADLK: nobody would be left to run callbacks,
 * or the pool stops.
 */
weir_err wri_runner_wait_begin(struct wri_runner *r);
void wri_runner_wait_end(struct wri_runner *r);

/*
 * Where a thread says what it waits for, for the search of rings (aio/wait.c);
 * guarded by the lock of that search.
 */
void **wri_runner_waits_for(struct wri_runner *r);

#endif
