/*
 * socket - the transport socket://: connections that the program brings.
 *
 * Purpose    a listener without a socket; the option socket:fd feeds it.
 *            adopt.c looks at what is given.
 * Ownership  a stream owns its descriptor as any other.
 * Progress   never blocks.
 * Bounds     WEIR_SOCKET_FD_MAX wait in a listener.
 * Proof      test/stream/test_socket.c
 */
#include "stream/stream.h"

static const struct wri_option socket_options[] = {
    {WEIR_OPT_SOCKET_FD, WRI_OPTION_INT, 0, 0, 0, {NULL, &wri_how_socket_fd}},
    WRI_OPTIONS_PEER,
    {WEIR_OPT_SEND_BUFFER_SIZE, WRI_OPTION_SIZE, SOL_SOCKET, SO_SNDBUF, 0,
	{NULL, NULL, &wri_how_live_size}},
    {WEIR_OPT_RECV_BUFFER_SIZE, WRI_OPTION_SIZE, SOL_SOCKET, SO_RCVBUF, 0,
	{NULL, NULL, &wri_how_live_size}},
    {.name = NULL},
};

/* The text of the URL means nothing. */
static weir_err
socket_resolve(struct wri_endpoint *ep, const weir_url *url, enum wri_role role)
{
	(void)ep;
	(void)url;
	return role == WRI_ROLE_LISTENER ? WEIR_OK : WEIR_ENOTSUP;
}

/* What is at the ends the program knows: unspecified. */
static weir_err
socket_name_ends(weir_stream *s, const weir_sockaddr *name, int fd,
    const struct wri_sysaddr *peer)
{
	(void)s;
	(void)name;
	(void)fd;
	(void)peer;
	return WEIR_OK;
}

const struct wri_stream_ops wri_stream_socket = {
    .name = "socket",
    .options = socket_options,
    .passes_fds = true,
    .is_fed = true,
    .resolve = socket_resolve,
    .name_ends = socket_name_ends,
};
