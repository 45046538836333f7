/*
 * sockio - the steps of a stream's operations, the same for every socket.
 *
 * Purpose    the tables that stream.c hands to weir_fd_submit, and what the
 *            steps of dials and listeners do.  arg is the weir_stream.
 */
#ifndef STREAM_SOCKIO_H
#define STREAM_SOCKIO_H

#include "stream/stream.h"

extern const weir_fdop wri_sock_recv;
extern const weir_fdop wri_sock_recv_exactly;
extern const weir_fdop wri_sock_send;
extern const weir_fdop wri_sock_send_all;

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
