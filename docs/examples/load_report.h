/*
 * load_report - what the load generator shows: a live line and a summary.
 *
 * Purpose    adds up what the connections count and writes it for people.
 * Threads    main only; the connections go on counting meanwhile.
 */
#ifndef EXAMPLES_LOAD_REPORT_H
#define EXAMPLES_LOAD_REPORT_H

#include "load_conn.h"

#include <stdbool.h>

/* Sums over all connections at one moment. */
struct load_totals {
	weir_time at;
	uint64_t checked;
	uint64_t cancelled;
	uint64_t timedout;
	int64_t late_max;
	struct latency_sum latency; /* its n is the messages */
};

/* How the run went, beside the totals. */
struct load_outcome {
	unsigned conns;
	unsigned connected;
	unsigned failed;
	unsigned stuck;      /* did not end when told to */
	long long left;      /* operations that weir still has */
	weir_err fini;       /* of weir_fini */
	bool disturbed;      /* early ends were asked for */
	weir_duration taken; /* first to last message */
	size_t size;
};

void load_totals_take(
    struct load_totals *t, const struct load_conn *conns, unsigned len);

/* One line for the time since an earlier look; rewritten on a terminal. */
void load_report_live(const struct load_totals *now,
    const struct load_totals *earlier, weir_time begun, unsigned conns);

/* The summary; true if all is well. */
bool load_report_summary(
    const struct load_totals *t, const struct load_outcome *o);

#endif
