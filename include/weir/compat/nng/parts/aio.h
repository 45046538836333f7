/*
 * aio - the handle of one asynchronous operation, both sides.
 *
 * The contract is that of <weir/aio.h> and <weir/provider.h>; each call here is
 * the one of the same name there, in milliseconds.  Submitting on a busy
 * handle, changing its settings then, and a second finish are misuse: named,
 * then abort, unless weir_misuse_set has chosen otherwise.
 */
#ifndef NNG_PARTS_AIO_H
#define NNG_PARTS_AIO_H

#include <nng/parts/base.h>
#include <nng/parts/err.h>
#include <weir/aio.h>

#define nng_iov weir_iov

#ifdef __cplusplus
extern "C" {
#endif

/** A piece of memory: void *iov_buf, size_t iov_len. */
typedef struct nng_iov nng_iov;

/* --- Consumer ---------------------------------------------------------- */

/** A handle, given: nng_aio_free or nng_aio_reap.  cb may be NULL: wait-only.
 * Errors: NNG_ENOMEM; NNG_ESTATE without nng_init. */
NNG_DECL nng_err nng_aio_alloc(nng_aio **aiop, void (*cb)(void *), void *arg);

/** Stop it, wait until operation and callback are over, free it.  In its own
 * callback: as nng_aio_reap.  NULL: nothing. */
NNG_DECL void nng_aio_free(nng_aio *aio);

/** As free, later; returns at once.  NULL: nothing. */
NNG_DECL void nng_aio_reap(nng_aio *aio);

/** End the operation with NNG_ESTOPPED, refuse all others for good, wait until
 * no callback of it runs or will run.  In its own callback: without the wait.
 * NULL: nothing. */
NNG_DECL void nng_aio_stop(nng_aio *aio);

/** Ask the operation to end with err [not 0; 0: no effect].  Idle, or ended
 * already: no effect.  NULL: nothing. */
NNG_DECL void nng_aio_abort(nng_aio *aio, nng_err err);

/** nng_aio_abort with NNG_ECANCELED. */
NNG_DECL void nng_aio_cancel(nng_aio *aio);

/** Wait until it is idle; in its own callback: returns at once.  NULL: nothing.
 */
NNG_DECL void nng_aio_wait(nng_aio *aio);

/** Is an operation pending, or does the callback run?  So true inside it. */
NNG_DECL bool nng_aio_busy(nng_aio *aio);

/** The result of the last operation; valid in the callback or after wait. */
NNG_DECL nng_err nng_aio_result(nng_aio *aio);

/** Bytes that it moved, whatever its result. */
NNG_DECL size_t nng_aio_count(nng_aio *aio);

/** Bound each following operation [ms]; persists.  0 polls: what is ready is
 * taken, what would wait ends with NNG_ETIMEDOUT.  NNG_DURATION_INFINITE and
 * _DEFAULT: no limit.  Other negative values have passed already: as 0. */
NNG_DECL void nng_aio_set_timeout(nng_aio *aio, nng_duration timeout);

/** Bound the next operation only, by a point in time [ms, as nng_clock].  A
 * time that has passed: as timeout 0.  UINT64_MAX: no limit. */
NNG_DECL void nng_aio_set_expire(nng_aio *aio, nng_time expiration);

/** Store a message; NULL: none. */
NNG_DECL void nng_aio_set_msg(nng_aio *aio, nng_msg *msg);
/** The stored message, or NULL. */
NNG_DECL nng_msg *nng_aio_get_msg(nng_aio *aio);

/** Set n [0..8] pieces for following operations; the array is copied.
 * NNG_EINVAL: more, a NULL buffer with a length, lengths that overflow; the old
 * ones stay. */
NNG_DECL nng_err nng_aio_set_iov(nng_aio *aio, unsigned n, const nng_iov *iov);

/** Set an input, index [0..3]; persists.  NNG_EINVAL: no effect. */
NNG_DECL nng_err nng_aio_set_input(nng_aio *aio, unsigned index, void *data);
/** An input; NULL for another index. */
NNG_DECL void *nng_aio_get_input(nng_aio *aio, unsigned index);
/** An output of the last operation; NULL for another index. */
NNG_DECL void *nng_aio_get_output(nng_aio *aio, unsigned index);

/** For the next operation only: if it ends while it is submitted, run no
 * callback and set *skipped to true.  *skipped is false from now on, and must
 * live until the submitting call has returned. */
NNG_DECL void nng_aio_skip_callback(nng_aio *aio, bool *skipped);

/* --- Provider ---------------------------------------------------------- */

/**
 * Ask the provider to end an operation with err [not 0].  Called with no lock
 * of the library held, on any thread, one call at a time; again only for a
 * stronger reason (cancel, then timeout, then stop).
 */
typedef void (*nng_aio_cancelfn)(nng_aio *aio, void *arg, nng_err err);

/** Forget the last operation of an idle handle: result, count, outputs, a skip
 * request.  The first call of an operation that ends at once. */
NNG_DECL void nng_aio_reset(nng_aio *aio);

/**
 * The operation will end later.
 *
 * @param fn   NULL: only nng_aio_finish ends it, no timeout can.
 * @param arg  for fn; lives until the callback has begun.
 *
 * Result      true   exactly one nng_aio_finish is owed
 *             false  refused: let go of the aio.  Timeout 0 or a time passed:
 *                    the library ends it with NNG_ETIMEDOUT.  A stopped handle:
 *                    no callback, the result reads NNG_ESTOPPED
 */
NNG_DECL bool nng_aio_start(nng_aio *aio, nng_aio_cancelfn fn, void *arg);

/** Set an output, index [0..3], before finish: after nng_aio_reset or an
 * accepted start.  NNG_EINVAL: no effect. */
NNG_DECL nng_err nng_aio_set_output(nng_aio *aio, unsigned index, void *data);

/** End the operation, exactly once, after nng_aio_reset or an accepted start.
 * Touch nothing of the aio afterwards. */
NNG_DECL void nng_aio_finish(nng_aio *aio, nng_err err);

#ifdef __cplusplus
}
#endif

#endif
