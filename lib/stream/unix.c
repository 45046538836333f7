/*
 * unix - the transport unix://PATH, ipc://PATH.
 *
 * Purpose    sockets with a name in the file system, and the life of that
 *            file.
 * Ownership  A listener owns the file that its bind made, known by device and
 *            inode; it removes no other.  A socket file that no socket is
 *            bound to any more belongs to nobody and is replaced.
 * Races      Between the look at a file and its removal somebody may put
 *            another in its place.  The file system offers nothing better; two
 *            servers that start at once on one path need a lock of their own.
 * Bounds     UNIX_BIND_MAX attempts to bind.
 * Proof      test/stream/test_unix.c
 */
#include "stream/unix.h"
#include "base/err.h"
#include "base/sys.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The second is for the place of a dead file; more means a quarrel. */
#define UNIX_BIND_MAX 2
/* A longer path is no URL of ours; one longer than 107 no address. */
#define UNIX_PATH_MAX 128

/* --- Who is at the other end -------------------------------------------- */

static weir_err
peer_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	weir_stream *s = obj;
	struct ucred cred = {.pid = 0};
	socklen_t len = sizeof(cred);
	int r;

	if (wri_stream_is_closed(s)) {
		return WEIR_ECLOSED;
	}
	r = wri_sys_getsockopt(
	    weir_fd_number(s->fd), SOL_SOCKET, SO_PEERCRED, &cred, &len);
	if (r != 0) {
		return wri_err_of(-r);
	}
	if (cred.uid == (uid_t)-1 && cred.gid == (gid_t)-1) {
		return WEIR_ENOTSUP; /* no unix socket */
	}
	switch ((enum wri_peer)o->slot) {
	case WRI_PEER_UID:
		value->num = (int)cred.uid;
		break;
	case WRI_PEER_GID:
		value->num = (int)cred.gid;
		break;
	case WRI_PEER_PID:
		value->num = (int)cred.pid;
		break;
	}
	return WEIR_OK;
}

const struct wri_option_how wri_how_peer = {peer_get, NULL};

const struct wri_option wri_unix_options[] = {
    WRI_OPTIONS_PEER,
    WRI_OPTIONS_SIZES,
    {WEIR_OPT_BOUND_ADDR, WRI_OPTION_ADDR, 0, 0, 0,
	{NULL, &wri_how_bound_addr}},
    {WEIR_OPT_IPC_PERMISSIONS, WRI_OPTION_INT, 0, 0, 0, {NULL, &wri_how_mode}},
    {WEIR_OPT_LISTEN_FD, WRI_OPTION_INT, 0, 0, 0, {NULL, &wri_how_listen_fd}},
    {.name = NULL},
};

/* --- Paths -------------------------------------------------------------- */

/* A path that the system cannot take is an address for dial and listen to
 * refuse. */
static weir_err
unix_resolve(struct wri_endpoint *ep, const weir_url *url, enum wri_role role)
{
	const char *path = weir_url_path(url);
	size_t len = strnlen(path, UNIX_PATH_MAX + 1);

	(void)role;
	if (len == 0 || len > UNIX_PATH_MAX) {
		return WEIR_EADDRINVAL;
	}
	ep->family = AF_UNIX;
	ep->name.s_ipc.sa_family = WEIR_AF_IPC;
	memcpy(ep->name.s_ipc.sa_path, path,
	    len < WEIR_ADDR_MAX ? len : WEIR_ADDR_MAX - 1);
	if (wri_sysaddr_of(&ep->addr, &ep->name) != WEIR_OK) {
		ep->addr.len = 0;
	}
	return WEIR_OK;
}

weir_err
wri_unix_bind_err(int eno)
{
	switch (eno) {
	case ENOTDIR:
		return WEIR_ENOENT;
	case ELOOP:
	case ENAMETOOLONG:
		return WEIR_EADDRINVAL;
	case EROFS:
		return WEIR_EPERM;
	}
	return wri_err_of(eno);
}

weir_err
wri_unix_connect_err(int eno)
{
	switch (eno) {
	case ENOENT:
	case ENOTDIR:
	case ENOTSOCK:
	case EPROTOTYPE: /* a socket of another type */
		return WEIR_ECONNREFUSED;
	case ELOOP:
	case ENAMETOOLONG:
		return WEIR_EADDRINVAL;
	}
	return wri_err_of(eno);
}

/* Is no socket bound to the socket file?  WEIR_OK: so it is.  A datagram socket
 * asks: the system says EPROTOTYPE of a stream socket that is bound, and
 * whoever listens there gets no connection that nobody wants. */
static weir_err
unix_probe(const struct wri_endpoint *ep)
{
	struct stat st;
	int fd;
	int r = wri_sys_lstat(ep->addr.u.un.sun_path, &st);

	if (r == -ENOENT) {
		return WEIR_OK; /* gone meanwhile */
	}
	if (r != 0) {
		return wri_unix_bind_err(-r);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return WEIR_EADDRINUSE; /* somebody's data */
	}
	fd = wri_sys_socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0) {
		return wri_err_of(-fd);
	}
	r = wri_sys_connect(fd, &ep->addr.u.sa, ep->addr.len);
	(void)wri_sys_close(fd);
	return r == -ECONNREFUSED ? WEIR_OK : WEIR_EADDRINUSE;
}

/* The file is made, and nobody listens yet: give it its mode, and remember
 * which it is. */
static weir_err
unix_made(const struct wri_endpoint *ep, const struct wri_settings *set,
    struct wri_sockfile *file)
{
	const char *path = ep->addr.u.un.sun_path;
	uint32_t mode = wri_load(&set->mode, WRI_RLX);
	struct stat st;
	int r = wri_sys_lstat(path, &st);

	if (r == 0 && mode != WRI_MODE_UMASK) {
		r = wri_sys_chmod(path, mode);
	}
	if (r != 0) {
		(void)wri_sys_unlink(path);
		return wri_unix_bind_err(-r);
	}
	file->made = true;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return WEIR_OK;
}

static weir_err
unix_bind(const struct wri_endpoint *ep, int fd, const struct wri_settings *set,
    struct wri_sockfile *file)
{
	const char *path = ep->addr.u.un.sun_path;

	file->made = false;
	for (unsigned i = 1;; i++) {
		int r = wri_sys_bind(fd, &ep->addr.u.sa, ep->addr.len);
		weir_err err;

		if (r == 0) {
			return unix_made(ep, set, file);
		}
		if (r != -EADDRINUSE || i == UNIX_BIND_MAX) {
			return wri_unix_bind_err(-r);
		}
		err = unix_probe(ep);
		if (err != WEIR_OK) {
			return err;
		}
		r = wri_sys_unlink(path);
		if (r != 0 && r != -ENOENT) {
			return wri_unix_bind_err(-r);
		}
	}
}

static void
unix_unbind(const struct wri_endpoint *ep, const struct wri_sockfile *file)
{
	const char *path = ep->addr.u.un.sun_path;
	struct stat st;

	if (file->made && wri_sys_lstat(path, &st) == 0 &&
	    st.st_dev == file->dev && st.st_ino == file->ino) {
		(void)wri_sys_unlink(path);
	}
}

/* The name of a socket that somebody else has bound. */
static weir_err
unix_given_name(int fd, weir_sockaddr *name)
{
	const size_t begin = offsetof(struct sockaddr_un, sun_path);
	struct wri_sysaddr addr = {.len = sizeof(addr.u)};
	const char *text = addr.u.un.sun_path;
	int r = wri_sys_getsockname(fd, &addr.u.sa, &addr.len);
	size_t len;

	if (r != 0) {
		return wri_err_of(-r);
	}
	if (addr.u.sa.sa_family != AF_UNIX || addr.len <= begin) {
		return WEIR_EADDRINVAL;
	}
	memset(name, 0, sizeof(*name));
	len = addr.len - begin;
	if (text[0] == '\0') {
		len--;
		name->s_abstract.sa_family = WEIR_AF_ABSTRACT;
		name->s_abstract.sa_len = (uint16_t)len;
		memcpy(name->s_abstract.sa_name, text + 1, len);
	} else {
		name->s_ipc.sa_family = WEIR_AF_IPC;
		memcpy(name->s_ipc.sa_path, text, strnlen(text, len));
	}
	return WEIR_OK;
}

weir_err
wri_unix_bound(const struct wri_endpoint *ep, int fd, weir_sockaddr *name)
{
	if (ep == NULL) {
		return unix_given_name(fd, name);
	}
	*name = ep->name;
	return WEIR_OK;
}

weir_err
wri_unix_name_ends(weir_stream *s, const weir_sockaddr *name, int fd,
    const struct wri_sysaddr *peer)
{
	/* The system has no name for a dialling socket; the path is what both
	 * sides know. */
	(void)fd;
	(void)peer;
	s->self = *name;
	s->peer = *name;
	return WEIR_OK;
}

const struct wri_stream_ops wri_stream_unix = {
    .name = "unix",
    .options = wri_unix_options,
    .passes_fds = true,
    .resolve = unix_resolve,
    .bind = unix_bind,
    .unbind = unix_unbind,
    .bound = wri_unix_bound,
    .connect_err = wri_unix_connect_err,
    .name_ends = wri_unix_name_ends,
};
