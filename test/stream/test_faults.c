/*
 * test_faults - the n-th allocation or system call fails: an error code where
 * it belongs, nothing left behind, and the next try works.
 */
#include "base/err.h"
#include "base/mem.h"
#include "base/sys.h"
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <string.h>

static struct op dial, acc;

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
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}

/* --- listen ------------------------------------------------------------- */

static const struct {
	enum wri_sys_call call;
	int eno;
	weir_err tcp;
	weir_err path; /* WEIR_OK: not called there */
} listens[] = {
    {WRI_SYS_SOCKET, EMFILE, WEIR_ENOFILES, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENFILE, WEIR_ENOFILES, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENOBUFS, WEIR_ENOMEM, WEIR_ENOMEM},
    {WRI_SYS_SOCKET, EAFNOSUPPORT, WEIR_ENOTSUP, WEIR_ENOTSUP},
    {WRI_SYS_SETSOCKOPT, ENOMEM, WEIR_ENOMEM, WEIR_OK},
    {WRI_SYS_BIND, EACCES, WEIR_EPERM, WEIR_EPERM},
    {WRI_SYS_BIND, EADDRNOTAVAIL, WEIR_EADDRINVAL, WEIR_EADDRINVAL},
    {WRI_SYS_BIND, EROFS, (weir_err)(WEIR_ESYSERR + EROFS), WEIR_EPERM},
    {WRI_SYS_BIND, ELOOP, (weir_err)(WEIR_ESYSERR + ELOOP), WEIR_EADDRINVAL},
    {WRI_SYS_LISTEN, EADDRINUSE, WEIR_EADDRINUSE, WEIR_EADDRINUSE},
    {WRI_SYS_GETSOCKNAME, ENOBUFS, WEIR_ENOMEM, WEIR_OK},
    {WRI_SYS_LSTAT, EACCES, WEIR_OK, WEIR_EPERM},
    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC, WEIR_ENOSPC},
    {WRI_SYS_EPOLL_CTL, ENOMEM, WEIR_ENOMEM, WEIR_ENOMEM},
    {WRI_SYS_TIMERFD_CREATE, EMFILE, WEIR_ENOFILES, WEIR_ENOFILES},
};

#define LISTENS ((int)(sizeof(listens) / sizeof(listens[0])))

static void
listen_fails(enum net_kind kind, int i, weir_err want)
{
	struct rt_counts before = rt_count();
	char url[NET_URL_MAX];
	weir_stream_listener *l;

	net_listen_url(kind, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	wri_sys_fail_at(listens[i].call, 1, listens[i].eno);
	ck_assert_int_eq(weir_stream_listener_listen(l), want);
	wri_sys_fail_at(listens[i].call, 0, 0);
	if (want != WEIR_OK) {
		ck_assert_uint_eq(rt_count().fds, before.fds);
		ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	}
	weir_stream_listener_free(l);
}

START_TEST(a_listen_that_fails_may_be_tried_again)
{
	listen_fails(NET_TCP, _i, listens[_i].tcp);
	listen_fails(NET_UNIX, _i, listens[_i].path);
}
END_TEST

/* --- dial ---------------------------------------------------------------- */

static const struct {
	enum wri_sys_call call;
	int eno;
	weir_err tcp;
	weir_err path;
} dials[] = {
    {WRI_SYS_SOCKET, EMFILE, WEIR_ENOFILES, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENOMEM, WEIR_ENOMEM, WEIR_ENOMEM},
    {WRI_SYS_CONNECT, ECONNREFUSED, WEIR_ECONNREFUSED, WEIR_ECONNREFUSED},
    {WRI_SYS_CONNECT, EACCES, WEIR_EPERM, WEIR_EPERM},
    {WRI_SYS_CONNECT, EPERM, WEIR_EPERM, WEIR_EPERM},
    {WRI_SYS_CONNECT, ENETUNREACH, WEIR_EUNREACHABLE, WEIR_EUNREACHABLE},
    {WRI_SYS_CONNECT, EHOSTUNREACH, WEIR_EUNREACHABLE, WEIR_EUNREACHABLE},
    {WRI_SYS_CONNECT, ENETDOWN, WEIR_EUNREACHABLE,
	(weir_err)(WEIR_ESYSERR + ENETDOWN)},
    {WRI_SYS_CONNECT, ETIMEDOUT, WEIR_ETIMEDOUT, WEIR_ETIMEDOUT},
    {WRI_SYS_CONNECT, EADDRNOTAVAIL, WEIR_EADDRINVAL, WEIR_EADDRINVAL},
    {WRI_SYS_CONNECT, ENOENT, WEIR_ENOENT, WEIR_ECONNREFUSED},
    {WRI_SYS_CONNECT, EPROTOTYPE, (weir_err)(WEIR_ESYSERR + EPROTOTYPE),
	WEIR_ECONNREFUSED},
    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC, WEIR_ENOSPC},
    {WRI_SYS_GETSOCKNAME, ENOBUFS, WEIR_ENOMEM, WEIR_OK},
    {WRI_SYS_GETPEERNAME, ENOBUFS, WEIR_ENOMEM, WEIR_OK},
    {WRI_SYS_GETSOCKOPT, ENOMEM, WEIR_ENOMEM, WEIR_OK},
    /* Options that the system refuses are no reason to have no connection. */
    {WRI_SYS_SETSOCKOPT, EINVAL, WEIR_OK, WEIR_OK},
};

#define DIALS ((int)(sizeof(dials) / sizeof(dials[0])))

static void
dial_fails(enum net_kind kind, int i, weir_err want)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream_dialer *d = net_dialer(url);
	struct rt_counts before = rt_count();
	weir_stream *s;

	wri_sys_fail_at(dials[i].call, 1, dials[i].eno);
	ck_assert_int_eq(op_dial(&dial, d, &s), want);
	wri_sys_fail_at(dials[i].call, 0, 0);
	if (want != WEIR_OK) {
		ck_assert_ptr_null(s);
		ck_assert_uint_eq(rt_count().fds, before.fds);
	}
	weir_stream_free(s);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}

START_TEST(a_dial_that_fails_may_be_tried_again)
{
	dial_fails(NET_TCP, _i, dials[_i].tcp);
	dial_fails(NET_UNIX, _i, dials[_i].path);
}
END_TEST

/* Every errno has an answer; none is OK, none hangs. */
START_TEST(every_errno_of_connect_has_a_code)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	for (int eno = 1; eno < 134; eno++) {
		weir_err err;

		if (eno == EAGAIN || eno == EINPROGRESS || eno == EINTR) {
			continue; /* these are no failures */
		}
		wri_sys_fail_at(WRI_SYS_CONNECT, 1, eno);
		err = op_dial(&dial, d, &s);
		ck_assert_msg(err != WEIR_OK && err != WEIR_EAGAIN,
		    "errno %d: %d", eno, (int)err);
		ck_assert_str_ne(weir_strerror(err), "");
	}
	wri_sys_fail_at(WRI_SYS_CONNECT, 0, 0);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_connect_that_is_interrupted_goes_on)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EINTR);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
	/* A backlog that is full: tried again by itself. */
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* What fails while a dial waits for room leaves nothing either. */
START_TEST(a_dial_that_waits_for_room_may_fail)
{
	static const struct {
		enum wri_sys_call call;
		int eno;
		weir_err tcp;
		weir_err path;
	} naps[] = {
	    {WRI_SYS_TIMERFD_CREATE, EMFILE, WEIR_ENOFILES, WEIR_ENOFILES},
	    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC, WEIR_ENOSPC},
	    {WRI_SYS_GETSOCKNAME, ENOBUFS, WEIR_ENOMEM, WEIR_OK},
	};
	enum net_kind kind = (enum net_kind)(_i % NET_KINDS);
	unsigned row = (unsigned)_i / NET_KINDS;
	weir_err want = net_is_unix(kind) ? naps[row].path : naps[row].tcp;
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream_dialer *d = net_dialer(url);
	struct rt_counts before = rt_count();
	weir_stream *s;

	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	wri_sys_fail_at(naps[row].call, 1, naps[row].eno);
	ck_assert_int_eq(op_dial(&dial, d, &s), want);
	wri_sys_fail_at(naps[row].call, 0, 0);
	if (want != WEIR_OK) {
		ck_assert_ptr_null(s);
		ck_assert_uint_eq(rt_count().fds, before.fds);
	}
	weir_stream_free(s);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* --- accept -------------------------------------------------------------- */

static const struct {
	enum wri_sys_call call;
	int eno;
	weir_err tcp;
	weir_err path;
} accepts[] = {
    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC, WEIR_ENOSPC},
    {WRI_SYS_GETSOCKNAME, ENOBUFS, WEIR_ENOMEM, WEIR_OK},
    {WRI_SYS_SETSOCKOPT, EINVAL, WEIR_OK, WEIR_OK},
};

#define ACCEPTS ((int)(sizeof(accepts) / sizeof(accepts[0])))

static void
accept_fails(enum net_kind kind, int i, weir_err want)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *c1, *c2, *s;

	ck_assert_int_eq(op_dial(&dial, d, &c1), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &c2), WEIR_OK);
	wri_sys_fail_at(accepts[i].call, 1, accepts[i].eno);
	ck_assert_int_eq(op_accept(&acc, l, &s), want);
	wri_sys_fail_at(accepts[i].call, 0, 0);
	weir_stream_free(s);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_free(c1);
	weir_stream_free(c2);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}

START_TEST(an_accept_that_fails_takes_one_connection_with_it)
{
	accept_fails(NET_TCP, _i, accepts[_i].tcp);
	accept_fails(NET_UNIX, _i, accepts[_i].path);
}
END_TEST

/* --- memory ----------------------------------------------------------------
 */

/* The n-th allocation fails, for all n, in everything that allocates. */
START_TEST(out_of_memory_is_told_and_survived)
{
	enum net_kind kind = (enum net_kind)_i;
	char url[NET_URL_MAX], listen_url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *c, *s;
	unsigned n;
	weir_err err;

	net_listen_url(kind, listen_url);
	for (n = 1, err = WEIR_ENOMEM; err == WEIR_ENOMEM; n++) {
		wri_mem_fail_at(n);
		err = weir_stream_listener_alloc(&l, listen_url);
	}
	ck_assert_int_eq(err, WEIR_OK);
	ck_assert_uint_gt(n, 2);
	for (n = 1, err = WEIR_ENOMEM; err == WEIR_ENOMEM; n++) {
		wri_mem_fail_at(n);
		err = weir_stream_listener_listen(l);
	}
	ck_assert_int_eq(err, WEIR_OK);
	wri_mem_fail_at(0);
	net_dial_url(kind, l, listen_url, url);
	for (n = 1, err = WEIR_ENOMEM; err == WEIR_ENOMEM; n++) {
		wri_mem_fail_at(n);
		err = weir_stream_dialer_alloc(&d, url);
	}
	ck_assert_int_eq(err, WEIR_OK);
	for (n = 1, err = WEIR_ENOMEM; err == WEIR_ENOMEM; n++) {
		wri_mem_fail_at(n);
		err = op_dial(&dial, d, &c);
	}
	ck_assert_int_eq(err, WEIR_OK);
	ck_assert_uint_gt(n, 2);
	weir_stream_free(c);
	/* The dials that failed have left dead connections in the backlog. */
	wri_mem_fail_at(1);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_int_eq(op_dial(&dial, d, &c), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_stream_free(c);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* --- bytes ------------------------------------------------------------------
 */

static const struct {
	int eno;
	weir_err recv;
	weir_err send;
} transfers[] = {
    {ECONNRESET, WEIR_ECONNRESET, WEIR_ECONNRESET},
    {EPIPE, WEIR_ECLOSED, WEIR_ECLOSED},
    {ENOTCONN, WEIR_ECLOSED, WEIR_ECLOSED},
    {ETIMEDOUT, WEIR_ETIMEDOUT, WEIR_ETIMEDOUT},
    {EHOSTUNREACH, WEIR_EUNREACHABLE, WEIR_EUNREACHABLE},
    {ENOBUFS, WEIR_ENOMEM, WEIR_ENOMEM},
    {ENOMEM, WEIR_ENOMEM, WEIR_ENOMEM},
    {EIO, (weir_err)(WEIR_ESYSERR + EIO), (weir_err)(WEIR_ESYSERR + EIO)},
};

#define TRANSFERS ((int)(sizeof(transfers) / sizeof(transfers[0])))

START_TEST(errors_of_a_transfer_have_their_codes_and_keep_the_count)
{
	weir_stream *a, *b;
	char buf[8] = "";
	weir_iov whole = {buf, sizeof(buf)};
	weir_iov two[2] = {{buf, 2}, {buf + 2, 6}};

	net_pair(NET_TCP, &a, &b);
	wri_sys_fail_at(WRI_SYS_RECV, 1, transfers[_i].eno);
	ck_assert_int_eq(
	    op_recv(&acc, b, buf, sizeof(buf)), transfers[_i].recv);
	ck_assert_uint_eq(acc.count, 0);
	wri_sys_fail_at(WRI_SYS_RECV, 0, 0);
	wri_sys_fail_at(WRI_SYS_SEND, 1, transfers[_i].eno);
	ck_assert_int_eq(
	    op_send(&dial, a, buf, sizeof(buf)), transfers[_i].send);
	ck_assert_uint_eq(dial.count, 0);
	wri_sys_fail_at(WRI_SYS_SEND, 1, transfers[_i].eno);
	ck_assert_int_eq(
	    op_send_all(&dial, a, buf, sizeof(buf)), transfers[_i].send);
	wri_sys_fail_at(WRI_SYS_SEND, 0, 0);

	/* Three bytes came before a call failed: they are there when the one
	 * before them is. */
	ck_assert_int_eq(op_send_all(&dial, a, "xabc", 4), WEIR_OK);
	ck_assert_int_eq(op_recv(&acc, b, buf, 1), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_RECV, 2, transfers[_i].eno);
	ck_assert_int_eq(weir_aio_set_iov(acc.aio, 1, &whole), WEIR_OK);
	weir_stream_recv_exactly(b, acc.aio);
	ck_assert_int_eq(op_send_all(&dial, a, "d", 1), WEIR_OK);
	ck_assert_int_eq(op_wait(&acc), transfers[_i].recv);
	ck_assert_uint_eq(acc.count, 3);
	wri_sys_fail_at(WRI_SYS_RECV, 0, 0);

	/* The same for vectors. */
	ck_assert_int_eq(weir_aio_set_iov(acc.aio, 2, two), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_RECVMSG, 1, transfers[_i].eno);
	weir_stream_recv(b, acc.aio);
	ck_assert_int_eq(op_wait(&acc), transfers[_i].recv);
	ck_assert_int_eq(weir_aio_set_iov(dial.aio, 2, two), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 1, transfers[_i].eno);
	weir_stream_send_all(a, dial.aio);
	ck_assert_int_eq(op_wait(&dial), transfers[_i].send);
	ck_assert_uint_eq(dial.count, 0);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

START_TEST(an_interrupted_call_is_made_again)
{
	weir_stream *a, *b;
	char buf[8] = "";

	net_pair((enum net_kind)_i, &a, &b);
	wri_sys_fail_at(WRI_SYS_SEND, 1, EINTR);
	ck_assert_int_eq(op_send(&dial, a, "abc", 3), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_RECV, 1, EINTR);
	ck_assert_int_eq(op_recv(&acc, b, buf, sizeof(buf)), WEIR_OK);
	ck_assert_uint_eq(acc.count, 3);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("faults");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_listen_that_fails_may_be_tried_again, 0, LISTENS);
	tcase_add_loop_test(tc, a_dial_that_fails_may_be_tried_again, 0, DIALS);
	tcase_add_loop_test(
	    tc, every_errno_of_connect_has_a_code, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_connect_that_is_interrupted_goes_on, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_dial_that_waits_for_room_may_fail, 0, 3 * NET_KINDS);
	tcase_add_loop_test(
	    tc, an_accept_that_fails_takes_one_connection_with_it, 0, ACCEPTS);
	tcase_add_loop_test(
	    tc, out_of_memory_is_told_and_survived, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    errors_of_a_transfer_have_their_codes_and_keep_the_count, 0,
	    TRANSFERS);
	tcase_add_loop_test(
	    tc, an_interrupted_call_is_made_again, 0, NET_KINDS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
