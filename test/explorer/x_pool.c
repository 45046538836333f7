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
	wri_exec_post_quiet(NULL, &t->task);
	if (rig.pool->nparked.v != 0 && rig.pool->searching.v != 0) {
		X_REACH("trusts-searcher");
	}
	if (rig.pool->nparked.v == 0) {
		X_REACH("nobody-parked");
	}
	wri_exec_notify(NULL);
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

/* ---- push against park --------------------------------------------------- */

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
sleepers(unsigned n, unsigned pushes, unsigned each, void (*fn)(struct rig_task *))
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

static struct rig_task *next[4];

static void
chain(struct rig_task *t)
{
	if (t->tag < 3) {
		rig_post(next[t->tag]);
	}
}

/* A task of an inbox posts the next one there. */
static void
chain_2(void)
{
	(void)rig_up(threads(2));
	for (unsigned i = 0; i < 4; i++) {
		struct rig_task *t = rig_task(chain);

		t->tag = i;
		if (i > 0) {
			next[i - 1] = t;
		}
		if (i == 0) {
			next[3] = t;
		}
	}
	rig_maybe_settle();
	push(next[3]);
	push_all(1, 1, NULL);
	rig_await(5);
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
	rig_post(next[0]);
	rig_post(next[1]);
	meet(t);
}

static void
heavy_inbox(void)
{
	(void)rig_up(threads(3));
	rig_maybe_settle();
	rig_make_heavy();
	wanted = 3;
	next[0] = rig_task(meet);
	next[1] = rig_task(meet);
	push(rig_task(meet_others));
	rig_await(3);
	rig_down();
}

/* ---- at most T ------------------------------------------------------------ */

static void
one_place(void)
{
	(void)rig_up((struct rig_config){.tokens = 1, .threads_max = 3});
	rig_maybe_settle();
	push_all(2, 2, NULL);
	rig_await(4);
	X_ASSERT(rig.most == 1);
	rig_down();
}

/* ---- a producer that is stopped half way --------------------------------- */

/*
 * The two steps of wri_mpsc_push with a pause between them.  The rest of the
 * pool must go on, without a spin, and the queue when the push is complete.
 */
static x_latch half_begun, half_go;

static void
half_push(void *arg)
{
	struct rig_task *t = arg;
	struct wri_node *n = &t->task.node;
	struct wri_node *prev;

	t->posted++;
	wri_store(&n->next, NULL, WRI_RLX);
	prev = wri_xchg(&rig.pool->door.head, n, WRI_SC);
	x_open(&half_begun);
	x_await(&half_go, 1);
	wri_store(&prev->next, n, WRI_REL);
	wri_exec_notify(NULL);
}

static void
half_way(void)
{
	int id;

	(void)rig_up(threads(2));
	rig_maybe_settle();
	id = x_spawn("half", half_push, rig_task(NULL));
	x_await(&half_begun, 1);
	push_all(1, 2, NULL); /* behind it */
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.running == 0 && x_count(&rig.done) == 0);
	x_open(&half_go);
	rig_await(3);
	x_join(id);
	rig_down();
}

const struct x_test x_tests[] = {
    {"park_1", park_1, "Q1 Q2, two pushers, one sleeper", X_NOTIME, 0,
	"trusts-searcher nobody-parked", NULL},
    {"park_2", park_2, "Q1 Q2, two pushers, two sleepers", X_NOTIME, 0,
	"trusts-searcher nobody-parked", NULL},
    {"park_3", park_3, "Q1 Q2, three sleepers", X_NOTIME, 0,
	"trusts-searcher", NULL},
    {"stolen", stolen, "Q1, work gone when the woken comes", X_NOTIME, 0,
	"trusts-searcher woken-for-nothing", NULL},
    {"chain", chain_2, "Q1 Q2, callbacks that post", X_NOTIME, 0, NULL, NULL},
    {"heavy_2", heavy_2, "Q5, two callbacks on two threads", X_NOTIME, 0,
	NULL, NULL},
    {"heavy_3", heavy_3, "Q5, three callbacks on three threads", X_NOTIME, 0,
	NULL, NULL},
    {"heavy_inbox", heavy_inbox, "Q5, pushed by a callback", X_NOTIME, 0,
	NULL, NULL},
    {"one_place", one_place, "Q4, T = 1 with spares", X_NOTIME, 0, NULL, NULL},
    {"half_way", half_way, "Q3, a producer stopped half way", X_NOJUMP, 0,
	NULL, NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
