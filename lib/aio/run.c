/*
 * run - what a pool thread does with a handle that was queued.
 *
 * Purpose    the node says "look at this handle"; the word says what there is
 *            to do: deliver a completion, call the hook for a timeout, or
 *            nothing.
 * Ownership  with OP_DONE and neither RUN nor HOOK the word is the looker's
 *            but for the askers.
 * Pairs      A1 to A3 (aio.c).
 * Bounds     one callback or one hook for a look.
 * Proof      test/explorer/x_aio.c, test/aio/test_callback.c
 */
#include "aio/aio_impl.h"

#include "base/panic.h"

/* At most once for an operation: a move that was refused is made again. */
static void
call_release(weir_aio *aio)
{
	const weir_provider *p = provider_of(aio);
	struct wri_frame frame;

	if (p != NULL && p->release != NULL) {
		wri_frame_push(&frame, aio, false);
		p->release(aio->arg);
		wri_frame_pop(&frame);
		wri_store(&aio->provider, NULL, WRI_RLX); /* A2, A3 */
	}
}

/*
 * w is the word as the caller leaves it, who settled, called a hook or ran a
 * callback; returned is the word that it shall move to.  A completion that is
 * left to nobody else is queued, or when the library has ended, ends here
 * without a callback (row 20).
 */
uint64_t
wri_aio_hand_on(weir_aio *aio, uint64_t w)
{
	if (op_of(w) != OP_DONE || (w & (W_RUN | W_HOOK)) != 0) {
		return idle_wakes(w);
	}
	if ((w & W_ORPHAN) == 0) {
		return w | W_QUEUED;
	}
	call_release(aio);
	return idle_wakes(with_op(w, OP_NONE));
}

/*
 * What a move of the word from had to w entails, last: queue what must be
 * queued, hand over the memory of a handle that is gone, wake the sleepers of
 * one that is idle.  The handle is not to be touched afterwards.
 */
void
wri_aio_moved(weir_aio *aio, uint64_t had, uint64_t w)
{
	if ((w & ~had & W_QUEUED) != 0) {
		wri_exec_post(exec_of(aio), &aio->task);
		return;
	}
	if (is_gone(w) && !is_gone(had)) {
		wri_aio_hand_over(aio);
	}
	if ((had & ~w & W_SLEEPER) != 0) {
		wri_aio_wake(aio); /* by its address alone */
	}
}

/* The callback, and what comes after it (row 19). */
static void
run_callback(weir_aio *aio)
{
	struct wri_frame frame;
	uint64_t w, n;

	wri_frame_push(&frame, aio, true);
	aio->cb(aio->cb_arg);
	wri_frame_pop(&frame);
	if (wri_life_forked()) { /* what is queued is the parent's */
		wri_panic(__FILE__, __LINE__,
		    "a callback returned in a forked child: exec or _exit");
	}
	do {
		w = wri_load(&aio->word, WRI_ACQ); /* A2 */
		n = wri_aio_hand_on(aio, w & ~W_RUN);
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)); /* A3 */
	wri_aio_moved(aio, w, n);
}

/* Row 17: the operation is done, and the word is ours but for the askers. */
static void
deliver(weir_aio *aio)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ); /* A2 */
	uint64_t n;

	call_release(aio);
	/* Before RUN says that it counts: wait.c follows it. */
	wri_store(&aio->runner, wri_runner_self(), WRI_REL);
	do {
		n = with_op(w, OP_NONE) & ~W_QUEUED;
		if ((w & W_NOCB) == 0) {
			n |= W_RUN;
		}
		n = idle_wakes(n);
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if ((n & W_RUN) != 0) {
		run_callback(aio);
	} else {
		wri_aio_moved(aio, w, n);
	}
}

void
wri_aio_run(struct wri_task *task)
{
	weir_aio *aio = wri_container(task, struct weir_aio, task);
	uint64_t w, n;

	do {
		w = wri_load(&aio->word, WRI_ACQ); /* A1: provider */
		if (op_of(w) == OP_DONE && (w & (W_RUN | W_HOOK)) == 0) {
			deliver(aio);
			return;
		}
		n = w & ~W_QUEUED;
		if (op_of(w) == OP_ACTIVE && pend_of(w) > asked_of(w) &&
		    (w & W_HOOK) == 0 && provider_of(aio)->cancel != NULL) {
			n = with_asked(n, pend_of(w)) | W_HOOK; /* row 18 */
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if ((n & ~w & W_HOOK) != 0) {
		wri_aio_call_hook(aio, WEIR_ECANCELED);
	} else {
		wri_aio_moved(aio, w, n); /* row 18' */
	}
}
