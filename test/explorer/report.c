/*
 * report - names for addresses and places; the trace; the report of a failure.
 *
 * Purpose    what is read when a schedule fails at 3 a.m.
 * Rules      addresses are never printed: memory of wri_alloc is block number
 *            and offset, what x_name named has that name, anything else gets
 *            a number when it is first met.  Two runs of one seed are equal.
 * Bounds     64 names, 512 numbered objects, 256 resolved return addresses;
 *            beyond them "?".
 */
#include "explorer/tsan.h"
#include "explorer/world.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *wrx_program;

const char *const wrx_strategy_names[] = {
    [WRX_RANDOM] = "random",
    [WRX_STICKY] = "sticky",
    [WRX_PCT] = "pct",
    [WRX_EXHAUST] = "exhaust",
};

/* ---- places ------------------------------------------------------------ */

/* The last two parts of a path. */
static const char *
tail_of(const char *path)
{
	const char *last = strrchr(path, '/');

	while (last != NULL && last > path) {
		last--;
		if (*last == '/') {
			return last + 1;
		}
	}
	return path;
}

/* addr2line, once per address. */
static const char *
resolve(const void *pc)
{
	static struct {
		const void *pc;
		char text[80];
	} known[256];
	static unsigned nknown;
	char command[400];
	char line[300] = "";
	Dl_info info;
	FILE *p;

	for (unsigned i = 0; i < nknown; i++) {
		if (known[i].pc == pc) {
			return known[i].text;
		}
	}
	if (nknown == 256 || dladdr(pc, &info) == 0) {
		return "?";
	}
	(void)snprintf(command, sizeof command,
	    "addr2line -e '%s' 0x%" PRIxPTR " 2>/dev/null", info.dli_fname,
	    (uintptr_t)pc - (uintptr_t)info.dli_fbase - 1);
	p = popen(command, "r");
	if (p != NULL) {
		if (fgets(line, sizeof line, p) == NULL) {
			line[0] = '\0';
		}
		(void)pclose(p);
	}
	line[strcspn(line, "\n (")] = '\0';
	known[nknown].pc = pc;
	(void)snprintf(known[nknown].text, sizeof known[nknown].text, "%s",
	    line[0] == '\0' || line[0] == '?' ? "?" : tail_of(line));
	return known[nknown++].text;
}

const char *
wrx_where(struct wrx_site site, char *buf, size_t size)
{
	wrx_unseen_begin();
	if (site.file != NULL) {
		(void)snprintf(
		    buf, size, "%s:%d", tail_of(site.file), site.line);
	} else {
		(void)snprintf(
		    buf, size, "%s", site.pc != NULL ? resolve(site.pc) : "-");
	}
	wrx_unseen_end();
	return buf;
}

/* ---- objects ----------------------------------------------------------- */

static struct {
	const char *base;
	size_t size;
	const char *name;
	uint32_t epoch;
} named[64];
static unsigned nnamed;

static const void *numbered[512];
static unsigned nnumbered;

void
wrx_names_reset(void)
{
	nnumbered = 0;
}

void
x_name(const void *object, size_t size, const char *name)
{
	if (nnamed > 0 && named[nnamed - 1].epoch != wrx.epoch) {
		nnamed = 0;
	}
	if (nnamed < 64) {
		named[nnamed].base = object;
		named[nnamed].size = size;
		named[nnamed].name = name;
		named[nnamed].epoch = wrx.epoch;
		nnamed++;
	}
}

const char *
wrx_obj(const void *p, char *buf, size_t size)
{
	for (unsigned i = 0; i < nnamed; i++) {
		size_t off = (size_t)((uintptr_t)p - (uintptr_t)named[i].base);

		if (named[i].epoch == wrx.epoch && off < named[i].size) {
			(void)snprintf(buf, size, off == 0 ? "%s" : "%s+0x%zx",
			    named[i].name, off);
			return buf;
		}
	}
	if (p == NULL) {
		(void)snprintf(buf, size, "NULL");
		return buf;
	}
	if (wrx_mem_name(p, buf, size)) {
		return buf;
	}
	for (unsigned i = 0; i < 512; i++) {
		if (i == nnumbered) {
			numbered[nnumbered++] = p;
		}
		if (numbered[i] == p) {
			(void)snprintf(buf, size, "obj%u", i);
			return buf;
		}
	}
	(void)snprintf(buf, size, "?");
	return buf;
}

/* ---- the trace --------------------------------------------------------- */

void
wrx_note(const char *fmt, ...)
{
	char where[96];
	va_list ap;

	if (!wrx.trace) {
		return;
	}
	wrx_unseen_begin();
	(void)wrx_where(wrx.cur->site, where, sizeof where);
	printf("%5u %-12s %-28s ", wrx.steps, wrx.cur->name, where);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	wrx_unseen_end();
}

static const char *
order_name(int order)
{
	return order == WRI_RLX       ? "rlx"
	       : order == WRI_ACQ     ? "acq"
	       : order == WRI_REL     ? "rel"
	       : order == WRI_ACQ_REL ? "acq_rel"
				      : "sc";
}

static const char *
value_name(uint64_t x, enum wrx_kind kind, char *buf, size_t size)
{
	if (kind == WRX_PTR) {
		return wrx_obj((const void *)(uintptr_t)x, buf, size);
	}
	(void)snprintf(buf, size, "0x%" PRIx64, x);
	return buf;
}

void
wrx_note_rmw(const char *op, int order, const void *a, enum wrx_kind kind,
    const uint64_t *old, const uint64_t *new_)
{
	char obj[80], was[80], is[80];

	wrx_note("%s.%s %s%s%s%s%s", op, order_name(order),
	    wrx_obj(a, obj, sizeof obj), old != NULL ? " -> " : "",
	    old != NULL ? value_name(*old, kind, was, sizeof was) : "",
	    new_ != NULL ? " := " : "",
	    new_ != NULL ? value_name(*new_, kind, is, sizeof is) : "");
}

/* ---- the report -------------------------------------------------------- */

void
wrx_replay_line(void)
{
	const struct wrx_plan *p = &wrx.plan;

	printf("      replay: %s --test %s --seed %" PRIu64 " --strategy %s",
	    wrx_program, p->test->name, p->seed,
	    wrx_strategy_names[p->strategy]);
	if (p->strategy == WRX_PCT) {
		printf(" --len %u", p->len);
	}
	if (p->strategy == WRX_EXHAUST) {
		printf(" --bound %u --skip %" PRIu64, p->bound, p->skip);
	}
	printf("%s --trace\n", p->sb ? " --sb" : "");
}

static const char *const wait_names[] = {
    [WRX_FUTEX] = "a futex",
    [WRX_MTX] = "a mutex",
    [WRX_JOIN] = "the end of",
    [WRX_ALARM] = "an alarm",
    [WRX_LATCH] = "a latch",
    [WRX_SLEEP] = "the clock",
};

static void
report_wait(const struct wrx_fiber *f)
{
	char obj[96];

	printf("waits for %s ", wait_names[f->wait]);
	if (f->wait == WRX_JOIN) {
		printf("%s", ((const struct wrx_fiber *)f->obj)->name);
	} else if (f->wait != WRX_SLEEP) {
		printf("%s", wrx_obj(f->obj, obj, sizeof obj));
	}
	if (f->wait == WRX_FUTEX && wrx_bad(f->obj) == NULL) {
		printf(" (now 0x%x)", *(const uint32_t *)f->obj);
	}
	if (f->wait == WRX_MTX && wrx_bad(f->obj) == NULL) {
		uint32_t owner = ((const wri_mtx *)f->obj)->owner;

		printf(" held by %s",
		    owner > 0 ? wrx.fibers[owner - 1].name : "nobody");
	}
	if (f->until != WEIR_NEVER) {
		printf(" until +%lld ns", (long long)(f->until - wrx.now));
	}
}

static void
report_fiber(const struct wrx_fiber *f)
{
	char where[96], obj[96];

	printf("      %c %2d %-12s ", f == wrx.cur ? '>' : ' ', f->id, f->name);
	switch (f->state) {
	case WRX_NONE:
		break;
	case WRX_READY:
		printf("%s %s %s", f == wrx.cur ? "in" : "could go on with",
		    f->op,
		    f->obj != NULL ? wrx_obj(f->obj, obj, sizeof obj) : "");
		break;
	case WRX_BLOCKED:
		report_wait(f);
		break;
	case WRX_ENDED:
		printf("has ended%s\n", f->joined     ? ", joined"
					: f->detached ? ", detached"
						      : "");
		return;
	}
	printf(" at %s", wrx_where(f->site, where, sizeof where));
	if (f->locks > 0) {
		printf(", holds %u locks", f->locks);
	}
	if (f->npending > 0) {
		printf(", %u stores pending", f->npending);
	}
	printf("\n");
}

void
wrx_report(void)
{
	const struct wrx_plan *p = &wrx.plan;

	wrx_unseen_begin();
	printf("FAIL  %s  [%s]\n      %s: %s\n", p->test->name,
	    p->test->promise != NULL ? p->test->promise : "",
	    wrx.fail_kind != NULL ? wrx.fail_kind : "sanitizer",
	    wrx.fail_kind != NULL ? wrx.fail_text : "see its report");
	printf("      seed %" PRIu64 ", %s, %s, step %u, clock %lld\n", p->seed,
	    wrx_strategy_names[p->strategy], p->sb ? "store buffers" : "plain",
	    wrx.steps, (long long)wrx.now);
	for (int i = 0; i < wrx.nfibers; i++) {
		report_fiber(&wrx.fibers[i]);
	}
	wrx_replay_line();
	(void)fflush(stdout);
	wrx_unseen_end();
}
