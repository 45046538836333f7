/*
 * fuzz_url - any text as a URL: what parses is canonical, prints to a text that
 * parses to the same parts and prints to itself, and has an equal clone.
 */
#include "fuzz/fuzz.h"

#include <weir/url.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 4096

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
expect_same(const weir_url *a, const weir_url *b)
{
	fuzz_expect(same(weir_url_scheme(a), weir_url_scheme(b)));
	fuzz_expect(same(weir_url_hostname(a), weir_url_hostname(b)));
	fuzz_expect(weir_url_bracketed(a) == weir_url_bracketed(b));
	fuzz_expect(weir_url_port(a) == weir_url_port(b));
	fuzz_expect(same(weir_url_path(a), weir_url_path(b)));
	fuzz_expect(same(weir_url_query(a), weir_url_query(b)));
	fuzz_expect(same(weir_url_fragment(a), weir_url_fragment(b)));
}

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

/* No empty segment but the last, no dot segment. */
static bool
path_is_canonical(const char *path)
{
	if (path[0] == '\0') {
		return true;
	}
	if (path[0] != '/') {
		return false;
	}
	for (const char *p = path; p != NULL; p = strchr(p + 1, '/')) {
		size_t len = strcspn(p + 1, "/");

		if ((len == 0 && p[1] != '\0') || (len == 1 && p[1] == '.') ||
		    (len == 2 && p[1] == '.' && p[2] == '.')) {
			return false;
		}
	}
	return true;
}

static void
expect_text(const char *part)
{
	fuzz_expect(part == NULL || is_utf8(part));
	fuzz_expect(part == NULL || escapes_are_canonical(part));
}

static void
expect_parts(const weir_url *url, const char *text)
{
	const char *rest = strstr(text, "://") + 3;
	const char *scheme = weir_url_scheme(url);
	const char *host = weir_url_hostname(url);
	const char *path = weir_url_path(url);

	fuzz_expect(scheme != NULL && path != NULL);
	fuzz_expect(strncasecmp(text, scheme, strlen(scheme)) == 0);
	fuzz_expect(text[strlen(scheme)] == ':');
	fuzz_expect(weir_url_port(url) <= 65535);
	if (host == NULL) {
		fuzz_expect(strcmp(path, rest) == 0);
		fuzz_expect(weir_url_port(url) == 0);
		fuzz_expect(weir_url_query(url) == NULL);
		fuzz_expect(weir_url_fragment(url) == NULL);
		fuzz_expect(weir_url_userinfo(url) == NULL);
		return;
	}
	fuzz_expect(strlen(host) <= WEIR_URL_HOST_MAX);
	fuzz_expect(strpbrk(host, "/?#@[]ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
	fuzz_expect(weir_url_bracketed(url) || strchr(host, ':') == NULL);
	fuzz_expect((weir_url_userinfo(url) != NULL) ==
		    (memchr(rest, '@', strcspn(rest, "/?#")) != NULL));
	fuzz_expect(path_is_canonical(path));
	expect_text(path);
	expect_text(weir_url_query(url));
	expect_text(weir_url_fragment(url));
}

/* The text, into memory of its own size; and cut short. */
static char *
print(const weir_url *url)
{
	int len = weir_url_sprintf(NULL, 0, url);
	size_t size = (size_t)len + 1;
	size_t half = size / 2;
	char *text = malloc(size);
	char *cut = malloc(half > 0 ? half : 1);

	fuzz_expect(len > 0 && text != NULL && cut != NULL);
	fuzz_expect(weir_url_sprintf(text, size, url) == len);
	fuzz_expect(strlen(text) == (size_t)len);
	fuzz_expect(weir_url_sprintf(cut, half, url) == len);
	fuzz_expect(half == 0 || strlen(cut) == half - 1);
	fuzz_expect(half == 0 || memcmp(cut, text, half - 1) == 0);
	free(cut);
	return text;
}

static void
give_port(weir_url *url)
{
	uint32_t port = weir_url_port(url);
	bool takes = port == 0 && weir_url_hostname(url) != NULL;

	weir_url_resolve_port(url, 65536);
	fuzz_expect(weir_url_port(url) == port);
	weir_url_resolve_port(url, 4711);
	fuzz_expect(weir_url_port(url) == (takes ? 4711 : port));
}

static void
try(const char *text)
{
	weir_url *url = NULL;
	weir_url *dup = NULL;
	weir_url *again = NULL;
	weir_err err = weir_url_parse(&url, text);
	char *first, *second;

	if (err != WEIR_OK) {
		fuzz_expect(err == WEIR_EINVAL || err == WEIR_ENOTSUP);
		fuzz_expect(url == NULL);
		return;
	}
	expect_parts(url, text);
	fuzz_expect(weir_url_clone(&dup, url) == WEIR_OK);
	expect_same(url, dup);
	fuzz_expect(same(weir_url_userinfo(url), weir_url_userinfo(dup)));
	first = print(url);
	weir_url_free(url);
	fuzz_expect(weir_url_parse(&again, first) == WEIR_OK);
	expect_same(dup, again);
	second = print(again);
	fuzz_expect(strcmp(first, second) == 0);
	give_port(dup);
	free(first);
	free(second);
	weir_url_free(dup);
	weir_url_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > TEXT_MAX) {
		return 0;
	}
	text = fuzz_text(data, size);
	try(text);
	free(text);
	return 0;
}
