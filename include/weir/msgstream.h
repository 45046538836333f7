/*
 * msgstream - whole messages over a byte stream.
 *
 * Purpose    each send is one message, each receive gets one.  The peer may be
 *            weir, or NNG and nanomsg: the bytes are those of their protocols
 *            pair v0, push and pull over tcp and ipc.
 * Wire       first each side sends 00 'S' 'P' 00, its protocol (u16) and 00 00;
 *            then, for each message, its length (u64) and its bytes, header
 *            first.  Numbers are big-endian.  With the IPC mapping a byte 01
 *            stands before each length.
 * Ownership  a message stream takes the weir_stream it is made of.  It is the
 *            program's; each operation borrows it until its callback begins.
 *            Free is allowed with operations pending: they end with
 *            WEIR_ECLOSED.  Messages change hands by the result of their
 *            operation (<weir/msg.h>).
 * Order      operations of one direction complete in the order submitted.
 * Bounds     WEIR_MSGSTREAM_QUEUE_MAX operations of each kind wait.  When full:
 *            WEIR_EAGAIN, and a log line that names the bound.  recv_max bounds
 *            a message received, before memory is asked for.
 *
 * Unless said otherwise each function is MT-Safe, blocks never (or briefly: a
 * leaf lock), may be called from any callback, and ignores a NULL object
 * (operations: WEIR_EINVAL).  In a forked child it does nothing and gives
 * WEIR_EFORK (what only reads still reads).  Operations may also end with the
 * code of an abort.
 */
#ifndef WEIR_MSGSTREAM_H
#define WEIR_MSGSTREAM_H

#include <weir/msg.h>
#include <weir/sockaddr.h>
#include <weir/stream.h>
#include <weir/task.h>

WEIR_BEGIN_DECLS

typedef struct weir_msgstream weir_msgstream;

/** Operations of one kind that may wait on one message stream; when full:
 * WEIR_EAGAIN. */
#define WEIR_MSGSTREAM_QUEUE_MAX 65536u
/** Default of recv_max [bytes]. */
#define WEIR_MSGSTREAM_RECV_MAX ((size_t)1 << 20)
/** Default of handshake_timeout. */
#define WEIR_MSGSTREAM_HANDSHAKE WEIR_SECONDS(10)

/** Numbers of protocols. */
#define WEIR_PROTO_PAIR 16u /* pair v0; its peer is the same */
#define WEIR_PROTO_PUSH 80u /* its peer is pull */
#define WEIR_PROTO_PULL 81u /* its peer is push */

/** How messages are laid into the stream. */
typedef enum weir_msg_mapping {
	WEIR_MAPPING_AUTO = 0, /**< IPC if the peer's address is of the family
				    WEIR_AF_IPC or WEIR_AF_ABSTRACT, else TCP */
	WEIR_MAPPING_TCP = 1,
	WEIR_MAPPING_IPC = 2,
} weir_msg_mapping;

/** How a message stream is made.  Zero means the default. */
typedef struct weir_msgstream_params {
	size_t size;       /**< sizeof(weir_msgstream_params) */
	uint16_t protocol; /**< ours, default WEIR_PROTO_PAIR */
	uint16_t peer;     /**< the peer must say this; default: push for pull,
				pull for push, else the same as ours */
	weir_msg_mapping mapping;
	size_t recv_max; /**< longest message received, header and body [bytes],
			      default WEIR_MSGSTREAM_RECV_MAX */
	/** The peer's greeting must be here, and ours be sent, by then [ns, >
	 * 0; WEIR_INFINITE], default WEIR_MSGSTREAM_HANDSHAKE. */
	weir_duration handshake_timeout;
	/** Where the message stream goes on when bytes have come or gone; it
	 * runs no code of the program there, and never blocks.  Borrowed until
	 * the message stream is freed and gone (see weir_msgstream_stop); NULL:
	 * the default pool.  While all threads of that pool are blocked, what
	 * waits for bytes waits for a thread; its ends by cancel, timeout, stop
	 * and close do not. */
	weir_exec *exec;
} weir_msgstream_params;

/**
 * Make a message stream of a connection, and begin the handshake.  It goes on
 * by itself; operations submitted before its end wait for it.
 *
 * @param msp     given: free with weir_msgstream_free.
 * @param stream  on which no operation is pending.  Taken on WEIR_OK (and never
 *                to be used by the program again), else it stays the caller's.
 * @param params  copied; NULL: all defaults.
 *
 * Errors      WEIR_EINVAL  a NULL pointer, another size, a mapping or duration
 *                          out of range
 *             WEIR_ENOMEM  out of memory
 *             WEIR_ESTATE  weir does not run, or the pool of exec has ended
 *             WEIR_EFORK   in a forked child
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_msgstream_open(weir_msgstream **msp,
    weir_stream *stream, const weir_msgstream_params *params);

/**
 * Wait for the end of the handshake.
 *
 * @param aio  idle; lent until its callback begins.
 *
 * Result      WEIR_OK            messages can be sent and received
 *             WEIR_EPROTO        the peer's greeting is none, or of another
 *                                protocol; the connection is closed
 *             WEIR_ECONNABORTED  the handshake took longer than
 *                                handshake_timeout; the connection is closed
 *             WEIR_ECONNSHUT     the peer closed before it had said all of it
 *             WEIR_ECONNRESET, WEIR_EUNREACHABLE, WEIR_ETIMEDOUT (at once,
 *             each time): of the system
 *             WEIR_ECLOSED       closed here, or the peer was gone
 *             WEIR_EAGAIN        WEIR_MSGSTREAM_QUEUE_MAX of these wait
 *             WEIR_EINVAL        ms is NULL
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: this wait only
 *             What ends the handshake ends all operations, the same way, until
 *             close.
 * Since       0.1
 */
WEIR_API void weir_msgstream_ready(weir_msgstream *ms, weir_aio *aio);

/**
 * Send the handle's message (weir_aio_set_msg): header and body, from where
 * they lie.
 *
 * @param aio  idle, with a message; lent until its callback begins.  The
 *             message must not be changed meanwhile.
 *
 * Result      WEIR_OK           the system (with timeout 0: the system, or the
 *                               message stream for the rest) has it; it is
 *                               taken, the handle's is NULL.  count = its
 *                               length [bytes, header and body]
 *             with any other the message is the caller's still:
 *             WEIR_EINVAL       no message, or ms is NULL
 *             WEIR_ECLOSED      closed here, or the peer is gone
 *             WEIR_ECONNRESET, WEIR_ECONNABORTED, WEIR_EUNREACHABLE: of the
 *                               system
 *             WEIR_ENOMEM       of the system; or none for a message that has
 *                               to wait (if part of it was out, the connection
 *                               ends with this)
 *             WEIR_EAGAIN       WEIR_MSGSTREAM_QUEUE_MAX sends wait already,
 *                               or as WEIR_MSG_SHARES_MAX says
 *             WEIR_EPROTO, WEIR_EMSGSIZE, WEIR_ECONNABORTED, ...: what ended
 *                               the handshake, or the connection
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: at once, also when
 *                               the peer does not read.  If the message was
 *                               not its direction's first, or not a byte of it
 *                               was out, nothing is sent.  Else the rest
 *                               follows in the background, and the peer gets
 *                               it.  With timeout 0 WEIR_ETIMEDOUT means that
 *                               nothing was sent.
 * Order       sends complete in the order submitted
 * Since       0.1
 */
WEIR_API void weir_msgstream_send(weir_msgstream *ms, weir_aio *aio);

/**
 * Receive one message.
 *
 * @param aio  idle; lent until its callback begins.  A message it has is
 *             forgotten (not freed).
 *
 * Result      WEIR_OK          weir_aio_get_msg has the message, given: all of
 *                              it in the body.  count = its length [bytes]
 *             WEIR_ECONNSHUT   the peer finished sending, between two messages
 *                              (each time, not once; sends go on)
 *             WEIR_ECONNRESET  inside one, which is lost (each time); or reset
 *             WEIR_EMSGSIZE    the next is longer than recv_max: the connection
 *                              is closed, all operations end with this
 *             WEIR_EPROTO      IPC mapping: not a message; the connection is
 *                              closed, all operations end with this
 *             WEIR_ENOMEM      no memory for the message; it is received when
 *                              there is, by the next receive
 *             WEIR_ECLOSED     closed here
 *             WEIR_EAGAIN      WEIR_MSGSTREAM_QUEUE_MAX receives wait already
 *             WEIR_EINVAL      ms is NULL
 *             WEIR_ECONNABORTED, WEIR_EUNREACHABLE, ...: of the system, or what
 *                              ended the handshake
 *             WEIR_ETIMEDOUT, WEIR_ECANCELED, WEIR_ESTOPPED: nothing was taken;
 *                              part of a message that is here is kept for the
 *                              next receive
 * Order       receives complete in the order submitted
 * Since       0.1
 */
WEIR_API void weir_msgstream_recv(weir_msgstream *ms, weir_aio *aio);

/**
 * End the connection: operations end with WEIR_ECLOSED.  What the system
 * accepted for sending is still delivered (weir_stream_close); a message whose
 * rest is being sent in the background is cut.  The callbacks may free the
 * message stream.  Idempotent.  Since 0.1
 */
WEIR_API void weir_msgstream_close(weir_msgstream *ms);

/**
 * Close, and wait until nothing of the message stream is in flight: each
 * operation's result is decided (its callback may still have to run, and may
 * free the message stream), and it uses exec no more.  When also the callbacks
 * have begun, weir_msgstream_free leaves nothing behind, and the pool of exec
 * may be freed.
 *
 * Result      WEIR_OK (also for NULL)
 *             WEIR_EDEADLK  in a callback where waiting for exec would never
 *                           end (as weir_aio_stop); it is closed all the same
 *             WEIR_ESTATE   weir_fini has abandoned the pool of exec
 *             WEIR_EFORK    in a forked child
 * Blocks      until then; no peer can make it long, a blocked exec can
 * Since       0.1
 */
WEIR_API weir_err weir_msgstream_stop(weir_msgstream *ms);

/**
 * Close and free.
 *
 * @param ms  taken; NULL allowed.
 * Since      0.1
 */
WEIR_API void weir_msgstream_free(weir_msgstream *ms);

/** The peer's protocol; 0 before its greeting is here, and of NULL.
 * Since 0.1 */
WEIR_API uint16_t weir_msgstream_peer_protocol(const weir_msgstream *ms);

/** The peer's address, valid until free; of NULL: unspecified.  Since 0.1 */
WEIR_API const weir_sockaddr *weir_msgstream_peer_addr(
    const weir_msgstream *ms);
/** The own address, valid until free; of NULL: unspecified.  Since 0.1 */
WEIR_API const weir_sockaddr *weir_msgstream_self_addr(
    const weir_msgstream *ms);

WEIR_END_DECLS

#endif
