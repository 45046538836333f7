/*
 * thread - threads, mutexes and conditions of the program's own.
 *
 * All of it works without nng_init.  A mutex that is locked twice by a thread,
 * unlocked by one that does not hold it, or freed while locked, and a thread
 * that destroys itself: one line to stderr, then abort.
 */
#ifndef NNG_PARTS_THREAD_H
#define NNG_PARTS_THREAD_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nng_thread nng_thread;
typedef struct nng_mtx nng_mtx;
typedef struct nng_cv nng_cv;

/**
 * Start a thread that runs func(arg), with SIGPIPE blocked.
 *
 * @param thrp  given: nng_thread_destroy.  Written before func begins;
 *              untouched on failure.
 *
 * Errors      NNG_ENOMEM  memory, or the system has no more threads
 */
NNG_DECL int nng_thread_create(
    nng_thread **thrp, void (*func)(void *), void *arg);

/** For debuggers; NULL thr: the calling thread.  A name of more than 15 bytes
 * has no effect. */
NNG_DECL void nng_thread_set_name(nng_thread *thr, const char *name);

/** Wait until func has returned and free the thread; once, not by the thread
 * itself, not in a callback.  NULL: nothing. */
NNG_DECL void nng_thread_destroy(nng_thread *thr);

/** A mutex, given: nng_mtx_free; not recursive.  NNG_ENOMEM. */
NNG_DECL int nng_mtx_alloc(nng_mtx **mtxp);
/** Free an unlocked mutex.  NULL: nothing. */
NNG_DECL void nng_mtx_free(nng_mtx *mtx);
/** Wait for the mutex and take it. */
NNG_DECL void nng_mtx_lock(nng_mtx *mtx);
/** Release it; by its owner. */
NNG_DECL void nng_mtx_unlock(nng_mtx *mtx);

/** A condition, bound to mtx for life; given: nng_cv_free.  NNG_ENOMEM. */
NNG_DECL int nng_cv_alloc(nng_cv **cvp, nng_mtx *mtx);
/** Free it; nobody waits.  NULL: nothing. */
NNG_DECL void nng_cv_free(nng_cv *cv);

/* These four want the mutex held. */

/** Release the mutex, wait to be woken, take it again; may wake without cause.
 */
NNG_DECL void nng_cv_wait(nng_cv *cv);

/**
 * As nng_cv_wait, but give up at a time.
 *
 * @param when  [ms, as nng_clock]; UINT64_MAX: no limit.
 *
 * Result      0 (woken), NNG_ETIMEDOUT; with when 0 NNG_EAGAIN at once, the
 *             mutex was not released
 */
NNG_DECL int nng_cv_until(nng_cv *cv, nng_time when);
/** Wake all that wait. */
NNG_DECL void nng_cv_wake(nng_cv *cv);
/** Wake one of them. */
NNG_DECL void nng_cv_wake1(nng_cv *cv);

#ifdef __cplusplus
}
#endif

#endif
