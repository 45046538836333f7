/*
 * lane - a bounded set of threads for calls that can only block.
 *
 * Purpose    services that must make such calls post them as jobs.
 * Ownership  a job is its owner's; the lane borrows it from an accepted post
 *            until drop, or until a retract that was true.  The lane is
 *            counted: its owner's hold ends with fini, whoever may still call
 *            retract has one of its own.
 * Progress   post and retract take a leaf lock; post may start a thread.
 * Bounds     those of the config.
 */
#ifndef OFFLOAD_LANE_H
#define OFFLOAD_LANE_H

#include <weir/err.h>
#include <weir/time.h>

#include <stdbool.h>

struct wri_lane;
struct wri_job;

struct wri_job_ops {
	/* Make the call; a thread of the lane, no lock held. */
	void (*run)(struct wri_job *job);
	/* The lane lets go of the job, which may be freed: WEIR_OK after run,
	 * or the reason why it was not run.  Any thread, no lock held. */
	void (*drop)(struct wri_job *job, weir_err err);
};

enum wri_job_state {
	WRI_JOB_IDLE = 0,
	WRI_JOB_QUEUED,
	WRI_JOB_RUNNING,
	WRI_JOB_GONE, /* dropped, retracted or refused: posted no more */
};

/* All zero but ops and what. */
struct wri_job {
	/* Fixed before the post. */
	const struct wri_job_ops *ops;
	const char *what; /* for the log: what it works on; lives until drop */

	/* The lane's lock. */
	enum wri_job_state state;
	struct wri_job *next;
	struct wri_job **prevp;
};

struct wri_lane_config {
	const char *name;   /* threads are name-N; static */
	unsigned threads;   /* at most; started as they are needed */
	unsigned queue_max; /* jobs that wait */
};

/* Fails with WEIR_ENOMEM.  config is copied. */
WEIR_NODISCARD weir_err wri_lane_alloc(
    struct wri_lane **lanep, const struct wri_lane_config *config);

/*
 * Stop the threads.  What is queued is dropped with WEIR_ESTOPPED.  A thread
 * that is in a job at the time is named in the log and abandoned:
 * WEIR_ETIMEDOUT; it drops the job when it comes back.  Once, and no post
 * afterwards or meanwhile; takes the owner's hold.
 */
weir_err wri_lane_fini(struct wri_lane *lane, weir_time until);

void wri_lane_hold(struct wri_lane *lane);
void wri_lane_rele(struct wri_lane *lane);

/*
 * Queue a job.  WEIR_OK: drop will be called, or has been (with WEIR_EAGAIN or
 * WEIR_ENOMEM where no thread could be started).  Else the lane does not have
 * it, and no drop comes: WEIR_EAGAIN: the queue is full; WEIR_ECANCELED: it was
 * retracted.
 */
WEIR_NODISCARD weir_err wri_lane_post(
    struct wri_lane *lane, struct wri_job *job);

/*
 * Take a job back that has not begun, posted or not.  True: it does not run,
 * and no drop comes.  False: it runs, or is gone already.
 */
bool wri_lane_retract(struct wri_lane *lane, struct wri_job *job);

/* Threads that there are now. */
unsigned wri_lane_threads(struct wri_lane *lane);

#endif
