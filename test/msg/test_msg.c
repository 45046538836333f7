/*
 * test_msg - a message alone: sizes, both ends, numbers, header.  No weir_init:
 * messages need none.
 */
#include "base/mem.h"
#include "support/fault.h"
#include "support/run.h"

#include <weir/msg.h>

#include <check.h>
#include <string.h>

static size_t live_before;
static weir_msg *m;

static void
setup(void)
{
	live_before = wri_mem_live();
	ck_assert_int_eq(weir_msg_alloc(&m, 0), WEIR_OK);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	weir_msg_free(m);
	ck_assert_uint_eq(wri_mem_live(), live_before);
}

static void
expect_body(const char *text)
{
	ck_assert_uint_eq(weir_msg_len(m), strlen(text));
	ck_assert_mem_eq(weir_msg_data(m), text, strlen(text));
}

static void
expect_header(const char *text)
{
	ck_assert_uint_eq(weir_msg_header_len(m), strlen(text));
	ck_assert_mem_eq(weir_msg_header(m), text, strlen(text));
}

/* --- Sizes ------------------------------------------------------------- */

START_TEST(a_new_body_is_zero_and_has_room_at_both_ends)
{
	static const size_t sizes[][2] = {{0, 32}, {1, 33}, {10, 42},
	    {512, 544}, {1023, 1055}, {1024, 1024}, {1025, 1057}, {2048, 2048},
	    {3072, 3104}, {65536, 65536}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		weir_msg *fresh;
		const unsigned char *body;

		ck_assert_int_eq(weir_msg_alloc(&fresh, sizes[i][0]), WEIR_OK);
		ck_assert_uint_eq(weir_msg_len(fresh), sizes[i][0]);
		ck_assert_uint_eq(weir_msg_capacity(fresh), sizes[i][1]);
		ck_assert_uint_eq(weir_msg_header_len(fresh), 0);
		body = weir_msg_body(fresh);
		ck_assert_ptr_nonnull(body);
		ck_assert_ptr_nonnull(weir_msg_header(fresh));
		for (size_t k = 0; k < sizes[i][0]; k++) {
			ck_assert_uint_eq(body[k], 0);
		}
		weir_msg_free(fresh);
	}
}
END_TEST

START_TEST(the_spare_bytes_are_used_without_memory)
{
	ck_assert_int_eq(weir_msg_append(m, "body", 4), WEIR_OK);
	wri_mem_fail_at(1);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(weir_msg_insert(m, "12345678", 8), WEIR_OK);
	}
	ck_assert_int_eq(weir_msg_append(m, NULL, 28), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "x", 1), WEIR_ENOMEM);
	ck_assert_uint_eq(weir_msg_len(m), 64);
	ck_assert_uint_eq(weir_msg_capacity(m), 64);
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_msg_insert(m, "x", 1), WEIR_ENOMEM);
	ck_assert_uint_eq(weir_msg_len(m), 64);
}
END_TEST

START_TEST(what_was_trimmed_makes_room_for_an_insert)
{
	ck_assert_int_eq(weir_msg_append(m, NULL, 5000), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim(m, 4000), WEIR_OK);
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_msg_insert(m, NULL, 4032), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(m), 5032);
}
END_TEST

START_TEST(an_insert_moves_the_body_where_only_the_end_has_room)
{
	ck_assert_int_eq(weir_msg_reserve(m, 1000), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "tail", 4), WEIR_OK);
	wri_mem_fail_at(1);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(weir_msg_insert(m, "0123456789", 10), WEIR_OK);
	}
	/* What was reserved is there still. */
	ck_assert_uint_ge(weir_msg_capacity(m), 1000);
	ck_assert_int_eq(weir_msg_append(m, NULL, 1000 - 104), WEIR_OK);
	ck_assert_int_eq(weir_msg_chop(m, 1000 - 104), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim(m, 90), WEIR_OK);
	expect_body("0123456789tail");
}
END_TEST

START_TEST(reserve_never_shrinks_and_keeps_length_and_content)
{
	ck_assert_int_eq(weir_msg_append(m, "abc", 3), WEIR_OK);
	ck_assert_int_eq(weir_msg_reserve(m, 5000), WEIR_OK);
	ck_assert_uint_eq(weir_msg_capacity(m), 5000);
	ck_assert_int_eq(weir_msg_reserve(m, 10), WEIR_OK);
	ck_assert_uint_eq(weir_msg_capacity(m), 5000);
	expect_body("abc");
	weir_msg_clear(m);
	ck_assert_uint_eq(weir_msg_len(m), 0);
	ck_assert_uint_eq(weir_msg_capacity(m), 5000);
	ck_assert_mem_eq(weir_msg_data(m), "abc", 3);
}
END_TEST

START_TEST(realloc_sets_the_length_and_keeps_what_was)
{
	ck_assert_int_eq(weir_msg_append(m, "abcdef", 6), WEIR_OK);
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_msg_realloc(m, 3), WEIR_OK); /* no memory */
	expect_body("abc");
	ck_assert_int_eq(weir_msg_realloc(m, 100), WEIR_ENOMEM);
	expect_body("abc");
	ck_assert_int_eq(weir_msg_realloc(m, 100), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(m), 100);
	ck_assert_uint_eq(weir_msg_capacity(m), 100);
	ck_assert_mem_eq(weir_msg_data(m), "abc", 3);
	ck_assert_int_eq(weir_msg_realloc(m, 0), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(m), 0);
	ck_assert_ptr_nonnull(weir_msg_body(m));
}
END_TEST

START_TEST(sizes_beyond_the_bound_are_enomem_and_change_nothing)
{
	static const size_t huge[] = {WEIR_MSG_MAX + 1, SIZE_MAX / 2,
	    SIZE_MAX - 64, SIZE_MAX - 1, SIZE_MAX};
	weir_msg *none = NULL;

	ck_assert_int_eq(weir_msg_append(m, "abc", 3), WEIR_OK);
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		ck_assert_int_eq(weir_msg_alloc(&none, huge[i]), WEIR_ENOMEM);
		ck_assert_int_eq(weir_msg_realloc(m, huge[i]), WEIR_ENOMEM);
		ck_assert_int_eq(weir_msg_reserve(m, huge[i]), WEIR_ENOMEM);
		ck_assert_int_eq(
		    weir_msg_append(m, NULL, huge[i]), WEIR_ENOMEM);
		ck_assert_int_eq(
		    weir_msg_insert(m, NULL, huge[i]), WEIR_ENOMEM);
	}
	/* The body counts, too. */
	ck_assert_int_eq(
	    weir_msg_append(m, NULL, WEIR_MSG_MAX - 2), WEIR_ENOMEM);
	ck_assert_int_eq(
	    weir_msg_insert(m, NULL, WEIR_MSG_MAX - 2), WEIR_ENOMEM);
	ck_assert_ptr_null(none);
	expect_body("abc");
	ck_assert_uint_eq(weir_msg_capacity(m), 32);
}
END_TEST

/* Bytes copied are the sum of what was asked for, times a constant. */
START_TEST(many_short_pieces_ask_for_memory_seldom)
{
	wri_mem_fail_at(1000000);
	for (uint32_t i = 0; i < 20000; i++) {
		ck_assert_int_eq(weir_msg_append_u32(m, i), WEIR_OK);
	}
	ck_assert_uint_le(wri_load(&wri_mem_fault.calls, WRI_RLX), 30);
	for (uint32_t i = 0; i < 20000; i++) {
		ck_assert_int_eq(weir_msg_insert_u32(m, i), WEIR_OK);
	}
	ck_assert_uint_le(wri_load(&wri_mem_fault.calls, WRI_RLX), 60);
	for (uint32_t i = 20000; i-- > 0;) {
		uint32_t front, back;

		ck_assert_int_eq(weir_msg_trim_u32(m, &front), WEIR_OK);
		ck_assert_int_eq(weir_msg_chop_u32(m, &back), WEIR_OK);
		ck_assert_uint_eq(front, i);
		ck_assert_uint_eq(back, i);
	}
	ck_assert_uint_eq(weir_msg_len(m), 0);
}
END_TEST

/* --- Both ends --------------------------------------------------------- */

START_TEST(bytes_go_in_and_out_at_both_ends)
{
	ck_assert_int_eq(weir_msg_append(m, "cd", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert(m, "ab", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "ef", 2), WEIR_OK);
	expect_body("abcdef");
	ck_assert_int_eq(weir_msg_trim(m, 1), WEIR_OK);
	expect_body("bcdef");
	ck_assert_int_eq(weir_msg_chop(m, 2), WEIR_OK);
	expect_body("bcd");
	ck_assert_int_eq(weir_msg_trim(m, 4), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop(m, 4), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_trim(m, SIZE_MAX), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop(m, SIZE_MAX), WEIR_EINVAL);
	expect_body("bcd");
	ck_assert_int_eq(weir_msg_trim(m, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "x", 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert(m, NULL, 0), WEIR_OK);
	expect_body("bcd");
	ck_assert_int_eq(weir_msg_trim(m, 3), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(m), 0);
	ck_assert_ptr_nonnull(weir_msg_body(m));
}
END_TEST

START_TEST(trim_and_chop_move_no_byte)
{
	const char *body;

	ck_assert_int_eq(weir_msg_append(m, "abcdef", 6), WEIR_OK);
	body = weir_msg_data(m);
	ck_assert_int_eq(weir_msg_trim(m, 2), WEIR_OK);
	ck_assert_ptr_eq(weir_msg_data(m), body + 2);
	ck_assert_int_eq(weir_msg_chop(m, 2), WEIR_OK);
	ck_assert_ptr_eq(weir_msg_data(m), body + 2);
	/* And back: the bytes were there all the time. */
	ck_assert_int_eq(weir_msg_insert(m, NULL, 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, NULL, 2), WEIR_OK);
	expect_body("abcdef");
}
END_TEST

START_TEST(numbers_are_big_endian_at_both_ends)
{
	static const unsigned char want[] = {1, 2, 3, 4, 5, 6, 7, 8, 0xa1, 0xb2,
	    0xc3, 0xd4, 0xf0, 0x0d, 0xf0, 0x0d, 0xa1, 0xb2, 0xc3, 0xd4, 1, 2, 3,
	    4, 5, 6, 7, 8};
	uint16_t v16 = 0;
	uint32_t v32 = 0;
	uint64_t v64 = 0;

	ck_assert_int_eq(weir_msg_append_u16(m, 0xf00d), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert_u16(m, 0xf00d), WEIR_OK);
	ck_assert_int_eq(weir_msg_append_u32(m, 0xa1b2c3d4), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert_u32(m, 0xa1b2c3d4), WEIR_OK);
	ck_assert_int_eq(weir_msg_append_u64(m, 0x0102030405060708), WEIR_OK);
	ck_assert_int_eq(weir_msg_insert_u64(m, 0x0102030405060708), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(m), sizeof(want));
	ck_assert_mem_eq(weir_msg_data(m), want, sizeof(want));
	ck_assert_int_eq(weir_msg_trim_u64(m, &v64), WEIR_OK);
	ck_assert_uint_eq(v64, 0x0102030405060708);
	v64 = 0;
	ck_assert_int_eq(weir_msg_chop_u64(m, &v64), WEIR_OK);
	ck_assert_uint_eq(v64, 0x0102030405060708);
	ck_assert_int_eq(weir_msg_trim_u32(m, &v32), WEIR_OK);
	ck_assert_uint_eq(v32, 0xa1b2c3d4);
	v32 = 0;
	ck_assert_int_eq(weir_msg_chop_u32(m, &v32), WEIR_OK);
	ck_assert_uint_eq(v32, 0xa1b2c3d4);
	ck_assert_int_eq(weir_msg_trim_u16(m, &v16), WEIR_OK);
	ck_assert_uint_eq(v16, 0xf00d);
	v16 = 0;
	ck_assert_int_eq(weir_msg_chop_u16(m, &v16), WEIR_OK);
	ck_assert_uint_eq(v16, 0xf00d);
}
END_TEST

START_TEST(a_number_that_is_not_there_changes_nothing)
{
	uint16_t v16 = 0x1111;
	uint32_t v32 = 0x22222222;
	uint64_t v64 = 0x3333333333333333;

	ck_assert_int_eq(weir_msg_append(m, "a", 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim_u16(m, &v16), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop_u16(m, &v16), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_append(m, "bc", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim_u32(m, &v32), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop_u32(m, &v32), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_append(m, "defg", 4), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim_u64(m, &v64), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop_u64(m, &v64), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop_u16(m, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_trim_u32(m, NULL), WEIR_EINVAL);
	ck_assert_uint_eq(v16, 0x1111);
	ck_assert_uint_eq(v32, 0x22222222);
	ck_assert_uint_eq(v64, 0x3333333333333333);
	expect_body("abcdefg");
}
END_TEST

/* --- The header -------------------------------------------------------- */

START_TEST(the_header_works_at_both_ends_at_one_address)
{
	const void *at = weir_msg_header(m);

	ck_assert_int_eq(weir_msg_header_append(m, "cd", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_insert(m, "ab", 2), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append(m, "ef", 2), WEIR_OK);
	expect_header("abcdef");
	ck_assert_int_eq(weir_msg_header_trim(m, 2), WEIR_OK);
	expect_header("cdef");
	ck_assert_int_eq(weir_msg_header_chop(m, 3), WEIR_OK);
	expect_header("c");
	ck_assert_int_eq(weir_msg_header_trim(m, 2), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_chop(m, 2), WEIR_EINVAL);
	expect_header("c");
	ck_assert_int_eq(weir_msg_append(m, NULL, 10000), WEIR_OK);
	ck_assert_ptr_eq(weir_msg_header(m), at);
	weir_msg_header_clear(m);
	ck_assert_uint_eq(weir_msg_header_len(m), 0);
	ck_assert_uint_eq(weir_msg_len(m), 10000);
}
END_TEST

START_TEST(a_header_takes_64_bytes_and_no_more)
{
	char sixty[61];

	memset(sixty, 'x', 60);
	sixty[60] = '\0';
	wri_mem_fail_at(1); /* it needs no memory */
	ck_assert_int_eq(weir_msg_header_append(m, sixty, 60), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append(m, NULL, 5), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_insert(m, NULL, 5), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_msg_header_append(m, NULL, SIZE_MAX), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_msg_header_insert(m, NULL, SIZE_MAX - 59), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_append_u64(m, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_insert_u64(m, 1), WEIR_EINVAL);
	expect_header(sixty);
	ck_assert_int_eq(weir_msg_header_insert_u16(m, 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append_u16(m, 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append_u16(m, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_insert_u16(m, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_append_u32(m, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_insert_u32(m, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_append(m, NULL, 0), WEIR_OK);
	ck_assert_uint_eq(weir_msg_header_len(m), WEIR_MSG_HEADER_MAX);
}
END_TEST

START_TEST(the_header_holds_numbers_big_endian)
{
	static const unsigned char want[] = {1, 2, 3, 4, 5, 6, 7, 8, 0xa1, 0xb2,
	    0xc3, 0xd4, 0xf0, 0x0d, 0xf1, 0x0d, 0xa1, 0xb2, 0xc3, 0xd4, 1, 2, 3,
	    4, 5, 6, 7, 8};
	uint16_t v16 = 7;
	uint32_t v32 = 7;
	uint64_t v64 = 7;

	ck_assert_int_eq(weir_msg_header_chop_u16(m, &v16), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_trim_u16(m, &v16), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_append_u16(m, 0xf10d), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_chop_u32(m, &v32), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_trim_u32(m, &v32), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_chop_u64(m, &v64), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_trim_u64(m, &v64), WEIR_EINVAL);
	ck_assert_uint_eq(v16 + v32 + v64, 21);
	ck_assert_int_eq(weir_msg_header_insert_u16(m, 0xf00d), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append_u32(m, 0xa1b2c3d4), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_insert_u32(m, 0xa1b2c3d4), WEIR_OK);
	ck_assert_int_eq(
	    weir_msg_header_append_u64(m, 0x0102030405060708), WEIR_OK);
	ck_assert_int_eq(
	    weir_msg_header_insert_u64(m, 0x0102030405060708), WEIR_OK);
	ck_assert_uint_eq(weir_msg_header_len(m), sizeof(want));
	ck_assert_mem_eq(weir_msg_header(m), want, sizeof(want));
	ck_assert_int_eq(weir_msg_header_trim_u64(m, &v64), WEIR_OK);
	ck_assert_uint_eq(v64, 0x0102030405060708);
	v64 = 0;
	ck_assert_int_eq(weir_msg_header_chop_u64(m, &v64), WEIR_OK);
	ck_assert_uint_eq(v64, 0x0102030405060708);
	ck_assert_int_eq(weir_msg_header_trim_u32(m, &v32), WEIR_OK);
	ck_assert_uint_eq(v32, 0xa1b2c3d4);
	v32 = 0;
	ck_assert_int_eq(weir_msg_header_chop_u32(m, &v32), WEIR_OK);
	ck_assert_uint_eq(v32, 0xa1b2c3d4);
	ck_assert_int_eq(weir_msg_header_trim_u16(m, &v16), WEIR_OK);
	ck_assert_uint_eq(v16, 0xf00d);
	ck_assert_int_eq(weir_msg_header_chop_u16(m, &v16), WEIR_OK);
	ck_assert_uint_eq(v16, 0xf10d);
	ck_assert_uint_eq(weir_msg_header_len(m), 0);
}
END_TEST

/* --- The rest ---------------------------------------------------------- */

START_TEST(the_iov_shows_what_is_not_empty_where_it_lies)
{
	weir_iov out[2] = {{NULL, 0}, {NULL, 0}};

	ck_assert_uint_eq(weir_msg_iov(m, out), 0);
	ck_assert_int_eq(weir_msg_append(m, "body", 4), WEIR_OK);
	ck_assert_uint_eq(weir_msg_iov(m, out), 1);
	ck_assert_ptr_eq(out[0].iov_buf, weir_msg_body(m));
	ck_assert_uint_eq(out[0].iov_len, 4);
	ck_assert_int_eq(weir_msg_header_append(m, "head", 4), WEIR_OK);
	ck_assert_uint_eq(weir_msg_iov(m, out), 2);
	ck_assert_ptr_eq(out[0].iov_buf, weir_msg_header(m));
	ck_assert_uint_eq(out[0].iov_len, 4);
	ck_assert_ptr_eq(out[1].iov_buf, weir_msg_body(m));
	ck_assert_uint_eq(out[1].iov_len, 4);
	weir_msg_clear(m);
	ck_assert_uint_eq(weir_msg_iov(m, out), 1);
	ck_assert_ptr_eq(out[0].iov_buf, weir_msg_header(m));
	ck_assert_uint_eq(weir_msg_iov(m, NULL), 0);
}
END_TEST

START_TEST(a_copy_has_everything_and_shares_nothing)
{
	weir_msg *copy;

	ck_assert_int_eq(weir_msg_reserve(m, 777), WEIR_OK);
	ck_assert_int_eq(weir_msg_append(m, "xbody", 5), WEIR_OK);
	ck_assert_int_eq(weir_msg_trim(m, 1), WEIR_OK);
	ck_assert_int_eq(weir_msg_header_append(m, "head", 4), WEIR_OK);
	ck_assert_int_eq(weir_msg_dup(&copy, m), WEIR_OK);
	ck_assert_uint_eq(weir_msg_capacity(copy), weir_msg_capacity(m));
	*(char *)weir_msg_body(m) = 'X';
	*(char *)weir_msg_header(m) = 'X';
	weir_msg_free(m);
	m = copy;
	expect_body("body");
	expect_header("head");
}
END_TEST

START_TEST(no_message_is_answered)
{
	weir_iov out[2];
	uint16_t v16;

	ck_assert_int_eq(weir_msg_alloc(NULL, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_dup(NULL, m), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_dup(&m, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_share(NULL, m), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_share(&m, NULL), WEIR_EINVAL);
	weir_msg_free(NULL);
	weir_msg_clear(NULL);
	weir_msg_header_clear(NULL);
	ck_assert_ptr_null(weir_msg_body(NULL));
	ck_assert_ptr_null(weir_msg_data(NULL));
	ck_assert_ptr_null(weir_msg_header(NULL));
	ck_assert_uint_eq(weir_msg_len(NULL), 0);
	ck_assert_uint_eq(weir_msg_capacity(NULL), 0);
	ck_assert_uint_eq(weir_msg_header_len(NULL), 0);
	ck_assert_uint_eq(weir_msg_iov(NULL, out), 0);
	ck_assert_int_eq(weir_msg_realloc(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_reserve(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_append(NULL, "", 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_insert(NULL, "", 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_append_u16(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_trim(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_chop(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_trim_u16(NULL, &v16), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_append(NULL, "", 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_insert(NULL, "", 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_trim(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_chop(NULL, 0), WEIR_EINVAL);
	ck_assert_int_eq(weir_msg_header_chop_u16(NULL, &v16), WEIR_EINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msg");
	TCase *sizes = tcase_create("sizes");
	TCase *ends = tcase_create("ends");
	TCase *rest = tcase_create("rest");

	tcase_add_checked_fixture(sizes, setup, teardown);
	tcase_add_test(sizes, a_new_body_is_zero_and_has_room_at_both_ends);
	tcase_add_test(sizes, the_spare_bytes_are_used_without_memory);
	tcase_add_test(sizes, what_was_trimmed_makes_room_for_an_insert);
	tcase_add_test(
	    sizes, an_insert_moves_the_body_where_only_the_end_has_room);
	tcase_add_test(
	    sizes, reserve_never_shrinks_and_keeps_length_and_content);
	tcase_add_test(sizes, realloc_sets_the_length_and_keeps_what_was);
	tcase_add_test(
	    sizes, sizes_beyond_the_bound_are_enomem_and_change_nothing);
	tcase_add_test(sizes, many_short_pieces_ask_for_memory_seldom);
	suite_add_tcase(suite, sizes);
	tcase_add_checked_fixture(ends, setup, teardown);
	tcase_add_test(ends, bytes_go_in_and_out_at_both_ends);
	tcase_add_test(ends, trim_and_chop_move_no_byte);
	tcase_add_test(ends, numbers_are_big_endian_at_both_ends);
	tcase_add_test(ends, a_number_that_is_not_there_changes_nothing);
	tcase_add_test(ends, the_header_works_at_both_ends_at_one_address);
	tcase_add_test(ends, a_header_takes_64_bytes_and_no_more);
	tcase_add_test(ends, the_header_holds_numbers_big_endian);
	suite_add_tcase(suite, ends);
	tcase_add_checked_fixture(rest, setup, teardown);
	tcase_add_test(rest, the_iov_shows_what_is_not_empty_where_it_lies);
	tcase_add_test(rest, a_copy_has_everything_and_shares_nothing);
	tcase_add_test(rest, no_message_is_answered);
	suite_add_tcase(suite, rest);
	return run_suite(suite);
}
