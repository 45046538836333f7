/*
 * test_frees - a callback frees the dialer or listener whose close, stop or
 * option has ended its operation, while that call is still on its way.
 *
 * Purpose    what the call touches too late, the sanitizers see.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CROWD 12
#define ROUNDS 50

/* What is freed, once, by the first callback. */
static weir_stream_dialer *dialer;
static weir_stream_listener *listener;
static _Atomic unsigned ended;
static bool stops; /* it stops before, as the drop-in's free does */

static void
free_once(struct op *op)
{
	(void)op;
	if (ended++ == 0) {
		if (stops) {
			weir_stream_dialer_stop(dialer);
			weir_stream_listener_stop(listener);
		}
		weir_stream_dialer_free(dialer);
		weir_stream_listener_free(listener);
	}
}

static void
crowd_init(struct op *ops)
{
	dialer = NULL;
	listener = NULL;
	ended = 0;
	for (int i = 0; i < CROWD; i++) {
		op_init(&ops[i]);
		ops[i].then = free_once;
	}
}

static void
crowd_fini(struct op *ops)
{
	for (int i = 0; i < CROWD; i++) {
		ck_assert_int_eq(op_wait(&ops[i]), WEIR_ECLOSED);
		op_fini(&ops[i]);
	}
}

/* --- Dialers ------------------------------------------------------------- */

/* Somebody who answers no more: fds are to be closed, fds[0] listens. */
static unsigned
deaf(bool is_unix, int *fds, unsigned max, char *url, char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct sockaddr *sa = (struct sockaddr *)&sun;
	uint16_t port;

	if (!is_unix) {
		fds[0] = net_bare_listen(0, &port);
		(void)snprintf(url, NET_URL_MAX, "tcp://127.0.0.1:%d", port);
		path[0] = '\0';
		return 1 + net_bare_full(port, fds + 1, max - 1);
	}
	net_path(path);
	(void)snprintf(url, NET_URL_MAX, "unix://%.100s", path);
	strcpy(sun.sun_path, path);
	for (unsigned i = 0; i < 2; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_ge(fds[i], 0);
	}
	ck_assert_int_eq(bind(fds[0], sa, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fds[0], 0), 0);
	ck_assert_int_eq(connect(fds[1], sa, sizeof(sun)), 0);
	return 2;
}

/* _i: bit 0 unix, bit 1 stop */
START_TEST(a_callback_may_free_the_dialer_whose_end_ended_it)
{
	char url[NET_URL_MAX], path[NET_URL_MAX];
	struct op ops[CROWD];
	int fds[64];
	unsigned nfds;

	rt_setup();
	nfds = deaf((_i & 1) != 0, fds, 64, url, path);
	for (int round = 0; round < ROUNDS; round++) {
		stops = round % 2 != 0;
		crowd_init(ops);
		dialer = net_dialer(url);
		for (int i = 0; i < CROWD; i++) {
			weir_stream_dialer_dial(dialer, ops[i].aio);
		}
		if ((_i & 2) != 0) {
			weir_stream_dialer_stop(dialer);
		} else {
			weir_stream_dialer_close(dialer);
		}
		crowd_fini(ops);
	}
	while (nfds > 0) {
		close(fds[--nfds]);
	}
	if (path[0] != '\0') {
		ck_assert_int_eq(unlink(path), 0);
	}
	rt_teardown();
}
END_TEST

/* --- Listeners ----------------------------------------------------------- */

static weir_stream_listener *
fed_listener(void)
{
	weir_stream_listener *l;

	ck_assert_int_eq(weir_stream_listener_alloc(&l, "socket://"), WEIR_OK);
	return l;
}

/* _i: bit 0 stop, the rest a transport, or NET_KINDS: one that is fed */
START_TEST(a_callback_may_free_the_listener_whose_end_ended_it)
{
	enum net_kind kind = (enum net_kind)(_i >> 1);
	char url[NET_URL_MAX];
	struct op ops[CROWD];

	rt_setup();
	for (int round = 0; round < ROUNDS; round++) {
		stops = round % 2 != 0;
		crowd_init(ops);
		listener = kind == NET_KINDS ? fed_listener()
					     : net_listener(kind, url);
		for (int i = 0; i < CROWD; i++) {
			weir_stream_listener_accept(listener, ops[i].aio);
		}
		if ((_i & 1) != 0) {
			weir_stream_listener_stop(listener);
		} else {
			weir_stream_listener_close(listener);
		}
		crowd_fini(ops);
	}
	rt_teardown();
}
END_TEST

START_TEST(a_callback_may_free_the_listener_that_was_given_its_connection)
{
	struct op op;
	int fds[2];

	rt_setup();
	for (int round = 0; round < ROUNDS * 4; round++) {
		stops = round % 2 != 0;
		ended = 0;
		dialer = NULL;
		listener = fed_listener();
		op_init(&op);
		op.then = free_once;
		weir_stream_listener_accept(listener, op.aio);
		ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
		ck_assert_int_eq(weir_stream_listener_set_int(
				     listener, WEIR_OPT_SOCKET_FD, fds[0]),
		    WEIR_OK);
		ck_assert_int_eq(op_wait(&op), WEIR_OK);
		weir_stream_free(op.out);
		op_fini(&op);
		close(fds[1]);
	}
	rt_teardown();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream/frees");
	TCase *tc = tcase_create("frees");

	tcase_add_loop_test(
	    tc, a_callback_may_free_the_dialer_whose_end_ended_it, 0, 4);
	tcase_add_loop_test(tc,
	    a_callback_may_free_the_listener_whose_end_ended_it, 0,
	    2 * (NET_KINDS + 1));
	tcase_add_test(
	    tc, a_callback_may_free_the_listener_that_was_given_its_connection);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
