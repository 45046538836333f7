/*
 * x_pool_rig - a pool under the explorer: threads, fake slots, expiry fiber.
 *
 * Purpose    what the tests of taskq share: bring a pool up and down, count
 *            what runs, and look at the pool when it is at rest.
 * Rules      one rig per schedule.  rig_down asserts that each task ran as
 *            often as it was posted, and that nothing is left counted: tokens,
 *            marks, searchers, parked threads.
 */
#ifndef EXPLORER_X_POOL_RIG_H
#define EXPLORER_X_POOL_RIG_H

#include "explorer/explorer.h"
#include "explorer/fake_slot.h"
#include "taskq/taskq_impl.h"

#define RIG_TASKS_MAX 48
#define RIG_SLOTS_MAX 2
#define RIG_NEXT_MAX 4
/* The watch's promise, and what the clock's ticks may add to it. */
#define RIG_LATE_NS (WATCH_NS + 2000)

struct rig_task {
	struct wri_task task;
	void (*fn)(struct rig_task *t); /* NULL: nothing */
	unsigned tag;
	unsigned posted, run;
	weir_time posted_at, begun_at; /* the last time */
	x_latch begun, gate;           /* for fn */
};

struct rig_config {
	unsigned tokens, threads_max, slots;
	bool expiry; /* with the fiber that hears the watch's timer */
};

struct rig {
	struct wri_pool *pool;
	struct fake_slot slots[RIG_SLOTS_MAX];
	struct rig_task tasks[RIG_TASKS_MAX];
	unsigned ntasks;
	struct rig_task *next[RIG_NEXT_MAX]; /* for rig_post_next */
	unsigned nnext;
	unsigned running;            /* callbacks, without those that wait */
	unsigned most;               /* of them at once */
	unsigned rings;              /* of the watch's timer */
	x_latch done;                /* callbacks that have ended */
	x_latch half_begun, half_go; /* for rig_half_push */
	wri_alarm alarm;
	wri_a32 stop;
	int expiry; /* fiber, 0: none */
	void *slot_args[RIG_SLOTS_MAX];
};

extern struct rig rig;

/* False: a thread or memory was refused, nothing is left but the rig. */
bool rig_up(struct rig_config c);
/* Stop the pool, look at what is left, end the expiry fiber. */
void rig_down(void);

struct rig_task *rig_task(void (*fn)(struct rig_task *t));
/* Post it, note when. */
void rig_post(struct rig_task *t);
/* Let an event of the slot post it, note when. */
void rig_inject(unsigned slot, struct rig_task *t);
/* Wait until n callbacks have ended. */
void rig_await(unsigned n);
/* Wait until no thread of the pool has anything to do. */
void rig_settle(void);
/* In every other schedule. */
void rig_maybe_settle(void);
/* It began within the watch's promise. */
void rig_assert_in_time(const struct rig_task *t);
/* Callbacks are heavy, and will be for some tens of them. */
void rig_make_heavy(void);
/* How many threads are parked; how many slots' owners sleep. */
unsigned rig_idle(void);

/* Let rig_post_next post it. */
struct rig_task *rig_next(struct rig_task *t);
/* Post what rig_next was given: a callback posts to its thread's inbox. */
void rig_post_next(struct rig_task *t);

/* Callbacks: open begun, then wait for the gate. */
void rig_block(struct rig_task *t);
/* The same after rig_post_next. */
void rig_post_and_block(struct rig_task *t);
/* The same as a wait that gives the place back. */
void rig_wait(struct rig_task *t);

/*
 * A fiber: post a task, given as arg, through the door, with a pause between
 * the two steps of wri_mpsc_push: open half_begun, wait for half_go.
 */
void rig_half_push(void *arg);
/* A fiber: post a task, given as arg. */
void rig_push(void *arg);

#endif
