/*
 * url - URLs taken apart: weir's own, under NNG's names.
 *
 * The grammar is that of <weir/url.h>.  One URL by one thread at a time.  Works
 * without nng_init.
 */
#ifndef NNG_PARTS_URL_H
#define NNG_PARTS_URL_H

#include <nng/parts/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Take a URL apart; given: nng_url_free.  NNG_EINVAL: malformed.  NNG_ENOTSUP:
 * another scheme.  NNG_ENOMEM.  A port that is a name: blocks until the system
 * has answered. */
NNG_DECL nng_err nng_url_parse(nng_url **urlp, const char *str);
/** Free it, and the texts that the calls below gave.  NULL: nothing. */
NNG_DECL void nng_url_free(nng_url *url);
/** An independent copy.  NNG_ENOMEM. */
NNG_DECL nng_err nng_url_clone(nng_url **dupp, const nng_url *url);
/** Print it without user info; as snprintf(3): the length of the whole text. */
NNG_DECL int nng_url_sprintf(char *buf, size_t bufsz, const nng_url *url);
/** Without "://"; never NULL. */
NNG_DECL const char *nng_url_scheme(const nng_url *url);
/** In host order; the scheme's default if none was given; 0: there is none. */
NNG_DECL uint32_t nng_url_port(const nng_url *url);
/** Set the port if it is 0. */
NNG_DECL void nng_url_resolve_port(nng_url *url, uint32_t port);
/** Without brackets; "" when left out; NULL for schemes with a path alone. */
NNG_DECL const char *nng_url_hostname(const nng_url *url);
/** Before '@'; NULL if there is none. */
NNG_DECL const char *nng_url_userinfo(const nng_url *url);
/** Never NULL; "" or from '/' on; for schemes with a path alone all of it. */
NNG_DECL const char *nng_url_path(const nng_url *url);
/** After '?'; NULL if there is none. */
NNG_DECL const char *nng_url_query(const nng_url *url);
/** After '#'; NULL if there is none. */
NNG_DECL const char *nng_url_fragment(const nng_url *url);

#ifdef __cplusplus
}
#endif

#endif
