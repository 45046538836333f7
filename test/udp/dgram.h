/*
 * dgram - what the tests of udp share: sockets, addresses, operations.
 *
 * Ownership  the test's memory; dg_fini frees the aio.
 */
#ifndef TEST_UDP_DGRAM_H
#define TEST_UDP_DGRAM_H

#include "aio/consumer.h"

#include <weir/weir.h>

#include <stdbool.h>
#include <stddef.h>

/* The families that the same test runs on, for tcase_add_loop_test. */
enum dg_kind {
	DG_IN,
	DG_IN6,
	DG_KINDS,
};

/* Does this machine have the family? */
bool dg_has(enum dg_kind kind);
/* The loopback address. */
weir_sockaddr dg_addr(enum dg_kind kind, uint16_t port);
/* A socket on the loopback and any port; params may be NULL. */
weir_udp *dg_open(enum dg_kind kind, const weir_udp_params *params);
/* Its address. */
weir_sockaddr dg_name(weir_udp *u);
/* Let the poller see an event on it, for both directions: whoever waits is
 * tried again. */
void dg_poke(weir_udp *u);
/* The number of its descriptor, borrowed. */
int dg_number(weir_udp *u);

/* Wait until n datagrams, none of them empty, can be received from it: over the
 * loopback they are there soon after they were sent, not at once.  Nobody may
 * be receiving. */
void dg_arrived(weir_udp *u, unsigned n);

/* An operation with its address. */
struct dg {
	struct consumer c;
	unsigned waited; /* callbacks that dg_wait has seen */
	weir_sockaddr addr;
};

void dg_init(struct dg *op);
void dg_fini(struct dg *op);
/* One piece of memory for the next operation. */
void dg_buf(struct dg *op, const void *buf, size_t len);
/* Submit; a receive stores the sender in addr. */
void dg_recv(struct dg *op, weir_udp *u, void *buf, size_t len);
void dg_send(struct dg *op, weir_udp *u, const weir_sockaddr *to,
    const void *buf, size_t len);
/* Wait for the next callback; its result.  The count is in c.count. */
weir_err dg_wait(struct dg *op);
/* Has no callback come since the last dg_wait? */
bool dg_pending(struct dg *op);

/* Send to a socket and wait for the end. */
void dg_deliver(
    struct dg *op, weir_udp *from, weir_udp *to, const void *buf, size_t len);

#endif
