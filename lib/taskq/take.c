/*
 * take - where the next task comes from: own inbox, door, other inboxes.
 *
 * Purpose    a thread runs its own tasks first, and leaves those of another
 *            alone while that one makes progress with light ones.
 * Ownership  a task that is taken is the taker's; there is no private batch,
 *            so that nothing waits unseen behind a callback that blocks.
 * Progress   no queue is waited for: one that cannot be popped now gives
 *            nothing.
 * Pairs      T1 (wake.c): has_task looks at tokens, then at the queues.
 * Bounds     DOOR_EVERY callbacks until the door, and others, have their turn.
 * Proof      test/explorer/x_pool.c, x_watch.c
 */
#include "taskq/taskq_impl.h"

/*
 * Is this inbox nobody else's business?  Yes while its owner serves light
 * tasks, makes progress and gets to the end of them: crossing threads costs
 * more than such a task.  now may be old, 0: as the watch has it.
 */
static bool
inbox_is_private(struct wri_pool *pool, struct wri_runner *r, uint64_t now)
{
	uint64_t beat = wri_load(&r->beat, WRI_SC);

	/* Relaxed: advice; the watch repairs a wrong answer. */
	return beat != 0 && now < beat + LATE_NS &&
	       wri_load(&r->mark, WRI_SC) == 0 &&
	       wri_load(&r->open, WRI_RLX) == 0 &&
	       wri_load(&pool->heavy, WRI_RLX) == 0;
}

/*
 * Is there a task, and a token for it?  self may take from its own inbox
 * whatever its state; NULL: nobody's.
 */
bool
wri_pool_has_task(struct wri_pool *pool, struct wri_runner *self)
{
	unsigned n;

	if (wri_load(&pool->tokens, WRI_SC) >= pool->config.tokens) { /* T1 */
		return false; /* who gives one back looks again */
	}
	if (!wri_mpsc_empty(&pool->door)) {
		return true;
	}
	n = wri_load(&pool->nrunners, WRI_ACQ);
	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, i);

		if (!wri_mpsc_empty(&r->inbox) &&
		    (r == self || !inbox_is_private(pool, r, 0))) {
			return true;
		}
	}
	return false;
}

/* Take a task out of a queue, if it looks as if there were one. */
static struct wri_task *
take_from(struct wri_mpsc *q)
{
	struct wri_node *node;

	if (!wri_mpsc_hint(q) || wri_mpsc_pop(q, &node) != WRI_POP_GOT) {
		return NULL;
	}
	return wri_container(node, struct wri_task, node);
}

static struct wri_task *
take_from_others(struct wri_runner *self)
{
	struct wri_pool *pool = self->pool;
	unsigned n = wri_load(&pool->nrunners, WRI_ACQ);
	unsigned first = self->index + 1;
	uint64_t now = wri_load(&self->beat, WRI_RLX); /* ours */

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool_runner(pool, (first + i) % n);
		struct wri_task *task = NULL;

		if (r != self && wri_mpsc_hint(&r->inbox) &&
		    !inbox_is_private(pool, r, now)) {
			task = take_from(&r->inbox);
		}
		if (task != NULL) {
			return task;
		}
	}
	return NULL;
}

/* The next task for this thread, or NULL. */
struct wri_task *
wri_runner_take(struct wri_runner *r)
{
	struct wri_task *task = NULL;

	if (r->ticks >= DOOR_EVERY) {
		/* Or an inbox that is never empty would starve them. */
		r->ticks = 0;
		if (++r->turns % 2 == 0) {
			task = take_from_others(r);
		}
		if (task == NULL) {
			task = take_from(&r->pool->door);
		}
	}
	if (task == NULL) {
		task = take_from(&r->inbox);
	}
	if (task == NULL) {
		task = take_from(&r->pool->door);
	}
	if (task == NULL) {
		task = take_from_others(r);
	}
	if (task == NULL) {
		runner_dry(r);
	}
	return task;
}
