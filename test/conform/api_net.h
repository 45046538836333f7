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
/* clang-format on */

#endif
