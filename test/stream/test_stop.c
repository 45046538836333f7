/*
 * test_stop - stop of dialers and listeners: closed, decided, nothing left.
 */
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HANGS 8

static void
stop_dialer(weir_stream_dialer *d)
{
	weir_stream_dialer_stop(d);
}

START_TEST(stop_decides_all_dials_and_leaves_no_descriptor)
{
	uint16_t port;
	int plain = net_bare_listen(0, &port);
	int fds[64];
	unsigned nfds = net_bare_full(port, fds, 64);
	struct op ops[HANGS];
	struct rt_counts before;
	weir_stream_dialer *d;
	char url[64];

	rt_setup();
	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	d = net_dialer(url);
	before = rt_count();
	for (int i = 0; i < HANGS; i++) {
		op_init(&ops[i]);
		weir_stream_dialer_dial(d, ops[i].aio);
	}
	stop_dialer(d);
	ck_assert_uint_eq(rt_count().fds, before.fds);
	for (int i = 0; i < HANGS; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_ECLOSED);
		ck_assert_ptr_null(ops[i].out);
	}
	stop_dialer(d); /* again */
	weir_stream_dialer_close(d);
	weir_stream_dialer_dial(d, ops[0].aio);
	ck_assert_int_eq(op_wait(&ops[0]), WEIR_ECLOSED);
	weir_stream_dialer_free(d);
	weir_stream_dialer_stop(NULL);
	for (int i = 0; i < HANGS; i++) {
		op_fini(&ops[i]);
	}
	rt_teardown();
	while (nfds > 0) {
		close(fds[--nfds]);
	}
	close(plain);
}
END_TEST

START_TEST(stop_closes_the_socket_and_decides_all_accepts)
{
	enum net_kind kind = (enum net_kind)_i;
	char url[NET_URL_MAX];
	struct op ops[HANGS];
	struct rt_counts before;
	weir_stream_listener *l;

	rt_setup();
	before = rt_count();
	l = net_listener(kind, url);
	for (int i = 0; i < HANGS; i++) {
		op_init(&ops[i]);
		weir_stream_listener_accept(l, ops[i].aio);
	}
	weir_stream_listener_stop(l);
	ck_assert_uint_eq(rt_count().fds, before.fds);
	for (int i = 0; i < HANGS; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_ECLOSED);
	}
	weir_stream_listener_stop(l);
	weir_stream_listener_close(l);
	weir_stream_listener_accept(l, ops[0].aio);
	ck_assert_int_eq(op_wait(&ops[0]), WEIR_ECLOSED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ECLOSED);
	weir_stream_listener_free(l);
	weir_stream_listener_stop(NULL);
	for (int i = 0; i < HANGS; i++) {
		op_fini(&ops[i]);
	}
	rt_teardown();
}
END_TEST

START_TEST(stop_before_anything_returns_at_once)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;

	rt_setup();
	net_listen_url((enum net_kind)_i, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	weir_stream_listener_stop(l);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ECLOSED);
	weir_stream_listener_free(l);
	d = net_dialer("tcp://127.0.0.1:1");
	weir_stream_dialer_stop(d);
	weir_stream_dialer_free(d);
	rt_teardown();
}
END_TEST

/* What ended in whatever way is not waited for. */
START_TEST(stop_does_not_wait_for_what_has_ended)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *s;
	struct op op;

	rt_setup();
	op_init(&op);
	l = net_listener((enum net_kind)_i, url);
	weir_stream_listener_accept(l, op.aio);
	weir_aio_cancel(op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_ECANCELED);
	weir_aio_set_timeout(op.aio, 0);
	ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ETIMEDOUT);
	weir_aio_set_timeout(op.aio, WEIR_INFINITE);

	/* Dials: made, without socket or memory, refused to wait, napping. */
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_OK);
	weir_stream_free(s);
	wri_sys_fail_at(WRI_SYS_SOCKET, 1, EMFILE);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ENOFILES);
	wri_sys_fail_at(WRI_SYS_SOCKET, 0, 0);
	wri_mem_fail_at(1);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	weir_aio_set_timeout(op.aio, 0);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ETIMEDOUT);
	weir_aio_set_timeout(op.aio, WEIR_INFINITE);
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_OK);
	wri_sys_fail_at(WRI_SYS_CONNECT, 0, 0);
	weir_stream_free(s);

	weir_stream_listener_stop(l);
	weir_stream_dialer_stop(d);
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	op_fini(&op);
	rt_teardown();
}
END_TEST

/* --- In callbacks -------------------------------------------------------- */

static weir_stream_listener *inside_l;
static weir_stream_dialer *inside_d;

static void
stop_both(struct op *op)
{
	(void)op;
	weir_stream_listener_stop(inside_l);
	weir_stream_dialer_stop(inside_d);
}

/* The default pool has one thread, and that is in the callback. */
START_TEST(stop_works_in_a_callback_of_the_objects_own_operation)
{
	const weir_params params = {.size = sizeof(params),
	    .num_task_threads = 1,
	    .max_task_threads = 1};
	char url[NET_URL_MAX];
	struct op dial, acc, more;

	rt_up(&params);
	op_init(&dial);
	op_init(&acc);
	op_init(&more);
	inside_l = net_listener((enum net_kind)_i, url);
	inside_d = net_dialer(url);
	weir_stream_listener_accept(inside_l, acc.aio);
	weir_stream_listener_accept(inside_l, more.aio);
	dial.then = stop_both;
	weir_stream_dialer_dial(inside_d, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_OK);
	(void)op_wait(&acc); /* a connection, or the end: which was first */
	ck_assert_int_eq(op_wait(&more), WEIR_ECLOSED);
	weir_stream_free(dial.out);
	weir_stream_free(acc.out);
	weir_stream_listener_free(inside_l);
	weir_stream_dialer_free(inside_d);
	op_fini(&dial);
	op_fini(&acc);
	op_fini(&more);
	rt_down();
}
END_TEST

/* --- Against others ------------------------------------------------------ */

static pthread_barrier_t race_start;

static void *
race_stop(void *arg)
{
	(void)arg;
	(void)pthread_barrier_wait(&race_start);
	weir_stream_listener_stop(inside_l);
	weir_stream_dialer_stop(inside_d);
	return NULL;
}

START_TEST(two_stops_against_dials_and_accepts)
{
	struct op dial, acc;
	pthread_t threads[2];

	rt_setup();
	op_init(&dial);
	op_init(&acc);
	ck_assert_int_eq(pthread_barrier_init(&race_start, NULL, 3), 0);
	for (int round = 0; round < 60; round++) {
		char url[NET_URL_MAX];
		struct rt_counts before = rt_count();

		inside_l = net_listener((enum net_kind)_i, url);
		inside_d = net_dialer(url);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(
			    pthread_create(&threads[i], NULL, race_stop, NULL),
			    0);
		}
		(void)pthread_barrier_wait(&race_start);
		weir_stream_listener_accept(inside_l, acc.aio);
		weir_stream_dialer_dial(inside_d, dial.aio);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		}
		(void)op_wait(&acc);
		(void)op_wait(&dial);
		weir_stream_free(acc.out);
		weir_stream_free(dial.out);
		/* Nothing of listener and dialer is left before they are
		 * freed. */
		weir_stream_listener_stop(inside_l);
		weir_stream_dialer_stop(inside_d);
		rt_expect_counts((struct rt_counts){
		    before.fds, before.threads, rt_count().bytes});
		weir_stream_listener_free(inside_l);
		weir_stream_dialer_free(inside_d);
	}
	(void)pthread_barrier_destroy(&race_start);
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}
END_TEST

static void *
race_listen(void *arg)
{
	(void)pthread_barrier_wait(&race_start);
	*(weir_err *)arg = weir_stream_listener_listen(inside_l);
	return NULL;
}

START_TEST(stop_against_listen_leaves_no_socket)
{
	rt_setup();
	ck_assert_int_eq(pthread_barrier_init(&race_start, NULL, 2), 0);
	for (int round = 0; round < 100; round++) {
		struct rt_counts before = rt_count();
		weir_err err = WEIR_EINTERNAL;
		char url[NET_URL_MAX];
		pthread_t thread;

		net_listen_url((enum net_kind)_i, url);
		ck_assert_int_eq(
		    weir_stream_listener_alloc(&inside_l, url), WEIR_OK);
		ck_assert_int_eq(
		    pthread_create(&thread, NULL, race_listen, &err), 0);
		(void)pthread_barrier_wait(&race_start);
		weir_stream_listener_stop(inside_l);
		ck_assert_uint_eq(rt_count().fds, before.fds);
		if (_i == NET_UNIX) {
			ck_assert_int_ne(
			    access(url + strlen("unix://"), F_OK), 0);
		}
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_assert(err == WEIR_OK || err == WEIR_ECLOSED);
		weir_stream_listener_free(inside_l);
	}
	(void)pthread_barrier_destroy(&race_start);
	rt_teardown();
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
	TCase *tc = tcase_create("stop");

	tcase_add_test(tc, stop_decides_all_dials_and_leaves_no_descriptor);
	add(tc, stop_closes_the_socket_and_decides_all_accepts);
	add(tc, stop_before_anything_returns_at_once);
	add(tc, stop_does_not_wait_for_what_has_ended);
	add(tc, stop_works_in_a_callback_of_the_objects_own_operation);
	add(tc, two_stops_against_dials_and_accepts);
	add(tc, stop_against_listen_leaves_no_socket);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
