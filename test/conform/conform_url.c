/*
 * conform_url - section 12: URLs; trap 15.
 */
#include "conform/con.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a URL is taken apart into; NULL where there is none. */
struct parts {
	const char *url;
	const char *scheme;
	const char *userinfo;
	const char *host;
	uint32_t port;
	const char *path;
	const char *query;
	const char *fragment;
	const char *printed; /* NULL: as it was given */
};

static const struct parts good[] = {
    {"http://host/path?q#f", "http", NULL, "host", 80, "/path", "q", "f", NULL},
    {"http://user:pw@host:8080/p", "http", "user:pw", "host", 8080, "/p", NULL,
	NULL, "http://host:8080/p"},
    {"http://@host/", "http", "", "host", 80, "/", NULL, NULL, "http://host/"},
    {"http://host:80/", "http", NULL, "host", 80, "/", NULL, NULL,
	"http://host/"},
    {"http://host:0/", "http", NULL, "host", 0, "/", NULL, NULL, NULL},
    {"http://HoSt.Example", "http", NULL, "host.example", 80, "", NULL, NULL,
	"http://host.example"},
    {"HTTP://host", "http", NULL, "host", 80, "", NULL, NULL, "http://host"},
    {"Tcp4://host:5", "tcp4", NULL, "host", 5, "", NULL, NULL, "tcp4://host:5"},
    {"http://h%41st", "http", NULL, "h%41st", 80, "", NULL, NULL, NULL},
    {"http://[::1]:81/x", "http", NULL, "::1", 81, "/x", NULL, NULL, NULL},
    {"http://[::1]", "http", NULL, "::1", 80, "", NULL, NULL, NULL},
    {"http://[FE80::1]/", "http", NULL, "fe80::1", 80, "/", NULL, NULL,
	"http://[fe80::1]/"},
    {"http://host?q", "http", NULL, "host", 80, "", "q", NULL, NULL},
    {"http://host#f", "http", NULL, "host", 80, "", NULL, "f", NULL},
    {"http://host?#", "http", NULL, "host", 80, "", "", "", NULL},
    {"http://host/a?b?c#d#e", "http", NULL, "host", 80, "/a", "b?c", "d#e",
	NULL},
    {"http://host/a#b?c", "http", NULL, "host", 80, "/a", NULL, "b?c", NULL},
    {"https://host", "https", NULL, "host", 443, "", NULL, NULL, NULL},
    {"ws://host", "ws", NULL, "host", 80, "", NULL, NULL, NULL},
    {"wss6://host", "wss6", NULL, "host", 443, "", NULL, NULL, NULL},
    {"ssh://host", "ssh", NULL, "host", 22, "", NULL, NULL, NULL},
    {"telnet://host", "telnet", NULL, "host", 23, "", NULL, NULL, NULL},
    {"git://host", "git", NULL, "host", 9418, "", NULL, NULL, NULL},
    {"gopher://host", "gopher", NULL, "host", 70, "", NULL, NULL, NULL},
    {"tcp://host", "tcp", NULL, "host", 0, "", NULL, NULL, "tcp://host:0"},
    {"tcp://host:65535", "tcp", NULL, "host", 65535, "", NULL, NULL, NULL},
    {"tcp://:80", "tcp", NULL, "", 80, "", NULL, NULL, NULL},
    {"tcp://", "tcp", NULL, "", 0, "", NULL, NULL, "tcp://:0"},
    {"udp6://[::1]:5", "udp6", NULL, "::1", 5, "", NULL, NULL, NULL},
    {"tls+tcp4://h:1", "tls+tcp4", NULL, "h", 1, "", NULL, NULL, NULL},
    /* Services of the system. */
    {"tcp://host:http", "tcp", NULL, "host", 80, "", NULL, NULL,
	"tcp://host:80"},
    /* Path only: all of it, as it is. */
    {"ipc:///a/../b//c?q#f%zz", "ipc", NULL, NULL, 0, "/a/../b//c?q#f%zz", NULL,
	NULL, NULL},
    {"unix://rel", "unix", NULL, NULL, 0, "rel", NULL, NULL, NULL},
    {"abstract://a%00b", "abstract", NULL, NULL, 0, "a%00b", NULL, NULL, NULL},
    {"inproc://Name:7@x", "inproc", NULL, NULL, 0, "Name:7@x", NULL, NULL,
	NULL},
    {"socket://", "socket", NULL, NULL, 0, "", NULL, NULL, NULL},
    {"ipc://", "ipc", NULL, NULL, 0, "", NULL, NULL, NULL},
    /* Escapes. */
    {"http://h/%41%7e%2f%2F%3a?%42%26#%43%3f", "http", NULL, "h", 80,
	"/A~%2F%2F%3A", "B%26", "C%3F", "http://h/A~%2F%2F%3A?B%26#C%3F"},
    {"http://h/%c3%a9", "http", NULL, "h", 80, "/\xc3\xa9", NULL, NULL,
	"http://h/\xc3\xa9"},
    {"http://h/\xf0\x9f\x98\x80", "http", NULL, "h", 80, "/\xf0\x9f\x98\x80",
	NULL, NULL, NULL},
    /* Normal forms of paths, and of paths only. */
    {"http://h//a///b", "http", NULL, "h", 80, "/a/b", NULL, NULL,
	"http://h/a/b"},
    {"http://h/a/../b", "http", NULL, "h", 80, "/b", NULL, NULL, "http://h/b"},
    {"http://h/a/./b", "http", NULL, "h", 80, "/a/b", NULL, NULL,
	"http://h/a/b"},
    {"http://h/a/..", "http", NULL, "h", 80, "", NULL, NULL, "http://h"},
    {"http://h/a/.", "http", NULL, "h", 80, "/a", NULL, NULL, "http://h/a"},
    {"http://h/../../a", "http", NULL, "h", 80, "/a", NULL, NULL, "http://h/a"},
    {"http://h/a?x//../y#z//../w", "http", NULL, "h", 80, "/a", "x//../y",
	"z//../w", NULL},
};

#define GOOD ((int)(sizeof(good) / sizeof(good[0])))

#define N(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void
expect_str(const char *got, const char *want, const char *of)
{
	if (want == NULL) {
		ck_assert_msg(got == NULL, "%s: not NULL", of);
	} else {
		ck_assert_msg(got != NULL && strcmp(got, want) == 0,
		    "%s: %s, not %s", of, got != NULL ? got : "NULL", want);
	}
}

static void
expect_parts(const nng_url *url, const struct parts *p)
{
	const char *printed = p->printed != NULL ? p->printed : p->url;
	char buf[256];

	expect_str(nng_url_scheme(url), p->scheme, p->url);
	expect_str(nng_url_userinfo(url), p->userinfo, p->url);
	expect_str(nng_url_hostname(url), p->host, p->url);
	ck_assert_msg(nng_url_port(url) == p->port, "%s: port %u", p->url,
	    nng_url_port(url));
	expect_str(nng_url_path(url), p->path, p->url);
	expect_str(nng_url_query(url), p->query, p->url);
	expect_str(nng_url_fragment(url), p->fragment, p->url);
	ck_assert_int_eq(
	    nng_url_sprintf(buf, sizeof(buf), url), (int)strlen(printed));
	expect_str(buf, printed, p->url);
}

static void
take_apart(int i)
{
	nng_url *url;
	nng_err err = nng_url_parse(&url, good[i].url);

	ck_assert_msg(err == NNG_OK, "%s: %s", good[i].url, nng_strerror(err));
	expect_parts(url, &good[i]);
	nng_url_free(url);
}

START_TEST(a_url_is_taken_apart_and_printed)
{
	for (int i = 0; i < GOOD; i++) {
		take_apart(i);
	}
}
END_TEST

static void
copy_one(int i)
{
	nng_url *url;
	nng_url *clone;

	ck_assert_int_eq(nng_url_parse(&url, good[i].url), NNG_OK);
	ck_assert_int_eq(nng_url_clone(&clone, url), NNG_OK);
	nng_url_free(url);
	expect_parts(clone, &good[i]);
	nng_url_free(clone);
}

START_TEST(a_clone_is_equal_and_lives_alone)
{
	for (int i = 0; i < GOOD; i++) {
		copy_one(i);
	}
}
END_TEST

static const char *const schemes[] = {"http", "https", "tcp", "tcp4", "tcp6",
    "tls+tcp", "tls+tcp4", "tls+tcp6", "socket", "inproc", "ipc", "unix",
    "abstract", "ws", "ws4", "ws6", "wss", "wss4", "wss6", "udp", "udp4",
    "udp6", "dtls", "dtls4", "dtls6", "file", "mailto", "gopher", "ftp", "ssh",
    "git", "telnet", "irc", "imap", "imaps"};

static void
know(int i)
{
	char text[64];
	nng_url *url;

	(void)snprintf(text, sizeof(text), "%s://x", schemes[i]);
	ck_assert_int_eq(nng_url_parse(&url, text), NNG_OK);
	ck_assert_str_eq(nng_url_scheme(url), schemes[i]);
	nng_url_free(url);
}

START_TEST(these_schemes_are_known)
{
	for (int i = 0; i < N(schemes); i++) {
		know(i);
	}
}
END_TEST

static const char *const unknown[] = {"h://x", "tc://x", "://x", "htt://x",
    "tcp5://x", "tcpx://x", "x://y", "tls://x", "httpss://x", "tls+tcp7://x"};

static void
not_know(int i)
{
	nng_url *url = (nng_url *)&url;

	/* An empty scheme may be called malformed as well. */
	nng_err err = nng_url_parse(&url, unknown[i]);

	ck_assert_msg(
	    err == NNG_ENOTSUP || (unknown[i][0] == ':' && err == NNG_EINVAL),
	    "%s: %d", unknown[i], (int)err);
	ck_assert_ptr_eq(url, (nng_url *)&url);
}

START_TEST(other_schemes_are_not_supported)
{
	for (int i = 0; i < N(unknown); i++) {
		not_know(i);
	}
}
END_TEST

static const char *const bad[] = {"", "x", "http", "http:", "http:/", "http:/x",
    "http//x", "http://a@b@c/", "http://[::1", "http://[::1/", "http://[::1]x",
    "http://[::1]80", "http://::1/", "http://host:", "http://host:/",
    "http://host:65536", "http://host:99999999999", "http://host:-1",
    "http://host:no-such-service", "http://host:80x", "http://h/%",
    "http://h/%4", "http://h/%zz", "http://h/%4g", "http://h/?%",
    "http://h/#%1", "http://h/\xff", "http://h/%ff", "http://h/%c0%80",
    "http://h/%c1%bf", "http://h/%e0%80%80", "http://h/%ed%a0%80",
    "http://h/%f4%90%80%80", "http://h/%f0%80%80%80", "http://h/%c3",
    "http://h/%80", "http://h/?%c0%80", "http://h/#%ed%bf%bf",
    "http://[::1]:/x"};

static void
refuse(int i)
{
	nng_url *url = (nng_url *)&url;
	nng_err err = nng_url_parse(&url, bad[i]);

	ck_assert_msg(err == NNG_EINVAL, "%s: %d", bad[i], (int)err);
	ck_assert_ptr_eq(url, (nng_url *)&url);
}

START_TEST(what_is_malformed_is_invalid_and_writes_nothing)
{
	for (int i = 0; i < N(bad); i++) {
		refuse(i);
	}
}
END_TEST

START_TEST(a_host_has_255_bytes_at_most)
{
	char text[400] = "http://";
	nng_url *url;

	memset(text + 7, 'h', 256);
	text[7 + 255] = '\0';
	ck_assert_int_eq(nng_url_parse(&url, text), NNG_OK);
	ck_assert_uint_eq(strlen(nng_url_hostname(url)), 255);
	nng_url_free(url);
	text[7 + 255] = 'h';
	text[7 + 256] = '\0';
	ck_assert_int_eq(nng_url_parse(&url, text), NNG_EINVAL);
}
END_TEST

START_TEST(nothing_else_has_a_limit)
{
	enum { LONG = 20000 };
	char *text = malloc(LONG * 3 + 100);
	char *path = malloc(LONG + 2);
	nng_url *clone;
	nng_url *url;

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(path);
	path[0] = '/';
	memset(path + 1, 'p', LONG);
	path[LONG + 1] = '\0';
	(void)sprintf(text, "http://host:81%s?%s#%s", path, path, path);
	ck_assert_int_eq(nng_url_parse(&url, text), NNG_OK);
	ck_assert_str_eq(nng_url_path(url), path);
	ck_assert_str_eq(nng_url_query(url), path);
	ck_assert_str_eq(nng_url_fragment(url), path);
	ck_assert_int_eq(nng_url_clone(&clone, url), NNG_OK);
	nng_url_free(url);
	ck_assert_str_eq(nng_url_path(clone), path);
	ck_assert_str_eq(nng_url_fragment(clone), path);
	ck_assert_int_eq(nng_url_sprintf(NULL, 0, clone), (int)strlen(text));
	nng_url_free(clone);
	(void)sprintf(text, "ipc://%s", path);
	ck_assert_int_eq(nng_url_parse(&url, text), NNG_OK);
	ck_assert_str_eq(nng_url_path(url), path);
	nng_url_free(url);
	free(text);
	free(path);
}
END_TEST

START_TEST(printing_is_like_snprintf)
{
	static const char want[] = "http://host:81/path";
	nng_url *url;
	char buf[32];

	ck_assert_int_eq(nng_url_parse(&url, want), NNG_OK);
	ck_assert_int_eq(nng_url_sprintf(NULL, 0, url), (int)strlen(want));
	for (size_t n = 1; n < sizeof(want) + 2; n++) {
		memset(buf, 'x', sizeof(buf));
		ck_assert_int_eq(
		    nng_url_sprintf(buf, n, url), (int)strlen(want));
		ck_assert_uint_eq(
		    strlen(buf), n <= strlen(want) ? n - 1 : strlen(want));
		ck_assert_int_eq(memcmp(buf, want, strlen(buf)), 0);
		ck_assert_int_eq(buf[n + 1], 'x');
	}
	nng_url_free(url);
}
END_TEST

START_TEST(resolve_port_sets_a_port_that_is_zero_only)
{
	char buf[64];
	nng_url *url;

	ck_assert_int_eq(nng_url_parse(&url, "tcp://host"), NNG_OK);
	nng_url_resolve_port(url, 0);
	ck_assert_uint_eq(nng_url_port(url), 0);
	nng_url_resolve_port(url, 4000);
	ck_assert_uint_eq(nng_url_port(url), 4000);
	nng_url_resolve_port(url, 5000);
	ck_assert_uint_eq(nng_url_port(url), 4000);
	(void)nng_url_sprintf(buf, sizeof(buf), url);
	ck_assert_str_eq(buf, "tcp://host:4000");
	nng_url_free(url);
	ck_assert_int_eq(nng_url_parse(&url, "http://host"), NNG_OK);
	nng_url_resolve_port(url, 5000);
	ck_assert_uint_eq(nng_url_port(url), 80);
	nng_url_free(url);
}
END_TEST

START_TEST(any_bytes_are_survived)
{
	static const char alphabet[] = "htp:/@[]?#%.0a4\xc3\x80\xffz+";
	struct con_rand r = {.state = 3};

	for (int i = 0; i < 20000; i++) {
		char text[40] = "http://";
		unsigned n = con_rand_below(&r, 30);
		nng_url *url;

		for (unsigned j = 0; j < n; j++) {
			text[7 + j] = alphabet[con_rand_below(
			    &r, (uint32_t)sizeof(alphabet) - 1)];
		}
		if (nng_url_parse(&url, text) == NNG_OK) {
			char buf[200];
			nng_url *again;

			/* What it prints it takes, to the same effect. */
			(void)nng_url_sprintf(buf, sizeof(buf), url);
			ck_assert_msg(nng_url_parse(&again, buf) == NNG_OK,
			    "%s printed as %s", text, buf);
			ck_assert_str_eq(
			    nng_url_path(again), nng_url_path(url));
			ck_assert_str_eq(
			    nng_url_hostname(again), nng_url_hostname(url));
			nng_url_free(again);
			nng_url_free(url);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/url");
	TCase *tc = con_case_bare(suite, "url");

	tcase_add_test(tc, a_url_is_taken_apart_and_printed);
	tcase_add_test(tc, a_clone_is_equal_and_lives_alone);
	tcase_add_test(tc, these_schemes_are_known);
	tcase_add_test(tc, other_schemes_are_not_supported);
	tcase_add_test(tc, what_is_malformed_is_invalid_and_writes_nothing);
	tcase_add_test(tc, a_host_has_255_bytes_at_most);
	tcase_add_test(tc, nothing_else_has_a_limit);
	tcase_add_test(tc, printing_is_like_snprintf);
	tcase_add_test(tc, resolve_port_sets_a_port_that_is_zero_only);
	tcase_add_test(tc, any_bytes_are_survived);
	return run_suite(suite);
}
