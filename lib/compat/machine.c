/*
 * machine - the system calls of libweir-nng.
 *
 * Purpose    the one file of this library, beside thread.c, that touches the
 *            machine: it does not see lib/base.
 * Ownership  nothing but a word for each thread.
 * Proof      test/compat/test_nng_time.c, test_nng_plain.c
 */
#include "compat/compat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

void *
wri_nng_sys_alloc(size_t size)
{
	return malloc(size);
}

void
wri_nng_sys_free(void *ptr)
{
	free(ptr);
}

void
wri_nng_sys_random(void *buf, size_t size)
{
	ssize_t n;

	/* Up to 256 bytes come whole, once the kernel has any. */
	do {
		n = getrandom(buf, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)size) {
		wri_nng_die("nng_random", "the system has no random numbers");
	}
}

void
wri_nng_sys_sleep_until(weir_time until)
{
	const struct timespec ts = {
	    .tv_sec = (time_t)(until / WEIR_SECONDS(1)),
	    .tv_nsec = (long)(until % WEIR_SECONDS(1)),
	};

	/* The only failure is a signal. */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR) {
	}
}

nng_err
wri_nng_sys_socket_pair(int fds[2])
{
	int pair[2];

	/* Without SOCK_CLOEXEC, as NNG: a program may want to hand one to a
	 * child. */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		memcpy(fds, pair, sizeof(pair));
		return NNG_OK;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
		return NNG_ENOFILES;
	case ENOMEM:
	case ENOBUFS:
		return NNG_ENOMEM;
	case EAFNOSUPPORT:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
		return NNG_ENOTSUP;
	case EACCES:
	case EPERM:
		return NNG_EPERM;
	default:
		return (nng_err)(NNG_ESYSERR | (unsigned)errno);
	}
}

void
wri_nng_sys_clock_text(char *buf, size_t size)
{
	struct timespec ts;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	if (localtime_r(&ts.tv_sec, &tm) == NULL) {
		memset(&tm, 0, sizeof(tm));
	}
	(void)snprintf(buf, size, "%02d:%02d:%02d.%03ld", tm.tm_hour, tm.tm_min,
	    tm.tm_sec, ts.tv_nsec / NS_PER_MS);
}

void
wri_nng_sys_write(const char *buf, size_t size)
{
	/* There is no better place to complain about stderr. */
	(void)!write(STDERR_FILENO, buf, size);
}

static _Thread_local const char *machine_call;

void
wri_nng_sys_set_call(const char *call)
{
	machine_call = call;
}

const char *
wri_nng_sys_call(void)
{
	return machine_call;
}

void
wri_nng_die(const char *call, const char *what)
{
	char line[256];
	int n =
	    snprintf(line, sizeof(line), "weir: misuse: %s: %s\n", call, what);

	wri_nng_sys_write(
	    line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
	abort();
}
