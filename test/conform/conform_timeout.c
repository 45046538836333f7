/*
 * conform_timeout - section 8: the table of timeouts, and expirations; traps 8
 * and 9.
 */
#include "conform/con.h"

static struct con_op o;
static struct con_prov p;

static void
setup(void)
{
	con_setup();
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
}

static void
teardown(void)
{
	con_op_fini(&o);
	con_prov_fini(&p);
	con_teardown();
}

/* An operation that nobody ends by himself: false, it was refused. */
static void
submit_forever(void)
{
	(void)con_prov_submit(&p, o.aio);
}

START_TEST(a_timeout_ends_an_operation_never_early)
{
	nng_time t = nng_clock();

	nng_aio_set_timeout(o.aio, 20);
	submit_forever();
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock() - t, 20);
	ck_assert_int_eq(con_prov_why(&p, 0), NNG_ETIMEDOUT);
}
END_TEST

START_TEST(a_timeout_counts_from_the_start_of_each_operation)
{
	nng_aio_set_timeout(o.aio, 30);
	nng_msleep(40);
	for (unsigned i = 1; i <= 3; i++) {
		nng_time t = nng_clock();

		submit_forever();
		con_op_expect(&o, i, NNG_ETIMEDOUT);
		ck_assert_uint_ge(nng_clock() - t, 30);
	}
}
END_TEST

START_TEST(a_timeout_persists_until_changed)
{
	nng_aio_set_timeout(o.aio, 5);
	for (unsigned i = 1; i <= 5; i++) {
		submit_forever();
		con_op_expect(&o, i, NNG_ETIMEDOUT);
	}
	nng_aio_set_timeout(o.aio, CON_LONG_MS);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 6, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 6, NNG_OK);
}
END_TEST

START_TEST(a_timeout_survives_reset_and_other_ends)
{
	nng_aio_set_timeout(o.aio, 10);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	submit_forever();
	nng_aio_abort(o.aio, NNG_EPROTO);
	ck_assert(latch_wait(&o.ran, 2));
	nng_aio_wait(o.aio);
	nng_aio_reset(o.aio);
	submit_forever();
	con_op_expect(&o, 3, NNG_ETIMEDOUT);
}
END_TEST

static const nng_duration unlimited[] = {
    NNG_DURATION_INFINITE, NNG_DURATION_DEFAULT};

START_TEST(infinite_and_default_are_no_limit)
{
	nng_aio_set_timeout(o.aio, 1);
	nng_aio_set_timeout(o.aio, unlimited[_i]);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 1, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(zero_refuses_what_would_wait)
{
	nng_aio_set_timeout(o.aio, NNG_DURATION_ZERO);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
	/* And again: it persists as others do. */
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
}
END_TEST

START_TEST(zero_takes_what_can_be_done_at_once)
{
	nng_aio_set_timeout(o.aio, NNG_DURATION_ZERO);
	/* A provider that has it ready does not start. */
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 1, NNG_OK);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

static const nng_duration past[] = {-3, -4, -1000, INT32_MIN};

START_TEST(other_negative_timeouts_have_passed_already)
{
	nng_aio_set_timeout(o.aio, past[_i]);
	submit_forever();
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
	/* The handle is fine. */
	nng_aio_set_timeout(o.aio, NNG_DURATION_DEFAULT);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 3, NNG_OK);
}
END_TEST

START_TEST(the_longest_timeout_is_long)
{
	nng_aio_set_timeout(o.aio, INT32_MAX);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
}
END_TEST

START_TEST(an_operation_in_time_is_not_touched_by_its_timeout)
{
	nng_aio_set_timeout(o.aio, 10);
	submit_forever();
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	/* Its time comes and goes; the next has one of its own. */
	nng_aio_set_timeout(o.aio, CON_LONG_MS);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 2, 30));
	ck_assert_uint_eq(con_prov_hooks(&p), 0);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(an_expiration_ends_the_operation_at_its_time)
{
	nng_time when = nng_clock() + 20;

	nng_aio_set_expire(o.aio, when);
	submit_forever();
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock(), when);
}
END_TEST

START_TEST(an_expiration_is_used_up_by_the_operation)
{
	nng_aio_set_expire(o.aio, nng_clock() + 5);
	submit_forever();
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 2, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(an_expiration_is_used_up_by_an_operation_that_ended_before)
{
	nng_aio_set_expire(o.aio, nng_clock() + 10);
	submit_forever();
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 2, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(an_expiration_is_used_up_by_an_operation_that_ended_at_once)
{
	nng_aio_set_expire(o.aio, nng_clock() + 10);
	nng_aio_reset(o.aio);
	nng_aio_finish(o.aio, NNG_OK);
	con_op_expect(&o, 1, NNG_OK);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 2, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(an_expiration_that_has_passed_refuses_once)
{
	nng_aio_set_expire(o.aio, nng_clock() - 1);
	ck_assert(!con_prov_submit(&p, o.aio));
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	/* The refusal has used it up. */
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(!latch_wait_ms(&o.ran, 2, 20));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(the_beginning_of_time_has_passed)
{
	nng_aio_set_expire(o.aio, 1);
	submit_forever();
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_aio_set_expire(o.aio, 0);
	submit_forever();
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
}
END_TEST

static const nng_time never[] = {
    UINT64_MAX, UINT64_MAX - 1, INT64_MAX, UINT64_MAX / 1000000 + 1};

START_TEST(a_time_far_away_does_not_wrap)
{
	nng_aio_set_expire(o.aio, never[_i]);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(an_expiration_stands_instead_of_the_timeout_once)
{
	nng_aio_set_timeout(o.aio, 5);
	nng_aio_set_expire(o.aio, nng_clock() + CON_LONG_MS);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 1, 30));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	/* Then the timeout is in force again. */
	submit_forever();
	con_op_expect(&o, 2, NNG_ETIMEDOUT);
}
END_TEST

START_TEST(a_timeout_replaces_an_expiration_set_earlier)
{
	nng_aio_set_expire(o.aio, 1);
	nng_aio_set_timeout(o.aio, CON_LONG_MS);
	submit_forever();
	ck_assert(!latch_wait_ms(&o.ran, 1, 20));
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
}
END_TEST

START_TEST(a_sleep_obeys_an_expiration)
{
	nng_time when = nng_clock() + 20;

	nng_aio_set_expire(o.aio, when);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	ck_assert_uint_ge(nng_clock(), when);
	/* Once. */
	nng_sleep_aio(5, o.aio);
	con_op_expect(&o, 2, NNG_OK);
	nng_aio_set_expire(o.aio, nng_clock() + CON_LONG_MS);
	nng_sleep_aio(5, o.aio);
	con_op_expect(&o, 3, NNG_OK);
}
END_TEST

START_TEST(a_sleep_with_an_expiration_passed_times_out_once)
{
	nng_aio_set_expire(o.aio, nng_clock() - 1);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	con_op_expect(&o, 1, NNG_ETIMEDOUT);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 2, NNG_OK);
}
END_TEST

START_TEST(many_timeouts_end_in_their_order)
{
	struct con_op ops[8];
	struct con_prov provs[8];
	nng_time t = nng_clock();

	for (int i = 0; i < 8; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_prov_init(&provs[i], CON_HOOK_ENDS);
		nng_aio_set_timeout(ops[i].aio, 40 - 5 * i);
		ck_assert(con_prov_submit(&provs[i], ops[i].aio));
	}
	for (int i = 7; i >= 0; i--) {
		con_op_expect(&ops[i], 1, NNG_ETIMEDOUT);
		ck_assert_uint_ge(nng_clock() - t, (uint64_t)(40 - 5 * i));
	}
	for (int i = 0; i < 8; i++) {
		con_op_fini(&ops[i]);
		con_prov_fini(&provs[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/timeout");
	TCase *tc = con_case_bare(suite, "timeout");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_timeout_ends_an_operation_never_early);
	tcase_add_test(tc, a_timeout_counts_from_the_start_of_each_operation);
	tcase_add_test(tc, a_timeout_persists_until_changed);
	tcase_add_test(tc, a_timeout_survives_reset_and_other_ends);
	tcase_add_loop_test(tc, infinite_and_default_are_no_limit, 0, 2);
	tcase_add_test(tc, zero_refuses_what_would_wait);
	tcase_add_test(tc, zero_takes_what_can_be_done_at_once);
	tcase_add_loop_test(
	    tc, other_negative_timeouts_have_passed_already, 0, 4);
	tcase_add_test(tc, the_longest_timeout_is_long);
	tcase_add_test(tc, an_operation_in_time_is_not_touched_by_its_timeout);
	tcase_add_test(tc, many_timeouts_end_in_their_order);

	tc = con_case_bare(suite, "expire");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_expiration_ends_the_operation_at_its_time);
	tcase_add_test(tc, an_expiration_is_used_up_by_the_operation);
	tcase_add_test(
	    tc, an_expiration_is_used_up_by_an_operation_that_ended_before);
	tcase_add_test(
	    tc, an_expiration_is_used_up_by_an_operation_that_ended_at_once);
	tcase_add_test(tc, an_expiration_that_has_passed_refuses_once);
	tcase_add_test(tc, the_beginning_of_time_has_passed);
	tcase_add_loop_test(tc, a_time_far_away_does_not_wrap, 0, 4);
	tcase_add_test(tc, an_expiration_stands_instead_of_the_timeout_once);
	tcase_add_test(tc, a_timeout_replaces_an_expiration_set_earlier);
	tcase_add_test(tc, a_sleep_obeys_an_expiration);
	tcase_add_test(tc, a_sleep_with_an_expiration_passed_times_out_once);
	return run_suite(suite);
}
