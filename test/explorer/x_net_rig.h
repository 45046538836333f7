/*
 * x_net_rig - what the tests of streams, messages and datagrams share.
 *
 * Purpose    the library with a poller over fake_net.h, and operations under
 *            watch: what is promised for each callback is asserted here.
 * Ownership  operations are static and zeroed by nop_init; their handles are
 *            freed by net_down.  All else is the body's.
 */
#ifndef EXPLORER_X_NET_RIG_H
#define EXPLORER_X_NET_RIG_H

#include "x_aio_rig.h"

#include "explorer/fake_net.h"
#include "explorer/fake_sys.h"

#include <weir/stream.h>

#define D WEIR_US(200)
#define NOP_MEM 24

/* One operation at a time. */
struct nop {
	weir_aio *aio;
	/* Gives it to what carries it out, after the reset. */
	void (*submit)(struct nop *op);
	/* In the callback. */
	void (*then)(struct nop *op);
	void *obj;     /* of submit */
	unsigned want; /* bytes of mem in its iov; 0: it has none */
	uint8_t mem[NOP_MEM];
	bool forever; /* the callback submits again while all is well */
	unsigned number;

	/* Since nop_init. */
	bool cancelled, stopping, running;
	bool silent; /* no callback any more */
	unsigned accepted, begun;
	weir_err result; /* the last one */
	size_t count;
	weir_time due;
	x_latch back; /* callbacks that are about to return */
};

/* The library, with n pool threads and at most m with spares. */
void net_up(unsigned n, unsigned m);
/* All objects were freed, all fibers joined. */
void net_down(void);
/* As weir_fini, with all that is open; then net_down. */
void net_fini(void);
/* With lookups: net_down and net_fini end them too. */
void net_dns(unsigned threads);

void nop_init(struct nop *op, void (*submit)(struct nop *op), void *obj);
void nop_go(struct nop *op);
/* Until n callbacks have run. */
void nop_await(struct nop *op, unsigned n);

/* Fibers; arg is the operation. */
void do_nop(void *arg);
void do_nop_cancel(void *arg);
void join_all(const int *ids, unsigned n);

/* One of the results; the last of the list is 0, for WEIR_OK. */
bool nop_is(const struct nop *op, const weir_err *results);

/* A stream over one end of a pair; the other is the number *peer. */
weir_stream *net_stream(int family, int *peer);
/* Either, by chance. */
int net_family(void);

/* For submit, obj is the stream. */
void go_recv(struct nop *op);
void go_recv_exactly(struct nop *op);
void go_send(struct nop *op);
void go_send_all(struct nop *op);

#endif
