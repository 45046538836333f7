/*
 * rig - sends and receives of one number, with handles that are waited for.
 *
 * Ownership  an op frees what its handle still has; the test's memory.
 */
#ifndef CHAN_RIG_H
#define CHAN_RIG_H

#include <weir/chan.h>

/* A wait-only handle. */
struct op {
	weir_aio *aio;
};

void op_init(struct op *op);
void op_fini(struct op *op);

/* A message of 4 bytes: the number. */
weir_msg *msg_of(uint32_t number);
/* Its number; frees it. */
uint32_t number_of(weir_msg *msg);

/* Submit a send of a new message. */
void op_send(struct op *op, weir_chan *ch, uint32_t number);
/* Submit a receive. */
void op_recv(struct op *op, weir_chan *ch);
/* Wait for the end, within the latch's limit: its result. */
weir_err op_wait(struct op *op);

/* After the end: what whose message must be, freed where it is ours. */
void op_expect_sent(struct op *op);
void op_expect_unsent(struct op *op, weir_err result, uint32_t number);
void op_expect_got(struct op *op, uint32_t number);
void op_expect_nothing(struct op *op, weir_err result);

/* The same at one go, with a handle of their own. */
void put(weir_chan *ch, uint32_t number);
void get(weir_chan *ch, uint32_t number);

weir_chan *chan_of(size_t capacity);

#endif
