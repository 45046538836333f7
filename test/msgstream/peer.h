/*
 * peer - a message stream of weir with a plain socket of the test opposite.
 *
 * Purpose    the test plays the peer byte by byte, and well or badly.
 * Ownership  the test's memory; every function fails the test where it cannot
 *            do its work.
 */
#ifndef TEST_MSGSTREAM_PEER_H
#define TEST_MSGSTREAM_PEER_H

#include "stream/net.h"

#include <weir/weir.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
	weir_msgstream *ms; /* to free, or NULL */
	int fd;             /* opposite, blocking; -1: closed */
	bool ipc;
	int own; /* weir's descriptor, borrowed; after peer_small */
};

/* A connection of this kind, and a message stream on weir's end of it; params
 * NULL: the defaults.  Nothing has been said on fd. */
void peer_open(
    struct peer *p, enum net_kind kind, const weir_msgstream_params *params);
/* The same, and the handshake is over. */
void peer_ready(
    struct peer *p, enum net_kind kind, const weir_msgstream_params *params);
void peer_close(struct peer *p);

/* Exactly these bytes. */
void peer_write(struct peer *p, const void *buf, size_t len);
void peer_read(struct peer *p, void *buf, size_t len);
/* A greeting of this protocol. */
void peer_say_hello(struct peer *p, unsigned protocol);
void peer_hear_hello(struct peer *p, unsigned protocol);
/* The head of a frame of len bytes into out [PEER_HEAD_MAX]; how long it is. */
#define PEER_HEAD_MAX 9
size_t peer_head(struct peer *p, uint64_t len, uint8_t *out);
/* A whole frame into out [PEER_HEAD_MAX + len]; how long it is. */
size_t peer_frame(struct peer *p, const void *buf, size_t len, uint8_t *out);
void peer_send(struct peer *p, const void *buf, size_t len);
/* One frame of exactly this content. */
void peer_expect(struct peer *p, const void *buf, size_t len);
/* One frame of this length and content by msg_fill. */
void peer_expect_filled(struct peer *p, size_t len, unsigned seed);
/* The end, or a reset, and nothing before it. */
void peer_expect_end(struct peer *p);
/* Nothing is there to read now. */
void peer_expect_nothing(struct peer *p);
/* Small buffers of the system on both ends. */
void peer_small(struct peer *p);
/* Buffers of 64 KiB on both ends, that do not grow. */
void peer_narrow(struct peer *p);
/* Wait until weir's end has something to read: what peer wrote over tcp is
 * there soon, not at once.  Then a poll finds it. */
void peer_arrived(struct peer *p);
/* After peer_small: fill the buffers of weir's end, so that not one byte more
 * is taken; how many bytes that took.  And read them. */
size_t peer_fill(struct peer *p);
void peer_skip(struct peer *p, size_t len);

/* Two message streams opposite; params of each, NULL: defaults. */
void pair_open(enum net_kind kind, weir_msgstream **a,
    const weir_msgstream_params *pa, weir_msgstream **b,
    const weir_msgstream_params *pb);

/* Content that tells where it is torn. */
void fill(uint8_t *p, size_t len, unsigned seed);
bool is_filled(const uint8_t *p, size_t len, unsigned seed);
/* Messages with a body. */
weir_msg *msg_of(const void *buf, size_t len);
weir_msg *msg_filled(size_t len, unsigned seed);
weir_msg *msg_zeros(size_t len);

/* Submit and wait.  A message that was not taken is freed. */
weir_err op_msg_send(struct op *op, weir_msgstream *ms, weir_msg *msg);
/* *msgp: what was received, or NULL. */
weir_err op_msg_recv(struct op *op, weir_msgstream *ms, weir_msg **msgp);
weir_err op_ready(struct op *op, weir_msgstream *ms);
/* Submit a send. */
void op_msg_put(struct op *op, weir_msgstream *ms, weir_msg *msg);
/* The message in the handle, freed, which must have this content. */
void op_expect(struct op *op, const void *buf, size_t len);
void op_expect_filled(struct op *op, size_t len, unsigned seed);
/* Receive and expect. */
void recv_expect(
    struct op *op, weir_msgstream *ms, const void *buf, size_t len);

#endif
