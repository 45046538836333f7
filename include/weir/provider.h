/*
 * provider - the gate: what a service needs to carry out operations.
 *
 * Purpose    everything that ends an aio enters the kernel here.  weir's own
 *            services use nothing else; a stranger's provider needs nothing
 *            else.
 * Contract   An operation on an aio goes
 *
 *              reset ──▶ finish                       (ended at once), or
 *              reset ──▶ start ──▶ finish             (ended later)
 *
 *            - A refused reset or start: let go of the aio, touch nothing of
 *              it.  (After a refused start weir completes it; after a refused
 *              reset there is no operation.)
 *            - After an accepted start exactly one finish is owed.
 *            - The cancel hook is called with no lock of weir held, on any
 *              thread, one call at a time, again only for a stronger reason
 *              (cancel < timeout < stop).  It may come before start has
 *              returned and while finish runs; it never comes after release,
 *              nor after the callback began.  If the provider still has the
 *              operation it finishes it with the reason, in the hook or later.
 *            - So arg lives until release, and the hook looks its aio up under
 *              the provider's own lock and does nothing if it is not there.
 *              Start, then publish, both under that lock.  (Published before
 *              start, the operation could be finished by another thread while
 *              start is under way, or found although start is refused.  Without
 *              the lock, a hook that comes between the two finds nothing, and
 *              its reason is lost.)
 *            - No finish while holding a lock that the hook takes, unless
 *              the hook may wait for it; no start, finish or abort is ever
 *              answered by a callback on the calling stack.
 * Bounds     none of its own: an operation lives in its handle.
 *
 * Unless its comment says otherwise each function is MT-Safe per aio (the owner
 * of the operation calls), never blocks, allocates nothing, and may be called
 * from any callback.  With a NULL handle it does nothing and gives WEIR_EINVAL,
 * 0, NULL or false; weir_aio_get_timeout gives WEIR_DEFAULT,
 * weir_aio_get_deadline WEIR_NEVER (the queue functions take no NULL).  What it
 * does in a forked child: docs/guide/lifetime.md.
 */
#ifndef WEIR_PROVIDER_H
#define WEIR_PROVIDER_H

#include <weir/aio.h>

WEIR_BEGIN_DECLS

/** Ask the provider to end an operation. */
typedef void (*weir_cancel_fn)(weir_aio *aio, void *arg, weir_err why);

/** Who carries out an operation; static. */
typedef struct weir_provider {
	size_t size;           /**< sizeof(weir_provider) */
	const char *name;      /**< for reports, static */
	weir_cancel_fn cancel; /**< NULL: only finish ends the operation, its
				    timeout cannot be enforced */
	/** Called once per started operation when no cancel can come any more,
	 * on a thread of the handle's executor, before the callback; NULL. */
	void (*release)(void *arg);
} weir_provider;

/**
 * Begin an operation: clears count, outputs and scratch.  A second reset before
 * start or finish changes nothing and gives WEIR_OK (a provider on top of
 * another one).
 *
 * Result      WEIR_OK       the aio is yours: before the submitting call
 *                           returns, finish it or start it
 *             WEIR_ESTOPPED the handle is stopped: nothing starts, no callback
 *                           comes, its result reads WEIR_ESTOPPED
 *             WEIR_EFORK    in a forked child: nothing starts
 *             WEIR_EMISUSE  the aio is busy (misuse): the running operation
 *                           is unharmed
 *             WEIR_EINVAL   aio is NULL
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_aio_reset(weir_aio *aio);

/**
 * As weir_aio_reset, in the name of the provider's call: a report of misuse
 * shall name what the program wrote.
 *
 * @param call  its name, __func__; borrowed for the time of this call.
 *
 * Result      as weir_aio_reset
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_aio_begin(
    weir_aio *aio, const char *call);

/**
 * Declare that the operation ends later and how it is cancelled.  On WEIR_OK
 * the operation may have ended, and the handle be gone, before start returns.
 *
 * @param provider  static; borrowed.
 * @param arg       for cancel and release; lives until release, or without one
 *                  until the callback has begun.
 *
 * Result      WEIR_OK        exactly one finish is owed
 *             WEIR_ESTOPPED, WEIR_ETIMEDOUT (timeout 0, or an expiration that
 *                            has passed),
 *             WEIR_ECANCELED or another abort code: refused; weir completes
 *                            the aio with it
 *                            (after a refused reset: WEIR_ESTOPPED again, and
 *                            nothing else happens)
 *             WEIR_EMISUSE   without reset, or started before (misuse)
 *             WEIR_EINVAL    NULL, or a provider of another size: nothing has
 *                            happened, the operation is still yours to end
 *             WEIR_EFORK     in a forked child
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_aio_start(
    weir_aio *aio, const weir_provider *provider, void *arg);

/**
 * As weir_aio_start, with a time of the provider's own instead of the handle's
 * timeout: for operations that the clock ends, and for those that want to know
 * before the consumer's patience is over.  The provider heeds the handle's
 * deadline itself (weir_aio_get_deadline, before this call).
 *
 * @param at     when the hook is called with WEIR_ETIMEDOUT [ns, >= 0];
 *               WEIR_NEVER: not at all.  From here on it is the operation's
 *               deadline.
 * @param slack  by how much that may be late, so that wake-ups can be merged
 *               [ns, >= 0]; 50 us is what a sleep takes.
 *
 * Result      as weir_aio_start; a time that has passed is no reason to refuse
 *             WEIR_EINVAL   also a negative time or slack
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_aio_start_at(weir_aio *aio,
    const weir_provider *provider, void *arg, weir_time at,
    weir_duration slack);

/**
 * End the operation, after a reset or an accepted start, exactly once.  The
 * count is what weir_aio_set_count and weir_aio_advance made it.  Touch nothing
 * of the aio afterwards.
 *
 * @param err  the result, any code.
 *
 * Result      true   this call decided the result
 *             false  it was decided before: misuse, reported, without effect;
 *                    or reset was refused (counted in
 *                    weir_stats.late_finishes, not misuse)
 *             The first finish of an operation that weir_fini has given up is
 *             true: wait and result tell it, no callback runs.  Others are
 *             false and counted.
 * Threads     MT-Safe: racing finishes are safe, one wins
 * Since       0.1
 */
WEIR_API bool weir_aio_finish(weir_aio *aio, weir_err err);

/**
 * Forget the last operation of an idle handle: result WEIR_OK, count 0, outputs
 * NULL, no skip request.  The handle stays idle.  Until its next operation
 * begins, outputs and count may be set, and that operation's reset keeps them.
 * A fresh handle is clear.  For faces whose providers set outputs before they
 * begin.  Between reset and start it does nothing; on a stopped handle it is a
 * submit that is dropped, as by reset: the result reads WEIR_ESTOPPED.
 *
 * Errors      none; misuse while an operation is pending
 * Threads     MT-Safe per aio: the consumer's, as a setting
 * Since       0.1
 */
WEIR_API void weir_aio_clear(weir_aio *aio);

/**
 * Reset and finish in one call, for an operation that ends before it has begun:
 * on a clear handle (weir_aio_clear).  On another one as weir_aio_finish, so
 * that a second finish is caught.
 *
 * Result      as weir_aio_finish; of a clear handle that is stopped false,
 *             counted
 * Since       0.1
 */
WEIR_API bool weir_aio_finish_now(weir_aio *aio, weir_err err);

/** As weir_aio_finish with a count [bytes].  Since 0.1 */
WEIR_API bool weir_aio_finish_count(weir_aio *aio, weir_err err, size_t count);

/** Names one operation of a handle; see weir_aio_finish_ticket. */
typedef uint32_t weir_ticket;

/** The ticket of the operation that the caller owns: ask between reset and
 * finish.  Since 0.1 */
WEIR_API weir_ticket weir_aio_ticket(weir_aio *aio);

/**
 * As weir_aio_finish_count, for a finish that may come late: when the handle
 * has gone on to another operation, or is idle, nothing happens and false is
 * returned (counted, not misuse).  The handle must still exist.
 *
 * Threads     MT-Safe
 * Since       0.1
 */
WEIR_API bool weir_aio_finish_ticket(
    weir_aio *aio, weir_ticket ticket, weir_err err, size_t count);

/**
 * Finish several operations with one result and wake threads once.
 *
 * @param aios  n started or reset operations; the array may be reused at once.
 * @param n     [>= 0]
 *
 * Result      how many of them this call decided; each other one as a false of
 *             weir_aio_finish
 * Since       0.1
 */
WEIR_API size_t weir_aio_finish_batch(
    weir_aio *const *aios, size_t n, weir_err err);

/** Set the count that finish will report; misuse between finish and the
 * callback.  Since 0.1 */
WEIR_API void weir_aio_set_count(weir_aio *aio, size_t count);

/** The count so far.  Since 0.1 */
WEIR_API size_t weir_aio_get_count(weir_aio *aio);

/**
 * Bytes were moved: the count grows, the iov shrinks from its front (for this
 * operation; the handle's vector itself is unchanged).
 *
 * @param n  [bytes, 0..weir_aio_iov_len]; more is cut to that.
 *
 * Since     0.1
 */
WEIR_API void weir_aio_advance(weir_aio *aio, size_t n);

/** Bytes left in the iov.  Since 0.1 */
WEIR_API size_t weir_aio_iov_len(weir_aio *aio);

/**
 * The iov that is left, without empty pieces.
 *
 * @param out  gets up to max pieces; NULL: none.
 *
 * Result      pieces written [0..max]
 * Since       0.1
 */
WEIR_API unsigned weir_aio_get_iov(weir_aio *aio, weir_iov *out, unsigned max);

/** The relative timeout of the handle [ns, or WEIR_INFINITE, WEIR_DEFAULT],
 * also while an expiration is set.  Since 0.1 */
WEIR_API weir_duration weir_aio_get_timeout(weir_aio *aio);

/**
 * When this operation times out [ns]; WEIR_NEVER: not.  The first call after
 * reset, or else start, reads the clock; the timeout counts from there.
 *
 * Since       0.1
 */
WEIR_API weir_time weir_aio_get_deadline(weir_aio *aio);

/**
 * Set an output, after reset and before finish, or of a clear handle
 * (weir_aio_clear).
 *
 * @param index  [0..WEIR_AIO_SLOTS-1]
 * @param data   whose it is, the operation's page says; NULL allowed.
 *
 * Errors      WEIR_EINVAL  index out of range
 *             WEIR_EMISUSE no operation, or it has ended (misuse)
 * Since       0.1
 */
WEIR_API weir_err weir_aio_set_output(
    weir_aio *aio, unsigned index, void *data);

/** Two words for the provider, from reset to finish.  index [0..1]  Since 0.1
 */
WEIR_API void weir_aio_set_scratch(weir_aio *aio, unsigned index, void *data);
/** What was set; NULL before.  Since 0.1 */
WEIR_API void *weir_aio_get_scratch(weir_aio *aio, unsigned index);

/**
 * A first-in first-out queue of operations that wait; an operation is in at
 * most one.  Zero is the empty queue.  Its owner's lock guards it.  It has no
 * bound: compare len with yours, and end what is too many with WEIR_EAGAIN.
 */
typedef struct weir_aioq {
	weir_aio *head;
	weir_aio *tail;
	size_t len; /**< operations in it; read it under the same lock */
} weir_aioq;

/** Append; between an operation's reset and its finish.  Since 0.1 */
WEIR_API void weir_aioq_push(weir_aioq *q, weir_aio *aio);
/** Take the first, or NULL.  Since 0.1 */
WEIR_API weir_aio *weir_aioq_pop(weir_aioq *q);
/** Take this one out; false if it is not in the queue.  Since 0.1 */
WEIR_API bool weir_aioq_remove(weir_aioq *q, weir_aio *aio);
/** The first, left in place, or NULL.  Since 0.1 */
WEIR_API weir_aio *weir_aioq_first(const weir_aioq *q);

/**
 * A place in the bound of a pool (queue_max of weir_pool_params), for services
 * that queue work on behalf of programs, as plain tasks do.  The default pool
 * has no bound.
 *
 * @param exec  NULL: the default pool.
 *
 * Result      WEIR_OK      dismiss when the work is done
 *             WEIR_EAGAIN  the bound is reached
 * Threads     MT-Safe
 * Blocks      never
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_exec_admit(weir_exec *exec);

/** Give the place back.  Since 0.1 */
WEIR_API void weir_exec_dismiss(weir_exec *exec);

/*
 * Descriptors.
 *
 * A weir_fd is a descriptor that weir watches.  Each direction has a queue of
 * operations, carried out in the order submitted.  An operation is a step that
 * is tried at once, and again when the descriptor may be ready, until it is
 * done.
 */
typedef struct weir_fd weir_fd;

typedef enum weir_dir {
	WEIR_DIR_READ = 0,
	WEIR_DIR_WRITE = 1,
} weir_dir;

/** What the step does; a completion backend may carry it out itself. */
typedef enum weir_fdop_kind {
	WEIR_FDOP_OTHER = 0,
	WEIR_FDOP_RECV,
	WEIR_FDOP_SEND,
	WEIR_FDOP_ACCEPT,
	WEIR_FDOP_CONNECT,
	WEIR_FDOP_READ_AT,
	WEIR_FDOP_WRITE_AT,
} weir_fdop_kind;

/** The step moved less than asked: the next one would find nothing. */
#define WEIR_FD_DRAINED 1u
/** With WEIR_EAGAIN: not done, but the next step will find something. */
#define WEIR_FD_MORE 2u
/** The next step will find something that no event tells of, because the
 * provider holds it: the side is not left to the poller before. */
#define WEIR_FD_HELD 4u

/**
 * One step of an operation.
 *
 * try_step    moves what can be moved without blocking, on a polling thread or
 *             the submitter's; calls no code of the program; tells bytes by
 *             weir_aio_advance, outputs by weir_aio_set_output.  Returns the
 *             result of the operation, or WEIR_EAGAIN when it is not done: with
 *             WEIR_FD_MORE or WEIR_FD_DRAINED in *flags, or else because the
 *             system has said EAGAIN since the step was called.  One that moves
 *             much does it in several steps, so that others have a turn.
 */
typedef struct weir_fdop {
	size_t size; /**< sizeof(weir_fdop) */
	const char *name;
	weir_fdop_kind kind;
	weir_err (*try_step)(weir_aio *aio, int fd, void *arg, unsigned *flags);
} weir_fdop;

/** What weir_fd_open needs to know. */
typedef struct weir_fd_params {
	size_t size; /**< sizeof(weir_fd_params) */
	void *arg;   /**< for try_step and release */
	/** Called once, after weir_fd_close, when the last step has left and no
	 * operation refers to arg any more; any thread, no lock held; NULL. */
	void (*release)(void *arg);
} weir_fd_params;

/**
 * Watch a descriptor.
 *
 * @param fdp     given: end with weir_fd_close.
 * @param fd      non-blocking, close-on-exec; taken on success (closed by
 *                weir_fd_close), stays the caller's on failure.
 * @param params  copied.
 *
 * Errors      WEIR_EINVAL  bad descriptor, or one that cannot be polled (a
 *                          file, a directory); NULL; another size
 *             WEIR_EEXIST  it is watched already (where the system tells)
 *             WEIR_ENOSPC  WEIR_FD_MAX are watched, or the system's limit
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_fd_open(
    weir_fd **fdp, int fd, const weir_fd_params *params);

/** Descriptors watched at once. */
#define WEIR_FD_MAX (1u << 20)
/** Operations that may wait in one direction behind the first; when full, one
 * more ends with WEIR_EAGAIN; the first since there was room is logged. */
#define WEIR_FD_QUEUE_MAX 65536u

/**
 * Carry out an operation: reset, steps, finish.  The submitter does not call
 * reset itself.
 *
 * @param op   static; borrowed.
 * @param fd   borrowed until the operation has ended.
 * @param aio  idle; lent until its callback begins.
 *
 * Result of the aio   what try_step returned; WEIR_ECLOSED: the weir_fd was
 *                     closed, or the code of weir_fd_shut; WEIR_EAGAIN:
 *                     WEIR_FD_QUEUE_MAX wait; WEIR_EINVAL: fd or op NULL,
 *                     another size, no such direction; timeout, cancel and
 *                     stop as usual; WEIR_ESTOPPED: weir_fini was called since
 *                     weir_fd_open
 * Threads     MT-Safe; first submitted, first carried out
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_fd_submit(
    weir_fd *fd, weir_dir dir, weir_aio *aio, const weir_fdop *op);

/** The number, for options and names; do not close it.  NULL: -1.  Since 0.1 */
WEIR_API int weir_fd_number(const weir_fd *fd);

/**
 * End all operations with WEIR_ECLOSED and close the descriptor as soon as no
 * step is under way on it.  The weir_fd must not be used afterwards; release
 * tells when the last reference is gone, perhaps inside this call.
 *
 * @param fd  taken; NULL allowed.
 *
 * Threads     MT-Safe, once
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_fd_close(weir_fd *fd);

/**
 * End all operations with a code now; later ones end with it at once.  The
 * first code of a direction stays.  The number stays open until weir_fd_close,
 * which the callbacks may call already.
 *
 * @param why  [not WEIR_OK]
 *
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_fd_shut(weir_fd *fd, weir_err why);

/**
 * As weir_fd_shut for one direction; the other one goes on.
 *
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_fd_shut_dir(weir_fd *fd, weir_dir dir, weir_err why);

/**
 * After weir_fd_shut: wait until no step is under way and every operation has
 * been finished (its callback may still have to run).  The descriptor must stay
 * open meanwhile: whose callbacks may close it closes it after the last user.
 *
 * Result      WEIR_OK (also for NULL)
 *             WEIR_EFORK
 * Threads     MT-Safe
 * Blocks      until steps under way have ended, which do not block (without a
 *             weir_fd_shut: until there is one)
 * Callback    allowed; not in a step
 * Since       0.1
 */
WEIR_API weir_err weir_fd_drain(weir_fd *fd);

WEIR_END_DECLS

#endif
