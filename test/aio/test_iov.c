/*
 * test_iov - vectors: what is accepted, and the cursor of an operation.
 */
#include "aio/consumer.h"
#include "aio/dice.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>

#include <check.h>
#include <limits.h>
#include <string.h>

static weir_aio *aio;
static char memory[4096];

static void
setup(void)
{
	rt_up(NULL);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
}

static void
teardown(void)
{
	weir_aio_free(aio);
	rt_down();
}

static void
begin(void)
{
	ck_assert_int_eq(weir_aio_reset(aio), WEIR_OK);
}

static void
end(void)
{
	ck_assert(weir_aio_finish(aio, WEIR_OK));
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
}

START_TEST(a_fresh_handle_has_an_empty_vector)
{
	weir_iov out[2];

	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), 0);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 2), 0);
	weir_aio_advance(aio, 10);
	ck_assert_uint_eq(weir_aio_get_count(aio), 0);
	end();
}
END_TEST

START_TEST(the_copy_takes_up_to_eight_pieces)
{
	weir_iov iov[WEIR_IOV_COPY_MAX + 1], out[WEIR_IOV_COPY_MAX];

	for (unsigned i = 0; i <= WEIR_IOV_COPY_MAX; i++) {
		iov[i] = (weir_iov){memory + 10 * i, i + 1};
	}
	ck_assert_int_eq(
	    weir_aio_set_iov(aio, WEIR_IOV_COPY_MAX, iov), WEIR_OK);
	/* Refused: the old vector stays. */
	ck_assert_int_eq(
	    weir_aio_set_iov(aio, WEIR_IOV_COPY_MAX + 1, iov), WEIR_EINVAL);
	memset(iov, 0, sizeof(iov)); /* it was copied */
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), 36);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, WEIR_IOV_COPY_MAX), 8);
	for (unsigned i = 0; i < WEIR_IOV_COPY_MAX; i++) {
		ck_assert_ptr_eq(out[i].iov_buf, memory + 10 * i);
		ck_assert_uint_eq(out[i].iov_len, i + 1);
	}
	end();
}
END_TEST

START_TEST(a_borrowed_vector_takes_up_to_1024_pieces)
{
	static weir_iov iov[WEIR_IOV_BORROW_MAX + 1];
	weir_iov out[3];

	for (unsigned i = 0; i <= WEIR_IOV_BORROW_MAX; i++) {
		iov[i] = (weir_iov){memory + i, 1};
	}
	ck_assert_int_eq(
	    weir_aio_borrow_iov(aio, WEIR_IOV_BORROW_MAX, iov), WEIR_OK);
	ck_assert_int_eq(weir_aio_borrow_iov(aio, WEIR_IOV_BORROW_MAX + 1, iov),
	    WEIR_EINVAL);
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), WEIR_IOV_BORROW_MAX);
	weir_aio_advance(aio, WEIR_IOV_BORROW_MAX - 2);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 3), 2);
	ck_assert_ptr_eq(out[1].iov_buf, memory + WEIR_IOV_BORROW_MAX - 1);
	end();
}
END_TEST

START_TEST(bad_vectors_are_refused_and_the_old_one_stays)
{
	const weir_iov good = {memory, 7};
	const weir_iov null_with_length = {NULL, 1};
	const weir_iov huge[2] = {{memory, SSIZE_MAX}, {memory, 1}};
	const weir_iov wraps[2] = {{memory, SIZE_MAX}, {memory, 1}};

	ck_assert_int_eq(weir_aio_set_iov(aio, 1, &good), WEIR_OK);
	for (int k = 0; k < 2; k++) {
		weir_err (*set)(weir_aio *, unsigned, const weir_iov *) =
		    k == 0 ? weir_aio_set_iov : weir_aio_borrow_iov;

		ck_assert_int_eq(set(aio, 1, NULL), WEIR_EINVAL);
		ck_assert_int_eq(set(aio, UINT_MAX, &good), WEIR_EINVAL);
		ck_assert_int_eq(set(aio, 1, &null_with_length), WEIR_EINVAL);
		ck_assert_int_eq(set(aio, 2, huge), WEIR_EINVAL);
		ck_assert_int_eq(set(aio, 2, wraps), WEIR_EINVAL);
		ck_assert_int_eq(set(aio, 1, wraps), WEIR_EINVAL);
	}
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), 7);
	end();
	/* Just as much as there can be. */
	ck_assert_int_eq(weir_aio_set_iov(aio, 1, huge), WEIR_OK);
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), SSIZE_MAX);
	end();
}
END_TEST

START_TEST(empty_pieces_are_allowed_and_left_out)
{
	const weir_iov iov[5] = {{NULL, 0}, {memory, 2}, {memory + 9, 0},
	    {memory + 5, 3}, {NULL, 0}};
	weir_iov out[5];

	ck_assert_int_eq(weir_aio_set_iov(aio, 5, iov), WEIR_OK);
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), 5);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 5), 2);
	ck_assert_ptr_eq(out[0].iov_buf, memory);
	ck_assert_uint_eq(out[0].iov_len, 2);
	ck_assert_ptr_eq(out[1].iov_buf, memory + 5);
	ck_assert_uint_eq(out[1].iov_len, 3);
	weir_aio_advance(aio, 2);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 5), 1);
	ck_assert_ptr_eq(out[0].iov_buf, memory + 5);
	end();
	/* None at all. */
	ck_assert_int_eq(weir_aio_set_iov(aio, 0, NULL), WEIR_OK);
	begin();
	ck_assert_uint_eq(weir_aio_iov_len(aio), 0);
	end();
	ck_assert_int_eq(weir_aio_borrow_iov(aio, 0, NULL), WEIR_OK);
}
END_TEST

START_TEST(get_iov_gives_no_more_than_asked_for)
{
	const weir_iov iov[3] = {{memory, 2}, {memory + 5, 3}, {memory + 9, 1}};
	weir_iov out[3] = {{&aio, 99}, {&aio, 99}, {&aio, 99}};

	ck_assert_int_eq(weir_aio_set_iov(aio, 3, iov), WEIR_OK);
	begin();
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 0), 0);
	ck_assert_uint_eq(weir_aio_get_iov(aio, out, 2), 2);
	ck_assert_uint_eq(out[2].iov_len, 99);
	end();
}
END_TEST

START_TEST(advance_is_cut_to_what_is_left)
{
	const weir_iov iov[2] = {{memory, 2}, {memory + 5, 3}};

	ck_assert_int_eq(weir_aio_set_iov(aio, 2, iov), WEIR_OK);
	begin();
	weir_aio_advance(aio, 0);
	ck_assert_uint_eq(weir_aio_iov_len(aio), 5);
	weir_aio_advance(aio, SIZE_MAX);
	ck_assert_uint_eq(weir_aio_iov_len(aio), 0);
	ck_assert_uint_eq(weir_aio_get_count(aio), 5);
	weir_aio_advance(aio, 1);
	ck_assert_uint_eq(weir_aio_get_count(aio), 5);
	end();
	ck_assert_uint_eq(weir_aio_count(aio), 5);
}
END_TEST

START_TEST(the_next_operation_has_the_whole_vector_again)
{
	const weir_iov iov[2] = {{memory, 2}, {memory + 5, 3}};

	ck_assert_int_eq(weir_aio_set_iov(aio, 2, iov), WEIR_OK);
	for (int i = 0; i < 3; i++) {
		begin();
		ck_assert_uint_eq(weir_aio_iov_len(aio), 5);
		weir_aio_advance(aio, 3);
		ck_assert_uint_eq(weir_aio_iov_len(aio), 2);
		end();
	}
}
END_TEST

START_TEST(a_vector_set_after_an_operation_is_whole_at_once)
{
	const weir_iov big = {memory, 100}, small = {memory, 3};

	ck_assert_int_eq(weir_aio_set_iov(aio, 1, &big), WEIR_OK);
	begin();
	weir_aio_advance(aio, 50);
	end();
	ck_assert_int_eq(weir_aio_set_iov(aio, 1, &small), WEIR_OK);
	ck_assert_uint_eq(weir_aio_iov_len(aio), 3);
}
END_TEST

/* Against bytes laid out one by one. */
static void
compare(const weir_iov *iov, unsigned n, size_t done)
{
	weir_iov out[WEIR_IOV_COPY_MAX];
	unsigned pieces = weir_aio_get_iov(aio, out, WEIR_IOV_COPY_MAX);
	size_t at = 0;
	unsigned piece = 0;
	size_t in_piece = 0;

	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < iov[i].iov_len; k++, at++) {
			if (at < done) {
				continue;
			}
			ck_assert_uint_lt(piece, pieces);
			ck_assert_ptr_eq((char *)out[piece].iov_buf + in_piece,
			    (char *)iov[i].iov_buf + k);
			if (++in_piece == out[piece].iov_len) {
				piece++;
				in_piece = 0;
			}
		}
	}
	ck_assert_uint_eq(piece, pieces);
	ck_assert_uint_eq(in_piece, 0);
	ck_assert_uint_eq(weir_aio_iov_len(aio), at - done);
}

START_TEST(random_vectors_and_steps_agree_with_a_model)
{
	struct dice d;

	dice_init(&d, 0);
	for (int round = 0; round < 2000; round++) {
		weir_iov iov[WEIR_IOV_COPY_MAX];
		unsigned n = dice_roll(&d, WEIR_IOV_COPY_MAX + 1);
		size_t sum = 0;
		size_t done = 0;

		for (unsigned i = 0; i < n; i++) {
			iov[i].iov_buf = memory + dice_roll(&d, 2000);
			iov[i].iov_len =
			    dice_roll(&d, 4) == 0 ? 0 : dice_roll(&d, 50);
			sum += iov[i].iov_len;
		}
		if (round % 2 == 0) {
			ck_assert_int_eq(
			    weir_aio_set_iov(aio, n, iov), WEIR_OK);
		} else {
			ck_assert_int_eq(
			    weir_aio_borrow_iov(aio, n, iov), WEIR_OK);
		}
		begin();
		for (int step = 0; step < 10; step++) {
			size_t by = dice_roll(&d, 40);

			weir_aio_advance(aio, by);
			done = done + by < sum ? done + by : sum;
			ck_assert_uint_eq(weir_aio_get_count(aio), done);
			compare(iov, n, done);
		}
		end();
	}
	ck_assert_int_eq(weir_aio_set_iov(aio, 0, NULL), WEIR_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("iov");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_fresh_handle_has_an_empty_vector);
	tcase_add_test(tc, the_copy_takes_up_to_eight_pieces);
	tcase_add_test(tc, a_borrowed_vector_takes_up_to_1024_pieces);
	tcase_add_test(tc, bad_vectors_are_refused_and_the_old_one_stays);
	tcase_add_test(tc, empty_pieces_are_allowed_and_left_out);
	tcase_add_test(tc, get_iov_gives_no_more_than_asked_for);
	tcase_add_test(tc, advance_is_cut_to_what_is_left);
	tcase_add_test(tc, the_next_operation_has_the_whole_vector_again);
	tcase_add_test(tc, a_vector_set_after_an_operation_is_whole_at_once);
	tcase_add_test(tc, random_vectors_and_steps_agree_with_a_model);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
