/*
 * sockio - the steps of a stream's operations, the same for every socket.
 *
 * Purpose    the tables that stream.c hands to weir_fd_submit, and what the
 *            steps of dials and listeners do.  arg is the weir_stream.
 * Bounds     WRI_SOCK_IOV_MAX pieces of an iov in one system call.
 */
#ifndef STREAM_SOCKIO_H
#define STREAM_SOCKIO_H

#include "stream/stream.h"

extern const weir_fdop wri_sock_recv;
extern const weir_fdop wri_sock_recv_exactly;
extern const weir_fdop wri_sock_send;
extern const weir_fdop wri_sock_send_all;
/* until.c; scratch 0 of the aio is the delimiter, scratch 1 its length. */
extern const weir_fdop wri_sock_recv_until;

#define WRI_SOCK_IOV_MAX 16

/* Both are a pointer and a length; the gate fills one, the system reads the
 * other. */
union wri_sock_iov {
	weir_iov ours[WRI_SOCK_IOV_MAX];
	struct iovec sys[WRI_SOCK_IOV_MAX];
};

/* Get what is left to move, cut to what one call may move; *len bytes. */
unsigned wri_sock_iov(weir_aio *aio, union wri_sock_iov *iov, size_t *len);
/* What a call that returned 0 or -errno means to the operation. */
weir_err wri_sock_err(weir_stream *s, ssize_t r);
/* May a send know better why the connection is at its end? */
bool wri_sock_is_sending(weir_stream *s);

/* Is the connection made?  WEIR_EAGAIN: not yet. */
weir_err wri_sock_connected(const weir_stream *s, int fd);

enum wri_accept {
	WRI_ACCEPT_GOT,
	WRI_ACCEPT_NONE,   /* nobody there; the system has said so */
	WRI_ACCEPT_SKIP,   /* one that died in the queue: try again */
	WRI_ACCEPT_SHORT,  /* no descriptors or memory: try later */
	WRI_ACCEPT_FAILED, /* the listener is broken */
};

/*
 * Take one connection.  *fd: the socket, or the errno.
 */
enum wri_accept wri_sock_accept(
    int listener, struct wri_sysaddr *peer, int *fd);

#endif
