/*
 * test_parting - how message streams end: close, stop, free, weir_fini, a
 * forked child; and pools that are blocked.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG ((size_t)12 << 20)

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

/* one receives, two sends what is too much, three waits behind it. */
static void
submit_all(void)
{
	weir_msgstream_recv(peer.ms, one.aio);
	op_msg_put(&two, peer.ms, msg_zeros(BIG));
	op_msg_put(&three, peer.ms, msg_of("abc", 3));
}

static void
expect_all(weir_err err)
{
	ck_assert_int_eq(op_wait(&one), err);
	ck_assert_ptr_null(weir_aio_get_msg(one.aio));
	ck_assert_int_eq(op_wait(&two), err);
	weir_msg_free(weir_aio_get_msg(two.aio));
	ck_assert_int_eq(op_wait(&three), err);
	weir_msg_free(weir_aio_get_msg(three.aio));
	(void)weir_aio_set_msg(two.aio, NULL);
	(void)weir_aio_set_msg(three.aio, NULL);
}

START_TEST(close_ends_all_operations)
{
	weir_msg *msg;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	submit_all();
	weir_msgstream_close(peer.ms);
	expect_all(WEIR_ECLOSED);
	weir_msgstream_close(peer.ms);
	ck_assert_int_eq(op_ready(&one, peer.ms), WEIR_ECLOSED);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECLOSED);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ECLOSED);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_msg_recv(&one, peer.ms, &msg), WEIR_ECLOSED);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("x", 1)), WEIR_ECLOSED);
	peer_close(&peer);
}
END_TEST

START_TEST(what_was_sent_before_close_arrives)
{
	peer_ready(&peer, (enum net_kind)_i, NULL);
	ck_assert_int_eq(
	    op_msg_send(&one, peer.ms, msg_of("last", 4)), WEIR_OK);
	weir_msgstream_close(peer.ms);
	peer_expect(&peer, "last", 4);
	peer_expect_end(&peer);
	peer_close(&peer);
}
END_TEST

START_TEST(close_while_greeting_ends_all_operations)
{
	peer_open(&peer, (enum net_kind)_i, NULL);
	submit_all();
	weir_msgstream_close(peer.ms);
	expect_all(WEIR_ECLOSED);
	peer_close(&peer);
}
END_TEST

START_TEST(free_with_operations_pending_ends_them)
{
	peer_ready(&peer, (enum net_kind)_i, NULL);
	submit_all();
	weir_msgstream_free(peer.ms);
	peer.ms = NULL;
	expect_all(WEIR_ECLOSED);
	peer_close(&peer);
}
END_TEST

START_TEST(free_with_half_a_message_leaks_nothing)
{
	uint8_t head[PEER_HEAD_MAX];

	peer_ready(&peer, (enum net_kind)_i, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	peer_write(&peer, head, peer_head(&peer, 100000, head));
	peer_write(&peer, head, sizeof(head));
	/* And a send of which the rest follows without its operation. */
	op_msg_put(&two, peer.ms, msg_zeros(BIG));
	peer_read(&peer, head, 1);
	ck_assert_int_eq(weir_aio_cancel(two.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&two), WEIR_ECANCELED);
	weir_msg_free(weir_aio_get_msg(two.aio));
	peer_close(&peer);
	ck_assert_int_eq(op_wait(&one), WEIR_ECLOSED);
}
END_TEST

static void
then_free(struct op *op)
{
	if (peer.ms != NULL && op->err != WEIR_ECLOSED) {
		weir_msgstream_free(peer.ms);
		peer.ms = NULL;
	}
}

START_TEST(free_is_allowed_in_callbacks_of_its_own_operations)
{
	peer_open(&peer, (enum net_kind)(_i / 3), NULL);
	one.then = then_free;
	switch (_i % 3) {
	case 0:
		weir_msgstream_ready(peer.ms, one.aio);
		break;
	case 1:
		weir_msgstream_recv(peer.ms, one.aio);
		break;
	case 2:
		op_msg_put(&one, peer.ms, msg_of("x", 1));
		break;
	}
	weir_msgstream_recv(peer.ms, two.aio);
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	if (_i % 3 == 1) {
		peer_send(&peer, "abc", 3);
	}
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	if (_i % 3 == 1) {
		op_expect(&one, "abc", 3);
	}
	ck_assert_int_eq(op_wait(&two), WEIR_ECLOSED);
	ck_assert_ptr_null(peer.ms);
	peer_close(&peer);
}
END_TEST

static weir_pool *pool;

static void
place(struct op *op)
{
	ck_assert_int_eq(
	    weir_aio_set_executor(op->aio, weir_pool_exec(pool)), WEIR_OK);
}

START_TEST(after_stop_and_free_the_pool_may_go)
{
	weir_msgstream_params params = {.size = sizeof(params)};

	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	params.exec = weir_pool_exec(pool);
	for (int i = 0; i < 5; i++) {
		peer_ready(&peer, (enum net_kind)_i, &params);
		submit_all();
		ck_assert_int_eq(weir_pool_free(pool), WEIR_EBUSY);
		ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
		/* Decided, all of them. */
		ck_assert_int_eq(
		    weir_aio_cancel(one.aio) == WEIR_CANCEL_REQUESTED, 0);
		expect_all(WEIR_ECLOSED);
		ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
		peer_close(&peer);
	}
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
}
END_TEST

static void
then_stop(struct op *op)
{
	*(weir_err *)op->then_arg = weir_msgstream_stop(peer.ms);
}

START_TEST(stop_in_a_callback_ends_it)
{
	weir_err got = WEIR_EINTERNAL;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	one.then = then_stop;
	one.then_arg = &got;
	weir_msgstream_recv(peer.ms, two.aio);
	weir_msgstream_ready(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	ck_assert_int_eq(got, WEIR_OK);
	ck_assert_int_eq(op_wait(&two), WEIR_ECLOSED);
	peer_close(&peer);
}
END_TEST

/* The callback that it would wait for needs the strand that the caller has. */
START_TEST(stop_on_the_strand_that_it_needs_says_so)
{
	weir_msgstream_params params = {.size = sizeof(params)};
	weir_err got = WEIR_EINTERNAL;
	weir_strand *strand;

	ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_OK);
	params.exec = weir_strand_exec(strand);
	peer_ready(&peer, (enum net_kind)_i, &params);
	ck_assert_int_eq(
	    weir_aio_set_executor(one.aio, weir_strand_exec(strand)), WEIR_OK);
	one.then = then_stop;
	one.then_arg = &got;
	weir_msgstream_recv(peer.ms, two.aio);
	weir_msgstream_ready(peer.ms, one.aio);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	ck_assert_int_eq(got, WEIR_EDEADLK);
	ck_assert_int_eq(op_wait(&two), WEIR_ECLOSED);
	one.then = NULL;
	ck_assert_int_eq(weir_aio_wait(one.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_executor(one.aio, NULL), WEIR_OK);
	ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
	peer_close(&peer);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
}
END_TEST

/* --- A default pool whose threads are all blocked ----------------------- */

#define THREADS 2

static struct op blockers[THREADS];
static struct latch in, go;

static void
then_block(struct op *op)
{
	(void)op;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

static void
blocked_up(void)
{
	const weir_params p = {.size = sizeof(p), .num_task_threads = THREADS};

	rt_up(&p);
	latch_init(&in);
	latch_init(&go);
	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	op_init(&one);
	op_init(&two);
	op_init(&three);
	place(&one);
	place(&two);
	place(&three);
}

static void
block(void)
{
	for (unsigned i = 0; i < THREADS; i++) {
		op_init(&blockers[i]);
		blockers[i].then = then_block;
		weir_sleep_aio(0, blockers[i].aio);
	}
	ck_assert(latch_wait(&in, THREADS));
}

static void
unblock(void)
{
	latch_hit(&go);
	for (unsigned i = 0; i < THREADS; i++) {
		op_fini(&blockers[i]);
	}
}

static void
blocked_down(void)
{
	op_fini(&one);
	op_fini(&two);
	op_fini(&three);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
}

START_TEST(a_pool_of_its_own_goes_on_while_the_default_pool_is_blocked)
{
	weir_msgstream_params params = {.size = sizeof(params)};
	struct op open;

	blocked_up();
	params.exec = weir_pool_exec(pool);
	peer_open(&peer, (enum net_kind)_i, &params);
	block();
	op_init(&open);
	place(&open);
	weir_msgstream_ready(peer.ms, open.aio);
	peer_hear_hello(&peer, WEIR_PROTO_PAIR);
	peer_say_hello(&peer, WEIR_PROTO_PAIR);
	ck_assert_int_eq(op_wait(&open), WEIR_OK);
	for (int i = 0; i < 20; i++) {
		weir_msgstream_recv(peer.ms, one.aio);
		peer_send(&peer, "abc", 3);
		ck_assert_int_eq(op_wait(&one), WEIR_OK);
		op_expect(&one, "abc", 3);
		op_msg_put(&two, peer.ms, msg_filled(1 << 20, 1));
		peer_expect_filled(&peer, 1 << 20, 1);
		ck_assert_int_eq(op_wait(&two), WEIR_OK);
	}
	op_fini(&open);
	ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
	peer_close(&peer);
	unblock();
	blocked_down();
}
END_TEST

START_TEST(ends_and_polls_need_no_thread_of_a_blocked_pool)
{
	blocked_up();
	peer_ready(&peer, (enum net_kind)_i, NULL);
	block();
	/* What polls, and what need not wait. */
	peer_send(&peer, "abc", 3);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, 0), WEIR_OK);
	peer_arrived(&peer);
	recv_expect(&one, peer.ms, "abc", 3);
	peer_send(&peer, "def", 3);
	peer_arrived(&peer);
	recv_expect(&one, peer.ms, "def", 3);
	ck_assert_int_eq(weir_aio_set_timeout(one.aio, WEIR_INFINITE), WEIR_OK);
	op_msg_put(&two, peer.ms, msg_of("x", 1));
	ck_assert_int_eq(op_wait(&two), WEIR_OK);
	peer_expect(&peer, "x", 1);
	/* Cancel, timeout, close. */
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(weir_aio_cancel(one.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&one), WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_set_timeout(two.aio, WEIR_MS(5)), WEIR_OK);
	op_msg_put(&two, peer.ms, msg_zeros(BIG));
	ck_assert_int_eq(op_wait(&two), WEIR_ETIMEDOUT);
	weir_msg_free(weir_aio_get_msg(two.aio));
	(void)weir_aio_set_msg(two.aio, NULL);
	ck_assert_int_eq(weir_aio_set_timeout(two.aio, WEIR_INFINITE), WEIR_OK);
	submit_all();
	weir_msgstream_close(peer.ms);
	expect_all(WEIR_ECLOSED);
	unblock();
	peer_close(&peer);
	blocked_down();
}
END_TEST

START_TEST(close_ends_a_send_half_way_while_the_pool_is_blocked)
{
	char byte;

	blocked_up();
	peer_ready(&peer, (enum net_kind)_i, NULL);
	block();
	op_msg_put(&two, peer.ms, msg_zeros(BIG));
	peer_read(&peer, &byte, 1);
	ck_assert(op_pending(&two));
	weir_msgstream_close(peer.ms);
	ck_assert_int_eq(op_wait(&two), WEIR_ECLOSED);
	weir_msg_free(weir_aio_get_msg(two.aio));
	unblock();
	peer_close(&peer);
	blocked_down();
}
END_TEST

/* --- The end of the library --------------------------------------------- */

static void
fini_and_init(void)
{
	rt_expect_log(); /* what is still allocated */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
}

START_TEST(fini_ends_what_is_pending_and_leaves_the_rest_to_be_freed)
{
	peer_open(&peer, (enum net_kind)(_i / 2), NULL);
	if (_i % 2 == 1) {
		peer_say_hello(&peer, WEIR_PROTO_PAIR);
		ck_assert_int_eq(op_ready(&one, peer.ms), WEIR_OK);
	}
	submit_all();
	rt_expect_log();
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	expect_all(WEIR_ESTOPPED);
	/* It is there still, and does nothing. */
	weir_msgstream_recv(peer.ms, one.aio);
	ck_assert_int_eq(weir_aio_result(one.aio), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_msgstream_stop(peer.ms), WEIR_OK);
	peer_close(&peer);
	op_fini(&one);
	op_fini(&two);
	op_fini(&three);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	op_init(&one);
	op_init(&two);
	op_init(&three);
}
END_TEST

START_TEST(one_of_an_earlier_life_is_ended_in_the_next)
{
	weir_msg *msg;
	struct op op;

	peer_ready(&peer, (enum net_kind)_i, NULL);
	fini_and_init();
	op_init(&op);
	ck_assert_int_eq(op_msg_recv(&op, peer.ms, &msg), WEIR_ESTOPPED);
	ck_assert_int_eq(
	    op_msg_send(&op, peer.ms, msg_of("x", 1)), WEIR_ESTOPPED);
	peer_close(&peer);
	op_fini(&op);
}
END_TEST

START_TEST(without_weir_none_is_made)
{
	weir_msgstream *ms = NULL;
	weir_stream *a, *b;

	net_pair(NET_TCP, &a, &b);
	rt_expect_log();
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_msgstream_open(&ms, a, NULL), WEIR_ESTATE);
	ck_assert_ptr_null(ms);
	weir_stream_free(a);
	weir_stream_free(b);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
}
END_TEST

/* --- A forked child ------------------------------------------------------ */

/* In the child: what is wrong, as a bit. */
static int
child(weir_stream *stream)
{
	const uint16_t family = weir_msgstream_peer_addr(peer.ms)->s_family;
	weir_msgstream *ms = NULL;
	int bad = 0;

	bad |= weir_msgstream_open(&ms, stream, NULL) == WEIR_EFORK ? 0 : 1;
	bad |= weir_msgstream_stop(peer.ms) == WEIR_EFORK ? 0 : 2;
	weir_msgstream_close(peer.ms);
	weir_msgstream_recv(peer.ms, two.aio);
	weir_msgstream_ready(peer.ms, two.aio);
	bad |= weir_msgstream_peer_protocol(peer.ms) == WEIR_PROTO_PAIR ? 0 : 4;
	bad |= family != WEIR_AF_UNSPEC ? 0 : 8;
	weir_msgstream_free(peer.ms);
	return bad;
}

START_TEST(a_forked_child_leaves_it_alone)
{
	weir_stream *a, *b;
	int status;
	pid_t pid;

	net_pair(NET_TCP, &a, &b);
	peer_ready(&peer, (enum net_kind)_i, NULL);
	weir_msgstream_recv(peer.ms, one.aio);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(child(a));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	peer_send(&peer, "abc", 3);
	ck_assert_int_eq(op_wait(&one), WEIR_OK);
	op_expect(&one, "abc", 3);
	peer_close(&peer);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

/* --- Misuse --------------------------------------------------------------- */

static unsigned misuses;

static void
on_misuse(void *arg, const weir_misuse *misuse)
{
	(void)arg;
	misuses += strstr(misuse->call, "weir_msgstream_") != NULL;
}

START_TEST(another_kind_of_handle_is_refused)
{
	weir_stream *a, *b;
	weir_msgstream *no;

	net_pair(NET_TCP, &a, &b);
	no = (weir_msgstream *)(void *)a;
	misuses = 0;
	weir_misuse_set(on_misuse, NULL);
	weir_msgstream_recv(no, one.aio);
	weir_msgstream_send(no, one.aio);
	weir_msgstream_ready(no, one.aio);
	weir_msgstream_close(no);
	weir_msgstream_free(no);
	ck_assert_int_eq(weir_msgstream_stop(no), WEIR_EMISUSE);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(no), 0);
	weir_misuse_set(NULL, NULL);
	ck_assert_uint_eq(misuses, 7);
	ck_assert(op_pending(&one));
	ck_assert(!weir_aio_busy(one.aio));
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *tc = tcase_create("parting");
	TCase *blocked = tcase_create("blocked");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, close_ends_all_operations, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, what_was_sent_before_close_arrives, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, close_while_greeting_ends_all_operations, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, free_with_operations_pending_ends_them, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, free_with_half_a_message_leaks_nothing, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    free_is_allowed_in_callbacks_of_its_own_operations, 0,
	    3 * NET_KINDS);
	tcase_add_loop_test(
	    tc, after_stop_and_free_the_pool_may_go, 0, NET_KINDS);
	tcase_add_loop_test(tc, stop_in_a_callback_ends_it, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, stop_on_the_strand_that_it_needs_says_so, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    fini_ends_what_is_pending_and_leaves_the_rest_to_be_freed, 0,
	    2 * NET_KINDS);
	tcase_add_loop_test(
	    tc, one_of_an_earlier_life_is_ended_in_the_next, 0, NET_KINDS);
	tcase_add_test(tc, without_weir_none_is_made);
	if (run_forks()) {
		tcase_add_loop_test(
		    tc, a_forked_child_leaves_it_alone, 0, NET_KINDS);
	}
	tcase_add_test(tc, another_kind_of_handle_is_refused);
	suite_add_tcase(s, tc);

	tcase_add_loop_test(blocked,
	    a_pool_of_its_own_goes_on_while_the_default_pool_is_blocked, 0,
	    NET_KINDS);
	tcase_add_loop_test(blocked,
	    ends_and_polls_need_no_thread_of_a_blocked_pool, 0, NET_KINDS);
	tcase_add_loop_test(blocked,
	    close_ends_a_send_half_way_while_the_pool_is_blocked, 0, NET_KINDS);
	suite_add_tcase(s, blocked);
	return run_suite(s);
}
