/*
 * test_url_print - URLs printed, cloned, given a port; shortages.
 */
#include "support/fault.h"
#include "support/run.h"
#include "url/url_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	const char *printed;
} rows[] = {
    {"tcp://127.0.0.1:80", "tcp://127.0.0.1:80"},
    {"TCP://H:080", "tcp://h:80"},
    {"tcp://h", "tcp://h:0"},
    {"tcp://h:0", "tcp://h:0"},
    {"http://h", "http://h"},
    {"http://h:80", "http://h"},
    {"http://h:0", "http://h:0"},
    {"http://h:81/", "http://h:81/"},
    {"https://h:443/a?b#c", "https://h/a?b#c"},
    {"https://h:80?#", "https://h:80?#"},
    {"http://user:secret@h/", "http://h/"},
    {"http://[::1]", "http://[::1]"},
    {"tcp://[FE80::1%3]:7", "tcp://[fe80::1%3]:7"},
    {"http://h/a//b/../%7e%2f", "http://h/a/~%2F"},
    {"file:///etc/fstab", "file://:0/etc/fstab"},
    {"ipc:///a//b?c#d", "ipc:///a//b?c#d"},
    {"UNIX://", "unix://"},
    {"inproc://%41", "inproc://%41"},
};

#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

static weir_url *
parse(const char *text)
{
	weir_url *url = NULL;

	ck_assert_int_eq(weir_url_parse(&url, text), WEIR_OK);
	return url;
}

static void
expect_printed(const weir_url *url, const char *want)
{
	size_t len = strlen(want);

	ck_assert_int_eq(weir_url_sprintf(NULL, 0, url), (int)len);
	for (size_t size = 0; size <= len + 1; size++) {
		/* Its own size: a sanitizer sees the first byte too many. */
		char *buf = malloc(size + 1);

		ck_assert_ptr_nonnull(buf);
		buf[size] = '#';
		ck_assert_int_eq(weir_url_sprintf(buf, size, url), (int)len);
		ck_assert_int_eq(buf[size], '#');
		if (size > 0) {
			ck_assert_uint_eq(strlen(buf), size - 1);
			ck_assert_int_eq(memcmp(buf, want, size - 1), 0);
		}
		free(buf);
	}
}

START_TEST(a_url_is_printed_as_documented_and_cut_to_the_buffer)
{
	weir_url *url = parse(rows[_i].text);

	expect_printed(url, rows[_i].printed);
	weir_url_free(url);
}
END_TEST

START_TEST(printing_nothing_or_to_nowhere_fails)
{
	weir_url *url = parse("tcp://h");
	char buf[4] = "abc";

	ck_assert_int_eq(weir_url_sprintf(NULL, 1, url), -1);
	ck_assert_int_eq(weir_url_sprintf(buf, sizeof(buf), NULL), -1);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(weir_url_sprintf(NULL, 0, NULL), -1);
	weir_url_free(url);
}
END_TEST

/* All lengths around the powers of two, and the longest. */
START_TEST(a_clone_of_any_length_outlives_its_original)
{
	for (size_t n = 1; n <= WEIR_URL_MAX - strlen("http://u@h:9/?q#f");
	     n = n < 300 ? n + 1 : n * 2 - 3) {
		weir_url *url;
		weir_url *dup = NULL;
		char *text = malloc(n + 32);
		char *path;

		ck_assert_ptr_nonnull(text);
		path = stpcpy(text, "http://u@h:9");
		memset(path, 'p', n);
		path[0] = '/';
		strcpy(path + n, "?q#f");
		url = parse(text);
		ck_assert_int_eq(weir_url_clone(&dup, url), WEIR_OK);
		weir_url_free(url);
		path[n] = '\0';
		ck_assert_str_eq(weir_url_path(dup), path);
		ck_assert_str_eq(weir_url_scheme(dup), "http");
		ck_assert_str_eq(weir_url_hostname(dup), "h");
		ck_assert_str_eq(weir_url_userinfo(dup), "u");
		ck_assert_str_eq(weir_url_query(dup), "q");
		ck_assert_str_eq(weir_url_fragment(dup), "f");
		ck_assert_uint_eq(weir_url_port(dup), 9);
		weir_url_free(dup);
		free(text);
	}
}
END_TEST

START_TEST(a_clone_is_independent)
{
	weir_url *url = parse("tcp://[::1]");
	weir_url *dup = NULL;

	ck_assert_int_eq(weir_url_clone(&dup, url), WEIR_OK);
	weir_url_resolve_port(dup, 7);
	ck_assert_uint_eq(weir_url_port(url), 0);
	ck_assert_uint_eq(weir_url_port(dup), 7);
	ck_assert(weir_url_bracketed(dup));
	ck_assert_ptr_ne(weir_url_hostname(url), weir_url_hostname(dup));
	weir_url_free(url);
	weir_url_free(dup);

	ck_assert_int_eq(weir_url_clone(NULL, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_url_clone(&dup, NULL), WEIR_EINVAL);
	url = parse("ipc://x");
	ck_assert_int_eq(weir_url_clone(NULL, url), WEIR_EINVAL);
	weir_url_free(url);
}
END_TEST

START_TEST(a_port_is_resolved_only_where_there_is_none)
{
	weir_url *url = parse("tcp://h");

	weir_url_resolve_port(url, 65536);
	ck_assert_uint_eq(weir_url_port(url), 0);
	weir_url_resolve_port(url, 0);
	ck_assert_uint_eq(weir_url_port(url), 0);
	weir_url_resolve_port(url, 65535);
	ck_assert_uint_eq(weir_url_port(url), 65535);
	weir_url_resolve_port(url, 80);
	ck_assert_uint_eq(weir_url_port(url), 65535);
	expect_printed(url, "tcp://h:65535");
	weir_url_free(url);

	url = parse("http://h");
	weir_url_resolve_port(url, 8080);
	ck_assert_uint_eq(weir_url_port(url), 80);
	weir_url_free(url);

	url = parse("http://h:0");
	weir_url_resolve_port(url, 8080);
	ck_assert_uint_eq(weir_url_port(url), 8080);
	weir_url_free(url);

	url = parse("ipc://x");
	weir_url_resolve_port(url, 80);
	ck_assert_uint_eq(weir_url_port(url), 0);
	weir_url_free(url);
	weir_url_resolve_port(NULL, 80);
}
END_TEST

START_TEST(out_of_memory_is_said_and_nothing_is_left)
{
	size_t before = wri_mem_live();
	weir_url *url = (weir_url *)&before;
	weir_url *dup = (weir_url *)&before;

	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_url_parse(&url, "tcp://h:1"), WEIR_ENOMEM);
	ck_assert_ptr_eq(url, &before);
	ck_assert_uint_eq(wri_mem_live(), before);

	wri_mem_fail_at(0);
	url = parse("tcp://h:1");
	wri_mem_fail_at(1);
	ck_assert_int_eq(weir_url_clone(&dup, url), WEIR_ENOMEM);
	ck_assert_ptr_eq(dup, &before);
	wri_mem_fail_at(0);
	weir_url_free(url);
	ck_assert_uint_eq(wri_mem_live(), before);

	/* What was allocated before the mistake was found is freed. */
	ck_assert_int_eq(weir_url_parse(&url, "tcp://h/%"), WEIR_EINVAL);
	ck_assert_uint_eq(wri_mem_live(), before);
}
END_TEST

START_TEST(a_list_of_services_that_fails_says_why)
{
	static const struct {
		int eno;
		weir_err err;
	} failures[] = {{ENOMEM, WEIR_ENOMEM}, {ERANGE, WEIR_ENOMEM},
	    {EMFILE, WEIR_ENOFILES}, {ENFILE, WEIR_ENOFILES},
	    {ENOENT, WEIR_EINVAL}, {EIO, WEIR_EINVAL}};
	size_t before = wri_mem_live();
	weir_url *url;

	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		fault_arm(&wri_url_service_fault, 1, 1, failures[i].eno);
		ck_assert_int_eq(
		    weir_url_parse(&url, "tcp://h:http"), failures[i].err);
		ck_assert_uint_eq(wri_mem_live(), before);
	}
	/* It is not asked about numbers, nor what is no name. */
	fault_arm(&wri_url_service_fault, 1, UINT32_MAX, ENOMEM);
	url = parse("tcp://h:80");
	weir_url_free(url);
	ck_assert_int_eq(weir_url_parse(&url, "tcp://h:-1"), WEIR_EINVAL);
	ck_assert_int_eq(weir_url_parse(&url, "tcp://h:a b"), WEIR_EINVAL);
	ck_assert_int_eq(weir_url_parse(&url, "tcp://h:\xff"), WEIR_EINVAL);
	for (int len = 62; len <= 65; len++) {
		char text[80];

		snprintf(text, sizeof(text), "tcp://h:a%0*d", len - 1, 0);
		ck_assert_int_eq(weir_url_parse(&url, text),
		    len <= 63 ? WEIR_ENOMEM : WEIR_EINVAL);
	}
	fault_arm(&wri_url_service_fault, 0, 0, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("print");

	tcase_add_loop_test(
	    tc, a_url_is_printed_as_documented_and_cut_to_the_buffer, 0, ROWS);
	tcase_add_test(tc, printing_nothing_or_to_nowhere_fails);
	tcase_add_test(tc, a_clone_of_any_length_outlives_its_original);
	tcase_add_test(tc, a_clone_is_independent);
	tcase_add_test(tc, a_port_is_resolved_only_where_there_is_none);
	tcase_add_test(tc, out_of_memory_is_said_and_nothing_is_left);
	tcase_add_test(tc, a_list_of_services_that_fails_says_why);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
