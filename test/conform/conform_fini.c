/*
 * conform_fini - section 2, rule 2, and beyond: what nng_fini does with
 * operations that are pending, and what comes after it (trap 20).
 */
#include "conform/con.h"

START_TEST(sleeps_end_with_stopped_and_their_callbacks_run)
{
	struct con_op ops[8];

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	for (int i = 0; i < 8; i++) {
		con_op_init(&ops[i], NULL, NULL);
		nng_sleep_aio(i % 2 == 0 ? CON_LONG_MS : NNG_DURATION_INFINITE,
		    ops[i].aio);
	}
	nng_fini();
	for (int i = 0; i < 8; i++) {
		ck_assert_uint_eq(latch_hits(&ops[i].ran), 1);
		ck_assert_int_eq(ops[i].results[0], NNG_ESTOPPED);
		con_op_fini(&ops[i]);
	}
}
END_TEST

START_TEST(operations_of_own_providers_end_with_stopped)
{
	struct con_op ops[4];
	struct con_prov provs[4];

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	for (int i = 0; i < 4; i++) {
		con_op_init(&ops[i], NULL, NULL);
		con_prov_init(&provs[i], CON_HOOK_ENDS);
		/* With a deadline and without. */
		if (i % 2 == 0) {
			nng_aio_set_timeout(ops[i].aio, CON_LONG_MS);
		}
		ck_assert(con_prov_submit(&provs[i], ops[i].aio));
	}
	nng_fini();
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(latch_hits(&ops[i].ran), 1);
		ck_assert_int_eq(ops[i].results[0], NNG_ESTOPPED);
		ck_assert_int_eq(con_prov_why(&provs[i], 0), NNG_ESTOPPED);
		con_op_fini(&ops[i]);
		con_prov_fini(&provs[i]);
	}
}
END_TEST

static void
reap_own(struct con_op *op)
{
	op->gone = true;
	nng_aio_reap(op->aio);
}

START_TEST(reap_in_such_a_callback_is_legal)
{
	struct rt_counts before = rt_count();
	struct con_op ops[8];

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	for (int i = 0; i < 8; i++) {
		con_op_init(&ops[i], reap_own, NULL);
		nng_sleep_aio(CON_LONG_MS, ops[i].aio);
	}
	nng_fini();
	for (int i = 0; i < 8; i++) {
		ck_assert_uint_eq(latch_hits(&ops[i].ran), 1);
		ck_assert_int_eq(ops[i].results[0], NNG_ESTOPPED);
		con_op_fini(&ops[i]);
	}
	rt_expect_counts(before);
}
END_TEST

static void
resubmit(struct con_op *op)
{
	nng_sleep_aio(CON_LONG_MS, op->aio);
}

START_TEST(a_callback_that_resubmits_blindly_does_not_keep_fini)
{
	struct con_op o;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, resubmit, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_fini();
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	ck_assert_int_eq(o.results[0], NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

static void
linger(struct con_op *op)
{
	latch_hit(op->arg);
	nng_msleep(30);
	latch_hit(op->arg);
}

START_TEST(fini_waits_for_callbacks_that_run)
{
	struct latch steps;
	struct con_op o;

	latch_init(&steps);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, linger, &steps);
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&steps, 1));
	nng_fini();
	ck_assert_uint_eq(latch_hits(&steps), 2);
	con_op_fini(&o);
	latch_fini(&steps);
}
END_TEST

START_TEST(a_fini_that_is_not_the_last_ends_nothing)
{
	struct con_op o;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(CON_LONG_MS, o.aio);
	nng_fini();
	ck_assert(nng_aio_busy(o.aio));
	nng_aio_cancel(o.aio);
	con_op_expect(&o, 1, NNG_ECANCELED);
	con_op_fini(&o);
	nng_fini();
}
END_TEST

static void
fini_inside(struct con_op *op)
{
	(void)op;
	nng_fini();
}

START_TEST(fini_in_a_callback_returns_and_does_nothing)
{
	struct con_op o;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, fini_inside, NULL);
	nng_sleep_aio(0, o.aio);
	ck_assert(latch_wait(&o.ran, 1));
	nng_aio_wait(o.aio);
	/* It still runs. */
	nng_sleep_aio(CON_LONG_MS, o.aio);
	ck_assert(nng_aio_busy(o.aio));
	o.then = NULL;
	nng_fini();
	ck_assert_uint_eq(latch_hits(&o.ran), 2);
	ck_assert_int_eq(o.results[1], NNG_ESTOPPED);
	con_op_fini(&o);
}
END_TEST

START_TEST(a_handle_may_be_freed_after_fini)
{
	struct rt_counts before = rt_count();
	struct con_op idle;
	struct con_op reaped;
	struct con_op stopped;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&idle, NULL, NULL);
	con_op_init(&reaped, NULL, NULL);
	con_op_init(&stopped, NULL, NULL);
	nng_fini();
	nng_aio_stop(stopped.aio);
	nng_aio_wait(stopped.aio);
	nng_aio_cancel(stopped.aio);
	reaped.gone = true;
	nng_aio_reap(reaped.aio);
	con_op_fini(&idle);
	con_op_fini(&reaped);
	con_op_fini(&stopped);
	rt_expect_counts(before);
}
END_TEST

START_TEST(what_is_submitted_after_fini_is_dropped)
{
	struct con_op o;
	struct con_prov p;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	nng_fini();
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	ck_assert(!con_prov_submit(&p, o.aio));
	ck_assert_uint_eq(latch_hits(&o.ran), 0);
	con_op_fini(&o);
	con_prov_fini(&p);
}
END_TEST

START_TEST(a_handle_that_outlived_fini_stays_stopped)
{
	struct con_op o;

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	nng_fini();
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_ESTOPPED);
	ck_assert_uint_eq(latch_hits(&o.ran), 1);
	con_op_fini(&o);
	/* New ones work. */
	con_op_init(&o, NULL, NULL);
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
	nng_fini();
}
END_TEST

START_TEST(a_provider_that_never_finishes_is_named_and_abandoned)
{
	weir_params params = {
	    .size = sizeof(params),
	    .fini_limit = WEIR_MS(50),
	};
	struct con_op o;
	struct con_prov p;

	rt_up(&params);
	rt_expect_log();
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_NONE);
	ck_assert(con_prov_submit(&p, o.aio));
	nng_fini();
	ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
	/* The late finish is harmless, and so is the free. */
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_free(o.aio);
	o.gone = true;
	ck_assert_uint_eq(latch_hits(&o.ran), 0);
	con_op_fini(&o);
	con_prov_fini(&p);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
}
END_TEST

START_TEST(native_and_drop_in_inits_nest_in_each_other)
{
	struct con_op o;

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(&(nng_init_params){0}), NNG_EBUSY);
	con_op_init(&o, NULL, NULL);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	nng_sleep_aio(1, o.aio);
	con_op_expect(&o, 1, NNG_OK);
	con_op_fini(&o);
	nng_fini();
	ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
}
END_TEST

static void
count_up(struct con_op *op)
{
	if (op->calls % 2 == 1) {
		nng_sleep_aio((nng_duration)(op->calls % 3), op->aio);
	}
}

START_TEST(fini_comes_in_the_midst_of_much_and_init_again)
{
	struct rt_counts before = rt_count();

	for (int round = 0; round < 10; round++) {
		struct con_op ops[20];

		ck_assert_int_eq(nng_init(NULL), NNG_OK);
		for (int i = 0; i < 20; i++) {
			con_op_init(&ops[i], count_up, NULL);
			nng_sleep_aio(i % 5, ops[i].aio);
		}
		if (round % 2 == 0) {
			nng_msleep(2);
		}
		nng_fini();
		for (int i = 0; i < 20; i++) {
			ck_assert_uint_ge(ops[i].calls, 1);
			ck_assert_uint_le(ops[i].calls, 2);
			con_op_fini(&ops[i]);
		}
	}
	rt_expect_counts(before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/fini");
	TCase *tc = con_case_bare(suite, "fini");

	tcase_add_test(tc, sleeps_end_with_stopped_and_their_callbacks_run);
	tcase_add_test(tc, operations_of_own_providers_end_with_stopped);
	tcase_add_test(tc, reap_in_such_a_callback_is_legal);
	tcase_add_test(
	    tc, a_callback_that_resubmits_blindly_does_not_keep_fini);
	tcase_add_test(tc, fini_waits_for_callbacks_that_run);
	tcase_add_test(tc, a_fini_that_is_not_the_last_ends_nothing);
	tcase_add_test(tc, fini_in_a_callback_returns_and_does_nothing);
	tcase_add_test(tc, a_handle_may_be_freed_after_fini);
	tcase_add_test(tc, what_is_submitted_after_fini_is_dropped);
	tcase_add_test(tc, a_handle_that_outlived_fini_stays_stopped);
	tcase_add_test(tc, native_and_drop_in_inits_nest_in_each_other);
	tcase_add_test(tc, fini_comes_in_the_midst_of_much_and_init_again);
	/* Last: where tests share a process it leaves a provider behind. */
	tcase_add_test(
	    tc, a_provider_that_never_finishes_is_named_and_abandoned);
	return run_suite(suite);
}
