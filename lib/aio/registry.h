/*
 * registry - what lib/weir.c does with all handles at once.
 */
#ifndef AIO_REGISTRY_H
#define AIO_REGISTRY_H

#include <weir/weir.h>

#include <weir/aio.h>

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

/* What does not come to its end. */
enum wri_stuck_at {
	WRI_STUCK_NOWHERE = 0,
	WRI_STUCK_CALLBACK = 1,
	WRI_STUCK_HOOK = 2,     /* a cancel function */
	WRI_STUCK_PROVIDER = 3, /* stop was asked, finish is owed */
};

struct wri_stuck {
	enum wri_stuck_at at;
	const void *object; /* the handle; may be gone */
	weir_aio_cb callback;
	const char *provider; /* "": has no name */
	weir_duration age;    /* at least */
	char tag[48];
};

/* What is older than old goes to fn, with no lock held, at each look. */
void wri_watchdog_begin(
    weir_duration old, void (*fn)(const struct wri_stuck *stuck));
/* One thread at a time. */
void wri_watchdog_look(weir_time now);
bool wri_watchdog_visit_locked(
    weir_aio *aio, weir_time now, struct wri_stuck *out);
/* The next one to be reported; false: none. */
bool wri_registry_find_stuck(weir_time now, struct wri_stuck *out);

/* aios, submitted, completed, late_finishes; they were zero. */
void wri_registry_stats(weir_stats *out);

#endif
