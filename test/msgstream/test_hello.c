/*
 * test_hello - the handshake: what is said, what is heard, and how long.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>

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

START_TEST(both_sides_are_ready_by_themselves)
{
	weir_msgstream *a, *b;

	pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
	ck_assert_int_eq(op_ready(&one, a), WEIR_OK);
	ck_assert_int_eq(op_ready(&two, b), WEIR_OK);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(a), WEIR_PROTO_PAIR);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(b), WEIR_PROTO_PAIR);
	/* Once more: at once. */
	ck_assert_int_eq(op_ready(&one, a), WEIR_OK);
	if (!net_is_unix((enum net_kind)_i)) {
		ck_assert(weir_sockaddr_equal(
		    weir_msgstream_peer_addr(a), weir_msgstream_self_addr(b)));
	}
	weir_msgstream_free(a);
	weir_msgstream_free(b);
}
END_TEST

START_TEST(the_greeting_names_our_protocol)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .protocol = 0x1234, .peer = 0x4321};

	peer_open(&peer, (enum net_kind)_i, &params);
	weir_msgstream_ready(peer.ms, one.aio);
	peer_hear_hello(&peer, 0x1234);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(peer.ms), 0);
	ck_assert(op_pending(&one));
	peer_say_hello(&peer, 0x4321);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(peer.ms), 0x4321);
	peer_expect_nothing(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(push_meets_pull_and_nobody_else)
{
	static const struct {
		uint16_t a, b;
		weir_err err;
	} rows[] = {
	    {WEIR_PROTO_PUSH, WEIR_PROTO_PULL, WEIR_OK},
	    {WEIR_PROTO_PULL, WEIR_PROTO_PUSH, WEIR_OK},
	    {WEIR_PROTO_PUSH, WEIR_PROTO_PUSH, WEIR_EPROTO},
	    {WEIR_PROTO_PULL, WEIR_PROTO_PAIR, WEIR_EPROTO},
	    {WEIR_PROTO_PAIR, 0, WEIR_OK},
	    {32, 32, WEIR_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		weir_msgstream_params pa = {
		    .size = sizeof(pa), .protocol = rows[i].a};
		weir_msgstream_params pb = {
		    .size = sizeof(pb), .protocol = rows[i].b};
		weir_msgstream *a, *b;

		pair_open(NET_TCP, &a, &pa, &b, &pb);
		ck_assert_int_eq(op_ready(&one, a), rows[i].err);
		weir_msgstream_free(a);
		weir_msgstream_free(b);
	}
}
END_TEST

/* Everything ends the same way until close. */
static void
expect_all(weir_msgstream *ms, weir_err err)
{
	weir_msg *msg;

	ck_assert_int_eq(op_ready(&one, ms), err);
	ck_assert_int_eq(op_msg_send(&one, ms, msg_of("x", 1)), err);
	ck_assert_int_eq(op_msg_recv(&one, ms, &msg), err);
	weir_msgstream_close(ms);
	ck_assert_int_eq(op_ready(&one, ms), WEIR_ECLOSED);
	ck_assert_int_eq(op_msg_send(&one, ms, msg_of("x", 1)), WEIR_ECLOSED);
	ck_assert_int_eq(op_msg_recv(&one, ms, &msg), WEIR_ECLOSED);
}

START_TEST(a_wrong_byte_ends_it_before_the_rest_has_come)
{
	uint8_t bytes[8] = {0, 'S', 'P', 0, 0, 16, 0, 0};

	peer_open(&peer, NET_TCP, NULL);
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	weir_msgstream_recv(peer.ms, one.aio);
	op_msg_put(&two, peer.ms, msg_of("abc", 3));
	weir_msgstream_ready(peer.ms, three.aio);
	bytes[_i] ^= 0x40;
	peer_write(&peer, bytes, (size_t)_i + 1);
	ck_assert_int_eq(op_wait(&one), WEIR_EPROTO);
	ck_assert_int_eq(op_wait(&two), WEIR_EPROTO);
	ck_assert_int_eq(op_wait(&three), WEIR_EPROTO);
	weir_msg_free(weir_aio_get_msg(two.aio));
	peer_expect_end(&peer);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(peer.ms), 0);
	expect_all(peer.ms, WEIR_EPROTO);
	peer_close(&peer);
}
END_TEST

START_TEST(a_greeting_may_come_byte_by_byte)
{
	static const uint8_t bytes[8] = {0, 'S', 'P', 0, 0, 16, 0, 0};

	peer_open(&peer, (enum net_kind)_i, NULL);
	weir_msgstream_ready(peer.ms, one.aio);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ck_assert(op_pending(&one));
		peer_write(&peer, bytes + i, 1);
	}
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	peer_close(&peer);
}
END_TEST

START_TEST(operations_wait_for_the_greeting)
{
	peer_open(&peer, (enum net_kind)_i, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	op_msg_put(&two, peer.ms, msg_of("hello", 5));
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_expect_nothing(&peer);
	ck_assert(op_pending(&one));
	ck_assert(op_pending(&two));
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	peer_expect(&peer, "hello", 5);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_send(&peer, "world!", 6);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "world!", 6);
	peer_close(&peer);
}
END_TEST

START_TEST(a_message_may_come_with_the_greeting)
{
	uint8_t bytes[8 + PEER_HEAD_MAX + 3] = {0, 'S', 'P', 0, 0, 16, 0, 0};
	size_t n;

	peer_open(&peer, (enum net_kind)_i, NULL);
	n = 8 + peer_frame(&peer, "abc", 3, bytes + 8);
	peer_write(&peer, bytes, n);
	recv_expect(&one, peer.ms, "abc", 3);
	peer_close(&peer);
}
END_TEST

START_TEST(a_silent_peer_is_not_waited_for_for_ever)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .handshake_timeout = WEIR_MS(30)};
	weir_time begun = weir_now();

	peer_open(&peer, (enum net_kind)_i, &params);
	weir_msgstream_recv(peer.ms, one.aio);
	op_msg_put(&two, peer.ms, msg_of("abc", 3));
	weir_msgstream_ready(peer.ms, three.aio);
	peer_write(&peer, "\0S", 2); /* and then nothing */
	ck_assert_int_eq(op_wait(&one), WEIR_ECONNABORTED);
	ck_assert_int_ge(weir_now() - begun, WEIR_MS(30));
	ck_assert_int_eq(op_wait(&two), WEIR_ECONNABORTED);
	ck_assert_int_eq(op_wait(&three), WEIR_ECONNABORTED);
	weir_msg_free(weir_aio_get_msg(two.aio));
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_expect_end(&peer);
	expect_all(peer.ms, WEIR_ECONNABORTED);
	peer_close(&peer);
}
END_TEST

START_TEST(a_handshake_may_be_without_limit)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .handshake_timeout = WEIR_INFINITE};

	peer_ready(&peer, NET_TCP, &params);
	peer_close(&peer);
}
END_TEST

START_TEST(a_peer_that_leaves_early_is_told)
{
	peer_open(&peer, NET_TCP, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	weir_msgstream_ready(peer.ms, two.aio);
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_write(&peer, "\0SP\0", (size_t)_i);
	ck_assert_int_eq(shutdown(peer.fd, SHUT_WR), 0);
	ck_assert_int_eq(op_wait(&one), WEIR_ECONNSHUT);
	ck_assert_int_eq(op_wait(&two), WEIR_ECONNSHUT);
	peer_expect_end(&peer);
	expect_all(peer.ms, WEIR_ECONNSHUT);
	peer_close(&peer);
}
END_TEST

START_TEST(an_end_while_greeting_takes_one_operation_out)
{
	peer_open(&peer, NET_TCP, NULL);
	weir_msgstream_ready(peer.ms, one.aio);
	weir_msgstream_ready(peer.ms, two.aio);
	ck_assert_int_eq(weir_aio_cancel(one.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&one), WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, WEIR_MS(5)), WEIR_OK);
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_ETIMEDOUT);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_ready(&one, peer.ms), WEIR_ETIMEDOUT);
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_ETIMEDOUT);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ETIMEDOUT);
	ck_assert(op_pending(&two));
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_expect_nothing(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(the_mapping_may_be_chosen)
{
	const weir_msgstream_params params = {.size = sizeof(params),
	    .mapping = net_is_unix((enum net_kind)_i) ? WEIR_MAPPING_TCP
						      : WEIR_MAPPING_IPC};

	peer_ready(&peer, (enum net_kind)_i, &params);
	ck_assert(peer.ipc == !net_is_unix((enum net_kind)_i));
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("abc", 3)), WEIR_OK);
	peer_expect(&peer, "abc", 3);
	peer_send(&peer, "def", 3);
	recv_expect(&one, peer.ms, "def", 3);
	peer_close(&peer);
}
END_TEST

START_TEST(wrong_arguments_are_refused_and_take_nothing)
{
	weir_msgstream_params p = {.size = sizeof(p)};
	weir_msgstream *ms = NULL;
	weir_stream *a, *b;
	char byte;

	net_pair(NET_TCP, &a, &b);
	ck_assert_int_eq(weir_msgstream_open(NULL, a, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_msgstream_open(&ms, NULL, NULL), WEIR_EINVAL);
	p.size--;
	ck_assert_int_eq(weir_msgstream_open(&ms, a, &p), WEIR_EINVAL);
	p.size++;
	p.mapping = (weir_msg_mapping)3;
	ck_assert_int_eq(weir_msgstream_open(&ms, a, &p), WEIR_EINVAL);
	p.mapping = WEIR_MAPPING_AUTO;
	p.handshake_timeout = WEIR_DEFAULT;
	ck_assert_int_eq(weir_msgstream_open(&ms, a, &p), WEIR_EINVAL);
	ck_assert_ptr_null(ms);
	/* The stream is as it was. */
	ck_assert_int_eq(op_send(&one, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_recv(&two, b, &byte, 1), WEIR_OK);
	weir_stream_free(a);
	weir_stream_free(b);

	weir_msgstream_ready(NULL, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EINVAL);
	weir_msgstream_recv(NULL, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EINVAL);
	weir_msgstream_send(NULL, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_EINVAL);
	weir_msgstream_close(NULL);
	weir_msgstream_free(NULL);
	ck_assert_int_eq(weir_msgstream_stop(NULL), WEIR_OK);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(NULL), 0);
	ck_assert_uint_eq(
	    weir_msgstream_peer_addr(NULL)->s_family, WEIR_AF_UNSPEC);
	ck_assert_uint_eq(
	    weir_msgstream_self_addr(NULL)->s_family, WEIR_AF_UNSPEC);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *tc = tcase_create("hello");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, both_sides_are_ready_by_themselves, 0, NET_KINDS);
	tcase_add_loop_test(tc, the_greeting_names_our_protocol, 0, NET_KINDS);
	tcase_add_test(tc, push_meets_pull_and_nobody_else);
	tcase_add_loop_test(
	    tc, a_wrong_byte_ends_it_before_the_rest_has_come, 0, 8);
	tcase_add_loop_test(tc, a_greeting_may_come_byte_by_byte, 0, NET_KINDS);
	tcase_add_loop_test(tc, operations_wait_for_the_greeting, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_message_may_come_with_the_greeting, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_silent_peer_is_not_waited_for_for_ever, 0, NET_KINDS);
	tcase_add_test(tc, a_handshake_may_be_without_limit);
	tcase_add_loop_test(tc, a_peer_that_leaves_early_is_told, 0, 5);
	tcase_add_test(tc, an_end_while_greeting_takes_one_operation_out);
	tcase_add_loop_test(tc, the_mapping_may_be_chosen, 0, NET_KINDS);
	tcase_add_test(tc, wrong_arguments_are_refused_and_take_nothing);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
