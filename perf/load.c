/*
 * load - a plain epoll load generator: the same load for every server.
 *
 * Purpose    measures an echo server without using weir: a closed loop with a
 *            fixed number of messages in flight on each connection, from one
 *            thread.  k replies in one read make one write of k messages.
 * Output     one line, key=value, times in microseconds:
 *              messages_per_s p50_us p99_us p999_us
 *              server_us  CPU time of the server per message (its process CPU
 *                         clock, read at both ends of the measured window)
 *              load_us    CPU time of this program per message
 *              switches   voluntary context switches of the server per message
 *              other_cpu  processors that anything else used meanwhile: a run
 *                         with more than 0.1 is disturbed
 * Bounds     conns 1..60000, size x depth up to IN_FLIGHT_MAX, SAMPLES_MAX
 *            latencies kept; silence for STALL_MS ends the run as an error.
 */
#include "load_probe.h"
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_FLIGHT_MAX 262144
#define SAMPLES_MAX (1u << 23)
#define EVENTS_MAX 256
#define STALL_MS 5000

static long port = 7007;
static long conns_len = 64;
static long depth = 1;
static long size = 64;
static long warmup_ms = 300;
static long measure_ms = 1500;
static long server_pid;
static long cpu = -1;

static const struct option_spec load_options[] = {
    {"--port", "N", "of the server on 127.0.0.1", &port, 1, 65535, NULL},
    {"--conns", "N", "connections", &conns_len, 1, 60000, NULL},
    {"--depth", "N", "messages in flight on each", &depth, 1, 1024, NULL},
    {"--size", "N", "bytes of a message", &size, 1, 65536, NULL},
    {"--warmup-ms", "N", "not measured", &warmup_ms, 0, 60000, NULL},
    {"--ms", "N", "measured", &measure_ms, 10, 600000, NULL},
    {"--server-pid", "N", "whose CPU time to read, 0: none", &server_pid, 0,
	4194304, NULL},
    {"--cpu", "N", "run on this processor, -1: any", &cpu, -1, 1023, NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct option_program load_program = {
    .name = "perf_load",
    .purpose = "measure an echo server on 127.0.0.1",
    .options = load_options,
};

struct conn {
	int fd;
	size_t got;    /* bytes of the reply that is under way */
	long first;    /* oldest message in flight, index into sent */
	int64_t *sent; /* when each was sent, depth of them */
};

struct load {
	int epoll;
	struct conn *conns;
	unsigned char *out; /* size x depth bytes to send */
	unsigned char *in;  /* as many to receive into */

	bool measuring;
	uint64_t messages;
	size_t samples_len;
	uint32_t *samples; /* ns */
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "perf_load: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* Write all; a full socket is waited for, because the server will read. */
static void
conn_write(const struct load *load, const struct conn *c, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
		    send(c->fd, load->out + done, len - done, MSG_NOSIGNAL);

		if (n > 0) {
			done += (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd pfd = {.fd = c->fd, .events = POLLOUT};

			if (poll(&pfd, 1, STALL_MS) != 1) {
				errno = ETIMEDOUT;
				die("send");
			}
		} else {
			die("send");
		}
	}
}

static void
conn_open(struct load *load, struct conn *c)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	c->sent = calloc((size_t)depth, sizeof(*c->sent));
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->sent == NULL || c->fd < 0) {
		die("socket");
	}
	if (connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0) {
		die("connect");
	}
	if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) !=
		0 ||
	    fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
		die("prepare socket");
	}
}

/* Replies of whole messages are here: note them, send as many again. */
static void
conn_replied(struct load *load, struct conn *c, size_t k, int64_t now)
{
	for (size_t i = 0; i < k; i++) {
		int64_t took = now - c->sent[c->first];

		if (load->measuring) {
			load->messages++;
			if (load->samples_len < SAMPLES_MAX) {
				load->samples[load->samples_len++] =
				    took < UINT32_MAX ? (uint32_t)took
						      : UINT32_MAX;
			}
		}
		c->sent[c->first] = now;
		c->first = (c->first + 1) % depth;
	}
	conn_write(load, c, k * (size_t)size);
}

static void
conn_ready(struct load *load, struct conn *c)
{
	ssize_t n = recv(c->fd, load->in, (size_t)(size * depth), 0);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n <= 0) {
		if (n == 0) {
			errno = ECONNRESET;
		}
		die("receive");
	}
	c->got += (size_t)n;
	if (c->got >= (size_t)size) {
		size_t k = c->got / (size_t)size;

		c->got %= (size_t)size;
		conn_replied(load, c, k, probe_now());
	}
}

/* Serve events until a time. */
static void
load_until(struct load *load, int64_t until)
{
	static struct epoll_event events[EVENTS_MAX];

	while (probe_now() < until) {
		int n = epoll_wait(load->epoll, events, EVENTS_MAX, STALL_MS);

		if (n == 0) {
			errno = ETIMEDOUT;
			die("no reply");
		}
		for (int i = 0; i < n; i++) {
			conn_ready(load, events[i].data.ptr);
		}
	}
}

static void
load_open(struct load *load)
{
	long len = conns_len;
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl); /* socket() tells */
	}
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->conns = calloc((size_t)len, sizeof(*load->conns));
	load->out = calloc((size_t)(size * depth), 1);
	load->in = malloc((size_t)(size * depth));
	load->samples = malloc(SAMPLES_MAX * sizeof(*load->samples));
	if (load->epoll < 0 || load->conns == NULL || load->out == NULL ||
	    load->in == NULL || load->samples == NULL) {
		die("prepare");
	}
	for (long i = 0; i < len; i++) {
		conn_open(load, &load->conns[i]);
	}
	for (long i = 0; i < len; i++) {
		struct conn *c = &load->conns[i];
		int64_t now = probe_now();

		for (long k = 0; k < depth; k++) {
			c->sent[k] = now;
		}
		conn_write(load, c, (size_t)(size * depth));
	}
}

static void
report(const struct load *load, const struct load_probe *a,
    const struct load_probe *b)
{
	double messages = (double)load->messages;
	double window_s = (double)(b->at_ns - a->at_ns) / 1e9;
	double server_us = (double)(b->server_ns - a->server_ns) / 1e3;
	double own_us = (double)(b->own_ns - a->own_ns) / 1e3;

	if (load->messages == 0) {
		fprintf(stderr, "perf_load: no message came back\n");
		exit(EXIT_FAILURE);
	}
	probe_sort(load->samples, load->samples_len);
	printf("messages_per_s=%.0f p50_us=%.2f p99_us=%.2f p999_us=%.2f "
	       "server_us=%.3f load_us=%.3f switches=%.4f other_cpu=%.2f\n",
	    messages / window_s,
	    probe_percentile_us(load->samples, load->samples_len, 0.50),
	    probe_percentile_us(load->samples, load->samples_len, 0.99),
	    probe_percentile_us(load->samples, load->samples_len, 0.999),
	    server_us / messages, own_us / messages,
	    (double)(b->server_switches - a->server_switches) / messages,
	    probe_other_cpus(a, b));
}

int
main(int argc, char **argv)
{
	enum options_end options = options_parse(&load_program, argc, argv);
	static struct load load;
	struct load_probe a, b;

	if (options != OPTIONS_RUN) {
		return options == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (size * depth > IN_FLIGHT_MAX) {
		fprintf(stderr, "perf_load: --size x --depth: up to %d\n",
		    IN_FLIGHT_MAX);
		return EXIT_FAILURE;
	}
	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) != 0) {
			die("--cpu");
		}
	}
	load_open(&load);
	load_until(&load, probe_now() + warmup_ms * 1000000);
	if (!probe_take(&a, (pid_t)server_pid)) {
		die("read the server's figures");
	}
	load.measuring = true;
	load_until(&load, probe_now() + measure_ms * 1000000);
	load.measuring = false;
	if (!probe_take(&b, (pid_t)server_pid)) {
		die("read the server's figures");
	}
	report(&load, &a, &b);
	return EXIT_SUCCESS;
}
