/*
 * sync - the one door to shared memory: atomics, mutex, futex, yield, self.
 *
 * Purpose    every operation by which two threads meet goes through these
 *            names, so that the schedule explorer (WEIR_EXPLORE) can put its
 *            scheduler before each of them.
 * Ownership  nothing.
 * Progress   as the operation says; only wri_mtx_lock and wri_futex_wait sleep.
 * Rules      The order is a literal at the call.  No fences: ThreadSanitizer
 *            does not model them.  A plain access does not compile, because
 *            the types are structs.  A futex gives no order: load the word
 *            again with acquire after a wait.
 */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <weir/err.h>
#include <weir/time.h>

#include <stdbool.h>
#include <stdint.h>

#define WRI_RLX __ATOMIC_RELAXED
#define WRI_ACQ __ATOMIC_ACQUIRE
#define WRI_REL __ATOMIC_RELEASE
#define WRI_ACQ_REL __ATOMIC_ACQ_REL
#define WRI_SC __ATOMIC_SEQ_CST

typedef struct wri_a32 {
	uint32_t v;
} wri_a32;

typedef struct wri_a64 {
	uint64_t v;
} wri_a64;

typedef struct wri_aptr {
	void *v;
} wri_aptr;

/* Threads keep these words of their own: wri_self_get, wri_self_set. */
enum wri_self_slot {
	WRI_SELF_RUNNER, /* struct wri_runner of a pool thread */
	WRI_SELF_CHAIN,  /* innermost frame of foreign code, aio/aio_impl.h */
	WRI_SELF_INSIDE, /* how deep it is in the library, base/life.h */
	WRI_SELF_TID,    /* its number, when it was asked for, check/check.c */
	WRI_SELF_SLOTS,
};

#ifdef WEIR_EXPLORE

#include "explorer/seam.h"

#else

#include "base/panic.h"

#include <pthread.h>
#include <sched.h>

/*
 * One family for the three types.  cas: on failure *seen gets the value found,
 * with relaxed order; the weak one may fail without cause and wants a loop.
 * add, sub, or, and return the value before.
 */
#define wri_load(a, order) __atomic_load_n(&(a)->v, (order))
#define wri_store(a, x, order) __atomic_store_n(&(a)->v, (x), (order))
#define wri_xchg(a, x, order) __atomic_exchange_n(&(a)->v, (x), (order))
#define wri_cas(a, seen, x, order)                                             \
	__atomic_compare_exchange_n(                                           \
	    &(a)->v, (seen), (x), false, (order), __ATOMIC_RELAXED)
#define wri_cas_weak(a, seen, x, order)                                        \
	__atomic_compare_exchange_n(                                           \
	    &(a)->v, (seen), (x), true, (order), __ATOMIC_RELAXED)
#define wri_add(a, x, order) __atomic_fetch_add(&(a)->v, (x), (order))
#define wri_sub(a, x, order) __atomic_fetch_sub(&(a)->v, (x), (order))
#define wri_or(a, x, order) __atomic_fetch_or(&(a)->v, (x), (order))
#define wri_and(a, x, order) __atomic_fetch_and(&(a)->v, (x), (order))

typedef pthread_mutex_t wri_mtx;

#ifdef NDEBUG
#define WRI_MTX_INIT PTHREAD_MUTEX_INITIALIZER
#else
/* A second lock by the same thread panics instead of hanging. */
#define WRI_MTX_INIT PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP
#endif

/* Leaf locks; errors of the system here are defects and panic, naming the
 * caller: that is why these are macros. */
#define wri_mtx_init(m) ((void)(*(m) = (wri_mtx)WRI_MTX_INIT))
#define wri_mtx_fini(m) WRI_MUST(pthread_mutex_destroy(m))
#define wri_mtx_lock(m) WRI_MUST(pthread_mutex_lock(m))
#define wri_mtx_unlock(m) WRI_MUST(pthread_mutex_unlock(m))

/*
 * Sleep while *w is value, at most until a time (WEIR_NEVER: no limit).  May
 * return without cause.  False: the time has come.
 */
bool wri_futex_wait(wri_a32 *w, uint32_t value, weir_time until);
/* Wake up to n sleepers of w; touches nothing behind w. */
void wri_futex_wake(wri_a32 *w, int n);

/* Let others run; the only thing a spin may do between two looks. */
static inline void
wri_yield(void)
{
	(void)sched_yield(); /* cannot fail on Linux */
}

/*
 * initial-exec: one addition instead of a call.  The few bytes come from the
 * room that the loader keeps for libraries opened late.
 */
extern _Thread_local void *wri_self[WRI_SELF_SLOTS]
    __attribute__((tls_model("initial-exec")));
#define wri_self_get(slot) (wri_self[slot])
#define wri_self_set(slot, value) ((void)(wri_self[slot] = (value)))

#endif

/* A counter that one thread writes and others read: no order, no lock. */
static inline void
wri_bump(wri_a64 *counter, uint64_t by)
{
	wri_store(counter, wri_load(counter, WRI_RLX) + by, WRI_RLX);
}

#endif
