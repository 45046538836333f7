/*
 * con_net - connections of every transport.
 */
#include "conform/con_net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

nng_err
con_end(struct con_op *o)
{
	nng_aio_wait(o->aio);
	return nng_aio_result(o->aio);
}

/* A URL to listen at. */
static void
net_url(struct con_net *n)
{
	static unsigned serial;
	const char *scheme = n->kind == CON_IPC ? "ipc" : "unix";

	switch (n->kind) {
	case CON_TCP:
		strcpy(n->url, "tcp://127.0.0.1:0");
		break;
	case CON_IPC:
	case CON_UNIX:
		strcpy(n->dir, "/tmp/conform-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(n->dir));
		(void)snprintf(
		    n->url, sizeof(n->url), "%s://%s/s", scheme, n->dir);
		break;
	case CON_ABSTRACT:
		(void)snprintf(n->url, sizeof(n->url),
		    "abstract://conform-%d-%u", (int)getpid(), serial++);
		break;
	case CON_SOCKET:
	case CON_KINDS:
		strcpy(n->url, "socket://");
		break;
	}
}

void
con_net_listen(struct con_net *n, enum con_kind kind)
{
	int port;

	memset(n, 0, sizeof(*n));
	n->kind = kind;
	con_op_init(&n->a, NULL, NULL);
	con_op_init(&n->b, NULL, NULL);
	net_url(n);
	ck_assert_int_eq(nng_stream_listener_alloc(&n->l, n->url), NNG_OK);
	ck_assert_int_eq(nng_stream_listener_listen(n->l), NNG_OK);
	if (kind == CON_SOCKET) {
		return;
	}
	if (kind == CON_TCP) {
		ck_assert_int_eq(nng_stream_listener_get_int(
				     n->l, NNG_OPT_BOUND_PORT, &port),
		    NNG_OK);
		(void)snprintf(
		    n->url, sizeof(n->url), "tcp://127.0.0.1:%d", port);
	}
	ck_assert_int_eq(nng_stream_dialer_alloc(&n->d, n->url), NNG_OK);
}

void
con_net_connect(struct con_net *n, nng_stream **near, nng_stream **far)
{
	int fds[2];

	if (n->kind != CON_SOCKET) {
		nng_stream_listener_accept(n->l, n->b.aio);
		ck_assert_int_eq(con_dial(&n->a, n->d, near), NNG_OK);
		ck_assert_int_eq(con_end(&n->b), NNG_OK);
		*far = nng_aio_get_output(n->b.aio, 0);
		ck_assert_ptr_nonnull(*far);
		return;
	}
	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(n->l, NNG_OPT_SOCKET_FD, fds[0]), 0);
	ck_assert_int_eq(con_accept(&n->a, n->l, near), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(n->l, NNG_OPT_SOCKET_FD, fds[1]), 0);
	ck_assert_int_eq(con_accept(&n->b, n->l, far), NNG_OK);
}

void
con_net_init(struct con_net *n, enum con_kind kind)
{
	con_net_listen(n, kind);
	con_net_connect(n, &n->near, &n->far);
}

void
con_net_fini(struct con_net *n)
{
	nng_stream_free(n->near);
	nng_stream_free(n->far);
	nng_stream_dialer_free(n->d);
	nng_stream_listener_free(n->l);
	con_op_fini(&n->a);
	con_op_fini(&n->b);
	if (n->dir[0] != '\0') {
		ck_assert_int_eq(rmdir(n->dir), 0);
	}
}

nng_err
con_dial(struct con_op *o, nng_stream_dialer *d, nng_stream **sp)
{
	nng_err err;

	nng_stream_dialer_dial(d, o->aio);
	err = con_end(o);
	if (err == NNG_OK) {
		*sp = nng_aio_get_output(o->aio, 0);
		ck_assert_ptr_nonnull(*sp);
	}
	return err;
}

nng_err
con_accept(struct con_op *o, nng_stream_listener *l, nng_stream **sp)
{
	nng_err err;

	nng_stream_listener_accept(l, o->aio);
	err = con_end(o);
	if (err == NNG_OK) {
		*sp = nng_aio_get_output(o->aio, 0);
		ck_assert_ptr_nonnull(*sp);
	}
	return err;
}

nng_err
con_send(struct con_op *o, nng_stream *s, const char *text, size_t len)
{
	con_op_text(o, text, len);
	nng_stream_send(s, o->aio);
	return con_end(o);
}

nng_err
con_recv(struct con_op *o, nng_stream *s, void *buf, size_t len)
{
	con_op_buf(o, buf, len);
	nng_stream_recv(s, o->aio);
	return con_end(o);
}

void
con_recv_all(struct con_op *o, nng_stream *s, char *buf, size_t len)
{
	while (len > 0) {
		size_t n;

		ck_assert_int_eq(con_recv(o, s, buf, len), NNG_OK);
		n = nng_aio_count(o->aio);
		ck_assert_uint_ge(n, 1);
		ck_assert_uint_le(n, len);
		buf += n;
		len -= n;
	}
}

void
con_send_all(struct con_op *o, nng_stream *s, const char *text, size_t len)
{
	while (len > 0) {
		size_t n;

		ck_assert_int_eq(con_send(o, s, text, len), NNG_OK);
		n = nng_aio_count(o->aio);
		ck_assert_uint_ge(n, 1);
		ck_assert_uint_le(n, len);
		text += n;
		len -= n;
	}
}

void
con_net_fill(struct con_net *n)
{
	static char block[65536];
	weir_err err;

	nng_aio_set_timeout(n->a.aio, NNG_DURATION_ZERO);
	while (con_send(&n->a, n->near, block, sizeof(block)) == NNG_OK) {
	}
	ck_assert_int_eq(nng_aio_result(n->a.aio), NNG_ETIMEDOUT);
	nng_aio_set_timeout(n->a.aio, NNG_DURATION_DEFAULT);
	/* The kernel may find a little more room on its way. */
	do {
		nng_stream_send(n->near, n->a.aio);
		err = weir_aio_wait_until(n->a.aio, weir_now() + WEIR_MS(30));
	} while (err == WEIR_OK && nng_aio_result(n->a.aio) == NNG_OK);
	ck_assert(nng_aio_busy(n->a.aio));
}

int
con_net_dead_port(int *holder)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);

	/* Bound, so that nobody else gets it, but not listening. */
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(*holder, 0);
	ck_assert_int_eq(
	    bind(*holder, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(
	    getsockname(*holder, (struct sockaddr *)&sin, &len), 0);
	return ntohs(sin.sin_port);
}

int
con_net_naked(int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons((uint16_t)port);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}
