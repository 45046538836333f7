/*
 * test_url_parse - URLs taken apart, rule by rule.
 */
#include "support/run.h"

#include <weir/url.h>

#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *text;
	const char *scheme;
	const char *host;
	uint32_t port;
	const char *path;
	const char *query;
	const char *fragment;
	const char *userinfo;
} good[] = {
    /* Parts. */
    {"tcp://127.0.0.1:80", "tcp", "127.0.0.1", 80, "", NULL, NULL, NULL},
    {"tcp://h", "tcp", "h", 0, "", NULL, NULL, NULL},
    {"tcp://", "tcp", "", 0, "", NULL, NULL, NULL},
    {"tcp://:8080", "tcp", "", 8080, "", NULL, NULL, NULL},
    {"tcp://*:80", "tcp", "*", 80, "", NULL, NULL, NULL},
    {"http://u:p@h:1/p?q#f", "http", "h", 1, "/p", "q", "f", "u:p"},
    {"http://@h", "http", "h", 80, "", NULL, NULL, ""},
    {"http://User%4a@h", "http", "h", 80, "", NULL, NULL, "User%4a"},
    {"http://h?q", "http", "h", 80, "", "q", NULL, NULL},
    {"http://h#f", "http", "h", 80, "", NULL, "f", NULL},
    {"http://h/?#", "http", "h", 80, "/", "", "", NULL},
    {"http://h/p#f?g#h", "http", "h", 80, "/p", NULL, "f?g#h", NULL},
    {"http://h/p?q?r/s", "http", "h", 80, "/p", "q?r/s", NULL, NULL},
    {"http://h/a@b:c", "http", "h", 80, "/a@b:c", NULL, NULL, NULL},
    {"http://h/x://y", "http", "h", 80, "/x:/y", NULL, NULL, NULL},
    {"http://h?a=://", "http", "h", 80, "", "a=://", NULL, NULL},
    {"file:///etc/fstab", "file", "", 0, "/etc/fstab", NULL, NULL, NULL},
    /* Case. */
    {"HTTP://WWW.Example.COM/Path", "http", "www.example.com", 80, "/Path",
	NULL, NULL, NULL},
    {"Tls+TCP4://A:1", "tls+tcp4", "a", 1, "", NULL, NULL, NULL},
    {"INPROC://Name", "inproc", NULL, 0, "Name", NULL, NULL, NULL},
    /* The host is not decoded. */
    {"tcp://%41%zz\xff:1", "tcp", "%41%zz\xff", 1, "", NULL, NULL, NULL},
    /* Ports. */
    {"tcp://h:0", "tcp", "h", 0, "", NULL, NULL, NULL},
    {"http://h:0", "http", "h", 0, "", NULL, NULL, NULL},
    {"tcp://h:65535", "tcp", "h", 65535, "", NULL, NULL, NULL},
    {"tcp://h:0000000080", "tcp", "h", 80, "", NULL, NULL, NULL},
    /* A path alone. */
    {"ipc:///tmp/x.sock", "ipc", NULL, 0, "/tmp/x.sock", NULL, NULL, NULL},
    {"unix://a//b/../%41?q#f@:[", "unix", NULL, 0, "a//b/../%41?q#f@:[", NULL,
	NULL, NULL},
    {"abstract://%00\xff%", "abstract", NULL, 0, "%00\xff%", NULL, NULL, NULL},
    {"socket://", "socket", NULL, 0, "", NULL, NULL, NULL},
    {"inproc://a://b", "inproc", NULL, 0, "a://b", NULL, NULL, NULL},
    /* Escapes. */
    {"http://h/%41%7a%30%2D%2e%5F%7e", "http", "h", 80, "/Az0-._~", NULL, NULL,
	NULL},
    {"http://h/%2f%3f%23%25%00%20%c3%a4", "http", "h", 80,
	"/%2F%3F%23%25%00%20\xc3\xa4", NULL, NULL, NULL},
    {"http://h/%7f%40%5b%60%7b", "http", "h", 80, "/%7F%40%5B%60%7B", NULL,
	NULL, NULL},
    {"http://h/?%41%2f#%42%3a", "http", "h", 80, "/", "A%2F", "B%3A", NULL},
    {"http://h/a b\x01", "http", "h", 80, "/a b\x01", NULL, NULL, NULL},
    /* Slashes and dots. */
    {"http://h//a///b//", "http", "h", 80, "/a/b/", NULL, NULL, NULL},
    {"http://h/a/..", "http", "h", 80, "", NULL, NULL, NULL},
    {"http://h/a/.", "http", "h", 80, "/a", NULL, NULL, NULL},
    {"http://h/a/./", "http", "h", 80, "/a/", NULL, NULL, NULL},
    {"http://h/a/../", "http", "h", 80, "/", NULL, NULL, NULL},
    {"http://h/.", "http", "h", 80, "", NULL, NULL, NULL},
    {"http://h/..", "http", "h", 80, "", NULL, NULL, NULL},
    {"http://h/../../a", "http", "h", 80, "/a", NULL, NULL, NULL},
    {"http://h/a/b/../../../c", "http", "h", 80, "/c", NULL, NULL, NULL},
    {"http://h/a/b/../c/./d", "http", "h", 80, "/a/c/d", NULL, NULL, NULL},
    {"http://h/a//../b", "http", "h", 80, "/b", NULL, NULL, NULL},
    {"http://h/a/%2e%2E/b", "http", "h", 80, "/b", NULL, NULL, NULL},
    {"http://h/a/...", "http", "h", 80, "/a/...", NULL, NULL, NULL},
    {"http://h/.a/..b/c./d..", "http", "h", 80, "/.a/..b/c./d..", NULL, NULL,
	NULL},
    {"http://h/..?//../.#//./..", "http", "h", 80, "", "//../.", "//./..",
	NULL},
    /* UTF-8, and what was dropped is not looked at. */
    {"http://h/\x7f\xc2\x80\xdf\xbf", "http", "h", 80, "/\x7f\xc2\x80\xdf\xbf",
	NULL, NULL, NULL},
    {"http://h/\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", "http", "h",
	80, "/\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", NULL, NULL,
	NULL},
    {"http://h/\xf0\x90\x80\x80%f4%8f%bf%bf", "http", "h", 80,
	"/\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", NULL, NULL, NULL},
    {"http://h/\xff/..", "http", "h", 80, "", NULL, NULL, NULL},
};

#define GOOD ((int)(sizeof(good) / sizeof(good[0])))

static weir_url *
parse(const char *text)
{
	weir_url *url = NULL;
	weir_err err = weir_url_parse(&url, text);

	ck_assert_msg(err == WEIR_OK, "%s: %s", text, weir_strerror(err));
	ck_assert_ptr_nonnull(url);
	return url;
}

static void
expect_error(const char *text, weir_err want)
{
	weir_url *url = (weir_url *)&url;
	weir_err err = weir_url_parse(&url, text);

	ck_assert_msg(err == want, "%s: %s, not %s", text, weir_strerror(err),
	    weir_strerror(want));
	ck_assert_ptr_eq(url, &url);
}

START_TEST(every_part_is_as_documented)
{
	weir_url *url = parse(good[_i].text);

	ck_assert_str_eq(weir_url_scheme(url), good[_i].scheme);
	ck_assert_pstr_eq(weir_url_hostname(url), good[_i].host);
	ck_assert_uint_eq(weir_url_port(url), good[_i].port);
	ck_assert_pstr_eq(weir_url_path(url), good[_i].path);
	ck_assert_pstr_eq(weir_url_query(url), good[_i].query);
	ck_assert_pstr_eq(weir_url_fragment(url), good[_i].fragment);
	ck_assert_pstr_eq(weir_url_userinfo(url), good[_i].userinfo);
	ck_assert(!weir_url_bracketed(url));
	weir_url_free(url);
}
END_TEST

static const char *const invalid[] = {
    /* No scheme. */
    "",
    "tcp",
    "tcp:",
    "tcp:/h:80",
    "://h:80",
    "//h",
    "/a/path",
    "127.0.0.1:80",
    "a b://x",
    " tcp://h",
    "tcp ://h",
    "\xff://h",
    "h:80://",
    "/x://y",
    /* Authority. */
    "http://a@b@h",
    "http://@@",
    "http://a@h:80@",
    "tcp://::1:80",
    "tcp://::1",
    "tcp://[::1:80",
    "tcp://[",
    "tcp://]",
    "tcp://[]:80",
    "tcp://[::1]80",
    "tcp://[::1]]",
    "tcp://[[::1]]",
    "tcp://::1]:80",
    "tcp://a[::1]:80",
    "tcp://a]b",
    "tcp://[a/b]",
    "tcp://[a?b]",
    "tcp://[a]b:1",
    "tcp://[a]@h]",
    /* Ports. */
    "tcp://h:",
    "tcp://[::1]:",
    "tcp://h:/p",
    "tcp://h:65536",
    "tcp://h:99999",
    "tcp://h:18446744073709551696",
    "tcp://h:4294967376",
    "tcp://h:-1",
    "tcp://h:+80",
    "tcp://h: 80",
    "tcp://h:80 ",
    "tcp://h:80:80",
    "tcp://h:0x50",
    "tcp://h:8%30",
    "tcp://h:no-such-service",
    "tcp://h:.",
    "tcp://h:\xff",
    "tcp://h:\n",
    /* Escapes. */
    "http://h/%",
    "http://h/%4",
    "http://h/%zz",
    "http://h/%4z",
    "http://h/%z4",
    "http://h/%%41",
    "http://h/a%?41",
    "http://h/?%",
    "http://h/#%4",
    "http://h/% 41",
    "http://h/%+1",
    "http://h/%:0",
    "http://h/%/0",
    "http://h/%@0",
    "http://h/%G0",
    "http://h/%`0",
    "http://h/%g0",
    /* Not UTF-8. */
    "http://h/\x80",
    "http://h/\xbf",
    "http://h/\xc0\x80",
    "http://h/\xc1\xbf",
    "http://h/\xc2",
    "http://h/\xc2/",
    "http://h/\xc2\x7f",
    "http://h/\xc2\xc0",
    "http://h/\xe0\x80\x80",
    "http://h/\xe0\x9f\xbf",
    "http://h/\xed\xa0\x80",
    "http://h/\xed\xbf\xbf",
    "http://h/\xe1\x80",
    "http://h/\xe1\x80z",
    "http://h/\xf0\x8f\xbf\xbf",
    "http://h/\xf4\x90\x80\x80",
    "http://h/\xf5\x80\x80\x80",
    "http://h/\xf1\x80\x80",
    "http://h/\xf8",
    "http://h/\xfe",
    "http://h/\xff",
    "http://h/%ff",
    "http://h/%c0%80",
    "http://h/%e1%80",
    "http://h/?\xff",
    "http://h/#\xff",
    "http://h/\xc2?\x80",
};

#define INVALID ((int)(sizeof(invalid) / sizeof(invalid[0])))

START_TEST(what_is_no_url_is_invalid)
{
	expect_error(invalid[_i], WEIR_EINVAL);
}
END_TEST

START_TEST(other_schemes_are_not_supported_nor_parts_of_known_ones)
{
	static const char *const texts[] = {"h://x", "tc://h", "tcpp://h",
	    "tcp5://h", "tcp44://h", "tls://h", "tls+://h", "unixx:///x",
	    "i://x", "httpss://h", "x-y.z+1://h", "1://x", "zt://x"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect_error(texts[i], WEIR_ENOTSUP);
	}
}
END_TEST

START_TEST(every_scheme_has_its_default_port_and_kind)
{
	static const struct {
		const char *name;
		uint32_t port;
		bool path_only;
	} rows[] = {{"http", 80, false}, {"https", 443, false},
	    {"tcp", 0, false}, {"tcp4", 0, false}, {"tcp6", 0, false},
	    {"tls+tcp", 0, false}, {"tls+tcp4", 0, false},
	    {"tls+tcp6", 0, false}, {"socket", 0, true}, {"inproc", 0, true},
	    {"ipc", 0, true}, {"unix", 0, true}, {"abstract", 0, true},
	    {"ws", 80, false}, {"ws4", 80, false}, {"ws6", 80, false},
	    {"wss", 443, false}, {"wss4", 443, false}, {"wss6", 443, false},
	    {"udp", 0, false}, {"udp4", 0, false}, {"udp6", 0, false},
	    {"dtls", 0, false}, {"dtls4", 0, false}, {"dtls6", 0, false},
	    {"file", 0, false}, {"mailto", 0, false}, {"gopher", 70, false},
	    {"ftp", 0, false}, {"ssh", 22, false}, {"git", 9418, false},
	    {"telnet", 23, false}, {"irc", 0, false}, {"imap", 0, false},
	    {"imaps", 0, false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[32];
		weir_url *url;

		snprintf(text, sizeof(text), "%s://H/p", rows[i].name);
		url = parse(text);
		ck_assert_str_eq(weir_url_scheme(url), rows[i].name);
		ck_assert_uint_eq(weir_url_port(url), rows[i].port);
		ck_assert_pstr_eq(
		    weir_url_hostname(url), rows[i].path_only ? NULL : "h");
		ck_assert_str_eq(
		    weir_url_path(url), rows[i].path_only ? "H/p" : "/p");
		weir_url_free(url);
	}
}
END_TEST

START_TEST(brackets_are_taken_off_and_remembered)
{
	static const struct {
		const char *text;
		const char *host;
		uint32_t port;
	} rows[] = {{"tcp://[::1]:443", "::1", 443}, {"tcp://[::1]", "::1", 0},
	    {"http://u@[FE80::1%25E]/p", "fe80::1%25e", 80},
	    {"tcp6://[::ffff:1.2.3.4]:0?q", "::ffff:1.2.3.4", 0},
	    {"tcp://[name]:1", "name", 1}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		weir_url *url = parse(rows[i].text);

		ck_assert(weir_url_bracketed(url));
		ck_assert_str_eq(weir_url_hostname(url), rows[i].host);
		ck_assert_uint_eq(weir_url_port(url), rows[i].port);
		weir_url_free(url);
	}
}
END_TEST

/* "begin", then n times c, then "end", in memory of its own size. */
static char *
row_of(const char *begin, char c, size_t n, const char *end)
{
	size_t before = strlen(begin);
	size_t after = strlen(end) + 1;
	char *text = malloc(before + n + after);

	ck_assert_ptr_nonnull(text);
	memcpy(text, begin, before);
	memset(text + before, c, n);
	memcpy(text + before + n, end, after);
	return text;
}

static void
expect_long(weir_err want, const char *begin, size_t n, const char *end)
{
	char *text = row_of(begin, 'a', n, end);
	weir_url *url = NULL;

	ck_assert_int_eq(weir_url_parse(&url, text), want);
	weir_url_free(url);
	free(text);
}

START_TEST(a_host_may_have_255_bytes)
{
	expect_long(WEIR_OK, "tcp://", WEIR_URL_HOST_MAX, ":80");
	expect_long(WEIR_OK, "tcp://[", WEIR_URL_HOST_MAX, "]:80");
	expect_long(WEIR_OK, "tcp://user@", WEIR_URL_HOST_MAX, "");
	expect_long(WEIR_EINVAL, "tcp://", WEIR_URL_HOST_MAX + 1, ":80");
	expect_long(WEIR_EINVAL, "tcp://[", WEIR_URL_HOST_MAX + 1, "]:80");
	expect_long(WEIR_EINVAL, "tcp://user@", WEIR_URL_HOST_MAX + 1, "");
	/* Only the host: not what stands before or behind. */
	expect_long(WEIR_OK, "tcp://", 4900, "@h");
	expect_long(WEIR_OK, "tcp://h/", 4900, "");
	expect_long(WEIR_OK, "tcp://h?", 4900, "#f");
	expect_long(WEIR_OK, "ipc://", 4900, "");
}
END_TEST

START_TEST(a_url_may_have_65535_bytes)
{
	size_t room = WEIR_URL_MAX - strlen("tcp://h/");

	expect_long(WEIR_OK, "tcp://h/", room, "");
	expect_long(WEIR_EINVAL, "tcp://h/", room + 1, "");
	expect_long(WEIR_OK, "ipc://ab", room, "");
	expect_long(WEIR_EINVAL, "ipc://ab", room + 1, "");
	/* Not read to its end: the last byte is no NUL. */
	char *text = row_of("tcp://h/", 'a', room, "b");
	text[WEIR_URL_MAX] = 'b';
	text = realloc(text, WEIR_URL_MAX + 1);
	ck_assert_ptr_nonnull(text);
	expect_error(text, WEIR_EINVAL);
	free(text);
}
END_TEST

START_TEST(null_is_invalid)
{
	weir_url *url;

	ck_assert_int_eq(weir_url_parse(NULL, "tcp://h"), WEIR_EINVAL);
	expect_error(NULL, WEIR_EINVAL);
	ck_assert_int_eq(weir_url_parse(&url, NULL), WEIR_EINVAL);
	ck_assert_ptr_null(weir_url_scheme(NULL));
	ck_assert_ptr_null(weir_url_hostname(NULL));
	ck_assert_ptr_null(weir_url_path(NULL));
	ck_assert_ptr_null(weir_url_query(NULL));
	ck_assert_ptr_null(weir_url_fragment(NULL));
	ck_assert_ptr_null(weir_url_userinfo(NULL));
	ck_assert_uint_eq(weir_url_port(NULL), 0);
	ck_assert(!weir_url_bracketed(NULL));
	weir_url_free(NULL);
}
END_TEST

/* The list of this machine may be short, or missing: libc is asked too. */
START_TEST(a_port_may_be_a_service_of_the_system)
{
	static const char *const names[] = {"http", "https", "ssh", "domain",
	    "imaps", "ftp-data", "tftp", "no-such-service", "HTTP"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct servent *entry = getservbyname(names[i], "tcp");
		uint32_t want = entry == NULL
				    ? 0
				    : (uint32_t)(entry->s_port & 0xff) << 8 |
					  (uint32_t)(entry->s_port >> 8 & 0xff);
		char text[64];
		weir_url *url;

		snprintf(text, sizeof(text), "tcp://[::1]:%s/p", names[i]);
		if (want == 0) {
			expect_error(text, WEIR_EINVAL);
			continue;
		}
		url = parse(text);
		ck_assert_uint_eq(weir_url_port(url), want);
		weir_url_free(url);
	}
}
END_TEST

/* In tr_TR the lower case of I is not i. */
START_TEST(the_locale_of_the_program_has_no_say)
{
	weir_url *url;

	/* Without such a locale the test is weaker. */
	(void)setlocale(LC_ALL, "tr_TR.ISO-8859-9");
	url = parse("GIT://INI\xdd:1");
	ck_assert_str_eq(weir_url_scheme(url), "git");
	ck_assert_str_eq(weir_url_hostname(url), "ini\xdd");
	weir_url_free(url);
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C"));
}
END_TEST

START_TEST(a_forked_child_parses)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		weir_url *url;
		bool good_here =
		    weir_url_parse(&url, "http://h:1/a/../b") == WEIR_OK &&
		    strcmp(weir_url_path(url), "/b") == 0;

		if (good_here) {
			weir_url_free(url);
		}
		_exit(good_here ? 0 : 1);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("parse");

	tcase_add_loop_test(tc, every_part_is_as_documented, 0, GOOD);
	tcase_add_loop_test(tc, what_is_no_url_is_invalid, 0, INVALID);
	tcase_add_test(
	    tc, other_schemes_are_not_supported_nor_parts_of_known_ones);
	tcase_add_test(tc, every_scheme_has_its_default_port_and_kind);
	tcase_add_test(tc, brackets_are_taken_off_and_remembered);
	tcase_add_test(tc, a_host_may_have_255_bytes);
	tcase_add_test(tc, a_url_may_have_65535_bytes);
	tcase_add_test(tc, null_is_invalid);
	tcase_add_test(tc, a_port_may_be_a_service_of_the_system);
	tcase_add_test(tc, the_locale_of_the_program_has_no_say);
	tcase_add_test(tc, a_forked_child_parses);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
