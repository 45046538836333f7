/*
 * con - what every program of the conformance suite uses.
 *
 * Purpose    nng_init and nng_fini around a test, and what is left then; a
 *            handle that keeps what its callbacks saw; a provider of the
 *            test's own; mistakes that are kept instead of fatal.
 * Ownership  the test's memory, all of it.  The hook for misuse belongs to con
 *            between con_misuse_begin and the end of the test.
 * Pairs      what a callback wrote is read by the main thread after it has
 *            waited for the latch, or for the handle.
 * Bounds     CON_SEEN_MAX results are kept of a handle, all are counted.
 *
 * This is written by a stranger: he has <nng/nng.h> and its description, and
 * for the promises beyond it <weir/weir.h> and <weir/provider.h>.
 */
#ifndef CONFORM_CON_H
#define CONFORM_CON_H

#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"

#include <nng/nng.h>

#include <check.h>
#include <pthread.h>

#define CON_SEEN_MAX 16

/* Longer than any test lasts: a time that does not come. */
#define CON_LONG_MS 3600000

/* Fixtures.  Of setup and teardown each test may use none, or both. */
void con_setup(void);
void con_teardown(void);
/* A suite of one case with the fixture, or without. */
TCase *con_case(Suite *suite, const char *name);
TCase *con_case_bare(Suite *suite, const char *name);

/* A handle with a callback that keeps what it saw. */
struct con_op {
	nng_aio *aio;
	struct latch ran; /* hit last of all in each callback */
	void (*then)(struct con_op *o);
	void *arg; /* for then */
	bool gone; /* then has freed or reaped the handle */

	/* Callbacks only, which do not overlap: */
	unsigned calls;
	nng_err results[CON_SEEN_MAX];
	size_t counts[CON_SEEN_MAX];
	bool busy; /* nng_aio_busy inside the last one */
	pthread_t on;

	/* Any thread, __atomic: */
	int inside;
	int overlaps;
};

void con_op_init(struct con_op *o, void (*then)(struct con_op *), void *arg);
void con_op_fini(struct con_op *o);
/* Wait for the n-th callback and for the handle; that is how it ended. */
void con_op_expect(struct con_op *o, unsigned n, nng_err result);

/* One piece of memory for the next operation: to fill, or to send. */
void con_op_buf(struct con_op *o, void *buf, size_t len);
void con_op_text(struct con_op *o, const char *text, size_t len);

/* What a provider's cancel function does. */
enum con_hook {
	CON_HOOK_ENDS,    /* ends the operation with the reason */
	CON_HOOK_IGNORES, /* lets the operation go on */
	CON_HOOK_NONE,    /* there is none: NULL */
};

/* A provider with one operation at a time. */
struct con_prov {
	struct latch hooked; /* hit at the end of each cancel function */

	pthread_mutex_t mtx;
	/* mtx must be held when using these: */
	enum con_hook mode;
	nng_aio *aio;
	unsigned started;
	unsigned refused;
	unsigned hooks;
	nng_err whys[CON_SEEN_MAX];
	nng_aio *hook_aio;
	void *hook_arg;
	pthread_t hook_on;
};

void con_prov_init(struct con_prov *p, enum con_hook mode);
void con_prov_fini(struct con_prov *p);
void con_prov_set_mode(struct con_prov *p, enum con_hook mode);
/* Start an operation; what nng_aio_start said. */
bool con_prov_submit(struct con_prov *p, nng_aio *aio);
/* End it from outside; false: it was gone. */
bool con_prov_finish(struct con_prov *p, nng_err err);
unsigned con_prov_hooks(struct con_prov *p);
nng_err con_prov_why(struct con_prov *p, unsigned i);

/* From now on a mistake is kept and refused. */
void con_misuse_begin(void);
void con_misuse_end(void);
unsigned con_misuses(void);
/* The function that the last one was made in, "" if none. */
const char *con_misuse_call(void);

/* Run fn(arg) on n threads at once, wait for them. */
void con_threads(unsigned n, void *(*fn)(void *), void *arg);

/* Chance with a seed: xorshift64*. */
struct con_rand {
	uint64_t state;
};
uint32_t con_rand_below(struct con_rand *r, uint32_t n);

#endif
