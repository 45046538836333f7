/*
 * seam - the names of base/sync.h, answered by the schedule explorer.
 *
 * Purpose    under WEIR_EXPLORE the library's own sources are compiled
 *            unchanged; each name below asks the scheduler who runs next
 *            before it does what it says.
 * Ownership  nothing; the objects are those of the library.
 * Rules      Same names, types and results as the real branch of sync.h.  The
 *            macros carry file and line of the caller; the functions declared
 *            in thread.h, alarm.h, mem.h and clock.h use the return address.
 * Proof      x_self.c
 */
#ifndef EXPLORER_SEAM_H
#define EXPLORER_SEAM_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/time.h>

enum wrx_kind {
	WRX_U32,
	WRX_U64,
	WRX_PTR,
};

enum wrx_rmw {
	WRX_XCHG,
	WRX_ADD,
	WRX_SUB,
	WRX_OR,
	WRX_AND,
};

uint64_t wrx_load(
    const void *a, enum wrx_kind kind, int order, const char *file, int line);
void wrx_store(void *a, enum wrx_kind kind, uint64_t x, int order,
    const char *file, int line);
uint64_t wrx_rmw(void *a, enum wrx_kind kind, enum wrx_rmw op, uint64_t x,
    int order, const char *file, int line);
bool wrx_cas(void *a, enum wrx_kind kind, void *seen, uint64_t x, bool weak,
    int order, const char *file, int line);

/* One wrapper per type, so that the value has it, used or not. */
#define WRX_TYPED(type, name, KIND)                                            \
	static inline type wrx_load_##name(                                    \
	    const void *a, int order, const char *file, int line)              \
	{                                                                      \
		return (type)wrx_load(a, KIND, order, file, line);             \
	}                                                                      \
	static inline type wrx_rmw_##name(void *a, enum wrx_rmw op,            \
	    uint64_t x, int order, const char *file, int line)                 \
	{                                                                      \
		return (type)wrx_rmw(a, KIND, op, x, order, file, line);       \
	}
WRX_TYPED(uint32_t, u32, WRX_U32)
WRX_TYPED(uint64_t, u64, WRX_U64)
WRX_TYPED(void *, ptr, WRX_PTR)

#define WRX_AT __FILE__, __LINE__
/* One of three, by the type of the atomic. */
#define WRX_BY_TYPE(a, u32, u64, ptr)                                          \
	_Generic((a)->v, uint32_t : u32, uint64_t : u64, void * : ptr)
#define WRX_KIND(a) WRX_BY_TYPE(a, WRX_U32, WRX_U64, WRX_PTR)
#define WRX_TYPE(a) __typeof__((a)->v)
/* x converted as an assignment would, with the same warnings. */
#define WRX_BITS(a, x) ((uint64_t)(WRX_TYPE(a)){(x)})
/* seen, and a warning if it does not point to the type of the atomic. */
#define WRX_SEEN(a, seen) (1 ? (seen) : (WRX_TYPE(a) *)0)

#define wri_load(a, order)                                                     \
	WRX_BY_TYPE(a, wrx_load_u32, wrx_load_u64, wrx_load_ptr)               \
	(&(a)->v, (order), WRX_AT)
#define wri_store(a, x, order)                                                 \
	wrx_store(&(a)->v, WRX_KIND(a), WRX_BITS(a, x), (order), WRX_AT)
#define WRX_RMW(a, op, x, order)                                               \
	WRX_BY_TYPE(a, wrx_rmw_u32, wrx_rmw_u64, wrx_rmw_ptr)                  \
	(&(a)->v, (op), WRX_BITS(a, x), (order), WRX_AT)
#define wri_xchg(a, x, order) WRX_RMW(a, WRX_XCHG, x, order)
#define wri_add(a, x, order) WRX_RMW(a, WRX_ADD, x, order)
#define wri_sub(a, x, order) WRX_RMW(a, WRX_SUB, x, order)
#define wri_or(a, x, order) WRX_RMW(a, WRX_OR, x, order)
#define wri_and(a, x, order) WRX_RMW(a, WRX_AND, x, order)
#define wri_cas(a, seen, x, order)                                             \
	wrx_cas(&(a)->v, WRX_KIND(a), WRX_SEEN(a, seen), WRX_BITS(a, x),       \
	    false, (order), WRX_AT)
#define wri_cas_weak(a, seen, x, order)                                        \
	wrx_cas(&(a)->v, WRX_KIND(a), WRX_SEEN(a, seen), WRX_BITS(a, x), true, \
	    (order), WRX_AT)

/* All zero is a free mutex; an older schedule's owner does not count. */
typedef struct wri_mtx {
	uint32_t owner; /* fiber + 1 */
	uint32_t epoch; /* the schedule that wrote owner */
} wri_mtx;

#define WRI_MTX_INIT                                                           \
	{                                                                      \
		0, 0                                                           \
	}

void wrx_mtx_init(wri_mtx *m, const char *file, int line);
void wrx_mtx_fini(wri_mtx *m, const char *file, int line);
void wrx_mtx_lock(wri_mtx *m, const char *file, int line);
void wrx_mtx_unlock(wri_mtx *m, const char *file, int line);

#define wri_mtx_init(m) wrx_mtx_init((m), WRX_AT)
#define wri_mtx_fini(m) wrx_mtx_fini((m), WRX_AT)
#define wri_mtx_lock(m) wrx_mtx_lock((m), WRX_AT)
#define wri_mtx_unlock(m) wrx_mtx_unlock((m), WRX_AT)

bool wrx_futex_wait(
    wri_a32 *w, uint32_t value, weir_time until, const char *file, int line);
void wrx_futex_wake(wri_a32 *w, int n, const char *file, int line);
void wrx_yield(const char *file, int line);

#define wri_futex_wait(w, value, until)                                        \
	wrx_futex_wait((w), (value), (until), WRX_AT)
#define wri_futex_wake(w, n) wrx_futex_wake((w), (n), WRX_AT)
#define wri_yield() wrx_yield(WRX_AT)

void *wri_self_get(enum wri_self_slot slot);
void wri_self_set(enum wri_self_slot slot, void *value);

/* What test/support/fault.h does for the real ones. */
void wri_mem_fail_at(unsigned n);
void wri_thread_fail_at(unsigned n);

/* thread.h and alarm.h leave their types to us. */
typedef struct wri_thread {
	uint32_t fiber;
	uint32_t epoch;
} wri_thread;

typedef struct wri_alarm {
	weir_time watch; /* 0: off */
	uint32_t woken;  /* sticky until the next wait */
	uint32_t open;   /* the schedule in which it was initialised */
} wri_alarm;

#endif
