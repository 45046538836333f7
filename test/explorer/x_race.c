/*
 * x_race - what the explorer tells ThreadSanitizer, and what it sees by it.
 *
 * Purpose    ordered uses of plain memory give no report, each use that lacks
 *            one order does; only built under ThreadSanitizer.
 * Rules      the memory is from wri_alloc, as that of the library.
 */
#include "base/alarm.h"
#include "base/mem.h"
#include "base/thread.h"

#include "explorer/explorer.h"

struct shared {
	wri_a32 word;
	wri_a32 other;
	wri_mtx mtx;
	unsigned payload;
};

static struct shared *s;
static x_latch latch;
static wri_alarm alarm_;

static void
with(void (*a)(void *), void (*b)(void *))
{
	int ids[2];

	s = wri_alloc(sizeof *s);
	ids[0] = x_spawn("a", a, NULL);
	ids[1] = x_spawn("b", b, NULL);
	x_join(ids[0]);
	x_join(ids[1]);
	wri_free(s, sizeof *s);
}

/* ---- one writes, the other reads what it was told of -------------------- */

static void
write_rel(void *arg)
{
	(void)arg;
	s->payload = 7;
	wri_store(&s->word, 1, WRI_REL);
}

static void
write_rlx(void *arg)
{
	(void)arg;
	s->payload = 7;
	wri_store(&s->word, 1, WRI_RLX);
}

static void
write_add_rlx(void *arg)
{
	(void)arg;
	s->payload = 7;
	(void)wri_add(&s->word, 1, WRI_RLX);
}

static void
write_add_rel(void *arg)
{
	(void)arg;
	s->payload = 7;
	(void)wri_add(&s->word, 1, WRI_REL);
}

static void
read_acq(void *arg)
{
	(void)arg;
	while (wri_load(&s->word, WRI_ACQ) == 0) {
		wri_yield();
	}
	X_ASSERT(s->payload == 7);
}

static void
read_rlx(void *arg)
{
	(void)arg;
	while (wri_load(&s->word, WRI_RLX) == 0) {
		wri_yield();
	}
	X_ASSERT(s->payload == 7);
}

static void
read_cas(void *arg)
{
	uint32_t seen = 1;

	(void)arg;
	while (!wri_cas_weak(&s->word, &seen, 2, WRI_ACQ)) {
		seen = 1;
		wri_yield();
	}
	X_ASSERT(s->payload == 7);
}

static void
read_failed_cas(void *arg)
{
	uint32_t seen = 0;

	(void)arg;
	while (wri_cas(&s->word, &seen, 0, WRI_SC)) {
		wri_yield();
	}
	X_ASSERT(s->payload == 7);
}

static void
ok_publish(void)
{
	with(write_rel, read_acq);
}

static void
ok_rmw(void)
{
	with(write_add_rel, read_cas);
}

static void
bad_store(void)
{
	with(write_rlx, read_acq);
}

static void
bad_load(void)
{
	with(write_rel, read_rlx);
}

static void
bad_add(void)
{
	with(write_add_rlx, read_cas);
}

/* A cas that fails is relaxed. */
static void
bad_failed_cas(void)
{
	with(write_rel, read_failed_cas);
}

/* ---- a third one in the middle ------------------------------------------ */

static void
bump(void *arg)
{
	(void)arg;
	(void)wri_add(&s->word, 4, WRI_RLX); /* goes on what was released */
}

static void
read_third(void *arg)
{
	(void)arg;
	while (wri_load(&s->word, WRI_ACQ) < 5) {
		wri_yield();
	}
	X_ASSERT(s->payload == 7);
}

static void
ok_sequence(void)
{
	int ids[3];

	s = wri_alloc(sizeof *s);
	ids[0] = x_spawn("a", write_add_rel, NULL);
	ids[1] = x_spawn("b", bump, NULL);
	ids[2] = x_spawn("c", read_third, NULL);
	for (int i = 0; i < 3; i++) {
		x_join(ids[i]);
	}
	wri_free(s, sizeof *s);
}

/* ---- mutex, threads, latch ----------------------------------------------- */

static void
add_locked(void *arg)
{
	(void)arg;
	wri_mtx_lock(&s->mtx);
	s->payload++;
	x_point();
	s->payload++;
	wri_mtx_unlock(&s->mtx);
}

static void
add_bare(void *arg)
{
	(void)arg;
	x_point();
	s->payload++;
}

static void
ok_mutex(void)
{
	with(add_locked, add_locked);
}

static void
bad_no_mutex(void)
{
	with(add_locked, add_bare);
}

static void
open_after(void *arg)
{
	add_bare(arg);
	x_open(&latch);
}

static void
await_before(void *arg)
{
	x_await(&latch, 1);
	add_bare(arg);
}

static void
ok_latch(void)
{
	with(open_after, await_before);
}

static void
ok_thread(void)
{
	wri_thread t;

	s = wri_alloc(sizeof *s);
	s->payload = 1;
	X_ASSERT(wri_thread_start(&t, "t", add_bare, NULL) == WEIR_OK);
	wri_thread_join(&t);
	X_ASSERT(s->payload == 2);
	wri_free(s, sizeof *s);
}

/* ---- what gives no order --------------------------------------------------
 */

static void
wake_futex(void *arg)
{
	(void)arg;
	s->payload = 7;
	wri_store(&s->word, 1, WRI_RLX);
	wri_futex_wake(&s->word, 1);
}

static void
wait_futex(void *arg)
{
	(void)arg;
	while (wri_load(&s->word, WRI_RLX) == 0) {
		(void)wri_futex_wait(&s->word, 0, WEIR_NEVER);
	}
	X_ASSERT(s->payload == 7);
}

static void
bad_futex(void)
{
	with(wake_futex, wait_futex);
}

static void
wake_alarm(void *arg)
{
	(void)arg;
	s->payload = 7;
	wri_alarm_wake(&alarm_);
}

static void
wait_alarm(void *arg)
{
	(void)arg;
	while (wri_alarm_wait(&alarm_, WEIR_NEVER) == 0) {
	}
	X_ASSERT(s->payload == 7);
}

static void
bad_alarm(void)
{
	X_ASSERT(wri_alarm_init(&alarm_) == WEIR_OK);
	with(wake_alarm, wait_alarm);
	wri_alarm_fini(&alarm_);
}

/* Freed by one who was not told that the last user is out. */
static void
use_and_leave(void *arg)
{
	(void)arg;
	s->payload = 7;
	wri_store(&s->word, 1, WRI_RLX);
}

static void
bad_free(void)
{
	int id;

	s = wri_alloc(sizeof *s);
	id = x_spawn("a", use_and_leave, NULL);
	while (wri_load(&s->word, WRI_ACQ) == 0) {
		wri_yield();
	}
	wri_free(s, sizeof *s);
	x_join(id);
}

const struct x_test x_tests[] = {
    {"publish", ok_publish, "explorer", 0, 0, NULL, NULL},
    {"rmw", ok_rmw, "explorer", 0, 0, NULL, NULL},
    {"sequence", ok_sequence, "explorer", 0, 0, NULL, NULL},
    {"mutex", ok_mutex, "explorer", 0, 0, NULL, NULL},
    {"latch", ok_latch, "explorer", 0, 0, NULL, NULL},
    {"thread", ok_thread, "explorer", 0, 0, NULL, NULL},
    {"bad_store", bad_store, "planted", 0, 0, NULL, "race"},
    {"bad_load", bad_load, "planted", 0, 0, NULL, "race"},
    {"bad_add", bad_add, "planted", 0, 0, NULL, "race"},
    {"bad_failed_cas", bad_failed_cas, "planted", 0, 0, NULL, "race"},
    {"bad_no_mutex", bad_no_mutex, "planted", 0, 0, NULL, "race"},
    {"bad_futex", bad_futex, "planted", 0, 0, NULL, "race"},
    {"bad_alarm", bad_alarm, "planted", 0, 0, NULL, "race"},
    {"bad_free", bad_free, "planted", 0, 0, NULL, "race"},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
