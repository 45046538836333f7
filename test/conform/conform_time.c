/*
 * conform_time - section 5: clock, sleep, random numbers, pairs of sockets.
 */
#include "conform/con.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds of the system's monotonic clock. */
static uint64_t
mono_ms(void)
{
	struct timespec ts;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

START_TEST(the_clock_counts_milliseconds_and_never_goes_back)
{
	nng_time t0 = nng_clock();
	uint64_t m0 = mono_ms();
	nng_time last = t0;

	for (int i = 0; i < 1000; i++) {
		nng_time now = nng_clock();

		ck_assert_uint_ge(now, last);
		last = now;
	}
	nng_msleep(30);
	last = nng_clock();
	/* Its unit: it went as the system's did, give or take two reads. */
	ck_assert_uint_ge(last - t0, 30);
	ck_assert_uint_le(last - t0, mono_ms() - m0 + 2);
}
END_TEST

static void *
clock_thread(void *arg)
{
	*(nng_time *)arg = nng_clock();
	return NULL;
}

START_TEST(the_clock_has_one_base_in_all_threads_and_over_fini)
{
	nng_time before = nng_clock();
	nng_time there = 0;

	con_threads(1, clock_thread, &there);
	ck_assert_uint_ge(there, before);
	ck_assert_uint_le(there, nng_clock());
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_uint_ge(nng_clock(), there);
	nng_fini();
	ck_assert_uint_ge(nng_clock(), there);
	ck_assert_uint_lt(nng_clock() - before, 3600000);
}
END_TEST

START_TEST(a_blocking_sleep_lasts_at_least_so_long)
{
	static const nng_duration ms[] = {1, 2, 10, 25};

	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		nng_time t = nng_clock();

		nng_msleep(ms[i]);
		ck_assert_uint_ge(nng_clock() - t, (uint64_t)ms[i]);
	}
}
END_TEST

START_TEST(a_blocking_sleep_of_nothing_or_less_returns)
{
	nng_msleep(0);
	nng_msleep(-1);
	nng_msleep(NNG_DURATION_DEFAULT);
	nng_msleep(-1000);
	nng_msleep(INT32_MIN);
}
END_TEST

START_TEST(a_sleep_ends_with_success_and_not_early)
{
	struct con_op o;
	nng_time t;

	con_op_init(&o, NULL, NULL);
	for (unsigned i = 1; i <= 4; i++) {
		t = nng_clock();
		nng_sleep_aio((nng_duration)(7 * i), o.aio);
		con_op_expect(&o, i, NNG_OK);
		ck_assert_uint_ge(nng_clock() - t, 7 * i);
	}
	con_op_fini(&o);
}
END_TEST

START_TEST(a_sleep_moves_no_bytes)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert_uint_eq(nng_aio_count(o.aio), 0);
	con_op_fini(&o);
}
END_TEST

START_TEST(a_shorter_timeout_ends_a_sleep_at_that_time)
{
	struct con_op o;
	nng_time t;

	con_op_init(&o, NULL, NULL);
	nng_aio_set_timeout(o.aio, 20);
	t = nng_clock();
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock() - t, 20);
	con_op_fini(&o);
}
END_TEST

START_TEST(an_equal_or_longer_timeout_lets_a_sleep_succeed)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_set_timeout(o.aio, 15);
	nng_sleep_aio(15, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_aio_set_timeout(o.aio, 16);
	nng_sleep_aio(15, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	nng_aio_set_timeout(o.aio, CON_LONG_MS);
	nng_sleep_aio(15, o.aio);
	con_op_expect(&o, 3, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(with_timeout_zero_a_sleep_times_out_at_once)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_set_timeout(o.aio, NNG_DURATION_ZERO);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
	con_op_fini(&o);
}
END_TEST

START_TEST(a_sleep_of_nothing_succeeds_at_once)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(a_negative_sleep_succeeds_at_once)
{
	static const nng_duration ms[] = {-2, -3, -1000, INT32_MIN};
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	for (unsigned i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		nng_sleep_aio(ms[i], o.aio);
		con_op_expect(&o, i + 1, NNG_OK);
	}
	con_op_fini(&o);
}
END_TEST

START_TEST(an_infinite_sleep_lasts_until_it_is_cancelled)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, o.aio);
	ck_assert(nng_aio_busy(o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	con_op_fini(&o);
}
END_TEST

START_TEST(an_infinite_sleep_lasts_until_it_times_out)
{
	struct con_op o;
	nng_time t = nng_clock();

	con_op_init(&o, NULL, NULL);
	nng_aio_set_timeout(o.aio, 20);
	nng_sleep_aio(NNG_DURATION_INFINITE, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock() - t, 20);
	con_op_fini(&o);
}
END_TEST

START_TEST(the_longest_sleep_is_one)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(INT32_MAX, o.aio);
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	con_op_fini(&o);
}
END_TEST

START_TEST(cancel_abort_and_stop_end_a_sleep_with_their_reason)
{
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_abort(o.aio, NNG_EPROTO);
	con_op_expect(&o, 2, NNG_EPROTO);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_aio_stop(o.aio);
	con_op_expect(&o, 3, NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

START_TEST(random_numbers_differ_and_use_every_bit)
{
	uint32_t ones = 0;
	uint32_t zeros = 0;
	uint32_t r[64];
	unsigned same = 0;

	for (int i = 0; i < 64; i++) {
		r[i] = nng_random();
		ones |= r[i];
		zeros |= ~r[i];
	}
	ck_assert_uint_eq(ones, UINT32_MAX);
	ck_assert_uint_eq(zeros, UINT32_MAX);
	for (int i = 0; i < 64; i++) {
		for (int j = i + 1; j < 64; j++) {
			same += r[i] == r[j];
		}
	}
	/* One in two million runs has a pair, by right. */
	ck_assert_uint_le(same, 1);
}
END_TEST

START_TEST(a_socket_pair_is_two_connected_unix_streams_both_ways)
{
	int fds[2] = {-1, -1};
	int type = 0;
	socklen_t len = sizeof(type);
	struct sockaddr_storage ss = {0};
	char buf[8];

	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	for (int i = 0; i < 2; i++) {
		type = -1;
		len = sizeof(type);
		ck_assert_int_eq(
		    getsockopt(fds[i], SOL_SOCKET, SO_TYPE, &type, &len), 0);
		ck_assert_int_eq(type, SOCK_STREAM);
		len = sizeof(ss);
		ck_assert_int_eq(
		    getsockname(fds[i], (struct sockaddr *)&ss, &len), 0);
		ck_assert_int_eq(ss.ss_family, AF_UNIX);
		ck_assert_int_eq(write(fds[i], "ab", 2), 2);
		ck_assert_int_eq(read(fds[1 - i], buf, sizeof(buf)), 2);
		ck_assert_int_eq(memcmp(buf, "ab", 2), 0);
	}
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(read(fds[1], buf, sizeof(buf)), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(the_sockets_of_a_pair_are_blocking)
{
	int fds[2];

	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_eq(close(fds[i]), 0);
	}
}
END_TEST

START_TEST(a_socket_pair_without_descriptors_is_an_error_and_writes_nothing)
{
	struct rlimit old;
	struct rlimit low;
	int fds[2] = {-7, -7};
	int held[64] = {0};
	int n = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 32;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	while (n < 64 && (held[n] = dup(2)) >= 0) {
		n++;
	}
	ck_assert_int_lt(n, 64);
	/* None, then one: both too few. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(nng_socket_pair(fds), NNG_ENOFILES);
		ck_assert_int_eq(fds[0], -7);
		ck_assert_int_eq(fds[1], -7);
		ck_assert_int_eq(close(held[--n]), 0);
	}
	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
	while (n > 0) {
		ck_assert_int_eq(close(held[--n]), 0);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/time");
	TCase *tc = con_case_bare(suite, "bare");

	tcase_add_test(tc, the_clock_counts_milliseconds_and_never_goes_back);
	tcase_add_test(tc, the_clock_has_one_base_in_all_threads_and_over_fini);
	tcase_add_test(tc, a_blocking_sleep_lasts_at_least_so_long);
	tcase_add_test(tc, a_blocking_sleep_of_nothing_or_less_returns);
	tcase_add_test(tc, random_numbers_differ_and_use_every_bit);
	tcase_add_test(
	    tc, a_socket_pair_is_two_connected_unix_streams_both_ways);
	tcase_add_test(tc, the_sockets_of_a_pair_are_blocking);
	tcase_add_test(tc,
	    a_socket_pair_without_descriptors_is_an_error_and_writes_nothing);

	tc = con_case(suite, "sleep");
	tcase_add_test(tc, a_sleep_ends_with_success_and_not_early);
	tcase_add_test(tc, a_sleep_moves_no_bytes);
	tcase_add_test(tc, a_shorter_timeout_ends_a_sleep_at_that_time);
	tcase_add_test(tc, an_equal_or_longer_timeout_lets_a_sleep_succeed);
	tcase_add_test(tc, with_timeout_zero_a_sleep_times_out_at_once);
	tcase_add_test(tc, a_sleep_of_nothing_succeeds_at_once);
	tcase_add_test(tc, a_negative_sleep_succeeds_at_once);
	tcase_add_test(tc, an_infinite_sleep_lasts_until_it_is_cancelled);
	tcase_add_test(tc, an_infinite_sleep_lasts_until_it_times_out);
	tcase_add_test(tc, the_longest_sleep_is_one);
	tcase_add_test(tc, cancel_abort_and_stop_end_a_sleep_with_their_reason);
	return run_suite(suite);
}
