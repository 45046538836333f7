/*
 * idmap - numbers to pointers.
 *
 * One map by one thread at a time.  Works without nng_init.
 */
#ifndef NNG_PARTS_IDMAP_H
#define NNG_PARTS_IDMAP_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nng_id_map_s nng_id_map;

/** A flag of nng_id_map_alloc: the first automatic id is random. */
#define NNG_MAP_RANDOM 1

/**
 * Make a map.
 *
 * @param mapp    given: nng_id_map_free.
 * @param lo, hi  range of automatic ids, inclusive; both 0: 1 to 2^32 - 1.
 *
 * Errors      NNG_ENOMEM; NNG_EINVAL: lo above hi
 */
NNG_DECL int nng_id_map_alloc(
    nng_id_map **mapp, uint64_t lo, uint64_t hi, int flags);
/** Free the map, not the values.  NULL: nothing. */
NNG_DECL void nng_id_map_free(nng_id_map *map);
/** The value, or NULL. */
NNG_DECL void *nng_id_get(nng_id_map *map, uint64_t id);
/** Store a value [not NULL], replacing; any id.  NNG_ENOMEM, NNG_EINVAL. */
NNG_DECL int nng_id_set(nng_id_map *map, uint64_t id, void *value);
/** Store under the next free id: increasing, wrapping at hi.  NNG_ENOSPC: the
 * range is full.  NNG_ENOMEM, NNG_EINVAL (a NULL value). */
NNG_DECL int nng_id_alloc(nng_id_map *map, uint64_t *idp, void *value);
/** Remove; NNG_ENOENT. */
NNG_DECL int nng_id_remove(nng_id_map *map, uint64_t id);
/** The next entry, in no order: *cursor 0 begins, false ends.  Removing
 * meanwhile is allowed, adding is not. */
NNG_DECL bool nng_id_visit(
    nng_id_map *map, uint64_t *idp, void **valuep, uint32_t *cursor);

#ifdef __cplusplus
}
#endif

#endif
