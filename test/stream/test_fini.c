/*
 * test_fini - weir_fini with streams, listeners and operations still there.
 */
#include "base/life.h"
#include "stream/listener.h"
#include "stream/net.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG ((size_t)16 << 20)

/* Every test ends the library itself and begins another life at its end, for
 * rt to count what is left. */
static void
fini(void)
{
	rt_expect_log(); /* what is still allocated */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}

static void
init(void)
{
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
}

START_TEST(fini_ends_what_is_pending_and_leaves_the_objects_to_be_freed)
{
	enum net_kind kind = (enum net_kind)_i;
	uint8_t *big = calloc(1, BIG);
	char url[NET_URL_MAX], buf[8];
	weir_stream_listener *l;
	weir_stream_dialer *d;
	weir_stream *a, *b;
	struct op tx, rx, acc;
	struct stat st;

	ck_assert_ptr_nonnull(big);
	op_init(&tx);
	op_init(&rx);
	op_init(&acc);
	l = net_listener(kind, url);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&tx, d, &a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &b), WEIR_OK);
	op_buf(&tx, big, BIG);
	weir_stream_send_all(a, tx.aio);
	op_buf(&rx, buf, sizeof(buf));
	weir_stream_recv(a, rx.aio);
	weir_stream_listener_accept(l, acc.aio);

	fini();
	ck_assert_int_eq(op_wait(&tx), WEIR_ESTOPPED);
	ck_assert_int_eq(op_wait(&rx), WEIR_ESTOPPED);
	ck_assert_int_eq(op_wait(&acc), WEIR_ESTOPPED);
	if (kind == NET_UNIX) { /* stopped with its accept */
		ck_assert_int_ne(lstat(strstr(url, "://") + 3, &st), 0);
	}

	/* The objects are still there; nothing can be done with them. */
	weir_stream_recv(a, rx.aio);
	weir_stream_listener_accept(l, acc.aio);
	weir_stream_dialer_dial(d, tx.aio);
	ck_assert_int_eq(weir_aio_result(rx.aio), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTATE);
	weir_stream_close(a);
	ck_assert_int_eq(weir_stream_shutdown(a), WEIR_ECLOSED);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	op_fini(&tx);
	op_fini(&rx);
	op_fini(&acc);
	free(big);
	init();
}
END_TEST

START_TEST(objects_of_an_earlier_life_are_ended_in_the_next)
{
	enum net_kind kind = (enum net_kind)_i;
	char url[NET_URL_MAX], buf[8];
	weir_stream_listener *l;
	weir_stream *a, *b;
	struct op op;

	l = net_listener(kind, url);
	net_pair(kind, &a, &b);
	fini();
	init();
	op_init(&op);
	ck_assert_int_eq(op_recv(&op, a, buf, sizeof(buf)), WEIR_ESTOPPED);
	ck_assert_int_eq(op_send(&op, a, buf, sizeof(buf)), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
	weir_stream_listener_accept(l, op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
	op_fini(&op);
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_listener_free(l);
}
END_TEST

/* What a listener left watched when its accept went away is of no use to the
 * accepts of the next life. */
START_TEST(a_listener_whose_accept_was_cancelled_is_ended_in_the_next_life)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)(_i / 2), url);
	struct op op;

	op_init(&op);
	if (_i % 2 == 1) { /* in a pause */
		rt_expect_log();
		wri_sys_fail_from(WRI_SYS_ACCEPT, 1, EMFILE);
	}
	weir_stream_listener_accept(l, op.aio);
	(void)weir_aio_cancel(op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_ECANCELED);
	op_fini(&op);
	fini();
	wri_sys_fail_at(WRI_SYS_ACCEPT, 0, 0);
	init();
	op_init(&op);
	weir_stream_listener_accept(l, op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
	op_fini(&op);
	weir_stream_listener_free(l);
}
END_TEST

/* Nobody connects to a server that is dead: not when no accept waits, nor when
 * its one accept is in its callback. */
START_TEST(a_listener_on_which_nothing_waits_is_stopped)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener((enum net_kind)_i, url);
	weir_stream_dialer *d;
	weir_stream *s;
	struct op op;

	fini();
	init();
	op_init(&op);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&op, d, &s), WEIR_ECONNREFUSED);
	weir_stream_dialer_free(d);
	op_fini(&op);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(a_listener_of_an_earlier_life_does_not_listen)
{
	char url[NET_URL_MAX];
	weir_stream_listener *l;

	net_listen_url((enum net_kind)_i, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	fini();
	init();
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
	weir_stream_listener_free(l);
}
END_TEST

START_TEST(fini_ends_a_pending_dial)
{
	uint16_t port;
	int listener = net_bare_listen(0, &port);
	int fds[64];
	unsigned n = net_bare_full(port, fds, 64);
	char url[NET_URL_MAX];
	weir_stream_dialer *d;
	struct op op;

	op_init(&op);
	snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", port);
	d = net_dialer(url);
	weir_stream_dialer_dial(d, op.aio);
	fini();
	ck_assert_int_eq(op_wait(&op), WEIR_ESTOPPED);
	weir_stream_dialer_free(d);
	op_fini(&op);
	init();
	while (n > 0) {
		close(fds[--n]);
	}
	close(listener);
}
END_TEST

/*
 * Weir_fini has begun, and has not come to the handle yet: what a dial or
 * accept needs is refused.
 */
START_TEST(a_dial_or_accept_that_meets_the_end_of_the_library_is_stopped)
{
	enum net_kind kind = (enum net_kind)_i;
	char url[NET_URL_MAX];
	weir_stream_listener *l = net_listener(kind, url);
	weir_stream_dialer *d = net_dialer(url);
	weir_stream *s, *c;
	struct op dial, acc;

	op_init(&dial);
	op_init(&acc);
	ck_assert_int_eq(op_dial(&dial, d, &c), WEIR_OK);
	wri_life_set(WRI_LIFE_ENDS);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_ESTOPPED);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ESTOPPED);
	ck_assert_ptr_null(s);
	/* A dial that has to wait: it wants a handle of its own. */
	wri_sys_fail_at(WRI_SYS_CONNECT, 1, EAGAIN);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_ESTOPPED);
	wri_sys_fail_at(WRI_SYS_CONNECT, 0, 0);
	wri_life_set(WRI_LIFE_UP);
	weir_stream_free(c);
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	op_fini(&dial);
	op_fini(&acc);
}
END_TEST

/* The handle that waits for the end of the library is stopped by it, when the
 * socket is there already. */
START_TEST(a_listen_that_meets_the_end_of_the_library_leaves_nothing)
{
	enum net_kind kind = (enum net_kind)_i;
	char url[NET_URL_MAX];
	weir_stream_listener *l;
	weir_stream *s;
	struct rt_counts before;
	struct stat st;
	struct op op;

	net_listen_url(kind, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, url), WEIR_OK);
	op_init(&op);
	before = rt_count();
	ck_assert_int_eq(weir_aio_stop(l->nap), WEIR_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_ESTOPPED);
		ck_assert_uint_eq(rt_count().fds, before.fds);
		ck_assert_int_eq(op_accept(&op, l, &s), WEIR_ESTATE);
	}
	if (kind == NET_UNIX) {
		ck_assert_int_ne(lstat(strstr(url, "://") + 3, &st), 0);
	}
	op_fini(&op);
	weir_stream_listener_stop(l);
	weir_stream_listener_free(l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("fini");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(tc,
	    fini_ends_what_is_pending_and_leaves_the_objects_to_be_freed, 0,
	    NET_KINDS);
	tcase_add_loop_test(
	    tc, objects_of_an_earlier_life_are_ended_in_the_next, 0, NET_KINDS);
	tcase_add_loop_test(tc,
	    a_listener_whose_accept_was_cancelled_is_ended_in_the_next_life, 0,
	    2 * NET_KINDS);
	tcase_add_loop_test(
	    tc, a_listener_on_which_nothing_waits_is_stopped, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, a_listener_of_an_earlier_life_does_not_listen, 0, NET_KINDS);
	tcase_add_test(tc, fini_ends_a_pending_dial);
	tcase_add_loop_test(tc,
	    a_listen_that_meets_the_end_of_the_library_leaves_nothing, 0,
	    NET_KINDS);
	tcase_add_loop_test(tc,
	    a_dial_or_accept_that_meets_the_end_of_the_library_is_stopped, 0,
	    NET_KINDS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
