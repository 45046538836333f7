/*
 * poll - the backend that makes levels look like edges.
 *
 * Purpose    for systems without epoll, and as the model that the other one is
 *            tested against.  A direction is asked for at open and by want;
 *            once reported it is not asked for again before the next want.
 * Ownership  the list of the watched is under the lock; the owner of the slot
 *            has the arrays of the call, so that nothing is locked while it
 *            sleeps.  add makes both grow and lays the owner's out for it.
 * Shape      del only rouses the sleeper: the list is walked before each sleep
 *            anyway, and drops what has another generation by then.  Who adds,
 *            removes or wants while the owner sleeps wakes it, once: the call
 *            would not hear of it, and it keeps a closed file alive.
 * Progress   wait is O(descriptors); add, del and want wait for its walk.
 * Pairs      none: list, want and asleep are under the lock; wake-ups stay in
 *            the eventfd until they are read.
 * Bounds     as many as the table has; EVENTS_MAX events a wait, the search
 *            goes on where the last one ended.
 * Proof      test/poller/poller_contract.c
 */
#include "poller/poller_impl.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"

#include <errno.h>
#include <string.h>

/* Places in the first list. */
#define WATCHES_MIN 64

struct poll_watch {
	struct wri_pfd *pfd;
	uint32_t gen; /* of the life that is watched */
	int fd;
};

/* The owner's arrays: one allocation. */
struct poll_call {
	unsigned max; /* watches that fit; fds has the wake-up as well */
	struct poll_watch *of; /* of[i] belongs to fds[i + 1] */
	struct pollfd *fds;
};

struct poll_set {
	struct wri_poll_set set; /* first */

	/* Fixed after init. */
	int wake_fd;
	int probe_fd; /* an epoll set that is never waited for; -1: none */

	/* mtx must be held when using these: */
	wri_mtx mtx WRI_ALIGNED;
	bool asleep; /* the owner blocks, and nobody has woken it for this */
	unsigned nwatches;
	unsigned watches_max;
	struct poll_watch *watches;
	struct poll_call *spare; /* larger, for the owner's next call; NULL */

	/* The owner of the slot. */
	struct poll_call *call WRI_ALIGNED;
	unsigned next; /* the place to look first for what is ready */
};

static struct poll_set *
poll_of(struct wri_poll_set *set)
{
	return wri_container(set, struct poll_set, set);
}

static size_t
call_size(unsigned max)
{
	size_t of_size = max * sizeof(struct poll_watch);
	size_t fds_size = (max + 1) * sizeof(struct pollfd);

	return sizeof(struct poll_call) + of_size + fds_size;
}

static struct poll_call *
call_alloc(unsigned max)
{
	struct poll_call *call = wri_alloc(call_size(max));

	if (call != NULL) {
		call->max = max;
		call->of = (struct poll_watch *)(void *)(call + 1);
		call->fds = (struct pollfd *)(void *)(call->of + max);
	}
	return call;
}

static void
call_free(struct poll_call *call)
{
	if (call != NULL) {
		wri_free(call, call_size(call->max));
	}
}

static weir_err
poll_init(struct wri_poll_set *set)
{
	struct poll_set *ps = poll_of(set);
	int r = wri_sys_eventfd();

	if (r < 0) {
		return wri_err_of(-r);
	}
	ps->wake_fd = r;
	ps->watches = wri_alloc(WATCHES_MIN * sizeof(*ps->watches));
	ps->call = call_alloc(WATCHES_MIN);
	if (ps->watches == NULL || ps->call == NULL) {
		goto fail_free;
	}
	ps->watches_max = WATCHES_MIN;
	/* Without one everything is taken for pollable. */
	r = wri_sys_epoll_create();
	ps->probe_fd = r >= 0 ? r : -1;
	wri_mtx_init(&ps->mtx);
	return WEIR_OK;

fail_free:
	call_free(ps->call);
	wri_free(ps->watches, WATCHES_MIN * sizeof(*ps->watches));
	(void)wri_sys_close(ps->wake_fd); /* nothing was written to it */
	return WEIR_ENOMEM;
}

static void
poll_fini(struct wri_poll_set *set)
{
	struct poll_set *ps = poll_of(set);

	wri_mtx_fini(&ps->mtx);
	if (ps->probe_fd >= 0) {
		(void)wri_sys_close(ps->probe_fd); /* empty */
	}
	call_free(ps->spare);
	call_free(ps->call);
	wri_free(ps->watches, ps->watches_max * sizeof(*ps->watches));
	(void)wri_sys_close(ps->wake_fd); /* nobody is left to wake */
}

static void
poll_wake(struct wri_poll_set *set)
{
	const uint64_t one = 1;
	ssize_t n = wri_sys_write(poll_of(set)->wake_fd, &one, sizeof(one));

	/* EAGAIN: the counter is full, so the owner will wake anyway. */
	WRI_ASSERT(n == (ssize_t)sizeof(one) || n == -EAGAIN);
}

/* Does the life go on that this was registered for? */
static bool
watch_lives(const struct poll_watch *w)
{
	/* Relaxed: the lock carries what counts; a life that ends just now is
	 * found out in feed. */
	return wri_load(&w->pfd->gen, WRI_RLX) == w->gen;
}

/* Drop the watches whose life has ended. */
static void
poll_sweep_locked(struct poll_set *ps) WRI_REQUIRES(ps->mtx)
{
	unsigned i = 0;

	while (i < ps->nwatches) {
		if (watch_lives(&ps->watches[i])) {
			i++;
		} else {
			ps->watches[i] = ps->watches[--ps->nwatches];
		}
	}
}

/* Make room for twice as many; somebody else may be faster. */
static weir_err
poll_grow(struct poll_set *ps, unsigned max)
{
	unsigned max_new = max * 2;
	struct poll_watch *watches = wri_alloc(max_new * sizeof(*watches));
	struct poll_call *call = call_alloc(max_new);

	if (watches == NULL || call == NULL) {
		wri_free(watches, max_new * sizeof(*watches));
		call_free(call);
		return WEIR_ENOMEM;
	}
	wri_mtx_lock(&ps->mtx);
	if (ps->watches_max == max) {
		struct poll_watch *watches_old = ps->watches;
		struct poll_call *spare_old = ps->spare;

		memcpy(watches, watches_old, ps->nwatches * sizeof(*watches));
		ps->watches = watches;
		ps->watches_max = max_new;
		ps->spare = call;
		watches = watches_old;
		call = spare_old;
		max_new = max;
	}
	wri_mtx_unlock(&ps->mtx);
	wri_free(watches, max_new * sizeof(*watches));
	call_free(call);
	return WEIR_OK;
}

/* Can the kernel tell when this file becomes ready?  Asked the way that the
 * other backend finds out, so that both refuse the same. */
static weir_err
poll_probe(struct poll_set *ps, int fd)
{
	struct epoll_event ev = {0, {0}};
	struct pollfd pollfd = {.fd = fd, .events = 0};
	int r;

	if (wri_sys_poll(&pollfd, 1, 0) == 1 &&
	    (pollfd.revents & POLLNVAL) != 0) {
		return WEIR_EINVAL;
	}
	if (ps->probe_fd < 0) {
		return WEIR_OK;
	}
	r = wri_sys_epoll_ctl(ps->probe_fd, EPOLL_CTL_ADD, fd, &ev);
	switch (-r) {
	case 0:
		/* If that fails fd is gone, and the set forgets it. */
		(void)wri_sys_epoll_ctl(ps->probe_fd, EPOLL_CTL_DEL, fd, &ev);
		return WEIR_OK;
	case EBADF:
	case ELOOP:
	case EPERM:
		return WEIR_EINVAL;
	}
	return wri_err_of(-r);
}

static weir_err
poll_add(struct wri_poll_set *set, struct wri_pfd *pfd)
{
	struct poll_set *ps = poll_of(set);
	weir_err err = poll_probe(ps, pfd->fd);
	bool asleep;

	if (err != WEIR_OK) {
		return err;
	}
	wri_mtx_lock(&ps->mtx);
	if (ps->nwatches == ps->watches_max) {
		poll_sweep_locked(ps);
	}
	while (ps->nwatches == ps->watches_max) {
		unsigned max = ps->watches_max;

		wri_mtx_unlock(&ps->mtx);
		err = poll_grow(ps, max);
		if (err != WEIR_OK) {
			return err;
		}
		wri_mtx_lock(&ps->mtx);
	}
	/* Relaxed, both: our own store; want is under the lock.  Both are
	 * wanted: at first the state is reported, as epoll does. */
	ps->watches[ps->nwatches++] = (struct poll_watch){
	    .pfd = pfd, .gen = wri_load(&pfd->gen, WRI_RLX), .fd = pfd->fd};
	wri_store(&pfd->want, DIRS_BOTH, WRI_RLX);
	asleep = ps->asleep;
	ps->asleep = false;
	wri_mtx_unlock(&ps->mtx);
	if (asleep) {
		poll_wake(set);
	}
	return WEIR_OK;
}

static void
poll_del(struct wri_poll_set *set, struct wri_pfd *pfd)
{
	struct poll_set *ps = poll_of(set);
	bool asleep;

	(void)pfd; /* its generation says it */
	wri_mtx_lock(&ps->mtx);
	asleep = ps->asleep;
	ps->asleep = false;
	wri_mtx_unlock(&ps->mtx);
	if (asleep) {
		poll_wake(set);
	}
}

static void
poll_want(struct wri_poll_set *set, struct wri_pfd *pfd, unsigned dirs)
{
	struct poll_set *ps = poll_of(set);
	bool asleep = false;
	uint32_t want;

	dirs &= DIRS_BOTH;
	wri_mtx_lock(&ps->mtx);
	want = wri_load(&pfd->want, WRI_RLX); /* the lock */
	if ((want & dirs) != dirs) {
		wri_store(&pfd->want, want | dirs, WRI_RLX);
		asleep = ps->asleep;
		ps->asleep = false;
	}
	wri_mtx_unlock(&ps->mtx);
	if (asleep) {
		poll_wake(set);
	}
}

static short
poll_mask(uint32_t want)
{
	int mask = 0;

	if ((want & WRI_DIR_READ) != 0) {
		mask |= POLLIN | POLLRDHUP;
	}
	if ((want & WRI_DIR_WRITE) != 0) {
		/* Not the half close: it stays, and who only waits for room
		 * would be told for ever. */
		mask |= POLLOUT;
	}
	return (short)mask;
}

static unsigned
poll_dirs(short seen)
{
	unsigned dirs = 0;

	if ((seen & POLLIN) != 0) {
		dirs |= WRI_DIR_READ;
	}
	if ((seen & POLLOUT) != 0) {
		dirs |= WRI_DIR_WRITE;
	}
	if ((seen & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0) {
		/* Who waits shall find out by trying. */
		dirs |= DIRS_BOTH | WRI_DIR_FINAL;
	}
	return dirs;
}

/* Write down what is wanted now; the number of pollfds. */
static unsigned
poll_compile(struct poll_set *ps, bool block)
{
	struct poll_call *old = NULL;
	struct poll_call *call;
	unsigned n = 0;

	wri_mtx_lock(&ps->mtx);
	if (ps->spare != NULL) {
		old = ps->call;
		ps->call = ps->spare;
		ps->spare = NULL;
	}
	call = ps->call;
	poll_sweep_locked(ps);
	for (unsigned i = 0; i < ps->nwatches; i++) {
		struct poll_watch *w = &ps->watches[i];
		uint32_t want = wri_load(&w->pfd->want, WRI_RLX); /* the lock */

		if (want != 0) {
			call->of[n] = *w;
			n++;
			call->fds[n] = (struct pollfd){
			    .fd = w->fd, .events = poll_mask(want)};
		}
	}
	ps->asleep = block;
	wri_mtx_unlock(&ps->mtx);
	call_free(old);
	call->fds[0] = (struct pollfd){.fd = ps->wake_fd, .events = POLLIN};
	return n + 1;
}

/* Turn what the call has seen into events; nready of them are to be found
 * among n watches. */
static unsigned
poll_collect(
    struct poll_set *ps, unsigned n, unsigned nready, struct wri_event *events)
{
	const struct poll_call *call = ps->call;
	unsigned at = ps->next < n ? ps->next : 0;
	unsigned nevents = 0;

	wri_mtx_lock(&ps->mtx);
	ps->asleep = false;
	for (unsigned i = 0; i < n && nready > 0 && nevents < EVENTS_MAX; i++) {
		const struct poll_watch *w = &call->of[at];
		unsigned dirs = poll_dirs(call->fds[at + 1].revents);

		nready -= call->fds[at + 1].revents != 0;
		at = at + 1 < n ? at + 1 : 0;
		/* Another life's wishes are none of this call's business. */
		if (dirs != 0 && watch_lives(w)) {
			/* Relaxed: the lock. */
			wri_and(&w->pfd->want, ~dirs, WRI_RLX);
			events[nevents].data =
			    event_data(w->gen, w->pfd->index);
			events[nevents].dirs = dirs;
			nevents++;
		}
	}
	wri_mtx_unlock(&ps->mtx);
	ps->next = at;
	return nevents;
}

static unsigned
poll_fetch(struct wri_poll_set *set, struct wri_event *events, bool block)
{
	struct poll_set *ps = poll_of(set);
	unsigned n = poll_compile(ps, block);
	int r = wri_sys_poll(ps->call->fds, n, block ? -1 : 0);

	if (r == -ENOMEM) {
		/* The kernel's, for a moment; the levels are still there. */
		wri_yield();
		r = 0;
	}
	if (r < 0 || (ps->call->fds[0].revents & POLLNVAL) != 0) {
		/* Going on would be deaf for ever, or spin. */
		wri_panic(__FILE__, __LINE__,
		    "poll of %u descriptors in poll slot %u: result %d (was "
		    "descriptor %d closed, or RLIMIT_NOFILE lowered?)",
		    n, set->index, r, ps->wake_fd);
	}
	if (r > 0 && ps->call->fds[0].revents != 0) {
		uint64_t count;

		/* Only the owner reads.  Should it fail, the next wait looks
		 * again. */
		(void)wri_sys_read(ps->wake_fd, &count, sizeof(count));
		r--;
	}
	return poll_collect(ps, n - 1, (unsigned)r, events);
}

const struct wri_poller_ops wri_poll_ops = {
    .name = "poll",
    .set_size = sizeof(struct poll_set),
    .init = poll_init,
    .fini = poll_fini,
    .add = poll_add,
    .del = poll_del,
    .want = poll_want,
    .wait = poll_fetch,
    .wake = poll_wake,
};
