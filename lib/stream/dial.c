/*
 * dial - a connection being made.
 *
 * Purpose    a dial that cannot end at once is an operation of its own: the
 *            program's aio is the outer one, an aio of ours the inner one.
 * Shape
 *
 *              connect(2) ──made──────────────────────────▶ end OK
 *                 │ ├─failed──────────────────────────────▶ end with the error
 *                 │ └─backlog full─▶ nap (inner: sleep) ──▶ connect(2) again
 *                 └─in progress──▶ wait (inner: connect step) ──▶ end
 *
 *            The runner is the thread that submitted the dial, and after it
 *            the inner operation's callback: one at a time, because the inner
 *            operation is one.  Only the runner ends the dial.
 * Ownership  A dial has references: its runner, the outer operation until
 *            release, a close that is about to abort it.  The last one reaps
 *            the inner aio and frees.  The half-made connection is the dial's
 *            until it becomes output 0.
 * Abort      The outer's hook and close leave their reason in the dial (D1)
 *            and abort the inner aio.  That hits nothing when the runner is
 *            between two inner operations; so the runner looks at the reason
 *            before and after each submit.
 * Pairs      D1  mtx carries the reason from the asker to the runner.
 * Locks      mtx is a leaf but for weir_aio_start, which the gate wants under
 *            the lock of the hook.
 * Bounds     WEIR_STREAM_QUEUE_MAX dials; naps of DIAL_NAP_MIN to
 *            DIAL_NAP_MAX.
 * Proof      test/stream/test_dialer.c, test/stream/test_faults.c
 */
#include "stream/dialer.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/sockio.h"

#include <weir/sleep.h>

#include <errno.h>

#define DIAL_NAP_MIN WEIR_MS(1)
#define DIAL_NAP_MAX WEIR_MS(100)

enum dial_state {
	DIAL_MADE,
	DIAL_WAITS, /* for the socket to become connected */
	DIAL_NAPS,  /* for the listener to have room */
	DIAL_FAILED,
};

struct dial {
	/* Fixed after alloc. */
	struct weir_stream_dialer *dialer; /* held */
	weir_aio *outer;                   /* lent, until finish */
	weir_aio *inner;                   /* ours; NULL if we need not wait */

	/* Any thread. */
	wri_a32 refs;

	/* Runner only. */
	enum dial_state state;
	int fd;            /* the socket while it has no stream, or -1 */
	weir_stream *conn; /* half-made, or NULL */
	weir_duration nap_ns;

	/* dialer->mtx must be held when using these. */
	weir_err asked; /* why it shall end, WEIR_OK: nobody asked */
	bool listed;
	struct dial *prev;
	struct dial *next;
};

static void
dial_hold(struct dial *dl)
{
	(void)wri_add(&dl->refs, 1, WRI_RLX); /* by one who has a reference */
}

static void
dial_rele(struct dial *dl)
{
	/* acq_rel: as dialer_rele. */
	if (wri_sub(&dl->refs, 1, WRI_ACQ_REL) == 1) {
		WRI_ASSERT(dl->conn == NULL && dl->fd < 0 && !dl->listed);
		weir_aio_reap(dl->inner);
		wri_dialer_rele(dl->dialer);
		wri_free(dl, sizeof(*dl));
	}
}

static void
dial_release(void *arg)
{
	dial_rele(arg);
}

/* The outer operation shall end; it lives until dial_release. */
static void
dial_cancel(weir_aio *outer, void *arg, weir_err why)
{
	struct dial *dl = arg;

	(void)outer;
	wri_mtx_lock(&dl->dialer->mtx);
	dl->asked = why; /* D1; each later one is a stronger reason */
	wri_mtx_unlock(&dl->dialer->mtx);
	(void)weir_aio_abort(dl->inner, why);
}

static const weir_provider dial_provider = {
    .size = sizeof(weir_provider),
    .name = "stream dial",
    .cancel = dial_cancel,
    .release = dial_release,
};

static weir_err
dial_asked(struct dial *dl)
{
	weir_err why;

	wri_mtx_lock(&dl->dialer->mtx);
	why = dl->asked; /* D1 */
	wri_mtx_unlock(&dl->dialer->mtx);
	return why;
}

static void
dial_list_locked(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;

	dl->listed = true;
	dl->prev = NULL;
	dl->next = d->waiting;
	if (d->waiting != NULL) {
		d->waiting->prev = dl;
	}
	d->waiting = dl;
}

static void
dial_unlist_locked(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;

	if (!dl->listed) {
		return;
	}
	dl->listed = false;
	if (dl->prev != NULL) {
		dl->prev->next = dl->next;
	} else {
		d->waiting = dl->next;
	}
	if (dl->next != NULL) {
		dl->next->prev = dl->prev;
	}
}

/* Give back what was half made. */
static void
dial_drop(struct dial *dl)
{
	weir_stream_free(dl->conn);
	dl->conn = NULL;
	if (dl->fd >= 0) {
		(void)wri_sys_close(dl->fd);
		dl->fd = -1;
	}
}

/* The dial leaves the dialer; what was asked of it, if anything. */
static weir_err
dial_leave(struct dial *dl)
{
	weir_err why;

	wri_mtx_lock(&dl->dialer->mtx);
	dial_unlist_locked(dl);
	dl->dialer->dials_len--;
	why = dl->asked;
	wri_mtx_unlock(&dl->dialer->mtx);
	return why;
}

/* End the outer operation; by the runner, once. */
static void
dial_end(struct dial *dl, weir_err err)
{
	weir_stream *conn = dl->conn;
	weir_err why = dial_leave(dl);

	if (err != WEIR_OK) {
		dial_drop(dl);
		(void)weir_aio_finish(dl->outer, why != WEIR_OK ? why : err);
		return;
	}
	dl->conn = NULL;
	(void)weir_aio_set_output(dl->outer, 0, conn);
	(void)weir_aio_finish(dl->outer, WEIR_OK);
}

/* The socket is connected: make the rest. */
static weir_err
dial_finish_conn(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;

	/* Relaxed: see wri_options_set. */
	return wri_stream_ready(
	    dl->conn, &d->ep, wri_load(&d->options, WRI_RLX), NULL);
}

static weir_err
dial_open_conn(struct dial *dl)
{
	weir_err err = wri_stream_open(&dl->conn, dl->dialer->ops, dl->fd);

	if (err == WEIR_OK) {
		dl->fd = -1;
	}
	return err;
}

/*
 * Try to connect.  DIAL_MADE: the stream is complete.  DIAL_FAILED: *err says
 * why.
 */
static void
dial_connect(struct dial *dl, weir_err *err)
{
	const struct wri_endpoint *ep = &dl->dialer->ep;
	int r = wri_sys_connect(dl->fd, &ep->addr.u.sa, ep->addr.len);

	*err = WEIR_OK;
	dl->state = DIAL_FAILED;
	if (r == -EAGAIN) {
		dl->state = DIAL_NAPS;
	} else if (r != 0 && r != -EINPROGRESS) {
		*err = dl->dialer->ops->connect_err(-r);
	} else {
		*err = dial_open_conn(dl);
		if (*err == WEIR_OK && r == 0) {
			*err = dial_finish_conn(dl);
		}
		if (*err == WEIR_OK) {
			dl->state = r == 0 ? DIAL_MADE : DIAL_WAITS;
		}
	}
}

/* Submit what the dial waits for; true: it has ended on the spot. */
static bool
dial_submit(struct dial *dl)
{
	bool ended = false;

	weir_aio_skip_callback(dl->inner, &ended);
	if (dl->state == DIAL_WAITS) {
		weir_fd_submit(
		    dl->conn->fd, WEIR_DIR_WRITE, dl->inner, &wri_sock_connect);
		return ended;
	}
	weir_sleep_aio(dl->nap_ns, dl->inner);
	return ended;
}

/* The inner operation has ended; true: the dial waits for another one. */
static bool
dial_go_on(struct dial *dl)
{
	weir_err err = weir_aio_result(dl->inner);

	if (err == WEIR_OK && dl->state == DIAL_WAITS) {
		err = dial_finish_conn(dl);
	} else if (err == WEIR_OK) {
		dl->nap_ns = dl->nap_ns * 2 < DIAL_NAP_MAX ? dl->nap_ns * 2
							   : DIAL_NAP_MAX;
		dial_connect(dl, &err);
		if (dl->state == DIAL_WAITS || dl->state == DIAL_NAPS) {
			return true;
		}
	}
	dial_end(dl, err);
	return false;
}

/* Run a dial that waits until its inner operation is under way, or the dial
 * has ended. */
static void
dial_run(struct dial *dl)
{
	weir_err why;

	do {
		why = dial_asked(dl);
		if (why != WEIR_OK) {
			dial_end(dl, why);
			return;
		}
		if (!dial_submit(dl)) {
			/* Others run it now; our reference keeps it here. */
			why = dial_asked(dl);
			if (why != WEIR_OK) {
				(void)weir_aio_abort(dl->inner, why);
			}
			return;
		}
	} while (dial_go_on(dl));
}

static void
dial_cb(void *arg)
{
	struct dial *dl = arg;

	/* The outer operation has not ended, so its reference is there. */
	dial_hold(dl);
	if (dial_go_on(dl)) {
		dial_run(dl);
	}
	dial_rele(dl);
}

/*
 * Turn the dial into an operation that waits.  False: it cannot, and the outer
 * operation has ended.
 */
static bool
dial_start(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;
	weir_err err = weir_aio_alloc(&dl->inner, dial_cb, dl);

	if (err != WEIR_OK) {
		dial_end(dl, wri_stream_op_err(err));
		return false;
	}
	weir_aio_set_tag(dl->inner, "stream dial");
	wri_mtx_lock(&d->mtx);
	if (d->closed) {
		wri_mtx_unlock(&d->mtx);
		dial_end(dl, WEIR_ECLOSED);
		return false;
	}
	dial_hold(dl); /* for dial_release */
	err = weir_aio_start(dl->outer, &dial_provider, dl);
	if (err == WEIR_OK) {
		dial_list_locked(dl);
	}
	wri_mtx_unlock(&d->mtx);
	if (err != WEIR_OK) {
		/* Refused: the outer operation is not ours any more. */
		(void)dial_leave(dl);
		dial_drop(dl);
		dial_rele(dl);
		return false;
	}
	return true;
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
	dl->fd = wri_sys_socket(d->ep.family, SOCK_STREAM, 0);
	if (dl->fd < 0) {
		*err = wri_err_of(-dl->fd);
		wri_free(dl, sizeof(*dl));
		return NULL;
	}
	(void)wri_add(&d->refs, 1, WRI_RLX); /* the caller has one */
	dl->dialer = d;
	dl->outer = outer;
	dl->nap_ns = DIAL_NAP_MIN;
	wri_store(&dl->refs, 1, WRI_RLX); /* the runner's; nobody else yet */
	return dl;
}

void
weir_stream_dialer_dial(weir_stream_dialer *d, weir_aio *aio)
{
	struct dial *dl;
	weir_err err = WEIR_EINVAL;

	if (d != NULL && !wri_stream_handle_ok(d, WRI_MAGIC_DIALER, __func__)) {
		return;
	}
	if (weir_aio_reset(aio) != WEIR_OK) {
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
		(void)weir_aio_finish(aio, err);
		return;
	}
	dial_connect(dl, &err);
	if (dl->state == DIAL_MADE || dl->state == DIAL_FAILED) {
		dial_end(dl, err);
	} else if (dial_start(dl)) {
		dial_run(dl);
	}
	dial_rele(dl);
}

void
wri_dialer_close(struct weir_stream_dialer *d)
{
	wri_mtx_lock(&d->mtx);
	d->closed = true;
	while (d->waiting != NULL) {
		struct dial *dl = d->waiting;

		dial_unlist_locked(dl);
		if (dl->asked == WEIR_OK) {
			dl->asked = WEIR_ECLOSED; /* D1 */
		}
		dial_hold(dl); /* listed: its runner has not ended it */
		wri_mtx_unlock(&d->mtx);
		(void)weir_aio_abort(dl->inner, WEIR_ECLOSED);
		dial_rele(dl);
		wri_mtx_lock(&d->mtx);
	}
	wri_mtx_unlock(&d->mtx);
}
