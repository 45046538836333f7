/*
 * poller_impl - backends, slots and the table; seen by this folder only.
 */
#ifndef POLLER_POLLER_IMPL_H
#define POLLER_POLLER_IMPL_H

#include "poller/poller.h"

#include "base/attr.h"

/* Events that one wait fetches. */
#define EVENTS_MAX 32
#define DIRS_BOTH (WRI_DIR_READ | WRI_DIR_WRITE)

/* A descriptor has become ready; whose it is, is seen when it is fed. */
struct wri_event {
	uint64_t data; /* event_data() of the life that was registered */
	unsigned dirs;
};

/* One poll slot.  A backend's set begins with it. */
struct wri_poll_set {
	/* Fixed after init. */
	unsigned index;

	/* The slot's owner, between wait and feed. */
	unsigned nevents;
	struct wri_event events[EVENTS_MAX];

	/* The slot's owner writes, all read. */
	wri_a64 waits;
	wri_a64 events_seen;

	/* Any thread. */
	wri_a32 nfds WRI_ALIGNED; /* descriptors watched */
};

/* One static const instance per backend. */
struct wri_poller_ops {
	const char *name;
	size_t set_size; /* of the struct that begins with wri_poll_set */
	/* WEIR_ENOTSUP, WEIR_EPERM: the system has no such thing. */
	weir_err (*init)(struct wri_poll_set *set);
	void (*fini)(struct wri_poll_set *set);
	/* pfd's fd and gen are those of the life to watch. */
	weir_err (*add)(struct wri_poll_set *set, struct wri_pfd *pfd);
	/* gen has moved on already. */
	void (*del)(struct wri_poll_set *set, struct wri_pfd *pfd);
	/* NULL where edges are seen by themselves. */
	void (*want)(
	    struct wri_poll_set *set, struct wri_pfd *pfd, unsigned dirs);
	/* At most EVENTS_MAX events; 0 is legal at any time. */
	unsigned (*wait)(
	    struct wri_poll_set *set, struct wri_event *events, bool block);
	/* Any thread; counts also when nobody waits yet. */
	void (*wake)(struct wri_poll_set *set);
};

extern const struct wri_poller_ops wri_epoll_ops;
extern const struct wri_poller_ops wri_poll_ops;

/* What an event carries: the generation of the life, the element's index. */
static inline uint64_t
event_data(uint32_t gen, unsigned index)
{
	return (uint64_t)gen << 32 | index;
}

static inline uint32_t
event_gen(uint64_t data)
{
	return (uint32_t)(data >> 32);
}

static inline unsigned
event_index(uint64_t data)
{
	return (unsigned)(data & UINT32_MAX);
}

/* table.c.  The elements; one table per process, as there is one poller. */
void wri_table_init(size_t elem_size, void (*elem_init)(struct wri_pfd *pfd));
/* Free the elements, now or, if some are out, with the last put. */
void wri_table_fini(void);
/* Every element, also free ones; all other threads have left. */
void wri_table_each(void (*fn)(struct wri_pfd *pfd));
/* An element that nobody uses.  WEIR_ENOSPC: WEIR_FD_MAX are; WEIR_ENOMEM. */
weir_err wri_table_take(struct wri_pfd **pfdp);
void wri_table_put(struct wri_pfd *pfd);
/* The element with this index, which take has given once; wait-free. */
struct wri_pfd *wri_table_at(unsigned index);

#endif
