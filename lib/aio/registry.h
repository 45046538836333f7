/*
 * registry - what lib/weir.c does with all handles at once.
 */
#ifndef AIO_REGISTRY_H
#define AIO_REGISTRY_H

#include <weir/weir.h>

#include <stdbool.h>
#include <stdint.h>

extern const struct wri_deadline_ops wri_aio_deadline_ops;

/* A new life of the library; slack: of timeouts [ns]. */
void wri_registry_begin(weir_duration slack);
/* Stop every handle, without waiting. */
void wri_registry_stop(void);
/* Wait until all are idle; false: the time came first. */
bool wri_registry_wait(weir_time until);
/* Nothing will be queued for a handle any more; names those that are not idle
 * in the log. */
void wri_registry_orphan(void);
/* How many the program has not freed. */
unsigned wri_registry_left(void);

/*
 * The library is down and has abandoned a pool: those who wait for a handle
 * that is queued there wait for ever, unless they are told.
 */
void wri_registry_lost(void);

/* aios, submitted, completed, late_finishes; they were zero. */
void wri_registry_stats(weir_stats *out);

#endif
