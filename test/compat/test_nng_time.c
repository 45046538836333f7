/*
 * test_nng_time - clock, sleep, randomness, pairs of sockets.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/time.h>

#include <check.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

START_TEST(the_clock_is_that_of_weir_in_milliseconds)
{
	for (int i = 0; i < 1000; i++) {
		nng_time a = (nng_time)(weir_now() / 1000000);
		nng_time b = nng_clock();
		nng_time c = (nng_time)(weir_now() / 1000000);

		ck_assert(a <= b && b <= c);
	}
}
END_TEST

START_TEST(msleep_is_never_early)
{
	for (nng_duration ms = 1; ms < 20; ms += 3) {
		weir_time begin = weir_now();

		nng_msleep(ms);
		ck_assert_int_ge(weir_now() - begin, WEIR_MS(ms));
	}
}
END_TEST

START_TEST(msleep_of_nothing_or_less_returns)
{
	nng_msleep(0);
	nng_msleep(NNG_DURATION_INFINITE);
	nng_msleep(NNG_DURATION_DEFAULT);
	nng_msleep(INT32_MIN);
}
END_TEST

START_TEST(a_sleep_ends_with_OK_and_never_early)
{
	struct nrt n;
	weir_time begin;

	nrt_init(&n, NULL, NULL);
	begin = weir_now();
	nng_sleep_aio(20, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	ck_assert_int_ge(weir_now() - begin, WEIR_MS(20));
	ck_assert_uint_eq(nng_aio_count(n.aio), 0);
	nrt_fini(&n);
}
END_TEST

START_TEST(a_shorter_timeout_ends_a_sleep_with_ETIMEDOUT)
{
	struct nrt n;
	weir_time begin;

	nrt_init(&n, NULL, NULL);
	nng_aio_set_timeout(n.aio, 10);
	begin = weir_now();
	nng_sleep_aio(1000000, n.aio);
	nrt_expect(&n, 1, NNG_ETIMEDOUT);
	ck_assert_int_ge(weir_now() - begin, WEIR_MS(10));
	nrt_fini(&n);
}
END_TEST

START_TEST(an_equal_or_longer_timeout_does_not_matter_to_a_sleep)
{
	static const nng_duration longer[] = {10, 11, 1000000, INT32_MAX,
	    NNG_DURATION_INFINITE, NNG_DURATION_DEFAULT};
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	for (unsigned i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		nng_aio_set_timeout(n.aio, longer[i]);
		nng_sleep_aio(10, n.aio);
		nrt_expect(&n, i + 1, NNG_OK);
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(a_sleep_that_may_not_wait_is_ETIMEDOUT_at_once)
{
	static const nng_duration past[] = {
	    NNG_DURATION_ZERO, -3, -1000, INT32_MIN};
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		nng_aio_set_timeout(n.aio, past[i]);
		/* Twice: a timeout persists. */
		nng_sleep_aio(INT32_MAX, n.aio);
		nrt_expect(&n, 2 * i + 1, NNG_ETIMEDOUT);
		nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
		nrt_expect(&n, 2 * i + 2, NNG_ETIMEDOUT);
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(a_sleep_of_nothing_ends_with_OK_whatever_the_timeout)
{
	static const nng_duration ms[] = {
	    0, NNG_DURATION_DEFAULT, -3, INT32_MIN};
	struct nrt n;
	unsigned calls = 0;

	nrt_init(&n, NULL, NULL);
	for (unsigned i = 0; i < 4; i++) {
		nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
		nng_sleep_aio(ms[i], n.aio);
		nrt_expect(&n, ++calls, NNG_OK);
		nng_aio_set_timeout(n.aio, NNG_DURATION_ZERO);
		nng_sleep_aio(ms[i], n.aio);
		nrt_expect(&n, ++calls, NNG_OK);
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(cancel_abort_and_stop_end_a_sleep_with_their_reason)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_aio_cancel(n.aio);
	nrt_expect(&n, 1, NNG_ECANCELED);
	nng_sleep_aio(1000000, n.aio);
	nng_aio_abort(n.aio, NNG_EPROTO);
	nrt_expect(&n, 2, NNG_EPROTO);
	nng_sleep_aio(NNG_DURATION_INFINITE, n.aio);
	nng_aio_stop(n.aio);
	nrt_expect(&n, 3, NNG_ESTOPPED);
	nrt_fini(&n);
}
END_TEST

START_TEST(an_expiration_bounds_the_next_sleep_only)
{
	struct nrt n;
	nng_time at;

	nrt_init(&n, NULL, NULL);
	at = nng_clock() + 10;
	nng_aio_set_expire(n.aio, at);
	nng_sleep_aio(1000000, n.aio);
	nrt_expect(&n, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock(), at); /* never early */
	nng_sleep_aio(20, n.aio);
	nrt_expect(&n, 2, NNG_OK);
	nng_aio_set_expire(n.aio, nng_clock() - 1);
	nng_sleep_aio(1000000, n.aio);
	nrt_expect(&n, 3, NNG_ETIMEDOUT);
	nng_sleep_aio(1, n.aio);
	nrt_expect(&n, 4, NNG_OK);
	nng_aio_set_expire(n.aio, 0);
	nng_sleep_aio(1000000, n.aio);
	nrt_expect(&n, 5, NNG_ETIMEDOUT);
	nng_aio_set_timeout(n.aio, 0);
	nng_aio_set_expire(n.aio, UINT64_MAX); /* instead of the timeout */
	nng_sleep_aio(5, n.aio);
	nrt_expect(&n, 6, NNG_OK);
	nrt_fini(&n);
}
END_TEST

START_TEST(expirations_far_away_do_not_wrap)
{
	static const nng_time far[] = {INT64_MAX / 1000000,
	    INT64_MAX / 1000000 + 1, INT64_MAX, (nng_time)INT64_MAX + 1,
	    UINT64_MAX / 1000000 + 1, UINT64_MAX - 1};
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_set_timeout(n.aio, 0); /* what would hold without it */
	for (unsigned i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		nng_aio_set_expire(n.aio, far[i]);
		nng_sleep_aio(1, n.aio);
		nrt_expect(&n, i + 1, NNG_OK);
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(a_timeout_replaces_an_expiration_set_before)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_set_expire(n.aio, 0);
	nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
	nng_sleep_aio(5, n.aio);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
}
END_TEST

START_TEST(random_numbers_differ)
{
	uint32_t ones = 0, zeros = 0;

	for (int i = 0; i < 64; i++) {
		uint32_t r = nng_random();

		ones |= r;
		zeros |= ~r;
	}
	ck_assert_uint_eq(ones, UINT32_MAX);
	ck_assert_uint_eq(zeros, UINT32_MAX);
}
END_TEST

START_TEST(a_pair_of_sockets_carries_bytes_both_ways)
{
	char buf[4] = "";
	int fds[2];

	ck_assert_int_eq(nng_socket_pair(fds), NNG_OK);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(write(fds[i], "abc", 4), 4);
		ck_assert_int_eq(read(fds[1 - i], buf, 4), 4);
		ck_assert_str_eq(buf, "abc");
		ck_assert_int_eq(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq(fcntl(fds[i], F_GETFL) & O_NONBLOCK, 0);
	}
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(a_pair_without_descriptors_is_ENOFILES_and_writes_nothing)
{
	struct rlimit was, none;
	int fds[2] = {-7, -8};

	ck_assert_int_eq(nng_socket_pair(NULL), NNG_EINVAL);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(nng_socket_pair(fds), NNG_ENOFILES);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_int_eq(fds[0], -7);
	ck_assert_int_eq(fds[1], -8);
}
END_TEST

static Suite *
time_suite(void)
{
	Suite *s = suite_create("nng_time");
	TCase *tc = tcase_create("plain"); /* without nng_init */

	tcase_add_test(tc, the_clock_is_that_of_weir_in_milliseconds);
	tcase_add_test(tc, msleep_is_never_early);
	tcase_add_test(tc, msleep_of_nothing_or_less_returns);
	tcase_add_test(tc, random_numbers_differ);
	tcase_add_test(tc, a_pair_of_sockets_carries_bytes_both_ways);
	tcase_add_test(
	    tc, a_pair_without_descriptors_is_ENOFILES_and_writes_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("sleep");
	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, a_sleep_ends_with_OK_and_never_early);
	tcase_add_test(tc, a_shorter_timeout_ends_a_sleep_with_ETIMEDOUT);
	tcase_add_test(
	    tc, an_equal_or_longer_timeout_does_not_matter_to_a_sleep);
	tcase_add_test(tc, a_sleep_that_may_not_wait_is_ETIMEDOUT_at_once);
	tcase_add_test(
	    tc, a_sleep_of_nothing_ends_with_OK_whatever_the_timeout);
	tcase_add_test(tc, cancel_abort_and_stop_end_a_sleep_with_their_reason);
	tcase_add_test(tc, an_expiration_bounds_the_next_sleep_only);
	tcase_add_test(tc, expirations_far_away_do_not_wrap);
	tcase_add_test(tc, a_timeout_replaces_an_expiration_set_before);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(time_suite());
}
