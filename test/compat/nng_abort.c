/*
 * nng_abort - mistakes that NNG's documents forbid, made once each: one line,
 * then abort.
 *
 * Shape      `nng_abort <row>` makes the mistake with stderr on stdout; ctest
 *            looks at the line, and at the word that the handler of SIGABRT
 *            adds.
 */
#include <nng/nng.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static nng_aio *aio;
static nng_mtx *mtx;
static nng_cv *cv;
static nng_thread *thr;

static void
submit_on_busy(void)
{
	nng_sleep_aio(NNG_DURATION_INFINITE, aio);
	nng_sleep_aio(NNG_DURATION_INFINITE, aio);
}

static void
finish_twice(void)
{
	nng_aio_reset(aio);
	nng_aio_finish(aio, NNG_OK);
	nng_aio_wait(aio);
	nng_aio_finish(aio, NNG_OK);
}

static void
start_twice(void)
{
	if (nng_aio_start(aio, NULL, NULL)) {
		(void)nng_aio_start(aio, NULL, NULL);
	}
}

static void
lock_twice(void)
{
	nng_mtx_lock(mtx);
	nng_mtx_lock(mtx);
}

static void
unlock_unlocked(void)
{
	nng_mtx_unlock(mtx);
}

static void
unlock_it(void *arg)
{
	nng_mtx_unlock(arg);
}

static void
unlock_of_another(void)
{
	nng_mtx_lock(mtx);
	if (nng_thread_create(&thr, unlock_it, mtx) == 0) {
		nng_thread_destroy(thr);
	}
}

static void
free_locked(void)
{
	nng_mtx_lock(mtx);
	nng_mtx_free(mtx);
}

static void
wait_unlocked(void)
{
	nng_cv_wait(cv);
}

static void
until_unlocked(void)
{
	(void)nng_cv_until(cv, 1);
}

static void
destroy_own(void *arg)
{
	(void)arg;
	nng_thread_destroy(thr);
}

static void
destroy_oneself(void)
{
	if (nng_thread_create(&thr, destroy_own, NULL) == 0) {
		(void)pause();
	}
}

static const struct {
	const char *name;
	void (*fn)(void);
} rows[] = {
    {"submit_on_busy", submit_on_busy},
    {"finish_twice", finish_twice},
    {"start_twice", start_twice},
    {"lock_twice", lock_twice},
    {"unlock_unlocked", unlock_unlocked},
    {"unlock_of_another", unlock_of_another},
    {"free_locked", free_locked},
    {"wait_unlocked", wait_unlocked},
    {"until_unlocked", until_unlocked},
    {"destroy_oneself", destroy_oneself},
};

static void
on_abort(int sig)
{
	(void)sig;
	(void)!write(STDOUT_FILENO, "aborted\n", 8);
	_exit(0);
}

int
main(int argc, char **argv)
{
	if (argc != 2 || dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ||
	    signal(SIGABRT, on_abort) == SIG_ERR || nng_init(NULL) != NNG_OK ||
	    nng_aio_alloc(&aio, NULL, NULL) != NNG_OK ||
	    nng_mtx_alloc(&mtx) != 0 || nng_cv_alloc(&cv, mtx) != 0) {
		return 2;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, argv[1]) == 0) {
			rows[i].fn();
		}
	}
	(void)printf("not aborted\n");
	return 1;
}
