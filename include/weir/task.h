/*
 * task - where callbacks run: pools, strands, and plain tasks.
 *
 * Purpose    a pool is a fixed number of threads; a strand runs its callbacks
 *            one at a time, in order, on a pool without holding a thread; a
 *            task is a function to run on either.  A weir_exec names a pool or
 *            a strand as the place for callbacks.
 * Ownership  a weir_exec belongs to its pool or strand and lives as long.
 * Bounds     WEIR_TASK_THREADS_MAX threads that run callbacks in a pool,
 *            WEIR_POOL_THREADS_MAX with spares; queue_max plain tasks.
 *
 * Unless its comment says otherwise each function is MT-Safe, blocks never and
 * may be called from any callback.  In a forked child it does nothing and gives
 * WEIR_EFORK, but weir_strand_free frees, and weir_pool_exec and
 * weir_strand_exec give the place.
 */
#ifndef WEIR_TASK_H
#define WEIR_TASK_H

#include <weir/aio.h>

WEIR_BEGIN_DECLS

typedef struct weir_pool weir_pool;
typedef struct weir_strand weir_strand;
typedef struct weir_task weir_task;

/** Threads of a pool that run callbacks at once. */
#define WEIR_TASK_THREADS_MAX 1024
/** Threads of a pool, with spares for callbacks that wait. */
#define WEIR_POOL_THREADS_MAX 4096

/** How a pool is built.  Zero means the default. */
typedef struct weir_pool_params {
	size_t size;        /**< sizeof(weir_pool_params) */
	const char *name;   /**< threads are name-N; copied, 8 bytes are used */
	int threads_min;    /**< callbacks that run at once
				 [1..WEIR_TASK_THREADS_MAX], default 2; started
				 with the pool */
	int threads_max;    /**< with spares for callbacks that wait
				 [threads_min..WEIR_POOL_THREADS_MAX], default
				 4 x threads_min */
	unsigned queue_max; /**< plain tasks queued and running, default 0: no
				 bound.  Full: weir_task_post gives
				 WEIR_EAGAIN.  Callbacks of handles are not
				 counted: each has its place by itself. */
} weir_pool_params;

/**
 * Make a pool.
 *
 * @param poolp   given: free with weir_pool_free.
 * @param params  NULL: all defaults; copied.
 *
 * Errors      WEIR_EINVAL  a value out of range (one line in the log), another
 *                          size, poolp NULL
 *             WEIR_ENOMEM, WEIR_EAGAIN (no thread could be started),
 *             WEIR_ESTATE, WEIR_EFORK
 * Blocks      until the threads are started
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_pool_alloc(
    weir_pool **poolp, const weir_pool_params *params);

/**
 * Run what is queued, end the threads, free the pool.
 *
 * @param pool  taken; NULL allowed.  No handle, strand or task may use it any
 *              more.
 *
 * Result      WEIR_OK
 *             WEIR_EBUSY    handles, strands or tasks are bound to it still:
 *                           nothing happened.  For good, where weir_fini has
 *                           abandoned it with handles queued in it
 *             WEIR_EDEADLK  called on a thread of this pool: nothing happened
 *             WEIR_ETIMEDOUT weir_fini has given a thread of it up: the memory
 *                           stays
 *             WEIR_EFORK    in a forked child: nothing happened
 * Blocks      until the threads have ended
 * Callback    of another pool: allowed, as any callback that blocks
 * Since       0.1
 */
WEIR_API weir_err weir_pool_free(weir_pool *pool);

/** The pool as a place for callbacks; NULL: the default pool (NULL again while
 * weir does not run).  Since 0.1 */
WEIR_API weir_exec *weir_pool_exec(weir_pool *pool);

/**
 * Make a strand: callbacks one at a time, first in first out, each sees what
 * the one before it wrote.
 *
 * @param strandp  given: free with weir_strand_free.
 * @param pool     where it runs; NULL: the default pool.  Outlives the strand.
 *
 * Errors      WEIR_EINVAL  strandp is NULL
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_strand_alloc(
    weir_strand **strandp, weir_pool *pool);

/**
 * Free a strand.
 *
 * @param strand  taken; NULL allowed.
 *
 * Result      WEIR_OK       freed, or will be when the callback that runs on
 *                           it has returned
 *             WEIR_EBUSY    handles or tasks are bound to it, or queued on it,
 *                           still: nothing happened.  For good, where weir_fini
 *                           has abandoned its pool with handles queued on it
 * Since       0.1
 */
WEIR_API weir_err weir_strand_free(weir_strand *strand);

/** The strand as a place for callbacks; NULL: NULL.  Since 0.1 */
WEIR_API weir_exec *weir_strand_exec(weir_strand *strand);

/**
 * Make a plain task.
 *
 * @param taskp  given: free with weir_task_free.
 * @param fn     runs with arg once per post.
 * @param arg    borrowed until the task is freed; NULL allowed.
 * @param exec   where, borrowed until the task is freed; NULL: the default
 *               pool.
 *
 * Errors      WEIR_EINVAL  taskp or fn is NULL
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_task_alloc(
    weir_task **taskp, void (*fn)(void *), void *arg, weir_exec *exec);

/**
 * Run the task's function once more.  Posting a task that is queued already
 * changes nothing (one run serves both posts); posting one that runs makes it
 * run again after it has returned.  Everything written before the post is
 * seen by the run that serves it.
 *
 * Result      WEIR_OK
 *             WEIR_EAGAIN   the pool's queue_max is reached
 *             WEIR_ESTOPPED weir_fini has begun, and the task was idle, or has
 *                           ended: it runs no more
 *             WEIR_EINVAL   NULL
 *             WEIR_EFORK    in a forked child
 * Since       0.1
 */
WEIR_API weir_err weir_task_post(weir_task *task);

/**
 * Wait until the task is neither queued nor running.
 *
 * Result      WEIR_OK (also for NULL), WEIR_EDEADLK and WEIR_ESTATE as of
 *             weir_aio_wait, WEIR_EFORK
 * Blocks      until then
 * Callback    as weir_aio_wait for another handle; in the own function
 *             WEIR_EDEADLK
 * Since       0.1
 */
WEIR_API weir_err weir_task_wait(weir_task *task);

/**
 * Wait and free.  In the task's own function, and where weir_task_wait would be
 * WEIR_EDEADLK: freed when that has returned.  Where it would be WEIR_ESTATE
 * the memory stays.
 *
 * @param task  taken; NULL allowed.
 *
 * Blocks      until the task is neither queued nor running
 * Since       0.1
 */
WEIR_API void weir_task_free(weir_task *task);

WEIR_END_DECLS

#endif
