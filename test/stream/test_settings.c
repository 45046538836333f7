/*
 * test_settings - what the options do: addresses, buffers, sharing, modes,
 * the peer's ids.
 */
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}

static weir_stream_listener *
listener(const char *url)
{
	weir_stream_listener *l;

	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	return l;
}

static weir_sockaddr
ip4(const char *host, uint16_t port)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in.sa_family = WEIR_AF_INET;
	sa.s_in.sa_port = htons(port);
	ck_assert_int_eq(inet_pton(AF_INET, host, &sa.s_in.sa_addr), 1);
	return sa;
}

static weir_sockaddr
ip6(const char *host)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in6.sa_family = WEIR_AF_INET6;
	ck_assert_int_eq(inet_pton(AF_INET6, host, sa.s_in6.sa_addr), 1);
	return sa;
}

/* --- local-address ------------------------------------------------------- */

static weir_err
from(weir_stream_dialer *d, weir_sockaddr sa)
{
	return weir_stream_dialer_set_addr(d, WEIR_OPT_LOCAL_ADDR, &sa);
}

START_TEST(a_dial_comes_from_the_local_address)
{
	char url[NET_URL_MAX], text[WEIR_ADDR_STR_MAX];
	weir_stream_listener *l = net_listener(NET_TCP, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;

	ck_assert_int_eq(from(d, ip4("127.0.0.3", 0)), WEIR_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
		ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
		weir_sockaddr_str(weir_stream_peer_addr(b), text, sizeof(text));
		ck_assert_msg(
		    strncmp(text, i == 0 ? "127.0.0.3:" : "127.0.0.1:", 10) ==
			0,
		    "%s", text);
		ck_assert(weir_sockaddr_equal(
		    weir_stream_peer_addr(b), weir_stream_self_addr(a)));
		weir_stream_free(a);
		weir_stream_free(b);
		/* And from anywhere again. */
		ck_assert_int_eq(from(d, (weir_sockaddr){0}), WEIR_OK);
	}
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_local_address_has_no_port_and_a_family_of_the_internet)
{
	weir_stream_dialer *d = net_dialer("tcp://127.0.0.1:1");
	weir_sockaddr path = {.s_family = WEIR_AF_IPC};

	ck_assert_int_eq(from(d, ip4("127.0.0.1", 1)), WEIR_EADDRINVAL);
	strcpy(path.s_ipc.sa_path, "/x");
	ck_assert_int_eq(from(d, path), WEIR_EADDRINVAL);
	ck_assert_int_eq(from(d, ip6("::1")), WEIR_OK);
	weir_stream_dialer_close(d);
	ck_assert_int_eq(from(d, path), WEIR_EADDRINVAL);
	ck_assert_int_eq(from(d, ip6("::1")), WEIR_ECLOSED);
	weir_stream_dialer_free(d);
}
END_TEST

START_TEST(a_local_address_that_cannot_be_ends_the_dial)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(NET_TCP, url);
	weir_stream_dialer *d = net_dialer(url);
	struct rt_counts before = rt_count();
	weir_stream *s;

	/* Of the other family; not of this machine. */
	ck_assert_int_eq(from(d, ip6("::1")), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_EADDRINVAL);
	ck_assert_int_eq(from(d, ip4("192.0.2.7", 0)), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_EADDRINVAL);
	ck_assert_int_eq(from(d, ip4("127.0.0.2", 0)), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_BIND, 1, EACCES);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_EPERM);
	wri_sys_fail_at(WRI_SYS_BIND, 0, 0);
	ck_assert_ptr_null(s);
	ck_assert_uint_eq(rt_count().fds, before.fds);
	/* A system that cannot choose the port late. */
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 1, ENOPROTOOPT);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 0, 0);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* --- buffers ---------------------------------------------------------------
 */

static size_t
live_size(weir_stream *s, const char *opt)
{
	size_t size;

	ck_assert_int_eq(weir_stream_get_size(s, opt, &size), WEIR_OK);
	return size;
}

START_TEST(buffers_have_the_size_that_was_asked_for)
{
	const char *const send = WEIR_OPT_SEND_BUFFER_SIZE;
	const char *const recv = WEIR_OPT_RECV_BUFFER_SIZE;
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;
	size_t size = 1;

	ck_assert_int_eq(weir_stream_dialer_get_size(d, send, &size), WEIR_OK);
	ck_assert_uint_eq(size, 0);
	ck_assert_int_eq(weir_stream_dialer_set_size(d, send, 16384), WEIR_OK);
	ck_assert_int_eq(weir_stream_dialer_get_size(d, send, &size), WEIR_OK);
	ck_assert_uint_eq(size, 16384);
	ck_assert_int_eq(
	    weir_stream_listener_set_size(l, recv, 32768), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_set_size(l, recv, SIZE_MAX), WEIR_EINVAL);
	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	/* Linux says twice as much: its own share is in it. */
	ck_assert_uint_eq(live_size(a, send), 2 * 16384);
	ck_assert_uint_eq(live_size(b, recv), 2 * 32768);
	ck_assert_uint_ne(live_size(b, send), 2 * 16384);
	ck_assert_int_eq(weir_stream_set_size(b, send, 8192), WEIR_OK);
	ck_assert_uint_eq(live_size(b, send), 2 * 8192);
	ck_assert_int_eq(
	    weir_stream_set_size(b, send, (size_t)INT_MAX), WEIR_EINVAL);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(errors_of_a_live_option_are_told)
{
	weir_stream *a, *b;
	size_t size;
	int id;

	net_pair((enum net_kind)_i, &a, &b);
	wri_sys_fail_at(WRI_SYS_GETSOCKOPT, 1, ENOBUFS);
	ck_assert_int_eq(
	    weir_stream_get_size(a, "send-buffer-size", &size), WEIR_ENOMEM);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 1, ENOBUFS);
	ck_assert_int_eq(
	    weir_stream_set_size(a, "send-buffer-size", 9999), WEIR_ENOMEM);
	if (net_is_unix((enum net_kind)_i)) {
		wri_sys_fail_at(WRI_SYS_GETSOCKOPT, 1, ENOBUFS);
		ck_assert_int_eq(weir_stream_get_int(a, WEIR_OPT_PEER_UID, &id),
		    WEIR_ENOMEM);
	}
	wri_sys_fail_at(WRI_SYS_GETSOCKOPT, 0, 0);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 0, 0);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

/* --- listeners -------------------------------------------------------------
 */

START_TEST(listeners_share_a_port_if_both_say_so)
{
	char url[NET_URL_MAX];
	weir_stream_listener *one = listener("tcp://127.0.0.1:0");
	weir_stream_listener *two, *three;

	ck_assert_int_eq(
	    weir_stream_listener_set_bool(one, WEIR_OPT_REUSE_PORT, true),
	    WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(one), WEIR_OK);
	net_dial_url(NET_TCP, one, "", url);
	two = listener(url);
	ck_assert_int_eq(weir_stream_listener_listen(two), WEIR_EADDRINUSE);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(two, WEIR_OPT_REUSE_PORT, true),
	    WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(two), WEIR_OK);
	three = listener(url);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(three, WEIR_OPT_REUSE_PORT, true),
	    WEIR_OK);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 2, EPERM);
	ck_assert_int_eq(weir_stream_listener_listen(three), WEIR_EPERM);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 0, 0);
	weir_stream_listener_free(three);
	weir_stream_listener_free(two);
	weir_stream_listener_free(one);
}
END_TEST

static bool
reaches_v4(weir_stream_listener *l)
{
	char url[NET_URL_MAX];
	weir_stream_dialer *d;
	weir_stream *s;
	weir_err err;

	net_dial_url(NET_TCP, l, "", url);
	d = net_dialer(url);
	err = op_dial(&dial, d, &s);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	return err == WEIR_OK;
}

START_TEST(v6only_keeps_ipv4_out)
{
	weir_stream_listener *l = listener("tcp6://:0");
	bool flag;

	ck_assert_int_eq(
	    weir_stream_listener_get_bool(l, WEIR_OPT_V6ONLY, &flag), WEIR_OK);
	ck_assert(!flag);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, WEIR_OPT_V6ONLY, true), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 2, EPERM);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_EPERM);
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 0, 0);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert(!reaches_v4(l));
	weir_stream_listener_free(l);
	l = listener("tcp6://:0");
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert(reaches_v4(l));
	weir_stream_listener_free(l);
	/* No matter where there is no IPv6. */
	l = listener("tcp4://:0");
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, WEIR_OPT_V6ONLY, true), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert(reaches_v4(l));
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(the_bound_address_is_known_from_listen_to_close)
{
	char url[NET_URL_MAX], text[WEIR_ADDR_STR_MAX];
	weir_stream_listener *l;
	weir_sockaddr sa;

	net_listen_url((enum net_kind)_i, url);
	l = listener(url);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_ESTATE);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_OK);
	weir_sockaddr_str(&sa, text, sizeof(text));
	if (_i == NET_ABSTRACT) {
		ck_assert_ptr_nonnull(
		    strstr(text, url + strlen("abstract://")));
	} else if (_i == NET_UNIX) {
		ck_assert_str_eq(text, url + strlen("unix://"));
	} else {
		ck_assert_uint_ne(weir_sockaddr_port(&sa), 0);
		ck_assert_ptr_null(strstr(text, ":0]"));
	}
	weir_stream_listener_close(l);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, WEIR_OPT_BOUND_ADDR, &sa),
	    WEIR_ECLOSED);
	weir_stream_listener_free(l);
}
END_TEST

/* --- ipc --------------------------------------------------------------------
 */

static unsigned
mode_of(const char *url)
{
	struct stat st;

	ck_assert_int_eq(lstat(url + strlen("unix://"), &st), 0);
	return (unsigned)st.st_mode & 07777u;
}

START_TEST(a_socket_file_has_the_mode_that_was_asked_for)
{
	static const int modes[] = {0600, 0666, 0777, 0};
	mode_t old = umask(027);
	char url[NET_URL_MAX];
	weir_stream_listener *l;

	net_listen_url(NET_UNIX, url);
	l = listener(url);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_uint_eq(mode_of(url), 0777 & ~027u); /* as the umask says */
	ck_assert_int_eq(
	    weir_stream_listener_set_int(l, WEIR_OPT_IPC_PERMISSIONS, 0600),
	    WEIR_EBUSY);
	weir_stream_listener_free(l);
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		l = listener(url);
		ck_assert_int_eq(weir_stream_listener_set_int(
				     l, WEIR_OPT_IPC_PERMISSIONS, modes[i]),
		    WEIR_OK);
		ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
		ck_assert_uint_eq(mode_of(url), (unsigned)modes[i]);
		weir_stream_listener_free(l);
	}
	(void)umask(old);
}
END_TEST

START_TEST(a_mode_is_mode_bits)
{
	weir_stream_listener *l = listener("unix:///x");
	static const int bad[] = {-1, 010000, 0100600, INT_MAX, INT_MIN};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(weir_stream_listener_set_int(
				     l, WEIR_OPT_IPC_PERMISSIONS, bad[i]),
		    WEIR_EINVAL);
	}
	ck_assert_int_eq(
	    weir_stream_listener_set_int(l, WEIR_OPT_IPC_PERMISSIONS, 07777),
	    WEIR_OK);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_mode_that_cannot_be_given_leaves_no_file)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;

	net_listen_url(NET_UNIX, url);
	l = listener(url);
	ck_assert_int_eq(
	    weir_stream_listener_set_int(l, WEIR_OPT_IPC_PERMISSIONS, 0600),
	    WEIR_OK);
	wri_sys_fail_at(WRI_SYS_CHMOD, 1, EPERM);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_EPERM);
	wri_sys_fail_at(WRI_SYS_CHMOD, 0, 0);
	ck_assert_int_ne(access(url + strlen("unix://"), F_OK), 0);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_uint_eq(mode_of(url), 0600);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(the_peers_ids_are_those_of_its_process)
{
	weir_stream *a, *b;
	int uid = -1, gid = -1, pid = -1;

	net_pair(NET_UNIX, &a, &b);
	for (int i = 0; i < 2; i++) {
		weir_stream *s = i == 0 ? a : b;

		ck_assert_int_eq(
		    weir_stream_get_int(s, WEIR_OPT_PEER_UID, &uid), WEIR_OK);
		ck_assert_int_eq(
		    weir_stream_get_int(s, WEIR_OPT_PEER_GID, &gid), WEIR_OK);
		ck_assert_int_eq(
		    weir_stream_get_int(s, WEIR_OPT_PEER_PID, &pid), WEIR_OK);
		ck_assert_int_eq(uid, (int)geteuid());
		ck_assert_int_eq(gid, (int)getegid());
		ck_assert_int_eq(pid, (int)getpid());
	}
	weir_stream_close(a);
	ck_assert_int_eq(
	    weir_stream_get_int(a, WEIR_OPT_PEER_UID, &uid), WEIR_ECLOSED);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("settings");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_dial_comes_from_the_local_address);
	tcase_add_test(
	    tc, a_local_address_has_no_port_and_a_family_of_the_internet);
	tcase_add_test(tc, a_local_address_that_cannot_be_ends_the_dial);
	tcase_add_loop_test(
	    tc, buffers_have_the_size_that_was_asked_for, 0, NET_KINDS);
	tcase_add_loop_test(tc, errors_of_a_live_option_are_told, 0, NET_KINDS);
	tcase_add_test(tc, listeners_share_a_port_if_both_say_so);
	tcase_add_test(tc, v6only_keeps_ipv4_out);
	tcase_add_loop_test(
	    tc, the_bound_address_is_known_from_listen_to_close, 0, NET_KINDS);
	tcase_add_test(tc, a_socket_file_has_the_mode_that_was_asked_for);
	tcase_add_test(tc, a_mode_is_mode_bits);
	tcase_add_test(tc, a_mode_that_cannot_be_given_leaves_no_file);
	tcase_add_test(tc, the_peers_ids_are_those_of_its_process);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
