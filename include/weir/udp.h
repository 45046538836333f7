/*
 * udp - datagrams over IPv4 and IPv6.
 *
 * Purpose    whole datagrams, to and from any address.
 * Ownership  a socket is the program's; each operation borrows it until its
 *            callback begins.  Free is allowed with operations pending: they
 *            end with WEIR_ECLOSED.
 * Input 0    of a send or receive is a weir_sockaddr *, borrowed until the
 *            callback begins.
 * Order      operations of one direction complete in the order submitted.
 * Bounds     WEIR_FD_QUEUE_MAX (<weir/provider.h>) receives, or sends, wait on
 *            one socket.  When full: WEIR_EAGAIN, and a log line.
 *
 * Unless said otherwise each function is MT-Safe, blocks never (or briefly: a
 * leaf lock), may be called from any callback, and ignores a NULL socket
 * (operations, and what gives a code: WEIR_EINVAL).  In a forked child it does
 * nothing and gives WEIR_EFORK (the name can be read).  Operations may also end
 * with the code of an abort.
 */
#ifndef WEIR_UDP_H
#define WEIR_UDP_H

#include <weir/aio.h>
#include <weir/sockaddr.h>

WEIR_BEGIN_DECLS

typedef struct weir_udp weir_udp;

/** The longest payload over IPv4; longer ones end with WEIR_EMSGSIZE.  IPv6
 * takes 20 bytes more. */
#define WEIR_UDP_PAYLOAD_MAX 65507
/** What is asked for each buffer of the system by default [bytes]. */
#define WEIR_UDP_BUFFER (1 << 20)
/** The largest recv_batch. */
#define WEIR_UDP_BATCH_MAX 64

/** How a socket is made.  Zero means the default. */
typedef struct weir_udp_params {
	size_t size;             /**< sizeof(weir_udp_params) */
	bool reuse_port;         /**< others of this user may bind the same
				      address; who gets a datagram is the system's
				      choice, one sent to a group goes to all */
	bool v6only;             /**< IPv6: no IPv4 by mapped addresses; default
				      as the system is set; IPv4: no effect */
	bool broadcast;          /**< may send to broadcast addresses */
	bool multicast_loop_off; /**< what is sent to a group is not given to
				      receivers on this machine */
	int multicast_ttl;       /**< hops of what is sent to a group [1..255],
				      default 1 */
	uint32_t multicast_if;   /**< interface to send to groups and to join
				      them on, by number; default 0: that of
				      the bound address */
	int recv_buffer;         /**< of the system [bytes, >= 0], default
				      WEIR_UDP_BUFFER; it gives what it permits,
				      and drops what does not fit */
	int send_buffer;         /**< likewise; when full, sends wait */
	unsigned recv_batch;     /**< datagrams taken from the system by one
				      call [0..WEIR_UDP_BATCH_MAX], default
				      one.  Those for which no receive waits are
				      kept, in 64 KiB each, for the next ones */
} weir_udp_params;

/**
 * Make a socket and bind it.
 *
 * @param up  given: free with weir_udp_free.  Untouched on failure.
 * @param sa  borrowed for the call; WEIR_AF_INET or WEIR_AF_INET6; port 0: any.
 *
 * Errors      WEIR_EADDRINVAL sa is NULL or of another family; not an address
 *                             of this machine; link-local without a scope
 *             WEIR_EADDRINUSE taken, or no port is free
 *             WEIR_EPERM      not permitted (a low port)
 *             WEIR_ENOTSUP    the system has no such family, or option
 *             WEIR_EINVAL     up is NULL
 *             WEIR_ENOFILES, WEIR_ENOMEM, WEIR_ENOSPC (WEIR_FD_MAX),
 *             WEIR_ESTATE, WEIR_EFORK
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_udp_open(
    weir_udp **up, const weir_sockaddr *sa);

/**
 * As weir_udp_open with settings.
 *
 * @param params  borrowed for the call; NULL: all defaults.
 *
 * Errors      as weir_udp_open
 *             WEIR_EINVAL     also: a value out of range, another size
 *             WEIR_EADDRINVAL also: multicast_if is no interface
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_udp_open_with(
    weir_udp **up, const weir_sockaddr *sa, const weir_udp_params *params);

/**
 * The bound address, with the real port; also after close.
 *
 * @param sa  gets it.
 *
 * Errors      WEIR_EINVAL   NULL
 *             WEIR_EMISUSE  a freed socket (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_udp_sockname(const weir_udp *u, weir_sockaddr *sa);

/**
 * Send one datagram: the whole iov, which may be empty.
 *
 * @param u    borrowed until the callback begins.
 * @param aio  idle; lent until its callback begins.  Input 0: the destination,
 *             of the socket's family (an IPv6 socket reaches IPv4 by mapped
 *             addresses, ::ffff:a.b.c.d).
 *
 * Result      WEIR_OK           count = length; the system has it
 *             WEIR_EADDRINVAL   input 0 is NULL, of another family, has port 0
 *                               or lacks its scope
 *             WEIR_EMSGSIZE     longer than UDP or the way permits; nothing was
 *                               sent
 *             WEIR_EPERM        a broadcast address without broadcast; a
 *                               firewall
 *             WEIR_EUNREACHABLE no route, the network is down
 *             WEIR_ENOMEM       no memory in the system, or a queue of the
 *                               network is full (ENOBUFS)
 *             WEIR_ECLOSED      closed here
 *             WEIR_EAGAIN       WEIR_FD_QUEUE_MAX sends wait already
 *             WEIR_EINVAL       u is NULL
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: nothing was sent
 *             An error of one send is no error of the next.  That nobody
 *             listens at the destination is not told.
 * Order       sends go out in the order submitted; one for which the system's
 *             buffer has no room waits, and those behind it
 * Since       0.1
 */
WEIR_API void weir_udp_send(weir_udp *u, weir_aio *aio);

/**
 * Receive one datagram.
 *
 * @param u    borrowed until the callback begins.
 * @param aio  idle; lent until its callback begins.  Its iov is filled from the
 *             front.  Input 0: gets the sender's address with WEIR_OK and
 *             WEIR_EMSGSIZE, otherwise untouched; NULL: not wanted.
 *
 * Result      WEIR_OK        count = length; 0: an empty datagram
 *             WEIR_EMSGSIZE  longer than the iov: count = bytes stored, the
 *                            rest is lost
 *             WEIR_ECLOSED   closed here
 *             WEIR_EAGAIN    WEIR_FD_QUEUE_MAX receives wait already
 *             WEIR_ENOMEM    of the system
 *             WEIR_EINVAL    u is NULL
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: nothing was taken
 * Order       receives complete in the order submitted
 * Since       0.1
 */
WEIR_API void weir_udp_recv(weir_udp *u, weir_aio *aio);

/**
 * Join a group, or leave it.  The interface is multicast_if, else that of the
 * bound address; IPv6: its scope, else the group's.  (Linux gives what is sent
 * to a group to sockets bound to the wildcard or to the group only.)
 *
 * @param group  borrowed for the call; of the socket's family, the port is
 *               ignored.
 * @param join   false: leave.
 *
 * Errors      WEIR_EADDRINVAL group is NULL or of another family; no such
 *                             interface; left without having been joined
 *             WEIR_EINVAL     u is NULL; not a multicast address
 *             WEIR_EADDRINUSE joined already
 *             WEIR_EMISUSE    a freed socket (misuse)
 *             WEIR_ENOMEM     too many groups (the system's bound), or memory
 *             WEIR_EFORK
 * Since       0.1
 */
WEIR_API weir_err weir_udp_multicast_membership(
    weir_udp *u, const weir_sockaddr *group, bool join);

/** Pending and later operations end with WEIR_ECLOSED; the callbacks may free
 * the socket.  The address stays taken until free.  Idempotent.  Since 0.1 */
WEIR_API void weir_udp_close(weir_udp *u);

/**
 * Close, and wait until no step of an operation works on the socket and each
 * pending operation's result is decided.  (Callbacks may still have to run;
 * they may free the socket, and its address is free when both have returned.)
 *
 * Blocks      until then: for steps under way, which do not block
 * Callback    allowed
 * Since       0.1
 */
WEIR_API void weir_udp_stop(weir_udp *u);

/**
 * Close and free.  (A forked child that holds the descriptor keeps the address
 * taken.)
 *
 * @param u  taken; NULL allowed.
 * Since     0.1
 */
WEIR_API void weir_udp_free(weir_udp *u);

WEIR_END_DECLS

#endif
