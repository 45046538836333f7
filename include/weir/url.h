/*
 * url - URLs taken apart.
 *
 * Purpose    one grammar for the addresses of all services.
 * Ownership  a weir_url is the program's; texts that accessors give belong to
 *            it and live until it is freed.
 * Bounds     WEIR_URL_MAX, WEIR_URL_HOST_MAX.
 *
 *   scheme :// [userinfo @] host [: port] [path] [? query] [# fragment]
 *   scheme :// path                  ipc, unix, abstract, inproc, socket
 *
 * All calls may be made at any time, also before weir_init and in a forked
 * child.  Memory comes from the allocator that weir_init was given, if any: a
 * program that gives one has no URLs at that moment, and makes none.
 */
#ifndef WEIR_URL_H
#define WEIR_URL_H

#include <weir/attr.h>
#include <weir/err.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

/** Bytes of a text that is parsed, without its NUL. */
#define WEIR_URL_MAX 65535
/** Bytes of a host, without brackets. */
#define WEIR_URL_HOST_MAX 255

/** A URL in parts. */
typedef struct weir_url weir_url;

/**
 * Take a URL apart.
 *
 * The scheme is one of: http https ws ws4 ws6 wss wss4 wss6 tcp tcp4 tcp6
 * tls+tcp tls+tcp4 tls+tcp6 udp udp4 udp6 dtls dtls4 dtls6 file mailto gopher
 * ftp ssh git telnet irc imap imaps; or, with a path alone: ipc unix abstract
 * inproc socket.  Its case does not matter.
 *
 * A path alone is what follows "://", byte for byte.  Else the host is
 * lower-cased; in brackets it may have colons.  The port is decimal, 0 to
 * 65535, or a name in the system's list of TCP services.  In path, query and
 * fragment escapes of A-Z a-z 0-9 - . _ ~ and of bytes from 0x80 are decoded,
 * other escapes get upper-case digits.  In the path runs of '/' become one,
 * "." and ".." are resolved, never above the root.
 *
 * @param urlp  given: free with weir_url_free.  Untouched on failure.
 * @param str   NUL-terminated; borrowed for the call.
 *
 * Errors      WEIR_EINVAL   urlp or str is NULL; longer than WEIR_URL_MAX; no
 *                           "://"; no scheme before it, or characters that no
 *                           scheme has; a second '@'; a host that is longer
 *                           than WEIR_URL_HOST_MAX, that has brackets in
 *                           the wrong place or nothing in them; a port that is
 *                           empty, above 65535 or no service; a bad escape; a
 *                           path, query or fragment that is no UTF-8
 *             WEIR_ENOTSUP  another scheme
 *             WEIR_ENOMEM   out of memory, also in the system's list
 *             WEIR_ENOFILES the system's list of services cannot be opened
 *                           for lack of descriptors
 * Threads     MT-Safe
 * Blocks      never; a port that is a name: until the system has answered
 *             (files, or what nsswitch.conf(5) says)
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_url_parse(
    weir_url **urlp, const char *str);

/**
 * Free a URL, and the texts that accessors gave.
 *
 * @param url  taken; NULL allowed.
 *
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API void weir_url_free(weir_url *url);

/**
 * Make an independent copy.
 *
 * @param dupp  given: free with weir_url_free.  Untouched on failure.
 * @param url   borrowed for the call.
 *
 * Errors      WEIR_EINVAL  dupp or url is NULL
 *             WEIR_ENOMEM  out of memory
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_url_clone(
    weir_url **dupp, const weir_url *url);

/**
 * Print a URL so that parsing it gives the same parts, but for the user info,
 * which is left out (it may be a secret).  The port is left out when it is the
 * scheme's default and not 0, else it is printed, also ":0".
 *
 * @param buf    gets the text, cut to fit, NUL-terminated if bufsz > 0.  NULL
 *               allowed if bufsz is 0.
 * @param bufsz  [bytes]
 * @param url    borrowed for the call.
 *
 * Result      bytes of the whole text without its NUL, as snprintf(3); -1: url
 *             is NULL, or buf is and bufsz is not 0
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API int weir_url_sprintf(char *buf, size_t bufsz, const weir_url *url);

/** The scheme in lower case, without "://"; NULL for a NULL url only.
 * Since 0.1 */
WEIR_API const char *weir_url_scheme(const weir_url *url);

/** The port in host order [0..65535]; the scheme's default if the URL has
 * none, 0 if that has none either, and for NULL.  Since 0.1 */
WEIR_API uint32_t weir_url_port(const weir_url *url);

/** The host in lower case, without brackets; "" when it was left out, NULL for
 * schemes with a path alone, and for NULL.  Since 0.1 */
WEIR_API const char *weir_url_hostname(const weir_url *url);

/** Did the host stand in brackets, as an IPv6 address must?  Whether it is one
 * was not looked at.  Since 0.1 */
WEIR_API bool weir_url_bracketed(const weir_url *url);

/** What stood before '@', as it stood; NULL if there was none.  Since 0.1 */
WEIR_API const char *weir_url_userinfo(const weir_url *url);

/** The path: "" or from '/' on; for schemes with a path alone what follows
 * "://".  NULL for a NULL url only.  Since 0.1 */
WEIR_API const char *weir_url_path(const weir_url *url);

/** What follows '?'; NULL if there was none.  Since 0.1 */
WEIR_API const char *weir_url_query(const weir_url *url);

/** What follows '#'; NULL if there was none.  Since 0.1 */
WEIR_API const char *weir_url_fragment(const weir_url *url);

/**
 * Give a port to a URL that has none.
 *
 * @param url   its port is set if it is 0.  Schemes with a path alone have no
 *              port and get none.  NULL: nothing happens.
 * @param port  host order [0..65535]; beyond: nothing happens.
 *
 * Threads     MT-Safe per object
 * Blocks      never
 * Since       0.1
 */
WEIR_API void weir_url_resolve_port(weir_url *url, uint32_t port);

WEIR_END_DECLS

#endif
