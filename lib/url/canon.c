/*
 * canon - the canonical form of paths, queries and fragments.
 *
 * Purpose    two texts that mean the same are the same; what a server would
 *            read out of an escape is seen here too.
 * Ownership  the caller's text, changed in place; the writer never overtakes
 *            the reader.
 * Bounds     reads up to the NUL, writes no further than that.
 * Proof      test/url/test_url_parse.c, test_url_random.c
 */
#include "url/url_impl.h"

#include <string.h>

#define HIGH 0x80 /* from here on a byte is part of a sequence of UTF-8 */

/* The value of a hexadecimal digit, -1: it is none. */
static int
digit_of(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return -1;
}

/* Means the same with and without escape: decoded, so that it has one form. */
static bool
is_plain(int c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~' || c >= HIGH;
}

weir_err
wri_url_unescape(char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *in = text;
	char *out = text;

	while (*in != '\0') {
		int high;
		int low;

		if (*in != '%') {
			*out++ = *in++;
			continue;
		}
		high = digit_of(in[1]);
		low = high < 0 ? -1 : digit_of(in[2]);
		if (low < 0) {
			return WEIR_EINVAL;
		}
		in += 3;
		if (is_plain(high * 16 + low)) {
			*out++ = (char)(high * 16 + low);
			continue;
		}
		*out++ = '%';
		*out++ = digits[high];
		*out++ = digits[low];
	}
	*out = '\0';
	return WEIR_OK;
}

void
wri_url_dots(char *path)
{
	const char *in = path;
	size_t out = 0;

	/* One segment a round, with the slashes before it. */
	while (*in != '\0') {
		size_t len;

		in += strspn(in, "/");
		len = strcspn(in, "/");
		if (len == 1 && in[0] == '.') {
			/* stays here */
		} else if (len == 2 && in[0] == '.' && in[1] == '.') {
			while (out > 0 && path[--out] != '/') {
				/* the segment before, and its slash */
			}
		} else {
			/* An empty one is the slash at the end. */
			path[out++] = '/';
			memmove(path + out, in, len);
			out += len;
		}
		in += len;
	}
	path[out] = '\0';
}

/* Bytes of the sequence at s, 0: it is no good one. */
static size_t
utf8_len(const unsigned char *s)
{
	unsigned char low = HIGH; /* of the second byte */
	unsigned char high = 0xbf;
	size_t len;

	if (s[0] < HIGH) {
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		len = 2;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		len = 3;
		low = s[0] == 0xe0 ? 0xa0 : low;   /* overlong */
		high = s[0] == 0xed ? 0x9f : high; /* surrogates */
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		len = 4;
		low = s[0] == 0xf0 ? 0x90 : low;   /* overlong */
		high = s[0] == 0xf4 ? 0x8f : high; /* above U+10FFFF */
	} else {
		return 0;
	}
	if (s[1] < low || s[1] > high) {
		return 0;
	}
	/* A NUL ends this, too. */
	for (size_t i = 2; i < len; i++) {
		if ((s[i] & 0xc0) != HIGH) {
			return 0;
		}
	}
	return len;
}

bool
wri_url_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		size_t len = utf8_len(s);

		if (len == 0) {
			return false;
		}
		s += len;
	}
	return true;
}
