/*
 * expire - the expiry thread: promises to look, looks, hands over what is due.
 *
 * Purpose    see timer.h.  The thread never runs foreign code and never
 *            blocks but in its alarm.
 * Ownership  heap, look and nent are the thread's; at and armed are shared.
 * Pairs      E1  arm: phase STARTING, then armed (seq_cst) <-> look: armed :=
 *                DROPPING, then peek (seq_cst).  Forbids "trusted a promise
 *                that was dropped, or moved to a later time".
 *            E2  arm: inbox push (seq_cst), then sleep_until (seq_cst) <->
 *                sleep: sleep_until, then inbox empty (seq_cst).  Forbids "in
 *                the inbox, and the thread sleeps beyond it".
 *            E3  armed := NEVER (acq_rel CAS) is the last touch of a deadline;
 *                wri_deadline_held (acquire) sees it.
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
#include "base/panic.h"

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

weir_time
wri_deadline_arm(struct wri_deadline *d, weir_time at, uint64_t grain)
{
	uint64_t key = round_up((uint64_t)at, grain);

	/* Relaxed: published by armed (E1), or by the operation's word. */
	wri_store(&d->at, key, WRI_RLX);
	if (key != KEY_NEVER) {
		wri_expire_lower(d, key);
	}
	return key == KEY_NEVER ? WEIR_NEVER : (weir_time)key;
}

bool
wri_deadline_held(struct wri_deadline *d)
{
	return wri_load(&d->armed, WRI_ACQ) != KEY_NEVER; /* E3 */
}

/* A new entry; the older ones of this deadline no longer count. */
static void
insert(struct expire *e, struct wri_deadline *d, uint64_t key)
{
	if (e->heap.len == e->heap.cap) {
		struct wri_heap_entry *more =
		    wri_xchg(&e->spare, NULL, WRI_ACQ_REL);

		size_t cap;

		WRI_ASSERT(more != NULL); /* wri_deadline_init saw to it */
		cap = (size_t)more[0].key;
		(void)memcpy(
		    more, e->heap.entries, e->heap.len * sizeof(*more));
		wri_free(e->heap.entries, e->heap.cap * sizeof(*more));
		e->heap.entries = more;
		e->heap.cap = cap;
	}
	d->look = key;
	d->nent++;
	wri_heap_push(&e->heap, key, d);
}

/* Promise a look at key; the promise of before was withdrawn. */
static void
promise(struct expire *e, struct wri_deadline *d, uint64_t key)
{
	uint64_t armed = DROPPING;

	if (wri_cas(&d->armed, &armed, key, WRI_SC)) { /* E1 */
		insert(e, d, key);
	} /* else it is in the inbox */
}

/* The handle is to be freed and no entry is left. */
static void
bury(struct expire *e, struct wri_deadline *d, uint64_t now)
{
	if (!wri_timer.ops->gone(d)) {
		insert(e, d, round_up(now + AGAIN_NS, 4));
	}
}

/* No entry of d is left in the heap, and none counts. */
static void
last_entry_out(struct expire *e, struct wri_deadline *d, uint64_t now)
{
	uint64_t armed = wri_load(&d->armed, WRI_ACQ);

	if (armed == 0) {
		bury(e, d, now);
	} else if (armed == DROPPING) {
		/* Fails when it has been armed again. */
		(void)wri_cas(&d->armed, &armed, KEY_NEVER, WRI_ACQ_REL);
	}
}

/* When the phase asks for another look: its key; else 0. */
static uint64_t
next_look(enum wri_phase phase, struct wri_deadline *d, uint64_t now)
{
	uint64_t at = 0;

	if (phase == WRI_PHASE_STARTING) {
		at = round_up(now + AGAIN_NS, 4);
	} else if (phase == WRI_PHASE_ACTIVE) {
		at = wri_load(&d->at, WRI_RLX); /* the word published it */
	}
	return at != KEY_NEVER ? at : 0;
}

/*
 * The entry that counts is due.  The promise is withdrawn before we look: an
 * operation that trusted it is seen, whatever its time; one that begins later
 * goes to the inbox, and what we promise then does not count (E1).
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
		if (next > now) {
			promise(e, d, next);
			return;
		}
	} while (next != 0 && !wri_timer.ops->expire(d, word));
	if (next != 0) {
		/* Relaxed: a counter with one writer. */
		wri_store(
		    &e->expired, wri_load(&e->expired, WRI_RLX) + 1, WRI_RLX);
	}
	if (d->nent == 0) {
		last_entry_out(e, d, now);
	}
}

/* An entry has come to the top and is due. */
static void
entry_due(struct expire *e, struct wri_heap_entry top, uint64_t now)
{
	struct wri_deadline *d = top.d;
	uint64_t armed;

	d->nent--;
	if (top.key != d->look) {
		e->dead--;
	} else {
		d->look = KEY_NEVER;
		armed = wri_load(&d->armed, WRI_ACQ);
		if (KEY_OF(armed) != 0 && armed != DROPPING) {
			look_at(e, d, top.key, now);
			return;
		}
	}
	if (d->nent == 0 && d->look == KEY_NEVER) {
		last_entry_out(e, d, now);
	}
}

static bool
keep_living(struct wri_heap_entry *entry, void *arg)
{
	struct expire *e = arg;
	struct wri_deadline *d = entry->d;

	if (entry->key == d->look) {
		return true;
	}
	e->dead--;
	d->nent--;
	if (d->nent == 0 && d->look == KEY_NEVER) {
		/* The last touch: not from here, where the heap is in pieces.
		 * Key 0 is due at once. */
		d->nent++;
		entry->key = d->look = 0;
		return true;
	}
	return false;
}

/* The inbox's node of d has come out: its promise moves into the heap. */
static void
inbox_entry(struct expire *e, struct wri_deadline *d)
{
	uint64_t armed = wri_and(&d->armed, ~FLAG_INBOX, WRI_SC);

	if (d->look != KEY_NEVER) {
		e->dead++; /* the entry that counted */
	}
	insert(e, d, KEY_OF(armed));
	if (e->dead > e->heap.len - e->dead + DEAD_MAX) {
		wri_heap_filter(&e->heap, keep_living, e);
	}
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
	/* Relaxed: counters with one writer. */
	wri_store(&e->wakes, wri_load(&e->wakes, WRI_RLX) + 1, WRI_RLX);
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
			entry_due(e, wri_heap_pop(&e->heap), now);
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
		struct wri_deadline *d = wri_heap_pop(&e->heap).d;

		if (--d->nent > 0) {
			continue;
		}
		d->look = KEY_NEVER;
		if (KEY_OF(wri_load(&d->armed, WRI_ACQ)) == 0) {
			while (!wri_timer.ops->gone(d)) {
				wri_yield(); /* a waiter is just leaving */
			}
		} else {
			wri_store(&d->armed, KEY_NEVER, WRI_REL); /* E3 */
		}
	}
}
