/*
 * world - the explorer's own state, seen by its files only.
 *
 * Purpose    one struct for everything that a schedule consists of.
 * Ownership  one OS thread; nothing here needs a lock.
 * Rules      wrx_step comes before every operation; after it the operation is
 *            carried out without interruption.  All chance comes from wrx_rng
 *            and wrx_choose, so that a seed repeats a schedule.
 */
#ifndef EXPLORER_WORLD_H
#define EXPLORER_WORLD_H

#include "base/attr.h"
#include "explorer/explorer.h"

#include <setjmp.h>
#include <stddef.h>
#include <ucontext.h>

/*
 * The compiler's own jumps: a few words instead of a call, and the sanitizers
 * do not see them.  Not for AddressSanitizer, and not with every compiler on
 * other machines.
 */
#if defined(__x86_64__) && !X_ASAN
#define WRX_BUILTIN_JUMP 1
#else
#define WRX_BUILTIN_JUMP 0
#endif

#define WRX_SB_MAX 16
#define WRX_STACK ((size_t)256 * 1024)

/* ---- fiber.c: stacks and switches ------------------------------------- */

struct wrx_ctx {
#if WRX_BUILTIN_JUMP
	void *jump[5];
#else
	jmp_buf jump;
#endif
	char *stack; /* lowest byte; NULL: the hub, the OS thread's own */
	size_t size;
	void *fake; /* the sanitizer's */
	bool made;  /* has been entered since wrx_ctx_forget */
};

/* Stacks of all fibers, in one piece with guard pages. */
void wrx_ctx_init(void);
void wrx_ctx_switch(struct wrx_ctx *from, struct wrx_ctx *to);
/* A schedule ended in mid-flight: every fiber starts anew next time. */
void wrx_ctx_forget(void);
/* fn is called when the sanitizer ends the process; false: there is none. */
bool wrx_ctx_on_death(void (*fn)(void));
/* Whose stack is p on: fiber, or -1. */
int wrx_ctx_owner(const void *p);
void wrx_poison(void *p, size_t size);
void wrx_unpoison(void *p, size_t size);

/* ---- sched.c: fibers, steps, clock ------------------------------------ */

enum wrx_state {
	WRX_NONE, /* not used in this schedule */
	WRX_READY,
	WRX_BLOCKED,
	WRX_ENDED,
};

enum wrx_wait {
	WRX_FUTEX,
	WRX_MTX,
	WRX_JOIN,
	WRX_ALARM,
	WRX_LATCH,
	WRX_SLEEP,
};

/* Where an operation was called: file and line, or a return address. */
struct wrx_site {
	const char *file;
	int line;
	const void *pc;
};

struct wrx_pending { /* a store that others do not see yet */
	void *a;
	uint64_t x;
	enum wrx_kind kind;
	int order;
	struct wrx_site site;
};

struct wrx_fiber {
	enum wrx_state state;
	int id;
	char name[16];
	void (*fn)(void *);
	void *arg;
	bool detached, joined;

	/* The last operation, for reports. */
	const char *op;
	const void *obj;
	struct wrx_site site;

	/* BLOCKED */
	enum wrx_wait wait;
	weir_time until;
	bool timed_out;

	uint32_t prio;  /* PCT */
	unsigned locks; /* held */
	unsigned npending;
	struct wrx_pending pending[WRX_SB_MAX];
	void *self[WRI_SELF_SLOTS];
	struct wrx_ctx ctx;
};

enum wrx_strategy {
	WRX_RANDOM,
	WRX_STICKY,
	WRX_PCT,
	WRX_EXHAUST,
	WRX_STRATEGIES,
};

/* What names a schedule; with the test it is all that a replay needs. */
struct wrx_plan {
	const struct x_test *test;
	uint64_t seed;
	enum wrx_strategy strategy;
	bool sb;
	unsigned len;   /* PCT: how long schedules are expected to be */
	unsigned bound; /* EXHAUST: preemptions */
	uint64_t skip;  /* EXHAUST: schedules before this one */
};

struct wrx_world {
	/* This schedule. */
	struct wrx_plan plan;
	uint32_t epoch; /* its number in the process, from 1 */
	uint64_t rng;
	uint64_t ready;   /* bit per fiber */
	uint64_t pending; /* bit per fiber with stores pending */
	struct wrx_fiber *cur;
	int nfibers;
	unsigned steps, steps_max;
	unsigned preempts; /* EXHAUST */
	unsigned points[4], npoints;
	uint32_t prio_low;
	weir_time now;
	weir_time hints[8];
	unsigned nhints;
	unsigned sb_rate; /* mask: a store drains when no bit of it is set */
	bool sb_overtake; /* relaxed stores may overtake others */
	bool chaos_futex, chaos_cas, jumps;
	unsigned fail_thread, fail_alarm; /* the n-th fails; 0: none */
	int alarms;                       /* open */

	/* The failure, if any. */
	const char *fail_kind;
	char fail_text[512];

	bool trace;
	bool running;
	struct wrx_fiber fibers[X_FIBERS_MAX];
	struct wrx_ctx hub;
};

extern struct wrx_world wrx;

/* Run one schedule; false: it failed. */
bool wrx_run(const struct wrx_plan *plan);

void wrx_step(const char *op, const void *obj, struct wrx_site site);
/* The same for a caller that wants others to run first. */
void wrx_step_aside(const char *op, const void *obj, struct wrx_site site);
void wrx_block(enum wrx_wait wait, const void *obj, weir_time until);
/* Make up to n of those that wait on obj ready; how many. */
unsigned wrx_wake(enum wrx_wait wait, const void *obj, unsigned n);
void wrx_wake_due(void);
void wrx_clock_hint(weir_time at);
int wrx_spawn(const char *name, void (*fn)(void *), void *arg);
void wrx_join(int id);
void wrx_fiber_main(void);

_Noreturn void wrx_fail(const char *kind, const char *fmt, ...)
    WEIR_PRINTF(2, 3);

static inline uint64_t
wrx_bit(int id)
{
	return (uint64_t)1 << id;
}

static inline struct wrx_site
wrx_site_at(const char *file, int line)
{
	return (struct wrx_site){.file = file, .line = line};
}

static inline struct wrx_site
wrx_site_pc(const void *pc)
{
	return (struct wrx_site){.pc = pc};
}

/* In the functions that base's headers declare: who called. */
#define WRX_PC wrx_site_pc(__builtin_return_address(0))

/* ---- choose.c: chance and strategies ---------------------------------- */

#define WRX_STEPS_MAX 20000u /* of a schedule, unless the test says more */

void wrx_seed(uint64_t seed);
uint64_t wrx_rng(void);
/* One of [0..n-1]; EXHAUST tries them all. */
unsigned wrx_choose(unsigned n);
/* One of a set that is not empty. */
struct wrx_fiber *wrx_choose_of(uint64_t set);
/* Who runs next; some are ready.  aside: the current one wants others to. */
struct wrx_fiber *wrx_pick(bool aside);
/* EXHAUST: prepare the next schedule; false: all were run. */
bool wrx_exhaust_next(void);
void wrx_exhaust_reset(void);

/* ---- ops.c: atomics ---------------------------------------------------- */

/* Show all stores of a fiber; one of somebody's. */
void wrx_drain(struct wrx_fiber *f);
void wrx_drain_one(void);
/* Where no step comes before: a step, if there is something to show. */
void wrx_drain_last(void);

/* ---- mem.c: the arena -------------------------------------------------- */

void wrx_mem_reset(const struct x_test *test);
/* At the end of a body: leaks, writes into freed memory. */
void wrx_mem_end(void);
/* Why p must not be touched, or NULL. */
const char *wrx_bad(const void *p);
/* Fails with "uaf" if p must not be touched. */
void wrx_check(const void *p);
/* "block 3 + 0x40" of an address in the arena; false: it is elsewhere. */
bool wrx_mem_name(const void *p, char *buf, size_t size);

/* ---- report.c ---------------------------------------------------------- */

void wrx_report(void);
void wrx_replay_line(void);
void wrx_names_reset(void);
/* The same address has the same name in each run. */
const char *wrx_obj(const void *p, char *buf, size_t size);
const char *wrx_where(struct wrx_site site, char *buf, size_t size);
void wrx_note(const char *fmt, ...) WEIR_PRINTF(1, 2);
void wrx_note_rmw(const char *op, int order, const void *a, enum wrx_kind kind,
    const uint64_t *old, const uint64_t *new_);

extern const char *wrx_program;
extern const char *const wrx_strategy_names[WRX_STRATEGIES];

#endif
