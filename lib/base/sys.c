/*
 * sys - thin wrappers of system calls that can fail on purpose.
 *
 * Purpose    the door to the machine.  Each wrapper is the same three steps:
 *            is a failure due (sys_fails), the call, -errno (sys_result).
 * Ownership  descriptors are the caller's.
 * Progress   while nothing is armed: one relaxed load and a branch.
 * Pairs      none: the counters carry nothing, and tests arm before they
 *            call.
 * Bounds     one failure armed per kind of call.
 * Proof      test/base/test_sys.c
 */
#include "base/sys.h"
#include "base/attr.h"
#include "base/panic.h"
#include "base/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An armed failure.  All relaxed, see Pairs. */
struct sys_fault {
	wri_a32 at;    /* the call that fails, 0: not armed */
	wri_a32 eno;   /* with this */
	wri_a32 again; /* 1: and every later one */
	wri_a32 calls; /* since it was armed */
};

static struct sys_fault sys_faults[WRI_SYS_CALLS];
static wri_a32 sys_armed; /* kinds of calls that are armed */

static bool
sys_fails_slow(enum wri_sys_call which)
{
	struct sys_fault *f = &sys_faults[which];
	uint32_t at = wri_load(&f->at, WRI_RLX);
	uint32_t call;

	if (at == 0) {
		return false;
	}
	call = wri_add(&f->calls, 1, WRI_RLX) + 1;
	if (call == at || (call > at && wri_load(&f->again, WRI_RLX) != 0)) {
		errno = (int)wri_load(&f->eno, WRI_RLX);
		return true;
	}
	return false;
}

/* Must this call fail?  Then errno says how, as after a real one. */
static inline bool
sys_fails(enum wri_sys_call which)
{
	if (wri_likely(wri_load(&sys_armed, WRI_RLX) == 0)) {
		return false;
	}
	return sys_fails_slow(which);
}

/* What a call returned, or -errno. */
static inline int
sys_result(int r)
{
	return r < 0 ? -errno : r;
}

static inline ssize_t
sys_result_size(ssize_t r)
{
	return r < 0 ? -errno : r;
}

/*
 * The two calls of the hot path.  libc's are cancellation points: in a process
 * with threads each costs two atomic operations more.  ThreadSanitizer knows
 * libc's, and through them what programs send each other.
 */
#ifdef __SANITIZE_THREAD__
#define SYS_BY_LIBC 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SYS_BY_LIBC 1
#endif
#endif

#ifdef SYS_BY_LIBC
static inline ssize_t
sys_recv(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, 0);
}

static inline ssize_t
sys_send(int fd, const void *buf, size_t len)
{
	return send(fd, buf, len, MSG_NOSIGNAL);
}
#else
static inline ssize_t
sys_recv(int fd, void *buf, size_t len)
{
	return syscall(SYS_recvfrom, fd, buf, len, 0, NULL, NULL);
}

static inline ssize_t
sys_send(int fd, const void *buf, size_t len)
{
	return syscall(SYS_sendto, fd, buf, len, MSG_NOSIGNAL, NULL, 0);
}
#endif

static void
sys_arm(enum wri_sys_call which, unsigned n, int eno, uint32_t again)
{
	struct sys_fault *f = &sys_faults[which];
	uint32_t was = wri_xchg(&f->at, 0, WRI_RLX);

	wri_store(&f->eno, (uint32_t)eno, WRI_RLX);
	wri_store(&f->again, again, WRI_RLX);
	wri_store(&f->calls, 0, WRI_RLX);
	wri_store(&f->at, n, WRI_RLX);
	if (was == 0 && n != 0) {
		(void)wri_add(&sys_armed, 1, WRI_RLX);
	} else if (was != 0 && n == 0) {
		(void)wri_sub(&sys_armed, 1, WRI_RLX);
	}
}

void
wri_sys_fail_at(enum wri_sys_call which, unsigned n, int eno)
{
	sys_arm(which, n, eno, 0);
}

void
wri_sys_fail_from(enum wri_sys_call which, unsigned n, int eno)
{
	sys_arm(which, n, eno, 1);
}

unsigned
wri_sys_calls(enum wri_sys_call which)
{
	return wri_load(&sys_faults[which].calls, WRI_RLX);
}

int
wri_sys_socket(int domain, int type, int protocol)
{
	return sys_result(
	    sys_fails(WRI_SYS_SOCKET)
		? -1
		: socket(
		      domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

int
wri_sys_bind(int fd, const struct sockaddr *sa, socklen_t len)
{
	return sys_result(sys_fails(WRI_SYS_BIND) ? -1 : bind(fd, sa, len));
}

int
wri_sys_listen(int fd, int backlog)
{
	return sys_result(sys_fails(WRI_SYS_LISTEN) ? -1 : listen(fd, backlog));
}

int
wri_sys_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	int r;

	do {
		r = sys_result(
		    sys_fails(WRI_SYS_ACCEPT)
			? -1
			: accept4(fd, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC));
	} while (r == -EINTR);
	return r;
}

int
wri_sys_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	bool again = false;

	for (;;) {
		int r = sys_result(
		    sys_fails(WRI_SYS_CONNECT) ? -1 : connect(fd, sa, len));

		if (r == -EINTR) {
			again = true;
			continue;
		}
		/* The interrupted attempt goes on by itself: the second one
		 * only hears how far it came. */
		if (again && r == -EALREADY) {
			return -EINPROGRESS;
		}
		if (again && r == -EISCONN) {
			return 0;
		}
		return r;
	}
}

int
wri_sys_shutdown(int fd, int how)
{
	return sys_result(sys_fails(WRI_SYS_SHUTDOWN) ? -1 : shutdown(fd, how));
}

int
wri_sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return sys_result(sys_fails(WRI_SYS_GETSOCKOPT)
			      ? -1
			      : getsockopt(fd, level, name, value, len));
}

int
wri_sys_setsockopt(
    int fd, int level, int name, const void *value, socklen_t len)
{
	return sys_result(sys_fails(WRI_SYS_SETSOCKOPT)
			      ? -1
			      : setsockopt(fd, level, name, value, len));
}

int
wri_sys_getsockname(int fd, struct sockaddr *sa, socklen_t *len)
{
	return sys_result(
	    sys_fails(WRI_SYS_GETSOCKNAME) ? -1 : getsockname(fd, sa, len));
}

int
wri_sys_getpeername(int fd, struct sockaddr *sa, socklen_t *len)
{
	return sys_result(
	    sys_fails(WRI_SYS_GETPEERNAME) ? -1 : getpeername(fd, sa, len));
}

int
wri_sys_sock_error(int fd)
{
	int eno = 0;
	socklen_t len = sizeof(eno);
	int r = wri_sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &eno, &len);

	return r != 0 ? r : -eno;
}

ssize_t
wri_sys_read(int fd, void *buf, size_t len)
{
	ssize_t r;

	do {
		r = sys_result_size(
		    sys_fails(WRI_SYS_READ) ? -1 : read(fd, buf, len));
	} while (r == -EINTR);
	return r;
}

ssize_t
wri_sys_recv(int fd, void *buf, size_t len)
{
	ssize_t r;

	do {
		r = sys_result_size(
		    sys_fails(WRI_SYS_RECV) ? -1 : sys_recv(fd, buf, len));
	} while (r == -EINTR);
	return r;
}

ssize_t
wri_sys_recvmsg(int fd, struct msghdr *msg)
{
	ssize_t r;

	do {
		r = sys_result_size(
		    sys_fails(WRI_SYS_RECVMSG) ? -1 : recvmsg(fd, msg, 0));
	} while (r == -EINTR);
	return r;
}

ssize_t
wri_sys_write(int fd, const void *buf, size_t len)
{
	ssize_t r;

	do {
		r = sys_result_size(
		    sys_fails(WRI_SYS_WRITE) ? -1 : write(fd, buf, len));
	} while (r == -EINTR);
	return r;
}

ssize_t
wri_sys_send(int fd, const void *buf, size_t len)
{
	ssize_t r;

	do {
		r = sys_result_size(
		    sys_fails(WRI_SYS_SEND) ? -1 : sys_send(fd, buf, len));
	} while (r == -EINTR);
	return r;
}

ssize_t
wri_sys_sendmsg(int fd, const struct msghdr *msg)
{
	ssize_t r;

	do {
		r = sys_result_size(sys_fails(WRI_SYS_SENDMSG)
					? -1
					: sendmsg(fd, msg, MSG_NOSIGNAL));
	} while (r == -EINTR);
	return r;
}

int
wri_sys_close(int fd)
{
	/* The call is made in any case: a test of its error must not leak. */
	int r = sys_result(close(fd));

	if (sys_fails(WRI_SYS_CLOSE)) {
		r = -errno;
	}
	/* Linux has closed it by then; again might close somebody else's. */
	return r == -EINTR ? 0 : r;
}

int
wri_sys_epoll_create(void)
{
	return sys_result(sys_fails(WRI_SYS_EPOLL_CREATE)
			      ? -1
			      : epoll_create1(EPOLL_CLOEXEC));
}

int
wri_sys_epoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	return sys_result(
	    sys_fails(WRI_SYS_EPOLL_CTL) ? -1 : epoll_ctl(ep, op, fd, ev));
}

int
wri_sys_epoll_wait(int ep, struct epoll_event *evs, int max, int timeout_ms)
{
	int r = sys_result(sys_fails(WRI_SYS_EPOLL_WAIT)
			       ? -1
			       : epoll_wait(ep, evs, max, timeout_ms));

	return r == -EINTR ? 0 : r;
}

int
wri_sys_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int r =
	    sys_result(sys_fails(WRI_SYS_POLL) ? -1 : poll(fds, n, timeout_ms));

	return r == -EINTR ? 0 : r;
}

int
wri_sys_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout)
{
	int r = sys_result(
	    sys_fails(WRI_SYS_PPOLL) ? -1 : ppoll(fds, n, timeout, NULL));

	return r == -EINTR ? 0 : r;
}

int
wri_sys_eventfd(void)
{
	return sys_result(sys_fails(WRI_SYS_EVENTFD)
			      ? -1
			      : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

int
wri_sys_timerfd_create(void)
{
	return sys_result(
	    sys_fails(WRI_SYS_TIMERFD_CREATE)
		? -1
		: timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
}

int
wri_sys_timerfd_settime(int fd, const struct itimerspec *at)
{
	return sys_result(
	    sys_fails(WRI_SYS_TIMERFD_SETTIME)
		? -1
		: timerfd_settime(fd, TFD_TIMER_ABSTIME, at, NULL));
}

int
wri_sys_open(const char *path, int flags, mode_t mode)
{
	int r;

	do {
		r = sys_result(sys_fails(WRI_SYS_OPEN)
				   ? -1
				   : open(path, flags | O_CLOEXEC, mode));
	} while (r == -EINTR);
	return r;
}

int
wri_sys_unlink(const char *path)
{
	return sys_result(sys_fails(WRI_SYS_UNLINK) ? -1 : unlink(path));
}

int
wri_sys_lstat(const char *path, struct stat *st)
{
	return sys_result(sys_fails(WRI_SYS_LSTAT) ? -1 : lstat(path, st));
}

unsigned
wri_sys_cpus(void)
{
	cpu_set_t set[64]; /* the kernel refuses less than it has: 65536 */

	if (sched_getaffinity(0, sizeof(set), set) != 0) {
		long n = sysconf(_SC_NPROCESSORS_ONLN);

		return n < 1 ? 1 : (unsigned)n;
	}
	return (unsigned)CPU_COUNT_S(sizeof(set), set);
}
