/*
 * rig - a poller of one backend, and elements that count what they are told.
 *
 * Ownership  one rig at a time.  rig_down closes nothing that the test opened.
 */
#ifndef POLLER_RIG_H
#define POLLER_RIG_H

#include "base/attr.h"
#include "base/sync.h"
#include "poller/poller.h"

/* What ready has said about an element since it was opened. */
struct probe {
	struct wri_pfd pfd WRI_ALIGNED; /* first; whole lines */
	wri_a32 calls;
	wri_a32 reads;
	wri_a32 writes;
	wri_a32 finals;
};

/* A configuration with the probes above. */
struct wri_poller_config rig_config(const char *backend, unsigned slots);
/* Start the backend wri_poller_names[i]. */
void rig_up(int i, unsigned slots);
/* End it; nothing may be left in memory. */
void rig_down(void);

/* The number that the next descriptor will have; unchanged: no leak. */
int rig_next_fd(void);

/* Open, which must succeed. */
struct probe *rig_open(int fd);
/* Unwatch, close the number, free the element with counts at zero. */
void rig_close(struct probe *p);

unsigned rig_wait(unsigned slot, bool block);
void rig_feed(unsigned slot);
void rig_wake(unsigned slot);
/* Wait without blocking and feed, until there is nothing more. */
void rig_settle(void);
/* Counts to zero. */
void rig_forget(struct probe *p);

unsigned rig_count(const wri_a32 *count);

/* A pipe; two connected sockets; one byte into either. */
void rig_pipe(int fds[2]);
void rig_pair(int fds[2]);
void rig_put_byte(int fd);
/* Read until there is nothing; write until it is full. */
void rig_drain(int fd);
void rig_fill(int fd);

#endif
