/*
 * stream - byte streams: dialers, listeners, and the connections they make.
 *
 * Purpose    bytes in order, both directions independent, over tcp, unix
 *            sockets, and descriptors that the program has.
 * URLs       tcp://HOST:PORT    HOST numeric: 127.0.0.1, [::1], or a name;
 *            tcp4:// tcp6://    listeners also empty (all interfaces) and port
 *                               0 (any); what follows the port means nothing
 *            ipc://PATH         PATH literal, 1 to 107 bytes
 *            unix://PATH        the same
 *            abstract://NAME    1 to 107 bytes, escapes %00 to %FF; no file
 *            socket://          listeners only: WEIR_OPT_SOCKET_FD feeds them
 * Ownership  objects are the program's; each operation borrows its object
 *            until its callback begins.  Free is allowed with operations
 *            pending: they end with WEIR_ECLOSED.
 * Order      operations of one direction complete in the order submitted.
 * Bounds     WEIR_STREAM_QUEUE_MAX dials or accepts are pending on one object,
 *            WEIR_FD_QUEUE_MAX (<weir/provider.h>, the same number) receives or
 *            sends wait on one stream.  When full: WEIR_EAGAIN, and a log line
 *            that names the bound.
 *
 * Unless said otherwise each function is MT-Safe, blocks never (or briefly: a
 * leaf lock), may be called from any callback, and ignores a NULL object
 * (operations, options: WEIR_EINVAL).  In a forked child it does nothing and
 * gives WEIR_EFORK (the addresses can be read).  Operations may also end with
 * the code of an abort.
 */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <weir/aio.h>
#include <weir/sockaddr.h>
#include <weir/stream_options.h>
#include <weir/url.h>

WEIR_BEGIN_DECLS

/** Dials, or accepts, that may be pending on one object; when full:
 * WEIR_EAGAIN. */
#define WEIR_STREAM_QUEUE_MAX 65536
/** Connections that the system keeps for a listener until they are accepted. */
#define WEIR_LISTEN_BACKLOG 4096

/**
 * Prepare to connect; connects nothing.
 *
 * @param dp   given: free with weir_stream_dialer_free.
 * @param url  borrowed for the call.
 *
 * Errors      those of weir_url_parse, and
 *             WEIR_ENOTSUP    no stream, or socket://
 *             WEIR_EADDRINVAL no host, one of another family than the
 *                             scheme's, or one that cannot be a name (letters,
 *                             digits, '-', '.', '_'); no port; a path that is
 *                             empty or has more than 128 bytes; a name of 0 or
 *                             more than 107 bytes, or with a bad escape
 *             WEIR_EINVAL     NULL
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Blocks      never; for a port that is a name as weir_url_parse
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_dialer_alloc(
    weir_stream_dialer **dp, const char *url);

/**
 * As weir_stream_dialer_alloc, from a URL in parts.
 *
 * @param url  borrowed for the call; not NULL (WEIR_EINVAL).
 *
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_dialer_alloc_url(
    weir_stream_dialer **dp, const weir_url *url);

/**
 * Connect.
 *
 * @param d    may dial many times, also at once (one aio each); borrowed
 *             until the callback begins.
 * @param aio  idle; lent until its callback begins.
 *
 * A host that is a name is looked up anew each time, as by weir_resolve, on the
 * resolver's threads.  Its addresses are tried in the order that the system
 * gives, until one is connected: the next one when an address refuses, cannot
 * be reached, is of a family that the system or the local address has not, or
 * has not answered for about three seconds (the last one may take as long as
 * the system lets it).  When all have failed the result is the one that says
 * most: an answer of the host before a timeout, that before WEIR_EUNREACHABLE
 * and WEIR_EPERM, those before WEIR_EADDRINVAL and WEIR_ENOTSUP; of equals the
 * first.  Out of memory, descriptors or places ends the dial at once.  Cancel,
 * timeout, stop and close end it at once, also while the lookup hangs.
 *
 * Result      WEIR_OK            output 0 is the weir_stream, given: free with
 *                                weir_stream_free
 *             WEIR_ECONNREFUSED  nobody listens there (also: no such path)
 *             WEIR_EUNREACHABLE, WEIR_EPERM, WEIR_ENOFILES, WEIR_ENOMEM,
 *             WEIR_ENOSPC, WEIR_ENOTSUP, WEIR_EADDRINVAL, WEIR_ECONNRESET: of
 *                                the system
 *             WEIR_EADDRINVAL    also: the name has no address, or it cannot
 *                                be told now
 *             WEIR_EAGAIN        WEIR_STREAM_QUEUE_MAX dials are pending; for a
 *                                name also: WEIR_RESOLVE_QUEUE_MAX lookups
 *                                wait, or there is no thread for them
 *             WEIR_ETRANERR +    as weir_resolve
 *             WEIR_ECLOSED       the dialer was closed
 *             WEIR_ETIMEDOUT     the handle's timeout, or the system's
 *             WEIR_ECANCELED, WEIR_ESTOPPED
 * Since       0.1
 */
WEIR_API void weir_stream_dialer_dial(weir_stream_dialer *d, weir_aio *aio);

/** No new connections; pending dials end with WEIR_ECLOSED, and their callbacks
 * may free the dialer.  Idempotent.  Since 0.1 */
WEIR_API void weir_stream_dialer_close(weir_stream_dialer *d);

/**
 * Close, and wait until every dial's result is decided and nothing of a failed
 * one is left.  (Callbacks may still have to run; they may free the dialer.)
 *
 * Blocks      until then: for steps under way, which do not block
 * Callback    allowed
 * Since       0.1
 */
WEIR_API void weir_stream_dialer_stop(weir_stream_dialer *d);

/**
 * Close and free; streams it made live on.
 *
 * @param d  taken; NULL allowed.
 * Since     0.1
 */
WEIR_API void weir_stream_dialer_free(weir_stream_dialer *d);

/**
 * Prepare to listen; binds nothing.
 *
 * @param lp   given: free with weir_stream_listener_free.
 * @param url  borrowed for the call.
 *
 * A host that is a name is looked up here, once, and its first address taken.
 *
 * Errors      as weir_stream_dialer_alloc; a host, a port and socket:// are
 *             allowed to be what dialers do not take.  A name that has no
 *             address: WEIR_EADDRINVAL; other errors of its lookup as
 *             weir_resolve
 * Blocks      never; for a host that is a name until the system's resolver has
 *             answered: not for callbacks then
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_listener_alloc(
    weir_stream_listener **lp, const char *url);

/**
 * As weir_stream_listener_alloc, from a URL in parts.
 *
 * @param url  borrowed for the call; not NULL (WEIR_EINVAL).
 *
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_listener_alloc_url(
    weir_stream_listener **lp, const weir_url *url);

/**
 * Bind and listen.  A socket file that no socket is bound to any more is
 * replaced.  On socket:// it does nothing, each time, and need not be called.
 *
 * Errors      WEIR_EADDRINUSE  taken; may be tried again
 *             WEIR_EADDRINVAL  not an address of this machine; a path of more
 *                              than 107 bytes
 *             WEIR_EPERM, WEIR_ENOENT (directory of the path)
 *             WEIR_ESTATE      listens already, or weir does not run
 *             WEIR_ECLOSED     closed
 *             WEIR_ESTOPPED    weir_fini was called since it listened (or
 *                              WEIR_ESTATE): make a new one
 *             WEIR_ENOFILES, WEIR_ENOMEM, WEIR_ENOSPC, WEIR_ENOTSUP,
 *             WEIR_EINVAL (NULL)
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_listener_listen(
    weir_stream_listener *l);

/**
 * Take one connection.
 *
 * @param l    borrowed until the callback begins.
 * @param aio  idle; lent until its callback begins.  Several may wait: first
 *             come, first served.
 *
 * Result      WEIR_OK       output 0 is the weir_stream, given: free with
 *                           weir_stream_free
 *             WEIR_ESTATE   before listen
 *             WEIR_ECLOSED  the listener was closed
 *             WEIR_ESTOPPED also: weir_fini was called since it listened
 *             WEIR_ENOMEM, WEIR_ENOSPC: for the new stream, which is closed
 *             WEIR_EAGAIN   WEIR_STREAM_QUEUE_MAX accepts are pending
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED
 *             Out of descriptors is not an error: the listener pauses, with a
 *             growing delay, and goes on by itself.
 * Since       0.1
 */
WEIR_API void weir_stream_listener_accept(
    weir_stream_listener *l, weir_aio *aio);

/**
 * Stop listening; pending accepts end with WEIR_ECLOSED; the socket file is
 * removed; what was given with WEIR_OPT_SOCKET_FD and not accepted is closed.
 * The callbacks may free the listener, those of accepts that are fed also under
 * that option's call.  Idempotent.  Since 0.1
 */
WEIR_API void weir_stream_listener_close(weir_stream_listener *l);

/**
 * Close, and wait until the socket is closed and each accept's result is
 * decided.  (Callbacks may still have to run; they may free the listener.)
 *
 * Blocks      until then: for steps under way, and a listen, which do not block
 *             long
 * Callback    allowed
 * Since       0.1
 */
WEIR_API void weir_stream_listener_stop(weir_stream_listener *l);

/**
 * Close and free; accepted streams live on.
 *
 * @param l  taken; NULL allowed.
 * Since     0.1
 */
WEIR_API void weir_stream_listener_free(weir_stream_listener *l);

/**
 * Receive at least one byte.
 *
 * @param s    borrowed until the callback begins.
 * @param aio  idle, with an iov (its memory borrowed until then); lent until
 *             its callback begins.
 *
 * Result      WEIR_OK         count = bytes received [1..iov length]; an empty
 *                             iov: 0 at once, whatever the peer did
 *             WEIR_ECONNSHUT  the peer finished sending (each time, not once)
 *             WEIR_ECONNRESET the peer reset the connection (each time: once an
 *                             operation of either direction has met a reset,
 *                             none gives WEIR_ECONNSHUT any more; the same for
 *                             WEIR_ECONNABORTED, WEIR_ETIMEDOUT of the system,
 *                             WEIR_EUNREACHABLE)
 *             WEIR_ECLOSED    the stream was closed here
 *             WEIR_EAGAIN     WEIR_FD_QUEUE_MAX receives wait already
 *             WEIR_ECONNABORTED, WEIR_EUNREACHABLE, WEIR_ENOMEM: of the system
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: nothing was taken
 * Order       receives complete in the order submitted; one with an empty iov
 *             waits for none of them
 * Since       0.1
 */
WEIR_API void weir_stream_recv(weir_stream *s, weir_aio *aio);

/**
 * Receive until the iov is full.
 *
 * Result      WEIR_OK  count = iov length
 *             else as weir_stream_recv, and count = bytes received before; they
 *             are in the iov
 * Since       0.1
 */
WEIR_API void weir_stream_recv_exactly(weir_stream *s, weir_aio *aio);

/** Bytes of a delimiter. */
#define WEIR_STREAM_DELIM_MAX 16

/**
 * Receive until a delimiter has come; nothing behind it is taken.  It may come
 * in pieces, and lie over several pieces of the iov.
 *
 * @param delim      borrowed until the callback begins.
 * @param delim_len  [bytes, 1..WEIR_STREAM_DELIM_MAX]
 * @param aio        as weir_stream_recv; the iov's length is the most that is
 *                   taken.  What lies behind count in its memory is undefined.
 *
 * Result      WEIR_OK        count = bytes up to the delimiter's end
 *             WEIR_EMSGSIZE  the iov is full, and no delimiter in it: count =
 *                            iov length (an empty iov: at once)
 *             WEIR_EINVAL    delim is NULL, or delim_len out of range
 *             else as weir_stream_recv, and count = bytes received before; they
 *             are in the iov.  A later receive does not know of them: a
 *             delimiter that they begin is not found
 * Since       0.1
 */
WEIR_API void weir_stream_recv_until(
    weir_stream *s, const void *delim, size_t delim_len, weir_aio *aio);

/**
 * Send at least one byte; the system decides how many.
 *
 * Result      WEIR_OK         count = bytes sent [1..iov length]; an empty iov:
 *                             0 at once, whatever the peer did
 *             WEIR_ECLOSED    closed here, shut for writing, or the peer is
 *                             gone (EPIPE; no SIGPIPE is raised)
 *             WEIR_ECONNRESET the peer reset the connection; told instead of
 *                             EPIPE from then on, as with weir_stream_recv
 *             WEIR_EAGAIN     WEIR_FD_QUEUE_MAX sends wait already
 *             WEIR_ECONNABORTED, WEIR_EUNREACHABLE, WEIR_ENOMEM: of the system
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: nothing was sent
 * Order       sends complete in the order submitted; one with an empty iov
 *             waits for none of them
 * Since       0.1
 */
WEIR_API void weir_stream_send(weir_stream *s, weir_aio *aio);

/**
 * Send all of the iov.
 *
 * Result      WEIR_OK  count = iov length
 *             else as weir_stream_send, count = bytes sent before
 * Since       0.1
 */
WEIR_API void weir_stream_send_all(weir_stream *s, weir_aio *aio);

/**
 * Finish sending: the peer reads the end after what was sent.  Sends submitted
 * before and still pending end with WEIR_ECLOSED, and their callbacks may free
 * the stream; receives go on.
 *
 * Result      WEIR_OK       also when it was called before
 *             WEIR_ECLOSED  closed, or the peer is gone
 *             WEIR_EINVAL   NULL
 * Since       0.1
 */
WEIR_API weir_err weir_stream_shutdown(weir_stream *s);

/**
 * End the connection: operations end with WEIR_ECLOSED.  What the system
 * accepted for sending is still delivered, unless received data is left unread
 * (then TCP resets the connection).  The callbacks may free the stream: then
 * the connection ends when this returns.  Idempotent.  Since 0.1
 */
WEIR_API void weir_stream_close(weir_stream *s);

/**
 * Close, and wait until no step of an operation works on the stream and each
 * pending operation's result is decided.  (Callbacks may still have to run;
 * they may free the stream.)
 *
 * Blocks      until then: for steps under way, which do not block
 * Callback    allowed
 * Since       0.1
 */
WEIR_API void weir_stream_stop(weir_stream *s);

/**
 * Close and free.  The connection ends as with weir_stream_close, also when a
 * forked child still holds the socket.
 *
 * @param s  taken; NULL allowed.
 * Since     0.1
 */
WEIR_API void weir_stream_free(weir_stream *s);

/**
 * Make a stream of a connected stream socket.
 *
 * @param sp  given: free with weir_stream_free.
 * @param fd  taken on success: made non-blocking and close-on-exec, closed with
 *            the stream.  On failure it stays the caller's, perhaps
 *            non-blocking and close-on-exec.
 *
 * A tcp socket has the addresses and options of a tcp stream, none of which is
 * set; any other has no addresses, and the options of a socket:// stream.
 *
 * Errors      WEIR_EINVAL  NULL; negative, not open, no connected stream socket
 *             WEIR_EEXIST  weir has this descriptor already
 *             WEIR_ENOSPC  no place to watch it
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_stream_from_fd(weir_stream **sp, int fd);

/**
 * Two connected stream sockets of the unix family, for weir_stream_from_fd,
 * WEIR_OPT_SOCKET_FD, or plain use.  May be called at any time.
 *
 * @param fds  given: two descriptors, blocking and close-on-exec.  A child that
 *             shall have one clears FD_CLOEXEC.  Untouched on failure.
 *
 * Errors      WEIR_EINVAL    NULL
 *             WEIR_ENOFILES, WEIR_ENOMEM
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_socket_pair(int fds[2]);

/** The peer's address, valid until free; of NULL, and of socket://:
 * unspecified.  Since 0.1 */
WEIR_API const weir_sockaddr *weir_stream_peer_addr(const weir_stream *s);
/** The own address, likewise.  Since 0.1 */
WEIR_API const weir_sockaddr *weir_stream_self_addr(const weir_stream *s);

WEIR_END_DECLS

#endif
