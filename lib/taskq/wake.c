/*
 * wake - who is woken for a task: nobody, one parked thread, or a poller.
 *
 * Purpose    a wake-up is sent only when no awake thread will do: waking costs
 *            more than most callbacks.
 * Progress   notify makes at most one futex call, or one call of the poller's
 *            wake.
 * Counts     searching are the threads that are awake without work so far.
 *            Who wakes counts for the thread that is woken; that one takes
 *            itself out when it has found work or has announced that it parks.
 * Pairs      T1  push: the queue's head (seq_cst), then tokens, nparked,
 *                searching, asleep (seq_cst) <-> going idle: tokens, nparked,
 *                searching, asleep (seq_cst), then the queues (seq_cst).
 *                Forbids "queued, and nobody will look".
 *            T2  wake: park := AWAKE (release) -> the sleeper: park
 *                (acquire).
 *            W1  (watch.c).
 * Bounds     one thread a push.
 * Proof      test/explorer/x_pool.c, x_role.c; test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

/* Claim one of the parked threads; NULL: nobody is. */
static struct wri_runner *
pool_unpark(struct wri_pool *pool)
{
	unsigned n = wri_load(&pool->nrunners, WRI_ACQ); /* T3 */

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);
		uint32_t parked = PARKED;

		if (wri_load(&r->park, WRI_SC) == PARKED && /* T1 */
		    wri_cas(&r->park, &parked, CLAIMED, WRI_SC)) {
			wri_sub(&pool->nparked, 1, WRI_SC);
			return r;
		}
	}
	return NULL;
}

/* Let a thread go on that was claimed, and counted as searching. */
static void
runner_wake(struct wri_runner *r)
{
	wri_add(&r->pool->wakes, 1, WRI_RLX); /* a counter */
	wri_store(&r->park, AWAKE, WRI_REL);  /* T2 */
	wri_futex_wake(&r->park, 1);
}

/*
 * Wake one parked thread; it counts as searching from here on.  False: nobody
 * is parked.
 */
bool
wri_pool_wake_parked(struct wri_pool *pool)
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
	for (unsigned i = 0; i < pool->config.slots; i++) {
		wri_a32 *asleep = &pool->slots[i].asleep;

		if (wri_load(asleep, WRI_SC) != 0 && /* T1 */
		    wri_xchg(asleep, 0, WRI_SC) != 0) {
			pool->config.role_ops->wake(pool->config.slot_args[i]);
			return true;
		}
	}
	return false;
}

/* Is there a thread asleep that could take what another leaves? */
bool
wri_pool_sleeps(struct wri_pool *pool)
{
	if (wri_load(&pool->nparked, WRI_SC) != 0) { /* W1 */
		return true;
	}
	if (wri_load(&pool->tokens, WRI_SC) >= pool->config.tokens) {
		return false; /* pollers have no other use */
	}
	for (unsigned i = 0; i < pool->config.slots; i++) {
		if (wri_load(&pool->slots[i].asleep, WRI_SC) != 0) { /* W1 */
			return true;
		}
	}
	return false;
}

/* Wake a thread that may look for work; false: nobody sleeps. */
bool
wri_pool_wake(struct wri_pool *pool)
{
	return wri_pool_wake_parked(pool) || pool_wake_poller(pool);
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
	struct wri_runner *r = NULL;
	bool parked;

	if (tokens >= pool->config.tokens) {
		return; /* who gives a token back looks afterwards */
	}
	if ((int32_t)(tokens - wri_load(&pool->blocked, WRI_SC)) > 0 &&
	    wri_load(&pool->heavy, WRI_RLX) == 0) { /* relaxed: advice */
		return; /* light work, and somebody is awake */
	}
	parked = wri_load(&pool->nparked, WRI_SC) != 0; /* T1 */
	if (wri_load(&pool->searching, WRI_SC) != 0 ||  /* T1 */
	    (parked && !wri_cas(&pool->searching, &none, 1, WRI_SC))) {
		return; /* a searcher will see it */
	}
	/*
	 * The place among the searchers goes to the thread that is woken.  If
	 * there is none, somebody may have trusted it meanwhile: look once more
	 * without it.  In a pool that stops nobody sleeps for long, and its
	 * threads and what its slots refer to may be gone.
	 */
	wri_add(&pool->visitors, 1, WRI_SC);                    /* T7 */
	if (parked && wri_load(&pool->stopping, WRI_SC) == 0) { /* T7 */
		r = pool_unpark(pool);
	}
	if (r != NULL) {
		runner_wake(r);
	} else {
		if (parked) {
			wri_sub(&pool->searching, 1, WRI_SC); /* T1 */
		}
		/* Anew: the static pool may live again since. */
		if (wri_load(&pool->stopping, WRI_SC) == 0) { /* T7 */
			(void)wri_pool_wake(pool);
		}
	}
	wri_sub(&pool->visitors, 1, WRI_SC); /* T7 */
}
