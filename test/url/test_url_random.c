/*
 * test_url_random - what holds for every URL that parses, tried on 100,000
 * texts made from parts and by mutation.
 */
#include "support/run.h"

#include <weir/url.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOPS 10
#define ROUNDS 10000
#define TEXT_MAX 512

static uint64_t dice_state;

static unsigned
dice(unsigned sides)
{
	dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(dice_state >> 33) % sides;
}

/* What was tried, for the message. */
static char shown[3 * TEXT_MAX + 1];

static void
show(const char *text)
{
	char *out = shown;

	for (; *text != '\0'; text++) {
		bool plain = *text >= 0x20 && *text < 0x7f && *text != '\\';

		out += plain ? sprintf(out, "%c", *text)
			     : sprintf(out, "\\%02x", (unsigned char)*text);
	}
}

#define expect(cond) ck_assert_msg(cond, "%s: for %s", #cond, shown)

/* Is it UTF-8?  By another road than the library's: decode, then encode. */
static bool
is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		unsigned len = *s < 0x80   ? 1
			       : *s < 0xe0 ? 2
			       : *s < 0xf0 ? 3
					   : 4;
		uint32_t point = len == 1 ? *s : *s & (0x7fu >> len);

		if (*s >= 0x80 && (*s < 0xc0 || *s >= 0xf8)) {
			return false;
		}
		for (unsigned i = 1; i < len; i++) {
			if (s[i] < 0x80 || s[i] >= 0xc0) {
				return false;
			}
			point = point << 6 | (s[i] & 0x3f);
		}
		unsigned need = point < 0x80      ? 1
				: point < 0x800   ? 2
				: point < 0x10000 ? 3
						  : 4;
		if (need != len || point > 0x10ffff ||
		    (point >= 0xd800 && point <= 0xdfff)) {
			return false;
		}
		s += len;
	}
	return true;
}

/* Escapes that are left: two digits, upper case, not of a plain byte. */
static bool
escapes_are_canonical(const char *text)
{
	for (; (text = strchr(text, '%')) != NULL; text += 3) {
		unsigned value;

		if (strspn(text + 1, "0123456789ABCDEF") < 2 ||
		    sscanf(text + 1, "%2X", &value) != 1 || value >= 0x80 ||
		    (value != 0 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "abcdefghijklmnopqrstuvwxyz"
					  "0123456789-._~",
				       (int)value) != NULL)) {
			return false;
		}
	}
	return true;
}

static bool
path_is_canonical(const char *path)
{
	if (path[0] != '\0' && path[0] != '/') {
		return false;
	}
	for (const char *seg = path; (seg = strchr(seg, '/')) != NULL; seg++) {
		size_t len = strcspn(seg + 1, "/");

		if ((len == 0 && seg[1] != '\0') ||
		    (len == 1 && seg[1] == '.') ||
		    (len == 2 && seg[1] == '.' && seg[2] == '.')) {
			return false;
		}
	}
	return true;
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
expect_same(const weir_url *a, const weir_url *b)
{
	expect(same(weir_url_scheme(a), weir_url_scheme(b)));
	expect(same(weir_url_hostname(a), weir_url_hostname(b)));
	expect(weir_url_bracketed(a) == weir_url_bracketed(b));
	expect(weir_url_port(a) == weir_url_port(b));
	expect(same(weir_url_path(a), weir_url_path(b)));
	expect(same(weir_url_query(a), weir_url_query(b)));
	expect(same(weir_url_fragment(a), weir_url_fragment(b)));
}

/* What holds for each part. */
static void
expect_parts(const weir_url *url, const char *text)
{
	const char *rest = strstr(text, "://") + 3;
	const char *host = weir_url_hostname(url);
	const char *path = weir_url_path(url);

	expect(weir_url_scheme(url) != NULL && path != NULL);
	expect(strncasecmp(text, weir_url_scheme(url),
		   strlen(weir_url_scheme(url))) == 0);
	expect(weir_url_port(url) <= 65535);
	if (host == NULL) {
		expect(strcmp(path, rest) == 0);
		expect(weir_url_port(url) == 0);
		expect(weir_url_query(url) == NULL);
		expect(weir_url_fragment(url) == NULL);
		expect(weir_url_userinfo(url) == NULL);
		return;
	}
	expect(strlen(host) <= WEIR_URL_HOST_MAX);
	expect(strpbrk(host, "/?#@[]ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
	expect(weir_url_bracketed(url) || strchr(host, ':') == NULL);
	expect((weir_url_userinfo(url) != NULL) ==
	       (memchr(rest, '@', strcspn(rest, "/?#")) != NULL));
	expect(path_is_canonical(path));
	for (int i = 0; i < 3; i++) {
		const char *part = i == 0   ? path
				   : i == 1 ? weir_url_query(url)
					    : weir_url_fragment(url);

		expect(part == NULL || is_utf8(part));
		expect(part == NULL || escapes_are_canonical(part));
	}
}

static bool
try(const char *text)
{
	/* Of its own size: a sanitizer sees the first byte too many. */
	char *copy = strdup(text);
	char *printed;
	weir_url *url = NULL;
	weir_url *dup;
	weir_url *again;
	int len;
	weir_err err;

	ck_assert_ptr_nonnull(copy);
	show(text);
	err = weir_url_parse(&url, copy);
	if (err != WEIR_OK) {
		expect(err == WEIR_EINVAL || err == WEIR_ENOTSUP);
		expect(url == NULL);
		free(copy);
		return false;
	}
	expect_parts(url, copy);
	free(copy);

	expect(weir_url_clone(&dup, url) == WEIR_OK);
	expect_same(url, dup);
	expect(same(weir_url_userinfo(url), weir_url_userinfo(dup)));

	len = weir_url_sprintf(NULL, 0, url);
	expect(len > 0);
	printed = malloc((size_t)len + 1);
	ck_assert_ptr_nonnull(printed);
	expect(weir_url_sprintf(printed, (size_t)len + 1, url) == len);
	expect(strlen(printed) == (size_t)len);
	weir_url_free(url);
	expect(weir_url_parse(&again, printed) == WEIR_OK);
	expect_same(dup, again);
	free(printed);
	weir_url_free(dup);
	weir_url_free(again);
	return true;
}

static void
make_from_parts(char *text)
{
	static const char *const schemes[] = {"tcp", "HTTP", "https", "ipc",
	    "abstract", "tls+tcp6", "Git", "file", "ws", "tc", "", "inproc"};
	static const char *const parts[] = {"/", "/", "/..", "/.", "//", ".",
	    "..", "?", "#", "@", ":", "[", "]", "::1", "%2e", "%2F", "%00",
	    "%c3%A4", "%", "%4", "%ff", "\xc3\xa4", "\xed\xa0\x80", "\xf4",
	    "\x80", "a", "B", "host", "80", "0", "65536", "http", "-", "~",
	    "%7E", "://", " ", "\x7f", "\n", "_", "%e2%82%ac"};
	unsigned n = dice(14);

	strcpy(text, schemes[dice(sizeof(schemes) / sizeof(schemes[0]))]);
	strcat(text, "://");
	if (dice(2) == 0) {
		strcat(text, "Host");
	}
	for (unsigned i = 0; i < n; i++) {
		strcat(text, parts[dice(sizeof(parts) / sizeof(parts[0]))]);
	}
}

static void
mutate(char *text)
{
	static const char bytes[] =
	    "/.:@?#[]%0aAfF\x80\xbf\xc2\xe0\xed\xf0\xf4";

	for (unsigned n = 1 + dice(4); n > 0; n--) {
		size_t len = strlen(text);
		size_t at = len == 0 ? 0 : dice((unsigned)len);
		char c = dice(3) == 0 ? (char)(1 + dice(255))
				      : bytes[dice(sizeof(bytes) - 1)];

		switch (dice(4)) {
		case 0: /* change */
			if (len > 0) {
				text[at] = c;
			}
			break;
		case 1: /* remove */
			memmove(text + at, text + at + (len > 0),
			    len - at + (len == 0));
			break;
		case 2: /* insert */
			if (len + 2 < TEXT_MAX) {
				memmove(text + at + 1, text + at, len - at + 1);
				text[at] = c;
			}
			break;
		case 3: /* say twice */
			if (2 * len - at + 1 < TEXT_MAX) {
				memmove(text + len, text + at, len - at);
				text[2 * len - at] = '\0';
			}
			break;
		}
	}
}

START_TEST(whatever_parses_is_canonical_and_prints_to_itself)
{
	static const char *const seeds[] = {
	    "http://user:pw@www.Example.com:8080/a/b/../c?q=%2F#frag",
	    "tcp://[fe80::1%3]:443", "ipc:///tmp/a//b?c", "tls+tcp://h:1/",
	    "http://h/%c3%a4/\xe2\x82\xac/%7e/./x", "https://h:https?a#b",
	    "gopher://h//..//..", "abstract://%00%ff"};
	char text[TEXT_MAX];
	unsigned parsed = 0;

	dice_state = (uint64_t)_i * 0x9e3779b97f4a7c15u + 1;
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (dice(2) == 0) {
			make_from_parts(text);
		} else {
			strcpy(text,
			    seeds[dice(sizeof(seeds) / sizeof(seeds[0]))]);
		}
		if (dice(4) != 0) {
			mutate(text);
		}
		parsed += try(text);
	}
	/* The dice are not wasted on texts that fail. */
	ck_assert_uint_gt(parsed, ROUNDS / 10);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("url");
	TCase *tc = tcase_create("random");

	tcase_add_loop_test(
	    tc, whatever_parses_is_canonical_and_prints_to_itself, 0, LOOPS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
