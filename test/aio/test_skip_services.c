/*
 * test_skip_services - weir_aio_skip_callback through every call that submits.
 *
 * Shape      A loop test over the rows of the contract.  Either the flag is
 *            true when the submitting call returns, and no callback comes, or
 *            it is false, stays so, and the callback comes: never both, never
 *            neither.
 */
#include "aio/consumer.h"
#include "contract/cases.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>
#include <weir/stream.h>
#include <weir/weir.h>

#include <check.h>
#include <string.h>

static const struct contract_case *row;
static struct consumer c;
static bool waiter; /* the handle has no callback */

static void
then_collect(struct consumer *k)
{
	if (row->collect != NULL && k->result == WEIR_OK) {
		row->collect(k->aio);
	}
}

static void
up(int i)
{
	row = &contract_cases[i / 2];
	waiter = i % 2 == 1;
	rt_up(NULL);
	row->setup();
	if (waiter) {
		consumer_init_waiter(&c);
	} else {
		consumer_init(&c, then_collect, NULL);
	}
}

static void
down(void)
{
	consumer_fini(&c);
	row->teardown();
	rt_down();
}

/*
 * What was submitted has ended, or is left to end.  at: the flag as it was when
 * the submitting call returned; calls: callbacks before.  True: skipped.
 */
static bool
expect_one_way(const bool *skipped, bool at, unsigned calls)
{
	if (at) { /* now: nobody is waited for */
		ck_assert_int_eq(weir_aio_wait_until(c.aio, 0), WEIR_OK);
	} else {
		consumer_settle(&c);
	}
	ck_assert_int_eq(*skipped, at);
	ck_assert_uint_eq(c.calls, waiter ? 0 : calls + (at ? 0 : 1));
	if ((at || waiter) && row->collect != NULL &&
	    weir_aio_result(c.aio) == WEIR_OK) {
		row->collect(c.aio);
	}
	return at;
}

/* What is known of a row when what it asks for is there; of others only that
 * it is one of both. */
static const struct {
	const char *row;
	unsigned min, max; /* of 30 */
} known[] = {
    /* They start before they end. */
    {"toy", 0, 0},
    {"toy without release", 0, 0},
    {"sleep", 0, 0},
    {"tcp accept", 0, 0},
    {"unix accept", 0, 0},
    /* When a tick was missed, by a slow machine. */
    {"interval", 0, 30},
    /* connect(2) says it at once. */
    {"unix dial", 30, 30},
    /* When the descriptor is known to be ready: the event may come late. */
    {"tcp recv", 0, 30}, /* and so may the bytes */
    {"unix recv", 1, 30},
    {"unix recv_exactly", 1, 30},
    {"fd", 1, 30},
    {"tcp send", 1, 30},
    {"unix send", 1, 30},
    {"unix send_all", 1, 30},
    {"chan send", 30, 30},
    {"chan recv", 30, 30},
};

static void
expect_known(unsigned skips)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].row, row->name) == 0) {
			ck_assert_uint_ge(skips, known[i].min);
			ck_assert_uint_le(skips, known[i].max);
		}
	}
}

START_TEST(what_is_there_is_skipped_or_has_its_callback)
{
	unsigned skips = 0;

	up(_i);
	for (int i = 0; i < 30; i++) {
		unsigned calls = c.calls;
		bool skipped = true;

		weir_aio_skip_callback(c.aio, &skipped);
		ck_assert(!skipped);
		row->submit_soon(c.aio);
		skips += expect_one_way(&skipped, skipped, calls);
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	}
	expect_known(skips);
	down();
}
END_TEST

START_TEST(with_timeout_zero_it_is_skipped_whatever_comes_of_it)
{
	up(_i);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	for (int i = 0; i < 5; i++) {
		bool skipped;
		weir_err rv;

		weir_aio_skip_callback(c.aio, &skipped);
		if (i % 2 == 0) {
			row->submit(c.aio);
		} else {
			row->submit_soon(c.aio);
		}
		ck_assert(skipped);
		rv = weir_aio_result(c.aio);
		ck_assert(rv == WEIR_ETIMEDOUT || (rv == WEIR_OK));
		(void)expect_one_way(&skipped, true, 0);
	}
	down();
}
END_TEST

START_TEST(what_ends_later_has_its_callback)
{
	up(_i);
	for (unsigned n = 0; n < 2; n++) {
		bool skipped = true;

		weir_aio_skip_callback(c.aio, &skipped);
		row->submit(c.aio);
		ck_assert(!skipped);
		ck_assert(weir_aio_busy(c.aio));
		if (n == 0 && row->end != NULL) {
			row->end();
		} else {
			(void)weir_aio_cancel(c.aio);
		}
		(void)expect_one_way(&skipped, false, n);
		ck_assert_int_eq(weir_aio_result(c.aio),
		    n == 0 && row->end != NULL ? WEIR_OK : WEIR_ECANCELED);
	}
	down();
}
END_TEST

START_TEST(what_is_dropped_says_so)
{
	up(_i);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	for (int i = 0; i < 2; i++) {
		bool skipped;

		weir_aio_skip_callback(c.aio, &skipped);
		row->submit(c.aio);
		ck_assert(skipped);
		(void)expect_one_way(&skipped, true, 0);
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	}
	down();
}
END_TEST

START_TEST(it_holds_for_one_operation)
{
	bool skipped, later;

	up(_i);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	row->submit(c.aio);
	(void)expect_one_way(&skipped, skipped, 0);
	ck_assert(skipped);
	skipped = false;
	row->submit(c.aio); /* the same without it */
	(void)expect_one_way(&skipped, false, 0);
	/* And an operation that was started has used it up. */
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_INFINITE), WEIR_OK);
	weir_aio_skip_callback(c.aio, &later);
	row->submit(c.aio);
	(void)weir_aio_cancel(c.aio);
	(void)expect_one_way(&later, false, 1);
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	row->submit(c.aio);
	(void)expect_one_way(&later, false, 2);
	down();
}
END_TEST

/* --- Cancelled while it is submitted ----------------------------------- */

static _Atomic bool over;

static void *
cancel_main(void *arg)
{
	while (!over) {
		(void)weir_aio_cancel(arg);
	}
	return NULL;
}

START_TEST(a_cancel_that_comes_at_once_leads_one_way_too)
{
	pthread_t canceller;

	up(_i);
	over = false;
	ck_assert_int_eq(
	    pthread_create(&canceller, NULL, cancel_main, c.aio), 0);
	for (int i = 0; i < (row->slow ? 50 : 500); i++) {
		unsigned calls = c.calls;
		bool skipped;

		weir_aio_skip_callback(c.aio, &skipped);
		row->submit(c.aio);
		(void)expect_one_way(&skipped, skipped, calls);
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ECANCELED);
	}
	over = true;
	ck_assert_int_eq(pthread_join(canceller, NULL), 0);
	down();
}
END_TEST

/* --- No object --------------------------------------------------------- */

static void
submit_null(int which, weir_aio *aio)
{
	switch (which) {
	case 0:
		weir_interval_next(NULL, aio);
		break;
	case 1:
		weir_stream_dialer_dial(NULL, aio);
		break;
	case 2:
		weir_stream_listener_accept(NULL, aio);
		break;
	case 3:
		weir_stream_recv(NULL, aio);
		break;
	case 4:
		weir_stream_recv_exactly(NULL, aio);
		break;
	case 5:
		weir_stream_send(NULL, aio);
		break;
	case 6:
		weir_stream_send_all(NULL, aio);
		break;
	case 7:
		weir_fd_submit(NULL, WEIR_DIR_READ, aio, NULL);
		break;
	}
}

START_TEST(an_operation_without_an_object_ends_at_once)
{
	bool skipped;

	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
	weir_aio_skip_callback(c.aio, &skipped);
	submit_null(_i, c.aio);
	ck_assert(skipped);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EINVAL);
	submit_null(_i, c.aio);
	consumer_expect(&c, 1, WEIR_EINVAL);
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	weir_aio_skip_callback(c.aio, &skipped);
	submit_null(_i, c.aio);
	ck_assert(skipped);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	consumer_fini(&c);
	rt_down();
}
END_TEST

START_TEST(a_sleep_of_nothing_is_skipped)
{
	static const weir_duration none[] = {0, -7, WEIR_DEFAULT};

	rt_up(NULL);
	consumer_init(&c, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		bool skipped;

		weir_aio_skip_callback(c.aio, &skipped);
		weir_sleep_aio(none[i], c.aio);
		ck_assert(skipped);
		ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	}
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 0);
	consumer_fini(&c);
	rt_down();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("skip_services");
	const int rows = 2 * contract_cases_len; /* with a callback, without */

	tcase_add_loop_test(
	    tc, what_is_there_is_skipped_or_has_its_callback, 0, rows);
	tcase_add_loop_test(
	    tc, with_timeout_zero_it_is_skipped_whatever_comes_of_it, 0, rows);
	tcase_add_loop_test(tc, what_ends_later_has_its_callback, 0, rows);
	tcase_add_loop_test(tc, what_is_dropped_says_so, 0, rows);
	tcase_add_loop_test(tc, it_holds_for_one_operation, 0, rows);
	tcase_add_loop_test(
	    tc, a_cancel_that_comes_at_once_leads_one_way_too, 0, rows);
	tcase_add_loop_test(
	    tc, an_operation_without_an_object_ends_at_once, 0, 8);
	tcase_add_test(tc, a_sleep_of_nothing_is_skipped);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
