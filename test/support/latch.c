/*
 * latch - wait for callbacks, with a deadline.
 *
 * Pairs      the mutex carries what the callback wrote to who waited for it.
 */
#include "support/latch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* A latch that fails cannot judge a test. */
static void
latch_must(int eno)
{
	if (eno != 0) {
		abort();
	}
}

void
latch_init(struct latch *l)
{
	latch_must(pthread_mutex_init(&l->mtx, NULL));
	latch_must(pthread_cond_init(&l->cond, NULL));
	l->hits = 0;
}

void
latch_fini(struct latch *l)
{
	latch_must(pthread_cond_destroy(&l->cond));
	latch_must(pthread_mutex_destroy(&l->mtx));
}

void
latch_hit(struct latch *l)
{
	latch_must(pthread_mutex_lock(&l->mtx));
	l->hits++;
	/* Under the lock: the waiter may free the latch once it has it. */
	latch_must(pthread_cond_broadcast(&l->cond));
	latch_must(pthread_mutex_unlock(&l->mtx));
}

void
latch_hit_cb(void *arg)
{
	latch_hit(arg);
}

unsigned
latch_hits(struct latch *l)
{
	unsigned hits;

	latch_must(pthread_mutex_lock(&l->mtx));
	hits = l->hits;
	latch_must(pthread_mutex_unlock(&l->mtx));
	return hits;
}

bool
latch_wait_ms(struct latch *l, unsigned n, unsigned limit_ms)
{
	struct timespec until;
	bool got;
	int eno = 0;

	latch_must(clock_gettime(CLOCK_MONOTONIC, &until));
	until.tv_sec += limit_ms / 1000;
	until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	latch_must(pthread_mutex_lock(&l->mtx));
	while (l->hits < n && eno == 0) {
		eno = pthread_cond_clockwait(
		    &l->cond, &l->mtx, CLOCK_MONOTONIC, &until);
	}
	got = l->hits >= n;
	latch_must(pthread_mutex_unlock(&l->mtx));
	latch_must(eno == ETIMEDOUT ? 0 : eno);
	return got;
}

bool
latch_wait(struct latch *l, unsigned n)
{
	return latch_wait_ms(l, n, LATCH_LIMIT_MS);
}
