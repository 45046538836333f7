/*
 * test_io - bytes through connections, on every transport.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than any socket buffer of a test machine holds. */
#define BIG ((size_t)32 << 20)

static weir_stream *a, *b;
static struct op tx, rx;

static void
setup(void)
{
	rt_setup();
	op_init(&tx);
	op_init(&rx);
}

static void
teardown(void)
{
	op_fini(&tx);
	op_fini(&rx);
	weir_stream_free(a);
	weir_stream_free(b);
	a = b = NULL;
	rt_teardown();
}

/* Byte i of a stream of test data. */
static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static uint8_t *
pattern_alloc(size_t len)
{
	uint8_t *p = malloc(len);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < len; i++) {
		p[i] = pattern(i);
	}
	return p;
}

START_TEST(what_is_sent_is_received)
{
	char buf[16] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send(&tx, a, "hello", 5), WEIR_OK);
	ck_assert_uint_eq(tx.count, 5);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(rx.count, 5);
	ck_assert_str_eq(buf, "hello");
	/* And the other way. */
	ck_assert_int_eq(op_send(&tx, b, "world!", 6), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(rx.count, 6);
	ck_assert_mem_eq(buf, "world!", 6);
}
END_TEST

START_TEST(a_receive_waits_for_the_first_byte)
{
	char buf[16];

	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(b, rx.aio);
	ck_assert(weir_aio_busy(rx.aio));
	ck_assert_int_eq(op_send(&tx, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.count, 1);
	ck_assert_int_eq(buf[0], 'x');
}
END_TEST

START_TEST(a_receive_takes_no_more_than_fits)
{
	char buf[4] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, "abcdef", 6), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, buf, 3), WEIR_OK);
	ck_assert_uint_eq(rx.count, 3);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(op_recv(&rx, b, buf, 3), WEIR_OK);
	ck_assert_str_eq(buf, "def");
}
END_TEST

START_TEST(recv_exactly_waits_until_the_iov_is_full)
{
	char buf[7] = "";

	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&rx, buf, 6);
	weir_stream_recv_exactly(b, rx.aio);
	ck_assert_int_eq(op_send_all(&tx, a, "ab", 2), WEIR_OK);
	ck_assert_int_eq(op_send_all(&tx, a, "cd", 2), WEIR_OK);
	ck_assert(op_pending(&rx));
	ck_assert_int_eq(op_send_all(&tx, a, "efgh", 4), WEIR_OK);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.count, 6);
	ck_assert_str_eq(buf, "abcdef");
	/* What is over stays. */
	ck_assert_int_eq(op_recv(&rx, b, buf, 6), WEIR_OK);
	ck_assert_uint_eq(rx.count, 2);
}
END_TEST

START_TEST(recv_exactly_that_meets_the_end_counts_what_came)
{
	char buf[8] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, "abc", 3), WEIR_OK);
	weir_stream_free(a);
	a = NULL;
	ck_assert_int_eq(
	    op_recv_exactly(&rx, b, buf, sizeof(buf)), WEIR_ECONNSHUT);
	ck_assert_uint_eq(rx.count, 3);
	ck_assert_str_eq(buf, "abc");
}
END_TEST

START_TEST(an_empty_iov_ends_at_once_with_zero)
{
	void (*const calls[])(weir_stream *, weir_aio *) = {weir_stream_recv,
	    weir_stream_recv_exactly, weir_stream_send, weir_stream_send_all};
	weir_iov holes[2] = {{NULL, 0}, {NULL, 0}};

	net_pair((enum net_kind)_i, &a, &b);
	for (int i = 0; i < 4; i++) {
		calls[i](a, rx.aio); /* no iov at all, or two holes */
		ck_assert_int_eq(op_wait(&rx), WEIR_OK);
		ck_assert_uint_eq(rx.count, 0);
		ck_assert_int_eq(
		    weir_aio_set_iov(rx.aio, i % 2 == 0 ? 2 : 0, holes),
		    WEIR_OK);
	}
}
END_TEST

START_TEST(an_iov_of_several_pieces_and_holes_is_one_stretch)
{
	char in[3][4] = {"", "", ""};
	weir_iov out_iov[4] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}, {"g", 1}};
	weir_iov in_iov[5] = {
	    {in[0], 1}, {NULL, 0}, {in[1], 3}, {NULL, 0}, {in[2], 3}};

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(weir_aio_set_iov(tx.aio, 4, out_iov), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_iov(rx.aio, 5, in_iov), WEIR_OK);
	weir_stream_send_all(a, tx.aio);
	ck_assert_int_eq(op_wait(&tx), WEIR_OK);
	ck_assert_uint_eq(tx.count, 7);
	weir_stream_recv_exactly(b, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.count, 7);
	ck_assert_str_eq(in[0], "a");
	ck_assert_str_eq(in[1], "bcd");
	ck_assert_str_eq(in[2], "efg");
}
END_TEST

START_TEST(a_borrowed_iov_of_1024_pieces_arrives_in_order)
{
	static weir_iov out_iov[WEIR_IOV_BORROW_MAX];
	static weir_iov in_iov[WEIR_IOV_BORROW_MAX];
	size_t len = 0, at = 0;
	uint8_t *out, *in;

	for (unsigned i = 0; i < WEIR_IOV_BORROW_MAX; i++) {
		len += i % 700;
	}
	out = pattern_alloc(len);
	in = calloc(1, len);
	ck_assert_ptr_nonnull(in);
	for (unsigned i = 0; i < WEIR_IOV_BORROW_MAX; i++) {
		unsigned j = WEIR_IOV_BORROW_MAX - 1 - i;

		out_iov[i] = (weir_iov){out + at, i % 700};
		at += i % 700;
		in_iov[j].iov_len = j % 700;
	}
	at = 0;
	for (unsigned i = 0; i < WEIR_IOV_BORROW_MAX; i++) {
		in_iov[i].iov_buf = in + at;
		at += in_iov[i].iov_len;
	}
	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(
	    weir_aio_borrow_iov(tx.aio, WEIR_IOV_BORROW_MAX, out_iov), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_borrow_iov(rx.aio, WEIR_IOV_BORROW_MAX, in_iov), WEIR_OK);
	weir_stream_recv_exactly(b, rx.aio);
	weir_stream_send_all(a, tx.aio);
	ck_assert_int_eq(op_wait(&tx), WEIR_OK);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(tx.count, len);
	ck_assert_uint_eq(rx.count, len);
	ck_assert_mem_eq(in, out, len);
	free(in);
	free(out);
}
END_TEST

START_TEST(more_than_the_buffers_hold_is_sent_as_the_peer_reads)
{
	uint8_t *out = pattern_alloc(BIG);
	uint8_t *in = calloc(1, BIG);
	size_t at = 0;

	ck_assert_ptr_nonnull(in);
	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&tx, out, BIG);
	weir_stream_send_all(a, tx.aio);
	while (at < BIG) {
		ck_assert_int_eq(op_recv(&rx, b, in + at, BIG - at), WEIR_OK);
		ck_assert_uint_gt(rx.count, 0);
		at += rx.count;
	}
	ck_assert_int_eq(op_wait(&tx), WEIR_OK);
	ck_assert_uint_eq(tx.count, BIG);
	ck_assert_mem_eq(in, out, BIG);
	free(in);
	free(out);
}
END_TEST

START_TEST(a_send_is_partial_and_says_so)
{
	uint8_t *out = pattern_alloc(BIG);

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send(&tx, a, out, BIG), WEIR_OK);
	ck_assert_uint_gt(tx.count, 0);
	ck_assert_uint_lt(tx.count, BIG);
	free(out);
}
END_TEST

START_TEST(a_pending_send_all_that_is_cancelled_counts_what_went_out)
{
	uint8_t *out = pattern_alloc(BIG);
	uint8_t *in = malloc(BIG);
	size_t sent;

	ck_assert_ptr_nonnull(in);
	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&tx, out, BIG);
	weir_stream_send_all(a, tx.aio);
	ck_assert_int_eq(weir_aio_cancel(tx.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&tx), WEIR_ECANCELED);
	sent = tx.count;
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_lt(sent, BIG);
	/* Exactly these bytes are on their way, and the stream still works. */
	ck_assert_int_eq(op_recv_exactly(&rx, b, in, sent), WEIR_OK);
	ck_assert_mem_eq(in, out, sent);
	ck_assert_int_eq(op_send(&tx, a, "next", 4), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, in, BIG), WEIR_OK);
	ck_assert_uint_eq(rx.count, 4);
	ck_assert_mem_eq(in, "next", 4);
	free(in);
	free(out);
}
END_TEST

START_TEST(a_pending_recv_exactly_that_times_out_counts_what_came)
{
	char buf[8] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, "abc", 3), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(rx.aio, WEIR_MS(20)), WEIR_OK);
	ck_assert_int_eq(
	    op_recv_exactly(&rx, b, buf, sizeof(buf)), WEIR_ETIMEDOUT);
	ck_assert_uint_eq(rx.count, 3);
	ck_assert_str_eq(buf, "abc");
}
END_TEST

START_TEST(timeout_zero_takes_what_is_there_and_waits_for_nothing)
{
	char buf[8] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(weir_aio_set_timeout(rx.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_ETIMEDOUT);
	ck_assert_int_eq(op_send_all(&tx, a, "abc", 3), WEIR_OK);
	/* Over tcp it is there soon: how soon is the system's affair. */
	while (op_recv(&rx, b, buf, sizeof(buf)) == WEIR_ETIMEDOUT) {
	}
	ck_assert_int_eq(rx.err, WEIR_OK);
	ck_assert_uint_eq(rx.count, 3);
}
END_TEST

#define ORDERED 16

static weir_aio *order_aios[ORDERED];
static struct latch order_latch;
static unsigned order[ORDERED];
static unsigned order_len;

/* The strand runs them one at a time. */
static void
order_cb(void *arg)
{
	order[order_len++] = (unsigned)(uintptr_t)arg;
	latch_hit(&order_latch);
}

START_TEST(receives_complete_in_the_order_submitted)
{
	char buf[ORDERED] = "";
	weir_strand *strand;

	net_pair((enum net_kind)_i, &a, &b);
	latch_init(&order_latch);
	order_len = 0;
	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	for (unsigned i = 0; i < ORDERED; i++) {
		weir_iov iov = {buf + i, 1};

		ck_assert_int_eq(weir_aio_alloc(&order_aios[i], order_cb,
				     (void *)(uintptr_t)i),
		    WEIR_OK);
		ck_assert_int_eq(weir_aio_set_executor(
				     order_aios[i], weir_strand_exec(strand)),
		    WEIR_OK);
		ck_assert_int_eq(
		    weir_aio_set_iov(order_aios[i], 1, &iov), WEIR_OK);
		weir_stream_recv(b, order_aios[i]);
	}
	/* One that is taken out leaves the others in order. */
	ck_assert_int_eq(weir_aio_cancel(order_aios[5]), WEIR_CANCEL_REQUESTED);
	ck_assert(latch_wait(&order_latch, 1));
	ck_assert_int_eq(op_send_all(&tx, a, "0123456789abcde", 15), WEIR_OK);
	ck_assert(latch_wait(&order_latch, ORDERED));
	ck_assert_uint_eq(order[0], 5);
	ck_assert_int_eq(weir_aio_result(order_aios[5]), WEIR_ECANCELED);
	for (unsigned i = 1; i < ORDERED; i++) {
		ck_assert_uint_eq(order[i], i <= 5 ? i - 1 : i);
	}
	for (unsigned i = 0; i < ORDERED; i++) {
		weir_aio_free(order_aios[i]);
	}
	ck_assert_mem_eq(buf,
	    "01234\0"
	    "56789abcde",
	    ORDERED);
	weir_strand_free(strand);
	latch_fini(&order_latch);
}
END_TEST

START_TEST(sends_of_many_operations_do_not_mix)
{
	enum { PART = 1 << 20 };
	uint8_t *out = pattern_alloc((size_t)8 * PART);
	uint8_t *in = calloc(8, PART);
	struct op ops[8];

	ck_assert_ptr_nonnull(in);
	net_pair((enum net_kind)_i, &a, &b);
	for (unsigned i = 0; i < 8; i++) {
		op_init(&ops[i]);
		op_buf(&ops[i], out + (size_t)i * PART, PART);
		weir_stream_send_all(a, ops[i].aio);
	}
	ck_assert_int_eq(
	    op_recv_exactly(&rx, b, in, (size_t)8 * PART), WEIR_OK);
	ck_assert_mem_eq(in, out, (size_t)8 * PART);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		op_fini(&ops[i]);
	}
	free(in);
	free(out);
}
END_TEST

START_TEST(the_end_is_read_after_the_data_and_then_each_time)
{
	char buf[8];

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, "abc", 3), WEIR_OK);
	weir_stream_free(a);
	a = NULL;
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(rx.count, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    op_recv(&rx, b, buf, sizeof(buf)), WEIR_ECONNSHUT);
		ck_assert_uint_eq(rx.count, 0);
	}
}
END_TEST

START_TEST(a_pending_receive_hears_of_the_end)
{
	char buf[8];

	net_pair((enum net_kind)_i, &a, &b);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(b, rx.aio);
	weir_stream_close(a);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNSHUT);
}
END_TEST

START_TEST(shutdown_ends_the_sending_half_only)
{
	char buf[8] = "";

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, "abc", 3), WEIR_OK);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_OK);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_OK);
	ck_assert_int_eq(op_send(&tx, a, "x", 1), WEIR_ECLOSED);
	ck_assert_int_eq(op_send_all(&tx, a, "x", 1), WEIR_ECLOSED);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_ECONNSHUT);
	/* The other half goes on. */
	ck_assert_int_eq(op_send_all(&tx, b, "xyz", 3), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_OK);
	ck_assert_str_eq(buf, "xyz");
}
END_TEST

START_TEST(shutdown_ends_pending_sends_and_leaves_receives)
{
	uint8_t *out = pattern_alloc(BIG);
	char buf[8];
	struct op second;

	net_pair((enum net_kind)_i, &a, &b);
	op_init(&second);
	op_buf(&tx, out, BIG);
	op_buf(&second, out, BIG);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_send_all(a, tx.aio);
	weir_stream_send_all(a, second.aio);
	weir_stream_recv(a, rx.aio);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_OK);
	ck_assert_int_eq(op_wait(&tx), WEIR_ECLOSED);
	ck_assert_uint_gt(tx.count, 0);
	ck_assert_int_eq(op_wait(&second), WEIR_ECLOSED);
	ck_assert_uint_eq(second.count, 0);
	ck_assert(op_pending(&rx));
	ck_assert_int_eq(op_send_all(&second, b, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_wait(&rx), WEIR_OK);
	op_fini(&second);
	free(out);
}
END_TEST

START_TEST(send_to_a_peer_that_is_gone_is_closed_and_raises_no_signal)
{
	weir_err err = WEIR_OK;

	net_pair((enum net_kind)_i, &a, &b);
	weir_stream_free(b);
	b = NULL;
	/* The first ones may still go out; SIGPIPE would end the program. */
	for (int i = 0; i < 1000 && err == WEIR_OK; i++) {
		err = op_send(&tx, a, "x", 1);
	}
	ck_assert(err == WEIR_ECLOSED || err == WEIR_ECONNRESET);
	ck_assert_int_eq(op_send(&tx, a, "x", 1), err);
}
END_TEST

START_TEST(a_reset_is_told_as_such)
{
	uint16_t port;
	int listener = net_bare_listen(4, &port);
	char url[NET_URL_MAX];
	weir_stream_dialer *d;
	char buf[8];
	int peer;

	snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&tx, d, &a), WEIR_OK);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(a, rx.aio);
	net_bare_reset(peer);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNRESET);
	close(listener);
	weir_stream_dialer_free(d);
}
END_TEST

/* --- many connections at once ------------------------------------------ */

#define CONNS 64
#define CONN_BYTES ((size_t)200000)

/* One end that echoes, and one that sends and checks. */
struct echo {
	weir_stream *stream;
	weir_aio *aio;
	uint8_t buf[4096];
	struct latch *done;
	bool sending;
};

struct client {
	weir_stream *stream;
	weir_aio *tx, *rx;
	uint8_t out[CONN_BYTES], in[CONN_BYTES];
	struct latch *done;
};

static void
echo_cb(void *arg)
{
	struct echo *e = arg;
	weir_iov iov = {e->buf, sizeof(e->buf)};

	if (weir_aio_result(e->aio) != WEIR_OK) {
		latch_hit(e->done);
		return;
	}
	e->sending = !e->sending;
	if (e->sending) {
		iov.iov_len = weir_aio_count(e->aio);
	}
	(void)weir_aio_set_iov(e->aio, 1, &iov);
	if (e->sending) {
		weir_stream_send_all(e->stream, e->aio);
	} else {
		weir_stream_recv(e->stream, e->aio);
	}
}

static void
client_cb(void *arg)
{
	latch_hit(((struct client *)arg)->done);
}

START_TEST(sixty_four_connections_echo_every_byte)
{
	struct echo *echoes = calloc(CONNS, sizeof(*echoes));
	struct client *clients = calloc(CONNS, sizeof(*clients));
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	struct latch echoed, done;

	ck_assert_ptr_nonnull(echoes);
	ck_assert_ptr_nonnull(clients);
	latch_init(&echoed);
	latch_init(&done);
	for (unsigned i = 0; i < CONNS; i++) {
		struct echo *e = &echoes[i];
		struct client *c = &clients[i];

		ck_assert_int_eq(weir_aio_alloc(&e->aio, echo_cb, e), WEIR_OK);
		ck_assert_int_eq(weir_aio_alloc(&c->tx, client_cb, c), WEIR_OK);
		ck_assert_int_eq(weir_aio_alloc(&c->rx, client_cb, c), WEIR_OK);
		e->done = &echoed;
		c->done = &done;
		weir_stream_listener_accept(l, rx.aio);
		ck_assert_int_eq(op_dial(&tx, d, &c->stream), WEIR_OK);
		ck_assert_int_eq(op_wait(&rx), WEIR_OK);
		e->stream = rx.out;
		for (size_t n = 0; n < CONN_BYTES; n++) {
			c->out[n] = (uint8_t)(pattern(n) + i);
		}
		(void)weir_aio_set_iov(
		    e->aio, 1, &(weir_iov){e->buf, sizeof(e->buf)});
		weir_stream_recv(e->stream, e->aio);
	}
	for (unsigned i = 0; i < CONNS; i++) {
		struct client *c = &clients[i];

		(void)weir_aio_set_iov(
		    c->rx, 1, &(weir_iov){c->in, CONN_BYTES});
		(void)weir_aio_set_iov(
		    c->tx, 1, &(weir_iov){c->out, CONN_BYTES});
		weir_stream_recv_exactly(c->stream, c->rx);
		weir_stream_send_all(c->stream, c->tx);
	}
	ck_assert(latch_wait(&done, 2 * CONNS));
	for (unsigned i = 0; i < CONNS; i++) {
		ck_assert_int_eq(weir_aio_result(clients[i].rx), WEIR_OK);
		ck_assert_mem_eq(clients[i].in, clients[i].out, CONN_BYTES);
		weir_stream_free(clients[i].stream);
	}
	ck_assert(latch_wait(&echoed, CONNS));
	for (unsigned i = 0; i < CONNS; i++) {
		weir_aio_free(clients[i].tx);
		weir_aio_free(clients[i].rx);
		weir_aio_free(echoes[i].aio);
		weir_stream_free(echoes[i].stream);
	}
	latch_fini(&echoed);
	latch_fini(&done);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	free(echoes);
	free(clients);
}
END_TEST

static void
add(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, 0, NET_KINDS);
}

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("io");

	tcase_add_checked_fixture(tc, setup, teardown);
	add(tc, what_is_sent_is_received);
	add(tc, a_receive_waits_for_the_first_byte);
	add(tc, a_receive_takes_no_more_than_fits);
	add(tc, recv_exactly_waits_until_the_iov_is_full);
	add(tc, recv_exactly_that_meets_the_end_counts_what_came);
	add(tc, an_empty_iov_ends_at_once_with_zero);
	add(tc, an_iov_of_several_pieces_and_holes_is_one_stretch);
	add(tc, a_borrowed_iov_of_1024_pieces_arrives_in_order);
	add(tc, more_than_the_buffers_hold_is_sent_as_the_peer_reads);
	add(tc, a_send_is_partial_and_says_so);
	add(tc, a_pending_send_all_that_is_cancelled_counts_what_went_out);
	add(tc, a_pending_recv_exactly_that_times_out_counts_what_came);
	add(tc, timeout_zero_takes_what_is_there_and_waits_for_nothing);
	add(tc, receives_complete_in_the_order_submitted);
	add(tc, sends_of_many_operations_do_not_mix);
	add(tc, the_end_is_read_after_the_data_and_then_each_time);
	add(tc, a_pending_receive_hears_of_the_end);
	add(tc, shutdown_ends_the_sending_half_only);
	add(tc, shutdown_ends_pending_sends_and_leaves_receives);
	add(tc, send_to_a_peer_that_is_gone_is_closed_and_raises_no_signal);
	add(tc, sixty_four_connections_echo_every_byte);
	tcase_add_test(tc, a_reset_is_told_as_such);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
