/*
 * nap - time as a descriptor: what waits for it goes on in a step.
 *
 * Purpose    a sleep of the gate ends on a thread of its handle's pool, and
 *            that pool's callbacks may all be blocked.  A timerfd is heard by
 *            the polling thread.
 * Ownership  the weir_fd is the caller's.
 * Progress   one system call each, never blocks.
 * Bounds     one descriptor a nap.
 * Proof      test/stream/test_blocked.c
 */
#include "stream/nap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/stream.h"

weir_err
wri_nap_open(weir_fd **napp, void *arg, void (*release)(void *arg))
{
	int fd = wri_sys_timerfd_create();
	weir_err err;

	if (fd < 0) {
		return wri_err_of(-fd);
	}
	err = weir_fd_open(napp, fd,
	    &(weir_fd_params){
		.size = sizeof(weir_fd_params),
		.arg = arg,
		.release = release,
	    });
	if (err != WEIR_OK) {
		(void)wri_sys_close(fd);
	}
	return wri_stream_op_err(err);
}

void
wri_nap_set(weir_fd *nap, weir_time at)
{
	struct itimerspec its = {{0, 0}, {0, 0}};
	int r;

	(void)wri_timespec(&its.it_value, at);
	r = wri_sys_timerfd_settime(weir_fd_number(nap), &its);
	WRI_ASSERT(r == 0);
}

bool
wri_nap_over(int fd)
{
	uint64_t count;

	return wri_sys_read(fd, &count, sizeof(count)) > 0;
}
