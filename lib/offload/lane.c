/*
 * lane - a bounded set of threads for calls that can only block.
 *
 * Purpose    see lane.h; docs/design/offload.md is the why.
 * Ownership  holders: the owner until fini, each thread, each who said hold.
 *            A thread that was abandoned holds the lane until it comes back.
 * Progress   threads sleep on the bell, and in the calls of their jobs.
 * Pairs      O1  end: ended (release) -> fini: ended (acquire): the thread is
 *                at its last steps, join will not sleep long.
 *            The bell carries nothing: it moves under the lock, and who has
 *            heard it takes the lock.
 * Bounds     config.threads, config.queue_max; GRACE_NS more than the time
 *            given to fini; WHAT_SHOWN bytes of a job's text in the log.
 * Proof      test/offload/test_lane.c, test/explorer/x_lane.c
 */
#include "offload/lane.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/thread.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

/* For threads in no job to see that they are to end [ns]. */
#define GRACE_NS 50000000
#define WHAT_SHOWN 100
#define NAME_BYTES 32 /* the system keeps 15 */

struct runner {
	/* Fixed while used. */
	struct wri_lane *lane;
	wri_thread thread;
	char name[NAME_BYTES];

	/* The lane's lock. */
	bool used;
	struct wri_job *job; /* it is in, or NULL */
	weir_time since;     /* when that began */

	/* The thread; fini reads. */
	wri_a32 ended; /* O1 */
};

struct wri_lane {
	/* Fixed after alloc. */
	struct wri_lane_config config;

	wri_mtx lock;
	/* lock must be held when using these: */
	unsigned holders;
	bool stops; /* no job begins any more */
	struct wri_job *first;
	struct wri_job **last; /* where the next one is linked */
	unsigned queued;
	unsigned idle;    /* threads that sleep, or are about to */
	unsigned started; /* threads, with those being started */

	wri_a32 bell; /* moves under the lock; a futex */

	struct runner runners[]; /* config.threads */
};

static size_t
lane_bytes(unsigned threads)
{
	return sizeof(struct wri_lane) + threads * sizeof(struct runner);
}

weir_err
wri_lane_alloc(struct wri_lane **lanep, const struct wri_lane_config *config)
{
	struct wri_lane *lane = wri_alloc(lane_bytes(config->threads));

	if (lane == NULL) {
		return WEIR_ENOMEM;
	}
	lane->config = *config;
	wri_mtx_init(&lane->lock);
	lane->holders = 1;
	lane->last = &lane->first;
	*lanep = lane;
	return WEIR_OK;
}

void
wri_lane_hold(struct wri_lane *lane)
{
	wri_mtx_lock(&lane->lock);
	lane->holders++;
	wri_mtx_unlock(&lane->lock);
}

void
wri_lane_rele(struct wri_lane *lane)
{
	bool last;

	wri_mtx_lock(&lane->lock);
	WRI_ASSERT(lane->holders > 0);
	last = --lane->holders == 0;
	wri_mtx_unlock(&lane->lock);
	if (last) {
		wri_mtx_fini(&lane->lock);
		wri_free(lane, lane_bytes(lane->config.threads));
	}
}

/* --- The queue --------------------------------------------------------- */

static void
queue_push_locked(struct wri_lane *lane, struct wri_job *job)
{
	job->state = WRI_JOB_QUEUED;
	job->next = NULL;
	job->prevp = lane->last;
	*lane->last = job;
	lane->last = &job->next;
	lane->queued++;
}

static void
queue_remove_locked(
    struct wri_lane *lane, struct wri_job *job, enum wri_job_state next)
{
	*job->prevp = job->next;
	if (job->next != NULL) {
		job->next->prevp = job->prevp;
	} else {
		lane->last = job->prevp;
	}
	job->next = NULL;
	job->state = next;
	lane->queued--;
}

/* All of it, linked by next; nobody else finds them any more. */
static struct wri_job *
queue_take_all_locked(struct wri_lane *lane)
{
	struct wri_job *all = lane->first;

	for (struct wri_job *job = all; job != NULL; job = job->next) {
		job->state = WRI_JOB_GONE;
	}
	lane->first = NULL;
	lane->last = &lane->first;
	lane->queued = 0;
	return all;
}

static void
jobs_drop(struct wri_job *job, weir_err err)
{
	while (job != NULL) {
		struct wri_job *next = job->next;

		job->ops->drop(job, err);
		job = next;
	}
}

/* --- Threads ----------------------------------------------------------- */

/* Until there is one; NULL: the lane stops. */
static struct wri_job *
runner_next_locked(struct runner *r)
{
	struct wri_lane *lane = r->lane;

	while (!lane->stops && lane->first == NULL) {
		/* Relaxed: under the lock. */
		uint32_t bell = wri_load(&lane->bell, WRI_RLX);

		lane->idle++;
		wri_mtx_unlock(&lane->lock);
		(void)wri_futex_wait(&lane->bell, bell, WEIR_NEVER);
		wri_mtx_lock(&lane->lock);
		lane->idle--;
	}
	return lane->stops ? NULL : lane->first;
}

static void
runner_main(void *arg)
{
	struct runner *r = arg;
	struct wri_lane *lane = r->lane;
	struct wri_job *job;

	wri_mtx_lock(&lane->lock);
	while ((job = runner_next_locked(r)) != NULL) {
		queue_remove_locked(lane, job, WRI_JOB_RUNNING);
		r->job = job;
		r->since = wri_now();
		wri_mtx_unlock(&lane->lock);
		job->ops->run(job);
		wri_mtx_lock(&lane->lock);
		r->job = NULL; /* fini reads what it works on no more */
		job->state = WRI_JOB_GONE;
		wri_mtx_unlock(&lane->lock);
		job->ops->drop(job, WEIR_OK);
		wri_mtx_lock(&lane->lock);
	}
	wri_mtx_unlock(&lane->lock);
	wri_store(&r->ended, 1, WRI_REL); /* O1 */
	wri_futex_wake(&r->ended, 1);
	wri_lane_rele(lane);
}

/* A place for a thread that the queue needs; NULL: enough, or no more. */
static struct runner *
runner_claim_locked(struct wri_lane *lane)
{
	struct runner *r = lane->runners;

	if (lane->queued <= lane->idle ||
	    lane->started == lane->config.threads) {
		return NULL;
	}
	while (r->used) { /* there is one, by the count */
		r++;
	}
	r->used = true;
	r->lane = lane;
	lane->started++;
	lane->holders++; /* the thread's */
	return r;
}

/* Start it; what nobody would run otherwise is dropped. */
static void
runner_start(struct wri_lane *lane, struct runner *r)
{
	struct wri_job *orphans = NULL;
	weir_err rv;

	(void)snprintf(r->name, sizeof(r->name), "%s-%u", lane->config.name,
	    (unsigned)(r - lane->runners));
	rv = wri_thread_start(&r->thread, r->name, runner_main, r);
	if (rv == WEIR_OK) {
		return;
	}
	wri_mtx_lock(&lane->lock);
	r->used = false;
	lane->holders--; /* never the last: the poster is here */
	if (--lane->started == 0) {
		orphans = queue_take_all_locked(lane);
	}
	wri_mtx_unlock(&lane->lock);
	jobs_drop(orphans, rv);
}

/* --- What the owner calls ---------------------------------------------- */

weir_err
wri_lane_post(struct wri_lane *lane, struct wri_job *job)
{
	struct runner *r = NULL;
	weir_err rv = WEIR_OK;

	wri_mtx_lock(&lane->lock);
	WRI_ASSERT(!lane->stops);
	if (job->state == WRI_JOB_GONE) {
		rv = WEIR_ECANCELED;
	} else if (lane->queued == lane->config.queue_max) {
		job->state = WRI_JOB_GONE;
		rv = WEIR_EAGAIN;
	} else {
		queue_push_locked(lane, job);
		r = runner_claim_locked(lane);
		wri_add(&lane->bell, 1, WRI_RLX); /* under the lock */
	}
	wri_mtx_unlock(&lane->lock);
	if (r != NULL) {
		runner_start(lane, r);
	} else if (rv == WEIR_OK) {
		wri_futex_wake(&lane->bell, 1);
	}
	return rv;
}

bool
wri_lane_retract(struct wri_lane *lane, struct wri_job *job)
{
	bool ours = true;

	wri_mtx_lock(&lane->lock);
	if (job->state == WRI_JOB_QUEUED) {
		queue_remove_locked(lane, job, WRI_JOB_GONE);
	} else if (job->state == WRI_JOB_IDLE) {
		job->state = WRI_JOB_GONE;
	} else {
		ours = false;
	}
	wri_mtx_unlock(&lane->lock);
	return ours;
}

unsigned
wri_lane_threads(struct wri_lane *lane)
{
	unsigned n;

	wri_mtx_lock(&lane->lock);
	n = lane->started;
	wri_mtx_unlock(&lane->lock);
	return n;
}

/* --- The end ----------------------------------------------------------- */

/* The thread has had its time: is it in a job?  Then name it. */
static bool
runner_is_lost(struct runner *r)
{
	char what[WHAT_SHOWN + 1] = "";
	weir_duration busy = 0;
	bool lost;

	wri_mtx_lock(&r->lane->lock);
	lost = r->job != NULL;
	if (lost) {
		/* Foreign text: only what a terminal shows as it is. */
		for (size_t i = 0; i < WHAT_SHOWN && r->job->what[i] != '\0';
		     i++) {
			char c = r->job->what[i];

			what[i] = c;
			if (c < 0x20 || c > 0x7e || c == '"') {
				what[i] = '?';
			}
		}
		busy = wri_now() - r->since;
	}
	wri_mtx_unlock(&r->lane->lock);
	if (lost) {
		wri_log(WEIR_LOG_ERR,
		    "weir_fini: abandoned thread %s, busy with \"%s\" for "
		    "%lld ms",
		    r->name, what, (long long)(busy / WEIR_MS(1)));
	}
	return lost;
}

/* False: it was abandoned. */
static bool
runner_end(struct runner *r, weir_time until)
{
	while (wri_load(&r->ended, WRI_ACQ) == 0) { /* O1 */
		if (wri_futex_wait(&r->ended, 0, until)) {
			continue;
		}
		if (runner_is_lost(r)) {
			wri_thread_detach(&r->thread);
			return false;
		}
		until = wri_now() + GRACE_NS; /* it ends, once it runs */
	}
	wri_thread_join(&r->thread);
	return true;
}

weir_err
wri_lane_fini(struct wri_lane *lane, weir_time until)
{
	weir_time soon = wri_now() + GRACE_NS;
	struct wri_job *rest;
	bool all = true;

	wri_mtx_lock(&lane->lock);
	lane->stops = true;
	rest = queue_take_all_locked(lane);
	wri_add(&lane->bell, 1, WRI_RLX); /* under the lock */
	wri_mtx_unlock(&lane->lock);
	wri_futex_wake(&lane->bell, INT_MAX);
	jobs_drop(rest, WEIR_ESTOPPED);
	if (until < soon) {
		until = soon;
	}
	for (unsigned i = 0; i < lane->config.threads; i++) {
		/* Only posts change it, and there are none any more. */
		if (lane->runners[i].used) {
			all = runner_end(&lane->runners[i], until) && all;
		}
	}
	wri_lane_rele(lane);
	return all ? WEIR_OK : WEIR_ETIMEDOUT;
}
