/*
 * poller - readiness of descriptors: poll slots, backends, the table.
 *
 * Purpose    each poll slot is one set of descriptors; a descriptor is
 *            registered once with one slot, both directions, edge-triggered.
 *            Pool threads own the slots in turn and call wait and feed
 *            (taskq.h, wri_role_ops).
 * Ownership  table elements are type-stable: their memory lives until fini (or
 *            the last free after it), so that an event for a descriptor closed
 *            meanwhile can be looked at and dropped.  The room above embeds
 *            wri_pfd first in its own element and keeps its state there.
 * Bounds     WEIR_FD_MAX elements; EVENTS_MAX events a wait.
 */
#ifndef POLLER_POLLER_H
#define POLLER_POLLER_H

#include "base/sync.h"
#include "taskq/taskq.h"

#include <weir/weir.h>

#include <stddef.h>

#define WRI_DIR_READ 1u
#define WRI_DIR_WRITE 2u
/* Hang-up, error or half close was seen: a short read proves nothing. */
#define WRI_DIR_FINAL 4u

struct wri_poll_set;

struct wri_pfd {
	/* Odd while open, even while free; an event carries the value that
	 * it was registered with. */
	wri_a32 gen;

	/* From open to close. */
	int fd;
	unsigned index;           /* in the table; fixed */
	struct wri_poll_set *set; /* the slot that watches it */

	/* Under the lock of the poll backend, which alone needs them. */
	unsigned want;  /* directions asked for, not seen ready yet */
	unsigned place; /* in the call under way; 0: none since the last want */

	struct wri_pfd *next_free; /* the table's */
};

struct wri_poller_config {
	const char *backend; /* one of wri_poller_names */
	unsigned slots;
	size_t elem_size; /* of the element that begins with wri_pfd */
	/* Prepare a fresh element's own part, once. */
	void (*elem_init)(struct wri_pfd *pfd);
	/*
	 * Directions have become ready.  On the polling thread; must not block
	 * or run foreign code; may be late by a whole life of the element
	 * (closed, reused): then it is a needless look, or none.
	 */
	void (*ready)(struct wri_pfd *pfd, unsigned dirs);
	/* fini has unwatched an element that is still open. */
	void (*forsaken)(struct wri_pfd *pfd);
};

/* The backends there are; the first one is the default. */
#define WRI_POLLER_BACKENDS 2
extern const char *const wri_poller_names[WRI_POLLER_BACKENDS];

/*
 * Where the system refuses the backend, the next one is taken.  WEIR_ENOTSUP:
 * no such backend.
 */
weir_err wri_poller_init(const struct wri_poller_config *config);
/*
 * All threads have left.  Elements still open are unwatched; they and their
 * memory live until wri_pfd_free.
 */
void wri_poller_fini(void);

/* For wri_pool_config: slots of them. */
extern const struct wri_role_ops wri_poller_role_ops;
void **wri_poller_slot_args(void);
/* The backend in force, "": none. */
const char *wri_poller_name(void);

/*
 * Take an element and register fd with the slot that has the fewest.  Events
 * may come before it returns.  WEIR_ENOSPC, WEIR_ENOMEM, WEIR_EINVAL (a
 * descriptor that cannot be polled), or the system's error.
 */
weir_err wri_pfd_open(struct wri_pfd **pfdp, int fd);
/*
 * Stop watching; afterwards no new event carries this life.  The descriptor
 * stays open: closing its number is the caller's, as is the element until
 * wri_pfd_free.
 */
void wri_pfd_unwatch(struct wri_pfd *pfd);
/* Give the element back for reuse. */
void wri_pfd_free(struct wri_pfd *pfd);
/* A try has met EAGAIN: tell when dirs become ready.  A no-op where edges are
 * seen by themselves. */
void wri_pfd_want(struct wri_pfd *pfd, unsigned dirs);

/*
 * Report dirs once more, if they are ready, although the edge was seen before.
 * False: nobody polls any more.
 */
bool wri_pfd_again(struct wri_pfd *pfd, unsigned dirs);

/* polls, events, fds; they were zero. */
void wri_poller_stats(weir_stats *out);

#endif
