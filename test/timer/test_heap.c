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

static struct wri_heap_entry entries[CAP];
static struct wri_heap heap;
static uint64_t model[CAP];
static size_t model_len;
static struct dice dice;

static void
setup(void)
{
	heap = (struct wri_heap){entries, 0, CAP};
	model_len = 0;
	dice_init(&dice, 0);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The payload of a key, to see that the two stay together. */
static struct wri_deadline *
payload(uint64_t key)
{
	return (struct wri_deadline *)(uintptr_t)(key * 2 + 1);
}

static void
push(uint64_t key)
{
	wri_heap_push(&heap, key, payload(key));
	model[model_len++] = key;
}

static void
pop(void)
{
	struct wri_heap_entry e;

	qsort(model, model_len, sizeof(model[0]), compare);
	e = wri_heap_pop(&heap);
	ck_assert_uint_eq(e.key, model[0]);
	ck_assert_ptr_eq(e.d, payload(e.key));
	model_len--;
	memmove(&model[0], &model[1], model_len * sizeof(model[0]));
	ck_assert_uint_eq(heap.len, model_len);
}

/* The earliest is on top, always. */
static void
check_top(void)
{
	for (size_t i = 1; i < heap.len; i++) {
		ck_assert_uint_le(heap.entries[0].key, heap.entries[i].key);
	}
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
			check_top();
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

static bool
keep_some(struct wri_heap_entry *e, void *arg)
{
	uint64_t by = *(uint64_t *)arg;

	return by == 0 ? false : e->key % by != 0;
}

START_TEST(a_filter_drops_what_it_refuses_and_keeps_the_order)
{
	static uint64_t bys[] = {2, 3, 7, 1, 0, UINT64_MAX};

	for (int round = 0; round < 200; round++) {
		uint64_t by = bys[round % 6];
		size_t n = dice_roll(&dice, 60);
		size_t kept = 0;

		for (size_t i = 0; i < n; i++) {
			push(1 + dice_roll(&dice, 500));
		}
		wri_heap_filter(&heap, keep_some, &by);
		for (size_t i = 0; i < model_len; i++) {
			if (by != 0 && model[i] % by != 0) {
				model[kept++] = model[i];
			}
		}
		model_len = kept;
		ck_assert_uint_eq(heap.len, model_len);
		check_top();
		while (heap.len > 0) {
			pop();
		}
	}
}
END_TEST

/* The expiry thread lowers keys of what it keeps: to zero, due at once. */
static bool
keep_and_lower(struct wri_heap_entry *e, void *arg)
{
	(void)arg;
	if (e->key % 2 == 0) {
		e->key = 0;
		e->d = payload(0);
	}
	return true;
}

START_TEST(a_filter_may_change_the_keys_it_keeps)
{
	for (size_t n = 0; n < 100; n++) {
		for (size_t i = 0; i < n; i++) {
			push(1 + dice_roll(&dice, 500));
		}
		wri_heap_filter(&heap, keep_and_lower, NULL);
		for (size_t i = 0; i < model_len; i++) {
			model[i] = model[i] % 2 == 0 ? 0 : model[i];
		}
		while (heap.len > 0) {
			pop();
		}
	}
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
	tcase_add_test(tc, a_filter_drops_what_it_refuses_and_keeps_the_order);
	tcase_add_test(tc, a_filter_may_change_the_keys_it_keeps);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
