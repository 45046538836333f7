/*
 * mem - the allocator under the explorer: nothing is reused in a schedule.
 *
 * Purpose    base/mem.h from an arena that starts anew with each schedule, so
 *            that an address inside freed memory stays known as such.
 * Ownership  as base/mem.h says.
 * Rules      freed memory is filled with POISON, which is looked at again at
 *            the end of the body; between blocks lies one unused line.
 * Bounds     WRX_ARENA bytes and WRX_BLOCKS blocks per schedule.
 */
#include "base/mem.h"

#include "explorer/tsan.h"
#include "explorer/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define WRX_ARENA ((size_t)16 << 20)
#define WRX_BLOCKS 4000u
#define POISON 0xdb

struct block {
	size_t off, size, span;
	bool freed;
	struct wrx_site born, died;
	const char *born_by, *died_by;
};

static char *arena;
static uint16_t owner[WRX_ARENA / WRI_LINE]; /* block + 1, 0: none */
static struct block blocks[WRX_BLOCKS];
static unsigned nblocks;
static size_t used, live;
static unsigned asked, fail_at;
static bool fail_on; /* and all after that one */

void
wrx_mem_reset(const struct x_test *test)
{
	if (arena == NULL) {
		arena = mmap(NULL, WRX_ARENA, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (arena == MAP_FAILED) {
			perror("explorer: arena");
			exit(2);
		}
	}
	wrx_unpoison(arena, used);
	memset(owner, 0, used / WRI_LINE * sizeof owner[0]);
	nblocks = asked = fail_at = 0;
	used = live = 0;
	fail_on = false;
	if ((test->options & X_FAIL_ALLOC) != 0) {
		fail_at = wrx_choose(16);
		fail_on = wrx_choose(4) == 0;
	}
}

static struct block *
block_of(const void *p)
{
	size_t off = (size_t)((uintptr_t)p - (uintptr_t)arena);
	unsigned b;

	if (off >= WRX_ARENA) {
		return NULL;
	}
	b = owner[off / WRI_LINE];
	return b > 0 ? &blocks[b - 1] : NULL;
}

static const char *
tell(const char *what, const struct block *b)
{
	static char text[320];
	char born[96], died[96];

	wrx_unseen_begin();
	(void)snprintf(text, sizeof text,
	    "%s block %u (%zu bytes, allocated by %s at %s%s%s%s%s)", what,
	    (unsigned)(b - blocks), b->size, b->born_by,
	    wrx_where(b->born, born, sizeof born),
	    b->freed ? ", freed by " : "", b->freed ? b->died_by : "",
	    b->freed ? " at " : "",
	    b->freed ? wrx_where(b->died, died, sizeof died) : "");
	wrx_unseen_end();
	return text;
}

const char *
wrx_bad(const void *p)
{
	size_t off = (size_t)((uintptr_t)p - (uintptr_t)arena);
	int fiber;

	if (off < WRX_ARENA) {
		struct block *b = block_of(p);

		if (b == NULL || off >= b->off + b->size) {
			return "memory outside of any block";
		}
		return b->freed ? tell("freed", b) : NULL;
	}
	fiber = wrx_ctx_owner(p);
	if (fiber >= 0 && wrx.fibers[fiber].state == WRX_ENDED) {
		return "the stack of a fiber that has ended";
	}
	return NULL;
}

void
wrx_check(const void *p)
{
	const char *bad = wrx_bad(p);

	if (bad != NULL) {
		wrx_fail("uaf", "%s touches %s", wrx.cur->op, bad);
	}
}

bool
wrx_mem_name(const void *p, char *buf, size_t size)
{
	const struct block *b = block_of(p);

	if (b == NULL) {
		return false;
	}
	(void)snprintf(buf, size, "block%u+0x%zx", (unsigned)(b - blocks),
	    (size_t)((const char *)p - arena) - b->off);
	return true;
}

static bool
fails_now(void)
{
	asked++;
	if (fail_at == 0) {
		return false;
	}
	return asked == fail_at || (fail_on && asked > fail_at);
}

/* Neither is a step, but reports shall tell where we are. */
static void
here(const char *op, const void *obj, struct wrx_site site)
{
	wrx.cur->op = op;
	wrx.cur->obj = obj;
	wrx.cur->site = site;
}

void *
wri_alloc(size_t size)
{
	size_t span = (size + WRI_LINE - 1) / WRI_LINE * WRI_LINE;
	struct block *b;

	here("alloc", NULL, WRX_PC);
	if (wrx.cur->locks > 0 && (wrx.plan.test->options & X_LEAF) != 0) {
		wrx_fail("lock", "memory is allocated under a leaf lock");
	}
	if (fails_now() || size > WRX_ARENA) {
		wrx_note("alloc of %zu bytes fails", size);
		return NULL;
	}
	if (span == 0) {
		span = WRI_LINE;
	}
	if (nblocks == WRX_BLOCKS || WRX_ARENA - used < span + WRI_LINE) {
		wrx_fail("limit", "the arena is full");
	}
	b = &blocks[nblocks++];
	*b = (struct block){
	    .off = used,
	    .size = size,
	    .span = span,
	    .born = WRX_PC,
	    .born_by = wrx.cur->name,
	};
	for (size_t i = 0; i < span / WRI_LINE; i++) {
		owner[used / WRI_LINE + i] = (uint16_t)nblocks;
	}
	used += span + WRI_LINE;
	live += size;
	memset(arena + b->off, 0, span);
	wrx_poison(arena + b->off + size, span + WRI_LINE - size);
	if (wrx.trace) {
		wrx_note("alloc block%u, %zu bytes", nblocks - 1, size);
	}
	return arena + b->off;
}

/* Somebody sleeps on an address in b: it would touch it when it wakes. */
static void
check_sleepers(const struct block *b)
{
	for (int i = 0; i < wrx.nfibers; i++) {
		const struct wrx_fiber *f = &wrx.fibers[i];

		if (f->state == WRX_BLOCKED && block_of(f->obj) == b) {
			wrx_fail("uaf", "%s while %s sleeps on it",
			    tell("free of", b), f->name);
		}
	}
}

void
wri_free(void *ptr, size_t size)
{
	struct block *b;

	if (ptr == NULL) {
		return;
	}
	here("free", ptr, WRX_PC);
	wrx_drain_last();
	b = block_of(ptr);
	if (b == NULL || (char *)ptr != arena + b->off) {
		wrx_fail("memory", "free of what was never allocated");
	}
	if (b->freed) {
		wrx_fail("memory", "second %s", tell("free of", b));
	}
	if (b->size != size) {
		wrx_fail(
		    "memory", "free with size %zu of %s", size, tell("", b));
	}
	check_sleepers(b);
	b->freed = true;
	b->died = WRX_PC;
	b->died_by = wrx.cur->name;
	live -= size;
	memset(ptr, POISON, size);
	wrx_poison(ptr, size);
	if (wrx.trace) {
		wrx_note("free block%u", (unsigned)(b - blocks));
	}
}

void
wrx_mem_end(void)
{
	for (unsigned i = 0; i < nblocks; i++) {
		struct block *b = &blocks[i];
		const unsigned char *p = (unsigned char *)arena + b->off;

		if (!b->freed) {
			wrx_fail("memory", "%s", tell("leaked", b));
		}
		wrx_unpoison(arena + b->off, b->size);
		for (size_t j = 0; j < b->size; j++) {
			if (p[j] != POISON) {
				wrx_fail("uaf", "byte %zu was written in %s", j,
				    tell("freed", b));
			}
		}
	}
}

void
wri_mem_set(const wri_mem_ops *ops)
{
	(void)ops; /* ours stays */
}

size_t
wri_mem_live(void)
{
	return live;
}

void
wri_mem_fail_at(unsigned n)
{
	fail_at = n == 0 ? 0 : asked + n;
	fail_on = false;
}

unsigned
x_allocs(void)
{
	return asked;
}
