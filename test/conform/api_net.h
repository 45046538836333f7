/*
 * api_net - as api_core: datagrams, streams, dialers, listeners.
 */
#ifndef CONFORM_API_NET_H
#define CONFORM_API_NET_H

/* clang-format off */
#define API_UDP(X) \
	X(int, nng_udp_open, (nng_udp **, nng_sockaddr *)) \
	X(void, nng_udp_stop, (nng_udp *)) \
	X(void, nng_udp_close, (nng_udp *)) \
	X(int, nng_udp_sockname, (nng_udp *, nng_sockaddr *)) \
	X(void, nng_udp_send, (nng_udp *, nng_aio *)) \
	X(void, nng_udp_recv, (nng_udp *, nng_aio *)) \
	X(int, nng_udp_multicast_membership, \
	    (nng_udp *, nng_sockaddr *, bool))

#define API_STREAM(X) \
	X(void, nng_stream_send, (nng_stream *, nng_aio *)) \
	X(void, nng_stream_recv, (nng_stream *, nng_aio *)) \
	X(void, nng_stream_close, (nng_stream *)) \
	X(void, nng_stream_stop, (nng_stream *)) \
	X(void, nng_stream_free, (nng_stream *)) \
	X(const nng_sockaddr *, nng_stream_peer_addr, (nng_stream *)) \
	X(const nng_sockaddr *, nng_stream_self_addr, (nng_stream *)) \
	X(nng_err, nng_stream_peer_cert, (nng_stream *, nng_tls_cert **)) \
	API_GETTERS(X, nng_stream, nng_stream)

#define API_DIALER(X) \
	X(nng_err, nng_stream_dialer_alloc, \
	    (nng_stream_dialer **, const char *)) \
	X(nng_err, nng_stream_dialer_alloc_url, \
	    (nng_stream_dialer **, const nng_url *)) \
	X(void, nng_stream_dialer_free, (nng_stream_dialer *)) \
	X(void, nng_stream_dialer_close, (nng_stream_dialer *)) \
	X(void, nng_stream_dialer_stop, (nng_stream_dialer *)) \
	X(void, nng_stream_dialer_dial, (nng_stream_dialer *, nng_aio *)) \
	X(nng_err, nng_stream_dialer_get_tls, \
	    (nng_stream_dialer *, nng_tls_config **)) \
	X(nng_err, nng_stream_dialer_set_tls, \
	    (nng_stream_dialer *, nng_tls_config *)) \
	API_GETTERS(X, nng_stream_dialer, nng_stream_dialer) \
	API_SETTERS(X, nng_stream_dialer, nng_stream_dialer)

#define API_LISTENER(X) \
	X(nng_err, nng_stream_listener_alloc, \
	    (nng_stream_listener **, const char *)) \
	X(nng_err, nng_stream_listener_alloc_url, \
	    (nng_stream_listener **, const nng_url *)) \
	X(void, nng_stream_listener_free, (nng_stream_listener *)) \
	X(void, nng_stream_listener_close, (nng_stream_listener *)) \
	X(void, nng_stream_listener_stop, (nng_stream_listener *)) \
	X(nng_err, nng_stream_listener_listen, (nng_stream_listener *)) \
	X(void, nng_stream_listener_accept, \
	    (nng_stream_listener *, nng_aio *)) \
	X(nng_err, nng_stream_listener_get_tls, \
	    (nng_stream_listener *, nng_tls_config **)) \
	X(nng_err, nng_stream_listener_set_tls, \
	    (nng_stream_listener *, nng_tls_config *)) \
	X(nng_err, nng_stream_listener_set_security_descriptor, \
	    (nng_stream_listener *, void *)) \
	API_GETTERS(X, nng_stream_listener, nng_stream_listener) \
	API_SETTERS(X, nng_stream_listener, nng_stream_listener)

#define API_GETTERS(X, type, p) \
	X(nng_err, p##_get_bool, (type *, const char *, bool *)) \
	X(nng_err, p##_get_int, (type *, const char *, int *)) \
	X(nng_err, p##_get_ms, (type *, const char *, nng_duration *)) \
	X(nng_err, p##_get_size, (type *, const char *, size_t *)) \
	X(nng_err, p##_get_uint64, (type *, const char *, uint64_t *)) \
	X(nng_err, p##_get_string, (type *, const char *, const char **))

#define API_SETTERS(X, type, p) \
	X(nng_err, p##_set_bool, (type *, const char *, bool)) \
	X(nng_err, p##_set_int, (type *, const char *, int)) \
	X(nng_err, p##_set_ms, (type *, const char *, nng_duration)) \
	X(nng_err, p##_set_size, (type *, const char *, size_t)) \
	X(nng_err, p##_set_uint64, (type *, const char *, uint64_t)) \
	X(nng_err, p##_set_string, (type *, const char *, const char *)) \
	X(nng_err, p##_set_addr, \
	    (type *, const char *, const nng_sockaddr *))
/* clang-format on */

#endif
