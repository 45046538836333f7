/*
 * test_names - what makes ipc:// and abstract:// different: names, and what is
 * left of them.
 */
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

/* Dial one URL, listen on another: are they the same place? */
static weir_err
meets(const char *dial_url, const char *listen_url)
{
	weir_stream_listener *l = listener(listen_url);
	weir_stream_dialer *d = net_dialer(dial_url);
	weir_stream *a, *b;
	weir_err err;

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	err = op_dial(&dial, d, &a);
	if (err == WEIR_OK) {
		char byte = 0;

		ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
		ck_assert_int_eq(op_send(&dial, a, "x", 1), WEIR_OK);
		ck_assert_int_eq(op_recv(&acc, b, &byte, 1), WEIR_OK);
		ck_assert_int_eq(byte, 'x');
		weir_stream_free(a);
		weir_stream_free(b);
	}
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	return err;
}

START_TEST(ipc_and_unix_are_the_same_place)
{
	char path[NET_URL_MAX], ipc[NET_URL_MAX + 8], un[NET_URL_MAX + 8];

	net_path(path);
	snprintf(ipc, sizeof(ipc), "ipc://%s", path);
	snprintf(un, sizeof(un), "unix://%s", path);
	ck_assert_int_eq(meets(ipc, un), WEIR_OK);
	ck_assert_int_eq(meets(un, ipc), WEIR_OK);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_no_address_at_dial_and_listen)
{
	for (size_t len = 108; len <= 128; len += 10) {
		char url[160] = "ipc://";
		weir_stream_listener *l;
		weir_stream_dialer *d;
		weir_stream *s;

		memset(url + 6, 'x', len);
		url[6 + len] = '\0';
		l = listener(url);
		ck_assert_int_eq(
		    weir_stream_listener_listen(l), WEIR_EADDRINVAL);
		ck_assert_int_eq(
		    weir_stream_listener_listen(l), WEIR_EADDRINVAL);
		ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_ESTATE);
		d = net_dialer(url);
		ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_EADDRINVAL);
		ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_EADDRINVAL);
		weir_stream_dialer_close(d);
		ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ECLOSED);
		weir_stream_dialer_free(d);
		weir_stream_listener_free(l);
	}
}
END_TEST

START_TEST(a_name_is_its_bytes_however_they_are_written)
{
	char plain[NET_URL_MAX], escaped[NET_URL_MAX], other[NET_URL_MAX];
	int pid = (int)getpid();

	snprintf(plain, sizeof(plain), "abstract://weir-%d", pid);
	snprintf(escaped, sizeof(escaped), "abstract://%%77%%65ir%%2D%d", pid);
	snprintf(other, sizeof(other), "abstract://weir-%d%%00", pid);
	ck_assert_int_eq(meets(plain, escaped), WEIR_OK);
	ck_assert_int_eq(meets(escaped, plain), WEIR_OK);
	ck_assert_int_eq(meets(other, other), WEIR_OK);
	/* A NUL at the end is a byte as any other. */
	ck_assert_int_eq(meets(other, plain), WEIR_ECONNREFUSED);
	ck_assert_int_eq(meets(plain, other), WEIR_ECONNREFUSED);
}
END_TEST

START_TEST(the_longest_name_works)
{
	char url[160] = "abstract://";

	memset(url + strlen(url), 'x', 107);
	snprintf(url + 11, 12, "%011d", (int)getpid());
	url[22] = 'x';
	url[11 + 107] = '\0';
	ck_assert_int_eq(meets(url, url), WEIR_OK);
}
END_TEST

START_TEST(a_name_is_taken_while_somebody_listens_and_free_afterwards)
{
	char url[NET_URL_MAX];
	weir_stream_listener *one, *two;
	weir_stream_dialer *d;
	weir_stream *s;

	net_listen_url(NET_ABSTRACT, url);
	one = listener(url);
	two = listener(url);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ECONNREFUSED);
	ck_assert_int_eq(
	    weir_stream_listener_set_int(one, WEIR_OPT_IPC_PERMISSIONS, 0600),
	    WEIR_OK); /* without effect */
	ck_assert_int_eq(weir_stream_listener_listen(one), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(two), WEIR_EADDRINUSE);
	weir_stream_listener_stop(one);
	ck_assert_int_eq(weir_stream_listener_listen(two), WEIR_OK);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(one);
	weir_stream_listener_free(two);
}
END_TEST

START_TEST(a_name_is_the_address_of_both_ends)
{
	weir_stream *a, *b;
	const weir_sockaddr *sa;

	net_pair(NET_ABSTRACT, &a, &b);
	sa = weir_stream_peer_addr(a);
	ck_assert_uint_eq(sa->s_family, WEIR_AF_ABSTRACT);
	ck_assert(weir_sockaddr_equal(sa, weir_stream_self_addr(a)));
	ck_assert(weir_sockaddr_equal(sa, weir_stream_self_addr(b)));
	ck_assert(weir_sockaddr_equal(sa, weir_stream_peer_addr(b)));
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

START_TEST(a_url_in_parts_does_as_well)
{
	char text[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *a, *b;
	weir_url *url;

	net_listen_url(NET_ABSTRACT, text);
	ck_assert_int_eq(weir_url_parse(&url, text), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_alloc_url(&l, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_dialer_alloc_url(&d, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_dialer_alloc_url(NULL, url), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_dialer_alloc_url(&d, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_alloc_url(NULL, url), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_listener_alloc_url(&l, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_dialer_alloc(&d, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_dialer_alloc(NULL, text), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_listener_alloc(NULL, text), WEIR_EINVAL);
	weir_url_free(url); /* it is not kept */
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("names");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, ipc_and_unix_are_the_same_place);
	tcase_add_test(
	    tc, a_path_that_is_too_long_is_no_address_at_dial_and_listen);
	tcase_add_test(tc, a_name_is_its_bytes_however_they_are_written);
	tcase_add_test(tc, the_longest_name_works);
	tcase_add_test(
	    tc, a_name_is_taken_while_somebody_listens_and_free_afterwards);
	tcase_add_test(tc, a_name_is_the_address_of_both_ends);
	tcase_add_test(tc, a_url_in_parts_does_as_well);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
