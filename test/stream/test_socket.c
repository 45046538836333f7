/*
 * test_socket - descriptors that the program brings: socket://, streams made of
 * them, pairs.
 */
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD WEIR_OPT_SOCKET_FD

static weir_stream_listener *l;
static struct op op, other;

static void
setup(void)
{
	rt_setup();
	op_init(&op);
	op_init(&other);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, "socket://"), WEIR_OK);
}

static void
teardown(void)
{
	weir_stream_listener_free(l);
	op_fini(&op);
	op_fini(&other);
	for (int i = 0; i < WRI_SYS_CALLS; i++) {
		wri_sys_fail_at((enum wri_sys_call)i, 0, 0);
	}
	wri_mem_fail_at(0);
	rt_teardown();
}

static weir_err
feed(int fd)
{
	return weir_stream_listener_set_int(l, FD, fd);
}

/* Feed one end of a new pair; the other end. */
static int
feed_one(void)
{
	int fds[2];

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_OK);
	return fds[1];
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Does the stream have this other end? */
static void
expect_ends(weir_stream *s, int peer)
{
	char byte = 0;

	ck_assert_int_eq(op_send_all(&op, s, "x", 1), WEIR_OK);
	ck_assert_int_eq(read(peer, &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(write(peer, "y", 1), 1);
	ck_assert_int_eq(op_recv(&op, s, &byte, 1), WEIR_OK);
	ck_assert_int_eq(byte, 'y');
}

/* --- socket:// ---------------------------------------------------------------
 */

START_TEST(descriptors_are_accepted_in_the_order_given)
{
	int peers[3];
	weir_stream *s;

	for (int i = 0; i < 3; i++) {
		peers[i] = feed_one();
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
		expect_ends(s, peers[i]);
		weir_stream_free(s);
		close(peers[i]);
	}
}
END_TEST

START_TEST(accepts_that_wait_get_them_in_their_order)
{
	weir_stream *s1, *s2;
	int p1, p2;

	weir_stream_listener_accept(l, op.aio);
	weir_stream_listener_accept(l, other.aio);
	ck_assert(op_pending(&op));
	p1 = feed_one();
	ck_assert_int_eq(op_wait(&op), WEIR_OK);
	ck_assert(op_pending(&other));
	s1 = op.out;
	p2 = feed_one();
	ck_assert_int_eq(op_wait(&other), WEIR_OK);
	s2 = other.out;
	expect_ends(s1, p1);
	expect_ends(s2, p2);
	weir_stream_free(s1);
	weir_stream_free(s2);
	close(p1);
	close(p2);
}
END_TEST

START_TEST(listen_is_not_needed_and_does_nothing)
{
	weir_stream *s;
	int peer;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	}
	peer = feed_one();
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	weir_stream_free(s);
	close(peer);
	weir_stream_listener_close(l);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ECLOSED);
}
END_TEST

START_TEST(sixteen_wait_and_one_more_has_no_room)
{
	int peers[WEIR_SOCKET_FD_MAX], fds[2];
	weir_stream *s;

	ck_assert_int_eq(WEIR_SOCKET_FD_MAX, 16);
	for (int i = 0; i < WEIR_SOCKET_FD_MAX; i++) {
		peers[i] = feed_one();
	}
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_ENOSPC);
	ck_assert(is_open(fds[0]));
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	expect_ends(s, peers[0]);
	weir_stream_free(s);
	ck_assert_int_eq(feed(fds[0]), WEIR_OK);
	for (int i = 1; i < WEIR_SOCKET_FD_MAX; i++) {
		ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
		expect_ends(s, peers[i]);
		weir_stream_free(s);
	}
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	expect_ends(s, fds[1]);
	weir_stream_free(s);
	close(fds[1]);
	for (int i = 0; i < WEIR_SOCKET_FD_MAX; i++) {
		close(peers[i]);
	}
}
END_TEST

/* What is no connected stream socket stays the caller's. */
START_TEST(what_is_no_connected_stream_socket_is_invalid)
{
	int fds[2], pipes[2], plain, fd;
	uint16_t port;

	ck_assert_int_eq(feed(-1), WEIR_EINVAL);
	ck_assert_int_eq(feed(100000), WEIR_EINVAL);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(feed(pipes[0]), WEIR_EINVAL);
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(feed(fds[0]), WEIR_EINVAL);
	plain = net_bare_listen(1, &port);
	ck_assert_int_eq(feed(plain), WEIR_EINVAL);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(feed(fd), WEIR_EINVAL);
	ck_assert(is_open(pipes[0]) && is_open(fds[0]) && is_open(plain) &&
		  is_open(fd));
	weir_stream_listener_close(l);
	ck_assert_int_eq(feed(-1), WEIR_EINVAL);
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_ECLOSED);
	ck_assert(is_open(fds[0]));
	close(fds[0]);
	close(fds[1]);
	close(pipes[0]);
	close(pipes[1]);
	close(plain);
	close(fd);
}
END_TEST

START_TEST(a_descriptor_that_weir_has_is_refused)
{
	int fds[2];
	weir_stream *s;

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_EEXIST);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_EEXIST);
	expect_ends(s, fds[1]);
	weir_stream_free(s);
	ck_assert(!is_open(fds[0]));
	close(fds[1]);
}
END_TEST

START_TEST(a_descriptor_given_is_nonblocking_and_close_on_exec)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(feed(fds[0]), WEIR_OK);
	ck_assert_int_ne(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	close(fds[1]);
}
END_TEST

START_TEST(close_ends_accepts_and_closes_what_waits)
{
	weir_stream_listener *second;
	char byte;
	int peer = feed_one();
	weir_stream *s;

	ck_assert_int_eq(
	    weir_stream_listener_alloc(&second, "socket://x"), WEIR_OK);
	weir_stream_listener_accept(second, other.aio);
	weir_stream_listener_close(second);
	ck_assert_int_eq(op_wait(&other), WEIR_ECLOSED);
	weir_stream_listener_close(second);
	weir_stream_listener_free(second);
	weir_stream_listener_close(l);
	ck_assert_int_eq(read(peer, &byte, 1), 0);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ECLOSED);
	close(peer);
}
END_TEST

START_TEST(free_without_close_ends_accepts_and_closes_what_waits)
{
	weir_stream_listener *second;
	int fds[2];
	char byte;

	ck_assert_int_eq(
	    weir_stream_listener_alloc(&second, "socket://"), WEIR_OK);
	weir_stream_listener_accept(second, other.aio);
	weir_stream_listener_free(second);
	ck_assert_int_eq(op_wait(&other), WEIR_ECLOSED);
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&second, "socket://"), WEIR_OK);
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_set_int(second, FD, fds[0]), WEIR_OK);
	weir_stream_listener_free(second);
	ck_assert_int_eq(read(fds[1], &byte, 1), 0);
	close(fds[1]);
}
END_TEST

START_TEST(an_accept_can_be_ended_by_all_that_ends_operations)
{
	weir_stream *s;
	int peer;

	weir_stream_listener_accept(l, op.aio);
	weir_aio_cancel(op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_ECANCELED);
	weir_aio_set_timeout(op.aio, WEIR_MS(1));
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ETIMEDOUT);
	weir_aio_set_timeout(op.aio, 0);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ETIMEDOUT);
	peer = feed_one();
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK); /* a poll */
	weir_stream_free(s);
	close(peer);
}
END_TEST

START_TEST(the_ends_of_a_given_socket_have_no_address)
{
	int peer = feed_one(), id = -1;
	weir_stream *s;
	weir_sockaddr sa;

	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	ck_assert_uint_eq(weir_stream_peer_addr(s)->s_family, WEIR_AF_UNSPEC);
	ck_assert_uint_eq(weir_stream_self_addr(s)->s_family, WEIR_AF_UNSPEC);
	ck_assert_int_eq(
	    weir_stream_get_int(s, WEIR_OPT_PEER_PID, &id), WEIR_OK);
	ck_assert_int_eq(id, (int)getpid());
	ck_assert_int_eq(
	    weir_stream_get_int(s, WEIR_OPT_PEER_UID, &id), WEIR_OK);
	ck_assert_int_eq(id, (int)geteuid());
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, FD, &id), WEIR_EWRITEONLY);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, FD, true), WEIR_EBADTYPE);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_ENOTSUP);
	weir_stream_free(s);
	close(peer);
}
END_TEST

START_TEST(a_tcp_socket_may_be_given_and_has_no_peer_ids)
{
	uint16_t port;
	int plain = net_bare_listen(4, &port), id;
	int fd = net_bare_connect(port);
	int peer = accept(plain, NULL, NULL);
	weir_stream *s;

	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(feed(fd), WEIR_OK);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	expect_ends(s, peer);
	ck_assert_int_eq(
	    weir_stream_get_int(s, WEIR_OPT_PEER_UID, &id), WEIR_ENOTSUP);
	ck_assert_uint_eq(weir_stream_peer_addr(s)->s_family, WEIR_AF_UNSPEC);
	weir_stream_free(s);
	close(peer);
	close(plain);
}
END_TEST

START_TEST(sending_to_a_peer_that_has_gone_raises_no_signal)
{
	int peer = feed_one();
	weir_stream *s;
	char byte;

	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	close(peer);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	ck_assert_int_eq(op_send(&op, s, "x", 1), WEIR_ECLOSED);
	ck_assert_int_eq(op_recv(&op, s, &byte, 1), WEIR_ECONNSHUT);
	weir_stream_free(s);
}
END_TEST

START_TEST(what_fails_leaves_the_descriptor_with_the_caller)
{
	static const struct {
		enum wri_sys_call call;
		unsigned n;
		int eno;
		weir_err want;
	} rows[] = {
	    {WRI_SYS_GETSOCKOPT, 1, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_GETSOCKOPT, 2, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_GETPEERNAME, 1, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_FCNTL, 1, EPERM, WEIR_EPERM},
	    {WRI_SYS_FCNTL, 2, EPERM, WEIR_EPERM},
	    {WRI_SYS_FCNTL, 3, EPERM, WEIR_EPERM},
	    {WRI_SYS_EPOLL_CTL, 1, ENOSPC, WEIR_ENOSPC},
	};
	struct rt_counts before;
	weir_stream *s;
	int fds[2];
	unsigned n;

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	before = rt_count();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wri_sys_fail_at(rows[i].call, rows[i].n, rows[i].eno);
		ck_assert_int_eq(feed(fds[0]), rows[i].want);
		wri_sys_fail_at(rows[i].call, rows[i].n, rows[i].eno);
		ck_assert_int_eq(weir_stream_from_fd(&s, fds[0]), rows[i].want);
		wri_sys_fail_at(rows[i].call, 0, 0);
		ck_assert(is_open(fds[0]));
	}
	for (n = 1;; n++) {
		weir_err err;

		wri_mem_fail_at(n);
		err = feed(fds[0]);
		if (err == WEIR_OK) {
			break;
		}
		ck_assert_int_eq(err, WEIR_ENOMEM);
		ck_assert(is_open(fds[0]));
	}
	wri_mem_fail_at(0);
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_eq(rt_count().fds, before.fds);
	/* No place was lost to the failures. */
	for (int i = 1; i < WEIR_SOCKET_FD_MAX; i++) {
		close(feed_one());
	}
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
	expect_ends(s, fds[1]);
	weir_stream_free(s);
	close(fds[1]);
}
END_TEST

START_TEST(a_listener_of_an_earlier_life_takes_and_gives_nothing)
{
	int fds[2], waits = feed_one();
	weir_stream *s;
	char byte;

	op_fini(&op);
	op_fini(&other);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	op_init(&op);
	op_init(&other);
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(feed(fds[0]), WEIR_ESTOPPED);
	ck_assert(is_open(fds[0]));
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ESTOPPED);
	ck_assert_int_eq(read(waits, &byte, 1), 0); /* it was closed */
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
	close(fds[0]);
	close(fds[1]);
	close(waits);
}
END_TEST

START_TEST(in_a_forked_child_nothing_is_given)
{
	int fds[2], status = 0;
	pid_t child;

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		weir_stream *s;
		weir_stream_listener *second;
		int bad = feed(fds[0]) != WEIR_EFORK;

		bad |= weir_stream_from_fd(&s, fds[0]) != WEIR_EFORK;
		bad |= weir_stream_listener_alloc(&second, "socket://") !=
		       WEIR_EFORK;
		weir_stream_listener_stop(l);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(feed(fds[0]), WEIR_OK);
	close(fds[1]);
}
END_TEST

static pthread_barrier_t race_start;

struct feeder {
	pthread_t id;
	int fds[2];
	weir_err err;
};

static void *
race_feed(void *arg)
{
	struct feeder *f = arg;

	(void)pthread_barrier_wait(&race_start);
	f->err = feed(f->fds[0]);
	return NULL;
}

/* A descriptor is the listener's or the caller's, never both or neither. */
START_TEST(two_that_feed_against_accept_and_stop)
{
	struct feeder feeders[2];
	struct rt_counts before = rt_count();

	weir_stream_listener_free(l);
	ck_assert_int_eq(pthread_barrier_init(&race_start, NULL, 3), 0);
	for (int round = 0; round < 200; round++) {
		unsigned given = 0;

		ck_assert_int_eq(
		    weir_stream_listener_alloc(&l, "socket://"), WEIR_OK);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(
			    weir_socket_pair(feeders[i].fds), WEIR_OK);
			ck_assert_int_eq(pthread_create(&feeders[i].id, NULL,
					     race_feed, &feeders[i]),
			    0);
		}
		(void)pthread_barrier_wait(&race_start);
		weir_stream_listener_accept(l, op.aio);
		weir_stream_listener_stop(l);
		for (int i = 0; i < 2; i++) {
			char byte;

			ck_assert_int_eq(pthread_join(feeders[i].id, NULL), 0);
			if (feeders[i].err == WEIR_OK) {
				given++;
			} else {
				ck_assert_int_eq(feeders[i].err, WEIR_ECLOSED);
				ck_assert_int_eq(
				    write(feeders[i].fds[0], "x", 1), 1);
				ck_assert_int_eq(
				    read(feeders[i].fds[1], &byte, 1), 1);
				close(feeders[i].fds[0]);
			}
		}
		if (op_wait(&op) == WEIR_OK) {
			ck_assert_uint_gt(given, 0);
			weir_stream_free(op.out);
		} else {
			ck_assert_int_eq(op.err, WEIR_ECLOSED);
		}
		weir_stream_listener_free(l);
		close(feeders[0].fds[1]);
		close(feeders[1].fds[1]);
	}
	l = NULL;
	ck_assert_int_eq(pthread_barrier_destroy(&race_start), 0);
	ck_assert_uint_le(rt_count().fds, before.fds);
}
END_TEST

/* --- Streams of descriptors, pairs -----------------------------------------
 */

START_TEST(a_stream_can_be_made_of_a_connected_descriptor)
{
	int fds[2];
	weir_stream *s;

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(weir_stream_from_fd(NULL, fds[0]), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_from_fd(&s, -1), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_from_fd(&s, fds[0]), WEIR_OK);
	ck_assert_uint_eq(weir_stream_peer_addr(s)->s_family, WEIR_AF_UNSPEC);
	expect_ends(s, fds[1]);
	weir_stream_free(s);
	ck_assert(!is_open(fds[0]));
	close(fds[1]);
}
END_TEST

START_TEST(a_stream_of_a_tcp_socket_is_a_tcp_stream)
{
	uint16_t port;
	int plain = net_bare_listen(4, &port);
	int fd = net_bare_connect(port);
	weir_stream *s;
	bool flag = true;

	ck_assert_int_eq(weir_stream_from_fd(&s, fd), WEIR_OK);
	ck_assert_uint_eq(weir_stream_peer_addr(s)->s_family, WEIR_AF_INET);
	ck_assert_uint_eq(weir_sockaddr_port(weir_stream_peer_addr(s)), port);
	ck_assert_uint_eq(weir_stream_self_addr(s)->s_family, WEIR_AF_INET);
	ck_assert_int_eq(
	    weir_stream_get_bool(s, WEIR_OPT_TCP_NODELAY, &flag), WEIR_OK);
	ck_assert(!flag); /* as it was given */
	weir_stream_free(s);
	close(plain);
}
END_TEST

START_TEST(a_pair_is_connected_blocking_and_close_on_exec)
{
	int fds[2] = {-7, -7};
	char byte;

	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq(write(fds[i], "x", 1), 1);
		ck_assert_int_eq(read(fds[1 - i], &byte, 1), 1);
	}
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		fds[i] = -7;
	}
	ck_assert_int_eq(weir_socket_pair(NULL), WEIR_EINVAL);
	wri_sys_fail_at(WRI_SYS_SOCKETPAIR, 1, EMFILE);
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_ENOFILES);
	for (unsigned n = 1; n < 3; n++) {
		wri_sys_fail_at(WRI_SYS_FCNTL, n, ENOMEM);
		ck_assert_int_eq(weir_socket_pair(fds), WEIR_ENOMEM);
		wri_sys_fail_at(WRI_SYS_FCNTL, 0, 0);
	}
	ck_assert_int_eq(fds[0], -7);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("socket");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, descriptors_are_accepted_in_the_order_given);
	tcase_add_test(tc, accepts_that_wait_get_them_in_their_order);
	tcase_add_test(tc, listen_is_not_needed_and_does_nothing);
	tcase_add_test(tc, sixteen_wait_and_one_more_has_no_room);
	tcase_add_test(tc, what_is_no_connected_stream_socket_is_invalid);
	tcase_add_test(tc, a_descriptor_that_weir_has_is_refused);
	tcase_add_test(tc, a_descriptor_given_is_nonblocking_and_close_on_exec);
	tcase_add_test(tc, close_ends_accepts_and_closes_what_waits);
	tcase_add_test(
	    tc, free_without_close_ends_accepts_and_closes_what_waits);
	tcase_add_test(tc, an_accept_can_be_ended_by_all_that_ends_operations);
	tcase_add_test(tc, the_ends_of_a_given_socket_have_no_address);
	tcase_add_test(tc, a_tcp_socket_may_be_given_and_has_no_peer_ids);
	tcase_add_test(tc, sending_to_a_peer_that_has_gone_raises_no_signal);
	tcase_add_test(tc, what_fails_leaves_the_descriptor_with_the_caller);
	tcase_add_test(
	    tc, a_listener_of_an_earlier_life_takes_and_gives_nothing);
	tcase_add_test(tc, in_a_forked_child_nothing_is_given);
	tcase_add_test(tc, two_that_feed_against_accept_and_stop);
	tcase_add_test(tc, a_stream_can_be_made_of_a_connected_descriptor);
	tcase_add_test(tc, a_stream_of_a_tcp_socket_is_a_tcp_stream);
	tcase_add_test(tc, a_pair_is_connected_blocking_and_close_on_exec);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
