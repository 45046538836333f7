/*
 * poll - the backend that makes levels look like edges.
 *
 * Purpose    for systems without epoll, and as the model that the other one is
 *            tested against.  A direction is asked for at open and by want;
 *            once reported it is not asked for again before the next want.
 * Shape      No list of its own: each wait looks through the table and writes
 *            down what is wanted in its slot.  Who adds, removes or wants
 *            wakes the owner: a call under way would not hear of it, and it
 *            keeps a closed file alive.
 * Ownership  want and place of all elements are under the lock, and an
 *            element's fd and set stand still while want is not zero.  The
 *            slot's owner has the array of the call, so that nothing is locked
 *            while it sleeps.
 * Progress   wait is O(elements); add, del and want wait for its walks.
 * Pairs      none: all is under the lock; wake-ups stay in the eventfd until
 *            they are read.
 * Bounds     as many as the table has; EVENTS_MAX events a wait.  The next walk
 *            begins behind the last element looked at: all take turns.
 * Proof      test/poller/poller_contract.c, test/poller/poller_sleep.c,
 *            test/explorer/x_fdio*.c
 */
#include "poller/poller_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/panic.h"

#include <errno.h>

/* Places in the first array. */
#define FDS_MIN 64

static wri_mtx poll_mtx = WRI_MTX_INIT;

/* Room for all that the slot watches.  What there is stays without memory. */
static void
poll_grow(struct wri_poll_set *set)
{
	unsigned nfds = wri_load(&set->nfds, WRI_RLX); /* a counter */

	if (nfds >= set->fds_max) {
		unsigned max = nfds * 2 + FDS_MIN;
		struct pollfd *fds = wri_alloc(max * sizeof(*fds));

		if (fds != NULL) {
			wri_free(set->fds, set->fds_max * sizeof(*fds));
			set->fds = fds;
			set->fds_max = max;
		}
	}
}

static weir_err
poll_init(struct wri_poll_set *set)
{
	poll_grow(set);
	return set->fds == NULL ? WEIR_ENOMEM : WEIR_OK;
}

/* Can the kernel tell when this file becomes ready?  An epoll set that is never
 * waited for is asked, so that both backends refuse the same. */
static weir_err
poll_probe(struct wri_pfd *pfd)
{
	struct pollfd pollfd = {.fd = pfd->fd, .events = 0};
	weir_err err;

	if (pfd->set->epoll_fd < 0) {
		/* Everything that is a descriptor is taken for pollable. */
		(void)wri_sys_poll(&pollfd, 1, 0);
		return pollfd.revents == POLLNVAL ? WEIR_EINVAL : WEIR_OK;
	}
	err = wri_epoll_ops.add(pfd);
	if (err == WEIR_OK) {
		wri_epoll_ops.del(pfd);
	}
	return err;
}

/* Want directions too, or nothing once the life has ended. */
static void
poll_want(struct wri_pfd *pfd, unsigned dirs)
{
	bool lives;

	wri_mtx_lock(&poll_mtx);
	/* Relaxed: who has ended it takes the lock after that. */
	lives = wri_load(&pfd->gen, WRI_RLX) % 2 == 1;
	pfd->want = lives ? pfd->want | (dirs & DIRS_BOTH) : 0;
	pfd->place = 0;
	wri_mtx_unlock(&poll_mtx);
	wri_slot_wake(pfd->set);
}

static weir_err
poll_add(struct wri_pfd *pfd)
{
	weir_err err = poll_probe(pfd);

	if (err == WEIR_OK) {
		/* At first the state is reported, as epoll does. */
		poll_want(pfd, DIRS_BOTH);
	}
	return err;
}

static void
poll_del(struct wri_pfd *pfd)
{
	poll_want(pfd, 0);
}

/* Write down what is wanted now; the number of pollfds that it takes.  Who only
 * waits for room is not told of the half close: it stays, and would be told for
 * ever. */
static unsigned
poll_compile(struct wri_poll_set *set)
{
	static const short masks[] = {[WRI_DIR_READ] = POLLIN | POLLRDHUP,
	    [WRI_DIR_WRITE] = POLLOUT,
	    [DIRS_BOTH] = POLLIN | POLLRDHUP | POLLOUT};
	unsigned n = 1, len;

	set->fds[0] = (struct pollfd){.fd = set->wake_fd, .events = POLLIN};
	wri_mtx_lock(&poll_mtx);
	len = wri_table_len();
	for (unsigned i = 0; i < len; i++) {
		struct wri_pfd *pfd = wri_table_at((set->next + i) % len);

		/* Not of a life that has ended: what is ready there is nobody's
		 * event, and we would spin until del.  Relaxed: as in want. */
		if (pfd->want == 0 || pfd->set != set ||
		    wri_load(&pfd->gen, WRI_RLX) % 2 == 0) {
			continue;
		}
		pfd->place = n < set->fds_max ? n : 0;
		if (pfd->place != 0) {
			set->fds[n] = (struct pollfd){
			    .fd = pfd->fd, .events = masks[pfd->want]};
		}
		n++;
	}
	wri_mtx_unlock(&poll_mtx);
	return n;
}

/* Turn what the call has seen into events. */
static unsigned
poll_collect(struct wri_poll_set *set)
{
	unsigned start = set->next;
	unsigned n = 0;
	unsigned len;

	wri_mtx_lock(&poll_mtx);
	len = wri_table_len();
	for (unsigned i = 0; i < len && n < EVENTS_MAX; i++) {
		struct wri_pfd *pfd = wri_table_at((start + i) % len);
		uint32_t gen = wri_load(&pfd->gen, WRI_RLX); /* as in want */
		unsigned dirs;

		/* Another life's wishes are none of this call's business. */
		if (pfd->want == 0 || pfd->set != set || pfd->place == 0 ||
		    gen % 2 == 0) {
			continue;
		}
		set->next = pfd->index + 1;
		dirs = dirs_of((unsigned short)set->fds[pfd->place].revents);
		if (dirs != 0) {
			pfd->want &= ~dirs;
			set->events[n++] = (struct wri_event){
			    event_data(gen, pfd->index), dirs};
		}
	}
	wri_mtx_unlock(&poll_mtx);
	return n;
}

static unsigned
poll_fetch(struct wri_poll_set *set, bool block)
{
	uint64_t count;
	unsigned n;
	int r;

	poll_grow(set);
	n = poll_compile(set);
	if (n > set->fds_max) {
		/* No memory: the rest has its turn in a moment. */
		n = set->fds_max;
		block = false;
		wri_yield();
	}
	r = wri_sys_poll(set->fds, n, block ? -1 : 0);
	if (r == -ENOMEM) {
		/* The kernel's, for a moment; the levels are still there. */
		wri_yield();
		return 0;
	}
	if (r < 0 || (set->fds[0].revents & POLLNVAL) != 0) {
		/* Going on would be deaf for ever, or spin. */
		wri_panic(__FILE__, __LINE__,
		    "poll of %u descriptors: result %d (was descriptor %d "
		    "closed, or RLIMIT_NOFILE lowered?)",
		    n, r, set->wake_fd);
	}
	if (set->fds[0].revents != 0) {
		/* Only the owner reads.  Should it fail, the next wait looks
		 * again. */
		(void)wri_sys_read(set->wake_fd, &count, sizeof(count));
	}
	return poll_collect(set);
}

const struct wri_poller_ops wri_poll_ops = {
    .init = poll_init,
    .add = poll_add,
    .del = poll_del,
    .want = poll_want,
    .wait = poll_fetch,
};
