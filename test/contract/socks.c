/*
 * socks - plain sockets opposite to weir's.
 */
#include "contract/socks.h"
#include "aio/consumer.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_storage socks_at;
static socklen_t socks_at_len;

const char *
socks_path(void)
{
	static char url[64];

	(void)snprintf(
	    url, sizeof(url), "unix:///tmp/weir-contract-%d", (int)getpid());
	return url;
}

const char *
socks_name(void)
{
	static char url[64];

	(void)snprintf(
	    url, sizeof(url), "abstract://weir-contract-%d", (int)getpid());
	return url;
}

static bool
socks_is_abstract(const char *url)
{
	return strncmp(url, "abstract:", 9) == 0;
}

static bool
socks_is_unix(const char *url)
{
	return strncmp(url, "unix:", 5) == 0 || strncmp(url, "ipc:", 4) == 0 ||
	       socks_is_abstract(url);
}

static socklen_t
socks_unix_addr(const char *url, struct sockaddr_storage *sa)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)sa;
	const char *name = strstr(url, "://") + 3;
	int abstract = socks_is_abstract(url);

	memset(sa, 0, sizeof(*sa));
	un->sun_family = AF_UNIX;
	(void)snprintf(un->sun_path + abstract,
	    sizeof(un->sun_path) - (size_t)abstract, "%s", name);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   strlen(name));
}

static socklen_t
socks_tcp_addr(int port, struct sockaddr_storage *sa)
{
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)sa;

	memset(sa, 0, sizeof(*sa));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in->sin_port = htons((uint16_t)port);
	return (socklen_t)sizeof(*in);
}

socklen_t
socks_addr(
    weir_stream_listener *l, const char *url, struct sockaddr_storage *sa)
{
	int port;

	if (socks_is_unix(url)) {
		return socks_unix_addr(url, sa);
	}
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &port),
	    WEIR_OK);
	return socks_tcp_addr(port, sa);
}

weir_stream_listener *
socks_listen(const char *url)
{
	weir_stream_listener *l;

	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	socks_at_len = socks_addr(l, url, &socks_at);
	return l;
}

int
socks_try_connect(void)
{
	/* Small segments: a small window opens again without probes. */
	const int mss = 536;
	const int small = 4096;
	int fd = socket(socks_at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && socks_at.ss_family == AF_INET) {
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof(mss));
		/* Before the window is told: later, the system would have to
		 * drop what it allowed. */
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	}
	if (fd >= 0 &&
	    connect(fd, (struct sockaddr *)&socks_at, socks_at_len) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

int
socks_connect(weir_stream_listener *l)
{
	int fd = socks_try_connect();

	(void)l;
	ck_assert_int_ge(fd, 0);
	return fd;
}

weir_stream *
socks_accept(weir_stream_listener *l)
{
	struct consumer c;
	weir_stream *s;

	consumer_init(&c, NULL, NULL);
	weir_stream_listener_accept(l, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	s = weir_aio_get_output(c.aio, 0);
	consumer_fini(&c);
	return s;
}

int
socks_find(int peer)
{
	/* Both ends of a unix pair have the same name: mark ours by its
	 * buffer, and look for the other one. */
	struct sockaddr_storage want, got;
	socklen_t len = sizeof(want);

	ck_assert_int_eq(getsockname(peer, (struct sockaddr *)&want, &len), 0);
	for (int fd = 3; fd < 1024; fd++) {
		socklen_t got_len = sizeof(got);
		int listens = 0;
		socklen_t int_len = sizeof(listens);

		if (fd == peer ||
		    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
			&int_len) != 0 ||
		    listens != 0 ||
		    getpeername(fd, (struct sockaddr *)&got, &got_len) != 0 ||
		    got.ss_family != want.ss_family || got_len != len) {
			continue;
		}
		if (want.ss_family == AF_UNIX ||
		    ((struct sockaddr_in *)(void *)&want)->sin_port ==
			((struct sockaddr_in *)(void *)&got)->sin_port) {
			return fd;
		}
	}
	ck_abort_msg("the stream's descriptor was not found");
	return -1;
}

void
socks_small(int fd)
{
	const int size = 4096;

	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

/* Send pieces of this size until the system takes none. */
static size_t
fill_by(int fd, size_t piece)
{
	static const char zeros[4096];
	size_t total = 0;
	ssize_t n;

	do {
		n = send(fd, zeros, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
		total += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return total;
}

/*
 * Will an acknowledgement make room, without anybody reading?  Not when what is
 * on its way had to be sent again: the other end has no room for it.  again:
 * how often that was before.
 */
static bool
room_is_coming(int fd, uint32_t *again)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	bool dropped;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0) {
		return false; /* unix */
	}
	dropped = info.tcpi_total_retrans > *again;
	*again = info.tcpi_total_retrans;
	return info.tcpi_unacked > 0 && !dropped;
}

size_t
socks_fill(int fd)
{
	uint32_t again = UINT32_MAX;
	size_t total = 0;
	size_t more;
	bool coming;

	do {
		coming = room_is_coming(fd, &again); /* asked before */
		more = fill_by(fd, 4096) + fill_by(fd, 1);
		total += more;
		if (coming && more == 0) {
			(void)poll(NULL, 0, 1);
		}
	} while (coming || more > 0);
	return total;
}

void
socks_wait_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, -1), 1);
}

int
socks_plain_listen(const char *url, int backlog, const char **made)
{
	static char text[64];
	struct sockaddr_storage sa;
	socklen_t len;
	int fd;

	if (socks_is_unix(url)) {
		len = socks_unix_addr(url, &sa);
		(void)unlink(strstr(url, "://") + 3);
	} else {
		len = socks_tcp_addr(0, &sa);
	}
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, len), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	(void)snprintf(text, sizeof(text), "%s", url);
	if (sa.ss_family == AF_INET) {
		len = sizeof(sa);
		ck_assert_int_eq(
		    getsockname(fd, (struct sockaddr *)&sa, &len), 0);
		(void)snprintf(text, sizeof(text), "tcp://127.0.0.1:%d",
		    ntohs(((struct sockaddr_in *)(void *)&sa)->sin_port));
	}
	*made = text;
	return fd;
}

void
socks_plain_fill(int listener, int *fds, int max, int *n)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	ck_assert_int_eq(
	    getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	while (*n < max) {
		struct pollfd p = {.events = POLLOUT};
		int fd = socket(sa.ss_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		ck_assert_int_ge(fd, 0);
		fds[(*n)++] = fd;
		if (connect(fd, (struct sockaddr *)&sa, len) == 0) {
			continue;
		}
		if (errno == EAGAIN) { /* unix: full */
			return;
		}
		ck_assert_int_eq(errno, EINPROGRESS);
		p.fd = fd;
		if (poll(&p, 1, 50) == 0) { /* tcp: full */
			return;
		}
	}
	ck_abort_msg("the backlog never gets full");
}
