/*
 * taskq_impl - pools, threads and poll slots; seen by this folder only.
 */
#ifndef TASKQ_TASKQ_IMPL_H
#define TASKQ_TASKQ_IMPL_H

#include "taskq/taskq.h"

#include "base/thread.h"

/* A callback that runs longer than this holds up what is behind it [ns]. */
#define WATCH_NS 1000000
#define WATCH_HALF_NS (WATCH_NS / 2)
/* Late is what would be held up too long at the next look. */
#define LATE_NS (WATCH_NS - WATCH_HALF_NS)
/* A poller serves at most this long before it polls again [ns]. */
#define SERVE_NS 500000
/* Callbacks above the one are heavy, below the other light again [ns]. */
#define HEAVY_NS 10000
#define LIGHT_NS 5000
/* Callbacks between two looks at the clock while they are light. */
#define STAMP_EVERY 8
/* After so many callbacks a task comes from the door, or from others, first. */
#define DOOR_EVERY 61
/* Looks at a queue that cannot be popped before a nap; the nap [ns]. */
#define STALL_YIELDS 16
#define NAP_NS 200000

/* pool->stopping; who moves it from 0 is the pool's stopper. */
#define POOL_STOPS 1u
#define POOL_ABANDONED 2u
/* For threads that are not in a callback to see that they are abandoned [ns].
 */
#define ABANDON_NS 50000000

/* pool->stopped, the stopper's last word */
#define POOL_ENDED 1u /* all threads have ended */
#define POOL_LOST 2u  /* some were abandoned: the memory stays */

#define RUNNERS_MAX (WEIR_POOL_THREADS_MAX + WEIR_POLLER_THREADS_MAX)

/* runner->park */
#define AWAKE 0u
#define PARKED 1u
#define CLAIMED 2u /* somebody is about to wake it */

/*
 * A poll slot.  Its owner sets serving when it has fed all events, and takes it
 * back by CAS; while it is set, and the owner is held up in a callback, another
 * thread may take the slot by CAS.  Who was relieved comes back to a word that
 * is not its own: only an owner stores its index.
 */
struct wri_slot {
	wri_a32 serving WRI_ALIGNED; /* 1 + index of the owner; 0: it polls */
	wri_a32 asleep; /* 1: the owner is about to block, or blocks */
};

struct wri_runner {
	/* Any thread. */
	struct wri_mpsc inbox;

	/* Whoever wakes, the watch. */
	wri_a32 park WRI_ALIGNED; /* AWAKE, PARKED, CLAIMED */
	wri_a32 mark;             /* 1: the watch found it late */

	/* The thread itself; others read. */
	wri_a64 beat WRI_ALIGNED; /* last stamp while serving; 0: not */
	wri_a32 open;             /* 1: more tasks than we can do */
	wri_a32 ended;            /* 1: last touch of the pool is done */
	wri_a64 callbacks;        /* counters */
	wri_a64 parks;

	/* The thread alone. */
	struct wri_slot *slot WRI_ALIGNED; /* the slot we own, or NULL */
	weir_time begun;                   /* when we began to serve */
	weir_time busy_since; /* from then on there was work; 0: none now */
	int64_t run_ns;       /* moving average of a callback */
	unsigned unstamped;   /* callbacks since the last stamp */
	unsigned ticks;       /* callbacks since the door had its turn */
	unsigned turns;       /* turns given */
	unsigned ran;         /* callbacks of the task that was run last */
	unsigned stalls;      /* fruitless looks in a row */
	bool token;           /* we may run callbacks */
	bool searching;       /* we are counted in pool->searching */
	void *waits_for;      /* guarded by the ring search's lock */

	/* Fixed after init. */
	struct wri_pool *pool;
	unsigned index;
	wri_thread thread;
};

struct wri_pool {
	struct weir_exec exec;

	/* Fixed after init. */
	struct wri_pool_config config;
	char name[9];

	/* The list's lock. */
	struct wri_pool *next;
	bool met; /* by wri_taskq_stop_others */

	/* Any thread. */
	struct wri_mpsc door;
	wri_a32 tokens WRI_ALIGNED;    /* threads that may run callbacks now */
	wri_a32 blocked;               /* of them, marked by the watch */
	wri_a32 heavy;                 /* 1: callbacks are heavy */
	wri_a32 queued;                /* plain tasks, if queue_max */
	wri_a32 stopping;              /* 0, POOL_STOPS, POOL_ABANDONED */
	wri_a32 stopped;               /* 0, POOL_ENDED, POOL_LOST */
	wri_a32 searching WRI_ALIGNED; /* awake, without work so far */
	wri_a32 nparked;
	wri_a64 wakes;
	wri_a64 reliefs;
	wri_a32 visitors; /* threads in here that no thread's end waits for */

	/* lock: growing and waiting. */
	wri_mtx lock WRI_ALIGNED;
	unsigned nwaiting;
	wri_a32 nrunners; /* grows under lock, read by all */

	struct wri_slot slots[WEIR_POLLER_THREADS_MAX];
	/* Filled in order; those that begin as owners of slots are first. */
	wri_aptr runners[RUNNERS_MAX];
};

static inline struct wri_runner *
pool_runner(struct wri_pool *pool, unsigned i)
{
	return wri_load(&pool->runners[i], WRI_ACQ); /* T3 */
}

/* There is no work for this thread, which calls. */
static inline void
runner_dry(struct wri_runner *r)
{
	if (r->busy_since != 0) {
		r->busy_since = 0;
		wri_store(&r->open, 0, WRI_RLX); /* advice */
	}
}

/* pool.c */
void wri_pool_push(struct wri_pool *pool, struct wri_task *task);

/* wake.c */
bool wri_pool_sleeps(struct wri_pool *pool);
bool wri_pool_wake(struct wri_pool *pool);
bool wri_pool_wake_parked(struct wri_pool *pool);
void wri_pool_notify(struct wri_pool *pool);

/* take.c */
bool wri_pool_has_task(struct wri_pool *pool, struct wri_runner *self);
struct wri_task *wri_runner_take(struct wri_runner *r);

/* runner.c */
bool wri_pool_has_work(struct wri_pool *pool, struct wri_runner *self);
void wri_runner_main(void *arg);
void wri_runner_begin(struct wri_runner *r);
void wri_runner_stall(struct wri_runner *r);

/* watch.c */
void wri_watch_arm(struct wri_pool *pool, weir_time now);
void wri_watch_over(struct wri_pool *pool);
void wri_watch_idle(struct wri_pool *pool, weir_time now);
void wri_watch_enlist(struct wri_pool *pool);
void wri_watch_delist(struct wri_pool *pool);
bool wri_runner_unmark(struct wri_runner *r);

/* strand.c */
void wri_strand_push(struct wri_strand *s, struct wri_task *task);

#endif
