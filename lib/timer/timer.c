/*
 * timer - start, stop, and memory of the expiry threads.
 *
 * Purpose    see timer.h; expire.c is the thread itself.
 * Ownership  a thread's heap array is replaced by the thread alone; whoever
 *            makes a deadline sees to it that a larger one is at hand.
 * Locks      one, a leaf: it orders those who make, finish or bury deadlines
 *            against each other and against the end.
 * Pairs      E4  spare: exchange (acq_rel) on both sides carries the array and
 *                its capacity, which stands in the first key.
 * Bounds     2 x deadlines + HEAP_SPARE entries for each thread.
 * Proof      test/timer/test_expire.c
 */
#include "timer/timer_impl.h"

#include "base/mem.h"

#include <stdio.h>

struct timer wri_timer = {.lock = WRI_MTX_INIT};

/*
 * Take a place, or say (*cap) how large the heap must be for that: WEIR_EAGAIN.
 */
static weir_err
take_place(struct wri_deadline *d, size_t *cap)
{
	weir_err rv = WEIR_ESTATE; /* the library has just ended */
	struct expire *e;

	wri_mtx_lock(&wri_timer.lock);
	if (wri_timer.n > 0) {
		d->home = (unsigned)((uintptr_t)d / WRI_LINE % wri_timer.n);
		e = home(d);
		*cap = 2 * e->reserved;
		rv = WEIR_EAGAIN;
		if (2 * (e->deadlines + 1) + HEAP_SPARE <= e->reserved) {
			e->deadlines++;
			rv = WEIR_OK;
		}
	}
	wri_mtx_unlock(&wri_timer.lock);
	return rv;
}

/* Lay a larger array ready for the heap, unless somebody has just done so. */
static weir_err
make_room(struct wri_deadline *d, size_t cap)
{
	struct wri_heap_entry *more = wri_alloc(cap * sizeof(*more));

	if (more == NULL) {
		return WEIR_ENOMEM;
	}
	more[0].key = cap; /* it travels with the array */
	wri_mtx_lock(&wri_timer.lock);
	if (wri_timer.n > 0 && home(d)->reserved < cap) {
		size_t was = home(d)->reserved;

		home(d)->reserved = cap;
		more = wri_xchg(&home(d)->spare, more, WRI_ACQ_REL); /* E4 */
		cap = was;
	}
	wri_mtx_unlock(&wri_timer.lock);
	wri_free(more, cap * sizeof(*more));
	return WEIR_OK;
}

weir_err
wri_deadline_init(struct wri_deadline *d)
{
	weir_err rv;
	size_t cap;

	d->look = KEY_NEVER;
	wri_store(&d->armed, KEY_NEVER, WRI_RLX); /* nobody knows it yet */
	while ((rv = take_place(d, &cap)) == WEIR_EAGAIN) {
		rv = make_room(d, cap);
		if (rv != WEIR_OK) {
			break;
		}
	}
	return rv;
}

void
wri_deadline_fini(struct wri_deadline *d)
{
	wri_mtx_lock(&wri_timer.lock);
	if (wri_timer.n > 0) {
		home(d)->deadlines--;
	} /* else it outlived the library */
	wri_mtx_unlock(&wri_timer.lock);
}

bool
wri_deadline_bury(struct wri_deadline *d)
{
	bool running;

	wri_mtx_lock(&wri_timer.lock);
	running = wri_timer.n > 0;
	if (running) {
		wri_expire_lower(d, 0);
	}
	wri_mtx_unlock(&wri_timer.lock);
	return running;
}

static weir_err
expire_init(struct expire *e, unsigned index)
{
	char name[32]; /* 15 are used */
	weir_err rv;

	wri_mpsc_init(&e->inbox);
	e->heap.cap = e->reserved = HEAP_SPARE + 2;
	e->heap.entries = wri_alloc(e->heap.cap * sizeof(*e->heap.entries));
	if (e->heap.entries == NULL) {
		return WEIR_ENOMEM;
	}
	rv = wri_alarm_init(&e->alarm);
	if (rv != WEIR_OK) {
		goto fail_free_heap;
	}
	(void)snprintf(name, sizeof(name), "weir-expire-%u", index % 1000);
	rv = wri_thread_start(&e->thread, name, wri_expire_main, e);
	if (rv == WEIR_OK) {
		return WEIR_OK;
	}
	wri_alarm_fini(&e->alarm);
fail_free_heap:
	wri_free(e->heap.entries, e->heap.cap * sizeof(*e->heap.entries));
	return rv;
}

static void
expire_join(struct expire *e)
{
	wri_store(&e->stop, 1, WRI_SC);
	wri_alarm_wake(&e->alarm);
	wri_thread_join(&e->thread);
}

static void
expire_fini(struct expire *e)
{
	struct wri_heap_entry *spare;

	wri_expire_disarm_all(e);
	spare = wri_xchg(&e->spare, NULL, WRI_ACQ_REL); /* E4 */
	wri_free(spare, e->reserved * sizeof(*spare));
	wri_free(e->heap.entries, e->heap.cap * sizeof(*e->heap.entries));
	wri_alarm_fini(&e->alarm);
}

/* End the first n of the threads; their memory is that of size threads. */
static void
timer_down(unsigned n, unsigned size)
{
	struct expire *threads = wri_timer.threads;

	for (unsigned i = 0; i < n; i++) {
		expire_join(&threads[i]);
	}
	/* From here on handles that end are not buried: the inboxes are ours.
	 */
	wri_mtx_lock(&wri_timer.lock);
	wri_timer.threads = NULL;
	wri_timer.n = 0;
	wri_mtx_unlock(&wri_timer.lock);
	for (unsigned i = 0; i < n; i++) {
		expire_fini(&threads[i]);
	}
	wri_free(threads, size * sizeof(*threads));
}

weir_err
wri_timer_init(unsigned n, const struct wri_deadline_ops *ops,
    void (*watch)(weir_time now), struct wri_alarm **alarm)
{
	struct expire *threads = wri_alloc(n * sizeof(*threads));
	weir_err rv;

	if (threads == NULL) {
		return WEIR_ENOMEM;
	}
	wri_timer.ops = ops;
	wri_timer.watch = watch;
	wri_timer.threads = threads;
	for (unsigned i = 0; i < n; i++) {
		rv = expire_init(&threads[i], i);
		if (rv != WEIR_OK) {
			timer_down(i, n);
			return rv;
		}
	}
	*alarm = &threads[0].alarm;
	wri_mtx_lock(&wri_timer.lock);
	wri_timer.n = n; /* open for deadlines */
	wri_mtx_unlock(&wri_timer.lock);
	return WEIR_OK;
}

void
wri_timer_fini(void)
{
	timer_down(wri_timer.n, wri_timer.n);
}

void
wri_timer_stats(struct wri_timer_stats *out)
{
	*out = (struct wri_timer_stats){0};
	wri_mtx_lock(&wri_timer.lock);
	for (unsigned i = 0; i < wri_timer.n; i++) {
		struct expire *e = &wri_timer.threads[i];

		/* Relaxed: statistics. */
		out->entries += wri_load(&e->entries, WRI_RLX);
		out->expired += wri_load(&e->expired, WRI_RLX);
		out->wakes += wri_load(&e->wakes, WRI_RLX);
	}
	wri_mtx_unlock(&wri_timer.lock);
}
