/*
 * thread - threads, mutexes and conditions: those of the system.
 *
 * Purpose    they are the program's own, beside weir's threads; nothing of weir
 *            waits for them.
 * Ownership  each object is the program's, in memory of nng_alloc.
 * Shape      Mutexes check for errors: what NNG aborts on, and what would hang,
 *            dies with a line that names the call.
 * Pairs      those of pthread.
 * Proof      test/compat/test_nng_thread.c, nng_abort.c
 */
#include "compat/compat.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define MS_PER_S 1000

struct nng_thread {
	pthread_t id;
	void (*func)(void *);
	void *arg;
	/* Held by the creator until the pointer is written. */
	pthread_mutex_t gate;
};

struct nng_mtx {
	pthread_mutex_t mtx;
};

struct nng_cv {
	pthread_cond_t cond;
	nng_mtx *mtx;
};

/* What pthread refuses here is the caller's mistake. */
static void
must(int rv, const char *call, const char *what)
{
	if (rv != 0) {
		wri_nng_die(call, what);
	}
}

static void *
thread_main(void *arg)
{
	nng_thread *thr = arg;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)pthread_mutex_lock(&thr->gate);
	(void)pthread_mutex_unlock(&thr->gate);
	thr->func(thr->arg);
	return NULL;
}

int
nng_thread_create(nng_thread **thrp, void (*func)(void *), void *arg)
{
	nng_thread *thr = nng_alloc(sizeof(*thr));
	int rv;

	if (thr == NULL) {
		return NNG_ENOMEM;
	}
	thr->func = func;
	thr->arg = arg;
	thr->gate = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	(void)pthread_mutex_lock(&thr->gate);
	rv = pthread_create(&thr->id, NULL, thread_main, thr);
	if (rv == 0) {
		*thrp = thr;
	}
	(void)pthread_mutex_unlock(&thr->gate);
	if (rv != 0) {
		(void)pthread_mutex_destroy(&thr->gate);
		nng_free(thr, sizeof(*thr));
		return NNG_ENOMEM;
	}
	return 0;
}

void
nng_thread_set_name(nng_thread *thr, const char *name)
{
	/* The system refuses names that are too long. */
	if (name != NULL) {
		(void)pthread_setname_np(
		    thr != NULL ? thr->id : pthread_self(), name);
	}
}

void
nng_thread_destroy(nng_thread *thr)
{
	if (thr == NULL) {
		return;
	}
	must(pthread_join(thr->id, NULL), "nng_thread_destroy",
	    "called by the thread itself");
	(void)pthread_mutex_destroy(&thr->gate);
	nng_free(thr, sizeof(*thr));
}

int
nng_mtx_alloc(nng_mtx **mtxp)
{
	nng_mtx *mtx = nng_alloc(sizeof(*mtx));

	if (mtx == NULL) {
		return NNG_ENOMEM;
	}
	mtx->mtx = (pthread_mutex_t)PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
	*mtxp = mtx;
	return 0;
}

void
nng_mtx_free(nng_mtx *mtx)
{
	if (mtx != NULL) {
		must(pthread_mutex_destroy(&mtx->mtx), "nng_mtx_free",
		    "the mutex is locked");
		nng_free(mtx, sizeof(*mtx));
	}
}

void
nng_mtx_lock(nng_mtx *mtx)
{
	must(pthread_mutex_lock(&mtx->mtx), "nng_mtx_lock",
	    "this thread holds the mutex already");
}

void
nng_mtx_unlock(nng_mtx *mtx)
{
	must(pthread_mutex_unlock(&mtx->mtx), "nng_mtx_unlock",
	    "this thread does not hold the mutex");
}

int
nng_cv_alloc(nng_cv **cvp, nng_mtx *mtx)
{
	nng_cv *cv = nng_alloc(sizeof(*cv));
	pthread_condattr_t attr;

	if (cv == NULL) {
		return NNG_ENOMEM;
	}
	/* On Linux none of this fails. */
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&cv->cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	cv->mtx = mtx;
	*cvp = cv;
	return 0;
}

void
nng_cv_free(nng_cv *cv)
{
	if (cv != NULL) {
		(void)pthread_cond_destroy(&cv->cond);
		nng_free(cv, sizeof(*cv));
	}
}

void
nng_cv_wait(nng_cv *cv)
{
	must(pthread_cond_wait(&cv->cond, &cv->mtx->mtx), "nng_cv_wait",
	    "this thread does not hold the mutex");
}

int
nng_cv_until(nng_cv *cv, nng_time when)
{
	const struct timespec ts = {
	    .tv_sec = (time_t)(when / MS_PER_S),
	    .tv_nsec = (long)(when % MS_PER_S) * NS_PER_MS,
	};
	int rv;

	if (when == 0) {
		return NNG_EAGAIN;
	}
	if (when == UINT64_MAX) {
		nng_cv_wait(cv);
		return 0;
	}
	rv = pthread_cond_timedwait(&cv->cond, &cv->mtx->mtx, &ts);
	if (rv == ETIMEDOUT) {
		return NNG_ETIMEDOUT;
	}
	must(rv, "nng_cv_until", "this thread does not hold the mutex");
	return 0;
}

void
nng_cv_wake(nng_cv *cv)
{
	(void)pthread_cond_broadcast(&cv->cond);
}

void
nng_cv_wake1(nng_cv *cv)
{
	(void)pthread_cond_signal(&cv->cond);
}
