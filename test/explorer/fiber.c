/*
 * fiber - stacks and the switch between them; all sanitizer hooks are here.
 *
 * Purpose    many threads of control on one OS thread.  The first entry of a
 *            fiber goes through makecontext, every other switch through a jump
 *            that makes no system call.
 * Ownership  stacks are mapped once and reused by all schedules.
 * Rules      AddressSanitizer is told of each switch.  For ThreadSanitizer each
 *            fiber is a thread, made at its first entry, and a switch orders
 *            nothing (no_sync).
 * Bounds     WRX_STACK bytes a fiber, a guard page below each.
 */
#include "explorer/tsan.h"
#include "explorer/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if X_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif X_TSAN
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
#endif

#define WRX_GUARD ((size_t)4096)

static char *stacks; /* X_FIBERS_MAX of (guard, stack) */

void
wrx_poison(void *p, size_t size)
{
#if X_ASAN
	__asan_poison_memory_region(p, size);
#else
	(void)p;
	(void)size;
#endif
}

void
wrx_unpoison(void *p, size_t size)
{
#if X_ASAN
	__asan_unpoison_memory_region(p, size);
#else
	(void)p;
	(void)size;
#endif
}

/* Sanitizers handle crashes themselves: call fn before they exit. */
bool
wrx_ctx_on_death(void (*fn)(void))
{
#if X_ASAN || X_TSAN
	__sanitizer_set_death_callback(fn);
	return true;
#else
	(void)fn;
	return false;
#endif
}

/* We are about to leave from for to. */
static void
leave(struct wrx_ctx *from, struct wrx_ctx *to)
{
#if X_ASAN
	__sanitizer_start_switch_fiber(&from->fake, to->stack, to->size);
#elif X_TSAN
	(void)from;
	if (to->fake == NULL) {
		to->fake = __tsan_create_fiber(0);
	}
	__tsan_switch_to_fiber(to->fake, __tsan_switch_to_fiber_no_sync);
#else
	(void)from;
	(void)to;
#endif
}

/* We have arrived in ctx (NULL: in a new fiber). */
static void
arrive(struct wrx_ctx *ctx)
{
#if X_ASAN
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(
	    ctx != NULL ? ctx->fake : NULL, &bottom, &size);
	if (wrx.hub.stack == NULL) { /* the first switch leaves the hub */
		wrx.hub.stack = (char *)(uintptr_t)bottom;
		wrx.hub.size = size;
	}
#else
	(void)ctx;
#endif
}

void
wrx_ctx_init(void)
{
	size_t each = WRX_GUARD + WRX_STACK;
	char *p = mmap(NULL, each * X_FIBERS_MAX, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("explorer: stacks");
		exit(2);
	}
	stacks = p;
	wrx.hub.made = true;
#if X_TSAN
	wrx.hub.fake = __tsan_get_current_fiber();
#endif
	for (int i = 0; i < X_FIBERS_MAX; i++) {
		struct wrx_ctx *ctx = &wrx.fibers[i].ctx;

		(void)mprotect(p + each * (size_t)i, WRX_GUARD, PROT_NONE);
		ctx->stack = p + each * (size_t)i + WRX_GUARD;
		ctx->size = WRX_STACK;
		wrx.fibers[i].id = i;
	}
}

static void
trampoline(void)
{
	arrive(NULL);
	for (;;) {
		wrx_fiber_main();
	}
}

static _Noreturn void
enter(struct wrx_ctx *ctx)
{
	static ucontext_t uc; /* only read by setcontext */

	if (getcontext(&uc) != 0) {
		abort();
	}
	uc.uc_stack.ss_sp = ctx->stack;
	uc.uc_stack.ss_size = ctx->size;
	uc.uc_link = NULL;
	makecontext(&uc, trampoline, 0);
	ctx->made = true;
	(void)setcontext(&uc);
	abort();
}

/* Not in the function that has set the mark: the compiler's rule. */
static _Noreturn __attribute__((noinline)) void
go(struct wrx_ctx *to)
{
	if (!to->made) {
		enter(to);
	}
#if WRX_BUILTIN_JUMP
	__builtin_longjmp(to->jump, 1);
#else
	_longjmp(to->jump, 1);
#endif
}

__attribute__((noinline)) void
wrx_ctx_switch(struct wrx_ctx *from, struct wrx_ctx *to)
{
	leave(from, to);
#if WRX_BUILTIN_JUMP
	if (__builtin_setjmp(from->jump) == 0) {
		go(to);
	}
#else
	if (_setjmp(from->jump) == 0) {
		go(to);
	}
#endif
	arrive(from);
}

/* For ThreadSanitizer its life has ended as well, and what it did is past. */
static void
forget_thread(struct wrx_fiber *f)
{
#if X_TSAN
	if (f->ctx.fake != NULL) {
		__tsan_switch_to_fiber(
		    f->ctx.fake, __tsan_switch_to_fiber_no_sync);
		wrx_life_end(f);
		__tsan_switch_to_fiber(
		    wrx.hub.fake, __tsan_switch_to_fiber_no_sync);
		__tsan_destroy_fiber(f->ctx.fake);
		f->ctx.fake = NULL;
	}
#else
	(void)f;
#endif
}

void
wrx_ctx_forget(void)
{
	for (int i = 0; i < X_FIBERS_MAX; i++) {
		struct wrx_ctx *ctx = &wrx.fibers[i].ctx;

		ctx->made = false;
		forget_thread(&wrx.fibers[i]);
		wrx_unpoison(ctx->stack, ctx->size);
	}
}

int
wrx_ctx_owner(const void *p)
{
	size_t off = (size_t)((uintptr_t)p - (uintptr_t)stacks);

	if (off >= (WRX_GUARD + WRX_STACK) * X_FIBERS_MAX) {
		return -1;
	}
	return (int)(off / (WRX_GUARD + WRX_STACK));
}
