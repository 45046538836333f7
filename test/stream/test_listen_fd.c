/*
 * test_listen_fd - a descriptor that listens takes the place of listen.
 */
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct op dial, acc;
static weir_stream_listener *l;

static void
setup(void)
{
	rt_setup();
	op_init(&dial);
	op_init(&acc);
}

static void
teardown(void)
{
	for (int i = 0; i < WRI_SYS_CALLS; i++) {
		wri_sys_fail_at((enum wri_sys_call)i, 0, 0);
	}
	wri_mem_fail_at(0);
	weir_stream_listener_free(l);
	l = NULL;
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}

static void
listener(const char *url)
{
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
}

static weir_err
give(int fd)
{
	return weir_stream_listener_set_int(l, WEIR_OPT_LISTEN_FD, fd);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* A unix socket that listens; abstract if the name begins with '@'. */
static int
unix_listen(const char *name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	socklen_t len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	memcpy(un.sun_path, name, strlen(name));
	if (name[0] == '@') {
		un.sun_path[0] = '\0';
	}
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

static void
expect_serves(const char *url)
{
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;
	char byte = 0;

	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	ck_assert_int_eq(op_send(&dial, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_recv(&acc, b, &byte, 1), WEIR_OK);
	ck_assert_int_eq(byte, 'x');
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
}

START_TEST(a_tcp_socket_that_listens_takes_the_place_of_listen)
{
	uint16_t port;
	int fd = net_bare_listen(8, &port), bound = 0;
	char url[NET_URL_MAX];

	listener(_i == 0 ? "tcp://" : "tcp://127.0.0.1:1");
	ck_assert_int_eq(give(fd), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTATE);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &bound),
	    WEIR_OK);
	ck_assert_int_eq(bound, port);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	expect_serves(url);
	weir_stream_listener_stop(l);
	ck_assert(!is_open(fd));
}
END_TEST

START_TEST(connections_made_before_are_accepted)
{
	uint16_t port;
	int fd = net_bare_listen(8, &port);
	int early = net_bare_connect(port);
	weir_stream *s;

	listener("tcp://");
	ck_assert_int_eq(give(fd), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_stream_free(s);
	close(early);
}
END_TEST

START_TEST(a_unix_socket_file_that_was_given_stays)
{
	char path[NET_URL_MAX], url[NET_URL_MAX + 8];
	weir_sockaddr sa;
	int fd;

	net_path(path);
	fd = unix_listen(path);
	snprintf(url, sizeof(url), "ipc://%s", path);
	listener("ipc://whatever");
	ck_assert_int_eq(give(fd), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_OK);
	ck_assert_uint_eq(sa.s_family, WEIR_AF_IPC);
	ck_assert_str_eq(sa.s_ipc.sa_path, path);
	expect_serves(url);
	weir_stream_listener_stop(l);
	ck_assert(!is_open(fd));
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(an_abstract_socket_may_be_given)
{
	char name[64], url[80];
	weir_sockaddr sa;

	snprintf(name, sizeof(name), "@weir-given-%d", (int)getpid());
	snprintf(url, sizeof(url), "abstract://%s", name + 1);
	listener(_i == 0 ? "abstract://x" : "ipc://x");
	ck_assert_int_eq(give(unix_listen(name)), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_OK);
	ck_assert_uint_eq(sa.s_family, WEIR_AF_ABSTRACT);
	ck_assert_uint_eq(sa.s_abstract.sa_len, strlen(name) - 1);
	expect_serves(url);
}
END_TEST

/* Who holds it too goes on listening: it was not shut down. */
START_TEST(a_socket_that_others_hold_goes_on_after_close)
{
	uint16_t port;
	int fd = net_bare_listen(8, &port);
	int held = dup(fd);
	char url[NET_URL_MAX];

	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	listener("tcp://");
	ck_assert_int_eq(give(fd), WEIR_OK);
	expect_serves(url);
	weir_stream_listener_stop(l);
	weir_stream_listener_free(l);
	listener("tcp://");
	ck_assert_int_eq(give(held), WEIR_OK);
	expect_serves(url);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_and_stays_the_callers)
{
	char path[NET_URL_MAX];
	uint16_t port;
	int tcp = net_bare_listen(8, &port), unused, un, pipes[2], dgram;
	int bare = socket(AF_INET, SOCK_STREAM, 0);
	/* Of another family, listening or not. */
	weir_err bare_err = _i == 0 ? WEIR_EINVAL : WEIR_EADDRINVAL;

	net_path(path);
	un = unix_listen(path);
	dgram = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(pipe(pipes), 0);
	listener(_i == 0 ? "tcp://" : "ipc://x");
	unused = dup(tcp);
	close(unused);
	ck_assert_int_eq(give(-1), WEIR_EINVAL);
	ck_assert_int_eq(give(unused), WEIR_ECLOSED);
	ck_assert_int_eq(give(pipes[0]), WEIR_EINVAL);
	ck_assert_int_eq(give(dgram), WEIR_EINVAL);
	ck_assert_int_eq(give(bare), bare_err);
	ck_assert_int_eq(give(_i == 0 ? un : tcp), WEIR_EADDRINVAL);
	ck_assert(is_open(tcp) && is_open(un) && is_open(pipes[0]) &&
		  is_open(dgram) && is_open(bare));
	/* None of this has spoilt the listener. */
	ck_assert_int_eq(give(_i == 0 ? tcp : un), WEIR_OK);
	ck_assert_int_eq(give(_i == 0 ? tcp : un), WEIR_EBUSY);
	weir_stream_listener_close(l);
	ck_assert_int_eq(give(-1), WEIR_EINVAL);
	ck_assert_int_eq(give(bare), bare_err);
	ck_assert_int_eq(give(_i == 0 ? un : tcp), WEIR_EADDRINVAL);
	close(_i == 0 ? un : tcp);
	(void)unlink(path);
	tcp = _i == 0 ? net_bare_listen(8, &port) : unix_listen(path);
	ck_assert_int_eq(give(tcp), WEIR_ECLOSED);
	ck_assert(is_open(tcp));
	close(tcp);
	close(pipes[0]);
	close(pipes[1]);
	close(dgram);
	close(bare);
	(void)unlink(path);
}
END_TEST

START_TEST(a_listener_that_listens_takes_no_other_socket)
{
	uint16_t port;
	int fd = net_bare_listen(8, &port);

	listener("tcp://127.0.0.1:0");
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(give(fd), WEIR_EBUSY);
	ck_assert(is_open(fd));
	close(fd);
}
END_TEST

START_TEST(a_failure_leaves_the_socket_with_the_caller_who_may_try_again)
{
	static const struct {
		enum wri_sys_call call;
		unsigned n;
		int eno;
		weir_err want;
	} rows[] = {
	    {WRI_SYS_GETSOCKOPT, 1, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_GETSOCKOPT, 2, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_GETSOCKNAME, 1, ENOBUFS, WEIR_ENOMEM},
	    {WRI_SYS_FCNTL, 1, EPERM, WEIR_EPERM},
	    {WRI_SYS_FCNTL, 2, EPERM, WEIR_EPERM},
	    {WRI_SYS_FCNTL, 3, EPERM, WEIR_EPERM},
	    {WRI_SYS_TIMERFD_CREATE, 1, EMFILE, WEIR_ENOFILES},
	    {WRI_SYS_EPOLL_CTL, 1, ENOSPC, WEIR_ENOSPC},
	    {WRI_SYS_EPOLL_CTL, 2, ENOSPC, WEIR_ENOSPC},
	};
	char path[NET_URL_MAX], url[NET_URL_MAX + 8];
	struct rt_counts before;
	uint16_t port;
	unsigned n;
	int fd;

	net_path(path);
	snprintf(url, sizeof(url), "ipc://%s", path);
	fd = _i == 0 ? net_bare_listen(8, &port) : unix_listen(path);
	listener(_i == 0 ? "tcp://" : "ipc://x");
	if (_i == 0) {
		snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	}
	before = rt_count();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wri_sys_fail_at(rows[i].call, rows[i].n, rows[i].eno);
		ck_assert_int_eq(give(fd), rows[i].want);
		wri_sys_fail_at(rows[i].call, 0, 0);
		ck_assert(is_open(fd));
		ck_assert_uint_eq(rt_count().fds, before.fds);
	}
	for (n = 1;; n++) {
		weir_err err;

		wri_mem_fail_at(n);
		err = give(fd);
		if (err == WEIR_OK) {
			break;
		}
		ck_assert_int_eq(err, WEIR_ENOMEM);
		ck_assert(is_open(fd));
	}
	wri_mem_fail_at(0);
	expect_serves(url);
	(void)unlink(path);
}
END_TEST

START_TEST(a_listener_of_an_earlier_life_takes_no_socket)
{
	uint16_t port;
	int fd = net_bare_listen(8, &port);

	rt_expect_log(); /* the listener's handles */
	listener("tcp://");
	op_fini(&dial);
	op_fini(&acc);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_ne(give(fd), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	op_init(&dial);
	op_init(&acc);
	ck_assert_int_eq(give(fd), WEIR_ESTOPPED);
	ck_assert(is_open(fd));
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("listen fd");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_tcp_socket_that_listens_takes_the_place_of_listen, 0, 2);
	tcase_add_test(tc, connections_made_before_are_accepted);
	tcase_add_test(tc, a_unix_socket_file_that_was_given_stays);
	tcase_add_loop_test(tc, an_abstract_socket_may_be_given, 0, 2);
	tcase_add_test(tc, a_socket_that_others_hold_goes_on_after_close);
	tcase_add_loop_test(
	    tc, what_does_not_fit_is_refused_and_stays_the_callers, 0, 2);
	tcase_add_test(tc, a_listener_that_listens_takes_no_other_socket);
	tcase_add_loop_test(tc,
	    a_failure_leaves_the_socket_with_the_caller_who_may_try_again, 0,
	    2);
	tcase_add_test(tc, a_listener_of_an_earlier_life_takes_no_socket);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
