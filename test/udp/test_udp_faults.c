/*
 * test_udp_faults - what the system refuses: its codes, what is left, and that
 * the socket goes on.
 */
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* All settings, so that open makes all its calls. */
static const weir_udp_params all_set = {
    .size = sizeof(all_set),
    .reuse_port = true,
    .v6only = true,
    .broadcast = true,
    .multicast_loop_off = true,
    .multicast_ttl = 3,
    .multicast_if = 1,
    .recv_batch = 8,
};

static void
disarm(void)
{
	for (int which = 0; which < WRI_SYS_CALLS; which++) {
		wri_sys_fail_at((enum wri_sys_call)which, 0, 0);
	}
	wri_mem_fail_at(0);
}

static void
teardown(void)
{
	disarm();
	rt_teardown();
}

/* --- Open --------------------------------------------------------------- */

static const struct {
	enum wri_sys_call call;
	int eno;
	weir_err err;
} opens[] = {
    {WRI_SYS_SOCKET, EMFILE, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENFILE, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENOMEM, WEIR_ENOMEM},
    {WRI_SYS_SOCKET, EAFNOSUPPORT, WEIR_ENOTSUP},
    {WRI_SYS_SETSOCKOPT, ENOMEM, WEIR_ENOMEM},
    {WRI_SYS_BIND, EADDRINUSE, WEIR_EADDRINUSE},
    {WRI_SYS_BIND, EADDRNOTAVAIL, WEIR_EADDRINVAL},
    {WRI_SYS_BIND, EINVAL, WEIR_EADDRINVAL},
    {WRI_SYS_BIND, ENODEV, WEIR_EADDRINVAL},
    {WRI_SYS_BIND, EACCES, WEIR_EPERM},
    {WRI_SYS_GETSOCKNAME, ENOBUFS, WEIR_ENOMEM},
    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC},
    {WRI_SYS_EPOLL_CTL, ENOMEM, WEIR_ENOMEM},
};

#define OPENS ((int)(sizeof(opens) / sizeof(opens[0])))

/* The n-th call of that kind fails, for all n that there are. */
START_TEST(an_open_that_fails_leaves_nothing)
{
	struct rt_counts before;
	weir_err err;
	unsigned n;

	/* The gate keeps what it has grown by. */
	weir_udp_free(dg_open(DG_IN, NULL));
	before = rt_count();

	for (int kind = 0; kind < DG_KINDS; kind++) {
		weir_sockaddr sa = dg_addr((enum dg_kind)kind, 0);

		if (!dg_has((enum dg_kind)kind)) {
			continue;
		}
		for (n = 1, err = opens[_i].err; err == opens[_i].err; n++) {
			weir_udp *u = NULL;

			wri_sys_fail_at(opens[_i].call, n, opens[_i].eno);
			err = weir_udp_open_with(&u, &sa, &all_set);
			disarm();
			ck_assert(err == WEIR_OK || u == NULL);
			weir_udp_free(u);
			rt_expect_counts(before);
		}
		ck_assert_int_eq(err, WEIR_OK);
		ck_assert_uint_gt(n, 2);
		if (opens[_i].call == WRI_SYS_SETSOCKOPT) {
			ck_assert_uint_gt(n, 8); /* each of them */
		}
	}
}
END_TEST

START_TEST(a_system_too_old_to_keep_groups_apart_will_do)
{
	unsigned refused = 0;

	for (unsigned n = 1; n <= 16; n++) {
		weir_sockaddr sa = dg_addr(DG_IN, 0);
		weir_udp *u = NULL;
		weir_err err;

		wri_sys_fail_at(WRI_SYS_SETSOCKOPT, n, ENOPROTOOPT);
		err = weir_udp_open(&u, &sa);
		disarm();
		refused += err != WEIR_OK;
		ck_assert(err == WEIR_OK || err == WEIR_ENOTSUP);
		weir_udp_free(u);
	}
	ck_assert_uint_eq(refused, 2); /* the buffers */
}
END_TEST

START_TEST(out_of_memory_is_told_and_survived)
{
	struct rt_counts before = rt_count();
	weir_sockaddr sa = dg_addr(DG_IN, 0);
	weir_err err = WEIR_ENOMEM;
	unsigned n;

	for (n = 1; err == WEIR_ENOMEM; n++) {
		weir_udp *u = NULL;

		wri_mem_fail_at(n);
		err = weir_udp_open_with(&u, &sa, &all_set);
		wri_mem_fail_at(0);
		ck_assert(err == WEIR_OK || u == NULL);
		weir_udp_free(u);
		/* The gate keeps what it has grown by. */
		ck_assert_uint_eq(rt_count().fds, before.fds);
	}
	ck_assert_int_eq(err, WEIR_OK);
	ck_assert_uint_gt(n, 3);
}
END_TEST

START_TEST(out_of_descriptors_is_told_and_survived)
{
	weir_sockaddr sa = dg_addr(DG_IN, 0);
	weir_udp *held = dg_open(DG_IN, NULL), *u = NULL;
	struct rlimit old, now;
	struct dg tx, rx;
	char buf[4];
	int lowest;

	dg_init(&tx);
	dg_init(&rx);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	now = old;
	lowest = dup(0);
	ck_assert_int_ge(lowest, 0);
	(void)close(lowest);
	now.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &now), 0);
	ck_assert_int_eq(weir_udp_open(&u, &sa), WEIR_ENOFILES);
	/* What is open works on. */
	dg_deliver(&tx, held, held, "x", 1);
	dg_recv(&rx, held, buf, sizeof(buf));
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert_int_eq(weir_udp_open(&u, &sa), WEIR_OK);
	weir_udp_free(u);
	weir_udp_free(held);
	dg_fini(&tx);
	dg_fini(&rx);
}
END_TEST

/* --- Send and receive --------------------------------------------------- */

static const struct {
	int eno;
	weir_err send;
	weir_err recv;
} moves[] = {
    {ENOMEM, WEIR_ENOMEM, WEIR_ENOMEM},
    {ENOBUFS, WEIR_ENOMEM, WEIR_ENOMEM},
    {EMSGSIZE, WEIR_EMSGSIZE, WEIR_EMSGSIZE},
    {EACCES, WEIR_EPERM, WEIR_EPERM},
    {EPERM, WEIR_EPERM, WEIR_EPERM},
    {ENETUNREACH, WEIR_EUNREACHABLE, WEIR_EUNREACHABLE},
    {EHOSTUNREACH, WEIR_EUNREACHABLE, WEIR_EUNREACHABLE},
    {ENETDOWN, WEIR_EUNREACHABLE, (weir_err)(WEIR_ESYSERR + ENETDOWN)},
    {EINVAL, WEIR_EADDRINVAL, WEIR_EINVAL},
    {EADDRNOTAVAIL, WEIR_EADDRINVAL, WEIR_EADDRINVAL},
    {ECONNREFUSED, WEIR_ECONNREFUSED, WEIR_ECONNREFUSED},
    {EIO, (weir_err)(WEIR_ESYSERR + EIO), (weir_err)(WEIR_ESYSERR + EIO)},
};

#define MOVES ((int)(sizeof(moves) / sizeof(moves[0])))

/* Of three that wait, only the one that met the error tells of it. */
static void
one_receive_fails(const weir_udp_params *params, enum wri_sys_call call,
    int eno, weir_err want)
{
	weir_udp *u = dg_open(DG_IN, params);
	struct dg rx[3], tx;
	char buf[3];

	dg_init(&tx);
	dg_deliver(&tx, u, u, "a", 1);
	dg_deliver(&tx, u, u, "b", 1);
	wri_sys_fail_at(call, 1, eno);
	for (int i = 0; i < 3; i++) {
		dg_init(&rx[i]);
		dg_recv(&rx[i], u, &buf[i], 1);
	}
	ck_assert_int_eq(dg_wait(&rx[0]), want);
	ck_assert_uint_eq(rx[0].c.count, 0);
	ck_assert_int_eq(rx[0].addr.s_family, WEIR_AF_UNSPEC);
	ck_assert_int_eq(dg_wait(&rx[1]), WEIR_OK);
	ck_assert_int_eq(dg_wait(&rx[2]), WEIR_OK);
	ck_assert_int_eq(buf[1], 'a');
	ck_assert_int_eq(buf[2], 'b');
	for (int i = 0; i < 3; i++) {
		dg_fini(&rx[i]);
	}
	dg_fini(&tx);
	weir_udp_free(u);
}

START_TEST(an_error_of_one_operation_is_not_that_of_the_next)
{
	weir_udp *u = dg_open(DG_IN, NULL);
	weir_sockaddr to = dg_name(u);
	struct dg tx;

	one_receive_fails(NULL, WRI_SYS_RECVMSG, moves[_i].eno, moves[_i].recv);
	one_receive_fails(
	    &all_set, WRI_SYS_RECVMMSG, moves[_i].eno, moves[_i].recv);
	dg_init(&tx);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 1, moves[_i].eno);
	dg_send(&tx, u, &to, "x", 1);
	ck_assert_int_eq(dg_wait(&tx), moves[_i].send);
	ck_assert_uint_eq(tx.c.count, 0);
	dg_deliver(&tx, u, u, "x", 1);
	dg_fini(&tx);
	weir_udp_free(u);
}
END_TEST

START_TEST(an_interrupted_call_is_made_again)
{
	weir_udp *u = dg_open(DG_IN, NULL);
	struct dg tx, rx;
	char buf[2];

	dg_init(&tx);
	dg_init(&rx);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 1, EINTR);
	wri_sys_fail_at(WRI_SYS_RECVMSG, 1, EINTR);
	dg_deliver(&tx, u, u, "x", 1);
	dg_recv(&rx, u, buf, 2);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	dg_fini(&tx);
	dg_fini(&rx);
	weir_udp_free(u);
}
END_TEST

/* --- No room to send ---------------------------------------------------- */

/* Loopback takes everything at once: a full buffer is played by the call. */
START_TEST(sends_for_which_there_is_no_room_wait_in_their_order)
{
	enum { N = 6 };
	weir_udp *u = dg_open(DG_IN, NULL);
	weir_sockaddr to = dg_name(u);
	struct dg tx[N], poll, rx;
	char out[N], in;

	dg_init(&rx);
	dg_init(&poll);
	wri_sys_fail_from(WRI_SYS_SENDMSG, 1, EAGAIN);
	for (int i = 0; i < N; i++) {
		out[i] = (char)('a' + i);
		dg_init(&tx[i]);
		dg_send(&tx[i], u, &to, &out[i], 1);
	}
	(void)weir_aio_set_timeout(poll.c.aio, 0);
	dg_send(&poll, u, &to, "z", 1);
	ck_assert_int_eq(dg_wait(&poll), WEIR_ETIMEDOUT);
	/* Ended while they wait: the first, one in the middle, by time. */
	(void)weir_aio_cancel(tx[0].c.aio);
	ck_assert_int_eq(dg_wait(&tx[0]), WEIR_ECANCELED);
	(void)weir_aio_cancel(tx[3].c.aio);
	ck_assert_int_eq(dg_wait(&tx[3]), WEIR_ECANCELED);
	(void)weir_aio_set_timeout(tx[0].c.aio, WEIR_MS(1));
	dg_send(&tx[0], u, &to, "z", 1);
	ck_assert_int_eq(dg_wait(&tx[0]), WEIR_ETIMEDOUT);
	/* An event that brings no room changes nothing. */
	dg_poke(u);
	ck_assert(dg_pending(&tx[1]));
	wri_sys_fail_at(WRI_SYS_SENDMSG, 0, 0);
	dg_poke(u);
	for (int i = 1; i < N; i++) {
		if (i == 3) {
			continue;
		}
		ck_assert_int_eq(dg_wait(&tx[i]), WEIR_OK);
		dg_recv(&rx, u, &in, 1);
		ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
		ck_assert_int_eq(in, out[i]);
	}
	(void)weir_aio_set_timeout(rx.c.aio, 0);
	dg_recv(&rx, u, &in, 1);
	ck_assert_int_eq(dg_wait(&rx), WEIR_ETIMEDOUT);
	for (int i = 0; i < N; i++) {
		dg_fini(&tx[i]);
	}
	dg_fini(&rx);
	dg_fini(&poll);
	weir_udp_free(u);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("faults");

	tcase_add_checked_fixture(tc, rt_setup, teardown);
	tcase_add_loop_test(tc, an_open_that_fails_leaves_nothing, 0, OPENS);
	tcase_add_test(tc, a_system_too_old_to_keep_groups_apart_will_do);
	tcase_add_test(tc, out_of_memory_is_told_and_survived);
	tcase_add_test(tc, out_of_descriptors_is_told_and_survived);
	tcase_add_loop_test(
	    tc, an_error_of_one_operation_is_not_that_of_the_next, 0, MOVES);
	tcase_add_test(tc, an_interrupted_call_is_made_again);
	tcase_add_test(
	    tc, sends_for_which_there_is_no_room_wait_in_their_order);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
