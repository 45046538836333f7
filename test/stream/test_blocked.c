/*
 * test_blocked - all threads of the default pool are in callbacks that block:
 * accepts and dials whose callbacks run on another pool go on.
 */
#include "base/sys.h"
#include "stream/net.h"
#include "stream/stream.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS 2
#define ROUNDS 20

static const char *const pollers[] = {"epoll", "poll"};
#define POLLERS 2

static struct op blockers[THREADS];
static struct latch in, go;
static weir_pool *pool;
static struct op acc, dial, nap;

static void
then_block(struct op *op)
{
	(void)op;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

static void
op_place(struct op *op)
{
	op_init(op);
	ck_assert_int_eq(
	    weir_aio_set_executor(op->aio, weir_pool_exec(pool)), WEIR_OK);
}

/* From here to blocked_down no callback of the default pool runs. */
static void
blocked_up(int poller)
{
	const weir_params p = {
	    .size = sizeof(p),
	    .num_task_threads = THREADS,
	    .poller = pollers[poller],
	};

	rt_up(&p);
	latch_init(&in);
	latch_init(&go);
	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	op_place(&acc);
	op_place(&dial);
	op_place(&nap);
	for (unsigned i = 0; i < THREADS; i++) {
		op_init(&blockers[i]);
		blockers[i].then = then_block;
		weir_sleep_aio(0, blockers[i].aio);
	}
	ck_assert(latch_wait(&in, THREADS));
}

static void
blocked_down(void)
{
	/* Nobody was let go before. */
	ck_assert(op_pending(&blockers[0]));
	latch_hit(&go);
	for (unsigned i = 0; i < THREADS; i++) {
		op_fini(&blockers[i]);
	}
	op_fini(&acc);
	op_fini(&dial);
	op_fini(&nap);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	rt_down();
	latch_fini(&in);
	latch_fini(&go);
}

/* Each test on each transport and each backend. */
#define KINDS (NET_KINDS * POLLERS)

static enum net_kind
kind_of(int i)
{
	return (enum net_kind)(i % NET_KINDS);
}

/* A connection of which only the end matters. */
static void
connect_once(weir_stream_dialer *d)
{
	weir_stream *s;

	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_free(s);
}

START_TEST(accepts_go_on)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *s;

	blocked_up(_i / NET_KINDS);
	l = net_listener(kind_of(_i), url);
	d = net_dialer(url);
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* One that waits, and one whose connection is there. */
		weir_stream_listener_accept(l, acc.aio);
		connect_once(d);
		ck_assert_int_eq(op_wait(&acc), WEIR_OK);
		weir_stream_free(acc.out);
		connect_once(d);
		ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
		weir_stream_free(s);
	}
	weir_stream_listener_accept(l, acc.aio);
	(void)weir_aio_cancel(acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECANCELED);
	weir_stream_listener_accept(l, acc.aio);
	weir_stream_listener_free(l);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	weir_stream_dialer_free(d);
	blocked_down();
}
END_TEST

/* Nobody waits while connections come: the next accepts find them. */
START_TEST(accepts_go_on_behind_a_burst)
{
	enum { BURST = 40 };
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *s;

	blocked_up(_i / NET_KINDS);
	l = net_listener(kind_of(_i), url);
	d = net_dialer(url);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < BURST; i++) {
			connect_once(d);
		}
		for (unsigned i = 0; i < BURST; i++) {
			ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
			weir_stream_free(s);
		}
	}
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	blocked_down();
}
END_TEST

static void
await_pauses(uint64_t n)
{
	for (unsigned i = 0; i < 4000; i++) {
		if (wri_stream_accept_pauses() >= n) {
			return;
		}
		weir_sleep_aio(WEIR_MS(1), nap.aio);
		ck_assert_int_eq(op_wait(&nap), WEIR_OK);
	}
	ck_abort_msg("no pause");
}

START_TEST(a_shortage_of_descriptors_ends_for_the_listener_too)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream_dialer *d;

	blocked_up(_i / NET_KINDS);
	rt_expect_log();
	l = net_listener(kind_of(_i), url);
	d = net_dialer(url);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t pauses = wri_stream_accept_pauses();

		connect_once(d);
		wri_sys_fail_from(WRI_SYS_ACCEPT, 1, EMFILE);
		weir_stream_listener_accept(l, acc.aio);
		await_pauses(pauses + 3);
		ck_assert(op_pending(&acc));
		wri_sys_fail_at(WRI_SYS_ACCEPT, 0, EMFILE);
		ck_assert_int_eq(op_wait(&acc), WEIR_OK);
		weir_stream_free(acc.out);
	}
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	blocked_down();
}
END_TEST

/* A tcp address that answers no connection until room is made. */
static struct hang {
	int listener;
	int fds[64];
	unsigned fds_len;
	weir_stream_dialer *dialer;
} hang;

static void
hang_up(void)
{
	uint16_t port;
	char url[NET_URL_MAX];

	hang.listener = net_bare_listen(0, &port);
	hang.fds_len = net_bare_full(port, hang.fds, 64);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
	hang.dialer = net_dialer(url);
}

static void
hang_down(void)
{
	weir_stream_dialer_free(hang.dialer);
	for (unsigned i = 0; i < hang.fds_len; i++) {
		close(hang.fds[i]);
	}
	close(hang.listener);
}

START_TEST(a_dial_that_waits_is_made)
{
	int conns[64];
	unsigned n = 0;

	blocked_up(_i);
	hang_up();
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert(op_pending(&dial));
	while (n < hang.fds_len) {
		conns[n] = accept(hang.listener, NULL, NULL);
		ck_assert_int_ge(conns[n], 0);
		n++;
	}
	ck_assert_int_eq(op_wait(&dial), WEIR_OK);
	weir_stream_free(dial.out);
	while (n > 0) {
		close(conns[--n]);
	}
	hang_down();
	blocked_down();
}
END_TEST

START_TEST(a_dial_that_waits_ends_by_timeout_cancel_and_close)
{
	blocked_up(_i);
	hang_up();
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, WEIR_MS(20)), WEIR_OK);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ETIMEDOUT);
	ck_assert_int_eq(
	    weir_aio_set_timeout(dial.aio, WEIR_INFINITE), WEIR_OK);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	(void)weir_aio_cancel(dial.aio);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECANCELED);
	weir_stream_dialer_dial(hang.dialer, dial.aio);
	weir_stream_dialer_close(hang.dialer);
	ck_assert_int_eq(op_wait(&dial), WEIR_ECLOSED);
	hang_down();
	blocked_down();
}
END_TEST

START_TEST(a_dial_that_naps_is_made_or_ends)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char url[NET_URL_MAX + 8];
	weir_stream_dialer *d;
	weir_stream *s;
	int listener, conn;

	blocked_up(_i);
	net_path(un.sun_path);
	snprintf(url, sizeof(url), "unix://%s", un.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	weir_stream_dialer_dial(d, dial.aio);
	conn = accept(listener, NULL, NULL);
	ck_assert_int_ge(conn, 0);
	ck_assert_int_eq(op_wait(&dial), WEIR_OK);
	weir_stream_free(s);
	weir_stream_free(dial.out);
	ck_assert_int_eq(weir_aio_set_timeout(dial.aio, WEIR_MS(20)), WEIR_OK);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ETIMEDOUT);
	weir_stream_dialer_free(d);
	close(conn);
	close(listener);
	unlink(un.sun_path);
	blocked_down();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("blocked");

	tcase_add_loop_test(tc, accepts_go_on, 0, KINDS);
	tcase_add_loop_test(tc, accepts_go_on_behind_a_burst, 0, KINDS);
	tcase_add_loop_test(
	    tc, a_shortage_of_descriptors_ends_for_the_listener_too, 0, KINDS);
	tcase_add_loop_test(tc, a_dial_that_waits_is_made, 0, POLLERS);
	tcase_add_loop_test(
	    tc, a_dial_that_waits_ends_by_timeout_cancel_and_close, 0, POLLERS);
	tcase_add_loop_test(tc, a_dial_that_naps_is_made_or_ends, 0, POLLERS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
