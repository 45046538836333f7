/*
 * echo_uv - the same echo on libuv: a peer to compare with.
 *
 * Purpose    what a widely used single-threaded loop costs on this machine,
 *            today; built only where libuv's headers are.
 * Bounds     one receive buffer of 16 KiB for all; a send is tried at once, and
 *            only what has no room is copied and queued.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BUF 16384
#define BACKLOG 4096

static long port;

static const struct option_spec echo_options[] = {
    {"--port", "N", "on 127.0.0.1, 0: any", &port, 0, 65535, NULL},
    {NULL, NULL, NULL, NULL, 0, 0, NULL},
};

static const struct option_program echo_program = {
    .name = "perf_echo_uv",
    .purpose = "echo server on libuv, a peer to compare with",
    .options = echo_options,
};

/* A send that had to be queued, with its bytes behind it. */
struct rest {
	uv_write_t write;
	char data[];
};

static void
check(int rc, const char *what)
{
	if (rc < 0) {
		fprintf(
		    stderr, "perf_echo_uv: %s: %s\n", what, uv_strerror(rc));
		exit(EXIT_FAILURE);
	}
}

static void
conn_closed(uv_handle_t *conn)
{
	free(conn);
}

static void
conn_close(uv_stream_t *conn)
{
	if (uv_is_closing((uv_handle_t *)conn) == 0) {
		uv_close((uv_handle_t *)conn, conn_closed);
	}
}

static void
rest_written(uv_write_t *write, int status)
{
	if (status < 0) {
		conn_close(write->handle);
	}
	free(write);
}

static void
conn_send(uv_stream_t *conn, char *data, size_t len)
{
	uv_buf_t buf = uv_buf_init(data, (unsigned)len);
	int n = uv_try_write(conn, &buf, 1);
	size_t done = n > 0 ? (size_t)n : 0;
	struct rest *rest;

	if (done == len) {
		return;
	}
	if (n < 0 && n != UV_EAGAIN) {
		conn_close(conn);
		return;
	}
	rest = malloc(sizeof(*rest) + len - done);
	if (rest == NULL) {
		conn_close(conn);
		return;
	}
	memcpy(rest->data, data + done, len - done);
	buf = uv_buf_init(rest->data, (unsigned)(len - done));
	if (uv_write(&rest->write, conn, &buf, 1, rest_written) < 0) {
		free(rest);
		conn_close(conn);
	}
}

static void
conn_alloc(uv_handle_t *conn, size_t hint, uv_buf_t *buf)
{
	static char bytes[BUF];

	(void)conn;
	(void)hint;
	*buf = uv_buf_init(bytes, sizeof(bytes));
}

static void
conn_received(uv_stream_t *conn, ssize_t n, const uv_buf_t *buf)
{
	if (n > 0) {
		conn_send(conn, buf->base, (size_t)n);
	} else if (n < 0) {
		conn_close(conn);
	}
}

static void
connected(uv_stream_t *listener, int status)
{
	uv_tcp_t *conn;

	check(status, "accept");
	conn = malloc(sizeof(*conn));
	if (conn == NULL) {
		check(UV_ENOMEM, "accept");
		return;
	}
	check(uv_tcp_init(listener->loop, conn), "accept");
	check(uv_accept(listener, (uv_stream_t *)conn), "accept");
	check(uv_tcp_nodelay(conn, 1), "nodelay");
	check(uv_read_start((uv_stream_t *)conn, conn_alloc, conn_received),
	    "read");
}

int
main(int argc, char **argv)
{
	enum options_end options = options_parse(&echo_program, argc, argv);
	struct sockaddr_in sin;
	int len = sizeof(sin);
	uv_tcp_t listener;

	if (options != OPTIONS_RUN) {
		return options == OPTIONS_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	check(uv_ip4_addr("127.0.0.1", (int)port, &sin), "address");
	check(uv_tcp_init(uv_default_loop(), &listener), "listen");
	check(uv_tcp_bind(&listener, (struct sockaddr *)&sin, 0), "bind");
	check(
	    uv_listen((uv_stream_t *)&listener, BACKLOG, connected), "listen");
	check(uv_tcp_getsockname(&listener, (struct sockaddr *)&sin, &len),
	    "listen");
	printf("listening tcp://127.0.0.1:%u\n", (unsigned)ntohs(sin.sin_port));
	(void)fflush(stdout);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
