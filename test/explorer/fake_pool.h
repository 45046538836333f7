/*
 * fake_pool - a pool of fibers on a plain list, for tests of lib/aio.
 *
 * Purpose    what lib/aio calls of taskq/taskq.h, with one step for a post and
 *            one for a take, so that schedules are short.  x_aio_pool.c is the
 *            same interface over the real pool.
 * Rules      a worker takes any of the queued tasks: the real pool has several
 *            inboxes, and lib/aio may not lean on an order between them.
 */
#ifndef EXPLORER_FAKE_POOL_H
#define EXPLORER_FAKE_POOL_H

#include "taskq/taskq.h"

/* For wri_timer_init. */
extern void (*const fake_pool_watch)(weir_time now);
/* The default pool: n threads, spares up to most. */
void fake_pool_up(struct wri_alarm *alarm, unsigned n, unsigned most);
/* Before that: its threads are to poll one slot.  False: they do not, here; it
 * is the test's to do. */
bool fake_pool_polls(const struct wri_role_ops *ops, void **slot_args);
/* Run what is queued, end the threads, give the memory back. */
void fake_pool_down(void);
/* After the expiry threads. */
void fake_pool_after(void);

/* One more pool, of one thread, and its end; fails the test if it has users. */
struct weir_exec *fake_pool_other(void);
void fake_pool_other_end(struct weir_exec *exec);

#endif
