/*
 * net - what the tests of streams share: operations, addresses, connections.
 */
#include "stream/net.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
op_cb(void *arg)
{
	struct op *op = arg;

	op->err = weir_aio_result(op->aio);
	op->count = weir_aio_count(op->aio);
	op->out = weir_aio_get_output(op->aio, 0);
	if (op->then != NULL) {
		op->then(op);
	}
	latch_hit(&op->latch);
}

void
op_init(struct op *op)
{
	memset(op, 0, sizeof(*op));
	latch_init(&op->latch);
	ck_assert_int_eq(weir_aio_alloc(&op->aio, op_cb, op), WEIR_OK);
}

void
op_fini(struct op *op)
{
	weir_aio_free(op->aio);
	latch_fini(&op->latch);
}

weir_err
op_wait(struct op *op)
{
	op->waited++;
	ck_assert_msg(latch_wait(&op->latch, op->waited), "no callback came");
	return op->err;
}

bool
op_pending(struct op *op)
{
	return latch_hits(&op->latch) == op->waited;
}

void
op_buf(struct op *op, const void *buf, size_t len)
{
	weir_iov iov = {(void *)(uintptr_t)buf, len};

	ck_assert_int_eq(weir_aio_set_iov(op->aio, 1, &iov), WEIR_OK);
}

weir_err
op_recv(struct op *op, weir_stream *s, void *buf, size_t len)
{
	op_buf(op, buf, len);
	weir_stream_recv(s, op->aio);
	return op_wait(op);
}

weir_err
op_recv_exactly(struct op *op, weir_stream *s, void *buf, size_t len)
{
	op_buf(op, buf, len);
	weir_stream_recv_exactly(s, op->aio);
	return op_wait(op);
}

weir_err
op_send(struct op *op, weir_stream *s, const void *buf, size_t len)
{
	op_buf(op, buf, len);
	weir_stream_send(s, op->aio);
	return op_wait(op);
}

weir_err
op_send_all(struct op *op, weir_stream *s, const void *buf, size_t len)
{
	op_buf(op, buf, len);
	weir_stream_send_all(s, op->aio);
	return op_wait(op);
}

weir_err
op_dial(struct op *op, weir_stream_dialer *d, weir_stream **s)
{
	weir_err err;

	weir_stream_dialer_dial(d, op->aio);
	err = op_wait(op);
	*s = op->out;
	return err;
}

weir_err
op_accept(struct op *op, weir_stream_listener *l, weir_stream **s)
{
	weir_err err;

	weir_stream_listener_accept(l, op->aio);
	err = op_wait(op);
	*s = op->out;
	return err;
}

void
net_path(char *path)
{
	static unsigned count;
	const char *dir = getenv("TMPDIR");

	snprintf(path, NET_URL_MAX, "%s/weir-test-%d-%u",
	    dir != NULL && strlen(dir) < 64 ? dir : P_tmpdir, (int)getpid(),
	    count++);
	(void)unlink(path);
}

bool
net_is_unix(enum net_kind kind)
{
	return kind == NET_UNIX || kind == NET_ABSTRACT;
}

void
net_listen_url(enum net_kind kind, char *url)
{
	char path[NET_URL_MAX];

	switch (kind) {
	case NET_TCP:
		strcpy(url, "tcp://127.0.0.1:0");
		return;
	case NET_TCP6:
		strcpy(url, "tcp://[::1]:0");
		return;
	case NET_UNIX:
	case NET_ABSTRACT:
	case NET_KINDS:
		break;
	}
	net_path(path);
	strcpy(url, kind == NET_ABSTRACT ? "abstract://" : "unix://");
	strcat(url, path);
}

void
net_dial_url(enum net_kind kind, weir_stream_listener *l,
    const char *listen_url, char *url)
{
	int port;

	if (net_is_unix(kind)) {
		strcpy(url, listen_url);
		return;
	}
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &port),
	    WEIR_OK);
	ck_assert_int_gt(port, 0);
	snprintf(url, NET_URL_MAX, "tcp://%s:%d",
	    kind == NET_TCP ? "127.0.0.1" : "[::1]", port);
}

weir_stream_listener *
net_listener(enum net_kind kind, char *dial_url)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;

	net_listen_url(kind, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	net_dial_url(kind, l, url, dial_url);
	return l;
}

weir_stream_dialer *
net_dialer(const char *url)
{
	weir_stream_dialer *d;

	ck_assert_int_eq(weir_stream_dialer_alloc(&d, url), WEIR_OK);
	return d;
}

void
net_pair(enum net_kind kind, weir_stream **a, weir_stream **b)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream_dialer *d = net_dialer(url);
	struct op dial, accept;

	op_init(&dial);
	op_init(&accept);
	weir_stream_listener_accept(l, accept.aio);
	ck_assert_int_eq(op_dial(&dial, d, a), WEIR_OK);
	ck_assert_int_eq(op_wait(&accept), WEIR_OK);
	*b = accept.out;
	ck_assert_ptr_nonnull(*a);
	ck_assert_ptr_nonnull(*b);
	op_fini(&dial);
	op_fini(&accept);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}

static struct sockaddr_in
net_loopback(uint16_t port)
{
	struct sockaddr_in in = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return in;
}

int
net_bare_listen(int backlog, uint16_t *port)
{
	struct sockaddr_in in = net_loopback(0);
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

int
net_bare_connect(uint16_t port)
{
	struct sockaddr_in in = net_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

void
net_bare_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	ck_assert_int_eq(close(fd), 0);
}

unsigned
net_bare_full(uint16_t port, int *fds, unsigned max)
{
	struct sockaddr_in in = net_loopback(port);
	unsigned n = 0;

	while (n < max) {
		struct pollfd p = {.events = POLLOUT};

		fds[n] = socket(
		    AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_int_ge(fds[n], 0);
		(void)connect(fds[n], (struct sockaddr *)&in, sizeof(in));
		p.fd = fds[n++];
		/* One that hangs: its SYN was dropped, so will the next. */
		if (poll(&p, 1, 200) == 0) {
			return n;
		}
	}
	ck_abort_msg("the listener took %u connections", max);
	return n;
}
