/*
 * line - a line of the log that shows foreign text.
 *
 * Ownership  the caller's memory; begins as {0}.
 */
#ifndef LINE_H
#define LINE_H

#include <weir/attr.h>

#include <stddef.h>

#define WRI_LINE_BYTES 480 /* of the log; what is longer is cut */

struct wri_line {
	size_t len;
	char text[WRI_LINE_BYTES];
};

void wri_line_add(struct wri_line *l, const char *fmt, ...) WEIR_PRINTF(2, 3);
/* Foreign text, so that a terminal shows it, and no byte of it can pass for
 * something else. */
void wri_line_add_escaped(struct wri_line *l, const char *text, size_t len);
/* "text", cut to what is worth showing. */
void wri_line_add_quoted(struct wri_line *l, const char *text);

#endif
