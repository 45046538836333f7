/*
 * sys - thin wrappers of system calls that can fail on purpose.
 *
 * Purpose    the door to the machine.  Each wrapper is the same three steps:
 *            is a failure due, the call, -errno.
 * Ownership  descriptors are the caller's.
 * Progress   while nothing is armed: one relaxed load and a branch.
 * Pairs      none: see fault.h.
 * Bounds     one failure armed per kind of call.
 * Proof      test/base/test_sys.c
 */
#include "base/sys.h"
#include "base/fault.h"
#include "base/panic.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wri_fault wri_sys_faults[WRI_SYS_CALLS];

bool
wri_fault_due(struct wri_fault *f)
{
	/* Relaxed, all of it: see fault.h. */
	uint32_t first = wri_load(&f->first, WRI_RLX);
	uint32_t call = wri_add(&f->calls, 1, WRI_RLX) + 1;

	if (first == 0 || call < first || call > wri_load(&f->last, WRI_RLX)) {
		return false;
	}
	errno = (int)wri_load(&f->eno, WRI_RLX);
	return true;
}

/* What a call returned, or -errno. */
static inline ssize_t
sys_result(ssize_t r)
{
	return r < 0 ? -errno : r;
}

/* The call, or the failure that is due instead of it. */
#define SYS_ONCE(kind, call)                                                   \
	sys_result(wri_fault_hit(&wri_sys_faults[WRI_SYS_##kind]) ? -1 : (call))

/* Is this a wait?  It is not made again. */
static inline bool
sys_waits(enum wri_sys_call which)
{
	return which == WRI_SYS_EPOLL_WAIT || which == WRI_SYS_POLL ||
	       which == WRI_SYS_PPOLL;
}

/*
 * The two calls of the hot path.  libc's are cancellation points: in a process
 * with threads each costs two atomic operations more.  ThreadSanitizer knows
 * libc's, and through them what programs send each other.
 */
#ifdef __clang__
#define SYS_BY_LIBC __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define SYS_BY_LIBC 1
#else
#define SYS_BY_LIBC 0
#endif

static inline ssize_t
sys_recv(int fd, void *buf, size_t len)
{
	return SYS_BY_LIBC ? recv(fd, buf, len, 0)
			   : syscall(SYS_recvfrom, fd, buf, len, 0, NULL, NULL);
}

static inline ssize_t
sys_send(int fd, const void *buf, size_t len)
{
	return SYS_BY_LIBC
		   ? send(fd, buf, len, MSG_NOSIGNAL)
		   : syscall(SYS_sendto, fd, buf, len, MSG_NOSIGNAL, NULL, 0);
}

static inline ssize_t
sys_if_index(const char *name)
{
	unsigned index = if_nametoindex(name);

	return index == 0 ? -1 : (ssize_t)index;
}

#define WRI_SYS(kind, type, name, params, call)                                \
	type wri_sys_##name params                                             \
	{                                                                      \
		ssize_t r;                                                     \
                                                                               \
		do {                                                           \
			r = SYS_ONCE(kind, call);                              \
		} while (r == -EINTR && !sys_waits(WRI_SYS_##kind));           \
		return (type)(r == -EINTR ? 0 : r);                            \
	}
#include "base/sys_calls.h"

int
wri_sys_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	bool again = false;
	ssize_t r;

	while ((r = SYS_ONCE(CONNECT, connect(fd, sa, len))) == -EINTR) {
		again = true;
	}
	/* The interrupted attempt goes on by itself: the second one only hears
	 * how far it came. */
	if (again && r == -EALREADY) {
		return -EINPROGRESS;
	}
	return again && r == -EISCONN ? 0 : (int)r;
}

int
wri_sys_close(int fd)
{
	/* The call is made in any case: a test of its error must not leak. */
	ssize_t r = close(fd);

	r = SYS_ONCE(CLOSE, r);
	/* Linux has closed it by then; again might close somebody else's. */
	return r == -EINTR ? 0 : (int)r;
}

void
wri_sys_notify(int event_fd)
{
	const uint64_t one = 1;
	ssize_t n = wri_sys_write(event_fd, &one, sizeof(one));

	WRI_ASSERT(n == (ssize_t)sizeof(one) || n == -EAGAIN);
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
