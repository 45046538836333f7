/*
 * base - threads, alarm, clock, log and panic under the explorer; the x_ calls.
 *
 * Purpose    the rest of what lib/base/ declares, and explorer.h.
 * Rules      as the headers say.  A wake of an alarm is sticky; a watch that
 *            was moved before the sleeper saw it is forgotten, as with timerfd.
 * Proof      x_self.c
 */
#include "base/alarm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/thread.h"

#include "explorer/tsan.h"
#include "explorer/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- thread.h ---------------------------------------------------------- */

static bool
fails_now(unsigned *countdown)
{
	return *countdown > 0 && --*countdown == 0;
}

weir_err
wri_thread_start(wri_thread *t, const char *name, void (*fn)(void *), void *arg)
{
	wrx_step("thread_start", t, WRX_PC);
	wrx_drain(wrx.cur);
	if (fails_now(&wrx.fail_thread)) {
		wrx_note("thread_start %s fails", name);
		return WEIR_EAGAIN;
	}
	*t = (wri_thread){
	    .fiber = (uint32_t)wrx_spawn(name, fn, arg),
	    .epoch = wrx.epoch,
	};
	wrx_note("thread_start %s", name);
	return WEIR_OK;
}

static int
thread_fiber(const wri_thread *t)
{
	if (t->epoch != wrx.epoch || t->fiber >= (uint32_t)wrx.nfibers) {
		wrx_fail("thread", "%s of no thread", wrx.cur->op);
	}
	return (int)t->fiber;
}

void
wri_thread_join(wri_thread *t)
{
	wrx_step("join", t, WRX_PC);
	wrx_drain(wrx.cur);
	wrx_join(thread_fiber(t));
	wrx_note("join: done");
}

void
wri_thread_detach(wri_thread *t)
{
	struct wrx_fiber *f;

	wrx_step("detach", t, WRX_PC);
	f = &wrx.fibers[thread_fiber(t)];
	if (f->joined || f->detached) {
		wrx_fail("thread", "%s is detached a second time", f->name);
	}
	f->detached = true;
}

void
wri_thread_fail_at(unsigned n)
{
	wrx.fail_thread = n;
}

/* ---- alarm.h ----------------------------------------------------------- */

static void
alarm_check(const wri_alarm *a)
{
	wrx_check(a);
	if (a->open != wrx.epoch) {
		wrx_fail(
		    "alarm", "%s of an alarm that is not open", wrx.cur->op);
	}
}

weir_err
wri_alarm_init(wri_alarm *a)
{
	wrx_step("alarm_init", a, WRX_PC);
	wrx_check(a);
	if (fails_now(&wrx.fail_alarm)) {
		wrx_note("alarm_init fails");
		return WEIR_ENOFILES;
	}
	*a = (wri_alarm){.open = wrx.epoch};
	wrx.alarms++;
	return WEIR_OK;
}

void
wri_alarm_fini(wri_alarm *a)
{
	wrx_step("alarm_fini", a, WRX_PC);
	alarm_check(a);
	for (int i = 0; i < wrx.nfibers; i++) {
		const struct wrx_fiber *f = &wrx.fibers[i];

		if (f->state == WRX_BLOCKED && f->obj == a) {
			wrx_fail("alarm", "fini while %s sleeps", f->name);
		}
	}
	a->open = 0;
	wrx.alarms--;
}

/* What has happened by now; takes it. */
static unsigned
alarm_take(wri_alarm *a, weir_time until)
{
	unsigned why = 0;

	if (until <= wrx.now) {
		why |= WRI_ALARM_DEADLINE;
	}
	if (a->woken != 0) {
		why |= WRI_ALARM_WAKE;
		a->woken = 0;
	}
	if (a->watch != 0 && a->watch <= wrx.now) {
		why |= WRI_ALARM_WATCH;
		a->watch = 0;
	}
	return why;
}

unsigned
wri_alarm_wait(wri_alarm *a, weir_time until)
{
	unsigned why;

	wrx_step("alarm_wait", a, WRX_PC);
	alarm_check(a);
	wrx_drain(wrx.cur);
	while ((why = alarm_take(a, until)) == 0) {
		weir_time first = until;

		if (wrx.chaos_futex && (wrx_rng() & 15) == 0) {
			break; /* 0: for no reason */
		}
		if (a->watch != 0 && a->watch < first) {
			first = a->watch;
		}
		wrx_block(WRX_ALARM, a, first);
		alarm_check(a);
	}
	wrx_note("alarm_wait: %s%s%s%s", why == 0 ? "no reason" : "",
	    (why & WRI_ALARM_DEADLINE) != 0 ? "deadline " : "",
	    (why & WRI_ALARM_WAKE) != 0 ? "wake " : "",
	    (why & WRI_ALARM_WATCH) != 0 ? "watch" : "");
	return why;
}

void
wri_alarm_wake(wri_alarm *a)
{
	wrx_step("alarm_wake", a, WRX_PC);
	alarm_check(a);
	wrx_drain(wrx.cur);
	a->woken = 1;
	wrx_note("alarm_wake: %u woken", wrx_wake(WRX_ALARM, a, 1));
}

void
wri_alarm_watch(wri_alarm *a, weir_time at)
{
	wrx_step("alarm_watch", a, WRX_PC);
	alarm_check(a);
	wrx_drain(wrx.cur);
	a->watch = at;
	if (at != 0) {
		wrx_clock_hint(at);
	}
	wrx_note("alarm_watch := %lld", (long long)at);
	(void)wrx_wake(WRX_ALARM, a, 1); /* its loop sleeps to the new time */
}

/* ---- clock.h, mem.h's neighbours --------------------------------------- */

weir_time
wri_now(void)
{
	wrx_step("now", NULL, WRX_PC);
	if (wrx.plan.strategy == WRX_EXHAUST || (wrx_rng() & 1) != 0) {
		wrx.now++;
		wrx_wake_due();
	}
	wrx_note("now -> %lld", (long long)wrx.now);
	return wrx.now;
}

weir_time
weir_now(void)
{
	return wri_now();
}

/* ---- log.h, panic.h ---------------------------------------------------- */

static struct {
	weir_log_fn log;
	void *log_arg;
	weir_log_level level;
	weir_misuse_fn misuse;
	void *misuse_arg;
} hooks;

void
weir_log_set(weir_log_fn fn, void *arg, weir_log_level level)
{
	hooks.log = fn;
	hooks.log_arg = arg;
	hooks.level = level;
}

void
weir_misuse_set(weir_misuse_fn fn, void *arg)
{
	hooks.misuse = fn;
	hooks.misuse_arg = arg;
}

void
wri_log_stderr(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	wrx_note("log %d: %s", (int)level, line);
}

/* log.h: never with a lock held. */
static void
check_unlocked(const char *call)
{
	if (wrx.cur->locks > 0) {
		wrx_fail("lock", "%s under a lock", call);
	}
}

void
wri_log(weir_log_level level, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	check_unlocked("wri_log");
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (hooks.log == NULL) {
		wri_log_stderr(NULL, level, line);
	}
	if (hooks.log != NULL && level <= hooks.level) {
		hooks.log(hooks.log_arg, level, line);
	}
}

void
wri_misuse_after(weir_misuse *m, void *notes, enum wri_note kind)
{
	(void)notes;
	(void)kind;
	wri_misuse(m->call, m->what, m->tag, m->state, m->object);
}

void
wri_misuse(const char *call, const char *what, const char *tag,
    const char *state, const void *object)
{
	weir_misuse m = {
	    .call = call,
	    .what = what,
	    .tag = tag,
	    .state = state,
	    .object = object,
	};

	check_unlocked("wri_misuse");
	wrx_note("misuse: %s: %s (tag %s, state %s)", call, what, tag, state);
	if (hooks.misuse == NULL) {
		wrx_fail("misuse", "%s: %s (tag %s, state %s)", call, what, tag,
		    state);
	}
	hooks.misuse(hooks.misuse_arg, &m);
}

void
wri_panic(const char *file, int line, const char *fmt, ...)
{
	char text[256], where[96];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	wrx_fail("panic", "%s: %s",
	    wrx_where(wrx_site_at(file, line), where, sizeof where), text);
}

/* ---- explorer.h -------------------------------------------------------- */

int
wrx_x_spawn(
    const char *name, void (*fn)(void *), void *arg, const char *file, int line)
{
	wrx_step("x_spawn", NULL, wrx_site_at(file, line));
	wrx_drain(wrx.cur);
	return wrx_spawn(name, fn, arg);
}

void
wrx_x_join(int fiber, const char *file, int line)
{
	wrx_step("x_join", NULL, wrx_site_at(file, line));
	wrx_drain(wrx.cur);
	if (fiber <= 0 || fiber >= wrx.nfibers) {
		wrx_fail("thread", "x_join of no fiber");
	}
	wrx_join(fiber);
}

static void
latch_op(const char *op, x_latch *l, struct wrx_site site)
{
	wrx_step(op, l, site);
	wrx_check(l);
	wrx_drain(wrx.cur);
	(void)x_count(l);
}

void
wrx_x_open(x_latch *l, const char *file, int line)
{
	latch_op("x_open", l, wrx_site_at(file, line));
	l->count++;
	wrx_give(l);
	wrx_note("x_open: %u", l->count);
	(void)wrx_wake(WRX_LATCH, l, UINT32_MAX);
}

void
wrx_x_await(x_latch *l, uint32_t n, const char *file, int line)
{
	latch_op("x_await", l, wrx_site_at(file, line));
	while (l->count < n) {
		wrx_block(WRX_LATCH, l, WEIR_NEVER);
	}
	wrx_take(l);
}

uint32_t
x_count(x_latch *l)
{
	if (l->epoch != wrx.epoch) {
		l->epoch = wrx.epoch;
		l->count = 0;
	}
	return l->count;
}

unsigned
x_rand(unsigned n)
{
	return wrx_choose(n);
}

weir_time
x_time(void)
{
	return wrx.now;
}

void
x_time_hint(weir_time at)
{
	wrx_clock_hint(at);
}

void
wrx_x_sleep(weir_time at, const char *file, int line)
{
	wrx_step("x_sleep", NULL, wrx_site_at(file, line));
	wrx_drain(wrx.cur);
	if (at > wrx.now) {
		wrx_block(WRX_SLEEP, NULL, at);
	}
}

unsigned
x_locks(void)
{
	return wrx.cur->locks;
}

void
wrx_point(const char *file, int line)
{
	wrx_step("x_point", NULL, wrx_site_at(file, line));
}

void
x_fail(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	wrx_fail("assert", "%s", text);
}

void
wrx_assert(const char *cond, const char *file, int line)
{
	char where[96];

	wrx_fail("assert", "%s at %s", cond,
	    wrx_where(wrx_site_at(file, line), where, sizeof where));
}

void
x_trace(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (wrx.trace) {
		va_start(ap, fmt);
		(void)vsnprintf(text, sizeof text, fmt, ap);
		va_end(ap);
		wrx_note("%s", text);
	}
}
