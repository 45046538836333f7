/*
 * log - lines for people: weir's own, and the program's.
 *
 * Purpose    one road, one function of the program at its end.
 * Ownership  a line belongs to the call that logs it.
 * Bounds     WEIR_LOG_LINE_MAX; longer lines are cut.
 *
 * The calls may be made at any time, also before weir_init; what was set stays
 * over weir_fini.
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <weir/attr.h>

WEIR_BEGIN_DECLS

/** Bytes of a line, without its NUL. */
#define WEIR_LOG_LINE_MAX 511

/** How much a log line matters; the numbers are those of syslog(3). */
typedef enum weir_log_level {
	WEIR_LOG_NONE = 0,
	WEIR_LOG_ERR = 3,
	WEIR_LOG_WARN = 4,
	WEIR_LOG_NOTICE = 5,
	WEIR_LOG_INFO = 6,
	WEIR_LOG_DEBUG = 7,
} weir_log_level;

/** Gets one line, without newline; valid during the call. */
typedef void (*weir_log_fn)(void *arg, weir_log_level level, const char *line);

/**
 * Choose where log lines go and how many.  May be called before weir_init.
 *
 * @param fn     called on the thread that logs, with no lock held; NULL: no
 *               log.  Default: stderr, as "weir: LEVEL: LINE".
 * @param arg    borrowed until changed.
 * @param level  up to this one.  Default WEIR_LOG_WARN.
 *
 * Threads     MT-Safe; a call under way on another thread may still use the
 *             old function.  Not in a forked child: another thread may have
 *             been in this call at the fork.
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_log_set(weir_log_fn fn, void *arg, weir_log_level level);

/**
 * The level in force: lines up to it are logged.
 *
 * Result      what weir_log_set or weir_init said last; WEIR_LOG_NONE if
 *             weir_log_set was given no function
 * Threads     MT-Safe
 * Blocks      never
 * Since       0.1
 */
WEIR_API weir_log_level weir_log_get_level(void);

/**
 * Log a line, for programs and providers.  It takes the road of weir's own.
 *
 * @param level  [WEIR_LOG_ERR..WEIR_LOG_DEBUG]; others: nothing happens.
 *               Above the level in force it costs one look, and nothing is
 *               formatted.
 * @param fmt    printf(3), without newline; longer lines than WEIR_LOG_LINE_MAX
 *               are cut.  NULL: nothing happens.
 *
 * Threads     MT-Safe.  In a child forked after weir_init nothing happens.
 * Blocks      briefly; and as the function of weir_log_set does
 * Callback    may be called from any, also from the function itself, whose
 *             matter the recursion is.  With a lock held it is a bad idea.
 * Since       0.1
 */
WEIR_API void weir_log(weir_log_level level, const char *fmt, ...)
    WEIR_PRINTF(2, 3);

WEIR_END_DECLS

#endif
