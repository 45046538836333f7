/*
 * x_aio - the state machine of a handle: submit, finish, callback.
 *
 * Purpose    the interleavings of submitters, finishers, cancellers and
 *            callbacks, without a deadline.  Each callback, hook call and
 *            release is judged by x_aio_rig.c (C1 to C5, C8, K1).
 * Rules      rows are those of docs/design/aio.md.  The words of .reach say
 *            that the interleaving was there.
 */
#include "x_aio_rig.h"

static struct subject one;

static void
join(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

static void
end(void)
{
	subject_free(&one);
	rig_down();
}

/* ---- one operation ----------------------------------------------------- */

/* Rows 14, 7, 15': whoever comes last of finish and hook delivers. */
static void
run_late_hook(bool with_release)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.with_release = with_release;
	one.gap = true;
	one.finishes = 1;
	ids[0] = x_spawn("finisher", toy_finisher, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	toy_submit(&one);
	join(ids, 2);
	do_wait(&one);
	X_ASSERT(one.oks + one.cancels == 1);
	end();
}

static void
late_hook(void)
{
	run_late_hook(false);
}

static void
late_hook_release(void)
{
	run_late_hook(true);
}

/* Two cancellers; the provider resets twice. */
static void
two_aborts(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, (enum kind)x_rand(2)); /* OBEYS, IGNORES_CANCEL */
	one.slow_hook = one.layered = true;
	ids[0] = x_spawn("abort-1", do_abort, &one);
	ids[1] = x_spawn("abort-2", do_abort, &one);
	toy_submit(&one);
	join(ids, 2);
	(void)toy_finish(&one);
	do_wait(&one);
	X_ASSERT(one.oks + one.cancels == 1);
	end();
}

/* Row 11 against rows 5, 6: K4, nothing is forgotten. */
static void
abort_start(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.with_release = x_rand(2) != 0;
	ids[0] = x_spawn("submit", do_submit, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	join(ids, 2);
	if (one.met == WEIR_CANCEL_IDLE) { /* it came before the submit */
		X_ASSERT(toy_finish(&one));
	}
	do_wait(&one);
	X_ASSERT(one.cancels == (one.met == WEIR_CANCEL_REQUESTED));
	end();
}

static void
is_held(struct subject *s, weir_err why)
{
	(void)why;
	X_ASSERT(s->aio->nwait.v == 1);
}

/* An abort holds the memory: a free that begins meanwhile waits for it.  From
 * outside nobody can tell, since calls_are_in waits for that hold. */
static void
abort_holds(void)
{
	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.in_hook = is_held;
	do_submit(&one);
	do_abort(&one);
	do_wait(&one);
	X_ASSERT(one.cancels == 1);
	end();
}

/* Row 11 against row 7: an end during the submit is not changed. */
static void
abort_sync(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	id = x_spawn("abort", do_abort, &one);
	toy_sync(&one);
	x_join(id);
	do_wait(&one);
	X_ASSERT(one.oks == 1);
	end();
}

/* ACTIVE is the last touch of start: the callback may free the handle. */
static void
free_before_start_returns(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	subject_timeout(&one, WEIR_SECONDS(3600)); /* arms before, too */
	one.then = then_free;
	one.gap = true;
	ids[0] = x_spawn("submit", do_submit, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	join(ids, 2);
	(void)toy_finish(&one); /* the abort came before the submit */
	x_await(&one.back, 1);
	rig_down();
}

/* ---- the callback submits again ---------------------------------------- */

/* Rows 17, 19: T4, the wait is over when the last callback has returned. */
static void
restart(void)
{
	int id;

	rig_up(2, 2);
	subject_init(&one, OBEYS);
	one.then = then_submit;
	one.again = 2;
	one.finishes = 3;
	id = x_spawn("finisher", toy_finisher, &one);
	toy_submit(&one);
	do_wait(&one);
	X_ASSERT(one.ended == 3 && one.oks == 3);
	x_join(id);
	end();
}

/* An abort of k never reaches k + 1: it is asked of one of them, at most. */
static void
restart_abort(void)
{
	int ids[2];

	rig_up(2, 2);
	subject_init(&one, OBEYS);
	one.then = then_submit;
	one.again = 1;
	one.finishes = 2;
	one.with_release = x_rand(2) != 0;
	ids[0] = x_spawn("finisher", toy_finisher, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	toy_submit(&one);
	do_wait(&one);
	X_ASSERT(one.cancels <= 1 && one.oks + one.cancels == 2);
	join(ids, 2);
	end();
}

/* A callback that always submits again cannot delay stop: T1. */
static void
restart_stop(void)
{
	int ids[2];

	rig_up(2, 2);
	subject_init(&one, x_rand(2) == 0 ? OBEYS : LATE);
	one.then = then_submit;
	one.again = 2;
	one.finishes = 3;
	toy_submit(&one);
	ids[0] = x_spawn("finisher", toy_finisher, &one);
	ids[1] = x_spawn("stop", do_stop, &one);
	x_join(ids[1]);
	toy_no_more(&one);
	x_join(ids[0]);
	X_ASSERT(weir_aio_stop(one.aio) == WEIR_OK);
	X_ASSERT(one.begun == one.ended && one.begun == one.accepted);
	end();
}

static void
then_submit_free(struct subject *s)
{
	if (s->begun == 1) {
		toy_submit(s);
		then_free(s);
	}
}

/* Free in the own callback while the next operation is out: it has its
 * callback, then the memory goes. */
static void
free_with_next(void)
{
	rig_up(2, 2);
	subject_init(&one, OBEYS);
	one.with_release = x_rand(2) != 0;
	one.then = then_submit_free;
	toy_sync(&one);
	x_await(&one.back, 2);
	X_ASSERT(one.stops == 1);
	rig_down();
}

static void
then_reap_submit(struct subject *s)
{
	s->stopping = s->gone = true;
	weir_aio_reap(s->aio);
	toy_submit(s); /* still its callback: the handle is there */
}

/* The same the other way round: refused, and no callback. */
static void
reap_then_submit(void)
{
	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.then = then_reap_submit;
	toy_sync(&one);
	x_await(&one.back, 1);
	X_ASSERT(one.refused == 1 && one.begun == 1);
	rig_down();
}

/* ---- release ----------------------------------------------------------- */

static void
then_release_chain(struct subject *s)
{
	switch (s->begun) {
	case 1:
		toy_sync(s); /* the provider of before is not asked */
		break;
	case 2:
		toy_submit(s);
		break;
	default:
		break;
	}
}

/* One release for each start that was accepted, none for others. */
static void
release_chain(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.with_release = true;
	one.then = then_release_chain;
	one.finishes = 3;
	toy_submit(&one);
	ids[0] = x_spawn("finisher", toy_finisher, &one);
	ids[1] = x_spawn("close", do_close, &one);
	x_join(ids[1]);
	do_wait(&one);
	toy_no_more(&one);
	x_join(ids[0]);
	X_ASSERT(one.released == one.started);
	end();
}

const struct x_test x_tests[] = {
    {"late_hook", late_hook, "C1 C2 K1, rows 14 7 15'", X_NOTIME, 0,
	"hook-late cancel-idle cancel-requested cancel-too-late asked-in-vain "
	"over-before-start-returned start-refused",
	NULL},
    {"late_hook_release", late_hook_release, "C1 K1, with release", X_NOTIME, 0,
	"hook-late start-refused asked-in-vain", NULL},
    {"two_aborts", two_aborts, "C1 K1, rows 12 13, layers", X_NOTIME, 0,
	"cancel-idle cancel-requested cancel-too-late start-refused", NULL},
    {"abort_start", abort_start, "K4, rows 11 5 6", X_NOTIME, 0,
	"start-refused cancel-idle cancel-requested", NULL},
    {"abort_holds", abort_holds, "T5", X_NOTIME, 0, "cancel-requested", NULL},
    {"abort_sync", abort_sync, "C2 K3, rows 11 7", X_NOTIME, 0,
	"cancel-idle cancel-requested cancel-too-late", NULL},
    {"free_before_start_returns", free_before_start_returns,
	"C1 T6, row 5 is the last touch", X_NOTIME, 0,
	"over-before-start-returned start-refused", NULL},
    {"restart", restart, "C1 C5 T4, rows 17 19", X_NOTIME, 0,
	"done-in-run active-in-run", NULL},
    {"restart_abort", restart_abort, "C1 K2", X_NOTIME, 0,
	"done-in-run active-in-run hook-late start-refused", NULL},
    {"restart_stop", restart_stop, "T1", X_NOTIME, 0,
	"reset-refused start-refused hook-late done-in-run", NULL},
    {"free_with_next", free_with_next, "C1 T6, free with k+1 out", X_NOTIME, 0,
	"", NULL},
    {"reap_then_submit", reap_then_submit, "C1 T6", X_NOTIME, 0,
	"reset-refused", NULL},
    {"release_chain", release_chain, "K1, rows 6 and 17", X_NOTIME, 0,
	"reset-refused start-refused", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
