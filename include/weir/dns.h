/*
 * dns - from names to addresses.
 *
 * Purpose    a lookup is an operation like others: it has a deadline, and can
 *            be cancelled and stopped, while the system's resolver hangs.
 *            Literals (192.0.2.1, ::1, fe80::1%eth0) are answered at once.
 * Ownership  the result is the program's, also over weir_fini.
 * Bounds     WEIR_HOST_MAX, WEIR_SERVICE_MAX, WEIR_ADDRS_MAX,
 *            WEIR_RESOLVE_QUEUE_MAX, WEIR_RESOLVER_THREADS_MAX.
 */
#ifndef WEIR_DNS_H
#define WEIR_DNS_H

#include <weir/aio.h>
#include <weir/sockaddr.h>

WEIR_BEGIN_DECLS

/** Bytes of a host name or literal. */
#define WEIR_HOST_MAX 255
/** Bytes of the name of a service. */
#define WEIR_SERVICE_MAX 31
/** Addresses of an answer that are kept: the first ones. */
#define WEIR_ADDRS_MAX 256
/** Lookups that wait for a thread; when full, one more ends with WEIR_EAGAIN.
 */
#define WEIR_RESOLVE_QUEUE_MAX 1024
/** Threads that look names up. */
#define WEIR_RESOLVER_THREADS_MAX 64

/** What is asked. */
typedef struct weir_resolve_params {
	size_t size;         /**< sizeof(weir_resolve_params) */
	const char *host;    /**< a name, or a literal: an IPv4 address in four
				  decimal parts, or an IPv6 address without
				  brackets, perhaps with %scope (a number or the
				  name of an interface).  NULL or "": the
				  wildcard, if passive */
	const char *service; /**< a decimal number [0..65535] or the name of a
				  TCP service; NULL: port */
	uint16_t port;       /**< host order; 0 if service is given */
	uint16_t family;     /**< WEIR_AF_UNSPEC (any), WEIR_AF_INET or
				  WEIR_AF_INET6 */
	bool passive;        /**< for a listener: no host means all addresses,
				  0.0.0.0, or [::] for WEIR_AF_INET6 */
} weir_resolve_params;

/** Addresses, at least one. */
typedef struct weir_addrs weir_addrs;

/**
 * Find the addresses of a host.
 *
 * A literal or wildcard, with a port that is a number, is answered in this
 * call: no thread, no queue, whatever other lookups do.  Everything else is
 * looked up by getaddrinfo(3) on threads of its own (num_resolver_threads of
 * weir_params).
 *
 * @param params  copied with its strings; borrowed for the call.
 * @param aio     idle; lent until its callback begins.
 *
 * Result      WEIR_OK          count = addresses [1..WEIR_ADDRS_MAX], output 0
 *                              = a weir_addrs, given: free with
 *                              weir_addrs_free
 *             WEIR_EADDRINVAL  the name has no address (of that family), or it
 *                              cannot be told now; no such service; a literal
 *                              of another family; a port above 65535; no host,
 *                              and not passive; a host or service that is too
 *                              long or empty, no such interface
 *             WEIR_EINVAL      params NULL, another size, another family,
 *                              service and port both given
 *             WEIR_EAGAIN      WEIR_RESOLVE_QUEUE_MAX lookups wait, or there is
 *                              no thread and none can be started
 *             WEIR_ENOMEM, WEIR_ENOFILES, or another error of the system that
 *                              the lookup met
 *             WEIR_ENOTSUP     the system has no such family
 *             WEIR_ETRANERR    + the absolute value of a code of getaddrinfo
 *                              that has no meaning above
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED or the code of an
 *                              abort: at once, also while the system's resolver
 *                              hangs; its answer, if one comes, is dropped
 *             NULL aio: nothing happens
 * Order       of the addresses: as getaddrinfo prefers, each once; lookups may
 *             end in any order
 * Threads     MT-Safe
 * Blocks      briefly (a lookup may start a thread)
 * Callback    may be called from any callback
 * Since       0.1
 */
WEIR_API void weir_resolve(const weir_resolve_params *params, weir_aio *aio);

/** How many addresses; NULL: 0.  MT-Safe per object, never blocks, at any time.
 * Since 0.1 */
WEIR_API size_t weir_addrs_count(const weir_addrs *addrs);

/**
 * One address, with its port.
 *
 * @param i  [0..count-1]
 *
 * Result      lives as long as addrs; NULL: out of range, or addrs is NULL
 * Threads     MT-Safe per object; at any time
 * Blocks      never
 * Since       0.1
 */
WEIR_API const weir_sockaddr *weir_addrs_at(const weir_addrs *addrs, size_t i);

/**
 * Free a result.
 *
 * @param addrs  taken; NULL allowed.
 *
 * Threads     MT-Safe, once; also after weir_fini, and in a forked child
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_addrs_free(weir_addrs *addrs);

WEIR_END_DECLS

#endif
