/*
 * latch - wait for callbacks, with a deadline.
 *
 * Purpose    a callback counts, the test's main thread waits for the count.
 *            Built on pthread alone, so that a defect of ours cannot hide
 *            behind itself.
 * Ownership  the test's memory; free after the last latch_hit has returned:
 *            latch_wait returns only then.
 * Bounds     LATCH_LIMIT_MS: a test that waits longer has failed.
 */
#ifndef SUPPORT_LATCH_H
#define SUPPORT_LATCH_H

#include <pthread.h>
#include <stdbool.h>

/* Long enough for a sanitizer on a busy machine. */
#define LATCH_LIMIT_MS 20000

struct latch {
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* mtx must be held when using these: */
	unsigned hits;
};

void latch_init(struct latch *l);
void latch_fini(struct latch *l);

/* Something happened; any thread, from callbacks. */
void latch_hit(struct latch *l);
/* latch_hit as a callback: arg is the latch. */
void latch_hit_cb(void *arg);

/* How often so far. */
unsigned latch_hits(struct latch *l);
/* Wait until it happened n times since init; false: LATCH_LIMIT_MS passed. */
bool latch_wait(struct latch *l, unsigned n);
/* As latch_wait with another limit; for "nothing happens" keep it short. */
bool latch_wait_ms(struct latch *l, unsigned n, unsigned limit_ms);

#endif
