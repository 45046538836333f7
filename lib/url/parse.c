/*
 * parse - the grammar of URLs.
 *
 * Purpose    finds the parts in a text and brings each into its one form.
 *
 *              scheme :// [userinfo @] host [: port] [path] [? query]
 *                         [# fragment]
 *              scheme :// path            the kinds with a path alone
 *
 * Ownership  the text is borrowed; parts are copied into the URL's block.
 * Progress   pure, but for a port that is a name (service.c).
 * Bounds     no byte behind the first WEIR_URL_MAX + 1 is read.
 * Proof      test/url/test_url_parse.c, test_url_random.c
 */
#include "url/url_impl.h"

#include "base/panic.h"

#include <string.h>

/* What may stand before "://". */
#define SCHEME_CHARS                                                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."

static const struct wri_url_kind kinds[] = {
    {"tcp", 0, false},
    {"tcp4", 0, false},
    {"tcp6", 0, false},
    {"tls+tcp", 0, false},
    {"tls+tcp4", 0, false},
    {"tls+tcp6", 0, false},
    {"udp", 0, false},
    {"udp4", 0, false},
    {"udp6", 0, false},
    {"dtls", 0, false},
    {"dtls4", 0, false},
    {"dtls6", 0, false},
    {"unix", 0, true},
    {"ipc", 0, true},
    {"abstract", 0, true},
    {"inproc", 0, true},
    {"socket", 0, true},
    {"http", 80, false},
    {"https", 443, false},
    {"ws", 80, false},
    {"ws4", 80, false},
    {"ws6", 80, false},
    {"wss", 443, false},
    {"wss4", 443, false},
    {"wss6", 443, false},
    {"file", 0, false},
    {"mailto", 0, false},
    {"gopher", 70, false},
    {"ftp", 0, false},
    {"ssh", 22, false},
    {"git", 9418, false},
    {"telnet", 23, false},
    {"irc", 0, false},
    {"imap", 0, false},
    {"imaps", 0, false},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Not by tolower: the program's locale has no say. */
static char
lower(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
	}
	return c;
}

static bool
scheme_is(const char *name, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		/* A name that is shorter ends here. */
		if (name[i] != lower(s[i])) {
			return false;
		}
	}
	return name[len] == '\0';
}

/* Which kind, and where what follows "://" begins. */
static weir_err
parse_scheme(const struct wri_url_kind **kind, const char **rest, const char *s)
{
	size_t len = strspn(s, SCHEME_CHARS);

	if (len == 0 || strncmp(s + len, "://", 3) != 0) {
		return WEIR_EINVAL;
	}
	for (size_t i = 0; i < KINDS; i++) {
		if (scheme_is(kinds[i].name, s, len)) {
			*kind = &kinds[i];
			*rest = s + len + 3;
			return WEIR_OK;
		}
	}
	return WEIR_ENOTSUP;
}

/* Copy a part into the block; there is room for it (wri_url_alloc).  Gives
 * where it begins. */
static uint32_t
url_add(weir_url *url, const char *s, size_t len)
{
	uint32_t at = url->text_len;

	WRI_ASSERT(sizeof(*url) + at + len < url->size);
	memcpy(url->text + at, s, len);
	url->text[at + len] = '\0';
	url->text_len = at + (uint32_t)len + 1;
	return at;
}

static weir_err
parse_port(weir_url *url, const char *s, size_t len)
{
	uint32_t port = 0;

	if (len == 0) {
		return WEIR_EINVAL;
	}
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9') {
			return wri_url_service(&url->port, s, len);
		}
		port = port * 10 + (uint32_t)(s[i] - '0');
		if (port > WRI_URL_PORT_MAX) {
			port = WRI_URL_PORT_MAX + 1; /* however many follow */
		}
	}
	if (port > WRI_URL_PORT_MAX) {
		return WEIR_EINVAL;
	}
	url->port = port;
	return WEIR_OK;
}

/* A host, in brackets or not, is what stands before end. */
static weir_err
parse_host(weir_url *url, const char *s, const char *end)
{
	size_t len = (size_t)(end - s);
	char *host;

	if (len > WEIR_URL_HOST_MAX || (url->bracketed && len == 0) ||
	    memchr(s, '[', len) != NULL || memchr(s, ']', len) != NULL) {
		return WEIR_EINVAL;
	}
	url->host = url_add(url, s, len);
	host = url->text + url->host;
	for (size_t i = 0; i < len; i++) {
		host[i] = lower(host[i]);
	}
	return WEIR_OK;
}

/* [userinfo @] host [: port] */
static weir_err
parse_authority(weir_url *url, const char *s, size_t len)
{
	const char *end = s + len;
	const char *at = memchr(s, '@', len);
	const char *host_end;
	weir_err err;

	if (at != NULL) {
		url->userinfo = url_add(url, s, (size_t)(at - s));
		s = at + 1;
		if (memchr(s, '@', (size_t)(end - s)) != NULL) {
			return WEIR_EINVAL;
		}
	}
	url->bracketed = s < end && *s == '[';
	if (url->bracketed) {
		s++;
	}
	host_end = memchr(s, url->bracketed ? ']' : ':', (size_t)(end - s));
	if (host_end == NULL) {
		if (url->bracketed) {
			return WEIR_EINVAL;
		}
		host_end = end;
	}
	err = parse_host(url, s, host_end);
	if (err != WEIR_OK) {
		return err;
	}
	s = host_end + (url->bracketed ? 1 : 0);
	if (s == end) {
		return WEIR_OK;
	}
	return *s == ':' ? parse_port(url, s + 1, (size_t)(end - s - 1))
			 : WEIR_EINVAL;
}

/* A path, query or fragment: copied, then made canonical where it lies. */
static weir_err
parse_text(weir_url *url, uint32_t *part, const char *s, size_t len)
{
	uint32_t at = url_add(url, s, len);
	char *text = url->text + at;
	weir_err err = wri_url_unescape(text);

	if (err != WEIR_OK) {
		return err;
	}
	if (part == &url->path) {
		wri_url_dots(text);
	}
	if (!wri_url_utf8(text)) {
		return WEIR_EINVAL;
	}
	url->text_len = at + (uint32_t)strlen(text) + 1;
	*part = at;
	return WEIR_OK;
}

/* What follows "://". */
static weir_err
parse_rest(weir_url *url, const char *s)
{
	size_t len = strcspn(s, "/?#");
	weir_err err = parse_authority(url, s, len);

	if (err != WEIR_OK) {
		return err;
	}
	s += len;
	len = strcspn(s, "?#");
	err = parse_text(url, &url->path, s, len);
	s += len;
	if (err == WEIR_OK && *s == '?') {
		s++;
		len = strcspn(s, "#");
		err = parse_text(url, &url->query, s, len);
		s += len;
	}
	if (err == WEIR_OK && *s == '#') {
		s++;
		err = parse_text(url, &url->fragment, s, strlen(s));
	}
	return err;
}

weir_err
weir_url_parse(weir_url **urlp, const char *str)
{
	const struct wri_url_kind *kind;
	const char *rest;
	weir_url *url;
	weir_err err;

	if (urlp == NULL || str == NULL ||
	    strnlen(str, WEIR_URL_MAX + 1) > WEIR_URL_MAX) {
		return WEIR_EINVAL;
	}
	err = parse_scheme(&kind, &rest, str);
	if (err != WEIR_OK) {
		return err;
	}
	url = wri_url_alloc(kind, strlen(rest));
	if (url == NULL) {
		return WEIR_ENOMEM;
	}
	if (kind->path_only) {
		url->path = url_add(url, rest, strlen(rest));
	} else {
		err = parse_rest(url, rest);
	}
	if (err != WEIR_OK) {
		weir_url_free(url);
		return err;
	}
	*urlp = url;
	return WEIR_OK;
}
