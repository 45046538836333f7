/*
 * fake_calls - the calls of base/sys.h that make, connect and name sockets of
 * the fake kernel; see fake_net.h.
 *
 * Rules      the point at the head of a call is its step.
 */
#include "explorer/fake_net_impl.h"

#include "explorer/explorer.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

/* ---- base/sys.h -------------------------------------------------------- */

static unsigned
port_of(const struct sockaddr *sa)
{
	struct sockaddr_in in;
	unsigned last;

	if (sa->sa_family == AF_UNIX) {
		/* An abstract name: its first byte. */
		return (
		    unsigned char)((const struct sockaddr_un *)(const void *)sa)
		    ->sun_path[1];
	}
	memcpy(&in, sa, sizeof(in));
	last = ntohl(in.sin_addr.s_addr) & 0xff;
	return last > 1 ? last : ntohs(in.sin_port);
}

static void
name_put(const struct fake_sock *s, unsigned port, struct sockaddr *sa,
    socklen_t *len)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	memset(sa, 0, *len);
	sa->sa_family = (sa_family_t)s->family;
	if (s->family == AF_UNIX) {
		*len = offsetof(struct sockaddr_un, sun_path);
		return;
	}
	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(sa, &in, sizeof(in));
	*len = sizeof(in);
}

int
wri_sys_socket(int domain, int type, int protocol)
{
	(void)protocol;
	x_point();
	return fake_sock_new(
	    type == SOCK_DGRAM ? SHAPE_DGRAM : SHAPE_FRESH, domain, true)
	    ->file->number;
}

int
wri_sys_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct fake_sock *s = fake_sock_at(fd);

	(void)len;
	if (fake_listener_at(s->family, port_of(sa)) != NULL) {
		return -EADDRINUSE;
	}
	s->port = port_of(sa);
	return 0;
}

int
wri_sys_listen(int fd, int backlog)
{
	(void)backlog;
	fake_sock_at(fd)->shape = SHAPE_LISTENER;
	return 0;
}

static int
connect_inet(struct fake_sock *s)
{
	if (s->to == FAKE_PORT_UNREACHABLE) {
		return -ENETUNREACH;
	}
	if (fake_mood.no_ports > 0) {
		fake_mood.no_ports--;
		return -EAGAIN;
	}
	s->shape = SHAPE_CONNECTING;
	if (x_rand(4) != 0 || !fake_is_answered(s)) {
		fake_work();
		return -EINPROGRESS;
	}
	fake_answer(s);
	if (s->shape == SHAPE_STREAM) {
		s->told = true;
		return 0;
	}
	s->err = 0;
	return s->to == FAKE_PORT_LATE ? -ETIMEDOUT : -ECONNREFUSED;
}

static int
connect_unix(struct fake_sock *s)
{
	struct fake_sock *l = fake_listener_at(AF_UNIX, s->to);

	if (l == NULL) {
		return -ECONNREFUSED;
	}
	if (l->nbacklog == FAKE_BACKLOG || fake_mood.no_ports > 0) {
		fake_mood.no_ports -= fake_mood.no_ports > 0;
		return -EAGAIN;
	}
	fake_connect(s, l);
	return 0;
}

int
wri_sys_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	struct fake_sock *s = fake_sock_at(fd);
	int eno = s->err;

	(void)len;
	switch (s->shape) {
	case SHAPE_FRESH:
		break;
	case SHAPE_CONNECTING:
		return -EALREADY;
	case SHAPE_STREAM:
	case SHAPE_LISTENER:
	case SHAPE_DGRAM:
	case SHAPE_TIMER:
		eno = s->told ? EISCONN : 0;
		s->told = true;
		return -eno;
	}
	if (eno != 0) {
		s->err = 0;
		return -eno;
	}
	s->to = port_of(sa);
	return s->family == AF_UNIX ? connect_unix(s) : connect_inet(s);
}

int
wri_sys_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct fake_sock *l = fake_sock_at(fd);
	struct fake_sock *s;

	if (l->rd_shut) {
		return -EINVAL;
	}
	if (fake_mood.shortages > 0) {
		fake_mood.shortages--;
		return -EMFILE;
	}
	if (l->nbacklog == 0) {
		return -EAGAIN;
	}
	s = l->backlog[0];
	memmove(l->backlog, l->backlog + 1, --l->nbacklog * sizeof(s));
	if (fake_mood.aborts > 0) {
		fake_mood.aborts--;
		s->closed = true;
		fake_send_rst(s);
		return -ECONNABORTED;
	}
	fake_naccepted++;
	fake_file_number(s->file);
	name_put(s, s->peer->port, sa, len);
	fake_work(); /* there is room for the next */
	return s->file->number;
}

int
wri_sys_shutdown(int fd, int how)
{
	struct fake_sock *s = fake_sock_at(fd);

	if (s->shape == SHAPE_LISTENER) {
		s->rd_shut = true;
		fake_drop_backlog(s);
		fake_edge(s->file);
		return 0;
	}
	if (s->shape != SHAPE_STREAM || s->broken) {
		return -ENOTCONN;
	}
	s->rd_shut |= how != SHUT_WR;
	if (how != SHUT_RD && !s->wr_shut) {
		s->wr_shut = true;
		fake_send_fin(s);
	}
	fake_edge(s->file);
	return 0;
}

int
wri_sys_getsockopt(int fd, int lvl, int name, void *value, socklen_t *len)
{
	struct fake_sock *s = fake_sock_at(fd);
	int n = 0;

	X_ASSERT(lvl == SOL_SOCKET && *len == sizeof(n));
	switch (name) {
	case SO_ERROR:
		n = s->err;
		s->err = 0;
		break;
	case SO_TYPE:
		n = s->shape == SHAPE_DGRAM ? SOCK_DGRAM : SOCK_STREAM;
		break;
	case SO_ACCEPTCONN:
		n = s->shape == SHAPE_LISTENER;
		break;
	}
	memcpy(value, &n, sizeof(n));
	return 0;
}

int
wri_sys_setsockopt(int fd, int lvl, int name, const void *value, socklen_t len)
{
	(void)fake_sock_at(fd);
	(void)lvl;
	(void)name;
	(void)value;
	(void)len;
	return 0;
}

int
wri_sys_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct fake_sock *s = fake_sock_at(fd);

	name_put(s, s->port, sa, len);
	return 0;
}

int
wri_sys_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	struct fake_sock *s = fake_sock_at(fd);

	if (s->shape != SHAPE_STREAM || s->broken) {
		return -ENOTCONN;
	}
	name_put(s, s->peer->port, sa, len);
	return 0;
}

int
wri_sys_fcntl(int fd, int cmd, int arg)
{
	(void)fake_sock_at(fd);
	(void)cmd;
	(void)arg;
	return 0;
}

/* There are no files and no interfaces here. */

int
wri_sys_lstat(const char *path, struct stat *st)
{
	(void)path;
	(void)st;
	return -ENOENT;
}

int
wri_sys_chmod(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return -ENOENT;
}

int
wri_sys_unlink(const char *path)
{
	(void)path;
	return -ENOENT;
}

int
wri_sys_if_index(const char *name)
{
	(void)name;
	return -ENODEV;
}

int
wri_sys_socketpair(int domain, int type, int protocol, int fds[2])
{
	(void)type;
	(void)protocol;
	x_point();
	fake_pair(domain, fds);
	return 0;
}

/* ---- a peer ------------------------------------------------------------ */

int
fake_dial(int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = wri_sys_socket(AF_INET, SOCK_STREAM, 0);
	int r;

	in.sin_port = htons((uint16_t)port);
	do {
		uint32_t seen = fake_changes();

		r = wri_sys_connect(
		    fd, (const struct sockaddr *)(const void *)&in, sizeof(in));
		if (r == -EINPROGRESS || r == -EALREADY || r == -EAGAIN) {
			fake_await(seen, WEIR_NEVER);
		}
	} while (r == -EINPROGRESS || r == -EALREADY || r == -EAGAIN);
	if (r != 0) {
		(void)wri_sys_close(fd);
		return -1;
	}
	return fd;
}
