/*
 * unix - what the transports over unix sockets share.
 */
#ifndef STREAM_UNIX_H
#define STREAM_UNIX_H

#include "stream/stream.h"

/* The options of ipc://, unix:// and abstract://. */
extern const struct wri_option wri_unix_options[];

/* As in struct wri_stream_ops. */
weir_err wri_unix_bound(
    const struct wri_endpoint *ep, int fd, weir_sockaddr *name);
weir_err wri_unix_connect_err(int eno);
weir_err wri_unix_name_ends(weir_stream *s, const weir_sockaddr *name, int fd,
    const struct wri_sysaddr *peer);

/* What an errno of bind means. */
weir_err wri_unix_bind_err(int eno);

#endif
