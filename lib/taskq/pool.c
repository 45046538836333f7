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
 *            T7  visit: visitors (seq_cst), then stopping (seq_cst) <-> stop:
 *                stopping, then visitors (seq_cst).  Forbids "memory freed, or
 *                a slot's poller gone, and somebody will touch it".
 *            T8  end: stopped (release) -> wri_pool_stop by another (acquire):
 *                nothing of the pool is touched any more.
 * Bounds     runners_max threads.
 * Proof      test/explorer/x_pool.c, x_pool_wait.c, x_pool_stop.c;
 *            test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <weir/weir.h>

#include <limits.h>
#include <stdio.h>

static wri_aptr default_pool;

/*
 * The default pool's memory is static: a thread of the program that finishes an
 * operation while the library ends may still look whom to wake, and what was
 * bound to the pool may be freed after that.
 */
static struct wri_pool default_storage;
static struct wri_slot default_slots[WEIR_POLLER_THREADS_MAX];

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

/* After weir_fini: a place where nothing runs. */
static struct weir_exec *
exec_or_default(struct weir_exec *exec)
{
	struct wri_pool *pool = exec == NULL ? wri_pool_default() : NULL;

	return exec != NULL   ? exec
	       : pool != NULL ? &pool->exec
			      : &default_storage.exec;
}

void
wri_exec_post_quiet(struct weir_exec *exec, struct wri_task *task)
{
	exec = exec_or_default(exec);
	if (exec->strand != NULL) {
		wri_strand_push(exec->strand, task);
	} else {
		wri_pool_push(exec->pool, task);
	}
}

void
wri_exec_notify(struct weir_exec *exec)
{
	wri_pool_notify(exec_or_default(exec)->pool);
}

/*
 * A task may free its strand as soon as it runs, and when it has run the
 * program may free its pool.  So a thread of another pool, or of none, is
 * counted while it posts, and the pool's memory waits for it; that of the
 * default pool is static.
 */
void
wri_exec_post(struct weir_exec *exec, struct wri_task *task)
{
	struct wri_runner *r = wri_runner_self();
	struct wri_pool *pool;
	bool visits;

	exec = exec_or_default(exec);
	pool = exec->pool;
	visits = pool != &default_storage && (r == NULL || r->pool != pool);
	if (visits) {
		wri_add(&pool->visitors, 1, WRI_SC); /* T7 */
	}
	wri_exec_post_quiet(exec, task);
	wri_pool_notify(pool);
	if (visits) {
		wri_sub(&pool->visitors, 1, WRI_SC); /* T7; the last touch */
	}
}

struct wri_pool *
wri_runner_pool(const struct wri_runner *r)
{
	return r->pool;
}

/*
 * Start one more thread; the pool's lock is held.  Others see it when it is
 * certain that it runs, and it takes the lock once before it looks at anything.
 */
static weir_err
pool_grow(struct wri_pool *pool, struct wri_slot *slot)
{
	unsigned i = wri_load(&pool->nrunners, WRI_RLX); /* under lock */
	struct wri_runner *r;
	weir_err rv;

	if (i >= pool->runners_max) {
		return WEIR_EAGAIN;
	}
	r = wri_alloc(sizeof(*r));
	if (r == NULL) {
		return WEIR_ENOMEM;
	}
	wri_mpsc_init(&r->inbox);
	r->pool = pool;
	r->index = i;
	if (slot != NULL) {
		(void)snprintf(r->name, sizeof(r->name), "%s-poll-%u",
		    pool->name, (unsigned)(slot - pool->slots));
		r->role = ROLE_NEXT(0, i, 0);
		r->slot = slot;
		wri_store(&slot->role, r->role, WRI_SC);
	} else {
		(void)snprintf(r->name, sizeof(r->name),
		    pool->plain_names ? "%s-%u" : "%s-task-%u", pool->name,
		    i - pool->nslots);
	}
	rv = wri_thread_start(&r->thread, r->name, wri_runner_main, r);
	if (rv != WEIR_OK) {
		wri_free(r, sizeof(*r));
		return rv;
	}
	wri_store(&pool->runners[i], r, WRI_REL);   /* T3 */
	wri_store(&pool->nrunners, i + 1, WRI_REL); /* T3 */
	return WEIR_OK;
}

/* Free the pool when its threads have ended. */
static void
pool_free(struct wri_pool *pool)
{
	unsigned n = wri_load(&pool->nrunners, WRI_RLX); /* all ended */

	for (unsigned i = 0; i < n; i++) {
		wri_free(pool_runner(pool, i), sizeof(struct wri_runner));
	}
	wri_mtx_fini(&pool->lock);
	wri_free(pool->runners, pool->runners_max * sizeof(*pool->runners));
	if (pool != &default_storage) {
		wri_free(pool->slots, pool->nslots * sizeof(*pool->slots));
		wri_free(pool, sizeof(*pool));
	}
}

/*
 * As fresh memory, but word by word: a late thread may look.  Not visitors: one
 * that is just leaving has counted itself.
 */
static void
pool_clear(struct wri_pool *pool)
{
	/* Relaxed: nobody works with it yet. */
	wri_store(&pool->exec.users, 0, WRI_RLX);
	wri_store(&pool->tokens, 0, WRI_RLX);
	wri_store(&pool->blocked, 0, WRI_RLX);
	wri_store(&pool->heavy, 0, WRI_RLX);
	wri_store(&pool->queued, 0, WRI_RLX);
	wri_store(&pool->stopping, 0, WRI_RLX);
	wri_store(&pool->searching, 0, WRI_RLX);
	wri_store(&pool->nparked, 0, WRI_RLX);
	wri_store(&pool->nrunners, 0, WRI_RLX);
	wri_store(&pool->wakes, 0, WRI_RLX);
	wri_store(&pool->reliefs, 0, WRI_RLX);
	for (unsigned i = 0; i < PARKED_WORDS; i++) {
		wri_store(&pool->parked[i], 0, WRI_RLX);
	}
	for (unsigned i = 0; i < WEIR_POLLER_THREADS_MAX; i++) {
		wri_store(&default_slots[i].role, 0, WRI_RLX);
		wri_store(&default_slots[i].asleep, 0, WRI_RLX);
	}
	wri_store(&pool->stopped, 0, WRI_RLX);
	pool->slots = default_slots;
	pool->nwaiting = 0;
}

static struct wri_pool *
pool_new(const struct wri_pool_config *config)
{
	struct wri_pool *pool = &default_storage;

	/* One that was abandoned still belongs to the thread that hangs. */
	if (config->is_default &&
	    wri_load(&pool->stopping, WRI_RLX) != POOL_ABANDONED) {
		pool_clear(pool);
	} else {
		pool = wri_alloc(sizeof(*pool));
	}
	if (pool == NULL) {
		return NULL;
	}
	wri_mpsc_init(&pool->door);
	wri_mtx_init(&pool->lock);
	pool->exec.pool = pool;
	pool->tokens_max = config->tokens;
	pool->runners_max = config->threads_max + config->slots;
	pool->queue_max = config->queue_max;
	pool->nslots = config->slots;
	pool->role_ops = config->role_ops;
	pool->plain_names = config->plain_names;
	(void)snprintf(pool->name, sizeof(pool->name), "%s", config->name);
	pool->runners = wri_alloc(pool->runners_max * sizeof(*pool->runners));
	if (config->slots > 0 && pool != &default_storage) {
		pool->slots = wri_alloc(config->slots * sizeof(*pool->slots));
	}
	if (pool->runners == NULL ||
	    (config->slots > 0 && pool->slots == NULL)) {
		pool_free(pool);
		return NULL;
	}
	for (unsigned i = 0; i < config->slots; i++) {
		pool->slots[i].arg = config->slot_args[i];
	}
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
	for (unsigned i = 0; i < config->slots && rv == WEIR_OK; i++) {
		rv = pool_grow(pool, &pool->slots[i]);
	}
	for (unsigned i = 0; i < config->tokens && rv == WEIR_OK; i++) {
		rv = pool_grow(pool, NULL);
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
	for (unsigned i = 0; i < pool->nslots; i++) {
		pool->role_ops->wake(pool->slots[i].arg);
	}
}

/* Has every thread ended?  Sleeps until then, or until the time. */
static bool
pool_ended(struct wri_pool *pool, weir_time until)
{
	unsigned n = wri_load(&pool->nrunners, WRI_RLX); /* no growth now */

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		while (wri_load(&r->ended, WRI_ACQ) == 0) { /* T4 */
			if (!wri_futex_wait(&r->ended, 0, until) &&
			    wri_load(&r->ended, WRI_ACQ) == 0) {
				return false;
			}
		}
	}
	return true;
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
 * Wait for the end of all threads; false: some were abandoned.  A thread that
 * is in no callback ends soon, once it runs: it is not abandoned.
 */
static bool
pool_end(struct wri_pool *pool, weir_time until)
{
	while (!pool_ended(pool, until)) {
		if (pool_is_busy(pool)) {
			/*
			 * Who comes back from its callback ends, and touches
			 * nothing but the pool.  The others may just be
			 * touching it: let them.
			 */
			wri_store(
			    &pool->stopping, POOL_ABANDONED, WRI_SC); /* T6 */
			return pool_ended(pool, wri_now() + ABANDON_NS);
		}
		until = wri_now() + ABANDON_NS;
	}
	return true;
}

/* Wait for those who post from outside; false: one is still there. */
static bool
pool_left(struct wri_pool *pool, weir_time until)
{
	weir_time now;
	uint32_t n;

	while ((n = wri_load(&pool->visitors, WRI_SC)) != 0) { /* T7 */
		now = wri_now();
		if (now >= until) {
			return false;
		}
		(void)wri_futex_wait(&pool->visitors, n, now + NAP_NS_MIN);
	}
	return true;
}

bool
wri_pool_claim(struct wri_pool *pool)
{
	uint32_t none = 0;

	return wri_cas(&pool->stopping, &none, POOL_STOPS, WRI_SC); /* T1 */
}

weir_err
wri_pool_end(struct wri_pool *pool, weir_time until)
{
	weir_time soon = wri_now() + ABANDON_NS;
	bool ended;
	unsigned n;

	if (until < soon) {
		until = soon; /* for those who only have to run once more */
	}
	wri_mtx_lock(&pool->lock); /* who grows it now has seen no stop */
	wri_mtx_unlock(&pool->lock);
	pool_rouse(pool);
	ended = pool_end(pool, until);
	n = wri_load(&pool->nrunners, WRI_RLX); /* no growth now */
	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		if (ended) {
			wri_thread_join(&r->thread);
		} else {
			wri_thread_detach(&r->thread);
		}
	}
	if (ended && !pool_left(pool, until)) {
		wri_store(&pool->stopping, POOL_ABANDONED, WRI_SC);
		ended = false;
	}
	/* T8.  The last touch: who waits for it may free the pool. */
	wri_store(&pool->stopped, ended ? POOL_ENDED : POOL_LOST, WRI_REL);
	wri_futex_wake(&pool->stopped, INT_MAX);
	return ended ? WEIR_OK : WEIR_ETIMEDOUT;
}

weir_err
wri_pool_stop(struct wri_pool *pool, weir_time until)
{
	uint32_t stopped;

	if (wri_pool_claim(pool)) {
		return wri_pool_end(pool, until);
	}
	while ((stopped = wri_load(&pool->stopped, WRI_ACQ)) == 0) { /* T8 */
		(void)wri_futex_wait(&pool->stopped, 0, WEIR_NEVER);
	}
	return stopped == POOL_ENDED ? WEIR_OK : WEIR_ETIMEDOUT;
}

weir_err
wri_pool_fini(struct wri_pool *pool, weir_time until)
{
	weir_err rv = wri_pool_stop(pool, until);

	wri_watch_delist(pool);
	if (rv == WEIR_OK) {
		pool_free(pool); /* else a thread may still touch it */
	}
	return rv;
}

weir_err
wri_runner_wait_begin(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	unsigned others;

	wri_mtx_lock(&pool->lock);
	others = wri_load(&pool->nrunners, WRI_RLX) - pool->nwaiting - 1;
	if (wri_load(&pool->stopping, WRI_RLX) != 0) { /* under lock */
		others = 0;                            /* they may have ended */
	} else if (others < pool->tokens_max + pool->nslots &&
		   pool_grow(pool, NULL) == WEIR_OK) {
		others++;
	}
	if (others < pool->nslots + 1) {
		wri_mtx_unlock(&pool->lock);
		return WEIR_EDEADLK;
	}
	pool->nwaiting++;
	wri_store(&r->waiting, 1, WRI_SC);
	wri_store(&r->beat, 0, WRI_SC); /* W1, W2 */
	(void)wri_runner_unmark(r);
	r->token = false;
	/* Under the lock: a pool that stops now finds what we leave. */
	wri_sub(&pool->tokens, 1, WRI_SC); /* T1 */
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
	wri_store(&r->beat, (uint64_t)wri_now(), WRI_SC);
	wri_store(&r->waiting, 0, WRI_SC);
	wri_mtx_lock(&pool->lock);
	pool->nwaiting--;
	wri_mtx_unlock(&pool->lock);
	wri_watch_arm(pool, wri_now());
}

void *
wri_runner_waits_for(const struct wri_runner *r)
{
	return r->waits_for;
}

void
wri_runner_set_waits_for(struct wri_runner *r, void *what)
{
	r->waits_for = what;
}
