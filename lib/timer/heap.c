/*
 * heap - 4-ary array heap.
 *
 * Purpose    see heap.h.  Four children share one cache line of keys and
 *            halve the depth of a binary heap.
 * Ownership  the expiry thread alone.
 * Proof      test/timer/test_heap.c
 */
#include "timer/heap.h"

#include "base/panic.h"

#define ARITY 4

static void
sift_up(struct wri_heap_entry *a, size_t i, struct wri_heap_entry e)
{
	while (i > 0) {
		size_t parent = (i - 1) / ARITY;

		if (a[parent].key <= e.key) {
			break;
		}
		a[i] = a[parent];
		i = parent;
	}
	a[i] = e;
}

static void
sift_down(
    struct wri_heap_entry *a, size_t len, size_t i, struct wri_heap_entry e)
{
	for (;;) {
		size_t first = i * ARITY + 1;
		size_t end = first + ARITY < len ? first + ARITY : len;
		size_t least = first;

		if (first >= len) {
			break;
		}
		for (size_t c = first + 1; c < end; c++) {
			if (a[c].key < a[least].key) {
				least = c;
			}
		}
		if (a[least].key >= e.key) {
			break;
		}
		a[i] = a[least];
		i = least;
	}
	a[i] = e;
}

void
wri_heap_push(struct wri_heap *h, uint64_t key, struct wri_deadline *d)
{
	WRI_ASSERT(h->len < h->cap);
	sift_up(h->entries, h->len++, (struct wri_heap_entry){key, d});
}

struct wri_heap_entry
wri_heap_pop(struct wri_heap *h)
{
	struct wri_heap_entry top = h->entries[0];

	h->len--;
	if (h->len > 0) {
		sift_down(h->entries, h->len, 0, h->entries[h->len]);
	}
	return top;
}

void
wri_heap_filter(struct wri_heap *h,
    bool (*keep)(struct wri_heap_entry *e, void *arg), void *arg)
{
	size_t len = 0;

	for (size_t i = 0; i < h->len; i++) {
		if (keep(&h->entries[i], arg)) {
			h->entries[len++] = h->entries[i];
		}
	}
	h->len = len;
	for (size_t i = len / ARITY + 1; i-- > 0;) {
		if (i < len) {
			sift_down(h->entries, len, i, h->entries[i]);
		}
	}
}
