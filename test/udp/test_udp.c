/*
 * test_udp - datagrams: what arrives, in which order, what is told.
 */
#include "base/attr.h"
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static weir_udp *a, *b;
static struct dg tx, rx;

/* Two sockets of a family; false: this machine has none. */
static bool
begin(int kind, const weir_udp_params *params)
{
	if (!dg_has((enum dg_kind)kind)) {
		return false;
	}
	a = dg_open((enum dg_kind)kind, params);
	b = dg_open((enum dg_kind)kind, params);
	dg_init(&tx);
	dg_init(&rx);
	return true;
}

static void
end(void)
{
	weir_udp_free(a);
	weir_udp_free(b);
	dg_fini(&tx);
	dg_fini(&rx);
}

START_TEST(a_datagram_arrives_with_its_senders_address)
{
	char buf[16] = "";
	weir_sockaddr from;

	if (!begin(_i, NULL)) {
		return;
	}
	from = dg_name(a);
	ck_assert_uint_ne(weir_sockaddr_port(&from), 0);
	/* It waits for the datagram, or the datagram for it. */
	dg_recv(&rx, b, buf, sizeof(buf));
	dg_deliver(&tx, a, b, "hello", 5);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 5);
	ck_assert_int_eq(memcmp(buf, "hello", 6), 0);
	ck_assert(weir_sockaddr_equal(&rx.addr, &from));

	dg_deliver(&tx, a, b, "again", 5);
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_int_eq(memcmp(buf, "again", 6), 0);
	ck_assert(weir_sockaddr_equal(&rx.addr, &from));
	end();
}
END_TEST

START_TEST(an_address_to_answer_to_needs_no_change)
{
	char buf[16] = "";

	if (!begin(_i, NULL)) {
		return;
	}
	dg_deliver(&tx, a, b, "ask", 3);
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	/* The very aio and its input, the other way round. */
	dg_buf(&rx, "answer", 6);
	weir_udp_send(b, rx.c.aio);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	dg_recv(&tx, a, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
	ck_assert_uint_eq(tx.c.count, 6);
	ck_assert_int_eq(memcmp(buf, "answer", 6), 0);
	end();
}
END_TEST

START_TEST(nobody_has_to_ask_for_the_sender)
{
	char buf[16] = "";

	if (!begin(_i, NULL)) {
		return;
	}
	dg_deliver(&tx, a, b, "x", 1);
	dg_buf(&rx, buf, sizeof(buf));
	ck_assert_ptr_null(weir_aio_get_input(rx.c.aio, 0));
	weir_udp_recv(b, rx.c.aio);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 1);
	end();
}
END_TEST

START_TEST(pieces_are_gathered_and_scattered)
{
	char out1[3] = "abc", out2[4] = "defg", in1[2], in2[1], in3[10] = "";
	weir_iov gather[4] = {{out1, 3}, {NULL, 0}, {out2, 4}, {out1, 1}};
	weir_iov scatter[4] = {{in1, 2}, {in2, 1}, {NULL, 0}, {in3, 10}};
	weir_sockaddr to;

	if (!begin(_i, NULL)) {
		return;
	}
	to = dg_name(b);
	ck_assert_int_eq(weir_aio_set_iov(tx.c.aio, 4, gather), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_input(tx.c.aio, 0, &to), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_iov(rx.c.aio, 4, scatter), WEIR_OK);
	weir_udp_send(a, tx.c.aio);
	ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
	ck_assert_uint_eq(tx.c.count, 8);
	weir_udp_recv(b, rx.c.aio);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 8);
	ck_assert_int_eq(memcmp(in1, "ab", 2), 0);
	ck_assert_int_eq(in2[0], 'c');
	ck_assert_int_eq(memcmp(in3, "defga", 6), 0);
	end();
}
END_TEST

/* As many pieces as a handle can have: one datagram all the same. */
START_TEST(many_pieces_are_one_datagram)
{
	static char out[WEIR_IOV_BORROW_MAX], in[WEIR_IOV_BORROW_MAX];
	static weir_iov gather[WEIR_IOV_BORROW_MAX];
	static weir_iov scatter[WEIR_IOV_BORROW_MAX];
	static const unsigned lens[] = {7, 8, 9, 10, 100, WEIR_IOV_BORROW_MAX};
	weir_sockaddr to;

	if (!begin(_i, NULL)) {
		return;
	}
	to = dg_name(b);
	for (unsigned i = 0; i < WEIR_IOV_BORROW_MAX; i++) {
		out[i] = (char)(i * 7);
		gather[i] = (weir_iov){&out[i], 1};
		scatter[i] = (weir_iov){&in[i], 1};
	}
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		unsigned n = lens[i];

		memset(in, 0, sizeof(in));
		ck_assert_int_eq(
		    weir_aio_borrow_iov(tx.c.aio, n, gather), WEIR_OK);
		ck_assert_int_eq(
		    weir_aio_borrow_iov(rx.c.aio, n, scatter), WEIR_OK);
		ck_assert_int_eq(weir_aio_set_input(tx.c.aio, 0, &to), WEIR_OK);
		weir_udp_send(a, tx.c.aio);
		ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
		ck_assert_uint_eq(tx.c.count, n);
		weir_udp_recv(b, rx.c.aio);
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
		ck_assert_uint_eq(rx.c.count, n);
		ck_assert_int_eq(memcmp(in, out, n), 0);
	}
	end();
}
END_TEST

START_TEST(an_empty_datagram_is_one)
{
	char buf[4] = "";
	weir_sockaddr from;

	if (!begin(_i, NULL)) {
		return;
	}
	dg_recv(&rx, b, buf, sizeof(buf));
	dg_deliver(&tx, a, b, NULL, 0);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 0);
	from = dg_name(a);
	ck_assert(weir_sockaddr_equal(&rx.addr, &from));
	/* Also for a receive that has no room for another one. */
	dg_deliver(&tx, a, b, NULL, 0);
	dg_recv(&rx, b, NULL, 0);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	end();
}
END_TEST

START_TEST(a_datagram_that_does_not_fit_is_told_and_gone)
{
	char buf[8];
	weir_sockaddr from;

	if (!begin(_i, NULL)) {
		return;
	}
	from = dg_name(a);
	memset(buf, '-', sizeof(buf));
	dg_deliver(&tx, a, b, "abcdef", 6);
	dg_deliver(&tx, a, b, "ghi", 3);
	dg_deliver(&tx, a, b, "j", 1);
	dg_recv(&rx, b, buf, 5);
	ck_assert_int_eq(dg_wait(&rx), WEIR_EMSGSIZE);
	ck_assert_uint_eq(rx.c.count, 5);
	ck_assert_int_eq(memcmp(buf, "abcde---", 8), 0);
	ck_assert(weir_sockaddr_equal(&rx.addr, &from));
	/* One that fits exactly is whole; with no room nothing is stored. */
	dg_recv(&rx, b, buf, 3);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 3);
	dg_recv(&rx, b, buf, 0);
	ck_assert_int_eq(dg_wait(&rx), WEIR_EMSGSIZE);
	ck_assert_uint_eq(rx.c.count, 0);
	end();
}
END_TEST

START_TEST(the_longest_datagram_goes_and_one_byte_more_does_not)
{
	size_t max = WEIR_UDP_PAYLOAD_MAX + (_i == DG_IN6 ? 20 : 0);
	size_t room = (size_t)1 << 20;
	char *out = malloc(room), *in = malloc(room);
	weir_sockaddr to;

	ck_assert(out != NULL && in != NULL);
	if (!begin(_i, NULL)) {
		free(out);
		free(in);
		return;
	}
	to = dg_name(b);
	for (size_t i = 0; i < room; i++) {
		out[i] = (char)(i * 31 >> 3);
	}
	dg_deliver(&tx, a, b, out, max);
	dg_recv(&rx, b, in, room);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, max);
	ck_assert_int_eq(memcmp(in, out, max), 0);
	for (size_t len = max + 1; len <= room; len = len * 2 - max + 1) {
		dg_send(&tx, a, &to, out, len);
		ck_assert_int_eq(dg_wait(&tx), WEIR_EMSGSIZE);
		ck_assert_uint_eq(tx.c.count, 0);
	}
	/* The socket goes on. */
	dg_deliver(&tx, a, b, "x", 1);
	dg_recv(&rx, b, in, room);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 1);
	end();
	free(out);
	free(in);
}
END_TEST

/* Many at once, each side in the order submitted. */
START_TEST(operations_complete_in_their_order)
{
	enum { N = 40 };
	static struct dg sends[N], recvs[N];
	char buf[N], out[N];
	weir_sockaddr to;

	if (!begin(_i, NULL)) {
		return;
	}
	to = dg_name(b);
	for (int i = 0; i < N; i++) {
		dg_init(&recvs[i]);
		dg_recv(&recvs[i], b, &buf[i], 1);
	}
	for (int i = 0; i < N; i++) {
		ck_assert(dg_pending(&recvs[i]));
		out[i] = (char)i;
		dg_init(&sends[i]);
		dg_send(&sends[i], a, &to, &out[i], 1);
	}
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(dg_wait(&sends[i]), WEIR_OK);
		ck_assert_int_eq(dg_wait(&recvs[i]), WEIR_OK);
		ck_assert_int_eq(buf[i], i);
		dg_fini(&sends[i]);
		dg_fini(&recvs[i]);
	}
	end();
}
END_TEST

START_TEST(a_receive_may_poll)
{
	char buf[4];

	if (!begin(_i, NULL)) {
		return;
	}
	(void)weir_aio_set_timeout(rx.c.aio, 0);
	for (int i = 0; i < 5; i++) {
		dg_recv(&rx, b, buf, sizeof(buf));
		ck_assert_int_eq(dg_wait(&rx), WEIR_ETIMEDOUT);
		ck_assert_uint_eq(rx.c.count, 0);
		dg_deliver(&tx, a, b, "ab", 2);
		/* It is there soon after it was sent. */
		do {
			dg_recv(&rx, b, buf, sizeof(buf));
		} while (dg_wait(&rx) == WEIR_ETIMEDOUT);
		ck_assert_int_eq(rx.c.result, WEIR_OK);
		ck_assert_uint_eq(rx.c.count, 2);
	}
	/* There is room to send. */
	(void)weir_aio_set_timeout(tx.c.aio, 0);
	dg_deliver(&tx, a, b, "ab", 2);
	end();
}
END_TEST

START_TEST(cancel_and_timeout_end_a_receive_and_take_nothing)
{
	char buf[4];

	if (!begin(_i, NULL)) {
		return;
	}
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(weir_aio_cancel(rx.c.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(dg_wait(&rx), WEIR_ECANCELED);
	(void)weir_aio_set_timeout(rx.c.aio, WEIR_MS(2));
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_ETIMEDOUT);
	(void)weir_aio_set_timeout(rx.c.aio, WEIR_INFINITE);
	dg_deliver(&tx, a, b, "abc", 3);
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 3);
	end();
}
END_TEST

/* An echo that lives in callbacks, and a peer that nobody answers for. */
static void
echo_again(struct consumer *c)
{
	struct dg *op = wri_container(c, struct dg, c);

	if (c->result == WEIR_OK && c->count > 0 && op->waited == 0) {
		const weir_iov back = {c->arg, c->count};

		op->waited = 1; /* the answer is under way */
		(void)weir_aio_set_iov(c->aio, 1, &back);
		weir_udp_send(b, c->aio);
	} else if (c->result == WEIR_OK) {
		const weir_iov room = {c->arg, 8};

		op->waited = 0;
		(void)weir_aio_set_iov(c->aio, 1, &room);
		weir_udp_recv(b, c->aio);
	}
}

START_TEST(an_echo_lives_in_its_callbacks)
{
	char room[8], out[8] = "0123456", in[8];
	struct dg echo;

	if (!begin(_i, NULL)) {
		return;
	}
	dg_init(&echo);
	echo.c.then = echo_again;
	echo.c.arg = room;
	dg_recv(&echo, b, room, sizeof(room));
	for (unsigned i = 1; i <= 300; i++) {
		size_t len = 1 + i % sizeof(out);

		dg_recv(&rx, a, in, sizeof(in));
		dg_deliver(&tx, a, b, out, len);
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
		ck_assert_uint_eq(rx.c.count, len);
		ck_assert_int_eq(memcmp(in, out, len), 0);
	}
	weir_aio_stop(echo.c.aio);
	dg_fini(&echo);
	end();
}
END_TEST

/* Nobody is there: the system's answer is no error of what comes after. */
START_TEST(a_closed_port_is_no_error)
{
	weir_sockaddr gone;
	char buf[4];

	if (!begin(_i, NULL)) {
		return;
	}
	gone = dg_name(b);
	weir_udp_free(b);
	b = NULL;
	for (int i = 0; i < 3; i++) {
		dg_send(&tx, a, &gone, "x", 1);
		ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
	}
	dg_recv(&rx, a, buf, sizeof(buf));
	dg_deliver(&tx, a, a, "me", 2);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_uint_eq(rx.c.count, 2);
	end();
}
END_TEST

START_TEST(an_ipv6_socket_reaches_ipv4_by_mapped_addresses)
{
	weir_udp_params only = {.size = sizeof(only), .v6only = true};
	weir_sockaddr any = dg_addr(DG_IN6, 0);
	weir_sockaddr to, four;
	weir_udp *six;
	char buf[4];

	if (!dg_has(DG_IN6)) {
		return;
	}
	ck_assert(begin(DG_IN, NULL));
	any.s_in6.sa_addr[15] = 0;
	ck_assert_int_eq(weir_udp_open(&six, &any), WEIR_OK);
	four = dg_name(b);
	to = any;
	to.s_in6.sa_port = four.s_in.sa_port;
	memset(&to.s_in6.sa_addr[10], 0xff, 2);
	memcpy(&to.s_in6.sa_addr[12], &four.s_in.sa_addr, 4);
	dg_send(&tx, six, &to, "x", 1);
	ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
	dg_recv(&rx, b, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	/* And it names them so. */
	dg_recv(&tx, six, buf, sizeof(buf));
	dg_buf(&rx, "y", 1);
	weir_udp_send(b, rx.c.aio);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
	ck_assert(weir_sockaddr_equal(&tx.addr, &to));
	/* A plain IPv4 address is of another family. */
	dg_send(&tx, six, &four, "x", 1);
	ck_assert_int_eq(dg_wait(&tx), WEIR_EADDRINVAL);
	weir_udp_free(six);
	ck_assert_int_eq(weir_udp_open_with(&six, &any, &only), WEIR_OK);
	dg_send(&tx, six, &to, "x", 1);
	ck_assert_int_eq(dg_wait(&tx), WEIR_EUNREACHABLE);
	weir_udp_free(six);
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("datagrams");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(
	    tc, a_datagram_arrives_with_its_senders_address, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, an_address_to_answer_to_needs_no_change, 0, DG_KINDS);
	tcase_add_loop_test(tc, nobody_has_to_ask_for_the_sender, 0, DG_KINDS);
	tcase_add_loop_test(tc, pieces_are_gathered_and_scattered, 0, DG_KINDS);
	tcase_add_loop_test(tc, many_pieces_are_one_datagram, 0, DG_KINDS);
	tcase_add_loop_test(tc, an_empty_datagram_is_one, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, a_datagram_that_does_not_fit_is_told_and_gone, 0, DG_KINDS);
	tcase_add_loop_test(tc,
	    the_longest_datagram_goes_and_one_byte_more_does_not, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, operations_complete_in_their_order, 0, DG_KINDS);
	tcase_add_loop_test(tc, a_receive_may_poll, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, cancel_and_timeout_end_a_receive_and_take_nothing, 0, DG_KINDS);
	tcase_add_loop_test(tc, an_echo_lives_in_its_callbacks, 0, DG_KINDS);
	tcase_add_loop_test(tc, a_closed_port_is_no_error, 0, DG_KINDS);
	tcase_add_test(tc, an_ipv6_socket_reaches_ipv4_by_mapped_addresses);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
