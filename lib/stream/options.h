/*
 * options - how an option is read and set: a row for each, a table for each
 * transport.
 *
 * Purpose    options.c finds the row and checks in one order; a row says what
 *            it is, on which objects, and who carries it out.
 * Ownership  rows are static.
 */
#ifndef STREAM_OPTIONS_H
#define STREAM_OPTIONS_H

#include "base/sync.h"

#include <weir/stream_options.h>

#include <stddef.h>

/* Who dials, who listens, what they make. */
enum wri_role {
	WRI_ROLE_DIALER,
	WRI_ROLE_LISTENER,
	WRI_ROLE_STREAM,
	WRI_ROLES,
};

enum wri_option_type {
	WRI_OPTION_BOOL,
	WRI_OPTION_INT,
	WRI_OPTION_DURATION,
	WRI_OPTION_SIZE,
	WRI_OPTION_UINT64,
	WRI_OPTION_STRING,
	WRI_OPTION_ADDR,
};

/* One value of any type; pointers are borrowed. */
union wri_value {
	bool flag;
	int num;
	weir_duration ns;
	size_t size;
	uint64_t u64;
	const char *text;
	const weir_sockaddr *addr;
};

struct wri_option;

/*
 * How one kind of object does it.  obj is a dialer, listener or stream, as the
 * row says.  get checks the state; set the value, then the state.  NULL: it
 * cannot be done.
 */
struct wri_option_how {
	weir_err (*get)(
	    void *obj, const struct wri_option *o, union wri_value *value);
	weir_err (*set)(void *obj, const struct wri_option *o,
	    const union wri_value *value);
};

struct wri_option {
	const char *name; /* NULL: the end of the table */
	enum wri_option_type type;
	int level; /* of an option that is the socket's own */
	int number;
	uint32_t slot; /* its place in struct wri_settings: a WRI_FLAG_ bit, or
			  an index of sizes */
	const struct wri_option_how *on[WRI_ROLES]; /* NULL: unknown there */
};

/*
 * What a dialer or listener has been told about sockets to come.  All is
 * relaxed: who sets and then dials, or accepts, sees it; nothing hangs on it
 * for others.  What listen needs is set under the listener's lock.
 */
struct wri_settings {
	wri_a32 flags;    /* WRI_FLAG_ bits */
	wri_a32 sizes[2]; /* of the buffers [bytes], 0: the system's choice */
	wri_a32 mode;     /* of a socket file, or WRI_MODE_UMASK */
};

#define WRI_FLAG_NODELAY 1u
#define WRI_FLAG_KEEPALIVE 2u
#define WRI_FLAG_REUSE_PORT 4u
#define WRI_FLAG_V6ONLY 8u
#define WRI_FLAGS_DEFAULT WRI_FLAG_NODELAY

#define WRI_SIZE_SEND 0u
#define WRI_SIZE_RECV 1u

#define WRI_MODE_UMASK UINT32_MAX

void wri_settings_init(struct wri_settings *set);
/* Is the bit set? */
bool wri_settings_has(const struct wri_settings *set, uint32_t flag);
/* Tell a socket the flags that streams of this table have. */
void wri_settings_flags(
    const struct wri_settings *set, const struct wri_option *table, int fd);
/* Tell a socket the sizes of its buffers, those that were chosen. */
void wri_settings_sizes(const struct wri_settings *set, int fd);

/*
 * The ways of settings.c: of a dialer or listener, at any time; of a listener
 * that has not begun to listen; of the socket of a stream.
 */
extern const struct wri_option_how wri_how_flag;
extern const struct wri_option_how wri_how_flag_early;
extern const struct wri_option_how wri_how_size;
extern const struct wri_option_how wri_how_mode;
extern const struct wri_option_how wri_how_live_flag;
extern const struct wri_option_how wri_how_live_size;
/* dialer.c: where its dials come from. */
extern const struct wri_option_how wri_how_local_addr;
/* listen.c: the port, and the address, that it is bound to. */
extern const struct wri_option_how wri_how_bound_port;
extern const struct wri_option_how wri_how_bound_addr;
/* adopt.c: descriptors that the program gives. */
extern const struct wri_option_how wri_how_listen_fd;
extern const struct wri_option_how wri_how_socket_fd;
/* unix.c: who is at the other end; slot is an enum wri_peer. */
extern const struct wri_option_how wri_how_peer;

enum wri_peer {
	WRI_PEER_UID,
	WRI_PEER_GID,
	WRI_PEER_PID,
};

/* The rows that each transport has, and those of unix sockets. */
/* clang-format off */
#define WRI_OPTIONS_SIZES                                                      \
	{WEIR_OPT_SEND_BUFFER_SIZE, WRI_OPTION_SIZE, SOL_SOCKET, SO_SNDBUF,    \
	    WRI_SIZE_SEND,                                                     \
	    {&wri_how_size, &wri_how_size, &wri_how_live_size}},               \
	{WEIR_OPT_RECV_BUFFER_SIZE, WRI_OPTION_SIZE, SOL_SOCKET, SO_RCVBUF,    \
	    WRI_SIZE_RECV, {&wri_how_size, &wri_how_size, &wri_how_live_size}}
#define WRI_OPTIONS_PEER                                                       \
	{WEIR_OPT_PEER_UID, WRI_OPTION_INT, 0, 0, WRI_PEER_UID,                \
	    {NULL, NULL, &wri_how_peer}},                                      \
	{WEIR_OPT_PEER_GID, WRI_OPTION_INT, 0, 0, WRI_PEER_GID,                \
	    {NULL, NULL, &wri_how_peer}},                                      \
	{WEIR_OPT_PEER_PID, WRI_OPTION_INT, 0, 0, WRI_PEER_PID,                \
	    {NULL, NULL, &wri_how_peer}}
/* clang-format on */

#endif
