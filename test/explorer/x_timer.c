/*
 * x_timer - the expiry thread and its deadlines, without handles.
 *
 * Purpose    D1, D2, D4, D6 and the protocols E1 to E3 of lib/timer: lowering
 *            a promise, looking, dropping, burying, the one place in the heap,
 *            the end of the room.
 * Rules      a toy operation has a word of generation and phase, one owner, and
 *            memory that goes as that of a handle.  The room's bounds are made
 *            small (x_aio_small.txt), so that few operations reach them.  Where
 *            lateness is judged the clock moves only when nobody can run.
 */
#include "timer/timer_impl.h"

#include "base/mem.h"

#include "explorer/explorer.h"

#define T WEIR_US(100)
#define TICKS 2000 /* looks at the clock, 1 ns each */
#define GEN 16u    /* the word is generation * GEN + phase */
#define TOLD 8u    /* expire has said so: not looked at again */
#define OPS_MAX 8

/* A handle, as far as the room knows. */
struct op {
	struct wri_deadline d; /* first */
	wri_a64 word;
	wri_a32 inside; /* nwait: gone must wait */
	weir_time due;  /* of this generation */
	unsigned long gen;
	unsigned expired;
	bool dead;
	x_latch told;
};

static struct op *ops_of[OPS_MAX];
static bool judge_late;

/* ---- what lib/aio does for the room ------------------------------------ */

static enum wri_phase
peek(struct wri_deadline *d, uint64_t *word)
{
	struct op *op = (struct op *)(void *)d;

	X_ASSERT(!op->dead);
	*word = wri_load(&op->word, WRI_SC);
	if ((*word & TOLD) != 0) {
		return WRI_PHASE_NONE;
	}
	if ((*word & 3) == WRI_PHASE_STARTING) {
		X_REACH("look-starting");
	}
	return (enum wri_phase)(*word & 3);
}

static bool
expire(struct wri_deadline *d, uint64_t word)
{
	struct op *op = (struct op *)(void *)d;
	uint64_t seen = word;

	if (!wri_cas(&op->word, &seen, word | TOLD, WRI_ACQ_REL)) {
		X_REACH("stale-expire");
		return false;
	}
	X_ASSERT((word & 3) == WRI_PHASE_ACTIVE && word / GEN == op->gen);
	X_ASSERT(x_time() >= op->due); /* D1 */
	X_ASSERT(!judge_late || x_time() <= op->due + AGAIN_NS + TICKS);
	op->expired++;
	x_open(&op->told);
	return true;
}

static void
op_free(struct op *op)
{
	X_ASSERT(!op->dead);
	op->dead = true;
	wri_deadline_fini(&op->d);
	wri_free(op, sizeof(*op));
}

static bool
gone(struct wri_deadline *d)
{
	struct op *op = (struct op *)(void *)d;

	if (wri_load(&op->inside, WRI_SC) != 0) {
		X_REACH("gone-later");
		return false;
	}
	X_REACH("buried");
	op_free(op);
	return true;
}

static const struct wri_deadline_ops ops = {
    .peek = peek,
    .expire = expire,
    .gone = gone,
};

static void
up(unsigned threads)
{
	struct wri_alarm *alarm;

	judge_late = false;
	wri_add(&wri_life.number, 1, WRI_RLX);
	X_ASSERT(wri_timer_init(threads, &ops, NULL, &alarm) == WEIR_OK);
}

static struct op *
op_new(void)
{
	struct op *op = wri_alloc(sizeof(*op));

	X_ASSERT(op != NULL);
	X_ASSERT(wri_deadline_init(&op->d) == WEIR_OK);
	x_name(&op->d.armed, sizeof(op->d.armed), "armed");
	x_name(&op->d.at, sizeof(op->d.at), "at");
	x_name(&op->word, sizeof(op->word), "word");
	return op;
}

/* ---- what its owner does ----------------------------------------------- */

/* As reset and start: STARTING, arm, ACTIVE. */
static void
op_start(struct op *op, weir_duration d)
{
	op->gen++;
	op->due = d < 0 ? WEIR_NEVER : x_time() + d;
	wri_store(&op->word, op->gen * GEN + WRI_PHASE_STARTING, WRI_SC);
	(void)wri_deadline_arm(&op->d, op->due, 4);
	wri_store(&op->word, op->gen * GEN + WRI_PHASE_ACTIVE, WRI_REL);
}

/* As finish; false: the expiry thread was first. */
static bool
op_finish(struct op *op)
{
	uint64_t w = op->gen * GEN + WRI_PHASE_ACTIVE;

	if (!wri_cas(&op->word, &w, op->gen * GEN, WRI_ACQ_REL)) {
		wri_store(&op->word, op->gen * GEN, WRI_REL);
		return false;
	}
	return true;
}

/* Where it is when it ends. */
static void
name_end(const struct op *op)
{
	if (op->d.armed.v == DROPPING) {
		X_REACH("dropping");
	} else if ((op->d.armed.v & FLAG_INBOX) != 0) {
		X_REACH(op->d.place > 0 ? "in-both" : "in-inbox");
	} else if (op->d.place > 0) {
		X_REACH("in-heap");
	}
}

/* As the end of a handle (aio/wait.c). */
static void
op_end(struct op *op)
{
	name_end(op);
	if (!wri_deadline_held(&op->d)) {
		op_free(op);
	} else {
		X_ASSERT(wri_deadline_bury(&op->d));
	}
}

static void
op_finish_end(struct op *op)
{
	(void)op_finish(op);
	op_end(op);
}

/* ---- one operation after the other ------------------------------------- */

/* D1, D2: due after a few operations that ended before their time. */
static void
due(void)
{
	const weir_duration ts[] = {T, 3 * T, 10 * T, WEIR_INFINITE};
	unsigned told;
	struct op *op;

	up(1);
	judge_late = true;
	op = op_new();
	for (unsigned i = 0; i < 2; i++) {
		op_start(op, ts[x_rand(4)]);
		if (x_rand(2) == 0) {
			x_sleep_until(x_time() + T * (weir_time)x_rand(4));
		}
		(void)op_finish(op);
	}
	told = op->expired;
	op_start(op, ts[x_rand(3)]);
	x_await(&op->told, told + 1);
	op_finish_end(op);
	wri_timer_fini();
}

static unsigned told_before;

static void
finish_start(void *arg)
{
	struct op *op = arg;

	/* The thread wakes at the same time. */
	x_sleep_until((weir_time)(op->d.armed.v & ~UINT64_C(3)));
	(void)op_finish(op);
	told_before = op->expired;
	op_start(op, T);
}

/*
 * D2, E1: an entry becomes due while a late operation is out, and just then an
 * early one takes its place.
 */
static void
start_earlier(void)
{
	unsigned out = x_rand(3);
	struct op *op;
	int id;

	up(1);
	judge_late = true;
	op = op_new();
	op_start(op, T);
	if (out != 0) { /* else this one is due */
		(void)op_finish(op);
	}
	if (out == 1) {
		op_start(op, 50 * T);
	} /* out 2: nothing is, and the promise is dropped */
	id = x_spawn("owner", finish_start, op);
	x_join(id);
	x_await(&op->told, told_before + 1);
	op_finish_end(op);
	wri_timer_fini();
}

/*
 * D4, E2: the thread sleeps for another operation; one that lies in its inbox,
 * unread because it was late enough, is made early.
 */
static void
lower_unread(void)
{
	struct op *first, *op;

	up(1);
	judge_late = true;
	first = op_new();
	op = op_new();
	op_start(first, 50 * T);
	x_sleep_until(x_time() + T / 4);
	op_start(op, 60 * T);
	(void)op_finish(op);
	if ((op->d.armed.v & FLAG_INBOX) != 0) {
		X_REACH("unread");
	}
	op_start(op, T);
	x_await(&op->told, 1);
	op_finish_end(op);
	op_finish_end(first);
	wri_timer_fini();
}

/* D1 with a clock that moves between any two steps; then freed in any state. */
static void
churn(void)
{
	const weir_duration ts[] = {T, T / 2, 10 * T, 0, WEIR_INFINITE};
	struct op *op;

	up(1);
	op = op_new();
	for (unsigned i = x_rand(4); i > 0; i--) {
		op_start(op, ts[x_rand(5)]);
		(void)op_finish(op);
	}
	op_end(op);
	wri_timer_fini();
}

/* ---- memory ------------------------------------------------------------ */

static void
leave(void *arg)
{
	struct op *op = arg;

	x_point();
	wri_sub(&op->inside, 1, WRI_SC);
}

/* Buried while a call is inside: asked again later, freed once. */
static void
bury_busy(void)
{
	struct op *op;
	int id;

	up(1);
	op = op_new();
	wri_store(&op->inside, 1, WRI_RLX);
	op_start(op, T);
	(void)op_finish(op);
	id = x_spawn("leave", leave, op);
	X_ASSERT(wri_deadline_bury(&op->d));
	if (x_rand(2) == 0) {
		x_sleep_until(x_time() + 2 * AGAIN_NS);
	}
	x_join(id);
	wri_timer_fini();
}

/* Buried while an older promise is in the heap, or on its way there. */
static void
bury_promised(void)
{
	struct op *op;

	up(1);
	op = op_new();
	for (unsigned i = 3; i > 0; i--) {
		op_start(op, T * (weir_time)i); /* each before the last */
		if (x_rand(2) == 0) {
			x_sleep_until(x_time() + T / 2);
		}
		(void)op_finish(op);
	}
	op_end(op);
	if (x_rand(2) == 0) {
		x_sleep_until(x_time() + 4 * T);
	}
	wri_timer_fini();
}

static void
user(void *arg)
{
	struct op *op = op_new();
	weir_duration d = (weir_duration)(uintptr_t)arg * T;

	op_start(op, d);
	if (x_rand(2) == 0) {
		(void)op_finish(op);
	} else {
		x_await(&op->told, 1); /* D4 */
		(void)op_finish(op);
	}
	op_end(op);
}

/* D4, E2: several owners, one thread or two. */
static void
users(void)
{
	int ids[2];

	up(1 + x_rand(2));
	judge_late = true;
	ids[0] = x_spawn("user-1", user, (void *)(uintptr_t)9);
	ids[1] = x_spawn("user-2", user, (void *)(uintptr_t)1);
	user((void *)(uintptr_t)4);
	x_join(ids[0]);
	x_join(ids[1]);
	wri_timer_fini();
}

/* D6: however often a promise is lowered, it has one place in the heap. */
static void
lower(void)
{
	weir_stats stats = {0};
	struct op *op;

	up(1);
	op = op_new();
	for (unsigned i = 10; i > 0; i--) {
		op_start(op, T * (weir_time)i + WEIR_SECONDS(1));
		(void)op_finish(op);
		if (op->d.place > 0) {
			X_REACH("in-heap");
		}
		if (x_rand(4) != 0) {
			x_sleep_until(x_time() + T / 64);
		}
	}
	wri_timer_stats(&stats);
	X_ASSERT(stats.deadlines <= 1);
	op_end(op);
	wri_timer_fini();
}

/* D6: many that live and die with a far deadline. */
static void
many(void)
{
	weir_stats stats = {0};

	up(1);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < OPS_MAX; i++) {
			ops_of[i] = op_new();
			op_start(ops_of[i], WEIR_SECONDS(1) + (weir_time)i);
		}
		if (x_rand(2) == 0) {
			x_sleep_until(x_time() + T);
		}
		for (unsigned i = 0; i < OPS_MAX; i++) {
			op_finish_end(ops_of[i]);
		}
	}
	wri_timer_stats(&stats);
	X_ASSERT(stats.deadlines <= OPS_MAX);
	wri_timer_fini();
}

/* ---- the end ----------------------------------------------------------- */

static void
bury_or_free(void *arg)
{
	struct op *op = arg;

	for (;;) {
		if (!wri_deadline_held(&op->d)) {
			op_free(op);
			return;
		}
		if (wri_deadline_bury(&op->d)) {
			return;
		}
		X_REACH("closed");
		wri_yield();
	}
}

/* Deadlines outlive the room, or end while it closes. */
static void
fini(void)
{
	struct op *op;
	int id;

	up(1);
	for (unsigned i = 0; i < 3; i++) {
		ops_of[i] = op_new();
		op_start(ops_of[i], T);
		(void)op_finish(ops_of[i]);
	}
	op = ops_of[0];
	id = x_spawn("bury", bury_or_free, op);
	op_end(ops_of[1]);
	wri_timer_fini();
	x_join(id);
	X_ASSERT(!wri_deadline_held(&ops_of[2]->d));
	op_free(ops_of[2]);
}

/* T8: what cannot be had leaves nothing behind. */
static void
init_fails(void)
{
	struct wri_alarm *alarm;
	struct op *op;

	if (wri_timer_init(2, &ops, NULL, &alarm) != WEIR_OK) {
		X_REACH("init-failed");
		return;
	}
	for (unsigned i = 0; i < OPS_MAX; i++) {
		op = wri_alloc(sizeof(*op));
		if (op == NULL) {
			continue;
		}
		X_ASSERT(wri_deadline_init(&op->d) == WEIR_OK);
		op_start(op, T);
		op_finish_end(op);
	}
	wri_timer_fini();
}

const struct x_test x_tests[] = {
    {"due", due, "D1 D2, E1 E2", X_NOJUMP, 0, "", NULL},
    {"start_earlier", start_earlier, "D2 D4, E1", X_NOJUMP, 0,
	"look-starting stale-expire", NULL},
    {"lower_unread", lower_unread, "D2 D4, E2", X_NOJUMP, 0, "unread", NULL},
    {"churn", churn, "D1 T5, E1 E3", 0, 0,
	"look-starting buried dropping in-both in-inbox in-heap", NULL},
    {"bury_busy", bury_busy, "T5, key 0", 0, 0, "gone-later buried", NULL},
    {"bury_promised", bury_promised, "T5, E3", 0, 0, "buried", NULL},
    {"users", users, "D1 D2 D4, E2", X_NOJUMP, 0, "buried", NULL},
    {"lower", lower, "D6, one place in the heap", X_NOJUMP, 0, "in-heap buried",
	NULL},
    {"many", many, "D6", X_NOJUMP, 0, "buried", NULL},
    {"fini", fini, "T7, the room closes", 0, 0, "closed buried", NULL},
    {"init_fails", init_fails, "T8",
	X_FAIL_ALLOC | X_FAIL_THREAD | X_FAIL_ALARM, 0, "init-failed", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
