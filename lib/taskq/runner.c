/*
 * runner - the life of a pool thread: poll, serve, search, park.
 *
 * Purpose    all threads of a pool run this loop.  One that owns a poll slot
 *            polls, feeds what it found, and serves it itself while callbacks
 *            are light; the others serve and park.
 * Ownership  a token is the right to run callbacks; there are T.  A slot
 *            belongs to one thread; while its owner serves and is held up,
 *            another may take it, and nothing is handed over: the events are
 *            all fed before the first callback, the inbox is open to all.
 * Pairs      T1 (wake.c): tokens, nparked, searching, asleep, then look.
 *            T4, T6 (pool.c).
 *            T5  serving: set by the owner, then beat; taken back by its CAS
 *                <-> the CAS of whoever relieves (all seq_cst): one of them
 *                has the slot.  beat = 0 while serving: the owner waits.
 *            W1 (watch.c).
 * Bounds     SERVE_NS between two polls; one task per look, so that nothing
 *            waits in a private batch behind a blocking callback.
 * Proof      test/explorer/x_pool.c, x_role.c; test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"

/*
 * A slot whose owner is held up in a callback, that is marked or waits; NULL:
 * none.  *seen: its word.
 */
static struct wri_slot *
slot_held_up(struct wri_pool *pool, uint32_t *seen)
{
	for (unsigned i = 0; i < pool->config.slots; i++) {
		struct wri_runner *owner;

		*seen = wri_load(&pool->slots[i].serving, WRI_SC); /* T5 */
		if (*seen == 0) {
			continue;
		}
		owner = pool_runner(pool, *seen - 1);
		if (wri_load(&owner->mark, WRI_SC) != 0 ||
		    wri_load(&owner->beat, WRI_SC) == 0) {
			return &pool->slots[i];
		}
	}
	return NULL;
}

bool
wri_pool_has_work(struct wri_pool *pool, struct wri_runner *self)
{
	uint32_t seen;

	return slot_held_up(pool, &seen) != NULL ||
	       wri_pool_has_task(pool, self);
}

static bool
token_take(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint32_t n = wri_load(&pool->tokens, WRI_RLX); /* a guess */

	while (n < pool->config.tokens) {
		if (wri_cas_weak(&pool->tokens, &n, n + 1, WRI_SC)) { /* T1 */
			r->token = true;
			return true;
		}
	}
	return false;
}

/* A searcher has found work: let another search if there is more. */
static void
search_ends(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint32_t seen;

	r->stalls = 0;
	if (!r->searching) {
		return;
	}
	r->searching = false;
	if (wri_sub(&pool->searching, 1, WRI_SC) != 1) { /* T1 */
		return;
	}
	if (slot_held_up(pool, &seen) != NULL) {
		(void)wri_pool_wake_parked(pool);
	} else if (wri_pool_has_task(pool, r)) {
		wri_pool_notify(pool);
	}
}

/* n callbacks took span ns: are they heavy? */
static void
weigh(struct wri_runner *r, int64_t span, unsigned n)
{
	int64_t each = span / n;
	struct wri_pool *pool = r->pool;
	uint32_t heavy = wri_load(&pool->heavy, WRI_RLX); /* advice */

	/* One that blocks must not make a heavy crowd of the light. */
	if (each > 4 * HEAVY_NS) {
		each = 4 * HEAVY_NS;
	}
	r->run_ns += (each - r->run_ns) / 8;
	if (heavy == 0 ? r->run_ns > HEAVY_NS : r->run_ns < LIGHT_NS) {
		wri_store(&pool->heavy, heavy == 0, WRI_RLX);
	}
}

static void
stamp(struct wri_runner *r)
{
	weir_time now = wri_now();

	/* Relaxed: the beat is ours. */
	weigh(r, now - (weir_time)wri_load(&r->beat, WRI_RLX), r->unstamped);
	/* Release: the watch only compares it with the clock. */
	wri_store(&r->beat, (uint64_t)now, WRI_REL);
	wri_bump(&r->callbacks, r->unstamped);
	r->unstamped = 0;
	wri_watch_arm(r->pool, now);
	if (r->busy_since != 0 && now - r->busy_since > WATCH_NS) {
		/* More than one thread can do, for a while: share it. */
		r->busy_since = now;
		wri_store(&r->open, 1, WRI_RLX); /* advice */
		if (wri_pool_has_task(r->pool, r)) {
			(void)wri_pool_wake(r->pool);
		}
	}
}

static void
run(struct wri_runner *r, struct wri_task *task)
{
	r->ran = 1; /* a strand says more */
	task->run(task);
	r->ticks += r->ran;
	r->unstamped += r->ran;
	/* After a mark the beat is old and the timer may be off.  Relaxed:
	 * advice. */
	if (wri_runner_unmark(r) || r->unstamped >= STAMP_EVERY ||
	    r->run_ns > LIGHT_NS || wri_load(&r->pool->heavy, WRI_RLX) != 0) {
		stamp(r);
	}
}

/* Is it time to stop serving although there may be more? */
static bool
serve_ends(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;

	if (wri_load(&pool->tokens, WRI_RLX) > pool->config.tokens) {
		/* A callback came back from a wait: make room.  Advice. */
		return true;
	}
	if (wri_load(&pool->stopping, WRI_SC) == POOL_ABANDONED) { /* T6 */
		return true;
	}
	/* Relaxed: the beat is ours. */
	return r->slot != NULL &&
	       (weir_time)wri_load(&r->beat, WRI_RLX) - r->begun >= SERVE_NS;
}

/* The watch sees us serve from here on. */
void
wri_runner_begin(struct wri_runner *r)
{
	r->begun = wri_now();
	if (r->busy_since == 0) {
		r->busy_since = r->begun;
	}
	wri_store(&r->beat, (uint64_t)r->begun, WRI_SC); /* T5, W1 */
	wri_watch_arm(r->pool, r->begun);
}

/* Give up slot and token; our slot may be another's by now. */
static void
serve_end(struct wri_runner *r, bool served)
{
	uint32_t mine = r->index + 1;
	weir_time now = (weir_time)wri_load(&r->beat, WRI_RLX); /* ours */

	if (served && r->slot != NULL &&
	    !wri_cas(&r->slot->serving, &mine, 0, WRI_SC)) { /* T5 */
		r->slot = NULL; /* relieved: a task thread now */
	}
	wri_store(&r->beat, 0, WRI_SC); /* W1, W2 */
	(void)wri_runner_unmark(r);
	r->token = false;
	if (wri_sub(&r->pool->tokens, 1, WRI_SC) == 1 && served) { /* T1 */
		wri_watch_idle(r->pool, now);
	}
}

/*
 * Run tasks with a token in hand; gives it back.  While we do, others may take
 * our slot if we are held up.  False: there was no task.
 */
static bool
serve(struct wri_runner *r)
{
	struct wri_task *task = wri_runner_take(r);
	bool served = task != NULL;

	if (served) {
		if (r->slot != NULL) {
			wri_store(
			    &r->slot->serving, r->index + 1, WRI_SC); /* T5 */
		}
		wri_runner_begin(r);
		search_ends(r);
	}
	while (task != NULL) {
		run(r, task);
		task = serve_ends(r) ? NULL : wri_runner_take(r);
	}
	if (r->unstamped > 0) {
		stamp(r);
	}
	serve_end(r, served);
	return served;
}

/*
 * There is work but it could not be taken: another consumer or a producer is in
 * the middle of it.  Let them run; do not spin, do not park for good.
 */
void
wri_runner_stall(struct wri_runner *r)
{
	if (++r->stalls <= STALL_YIELDS) {
		wri_yield();
	} else {
		(void)wri_futex_wait(&r->park, AWAKE, wri_now() + NAP_NS);
	}
}

/*
 * Poll once and see to what came: while callbacks are light the poller serves
 * them itself (nobody is woken), else it only feeds, unless nobody else is
 * there.
 */
static void
poll_and_serve(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	const struct wri_role_ops *ops = pool->config.role_ops;
	struct wri_slot *slot = r->slot;
	void *arg = pool->config.slot_args[slot - pool->slots];
	bool served = false;
	bool work, heavy, alone, block;
	unsigned n;

	wri_store(&slot->asleep, 1, WRI_SC); /* T1, W1 */
	work = wri_pool_has_task(pool, r);
	heavy = wri_load(&pool->heavy, WRI_RLX) != 0; /* advice */
	alone = work && heavy &&
		wri_load(&pool->searching, WRI_SC) == 0 && /* T1 */
		!wri_pool_wake_parked(pool);
	block = (!work || (heavy && !alone)) &&
		wri_load(&pool->stopping, WRI_SC) == 0;
	if (block && wri_load(&pool->nparked, WRI_SC) == 0) { /* W1 */
		wri_watch_over(pool);
	}
	n = ops->wait(arg, block);
	wri_store(&slot->asleep, 0, WRI_RLX); /* a needless wake is harmless */
	if (block) {
		runner_dry(r);
	}
	/* Relaxed: advice.  Without a token what we feed goes to the door. */
	if ((alone || wri_load(&pool->heavy, WRI_RLX) == 0) && token_take(r)) {
		if (n > 0) {
			wri_runner_begin(r); /* what we feed is ours */
			ops->feed(arg);
		}
		served = serve(r);
	} else if (n > 0) {
		ops->feed(arg);
	}
	if (block || n > 0) {
		r->stalls = 0;
	} else if (!served) {
		wri_runner_stall(r);
	}
}

/* Take over the slot of a poller that is held up in a callback. */
static bool
relieve(struct wri_runner *r)
{
	uint32_t seen;
	struct wri_slot *slot = slot_held_up(r->pool, &seen);

	if (slot == NULL ||
	    !wri_cas(&slot->serving, &seen, 0, WRI_SC)) { /* T5 */
		return false;
	}
	r->slot = slot;
	wri_add(&r->pool->reliefs, 1, WRI_RLX); /* a counter */
	search_ends(r);
	return true;
}

/* Leave the parked again; false: somebody is about to wake us. */
static bool
unpark_self(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint32_t parked = PARKED;

	if (!wri_cas(&r->park, &parked, AWAKE, WRI_SC)) {
		return false;
	}
	wri_sub(&pool->nparked, 1, WRI_SC);
	wri_add(&pool->searching, 1, WRI_SC);
	r->searching = true;
	return true;
}

/* Nothing found: announce, look again, sleep.  False: the pool stops. */
static bool
park(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint32_t seen;
	bool stopping;

	wri_store(&r->park, PARKED, WRI_SC); /* T1 */
	wri_add(&pool->nparked, 1, WRI_SC);  /* T1 */
	if (r->searching) {
		r->searching = false;
		wri_sub(&pool->searching, 1, WRI_SC); /* T1 */
	}
	stopping = wri_load(&pool->stopping, WRI_SC) != 0;
	if ((stopping || wri_pool_has_work(pool, r)) && unpark_self(r)) {
		if (stopping && !wri_pool_has_task(pool, r)) {
			return false;
		}
		wri_runner_stall(r);
		return true;
	}
	wri_watch_over(pool);
	wri_bump(&r->parks, 1);
	while ((seen = wri_load(&r->park, WRI_ACQ)) != AWAKE) { /* T2 */
		(void)wri_futex_wait(&r->park, seen, WEIR_NEVER);
	}
	r->searching = true; /* the waker counted us */
	r->stalls = 0;
	return true;
}

/* The pool stops and a poller has nothing to do any more. */
static bool
poller_ends(struct wri_runner *r)
{
	return wri_load(&r->pool->stopping, WRI_SC) != 0 &&
	       !wri_pool_has_task(r->pool, r);
}

void
wri_runner_main(void *arg)
{
	struct wri_runner *r = arg;

	wri_self_set(WRI_SELF_RUNNER, r);
	wri_mtx_lock(&r->pool->lock); /* until others can see us */
	wri_mtx_unlock(&r->pool->lock);
	while (
	    wri_load(&r->pool->stopping, WRI_SC) != POOL_ABANDONED) { /* T6 */
		if (r->slot != NULL) {
			poll_and_serve(r);
			if (r->slot != NULL && poller_ends(r)) {
				break;
			}
		} else if (!relieve(r) && !(token_take(r) && serve(r)) &&
			   !park(r)) {
			break;
		}
	}
	if (r->searching) {
		r->searching = false;
		wri_sub(&r->pool->searching, 1, WRI_SC);
	}
	wri_store(&r->ended, 1, WRI_REL); /* T4 */
	wri_futex_wake(&r->ended, 1);
}
