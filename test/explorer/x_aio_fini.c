/*
 * x_aio_fini - the library ends under handles that live on.
 *
 * Purpose    weir_fini stops all handles and waits; what does not end in time
 *            is abandoned and must still be harmless: no task for a pool that
 *            has gone, no callback, one release, and free returns when the
 *            provider has finished.
 * Rules      rig_fini does what lib/weir.c does, without pollers.  Where it has
 *            a limit the clock moves only when nobody can run (X_NOJUMP).
 */
#include "x_aio_rig.h"

#define LIMIT WEIR_MS(10)

static struct subject one, other;
static x_latch go, ended;
static weir_aio *plug;

static void
waits_for_go(struct subject *s, weir_err why)
{
	(void)s;
	(void)why;
	x_await(&go, 1);
}

static void
plug_cb(void *arg)
{
	(void)arg;
	x_await(&go, 1);
}

/* A callback holds the pool's only thread up until x_open(&go). */
static void
plug_in(void)
{
	X_ASSERT(weir_aio_alloc(&plug, plug_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(plug) == WEIR_OK);
	X_ASSERT(weir_aio_finish(plug, WEIR_OK));
}

/* Let those go on that waited for the limit to pass. */
static void
go_later(void *arg)
{
	(void)arg;
	x_sleep_until(x_time() + 2 * LIMIT);
	x_open(&go);
}

static weir_err
fini(weir_duration limit)
{
	one.stopping = other.stopping = true;
	return rig_fini(weir_time_after(x_time(), limit));
}

static void
free_in_fiber(void *arg)
{
	subject_free(arg);
	x_open(&ended);
}

/* ---- all ends in time -------------------------------------------------- */

/* A handle that the expiry thread knew outlives it; a later submit is refused,
 * a wait returns, memory is given back. */
static void
fini_idle(void)
{
	rig_up(1, 1);
	subject_init(&one, x_rand(2) == 0 ? OBEYS : IGNORES_CANCEL);
	subject_timeout(&one, WEIR_SECONDS(3600));
	if (x_rand(2) == 0) { /* by name: the pool goes, the handle stays */
		X_ASSERT(weir_aio_set_executor(one.aio,
			     wri_pool_exec(wri_pool_default())) == WEIR_OK);
	}
	toy_submit(&one);
	if (x_rand(2) == 0) {
		(void)toy_finish(&one);
	}
	X_ASSERT(fini(WEIR_INFINITE) == WEIR_OK);
	X_ASSERT(one.begun == 1 && one.ended == 1);
	toy_submit(&one);
	X_ASSERT(one.refused == 1);
	do_wait(&one);
	subject_free(&one);
	rig_check_empty();
}

static void
wait_held(void *arg)
{
	struct subject *s = arg;

	X_ASSERT(weir_aio_wait(s->aio) == WEIR_OK);
	wri_aio_rele(s->aio);
}

/* Handles are freed, reaped and waited for while the library ends. */
static void
fini_free(void)
{
	int ids[3];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	subject_init(&other, OBEYS);
	subject_timeout(&one, WEIR_MS(5));
	subject_timeout(&other, WEIR_MS(5));
	toy_submit(&one);
	toy_submit(&other);
	(void)toy_finish(&one);
	wri_aio_hold(one.aio); /* the wait counts as begun */
	ids[0] = x_spawn("wait", wait_held, &one);
	ids[1] = x_spawn("free", do_free, &one);
	ids[2] = x_spawn("reap", do_reap, &other);
	X_ASSERT(fini(WEIR_INFINITE) == WEIR_OK);
	for (unsigned i = 0; i < 3; i++) {
		x_join(ids[i]);
	}
	rig_check_empty();
}

static void
alloc_one(void *arg)
{
	weir_aio *aio = NULL;
	weir_err rv = weir_aio_alloc(&aio, NULL, NULL);

	(void)arg;
	if (rv == WEIR_OK) {
		X_REACH("alloc-in-time");
		x_await(&ended, 1);
		X_ASSERT(weir_aio_reset(aio) == WEIR_ESTOPPED);
		weir_aio_free(aio);
	} else {
		X_ASSERT(rv == WEIR_ESTATE && aio == NULL);
		X_REACH("alloc-too-late");
	}
}

/* A handle made while the library ends is stopped, or not made. */
static void
fini_alloc(void)
{
	int id;

	rig_up(1, 1);
	id = x_spawn("alloc", alloc_one, NULL);
	X_ASSERT(fini(WEIR_INFINITE) == WEIR_OK);
	x_open(&ended);
	x_join(id);
	rig_check_empty();
}

/* The handle of one life is freed in the next. */
static void
fini_again(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	subject_timeout(&one, WEIR_MS(5));
	toy_submit(&one);
	X_ASSERT(fini(WEIR_INFINITE) == WEIR_OK);
	rig_up(1, 1);
	ids[0] = x_spawn("wait", do_wait, &one);
	ids[1] = x_spawn("reap", do_reap, &one);
	x_join(ids[0]);
	x_join(ids[1]);
	rig_down();
}

/* ---- something is abandoned -------------------------------------------- */

/* Row 20: the provider finishes when all is gone. */
static void
late_finish(void)
{
	int id = 0;
	bool frees = x_rand(2) != 0;

	rig_up(1, 1);
	subject_init(&one, x_rand(2) == 0 ? LATE : NO_HOOK);
	one.with_release = one.abandoned = true;
	subject_timeout(&one, LIMIT / 2);
	toy_submit(&one);
	if (frees) {
		id = x_spawn("free", free_in_fiber, &one);
	}
	X_ASSERT(fini(LIMIT) == WEIR_ETIMEDOUT);
	X_ASSERT(toy_finish(&one));
	if (frees) {
		x_join(id);
	} else {
		subject_free(&one);
	}
	X_ASSERT(one.begun == 0 && one.released == 1);
	rig_check_empty();
}

/* The callback is queued when the limit passes: the pool's end runs it. */
static void
late_callback(void)
{
	int ids[2];

	rig_up(1, 1);
	plug_in();
	subject_init(&one, OBEYS);
	one.with_release = one.abandoned = true;
	toy_submit(&one);
	(void)toy_finish(&one);
	ids[0] = x_spawn("free", free_in_fiber, &one);
	ids[1] = x_spawn("go", go_later, NULL);
	X_ASSERT(fini(LIMIT) == WEIR_ETIMEDOUT);
	x_join(ids[0]);
	x_join(ids[1]);
	X_ASSERT(one.begun == one.ended && one.released == 1);
	weir_aio_free(plug);
	rig_check_empty();
}

/* A hook is under way when the limit passes, and returns when all is gone. */
static void
late_hook(void)
{
	int id;

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.with_release = one.abandoned = true;
	one.in_hook = waits_for_go;
	toy_submit(&one);
	id = x_spawn("abort", do_abort, &one);
	x_await(&one.out, 1);
	while (one.job->calls == 0) {
		wri_yield();
	}
	X_ASSERT(fini(LIMIT) == WEIR_ETIMEDOUT);
	x_open(&go);
	x_join(id);
	do_wait(&one);
	X_ASSERT(one.begun == 0 && one.released == 1);
	subject_free(&one);
	rig_check_empty();
}

static void
then_next(struct subject *s)
{
	if (s->begun == 1) {
		toy_submit(s);
		(void)toy_finish(s);
		x_await(&go, 1);
	}
}

/* A callback runs when the limit passes, and the next one waits for it. */
static void
late_return(void)
{
	int ids[2];

	rig_up(1, 1);
	subject_init(&one, OBEYS);
	one.with_release = one.abandoned = true;
	one.then = then_next;
	toy_sync(&one);
	x_await(&one.out, 2);
	ids[0] = x_spawn("go", go_later, NULL);
	ids[1] = x_spawn("free", free_in_fiber, &one);
	X_ASSERT(fini(LIMIT) == WEIR_ETIMEDOUT);
	x_join(ids[0]);
	x_join(ids[1]);
	X_ASSERT(one.begun == one.ended && one.released == 1);
	rig_check_empty();
}

const struct x_test x_tests[] = {
    {"fini_idle", fini_idle, "T5 T7, free after the end", 0, 0, "reset-refused",
	NULL},
    {"fini_free", fini_free, "T5 T6 T7, free while it ends", 0, 0, "", NULL},
    {"fini_alloc", fini_alloc, "T7, alloc while it ends", 0, 0,
	"alloc-in-time alloc-too-late", NULL},
    {"fini_again", fini_again, "T5 T6, in another life", 0, 0, "", NULL},
    {"late_finish", late_finish, "T7 K1, row 20", X_NOJUMP, 0, "", NULL},
    {"late_callback", late_callback, "T7, row 20", X_NOJUMP, 0, "", NULL},
    {"late_hook", late_hook, "T7 K1, row 20", X_NOJUMP, 0, "", NULL},
    {"late_return", late_return, "T7, row 20", X_NOJUMP, 0, "", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
