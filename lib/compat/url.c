/*
 * url - URLs, by weir's functions of the same names.
 *
 * Proof      test/compat/test_nng_plain.c, test/url/
 */
#include "compat/compat.h"

#include <weir/url.h>

nng_err
nng_url_parse(nng_url **urlp, const char *str)
{
	return weir_url_parse(urlp, str);
}

void
nng_url_free(nng_url *url)
{
	weir_url_free(url);
}

nng_err
nng_url_clone(nng_url **dupp, const nng_url *url)
{
	return weir_url_clone(dupp, url);
}

int
nng_url_sprintf(char *buf, size_t bufsz, const nng_url *url)
{
	return weir_url_sprintf(buf, bufsz, url);
}

const char *
nng_url_scheme(const nng_url *url)
{
	return weir_url_scheme(url);
}

uint32_t
nng_url_port(const nng_url *url)
{
	return weir_url_port(url);
}

void
nng_url_resolve_port(nng_url *url, uint32_t port)
{
	weir_url_resolve_port(url, port);
}

const char *
nng_url_hostname(const nng_url *url)
{
	return weir_url_hostname(url);
}

const char *
nng_url_userinfo(const nng_url *url)
{
	return weir_url_userinfo(url);
}

const char *
nng_url_path(const nng_url *url)
{
	return weir_url_path(url);
}

const char *
nng_url_query(const nng_url *url)
{
	return weir_url_query(url);
}

const char *
nng_url_fragment(const nng_url *url)
{
	return weir_url_fragment(url);
}
