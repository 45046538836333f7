/*
 * load_conn - the closed loop of one connection, in callbacks.
 *
 * Purpose    see load_conn.h.
 * Shape      One handle, one operation at a time, one `step` that says which:
 *
 *            DIALING ─▶ (start) ─▶ SENDING ─▶ RECEIVING ─▶ compare ─┐
 *                                     ▲                             │
 *                                     ├─────────────────────────────┤
 *                                     └─ CANCELLING or EXPIRING ◀───┘
 *
 *            Every DISTURB_EVERY messages a connection that disturbs does one
 *            of three things in turn: it receives with nothing in flight and
 *            cancels that; the same with a deadline of DISTURB_FOR instead of
 *            the cancel; or it cancels the receive of an echo that is on its
 *            way (RACING).  The contract: a cancelled receive has taken
 *            nothing, or says how much; a deadline is never early; whatever
 *            happens, the bytes that follow are the right ones.
 * Cost       per message: fill and compare 2 x size bytes, two submissions,
 *            one clock, one callback.
 */
#include "load_conn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DISTURB_EVERY 48
#define DISTURB_FIRST 8
#define DISTURB_FOR WEIR_MS(2)
/* Failures told in full; the summary counts all of them. */
#define FAILURES_TOLD 5

static void conn_next(struct load_conn *conn);

/* A count with one writer.  Relaxed: the reader wants a figure, no order. */
static void
count_add(_Atomic uint64_t *count, uint64_t n)
{
	atomic_store_explicit(count,
	    atomic_load_explicit(count, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

/* The bytes of a message: its connection and number, mixed (splitmix64). */
static void
message_fill(unsigned char *out, size_t size, unsigned index, uint64_t seq)
{
	uint64_t x = ((uint64_t)index << 40) ^ seq;

	for (size_t at = 0; at < size; at += sizeof(x)) {
		uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);
		size_t n = size - at < sizeof(z) ? size - at : sizeof(z);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		memcpy(out + at, &z, n);
	}
}

/* The last thing a connection does.  what NULL: it ended as it should. */
static void
conn_end(struct load_conn *conn, const char *what)
{
	struct load_run *run = conn->run;

	conn->step = LOAD_ENDED;
	weir_stream_free(conn->stream);
	conn->stream = NULL;
	(void)pthread_mutex_lock(&run->mtx);
	run->ended++;
	if (what != NULL && run->failed++ < FAILURES_TOLD) {
		fprintf(stderr, "connection %u (%s), message %" PRIu64 ": %s\n",
		    conn->index, conn->url, conn->seq, what);
	}
	(void)pthread_cond_signal(&run->changed);
	(void)pthread_mutex_unlock(&run->mtx);
}

static void
conn_fail(struct load_conn *conn, const char *during, weir_err err)
{
	char what[128];

	(void)snprintf(what, sizeof(what), "%s: %s (weir error %d)", during,
	    weir_strerror(err), (int)err);
	conn_end(conn, what);
}

/* Which step, if any, the message that was just completed asks for. */
static enum load_step
disturb_step(const struct load_conn *conn)
{
	static const enum load_step turn[] = {
	    LOAD_CANCELLING, LOAD_EXPIRING, LOAD_RACING};

	if (conn->run->disturb == 0 || conn->index % conn->run->disturb != 0 ||
	    conn->seq % DISTURB_EVERY != DISTURB_FIRST) {
		return LOAD_SENDING;
	}
	return turn[conn->seq / DISTURB_EVERY % 3];
}

/* Receive what is missing of the echo.  Last touch unless racing. */
static void
conn_receive(struct load_conn *conn, enum load_step step)
{
	weir_iov iov = {conn->in + conn->got, conn->run->size - conn->got};

	conn->step = step;
	(void)weir_aio_set_iov(conn->aio, 1, &iov);
	weir_stream_recv_exactly(conn->stream, conn->aio);
	if (step == LOAD_RACING) {
		/* We are in a callback of this handle: its next one waits for
		 * our return, so it is safe to touch. */
		(void)weir_aio_cancel(conn->aio);
	}
}

static void
conn_sent(struct load_conn *conn)
{
	weir_err err = weir_aio_result(conn->aio);
	enum load_step step = disturb_step(conn);

	if (err != WEIR_OK) {
		conn_fail(conn, "send", err);
		return;
	}
	conn->got = 0;
	conn_receive(conn, step == LOAD_RACING ? LOAD_RACING : LOAD_RECEIVING);
}

static void
conn_send(struct load_conn *conn)
{
	weir_iov iov = {conn->out, conn->run->size};
	bool ended;

	message_fill(conn->out, conn->run->size, conn->index, conn->seq);
	conn->step = LOAD_SENDING;
	conn->begun = weir_now();
	(void)weir_aio_set_iov(conn->aio, 1, &iov);
	weir_aio_skip_callback(conn->aio, &ended);
	weir_stream_send_all(conn->stream, conn->aio);
	if (ended) {
		conn_sent(conn);
	}
}

/* Receive with nothing in flight; whatever comes is a mistake. */
static void
conn_disturb(struct load_conn *conn, enum load_step step)
{
	weir_iov iov = {conn->in, conn->run->size};

	conn->step = step;
	(void)weir_aio_set_iov(conn->aio, 1, &iov);
	if (step == LOAD_EXPIRING) {
		conn->expires = weir_time_after(weir_now(), DISTURB_FOR);
		(void)weir_aio_set_expire(conn->aio, conn->expires);
	}
	weir_stream_recv(conn->stream, conn->aio);
	if (step == LOAD_CANCELLING) {
		(void)weir_aio_cancel(conn->aio); /* safe: as in receive */
	}
}

/* A wrong byte came back: say which. */
static void
conn_wrong(struct load_conn *conn)
{
	char what[96];
	size_t at = 0;

	while (at + 1 < conn->run->size && conn->in[at] == conn->out[at]) {
		at++;
	}
	(void)snprintf(what, sizeof(what),
	    "byte %zu came back as 0x%02x and should be 0x%02x", at,
	    conn->in[at], conn->out[at]);
	conn_end(conn, what);
}

/* The echo, or a part of it, is here. */
static void
conn_received(struct load_conn *conn)
{
	weir_err err = weir_aio_result(conn->aio);
	size_t size = conn->run->size;

	conn->got += weir_aio_count(conn->aio);
	if (err == WEIR_ECANCELED && conn->step == LOAD_RACING) {
		count_add(&conn->cancelled, 1);
		conn_receive(conn, LOAD_RECEIVING);
	} else if (err != WEIR_OK) {
		conn_fail(conn, "receive", err);
	} else if (conn->got != size) {
		conn_end(
		    conn, "the receive ended well, but the count is wrong");
	} else if (memcmp(conn->in, conn->out, size) != 0) {
		conn_wrong(conn);
	} else {
		latency_add(&conn->latency, weir_now() - conn->begun);
		count_add(&conn->checked, size);
		conn_next(conn);
	}
}

/* A receive that had to be ended has ended: by what, with what? */
static void
conn_disturbed(struct load_conn *conn)
{
	bool expiring = conn->step == LOAD_EXPIRING;
	weir_err want = expiring ? WEIR_ETIMEDOUT : WEIR_ECANCELED;
	weir_err err = weir_aio_result(conn->aio);
	weir_duration late = weir_now() - conn->expires;

	if (err != want || weir_aio_count(conn->aio) != 0) {
		conn_fail(conn,
		    expiring ? "expected a timeout without bytes, got"
			     : "expected a cancellation without bytes, got",
		    err);
	} else if (!expiring) {
		count_add(&conn->cancelled, 1);
		conn_send(conn);
	} else if (late < 0) {
		conn_end(conn, "a deadline fired before its time");
	} else {
		count_add(&conn->timedout, 1);
		/* Relaxed: one writer, a figure. */
		if (late > atomic_load_explicit(
			       &conn->late_max, memory_order_relaxed)) {
			atomic_store_explicit(
			    &conn->late_max, late, memory_order_relaxed);
		}
		conn_send(conn);
	}
}

/* One message is done: end, disturb, or send the next. */
static void
conn_next(struct load_conn *conn)
{
	enum load_step step;

	/* Relaxed: a hint; one more message does no harm. */
	if (atomic_load_explicit(&conn->run->stopping, memory_order_relaxed)) {
		conn_end(conn, NULL);
		return;
	}
	conn->seq++;
	step = disturb_step(conn);
	if (step == LOAD_CANCELLING || step == LOAD_EXPIRING) {
		conn_disturb(conn, step);
	} else {
		conn_send(conn);
	}
}

static void
conn_connected(struct load_conn *conn)
{
	weir_err err = weir_aio_result(conn->aio);
	struct load_run *run = conn->run;

	if (err != WEIR_OK) {
		conn_fail(conn, "connect", err);
		return;
	}
	conn->stream = weir_aio_get_output(conn->aio, 0);
	conn->step = LOAD_IDLE;
	(void)pthread_mutex_lock(&run->mtx);
	run->connected++;
	(void)pthread_cond_signal(&run->changed);
	(void)pthread_mutex_unlock(&run->mtx);
}

static void
conn_cb(void *arg)
{
	struct load_conn *conn = arg;

	switch (conn->step) {
	case LOAD_DIALING:
		conn_connected(conn);
		break;
	case LOAD_SENDING:
		conn_sent(conn);
		break;
	case LOAD_RECEIVING:
	case LOAD_RACING:
		conn_received(conn);
		break;
	case LOAD_CANCELLING:
	case LOAD_EXPIRING:
		conn_disturbed(conn);
		break;
	case LOAD_IDLE:
	case LOAD_ENDED:
		conn_end(conn, "a callback without an operation");
		break;
	}
}

weir_err
load_conn_init(struct load_conn *conn, struct load_run *run, unsigned index,
    const char *url)
{
	weir_err err;

	memset(conn, 0, sizeof(*conn));
	conn->run = run;
	conn->index = index;
	conn->url = url;
	conn->step = LOAD_IDLE;
	conn->out = malloc(2 * run->size);
	if (conn->out == NULL) {
		return WEIR_ENOMEM;
	}
	conn->in = conn->out + run->size;
	err = weir_aio_alloc(&conn->aio, conn_cb, conn);
	if (err != WEIR_OK) {
		free(conn->out);
		conn->out = NULL;
		return err;
	}
	weir_aio_set_tag(conn->aio, "load");
	return weir_aio_set_timeout(conn->aio, run->timeout);
}

void
load_conn_dial(struct load_conn *conn, weir_stream_dialer *dialer)
{
	conn->step = LOAD_DIALING;
	weir_stream_dialer_dial(dialer, conn->aio);
}

void
load_conn_start(struct load_conn *conn)
{
	weir_iov iov = {conn->out, conn->run->size};

	/* As conn_send, but on main's stack: no skip, so that everything that
	 * follows happens in callbacks. */
	message_fill(conn->out, conn->run->size, conn->index, conn->seq);
	conn->step = LOAD_SENDING;
	conn->begun = weir_now();
	(void)weir_aio_set_iov(conn->aio, 1, &iov);
	weir_stream_send_all(conn->stream, conn->aio);
}

void
load_conn_fini(struct load_conn *conn)
{
	weir_aio_free(conn->aio); /* waits: no callback after this */
	weir_stream_free(conn->stream);
	free(conn->out);
}
