/*
 * test_states - operations and calls in every state of a stream: pending,
 * closed, stopped, freed, NULL, in a forked child.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIG ((size_t)16 << 20)

static weir_stream *a, *b;
static struct op tx, rx;
static uint8_t *big;

static void
setup(void)
{
	rt_setup();
	op_init(&tx);
	op_init(&rx);
	big = calloc(1, BIG);
	ck_assert_ptr_nonnull(big);
}

static void
teardown(void)
{
	weir_stream_free(a);
	weir_stream_free(b);
	a = b = NULL;
	op_fini(&tx);
	op_fini(&rx);
	free(big);
	rt_teardown();
}

/* Leave one operation pending in each direction of a. */
static void
pend_both(void)
{
	static char buf[8];

	op_buf(&tx, big, BIG);
	weir_stream_send_all(a, tx.aio);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(a, rx.aio);
	ck_assert(op_pending(&tx));
	ck_assert(op_pending(&rx));
}

static void
expect_all_ops(weir_stream *s, weir_err want)
{
	char buf[8];

	ck_assert_int_eq(op_recv(&rx, s, buf, sizeof(buf)), want);
	ck_assert_uint_eq(rx.count, 0);
	ck_assert_int_eq(op_recv_exactly(&rx, s, buf, sizeof(buf)), want);
	ck_assert_int_eq(op_send(&tx, s, buf, sizeof(buf)), want);
	ck_assert_uint_eq(tx.count, 0);
	ck_assert_int_eq(op_send_all(&tx, s, buf, sizeof(buf)), want);
}

START_TEST(close_ends_pending_operations)
{
	net_pair((enum net_kind)_i, &a, &b);
	pend_both();
	weir_stream_close(a);
	ck_assert_int_eq(op_wait(&tx), WEIR_ECLOSED);
	ck_assert_uint_gt(tx.count, 0);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
	weir_stream_close(a);
	expect_all_ops(a, WEIR_ECLOSED);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_ECLOSED);
}
END_TEST

START_TEST(stop_ends_pending_operations)
{
	net_pair((enum net_kind)_i, &a, &b);
	pend_both();
	weir_stream_stop(a);
	ck_assert_int_eq(op_wait(&tx), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
	weir_stream_stop(a);
	expect_all_ops(a, WEIR_ECLOSED);
}
END_TEST

START_TEST(free_ends_pending_operations)
{
	net_pair((enum net_kind)_i, &a, &b);
	pend_both();
	weir_stream_free(a);
	a = NULL;
	ck_assert_int_eq(op_wait(&tx), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECLOSED);
}
END_TEST

START_TEST(many_pending_operations_end_with_close)
{
	enum { N = 100 };
	static char bufs[N];
	struct op ops[N];

	net_pair((enum net_kind)_i, &a, &b);
	for (unsigned i = 0; i < N; i++) {
		op_init(&ops[i]);
		op_buf(&ops[i], &bufs[i], 1);
		weir_stream_recv(a, ops[i].aio);
	}
	weir_stream_close(a);
	for (unsigned i = 0; i < N; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_ECLOSED);
		op_fini(&ops[i]);
	}
}
END_TEST

START_TEST(what_was_sent_before_close_is_delivered)
{
	static char buf[1000];

	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(op_send_all(&tx, a, big, sizeof(buf)), WEIR_OK);
	weir_stream_close(a);
	ck_assert_int_eq(op_recv_exactly(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_ECONNSHUT);
}
END_TEST

START_TEST(cancel_timeout_and_stop_take_out_one_operation_only)
{
	char buf[8];
	struct op ops[4];

	net_pair((enum net_kind)_i, &a, &b);
	for (unsigned i = 0; i < 4; i++) {
		op_init(&ops[i]);
		op_buf(&ops[i], buf + i, 1);
		if (i == 2) {
			ck_assert_int_eq(
			    weir_aio_set_timeout(ops[i].aio, WEIR_MS(10)),
			    WEIR_OK);
		}
		weir_stream_recv(b, ops[i].aio);
	}
	ck_assert_int_eq(
	    weir_aio_abort(ops[0].aio, WEIR_EBUSY), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(weir_aio_stop(ops[1].aio), WEIR_OK);
	ck_assert_int_eq(op_wait(&ops[0]), WEIR_EBUSY);
	ck_assert_int_eq(op_wait(&ops[1]), WEIR_ESTOPPED);
	ck_assert_int_eq(op_wait(&ops[2]), WEIR_ETIMEDOUT);
	ck_assert(op_pending(&ops[3]));
	ck_assert_int_eq(op_send(&tx, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_wait(&ops[3]), WEIR_OK);
	ck_assert_int_eq(buf[3], 'x');
	for (unsigned i = 0; i < 4; i++) {
		op_fini(&ops[i]);
	}
}
END_TEST

static void
free_stream_then(struct op *op)
{
	weir_stream_free(op->then_arg);
}

static void
close_stream_then(struct op *op)
{
	weir_stream_close(op->then_arg);
}

START_TEST(a_stream_may_be_freed_in_the_callback_of_its_operation)
{
	for (unsigned i = 0; i < 50; i++) {
		char buf[8];

		net_pair((enum net_kind)_i, &a, &b);
		rx.then = free_stream_then;
		rx.then_arg = a;
		op_buf(&rx, buf, sizeof(buf));
		weir_stream_recv(a, rx.aio);
		a = NULL;
		if (i % 2 == 0) {
			ck_assert_int_eq(op_send(&tx, b, "x", 1), WEIR_OK);
		} else {
			weir_stream_free(b);
			b = NULL;
		}
		(void)op_wait(&rx);
		weir_stream_free(b);
		b = NULL;
	}
}
END_TEST

START_TEST(a_stream_may_be_closed_in_the_callback_of_its_operation)
{
	char buf[8];

	net_pair((enum net_kind)_i, &a, &b);
	rx.then = close_stream_then;
	rx.then_arg = a;
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(a, rx.aio);
	op_buf(&tx, big, BIG);
	weir_stream_send_all(a, tx.aio);
	weir_stream_shutdown(b);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNSHUT);
	ck_assert_int_eq(op_wait(&tx), WEIR_ECLOSED);
}
END_TEST

START_TEST(null_objects_are_ignored_and_their_operations_invalid)
{
	void (*const calls[])(weir_stream *, weir_aio *) = {weir_stream_recv,
	    weir_stream_recv_exactly, weir_stream_send, weir_stream_send_all};

	for (unsigned i = 0; i < 4; i++) {
		calls[i](NULL, rx.aio);
		ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
		calls[i](NULL, NULL);
	}
	weir_stream_dialer_dial(NULL, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_dialer_dial(NULL, NULL);
	weir_stream_listener_accept(NULL, rx.aio);
	ck_assert_int_eq(op_wait(&rx), WEIR_EINVAL);
	weir_stream_listener_accept(NULL, NULL);
	weir_stream_close(NULL);
	weir_stream_stop(NULL);
	weir_stream_free(NULL);
	weir_stream_dialer_close(NULL);
	weir_stream_dialer_free(NULL);
	weir_stream_listener_close(NULL);
	weir_stream_listener_free(NULL);
	ck_assert_int_eq(weir_stream_shutdown(NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_listener_listen(NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_alloc(NULL, "tcp://127.0.0.1:1"), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_alloc(NULL, "tcp://"), WEIR_EINVAL);
	ck_assert_uint_eq(weir_stream_peer_addr(NULL)->s_family, 0);
	ck_assert_uint_eq(weir_stream_self_addr(NULL)->s_family, 0);
}
END_TEST

START_TEST(a_failed_alloc_leaves_the_pointer_alone)
{
	weir_stream_dialer *d = (weir_stream_dialer *)(void *)&tx;
	weir_stream_listener *l = (weir_stream_listener *)(void *)&tx;

	ck_assert_int_eq(weir_stream_dialer_alloc(&d, "nonsense"), WEIR_EINVAL);
	ck_assert_ptr_eq((void *)d, (void *)&tx);
	ck_assert_int_eq(weir_stream_dialer_alloc(&d, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&l, "nonsense"), WEIR_EINVAL);
	ck_assert_ptr_eq((void *)l, (void *)&tx);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, NULL), WEIR_EINVAL);
}
END_TEST

/* All four calls with an empty iov, on a. */
static void
expect_empty(weir_err recv, weir_err send)
{
	void (*const calls[])(weir_stream *, weir_aio *) = {weir_stream_recv,
	    weir_stream_recv_exactly, weir_stream_send, weir_stream_send_all};
	weir_iov holes[2] = {{NULL, 0}, {NULL, 0}};
	struct op op;

	op_init(&op);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(
		    weir_aio_set_iov(op.aio, i < 4 ? 0 : 2, holes), WEIR_OK);
		calls[i % 4](a, op.aio);
		ck_assert_int_eq(op_wait(&op), i % 4 < 2 ? recv : send);
		ck_assert_uint_eq(op.count, 0);
	}
	op_fini(&op);
}

START_TEST(an_empty_iov_does_not_wait_for_readiness_or_behind_others)
{
	char buf[8];

	net_pair((enum net_kind)_i, &a, &b);
	/* Nothing is there, and weir knows it. */
	ck_assert_int_eq(weir_aio_set_timeout(rx.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_timeout(rx.aio, WEIR_INFINITE), WEIR_OK);
	expect_empty(WEIR_OK, WEIR_OK);
	pend_both();
	expect_empty(WEIR_OK, WEIR_OK);
	ck_assert(op_pending(&tx));
	ck_assert(op_pending(&rx));
}
END_TEST

START_TEST(an_empty_iov_does_not_hide_what_was_ended_here)
{
	net_pair((enum net_kind)_i, &a, &b);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_OK);
	expect_empty(WEIR_OK, WEIR_ECLOSED);
	weir_stream_close(a);
	expect_empty(WEIR_ECLOSED, WEIR_ECLOSED);
}
END_TEST

static unsigned misuses;

static void
count_misuse(void *arg, const weir_misuse *misuse)
{
	(void)arg;
	(void)misuse;
	misuses++;
}

START_TEST(a_handle_of_another_kind_is_misuse_and_refused)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream *wrong = (weir_stream *)(void *)l;

	misuses = 0;
	weir_misuse_set(count_misuse, NULL);
	weir_stream_recv(wrong, rx.aio);
	ck_assert_uint_eq(misuses, 1);
	ck_assert(!weir_aio_busy(rx.aio));
	weir_stream_close(wrong);
	weir_stream_free(wrong);
	ck_assert_int_eq(weir_stream_shutdown(wrong), WEIR_EMISUSE);
	ck_assert_uint_eq(misuses, 4);
	weir_stream_dialer_dial((weir_stream_dialer *)(void *)l, rx.aio);
	weir_stream_dialer_free((weir_stream_dialer *)(void *)l);
	ck_assert_uint_eq(misuses, 6);
	weir_misuse_set(NULL, NULL);
	ck_assert(op_pending(&rx));
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(before_init_and_after_fini_there_is_nothing_to_make)
{
	weir_stream_dialer *d;
	weir_stream_listener *l;

	ck_assert_int_eq(
	    weir_stream_dialer_alloc(&d, "tcp://127.0.0.1:1"), WEIR_ESTATE);
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&l, "tcp://127.0.0.1:1"), WEIR_ESTATE);
}
END_TEST

/* In the child: everything refuses, and the parent's connection lives on. */
static int
child(weir_stream_dialer *d, weir_stream_listener *l)
{
	weir_stream_dialer *d2;
	weir_stream_listener *l2;
	bool value;
	int n;

	if (weir_stream_dialer_alloc(&d2, "tcp://127.0.0.1:1") != WEIR_EFORK ||
	    weir_stream_listener_alloc(&l2, "tcp://127.0.0.1:1") !=
		WEIR_EFORK ||
	    weir_stream_listener_listen(l) != WEIR_EFORK ||
	    weir_stream_shutdown(a) != WEIR_EFORK ||
	    weir_stream_get_bool(a, WEIR_OPT_TCP_NODELAY, &value) !=
		WEIR_EFORK ||
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &n) !=
		WEIR_EFORK) {
		return 1;
	}
	weir_stream_recv(a, rx.aio);
	weir_stream_send(a, tx.aio);
	weir_stream_dialer_dial(d, tx.aio);
	weir_stream_listener_accept(l, tx.aio);
	weir_stream_close(a);
	weir_stream_stop(a);
	weir_stream_free(a);
	weir_stream_dialer_close(d);
	weir_stream_dialer_free(d);
	weir_stream_listener_close(l);
	weir_stream_listener_free(l);
	return 0;
}

START_TEST(a_forked_child_is_refused_and_does_no_harm)
{
	char url[NET_URL_MAX], buf[8];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *c, *e;
	int status;
	pid_t pid;

	net_pair((enum net_kind)_i, &a, &b);
	pid = fork();
	if (pid == 0) {
		_exit(child(d, l));
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(op_send(&tx, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_int_eq(op_dial(&tx, d, &c), WEIR_OK);
	ck_assert_int_eq(op_accept(&rx, l, &e), WEIR_OK);
	weir_stream_free(c);
	weir_stream_free(e);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
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
	TCase *tc = tcase_create("states");
	TCase *down = tcase_create("down");

	tcase_add_checked_fixture(tc, setup, teardown);
	add(tc, close_ends_pending_operations);
	add(tc, stop_ends_pending_operations);
	add(tc, free_ends_pending_operations);
	add(tc, many_pending_operations_end_with_close);
	add(tc, what_was_sent_before_close_is_delivered);
	add(tc, cancel_timeout_and_stop_take_out_one_operation_only);
	add(tc, a_stream_may_be_freed_in_the_callback_of_its_operation);
	add(tc, a_stream_may_be_closed_in_the_callback_of_its_operation);
	add(tc, an_empty_iov_does_not_wait_for_readiness_or_behind_others);
	add(tc, an_empty_iov_does_not_hide_what_was_ended_here);
	add(tc, a_handle_of_another_kind_is_misuse_and_refused);
	add(tc, a_forked_child_is_refused_and_does_no_harm);
	tcase_add_test(
	    tc, null_objects_are_ignored_and_their_operations_invalid);
	tcase_add_test(tc, a_failed_alloc_leaves_the_pointer_alone);
	suite_add_tcase(s, tc);
	tcase_add_test(
	    down, before_init_and_after_fini_there_is_nothing_to_make);
	suite_add_tcase(s, down);
	return run_suite(s);
}
