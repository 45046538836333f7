/*
 * listener - what makes streams, by weir's functions.
 *
 * Proof      test/compat/test_nng_stream.c, test/stream/
 */
#include "compat/compat.h"

#include <weir/stream.h>

nng_err
nng_stream_listener_alloc(nng_stream_listener **lp, const char *url)
{
	return weir_stream_listener_alloc(lp, url);
}

nng_err
nng_stream_listener_alloc_url(nng_stream_listener **lp, const nng_url *url)
{
	return weir_stream_listener_alloc_url(lp, url);
}

void
nng_stream_listener_close(nng_stream_listener *l)
{
	weir_stream_listener_close(l);
}

void
nng_stream_listener_stop(nng_stream_listener *l)
{
	weir_stream_listener_stop(l);
}

void
nng_stream_listener_free(nng_stream_listener *l)
{
	wri_nng_sys_set_call(__func__);
	weir_stream_listener_stop(l); /* "stop and free" */
	wri_nng_sys_set_call(NULL);
	weir_stream_listener_free(l);
}

nng_err
nng_stream_listener_listen(nng_stream_listener *l)
{
	return weir_stream_listener_listen(l);
}

void
nng_stream_listener_accept(nng_stream_listener *l, nng_aio *aio)
{
	weir_stream_listener_accept(l, aio);
}

/* --- Options ------------------------------------------------------------ */

nng_err
nng_stream_listener_get_bool(
    nng_stream_listener *l, const char *opt, bool *valp)
{
	return weir_stream_listener_get_bool(l, opt, valp);
}

nng_err
nng_stream_listener_get_int(nng_stream_listener *l, const char *opt, int *valp)
{
	return weir_stream_listener_get_int(l, opt, valp);
}

nng_err
nng_stream_listener_get_ms(
    nng_stream_listener *l, const char *opt, nng_duration *valp)
{
	weir_duration ns = 0;
	nng_err rv = weir_stream_listener_get_duration(
	    l, opt, valp != NULL ? &ns : NULL);

	if (rv == NNG_OK && valp != NULL) {
		*valp = wri_nng_ms(ns);
	}
	return rv;
}

nng_err
nng_stream_listener_get_size(
    nng_stream_listener *l, const char *opt, size_t *valp)
{
	return weir_stream_listener_get_size(l, opt, valp);
}

nng_err
nng_stream_listener_get_uint64(
    nng_stream_listener *l, const char *opt, uint64_t *valp)
{
	return weir_stream_listener_get_uint64(l, opt, valp);
}

nng_err
nng_stream_listener_get_string(
    nng_stream_listener *l, const char *opt, const char **valp)
{
	return weir_stream_listener_get_string(l, opt, valp);
}

nng_err
nng_stream_listener_set_bool(nng_stream_listener *l, const char *opt, bool val)
{
	return weir_stream_listener_set_bool(l, opt, val);
}

nng_err
nng_stream_listener_set_int(nng_stream_listener *l, const char *opt, int val)
{
	return weir_stream_listener_set_int(l, opt, val);
}

nng_err
nng_stream_listener_set_ms(
    nng_stream_listener *l, const char *opt, nng_duration val)
{
	return weir_stream_listener_set_duration(l, opt, wri_nng_duration(val));
}

nng_err
nng_stream_listener_set_size(
    nng_stream_listener *l, const char *opt, size_t val)
{
	return weir_stream_listener_set_size(l, opt, val);
}

nng_err
nng_stream_listener_set_uint64(
    nng_stream_listener *l, const char *opt, uint64_t val)
{
	return weir_stream_listener_set_uint64(l, opt, val);
}

nng_err
nng_stream_listener_set_string(
    nng_stream_listener *l, const char *opt, const char *val)
{
	return weir_stream_listener_set_string(l, opt, val);
}

nng_err
nng_stream_listener_set_addr(
    nng_stream_listener *l, const char *opt, const nng_sockaddr *val)
{
	return weir_stream_listener_set_addr(l, opt, val);
}

nng_err
nng_stream_listener_get_tls(nng_stream_listener *l, nng_tls_config **cfgp)
{
	(void)l;
	(void)cfgp;
	return NNG_ENOTSUP;
}

nng_err
nng_stream_listener_set_tls(nng_stream_listener *l, nng_tls_config *cfg)
{
	(void)l;
	(void)cfg;
	return NNG_ENOTSUP;
}

nng_err
nng_stream_listener_set_security_descriptor(nng_stream_listener *l, void *desc)
{
	(void)l;
	(void)desc;
	return NNG_ENOTSUP;
}
