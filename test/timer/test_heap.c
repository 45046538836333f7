/*
 * test_heap - the heap of deadlines against a sorted model.
 */
#include "aio/dice.h"
#include "support/run.h"
#include "timer/heap.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CAP 3000

static struct wri_deadline deadlines[CAP];
static struct wri_heap_entry entries[CAP];
static struct wri_heap heap;
static uint64_t model[CAP];
static size_t model_len;
static struct dice dice;

static void
setup(void)
{
	heap = (struct wri_heap){entries, 0, CAP};
	memset(deadlines, 0, sizeof(deadlines));
	model_len = 0;
	dice_init(&dice, 0);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Each entry: not before its parent, and its deadline knows where it is. */
static void
check_heap(void)
{
	size_t in = 0;

	for (size_t i = 0; i < heap.len; i++) {
		ck_assert_uint_eq(heap.entries[i].d->place, i + 1);
		if (i > 0) {
			ck_assert_uint_ge(
			    heap.entries[i].key, heap.entries[(i - 1) / 4].key);
		}
	}
	for (size_t i = 0; i < CAP; i++) {
		in += deadlines[i].place != 0;
	}
	ck_assert_uint_eq(in, heap.len);
}

/* Any that is not in. */
static void
push(uint64_t key)
{
	size_t i = dice_roll(&dice, CAP);

	while (deadlines[i].place != 0) {
		i = (i + 1) % CAP;
	}
	wri_heap_push(&heap, &deadlines[i], key);
	model[model_len++] = key;
}

static void
drop_from_model(size_t i)
{
	model_len--;
	memmove(&model[i], &model[i + 1], (model_len - i) * sizeof(model[0]));
	ck_assert_uint_eq(heap.len, model_len);
}

static void
pop(void)
{
	qsort(model, model_len, sizeof(model[0]), compare);
	ck_assert_uint_eq(heap.entries[0].key, model[0]);
	wri_heap_remove(&heap, heap.entries[0].d);
	drop_from_model(0);
}

/* Any that is in. */
static void
take_out(void)
{
	size_t i = dice_roll(&dice, CAP);
	size_t at = 0;

	while (deadlines[i].place == 0) {
		i = (i + 1) % CAP;
	}
	while (model[at] != heap.entries[deadlines[i].place - 1].key) {
		at++;
	}
	wri_heap_remove(&heap, &deadlines[i]);
	drop_from_model(at);
}

START_TEST(what_is_pushed_in_any_order_is_popped_by_time)
{
	static const char *const orders[] = {"up", "down", "equal", "random"};

	for (unsigned k = 0; k < 4; k++) {
		for (uint64_t i = 0; i < 200; i++) {
			push(orders[k][0] == 'u'   ? i
			     : orders[k][0] == 'd' ? 1000 - i
			     : orders[k][0] == 'e' ? 7
						   : dice_roll(&dice, 90));
			check_heap();
		}
		while (heap.len > 0) {
			pop();
		}
	}
}
END_TEST

START_TEST(random_pushes_and_pops_agree_with_a_sorted_model)
{
	for (int round = 0; round < 4000; round++) {
		uint32_t grow = round / 500 % 2 == 0 ? 3 : 1;

		if (heap.len == 0 || dice_roll(&dice, 4) < grow) {
			push(dice_roll(&dice, 1000));
		} else {
			pop();
		}
	}
	while (heap.len > 0) {
		pop();
	}
}
END_TEST

START_TEST(it_holds_as_much_as_it_has_room_for)
{
	for (uint64_t i = 0; i < CAP; i++) {
		push(UINT64_MAX - i * 3);
	}
	ck_assert_uint_eq(heap.len, CAP);
	for (int i = 0; i < 20; i++) {
		pop();
	}
}
END_TEST

START_TEST(what_is_taken_out_anywhere_leaves_the_order)
{
	for (int round = 0; round < 2000; round++) {
		uint32_t what = dice_roll(&dice, 4);

		if (heap.len == 0 || what < 2) {
			push(dice_roll(&dice, 100));
		} else if (what == 2) {
			take_out();
		} else {
			pop();
		}
		check_heap();
	}
	while (heap.len > 0) {
		take_out();
	}
	check_heap();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timer");
	TCase *tc = tcase_create("heap");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, what_is_pushed_in_any_order_is_popped_by_time);
	tcase_add_test(tc, random_pushes_and_pops_agree_with_a_sorted_model);
	tcase_add_test(tc, it_holds_as_much_as_it_has_room_for);
	tcase_add_test(tc, what_is_taken_out_anywhere_leaves_the_order);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
