/*
 * conform_idmap - section 21: the map of ids.
 */
#include "conform/con.h"

#define MANY 3000

static nng_id_map *map;
static int values[MANY];

static void
setup(void)
{
	ck_assert_int_eq(nng_id_map_alloc(&map, 100, 104, 0), NNG_OK);
}

static void
teardown(void)
{
	nng_id_map_free(map);
}

START_TEST(an_id_gives_its_value_or_null)
{
	ck_assert_ptr_null(nng_id_get(map, 1));
	ck_assert_int_eq(nng_id_set(map, 1, &values[1]), NNG_OK);
	ck_assert_ptr_eq(nng_id_get(map, 1), &values[1]);
	ck_assert_ptr_null(nng_id_get(map, 2));
}
END_TEST

START_TEST(set_replaces)
{
	ck_assert_int_eq(nng_id_set(map, 1, &values[1]), NNG_OK);
	ck_assert_int_eq(nng_id_set(map, 1, &values[2]), NNG_OK);
	ck_assert_ptr_eq(nng_id_get(map, 1), &values[2]);
	ck_assert_int_eq(nng_id_remove(map, 1), NNG_OK);
	ck_assert_ptr_null(nng_id_get(map, 1));
}
END_TEST

START_TEST(any_64_bits_are_an_id_also_outside_the_range)
{
	static const uint64_t ids[] = {0, 1, 99, 100, 104, 105, UINT32_MAX,
	    UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, INT64_MAX, UINT64_MAX};
	const unsigned n = sizeof(ids) / sizeof(ids[0]);

	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(nng_id_set(map, ids[i], &values[i]), NNG_OK);
	}
	for (unsigned i = 0; i < n; i++) {
		ck_assert_ptr_eq(nng_id_get(map, ids[i]), &values[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		ck_assert_int_eq(nng_id_remove(map, ids[i]), NNG_OK);
		ck_assert_ptr_null(nng_id_get(map, ids[i]));
	}
}
END_TEST

START_TEST(ids_are_given_in_order_within_the_range)
{
	for (unsigned i = 0; i < 5; i++) {
		uint64_t id = 0;

		ck_assert_int_eq(nng_id_alloc(map, &id, &values[i]), NNG_OK);
		ck_assert_uint_eq(id, 100 + i);
		ck_assert_ptr_eq(nng_id_get(map, id), &values[i]);
	}
}
END_TEST

START_TEST(a_full_range_has_no_space_and_nothing_is_written)
{
	uint64_t id = 0;

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(nng_id_alloc(map, &id, &values[i]), NNG_OK);
	}
	id = 4711;
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[5]), NNG_ENOSPC);
	ck_assert_uint_eq(id, 4711);
	/* Outside the range there is still room. */
	ck_assert_int_eq(nng_id_set(map, 105, &values[6]), NNG_OK);
	ck_assert_int_eq(nng_id_remove(map, 102), NNG_OK);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[5]), NNG_OK);
	ck_assert_uint_eq(id, 102);
}
END_TEST

START_TEST(ids_go_on_upwards_and_wrap_at_the_end)
{
	uint64_t id = 0;

	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_id_alloc(map, &id, &values[i]), NNG_OK);
	}
	ck_assert_int_eq(nng_id_remove(map, 100), NNG_OK);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[3]), NNG_OK);
	ck_assert_uint_eq(id, 103);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[4]), NNG_OK);
	ck_assert_uint_eq(id, 104);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[5]), NNG_OK);
	ck_assert_uint_eq(id, 100);
}
END_TEST

START_TEST(ids_that_were_set_by_hand_are_passed_over)
{
	uint64_t id = 0;

	ck_assert_int_eq(nng_id_set(map, 100, &values[0]), NNG_OK);
	ck_assert_int_eq(nng_id_set(map, 101, &values[0]), NNG_OK);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[1]), NNG_OK);
	ck_assert_uint_eq(id, 102);
	ck_assert_ptr_eq(nng_id_get(map, 100), &values[0]);
}
END_TEST

START_TEST(a_search_for_a_free_id_wraps_at_the_end)
{
	uint64_t id = 0;

	/* The end of the range is taken, by hand. */
	ck_assert_int_eq(nng_id_set(map, 103, &values[0]), NNG_OK);
	ck_assert_int_eq(nng_id_set(map, 104, &values[0]), NNG_OK);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(nng_id_alloc(map, &id, &values[i]), NNG_OK);
		ck_assert_uint_eq(id, 100 + i);
	}
	ck_assert_int_eq(nng_id_remove(map, 101), NNG_OK);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[3]), NNG_OK);
	ck_assert_uint_eq(id, 101);
	ck_assert_int_eq(nng_id_alloc(map, &id, &values[4]), NNG_ENOSPC);
}
END_TEST

START_TEST(removing_what_is_not_there_is_no_entry)
{
	ck_assert_int_eq(nng_id_remove(map, 100), NNG_ENOENT);
	ck_assert_int_eq(nng_id_set(map, 100, &values[0]), NNG_OK);
	ck_assert_int_eq(nng_id_remove(map, 100), NNG_OK);
	ck_assert_int_eq(nng_id_remove(map, 100), NNG_ENOENT);
}
END_TEST

START_TEST(visiting_meets_each_entry_once)
{
	bool met[20] = {false};
	uint32_t cursor = 0;
	unsigned n = 0;
	uint64_t id;
	void *value;

	for (unsigned i = 0; i < 20; i++) {
		ck_assert_int_eq(
		    nng_id_set(map, 7 + 1000 * i, &values[i]), NNG_OK);
	}
	while (nng_id_visit(map, &id, &value, &cursor)) {
		ck_assert_uint_eq(id % 1000, 7);
		ck_assert_uint_lt(id / 1000, 20);
		ck_assert(!met[id / 1000]);
		met[id / 1000] = true;
		ck_assert_ptr_eq(value, &values[id / 1000]);
		n++;
	}
	ck_assert_uint_eq(n, 20);
}
END_TEST

START_TEST(an_empty_map_has_nothing_to_visit)
{
	uint32_t cursor = 0;
	uint64_t id;
	void *value;

	ck_assert(!nng_id_visit(map, &id, &value, &cursor));
	ck_assert_int_eq(nng_id_set(map, 3, &values[3]), NNG_OK);
	ck_assert_int_eq(nng_id_remove(map, 3), NNG_OK);
	cursor = 0;
	ck_assert(!nng_id_visit(map, &id, &value, &cursor));
}
END_TEST

START_TEST(removing_while_visiting_is_legal)
{
	uint32_t cursor = 0;
	unsigned n = 0;
	uint64_t id;
	void *value;

	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_int_eq(nng_id_set(map, i * 3, &values[i]), NNG_OK);
	}
	while (nng_id_visit(map, &id, &value, &cursor)) {
		ck_assert_int_eq(nng_id_remove(map, id), NNG_OK);
		n++;
	}
	ck_assert_uint_eq(n, MANY);
	cursor = 0;
	ck_assert(!nng_id_visit(map, &id, &value, &cursor));
}
END_TEST

START_TEST(both_bounds_zero_are_the_32_bit_range)
{
	nng_id_map *m;
	uint64_t id;

	ck_assert_int_eq(nng_id_map_alloc(&m, 0, 0, 0), NNG_OK);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(nng_id_alloc(m, &id, &values[i]), NNG_OK);
		/* From 0 by the manual, from 1 in fact. */
		ck_assert_uint_le(id, i + 1);
	}
	nng_id_map_free(m);
}
END_TEST

START_TEST(random_maps_begin_anywhere_and_wrap)
{
	uint64_t first[16];
	unsigned same = 0;

	for (unsigned i = 0; i < 16; i++) {
		nng_id_map *m;

		ck_assert_int_eq(
		    nng_id_map_alloc(&m, 10, UINT32_MAX, NNG_MAP_RANDOM), 0);
		ck_assert_int_eq(nng_id_alloc(m, &first[i], &values[0]), 0);
		ck_assert_uint_ge(first[i], 10);
		ck_assert_uint_le(first[i], UINT32_MAX);
		nng_id_map_free(m);
		same += i > 0 && first[i] == first[0];
	}
	ck_assert_uint_le(same, 1);
	nng_id_map *m;
	uint64_t id;

	ck_assert_int_eq(nng_id_map_alloc(&m, 5, 8, NNG_MAP_RANDOM), NNG_OK);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(nng_id_alloc(m, &id, &values[i]), NNG_OK);
		ck_assert(id >= 5 && id <= 8);
	}
	ck_assert_int_eq(nng_id_alloc(m, &id, &values[4]), NNG_ENOSPC);
	nng_id_map_free(m);
}
END_TEST

START_TEST(wide_ranges_and_high_ids_work)
{
	nng_id_map *m;
	uint64_t id;

	ck_assert_int_eq(
	    nng_id_map_alloc(&m, UINT64_MAX - 1, UINT64_MAX, 0), NNG_OK);
	ck_assert_int_eq(nng_id_alloc(m, &id, &values[0]), NNG_OK);
	ck_assert_uint_eq(id, UINT64_MAX - 1);
	ck_assert_int_eq(nng_id_alloc(m, &id, &values[1]), NNG_OK);
	ck_assert_uint_eq(id, UINT64_MAX);
	ck_assert_int_eq(nng_id_alloc(m, &id, &values[2]), NNG_ENOSPC);
	nng_id_map_free(m);
}
END_TEST

START_TEST(a_map_grows_and_shrinks_with_chance)
{
	struct con_rand r = {.state = 42};
	static bool in[MANY];

	for (unsigned i = 0; i < MANY; i++) {
		in[i] = false;
	}
	for (int step = 0; step < 20000; step++) {
		uint32_t i = con_rand_below(&r, MANY);
		uint64_t id = (uint64_t)i * 0x100001;

		ck_assert_ptr_eq(
		    nng_id_get(map, id), in[i] ? &values[i] : NULL);
		if (con_rand_below(&r, 2) == 0) {
			ck_assert_int_eq(nng_id_set(map, id, &values[i]), 0);
			in[i] = true;
		} else {
			ck_assert_int_eq(nng_id_remove(map, id),
			    in[i] ? NNG_OK : NNG_ENOENT);
			in[i] = false;
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/idmap");
	TCase *tc = con_case_bare(suite, "idmap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_id_gives_its_value_or_null);
	tcase_add_test(tc, set_replaces);
	tcase_add_test(tc, any_64_bits_are_an_id_also_outside_the_range);
	tcase_add_test(tc, ids_are_given_in_order_within_the_range);
	tcase_add_test(tc, a_full_range_has_no_space_and_nothing_is_written);
	tcase_add_test(tc, ids_go_on_upwards_and_wrap_at_the_end);
	tcase_add_test(tc, ids_that_were_set_by_hand_are_passed_over);
	tcase_add_test(tc, a_search_for_a_free_id_wraps_at_the_end);
	tcase_add_test(tc, removing_what_is_not_there_is_no_entry);
	tcase_add_test(tc, visiting_meets_each_entry_once);
	tcase_add_test(tc, an_empty_map_has_nothing_to_visit);
	tcase_add_test(tc, removing_while_visiting_is_legal);
	tcase_add_test(tc, both_bounds_zero_are_the_32_bit_range);
	tcase_add_test(tc, random_maps_begin_anywhere_and_wrap);
	tcase_add_test(tc, wide_ranges_and_high_ids_work);
	tcase_add_test(tc, a_map_grows_and_shrinks_with_chance);
	return run_suite(suite);
}
