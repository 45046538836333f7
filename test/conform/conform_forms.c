/*
 * conform_forms - section 17: the forms of URLs that are the same place, and
 * the places that are many.  Also: out of descriptors.
 */
#include "conform/con_net.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct con_op a;
static struct con_op b;
static nng_stream_listener *l;

static void
setup(void)
{
	con_setup();
	con_op_init(&a, NULL, NULL);
	con_op_init(&b, NULL, NULL);
	l = NULL;
}

static void
teardown(void)
{
	nng_stream_listener_free(l);
	con_op_fini(&a);
	con_op_fini(&b);
	con_teardown();
}

static nng_err
open_listener(const char *url)
{
	nng_err err = nng_stream_listener_alloc(&l, url);

	if (err == NNG_OK) {
		err = nng_stream_listener_listen(l);
	}
	return err;
}

/* Dial, accept; the listener's stream. */
static nng_stream *
meet(const char *url)
{
	nng_stream_dialer *d;
	nng_stream *near;
	nng_stream *far;
	char c = '\0';

	ck_assert_int_eq(nng_stream_dialer_alloc(&d, url), NNG_OK);
	nng_stream_listener_accept(l, b.aio);
	ck_assert_msg(
	    con_dial(&a, d, &near) == NNG_OK, "%s was not reached", url);
	ck_assert_int_eq(con_end(&b), NNG_OK);
	far = nng_aio_get_output(b.aio, 0);
	con_send_all(&a, near, "!", 1);
	con_recv_all(&b, far, &c, 1);
	ck_assert_int_eq(c, '!');
	nng_stream_free(near);
	nng_stream_dialer_free(d);
	return far;
}

static int
bound_port(void)
{
	int port = 0;

	ck_assert_int_eq(
	    nng_stream_listener_get_int(l, NNG_OPT_BOUND_PORT, &port), NNG_OK);
	return port;
}

static const char *const everywhere[] = {
    "tcp://", "tcp://:0", "tcp4://", "tcp://0.0.0.0", "tcp://0.0.0.0:0"};

START_TEST(these_listen_on_all_interfaces)
{
	char url[CON_URL_MAX];

	ck_assert_int_eq(open_listener(everywhere[_i]), NNG_OK);
	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", bound_port());
	nng_stream_free(meet(url));
	(void)snprintf(url, sizeof(url), "tcp4://127.0.0.2:%d", bound_port());
	nng_stream_free(meet(url));
}
END_TEST

static const char *const everywhere6[] = {
    "tcp6://", "tcp6://:0", "tcp://[::]", "tcp6://[::]:0"};

START_TEST(the_ipv6_ones_take_ipv4_too_as_mapped_addresses)
{
	char text[NNG_MAXADDRSTRLEN];
	char url[CON_URL_MAX];
	nng_stream *s;
	nng_err err = open_listener(everywhere6[_i]);

	if (err == NNG_ENOTSUP || err == NNG_EADDRINVAL) {
		return; /* no IPv6 here */
	}
	ck_assert_int_eq(err, NNG_OK);
	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", bound_port());
	s = meet(url);
	ck_assert_int_eq(nng_stream_peer_addr(s)->s_family, NNG_AF_INET6);
	(void)nng_str_sockaddr(nng_stream_peer_addr(s), text, sizeof(text));
	ck_assert_int_eq(strncmp(text, "[::ffff:127.0.0.1]:", 19), 0);
	nng_stream_free(s);
}
END_TEST

START_TEST(ipv6_literals_stand_in_brackets)
{
	char url[CON_URL_MAX];
	nng_stream *s;
	nng_err err = open_listener("tcp://[::1]:0");

	if (err == NNG_ENOTSUP || err == NNG_EADDRINVAL) {
		return; /* no IPv6 here */
	}
	ck_assert_int_eq(err, NNG_OK);
	(void)snprintf(url, sizeof(url), "tcp6://[::1]:%d", bound_port());
	s = meet(url);
	ck_assert_int_eq(nng_stream_peer_addr(s)->s_family, NNG_AF_INET6);
	nng_stream_free(s);
}
END_TEST

START_TEST(ipc_and_unix_are_the_same_and_paths_may_be_relative)
{
	char dir[] = "/tmp/conform-XXXXXX";
	char url[CON_URL_MAX];
	int home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(home, 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	/* No escapes, no query. */
	ck_assert_int_eq(open_listener("unix://a%41?b"), NNG_OK);
	ck_assert_int_eq(access("a%41?b", F_OK), 0);
	nng_stream_free(meet("ipc://a%41?b"));
	(void)snprintf(url, sizeof(url), "unix://%s/a%%41?b", dir);
	nng_stream_free(meet(url));
	nng_stream_listener_free(l);
	l = NULL;
	ck_assert_int_eq(fchdir(home), 0);
	ck_assert_int_eq(close(home), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(abstract_names_are_decoded_also_a_zero)
{
	const nng_sockaddr *sa;
	nng_stream *s;

	ck_assert_int_eq(
	    open_listener("abstract://conform%00form%2Fs"), NNG_OK);
	s = meet("abstract://c%6fnform%00form/s");
	sa = nng_stream_self_addr(s);
	ck_assert_int_eq(sa->s_family, NNG_AF_ABSTRACT);
	ck_assert_uint_eq(sa->s_abstract.sa_len, 14);
	ck_assert_int_eq(
	    memcmp(sa->s_abstract.sa_name, "conform\0form/s", 14), 0);
	nng_stream_free(s);
}
END_TEST

START_TEST(abstract_names_have_107_bytes_at_most)
{
	char url[200] = "abstract://";

	memset(url + 11, 'c', 107);
	url[11 + 107] = '\0';
	ck_assert_int_eq(open_listener(url), NNG_OK);
	nng_stream_free(meet(url));
}
END_TEST

START_TEST(abstract_names_leave_no_file_and_vanish_with_the_listener)
{
	nng_stream_dialer *d;
	nng_stream *s;

	ck_assert_int_eq(open_listener("abstract://conform-gone"), NNG_OK);
	ck_assert_int_ne(access("conform-gone", F_OK), 0);
	nng_stream_listener_free(l);
	l = NULL;
	ck_assert_int_eq(
	    nng_stream_dialer_alloc(&d, "abstract://conform-gone"), NNG_OK);
	ck_assert_int_eq(con_dial(&a, d, &s), NNG_ECONNREFUSED);
	nng_stream_dialer_free(d);
}
END_TEST

/* All descriptors up to a low limit; how many. */
static int
use_up(struct rlimit *old, int *held)
{
	struct rlimit low;
	int n = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, old), 0);
	low = *old;
	low.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (n < 64 && (held[n] = fcntl(2, F_DUPFD_CLOEXEC, 0)) >= 0) {
		n++;
	}
	ck_assert_int_lt(n, 64);
	return n;
}

START_TEST(without_descriptors_a_dial_and_a_listen_say_so)
{
	nng_stream_dialer *d;
	struct rlimit old;
	nng_stream *s;
	int held[64] = {0};
	int n;

	ck_assert_int_eq(
	    nng_stream_listener_alloc(&l, "tcp://127.0.0.1:0"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_dialer_alloc(&d, "tcp://127.0.0.1:1"), NNG_OK);
	n = use_up(&old, held);
	ck_assert_int_eq(con_dial(&a, d, &s), NNG_ENOFILES);
	ck_assert_int_eq(nng_stream_listener_listen(l), NNG_ENOFILES);
	while (n > 0) {
		ck_assert_int_eq(close(held[--n]), 0);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	nng_stream_dialer_free(d);
}
END_TEST

START_TEST(without_descriptors_an_accept_waits_and_goes_on)
{
	struct rlimit old;
	int held[64] = {0};
	int peer;
	int n;

	ck_assert_int_eq(open_listener("tcp://127.0.0.1:0"), NNG_OK);
	nng_stream_listener_accept(l, b.aio);
	n = use_up(&old, held);
	ck_assert_int_eq(close(held[--n]), 0);
	/* The last one is that of the peer. */
	peer = con_net_naked(bound_port());
	ck_assert(!latch_wait_ms(&b.ran, 1, 30));
	while (n > 0) {
		ck_assert_int_eq(close(held[--n]), 0);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	con_op_expect(&b, 1, NNG_OK);
	nng_stream_free(nng_aio_get_output(b.aio, 0));
	ck_assert_int_eq(close(peer), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/forms");
	TCase *tc = con_case_bare(suite, "forms");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, these_listen_on_all_interfaces, 0, 5);
	tcase_add_loop_test(
	    tc, the_ipv6_ones_take_ipv4_too_as_mapped_addresses, 0, 4);
	tcase_add_test(tc, ipv6_literals_stand_in_brackets);
	tcase_add_test(tc, ipc_and_unix_are_the_same_and_paths_may_be_relative);
	tcase_add_test(tc, abstract_names_are_decoded_also_a_zero);
	tcase_add_test(tc, abstract_names_have_107_bytes_at_most);
	tcase_add_test(
	    tc, abstract_names_leave_no_file_and_vanish_with_the_listener);
	tcase_add_test(tc, without_descriptors_a_dial_and_a_listen_say_so);
	tcase_add_test(tc, without_descriptors_an_accept_waits_and_goes_on);
	return run_suite(suite);
}
