/*
 * con_net - connections of every transport, for the tests of streams.
 *
 * Ownership  as con.  A net belongs to one test: con_net_fini frees all that
 *            was not freed.
 */
#ifndef CONFORM_CON_NET_H
#define CONFORM_CON_NET_H

#include "conform/con.h"

/* Where the tests of streams run, for loops. */
enum con_kind {
	CON_TCP,
	CON_IPC,
	CON_UNIX,
	CON_ABSTRACT,
	CON_SOCKET, /* has no dialer */
	CON_KINDS
};

#define CON_URL_MAX 128

/* A listener, a dialer and a connection between them. */
struct con_net {
	enum con_kind kind;
	char url[CON_URL_MAX]; /* what a dialer uses */
	char dir[64];          /* of the socket file, removed in the end */
	nng_stream_listener *l;
	nng_stream_dialer *d;
	nng_stream *near; /* of the dialer */
	nng_stream *far;  /* of the listener */
	struct con_op a;  /* used on near */
	struct con_op b;  /* used on far */
};

/* Listening, not connected. */
void con_net_listen(struct con_net *n, enum con_kind kind);
/* Listening and connected. */
void con_net_init(struct con_net *n, enum con_kind kind);
void con_net_fini(struct con_net *n);

/* One more connection. */
void con_net_connect(struct con_net *n, nng_stream **near, nng_stream **far);

/* Submit, and wait for the end; what it was. */
nng_err con_dial(struct con_op *o, nng_stream_dialer *d, nng_stream **sp);
nng_err con_accept(struct con_op *o, nng_stream_listener *l, nng_stream **sp);
nng_err con_send(struct con_op *o, nng_stream *s, const char *text, size_t len);
nng_err con_recv(struct con_op *o, nng_stream *s, void *buf, size_t len);
/* Until all are there; fails the test otherwise. */
void con_recv_all(struct con_op *o, nng_stream *s, char *buf, size_t len);
void con_send_all(
    struct con_op *o, nng_stream *s, const char *text, size_t len);
/* Send from near until the last send, on a, stays. */
void con_net_fill(struct con_net *n);
/* The end of what was submitted on o. */
nng_err con_end(struct con_op *o);

/* A port on the loopback where nobody listens, and nobody will. */
int con_net_dead_port(int *holder);
/* A descriptor connected to a port of the loopback. */
int con_net_naked(int port);

#endif
