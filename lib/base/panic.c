/*
 * panic - the one way to die.
 *
 * Purpose    a broken invariant ends the process while its traces are fresh.
 * Ownership  nothing; the line is built on the stack, because the heap or a
 *            lock of stdio may be what is broken.
 * Bounds     a line of PANIC_LINE_MAX bytes; longer ones are cut.
 * Proof      test/base/test_log.c
 */
#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PANIC_LINE_MAX 512

void
wri_panic(const char *file, int line, const char *fmt, ...)
{
	char buf[PANIC_LINE_MAX];
	size_t len;
	va_list ap;

	/* One byte stays free for the newline. */
	snprintf(buf, sizeof(buf) - 1, "weir: panic: %s:%d: ", file, line);
	len = strlen(buf);
	va_start(ap, fmt);
	vsnprintf(buf + len, sizeof(buf) - 1 - len, fmt, ap);
	va_end(ap);
	len = strlen(buf);
	buf[len++] = '\n';
	/* Nobody is left to hear that stderr is gone. */
	if (write(STDERR_FILENO, buf, len) < 0) {
		abort();
	}
	abort();
}
