/*
 * dialer - what makes streams, by weir's functions.
 *
 * Proof      test/compat/test_nng_stream.c, test/stream/
 */
#include "compat/compat.h"

#include <weir/stream.h>

nng_err
nng_stream_dialer_alloc(nng_stream_dialer **dp, const char *url)
{
	return weir_stream_dialer_alloc(dp, url);
}

nng_err
nng_stream_dialer_alloc_url(nng_stream_dialer **dp, const nng_url *url)
{
	return weir_stream_dialer_alloc_url(dp, url);
}

void
nng_stream_dialer_close(nng_stream_dialer *d)
{
	weir_stream_dialer_close(d);
}

void
nng_stream_dialer_stop(nng_stream_dialer *d)
{
	weir_stream_dialer_stop(d);
}

void
nng_stream_dialer_free(nng_stream_dialer *d)
{
	wri_nng_sys_set_call(__func__);
	weir_stream_dialer_stop(d); /* "stop and free" */
	wri_nng_sys_set_call(NULL);
	weir_stream_dialer_free(d);
}

void
nng_stream_dialer_dial(nng_stream_dialer *d, nng_aio *aio)
{
	weir_stream_dialer_dial(d, aio);
}

/* --- Options ------------------------------------------------------------ */

nng_err
nng_stream_dialer_get_bool(nng_stream_dialer *d, const char *opt, bool *valp)
{
	return weir_stream_dialer_get_bool(d, opt, valp);
}

nng_err
nng_stream_dialer_get_int(nng_stream_dialer *d, const char *opt, int *valp)
{
	return weir_stream_dialer_get_int(d, opt, valp);
}

nng_err
nng_stream_dialer_get_ms(
    nng_stream_dialer *d, const char *opt, nng_duration *valp)
{
	weir_duration ns = 0;
	nng_err rv =
	    weir_stream_dialer_get_duration(d, opt, valp != NULL ? &ns : NULL);

	if (rv == NNG_OK && valp != NULL) {
		*valp = wri_nng_ms(ns);
	}
	return rv;
}

nng_err
nng_stream_dialer_get_size(nng_stream_dialer *d, const char *opt, size_t *valp)
{
	return weir_stream_dialer_get_size(d, opt, valp);
}

nng_err
nng_stream_dialer_get_uint64(
    nng_stream_dialer *d, const char *opt, uint64_t *valp)
{
	return weir_stream_dialer_get_uint64(d, opt, valp);
}

nng_err
nng_stream_dialer_get_string(
    nng_stream_dialer *d, const char *opt, const char **valp)
{
	return weir_stream_dialer_get_string(d, opt, valp);
}

nng_err
nng_stream_dialer_set_bool(nng_stream_dialer *d, const char *opt, bool val)
{
	return weir_stream_dialer_set_bool(d, opt, val);
}

nng_err
nng_stream_dialer_set_int(nng_stream_dialer *d, const char *opt, int val)
{
	return weir_stream_dialer_set_int(d, opt, val);
}

nng_err
nng_stream_dialer_set_ms(
    nng_stream_dialer *d, const char *opt, nng_duration val)
{
	return weir_stream_dialer_set_duration(d, opt, wri_nng_duration(val));
}

nng_err
nng_stream_dialer_set_size(nng_stream_dialer *d, const char *opt, size_t val)
{
	return weir_stream_dialer_set_size(d, opt, val);
}

nng_err
nng_stream_dialer_set_uint64(
    nng_stream_dialer *d, const char *opt, uint64_t val)
{
	return weir_stream_dialer_set_uint64(d, opt, val);
}

nng_err
nng_stream_dialer_set_string(
    nng_stream_dialer *d, const char *opt, const char *val)
{
	return weir_stream_dialer_set_string(d, opt, val);
}

nng_err
nng_stream_dialer_set_addr(
    nng_stream_dialer *d, const char *opt, const nng_sockaddr *val)
{
	static const nng_sockaddr other = {.s_family = NNG_AF_INPROC};

	/* No family is weir's "from anywhere"; here it is a wrong one. */
	if (val != NULL && val->s_family == NNG_AF_UNSPEC) {
		val = &other;
	}
	return weir_stream_dialer_set_addr(d, opt, val);
}

nng_err
nng_stream_dialer_get_tls(nng_stream_dialer *d, nng_tls_config **cfgp)
{
	(void)d;
	(void)cfgp;
	return NNG_ENOTSUP;
}

nng_err
nng_stream_dialer_set_tls(nng_stream_dialer *d, nng_tls_config *cfg)
{
	(void)d;
	(void)cfg;
	return NNG_ENOTSUP;
}
