/*
 * load_probe - how the figures are read.
 *
 * Purpose    see load_probe.h.
 * Precision  CPU clocks of processes are exact to the nanosecond.  The
 *            machine's comes in ticks (usually 4 ms), which is enough to see a
 *            disturbance in a window of a second.
 */
#include "load_probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool
clock_read(clockid_t clock, int64_t *ns)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0) {
		return false;
	}
	*ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	return true;
}

int64_t
probe_now(void)
{
	int64_t ns = 0;

	(void)clock_read(CLOCK_MONOTONIC, &ns);
	return ns;
}

/* All processors' time that was not idle; 0 where /proc does not say. */
static int64_t
machine_busy(void)
{
	FILE *f = fopen("/proc/stat", "re");
	long long user, nice, sys, idle, wait, irq, softirq;
	int n = 0;

	if (f != NULL) {
		n = fscanf(f, "cpu %lld %lld %lld %lld %lld %lld %lld", &user,
		    &nice, &sys, &idle, &wait, &irq, &softirq);
		(void)fclose(f);
	}
	if (n != 7) {
		return 0;
	}
	return (user + nice + sys + irq + softirq) *
	       (1000000000 / sysconf(_SC_CLK_TCK));
}

static int64_t
task_switches(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[256];
	long long n = 0;

	if (f == NULL) {
		return 0; /* the thread has ended */
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "voluntary_ctxt_switches: %lld", &n) == 1) {
			break;
		}
	}
	(void)fclose(f);
	return n;
}

/* Voluntary context switches of all threads of a process. */
static int64_t
process_switches(pid_t pid)
{
	char path[320];
	int64_t sum = 0;
	struct dirent *e;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (dir == NULL) {
		return 0;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] != '.') {
			(void)snprintf(path, sizeof(path),
			    "/proc/%d/task/%s/status", (int)pid, e->d_name);
			sum += task_switches(path);
		}
	}
	(void)closedir(dir);
	return sum;
}

bool
probe_take(struct load_probe *p, pid_t server)
{
	clockid_t clock;

	*p = (struct load_probe){.busy_ns = machine_busy()};
	if (server > 0) {
		int rc = clock_getcpuclockid(server, &clock);

		if (rc != 0) {
			errno = rc;
			return false;
		}
		p->server_switches = process_switches(server);
		if (!clock_read(clock, &p->server_ns)) {
			return false;
		}
	}
	p->at_ns = probe_now();
	return clock_read(CLOCK_PROCESS_CPUTIME_ID, &p->own_ns);
}

double
probe_other_cpus(const struct load_probe *a, const struct load_probe *b)
{
	int64_t other = (b->busy_ns - a->busy_ns) -
			(b->server_ns - a->server_ns) - (b->own_ns - a->own_ns);

	return other > 0 ? (double)other / (double)(b->at_ns - a->at_ns) : 0;
}

static int
sample_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void
probe_sort(uint32_t *samples, size_t len)
{
	qsort(samples, len, sizeof(*samples), sample_compare);
}

double
probe_percentile_us(const uint32_t *samples, size_t len, double share)
{
	size_t rank = (size_t)(share * (double)len);

	if (len == 0) {
		return 0;
	}
	return (double)samples[rank < len ? rank : len - 1] / 1e3;
}
