/*
 * floor_queue - what handing an item to another thread costs without an aio.
 *
 * Purpose    two references for perf_dispatch, with the same producers and the
 *            same bound on what is in flight: a bare MPSC queue whose consumer
 *            spins, and a list under a mutex with a condition variable.
 * Threads    each run starts its threads and joins them.
 */
#ifndef PERF_FLOOR_QUEUE_H
#define PERF_FLOOR_QUEUE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Producers of one run, at most. */
#define FLOOR_PRODUCERS_MAX 8

struct floor_shape {
	unsigned producers; /* [1..FLOOR_PRODUCERS_MAX] */
	unsigned window;    /* items in flight per producer */
	uint64_t items;     /* per producer */
};

/* Wall time of the run [ns]; negative: threads or memory were not to be had. */
int64_t floor_mpsc_run(const struct floor_shape *shape);
int64_t floor_mutex_run(const struct floor_shape *shape);

#ifdef __cplusplus
}
#endif

#endif
