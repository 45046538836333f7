/*
 * stream_options - options of stream dialers, listeners and connections.
 *
 * Purpose    an option is a name and a value of one type.  An object knows the
 *            options of its transport; docs/api/stream_options.md has the
 *            table.
 * Checks     in this order: WEIR_EINVAL (NULL), WEIR_ENOTSUP (the object does
 *            not know the name), WEIR_EWRITEONLY or WEIR_EREADONLY (it cannot
 *            be read, or set).  Then a getter: the state, WEIR_EBADTYPE (it is
 *            of another type; nothing is converted).  A setter: WEIR_EBADTYPE,
 *            the value (WEIR_EINVAL, WEIR_EADDRINVAL), the state.
 * State      WEIR_ESTATE     not before listen
 *            WEIR_EBUSY      not after listen
 *            WEIR_ECLOSED    closed; what a dialer or listener only hands on to
 *                            its connections can also be read and set then
 *            WEIR_ESTOPPED   a listener that has met weir_fini
 * Ownership  names and values are borrowed for the call; a string or
 *            descriptor as its option says.
 *
 * Each function is MT-Safe, blocks never (or briefly: a leaf lock), may be
 * called from any callback, and gives WEIR_EFORK in a forked child.  A getter
 * that fails leaves the value untouched.  Errors of the system pass through.
 */
#ifndef WEIR_STREAM_OPTIONS_H
#define WEIR_STREAM_OPTIONS_H

#include <weir/err.h>
#include <weir/sockaddr.h>
#include <weir/time.h>

WEIR_BEGIN_DECLS

typedef struct weir_stream weir_stream;
typedef struct weir_stream_dialer weir_stream_dialer;
typedef struct weir_stream_listener weir_stream_listener;

/*
 * tcp.  Of a dialer or listener: for connections made afterwards; of a stream:
 * the live value.
 */
#define WEIR_OPT_TCP_NODELAY "tcp-nodelay"     /* bool, default true */
#define WEIR_OPT_TCP_KEEPALIVE "tcp-keepalive" /* bool, default false */

/** addr, tcp dialer, set: where connections come from; IPv4 or IPv6, as the URL
 * has, and port 0, else WEIR_EADDRINVAL.  Unspecified (all zero): the system
 * chooses again. */
#define WEIR_OPT_LOCAL_ADDR "local-address"
/** int, tcp listener, get, from listen to close: the port [1..65535]. */
#define WEIR_OPT_BOUND_PORT "bound-port"
/** addr, listener but socket://, get, from listen to close: where it sits. */
#define WEIR_OPT_BOUND_ADDR "bound-address"
/** bool, tcp listener, before listen, default false: several listeners may sit
 * on one address, and the system spreads connections over them. */
#define WEIR_OPT_REUSE_PORT "reuse-port"
/** bool, tcp listener, before listen, default false: a listener on all IPv6
 * interfaces takes no IPv4.  (False: it does, unless the system forbids.) */
#define WEIR_OPT_V6ONLY "v6only"

/*
 * Every transport.  size [bytes, 1..INT_MAX/2], which the system may cut or
 * enlarge.  Of a dialer or listener: for connections made afterwards, 0 (the
 * default) leaves it to the system; of a stream: the live value.
 */
#define WEIR_OPT_SEND_BUFFER_SIZE "send-buffer-size"
#define WEIR_OPT_RECV_BUFFER_SIZE "recv-buffer-size"

/**
 * int, tcp and ipc listener, set, instead of listen: a descriptor that is bound
 * and listens already.  On WEIR_OK it is the listener's: non-blocking,
 * close-on-exec, closed with it; a socket file stays.  The URL only says which
 * transport.
 *
 * Errors      WEIR_EINVAL      negative, no stream socket, does not listen
 *             WEIR_ECLOSED     not open, or the listener is closed
 *             WEIR_EADDRINVAL  of another family
 *             WEIR_EBUSY       the listener listens already
 *             and as weir_stream_listener_listen; the descriptor is still the
 *             caller's, perhaps non-blocking and close-on-exec
 */
#define WEIR_OPT_LISTEN_FD "listen-fd"

/** int, ipc listener, set, before listen: mode bits of the socket file
 * [0..07777]; not set: the umask decides.  No effect on abstract://. */
#define WEIR_OPT_IPC_PERMISSIONS "ipc:permissions"

/* int, ipc and socket stream, get: the effective ids of the process at the
 * other end, when it connected.  WEIR_ENOTSUP: the system does not know, as
 * of a tcp socket given to socket://. */
#define WEIR_OPT_PEER_UID "ipc:peer-uid"
#define WEIR_OPT_PEER_GID "ipc:peer-gid"
#define WEIR_OPT_PEER_PID "ipc:peer-pid"

/**
 * int, socket listener, set: a connected descriptor, the next to be accepted.
 * On WEIR_OK it is the listener's: non-blocking, close-on-exec, and closed with
 * it unless it was accepted.
 *
 * Errors      WEIR_EINVAL   negative, not open, no connected stream socket
 *             WEIR_ENOSPC   WEIR_SOCKET_FD_MAX wait to be accepted, or no place
 *                           to watch it
 *             WEIR_ECLOSED  the listener is closed
 *             WEIR_EEXIST   weir has this descriptor already
 *             WEIR_ESTOPPED weir_fini was called since the listener was made
 *             WEIR_ENOMEM
 *             the descriptor is still the caller's, perhaps non-blocking and
 *             close-on-exec
 */
#define WEIR_OPT_SOCKET_FD "socket:fd"
/** Descriptors that wait in a socket:// listener. */
#define WEIR_SOCKET_FD_MAX 16

/* Of a dialer. */

/** Read a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_bool(
    weir_stream_dialer *d, const char *opt, bool *value);
/** Set a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_bool(
    weir_stream_dialer *d, const char *opt, bool value);
/** Read an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_int(
    weir_stream_dialer *d, const char *opt, int *value);
/** Set an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_int(
    weir_stream_dialer *d, const char *opt, int value);
/** Read a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_duration(
    weir_stream_dialer *d, const char *opt, weir_duration *value);
/** Set a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_duration(
    weir_stream_dialer *d, const char *opt, weir_duration value);
/** Read a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_size(
    weir_stream_dialer *d, const char *opt, size_t *value);
/** Set a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_size(
    weir_stream_dialer *d, const char *opt, size_t value);
/** Read a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_uint64(
    weir_stream_dialer *d, const char *opt, uint64_t *value);
/** Set a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_uint64(
    weir_stream_dialer *d, const char *opt, uint64_t value);
/** Read a string option; the string lives as long as the object.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_string(
    weir_stream_dialer *d, const char *opt, const char **value);
/** Set a string option; the string is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_string(
    weir_stream_dialer *d, const char *opt, const char *value);
/** Read an addr option.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_get_addr(
    weir_stream_dialer *d, const char *opt, weir_sockaddr *value);
/** Set an addr option; the address is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_dialer_set_addr(
    weir_stream_dialer *d, const char *opt, const weir_sockaddr *value);

/* Of a listener. */

/** Read a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_bool(
    weir_stream_listener *l, const char *opt, bool *value);
/** Set a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_bool(
    weir_stream_listener *l, const char *opt, bool value);
/** Read an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_int(
    weir_stream_listener *l, const char *opt, int *value);
/** Set an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_int(
    weir_stream_listener *l, const char *opt, int value);
/** Read a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_duration(
    weir_stream_listener *l, const char *opt, weir_duration *value);
/** Set a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_duration(
    weir_stream_listener *l, const char *opt, weir_duration value);
/** Read a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_size(
    weir_stream_listener *l, const char *opt, size_t *value);
/** Set a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_size(
    weir_stream_listener *l, const char *opt, size_t value);
/** Read a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_uint64(
    weir_stream_listener *l, const char *opt, uint64_t *value);
/** Set a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_uint64(
    weir_stream_listener *l, const char *opt, uint64_t value);
/** Read a string option; the string lives as long as the object.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_string(
    weir_stream_listener *l, const char *opt, const char **value);
/** Set a string option; the string is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_string(
    weir_stream_listener *l, const char *opt, const char *value);
/** Read an addr option.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_get_addr(
    weir_stream_listener *l, const char *opt, weir_sockaddr *value);
/** Set an addr option; the address is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_listener_set_addr(
    weir_stream_listener *l, const char *opt, const weir_sockaddr *value);

/* Of a stream. */

/** Read a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_get_bool(
    weir_stream *s, const char *opt, bool *value);
/** Set a bool option.  Since 0.1 */
WEIR_API weir_err weir_stream_set_bool(
    weir_stream *s, const char *opt, bool value);
/** Read an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_get_int(
    weir_stream *s, const char *opt, int *value);
/** Set an int option.  Since 0.1 */
WEIR_API weir_err weir_stream_set_int(
    weir_stream *s, const char *opt, int value);
/** Read a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_get_duration(
    weir_stream *s, const char *opt, weir_duration *value);
/** Set a duration option [ns].  Since 0.1 */
WEIR_API weir_err weir_stream_set_duration(
    weir_stream *s, const char *opt, weir_duration value);
/** Read a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_get_size(
    weir_stream *s, const char *opt, size_t *value);
/** Set a size option.  Since 0.1 */
WEIR_API weir_err weir_stream_set_size(
    weir_stream *s, const char *opt, size_t value);
/** Read a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_get_uint64(
    weir_stream *s, const char *opt, uint64_t *value);
/** Set a uint64 option.  Since 0.1 */
WEIR_API weir_err weir_stream_set_uint64(
    weir_stream *s, const char *opt, uint64_t value);
/** Read a string option; the string lives as long as the object.  Since 0.1 */
WEIR_API weir_err weir_stream_get_string(
    weir_stream *s, const char *opt, const char **value);
/** Set a string option; the string is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_set_string(
    weir_stream *s, const char *opt, const char *value);
/** Read an addr option.  Since 0.1 */
WEIR_API weir_err weir_stream_get_addr(
    weir_stream *s, const char *opt, weir_sockaddr *value);
/** Set an addr option; the address is copied.  Since 0.1 */
WEIR_API weir_err weir_stream_set_addr(
    weir_stream *s, const char *opt, const weir_sockaddr *value);

WEIR_END_DECLS

#endif
