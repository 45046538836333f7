/*
 * heap - deadlines by time: a 4-ary array heap with the keys in place.
 *
 * Purpose    the expiry thread's order.
 * Ownership  the array is the heap's; a deadline knows its place in it, and
 *            goes out as soon as it is not wanted.
 * Progress   push and remove are O(log4 n), top is O(1); nothing allocates.
 */
#ifndef TIMER_HEAP_H
#define TIMER_HEAP_H

#include "timer/timer.h"

struct wri_heap_entry {
	uint64_t key;
	struct wri_deadline *d;
};

struct wri_heap {
	struct wri_heap_entry *entries; /* the earliest first */
	size_t len;
	size_t cap;
};

/* d is in no heap; there must be room: len < cap. */
void wri_heap_push(struct wri_heap *h, struct wri_deadline *d, uint64_t key);
void wri_heap_remove(struct wri_heap *h, struct wri_deadline *d);

#endif
