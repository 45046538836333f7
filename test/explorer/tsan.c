/*
 * tsan - see tsan.h; empty without ThreadSanitizer.
 *
 * Rules      Atomics are the runtime's own calls, with the order of the source.
 *            A delayed store (--sb) is made under the name of the fiber that
 *            stored it: with what that fiber knows by then, which may be more
 *            than when it stored, so some races are missed there, none is
 *            invented.  A futex, an alarm, the clock order nothing.
 *            Plain data of the bodies (their statics: plain.h puts them into
 *            sections of their own) is not looked at: by the rules of
 *            explorer.h it needs no order.  errno is one for all fibers.
 *            All lives of all schedules are joined by one token, so that a
 *            schedule never races with the one before.
 */
#include "explorer/tsan.h"

#if X_TSAN

#include <errno.h>
#include <sanitizer/tsan_interface.h>
#include <sanitizer/tsan_interface_atomic.h>

void __tsan_func_entry(const void *pc);
void __tsan_func_exit(void);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static unsigned reports;
static char token;

/* Called by the runtime, with its locks held. */
void __tsan_on_report(void *report);
const char *__tsan_default_options(void);

void
__tsan_on_report(void *report)
{
	(void)report;
	reports++;
}

/* main.c says how the program ends. */
const char *
__tsan_default_options(void)
{
	return "exitcode=0:report_thread_leaks=0:history_size=4:"
	       "suppress_equal_stacks=0:suppress_equal_addresses=0";
}

void
wrx_raced(void)
{
	if (reports != 0) {
		reports = 0;
		wrx_fail("race", "see the report of ThreadSanitizer above");
	}
}

/* ---- atomics ----------------------------------------------------------- */

/* The runtime's enum has the values of __ATOMIC_*. */
static __tsan_memory_order
mo(int order)
{
	return (__tsan_memory_order)order;
}

static uint64_t
load(const void *a, enum wrx_kind kind, int order)
{
	if (kind == WRX_U32) {
		return (uint32_t)__tsan_atomic32_load(a, mo(order));
	}
	return (uint64_t)__tsan_atomic64_load(a, mo(order));
}

static void
store(void *a, enum wrx_kind kind, uint64_t x, int order)
{
	if (kind == WRX_U32) {
		__tsan_atomic32_store(a, (int32_t)(uint32_t)x, mo(order));
	} else {
		__tsan_atomic64_store(a, (int64_t)x, mo(order));
	}
}

static uint64_t
rmw32(void *a, enum wrx_rmw op, uint64_t x, int order)
{
	int32_t v = (int32_t)(uint32_t)x;

	switch (op) {
	case WRX_XCHG:
		break;
	case WRX_ADD:
		return (uint32_t)__tsan_atomic32_fetch_add(a, v, mo(order));
	case WRX_SUB:
		return (uint32_t)__tsan_atomic32_fetch_sub(a, v, mo(order));
	case WRX_OR:
		return (uint32_t)__tsan_atomic32_fetch_or(a, v, mo(order));
	case WRX_AND:
		return (uint32_t)__tsan_atomic32_fetch_and(a, v, mo(order));
	}
	return (uint32_t)__tsan_atomic32_exchange(a, v, mo(order));
}

static uint64_t
rmw64(void *a, enum wrx_rmw op, uint64_t x, int order)
{
	int64_t v = (int64_t)x;

	switch (op) {
	case WRX_XCHG:
		break;
	case WRX_ADD:
		return (uint64_t)__tsan_atomic64_fetch_add(a, v, mo(order));
	case WRX_SUB:
		return (uint64_t)__tsan_atomic64_fetch_sub(a, v, mo(order));
	case WRX_OR:
		return (uint64_t)__tsan_atomic64_fetch_or(a, v, mo(order));
	case WRX_AND:
		return (uint64_t)__tsan_atomic64_fetch_and(a, v, mo(order));
	}
	return (uint64_t)__tsan_atomic64_exchange(a, v, mo(order));
}

/* pc: where the operation stands, for the stacks of reports. */
uint64_t
wrx_atomic_load(const void *a, enum wrx_kind kind, int order, const void *pc)
{
	uint64_t x;

	__tsan_func_entry(pc);
	x = load(a, kind, order);
	__tsan_func_exit();
	return x;
}

void
wrx_atomic_store(
    void *a, enum wrx_kind kind, uint64_t x, int order, const void *pc)
{
	__tsan_func_entry(pc);
	store(a, kind, x, order);
	__tsan_func_exit();
}

uint64_t
wrx_atomic_rmw(void *a, enum wrx_kind kind, enum wrx_rmw op, uint64_t x,
    int order, const void *pc)
{
	__tsan_func_entry(pc);
	x = kind == WRX_U32 ? rmw32(a, op, x, order) : rmw64(a, op, x, order);
	__tsan_func_exit();
	return x;
}

uint64_t
wrx_atomic_cas(void *a, enum wrx_kind kind, uint64_t want, uint64_t x,
    int order, const void *pc)
{
	uint64_t old;

	__tsan_func_entry(pc);
	if (kind == WRX_U32) {
		old = (uint32_t)__tsan_atomic32_compare_exchange_val(a,
		    (int32_t)(uint32_t)want, (int32_t)(uint32_t)x, mo(order),
		    __tsan_memory_order_relaxed);
	} else {
		old = (uint64_t)__tsan_atomic64_compare_exchange_val(a,
		    (int64_t)want, (int64_t)x, mo(order),
		    __tsan_memory_order_relaxed);
	}
	__tsan_func_exit();
	return old;
}

void
wrx_atomic_drain(
    struct wrx_fiber *f, void *a, enum wrx_kind kind, uint64_t x, int order)
{
	void *me = wrx.cur->ctx.fake;

	__tsan_switch_to_fiber(f->ctx.fake, __tsan_switch_to_fiber_no_sync);
	store(a, kind, x, order);
	__tsan_switch_to_fiber(me, __tsan_switch_to_fiber_no_sync);
}

/* ---- order ------------------------------------------------------------- */

void
wrx_give(const void *obj)
{
	__tsan_release((void *)(uintptr_t)obj);
}

void
wrx_take(const void *obj)
{
	__tsan_acquire((void *)(uintptr_t)obj);
}

void
wrx_unseen_begin(void)
{
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

void
wrx_unseen_end(void)
{
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

void
wrx_life_begin(struct wrx_fiber *f)
{
	wrx_take(&token);
	wrx_take(f);
}

void
wrx_life_end(struct wrx_fiber *f)
{
	wrx_give(&token);
	wrx_give(f);
}

/* ---- plain accesses ---------------------------------------------------- */

/*
 * What the compiler puts before each plain access, through -Wl,--wrap: goes on
 * to the runtime unless the data is a body's own.  The call must be a jump, so
 * that the runtime sees the caller.
 */
extern char __start_x_plain_bss[] __attribute__((weak));
extern char __stop_x_plain_bss[] __attribute__((weak));
extern char __start_x_plain_data[] __attribute__((weak));
extern char __stop_x_plain_data[] __attribute__((weak));

static inline bool
inside(const void *p, const char *from, const char *to)
{
	return (uintptr_t)p - (uintptr_t)from < (uintptr_t)(to - from);
}

static inline bool
is_plain(const void *p)
{
	return inside(p, __start_x_plain_bss, __stop_x_plain_bss) ||
	       inside(p, __start_x_plain_data, __stop_x_plain_data) ||
	       p == &errno;
}

#define ACCESS(what)                                                           \
	void __real___tsan_##what(void *p);                                    \
	void __wrap___tsan_##what(void *p);                                    \
	void __wrap___tsan_##what(void *p)                                     \
	{                                                                      \
		if (!is_plain(p)) {                                            \
			__real___tsan_##what(p);                               \
		}                                                              \
	}
ACCESS(read1)
ACCESS(read2)
ACCESS(read4)
ACCESS(read8)
ACCESS(read16)
ACCESS(write1)
ACCESS(write2)
ACCESS(write4)
ACCESS(write8)
ACCESS(write16)
ACCESS(unaligned_read2)
ACCESS(unaligned_read4)
ACCESS(unaligned_read8)
ACCESS(unaligned_read16)
ACCESS(unaligned_write2)
ACCESS(unaligned_write4)
ACCESS(unaligned_write8)
ACCESS(unaligned_write16)

/* A jump as well. */
void __tsan_read1(void *p);
void __tsan_write1(void *p);

void
x_reads(const void *p)
{
	__tsan_read1((void *)(uintptr_t)p);
}

void
x_writes(const void *p)
{
	__tsan_write1((void *)(uintptr_t)p);
}

#endif

typedef int wrx_tsan_is_never_empty; /* ISO C wants a declaration */
