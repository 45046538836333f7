/*
 * log - the log hook and the report of misuse.
 *
 * Purpose    lines for people, to the program's hook or to stderr.
 * Ownership  hook and argument are the program's; a line lives on the stack
 *            of the thread that logs.
 * Progress   a level that nobody wants costs one relaxed load.  Else a leaf
 *            lock to copy hook and argument as one pair, and the hook is
 *            called without it.
 * Bounds     a line of LOG_LINE_MAX bytes; longer ones are cut.
 * Proof      test/base/test_log.c
 */
#include "base/log.h"
#include "base/sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 512

static wri_mtx log_mtx = WRI_MTX_INIT;

/* log_mtx must be held when using these: */
static weir_log_fn log_fn = wri_log_stderr;
static void *log_arg;
static weir_misuse_fn log_misuse_fn;
static void *log_misuse_arg;

/* Any thread; WEIR_LOG_NONE when there is no hook. */
static wri_a32 log_level = {WEIR_LOG_WARN};

static const char *
log_level_name(weir_log_level level)
{
	switch (level) {
	case WEIR_LOG_NONE:
		return "none";
	case WEIR_LOG_ERR:
		return "err";
	case WEIR_LOG_WARN:
		return "warn";
	case WEIR_LOG_NOTICE:
		return "notice";
	case WEIR_LOG_INFO:
		return "info";
	case WEIR_LOG_DEBUG:
		return "debug";
	}
	return "?";
}

/* One write, so that lines of several threads do not mix. */
static void
log_write(char *line, size_t size)
{
	size_t len = strnlen(line, size - 1);

	line[len++] = '\n';
	/* There is no better place to complain about stderr. */
	if (write(STDERR_FILENO, line, len) < 0) {
		return;
	}
}

void
wri_log_stderr(void *arg, weir_log_level level, const char *line)
{
	char buf[LOG_LINE_MAX + 32];

	(void)arg;
	snprintf(buf, sizeof(buf), "weir: %s: %s", log_level_name(level), line);
	log_write(buf, sizeof(buf));
}

void
weir_log_set(weir_log_fn fn, void *arg, weir_log_level level)
{
	wri_mtx_lock(&log_mtx);
	log_fn = fn;
	log_arg = arg;
	/* Relaxed: a line near the change may go either way. */
	wri_store(
	    &log_level, fn == NULL ? WEIR_LOG_NONE : (uint32_t)level, WRI_RLX);
	wri_mtx_unlock(&log_mtx);
}

void
weir_misuse_set(weir_misuse_fn fn, void *arg)
{
	wri_mtx_lock(&log_mtx);
	log_misuse_fn = fn;
	log_misuse_arg = arg;
	wri_mtx_unlock(&log_mtx);
}

void
wri_log(weir_log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	weir_log_fn fn;
	void *arg;
	va_list ap;

	/* Relaxed: the lock carries the hook. */
	if ((uint32_t)level > wri_load(&log_level, WRI_RLX)) {
		return;
	}
	wri_mtx_lock(&log_mtx);
	fn = log_fn;
	arg = log_arg;
	wri_mtx_unlock(&log_mtx);
	if (fn == NULL) {
		return;
	}
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fn(arg, level, line);
}

void
wri_misuse(const char *call, const char *what, const char *tag,
    const char *state, const void *object)
{
	const weir_misuse misuse = {call, what, tag, state, object};
	char line[LOG_LINE_MAX];
	weir_misuse_fn fn;
	void *arg;

	wri_mtx_lock(&log_mtx);
	fn = log_misuse_fn;
	arg = log_misuse_arg;
	wri_mtx_unlock(&log_mtx);
	if (fn != NULL) {
		fn(arg, &misuse);
		return;
	}
	snprintf(line, sizeof(line),
	    "weir: misuse: %s: %s (aio %p, tag \"%s\", state %s)", call, what,
	    object, tag, state);
	log_write(line, sizeof(line));
	abort();
}
