/*
 * test_dialer - connections made on request, and dials that do not get there.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct op dial, other;

static void
setup(void)
{
	rt_setup();
	op_init(&dial);
	op_init(&other);
}

static void
teardown(void)
{
	op_fini(&dial);
	op_fini(&other);
	rt_teardown();
}

START_TEST(a_dialer_makes_many_connections_also_at_once)
{
	enum { N = 32 };
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	struct op dials[N], accepts[N];

	for (unsigned i = 0; i < N; i++) {
		op_init(&dials[i]);
		op_init(&accepts[i]);
		weir_stream_dialer_dial(d, dials[i].aio);
	}
	for (unsigned i = 0; i < N; i++) {
		weir_stream_listener_accept(l, accepts[i].aio);
	}
	for (unsigned i = 0; i < N; i++) {
		ck_assert_int_eq(op_wait(&dials[i]), WEIR_OK);
		ck_assert_int_eq(op_wait(&accepts[i]), WEIR_OK);
		weir_stream_free(dials[i].out);
		weir_stream_free(accepts[i].out);
		op_fini(&dials[i]);
		op_fini(&accepts[i]);
	}
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_stream_outlives_its_dialer_and_listener)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;
	char buf[4];

	weir_stream_listener_accept(l, other.aio);
	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_wait(&other), WEIR_OK);
	b = other.out;
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	ck_assert_int_eq(op_send(&dial, a, "abc", 3), WEIR_OK);
	ck_assert_int_eq(op_recv(&other, b, buf, sizeof(buf)), WEIR_OK);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

START_TEST(both_ends_know_both_addresses)
{
	char url[NET_URL_MAX], self[WEIR_ADDR_STR_MAX], peer[WEIR_ADDR_STR_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;

	weir_stream_listener_accept(l, other.aio);
	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_wait(&other), WEIR_OK);
	b = other.out;
	ck_assert(weir_sockaddr_equal(
	    weir_stream_self_addr(a), weir_stream_peer_addr(b)));
	ck_assert(weir_sockaddr_equal(
	    weir_stream_peer_addr(a), weir_stream_self_addr(b)));
	weir_sockaddr_str(weir_stream_peer_addr(a), peer, sizeof(peer));
	weir_sockaddr_str(weir_stream_self_addr(a), self, sizeof(self));
	ck_assert_ptr_nonnull(strstr(peer, strstr(url, "://") + 3));
	/* Also after close. */
	weir_stream_close(a);
	weir_sockaddr_str(weir_stream_self_addr(a), url, sizeof(url));
	ck_assert_str_eq(self, url);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(nobody_there_is_refused)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	weir_stream_listener_free(l);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ECONNREFUSED);
	ck_assert_ptr_null(s);
	/* And again: a failure leaves the dialer as it was. */
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ECONNREFUSED);
	weir_stream_dialer_free(d);
}
END_TEST

START_TEST(no_route_is_unreachable)
{
	/* Link-local addresses without an interface lead nowhere. */
	weir_stream_dialer *d = net_dialer("tcp://[fe80::1]:9");
	weir_stream *s;
	weir_err err = op_dial(&dial, d, &s);

	ck_assert_msg(err == WEIR_EADDRINVAL || err == WEIR_EUNREACHABLE ||
			  err == WEIR_ENOTSUP,
	    "%s", weir_strerror(err));
	weir_stream_dialer_free(d);
}
END_TEST

/* --- dials that hang ---------------------------------------------------- */

/* A tcp address that answers no connection. */
static struct hang {
	int listener;
	int fds[64];
	unsigned fds_len;
	weir_stream_dialer *dialer;
} hang;

static void
setup_hang(void)
{
	uint16_t port;
	char url[NET_URL_MAX];

	setup();
	hang.listener = net_bare_listen(0, &port);
	hang.fds_len = net_bare_full(port, hang.fds, 64);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
	hang.dialer = net_dialer(url);
}

static void
teardown_hang(void)
{
	weir_stream_dialer_free(hang.dialer);
	for (unsigned i = 0; i < hang.fds_len; i++) {
		close(hang.fds[i]);
	}
	close(hang.listener);
	teardown();
}

START_TEST(a_pending_dial_is_cancelled)
{
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(weir_aio_cancel(dial.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECANCELED);
	ck_assert_ptr_null(dial.out);
}
END_TEST

START_TEST(a_pending_dial_is_aborted_with_any_code)
{
	static const weir_err codes[] = {
	    WEIR_EBUSY, WEIR_ESTOPPED, (weir_err)(WEIR_ETRANERR + 77)};

	for (unsigned i = 0; i < 3; i++) {
		weir_stream_dialer_dial(hang.dialer, dial.aio);
		ck_assert_int_eq(
		    weir_aio_abort(dial.aio, codes[i]), WEIR_CANCEL_REQUESTED);
		ck_assert_int_eq(op_wait(&dial), codes[i]);
	}
}
END_TEST

START_TEST(a_pending_dial_times_out)
{
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, WEIR_MS(20)), WEIR_OK);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, 0), WEIR_OK);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ETIMEDOUT);
}
END_TEST

START_TEST(a_pending_dial_is_stopped)
{
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(weir_aio_stop(dial.aio), WEIR_OK);
	ck_assert_int_eq(op_wait(&dial), WEIR_ESTOPPED);
	/* And takes no more. */
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(weir_aio_result(dial.aio), WEIR_ESTOPPED);
	ck_assert(op_pending(&dial));
}
END_TEST

START_TEST(closing_the_dialer_ends_pending_dials)
{
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	weir_stream_dialer_dial(hang.dialer, other.aio);
	weir_stream_dialer_close(hang.dialer);
	weir_stream_dialer_close(hang.dialer);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&other), WEIR_ECLOSED);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);
}
END_TEST

START_TEST(freeing_the_dialer_ends_pending_dials)
{
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	weir_stream_dialer_dial(hang.dialer, other.aio);
	weir_stream_dialer_free(hang.dialer);
	hang.dialer = NULL;
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&other), WEIR_ECLOSED);
}
END_TEST

/* Many rounds of a cancel that comes at any moment of the dial. */
START_TEST(a_cancel_at_any_moment_leaves_nothing_behind)
{
	for (unsigned i = 0; i < 200; i++) {
		weir_stream_dialer_dial(hang.dialer, dial.aio);
		weir_stream_dialer_dial(hang.dialer, other.aio);
		(void)weir_aio_cancel(i % 2 == 0 ? dial.aio : other.aio);
		(void)weir_aio_cancel(i % 2 == 0 ? other.aio : dial.aio);
		ck_assert_int_eq(op_wait(&dial), WEIR_ECANCELED);
		ck_assert_int_eq(op_wait(&other), WEIR_ECANCELED);
	}
}
END_TEST

static void
free_dialer_then(struct op *op)
{
	weir_stream_dialer_free(op->then_arg);
	weir_stream_free(op->out);
}

START_TEST(a_dialer_may_be_freed_in_the_callback_of_its_dial)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);

	dial.then = free_dialer_then;
	for (unsigned i = 0; i < 50; i++) {
		dial.then_arg = net_dialer(url);
		weir_stream_dialer_dial(dial.then_arg, dial.aio);
		ck_assert_int_eq(op_wait(&dial), WEIR_OK);
	}
	weir_stream_listener_free(l);
	dial.then_arg = net_dialer(url);
	weir_stream_dialer_dial(dial.then_arg, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECONNREFUSED);
}
END_TEST

/* --- unix: a backlog that is full --------------------------------------- */

static int
bare_unix(const char *path, int backlog)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	strcpy(un.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

START_TEST(a_unix_dial_waits_for_room_in_the_backlog)
{
	char path[NET_URL_MAX], url[NET_URL_MAX + 8];
	weir_stream_dialer *d;
	weir_stream *s[3];
	int listener, conn;

	net_path(path);
	listener = bare_unix(path, 0);
	snprintf(url, sizeof(url), "unix://%s", path);
	d = net_dialer(url);
	/* A backlog of 0 holds one. */
	ck_assert_int_eq(op_dial(&dial, d, &s[0]), WEIR_OK);
	weir_stream_dialer_dial(d, other.aio);
	ck_assert(weir_aio_busy(other.aio));
	conn = accept(listener, NULL, NULL);
	ck_assert_int_ge(conn, 0);
	ck_assert_int_eq(op_wait(&other), WEIR_OK);
	s[1] = other.out;
	/* Full again: timeout, cancel, close reach one that naps. */
	ck_assert_int_eq(weir_aio_set_timeout(other.aio, WEIR_MS(30)), WEIR_OK);
	ck_assert_int_eq(op_dial(&other, d, &s[2]), WEIR_ETIMEDOUT);
	weir_stream_dialer_dial(d, dial.aio);
	(void)weir_aio_cancel(dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECANCELED);
	weir_stream_dialer_dial(d, dial.aio);
	weir_stream_dialer_close(d);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);
	weir_stream_free(s[0]);
	weir_stream_free(s[1]);
	weir_stream_dialer_free(d);
	close(conn);
	close(listener);
	unlink(path);
}
END_TEST

START_TEST(a_listener_that_goes_away_ends_a_dial_that_waits_for_room)
{
	char path[NET_URL_MAX], url[NET_URL_MAX + 8];
	weir_stream_dialer *d;
	weir_stream *s;
	int listener;

	net_path(path);
	listener = bare_unix(path, 0);
	snprintf(url, sizeof(url), "unix://%s", path);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_dialer_dial(d, other.aio);
	close(listener);
	ck_assert_int_eq(op_wait(&other), WEIR_ECONNREFUSED);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
	unlink(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("dialer");
	TCase *hangs = tcase_create("dialer_hang");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_dialer_makes_many_connections_also_at_once, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_stream_outlives_its_dialer_and_listener, 0, NET_KINDS);
	tcase_add_loop_test(tc, both_ends_know_both_addresses, 0, NET_KINDS);
	tcase_add_loop_test(tc, nobody_there_is_refused, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    a_dialer_may_be_freed_in_the_callback_of_its_dial, 0, NET_KINDS);
	tcase_add_test(tc, no_route_is_unreachable);
	tcase_add_test(tc, a_unix_dial_waits_for_room_in_the_backlog);
	tcase_add_test(
	    tc, a_listener_that_goes_away_ends_a_dial_that_waits_for_room);
	suite_add_tcase(s, tc);

	tcase_add_checked_fixture(hangs, setup_hang, teardown_hang);
	tcase_add_test(hangs, a_pending_dial_is_cancelled);
	tcase_add_test(hangs, a_pending_dial_is_aborted_with_any_code);
	tcase_add_test(hangs, a_pending_dial_times_out);
	tcase_add_test(hangs, a_pending_dial_is_stopped);
	tcase_add_test(hangs, closing_the_dialer_ends_pending_dials);
	tcase_add_test(hangs, freeing_the_dialer_ends_pending_dials);
	tcase_add_test(hangs, a_cancel_at_any_moment_leaves_nothing_behind);
	suite_add_tcase(s, hangs);
	return run_suite(s);
}
