/*
 * test_aioq - queues of operations, against a model.
 */
#include "aio/dice.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>

#include <check.h>
#include <string.h>

#define MANY 20

static weir_aio *aios[MANY];

static void
setup(void)
{
	rt_up(NULL);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(weir_aio_alloc(&aios[i], NULL, NULL), WEIR_OK);
		ck_assert_int_eq(weir_aio_reset(aios[i]), WEIR_OK);
	}
}

static void
teardown(void)
{
	for (int i = 0; i < MANY; i++) {
		ck_assert(weir_aio_finish(aios[i], WEIR_OK));
		weir_aio_free(aios[i]);
	}
	rt_down();
}

START_TEST(zero_is_the_empty_queue)
{
	weir_aioq q = {0};

	ck_assert_ptr_null(weir_aioq_first(&q));
	ck_assert_ptr_null(weir_aioq_pop(&q));
	ck_assert(!weir_aioq_remove(&q, aios[0]));
}
END_TEST

START_TEST(first_in_first_out)
{
	weir_aioq q = {0};

	for (int i = 0; i < MANY; i++) {
		weir_aioq_push(&q, aios[i]);
		ck_assert_ptr_eq(weir_aioq_first(&q), aios[0]);
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert_ptr_eq(weir_aioq_first(&q), aios[i]);
		ck_assert_ptr_eq(weir_aioq_pop(&q), aios[i]);
	}
	ck_assert_ptr_null(weir_aioq_pop(&q));
}
END_TEST

START_TEST(remove_knows_what_is_in_which_queue)
{
	weir_aioq q = {0}, r = {0};

	weir_aioq_push(&q, aios[0]);
	weir_aioq_push(&q, aios[1]);
	weir_aioq_push(&r, aios[2]);
	ck_assert(!weir_aioq_remove(&r, aios[0]));
	ck_assert(!weir_aioq_remove(&q, aios[2]));
	ck_assert(weir_aioq_remove(&q, aios[0]));
	ck_assert(!weir_aioq_remove(&q, aios[0]));
	ck_assert_ptr_eq(weir_aioq_pop(&q), aios[1]);
	ck_assert(!weir_aioq_remove(&q, aios[1]));
	ck_assert(weir_aioq_remove(&r, aios[2]));
	ck_assert_ptr_null(weir_aioq_first(&q));
	ck_assert_ptr_null(weir_aioq_first(&r));
	/* Out of one, into the other. */
	weir_aioq_push(&r, aios[0]);
	ck_assert_ptr_eq(weir_aioq_pop(&r), aios[0]);
}
END_TEST

START_TEST(random_moves_agree_with_a_model)
{
	weir_aioq q = {0};
	weir_aio *model[MANY];
	int len = 0;
	struct dice d;

	dice_init(&d, 0);
	for (int round = 0; round < 50000; round++) {
		weir_aio *aio = aios[dice_roll(&d, MANY)];
		int at = 0;

		while (at < len && model[at] != aio) {
			at++;
		}
		switch (dice_roll(&d, 3)) {
		case 0:
			if (at == len) {
				weir_aioq_push(&q, aio);
				model[len++] = aio;
			}
			break;
		case 1:
			ck_assert_int_eq(weir_aioq_remove(&q, aio), at < len);
			if (at < len) {
				len--;
				memmove(&model[at], &model[at + 1],
				    (size_t)(len - at) * sizeof(model[0]));
			}
			break;
		default:
			aio = weir_aioq_pop(&q);
			ck_assert_ptr_eq(aio, len > 0 ? model[0] : NULL);
			if (len > 0) {
				len--;
				memmove(&model[0], &model[1],
				    (size_t)len * sizeof(model[0]));
			}
			break;
		}
		ck_assert_ptr_eq(
		    weir_aioq_first(&q), len > 0 ? model[0] : NULL);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("aioq");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, zero_is_the_empty_queue);
	tcase_add_test(tc, first_in_first_out);
	tcase_add_test(tc, remove_knows_what_is_in_which_queue);
	tcase_add_test(tc, random_moves_agree_with_a_model);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
