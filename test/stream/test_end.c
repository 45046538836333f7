/*
 * test_end - how a connection has ended is told for good, and it ends for the
 * peer whoever else holds the socket.
 */
#include "stream/net.h"
#include "stream/stream.h"
#include "support/rt.h"
#include "support/run.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 200
#define SENDS_MAX 100000
#define CHILD_S 25

static weir_stream *a, *b;
static struct op tx, rx;
static int listener = -1;
static weir_stream_dialer *d;

static void
setup(void)
{
	char url[NET_URL_MAX];
	uint16_t port;

	rt_setup();
	op_init(&tx);
	op_init(&rx);
	listener = net_bare_listen(4, &port);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
	d = net_dialer(url);
}

static void
teardown(void)
{
	op_fini(&tx);
	op_fini(&rx);
	weir_stream_free(a);
	weir_stream_free(b);
	a = b = NULL;
	weir_stream_dialer_free(d);
	(void)close(listener);
	rt_teardown();
}

/* A connection to a peer of the bare system. */
static int
bare_pair(void)
{
	int peer;

	ck_assert_int_eq(op_dial(&tx, d, &a), WEIR_OK);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	return peer;
}

/* All operations on a end so, each time. */
static void
expect_all(weir_err want)
{
	char buf[8] = "";

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), want);
		ck_assert_int_eq(op_send(&tx, a, buf, sizeof(buf)), want);
		ck_assert_int_eq(
		    op_recv_exactly(&rx, a, buf, sizeof(buf)), want);
		ck_assert_int_eq(op_send_all(&tx, a, buf, sizeof(buf)), want);
	}
}

/* Send until that fails. */
static weir_err
send_on(void)
{
	weir_err err = WEIR_OK;

	for (int i = 0; i < SENDS_MAX && err == WEIR_OK; i++) {
		err = op_send(&tx, a, "x", 1);
	}
	return err;
}

START_TEST(a_reset_that_a_receive_has_met_is_told_each_time)
{
	char buf[8];
	int peer = bare_pair();

	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(a, rx.aio);
	net_bare_reset(peer);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNRESET);
	expect_all(WEIR_ECONNRESET);
	/* What we end ourselves is told as that. */
	weir_stream_close(a);
	expect_all(WEIR_ECLOSED);
}
END_TEST

START_TEST(a_reset_that_a_send_has_met_is_no_end_to_a_receive)
{
	net_bare_reset(bare_pair());
	ck_assert_int_eq(send_on(), WEIR_ECONNRESET);
	expect_all(WEIR_ECONNRESET);
}
END_TEST

START_TEST(a_message_cut_by_a_reset_is_no_whole_one)
{
	char buf[8];
	int peer = bare_pair();

	ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
	net_bare_reset(peer);
	ck_assert_int_eq(send_on(), WEIR_ECONNRESET);
	/* What came before may still be read; then, no end. */
	if (op_recv(&rx, a, buf, sizeof(buf)) == WEIR_OK) {
		ck_assert_uint_eq(rx.count, 3);
	}
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_ECONNRESET);
}
END_TEST

START_TEST(a_unix_peer_that_left_bytes_unread_has_reset)
{
	char buf[8];

	net_pair(NET_UNIX, &a, &b);
	ck_assert_int_eq(op_send(&tx, a, "abc", 3), WEIR_OK);
	weir_stream_free(b);
	b = NULL;
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_ECONNRESET);
	expect_all(WEIR_ECONNRESET);
}
END_TEST

START_TEST(a_message_that_ended_stays_whole_when_sends_fail)
{
	char buf[8];
	int peer = bare_pair();

	ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
	ck_assert_int_eq(close(peer), 0);
	ck_assert_int_eq(send_on(), WEIR_ECLOSED);
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(rx.count, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    op_recv(&rx, a, buf, sizeof(buf)), WEIR_ECONNSHUT);
	}
}
END_TEST

static pthread_barrier_t gate;

static void *
sender_main(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&gate);
		weir_stream_send(a, tx.aio);
		pthread_barrier_wait(&gate);
	}
	return NULL;
}

START_TEST(a_reset_that_a_send_meets_at_this_moment_is_no_end_either)
{
	pthread_t sender;
	char buf[8];

	ck_assert_int_eq(pthread_barrier_init(&gate, NULL, 2), 0);
	ck_assert_int_eq(pthread_create(&sender, NULL, sender_main, NULL), 0);
	for (int i = 0; i < ROUNDS; i++) {
		net_bare_reset(bare_pair());
		op_buf(&tx, "x", 1);
		op_buf(&rx, buf, sizeof(buf));
		pthread_barrier_wait(&gate);
		weir_stream_recv(a, rx.aio);
		pthread_barrier_wait(&gate);
		(void)op_wait(&tx);
		ck_assert_int_eq(op_wait(&rx), WEIR_ECONNRESET);
		weir_stream_free(a);
		a = NULL;
	}
	ck_assert_int_eq(pthread_join(sender, NULL), 0);
	pthread_barrier_destroy(&gate);
}
END_TEST

/*
 * The system has given the reset to a send, which has not told it yet: to the
 * receive it says "end".  Only by hand are the two so far apart.
 */
START_TEST(a_receive_at_the_end_waits_for_what_a_send_knows)
{
	char buf[8];

	net_pair((enum net_kind)_i, &a, &b);
	wri_store(&a->sending, 1, WRI_RLX);
	weir_stream_free(b);
	b = NULL;
	op_buf(&rx, buf, sizeof(buf));
	if (_i % 2 == 0) {
		weir_stream_recv(a, rx.aio);
	} else {
		weir_stream_recv_exactly(a, rx.aio);
	}
	wri_store(&a->broken, WEIR_ECONNRESET, WRI_RLX);
	wri_store(&a->sending, 0, WRI_REL);
	ck_assert_int_eq(op_wait(&rx), WEIR_ECONNRESET);
	ck_assert_int_eq(op_recv(&rx, a, buf, sizeof(buf)), WEIR_ECONNRESET);
}
END_TEST

/* A child that holds all descriptors until the pipe is closed. */
static pid_t
holder(int *until)
{
	int fds[2];
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		(void)alarm(CHILD_S);
		(void)close(fds[1]);
		_exit(read(fds[0], &c, 1) == 0 ? 0 : 1);
	}
	ck_assert_int_gt(pid, 0);
	(void)close(fds[0]);
	*until = fds[1];
	return pid;
}

START_TEST(free_ends_the_connection_that_a_forked_child_still_holds)
{
	char buf[8];
	int until, status;
	pid_t pid;

	net_pair((enum net_kind)_i, &a, &b);
	pid = holder(&until);
	ck_assert_int_eq(op_send(&tx, a, "abc", 3), WEIR_OK);
	weir_stream_free(a);
	a = NULL;
	ck_assert_int_eq(
	    weir_aio_set_timeout(rx.aio, WEIR_SECONDS(5)), WEIR_OK);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(rx.count, 3);
	ck_assert_int_eq(op_recv(&rx, b, buf, sizeof(buf)), WEIR_ECONNSHUT);
	/* The child has held it all the time. */
	ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	ck_assert_int_eq(close(until), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("end");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_reset_that_a_receive_has_met_is_told_each_time);
	tcase_add_test(tc, a_reset_that_a_send_has_met_is_no_end_to_a_receive);
	tcase_add_test(tc, a_message_cut_by_a_reset_is_no_whole_one);
	tcase_add_test(tc, a_unix_peer_that_left_bytes_unread_has_reset);
	tcase_add_test(tc, a_message_that_ended_stays_whole_when_sends_fail);
	tcase_add_test(
	    tc, a_reset_that_a_send_meets_at_this_moment_is_no_end_either);
	tcase_add_loop_test(
	    tc, a_receive_at_the_end_waits_for_what_a_send_knows, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    free_ends_the_connection_that_a_forked_child_still_holds, 0,
	    NET_KINDS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
