/*
 * test_nng_idmap - numbers to pointers, also against a model.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <check.h>
#include <string.h>

static char values[4096]; /* to point at */

static nng_id_map *
new_map(uint64_t lo, uint64_t hi, int flags)
{
	nng_id_map *map = NULL;

	ck_assert_int_eq(nng_id_map_alloc(&map, lo, hi, flags), 0);
	ck_assert_ptr_nonnull(map);
	return map;
}

START_TEST(what_is_set_can_be_got_replaced_and_removed)
{
	static const uint64_t ids[] = {
	    0, 1, 2, UINT32_MAX, UINT64_C(1) << 40, UINT64_MAX};
	nng_id_map *map = new_map(10, 20, 0);

	ck_assert_ptr_null(nng_id_get(map, 0));
	ck_assert_int_eq(nng_id_remove(map, 0), NNG_ENOENT);
	for (unsigned i = 0; i < 6; i++) { /* also outside the range */
		ck_assert_int_eq(nng_id_set(map, ids[i], &values[i]), 0);
	}
	for (unsigned i = 0; i < 6; i++) {
		ck_assert_ptr_eq(nng_id_get(map, ids[i]), &values[i]);
		ck_assert_int_eq(nng_id_set(map, ids[i], &values[100]), 0);
		ck_assert_ptr_eq(nng_id_get(map, ids[i]), &values[100]);
		ck_assert_int_eq(nng_id_remove(map, ids[i]), 0);
		ck_assert_ptr_null(nng_id_get(map, ids[i]));
		ck_assert_int_eq(nng_id_remove(map, ids[i]), NNG_ENOENT);
	}
	ck_assert_int_eq(nng_id_set(map, 1, NULL), NNG_EINVAL);
	nng_id_map_free(map);
	nng_id_map_free(NULL);
}
END_TEST

START_TEST(automatic_ids_increase_and_wrap_and_skip_what_is_taken)
{
	nng_id_map *map = new_map(10, 13, 0);
	uint64_t id = 0;

	ck_assert_int_eq(nng_id_set(map, 11, values), 0);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 10);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 12);
	ck_assert_int_eq(nng_id_remove(map, 10), 0);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 13); /* not the one just freed */
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 10);
	id = 99;
	ck_assert_int_eq(nng_id_alloc(map, &id, values), NNG_ENOSPC);
	ck_assert_uint_eq(id, 99);
	ck_assert_int_eq(nng_id_set(map, 50, values), 0); /* outside */
	ck_assert_int_eq(nng_id_remove(map, 50), 0);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), NNG_ENOSPC);
	ck_assert_int_eq(nng_id_remove(map, 12), 0);
	ck_assert_int_eq(nng_id_alloc(map, &id, NULL), NNG_EINVAL);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 12);
	nng_id_map_free(map);
}
END_TEST

START_TEST(the_default_range_begins_with_1)
{
	nng_id_map *map = new_map(0, 0, 0);
	uint64_t id;

	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 1);
	nng_id_map_free(map);
}
END_TEST

START_TEST(the_widest_range_works)
{
	nng_id_map *map = new_map(0, UINT64_MAX, 0);
	uint64_t id;

	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, 0);
	nng_id_map_free(map);
	map = new_map(UINT64_MAX, UINT64_MAX, 0);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	ck_assert_uint_eq(id, UINT64_MAX);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), NNG_ENOSPC);
	nng_id_map_free(map);
	map = new_map(0, UINT64_MAX, NNG_MAP_RANDOM);
	ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
	nng_id_map_free(map);
}
END_TEST

START_TEST(random_beginnings_lie_in_the_range_and_differ)
{
	bool seen[8] = {false};
	unsigned kinds = 0;

	for (int i = 0; i < 200; i++) {
		nng_id_map *map = new_map(100, 107, NNG_MAP_RANDOM);
		uint64_t id;

		ck_assert_int_eq(nng_id_alloc(map, &id, values), 0);
		ck_assert(id >= 100 && id <= 107);
		kinds += !seen[id - 100];
		seen[id - 100] = true;
		nng_id_map_free(map);
	}
	ck_assert_uint_eq(kinds, 8);
}
END_TEST

START_TEST(a_range_upside_down_is_refused)
{
	nng_id_map *const none = (nng_id_map *)(void *)values;
	nng_id_map *map = none;

	ck_assert_int_eq(nng_id_map_alloc(&map, 2, 1, 0), NNG_EINVAL);
	ck_assert_ptr_eq(map, none);
}
END_TEST

START_TEST(a_visit_meets_each_entry_once_also_when_it_removes)
{
	nng_id_map *map = new_map(0, 0, 0);
	bool seen[1000] = {false};
	uint32_t cursor = 0;
	unsigned met = 0;
	uint64_t id;
	void *value;

	ck_assert(!nng_id_visit(map, &id, &value, &cursor));
	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(nng_id_set(map, i * 8192, &values[i]), 0);
	}
	cursor = 0;
	while (nng_id_visit(map, &id, &value, &cursor)) {
		ck_assert_ptr_eq(value, &values[id / 8192]);
		ck_assert(!seen[id / 8192]);
		seen[id / 8192] = true;
		met++;
		ck_assert_int_eq(nng_id_remove(map, id), 0);
	}
	ck_assert_uint_eq(met, 1000);
	cursor = 0;
	ck_assert(!nng_id_visit(map, &id, &value, &cursor));
	nng_id_map_free(map);
}
END_TEST

/* xorshift: the same ids each time. */
static uint32_t
dice(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

#define IDS 512

START_TEST(it_agrees_with_an_array)
{
	void *model[IDS] = {NULL};
	nng_id_map *map = new_map(1, 5, 0);

	for (unsigned step = 0; step < 50000; step++) {
		uint64_t i = dice() % IDS;
		uint64_t id = i << (i % 7 * 8);

		switch (dice() % 3) {
		case 0:
			model[i] = &values[step % sizeof(values)];
			ck_assert_int_eq(nng_id_set(map, id, model[i]), 0);
			break;
		case 1:
			ck_assert_int_eq(nng_id_remove(map, id),
			    model[i] != NULL ? 0 : NNG_ENOENT);
			model[i] = NULL;
			break;
		default:
			ck_assert_ptr_eq(nng_id_get(map, id), model[i]);
			break;
		}
	}
	nng_id_map_free(map);
}
END_TEST

static Suite *
idmap_suite(void)
{
	Suite *s = suite_create("nng_idmap");
	TCase *tc = tcase_create("idmap");

	tcase_add_test(tc, what_is_set_can_be_got_replaced_and_removed);
	tcase_add_test(
	    tc, automatic_ids_increase_and_wrap_and_skip_what_is_taken);
	tcase_add_test(tc, the_default_range_begins_with_1);
	tcase_add_test(tc, the_widest_range_works);
	tcase_add_test(tc, random_beginnings_lie_in_the_range_and_differ);
	tcase_add_test(tc, a_range_upside_down_is_refused);
	tcase_add_test(tc, a_visit_meets_each_entry_once_also_when_it_removes);
	tcase_add_test(tc, it_agrees_with_an_array);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(idmap_suite());
}
