/*
 * task - plain tasks: a function to run on a pool or strand.
 *
 * Purpose    post a function, wait for it; everything that handles promise
 *            about callbacks holds for tasks, because each is one.
 * Ownership  the program's; its function may free it.
 * States     IDLE -> CLAIMED -> QUEUED -> RUNNING -> IDLE.  A post that meets
 *            RUNNING makes it AGAIN: the end of the run queues it once more, or
 *            runs it when weir_fini has stopped the handle meanwhile.  What was
 *            accepted runs.
 * Pairs      K1  post: state (seq_cst) -> run: state (seq_cst) carries what the
 *                poster wrote, also when its post was merged into another.
 * Bounds     the pool's queue_max.
 * Proof      test/taskq/test_task.c, test/explorer/x_aio_task.c
 */
#include <weir/provider.h>
#include <weir/task.h>

#include "base/life.h"
#include "base/mem.h"
#include "base/sync.h"

/* FREED lies above the states: the end of the run frees the task. */
enum state {
	IDLE = 0,
	CLAIMED = 1, /* a poster asks whether the handle takes work still */
	QUEUED = 2,
	RUNNING = 3,
	AGAIN = 4,
	FREED = 8,
};

struct weir_task {
	weir_aio *aio;
	wri_a32 state;
	void (*fn)(void *);
	void *arg;
	weir_exec *exec;
	uint32_t life; /* of the library */
};

static void
destroy(weir_task *t)
{
	weir_aio_free(t->aio); /* in its own callback: as reap */
	wri_free(t, sizeof(*t));
}

static void
task_cb(void *arg)
{
	weir_task *t = arg;
	uint32_t s, n;

	do {
		wri_add(&t->state, RUNNING - QUEUED, WRI_SC); /* K1 */
		t->fn(t->arg);
		s = wri_load(&t->state, WRI_ACQ);
		do {
			n = (s & FREED) != 0 ? s
			    : s == RUNNING   ? (uint32_t)IDLE
					     : (uint32_t)QUEUED;
		} while (
		    n != s && !wri_cas_weak(&t->state, &s, n, WRI_SC)); /* K1 */
	} while (n == QUEUED && weir_aio_reset(t->aio) != WEIR_OK);
	if (n == QUEUED) {
		(void)weir_aio_finish(t->aio, WEIR_OK); /* keeps its place */
		return;
	}
	weir_exec_dismiss(t->exec); /* the pool outlives its handles */
	if ((s & FREED) != 0) {
		destroy(t);
	}
}

weir_err
weir_task_alloc(
    weir_task **taskp, void (*fn)(void *), void *arg, weir_exec *exec)
{
	weir_task *t;
	weir_err rv = wri_life_check();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (taskp == NULL || fn == NULL) {
		return WEIR_EINVAL;
	}
	t = wri_alloc(sizeof(*t));
	if (t == NULL) {
		return WEIR_ENOMEM;
	}
	t->fn = fn;
	t->arg = arg;
	/* The default pool may be another one in the library's next life. */
	t->exec = exec == weir_pool_exec(NULL) ? NULL : exec;
	rv = weir_aio_alloc(&t->aio, task_cb, t);
	t->life = wri_life_number(); /* not older than the handle's */
	if (rv == WEIR_OK) {
		rv = weir_aio_set_executor(t->aio, exec);
	}
	if (rv != WEIR_OK) {
		destroy(t); /* the handle is NULL, or bound to nothing */
		return rv;
	}
	*taskp = t;
	return WEIR_OK;
}

/* The state is CLAIMED by us, and a place is taken. */
static weir_err
post_claimed(weir_task *t)
{
	weir_err rv = weir_aio_reset(t->aio);

	if (rv == WEIR_OK) {
		wri_add(&t->state, QUEUED - CLAIMED, WRI_SC); /* K1 */
		(void)weir_aio_finish(t->aio, WEIR_OK);
		return WEIR_OK;
	}
	weir_exec_dismiss(t->exec);
	if (wri_sub(&t->state, CLAIMED, WRI_SC) == (CLAIMED | FREED)) {
		destroy(t);
	}
	return rv;
}

weir_err
weir_task_post(weir_task *t)
{
	uint32_t s;
	weir_err rv;

	if (t == NULL) {
		return WEIR_EINVAL;
	}
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	s = wri_load(&t->state, WRI_RLX); /* a guess */
	for (;;) {
		switch (s & ~(uint32_t)FREED) {
		case CLAIMED:
			wri_yield(); /* it may be refused */
			s = wri_load(&t->state, WRI_RLX);
			break;
		case QUEUED:
		case AGAIN:
			if (wri_life_is_over(t->life)) {
				return WEIR_ESTOPPED; /* nobody runs it */
			}
			/* The exchange with itself carries our writes: K1. */
			if (wri_cas_weak(&t->state, &s, s, WRI_SC)) {
				return WEIR_OK;
			}
			break;
		case RUNNING:
			if (wri_cas_weak(&t->state, &s, AGAIN, WRI_SC)) {
				return WEIR_OK;
			}
			break;
		default:
			rv = weir_exec_admit(t->exec);
			if (rv != WEIR_OK) {
				return rv;
			}
			if (wri_cas(&t->state, &s, CLAIMED, WRI_SC)) {
				return post_claimed(t);
			}
			weir_exec_dismiss(t->exec);
			break;
		}
	}
}

weir_err
weir_task_wait(weir_task *t)
{
	/* What a post has merged into is in the handle by then. */
	return t == NULL ? WEIR_OK : weir_aio_wait(t->aio);
}

void
weir_task_free(weir_task *t)
{
	if (t == NULL || wri_life_forked()) {
		return;
	}
	if (weir_task_wait(t) == WEIR_OK ||
	    wri_or(&t->state, FREED, WRI_SC) == IDLE) {
		destroy(t);
	}
}
