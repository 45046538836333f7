/*
 * alarm - one sleeper that hears a deadline, a wake-up and the watch at once.
 *
 * Purpose    eventfd for wake, timerfd for the watch, ppoll for both and the
 *            deadline.
 * Ownership  the two descriptors are the alarm's.
 * Progress   wake and watch are one system call each and never block.
 * Pairs      none here: who wakes and who sleeps have their own, alarm.h.
 * Bounds     two descriptors.  Wakes are merged: the counter of an eventfd
 *            holds 2^64 - 2 of them.
 * Proof      test/base/test_alarm.c
 */
#include "base/alarm.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/panic.h"
#include "base/sys.h"

#include <errno.h>
#include <sys/prctl.h>

/* Between two looks, where the system refuses to wait for both [ns]. */
#define ALARM_NAP_NS 1000000

/* This thread sleeps exactly; the kernel's default adds 50 us. */
static _Thread_local bool alarm_exact
    __attribute__((tls_model("initial-exec")));

weir_err
wri_alarm_init(wri_alarm *a)
{
	a->event_fd = wri_sys_eventfd();
	a->timer_fd = a->event_fd < 0 ? a->event_fd : wri_sys_timerfd_create();
	if (a->timer_fd < 0 && a->event_fd >= 0) {
		(void)wri_sys_close(a->event_fd); /* nothing is in it */
	}
	return a->timer_fd < 0 ? wri_err_of(-a->timer_fd) : WEIR_OK;
}

void
wri_alarm_fini(wri_alarm *a)
{
	/* Nothing in them can be lost. */
	(void)wri_sys_close(a->timer_fd);
	(void)wri_sys_close(a->event_fd);
}

/* Take what made the descriptor readable; 0: it was taken back meanwhile. */
static unsigned
alarm_take(const struct pollfd *ready, enum wri_alarm_why why)
{
	uint64_t count;
	ssize_t n;

	if (ready->revents == 0) {
		return 0;
	}
	n = wri_sys_read(ready->fd, &count, sizeof(count));
	WRI_ASSERT(n == (ssize_t)sizeof(count) || n == -EAGAIN);
	return n > 0 ? why : 0;
}

unsigned
wri_alarm_wait(wri_alarm *a, weir_time until)
{
	struct pollfd fds[2] = {
	    {.fd = a->event_fd, .events = POLLIN},
	    {.fd = a->timer_fd, .events = POLLIN},
	};
	/* Before the clock's start is past. */
	weir_duration left = until > 0 ? until : 0;
	struct timespec ts;
	unsigned why;
	int n;

	if (!alarm_exact) {
		/* Refused in a strict sandbox: late by 50 us, never early. */
		(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
		alarm_exact = true;
	}
	if (until != WEIR_NEVER) {
		left -= wri_now();
	}
	n = wri_sys_ppoll(fds, 2, wri_timespec(&ts, left));
	if (n == -EINVAL) {
		/* RLIMIT_NOFILE was lowered below 2: no call takes both. */
		left = left < ALARM_NAP_NS ? left : ALARM_NAP_NS;
		n = wri_sys_ppoll(NULL, 0, wri_timespec(&ts, left));
		fds[0].revents = fds[1].revents = POLLIN; /* try them */
	}
	WRI_ASSERT(n >= 0);
	why = alarm_take(&fds[0], WRI_ALARM_WAKE) |
	      alarm_take(&fds[1], WRI_ALARM_WATCH);
	if (until != WEIR_NEVER && wri_now() >= until) {
		why |= WRI_ALARM_DEADLINE;
	}
	return why;
}

void
wri_alarm_wake(wri_alarm *a)
{
	wri_sys_notify(a->event_fd);
}

void
wri_alarm_watch(wri_alarm *a, weir_time at)
{
	struct itimerspec its = {{0, 0}, {0, 0}};
	int r;

	/* Zero is off; before the clock's start is past. */
	(void)wri_timespec(&its.it_value, at >= 0 ? at : 1);
	r = wri_sys_timerfd_settime(a->timer_fd, &its);
	WRI_ASSERT(r == 0);
}
