/*
 * chan - bounded queues of messages between any threads of a process.
 *
 * Purpose    what a socket is between processes: sends and receives are
 *            operations like others, with timeout, cancel and stop, and a
 *            sender that is faster than its receivers is held back.
 * Ownership  the channel is the program's; an operation that waits refers to
 *            it, so weir_chan_free is allowed with operations pending (not
 *            with calls under way).  A message belongs to the handle's side or
 *            to the channel as <weir/msg.h> says: the result decides.
 * Order      first in, first out: of messages, of senders that wait, of
 *            receivers that wait.  Who waits is served before who comes.
 * Bounds     the capacity, in messages: a send above it waits.
 *            WEIR_CHAN_QUEUE_MAX senders wait, and as many receivers; one more
 *            ends with WEIR_EAGAIN.
 *
 * Unless said otherwise each function is MT-Safe, blocks briefly (a leaf lock),
 * may be called from any callback, and ignores a NULL channel (operations:
 * WEIR_EINVAL).  In a forked child it does nothing and gives WEIR_EFORK or 0.
 * A channel outlives weir_fini with what is queued, and works again after a new
 * weir_init.
 */
#ifndef WEIR_CHAN_H
#define WEIR_CHAN_H

#include <weir/aio.h>
#include <weir/msg.h>

WEIR_BEGIN_DECLS

typedef struct weir_chan weir_chan;

/** Messages that a channel may be asked to hold. */
#define WEIR_CHAN_MAX (1u << 20)
/** Senders, or receivers, that may wait on one channel; when full:
 * WEIR_EAGAIN. */
#define WEIR_CHAN_QUEUE_MAX 65536

/**
 * Make a channel.
 *
 * @param chp       given: free with weir_chan_free.
 * @param capacity  messages it holds [0..WEIR_CHAN_MAX]; their memory is not
 *                  counted.  0: a rendezvous, a send ends when a receive takes
 *                  its message.
 *
 * Errors      WEIR_EINVAL  capacity out of range, or chp is NULL
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_chan_alloc(
    weir_chan **chp, size_t capacity);

/**
 * Give a message away.
 *
 * @param ch   borrowed for the call.
 * @param aio  idle, with the message (weir_aio_set_msg); lent until its
 * callback begins.
 *
 * Result      WEIR_OK        a receive has it, or the channel keeps it for one:
 *                            the handle's message is NULL; count = the length
 *                            of its body [bytes]
 *             All others: the message is the program's still, in the handle.
 *             WEIR_ECLOSED   the channel is, or was meanwhile, closed or freed
 *             WEIR_EAGAIN    WEIR_CHAN_QUEUE_MAX senders wait
 *             WEIR_EINVAL    no message in the handle, or ch is NULL
 *             WEIR_ETIMEDOUT full for so long (timeout 0: it is full)
 *             WEIR_ECANCELED, WEIR_ESTOPPED or the code of an abort
 * Since       0.1
 */
WEIR_API void weir_chan_send(weir_chan *ch, weir_aio *aio);

/**
 * Take the oldest message.
 *
 * @param ch   borrowed for the call.
 * @param aio  idle; lent until its callback begins.  Its message pointer is set
 *             to NULL; what was there is not freed.
 *
 * Result      WEIR_OK        the message is the program's now, in the handle;
 *                            count = the length of its body [bytes]
 *             All others: the handle's message is NULL.
 *             WEIR_ECLOSED   closed or freed, and nothing is queued any more
 *             WEIR_EAGAIN    WEIR_CHAN_QUEUE_MAX receivers wait
 *             WEIR_EINVAL    ch is NULL
 *             WEIR_ETIMEDOUT empty for so long (timeout 0: it is empty)
 *             WEIR_ECANCELED, WEIR_ESTOPPED or the code of an abort
 * Since       0.1
 */
WEIR_API void weir_chan_recv(weir_chan *ch, weir_aio *aio);

/**
 * Let nothing more in: sends that wait and all later ones end with
 * WEIR_ECLOSED.  What is queued can still be received; then receives end with
 * WEIR_ECLOSED, too.  The callbacks may free the channel.  May be called again.
 *
 * Since       0.1
 */
WEIR_API void weir_chan_close(weir_chan *ch);

/**
 * Close a channel, free the messages that are queued, and the channel itself.
 * Operations that wait end with WEIR_ECLOSED.
 *
 * @param ch  taken; NULL allowed.  No call on it may be under way but the
 *            weir_chan_close that ended the operation whose callback this is.
 *
 * Since       0.1
 */
WEIR_API void weir_chan_free(weir_chan *ch);

/** Messages queued now [0..capacity]; senders that wait are not counted.  Old
 * news when it arrives.  Since 0.1 */
WEIR_API size_t weir_chan_len(weir_chan *ch);

/** What weir_chan_alloc was asked for.  Since 0.1 */
WEIR_API size_t weir_chan_capacity(const weir_chan *ch);

WEIR_END_DECLS

#endif
