/*
 * timer - start and stop of the expiry threads.
 *
 * Purpose    see timer.h; expire.c is the thread itself.
 * Ownership  the state of the threads is static, and theirs while they run.  A
 *            heap's array is replaced by its thread alone; whoever makes a
 *            deadline sees to it that a larger one is at hand.
 * Locks      one, a leaf: it orders those who make or bury deadlines against
 *            the end.
 * Pairs      E4  spare: exchange (acq_rel) on both sides carries the array and
 *                its capacity.
 * Bounds     WEIR_EXPIRE_THREADS_MAX threads; a place in the heap for each
 *            deadline.
 * Proof      test/explorer/x_timer.c, test/timer/test_expire.c
 */
#include "timer/timer_impl.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/panic.h"

#include <stdio.h>

struct timer wri_timer = {.lock = WRI_MTX_INIT};

/* more, cap: an array to lay ready, or NULL; then what is to be freed. */
static weir_err
place_take_locked(
    struct wri_deadline *d, struct wri_heap_entry **more, size_t *cap)
{
	struct expire *e;

	d->home = (unsigned)((uintptr_t)d / WRI_LINE % wri_timer.n);
	d->life = wri_life_number();
	e = home(d);
	if (*more != NULL && *cap > e->reserved) {
		size_t was = e->reserved;

		*more = wri_xchg(&e->spare, *more, WRI_ACQ_REL); /* E4 */
		e->reserved = *cap;
		*cap = was;
	}
	if (e->deadlines == e->reserved) {
		return WEIR_EAGAIN;
	}
	e->deadlines++;
	return WEIR_OK;
}

/*
 * A place in the heap is taken with the deadline, so that arming never needs
 * memory.  When there is none, a larger array is laid ready for the thread,
 * which alone replaces its own; the capacity travels in the first key.
 */
weir_err
wri_deadline_init(struct wri_deadline *d)
{
	struct wri_heap_entry *more = NULL;
	size_t cap = 0;
	weir_err rv = WEIR_EAGAIN;

	wri_store(&d->armed, KEY_NEVER, WRI_RLX); /* nobody knows it yet */
	while (rv == WEIR_EAGAIN) {
		size_t want = 0;

		wri_mtx_lock(&wri_timer.lock);
		if (wri_timer.n == 0) {
			rv = WEIR_ESTATE;
		} else {
			rv = place_take_locked(d, &more, &cap);
			want = 2 * home(d)->reserved;
		}
		wri_mtx_unlock(&wri_timer.lock);
		/* What was laid ready before, or comes too late. */
		wri_free(more, cap * sizeof(*more));
		more = NULL;
		if (rv == WEIR_EAGAIN) {
			cap = want;
			more = wri_alloc(cap * sizeof(*more));
			rv = more == NULL ? WEIR_ENOMEM : WEIR_EAGAIN;
		}
		if (more != NULL) {
			more[0].key = cap;
		}
	}
	return rv;
}

/* False: it has outlived the library. */
static bool
is_known_locked(const struct wri_deadline *d)
{
	return wri_timer.n > 0 && d->life == wri_life_number();
}

void
wri_deadline_fini(struct wri_deadline *d)
{
	WRI_ASSERT(d->place == 0);
	wri_mtx_lock(&wri_timer.lock);
	if (is_known_locked(d)) {
		home(d)->deadlines--;
	}
	wri_mtx_unlock(&wri_timer.lock);
}

bool
wri_deadline_bury(struct wri_deadline *d)
{
	bool running;

	wri_mtx_lock(&wri_timer.lock);
	running = is_known_locked(d);
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

	*e = (struct expire){.heap.cap = HEAP_MIN, .reserved = HEAP_MIN};
	e->look_at = KEY_NEVER;
	if (index == 0 && wri_timer.look_every > 0) {
		e->look_at = (uint64_t)(wri_now() + wri_timer.look_every);
	}
	wri_mpsc_init(&e->inbox);
	e->heap.entries = wri_alloc(HEAP_MIN * sizeof(*e->heap.entries));
	if (e->heap.entries == NULL) {
		return WEIR_ENOMEM;
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
	wri_free(e->heap.entries, HEAP_MIN * sizeof(*e->heap.entries));
	return rv;
}

/* End the first n of the threads. */
static void
timer_down(unsigned n)
{
	struct expire *threads = wri_timer.threads;

	for (unsigned i = 0; i < n; i++) {
		wri_store(&threads[i].stop, 1, WRI_SC); /* E2 */
		wri_alarm_wake(&threads[i].alarm);
		wri_thread_join(&threads[i].thread);
	}
	/* From here on handles that end are not buried: the inboxes are ours.
	 */
	wri_mtx_lock(&wri_timer.lock);
	wri_timer.n = 0;
	wri_mtx_unlock(&wri_timer.lock);
	for (unsigned i = 0; i < n; i++) {
		struct expire *e = &threads[i];
		struct wri_heap_entry *spare;

		wri_expire_disarm_all(e);
		wri_alarm_fini(&e->alarm);
		spare = wri_xchg(&e->spare, NULL, WRI_ACQ_REL); /* E4 */
		wri_free(spare, e->reserved * sizeof(*spare));
		wri_free(e->heap.entries, e->heap.cap * sizeof(*spare));
	}
}

void
wri_timer_look(void (*look)(weir_time now), weir_duration every)
{
	wri_timer.look = look;
	wri_timer.look_every = every;
}

weir_err
wri_timer_init(unsigned n, const struct wri_deadline_ops *ops,
    void (*watch)(weir_time now), struct wri_alarm **alarm)
{
	wri_timer.ops = ops;
	wri_timer.watch = watch;
	for (unsigned i = 0; i < n; i++) {
		weir_err rv = expire_init(&wri_timer.threads[i], i);

		if (rv != WEIR_OK) {
			timer_down(i);
			return rv;
		}
	}
	*alarm = &wri_timer.threads[0].alarm;
	wri_mtx_lock(&wri_timer.lock);
	wri_timer.n = n; /* open for deadlines */
	wri_mtx_unlock(&wri_timer.lock);
	return WEIR_OK;
}

void
wri_timer_fini(void)
{
	timer_down(wri_timer.n);
}

void
wri_timer_stats(weir_stats *out)
{
	wri_mtx_lock(&wri_timer.lock);
	for (unsigned i = 0; i < wri_timer.n; i++) {
		struct expire *e = &wri_timer.threads[i];

		/* Relaxed: statistics. */
		out->deadlines += wri_load(&e->entries, WRI_RLX);
		out->expired += wri_load(&e->expired, WRI_RLX);
		out->expire_wakes += wri_load(&e->wakes, WRI_RLX);
	}
	wri_mtx_unlock(&wri_timer.lock);
}
