/*
 * udp - datagrams: weir's own, under NNG's names.
 *
 * The contract is that of <weir/udp.h>: one datagram for each operation, its
 * payload in the iov, an address in input 0 (nng_sockaddr *), borrowed until
 * the callback begins.
 */
#ifndef NNG_PARTS_UDP_H
#define NNG_PARTS_UDP_H

#include <nng/parts/base.h>
#include <nng/parts/sockaddr.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A socket bound to sa (IPv4 or IPv6; port 0: any); given: nng_udp_close.
 *
 * Errors      NNG_EADDRINVAL  NULL, another family, no address of this machine
 *             NNG_EADDRINUSE, NNG_EPERM, NNG_ENOMEM, NNG_ENOFILES, and the
 *             others of weir_udp_open
 */
NNG_DECL int nng_udp_open(nng_udp **udpp, nng_sockaddr *sa);

/** Pending and later operations end with NNG_ECLOSED; waits until their results
 * are decided.  NULL: nothing. */
NNG_DECL void nng_udp_stop(nng_udp *udp);

/** Stop and free.  NULL: nothing. */
NNG_DECL void nng_udp_close(nng_udp *udp);

/** The bound address with the real port. */
NNG_DECL int nng_udp_sockname(nng_udp *udp, nng_sockaddr *sa);

/** Send a datagram to the address in input 0.  Result: NNG_EADDRINVAL: none, or
 * one that the socket cannot reach.  NNG_EMSGSIZE: too long. */
NNG_DECL void nng_udp_send(nng_udp *udp, nng_aio *aio);

/** Receive a datagram; input 0, if not NULL, gets the sender's address.
 * Result: NNG_EMSGSIZE: longer than the iov, the count is what was stored. */
NNG_DECL void nng_udp_recv(nng_udp *udp, nng_aio *aio);

/** Join the group sa, or leave it.  NNG_EADDRINVAL: another family, or not
 * joined; NNG_EINVAL: no group; NNG_EADDRINUSE: joined already. */
NNG_DECL int nng_udp_multicast_membership(
    nng_udp *udp, nng_sockaddr *sa, bool join);

#ifdef __cplusplus
}
#endif

#endif
