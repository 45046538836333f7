/*
 * echo_epoll - a raw epoll echo server in one thread: the floor.
 *
 * Purpose    what an echo costs when nothing stands between the program and
 *            the kernel.  One receive of up to 16 KiB, one send, per message.
 * Triggers   level: the event says "there is something".  --edge 1: both
 *            directions registered once; a short receive ends the reading.
 * Bounds     one buffer for all; only a connection whose peer does not read
 *            keeps a copy of the rest, and reads no more until it is sent.
 */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUF 16384
#define EVENTS_MAX 256

static long port;
static long edge;
static long cpu = -1;

static const struct option_spec echo_options[] = {
    {"--port", "N", "on 127.0.0.1, 0: any", &port, 0, 65535, NULL},
    {"--edge", "N", "0: level triggered, 1: edge", &edge, 0, 1, NULL},
    {"--cpu", "N", "run on this processor, -1: any", &cpu, -1, 1023, NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct option_program echo_program = {
    .name = "perf_echo_epoll",
    .purpose = "raw epoll echo server, the floor to compare with",
    .options = echo_options,
};

struct conn {
	int fd;
	size_t rest_len; /* bytes that wait for room */
	unsigned char *rest;
};

static int epoll;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "perf_echo_epoll: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* What to be told of; edges of both directions come unasked. */
static void
conn_want(const struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = (void *)c};

	if (edge == 0 && epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev) != 0) {
		die("epoll_ctl");
	}
}

static void
conn_close(struct conn *c)
{
	(void)close(c->fd);
	free(c->rest);
	free(c);
}

/* Send; what has no room is kept.  False: the connection is over. */
static bool
conn_send(struct conn *c, const unsigned char *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

	if (n == (ssize_t)len) {
		return true;
	}
	if (n < 0 && errno != EAGAIN) {
		return false;
	}
	n = n < 0 ? 0 : n;
	c->rest_len = len - (size_t)n;
	c->rest = malloc(c->rest_len);
	if (c->rest == NULL) {
		return false;
	}
	memcpy(c->rest, data + n, c->rest_len);
	conn_want(c, EPOLLOUT);
	return true;
}

/* Send what was kept; true when nothing is left in the way of reading. */
static bool
conn_flush(struct conn *c, bool *over)
{
	unsigned char *rest = c->rest;

	if (rest == NULL) {
		return true;
	}
	c->rest = NULL;
	*over = !conn_send(c, rest, c->rest_len);
	free(rest);
	if (!*over && c->rest == NULL) {
		conn_want(c, EPOLLIN);
		return true;
	}
	return false;
}

static void
conn_ready(struct conn *c, uint32_t seen)
{
	/* The peer's end may be in the same edge as its last bytes. */
	bool short_ends = (seen & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0;
	static unsigned char buf[BUF];
	bool over = false;

	if (!conn_flush(c, &over)) {
		if (over) {
			conn_close(c);
		}
		return;
	}
	for (;;) {
		ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EAGAIN) {
			return;
		}
		if (n <= 0 || !conn_send(c, buf, (size_t)n)) {
			conn_close(c);
			return;
		}
		if (edge == 0 || c->rest != NULL ||
		    (short_ends && n < (ssize_t)sizeof(buf))) {
			return;
		}
	}
}

static void
accept_all(int listener)
{
	int one = 1;

	for (;;) {
		int fd =
		    accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct epoll_event ev = {.events = EPOLLIN};
		struct conn *c;

		if (fd < 0) {
			if (errno == EAGAIN || errno == ECONNABORTED) {
				return;
			}
			die("accept");
		}
		c = calloc(1, sizeof(*c));
		if (c == NULL) {
			die("accept");
		}
		c->fd = fd;
		ev.data.ptr = c;
		if (edge != 0) {
			ev.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
		}
		if (setsockopt(
			fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
			die("prepare socket");
		}
	}
}

/* Bind, listen, say where. */
static int
listener_open(void)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	socklen_t len = sizeof(sin);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    listen(fd, 4096) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) != 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
		die("listen");
	}
	printf("listening tcp://127.0.0.1:%u\n", (unsigned)ntohs(sin.sin_port));
	(void)fflush(stdout);
	return fd;
}

int
main(int argc, char **argv)
{
	enum options_end options = options_parse(&echo_program, argc, argv);
	static struct epoll_event events[EVENTS_MAX];
	struct rlimit rl;
	int listener;

	if (options != OPTIONS_RUN) {
		return options == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) != 0) {
			die("--cpu");
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl); /* accept tells */
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0) {
		die("epoll_create1");
	}
	listener = listener_open();
	for (;;) { /* until SIGTERM */
		int n = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == NULL) {
				accept_all(listener);
			} else {
				conn_ready(
				    events[i].data.ptr, events[i].events);
			}
		}
	}
}
