/*
 * nrt - nng_init and nng_fini around a test, and what is left then; a handle
 * that keeps what its callback saw; a logger that keeps lines.
 *
 * Purpose    as support/rt, for programs that know <nng/nng.h> alone.
 * Ownership  the logger of the process belongs to nrt while it is up.
 * Pairs      what a callback writes is read by the main thread after it has
 *            waited for the latch, or for the handle.
 */
#ifndef COMPAT_NRT_H
#define COMPAT_NRT_H

#include "support/latch.h"
#include "support/rt.h"

#include <nng/nng.h>

#include <check.h>

#define NRT_SEEN_MAX 32

/* Fixtures: a warning in the log fails the test. */
void nrt_setup(void);
void nrt_teardown(void);

/* Lines that came since nrt_log_begin. */
struct nrt_line {
	nng_log_level level;
	nng_log_facility facility;
	char msgid[32]; /* "(null)": NULL */
	char text[600];
};

/* From now on lines are kept, up to this level. */
void nrt_log_begin(nng_log_level level);
unsigned nrt_log_len(void);
/* The i-th line kept. */
struct nrt_line nrt_log_at(unsigned i);

/* A handle with a callback. */
struct nrt {
	nng_aio *aio;
	struct latch ran; /* hit at the end of each callback */
	void (*then)(struct nrt *n);
	void *arg; /* for then */

	unsigned calls;
	nng_err results[NRT_SEEN_MAX];
	bool busy;        /* nng_aio_busy inside the last callback */
	pthread_t ran_on; /* the last one */
	bool gone;        /* then has freed the handle */
};

void nrt_init(struct nrt *n, void (*then)(struct nrt *), void *arg);
void nrt_fini(struct nrt *n);
/* Wait for the n-th callback, which has this result, and for the handle. */
void nrt_expect(struct nrt *n, unsigned calls, nng_err result);

#endif
