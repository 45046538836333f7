/*
 * pool - life of a pool of threads: posts, growth, waits, end.
 *
 * Purpose    tasks come in through the door (from outside) or into the inbox
 *            of the thread that makes them.
 * Ownership  a pool owns its threads; tasks are lent.
 * Progress   push is wait-free.
 * Pairs      T1  (wake.c).
 *            T3  start: runners[i], nrunners (release) -> readers (acquire)
 *                carries the runner's fixed fields.
 *            T4  end: ended (release) -> wri_pool_stop (acquire).
 *            T6  abandon: stopping (seq_cst) -> whoever comes back from a
 *                callback: stopping (seq_cst), before it touches a slot or the
 *                watch's timer, which may be gone.
 *            T7  visit: visitors (seq_cst), then stopping (seq_cst) <-> fini:
 *                stopping, then visitors (seq_cst).  Forbids "memory freed, or
 *                a slot's poller gone, and somebody will touch it".
 *            T8  end: stopped (release) -> wri_pool_stop by another (acquire)
 *                carries what the threads did.
 * Bounds     config.threads_max threads, besides those of the slots.
 * Proof      test/explorer/x_pool.c, x_pool_wait.c, x_pool_stop.c;
 *            test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <weir/weir.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

static wri_aptr default_pool;

/*
 * The default pool's memory is static: a thread of the program that finishes an
 * operation while the library ends may still look whom to wake, and what was
 * bound to the pool may be freed after that.
 */
static struct wri_pool default_storage;
static struct wri_pool *default_memory = &default_storage; /* the turn's */

struct weir_exec *
wri_pool_exec(struct wri_pool *pool)
{
	return &pool->exec;
}

void
wri_pool_set_default(struct wri_pool *pool)
{
	wri_store(&default_pool, pool, WRI_REL); /* L1 orders it for users */
}

struct wri_pool *
wri_pool_default(void)
{
	return wri_load(&default_pool, WRI_ACQ);
}

bool
wri_exec_ended(const struct weir_exec *exec)
{
	/* Relaxed: a hint for mistakes. */
	return wri_load(&exec->pool->stopping, WRI_RLX) != 0;
}

void
wri_pool_push(struct wri_pool *pool, struct wri_task *task)
{
	struct wri_runner *r = wri_runner_self();

	/* A thread that may run callbacks will come to its own inbox. */
	if (r != NULL && r->pool == pool && r->token) {
		wri_mpsc_push(&r->inbox, &task->node);
	} else {
		wri_mpsc_push(&pool->door, &task->node);
	}
}

/*
 * A task may free its strand as soon as it runs, and when it has run the
 * program may free its pool.  So a thread of another pool, or of none, is
 * counted while it posts, and the pool's memory waits for it; that of the
 * default pool (NULL) is static.
 */
void
wri_exec_post(struct weir_exec *exec, struct wri_task *task)
{
	struct wri_runner *r = wri_runner_self();
	struct wri_pool *pool = exec != NULL ? exec->pool : wri_pool_default();
	bool visits;

	if (pool == NULL) {
		return; /* after weir_fini nothing runs */
	}
	visits = exec != NULL && (r == NULL || r->pool != pool);
	if (visits) {
		wri_add(&pool->visitors, 1, WRI_SC); /* T7 */
	}
	if (exec != NULL && exec->strand != NULL) {
		wri_strand_push(exec->strand, task);
	} else {
		wri_pool_push(pool, task);
	}
	wri_pool_notify(pool);
	if (visits) {
		wri_sub(&pool->visitors, 1, WRI_SC); /* T7; the last touch */
	}
}

/*
 * Start one more thread; the pool's lock is held.  Others see it when it is
 * certain that it runs, and it takes the lock once before it looks at anything.
 */
static weir_err
pool_grow(struct wri_pool *pool)
{
	const struct wri_pool_config *c = &pool->config;
	unsigned i = wri_load(&pool->nrunners, WRI_RLX); /* under lock */
	bool polls = i < c->slots;
	struct wri_runner *r;
	char name[32]; /* 15 are used */
	weir_err rv;

	if (i >= c->slots + c->threads_max) {
		return WEIR_EAGAIN;
	}
	r = wri_alloc(sizeof(*r));
	if (r == NULL) {
		return WEIR_ENOMEM;
	}
	wri_mpsc_init(&r->inbox);
	r->pool = pool;
	r->index = i;
	r->slot = polls ? &pool->slots[i] : NULL;
	(void)snprintf(name, sizeof(name), "%s%s-%u", pool->name,
	    polls           ? "-poll"
	    : c->is_default ? "-task"
			    : "",
	    polls ? i : i - c->slots);
	rv = wri_thread_start(&r->thread, name, wri_runner_main, r);
	if (rv != WEIR_OK) {
		wri_free(r, sizeof(*r));
		return rv;
	}
	wri_store(&pool->runners[i], r, WRI_REL);   /* T3 */
	wri_store(&pool->nrunners, i + 1, WRI_REL); /* T3 */
	return WEIR_OK;
}

static struct wri_pool *
pool_new(const struct wri_pool_config *config)
{
	struct wri_pool *pool = default_memory;

	/* One that was abandoned still belongs to the thread that hangs. */
	if (!config->is_default ||
	    wri_load(&pool->stopping, WRI_RLX) == POOL_ABANDONED) {
		pool = wri_alloc(sizeof(*pool));
	}
	if (pool == NULL) {
		return NULL;
	}
	if (config->is_default) {
		default_memory = pool; /* never freed */
	}
	/* A late thread may post to the static one now, or read it: what is as
	 * it shall be is not written again. */
	if (pool->exec.pool == NULL) {
		pool->exec.pool = pool;
		wri_mpsc_init(&pool->door);
	}
	if (memcmp(&pool->config, config, sizeof(*config)) != 0) {
		pool->config = *config;
	}
	wri_mtx_init(&pool->lock);
	(void)snprintf(pool->name, sizeof(pool->name), "%s", config->name);
	/*
	 * What the pool before it has left in the static one; all other counts
	 * are at rest.  Relaxed: at most a late thread looks.
	 */
	wri_store(&pool->heavy, 0, WRI_RLX);
	wri_store(&pool->nrunners, 0, WRI_RLX);
	wri_store(&pool->stopped, 0, WRI_RLX);
	wri_store(&pool->wakes, 0, WRI_RLX);
	wri_store(&pool->reliefs, 0, WRI_RLX);
	wri_store(&pool->stopping, 0, WRI_SC); /* T7: last */
	return pool;
}

weir_err
wri_pool_init(struct wri_pool **poolp, const struct wri_pool_config *config)
{
	struct wri_pool *pool = pool_new(config);
	weir_err rv = WEIR_OK;

	if (pool == NULL) {
		return WEIR_ENOMEM;
	}
	wri_watch_enlist(pool);
	wri_mtx_lock(&pool->lock);
	for (unsigned n = config->slots + config->tokens; n > 0; n--) {
		rv = pool_grow(pool);
		if (rv != WEIR_OK) {
			break;
		}
	}
	wri_mtx_unlock(&pool->lock);
	if (rv != WEIR_OK) {
		(void)wri_pool_fini(pool, WEIR_NEVER);
		return rv;
	}
	*poolp = pool;
	return WEIR_OK;
}

/* Let every thread look at the stop flag. */
static void
pool_rouse(struct wri_pool *pool)
{
	while (wri_pool_wake_parked(pool)) {
	}
	for (unsigned i = 0; i < pool->config.slots; i++) {
		pool->config.role_ops->wake(pool->config.slot_args[i]);
	}
}

/*
 * Has every thread ended?  Sleeps until then, or until the time.  Looks at all:
 * what those did who have ended is known to us afterwards.
 */
static bool
pool_ended(struct wri_pool *pool, weir_time until)
{
	unsigned n = wri_load(&pool->nrunners, WRI_RLX); /* no growth now */
	bool all = true;

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);
		bool in_time = true;

		while (wri_load(&r->ended, WRI_ACQ) == 0 && in_time) { /* T4 */
			in_time = wri_futex_wait(&r->ended, 0, until);
		}
		all = wri_load(&r->ended, WRI_ACQ) != 0 && all; /* T4 */
	}
	return all;
}

/* Does a callback run, or wait? */
static bool
pool_is_busy(struct wri_pool *pool)
{
	bool busy;

	wri_mtx_lock(&pool->lock); /* or one may just begin to wait */
	busy = pool->nwaiting != 0 || wri_load(&pool->tokens, WRI_SC) != 0;
	wri_mtx_unlock(&pool->lock);
	return busy;
}

/*
 * Who comes back from its callback ends, and touches nothing but the pool.  The
 * others may just be touching more: let them.  True: all have ended.
 */
static bool
pool_abandon(struct wri_pool *pool)
{
	wri_store(&pool->stopping, POOL_ABANDONED, WRI_SC); /* T6 */
	return pool_ended(pool, wri_now() + ABANDON_NS);
}

/* The stopper's part. */
static void
pool_end(struct wri_pool *pool, weir_time until)
{
	bool ended;
	unsigned n;

	wri_mtx_lock(&pool->lock); /* who grows it now has seen no stop */
	wri_mtx_unlock(&pool->lock);
	pool_rouse(pool);
	ended = pool_ended(pool, until);
	while (!ended && !pool_is_busy(pool)) {
		/* Threads in no callback end soon, once they run. */
		ended = pool_ended(pool, wri_now() + ABANDON_NS);
	}
	if (!ended) {
		ended = pool_abandon(pool);
	}
	n = wri_load(&pool->nrunners, WRI_RLX); /* no growth now */
	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		if (ended) {
			wri_thread_join(&r->thread);
		} else {
			wri_thread_detach(&r->thread);
		}
	}
	wri_store(
	    &pool->stopped, ended ? POOL_ENDED : POOL_LOST, WRI_REL); /* T8 */
	wri_futex_wake(&pool->stopped, INT_MAX);
}

weir_err
wri_pool_stop(struct wri_pool *pool, weir_time until)
{
	weir_time soon = wri_now() + ABANDON_NS;
	uint32_t stopped = 0;

	if (until < soon) {
		until = soon; /* for those who only have to run once more */
	}
	if (wri_cas(&pool->stopping, &stopped, POOL_STOPS, WRI_SC)) { /* T1 */
		pool_end(pool, until);
	}
	while ((stopped = wri_load(&pool->stopped, WRI_ACQ)) == 0) { /* T8 */
		if (!wri_futex_wait(&pool->stopped, 0, until)) {
			(void)pool_abandon(pool);
			return WEIR_ETIMEDOUT;
		}
	}
	return stopped == POOL_ENDED ? WEIR_OK : WEIR_ETIMEDOUT;
}

weir_err
wri_pool_fini(struct wri_pool *pool, weir_time until)
{
	weir_err rv = wri_pool_stop(pool, until);
	uint32_t n;

	wri_watch_delist(pool);
	/* Those who post do not block; who stops it besides us has a limit. */
	while ((n = wri_load(&pool->visitors, WRI_SC)) != 0) { /* T7 */
		(void)wri_futex_wait(&pool->visitors, n, wri_now() + NAP_NS);
	}
	if (rv != WEIR_OK) {
		return rv; /* a thread may still touch it */
	}
	n = wri_load(&pool->nrunners, WRI_RLX); /* all ended */
	for (unsigned i = 0; i < n; i++) {
		wri_free(pool_runner(pool, i), sizeof(struct wri_runner));
	}
	wri_mtx_fini(&pool->lock);
	if (!pool->config.is_default) {
		wri_free(pool, sizeof(*pool));
	}
	return WEIR_OK;
}

weir_err
wri_runner_wait_begin(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	unsigned others;

	wri_mtx_lock(&pool->lock);
	others = wri_load(&pool->nrunners, WRI_RLX) - pool->nwaiting - 1;
	if (others < pool->config.tokens + pool->config.slots &&
	    !wri_exec_ended(&pool->exec) && pool_grow(pool) == WEIR_OK) {
		others++;
	}
	/* Before the look at the stop: who ends after it sees what we leave. */
	wri_store(&r->beat, 0, WRI_SC);    /* T5, W1, W2 */
	wri_sub(&pool->tokens, 1, WRI_SC); /* T1 */
	if (others < pool->config.slots + 1 ||
	    wri_load(&pool->stopping, WRI_SC) != 0) { /* they may have ended */
		wri_add(&pool->tokens, 1, WRI_SC);
		wri_mtx_unlock(&pool->lock);
		wri_runner_begin(r);
		return WEIR_EDEADLK;
	}
	pool->nwaiting++;
	(void)wri_runner_unmark(r);
	r->token = false;
	wri_mtx_unlock(&pool->lock);

	if (wri_pool_has_work(pool, r)) {
		(void)wri_pool_wake(pool);
	}
	wri_watch_over(pool); /* there is a place now for who sleeps */
	return WEIR_OK;
}

void
wri_runner_wait_end(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;

	/* Not waited for: the other places may belong to callbacks that need
	 * a lock which our callback holds. */
	wri_add(&pool->tokens, 1, WRI_SC);
	r->token = true;
	wri_mtx_lock(&pool->lock);
	pool->nwaiting--;
	wri_mtx_unlock(&pool->lock);
	wri_runner_begin(r); /* our slot may have been taken, or not */
}

void **
wri_runner_waits_for(struct wri_runner *r)
{
	return &r->waits_for;
}
