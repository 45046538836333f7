/*
 * world - the operations that stress_aio submits: sleeps, ticks, a stranger's,
 * and both directions of some connections.
 *
 * Ownership  a world_op lives in its seat and holds the buffer of the
 *            operation that is pending.
 */
#ifndef STRESS_WORLD_H
#define STRESS_WORLD_H

#include "aio/dice.h"

#include <weir/aio.h>

#include <stdbool.h>

enum world_kind {
	WORLD_SLEEP,
	WORLD_TICK,
	WORLD_TOY,
	WORLD_RECV,
	WORLD_SEND,
	WORLD_NOW,
	WORLD_KINDS,
};

struct world_op {
	enum world_kind kind;
	unsigned char bytes[32];
	weir_iov iov[2]; /* lent to the handle, sometimes */
};

/* Connections and providers; fail the test when they cannot be had. */
void world_open(void);
/* All handles are free. */
void world_close(void);

/* Begin a random operation. */
void world_submit(struct world_op *op, weir_aio *aio, struct dice *d);
/* It has ended, not been dropped: look at what it left. */
void world_collect(struct world_op *op, weir_aio *aio);
/* May it have a count although it failed? */
bool world_may_count(const struct world_op *op);
/* End something that waits. */
void world_stir(struct dice *d);

#endif
