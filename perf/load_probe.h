/*
 * load_probe - clocks and counters around a measured window.
 *
 * Purpose    what a load generator reads before and after: the server's
 *            process CPU clock, its own, the machine's, context switches.
 */
#ifndef PERF_LOAD_PROBE_H
#define PERF_LOAD_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct load_probe {
	int64_t at_ns;     /* monotonic */
	int64_t server_ns; /* CPU time of the server */
	int64_t own_ns;    /* CPU time of this process */
	int64_t busy_ns;   /* CPU time of the whole machine, in ticks */
	int64_t server_switches;
};

/* The monotonic clock [ns]. */
int64_t probe_now(void);

/* Read all; server 0: leave its figures 0.  False: errno says why. */
bool probe_take(struct load_probe *p, pid_t server);

/* Processors that neither the server nor we used between two probes. */
double probe_other_cpus(const struct load_probe *a, const struct load_probe *b);

void probe_sort(uint32_t *samples, size_t len);

/* Of sorted samples in ns, in us; 0 if there are none. */
double probe_percentile_us(const uint32_t *samples, size_t len, double share);

#endif
