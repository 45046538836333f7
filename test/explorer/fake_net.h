/*
 * fake_net - the sockets and timers of the fake kernel.
 *
 * Purpose    what lib/stream and lib/udp call of base/sys.h, so that they run
 *            unchanged: stream sockets with bytes, listeners, datagrams, and
 *            timerfds on the virtual clock.
 * Shape      A fiber is the network.  It brings what has been sent (in parts,
 *            an end behind the bytes), answers those who connect, gives room
 *            to who was told that there is none, and rings for no reason; the
 *            schedule says when.
 * Ownership  numbers are the caller's to close; all else goes with
 *            fake_net_down.
 * Rules      As Linux: an error is told once, then the end, or EPIPE; bytes
 *            that had come are read before an error.  AF_INET: who sends to a
 *            socket that has gone hears so later, by a reset; AF_UNIX: at once,
 *            and a full backlog is EAGAIN.
 * Bounds     FAKE_SOCKETS sockets and timers per schedule; buffers of up to
 *            FAKE_BUF bytes; FAKE_GRAMS datagrams wait in one.
 */
#ifndef EXPLORER_FAKE_NET_H
#define EXPLORER_FAKE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_SOCKETS 18
#define FAKE_BUF 48
#define FAKE_GRAMS 8
#define FAKE_GRAM_LEN 8
#define FAKE_BACKLOG 2

/* Where to connect to and meet no listener: ports, and the last byte of an
 * address that is not 127.0.0.1. */
#define FAKE_PORT_SILENT 9      /* it never answers */
#define FAKE_PORT_LATE 8        /* ETIMEDOUT, at last */
#define FAKE_PORT_UNREACHABLE 7 /* says connect(2) */

/* What may go wrong, set by a body after fake_net_up. */
struct fake_mood {
	unsigned cap; /* bytes that a socket takes, for those made later */
	unsigned shortages; /* accepts that end with EMFILE */
	unsigned no_ports;  /* connects that end with EAGAIN */
	unsigned rings;     /* events for no reason */
	unsigned stalls;    /* sends that find no memory */
	unsigned marks;     /* reads that end at descriptors (AF_UNIX) */
	unsigned aborts;    /* connections that die before they are accepted */
};
extern struct fake_mood fake_mood;

/* After fake_sys_up, and before fake_sys_down. */
void fake_net_up(void);
void fake_net_down(void);

/* Two connected ones, of AF_INET or AF_UNIX. */
void fake_pair(int family, int fds[2]);
/* Reset by the network: both ends hear of it, each once. */
void fake_reset(int fd);

/*
 * A peer without a library, in a fiber of its own: waits where it must.
 * False: the connection has ended, and *n is how much was moved.
 */
bool fake_put(int fd, const void *buf, size_t len, size_t *n);
/* Some bytes; 0: the end, or an error. */
size_t fake_get(int fd, void *buf, size_t len);
/* Connect to a port of AF_INET, and wait; -1: refused. */
int fake_dial(int port);
/* A datagram of len bytes of a value, from nobody with a port. */
void fake_gram(unsigned from, unsigned to, uint8_t value, unsigned len);
/* Connections that were made, and accepts that got one. */
unsigned fake_made(void);
unsigned fake_accepted(void);
/* Sockets that are open, timers aside. */
unsigned fake_open_sockets(void);

#endif
