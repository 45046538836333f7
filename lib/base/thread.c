/*
 * thread - named threads, futex, and the words that a thread has of its own.
 *
 * Purpose    every thread of the library starts here, with all asynchronous
 *            signals blocked; and the functions of sync.h.  The explorer
 *            brings its own.
 * Ownership  the starter's struct is read by the thread until it ends.
 * Progress   start blocks while the system makes a thread; wri_futex_wait and
 *            join sleep.
 * Pairs      pthread_create carries the struct, pthread_join what the thread
 *            wrote.  The futex calls order nothing, the word they watch does.
 * Bounds     WRI_THREAD_NAME_MAX bytes of the name; the system's limit of
 *            threads gives WEIR_EAGAIN.
 * Proof      test/base/test_thread.c
 */
#include "base/thread.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/panic.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

_Thread_local void *wri_self[WRI_SELF_SLOTS];

struct wri_fault wri_thread_fault;

/*
 * Named by the thread and by its starter: whoever comes first, both fn and the
 * code behind the start see the name.  One that is refused costs a diagnosis,
 * not the thread.
 */
static void *
thread_main(void *arg)
{
	wri_thread *t = arg;

	(void)pthread_setname_np(pthread_self(), t->name);
	t->fn(t->arg);
	return NULL;
}

weir_err
wri_thread_start(wri_thread *t, const char *name, void (*fn)(void *), void *arg)
{
	/* What a thread does to itself stays open: blocked, it would end the
	 * process past the program's own crash handler. */
	static const int own[] = {
	    SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
	sigset_t mask;
	sigset_t old;
	int eno;

	t->fn = fn;
	t->arg = arg;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	sigfillset(&mask);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		sigdelset(&mask, own[i]);
	}
	/* Inherited: blocking them in the thread would be late. */
	WRI_MUST(pthread_sigmask(SIG_SETMASK, &mask, &old));
	/* glibc's default stack: RLIMIT_STACK, which a daemon may choose. */
	eno = wri_fault_hit(&wri_thread_fault)
		  ? errno
		  : pthread_create(&t->id, NULL, thread_main, t);
	WRI_MUST(pthread_sigmask(SIG_SETMASK, &old, NULL));
	if (eno != 0) {
		return wri_err_of(eno);
	}
	(void)pthread_setname_np(t->id, t->name);
	return WEIR_OK;
}

void
wri_thread_join(wri_thread *t)
{
	WRI_MUST(pthread_join(t->id, NULL));
}

void
wri_thread_detach(wri_thread *t)
{
	WRI_MUST(pthread_detach(t->id));
}

bool
wri_futex_wait(wri_a32 *w, uint32_t value, weir_time until)
{
	struct timespec ts;
	/* WAIT_BITSET and not WAIT: its timeout is a point in time. */
	long r =
	    syscall(SYS_futex, &w->v, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
		value, wri_timespec(&ts, until), NULL, FUTEX_BITSET_MATCH_ANY);
	int eno = r == 0 ? 0 : errno;

	if (eno != 0 && eno != ETIMEDOUT && eno != EAGAIN && eno != EINTR) {
		wri_panic(__FILE__, __LINE__, "futex wait: errno %d", eno);
	}
	return eno != ETIMEDOUT;
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
