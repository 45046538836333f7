/*
 * x_pool_wait - callbacks that wait and give their place to others.
 *
 * Purpose    Q1, Q4: what a waiting callback leaves goes on at once, with a
 *            spare if need be; EDEADLK when nobody would be left; never more
 *            callbacks than places, but for those that came back.
 * Rules      X_NOTIME: none of this may need the watch.
 */
#include "explorer/x_pool_rig.h"

static void
up(unsigned tokens, unsigned threads_max)
{
	(void)rig_up(
	    (struct rig_config){.tokens = tokens, .threads_max = threads_max});
	rig_maybe_settle();
}

/* Post what there is, to the inbox of this thread, then wait. */
static void
post_and_wait(struct rig_task *t)
{
	rig_post_next(t);
	rig_wait(t);
}

static struct rig_task *waiters[2];

static void
open_gates(struct rig_task *t)
{
	(void)t;
	for (unsigned i = 0; i < 2; i++) {
		if (waiters[i] != NULL) {
			x_open(&waiters[i]->gate);
		}
	}
}

/* ---- the place is taken by another -------------------------------------- */

/* What the callback waits for is behind it in its own inbox, or the door. */
static void
spare(void)
{
	struct rig_task *b;

	up(1, 2);
	waiters[0] = rig_task(post_and_wait);
	waiters[1] = NULL;
	b = rig_task(open_gates);
	switch (x_rand(3)) {
	case 0:
		(void)rig_next(b);
		rig_post(waiters[0]);
		break;
	case 1:
		rig_post(waiters[0]);
		rig_post(b);
		break;
	default:
		rig_post(waiters[0]);
		x_await(&waiters[0]->begun, 1);
		rig_post(b);
		break;
	}
	rig_await(2);
	X_ASSERT(rig.pool->nrunners.v == 2);
	rig_down();
}

static void
two_wait(void)
{
	up(2, 4);
	waiters[0] = rig_task(post_and_wait);
	waiters[1] = rig_task(rig_wait);
	(void)rig_next(waiters[1]);
	rig_post(waiters[0]);
	x_await(&waiters[0]->begun, 1);
	x_await(&waiters[1]->begun, 1);
	rig_post(rig_task(open_gates));
	rig_await(3);
	rig_down();
}

/* ---- nobody left -------------------------------------------------------- */

static void
refused(struct rig_task *t)
{
	rig_post_next(t);
	X_ASSERT(wri_runner_wait_begin(wri_runner_self()) == WEIR_EDEADLK);
	X_ASSERT(wri_runner_self()->token);
}

static void
none_left(void)
{
	up(1, 1);
	(void)rig_next(rig_task(NULL));
	rig_post(rig_task(refused));
	rig_post(rig_task(NULL));
	rig_await(3);
	X_ASSERT(rig.most == 1);
	rig_down();
}

/* Two threads, two that would wait: one of them must not. */
static unsigned nrefused;

static void
wait_or_not(struct rig_task *t)
{
	rig.running--;
	if (wri_runner_wait_begin(wri_runner_self()) != WEIR_OK) {
		rig.running++;
		nrefused++;
		return;
	}
	rig_block(t);
	wri_runner_wait_end(wri_runner_self());
	rig.running++;
}

static void
one_of_two(void)
{
	up(2, 2);
	nrefused = 0;
	waiters[0] = rig_task(wait_or_not);
	waiters[1] = rig_task(wait_or_not);
	rig_post(waiters[0]);
	rig_post(waiters[1]);
	rig_await(1);
	rig_post(rig_task(open_gates));
	rig_await(3);
	X_ASSERT(nrefused == 1);
	rig_down();
}

/* ---- back from the wait ------------------------------------------------- */

/*
 * It takes its place back without waiting: two callbacks on one place.  After
 * that there is one again.
 */
static void
overcommit(void)
{
	struct rig_task *b, *c, *d;

	up(1, 3);
	waiters[0] = rig_task(rig_wait);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	d = rig_task(NULL);
	rig_post(waiters[0]);
	x_await(&waiters[0]->begun, 1);
	rig_post(b);
	x_await(&b->begun, 1);
	rig_post(c);
	x_open(&waiters[0]->gate);
	if (x_rand(2) == 0) {
		rig_await(1);
		X_ASSERT(rig.running == 1); /* c has to wait for b */
	}
	x_open(&b->gate);
	rig_await(2);
	rig_post(d);
	rig_await(4);
	X_ASSERT(rig.most <= 2);
	rig_settle();
	rig.most = 0;
	rig_post(c);
	rig_post(d);
	rig_await(6);
	X_ASSERT(rig.most == 1);
	rig_down();
}

/* ---- a spare that cannot be started ------------------------------------- */

static void
pusher(void *arg)
{
	(void)arg;
	rig_post_next(NULL);
}

/* Others look at all threads while one more is tried and given up. */
static void
no_thread(void)
{
	int id;

	if (!rig_up((struct rig_config){.tokens = 2, .threads_max = 4})) {
		return;
	}
	nrefused = 0;
	waiters[0] = rig_task(wait_or_not);
	waiters[1] = NULL;
	(void)rig_next(rig_task(NULL));
	(void)rig_next(rig_task(open_gates));
	id = x_spawn("pusher", pusher, NULL);
	rig_post(waiters[0]);
	rig_await(3);
	if (rig.pool->nrunners.v == 2) {
		X_REACH("no-spare");
	} else {
		X_REACH("spare");
	}
	x_join(id);
	rig_down();
}

/* ---- the pool stops ----------------------------------------------------- */

static x_latch stopping;

/* Sets out to wait when the pool is about to stop. */
static void
wait_late(struct rig_task *t)
{
	x_await(&stopping, 1);
	rig_post_next(t);
	wait_or_not(t);
}

static void
stopped(void)
{
	up(1 + x_rand(2), 3);
	nrefused = 0;
	waiters[0] = rig_task(wait_late);
	waiters[1] = NULL;
	(void)rig_next(rig_task(open_gates));
	rig_post(waiters[0]);
	x_open(&stopping);
	rig_down();
	X_REACH(nrefused != 0 ? "refused-to-wait" : "waited");
}

const struct x_test x_tests[] = {
    {"spare", spare, "Q1 Q4, a spare takes the place", X_NOTIME, 0, NULL, NULL},
    {"two_wait", two_wait, "Q1 Q4, two wait", X_NOTIME, 0, NULL, NULL},
    {"none_left", none_left, "Q4, EDEADLK", X_NOTIME, 0, NULL, NULL},
    {"one_of_two", one_of_two, "Q4, EDEADLK for one of two", X_NOTIME, 0, NULL,
	NULL},
    {"overcommit", overcommit, "Q4, one more for a while", X_NOTIME, 0, NULL,
	NULL},
    {"no_thread", no_thread, "R2, no thread or memory for a spare",
	X_NOTIME | X_FAIL_THREAD | X_FAIL_ALLOC, 0, "no-spare spare", NULL},
    {"stopped", stopped, "Q1, waits while the pool stops", X_NOTIME, 0,
	"refused-to-wait waited", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
