/*
 * chaos - a proxy between two ends of a connection that does them harm.
 *
 * Pairs      the thread has everything to itself; chaos_end joins it.
 */
#include "faults/chaos.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum harm { CALM, CLOSES, RESETS, HALVES };

/* One direction: what came from one end and is for the other. */
struct lane {
	unsigned char bytes[CHAOS_BUFFER];
	size_t first, len;
	bool ended;   /* nothing more comes */
	bool told;    /* and the other end knows */
	bool deaf;    /* what comes is thrown away */
	int64_t rest; /* [ns] nothing is moved before */
};

struct conn {
	int fd[2];
	struct lane lane[2]; /* from fd[i] */
	enum harm harm;
	size_t until; /* bytes until the harm is done */
	bool live;
};

struct chaos {
	pthread_t thread;
	int listener;
	struct sockaddr_in to;
	uint64_t dice;
	struct chaos_done done;
	struct conn conns[CHAOS_CONNS_MAX];
	struct pollfd fds[1 + 2 * CHAOS_CONNS_MAX];
	atomic_bool over;
};

/* A harness that fails cannot judge. */
static void
must(bool held)
{
	if (!held) {
		abort();
	}
}

static uint32_t
roll(struct chaos *c, uint32_t n)
{
	c->dice ^= c->dice << 13;
	c->dice ^= c->dice >> 7;
	c->dice ^= c->dice << 17;
	return (uint32_t)((c->dice >> 24) % n);
}

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- Connections ------------------------------------------------------- */

static void
conn_close(struct conn *k, bool reset)
{
	const struct linger hard = {.l_onoff = 1, .l_linger = 0};

	for (int i = 0; i < 2; i++) {
		if (reset) {
			(void)setsockopt(k->fd[i], SOL_SOCKET, SO_LINGER, &hard,
			    sizeof(hard));
		}
		(void)close(k->fd[i]);
	}
	k->live = false;
}

static void
conn_plan(struct chaos *c, struct conn *k)
{
	static const enum harm harms[] = {CLOSES, RESETS, HALVES};

	k->harm = CALM;
	if (c->done.conns++ % CHAOS_CALM == 0) {
		c->done.calm++;
		return;
	}
	k->harm = harms[roll(c, 3)];
	/* Often early: greetings and the first bytes. */
	k->until = roll(c, 2) == 0 ? roll(c, 64) : roll(c, 30000);
}

static void
chaos_accept(struct chaos *c)
{
	struct conn *k = c->conns;
	const int one = 1;

	while (k < c->conns + CHAOS_CONNS_MAX && k->live) {
		k++;
	}
	must(k < c->conns + CHAOS_CONNS_MAX);
	memset(k, 0, sizeof(*k));
	k->fd[0] =
	    accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (k->fd[0] < 0) {
		return; /* it has gone again */
	}
	k->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(k->fd[1] >= 0);
	k->live = true;
	if (connect(k->fd[1], (struct sockaddr *)&c->to, sizeof(c->to)) != 0) {
		conn_close(k, true);
		return;
	}
	/* What is cut is to arrive so, not to wait for more. */
	for (int i = 0; i < 2; i++) {
		(void)setsockopt(
		    k->fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	conn_plan(c, k);
}

/* --- Lanes ------------------------------------------------------------- */

/* Read a part, of chance length; the other end is told of the end later. */
static void
lane_read(struct chaos *c, struct conn *k, int i)
{
	struct lane *l = &k->lane[i];
	size_t most = sizeof(l->bytes);
	ssize_t n;

	if (roll(c, 3) != 0) {
		most = 1 + roll(c, 150); /* splits everything */
	}
	n = recv(k->fd[i], l->bytes, most, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0) {
		l->ended = true; /* a reset, too: the other end hears */
		return;
	}
	l->first = 0;
	l->len = l->deaf ? 0 : (size_t)n;
	if (roll(c, 20) == 0) {
		l->rest = now_ns() + roll(c, 3000000);
	}
}

static void
lane_write(struct chaos *c, struct conn *k, int i)
{
	struct lane *l = &k->lane[i];
	size_t part = l->len;
	ssize_t n;

	if (roll(c, 2) == 0) {
		part = 1 + roll(c, (uint32_t)l->len);
	}
	n = send(k->fd[1 - i], l->bytes + l->first, part,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		l->deaf = true; /* nobody there any more */
		l->len = 0;
	}
	if (n > 0) {
		l->first += (size_t)n;
		l->len -= (size_t)n;
		k->until -= (size_t)n < k->until ? (size_t)n : k->until;
	}
}

/* What it came for.  False: the connection is over. */
static bool
conn_harm(struct chaos *c, struct conn *k)
{
	struct lane *l;

	switch (k->harm) {
	case CALM:
		return true;
	case CLOSES:
		c->done.closed++;
		conn_close(k, false);
		return false;
	case RESETS:
		c->done.reset++;
		conn_close(k, true);
		return false;
	case HALVES:
		c->done.half++;
		l = &k->lane[roll(c, 2)];
		l->deaf = true;
		l->len = 0;
		l->ended = true;
		break;
	}
	k->harm = CALM;
	return true;
}

/* One turn of a connection. */
static void
conn_turn(struct chaos *c, struct conn *k)
{
	const int64_t now = now_ns();

	if (k->until == 0 && !conn_harm(c, k)) {
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct lane *l = &k->lane[i];

		if (now < l->rest) {
			continue;
		}
		if (l->len == 0 && !l->ended) {
			lane_read(c, k, i);
		} else if (l->len > 0) {
			lane_write(c, k, i);
		}
		if (l->ended && l->len == 0 && !l->told) {
			l->told = true;
			(void)shutdown(k->fd[1 - i], SHUT_WR);
		}
	}
	if (k->lane[0].told && k->lane[1].told) {
		conn_close(k, false);
	}
}

/* --- The thread -------------------------------------------------------- */

static nfds_t
chaos_watch(struct chaos *c, struct pollfd *fds, int *timeout)
{
	nfds_t n = 1;
	const int64_t now = now_ns();

	*timeout = -1;
	fds[0] = (struct pollfd){.fd = c->listener, .events = POLLIN};
	for (int i = 0; i < CHAOS_CONNS_MAX; i++) {
		struct conn *k = &c->conns[i];

		if (!k->live) {
			continue;
		}
		for (int j = 0; j < 2; j++) {
			short events = 0;

			if (now < k->lane[j].rest ||
			    now < k->lane[1 - j].rest) {
				*timeout = 1;
			}
			if (k->lane[j].len == 0 && !k->lane[j].ended &&
			    now >= k->lane[j].rest) {
				events |= POLLIN;
			}
			if (k->lane[1 - j].len > 0 &&
			    now >= k->lane[1 - j].rest) {
				events |= POLLOUT;
			}
			if (events != 0) {
				fds[n++] = (struct pollfd){
				    .fd = k->fd[j], .events = events};
			}
		}
	}
	return n;
}

static void *
chaos_main(void *arg)
{
	struct chaos *c = arg;

	for (;;) {
		int timeout;
		nfds_t n = chaos_watch(c, c->fds, &timeout);

		must(poll(c->fds, n, timeout) >= 0 || errno == EINTR);
		if (atomic_load(&c->over)) {
			break;
		}
		if ((c->fds[0].revents & POLLIN) != 0) {
			chaos_accept(c);
		}
		for (int i = 0; i < CHAOS_CONNS_MAX; i++) {
			if (c->conns[i].live) {
				conn_turn(c, &c->conns[i]);
			}
		}
	}
	return NULL;
}

struct chaos *
chaos_begin(uint16_t to, uint64_t seed, uint16_t *port)
{
	struct chaos *c = calloc(1, sizeof(*c));
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	must(c != NULL);
	c->dice = seed | 1;
	c->to = at;
	c->to.sin_port = htons(to);
	c->listener =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(c->listener >= 0 &&
	     bind(c->listener, (struct sockaddr *)&at, len) == 0 &&
	     listen(c->listener, CHAOS_CONNS_MAX) == 0 &&
	     getsockname(c->listener, (struct sockaddr *)&at, &len) == 0);
	*port = ntohs(at.sin_port);
	must(pthread_create(&c->thread, NULL, chaos_main, c) == 0);
	return c;
}

struct chaos_done
chaos_end(struct chaos *c)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	struct chaos_done done;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	atomic_store(&c->over, true);
	/* A last connection wakes it. */
	must(fd >= 0 &&
	     getsockname(c->listener, (struct sockaddr *)&at, &len) == 0 &&
	     connect(fd, (struct sockaddr *)&at, len) == 0);
	must(pthread_join(c->thread, NULL) == 0);
	(void)close(fd);
	(void)close(c->listener);
	for (int i = 0; i < CHAOS_CONNS_MAX; i++) {
		if (c->conns[i].live) {
			conn_close(&c->conns[i], false);
		}
	}
	done = c->done;
	free(c);
	return done;
}
