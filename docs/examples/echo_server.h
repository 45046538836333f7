/*
 * echo_server - listeners, the connections they accept, and how all that ends.
 *
 * Purpose    what weir-echo does, without its command line.
 * Ownership  echo_server_alloc gives; the order of the end is: drain, cut if
 *            something is left, close, weir_fini, free.
 * Threads    all functions here are for one thread (main).  The rest runs in
 *            callbacks of weir.
 * Bounds     ECHO_LISTENERS_MAX; conns_max served connections, and at most one
 *            accepted connection per listener that waits for its turn.
 */
#ifndef EXAMPLES_ECHO_SERVER_H
#define EXAMPLES_ECHO_SERVER_H

#include <weir/weir.h>

#define ECHO_LISTENERS_MAX 16

struct echo_server;

struct echo_limits {
	unsigned conns_max;
	weir_duration idle_ns; /* a receive or send may take this long */
};

/* Counts since the start. */
struct echo_figures {
	unsigned conns;    /* served now */
	uint64_t accepted; /* connections ever */
	uint64_t messages; /* receives sent back */
	uint64_t bytes;    /* bytes sent back */
	uint64_t timeouts; /* connections ended by the idle timeout */
	uint64_t failed;   /* connections ended by an error, e.g. a reset */
	uint64_t pauses;   /* times a listener met the connection limit */
};

WEIR_NODISCARD weir_err echo_server_alloc(
    struct echo_server **serverp, const struct echo_limits *limits);

/*
 * Listen on one more URL and accept.  bound gets the URL that clients use: the
 * port 0 replaced by the one the system chose.
 */
WEIR_NODISCARD weir_err echo_server_listen(
    struct echo_server *server, const char *url, char *bound, size_t boundsz);

void echo_server_figures(struct echo_server *server, struct echo_figures *f);

/* Accept no more, receive no more; sends that are under way go on. */
void echo_server_drain(struct echo_server *server);

/* End every connection that is left, whatever it does. */
void echo_server_cut(struct echo_server *server);

/* Wait until no connection is left, or until a time; how many are left. */
unsigned echo_server_wait(struct echo_server *server, weir_time until);

/* Free the handles and listeners; after echo_server_drain, before weir_fini. */
void echo_server_close(struct echo_server *server);

/* Free the memory; after weir_fini, when no callback can run any more. */
void echo_server_free(struct echo_server *server);

#endif
