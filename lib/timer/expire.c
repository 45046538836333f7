/*
 * expire - the expiry thread: promises to look, looks, hands over what is due.
 *
 * Purpose    see timer.h.  The thread never runs foreign code and never
 *            blocks but in its alarm.
 * Ownership  the heap, and what of a deadline belongs to it, is the thread's;
 *            at and armed are shared.
 * Pairs      E1  arm: phase STARTING, then armed (seq_cst) <-> look: armed :=
 *                DROPPING, then peek (seq_cst).  Forbids "trusted a promise
 *                that was dropped, or moved to a later time".
 *            E2  arm: inbox push (seq_cst), then sleep_until (seq_cst) <->
 *                sleep: sleep_until, then inbox empty (seq_cst).  Forbids "in
 *                the inbox, and the thread sleeps beyond it".
 *            E3  armed := NEVER (release, or the CAS of E1) is the last touch
 *                of a deadline; wri_deadline_held (acquire) sees it.  armed :=
 *                0 (the CAS of E1) -> bury: armed (acquire) carries the
 *                handle's end.
 * armed      a key (multiple of 4) and two flags.  INBOX: the node is in the
 *            inbox, and whoever sets it pushes.  DROPPING: the thread has
 *            withdrawn its promise but still refers to the deadline.  Key 0:
 *            the handle is to be freed.
 * Bounds     WAKE_EVERY pushes without a wake-up; INBOX_BATCH pops before due
 *            entries have their turn.
 * Proof      test/explorer/x_timer.c, x_aio.c; test/timer/test_expire.c
 */
#include "timer/timer_impl.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* WEIR_NEVER, and what would be rounded beyond it, is KEY_NEVER. */
static uint64_t
round_up(uint64_t at, uint64_t grain)
{
	if (at >= (uint64_t)WEIR_NEVER - grain) {
		return KEY_NEVER;
	}
	return (at + grain - 1) & ~(grain - 1);
}

static void
wake(struct expire *e)
{
	uint64_t until = wri_load(&e->sleep_until, WRI_SC);

	/* Only one of a burst makes the call. */
	if (until != 0 && wri_cas(&e->sleep_until, &until, 0, WRI_SC)) {
		wri_alarm_wake(&e->alarm);
	}
}

void
wri_expire_lower(struct wri_deadline *d, uint64_t key)
{
	struct expire *e = home(d);
	uint64_t armed = wri_load(&d->armed, WRI_SC); /* E1 */

	do {
		if (KEY_OF(armed) <= key) {
			return; /* promised already */
		}
	} while (!wri_cas_weak(&d->armed, &armed, key | FLAG_INBOX, WRI_SC));
	if ((armed & FLAG_INBOX) == 0) {
		wri_mpsc_push(&e->inbox, &d->node);
		/* Relaxed: a count, for memory's sake only. */
		if (wri_add(&e->pushes, 1, WRI_RLX) % WAKE_EVERY ==
		    WAKE_EVERY - 1) {
			wake(e);
		}
	}
	/* A handle to be freed can wait till the thread is awake. */
	if (key != 0 && key < wri_load(&e->sleep_until, WRI_SC)) { /* E2 */
		wake(e);
	}
}

void
wri_deadline_arm(struct wri_deadline *d, weir_time at, uint64_t grain)
{
	uint64_t key = round_up((uint64_t)at, grain);

	/* Relaxed: published by armed (E1), or by the operation's word. */
	wri_store(&d->at, key, WRI_RLX);
	if (key != KEY_NEVER) {
		wri_expire_lower(d, key);
	}
}

bool
wri_deadline_held(struct wri_deadline *d)
{
	/* One of an earlier life is known to nobody any more. */
	return d->life == wri_life_number() &&
	       wri_load(&d->armed, WRI_ACQ) != KEY_NEVER; /* E3 */
}

/* There is room: whoever made d saw to it. */
static void
insert(struct expire *e, struct wri_deadline *d, uint64_t key)
{
	struct wri_heap *h = &e->heap;

	if (h->len == h->cap) {
		struct wri_heap_entry *more =
		    wri_xchg(&e->spare, NULL, WRI_ACQ_REL); /* E4 */
		size_t cap = (size_t)more[0].key;

		(void)memcpy(more, h->entries, h->len * sizeof(*more));
		wri_free(h->entries, h->cap * sizeof(*more));
		h->entries = more;
		h->cap = cap;
	}
	wri_heap_push(h, d, key);
}

/* Promise a look at key, or none; the promise of before was withdrawn. */
static void
promise(struct expire *e, struct wri_deadline *d, uint64_t key)
{
	uint64_t armed = DROPPING;

	/* Fails when it has been lowered: it is in the inbox.  E1, E3. */
	if (wri_cas(&d->armed, &armed, key, WRI_SC) && key != KEY_NEVER) {
		insert(e, d, key);
	}
}

/* When the phase asks for another look: its key, or KEY_NEVER. */
static uint64_t
next_look(enum wri_phase phase, struct wri_deadline *d, uint64_t now)
{
	if (phase == WRI_PHASE_STARTING) {
		return round_up(now + AGAIN_NS, 4);
	}
	return phase == WRI_PHASE_NONE
		   ? KEY_NEVER
		   : wri_load(&d->at, WRI_RLX); /* the word published it */
}

/*
 * d is due.  The promise is withdrawn before we look: an operation that trusted
 * it is seen, whatever its time; one that begins later goes to the inbox, and
 * what we promise then does not count (E1).
 */
static void
look_at(struct expire *e, struct wri_deadline *d, uint64_t key, uint64_t now)
{
	uint64_t armed = key;
	uint64_t word, next;

	if (!wri_cas(&d->armed, &armed, DROPPING, WRI_SC)) { /* E1 */
		return; /* it is in the inbox */
	}
	do {
		next = next_look(wri_timer.ops->peek(d, &word), d, now);
	} while (next <= now && !wri_timer.ops->expire(d, word));
	if (next <= now) {
		wri_bump(&e->expired, 1);
		next = KEY_NEVER;
	}
	promise(e, d, next);
}

/* Nobody but us refers to the handle, or a call that is just leaving it. */
static void
bury(struct expire *e, struct wri_deadline *d, uint64_t now)
{
	if (!wri_timer.ops->gone(d)) {
		insert(e, d, round_up(now + AGAIN_NS, 4));
	}
}

/* The inbox's node of d has come out: its promise moves into the heap. */
static void
inbox_entry(struct expire *e, struct wri_deadline *d)
{
	uint64_t armed = wri_and(&d->armed, ~FLAG_INBOX, WRI_SC);

	if (d->place != 0) {
		wri_heap_remove(&e->heap, d); /* a later promise */
	}
	insert(e, d, KEY_OF(armed));
}

/* Empty the inbox, up to a batch; false: something is stuck half way. */
static bool
read_inbox(struct expire *e)
{
	struct wri_node *node;

	for (unsigned i = 0; i < INBOX_BATCH; i++) {
		switch (wri_mpsc_pop(&e->inbox, &node)) {
		case WRI_POP_EMPTY:
			return true;
		case WRI_POP_BUSY:
			return false;
		case WRI_POP_GOT:
			inbox_entry(
			    e, wri_container(node, struct wri_deadline, node));
			break;
		}
	}
	return true;
}

/* Sleep until the top is due, unless the inbox has something. */
static void
sleep_on(struct expire *e, bool stuck)
{
	uint64_t until = e->heap.len > 0 ? e->heap.entries[0].key : KEY_NEVER;
	unsigned why;

	if (until > e->look_at) {
		until = e->look_at;
	}
	wri_store(&e->sleep_until, until, WRI_SC); /* E2 */
	if (stuck) {
		until = (uint64_t)wri_now() + NAP_NS;
	} else if (!wri_mpsc_empty(&e->inbox) || /* E2 */
		   wri_load(&e->stop, WRI_SC) != 0) {
		wri_store(&e->sleep_until, 0, WRI_SC);
		return;
	}
	why = wri_alarm_wait(
	    &e->alarm, until == KEY_NEVER ? WEIR_NEVER : (weir_time)until);
	wri_store(&e->sleep_until, 0, WRI_SC);
	wri_bump(&e->wakes, 1);
	if ((why & WRI_ALARM_WATCH) != 0 && wri_timer.watch != NULL) {
		wri_timer.watch(wri_now());
	}
}

void
wri_expire_main(void *arg)
{
	struct expire *e = arg;

	for (;;) {
		bool stuck = !read_inbox(e);
		uint64_t now = (uint64_t)wri_now();

		while (e->heap.len > 0 && e->heap.entries[0].key <= now) {
			struct wri_heap_entry top = e->heap.entries[0];
			struct wri_deadline *d = top.d;

			wri_heap_remove(&e->heap, d);
			if (wri_load(&d->armed, WRI_ACQ) == 0) { /* E3 */
				bury(e, d, now);
			} else {
				look_at(e, d, top.key, now);
			}
		}
		if (now >= e->look_at) {
			wri_timer.look((weir_time)now);
			e->look_at = (uint64_t)wri_now() +
				     (uint64_t)wri_timer.look_every;
		}
		wri_store(&e->entries, e->heap.len, WRI_RLX); /* statistics */
		if (wri_load(&e->stop, WRI_ACQ) != 0) {
			return;
		}
		sleep_on(e, stuck);
	}
}

/* Disarm what is left: it lives on without us. */
void
wri_expire_disarm_all(struct expire *e)
{
	while (!wri_mpsc_empty(&e->inbox)) {
		(void)read_inbox(e);
	}
	while (e->heap.len > 0) {
		struct wri_deadline *d = e->heap.entries[e->heap.len - 1].d;

		wri_heap_remove(&e->heap, d);
		if (wri_load(&d->armed, WRI_ACQ) != 0) {
			wri_store(&d->armed, KEY_NEVER, WRI_REL); /* E3 */
			continue;
		}
		while (!wri_timer.ops->gone(d)) {
			wri_yield(); /* a call is just leaving it */
		}
	}
}
