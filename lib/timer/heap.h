/*
 * heap - deadlines by time: a 4-ary array heap with the keys in place.
 *
 * Purpose    the expiry thread's order.  No back index: moving an entry
 *            writes nothing but the array.
 * Ownership  the array is the heap's; the deadlines are not.
 * Progress   push and pop are O(log4 n), top is O(1); nothing allocates.
 */
#ifndef TIMER_HEAP_H
#define TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wri_deadline;

struct wri_heap_entry {
	uint64_t key;
	struct wri_deadline *d;
};

struct wri_heap {
	struct wri_heap_entry *entries;
	size_t len;
	size_t cap;
};

/* There must be room: len < cap. */
void wri_heap_push(struct wri_heap *h, uint64_t key, struct wri_deadline *d);
/* Take the earliest; len > 0. */
struct wri_heap_entry wri_heap_pop(struct wri_heap *h);
/* Drop every entry that keep refuses, restore the order. */
void wri_heap_filter(struct wri_heap *h,
    bool (*keep)(struct wri_heap_entry *e, void *arg), void *arg);

#endif
