/*
 * conform_header - section 10: the header of a message.
 */
#include "conform/con.h"

#include <string.h>

/* All of it. */
#define HEADER_MAX 64

static nng_msg *msg;

static void
setup(void)
{
	ck_assert_int_eq(nng_msg_alloc(&msg, 3), NNG_OK);
	memcpy(nng_msg_body(msg), "xyz", 3);
}

static void
teardown(void)
{
	/* Whatever the header saw, the body is as it was. */
	ck_assert_uint_eq(nng_msg_len(msg), 3);
	ck_assert_int_eq(memcmp(nng_msg_body(msg), "xyz", 3), 0);
	nng_msg_free(msg);
}

static void
expect_header(const char *want)
{
	ck_assert_uint_eq(nng_msg_header_len(msg), strlen(want));
	ck_assert_int_eq(memcmp(nng_msg_header(msg), want, strlen(want)), 0);
}

START_TEST(append_is_at_the_end_and_insert_at_the_front)
{
	ck_assert_int_eq(nng_msg_header_append(msg, "cd", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_header_insert(msg, "ab", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append(msg, "e", 1), NNG_OK);
	expect_header("abcde");
	ck_assert_int_eq(nng_msg_header_append(msg, "x", 0), NNG_OK);
	ck_assert_int_eq(nng_msg_header_insert(msg, "x", 0), NNG_OK);
	expect_header("abcde");
}
END_TEST

START_TEST(trim_takes_from_the_front_and_chop_from_the_end)
{
	ck_assert_int_eq(nng_msg_header_append(msg, "abcdef", 6), NNG_OK);
	ck_assert_int_eq(nng_msg_header_trim(msg, 2), NNG_OK);
	ck_assert_int_eq(nng_msg_header_chop(msg, 1), NNG_OK);
	expect_header("cde");
	ck_assert_int_eq(nng_msg_header_trim(msg, 4), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_chop(msg, 4), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_trim(msg, SIZE_MAX), NNG_EINVAL);
	expect_header("cde");
	ck_assert_int_eq(nng_msg_header_chop(msg, 3), NNG_OK);
	expect_header("");
}
END_TEST

START_TEST(clear_empties_it)
{
	ck_assert_int_eq(nng_msg_header_append(msg, "abc", 3), NNG_OK);
	nng_msg_header_clear(msg);
	expect_header("");
	ck_assert_ptr_nonnull(nng_msg_header(msg));
}
END_TEST

START_TEST(sixty_four_bytes_are_the_limit)
{
	char many[HEADER_MAX + 1];

	memset(many, 'h', sizeof(many));
	ck_assert_int_eq(
	    nng_msg_header_append(msg, many, HEADER_MAX + 1), NNG_EINVAL);
	ck_assert_int_eq(
	    nng_msg_header_insert(msg, many, HEADER_MAX + 1), NNG_EINVAL);
	ck_assert_int_eq(
	    nng_msg_header_append(msg, many, SIZE_MAX), NNG_EINVAL);
	expect_header("");
	ck_assert_int_eq(nng_msg_header_append(msg, many, HEADER_MAX), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append(msg, "x", 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_insert(msg, "x", 1), NNG_EINVAL);
	ck_assert_uint_eq(nng_msg_header_len(msg), HEADER_MAX);
	ck_assert_int_eq(memcmp(nng_msg_header(msg), many, HEADER_MAX), 0);
}
END_TEST

START_TEST(integers_do_not_fit_into_a_full_header)
{
	char many[HEADER_MAX];

	memset(many, 'h', sizeof(many));
	ck_assert_int_eq(nng_msg_header_append(msg, many, 63), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append_u16(msg, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_insert_u16(msg, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_append_u32(msg, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_insert_u32(msg, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_append_u64(msg, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_insert_u64(msg, 1), NNG_EINVAL);
	ck_assert_uint_eq(nng_msg_header_len(msg), 63);
	ck_assert_int_eq(nng_msg_header_chop(msg, 7), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append_u64(msg, 1), NNG_OK);
	ck_assert_uint_eq(nng_msg_header_len(msg), HEADER_MAX);
}
END_TEST

START_TEST(integers_are_big_endian)
{
	static const unsigned char want[] = {
	    1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x22, 0x33, 0x44, 0xAA, 0xBB};

	ck_assert_int_eq(nng_msg_header_append_u32(msg, 0x11223344), NNG_OK);
	ck_assert_int_eq(
	    nng_msg_header_insert_u64(msg, 0x0102030405060708), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append_u16(msg, 0xAABB), NNG_OK);
	ck_assert_uint_eq(nng_msg_header_len(msg), sizeof(want));
	ck_assert_int_eq(memcmp(nng_msg_header(msg), want, sizeof(want)), 0);
}
END_TEST

START_TEST(integers_come_back_from_either_end)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	ck_assert_int_eq(nng_msg_header_append_u16(msg, 1), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append_u32(msg, 2), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append_u64(msg, 3), NNG_OK);
	ck_assert_int_eq(nng_msg_header_insert_u16(msg, 4), NNG_OK);
	ck_assert_int_eq(nng_msg_header_insert_u32(msg, 5), NNG_OK);
	ck_assert_int_eq(nng_msg_header_insert_u64(msg, 6), NNG_OK);
	ck_assert_int_eq(nng_msg_header_trim_u64(msg, &u64), NNG_OK);
	ck_assert_uint_eq(u64, 6);
	ck_assert_int_eq(nng_msg_header_trim_u32(msg, &u32), NNG_OK);
	ck_assert_uint_eq(u32, 5);
	ck_assert_int_eq(nng_msg_header_trim_u16(msg, &u16), NNG_OK);
	ck_assert_uint_eq(u16, 4);
	ck_assert_int_eq(nng_msg_header_chop_u64(msg, &u64), NNG_OK);
	ck_assert_uint_eq(u64, 3);
	ck_assert_int_eq(nng_msg_header_chop_u32(msg, &u32), NNG_OK);
	ck_assert_uint_eq(u32, 2);
	ck_assert_int_eq(nng_msg_header_chop_u16(msg, &u16), NNG_OK);
	ck_assert_uint_eq(u16, 1);
	expect_header("");
}
END_TEST

START_TEST(an_integer_of_too_few_bytes_is_invalid_and_writes_nothing)
{
	uint64_t u64 = 64;
	uint32_t u32 = 32;
	uint16_t u16 = 16;

	ck_assert_int_eq(nng_msg_header_append(msg, "1", 1), NNG_OK);
	ck_assert_int_eq(nng_msg_header_trim_u16(msg, &u16), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_chop_u16(msg, &u16), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_append(msg, "23", 2), NNG_OK);
	ck_assert_int_eq(nng_msg_header_trim_u32(msg, &u32), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_chop_u32(msg, &u32), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_append(msg, "4567", 4), NNG_OK);
	ck_assert_int_eq(nng_msg_header_trim_u64(msg, &u64), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_chop_u64(msg, &u64), NNG_EINVAL);
	ck_assert_uint_eq(u16, 16);
	ck_assert_uint_eq(u32, 32);
	ck_assert_uint_eq(u64, 64);
	expect_header("1234567");
}
END_TEST

START_TEST(header_pointers_outlive_changes_of_the_body)
{
	char *header;
	nng_msg *m;

	ck_assert_int_eq(nng_msg_alloc(&m, 0), NNG_OK);
	ck_assert_int_eq(nng_msg_header_append(m, "head", 4), NNG_OK);
	header = nng_msg_header(m);
	ck_assert_int_eq(nng_msg_append(m, NULL, 100000), NNG_OK);
	ck_assert_int_eq(nng_msg_insert(m, NULL, 100000), NNG_OK);
	ck_assert_int_eq(memcmp(header, "head", 4), 0);
	memset(header, 'H', 4);
	ck_assert_int_eq(memcmp(nng_msg_header(m), "HHHH", 4), 0);
	nng_msg_free(m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/header");
	TCase *tc = con_case_bare(suite, "header");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, append_is_at_the_end_and_insert_at_the_front);
	tcase_add_test(tc, trim_takes_from_the_front_and_chop_from_the_end);
	tcase_add_test(tc, clear_empties_it);
	tcase_add_test(tc, sixty_four_bytes_are_the_limit);
	tcase_add_test(tc, integers_do_not_fit_into_a_full_header);
	tcase_add_test(tc, integers_are_big_endian);
	tcase_add_test(tc, integers_come_back_from_either_end);
	tcase_add_test(
	    tc, an_integer_of_too_few_bytes_is_invalid_and_writes_nothing);
	tcase_add_test(tc, header_pointers_outlive_changes_of_the_body);
	return run_suite(suite);
}
