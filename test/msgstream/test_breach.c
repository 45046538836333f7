/*
 * test_breach - frames that are refused, and peers that finish, reset or are
 * gone.
 */
#include "msgstream/peer.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdlib.h>
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

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *bad = tcase_create("bad");

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
	return run_suite(s);
}
