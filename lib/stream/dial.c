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
 *            The inner operation is on the socket, or on a timer (the dial
 *            naps), and has no callback: its step ends the outer one, so that
 *            no pool but the outer's can hold up the dial.
 * Ownership  A dial has references: the submitter's, the outer operation's
 *            until release, the weir_fd's that the inner one is on.  The last
 *            reaps the inner aio and frees.  The half-made connection is the
 *            dial's until it is output 0.
 * End        Step, hook and close compete under mtx; who has claimed the dial
 *            says how it ends.  If it fails, the weir_fd is closed, and its
 *            release finishes the outer operation: nothing is left by then
 *            (when start is refused: a moment later).  Until the inner one is
 *            submitted nobody may close: a reason (D1) is the submitter's.
 * Pairs      D1  mtx carries reason and claim.
 * Locks      mtx is a leaf but for weir_aio_start, which the gate wants under
 *            the lock of the hook.
 * Bounds     WEIR_STREAM_QUEUE_MAX dials; naps of DIAL_NAP_MIN to _MAX.
 * Proof      test/stream/test_dialer.c, test_faults.c, test_blocked.c
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/dialer.h"
#include "stream/nap.h"
#include "stream/sockio.h"

#include <errno.h>

#define DIAL_NAP_MIN WEIR_MS(1)
#define DIAL_NAP_MAX WEIR_MS(100)

struct dial {
	/* Fixed after alloc. */
	struct weir_stream_dialer *dialer; /* held */
	weir_aio *outer;                   /* lent, until finish */

	/* Fixed before the inner operation is submitted. */
	weir_aio *inner; /* ours; NULL if we need not wait */
	weir_fd *timer;  /* it naps; NULL: it waits for its socket */

	/* Any thread. */
	wri_a32 refs;

	/* The submitter's, then the steps', then his who has claimed it. */
	int fd;            /* the socket while it has no stream, or -1 */
	weir_stream *conn; /* half-made, or NULL */
	weir_duration nap_ns;
	weir_err err; /* how it ends */

	/* dialer->mtx must be held when using these. */
	weir_err asked; /* why it shall end, WEIR_OK: nobody asked */
	bool submitted; /* the inner operation: who asks may close */
	bool claimed;
};

static void
dial_hold(struct dial *dl)
{
	(void)wri_add(&dl->refs, 1, WRI_RLX); /* by one who has a reference */
}

static void
dial_rele(struct dial *dl)
{
	/* acq_rel: as wri_dialer_rele. */
	if (wri_sub(&dl->refs, 1, WRI_ACQ_REL) == 1) {
		WRI_ASSERT(dl->conn == NULL && dl->fd < 0 && dl->claimed);
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

/* --- The end ----------------------------------------------------------- */

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

/* How the dial ends is ours to say, once; it leaves the dialer. */
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

static bool
dial_claim(struct dial *dl, weir_err err)
{
	bool ours;

	wri_mtx_lock(&dl->dialer->mtx);
	ours = dial_claim_locked(dl, err);
	wri_mtx_unlock(&dl->dialer->mtx);
	return ours;
}

/* Claimed, nothing is half made: end the outer operation. */
static void
dial_finish(struct dial *dl)
{
	weir_stream *conn = dl->conn;

	dl->conn = NULL;
	if (dl->err == WEIR_OK) {
		(void)weir_aio_set_output(dl->outer, 0, conn);
	}
	(void)weir_aio_finish(dl->outer, dl->err);
}

/* A dial that does not wait. */
static void
dial_end(struct dial *dl, weir_err err)
{
	(void)dial_claim(dl, err);
	if (err != WEIR_OK) {
		dial_drop(dl);
	}
	dial_finish(dl);
}

/* Claimed, and its weir_fd has gone. */
void
wri_dial_gone(struct dial *dl)
{
	if (dl->timer == NULL) {
		dl->conn = NULL; /* it was the weir_fd's */
	} else if (dl->err != WEIR_OK) {
		dial_drop(dl);
	}
	dial_finish(dl);
	dial_rele(dl); /* the weir_fd's */
}

static void
dial_timer_release(void *arg)
{
	wri_dial_gone(arg);
}

/* Claimed: close the weir_fd; its release does the rest. */
static void
dial_close_fd(struct dial *dl)
{
	if (dl->timer != NULL) {
		weir_fd_close(dl->timer);
	} else {
		weir_stream_free(dl->conn);
	}
}

/* It shall end, or the submitter sees to it.  True: the caller closes. */
static bool
dial_ask_locked(struct dial *dl, weir_err why)
{
	if (dl->asked == WEIR_OK) {
		dl->asked = why; /* D1 */
	}
	return dl->submitted && dial_claim_locked(dl, dl->asked);
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
		dial_close_fd(dl);
	}
}

static const weir_provider dial_provider = {
    .size = sizeof(weir_provider),
    .name = "stream dial",
    .cancel = dial_cancel,
    .release = dial_release,
};

/* --- Steps ------------------------------------------------------------- */

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

static weir_err
wait_step(weir_aio *inner, int fd, void *arg, unsigned *flags)
{
	struct dial *dl = weir_aio_get_input(inner, 0);
	weir_err err = wri_sock_connected(arg, fd);

	*flags = 0;
	if (err == WEIR_EAGAIN) {
		return err;
	}
	if (err == WEIR_OK) {
		err = dial_finish_conn(dl);
	}
	if (!dial_claim(dl, err)) {
		return WEIR_OK; /* its end is under way */
	}
	if (err == WEIR_OK) {
		dl->conn->dial = NULL;
		dial_finish(dl);
		dial_rele(dl); /* the weir_fd's */
	} else {
		dial_close_fd(dl);
	}
	return WEIR_OK;
}

static const weir_fdop wait_op = {
    .size = sizeof(weir_fdop),
    .name = "stream connect",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = wait_step,
};

static void
dial_nap(struct dial *dl)
{
	wri_nap_set(dl->timer, weir_time_after(wri_now(), dl->nap_ns));
	dl->nap_ns =
	    dl->nap_ns * 2 < DIAL_NAP_MAX ? dl->nap_ns * 2 : DIAL_NAP_MAX;
}

static int
dial_connect(struct dial *dl)
{
	const struct wri_endpoint *ep = &dl->dialer->ep;

	return wri_sys_connect(dl->fd, &ep->addr.u.sa, ep->addr.len);
}

/* What connect(2) has said at last: the stream, or an error. */
static weir_err
dial_connected(struct dial *dl, int r)
{
	weir_err err =
	    r != 0 ? dl->dialer->ops->connect_err(-r) : dial_open_conn(dl);

	return err == WEIR_OK ? dial_finish_conn(dl) : err;
}

/* What once found no room asks again until it is answered, also where the
 * system connects in the background (tcp, short of ports). */
static weir_err
nap_step(weir_aio *inner, int fd, void *arg, unsigned *flags)
{
	struct dial *dl = arg;
	int r;

	(void)inner;
	*flags = 0;
	if (!wri_nap_over(fd)) {
		return WEIR_EAGAIN;
	}
	r = dial_connect(dl);
	if (r == -EAGAIN || r == -EINPROGRESS || r == -EALREADY) {
		dial_nap(dl);
		*flags = WEIR_FD_MORE;
		return WEIR_EAGAIN;
	}
	if (dial_claim(dl, dial_connected(dl, r))) {
		dial_close_fd(dl);
	}
	return WEIR_OK;
}

static const weir_fdop nap_op = {
    .size = sizeof(weir_fdop),
    .name = "stream connect pause",
    .kind = WEIR_FDOP_OTHER,
    .try_step = nap_step,
};

/* --- Submit ------------------------------------------------------------ */

/*
 * Make the outer one an operation that waits.  False: it cannot, and has ended.
 */
static bool
dial_start(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;
	weir_err err = WEIR_ETIMEDOUT;

	if (!wri_stream_polls(dl->outer)) {
		err = wri_stream_op_err(weir_aio_alloc(&dl->inner, NULL, NULL));
	}
	if (err != WEIR_OK) {
		dial_end(dl, err);
		return false;
	}
	(void)weir_aio_set_input(dl->inner, 0, dl);
	weir_aio_set_scratch(dl->outer, 0, dl); /* for close */
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
		weir_aioq_push(&d->waiting, dl->outer);
	} else {
		/* Refused: the outer operation is not ours any more. */
		dl->claimed = true;
		d->dials_len--;
	}
	wri_mtx_unlock(&d->mtx);
	if (err != WEIR_OK) {
		dial_drop(dl);
		dial_rele(dl);
		return false;
	}
	return true;
}

/* Begin to wait, for the socket or for room. */
static void
dial_submit(struct dial *dl)
{
	bool ours;

	dial_hold(dl); /* for wri_dial_gone */
	if (dl->conn != NULL) {
		dl->conn->dial = dl;
		weir_fd_submit(
		    dl->conn->fd, WEIR_DIR_WRITE, dl->inner, &wait_op);
	} else {
		weir_err err = wri_nap_open(&dl->timer, dl, dial_timer_release);

		if (err != WEIR_OK) {
			dial_end(dl, err);
			dial_rele(dl);
			return;
		}
		dial_nap(dl);
		weir_fd_submit(dl->timer, WEIR_DIR_READ, dl->inner, &nap_op);
	}
	/* From here on others may close; who came too early left that to us. */
	wri_mtx_lock(&dl->dialer->mtx);
	dl->submitted = true;
	ours = dl->asked != WEIR_OK && dial_claim_locked(dl, dl->asked);
	wri_mtx_unlock(&dl->dialer->mtx);
	if (ours) {
		dial_close_fd(dl);
	}
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
	wri_store(&dl->refs, 1, WRI_RLX); /* the submitter's */
	return dl;
}

/* connect(2) has been called: end, or wait. */
static void
dial_go_on(struct dial *dl, int r)
{
	bool waits = r == -EINPROGRESS || r == -EAGAIN;
	weir_err err = WEIR_OK;

	if (r == -EINPROGRESS) {
		err = dial_open_conn(dl);
	} else if (!waits) {
		err = dial_connected(dl, r);
	}
	if (!waits || err != WEIR_OK) {
		dial_end(dl, err);
	} else if (dial_start(dl)) {
		dial_submit(dl);
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
	dial_go_on(dl, dial_connect(dl));
	dial_rele(dl);
}

void
wri_dialer_close(struct weir_stream_dialer *d)
{
	weir_aio *outer;

	wri_mtx_lock(&d->mtx);
	d->closed = true;
	while ((outer = weir_aioq_pop(&d->waiting)) != NULL) {
		struct dial *dl = weir_aio_get_scratch(outer, 0);
		bool ours = dial_ask_locked(dl, WEIR_ECLOSED);

		wri_mtx_unlock(&d->mtx);
		if (ours) {
			dial_close_fd(dl);
		}
		wri_mtx_lock(&d->mtx);
	}
	wri_mtx_unlock(&d->mtx);
}
