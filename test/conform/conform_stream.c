/*
 * conform_stream - section 13: sending, receiving, addresses, on every
 * transport.
 */
#include "conform/con_net.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static struct con_net n;

/* The loop index of a test is its transport. */
#define NET_TEST(name)                                                         \
	static void name##_on(void);                                           \
	START_TEST(name)                                                       \
	{                                                                      \
		con_net_init(&n, (enum con_kind)_i);                           \
		name##_on();                                                   \
		con_net_fini(&n);                                              \
	}                                                                      \
	END_TEST                                                               \
	static void name##_on(void)

NET_TEST(bytes_go_both_ways)
{
	char buf[16];

	ck_assert_int_eq(con_send(&n.a, n.near, "to far", 6), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.a.aio), 6);
	con_recv_all(&n.b, n.far, buf, 6);
	ck_assert_int_eq(memcmp(buf, "to far", 6), 0);
	ck_assert_int_eq(con_send(&n.b, n.far, "to near", 7), NNG_OK);
	con_recv_all(&n.a, n.near, buf, 7);
	ck_assert_int_eq(memcmp(buf, "to near", 7), 0);
}

NET_TEST(a_receive_does_not_wait_to_fill_the_buffer)
{
	char buf[100];

	con_op_buf(&n.b, buf, sizeof(buf));
	nng_stream_recv(n.far, n.b.aio);
	ck_assert(nng_aio_busy(n.b.aio));
	con_send_all(&n.a, n.near, "abc", 3);
	ck_assert_int_eq(con_end(&n.b), NNG_OK);
	ck_assert_uint_ge(nng_aio_count(n.b.aio), 1);
	ck_assert_uint_le(nng_aio_count(n.b.aio), 3);
}

NET_TEST(bytes_come_in_order_through_pieces)
{
	char got[4][3];
	nng_iov out[4] = {{(char[]){"ab"}, 2}, {(char[]){""}, 0},
	    {(char[]){"cdefg"}, 5}, {(char[]){"h"}, 1}};
	nng_iov in[4] = {{got[0], 3}, {got[1], 0}, {got[2], 2}, {got[3], 3}};

	ck_assert_int_eq(nng_aio_set_iov(n.a.aio, 4, out), NNG_OK);
	nng_stream_send(n.near, n.a.aio);
	ck_assert_int_eq(con_end(&n.a), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.a.aio), 8);
	ck_assert_int_eq(nng_aio_set_iov(n.b.aio, 4, in), NNG_OK);
	nng_stream_recv(n.far, n.b.aio);
	ck_assert_int_eq(con_end(&n.b), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.b.aio), 8);
	ck_assert_int_eq(memcmp(got[0], "abc", 3), 0);
	ck_assert_int_eq(memcmp(got[2], "de", 2), 0);
	ck_assert_int_eq(memcmp(got[3], "fgh", 3), 0);
}

NET_TEST(nothing_to_send_is_success_with_count_zero)
{
	nng_iov empty[2] = {{NULL, 0}, {&n, 0}};

	nng_stream_send(n.near, n.a.aio);
	ck_assert_int_eq(con_end(&n.a), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.a.aio), 0);
	ck_assert_int_eq(nng_aio_set_iov(n.a.aio, 2, empty), NNG_OK);
	nng_stream_send(n.near, n.a.aio);
	ck_assert_int_eq(con_end(&n.a), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.a.aio), 0);
}

NET_TEST(a_receive_into_nothing_leaves_the_stream_well)
{
	char buf[4];
	nng_err err;

	nng_stream_recv(n.far, n.b.aio);
	err = con_end(&n.b);
	/* Trap 11. */
	ck_assert(err == NNG_OK || err == NNG_EINVAL);
	ck_assert_uint_eq(nng_aio_count(n.b.aio), 0);
	con_send_all(&n.a, n.near, "ok", 2);
	con_recv_all(&n.b, n.far, buf, 2);
}

/* Much, while the other side takes its time: sends are partial. */
#define MUCH (4u << 20)

static void *
drain(void *arg)
{
	char *buf = arg;
	size_t at = 0;

	while (at < MUCH) {
		nng_iov iov = {buf + at, MUCH - at};

		if (nng_aio_set_iov(n.b.aio, 1, &iov) != NNG_OK) {
			break;
		}
		nng_stream_recv(n.far, n.b.aio);
		nng_aio_wait(n.b.aio);
		if (nng_aio_result(n.b.aio) != NNG_OK) {
			break;
		}
		at += nng_aio_count(n.b.aio);
	}
	return NULL;
}

NET_TEST(much_is_sent_in_parts_and_arrives_whole)
{
	char *out = malloc(MUCH);
	char *in = calloc(1, MUCH);
	pthread_t thread;

	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(in);
	for (size_t i = 0; i < MUCH; i++) {
		out[i] = (char)(i * 7 + i / 251);
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, drain, in), 0);
	con_send_all(&n.a, n.near, out, MUCH);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(memcmp(in, out, MUCH), 0);
	free(out);
	free(in);
}

NET_TEST(a_full_stream_makes_a_send_wait_until_there_is_room)
{
	static char buf[65536];

	con_net_fill(&n);
	/* What there was may be gone before the send is told. */
	nng_aio_set_timeout(n.b.aio, 20);
	while (nng_aio_busy(n.a.aio)) {
		nng_err err = con_recv(&n.b, n.far, buf, sizeof(buf));

		ck_assert(err == NNG_OK || err == NNG_ETIMEDOUT);
	}
	ck_assert_int_eq(con_end(&n.a), NNG_OK);
	ck_assert_uint_ge(nng_aio_count(n.a.aio), 1);
}

NET_TEST(a_send_that_waits_is_cancelled_and_the_stream_goes_on)
{
	char buf[16];

	con_net_fill(&n);
	nng_aio_cancel(n.a.aio);
	ck_assert_int_eq(con_end(&n.a), NNG_ECANCELED);
	ck_assert_uint_eq(nng_aio_count(n.a.aio), 0);
	/* The other direction is not touched. */
	con_send_all(&n.b, n.far, "back", 4);
	con_recv_all(&n.a, n.near, buf, 4);
}

NET_TEST(a_receive_that_waits_is_cancelled_and_no_byte_is_lost)
{
	char buf[16];

	con_op_buf(&n.b, buf, sizeof(buf));
	for (int i = 0; i < 3; i++) {
		nng_stream_recv(n.far, n.b.aio);
		nng_aio_abort(n.b.aio, NNG_EPROTO);
		ck_assert_int_eq(con_end(&n.b), NNG_EPROTO);
	}
	con_send_all(&n.a, n.near, "all here", 8);
	con_recv_all(&n.b, n.far, buf, 8);
	ck_assert_int_eq(memcmp(buf, "all here", 8), 0);
}

NET_TEST(a_receive_times_out_not_early_and_the_stream_goes_on)
{
	nng_time t = nng_clock();
	char buf[16];

	nng_aio_set_timeout(n.b.aio, 15);
	ck_assert_int_eq(
	    con_recv(&n.b, n.far, buf, sizeof(buf)), NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock() - t, 15);
	nng_aio_set_timeout(n.b.aio, CON_LONG_MS);
	con_send_all(&n.a, n.near, "x", 1);
	con_recv_all(&n.b, n.far, buf, 1);
}

NET_TEST(timeout_zero_takes_what_is_there)
{
	char buf[16];

	nng_aio_set_timeout(n.b.aio, NNG_DURATION_ZERO);
	ck_assert_int_eq(
	    con_recv(&n.b, n.far, buf, sizeof(buf)), NNG_ETIMEDOUT);
	con_send_all(&n.a, n.near, "here", 4);
	/* It is there soon after the send is done. */
	while (con_recv(&n.b, n.far, buf, sizeof(buf)) == NNG_ETIMEDOUT) {
	}
	ck_assert_int_eq(nng_aio_result(n.b.aio), NNG_OK);
	ck_assert_uint_eq(nng_aio_count(n.b.aio), 4);
}

NET_TEST(a_stopped_handle_is_dropped_and_the_stream_goes_on)
{
	struct con_op o;
	char buf[16];

	con_op_init(&o, NULL, NULL);
	con_op_buf(&o, buf, sizeof(buf));
	nng_stream_recv(n.far, o.aio);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 1, NNG_ESTOPPED);
	nng_stream_recv(n.far, o.aio);
	ck_assert_int_eq(con_end(&o), NNG_ESTOPPED);
	con_op_fini(&o);
	con_send_all(&n.a, n.near, "x", 1);
	con_recv_all(&n.b, n.far, buf, 1);
}

NET_TEST(several_receives_are_served_in_the_order_of_submission)
{
	struct con_op ops[6];
	char c[6] = {0};

	for (int i = 0; i < 6; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_op_buf(&ops[i], &c[i], 1);
		nng_stream_recv(n.far, ops[i].aio);
	}
	/* One in the middle goes away. */
	nng_aio_cancel(ops[2].aio);
	con_op_expect(&ops[2], 1, NNG_ECANCELED);
	con_send_all(&n.a, n.near, "abcde", 5);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(
		    con_end(&ops[i]), i == 2 ? NNG_ECANCELED : NNG_OK);
		con_op_fini(&ops[i]);
	}
	ck_assert_int_eq(memcmp(c, "ab\0cde", 6), 0);
}

NET_TEST(several_sends_go_in_the_order_of_submission)
{
	struct con_op ops[6];
	char buf[6];

	for (int i = 0; i < 6; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_op_text(&ops[i], &"abcdef"[i], 1);
		nng_stream_send(n.near, ops[i].aio);
	}
	con_recv_all(&n.b, n.far, buf, 6);
	ck_assert_int_eq(memcmp(buf, "abcdef", 6), 0);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(con_end(&ops[i]), NNG_OK);
		con_op_fini(&ops[i]);
	}
}

NET_TEST(a_send_and_a_receive_wait_at_the_same_time)
{
	struct con_op o;
	static char buf[16];

	con_op_init(&o, NULL, NULL);
	con_net_fill(&n);
	con_op_buf(&o, buf, sizeof(buf));
	nng_stream_recv(n.near, o.aio);
	ck_assert(nng_aio_busy(o.aio));
	con_send_all(&n.b, n.far, "x", 1);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert(nng_aio_busy(n.a.aio));
	con_op_fini(&o);
}

NET_TEST(addresses_are_those_of_the_transport)
{
	const nng_sockaddr *sa[4] = {nng_stream_peer_addr(n.near),
	    nng_stream_self_addr(n.near), nng_stream_peer_addr(n.far),
	    nng_stream_self_addr(n.far)};

	for (int i = 0; i < 4; i++) {
		ck_assert_ptr_nonnull(sa[i]);
	}
	if (n.kind == CON_SOCKET) {
		for (int i = 0; i < 4; i++) {
			ck_assert_int_eq(sa[i]->s_family, NNG_AF_UNSPEC);
		}
		return;
	}
	if (n.kind == CON_TCP) {
		ck_assert_int_eq(sa[0]->s_family, NNG_AF_INET);
		ck_assert(nng_sockaddr_equal(sa[0], sa[3]));
		ck_assert(nng_sockaddr_equal(sa[1], sa[2]));
		ck_assert(!nng_sockaddr_equal(sa[0], sa[1]));
		ck_assert_uint_ne(nng_sockaddr_port(sa[1]), 0);
		return;
	}
	for (int i = 0; i < 4; i++) {
		char buf[NNG_MAXADDRSTRLEN];

		ck_assert_int_eq(sa[i]->s_family,
		    n.kind == CON_ABSTRACT ? NNG_AF_ABSTRACT : NNG_AF_IPC);
		(void)nng_str_sockaddr(sa[i], buf, sizeof(buf));
		ck_assert_ptr_nonnull(strstr(buf, "conform-"));
		ck_assert(nng_sockaddr_equal(sa[0], sa[i]));
	}
}

NET_TEST(addresses_live_on_after_close)
{
	const nng_sockaddr *sa = nng_stream_peer_addr(n.near);
	nng_sockaddr copy = *sa;

	nng_stream_close(n.near);
	nng_stream_stop(n.near);
	ck_assert_ptr_nonnull(nng_stream_peer_addr(n.near));
	ck_assert_int_eq(sa->s_family, copy.s_family);
	ck_assert_uint_eq(nng_sockaddr_hash(sa), nng_sockaddr_hash(&copy));
}

NET_TEST(there_is_no_certificate)
{
	nng_tls_cert *cert;

	ck_assert_int_eq(nng_stream_peer_cert(n.near, &cert), NNG_ENOTSUP);
}

/* In a callback: one step of an echo. */
static void
echo(struct con_op *o)
{
	bool *sent = o->arg;

	if (nng_aio_result(o->aio) != NNG_OK) {
		return;
	}
	if (*sent) {
		nng_stream_recv(n.far, o->aio);
	} else {
		nng_stream_send(n.far, o->aio);
	}
	*sent = !*sent;
}

NET_TEST(a_callback_submits_the_next_operation)
{
	struct con_op o;
	bool sent = false;
	char in;
	char c;
	char i;

	con_op_init(&o, echo, &sent);
	con_op_buf(&o, &c, 1);
	nng_stream_recv(n.far, o.aio);
	for (int round = 0; round < 26; round++) {
		i = "abcdefghijklmnopqrstuvwxyz"[round];
		con_send_all(&n.a, n.near, &i, 1);
		con_recv_all(&n.a, n.near, &in, 1);
		ck_assert_int_eq(in, i);
	}
	nng_aio_stop(o.aio);
	con_op_fini(&o);
}

#define ON_ALL(name) tcase_add_loop_test(tc, name, 0, CON_KINDS)

int
main(void)
{
	Suite *suite = suite_create("conform/stream");
	TCase *tc = con_case(suite, "stream");

	ON_ALL(bytes_go_both_ways);
	ON_ALL(a_receive_does_not_wait_to_fill_the_buffer);
	ON_ALL(bytes_come_in_order_through_pieces);
	ON_ALL(nothing_to_send_is_success_with_count_zero);
	ON_ALL(a_receive_into_nothing_leaves_the_stream_well);
	ON_ALL(much_is_sent_in_parts_and_arrives_whole);
	ON_ALL(a_full_stream_makes_a_send_wait_until_there_is_room);
	ON_ALL(a_send_that_waits_is_cancelled_and_the_stream_goes_on);
	ON_ALL(a_receive_that_waits_is_cancelled_and_no_byte_is_lost);
	ON_ALL(a_receive_times_out_not_early_and_the_stream_goes_on);
	ON_ALL(timeout_zero_takes_what_is_there);
	ON_ALL(a_stopped_handle_is_dropped_and_the_stream_goes_on);
	ON_ALL(several_receives_are_served_in_the_order_of_submission);
	ON_ALL(several_sends_go_in_the_order_of_submission);
	ON_ALL(a_send_and_a_receive_wait_at_the_same_time);
	ON_ALL(addresses_are_those_of_the_transport);
	ON_ALL(addresses_live_on_after_close);
	ON_ALL(there_is_no_certificate);
	ON_ALL(a_callback_submits_the_next_operation);
	return run_suite(suite);
}
