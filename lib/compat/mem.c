/*
 * mem - nng_alloc and its kin.
 *
 * Purpose    memory for the program, and for this library's own objects, from
 *            the allocator of nng_init.
 * Ownership  a block belongs to the allocator that gave it; which one that was
 *            is the program's to know (parts/mem.h).
 * Bounds     MEM_MAX, above it NULL: as lib/base/mem.c.
 * Pairs      M1  set: mem_fns (release) -> alloc, free (acquire) carries the
 *                two functions.
 * Proof      test/compat/test_nng_plain.c, test_nng_init.c
 */
#include "base/sync.h"
#include "compat/compat.h"

#include <string.h>

#define MEM_MAX ((size_t)1 << 47)

struct mem_fns {
	void *(*malloc_fn)(size_t);
	void (*free_fn)(void *, size_t);
};

/* Written by the nng_init that starts the library, which is one at a time. */
static struct mem_fns mem_given;
static wri_aptr mem_fns; /* &mem_given, or NULL: the system's */

void
wri_nng_mem_set(void *(*malloc_fn)(size_t), void (*free_fn)(void *, size_t))
{
	if (malloc_fn != NULL) {
		mem_given.malloc_fn = malloc_fn;
		mem_given.free_fn = free_fn;
	}
	wri_store(
	    &mem_fns, malloc_fn != NULL ? &mem_given : NULL, WRI_REL); /* M1 */
}

void *
nng_alloc(size_t size)
{
	const struct mem_fns *fns = wri_load(&mem_fns, WRI_ACQ); /* M1 */

	if (size == 0 || size > MEM_MAX) {
		return NULL;
	}
	return fns != NULL ? fns->malloc_fn(size) : wri_nng_sys_alloc(size);
}

void
nng_free(void *ptr, size_t size)
{
	const struct mem_fns *fns = wri_load(&mem_fns, WRI_ACQ); /* M1 */

	if (ptr == NULL) {
		return;
	}
	if (fns != NULL) {
		fns->free_fn(ptr, size);
	} else {
		wri_nng_sys_free(ptr);
	}
}

char *
nng_strdup(const char *src)
{
	char *dst = NULL;

	if (src != NULL) {
		dst = nng_alloc(strlen(src) + 1);
	}
	if (dst != NULL) {
		memcpy(dst, src, strlen(src) + 1);
	}
	return dst;
}

void
nng_strfree(char *str)
{
	if (str != NULL) {
		nng_free(str, strlen(str) + 1);
	}
}
