/*
 * heap - 4-ary array heap.
 *
 * Purpose    see heap.h.  Four children share one cache line of keys and halve
 *            the depth of a binary heap.  To move an entry writes its
 *            deadline's place, which nobody waits for; keys are read in the
 *            array only.
 * Ownership  the expiry thread alone.
 * Proof      test/timer/test_heap.c
 */
#include "timer/heap.h"

#include "base/panic.h"

#define ARITY 4

static void
put(struct wri_heap *h, size_t i, struct wri_heap_entry e)
{
	h->entries[i] = e;
	e.d->place = i + 1;
}

static void
sift_up(struct wri_heap *h, size_t i, struct wri_heap_entry e)
{
	while (i > 0 && h->entries[(i - 1) / ARITY].key > e.key) {
		put(h, i, h->entries[(i - 1) / ARITY]);
		i = (i - 1) / ARITY;
	}
	put(h, i, e);
}

static void
sift_down(struct wri_heap *h, size_t i, struct wri_heap_entry e)
{
	const struct wri_heap_entry *a = h->entries;

	for (;;) {
		size_t least = i * ARITY + 1;
		size_t end = least + ARITY < h->len ? least + ARITY : h->len;

		for (size_t c = least + 1; c < end; c++) {
			if (a[c].key < a[least].key) {
				least = c;
			}
		}
		if (least >= h->len || a[least].key >= e.key) {
			break;
		}
		put(h, i, a[least]);
		i = least;
	}
	put(h, i, e);
}

void
wri_heap_push(struct wri_heap *h, struct wri_deadline *d, uint64_t key)
{
	WRI_ASSERT(h->len < h->cap && d->place == 0);
	sift_up(h, h->len++, (struct wri_heap_entry){key, d});
}

void
wri_heap_remove(struct wri_heap *h, struct wri_deadline *d)
{
	size_t i = d->place - 1;
	struct wri_heap_entry last = h->entries[--h->len];

	d->place = 0;
	if (i == h->len) {
		return; /* it was the last */
	}
	if (i > 0 && h->entries[(i - 1) / ARITY].key > last.key) {
		sift_up(h, i, last);
	} else {
		sift_down(h, i, last);
	}
}
