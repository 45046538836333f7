/*
 * tx - the sending lane: the greeting and messages in, bytes out.
 *
 * Purpose    a frame goes out as one send of the stream: length and header
 *            from here, the body from where it lies.
 * Ownership  all here is done by the owner of the lane.  In TRY the message is
 *            the operation's, which nobody else ends (a hook leaves why).  When
 *            it has to wait the lane gets a share of the message, and from then
 *            on (parked) the operation may be ended by whoever takes it from
 *            tx.op: the frame goes out without it.
 * Shape
 *
 *              HELLO ──▶ NONE ──▶ TRY ──all out──▶ NONE
 *                                  │ would wait     ▲
 *                                  ▼                │ all out, or withdrawn
 *                               PARKED ─────────────┘ with nothing out
 *
 * Progress   never waits; a turn ends after TURN_MAX messages.
 * Bounds     one frame that nobody waits for any more.
 * Proof      test/msgstream/test_halfway.c, test/msgstream/test_faults.c
 */
#include "msgstream/msgstream.h"

#include <string.h>

/* --- Frames ------------------------------------------------------------ */

static void
frame_begin(weir_msgstream *ms, weir_msg *msg)
{
	struct ms_tx *tx = &ms->tx;
	size_t header_len = weir_msg_header_len(msg);
	uint64_t len = (uint64_t)header_len + weir_msg_len(msg);
	uint8_t *p = tx->head;

	if (ms->ipc) {
		*p++ = FRAME_TYPE;
	}
	for (unsigned shift = 64; shift > 0; shift -= 8) {
		*p++ = (uint8_t)(len >> (shift - 8));
	}
	memcpy(p, weir_msg_header(msg), header_len);
	tx->head_len = (size_t)(p - tx->head) + header_len;
	tx->body_len = weir_msg_len(msg);
	tx->done = 0;
	tx->msg = msg;
	tx->msg_ours = false;
	tx->phase = TX_TRY;
}

/* The frame is over: sent, or never to be. */
static void
frame_end(struct ms_tx *tx)
{
	if (tx->msg_ours) {
		weir_msg_free(tx->msg);
	}
	tx->msg = NULL;
	tx->msg_ours = false;
	tx->phase = TX_NONE;
}

void
wri_tx_hello(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	const uint8_t hello[HELLO_LEN] = {0, 'S', 'P', 0,
	    (uint8_t)(ms->protocol >> 8), (uint8_t)ms->protocol, 0, 0};

	memcpy(tx->head, hello, HELLO_LEN);
	tx->head_len = HELLO_LEN;
	tx->phase = TX_HELLO;
}

/* What is left of the frame. */
static unsigned
tx_iov(struct ms_tx *tx, weir_iov iov[2])
{
	size_t past = tx->done;
	unsigned n = 0;

	if (past < tx->head_len) {
		iov[n++] = (weir_iov){tx->head + past, tx->head_len - past};
		past = 0;
	} else {
		past -= tx->head_len;
	}
	if (past < tx->body_len) {
		const uint8_t *body = weir_msg_data(tx->msg);

		iov[n++] = (weir_iov){
		    (void *)(uintptr_t)(body + past), tx->body_len - past};
	}
	return n;
}

/* --- The inner operation ----------------------------------------------- */

/* Is there a frame that nobody wants any more, and not a byte is out? */
static bool
tx_is_withdrawn(weir_msgstream *ms)
{
	bool withdrawn;

	wri_mtx_lock(&ms->mtx);
	withdrawn = ms->tx.withdrawn && ms->tx.done == 0;
	wri_mtx_unlock(&ms->mtx);
	return withdrawn;
}

/*
 * Give the stream what is left of the frame.  False: it ends later, with our
 * callback, and the lane is no longer ours.
 */
static bool
tx_submit(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	weir_aio *aio = tx->lane.aio;
	weir_iov iov[2];
	bool skipped;

	(void)weir_aio_set_iov(aio, tx_iov(tx, iov), iov);
	if (tx->phase == TX_HELLO) {
		(void)weir_aio_set_expire(aio, ms->hello_until);
	} else {
		(void)weir_aio_set_timeout(
		    aio, tx->phase == TX_TRY ? 0 : WEIR_INFINITE);
	}
	weir_aio_skip_callback(aio, &skipped);
	if (weir_aio_reset(aio) != WEIR_OK) {
		return true; /* stopped: its result says so */
	}
	/* After the reset: a hook that withdraws the frame cancels it from
	 * here on, and the start is refused. */
	if (tx->phase == TX_PARKED && tx_is_withdrawn(ms)) {
		(void)weir_aio_finish(aio, WEIR_ECANCELED);
		return true;
	}
	weir_stream_send_all(ms->stream, aio);
	return skipped;
}

/* --- Ends of a frame --------------------------------------------------- */

/* Nobody's frame goes out, and nothing was asked. */
static void
tx_clear_locked(struct ms_tx *tx)
{
	tx->op = NULL;
	tx->why = WEIR_OK;
	tx->parked = false;
	tx->withdrawn = false;
}

/* No message waits for its turn. */
static bool
tx_is_idle_locked(const weir_msgstream *ms)
{
	return ms->state != MS_OPEN || ms->tx.lane.waiters.len == 0;
}

/* All of it is out.  False: we have left the lane. */
static bool
tx_sent(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	size_t len = tx->done - (ms->ipc ? FRAME_HEAD_MAX : FRAME_HEAD_MAX - 1);
	weir_aio *op;
	bool leave;

	frame_end(tx);
	wri_mtx_lock(&ms->mtx);
	op = tx->op;
	leave = op != NULL && tx_is_idle_locked(ms);
	tx_clear_locked(tx);
	if (leave) {
		wri_msgstream_leave_early_locked(&tx->lane);
	}
	wri_mtx_unlock(&ms->mtx);
	if (op != NULL) {
		weir_msg_free(weir_aio_get_msg(op));
		(void)weir_aio_set_msg(op, NULL);
		(void)weir_aio_finish_count(op, WEIR_OK, len);
	}
	if (leave) {
		wri_msgstream_done(ms);
	}
	return !leave;
}

/* The stream, or memory, has refused it.  What its operation gets. */
static weir_err
tx_broken(weir_msgstream *ms, weir_err err)
{
	struct ms_tx *tx = &ms->tx;
	bool cut = tx->done > 0;
	weir_err told = err;
	weir_aio *op;

	frame_end(tx);
	wri_mtx_lock(&ms->mtx);
	op = tx->op;
	tx->op = NULL;
	if (ms->state == MS_ENDED) {
		told = ms->err;
	}
	wri_mtx_unlock(&ms->mtx);
	if (op != NULL) {
		(void)weir_aio_finish(op, told);
	}
	if (err == WEIR_ENOMEM || err == WEIR_EAGAIN) {
		if (cut) {
			wri_msgstream_end(ms, err);
		}
	} else if (err == WEIR_ESTOPPED) {
		wri_msgstream_end(ms, err);
	} else {
		wri_msgstream_end_lane(ms, &tx->lane, err);
	}
	return told;
}

/* The first try is over, and something is left. */
static void
tx_park(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	weir_aio *op = NULL;
	weir_err why = WEIR_OK;

	if (!tx->msg_ours) {
		weir_msg *share;
		weir_err err = weir_msg_share(&share, tx->msg);

		if (err != WEIR_OK) {
			(void)tx_broken(ms, err);
			return;
		}
		tx->msg = share;
		tx->msg_ours = true;
	}
	tx->phase = TX_PARKED;
	wri_mtx_lock(&ms->mtx);
	tx->parked = true;
	if (tx->why != WEIR_OK || ms->state == MS_ENDED) {
		why = ms->state == MS_ENDED ? ms->err : tx->why;
		op = tx->op;
		tx->op = NULL;
		tx->withdrawn = true;
	}
	wri_mtx_unlock(&ms->mtx);
	if (op != NULL) {
		(void)weir_aio_finish(op, why);
	}
}

/* The first try, or the rest, has ended with this.  False: we have left the
 * lane. */
static bool
frame_ended(weir_msgstream *ms, weir_err err)
{
	struct ms_tx *tx = &ms->tx;

	if (err == WEIR_OK) {
		return tx_sent(ms);
	}
	if (tx->phase == TX_TRY &&
	    (err == WEIR_ETIMEDOUT || err == WEIR_ECANCELED)) {
		tx_park(ms);
	} else if (tx->phase == TX_PARKED && err == WEIR_ECANCELED) {
		if (tx_is_withdrawn(ms)) {
			frame_end(tx);
		} /* else the rest follows */
	} else {
		(void)tx_broken(ms, err);
	}
	return true;
}

/* The inner operation has ended.  False: we have left the lane. */
static bool
tx_ended(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	weir_err err = weir_aio_result(tx->lane.aio);

	if (tx->yielded) {
		tx->yielded = false;
		return true;
	}
	tx->done += weir_aio_count(tx->lane.aio);
	if (tx->phase != TX_HELLO) {
		return frame_ended(ms, err);
	}
	tx->phase = TX_NONE;
	if (err == WEIR_OK) {
		return wri_msgstream_greeted(ms, &tx->lane, MS_SAID, 0);
	}
	wri_msgstream_refuse(ms, err);
	return true;
}

/* --- The owner --------------------------------------------------------- */

/* The next message, or leave the lane. */
static bool
tx_next(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	weir_aio *op = NULL;
	bool wake = false;

	wri_mtx_lock(&ms->mtx);
	tx_clear_locked(tx);
	if (!tx_is_idle_locked(ms)) {
		op = weir_aioq_pop(&tx->lane.waiters);
		tx->op = op;
	}
	if (op == NULL) {
		wake = wri_msgstream_leave_locked(ms, &tx->lane);
	}
	wri_mtx_unlock(&ms->mtx);
	if (op == NULL) {
		wri_msgstream_left(ms, wake);
		return false;
	}
	frame_begin(ms, weir_aio_get_msg(op));
	return true;
}

/* Go on in a callback; false: there is none to be had. */
static bool
tx_yield(struct ms_tx *tx)
{
	if (weir_aio_reset(tx->lane.aio) != WEIR_OK) {
		return false;
	}
	tx->yielded = true;
	(void)weir_aio_finish(tx->lane.aio, WEIR_OK);
	return true;
}

void
wri_tx_run(weir_msgstream *ms)
{
	struct ms_tx *tx = &ms->tx;
	unsigned turn = 0;

	do {
		if (tx->phase == TX_NONE) {
			if (++turn > TURN_MAX && tx_yield(tx)) {
				return;
			}
			if (!tx_next(ms)) {
				return;
			}
		}
		if (!tx_submit(ms)) {
			return;
		}
	} while (tx_ended(ms));
}

void
wri_tx_cb(void *arg)
{
	weir_msgstream *ms = arg;

	if (tx_ended(ms)) {
		wri_tx_run(ms);
	}
}

weir_err
wri_tx_poll(weir_msgstream *ms, weir_msg *msg)
{
	struct ms_tx *tx = &ms->tx;
	weir_err err;

	/* tx_next has left no operation, and nothing asked of it. */
	frame_begin(ms, msg);
	tx->msg_ours = true; /* should the stream not end it at once */
	if (!tx_submit(ms)) {
		return WEIR_OK;
	}
	err = weir_aio_result(tx->lane.aio);
	tx->done += weir_aio_count(tx->lane.aio);
	if (err == WEIR_OK) {
		frame_end(tx);
	} else if ((err == WEIR_ETIMEDOUT || err == WEIR_ECANCELED) &&
		   tx->done > 0) {
		tx->phase = TX_PARKED;
		err = WEIR_OK;
	} else {
		tx->msg_ours = false;
		if (err == WEIR_ETIMEDOUT || err == WEIR_ECANCELED) {
			frame_end(tx);
			err = WEIR_EAGAIN;
		} else {
			err = tx_broken(ms, err);
		}
	}
	wri_tx_run(ms); /* for those who came meanwhile; or leave */
	return err;
}

void
wri_tx_drop(weir_msgstream *ms)
{
	frame_end(&ms->tx);
}
