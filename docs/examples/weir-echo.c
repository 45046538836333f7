/*
 * weir-echo - a daemon that sends back what it receives.
 *
 * Purpose    the example to learn from: listeners, an idle timeout for each
 *            connection, a limit, figures, and an end that loses nothing.
 * Threads    main waits for signals and for the next line of figures.  All
 *            else happens in callbacks on weir's threads; how many those are
 *            is up to the WEIR_* variables.
 * Signals    Blocked before weir_init and taken with sigtimedwait, so no
 *            handler ever runs.  weir's threads block all signals by
 *            themselves.
 * End        SIGINT or SIGTERM: accept no more, receive no more, let sends
 *            finish for up to --drain-ms, count what is left.  A second one:
 *            do not wait for the sends.
 * Bounds     each option names its range; --help shows them.
 */
#include "echo_server.h"
#include "operations.h"
#include "options.h"
#include "url_hint.h"

#include <weir/weir.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_URL "tcp://127.0.0.1:7007"
/* Descriptors that are not connections: weir's own, listeners, stdio. */
#define OTHER_FDS 64
/* Connections that were cut end without waiting for a peer. */
#define CUT_LIMIT WEIR_SECONDS(5)
/* During a drain main looks for a second signal this often. */
#define DRAIN_LOOK WEIR_MS(50)

static struct option_list urls;
static long idle_ms = 60000;
static long conns_max = 10000;
static long drain_ms = 3000;
static long stats_fd = -1;

static const struct option_spec echo_options[] = {
    {"--listen", "URL", "tcp://HOST:PORT or unix://PATH", NULL, 0, 0, &urls},
    {"--idle-ms", "N", "end what is idle this long", &idle_ms, 1, 86400000,
	NULL},
    {"--max-conns", "N", "serve this many at once", &conns_max, 1, 1000000,
	NULL},
    {"--drain-ms", "N", "let sends finish this long", &drain_ms, 0, 600000,
	NULL},
    {"--stats-fd", "N", "write figures there, -1: not", &stats_fd, -1, 1048575,
	NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct option_program echo_program = {
    .name = "weir-echo",
    .purpose = "send back what is received",
    .notes =
	"Without --listen: " DEFAULT_URL ".  Port 0 takes any free port; the\n"
	"line \"listening URL\" on stdout names it.  HOST is numeric.\n"
	"Threads: WEIR_NUM_TASK_THREADS, WEIR_NUM_POLLER_THREADS and the\n"
	"other variables of weir.  SIGINT or SIGTERM ends it gracefully.\n",
    .options = echo_options,
};

/* What the last line of figures was made from. */
struct figures_line {
	weir_time at;
	int64_t cpu_ns;
	struct echo_figures figures;
};

static int64_t
cpu_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) != 0) {
		return 0;
	}
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
figures_take(struct echo_server *server, struct figures_line *line)
{
	line->at = weir_now();
	line->cpu_ns = cpu_now();
	echo_server_figures(server, &line->figures);
}

/*
 * Write one line to --stats-fd.  A line is shorter than PIPE_BUF, and poll
 * says whether a pipe has that much room: a reader that sleeps costs us lines,
 * never the daemon's signals.
 */
static void
figures_write(struct echo_server *server, struct figures_line *last)
{
	struct pollfd pfd = {.fd = (int)stats_fd, .events = POLLOUT};
	weir_stats stats = {.size = sizeof(stats)};
	struct figures_line now;
	char text[512];
	double seconds, messages;
	int len;

	if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0) {
		return; /* the next line covers this second as well */
	}
	figures_take(server, &now);
	if (weir_get_stats(&stats) != WEIR_OK) {
		return;
	}
	seconds = (double)(now.at - last->at) / 1e9;
	messages = (double)(now.figures.messages - last->figures.messages);
	len = snprintf(text, sizeof(text),
	    "connections=%u messages_per_s=%.0f bytes_per_s=%.0f "
	    "messages=%llu bytes=%llu timeouts=%llu failed=%llu pauses=%llu "
	    "deadlines=%llu cpu_us_per_message=%.2f\n",
	    now.figures.conns, messages / seconds,
	    (double)(now.figures.bytes - last->figures.bytes) / seconds,
	    (unsigned long long)now.figures.messages,
	    (unsigned long long)now.figures.bytes,
	    (unsigned long long)now.figures.timeouts,
	    (unsigned long long)now.figures.failed,
	    (unsigned long long)now.figures.pauses,
	    (unsigned long long)stats.deadlines,
	    messages > 0 ? (double)(now.cpu_ns - last->cpu_ns) / 1e3 / messages
			 : 0.0);
	if (write((int)stats_fd, text, (size_t)len) < 0) {
		fprintf(stderr,
		    "weir-echo: --stats-fd %ld: %s; no more figures\n",
		    stats_fd, strerror(errno));
		stats_fd = -1;
	}
	*last = now;
}

/* Wait for a signal of the set, at most so long; 0: none came. */
static int
signal_wait(const sigset_t *set, weir_duration d)
{
	struct timespec ts = {
	    .tv_sec = (time_t)(d / 1000000000),
	    .tv_nsec = (long)(d % 1000000000),
	};
	int sig = sigtimedwait(set, NULL, &ts);

	return sig > 0 ? sig : 0;
}

/* Serve until a signal says stop; which one. */
static int
serve(struct echo_server *server, const sigset_t *set)
{
	struct figures_line last;
	weir_time next;
	int sig;

	figures_take(server, &last);
	next = last.at;
	do {
		weir_duration left = WEIR_SECONDS(3600);

		if (stats_fd >= 0) {
			next = weir_time_after(next, WEIR_SECONDS(1));
			left = next - weir_now();
		}
		sig = signal_wait(set, left > 0 ? left : 0);
		if (sig == 0 && stats_fd >= 0) {
			figures_write(server, &last);
		}
	} while (sig == 0);
	return sig;
}

/* End the connections; returns how many had to be cut. */
static unsigned
drain(struct echo_server *server, const sigset_t *set)
{
	weir_time until = weir_time_after(weir_now(), WEIR_MS(drain_ms));
	unsigned left;

	echo_server_drain(server);
	do {
		weir_time look = weir_time_after(weir_now(), DRAIN_LOOK);

		left = echo_server_wait(server, look < until ? look : until);
		if (left > 0 && signal_wait(set, 0) != 0) {
			break;
		}
	} while (left > 0 && weir_now() < until);
	if (left > 0) {
		echo_server_cut(server);
		(void)echo_server_wait(
		    server, weir_time_after(weir_now(), CUT_LIMIT));
	}
	return left;
}

/*
 * Say what was done and what is left; the exit status.  When something is left
 * the server's memory stays, because a callback may still want it.
 */
static int
report(struct echo_server *server, unsigned cut)
{
	struct echo_figures f;
	long long left;
	weir_err err;

	echo_server_figures(server, &f);
	echo_server_close(server);
	left = operations_left(WEIR_SECONDS(1));
	err = weir_fini();
	printf("served %llu connections, %llu messages, %llu bytes; "
	       "%llu timeouts, %llu failed, %u cut\n",
	    (unsigned long long)f.accepted, (unsigned long long)f.messages,
	    (unsigned long long)f.bytes, (unsigned long long)f.timeouts,
	    (unsigned long long)f.failed, cut);
	if (err != WEIR_OK || left != 0 || f.conns != 0) {
		printf("not drained, %lld operations and %u connections left "
		       "(%s)\n",
		    left, f.conns, weir_strerror(err));
		return EXIT_FAILURE;
	}
	echo_server_free(server);
	printf("drained, 0 operations left\n");
	return EXIT_SUCCESS;
}

/* Listen on every URL; one line on stdout for each. */
static bool
listen_all(struct echo_server *server)
{
	if (urls.len == 0) {
		urls.text[urls.len++] = DEFAULT_URL;
	}
	for (unsigned i = 0; i < urls.len; i++) {
		char bound[256];
		weir_err err = echo_server_listen(
		    server, urls.text[i], bound, sizeof(bound));

		if (err != WEIR_OK) {
			fprintf(stderr,
			    "weir-echo: cannot listen on \"%s\": %s%s\n",
			    urls.text[i], weir_strerror(err), url_hint(err));
			return false;
		}
		printf("listening %s\n", bound);
	}
	return fflush(stdout) == 0;
}

/* Make room for --max-conns descriptors, or say how far the system goes. */
static void
files_reserve(void)
{
	rlim_t want = (rlim_t)conns_max + OTHER_FDS;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= want) {
		return;
	}
	rl.rlim_cur = rl.rlim_max < want ? rl.rlim_max : want;
	if (setrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur == want) {
		return;
	}
	fprintf(stderr,
	    "weir-echo: --max-conns %ld needs %llu open files, the limit is "
	    "%llu (ulimit -n); beyond it accepting pauses\n",
	    conns_max, (unsigned long long)want,
	    (unsigned long long)rl.rlim_cur);
}

static bool
signals_block(sigset_t *set)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	/* weir never raises SIGPIPE; our own stdout and --stats-fd may. */
	return sigaction(SIGPIPE, &ignore, NULL) == 0 &&
	       pthread_sigmask(SIG_BLOCK, set, NULL) == 0;
}

int
main(int argc, char **argv)
{
	enum options_end options = options_parse(&echo_program, argc, argv);
	struct echo_server *server;
	struct echo_limits limits;
	sigset_t set;
	weir_err err;

	if (options != OPTIONS_RUN) {
		return options == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (stats_fd >= 0 && fcntl((int)stats_fd, F_GETFL) < 0) {
		fprintf(stderr,
		    "weir-echo: --stats-fd: %ld is not an open descriptor\n",
		    stats_fd);
		return EXIT_FAILURE;
	}
	if (!signals_block(&set)) {
		fprintf(stderr, "weir-echo: cannot block signals\n");
		return EXIT_FAILURE;
	}
	files_reserve();
	err = weir_init(NULL);
	if (err != WEIR_OK) {
		fprintf(
		    stderr, "weir-echo: weir_init: %s\n", weir_strerror(err));
		return EXIT_FAILURE;
	}
	limits.conns_max = (unsigned)conns_max;
	limits.idle_ns = WEIR_MS(idle_ms);
	err = echo_server_alloc(&server, &limits);
	if (err != WEIR_OK) {
		fprintf(stderr, "weir-echo: %s\n", weir_strerror(err));
		(void)weir_fini();
		return EXIT_FAILURE;
	}
	if (!listen_all(server)) {
		(void)drain(server, &set);
		echo_server_close(server);
		(void)weir_fini();
		echo_server_free(server);
		return EXIT_FAILURE;
	}
	int sig = serve(server, &set);

	printf("%s: draining\n", sig == SIGINT ? "SIGINT" : "SIGTERM");
	(void)fflush(stdout);
	return report(server, drain(server, &set));
}
