/*
 * sys - every other system call of the library, in one place.
 *
 * Purpose    one shape for all: >= 0, or -errno on the spot; each can fail on
 *            purpose, so that every error path has a test.
 * Rules      EINTR never leaves: a call is made again; a wait says 0 (its
 *            caller counts its time anew); a close is over.  Descriptors are
 *            close-on-exec; sockets that we make are non-blocking too.
 *            Writing to a socket whose peer is gone raises no signal.
 * Progress   as the call; one relaxed load more.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include "base/fault.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

enum wri_sys_call {
#define WRI_SYS(kind, ...) WRI_SYS_##kind,
#include "base/sys_calls.h"
	WRI_SYS_CONNECT,
	WRI_SYS_CLOSE,
	WRI_SYS_CALLS,
};

/* The functions of sys_calls.h. */
#define WRI_SYS(kind, type, name, params, call) type wri_sys_##name params;
#include "base/sys_calls.h"

/* 0: connected; -EINPROGRESS: watch for writing, then ask for SO_ERROR. */
int wri_sys_connect(int fd, const struct sockaddr *sa, socklen_t len);
/* The descriptor is gone, whatever the result. */
int wri_sys_close(int fd);
/* Make an eventfd readable; any thread.  A full one is readable. */
void wri_sys_notify(int event_fd);
/* Processors that this thread may run on [>= 1]; cannot fail. */
unsigned wri_sys_cpus(void);

/* Where tests arm failures.  Hidden, so that the look at it is one load. */
extern struct wri_fault wri_sys_faults[WRI_SYS_CALLS]
    __attribute__((visibility("hidden")));

#endif
