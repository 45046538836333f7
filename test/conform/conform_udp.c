/*
 * conform_udp - section 19: datagrams; trap 16.
 */
#include "conform/con.h"

#include <arpa/inet.h>
#include <string.h>

#define LOOPBACK 0x7f000001u
#define UDP_MAX 65507

static struct con_op snd;
static struct con_op rcv;
static nng_udp *a;
static nng_udp *b;
static nng_sockaddr addr_a;
static nng_sockaddr addr_b;

static nng_sockaddr
loopback(uint16_t port)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_addr = htonl(LOOPBACK);
	sa.s_in.sa_port = htons(port);
	return sa;
}

static void
setup(void)
{
	nng_sockaddr any = loopback(0);

	con_setup();
	con_op_init(&snd, NULL, NULL);
	con_op_init(&rcv, NULL, NULL);
	ck_assert_int_eq(nng_udp_open(&a, &any), NNG_OK);
	ck_assert_int_eq(nng_udp_open(&b, &any), NNG_OK);
	ck_assert_int_eq(nng_udp_sockname(a, &addr_a), NNG_OK);
	ck_assert_int_eq(nng_udp_sockname(b, &addr_b), NNG_OK);
}

static void
teardown(void)
{
	nng_udp_close(a);
	nng_udp_close(b);
	con_op_fini(&snd);
	con_op_fini(&rcv);
	con_teardown();
}

/* From a to b. */
static void
submit_send(const char *buf, size_t len)
{
	con_op_text(&snd, buf, len);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &addr_b), NNG_OK);
	nng_udp_send(a, snd.aio);
}

START_TEST(a_port_of_zero_becomes_a_real_one)
{
	ck_assert_int_eq(addr_a.s_family, NNG_AF_INET);
	ck_assert_uint_eq(addr_a.s_in.sa_addr, htonl(LOOPBACK));
	ck_assert_uint_ne(addr_a.s_in.sa_port, 0);
	ck_assert_uint_ne(addr_a.s_in.sa_port, addr_b.s_in.sa_port);
}
END_TEST

START_TEST(a_datagram_arrives_with_its_sender)
{
	nng_sockaddr from;
	char buf[100];

	con_op_buf(&rcv, buf, sizeof(buf));
	ck_assert_int_eq(nng_aio_set_input(rcv.aio, 0, &from), NNG_OK);
	nng_udp_recv(b, rcv.aio);
	submit_send("hello", 5);
	con_op_expect(&snd, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(snd.aio), 5);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 5);
	ck_assert_int_eq(memcmp(buf, "hello", 5), 0);
	ck_assert(nng_sockaddr_equal(&from, &addr_a));
}
END_TEST

START_TEST(the_sender_need_not_be_asked_for)
{
	char buf[100];

	submit_send("x", 1);
	con_op_expect(&snd, 1, NNG_OK);
	con_op_buf(&rcv, buf, sizeof(buf));
	nng_udp_recv(b, rcv.aio);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 1);
}
END_TEST

START_TEST(one_operation_is_one_datagram)
{
	char buf[100];

	submit_send("one", 3);
	con_op_expect(&snd, 1, NNG_OK);
	submit_send("three", 5);
	con_op_expect(&snd, 2, NNG_OK);
	con_op_buf(&rcv, buf, sizeof(buf));
	nng_udp_recv(b, rcv.aio);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 3);
	nng_udp_recv(b, rcv.aio);
	con_op_expect(&rcv, 2, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 5);
	ck_assert_int_eq(memcmp(buf, "three", 5), 0);
}
END_TEST

START_TEST(the_pieces_are_gathered_and_scattered)
{
	char buf[8][2];
	nng_iov out[8];
	nng_iov in[8];

	for (unsigned i = 0; i < 8; i++) {
		out[i].iov_buf = (char *)(uintptr_t) "abcdefgh" + i;
		out[i].iov_len = 1;
		in[i].iov_buf = buf[i];
		in[i].iov_len = i % 2 + 1;
	}
	ck_assert_int_eq(nng_aio_set_iov(snd.aio, 8, out), NNG_OK);
	ck_assert_int_eq(nng_aio_set_iov(rcv.aio, 8, in), NNG_OK);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &addr_b), NNG_OK);
	nng_udp_recv(b, rcv.aio);
	nng_udp_send(a, snd.aio);
	con_op_expect(&snd, 1, NNG_OK);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(snd.aio), 8);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 8);
	ck_assert_int_eq(buf[0][0], 'a');
	ck_assert_int_eq(memcmp(buf[1], "bc", 2), 0);
	ck_assert_int_eq(buf[2][0], 'd');
	ck_assert_int_eq(memcmp(buf[3], "ef", 2), 0);
	ck_assert_int_eq(buf[4][0], 'g');
	ck_assert_int_eq(buf[5][0], 'h');
}
END_TEST

START_TEST(an_empty_datagram_is_legal)
{
	char buf[10];

	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &addr_b), NNG_OK);
	nng_udp_send(a, snd.aio);
	con_op_expect(&snd, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(snd.aio), 0);
	con_op_buf(&rcv, buf, sizeof(buf));
	nng_udp_recv(b, rcv.aio);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 0);
}
END_TEST

START_TEST(the_largest_datagram_goes_and_a_larger_one_is_too_large)
{
	static char big[UDP_MAX + 1];
	static char got[UDP_MAX + 1];

	memset(big, 'B', sizeof(big));
	con_op_buf(&rcv, got, sizeof(got));
	nng_udp_recv(b, rcv.aio);
	submit_send(big, UDP_MAX);
	con_op_expect(&snd, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(snd.aio), UDP_MAX);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), UDP_MAX);
	ck_assert_int_eq(memcmp(big, got, UDP_MAX), 0);
	submit_send(big, UDP_MAX + 1);
	con_op_expect(&snd, 2, NNG_EMSGSIZE);
	/* The socket is fine. */
	submit_send("x", 1);
	con_op_expect(&snd, 3, NNG_OK);
}
END_TEST

START_TEST(a_datagram_larger_than_the_memory_is_too_large)
{
	char buf[4];

	con_op_buf(&rcv, buf, 3);
	nng_udp_recv(b, rcv.aio);
	submit_send("12345", 5);
	con_op_expect(&snd, 1, NNG_OK);
	con_op_expect(&rcv, 1, NNG_EMSGSIZE);
	/* It is gone, the next one comes. */
	submit_send("67", 2);
	con_op_expect(&snd, 2, NNG_OK);
	nng_udp_recv(b, rcv.aio);
	con_op_expect(&rcv, 2, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 2);
}
END_TEST

START_TEST(a_send_without_an_address_is_an_invalid_address)
{
	nng_sockaddr none;

	memset(&none, 0, sizeof(none));
	con_op_text(&snd, "x", 1);
	nng_udp_send(a, snd.aio);
	con_op_expect(&snd, 1, NNG_EADDRINVAL);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &none), NNG_OK);
	nng_udp_send(a, snd.aio);
	con_op_expect(&snd, 2, NNG_EADDRINVAL);
}
END_TEST

static const enum nng_sockaddr_family foreign[] = {
    NNG_AF_INET6, NNG_AF_IPC, NNG_AF_INPROC, NNG_AF_ABSTRACT};

START_TEST(a_family_that_the_socket_cannot_reach_is_refused)
{
	nng_sockaddr sa;
	nng_err err;

	memset(&sa, 0, sizeof(sa));
	sa.s_family = (uint16_t)foreign[_i];
	if (sa.s_family == NNG_AF_INET6) {
		sa.s_in6.sa_addr[15] = 1;
		sa.s_in6.sa_port = addr_b.s_in.sa_port;
	}
	con_op_text(&snd, "x", 1);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &sa), NNG_OK);
	nng_udp_send(a, snd.aio);
	ck_assert(latch_wait(&snd.ran, 1));
	nng_aio_wait(snd.aio);
	err = nng_aio_result(snd.aio);
	ck_assert_msg(
	    err == NNG_EADDRINVAL || err == NNG_ENOTSUP, "%d", (int)err);
}
END_TEST

START_TEST(open_refuses_what_is_no_address_of_this_machine)
{
	nng_udp *u = (nng_udp *)&u;
	nng_sockaddr sa;

	ck_assert_int_eq(nng_udp_open(&u, NULL), NNG_EADDRINVAL);
	memset(&sa, 0, sizeof(sa));
	ck_assert_int_eq(nng_udp_open(&u, &sa), NNG_EADDRINVAL);
	sa.s_family = NNG_AF_IPC;
	ck_assert_int_eq(nng_udp_open(&u, &sa), NNG_EADDRINVAL);
	sa = loopback(0);
	sa.s_in.sa_addr = htonl(0xC0000207); /* 192.0.2.7, for documents */
	ck_assert_int_eq(nng_udp_open(&u, &sa), NNG_EADDRINVAL);
	ck_assert_ptr_eq(u, (nng_udp *)&u);
}
END_TEST

START_TEST(open_refuses_an_address_in_use)
{
	nng_udp *u = (nng_udp *)&u;

	ck_assert_int_eq(nng_udp_open(&u, &addr_a), NNG_EADDRINUSE);
	ck_assert_ptr_eq(u, (nng_udp *)&u);
}
END_TEST

START_TEST(ipv6_works_where_there_is_one)
{
	nng_sockaddr sa;
	nng_sockaddr from;
	char buf[4];
	nng_udp *u;
	int err;

	memset(&sa, 0, sizeof(sa));
	sa.s_in6.sa_family = NNG_AF_INET6;
	sa.s_in6.sa_addr[15] = 1;
	err = nng_udp_open(&u, &sa);
	if (err == NNG_EADDRINVAL || err == NNG_ENOTSUP) {
		return; /* there is none */
	}
	ck_assert_int_eq(err, NNG_OK);
	ck_assert_int_eq(nng_udp_sockname(u, &sa), NNG_OK);
	ck_assert_int_eq(sa.s_family, NNG_AF_INET6);
	ck_assert_uint_ne(sa.s_in6.sa_port, 0);
	con_op_buf(&rcv, buf, sizeof(buf));
	ck_assert_int_eq(nng_aio_set_input(rcv.aio, 0, &from), NNG_OK);
	nng_udp_recv(u, rcv.aio);
	con_op_text(&snd, "six", 3);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &sa), NNG_OK);
	nng_udp_send(u, snd.aio);
	con_op_expect(&snd, 1, NNG_OK);
	con_op_expect(&rcv, 1, NNG_OK);
	ck_assert(nng_sockaddr_equal(&from, &sa));
	nng_udp_close(u);
}
END_TEST

static char wait_buf[16];

static void
wait_recv(void)
{
	con_op_buf(&rcv, wait_buf, sizeof(wait_buf));
	nng_udp_recv(b, rcv.aio);
}

START_TEST(a_receive_times_out_and_the_socket_goes_on)
{
	nng_time t = nng_clock();

	nng_aio_set_timeout(rcv.aio, 20);
	wait_recv();
	con_op_expect(&rcv, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock() - t, 20);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 0);
	nng_aio_set_timeout(rcv.aio, CON_LONG_MS);
	wait_recv();
	submit_send("x", 1);
	con_op_expect(&rcv, 2, NNG_OK);
	con_op_expect(&snd, 1, NNG_OK);
}
END_TEST

START_TEST(a_receive_is_cancelled_aborted_and_stopped)
{
	wait_recv();
	nng_aio_cancel(rcv.aio);
	con_op_expect(&rcv, 1, NNG_ECANCELED);
	wait_recv();
	nng_aio_abort(rcv.aio, NNG_EPROTO);
	con_op_expect(&rcv, 2, NNG_EPROTO);
	wait_recv();
	nng_aio_stop(rcv.aio);
	con_op_expect(&rcv, 3, NNG_ESTOPPED);
}
END_TEST

START_TEST(timeout_zero_takes_what_is_there)
{
	nng_aio_set_timeout(rcv.aio, NNG_DURATION_ZERO);
	wait_recv();
	con_op_expect(&rcv, 1, NNG_ETIMEDOUT);
	submit_send("x", 1);
	con_op_expect(&snd, 1, NNG_OK);
	/* It is there soon after the send is done. */
	do {
		wait_recv();
		nng_aio_wait(rcv.aio);
	} while (nng_aio_result(rcv.aio) == NNG_ETIMEDOUT);
	ck_assert_int_eq(nng_aio_result(rcv.aio), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(rcv.aio), 1);
}
END_TEST

START_TEST(receives_are_served_in_the_order_of_submission)
{
	struct con_op ops[5];
	char bufs[5][4];

	for (int i = 0; i < 5; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_op_buf(&ops[i], bufs[i], sizeof(bufs[i]));
		nng_udp_recv(b, ops[i].aio);
	}
	for (unsigned i = 0; i < 5; i++) {
		char c = (char)('a' + i);

		submit_send(&c, 1);
		con_op_expect(&snd, i + 1, NNG_OK);
	}
	for (int i = 0; i < 5; i++) {
		con_op_expect(&ops[i], 1, NNG_OK);
		ck_assert_int_eq(bufs[i][0], 'a' + i);
		con_op_fini(&ops[i]);
	}
}
END_TEST

START_TEST(stop_closes_pending_and_later_operations)
{
	wait_recv();
	nng_udp_stop(b);
	con_op_expect(&rcv, 1, NNG_ECLOSED);
	nng_udp_stop(b);
	wait_recv();
	con_op_expect(&rcv, 2, NNG_ECLOSED);
	con_op_text(&snd, "x", 1);
	ck_assert_int_eq(nng_aio_set_input(snd.aio, 0, &addr_a), NNG_OK);
	nng_udp_send(b, snd.aio);
	con_op_expect(&snd, 1, NNG_ECLOSED);
}
END_TEST

START_TEST(close_ends_what_is_pending)
{
	wait_recv();
	nng_udp_close(b);
	con_op_expect(&rcv, 1, NNG_ECLOSED);
	/* For the teardown. */
	ck_assert_int_eq(nng_udp_open(&b, &addr_b), NNG_OK);
}
END_TEST

/* A group of multicast, in network order. */
static nng_sockaddr
group(uint32_t ip)
{
	nng_sockaddr sa = loopback(0);

	sa.s_in.sa_addr = htonl(ip);
	return sa;
}

START_TEST(groups_are_joined_and_left)
{
	nng_sockaddr sa = group(0xE0000177); /* 224.0.1.119 */
	int err = nng_udp_multicast_membership(b, &sa, true);

	if (err == NNG_ESYSERR + 19 || err == NNG_ENOTSUP) {
		return; /* no device for it here */
	}
	ck_assert_int_eq(err, NNG_OK);
	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, true), NNG_EADDRINUSE);
	ck_assert_int_eq(nng_udp_multicast_membership(b, &sa, false), NNG_OK);
	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, false), NNG_EADDRINVAL);
}
END_TEST

START_TEST(what_is_no_group_is_refused)
{
	nng_sockaddr sa = loopback(0);

	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, true), NNG_EINVAL);
	memset(&sa, 0, sizeof(sa));
	sa.s_family = NNG_AF_INET6;
	sa.s_in6.sa_addr[0] = 0xFF;
	sa.s_in6.sa_addr[1] = 0x02;
	sa.s_in6.sa_addr[15] = 0x77;
	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, true), NNG_EADDRINVAL);
	sa.s_family = NNG_AF_IPC;
	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, true), NNG_EADDRINVAL);
	sa.s_family = NNG_AF_UNSPEC;
	ck_assert_int_eq(
	    nng_udp_multicast_membership(b, &sa, true), NNG_EADDRINVAL);
}
END_TEST

static void
add_ends(TCase *tc)
{
	tcase_add_test(tc, a_receive_times_out_and_the_socket_goes_on);
	tcase_add_test(tc, a_receive_is_cancelled_aborted_and_stopped);
	tcase_add_test(tc, timeout_zero_takes_what_is_there);
	tcase_add_test(tc, receives_are_served_in_the_order_of_submission);
	tcase_add_test(tc, stop_closes_pending_and_later_operations);
	tcase_add_test(tc, close_ends_what_is_pending);
	tcase_add_test(tc, groups_are_joined_and_left);
	tcase_add_test(tc, what_is_no_group_is_refused);
}

int
main(void)
{
	Suite *suite = suite_create("conform/udp");
	TCase *tc = con_case_bare(suite, "udp");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_port_of_zero_becomes_a_real_one);
	tcase_add_test(tc, a_datagram_arrives_with_its_sender);
	tcase_add_test(tc, the_sender_need_not_be_asked_for);
	tcase_add_test(tc, one_operation_is_one_datagram);
	tcase_add_test(tc, the_pieces_are_gathered_and_scattered);
	tcase_add_test(tc, an_empty_datagram_is_legal);
	tcase_add_test(
	    tc, the_largest_datagram_goes_and_a_larger_one_is_too_large);
	tcase_add_test(tc, a_datagram_larger_than_the_memory_is_too_large);
	tcase_add_test(tc, a_send_without_an_address_is_an_invalid_address);
	tcase_add_loop_test(
	    tc, a_family_that_the_socket_cannot_reach_is_refused, 0, 4);
	tcase_add_test(tc, open_refuses_what_is_no_address_of_this_machine);
	tcase_add_test(tc, open_refuses_an_address_in_use);
	tcase_add_test(tc, ipv6_works_where_there_is_one);
	add_ends(tc);
	return run_suite(suite);
}
