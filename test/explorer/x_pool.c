/*
 * x_pool - pools without poll slots: push, park, wake.
 *
 * Purpose    Q1 no lost wake-up, Q2 each task once and FIFO per inbox, Q3 a
 *            producer stopped half way, at most T callbacks at once (Q4), N
 *            heavy callbacks on N threads (Q5).
 * Rules      X_NOTIME where no timer may be needed; there is no expiry fiber,
 *            so that a needed timer is a deadlock besides.
 */
#include "explorer/x_pool_rig.h"

/* ---- what pushes from outside ------------------------------------------- */

struct pusher {
	unsigned tasks;
	struct rig_task *first;
	struct rig_task *task[4];
};

static struct pusher pushers[3];

/*
 * As wri_exec_post, with a look at what the notify will find.  The second
 * pusher to come here trusts the first one's search.
 */
static void
push(struct rig_task *t)
{
	t->posted_at = x_time();
	t->posted++;
	wri_pool_push(rig.pool, &t->task);
	if (rig.pool->nparked.v != 0 && rig.pool->searching.v != 0) {
		X_REACH("trusts-searcher");
	}
	if (rig.pool->nparked.v == 0) {
		X_REACH("nobody-parked");
	}
	wri_pool_notify(rig.pool);
}

static void
pusher(void *arg)
{
	struct pusher *p = arg;

	for (unsigned i = 0; i < p->tasks; i++) {
		push(p->task[i]);
	}
}

/* n fibers that push each tasks of fn. */
static void
push_all(unsigned n, unsigned each, void (*fn)(struct rig_task *t))
{
	static const char *const names[] = {"p0", "p1", "p2"};
	int ids[3];

	for (unsigned i = 0; i < n; i++) {
		pushers[i].tasks = each;
		for (unsigned k = 0; k < each; k++) {
			pushers[i].task[k] = rig_task(fn);
			pushers[i].task[k]->tag = i * 10 + k;
		}
		ids[i] = x_spawn(names[i], pusher, &pushers[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

static struct rig_config
threads(unsigned n)
{
	return (struct rig_config){.tokens = n, .threads_max = n};
}

/* ---- push against park -------------------------------------------------- */

/* Tasks of one pusher come in order, when one thread runs them all. */
static unsigned last[3];

static void
in_order(struct rig_task *t)
{
	unsigned p = t->tag / 10;

	X_ASSERT(t->tag % 10 == last[p]);
	last[p]++;
}

static void
sleepers(
    unsigned n, unsigned pushes, unsigned each, void (*fn)(struct rig_task *))
{
	(void)rig_up(threads(n));
	rig_maybe_settle();
	push_all(pushes, each, fn);
	rig_await(pushes * each);
	X_ASSERT(rig.most <= n);
	if (rig.pool->wakes.v > pushes * each) {
		X_REACH("herd");
	}
	rig_down();
}

static void
park_1(void)
{
	last[0] = last[1] = 0;
	sleepers(1, 2, 2, in_order);
}

static void
park_2(void)
{
	sleepers(2, 2, 1, NULL);
}

static void
park_3(void)
{
	sleepers(3, 2, 2, NULL);
}

/* ---- a searcher that gives up
 * ------------------------------------------------ */

/* Yields that let the consumer of a stuck door run in its circle. */
static void
open_half(void *arg)
{
	(void)arg;
	for (unsigned i = x_rand(8); i > 0; i--) {
		wri_yield();
	}
	x_open(&rig.half_go);
}

static void
push_last(void *arg)
{
	rig_await(2);
	for (unsigned i = x_rand(64); i > 0; i--) {
		x_point();
	}
	push(arg);
}

/*
 * While the door is stuck the one thread parks, sees it and goes on; who
 * notifies then finds a parked thread, and the next moment none.  The last push
 * must not trust that search when it has ended with nobody.
 */
static void
gives_up(void)
{
	int ids[4];

	(void)rig_up(threads(1));
	rig_maybe_settle();
	ids[0] = x_spawn("half", rig_half_push, rig_task(NULL));
	x_await(&rig.half_begun, 1);
	ids[1] = x_spawn("opener", open_half, NULL);
	ids[2] = x_spawn("p0", rig_push, rig_task(NULL));
	ids[3] = x_spawn("p1", push_last, rig_task(NULL));
	rig_await(3);
	for (unsigned i = 0; i < 4; i++) {
		x_join(ids[i]);
	}
	rig_down();
}

/* Whoever was woken may find that another thread was faster. */
static void
stolen(void)
{
	(void)rig_up(threads(2));
	rig_settle();
	push_all(2, 2, NULL);
	rig_await(4);
	rig_settle();
	/* A thread that was woken and ran nothing. */
	for (unsigned i = 0; i < 2; i++) {
		struct wri_runner *r = rig.pool->runners[i].v;

		if (r->callbacks.v == 0 && rig.pool->wakes.v > 1) {
			X_REACH("woken-for-nothing");
		}
	}
	rig_down();
}

/* ---- pushes of callbacks ------------------------------------------------ */

static void
chain(struct rig_task *t)
{
	if (t->tag < 4) {
		rig_post(rig.next[t->tag]);
	}
}

/* A task of an inbox posts the next one there. */
static void
chain_2(void)
{
	struct rig_task *first;

	(void)rig_up(threads(2));
	first = rig_task(chain);
	for (unsigned i = 1; i < 4; i++) {
		rig_next(rig_task(chain))->tag = i;
	}
	(void)rig_next(rig_task(NULL));
	rig_maybe_settle();
	push(first);
	push_all(1, 1, NULL);
	rig_await(6);
	X_ASSERT(rig.most <= 2);
	rig_down();
}

/* ---- heavy callbacks ---------------------------------------------------- */

/* Each waits until all of them run: nobody may stay asleep. */
static x_latch all;
static unsigned wanted;

static void
meet(struct rig_task *t)
{
	(void)t;
	x_open(&all);
	x_await(&all, wanted);
}

static void
heavy(unsigned n, unsigned pushes, unsigned each)
{
	(void)rig_up(threads(n));
	rig_maybe_settle();
	rig_make_heavy();
	wanted = n;
	push_all(pushes, each, meet);
	rig_await(pushes * each);
	X_ASSERT(rig.most == n);
	rig_down();
}

static void
heavy_2(void)
{
	heavy(2, 2, 1);
}

static void
heavy_3(void)
{
	heavy(3, 3, 1);
}

/* Pushed by a callback: to the inbox of the thread that runs it. */
static void
meet_others(struct rig_task *t)
{
	rig_post_next(t);
	meet(t);
}

static void
heavy_inbox(void)
{
	(void)rig_up(threads(3));
	rig_maybe_settle();
	rig_make_heavy();
	wanted = 3;
	(void)rig_next(rig_task(meet));
	(void)rig_next(rig_task(meet));
	push(rig_task(meet_others));
	rig_await(3);
	rig_down();
}

/* ---- turns -------------------------------------------------------------- */

static unsigned rounds, rounds_at_post, rounds_at_door;

static void
again(struct rig_task *t)
{
	rounds++;
	if (rounds < 3 * DOOR_EVERY) {
		rig_post(t);
	}
}

static void
from_door(struct rig_task *t)
{
	(void)t;
	rounds_at_door = rounds;
}

/* An inbox that is never empty does not keep its owner from the door. */
static void
starved(void)
{
	(void)rig_up(threads(1));
	rounds = 0;
	rig_post(rig_task(again));
	while (rounds == 0) {
		wri_yield();
	}
	rig_post(rig_task(from_door));
	rounds_at_post = rounds;
	rig_await(3 * DOOR_EVERY + 1);
	X_ASSERT(rounds_at_door <= rounds_at_post + DOOR_EVERY + 1);
	rig_down();
}

/* ---- a producer that is stopped half way -------------------------------- */

/* The pool goes on, without a spin, and the queue when the push is complete. */
static void
half_way(void)
{
	int id;

	(void)rig_up(threads(2));
	rig_maybe_settle();
	id = x_spawn("half", rig_half_push, rig_task(NULL));
	x_await(&rig.half_begun, 1);
	push_all(1, 2, NULL); /* behind it */
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.running == 0 && x_count(&rig.done) == 0);
	x_open(&rig.half_go);
	rig_await(3);
	x_join(id);
	rig_down();
}

const struct x_test x_tests[] = {
    {"park_1", park_1, "Q1 Q2, two pushers, one sleeper", X_NOTIME, 0,
	"trusts-searcher nobody-parked", NULL},
    {"park_2", park_2, "Q1 Q2, two pushers, two sleepers", X_NOTIME, 0,
	"trusts-searcher nobody-parked", NULL},
    {"park_3", park_3, "Q1 Q2, three sleepers", X_NOTIME, 0, "trusts-searcher",
	NULL},
    {"stolen", stolen, "Q1, work gone when the woken comes", X_NOTIME, 0,
	"trusts-searcher woken-for-nothing", NULL},
    {"gives_up", gives_up, "Q1, a search that ends with nobody", X_NOTIME, 0,
	NULL, NULL},
    {"chain", chain_2, "Q1 Q2, callbacks that post", X_NOTIME, 0, NULL, NULL},
    {"heavy_2", heavy_2, "Q5, two callbacks on two threads", X_NOTIME, 0, NULL,
	NULL},
    {"heavy_3", heavy_3, "Q5, three callbacks on three threads", X_NOTIME, 0,
	NULL, NULL},
    {"heavy_inbox", heavy_inbox, "Q5, pushed by a callback", X_NOTIME, 0, NULL,
	NULL},
    {"starved", starved, "Q1, the door has its turn", X_NOTIME | X_PLAIN, 0,
	NULL, NULL},
    {"half_way", half_way, "Q3, a producer stopped half way", X_NOJUMP, 0, NULL,
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
