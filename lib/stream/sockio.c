/*
 * sockio - the steps of a stream's operations, the same for every socket.
 *
 * Purpose    one step moves what can be moved now, and tells the gate what it
 *            knows about the next: a short read has drained the socket, so the
 *            receive after it need not ask the system again.  An iov is never
 *            empty here: stream.c ends those.
 * Ownership  borrows all; the gate guarantees that socket and stream live
 *            while a step runs.
 * Progress   never blocks; one system call a step, connect and accept aside.
 * Pairs      S1  close: ended (release), then shutdown(2) -> a step that sees
 *                the end of the connection: ended (acquire).  The system call
 *                orders the two; the flag tells our own end from the peer's.
 *            S2  send: sending, then send(2), then broken, then not sending
 *                (release) -> a receive that meets a plain end: not sending
 *                (acquire), then broken.  The system tells of a reset once,
 *                then of an end; the system call orders sending and that end.
 *                Forbids "the send has taken the reset, and the receive calls
 *                it an end".  A receive that finds a send under way looks
 *                again, in its turn.
 * Bounds     WRI_SOCK_IOV_MAX pieces and SOCK_BYTES_MAX bytes per system call.
 * Proof      test/stream/test_io.c, test/stream/test_faults.c
 */
#include "stream/sockio.h"
#include "base/err.h"
#include "base/sys.h"

#include <errno.h>
#include <limits.h>

#define SOCK_BYTES_MAX ((size_t)INT_MAX)

_Static_assert(
    sizeof(weir_iov) == sizeof(struct iovec) &&
	offsetof(weir_iov, iov_buf) == offsetof(struct iovec, iov_base) &&
	offsetof(weir_iov, iov_len) == offsetof(struct iovec, iov_len),
    "weir_iov and struct iovec have one shape");

/* The gate has the bound on operations that wait, under its own name. */
_Static_assert(WEIR_STREAM_QUEUE_MAX == WEIR_FD_QUEUE_MAX,
    "one bound on operations that wait");

unsigned
wri_sock_iov(weir_aio *aio, union wri_sock_iov *iov, size_t *len)
{
	unsigned n = weir_aio_get_iov(aio, iov->ours, WRI_SOCK_IOV_MAX);
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

/*
 * What an error of the system says of the connection.  AFTER: that it is over,
 * not why.  BREAKS: why; the system says so once.
 */
enum sock_fate {
	SOCK_GOES_ON,
	SOCK_AFTER,
	SOCK_BREAKS,
};

static enum sock_fate
sock_fate_of(int eno)
{
	switch (eno) {
	case 0: /* the end was read */
	case EPIPE:
	case ENOTCONN:
		return SOCK_AFTER;
	case ECONNABORTED:
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETRESET:
	case ENETUNREACH:
	case ENONET:
	case ENOPROTOOPT:
	case ETIMEDOUT:
		return SOCK_BREAKS;
	}
	return SOCK_GOES_ON;
}

weir_err
wri_sock_err(weir_stream *s, ssize_t r)
{
	uint32_t broken = WEIR_OK;
	weir_err err;

	if (r == -EAGAIN) {
		return WEIR_EAGAIN;
	}
	if (wri_load(&s->ended, WRI_ACQ) & WRI_ENDED_ALL) { /* S1 */
		return WEIR_ECLOSED;
	}
	err = r == 0 ? WEIR_ECONNSHUT : wri_err_of((int)-r);
	switch (sock_fate_of((int)-r)) {
	case SOCK_GOES_ON:
		break;
	case SOCK_AFTER:
		/* Relaxed: S2 for a receive; a send that does not know yet says
		 * WEIR_ECLOSED, an error as well. */
		broken = wri_load(&s->broken, WRI_RLX);
		break;
	case SOCK_BREAKS:
		/* Relaxed: S2, by sending; the gate carries it to the next
		 * operation of this direction. */
		(void)wri_cas(&s->broken, &broken, (uint32_t)err, WRI_RLX);
		break;
	}
	return broken == WEIR_OK ? err : (weir_err)broken;
}

/*
 * Receive once, at least one byte wanted.  *asked: how much would have fit, 0:
 * a short read proves nothing.  A unix peer may have sent descriptors, which
 * nobody here wants: a read ends behind them, and recvmsg tells.
 */
static ssize_t
sock_recv_once(weir_stream *s, weir_aio *aio, int fd, size_t *asked)
{
	union wri_sock_iov iov;
	unsigned n = wri_sock_iov(aio, &iov, asked);
	struct msghdr msg = {.msg_iov = iov.sys, .msg_iovlen = n};
	ssize_t r;

	if (wri_likely(n == 1) && !s->passes_fds) {
		return wri_sys_recv(fd, iov.sys[0].iov_base, *asked);
	}
	r = wri_sys_recvmsg(fd, &msg);
	if ((msg.msg_flags & MSG_CTRUNC) != 0) {
		*asked = 0;
	}
	return r;
}

bool
wri_sock_is_sending(weir_stream *s)
{
	if (wri_likely(wri_load(&s->sending, WRI_ACQ) == 0)) { /* S2 */
		return false;
	}
	wri_yield(); /* to the thread that sends, if it has lost its turn */
	return true;
}

static weir_err
step_recv(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	size_t asked;
	ssize_t r;

	*flags = 0;
	r = sock_recv_once(arg, aio, fd, &asked);
	if (r == 0 && wri_sock_is_sending(arg)) {
		*flags = WEIR_FD_MORE;
		return WEIR_EAGAIN;
	}
	if (r <= 0) {
		return wri_sock_err(arg, r);
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
	union wri_sock_iov iov;
	size_t len;
	unsigned n = wri_sock_iov(aio, &iov, &len);

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
	weir_stream *s = arg;
	weir_err rv = WEIR_OK;
	ssize_t r;

	*flags = 0;
	if (sock_send_ended(s)) {
		return WEIR_ECLOSED;
	}
	wri_store(&s->sending, 1, WRI_RLX); /* S2: the call orders it */
	r = sock_send_once(aio, fd);
	if (r < 0) {
		rv = wri_sock_err(s, r);
	} else {
		weir_aio_advance(aio, (size_t)r);
	}
	wri_store(&s->sending, 0, WRI_REL); /* S2 */
	return rv;
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
 * A socket that has no error may still be on its way:
 * only a connected one has a peer.  (An error that comes between the two
 * questions brings a new event.)
 */
weir_err
wri_sock_connected(const weir_stream *s, int fd)
{
	struct wri_sysaddr peer = {.len = sizeof(peer.u)};
	int eno = 0;
	socklen_t len = sizeof(eno);
	int r = wri_sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &eno, &len);

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
