/*
 * dial - what the files share that make a connection.
 *
 * Purpose    dial.c has its life and its end, connect.c what is tried, host.c
 *            the way through the addresses of a host, names.c those.
 */
#ifndef STREAM_DIAL_H
#define STREAM_DIAL_H

#include "stream/dialer.h"

struct wri_names;

/* Who may end a dial that nobody has claimed. */
enum dial_stage {
	/* A thread works on it, and looks at asked before it waits. */
	DIAL_BUSY,
	/* The lookup is under way: whoever asks, who cancels that. */
	DIAL_ASKING,
	/* The inner operation is being submitted: as BUSY. */
	DIAL_SUBMITTING,
	/* The inner operation waits: whoever asks, who closes its weir_fd. */
	DIAL_WAITING,
	/* This address failed and its weir_fd is being closed; whose release
	 * goes on with the next one: as BUSY. */
	DIAL_CLOSING,
};

struct dial {
	/* Fixed after alloc. */
	struct weir_stream_dialer *dialer; /* held */
	weir_aio *outer;                   /* lent, until finish */
	struct wri_names *names;           /* NULL: the URL has an address */

	/* Any thread. */
	wri_a32 refs;

	/* Whose turn it is: the submitter's, the lookup's, the steps', the
	 * weir_fd's, then his who has claimed it. */
	weir_aio *inner; /* ours; NULL if we need not wait */
	weir_fd *timer;  /* it naps; NULL: it waits for its socket */
	const struct wri_sysaddr
	    *to;           /* what is tried; the dialer's or names' */
	int fd;            /* the socket while it has no stream, or -1 */
	weir_stream *conn; /* half-made, or NULL */
	weir_duration nap_ns;
	weir_err err; /* how it ends */

	/* dialer->mtx must be held when using these. */
	weir_err asked; /* why it shall end, WEIR_OK: nobody asked */
	enum dial_stage stage;
	bool submits; /* a thread is in weir_fd_submit, and goes on after it */
	bool claimed;
};

/* dial.c */
void wri_dial_hold(struct dial *dl);
void wri_dial_rele(struct dial *dl);
/* Make the outer one an operation that waits, at a stage.  False: it cannot,
 * and has ended. */
bool wri_dial_start(struct dial *dl, enum dial_stage stage);
/* connect(2) gave r: is it made, or does it wait? */
weir_err wri_dial_look(struct dial *dl, int r, bool *waits);
/* An aio for what waits. */
weir_err wri_dial_inner(struct dial *dl);
/* SUBMITTING: begin to wait, for the socket or for room.  True: that has failed
 * and gone, and another address is the caller's to try. */
bool wri_dial_submit(struct dial *dl);
/* Give back what was half made. */
void wri_dial_drop(struct dial *dl);
/* End a dial that does not wait; nobody else has claimed it. */
void wri_dial_end(struct dial *dl, weir_err err);
/* How the dial ends is ours to say, once; it leaves the dialer. */
bool wri_dial_claim(struct dial *dl, weir_err err);
/* Claimed, nothing is half made: end the outer operation. */
void wri_dial_finish(struct dial *dl);
/* Claimed, or left: close the weir_fd; its release does the rest. */
void wri_dial_close_fd(struct dial *dl);

/* host.c */
/* Dial the host of the URL. */
void wri_host_dial(struct dial *dl);
/* CLOSING, and the weir_fd has gone. */
void wri_host_gone(struct dial *dl);
/* What was tried ended in *err.  True: another address will be, once the caller
 * has closed the weir_fd; else the dial ends in *err. */
bool wri_dial_leave(struct dial *dl, weir_err *err);

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
