/*
 * test_parse_sockaddr - numeric addresses read.
 */
#include "net/numeric.h"
#include "support/run.h"

#include <stdlib.h>
#include <string.h>

static const char *const good[] = {"127.0.0.1:80", "0.0.0.0:0",
    "255.255.255.255:65535", "[::]:0", "[::1]:443", "[fe80::1%3]:443",
    "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
    "[::ffff:1.2.3.4]:443", "[2001:db8::abcd]:1"};

START_TEST(what_is_written_is_read_again)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		weir_sockaddr sa;
		char buf[WEIR_ADDR_STR_MAX];

		ck_assert_int_eq(weir_sockaddr_parse(&sa, good[i]), WEIR_OK);
		ck_assert_str_eq(
		    weir_sockaddr_str(&sa, buf, sizeof(buf)), good[i]);
	}
}
END_TEST

START_TEST(what_means_the_same_is_the_same)
{
	static const char *const rows[][2] = {
	    {"[0:0:0:0:0:0:0:1]:0443", "[::1]:443"},
	    {"[FE80::1%0003]:1", "[fe80::1%3]:1"},
	    {"[::1.2.3.4]:1", "[::102:304]:1"},
	    {"1.2.3.4:000000000000080", "1.2.3.4:80"},
	    {"[1111:2222:3333:4444:5555:6666:255.255.255.255%4294967295]:1",
		"[1111:2222:3333:4444:5555:6666:ffff:ffff%4294967295]:1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		weir_sockaddr a;
		weir_sockaddr b;

		ck_assert_int_eq(weir_sockaddr_parse(&a, rows[i][0]), WEIR_OK);
		ck_assert_int_eq(weir_sockaddr_parse(&b, rows[i][1]), WEIR_OK);
		ck_assert(weir_sockaddr_equal(&a, &b));
	}
}
END_TEST

static void
expect_error(const char *text, weir_err want)
{
	weir_sockaddr sa;
	weir_sockaddr before;
	char *copy = strdup(text); /* of its own size, for sanitizers */
	weir_err err;

	ck_assert_ptr_nonnull(copy);
	memset(&sa, '#', sizeof(sa));
	before = sa;
	err = weir_sockaddr_parse(&sa, copy);
	ck_assert_msg(err == want, "%s: %s", text, weir_strerror(err));
	ck_assert_int_eq(memcmp(&sa, &before, sizeof(sa)), 0);
	free(copy);
}

START_TEST(without_host_and_port_it_is_invalid)
{
	static const char *const rows[] = {"", ":", "127.0.0.1",
	    "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:18446744073709551617",
	    "127.0.0.1:http", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 1",
	    "127.0.0.1:1 ", "127.0.0.1:1:1", "::1", "[::1]", "[::1]:", "[::1",
	    "[::1]80", "[::1] :80", "[::1]]:80", "[", "]", "[:", "/run/x",
	    "localhost"};
	char text[WEIR_ADDR_STR_MAX + 1];
	weir_sockaddr sa;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_error(rows[i], WEIR_EINVAL);
	}
	/* Longer than any that is written. */
	memset(text, '0', sizeof(text));
	memcpy(text, "1.2.3.4:", 8);
	text[WEIR_ADDR_STR_MAX] = '\0';
	expect_error(text, WEIR_EINVAL);
	text[WEIR_ADDR_STR_MAX - 1] = '\0';
	ck_assert_int_eq(weir_sockaddr_parse(&sa, text), WEIR_OK);
	expect_error("1.2.3.4", WEIR_EINVAL);
	ck_assert_int_eq(weir_sockaddr_parse(NULL, "1.2.3.4:1"), WEIR_EINVAL);
	ck_assert_int_eq(weir_sockaddr_parse(&sa, NULL), WEIR_EINVAL);
}
END_TEST

START_TEST(a_host_that_is_no_numeric_address_is_said_to_be_one)
{
	static const char *const rows[] = {":80", "localhost:80", "*:80",
	    "1.2.3:80", "1.2.3.256:80", "01.2.3.4:80", " 1.2.3.4:80",
	    "1.2.3.4%1:80", "[]:80", "[127.0.0.1]:80", "[::g]:80",
	    "[fe80::1%]:80", "[fe80::1%0]:80", "[fe80::1%lo]:80",
	    "[fe80::1%-1]:80", "[fe80::1%1%1]:80", "[fe80::1%4294967296]:80",
	    "[fe80::1%18446744073709551617]:80", "[::%1:]:80", "[%1]:80",
	    "[:::]:1", "[1:2:3:4:5:6:7:8:9]:1",
	    "[00000000000000000000000000000000000000000000000000000001::]:1",
	    "000000000000000000000000000000000000000000000000000001.2.3.4:1"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_error(rows[i], WEIR_EADDRINVAL);
	}
}
END_TEST

START_TEST(a_host_alone_is_read_without_brackets)
{
	weir_sockaddr sa;
	char buf[WEIR_ADDR_STR_MAX];

	ck_assert_int_eq(wri_numeric_parse(&sa, "::1%7", 65535), WEIR_OK);
	ck_assert_str_eq(
	    weir_sockaddr_str(&sa, buf, sizeof(buf)), "[::1%7]:65535");
	ck_assert_int_eq(wri_numeric_parse(&sa, "1.2.3.4", 0), WEIR_OK);
	ck_assert_str_eq(weir_sockaddr_str(&sa, buf, sizeof(buf)), "1.2.3.4:0");
	ck_assert_int_eq(
	    wri_numeric_parse(&sa, "1.2.3.4", 65536), WEIR_EADDRINVAL);
	ck_assert_int_eq(wri_numeric_parse(&sa, "[::1]", 1), WEIR_EADDRINVAL);
	ck_assert_int_eq(wri_numeric_parse(&sa, "", 1), WEIR_EADDRINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("net");
	TCase *tc = tcase_create("parse");

	tcase_add_test(tc, what_is_written_is_read_again);
	tcase_add_test(tc, what_means_the_same_is_the_same);
	tcase_add_test(tc, without_host_and_port_it_is_invalid);
	tcase_add_test(tc, a_host_that_is_no_numeric_address_is_said_to_be_one);
	tcase_add_test(tc, a_host_alone_is_read_without_brackets);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
