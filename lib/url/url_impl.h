/*
 * url - what the files of this room share.
 *
 * Ownership  one block holds a URL and its texts.
 * Progress   pure, but for wri_url_service.
 */
#ifndef URL_URL_IMPL_H
#define URL_URL_IMPL_H

#include "base/fault.h"

#include <weir/url.h>

/* Userinfo, host, path, query, fragment. */
#define WRI_URL_PARTS 5
#define WRI_URL_PORT_MAX 65535

/* What a scheme says about its URLs. */
struct wri_url_kind {
	const char *name; /* lower case */
	uint16_t port;    /* default, 0: none */
	bool path_only;   /* all behind "://" is the path */
};

struct weir_url {
	size_t size; /* of the block */
	const struct wri_url_kind *kind;
	uint32_t port; /* host order */
	bool bracketed;

	/* Where each part begins in text; 0: it is absent. */
	uint32_t userinfo;
	uint32_t host;
	uint32_t path; /* never 0 */
	uint32_t query;
	uint32_t fragment;

	uint32_t text_len; /* bytes in use */
	/* A NUL that no part owns, then the parts, each with its NUL. */
	char text[];
};

/* A URL without parts, with room for rest_len bytes of them; NULL when out of
 * memory. */
weir_url *wri_url_alloc(const struct wri_url_kind *kind, size_t rest_len);

/*
 * Make a text canonical, in place; it never grows.  Escapes that may be
 * decoded are, the others get upper-case digits; path: see wri_url_dots.
 * WEIR_EINVAL: a bad escape.
 */
weir_err wri_url_unescape(char *text);
/* Runs of '/' become one, dot segments go.  path is "" or begins with '/'; so
 * does the result. */
void wri_url_dots(char *path);
/* Is it UTF-8: no overlong form, no surrogate, at most U+10FFFF? */
bool wri_url_utf8(const char *text);

/*
 * The port of a TCP service by its name in the system's list.  WEIR_EINVAL: no
 * such service, or no name that one could have; WEIR_ENOMEM, WEIR_ENOFILES.
 */
weir_err wri_url_service(uint32_t *port, const char *name, size_t len);
/* Where tests arm a failure of the system's list. */
extern struct wri_fault wri_url_service_fault;

#endif
