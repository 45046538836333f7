/*
 * sockio - the steps of a stream's operations, the same for every socket.
 *
 * Purpose    one step moves what can be moved now, and tells the gate what it
 *            knows about the next: a short read has drained the socket, so the
 *            receive after it need not ask the system again.
 * Ownership  borrows all; the gate guarantees that socket and stream live
 *            while a step runs.
 * Progress   never blocks; one system call a step, connect and accept aside.
 * Pairs      S1  close: ended (release), then shutdown(2) -> a step that sees
 *                the end of the connection: ended (acquire).  The system call
 *                orders the two; the flag tells our own end from the peer's.
 * Bounds     SOCK_IOV_MAX pieces and SOCK_BYTES_MAX bytes per system call.
 * Proof      test/stream/test_io.c, test/stream/test_faults.c
 */
#include "stream/sockio.h"
#include "base/err.h"
#include "base/sys.h"

#include <errno.h>
#include <limits.h>

#define SOCK_IOV_MAX 16
#define SOCK_BYTES_MAX ((size_t)INT_MAX)

/* Both are a pointer and a length; the gate fills one, the system reads the
 * other. */
union sock_iov {
	weir_iov ours[SOCK_IOV_MAX];
	struct iovec sys[SOCK_IOV_MAX];
};

_Static_assert(
    sizeof(weir_iov) == sizeof(struct iovec) &&
	offsetof(weir_iov, iov_buf) == offsetof(struct iovec, iov_base) &&
	offsetof(weir_iov, iov_len) == offsetof(struct iovec, iov_len),
    "weir_iov and struct iovec have one shape");

/* The gate has the bound on operations that wait, under its own name. */
_Static_assert(WEIR_STREAM_QUEUE_MAX == WEIR_FD_QUEUE_MAX,
    "one bound on operations that wait");

/* Get what is left to move, cut to what one call may move. */
static unsigned
sock_iov_get(weir_aio *aio, union sock_iov *iov, size_t *len)
{
	unsigned n = weir_aio_get_iov(aio, iov->ours, SOCK_IOV_MAX);
	size_t room = SOCK_BYTES_MAX;

	for (unsigned i = 0; i < n; i++) {
		if (iov->ours[i].iov_len >= room) {
			iov->ours[i].iov_len = room;
			n = i + 1;
		}
		room -= iov->ours[i].iov_len;
	}
	*len = SOCK_BYTES_MAX - room;
	return n;
}

/* What a failed call means to the operation. */
static weir_err
sock_err(weir_stream *s, ssize_t r)
{
	if (r == -EAGAIN) {
		return WEIR_EAGAIN;
	}
	if (wri_load(&s->ended, WRI_ACQ) & WRI_ENDED_ALL) { /* S1 */
		return WEIR_ECLOSED;
	}
	return r == 0 ? WEIR_ECONNSHUT : wri_err_of((int)-r);
}

/* Receive once, at least one byte wanted.  *asked: how much would have fit. */
static ssize_t
sock_recv_once(weir_aio *aio, int fd, size_t *asked)
{
	union sock_iov iov;
	unsigned n = sock_iov_get(aio, &iov, asked);

	if (wri_likely(n == 1)) {
		return wri_sys_recv(fd, iov.sys[0].iov_base, *asked);
	}
	struct msghdr msg = {.msg_iov = iov.sys, .msg_iovlen = n};

	return wri_sys_recvmsg(fd, &msg);
}

static weir_err
step_recv(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	size_t asked;
	ssize_t r;

	*flags = 0;
	if (weir_aio_iov_len(aio) == 0) {
		return WEIR_OK;
	}
	r = sock_recv_once(aio, fd, &asked);
	if (r <= 0) {
		return sock_err(arg, r);
	}
	weir_aio_advance(aio, (size_t)r);
	if ((size_t)r < asked) {
		*flags = WEIR_FD_DRAINED;
	}
	return WEIR_OK;
}

static weir_err
step_recv_exactly(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	weir_err rv = step_recv(aio, fd, arg, flags);

	if (rv == WEIR_OK && weir_aio_iov_len(aio) > 0) {
		rv = WEIR_EAGAIN;
		*flags |= WEIR_FD_MORE; /* nothing, when it is drained */
	}
	return rv;
}

static ssize_t
sock_send_once(weir_aio *aio, int fd)
{
	union sock_iov iov;
	size_t len;
	unsigned n = sock_iov_get(aio, &iov, &len);

	if (wri_likely(n == 1)) {
		return wri_sys_send(fd, iov.sys[0].iov_base, len);
	}
	struct msghdr msg = {.msg_iov = iov.sys, .msg_iovlen = n};

	return wri_sys_sendmsg(fd, &msg);
}

/* Has the sending side been ended here?  Relaxed: if we are late, the system
 * says EPIPE, which is the same. */
static inline bool
sock_send_ended(weir_stream *s)
{
	return wri_unlikely(wri_load(&s->ended, WRI_RLX) != 0);
}

static weir_err
step_send(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	ssize_t r;

	*flags = 0;
	if (sock_send_ended(arg)) {
		return WEIR_ECLOSED;
	}
	if (weir_aio_iov_len(aio) == 0) {
		return WEIR_OK;
	}
	r = sock_send_once(aio, fd);
	if (r < 0) {
		return sock_err(arg, r);
	}
	weir_aio_advance(aio, (size_t)r);
	return WEIR_OK;
}

static weir_err
step_send_all(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	weir_err rv = step_send(aio, fd, arg, flags);

	if (rv == WEIR_OK && weir_aio_iov_len(aio) > 0) {
		rv = WEIR_EAGAIN;
		*flags = WEIR_FD_MORE;
	}
	return rv;
}

/*
 * Is the connection made?  A socket that has no error may still be on its way:
 * only a connected one has a peer.  (An error that comes between the two
 * questions brings a new event.)
 */
static weir_err
step_connect(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	weir_stream *s = arg;
	struct wri_sysaddr peer = {.len = sizeof(peer.u)};
	int eno = 0;
	socklen_t len = sizeof(eno);
	int r = wri_sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &eno, &len);

	(void)aio;
	*flags = 0;
	if (r != 0 || eno != 0) {
		return s->ops->connect_err(r != 0 ? -r : eno);
	}
	r = wri_sys_getpeername(fd, &peer.u.sa, &peer.len);
	if (r == -ENOTCONN) {
		return WEIR_EAGAIN;
	}
	return r == 0 ? WEIR_OK : wri_err_of(-r);
}

enum wri_accept
wri_sock_accept(int listener, struct wri_sysaddr *peer, int *fd)
{
	int r;

	peer->len = sizeof(peer->u);
	r = wri_sys_accept(listener, &peer->u.sa, &peer->len);
	if (r >= 0) {
		*fd = r;
		return WRI_ACCEPT_GOT;
	}
	*fd = -r;
	switch (-r) {
	case EAGAIN:
		return WRI_ACCEPT_NONE;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return WRI_ACCEPT_SHORT;
	case ECONNABORTED:
	case ECONNRESET:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case EPERM:
	case EPROTO:
	case ETIMEDOUT:
		return WRI_ACCEPT_SKIP;
	}
	return WRI_ACCEPT_FAILED;
}

const weir_fdop wri_sock_recv = {
    .size = sizeof(weir_fdop),
    .name = "stream recv",
    .kind = WEIR_FDOP_RECV,
    .try_step = step_recv,
};

const weir_fdop wri_sock_recv_exactly = {
    .size = sizeof(weir_fdop),
    .name = "stream recv_exactly",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = step_recv_exactly,
};

const weir_fdop wri_sock_send = {
    .size = sizeof(weir_fdop),
    .name = "stream send",
    .kind = WEIR_FDOP_SEND,
    .try_step = step_send,
};

const weir_fdop wri_sock_send_all = {
    .size = sizeof(weir_fdop),
    .name = "stream send_all",
    .kind = WEIR_FDOP_OTHER,
    .try_step = step_send_all,
};

const weir_fdop wri_sock_connect = {
    .size = sizeof(weir_fdop),
    .name = "stream connect",
    .kind = WEIR_FDOP_CONNECT,
    .try_step = step_connect,
};
