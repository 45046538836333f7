/*
 * load_conn - one connection of the load generator.
 *
 * Purpose    connect; then send a message, receive its echo, compare, again.
 *            A connection that disturbs also makes receives that end early, on
 *            purpose, and sees to it that no byte gets lost by that.
 * Ownership  the run has an array of connections; each has one handle and, once
 *            connected, one stream, which its last callback frees.
 * Threads    load_conn_init, dial, start, fini: main.  The counts may be read
 *            at any time.  Everything else happens in callbacks of the one
 *            handle, and those never overlap: no lock is needed.
 * Bounds     one operation at a time, each with a deadline.
 */
#ifndef EXAMPLES_LOAD_CONN_H
#define EXAMPLES_LOAD_CONN_H

#include "latency.h"

#include <weir/weir.h>

#include <pthread.h>
#include <stdatomic.h>

enum load_step {
	LOAD_IDLE, /* not dialed, or connected and not started */
	LOAD_DIALING,
	LOAD_SENDING,
	LOAD_RECEIVING,  /* the echo */
	LOAD_RACING,     /* the echo, with a cancel that races with it */
	LOAD_CANCELLING, /* nothing is in flight; cancelled */
	LOAD_EXPIRING,   /* nothing is in flight; a short deadline */
	LOAD_ENDED,
};

/* What all connections share. */
struct load_run {
	/* Fixed before the first connection. */
	size_t size;           /* bytes of a message */
	weir_duration timeout; /* of each operation */
	unsigned disturb;      /* every n-th connection disturbs; 0: none */

	_Atomic bool stopping; /* finish the message you are at, then end */

	pthread_mutex_t mtx;
	pthread_cond_t changed; /* monotonic clock */

	/* mtx must be held when using these. */
	unsigned connected;
	unsigned ended;
	unsigned failed; /* connections that ended by an error */
};

struct load_conn {
	/* Fixed after init. */
	struct load_run *run; /* borrowed */
	unsigned index;
	const char *url;
	weir_aio *aio;
	unsigned char *out; /* what was sent, size bytes */
	unsigned char *in;  /* what came back, size bytes */

	/* The callback that runs. */
	enum load_step step;
	weir_stream *stream;
	uint64_t seq;      /* of the message */
	size_t got;        /* bytes of its echo */
	weir_time begun;   /* when it was sent */
	weir_time expires; /* of LOAD_EXPIRING */

	/* Written by callbacks, read by main. */
	_Atomic uint64_t checked;   /* bytes compared and right */
	_Atomic uint64_t cancelled; /* receives ended by our cancel */
	_Atomic uint64_t timedout;  /* receives ended by our deadline */
	_Atomic int64_t late_max;   /* the latest of those [ns] */
	struct latency latency;
};

WEIR_NODISCARD weir_err load_conn_init(struct load_conn *conn,
    struct load_run *run, unsigned index, const char *url);

/* Connect.  The outcome shows in run->connected or run->failed. */
void load_conn_dial(struct load_conn *conn, weir_stream_dialer *dialer);

/* Send the first message; for connected ones. */
void load_conn_start(struct load_conn *conn);

/* End it now, if it has not ended, and free what it has. */
void load_conn_fini(struct load_conn *conn);

#endif
