/*
 * clock - the monotonic clock and random numbers.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <weir/time.h>

/* CLOCK_MONOTONIC [ns]. */
weir_time wri_now(void);

/* 32 random bits, good enough for hashing and placement, not for secrets. */
uint32_t wri_rand(void);

#endif
