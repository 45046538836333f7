/*
 * consumer - a handle with a callback that keeps what it saw.
 *
 * Purpose    the test asks afterwards: how many callbacks, in which order,
 *            with which results, did two ever overlap.
 * Ownership  the test's memory, which must not move between init and fini.
 * Pairs      what the callback writes is read by the main thread after it has
 *            waited for the latch, or for the handle.
 * Bounds     the first CONSUMER_SEEN_MAX results are kept, all are counted.
 */
#ifndef AIO_CONSUMER_H
#define AIO_CONSUMER_H

#include "support/latch.h"

#include <weir/aio.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define CONSUMER_SEEN_MAX 128

struct consumer {
	weir_aio *aio;
	/* A hit as the last act of each callback. */
	struct latch ran;
	/* The rest of the callback, or NULL; may submit again, may free. */
	void (*then)(struct consumer *c);
	void *arg; /* for then */

	/* Of the callbacks: */
	_Atomic unsigned calls;
	_Atomic unsigned inside;
	_Atomic bool overlapped;
	_Atomic bool on_main; /* one ran on the thread of consumer_init */
	weir_err result;      /* of the last one */
	size_t count;
	weir_err results[CONSUMER_SEEN_MAX];
	int64_t ran_at; /* weir_now() of the last one */

	pthread_t maker;
	bool gone; /* then has freed the handle */
};

/* A handle with a callback; then and arg may be NULL. */
void consumer_init(
    struct consumer *c, void (*then)(struct consumer *), void *arg);
/* A wait-only handle: no callback. */
void consumer_init_waiter(struct consumer *c);
/* Free the handle (unless gone); checks that nothing overlapped, and that no
 * callback ran on the thread that made it. */
void consumer_fini(struct consumer *c);

/* Wait until n callbacks have run; fails the test if they do not, or if there
 * are more. */
void consumer_wait(struct consumer *c, unsigned n);
/* The same, and the last result must be this. */
void consumer_expect(struct consumer *c, unsigned n, weir_err result);
/* Wait until the handle is idle; fails the test when it takes too long. */
void consumer_settle(struct consumer *c);

#endif
