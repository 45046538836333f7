/*
 * stream - byte streams, their dialers and listeners: weir's own, under NNG's
 * names.
 *
 * A dial or an accept gives the nng_stream in output 0: the caller's, to be
 * freed by nng_stream_free.  Options: parts/options.h; an accessor of another
 * type is NNG_EBADTYPE.  Calls on a NULL object: close, stop and free do
 * nothing.
 */
#ifndef NNG_PARTS_STREAM_H
#define NNG_PARTS_STREAM_H

#include <nng/parts/aio.h>
#include <nng/parts/base.h>
#include <nng/parts/err.h>
#include <nng/parts/sockaddr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- Streams ----------------------------------------------------------- */

/** Send from the iov: ends when at least one byte went out, which may be fewer
 * than all.  Nothing to send: NNG_OK, count 0. */
NNG_DECL void nng_stream_send(nng_stream *s, nng_aio *aio);
/** Receive into the iov: ends when at least one byte is there.  An empty iov:
 * NNG_OK, count 0. */
NNG_DECL void nng_stream_recv(nng_stream *s, nng_aio *aio);
/** End the connection: operations end with NNG_ECLOSED.  Idempotent. */
NNG_DECL void nng_stream_close(nng_stream *s);
/** Close, and wait until nothing of it is in flight. */
NNG_DECL void nng_stream_stop(nng_stream *s);
/** Close and free. */
NNG_DECL void nng_stream_free(nng_stream *s);

/* Read an option. */
NNG_DECL nng_err nng_stream_get_bool(
    nng_stream *s, const char *opt, bool *valp);
NNG_DECL nng_err nng_stream_get_int(nng_stream *s, const char *opt, int *valp);
NNG_DECL nng_err nng_stream_get_ms(
    nng_stream *s, const char *opt, nng_duration *valp);
NNG_DECL nng_err nng_stream_get_size(
    nng_stream *s, const char *opt, size_t *valp);
NNG_DECL nng_err nng_stream_get_uint64(
    nng_stream *s, const char *opt, uint64_t *valp);
NNG_DECL nng_err nng_stream_get_string(
    nng_stream *s, const char *opt, const char **valp);

/** The remote address; lives as long as the stream. */
NNG_DECL const nng_sockaddr *nng_stream_peer_addr(nng_stream *s);
/** The local address, likewise. */
NNG_DECL const nng_sockaddr *nng_stream_self_addr(nng_stream *s);
/** NNG_ENOTSUP. */
NNG_DECL nng_err nng_stream_peer_cert(nng_stream *s, nng_tls_cert **certp);

/* --- Dialers ----------------------------------------------------------- */

/** Prepare to connect; given: nng_stream_dialer_free.  Errors: those of
 * nng_url_parse; NNG_ENOTSUP: no stream; NNG_EADDRINVAL; NNG_ENOMEM. */
NNG_DECL nng_err nng_stream_dialer_alloc(
    nng_stream_dialer **dp, const char *url);
/** The same from a URL, which is not kept. */
NNG_DECL nng_err nng_stream_dialer_alloc_url(
    nng_stream_dialer **dp, const nng_url *url);
/** Close and free; its streams live on. */
NNG_DECL void nng_stream_dialer_free(nng_stream_dialer *d);
/** No new connections; pending dials end with NNG_ECLOSED. */
NNG_DECL void nng_stream_dialer_close(nng_stream_dialer *d);
/** Close, and wait for what is pending. */
NNG_DECL void nng_stream_dialer_stop(nng_stream_dialer *d);
/** Connect; output 0: the stream. */
NNG_DECL void nng_stream_dialer_dial(nng_stream_dialer *d, nng_aio *aio);

/* Read and set options, for connections made afterwards. */
NNG_DECL nng_err nng_stream_dialer_get_bool(
    nng_stream_dialer *d, const char *opt, bool *valp);
NNG_DECL nng_err nng_stream_dialer_get_int(
    nng_stream_dialer *d, const char *opt, int *valp);
NNG_DECL nng_err nng_stream_dialer_get_ms(
    nng_stream_dialer *d, const char *opt, nng_duration *valp);
NNG_DECL nng_err nng_stream_dialer_get_size(
    nng_stream_dialer *d, const char *opt, size_t *valp);
NNG_DECL nng_err nng_stream_dialer_get_uint64(
    nng_stream_dialer *d, const char *opt, uint64_t *valp);
NNG_DECL nng_err nng_stream_dialer_get_string(
    nng_stream_dialer *d, const char *opt, const char **valp);
NNG_DECL nng_err nng_stream_dialer_set_bool(
    nng_stream_dialer *d, const char *opt, bool val);
NNG_DECL nng_err nng_stream_dialer_set_int(
    nng_stream_dialer *d, const char *opt, int val);
NNG_DECL nng_err nng_stream_dialer_set_ms(
    nng_stream_dialer *d, const char *opt, nng_duration val);
NNG_DECL nng_err nng_stream_dialer_set_size(
    nng_stream_dialer *d, const char *opt, size_t val);
NNG_DECL nng_err nng_stream_dialer_set_uint64(
    nng_stream_dialer *d, const char *opt, uint64_t val);
NNG_DECL nng_err nng_stream_dialer_set_string(
    nng_stream_dialer *d, const char *opt, const char *val);
NNG_DECL nng_err nng_stream_dialer_set_addr(
    nng_stream_dialer *d, const char *opt, const nng_sockaddr *val);

/* NNG_ENOTSUP. */
NNG_DECL nng_err nng_stream_dialer_get_tls(
    nng_stream_dialer *d, nng_tls_config **cfgp);
NNG_DECL nng_err nng_stream_dialer_set_tls(
    nng_stream_dialer *d, nng_tls_config *cfg);

/* --- Listeners --------------------------------------------------------- */

/** Prepare to listen; given: nng_stream_listener_free.  Errors as
 * nng_stream_dialer_alloc. */
NNG_DECL nng_err nng_stream_listener_alloc(
    nng_stream_listener **lp, const char *url);
/** The same from a URL, which is not kept. */
NNG_DECL nng_err nng_stream_listener_alloc_url(
    nng_stream_listener **lp, const nng_url *url);
/** Close and free; its streams live on. */
NNG_DECL void nng_stream_listener_free(nng_stream_listener *l);
/** Stop listening; pending accepts end with NNG_ECLOSED. */
NNG_DECL void nng_stream_listener_close(nng_stream_listener *l);
/** Close, and wait for what is pending. */
NNG_DECL void nng_stream_listener_stop(nng_stream_listener *l);
/** Bind and listen.  NNG_EADDRINUSE, NNG_EADDRINVAL, NNG_EPERM, NNG_ENOENT,
 * NNG_ESTATE (again), NNG_ECLOSED. */
NNG_DECL nng_err nng_stream_listener_listen(nng_stream_listener *l);
/** Take one connection; output 0: the stream. */
NNG_DECL void nng_stream_listener_accept(nng_stream_listener *l, nng_aio *aio);

/* Read and set options, for connections accepted afterwards. */
NNG_DECL nng_err nng_stream_listener_get_bool(
    nng_stream_listener *l, const char *opt, bool *valp);
NNG_DECL nng_err nng_stream_listener_get_int(
    nng_stream_listener *l, const char *opt, int *valp);
NNG_DECL nng_err nng_stream_listener_get_ms(
    nng_stream_listener *l, const char *opt, nng_duration *valp);
NNG_DECL nng_err nng_stream_listener_get_size(
    nng_stream_listener *l, const char *opt, size_t *valp);
NNG_DECL nng_err nng_stream_listener_get_uint64(
    nng_stream_listener *l, const char *opt, uint64_t *valp);
NNG_DECL nng_err nng_stream_listener_get_string(
    nng_stream_listener *l, const char *opt, const char **valp);
NNG_DECL nng_err nng_stream_listener_set_bool(
    nng_stream_listener *l, const char *opt, bool val);
NNG_DECL nng_err nng_stream_listener_set_int(
    nng_stream_listener *l, const char *opt, int val);
NNG_DECL nng_err nng_stream_listener_set_ms(
    nng_stream_listener *l, const char *opt, nng_duration val);
NNG_DECL nng_err nng_stream_listener_set_size(
    nng_stream_listener *l, const char *opt, size_t val);
NNG_DECL nng_err nng_stream_listener_set_uint64(
    nng_stream_listener *l, const char *opt, uint64_t val);
NNG_DECL nng_err nng_stream_listener_set_string(
    nng_stream_listener *l, const char *opt, const char *val);
NNG_DECL nng_err nng_stream_listener_set_addr(
    nng_stream_listener *l, const char *opt, const nng_sockaddr *val);

/* NNG_ENOTSUP. */
NNG_DECL nng_err nng_stream_listener_get_tls(
    nng_stream_listener *l, nng_tls_config **cfgp);
NNG_DECL nng_err nng_stream_listener_set_tls(
    nng_stream_listener *l, nng_tls_config *cfg);
NNG_DECL nng_err nng_stream_listener_set_security_descriptor(
    nng_stream_listener *l, void *desc);

#ifdef __cplusplus
}
#endif

#endif
