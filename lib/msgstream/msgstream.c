/*
 * msgstream - the object: how it is made, who holds it, how it ends.
 *
 * Purpose    a byte stream and two lanes; this file knows when a lane may be
 *            owned, and ends lanes and the whole.
 * Ownership  see msgstream.h.
 * Progress   never blocks but for stop.
 * Pairs      R1  rele: refs - 1 (acq_rel): who makes it 0 sees what all others
 *                have written.
 *            G1  both under mtx: leave: working 0, gen + 1 (release) -> stop:
 *                working, gen (acquire), then it sleeps on that gen.  Forbids
 *                a sleep after the last one has left.
 * Bounds     none of its own.
 * Proof      test/msgstream/test_end.c, test/msgstream/test_hello.c
 */
#include "msgstream/msgstream.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"

#include <limits.h>

bool
wri_msgstream_ok(const weir_msgstream *ms, const char *call)
{
	if (wri_unlikely(ms == NULL)) {
		return false;
	}
	if (wri_unlikely(ms->magic != (uint32_t)WRI_MAGIC_MSGSTREAM)) {
		wri_misuse(call, "the handle is freed or of another kind", "",
		    ms->magic == (uint32_t)WRI_MAGIC_MSGSTREAM_GONE ? "freed"
								    : "unknown",
		    ms);
		return false;
	}
	return true;
}

/* --- References and owners --------------------------------------------- */

void
wri_msgstream_hold(weir_msgstream *ms)
{
	/* Relaxed: the caller has one, so it is there. */
	(void)wri_add(&ms->refs, 1, WRI_RLX);
}

static void
msgstream_destroy(weir_msgstream *ms)
{
	/* Perhaps in a callback of one of them. */
	weir_aio_reap(ms->rx.lane.aio);
	weir_aio_reap(ms->tx.lane.aio);
	weir_stream_free(ms->stream);
	wri_rx_drop(ms);
	wri_tx_drop(ms);
	wri_mtx_fini(&ms->mtx);
	wri_free(ms, sizeof(*ms));
}

void
wri_msgstream_rele(weir_msgstream *ms)
{
	if (wri_sub(&ms->refs, 1, WRI_ACQ_REL) == 1) { /* R1 */
		WRI_ASSERT(ms->magic == WRI_MAGIC_MSGSTREAM_GONE);
		msgstream_destroy(ms);
	}
}

void
wri_msgstream_begin_locked(weir_msgstream *ms)
{
	ms->working++;
	wri_msgstream_hold(ms);
}

void
wri_msgstream_own_locked(weir_msgstream *ms, struct ms_lane *lane)
{
	WRI_ASSERT(!lane->busy);
	lane->busy = true;
	wri_msgstream_begin_locked(ms);
}

bool
wri_msgstream_claim_locked(weir_msgstream *ms, struct ms_lane *lane)
{
	if (ms->state != MS_OPEN || lane->busy || lane->waiters.len == 0) {
		return false;
	}
	wri_msgstream_own_locked(ms, lane);
	return true;
}

/* True: stop waits for this. */
static bool
work_done_locked(weir_msgstream *ms)
{
	WRI_ASSERT(ms->working > 0);
	if (--ms->working > 0 || ms->stoppers == 0) {
		return false;
	}
	(void)wri_add(&ms->gen, 1, WRI_REL); /* G1 */
	return true;
}

bool
wri_msgstream_leave_locked(weir_msgstream *ms, struct ms_lane *lane)
{
	WRI_ASSERT(lane->busy);
	lane->busy = false;
	return work_done_locked(ms);
}

void
wri_msgstream_leave_early_locked(struct ms_lane *lane)
{
	WRI_ASSERT(lane->busy);
	lane->busy = false;
}

void
wri_msgstream_left(weir_msgstream *ms, bool wake)
{
	if (wake) {
		wri_futex_wake(&ms->gen, INT_MAX);
	}
	wri_msgstream_rele(ms);
}

void
wri_msgstream_done(weir_msgstream *ms)
{
	bool wake;

	wri_mtx_lock(&ms->mtx);
	wake = work_done_locked(ms);
	wri_mtx_unlock(&ms->mtx);
	wri_msgstream_left(ms, wake);
}

/* --- Ends -------------------------------------------------------------- */

weir_err
wri_msgstream_err_locked(const weir_msgstream *ms, const struct ms_lane *lane)
{
	return ms->state == MS_ENDED ? ms->err : lane->err;
}

static weir_aio *
pop(weir_msgstream *ms, weir_aioq *q)
{
	weir_aio *aio;

	wri_mtx_lock(&ms->mtx);
	aio = weir_aioq_pop(q);
	wri_mtx_unlock(&ms->mtx);
	return aio;
}

/* No more are queued: the state, or the lane's err, says so. */
static void
end_waiters(weir_msgstream *ms, weir_aioq *q, weir_err err)
{
	weir_aio *aio;

	while ((aio = pop(ms, q)) != NULL) {
		(void)weir_aio_finish(aio, err);
	}
}

void
wri_msgstream_end_lane(weir_msgstream *ms, struct ms_lane *lane, weir_err err)
{
	wri_mtx_lock(&ms->mtx);
	if (lane->err == WEIR_OK) {
		lane->err = err;
	}
	err = wri_msgstream_err_locked(ms, lane);
	wri_mtx_unlock(&ms->mtx);
	end_waiters(ms, &lane->waiters, err);
}

/* The first reason stays, but the program's close.  (A lane that hears of the
 * end says WEIR_ECLOSED, too: that is no reason.) */
static void
msgstream_end(weir_msgstream *ms, weir_err err, bool closed)
{
	weir_aio *op = NULL;

	wri_mtx_lock(&ms->mtx);
	if (ms->state != MS_ENDED) {
		ms->state = MS_ENDED;
		ms->err = err;
	} else if (closed) {
		ms->err = err;
	}
	err = ms->err;
	if (ms->tx.parked) { /* else its first try is under way, and ends it */
		op = ms->tx.op;
		ms->tx.op = NULL;
	}
	wri_msgstream_begin_locked(ms);
	wri_mtx_unlock(&ms->mtx);

	weir_stream_close(ms->stream);
	if (op != NULL) {
		(void)weir_aio_finish(op, err);
	}
	end_waiters(ms, &ms->tx.lane.waiters, err);
	end_waiters(ms, &ms->rx.lane.waiters, err);
	end_waiters(ms, &ms->ready, err);
	wri_msgstream_done(ms);
}

void
wri_msgstream_end(weir_msgstream *ms, weir_err err)
{
	msgstream_end(ms, err, false);
}

/* --- The handshake ----------------------------------------------------- */

bool
wri_msgstream_greeted(
    weir_msgstream *ms, struct ms_lane *lane, unsigned bit, uint16_t peer_said)
{
	struct ms_lane *other =
	    lane == &ms->rx.lane ? &ms->tx.lane : &ms->rx.lane;
	bool leave, over;
	bool run = false;
	weir_aio *aio;

	wri_mtx_lock(&ms->mtx);
	ms->greeted |= bit;
	if (bit == MS_HEARD) {
		/* Relaxed: a number, nothing hangs on it. */
		wri_store(&ms->peer_said, peer_said, WRI_RLX);
	}
	leave = ms->state == MS_GREETING;
	over = leave && ms->greeted == (MS_SAID | MS_HEARD);
	if (over) {
		ms->state = MS_OPEN;
		leave = lane->waiters.len == 0;
		run = wri_msgstream_claim_locked(ms, other);
	}
	if (leave) {
		wri_msgstream_leave_early_locked(lane);
	}
	wri_mtx_unlock(&ms->mtx);
	while (over && (aio = pop(ms, &ms->ready)) != NULL) {
		(void)weir_aio_finish(aio, WEIR_OK); /* no more are queued */
	}
	if (run && other == &ms->rx.lane) {
		wri_rx_run(ms);
	} else if (run) {
		wri_tx_run(ms);
	}
	if (leave) {
		wri_msgstream_done(ms);
	}
	return !leave;
}

void
wri_msgstream_refuse(weir_msgstream *ms, weir_err err)
{
	/* The system may give up a connection with the same code. */
	if (err == WEIR_ETIMEDOUT && weir_now() >= ms->hello_until) {
		err = WEIR_ECONNABORTED;
	}
	wri_msgstream_end(ms, err);
}

/* --- Making ------------------------------------------------------------ */

static weir_err
params_check(const weir_msgstream_params *p)
{
	if (p->size != sizeof(*p)) {
		return WEIR_EINVAL;
	}
	switch (p->mapping) {
	case WEIR_MAPPING_AUTO:
	case WEIR_MAPPING_TCP:
	case WEIR_MAPPING_IPC:
		break;
	default:
		return WEIR_EINVAL;
	}
	return p->handshake_timeout >= 0 ||
		       p->handshake_timeout == WEIR_INFINITE
		   ? WEIR_OK
		   : WEIR_EINVAL;
}

static uint16_t
peer_of(uint16_t protocol)
{
	switch (protocol) {
	case WEIR_PROTO_PUSH:
		return WEIR_PROTO_PULL;
	case WEIR_PROTO_PULL:
		return WEIR_PROTO_PUSH;
	}
	return protocol;
}

static bool
is_ipc(weir_msg_mapping mapping, const weir_stream *stream)
{
	uint16_t family = weir_stream_peer_addr(stream)->s_family;

	return mapping == WEIR_MAPPING_IPC ||
	       (mapping == WEIR_MAPPING_AUTO &&
		   (family == WEIR_AF_IPC || family == WEIR_AF_ABSTRACT));
}

static void
settings_set(
    weir_msgstream *ms, weir_stream *stream, const weir_msgstream_params *p)
{
	weir_duration limit = p->handshake_timeout;

	ms->stream = stream;
	ms->protocol = p->protocol != 0 ? p->protocol : WEIR_PROTO_PAIR;
	ms->peer = p->peer != 0 ? p->peer : peer_of(ms->protocol);
	ms->ipc = is_ipc(p->mapping, stream);
	ms->recv_max = p->recv_max != 0 ? p->recv_max : WEIR_MSGSTREAM_RECV_MAX;
	if (ms->recv_max > WEIR_MSG_MAX) {
		ms->recv_max = WEIR_MSG_MAX;
	}
	if (limit == 0) {
		limit = WEIR_MSGSTREAM_HANDSHAKE;
	}
	ms->hello_until = limit == WEIR_INFINITE
			      ? WEIR_NEVER
			      : weir_time_after(weir_now(), limit);
}

static weir_err
lane_init(
    weir_msgstream *ms, struct ms_lane *lane, weir_aio_cb cb, weir_exec *exec)
{
	weir_err err = weir_aio_alloc(&lane->aio, cb, ms);

	if (err == WEIR_OK) {
		weir_aio_set_tag(lane->aio, "msgstream");
		err = weir_aio_set_executor(lane->aio, exec);
	}
	return err;
}

weir_err
weir_msgstream_open(weir_msgstream **msp, weir_stream *stream,
    const weir_msgstream_params *params)
{
	static const weir_msgstream_params defaults = {
	    .size = sizeof(defaults)};
	weir_err err = wri_life_check();
	weir_msgstream *ms;

	if (err != WEIR_OK) {
		return err;
	}
	if (params == NULL) {
		params = &defaults;
	}
	if (msp == NULL || stream == NULL || params_check(params) != WEIR_OK) {
		return WEIR_EINVAL;
	}
	ms = wri_alloc(sizeof(*ms));
	if (ms == NULL) {
		return WEIR_ENOMEM;
	}
	err = lane_init(ms, &ms->rx.lane, wri_rx_cb, params->exec);
	if (err == WEIR_OK) {
		err = lane_init(ms, &ms->tx.lane, wri_tx_cb, params->exec);
	}
	if (err != WEIR_OK) {
		weir_aio_reap(ms->rx.lane.aio);
		weir_aio_reap(ms->tx.lane.aio);
		wri_free(ms, sizeof(*ms));
		return err;
	}
	wri_mtx_init(&ms->mtx);
	settings_set(ms, stream, params);
	ms->magic = WRI_MAGIC_MSGSTREAM;
	/* Relaxed: nobody else knows it yet; the lanes tell others by mtx. */
	wri_store(&ms->refs, 1, WRI_RLX);
	*msp = ms;
	wri_tx_hello(ms);
	wri_mtx_lock(&ms->mtx);
	wri_msgstream_own_locked(ms, &ms->tx.lane);
	wri_msgstream_own_locked(ms, &ms->rx.lane);
	wri_mtx_unlock(&ms->mtx);
	wri_tx_run(ms);
	wri_rx_run(ms);
	return WEIR_OK;
}

/* --- The program's calls ----------------------------------------------- */

void
weir_msgstream_close(weir_msgstream *ms)
{
	if (!wri_life_forked() && wri_msgstream_ok(ms, __func__)) {
		msgstream_end(ms, WEIR_ECLOSED, true);
	}
}

/* Nobody works on it but those who finish what they have taken. */
static void
wait_quiet(weir_msgstream *ms)
{
	wri_mtx_lock(&ms->mtx);
	ms->stoppers++;
	while (ms->working > 0) {
		uint32_t gen = wri_load(&ms->gen, WRI_ACQ); /* G1 */

		wri_mtx_unlock(&ms->mtx);
		(void)wri_futex_wait(&ms->gen, gen, WEIR_NEVER);
		wri_mtx_lock(&ms->mtx);
	}
	ms->stoppers--;
	wri_mtx_unlock(&ms->mtx);
}

weir_err
weir_msgstream_stop(weir_msgstream *ms)
{
	weir_err rx, tx;

	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (!wri_msgstream_ok(ms, __func__)) {
		return ms == NULL ? WEIR_OK : WEIR_EMISUSE;
	}
	wri_msgstream_hold(ms);
	msgstream_end(ms, WEIR_ECLOSED, true);
	rx = weir_aio_stop(ms->rx.lane.aio);
	tx = weir_aio_stop(ms->tx.lane.aio);
	if (rx == WEIR_OK && tx == WEIR_OK) {
		wait_quiet(ms);
	}
	wri_msgstream_rele(ms);
	return rx != WEIR_OK ? rx : tx;
}

void
weir_msgstream_free(weir_msgstream *ms)
{
	if (!wri_life_forked() && wri_msgstream_ok(ms, __func__)) {
		ms->magic = WRI_MAGIC_MSGSTREAM_GONE;
		msgstream_end(ms, WEIR_ECLOSED, true);
		wri_msgstream_rele(ms);
	}
}

uint16_t
weir_msgstream_peer_protocol(const weir_msgstream *ms)
{
	/* Relaxed: see wri_msgstream_greeted. */
	return wri_msgstream_ok(ms, __func__)
		   ? (uint16_t)wri_load(&ms->peer_said, WRI_RLX)
		   : 0;
}

const weir_sockaddr *
weir_msgstream_peer_addr(const weir_msgstream *ms)
{
	return weir_stream_peer_addr(
	    wri_msgstream_ok(ms, __func__) ? ms->stream : NULL);
}

const weir_sockaddr *
weir_msgstream_self_addr(const weir_msgstream *ms)
{
	return weir_stream_self_addr(
	    wri_msgstream_ok(ms, __func__) ? ms->stream : NULL);
}
