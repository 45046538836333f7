/*
 * sys_calls - the system calls of the library, a row each; included by sys.h
 * and sys.c, which say what a row becomes.
 *
 *   WRI_SYS(kind, type, name, parameters, call)
 *
 * is the function `type wri_sys_name(parameters)`, and WRI_SYS_kind for tests.
 * sys_recv, sys_send and sys_if_index are at home in sys.c.
 * No guard: it is included once for each thing that a row becomes.
 */

/* Sockets.  type without flags: NONBLOCK and CLOEXEC are added. */
WRI_SYS(SOCKET, int, socket, (int domain, int type, int protocol),
    socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol))
WRI_SYS(BIND, int, bind, (int fd, const struct sockaddr *sa, socklen_t len),
    bind(fd, sa, len))
WRI_SYS(LISTEN, int, listen, (int fd, int backlog), listen(fd, backlog))
/* Two connected ones, as socket makes them. */
WRI_SYS(SOCKETPAIR, int, socketpair,
    (int domain, int type, int protocol, int fds[2]),
    socketpair(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, fds))
/* sa and len may be NULL.  The new one is NONBLOCK and CLOEXEC. */
WRI_SYS(ACCEPT, int, accept, (int fd, struct sockaddr *sa, socklen_t *len),
    accept4(fd, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC))
WRI_SYS(SHUTDOWN, int, shutdown, (int fd, int how), shutdown(fd, how))
WRI_SYS(GETSOCKOPT, int, getsockopt,
    (int fd, int level, int name, void *value, socklen_t *len),
    getsockopt(fd, level, name, value, len))
WRI_SYS(SETSOCKOPT, int, setsockopt,
    (int fd, int level, int name, const void *value, socklen_t len),
    setsockopt(fd, level, name, value, len))
WRI_SYS(GETSOCKNAME, int, getsockname,
    (int fd, struct sockaddr *sa, socklen_t *len), getsockname(fd, sa, len))
WRI_SYS(GETPEERNAME, int, getpeername,
    (int fd, struct sockaddr *sa, socklen_t *len), getpeername(fd, sa, len))

/* Bytes.  All but read and write want sockets. */
WRI_SYS(
    READ, ssize_t, read, (int fd, void *buf, size_t len), read(fd, buf, len))
WRI_SYS(RECV, ssize_t, recv, (int fd, void *buf, size_t len),
    sys_recv(fd, buf, len))
WRI_SYS(RECVMSG, ssize_t, recvmsg, (int fd, struct msghdr *msg),
    recvmsg(fd, msg, 0))
/* Up to n messages, at least one; fewer than n: then the system had no more. */
WRI_SYS(RECVMMSG, int, recvmmsg, (int fd, struct mmsghdr *msgs, unsigned n),
    recvmmsg(fd, msgs, n, 0, NULL))
/* As recvmsg, and the bytes stay there. */
WRI_SYS(PEEKMSG, ssize_t, peekmsg, (int fd, struct msghdr *msg),
    recvmsg(fd, msg, MSG_PEEK))
WRI_SYS(WRITE, ssize_t, write, (int fd, const void *buf, size_t len),
    write(fd, buf, len))
WRI_SYS(SEND, ssize_t, send, (int fd, const void *buf, size_t len),
    sys_send(fd, buf, len))
WRI_SYS(SENDMSG, ssize_t, sendmsg, (int fd, const struct msghdr *msg),
    sendmsg(fd, msg, MSG_NOSIGNAL))

/* Waiting.  timeout_ms -1, timeout NULL: no limit. */
WRI_SYS(EPOLL_WAIT, int, epoll_wait,
    (int ep, struct epoll_event *evs, int max, int timeout_ms),
    epoll_wait(ep, evs, max, timeout_ms))
WRI_SYS(POLL, int, poll, (struct pollfd * fds, nfds_t n, int timeout_ms),
    poll(fds, n, timeout_ms))
WRI_SYS(PPOLL, int, ppoll,
    (struct pollfd * fds, nfds_t n, const struct timespec *timeout),
    ppoll(fds, n, timeout, NULL))

/* What is waited for.  An eventfd is non-blocking and starts from 0; a timerfd
 * is non-blocking and monotonic, settime takes points in time. */
WRI_SYS(EPOLL_CREATE, int, epoll_create, (void), epoll_create1(EPOLL_CLOEXEC))
WRI_SYS(EPOLL_CTL, int, epoll_ctl,
    (int ep, int op, int fd, struct epoll_event *ev), epoll_ctl(ep, op, fd, ev))
WRI_SYS(EVENTFD, int, eventfd, (void), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
WRI_SYS(TIMERFD_CREATE, int, timerfd_create, (void),
    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))
WRI_SYS(TIMERFD_SETTIME, int, timerfd_settime,
    (int fd, const struct itimerspec *at),
    timerfd_settime(fd, TFD_TIMER_ABSTIME, at, NULL))

/* Files.  mode: for O_CREAT. */
WRI_SYS(CHMOD, int, chmod, (const char *path, mode_t mode), chmod(path, mode))
WRI_SYS(FCNTL, int, fcntl, (int fd, int cmd, int arg), fcntl(fd, cmd, arg))
WRI_SYS(FSTAT, int, fstat, (int fd, struct stat *st), fstat(fd, st))
WRI_SYS(OPEN, int, open, (const char *path, int flags, mode_t mode),
    open(path, flags | O_CLOEXEC, mode))
WRI_SYS(UNLINK, int, unlink, (const char *path), unlink(path))
WRI_SYS(LSTAT, int, lstat, (const char *path, struct stat *st), lstat(path, st))

/* The index of an interface [>= 1]. */
WRI_SYS(IF_INDEX, int, if_index, (const char *name), sys_if_index(name))

#undef WRI_SYS
