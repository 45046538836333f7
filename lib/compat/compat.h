/*
 * compat - what the files of libweir-nng share.
 *
 * The library knows weir as a program does: by its public headers alone.  So it
 * cannot have lib/base (of which it borrows a header, the atomics): its door to
 * the machine is machine.c, and thread.c for threads.
 */
#ifndef COMPAT_COMPAT_H
#define COMPAT_COMPAT_H

#include <nng/nng.h>
#include <weir/time.h>

#include <stddef.h>

#define NS_PER_MS 1000000

/* Milliseconds to weir's time and durations; saturate. */
static inline weir_time
wri_nng_time(nng_time ms)
{
	return ms > INT64_MAX / NS_PER_MS ? WEIR_NEVER
					  : (weir_time)ms * NS_PER_MS;
}

/* Durations of options; aio.c has what a timeout makes of them. */
static inline weir_duration
wri_nng_duration(nng_duration ms)
{
	return ms == NNG_DURATION_INFINITE  ? WEIR_INFINITE
	       : ms == NNG_DURATION_DEFAULT ? WEIR_DEFAULT
					    : WEIR_MS(ms);
}

/* Whole milliseconds, never fewer than d has. */
static inline nng_duration
wri_nng_ms(weir_duration d)
{
	if (d == WEIR_INFINITE) {
		return NNG_DURATION_INFINITE;
	}
	if (d == WEIR_DEFAULT) {
		return NNG_DURATION_DEFAULT;
	}
	d = d / NS_PER_MS + (d % NS_PER_MS > 0);
	return d > INT32_MAX ? INT32_MAX : (nng_duration)d;
}

/* mem.c: the allocator from now on; NULL: the system's. */
void wri_nng_mem_set(
    void *(*malloc_fn)(size_t), void (*free_fn)(void *, size_t));

/* log.c: weir's lines come here from now on. */
void wri_nng_log_take(void);

/* names.c: reports of misuse name nng's calls from now on. */
void wri_nng_names_take(void);

/* machine.c */
void *wri_nng_sys_alloc(size_t size);
void wri_nng_sys_free(void *ptr);
/* size bytes [1..256], strong. */
void wri_nng_sys_random(void *buf, size_t size);
void wri_nng_sys_sleep_until(weir_time until);
nng_err wri_nng_sys_socket_pair(int fds[2]);
/* The wall clock of now, for people: hh:mm:ss.mmm. */
void wri_nng_sys_clock_text(char *buf, size_t size);
/* One write to stderr, or what of it the system takes. */
void wri_nng_sys_write(const char *buf, size_t size);
/* A mistake that cannot be refused: one line, then abort. */
_Noreturn void wri_nng_die(const char *call, const char *what);
/* The call of nng that this thread is in, which makes several of weir's; NULL:
 * none, or it makes one. */
void wri_nng_sys_set_call(const char *call);
const char *wri_nng_sys_call(void);

#endif
