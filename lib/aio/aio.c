/*
 * aio - one operation at a time, ended exactly once: the state machine.
 *
 * Purpose    submit, finish, cancel, timeout, stop and the returning callback
 *            compete for one word by compare-and-swap; losers are told.
 *            Nobody waits for anybody.  docs/design/aio.md has the table whose
 *            rows are cited here.
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

static const weir_provider *
provider_of(weir_aio *aio)
{
	return wri_load(&aio->provider, WRI_ACQ);
}

static struct weir_exec *
exec_of(weir_aio *aio)
{
	/* Relaxed: set before the operation, which published it. */
	return wri_load(&aio->exec, WRI_RLX);
}

/*
 * What follows a move to w, once and last: wake the sleepers of an idle handle,
 * hand over the memory of a gone one.  had is the word before; the handle must
 * not be touched afterwards.
 */
static void
after_move(weir_aio *aio, uint64_t had, uint64_t w)
{
	if (is_gone(w)) {
		wri_aio_hand_over(aio);
	}
	if ((had & W_SLEEPER) != 0 && (w & W_SLEEPER) == 0) {
		wri_aio_wake(aio); /* by its address alone */
	}
}

/* The word w with W_SLEEPER cleared if that makes it idle. */
static uint64_t
idle_wakes(uint64_t w)
{
	return is_idle(w) ? w & ~W_SLEEPER : w;
}

/* --- Begin ------------------------------------------------------------- */

static void
clear_outcome(weir_aio *aio)
{
	wri_store(&aio->provider, NULL, WRI_RLX); /* A1 publishes it */
	aio->count = 0;
	aio->deadline_at = 0;
	aio->iov_next = 0;
	aio->iov_done = 0;
	aio->next = NULL;
	aio->queue = NULL;
	for (unsigned i = 0; i < WEIR_AIO_SLOTS; i++) {
		aio->output[i] = NULL;
	}
	aio->scratch[0] = aio->scratch[1] = NULL;
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
weir_aio_reset(weir_aio *aio)
{
	weir_err rv = wri_aio_enter(aio, "weir_aio_reset");
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
			wri_aio_misuse(aio, "weir_aio_reset",
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
		n = w & ~(W_OP | W_PEND | W_ASKED | W_CODE | W_REFUSED |
			    W_DIRECT);
		n = (n | OP_STARTING) + (UINT64_C(1) << W_GEN_SHIFT);
		if (wri_cas_weak(&aio->word, &w, n, WRI_SC)) { /* row 1, A4 */
			clear_outcome(aio);
			return WEIR_OK;
		}
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
static bool
is_due_now(weir_aio *aio)
{
	weir_time at = wri_aio_deadline(aio);

	return at != WEIR_NEVER &&
	    ((!aio->expire_set && aio->timeout == 0) || at <= wri_now());
}

static void settle(weir_aio *aio, bool skip);

/* Row 6: the start is refused, and the operation ends here. */
static weir_err
refuse(weir_aio *aio, uint64_t w)
{
	weir_err rv;

	for (;;) {
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
	aio->expire_set = false;
	settle(aio, true);
	return rv;
}

/* at: for direct ones; else the handle's deadline counts. */
static weir_err
start(weir_aio *aio, const weir_provider *provider, void *arg, weir_time at,
    uint64_t grain, uint64_t direct)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ);

	if (op_of(w) != OP_STARTING) { /* rows 4, 4'' */
		if (op_of(w) == OP_NONE && (w & W_REFUSED) != 0) {
			return WEIR_ESTOPPED;
		}
		wri_aio_misuse(aio, "weir_aio_start",
		    op_of(w) == OP_NONE ? "start without reset"
					: "the operation was started before");
		return WEIR_EMISUSE;
	}
	if ((w & (W_STOP | W_PEND)) != 0 || (direct == 0 && is_due_now(aio))) {
		return refuse(aio, w);
	}
	if (direct == 0) {
		at = wri_aio_deadline(aio);
	}
	/* Row 5: all of it before ACTIVE, which is the last touch. */
	aio->arg = arg;
	wri_store(&aio->provider, (void *)(uintptr_t)provider, WRI_REL);
	(void)wri_deadline_arm(&aio->deadline, at, grain);
	drop_once_only(aio, false);
	while (!wri_cas_weak(
	    &aio->word, &w, with_op(w, OP_ACTIVE) | direct, WRI_ACQ_REL)) {
		if ((w & (W_STOP | W_PEND)) != 0) {
			return refuse(aio, w);
		}
	}
	return WEIR_OK;
}

weir_err
weir_aio_start(weir_aio *aio, const weir_provider *provider, void *arg)
{
	weir_err rv;

	if (aio == NULL || provider == NULL) {
		return WEIR_EINVAL;
	}
	rv = wri_aio_enter(aio, "weir_aio_start");
	if (rv != WEIR_OK) {
		return rv;
	}
	return start(aio, provider, arg, 0, wri_aio_grain, 0);
}

weir_err
wri_aio_start_direct(weir_aio *aio, const weir_provider *provider, void *arg,
    weir_time at, weir_err outcome)
{
	aio->direct = outcome;
	return start(aio, provider, arg, at,
	    outcome == WEIR_OK ? GRAIN_SLEEP : wri_aio_grain, W_DIRECT);
}

/* --- End --------------------------------------------------------------- */

/*
 * ENDING -> what is next (row 8).  skip: the operation ended while it was being
 * submitted, and the consumer may have asked for no callback then.
 */
static void
settle(weir_aio *aio, bool skip)
{
	const weir_provider *p = provider_of(aio);
	uint64_t w = wri_load(&aio->word, WRI_RLX); /* our own ENDING */
	uint64_t n;
	bool *skipped = skip ? aio->skip : NULL;
	bool push, plain = p == NULL || p->release == NULL;

	aio->skip = NULL;
	aio->expire_set = false;
	if (skipped != NULL) {
		*skipped = true;
	}
	do {
		push = false;
		if ((w & W_ORPHAN) != 0) {
			n = w; /* below */
			break;
		}
		if (skipped != NULL ||
		    ((w & (W_NOCB | W_HOOK)) == W_NOCB && plain)) {
			n = idle_wakes(with_op(w, OP_NONE));
		} else {
			n = with_op(w, OP_DONE);
			if ((w & (W_RUN | W_HOOK | W_QUEUED)) == 0) {
				n |= W_QUEUED;
				push = true;
			}
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)); /* A2 */
	if ((w & W_ORPHAN) != 0) {
		wri_aio_orphan(aio);
		return;
	}
	if (push) {
		wri_exec_post(exec_of(aio), &aio->task);
	} else if (op_of(n) == OP_NONE) {
		after_move(aio, w, n);
	}
}

/* Claim the right to end the operation: row 7.  gen: of that operation, or 0. */
static bool
claim(weir_aio *aio, uint64_t *wp, bool ticketed, weir_ticket ticket)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ); /* A1 */

	while (op_of(w) == OP_STARTING || op_of(w) == OP_ACTIVE) {
		if (ticketed && (weir_ticket)(w >> W_GEN_SHIFT) != ticket) {
			break;
		}
		if (wri_cas_weak(
		        &aio->word, &w, with_op(w, OP_ENDING), WRI_ACQ_REL)) {
			*wp = w;
			return true;
		}
	}
	*wp = w;
	return false;
}

/* count NULL: what the provider has counted. */
static bool
finish(weir_aio *aio, weir_err err, const size_t *count)
{
	uint64_t w;

	if (!claim(aio, &w, false, 0)) { /* row 7' */
		if ((w & (W_REFUSED | W_DIRECT | W_ORPHAN)) != 0) {
			wri_add(&wri_aio_late, 1, WRI_RLX); /* a counter */
			return false;
		}
		wri_aio_misuse(aio, "weir_aio_finish",
		    "no operation to finish: it was finished before, or never "
		    "begun");
		return false;
	}
	aio->result = err;
	if (count != NULL) {
		aio->count = *count;
	}
	settle(aio, op_of(w) == OP_STARTING);
	return true;
}

bool
weir_aio_finish(weir_aio *aio, weir_err err)
{
	if (wri_aio_enter(aio, "weir_aio_finish") != WEIR_OK) {
		return false;
	}
	return finish(aio, err, NULL);
}

bool
weir_aio_finish_count(weir_aio *aio, weir_err err, size_t count)
{
	if (wri_aio_enter(aio, "weir_aio_finish_count") != WEIR_OK) {
		return false;
	}
	return finish(aio, err, &count);
}

weir_ticket
weir_aio_ticket(weir_aio *aio)
{
	if (wri_aio_enter(aio, "weir_aio_ticket") != WEIR_OK) {
		return 0;
	}
	/* Relaxed: asked by the owner of the operation. */
	return (weir_ticket)(wri_load(&aio->word, WRI_RLX) >> W_GEN_SHIFT);
}

bool
weir_aio_finish_ticket(
    weir_aio *aio, weir_ticket ticket, weir_err err, size_t count)
{
	uint64_t w;

	if (wri_aio_enter(aio, "weir_aio_finish_ticket") != WEIR_OK) {
		return false;
	}
	if (!claim(aio, &w, true, ticket)) {
		wri_add(&wri_aio_late, 1, WRI_RLX); /* a counter */
		return false;
	}
	aio->result = err;
	aio->count = count;
	settle(aio, op_of(w) == OP_STARTING);
	return true;
}

size_t
weir_aio_finish_batch(weir_aio *const *aios, size_t n, weir_err err)
{
	size_t ended = 0;

	/* Each push wakes at most one thread, and none while one is being
	 * woken: a batch wakes once by itself. */
	for (size_t i = 0; i < n; i++) {
		ended += weir_aio_finish(aios[i], err);
	}
	return ended;
}

/* --- Ask --------------------------------------------------------------- */

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
static void
call_hook(weir_aio *aio, enum why why, weir_err code)
{
	const weir_provider *p = provider_of(aio);
	struct wri_frame frame;
	uint64_t w, n;
	bool push;

	for (;;) {
		wri_frame_push(&frame, aio, false);
		p->cancel(aio, aio->arg, code_of(why, code));
		wri_frame_pop(&frame);
		w = wri_load(&aio->word, WRI_ACQ);
		do {
			push = false;
			if (op_of(w) == OP_ACTIVE && pend_of(w) > why) {
				n = with_asked(w, pend_of(w)); /* row 15 */
				continue;
			}
			n = w & ~W_HOOK; /* row 15' */
			if (op_of(w) == OP_DONE &&
			    (w & (W_RUN | W_QUEUED)) == 0) {
				n |= W_QUEUED;
				push = true;
			}
			n = idle_wakes(n);
		} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
		if ((n & W_HOOK) == 0) {
			break;
		}
		why = pend_of(n);
	}
	if (push) {
		wri_exec_post(exec_of(aio), &aio->task);
	} else {
		after_move(aio, w, n);
	}
}

/* The next word of an ask (rows 9 to 14'); *hook: we are to call the hook. */
static uint64_t
asked_word(weir_aio *aio, uint64_t w, enum why why, weir_err code,
    uint64_t extra, weir_cancel *met, bool *hook)
{
	const weir_provider *p;
	uint64_t short_code = (unsigned)code > W_CODE_MAX
	    ? (uint64_t)WEIR_ECANCELED
	    : (uint64_t)code;

	*hook = false;
	switch (op_of(w)) {
	case OP_NONE: /* row 9 */
		*met = (w & W_RUN) != 0 ? WEIR_CANCEL_TOO_LATE
					: WEIR_CANCEL_IDLE;
		return w | extra;
	case OP_ENDING: /* row 10 */
	case OP_DONE:
		*met = WEIR_CANCEL_TOO_LATE;
		return w | extra;
	case OP_STARTING: /* row 11 */
	case OP_ACTIVE:
		break;
	}
	*met = WEIR_CANCEL_REQUESTED;
	if (why <= pend_of(w)) { /* row 12 */
		return w | extra;
	}
	w = with_pend(w, why);
	if (op_of(w) == OP_STARTING) {
		return (w & ~W_CODE) | (short_code << W_CODE_SHIFT) | extra;
	}
	p = provider_of(aio); /* of this operation, or the CAS fails */
	if ((w & W_HOOK) == 0 && p->cancel != NULL) { /* row 14 */
		*hook = true;
		w = with_asked(w, why) | W_HOOK;
	}
	return w | extra; /* row 13 */
}

/*
 * Ask the operation to end; extra: bits to set in the same move (row 14').
 * *was_free, if not NULL: whether W_FREE was set before; then nothing is done.
 */
weir_cancel
wri_aio_ask(
    weir_aio *aio, enum why why, weir_err code, uint64_t extra, bool *was_free)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ); /* A1 */
	weir_cancel met;
	uint64_t n;
	bool hook;

	do {
		if (was_free != NULL && (*was_free = (w & W_FREE) != 0)) {
			return WEIR_CANCEL_IDLE;
		}
		n = asked_word(aio, w, why, code, extra, &met, &hook);
		if (n == w) {
			return met;
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if (hook) {
		call_hook(aio, why, code);
	} else if (is_gone(n)) {
		wri_aio_hand_over(aio);
	}
	return met;
}

weir_cancel
weir_aio_abort(weir_aio *aio, weir_err why)
{
	weir_cancel met;

	if (wri_aio_enter(aio, "weir_aio_abort") != WEIR_OK) {
		return WEIR_CANCEL_IDLE;
	}
	wri_aio_hold(aio); /* a free that begins now waits for us */
	met = wri_aio_ask(aio, WHY_CANCEL,
	    why == WEIR_OK ? WEIR_ECANCELED : why, 0, NULL);
	wri_aio_rele(aio);
	return met;
}

weir_cancel
weir_aio_cancel(weir_aio *aio)
{
	return weir_aio_abort(aio, WEIR_ECANCELED);
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
	uint64_t n;
	bool push = false;

	if ((w & W_DIRECT) != 0) {
		if (!wri_cas(&aio->word, &w, with_op(w, OP_ENDING),
		        WRI_ACQ_REL)) {
			return false;
		}
		aio->result = aio->direct; /* A1 carries it */
		settle(aio, false);
		return true;
	}
	n = with_pend(w, WHY_TIMEOUT);
	if ((w & (W_HOOK | W_QUEUED)) == 0) {
		n |= W_QUEUED;
		push = true;
	}
	if (!wri_cas(&aio->word, &w, n, WRI_ACQ_REL)) {
		return false;
	}
	if (push) {
		wri_exec_post(exec_of(aio), &aio->task);
	}
	return true;
}

static bool
deadline_gone(struct wri_deadline *d)
{
	weir_aio *aio = aio_of(d);

	if (wri_load(&aio->nwait, WRI_SC) != 0 || !wri_aio_unregister(aio)) {
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

/* --- Task thread ------------------------------------------------------- */

/* The callback, and what comes after it (row 19). */
static void
run_callback(weir_aio *aio)
{
	struct wri_frame frame;
	uint64_t w, n;
	bool push;

	wri_store(&aio->runner, wri_runner_self(), WRI_REL);
	wri_frame_push(&frame, aio, true);
	aio->cb(aio->cb_arg);
	wri_frame_pop(&frame);
	w = wri_load(&aio->word, WRI_RLX); /* a guess */
	do {
		push = false;
		n = w & ~W_RUN;
		if (op_of(w) == OP_DONE && (w & (W_HOOK | W_QUEUED)) == 0) {
			n |= W_QUEUED;
			push = true;
		}
		n = idle_wakes(n);
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL)); /* A3 */
	if (push) {
		wri_exec_post(exec_of(aio), &aio->task);
	} else {
		after_move(aio, w, n);
	}
}

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

/* Row 17: the operation is done, and the word is ours but for the askers. */
static void
deliver(weir_aio *aio)
{
	uint64_t w, n;

	call_release(aio);
	w = wri_load(&aio->word, WRI_ACQ); /* A2 */
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
	uint64_t w = wri_load(&aio->word, WRI_ACQ); /* A1, A2 */
	uint64_t n;
	bool hook;

	do {
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
		call_hook(aio, pend_of(w), WEIR_ECANCELED);
	} else if (is_gone(n)) { /* row 18' */
		wri_aio_hand_over(aio);
	}
}

/*
 * The library has ended.  An operation that is still out will end without a
 * callback; one that has just ended ends so now.
 */
void
wri_aio_orphan(weir_aio *aio)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ);
	uint64_t n;
	bool ends;

	do {
		ends = op_of(w) == OP_ENDING || op_of(w) == OP_DONE;
		n = w | W_ORPHAN | W_STOP;
		if ((w & W_ORPHAN) == 0) {
			ends = op_of(w) == OP_DONE;
		}
		if (ends) {
			n = with_op(n, OP_NONE) & ~W_QUEUED;
		}
		n = idle_wakes(n);
		if (n == w) {
			return;
		}
	} while (!wri_cas_weak(&aio->word, &w, n, WRI_ACQ_REL));
	if (ends) {
		call_release(aio);
	}
	after_move(aio, w, n);
}
