/*
 * x_watch - callbacks that block, and the timer that finds them.
 *
 * Purpose    Q4: what is queued behind a callback that blocks begins within a
 *            millisecond, while another thread is free; D7: no timer when
 *            nobody needs one.
 * Rules      X_NOJUMP: the clock moves only when nobody can run, so what is
 *            late is late by the library's fault.
 */
#include "explorer/x_pool_rig.h"

static struct rig_config
threads(unsigned n)
{
	return (struct rig_config){
	    .tokens = n, .threads_max = n, .expiry = true};
}

static void
up(unsigned n)
{
	(void)rig_up(threads(n));
	rig_maybe_settle();
}

/* ---- one callback blocks ------------------------------------------------ */

/* The other task comes before it, from it, or after it. */
static void
behind(void)
{
	struct rig_task *a, *b;

	up(2);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	switch (x_rand(3)) {
	case 0:
		rig_post(a);
		rig_post(b);
		break;
	case 1:
		(void)rig_next(b);
		rig_post(a);
		break;
	default:
		rig_post(a);
		x_await(&a->begun, 1);
		rig_post(b);
		break;
	}
	rig_await(1);
	X_ASSERT(b->run == 1);
	rig_assert_in_time(b);
	x_open(&a->gate);
	rig_await(2);
	rig_down();
}

/* Once it is marked, nothing behind it waits for a timer any more. */
static void
marked(void)
{
	struct rig_task *a, *b, *c;
	weir_time at;

	up(2);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	c = rig_task(NULL);
	rig_post(a);
	x_await(&a->begun, 1);
	rig_post(b);
	rig_await(1);
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.pool->blocked.v == 1);
	X_ASSERT(rig.alarm.watch == 0);
	at = x_time();
	rig_post(c);
	rig_await(2);
	X_ASSERT(c->begun_at - at < 2000);
	x_open(&a->gate);
	rig_await(3);
	rig_down();
}

/* The other thread parks when the callback has begun already. */
static void
park_late(void)
{
	struct rig_task *a, *b, *c;

	up(2);
	rig_make_heavy(); /* so that both threads run at once */
	a = rig_task(rig_block);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	rig_post(a);
	rig_post(b);
	x_await(&a->begun, 1);
	x_await(&b->begun, 1);
	rig.pool->heavy.v = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct wri_runner *r = rig.pool->runners[i].v;

		r->run_ns = 0;
	}
	x_open(&b->gate);
	rig_await(1);
	while (x_rand(4) != 0 && rig.pool->nparked.v == 0) {
		wri_yield();
	}
	rig_post(c);
	rig_await(2);
	rig_assert_in_time(c);
	x_open(&a->gate);
	rig_await(3);
	rig_down();
}

/* ---- all of them block -------------------------------------------------- */

static void
all_blocked(void)
{
	struct rig_task *a, *b, *c, *d;

	up(2);
	a = rig_task(rig_post_and_block);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	d = rig_task(NULL);
	(void)rig_next(b);
	rig_post(a);
	x_await(&b->begun, 1);
	rig_assert_in_time(b);
	rig_post(c);
	x_sleep_until(x_time() + WEIR_MS(3));
	rig_post(d);
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(x_count(&rig.done) == 0 && rig.most == 2);
	X_ASSERT(rig.alarm.watch == 0); /* nobody could help */
	x_open(x_rand(2) == 0 ? &a->gate : &b->gate);
	rig_await(3);
	X_ASSERT(c->run == 1 && d->run == 1);
	x_open(&a->gate);
	x_open(&b->gate);
	rig_await(4);
	X_ASSERT(rig.most == 2);
	rig_down();
}

/* One is woken, then two: all three are behind us in two milliseconds. */
static void
burst(void)
{
	struct rig_task *a;

	up(4);
	a = rig_task(rig_post_and_block);
	for (unsigned i = 0; i < 3; i++) {
		(void)rig_next(rig_task(rig_block));
	}
	rig_post(a);
	for (unsigned i = 0; i < 3; i++) {
		x_await(&rig.next[i]->begun, 1);
		X_ASSERT(rig.next[i]->begun_at - rig.next[i]->posted_at <
			 (i == 0 ? 1 : 2) * RIG_LATE_NS);
	}
	X_ASSERT(rig.most == 4);
	x_open(&a->gate);
	for (unsigned i = 0; i < 3; i++) {
		x_open(&rig.next[i]->gate);
	}
	rig_await(4);
	rig_down();
}

/* ---- late, back, and late again ----------------------------------------- */

/* Long enough to be marked, but it returns by itself. */
static void
nap(struct rig_task *t)
{
	x_open(&t->begun);
	x_sleep_until(t->begun_at + WEIR_US(1200) + (int)x_rand(3) * 100);
}

/* The thread that was late and came back blocks in its next callback. */
static void
late_again(void)
{
	struct rig_task *a, *b, *c;

	up(2);
	a = rig_task(nap);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	rig_post(a);
	x_await(&a->begun, 1);
	if (x_rand(2) == 0) {
		x_sleep_until(a->begun_at + WEIR_US(1200));
	} else {
		rig_await(1);
	}
	rig_post(b);
	x_await(&b->begun, 1);
	rig_assert_in_time(b);
	rig_post(c);
	rig_await(2);
	X_ASSERT(c->run == 1);
	rig_assert_in_time(c);
	x_open(&b->gate);
	rig_await(3);
	rig_down();
}

/* ---- one blocks while another makes progress ---------------------------- */

static bool go_on;
static unsigned length_us;

/*
 * A callback of some length that comes again.  The average is held where each
 * is stamped but none is heavy: for a heavy crowd all inboxes are open.
 */
static void
progress(struct rig_task *t)
{
	struct wri_runner *r = wri_runner_self();

	x_open(&t->begun);
	x_sleep_until(x_time() + WEIR_US(length_us));
	r->run_ns = LIGHT_NS + 100;
	if (go_on) {
		rig_post(t);
	}
}

static void
watchman(void)
{
	struct rig_task *a, *b, *c;

	up(3);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	c = rig_task(progress);
	go_on = true;
	length_us = 40 + x_rand(8) * 20;
	(void)rig_next(b);
	rig_post(c);
	x_await(&c->begun, 1 + x_rand(4));
	rig.pool->heavy.v = 1; /* let a second thread begin */
	rig_post(a);
	x_await(&a->begun, 1);
	rig.pool->heavy.v = 0;
	x_sleep_until(a->begun_at + WEIR_US(x_rand(16) * 50));
	go_on = x_rand(2) == 0;
	while (b->run == 0) {
		rig_await(x_count(&rig.done) + 1);
	}
	rig_assert_in_time(b);
	go_on = false;
	x_open(&a->gate);
	rig_down();
}

/* ---- what is not served in turn ----------------------------------------- */

/*
 * Both places are taken, one by a callback that blocks, the other by one that
 * comes again and again: what is behind the first has its turn all the same.
 */
static void
starved(void)
{
	struct rig_task *a, *b, *c;

	up(2);
	a = rig_task(rig_post_and_block);
	b = rig_task(NULL);
	c = rig_task(progress);
	go_on = true;
	length_us = 40;
	(void)rig_next(b);
	rig_post(c);
	rig.pool->heavy.v = 1; /* let a second thread begin */
	rig_post(a);
	x_await(&a->begun, 1);
	rig.pool->heavy.v = 0;
	while (b->run == 0) {
		rig_await(x_count(&rig.done) + 1);
	}
	X_ASSERT(b->begun_at - b->posted_at <
		 2 * (DOOR_EVERY + 1) * WEIR_US(41) + WATCH_NS);
	go_on = false;
	x_open(&a->gate);
	rig_down();
}

/* Light tasks, however many, wake one thread. */
static void
no_herd(void)
{
	up(2);
	rig_settle();
	x_sleep_until(x_time() + WEIR_MS(5));
	for (unsigned i = 0; i < 12; i++) {
		struct rig_task *t = rig_task(NULL);

		t->posted++;
		wri_pool_push(rig.pool, &t->task);
	}
	wri_pool_notify(rig.pool);
	rig_await(12);
	X_ASSERT(rig.pool->wakes.v == 1);
	rig_down();
}

/* ---- the timer is put out ----------------------------------------------- */

static void
idle_off(void)
{
	struct rig_task *a;
	unsigned rings;

	up(2);
	a = rig_task(NULL);
	for (unsigned i = 0; i < 3; i++) {
		rig_post(a);
		rig_await(i + 1);
		x_sleep_until(x_time() + WEIR_US(x_rand(4) * 400));
	}
	rig_settle();
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.alarm.watch == 0);
	rings = rig.rings;
	X_ASSERT(rings <= 3);
	x_sleep_until(x_time() + WEIR_SECONDS(1));
	X_ASSERT(rig.rings == rings);
	rig_down();
}

/*
 * A pool goes idle and clears the timer while a thread of another pool sets
 * out on a callback that blocks.
 */
static struct wri_pool *other;

static void
post_other(void *arg)
{
	struct rig_task *t = arg;

	t->posted_at = x_time();
	t->posted++;
	wri_exec_post(wri_pool_exec(other), &t->task);
}

static void
clear_set(void)
{
	const struct wri_pool_config config = {
	    .name = "y", .tokens = 2, .threads_max = 2};
	struct rig_task *a, *b, *c;
	int id;

	up(2);
	X_ASSERT(wri_pool_init(&other, &config) == WEIR_OK);
	rig_maybe_settle();
	a = rig_task(NULL);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	id = x_spawn("poster", post_other, b);
	rig_post(a);
	x_await(&b->begun, 1);
	post_other(c);
	rig_await(2);
	X_ASSERT(c->run == 1);
	rig_assert_in_time(c);
	x_open(&b->gate);
	rig_await(3);
	x_join(id);
	X_ASSERT(wri_pool_fini(other, WEIR_NEVER) == WEIR_OK);
	rig_down();
}

const struct x_test x_tests[] = {
    {"behind", behind, "Q4, one blocks", X_NOJUMP, 0, NULL, NULL},
    {"marked", marked, "Q4, no timer for the marked", X_NOJUMP, 0, NULL, NULL},
    {"park_late", park_late, "Q4, parks during a long callback", X_NOJUMP, 0,
	NULL, NULL},
    {"all_blocked", all_blocked, "Q4, all block, one returns", X_NOJUMP, 0,
	NULL, NULL},
    {"burst", burst, "Q4, four block", X_NOJUMP, 0, NULL, NULL},
    {"late_again", late_again, "Q4, back and late again", X_NOJUMP, 0, NULL,
	NULL},
    {"watchman", watchman, "Q4, one blocks, one works", X_NOJUMP, 0, NULL,
	NULL},
    {"starved", starved, "Q4, behind one that blocks, T taken", X_NOJUMP, 0,
	NULL, NULL},
    {"no_herd", no_herd, "Q1, light tasks wake one thread", X_NOJUMP, 0, NULL,
	NULL},
    {"idle_off", idle_off, "D7, no timer when idle", X_NOJUMP, 0, NULL, NULL},
    {"clear_set", clear_set, "Q4, cleared while it is set", X_NOJUMP, 0, NULL,
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
