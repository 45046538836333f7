/*
 * latency - a histogram of times, cheap to fill and to add up.
 *
 * Purpose    each connection fills its own; a reporting thread adds them up
 *            while they are being filled, and draws the sum.
 * Ownership  plain memory of the caller; zero is the empty histogram.
 * Threads    latency_add: one thread at a time per histogram.
 *            latency_collect: any thread, at any time.
 * Bounds     from 256 ns to 34 s; what lies outside counts in the first or
 *            last bucket.  A bucket is 1/16 of a power of two wide, so a
 *            percentile is right within 3 percent.
 */
#ifndef EXAMPLES_LATENCY_H
#define EXAMPLES_LATENCY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LATENCY_LOG2_MIN 8
#define LATENCY_LOG2_MAX 35
#define LATENCY_SUB_BITS 4
#define LATENCY_BUCKETS                                                        \
	((LATENCY_LOG2_MAX - LATENCY_LOG2_MIN) << LATENCY_SUB_BITS)

/* Filled by one thread at a time, read by any. */
struct latency {
	_Atomic uint32_t bucket[LATENCY_BUCKETS];
};

/* A sum of many; one thread. */
struct latency_sum {
	uint64_t n;
	uint64_t bucket[LATENCY_BUCKETS];
};

void latency_add(struct latency *l, int64_t ns);

/* Add what l holds now to the sum. */
void latency_collect(struct latency_sum *sum, const struct latency *l);

/* Take an earlier sum of the same histograms away: what came since. */
void latency_subtract(
    struct latency_sum *sum, const struct latency_sum *earlier);

/* The time that share [0..1] of all did not exceed [ns]; 0 if there are none.
 */
double latency_percentile(const struct latency_sum *sum, double share);

/* Write a time with a unit that suits it: "87.1 us". */
const char *latency_str(double ns, char *buf, size_t bufsz);

/* Draw one bar per power of two, with block letters where utf8. */
void latency_draw(FILE *out, const struct latency_sum *sum, bool utf8);

#endif
