/*
 * strand - a serial executor: an inbox, a count and one task on a pool.
 *
 * Purpose    callbacks one at a time, in order, without holding a thread.
 * Ownership  the program's; a strand freed while its last task runs goes when
 *            that has returned.
 * Pairs      S1  push: inbox, then count + 1 (seq_cst); whoever saw 0 posts the
 *                strand's task <-> run: count - n (seq_cst); what is left
 *                re-posts it.  So the task is posted exactly while count > 0,
 *                and each run sees what the one before it wrote.  FREED lies
 *                above the count: whoever brings it to FREED alone frees.
 * Bounds     STRAND_BATCH tasks in a row, then others of the pool have a turn.
 * Proof      test/explorer/x_strand.c, test/taskq/test_strand.c
 */
#include "taskq/taskq_impl.h"

#include "base/life.h"
#include "base/mem.h"
#include "base/panic.h"

#define STRAND_BATCH 16

/* Added to count by free: the last run frees. */
#define STRAND_FREED (UINT32_C(1) << 31)

struct wri_strand {
	struct weir_exec exec;
	struct wri_task task; /* the strand as work for its pool */
	struct wri_mpsc inbox;
	wri_a32 count;   /* tasks queued and running */
	wri_aptr runner; /* who runs a task of it now */
};

struct wri_runner *
wri_strand_runner(const struct wri_strand *s)
{
	/* Read under the lock of the ring search, which orders it. */
	return wri_load((wri_aptr *)&s->runner, WRI_ACQ);
}

void
wri_strand_push(struct wri_strand *s, struct wri_task *task)
{
	wri_mpsc_push(&s->inbox, &task->node);
	if (wri_add(&s->count, 1, WRI_SC) == 0) { /* S1 */
		wri_pool_push(s->exec.pool, &s->task);
	}
}

/* Run up to a batch; how many were run. */
static uint32_t
strand_batch(struct wri_strand *s, uint32_t queued)
{
	uint32_t most = queued < STRAND_BATCH ? queued : STRAND_BATCH;
	uint32_t n = 0;
	struct wri_node *node;

	while (n < most &&
	       wri_load(&s->exec.pool->stopping, WRI_SC) != POOL_ABANDONED &&
	       wri_mpsc_pop(&s->inbox, &node) == WRI_POP_GOT) {
		struct wri_task *task =
		    wri_container(node, struct wri_task, node);

		n++;
		task->run(task);
	}
	return n;
}

static void
strand_run(struct wri_task *task)
{
	struct wri_strand *s = wri_container(task, struct wri_strand, task);
	struct wri_runner *r = wri_runner_self();
	uint32_t left = wri_load(&s->count, WRI_ACQ); /* S1 */
	uint32_t n;

	wri_store(&s->runner, r, WRI_REL); /* for wri_strand_runner */
	n = strand_batch(s, left & ~STRAND_FREED);
	wri_store(&s->runner, NULL, WRI_REL);

	r->ran = n > 0 ? n : 1;
	left = wri_sub(&s->count, n, WRI_SC) - n; /* S1 */
	if (left == STRAND_FREED) {
		wri_free(s, sizeof(*s));
	} else if (left != 0) {
		if (n > 0) {
			wri_pool_push(r->pool, &s->task);
		} else {
			/* A producer is half way: come back later, behind all
			 * others. */
			wri_runner_stall(r);
			wri_mpsc_push(&r->pool->door, &s->task.node);
		}
		wri_pool_notify(r->pool);
	}
}

weir_err
weir_strand_alloc(weir_strand **strandp, weir_pool *pool)
{
	struct wri_strand *s;
	weir_exec *exec;
	weir_err rv = wri_life_check();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (strandp == NULL) {
		return WEIR_EINVAL;
	}
	exec = weir_pool_exec(pool);
	if (exec == NULL || wri_exec_ended(exec)) {
		return WEIR_ESTATE; /* weir_fini has ended it */
	}
	s = wri_alloc(sizeof(*s));
	if (s == NULL) {
		return WEIR_ENOMEM;
	}
	wri_mpsc_init(&s->inbox);
	s->task.run = strand_run;
	s->exec.pool = exec->pool;
	s->exec.strand = s;
	wri_add(&s->exec.pool->exec.users, 1, WRI_RLX); /* a count */
	*strandp = (weir_strand *)s;
	return WEIR_OK;
}

weir_err
weir_strand_free(weir_strand *strand)
{
	struct wri_strand *s = (struct wri_strand *)strand;

	if (s == NULL) {
		return WEIR_OK;
	}
	if (wri_load(&s->exec.users, WRI_ACQ) != 0) {
		return WEIR_EBUSY;
	}
	/* Nothing bound, so nothing queued: at most the last run is about to
	 * count down. */
	wri_sub(&s->exec.pool->exec.users, 1, WRI_REL);     /* it may go */
	if (wri_or(&s->count, STRAND_FREED, WRI_SC) == 0) { /* S1 */
		wri_free(s, sizeof(*s));
	}
	return WEIR_OK;
}

weir_exec *
weir_strand_exec(weir_strand *strand)
{
	return strand == NULL ? NULL : &((struct wri_strand *)strand)->exec;
}
