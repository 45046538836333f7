/*
 * idmap - numbers to pointers: open addressing, linear probing.
 *
 * Purpose    small tables of what the program names by number.
 * Ownership  the map's memory is ours, the values are the program's.
 * Shape      A slot is empty (no value), dead (removed), or in use.  A removed
 *            one stays in its place until the next growth, so that a walk that
 *            removes meets each other entry once.
 * Bounds     SLOTS_MAX: the walk's cursor has 32 bits.  More is NNG_ENOMEM.
 * Proof      test/compat/test_nng_idmap.c
 */
#include "compat/compat.h"

#include <string.h>

#define SLOTS_MIN 8u
#define SLOTS_MAX (1u << 31)

struct slot {
	uint64_t id;
	void *value; /* NULL: empty; &slot_dead: removed */
};

struct nng_id_map_s {
	struct slot *slots; /* a power of two of them, or NULL */
	uint32_t slots_len;
	uint32_t used;     /* in use */
	uint32_t dead;     /* removed */
	uint64_t in_range; /* in use, from lo to hi */
	uint64_t lo;
	uint64_t hi;
	uint64_t next; /* the automatic id to try first */
};

static char slot_dead;

static bool
is_used(const struct slot *s)
{
	return s->value != NULL && s->value != (void *)&slot_dead;
}

static bool
is_in_range(const nng_id_map *map, uint64_t id)
{
	return id >= map->lo && id <= map->hi;
}

/* Where a search begins: all bits count, ids are often neighbours. */
static uint32_t
slot_of(const nng_id_map *map, uint64_t id)
{
	id ^= id >> 32;
	id *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(id >> 32) & (map->slots_len - 1);
}

static struct slot *
find(const nng_id_map *map, uint64_t id)
{
	uint32_t at;

	if (map->slots_len == 0) {
		return NULL;
	}
	/* Ends: some slot is always empty. */
	for (at = slot_of(map, id); map->slots[at].value != NULL;
	     at = (at + 1) & (map->slots_len - 1)) {
		if (map->slots[at].id == id && is_used(&map->slots[at])) {
			return &map->slots[at];
		}
	}
	return NULL;
}

/* The id is not there, and there is room. */
static void
insert(nng_id_map *map, uint64_t id, void *value)
{
	uint32_t at = slot_of(map, id);

	while (is_used(&map->slots[at])) {
		at = (at + 1) & (map->slots_len - 1);
	}
	map->dead -= map->slots[at].value != NULL;
	map->slots[at].id = id;
	map->slots[at].value = value;
	map->used++;
}

/* Move all to as many slots as they need. */
static int
rebuild(nng_id_map *map)
{
	nng_id_map old = *map;
	uint32_t len = SLOTS_MIN;
	size_t bytes;

	/* Half empty afterwards, so that the next time is far. */
	while (len < SLOTS_MAX && len / 2 <= old.used) {
		len *= 2;
	}
	if (len / 4 * 3 <= old.used) {
		return NNG_ENOMEM;
	}
	bytes = (size_t)len * sizeof(*map->slots);
	map->slots = nng_alloc(bytes);
	if (map->slots == NULL) {
		map->slots = old.slots;
		return NNG_ENOMEM;
	}
	memset(map->slots, 0, bytes);
	map->slots_len = len;
	map->used = 0;
	map->dead = 0;
	for (uint32_t i = 0; i < old.slots_len; i++) {
		if (is_used(&old.slots[i])) {
			insert(map, old.slots[i].id, old.slots[i].value);
		}
	}
	nng_free(old.slots, (size_t)old.slots_len * sizeof(*old.slots));
	return 0;
}

static uint64_t
first_id(uint64_t lo, uint64_t hi, int flags)
{
	uint64_t any;

	if ((flags & NNG_MAP_RANDOM) == 0) {
		return lo;
	}
	wri_nng_sys_random(&any, sizeof(any));
	return hi - lo == UINT64_MAX ? any : lo + any % (hi - lo + 1);
}

int
nng_id_map_alloc(nng_id_map **mapp, uint64_t lo, uint64_t hi, int flags)
{
	nng_id_map *map;

	if (lo == 0 && hi == 0) {
		lo = 1; /* 0 is left to mean "none" */
		hi = UINT32_MAX;
	}
	if (mapp == NULL || lo > hi) {
		return NNG_EINVAL;
	}
	map = nng_alloc(sizeof(*map));
	if (map == NULL) {
		return NNG_ENOMEM;
	}
	*map =
	    (nng_id_map){.lo = lo, .hi = hi, .next = first_id(lo, hi, flags)};
	*mapp = map;
	return 0;
}

void
nng_id_map_free(nng_id_map *map)
{
	if (map != NULL) {
		nng_free(
		    map->slots, (size_t)map->slots_len * sizeof(*map->slots));
		nng_free(map, sizeof(*map));
	}
}

void *
nng_id_get(nng_id_map *map, uint64_t id)
{
	struct slot *s = find(map, id);

	return s != NULL ? s->value : NULL;
}

int
nng_id_set(nng_id_map *map, uint64_t id, void *value)
{
	struct slot *s = find(map, id);

	if (value == NULL) {
		return NNG_EINVAL;
	}
	if (s != NULL) {
		s->value = value;
		return 0;
	}
	if (map->used + map->dead + 1 > map->slots_len / 4 * 3) {
		int rv = rebuild(map);

		if (rv != 0) {
			return rv;
		}
	}
	insert(map, id, value);
	map->in_range += is_in_range(map, id);
	return 0;
}

int
nng_id_alloc(nng_id_map *map, uint64_t *idp, void *value)
{
	uint64_t id = map->next;
	int rv;

	/* As many as the range has ids (hi - lo + 1 may not fit). */
	if (map->in_range > map->hi - map->lo) {
		return NNG_ENOSPC;
	}
	while (find(map, id) != NULL) {
		id = id == map->hi ? map->lo : id + 1;
	}
	rv = nng_id_set(map, id, value);
	if (rv == 0) {
		map->next = id == map->hi ? map->lo : id + 1;
		*idp = id;
	}
	return rv;
}

int
nng_id_remove(nng_id_map *map, uint64_t id)
{
	struct slot *s = find(map, id);

	if (s == NULL) {
		return NNG_ENOENT;
	}
	s->value = &slot_dead;
	map->used--;
	map->dead++;
	map->in_range -= is_in_range(map, id);
	return 0;
}

bool
nng_id_visit(nng_id_map *map, uint64_t *idp, void **valuep, uint32_t *cursor)
{
	while (*cursor < map->slots_len) {
		const struct slot *s = &map->slots[(*cursor)++];

		if (is_used(s)) {
			if (idp != NULL) {
				*idp = s->id;
			}
			if (valuep != NULL) {
				*valuep = s->value;
			}
			return true;
		}
	}
	return false;
}
