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
#include <poll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>

#define ALARM_NS_PER_S 1000000000

/* This thread sleeps exactly; the kernel's default adds 50 us. */
static _Thread_local bool alarm_exact
    __attribute__((tls_model("initial-exec")));

static struct timespec
alarm_timespec(int64_t ns)
{
	struct timespec ts = {
	    .tv_sec = ns / ALARM_NS_PER_S, .tv_nsec = ns % ALARM_NS_PER_S};

	return ts;
}

weir_err
wri_alarm_init(wri_alarm *a)
{
	int event_fd = wri_sys_eventfd();
	int timer_fd;

	if (event_fd < 0) {
		return wri_err_of(-event_fd);
	}
	timer_fd = wri_sys_timerfd_create();
	if (timer_fd < 0) {
		(void)wri_sys_close(event_fd); /* nothing was written to it */
		return wri_err_of(-timer_fd);
	}
	a->event_fd = event_fd;
	a->timer_fd = timer_fd;
	return WEIR_OK;
}

void
wri_alarm_fini(wri_alarm *a)
{
	/* Nothing in them can be lost. */
	(void)wri_sys_close(a->timer_fd);
	(void)wri_sys_close(a->event_fd);
}

/* Take what made fd readable; false: it was taken back meanwhile. */
static bool
alarm_take(int fd)
{
	uint64_t count;
	ssize_t n = wri_sys_read(fd, &count, sizeof(count));

	WRI_ASSERT(n == (ssize_t)sizeof(count) || n == -EAGAIN);
	return n > 0;
}

unsigned
wri_alarm_wait(wri_alarm *a, weir_time until)
{
	struct pollfd fds[2] = {
	    {.fd = a->event_fd, .events = POLLIN},
	    {.fd = a->timer_fd, .events = POLLIN},
	};
	struct timespec ts = {0, 0};
	unsigned why = 0;
	int n;

	if (!alarm_exact) {
		/* Refused in a strict sandbox: late by 50 us, never early. */
		(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
		alarm_exact = true;
	}
	if (until != WEIR_NEVER) {
		weir_time now = wri_now();

		ts = alarm_timespec(until > now ? until - now : 0);
	}
	n = wri_sys_ppoll(fds, 2, until == WEIR_NEVER ? NULL : &ts);
	WRI_ASSERT(n >= 0);
	WRI_ASSERT(((fds[0].revents | fds[1].revents) & POLLNVAL) == 0);
	if (n > 0 && fds[0].revents != 0 && alarm_take(a->event_fd)) {
		why |= WRI_ALARM_WAKE;
	}
	if (n > 0 && fds[1].revents != 0 && alarm_take(a->timer_fd)) {
		why |= WRI_ALARM_WATCH;
	}
	if (until != WEIR_NEVER && wri_now() >= until) {
		why |= WRI_ALARM_DEADLINE;
	}
	return why;
}

void
wri_alarm_wake(wri_alarm *a)
{
	const uint64_t one = 1;
	ssize_t n = wri_sys_write(a->event_fd, &one, sizeof(one));

	/* EAGAIN: the counter is full, so the sleeper is awake anyway. */
	WRI_ASSERT(n == (ssize_t)sizeof(one) || n == -EAGAIN);
}

void
wri_alarm_watch(wri_alarm *a, weir_time at)
{
	struct itimerspec its = {{0, 0}, {0, 0}}; /* off */
	int r;

	if (at != 0) {
		/* Before the clock's start is past too; zero would be off. */
		its.it_value = alarm_timespec(at > 0 ? at : 1);
	}
	r = wri_sys_timerfd_settime(a->timer_fd, &its);
	WRI_ASSERT(r == 0);
}
