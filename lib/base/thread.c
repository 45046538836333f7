/*
 * thread - named threads with all asynchronous signals blocked.
 *
 * Purpose    every thread of the library starts here.
 * Ownership  the starter's struct is read by the thread until it ends.
 * Progress   start blocks while the system makes a thread.
 * Pairs      pthread_create carries the struct, pthread_join what the thread
 *            wrote.
 * Bounds     WRI_THREAD_NAME_MAX bytes of the name; the system's limit of
 *            threads gives WEIR_EAGAIN.
 * Proof      test/base/test_thread.c
 */
#include "base/thread.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/panic.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static struct wri_fault thread_fault;

/*
 * By the thread and by its starter: whoever comes first, both fn and the code
 * behind the start see the name.  One that is refused costs a diagnosis, not
 * the thread.
 */
static void
thread_name(pthread_t id, const char *name)
{
	(void)pthread_setname_np(id, name);
}

static void *
thread_main(void *arg)
{
	wri_thread *t = arg;

	thread_name(pthread_self(), t->name);
	t->fn(t->arg);
	return NULL;
}

/* Create a thread that is born with every signal blocked. */
static int
thread_create(pthread_t *id, wri_thread *t)
{
	sigset_t all;
	sigset_t old;
	int eno;

	/* The mask is inherited: blocking it in the thread would be late.
	 * What a thread does to itself stays open: blocked, it would end the
	 * process past the program's own crash handler. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGTRAP);
	sigdelset(&all, SIGSYS);
	sigdelset(&all, SIGABRT);
	eno = pthread_sigmask(SIG_SETMASK, &all, &old);
	WRI_ASSERT(eno == 0);
	/* glibc's default stack: RLIMIT_STACK, which a daemon may choose. */
	int created = pthread_create(id, NULL, thread_main, t);
	eno = pthread_sigmask(SIG_SETMASK, &old, NULL);
	WRI_ASSERT(eno == 0);
	return created;
}

weir_err
wri_thread_start(wri_thread *t, const char *name, void (*fn)(void *), void *arg)
{
	pthread_t id;
	int eno;

	if (wri_fault_hit(&thread_fault)) {
		return WEIR_EAGAIN;
	}
	t->fn = fn;
	t->arg = arg;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	eno = thread_create(&id, t);
	if (eno != 0) {
		return wri_err_of(eno);
	}
	thread_name(id, t->name);
	t->id = id;
	return WEIR_OK;
}

void
wri_thread_join(wri_thread *t)
{
	int eno = pthread_join(t->id, NULL);

	WRI_ASSERT(eno == 0);
}

void
wri_thread_detach(wri_thread *t)
{
	int eno = pthread_detach(t->id);

	WRI_ASSERT(eno == 0);
}

void
wri_thread_fail_at(unsigned n)
{
	wri_fault_set(&thread_fault, n);
}
