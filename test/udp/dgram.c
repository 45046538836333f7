/*
 * dgram - what the tests of udp share: sockets, addresses, operations.
 */
#include "udp/dgram.h"
#include "udp/udp_impl.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
dg_has(enum dg_kind kind)
{
	struct sockaddr_in6 in6 = {
	    .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool has;
	int fd;

	if (kind == DG_IN) {
		return true;
	}
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	has = fd >= 0 && bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == 0;
	if (fd >= 0) {
		(void)close(fd);
	}
	return has;
}

weir_sockaddr
dg_addr(enum dg_kind kind, uint16_t port)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	if (kind == DG_IN) {
		sa.s_in.sa_family = WEIR_AF_INET;
		sa.s_in.sa_port = htons(port);
		sa.s_in.sa_addr = htonl(INADDR_LOOPBACK);
	} else {
		sa.s_in6.sa_family = WEIR_AF_INET6;
		sa.s_in6.sa_port = htons(port);
		sa.s_in6.sa_addr[15] = 1;
	}
	return sa;
}

weir_udp *
dg_open(enum dg_kind kind, const weir_udp_params *params)
{
	weir_sockaddr sa = dg_addr(kind, 0);
	weir_udp *u = NULL;

	ck_assert_int_eq(weir_udp_open_with(&u, &sa, params), WEIR_OK);
	ck_assert_ptr_nonnull(u);
	return u;
}

weir_sockaddr
dg_name(weir_udp *u)
{
	weir_sockaddr sa;

	ck_assert_int_eq(weir_udp_sockname(u, &sa), WEIR_OK);
	return sa;
}

int
dg_number(weir_udp *u)
{
	return weir_fd_number(u->fd);
}

void
dg_poke(weir_udp *u)
{
	weir_sockaddr name = dg_name(u);
	struct wri_sysaddr to;
	int fd = dg_number(u);
	int other = socket(
	    name.s_family == WEIR_AF_INET ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(to.u);

	/* What it sends itself makes room in its send buffer again. */
	ck_assert_int_eq(wri_sysaddr_of(&to, &name), WEIR_OK);
	if (name.s_family == WEIR_AF_INET) {
		to.u.in.sin_port = 0;
	} else {
		to.u.in6.sin6_port = 0;
	}
	ck_assert_int_eq(bind(other, &to.u.sa, to.len), 0);
	ck_assert_int_eq(getsockname(other, &to.u.sa, &len), 0);
	ck_assert_int_eq(sendto(fd, "", 0, MSG_DONTWAIT, &to.u.sa, to.len), 0);
	(void)close(other);
}

/* How many are there, by looking behind each. */
static unsigned
dg_waiting(int fd)
{
	int off = 0;
	unsigned n = 0;
	char byte;

	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)), 0);
	while (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC) > 0) {
		n++;
	}
	off = -1;
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)), 0);
	return n;
}

void
dg_arrived(weir_udp *u, unsigned n)
{
	while (dg_waiting(dg_number(u)) < n) {
		(void)poll(NULL, 0, 1); /* the test's limit ends it */
	}
}

void
dg_init(struct dg *op)
{
	memset(op, 0, sizeof(*op));
	consumer_init(&op->c, NULL, NULL);
}

void
dg_fini(struct dg *op)
{
	consumer_fini(&op->c);
}

void
dg_buf(struct dg *op, const void *buf, size_t len)
{
	weir_iov iov = {(void *)(uintptr_t)buf, len};

	ck_assert_int_eq(weir_aio_set_iov(op->c.aio, 1, &iov), WEIR_OK);
}

void
dg_recv(struct dg *op, weir_udp *u, void *buf, size_t len)
{
	dg_buf(op, buf, len);
	memset(&op->addr, 0, sizeof(op->addr));
	ck_assert_int_eq(weir_aio_set_input(op->c.aio, 0, &op->addr), WEIR_OK);
	weir_udp_recv(u, op->c.aio);
}

void
dg_send(struct dg *op, weir_udp *u, const weir_sockaddr *to, const void *buf,
    size_t len)
{
	dg_buf(op, buf, len);
	op->addr = *to;
	ck_assert_int_eq(weir_aio_set_input(op->c.aio, 0, &op->addr), WEIR_OK);
	weir_udp_send(u, op->c.aio);
}

weir_err
dg_wait(struct dg *op)
{
	consumer_wait(&op->c, ++op->waited);
	consumer_settle(&op->c);
	return op->c.result;
}

bool
dg_pending(struct dg *op)
{
	return latch_hits(&op->c.ran) == op->waited;
}

void
dg_deliver(
    struct dg *op, weir_udp *from, weir_udp *to, const void *buf, size_t len)
{
	weir_sockaddr name = dg_name(to);

	dg_send(op, from, &name, buf, len);
	ck_assert_int_eq(dg_wait(op), WEIR_OK);
	ck_assert_uint_eq(op->c.count, len);
}
