/*
 * load_report - how the figures look.
 *
 * Purpose    see load_report.h.
 * Rules      A line stands alone: each figure carries its name and unit.  The
 *            summary ends with one sentence that says whether all is well, and
 *            if not, what is not.
 */
#include "load_report.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
load_totals_take(
    struct load_totals *t, const struct load_conn *conns, unsigned len)
{
	memset(t, 0, sizeof(*t));
	t->at = weir_now();
	for (unsigned i = 0; i < len; i++) {
		const struct load_conn *c = &conns[i];
		int64_t late =
		    atomic_load_explicit(&c->late_max, memory_order_relaxed);

		/* Relaxed: figures of one moment, more or less. */
		t->checked +=
		    atomic_load_explicit(&c->checked, memory_order_relaxed);
		t->cancelled +=
		    atomic_load_explicit(&c->cancelled, memory_order_relaxed);
		t->timedout +=
		    atomic_load_explicit(&c->timedout, memory_order_relaxed);
		t->late_max = late > t->late_max ? late : t->late_max;
		latency_collect(&t->latency, &c->latency);
	}
}

void
load_report_live(const struct load_totals *now,
    const struct load_totals *earlier, weir_time begun, unsigned conns)
{
	weir_stats stats = {.size = sizeof(stats)};
	struct latency_sum since = now->latency;
	bool terminal = isatty(STDOUT_FILENO) == 1;
	double seconds = (double)(now->at - earlier->at) / 1e9;
	char p50[16], p99[16];

	latency_subtract(&since, &earlier->latency);
	if (weir_get_stats(&stats) != WEIR_OK || seconds <= 0) {
		return;
	}
	printf("%s%4.0f s  %7.0f msg/s  p50 %7s  p99 %7s  "
	       "%u conns  %" PRIu64 " deadlines%s",
	    terminal ? "\r" : "", (double)(now->at - begun) / 1e9,
	    (double)since.n / seconds,
	    latency_str(latency_percentile(&since, 0.50), p50, sizeof(p50)),
	    latency_str(latency_percentile(&since, 0.99), p99, sizeof(p99)),
	    conns, stats.deadlines, terminal ? "\033[K" : "\n");
	(void)fflush(stdout);
}

static void
summary_latency(const struct latency_sum *sum)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99},
	    {"p99.9", 0.999}, {"max", 1.0}};
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	char text[16];

	printf("latency        ");
	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		printf(" %s %s%s", shown[i].name,
		    latency_str(latency_percentile(sum, shown[i].share), text,
			sizeof(text)),
		    i + 1 < sizeof(shown) / sizeof(shown[0]) ? "," : "\n\n");
	}
	latency_draw(stdout, sum, utf8);
	printf("\n");
}

/* Each thing that is not well gets its sentence. */
static bool
summary_verdict(const struct load_totals *t, const struct load_outcome *o)
{
	unsigned wrong = 0;

	if (o->connected < o->conns) {
		wrong++;
		printf("FAILED: %u of %u connections could not be made\n",
		    o->conns - o->connected, o->conns);
	} else if (o->failed > 0) {
		wrong++;
		printf("FAILED: %u of %u connections ended by an error\n",
		    o->failed, o->conns);
	}
	if (o->stuck > 0) {
		wrong++;
		printf("FAILED: %u connections did not end when told to\n",
		    o->stuck);
	}
	if (t->latency.n == 0 && o->connected == o->conns) {
		wrong++;
		printf("FAILED: no message came back\n");
	} else if (o->disturbed && o->failed == 0 &&
		   (t->cancelled == 0 || t->timedout == 0)) {
		wrong++;
		printf("FAILED: nothing was cancelled or timed out on purpose; "
		       "more --seconds, or --disturb 0\n");
	}
	if (o->left != 0 || o->fini != WEIR_OK) {
		wrong++;
		printf("FAILED: weir has %lld operations left (%s)\n", o->left,
		    weir_strerror(o->fini));
	}
	if (wrong == 0) {
		printf("all well\n");
	}
	return wrong == 0;
}

bool
load_report_summary(const struct load_totals *t, const struct load_outcome *o)
{
	double seconds = (double)o->taken / 1e9;
	double rate = seconds > 0 ? (double)t->latency.n / seconds : 0;
	char late[16];

	if (o->connected < o->conns) {
		return summary_verdict(t, o); /* nothing was measured */
	}
	printf("%sconnections     %u, %zu bytes a message, %.1f s\n",
	    isatty(STDOUT_FILENO) == 1 ? "\n\n" : "\n", o->connected, o->size,
	    seconds);
	printf("messages        %" PRIu64 ", %.0f/s, %.1f MB/s each way\n",
	    t->latency.n, rate, rate * (double)o->size / 1e6);
	if (t->latency.n > 0) {
		summary_latency(&t->latency);
	}
	printf("bytes checked   %" PRIu64 ", %s\n", t->checked,
	    t->checked == t->latency.n * o->size ? "all as sent" : "NOT ALL");
	printf("on purpose      %" PRIu64 " receives cancelled, %" PRIu64
	       " timed out (none early, latest %s late)\n",
	    t->cancelled, t->timedout,
	    latency_str((double)t->late_max, late, sizeof(late)));
	printf("errors          %u\n", o->failed);
	return summary_verdict(t, o);
}
