/*
 * socks - plain sockets opposite to weir's.
 *
 * Every function fails the test where it cannot do its work.
 */
#ifndef CONTRACT_SOCKS_H
#define CONTRACT_SOCKS_H

#include <weir/stream.h>

#include <stddef.h>
#include <sys/socket.h>

/* A unix:// URL in a directory of this process; static. */
const char *socks_path(void);
/* An abstract:// URL of this process; static. */
const char *socks_name(void);

/* Where a listener of weir sits. */
socklen_t socks_addr(
    weir_stream_listener *l, const char *url, struct sockaddr_storage *sa);

weir_stream_listener *socks_listen(const char *url);
/* Connect a plain socket to the listener made last. */
int socks_connect(weir_stream_listener *l);
/* As socks_connect, -1 instead of a failed test; any thread. */
int socks_try_connect(void);
weir_stream *socks_accept(weir_stream_listener *l);

/* The descriptor at the other end of a connected socket of ours. */
int socks_find(int peer);
/* Small buffers. */
void socks_small(int fd);
/* Send until the system takes not one byte more, now or later; how many bytes
 * that took.  Any thread. */
size_t socks_fill(int fd);
/* Wait for bytes, an end or a connection: what was sent over loopback is there
 * soon, not at once. */
void socks_wait_readable(int fd);

/* A plain listener; its URL is static. */
int socks_plain_listen(const char *url, int backlog, const char **made);
/* Connect until no more is taken; *n gets how many of fds are used. */
void socks_plain_fill(int listener, int *fds, int max, int *n);

#endif
