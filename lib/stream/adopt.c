/*
 * adopt - descriptors that the program brings along.
 *
 * Purpose    one that listens takes the place of listen; one that is connected
 *            becomes a stream, at once or through a socket:// listener.  Here
 *            they are looked at and made non-blocking and close-on-exec.
 * Ownership  on success the descriptor is the object's; on failure it stays
 *            the caller's, flags perhaps changed.  The stream of socket:fd is
 *            made before it is queued, so that accept cannot fail for it; its
 *            place in the queue is taken before that, because a weir_fd cannot
 *            be unmade without closing.
 * Progress   never blocks.
 * Bounds     WEIR_SOCKET_FD_MAX in a listener.
 * Proof      test/stream/test_socket.c, test/stream/test_listen_fd.c
 */
#include "base/err.h"
#include "base/life.h"
#include "base/sys.h"
#include "stream/listener.h"
#include "stream/stream.h"

#include <errno.h>
#include <fcntl.h>

static weir_err
adopt_int(int fd, int number, int *value)
{
	socklen_t len = sizeof(*value);
	int r = wri_sys_getsockopt(fd, SOL_SOCKET, number, value, &len);

	switch (-r) {
	case 0:
		return WEIR_OK;
	case EBADF:
		return WEIR_ECLOSED;
	case ENOTSOCK:
		return WEIR_EINVAL;
	}
	return wri_err_of(-r);
}

/* Is it a stream socket?  WEIR_EINVAL: no; WEIR_ECLOSED: it is not open. */
static weir_err
adopt_check(int fd)
{
	int type = 0;
	weir_err err = fd < 0 ? WEIR_EINVAL : adopt_int(fd, SO_TYPE, &type);

	return err == WEIR_OK && type != SOCK_STREAM ? WEIR_EINVAL : err;
}

/* Does the socket listen, or not, as is wanted?  WEIR_EINVAL: no. */
static weir_err
adopt_listens(int fd, int wanted)
{
	int accepts = 0;
	weir_err err = adopt_int(fd, SO_ACCEPTCONN, &accepts);

	return err == WEIR_OK && accepts != wanted ? WEIR_EINVAL : err;
}

weir_err
wri_adopt_flags(int fd)
{
	int r = wri_sys_fcntl(fd, F_GETFL, 0);

	if (r >= 0) {
		r = wri_sys_fcntl(fd, F_SETFL, r | O_NONBLOCK);
	}
	if (r >= 0) {
		r = wri_sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	return r < 0 ? wri_err_of(-r) : WEIR_OK;
}

/* --- One that listens ---------------------------------------------------- */

static weir_err
listen_fd_set(
    void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct weir_stream_listener *l = obj;
	weir_sockaddr bound;
	weir_err err = adopt_check(value->num);

	(void)o;
	/* The family comes first: a socket of another one is that, whether it
	 * listens or not. */
	if (err == WEIR_OK) {
		err = l->ops->bound(NULL, value->num, &bound);
	}
	if (err == WEIR_OK) {
		err = adopt_listens(value->num, 1);
	}
	return err == WEIR_OK ? wri_listener_adopt(l, value->num, &bound) : err;
}

const struct wri_option_how wri_how_listen_fd = {NULL, listen_fd_set};

/* --- One that is connected ------------------------------------------------ */

/* Is it connected?  Then *peer is the system's name of the other end. */
static weir_err
adopt_connected(int fd, struct wri_sysaddr *peer)
{
	weir_err err = adopt_check(fd);
	int r;

	if (err == WEIR_OK) {
		err = adopt_listens(fd, 0);
	}
	if (err != WEIR_OK) {
		return err == WEIR_ECLOSED ? WEIR_EINVAL : err;
	}
	peer->len = sizeof(peer->u);
	r = wri_sys_getpeername(fd, &peer->u.sa, &peer->len);
	if (r != 0) {
		return r == -ENOTCONN ? WEIR_EINVAL : wri_err_of(-r);
	}
	return wri_adopt_flags(fd);
}

static weir_err
socket_fd_set(
    void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct weir_stream_listener *l = obj;
	struct wri_sysaddr peer;
	weir_stream *s = NULL;
	weir_err err = adopt_connected(value->num, &peer);

	(void)o;
	if (err == WEIR_OK) {
		err = wri_accept_reserve(l);
	}
	if (err != WEIR_OK) {
		return err;
	}
	err = wri_stream_open(&s, l->ops, value->num);
	wri_accept_feed(l, s);
	return err;
}

const struct wri_option_how wri_how_socket_fd = {NULL, socket_fd_set};

weir_err
weir_stream_from_fd(weir_stream **sp, int fd)
{
	const struct wri_stream_ops *ops = &wri_stream_socket;
	struct wri_sysaddr peer;
	weir_stream *s;
	weir_err err = wri_life_check();

	if (err != WEIR_OK) {
		return err;
	}
	if (sp == NULL) {
		return WEIR_EINVAL;
	}
	err = adopt_connected(fd, &peer);
	if (err != WEIR_OK) {
		return err;
	}
	if (peer.u.sa.sa_family == AF_INET || peer.u.sa.sa_family == AF_INET6) {
		ops = &wri_stream_tcp;
	}
	err = wri_stream_open(&s, ops, fd);
	if (err != WEIR_OK) {
		return err == WEIR_ESTOPPED ? WEIR_ESTATE : err;
	}
	/* It has its names if the system tells them; it works without. */
	(void)ops->name_ends(s, NULL, fd, &peer);
	*sp = s;
	return WEIR_OK;
}

weir_err
weir_socket_pair(int fds[2])
{
	int made[2];
	int r;

	if (fds == NULL) {
		return WEIR_EINVAL;
	}
	r = wri_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, made);
	if (r != 0) {
		return wri_err_of(-r);
	}
	/* Blocking: whoever keeps one end reads and writes it plainly. */
	for (int i = 0; i < 2 && r >= 0; i++) {
		r = wri_sys_fcntl(made[i], F_SETFL, 0);
	}
	if (r < 0) {
		(void)wri_sys_close(made[0]);
		(void)wri_sys_close(made[1]);
		return wri_err_of(-r);
	}
	fds[0] = made[0];
	fds[1] = made[1];
	return WEIR_OK;
}
