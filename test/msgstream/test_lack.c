/*
 * test_lack - memory that is not there, and system calls that fail.
 */
#include "msgstream/peer.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <errno.h>
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
	wri_mem_fail_at(0);
	op_fini(&one);
	op_fini(&two);
	rt_teardown();
}

START_TEST(an_open_that_fails_leaves_the_stream)
{
	weir_msgstream *ms = NULL;
	weir_stream *a, *b;
	weir_err err = WEIR_ENOMEM;
	char byte;
	unsigned n;

	net_pair((enum net_kind)_i, &a, &b);
	for (n = 1; err == WEIR_ENOMEM; n++) {
		ck_assert_ptr_null(ms);
		ck_assert_int_eq(op_send(&one, a, "x", 1), WEIR_OK);
		ck_assert_int_eq(op_recv(&two, b, &byte, 1), WEIR_OK);
		wri_mem_fail_at(n);
		err = weir_msgstream_open(&ms, a, NULL);
		wri_mem_fail_at(0);
	}
	ck_assert_int_eq(err, WEIR_OK);
	ck_assert_uint_gt(n, 3); /* itself and two handles */
	weir_msgstream_free(ms);
	weir_stream_free(b);
}
END_TEST

START_TEST(a_message_without_memory_is_received_later)
{
	weir_msg *msg;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	/* The first one is told, the next one gets it. */
	weir_msgstream_recv(peer.ms, one.aio);
	weir_msgstream_recv(peer.ms, two.aio);
	wri_mem_fail_at(1);
	peer_send(&peer, "abc", 3);
	ck_assert_int_eq(op_wait(&one), WEIR_ENOMEM);
	ck_assert_ptr_null(weir_aio_get_msg(one.aio));
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	op_expect(&two, "abc", 3);
	wri_mem_fail_at(0);

	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	peer_send(&peer, "def", 3);
	peer_arrived(&peer);
	wri_mem_fail_at(1);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	recv_expect(&one, peer.ms, "def", 3);
	peer_close(&peer);
}
END_TEST

START_TEST(a_send_that_has_to_wait_wants_memory)
{
	weir_msg *msg = msg_of("never", 5);
	size_t filled;

	/* Over unix: tcp finds room when it likes. */
	peer_ready(&peer, NET_UNIX, NULL);
	peer_small(&peer);
	filled = peer_fill(&peer);
	wri_mem_fail_at(1);
	op_msg_put(&one, peer.ms, msg);
	ck_assert_int_eq(op_wait(&one), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_eq(weir_aio_get_msg(one.aio), msg);
	ck_assert_mem_eq(weir_msg_data(msg), "never", 5);
	weir_msg_free(msg);
	/* Nothing of it was sent, and the connection works. */
	op_msg_put(&one, peer.ms, msg_of("ok", 2));
	peer_skip(&peer, filled);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	peer_expect(&peer, "ok", 2);
	peer_expect_nothing(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(without_memory_for_the_rest_of_a_message_the_connection_ends)
{
	weir_msg *msg = msg_zeros(12 << 20);

	peer_ready(&peer, (enum net_kind)_i, NULL);
	weir_msgstream_recv(peer.ms, two.aio);
	wri_mem_fail_at(1);
	op_msg_put(&one, peer.ms, msg);
	ck_assert_int_eq(op_wait(&one), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_eq(weir_aio_get_msg(one.aio), msg);
	weir_msg_free(msg);
	(void)weir_aio_set_msg(one.aio, NULL);
	ck_assert_int_eq(op_wait(&two), WEIR_ENOMEM);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ENOMEM);
	peer_close(&peer);
}
END_TEST

/* A message that is not sent will not be received. */
static void
then_close(struct op *op)
{
	if (op->err != WEIR_OK) {
		weir_msgstream_close(op->then_arg);
	}
}

/* Whatever allocation fails, every operation ends, and nothing is left. */
START_TEST(the_nth_allocation_may_fail)
{
	bool failed = true;

	for (unsigned n = 1; failed; n++) {
		weir_msgstream *ma = NULL, *mb = NULL;
		weir_stream *a, *b;

		failed = false;
		net_pair((enum net_kind)_i, &a, &b);
		wri_mem_fail_at(n);
		if (weir_msgstream_open(&ma, a, NULL) != WEIR_OK) {
			failed = true;
			weir_stream_free(a);
		}
		if (weir_msgstream_open(&mb, b, NULL) != WEIR_OK) {
			failed = true;
			weir_stream_free(b);
		}
		for (unsigned i = 0; i < 3 && ma != NULL && mb != NULL; i++) {
			weir_msg *msg = NULL;

			if (weir_msg_alloc(&msg, i * 100000) != WEIR_OK) {
				failed = true;
				continue;
			}
			one.then = then_close;
			one.then_arg = mb;
			weir_msgstream_recv(mb, two.aio);
			op_msg_put(&one, ma, msg);
			if (op_wait(&two) == WEIR_ENOMEM) {
				failed = true;
				weir_msgstream_recv(mb, two.aio);
				(void)op_wait(&two);
			}
			failed |= two.err != WEIR_OK;
			weir_msg_free(weir_aio_get_msg(two.aio));
			failed |= op_wait(&one) != WEIR_OK;
			weir_msg_free(weir_aio_get_msg(one.aio));
			(void)weir_aio_set_msg(one.aio, NULL);
		}
		wri_mem_fail_at(0);
		weir_msgstream_free(ma);
		weir_msgstream_free(mb);
	}
}
END_TEST

/* What the system says to a send or a receive, and what comes of it. */
static const struct {
	int eno;
	weir_err err;
	bool ends; /* its direction */
} rows[] = {
    {ECONNRESET, WEIR_ECONNRESET, true},
    {ETIMEDOUT, WEIR_ETIMEDOUT, true},
    {EHOSTUNREACH, WEIR_EUNREACHABLE, true},
    {ENOMEM, WEIR_ENOMEM, false},
    {ENOBUFS, WEIR_ENOMEM, false},
    {EINTR, WEIR_OK, false},
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

START_TEST(a_send_that_the_system_refuses_has_its_code)
{
	const weir_err err = rows[_i].err;

	if (rows[_i].eno == ETIMEDOUT) {
		return; /* the system says so again, or EPIPE; this one not */
	}
	peer_ready(&peer, NET_TCP, NULL);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 1, rows[_i].eno);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("abc", 3)), err);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 0, 0);
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("def", 3)),
	    rows[_i].ends ? err : WEIR_OK);
	if (err == WEIR_OK) {
		peer_expect(&peer, "abc", 3);
	}
	if (!rows[_i].ends) {
		peer_expect(&peer, "def", 3);
	}
	/* The other direction finds out by itself, or goes on. */
	peer_send(&peer, "ghi", 3);
	recv_expect(&one, peer.ms, "ghi", 3);
	peer_close(&peer);
}
END_TEST

START_TEST(a_receive_that_the_system_refuses_has_its_code)
{
	const weir_err err = rows[_i].err;

	peer_ready(&peer, NET_TCP, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	wri_sys_fail_at(WRI_SYS_RECV, 1, rows[_i].eno);
	peer_send(&peer, "abc", 3);
	ck_assert_int_eq(op_wait(&one), err);
	wri_sys_fail_at(WRI_SYS_RECV, 0, 0);
	if (err == WEIR_OK) {
		op_expect(&one, "abc", 3);
	} else if (!rows[_i].ends) {
		recv_expect(&one, peer.ms, "abc", 3);
	} else {
		weir_msg *msg;

		ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), err);
	}
	ck_assert_int_eq(op_msg_send(&one, peer.ms, msg_of("def", 3)), WEIR_OK);
	peer_expect(&peer, "def", 3);
	peer_close(&peer);
}
END_TEST

/* In the middle of a long message, each way. */
START_TEST(an_error_inside_a_message_ends_it)
{
	weir_msgstream *a, *b;
	weir_msg *msg;
	const enum wri_sys_call call =
	    _i / ROWS == 0 ? WRI_SYS_SENDMSG : WRI_SYS_RECVMSG;
	const int row = _i % ROWS;

	pair_open(NET_UNIX, &a, NULL, &b, NULL);
	ck_assert_int_eq(op_ready(&one, a), WEIR_OK);
	ck_assert_int_eq(op_ready(&two, b), WEIR_OK);
	msg = msg_filled(1 << 20, 5);
	wri_sys_fail_at(call, 2, rows[row].eno);
	op_msg_put(&one, a, msg);
	weir_msgstream_recv(b, two.aio);
	if (rows[row].err == WEIR_OK) {
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
		ck_assert_int_eq(op_wait(&two), WEIR_OK);
		op_expect_filled(&two, 1 << 20, 5);
	} else if (call == WRI_SYS_SENDMSG) {
		/* A body that is alone goes out by send(2): not this one. */
		(void)op_wait(&one);
		if (one.err != WEIR_OK) {
			ck_assert_int_eq(one.err, rows[row].err);
			weir_msg_free(msg);
			(void)weir_aio_set_msg(one.aio, NULL);
			weir_msgstream_close(a);
		}
		(void)op_wait(&two);
		ck_assert_int_eq(two.err == WEIR_OK, one.err == WEIR_OK);
		weir_msg_free(weir_aio_get_msg(two.aio));
	} else {
		ck_assert_int_eq(op_wait(&two), rows[row].err);
		if (!rows[row].ends) {
			weir_msgstream_recv(b, two.aio);
			ck_assert_int_eq(op_wait(&two), WEIR_OK);
			op_expect_filled(&two, 1 << 20, 5);
		}
		weir_msgstream_close(b);
		(void)op_wait(&one);
		weir_msg_free(weir_aio_get_msg(one.aio));
	}
	wri_sys_fail_at(call, 0, 0);
	weir_msgstream_free(a);
	weir_msgstream_free(b);
}
END_TEST

/* The handshake meets every failing call, and ends. */
START_TEST(the_nth_call_of_a_handshake_may_fail)
{
	static const enum wri_sys_call calls[] = {
	    WRI_SYS_SEND, WRI_SYS_RECV, WRI_SYS_SENDMSG, WRI_SYS_RECVMSG};
	const enum wri_sys_call call = calls[_i / NET_KINDS];

	for (unsigned n = 1; n <= 4; n++) {
		weir_msgstream *a, *b;
		weir_stream *sa, *sb;

		net_pair((enum net_kind)(_i % NET_KINDS), &sa, &sb);
		wri_sys_fail_at(call, n, ECONNRESET);
		ck_assert_int_eq(weir_msgstream_open(&a, sa, NULL), WEIR_OK);
		ck_assert_int_eq(weir_msgstream_open(&b, sb, NULL), WEIR_OK);
		weir_msgstream_ready(a, one.aio);
		weir_msgstream_ready(b, two.aio);
		(void)op_wait(&one);
		(void)op_wait(&two);
		ck_assert(one.err == WEIR_OK || one.err == WEIR_ECONNRESET ||
			  one.err == WEIR_ECONNSHUT || one.err == WEIR_ECLOSED);
		ck_assert(two.err == WEIR_OK || two.err == WEIR_ECONNRESET ||
			  two.err == WEIR_ECONNSHUT || two.err == WEIR_ECLOSED);
		wri_sys_fail_at(call, 0, 0);
		weir_msgstream_free(a);
		weir_msgstream_free(b);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *memory = tcase_create("memory");
	TCase *calls = tcase_create("calls");

	tcase_add_checked_fixture(memory, setup, teardown);
	tcase_add_loop_test(
	    memory, an_open_that_fails_leaves_the_stream, 0, NET_KINDS);
	tcase_add_loop_test(
	    memory, a_message_without_memory_is_received_later, 0, NET_KINDS);
	tcase_add_test(memory, a_send_that_has_to_wait_wants_memory);
	tcase_add_loop_test(memory,
	    without_memory_for_the_rest_of_a_message_the_connection_ends, 0,
	    NET_KINDS);
	tcase_add_loop_test(memory, the_nth_allocation_may_fail, 0, NET_KINDS);
	suite_add_tcase(s, memory);

	tcase_add_checked_fixture(calls, setup, teardown);
	tcase_add_loop_test(
	    calls, a_send_that_the_system_refuses_has_its_code, 0, ROWS);
	tcase_add_loop_test(
	    calls, a_receive_that_the_system_refuses_has_its_code, 0, ROWS);
	tcase_add_loop_test(
	    calls, an_error_inside_a_message_ends_it, 0, 2 * ROWS);
	tcase_add_loop_test(
	    calls, the_nth_call_of_a_handshake_may_fail, 0, 4 * NET_KINDS);
	suite_add_tcase(s, calls);
	return run_suite(s);
}
