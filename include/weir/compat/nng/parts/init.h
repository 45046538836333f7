/*
 * init - the life of the library.
 */
#ifndef NNG_PARTS_INIT_H
#define NNG_PARTS_INIT_H

#include <nng/parts/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Hints; 0 or NULL: weir's default.  A number out of weir's range becomes the
 * nearest in it.  A max (-1: none) caps its num, and weir's default number.
 */
typedef struct {
	int16_t num_task_threads; /**< callbacks that run at once, 2 and more.
				       Spares for callbacks that wait are
				       extra, unless only a max is given */
	int16_t max_task_threads;
	int16_t num_expire_threads;
	int16_t max_expire_threads;
	int16_t num_poller_threads;
	int16_t max_poller_threads;
	int16_t num_resolver_threads;

	/** Allocator of the library and of nng_alloc: all three or none.  The
	 * size that free_fn gets is the one asked for; any thread. */
	void *(*malloc_fn)(size_t size);
	void *(*calloc_fn)(size_t n, size_t size);
	void (*free_fn)(void *ptr, size_t size);
} nng_init_params;

/**
 * Start the library.  Calls nest: each that succeeds needs its nng_fini.
 *
 * @param params  NULL: nothing asked for.  Else only for the call that starts
 *                the library.
 *
 * Errors      NNG_EBUSY   params given and it runs already, or a weir_init of
 *                         the program's own; or another allocator while
 *                         handles of an earlier life are still there
 *             NNG_EINVAL  one or two of the allocator's functions; an
 *                         environment variable of weir that is out of range or
 *                         contradicts params
 *             NNG_ENOMEM, and the others of weir_init: no thread, no
 *                         descriptor, a forked child
 * Blocks      until the threads run
 */
NNG_DECL nng_err nng_init(const nng_init_params *params);

/**
 * Undo one nng_init.  The last one ends every operation with NNG_ESTOPPED, runs
 * the callbacks, ends the threads.  Without nng_init, and in a callback: no
 * effect.
 *
 * Blocks      until all has ended; 5 s at most for a provider or callback that
 *             does not end
 */
NNG_DECL void nng_fini(void);

/** "2.0.0dev": the API; weir_version tells weir's own. */
NNG_DECL const char *nng_version(void);

#ifdef __cplusplus
}
#endif

#endif
