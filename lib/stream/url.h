/*
 * url - a stream's URL taken apart.
 *
 * Ownership  the parts point into the text.
 * Bounds     WRI_URL_HOST_MAX, WRI_URL_PATH_MAX; no more than that is read of
 *            a text that is too long.
 */
#ifndef STREAM_URL_H
#define STREAM_URL_H

#include <weir/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a host with its port: an IPv6 address with a scope fits twice. */
#define WRI_URL_HOST_MAX 127
/* Bytes of a path: what struct sockaddr_un can hold, with a NUL. */
#define WRI_URL_PATH_MAX 107

enum wri_url_scheme {
	WRI_URL_NONE = 0,
	WRI_URL_TCP,
	WRI_URL_TCP4,
	WRI_URL_TCP6,
	WRI_URL_UNIX,
};

struct wri_url {
	enum wri_url_scheme scheme;

	/* tcp */
	const char *host; /* not NUL-terminated; without brackets */
	size_t host_len;  /* 0: left out */
	bool bracket;     /* the host stood in brackets */
	bool has_port;
	uint16_t port; /* 0 when left out */

	/* unix */
	const char *path; /* NUL-terminated */
	size_t path_len;  /* [1..WRI_URL_PATH_MAX] */
};

/*
 * Take a URL apart.  Fails with WEIR_EINVAL (no "://", bad brackets, bad
 * port), WEIR_ENOTSUP (scheme), WEIR_EADDRINVAL (a part is empty that must not
 * be, or too long); *url is then unspecified.
 */
weir_err wri_url_parse(struct wri_url *url, const char *text);

#endif
