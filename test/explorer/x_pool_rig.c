/*
 * x_pool_rig - see x_pool_rig.h.
 */
#include "explorer/x_pool_rig.h"

#include "base/clock.h"

#include <string.h>

struct rig rig;

static void
expiry(void *arg)
{
	(void)arg;
	while (wri_load(&rig.stop, WRI_ACQ) == 0) {
		if ((wri_alarm_wait(&rig.alarm, WEIR_NEVER) &
			WRI_ALARM_WATCH) != 0) {
			rig.rings++;
			wri_taskq_watch(wri_now());
		}
	}
}

static void
name_pool(struct wri_pool *pool)
{
	x_name(&pool->tokens, sizeof pool->tokens, "tokens");
	x_name(&pool->blocked, sizeof pool->blocked, "blocked");
	x_name(&pool->heavy, sizeof pool->heavy, "heavy");
	x_name(&pool->searching, sizeof pool->searching, "searching");
	x_name(&pool->nparked, sizeof pool->nparked, "nparked");
	x_name(&pool->stopping, sizeof pool->stopping, "stopping");
	x_name(&pool->door, sizeof pool->door, "door");
	x_name(&pool->slots[0].serving, sizeof(wri_a32), "serving0");
	x_name(&pool->slots[0].asleep, sizeof(wri_a32), "asleep0");
}

static void
expiry_end(void)
{
	if (rig.expiry != 0) {
		wri_store(&rig.stop, 1, WRI_REL);
		wri_alarm_wake(&rig.alarm);
		x_join(rig.expiry);
	}
}

static void
alarm_down(void)
{
	wri_taskq_fini();
	wri_alarm_fini(&rig.alarm);
}

bool
rig_up(struct rig_config c)
{
	struct wri_pool_config config = {
	    .name = "x",
	    .tokens = c.tokens,
	    .threads_max = c.threads_max,
	    .slots = c.slots,
	    .role_ops = &fake_slot_ops,
	    .slot_args = rig.slot_args,
	};

	memset(&rig, 0, sizeof rig);
	for (unsigned i = 0; i < c.slots; i++) {
		fake_slot_init(&rig.slots[i]);
		rig.slot_args[i] = &rig.slots[i];
	}
	X_ASSERT(wri_alarm_init(&rig.alarm) == WEIR_OK);
	wri_taskq_init(&rig.alarm);
	if (c.expiry) {
		rig.expiry = x_spawn("expiry", expiry, NULL);
	}
	if (wri_pool_init(&rig.pool, &config) != WEIR_OK) {
		X_REACH("refused");
		expiry_end();
		alarm_down();
		return false;
	}
	name_pool(rig.pool);
	wri_pool_set_default(rig.pool);
	return true;
}

/* All threads have ended. */
static void
look_at_rest(struct wri_pool *pool)
{
	X_ASSERT(pool->tokens.v == 0);
	X_ASSERT(pool->blocked.v == 0);
	X_ASSERT(pool->searching.v == 0);
	X_ASSERT(pool->nparked.v == 0);
	X_ASSERT(pool->nwaiting == 0);
	X_ASSERT(wri_mpsc_empty(&pool->door));
	for (unsigned i = 0; i < pool->nrunners.v; i++) {
		struct wri_runner *r = pool->runners[i].v;

		X_ASSERT(wri_mpsc_empty(&r->inbox));
		X_ASSERT(r->mark.v == 0 && r->beat.v == 0);
		X_ASSERT(!r->token && r->park.v == AWAKE);
	}
	for (unsigned i = 0; i < pool->config.slots; i++) {
		X_ASSERT(pool->slots[i].serving.v == 0);
	}
	for (unsigned i = 0; i < rig.ntasks; i++) {
		X_ASSERT(rig.tasks[i].run == rig.tasks[i].posted);
	}
}

void
rig_down(void)
{
	X_ASSERT(wri_pool_stop(rig.pool, WEIR_NEVER) == WEIR_OK);
	expiry_end(); /* it may be half way through a mark */
	while (wri_load(&rig.pool->visitors, WRI_SC) != 0) {
		wri_yield(); /* or a poster through its look */
	}
	look_at_rest(rig.pool);
	wri_pool_set_default(NULL);
	X_ASSERT(wri_pool_fini(rig.pool, WEIR_NEVER) == WEIR_OK);
	alarm_down();
}

/* ---- tasks -------------------------------------------------------------- */

static void
run(struct wri_task *task)
{
	struct rig_task *t = (struct rig_task *)(void *)task;

	X_ASSERT(t->run < t->posted);
	t->begun_at = x_time();
	rig.running++;
	if (rig.running > rig.most) {
		rig.most = rig.running;
	}
	x_point(); /* others may be in the middle of theirs */
	if (t->fn != NULL) {
		t->fn(t);
	}
	rig.running--;
	t->run++;
	x_open(&rig.done);
}

struct rig_task *
rig_task(void (*fn)(struct rig_task *t))
{
	struct rig_task *t = &rig.tasks[rig.ntasks++];

	X_ASSERT(rig.ntasks <= RIG_TASKS_MAX);
	t->task.run = run;
	t->fn = fn;
	return t;
}

void
rig_post(struct rig_task *t)
{
	t->posted_at = x_time();
	t->posted++;
	/* NULL: a body brings its own default pool. */
	wri_exec_post(
	    rig.pool != NULL ? wri_pool_exec(rig.pool) : NULL, &t->task);
}

void
rig_inject(unsigned slot, struct rig_task *t)
{
	t->posted_at = x_time();
	t->posted++;
	fake_slot_inject(&rig.slots[slot], &t->task);
}

void
rig_await(unsigned n)
{
	x_await(&rig.done, n);
}

void
rig_block(struct rig_task *t)
{
	x_open(&t->begun);
	x_await(&t->gate, 1);
}

struct rig_task *
rig_next(struct rig_task *t)
{
	X_ASSERT(rig.nnext < RIG_NEXT_MAX);
	rig.next[rig.nnext++] = t;
	return t;
}

void
rig_post_next(struct rig_task *t)
{
	(void)t;
	for (unsigned i = 0; i < rig.nnext; i++) {
		rig_post(rig.next[i]);
	}
}

void
rig_post_and_block(struct rig_task *t)
{
	rig_post_next(t);
	rig_block(t);
}

void
rig_half_push(void *arg)
{
	struct rig_task *t = arg;
	struct wri_node *n = &t->task.node;
	struct wri_node *prev;

	t->posted++;
	wri_store(&n->next, NULL, WRI_RLX);
	prev = wri_xchg(&rig.pool->door.head, n, WRI_SC);
	x_open(&rig.half_begun);
	x_await(&rig.half_go, 1);
	wri_store(&prev->next, n, WRI_REL);
	wri_pool_notify(rig.pool);
}

void
rig_push(void *arg)
{
	rig_post(arg);
}

void
rig_wait(struct rig_task *t)
{
	rig.running--; /* before: the place may be taken at once */
	X_ASSERT(wri_runner_wait_begin(wri_runner_self()) == WEIR_OK);
	rig_block(t);
	wri_runner_wait_end(wri_runner_self());
	rig.running++;
}

void
rig_assert_in_time(const struct rig_task *t)
{
	X_ASSERT(t->run > 0 || t->begun_at != 0);
	if (t->begun_at - t->posted_at > RIG_LATE_NS) {
		x_fail("began %lld ns after it was queued",
		    (long long)(t->begun_at - t->posted_at));
	}
}

/* ---- the pool ----------------------------------------------------------- */

unsigned
rig_idle(void)
{
	unsigned n = rig.pool->nparked.v;

	for (unsigned i = 0; i < rig.pool->config.slots; i++) {
		n += rig.slots[i].sleeping;
	}
	return n;
}

/* Parked once at least: before, it announces itself but still looks. */
static bool
all_have_parked(void)
{
	for (unsigned i = 0; i < rig.pool->nrunners.v; i++) {
		struct wri_runner *r = rig.pool->runners[i].v;

		if (r->slot == NULL && r->parks.v == 0) {
			return false;
		}
	}
	return true;
}

void
rig_settle(void)
{
	while (rig_idle() != rig.pool->nrunners.v - rig.pool->nwaiting ||
	       rig.pool->searching.v != 0 || !all_have_parked()) {
		wri_yield();
	}
}

void
rig_maybe_settle(void)
{
	if (x_rand(2) == 0) {
		rig_settle();
	}
}

void
rig_make_heavy(void)
{
	for (unsigned i = 0; i < rig.pool->nrunners.v; i++) {
		struct wri_runner *r = rig.pool->runners[i].v;

		r->run_ns = WEIR_MS(100);
	}
	rig.pool->heavy.v = 1;
}
