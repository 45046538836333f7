/*
 * clock - the monotonic clock.
 *
 * Purpose    the one source of time; the explorer links another.
 * Progress   wait-free.
 * Bounds     none.
 * Proof      test/base/test_thread.c
 */
#include "base/clock.h"
#include "base/panic.h"

#define CLOCK_NS_PER_S 1000000000

weir_time
wri_now(void)
{
	struct timespec ts;
	int r = clock_gettime(CLOCK_MONOTONIC, &ts);

	WRI_ASSERT(r == 0);
	return (weir_time)ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

weir_time
weir_now(void)
{
	return wri_now();
}

const struct timespec *
wri_timespec(struct timespec *ts, int64_t ns)
{
	ts->tv_sec = ns > 0 ? ns / CLOCK_NS_PER_S : 0;
	ts->tv_nsec = ns > 0 ? ns % CLOCK_NS_PER_S : 0;
	return ns == WEIR_NEVER ? NULL : ts;
}
