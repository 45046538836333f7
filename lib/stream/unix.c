/*
 * unix - the transport unix://PATH.
 *
 * Purpose    sockets with a name in the file system, and the life of that
 *            file.
 * Ownership  A listener owns the file that its bind made, known by device and
 *            inode; it removes no other.  A socket file that refuses
 *            connections belongs to nobody and is replaced.
 * Races      Between the look at a file and its removal somebody may put
 *            another in its place; and a listener between its bind and its
 *            listen looks dead.  The file system offers nothing better; two
 *            servers that start at once on one path need a lock of their own.
 * Bounds     UNIX_BIND_MAX attempts to bind.
 * Proof      test/stream/test_unix.c
 */
#include "base/err.h"
#include "base/sys.h"
#include "stream/stream.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The second is for the place of a dead file; more means a quarrel. */
#define UNIX_BIND_MAX 2

static const struct wri_sockopt unix_options[] = {
    {NULL, 0, 0, 0},
};

static weir_err
unix_resolve(
    struct wri_endpoint *ep, const struct wri_url *url, enum wri_role role)
{
	struct sockaddr_un *un = &ep->addr.u.un;

	_Static_assert(WRI_URL_PATH_MAX < sizeof(un->sun_path) &&
			   WRI_URL_PATH_MAX < WEIR_ADDR_MAX,
	    "a path and its NUL fit in both forms");
	(void)role;
	ep->family = AF_UNIX;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, url->path, url->path_len);
	ep->addr.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				   url->path_len + 1);
	ep->name.s_ipc.sa_family = WEIR_AF_IPC;
	memcpy(ep->name.s_ipc.sa_path, url->path, url->path_len);
	return WEIR_OK;
}

static weir_err
unix_bind_err(int eno)
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

static weir_err
unix_connect_err(int eno)
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

/* Does nobody listen on the socket file?  WEIR_OK: so it is. */
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
		return unix_bind_err(-r);
	}
	if (!S_ISSOCK(st.st_mode)) {
		return WEIR_EADDRINUSE; /* somebody's data */
	}
	fd = wri_sys_socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0) {
		return wri_err_of(-fd);
	}
	r = wri_sys_connect(fd, &ep->addr.u.sa, ep->addr.len);
	(void)wri_sys_close(fd);
	return r == -ECONNREFUSED ? WEIR_OK : WEIR_EADDRINUSE;
}

/* Remember which file is ours. */
static weir_err
unix_remember(const struct wri_endpoint *ep, struct wri_sockfile *file)
{
	struct stat st;
	int r = wri_sys_lstat(ep->addr.u.un.sun_path, &st);

	if (r != 0) {
		(void)wri_sys_unlink(ep->addr.u.un.sun_path);
		return unix_bind_err(-r);
	}
	file->made = true;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return WEIR_OK;
}

static weir_err
unix_bind(const struct wri_endpoint *ep, int fd, struct wri_sockfile *file)
{
	const char *path = ep->addr.u.un.sun_path;

	file->made = false;
	for (unsigned i = 1;; i++) {
		int r = wri_sys_bind(fd, &ep->addr.u.sa, ep->addr.len);
		weir_err err;

		if (r == 0) {
			return unix_remember(ep, file);
		}
		if (r != -EADDRINUSE || i == UNIX_BIND_MAX) {
			return unix_bind_err(-r);
		}
		err = unix_probe(ep);
		if (err != WEIR_OK) {
			return err;
		}
		r = wri_sys_unlink(path);
		if (r != 0 && r != -ENOENT) {
			return unix_bind_err(-r);
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

static weir_err
unix_bound(const struct wri_endpoint *ep, int fd, weir_sockaddr *name)
{
	(void)fd;
	*name = ep->name;
	return WEIR_OK;
}

static weir_err
unix_name_ends(weir_stream *s, const struct wri_endpoint *ep, int fd,
    const struct wri_sysaddr *peer)
{
	/* The system has no name for a dialling socket; the path is what both
	 * sides know. */
	(void)fd;
	(void)peer;
	s->self = ep->name;
	s->peer = ep->name;
	return WEIR_OK;
}

const struct wri_stream_ops wri_stream_unix = {
    .name = "unix",
    .options = unix_options,
    .has_port = false,
    .resolve = unix_resolve,
    .bind = unix_bind,
    .unbind = unix_unbind,
    .bound = unix_bound,
    .connect_err = unix_connect_err,
    .name_ends = unix_name_ends,
};
