/*
 * mem - memory from the allocator of nng_init.
 *
 * A block goes back to the allocator that is in force then: free what was
 * allocated before an nng_init that brings another one.
 */
#ifndef NNG_PARTS_MEM_H
#define NNG_PARTS_MEM_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** At least size bytes, aligned for any type, not cleared; NULL: out of memory,
 * or size is 0. */
NNG_DECL void *nng_alloc(size_t size);

/** Free a block of nng_alloc; size: what was asked for.  NULL: nothing. */
NNG_DECL void nng_free(void *ptr, size_t size);

/** A copy, given: nng_strfree.  NULL: out of memory, or src is NULL. */
NNG_DECL char *nng_strdup(const char *src);

/** Free a string of nng_strdup, not shortened meanwhile.  NULL: nothing. */
NNG_DECL void nng_strfree(char *str);

#ifdef __cplusplus
}
#endif

#endif
