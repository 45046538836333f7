/*
 * url - a stream's URL taken apart.
 *
 * Purpose    one strict grammar, known before anything is opened:
 *
 *              tcp | tcp4 | tcp6  ://  [ HOST | '[' HOST ']' ] [ ':' PORT ]
 *              unix               ://  PATH
 *
 *            PORT is decimal, 0 to 65535, at most five digits.  PATH is
 *            literal.  Whether HOST is an address is the transport's question.
 * Ownership  pure; the parts point into the text.
 * Progress   reads at most the longest legal URL and one byte.
 * Proof      test/stream/test_url.c
 */
#include "stream/url.h"

#include <string.h>
#include <strings.h>

#define URL_PORT_DIGITS 5
#define URL_PORT_MAX 65535

static const struct url_scheme {
	const char *prefix;
	enum wri_url_scheme scheme;
} url_schemes[] = {
    {"tcp://", WRI_URL_TCP},
    {"tcp4://", WRI_URL_TCP4},
    {"tcp6://", WRI_URL_TCP6},
    {"unix://", WRI_URL_UNIX},
};

#define URL_SCHEMES (sizeof(url_schemes) / sizeof(url_schemes[0]))

/* Is there a "://" after something that looks like a scheme? */
static bool
url_has_scheme(const char *text)
{
	size_t n =
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789+-.");

	return n > 0 && strncmp(text + n, "://", 3) == 0;
}

static weir_err
url_parse_port(struct wri_url *url, const char *text)
{
	unsigned port = 0;
	size_t n;

	for (n = 0; text[n] >= '0' && text[n] <= '9'; n++) {
		if (n == URL_PORT_DIGITS) {
			return WEIR_EINVAL;
		}
		port = port * 10 + (unsigned)(text[n] - '0');
	}
	if (n == 0 || text[n] != '\0' || port > URL_PORT_MAX) {
		return WEIR_EINVAL;
	}
	url->has_port = true;
	url->port = (uint16_t)port;
	return WEIR_OK;
}

static weir_err
url_parse_tcp(struct wri_url *url, const char *rest)
{
	size_t len = strnlen(rest, WRI_URL_HOST_MAX + 1);
	const char *end;

	if (len > WRI_URL_HOST_MAX) {
		return WEIR_EADDRINVAL;
	}
	if (rest[0] == '[') {
		url->bracket = true;
		url->host = rest + 1;
		end = memchr(rest, ']', len);
		if (end == NULL || end == url->host) {
			return WEIR_EINVAL;
		}
		url->host_len = (size_t)(end - url->host);
		end++;
	} else {
		url->host = rest;
		url->host_len = strcspn(rest, ":");
		end = rest + url->host_len;
		if (memchr(rest, '[', url->host_len) != NULL ||
		    memchr(rest, ']', url->host_len) != NULL) {
			return WEIR_EINVAL;
		}
	}
	if (*end == '\0') {
		return WEIR_OK;
	}
	return *end == ':' ? url_parse_port(url, end + 1) : WEIR_EINVAL;
}

static weir_err
url_parse_unix(struct wri_url *url, const char *rest)
{
	url->path = rest;
	url->path_len = strnlen(rest, WRI_URL_PATH_MAX + 1);
	if (url->path_len == 0 || url->path_len > WRI_URL_PATH_MAX) {
		return WEIR_EADDRINVAL;
	}
	return WEIR_OK;
}

weir_err
wri_url_parse(struct wri_url *url, const char *text)
{
	memset(url, 0, sizeof(*url));
	for (size_t i = 0; i < URL_SCHEMES; i++) {
		size_t n = strlen(url_schemes[i].prefix);

		/* Schemes have no case (RFC 3986, 3.1). */
		if (strncasecmp(text, url_schemes[i].prefix, n) == 0) {
			url->scheme = url_schemes[i].scheme;
			return url->scheme == WRI_URL_UNIX
				   ? url_parse_unix(url, text + n)
				   : url_parse_tcp(url, text + n);
		}
	}
	return url_has_scheme(text) ? WEIR_ENOTSUP : WEIR_EINVAL;
}
