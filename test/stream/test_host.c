/*
 * test_host - dials and listeners by host name: which name is asked for, which
 * addresses are tried, and what comes of it.
 */
#include "base/sys.h"
#include "stream/hosts.h"
#include "stream/names.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define THREADS 4 /* the default */

static struct op dial, acc;
static weir_stream_listener *l; /* on 127.0.0.1 */
static weir_stream_dialer *d;   /* of name.test, with its port */

static void
setup(void)
{
	rt_setup();
	fake_up();
	op_init(&dial);
	op_init(&acc);
	l = hosts_listener(&d);
	hosts_answer_one("127.0.0.1");
}

static void
disarm(void)
{
	for (int i = 0; i < WRI_SYS_CALLS; i++) {
		wri_sys_fail_at((enum wri_sys_call)i, 0, 0);
	}
	wri_mem_fail_at(0);
	wri_thread_fail_at(0);
}

static void
teardown(void)
{
	disarm();
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	fake_down();
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}

/* Dial; a connection is of that address, and is given back. */
static void
expect_peer(weir_stream_dialer *dialer, const char *peer)
{
	weir_stream *s;

	ck_assert_int_eq(op_dial(&dial, dialer, &s), WEIR_OK);
	ck_assert_str_eq(hosts_peer(s), peer);
	weir_stream_free(s);
}

static void
expect_fails(weir_stream_dialer *dialer, weir_err want)
{
	weir_stream *s;
	weir_err err = op_dial(&dial, dialer, &s);

	ck_assert_msg(
	    err == want, "%s, not %s", weir_strerror(err), weir_strerror(want));
	ck_assert_ptr_null(s);
}

/* --- The question ------------------------------------------------------ */

static const struct {
	const char *url;
	const char *host;
	int family;
} asked[] = {
    {"tcp://name.test:80", "name.test", AF_UNSPEC},
    {"tcp4://name.test:80", "name.test", AF_INET},
    {"tcp6://name.test:80/path?q", "name.test", AF_INET6},
    {"tcp://user@NAME-1_x.Test.:80", "name-1_x.test.", AF_UNSPEC},
    {"tcp://127.1:80", "127.1", AF_UNSPEC},
};

START_TEST(the_host_is_looked_up_in_the_family_of_the_scheme)
{
	weir_stream_dialer *other = net_dialer(asked[_i].url);
	struct addrinfo hints;

	fake_fail(EAI_NONAME, 0);
	ck_assert_uint_eq(fake_begun(), 0); /* not before it is dialled */
	expect_fails(other, WEIR_EADDRINVAL);
	hints = fake_hints();
	ck_assert_str_eq(fake_host(), asked[_i].host);
	ck_assert_str_eq(fake_service(), "");
	ck_assert_int_eq(hints.ai_family, asked[_i].family);
	ck_assert_int_eq(hints.ai_socktype, SOCK_STREAM);
	ck_assert_int_eq(hints.ai_flags, 0);
	weir_stream_dialer_free(other);
}
END_TEST

START_TEST(a_dial_goes_to_the_address_of_the_name_and_bytes_flow)
{
	weir_stream *a, *b;
	char byte = 0;

	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	ck_assert_str_eq(hosts_peer(a), "127.0.0.1");
	ck_assert_int_eq(
	    weir_sockaddr_port(weir_stream_peer_addr(a)), hosts_port(l));
	ck_assert_int_eq(op_send(&dial, a, "x", 1), WEIR_OK);
	ck_assert_int_eq(op_recv(&acc, b, &byte, 1), WEIR_OK);
	ck_assert_int_eq(byte, 'x');
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

START_TEST(each_dial_asks_anew)
{
	expect_peer(d, "127.0.0.1");
	hosts_answer_one(HOSTS_DEAD);
	expect_fails(d, WEIR_ECONNREFUSED);
	hosts_answer_one("127.0.0.1");
	expect_peer(d, "127.0.0.1");
	ck_assert_uint_eq(fake_begun(), 3);
}
END_TEST

START_TEST(many_dials_at_once_are_made)
{
	enum { MANY = 100 };
	static struct op ops[MANY];

	for (unsigned i = 0; i < MANY; i++) {
		op_init(&ops[i]);
		weir_stream_dialer_dial(d, ops[i].aio);
	}
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		weir_stream_free(ops[i].out);
		op_fini(&ops[i]);
	}
}
END_TEST

START_TEST(options_hold_for_connections_to_a_name)
{
	weir_stream *s;
	bool on = true;

	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, WEIR_OPT_TCP_NODELAY, false),
	    WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_get_bool(s, WEIR_OPT_TCP_NODELAY, &on), WEIR_OK);
	ck_assert(!on);
	weir_stream_free(s);
}
END_TEST

/* --- What a lookup may say ---------------------------------------------- */

static const struct {
	int code, eno;
	weir_err want;
} codes[] = {
    {EAI_NONAME, 0, WEIR_EADDRINVAL},
    {EAI_AGAIN, 0, WEIR_EADDRINVAL},
    {EAI_FAIL, 0, WEIR_EADDRINVAL},
    {EAI_MEMORY, 0, WEIR_ENOMEM},
    {EAI_FAMILY, 0, WEIR_ENOTSUP},
    {EAI_SYSTEM, EMFILE, WEIR_ENOFILES},
    {EAI_SYSTEM, 0, WEIR_EADDRINVAL},
    {-77, 0, (weir_err)((unsigned)WEIR_ETRANERR + 77)},
};

START_TEST(a_lookup_that_fails_ends_the_dial_and_the_alloc_of_a_listener)
{
	weir_stream_listener *other = NULL;

	fake_fail(codes[_i].code, codes[_i].eno);
	expect_fails(d, codes[_i].want);
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&other, "tcp://name.test:0"),
	    codes[_i].want);
	ck_assert_ptr_null(other);
	hosts_answer_one("127.0.0.1");
	expect_peer(d, "127.0.0.1");
}
END_TEST

START_TEST(a_name_without_addresses_is_no_address)
{
	fake_answer(0);
	expect_fails(d, WEIR_EADDRINVAL);
}
END_TEST

/* --- Addresses in turn --------------------------------------------------- */

static const struct {
	unsigned n;
	const char *addrs[4];
	const char *peer; /* NULL: none */
	weir_err want;
} turns[] = {
    {2, {HOSTS_DEAD, "127.0.0.1"}, "127.0.0.1", WEIR_OK},
    {4, {HOSTS_DEAD, "127.0.0.3", "127.0.0.4", "127.0.0.1"}, "127.0.0.1",
	WEIR_OK},
    {2, {"127.0.0.1", HOSTS_DEAD}, "127.0.0.1", WEIR_OK},
    {3, {HOSTS_DEAD, "127.0.0.1", "127.0.0.3"}, "127.0.0.1", WEIR_OK},
    {1, {HOSTS_DEAD}, NULL, WEIR_ECONNREFUSED},
    {3, {HOSTS_DEAD, "127.0.0.3", "127.0.0.4"}, NULL, WEIR_ECONNREFUSED},
    /* Broadcast: tcp has none, the network is said to be unreachable. */
    {2, {"255.255.255.255", "127.0.0.1"}, "127.0.0.1", WEIR_OK},
    {1, {"255.255.255.255"}, NULL, WEIR_EUNREACHABLE},
    {2, {"255.255.255.255", HOSTS_DEAD}, NULL, WEIR_ECONNREFUSED},
    {2, {HOSTS_DEAD, "255.255.255.255"}, NULL, WEIR_ECONNREFUSED},
};

START_TEST(addresses_are_tried_in_turn_until_one_is_connected)
{
	hosts_answer(turns[_i].n, turns[_i].addrs);
	if (turns[_i].peer != NULL) {
		expect_peer(d, turns[_i].peer);
	} else {
		expect_fails(d, turns[_i].want);
	}
}
END_TEST

START_TEST(what_comes_before_one_that_connects_is_tried_once)
{
	static const char *const addrs[] = {
	    HOSTS_DEAD, "127.0.0.3", "127.0.0.1", "127.0.0.4"};

	hosts_answer(4, addrs);
	wri_sys_fail_at(WRI_SYS_CONNECT, 100, EIO); /* counts */
	expect_peer(d, "127.0.0.1");
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_CONNECT), 3);
}
END_TEST

START_TEST(hundreds_of_addresses_that_refuse_are_all_tried)
{
	hosts_answer_dead(HOSTS_MAX);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1000, EIO); /* counts */
	expect_fails(d, WEIR_ECONNREFUSED);
	ck_assert_uint_eq(wri_sys_calls(WRI_SYS_CONNECT), WEIR_ADDRS_MAX);
}
END_TEST

/* The first address meets this; the second one is good. */
static const struct {
	enum wri_sys_call call;
	int eno;
	weir_err want;
} firsts[] = {
    {WRI_SYS_SOCKET, EAFNOSUPPORT, WEIR_OK},
    {WRI_SYS_CONNECT, ECONNREFUSED, WEIR_OK},
    {WRI_SYS_CONNECT, ENETUNREACH, WEIR_OK},
    {WRI_SYS_CONNECT, EHOSTUNREACH, WEIR_OK},
    {WRI_SYS_CONNECT, EACCES, WEIR_OK},
    {WRI_SYS_CONNECT, EADDRNOTAVAIL, WEIR_OK},
    {WRI_SYS_CONNECT, ETIMEDOUT, WEIR_OK},
    {WRI_SYS_CONNECT, EAGAIN, WEIR_OK},
    {WRI_SYS_CONNECT, EPROTO, WEIR_OK},
    /* Not the address's fault. */
    {WRI_SYS_SOCKET, EMFILE, WEIR_ENOFILES},
    {WRI_SYS_SOCKET, ENOBUFS, WEIR_ENOMEM},
    {WRI_SYS_EPOLL_CTL, ENOSPC, WEIR_ENOSPC},
    {WRI_SYS_EPOLL_CTL, ENOMEM, WEIR_ENOMEM},
};

/* A listener on all addresses, and a dialer of a name with its port. */
static weir_stream_listener *
any_listener(weir_stream_dialer **dialer)
{
	weir_stream_listener *any;

	ck_assert_int_eq(weir_stream_listener_alloc(&any, "tcp://:0"), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(any), WEIR_OK);
	*dialer = hosts_dialer("tcp", hosts_port(any));
	return any;
}

START_TEST(the_next_address_is_tried_unless_this_machine_is_short)
{
	static const char *const addrs[] = {"127.0.0.2", "127.0.0.1"};
	weir_stream_dialer *to;
	weir_stream_listener *any = any_listener(&to);
	struct rt_counts before;

	/* No dial before: what it closes may be the call that fails. */
	hosts_answer(2, addrs);
	before = rt_count();
	wri_sys_fail_at(firsts[_i].call, 1, firsts[_i].eno);
	if (firsts[_i].want == WEIR_OK) {
		expect_peer(to, "127.0.0.1");
	} else {
		expect_fails(to, firsts[_i].want);
		ck_assert_uint_eq(rt_count().fds, before.fds);
	}
	disarm();
	expect_peer(to, "127.0.0.2");
	weir_stream_dialer_free(to);
	weir_stream_listener_free(any);
}
END_TEST

START_TEST(addresses_of_another_family_than_the_local_one_are_passed_over)
{
	static const char *const addrs[] = {"::1", "127.0.0.1"};
	weir_sockaddr local = {.s_in = {.sa_family = WEIR_AF_INET}};
	weir_stream *s;

	local.s_in.sa_addr = htonl(INADDR_LOOPBACK + 4);
	ck_assert_int_eq(
	    weir_stream_dialer_set_addr(d, WEIR_OPT_LOCAL_ADDR, &local),
	    WEIR_OK);
	hosts_answer(2, addrs);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	ck_assert_str_eq(hosts_peer(s), "127.0.0.1");
	ck_assert_uint_eq(
	    weir_stream_self_addr(s)->s_in.sa_addr, htonl(INADDR_LOOPBACK + 4));
	weir_stream_free(s);
	hosts_answer(1, addrs);
	expect_fails(d, WEIR_EADDRINVAL);
	/* What another address says is told rather. */
	hosts_answer(2, (const char *const[]){HOSTS_DEAD, "::1"});
	expect_fails(d, WEIR_ECONNREFUSED);
}
END_TEST

START_TEST(an_address_that_does_not_answer_is_left_after_three_seconds)
{
	enum { MAX = 64 };
	static const char *const addrs[] = {"127.0.0.1", "127.0.0.2"};
	int fds[MAX];
	uint16_t port;
	int full = net_bare_listen(0, &port);
	unsigned n = net_bare_full(port, fds, MAX);
	char url[NET_URL_MAX];
	weir_stream_listener *good;
	weir_stream_dialer *to = hosts_dialer("tcp", port);

	snprintf(url, sizeof(url), "tcp://127.0.0.2:%u", port);
	ck_assert_int_eq(weir_stream_listener_alloc(&good, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(good), WEIR_OK);
	hosts_answer(2, addrs);
	/* Else it would take two minutes, and the test would fail. */
	ck_assert_int_eq(
	    weir_aio_set_timeout(dial.aio, WEIR_SECONDS(18)), WEIR_OK);
	expect_peer(to, "127.0.0.2");
	weir_stream_dialer_free(to);
	weir_stream_listener_free(good);
	while (n > 0) {
		close(fds[--n]);
	}
	close(full);
}
END_TEST

/* What is told when all have failed: the rows are weaker than what follows. */
static const weir_err tells[] = {
    WEIR_EADDRINVAL, WEIR_EUNREACHABLE, WEIR_ETIMEDOUT, WEIR_ECONNREFUSED};

START_TEST(the_error_that_says_most_is_told_in_whatever_order_they_come)
{
	const struct wri_endpoint ep = {.host = "name.test"};
	const struct wri_question q = {.host = "name.test"};
	static const char *const two[] = {"127.0.0.1", "127.0.0.2"};
	weir_err one = tells[_i / LEN(tells)], other = tells[_i % LEN(tells)];
	weir_err want = _i / LEN(tells) > _i % LEN(tells) ? one : other;
	struct wri_names *n;
	weir_addrs *addrs;

	hosts_answer(2, two);
	ck_assert_int_eq(wri_names_alloc(&n, &ep, NULL, NULL), WEIR_OK);
	ck_assert_int_eq(wri_question_ask(&q, &addrs), WEIR_OK);
	wri_names_set(n, addrs);
	ck_assert_uint_eq(wri_names_left(n), 2);
	(void)wri_names_next(n);
	ck_assert_int_eq(wri_names_failed(n, one), WEIR_OK);
	(void)wri_names_next(n);
	ck_assert_int_eq(wri_names_failed(n, other), want);
	wri_names_free(n);
}
END_TEST

/* --- No room ------------------------------------------------------------- */

START_TEST(a_dial_that_may_not_wait_asks_nobody)
{
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, 0), WEIR_OK);
	expect_fails(d, WEIR_ETIMEDOUT);
	ck_assert_uint_eq(fake_begun(), 0);
}
END_TEST

START_TEST(one_dial_more_than_the_lane_takes_is_eagain)
{
	enum { ALL = THREADS + WEIR_RESOLVE_QUEUE_MAX };
	static struct op ops[ALL];
	char url[NET_URL_MAX];
	weir_stream_dialer *numeric;

	fake_hang();
	for (unsigned i = 0; i < ALL; i++) {
		op_init(&ops[i]);
		weir_stream_dialer_dial(d, ops[i].aio);
		if (i < THREADS) {
			fake_await(i + 1);
		}
	}
	expect_fails(d, WEIR_EAGAIN);
	/* Numbers need no lane. */
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", hosts_port(l));
	numeric = net_dialer(url);
	expect_peer(numeric, "127.0.0.1");
	weir_stream_dialer_free(numeric);
	/* One that ends makes room at once. */
	(void)weir_aio_cancel(ops[ALL - 1].aio);
	ck_assert_int_eq(op_wait(&ops[ALL - 1]), WEIR_ECANCELED);
	weir_stream_dialer_dial(d, ops[ALL - 1].aio);
	ck_assert(op_pending(&ops[ALL - 1]));
	weir_stream_dialer_close(d);
	for (unsigned i = 0; i < ALL; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_ECLOSED);
		op_fini(&ops[i]);
	}
}
END_TEST

/* Until nothing fails any more. */
static void
sweep(void (*fail_at)(unsigned n))
{
	struct rt_counts before;
	unsigned n = 0;
	weir_err err;

	rt_expect_log();
	/* No dial before: what it closes may be the call that fails. */
	before = rt_count();
	do {
		weir_stream *s;

		ck_assert_uint_lt(n, 100);
		fail_at(++n);
		err = op_dial(&dial, d, &s);
		fail_at(0);
		if (err != WEIR_OK) {
			ck_assert_ptr_null(s);
			ck_assert_uint_eq(rt_count().fds, before.fds);
		} else {
			weir_stream_free(s);
		}
	} while (err != WEIR_OK);
	ck_assert_uint_gt(n, 1);
}

static void
memory_fails_at(unsigned n)
{
	wri_mem_fail_at(n);
}

static const char *const pairs[] = {HOSTS_DEAD, "127.0.0.1"};

START_TEST(the_nth_allocation_fails)
{
	hosts_answer(2, pairs);
	sweep(memory_fails_at);
}
END_TEST

static void
open_fails_at(unsigned n)
{
	wri_sys_fail_at(WRI_SYS_SOCKET, n, EMFILE);
}

static void
watch_fails_at(unsigned n)
{
	wri_sys_fail_at(WRI_SYS_EPOLL_CTL, n, ENOSPC);
}

START_TEST(the_nth_system_call_fails)
{
	hosts_answer(2, pairs);
	sweep(_i == 0 ? open_fails_at : watch_fails_at);
}
END_TEST

START_TEST(a_lane_without_a_thread_is_eagain)
{
	wri_thread_fail_at(1);
	expect_fails(d, WEIR_EAGAIN);
	expect_peer(d, "127.0.0.1");
}
END_TEST

/* --- Listeners ----------------------------------------------------------- */

START_TEST(a_listener_takes_the_first_address_of_its_name_at_alloc)
{
	static const char *const addrs[] = {"127.0.0.3", "127.0.0.1"};
	static const char *const schemes[] = {"tcp", "tcp4", "tcp6"};
	static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
	weir_stream_listener *other;
	weir_stream_dialer *to;
	weir_sockaddr bound;
	char url[NET_URL_MAX];

	hosts_answer(2, addrs);
	snprintf(url, sizeof(url), "%s://Listen.Test:0", schemes[_i]);
	ck_assert_int_eq(weir_stream_listener_alloc(&other, url), WEIR_OK);
	ck_assert_str_eq(fake_host(), "listen.test");
	ck_assert_int_eq(fake_hints().ai_family, families[_i]);
	ck_assert_uint_eq(fake_begun(), 1);
	hosts_answer_one("127.0.0.4");
	ck_assert_int_eq(weir_stream_listener_listen(other), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(other, WEIR_OPT_BOUND_ADDR, &bound),
	    WEIR_OK);
	ck_assert_uint_eq(ntohl(bound.s_in.sa_addr), INADDR_LOOPBACK + 2);
	ck_assert_uint_eq(fake_begun(), 1);
	to = hosts_dialer("tcp", hosts_port(other));
	hosts_answer(2, addrs);
	expect_peer(to, "127.0.0.3");
	weir_stream_dialer_free(to);
	weir_stream_listener_free(other);
}
END_TEST

START_TEST(a_listener_of_numbers_asks_nobody)
{
	static const char *const urls[] = {
	    "tcp://", "tcp6://:0", "tcp://[::1]:0", "tcp4://127.0.0.1:0"};

	for (int i = 0; i < LEN(urls); i++) {
		weir_stream_listener *other;

		ck_assert_int_eq(
		    weir_stream_listener_alloc(&other, urls[i]), WEIR_OK);
		weir_stream_listener_free(other);
	}
	ck_assert_uint_eq(fake_begun(), 0);
}
END_TEST

START_TEST(a_listener_of_a_foreign_address_fails_at_listen)
{
	weir_stream_listener *other;

	hosts_answer_one("192.0.2.1");
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&other, "tcp://name.test:0"), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(other), WEIR_EADDRINVAL);
	weir_stream_listener_free(other);
}
END_TEST

START_TEST(the_nth_allocation_of_a_listener_fails)
{
	weir_err err = WEIR_ENOMEM;

	for (unsigned n = 1; err != WEIR_OK; n++) {
		weir_stream_listener *other;

		wri_mem_fail_at(n);
		err = weir_stream_listener_alloc(&other, "tcp://name.test:0");
		wri_mem_fail_at(0);
		if (err == WEIR_OK) {
			ck_assert_uint_gt(n, 2);
			weir_stream_listener_free(other);
		} else {
			ck_assert_int_eq(err, WEIR_ENOMEM);
		}
	}
}
END_TEST

/* --- The system's own ---------------------------------------------------- */

START_TEST(localhost_can_be_listened_on_and_dialled)
{
	static const char *const schemes[] = {"tcp", "tcp4"};
	weir_stream_listener *other;
	weir_stream_dialer *to;
	weir_stream *a, *b;
	char url[NET_URL_MAX];

	fake_down();
	snprintf(url, sizeof(url), "%s://localhost:0", schemes[_i]);
	ck_assert_int_eq(weir_stream_listener_alloc(&other, url), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(other), WEIR_OK);
	snprintf(url, sizeof(url), "tcp://LocalHost:%d", hosts_port(other));
	to = net_dialer(url);
	ck_assert_int_eq(op_dial(&dial, to, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, other, &b), WEIR_OK);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(to);
	weir_stream_listener_free(other);
	fake_up();
}
END_TEST

START_TEST(people_read_the_host_where_there_is_no_address)
{
	struct wri_endpoint ep = {.host = "name.test", .port = 80};
	char text[WRI_PLACE_MAX];

	ck_assert_str_eq(
	    wri_stream_place(&ep, text, sizeof(text)), "name.test:80");
	memset(ep.host, 'x', WEIR_URL_HOST_MAX);
	ep.port = 65535;
	ck_assert_uint_eq(strlen(wri_stream_place(&ep, text, sizeof(text))),
	    WEIR_URL_HOST_MAX + 6);
	memset(&ep, 0, sizeof(ep));
	ep.name.s_family = WEIR_AF_INET;
	ck_assert_str_eq(
	    wri_stream_place(&ep, text, sizeof(text)), "0.0.0.0:0");
}
END_TEST

static void
add_dials(Suite *s)
{
	TCase *tc = tcase_create("host");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc,
	    the_host_is_looked_up_in_the_family_of_the_scheme, 0, LEN(asked));
	tcase_add_test(
	    tc, a_dial_goes_to_the_address_of_the_name_and_bytes_flow);
	tcase_add_test(tc, each_dial_asks_anew);
	tcase_add_test(tc, many_dials_at_once_are_made);
	tcase_add_test(tc, options_hold_for_connections_to_a_name);
	tcase_add_loop_test(tc,
	    a_lookup_that_fails_ends_the_dial_and_the_alloc_of_a_listener, 0,
	    LEN(codes));
	tcase_add_test(tc, a_name_without_addresses_is_no_address);
	tcase_add_loop_test(tc,
	    addresses_are_tried_in_turn_until_one_is_connected, 0, LEN(turns));
	tcase_add_test(tc, what_comes_before_one_that_connects_is_tried_once);
	tcase_add_test(tc, hundreds_of_addresses_that_refuse_are_all_tried);
	tcase_add_loop_test(tc,
	    the_next_address_is_tried_unless_this_machine_is_short, 0,
	    LEN(firsts));
	tcase_add_test(
	    tc, addresses_of_another_family_than_the_local_one_are_passed_over);
	tcase_add_test(
	    tc, an_address_that_does_not_answer_is_left_after_three_seconds);
	tcase_add_loop_test(tc,
	    the_error_that_says_most_is_told_in_whatever_order_they_come, 0,
	    LEN(tells) * LEN(tells));
	suite_add_tcase(s, tc);
}

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("host, more");

	add_dials(s);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_dial_that_may_not_wait_asks_nobody);
	tcase_add_test(tc, one_dial_more_than_the_lane_takes_is_eagain);
	tcase_add_test(tc, the_nth_allocation_fails);
	tcase_add_loop_test(tc, the_nth_system_call_fails, 0, 2);
	tcase_add_test(tc, a_lane_without_a_thread_is_eagain);
	tcase_add_loop_test(
	    tc, a_listener_takes_the_first_address_of_its_name_at_alloc, 0, 3);
	tcase_add_test(tc, a_listener_of_numbers_asks_nobody);
	tcase_add_test(tc, a_listener_of_a_foreign_address_fails_at_listen);
	tcase_add_test(tc, the_nth_allocation_of_a_listener_fails);
	tcase_add_loop_test(tc, localhost_can_be_listened_on_and_dialled, 0, 2);
	tcase_add_test(tc, people_read_the_host_where_there_is_no_address);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
