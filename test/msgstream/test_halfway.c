/*
 * test_halfway - operations that are ended while they wait, or half-way.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* More than the system takes. */
#define LEN ((size_t)1 << 20)

static struct op one, two, three;
static struct peer peer;

static void
setup(void)
{
	rt_setup();
	op_init(&one);
	op_init(&two);
	op_init(&three);
}

static void
teardown(void)
{
	op_fini(&one);
	op_fini(&two);
	op_fini(&three);
	rt_teardown();
}

/* The ways to end an operation early. */
enum way {
	WAY_CANCEL,
	WAY_ABORT,
	WAY_TIMEOUT,
	WAY_STOP,
	WAYS,
};

/* Before the submit. */
static void
way_arm(enum way way, struct op *op)
{
	(void)weir_aio_set_timeout(
	    op->aio, way == WAY_TIMEOUT ? WEIR_MS(20) : WEIR_INFINITE);
}

/* Now, and wait. */
static void
way_end(enum way way, struct op *op)
{
	weir_err want = WEIR_ETIMEDOUT;

	switch (way) {
	case WAY_CANCEL:
		want = WEIR_ECANCELED;
		ck_assert_int_eq(
		    weir_aio_cancel(op->aio), WEIR_CANCEL_REQUESTED);
		break;
	case WAY_ABORT:
		want = WEIR_ECRYPTO;
		ck_assert_int_eq(
		    weir_aio_abort(op->aio, want), WEIR_CANCEL_REQUESTED);
		break;
	case WAY_STOP:
		want = WEIR_ESTOPPED;
		ck_assert_int_eq(weir_aio_stop(op->aio), WEIR_OK);
		break;
	case WAY_TIMEOUT:
	case WAYS:
		break;
	}
	ck_assert_int_eq(op_wait(op), want);
	ck_assert_uint_eq(op->count, 0);
}

static enum net_kind
kind_of(int i)
{
	return (enum net_kind)(i % NET_KINDS);
}

START_TEST(a_receive_ended_half_way_loses_nothing)
{
	const enum way way = (enum way)(_i / NET_KINDS);
	uint8_t bytes[PEER_HEAD_MAX + 3];
	size_t n;

	peer_ready(&peer, kind_of(_i), NULL);
	n = peer_frame(&peer, "abc", 3, bytes);
	/* After each byte one receive is ended. */
	for (size_t at = 0; at < n - 1; at++) {
		struct op op;

		op_init(&op);
		way_arm(way, &op);
		weir_msgstream_recv(peer.ms, op.aio);
		peer_write(&peer, bytes + at, 1);
		way_end(way, &op);
		ck_assert_ptr_null(weir_aio_get_msg(op.aio));
		op_fini(&op);
	}
	weir_msgstream_recv(peer.ms, one.aio);
	peer_write(&peer, bytes + n - 1, 1);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "abc", 3);
	peer_close(&peer);
}
END_TEST

START_TEST(the_others_that_wait_are_left_alone)
{
	const enum way way = (enum way)(_i / NET_KINDS);

	peer_ready(&peer, kind_of(_i), NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	way_arm(way, &two);
	weir_msgstream_recv(peer.ms, two.aio);
	weir_msgstream_recv(peer.ms, three.aio);
	way_end(way, &two);
	ck_assert(op_pending(&one));
	ck_assert(op_pending(&three));
	peer_send(&peer, "1", 1);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "1", 1);
	peer_send(&peer, "3", 1);
	ck_assert_int_eq(op_wait(&three), WEIR_OK);
	op_expect(&three, "3", 1);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_ended_half_way_leaves_the_framing_whole)
{
	const enum way way = (enum way)(_i / NET_KINDS);
	const size_t len = LEN;
	weir_msg *msg = msg_filled(len, 7);

	peer_ready(&peer, kind_of(_i), NULL);
	peer_narrow(&peer);
	way_arm(way, &one);
	op_msg_put(&one, peer.ms, msg);
	op_msg_put(&two, peer.ms, msg_of("next", 4));
	/* Part of it is out: the first byte is here. */
	{
		uint8_t head[PEER_HEAD_MAX];

		(void)peer_head(&peer, len, head);
		peer_read(&peer, head, 1);
	}
	ck_assert(op_pending(&one) || way == WAY_TIMEOUT);
	way_end(way, &one);
	/* It is ours again, to change and to free. */
	ck_assert_ptr_eq(weir_aio_get_msg(one.aio), msg);
	ck_assert_uint_eq(weir_msg_len(msg), len);
	memset(weir_msg_body(msg), 'x', len);
	weir_msg_free(msg);
	ck_assert(op_pending(&two));
	/* The peer gets it all the same, as it was. */
	{
		uint8_t want[PEER_HEAD_MAX], got[PEER_HEAD_MAX];
		size_t n = peer_head(&peer, len, want);
		uint8_t *body = malloc(len);

		ck_assert_ptr_nonnull(body);
		peer_read(&peer, got + 1, n - 1);
		ck_assert_mem_eq(got + 1, want + 1, n - 1);
		peer_read(&peer, body, len);
		ck_assert(is_filled(body, len, 7));
		free(body);
	}
	peer_expect(&peer, "next", 4);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_of_which_nothing_is_out_is_not_made)
{
	const enum way way = (enum way)_i;
	size_t filled;

	/* Not tcp: that moves bytes on by itself, and finds room. */
	peer_ready(&peer, NET_UNIX, NULL);
	peer_small(&peer);
	filled = peer_fill(&peer);
	way_arm(way, &one);
	op_msg_put(&one, peer.ms, msg_of("never", 5));
	op_msg_put(&two, peer.ms, msg_of("next", 4));
	way_end(way, &one);
	weir_msg_free(weir_aio_get_msg(one.aio));
	ck_assert(op_pending(&two));
	peer_skip(&peer, filled);
	peer_expect(&peer, "next", 4);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_expect_nothing(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_that_waits_for_its_turn_is_not_made)
{
	const enum way way = (enum way)(_i / NET_KINDS);

	peer_ready(&peer, kind_of(_i), NULL);
	peer_narrow(&peer);
	op_msg_put(&one, peer.ms, msg_filled(LEN, 1));
	way_arm(way, &two);
	op_msg_put(&two, peer.ms, msg_of("never", 5));
	op_msg_put(&three, peer.ms, msg_of("next", 4));
	way_end(way, &two);
	weir_msg_free(weir_aio_get_msg(two.aio));
	ck_assert(op_pending(&one));
	peer_expect_filled(&peer, LEN, 1);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	peer_expect(&peer, "next", 4);
	ck_assert_int_eq(op_wait(&three), WEIR_OK);
	peer_close(&peer);
}
END_TEST

START_TEST(the_same_handle_may_send_again_behind_its_own_rest)
{
	const size_t len = LEN;

	peer_ready(&peer, kind_of(_i), NULL);
	peer_narrow(&peer);
	for (unsigned i = 0; i < 3; i++) {
		weir_msg *msg = msg_filled(len, i);

		op_msg_put(&one, peer.ms, msg);
		{
			uint8_t head[PEER_HEAD_MAX], want[PEER_HEAD_MAX];
			size_t n = peer_head(&peer, len, want);

			peer_read(&peer, head, n);
			ck_assert_mem_eq(head, want, n);
		}
		ck_assert_int_eq(
		    weir_aio_cancel(one.aio), WEIR_CANCEL_REQUESTED);
		ck_assert_int_eq(op_wait(&one), WEIR_ECANCELED);
		weir_msg_free(msg);
		op_msg_put(&one, peer.ms, msg_of("again", 5));
		{
			uint8_t *body = malloc(len);

			ck_assert_ptr_nonnull(body);
			peer_read(&peer, body, len);
			ck_assert(is_filled(body, len, i));
			free(body);
		}
		peer_expect(&peer, "again", 5);
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
	}
	peer_close(&peer);
}
END_TEST

START_TEST(a_wait_for_the_handshake_may_be_ended)
{
	const enum way way = (enum way)(_i / NET_KINDS);

	peer_open(&peer, kind_of(_i), NULL);
	way_arm(way, &one);
	weir_msgstream_ready(peer.ms, one.aio);
	weir_msgstream_ready(peer.ms, two.aio);
	way_end(way, &one);
	ck_assert(op_pending(&two));
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_close(&peer);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *tc = tcase_create("cancel");
	const int all = WAYS * NET_KINDS;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_receive_ended_half_way_loses_nothing, 0, all);
	tcase_add_loop_test(tc, the_others_that_wait_are_left_alone, 0, all);
	tcase_add_loop_test(
	    tc, a_send_ended_half_way_leaves_the_framing_whole, 0, all);
	tcase_add_loop_test(
	    tc, a_send_of_which_nothing_is_out_is_not_made, 0, WAYS);
	tcase_add_loop_test(
	    tc, a_send_that_waits_for_its_turn_is_not_made, 0, all);
	tcase_add_loop_test(tc,
	    the_same_handle_may_send_again_behind_its_own_rest, 0, NET_KINDS);
	tcase_add_loop_test(tc, a_wait_for_the_handshake_may_be_ended, 0, all);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
