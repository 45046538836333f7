/*
 * clock - the monotonic clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <weir/time.h>

#include <time.h>

/* CLOCK_MONOTONIC [ns]. */
weir_time wri_now(void);

/*
 * A time or a length of time as the system wants it: in *ts, which is returned;
 * what is below zero becomes zero, WEIR_NEVER becomes NULL.
 */
const struct timespec *wri_timespec(struct timespec *ts, int64_t ns);

#endif
