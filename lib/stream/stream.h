/*
 * stream - the objects of the room, and what differs between transports.
 *
 * Purpose    a connection is a weir_fd with two names; a transport is a const
 *            table.  docs/design/stream.md has the pictures.
 * Ownership  The program owns dialers, listeners and streams by their
 *            handles.  A stream's memory goes in the release of its weir_fd;
 *            a dialer's and a listener's with their last reference.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/attr.h"
#include "base/sync.h"
#include "net/sysaddr.h"
#include "stream/options.h"

#include <weir/provider.h>
#include <weir/stream.h>
#include <weir/url.h>

#include <sys/types.h>

/* Where a dialer goes or a listener sits; fixed when it is made. */
struct wri_endpoint {
	int family;              /* of the system; of a host: that it must have,
				    or AF_UNSPEC */
	struct wri_sysaddr addr; /* len 0: none that the system takes, which
				    dial and listen say */
	weir_sockaddr name;      /* of the URL, for people */
	char host[WEIR_URL_HOST_MAX + 1]; /* a name that is looked up at each
					     dial, then addr and name are
					     empty; or "" */
	uint16_t port;                    /* of host [host order] */
};

/* The socket file that a listener made. */
struct wri_sockfile {
	bool made;
	dev_t dev;
	ino_t ino;
};

/* A transport; one static const instance each. */
struct wri_stream_ops {
	const char *name;
	/* What can be read and set; the array ends with a NULL name. */
	const struct wri_option *options;
	/* A peer may pass descriptors, which nobody here wants. */
	bool passes_fds;
	/* Its listeners have no socket: their connections are given to them. */
	bool is_fed;

	/* Find the address of a URL, or its host.  A host to listen on is
	 * looked up here: that blocks until the system has answered. */
	weir_err (*resolve)(
	    struct wri_endpoint *ep, const weir_url *url, enum wri_role role);
	/* Give a socket the address, before listen. */
	weir_err (*bind)(const struct wri_endpoint *ep, int fd,
	    const struct wri_settings *set, struct wri_sockfile *file);
	/* Take back what bind left outside the socket. */
	void (*unbind)(
	    const struct wri_endpoint *ep, const struct wri_sockfile *file);
	/* The address that bind got; ep NULL: somebody else has bound it, and
	 * WEIR_EADDRINVAL says that it is of another family. */
	weir_err (*bound)(
	    const struct wri_endpoint *ep, int fd, weir_sockaddr *name);
	/* What an errno of connect means. */
	weir_err (*connect_err)(int eno);
	/*
	 * Name both ends of a connection.  name: where a dialer goes, what a
	 * listener is bound to.  peer: what accept said; NULL on the dialling
	 * side, where not having met oneself is checked as well.
	 */
	weir_err (*name_ends)(weir_stream *s, const weir_sockaddr *name, int fd,
	    const struct wri_sysaddr *peer);
};

extern const struct wri_stream_ops wri_stream_tcp;
extern const struct wri_stream_ops wri_stream_unix;
extern const struct wri_stream_ops wri_stream_abstract;
extern const struct wri_stream_ops wri_stream_socket;

/* The first word of an object: what it is, or that it is no more. */
enum wri_magic {
	WRI_MAGIC_NONE = 0,
	WRI_MAGIC_STREAM = 0x57724931,
	WRI_MAGIC_DIALER = 0x57724932,
	WRI_MAGIC_LISTENER = 0x57724933,
	WRI_MAGIC_GONE = 0x57724900,
};

/* What has ended on a stream, bits of weir_stream.ended. */
#define WRI_ENDED_SEND 1u
#define WRI_ENDED_ALL 2u

struct weir_stream {
	/* Fixed once the program has it. */
	uint32_t magic;
	bool passes_fds; /* as in ops, near at hand */
	const struct wri_stream_ops *ops;
	weir_fd *fd;       /* until free */
	struct dial *dial; /* whose half-made connection it is, or NULL */
	weir_sockaddr self;
	weir_sockaddr peer;

	/* Any thread. */
	wri_a32 holds;  /* the program, and the calls that end operations */
	wri_a32 ended;  /* WRI_ENDED_ bits */
	wri_a32 broken; /* the first weir_err that the connection broke with;
			   WEIR_OK: it did not */

	/* Written by the send step alone: it is in its system call, or has not
	 * yet told broken what that said. */
	wri_a32 sending;
};

/* The half-made connection of a dial that failed has gone. */
void wri_dial_gone(struct dial *dl);

/*
 * The code of an operation that was refused what it needs: WEIR_ESTATE is
 * WEIR_ESTOPPED there, because the library ends under it.
 */
weir_err wri_stream_op_err(weir_err err);
/* May the operation not wait at all? */
bool wri_stream_polls(weir_aio *aio);
/*
 * Make a stream of a socket.  On success the socket is the stream's, else it
 * stays the caller's.  Fails as weir_fd_open for an operation, and with
 * WEIR_ENOMEM.
 */
WEIR_NODISCARD weir_err wri_stream_open(
    weir_stream **sp, const struct wri_stream_ops *ops, int fd);
/*
 * Name a connected stream and set its options; name and peer as in name_ends.
 * On failure the stream is still the caller's to free.
 */
WEIR_NODISCARD weir_err wri_stream_ready(weir_stream *s,
    const weir_sockaddr *name, const struct wri_settings *set,
    const struct wri_sysaddr *peer);
/* Was it closed here? */
bool wri_stream_is_closed(const weir_stream *s);

/*
 * Is this handle one of that kind?  NULL is not, silently; anything else that
 * is not is misuse and reported.
 */
bool wri_stream_handle_ok(
    const void *handle, enum wri_magic want, const char *call);

/* The transport and the address of a URL. */
WEIR_NODISCARD weir_err wri_stream_resolve(const struct wri_stream_ops **opsp,
    struct wri_endpoint *ep, const weir_url *url, enum wri_role role);

/* What people call it: the address, or host and port.  Cut to fit. */
#define WRI_PLACE_MAX (WEIR_URL_HOST_MAX + 8)
const char *wri_stream_place(
    const struct wri_endpoint *ep, char *text, size_t size);
/* One line: an operation was refused because of the bound. */
void wri_stream_log_full(const struct wri_endpoint *ep, const char *what);

/* Times that a listener paused for lack of descriptors or memory, since ever:
 * weir_stats.accept_pauses. */
uint64_t wri_stream_accept_pauses(void);

#endif
