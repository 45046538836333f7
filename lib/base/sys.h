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

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <time.h>

enum wri_sys_call {
	WRI_SYS_SOCKET,
	WRI_SYS_BIND,
	WRI_SYS_LISTEN,
	WRI_SYS_ACCEPT,
	WRI_SYS_CONNECT,
	WRI_SYS_SHUTDOWN,
	WRI_SYS_GETSOCKOPT,
	WRI_SYS_SETSOCKOPT,
	WRI_SYS_GETSOCKNAME,
	WRI_SYS_GETPEERNAME,
	WRI_SYS_READ,
	WRI_SYS_RECV,
	WRI_SYS_RECVMSG,
	WRI_SYS_WRITE,
	WRI_SYS_SEND,
	WRI_SYS_SENDMSG,
	WRI_SYS_CLOSE,
	WRI_SYS_EPOLL_CREATE,
	WRI_SYS_EPOLL_CTL,
	WRI_SYS_EPOLL_WAIT,
	WRI_SYS_POLL,
	WRI_SYS_PPOLL,
	WRI_SYS_EVENTFD,
	WRI_SYS_TIMERFD_CREATE,
	WRI_SYS_TIMERFD_SETTIME,
	WRI_SYS_OPEN,
	WRI_SYS_UNLINK,
	WRI_SYS_LSTAT,
	WRI_SYS_CALLS,
};

/* Sockets.  type without flags: NONBLOCK and CLOEXEC are added. */
int wri_sys_socket(int domain, int type, int protocol);
int wri_sys_bind(int fd, const struct sockaddr *sa, socklen_t len);
int wri_sys_listen(int fd, int backlog);
/* sa and len may be NULL.  The new one is NONBLOCK and CLOEXEC. */
int wri_sys_accept(int fd, struct sockaddr *sa, socklen_t *len);
/* 0: connected; -EINPROGRESS: watch for writing, then wri_sys_sock_error. */
int wri_sys_connect(int fd, const struct sockaddr *sa, socklen_t len);
int wri_sys_shutdown(int fd, int how);
int wri_sys_getsockopt(
    int fd, int level, int name, void *value, socklen_t *len);
int wri_sys_setsockopt(
    int fd, int level, int name, const void *value, socklen_t len);
int wri_sys_getsockname(int fd, struct sockaddr *sa, socklen_t *len);
int wri_sys_getpeername(int fd, struct sockaddr *sa, socklen_t *len);
/* Take SO_ERROR by wri_sys_getsockopt: 0 or -errno. */
int wri_sys_sock_error(int fd);

/* Bytes.  recv, send, recvmsg and sendmsg want sockets. */
ssize_t wri_sys_read(int fd, void *buf, size_t len);
ssize_t wri_sys_recv(int fd, void *buf, size_t len);
ssize_t wri_sys_recvmsg(int fd, struct msghdr *msg);
ssize_t wri_sys_write(int fd, const void *buf, size_t len);
ssize_t wri_sys_send(int fd, const void *buf, size_t len);
ssize_t wri_sys_sendmsg(int fd, const struct msghdr *msg);
/* The descriptor is gone, whatever the result. */
int wri_sys_close(int fd);

/* Waiting.  timeout_ms -1, timeout NULL: no limit. */
int wri_sys_epoll_create(void);
int wri_sys_epoll_ctl(int ep, int op, int fd, struct epoll_event *ev);
int wri_sys_epoll_wait(
    int ep, struct epoll_event *evs, int max, int timeout_ms);
int wri_sys_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int wri_sys_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout);
/* Non-blocking, from 0. */
int wri_sys_eventfd(void);
/* Non-blocking, monotonic; settime takes points in time. */
int wri_sys_timerfd_create(void);
int wri_sys_timerfd_settime(int fd, const struct itimerspec *at);

/* Files.  mode: for O_CREAT. */
int wri_sys_open(const char *path, int flags, mode_t mode);
int wri_sys_unlink(const char *path);
int wri_sys_lstat(const char *path, struct stat *st);

/* Processors that this thread may run on [>= 1]; cannot fail. */
unsigned wri_sys_cpus(void);

/*
 * Tests: the n-th call of this kind from now fails with eno (> 0) instead of
 * being made, once; the calls after it are made.  n 0: disarm.
 */
void wri_sys_fail_at(enum wri_sys_call which, unsigned n, int eno);
/* As wri_sys_fail_at, but every later call fails too, until disarmed. */
void wri_sys_fail_from(enum wri_sys_call which, unsigned n, int eno);
/* Calls of this kind since it was armed, 0 when it is not. */
unsigned wri_sys_calls(enum wri_sys_call which);

#endif
