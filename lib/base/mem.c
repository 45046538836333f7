/*
 * mem - every allocation of the library.
 *
 * Purpose    one hook for the program's allocator, one counter for tests, one
 *            place to run out of memory on purpose.
 * Ownership  a block belongs to the allocator that gave it, so the allocator
 *            changes only while no block lives.
 * Shape      The system's allocator aligns by itself.  A program's allocator
 *            aligns for any type only: MEM_PAD bytes more are asked for, and
 *            the word before the aligned address keeps where the block began:
 *
 *              | .......... began | block, on a line ............ | ... |
 *              ^ what calloc_fn gave; free_fn gets it with size + MEM_PAD
 *
 * Progress   that of the allocator.
 * Pairs      none: the counters carry nothing; the allocator is set before
 *            the library's threads start.
 * Bounds     MEM_MAX, above it NULL: the allocator is not asked, since some
 *            (those that look for mistakes) answer with the program's end.
 * Proof      test/base/test_mem.c
 */
#include "base/mem.h"
#include "base/panic.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MEM_PAD WRI_LINE
/* No block is longer: what a process can address on today's machines. */
#define MEM_MAX ((size_t)1 << 47)

/* Changed by wri_mem_set only: no block, hence no other thread, by then. */
static wri_mem_ops mem_ops;

static wri_a64 mem_live;
struct wri_fault wri_mem_fault;

static void *
mem_alloc_hook(size_t size)
{
	char *began = mem_ops.calloc_fn(1, size + MEM_PAD);
	char *block;

	if (began == NULL) {
		return NULL;
	}
	/* The next line after began: at least one word further, because began
	 * is aligned for any type. */
	block = began + MEM_PAD - (uintptr_t)began % WRI_LINE;
	memcpy(block - sizeof(began), &began, sizeof(began));
	return block;
}

void *
wri_alloc(size_t size)
{
	const bool hook = mem_ops.calloc_fn != NULL;
	void *p;

	if (size > MEM_MAX || wri_fault_hit(&wri_mem_fault)) {
		return NULL;
	}
	/* aligned_alloc wants whole lines, and does not zero them. */
	p = hook ? mem_alloc_hook(size)
		 : aligned_alloc(WRI_LINE,
		       (size + WRI_LINE - 1) & ~(size_t)(WRI_LINE - 1));
	if (p != NULL) {
		/* Relaxed: a figure for tests, read when all is quiet. */
		(void)wri_add(&mem_live, size, WRI_RLX);
	}
	return hook || p == NULL ? p : memset(p, 0, size);
}

void
wri_free(void *ptr, size_t size)
{
	char *began;

	if (ptr == NULL) {
		return;
	}
	/* Relaxed: as in wri_alloc. */
	(void)wri_sub(&mem_live, size, WRI_RLX);
	if (mem_ops.free_fn == NULL) {
		free(ptr);
		return;
	}
	memcpy(&began, (char *)ptr - sizeof(began), sizeof(began));
	mem_ops.free_fn(began, size + MEM_PAD);
}

void
wri_mem_set(const wri_mem_ops *ops)
{
	const wri_mem_ops next =
	    ops == NULL ? (wri_mem_ops){NULL, NULL, NULL} : *ops;

	if (next.calloc_fn != mem_ops.calloc_fn ||
	    next.free_fn != mem_ops.free_fn) {
		/* A block that lives would go back to the wrong allocator. */
		WRI_ASSERT(wri_mem_live() == 0);
		mem_ops = next;
	}
}

size_t
wri_mem_live(void)
{
	/* Relaxed: a figure. */
	return (size_t)wri_load(&mem_live, WRI_RLX);
}
