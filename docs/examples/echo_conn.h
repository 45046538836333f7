/*
 * echo_conn - one connection of the echo server.
 *
 * Purpose    receive, send all of it back, again, until something ends it.
 * Ownership  echo_conn_start gives the connection to itself: it frees itself in
 *            its last callback.  The server knows it through a list, which it
 *            leaves before it goes; who holds the server's lock and finds a
 *            connection in the list may use it as long as it holds the lock.
 * Threads    callbacks of weir.  At any time one operation is under way, so
 *            one callback at a time works on a connection.
 */
#ifndef EXAMPLES_ECHO_CONN_H
#define EXAMPLES_ECHO_CONN_H

#include <weir/weir.h>

#include <stdatomic.h>

struct echo_server;

/* One receive.  A message larger than this is echoed in pieces. */
#define ECHO_CONN_BUF 16384

/* How a connection ended. */
enum echo_conn_end {
	ECHO_CONN_DONE,    /* the peer finished, or we were told to stop */
	ECHO_CONN_TIMEOUT, /* idle for too long */
	ECHO_CONN_FAILED,  /* reset, no memory */
};

enum echo_conn_phase {
	ECHO_CONN_SERVES,
	ECHO_CONN_LINGERS, /* finished sending, lets the peer finish */
};

struct echo_conn {
	/* Fixed while it lives. */
	struct echo_server *server; /* borrowed, outlives us */
	weir_stream *stream;
	weir_aio *rx; /* receives; closed by a drain */
	weir_aio *tx; /* sends; a drain leaves it alone */

	/* The callback that runs.  The counts are read by others. */
	enum echo_conn_phase phase;
	unsigned rounds; /* echoes without going back to the queue */
	_Atomic uint64_t messages;
	_Atomic uint64_t bytes;
	unsigned char buf[ECHO_CONN_BUF];

	/* The server's lock must be held when using these. */
	struct echo_conn *prev;
	struct echo_conn *next;
};

/* Prepare a connection; stream is taken on success only. */
WEIR_NODISCARD weir_err echo_conn_alloc(struct echo_conn **connp,
    struct echo_server *server, weir_stream *stream, weir_duration idle_ns);

/* Begin: from here on the connection belongs to its callbacks. */
void echo_conn_start(struct echo_conn *conn);

/* Free what echo_conn_alloc made; also from its own callback. */
void echo_conn_free(struct echo_conn *conn);

/*
 * What a connection calls of its server when it ends: leave the list, so that
 * nobody finds it any more; then, with everything freed, give the place back.
 */
void echo_server_conn_leave(
    struct echo_server *server, struct echo_conn *conn, enum echo_conn_end end);
void echo_server_conn_gone(struct echo_server *server);

#endif
