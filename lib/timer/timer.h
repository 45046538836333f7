/*
 * timer - deadlines: armed lazily, watched by the expiry thread.
 *
 * Purpose    almost every timeout is disarmed before it fires.  So arming
 *            writes a word and goes to the expiry thread only if that has no
 *            promise to look at this deadline by then; disarming does nothing.
 *            docs/design/timer.md is the why.
 * Ownership  a deadline lives inside its operation's handle.  Once armed the
 *            room may touch it until wri_deadline_held says otherwise, or until
 *            it calls gone.
 * Bounds     one place in the heap for each deadline, taken when it is made:
 *            arming never needs memory.
 */
#ifndef TIMER_TIMER_H
#define TIMER_TIMER_H

#include "base/alarm.h"
#include "base/mpsc.h"
#include "base/sync.h"

#include <weir/weir.h>

#include <stddef.h>

struct wri_deadline {
	/* Any thread. */
	wri_a64 at;    /* when it is due, a multiple of 4 ns */
	wri_a64 armed; /* when we have promised to look | flags */
	struct wri_node node;

	/* The expiry thread alone. */
	size_t place; /* 1 + index in the heap; 0: not in it */

	/* Fixed after init. */
	unsigned home; /* which thread */
	uint32_t life; /* of the library */
};

/* What an operation is doing, for the expiry thread. */
enum wri_phase {
	WRI_PHASE_NONE,     /* nothing that could time out */
	WRI_PHASE_STARTING, /* about to arm */
	WRI_PHASE_ACTIVE,   /* armed, may time out */
};

/* The room above hands these in; they are ours, never a program's. */
struct wri_deadline_ops {
	/* The phase, and the word by which expire knows the operation. */
	enum wri_phase (*peek)(struct wri_deadline *d, uint64_t *word);
	/* Time is up for the operation that word names; false: it has
	 * changed, look again. */
	bool (*expire)(struct wri_deadline *d, uint64_t word);
	/* Nobody refers to it any more: free the handle.  False: somebody
	 * does, ask again later. */
	bool (*gone)(struct wri_deadline *d);
};

/*
 * Start n expiry threads.  *alarm is the one that carries the watch; when it
 * rings, its thread calls watch.
 */
weir_err wri_timer_init(unsigned n, const struct wri_deadline_ops *ops,
    void (*watch)(weir_time now), struct wri_alarm **alarm);
/* Before it: call look every so often, on an expiry thread; 0: never. */
void wri_timer_look(void (*look)(weir_time now), weir_duration every);
/* End the threads; deadlines that live on are disarmed. */
void wri_timer_fini(void);

/*
 * Before first use, zeroed; takes a place in the heap.  WEIR_ENOMEM,
 * WEIR_ESTATE: the library has just ended.
 */
weir_err wri_deadline_init(struct wri_deadline *d);
/* Gives the place back; the last call for d, which is not held. */
void wri_deadline_fini(struct wri_deadline *d);

/*
 * Promise a look at time at, rounded up to a multiple of grain (a power of two
 * >= 4).  The caller has made the phase STARTING (seq_cst) before.
 */
void wri_deadline_arm(struct wri_deadline *d, weir_time at, uint64_t grain);

/* Does the room refer to it?  False: and never will, unless it is armed. */
bool wri_deadline_held(struct wri_deadline *d);
/*
 * The handle is to be freed: gone will be called, in its time.  False: the room
 * has closed; it does not refer to d for long.
 */
bool wri_deadline_bury(struct wri_deadline *d);

/* deadlines, expired, expire_wakes; they were zero. */
void wri_timer_stats(weir_stats *out);

#endif
