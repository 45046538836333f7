/*
 * x_pool_poll - threads that poll: what they serve, what they feed.
 *
 * Purpose    Q1 with pollers asleep, Q3 no spin at a queue that is stuck, Q4
 *            the poller serves when nobody else is left, Q5 it feeds when
 *            callbacks are heavy, D7 nobody stirs when idle.
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

/* ---- light callbacks ---------------------------------------------------- */

/* The poller serves what it fed, and nobody else is woken. */
static void
serves(void)
{
	up(1, 1, false);
	rig_settle();
	rig_inject(0, rig_task(NULL));
	rig_inject(0, rig_task(NULL));
	rig_await(2);
	X_ASSERT(rig.pool->wakes.v == 0);
	rig_down();
}

static void
fed_and_pushed(void)
{
	int id;

	up(1, 1, false);
	id = x_spawn("pusher", rig_push, rig_task(NULL));
	rig_inject(0, rig_task(NULL));
	rig_post(rig_task(NULL));
	rig_inject(0, rig_task(NULL));
	rig_await(4);
	X_ASSERT(rig.most == 1);
	x_join(id);
	rig_down();
}

/* ---- heavy callbacks ---------------------------------------------------- */

static x_latch all;

static void
meet(struct rig_task *t)
{
	(void)t;
	x_open(&all);
	x_await(&all, 2);
}

/* The poller only feeds: two callbacks of one batch run at once. */
static void
heavy_feeds(void)
{
	up(2, 1, false);
	rig_settle(); /* with nobody parked the poller would serve */
	rig_make_heavy();
	rig_inject(0, rig_task(meet));
	rig_inject(0, rig_task(meet));
	rig_await(2);
	rig_down();
}

/* Callbacks turn heavy while the poller has more in its inbox, or the door. */
static void
turn_heavy(struct rig_task *t)
{
	x_open(&t->begun);
	rig_post_next(t);
	rig_make_heavy();
	x_sleep_until(x_time() + SERVE_NS);
}

static void
goes_heavy(void)
{
	struct rig_task *a, *b, *c;

	up(2, 1, true);
	a = rig_task(turn_heavy);
	b = rig_task(NULL);
	c = rig_task(NULL);
	if (x_rand(2) == 0) {
		(void)rig_next(b);
		(void)rig_next(c);
	}
	rig_inject(0, a);
	x_await(&a->begun, 1);
	if (rig.nnext == 0) {
		rig_post(b);
		rig_inject(0, c);
	}
	rig_await(3);
	rig_assert_in_time(b);
	rig_assert_in_time(c);
	rig_down();
}

/* ---- idle --------------------------------------------------------------- */

/* Nobody looks, polls or rings while nothing happens; also after a relief. */
static void
idle(void)
{
	struct rig_task *a;
	unsigned rings, waits;
	uint64_t parks = 0;

	up(2, 1, true);
	a = rig_task(rig_block);
	rig_inject(0, a);
	rig_inject(0, rig_task(NULL));
	x_await(&a->begun, 1);
	if (x_rand(2) == 0) {
		x_sleep_until(x_time() + WEIR_MS(2));
	}
	x_open(&a->gate);
	rig_await(2);
	rig_settle();
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.alarm.watch == 0);
	rings = rig.rings;
	waits = rig.slots[0].waits;
	for (unsigned i = 0; i < 3; i++) {
		parks += ((struct wri_runner *)rig.pool->runners[i].v)->parks.v;
	}
	x_sleep_until(x_time() + WEIR_SECONDS(1));
	X_ASSERT(rig.rings == rings && rig.slots[0].waits == waits);
	for (unsigned i = 0; i < 3; i++) {
		parks -= ((struct wri_runner *)rig.pool->runners[i].v)->parks.v;
	}
	X_ASSERT(parks == 0);
	rig_down();
}

/* ---- a full inbox, a stuck door ----------------------------------------- */

static bool go_on;

/* Comes again; the average is held below heavy. */
static void
again(struct rig_task *t)
{
	x_open(&t->begun);
	x_sleep_until(x_time() + WEIR_US(100));
	wri_runner_self()->run_ns = LIGHT_NS + 100;
	if (go_on) {
		rig_post(t);
	}
}

/*
 * An inbox that never runs dry must not keep the thread from polling.  If it is
 * another thread's, the event's task waits in the door for its turn.
 */
static void
saturated(void)
{
	struct rig_task *a, *b;

	up(1, 1, true);
	a = rig_task(again);
	b = rig_task(NULL);
	go_on = true;
	rig_inject(0, a);
	x_await(&a->begun, 1 + x_rand(4));
	rig_inject(0, b);
	x_sleep_until(x_time() + RIG_LATE_NS);
	X_ASSERT(rig.slots[0].fed == 2);
	while (b->run == 0) {
		rig_await(x_count(&rig.done) + 1);
	}
	X_ASSERT(
	    b->begun_at - b->posted_at < DOOR_EVERY * WEIR_US(101) + WATCH_NS);
	go_on = false;
	rig_down();
}

/* A producer stopped half way: nobody spins, events are served. */
static void
half_way(void)
{
	struct rig_task *b;
	int id;

	up(1, 1, true);
	id = x_spawn("half", rig_half_push, rig_task(NULL));
	x_await(&rig.half_begun, 1);
	x_sleep_until(x_time() + WEIR_US(x_rand(3) * 700));
	b = rig_task(NULL);
	rig_inject(0, b);
	x_sleep_until(x_time() + RIG_LATE_NS);
	X_ASSERT(rig.slots[0].fed == 1);
	if (b->run == 1) {
		X_REACH("served");
		rig_assert_in_time(b);
	} else {
		X_REACH("behind"); /* it had to go through the door */
	}
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(rig.slots[0].waits < 100);
	x_open(&rig.half_go);
	rig_await(2);
	x_join(id);
	rig_down();
}

/* ---- fewer threads than there should be --------------------------------- */

static void
block_and_wait(struct rig_task *t)
{
	x_await(&t->gate, 1);
	t->posted_at = rig.next[0]->posted_at = x_time();
	rig.running--;
	X_ASSERT(wri_runner_wait_begin(wri_runner_self()) == WEIR_OK);
	x_await(&t->gate, 2);
	wri_runner_wait_end(wri_runner_self());
	rig.running++;
}

/*
 * One callback waits and no spare may be started, another blocks: only the
 * poller is left, and there is a place for it.
 */
static void
no_spare(void)
{
	struct rig_task *a, *b, *c;

	up(2, 1, true);
	a = rig_task(rig_wait);
	b = rig_task(rig_post_and_block);
	c = rig_task(NULL);
	if (x_rand(2) == 0) {
		rig_make_heavy();
	}
	switch (x_rand(3)) {
	case 0:
		rig_post(a);
		x_await(&a->begun, 1);
		(void)rig_next(c);
		rig_post(b);
		break;
	case 1:
		rig_post(a);
		x_await(&a->begun, 1);
		rig_post(b);
		x_await(&b->begun, 1);
		x_sleep_until(x_time() + WEIR_US(x_rand(2) * 2000));
		rig_post(c);
		break;
	default: /* first both places are taken, so nobody watches */
		rig.pool->heavy.v = 1;
		a->fn = block_and_wait;
		(void)rig_next(c);
		rig_post(a);
		rig_post(b);
		x_await(&b->begun, 1);
		rig.pool->heavy.v = 0;
		x_open(&a->gate);
		break;
	}
	rig_await(1);
	X_ASSERT(c->run == 1);
	rig_assert_in_time(c);
	x_open(&a->gate);
	x_open(&b->gate);
	rig_await(3);
	rig_down();
}

/*
 * The same, and the one that blocks is known for it: nothing but the push wakes
 * the poller, who has just served and is about to sleep again.
 */
static void
poller_left(void)
{
	struct rig_task *a, *b, *c, *d;

	up(2, 1, true);
	a = rig_task(rig_wait);
	b = rig_task(rig_block);
	c = rig_task(NULL);
	d = rig_task(NULL);
	rig_post(a);
	x_await(&a->begun, 1);
	rig_post(b);
	x_await(&b->begun, 1);
	x_sleep_until(x_time() + WEIR_MS(2));
	rig_post(c);
	if (x_rand(2) == 0) {
		rig_await(1);
	}
	rig_post(d);
	rig_await(2);
	rig_assert_in_time(c);
	rig_assert_in_time(d);
	x_open(&a->gate);
	x_open(&b->gate);
	rig_await(4);
	rig_down();
}

const struct x_test x_tests[] = {
    {"serves", serves, "Q1, the poller serves, nobody is woken", X_NOTIME, 0,
	NULL, NULL},
    {"fed_and_pushed", fed_and_pushed, "Q1 Q2 Q4, T = 1", X_NOTIME, 0, NULL,
	NULL},
    {"heavy_feeds", heavy_feeds, "Q5, heavy: the poller feeds", X_NOTIME, 0,
	NULL, NULL},
    {"goes_heavy", goes_heavy, "Q1, turns heavy with work left", X_NOJUMP, 0,
	NULL, NULL},
    {"idle", idle, "D7, nobody stirs when idle", X_NOJUMP, 0, NULL, NULL},
    {"saturated", saturated, "Q4, polls though its inbox is full", X_NOJUMP, 0,
	NULL, NULL},
    {"half_way", half_way, "Q3, no spin at a stuck door", X_NOJUMP, 0,
	"served behind", NULL},
    {"no_spare", no_spare, "Q4, only the poller is left", X_NOJUMP, 0, NULL,
	NULL},
    {"poller_left", poller_left, "Q1 Q4, only the poller is left, twice",
	X_NOJUMP, 0, NULL, NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
