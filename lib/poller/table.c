/*
 * table - the elements: type-stable memory, found by index.
 *
 * Purpose    an event that comes late must find memory of the right type,
 *            whoever uses it by then.  So elements live in chunks, and are
 *            reused before a fresh one is.
 * Ownership  take gives an element, free takes it back.  The memory is ours
 *            until nobody holds the table: the poller does between init and
 *            fini, and each element that is out.
 * Progress   at is wait-free; take and free hold a leaf lock for a few stores,
 *            a chunk comes and goes without it.
 * Pairs      D1  take: chunk pointer, then used (release) -> at: pointer, len:
 *                used (acquire) carries the fresh elements; an index that came
 *                through the kernel brings no order.
 * Bounds     WEIR_FD_MAX elements.
 * Proof      test/poller/test_table.c
 */
#include "poller/poller_impl.h"

#include "base/mem.h"
#include "base/panic.h"

#include <weir/provider.h>

_Static_assert(WEIR_FD_MAX % CHUNK_LEN == 0, "whole chunks");

static struct table {
	/* Fixed while somebody holds the table. */
	size_t elem_size; /* whole lines */
	void (*elem_init)(struct wri_pfd *pfd);

	/* mtx must be held when using these: */
	wri_mtx mtx;
	struct wri_pfd *free; /* used last on top: it is warm */
	unsigned holds;

	/* Written under mtx, read by all. */
	wri_a32 used; /* elements that have been out: the lowest indexes */
	wri_aptr chunks[WEIR_FD_MAX / CHUNK_LEN];
} table = {.mtx = WRI_MTX_INIT};

/* What outlived the last fini is kept. */
void
wri_table_init(size_t elem_size, void (*elem_init)(struct wri_pfd *pfd))
{
	WRI_ASSERT(elem_size % WRI_LINE == 0);
	wri_mtx_lock(&table.mtx);
	if (table.holds++ == 0) {
		table.elem_size = elem_size;
		table.elem_init = elem_init;
	}
	WRI_ASSERT(table.elem_size == elem_size);
	wri_mtx_unlock(&table.mtx);
}

/* Give an element back, or the poller's hold (NULL); the last one frees. */
void
wri_pfd_free(struct wri_pfd *pfd)
{
	size_t size = CHUNK_LEN * table.elem_size;
	/* Chunks, linked by their first elements. */
	struct wri_pfd *dead = NULL;

	wri_mtx_lock(&table.mtx);
	WRI_ASSERT(table.holds > 0);
	if (pfd != NULL) {
		pfd->next_free = table.free;
		table.free = pfd;
	}
	if (--table.holds == 0) {
		/* Relaxed, all: who looks without the lock has left. */
		uint32_t used = wri_xchg(&table.used, 0, WRI_RLX);

		for (unsigned i = 0; i < used; i += CHUNK_LEN) {
			struct wri_pfd *first = wri_xchg(
			    &table.chunks[i / CHUNK_LEN], NULL, WRI_RLX);

			first->next_free = dead;
			dead = first;
		}
		table.free = NULL;
	}
	wri_mtx_unlock(&table.mtx);
	while (dead != NULL) {
		struct wri_pfd *next = dead->next_free;

		wri_free(dead, size);
		dead = next;
	}
}

static void *
chunk_alloc(void)
{
	char *chunk = wri_alloc(CHUNK_LEN * table.elem_size);

	for (unsigned i = 0; chunk != NULL && i < CHUNK_LEN; i++) {
		table.elem_init((void *)(chunk + i * table.elem_size));
	}
	return chunk;
}

weir_err
wri_table_take(struct wri_pfd **pfdp)
{
	weir_err err = WEIR_OK;
	void *chunk = NULL;
	uint32_t used;

	wri_mtx_lock(&table.mtx);
	used = wri_load(&table.used, WRI_RLX); /* the lock */
	if (table.free == NULL && used % CHUNK_LEN == 0) {
		wri_mtx_unlock(&table.mtx);
		chunk = chunk_alloc();
		wri_mtx_lock(&table.mtx);
		used = wri_load(&table.used, WRI_RLX);
	}
	if (table.free != NULL) {
		*pfdp = table.free;
		table.free = table.free->next_free;
	} else if (used == WEIR_FD_MAX) {
		err = WEIR_ENOSPC;
	} else if (used % CHUNK_LEN == 0 && chunk == NULL) {
		err = WEIR_ENOMEM;
	} else {
		if (used % CHUNK_LEN == 0) {
			wri_store(&table.chunks[used / CHUNK_LEN], chunk,
			    WRI_REL); /* D1 */
			chunk = NULL;
		}
		*pfdp = wri_table_at(used);
		(*pfdp)->index = used;
		wri_store(&table.used, used + 1, WRI_REL); /* D1 */
	}
	table.holds += err == WEIR_OK;
	wri_mtx_unlock(&table.mtx);
	/* NULL, unless another thread was faster. */
	wri_free(chunk, CHUNK_LEN * table.elem_size);
	return err;
}

unsigned
wri_table_len(void)
{
	return wri_load(&table.used, WRI_ACQ); /* D1 */
}

struct wri_pfd *
wri_table_at(unsigned index)
{
	char *chunk;

	WRI_ASSERT(index < WEIR_FD_MAX);
	chunk = wri_load(&table.chunks[index / CHUNK_LEN], WRI_ACQ); /* D1 */
	WRI_ASSERT(chunk != NULL);
	return (void *)(chunk + index % CHUNK_LEN * table.elem_size);
}
