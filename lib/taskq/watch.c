/*
 * watch - nobody waits long behind a callback that does not return.
 *
 * Purpose    a thread that serves stamps its beat; one whose beat is older than
 *            7/8 ms is *marked*: its inbox is open to all, its poll slot may be
 *            taken, and it no longer counts as awake.
 * Progress   whoever makes progress looks at the others every half
 *            millisecond and pushes the one timer ahead; the timer rings only
 *            when nobody does, and is read by the expiry thread, which runs no
 *            foreign code.
 * Pairs      W1  serve: tokens, beat (seq_cst), then nparked, watch_at
 *                (seq_cst) <-> park: nparked (seq_cst), then tokens; and clear:
 *                watch_at (seq_cst), then tokens.  Forbids "somebody serves,
 *                somebody is parked, and the timer is off".
 *            W2  mark: CAS by the watch, exchange by its owner; each counts in
 *                pool->blocked, so the two balance in any order.
 * Bounds     two timer calls a millisecond under load, none when idle.
 * Proof      test/explorer/x_pool.c
 */
#include "taskq/taskq_impl.h"

#include "base/clock.h"

static struct {
	/* Fixed between init and fini. */
	struct wri_alarm *alarm;

	/* Any thread. */
	wri_a64 at;   /* when the timer rings; 0: off */
	wri_a64 last; /* when a serving thread set it last */
	wri_a32 stream; /* 1: that was soon after the time before */

	/* lock: the list. */
	wri_mtx lock;
	struct wri_pool *pools;
} watch = {.lock = WRI_MTX_INIT};

void
wri_taskq_init(struct wri_alarm *alarm)
{
	watch.alarm = alarm;
	wri_store(&watch.at, 0, WRI_RLX);   /* no thread yet */
	wri_store(&watch.last, 0, WRI_RLX); /* no thread yet */
}

void
wri_taskq_fini(void)
{
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
}

weir_err
wri_taskq_stop_others(struct wri_pool *but, weir_time until)
{
	weir_err rv = WEIR_OK;
	struct wri_pool *p;

	/* Nobody makes or frees pools now; the lock is for the watch. */
	for (p = watch.pools; p != NULL; p = p->next) {
		if (p != but && wri_pool_stop(p, until) != WEIR_OK) {
			rv = WEIR_ETIMEDOUT;
		}
	}
	return rv;
}

void
wri_runner_unmark(struct wri_runner *r)
{
	if (wri_load(&r->mark, WRI_RLX) != 0 && /* the exchange decides */
	    wri_xchg(&r->mark, 0, WRI_SC) != 0) { /* W2 */
		wri_sub(&r->pool->blocked, 1, WRI_SC);
	}
}

/*
 * Mark the late threads of a pool and wake others for their work.  Returns the
 * oldest beat that is not late yet, 0 if there is none.
 */
static uint64_t
watch_pool(struct wri_pool *pool, uint64_t now)
{
	unsigned n = wri_load(&pool->nrunners, WRI_ACQ);
	unsigned marked = 0;
	uint64_t oldest = 0;

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);
		uint64_t beat = wri_load(&r->beat, WRI_SC); /* W1 */
		uint32_t unmarked = 0;

		if (beat == 0) {
			continue;
		}
		if (now < beat + LATE_NS) {
			if (oldest == 0 || beat < oldest) {
				oldest = beat;
			}
			continue;
		}
		marked++;
		if (wri_cas(&r->mark, &unmarked, 1, WRI_SC)) { /* W2 */
			wri_add(&pool->blocked, 1, WRI_SC);
		}
	}
	/* Twice as many as before at each ring: a burst of callbacks that all
	 * block is behind us in log2(threads) milliseconds. */
	for (unsigned k = 0; k < marked && wri_pool_has_work(pool, NULL); k++) {
		if (!wri_pool_wake(pool)) {
			break;
		}
	}
	return oldest;
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
 * Move the timer from what we saw to at (0: off); false: another thread moved
 * it.  Two movers may set the timer in the other order, so each looks whether
 * its setting is still the one wanted.
 */
static bool
watch_move(uint64_t seen, uint64_t at)
{
	uint64_t wanted;

	if (!wri_cas(&watch.at, &seen, at, WRI_SC)) { /* W1 */
		return false;
	}
	for (;;) {
		wri_alarm_watch(watch.alarm, (weir_time)at);
		wanted = wri_load(&watch.at, WRI_SC);
		if (wanted == at || wanted == 0) {
			return true;
		}
		at = wanted;
	}
}

/* Put the timer out, unless somebody serves after all. */
static void
watch_out(uint64_t seen, uint64_t now)
{
	uint64_t next;

	if (watch_move(seen, 0)) {
		next = watch_look(now); /* W1 */
		if (next != 0) {
			(void)watch_move(0, next);
		}
	}
}

/*
 * A thread serves, or parks while another serves: the timer must ring within a
 * millisecond unless it is moved before.
 */
void
wri_watch_arm(struct wri_pool *pool, weir_time when)
{
	uint64_t now = (uint64_t)when;
	uint64_t at = wri_load(&watch.at, WRI_SC); /* W1 */

	while (at < now + WATCH_HALF_NS) {
		if (wri_load(&pool->nparked, WRI_SC) == 0) { /* W1 */
			return; /* nobody to hand work to */
		}
		if (watch_move(at, now + WATCH_NS)) {
			/* Relaxed: advice for wri_watch_idle. */
			wri_store(&watch.stream,
			    now - wri_load(&watch.last, WRI_RLX) <
			        2 * WATCH_NS,
			    WRI_RLX);
			wri_store(&watch.last, now, WRI_RLX);
			if (at != 0) {
				(void)watch_look(now);
			}
			return;
		}
		at = wri_load(&watch.at, WRI_SC);
	}
}

/*
 * The last serving thread of a pool has stopped.  After a lone message the
 * timer is put out, which is cheaper than letting it ring; in a stream of
 * messages it is left for the next one to move.
 */
void
wri_watch_idle(weir_time now)
{
	uint64_t at = wri_load(&watch.at, WRI_SC);

	/* Relaxed: advice. */
	if (at != 0 && wri_load(&watch.stream, WRI_RLX) == 0) {
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
		wri_alarm_watch(watch.alarm, (weir_time)seen);
		return;
	}
	next = watch_look((uint64_t)now);
	if (next == 0) {
		watch_out(seen, (uint64_t)now);
	} else {
		(void)watch_move(seen, next);
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
