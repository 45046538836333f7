/*
 * explorer - what a test body of the schedule explorer may call.
 *
 * Purpose    a test is a body that the explorer runs some thousand times, each
 *            time under another schedule.  Everything is built and torn down
 *            inside the body.
 * Ownership  names and tables are borrowed for the life of the program.
 * Rules      2-4 fibers, one promise, 30-200 steps.  Static data of the test
 *            is set by the body, or else it keeps what the last schedule left.
 *            No other source of chance or time than x_rand and x_time, no
 *            blocking call, no __thread.  README.md has the rest.
 * Bounds     X_FIBERS_MAX fibers and 4000 allocations per schedule.
 */
#ifndef EXPLORER_EXPLORER_H
#define EXPLORER_EXPLORER_H

#include "base/sync.h"

#include <stddef.h>

#include <weir/attr.h>

#define X_FIBERS_MAX 64

/* 1 under AddressSanitizer: it ends the program itself, with our report, at
 * a plain use of freed memory and at a crash. */
#if defined(__SANITIZE_ADDRESS__)
#define X_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define X_ASAN 1
#endif
#endif
#ifndef X_ASAN
#define X_ASAN 0
#endif

/* 1 under ThreadSanitizer, set by CMakeLists.txt: the explorer's own files are
 * compiled without it. */
#ifndef X_TSAN
#define X_TSAN 0
#endif

/* Options of a test. */
#define X_NOTIME 1u      /* a timeout that is needed is a failure, "time" */
#define X_NOJUMP 2u      /* the clock moves only when nobody can run */
#define X_FAIL_ALLOC 4u  /* some schedules: wri_alloc fails */
#define X_FAIL_THREAD 8u /* some schedules: wri_thread_start fails */
#define X_FAIL_ALARM 16u /* some schedules: wri_alarm_init fails */
#define X_LEAF 32u       /* a lock taken, or memory, under a lock: "lock" */
#define X_PLAIN 64u      /* never with store buffers */
#define X_SB 128u        /* only with store buffers */
#define X_UNJUDGED 256u  /* misuse that races: not under ThreadSanitizer */

struct x_test {
	const char *name; /* NULL ends the table */
	void (*body)(void);
	const char *promise; /* id of docs/design/verification.md, words */
	unsigned options;
	unsigned steps_max; /* livelock above; 0: 20000 */
	const char *reach;  /* words that X_REACH must have said in the end */
	const char *expect; /* a planted bug: passes when this kind of failure
			     * is found, see enum below; NULL: none */
};

/* Each test program ends with this table. */
extern const struct x_test x_tests[];

/* The kinds of failure, for x_test.expect and in reports:
 * assert  X_ASSERT or x_fail         panic   wri_panic, WRI_ASSERT
 * deadlock  all blocked for ever     time    only a timeout helps (X_NOTIME)
 * livelock  too many steps           uaf     freed memory touched
 * memory  leak, bad or double free   lock    unlock by a stranger, lock by
 * thread  not joined, joined twice           the owner, end with a lock held
 * misuse  wri_misuse, no hook set    crash   a signal, or no step for 10 s
 * alarm   left open, used closed     limit   of the explorer itself
 * reach   a word of x_test.reach was never said
 * race    reported by ThreadSanitizer (X_TSAN)
 */

/* Start a fiber; x_join waits for its end, each must be joined once. */
#define x_spawn(name, fn, arg) wrx_x_spawn((name), (fn), (arg), WRX_AT)
#define x_join(fiber) wrx_x_join((fiber), WRX_AT)

#define X_ASSERT(cond)                                                         \
	do {                                                                   \
		if (!(cond)) {                                                 \
			wrx_assert(#cond, __FILE__, __LINE__);                 \
		}                                                              \
	} while (0)
_Noreturn void x_fail(const char *fmt, ...) WEIR_PRINTF(1, 2);

/* A gate for callbacks to open: costs one step, waits without a limit. */
typedef struct x_latch {
	uint32_t count;
	uint32_t epoch; /* a static latch starts at 0 in each schedule */
} x_latch;

#define x_open(l) wrx_x_open((l), WRX_AT)           /* count + 1 */
#define x_await(l, n) wrx_x_await((l), (n), WRX_AT) /* until count >= n */
uint32_t x_count(x_latch *l);                       /* no step */

/* A choice of the schedule in [0..n-1]. */
unsigned x_rand(unsigned n);
/* A place where others may run; nothing else happens. */
#define x_point() wrx_point(__FILE__, __LINE__)
/* The virtual clock, without a step. */
weir_time x_time(void);
/* A time the clock should like to jump to; waits give theirs by themselves. */
void x_time_hint(weir_time at);
/* Sleep to a time of the virtual clock. */
#define x_sleep_until(at) wrx_x_sleep((at), WRX_AT)
/* Locks held by the caller; allocations asked for in this schedule. */
unsigned x_locks(void);
unsigned x_allocs(void);
/* Name an object in reports and traces; the text is borrowed. */
void x_name(const void *object, size_t size, const char *name);
/* Before a function of a body: it looks at atomics without a step, as plain
 * data, and ThreadSanitizer does not mind. */
#if X_TSAN
#define X_LOOKS __attribute__((no_sanitize("thread"), noinline))
#else
#define X_LOOKS
#endif
/* The user's own data at p is read, written here: for ThreadSanitizer, which
 * sees no plain access of most bodies.  No step. */
#if X_TSAN
void x_reads(const void *p);
void x_writes(const void *p);
#else
#define x_reads(p) ((void)(p))
#define x_writes(p) ((void)(p))
#endif
/* A line in the trace. */
void x_trace(const char *fmt, ...) WEIR_PRINTF(1, 2);
/* This state was reached: guards against tests that test nothing. */
#define X_REACH(word) wrx_reach(word)

/* wri_log and wri_misuse go to the hooks of weir_log_set, weir_misuse_set,
 * cleared for each schedule.  No hook: log lines are traced, misuse fails. */

int wrx_x_spawn(const char *name, void (*fn)(void *), void *arg,
    const char *file, int line);
void wrx_x_join(int fiber, const char *file, int line);
void wrx_x_open(x_latch *l, const char *file, int line);
void wrx_x_await(x_latch *l, uint32_t n, const char *file, int line);
void wrx_x_sleep(weir_time at, const char *file, int line);
_Noreturn void wrx_assert(const char *cond, const char *file, int line);
void wrx_point(const char *file, int line);
void wrx_reach(const char *word);

#endif
