/*
 * fake_slot - a poll slot whose events the test injects.
 *
 * Purpose    what the poller room is for taskq: wait, feed and wake, on the
 *            explorer's futex.
 * Ownership  the slot is the test's, the tasks are lent to it; between wait
 *            and feed it belongs to one thread, which is asserted.
 * Bounds     FAKE_EVENTS_MAX events per schedule.
 */
#ifndef EXPLORER_FAKE_SLOT_H
#define EXPLORER_FAKE_SLOT_H

#include "taskq/taskq.h"

#define FAKE_EVENTS_MAX 16

struct fake_slot {
	wri_a32 word; /* events not fetched, and whether it was woken */
	struct wri_task *tasks[FAKE_EVENTS_MAX]; /* what event i posts */
	unsigned injected, fetched, fed;
	unsigned waits;    /* calls */
	void *owner;       /* the thread between wait and feed */
	unsigned sleeping; /* 1: the owner sleeps in wait */
};

extern const struct wri_role_ops fake_slot_ops;

void fake_slot_init(struct fake_slot *s);
/* An event that lets feed post the task; any fiber. */
void fake_slot_inject(struct fake_slot *s, struct wri_task *task);

#endif
