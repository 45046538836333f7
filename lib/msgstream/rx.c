/*
 * rx - the receiving lane: bytes in, the greeting and messages out.
 *
 * Purpose    one read brings what is left of a message, and up to RX_AHEAD
 *            bytes of what follows; the rest is taking apart.
 * Ownership  all here is done by the owner of the lane.  A message that is
 *            whole when nobody waits any more stays with the lane.
 * Shape
 *
 *              HELLO ──▶ HEAD ──length──▶ MEMORY ──▶ BODY ──▶ WHOLE ──┐
 *                         ▲                (ENOMEM: stays)            │
 *                         └──────────────── given ────────────────────┘
 *
 * Progress   never waits; a turn ends after TURN_MAX messages.
 * Bounds     one message and RX_AHEAD bytes; recv_max is looked at before
 *            there is memory for a message.
 * Proof      test/msgstream/test_frames.c, test/msgstream/test_halfway.c
 */
#include "base/panic.h"
#include "msgstream/msgstream.h"

#include <string.h>

/* --- Taking apart ------------------------------------------------------ */

/*
 * Is what has come of a greeting right?  WEIR_EAGAIN: so far.  A wrong byte is
 * told before the others have come.
 */
static weir_err
parse_hello(weir_msgstream *ms)
{
	struct ms_rx *rx = &ms->rx;
	const uint8_t want[HELLO_LEN] = {
	    0, 'S', 'P', 0, (uint8_t)(ms->peer >> 8), (uint8_t)ms->peer, 0, 0};
	size_t n = rx->end < HELLO_LEN ? rx->end : HELLO_LEN;

	if (memcmp(rx->buf, want, n) != 0) {
		return WEIR_EPROTO;
	}
	if (n < HELLO_LEN) {
		return WEIR_EAGAIN;
	}
	rx->at = HELLO_LEN;
	rx->phase = RX_HEAD;
	return WEIR_OK;
}

/* The head of a frame: WEIR_OK: its length is known, and allowed. */
static weir_err
parse_head(weir_msgstream *ms)
{
	struct ms_rx *rx = &ms->rx;
	const uint8_t *p = rx->buf + rx->at;
	size_t have = rx->end - rx->at;
	size_t need = ms->ipc ? FRAME_HEAD_MAX : FRAME_HEAD_MAX - 1;
	uint64_t len = 0;

	if (ms->ipc && have > 0 && p[0] != FRAME_TYPE) {
		return WEIR_EPROTO;
	}
	if (have < need) {
		memmove(rx->buf, p, have);
		rx->at = 0;
		rx->end = have;
		return WEIR_EAGAIN;
	}
	for (size_t i = need - 8; i < need; i++) {
		len = len << 8 | p[i];
	}
	if (len > ms->recv_max) {
		return WEIR_EMSGSIZE;
	}
	rx->at += need;
	rx->len = (size_t)len;
	rx->phase = RX_MEMORY;
	return WEIR_OK;
}

/* What has come of the body goes into the message. */
static weir_err
parse_body(struct ms_rx *rx)
{
	size_t have = rx->end - rx->at;
	size_t want = rx->len - rx->got;
	size_t n = have < want ? have : want;

	if (n > 0) {
		/* Nobody shares it: no copy, no failure. */
		memcpy((uint8_t *)weir_msg_body(rx->msg) + rx->got,
		    rx->buf + rx->at, n);
	}
	rx->at += n;
	rx->got += n;
	if (rx->got < rx->len) {
		return WEIR_EAGAIN;
	}
	rx->phase = RX_WHOLE;
	return WEIR_OK;
}

/* WEIR_OK: a message is whole, or the greeting.  WEIR_EAGAIN: more bytes are
 * needed. */
static weir_err
rx_parse(weir_msgstream *ms)
{
	struct ms_rx *rx = &ms->rx;
	weir_err err = WEIR_OK;

	while (err == WEIR_OK && rx->phase != RX_WHOLE) {
		switch (rx->phase) {
		case RX_HELLO:
			return parse_hello(ms);
		case RX_HEAD:
			err = parse_head(ms);
			break;
		case RX_MEMORY:
			err = weir_msg_alloc(&rx->msg, rx->len);
			if (err == WEIR_OK) {
				rx->got = 0;
				rx->phase = RX_BODY;
			}
			break;
		case RX_BODY:
			err = parse_body(rx);
			break;
		case RX_WHOLE:
			break;
		}
	}
	return err;
}

static weir_msg *
rx_take(struct ms_rx *rx)
{
	weir_msg *msg = rx->msg;

	WRI_ASSERT(rx->phase == RX_WHOLE);
	rx->msg = NULL;
	rx->phase = RX_HEAD;
	return msg;
}

/* Has a message begun that is not whole? */
static bool
rx_is_inside(const struct ms_rx *rx)
{
	return rx->phase == RX_MEMORY || rx->phase == RX_BODY ||
	       rx->at < rx->end;
}

/* --- Bytes ------------------------------------------------------------- */

/* Does anybody want bytes? */
static bool
rx_wanted_locked(const weir_msgstream *ms)
{
	switch (ms->state) {
	case MS_GREETING:
		return ms->rx.phase == RX_HELLO;
	case MS_OPEN:
		return ms->rx.lane.waiters.len > 0;
	case MS_ENDED:
		break;
	}
	return false;
}

static bool
rx_wanted(weir_msgstream *ms)
{
	bool wanted;

	wri_mtx_lock(&ms->mtx);
	wanted = rx_wanted_locked(ms);
	wri_mtx_unlock(&ms->mtx);
	return wanted;
}

/* Where bytes go: the message, then what is ahead of it. */
static unsigned
rx_iov(struct ms_rx *rx, weir_iov iov[2])
{
	unsigned n = 0;

	if (rx->phase == RX_BODY) {
		WRI_ASSERT(rx->at == rx->end);
		rx->at = rx->end = 0;
		iov[n++] =
		    (weir_iov){(uint8_t *)weir_msg_body(rx->msg) + rx->got,
			rx->len - rx->got};
	}
	iov[n++] = (weir_iov){rx->buf + rx->end, RX_AHEAD - rx->end};
	return n;
}

/*
 * Ask the stream for bytes.  False: they come later, with our callback, and
 * the lane is no longer ours.  polls: who wants them may not wait.
 */
static bool
rx_submit(weir_msgstream *ms, bool polls)
{
	struct ms_rx *rx = &ms->rx;
	weir_aio *aio = rx->lane.aio;
	weir_iov iov[2];
	bool skipped;

	(void)weir_aio_set_iov(aio, rx_iov(rx, iov), iov);
	if (rx->phase == RX_HELLO) {
		(void)weir_aio_set_expire(aio, ms->hello_until);
	} else {
		(void)weir_aio_set_timeout(aio, polls ? 0 : WEIR_INFINITE);
	}
	weir_aio_skip_callback(aio, &skipped);
	if (weir_aio_reset(aio) != WEIR_OK) {
		return true; /* stopped: its result says so */
	}
	/* After the reset: a hook that finds nobody waiting any more cancels
	 * it from here on, and the start is refused. */
	if (!polls && !rx_wanted(ms)) {
		(void)weir_aio_finish(aio, WEIR_ECANCELED);
		return true;
	}
	weir_stream_recv(ms->stream, aio);
	return skipped;
}

/* The inner operation has ended: what did it bring? */
static weir_err
rx_absorb(struct ms_rx *rx)
{
	weir_err err = weir_aio_result(rx->lane.aio);
	size_t n = weir_aio_count(rx->lane.aio);
	size_t part = 0;

	if (err != WEIR_OK) {
		return err == WEIR_ECANCELED ? WEIR_OK : err; /* look again */
	}
	if (n == 0) {
		return WEIR_OK; /* a turn was over */
	}
	if (rx->phase == RX_BODY) {
		part = rx->len - rx->got < n ? rx->len - rx->got : n;
		rx->got += part;
	}
	rx->end += n - part;
	return WEIR_OK;
}

/* --- Giving out -------------------------------------------------------- */

/* No more bytes will come, or none that mean anything. */
static void
rx_failed(weir_msgstream *ms, weir_err err)
{
	struct ms_rx *rx = &ms->rx;

	if (rx->phase == RX_HELLO) {
		wri_msgstream_refuse(ms, err);
	} else if (err == WEIR_ESTOPPED || err == WEIR_EPROTO ||
		   err == WEIR_EMSGSIZE) {
		wri_msgstream_end(ms, err);
	} else {
		if (err == WEIR_ECONNSHUT && rx_is_inside(rx)) {
			err = WEIR_ECONNRESET;
		}
		wri_msgstream_end_lane(ms, &rx->lane, err);
	}
}

/* A message is whole, or what is in its way.  False: we have left the lane. */
static bool
rx_deliver(weir_msgstream *ms, weir_err err)
{
	struct ms_rx *rx = &ms->rx;
	weir_msg *msg = NULL;
	weir_aio *aio;
	bool leave;

	if (err != WEIR_OK && (err != WEIR_ENOMEM || rx->phase == RX_HELLO)) {
		rx_failed(ms, err);
		return true;
	}
	wri_mtx_lock(&ms->mtx);
	aio = weir_aioq_pop(&rx->lane.waiters);
	if (aio != NULL && err == WEIR_OK) {
		msg = rx_take(rx);
	}
	leave = aio != NULL && !rx_wanted_locked(ms);
	if (leave) {
		wri_msgstream_leave_early_locked(&rx->lane);
	}
	wri_mtx_unlock(&ms->mtx);
	if (aio == NULL) {
		return true; /* ended meanwhile: nothing is lost */
	}
	if (msg != NULL) {
		(void)weir_aio_set_msg(aio, msg);
		weir_aio_set_count(aio, weir_msg_len(msg));
	}
	(void)weir_aio_finish(aio, err);
	if (leave) {
		wri_msgstream_done(ms);
	}
	return !leave;
}

/* Leave the lane, unless there is something to do. */
static bool
rx_next(weir_msgstream *ms)
{
	bool wake = false;
	bool wanted;

	wri_mtx_lock(&ms->mtx);
	wanted = rx_wanted_locked(ms);
	if (!wanted) {
		wake = wri_msgstream_leave_locked(ms, &ms->rx.lane);
	}
	wri_mtx_unlock(&ms->mtx);
	if (!wanted) {
		wri_msgstream_left(ms, wake);
	}
	return wanted;
}

/* Go on in a callback; false: there is none to be had. */
static bool
rx_yield(struct ms_rx *rx)
{
	return weir_aio_reset(rx->lane.aio) == WEIR_OK &&
	       weir_aio_finish_count(rx->lane.aio, WEIR_OK, 0);
}

void
wri_rx_run(weir_msgstream *ms)
{
	struct ms_rx *rx = &ms->rx;
	unsigned turn = 0;
	bool ours = true;

	while (ours && rx_next(ms)) {
		weir_err err = rx_parse(ms);

		if (err == WEIR_EAGAIN) {
			if (!rx_submit(ms, false)) {
				return;
			}
			err = rx_absorb(rx);
			if (err != WEIR_OK) {
				ours = rx_deliver(ms, err);
			}
		} else if (err == WEIR_OK && rx->phase != RX_WHOLE) {
			ours = wri_msgstream_greeted(
			    ms, &rx->lane, MS_HEARD, ms->peer);
		} else if (++turn > TURN_MAX && rx_yield(rx)) {
			return;
		} else {
			ours = rx_deliver(ms, err);
		}
	}
}

void
wri_rx_cb(void *arg)
{
	weir_msgstream *ms = arg;
	weir_err err = rx_absorb(&ms->rx);

	if (err == WEIR_OK || rx_deliver(ms, err)) {
		wri_rx_run(ms);
	}
}

weir_err
wri_rx_poll(weir_msgstream *ms, weir_msg **msgp)
{
	struct ms_rx *rx = &ms->rx;
	weir_err err;

	do {
		err = rx_parse(ms);
		if (err != WEIR_EAGAIN) {
			break;
		}
		if (!rx_submit(ms, true)) {
			return WEIR_EAGAIN; /* it goes on without us */
		}
		err = rx_absorb(rx);
	} while (err == WEIR_OK);
	if (err == WEIR_OK) {
		*msgp = rx_take(rx);
	} else if (err == WEIR_ETIMEDOUT) {
		err = WEIR_EAGAIN;
	} else if (err != WEIR_ENOMEM) {
		rx_failed(ms, err);
		wri_mtx_lock(&ms->mtx);
		err = wri_msgstream_err_locked(ms, &rx->lane);
		wri_mtx_unlock(&ms->mtx);
	}
	wri_rx_run(ms); /* for those who came meanwhile; or leave */
	return err;
}

void
wri_rx_drop(weir_msgstream *ms)
{
	weir_msg_free(ms->rx.msg);
	ms->rx.msg = NULL;
}
