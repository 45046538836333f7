/*
 * x_fdio_rig - what the tests of the gate of descriptors share.
 *
 * Purpose    the library with a poller, a descriptor under watch (a line), and
 *            operations on it.  What is promised for each step, each callback
 *            and each release is asserted here.
 * Ownership  lines and operations are static and zeroed by their init; the
 *            handle of an operation is freed by fdio_down, if the body has not
 *            done so.
 * Shape      the real lib/poller, on one backend or the other by chance, above
 *            fake_sys.h.  It is polled by a fiber, or over the real pool by the
 *            pool's threads.
 */
#ifndef EXPLORER_X_FDIO_RIG_H
#define EXPLORER_X_FDIO_RIG_H

#include "x_aio_rig.h"

#include "explorer/fake_sys.h"

#define WHYS_MAX 4

struct line {
	weir_fd *fd;
	struct fake_file *file;
	struct conn *conn; /* for the steps, until release */
	unsigned in_step[2];
	unsigned turn[2];       /* the latest number that was stepped */
	unsigned moved[2];      /* units, as the callbacks have told */
	weir_err why[WHYS_MAX]; /* the codes that it was shut with */
	unsigned nwhy;
	bool drained;     /* no step and no operation any more */
	bool closed;      /* weir_fd_close was called */
	x_latch any;      /* as back, of all operations */
	x_latch forsaken; /* the library lets go of it now */
	x_latch released;
};

/* One operation at a time, of one kind. */
struct xop {
	weir_aio *aio;
	struct line *line;
	weir_dir dir;
	unsigned want;  /* units: all of them, or some: at least one */
	unsigned piece; /* units that a step moves at most; 0: want */
	bool all;
	bool plain;      /* its steps do not tell when the line is drained */
	bool shy;        /* its first step wants to be called again */
	unsigned number; /* in the order of its side; 0: in none */
	bool forever;    /* the callback submits again while all is well */
	void (*then)(struct xop *op); /* in the callback; may free the handle */

	/* This operation. */
	unsigned steps, done;
	weir_time due;

	/* Since fdio_op. */
	bool cancelled; /* somebody has asked */
	bool stopping;  /* or will be, by the end of the library */
	bool running, gone;
	unsigned accepted, begun;
	unsigned submitting; /* calls that have not returned */
	weir_err result;     /* the last one */
	x_latch out;         /* submissions that have returned */
	x_latch back;        /* callbacks that are about to return */
};

/* The library, with n pool threads and at most m with spares, and a poller. */
void fdio_up(unsigned n, unsigned m);
/* Shut and close what is open, end all; everything must be back. */
void fdio_down(void);
/* As weir_fini, with lines still open; then fdio_down. */
void fdio_fini(void);

/* Forget the line; a socket with room, watched. */
void line_open(struct line *l, unsigned room);
/* The same in two calls, so that the peer can be first. */
void line_socket(struct line *l, unsigned room);
void line_watch(struct line *l);
void line_shut(struct line *l, weir_err why);
void line_shut_dir(struct line *l, weir_dir dir, weir_err why);
/* False: EDEADLK. */
void line_drain(struct line *l);
void line_close(struct line *l);

/* A handle that receives or sends some of want units. */
void fdio_op(struct xop *op, struct line *l, weir_dir dir, unsigned want);
void fdio_submit(struct xop *op);
/* Until n callbacks have run. */
void fdio_await(struct xop *op, unsigned n);

/* Fibers; arg is the operation. */
void do_op(void *arg);
void do_cancel(void *arg);
/* Fibers; arg is the line. */
void do_line_shut(void *arg);
void do_line_close(void *arg);

#endif
