/*
 * aio - one operation at a time, ended exactly once: the state machine.
 *
 * Purpose    submit, finish, cancel, timeout, stop and the returning callback
 *            compete for one word by compare-and-swap; losers are told.
 *            Nobody waits for anybody.  docs/design/aio.md has the table whose
 *            rows are cited here.  This file begins and ends operations; ask.c
 *            asks them to end; run.c runs hooks and callbacks.
 * Ownership  the operation's fields belong to its provider from reset to
 *            finish.  OP_ENDING belongs to the one who made it.  The task is
 *            one node: W_QUEUED says that it is queued or about to be, and what
 *            there is to do is read from the word when it comes out.
 * Progress   lock-free; a hook is called with nothing held.
 * Pairs      A1  start: ACTIVE (release) -> finish, ask, look: the word
 *                (acquire) carries provider, arg, deadline.
 *            A2  settle: DONE (release) -> look (acquire) carries the outcome.
 *            A3  callback returned: RUN clear (release) -> wait, and the next
 *                callback (acquire) carries what the callback wrote.
 *            A4  reset: STARTING (seq_cst), then the deadline's armed <->
 *                expire.c E1.
 * Bounds     a hook is called at most three times for an operation.
 * Proof      test/explorer/x_aio.c, test/aio/, test/contract/
 */
#include "aio/aio_impl.h"

#include "base/clock.h"
#include "base/life.h"
#include "base/panic.h"

/* --- Begin ------------------------------------------------------------- */

static void
clear_outcome(weir_aio *aio)
{
	aio->count = 0;
	for (unsigned i = 0; i < WEIR_AIO_SLOTS; i++) {
		aio->output[i] = NULL;
	}
}

/* The operation is not to be: forget what was set for it alone. */
static void
drop_once_only(weir_aio *aio, bool skipped)
{
	bool *skip = aio->skip;

	aio->expire_set = false;
	aio->skip = NULL;
	if (skip != NULL && skipped) {
		*skip = true;
	}
}

weir_err
weir_aio_begin(weir_aio *aio, const char *call)
{
	weir_err rv = wri_aio_enter(aio, call);
	uint64_t w;

	if (rv != WEIR_OK) {
		return rv;
	}
	w = wri_load(&aio->word, WRI_ACQ); /* A3: the last callback's writes */
	for (;;) {
		uint64_t n;

		switch (op_of(w)) {
		case OP_STARTING: /* row 3 */
			return WEIR_OK;
		case OP_ACTIVE: /* row 4 */
		case OP_ENDING:
		case OP_DONE:
			wri_aio_misuse(aio, call,
			    "the handle is busy with another operation");
			return WEIR_EMISUSE;
		case OP_NONE:
			break;
		}
		if ((w & W_STOP) != 0) { /* row 2 */
			n = w | W_REFUSED;
			if (n != w &&
			    !wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)) {
				continue;
			}
			drop_once_only(aio, true);
			return WEIR_ESTOPPED;
		}
		n = w &
		    ~(W_OP | W_PEND | W_ASKED | W_CODE | W_REFUSED | W_CLEAR);
		n = (n | OP_STARTING) + (UINT64_C(1) << W_GEN_SHIFT);
		if (wri_cas_weak(&aio->word, &w, n, WRI_SC)) { /* row 1, A4 */
			break;
		}
	}
	if ((w & W_CLEAR) == 0) { /* else what was set since stays */
		clear_outcome(aio);
	}
	aio->deadline_at = 0;
	aio->iov_next = 0;
	aio->iov_done = 0;
	aio->scratch[0] = aio->scratch[1] = NULL;
	wri_aio_note(aio, WRI_NOTE_BEGIN, call);
	return WEIR_OK;
}

weir_err
weir_aio_reset(weir_aio *aio)
{
	return weir_aio_begin(aio, __func__);
}

void
weir_aio_clear(weir_aio *aio)
{
	uint64_t w;

	if (wri_aio_enter(aio, __func__) != WEIR_OK) {
		return;
	}
	w = wri_load(&aio->word, WRI_ACQ); /* A3 */
	if (op_of(w) == OP_STARTING) {
		return;
	}
	if (op_of(w) != OP_NONE) { /* row 4 */
		wri_aio_misuse(
		    aio, __func__, "the handle is busy with an operation");
		return;
	}
	aio->result = WEIR_OK;
	clear_outcome(aio);
	if ((w & W_STOP) != 0) {
		drop_once_only(aio, true);
	}
	aio->skip = NULL;
	/* Row 1'.  The caller owns the idle handle: OP stays, while other bits
	 * may come. */
	while (!wri_cas_weak(&aio->word, &w,
	    w | W_CLEAR | ((w & W_STOP) != 0 ? W_REFUSED : 0), WRI_ACQ_REL)) {
	}
}

weir_time
wri_aio_deadline(weir_aio *aio)
{
	if (aio->deadline_at == 0) {
		if (aio->expire_set) {
			aio->deadline_at = aio->expire > 0 ? aio->expire : 1;
		} else if (aio->timeout < 0) {
			aio->deadline_at = WEIR_NEVER;
		} else {
			aio->deadline_at =
			    weir_time_after(wri_now(), aio->timeout);
		}
	}
	return aio->deadline_at;
}

/* Zero polls, and so does a time that has passed. */
bool
wri_aio_polls(weir_aio *aio)
{
	if (aio->expire_set) {
		return aio->expire <= wri_now();
	}
	return aio->timeout == 0;
}

/* Rows 4, 4'': there is nothing to start, or no longer. */
static weir_err
nothing_to_start(weir_aio *aio, uint64_t w, const char *call)
{
	if (op_of(w) == OP_NONE && (w & W_REFUSED) != 0) {
		return WEIR_ESTOPPED;
	}
	wri_aio_misuse(aio, call,
	    op_of(w) == OP_NONE ? "start without reset"
				: "the operation was started or ended before");
	return WEIR_EMISUSE;
}

/* Row 6: the start is refused, and the operation ends here. */
static weir_err
refuse(weir_aio *aio, uint64_t w, const char *call)
{
	weir_err rv;

	for (;;) {
		if (op_of(w) != OP_STARTING) {
			return nothing_to_start(
			    aio, w, call); /* it has ended */
		}
		switch (pend_of(w)) {
		case WHY_CANCEL:
			rv = (weir_err)((w & W_CODE) >> W_CODE_SHIFT);
			break;
		case WHY_NONE:
		case WHY_TIMEOUT:
		case WHY_STOP:
			rv = WEIR_ETIMEDOUT;
			break;
		}
		if ((w & W_STOP) != 0) {
			rv = WEIR_ESTOPPED;
		}
		if (wri_cas_weak(
			&aio->word, &w, with_op(w, OP_ENDING), WRI_ACQ_REL)) {
			break;
		}
	}
	wri_store(&aio->provider, NULL, WRI_RLX); /* A2 publishes it */
	aio->result = rv;
	wri_aio_settle(aio, true);
	return rv;
}

/* at: when it times out; negative: as the handle says (weir_aio_start). */
static weir_err
start(weir_aio *aio, const weir_provider *provider, void *arg, weir_time at,
    uint64_t grain)
{
	const char *call = at < 0 ? "weir_aio_start" : "weir_aio_start_at";
	uint64_t w;

	if (provider == NULL || provider->size != sizeof(*provider)) {
		return WEIR_EINVAL;
	}
	w = wri_load(&aio->word, WRI_ACQ);
	if (op_of(w) != OP_STARTING) {
		return nothing_to_start(aio, w, call);
	}
	if ((w & (W_STOP | W_PEND)) != 0 || (at < 0 && wri_aio_polls(aio))) {
		return refuse(aio, w, call);
	}
	if (at >= 0) {
		aio->deadline_at = at > 0 ? at : 1;
	}
	/* Row 5: all of it before ACTIVE, which is the last touch. */
	aio->arg = arg;
	wri_store(&aio->provider, (void *)(uintptr_t)provider, WRI_REL);
	wri_deadline_arm(&aio->deadline, wri_aio_deadline(aio), grain);
	drop_once_only(aio, false);
	wri_aio_note(aio, WRI_NOTE_START, call);
	while (
	    !wri_cas_weak(&aio->word, &w, with_op(w, OP_ACTIVE), WRI_ACQ_REL)) {
		if (op_of(w) != OP_STARTING || (w & (W_STOP | W_PEND)) != 0) {
			return refuse(aio, w, call);
		}
	}
	return WEIR_OK;
}

weir_err
weir_aio_start(weir_aio *aio, const weir_provider *provider, void *arg)
{
	weir_err rv = wri_aio_enter(aio, __func__);

	return rv != WEIR_OK ? rv
			     : start(aio, provider, arg, -1, wri_aio_grain);
}

weir_err
weir_aio_start_at(weir_aio *aio, const weir_provider *provider, void *arg,
    weir_time at, weir_duration slack)
{
	weir_err rv = wri_aio_enter(aio, __func__);

	if (rv == WEIR_OK && (at < 0 || slack < 0)) {
		rv = WEIR_EINVAL;
	}
	return rv != WEIR_OK ? rv
			     : start(aio, provider, arg, at, grain_of(slack));
}

/* --- End --------------------------------------------------------------- */

/*
 * ENDING -> what is next (row 8).  skip: the operation ended while it was being
 * submitted, and the consumer may have asked for no callback then.
 */
void
wri_aio_settle(weir_aio *aio, bool skip)
{
	const weir_provider *p = provider_of(aio);
	uint64_t w = wri_load(&aio->word, WRI_RLX); /* our own ENDING */
	uint64_t n;
	bool *skipped = skip ? aio->skip : NULL;
	bool plain = p == NULL || p->release == NULL;

	aio->skip = NULL;
	aio->expire_set = false;
	if (skipped != NULL) {
		*skipped = true;
	}
	do {
		if (skipped != NULL ||
		    ((w & (W_NOCB | W_HOOK | W_QUEUED)) == W_NOCB && plain)) {
			n = idle_wakes(with_op(w, OP_NONE));
		} else {
			n = wri_aio_hand_on(aio, with_op(w, OP_DONE));
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)); /* A2 */
	wri_aio_moved(aio, w, n);
}

/*
 * End the operation: row 7.  ticket NULL: the caller is certain that it owns
 * it; count NULL: what the provider has counted.
 */
static bool
finish(weir_aio *aio, const char *call, const weir_ticket *ticket, weir_err err,
    const size_t *count)
{
	uint64_t w;

	if (wri_aio_enter(aio, call) != WEIR_OK) {
		return false;
	}
	w = wri_load(&aio->word, WRI_ACQ); /* A1 */
	do {
		bool ours = op_of(w) == OP_STARTING || op_of(w) == OP_ACTIVE;

		if (ours && ticket != NULL) {
			ours = (weir_ticket)(w >> W_GEN_SHIFT) == *ticket;
		}
		if (!ours && ticket == NULL &&
		    (w & (W_REFUSED | W_ORPHAN)) == 0) { /* row 7' */
			wri_aio_misuse(aio, call,
			    "no operation to finish: it was finished before, "
			    "or never begun");
			return false;
		}
		if (!ours) {
			wri_add(&wri_aio_late, 1, WRI_RLX); /* a counter */
			return false;
		}
	} while (
	    !wri_cas_weak(&aio->word, &w, with_op(w, OP_ENDING), WRI_ACQ_REL));
	wri_aio_note(aio, WRI_NOTE_FINISH, call);
	aio->result = err;
	if (count != NULL) {
		aio->count = *count;
	}
	wri_aio_settle(aio, op_of(w) == OP_STARTING);
	return true;
}

bool
weir_aio_finish(weir_aio *aio, weir_err err)
{
	return finish(aio, __func__, NULL, err, NULL);
}

bool
weir_aio_finish_count(weir_aio *aio, weir_err err, size_t count)
{
	return finish(aio, __func__, NULL, err, &count);
}

bool
weir_aio_finish_ticket(
    weir_aio *aio, weir_ticket ticket, weir_err err, size_t count)
{
	return finish(aio, __func__, &ticket, err, &count);
}

bool
weir_aio_finish_now(weir_aio *aio, weir_err err)
{
	/* Acquire: A3.  The bit goes with the reset, so a second finish does
	 * not find it.  A reset that is refused leaves finish to say so. */
	if (aio != NULL && (wri_load(&aio->word, WRI_ACQ) & W_CLEAR) != 0) {
		(void)!weir_aio_reset(aio);
	}
	return finish(aio, __func__, NULL, err, NULL);
}

weir_ticket
weir_aio_ticket(weir_aio *aio)
{
	if (wri_aio_enter(aio, __func__) != WEIR_OK) {
		return 0;
	}
	/* Relaxed: asked by the owner of the operation. */
	return (weir_ticket)(wri_load(&aio->word, WRI_RLX) >> W_GEN_SHIFT);
}

size_t
weir_aio_finish_batch(weir_aio *const *aios, size_t n, weir_err err)
{
	size_t ended = 0;

	/* Each push wakes at most one thread, and none while one is being
	 * woken: a batch wakes once by itself. */
	for (size_t i = 0; i < n; i++) {
		ended += finish(aios[i], __func__, NULL, err, NULL);
	}
	return ended;
}
