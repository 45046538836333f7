/*
 * test_udp_states - every call in every state of the socket, and its end.
 */
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int misuses;

static void
misuse(void *arg, const weir_misuse *what)
{
	(void)arg;
	(void)what;
	misuses++;
}

/* --- Open --------------------------------------------------------------- */

START_TEST(open_wants_a_place_and_an_address_of_ours)
{
	weir_sockaddr ok = dg_addr(DG_IN, 0), sa;
	weir_udp *u = NULL;

	ck_assert_int_eq(weir_udp_open(NULL, &ok), WEIR_EINVAL);
	ck_assert_int_eq(weir_udp_open(&u, NULL), WEIR_EADDRINVAL);
	for (int family = 0; family < 20; family++) {
		memset(&sa, 0, sizeof(sa));
		sa.s_family = (uint16_t)family;
		if (family == WEIR_AF_IPC) {
			strcpy(sa.s_ipc.sa_path, "/tmp/no");
		}
		if (family != WEIR_AF_INET && family != WEIR_AF_INET6) {
			ck_assert_int_eq(
			    weir_udp_open(&u, &sa), WEIR_EADDRINVAL);
		}
	}
	/* Nobody has this one (TEST-NET-3), nor a scope of that number. */
	ok.s_in.sa_addr = htonl(0xcb007107);
	ck_assert_int_eq(weir_udp_open(&u, &ok), WEIR_EADDRINVAL);
	ck_assert_ptr_null(u);
	if (dg_has(DG_IN6)) {
		sa = dg_addr(DG_IN6, 0);
		sa.s_in6.sa_addr[0] = 0xfe;
		sa.s_in6.sa_addr[1] = 0x80;
		ck_assert_int_eq(weir_udp_open(&u, &sa), WEIR_EADDRINVAL);
		sa.s_in6.sa_scope = 99999999;
		ck_assert_int_eq(weir_udp_open(&u, &sa), WEIR_EADDRINVAL);
	}
	ck_assert_ptr_null(u);
}
END_TEST

START_TEST(settings_have_ranges)
{
	static const weir_udp_params bad[] = {
	    {.size = 0},
	    {.size = sizeof(weir_udp_params) + 8},
	    {.size = sizeof(weir_udp_params), .multicast_ttl = -1},
	    {.size = sizeof(weir_udp_params), .multicast_ttl = 256},
	    {.size = sizeof(weir_udp_params), .recv_buffer = -1},
	    {.size = sizeof(weir_udp_params), .send_buffer = -1},
	    {.size = sizeof(weir_udp_params),
		.recv_batch = WEIR_UDP_BATCH_MAX + 1},
	};
	weir_sockaddr sa = dg_addr(DG_IN, 0);
	weir_udp_params none = {.size = sizeof(none), .multicast_if = 99999999};
	weir_udp *u = NULL;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(
		    weir_udp_open_with(&u, &sa, &bad[i]), WEIR_EINVAL);
	}
	ck_assert_int_eq(weir_udp_open_with(&u, &sa, &none), WEIR_EADDRINVAL);
	if (dg_has(DG_IN6)) {
		sa = dg_addr(DG_IN6, 0);
		ck_assert_int_eq(
		    weir_udp_open_with(&u, &sa, &none), WEIR_EADDRINVAL);
	}
	ck_assert_ptr_null(u);
}
END_TEST

static int
option(weir_udp *u, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(
	    getsockopt(dg_number(u), level, name, &value, &len), 0);
	return value;
}

/* Each setting is what the system says it is, and without it the default. */
START_TEST(settings_reach_the_socket)
{
	static const struct {
		int level, ttl, loop, all;
	} of[DG_KINDS] = {
	    {IPPROTO_IP, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_MULTICAST_ALL},
	    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP,
		IPV6_MULTICAST_ALL},
	};
	weir_udp_params p = {
	    .size = sizeof(p),
	    .reuse_port = true,
	    .v6only = true,
	    .broadcast = true,
	    .multicast_loop_off = true,
	    .multicast_ttl = 7,
	    .multicast_if = 1,
	    .recv_buffer = 20000,
	    .send_buffer = 30000,
	};
	weir_udp *u;

	if (!dg_has((enum dg_kind)_i)) {
		return;
	}
	u = dg_open((enum dg_kind)_i, &p);
	/* Linux doubles what it is given. */
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_RCVBUF), 40000);
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_SNDBUF), 60000);
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_REUSEPORT), 1);
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_BROADCAST), 1);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].ttl), 7);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].loop), 0);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].all), 0);
	if (_i == DG_IN6) {
		ck_assert_int_eq(option(u, IPPROTO_IPV6, IPV6_V6ONLY), 1);
		ck_assert_int_eq(option(u, IPPROTO_IPV6, IPV6_MULTICAST_IF), 1);
	}
	weir_udp_free(u);
	u = dg_open((enum dg_kind)_i, NULL);
	ck_assert_int_ge(option(u, SOL_SOCKET, SO_RCVBUF), 4096);
	ck_assert_int_ne(option(u, SOL_SOCKET, SO_RCVBUF), 40000);
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_REUSEPORT), 0);
	ck_assert_int_eq(option(u, SOL_SOCKET, SO_BROADCAST), 0);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].ttl), 1);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].loop), 1);
	ck_assert_int_eq(option(u, of[_i].level, of[_i].all), 0);
	weir_udp_free(u);
}
END_TEST

START_TEST(an_address_is_taken_once_unless_both_share_it)
{
	weir_udp_params share = {.size = sizeof(share), .reuse_port = true};
	weir_time until = weir_now() + WEIR_MS(LATCH_LIMIT_MS);
	weir_udp *u, *v = NULL;
	weir_sockaddr sa;
	weir_err err;

	if (!dg_has((enum dg_kind)_i)) {
		return;
	}
	u = dg_open((enum dg_kind)_i, NULL);
	sa = dg_name(u);
	ck_assert_int_eq(weir_udp_open(&v, &sa), WEIR_EADDRINUSE);
	ck_assert_int_eq(weir_udp_open_with(&v, &sa, &share), WEIR_EADDRINUSE);
	ck_assert_ptr_null(v);
	/* From close to free it stays taken. */
	weir_udp_close(u);
	ck_assert_int_eq(weir_udp_open(&v, &sa), WEIR_EADDRINUSE);
	weir_udp_free(u);
	/* A poll(2) under way on the descriptor keeps it for a moment. */
	for (err = WEIR_EADDRINUSE;
	     err == WEIR_EADDRINUSE && weir_now() < until;) {
		err = weir_udp_open_with(&v, &sa, &share);
	}
	ck_assert_int_eq(err, WEIR_OK);
	ck_assert_int_eq(weir_udp_open_with(&u, &sa, &share), WEIR_OK);
	weir_udp_free(u);
	weir_udp_free(v);
}
END_TEST

/* --- NULL, closed, freed ------------------------------------------------ */

START_TEST(no_socket_is_an_error_and_never_a_crash)
{
	weir_sockaddr sa = dg_addr(DG_IN, 1);
	struct dg op;

	dg_init(&op);
	dg_recv(&op, NULL, NULL, 0);
	ck_assert_int_eq(dg_wait(&op), WEIR_EINVAL);
	dg_send(&op, NULL, &sa, NULL, 0);
	ck_assert_int_eq(dg_wait(&op), WEIR_EINVAL);
	weir_udp_recv(NULL, NULL);
	weir_udp_close(NULL);
	weir_udp_stop(NULL);
	weir_udp_free(NULL);
	ck_assert_int_eq(weir_udp_sockname(NULL, &sa), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(NULL, &sa, true), WEIR_EINVAL);
	dg_fini(&op);
}
END_TEST

START_TEST(a_destination_must_be_one)
{
	weir_udp *u;
	weir_sockaddr to = dg_addr((enum dg_kind)_i, 1);
	struct dg op;

	if (!dg_has((enum dg_kind)_i)) {
		return;
	}
	u = dg_open((enum dg_kind)_i, NULL);
	dg_init(&op);
	ck_assert_int_eq(weir_udp_sockname(u, NULL), WEIR_EINVAL);
	dg_buf(&op, "x", 1);
	weir_udp_send(u, op.c.aio); /* no input 0 */
	ck_assert_int_eq(dg_wait(&op), WEIR_EADDRINVAL);
	for (int family = 0; family < 10; family++) {
		weir_sockaddr other = to;

		other.s_family = (uint16_t)family;
		if (family != to.s_family) {
			dg_send(&op, u, &other, "x", 1);
			ck_assert_int_eq(dg_wait(&op), WEIR_EADDRINVAL);
			ck_assert_uint_eq(op.c.count, 0);
		}
	}
	to = dg_addr((enum dg_kind)_i, 0);
	dg_send(&op, u, &to, "x", 1);
	ck_assert_int_eq(dg_wait(&op), WEIR_EADDRINVAL);
	if (_i == DG_IN6) { /* link-local, on no interface */
		to = dg_addr(DG_IN6, 7);
		to.s_in6.sa_addr[0] = 0xfe;
		to.s_in6.sa_addr[1] = 0x80;
		to.s_in6.sa_scope = 99999999;
		dg_send(&op, u, &to, "x", 1);
		ck_assert_int_ne(dg_wait(&op), WEIR_OK);
	} else {
		to.s_in.sa_addr = htonl(INADDR_BROADCAST);
		to.s_in.sa_port = htons(9);
		dg_send(&op, u, &to, "x", 1);
		ck_assert_int_ne(dg_wait(&op), WEIR_OK);
	}
	to = dg_name(u);
	dg_send(&op, u, &to, "x", 1);
	ck_assert_int_eq(dg_wait(&op), WEIR_OK);
	dg_fini(&op);
	weir_udp_free(u);
}
END_TEST

/* Receives that wait and sends that wait, ended by close, stop or free. */
START_TEST(the_end_of_a_socket_ends_what_waits)
{
	enum { N = 5 };
	weir_udp *u = dg_open(DG_IN, NULL);
	weir_sockaddr to = dg_name(u);
	struct dg recvs[N], sends[N];
	char buf[N];

	wri_sys_fail_from(WRI_SYS_SENDMSG, 1, EAGAIN);
	for (int i = 0; i < N; i++) {
		dg_init(&recvs[i]);
		dg_recv(&recvs[i], u, &buf[i], 1);
		dg_init(&sends[i]);
		dg_send(&sends[i], u, &to, "x", 1);
	}
	ck_assert(dg_pending(&recvs[0]));
	ck_assert(dg_pending(&sends[0]));
	switch (_i) {
	case 0:
		weir_udp_close(u);
		break;
	case 1:
		weir_udp_stop(u);
		break;
	case 2:
		weir_udp_free(u);
		break;
	}
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(dg_wait(&recvs[i]), WEIR_ECLOSED);
		ck_assert_int_eq(dg_wait(&sends[i]), WEIR_ECLOSED);
	}
	wri_sys_fail_at(WRI_SYS_SENDMSG, 0, 0);
	if (_i < 2) {
		dg_recv(&recvs[0], u, buf, 1);
		ck_assert_int_eq(dg_wait(&recvs[0]), WEIR_ECLOSED);
		dg_send(&sends[0], u, &to, "x", 1);
		ck_assert_int_eq(dg_wait(&sends[0]), WEIR_ECLOSED);
		to = dg_name(u);
		weir_udp_stop(u);
		weir_udp_close(u);
		weir_udp_stop(u);
		weir_udp_free(u);
	}
	for (int i = 0; i < N; i++) {
		dg_fini(&recvs[i]);
		dg_fini(&sends[i]);
	}
}
END_TEST

static void
end_in_callback(struct consumer *c)
{
	weir_udp *u = c->arg;

	if (c->result == WEIR_OK) {
		weir_udp_stop(u);
		weir_udp_free(u);
	}
}

START_TEST(a_callback_may_free_the_socket_with_operations_pending)
{
	weir_udp *u = dg_open(DG_IN, NULL);
	weir_udp *v = dg_open(DG_IN, NULL);
	struct dg first, second, tx;
	char buf[2];

	dg_init(&first);
	first.c.then = end_in_callback;
	first.c.arg = u;
	dg_init(&second);
	dg_init(&tx);
	dg_recv(&first, u, buf, 1);
	dg_recv(&second, u, buf + 1, 1);
	dg_deliver(&tx, v, u, "x", 1);
	ck_assert_int_eq(dg_wait(&first), WEIR_OK);
	ck_assert_int_eq(dg_wait(&second), WEIR_ECLOSED);
	dg_fini(&first);
	dg_fini(&second);
	dg_fini(&tx);
	weir_udp_free(v);
}
END_TEST

/* The memory is readable still: the first word of a freed block is looked at
 * on purpose. */
START_TEST(a_freed_or_foreign_socket_is_misuse)
{
	static const uint32_t gone[64] = {0x57724900};
	static const uint32_t foreign[64] = {0x57724931};
	weir_udp *dead[2] = {
	    (weir_udp *)(uintptr_t)gone, (weir_udp *)(uintptr_t)foreign};
	weir_sockaddr sa = dg_addr(DG_IN, 1);
	struct dg op;

	weir_misuse_set(misuse, NULL);
	dg_init(&op);
	for (int i = 0; i < 2; i++) {
		int before = misuses;

		dg_recv(&op, dead[i], NULL, 0);
		dg_send(&op, dead[i], &sa, NULL, 0);
		weir_udp_close(dead[i]);
		weir_udp_stop(dead[i]);
		weir_udp_free(dead[i]);
		ck_assert_int_eq(weir_udp_sockname(dead[i], &sa), WEIR_EMISUSE);
		ck_assert_int_eq(
		    weir_udp_multicast_membership(dead[i], &sa, true),
		    WEIR_EMISUSE);
		ck_assert_int_eq(misuses, before + 7);
	}
	ck_assert(dg_pending(&op));
	dg_fini(&op);
	weir_misuse_set(NULL, NULL);
}
END_TEST

/* --- The library ends --------------------------------------------------- */

START_TEST(fini_stops_operations_and_leaves_the_socket_to_be_freed)
{
	weir_udp *u = dg_open(DG_IN, NULL), *v = NULL;
	weir_sockaddr name = dg_name(u), now;
	struct dg rx, tx;
	char buf[1];

	dg_init(&rx);
	dg_init(&tx);
	dg_recv(&rx, u, buf, 1);
	wri_sys_fail_from(WRI_SYS_SENDMSG, 1, EAGAIN);
	dg_send(&tx, u, &name, "x", 1);
	rt_expect_log();
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_SENDMSG, 0, 0);
	ck_assert_int_eq(dg_wait(&rx), WEIR_ESTOPPED);
	ck_assert_int_eq(dg_wait(&tx), WEIR_ESTOPPED);
	dg_fini(&rx);
	dg_fini(&tx);
	ck_assert_int_eq(weir_udp_open(&v, &name), WEIR_ESTATE);
	ck_assert_int_eq(weir_udp_sockname(u, &now), WEIR_OK);
	ck_assert(weir_sockaddr_equal(&name, &now));
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	/* Of an earlier life. */
	dg_init(&rx);
	dg_recv(&rx, u, buf, 1);
	ck_assert_int_eq(dg_wait(&rx), WEIR_ESTOPPED);
	dg_fini(&rx);
	weir_udp_close(u);
	weir_udp_stop(u);
	weir_udp_free(u);
}
END_TEST

START_TEST(a_forked_child_is_refused)
{
	weir_udp *u = dg_open(DG_IN, NULL);
	weir_sockaddr name = dg_name(u), sa;
	struct dg rx, tx;
	char buf[1];
	int status;
	pid_t pid;

	dg_init(&rx);
	dg_init(&tx);
	dg_recv(&rx, u, buf, 1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		weir_udp *v;
		int bad = weir_udp_open(&v, &name) != WEIR_EFORK;

		bad |=
		    weir_udp_multicast_membership(u, &name, true) != WEIR_EFORK;
		bad |= weir_udp_sockname(u, &sa) != WEIR_OK;
		bad |= !weir_sockaddr_equal(&sa, &name);
		weir_udp_send(u, tx.c.aio);
		weir_udp_close(u);
		weir_udp_stop(u);
		weir_udp_free(u);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* The parent's is unharmed. */
	dg_deliver(&tx, u, u, "x", 1);
	ck_assert_int_eq(dg_wait(&rx), WEIR_OK);
	dg_fini(&rx);
	dg_fini(&tx);
	weir_udp_free(u);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("states");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_test(tc, open_wants_a_place_and_an_address_of_ours);
	tcase_add_test(tc, settings_have_ranges);
	tcase_add_loop_test(tc, settings_reach_the_socket, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, an_address_is_taken_once_unless_both_share_it, 0, DG_KINDS);
	tcase_add_test(tc, no_socket_is_an_error_and_never_a_crash);
	tcase_add_loop_test(tc, a_destination_must_be_one, 0, DG_KINDS);
	tcase_add_loop_test(tc, the_end_of_a_socket_ends_what_waits, 0, 3);
	tcase_add_test(
	    tc, a_callback_may_free_the_socket_with_operations_pending);
	tcase_add_test(tc, a_freed_or_foreign_socket_is_misuse);
	tcase_add_test(
	    tc, fini_stops_operations_and_leaves_the_socket_to_be_freed);
	tcase_add_test(tc, a_forked_child_is_refused);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
