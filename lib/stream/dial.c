/*
 * dial - a connection being made.
 *
 * Purpose    a dial that cannot end at once is an operation of its own: the
 *            program's aio is the outer one, an aio of ours the inner one.
 * Shape
 *
 *              connect(2) ──made, failed──────────────────▶ end
 *                 │ └─backlog full─▶ nap step: connect(2) again ──▶ end
 *                 └─in progress──▶ wait step: is it connected? ──▶ end
 *
 *            A host is looked up before; then each address is tried like that
 *            until one is made:
 *
 *              inquiry ──told──▶ drive: connect(2) ──made──▶ end
 *                                  ▲        └─failed, the last one──▶ end
 *                                  └────────┘ failed, others are left
 *
 *            The inner operation is on the socket, or on a timer (the dial
 *            naps), and has no callback: its step ends the outer one, so that
 *            no pool but the outer's can hold up the dial.
 * Ownership  A dial has references: the submitter's, the outer operation's
 *            until release, the inquiry's until told or cancelled, the
 *            weir_fd's that the inner one is on.  The last reaps the inner aio
 *            and frees.  Each address has an inner aio of its own.  The
 * half-made connection is the dial's until it is output 0. End        Step,
 * hook and close compete under mtx; who has claimed the dial says how it ends.
 * If it fails, the weir_fd is closed, and its release finishes the outer
 * operation: nothing is left by then (when start is refused: a moment later).
 * Until the inner one is submitted, and between two addresses, nobody may
 * close: a reason (D1) is left to whose turn it is (enum dial_stage). Pairs D1
 * mtx carries reason and claim. Locks      mtx is a leaf but for
 * weir_aio_start, which the gate wants under the lock of the hook. Bounds
 * WEIR_STREAM_QUEUE_MAX dials. Proof      test/stream/test_dialer.c,
 * test_host.c, test_faults.c, test_blocked.c
 */
#include "stream/dial.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/names.h"
#include "stream/nap.h"

#include <errno.h>

void
wri_dial_hold(struct dial *dl)
{
	(void)wri_add(&dl->refs, 1, WRI_RLX); /* by one who has a reference */
}

void
wri_dial_rele(struct dial *dl)
{
	/* acq_rel: as wri_dialer_rele. */
	if (wri_sub(&dl->refs, 1, WRI_ACQ_REL) == 1) {
		WRI_ASSERT(dl->conn == NULL && dl->fd < 0 && dl->claimed);
		weir_aio_reap(dl->inner);
		wri_names_free(dl->names);
		wri_dialer_rele(dl->dialer);
		wri_free(dl, sizeof(*dl));
	}
}

static void
dial_release(void *arg)
{
	wri_dial_rele(arg);
}

/* --- The end ----------------------------------------------------------- */

void
wri_dial_drop(struct dial *dl)
{
	weir_stream_free(dl->conn);
	dl->conn = NULL;
	if (dl->fd >= 0) {
		(void)wri_sys_close(dl->fd);
		dl->fd = -1;
	}
}

static bool
dial_claim_locked(struct dial *dl, weir_err err)
{
	if (dl->claimed) {
		return false;
	}
	dl->claimed = true;
	dl->err = err;
	dl->dialer->dials_len--;
	(void)weir_aioq_remove(&dl->dialer->waiting, dl->outer);
	return true;
}

bool
wri_dial_claim(struct dial *dl, weir_err err)
{
	bool ours;

	wri_mtx_lock(&dl->dialer->mtx);
	ours = dial_claim_locked(dl, err);
	wri_mtx_unlock(&dl->dialer->mtx);
	return ours;
}

void
wri_dial_finish(struct dial *dl)
{
	weir_stream *conn = dl->conn;

	dl->conn = NULL;
	if (dl->err == WEIR_OK) {
		(void)weir_aio_set_output(dl->outer, 0, conn);
	}
	(void)weir_aio_finish(dl->outer, dl->err);
	wri_dialer_finished(dl->dialer); /* by one who has a reference */
}

void
wri_dial_end(struct dial *dl, weir_err err)
{
	(void)wri_dial_claim(dl, err);
	if (err != WEIR_OK) {
		wri_dial_drop(dl);
	}
	wri_dial_finish(dl);
}

/* Claimed, and its weir_fd has gone. */
static void
dial_gone_claimed(struct dial *dl)
{
	if (dl->timer == NULL) {
		dl->conn = NULL; /* it was the weir_fd's */
	} else if (dl->err != WEIR_OK) {
		wri_dial_drop(dl);
	}
	wri_dial_finish(dl);
}

void
wri_dial_gone(struct dial *dl)
{
	/* Whoever closed it has said which, and nobody claims meanwhile. */
	if (dl->stage == DIAL_CLOSING) {
		wri_host_gone(dl);
	} else {
		dial_gone_claimed(dl);
	}
	wri_dial_rele(dl); /* the weir_fd's */
}

static void
dial_timer_release(void *arg)
{
	wri_dial_gone(arg);
}

void
wri_dial_close_fd(struct dial *dl)
{
	if (dl->timer != NULL) {
		weir_fd_close(dl->timer);
	} else {
		weir_stream_free(dl->conn);
	}
}

/* It shall end, or whose turn it is sees to it.  True: the caller cuts it. */
static bool
dial_ask_locked(struct dial *dl, weir_err why)
{
	if (dl->asked == WEIR_OK) {
		dl->asked = why; /* D1 */
	}
	return (dl->stage == DIAL_ASKING || dl->stage == DIAL_WAITING) &&
	       dial_claim_locked(dl, dl->asked);
}

/* Claimed while it waited; the caller has no reference. */
static void
dial_cut(struct dial *dl)
{
	if (dl->stage == DIAL_WAITING) {
		wri_dial_close_fd(dl);
		return;
	}
	wri_dial_hold(dl);
	if (wri_names_cancel(dl->names)) {
		wri_dial_rele(dl); /* the inquiry's */
	}
	wri_dial_finish(dl);
	wri_dial_rele(dl);
}

/* The outer operation shall end; it lives until dial_release. */
static void
dial_cancel(weir_aio *outer, void *arg, weir_err why)
{
	struct dial *dl = arg;
	bool ours;

	(void)outer;
	wri_mtx_lock(&dl->dialer->mtx);
	ours = dial_ask_locked(dl, why);
	wri_mtx_unlock(&dl->dialer->mtx);
	if (ours) {
		dial_cut(dl);
	}
}

static const weir_provider dial_provider = {
    .size = sizeof(weir_provider),
    .name = "stream dial",
    .cancel = dial_cancel,
    .release = dial_release,
};

/* --- Submit ------------------------------------------------------------ */

weir_err
wri_dial_inner(struct dial *dl)
{
	weir_err err = weir_aio_alloc(&dl->inner, NULL, NULL);

	if (err == WEIR_OK) {
		(void)weir_aio_set_input(dl->inner, 0, dl);
		weir_aio_set_tag(dl->inner, "stream dial");
	}
	return wri_stream_op_err(err);
}

bool
wri_dial_start(struct dial *dl, enum dial_stage stage)
{
	struct weir_stream_dialer *d = dl->dialer;
	weir_err err = WEIR_OK;

	if (wri_stream_polls(dl->outer)) {
		err = WEIR_ETIMEDOUT;
	} else if (stage != DIAL_ASKING) {
		err = wri_dial_inner(dl);
	}
	if (err != WEIR_OK) {
		wri_dial_end(dl, err);
		return false;
	}
	weir_aio_set_scratch(dl->outer, 0, dl); /* for close */
	wri_mtx_lock(&d->mtx);
	if (d->closed) {
		wri_mtx_unlock(&d->mtx);
		wri_dial_end(dl, WEIR_ECLOSED);
		return false;
	}
	wri_dial_hold(dl); /* for dial_release */
	dl->stage = stage;
	dl->submits = stage == DIAL_SUBMITTING;
	err = weir_aio_start(dl->outer, &dial_provider, dl);
	if (err == WEIR_OK) {
		weir_aioq_push(&d->waiting, dl->outer);
	} else {
		/* Refused: the outer operation is not ours any more. */
		dl->claimed = true;
		d->dials_len--;
	}
	wri_mtx_unlock(&d->mtx);
	if (err != WEIR_OK) {
		wri_dial_drop(dl);
		wri_dialer_finished(d);
		wri_dial_rele(dl);
		return false;
	}
	return true;
}

/* Submitted.  True: it has failed and gone, and the next one is the caller's to
 * try. */
static bool
dial_submitted(struct dial *dl)
{
	bool ours = false, next = false;

	/* From here on others may close; who came too early left that to us. */
	wri_mtx_lock(&dl->dialer->mtx);
	dl->submits = false;
	if (dl->stage == DIAL_SUBMITTING && !dl->claimed) {
		dl->stage = DIAL_WAITING;
		ours = dl->asked != WEIR_OK && dial_claim_locked(dl, dl->asked);
	} else {
		next = dl->stage == DIAL_BUSY; /* CLOSING: not yet gone */
	}
	wri_mtx_unlock(&dl->dialer->mtx);
	if (ours) {
		wri_dial_close_fd(dl);
	}
	return next;
}

bool
wri_dial_submit(struct dial *dl)
{
	wri_dial_hold(dl); /* for wri_dial_gone */
	if (dl->conn != NULL) {
		dl->conn->dial = dl;
		weir_fd_submit(
		    dl->conn->fd, WEIR_DIR_WRITE, dl->inner, &wri_connect_wait);
	} else {
		weir_err err = wri_nap_open(&dl->timer, dl, dial_timer_release);

		if (err != WEIR_OK) {
			wri_dial_end(dl, err);
			wri_dial_rele(dl);
			return false;
		}
		wri_connect_nap(dl);
		weir_fd_submit(
		    dl->timer, WEIR_DIR_READ, dl->inner, &wri_connect_again);
	}
	return dial_submitted(dl);
}

/* A dial, counted by wri_dialer_enter.  NULL: *err says why. */
static struct dial *
dial_alloc(struct weir_stream_dialer *d, weir_aio *outer, weir_err *err)
{
	struct dial *dl = wri_alloc(sizeof(*dl));

	if (dl == NULL) {
		*err = WEIR_ENOMEM;
		return NULL;
	}
	dl->dialer = d;
	dl->outer = outer;
	dl->to = &d->ep.addr;
	dl->fd = -1;
	*err = d->ep.host[0] != '\0' ? WEIR_OK : wri_connect_open(dl);
	if (*err != WEIR_OK) {
		wri_free(dl, sizeof(*dl));
		return NULL;
	}
	wri_dialer_hold(d);
	wri_store(&dl->refs, 1, WRI_RLX); /* the submitter's */
	return dl;
}

weir_err
wri_dial_look(struct dial *dl, int r, bool *waits)
{
	*waits = r == -EINPROGRESS || r == -EAGAIN;
	if (r == -EINPROGRESS) {
		return wri_connect_stream(dl);
	}
	return *waits ? WEIR_OK : wri_connect_end(dl, r);
}

/* The URL has an address. */
static void
dial_address(struct dial *dl)
{
	bool waits;
	weir_err err = wri_dial_look(dl, wri_connect_try(dl), &waits);

	if (!waits || err != WEIR_OK) {
		wri_dial_end(dl, err);
	} else if (wri_dial_start(dl, DIAL_SUBMITTING)) {
		(void)wri_dial_submit(dl);
	}
}

void
weir_stream_dialer_dial(weir_stream_dialer *d, weir_aio *aio)
{
	struct dial *dl;
	weir_err err = WEIR_EINVAL;

	if (d != NULL && !wri_stream_handle_ok(d, WRI_MAGIC_DIALER, __func__)) {
		return;
	}
	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (d != NULL) {
		err = wri_dialer_enter(d);
	}
	if (err != WEIR_OK) {
		(void)weir_aio_finish(aio, err);
		return;
	}
	dl = dial_alloc(d, aio, &err);
	if (dl == NULL) {
		wri_dialer_leave(d);
		wri_dialer_hold(d); /* the callback may free it */
		(void)weir_aio_finish(aio, err);
		wri_dialer_finished(d);
		wri_dialer_rele(d);
		return;
	}
	if (d->ep.host[0] != '\0') {
		wri_host_dial(dl);
	} else {
		dial_address(dl);
	}
	wri_dial_rele(dl);
}

void
wri_dialer_close(struct weir_stream_dialer *d)
{
	weir_aio *outer;

	wri_dialer_hold(d); /* a callback may free it */
	wri_mtx_lock(&d->mtx);
	d->closed = true;
	while ((outer = weir_aioq_pop(&d->waiting)) != NULL) {
		struct dial *dl = weir_aio_get_scratch(outer, 0);
		bool ours = dial_ask_locked(dl, WEIR_ECLOSED);

		wri_mtx_unlock(&d->mtx);
		if (ours) {
			dial_cut(dl);
		}
		wri_mtx_lock(&d->mtx);
	}
	wri_mtx_unlock(&d->mtx);
	wri_dialer_rele(d);
}
