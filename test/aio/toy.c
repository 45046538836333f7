/*
 * toy - a provider as a stranger would write it: a list under a lock.
 */
#include "aio/toy.h"

#include <stdlib.h>
#include <string.h>

static void
toy_lock(struct toy *t)
{
	if (pthread_mutex_lock(&t->mtx) != 0) {
		abort();
	}
}

static void
toy_unlock(struct toy *t)
{
	if (pthread_mutex_unlock(&t->mtx) != 0) {
		abort();
	}
}

static void
toy_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct toy *t = arg;
	bool ours = false;

	toy_lock(t);
	if (t->inside++ != 0) {
		t->overlapped = true;
	}
	if (t->nasked < TOY_ASKED_MAX) {
		t->asked[t->nasked] = why;
	}
	t->nasked++;
	toy_unlock(t);
	if (t->in_hook != NULL) {
		latch_hit(t->in_hook);
	}
	if (t->hold_hook != NULL) {
		(void)latch_wait(t->hold_hook, 1);
	}
	if (t->at_hook != NULL) {
		t->at_hook(t);
	}
	toy_lock(t);
	if (!t->stubborn) {
		ours = weir_aioq_remove(&t->waiting, aio);
	}
	t->inside--;
	toy_unlock(t);
	if (ours) {
		(void)weir_aio_finish(aio, why);
	}
}

static void
toy_release(void *arg)
{
	struct toy *t = arg;

	toy_lock(t);
	t->nreleased++;
	toy_unlock(t);
	if (t->at_release != NULL) {
		t->at_release(t);
	}
}

const weir_provider toy_providers[4] = {
    [TOY_FULL] = {sizeof(weir_provider), "toy", toy_cancel, toy_release},
    [TOY_CANCEL] = {sizeof(weir_provider), "toy-cancel", toy_cancel, NULL},
    [TOY_DEAF] = {sizeof(weir_provider), "toy-deaf", NULL, NULL},
    [TOY_RELEASE] = {sizeof(weir_provider), "toy-release", NULL, toy_release},
};

void
toy_init(struct toy *t, enum toy_kind kind)
{
	memset(t, 0, sizeof(*t));
	t->kind = kind;
	if (pthread_mutex_init(&t->mtx, NULL) != 0) {
		abort();
	}
}

void
toy_fini(struct toy *t)
{
	if (pthread_mutex_destroy(&t->mtx) != 0) {
		abort();
	}
}

weir_err
toy_start(struct toy *t, weir_aio *aio)
{
	weir_err rv;

	/* Started under the lock: a hook that comes at once finds it. */
	toy_lock(t);
	rv = weir_aio_start(aio, &toy_providers[t->kind], t);
	if (rv != WEIR_OK) {
		t->nrefused++;
	} else {
		t->nstarted++;
		weir_aioq_push(&t->waiting, aio);
	}
	toy_unlock(t);
	return rv;
}

void
toy_submit(struct toy *t, weir_aio *aio)
{
	if (weir_aio_reset(aio) != WEIR_OK) {
		toy_lock(t);
		t->nrefused++;
		toy_unlock(t);
		return;
	}
	(void)toy_start(t, aio);
}

void
toy_submit_now(weir_aio *aio, weir_err err, size_t count)
{
	if (weir_aio_reset(aio) == WEIR_OK) {
		(void)weir_aio_finish_count(aio, err, count);
	}
}

weir_aio *
toy_take_first(struct toy *t)
{
	weir_aio *aio;

	toy_lock(t);
	aio = weir_aioq_pop(&t->waiting);
	toy_unlock(t);
	return aio;
}

bool
toy_finish_first(struct toy *t, weir_err err, size_t count)
{
	weir_aio *aio = toy_take_first(t);

	if (aio == NULL) {
		return false;
	}
	(void)weir_aio_finish_count(aio, err, count);
	return true;
}

bool
toy_take(struct toy *t, weir_aio *aio)
{
	bool in;

	toy_lock(t);
	in = weir_aioq_remove(&t->waiting, aio);
	toy_unlock(t);
	return in;
}

bool
toy_finish(struct toy *t, weir_aio *aio, weir_err err, size_t count)
{
	return toy_take(t, aio) && weir_aio_finish_count(aio, err, count);
}

void
toy_put_back(struct toy *t, weir_aio *aio)
{
	toy_lock(t);
	weir_aioq_push(&t->waiting, aio);
	toy_unlock(t);
}

unsigned
toy_waiting(struct toy *t)
{
	unsigned n;

	toy_lock(t);
	n = weir_aioq_first(&t->waiting) != NULL;
	toy_unlock(t);
	return n;
}

unsigned
toy_asked(struct toy *t)
{
	unsigned n;

	toy_lock(t);
	n = t->nasked;
	toy_unlock(t);
	return n;
}

weir_err
toy_asked_for(struct toy *t, unsigned i)
{
	weir_err why;

	toy_lock(t);
	why = i < t->nasked && i < TOY_ASKED_MAX ? t->asked[i] : WEIR_OK;
	toy_unlock(t);
	return why;
}

unsigned
toy_released(struct toy *t)
{
	unsigned n;

	toy_lock(t);
	n = t->nreleased;
	toy_unlock(t);
	return n;
}

unsigned
toy_refused(struct toy *t)
{
	unsigned n;

	toy_lock(t);
	n = t->nrefused;
	toy_unlock(t);
	return n;
}
