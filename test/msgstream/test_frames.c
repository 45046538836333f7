/*
 * test_frames - messages as bytes: what is sent, and what is understood.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

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

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *good = tcase_create("good");

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
	return run_suite(s);
}
