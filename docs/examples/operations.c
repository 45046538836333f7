/*
 * operations - see operations.h.
 *
 * Bounds     a look every LOOK_NS until none is left or patience is at its end.
 */
#include "operations.h"

#include <time.h>

#define LOOK_NS 1000000

long long
operations_left(weir_duration patience)
{
	weir_time until = weir_time_after(weir_now(), patience);
	struct timespec look = {0, LOOK_NS};

	for (;;) {
		weir_stats stats = {.size = sizeof(stats)};
		long long left;

		if (weir_get_stats(&stats) != WEIR_OK) {
			return -1;
		}
		left = (long long)(stats.submitted - stats.completed);
		if (left == 0 || weir_now() >= until) {
			return left;
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &look, NULL);
	}
}
