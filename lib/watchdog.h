/*
 * watchdog - lines about what does not come to its end.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include <weir/time.h>

/* Before the expiry threads start: old [ns]; 0: no lines. */
void wri_watchdog_set(weir_duration old);

#endif
