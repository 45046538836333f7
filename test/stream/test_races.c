/*
 * test_races - two threads on one object: an operation, and what ends it, at
 * every distance from each other.
 *
 * Each round lets two threads go at once; one of them waits a random while
 * first.  A round passes when each operation has one callback with a result
 * that one of the two can have caused; rt sees what leaks.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 300
#define ROUNDS_BIG 60
#define BIG ((size_t)32 << 20)

/* The second thread; it runs fn when the first one calls race. */
static struct racer {
	pthread_t thread;
	pthread_barrier_t begin, end;
	void (*fn)(void);
	unsigned delay; /* steps that fn waits first */
} racer;

static unsigned seed;

static unsigned
dice(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

/* Let some time pass that is not worth a system call. */
static void
dawdle(unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		__asm__ __volatile__("" ::: "memory");
	}
}

static void *
racer_main(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_barrier_wait(&racer.begin);
		if (racer.fn == NULL) {
			return NULL;
		}
		dawdle(racer.delay);
		racer.fn();
		pthread_barrier_wait(&racer.end);
	}
}

/* first on this thread, second on the other. */
static void
race(void (*first)(void), void (*second)(void))
{
	unsigned lead = dice(2) == 0 ? 0 : dice(20000);

	racer.fn = second;
	racer.delay = dice(2) == 0 ? 0 : dice(20000);
	pthread_barrier_wait(&racer.begin);
	dawdle(lead);
	first();
	pthread_barrier_wait(&racer.end);
}

static struct op op, op2;
static weir_stream *a, *b;
static weir_stream_listener *l;
static weir_stream_dialer *d;
static uint8_t *big;
static char buf[16];

static void
setup(void)
{
	rt_setup();
	seed = 12345;
	op_init(&op);
	op_init(&op2);
	big = calloc(1, BIG);
	ck_assert_ptr_nonnull(big);
	ck_assert_int_eq(pthread_barrier_init(&racer.begin, NULL, 2), 0);
	ck_assert_int_eq(pthread_barrier_init(&racer.end, NULL, 2), 0);
	ck_assert_int_eq(
	    pthread_create(&racer.thread, NULL, racer_main, NULL), 0);
}

static void
teardown(void)
{
	racer.fn = NULL;
	pthread_barrier_wait(&racer.begin);
	ck_assert_int_eq(pthread_join(racer.thread, NULL), 0);
	pthread_barrier_destroy(&racer.begin);
	pthread_barrier_destroy(&racer.end);
	op_fini(&op);
	op_fini(&op2);
	free(big);
	rt_teardown();
}

static void
do_recv(void)
{
	weir_stream_recv(a, op.aio);
}

static void
do_send_all(void)
{
	weir_stream_send_all(a, op.aio);
}

static void
do_dial(void)
{
	weir_stream_dialer_dial(d, op.aio);
}

static void
do_dial_2(void)
{
	weir_stream_dialer_dial(d, op2.aio);
}

static void
do_accept(void)
{
	weir_stream_listener_accept(l, op.aio);
}

static void
do_accept_2(void)
{
	weir_stream_listener_accept(l, op2.aio);
}

static void
do_cancel(void)
{
	(void)weir_aio_cancel(op.aio);
}

static void
do_close(void)
{
	weir_stream_close(a);
}

static void
do_free_peer(void)
{
	weir_stream_free(b);
	b = NULL;
}

static void
do_shutdown(void)
{
	(void)weir_stream_shutdown(a);
}

static void
do_dialer_close(void)
{
	weir_stream_dialer_close(d);
}

static void
do_listener_close(void)
{
	weir_stream_listener_close(l);
}

static void
expect(weir_err err, weir_err one, weir_err two, weir_err three)
{
	ck_assert_msg(err == one || err == two || err == three, "%s, seed %u",
	    weir_strerror(err), seed);
}

static void
pair_up(int kind)
{
	net_pair((enum net_kind)kind, &a, &b);
}

static void
pair_down(void)
{
	weir_stream_free(a);
	weir_stream_free(b);
	a = b = NULL;
}

START_TEST(a_receive_against_cancel_close_and_the_peers_end)
{
	static void (*const enders[])(void) = {
	    do_cancel, do_close, do_free_peer};

	op_buf(&op, buf, sizeof(buf));
	for (unsigned i = 0; i < ROUNDS; i++) {
		weir_err err;

		pair_up(_i);
		race(do_recv, enders[i % 3]);
		if (i % 3 == 0) {
			(void)weir_aio_cancel(op.aio); /* it came too early */
		}
		err = op_wait(&op);
		expect(err, i % 3 == 0 ? WEIR_ECANCELED : WEIR_ECONNSHUT,
		    WEIR_ECLOSED, WEIR_ECONNRESET);
		ck_assert(i % 3 != 1 || err == WEIR_ECLOSED);
		pair_down();
	}
}
END_TEST

START_TEST(a_large_send_against_cancel_close_and_the_peers_end)
{
	static void (*const enders[])(void) = {
	    do_cancel, do_close, do_free_peer};

	op_buf(&op, big, BIG);
	for (unsigned i = 0; i < ROUNDS_BIG; i++) {
		pair_up(_i);
		race(do_send_all, enders[i % 3]);
		if (i % 3 == 0) {
			(void)weir_aio_cancel(op.aio);
		}
		expect(op_wait(&op), i % 3 == 0 ? WEIR_ECANCELED : WEIR_ECLOSED,
		    WEIR_ECLOSED, WEIR_ECONNRESET);
		pair_down();
	}
}
END_TEST

START_TEST(close_against_shutdown)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		pair_up(_i);
		race(do_close, do_shutdown);
		ck_assert_int_eq(weir_stream_shutdown(a), WEIR_ECLOSED);
		pair_down();
	}
}
END_TEST

START_TEST(a_dial_against_cancel_and_close)
{
	char url[NET_URL_MAX];

	l = net_listener((enum net_kind)_i, url);
	for (unsigned i = 0; i < ROUNDS; i++) {
		d = net_dialer(url);
		race(do_dial, i % 2 == 0 ? do_cancel : do_dialer_close);
		expect(op_wait(&op), WEIR_OK,
		    i % 2 == 0 ? WEIR_ECANCELED : WEIR_ECLOSED, WEIR_OK);
		weir_stream_free(op.out);
		weir_stream_dialer_free(d);
	}
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(two_dials_of_one_dialer_that_is_freed_at_once)
{
	char url[NET_URL_MAX];

	l = net_listener((enum net_kind)_i, url);
	for (unsigned i = 0; i < ROUNDS; i++) {
		d = net_dialer(url);
		race(do_dial, do_dial_2);
		weir_stream_dialer_free(d);
		expect(op_wait(&op), WEIR_OK, WEIR_ECLOSED, WEIR_OK);
		expect(op_wait(&op2), WEIR_OK, WEIR_ECLOSED, WEIR_OK);
		weir_stream_free(op.out);
		weir_stream_free(op2.out);
	}
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(an_accept_against_a_dial_cancel_and_close)
{
	static void (*const enders[])(void) = {
	    do_dial_2, do_cancel, do_listener_close};
	char url[NET_URL_MAX];

	for (unsigned i = 0; i < ROUNDS; i++) {
		weir_err err;

		l = net_listener((enum net_kind)_i, url);
		d = net_dialer(url);
		/* One that polls calls accept(2) itself. */
		(void)weir_aio_set_timeout(
		    op.aio, i % 6 == 2 ? 0 : WEIR_INFINITE);
		race(do_accept, enders[i % 3]);
		if (i % 3 == 1) {
			(void)weir_aio_cancel(op.aio);
		}
		err = op_wait(&op);
		if (i % 6 == 2 && err == WEIR_ETIMEDOUT) {
			err = WEIR_ECLOSED;
		}
		expect(err, i % 3 == 0 ? WEIR_OK : WEIR_ECANCELED,
		    i % 3 == 0 ? WEIR_OK : WEIR_ECLOSED, WEIR_OK);
		weir_stream_free(op.out);
		if (i % 3 == 0) {
			ck_assert_int_eq(op_wait(&op2), WEIR_OK);
			weir_stream_free(op2.out);
		}
		weir_stream_dialer_free(d);
		weir_stream_listener_free(l);
	}
}
END_TEST

START_TEST(a_listener_that_closes_while_it_is_dialled)
{
	char url[NET_URL_MAX];

	for (unsigned i = 0; i < ROUNDS; i++) {
		l = net_listener((enum net_kind)_i, url);
		d = net_dialer(url);
		weir_stream_listener_accept(l, op.aio);
		race(do_dial_2, do_listener_close);
		expect(op_wait(&op), WEIR_OK, WEIR_ECLOSED, WEIR_OK);
		expect(
		    op_wait(&op2), WEIR_OK, WEIR_ECONNREFUSED, WEIR_ECONNRESET);
		weir_stream_free(op.out);
		weir_stream_free(op2.out);
		weir_stream_dialer_free(d);
		weir_stream_listener_free(l);
	}
}
END_TEST

/* Who is not served leaves the connection to the next one. */
START_TEST(a_connection_against_the_cancel_of_the_accept_that_waits)
{
	char url[NET_URL_MAX];

	l = net_listener((enum net_kind)_i, url);
	d = net_dialer(url);
	for (unsigned i = 0; i < ROUNDS; i++) {
		weir_err err;

		weir_stream_listener_accept(l, op.aio);
		race(do_dial_2, do_cancel);
		err = op_wait(&op);
		expect(err, WEIR_OK, WEIR_ECANCELED, WEIR_OK);
		if (err != WEIR_OK) {
			ck_assert_ptr_null(op.out);
			weir_stream_listener_accept(l, op.aio);
			ck_assert_int_eq(op_wait(&op), WEIR_OK);
		}
		ck_assert_int_eq(op_wait(&op2), WEIR_OK);
		weir_stream_free(op.out);
		weir_stream_free(op2.out);
	}
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(two_accepts_and_the_connections_they_wait_for)
{
	char url[NET_URL_MAX];
	struct op dials[2];

	l = net_listener((enum net_kind)_i, url);
	d = net_dialer(url);
	op_init(&dials[0]);
	op_init(&dials[1]);
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* Before, between, behind. */
		for (unsigned k = 0; k < i % 3; k++) {
			weir_stream_dialer_dial(d, dials[k].aio);
		}
		race(do_accept, do_accept_2);
		for (unsigned k = i % 3; k < 2; k++) {
			weir_stream_dialer_dial(d, dials[k].aio);
		}
		ck_assert_int_eq(op_wait(&op), WEIR_OK);
		ck_assert_int_eq(op_wait(&op2), WEIR_OK);
		weir_stream_free(op.out);
		weir_stream_free(op2.out);
		for (unsigned k = 0; k < 2; k++) {
			ck_assert_int_eq(op_wait(&dials[k]), WEIR_OK);
			weir_stream_free(dials[k].out);
		}
	}
	op_fini(&dials[0]);
	op_fini(&dials[1]);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
}
END_TEST

/* A listener of the bare system without room, and a dialer to it. */
static int full;
static struct sockaddr_un full_un;

static void
full_up(bool path, char *url)
{
	uint16_t port;

	if (!path) {
		full = net_bare_listen(0, &port);
		snprintf(url, NET_URL_MAX, "tcp://127.0.0.1:%u", port);
		return;
	}
	full_un.sun_family = AF_UNIX;
	net_path(full_un.sun_path);
	snprintf(url, NET_URL_MAX, "unix://%.*s", 107, full_un.sun_path);
	full = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(full, 0);
	ck_assert_int_eq(
	    bind(full, (struct sockaddr *)&full_un, sizeof(full_un)), 0);
	ck_assert_int_eq(listen(full, 0), 0);
}

static void
bare_accept(void)
{
	int fd = accept(full, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

static bool
bare_waits(void)
{
	struct pollfd p = {.fd = full, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

START_TEST(a_dial_that_waits_against_cancel_and_close)
{
	static int fds[64];
	char url[NET_URL_MAX];
	weir_stream *first = NULL;
	unsigned n = 0;

	full_up(_i != 0, url);
	d = net_dialer(url);
	if (_i != 0) {
		ck_assert_int_eq(op_dial(&op, d, &first), WEIR_OK);
	} else {
		n = net_bare_full(
		    (uint16_t)atoi(strrchr(url, ':') + 1), fds, 64);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		switch (i % 3) {
		case 0:
			race(do_dial, do_cancel);
			(void)weir_aio_cancel(op.aio);
			break;
		case 1:
			race(do_dial, do_dialer_close);
			break;
		default:
			do_dial();
			race(do_cancel, do_dialer_close);
			break;
		}
		expect(
		    op_wait(&op), WEIR_ECANCELED, WEIR_ECLOSED, WEIR_ECLOSED);
		ck_assert_ptr_null(op.out);
		weir_stream_dialer_free(d);
		d = net_dialer(url);
	}
	weir_stream_free(first);
	weir_stream_dialer_free(d);
	while (n > 0) {
		(void)close(fds[--n]);
	}
	(void)close(full);
	(void)unlink(full_un.sun_path);
}
END_TEST

/* The cancel comes about when the first nap, of 1 ms, is over. */
START_TEST(a_dial_that_finds_room_against_cancel)
{
	char url[NET_URL_MAX];
	weir_stream *first;

	full_up(true, url);
	d = net_dialer(url);
	for (unsigned i = 0; i < ROUNDS_BIG; i++) {
		ck_assert_int_eq(op_dial(&op, d, &first), WEIR_OK);
		do_dial();
		bare_accept();
		weir_sleep_aio(
		    WEIR_US(800) + WEIR_US(10) * (weir_duration)dice(40),
		    op2.aio);
		ck_assert_int_eq(op_wait(&op2), WEIR_OK);
		race(do_cancel, do_cancel);
		if (op_wait(&op) == WEIR_OK) {
			weir_stream_free(op.out);
			bare_accept();
		} else {
			ck_assert_int_eq(op.err, WEIR_ECANCELED);
			ck_assert_ptr_null(op.out);
		}
		weir_stream_free(first);
		/* It may have got there, and been given back. */
		while (bare_waits()) {
			bare_accept();
		}
	}
	weir_stream_dialer_free(d);
	(void)close(full);
	(void)unlink(full_un.sun_path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("races");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_receive_against_cancel_close_and_the_peers_end, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    a_large_send_against_cancel_close_and_the_peers_end, 0, NET_KINDS);
	tcase_add_loop_test(tc, close_against_shutdown, 0, NET_KINDS);
	tcase_add_loop_test(tc, a_dial_against_cancel_and_close, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, two_dials_of_one_dialer_that_is_freed_at_once, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, an_accept_against_a_dial_cancel_and_close, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_listener_that_closes_while_it_is_dialled, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    a_connection_against_the_cancel_of_the_accept_that_waits, 0,
	    NET_KINDS);
	tcase_add_loop_test(
	    tc, two_accepts_and_the_connections_they_wait_for, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_dial_that_waits_against_cancel_and_close, 0, 2);
	tcase_add_test(tc, a_dial_that_finds_room_against_cancel);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
