/*
 * log - lines of the program and of weir, to the program's logger.
 *
 * Purpose    level and facility, then one function of the program's.
 * Ownership  a line lives on the stack of its thread.
 * Progress   no lock: a level that nobody wants costs one relaxed load.
 * Pairs      none: level, facility and logger are single words that carry
 *            nothing; a line near a change may go either way.
 * Bounds     a line of LINE_MAX_BYTES, cut.
 * Proof      test/compat/test_nng_log.c
 */
#include "base/sync.h"
#include "compat/compat.h"

#include <weir/weir.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512 /* with its NUL */

static wri_a32 log_level = {NNG_LOG_NOTICE};
static wri_a32 log_facility = {NNG_LOG_USER};
static wri_aptr log_logger; /* NULL: the null logger */
static wri_a32 log_taken;   /* weir's lines come to us */

_Static_assert(sizeof(nng_logger) == sizeof(void *), "a word holds a function");

nng_log_level
nng_log_get_level(void)
{
	/* Relaxed, as all here: see the head of the file. */
	return (nng_log_level)wri_load(&log_level, WRI_RLX);
}

static nng_log_facility
facility(void)
{
	return (nng_log_facility)wri_load(&log_facility, WRI_RLX);
}

/* Would a line of this level be shown?  Else it is not even formatted. */
static bool
wanted(nng_log_level level)
{
	nng_log_level most = nng_log_get_level();

	return most != NNG_LOG_NONE && level <= most &&
	       wri_load(&log_logger, WRI_RLX) != NULL;
}

static void
hand_over(nng_log_level level, nng_log_facility from, const char *msgid,
    const char *line)
{
	void *word = wri_load(&log_logger, WRI_RLX);
	nng_logger fn;

	if (word != NULL) {
		memcpy(&fn, &word, sizeof(fn));
		fn(level, from, msgid, line);
	}
}

/* --- weir's lines ------------------------------------------------------ */

/* weir's levels have the same numbers. */
static void
log_of_weir(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	if (wanted((nng_log_level)level)) {
		hand_over((nng_log_level)level, facility(), "NNG-WEIR", line);
	}
}

void
wri_nng_log_take(void)
{
	wri_store(&log_taken, 1, WRI_RLX);
	weir_log_set(log_of_weir, NULL, (weir_log_level)nng_log_get_level());
}

/* --- Settings ---------------------------------------------------------- */

void
nng_log_set_logger(nng_logger logger)
{
	void *word = NULL;

	/* Nothing is formatted for the null logger. */
	if (logger != NULL && logger != nng_null_logger) {
		memcpy(&word, &logger, sizeof(word));
	}
	wri_store(&log_logger, word, WRI_RLX);
	wri_nng_log_take();
}

void
nng_log_set_level(nng_log_level level)
{
	wri_store(&log_level, (uint32_t)level, WRI_RLX);
	if (wri_load(&log_taken, WRI_RLX) != 0) {
		wri_nng_log_take();
	}
}

void
nng_log_set_facility(nng_log_facility facility)
{
	wri_store(&log_facility, (uint32_t)facility, WRI_RLX);
}

/* --- The program's lines ----------------------------------------------- */

/* The rest of a function (..., const char *msgid, const char *msg, ...). */
#define LOG_LINE(level, from)                                                  \
	char line[LINE_MAX_BYTES];                                             \
	va_list ap;                                                            \
                                                                               \
	if (wanted(level)) {                                                   \
		va_start(ap, msg);                                             \
		(void)vsnprintf(line, sizeof(line), msg, ap);                  \
		va_end(ap);                                                    \
		hand_over(level, from, msgid, line);                           \
	}

void
nng_log_err(const char *msgid, const char *msg, ...)
{
	LOG_LINE(NNG_LOG_ERR, facility())
}

void
nng_log_warn(const char *msgid, const char *msg, ...)
{
	LOG_LINE(NNG_LOG_WARN, facility())
}

void
nng_log_notice(const char *msgid, const char *msg, ...)
{
	LOG_LINE(NNG_LOG_NOTICE, facility())
}

void
nng_log_info(const char *msgid, const char *msg, ...)
{
	LOG_LINE(NNG_LOG_INFO, facility())
}

void
nng_log_debug(const char *msgid, const char *msg, ...)
{
	LOG_LINE(NNG_LOG_DEBUG, facility())
}

void
nng_log_auth(nng_log_level level, const char *msgid, const char *msg, ...)
{
	LOG_LINE(level, NNG_LOG_AUTH)
}

/* --- Loggers ----------------------------------------------------------- */

void
nng_null_logger(nng_log_level level, nng_log_facility from, const char *msgid,
    const char *msg)
{
	(void)level;
	(void)from;
	(void)msgid;
	(void)msg;
}

static const char *
level_name(nng_log_level level)
{
	switch (level) {
	case NNG_LOG_ERR:
		return "ERROR";
	case NNG_LOG_WARN:
		return "WARN";
	case NNG_LOG_NOTICE:
		return "NOTICE";
	case NNG_LOG_INFO:
		return "INFO";
	case NNG_LOG_DEBUG:
		return "DEBUG";
	case NNG_LOG_NONE:
		break;
	}
	return "NONE";
}

/* The sequence that begins a colour; "" where there are none. */
static const char *
level_colour(nng_log_level level)
{
	if (isatty(STDERR_FILENO) != 1 || getenv("NO_COLOR") != NULL ||
	    getenv("NNG_LOG_NO_COLOR") != NULL) {
		return "";
	}
	switch (level) {
	case NNG_LOG_ERR:
		return "\033[31m";
	case NNG_LOG_WARN:
		return "\033[33m";
	case NNG_LOG_NOTICE:
		return "\033[1m";
	case NNG_LOG_DEBUG:
		return "\033[36m";
	case NNG_LOG_INFO:
	case NNG_LOG_NONE:
		break;
	}
	return "";
}

void
nng_stderr_logger(nng_log_level level, nng_log_facility from, const char *msgid,
    const char *msg)
{
	const char *colour = level_colour(level);
	char buf[LINE_MAX_BYTES + 128]; /* what is not the text */
	char now[32];
	int room = (int)sizeof(buf) - 8; /* for the end of the line */
	int len;

	(void)from;
	wri_nng_sys_clock_text(now, sizeof(now));
	len = snprintf(buf, (size_t)room, "%s[%-6s]: %s: %s%s%s", colour,
	    level_name(level), now, msgid != NULL ? msgid : "",
	    msgid != NULL ? ": " : "", msg);
	if (len < 0) {
		return;
	}
	len = len < room ? len : room - 1;
	if (len > 0 && buf[len - 1] == '\n') {
		len--;
	}
	/* One write, so that lines of several threads do not mix. */
	len += snprintf(buf + len, sizeof(buf) - (size_t)len, "%s\n",
	    *colour != '\0' ? "\033[0m" : "");
	wri_nng_sys_write(buf, (size_t)len);
}

void
nng_system_logger(nng_log_level level, nng_log_facility from, const char *msgid,
    const char *msg)
{
	/* The numbers are syslog's: of AUTH, too, which is LOG_AUTHPRIV. */
	int priority = (int)((unsigned)from << 3 | (unsigned)level);

	if (level == NNG_LOG_NONE) {
		return;
	}
	if (msgid != NULL) {
		syslog(priority, "%s: %s", msgid, msg);
	} else {
		syslog(priority, "%s", msg);
	}
}
