/*
 * x_role - poll slots: who takes over when their owner is held up.
 *
 * Purpose    Q4: polling goes on while a callback blocks or waits, also when
 *            the thread that polled runs it, and when all places are taken.
 * Rules      fake_slot.c asserts that a slot has one owner at a time.
 */
#include "explorer/x_pool_rig.h"

static void
up(unsigned tokens, unsigned slots, bool expiry)
{
	(void)rig_up((struct rig_config){.tokens = tokens,
	    .threads_max = tokens,
	    .slots = slots,
	    .expiry = expiry});
	rig_maybe_settle();
}

/* The owner of the slot sleeps in it, whoever that is by now. */
static bool
is_polled(unsigned slot)
{
	return rig.slots[slot].sleeping == 1;
}

/* ---- relief ------------------------------------------------------------- */

/* The last task of a batch, with nothing behind it: still relieved. */
static void
held_up(void)
{
	struct rig_task *a, *b;

	up(2, 1, true);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	rig_inject(0, a);
	x_await(&a->begun, 1);
	x_sleep_until(a->begun_at + RIG_LATE_NS);
	X_ASSERT(is_polled(0));
	rig_inject(0, b);
	rig_await(1);
	X_ASSERT(b->begun_at - b->posted_at < 2000);
	x_open(&a->gate);
	rig_await(2);
	rig_down();
}

/* Events before the first callback, during it and after it. */
static void
held_up_soon(void)
{
	struct rig_task *a, *b, *c;

	up(2, 1, true);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	c = rig_task(NULL);
	if (x_rand(2) == 0) {
		(void)rig_next(c);
	}
	rig_inject(0, a);
	rig_inject(0, b);
	x_await(&a->begun, 1);
	if (rig.nnext == 0) {
		rig_inject(0, c);
	}
	rig_await(2);
	rig_assert_in_time(b);
	rig_assert_in_time(c);
	x_open(&a->gate);
	rig_await(3);
	rig_down();
}

/* The owner comes back just when it is relieved. */
static void
nap(struct rig_task *t)
{
	x_open(&t->begun);
	x_sleep_until(t->begun_at + WEIR_US(900) + (int)x_rand(3) * 50000);
}

static void
returns(void)
{
	struct rig_task *a, *b, *c, *d;

	up(2, 1, true);
	a = rig_task(nap);
	b = rig_task(NULL);
	c = rig_task(nap);
	d = rig_task(NULL);
	rig_inject(0, a);
	x_await(&a->begun, 1);
	rig_inject(0, b);
	rig_inject(0, c);
	x_await(&c->begun, 1);
	rig_inject(0, d);
	rig_await(4);
	rig_assert_in_time(b);
	rig_assert_in_time(d);
	if (rig.pool->reliefs.v != 0) {
		X_REACH("relieved");
	} else {
		X_REACH("back-before");
	}
	rig_down();
}

/* The reliever is held up in its turn; each leaves something in its inbox. */
static void
twice(void)
{
	struct rig_task *a, *b, *c, *left;

	up(3, 1, true);
	a = rig_task(rig_post_and_block);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	left = rig_task(NULL);
	(void)rig_next(left);
	rig_inject(0, a);
	x_await(&a->begun, 1);
	rig_inject(0, b);
	x_await(&b->begun, 1);
	rig_assert_in_time(b);
	rig_inject(0, c);
	rig_await(2);
	rig_assert_in_time(left);
	rig_assert_in_time(c);
	if (rig.pool->reliefs.v == 2) {
		X_REACH("twice");
	}
	x_open(&a->gate);
	x_open(&b->gate);
	rig_await(4);
	rig_down();
}

static void
two_slots(void)
{
	struct rig_task *a, *b, *c, *d;

	up(2 + x_rand(2), 2, true);
	a = rig_task(rig_block);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	d = rig_task(NULL);
	rig_inject(0, a);
	rig_inject(1, b);
	x_await(&a->begun, 1);
	x_await(&b->begun, 1);
	x_sleep_until(x_time() + RIG_LATE_NS);
	X_ASSERT(is_polled(0) && is_polled(1));
	if (rig.pool->reliefs.v == 2) {
		X_REACH("both");
	}
	rig_inject(0, c);
	rig_inject(1, d);
	if (rig.pool->config.tokens == 3) {
		rig_await(2);
		X_ASSERT(c->begun_at - c->posted_at < 2000);
		X_ASSERT(d->begun_at - d->posted_at < 2000);
	} else {
		x_sleep_until(x_time() + WEIR_MS(3));
		X_ASSERT(rig.slots[0].fed == 2 && rig.slots[1].fed == 2);
		X_ASSERT(x_count(&rig.done) == 0);
	}
	x_open(&a->gate);
	x_open(&b->gate);
	rig_await(4);
	X_ASSERT(rig.most <= rig.pool->config.tokens);
	rig_down();
}

/* T = 1: polling goes on, serving does not. */
static void
one_place(void)
{
	struct rig_task *a, *b;

	up(1, 1, true);
	a = rig_task(rig_block);
	b = rig_task(NULL);
	if (x_rand(2) == 0) {
		rig_inject(0, a);
	} else {
		rig_post(a);
	}
	x_await(&a->begun, 1);
	rig_inject(0, b);
	x_sleep_until(a->begun_at + RIG_LATE_NS);
	X_ASSERT(rig.slots[0].fed == rig.slots[0].injected);
	X_ASSERT(is_polled(0) && b->run == 0);
	x_open(&a->gate);
	rig_await(2);
	X_ASSERT(rig.most == 1);
	rig_down();
}

/* ---- a callback that waits ---------------------------------------------- */

static void
open_gate(struct rig_task *t)
{
	x_open(&rig.next[t->tag]->gate);
}

static void
waits(void)
{
	struct rig_task *b;

	(void)rig_up(
	    (struct rig_config){.tokens = 1, .threads_max = 2, .slots = 1});
	rig_maybe_settle();
	(void)rig_next(rig_task(rig_wait));
	b = rig_task(open_gate);
	rig_inject(0, rig.next[0]);
	if (x_rand(2) == 0) {
		x_await(&rig.next[0]->begun, 1);
	}
	rig_inject(0, b);
	rig_await(2);
	rig_down();
}

/* ---- the timer ---------------------------------------------------------- */

/* The poller goes idle and clears it when another thread sets out. */
static void
idle_clear(void)
{
	struct rig_task *b, *c;
	int id;

	up(3, 1, true);
	b = rig_task(rig_post_and_block);
	c = rig_task(NULL);
	(void)rig_next(c);
	id = x_spawn("pusher", rig_push, b);
	rig_inject(0, rig_task(NULL));
	rig_await(2);
	X_ASSERT(c->run == 1);
	rig_assert_in_time(c);
	x_open(&b->gate);
	rig_await(3);
	x_join(id);
	rig_down();
}

const struct x_test x_tests[] = {
    {"held_up", held_up, "Q4, relief with nothing queued", X_NOJUMP, 0, NULL,
	NULL},
    {"held_up_soon", held_up_soon, "Q4, relief with work", X_NOJUMP, 0, NULL,
	NULL},
    {"returns", returns, "Q4, relief against return", X_NOJUMP, 0,
	"relieved back-before", NULL},
    {"twice", twice, "Q4, relieved twice", X_NOJUMP, 0, "twice", NULL},
    {"two_slots", two_slots, "Q4, two slots late", X_NOJUMP, 0, "both", NULL},
    {"one_place", one_place, "Q4, T = 1: polling goes on", X_NOJUMP, 0, NULL,
	NULL},
    {"waits", waits, "Q4, the poller's callback waits", X_NOTIME, 0, NULL,
	NULL},
    {"idle_clear", idle_clear, "Q4, the poller clears the timer", X_NOJUMP, 0,
	NULL, NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
