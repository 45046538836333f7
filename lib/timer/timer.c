/*
 * timer - start, stop, and memory of the expiry threads.
 *
 * Purpose    see timer.h; expire.c is the thread itself.
 * Ownership  a thread's heap array is replaced by the thread alone; whoever
 *            makes a deadline sees to it that a larger one is at hand.
 * Pairs      E4  spare: exchange (acq_rel) on both sides carries the array and
 *                its capacity, which stands in the first key.
 * Bounds     2 x deadlines + HEAP_SPARE entries for each thread.
 * Proof      test/timer/test_expire.c
 */
#include "timer/timer_impl.h"

#include "base/mem.h"

#include <stdio.h>

struct timer wri_timer;

weir_err
wri_deadline_init(struct wri_deadline *d)
{
	struct expire *e;
	struct wri_heap_entry *more, *old;
	weir_err rv = WEIR_OK;

	d->home = (unsigned)((uintptr_t)d / WRI_LINE % wri_timer.n);
	d->look = KEY_NEVER;
	wri_store(&d->armed, KEY_NEVER, WRI_RLX); /* nobody knows it yet */
	e = home(d);
	wri_mtx_lock(&e->lock);
	if (2 * (e->deadlines + 1) + HEAP_SPARE > e->reserved) {
		size_t cap = 2 * e->reserved;

		/* Its capacity travels in the first key. */
		more = wri_alloc(cap * sizeof(*more));
		if (more == NULL) {
			rv = WEIR_ENOMEM;
		} else {
			more[0].key = cap;
			old = wri_xchg(&e->spare, more, WRI_ACQ_REL);
			wri_free(old, e->reserved * sizeof(*old));
			e->reserved = cap;
		}
	}
	if (rv == WEIR_OK) {
		e->deadlines++;
	}
	wri_mtx_unlock(&e->lock);
	return rv;
}

void
wri_deadline_fini(struct wri_deadline *d)
{
	struct expire *e;

	if (wri_timer.threads == NULL) {
		return; /* it outlived the library */
	}
	e = home(d);
	wri_mtx_lock(&e->lock);
	e->deadlines--;
	wri_mtx_unlock(&e->lock);
}

static weir_err
expire_init(struct expire *e, unsigned index)
{
	char name[16];
	weir_err rv;

	e->index = index;
	wri_mpsc_init(&e->inbox);
	wri_mtx_init(&e->lock);
	e->heap.cap = e->reserved = HEAP_SPARE + 2;
	e->heap.entries = wri_alloc(e->heap.cap * sizeof(*e->heap.entries));
	if (e->heap.entries == NULL) {
		rv = WEIR_ENOMEM;
		goto fail_fini_lock;
	}
	rv = wri_alarm_init(&e->alarm);
	if (rv != WEIR_OK) {
		goto fail_free_heap;
	}
	(void)snprintf(name, sizeof(name), "weir-expire-%u", index);
	rv = wri_thread_start(&e->thread, name, wri_expire_main, e);
	if (rv == WEIR_OK) {
		return WEIR_OK;
	}
	wri_alarm_fini(&e->alarm);
fail_free_heap:
	wri_free(e->heap.entries, e->heap.cap * sizeof(*e->heap.entries));
fail_fini_lock:
	wri_mtx_fini(&e->lock);
	return rv;
}

static void
expire_fini(struct expire *e)
{
	struct wri_heap_entry *spare;

	wri_store(&e->stop, 1, WRI_SC);
	wri_alarm_wake(&e->alarm);
	wri_thread_join(&e->thread);
	wri_expire_disarm_all(e);
	spare = wri_xchg(&e->spare, NULL, WRI_ACQ_REL);
	wri_free(spare, e->reserved * sizeof(*spare));
	wri_free(e->heap.entries, e->heap.cap * sizeof(*e->heap.entries));
	wri_alarm_fini(&e->alarm);
	wri_mtx_fini(&e->lock);
}

weir_err
wri_timer_init(unsigned n, const struct wri_deadline_ops *ops,
    void (*watch)(weir_time now), struct wri_alarm **alarm)
{
	weir_err rv;

	wri_timer.ops = ops;
	wri_timer.watch = watch;
	wri_timer.threads = wri_alloc(n * sizeof(*wri_timer.threads));
	if (wri_timer.threads == NULL) {
		return WEIR_ENOMEM;
	}
	for (wri_timer.n = 0; wri_timer.n < n; wri_timer.n++) {
		rv = expire_init(&wri_timer.threads[wri_timer.n], wri_timer.n);
		if (rv != WEIR_OK) {
			while (wri_timer.n > 0) {
				expire_fini(&wri_timer.threads[--wri_timer.n]);
			}
			wri_free(wri_timer.threads, n * sizeof(*wri_timer.threads));
			wri_timer.threads = NULL;
			return rv;
		}
	}
	*alarm = &wri_timer.threads[0].alarm;
	return WEIR_OK;
}

bool
wri_timer_running(void)
{
	return wri_timer.threads != NULL;
}

void
wri_timer_fini(void)
{
	for (unsigned i = 0; i < wri_timer.n; i++) {
		expire_fini(&wri_timer.threads[i]);
	}
	wri_free(wri_timer.threads, wri_timer.n * sizeof(*wri_timer.threads));
	wri_timer.threads = NULL;
	wri_timer.n = 0;
}

void
wri_timer_stats(struct wri_timer_stats *out)
{
	*out = (struct wri_timer_stats){0};
	for (unsigned i = 0; i < wri_timer.n; i++) {
		struct expire *e = &wri_timer.threads[i];

		/* Relaxed: statistics. */
		out->entries += wri_load(&e->entries, WRI_RLX);
		out->expired += wri_load(&e->expired, WRI_RLX);
		out->wakes += wri_load(&e->wakes, WRI_RLX);
	}
}
