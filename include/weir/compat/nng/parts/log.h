/*
 * log - lines for people, from the program and from weir.
 *
 * weir's own lines go here, too, with the id NNG-WEIR, from nng_init (unless
 * weir ran before) or nng_log_set_logger on; weir_log_set takes them back.  All
 * of it works without nng_init.
 */
#ifndef NNG_PARTS_LOG_H
#define NNG_PARTS_LOG_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nng_log_level {
	NNG_LOG_NONE = 0,
	NNG_LOG_ERR = 3,
	NNG_LOG_WARN = 4,
	NNG_LOG_NOTICE = 5,
	NNG_LOG_INFO = 6,
	NNG_LOG_DEBUG = 7
} nng_log_level;

typedef enum nng_log_facility {
	NNG_LOG_USER = 1,
	NNG_LOG_DAEMON = 3,
	NNG_LOG_AUTH = 10,
	NNG_LOG_LOCAL0 = 16,
	NNG_LOG_LOCAL1 = 17,
	NNG_LOG_LOCAL2 = 18,
	NNG_LOG_LOCAL3 = 19,
	NNG_LOG_LOCAL4 = 20,
	NNG_LOG_LOCAL5 = 21,
	NNG_LOG_LOCAL6 = 22,
	NNG_LOG_LOCAL7 = 23
} nng_log_facility;

/** Gets a line: its id, which may be NULL, and its text; valid during the call.
 */
typedef void (*nng_logger)(nng_log_level level, nng_log_facility facility,
    const char *msgid, const char *msg);

/** Install the one logger, called on the thread that logs with no lock held.
 * Default, and NULL: nng_null_logger. */
NNG_DECL void nng_log_set_logger(nng_logger logger);
/** Drop lines of larger numbers; NNG_LOG_NONE drops all.  Default NOTICE. */
NNG_DECL void nng_log_set_level(nng_log_level level);
/** The level in force. */
NNG_DECL nng_log_level nng_log_get_level(void);
/** The facility of all lines but those of nng_log_auth.  Default USER. */
NNG_DECL void nng_log_set_facility(nng_log_facility facility);

/* Log a line, printf-like, of up to 511 bytes; msgid: short, or NULL. */
NNG_DECL void nng_log_err(const char *msgid, const char *msg, ...);
NNG_DECL void nng_log_warn(const char *msgid, const char *msg, ...);
NNG_DECL void nng_log_notice(const char *msgid, const char *msg, ...);
NNG_DECL void nng_log_info(const char *msgid, const char *msg, ...);
NNG_DECL void nng_log_debug(const char *msgid, const char *msg, ...);
/** Of the facility NNG_LOG_AUTH. */
NNG_DECL void nng_log_auth(
    nng_log_level level, const char *msgid, const char *msg, ...);

/** Discards. */
NNG_DECL void nng_null_logger(nng_log_level level, nng_log_facility facility,
    const char *msgid, const char *msg);
/** One line on stderr, in colour on a terminal unless NO_COLOR or
 * NNG_LOG_NO_COLOR is in the environment. */
NNG_DECL void nng_stderr_logger(nng_log_level level, nng_log_facility facility,
    const char *msgid, const char *msg);
/** syslog(3). */
NNG_DECL void nng_system_logger(nng_log_level level, nng_log_facility facility,
    const char *msgid, const char *msg);

#ifdef __cplusplus
}
#endif

#endif
