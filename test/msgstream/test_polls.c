/*
 * test_polls - message streams that are asked without waiting, and the bound on
 * operations that wait.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>

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
	TCase *polls = tcase_create("polls");

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
