/*
 * stream - byte streams, by weir's functions.
 *
 * Proof      test/compat/test_nng_stream.c, test/stream/
 */
#include "compat/compat.h"

#include <weir/stream.h>

void
nng_stream_send(nng_stream *s, nng_aio *aio)
{
	weir_stream_send(s, aio);
}

void
nng_stream_recv(nng_stream *s, nng_aio *aio)
{
	weir_stream_recv(s, aio);
}

void
nng_stream_close(nng_stream *s)
{
	weir_stream_close(s);
}

void
nng_stream_stop(nng_stream *s)
{
	weir_stream_stop(s);
}

void
nng_stream_free(nng_stream *s)
{
	wri_nng_sys_set_call(__func__);
	weir_stream_stop(s); /* "stop and free" */
	wri_nng_sys_set_call(NULL);
	weir_stream_free(s);
}

const nng_sockaddr *
nng_stream_peer_addr(nng_stream *s)
{
	return weir_stream_peer_addr(s);
}

const nng_sockaddr *
nng_stream_self_addr(nng_stream *s)
{
	return weir_stream_self_addr(s);
}

nng_err
nng_stream_peer_cert(nng_stream *s, nng_tls_cert **certp)
{
	(void)s;
	(void)certp;
	return NNG_ENOTSUP;
}

/* --- Options ------------------------------------------------------------ */

nng_err
nng_stream_get_bool(nng_stream *s, const char *opt, bool *valp)
{
	return weir_stream_get_bool(s, opt, valp);
}

nng_err
nng_stream_get_int(nng_stream *s, const char *opt, int *valp)
{
	return weir_stream_get_int(s, opt, valp);
}

nng_err
nng_stream_get_ms(nng_stream *s, const char *opt, nng_duration *valp)
{
	weir_duration ns = 0;
	nng_err rv =
	    weir_stream_get_duration(s, opt, valp != NULL ? &ns : NULL);

	if (rv == NNG_OK && valp != NULL) {
		*valp = wri_nng_ms(ns);
	}
	return rv;
}

nng_err
nng_stream_get_size(nng_stream *s, const char *opt, size_t *valp)
{
	return weir_stream_get_size(s, opt, valp);
}

nng_err
nng_stream_get_uint64(nng_stream *s, const char *opt, uint64_t *valp)
{
	return weir_stream_get_uint64(s, opt, valp);
}

nng_err
nng_stream_get_string(nng_stream *s, const char *opt, const char **valp)
{
	return weir_stream_get_string(s, opt, valp);
}
