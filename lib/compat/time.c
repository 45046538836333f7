/*
 * time - clock, sleep, randomness, a pair of sockets.
 *
 * Proof      test/compat/test_nng_time.c
 */
#include "compat/compat.h"

#include <weir/sleep.h>

nng_time
nng_clock(void)
{
	return (nng_time)(weir_now() / NS_PER_MS);
}

void
nng_msleep(nng_duration ms)
{
	if (ms > 0) {
		wri_nng_sys_sleep_until(
		    weir_time_after(weir_now(), WEIR_MS(ms)));
	}
}

void
nng_sleep_aio(nng_duration ms, nng_aio *aio)
{
	weir_duration d = 0; /* negative values end at once */

	if (ms == NNG_DURATION_INFINITE) {
		d = WEIR_INFINITE;
	} else if (ms > 0) {
		d = WEIR_MS(ms);
	}
	weir_sleep_aio(d, aio);
}

uint32_t
nng_random(void)
{
	uint32_t n;

	wri_nng_sys_random(&n, sizeof(n));
	return n;
}

nng_err
nng_socket_pair(int fds[2])
{
	return fds == NULL ? NNG_EINVAL : wri_nng_sys_socket_pair(fds);
}
