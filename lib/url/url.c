/*
 * url - a URL's life, its parts, and how it is printed.
 *
 * Purpose    a value in one block of memory.
 * Ownership  the block is the program's until weir_url_free.
 * Progress   pure but for the allocator.
 * Bounds     a URL is no longer than the text it was parsed from, and one NUL
 *            for each part.
 * Proof      test/url/test_url_print.c, test_url_random.c
 */
#include "url/url_impl.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

weir_url *
wri_url_alloc(const struct wri_url_kind *kind, size_t rest_len)
{
	/* The NUL that no part owns, the parts, and a NUL for each. */
	size_t size = sizeof(weir_url) + 1 + rest_len + WRI_URL_PARTS;
	weir_url *url = wri_alloc(size);

	if (url != NULL) {
		url->size = size;
		url->kind = kind;
		url->port = kind->port;
		url->text_len = 1;
	}
	return url;
}

void
weir_url_free(weir_url *url)
{
	if (url != NULL) {
		wri_free(url, url->size);
	}
}

weir_err
weir_url_clone(weir_url **dupp, const weir_url *url)
{
	weir_url *dup;

	if (dupp == NULL || url == NULL) {
		return WEIR_EINVAL;
	}
	dup = wri_alloc(url->size);
	if (dup == NULL) {
		return WEIR_ENOMEM;
	}
	memcpy(dup, url, url->size);
	*dupp = dup;
	return WEIR_OK;
}

/* The part that begins there; NULL: absent. */
static const char *
url_part(const weir_url *url, uint32_t at)
{
	return at == 0 ? NULL : url->text + at;
}

/* For printing: an absent part has no text. */
static const char *
url_text(const weir_url *url, uint32_t at)
{
	return at == 0 ? "" : url->text + at;
}

int
weir_url_sprintf(char *buf, size_t bufsz, const weir_url *url)
{
	char port[16] = "";

	if (buf == NULL && bufsz > 0) {
		return -1;
	}
	if (url == NULL) {
		if (bufsz > 0) {
			buf[0] = '\0';
		}
		return -1;
	}
	if (url->kind->path_only) {
		return snprintf(buf, bufsz, "%s://%s", url->kind->name,
		    url_text(url, url->path));
	}
	if (url->port == 0 || url->port != url->kind->port) {
		snprintf(port, sizeof(port), ":%u", (unsigned)url->port);
	}
	return snprintf(buf, bufsz, "%s://%s%s%s%s%s%s%s%s%s", url->kind->name,
	    url->bracketed ? "[" : "", url_text(url, url->host),
	    url->bracketed ? "]" : "", port, url_text(url, url->path),
	    url->query == 0 ? "" : "?", url_text(url, url->query),
	    url->fragment == 0 ? "" : "#", url_text(url, url->fragment));
}

const char *
weir_url_scheme(const weir_url *url)
{
	return url == NULL ? NULL : url->kind->name;
}

uint32_t
weir_url_port(const weir_url *url)
{
	return url == NULL ? 0 : url->port;
}

const char *
weir_url_hostname(const weir_url *url)
{
	return url == NULL ? NULL : url_part(url, url->host);
}

bool
weir_url_bracketed(const weir_url *url)
{
	return url != NULL && url->bracketed;
}

const char *
weir_url_userinfo(const weir_url *url)
{
	return url == NULL ? NULL : url_part(url, url->userinfo);
}

const char *
weir_url_path(const weir_url *url)
{
	return url == NULL ? NULL : url_part(url, url->path);
}

const char *
weir_url_query(const weir_url *url)
{
	return url == NULL ? NULL : url_part(url, url->query);
}

const char *
weir_url_fragment(const weir_url *url)
{
	return url == NULL ? NULL : url_part(url, url->fragment);
}

void
weir_url_resolve_port(weir_url *url, uint32_t port)
{
	if (url != NULL && url->port == 0 && !url->kind->path_only &&
	    port <= WRI_URL_PORT_MAX) {
		url->port = port;
	}
}
