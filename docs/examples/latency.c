/*
 * latency - buckets, percentiles, and the picture.
 *
 * Purpose    see latency.h.
 * Shape      bucket = (power of two, 4 bits below its leading one): the
 *            position is found with one count of leading zeros.
 * Atomics    a bucket has one writer, so load + store suffice.  Relaxed: each
 *            count stands for itself, a reader may miss the newest.
 */
#include "latency.h"

#include <stddef.h>
#include <string.h>

#define SUBS (1u << LATENCY_SUB_BITS)
#define BAR_CELLS 40

static unsigned
bucket_of(uint64_t ns)
{
	unsigned log2, sub;

	if (ns < (UINT64_C(1) << LATENCY_LOG2_MIN)) {
		return 0;
	}
	log2 = 63u - (unsigned)__builtin_clzll(ns);
	if (log2 >= LATENCY_LOG2_MAX) {
		return LATENCY_BUCKETS - 1;
	}
	sub = (unsigned)(ns >> (log2 - LATENCY_SUB_BITS)) & (SUBS - 1);
	return ((log2 - LATENCY_LOG2_MIN) << LATENCY_SUB_BITS) + sub;
}

/* The middle of a bucket [ns]. */
static double
bucket_middle(unsigned b)
{
	unsigned log2 = LATENCY_LOG2_MIN + (b >> LATENCY_SUB_BITS);
	double low = (double)(UINT64_C(1) << log2);

	return low * (1.0 + ((double)(b & (SUBS - 1)) + 0.5) / SUBS);
}

void
latency_add(struct latency *l, int64_t ns)
{
	_Atomic uint32_t *b = &l->bucket[bucket_of(ns > 0 ? (uint64_t)ns : 0)];

	atomic_store_explicit(b,
	    atomic_load_explicit(b, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

void
latency_collect(struct latency_sum *sum, const struct latency *l)
{
	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		uint32_t n =
		    atomic_load_explicit(&l->bucket[b], memory_order_relaxed);

		sum->bucket[b] += n;
		sum->n += n;
	}
}

void
latency_subtract(struct latency_sum *sum, const struct latency_sum *earlier)
{
	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		sum->bucket[b] -= earlier->bucket[b];
	}
	sum->n -= earlier->n;
}

double
latency_percentile(const struct latency_sum *sum, double share)
{
	double rank = share * (double)sum->n;
	uint64_t seen = 0;
	unsigned last = 0;

	if (sum->n == 0) {
		return 0;
	}
	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		if (sum->bucket[b] == 0) {
			continue;
		}
		seen += sum->bucket[b];
		last = b;
		if ((double)seen >= rank) {
			break;
		}
	}
	return bucket_middle(last);
}

const char *
latency_str(double ns, char *buf, size_t bufsz)
{
	static const char *const unit[] = {"ns", "us", "ms", "s"};
	unsigned u = 0;

	while (ns >= 999.5 && u < 3) {
		ns /= 1000;
		u++;
	}
	(void)snprintf(
	    buf, bufsz, "%.*f %s", ns < 9.995 ? 2 : ns < 99.95, ns, unit[u]);
	return buf;
}

/* A bar of share [0..1] of BAR_CELLS, to an eighth of a cell where utf8. */
static void
bar_draw(FILE *out, double share, bool utf8)
{
	static const char *const part[] = {"", "\u258f", "\u258e", "\u258d",
	    "\u258c", "\u258b", "\u258a", "\u2589"};
	unsigned eighths = (unsigned)(share * BAR_CELLS * 8 + 0.5);
	unsigned cells = eighths / 8;

	if (eighths == 0) {
		eighths = 1; /* there was something: show it */
	}
	for (unsigned i = 0; i < cells; i++) {
		(void)fputs(utf8 ? "\u2588" : "#", out);
	}
	if (utf8) {
		(void)fputs(part[eighths % 8], out);
		cells += eighths % 8 != 0;
	} else if (eighths % 8 >= 4 || cells == 0) {
		(void)fputs("#", out);
		cells++;
	}
	fprintf(out, "%*s", (int)(BAR_CELLS - cells) + 1, "");
}

void
latency_draw(FILE *out, const struct latency_sum *sum, bool utf8)
{
	uint64_t row[LATENCY_LOG2_MAX - LATENCY_LOG2_MIN] = {0};
	unsigned rows = LATENCY_LOG2_MAX - LATENCY_LOG2_MIN;
	unsigned first = 0;
	uint64_t most = 0;

	for (unsigned b = 0; b < LATENCY_BUCKETS; b++) {
		row[b >> LATENCY_SUB_BITS] += sum->bucket[b];
	}
	while (first < rows && row[first] == 0) {
		first++;
	}
	while (rows > first && row[rows - 1] == 0) {
		rows--;
	}
	for (unsigned r = first; r < rows; r++) {
		most = row[r] > most ? row[r] : most;
	}
	for (unsigned r = first; r < rows; r++) {
		double low = (double)(UINT64_C(1) << (LATENCY_LOG2_MIN + r));
		char from[16], to[16];

		fprintf(out, "  %8s - %-8s ", latency_str(low, from, 16),
		    latency_str(2 * low, to, 16));
		if (row[r] == 0) {
			fprintf(out, "%*s", BAR_CELLS + 1, "");
		} else {
			bar_draw(out, (double)row[r] / (double)most, utf8);
		}
		fprintf(out, "%5.1f %%  %llu\n",
		    100.0 * (double)row[r] / (double)sum->n,
		    (unsigned long long)row[r]);
	}
}
