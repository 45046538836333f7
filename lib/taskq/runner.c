/*
 * runner - the life of a pool thread: poll, serve, search, park.
 *
 * Purpose    all threads of a pool run this loop.  One that owns a poll slot
 *            polls, feeds what it found, and serves it itself while callbacks
 *            are light; the others serve and park.
 * Ownership  a token is the right to run callbacks; tokens_max exist.  A slot
 *            belongs to one thread; while its owner serves and is held up,
 *            another may take it, and nothing is handed over: the events are
 *            all fed before the first callback, the inbox is open to all.
 * Pairs      T1 (wake.c): tokens, nparked, searching, asleep, then look.
 *            T4, T6 (pool.c).
 *            T5  role: CAS (seq_cst) between the owner and whoever relieves.
 *            W1 (watch.c).
 * Bounds     SERVE_NS between two polls; one task per look, so that nothing
 *            waits in a private batch behind a blocking callback.
 * Proof      test/explorer/x_pool.c, x_role.c; test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"

static bool
slot_is_held_up(struct wri_pool *pool, uint64_t role)
{
	struct wri_runner *owner;

	if ((role & ROLE_SERVING) == 0) {
		return false;
	}
	owner = pool_runner(pool, ROLE_OWNER(role));
	return wri_load(&owner->mark, WRI_SC) != 0 ||
	       wri_load(&owner->waiting, WRI_SC) != 0;
}

static bool
has_slot(struct wri_pool *pool)
{
	for (unsigned i = 0; i < pool->nslots; i++) {
		if (slot_is_held_up(pool,
			wri_load(&pool->slots[i].role, WRI_SC))) { /* T5 */
			return true;
		}
	}
	return false;
}

bool
wri_pool_has_work(struct wri_pool *pool, struct wri_runner *self)
{
	return has_slot(pool) || wri_pool_has_task(pool, self);
}

static bool
token_take(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint32_t n = wri_load(&pool->tokens, WRI_RLX); /* a guess */

	while (n < pool->tokens_max) {
		if (wri_cas_weak(&pool->tokens, &n, n + 1, WRI_SC)) { /* T1 */
			r->token = true;
			return true;
		}
	}
	return false;
}

/* True: it was the last one. */
static bool
token_give(struct wri_runner *r)
{
	r->token = false;
	return wri_sub(&r->pool->tokens, 1, WRI_SC) == 1; /* T1 */
}

/* A searcher has found work: let another search if there is more. */
static void
search_ends(struct wri_runner *r)
{
	r->stalls = 0;
	if (!r->searching) {
		return;
	}
	r->searching = false;
	if (wri_sub(&r->pool->searching, 1, WRI_SC) != 1) { /* T1 */
		return;
	}
	if (has_slot(r->pool)) {
		(void)wri_pool_wake_parked(r->pool);
	} else if (wri_pool_has_task(r->pool, r)) {
		wri_pool_notify(r->pool);
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
	if (heavy == 0 && r->run_ns > HEAVY_NS) {
		wri_store(&pool->heavy, 1, WRI_RLX);
	} else if (heavy != 0 && r->run_ns < LIGHT_NS) {
		wri_store(&pool->heavy, 0, WRI_RLX);
	}
}

/* What serve remembers between two tasks. */
struct serving {
	weir_time begun;
	weir_time stamped;
	unsigned unstamped; /* callbacks since */
};

static void
stamp(struct wri_runner *r, struct serving *s)
{
	weir_time now = wri_now();

	weigh(r, now - s->stamped, s->unstamped);
	/* Release: the watch only compares it with the clock. */
	wri_store(&r->beat, (uint64_t)now, WRI_REL);
	/* Relaxed: a counter with one writer. */
	wri_store(&r->callbacks,
	    wri_load(&r->callbacks, WRI_RLX) + s->unstamped, WRI_RLX);
	s->stamped = now;
	s->unstamped = 0;
	wri_watch_arm(r->pool, now);
	if (now - r->dry_at > WATCH_NS) {
		/* More than one thread can do, for a while: share it. */
		r->dry_at = now;
		wri_store(&r->open, 1, WRI_RLX); /* advice */
		if (wri_pool_has_task(r->pool, r)) {
			(void)wri_pool_wake(r->pool);
		}
	}
}

static void
run(struct wri_runner *r, struct wri_task *task, struct serving *s)
{
	r->ran = 1; /* a strand says more */
	task->run(task);
	r->ticks += r->ran;
	s->unstamped += r->ran;
	/* After a mark the beat is old and the timer may be off.  Relaxed:
	 * advice. */
	if (wri_runner_unmark(r) || s->unstamped >= STAMP_EVERY ||
	    r->run_ns > LIGHT_NS || wri_load(&r->pool->heavy, WRI_RLX) != 0) {
		stamp(r, s);
	}
}

static void
ran_dry(struct wri_runner *r, weir_time now)
{
	r->dry_at = now;
	if (wri_load(&r->open, WRI_RLX) != 0) { /* advice, we alone write */
		wri_store(&r->open, 0, WRI_RLX);
	}
}

/* Is it time to stop serving although there may be more? */
static bool
serve_ends(struct wri_runner *r, const struct serving *s)
{
	struct wri_pool *pool = r->pool;

	if (wri_load(&pool->tokens, WRI_RLX) > pool->tokens_max) { /* advice */
		return true; /* a callback came back from a wait: make room */
	}
	if (wri_load(&pool->stopping, WRI_SC) == POOL_ABANDONED) { /* T6 */
		return true;
	}
	return r->slot != NULL && s->stamped - s->begun >= SERVE_NS;
}

static void
rest(struct wri_runner *r)
{
	wri_store(&r->beat, 0, WRI_SC); /* W1, W2 */
	(void)wri_runner_unmark(r);
}

/* Run tasks with a token in hand; gives it back.  False: there was none. */
static bool
serve(struct wri_runner *r)
{
	struct wri_task *task = wri_runner_take(r);
	struct serving s;
	bool last;

	if (task == NULL) {
		rest(r);
		(void)token_give(r);
		return false;
	}
	s.begun = s.stamped = wri_now();
	s.unstamped = 0;
	wri_store(&r->beat, (uint64_t)s.begun, WRI_SC); /* W1 */
	if (r->slot == NULL) {
		ran_dry(r, s.begun); /* or we would not have looked for work */
	}
	search_ends(r);
	wri_watch_arm(r->pool, s.begun);
	do {
		run(r, task, &s);
		if (serve_ends(r, &s)) {
			task = NULL;
			break;
		}
		task = wri_runner_take(r);
		if (task == NULL) {
			ran_dry(r, s.stamped);
		}
	} while (task != NULL);
	if (s.unstamped > 0) {
		stamp(r, &s);
	}
	rest(r);
	last = token_give(r);
	if (last) {
		wri_watch_idle(r->pool, s.stamped);
	}
	return true;
}

/*
 * There is work but it could not be taken: another consumer or a producer is in
 * the middle of it.  Let them run; do not spin, do not park for good.
 */
void
wri_runner_stall(struct wri_runner *r)
{
	unsigned over =
	    ++r->stalls > STALL_YIELDS ? r->stalls - STALL_YIELDS : 0;
	weir_duration nap = NAP_NS_MIN;

	if (over == 0) {
		wri_yield();
		return;
	}
	nap <<= over < 5 ? over : 5;
	(void)wri_futex_wait(
	    &r->park, 0, wri_now() + (nap < NAP_NS_MAX ? nap : NAP_NS_MAX));
}

/* Our slot while we serve: others may take it if we are held up. */
static bool
serve_with_slot(struct wri_runner *r)
{
	struct wri_slot *slot = r->slot;
	uint64_t mine = ROLE_NEXT(r->role, r->index, ROLE_SERVING);
	bool served;

	wri_store(&slot->role, mine, WRI_SC); /* T5 */
	served = serve(r);
	r->role = ROLE_NEXT(mine, r->index, 0);
	if (!wri_cas(&slot->role, &mine, r->role, WRI_SC)) { /* T5 */
		r->slot = NULL; /* relieved: a task thread now */
	}
	return served;
}

/* Feed what we are about to serve: it is ours from the start. */
static void
feed_own(struct wri_runner *r, bool was_dry)
{
	weir_time now = wri_now();

	if (was_dry) {
		ran_dry(r, now);
	}
	wri_store(&r->beat, (uint64_t)now, WRI_SC); /* W1 */
	wri_watch_arm(r->pool, now);
	r->pool->role_ops->feed(r->slot->arg);
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
	struct wri_slot *slot = r->slot;
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
	n = pool->role_ops->wait(slot->arg, block);
	wri_store(&slot->asleep, 0, WRI_RLX); /* a needless wake is harmless */
	/* Relaxed: a counter with one writer. */
	wri_store(&r->polls, wri_load(&r->polls, WRI_RLX) + 1, WRI_RLX);

	/* Relaxed: advice.  Without a token what we feed goes to the door. */
	if ((alone || wri_load(&pool->heavy, WRI_RLX) == 0) && token_take(r)) {
		if (n > 0) {
			feed_own(r, block);
		}
		served = serve_with_slot(r);
	} else if (n > 0) {
		pool->role_ops->feed(slot->arg);
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
	struct wri_pool *pool = r->pool;

	for (unsigned i = 0; i < pool->nslots; i++) {
		struct wri_slot *slot = &pool->slots[i];
		uint64_t role = wri_load(&slot->role, WRI_SC); /* T5 */
		uint64_t mine = ROLE_NEXT(role, r->index, 0);

		if (slot_is_held_up(pool, role) &&
		    wri_cas(&slot->role, &role, mine, WRI_SC)) { /* T5 */
			r->slot = slot;
			r->role = mine;
			wri_add(&pool->reliefs, 1, WRI_RLX); /* a counter */
			search_ends(r);
			return true;
		}
	}
	return false;
}

/* Leave the parked again; false: somebody is about to wake us. */
static bool
unpark_self(struct wri_runner *r)
{
	struct wri_pool *pool = r->pool;
	uint64_t bit = UINT64_C(1) << (r->index % 64);

	if ((wri_and(&pool->parked[r->index / 64], ~bit, WRI_SC) & bit) == 0) {
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
	uint64_t bit = UINT64_C(1) << (r->index % 64);
	bool stopping;

	wri_or(&pool->parked[r->index / 64], bit, WRI_SC); /* T1 */
	wri_add(&pool->nparked, 1, WRI_SC);                /* T1 */
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
	/* Relaxed: a counter with one writer. */
	wri_store(&r->parks, wri_load(&r->parks, WRI_RLX) + 1, WRI_RLX);
	while (wri_load(&r->park, WRI_ACQ) == 0) { /* T2 */
		(void)wri_futex_wait(&r->park, 0, WEIR_NEVER);
	}
	wri_store(&r->park, 0, WRI_RLX); /* set only after our next bit */
	r->searching = true;             /* the waker counted us */
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
			continue;
		}
		if (relieve(r)) {
			continue;
		}
		if (token_take(r) && serve(r)) {
			continue;
		}
		if (!park(r)) {
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

struct wri_strand *
wri_runner_strand(const struct wri_runner *r)
{
	/* Relaxed: asked by the thread itself. */
	return wri_load(&r->strand, WRI_RLX);
}
