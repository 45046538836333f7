/*
 * ops - atomics, store buffers, mutex, futex, yield.
 *
 * Purpose    each operation is one step: others may run before it, nobody
 *            during it.
 * Rules      Store buffers (plan.sb): a store weaker than seq_cst waits in its
 *            fiber's list, is seen by the fiber's own loads, and reaches the
 *            others later.  Read-modify-write, mutex and futex calls, seq_cst
 *            stores, start and join, free and the fiber's end empty the list.
 *            In half of these schedules relaxed stores may overtake others to
 *            other addresses; a release store never overtakes.  Stores to the
 *            fiber's own stack do not wait: the frame may be gone by then.
 * Bounds     WRX_SB_MAX stores wait; one more drains the oldest.
 * Proof      x_self.c
 */
#include "explorer/tsan.h"
#include "explorer/world.h"

#include <string.h>

/* Where the operation was called from. */
#define RETURN __builtin_return_address(0)

/* ---- memory ------------------------------------------------------------ */

/* The i-th pending store of f becomes visible. */
static void
show(struct wrx_fiber *f, unsigned i)
{
	struct wrx_pending *p = &f->pending[i];
	const char *bad = wrx_bad(p->a);
	char buf[128];

	if (bad != NULL) {
		wrx_fail("uaf", "a pending store of %s, made at %s, hits %s",
		    f->name, wrx_where(p->site, buf, sizeof buf), bad);
	}
	wrx_atomic_drain(f, p->a, p->kind, p->x, p->order);
	if (wrx.trace) {
		wrx_note("drain of %s: %s := 0x%llx", f->name,
		    wrx_obj(p->a, buf, sizeof buf), (unsigned long long)p->x);
	}
	f->npending--;
	wrx_unseen_begin();
	memmove(p, p + 1, (f->npending - i) * sizeof *p);
	wrx_unseen_end();
	if (f->npending == 0) {
		wrx.pending &= ~wrx_bit(f->id);
	}
}

void
wrx_drain(struct wrx_fiber *f)
{
	while (f->npending > 0) {
		show(f, 0);
	}
}

static bool
may_overtake(const struct wrx_fiber *f, unsigned i)
{
	if (f->pending[i].order != WRI_RLX) {
		return false;
	}
	for (unsigned j = 0; j < i; j++) {
		if (f->pending[j].a == f->pending[i].a) {
			return false;
		}
	}
	return true;
}

/* One store of some fiber becomes visible; there is one. */
void
wrx_drain_one(void)
{
	struct wrx_fiber *f = wrx_choose_of(wrx.pending);
	unsigned i = 0;

	if (wrx.sb_overtake) {
		i = wrx_choose(f->npending);
		if (!may_overtake(f, i)) {
			i = 0;
		}
	}
	show(f, i);
}

void
wrx_drain_last(void)
{
	struct wrx_fiber *me = wrx.cur;

	if (me->npending > 0) {
		wrx_step(me->op, me->obj, me->site);
		wrx_drain(me);
	}
}

static void
delay(struct wrx_fiber *me, void *a, enum wrx_kind kind, uint64_t x, int order)
{
	if (me->npending == WRX_SB_MAX) {
		show(me, 0);
	}
	me->pending[me->npending++] = (struct wrx_pending){
	    .a = a,
	    .x = x,
	    .kind = kind,
	    .order = order,
	    .site = me->site,
	};
	wrx.pending |= wrx_bit(me->id);
}

/* ---- atomics ----------------------------------------------------------- */

/* What the fiber itself has stored to a, if that still waits. */
static bool
own_pending(const struct wrx_fiber *me, const void *a, uint64_t *x)
{
	for (unsigned i = me->npending; i-- > 0;) {
		if (me->pending[i].a == a) {
			*x = me->pending[i].x;
			return true;
		}
	}
	return false;
}

uint64_t
wrx_load(
    const void *a, enum wrx_kind kind, int order, const char *file, int line)
{
	struct wrx_fiber *me;
	uint64_t x;

	wrx_step("load", a, wrx_site_at(file, line));
	wrx_check(a);
	me = wrx.cur;
	if (!own_pending(me, a, &x)) {
		x = wrx_atomic_load(a, kind, order, RETURN);
	}
	if (wrx.trace) {
		wrx_note_rmw("load", order, a, kind, &x, NULL);
	}
	return x;
}

void
wrx_store(void *a, enum wrx_kind kind, uint64_t x, int order, const char *file,
    int line)
{
	struct wrx_fiber *me;

	wrx_step("store", a, wrx_site_at(file, line));
	wrx_check(a);
	me = wrx.cur;
	if (wrx.trace) {
		wrx_note_rmw("store", order, a, kind, NULL, &x);
	}
	if (wrx.plan.sb && order != WRI_SC && wrx_ctx_owner(a) != me->id) {
		delay(me, a, kind, x, order);
		return;
	}
	wrx_drain(me);
	wrx_atomic_store(a, kind, x, order, RETURN);
}

static const char *const rmw_names[] = {"xchg", "add", "sub", "or", "and"};

uint64_t
wrx_rmw(void *a, enum wrx_kind kind, enum wrx_rmw op, uint64_t x, int order,
    const char *file, int line)
{
	uint64_t old;

	wrx_step(rmw_names[op], a, wrx_site_at(file, line));
	wrx_check(a);
	wrx_drain(wrx.cur);
	old = wrx_atomic_rmw(a, kind, op, x, order, RETURN);
	if (wrx.trace) {
		x = wrx_peek(a, kind);
		wrx_note_rmw(rmw_names[op], order, a, kind, &old, &x);
	}
	return old;
}

bool
wrx_cas(void *a, enum wrx_kind kind, void *seen, uint64_t x, bool weak,
    int order, const char *file, int line)
{
	uint64_t want = wrx_peek(seen, kind);
	uint64_t old = want;
	bool same = true;

	wrx_step(weak ? "cas_weak" : "cas", a, wrx_site_at(file, line));
	wrx_check(a);
	wrx_drain(wrx.cur);
	if (weak && wrx.chaos_cas && wrx_peek(a, kind) == want &&
	    (wrx_rng() & 15) == 0) {
		same = false;
	} else {
		old = wrx_atomic_cas(a, kind, want, x, order, RETURN);
		same = old == want;
	}
	if (wrx.trace) {
		wrx_note_rmw(weak ? "cas_weak" : "cas", order, a, kind, &old,
		    same ? &x : NULL);
	}
	if (!same) {
		wrx_poke(seen, kind, old);
	}
	return same;
}

/* ---- mutex ------------------------------------------------------------- */

static void
mtx_op(const char *op, wri_mtx *m, const char *file, int line)
{
	wrx_step(op, m, wrx_site_at(file, line));
	wrx_check(m);
	wrx_drain(wrx.cur);
	if (m->epoch != wrx.epoch) { /* left over from an older schedule */
		m->epoch = wrx.epoch;
		m->owner = 0;
	}
}

static uint32_t
me_as_owner(void)
{
	return (uint32_t)wrx.cur->id + 1;
}

static void
mtx_take(wri_mtx *m)
{
	if ((wrx.plan.test->options & X_LEAF) != 0 && wrx.cur->locks > 0) {
		wrx_fail("lock", "a second lock under a leaf lock");
	}
	m->owner = me_as_owner();
	wrx.cur->locks++;
	wrx_take(m);
	if (wrx.trace) {
		char buf[64];

		wrx_note("lock %s", wrx_obj(m, buf, sizeof buf));
	}
}

void
wrx_mtx_init(wri_mtx *m, const char *file, int line)
{
	(void)file;
	(void)line;
	wrx_check(m);
	m->owner = 0;
	m->epoch = wrx.epoch;
}

void
wrx_mtx_fini(wri_mtx *m, const char *file, int line)
{
	mtx_op("mtx_fini", m, file, line);
	if (m->owner != 0) {
		wrx_fail("lock", "fini of a mutex that %s holds",
		    wrx.fibers[m->owner - 1].name);
	}
}

void
wrx_mtx_lock(wri_mtx *m, const char *file, int line)
{
	mtx_op("lock", m, file, line);
	while (m->owner != 0) {
		if (m->owner == me_as_owner()) {
			wrx_fail("lock", "its owner locks it again");
		}
		wrx_block(WRX_MTX, m, WEIR_NEVER);
		wrx_check(m);
	}
	mtx_take(m);
}

void
wrx_mtx_unlock(wri_mtx *m, const char *file, int line)
{
	mtx_op("unlock", m, file, line);
	if (m->owner != me_as_owner()) {
		wrx_fail("lock", "unlock by a stranger, the owner is %s",
		    m->owner == 0 ? "nobody" : wrx.fibers[m->owner - 1].name);
	}
	if (wrx.trace) {
		char buf[64];

		wrx_note("unlock %s", wrx_obj(m, buf, sizeof buf));
	}
	wrx_give(m);
	m->owner = 0;
	wrx.cur->locks--;
	(void)wrx_wake(WRX_MTX, m, UINT32_MAX);
}

/* ---- futex, yield, self ------------------------------------------------ */

bool
wrx_futex_wait(
    wri_a32 *w, uint32_t value, weir_time until, const char *file, int line)
{
	wrx_step("futex_wait", w, wrx_site_at(file, line));
	wrx_check(w);
	wrx_drain(wrx.cur);
	if (w->v != value) {
		if (wrx.trace) {
			wrx_note("futex_wait: the word is 0x%x already", w->v);
		}
		return true;
	}
	if (wrx.chaos_futex && (wrx_rng() & 15) == 0) {
		if (wrx.trace) {
			wrx_note("futex_wait: returns without cause");
		}
		return true;
	}
	if (until <= wrx.now) {
		return false;
	}
	wrx_block(WRX_FUTEX, w, until);
	if (wrx.trace) {
		wrx_note("futex_wait: %s",
		    wrx.cur->timed_out ? "timed out" : "woken");
	}
	return !wrx.cur->timed_out;
}

void
wrx_futex_wake(wri_a32 *w, int n, const char *file, int line)
{
	unsigned woken;

	/* No wrx_check: a wake touches nothing behind w. */
	wrx_step("futex_wake", w, wrx_site_at(file, line));
	wrx_drain(wrx.cur);
	woken = wrx_wake(WRX_FUTEX, w, n > 0 ? (unsigned)n : 0);
	if (wrx.trace) {
		char buf[64];

		wrx_note("futex_wake %s: %u woken", wrx_obj(w, buf, sizeof buf),
		    woken);
	}
}

void
wrx_yield(const char *file, int line)
{
	wrx_step_aside("yield", NULL, wrx_site_at(file, line));
	if (wrx.trace) {
		wrx_note("yield");
	}
}

void *
wri_self_get(enum wri_self_slot slot)
{
	return wrx.cur->self[slot];
}

void
wri_self_set(enum wri_self_slot slot, void *value)
{
	wrx.cur->self[slot] = value;
}
