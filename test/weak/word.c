/*
 * word - the word of a handle (lib/aio), alone: start, finish, ask, deliver.
 *
 * Purpose    as mpsc.c.  An operation is published by ACTIVE (A1), its outcome
 *            by DONE (A2); a hook in flight holds the delivery, and what the
 *            callback wrote is seen by who finds the word idle (A3).
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#ifndef ROUNDS
#define ROUNDS 2000
#endif

#define NONE 0u
#define STARTING 1u
#define ACTIVE 2u
#define ENDING 3u
#define DONE 4u
#define OP 7u
#define RUN 8u
#define QUEUED 16u
#define HOOK 32u
#define PEND 64u

static atomic_uint word;
static int arg, outcome, called, hooked; /* plain */

/* A bug that ThreadSanitizer must find. */
#ifdef PLANT_RELAXED
#define MOVE memory_order_relaxed
#else
#define MOVE memory_order_acq_rel
#endif

/* A move of the whole word: acquire and release, as all of them. */
static int
move(unsigned *w, unsigned n)
{
	return atomic_compare_exchange_strong_explicit(
	    &word, w, n, MOVE, memory_order_relaxed);
}

/* Row 17 to 19, on the thread that set QUEUED. */
static void
deliver(void)
{
	unsigned w = atomic_load_explicit(&word, memory_order_acquire);

	while (!move(&w, (w & ~(OP | QUEUED)) | RUN)) {
	}
	assert(outcome == 5 && !(w & HOOK)); /* A2, K1 */
	called++;
	w = atomic_load_explicit(&word, memory_order_acquire);
	while (!move(&w, w & ~RUN)) {
	}
}

/* A completion that is left to nobody else is queued. */
static unsigned
hand_on(unsigned w)
{
	return (w & OP) == DONE && !(w & (RUN | HOOK)) ? w | QUEUED : w;
}

static void *
provider(void *unused)
{
	unsigned w = atomic_load_explicit(&word, memory_order_acquire);
	unsigned n;

	if ((w & OP) != ACTIVE) {
		return unused; /* it has not begun: whoever waits ends it */
	}
	assert(arg == 3); /* A1 */
	do {
		if ((w & OP) != ACTIVE) {
			return unused;
		}
	} while (!move(&w, (w & ~OP) | ENDING));
	outcome = 5;
	w = atomic_load_explicit(&word, memory_order_relaxed);
	do {
		n = hand_on((w & ~OP) | DONE);
	} while (!move(&w, n));
	if (n & QUEUED) {
		deliver();
	}
	return unused;
}

static void *
canceller(void *unused)
{
	unsigned w = atomic_load_explicit(&word, memory_order_acquire);
	unsigned n;

	do {
		if ((w & OP) != ACTIVE) {
			return unused;
		}
	} while (!move(&w, w | PEND | HOOK));
	assert(arg == 3); /* A1: the hook reads what start wrote */
	hooked++;
	w = atomic_load_explicit(&word, memory_order_acquire);
	do {
		n = hand_on(w & ~HOOK);
	} while (!move(&w, n));
	if (n & QUEUED) {
		deliver();
	}
	return unused;
}

int
main(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t p, c;
		unsigned w = STARTING;

		arg = outcome = called = hooked = 0;
		atomic_init(&word, STARTING);
		pthread_create(&p, NULL, provider, NULL);
		pthread_create(&c, NULL, canceller, NULL);
		arg = 3;
		while (!move(&w, (w & ~OP) | ACTIVE)) {
		}
		/* Wait: A3. */
		w = atomic_load_explicit(&word, memory_order_acquire);
		if ((w & (OP | RUN | HOOK)) == NONE) {
			assert(called == 1);
		}
		pthread_join(p, NULL);
		pthread_join(c, NULL);
		w = atomic_load(&word);
		assert((w & OP) == ACTIVE ? called == 0 : called == 1);
	}
	return 0;
}
