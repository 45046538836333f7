/*
 * sync - mutex, futex, yield and self on top of the system.
 *
 * Purpose    the parts of sync.h that are functions; the explorer brings its
 *            own.
 * Ownership  nothing.
 * Progress   wri_mtx_lock and wri_futex_wait sleep; the rest returns at once.
 * Pairs      a mutex orders as POSIX says; the futex calls order nothing, the
 *            word they watch does.
 * Bounds     none.
 * Proof      test/base/test_thread.c
 */
#include "base/sync.h"
#include "base/panic.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SYNC_NS_PER_S 1000000000

/*
 * initial-exec: one addition instead of a call.  The few bytes come from the
 * room that the loader keeps for libraries opened late.
 */
static _Thread_local void *sync_self[WRI_SELF_SLOTS]
    __attribute__((tls_model("initial-exec")));

static void
sync_check(int eno, const char *call)
{
	if (eno != 0) {
		wri_panic(__FILE__, __LINE__, "%s: errno %d", call, eno);
	}
}

void
wri_mtx_init(wri_mtx *m)
{
	pthread_mutexattr_t attr;

	sync_check(pthread_mutexattr_init(&attr), "mutexattr_init");
#ifndef NDEBUG
	/* A second lock by the same thread panics instead of hanging. */
	sync_check(pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK),
	    "mutexattr_settype");
#endif
	sync_check(pthread_mutex_init(&m->m, &attr), "mutex_init");
	sync_check(pthread_mutexattr_destroy(&attr), "mutexattr_destroy");
}

void
wri_mtx_fini(wri_mtx *m)
{
	sync_check(pthread_mutex_destroy(&m->m), "mutex_destroy");
}

void
wri_mtx_lock(wri_mtx *m)
{
	sync_check(pthread_mutex_lock(&m->m), "mutex_lock");
}

bool
wri_mtx_trylock(wri_mtx *m)
{
	int eno = pthread_mutex_trylock(&m->m);

	if (eno == EBUSY) {
		return false;
	}
	sync_check(eno, "mutex_trylock");
	return true;
}

void
wri_mtx_unlock(wri_mtx *m)
{
	sync_check(pthread_mutex_unlock(&m->m), "mutex_unlock");
}

bool
wri_futex_wait(wri_a32 *w, uint32_t value, weir_time until)
{
	struct timespec ts = {
	    0, 0}; /* a time before the clock's start is past */
	long r;
	int eno;

	if (until > 0) {
		ts.tv_sec = until / SYNC_NS_PER_S;
		ts.tv_nsec = until % SYNC_NS_PER_S;
	}
	/* WAIT_BITSET and not WAIT: its timeout is a point in time. */
	r = syscall(SYS_futex, &w->v, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
	    value, until == WEIR_NEVER ? NULL : &ts, NULL,
	    FUTEX_BITSET_MATCH_ANY);
	eno = r == 0 ? 0 : errno;
	if (eno == ETIMEDOUT) {
		return false;
	}
	if (eno != 0 && eno != EAGAIN && eno != EINTR) {
		sync_check(eno, "futex wait");
	}
	return true;
}

void
wri_futex_wake(wri_a32 *w, int n)
{
	/*
	 * The owner of the word may have freed it since the caller changed it:
	 * the kernel then finds nobody, and an error says nothing to us.
	 */
	(void)syscall(SYS_futex, &w->v, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, n,
	    NULL, NULL, 0);
}

void
wri_yield(void)
{
	/* Cannot fail on Linux. */
	(void)sched_yield();
}

void *
wri_self_get(enum wri_self_slot slot)
{
	return sync_self[slot];
}

void
wri_self_set(enum wri_self_slot slot, void *value)
{
	sync_self[slot] = value;
}
