/*
 * test_frames - messages as bytes: what is sent, what is understood, and what
 * is refused.
 */
#include "msgstream/peer.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct op one, two;
static struct peer peer;

static void
setup(void)
{
	rt_setup();
	op_init(&one);
	op_init(&two);
}

static void
teardown(void)
{
	op_fini(&one);
	op_fini(&two);
	rt_teardown();
}

static const size_t lens[] = {0, 1, 2, 7, 8, 9, 63, 64, 65, 255, 256, 4087,
    4088, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 1000000, 1 << 20};
#define LENS (sizeof(lens) / sizeof(lens[0]))

START_TEST(messages_of_all_lengths_arrive_whole)
{
	weir_msgstream *a, *b;

	pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
	for (unsigned i = 0; i < LENS; i++) {
		/* Both ways at once. */
		weir_msgstream_recv(b, two.aio);
		op_msg_put(&one, a, msg_filled(lens[i], i));
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
		ck_assert_uint_eq(one.count, lens[i]);
		ck_assert_ptr_null(weir_aio_get_msg(one.aio));
		ck_assert_int_eq(op_wait(&two), WEIR_OK);
		ck_assert_uint_eq(two.count, lens[i]);
		op_expect_filled(&two, lens[i], i);
		op_msg_put(&one, b, msg_filled(lens[i], i + 1));
		weir_msgstream_recv(a, two.aio);
		ck_assert_int_eq(op_wait(&two), WEIR_OK);
		op_expect_filled(&two, lens[i], i + 1);
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
	}
	weir_msgstream_free(a);
	weir_msgstream_free(b);
}
END_TEST

START_TEST(a_frame_is_length_header_and_body)
{
	weir_msg *msg = msg_of("body", 4);

	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(weir_msg_header_append(msg, "header", 6), WEIR_OK);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg), WEIR_OK);
	ck_assert_uint_eq(one.count, 10);
	peer_expect(&peer, "headerbody", 10);

	/* A header alone, and nothing at all. */
	msg = msg_of(NULL, 0);
	ck_assert_int_eq(weir_msg_header_append_u32(msg, 0x61626364), WEIR_OK);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg), WEIR_OK);
	peer_expect(&peer, "abcd", 4);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of(NULL, 0)), WEIR_OK);
	peer_expect(&peer, "", 0);

	/* The longest header. */
	msg = msg_of("z", 1);
	ck_assert_int_eq(
	    weir_msg_header_append(msg, lens, WEIR_MSG_HEADER_MAX), WEIR_OK);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg), WEIR_OK);
	{
		uint8_t want[WEIR_MSG_HEADER_MAX + 1];

		memcpy(want, lens, WEIR_MSG_HEADER_MAX);
		want[WEIR_MSG_HEADER_MAX] = 'z';
		peer_expect(&peer, want, sizeof(want));
	}
	peer_close(&peer);
}
END_TEST

START_TEST(a_shared_message_is_sent_and_its_twin_untouched)
{
	weir_msg *msg = msg_of("twins", 5);
	weir_msg *twin;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(weir_msg_share(&twin, msg), WEIR_OK);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg), WEIR_OK);
	peer_expect(&peer, "twins", 5);
	ck_assert_mem_eq(weir_msg_data(twin), "twins", 5);
	weir_msg_free(twin);
	peer_close(&peer);
}
END_TEST

/* All frames of the row of lengths, as one piece. */
static uint8_t *
frames(struct peer *p, unsigned n, size_t len, size_t *total)
{
	uint8_t *bytes = malloc(n * (PEER_HEAD_MAX + len) + 1);
	uint8_t *at = bytes;

	ck_assert_ptr_nonnull(bytes);
	for (unsigned i = 0; i < n; i++) {
		at += peer_head(p, len, at);
		fill(at, len, i);
		at += len;
	}
	*total = (size_t)(at - bytes);
	return bytes;
}

START_TEST(many_messages_may_come_in_one_piece)
{
	enum { MANY = 1000 };
	static const size_t each[] = {0, 1, 3, 40};
	size_t total;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	for (unsigned k = 0; k < sizeof(each) / sizeof(each[0]); k++) {
		uint8_t *bytes = frames(&peer, MANY, each[k], &total);

		peer_write(&peer, bytes, total);
		for (unsigned i = 0; i < MANY; i++) {
			weir_msgstream_recv(peer.ms, one.aio);
			ck_assert_int_eq(op_wait(&one), WEIR_OK);
			op_expect_filled(&one, each[k], i);
		}
		free(bytes);
	}
	peer_close(&peer);
}
END_TEST

START_TEST(many_receives_may_wait_for_one_piece)
{
	enum { MANY = 300 };
	static struct op ops[MANY];
	size_t total;
	uint8_t *bytes;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		op_init(&ops[i]);
		weir_msgstream_recv(peer.ms, ops[i].aio);
	}
	bytes = frames(&peer, MANY, 5, &total);
	peer_write(&peer, bytes, total);
	free(bytes);
	/* In the order submitted. */
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		op_expect_filled(&ops[i], 5, i);
		op_fini(&ops[i]);
	}
	peer_close(&peer);
}
END_TEST

START_TEST(many_sends_leave_in_the_order_submitted)
{
	enum { MANY = 300 };
	static struct op ops[MANY];

	peer_open(&peer, (enum net_kind)_i, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		op_init(&ops[i]);
		op_msg_put(&ops[i], peer.ms, msg_filled(i, i));
	}
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	for (unsigned i = 0; i < MANY; i++) {
		peer_expect_filled(&peer, i, i);
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		op_fini(&ops[i]);
	}
	peer_close(&peer);
}
END_TEST

START_TEST(a_message_may_come_byte_by_byte)
{
	size_t total;
	uint8_t *bytes;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	bytes = frames(&peer, 3, 20, &total);
	weir_msgstream_recv(peer.ms, one.aio);
	for (size_t at = 0, got = 0; at < total; at++) {
		peer_write(&peer, bytes + at, 1);
		if ((at + 1) % (total / 3) == 0) {
			ck_assert_int_eq(op_wait(&one), WEIR_OK);
			op_expect_filled(&one, 20, (unsigned)got++);
			if (got < 3) {
				weir_msgstream_recv(peer.ms, one.aio);
			}
		} else {
			ck_assert(op_pending(&one));
		}
	}
	free(bytes);
	peer_close(&peer);
}
END_TEST

START_TEST(a_message_may_be_larger_than_the_buffers_of_the_system)
{
	const size_t len = 16 << 20;
	const weir_msgstream_params params = {
	    .size = sizeof(params), .recv_max = 16 << 20};
	weir_msgstream *a, *b;

	pair_open((enum net_kind)_i, &a, &params, &b, &params);
	op_msg_put(&one, a, msg_filled(len, 3));
	weir_msgstream_recv(b, two.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	op_expect_filled(&two, len, 3);
	weir_msgstream_free(a);
	weir_msgstream_free(b);
}
END_TEST

/* What a receive meets ends all, and the connection. */
static void
expect_broken(weir_err err)
{
	weir_msg *msg;

	ck_assert_int_eq(op_wait(&one), err);
	ck_assert_ptr_null(weir_aio_get_msg(one.aio));
	ck_assert_int_eq(op_wait(&two), err);
	weir_msg_free(weir_aio_get_msg(two.aio));
	peer_expect_end(&peer);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), err);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("x", 1)), err);
	ck_assert_int_eq(op_ready(&one, peer.ms), err);
	weir_msgstream_close(peer.ms);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECLOSED);
}

/* A send that waits: its message is larger than what the system takes. */
static void
send_much(void)
{
	op_msg_put(&two, peer.ms, msg_zeros(12 << 20));
}

/* The peer sees what was sent, then the end. */
static void
skip_rest(void)
{
	static char sink[1 << 16];

	while (recv(peer.fd, sink, sizeof(sink), 0) > 0) {
	}
}

static const struct {
	uint64_t promised;
	size_t max; /* 0: the default */
	bool ok;
} promises[] = {
    {WEIR_MSGSTREAM_RECV_MAX, 0, true},
    {WEIR_MSGSTREAM_RECV_MAX + 1, 0, false},
    {UINT64_C(1) << 60, 0, false},
    {UINT64_MAX, 0, false},
    {UINT64_MAX, SIZE_MAX, false},
    {UINT64_C(1) << 63, SIZE_MAX, false},
    {10, 10, true},
    {11, 10, false},
};
#define PROMISES ((int)(sizeof(promises) / sizeof(promises[0])))

START_TEST(too_long_a_message_is_refused_before_memory_is_asked_for)
{
	const enum net_kind kind = _i < PROMISES ? NET_TCP : NET_UNIX;
	const int row = _i % PROMISES;
	const weir_msgstream_params params = {
	    .size = sizeof(params), .recv_max = promises[row].max};
	uint8_t head[PEER_HEAD_MAX];
	size_t n;

	peer_ready(&peer, kind, &params);
	weir_msgstream_recv(peer.ms, one.aio);
	if (!promises[row].ok) {
		wri_mem_fail_at(1); /* would be WEIR_ENOMEM */
	}
	n = peer_head(&peer, promises[row].promised, head);
	peer_write(&peer, head, n);
	if (promises[row].ok) {
		uint8_t *body = calloc(1, promises[row].promised);

		ck_assert(op_pending(&one));
		peer_write(&peer, body, promises[row].promised);
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
		op_expect(&one, body, promises[row].promised);
		free(body);
		peer_close(&peer);
		return;
	}
	ck_assert_int_eq(op_wait(&one), WEIR_EMSGSIZE);
	wri_mem_fail_at(0);
	one.waited--; /* expect_broken looks again */
	send_much();
	expect_broken(WEIR_EMSGSIZE);
	peer_close(&peer);
}
END_TEST

START_TEST(too_long_a_message_ends_a_send_that_waits)
{
	uint8_t head[PEER_HEAD_MAX];

	peer_ready(&peer, (enum net_kind)_i, NULL);
	send_much();
	weir_msgstream_recv(peer.ms, one.aio);
	peer_write(&peer, head, peer_head(&peer, UINT64_C(1) << 60, head));
	ck_assert_int_eq(op_wait(&two), WEIR_EMSGSIZE);
	two.waited--;
	skip_rest();
	expect_broken(WEIR_EMSGSIZE);
	peer_close(&peer);
}
END_TEST

START_TEST(another_type_than_message_breaks_the_protocol)
{
	const uint8_t type = (uint8_t)_i;

	if (type == 1) {
		return;
	}
	peer_ready(&peer, NET_UNIX, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	weir_msgstream_recv(peer.ms, two.aio);
	peer_send(&peer, "good", 4);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "good", 4);
	ck_assert_int_eq(weir_aio_cancel(two.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&two), WEIR_ECANCELED);
	weir_msgstream_recv(peer.ms, one.aio);
	peer_write(&peer, &type, 1);
	ck_assert_int_eq(op_wait(&one), WEIR_EPROTO);
	one.waited--;
	send_much();
	expect_broken(WEIR_EPROTO);
	peer_close(&peer);
}
END_TEST

START_TEST(a_peer_that_finishes_between_messages_has_shut)
{
	weir_msg *msg;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	peer_send(&peer, "last", 4);
	weir_msgstream_recv(peer.ms, one.aio);
	weir_msgstream_recv(peer.ms, two.aio);
	ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "last", 4);
	ck_assert_int_eq(op_wait(&two), WEIR_ECONNSHUT);
	/* Each time, not once; and sends go on. */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNSHUT);
		ck_assert_int_eq(
		    op_msg_send(&one, peer.ms, msg_of("more", 4)), WEIR_OK);
		peer_expect(&peer, "more", 4);
	}
	ck_assert_int_eq(op_ready(&one, peer.ms), WEIR_OK);
	peer_close(&peer);
}
END_TEST

START_TEST(a_peer_that_finishes_inside_a_message_has_broken_it)
{
	const enum net_kind kind = _i % 2 == 0 ? NET_TCP : NET_UNIX;
	uint8_t bytes[PEER_HEAD_MAX + 4];
	weir_msg *msg;
	size_t n;

	peer_ready(&peer, kind, NULL);
	n = peer_frame(&peer, "abcd", 4, bytes);
	n = (size_t)_i / 2 + 1 < n ? (size_t)_i / 2 + 1 : n - 1;
	weir_msgstream_recv(peer.ms, one.aio);
	weir_msgstream_recv(peer.ms, two.aio);
	peer_write(&peer, bytes, n);
	ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
	ck_assert_int_eq(op_wait(&one), WEIR_ECONNRESET);
	ck_assert_int_eq(op_wait(&two), WEIR_ECONNRESET);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNRESET);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("more", 4)), WEIR_OK);
	peer_expect(&peer, "more", 4);
	peer_close(&peer);
}
END_TEST

START_TEST(a_peer_that_resets_is_told_in_both_directions)
{
	weir_msg *msg;

	peer_ready(&peer, NET_TCP, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	send_much();
	net_bare_reset(peer.fd);
	peer.fd = -1;
	ck_assert_int_eq(op_wait(&one), WEIR_ECONNRESET);
	ck_assert_int_eq(op_wait(&two), WEIR_ECONNRESET);
	weir_msg_free(weir_aio_get_msg(two.aio));
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNRESET);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ECONNRESET);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_to_a_peer_that_is_gone_is_closed_and_receives_go_on)
{
	weir_err err;
	weir_msg *msg;

	peer_ready(&peer, NET_UNIX, NULL);
	peer_send(&peer, "bye", 3);
	(void)close(peer.fd);
	peer.fd = -1;
	err = op_msg_send(&one, peer.ms, msg_of("x", 1));
	ck_assert_int_eq(err, WEIR_ECLOSED);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ECLOSED);
	recv_expect(&one, peer.ms, "bye", 3);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNSHUT);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_without_a_message_is_refused)
{
	peer_ready(&peer, NET_TCP, NULL);
	weir_msgstream_send(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	weir_msgstream_send(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EINVAL);
	peer_close(&peer);
}
END_TEST

START_TEST(a_receive_forgets_the_message_of_the_handle)
{
	weir_msg *old = msg_of("old", 3);

	peer_ready(&peer, NET_TCP, NULL);
	ck_assert_int_eq(weir_aio_set_msg(one.aio, old), WEIR_OK);
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(weir_aio_cancel(one.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&one), WEIR_ECANCELED);
	ck_assert_ptr_null(weir_aio_get_msg(one.aio));
	weir_msg_free(old);
	peer_close(&peer);
}
END_TEST

START_TEST(a_receive_that_polls_takes_what_is_there)
{
	weir_msg *msg;
	uint8_t bytes[2 * (PEER_HEAD_MAX + 3)];
	size_t n;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ETIMEDOUT);
	/* Half a message is kept. */
	n = peer_frame(&peer, "abc", 3, bytes);
	peer_write(&peer, bytes, n - 2);
	peer_arrived(&peer);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ETIMEDOUT);
	/* Then the rest, and another one with it. */
	memmove(bytes, bytes + n - 2, 2);
	n = 2 + peer_frame(&peer, "de", 2, bytes + 2);
	peer_write(&peer, bytes, n);
	peer_arrived(&peer);
	recv_expect(&one, peer.ms, "abc", 3);
	recv_expect(&one, peer.ms, "de", 2);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ETIMEDOUT);
	/* Also after one that waited was cancelled, as soon as that is over. */
	weir_msgstream_recv(peer.ms, two.aio);
	ck_assert_int_eq(weir_aio_cancel(two.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&two), WEIR_ECANCELED);
	peer_send(&peer, "f", 1);
	while (op_msg_recv(&one, peer.ms, &msg) == WEIR_ETIMEDOUT) {
	}
	ck_assert_int_eq(one.err, WEIR_OK);
	op_expect(&one, "f", 1);
	/* The end. */
	ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
	peer_arrived(&peer);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNSHUT);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECONNSHUT);
	peer_close(&peer);
}
END_TEST

/* Who is told of the end of an operation finds nobody at work. */
START_TEST(a_poll_right_after_an_end_is_not_in_the_way_of_it)
{
	uint8_t bytes[2 * (PEER_HEAD_MAX + 3)];
	size_t n;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	n = peer_frame(&peer, "abc", 3, bytes);
	n += peer_frame(&peer, "def", 3, bytes + n);
	for (int i = 0; i < 300; i++) {
		weir_msgstream_recv(peer.ms, two.aio);
		peer_write(&peer, bytes, n);
		ck_assert_int_eq(op_wait(&two), WEIR_OK);
		recv_expect(&one, peer.ms, "def", 3);
		op_expect(&two, "abc", 3);
		ck_assert_int_eq(
		    op_msg_send(&two, peer.ms, msg_of("x", 1)), WEIR_OK);
		ck_assert_int_eq(
		    op_msg_send(&one, peer.ms, msg_of("y", 1)), WEIR_OK);
		peer_expect(&peer, "x", 1);
		peer_expect(&peer, "y", 1);
	}
	peer_close(&peer);
}
END_TEST

static void
nothing(void *arg)
{
	(void)arg;
}

/* What a cancelled receive has left is wound up in a callback, on exec. */
START_TEST(a_receive_that_polls_after_a_cancel_finds_what_is_there)
{
	weir_msgstream_params params = {.size = sizeof(params)};
	weir_strand *strand;
	weir_task *task;

	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	params.exec = weir_strand_exec(strand);
	ck_assert_int_eq(
	    weir_task_alloc(&task, nothing, NULL, params.exec), WEIR_OK);
	peer_ready(&peer, (enum net_kind)_i, &params);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	for (int i = 0; i < 30; i++) {
		weir_msgstream_recv(peer.ms, two.aio);
		ck_assert_int_eq(
		    weir_aio_cancel(two.aio), WEIR_CANCEL_REQUESTED);
		ck_assert_int_eq(op_wait(&two), WEIR_ECANCELED);
		ck_assert_int_eq(weir_task_post(task), WEIR_OK);
		ck_assert_int_eq(weir_task_wait(task), WEIR_OK);
		peer_send(&peer, "abc", 3);
		peer_arrived(&peer);
		recv_expect(&one, peer.ms, "abc", 3);
	}
	ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
	peer_close(&peer);
	weir_task_free(task);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
}
END_TEST

START_TEST(a_send_that_polls_is_made_or_not_made)
{
	const size_t len = 1000;
	unsigned sent = 0;
	unsigned more = 0;
	weir_err err;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	peer_small(&peer);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	do {
		err = op_msg_send(&one, peer.ms, msg_filled(len, sent));
		sent += err == WEIR_OK;
		ck_assert_uint_lt(sent, 1u << 20);
	} while (err == WEIR_OK);
	ck_assert_int_eq(err, WEIR_ETIMEDOUT);
	ck_assert_uint_gt(sent, 1);
	/* What was said to be sent is there, once, and nothing else. */
	for (unsigned i = 0; i < sent; i++) {
		peer_expect_filled(&peer, len, i);
	}
	while (op_msg_send(&one, peer.ms, msg_filled(len, sent + more)) ==
	       WEIR_ETIMEDOUT) {
		/* the last one is being finished */
	}
	ck_assert_int_eq(one.err, WEIR_OK);
	peer_expect_filled(&peer, len, sent + more);
	peer_expect_nothing(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_that_polls_and_has_begun_is_finished)
{
	const size_t len = 12 << 20; /* more than the system takes */

	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_filled(len, 9)), WEIR_OK);
	/* The rest is in nobody's way but the next one's. */
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ETIMEDOUT);
	op_msg_put(&two, peer.ms, msg_of("next", 4));
	peer_expect_filled(&peer, len, 9);
	peer_expect(&peer, "next", 4);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_close(&peer);
}
END_TEST

START_TEST(the_bound_on_operations_that_wait_is_told)
{
	enum { MANY = WEIR_MSGSTREAM_QUEUE_MAX };
	static weir_aio *aios[MANY];
	struct latch ended;

	latch_init(&ended);
	rt_expect_log();
	peer_ready(&peer, NET_TCP, NULL);
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&aios[i], latch_hit_cb, &ended), WEIR_OK);
		weir_msgstream_recv(peer.ms, aios[i]);
	}
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EAGAIN);
	ck_assert(rt_log_has("WEIR_MSGSTREAM_QUEUE_MAX"));
	/* The other direction has its own. */
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_OK);
	peer_send(&peer, "abc", 3);
	ck_assert(latch_wait(&ended, 1));
	weir_msg_free(weir_aio_get_msg(aios[0]));
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert(op_pending(&one));
	peer_close(&peer);
	ck_assert(latch_wait(&ended, MANY));
	ck_assert_int_eq(op_wait(&one), WEIR_ECLOSED);
	for (unsigned i = 0; i < MANY; i++) {
		weir_aio_free(aios[i]);
	}
	latch_fini(&ended);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *good = tcase_create("good");
	TCase *bad = tcase_create("bad");
	TCase *polls = tcase_create("polls");

	tcase_add_checked_fixture(good, setup, teardown);
	tcase_add_loop_test(
	    good, messages_of_all_lengths_arrive_whole, 0, NET_KINDS);
	tcase_add_loop_test(
	    good, a_frame_is_length_header_and_body, 0, NET_KINDS);
	tcase_add_loop_test(good,
	    a_shared_message_is_sent_and_its_twin_untouched, 0, NET_KINDS);
	tcase_add_loop_test(
	    good, many_messages_may_come_in_one_piece, 0, NET_KINDS);
	tcase_add_loop_test(
	    good, many_receives_may_wait_for_one_piece, 0, NET_KINDS);
	tcase_add_loop_test(
	    good, many_sends_leave_in_the_order_submitted, 0, NET_KINDS);
	tcase_add_loop_test(
	    good, a_message_may_come_byte_by_byte, 0, NET_KINDS);
	tcase_add_loop_test(good,
	    a_message_may_be_larger_than_the_buffers_of_the_system, 0,
	    NET_KINDS);
	suite_add_tcase(s, good);

	tcase_add_checked_fixture(bad, setup, teardown);
	tcase_add_loop_test(bad,
	    too_long_a_message_is_refused_before_memory_is_asked_for, 0,
	    2 * PROMISES);
	tcase_add_loop_test(
	    bad, too_long_a_message_ends_a_send_that_waits, 0, NET_KINDS);
	tcase_add_loop_test(
	    bad, another_type_than_message_breaks_the_protocol, 0, 4);
	tcase_add_loop_test(
	    bad, a_peer_that_finishes_between_messages_has_shut, 0, NET_KINDS);
	tcase_add_loop_test(bad,
	    a_peer_that_finishes_inside_a_message_has_broken_it, 0,
	    2 * (PEER_HEAD_MAX + 4));
	tcase_add_test(bad, a_peer_that_resets_is_told_in_both_directions);
	tcase_add_test(
	    bad, a_send_to_a_peer_that_is_gone_is_closed_and_receives_go_on);
	tcase_add_test(bad, a_send_without_a_message_is_refused);
	tcase_add_test(bad, a_receive_forgets_the_message_of_the_handle);
	suite_add_tcase(s, bad);

	tcase_add_checked_fixture(polls, setup, teardown);
	tcase_add_loop_test(
	    polls, a_receive_that_polls_takes_what_is_there, 0, NET_KINDS);
	tcase_add_loop_test(polls,
	    a_poll_right_after_an_end_is_not_in_the_way_of_it, 0, NET_KINDS);
	tcase_add_loop_test(polls,
	    a_receive_that_polls_after_a_cancel_finds_what_is_there, 0,
	    NET_KINDS);
	tcase_add_loop_test(
	    polls, a_send_that_polls_is_made_or_not_made, 0, NET_KINDS);
	tcase_add_loop_test(
	    polls, a_send_that_polls_and_has_begun_is_finished, 0, NET_KINDS);
	tcase_add_test(polls, the_bound_on_operations_that_wait_is_told);
	suite_add_tcase(s, polls);
	return run_suite(s);
}
