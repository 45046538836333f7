/*
 * wait - wait, stop, close, free, reap, and the search for rings.
 *
 * Purpose    threads sleep until a handle is idle, and memory goes when nobody
 *            can touch it any more.
 * Ownership  sleepers sleep on a static table of buckets chosen by address, so
 *            that the last touch of a handle is the move that made it idle.
 *            nwait counts the calls that will touch the handle again; free
 *            waits for them, the reaper looks for them.
 * Pairs      B1  sleeper: sleepers + 1, seq, then the word's SLEEPER (seq_cst)
 *                <-> mover: the word, then seq + 1 (seq_cst).  A futex that
 *                compares seq: forbids "idle, and somebody sleeps".
 *            B2  rele: nwait - 1 (seq_cst), then sleepers <-> free: sleepers
 *                + 1, then nwait (seq_cst).  Forbids the same for nwait.
 *            A3  (aio.c) carries what the callback wrote to the waiter.
 * Bounds     64 buckets; a wake-up of one wakes the sleepers of all handles of
 *            that bucket, who look and sleep again.
 * Proof      test/explorer/x_wait.c, test/aio/test_wait.c
 */
#include "aio/aio_impl.h"
#include "aio/registry.h"

#include "base/clock.h"
#include "base/panic.h"

#define BUCKETS 64

static struct bucket {
	wri_a32 seq WRI_ALIGNED;
	wri_a32 sleepers;
} buckets[BUCKETS];

/* The lock of the ring search: who waits for what. */
static wri_mtx ring_lock = WRI_MTX_INIT;

static struct bucket *
bucket_of(const weir_aio *aio)
{
	return &buckets[(uintptr_t)aio / WRI_LINE % BUCKETS];
}

void
wri_frame_push(struct wri_frame *f, weir_aio *aio, bool callback)
{
	f->aio = aio;
	f->callback = callback;
	f->outer = wri_self_get(WRI_SELF_CHAIN);
	wri_self_set(WRI_SELF_CHAIN, f);
}

void
wri_frame_pop(struct wri_frame *f)
{
	WRI_ASSERT(wri_self_get(WRI_SELF_CHAIN) == f);
	wri_self_set(WRI_SELF_CHAIN, f->outer);
}

struct wri_frame *
wri_frame_find(const weir_aio *aio)
{
	struct wri_frame *f = wri_self_get(WRI_SELF_CHAIN);

	while (f != NULL && f->aio != aio) {
		f = f->outer;
	}
	return f;
}

void
wri_aio_wake(weir_aio *aio)
{
	struct bucket *b = bucket_of(aio);

	wri_add(&b->seq, 1, WRI_SC); /* B1 */
	wri_futex_wake(&b->seq, INT32_MAX);
}

void
wri_aio_hold(weir_aio *aio)
{
	wri_add(&aio->nwait, 1, WRI_SC);
}

void
wri_aio_rele(weir_aio *aio)
{
	struct bucket *b = bucket_of(aio);

	wri_sub(&aio->nwait, 1, WRI_SC); /* B2; the last touch */
	if (wri_load(&b->sleepers, WRI_SC) != 0) {
		wri_aio_wake(aio);
	}
}

void
wri_aio_bind(weir_aio *aio, struct weir_exec *exec)
{
	struct weir_exec *was;

	if (exec != NULL) {
		wri_add(&exec->users, 1, WRI_RLX); /* a count */
	} else if (exec_of(aio) == NULL) {
		return;
	}
	/* The ring search may just be following the handle to its strand. */
	wri_mtx_lock(&ring_lock);
	was = wri_xchg(&aio->exec, exec, WRI_RLX); /* the word publishes */
	wri_mtx_unlock(&ring_lock);
	if (was != NULL) {
		wri_sub(&was->users, 1, WRI_REL); /* it may go */
	}
}

/*
 * Would r, by waiting for aio, close a ring?  Follows aio to the thread that
 * runs its callback, or the strand it needs, and on to what that waits for.
 * Everything on the way is held by its waiter, who is registered.
 */
static bool
closes_ring(const struct wri_runner *r, weir_aio *aio)
{
	while (aio != NULL) {
		struct weir_exec *exec = wri_load(&aio->exec, WRI_RLX);
		struct wri_runner *runner = NULL;

		if (exec != NULL && exec->strand != NULL) {
			runner = wri_strand_runner(exec->strand);
		} else if ((wri_load(&aio->word, WRI_ACQ) & W_RUN) != 0) {
			runner = wri_load(&aio->runner, WRI_ACQ);
		}
		if (runner == r) {
			return true;
		}
		aio = runner != NULL ? *wri_runner_waits_for(runner) : NULL;
	}
	return false;
}

/* Say what r is about to wait for, NULL: nothing; false: that closes a ring. */
static bool
set_waits_for(struct wri_runner *r, weir_aio *aio)
{
	bool ring;

	wri_mtx_lock(&ring_lock);
	ring = closes_ring(r, aio);
	if (!ring) {
		*wri_runner_waits_for(r) = aio;
	}
	wri_mtx_unlock(&ring_lock);
	return !ring;
}

/* A pool thread is about to sleep in foreign code. */
static weir_err
leave_place(struct wri_runner *r, weir_aio *aio)
{
	weir_err rv = WEIR_EDEADLK;

	if (set_waits_for(r, aio)) {
		rv = wri_runner_wait_begin(r);
		if (rv != WEIR_OK) {
			(void)set_waits_for(r, NULL);
		}
	}
	return rv;
}

static void
take_place(struct wri_runner *r)
{
	(void)set_waits_for(r, NULL);
	wri_runner_wait_end(r);
}

/* Is it queued in a pool that weir_fini has abandoned?  Nobody will come. */
static bool
is_lost(const weir_aio *aio, uint64_t w)
{
	return (w & (W_ORPHAN | W_QUEUED | W_RUN | W_HOOK)) ==
		   (W_ORPHAN | W_QUEUED) &&
	       wri_life_is_over(aio->life);
}

/* Sleep until the handle is idle or lost, or the time has come. */
static weir_err
sleep_until_idle(weir_aio *aio, weir_time until)
{
	struct bucket *b = bucket_of(aio);
	weir_err rv = WEIR_EAGAIN;
	bool in_time = true;

	wri_add(&b->sleepers, 1, WRI_SC);
	while (rv == WEIR_EAGAIN) {
		uint32_t seq = wri_load(&b->seq, WRI_SC);  /* B1 */
		uint64_t w = wri_load(&aio->word, WRI_SC); /* A3, B1 */

		if (is_idle(w)) {
			rv = WEIR_OK;
		} else if (is_lost(aio, w)) {
			rv = WEIR_ESTATE;
		} else if (!in_time) {
			rv = WEIR_ETIMEDOUT;
		} else if ((w & W_SLEEPER) != 0 || wri_cas_weak(&aio->word, &w,
						       w | W_SLEEPER, WRI_SC)) {
			in_time = wri_futex_wait(&b->seq, seq, until);
		}
	}
	wri_sub(&b->sleepers, 1, WRI_SC);
	return rv;
}

void
wri_registry_lost(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		wri_add(&buckets[i].seq, 1, WRI_SC); /* B1 */
		wri_futex_wake(&buckets[i].seq, INT32_MAX);
	}
}

/* Wait until idle.  The caller holds the handle. */
static weir_err
wait_idle(weir_aio *aio, weir_time until)
{
	struct wri_runner *r =
	    wri_self_get(WRI_SELF_CHAIN) != NULL ? wri_runner_self() : NULL;
	weir_err rv;

	if (wri_frame_find(aio) != NULL) {
		return WEIR_EDEADLK;
	}
	if (is_idle(wri_load(&aio->word, WRI_SC))) { /* A3 */
		return WEIR_OK;
	}
	if (until != WEIR_NEVER && until <= wri_now()) {
		return WEIR_ETIMEDOUT; /* only a look: no place is left */
	}
	if (r != NULL) {
		rv = leave_place(r, aio);
		if (rv != WEIR_OK) {
			return rv;
		}
	}
	rv = sleep_until_idle(aio, until);
	if (r != NULL) {
		take_place(r);
	}
	return rv;
}

static weir_err
wait(weir_aio *aio, weir_time until, const char *call)
{
	weir_err rv = wri_aio_enter(aio, call);

	if (rv != WEIR_OK) {
		return aio == NULL ? WEIR_OK : rv;
	}
	wri_aio_hold(aio);
	rv = wait_idle(aio, until);
	wri_aio_rele(aio);
	return rv;
}

weir_err
weir_aio_wait_until(weir_aio *aio, weir_time until)
{
	return wait(aio, until, __func__);
}

weir_err
weir_aio_wait(weir_aio *aio)
{
	return wait(aio, WEIR_NEVER, __func__);
}

/* What still has a handle, and the name of the provider if that does. */
static weir_blocker
blocked_by(weir_aio *aio, const char **who)
{
	static const weir_blocker by_op[] = {
	    [OP_NONE] = WEIR_BLOCKER_NONE,
	    [OP_STARTING] = WEIR_BLOCKER_PROVIDER,
	    [OP_ACTIVE] = WEIR_BLOCKER_PROVIDER,
	    [OP_ENDING] = WEIR_BLOCKER_QUEUE,
	    [OP_DONE] = WEIR_BLOCKER_QUEUE,
	};
	uint64_t w = wri_load(&aio->word, WRI_ACQ);
	const weir_provider *p = provider_of(aio);

	if (op_of(w) == OP_ACTIVE && p != NULL && p->name != NULL) {
		*who = p->name;
	}
	return (w & W_RUN) != 0    ? WEIR_BLOCKER_CALLBACK
	       : (w & W_HOOK) != 0 ? WEIR_BLOCKER_CANCEL
				   : by_op[op_of(w)];
}

/* until negative: no wait at all; what and who may be NULL. */
static weir_err
stop(weir_aio *aio, weir_time until, weir_blocker *what, const char **who,
    const char *call)
{
	weir_blocker blocker;
	const char *name;
	weir_err rv = wri_aio_enter(aio, call);

	what = what != NULL ? what : &blocker;
	who = who != NULL ? who : &name;
	*what = WEIR_BLOCKER_NONE;
	*who = "";
	if (rv == WEIR_OK) {
		wri_aio_hold(aio);
		(void)wri_aio_ask(aio, WHY_STOP, WEIR_ESTOPPED, W_STOP, NULL);
		rv = until < 0 ? WEIR_OK : wait_idle(aio, until);
		if (rv != WEIR_OK) {
			*what = blocked_by(aio, who);
			/* Nothing: idle by now, and for ever. */
			rv = *what == WEIR_BLOCKER_NONE ? WEIR_OK : rv;
		}
		wri_aio_rele(aio);
	}
	return aio == NULL ? WEIR_OK : rv;
}

weir_err
weir_aio_stop_until(
    weir_aio *aio, weir_time until, weir_blocker *what, const char **who)
{
	return stop(aio, until < 0 ? 0 : until, what, who, __func__);
}

weir_err
weir_aio_stop(weir_aio *aio)
{
	return stop(aio, WEIR_NEVER, NULL, NULL, __func__);
}

void
weir_aio_close(weir_aio *aio)
{
	(void)stop(aio, -1, NULL, NULL, __func__);
}

/* --- The end of a handle ----------------------------------------------- */

/*
 * Nothing will move the word any more.  Free the memory, or leave that to the
 * expiry thread while a deadline or a waiter still refers to it.
 */
void
wri_aio_hand_over(weir_aio *aio)
{
	wri_aio_bind(aio, NULL); /* pool and strand need not wait for memory */
	for (;;) {
		bool alone = wri_aio_unregister(aio);

		if (alone && !wri_deadline_held(&aio->deadline)) {
			wri_aio_destroy(aio);
			return;
		}
		if (wri_deadline_bury(&aio->deadline)) {
			return;
		}
		wri_yield(); /* after fini: a waiter is just leaving */
	}
}

void
weir_aio_reap(weir_aio *aio)
{
	bool was_free;

	if (wri_aio_enter(aio, "weir_aio_reap") != WEIR_OK) {
		return;
	}
	wri_aio_note(aio, WRI_NOTE_FREE, __func__);
	(void)wri_aio_ask(
	    aio, WHY_STOP, WEIR_ESTOPPED, W_STOP | W_FREE | W_GONE, &was_free);
	if (was_free) {
		wri_aio_misuse(
		    aio, "weir_aio_reap", "the handle was freed before");
	}
}

/* Sleep until no other call is in the handle. */
static void
wait_alone(weir_aio *aio)
{
	struct bucket *b = bucket_of(aio);

	wri_add(&b->sleepers, 1, WRI_SC); /* B2 */
	for (;;) {
		uint32_t seq = wri_load(&b->seq, WRI_SC);

		if (wri_load(&aio->nwait, WRI_SC) == 0) { /* B2 */
			break;
		}
		(void)wri_futex_wait(&b->seq, seq, WEIR_NEVER);
	}
	wri_sub(&b->sleepers, 1, WRI_SC);
}

void
weir_aio_free(weir_aio *aio)
{
	bool was_free;

	if (wri_aio_enter(aio, "weir_aio_free") != WEIR_OK) {
		return;
	}
	wri_aio_hold(aio);
	wri_aio_note(aio, WRI_NOTE_FREE, __func__);
	(void)wri_aio_ask(
	    aio, WHY_STOP, WEIR_ESTOPPED, W_STOP | W_FREE, &was_free);
	if (was_free) {
		wri_aio_rele(aio);
		wri_aio_misuse(
		    aio, "weir_aio_free", "the handle was freed before");
		return;
	}
	if (wait_idle(aio, WEIR_NEVER) == WEIR_OK) {
		wri_aio_rele(aio);
		wait_alone(aio);
	} else {
		wri_aio_rele(aio); /* as reap, also within: the end frees it */
	}
	if (is_gone(wri_or(&aio->word, W_GONE, WRI_ACQ_REL) | W_GONE)) {
		wri_aio_hand_over(aio);
	}
}
