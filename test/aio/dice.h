/*
 * dice - chance that can be played again.
 *
 * Purpose    the seed is WEIR_TEST_SEED, or else drawn from the clock; a test
 *            that fails prints it (dice_seed).
 * Ownership  one struct per thread.
 */
#ifndef AIO_DICE_H
#define AIO_DICE_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

struct dice {
	uint64_t state;
};

/* The seed of this process. */
static inline uint64_t
dice_seed(void)
{
	static uint64_t seed;
	const char *env = getenv("WEIR_TEST_SEED");
	struct timespec now;

	if (env != NULL) { /* which another round may have changed */
		return strtoull(env, NULL, 0);
	}
	if (seed == 0) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		seed = (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
		seed |= 1;
	}
	return seed;
}

/* salt: so that threads roll differently. */
static inline void
dice_init(struct dice *d, uint64_t salt)
{
	d->state = dice_seed() ^ (salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
	if (d->state == 0) {
		d->state = 1;
	}
}

/* [0..n-1] */
static inline uint32_t
dice_roll(struct dice *d, uint32_t n)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)((d->state >> 24) % n);
}

/* Let some time pass, little and uneven. */
static inline void
dice_spin(struct dice *d, uint32_t most)
{
	uint32_t n = dice_roll(d, most + 1);

	for (volatile uint32_t i = 0; i < n; i++) {
	}
}

#endif
