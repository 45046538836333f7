/*
 * alarm - one sleeper that hears a deadline, a wake-up and the watch at once.
 *
 * Purpose    the expiry thread sleeps here.  The watch is a timer that any
 *            thread may move without waking the sleeper.
 * Pairs      wake: its caller has published the reason (seq_cst) before; the
 *            sleeper looks after it has said that it sleeps.  The descriptors
 *            carry no order.
 */
#ifndef BASE_ALARM_H
#define BASE_ALARM_H

#include "base/sync.h"

#ifndef WEIR_EXPLORE
typedef struct wri_alarm {
	/* Fixed after init. */
	int event_fd; /* wake */
	int timer_fd; /* the watch */
} wri_alarm;
#endif

enum wri_alarm_why {
	WRI_ALARM_DEADLINE = 1, /* bits: several may have happened */
	WRI_ALARM_WAKE = 2,
	WRI_ALARM_WATCH = 4,
};

weir_err wri_alarm_init(wri_alarm *a);
void wri_alarm_fini(wri_alarm *a);

/*
 * Sleep until a time (WEIR_NEVER: no limit), a wake or the watch.  One thread
 * only.  Returns what happened, 0 for no reason.
 */
unsigned wri_alarm_wait(wri_alarm *a, weir_time until);
/* Let the sleeper return once; any thread.  Wakes before a wait count. */
void wri_alarm_wake(wri_alarm *a);
/* Set the watch to a time, 0: off; any thread. */
void wri_alarm_watch(wri_alarm *a, weir_time at);

#endif
