/*
 * dial - what dial.c and connect.c share of a connection being made.
 *
 * Purpose    dial.c has its life and its end, connect.c what is tried.
 */
#ifndef STREAM_DIAL_H
#define STREAM_DIAL_H

#include "stream/dialer.h"

struct dial {
	/* Fixed after alloc. */
	struct weir_stream_dialer *dialer; /* held */
	weir_aio *outer;                   /* lent, until finish */

	/* Fixed before the inner operation is submitted. */
	weir_aio *inner; /* ours; NULL if we need not wait */
	weir_fd *timer;  /* it naps; NULL: it waits for its socket */

	/* Any thread. */
	wri_a32 refs;

	/* The submitter's, then the steps', then his who has claimed it. */
	int fd;            /* the socket while it has no stream, or -1 */
	weir_stream *conn; /* half-made, or NULL */
	weir_duration nap_ns;
	weir_err err; /* how it ends */

	/* dialer->mtx must be held when using these. */
	weir_err asked; /* why it shall end, WEIR_OK: nobody asked */
	bool submitted; /* the inner operation: who asks may close */
	bool claimed;
};

/* dial.c */
void wri_dial_rele(struct dial *dl);
/* How the dial ends is ours to say, once; it leaves the dialer. */
bool wri_dial_claim(struct dial *dl, weir_err err);
/* Claimed, nothing is half made: end the outer operation. */
void wri_dial_finish(struct dial *dl);
/* Claimed: close the weir_fd; its release does the rest. */
void wri_dial_close_fd(struct dial *dl);

/* connect.c */
/* A socket with the dialer's settings; dl->fd is it.  On failure there is
 * none. */
weir_err wri_connect_open(struct dial *dl);
/* connect(2): 0 or -errno. */
int wri_connect_try(struct dial *dl);
/* It is under way: the socket becomes a half-made stream. */
weir_err wri_connect_stream(struct dial *dl);
/* What connect(2) has said at last: the stream, or an error. */
weir_err wri_connect_end(struct dial *dl, int r);
/* Set the timer, longer each time. */
void wri_connect_nap(struct dial *dl);
/* The inner operation: on the socket of a half-made stream, whose input 0 is
 * the dial; on the timer of a dial. */
extern const weir_fdop wri_connect_wait;
extern const weir_fdop wri_connect_again;

#endif
