/*
 * places - the shared objects of stress_services: channels, datagram sockets,
 * streams, listeners with their dialers, and message streams whose peer is weir
 * or a liar.
 *
 * Ownership  a place's objects belong to it.  Its lock: writing to open and
 *            close, reading for all else.
 * Bounds     PLACES of them.
 */
#ifndef STRESS_PLACES_H
#define STRESS_PLACES_H

#include "aio/dice.h"

#include <weir/weir.h>

#include <pthread.h>

#define PLACES 14

enum place_kind {
	PLACE_CHAN,
	PLACE_UDP,
	PLACE_STREAMS,  /* a pair of streams */
	PLACE_MESSAGES, /* a pair of message streams */
	PLACE_LIAR,     /* a message stream, and a peer that speaks anything */
	PLACE_LISTENER, /* a listener and a dialer */
	PLACE_KINDS,
};

struct place {
	pthread_rwlock_t lock;

	/* Written with the lock held for writing.  What could not be had, for
	 * weir has ended, is NULL. */
	enum place_kind kind;
	weir_chan *chan;
	weir_udp *udp;
	weir_sockaddr addr; /* of udp */
	weir_stream *streams[2];
	weir_msgstream *messages[2];
	weir_stream_listener *listener;
	weir_stream_dialer *dialer;

	/* The liar's. */
	pthread_mutex_t mtx;
	int fd; /* -1: none */
	unsigned char script[64];
	size_t at, len;
};

/* What an operation gives in output 0. */
enum brings {
	BRINGS_NOTHING,
	BRINGS_STREAM,
	BRINGS_ADDRS,
};

/* What a seat's operation needs, until its callback. */
struct seat_op {
	enum brings brings;
	bool gives; /* a message */
	unsigned char bytes[64];
	weir_sockaddr addr;
};

extern struct place places[PLACES];

/* Before weir_init; where message streams work, or NULL. */
void places_init(weir_exec *exec);
void places_fini(void);
void place_open(struct place *p, struct dice *d);
void place_close(struct place *p, struct dice *d);

/* Begin a random operation. */
void place_submit(
    struct place *p, struct seat_op *op, weir_aio *aio, struct dice *d);
/* Do something else to it. */
void place_stir(struct place *p, struct dice *d);

/* alive.c: fails the test if an operation waits in vain.  Nobody submits or
 * closes meanwhile. */
void place_expect_alive(struct place *p);

#endif
