/*
 * x_wait - wait, stop, close, free and reap against each other and the end.
 *
 * Purpose    T1 to T6: each call returns when it should, nothing is touched
 *            after free, and the memory goes once.
 * Rules      freed memory that is touched, memory that is left and sleepers
 *            that are forgotten are found by the explorer.  x_aio_fini.c has
 *            what happens when the library ends first, x_aio_ring.c waiting
 *            inside callbacks.
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

/* ---- from several threads ---------------------------------------------- */

/* Any kind of call from two fibers while main frees. */
static void
do_any(void *arg)
{
	switch (x_rand(4)) {
	case 0:
		do_wait(arg);
		break;
	case 1:
		do_stop(arg);
		break;
	case 2:
		do_close(arg);
		break;
	default:
		do_abort(arg);
		break;
	}
}

/* T3, T5: B2, the last call in the handle against free. */
static void
free_calls(void)
{
	int ids[3];

	rig_up(1, 1);
	subject_init(&one, x_rand(2) == 0 ? OBEYS : IGNORES_CANCEL);
	one.with_release = x_rand(2) != 0;
	toy_submit(&one);
	ids[0] = x_spawn("call-1", do_any, &one);
	ids[1] = x_spawn("call-2", do_any, &one);
	ids[2] = x_spawn("call-3", do_wait, &one);
	if (x_rand(2) == 0) {
		subject_free(&one);
	} else {
		subject_reap(&one);
	}
	join(ids, 3);
	rig_down();
	X_ASSERT(one.begun == 1 && one.ended == 1);
}

/* T3: two stops and a wait end together; B1. */
static void
stop_stop_wait(void)
{
	int ids[3];

	rig_up(2, 2);
	subject_init(&one, x_rand(2) == 0 ? OBEYS : LATE);
	one.then = then_submit;
	one.again = 1;
	one.finishes = 2;
	toy_submit(&one);
	ids[0] = x_spawn("stop-1", do_stop, &one);
	ids[1] = x_spawn("stop-2", do_stop, &one);
	ids[2] = x_spawn("finisher", toy_finisher, &one);
	do_wait(&one);
	join(ids, 2);
	toy_no_more(&one);
	x_join(ids[2]);
	subject_free(&one);
	rig_down();
}

/* B1: SLEEPER is set against the word becoming idle; two sleepers, twice. */
static void
two_waits(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.then = then_submit;
	one.again = 1;
	one.finishes = 2;
	toy_submit(&one);
	ids[0] = x_spawn("wait", do_wait, &one);
	ids[1] = x_spawn("finisher", toy_finisher, &one);
	do_wait(&one);
	X_ASSERT(one.ended == 2); /* T4 */
	join(ids, 2);
	subject_free(&one);
	rig_down();
}

/* T6: reap against the end of the operation, of the callback, of a timeout. */
static void
reap_end(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, (enum kind)x_rand(NO_HOOK));
	one.with_release = x_rand(2) != 0;
	one.finishes = 1;
	if (x_rand(2) == 0) {
		subject_timeout(&one, WEIR_MS(5));
	}
	id = x_spawn("finisher", toy_finisher, &one);
	toy_submit(&one);
	subject_reap(&one);
	x_join(id);
	x_await(&one.back, 1);
	rig_down();
	X_ASSERT(one.begun == 1 && one.ended == 1);
}

/* T6: the same without a callback, and when it is idle already. */
static void
reap_nocb(void)
{
	int id;

	rig_up(1, 1);
	subject_init_nocb(&one, OBEYS);
	one.with_release = true;
	one.finishes = 1;
	subject_timeout(&one, WEIR_MS(5));
	id = x_spawn("finisher", toy_finisher, &one);
	toy_submit(&one);
	if (x_rand(2) == 0) {
		do_wait(&one);
	}
	subject_reap(&one);
	x_join(id);
	X_ASSERT(rig_fini(WEIR_NEVER) == WEIR_OK);
	rig_check_empty();
}

/* A handle that was reaped lets go of its pool when it has become idle, also
 * when it is buried while the expiry thread sleeps. */
static void
reap_pool(void)
{
	struct weir_exec *exec;
	int ids[2];

	rig_up(1, 1);
	exec = fake_pool_other();
	subject_init(&one, OBEYS);
	subject_timeout(&one, WEIR_SECONDS(3600));
	X_ASSERT(weir_aio_set_executor(one.aio, exec) == WEIR_OK);
	toy_submit(&one);
	ids[0] = x_spawn("wait", do_wait, &one);
	ids[1] = x_spawn("abort", do_abort, &one);
	subject_reap(&one);
	x_join(ids[0]);
	x_join(ids[1]);
	x_await(&one.back, 1);
	while (wri_load(&exec->users, WRI_ACQ) != 0) {
		wri_yield();
	}
	fake_pool_other_end(exec);
	rig_down();
}

/* ---- with a limit ------------------------------------------------------ */

/* Not before the time, not for ever, and right about who is in the way. */
static void
wait_until(void)
{
	weir_blocker what;
	const char *who;
	weir_time until;
	weir_err rv;
	int id;

	rig_up(1, 1);
	subject_init(&one, LATE);
	one.finishes = 1;
	toy_submit(&one);
	until = x_time() + WEIR_MS(2);
	id = x_spawn("finisher", toy_finisher, &one);
	rv = weir_aio_wait_until(one.aio, until);
	X_ASSERT(rv == WEIR_OK || (rv == WEIR_ETIMEDOUT && x_time() >= until));
	if (rv == WEIR_ETIMEDOUT) {
		X_REACH("wait-timed-out");
	}
	one.stopping = true;
	rv = weir_aio_stop_until(one.aio, until, &what, &who);
	if (rv == WEIR_OK) {
		X_ASSERT(what == WEIR_BLOCKER_NONE && who[0] == '\0');
		subject_stopped(&one);
	} else {
		X_ASSERT(rv == WEIR_ETIMEDOUT && x_time() >= until);
		X_ASSERT(what != WEIR_BLOCKER_NONE);
		if (what == WEIR_BLOCKER_PROVIDER) {
			X_REACH("provider-blocks");
		} else if (what == WEIR_BLOCKER_QUEUE) {
			X_REACH("queue-blocks");
		} else if (what == WEIR_BLOCKER_CALLBACK) {
			X_REACH("callback-blocks");
		}
	}
	x_join(id);
	(void)toy_finish(&one);
	subject_free(&one);
	rig_down();
}

/* ---- from the own callback, hook and release --------------------------- */

static unsigned what_to_do;

static void
do_to_myself(struct subject *s)
{
	s->stopping = true;
	switch (what_to_do) {
	case 0:
		X_ASSERT(weir_aio_stop(s->aio) == WEIR_EDEADLK);
		break;
	case 1:
		X_ASSERT(weir_aio_wait(s->aio) == WEIR_EDEADLK);
		break;
	case 2:
		weir_aio_close(s->aio);
		break;
	default:
		if (s->calls != s->aio->nwait.v) {
			weir_aio_close(s->aio); /* a call has not begun yet */
			break;
		}
		s->freeing = s->gone = true;
		weir_aio_free(s->aio);
		break;
	}
}

static void
hook_to_myself(struct subject *s, weir_err why)
{
	(void)why;
	if (!s->freeing) {
		do_to_myself(s);
	}
}

/* T3, T6: none of them waits for itself; free is as reap. */
static void
own_chain(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, x_rand(2) == 0 ? OBEYS : IGNORES_CANCEL);
	one.finishes = 1;
	what_to_do = x_rand(4);
	switch (x_rand(3)) {
	case 0:
		one.in_hook = hook_to_myself;
		break;
	case 1:
		one.in_release = do_to_myself;
		one.with_release = true;
		break;
	default:
		one.then = do_to_myself;
		break;
	}
	toy_submit(&one);
	ids[0] = x_spawn("abort", do_abort, &one);
	ids[1] = x_spawn("finisher", toy_finisher, &one);
	join(ids, 2);
	x_await(&one.back, 1);
	if (!one.freeing) {
		subject_free(&one);
	}
	rig_down();
}

const struct x_test x_tests[] = {
    {"free_calls", free_calls, "T1 T2 T3 T5, B2", X_NOTIME, 0,
	"free-over-calls buried", NULL},
    {"stop_stop_wait", stop_stop_wait, "T1 T3 T4, B1", X_NOTIME, 0,
	"reset-refused done-in-run", NULL},
    {"two_waits", two_waits, "T4, B1", X_NOTIME, 0, "", NULL},
    {"reap_end", reap_end, "T6, 14'", 0, 0, "buried", NULL},
    {"reap_nocb", reap_nocb, "T6, wait-only", 0, 0, "buried", NULL},
    {"reap_pool", reap_pool, "T6, and its pool goes", X_NOTIME, 0,
	"buried free-over-calls", NULL},
    {"wait_until", wait_until, "T3, limits", 0, 0,
	"wait-timed-out provider-blocks queue-blocks callback-blocks", NULL},
    {"own_chain", own_chain, "T3 T6, on the own chain", X_NOTIME, 0,
	"two-calls", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
