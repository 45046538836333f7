/*
 * time - clock, sleep, randomness, a pair of sockets.
 */
#ifndef NNG_PARTS_TIME_H
#define NNG_PARTS_TIME_H

#include <nng/parts/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Milliseconds on the monotonic clock; weir_now in whole milliseconds.  At any
 * time. */
NNG_DECL nng_time nng_clock(void);

/** Block the calling thread that long, never less; 0 and negative values
 * return at once. */
NNG_DECL void nng_msleep(nng_duration ms);

/**
 * Do nothing for a while.
 *
 * @param ms   [ms]; 0 and negative values end at once, NNG_DURATION_INFINITE
 *             never by itself.
 * @param aio  idle; lent until its callback begins.
 *
 * Result      NNG_OK         the time has passed
 *             NNG_ETIMEDOUT  the timeout or expiration of the aio was shorter
 *             NNG_ECANCELED, NNG_ESTOPPED or the code of an abort
 */
NNG_DECL void nng_sleep_aio(nng_duration ms, nng_aio *aio);

/** A strong random number.  At any time. */
NNG_DECL uint32_t nng_random(void);

/**
 * Two connected AF_UNIX stream sockets, blocking, inherited by children; the
 * caller's to close.
 *
 * Errors      NNG_EINVAL (NULL), NNG_ENOFILES, NNG_ENOMEM, NNG_ENOTSUP,
 *             NNG_ESYSERR + errno
 */
NNG_DECL nng_err nng_socket_pair(int fds[2]);

#ifdef __cplusplus
}
#endif

#endif
