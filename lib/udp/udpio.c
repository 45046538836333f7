/*
 * udpio - the steps: one datagram sent, one received.
 *
 * Purpose    a datagram goes as a whole, so all pieces of the iov are in one
 *            system call.
 * Ownership  borrows all; the gate guarantees that socket, operation and the
 *            program's memory live while a step runs.  The slots are the read
 *            side's owner's; the gate carries them from step to step.
 * Progress   never blocks; one system call a step, none for a datagram that
 *            was taken ahead.
 * Ready      a step that moved a datagram proves nothing about the next, but
 *            for a recvmmsg that brought one where it could bring more: the
 *            kernel has met EAGAIN in that very call.
 * Bounds     WEIR_IOV_BORROW_MAX pieces, WEIR_UDP_BATCH_MAX datagrams a call.
 * Proof      test/udp/test_udp.c, test/udp/test_batch.c,
 *            test/udp/test_udp_faults.c, test/contract/
 */
#include "base/attr.h"
#include "base/err.h"
#include "base/sys.h"
#include "udp/udp_impl.h"

#include <errno.h>
#include <string.h>

_Static_assert(
    sizeof(weir_iov) == sizeof(struct iovec) &&
	offsetof(weir_iov, iov_buf) == offsetof(struct iovec, iov_base) &&
	offsetof(weir_iov, iov_len) == offsetof(struct iovec, iov_len),
    "weir_iov and struct iovec have one shape");

/* Both are a pointer and a length; the gate fills one, the system reads the
 * other. */
union udp_iov_few {
	weir_iov ours[WEIR_IOV_COPY_MAX];
	struct iovec sys[WEIR_IOV_COPY_MAX];
};

union udp_iov_many {
	weir_iov ours[WEIR_IOV_BORROW_MAX];
	struct iovec sys[WEIR_IOV_BORROW_MAX];
};

/* One datagram by the system: what is called with a message that has its iov.
 * arg is the weir_udp. */
typedef ssize_t (*udp_call_fn)(int fd, struct msghdr *msg, void *arg);

/* Sixteen KiB of stack: not in the function that everybody runs. */
static __attribute__((noinline)) ssize_t
udp_move_many(
    weir_aio *aio, int fd, struct msghdr *msg, udp_call_fn call, void *arg)
{
	union udp_iov_many iov;
	ssize_t r;

	msg->msg_iovlen = weir_aio_get_iov(aio, iov.ours, WEIR_IOV_BORROW_MAX);
	msg->msg_iov = iov.sys;
	r = call(fd, msg, arg);
	msg->msg_iov = NULL;
	return r;
}

static ssize_t
udp_move(weir_aio *aio, int fd, struct msghdr *msg, udp_call_fn call, void *arg)
{
	union udp_iov_few iov;
	unsigned n = weir_aio_get_iov(aio, iov.ours, WEIR_IOV_COPY_MAX);
	size_t len = 0;
	ssize_t r;

	for (unsigned i = 0; i < n; i++) {
		len += iov.ours[i].iov_len;
	}
	if (wri_unlikely(len < weir_aio_iov_len(aio))) {
		return udp_move_many(aio, fd, msg, call, arg);
	}
	msg->msg_iovlen = n;
	msg->msg_iov = iov.sys;
	r = call(fd, msg, arg);
	msg->msg_iov = NULL;
	return r;
}

/* --- Send -------------------------------------------------------------- */

static ssize_t
send_call(int fd, struct msghdr *msg, void *arg)
{
	(void)arg;
	return wri_sys_sendmsg(fd, msg);
}

static weir_err
step_send(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	const weir_udp *u = arg;
	const weir_sockaddr *to = weir_aio_get_input(aio, 0);
	struct wri_sysaddr addr;
	struct msghdr msg = {.msg_name = &addr.u};
	ssize_t r;

	*flags = 0;
	if (to == NULL || to->s_family != u->bound.s_family ||
	    wri_sysaddr_of(&addr, to) != WEIR_OK) {
		return WEIR_EADDRINVAL;
	}
	msg.msg_namelen = addr.len;
	r = udp_move(aio, fd, &msg, send_call, NULL);
	if (r < 0) {
		return r == -EAGAIN ? WEIR_EAGAIN : wri_udp_addr_err((int)-r);
	}
	weir_aio_advance(aio, (size_t)r);
	return WEIR_OK;
}

/* --- Receive ----------------------------------------------------------- */

/* A datagram has been stored: what of it, from whom, was it cut? */
static weir_err
recv_got(weir_aio *aio, const struct wri_sysaddr *from, size_t stored, bool cut)
{
	weir_sockaddr *sender = weir_aio_get_input(aio, 0);

	weir_aio_advance(aio, stored);
	if (sender != NULL) {
		/* Of a family of ours always: the socket is. */
		(void)wri_sysaddr_name(from, sender);
	}
	return cut ? WEIR_EMSGSIZE : WEIR_OK;
}

static weir_err
recv_failed(ssize_t r)
{
	return r == -EAGAIN ? WEIR_EAGAIN : wri_err_of((int)-r);
}

/* From a slot, without a system call. */
static weir_err
recv_slot(weir_aio *aio, const struct udp_slot *slot)
{
	size_t done = 0;
	weir_iov piece;

	while (done < slot->len && weir_aio_get_iov(aio, &piece, 1) == 1) {
		size_t left = slot->len - done;
		size_t n = left < piece.iov_len ? left : piece.iov_len;

		memcpy(piece.iov_buf, slot->bytes + done, n);
		weir_aio_advance(aio, n);
		done += n;
	}
	return recv_got(aio, &slot->from, 0, done < slot->len);
}

/* One into the operation's own memory, more into the slots. */
static ssize_t
recv_call_batch(int fd, struct msghdr *first, void *arg)
{
	weir_udp *u = arg;
	struct mmsghdr msgs[WEIR_UDP_BATCH_MAX];
	struct iovec iov[WEIR_UDP_BATCH_MAX];
	unsigned n = u->nslots;
	int got;

	memset(msgs, 0, (n + 1) * sizeof(msgs[0]));
	msgs[0].msg_hdr = *first;
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *msg = &msgs[i + 1].msg_hdr;

		iov[i].iov_base = u->slots[i].bytes;
		iov[i].iov_len = sizeof(u->slots[i].bytes);
		msg->msg_iov = &iov[i];
		msg->msg_iovlen = 1;
		msg->msg_name = &u->slots[i].from.u;
		msg->msg_namelen = sizeof(u->slots[i].from.u);
	}
	got = wri_sys_recvmmsg(fd, msgs, n + 1);
	if (got < 0) {
		return got;
	}
	u->next = 0;
	u->filled = (unsigned)got - 1;
	for (unsigned i = 0; i < u->filled; i++) {
		u->slots[i].len = msgs[i + 1].msg_len;
		u->slots[i].from.len = msgs[i + 1].msg_hdr.msg_namelen;
	}
	first->msg_flags = msgs[0].msg_hdr.msg_flags;
	first->msg_namelen = msgs[0].msg_hdr.msg_namelen;
	return (ssize_t)msgs[0].msg_len;
}

static ssize_t
recv_call_one(int fd, struct msghdr *msg, void *arg)
{
	(void)arg;
	return wri_sys_recvmsg(fd, msg);
}

static weir_err
step_recv(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	weir_udp *u = arg;
	struct wri_sysaddr from;
	struct msghdr msg = {
	    .msg_name = &from.u, .msg_namelen = sizeof(from.u)};
	ssize_t r;

	*flags = 0;
	if (u->next < u->filled) {
		const struct udp_slot *slot = &u->slots[u->next++];

		*flags = u->next < u->filled ? WEIR_FD_HELD : 0;
		return recv_slot(aio, slot);
	}
	r = udp_move(
	    aio, fd, &msg, u->nslots > 0 ? recv_call_batch : recv_call_one, u);
	if (r < 0) {
		return recv_failed(r);
	}
	if (u->nslots > 0) {
		*flags = u->filled == 0 ? WEIR_FD_DRAINED : WEIR_FD_HELD;
	}
	return recv_got(
	    aio, &from, (size_t)r, (msg.msg_flags & MSG_TRUNC) != 0);
}

const weir_fdop wri_udp_recv_op = {
    .size = sizeof(weir_fdop),
    .name = "udp recv",
    .kind = WEIR_FDOP_OTHER, /* the sender's address comes with it */
    .try_step = step_recv,
};

const weir_fdop wri_udp_send_op = {
    .size = sizeof(weir_fdop),
    .name = "udp send",
    .kind = WEIR_FDOP_OTHER,
    .try_step = step_send,
};
