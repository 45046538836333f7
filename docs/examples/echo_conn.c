/*
 * echo_conn - the life of a connection, in callbacks.
 *
 * Purpose    see echo_conn.h.
 * Shape
 *
 *            start ──▶ receive ──▶ rx_cb ──▶ send ──▶ tx_cb ──┐
 *                         ▲                                   │
 *                         └───────────────────────────────────┘
 *
 *            A send to a peer that reads ends while it is being submitted.
 *            weir_aio_skip_callback says so, and we go straight on instead of
 *            taking the way through the queue: one callback a message, not
 *            two.  After CONN_ROUNDS_MAX of these the callback is taken all
 *            the same, so that a busy peer cannot keep a thread to itself.
 * Two        The drain closes rx: a receive that waits ends with
 * handles    WEIR_ESTOPPED, and one submitted later is dropped, which
 *            skip_callback reports as well.  A send under way is on tx and is
 *            not touched.  No flag, no lock, no race.
 * Linger     Closing a socket that has unread bytes resets the connection,
 *            and the reset throws away what the peer has not read yet.  So a
 *            connection that is told to stop finishes its sending side,
 *            receives and forgets until the peer has finished too or is silent
 *            for LINGER, and only then closes.
 * Cost       a 64-byte echo: one read, one write, no lock, no allocation.
 */
#include "echo_conn.h"

#include <stdlib.h>

#define CONN_ROUNDS_MAX 8
#define LINGER WEIR_MS(200)

static enum echo_conn_end
end_of(weir_err err)
{
	if (err == WEIR_ETIMEDOUT) {
		return ECHO_CONN_TIMEOUT;
	}
	if (err == WEIR_ECONNSHUT || err == WEIR_ESTOPPED ||
	    err == WEIR_ECLOSED) {
		return ECHO_CONN_DONE;
	}
	return ECHO_CONN_FAILED;
}

static void
conn_close(struct echo_conn *conn, enum echo_conn_end end)
{
	struct echo_server *server = conn->server;

	echo_server_conn_leave(server, conn, end);
	echo_conn_free(conn);
	echo_server_conn_gone(server);
}

/* The tx handle receives now: rx is closed, and there is nothing to send. */
static void
conn_linger(struct echo_conn *conn)
{
	weir_iov iov = {conn->buf, sizeof(conn->buf)};

	conn->phase = ECHO_CONN_LINGERS;
	(void)weir_aio_set_timeout(conn->tx, LINGER);
	(void)weir_aio_set_iov(conn->tx, 1, &iov);
	weir_stream_recv(conn->stream, conn->tx);
}

static void
conn_end(struct echo_conn *conn, weir_err why)
{
	if (why == WEIR_ESTOPPED &&
	    weir_stream_shutdown(conn->stream) == WEIR_OK) {
		conn_linger(conn);
	} else {
		conn_close(conn, end_of(why));
	}
}

/*
 * Submit a receive.  True: a callback will come, let go of the connection.
 * False: it ended at once, or was dropped; the result is there.
 */
static bool
conn_receive(struct echo_conn *conn)
{
	bool ended;

	weir_aio_skip_callback(conn->rx, &ended);
	weir_stream_recv(conn->stream, conn->rx);
	return !ended;
}

/* Submit the send of what rx received; true as above. */
static bool
conn_send(struct echo_conn *conn)
{
	weir_iov iov = {conn->buf, weir_aio_count(conn->rx)};
	bool ended = false;

	/* Cannot fail: one piece, and no operation is under way. */
	(void)weir_aio_set_iov(conn->tx, 1, &iov);
	if (++conn->rounds < CONN_ROUNDS_MAX) {
		weir_aio_skip_callback(conn->tx, &ended);
	} else {
		conn->rounds = 0;
	}
	weir_stream_send_all(conn->stream, conn->tx);
	return !ended;
}

/*
 * Count a message that went out.  Relaxed: we are the only writer, and the
 * reader wants a figure, not an order.
 */
static void
conn_count(struct echo_conn *conn, size_t bytes)
{
	atomic_store_explicit(&conn->messages,
	    atomic_load_explicit(&conn->messages, memory_order_relaxed) + 1,
	    memory_order_relaxed);
	atomic_store_explicit(&conn->bytes,
	    atomic_load_explicit(&conn->bytes, memory_order_relaxed) + bytes,
	    memory_order_relaxed);
}

/* Go on after a receive, as long as everything ends at once. */
static void
conn_received(struct echo_conn *conn)
{
	weir_err err = weir_aio_result(conn->rx);

	while (err == WEIR_OK) {
		if (conn_send(conn)) {
			return;
		}
		err = weir_aio_result(conn->tx);
		if (err == WEIR_OK) {
			conn_count(conn, weir_aio_count(conn->tx));
			if (conn_receive(conn)) {
				return;
			}
			err = weir_aio_result(conn->rx);
		}
	}
	conn_end(conn, err);
}

static void
conn_rx_cb(void *arg)
{
	struct echo_conn *conn = arg;

	conn->rounds = 0;
	conn_received(conn);
}

static void
conn_tx_cb(void *arg)
{
	struct echo_conn *conn = arg;
	weir_err err = weir_aio_result(conn->tx);

	if (conn->phase == ECHO_CONN_LINGERS) {
		if (err == WEIR_OK) {
			conn_linger(conn);
		} else {
			conn_close(conn, ECHO_CONN_DONE);
		}
		return;
	}
	if (err != WEIR_OK) {
		conn_end(conn, err);
		return;
	}
	conn_count(conn, weir_aio_count(conn->tx));
	if (!conn_receive(conn)) {
		conn_received(conn);
	}
}

weir_err
echo_conn_alloc(struct echo_conn **connp, struct echo_server *server,
    weir_stream *stream, weir_duration idle_ns)
{
	struct echo_conn *conn = malloc(sizeof(*conn));
	weir_err err = WEIR_ENOMEM;

	if (conn == NULL) {
		return err;
	}
	conn->server = server;
	conn->stream = stream;
	conn->phase = ECHO_CONN_SERVES;
	conn->rounds = 0;
	atomic_init(&conn->messages, 0);
	atomic_init(&conn->bytes, 0);
	err = weir_aio_alloc(&conn->rx, conn_rx_cb, conn);
	if (err != WEIR_OK) {
		goto fail_free_conn;
	}
	err = weir_aio_alloc(&conn->tx, conn_tx_cb, conn);
	if (err != WEIR_OK) {
		goto fail_free_rx;
	}
	weir_aio_set_tag(conn->rx, "echo receive");
	weir_aio_set_tag(conn->tx, "echo send");
	(void)weir_aio_set_timeout(conn->rx, idle_ns);
	(void)weir_aio_set_timeout(conn->tx, idle_ns);
	(void)weir_aio_set_iov(
	    conn->rx, 1, &(weir_iov){conn->buf, sizeof(conn->buf)});
	*connp = conn;
	return WEIR_OK;

fail_free_rx:
	weir_aio_free(conn->rx);
fail_free_conn:
	free(conn);
	return err;
}

void
echo_conn_start(struct echo_conn *conn)
{
	/* No skip here: whatever happens, happens in a callback. */
	weir_stream_recv(conn->stream, conn->rx);
}

void
echo_conn_free(struct echo_conn *conn)
{
	/*
	 * Reap, not free: we may be in a callback of one of the two.  Neither
	 * has an operation, so no callback comes after this one and the memory
	 * may go.
	 */
	weir_stream_free(conn->stream);
	weir_aio_reap(conn->rx);
	weir_aio_reap(conn->tx);
	free(conn);
}
