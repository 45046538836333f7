/*
 * test_sys - system calls: what they add, EINTR, failing on purpose.
 */
#include "base/sys.h"
#include "support/fault.h"
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void
teardown(void)
{
	for (int which = 0; which < WRI_SYS_CALLS; which++) {
		wri_sys_fail_at((enum wri_sys_call)which, 0, 0);
	}
}

static void
expect_flags(int fd)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

/* A listener on a free port of the loopback; its address in *sin. */
static int
listener(struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int fd = wri_sys_socket(AF_INET, SOCK_STREAM, 0);

	*sin = (struct sockaddr_in){.sin_family = AF_INET};
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(
	    wri_sys_bind(fd, (struct sockaddr *)sin, sizeof(*sin)), 0);
	ck_assert_int_eq(wri_sys_listen(fd, 8), 0);
	ck_assert_int_eq(
	    wri_sys_getsockname(fd, (struct sockaddr *)sin, &len), 0);
	return fd;
}

/* What became of a connection: 0 or -errno. */
static int
sock_error(int fd)
{
	int eno = 0;
	socklen_t len = sizeof(eno);
	int r = wri_sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &eno, &len);

	return r != 0 ? r : -eno;
}

/* Two connected sockets. */
static void
pair(int fds[2])
{
	struct sockaddr_in sin;
	int l = listener(&sin);
	struct pollfd writable;
	int r;

	fds[0] = wri_sys_socket(AF_INET, SOCK_STREAM, 0);
	r = wri_sys_connect(fds[0], (struct sockaddr *)&sin, sizeof(sin));
	ck_assert(r == 0 || r == -EINPROGRESS);
	writable = (struct pollfd){.fd = fds[0], .events = POLLOUT};
	ck_assert_int_eq(wri_sys_poll(&writable, 1, 20000), 1);
	ck_assert_int_eq(sock_error(fds[0]), 0);
	writable = (struct pollfd){.fd = l, .events = POLLIN};
	ck_assert_int_eq(wri_sys_poll(&writable, 1, 20000), 1);
	fds[1] = wri_sys_accept(l, NULL, NULL);
	ck_assert_int_ge(fds[1], 0);
	ck_assert_int_eq(wri_sys_close(l), 0);
}

static void
pair_close(int fds[2])
{
	ck_assert_int_eq(wri_sys_close(fds[0]), 0);
	ck_assert_int_eq(wri_sys_close(fds[1]), 0);
}

START_TEST(new_descriptors_are_nonblocking_and_close_on_exec)
{
	int fds[2];
	int fd = wri_sys_eventfd();

	expect_flags(fd);
	ck_assert_int_eq(wri_sys_close(fd), 0);
	fd = wri_sys_timerfd_create();
	expect_flags(fd);
	ck_assert_int_eq(wri_sys_close(fd), 0);
	pair(fds);
	expect_flags(fds[0]);
	expect_flags(fds[1]);
	pair_close(fds);
	/* These two are close-on-exec only. */
	fd = wri_sys_epoll_create();
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(wri_sys_close(fd), 0);
	fd = wri_sys_open("/dev/null", O_RDONLY, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(wri_sys_close(fd), 0);
}
END_TEST

START_TEST(an_interface_has_an_index)
{
	unsigned lo = if_nametoindex("lo");

	ck_assert_uint_ne(lo, 0);
	ck_assert_int_eq(wri_sys_if_index("lo"), (int)lo);
	ck_assert_int_eq(wri_sys_if_index("no-such-if"), -ENODEV);
	ck_assert_int_eq(wri_sys_if_index(""), -ENODEV);
}
END_TEST

START_TEST(bytes_go_through_every_kind_of_read_and_write)
{
	int fds[2];
	char a[4] = "";
	char b[4] = "";
	struct iovec in[2] = {{a, 2}, {b, 2}};
	struct iovec out[2] = {{"mn", 2}, {"op", 2}};
	struct msghdr msg = {.msg_iov = out, .msg_iovlen = 2};

	pair(fds);
	ck_assert_int_eq(wri_sys_recv(fds[1], a, 1), -EAGAIN);
	ck_assert_int_eq(wri_sys_send(fds[0], "ab", 2), 2);
	ck_assert_int_eq(wri_sys_recv(fds[1], a, sizeof(a)), 2);
	ck_assert_int_eq(memcmp(a, "ab", 2), 0);
	ck_assert_int_eq(wri_sys_write(fds[0], "cd", 2), 2);
	ck_assert_int_eq(wri_sys_read(fds[1], a, sizeof(a)), 2);
	ck_assert_int_eq(memcmp(a, "cd", 2), 0);
	ck_assert_int_eq(wri_sys_sendmsg(fds[0], &msg), 4);
	ck_assert_int_eq(readv(fds[1], in, 2), 4);
	ck_assert_int_eq(memcmp(a, "mn", 2), 0);
	ck_assert_int_eq(memcmp(b, "op", 2), 0);
	ck_assert_int_eq(wri_sys_sendmsg(fds[0], &msg), 4);
	msg.msg_iov = in;
	ck_assert_int_eq(wri_sys_peekmsg(fds[1], &msg), 4);
	ck_assert_int_eq(memcmp(b, "op", 2), 0);
	memset(b, 0, sizeof(b));
	ck_assert_int_eq(wri_sys_recvmsg(fds[1], &msg), 4);
	ck_assert_int_eq(memcmp(b, "op", 2), 0);
	ck_assert_int_eq(wri_sys_shutdown(fds[0], SHUT_WR), 0);
	ck_assert_int_eq(wri_sys_recv(fds[1], a, sizeof(a)), 0);
	pair_close(fds);
}
END_TEST

START_TEST(several_messages_come_with_one_call)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = wri_sys_socket(AF_INET, SOCK_DGRAM, 0);
	char a[2], b[2], c[2];
	struct iovec iov[3] = {{a, 2}, {b, 2}, {c, 2}};
	struct mmsghdr msgs[3];

	memset(msgs, 0, sizeof(msgs));
	for (int i = 0; i < 3; i++) {
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(
	    wri_sys_bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(
	    wri_sys_getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	ck_assert_int_eq(wri_sys_recvmmsg(fd, msgs, 3), -EAGAIN);
	ck_assert_int_eq(
	    wri_sys_connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(wri_sys_send(fd, "ab", 2), 2);
	ck_assert_int_eq(wri_sys_send(fd, "c", 1), 1);
	ck_assert_int_eq(wri_sys_recvmmsg(fd, msgs, 3), 2);
	ck_assert_uint_eq(msgs[0].msg_len, 2);
	ck_assert_uint_eq(msgs[1].msg_len, 1);
	ck_assert_int_eq(b[0], 'c');
	ck_assert_int_eq(wri_sys_close(fd), 0);
}
END_TEST

START_TEST(sending_to_a_peer_that_is_gone_is_an_error_and_no_signal)
{
	int fds[2];
	struct iovec iov = {"x", 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	ck_assert(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	pair(fds);
	ck_assert_int_eq(wri_sys_shutdown(fds[0], SHUT_WR), 0);
	ck_assert_int_eq(wri_sys_send(fds[0], "x", 1), -EPIPE);
	ck_assert_int_eq(wri_sys_sendmsg(fds[0], &msg), -EPIPE);
	pair_close(fds);
}
END_TEST

START_TEST(options_and_names_can_be_read)
{
	int fds[2];
	int on = 1;
	socklen_t len = sizeof(on);
	struct sockaddr_in sin;

	pair(fds);
	ck_assert_int_eq(wri_sys_setsockopt(
			     fds[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)),
	    0);
	on = 0;
	ck_assert_int_eq(
	    wri_sys_getsockopt(fds[0], SOL_SOCKET, SO_KEEPALIVE, &on, &len), 0);
	ck_assert_int_ne(on, 0);
	len = sizeof(sin);
	ck_assert_int_eq(
	    wri_sys_getpeername(fds[0], (struct sockaddr *)&sin, &len), 0);
	ck_assert_int_eq(sin.sin_family, AF_INET);
	pair_close(fds);
}
END_TEST

START_TEST(a_refused_connection_is_told_by_the_socket)
{
	struct sockaddr_in sin;
	struct pollfd writable;
	int l = listener(&sin);
	int fd = wri_sys_socket(AF_INET, SOCK_STREAM, 0);
	int r;

	ck_assert_int_eq(wri_sys_close(l), 0);
	r = wri_sys_connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	if (r == -EINPROGRESS) {
		writable = (struct pollfd){.fd = fd, .events = POLLOUT};
		ck_assert_int_eq(wri_sys_poll(&writable, 1, 20000), 1);
		r = sock_error(fd);
	}
	ck_assert_int_eq(r, -ECONNREFUSED);
	ck_assert_int_eq(wri_sys_close(fd), 0);
}
END_TEST

START_TEST(epoll_tells_what_is_ready)
{
	int ep = wri_sys_epoll_create();
	int fd = wri_sys_eventfd();
	uint64_t one = 1;
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 77};

	ck_assert_int_eq(wri_sys_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	ck_assert_int_eq(wri_sys_epoll_wait(ep, &ev, 1, 0), 0);
	ck_assert_int_eq(wri_sys_write(fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(wri_sys_epoll_wait(ep, &ev, 1, -1), 1);
	ck_assert_uint_eq(ev.data.u64, 77);
	ck_assert_int_eq(wri_sys_close(fd), 0);
	ck_assert_int_eq(wri_sys_close(ep), 0);
}
END_TEST

START_TEST(files_can_be_made_seen_and_removed)
{
	char path[] = "/tmp/weir-test-XXXXXX";
	struct stat st;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(wri_sys_lstat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(wri_sys_unlink(path), 0);
	ck_assert_int_eq(wri_sys_lstat(path, &st), -ENOENT);
	ck_assert_int_eq(wri_sys_unlink(path), -ENOENT);
	fd = wri_sys_open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(wri_sys_close(fd), 0);
	ck_assert_int_eq(wri_sys_unlink(path), 0);
}
END_TEST

START_TEST(there_is_a_processor_to_run_on)
{
	ck_assert_uint_ge(wri_sys_cpus(), 1);
}
END_TEST

static ssize_t
call_message(enum wri_sys_call which)
{
	struct mmsghdr many = {.msg_len = 0};

	if (which == WRI_SYS_RECVMMSG) {
		return wri_sys_recvmmsg(-1, &many, 1);
	}
	if (which == WRI_SYS_PEEKMSG) {
		return wri_sys_peekmsg(-1, &many.msg_hdr);
	}
	return which == WRI_SYS_RECVMSG ? wri_sys_recvmsg(-1, &many.msg_hdr)
					: wri_sys_sendmsg(-1, &many.msg_hdr);
}

/* Each kind of call once, with arguments that fail by themselves: EBADF and
 * such.  An injected error must come instead of that. */
static ssize_t
call_once(enum wri_sys_call which)
{
	struct sockaddr sa = {.sa_family = AF_UNSPEC};
	socklen_t len = sizeof(sa);
	struct epoll_event ev = {0};
	struct pollfd none;
	struct timespec zero = {0, 0};
	struct itimerspec off = {{0, 0}, {0, 0}};
	struct stat st;
	int value = 0;

	switch (which) {
	case WRI_SYS_SOCKET:
		return wri_sys_socket(-1, SOCK_STREAM, 0);
	case WRI_SYS_BIND:
		return wri_sys_bind(-1, &sa, len);
	case WRI_SYS_LISTEN:
		return wri_sys_listen(-1, 1);
	case WRI_SYS_SOCKETPAIR: {
		int fds[2];
		int r = wri_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, fds);

		return r == 0 ? close(fds[0]) + close(fds[1]) : r;
	}
	case WRI_SYS_ACCEPT:
		return wri_sys_accept(-1, NULL, NULL);
	case WRI_SYS_CONNECT:
		return wri_sys_connect(-1, &sa, len);
	case WRI_SYS_SHUTDOWN:
		return wri_sys_shutdown(-1, SHUT_WR);
	case WRI_SYS_GETSOCKOPT:
		return sock_error(-1);
	case WRI_SYS_SETSOCKOPT:
		return wri_sys_setsockopt(
		    -1, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof(value));
	case WRI_SYS_GETSOCKNAME:
		return wri_sys_getsockname(-1, &sa, &len);
	case WRI_SYS_GETPEERNAME:
		return wri_sys_getpeername(-1, &sa, &len);
	case WRI_SYS_READ:
		return wri_sys_read(-1, &value, 1);
	case WRI_SYS_RECV:
		return wri_sys_recv(-1, &value, 1);
	case WRI_SYS_RECVMSG:
	case WRI_SYS_RECVMMSG:
	case WRI_SYS_PEEKMSG:
	case WRI_SYS_SENDMSG:
		return call_message(which);
	case WRI_SYS_WRITE:
		return wri_sys_write(-1, &value, 1);
	case WRI_SYS_SEND:
		return wri_sys_send(-1, &value, 1);
	case WRI_SYS_CLOSE:
		return wri_sys_close(-1);
	case WRI_SYS_EPOLL_CREATE: {
		int fd = wri_sys_epoll_create();

		return fd >= 0 ? close(fd) : fd;
	}
	case WRI_SYS_EPOLL_CTL:
		return wri_sys_epoll_ctl(-1, EPOLL_CTL_ADD, 0, &ev);
	case WRI_SYS_EPOLL_WAIT:
		return wri_sys_epoll_wait(-1, &ev, 1, 0);
	case WRI_SYS_POLL:
		return wri_sys_poll(&none, 0, 0);
	case WRI_SYS_PPOLL:
		return wri_sys_ppoll(&none, 0, &zero);
	case WRI_SYS_EVENTFD: {
		int fd = wri_sys_eventfd();

		return fd >= 0 ? close(fd) : fd;
	}
	case WRI_SYS_TIMERFD_CREATE: {
		int fd = wri_sys_timerfd_create();

		return fd >= 0 ? close(fd) : fd;
	}
	case WRI_SYS_TIMERFD_SETTIME:
		return wri_sys_timerfd_settime(-1, &off);
	case WRI_SYS_OPEN:
		return wri_sys_open("", O_RDONLY, 0);
	case WRI_SYS_UNLINK:
		return wri_sys_unlink("");
	case WRI_SYS_LSTAT:
		return wri_sys_lstat("", &st);
	case WRI_SYS_FSTAT:
		return wri_sys_fstat(-1, &st);
	case WRI_SYS_CHMOD:
		return wri_sys_chmod("", 0600);
	case WRI_SYS_FCNTL:
		return wri_sys_fcntl(-1, F_GETFL, 0);
	case WRI_SYS_IF_INDEX:
		return wri_sys_if_index("");
	case WRI_SYS_CALLS:
		break;
	}
	ck_abort_msg("no such call");
	return 0;
}

#define ENO_PLANTED EXDEV /* none of the calls gives it by itself */

START_TEST(each_call_fails_at_its_nth_time_and_only_then)
{
	enum wri_sys_call which = (enum wri_sys_call)_i;

	for (unsigned n = 1; n <= 3; n++) {
		wri_sys_fail_at(which, n, ENO_PLANTED);
		ck_assert_uint_eq(wri_sys_calls(which), 0);
		for (unsigned i = 1; i <= 4; i++) {
			ssize_t r = call_once(which);

			ck_assert_int_eq(r == -ENO_PLANTED, i == n);
			ck_assert_uint_eq(wri_sys_calls(which), i);
		}
	}
}
END_TEST

START_TEST(each_call_fails_from_its_nth_time_on)
{
	enum wri_sys_call which = (enum wri_sys_call)_i;

	wri_sys_fail_from(which, 2, ENO_PLANTED);
	ck_assert_int_ne(call_once(which), -ENO_PLANTED);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(call_once(which), -ENO_PLANTED);
	}
	wri_sys_fail_at(which, 0, 0);
	ck_assert_int_ne(call_once(which), -ENO_PLANTED);
	ck_assert_uint_eq(wri_sys_calls(which), 0);
}
END_TEST

START_TEST(each_call_reports_the_errno_of_the_system)
{
	enum wri_sys_call which = (enum wri_sys_call)_i;
	ssize_t r = call_once(which);

	/* Those that cannot be made to fail here give 0. */
	ck_assert_int_le(r, 0);
	ck_assert_int_gt(r, -134);
}
END_TEST

/* Linux interrupts no others. */
static const enum wri_sys_call made_again[] = {WRI_SYS_ACCEPT, WRI_SYS_CONNECT,
    WRI_SYS_READ, WRI_SYS_RECV, WRI_SYS_RECVMSG, WRI_SYS_WRITE, WRI_SYS_SEND,
    WRI_SYS_SENDMSG, WRI_SYS_OPEN};
static const enum wri_sys_call over[] = {
    WRI_SYS_CLOSE, WRI_SYS_EPOLL_WAIT, WRI_SYS_POLL, WRI_SYS_PPOLL};

START_TEST(an_interrupted_call_is_made_again)
{
	enum wri_sys_call which = made_again[_i];
	ssize_t plain = call_once(which);

	wri_sys_fail_at(which, 1, EINTR);
	ck_assert_int_eq(call_once(which), plain);
	ck_assert_uint_eq(wri_sys_calls(which), 2);
}
END_TEST

START_TEST(an_interrupted_wait_or_close_is_over)
{
	enum wri_sys_call which = over[_i];

	wri_sys_fail_at(which, 1, EINTR);
	ck_assert_int_eq(call_once(which), 0);
	ck_assert_uint_eq(wri_sys_calls(which), 1);
}
END_TEST

START_TEST(an_interrupted_connect_is_heard_to_its_end)
{
	int fds[2];

	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EINTR);
	pair(fds);
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_CONNECT), 2);
	pair_close(fds);
}
END_TEST

START_TEST(an_interrupted_connect_may_have_connected)
{
	int fds[2];
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	pair(fds);
	ck_assert_int_eq(
	    wri_sys_getpeername(fds[0], (struct sockaddr *)&sin, &len), 0);
	/* Linux tells the first one who asks by 0, the next by EISCONN. */
	(void)connect(fds[0], (struct sockaddr *)&sin, len);
	ck_assert_int_eq(
	    wri_sys_connect(fds[0], (struct sockaddr *)&sin, len), -EISCONN);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EINTR);
	ck_assert_int_eq(
	    wri_sys_connect(fds[0], (struct sockaddr *)&sin, len), 0);
	pair_close(fds);
}
END_TEST

#define CROWD 8

START_TEST(an_interrupted_connect_may_be_under_way)
{
	struct sockaddr_in sin;
	int fds[CROWD];
	int last = -1;
	int l = listener(&sin);

	/* Room for one or two in the queue: the others wait for an answer. */
	ck_assert_int_eq(wri_sys_listen(l, 0), 0);
	for (int i = 0; i < CROWD; i++) {
		int r;

		fds[i] = wri_sys_socket(AF_INET, SOCK_STREAM, 0);
		r = wri_sys_connect(
		    fds[i], (struct sockaddr *)&sin, sizeof(sin));
		ck_assert(r == 0 || r == -EINPROGRESS);
		last = fds[i];
	}
	ck_assert_int_eq(
	    wri_sys_connect(last, (struct sockaddr *)&sin, sizeof(sin)),
	    -EALREADY);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EINTR);
	ck_assert_int_eq(
	    wri_sys_connect(last, (struct sockaddr *)&sin, sizeof(sin)),
	    -EINPROGRESS);
	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(wri_sys_close(fds[i]), 0);
	}
	ck_assert_int_eq(wri_sys_close(l), 0);
}
END_TEST

START_TEST(several_kinds_may_be_armed_at_once)
{
	wri_sys_fail_at(WRI_SYS_SOCKET, 1, EMFILE);
	wri_sys_fail_at(WRI_SYS_EVENTFD, 1, ENFILE);
	ck_assert_int_eq(wri_sys_socket(AF_INET, SOCK_STREAM, 0), -EMFILE);
	wri_sys_fail_at(WRI_SYS_SOCKET, 0, 0);
	ck_assert_int_eq(wri_sys_eventfd(), -ENFILE);
}
END_TEST

START_TEST(a_close_that_fails_on_purpose_has_closed)
{
	int fd = wri_sys_eventfd();

	wri_sys_fail_at(WRI_SYS_CLOSE, 1, EIO);
	ck_assert_int_eq(wri_sys_close(fd), -EIO);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("sys");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, new_descriptors_are_nonblocking_and_close_on_exec);
	tcase_add_test(tc, bytes_go_through_every_kind_of_read_and_write);
	tcase_add_test(tc, several_messages_come_with_one_call);
	tcase_add_test(tc, an_interface_has_an_index);
	tcase_add_test(
	    tc, sending_to_a_peer_that_is_gone_is_an_error_and_no_signal);
	tcase_add_test(tc, options_and_names_can_be_read);
	tcase_add_test(tc, a_refused_connection_is_told_by_the_socket);
	tcase_add_test(tc, epoll_tells_what_is_ready);
	tcase_add_test(tc, files_can_be_made_seen_and_removed);
	tcase_add_test(tc, there_is_a_processor_to_run_on);
	tcase_add_loop_test(tc, each_call_fails_at_its_nth_time_and_only_then,
	    0, WRI_SYS_CALLS);
	tcase_add_loop_test(
	    tc, each_call_fails_from_its_nth_time_on, 0, WRI_SYS_CALLS);
	tcase_add_loop_test(
	    tc, each_call_reports_the_errno_of_the_system, 0, WRI_SYS_CALLS);
	tcase_add_loop_test(tc, an_interrupted_call_is_made_again, 0,
	    (int)(sizeof(made_again) / sizeof(made_again[0])));
	tcase_add_loop_test(tc, an_interrupted_wait_or_close_is_over, 0,
	    (int)(sizeof(over) / sizeof(over[0])));
	tcase_add_test(tc, an_interrupted_connect_is_heard_to_its_end);
	tcase_add_test(tc, an_interrupted_connect_may_have_connected);
	tcase_add_test(tc, an_interrupted_connect_may_be_under_way);
	tcase_add_test(tc, several_kinds_may_be_armed_at_once);
	tcase_add_test(tc, a_close_that_fails_on_purpose_has_closed);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
