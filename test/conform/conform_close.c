/*
 * conform_close - sections 13 and 18: how streams end; traps 1 and 12.
 */
#include "conform/con_net.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct con_net n;

#define NET_TEST(name)                                                         \
	static void name##_on(void);                                           \
	START_TEST(name)                                                       \
	{                                                                      \
		con_net_init(&n, (enum con_kind)_i);                           \
		name##_on();                                                   \
		con_net_fini(&n);                                              \
	}                                                                      \
	END_TEST                                                               \
	static void name##_on(void)

static char buf[64];

/* A receive that waits on far. */
static void
wait_recv(void)
{
	con_op_buf(&n.b, buf, sizeof(buf));
	nng_stream_recv(n.far, n.b.aio);
	ck_assert(nng_aio_busy(n.b.aio));
}

static void
free_far(void *arg)
{
	(void)arg;
	nng_stream_free(n.far);
}

/* The close may be on its way still when the callback frees; sanitizers see
 * what it touches then. */
NET_TEST(a_callback_may_free_the_stream_whose_close_ended_it)
{
	for (unsigned i = 0; i < 50; i++) {
		nng_aio *aio = NULL;

		ck_assert_int_eq(nng_aio_alloc(&aio, free_far, NULL), NNG_OK);
		ck_assert_int_eq(
		    nng_aio_set_iov(aio, 1, &(nng_iov){buf, sizeof(buf)}),
		    NNG_OK);
		nng_stream_recv(n.far, aio);
		nng_stream_close(n.far);
		nng_aio_wait(aio);
		ck_assert_int_eq(nng_aio_result(aio), NNG_ECLOSED);
		nng_aio_free(aio);
		nng_stream_free(n.near);
		con_net_connect(&n, &n.near, &n.far);
	}
}

NET_TEST(close_ends_what_is_pending_with_closed)
{
	wait_recv();
	nng_stream_close(n.far);
	ck_assert_int_eq(con_end(&n.b), NNG_ECLOSED);
}

NET_TEST(close_ends_a_send_that_waits)
{
	con_net_fill(&n);
	nng_stream_close(n.near);
	ck_assert_int_eq(con_end(&n.a), NNG_ECLOSED);
}

NET_TEST(stop_and_free_end_what_is_pending_with_closed)
{
	wait_recv();
	nng_stream_stop(n.far);
	ck_assert_int_eq(con_end(&n.b), NNG_ECLOSED);
	con_op_buf(&n.a, buf, sizeof(buf));
	nng_stream_recv(n.near, n.a.aio);
	nng_stream_free(n.near);
	n.near = NULL;
	ck_assert(con_end(&n.a) == NNG_ECLOSED ||
		  nng_aio_result(n.a.aio) == NNG_ECONNSHUT);
}

NET_TEST(a_stream_closed_here_gives_closed_at_once)
{
	nng_stream_close(n.far);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    con_recv(&n.b, n.far, buf, sizeof(buf)), NNG_ECLOSED);
		ck_assert_int_eq(con_send(&n.b, n.far, "x", 1), NNG_ECLOSED);
	}
}

NET_TEST(close_and_stop_may_be_repeated)
{
	nng_stream_close(n.far);
	nng_stream_close(n.far);
	nng_stream_stop(n.far);
	nng_stream_stop(n.far);
	nng_stream_close(n.far);
}

NET_TEST(what_was_sent_before_the_close_is_delivered_then_shut_every_time)
{
	con_send_all(&n.a, n.near, "last words", 10);
	nng_stream_close(n.near);
	con_recv_all(&n.b, n.far, buf, 10);
	ck_assert_int_eq(memcmp(buf, "last words", 10), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    con_recv(&n.b, n.far, buf, sizeof(buf)), NNG_ECONNSHUT);
		ck_assert_uint_eq(nng_aio_count(n.b.aio), 0);
	}
}

NET_TEST(a_receive_that_waits_is_shut_when_the_peer_closes)
{
	wait_recv();
	nng_stream_close(n.near);
	ck_assert_int_eq(con_end(&n.b), NNG_ECONNSHUT);
}

NET_TEST(all_receives_that_wait_are_shut_when_the_peer_closes)
{
	struct con_op ops[4];

	for (int i = 0; i < 4; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_op_buf(&ops[i], buf, 1);
		nng_stream_recv(n.far, ops[i].aio);
	}
	nng_stream_free(n.near);
	n.near = NULL;
	for (int i = 0; i < 4; i++) {
		con_op_expect(&ops[i], 1, NNG_ECONNSHUT);
		con_op_fini(&ops[i]);
	}
}

static bool
refused_send(nng_err err)
{
	return err == NNG_ECLOSED || err == NNG_ECONNSHUT ||
	       err == NNG_ECONNRESET;
}

NET_TEST(sends_to_a_closed_peer_fail_in_the_end_and_raise_no_signal)
{
	nng_err err = NNG_OK;

	/* A SIGPIPE would end this process. */
	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	nng_stream_free(n.far);
	n.far = NULL;
	/* The kernel takes some before it knows. */
	for (int i = 0; i < 100000 && err == NNG_OK; i++) {
		err = con_send(&n.a, n.near, "x", 1);
	}
	ck_assert_msg(refused_send(err), "%d", (int)err);
	ck_assert(refused_send(con_send(&n.a, n.near, "x", 1)));
}

NET_TEST(a_send_that_waits_fails_when_the_peer_closes)
{
	nng_err err = NNG_OK;

	con_net_fill(&n);
	nng_stream_free(n.far);
	n.far = NULL;
	/* The kernel may take a little before it knows. */
	for (int i = 0; i < 100000 && err == NNG_OK; i++) {
		err = con_end(&n.a);
		if (err == NNG_OK) {
			nng_stream_send(n.near, n.a.aio);
		}
	}
	ck_assert_msg(refused_send(err), "%d", (int)err);
}

NET_TEST(a_stream_outlives_its_dialer_and_listener)
{
	nng_stream_dialer_free(n.d);
	nng_stream_listener_free(n.l);
	n.d = NULL;
	n.l = NULL;
	con_send_all(&n.a, n.near, "alive", 5);
	con_recv_all(&n.b, n.far, buf, 5);
	ck_assert_int_eq(memcmp(buf, "alive", 5), 0);
}

static void
free_own(struct con_op *o)
{
	nng_stream **sp = o->arg;

	nng_stream_close(*sp);
	nng_stream_free(*sp);
	*sp = NULL;
}

NET_TEST(a_stream_is_freed_in_a_callback)
{
	struct con_op o;

	con_op_init(&o, free_own, &n.far);
	con_op_buf(&o, buf, sizeof(buf));
	nng_stream_recv(n.far, o.aio);
	con_send_all(&n.a, n.near, "x", 1);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_ptr_null(n.far);
	ck_assert_int_eq(
	    con_recv(&n.a, n.near, buf, sizeof(buf)), NNG_ECONNSHUT);
	con_op_fini(&o);
}

NET_TEST(a_callback_is_told_closed_once_and_may_submit_again)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	con_op_buf(&o, buf, sizeof(buf));
	nng_stream_recv(n.far, o.aio);
	nng_stream_close(n.far);
	con_op_expect(&o, 1, NNG_ECLOSED);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	con_op_fini(&o);
}

START_TEST(null_streams_dialers_and_listeners_may_be_ended)
{
	nng_stream_close(NULL);
	nng_stream_stop(NULL);
	nng_stream_free(NULL);
	nng_stream_dialer_close(NULL);
	nng_stream_dialer_stop(NULL);
	nng_stream_dialer_free(NULL);
	nng_stream_listener_close(NULL);
	nng_stream_listener_stop(NULL);
	nng_stream_listener_free(NULL);
}
END_TEST

/* A stream, and the naked descriptor at its other end. */
static nng_stream *
half_naked(int *fd)
{
	nng_stream *s;
	int fds[2];

	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_set_int(n.l, NNG_OPT_SOCKET_FD, fds[0]), 0);
	ck_assert_int_eq(con_accept(&n.a, n.l, &s), NNG_OK);
	*fd = fds[1];
	return s;
}

START_TEST(a_peer_that_only_shut_its_sending_side_still_receives)
{
	nng_stream *s;
	int fd;

	con_net_listen(&n, CON_SOCKET);
	s = half_naked(&fd);
	ck_assert_int_eq(write(fd, "end", 3), 3);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	con_recv_all(&n.a, s, buf, 3);
	ck_assert_int_eq(con_recv(&n.a, s, buf, 1), NNG_ECONNSHUT);
	ck_assert_int_eq(con_send(&n.a, s, "still", 5), NNG_OK);
	ck_assert_int_eq(read(fd, buf, sizeof(buf)), 5);
	ck_assert_int_eq(con_recv(&n.a, s, buf, 1), NNG_ECONNSHUT);
	ck_assert_int_eq(close(fd), 0);
	nng_stream_free(s);
	con_net_fini(&n);
}
END_TEST

START_TEST(a_reset_connection_is_reset_or_shut)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	struct con_op o;
	nng_stream *s;
	nng_err err;
	int port;
	int fd;

	con_net_listen(&n, CON_TCP);
	con_op_init(&o, NULL, NULL);
	ck_assert_int_eq(
	    nng_stream_listener_get_int(n.l, NNG_OPT_BOUND_PORT, &port), 0);
	fd = con_net_naked(port);
	ck_assert_int_eq(con_accept(&o, n.l, &s), NNG_OK);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	if (_i == 0) {
		con_op_buf(&n.a, buf, sizeof(buf));
		nng_stream_recv(s, n.a.aio);
		ck_assert_int_eq(close(fd), 0);
		err = con_end(&n.a);
	} else {
		ck_assert_int_eq(close(fd), 0);
		err = con_recv(&n.a, s, buf, sizeof(buf));
	}
	ck_assert_msg(
	    err == NNG_ECONNRESET || err == NNG_ECONNSHUT, "%d", (int)err);
	err = con_recv(&n.a, s, buf, sizeof(buf));
	ck_assert_msg(
	    err == NNG_ECONNRESET || err == NNG_ECONNSHUT, "%d", (int)err);
	nng_stream_free(s);
	con_op_fini(&o);
	con_net_fini(&n);
}
END_TEST

START_TEST(fini_ends_streams_with_stopped_and_all_may_be_freed_after)
{
	struct rt_counts before = rt_count();
	struct con_op o;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_net_init(&n, (enum con_kind)_i);
	con_op_init(&o, NULL, NULL);
	con_op_buf(&o, buf, sizeof(buf));
	nng_stream_recv(n.far, o.aio);
	nng_fini();
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	ck_assert_int_eq(o.results[0], NNG_ESTOPPED);
	con_op_fini(&o);
	con_net_fini(&n);
	rt_expect_counts(before);
}
END_TEST

#define ON_ALL(name) tcase_add_loop_test(tc, name, 0, CON_KINDS)

int
main(void)
{
	Suite *suite = suite_create("conform/close");
	TCase *tc = con_case(suite, "close");

	ON_ALL(a_callback_may_free_the_stream_whose_close_ended_it);
	ON_ALL(close_ends_what_is_pending_with_closed);
	ON_ALL(close_ends_a_send_that_waits);
	ON_ALL(stop_and_free_end_what_is_pending_with_closed);
	ON_ALL(a_stream_closed_here_gives_closed_at_once);
	ON_ALL(close_and_stop_may_be_repeated);
	ON_ALL(
	    what_was_sent_before_the_close_is_delivered_then_shut_every_time);
	ON_ALL(a_receive_that_waits_is_shut_when_the_peer_closes);
	ON_ALL(all_receives_that_wait_are_shut_when_the_peer_closes);
	ON_ALL(sends_to_a_closed_peer_fail_in_the_end_and_raise_no_signal);
	ON_ALL(a_send_that_waits_fails_when_the_peer_closes);
	ON_ALL(a_stream_outlives_its_dialer_and_listener);
	ON_ALL(a_stream_is_freed_in_a_callback);
	ON_ALL(a_callback_is_told_closed_once_and_may_submit_again);
	tcase_add_test(tc, null_streams_dialers_and_listeners_may_be_ended);
	tcase_add_test(
	    tc, a_peer_that_only_shut_its_sending_side_still_receives);
	tcase_add_loop_test(tc, a_reset_connection_is_reset_or_shut, 0, 2);

	tc = con_case_bare(suite, "fini");
	ON_ALL(fini_ends_streams_with_stopped_and_all_may_be_freed_after);
	return run_suite(suite);
}
