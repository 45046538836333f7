/*
 * clock - the monotonic clock and random numbers.
 *
 * Purpose    one source of time and chance; tests link another.
 * Ownership  each thread has its own generator: no line is shared.
 * Progress   wait-free; the first wri_rand of a thread asks the system.
 * Bounds     none.
 * Proof      test/base/test_thread.c
 */
#include "base/clock.h"
#include "base/panic.h"

#include <stdbool.h>
#include <sys/random.h>
#include <time.h>

#define CLOCK_NS_PER_S 1000000000

/* The odd number of splitmix64: 2^64 divided by the golden ratio. */
#define CLOCK_GAMMA UINT64_C(0x9e3779b97f4a7c15)

static _Thread_local struct {
	uint64_t state;
	bool seeded;
} clock_rand __attribute__((tls_model("initial-exec")));

weir_time
wri_now(void)
{
	struct timespec ts;
	int r = clock_gettime(CLOCK_MONOTONIC, &ts);

	WRI_ASSERT(r == 0);
	return (weir_time)ts.tv_sec * CLOCK_NS_PER_S + ts.tv_nsec;
}

static uint64_t
clock_seed(void)
{
	uint64_t seed;

	/* Early in boot or in a strict sandbox: chance enough for placement. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(seed)) {
		seed = (uint64_t)wri_now() ^ (uint64_t)(uintptr_t)&clock_rand;
	}
	return seed;
}

uint32_t
wri_rand(void)
{
	uint64_t z;

	if (!clock_rand.seeded) {
		clock_rand.state = clock_seed();
		clock_rand.seeded = true;
	}
	clock_rand.state += CLOCK_GAMMA;
	z = clock_rand.state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}
