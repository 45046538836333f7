/*
 * live - the objects that hold a descriptor, for the end of the library.
 *
 * Purpose    weir_fini closes every descriptor of weir's, also those of streams
 *            and listeners that the program has not freed yet.  The objects
 *            stay, for the program to free.
 * Ownership  the list holds a reference on each object in it.
 * Locks      live.mtx is a leaf.
 * Order      wri_stream_end comes after the life of the library has ended, so
 *            an object that comes to the lock later is refused.
 * Proof      test/stream/test_fini.c
 */
#include "stream/live.h"
#include "base/life.h"
#include "base/sync.h"
#include "stream/stream.h"

static struct {
	wri_mtx mtx;

	/* mtx must be held when using these. */
	struct wri_live *first;
} live = {.mtx = WRI_MTX_INIT};

static void
live_remove_locked(struct wri_live *l)
{
	*l->prevp = l->next;
	if (l->next != NULL) {
		l->next->prevp = l->prevp;
	}
	l->prevp = NULL;
}

weir_err
wri_live_add(struct wri_live *l)
{
	weir_err err;

	wri_mtx_lock(&live.mtx);
	err = wri_life_check();
	if (err == WEIR_OK) {
		l->next = live.first;
		l->prevp = &live.first;
		if (l->next != NULL) {
			l->next->prevp = &l->next;
		}
		live.first = l;
	}
	wri_mtx_unlock(&live.mtx);
	return err;
}

bool
wri_live_remove(struct wri_live *l)
{
	bool there;

	wri_mtx_lock(&live.mtx);
	there = l->prevp != NULL;
	if (there) {
		live_remove_locked(l);
	}
	wri_mtx_unlock(&live.mtx);
	return there;
}

void
wri_stream_end(void)
{
	for (;;) {
		struct wri_live *l;

		wri_mtx_lock(&live.mtx);
		l = live.first;
		if (l != NULL) {
			live_remove_locked(l);
		}
		wri_mtx_unlock(&live.mtx);
		if (l == NULL) {
			return;
		}
		l->end(l);
	}
}
