/*
 * line - a line of the log that shows foreign text.
 *
 * Bounds     WRI_LINE_BYTES; of a quoted text VALUE_SHOWN bytes are shown.
 * Proof      test/weir/test_params.c
 */
#include "line.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VALUE_SHOWN 40

void
wri_line_add(struct wri_line *l, const char *fmt, ...)
{
	size_t room = sizeof(l->text) - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0) {
		l->len += (size_t)n < room ? (size_t)n : room - 1;
	}
}

void
wri_line_add_escaped(struct wri_line *l, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f) {
			wri_line_add(l, "\\x%02x", c);
		} else if (c == '"' || c == '\\') {
			wri_line_add(l, "\\%c", c);
		} else {
			wri_line_add(l, "%c", c);
		}
	}
}

void
wri_line_add_quoted(struct wri_line *l, const char *text)
{
	size_t len = strnlen(text, VALUE_SHOWN + 1);
	bool cut = len > VALUE_SHOWN;

	wri_line_add(l, "\"");
	wri_line_add_escaped(l, text, cut ? VALUE_SHOWN : len);
	wri_line_add(l, cut ? "\"..." : "\"");
}
