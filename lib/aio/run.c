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

static void
call_release(weir_aio *aio)
{
	const weir_provider *p = provider_of(aio);
	struct wri_frame frame;

	if (p != NULL && p->release != NULL) {
		wri_frame_push(&frame, aio, false);
		p->release(aio->arg);
		wri_frame_pop(&frame);
	}
}

/*
 * n is the word as the caller leaves it, who settled, called a hook or ran a
 * callback.  A completion that is left to nobody else is queued (*push: the
 * caller pushes), or when the library has ended, ends here without a callback
 * (row 20).  *released: whether an earlier try has called release.
 */
uint64_t
wri_aio_hand_on(weir_aio *aio, uint64_t n, bool *push, bool *released)
{
	*push = false;
	if (op_of(n) != OP_DONE || (n & (W_RUN | W_HOOK | W_QUEUED)) != 0) {
		return idle_wakes(n);
	}
	if ((n & W_ORPHAN) == 0) {
		*push = true;
		return n | W_QUEUED;
	}
	if (!*released) {
		call_release(aio);
		*released = true;
	}
	return idle_wakes(with_op(n, OP_NONE));
}

/* The callback, and what comes after it (row 19). */
static void
run_callback(weir_aio *aio)
{
	struct wri_frame frame;
	uint64_t w, n;
	bool push, released = false;

	wri_frame_push(&frame, aio, true);
	aio->cb(aio->cb_arg);
	wri_frame_pop(&frame);
	do {
		w = wri_load(&aio->word, WRI_ACQ); /* A2 */
		n = wri_aio_hand_on(aio, w & ~W_RUN, &push, &released);
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)); /* A3 */
	if (push) {
		wri_exec_post(exec_of(aio), &aio->task);
	} else {
		after_move(aio, w, n);
	}
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
		after_move(aio, w, n);
	}
}

void
wri_aio_run(struct wri_task *task)
{
	weir_aio *aio = wri_container(task, struct weir_aio, task);
	uint64_t w, n;
	bool hook;

	do {
		w = wri_load(&aio->word, WRI_ACQ); /* A1: provider */
		if (op_of(w) == OP_DONE && (w & (W_RUN | W_HOOK)) == 0) {
			deliver(aio);
			return;
		}
		n = w & ~W_QUEUED;
		hook = op_of(w) == OP_ACTIVE && pend_of(w) > asked_of(w) &&
		       (w & W_HOOK) == 0 && provider_of(aio)->cancel != NULL;
		if (hook) { /* row 18 */
			n = with_asked(n, pend_of(w)) | W_HOOK;
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if (hook) {
		wri_aio_call_hook(aio, pend_of(w), WEIR_ECANCELED);
	} else if (is_gone(n)) { /* row 18' */
		wri_aio_hand_over(aio);
	}
}
