/*
 * log - the log hook and the report of misuse.
 *
 * Rules      never on a hot path, never with a lock held.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <weir/attr.h>
#include <weir/log.h>
#include <weir/weir.h>

#include "base/check.h"

/* One line of ours; formatted only when somebody listens. */
void wri_log(weir_log_level level, const char *fmt, ...) WEIR_PRINTF(2, 3);

/* The default hook: "weir: LEVEL: LINE" on stderr. */
void wri_log_stderr(void *arg, weir_log_level level, const char *line);

/* What is logged from now on, to whatever hook there is. */
void wri_log_set_level(weir_log_level level);

/*
 * A mistake of the program: to the hook, which may return; without a hook one
 * line on stderr and abort.
 */
void wri_misuse(const char *call, const char *what, const char *tag,
    const char *state, const void *object);
/* The same, and the call of this kind that it conflicts with; notes as for the
 * text of base/check.h.  Writes call and sites. */
void wri_misuse_after(weir_misuse *misuse, void *notes, enum wri_note kind);
/* By what name the program knows a call of ours. */
const char *wri_call_name(const char *call);

#endif
