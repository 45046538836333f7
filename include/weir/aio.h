/*
 * aio - the handle of one asynchronous operation: the consumer's side.
 *
 * Purpose    a program makes a handle, submits an operation on it (receive,
 *            sleep, its own ...) and is told of the end by one callback.
 * Ownership  the handle is the program's; a submitted operation borrows it
 *            until the callback begins (without a callback: until wait
 *            returns).  iov memory, inputs and tags stay the program's.
 * Contract   1. Every operation accepted ends with exactly one callback, on a
 *               thread of the handle's executor, never on the stack of the
 *               call that submitted or ended it, with no lock of weir held.
 *               A timeout ends the operation on such a thread, too: with none
 *               free it waits, also that of a wait-only handle or a sleep.
 *            2. Callbacks of one handle never overlap and run in the order of
 *               their completions.
 *            3. The result is decided once.  Cancel, timeout and stop ask;
 *               they never change a result that is there.
 *            4. A handle may be submitted again as soon as its callback has
 *               begun.
 * States     idle -> (submit) busy -> (end) callback queued -> callback
 *            running -> idle.  docs/design/aio.md has the whole table.
 * Bounds     WEIR_IOV_COPY_MAX, WEIR_IOV_BORROW_MAX, WEIR_AIO_SLOTS.
 *
 * Unless its comment says otherwise every function here is MT-Safe, never
 * blocks and may be called from any callback.  With a NULL handle it does
 * nothing and gives WEIR_EINVAL, 0, NULL or false (wait and stop: WEIR_OK); in
 * a forked child it does nothing and gives WEIR_EFORK, 0 or false (count and
 * the get functions still read; docs/guide/lifetime.md).  A call that begins
 * after weir_aio_free or weir_aio_reap is misuse.  Settings are the
 * consumer's: one thread at a time, while no operation is pending.
 * docs/api/aio.md has each call in each state of the handle.
 */
#ifndef WEIR_AIO_H
#define WEIR_AIO_H

#include <weir/attr.h>
#include <weir/err.h>
#include <weir/time.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

typedef struct weir_aio weir_aio;
typedef struct weir_exec weir_exec; /* <weir/task.h> */
typedef struct weir_msg weir_msg;

/** A completion callback. */
typedef void (*weir_aio_cb)(void *arg);

/** A piece of memory to read from or write into. */
typedef struct weir_iov {
	void *iov_buf;
	size_t iov_len;
} weir_iov;

/** Pieces that weir_aio_set_iov copies into the handle. */
#define WEIR_IOV_COPY_MAX 8
/** Pieces that weir_aio_borrow_iov may refer to. */
#define WEIR_IOV_BORROW_MAX 1024
/** Inputs of a handle, and outputs. */
#define WEIR_AIO_SLOTS 4

/** What a cancel or abort met. */
typedef enum weir_cancel {
	WEIR_CANCEL_IDLE = 0,      /**< no operation: nothing happened */
	WEIR_CANCEL_REQUESTED = 1, /**< the provider was or will be asked */
	WEIR_CANCEL_TOO_LATE = 2,  /**< the result was decided already */
} weir_cancel;

/** What keeps a handle from being idle. */
typedef enum weir_blocker {
	WEIR_BLOCKER_NONE = 0,     /**< nothing, the handle is idle */
	WEIR_BLOCKER_PROVIDER = 1, /**< the provider has not finished */
	WEIR_BLOCKER_CANCEL = 2,   /**< a cancel hook has not returned */
	WEIR_BLOCKER_QUEUE = 3,    /**< the callback waits for a thread */
	WEIR_BLOCKER_CALLBACK = 4, /**< the callback has not returned */
} weir_blocker;

/**
 * Make a handle.
 *
 * @param aiop  the handle, given: free with weir_aio_free or weir_aio_reap.
 *              Untouched on failure.
 * @param cb    called with arg once per operation; NULL: wait-only.
 * @param arg   borrowed until the handle is freed; NULL allowed.
 *
 * Errors      WEIR_ENOMEM  out of memory
 *             WEIR_EINVAL  aiop is NULL
 *             WEIR_ESTATE  weir_init was not called, or weir_fini was
 *             WEIR_EFORK   in a forked child
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_aio_alloc(
    weir_aio **aiop, weir_aio_cb cb, void *arg);

/**
 * Stop the handle, wait until it is idle, free it.  From the handle's own
 * callback, cancel hook or release: as weir_aio_reap.
 *
 * @param aio  taken; NULL allowed.  Calls that entered wait or stop before
 *             free return first.
 *
 * Blocks      until the operation has ended and its callback has returned
 * Callback    another handle's callback: as weir_aio_wait, and where that
 *             would be WEIR_EDEADLK, as weir_aio_reap
 * Since       0.1
 */
WEIR_API void weir_aio_free(weir_aio *aio);

/**
 * Stop the handle now, free it when it has become idle.
 *
 * @param aio  taken; NULL allowed.  Calls that entered wait or stop before
 *             keep the memory until they return.
 *
 * Since       0.1
 */
WEIR_API void weir_aio_reap(weir_aio *aio);

/**
 * Refuse all further operations of this handle for good, end the running one
 * with WEIR_ESTOPPED, wait until no callback of it runs or will run.  What is
 * submitted afterwards is dropped: no start, no callback, result
 * WEIR_ESTOPPED.
 *
 * Result      WEIR_OK       idle now, and for ever
 *             WEIR_EDEADLK  called where waiting would never end (see
 *                           weir_aio_wait); the handle is stopped all the same
 *             WEIR_ESTATE   as weir_aio_wait
 * Blocks      until idle
 * Callback    as weir_aio_wait
 * Since       0.1
 */
WEIR_API weir_err weir_aio_stop(weir_aio *aio);

/**
 * As weir_aio_stop, but wait no longer than to a point in time, and say what
 * is in the way.
 *
 * @param until  [ns; WEIR_NEVER: no limit; a time passed: do not wait]
 * @param what   NULL, or gets what the handle waits for when the call gives
 *               up, WEIR_BLOCKER_NONE on WEIR_OK.
 * @param who    NULL, or gets a static string: the name of the provider that
 *               carries the operation, "" if there is none.
 *
 * Result      as weir_aio_stop, or WEIR_ETIMEDOUT (the handle stays stopped)
 * Blocks      until idle or until the time
 * Callback    as weir_aio_wait
 * Since       0.1
 */
WEIR_API weir_err weir_aio_stop_until(
    weir_aio *aio, weir_time until, weir_blocker *what, const char **who);

/**
 * As weir_aio_stop without waiting.  May be called again.
 *
 * Since       0.1
 */
WEIR_API void weir_aio_close(weir_aio *aio);

/**
 * Ask the running operation to end with WEIR_ECANCELED.  Its provider's hook
 * may run inside this call (also inside abort, stop, close, free and reap): do
 * not hold a lock that the hook takes.
 *
 * Result      what it met; a cancel of an idle handle leaves no trace
 * Blocks      never by itself; a hook may take its provider's lock
 * Since       0.1
 */
WEIR_API weir_cancel weir_aio_cancel(weir_aio *aio);

/**
 * Ask the running operation to end with a code.
 *
 * @param why  [not WEIR_OK; WEIR_OK asks with WEIR_ECANCELED].  A code above
 *             1023 may arrive as WEIR_ECANCELED when the operation has been
 *             submitted but has not started yet.
 *
 * Result      as weir_aio_cancel
 * Since       0.1
 */
WEIR_API weir_cancel weir_aio_abort(weir_aio *aio, weir_err why);

/**
 * Wait until the handle is idle: no operation, no callback running.  A
 * callback that submits again keeps it waiting.
 *
 * Result      WEIR_OK       idle
 *             WEIR_EDEADLK  in the handle's own callback, cancel hook or
 *                           release; in a callback on the strand that the
 *                           handle's callback needs; in a ring of callbacks
 *                           that wait for each other; or when no thread of
 *                           the caller's pool would be left to run callbacks,
 *                           or weir_fini ends that pool, whatever the
 *                           handle's.  A ring that passes through a cancel
 *                           hook or release is not found
 *             WEIR_ESTATE   weir_fini has abandoned the callback of this
 *                           handle: it will not run
 * Blocks      until idle
 * Callback    allowed for other handles: the thread's place in the pool is
 *             taken by another thread meanwhile
 * Since       0.1
 */
WEIR_API weir_err weir_aio_wait(weir_aio *aio);

/**
 * As weir_aio_wait, but no longer than to a point in time.
 *
 * @param until  [ns; WEIR_NEVER: no limit; a time passed: only look]
 *
 * Result      as weir_aio_wait, or WEIR_ETIMEDOUT (of a look also where
 *             weir_aio_wait would be WEIR_ESTATE, or WEIR_EDEADLK for
 *             another handle)
 * Blocks      until idle or until the time
 * Since       0.1
 */
WEIR_API weir_err weir_aio_wait_until(weir_aio *aio, weir_time until);

/**
 * Is an operation pending or its callback running?  False inside the own
 * callback unless that has submitted again.  Old news when it arrives.
 *
 * Since       0.1
 */
WEIR_API bool weir_aio_busy(weir_aio *aio);

/**
 * The result of the last operation, unchanged from the beginning of its
 * callback (wait-only: from the return of wait) to the next submit.  WEIR_OK
 * on a fresh handle, WEIR_ESTOPPED after an operation was dropped; while an
 * operation is pending, unspecified.
 *
 * Since       0.1
 */
WEIR_API weir_err weir_aio_result(weir_aio *aio);

/**
 * Bytes moved by the last operation, whatever its result; valid when the
 * result is.  After one that was dropped, count and outputs read 0 and NULL.
 *
 * Since       0.1
 */
WEIR_API size_t weir_aio_count(weir_aio *aio);

/**
 * Bound every following operation, counted from its start (the end of its
 * submission, unless its provider says otherwise), until changed.  Replaces an
 * expiration that was set before.  An end by it is WEIR_ETIMEDOUT: never early,
 * late by at most the slack (docs/guide/tuning.md) when the handle's
 * executor has a free thread.
 *
 * @param timeout  [ns, >= 0; WEIR_INFINITE; WEIR_DEFAULT].  0 polls: what is
 *                 ready is taken, what would wait ends with WEIR_ETIMEDOUT.
 *
 * Errors      WEIR_EINVAL   another negative value; the old one stays
 *             WEIR_EMISUSE  while an operation is pending (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_timeout(weir_aio *aio, weir_duration timeout);

/**
 * Bound the next operation only, by a point in time, instead of the timeout.
 * Forgotten when that operation has ended or was refused.
 *
 * @param when  [ns, >= 0; WEIR_NEVER: no bound; a time passed: as timeout 0]
 *
 * Errors      WEIR_EINVAL   negative
 *             WEIR_EMISUSE  while an operation is pending (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_expire(weir_aio *aio, weir_time when);

/**
 * Set the memory that following operations read or write; it stays set until
 * replaced.  The array is copied, the memory is borrowed.
 *
 * @param n    pieces [0..WEIR_IOV_COPY_MAX]
 * @param iov  n pieces, lengths in bytes, 0 allowed; may be NULL if n is 0.
 *
 * Errors      WEIR_EINVAL   n too large, a NULL buffer with a length, lengths
 *                           that add up to more than SSIZE_MAX; the old
 *                           vector stays
 *             WEIR_EMISUSE  while an operation is pending (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_iov(
    weir_aio *aio, unsigned n, const weir_iov *iov);

/**
 * As weir_aio_set_iov without copying the array.
 *
 * @param n    pieces [0..WEIR_IOV_BORROW_MAX]
 * @param iov  borrowed until replaced; must not change while an operation is
 *             pending.
 *
 * Errors      as weir_aio_set_iov
 * Since       0.1
 */
WEIR_API weir_err weir_aio_borrow_iov(
    weir_aio *aio, unsigned n, const weir_iov *iov);

/**
 * Store a message (<weir/msg.h>): by the consumer for the next operation, by a
 * provider between reset and finish.  Whose it is, the result decides, for
 * every operation that carries messages:
 *
 *   send     WEIR_OK: the message was taken, and the handle's is NULL.  Any
 *            other result: it is the program's still, and in the handle.
 *   receive  WEIR_OK: the handle has the message, the program's from now on.
 *            Any other result: NULL, as from the receive's beginning.
 *
 * The handle itself owns none: weir_aio_free and reap free no message.
 *
 * @param msg  NULL allowed; no message that was set before is freed.
 *
 * Errors      WEIR_EMISUSE  between finish and the callback (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_msg(weir_aio *aio, weir_msg *msg);

/** The stored message or NULL.  Since 0.1 */
WEIR_API weir_msg *weir_aio_get_msg(weir_aio *aio);

/**
 * Set an input; inputs stay set over operations.
 *
 * @param index  [0..WEIR_AIO_SLOTS-1]
 * @param data   borrowed as the operation's page says; NULL allowed.
 *
 * Errors      WEIR_EINVAL   index out of range
 *             WEIR_EMISUSE  while an operation is pending (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_input(weir_aio *aio, unsigned index, void *data);

/** An input; NULL when never set or the index is out of range.  Since 0.1 */
WEIR_API void *weir_aio_get_input(weir_aio *aio, unsigned index);

/**
 * An output of the last operation, valid when the result is; NULL when it has
 * none or the index is out of range.  Since 0.1
 */
WEIR_API void *weir_aio_get_output(weir_aio *aio, unsigned index);

/**
 * For the next operation only: if it ends while it is being submitted, without
 * having started to wait, run no callback and say so.  (docs/api/aio.md has
 * which operations can.)  Holds for operations that are started or finished
 * before the submitting call returns, as all of weir's are; a provider that
 * resets here and goes on elsewhere must not be given it.
 *
 * @param skipped  set to false now; true when the submitting call returns and
 *                 the operation has ended so (its callback will not run), or
 *                 was dropped because the handle is stopped.  Must live until
 *                 that call has returned.  NULL: as if never called.
 *
 * Errors      none; misuse while an operation is pending
 * Since       0.1
 */
WEIR_API void weir_aio_skip_callback(weir_aio *aio, bool *skipped);

/**
 * Choose where callbacks run, and the hooks of timeouts.
 *
 * @param exec  of a pool or a strand (<weir/task.h>), borrowed until the
 *              handle is freed or this is changed; NULL: the default pool.
 *
 * Errors      WEIR_EMISUSE  while an operation is pending (misuse)
 *             WEIR_ESTATE   the pool ended with an earlier weir_fini
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_executor(weir_aio *aio, weir_exec *exec);

/**
 * Name the handle in reports; at any time.
 *
 * @param tag  static string, borrowed for the life of the handle; NULL: none.
 *
 * Since       0.1
 */
WEIR_API void weir_aio_set_tag(weir_aio *aio, const char *tag);

WEIR_END_DECLS

#endif
