/*
 * sched - steps, sleeping, the clock, the life of fibers and of a schedule.
 *
 * Purpose    wrx_step is called before each operation of the code under test;
 *            it may let another fiber run.  A fiber that cannot go on calls
 *            wrx_block.  Who runs next is choose.c's business.
 * Progress   when nobody can run, the clock goes to the earliest sleeper; when
 *            there is none, that is the deadlock we are looking for.
 * Bounds     X_FIBERS_MAX fibers (one 64-bit set), steps_max steps.
 * Proof      x_self.c: each failure is seen to be found
 */
#include "explorer/tsan.h"
#include "explorer/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

struct wrx_world wrx;

#define WRX_START_NS ((weir_time)1000000000)

/* ---- the clock --------------------------------------------------------- */

void
wrx_clock_hint(weir_time at)
{
	if (at != WEIR_NEVER) {
		wrx.hints[wrx.nhints++ % 8] = at;
	}
}

void
wrx_wake_due(void)
{
	for (int i = 0; i < wrx.nfibers; i++) {
		struct wrx_fiber *f = &wrx.fibers[i];

		if (f->state == WRX_BLOCKED && f->until <= wrx.now) {
			f->timed_out = true;
			f->state = WRX_READY;
			wrx.ready |= wrx_bit(i);
		}
	}
}

static void
clock_to(weir_time at, const char *why)
{
	if (at <= wrx.now) {
		return;
	}
	if (wrx.trace) {
		wrx_note("clock +%lld ns, %s", (long long)(at - wrx.now), why);
	}
	wrx.now = at;
	wrx_wake_due();
}

/* By chance: around a time that somebody spoke of, or anywhere. */
static void
clock_jump(void)
{
	uint64_t r = wrx_rng();
	weir_time at = wrx.hints[r >> 8 & 7];

	if ((r & 3) == 0 || at <= wrx.now) {
		at = wrx.now +
		     (weir_time)((r >> 16) % ((uint64_t)1 << (r % 31)));
	} else if ((r >> 2 & 3) == 0) {
		at += (r >> 4 & 1) != 0 ? 1 : -1;
	}
	clock_to(at, "by chance");
}

/* Nobody can run. */
static void
clock_to_sleeper(void)
{
	weir_time first = WEIR_NEVER;

	for (int i = 0; i < wrx.nfibers; i++) {
		const struct wrx_fiber *f = &wrx.fibers[i];

		if (f->state == WRX_BLOCKED && f->until < first) {
			first = f->until;
		}
	}
	if (first == WEIR_NEVER) {
		wrx_fail(
		    "deadlock", "all are blocked and nobody has a timeout");
	}
	if ((wrx.plan.test->options & X_NOTIME) != 0) {
		wrx_fail("time", "all are blocked, only a timeout helps");
	}
	clock_to(first, "nobody else can run");
}

/* ---- steps ------------------------------------------------------------- */

static void
switch_to(struct wrx_fiber *f)
{
	struct wrx_fiber *me = wrx.cur;

	if (f != me) {
		wrx.cur = f;
		wrx_ctx_switch(&me->ctx, &f->ctx);
	}
}

static void
spurious_wake(void)
{
	struct wrx_fiber *f = &wrx.fibers[wrx_rng() % (unsigned)wrx.nfibers];

	if (f->state == WRX_BLOCKED && f->wait == WRX_FUTEX) {
		if (wrx.trace) {
			wrx_note("spurious wake-up of %s", f->name);
		}
		f->state = WRX_READY;
		wrx.ready |= wrx_bit(f->id);
	}
}

/* What the world may do between two steps. */
static void
chance(void)
{
	uint64_t r = wrx_rng();

	if (wrx.pending != 0 && (r & wrx.sb_rate) == 0) {
		wrx_drain_one();
	}
	if ((r >> 8 & 63) == 0 && wrx.jumps) {
		clock_jump();
	}
	if ((r >> 16 & 63) == 0 && wrx.chaos_futex) {
		spurious_wake();
	}
}

static void
step(const char *op, const void *obj, struct wrx_site site, bool aside)
{
	struct wrx_fiber *me = wrx.cur;

	if (!wrx.running) {
		fprintf(stderr, "explorer: %s outside of a test body\n", op);
		abort();
	}
	wrx_raced();
	me->op = op;
	me->obj = obj;
	me->site = site;
	if (++wrx.steps > wrx.steps_max) {
		wrx_fail("livelock", "more than %u steps", wrx.steps_max);
	}
	if (wrx.plan.strategy != WRX_EXHAUST) {
		chance();
	}
	switch_to(wrx_pick(aside));
}

void
wrx_step(const char *op, const void *obj, struct wrx_site site)
{
	step(op, obj, site, false);
}

void
wrx_step_aside(const char *op, const void *obj, struct wrx_site site)
{
	step(op, obj, site, true);
}

/* The current fiber is not ready; return when it is, and runs. */
static void
run_others(void)
{
	while (wrx.ready == 0) {
		clock_to_sleeper();
	}
	switch_to(wrx_pick(false));
}

void
wrx_block(enum wrx_wait wait, const void *obj, weir_time until)
{
	struct wrx_fiber *me = wrx.cur;

	me->state = WRX_BLOCKED;
	me->wait = wait;
	me->obj = obj;
	me->until = until;
	me->timed_out = false;
	wrx.ready &= ~wrx_bit(me->id);
	wrx_clock_hint(until);
	if (wrx.trace) {
		wrx_note("%s: sleeps", me->op);
	}
	run_others();
}

unsigned
wrx_wake(enum wrx_wait wait, const void *obj, unsigned n)
{
	unsigned woken = 0;

	while (woken < n) {
		uint64_t set = 0;
		struct wrx_fiber *f;

		for (int i = 0; i < wrx.nfibers; i++) {
			f = &wrx.fibers[i];
			if (f->state == WRX_BLOCKED && f->wait == wait &&
			    f->obj == obj) {
				set |= wrx_bit(i);
			}
		}
		if (set == 0) {
			break;
		}
		f = wrx_choose_of(set);
		f->state = WRX_READY;
		wrx.ready |= wrx_bit(f->id);
		woken++;
	}
	return woken;
}

/* ---- fibers ------------------------------------------------------------ */

int
wrx_spawn(const char *name, void (*fn)(void *), void *arg)
{
	struct wrx_fiber *f;

	if (wrx.nfibers == X_FIBERS_MAX) {
		wrx_fail("limit", "more than %d fibers", X_FIBERS_MAX);
	}
	f = &wrx.fibers[wrx.nfibers++];
	f->state = WRX_READY;
	f->name[0] = '\0';
	strncat(f->name, name, sizeof f->name - 1);
	f->fn = fn;
	f->arg = arg;
	f->detached = f->joined = false;
	f->op = "start";
	f->obj = NULL;
	f->site = wrx_site_at(NULL, 0);
	f->prio = (uint32_t)(wrx_rng() >> 8) | 0x80000000u;
	f->locks = 0;
	f->npending = 0;
	memset(f->self, 0, sizeof f->self);
	wrx.ready |= wrx_bit(f->id);
	wrx_give(f);
	return f->id;
}

void
wrx_join(int id)
{
	struct wrx_fiber *f = &wrx.fibers[id];

	if (f->joined || f->detached) {
		wrx_fail("thread", "%s is joined, but was joined or detached",
		    f->name);
	}
	f->joined = true;
	while (f->state != WRX_ENDED) {
		wrx_block(WRX_JOIN, f, WEIR_NEVER);
	}
	wrx_take(f);
}

/* The body has returned: nobody may be left, nothing may be left. */
static void
end_of_body(void)
{
	for (int i = 1; i < wrx.nfibers; i++) {
		struct wrx_fiber *f = &wrx.fibers[i];

		if (!f->joined && !f->detached) {
			wrx_fail("thread", "%s was never joined", f->name);
		}
		while (f->state != WRX_ENDED) {
			wrx.cur->op = "end of body, waits for a detached fiber";
			wrx.cur->site = wrx_site_at(NULL, 0);
			wrx_block(WRX_JOIN, f, WEIR_NEVER);
		}
	}
	if (wrx.alarms != 0) {
		wrx_fail("alarm", "%d alarms were left open", wrx.alarms);
	}
	wrx_mem_end();
}

/* One life of a fiber; called again when a later schedule needs the slot. */
void
wrx_fiber_main(void)
{
	struct wrx_fiber *me = wrx.cur;

	wrx_life_begin(me);
	me->fn(me->arg);
	wrx_drain_last();
	wrx_raced();
	if (me->locks != 0) {
		wrx_fail("lock", "%s ended with a lock held", me->name);
	}
	if (me->id == 0) {
		end_of_body();
		wrx_life_end(me);
		me->state = WRX_ENDED;
		wrx_ctx_switch(&me->ctx, &wrx.hub);
		return;
	}
	if (wrx.trace) {
		wrx_note("ends");
	}
	wrx_life_end(me);
	me->state = WRX_ENDED;
	me->op = "end";
	wrx.ready &= ~wrx_bit(me->id);
	(void)wrx_wake(WRX_JOIN, me, UINT32_MAX);
	run_others();
}

/* ---- a schedule -------------------------------------------------------- */

static void
body(void *arg)
{
	(void)arg;
	wrx.plan.test->body();
}

/* Some schedules fail one of the first calls, some have no chaos at all. */
static void
draw(const struct x_test *test)
{
	uint64_t r = wrx_rng();
	unsigned len = wrx.plan.len > 0 ? wrx.plan.len : 64;
	bool calm = wrx.plan.strategy == WRX_EXHAUST;

	wrx.chaos_futex = (r & 1) != 0 && !calm;
	wrx.chaos_cas = (r & 2) != 0 && !calm;
	wrx.sb_overtake = (r & 4) != 0;
	wrx.sb_rate = (2u << (r >> 4 & 3) * 2) - 1; /* 1/2 .. 1/128 */
	wrx.jumps = (test->options & (X_NOTIME | X_NOJUMP)) == 0 && !calm;
	wrx.fail_thread = wrx.fail_alarm = 0;
	if ((test->options & X_FAIL_THREAD) != 0) {
		wrx.fail_thread = wrx_choose(6);
	}
	if ((test->options & X_FAIL_ALARM) != 0) {
		wrx.fail_alarm = wrx_choose(4);
	}
	wrx.npoints = 0;
	if (wrx.plan.strategy == WRX_PCT) {
		wrx.npoints = 1 + wrx_choose(4);
		for (unsigned i = 0; i < wrx.npoints; i++) {
			wrx.points[i] = 1 + wrx_choose(len);
		}
	}
}

static void
reset(const struct wrx_plan *plan)
{
	for (int i = 0; i < wrx.nfibers; i++) {
		wrx.fibers[i].state = WRX_NONE;
	}
	wrx.plan = *plan;
	wrx.epoch++;
	wrx_seed(plan->seed + ((uint64_t)plan->strategy << 56));
	wrx.ready = wrx.pending = 0;
	wrx.nfibers = 0;
	wrx.steps = wrx.preempts = wrx.nhints = 0;
	wrx.steps_max = plan->test->steps_max;
	if (wrx.steps_max == 0) {
		wrx.steps_max = WRX_STEPS_MAX;
	}
	wrx.prio_low = 0x80000000u;
	wrx.now = WRX_START_NS;
	memset(wrx.hints, 0, sizeof wrx.hints);
	wrx.alarms = 0;
	wrx.fail_kind = NULL;
	draw(plan->test);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	weir_misuse_set(NULL, NULL);
	wrx_mem_reset(plan->test);
	if (wrx.trace) {
		wrx_names_reset();
	}
}

bool
wrx_run(const struct wrx_plan *plan)
{
	reset(plan);
	wrx.running = true;
	wrx.cur = &wrx.fibers[wrx_spawn("main", body, NULL)];
	wrx_ctx_switch(&wrx.hub, &wrx.cur->ctx);
	wrx.running = false;
	if (wrx.fail_kind != NULL) {
		wrx_ctx_forget();
		return false;
	}
	return true;
}

/* End the schedule; all fibers stay where they are, for the report. */
void
wrx_fail(const char *kind, const char *fmt, ...)
{
	va_list ap;

	wrx.fail_kind = kind;
	wrx_unseen_begin();
	va_start(ap, fmt);
	(void)vsnprintf(wrx.fail_text, sizeof wrx.fail_text, fmt, ap);
	va_end(ap);
	wrx_unseen_end();
	if (!wrx.running) {
		fprintf(stderr, "explorer: outside of a test body: %s: %s\n",
		    kind, wrx.fail_text);
		abort();
	}
	wrx_ctx_switch(&wrx.cur->ctx, &wrx.hub);
	abort();
}
