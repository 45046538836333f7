/*
 * x_strand - strands on a pool: one at a time, in order.
 *
 * Purpose    Q2 for strands: each task once, first in first out, never two at
 *            once, on whatever thread; Q1 no strand stays behind; Q3 a
 *            producer stopped half way; free with the last run.
 */
#include "explorer/x_pool_rig.h"

/* Not linked but included: half_way needs to see inside a strand. */
#include "taskq/strand.c"

struct item {
	struct wri_task task;
	struct strand *on;
	unsigned pusher, number;
	unsigned run;
};

#define ITEMS_MAX 100

static struct strand {
	weir_strand *handle;
	unsigned inside; /* callbacks of it that run: 0 or 1 */
	unsigned last[3];
} strands[2];

static struct item items[ITEMS_MAX];
static unsigned nitems;
static struct wri_runner *before; /* who ran the task before */

static void
up(unsigned tokens, unsigned slots)
{
	wri_life_set(WRI_LIFE_UP);
	(void)rig_up((struct rig_config){
	    .tokens = tokens, .threads_max = tokens, .slots = slots});
	nitems = 0;
	before = NULL;
	for (unsigned i = 0; i < 2; i++) {
		strands[i] = (struct strand){.handle = NULL};
		X_ASSERT(
		    weir_strand_alloc(&strands[i].handle, NULL) == WEIR_OK);
	}
	rig_maybe_settle();
}

static void
down(void)
{
	for (unsigned i = 0; i < 2; i++) {
		X_ASSERT(weir_strand_free(strands[i].handle) == WEIR_OK);
	}
	rig_down();
	for (unsigned i = 0; i < nitems; i++) {
		X_ASSERT(items[i].run == 1);
	}
}

static void
run(struct wri_task *task)
{
	struct item *it = (struct item *)(void *)task;
	struct strand *s = it->on;

	X_ASSERT(wri_strand_runner((struct wri_strand *)s->handle) ==
		 wri_runner_self());
	X_ASSERT(it->run++ == 0);
	X_ASSERT(s->inside++ == 0);
	x_point();
	X_ASSERT(it->number == s->last[it->pusher]);
	s->last[it->pusher]++;
	if (before != NULL && before != wri_runner_self()) {
		X_REACH("other-thread");
	}
	before = wri_runner_self();
	x_point();
	s->inside--;
	x_open(&rig.done);
}

static struct item *
item(unsigned pusher, unsigned number, void (*fn)(struct wri_task *))
{
	struct item *it = &items[nitems++];

	X_ASSERT(nitems <= ITEMS_MAX);
	*it = (struct item){
	    .on = &strands[0], .pusher = pusher, .number = number};
	it->task.run = fn;
	return it;
}

static void
post(struct strand *s, struct item *it)
{
	it->on = s;
	wri_exec_post(weir_strand_exec(s->handle), &it->task);
}

/* ---- order and serialisation -------------------------------------------- */

static unsigned each;

static void
push_one(void *arg) /* to strand 0 */
{
	unsigned p = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < each; i++) {
		post(&strands[0], item(p, i, run));
	}
}

static void
push_both(void *arg)
{
	unsigned p = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < each; i++) {
		post(&strands[0], item(p, i, run));
		post(&strands[1], item(p, i, run));
	}
}

static void
push_all(void (*fn)(void *), unsigned n)
{
	static const char *const names[] = {"p0", "p1", "p2"};
	int ids[3];

	for (unsigned i = 0; i < n; i++) {
		ids[i] = x_spawn(names[i], fn, (void *)(uintptr_t)i);
	}
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

static void
one_strand(void)
{
	up(2, 0);
	each = 2;
	push_all(push_one, 2);
	rig_await(4);
	down();
}

/* Heavy: both threads take what they can get. */
static void
heavy(void)
{
	up(2, 0);
	rig_make_heavy();
	each = 2;
	push_all(push_one, 2);
	rig_await(4);
	down();
}

static void
two_strands(void)
{
	up(2, 0);
	if (x_rand(2) == 0) {
		rig_make_heavy();
	}
	each = 2;
	push_all(push_both, 2);
	rig_await(8);
	down();
}

/* A task posts to its own strand, and to the other. */
static void
post_more(struct wri_task *task)
{
	post(&strands[0], item(2, 0, run));
	post(&strands[1], item(2, 0, run));
	run(task);
}

static void
own_strand(void)
{
	up(2, 0);
	post(&strands[0], item(0, 0, post_more));
	post(&strands[0], item(0, 1, run));
	rig_await(4);
	down();
}

/* ---- turns -------------------------------------------------------------- */

static unsigned at_push, at_plain;

static void
plain(struct rig_task *t)
{
	(void)t;
	at_plain = strands[0].last[0];
}

/* A long strand gives others a turn between its batches. */
static void
turns(void)
{
	struct rig_task *t;

	up(1, 0);
	each = 90;
	for (unsigned i = 0; i < each; i++) {
		wri_strand_push((struct wri_strand *)strands[0].handle,
		    &item(0, i, run)->task);
	}
	t = rig_task(plain);
	t->posted++;
	wri_pool_push(rig.pool, &t->task);
	at_push = strands[0].last[0];
	wri_pool_notify(rig.pool);
	rig_await(each + 1);
	X_ASSERT(at_plain <= at_push + DOOR_EVERY + STRAND_BATCH);
	down();
}

/* ---- a producer that is stopped half way -------------------------------- */

static x_latch half_begun, half_go;
static struct item *half;

/* wri_strand_push with a pause in the middle of the push to the inbox. */
static void
push_half(void *arg)
{
	struct wri_strand *s = arg;
	struct wri_node *n = &half->task.node;
	struct wri_node *prev;

	wri_store(&n->next, NULL, WRI_RLX);
	prev = wri_xchg(&s->inbox.head, n, WRI_SC);
	x_open(&half_begun);
	x_await(&half_go, 1);
	wri_store(&prev->next, n, WRI_REL);
	if (wri_add(&s->count, 1, WRI_SC) == 0) {
		wri_pool_push(s->exec.pool, &s->task);
	}
	wri_pool_notify(s->exec.pool);
}

static void
half_way(void)
{
	struct rig_task *b;
	int id;

	up(1 + x_rand(2), x_rand(2));
	half = item(0, 0, run);
	id = x_spawn("half", push_half, strands[0].handle);
	x_await(&half_begun, 1);
	post(&strands[0], item(1, 0, run)); /* behind it */
	x_sleep_until(x_time() + WEIR_US(x_rand(3) * 700));
	b = rig_task(NULL);
	rig_post(b);
	rig_await(1);
	X_ASSERT(b->run == 1);
	rig_assert_in_time(b);
	x_sleep_until(x_time() + WEIR_MS(3));
	X_ASSERT(x_count(&rig.done) == 1);
	x_open(&half_go);
	x_join(id);
	rig_await(3);
	down();
}

/* ---- free --------------------------------------------------------------- */

/* Nothing is bound when the last task runs; the strand goes behind it. */
static void
free_own(struct wri_task *task)
{
	struct item *it = (struct item *)(void *)task;

	it->run++;
	X_ASSERT(weir_strand_free(strands[0].handle) == WEIR_OK);
	strands[0].handle = NULL;
	x_open(&rig.done);
}

static void
freed_inside(void)
{
	up(1 + x_rand(2), 0);
	post(&strands[0], item(0, 0, free_own));
	post(&strands[1], item(0, 0, run));
	rig_await(2);
	down();
}

/* Freed by another thread when the task has run, and its run may not be over.
 */
static void
freed_outside(void)
{
	up(1, 0);
	post(&strands[0], item(0, 0, run));
	rig_await(1);
	down();
}

const struct x_test x_tests[] = {
    {"one_strand", one_strand, "Q1 Q2, two pushers", X_NOTIME, 0, NULL, NULL},
    {"heavy", heavy, "Q2, runs on either thread", X_NOTIME, 0, "other-thread",
	NULL},
    {"two_strands", two_strands, "Q2, two strands", X_NOTIME, 0, "other-thread",
	NULL},
    {"own_strand", own_strand, "Q2, a task posts to its strand", X_NOTIME, 0,
	NULL, NULL},
    {"turns", turns, "Q2, a batch, then others", X_NOTIME, 0, NULL, NULL},
    {"half_way", half_way, "Q3, a producer stopped half way", X_NOJUMP, 0, NULL,
	NULL},
    {"freed_inside", freed_inside, "T7, freed by its last task", X_NOTIME, 0,
	NULL, NULL},
    {"freed_outside", freed_outside, "T7, freed behind its last task", X_NOTIME,
	0, NULL, NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
