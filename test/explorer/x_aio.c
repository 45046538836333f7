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

#include <string.h>
#include <weir/weir.h>

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

/* ---- no callback wanted ------------------------------------------------ */

static bool skipped;

static void
skip_submit(void *arg)
{
	weir_aio_skip_callback(arg, &skipped);
	if (weir_aio_reset(arg) == WEIR_OK) {
		X_ASSERT(weir_aio_finish(arg, WEIR_OK));
	}
	X_ASSERT(skipped);
}

static void
never(void *arg)
{
	(void)arg;
	x_fail("a callback that was to be skipped");
}

/* The operation ends while it is submitted, and there is no callback. */
static void
skip_sync(void)
{
	weir_aio *aio;
	int ids[2];

	rig_up(1, 1);
	memset(&one, 0, sizeof(one));
	X_ASSERT(weir_aio_alloc(&aio, never, NULL) == WEIR_OK);
	one.aio = aio;
	ids[0] = x_spawn("submit", skip_submit, aio);
	ids[1] = x_spawn("wait", do_wait, &one);
	if (x_rand(2) == 0) {
		weir_aio_close(aio);
	} else {
		(void)weir_aio_cancel(aio);
	}
	join(ids, 2);
	weir_aio_free(aio);
	rig_down();
}

/* ---- two finishes ------------------------------------------------------ */

static struct {
	weir_aio *aio;
	weir_ticket ticket;
	weir_err result[2];
	unsigned callbacks, wins, misuses;
	weir_err won;
} two;

static void
on_misuse(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)m;
	two.misuses++;
	X_REACH("misuse");
}

static void
two_cb(void *arg)
{
	(void)arg;
	X_ASSERT(two.callbacks < 2);
	two.result[two.callbacks++] = weir_aio_result(two.aio);
	if (two.ticket != 0 && two.callbacks == 1) {
		X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
		x_point();
		X_ASSERT(weir_aio_finish(two.aio, WEIR_ECLOSED));
	}
}

static void
two_finish(void *arg)
{
	weir_err err = *(weir_err *)arg;
	bool won = two.ticket != 0
	    ? weir_aio_finish_ticket(two.aio, two.ticket, err, 0)
	    : weir_aio_finish(two.aio, err);

	if (won) {
		two.wins++;
		two.won = err;
	}
}

static void
run_two(bool ticket)
{
	static weir_err errs[] = {WEIR_OK, WEIR_ECONNRESET};
	static const weir_provider p = {sizeof(p), "plain", NULL, NULL};
	int ids[2];

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	X_ASSERT(weir_aio_alloc(&two.aio, two_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
	two.ticket = ticket ? weir_aio_ticket(two.aio) : 0;
	X_ASSERT(!ticket || two.ticket != 0);
	X_ASSERT(weir_aio_start(two.aio, &p, NULL) == WEIR_OK);
	ids[0] = x_spawn("finish-1", two_finish, &errs[0]);
	ids[1] = x_spawn("finish-2", two_finish, &errs[1]);
	join(ids, 2);
	X_ASSERT(weir_aio_wait(two.aio) == WEIR_OK);
	X_ASSERT(two.wins == 1 && two.result[0] == two.won);
	if (ticket) {
		X_ASSERT(two.callbacks == 2 && two.misuses == 0);
		X_ASSERT(two.result[1] == WEIR_ECLOSED);
	} else {
		X_ASSERT(two.callbacks == 1 && two.misuses == 1);
	}
	weir_aio_free(two.aio);
	rig_down();
}

/* Row 7': exactly one wins, the other is told. */
static void
finish_twice(void)
{
	run_two(false);
}

/* A late finish of k meets k + 1 in any state and does nothing. */
static void
finish_ticket(void)
{
	run_two(true);
}

/* ---- misuse of start --------------------------------------------------- */

static void
two_start(void *arg)
{
	static const weir_provider p = {sizeof(p), "plain", NULL, NULL};

	(void)arg;
	if (weir_aio_start(two.aio, &p, NULL) == WEIR_OK) {
		two.wins++;
	}
}

static void
end_early(void *arg)
{
	(void)arg;
	X_ASSERT(weir_aio_finish(two.aio, WEIR_OK));
}

/*
 * Two starts, or a finish before the start has been made: reported, and still
 * one callback.
 */
static void
start_twice(void)
{
	bool finishes = x_rand(2) != 0;
	int id;

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	X_ASSERT(weir_aio_alloc(&two.aio, two_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
	id = x_spawn("other", finishes ? end_early : two_start, NULL);
	two_start(NULL);
	x_join(id);
	if (finishes) {
		X_ASSERT(two.wins + two.misuses == 1);
	} else {
		X_ASSERT(two.wins == 1 && two.misuses == 1);
		end_early(NULL);
	}
	X_ASSERT(weir_aio_wait(two.aio) == WEIR_OK);
	X_ASSERT(two.callbacks == 1 && two.result[0] == WEIR_OK);
	weir_aio_free(two.aio);
	rig_down();
}

/* A submit of a handle that is busy: reported, the operation is unharmed. */
static void
intrude(void *arg)
{
	struct subject *s = arg;

	if (op_of(word_of(s->aio)) == OP_ACTIVE &&
	    weir_aio_reset(s->aio) == WEIR_EMISUSE) {
		X_REACH("busy");
	}
}

static void
busy(void)
{
	int ids[2];

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	subject_init(&one, OBEYS);
	one.finishes = 1;
	toy_submit(&one);
	ids[0] = x_spawn("intruder", intrude, &one);
	/* Asked, so that it goes on to be busy until the other has looked. */
	X_ASSERT(weir_aio_set_timeout(one.aio, 1) == WEIR_EMISUSE);
	x_join(ids[0]);
	ids[1] = x_spawn("finisher", toy_finisher, &one);
	do_wait(&one);
	x_join(ids[1]);
	X_ASSERT(one.oks == 1 && two.misuses == 2);
	end();
}

const struct x_test x_tests[] = {
    {"late_hook", late_hook, "C1 C2 K1, rows 14 7 15'", X_NOTIME, 0,
	"hook-late cancel-idle cancel-requested cancel-too-late asked-in-vain "
	"over-before-start-returned start-refused",
	NULL},
    {"late_hook_release", late_hook_release, "C1 K1, with release", X_NOTIME,
	0, "hook-late start-refused asked-in-vain", NULL},
    {"two_aborts", two_aborts, "C1 K1, rows 12 13, layers", X_NOTIME, 0,
	"cancel-idle cancel-requested cancel-too-late start-refused", NULL},
    {"abort_start", abort_start, "K4, rows 11 5 6", X_NOTIME, 0,
	"start-refused cancel-idle cancel-requested", NULL},
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
    {"free_with_next", free_with_next, "C1 T6, free with k+1 out", X_NOTIME,
	0, "", NULL},
    {"reap_then_submit", reap_then_submit, "C1 T6", X_NOTIME, 0,
	"reset-refused", NULL},
    {"release_chain", release_chain, "K1, row 14 of section 1", X_NOTIME, 0,
	"reset-refused start-refused", NULL},
    {"skip_sync", skip_sync, "C1, no callback wanted", X_NOTIME, 0, "", NULL},
    {"finish_twice", finish_twice, "C2, row 7'", X_NOTIME, 0, "misuse", NULL},
    {"start_twice", start_twice, "C1, misuse of start", X_NOTIME, 0, "misuse",
	NULL},
    {"busy", busy, "C1, misuse of reset", X_NOTIME, 0, "busy misuse", NULL},
    {"finish_ticket", finish_ticket, "C2 K2, tickets", X_NOTIME, 0, "", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
