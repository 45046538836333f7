/*
 * test_batch - datagrams taken ahead: the same results with fewer calls.
 */
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#include <stdlib.h>
#include <string.h>

static weir_udp *a, *b;
static struct dg tx, rx;

static void
begin(unsigned batch)
{
	weir_udp_params p = {.size = sizeof(p), .recv_batch = batch};

	a = dg_open(DG_IN, NULL);
	b = dg_open(DG_IN, &p);
	dg_init(&tx);
	dg_init(&rx);
}

static void
end(void)
{
	wri_sys_fail_at(WRI_SYS_RECVMMSG, 0, 0);
	weir_udp_free(a);
	weir_udp_free(b);
	dg_fini(&tx);
	dg_fini(&rx);
}

static void
send_numbered(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		/* Of many lengths, empty ones too. */
		char out[40];

		memset(out, (int)i, sizeof(out));
		dg_deliver(&tx, a, b, out, i % sizeof(out));
	}
}

static void
expect_numbered(unsigned from, unsigned to)
{
	weir_sockaddr sender = dg_name(a);
	char in[41];

	for (unsigned i = from; i < to; i++) {
		size_t len = i % 40;

		memset(in, '-', sizeof(in));
		dg_recv(&rx, b, in, sizeof(in));
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
		ck_assert_uint_eq(rx.c.count, len);
		ck_assert(
		    len == 0 || (in[0] == (char)i && in[len - 1] == (char)i));
		ck_assert_int_eq(in[len], '-');
		ck_assert(weir_sockaddr_equal(&rx.addr, &sender));
	}
}

static const unsigned batches[] = {0, 1, 2, 3, 16, WEIR_UDP_BATCH_MAX};

START_TEST(any_batch_gives_the_same_datagrams)
{
	char in[4];

	begin(batches[_i]);
	/* More than a batch; in pieces; one by one. */
	send_numbered(0, 150);
	expect_numbered(0, 70);
	send_numbered(150, 180);
	expect_numbered(70, 180);
	for (unsigned i = 180; i < 200; i++) {
		send_numbered(i, i + 1);
		expect_numbered(i, i + 1);
	}
	/* None is left, none was taken twice. */
	(void)weir_aio_set_timeout(rx.c.aio, 0);
	dg_recv(&rx, b, in, sizeof(in));
	ck_assert_int_eq(dg_wait(&rx), WEIR_ETIMEDOUT);
	end();
}
END_TEST

START_TEST(several_come_with_one_call)
{
	begin(16);
	send_numbered(1, 21);
	dg_arrived(b, 20);
	/* Counted, and never failing. */
	wri_sys_fail_at(WRI_SYS_RECVMMSG, 100000, EIO);
	expect_numbered(1, 17);
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_RECVMMSG), 1);
	expect_numbered(17, 21);
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_RECVMMSG), 2);
	end();
}
END_TEST

/* A datagram that came alone has shown that there is no other. */
START_TEST(a_lone_datagram_costs_one_call)
{
	enum { N = 50 };
	char in[4];

	begin(4);
	dg_recv(&rx, b, in, sizeof(in)); /* nothing: EAGAIN once */
	dg_deliver(&tx, a, b, "x", 1);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_RECVMMSG, 100000, EIO);
	for (int i = 0; i < N; i++) {
		dg_recv(&rx, b, in, sizeof(in));
		dg_deliver(&tx, a, b, "x", 1);
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	}
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_RECVMMSG), N);
	end();
}
END_TEST

START_TEST(truncation_is_told_of_what_was_taken_ahead_too)
{
	char in[8], p1[2], p2[3];
	weir_iov pieces[2] = {{p1, 2}, {p2, 3}};
	weir_sockaddr sender;

	begin(8);
	sender = dg_name(a);
	for (int i = 0; i < 5; i++) {
		dg_deliver(&tx, a, b, "abcdef", 6);
	}
	for (size_t len = 4; len <= 6; len++) { /* the first is not ahead */
		memset(in, '-', sizeof(in));
		dg_recv(&rx, b, in, len);
		ck_assert_int_eq(
		    dg_wait(&rx), len < 6 ? WEIR_EMSGSIZE : WEIR_OK);
		ck_assert_uint_eq(rx.c.count, len);
		ck_assert_int_eq(memcmp(in, "abcdef", len), 0);
		ck_assert_int_eq(in[len], '-');
		ck_assert(weir_sockaddr_equal(&rx.addr, &sender));
	}
	ck_assert_int_eq(weir_aio_set_iov(rx.c.aio, 2, pieces), WEIR_OK);
	weir_udp_recv(b, rx.c.aio);
	ck_assert_int_eq(dg_wait(&rx), WEIR_EMSGSIZE);
	ck_assert_uint_eq(rx.c.count, 5);
	ck_assert_int_eq(memcmp(p1, "ab", 2), 0);
	ck_assert_int_eq(memcmp(p2, "cde", 3), 0);
	dg_recv(&rx, b, NULL, 0);
	ck_assert_int_eq(dg_wait(&rx), WEIR_EMSGSIZE);
	ck_assert_uint_eq(rx.c.count, 0);
	end();
}
END_TEST

START_TEST(the_longest_datagram_fits_into_a_slot)
{
	char *out = malloc(WEIR_UDP_PAYLOAD_MAX);
	char *in = malloc(WEIR_UDP_PAYLOAD_MAX);

	ck_assert(out != NULL && in != NULL);
	begin(2);
	for (size_t i = 0; i < WEIR_UDP_PAYLOAD_MAX; i++) {
		out[i] = (char)(i * 31 >> 3);
	}
	for (int i = 0; i < 2; i++) {
		dg_deliver(&tx, a, b, out, WEIR_UDP_PAYLOAD_MAX);
	}
	for (int i = 0; i < 2; i++) {
		memset(in, 0, WEIR_UDP_PAYLOAD_MAX);
		dg_recv(&rx, b, in, WEIR_UDP_PAYLOAD_MAX);
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
		ck_assert_uint_eq(rx.c.count, WEIR_UDP_PAYLOAD_MAX);
		ck_assert_int_eq(memcmp(in, out, WEIR_UDP_PAYLOAD_MAX), 0);
	}
	end();
	free(out);
	free(in);
}
END_TEST

/* What is cancelled takes nothing of what is there. */
START_TEST(what_was_taken_ahead_outlives_a_cancel_and_dies_with_the_socket)
{
	char in[4];

	begin(8);
	send_numbered(1, 6);
	dg_arrived(b, 5);
	expect_numbered(1, 3);
	weir_aio_stop(rx.c.aio);
	dg_fini(&rx);
	dg_init(&rx);
	expect_numbered(3, 4);
	weir_udp_close(b);
	dg_recv(&rx, b, in, sizeof(in));
	ck_assert_int_eq(dg_wait(&rx), WEIR_ECLOSED);
	end();
}
END_TEST

/* More receives than one owner has turns wait for them: no event tells of what
 * was taken ahead. */
START_TEST(what_was_taken_ahead_is_given_to_all_who_wait)
{
	enum { N = 40 };
	struct dg many[N];
	char in[N][4];

	begin(WEIR_UDP_BATCH_MAX);
	for (int i = 0; i < N; i++) {
		dg_init(&many[i]);
		dg_recv(&many[i], b, in[i], sizeof(in[i]));
	}
	/* They find nothing until all is there. */
	wri_sys_fail_from(WRI_SYS_RECVMMSG, 1, EAGAIN);
	for (int i = 0; i < N; i++) {
		char c = (char)i;

		dg_deliver(&tx, a, b, &c, 1);
	}
	wri_sys_fail_at(WRI_SYS_RECVMMSG, 0, 0);
	dg_poke(b);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(dg_wait(&many[i]), WEIR_OK);
		ck_assert_int_eq(in[i][0], i);
	}
	for (int i = 0; i < N; i++) {
		dg_fini(&many[i]);
	}
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("batch");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(tc, any_batch_gives_the_same_datagrams, 0,
	    (int)(sizeof(batches) / sizeof(batches[0])));
	tcase_add_test(tc, several_come_with_one_call);
	tcase_add_test(tc, a_lone_datagram_costs_one_call);
	tcase_add_test(tc, truncation_is_told_of_what_was_taken_ahead_too);
	tcase_add_test(tc, the_longest_datagram_fits_into_a_slot);
	tcase_add_test(tc,
	    what_was_taken_ahead_outlives_a_cancel_and_dies_with_the_socket);
	tcase_add_test(tc, what_was_taken_ahead_is_given_to_all_who_wait);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
