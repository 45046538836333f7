/*
 * epoll - the backend that sees edges.
 *
 * Purpose    one registration per life of a descriptor, both directions,
 *            edge-triggered: a message costs no call but the wait.
 * Ownership  two descriptors per set: the epoll set and an eventfd for wake.
 * Progress   add, del and wake are one call each that never blocks; wait
 *            sleeps when told to.
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
#include "base/sys.h"

#include <errno.h>

/* The data of the eventfd; no element has such an index. */
#define WAKE_DATA UINT64_MAX

struct epoll_set {
	struct wri_poll_set set; /* first */

	/* Fixed after init. */
	int fd;
	int wake_fd;
};

static struct epoll_set *
epoll_of(struct wri_poll_set *set)
{
	return wri_container(set, struct epoll_set, set);
}

static weir_err
epoll_init(struct wri_poll_set *set)
{
	struct epoll_set *es = epoll_of(set);
	/*
	 * An edge, so that nobody has to read it: each write is one, also
	 * when the count was above zero before, and one that comes before the
	 * wait is kept.
	 */
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLET, .data.u64 = WAKE_DATA};
	int r = wri_sys_epoll_create();

	if (r < 0) {
		return wri_err_of(-r);
	}
	es->fd = r;
	r = wri_sys_eventfd();
	if (r < 0) {
		goto fail_close_fd;
	}
	es->wake_fd = r;
	r = wri_sys_epoll_ctl(es->fd, EPOLL_CTL_ADD, es->wake_fd, &ev);
	if (r < 0) {
		goto fail_close_wake_fd;
	}
	return WEIR_OK;

fail_close_wake_fd:
	(void)wri_sys_close(es->wake_fd); /* nothing was written to it */
fail_close_fd:
	(void)wri_sys_close(es->fd);
	return wri_err_of(-r);
}

static void
epoll_fini(struct wri_poll_set *set)
{
	struct epoll_set *es = epoll_of(set);

	/* Nothing in them can be lost. */
	(void)wri_sys_close(es->wake_fd);
	(void)wri_sys_close(es->fd);
}

static weir_err
epoll_add(struct wri_poll_set *set, struct wri_pfd *pfd)
{
	/* Relaxed: our own store. */
	uint32_t gen = wri_load(&pfd->gen, WRI_RLX);
	struct epoll_event ev = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
	    .data.u64 = event_data(gen, pfd->index)};
	int r =
	    wri_sys_epoll_ctl(epoll_of(set)->fd, EPOLL_CTL_ADD, pfd->fd, &ev);

	switch (-r) {
	case 0:
		return WEIR_OK;
	case EBADF: /* no descriptor */
	case ELOOP: /* an epoll set in a circle */
	case EPERM: /* always ready: regular files, directories, /dev/null */
		return WEIR_EINVAL;
	}
	return wri_err_of(-r);
}

static void
epoll_del(struct wri_poll_set *set, struct wri_pfd *pfd)
{
	struct epoll_event ev = {0, {0}}; /* not looked at */
	int r =
	    wri_sys_epoll_ctl(epoll_of(set)->fd, EPOLL_CTL_DEL, pfd->fd, &ev);

	if (r < 0) {
		/* What may still come has the old generation and is dropped. */
		wri_log(WEIR_LOG_DEBUG,
		    "poller: descriptor %d was closed or reused while it was "
		    "watched (errno %d)",
		    pfd->fd, -r);
	}
}

static unsigned
epoll_dirs(uint32_t seen)
{
	unsigned dirs = 0;

	if ((seen & EPOLLIN) != 0) {
		dirs |= WRI_DIR_READ;
	}
	if ((seen & EPOLLOUT) != 0) {
		dirs |= WRI_DIR_WRITE;
	}
	if ((seen & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
		/* Who waits shall find out by trying. */
		dirs |= DIRS_BOTH | WRI_DIR_FINAL;
	}
	return dirs;
}

static unsigned
epoll_fetch(struct wri_poll_set *set, struct wri_event *events, bool block)
{
	struct epoll_set *es = epoll_of(set);
	struct epoll_event seen[EVENTS_MAX];
	unsigned n = 0;
	int r = wri_sys_epoll_wait(es->fd, seen, EVENTS_MAX, block ? -1 : 0);

	if (r < 0) {
		/* Going on would be deaf for ever, or spin. */
		wri_panic(__FILE__, __LINE__,
		    "epoll_wait on descriptor %d of poll slot %u: errno %d "
		    "(was it closed by somebody?)",
		    es->fd, set->index, -r);
	}
	for (int i = 0; i < r; i++) {
		if (seen[i].data.u64 != WAKE_DATA) {
			events[n].data = seen[i].data.u64;
			events[n].dirs = epoll_dirs(seen[i].events);
			n++;
		}
	}
	return n;
}

static void
epoll_wake(struct wri_poll_set *set)
{
	const uint64_t one = 1;
	ssize_t n = wri_sys_write(epoll_of(set)->wake_fd, &one, sizeof(one));

	WRI_ASSERT(n == (ssize_t)sizeof(one));
}

const struct wri_poller_ops wri_epoll_ops = {
    .name = "epoll",
    .set_size = sizeof(struct epoll_set),
    .init = epoll_init,
    .fini = epoll_fini,
    .add = epoll_add,
    .del = epoll_del,
    .want = NULL,
    .wait = epoll_fetch,
    .wake = epoll_wake,
};
