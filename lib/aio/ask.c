/*
 * ask - cancel, stop and timeout: asking the provider to end an operation.
 *
 * Purpose    an ask never ends an operation itself: it leaves its reason in
 *            the word and sees to it that the hook is called, one call at a
 *            time, again only for a stronger reason.  The expiry thread never
 *            calls a hook: it queues the handle's task, and a pool thread does.
 * Ownership  W_HOOK is the one hold there is; who sets it calls the hook, and
 *            delivers what was held back meanwhile.
 * Pairs      A1 to A4 (aio.c).
 * Bounds     three hook calls for an operation.
 * Proof      test/explorer/x_aio.c, test/aio/test_cancel.c
 */
#include "aio/aio_impl.h"
#include "aio/registry.h"

static weir_err
code_of(enum why why, weir_err code)
{
	switch (why) {
	case WHY_TIMEOUT:
		return WEIR_ETIMEDOUT;
	case WHY_STOP:
		return WEIR_ESTOPPED;
	case WHY_CANCEL:
	case WHY_NONE:
		break;
	}
	return code;
}

/* We hold W_HOOK: call the hook, again for each stronger reason (row 15). */
void
wri_aio_call_hook(weir_aio *aio, weir_err code)
{
	const weir_provider *p = provider_of(aio);
	struct wri_frame frame;
	uint64_t w, n;
	enum why why;

	do {
		/* Relaxed: ASKED is ours. */
		why = asked_of(wri_load(&aio->word, WRI_RLX));
		wri_frame_push(&frame, aio, false);
		p->cancel(aio, aio->arg, code_of(why, code));
		wri_frame_pop(&frame);
		do {
			w = wri_load(&aio->word, WRI_ACQ); /* A2 */
			if (op_of(w) == OP_ACTIVE && pend_of(w) > why) {
				n = with_asked(w, pend_of(w)); /* row 15 */
			} else {                               /* row 15' */
				n = wri_aio_hand_on(aio, w & ~W_HOOK);
			}
		} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	} while ((n & W_HOOK) != 0);
	wri_aio_moved(aio, w, n);
}

/* One ask: what is wanted, and what came of it. */
struct ask {
	enum why why;
	weir_err code;
	uint64_t extra; /* bits to set in the same move */
	weir_cancel met;
};

/* The next word of an ask: rows 9 to 14'. */
static uint64_t
asked_word(weir_aio *aio, uint64_t w, struct ask *a)
{
	const weir_provider *p;
	uint64_t short_code = (unsigned)a->code > W_CODE_MAX
				  ? (uint64_t)WEIR_ECANCELED
				  : (uint64_t)a->code;

	switch (op_of(w)) {
	case OP_NONE: /* row 9 */
		a->met =
		    (w & W_RUN) != 0 ? WEIR_CANCEL_TOO_LATE : WEIR_CANCEL_IDLE;
		return w | a->extra;
	case OP_ENDING: /* row 10 */
	case OP_DONE:
		a->met = WEIR_CANCEL_TOO_LATE;
		return w | a->extra;
	case OP_STARTING: /* row 11 */
	case OP_ACTIVE:
		break;
	}
	a->met = WEIR_CANCEL_REQUESTED;
	if (a->why <= pend_of(w)) { /* row 12 */
		return w | a->extra;
	}
	w = with_pend(w, a->why);
	if (op_of(w) == OP_STARTING) {
		return (w & ~W_CODE) | (short_code << W_CODE_SHIFT) | a->extra;
	}
	/* Of this operation, or the CAS fails; NULL: it was released. */
	p = provider_of(aio);
	if ((w & W_HOOK) == 0 && p != NULL && p->cancel != NULL) { /* row 14 */
		w = with_asked(w, a->why) | W_HOOK;
	}
	return w | a->extra; /* row 13 */
}

/*
 * Ask the operation to end; extra: bits to set in the same move (row 14').
 * *was_free, if not NULL: whether W_FREE was set before; then nothing is done.
 */
weir_cancel
wri_aio_ask(
    weir_aio *aio, enum why why, weir_err code, uint64_t extra, bool *was_free)
{
	struct ask a = {why, code, extra, WEIR_CANCEL_IDLE};
	uint64_t w, n;

	do {
		w = wri_load(&aio->word, WRI_ACQ); /* A1: provider */
		if (was_free != NULL && (*was_free = (w & W_FREE) != 0)) {
			return WEIR_CANCEL_IDLE;
		}
		n = asked_word(aio, w, &a);
		if (n == w) {
			return a.met;
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if ((n & ~w & W_HOOK) != 0) {
		wri_aio_call_hook(aio, code);
	} else {
		wri_aio_moved(aio, w, n);
	}
	return a.met;
}

static weir_cancel
cancel(weir_aio *aio, weir_err why, const char *call)
{
	weir_cancel met;

	if (wri_aio_enter(aio, call) != WEIR_OK) {
		return WEIR_CANCEL_IDLE;
	}
	wri_aio_hold(aio); /* a free that begins now waits for us */
	met = wri_aio_ask(
	    aio, WHY_CANCEL, why == WEIR_OK ? WEIR_ECANCELED : why, 0, NULL);
	wri_aio_rele(aio);
	return met;
}

weir_cancel
weir_aio_abort(weir_aio *aio, weir_err why)
{
	return cancel(aio, why, __func__);
}

weir_cancel
weir_aio_cancel(weir_aio *aio)
{
	return cancel(aio, WEIR_ECANCELED, __func__);
}

/* --- Expiry thread ----------------------------------------------------- */

static weir_aio *
aio_of(struct wri_deadline *d)
{
	return wri_container(d, struct weir_aio, deadline);
}

static enum wri_phase
deadline_peek(struct wri_deadline *d, uint64_t *word)
{
	uint64_t w = wri_load(&aio_of(d)->word, WRI_SC); /* A4 */

	*word = w;
	switch (op_of(w)) {
	case OP_STARTING:
		return WRI_PHASE_STARTING;
	case OP_ACTIVE:
		/* One that was told and goes on is not watched again. */
		return pend_of(w) < WHY_TIMEOUT ? WRI_PHASE_ACTIVE
						: WRI_PHASE_NONE;
	case OP_NONE:
	case OP_ENDING:
	case OP_DONE:
		break;
	}
	return WRI_PHASE_NONE;
}

/* Row 16.  Compared on the whole word, which was read before the deadline. */
static bool
deadline_expire(struct wri_deadline *d, uint64_t w)
{
	weir_aio *aio = aio_of(d);
	uint64_t n = with_pend(w, WHY_TIMEOUT);

	if ((w & W_HOOK) == 0) {
		n |= W_QUEUED;
	}
	if (!wri_cas(&aio->word, &w, n, WRI_ACQ_REL)) {
		return false;
	}
	wri_aio_moved(aio, w, n);
	return true;
}

static bool
deadline_gone(struct wri_deadline *d)
{
	weir_aio *aio = aio_of(d);

	if (!wri_aio_unregister(aio)) {
		return false;
	}
	wri_aio_destroy(aio);
	return true;
}

const struct wri_deadline_ops wri_aio_deadline_ops = {
    .peek = deadline_peek,
    .expire = deadline_expire,
    .gone = deadline_gone,
};
