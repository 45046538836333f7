/*
 * peer - a message stream of weir with a plain socket of the test opposite.
 */
#include "msgstream/peer.h"
#include "contract/socks.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A receive of the bare system that takes longer has failed. */
#define PEER_LIMIT_S 20

/* A path, or an abstract name. */
static int
bare_unix(const char *name, bool abstract)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    (size_t)abstract + strlen(name));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(un.sun_path + abstract, name, strlen(name));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, len), 0);
	return fd;
}

static int
bare_tcp6(uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
	    .sin6_port = htons(port),
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	return fd;
}

static int
bare_connect(enum net_kind kind, const char *url)
{
	uint16_t port = (uint16_t)atoi(strrchr(url, ':') + 1);

	switch (kind) {
	case NET_UNIX:
	case NET_ABSTRACT:
		return bare_unix(strstr(url, "://") + 3, kind == NET_ABSTRACT);
	case NET_TCP6:
		return bare_tcp6(port);
	case NET_TCP:
	case NET_KINDS:
		break;
	}
	return net_bare_connect(port);
}

void
peer_open(
    struct peer *p, enum net_kind kind, const weir_msgstream_params *params)
{
	struct timeval limit = {.tv_sec = PEER_LIMIT_S};
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream *s;
	struct op op;

	op_init(&op);
	p->fd = bare_connect(kind, url);
	ck_assert_int_eq(
	    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
	    0);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	weir_stream_listener_free(l);
	op_fini(&op);
	p->ipc = net_is_unix(kind);
	if (params != NULL && params->mapping != WEIR_MAPPING_AUTO) {
		p->ipc = params->mapping == WEIR_MAPPING_IPC;
	}
	ck_assert_int_eq(weir_msgstream_open(&p->ms, s, params), WEIR_OK);
}

void
peer_ready(
    struct peer *p, enum net_kind kind, const weir_msgstream_params *params)
{
	struct op op;

	peer_open(p, kind, params);
	op_init(&op);
	peer_hear_hello(p, WEIR_PROTO_PAIR);
	peer_say_hello(p, WEIR_PROTO_PAIR);
	ck_assert_int_eq(op_ready(&op, p->ms), WEIR_OK);
	op_fini(&op);
}

void
peer_close(struct peer *p)
{
	weir_msgstream_free(p->ms);
	p->ms = NULL;
	if (p->fd >= 0) {
		(void)close(p->fd);
	}
	p->fd = -1;
}

void
peer_write(struct peer *p, const void *buf, size_t len)
{
	const uint8_t *at = buf;

	while (len > 0) {
		ssize_t n = send(p->fd, at, len, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		at += n;
		len -= (size_t)n;
	}
}

void
peer_read(struct peer *p, void *buf, size_t len)
{
	uint8_t *at = buf;

	while (len > 0) {
		ssize_t n = recv(p->fd, at, len, 0);

		ck_assert_msg(n > 0, "%zu bytes are missing: %s", len,
		    n < 0 ? strerror(errno) : "end");
		at += n;
		len -= (size_t)n;
	}
}

static void
hello(uint8_t *out, unsigned protocol)
{
	const uint8_t bytes[8] = {
	    0, 'S', 'P', 0, (uint8_t)(protocol >> 8), (uint8_t)protocol, 0, 0};

	memcpy(out, bytes, sizeof(bytes));
}

void
peer_say_hello(struct peer *p, unsigned protocol)
{
	uint8_t bytes[8];

	hello(bytes, protocol);
	peer_write(p, bytes, sizeof(bytes));
}

void
peer_hear_hello(struct peer *p, unsigned protocol)
{
	uint8_t want[8], got[8];

	hello(want, protocol);
	peer_read(p, got, sizeof(got));
	ck_assert_mem_eq(got, want, sizeof(got));
}

size_t
peer_head(struct peer *p, uint64_t len, uint8_t *out)
{
	size_t n = 0;

	if (p->ipc) {
		out[n++] = 1;
	}
	for (int shift = 56; shift >= 0; shift -= 8) {
		out[n++] = (uint8_t)(len >> shift);
	}
	return n;
}

size_t
peer_frame(struct peer *p, const void *buf, size_t len, uint8_t *out)
{
	size_t n = peer_head(p, len, out);

	memcpy(out + n, buf, len);
	return n + len;
}

void
peer_send(struct peer *p, const void *buf, size_t len)
{
	uint8_t head[PEER_HEAD_MAX];
	size_t n = peer_head(p, len, head);
	struct iovec iov[2] = {{head, n}, {(void *)(uintptr_t)buf, len}};
	const struct msghdr mh = {.msg_iov = iov, .msg_iovlen = 2};
	ssize_t sent = sendmsg(p->fd, &mh, MSG_NOSIGNAL);

	/* In one piece, which is there or not there. */
	ck_assert_int_ge(sent, (ssize_t)n);
	peer_write(p, (const uint8_t *)buf + (sent - (ssize_t)n),
	    n + len - (size_t)sent);
}

static uint8_t *
read_frame(struct peer *p, size_t len)
{
	uint8_t want[PEER_HEAD_MAX], got[PEER_HEAD_MAX];
	size_t n = peer_head(p, len, want);
	uint8_t *body = malloc(len + 1);

	ck_assert_ptr_nonnull(body);
	peer_read(p, got, n);
	ck_assert_mem_eq(got, want, n);
	peer_read(p, body, len);
	return body;
}

void
peer_expect(struct peer *p, const void *buf, size_t len)
{
	uint8_t *body = read_frame(p, len);

	ck_assert_mem_eq(body, buf, len);
	free(body);
}

void
peer_expect_filled(struct peer *p, size_t len, unsigned seed)
{
	uint8_t *body = read_frame(p, len);

	ck_assert(is_filled(body, len, seed));
	free(body);
}

void
peer_expect_end(struct peer *p)
{
	char byte;
	ssize_t n = recv(p->fd, &byte, 1, 0);

	ck_assert_msg(n == 0 || (n < 0 && errno == ECONNRESET),
	    "not the end: %zd, %s", n, n < 0 ? strerror(errno) : "a byte");
}

void
peer_expect_nothing(struct peer *p)
{
	char byte;
	ssize_t n = recv(p->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, EAGAIN);
}

void
peer_small(struct peer *p)
{
	p->own = socks_find(p->fd);
	socks_small(p->own);
	socks_small(p->fd);
}

static void
set_buffers(int fd, int size)
{
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
}

void
peer_narrow(struct peer *p)
{
	p->own = socks_find(p->fd);
	set_buffers(p->own, 65536);
	set_buffers(p->fd, 65536);
}

void
peer_arrived(struct peer *p)
{
	socks_wait_readable(socks_find(p->fd));
}

size_t
peer_fill(struct peer *p)
{
	return socks_fill(p->own);
}

void
peer_skip(struct peer *p, size_t len)
{
	static char sink[4096];

	while (len > 0) {
		size_t n = len < sizeof(sink) ? len : sizeof(sink);

		peer_read(p, sink, n);
		len -= n;
	}
}

void
pair_open(enum net_kind kind, weir_msgstream **a,
    const weir_msgstream_params *pa, weir_msgstream **b,
    const weir_msgstream_params *pb)
{
	weir_stream *sa, *sb;

	net_pair(kind, &sa, &sb);
	ck_assert_int_eq(weir_msgstream_open(a, sa, pa), WEIR_OK);
	ck_assert_int_eq(weir_msgstream_open(b, sb, pb), WEIR_OK);
}

void
fill(uint8_t *p, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
}

bool
is_filled(const uint8_t *p, size_t len, unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		if (p[i] != (uint8_t)(x >> 24)) {
			return false;
		}
	}
	return true;
}

weir_msg *
msg_of(const void *buf, size_t len)
{
	weir_msg *msg;

	ck_assert_int_eq(weir_msg_alloc(&msg, len), WEIR_OK);
	if (len > 0) {
		memcpy(weir_msg_body(msg), buf, len);
	}
	return msg;
}

weir_msg *
msg_filled(size_t len, unsigned seed)
{
	weir_msg *msg = msg_of(NULL, 0);

	ck_assert_int_eq(weir_msg_realloc(msg, len), WEIR_OK);
	fill(weir_msg_body(msg), len, seed);
	return msg;
}

weir_msg *
msg_zeros(size_t len)
{
	weir_msg *msg;

	ck_assert_int_eq(weir_msg_alloc(&msg, len), WEIR_OK);
	return msg;
}

void
op_msg_put(struct op *op, weir_msgstream *ms, weir_msg *msg)
{
	ck_assert_int_eq(weir_aio_set_msg(op->aio, msg), WEIR_OK);
	weir_msgstream_send(ms, op->aio);
}

weir_err
op_msg_send(struct op *op, weir_msgstream *ms, weir_msg *msg)
{
	size_t len = weir_msg_header_len(msg) + weir_msg_len(msg);
	weir_err err;

	op_msg_put(op, ms, msg);
	err = op_wait(op);
	if (err == WEIR_OK) {
		ck_assert_ptr_null(weir_aio_get_msg(op->aio));
		ck_assert_uint_eq(op->count, len);
	} else {
		ck_assert_ptr_eq(weir_aio_get_msg(op->aio), msg);
		ck_assert_uint_eq(op->count, 0);
		weir_msg_free(msg);
		(void)weir_aio_set_msg(op->aio, NULL);
	}
	return err;
}

weir_err
op_msg_recv(struct op *op, weir_msgstream *ms, weir_msg **msgp)
{
	weir_err err;

	weir_msgstream_recv(ms, op->aio);
	err = op_wait(op);
	*msgp = weir_aio_get_msg(op->aio);
	ck_assert_int_eq(*msgp != NULL, err == WEIR_OK);
	return err;
}

weir_err
op_ready(struct op *op, weir_msgstream *ms)
{
	weir_msgstream_ready(ms, op->aio);
	return op_wait(op);
}

void
op_expect(struct op *op, const void *buf, size_t len)
{
	weir_msg *msg = weir_aio_get_msg(op->aio);

	ck_assert_ptr_nonnull(msg);
	ck_assert_uint_eq(op->count, len);
	ck_assert_uint_eq(weir_msg_len(msg), len);
	ck_assert_uint_eq(weir_msg_header_len(msg), 0);
	ck_assert_mem_eq(weir_msg_data(msg), buf, len);
	weir_msg_free(msg);
	(void)weir_aio_set_msg(op->aio, NULL);
}

void
op_expect_filled(struct op *op, size_t len, unsigned seed)
{
	weir_msg *msg = weir_aio_get_msg(op->aio);

	ck_assert_ptr_nonnull(msg);
	ck_assert_uint_eq(weir_msg_len(msg), len);
	ck_assert(is_filled(weir_msg_data(msg), len, seed));
	weir_msg_free(msg);
	(void)weir_aio_set_msg(op->aio, NULL);
}

void
recv_expect(struct op *op, weir_msgstream *ms, const void *buf, size_t len)
{
	weir_msgstream_recv(ms, op->aio);
	ck_assert_int_eq(op_wait(op), WEIR_OK);
	op_expect(op, buf, len);
}
