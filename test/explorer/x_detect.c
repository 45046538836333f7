/*
 * x_detect - the explorer itself: each detector is seen to fire.
 *
 * Purpose    toy code with planted bugs; the last column of the table names
 *            the kind of failure that must be found.
 */
#include "base/alarm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/thread.h"

#include "explorer/explorer.h"

static wri_mtx mtx = WRI_MTX_INIT;
static wri_mtx mtx2 = WRI_MTX_INIT;
static wri_a32 word, flag, other;
static wri_alarm alarm_;

static void
reset(void)
{
	word.v = flag.v = other.v = 0;
}

static void
set_flag(void *arg)
{
	(void)arg;
	wri_store(&flag, 1, WRI_REL);
	wri_futex_wake(&flag, 1);
}

/* The waker looks for the sleeper before it has published. */
static void
bad_waker(void *arg)
{
	bool sleeps = wri_load(&other, WRI_SC) != 0;

	(void)arg;
	wri_store(&flag, 1, WRI_SC);
	if (sleeps) {
		wri_futex_wake(&flag, 1);
	}
}

static weir_time nap; /* 0: without a limit */

static void
sleeper(void)
{
	int a;

	a = x_spawn("waker", bad_waker, NULL);
	wri_store(&other, 1, WRI_SC);
	while (wri_load(&flag, WRI_ACQ) == 0) {
		(void)wri_futex_wait(
		    &flag, 0, nap == 0 ? WEIR_NEVER : x_time() + nap);
	}
	x_join(a);
}

static void
bad_deadlock(void)
{
	reset();
	nap = 0;
	sleeper();
}

static void
bad_time(void)
{
	reset();
	nap = 10;
	sleeper();
}

static void
spin(void *arg)
{
	(void)arg;
	while (wri_load(&flag, WRI_ACQ) == 0) {
		/* the bug: no yield */
	}
}

static void
bad_livelock(void)
{
	int a;

	reset();
	a = x_spawn("spin", spin, NULL);
	wri_store(&flag, 1, WRI_REL);
	x_join(a);
}

struct box {
	wri_a32 gate, late;
	wri_mtx mtx;
	unsigned payload;
};

static void
open_box(void *arg)
{
	struct box *b = arg;

	wri_store(&b->gate, 1, WRI_REL);
	(void)wri_add(&b->gate, 0, WRI_RLX); /* the bug: one touch too many */
}

static void
box_with(void (*fn)(void *), struct box *b)
{
	int a = x_spawn("a", fn, b);

	while (wri_load(&b->gate, WRI_ACQ) == 0) {
		wri_yield();
	}
	wri_free(b, sizeof *b);
	x_join(a);
}

static void
bad_uaf(void)
{
	box_with(open_box, wri_alloc(sizeof(struct box)));
}

static void
open_and_unlock(void *arg)
{
	struct box *b = arg;

	wri_mtx_lock(&b->mtx);
	wri_store(&b->gate, 1, WRI_REL);
	wri_mtx_unlock(&b->mtx); /* the bug of design promise T5 */
}

static void
bad_uaf_mutex(void)
{
	box_with(open_and_unlock, wri_alloc(sizeof(struct box)));
}

#if !X_ASAN && !X_TSAN
static void
open_and_write(void *arg)
{
	struct box *b = arg;

	wri_store(&b->gate, 1, WRI_SC);
	x_point();
	b->payload = 1; /* the bug: a plain write */
}

static void
bad_uaf_plain(void)
{
	box_with(open_and_write, wri_alloc(sizeof(struct box)));
}

static void
bad_crash(void)
{
	*(volatile int *)(uintptr_t)(8 + x_rand(2) * 8) = 1;
}
#endif

static wri_aptr on_stack;

static void
lend_stack(void *arg)
{
	wri_a32 mine = {7};

	(void)arg;
	wri_store(&on_stack, &mine, WRI_SC);
}

static void
bad_uaf_stack(void)
{
	wri_a32 *p;
	int a;

	on_stack.v = NULL;
	a = x_spawn("a", lend_stack, NULL);
	do {
		wri_yield();
		p = wri_load(&on_stack, WRI_ACQ);
	} while (p == NULL);
	(void)wri_load(p, WRI_RLX);
	x_join(a);
}

/* The gate is seen open before late is written: the store hits nothing. */
static void
open_relaxed(void *arg)
{
	struct box *b = arg;

	wri_store(&b->late, 1, WRI_RLX);
	wri_store(&b->gate, 1, WRI_RLX); /* the bug: not a release */
	x_point();
}

static void
bad_uaf_buffer(void)
{
	box_with(open_relaxed, wri_alloc(sizeof(struct box)));
}

/* Store, then load: needs seq_cst; release and acquire look fine under SC. */
static uint32_t got_a, got_b;

static void
dekker(void *arg)
{
	(void)arg;
	wri_store(&other, 1, WRI_REL);
	got_b = wri_load(&word, WRI_ACQ);
}

static void
bad_dekker(void)
{
	int a;

	reset();
	a = x_spawn("b", dekker, NULL);
	wri_store(&word, 1, WRI_REL);
	got_a = wri_load(&other, WRI_ACQ);
	x_join(a);
	X_ASSERT(got_a == 1 || got_b == 1);
}

/* Two relaxed stores: the second may be seen first. */
static void
publish_relaxed(void *arg)
{
	(void)arg;
	wri_store(&word, 42, WRI_RLX);
	wri_store(&flag, 1, WRI_RLX);
	x_point();
}

static void
bad_publish(void)
{
	int a;

	reset();
	a = x_spawn("a", publish_relaxed, NULL);
	while (wri_load(&flag, WRI_ACQ) == 0) {
		wri_yield();
	}
	X_ASSERT(wri_load(&word, WRI_RLX) == 42);
	x_join(a);
}

static void
unlock_it(void *arg)
{
	(void)arg;
	wri_mtx_unlock(&mtx);
}

static void
bad_unlock(void)
{
	int a;

	wri_mtx_lock(&mtx);
	a = x_spawn("stranger", unlock_it, NULL);
	x_join(a);
}

static void
bad_relock(void)
{
	wri_mtx_lock(&mtx);
	wri_mtx_lock(&mtx);
}

static void
bad_lock_at_end(void)
{
	wri_mtx_lock(&mtx);
}

static void
bad_leaf(void)
{
	wri_mtx_lock(&mtx);
	wri_mtx_lock(&mtx2);
}

static void
lock_other_way(void *arg)
{
	(void)arg;
	wri_mtx_lock(&mtx2);
	wri_mtx_lock(&mtx);
	wri_mtx_unlock(&mtx);
	wri_mtx_unlock(&mtx2);
}

static void
bad_order(void)
{
	int a = x_spawn("a", lock_other_way, NULL);

	wri_mtx_lock(&mtx);
	wri_mtx_lock(&mtx2);
	wri_mtx_unlock(&mtx2);
	wri_mtx_unlock(&mtx);
	x_join(a);
}

static void
bad_unjoined(void)
{
	reset();
	(void)x_spawn("a", set_flag, NULL);
}

static void
bad_double_join(void)
{
	wri_thread t;

	reset();
	X_ASSERT(wri_thread_start(&t, "t", set_flag, NULL) == WEIR_OK);
	wri_thread_join(&t);
	wri_thread_join(&t);
}

static void
bad_leak(void)
{
	(void)wri_alloc(10);
}

static void
bad_double_free(void)
{
	void *p = wri_alloc(10);

	wri_free(p, 10);
	wri_free(p, 10);
}

static void
bad_free_size(void)
{
	wri_free(wri_alloc(10), 11);
}

static void
wait_in_box(void *arg)
{
	struct box *b = arg;

	(void)wri_futex_wait(&b->gate, 0, WEIR_NEVER);
}

static void
bad_free_waited(void)
{
	struct box *b = wri_alloc(sizeof *b);
	int a = x_spawn("a", wait_in_box, b);

	wri_free(b, sizeof *b);
	x_join(a);
}

static void
bad_assert(void)
{
	X_ASSERT(x_rand(100) != 17);
}

static void
bad_panic(void)
{
	WRI_ASSERT(x_rand(100) != 17);
}

static void
bad_misuse(void)
{
	wri_misuse("weir_x", "is not so", "tag", "idle", NULL);
}

static void
bad_alarm_open(void)
{
	X_ASSERT(wri_alarm_init(&alarm_) == WEIR_OK);
}

static void
bad_alarm_closed(void)
{
	X_ASSERT(wri_alarm_init(&alarm_) == WEIR_OK);
	wri_alarm_fini(&alarm_);
	wri_alarm_wake(&alarm_);
}

/* Relies on the wake-up being the one it waited for. */
static void
trusting(void *arg)
{
	(void)arg;
	if (wri_load(&flag, WRI_ACQ) == 0) {
		(void)wri_futex_wait(&flag, 0, WEIR_NEVER);
	}
	X_ASSERT(wri_load(&flag, WRI_ACQ) == 1);
}

static void
bad_spurious(void)
{
	int a;

	reset();
	a = x_spawn("a", trusting, NULL);
	wri_store(&flag, 1, WRI_SC);
	wri_futex_wake(&flag, 1);
	x_join(a);
}

static void
bad_weak_cas(void)
{
	uint32_t seen = 0;

	reset();
	X_ASSERT(wri_cas_weak(&word, &seen, 1, WRI_SC));
}

/* A sleeper that takes "woken" for "before its time". */
static void
bad_clock(void)
{
	weir_time t = wri_now();
	weir_time u = wri_now();

	X_ASSERT(u - t <= 1); /* the bug: the clock may jump in between */
}

const struct x_test x_tests[] = {
    {"deadlock", bad_deadlock, "planted", 0, 0, NULL, "deadlock"},
    {"deadlock_order", bad_order, "planted", 0, 0, NULL, "deadlock"},
    {"time", bad_time, "planted", X_NOTIME, 0, NULL, "time"},
    {"livelock", bad_livelock, "planted", 0, 2000, NULL, "livelock"},
    {"uaf", bad_uaf, "planted", 0, 0, NULL, "uaf"},
    {"uaf_mutex", bad_uaf_mutex, "planted", X_PLAIN, 0, NULL, "uaf"},
    {"uaf_stack", bad_uaf_stack, "planted", 0, 0, NULL, "uaf"},
    {"uaf_sb", bad_uaf_buffer, "planted", X_SB, 0, NULL, "uaf"},
    {"uaf_sleeper", bad_free_waited, "planted", 0, 0, NULL, "uaf"},
    {"sb_dekker", bad_dekker, "planted", 0, 0, NULL, "assert"},
    {"sb_publish", bad_publish, "planted", 0, 0, NULL, "assert"},
    {"unlock", bad_unlock, "planted", 0, 0, NULL, "lock"},
    {"relock", bad_relock, "planted", 0, 0, NULL, "lock"},
    {"lock_at_end", bad_lock_at_end, "planted", 0, 0, NULL, "lock"},
    {"leaf", bad_leaf, "planted", X_LEAF, 0, NULL, "lock"},
    {"unjoined", bad_unjoined, "planted", 0, 0, NULL, "thread"},
    {"double_join", bad_double_join, "planted", 0, 0, NULL, "thread"},
    {"leak", bad_leak, "planted", 0, 0, NULL, "memory"},
    {"double_free", bad_double_free, "planted", 0, 0, NULL, "memory"},
    {"free_size", bad_free_size, "planted", 0, 0, NULL, "memory"},
    {"assert", bad_assert, "planted", 0, 0, NULL, "assert"},
    {"panic", bad_panic, "planted", 0, 0, NULL, "panic"},
    {"misuse", bad_misuse, "planted", 0, 0, NULL, "misuse"},
    {"alarm_open", bad_alarm_open, "planted", 0, 0, NULL, "alarm"},
    {"alarm_closed", bad_alarm_closed, "planted", 0, 0, NULL, "alarm"},
    {"spurious", bad_spurious, "planted", 0, 0, NULL, "assert"},
    {"weak_cas", bad_weak_cas, "planted", 0, 0, NULL, "assert"},
    {"clock", bad_clock, "planted", 0, 0, NULL, "assert"},
#if !X_ASAN && !X_TSAN
    {"uaf_plain", bad_uaf_plain, "planted", 0, 0, NULL, "uaf"},
    {"crash", bad_crash, "planted", 0, 0, NULL, "crash"},
#endif
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
