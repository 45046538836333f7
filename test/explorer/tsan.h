/*
 * tsan - what ThreadSanitizer is told of the operations of a schedule.
 *
 * Purpose    the memory orders that the source names are judged in each
 *            explored schedule: each fiber is a thread of ThreadSanitizer's, a
 *            switch orders nothing, and an operation orders what the real one
 *            would by its argument.
 * Rules      X_TSAN: bodies and library are compiled with -fsanitize=thread,
 *            the explorer's own files and the fakes without.  Else these are
 *            the plain operations.
 * Proof      x_race.c, and the plants of x_race_plants.txt
 */
#ifndef EXPLORER_TSAN_H
#define EXPLORER_TSAN_H

#include "explorer/world.h"

static inline uint64_t
wrx_peek(const void *a, enum wrx_kind kind)
{
	return kind == WRX_U32 ? *(const uint32_t *)a : *(const uint64_t *)a;
}

static inline void
wrx_poke(void *a, enum wrx_kind kind, uint64_t x)
{
	if (kind == WRX_U32) {
		*(uint32_t *)a = (uint32_t)x;
	} else if (kind == WRX_U64) {
		*(uint64_t *)a = x;
	} else {
		*(void **)a = (void *)(uintptr_t)x;
	}
}

static inline uint64_t
wrx_rmw_result(enum wrx_rmw op, uint64_t old, uint64_t x)
{
	switch (op) {
	case WRX_XCHG:
		break;
	case WRX_ADD:
		return old + x;
	case WRX_SUB:
		return old - x;
	case WRX_OR:
		return old | x;
	case WRX_AND:
		return old & x;
	}
	return x;
}

#if X_TSAN

uint64_t wrx_atomic_load(
    const void *a, enum wrx_kind kind, int order, const void *pc);
void wrx_atomic_store(
    void *a, enum wrx_kind kind, uint64_t x, int order, const void *pc);
uint64_t wrx_atomic_rmw(void *a, enum wrx_kind kind, enum wrx_rmw op,
    uint64_t x, int order, const void *pc);
/* The value found; x was written if that is want. */
uint64_t wrx_atomic_cas(void *a, enum wrx_kind kind, uint64_t want, uint64_t x,
    int order, const void *pc);
/* The store of another fiber, carried out by this one. */
void wrx_atomic_drain(
    struct wrx_fiber *f, void *a, enum wrx_kind kind, uint64_t x, int order);
/* All before give is seen by who comes through take later. */
void wrx_give(const void *obj);
void wrx_take(const void *obj);
/* Plain accesses by libc inside are not looked at. */
void wrx_unseen_begin(void);
void wrx_unseen_end(void);
/* One life of a fiber begins, ends. */
void wrx_life_begin(struct wrx_fiber *f);
void wrx_life_end(struct wrx_fiber *f);
/* Fails with "race" if there was a report. */
void wrx_raced(void);

#else

static inline uint64_t
wrx_atomic_load(const void *a, enum wrx_kind kind, int order, const void *pc)
{
	(void)order;
	(void)pc;
	return wrx_peek(a, kind);
}

static inline void
wrx_atomic_store(
    void *a, enum wrx_kind kind, uint64_t x, int order, const void *pc)
{
	(void)order;
	(void)pc;
	wrx_poke(a, kind, x);
}

static inline uint64_t
wrx_atomic_rmw(void *a, enum wrx_kind kind, enum wrx_rmw op, uint64_t x,
    int order, const void *pc)
{
	uint64_t old = wrx_peek(a, kind);

	(void)order;
	(void)pc;
	wrx_poke(a, kind, wrx_rmw_result(op, old, x));
	return old;
}

static inline uint64_t
wrx_atomic_cas(void *a, enum wrx_kind kind, uint64_t want, uint64_t x,
    int order, const void *pc)
{
	uint64_t old = wrx_peek(a, kind);

	(void)order;
	(void)pc;
	if (old == want) {
		wrx_poke(a, kind, x);
	}
	return old;
}

static inline void
wrx_atomic_drain(
    struct wrx_fiber *f, void *a, enum wrx_kind kind, uint64_t x, int order)
{
	(void)f;
	(void)order;
	wrx_poke(a, kind, x);
}

static inline void
wrx_give(const void *obj)
{
	(void)obj;
}

static inline void
wrx_take(const void *obj)
{
	(void)obj;
}

static inline void
wrx_unseen_begin(void)
{
}

static inline void
wrx_unseen_end(void)
{
}

static inline void
wrx_life_begin(struct wrx_fiber *f)
{
	(void)f;
}

static inline void
wrx_life_end(struct wrx_fiber *f)
{
	(void)f;
}

static inline void
wrx_raced(void)
{
}

#endif

#endif
