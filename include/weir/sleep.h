/*
 * sleep - operations that only let time pass: sleep and interval.
 *
 * Purpose    a timer is an operation like others: cancelled, timed out,
 *            stopped in the same way.  One shot: weir_sleep_aio; periodic:
 *            an interval.
 * Ownership  the interval is the program's, also over weir_fini.
 * Bounds     none: one deadline for each handle.
 */
#ifndef WEIR_SLEEP_H
#define WEIR_SLEEP_H

#include <weir/aio.h>

WEIR_BEGIN_DECLS

/**
 * Do nothing for a while.
 *
 * @param d    [ns]; 0 or less ends at once, WEIR_INFINITE never by itself.
 *             (WEIR_DEFAULT ends at once.)
 * @param aio  idle; lent until its callback begins.
 *
 * Result      WEIR_OK         d has passed, never less; later when no thread of
 *                             the handle's executor is free
 *             WEIR_ETIMEDOUT  the handle's timeout came first (an equal one
 *                             does not)
 *             WEIR_ECANCELED, WEIR_ESTOPPED or the code of an abort
 * Threads     MT-Safe
 * Blocks      never
 * Since       0.1
 */
WEIR_API void weir_sleep_aio(weir_duration d, weir_aio *aio);

/** A row of equally spaced points in time. */
typedef struct weir_interval weir_interval;

/**
 * Make an interval; its first tick is one period from now.
 *
 * @param ivp     given: free with weir_interval_free.
 * @param period  [ns, >= 1]
 *
 * Errors      WEIR_EINVAL  period out of range or ivp NULL
 *             WEIR_ENOMEM, WEIR_ESTATE, WEIR_EFORK
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_interval_alloc(
    weir_interval **ivp, weir_duration period);

/**
 * End at the next tick.  Ticks are points on a fixed grid, so lateness does not
 * add up.
 *
 * @param iv   borrowed for the call.
 * @param aio  idle; lent until its callback begins.
 *
 * Result      WEIR_OK  count = ticks that were missed since the last call
 *             WEIR_EINVAL  iv is NULL
 *             else as weir_sleep_aio
 * Threads     MT-Safe; several handles may wait for the same tick
 * Blocks      never
 * Since       0.1
 */
WEIR_API void weir_interval_next(weir_interval *iv, weir_aio *aio);

/**
 * Free an interval; operations waiting for its tick go on.
 *
 * @param iv  taken; NULL allowed.
 *
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_interval_free(weir_interval *iv);

WEIR_END_DECLS

#endif
