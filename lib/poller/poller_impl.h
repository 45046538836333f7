/*
 * poller_impl - backends, slots and the table; seen by this folder only.
 */
#ifndef POLLER_POLLER_IMPL_H
#define POLLER_POLLER_IMPL_H

#include "poller/poller.h"

#include "base/attr.h"
#include "base/sys.h"

/* Events that one wait fetches. */
#define EVENTS_MAX 32
/* Elements that the table makes at a time. */
#define CHUNK_LEN 64u
#define DIRS_BOTH (WRI_DIR_READ | WRI_DIR_WRITE)

/* A descriptor has become ready; whose it is, is seen when it is fed. */
struct wri_event {
	uint64_t data; /* event_data() of the life that was registered */
	unsigned dirs;
};

/* One poll slot. */
struct wri_poll_set {
	/* Fixed after init. */
	int wake_fd;  /* an eventfd: readable when somebody has called wake */
	int epoll_fd; /* -errno: the system gives none */

	/* The slot's owner, between wait and feed. */
	unsigned nevents;
	struct wri_event events[EVENTS_MAX];

	/* The slot's owner, in wait of the poll backend. */
	struct pollfd *fds; /* of the call; the first is wake_fd */
	unsigned fds_max;
	unsigned next; /* index of the element that comes first */

	/* The slot's owner writes, all read. */
	wri_a64 waits;
	wri_a64 events_seen;

	/* Any thread. */
	wri_a32 nfds WRI_ALIGNED; /* descriptors watched */
};

/* One static const instance per backend. */
struct wri_poller_ops {
	/* Descriptors are there.  WEIR_ENOTSUP, WEIR_EPERM: the system has no
	 * such thing.  The set is ended by its owner. */
	weir_err (*init)(struct wri_poll_set *set);
	/* pfd's fd, set and gen are those of the life to watch. */
	weir_err (*add)(struct wri_pfd *pfd);
	/* gen has moved on already. */
	void (*del)(struct wri_pfd *pfd);
	/* Report dirs as soon as they are ready, also if they were reported.
	 * gen may just have moved on. */
	void (*want)(struct wri_pfd *pfd, unsigned dirs);
	/* What becomes ready is reported without being asked for. */
	bool sees_edges;
	/* Fill the set's events; how many, 0 is legal at any time. */
	unsigned (*wait)(struct wri_poll_set *set, bool block);
};

extern const struct wri_poller_ops wri_epoll_ops;
extern const struct wri_poller_ops wri_poll_ops;

/* End the wait of a set, or its next one; any thread. */
void wri_slot_wake(void *slot);

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT &&
		   EPOLLRDHUP == POLLRDHUP && EPOLLHUP == POLLHUP &&
		   EPOLLERR == POLLERR,
    "both calls speak one language");

/* What has become ready, of the bits that either call has seen. */
static inline unsigned
dirs_of(unsigned seen)
{
	if ((seen & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0) {
		/* Who waits shall find out by trying. */
		return DIRS_BOTH | WRI_DIR_FINAL;
	}
	return ((seen & POLLPRI) != 0 ? WRI_DIR_READ | WRI_DIR_FINAL : 0) |
	       ((seen & POLLIN) != 0 ? WRI_DIR_READ : 0) |
	       ((seen & POLLOUT) != 0 ? WRI_DIR_WRITE : 0);
}

/* What an event carries: the generation of the life, the element's index. */
static inline uint64_t
event_data(uint32_t gen, unsigned index)
{
	return (uint64_t)gen << 32 | index;
}

/* table.c.  The elements; one table per process, as there is one poller.  It
 * ends with wri_pfd_free(NULL), or with the last element that is out then. */
void wri_table_init(size_t elem_size, void (*elem_init)(struct wri_pfd *pfd));
/* An element that nobody uses.  WEIR_ENOSPC: WEIR_FD_MAX are; WEIR_ENOMEM. */
weir_err wri_table_take(struct wri_pfd **pfdp);
/* Indexes below this have been given by take; wait-free. */
unsigned wri_table_len(void);
/* The element with an index that take has given; wait-free. */
struct wri_pfd *wri_table_at(unsigned index);

#endif
