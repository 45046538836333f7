/*
 * log - the log hook, the report of misuse, and the one way to die.
 *
 * Purpose    lines for people, to the program's hook or to stderr; a broken
 *            invariant ends the process while its traces are fresh.
 * Ownership  hook and argument are the program's; a line lives on the stack of
 *            its thread, because the heap or a lock of stdio may be what is
 *            broken.
 * Progress   a level that nobody wants costs one relaxed load.  Else a leaf
 *            lock to copy hook and argument as one pair, and the hook is
 *            called without it.  A panic takes no lock.
 * Fork       a child may find the lock taken: weir_log does nothing there; the
 *            rest of weir gives WEIR_EFORK before it has something to say.
 * Bounds     a line of WEIR_LOG_LINE_MAX bytes; longer ones are cut.
 * Proof      test/base/test_log.c
 */
#include "base/log.h"
#include "base/life.h"
#include "base/panic.h"
#include "base/sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX (WEIR_LOG_LINE_MAX + 1)

struct log_hooks {
	weir_log_fn log_fn;
	void *log_arg;
	weir_misuse_fn misuse_fn;
	void *misuse_arg;
	weir_call_name_fn name_fn;
};

static wri_mtx log_mtx = WRI_MTX_INIT;
static struct log_hooks log_hooks = {.log_fn = wri_log_stderr}; /* log_mtx */

/* Any thread; WEIR_LOG_NONE when there is no hook. */
static wri_a32 log_level = {WEIR_LOG_WARN};

static const char *const log_level_names[] = {
    [WEIR_LOG_NONE] = "none",
    [WEIR_LOG_ERR] = "err",
    [WEIR_LOG_WARN] = "warn",
    [WEIR_LOG_NOTICE] = "notice",
    [WEIR_LOG_INFO] = "info",
    [WEIR_LOG_DEBUG] = "debug",
};

/* One write, so that lines of several threads do not mix. */
static void
log_write(const char *what, const char *line)
{
	char buf[2 * LOG_LINE_MAX + 32]; /* room for what is not the line */
	int len = snprintf(
	    buf, sizeof(buf), "weir: %s: %.*s\n", what, 2 * LOG_LINE_MAX, line);

	/* There is no better place to complain about stderr. */
	(void)!write(STDERR_FILENO, buf, (size_t)len);
}

void
wri_log_stderr(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	log_write(log_level_names[level], line);
}

void
wri_log_set_level(weir_log_level level)
{
	/* Relaxed: a line near the change may go either way. */
	wri_store(&log_level, (uint32_t)level, WRI_RLX);
}

void
weir_log_set(weir_log_fn fn, void *arg, weir_log_level level)
{
	wri_mtx_lock(&log_mtx);
	log_hooks.log_fn = fn;
	log_hooks.log_arg = arg;
	wri_log_set_level(fn == NULL ? WEIR_LOG_NONE : level);
	wri_mtx_unlock(&log_mtx);
}

void
weir_misuse_set(weir_misuse_fn fn, void *arg)
{
	wri_mtx_lock(&log_mtx);
	log_hooks.misuse_fn = fn;
	log_hooks.misuse_arg = arg;
	wri_mtx_unlock(&log_mtx);
}

void
weir_misuse_set_names(weir_call_name_fn fn)
{
	wri_mtx_lock(&log_mtx);
	log_hooks.name_fn = fn;
	wri_mtx_unlock(&log_mtx);
}

weir_log_level
weir_log_get_level(void)
{
	/* Relaxed: as in wri_log_set_level. */
	return (weir_log_level)wri_load(&log_level, WRI_RLX);
}

static struct log_hooks
hooks_now(void)
{
	struct log_hooks hooks;

	wri_mtx_lock(&log_mtx);
	hooks = log_hooks;
	wri_mtx_unlock(&log_mtx);
	return hooks;
}

static void log_line(weir_log_level level, const char *fmt, va_list ap)
    WEIR_PRINTF(2, 0);

static void
log_line(weir_log_level level, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	struct log_hooks hooks;

	/* Relaxed: the lock carries the hook. */
	if ((uint32_t)level > wri_load(&log_level, WRI_RLX)) {
		return;
	}
	hooks = hooks_now();
	if (hooks.log_fn == NULL) {
		return;
	}
	vsnprintf(line, sizeof(line), fmt, ap);
	hooks.log_fn(hooks.log_arg, level, line);
}

void
wri_log(weir_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

void
weir_log(weir_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level < WEIR_LOG_ERR || level > WEIR_LOG_DEBUG || fmt == NULL ||
	    wri_life_forked()) {
		return;
	}
	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

const char *
wri_call_name(const char *call)
{
	weir_call_name_fn fn = hooks_now().name_fn;

	return fn != NULL ? fn(call) : call;
}

void
wri_misuse(const char *call, const char *what, const char *tag,
    const char *state, const void *object)
{
	weir_misuse misuse = {call, what, tag, state, object, ""};

	wri_misuse_after(&misuse, NULL, WRI_NOTES);
}

void
wri_misuse_after(weir_misuse *m, void *notes, enum wri_note kind)
{
	const struct wri_check_ops *ops = wri_check_ops();
	const struct log_hooks hooks = hooks_now();
	char line[2 * LOG_LINE_MAX], sites[LOG_LINE_MAX] = "";

	if (ops != NULL) {
		ops->text(m->object, notes, kind, sites, sizeof(sites));
	}
	m->sites = sites;
	m->call = wri_call_name(m->call);
	if (hooks.misuse_fn != NULL) {
		hooks.misuse_fn(hooks.misuse_arg, m);
		return;
	}
	snprintf(line, sizeof(line), "%s: %s (aio %p, tag \"%s\", state %s)%s",
	    m->call, m->what, m->object, m->tag, m->state, sites);
	log_write("misuse", line);
	abort();
}

void
wri_panic(const char *file, int line, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	size_t len;
	va_list ap;

	snprintf(text, sizeof(text), "%s:%d: ", file, line);
	len = strlen(text);
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	log_write("panic", text);
	abort();
}
