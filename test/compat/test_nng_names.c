/*
 * test_nng_names - misuse is reported by the name of the call that the program
 * wrote.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <string.h>

static unsigned reports;
static char names[4][64];

static void
keep(void *arg, const weir_misuse *m)
{
	(void)arg;
	if (reports < 4) {
		(void)snprintf(names[reports], sizeof(names[0]), "%s", m->call);
	}
	reports++;
}

static void
setup(void)
{
	nrt_setup();
	reports = 0;
	weir_misuse_set(keep, NULL);
}

static void
teardown(void)
{
	weir_misuse_set(NULL, NULL);
	nrt_teardown();
}

/* All reports since the last look name this call. */
static void
expect(unsigned n, const char *call)
{
	ck_assert_msg(reports == n, "%s: %u reports", call, reports);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_str_eq(names[i], call);
	}
	reports = 0;
}

/* --- What is no handle -------------------------------------------------- */

static max_align_t zeros[256];

#define NO_AIO ((nng_aio *)(void *)zeros)
#define NO_STREAM ((nng_stream *)(void *)zeros)
#define NO_DIALER ((nng_stream_dialer *)(void *)zeros)
#define NO_LISTENER ((nng_stream_listener *)(void *)zeros)
#define NO_UDP ((nng_udp *)(void *)zeros)

static nng_aio *good;
static nng_sockaddr sa;
static bool b;
static int i;
static size_t z;
static uint64_t u;
static nng_duration ms;
static const char *text;
static const nng_iov iov;

/* A call on what is no handle, under its own name. */
#define ROW(fn, ...)                                                           \
	static void row_##fn(void)                                             \
	{                                                                      \
		(void)fn(__VA_ARGS__);                                         \
	}
#define ROWS(X)                                                                \
	X(nng_aio_abort, NO_AIO, NNG_ECANCELED)                                \
	X(nng_aio_busy, NO_AIO)                                                \
	X(nng_aio_cancel, NO_AIO)                                              \
	X(nng_aio_finish, NO_AIO, NNG_OK)                                      \
	X(nng_aio_free, NO_AIO)                                                \
	X(nng_aio_reap, NO_AIO)                                                \
	X(nng_aio_reset, NO_AIO)                                               \
	X(nng_aio_result, NO_AIO)                                              \
	X(nng_aio_set_expire, NO_AIO, 1)                                       \
	X(nng_aio_set_input, NO_AIO, 0, NULL)                                  \
	X(nng_aio_set_iov, NO_AIO, 1, &iov)                                    \
	X(nng_aio_set_msg, NO_AIO, NULL)                                       \
	X(nng_aio_set_output, NO_AIO, 0, NULL)                                 \
	X(nng_aio_set_timeout, NO_AIO, 1)                                      \
	X(nng_aio_skip_callback, NO_AIO, &b)                                   \
	X(nng_aio_start, NO_AIO, NULL, NULL)                                   \
	X(nng_aio_stop, NO_AIO)                                                \
	X(nng_aio_wait, NO_AIO)                                                \
	X(nng_sleep_aio, 1, NO_AIO)                                            \
	X(nng_stream_close, NO_STREAM)                                         \
	X(nng_stream_free, NO_STREAM)                                          \
	X(nng_stream_get_bool, NO_STREAM, NNG_OPT_TCP_NODELAY, &b)             \
	X(nng_stream_get_int, NO_STREAM, NNG_OPT_BOUND_PORT, &i)               \
	X(nng_stream_get_ms, NO_STREAM, "x", &ms)                              \
	X(nng_stream_get_size, NO_STREAM, "x", &z)                             \
	X(nng_stream_get_string, NO_STREAM, "x", &text)                        \
	X(nng_stream_get_uint64, NO_STREAM, "x", &u)                           \
	X(nng_stream_peer_addr, NO_STREAM)                                     \
	X(nng_stream_recv, NO_STREAM, good)                                    \
	X(nng_stream_self_addr, NO_STREAM)                                     \
	X(nng_stream_send, NO_STREAM, good)                                    \
	X(nng_stream_stop, NO_STREAM)                                          \
	X(nng_stream_dialer_close, NO_DIALER)                                  \
	X(nng_stream_dialer_dial, NO_DIALER, good)                             \
	X(nng_stream_dialer_free, NO_DIALER)                                   \
	X(nng_stream_dialer_get_bool, NO_DIALER, "x", &b)                      \
	X(nng_stream_dialer_get_int, NO_DIALER, "x", &i)                       \
	X(nng_stream_dialer_get_ms, NO_DIALER, "x", &ms)                       \
	X(nng_stream_dialer_get_size, NO_DIALER, "x", &z)                      \
	X(nng_stream_dialer_get_string, NO_DIALER, "x", &text)                 \
	X(nng_stream_dialer_get_uint64, NO_DIALER, "x", &u)                    \
	X(nng_stream_dialer_set_addr, NO_DIALER, "x", &sa)                     \
	X(nng_stream_dialer_set_bool, NO_DIALER, "x", true)                    \
	X(nng_stream_dialer_set_int, NO_DIALER, "x", 1)                        \
	X(nng_stream_dialer_set_ms, NO_DIALER, "x", 1)                         \
	X(nng_stream_dialer_set_size, NO_DIALER, "x", 1)                       \
	X(nng_stream_dialer_set_string, NO_DIALER, "x", "y")                   \
	X(nng_stream_dialer_set_uint64, NO_DIALER, "x", 1)                     \
	X(nng_stream_dialer_stop, NO_DIALER)                                   \
	X(nng_stream_listener_accept, NO_LISTENER, good)                       \
	X(nng_stream_listener_close, NO_LISTENER)                              \
	X(nng_stream_listener_free, NO_LISTENER)                               \
	X(nng_stream_listener_get_bool, NO_LISTENER, "x", &b)                  \
	X(nng_stream_listener_get_int, NO_LISTENER, "x", &i)                   \
	X(nng_stream_listener_get_ms, NO_LISTENER, "x", &ms)                   \
	X(nng_stream_listener_get_size, NO_LISTENER, "x", &z)                  \
	X(nng_stream_listener_get_string, NO_LISTENER, "x", &text)             \
	X(nng_stream_listener_get_uint64, NO_LISTENER, "x", &u)                \
	X(nng_stream_listener_listen, NO_LISTENER)                             \
	X(nng_stream_listener_set_addr, NO_LISTENER, "x", &sa)                 \
	X(nng_stream_listener_set_bool, NO_LISTENER, "x", true)                \
	X(nng_stream_listener_set_int, NO_LISTENER, "x", 1)                    \
	X(nng_stream_listener_set_ms, NO_LISTENER, "x", 1)                     \
	X(nng_stream_listener_set_size, NO_LISTENER, "x", 1)                   \
	X(nng_stream_listener_set_string, NO_LISTENER, "x", "y")               \
	X(nng_stream_listener_set_uint64, NO_LISTENER, "x", 1)                 \
	X(nng_stream_listener_stop, NO_LISTENER)                               \
	X(nng_udp_close, NO_UDP)                                               \
	X(nng_udp_multicast_membership, NO_UDP, &sa, true)                     \
	X(nng_udp_recv, NO_UDP, good)                                          \
	X(nng_udp_send, NO_UDP, good)                                          \
	X(nng_udp_sockname, NO_UDP, &sa)                                       \
	X(nng_udp_stop, NO_UDP)

/* clang-format off */
ROWS(ROW)
/* clang-format on */

#define ENTRY(fn, ...) {#fn, row_##fn},

static const struct {
	const char *name;
	void (*call)(void);
} rows[] = {ROWS(ENTRY)};

START_TEST(what_is_no_handle_is_reported_by_the_call_of_nng)
{
	unsigned n = 1;

	ck_assert_int_eq(nng_aio_alloc(&good, NULL, NULL), NNG_OK);
	rows[_i].call();
	/* Those that are two of weir's report twice when they may go on. */
	n += strcmp(rows[_i].name, "nng_aio_busy") == 0 ||
	     strcmp(rows[_i].name, "nng_stream_free") == 0 ||
	     strcmp(rows[_i].name, "nng_stream_dialer_free") == 0 ||
	     strcmp(rows[_i].name, "nng_stream_listener_free") == 0 ||
	     strcmp(rows[_i].name, "nng_udp_close") == 0;
	expect(n, rows[_i].name);
	/* And it is over: the next call has its own name. */
	nng_aio_wait(NO_AIO);
	expect(1, "nng_aio_wait");
	nng_aio_free(good);
}
END_TEST

/* --- Busy handles, finished operations ---------------------------------- */

START_TEST(a_submit_on_a_busy_handle_is_reported_by_the_call_of_nng)
{
	nng_stream_listener *l;
	nng_stream_dialer *d;
	nng_udp *udp;
	nng_aio *aio;

	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(nng_udp_open(&udp, &sa), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_listener_alloc(&l, "tcp://127.0.0.1:0"), NNG_OK);
	ck_assert_int_eq(
	    nng_stream_dialer_alloc(&d, "tcp://127.0.0.1:1"), NNG_OK);
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	nng_sleep_aio(NNG_DURATION_INFINITE, aio);
	nng_sleep_aio(NNG_DURATION_INFINITE, aio);
	expect(1, "nng_sleep_aio");
	nng_stream_listener_accept(l, aio);
	expect(1, "nng_stream_listener_accept");
	nng_stream_dialer_dial(d, aio);
	expect(1, "nng_stream_dialer_dial");
	nng_stream_recv(NULL, aio);
	expect(1, "nng_stream_recv");
	nng_stream_send(NULL, aio);
	expect(1, "nng_stream_send");
	nng_udp_recv(udp, aio);
	expect(1, "nng_udp_recv");
	nng_udp_send(udp, aio);
	expect(1, "nng_udp_send");
	ck_assert(!nng_aio_start(aio, NULL, NULL));
	expect(1, "nng_aio_start");
	nng_aio_reset(aio);
	expect(1, "nng_aio_reset");
	nng_aio_set_timeout(aio, 1);
	expect(1, "nng_aio_set_timeout");
	nng_aio_free(aio);
	nng_stream_dialer_free(d);
	nng_stream_listener_free(l);
	nng_udp_close(udp);
	expect(0, "");
}
END_TEST

START_TEST(a_second_finish_is_reported_by_the_call_of_nng)
{
	nng_aio *aio;

	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	ck_assert(nng_aio_start(aio, NULL, NULL));
	nng_aio_finish(aio, NNG_OK);
	nng_aio_wait(aio);
	nng_aio_finish(aio, NNG_OK);
	expect(1, "nng_aio_finish");
	nng_aio_free(aio);
}
END_TEST

START_TEST(calls_of_weir_that_nng_has_not_keep_their_names)
{
	weir_aio *aio;

	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	(void)weir_aio_finish(aio, WEIR_OK);
	expect(1, "weir_aio_finish");
	(void)weir_aio_borrow_iov((weir_aio *)NO_AIO, 1, &iov);
	expect(1, "weir_aio_borrow_iov");
	nng_sleep_aio(NNG_DURATION_INFINITE, aio);
	ck_assert_int_eq(weir_aio_begin(aio, "my_device_read"), WEIR_EMISUSE);
	expect(1, "my_device_read");
	weir_aio_free(aio);
}
END_TEST

static Suite *
names_suite(void)
{
	Suite *s = suite_create("nng_names");
	TCase *tc = tcase_create("names");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc,
	    what_is_no_handle_is_reported_by_the_call_of_nng, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(
	    tc, a_submit_on_a_busy_handle_is_reported_by_the_call_of_nng);
	tcase_add_test(tc, a_second_finish_is_reported_by_the_call_of_nng);
	tcase_add_test(tc, calls_of_weir_that_nng_has_not_keep_their_names);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(names_suite());
}
