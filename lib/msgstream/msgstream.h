/*
 * msgstream - the object of the room; docs/design/msgstream.md has the picture.
 *
 * Ownership  the program's by its handle; the memory goes with the last
 *            reference: the handle, each started operation until its release,
 *            each busy lane, each call under way.
 * Rules      mtx is a leaf but for weir_aio_start.  What is marked "owner" is
 *            touched by the owner of the lane alone: who has set busy, or the
 *            callback of the lane's inner aio after it did not end at once.
 */
#ifndef MSGSTREAM_MSGSTREAM_H
#define MSGSTREAM_MSGSTREAM_H

#include "base/sync.h"

#include <weir/msgstream.h>
#include <weir/provider.h>

/* Bytes received beyond what the message under way wants. */
#define RX_AHEAD 4096
/* Messages in one turn of an owner. */
#define TURN_MAX 64

/* 00 'S' 'P' 00, protocol, 00 00. */
#define HELLO_LEN 8
/* IPC mapping: a type, then the length. */
#define FRAME_TYPE 0x01
#define FRAME_HEAD_MAX 9

enum wri_msgstream_magic {
	WRI_MAGIC_MSGSTREAM = 0x57724941,
	WRI_MAGIC_MSGSTREAM_GONE = 0x57724900,
};

enum ms_state {
	MS_GREETING,
	MS_OPEN,
	MS_ENDED,
};

/* What of the handshake is done, bits of greeted. */
#define MS_SAID 1u
#define MS_HEARD 2u

/* One direction. */
struct ms_lane {
	weir_aio *aio; /* of the byte stream; owner */

	/* mtx must be held when using these: */
	weir_aioq waiters;
	weir_err err; /* WEIR_OK, or what ended this direction */
	bool busy;    /* it has an owner */
	bool full_told;
};

enum rx_phase {
	RX_HELLO,  /* the peer's greeting is awaited */
	RX_HEAD,   /* the head of a frame */
	RX_MEMORY, /* its length is known, there is no message for it yet */
	RX_BODY,   /* the bytes */
	RX_WHOLE,  /* a message is ready */
};

enum tx_phase {
	TX_HELLO,  /* our greeting goes out */
	TX_NONE,   /* no frame */
	TX_TRY,    /* the first try of a frame: may not wait */
	TX_PARKED, /* the rest; the message is a share, or taken */
};

struct ms_rx {
	struct ms_lane lane;

	/* Owner. */
	enum rx_phase phase;
	weir_msg *msg;
	size_t len; /* of the message */
	size_t got; /* of them received */
	size_t at;  /* buf[at..end) is received and not yet used */
	size_t end;
	uint8_t buf[RX_AHEAD];
};

struct ms_tx {
	struct ms_lane lane;

	/* Owner. */
	enum tx_phase phase;
	weir_msg *msg; /* of the frame that goes out */
	bool msg_ours; /* to free: a share, or taken */
	bool yielded;  /* the inner operation only brings the callback */
	size_t head_len;
	size_t body_len;
	size_t done; /* of both, sent */
	uint8_t head[FRAME_HEAD_MAX + WEIR_MSG_HEADER_MAX];

	/* mtx must be held when using these: */
	weir_aio *op;   /* whose frame goes out; NULL: nobody's (any more) */
	weir_err why;   /* WEIR_OK, or op was asked to end in its first try */
	bool parked;    /* op may be ended by whoever takes it */
	bool withdrawn; /* its operation was ended: drop it if none is out */
};

struct weir_msgstream {
	/* Fixed after open. */
	uint32_t magic;
	weir_stream *stream;
	bool ipc;
	uint16_t protocol;
	uint16_t peer;
	size_t recv_max;
	weir_time hello_until;

	wri_a32 refs;
	wri_a32 gen;       /* moves when working becomes 0 */
	wri_a32 peer_said; /* the peer's protocol, 0 before */

	wri_mtx mtx;
	/* mtx must be held when using these: */
	enum ms_state state;
	weir_err err;      /* of MS_ENDED */
	unsigned greeted;  /* MS_ bits */
	unsigned working;  /* busy lanes, and ends under way */
	unsigned stoppers; /* calls of stop that wait for none working */
	weir_aioq ready;   /* operations that wait for the handshake */
	bool ready_full_told;

	struct ms_rx rx;
	struct ms_tx tx;
};

/* msgstream.c */

/* Is this handle one?  NULL is not, silently; anything else is misuse. */
bool wri_msgstream_ok(const weir_msgstream *ms, const char *call);

void wri_msgstream_hold(weir_msgstream *ms);
void wri_msgstream_rele(weir_msgstream *ms);
/* Own an idle lane, if somebody waits and the handshake is over. */
bool wri_msgstream_claim_locked(weir_msgstream *ms, struct ms_lane *lane);
/* Own an idle lane, whoever waits. */
void wri_msgstream_own_locked(weir_msgstream *ms, struct ms_lane *lane);
/* The owner leaves, under the lock; after it wri_msgstream_left, with what this
 * gave. */
bool wri_msgstream_leave_locked(weir_msgstream *ms, struct ms_lane *lane);
void wri_msgstream_left(weir_msgstream *ms, bool wake);
/* The owner has one operation to end and leaves before that, so that whoever is
 * told finds the lane idle; after the end wri_msgstream_done. */
void wri_msgstream_leave_early_locked(struct ms_lane *lane);
/* Work that stop waits for, other than a lane's. */
void wri_msgstream_begin_locked(weir_msgstream *ms);
void wri_msgstream_done(weir_msgstream *ms);
/* What an operation of this direction gets: WEIR_OK, it may go on or wait. */
weir_err wri_msgstream_err_locked(
    const weir_msgstream *ms, const struct ms_lane *lane);
/* The whole ends, with a code that all operations get.  The first one stays,
 * until the program closes it. */
void wri_msgstream_end(weir_msgstream *ms, weir_err err);
/* One direction ends. */
void wri_msgstream_end_lane(
    weir_msgstream *ms, struct ms_lane *lane, weir_err err);
/* Half of the handshake is done, by the owner of a lane.  False: he has left
 * it. */
bool wri_msgstream_greeted(
    weir_msgstream *ms, struct ms_lane *lane, unsigned bit, uint16_t peer_said);
/* It failed. */
void wri_msgstream_refuse(weir_msgstream *ms, weir_err err);

/* rx.c, tx.c: work as the owner of the lane, until nobody waits or the inner
 * operation does. */
void wri_rx_run(weir_msgstream *ms);
void wri_tx_run(weir_msgstream *ms);
void wri_rx_cb(void *ms);
void wri_tx_cb(void *ms);
/* As wri_rx_run, for somebody who may not wait: WEIR_OK and a message,
 * WEIR_EAGAIN, or what a receive gets. */
weir_err wri_rx_poll(weir_msgstream *ms, weir_msg **msgp);
/* The same for a message to send.  WEIR_OK: it is taken. */
weir_err wri_tx_poll(weir_msgstream *ms, weir_msg *msg);
/* Prepare our greeting. */
void wri_tx_hello(weir_msgstream *ms);
/* Free what is half received, half sent; nobody owns the lanes. */
void wri_rx_drop(weir_msgstream *ms);
void wri_tx_drop(weir_msgstream *ms);

#endif
