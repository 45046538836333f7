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
#define NAP_NS_MIN 50000
#define NAP_NS_MAX 1000000

/* pool->stopping; who moves it from 0 is the pool's stopper. */
#define POOL_STOPS 1u
#define POOL_ABANDONED 2u
/* For threads that are not in a callback to see that they are abandoned [ns].
 */
#define ABANDON_NS 10000000

/* pool->stopped */
#define POOL_ENDED 1u /* all threads have ended */
#define POOL_LOST 2u  /* some were abandoned: the memory stays */

#define PARKED_WORDS (WEIR_POOL_THREADS_MAX / 64 + 1)
#define RUNNERS_MAX (WEIR_POOL_THREADS_MAX + 64)

/*
 * Whose poll slot it is: epoch (48 bits) | owner's index (15) | SERVING (1).
 * The owner moves it to SERVING and back; only while SERVING, and with an owner
 * held up in a callback, may another thread take it.
 */
struct wri_slot {
	wri_a64 role WRI_ALIGNED;
	wri_a32 asleep; /* 1: the owner is about to block, or blocks */
	void *arg;      /* for role_ops; fixed */
};

#define ROLE_SERVING 1u
#define ROLE_OWNER(w) ((unsigned)(((w) >> 1) & 0x7fff))
#define ROLE_NEXT(w, owner, serving)                                           \
	(((((w) >> 16) + 1) << 16) | (uint64_t)((owner) << 1) | (serving))

struct wri_runner {
	/* Any thread. */
	struct wri_mpsc inbox;

	/* Whoever wakes, the watch. */
	wri_a32 park WRI_ALIGNED; /* 1: woken */
	wri_a32 mark;             /* 1: the watch found it late */

	/* The thread itself; others read. */
	wri_a64 beat WRI_ALIGNED; /* last stamp while serving; 0: not */
	wri_a32 open;             /* 1: more tasks than we can do */
	wri_a32 waiting;          /* 1: in wait_begin .. wait_end */
	wri_a32 ended;            /* 1: last touch of the pool is done */
	wri_aptr strand;          /* whose task runs */
	wri_a64 callbacks;        /* counters, relaxed */
	wri_a64 parks;
	wri_a64 polls;

	/* The thread alone. */
	uint64_t role;         /* our word of the slot */
	struct wri_slot *slot; /* the slot we own, or NULL */
	weir_time dry_at;      /* when we last found nothing */
	int64_t run_ns;        /* moving average of a callback */
	unsigned ticks;        /* callbacks since the door had its turn */
	unsigned turns;        /* turns given */
	unsigned ran;          /* callbacks of the task that was run last */
	unsigned stalls;       /* fruitless looks in a row */
	bool token;            /* we may run callbacks */
	bool searching;        /* we are counted in pool->searching */
	void *waits_for;       /* guarded by the ring search's lock */

	/* Fixed after init. */
	struct wri_pool *pool;
	unsigned index;
	wri_thread thread;
	char name[16];
};

struct wri_pool {
	struct weir_exec exec;

	/* Fixed after init. */
	unsigned tokens_max;
	unsigned runners_max;
	unsigned queue_max;
	unsigned nslots;
	struct wri_slot *slots;
	const struct wri_role_ops *role_ops;
	char name[9];
	bool plain_names;
	struct wri_pool *next; /* guarded by the list's lock */
	wri_a32 stopped; /* 0, POOL_ENDED, POOL_LOST: the stopper's last word */

	/* Any thread. */
	struct wri_mpsc door;
	wri_a32 tokens WRI_ALIGNED;    /* threads that may run callbacks now */
	wri_a32 blocked;               /* of them, marked by the watch */
	wri_a32 heavy;                 /* 1: callbacks are heavy */
	wri_a32 queued;                /* plain tasks, if queue_max */
	wri_a32 stopping;              /* 0, POOL_STOPS, POOL_ABANDONED */
	wri_a32 searching WRI_ALIGNED; /* awake, without work so far */
	wri_a32 nparked;
	wri_a64 parked[PARKED_WORDS]; /* a bit per thread */
	wri_a64 wakes;
	wri_a64 reliefs;
	wri_a32 visitors; /* threads in here that no thread's end waits for */

	/* lock: growing and waiting. */
	wri_mtx lock WRI_ALIGNED;
	unsigned nwaiting;
	wri_a32 nrunners;  /* grows under lock, read by all */
	wri_aptr *runners; /* runners_max of them, filled in order */
};

static inline struct wri_runner *
pool_runner(struct wri_pool *pool, unsigned i)
{
	return wri_load(&pool->runners[i], WRI_ACQ); /* T3 */
}

/* pool.c */
void wri_pool_push(struct wri_pool *pool, struct wri_task *task);
/* Become the stopper; false: there is one. */
bool wri_pool_claim(struct wri_pool *pool);
/* As wri_pool_stop, by the stopper. */
weir_err wri_pool_end(struct wri_pool *pool, weir_time until);

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
