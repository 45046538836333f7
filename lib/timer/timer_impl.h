/*
 * timer_impl - the expiry threads' state; seen by this folder only.
 */
#ifndef TIMER_TIMER_IMPL_H
#define TIMER_TIMER_IMPL_H

#include "timer/timer.h"

#include "base/life.h"
#include "base/thread.h"
#include "timer/heap.h"

#include <weir/weir.h>

#define FLAG_INBOX UINT64_C(1)
#define FLAG_DROPPING UINT64_C(2)
#define KEY_OF(armed) ((armed) & ~UINT64_C(3))
#define KEY_NEVER (UINT64_MAX & ~UINT64_C(3))
#define DROPPING (KEY_NEVER | FLAG_DROPPING)

#define WAKE_EVERY 256
#define INBOX_BATCH 4096
/* An operation that is just starting, a handle just being left: look again. */
#define AGAIN_NS 1000000
/* Places in the first array of a heap. */
#define HEAP_MIN 1024
/* A producer is half way into the inbox. */
#define NAP_NS 50000

struct expire {
	/* Any thread. */
	struct wri_mpsc inbox;
	wri_a64 sleep_until WRI_ALIGNED; /* 0: awake */
	wri_a32 pushes;
	wri_a32 stop;
	wri_aptr spare; /* a larger array for the heap, or NULL */
	struct wri_alarm alarm;

	/* The room's lock. */
	size_t deadlines; /* made and not finished */
	size_t reserved;  /* cap of the newest array */

	/* The thread alone. */
	struct wri_heap heap WRI_ALIGNED;
	uint64_t look_at; /* KEY_NEVER: not ours */
	wri_a64 entries;  /* statistics, relaxed */
	wri_a64 expired;
	wri_a64 wakes;

	/* Fixed after init. */
	wri_thread thread;
};

struct timer {
	struct expire threads[WEIR_EXPIRE_THREADS_MAX];

	/* Fixed between init and fini. */
	const struct wri_deadline_ops *ops;
	void (*watch)(weir_time now);
	void (*look)(weir_time now);
	weir_duration look_every; /* 0: never */

	wri_mtx lock;
	unsigned n; /* lock: how many threads; 0: the room is closed */
};
extern struct timer wri_timer;

static inline struct expire *
home(const struct wri_deadline *d)
{
	return &wri_timer.threads[d->home];
}

/* expire.c */
/* Lower the promise to key, through the inbox. */
void wri_expire_lower(struct wri_deadline *d, uint64_t key);
void wri_expire_main(void *arg);
void wri_expire_disarm_all(struct expire *e);

#endif
