/*
 * pool - inboxes, wake-ups, growth and end of a pool of threads.
 *
 * Purpose    tasks come in through the door (from outside) or into the inbox
 *            of the thread that makes them; a wake-up is sent only when no
 *            awake thread will do.
 * Ownership  a pool owns its threads; tasks are lent.
 * Progress   push is wait-free; notify makes at most one futex call.
 * Pairs      T1  push: the queue's head (seq_cst), then tokens, nparked,
 *                searching (seq_cst) <-> going idle: tokens, nparked, searching
 *                (seq_cst), then the queues (seq_cst).  Forbids "queued, and
 *                nobody will look".
 *            T2  wake: park (release) -> the sleeper: park (acquire).
 *            T3  start: runners[i] (release) -> readers (acquire) carries the
 *                runner's fixed fields.
 * Bounds     runners_max threads.
 * Proof      test/explorer/x_pool.c, test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/panic.h"

#include <stdio.h>
#include <string.h>

static wri_aptr default_pool;

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

/* Take one thread out of the parked; NULL: nobody is. */
static struct wri_runner *
pool_unpark(struct wri_pool *pool)
{
	unsigned words = (wri_load(&pool->nrunners, WRI_RLX) + 63) / 64;

	for (unsigned i = 0; i < words; i++) {
		uint64_t bits = wri_load(&pool->parked[i], WRI_SC); /* T1 */

		while (bits != 0) {
			unsigned b = (unsigned)__builtin_ctzll(bits);
			uint64_t bit = UINT64_C(1) << b;

			bits &= ~bit;
			if ((wri_and(&pool->parked[i], ~bit, WRI_SC) & bit) !=
			    0) {
				wri_sub(&pool->nparked, 1, WRI_SC);
				return pool_runner(pool, i * 64 + b);
			} /* else somebody else took it */
		}
	}
	return NULL;
}

/* Let a thread go on that was parked.  The caller has counted it as searching. */
static void
runner_wake(struct wri_runner *r)
{
	wri_add(&r->pool->wakes, 1, WRI_RLX); /* a counter */
	wri_store(&r->park, 1, WRI_REL);      /* T2 */
	wri_futex_wake(&r->park, 1);
}

/* Wake one parked thread; it counts as searching from here on. */
static bool
pool_wake_parked(struct wri_pool *pool)
{
	struct wri_runner *r = pool_unpark(pool);

	if (r == NULL) {
		return false;
	}
	wri_add(&pool->searching, 1, WRI_SC);
	runner_wake(r);
	return true;
}

/* Let one poller look that sleeps; false: none does. */
static bool
pool_wake_poller(struct wri_pool *pool)
{
	for (unsigned i = 0; i < pool->nslots; i++) {
		struct wri_slot *slot = &pool->slots[i];

		if (wri_load(&slot->asleep, WRI_SC) != 0 && /* T1 */
		    wri_xchg(&slot->asleep, 0, WRI_SC) != 0) {
			pool->role_ops->wake(slot->arg);
			return true;
		}
	}
	return false;
}

/* Wake a thread that may look for work; false: nobody sleeps. */
bool
wri_pool_wake(struct wri_pool *pool)
{
	return pool_wake_parked(pool) || pool_wake_poller(pool);
}

/*
 * A task has been queued: see to it that somebody looks.  One wake-up at most,
 * none if a thread that is awake will do.
 */
void
wri_pool_notify(struct wri_pool *pool)
{
	uint32_t tokens = wri_load(&pool->tokens, WRI_SC); /* T1 */
	uint32_t none = 0;
	struct wri_runner *r;

	if (tokens >= pool->tokens_max) {
		return; /* who gives a token back looks afterwards */
	}
	if ((int32_t)(tokens - wri_load(&pool->blocked, WRI_SC)) > 0 &&
	    wri_load(&pool->heavy, WRI_RLX) == 0) { /* relaxed: advice */
		return; /* light work, and somebody is awake */
	}
	if (wri_load(&pool->nparked, WRI_SC) == 0) { /* T1 */
		if (wri_load(&pool->searching, WRI_SC) == 0) {
			(void)pool_wake_poller(pool);
		}
		return;
	}
	if (wri_load(&pool->searching, WRI_SC) != 0 || /* T1 */
	    !wri_cas(&pool->searching, &none, 1, WRI_SC)) {
		return; /* a searcher will see it */
	}
	/*
	 * The place among the searchers goes to the thread that is woken.  If
	 * there is none, somebody may have trusted it meanwhile: look once more
	 * without it.
	 */
	r = pool_unpark(pool);
	if (r != NULL) {
		runner_wake(r);
		return;
	}
	wri_sub(&pool->searching, 1, WRI_SC); /* T1 */
	(void)wri_pool_wake(pool);
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

static struct weir_exec *
exec_or_default(struct weir_exec *exec)
{
	return exec != NULL ? exec : &wri_pool_default()->exec;
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

void
wri_exec_post(struct weir_exec *exec, struct wri_task *task)
{
	exec = exec_or_default(exec);
	wri_exec_post_quiet(exec, task);
	wri_pool_notify(exec->pool);
}

struct wri_pool *
wri_runner_pool(const struct wri_runner *r)
{
	return r->pool;
}

/* Start one more thread; the pool's lock is held, or nobody else runs. */
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
	wri_store(&pool->runners[i], r, WRI_REL); /* T3 */
	wri_store(&pool->nrunners, i + 1, WRI_SC);
	rv = wri_thread_start(&r->thread, r->name, wri_runner_main, r);
	if (rv != WEIR_OK) {
		wri_store(&pool->nrunners, i, WRI_SC);
		wri_store(&pool->runners[i], NULL, WRI_RLX);
		wri_free(r, sizeof(*r));
	}
	return rv;
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
	wri_free(pool->slots, pool->nslots * sizeof(*pool->slots));
	wri_free(pool, sizeof(*pool));
}

static struct wri_pool *
pool_new(const struct wri_pool_config *config)
{
	struct wri_pool *pool = wri_alloc(sizeof(*pool));

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
	if (config->slots > 0) {
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
	while (pool_wake_parked(pool)) {
	}
	for (unsigned i = 0; i < pool->nslots; i++) {
		pool->role_ops->wake(pool->slots[i].arg);
	}
}

/* Has every thread ended?  Sleeps a little for each that has not. */
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

weir_err
wri_pool_stop(struct wri_pool *pool, weir_time until)
{
	unsigned n;
	bool ended;

	wri_mtx_lock(&pool->lock); /* no growth from here on */
	wri_store(&pool->stopping, 1, WRI_SC);
	wri_mtx_unlock(&pool->lock);
	if (pool->stopped) {
		return WEIR_OK;
	}
	pool_rouse(pool);
	ended = pool_ended(pool, until);
	n = wri_load(&pool->nrunners, WRI_RLX); /* no growth now */
	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		if (ended) {
			wri_thread_join(&r->thread);
		} else {
			wri_thread_detach(&r->thread);
		}
	}
	pool->stopped = ended;
	pool->abandoned = !ended;
	return ended ? WEIR_OK : WEIR_ETIMEDOUT;
}

weir_err
wri_pool_fini(struct wri_pool *pool, weir_time until)
{
	weir_err rv = wri_pool_stop(pool, until);

	wri_watch_delist(pool);
	if (rv == WEIR_OK && !pool->abandoned) {
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
	if (others < pool->tokens_max + pool->nslots &&
	    wri_load(&pool->stopping, WRI_RLX) == 0 &&
	    pool_grow(pool, NULL) == WEIR_OK) {
		others++;
	}
	if (others < pool->nslots + 1) {
		wri_mtx_unlock(&pool->lock);
		return WEIR_EDEADLK;
	}
	pool->nwaiting++;
	wri_mtx_unlock(&pool->lock);

	wri_store(&r->waiting, 1, WRI_SC);
	wri_store(&r->beat, 0, WRI_SC);
	wri_runner_unmark(r);
	r->token = false;
	wri_sub(&pool->tokens, 1, WRI_SC); /* T1 */
	if (wri_pool_has_work(pool, r)) {
		(void)wri_pool_wake(pool);
	}
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
