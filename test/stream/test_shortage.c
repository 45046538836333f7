/*
 * test_shortage - accepts when the system has no descriptors or memory.
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
#include <sys/resource.h>
#include <unistd.h>

static weir_stream_listener *l;
static weir_stream_dialer *d;
static char url[NET_URL_MAX];
static struct op acc, dial, nap;
static struct rlimit limit;

/* Lines of the log about pauses; the hook may run on any thread. */
static struct latch told;

static void
count_line(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	if (strstr(line, "accept pauses") != NULL) {
		latch_hit(&told);
	}
}

static void
setup(void)
{
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rt_setup();
	latch_init(&told);
	weir_log_set(count_line, NULL, WEIR_LOG_WARN);
	op_init(&acc);
	op_init(&dial);
	op_init(&nap);
	l = net_listener(NET_TCP, url);
	d = net_dialer(url);
}

static void
teardown(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	wri_sys_fail_at(WRI_SYS_ACCEPT, 0, 0);
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	op_fini(&acc);
	op_fini(&dial);
	op_fini(&nap);
	rt_teardown();
	latch_fini(&told);
}

/* From now on nothing can be opened. */
static void
no_descriptors(void)
{
	struct rlimit low = limit;
	int lowest = dup(0);

	ck_assert_int_ge(lowest, 0);
	close(lowest);
	low.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
	ck_assert_int_eq(dup(0), -1);
	ck_assert_int_eq(errno, EMFILE);
}

static void
descriptors_again(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A client that waits to be accepted. */
static weir_stream *
client(void)
{
	weir_stream *s;

	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	return s;
}

/* Wait until the listener has paused n times more. */
static void
await_pauses(uint64_t since, unsigned n)
{
	for (unsigned i = 0; i < 4000; i++) {
		if (wri_stream_accept_pauses() >= since + n) {
			return;
		}
		weir_sleep_aio(WEIR_MS(1), nap.aio);
		ck_assert_int_eq(op_wait(&nap), WEIR_OK);
	}
	ck_abort_msg("no pause");
}

START_TEST(out_of_descriptors_the_accept_waits_and_goes_on_by_itself)
{
	weir_stream *s = client();
	weir_stream *a, *b;
	uint64_t pauses = wri_stream_accept_pauses();
	char buf[4];

	net_pair(NET_TCP, &a, &b);
	no_descriptors();
	weir_stream_listener_accept(l, acc.aio);
	await_pauses(pauses, 3);
	ck_assert(op_pending(&acc));
	/* Other work goes on. */
	ck_assert_int_eq(op_send(&dial, a, "abc", 3), WEIR_OK);
	ck_assert_int_eq(op_recv(&nap, b, buf, sizeof(buf)), WEIR_OK);
	descriptors_again();
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	ck_assert(latch_wait(&told, 1));
	ck_assert_uint_eq(latch_hits(&told), 1);
	weir_stream_free(acc.out);
	weir_stream_free(s);
	weir_stream_free(a);
	weir_stream_free(b);
}
END_TEST

START_TEST(each_shortage_is_told_once)
{
	for (unsigned i = 1; i <= 3; i++) {
		uint64_t pauses = wri_stream_accept_pauses();
		weir_stream *s = client();

		no_descriptors();
		weir_stream_listener_accept(l, acc.aio);
		await_pauses(pauses, 2);
		descriptors_again();
		ck_assert_int_eq(op_wait(&acc), WEIR_OK);
		ck_assert(latch_wait(&told, i));
		ck_assert_uint_eq(latch_hits(&told), i);
		weir_stream_free(acc.out);
		weir_stream_free(s);
	}
}
END_TEST

START_TEST(the_pauses_grow)
{
	uint64_t pauses = wri_stream_accept_pauses();
	weir_time begun = weir_now();
	weir_stream *s = client();

	no_descriptors();
	weir_stream_listener_accept(l, acc.aio);
	await_pauses(pauses, 5);
	/* 10 + 20 + 40 + 80 ms lie between the first and the fifth. */
	ck_assert_int_ge(weir_now() - begun, WEIR_MS(150));
	descriptors_again();
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

START_TEST(an_accept_that_waits_in_a_pause_can_be_ended)
{
	uint64_t pauses = wri_stream_accept_pauses();
	weir_stream *s = client();

	no_descriptors();
	weir_stream_listener_accept(l, acc.aio);
	await_pauses(pauses, 1);
	ck_assert_int_eq(weir_aio_cancel(acc.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(op_wait(&acc), WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, WEIR_MS(5)), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, 0), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_ETIMEDOUT);
	descriptors_again();
	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, WEIR_INFINITE), WEIR_OK);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

START_TEST(a_listener_in_a_pause_can_be_closed_and_freed)
{
	uint64_t pauses = wri_stream_accept_pauses();
	weir_stream *s = client();

	no_descriptors();
	weir_stream_listener_accept(l, acc.aio);
	await_pauses(pauses, 4);
	weir_stream_listener_free(l);
	l = NULL;
	ck_assert_int_eq(op_wait(&acc), WEIR_ECLOSED);
	weir_stream_free(s);
}
END_TEST

START_TEST(polls_out_of_descriptors_work_again_when_there_are_some)
{
	weir_stream *s = client();
	weir_err err = WEIR_ETIMEDOUT;

	ck_assert_int_eq(weir_aio_set_timeout(acc.aio, 0), WEIR_OK);
	no_descriptors();
	for (unsigned i = 0; i < 10; i++) {
		weir_stream_listener_accept(l, acc.aio);
		ck_assert_int_eq(op_wait(&acc), WEIR_ETIMEDOUT);
	}
	descriptors_again();
	for (unsigned i = 0; i < 4000 && err == WEIR_ETIMEDOUT; i++) {
		weir_sleep_aio(WEIR_MS(1), nap.aio);
		ck_assert_int_eq(op_wait(&nap), WEIR_OK);
		weir_stream_listener_accept(l, acc.aio);
		err = op_wait(&acc);
	}
	ck_assert_int_eq(err, WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

static const int shortages[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};

START_TEST(every_kind_of_shortage_is_a_pause)
{
	uint64_t pauses = wri_stream_accept_pauses();
	weir_stream *s = client();

	wri_sys_fail_from(WRI_SYS_ACCEPT, 1, shortages[_i]);
	weir_stream_listener_accept(l, acc.aio);
	await_pauses(pauses, 2);
	ck_assert(op_pending(&acc));
	wri_sys_fail_at(WRI_SYS_ACCEPT, 0, shortages[_i]);
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

static const int skipped[] = {ECONNABORTED, EPROTO, ENETDOWN, EPERM, EINTR};

START_TEST(a_connection_that_died_in_the_queue_is_not_seen)
{
	weir_stream *s = client();

	wri_sys_fail_at(WRI_SYS_ACCEPT, 1, skipped[_i]);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

/* _i: which errno.  A system that refuses for good must not be asked for ever
 * at full speed, and somebody should hear of it. */
START_TEST(many_dead_connections_in_a_row_are_a_pause)
{
	weir_stream *s = client();
	uint64_t pauses = wri_stream_accept_pauses();

	wri_sys_fail_from(WRI_SYS_ACCEPT, 1, skipped[_i]);
	weir_stream_listener_accept(l, acc.aio); /* comes back */
	await_pauses(pauses, 3);
	ck_assert(op_pending(&acc));
	ck_assert_uint_le(wri_sys_calls(WRI_SYS_ACCEPT), 1000);
	/* Off; a call that is just failing still reads why. */
	wri_sys_fail_at(WRI_SYS_ACCEPT, 0, skipped[_i]);
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	ck_assert(latch_wait(&told, 1));
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

START_TEST(another_error_of_accept_ends_one_operation)
{
	weir_stream *s = client();

	wri_sys_fail_at(WRI_SYS_ACCEPT, 1, EINVAL);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_EINVAL);
	weir_stream_listener_accept(l, acc.aio);
	ck_assert_int_eq(op_wait(&acc), WEIR_OK);
	weir_stream_free(acc.out);
	weir_stream_free(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("shortage");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, out_of_descriptors_the_accept_waits_and_goes_on_by_itself);
	tcase_add_test(tc, each_shortage_is_told_once);
	tcase_add_test(tc, the_pauses_grow);
	tcase_add_test(tc, an_accept_that_waits_in_a_pause_can_be_ended);
	tcase_add_test(tc, a_listener_in_a_pause_can_be_closed_and_freed);
	tcase_add_test(
	    tc, polls_out_of_descriptors_work_again_when_there_are_some);
	tcase_add_loop_test(tc, every_kind_of_shortage_is_a_pause, 0, 4);
	tcase_add_loop_test(
	    tc, a_connection_that_died_in_the_queue_is_not_seen, 0, 5);
	tcase_add_loop_test(
	    tc, many_dead_connections_in_a_row_are_a_pause, 0, 4);
	tcase_add_test(tc, another_error_of_accept_ends_one_operation);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
