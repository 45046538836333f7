/*
 * chaos - a proxy between two ends of a connection that does them harm.
 *
 * Purpose    bytes are split and delayed on every connection; on most of them,
 *            sooner or later, the connection is closed, reset, or ended in one
 *            direction.  By seed, and by the number of the connection.
 * Shape      one thread, plain sockets and poll(2): no code of weir's.
 * Bounds     CHAOS_CONNS_MAX connections at once, a buffer of CHAOS_BUFFER for
 *            each direction.
 */
#ifndef FAULTS_CHAOS_H
#define FAULTS_CHAOS_H

#include <netinet/in.h>
#include <stdint.h>

#define CHAOS_CONNS_MAX 64
#define CHAOS_BUFFER 4096
/* One connection of so many is left whole. */
#define CHAOS_CALM 3

struct chaos;

/* What it has done. */
struct chaos_done {
	unsigned conns;
	unsigned calm;
	unsigned closed, reset, half; /* on purpose */
};

/* A proxy to a port of the loopback interface; its own port is *port. */
struct chaos *chaos_begin(uint16_t to, uint64_t seed, uint16_t *port);
/* When nobody connects any more: ends what is left, and says what was done. */
struct chaos_done chaos_end(struct chaos *c);

#endif
