/*
 * x_aio_time - a handle and its deadline.
 *
 * Purpose    the interleavings of the expiry thread with submitters, finishers
 *            and callbacks; hooks that are called again for a stronger reason.
 *            x_timer.c has the room below alone.
 * Rules      rows are those of docs/design/aio.md.  Where lateness is judged
 *            (in_time) the clock moves only when nobody can run (X_NOJUMP).
 */
#include "x_aio_rig.h"

#define T WEIR_MS(5)

static struct subject one;
static weir_time at;

static void
finish_at(void *arg)
{
	x_sleep_until(at);
	(void)toy_finish(arg);
}

static void
end(void)
{
	subject_free(&one);
	rig_down();
}

/* ---- due --------------------------------------------------------------- */

/* D1, D2: neither early nor late, and then the provider has it its way. */
static void
timeout(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, (enum kind)x_rand(NO_HOOK + 1));
	one.with_release = x_rand(2) != 0;
	one.in_time = one.kind != LATE;
	one.slow_hook = true;
	subject_timeout(&one, T);
	toy_submit(&one);
	at = x_time() + 3 * T;
	id = x_spawn("finish", finish_at, &one);
	do_wait(&one);
	switch (one.kind) {
	case OBEYS:
	case IGNORES_CANCEL:
		X_ASSERT(one.timeouts == 1 && x_time() < at);
		break;
	case LATE: /* K1: told once, ends later */
		X_ASSERT(one.timeouts == 1 && x_time() >= at);
		break;
	case IGNORES_TIMEOUT:
	case ONLY_STOP:
	case NO_HOOK: /* K6 */
		X_ASSERT(one.oks == 1 && x_time() >= at);
		break;
	}
	x_join(id);
	end();
}

/* Row 16 against row 7: the node pops once, as what the word says. */
static void
timeout_finish(void)
{
	int id;

	rig_up(2, 2);
	subject_init(&one, OBEYS);
	one.with_release = x_rand(2) != 0;
	one.finishes = 1;
	subject_timeout(&one, T);
	id = x_spawn("finisher", toy_finisher, &one);
	toy_submit(&one);
	do_wait(&one);
	x_join(id);
	X_ASSERT(one.oks + one.timeouts == 1);
	end();
}

static weir_duration
some_timeout(void)
{
	const weir_duration ts[] = {T, WEIR_INFINITE, 2 * T, WEIR_US(1), 0};

	return ts[x_rand(5)];
}

/* The callback of k submits k + 1 with another timeout. */
static weir_duration next_timeout;

static void
then_submit_other(struct subject *s)
{
	if (s->again > 0) {
		s->again--;
		subject_timeout(s, next_timeout);
		toy_submit(s);
	}
}

/* K2: what was due for k does not hit k + 1, whose time is not up. */
static void
timeout_restart(void)
{
	int id;

	rig_up(2, 2);
	subject_init(&one, OBEYS);
	one.then = then_submit_other;
	one.again = 1;
	one.finishes = 2;
	next_timeout = some_timeout();
	subject_timeout(&one, T);
	id = x_spawn("finisher", toy_finisher, &one);
	toy_submit(&one);
	do_wait(&one);
	x_join(id);
	X_ASSERT(one.oks + one.timeouts == 2);
	end();
}

/* The same with k ending just when it is due. */
static void
due_restart(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.in_time = x_rand(2) == 0;
	if (!one.in_time) {
		rig_slow_expire();
	}
	one.then = then_submit_other;
	one.again = 1;
	next_timeout = some_timeout();
	subject_timeout(&one, T);
	toy_submit(&one);
	at = (weir_time)(one.aio->deadline.armed.v & ~UINT64_C(3));
	id = x_spawn("finish", finish_at, &one);
	x_await(&one.out, 2);
	x_join(id);
	(void)toy_finish(&one);
	do_wait(&one);
	X_ASSERT(one.oks + one.timeouts == 2);
	end();
}

/*
 * D2, D4: an entry becomes due while an operation with a late deadline is out,
 * and just then another one with an early deadline takes its place.
 */
static void
restart_earlier(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	subject_timeout(&one, T);
	toy_submit(&one);
	(void)toy_finish(&one);
	do_wait(&one);
	/* The entry stays; at its time k + 1 is out, then k + 2. */
	at = (weir_time)(one.aio->deadline.armed.v & ~UINT64_C(3));
	one.in_time = true;
	one.then = then_submit_other;
	one.again = 1;
	next_timeout = T;
	subject_timeout(&one, 20 * T);
	id = x_spawn("finish", finish_at, &one);
	toy_submit(&one);
	do_wait(&one);
	x_join(id);
	X_ASSERT(one.oks == 2 && one.timeouts == 1);
	end();
}

/* D4: the second handle's deadline is before the first one's. */
static void
earliest(void)
{
	static struct subject other;

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	subject_timeout(&one, 20 * T);
	toy_submit(&one);
	subject_init(&other, OBEYS);
	other.in_time = true;
	subject_timeout(&other, T);
	toy_submit(&other);
	do_wait(&other);
	X_ASSERT(other.timeouts == 1);
	subject_free(&other);
	subject_free(&one); /* T2: does not wait for its timeout */
	X_ASSERT(x_time() < one.due);
	rig_down();
}

/* ---- stronger reasons -------------------------------------------------- */

/* K1: cancel, timeout and stop in any order, one call at a time, rising. */
static void
reasons(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, (enum kind)(IGNORES_CANCEL + x_rand(4)));
	one.slow_hook = true;
	one.with_release = x_rand(2) != 0;
	subject_timeout(&one, T);
	toy_submit(&one);
	ids[0] = x_spawn("abort", do_abort, &one);
	ids[1] = x_spawn("close", do_close, &one);
	x_join(ids[0]);
	x_join(ids[1]);
	if (one.kind == LATE) {
		x_sleep_until(one.due);
		(void)toy_finish(&one);
	}
	do_wait(&one);
	end();
}

/* T2: stop does not wait for the deadline. */
static void
stop_in_no_time(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, (enum kind)x_rand(3));
	one.slow_hook = true;
	subject_timeout(&one, WEIR_SECONDS(3600));
	toy_submit(&one);
	ids[0] = x_spawn("abort", do_abort, &one);
	ids[1] = x_spawn("stop", do_stop, &one);
	x_join(ids[0]);
	x_join(ids[1]);
	X_ASSERT(x_time() < one.due);
	end();
}

/* ---- a node that is still queued --------------------------------------- */

/* The pool is held up by a callback, so that nodes stay where they are. */
static x_latch go;
static weir_aio *plug;

static void
plug_cb(void *arg)
{
	(void)arg;
	x_await(&go, 1);
}

static void
plug_in(void)
{
	X_ASSERT(weir_aio_alloc(&plug, plug_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(plug) == WEIR_OK);
	X_ASSERT(weir_aio_finish(plug, WEIR_OK));
}

/* Wait-only: k times out, the node waits; k ends, k + 1 comes and ends. */
static void
nocb_restart(void)
{
	rig_up(1, 1);
	plug_in();
	subject_init_nocb(&one, (enum kind)x_rand(NO_HOOK + 1));
	subject_timeout(&one, T);
	toy_submit(&one);
	x_sleep_until(one.due + LATE_MAX);
	if ((word_of(one.aio) & W_QUEUED) != 0) {
		X_REACH("node-queued");
	}
	(void)toy_finish(&one);
	x_open(&go);
	do_wait(&one);
	/* Nobody owes a push: the pool may end. */
	X_ASSERT((word_of(one.aio) & W_QUEUED) == 0);
	subject_take(&one);
	next_timeout = x_rand(2) == 0 ? T : WEIR_INFINITE;
	subject_timeout(&one, next_timeout);
	toy_submit(&one);
	(void)toy_finish(&one);
	do_wait(&one);
	subject_take(&one);
	weir_aio_free(plug);
	end();
}

/* Wait-only: abort, finish, timeout and a waiter at once, and the end. */
static void
nocb_all(void)
{
	int ids[3];

	rig_up(1, 1);
	subject_init_nocb(&one, (enum kind)x_rand(2));
	one.with_release = x_rand(2) != 0;
	one.finishes = 1;
	subject_timeout(&one, T);
	toy_submit(&one);
	ids[0] = x_spawn("finisher", toy_finisher, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	ids[2] = x_spawn("wait", do_wait, &one);
	do_wait(&one);
	subject_take(&one);
	x_join(ids[0]);
	x_join(ids[1]);
	x_join(ids[2]);
	end();
}

/* Wait-only: the handle goes, then its pool, while a timeout is under way. */
static void
nocb_free(void)
{
	struct weir_exec *exec;
	int id;

	rig_up(1, 1);
	subject_init_nocb(&one, NO_HOOK);
	exec = fake_pool_other();
	X_ASSERT(weir_aio_set_executor(one.aio, exec) == WEIR_OK);
	one.finishes = 1;
	subject_timeout(&one, T);
	toy_submit(&one);
	id = x_spawn("finisher", toy_finisher, &one);
	do_wait(&one);
	subject_take(&one);
	if (x_rand(2) == 0) {
		X_ASSERT(weir_aio_set_executor(one.aio, NULL) == WEIR_OK);
		fake_pool_other_end(exec);
		exec = NULL;
	}
	subject_free(&one);
	if (exec != NULL) {
		fake_pool_other_end(exec);
	}
	x_join(id);
	rig_down();
}

/* The node of k + 1's timeout pops while k's callback runs. */
static void
node_in_run(void)
{
	rig_up(2, 2);
	subject_init(&one, (enum kind)x_rand(3));
	one.then = then_submit_other;
	one.again = 1;
	one.finishes = 1;
	next_timeout = T;
	toy_sync(&one);
	x_await(&one.out, 2);
	if (x_rand(2) == 0) {
		x_sleep_until(one.due + LATE_MAX);
	}
	(void)toy_finish(&one);
	do_wait(&one);
	X_ASSERT(one.oks + one.timeouts == 2);
	end();
}

const struct x_test x_tests[] = {
    {"timeout", timeout, "C1 D1 D2 K1 K6", X_NOJUMP, 0, "", NULL},
    {"timeout_finish", timeout_finish, "C1 C2, rows 16 7", 0, 0,
	"timeout-too-late hook-late", NULL},
    {"timeout_restart", timeout_restart, "K2 D1, row 16", 0, 0,
	"look-starting start-refused done-in-run", NULL},
    {"due_restart", due_restart, "K2 D1 D2, row 16", X_NOJUMP, 0,
	"stale-expire look-starting", NULL},
    {"restart_earlier", restart_earlier, "D2 D4 E1", X_NOJUMP, 0, "", NULL},
    {"earliest", earliest, "D2 D4 T2 E2", X_NOJUMP, 0, "", NULL},
    {"reasons", reasons, "K1, rows 13 15 16 18", 0, 0,
	"two-calls three-calls pending-in-hook", NULL},
    {"stop_in_no_time", stop_in_no_time, "T1 T2", X_NOJUMP, 0,
	"two-calls pending-in-hook", NULL},
    {"nocb_restart", nocb_restart, "C1, wait-only, a stale node", 0, 0,
	"node-queued", NULL},
    {"nocb_all", nocb_all, "C1 K1, wait-only", 0, 0,
	"hook-late timeout-too-late", NULL},
    {"nocb_free", nocb_free, "T5, wait-only, and its pool goes", 0, 0,
	"timeout-too-late", NULL},
    {"node_in_run", node_in_run, "C1 C5, row 18'", 0, 0, "done-in-run", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
