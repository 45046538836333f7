/*
 * conform_data - section 8: what a handle carries: count, iov, message,
 * inputs, outputs, and the request to skip a callback.
 *
 * The iov is read back with weir's provider side, as a provider of the test.
 */
#include "conform/con.h"

#include <weir/provider.h>

#include <string.h>

/* Compare the iov with what an operation sees. */
static void
expect_iov(nng_aio *aio, unsigned n, const nng_iov *want)
{
	nng_iov got[16];
	struct con_prov p;

	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, aio));
	ck_assert_uint_eq(weir_aio_get_iov(aio, got, 16), n);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_ptr_eq(got[i].iov_buf, want[i].iov_buf);
		ck_assert_uint_eq(got[i].iov_len, want[i].iov_len);
	}
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_wait(aio);
	con_prov_fini(&p);
}

static char mem[16][8];

/* n pieces of mem. */
static void
make_iov(nng_iov *iov, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		iov[i].iov_buf = mem[i];
		iov[i].iov_len = i % 8 + 1;
	}
}

static nng_aio *aio;

static void
setup(void)
{
	con_setup();
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
}

static void
teardown(void)
{
	nng_aio_free(aio);
	con_teardown();
}

START_TEST(up_to_eight_pieces_are_taken)
{
	nng_iov iov[8];

	make_iov(iov, 8);
	ck_assert_int_eq(nng_aio_set_iov(aio, (unsigned)_i, iov), NNG_OK);
	expect_iov(aio, (unsigned)_i, iov);
}
END_TEST

START_TEST(more_pieces_are_refused_and_the_old_ones_stay)
{
	nng_iov iov[16];
	nng_iov old[2] = {{mem[9], 3}, {mem[8], 4}};

	make_iov(iov, 16);
	ck_assert_int_eq(nng_aio_set_iov(aio, 2, old), NNG_OK);
	ck_assert_int_eq(nng_aio_set_iov(aio, 9, iov), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_iov(aio, 16, iov), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_iov(aio, 100000, iov), NNG_EINVAL);
	ck_assert_int_eq(nng_aio_set_iov(aio, UINT32_MAX, iov), NNG_EINVAL);
	expect_iov(aio, 2, old);
}
END_TEST

START_TEST(the_array_is_copied)
{
	nng_iov iov[3];
	nng_iov want[3];

	make_iov(iov, 3);
	memcpy(want, iov, sizeof(want));
	ck_assert_int_eq(nng_aio_set_iov(aio, 3, iov), NNG_OK);
	memset(iov, 0, sizeof(iov));
	expect_iov(aio, 3, want);
}
END_TEST

START_TEST(pieces_stay_set_for_later_operations_until_replaced)
{
	nng_iov iov[3];

	make_iov(iov, 3);
	ck_assert_int_eq(nng_aio_set_iov(aio, 3, iov), NNG_OK);
	expect_iov(aio, 3, iov);
	expect_iov(aio, 3, iov);
	nng_sleep_aio(0, aio);
	nng_aio_wait(aio);
	expect_iov(aio, 3, iov);
	ck_assert_int_eq(nng_aio_set_iov(aio, 1, iov + 1), NNG_OK);
	expect_iov(aio, 1, iov + 1);
}
END_TEST

START_TEST(no_pieces_and_null_are_legal)
{
	nng_iov iov[3];

	ck_assert_int_eq(nng_aio_set_iov(aio, 0, NULL), NNG_OK);
	expect_iov(aio, 0, NULL);
	make_iov(iov, 3);
	ck_assert_int_eq(nng_aio_set_iov(aio, 3, iov), NNG_OK);
	ck_assert_int_eq(nng_aio_set_iov(aio, 0, NULL), NNG_OK);
	expect_iov(aio, 0, NULL);
}
END_TEST

START_TEST(pieces_of_no_length_are_legal)
{
	nng_iov iov[3] = {{mem[0], 0}, {NULL, 0}, {mem[1], 5}};

	ck_assert_int_eq(nng_aio_set_iov(aio, 3, iov), NNG_OK);
	/* weir's provider side shows those that have a length. */
	expect_iov(aio, 1, iov + 2);
}
END_TEST

START_TEST(a_fresh_handle_has_no_pieces)
{
	expect_iov(aio, 0, NULL);
}
END_TEST

START_TEST(the_count_of_an_own_provider_is_zero)
{
	struct con_prov p;

	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_wait(aio);
	ck_assert_uint_eq(nng_aio_count(aio), 0);
	con_prov_fini(&p);
}
END_TEST

START_TEST(a_count_set_by_the_native_face_is_told_and_gone_next_time)
{
	struct con_prov p;

	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, aio));
	weir_aio_set_count(aio, 100);
	nng_aio_cancel(aio);
	nng_aio_wait(aio);
	/* Also of an operation that failed: weir's stronger promise. */
	ck_assert_int_eq(nng_aio_result(aio), NNG_ECANCELED);
	ck_assert_uint_eq(nng_aio_count(aio), 100);
	ck_assert(con_prov_submit(&p, aio));
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_wait(aio);
	ck_assert_uint_eq(nng_aio_count(aio), 0);
	con_prov_fini(&p);
}
END_TEST

START_TEST(a_message_is_stored_and_survives_reset)
{
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 4), NNG_OK);
	nng_aio_set_msg(aio, msg);
	ck_assert_ptr_eq(nng_aio_get_msg(aio), msg);
	nng_aio_reset(aio);
	ck_assert_ptr_eq(nng_aio_get_msg(aio), msg);
	nng_aio_set_msg(aio, NULL);
	ck_assert_ptr_null(nng_aio_get_msg(aio));
	nng_msg_free(msg);
}
END_TEST

START_TEST(a_message_survives_an_operation_that_does_not_use_it)
{
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 4), NNG_OK);
	nng_aio_set_msg(aio, msg);
	nng_sleep_aio(1, aio);
	nng_aio_wait(aio);
	ck_assert_ptr_eq(nng_aio_get_msg(aio), msg);
	/* Nor does the handle own it. */
	nng_msg_free(msg);
}
END_TEST

START_TEST(inputs_have_four_places_and_persist)
{
	int data[4];

	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(nng_aio_set_input(aio, i, &data[i]), NNG_OK);
	}
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 4; i++) {
			ck_assert_ptr_eq(nng_aio_get_input(aio, i), &data[i]);
		}
		nng_sleep_aio(0, aio);
		nng_aio_wait(aio);
		nng_aio_reset(aio);
	}
	ck_assert_int_eq(nng_aio_set_input(aio, 2, NULL), NNG_OK);
	ck_assert_ptr_null(nng_aio_get_input(aio, 2));
	ck_assert_ptr_eq(nng_aio_get_input(aio, 3), &data[3]);
}
END_TEST

static const unsigned beyond[] = {4, 5, 255, 65536, UINT32_MAX};

START_TEST(an_index_above_three_is_invalid_or_null_and_has_no_effect)
{
	int data;
	unsigned index = beyond[_i];

	ck_assert_int_eq(nng_aio_set_input(aio, index, &data), NNG_EINVAL);
	ck_assert_ptr_null(nng_aio_get_input(aio, index));
	nng_aio_reset(aio);
	ck_assert_int_eq(nng_aio_set_output(aio, index, &data), NNG_EINVAL);
	ck_assert_ptr_null(nng_aio_get_output(aio, index));
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_null(nng_aio_get_input(aio, i));
		ck_assert_ptr_null(nng_aio_get_output(aio, i));
	}
}
END_TEST

START_TEST(outputs_are_read_after_completion)
{
	struct con_prov p;
	int data[4];

	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, aio));
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(nng_aio_set_output(aio, i, &data[i]), 0);
	}
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_wait(aio);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_ptr_eq(nng_aio_get_output(aio, i), &data[i]);
	}
	con_prov_fini(&p);
}
END_TEST

START_TEST(outputs_are_null_in_the_next_operation)
{
	struct con_prov p;
	int data;

	con_prov_init(&p, CON_HOOK_ENDS);
	ck_assert(con_prov_submit(&p, aio));
	ck_assert_int_eq(nng_aio_set_output(aio, 1, &data), NNG_OK);
	ck_assert(con_prov_finish(&p, NNG_OK));
	nng_aio_wait(aio);
	nng_sleep_aio(0, aio);
	nng_aio_wait(aio);
	ck_assert_ptr_null(nng_aio_get_output(aio, 1));
	con_prov_fini(&p);
}
END_TEST

/* An operation that ends while it is submitted. */
static void
submit_sync(nng_aio *a, nng_err err)
{
	nng_aio_reset(a);
	nng_aio_finish(a, err);
}

START_TEST(skip_says_false_at_once)
{
	bool skipped = true;

	nng_aio_skip_callback(aio, &skipped);
	ck_assert(!skipped);
}
END_TEST

START_TEST(either_it_is_skipped_or_the_callback_runs)
{
	bool skipped = true;
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_skip_callback(o.aio, &skipped);
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	ck_assert_uint_eq(latch_hits(&o.ran), skipped ? 0 : 1);
	ck_assert_int_eq(nng_aio_result(o.aio), NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(an_operation_that_ends_later_is_not_skipped)
{
	bool skipped = true;
	struct con_op o;
	struct con_prov p;

	con_op_init(&o, NULL, NULL);
	con_prov_init(&p, CON_HOOK_ENDS);
	nng_aio_skip_callback(o.aio, &skipped);
	ck_assert(con_prov_submit(&p, o.aio));
	ck_assert(!skipped);
	ck_assert(con_prov_finish(&p, NNG_OK));
	con_op_expect(&o, 1, NNG_OK);
	ck_assert(!skipped);
	con_prov_fini(&p);
	con_op_fini(&o);
}
END_TEST

START_TEST(skip_is_for_the_next_operation_only)
{
	bool skipped = false;
	struct con_op o;
	unsigned before;

	con_op_init(&o, NULL, NULL);
	nng_aio_skip_callback(o.aio, &skipped);
	nng_sleep_aio(0, o.aio);
	nng_aio_wait(o.aio);
	before = skipped ? 0 : 1;
	skipped = false;
	nng_sleep_aio(0, o.aio);
	con_op_expect(&o, before + 1, NNG_OK);
	ck_assert(!skipped);
	nng_sleep_aio(3, o.aio);
	con_op_expect(&o, before + 2, NNG_OK);
	con_op_fini(&o);
}
END_TEST

START_TEST(reset_forgets_a_request_to_skip)
{
	bool skipped = false;
	struct con_op o;

	con_op_init(&o, NULL, NULL);
	nng_aio_skip_callback(o.aio, &skipped);
	submit_sync(o.aio, NNG_OK);
	con_op_expect(&o, 1, NNG_OK);
	ck_assert(!skipped);
	con_op_fini(&o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/data");
	TCase *tc = con_case_bare(suite, "data");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, up_to_eight_pieces_are_taken, 1, 9);
	tcase_add_test(tc, more_pieces_are_refused_and_the_old_ones_stay);
	tcase_add_test(tc, the_array_is_copied);
	tcase_add_test(tc, pieces_stay_set_for_later_operations_until_replaced);
	tcase_add_test(tc, no_pieces_and_null_are_legal);
	tcase_add_test(tc, pieces_of_no_length_are_legal);
	tcase_add_test(tc, a_fresh_handle_has_no_pieces);
	tcase_add_test(tc, the_count_of_an_own_provider_is_zero);
	tcase_add_test(
	    tc, a_count_set_by_the_native_face_is_told_and_gone_next_time);
	tcase_add_test(tc, a_message_is_stored_and_survives_reset);
	tcase_add_test(
	    tc, a_message_survives_an_operation_that_does_not_use_it);
	tcase_add_test(tc, inputs_have_four_places_and_persist);
	tcase_add_loop_test(tc,
	    an_index_above_three_is_invalid_or_null_and_has_no_effect, 0,
	    (int)(sizeof(beyond) / sizeof(beyond[0])));
	tcase_add_test(tc, outputs_are_read_after_completion);
	tcase_add_test(tc, outputs_are_null_in_the_next_operation);
	tcase_add_test(tc, skip_says_false_at_once);
	tcase_add_test(tc, either_it_is_skipped_or_the_callback_runs);
	tcase_add_test(tc, an_operation_that_ends_later_is_not_skipped);
	tcase_add_test(tc, skip_is_for_the_next_operation_only);
	tcase_add_test(tc, reset_forgets_a_request_to_skip);
	return run_suite(suite);
}
