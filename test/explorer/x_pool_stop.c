/*
 * x_pool_stop - pools that stop: drained, refused, abandoned.
 *
 * Purpose    T7 (the pool's part): stop runs what is queued, ends and joins
 *            every thread, and leaves nothing; a thread whose callback does
 *            not return is abandoned, and then touches only its pool.
 */
#include "explorer/x_pool_rig.h"

#include "base/clock.h"
#include "base/mem.h"

static bool
up(unsigned tokens, unsigned slots)
{
	return rig_up((struct rig_config){
	    .tokens = tokens, .threads_max = tokens, .slots = slots});
}

/* rig_down asserts that all of them ran. */
static void
drain(void)
{
	(void)up(2, 0);
	rig_maybe_settle();
	(void)rig_next(rig_task(NULL));
	(void)rig_next(rig_task(NULL));
	if (x_rand(2) == 0) {
		rig_make_heavy();
	}
	rig_post(rig_task(NULL));
	rig_post(rig_task(rig_post_next));
	rig_post(rig_task(NULL));
	rig_down();
	X_ASSERT(x_count(&rig.done) == 5);
}

static void
drain_poller(void)
{
	unsigned n = 3;

	(void)up(1, 1);
	rig_maybe_settle();
	if (x_rand(2) == 0) {
		rig_make_heavy();
	}
	(void)rig_next(rig_task(NULL));
	rig_post(rig_task(rig_post_next));
	rig_inject(0, rig_task(NULL));
	if (x_rand(2) == 0) {
		rig_await(1); /* the event may come during the stop */
	} else {
		rig_await(n);
	}
	while (rig.slots[0].fetched == 0) {
		wri_yield(); /* what was never fetched is not the pool's */
	}
	rig_down();
	X_ASSERT(x_count(&rig.done) == n);
}

static void
at_once(void)
{
	if (up(1 + x_rand(2), x_rand(2))) {
		X_REACH("up");
		rig_down();
	}
}

/* The time is over before it begins: idle threads end all the same. */
static void
no_time(void)
{
	(void)up(2, x_rand(2));
	rig_maybe_settle();
	rig_post(rig_task(NULL));
	rig_post(rig_task(NULL));
	X_ASSERT(wri_pool_stop(rig.pool, 0) == WEIR_OK);
	rig_down();
}

/* ---- somebody comes late ----------------------------------------------------
 */

static void
notify(void *arg)
{
	wri_pool_notify(arg);
	wri_pool_notify(arg);
}

/*
 * A thread of the program has queued its task, which has run, and looks whom to
 * wake when the library has ended.  The default pool stays where it is.
 */
static void
late(void)
{
	static void *slot_args[1] = {&rig.slots[0]};
	const struct wri_pool_config config = {
	    .name = "z",
	    .tokens = 1,
	    .threads_max = 1,
	    .slots = 1,
	    .role_ops = &fake_slot_ops,
	    .slot_args = slot_args,
	    .is_default = 1,
	};
	struct wri_pool *pool;
	int id;

	fake_slot_init(&rig.slots[0]);
	X_ASSERT(wri_alarm_init(&rig.alarm) == WEIR_OK);
	wri_taskq_init(&rig.alarm);
	X_ASSERT(wri_pool_init(&pool, &config) == WEIR_OK);
	id = x_spawn("late", notify, pool);
	X_ASSERT(wri_pool_fini(pool, WEIR_NEVER) == WEIR_OK);
	rig.slots[0].owner = &rig; /* gone */
	wri_alarm_fini(&rig.alarm);
	wri_taskq_fini();
	x_join(id);
}

/* The program frees its pool when the task has run; who posted it is in it. */
static void
late_post(void)
{
	int id;

	(void)up(1 + x_rand(2), x_rand(2));
	rig_maybe_settle();
	if (x_rand(2) == 0) {
		rig_make_heavy();
	}
	id = x_spawn("late", rig_push, rig_task(NULL));
	rig_await(1);
	rig_down();
	x_join(id);
}

static void
await_parked(struct wri_pool *pool)
{
	while (x_rand(4) != 0 && pool->nparked.v == 0) {
		wri_yield();
	}
}

/* The same over the end of the default pool and into the next life. */
static void
late_two_lives(void)
{
	const struct wri_pool_config config = {
	    .name = "default", .tokens = 1, .threads_max = 1, .is_default = 1};
	struct wri_pool *pool;
	int id;

	rig = (struct rig){0};
	X_ASSERT(wri_alarm_init(&rig.alarm) == WEIR_OK);
	wri_taskq_init(&rig.alarm);
	X_ASSERT(wri_pool_init(&pool, &config) == WEIR_OK);
	await_parked(pool);
	id = x_spawn("late", notify, pool);
	while (pool->searching.v == 0 && x_rand(8) != 0) {
		wri_yield();
	}
	X_ASSERT(wri_pool_fini(pool, WEIR_NEVER) == WEIR_OK);
	wri_taskq_fini();

	wri_taskq_init(&rig.alarm);
	X_ASSERT(wri_pool_init(&pool, &config) == WEIR_OK);
	wri_pool_set_default(pool);
	await_parked(pool);
	rig_post(rig_task(NULL));
	rig_await(1); /* nobody else will wake anybody */
	x_join(id);
	X_ASSERT(wri_pool_fini(pool, WEIR_NEVER) == WEIR_OK);
	wri_pool_set_default(NULL);
	wri_alarm_fini(&rig.alarm);
	wri_taskq_fini();
}

/* ---- a wait against the stop --------------------------------------------- */

static struct rig_task *first_waited, *second_waited;
static x_latch first_ran, second_ran, may_stop;

static void
run_first(struct rig_task *t)
{
	(void)t;
	x_open(&first_ran);
}

static void
run_second(struct rig_task *t)
{
	(void)t;
	x_open(&second_ran);
}

/* Give the place back until the latch opens; what opens it is queued. */
static void
wait_for(x_latch *ran)
{
	struct wri_runner *r = wri_runner_self();

	rig.running--;
	if (wri_runner_wait_begin(r) == WEIR_OK) {
		x_await(ran, 1);
		wri_runner_wait_end(r);
		X_REACH("waited");
	}
	rig.running++;
}

static void
wait_twice(struct rig_task *t)
{
	(void)t;
	rig_post(first_waited);
	wait_for(&first_ran);
	x_open(&may_stop);
	rig_post(second_waited);
	wait_for(&second_ran);
}

static void
stop_wait(void)
{
	first_ran = second_ran = may_stop = (x_latch){0, 0};
	(void)rig_up(
	    (struct rig_config){.tokens = 1, .threads_max = 2 + x_rand(2)});
	first_waited = rig_task(run_first);
	second_waited = rig_task(run_second);
	rig_post(rig_task(wait_twice));
	x_await(&may_stop, 1);
	rig_down();
}

/* ---- a callback that does not return ------------------------------------ */

/* What the abandoned thread leaves behind is freed by nobody else. */
static void
bury(struct wri_pool *pool)
{
	unsigned n = pool->nrunners.v;

	for (unsigned i = 0; i < n; i++) {
		struct wri_runner *r = pool->runners[i].v;

		while (wri_load(&r->ended, WRI_ACQ) == 0) {
			(void)wri_futex_wait(&r->ended, 0, WEIR_NEVER);
		}
	}
	for (unsigned i = 0; i < n; i++) {
		wri_free(pool->runners[i].v, sizeof(struct wri_runner));
	}
	wri_free(pool, sizeof(*pool));
}

static void
abandon(void)
{
	struct wri_pool *pool;
	struct rig_task *a, *b;
	unsigned tokens = 1 + x_rand(2);

	(void)up(tokens, 1);
	rig_maybe_settle();
	pool = rig.pool;
	a = rig_task(rig_block);
	b = rig_task(NULL);
	if (x_rand(2) == 0) {
		rig_post(a);
	} else {
		rig_inject(0, a);
	}
	x_await(&a->begun, 1);
	rig_post(b);
	X_ASSERT(wri_pool_stop(pool, wri_now() + WEIR_MS(5)) == WEIR_ETIMEDOUT);
	X_ASSERT(wri_pool_stop(pool, WEIR_NEVER) == WEIR_ETIMEDOUT);
	X_ASSERT(wri_pool_fini(pool, WEIR_NEVER) == WEIR_ETIMEDOUT);
	wri_pool_set_default(NULL);
	wri_alarm_fini(&rig.alarm);
	rig.slots[0].owner = &rig; /* gone: wait asserts that it is free */
	if (x_rand(2) == 0) {
		wri_taskq_fini();
		x_open(&a->gate);
		bury(pool);
	} else {
		x_open(&a->gate);
		bury(pool);
		wri_taskq_fini();
	}
	/* With one place there was none for it, then no pool. */
	X_ASSERT(b->run == tokens - 1);
}

/* ---- two who stop it ---------------------------------------------------- */

static struct wri_pool *other;
static weir_err freed;

/* As a program that frees its pool. */
static void
free_other(void *arg)
{
	(void)arg;
	freed = wri_pool_fini(other, WEIR_NEVER);
}

static void
other_up(void)
{
	const struct wri_pool_config config = {
	    .name = "o", .tokens = 1, .threads_max = 1};

	(void)up(1, 0);
	X_ASSERT(wri_pool_init(&other, &config) == WEIR_OK);
}

/* A pool is freed while the library ends it: it ends once, and goes once. */
static void
others(void)
{
	struct rig_task *t;
	int id;

	other_up();
	t = rig_task(NULL);
	t->posted++;
	wri_exec_post(wri_pool_exec(other), &t->task);
	id = x_spawn("free", free_other, NULL);
	X_ASSERT(wri_taskq_stop_others(rig.pool, WEIR_NEVER) == WEIR_OK);
	x_join(id);
	X_ASSERT(freed == WEIR_OK);
	rig_down();
}

/*
 * Its callback does not return in time.  Who frees it waits for that, unless
 * the library has given the thread up first: then the memory stays.
 */
static void
others_hang(void)
{
	struct rig_task *a;
	int id;

	other_up();
	a = rig_task(rig_block);
	a->posted++;
	wri_exec_post(wri_pool_exec(other), &a->task);
	x_await(&a->begun, 1);
	id = x_spawn("free", free_other, NULL);
	X_ASSERT(wri_taskq_stop_others(rig.pool, wri_now() + WEIR_MS(5)) ==
		 WEIR_ETIMEDOUT);
	X_ASSERT(other->stopping.v == POOL_ABANDONED);
	x_open(&a->gate);
	x_join(id);
	if (freed == WEIR_OK) {
		X_REACH("freed");
	} else {
		X_REACH("lost");
		X_ASSERT(freed == WEIR_ETIMEDOUT);
		bury(other);
	}
	rig_down();
}

const struct x_test x_tests[] = {
    {"drain", drain, "T7, stop runs what is queued", X_NOTIME, 0, NULL, NULL},
    {"drain_poller", drain_poller, "T7, the same with a poller", X_NOTIME, 0,
	NULL, NULL},
    {"at_once", at_once, "T7 T8, stop at once, start refused",
	X_NOTIME | X_FAIL_THREAD | X_FAIL_ALLOC, 0, "up refused", NULL},
    {"no_time", no_time, "T7, stop without time", X_NOJUMP, 0, NULL, NULL},
    /* Not X_NOTIME: stop naps while somebody is still inside. */
    {"late", late, "T7, somebody comes late", X_NOJUMP, 0, NULL, NULL},
    {"late_post", late_post, "T7, freed while somebody posts", X_NOJUMP, 0,
	NULL, NULL},
    {"late_two_lives", late_two_lives, "T1 T7, a late look in the next life",
	X_NOJUMP, 0, NULL, NULL},
    {"stop_wait", stop_wait, "Q1, the stop against a wait", X_NOTIME, 0,
	"waited", NULL},
    {"others", others, "T7 T8, freed while the library ends", X_NOJUMP, 0, NULL,
	NULL},
    {"others_hang", others_hang, "T7 T8, the same, its callback hangs",
	X_NOJUMP, 0, "freed lost", NULL},
    {"abandon", abandon, "T7, a callback that does not return", X_NOJUMP, 0,
	NULL, NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
