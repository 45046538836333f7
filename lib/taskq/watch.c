/*
 * watch - nobody waits long behind a callback that does not return.
 *
 * Purpose    a thread that serves stamps its beat; one whose beat is half a
 *            millisecond old when somebody looks, and would be older than one
 *            at the next look, is *marked*: its inbox is open to all, its poll
 *            slot may be taken, and it no longer counts as awake.
 * Progress   whoever makes progress looks at the others every half
 *            millisecond and pushes the one timer ahead, up to a millisecond
 *            after the oldest beat; the timer rings only when nobody does, and
 *            is read by the expiry thread, which runs no foreign code.
 * Pairs      W1  serve: tokens, beat (seq_cst), then nparked, asleep and at
 *                (seq_cst) <-> sleep: nparked or asleep (seq_cst), then tokens;
 *                and clear: at (seq_cst), then the beats.  Forbids "somebody
 *                serves, somebody sleeps, and the timer is off".
 *            W2  mark: CAS by the watch, exchange by its owner; each counts in
 *                pool->blocked, so the two balance in any order.  The watch
 *                marks, then looks at the beat again <-> the owner moves its
 *                beat, then looks at the mark (seq_cst): a mark does not stay
 *                on a thread that is back.
 * Bounds     two timer calls a millisecond under load, none when idle.
 * Proof      test/explorer/x_watch.c, x_role.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"

#include <limits.h>

static struct {
	/* Fixed between init and fini. */
	struct wri_alarm *alarm;

	/* Any thread. */
	wri_a64 at;     /* when the timer rings; 0: off */
	wri_a64 last;   /* when a serving thread set it last */
	wri_a32 stream; /* 1: that was soon after the time before */

	wri_a32 delisted; /* counts pools that have gone */

	/* lock: the list. */
	wri_mtx lock;
	struct wri_pool *pools;
} watch = {.lock = WRI_MTX_INIT};

void
wri_taskq_init(struct wri_alarm *alarm)
{
	watch.alarm = alarm;
	/* Relaxed: no thread yet. */
	wri_store(&watch.at, 0, WRI_RLX);
	wri_store(&watch.last, 0, WRI_RLX);
	wri_store(&watch.stream, 0, WRI_RLX);
}

void
wri_taskq_fini(void)
{
	/* A thread that was abandoned must not find it set. */
	wri_store(&watch.at, 0, WRI_SC);
	watch.alarm = NULL;
}

void
wri_watch_enlist(struct wri_pool *pool)
{
	wri_mtx_lock(&watch.lock);
	pool->next = watch.pools;
	watch.pools = pool;
	wri_mtx_unlock(&watch.lock);
}

void
wri_watch_delist(struct wri_pool *pool)
{
	struct wri_pool **pp = &watch.pools;

	wri_mtx_lock(&watch.lock);
	while (*pp != pool) {
		pp = &(*pp)->next;
	}
	*pp = pool->next;
	wri_mtx_unlock(&watch.lock);
	wri_add(&watch.delisted, 1, WRI_SC);
	wri_futex_wake(&watch.delisted, INT_MAX);
}

/*
 * A pool to be stopped, claimed; NULL: none.  *others: how many are being
 * stopped by those who free them.
 */
static struct wri_pool *
claim_one(const struct wri_pool *but, unsigned *others)
{
	struct wri_pool *p;

	*others = 0;
	wri_mtx_lock(&watch.lock);
	for (p = watch.pools; p != NULL; p = p->next) {
		if (p != but && wri_pool_claim(p)) {
			break;
		}
		*others += p != but && wri_load(&p->stopped, WRI_ACQ) == 0;
	}
	wri_mtx_unlock(&watch.lock);
	return p;
}

/*
 * Those who free a pool wait for a callback that does not return: let nothing
 * of theirs touch what ends with us.
 */
static void
abandon_others(const struct wri_pool *but)
{
	weir_time until;

	wri_mtx_lock(&watch.lock);
	for (struct wri_pool *p = watch.pools; p != NULL; p = p->next) {
		if (p != but) {
			wri_store(
			    &p->stopping, POOL_ABANDONED, WRI_SC); /* T6 */
		}
	}
	wri_mtx_unlock(&watch.lock);
	/* For threads that are not in a callback to see it. */
	until = wri_now() + ABANDON_NS;
	while (wri_now() < until) {
		(void)wri_futex_wait(
		    &watch.delisted, wri_load(&watch.delisted, WRI_RLX), until);
	}
}

weir_err
wri_taskq_stop_others(struct wri_pool *but, weir_time until)
{
	weir_err rv = WEIR_OK;

	for (;;) {
		uint32_t seen = wri_load(&watch.delisted, WRI_SC);
		unsigned others;
		struct wri_pool *p = claim_one(but, &others);

		if (p != NULL) {
			if (wri_pool_end(p, until) != WEIR_OK) {
				rv = WEIR_ETIMEDOUT;
			}
		} else if (others == 0) {
			return rv;
		} else if (!wri_futex_wait(&watch.delisted, seen, until)) {
			abandon_others(but);
			return WEIR_ETIMEDOUT;
		}
	}
}

bool
wri_runner_unmark(struct wri_runner *r)
{
	if (wri_load(&r->mark, WRI_SC) == 0 ||
	    wri_xchg(&r->mark, 0, WRI_SC) == 0) { /* W2 */
		return false;
	}
	wri_sub(&r->pool->blocked, 1, WRI_SC);
	return true;
}

/* Mark a thread if it is late; else its beat, 0 if it does not serve. */
static uint64_t
watch_runner(struct wri_runner *r, uint64_t now, unsigned *marked)
{
	uint64_t beat = wri_load(&r->beat, WRI_SC); /* W1 */
	uint64_t again;
	uint32_t unmarked = 0;

	if (beat == 0 || now < beat + LATE_NS) {
		return beat;
	}
	/* Counted before it is marked: its owner may unmark it at once, and the
	 * count must not fall below the truth. */
	wri_add(&r->pool->blocked, 1, WRI_SC);
	if (!wri_cas(&r->mark, &unmarked, 1, WRI_SC)) { /* W2 */
		wri_sub(&r->pool->blocked, 1, WRI_SC);
	} else {
		again = wri_load(&r->beat, WRI_SC); /* W2 */
		if (again != beat) {
			/* Just back, and may not have seen the mark. */
			(void)wri_runner_unmark(r);
			return again;
		}
	}
	(*marked)++;
	return 0;
}

/*
 * Mark the late threads of a pool and wake others for their work.  Returns the
 * oldest beat that is not late yet; 0 if there is none, or nobody to help.
 */
static uint64_t
watch_pool(struct wri_pool *pool, uint64_t now)
{
	unsigned n = wri_load(&pool->nrunners, WRI_ACQ);
	unsigned marked = 0;
	uint64_t oldest = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t beat =
		    watch_runner(pool_runner(pool, i), now, &marked);

		if (beat != 0 && (oldest == 0 || beat < oldest)) {
			oldest = beat;
		}
	}
	/* Twice as many as before at each ring: a burst of callbacks that all
	 * block is behind us in log2(threads) milliseconds. */
	for (unsigned k = 0; k < marked && wri_pool_has_work(pool, NULL); k++) {
		if (!wri_pool_wake(pool)) {
			break;
		}
	}
	/* Without a sleeper: who goes to sleep next sets the timer. */
	return wri_pool_sleeps(pool) ? oldest : 0; /* W1 */
}

/* Look at all pools; when to look again, 0: no need. */
static uint64_t
watch_look(uint64_t now)
{
	uint64_t oldest = 0;

	wri_mtx_lock(&watch.lock);
	for (struct wri_pool *p = watch.pools; p != NULL; p = p->next) {
		uint64_t o = watch_pool(p, now);

		if (o != 0 && (oldest == 0 || o < oldest)) {
			oldest = o;
		}
	}
	wri_mtx_unlock(&watch.lock);
	return oldest == 0 ? 0 : oldest + WATCH_NS;
}

/*
 * Set the timer to what is wanted.  Two may do so in the other order than they
 * moved it, so each looks whether its setting is still the one wanted.
 */
static void
watch_set(void)
{
	uint64_t at = wri_load(&watch.at, WRI_SC);
	uint64_t set;

	do {
		set = at;
		wri_alarm_watch(watch.alarm, (weir_time)set);
		at = wri_load(&watch.at, WRI_SC);
	} while (at != set);
}

/* Put the timer out, unless somebody serves after all. */
static void
watch_out(uint64_t seen, uint64_t now)
{
	uint64_t next;

	if (wri_cas(&watch.at, &seen, 0, WRI_SC)) { /* W1 */
		next = watch_look(now);             /* W1 */
		seen = 0;
		if (next != 0) {
			/* Fails when another thread has moved it. */
			(void)wri_cas(&watch.at, &seen, next, WRI_SC);
		}
		watch_set();
	}
}

/*
 * A thread serves, or parks while another serves: the timer must ring before
 * the oldest beat is a millisecond old, unless it is moved before.
 */
void
wri_watch_arm(struct wri_pool *pool, weir_time when)
{
	uint64_t now = (uint64_t)when;
	uint64_t at = wri_load(&watch.at, WRI_SC); /* W1 */
	uint64_t next = now + WATCH_NS;
	uint64_t seen;

	do {
		if (at >= now + WATCH_HALF_NS || !wri_pool_sleeps(pool)) {
			return; /* soon enough; nobody to hand work to */
		}
		seen = at;
		if (wri_cas(&watch.at, &seen, next, WRI_SC)) {
			break;
		}
		at = wri_load(&watch.at, WRI_SC);
	} while (true);
	/* Relaxed: advice for wri_watch_idle. */
	wri_store(&watch.stream,
	    now - wri_load(&watch.last, WRI_RLX) < 2 * WATCH_NS, WRI_RLX);
	wri_store(&watch.last, now, WRI_RLX);
	if (at != 0) {
		at = watch_look(now);
		seen = next;
		if (at != 0 && at < next) {
			(void)wri_cas(&watch.at, &seen, at, WRI_SC);
		}
	}
	watch_set();
}

/* A thread is about to sleep: while others serve, the timer must be on. */
void
wri_watch_over(struct wri_pool *pool)
{
	if ((int32_t)(wri_load(&pool->tokens, WRI_SC) - /* W1 */
		      wri_load(&pool->blocked, WRI_SC)) > 0) {
		wri_watch_arm(pool, wri_now());
	}
}

/*
 * The last serving thread of a pool has stopped.  After a lone message the
 * timer is put out, which is cheaper than letting it ring; in a stream of
 * messages it is left for the next one to move.
 */
void
wri_watch_idle(struct wri_pool *pool, weir_time now)
{
	uint64_t at = wri_load(&watch.at, WRI_SC);

	if (at != 0 && wri_load(&watch.stream, WRI_RLX) == 0 &&    /* advice */
	    wri_load(&pool->stopping, WRI_SC) != POOL_ABANDONED) { /* T6 */
		watch_out(at, (uint64_t)now);
	}
}

void
wri_taskq_watch(weir_time now)
{
	uint64_t seen = wri_load(&watch.at, WRI_SC);
	uint64_t next;

	if (seen == 0) {
		return; /* put out while it rang */
	}
	if (seen > (uint64_t)now) {
		watch_set(); /* moved while it rang */
		return;
	}
	next = watch_look((uint64_t)now);
	if (next == 0) {
		watch_out(seen, (uint64_t)now);
	} else if (wri_cas(&watch.at, &seen, next, WRI_SC)) {
		watch_set();
	}
}

void
wri_taskq_stats(struct wri_taskq_stats *out)
{
	*out = (struct wri_taskq_stats){0};
	wri_mtx_lock(&watch.lock);
	for (struct wri_pool *p = watch.pools; p != NULL; p = p->next) {
		unsigned n = wri_load(&p->nrunners, WRI_ACQ);

		out->threads += n;
		/* Relaxed: counters. */
		out->wakes += wri_load(&p->wakes, WRI_RLX);
		out->reliefs += wri_load(&p->reliefs, WRI_RLX);
		for (unsigned i = 0; i < n; i++) {
			struct wri_runner *r = pool_runner(p, i);

			out->callbacks += wri_load(&r->callbacks, WRI_RLX);
			out->parks += wri_load(&r->parks, WRI_RLX);
			out->polls += wri_load(&r->polls, WRI_RLX);
		}
	}
	wri_mtx_unlock(&watch.lock);
}
