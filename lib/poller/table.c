/*
 * table - the elements: type-stable memory, found by index.
 *
 * Purpose    an event that comes late must find memory of the right type,
 *            whoever uses it by then.  So elements live in chunks that stay
 *            until fini, and are reused.
 * Ownership  take gives an element, put takes it back; the memory is ours,
 *            until fini or, with elements still out then, the last put.
 * Progress   at is wait-free; take and put hold a leaf lock for a few stores,
 *            take allocates without it when the free list is empty.
 * Pairs      D1  grow: chunk pointer (release) -> at (acquire) carries the
 *                fresh elements; an index that came through the kernel brings
 *                no order.
 * Bounds     WEIR_FD_MAX elements.
 * Proof      test/poller/test_table.c
 */
#include "poller/poller_impl.h"

#include "base/mem.h"
#include "base/panic.h"

#include <weir/provider.h>

#define CHUNK_SHIFT 6
#define CHUNK_LEN (1u << CHUNK_SHIFT)
#define CHUNKS_MAX (WEIR_FD_MAX >> CHUNK_SHIFT)

_Static_assert(WEIR_FD_MAX % CHUNK_LEN == 0, "whole chunks");

static struct table {
	/* Fixed after init. */
	size_t elem_size; /* whole lines */
	void (*elem_init)(struct wri_pfd *pfd);

	/* mtx must be held when using these: */
	wri_mtx mtx;
	struct wri_pfd *free; /* used last on top: it is warm */
	unsigned nchunks;
	unsigned taken; /* elements out */
	bool ended;     /* fini was called: the last put frees */

	/* Written under mtx, read by all; filled in order. */
	wri_aptr chunks[CHUNKS_MAX];
} table = {.mtx = WRI_MTX_INIT};

static struct wri_pfd *
chunk_elem(void *chunk, unsigned i)
{
	char *at = (char *)chunk + i * table.elem_size;

	return (struct wri_pfd *)(void *)at;
}

/* Elements that outlived the last fini, and their chunks, are kept. */
void
wri_table_init(size_t elem_size, void (*elem_init)(struct wri_pfd *pfd))
{
	size_t lines = (elem_size + WRI_LINE - 1) & ~(size_t)(WRI_LINE - 1);

	WRI_ASSERT(elem_size >= sizeof(struct wri_pfd));
	wri_mtx_lock(&table.mtx);
	WRI_ASSERT(table.nchunks == 0 || table.elem_size == lines);
	table.elem_size = lines;
	table.elem_init = elem_init;
	table.ended = false;
	wri_mtx_unlock(&table.mtx);
}

/*
 * If fini was called and nothing is out, take all chunks away, as a list
 * through their first elements: they are freed without the lock.
 */
static struct wri_pfd *
chunks_detach_locked(void) WRI_REQUIRES(table.mtx)
{
	struct wri_pfd *list = NULL;

	if (!table.ended || table.taken > 0) {
		return NULL;
	}
	/* Relaxed: the lock; who looks without it has left. */
	for (unsigned i = 0; i < table.nchunks; i++) {
		struct wri_pfd *first = wri_load(&table.chunks[i], WRI_RLX);

		wri_store(&table.chunks[i], NULL, WRI_RLX);
		first->next_free = list;
		list = first;
	}
	table.nchunks = 0;
	table.free = NULL;
	return list;
}

static void
chunks_free(struct wri_pfd *list, size_t size)
{
	while (list != NULL) {
		struct wri_pfd *next = list->next_free;

		wri_free(list, size);
		list = next;
	}
}

void
wri_table_fini(void)
{
	size_t size = CHUNK_LEN * table.elem_size;
	struct wri_pfd *chunks;

	wri_mtx_lock(&table.mtx);
	table.ended = true;
	chunks = chunks_detach_locked();
	wri_mtx_unlock(&table.mtx);
	chunks_free(chunks, size);
}

void
wri_table_each(void (*fn)(struct wri_pfd *pfd))
{
	/* All other threads have left: nchunks stands still. */
	for (unsigned i = 0; i < table.nchunks; i++) {
		void *chunk = wri_load(&table.chunks[i], WRI_ACQ); /* D1 */

		for (unsigned k = 0; k < CHUNK_LEN; k++) {
			fn(chunk_elem(chunk, k));
		}
	}
}

static struct wri_pfd *
free_pop_locked(void) WRI_REQUIRES(table.mtx)
{
	struct wri_pfd *pfd = table.free;

	if (pfd != NULL) {
		table.free = pfd->next_free;
		pfd->next_free = NULL;
		table.taken++;
	}
	return pfd;
}

/* Make a chunk known and all its elements free; false: the table is full. */
static bool
chunk_publish_locked(void *chunk) WRI_REQUIRES(table.mtx)
{
	unsigned first = table.nchunks << CHUNK_SHIFT;

	if (table.nchunks == CHUNKS_MAX) {
		return false;
	}
	/* The lowest index on top. */
	for (unsigned i = CHUNK_LEN; i-- > 0;) {
		struct wri_pfd *pfd = chunk_elem(chunk, i);

		pfd->index = first + i;
		pfd->next_free = table.free;
		table.free = pfd;
	}
	wri_store(&table.chunks[table.nchunks], chunk, WRI_REL); /* D1 */
	table.nchunks++;
	return true;
}

/* Take an element out of a chunk that did not exist before. */
static weir_err
table_grow(struct wri_pfd **pfdp)
{
	void *chunk = wri_alloc(CHUNK_LEN * table.elem_size);
	struct wri_pfd *pfd;
	bool used = false;

	if (chunk == NULL) {
		return WEIR_ENOMEM;
	}
	if (table.elem_init != NULL) {
		for (unsigned i = 0; i < CHUNK_LEN; i++) {
			table.elem_init(chunk_elem(chunk, i));
		}
	}
	wri_mtx_lock(&table.mtx);
	pfd = free_pop_locked();
	if (pfd == NULL) {
		used = chunk_publish_locked(chunk);
		pfd = free_pop_locked();
	}
	wri_mtx_unlock(&table.mtx);
	if (!used) {
		/* Another thread was faster, or there is no more room. */
		wri_free(chunk, CHUNK_LEN * table.elem_size);
	}
	if (pfd == NULL) {
		return WEIR_ENOSPC;
	}
	*pfdp = pfd;
	return WEIR_OK;
}

weir_err
wri_table_take(struct wri_pfd **pfdp)
{
	struct wri_pfd *pfd;
	bool full;

	wri_mtx_lock(&table.mtx);
	pfd = free_pop_locked();
	full = table.nchunks == CHUNKS_MAX;
	wri_mtx_unlock(&table.mtx);
	if (pfd == NULL) {
		return full ? WEIR_ENOSPC : table_grow(pfdp);
	}
	*pfdp = pfd;
	return WEIR_OK;
}

void
wri_table_put(struct wri_pfd *pfd)
{
	struct wri_pfd *chunks;
	size_t size;

	WRI_DASSERT(wri_table_at(pfd->index) == pfd);
	wri_mtx_lock(&table.mtx);
	WRI_ASSERT(table.taken > 0);
	pfd->next_free = table.free;
	table.free = pfd;
	table.taken--;
	size = CHUNK_LEN * table.elem_size;
	chunks = chunks_detach_locked();
	wri_mtx_unlock(&table.mtx);
	chunks_free(chunks, size);
}

struct wri_pfd *
wri_table_at(unsigned index)
{
	void *chunk;

	WRI_ASSERT(index < WEIR_FD_MAX);
	chunk = wri_load(&table.chunks[index >> CHUNK_SHIFT], WRI_ACQ); /* D1 */
	WRI_ASSERT(chunk != NULL);
	return chunk_elem(chunk, index % CHUNK_LEN);
}
