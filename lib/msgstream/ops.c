/*
 * ops - operations of the program: how they wait, and how they are asked to
 * end.
 *
 * Purpose    an operation is started and queued under the lock that its hook
 *            takes; then whoever finds the lane idle works in it.  One that may
 *            not wait (timeout 0) is not started: its submitter owns the lane
 *            for one try.
 * Ownership  who takes an operation out of its queue, or out of tx.op,
 *            finishes it.  A started one holds the message stream until
 *            release.
 * Bounds     WEIR_MSGSTREAM_QUEUE_MAX in each queue.
 * Proof      test/msgstream/, test/contract/cases_msgstream.c
 */
#include "base/clock.h"
#include "base/log.h"
#include "msgstream/msgstream.h"

/* --- Hooks ------------------------------------------------------------- */

static void
recv_cancel(weir_aio *aio, void *arg, weir_err why)
{
	weir_msgstream *ms = arg;
	bool mine, last;

	wri_mtx_lock(&ms->mtx);
	mine = weir_aioq_remove(&ms->rx.lane.waiters, aio);
	last = ms->rx.lane.waiters.len == 0 && ms->state == MS_OPEN;
	if (mine) {
		wri_msgstream_begin_locked(ms);
	}
	wri_mtx_unlock(&ms->mtx);
	if (!mine) {
		return;
	}
	if (last) {
		/* If this comes too late for the receive that it is for, the
		 * owner of the lane just tries again. */
		(void)weir_aio_cancel(ms->rx.lane.aio);
	}
	(void)weir_aio_finish(aio, why);
	wri_msgstream_done(ms);
}

static void
send_cancel(weir_aio *aio, void *arg, weir_err why)
{
	weir_msgstream *ms = arg;
	struct ms_tx *tx = &ms->tx;
	bool mine;
	bool going = false;

	wri_mtx_lock(&ms->mtx);
	mine = weir_aioq_remove(&tx->lane.waiters, aio);
	if (!mine && tx->op == aio) {
		if (tx->parked) {
			tx->op = NULL;
			tx->withdrawn = true;
			mine = going = true;
		} else {
			tx->why = why; /* the owner is in its first try */
		}
	}
	if (mine) {
		wri_msgstream_begin_locked(ms);
	}
	wri_mtx_unlock(&ms->mtx);
	if (!mine) {
		return;
	}
	if (going) {
		(void)weir_aio_cancel(tx->lane.aio); /* too late: as above */
	}
	(void)weir_aio_finish(aio, why);
	wri_msgstream_done(ms);
}

static void
ready_cancel(weir_aio *aio, void *arg, weir_err why)
{
	weir_msgstream *ms = arg;
	bool mine;

	wri_mtx_lock(&ms->mtx);
	mine = weir_aioq_remove(&ms->ready, aio);
	if (mine) {
		wri_msgstream_begin_locked(ms);
	}
	wri_mtx_unlock(&ms->mtx);
	if (mine) {
		(void)weir_aio_finish(aio, why);
		wri_msgstream_done(ms);
	}
}

static void
op_release(void *arg)
{
	wri_msgstream_rele(arg);
}

static const weir_provider recv_provider = {
    .size = sizeof(weir_provider),
    .name = "msgstream recv",
    .cancel = recv_cancel,
    .release = op_release,
};

static const weir_provider send_provider = {
    .size = sizeof(weir_provider),
    .name = "msgstream send",
    .cancel = send_cancel,
    .release = op_release,
};

static const weir_provider ready_provider = {
    .size = sizeof(weir_provider),
    .name = "msgstream ready",
    .cancel = ready_cancel,
    .release = op_release,
};

/* --- Waiting ----------------------------------------------------------- */

/* Start it and put it into the queue.  Not WEIR_OK: it has to end with that;
 * else it waits, or weir has ended it. */
static weir_err
wait_locked(weir_msgstream *ms, weir_aio *aio, const weir_provider *provider,
    weir_aioq *q, bool *full_told)
{
	if (q->len >= WEIR_MSGSTREAM_QUEUE_MAX) {
		return WEIR_EAGAIN;
	}
	wri_msgstream_hold(ms); /* for op_release */
	if (weir_aio_start(aio, provider, ms) != WEIR_OK) {
		wri_msgstream_rele(ms); /* not the last: the caller has one */
		return WEIR_OK;
	}
	weir_aioq_push(q, aio);
	*full_told = false;
	return WEIR_OK;
}

static void
log_full(weir_msgstream *ms, const char *what)
{
	char name[WEIR_ADDR_STR_MAX];

	wri_log(WEIR_LOG_WARN,
	    "%s: %s refused: WEIR_MSGSTREAM_QUEUE_MAX (%u) wait",
	    weir_sockaddr_str(
		weir_stream_peer_addr(ms->stream), name, sizeof(name)),
	    what, WEIR_MSGSTREAM_QUEUE_MAX);
}

/* Wait in a lane; *run: the caller owns it now. */
static void
lane_wait(weir_msgstream *ms, struct ms_lane *lane, weir_aio *aio,
    const weir_provider *provider, bool *run)
{
	bool tell = false;
	weir_err err;

	wri_mtx_lock(&ms->mtx);
	err = wri_msgstream_err_locked(ms, lane);
	if (err == WEIR_OK) {
		err = wait_locked(
		    ms, aio, provider, &lane->waiters, &lane->full_told);
		tell = err == WEIR_EAGAIN && !lane->full_told;
		lane->full_told |= tell;
	}
	*run = wri_msgstream_claim_locked(ms, lane);
	wri_mtx_unlock(&ms->mtx);
	if (tell) {
		log_full(ms, provider->name);
	}
	if (err != WEIR_OK) {
		(void)weir_aio_finish(aio, err);
	}
}

/* May the operation not wait at all? */
static bool
op_polls(weir_aio *aio)
{
	weir_time deadline = weir_aio_get_deadline(aio);

	return deadline != WEIR_NEVER && deadline <= wri_now();
}

/* Own the lane for a try of somebody who may not wait. */
static bool
lane_try(weir_msgstream *ms, struct ms_lane *lane)
{
	bool ours;

	wri_mtx_lock(&ms->mtx);
	ours = ms->state == MS_OPEN && lane->err == WEIR_OK && !lane->busy &&
	       lane->waiters.len == 0;
	if (ours) {
		wri_msgstream_own_locked(ms, lane);
	}
	wri_mtx_unlock(&ms->mtx);
	return ours;
}

/* --- The program's calls ----------------------------------------------- */

static void
msgstream_recv(weir_msgstream *ms, weir_aio *aio)
{
	weir_msg *msg;
	weir_err err = WEIR_EAGAIN;
	bool run;

	(void)weir_aio_set_msg(aio, NULL);
	if (op_polls(aio) && lane_try(ms, &ms->rx.lane)) {
		err = wri_rx_poll(ms, &msg);
	}
	if (err == WEIR_EAGAIN) {
		lane_wait(ms, &ms->rx.lane, aio, &recv_provider, &run);
		if (run) {
			wri_rx_run(ms);
		}
		return;
	}
	if (err == WEIR_OK) {
		(void)weir_aio_set_msg(aio, msg);
		weir_aio_set_count(aio, weir_msg_len(msg));
	}
	(void)weir_aio_finish(aio, err);
}

static void
msgstream_send(weir_msgstream *ms, weir_aio *aio)
{
	weir_msg *msg = weir_aio_get_msg(aio);
	weir_err err = WEIR_EAGAIN;
	size_t len;
	bool run;

	if (msg == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	if (op_polls(aio) && lane_try(ms, &ms->tx.lane)) {
		len = weir_msg_header_len(msg) + weir_msg_len(msg);
		err = wri_tx_poll(ms, msg);
		if (err == WEIR_OK) {
			(void)weir_aio_set_msg(aio, NULL);
			weir_aio_set_count(aio, len);
		}
	}
	if (err == WEIR_EAGAIN) {
		lane_wait(ms, &ms->tx.lane, aio, &send_provider, &run);
		if (run) {
			wri_tx_run(ms);
		}
	} else {
		(void)weir_aio_finish(aio, err);
	}
}

static void
msgstream_ready(weir_msgstream *ms, weir_aio *aio)
{
	bool tell = false, finish = true;
	weir_err err = WEIR_OK;

	wri_mtx_lock(&ms->mtx);
	switch (ms->state) {
	case MS_GREETING:
		err = wait_locked(
		    ms, aio, &ready_provider, &ms->ready, &ms->ready_full_told);
		finish = err != WEIR_OK;
		tell = finish && !ms->ready_full_told;
		ms->ready_full_told |= tell;
		break;
	case MS_OPEN:
		break;
	case MS_ENDED:
		err = ms->err;
		break;
	}
	wri_mtx_unlock(&ms->mtx);
	if (tell) {
		log_full(ms, ready_provider.name);
	}
	if (finish) {
		(void)weir_aio_finish(aio, err);
	}
}

static void
submit(weir_msgstream *ms, weir_aio *aio, const char *call,
    void (*fn)(weir_msgstream *, weir_aio *))
{
	if ((ms != NULL && !wri_msgstream_ok(ms, call)) ||
	    weir_aio_begin(aio, call) != WEIR_OK) {
		return;
	}
	if (ms == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	/* Its callback may free the message stream before we have returned. */
	wri_msgstream_hold(ms);
	fn(ms, aio);
	wri_msgstream_rele(ms);
}

void
weir_msgstream_recv(weir_msgstream *ms, weir_aio *aio)
{
	submit(ms, aio, __func__, msgstream_recv);
}

void
weir_msgstream_send(weir_msgstream *ms, weir_aio *aio)
{
	submit(ms, aio, __func__, msgstream_send);
}

void
weir_msgstream_ready(weir_msgstream *ms, weir_aio *aio)
{
	submit(ms, aio, __func__, msgstream_ready);
}
