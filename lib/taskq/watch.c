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

static struct {
	/* Fixed between init and fini. */
	struct wri_alarm *alarm;

	/* Any thread. */
	wri_a64 at;   /* when the timer rings; 0: off */
	wri_a64 idle; /* when a pool stopped serving last */

	/* lock: the list. */
	wri_mtx lock;
	struct wri_pool *pools;
	weir_stats gone; /* what pools did that are no more */
} watch = {.lock = WRI_MTX_INIT};

void
wri_taskq_init(struct wri_alarm *alarm)
{
	watch.alarm = alarm;
	/* Relaxed: no thread yet. */
	wri_store(&watch.at, 0, WRI_RLX);
	wri_store(&watch.idle, 0, WRI_RLX);
	wri_mtx_lock(&watch.lock);
	watch.gone = (weir_stats){0};
	wri_mtx_unlock(&watch.lock);
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

/* Add what a pool has done.  Relaxed, all: counters. */
static void
count(struct wri_pool *pool, weir_stats *sum)
{
	unsigned n = wri_load(&pool->nrunners, WRI_ACQ); /* T3 */

	sum->wakes += wri_load(&pool->wakes, WRI_RLX);
	sum->reliefs += wri_load(&pool->reliefs, WRI_RLX);
	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		sum->callbacks += wri_load(&r->callbacks, WRI_RLX);
		sum->parks += wri_load(&r->parks, WRI_RLX);
	}
}

void
wri_watch_delist(struct wri_pool *pool)
{
	struct wri_pool **pp = &watch.pools;

	wri_mtx_lock(&watch.lock);
	count(pool, &watch.gone);
	while (*pp != pool) {
		pp = &(*pp)->next;
	}
	*pp = pool->next;
	wri_mtx_unlock(&watch.lock);
}

/* The next pool to be stopped, held as by a visitor; NULL: no more. */
static struct wri_pool *
meet_one(const struct wri_pool *but)
{
	struct wri_pool *p;

	wri_mtx_lock(&watch.lock);
	p = watch.pools;
	while (p != NULL && (p == but || p->met)) {
		p = p->next;
	}
	if (p != NULL) {
		p->met = true;
		wri_add(&p->visitors, 1, WRI_SC); /* T7 */
	}
	wri_mtx_unlock(&watch.lock);
	return p;
}

weir_err
wri_taskq_stop_others(struct wri_pool *but, weir_time until)
{
	weir_err rv = WEIR_OK;
	struct wri_pool *p;

	while ((p = meet_one(but)) != NULL) {
		if (wri_pool_stop(p, until) != WEIR_OK) {
			rv = WEIR_ETIMEDOUT;
		}
		wri_sub(&p->visitors, 1, WRI_SC); /* T7; the last touch */
	}
	return rv;
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

/* Of two times, where 0 is none. */
static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
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
		oldest = earlier(
		    oldest, watch_runner(pool_runner(pool, i), now, &marked));
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
		oldest = earlier(oldest, watch_pool(p, now));
	}
	wri_mtx_unlock(&watch.lock);
	return oldest == 0 ? 0 : oldest + WATCH_NS;
}

/*
 * Let the timer ring at a time, if not before; 0: as it is.  Two may set it in
 * the other order than they moved it, so each looks whether its setting is
 * still the one wanted.
 */
static void
watch_pull(uint64_t next)
{
	uint64_t at = wri_load(&watch.at, WRI_SC);
	uint64_t set;

	while (
	    earlier(at, next) != at && !wri_cas(&watch.at, &at, next, WRI_SC)) {
	}
	at = wri_load(&watch.at, WRI_SC);
	do {
		set = at;
		wri_alarm_watch(watch.alarm, (weir_time)set);
		at = wri_load(&watch.at, WRI_SC);
	} while (at != set);
}

/* Put the timer out, unless somebody serves after all. */
static void
watch_out(uint64_t at, uint64_t now)
{
	if (wri_cas(&watch.at, &at, 0, WRI_SC)) { /* W1 */
		watch_pull(watch_look(now));      /* W1 */
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

	do {
		if (at >= now + WATCH_HALF_NS || !wri_pool_sleeps(pool)) {
			return; /* soon enough; nobody to hand work to */
		}
	} while (!wri_cas(&watch.at, &at, now + WATCH_NS, WRI_SC));
	watch_pull(at != 0 ? watch_look(now) : 0);
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
wri_watch_idle(struct wri_pool *pool, weir_time when)
{
	uint64_t now = (uint64_t)when;
	uint64_t at = wri_load(&watch.at, WRI_SC);
	uint64_t before = wri_load(&watch.idle, WRI_RLX); /* advice */

	wri_store(&watch.idle, now, WRI_RLX);
	if (at != 0 && now - before > 2 * WATCH_NS &&
	    wri_load(&pool->stopping, WRI_SC) != POOL_ABANDONED) { /* T6 */
		watch_out(at, now);
	}
}

void
wri_taskq_watch(weir_time now)
{
	uint64_t at = wri_load(&watch.at, WRI_SC);

	if (at > (uint64_t)now) {
		watch_pull(0); /* moved while it rang */
	} else if (at != 0) {  /* else put out while it rang */
		watch_out(at, (uint64_t)now);
	}
}

void
wri_taskq_stats(weir_stats *out)
{
	wri_mtx_lock(&watch.lock);
	out->callbacks += watch.gone.callbacks;
	out->parks += watch.gone.parks;
	out->wakes += watch.gone.wakes;
	out->reliefs += watch.gone.reliefs;
	for (struct wri_pool *p = watch.pools; p != NULL; p = p->next) {
		out->threads += wri_load(&p->nrunners, WRI_RLX);
		count(p, out);
	}
	wri_mtx_unlock(&watch.lock);
}
