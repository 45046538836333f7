/*
 * net - what the tests of streams share: operations, addresses, connections.
 *
 * Purpose    an op is an aio with a callback that records the outcome and
 *            opens a latch; the test's main thread waits and judges.
 * Ownership  the test's memory; op_fini frees the aio.
 */
#ifndef TEST_STREAM_NET_H
#define TEST_STREAM_NET_H

#include "support/latch.h"

#include <weir/weir.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

/* Long enough for a URL with a path. */
#define NET_URL_MAX 160

struct op {
	weir_aio *aio;
	struct latch latch;
	unsigned waited; /* outcomes that op_wait has seen */

	/* Of the last callback. */
	weir_err err;
	size_t count;
	void *out;

	/* Called at the end of the callback, NULL: nothing. */
	void (*then)(struct op *op);
	void *then_arg;
};

void op_init(struct op *op);
void op_fini(struct op *op);
/* Wait for the next callback; its result. */
weir_err op_wait(struct op *op);
/* Has no callback come since the last op_wait? */
bool op_pending(struct op *op);
/* One piece of memory for the next operation. */
void op_buf(struct op *op, const void *buf, size_t len);

/* Submit and wait. */
weir_err op_recv(struct op *op, weir_stream *s, void *buf, size_t len);
weir_err op_recv_exactly(struct op *op, weir_stream *s, void *buf, size_t len);
weir_err op_send(struct op *op, weir_stream *s, const void *buf, size_t len);
weir_err op_send_all(
    struct op *op, weir_stream *s, const void *buf, size_t len);
weir_err op_dial(struct op *op, weir_stream_dialer *d, weir_stream **s);
weir_err op_accept(struct op *op, weir_stream_listener *l, weir_stream **s);

/* The transports that the same test runs on, for tcase_add_loop_test. */
enum net_kind {
	NET_TCP,
	NET_TCP6,
	NET_UNIX,
	NET_ABSTRACT,
	NET_KINDS,
};

/* Is it a unix socket? */
bool net_is_unix(enum net_kind kind);

/* A URL to listen on: loopback and any port, or a fresh path or name. */
void net_listen_url(enum net_kind kind, char *url);
/* The URL of a listener that listens, for dialers. */
void net_dial_url(enum net_kind kind, weir_stream_listener *l,
    const char *listen_url, char *url);
/* A path of which nothing exists. */
void net_path(char *path);

/* A listener with the URL to dial. */
weir_stream_listener *net_listener(enum net_kind kind, char *dial_url);
weir_stream_dialer *net_dialer(const char *url);
/* A connection: a has dialled, b was accepted. */
void net_pair(enum net_kind kind, weir_stream **a, weir_stream **b);

/* The bare system, for peers that misbehave. */
int net_bare_listen(int backlog, uint16_t *port);
int net_bare_connect(uint16_t port);
/* Close with a reset. */
void net_bare_reset(int fd);
/* Fill the backlog of a listener of the bare system, so that it answers no more
 * connections.  Returns how many sockets that took. */
unsigned net_bare_full(uint16_t port, int *fds, unsigned max);

#endif
