/*
 * toy - a provider as a stranger would write it: a list under a lock.
 *
 * Purpose    operations wait until the test ends them; every call of the hooks
 *            is counted, and can be held up or made deaf.
 * Shape      needs <weir/provider.h> and nothing else of weir.
 * Pairs      mtx is taken by the hook; operations are started under it and
 *            finished without it.
 */
#ifndef AIO_TOY_H
#define AIO_TOY_H

#include "support/latch.h"

#include <weir/provider.h>

#include <pthread.h>

#define TOY_ASKED_MAX 16

/* How the provider looks to weir. */
enum toy_kind {
	TOY_FULL = 0,    /* cancel and release */
	TOY_CANCEL = 1,  /* cancel only */
	TOY_DEAF = 2,    /* neither: only finish ends an operation */
	TOY_RELEASE = 3, /* release only */
};

struct toy {
	pthread_mutex_t mtx;
	/* mtx must be held when using these: */
	weir_aioq waiting;
	weir_err asked[TOY_ASKED_MAX]; /* reasons, in the order they came */
	unsigned nasked;
	unsigned nreleased;
	unsigned nstarted;
	unsigned nrefused; /* resets and starts */
	unsigned inside;   /* hooks running */
	bool overlapped;   /* two did at once; for one operation a defect */

	/* Fixed while operations run. */
	enum toy_kind kind;
	bool stubborn;           /* the hook ends nothing */
	struct latch *in_hook;   /* hit when the hook begins */
	struct latch *hold_hook; /* the hook waits for its first hit */
	/* In the hook before it looks, at the end of release; mtx not held. */
	void (*at_hook)(struct toy *t);
	void (*at_release)(struct toy *t);
	void *arg;
};

void toy_init(struct toy *t, enum toy_kind kind);
void toy_fini(struct toy *t);

/* An operation that stays until the test or the hook ends it. */
void toy_submit(struct toy *t, weir_aio *aio);
/* Its second half: start, and into the list. */
weir_err toy_start(struct toy *t, weir_aio *aio);
/* One that ends while it is submitted. */
void toy_submit_now(weir_aio *aio, weir_err err, size_t count);
/* Take the first one out of the list without ending it; NULL: none waits. */
weir_aio *toy_take_first(struct toy *t);
/* End the first one; false: none waits. */
bool toy_finish_first(struct toy *t, weir_err err, size_t count);
/* End this one; false: it does not wait. */
bool toy_finish(struct toy *t, weir_aio *aio, weir_err err, size_t count);
/* Take it out of the list without ending it; false: it was not in. */
bool toy_take(struct toy *t, weir_aio *aio);
/* Undo toy_take. */
void toy_put_back(struct toy *t, weir_aio *aio);

/* Under the lock, copied: */
unsigned toy_waiting(struct toy *t);
unsigned toy_asked(struct toy *t);
weir_err toy_asked_for(struct toy *t, unsigned i);
unsigned toy_released(struct toy *t);
unsigned toy_refused(struct toy *t);

extern const weir_provider toy_providers[4];

#endif
