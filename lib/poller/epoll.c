/*
 * epoll - the backend that sees edges.
 *
 * Purpose    one registration per life of a descriptor, both directions,
 *            edge-triggered: a message costs no call but the wait.
 * Ownership  nothing but what lies in the epoll set.
 * Progress   add and del are one call each that never blocks; wait sleeps when
 *            told to.
 * Pairs      none here: the calls order nothing.  What an event leads to
 *            travels through gen (D2, poller.c); what a wake is about is
 *            published by its caller before (T1, taskq).
 * Bounds     EVENTS_MAX events a wait; the kernel lets the ready ones take
 *            turns.
 * Proof      test/poller/poller_contract.c
 */
#include "poller/poller_impl.h"

#include "base/err.h"
#include "base/log.h"
#include "base/panic.h"

#include <errno.h>

/* The data of the eventfd; no element has such an index. */
#define WAKE_DATA UINT64_MAX

static weir_err
epoll_init(struct wri_poll_set *set)
{
	/*
	 * An edge, so that nobody has to read it: each write is one, also
	 * when the count was above zero before, and one that comes before the
	 * wait is kept.
	 */
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLET, .data.u64 = WAKE_DATA};
	int r = set->epoll_fd;

	if (r >= 0) {
		r = wri_sys_epoll_ctl(r, EPOLL_CTL_ADD, set->wake_fd, &ev);
	}
	return r < 0 ? wri_err_of(-r) : WEIR_OK;
}

static int
epoll_set(struct wri_pfd *pfd, int op)
{
	/* Relaxed: only the life's owner moves it.  PRI: a read ends before an
	 * urgent byte, and is no sign of an empty socket. */
	uint32_t gen = wri_load(&pfd->gen, WRI_RLX);
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	    .data.u64 = event_data(gen, pfd->index)};

	return wri_sys_epoll_ctl(pfd->set->epoll_fd, op, pfd->fd, &ev);
}

static weir_err
epoll_add(struct wri_pfd *pfd)
{
	int r = epoll_set(pfd, EPOLL_CTL_ADD);

	/* No descriptor; an epoll set in a circle; what is always ready:
	 * regular files, directories, /dev/null. */
	if (r == -EBADF || r == -ELOOP || r == -EPERM) {
		return WEIR_EINVAL;
	}
	return r < 0 ? wri_err_of(-r) : WEIR_OK;
}

static void
epoll_want(struct wri_pfd *pfd, unsigned dirs)
{
	(void)dirs; /* both are looked at */
	/* Fails when the number was closed behind our back: a lost life. */
	(void)epoll_set(pfd, EPOLL_CTL_MOD);
}

static void
epoll_del(struct wri_pfd *pfd)
{
	struct epoll_event ev = {0, {0}}; /* not looked at */
	int r =
	    wri_sys_epoll_ctl(pfd->set->epoll_fd, EPOLL_CTL_DEL, pfd->fd, &ev);

	if (r < 0) {
		/* What may still come has the old generation and is dropped. */
		wri_log(WEIR_LOG_DEBUG,
		    "poller: descriptor %d was closed or reused while it was "
		    "watched (errno %d)",
		    pfd->fd, -r);
	}
}

static unsigned
epoll_fetch(struct wri_poll_set *set, bool block)
{
	struct epoll_event seen[EVENTS_MAX];
	unsigned n = 0;
	int r =
	    wri_sys_epoll_wait(set->epoll_fd, seen, EVENTS_MAX, block ? -1 : 0);

	if (r < 0) {
		/* Going on would be deaf for ever, or spin. */
		wri_panic(__FILE__, __LINE__,
		    "epoll_wait on descriptor %d: errno %d (was it closed by "
		    "somebody?)",
		    set->epoll_fd, -r);
	}
	for (int i = 0; i < r; i++) {
		if (seen[i].data.u64 != WAKE_DATA) {
			set->events[n++] = (struct wri_event){
			    seen[i].data.u64, dirs_of(seen[i].events)};
		}
	}
	return n;
}

const struct wri_poller_ops wri_epoll_ops = {
    .init = epoll_init,
    .add = epoll_add,
    .del = epoll_del,
    .want = epoll_want,
    .sees_edges = true,
    .wait = epoll_fetch,
};
