/*
 * test_nng_udp - datagrams under NNG's names.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

static nng_sockaddr
loopback(uint16_t port)
{
	nng_sockaddr sa = {0};

	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_port = htons(port);
	sa.s_in.sa_addr = htonl(INADDR_LOOPBACK);
	return sa;
}

static nng_udp *
open_one(nng_sockaddr *bound)
{
	nng_sockaddr any = loopback(0);
	nng_udp *udp = NULL;

	ck_assert_int_eq(nng_udp_open(&udp, &any), NNG_OK);
	ck_assert_int_eq(nng_udp_sockname(udp, bound), NNG_OK);
	ck_assert_uint_ne(nng_sockaddr_port(bound), 0);
	return udp;
}

static void
set_buf(struct nrt *n, void *buf, size_t len, nng_sockaddr *sa)
{
	nng_iov iov = {buf, len};

	ck_assert_int_eq(nng_aio_set_iov(n->aio, 1, &iov), NNG_OK);
	ck_assert_int_eq(nng_aio_set_input(n->aio, 0, sa), NNG_OK);
}

START_TEST(a_datagram_goes_to_the_address_in_input_0)
{
	nng_sockaddr a_addr, b_addr, from = {0};
	nng_udp *a = open_one(&a_addr), *b = open_one(&b_addr);
	char text[] = "a datagram", buf[32] = "";
	struct nrt send, recv;

	nrt_init(&send, NULL, NULL);
	nrt_init(&recv, NULL, NULL);
	set_buf(&recv, buf, sizeof(buf), &from);
	nng_udp_recv(b, recv.aio);
	set_buf(&send, text, sizeof(text), &b_addr);
	nng_udp_send(a, send.aio);
	nrt_expect(&send, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(send.aio), sizeof(text));
	nrt_expect(&recv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(recv.aio), sizeof(text));
	ck_assert_str_eq(buf, text);
	ck_assert(nng_sockaddr_equal(&from, &a_addr));
	/* Longer than the iov. */
	set_buf(&recv, buf, 3, NULL);
	nng_udp_send(a, send.aio);
	nrt_expect(&send, 2, NNG_OK);
	nng_udp_recv(b, recv.aio);
	nrt_expect(&recv, 2, NNG_EMSGSIZE);
	nrt_fini(&send);
	nrt_fini(&recv);
	nng_udp_close(a);
	nng_udp_close(b);
}
END_TEST

START_TEST(a_destination_that_cannot_be_is_EADDRINVAL)
{
	nng_sockaddr addr, none = {0}, ipc = {0};
	nng_udp *udp = open_one(&addr);
	struct nrt n;

	ipc.s_family = NNG_AF_IPC;
	nrt_init(&n, NULL, NULL);
	set_buf(&n, &n, 1, NULL);
	nng_udp_send(udp, n.aio);
	nrt_expect(&n, 1, NNG_EADDRINVAL);
	set_buf(&n, &n, 1, &none);
	nng_udp_send(udp, n.aio);
	nrt_expect(&n, 2, NNG_EADDRINVAL);
	set_buf(&n, &n, 1, &ipc);
	nng_udp_send(udp, n.aio);
	nrt_expect(&n, 3, NNG_EADDRINVAL);
	nrt_fini(&n);
	nng_udp_close(udp);
}
END_TEST

START_TEST(stop_ends_what_is_pending_and_what_comes_later)
{
	nng_sockaddr addr;
	nng_udp *udp = open_one(&addr);
	char buf[8];
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	set_buf(&n, buf, sizeof(buf), NULL);
	nng_aio_set_timeout(n.aio, 5);
	nng_udp_recv(udp, n.aio);
	nrt_expect(&n, 1, NNG_ETIMEDOUT);
	nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
	nng_udp_recv(udp, n.aio);
	nng_udp_stop(udp);
	nrt_expect(&n, 2, NNG_ECLOSED);
	nng_udp_stop(udp);
	nng_udp_recv(udp, n.aio);
	nrt_expect(&n, 3, NNG_ECLOSED);
	nrt_fini(&n);
	nng_udp_close(udp);
	nng_udp_stop(NULL);
	nng_udp_close(NULL);
}
END_TEST

START_TEST(open_and_groups_tell_what_is_wrong)
{
	nng_udp *const none = (nng_udp *)(void *)&none;
	nng_sockaddr addr, bad = {0}, group = loopback(0);
	nng_udp *udp = none, *bound = open_one(&addr);

	ck_assert_int_eq(nng_udp_open(&udp, NULL), NNG_EADDRINVAL);
	ck_assert_int_eq(nng_udp_open(&udp, &bad), NNG_EADDRINVAL);
	ck_assert_int_eq(nng_udp_open(&udp, &addr), NNG_EADDRINUSE);
	bad = loopback(0);
	bad.s_in.sa_addr = htonl(0xc0000201); /* 192.0.2.1: nobody's */
	ck_assert_int_eq(nng_udp_open(&udp, &bad), NNG_EADDRINVAL);
	ck_assert_ptr_eq(udp, none);
	ck_assert_int_eq(
	    nng_udp_multicast_membership(bound, &group, true), NNG_EINVAL);
	group.s_in.sa_addr = htonl(0xe0000071);
	ck_assert_int_eq(
	    nng_udp_multicast_membership(bound, &group, false), NNG_EADDRINVAL);
	group.s_family = NNG_AF_IPC;
	ck_assert_int_eq(
	    nng_udp_multicast_membership(bound, &group, true), NNG_EADDRINVAL);
	nng_udp_close(bound);
}
END_TEST

static Suite *
udp_suite(void)
{
	Suite *s = suite_create("nng_udp");
	TCase *tc = tcase_create("udp");

	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, a_datagram_goes_to_the_address_in_input_0);
	tcase_add_test(tc, a_destination_that_cannot_be_is_EADDRINVAL);
	tcase_add_test(tc, stop_ends_what_is_pending_and_what_comes_later);
	tcase_add_test(tc, open_and_groups_tell_what_is_wrong);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(udp_suite());
}
