/*
 * time - points in time and lengths of time, both in nanoseconds.
 *
 * Purpose    one unit everywhere.  A weir_time is absolute on the monotonic
 *            clock (CLOCK_MONOTONIC: setting the wall clock changes nothing,
 *            time spent suspended does not count); a weir_duration is
 *            relative.
 * Bounds     64 bits: 292 years either way.  Conversions saturate.
 */
#ifndef WEIR_TIME_H
#define WEIR_TIME_H

#include <weir/attr.h>

#include <stdint.h>

WEIR_BEGIN_DECLS

/** A point in time [ns, >= 0]. */
typedef int64_t weir_time;

/** A length of time [ns]. */
typedef int64_t weir_duration;

/** A duration without end. */
#define WEIR_INFINITE ((weir_duration)-1)
/** The default of the operation: without end unless its page says otherwise. */
#define WEIR_DEFAULT ((weir_duration)-2)
/** A point in time that never comes. */
#define WEIR_NEVER INT64_MAX

/** n units of ns_each [>= 1] nanoseconds, saturating at both ends.  Since 0.1
 */
static inline weir_duration
weir_duration_of(int64_t n, int64_t ns_each)
{
	if (n > INT64_MAX / ns_each) {
		return INT64_MAX;
	}
	if (n < INT64_MIN / ns_each) {
		return INT64_MIN;
	}
	return n * ns_each;
}

/** Durations from microseconds, milliseconds, seconds; saturate.  Since 0.1 */
#define WEIR_US(n) weir_duration_of((n), 1000)
#define WEIR_MS(n) weir_duration_of((n), 1000000)
#define WEIR_SECONDS(n) weir_duration_of((n), 1000000000)

/**
 * The time now.
 *
 * Result      the monotonic clock [ns].
 * Threads     MT-Safe
 * Blocks      never
 * Since       0.1
 */
WEIR_API weir_time weir_now(void);

/**
 * A point in time that lies d after t; saturates at WEIR_NEVER.  An infinite
 * or default duration gives WEIR_NEVER, another negative one t.
 *
 * Since       0.1
 */
static inline weir_time
weir_time_after(weir_time t, weir_duration d)
{
	if (d == WEIR_INFINITE || d == WEIR_DEFAULT) {
		return WEIR_NEVER;
	}
	if (d < 0) {
		return t;
	}
	return t > WEIR_NEVER - d ? WEIR_NEVER : t + d;
}

WEIR_END_DECLS

#endif
