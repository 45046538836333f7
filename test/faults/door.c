/*
 * door - the machine's own calls, disturbed on their way out of the program.
 *
 * Pairs      none, all relaxed: counters and settings.
 */
#include "faults/door.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint every;
static atomic_uint_least64_t cut;
static atomic_uint disturbed;

void
door_interrupt(unsigned k)
{
	atomic_store(&every, k);
}

void
door_cut(uint64_t seed)
{
	atomic_store(&cut, seed);
}

unsigned
door_count(void)
{
	return atomic_load(&disturbed);
}

/* Is this call of a kind to be interrupted? */
static bool
door_hit(atomic_uint *calls)
{
	unsigned k = atomic_load(&every);

	if (k == 0 || (atomic_fetch_add(calls, 1) + 1) % k != 0) {
		return false;
	}
	(void)atomic_fetch_add(&disturbed, 1);
	errno = EINTR;
	return true;
}

/* How much of so many bytes: [1..len]. */
static size_t
door_part(int fd, size_t len)
{
	uint64_t x = atomic_load(&cut);
	int type = 0;
	socklen_t size = sizeof(type);

	if (x == 0 || len < 2) {
		return len;
	}
	/* The loser of a race rolls what the winner has: no harm. */
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	atomic_store(&cut, x);
	if ((x & 256) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
	    type != SOCK_STREAM) {
		return len;
	}
	(void)atomic_fetch_add(&disturbed, 1);
	return 1 + (size_t)((x >> 20) % (len - 1));
}

#define DOOR(type, name, params, args)                                         \
	type __real_##name params;                                             \
	type __wrap_##name params;                                             \
	type __wrap_##name params                                              \
	{                                                                      \
		static atomic_uint calls;                                      \
                                                                               \
		return door_hit(&calls) ? -1 : __real_##name args;             \
	}

DOOR(ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, len))
DOOR(ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))
DOOR(ssize_t, recv, (int fd, void *buf, size_t len, int flags),
    (fd, buf, len, flags))
DOOR(
    ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), (fd, msg, flags))
DOOR(int, recvmmsg,
    (int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *t),
    (fd, v, n, flags, t))
DOOR(int, accept4, (int fd, struct sockaddr *sa, socklen_t *len, int flags),
    (fd, sa, len, flags))
DOOR(int, connect, (int fd, const struct sockaddr *sa, socklen_t len),
    (fd, sa, len))
DOOR(int, epoll_wait, (int ep, struct epoll_event *ev, int max, int ms),
    (ep, ev, max, ms))
DOOR(int, poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
DOOR(int, ppoll,
    (struct pollfd * fds, nfds_t n, const struct timespec *t,
	const sigset_t *set),
    (fds, n, t, set))

ssize_t __real_send(int fd, const void *buf, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

static atomic_uint sends;

ssize_t
__wrap_send(int fd, const void *buf, size_t len, int flags)
{
	return door_hit(&sends)
		   ? -1
		   : __real_send(fd, buf, door_part(fd, len), flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct msghdr part = *msg;
	struct iovec first;

	if (door_hit(&sends)) {
		return -1;
	}
	if (part.msg_iovlen > 0 && part.msg_iov[0].iov_len > 0) {
		first = part.msg_iov[0];
		first.iov_len = door_part(fd, first.iov_len);
		if (first.iov_len < part.msg_iov[0].iov_len) {
			part.msg_iov = &first;
			part.msg_iovlen = 1;
		}
	}
	return __real_sendmsg(fd, &part, flags);
}

/* weir's receives and sends, and the futex. */
long
__wrap_syscall(long number, ...)
{
	static atomic_uint recvs, waits;
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(ap, long);
	}
	va_end(ap);
	if (number == SYS_sendto) {
		if (door_hit(&sends)) {
			return -1;
		}
		a[2] = (long)door_part((int)a[0], (size_t)a[2]);
	} else if (number == SYS_recvfrom && door_hit(&recvs)) {
		return -1;
	} else if (number == SYS_futex &&
		   (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
		   door_hit(&waits)) {
		return -1;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
