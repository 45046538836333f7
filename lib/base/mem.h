/*
 * mem - every allocation of the library.
 *
 * Ownership  alloc gives, free takes; the size must be the one asked for.
 * Bounds     what the system gives; NULL when it gives no more.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/fault.h"

#include <stddef.h>

typedef struct wri_mem_ops {
	void *(*malloc_fn)(size_t size);
	void *(*calloc_fn)(size_t n, size_t size);
	void (*free_fn)(void *ptr, size_t size);
} wri_mem_ops;

/* Zeroed, aligned to a cache line; NULL when out of memory. */
void *wri_alloc(size_t size);
/* ptr may be NULL. */
void wri_free(void *ptr, size_t size);
/* Replace the allocator before anything is allocated; NULL: the default. */
void wri_mem_set(const wri_mem_ops *ops);
/* Bytes allocated and not freed, for tests. */
size_t wri_mem_live(void);

/* Where tests arm a failure. */
extern struct wri_fault wri_mem_fault;

#endif
