/*
 * weir-load - load for an echo server, and a check of every byte.
 *
 * Purpose    an example of a client with many connections, and the judge of
 *            the demonstration: it exits with 0 only if all is well.
 * Threads    main waits: for connections, for the next live line, for the end.
 *            All work happens in callbacks on weir's threads.
 * Signals    SIGINT and SIGTERM end the run early; the summary comes all the
 *            same.
 * Bounds     each option names its range; buffers of all connections together
 *            up to BUFFERS_MAX; connecting and ending are bounded by the
 *            timeout of an operation and END_LIMIT.
 */
#include "load_conn.h"
#include "load_report.h"
#include "operations.h"
#include "options.h"
#include "url_hint.h"

#include <weir/weir.h>

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define DEFAULT_URL "tcp://127.0.0.1:7007"
#define BUFFERS_MAX (1L << 30)
/* Descriptors that are not connections. */
#define OTHER_FDS 64
/* Beyond an operation's timeout: told to end, a connection has this long. */
#define END_LIMIT WEIR_SECONDS(5)

static struct option_list urls;
static long conns_len = 64;
static long message_size = 64;
static long seconds = 5;
static long timeout_ms = 5000;
static long disturb = 4;

static const struct option_spec load_options[] = {
    {"--connect", "URL", "tcp://HOST:PORT or unix://PATH", NULL, 0, 0, &urls},
    {"--conns", "N", "connections, spread over the URLs", &conns_len, 1, 100000,
	NULL},
    {"--size", "N", "bytes of a message", &message_size, 1, 65536, NULL},
    {"--seconds", "N", "how long", &seconds, 1, 86400, NULL},
    {"--timeout-ms", "N", "of each operation", &timeout_ms, 10, 600000, NULL},
    {"--disturb", "N", "every n-th disturbs, 0: none", &disturb, 0, 100000,
	NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct option_program load_program = {
    .name = "weir-load",
    .purpose = "load for an echo server, every byte checked",
    .notes =
	"Without --connect: " DEFAULT_URL
	".  Each connection sends a message,\n"
	"waits for its echo, compares, and sends the next.  Those that "
	"disturb\n"
	"also cancel receives and let them time out, on purpose.  Exit status\n"
	"0: every byte came back, every operation ended as it had to.\n",
    .options = load_options,
};

/* The whole run. */
struct load {
	struct load_run run;
	struct load_conn *conns;
	unsigned conns_len; /* prepared */
	weir_stream_dialer *dialers[OPTION_LIST_MAX];
	sigset_t signals;
};

static bool
run_init(struct load_run *run)
{
	pthread_condattr_t attr;

	run->size = (size_t)message_size;
	run->timeout = WEIR_MS(timeout_ms);
	run->disturb = (unsigned)disturb;
	return pthread_condattr_init(&attr) == 0 &&
	       pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
	       pthread_cond_init(&run->changed, &attr) == 0 &&
	       pthread_mutex_init(&run->mtx, NULL) == 0 &&
	       pthread_condattr_destroy(&attr) == 0;
}

static bool
dialers_alloc(struct load *load)
{
	for (unsigned i = 0; i < urls.len; i++) {
		weir_err err =
		    weir_stream_dialer_alloc(&load->dialers[i], urls.text[i]);

		if (err != WEIR_OK) {
			fprintf(stderr,
			    "weir-load: cannot connect to \"%s\": %s%s\n",
			    urls.text[i], weir_strerror(err), url_hint(err));
			return false;
		}
	}
	return true;
}

static bool
conns_init(struct load *load)
{
	load->conns = calloc((size_t)conns_len, sizeof(*load->conns));
	if (load->conns == NULL) {
		fprintf(stderr, "weir-load: no memory for %ld connections\n",
		    conns_len);
		return false;
	}
	for (unsigned i = 0; i < (unsigned)conns_len; i++) {
		weir_err err = load_conn_init(
		    &load->conns[i], &load->run, i, urls.text[i % urls.len]);

		if (err != WEIR_OK) {
			fprintf(stderr, "weir-load: connection %u: %s\n", i,
			    weir_strerror(err));
			return false;
		}
		load->conns_len++;
	}
	return true;
}

/* What run_wait waits for, of every connection. */
enum run_goal {
	RUN_CONNECTED, /* or failed to */
	RUN_ENDED,
};

/* Wait, at most until a time, for the goal; how many connections miss it. */
static unsigned
run_wait(struct load *load, enum run_goal goal, weir_time until)
{
	struct load_run *run = &load->run;
	struct timespec ts = {
	    .tv_sec = (time_t)(until / 1000000000),
	    .tv_nsec = (long)(until % 1000000000),
	};
	unsigned done;
	int rc = 0;

	(void)pthread_mutex_lock(&run->mtx);
	for (;;) {
		done =
		    run->ended + (goal == RUN_CONNECTED ? run->connected : 0);
		if (done >= load->conns_len || rc != 0) {
			break;
		}
		rc = pthread_cond_timedwait(&run->changed, &run->mtx, &ts);
	}
	(void)pthread_mutex_unlock(&run->mtx);
	return done >= load->conns_len ? 0 : load->conns_len - done;
}

/* Connect all; true if none failed. */
static bool
connect_all(struct load *load)
{
	weir_time limit =
	    weir_time_after(weir_now(), load->run.timeout + END_LIMIT);

	for (unsigned i = 0; i < load->conns_len; i++) {
		load_conn_dial(&load->conns[i], load->dialers[i % urls.len]);
	}
	if (run_wait(load, RUN_CONNECTED, limit) > 0) {
		return false;
	}
	return load->run.failed == 0; /* no callback is left to write it */
}

/* Wait for a signal, at most until a time. */
static bool
signal_came(const struct load *load, weir_time until)
{
	weir_duration left = until - weir_now();
	struct timespec ts = {0, 0};

	if (left > 0) {
		ts.tv_sec = (time_t)(left / 1000000000);
		ts.tv_nsec = (long)(left % 1000000000);
	}
	return sigtimedwait(&load->signals, NULL, &ts) > 0;
}

/*
 * Show a live line every second until the time is over, a signal comes, or no
 * connection is left.
 */
static void
run_live(struct load *load, weir_time begun)
{
	static struct load_totals look[2];
	struct load_totals *earlier = &look[0];
	struct load_totals *now = &look[1];
	weir_time next = begun;
	unsigned left = load->conns_len;
	bool told = false;

	earlier->at = begun;
	for (long s = 0; s < seconds && left > 0 && !told; s++) {
		struct load_totals *old = earlier;

		next = weir_time_after(next, WEIR_SECONDS(1));
		told = signal_came(load, next);
		left = run_wait(load, RUN_ENDED, 0);
		load_totals_take(now, load->conns, load->conns_len);
		load_report_live(now, earlier, begun, left);
		earlier = now;
		now = old;
	}
}

/* The measured part.  How many connections did not end is in *stuck. */
static weir_duration
run_load(struct load *load, unsigned *stuck)
{
	weir_time begun = weir_now();
	weir_duration taken;

	for (unsigned i = 0; i < load->conns_len; i++) {
		load_conn_start(&load->conns[i]);
	}
	run_live(load, begun);
	taken = weir_now() - begun;
	/* Relaxed: the callbacks see it soon enough, and it carries nothing. */
	atomic_store_explicit(&load->run.stopping, true, memory_order_relaxed);
	*stuck = run_wait(load, RUN_ENDED,
	    weir_time_after(weir_now(), load->run.timeout + END_LIMIT));
	return taken;
}

/* Free everything, end weir, say what was left. */
static void
load_close(struct load *load, struct load_outcome *o)
{
	for (unsigned i = 0; i < load->conns_len; i++) {
		load_conn_fini(&load->conns[i]);
	}
	for (unsigned i = 0; i < urls.len; i++) {
		weir_stream_dialer_free(load->dialers[i]);
	}
	o->left = operations_left(WEIR_SECONDS(1));
	o->fini = weir_fini();
	o->connected = load->run.connected;
	o->failed = load->run.failed;
}

static bool
load_run(struct load *load)
{
	struct load_outcome o = {.size = (size_t)message_size};
	struct load_totals *totals = calloc(1, sizeof(*totals));
	bool ready = totals != NULL && dialers_alloc(load) && conns_init(load);

	o.conns = load->conns_len;
	o.disturbed = disturb > 0;
	if (ready && connect_all(load)) {
		printf("%u connections are up\n", load->conns_len);
		o.taken = run_load(load, &o.stuck);
	}
	if (ready) {
		load_totals_take(totals, load->conns, load->conns_len);
	}
	load_close(load, &o);
	if (ready) {
		ready = load_report_summary(totals, &o);
	}
	free(load->conns);
	free(totals);
	return ready;
}

/* What single ranges cannot say. */
static bool
options_fit(void)
{
	struct rlimit rl;

	if (2 * conns_len * message_size > BUFFERS_MAX) {
		fprintf(stderr,
		    "weir-load: --conns %ld with --size %ld needs too much "
		    "memory: conns x size up to %ld\n",
		    conns_len, message_size, BUFFERS_MAX / 2);
		return false;
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0) {
		return true;
	}
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0 &&
	    rl.rlim_cur < (rlim_t)conns_len + OTHER_FDS) {
		fprintf(stderr,
		    "weir-load: --conns %ld needs %ld open files, the limit "
		    "is %llu (ulimit -Hn)\n",
		    conns_len, conns_len + OTHER_FDS,
		    (unsigned long long)rl.rlim_cur);
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	enum options_end options = options_parse(&load_program, argc, argv);
	static struct load load;
	weir_err err;

	if (options != OPTIONS_RUN) {
		return options == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (!options_fit()) {
		return EXIT_FAILURE;
	}
	if (urls.len == 0) {
		urls.text[urls.len++] = DEFAULT_URL;
	}
	(void)setlocale(LC_CTYPE, "");
	(void)sigemptyset(&load.signals);
	(void)sigaddset(&load.signals, SIGINT);
	(void)sigaddset(&load.signals, SIGTERM);
	if (pthread_sigmask(SIG_BLOCK, &load.signals, NULL) != 0 ||
	    !run_init(&load.run)) {
		fprintf(stderr, "weir-load: cannot prepare signals or locks\n");
		return EXIT_FAILURE;
	}
	err = weir_init(NULL);
	if (err != WEIR_OK) {
		fprintf(
		    stderr, "weir-load: weir_init: %s\n", weir_strerror(err));
		return EXIT_FAILURE;
	}
	return load_run(&load) ? EXIT_SUCCESS : EXIT_FAILURE;
}
