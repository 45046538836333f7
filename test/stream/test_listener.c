/*
 * test_listener - listening, and accepts in every state of the listener.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct op acc, acc2, dial;

static void
setup(void)
{
	rt_setup();
	op_init(&acc);
	op_init(&acc2);
	op_init(&dial);
}

static void
teardown(void)
{
	op_fini(&acc);
	op_fini(&acc2);
	op_fini(&dial);
	rt_teardown();
}

static weir_stream_listener *
listener(const char *url)
{
	weir_stream_listener *l;

	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	return l;
}

/* Dial, and close what came: only the accepting side is of interest. */
static void
dial_once(const char *url)
{
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_dialer_free(d);
}

START_TEST(a_listener_takes_connections_that_came_before_the_accept)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream *s;

	for (unsigned i = 0; i < 8; i++) {
		dial_once(url);
	}
	for (unsigned i = 0; i < 8; i++) {
		ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
		ck_assert_ptr_nonnull(s);
		weir_stream_free(s);
	}
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(waiting_accepts_are_served_in_order)
{
	enum { N = 8 };
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	struct op ops[N];

	for (unsigned i = 0; i < N; i++) {
		op_init(&ops[i]);
		weir_stream_listener_accept(l, ops[i].aio);
	}
	/* One that is taken out leaves the others in order. */
	ck_assert_int_eq(weir_aio_cancel(ops[3].aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&ops[3]), WEIR_ECANCELED);
	for (unsigned i = 0; i < N; i++) {
		if (i != 3) {
			dial_once(url);
			ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
			weir_stream_free(ops[i].out);
			ck_assert(i == N - 1 || op_pending(&ops[i + 1]) ||
				  i + 1 == 3);
		}
		op_fini(&ops[i]);
	}
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(accept_before_listen_is_a_wrong_state)
{
	char url[NET_URL_MAX];

	net_listen_url((enum net_kind)_i, url);
	weir_stream_listener *l = listener(url);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ESTATE);
	weir_stream_listener_close(l);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ECLOSED);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(listen_twice_is_a_wrong_state)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTATE);
	weir_stream_listener_close(l);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ECLOSED);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(an_address_that_is_taken_may_be_tried_again)
{
	char url[NET_URL_MAX];
	weir_stream_listener *first = net_listener((enum net_kind)_i, url);
	weir_stream_listener *second = listener(url);
	weir_stream *s;

	ck_assert_int_eq(weir_stream_listener_listen(second), WEIR_EADDRINUSE);
	weir_stream_listener_accept(second, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ESTATE);
	/* The first one is unharmed. */
	dial_once(url);
	ck_assert_int_eq(op_accept(&acc, first, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_listener_close(first);
	ck_assert_int_eq(weir_stream_listener_listen(second), WEIR_OK);
	dial_once(url);
	ck_assert_int_eq(op_accept(&acc, second, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_listener_free(first);
	weir_stream_listener_free(second);
}
END_TEST

START_TEST(an_address_of_another_machine_is_invalid)
{
	/* Reserved for documentation. */
	weir_stream_listener *l = listener("tcp://192.0.2.1:0");

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_EADDRINVAL);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(an_empty_host_listens_on_all_interfaces)
{
	weir_stream_listener *l = listener("tcp://:0");
	char url[NET_URL_MAX];
	weir_stream *s;

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	net_dial_url(NET_TCP, l, NULL, url);
	dial_once(url);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_stream_free(s);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(tcp6_without_host_takes_ipv4_too)
{
	weir_stream_listener *l = listener("tcp6://:0");
	char url[NET_URL_MAX], peer[WEIR_ADDR_STR_MAX];
	weir_stream *s;

	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	net_dial_url(NET_TCP, l, NULL, url);
	dial_once(url);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_sockaddr_str(weir_stream_peer_addr(s), peer, sizeof(peer));
	ck_assert_int_eq(strncmp(peer, "[::ffff:127.0.0.1]:", 19), 0);
	weir_stream_free(s);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_pending_accept_is_cancelled_times_out_and_is_stopped)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream *s;

	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(weir_aio_cancel(acc.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, WEIR_MS(20)), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, WEIR_INFINITE), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(weir_aio_stop(acc.aio), WEIR_OK);
	ck_assert_int_eq(op_wait(&acc), WEIR_ESTOPPED);
	/* The listener goes on, with another aio. */
	weir_stream_listener_accept(l, acc2.aio);
	dial_once(url);
	ck_assert_int_eq(op_wait(&acc2), WEIR_OK);
	s = acc2.out;
	weir_stream_free(s);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(an_accept_with_timeout_zero_takes_what_is_there)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream *s;

	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, 0), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_ETIMEDOUT);
	ck_assert_ptr_null(s);
	for (unsigned i = 0; i < 20; i++) {
		dial_once(url);
		/* Over tcp it is there soon: the dialer's last packet may still
		 * be on its way. */
		while (op_accept(&acc, l, &s) == WEIR_ETIMEDOUT) {
		}
		ck_assert_int_eq(acc.err, WEIR_OK);
		weir_stream_free(s);
		ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_ETIMEDOUT);
	}
	/* Those that wait go first. */
	weir_stream_listener_accept(l, acc2.aio);
	dial_once(url);
	ck_assert_int_eq(op_wait(&acc2), WEIR_OK);
	weir_stream_free(acc2.out);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(closing_the_listener_ends_pending_accepts)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s;

	weir_stream_listener_accept(l, acc.aio);
	weir_stream_listener_accept(l, acc2.aio);
	weir_stream_listener_close(l);
	weir_stream_listener_close(l);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&acc2), WEIR_ECLOSED);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ECONNREFUSED);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(freeing_the_listener_ends_pending_accepts)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);

	weir_stream_listener_accept(l, acc.aio);
	weir_stream_listener_accept(l, acc2.aio);
	weir_stream_listener_free(l);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	ck_assert_int_eq(op_wait(&acc2), WEIR_ECLOSED);
}
END_TEST

START_TEST(a_closed_listener_can_listen_no_more_but_its_address_is_free)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_listener *next = listener(url);
	weir_stream *s;

	/* Also one whose accept waits, and that has taken a connection. */
	dial_once(url);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	weir_stream_listener_close(l);
	ck_assert_int_eq(weir_stream_listener_listen(next), WEIR_OK);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	weir_stream_free(s);
	weir_stream_listener_free(l);
	weir_stream_listener_free(next);
}
END_TEST

static void
free_listener_then(struct op *op)
{
	weir_stream_listener_free(op->then_arg);
	weir_stream_free(op->out);
}

START_TEST(a_listener_may_be_freed_in_the_callback_of_its_accept)
{
	char url[NET_URL_MAX];

	acc.then = free_listener_then;
	for (unsigned i = 0; i < 50; i++) {
		weir_stream_listener *l = net_listener((enum net_kind)_i, url);

		acc.then_arg = l;
		if (i % 2 == 0) {
			weir_stream_listener_accept(l, acc.aio);
			dial_once(url);
		} else {
			dial_once(url);
			weir_stream_listener_accept(l, acc.aio);
		}
		ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	}
}
END_TEST

/* Accepts and cancels race with connections: each connection is accepted, by
 * whoever waits when it comes or by the next. */
START_TEST(no_connection_is_lost_to_a_cancel)
{
	enum { N = 200 };
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	unsigned got = 0;

	for (unsigned i = 0; i < N; i++) {
		weir_stream_dialer_dial(d, dial.aio);
		weir_stream_listener_accept(l, acc.aio);
		(void)weir_aio_cancel(acc.aio);
		if (op_wait(&acc) == WEIR_OK) {
			got++;
			weir_stream_free(acc.out);
		}
		ck_assert_int_eq(op_wait(&dial), WEIR_OK);
		weir_stream_free(dial.out);
	}
	while (got < N) {
		weir_stream *s;

		ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
		weir_stream_free(s);
		got++;
	}
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, 0), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ETIMEDOUT);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_burst_larger_than_one_step_is_accepted)
{
	enum { N = 100 };
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	struct op ops[N];

	for (unsigned i = 0; i < N; i++) {
		op_init(&ops[i]);
		weir_stream_listener_accept(l, ops[i].aio);
	}
	for (unsigned i = 0; i < N; i++) {
		dial_once(url);
	}
	for (unsigned i = 0; i < N; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		weir_stream_free(ops[i].out);
	}
	/* The other way round: the burst is there before the accepts. */
	for (unsigned i = 0; i < N; i++) {
		dial_once(url);
	}
	for (unsigned i = 0; i < N; i++) {
		weir_stream_listener_accept(l, ops[i].aio);
	}
	for (unsigned i = 0; i < N; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_OK);
		weir_stream_free(ops[i].out);
		op_fini(&ops[i]);
	}
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(sockets_are_close_on_exec)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *a, *b;

	ck_assert_int_eq(op_dial(&dial, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	for (int fd = 3; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && isatty(fd) == 0) {
			char path[64], to[64];
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			n = readlink(path, to, sizeof(to) - 1);
			ck_assert_int_gt(n, 0);
			to[n] = '\0';
			ck_assert_msg(strncmp(to, "socket:", 7) != 0 ||
					  (flags & FD_CLOEXEC) != 0,
			    "%d: %s", fd, to);
		}
	}
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* --- the bound --------------------------------------------------------- */

#define MANY (WEIR_STREAM_QUEUE_MAX + 8)

static weir_aio *many[MANY];
static unsigned many_made;
static struct latch many_ended;

static void
many_cb(void *arg)
{
	(void)arg;
	latch_hit(&many_ended);
}

/* Submit until one ends at once; how many wait then. */
static unsigned
submit_until_full(void (*submit)(void *object, weir_aio *aio), void *object)
{
	latch_init(&many_ended);
	for (many_made = 0; many_made < MANY; many_made++) {
		weir_aio **aio = &many[many_made];
		bool ended;

		ck_assert_int_eq(weir_aio_alloc(aio, many_cb, NULL), WEIR_OK);
		weir_aio_skip_callback(*aio, &ended);
		submit(object, *aio);
		if (ended) {
			ck_assert_int_eq(weir_aio_result(*aio), WEIR_EAGAIN);
			return many_made++;
		}
	}
	ck_abort_msg("no bound");
	return 0;
}

static void
free_many(void)
{
	for (unsigned i = 0; i < many_made; i++) {
		weir_aio_free(many[i]);
	}
	latch_fini(&many_ended);
}

static void
submit_accept(void *object, weir_aio *aio)
{
	weir_stream_listener_accept(object, aio);
}

START_TEST(one_accept_more_than_the_bound_is_refused_and_told)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);

	rt_expect_log();
	ck_assert_uint_eq(
	    submit_until_full(submit_accept, l), WEIR_STREAM_QUEUE_MAX);
	ck_assert(rt_log_has("WEIR_STREAM_QUEUE_MAX"));
	/* Those that wait are served, and make room. */
	dial_once(url);
	ck_assert(latch_wait(&many_ended, 1));
	weir_stream_free(weir_aio_get_output(many[0], 0));
	weir_stream_listener_accept(l, acc.aio);
	ck_assert(weir_aio_busy(acc.aio));
	weir_stream_listener_free(l);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	ck_assert(latch_wait(&many_ended, WEIR_STREAM_QUEUE_MAX));
	free_many();
}
END_TEST

static void
add(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, 0, NET_KINDS);
}

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("listener");

	tcase_add_checked_fixture(tc, setup, teardown);
	add(tc, a_listener_takes_connections_that_came_before_the_accept);
	add(tc, waiting_accepts_are_served_in_order);
	add(tc, accept_before_listen_is_a_wrong_state);
	add(tc, listen_twice_is_a_wrong_state);
	add(tc, an_address_that_is_taken_may_be_tried_again);
	add(tc, a_pending_accept_is_cancelled_times_out_and_is_stopped);
	add(tc, an_accept_with_timeout_zero_takes_what_is_there);
	add(tc, closing_the_listener_ends_pending_accepts);
	add(tc, freeing_the_listener_ends_pending_accepts);
	add(tc, a_closed_listener_can_listen_no_more_but_its_address_is_free);
	add(tc, a_listener_may_be_freed_in_the_callback_of_its_accept);
	add(tc, no_connection_is_lost_to_a_cancel);
	add(tc, a_burst_larger_than_one_step_is_accepted);
	add(tc, sockets_are_close_on_exec);
	tcase_add_loop_test(tc,
	    one_accept_more_than_the_bound_is_refused_and_told, NET_UNIX,
	    NET_ABSTRACT);
	tcase_add_test(tc, an_address_of_another_machine_is_invalid);
	tcase_add_test(tc, an_empty_host_listens_on_all_interfaces);
	tcase_add_test(tc, tcp6_without_host_takes_ipv4_too);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
