/*
 * x_self - the explorer itself: correct programs pass.
 *
 * Purpose    each call of the seam does what base/ promises, and gives no
 *            false alarm.  x_detect.c is the other half.
 */
#include "base/alarm.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include "explorer/explorer.h"

static wri_mtx mtx = WRI_MTX_INIT;
static unsigned plain; /* guarded by mtx */
static wri_a32 word, flag, other;

static void
reset(void)
{
	plain = 0;
	word.v = flag.v = other.v = 0;
}

static void
add_under_lock(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		unsigned seen;

		wri_mtx_lock(&mtx);
		seen = plain;
		x_point();
		plain = seen + 1;
		wri_mtx_unlock(&mtx);
	}
}

static void
ok_mutex(void)
{
	int a, b;

	reset();
	a = x_spawn("a", add_under_lock, NULL);
	b = x_spawn("b", add_under_lock, NULL);
	x_join(a);
	x_join(b);
	X_ASSERT(plain == 6);
}

static void
add_by_cas(void *arg)
{
	uint32_t seen = wri_load(&word, WRI_RLX);

	(void)arg;
	while (!wri_cas_weak(&word, &seen, seen + 1, WRI_ACQ_REL)) {
		X_REACH("retry");
	}
	(void)wri_add(&word, 10, WRI_RLX);
	(void)wri_sub(&word, 5, WRI_RLX);
	(void)wri_or(&flag, 1u << (uintptr_t)arg, WRI_RLX);
	(void)wri_and(&flag, ~4u, WRI_RLX);
}

static void
ok_atomics(void)
{
	wri_thread t[2];
	wri_a64 wide = {0};
	wri_aptr ptr = {NULL};
	void *seen = NULL;
	int x = 0;

	reset();
	flag.v = 4;
	for (uintptr_t i = 0; i < 2; i++) {
		X_ASSERT(wri_thread_start(
			     &t[i], "adder", add_by_cas, (void *)i) == WEIR_OK);
	}
	wri_thread_join(&t[0]);
	wri_thread_join(&t[1]);
	X_ASSERT(wri_load(&word, WRI_SC) == 12);
	X_ASSERT(wri_load(&flag, WRI_SC) == 3);
	wri_store(&wide, UINT64_MAX, WRI_REL);
	X_ASSERT(wri_add(&wide, 2, WRI_SC) == UINT64_MAX);
	X_ASSERT(wri_load(&wide, WRI_ACQ) == 1);
	X_ASSERT(wri_cas(&ptr, &seen, &x, WRI_SC));
	X_ASSERT(!wri_cas(&ptr, &seen, NULL, WRI_SC) && seen == &x);
	X_ASSERT(wri_xchg(&ptr, NULL, WRI_SC) == &x);
	wri_store(&word, UINT32_MAX, WRI_RLX);
	X_ASSERT(wri_add(&word, 1, WRI_RLX) == UINT32_MAX);
	X_ASSERT(wri_load(&word, WRI_RLX) == 0);
}

/* A detached thread may outlive the body's last line, not its memory. */
static void
set_flag(void *arg)
{
	(void)arg;
	wri_store(&flag, 1, WRI_REL);
	wri_futex_wake(&flag, 1);
}

static void
ok_detached(void)
{
	wri_thread t;

	reset();
	if (wri_thread_start(&t, "detached", set_flag, NULL) != WEIR_OK) {
		X_REACH("no-thread");
		return;
	}
	wri_thread_detach(&t);
	X_REACH("thread");
}

static void
ok_alloc(void)
{
	char *p = wri_alloc(100);

	if (p == NULL) {
		X_REACH("no-memory");
		return;
	}
	X_REACH("memory");
	X_ASSERT((uintptr_t)p % WRI_LINE == 0 && p[0] == 0 && p[99] == 0);
	X_ASSERT(wri_mem_live() == 100);
	wri_free(p, 100);
	wri_free(NULL, 7);
	X_ASSERT(wri_mem_live() == 0 && x_allocs() == 1);
	wri_mem_fail_at(1);
	X_ASSERT(wri_alloc(1) == NULL);
}

static wri_alarm alarm_;

static void
alarm_waker(void *arg)
{
	wri_alarm_watch(&alarm_, x_time() + 500);
	wri_alarm_wake(&alarm_);
	(void)arg;
}

static void
ok_alarm(void)
{
	weir_time until = x_time() + 1000;
	unsigned all = 0;
	int a;

	if (wri_alarm_init(&alarm_) != WEIR_OK) {
		X_REACH("no-alarm");
		return;
	}
	a = x_spawn("waker", alarm_waker, NULL);
	while ((all & WRI_ALARM_WAKE) == 0 || (all & WRI_ALARM_WATCH) == 0 ||
	       (all & WRI_ALARM_DEADLINE) == 0) {
		unsigned why = wri_alarm_wait(&alarm_, until);

		X_ASSERT((why & WRI_ALARM_DEADLINE) == 0 || x_time() >= until);
		if ((why & (why - 1)) != 0) {
			X_REACH("two-at-once");
		}
		all |= why;
		if ((why & WRI_ALARM_DEADLINE) != 0) {
			until = WEIR_NEVER; /* else it would not sleep */
		}
	}
	x_join(a);
	X_ASSERT(wri_now() >= until || until == WEIR_NEVER);
	wri_alarm_fini(&alarm_);
}

static void
ok_timeout(void)
{
	weir_time until = x_time() + 5000;

	reset();
	while (wri_futex_wait(&word, 0, until)) {
		X_REACH("spurious");
	}
	X_ASSERT(x_time() >= until);
}

static x_latch opened;

static void
opener(void *arg)
{
	wri_self_set(WRI_SELF_RUNNER, arg);
	x_point();
	X_ASSERT(wri_self_get(WRI_SELF_RUNNER) == arg);
	x_open(&opened);
}

static void
ok_latch(void)
{
	int a = x_spawn("a", opener, &plain);
	int b = x_spawn("b", opener, &mtx);

	X_ASSERT(wri_self_get(WRI_SELF_RUNNER) == NULL);
	x_await(&opened, 2);
	X_ASSERT(x_count(&opened) == 2);
	x_join(a);
	x_join(b);
}

static unsigned misused;

static void
on_misuse(void *arg, const weir_misuse *m)
{
	X_ASSERT(arg == &misused && m->object == &word);
	misused++;
}

static void
ok_misuse(void)
{
	misused = 0;
	weir_misuse_set(on_misuse, &misused);
	wri_misuse("call", "what", "tag", "state", &word);
	X_ASSERT(misused == 1);
}

/* Message passing: correct with store buffers too. */
static void
publish(void *arg)
{
	(void)arg;
	wri_store(&word, 42, WRI_RLX);
	wri_store(&flag, 1, WRI_REL);
}

static void
ok_publish(void)
{
	int a;

	reset();
	a = x_spawn("a", publish, NULL);
	if (wri_load(&flag, WRI_ACQ) == 1) {
		X_ASSERT(wri_load(&word, WRI_RLX) == 42);
		X_REACH("seen");
	}
	x_join(a);
}

const struct x_test x_tests[] = {
    {"ok_mutex", ok_mutex, "explorer", X_LEAF, 0, NULL, NULL},
    {"ok_atomics", ok_atomics, "explorer", 0, 0, "retry", NULL},
    {"ok_detached", ok_detached, "explorer", X_FAIL_THREAD, 0,
	"thread no-thread", NULL},
    {"ok_alloc", ok_alloc, "explorer", X_FAIL_ALLOC, 0, "memory no-memory",
	NULL},
    {"ok_alarm", ok_alarm, "explorer", X_FAIL_ALARM, 0, "no-alarm two-at-once",
	NULL},
    {"ok_timeout", ok_timeout, "explorer", 0, 0, "spurious", NULL},
    {"ok_latch", ok_latch, "explorer", X_NOTIME, 0, NULL, NULL},
    {"ok_misuse", ok_misuse, "explorer", 0, 0, NULL, NULL},
    {"ok_publish", ok_publish, "explorer", 0, 0, "seen", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
