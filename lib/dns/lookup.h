/*
 * lookup - what a lookup asks of the system.
 *
 * Purpose    the one place that calls getaddrinfo(3), so that tests have
 *            lookups that are slow, hang, fail.
 */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include "base/sync.h"

#include <netdb.h>

/* As getaddrinfo(3) and freeaddrinfo(3). */
struct wri_lookup_ops {
	int (*get)(const char *host, const char *service,
	    const struct addrinfo *hints, struct addrinfo **list);
	void (*put)(struct addrinfo *list);
};

/* A const struct wri_lookup_ops, static; NULL: the system's.  Tests store
 * theirs. */
extern wri_aptr wri_lookup_ops __attribute__((visibility("hidden")));

/* The ones in force. */
const struct wri_lookup_ops *wri_lookup(void);

/* A code of getaddrinfo(3), not 0; eno: errno behind it. */
weir_err wri_lookup_err(int code, int eno);

#endif
