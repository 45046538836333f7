/*
 * rules_stop - stop, close, free and reap in every state of the handle.
 */
#include "kit.h"

/* What is submitted now must be dropped. */
static void
expect_dropped(struct user *u)
{
	const unsigned calls = wri_kit_calls(u);
	bool skipped = false;
	struct kit *k;

	if (u == NULL || u->kit->failed) {
		return;
	}
	k = u->kit;
	wri_kit_soon(u);
	wri_kit_expect_code(
	    k, "result", weir_aio_result(u->aio), WEIR_ESTOPPED);
	wri_kit_expect(
	    k, !weir_aio_busy(u->aio), "a handle stopped for good", "it busy");
	wri_kit_expect_idle(u);
	if (k->failed) {
		return;
	}
	weir_aio_skip_callback(u->aio, &skipped);
	wri_kit_submit(u);
	wri_kit_expect(k, skipped, "a submit that is dropped", "it accepted");
	wri_kit_expect_cancel(u, WEIR_CANCEL_IDLE);
	wri_kit_expect_stop(u);
	wri_kit_expect_size(
	    k, "callbacks after stop:", wri_kit_calls(u) - calls, 0);
}

void
wri_kit_stop_ends_with_estopped(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_submit(u);
	wri_kit_expect_stop(u);
	if (!k->failed) {
		wri_kit_expect_size(
		    k, "callbacks when stop returns:", wri_kit_calls(u), 1);
	}
	wri_kit_expect_end(u, 1, WEIR_ESTOPPED);
	if (!k->failed) {
		wri_kit_expect_code(
		    k, "result", weir_aio_result(u->aio), WEIR_ESTOPPED);
		wri_kit_expect_size(k, "count", weir_aio_count(u->aio), 0);
	}
	expect_dropped(u);
}

void
wri_kit_fresh_handle_stopped(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_expect_stop(u);
	expect_dropped(u);
}

void
wri_kit_close_ends_without_waiting(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_submit(u);
	if (u != NULL) {
		weir_aio_close(u->aio);
	}
	wri_kit_expect_end(u, 1, WEIR_ESTOPPED);
	wri_kit_expect_idle(u);
	expect_dropped(u);
}

void
wri_kit_stop_does_not_wait_for_the_timeout(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_timeout(u, WEIR_SECONDS(3600));
	wri_kit_submit(u);
	wri_kit_expect_stop(u);
	wri_kit_expect_end(u, 1, WEIR_ESTOPPED);
}

/* --- Free, which may wait for ever where a provider is wrong ----------- */

static void
job_free(void *arg)
{
	weir_aio_free(arg);
}

/* Free by another thread; the rule waits no longer than the limit. */
static void
free_by(struct helper *h, struct user *u)
{
	if (h != NULL && u != NULL) {
		wri_kit_gone(u);
		wri_kit_begin(h, job_free, u->aio);
		wri_kit_join(h);
	}
}

void
wri_kit_free_runs_the_callback_first(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);
	struct helper *h = wri_kit_helper(k);

	wri_kit_submit(u);
	free_by(h, u);
	if (!k->failed) {
		wri_kit_expect_size(
		    k, "callbacks when free returns:", wri_kit_calls(u), 1);
	}
	wri_kit_expect_end(u, 1, WEIR_ESTOPPED);
}

static void
reap(struct user *u)
{
	if (u != NULL) {
		wri_kit_gone(u);
		weir_aio_reap(u->aio);
	}
}

void
wri_kit_reap_frees_after_the_callback(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_submit(u);
	reap(u);
	wri_kit_expect_end(u, 1, WEIR_ESTOPPED);
}

void
wri_kit_reap_of_an_idle_handle(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);
	struct user *fresh = wri_kit_user(k, NULL, NULL);

	wri_kit_submit(u);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_calls(u, 1);
	wri_kit_expect_idle(u);
	reap(u);
	reap(fresh);
	wri_kit_expect_calls(u, 1);
	wri_kit_expect_calls(fresh, 0);
}

/* --- From the callback ------------------------------------------------- */

static void
then_stop(struct user *u)
{
	weir_err *got = u->arg;

	got[0] = weir_aio_stop(u->aio);
	wri_kit_raw_soon(u->kit, u->aio); /* blindly */
	got[1] = weir_aio_result(u->aio);
	got[2] = weir_aio_wait(u->aio);
}

void
wri_kit_stop_in_the_own_callback(struct kit *k)
{
	static weir_err got[3]; /* lives longer than a late callback */
	struct user *u = wri_kit_user(k, then_stop, got);

	wri_kit_soon(u);
	wri_kit_expect_end(u, 1, WEIR_OK);
	if (!k->failed) {
		wri_kit_expect_code(k, "stop", got[0], WEIR_EDEADLK);
		wri_kit_expect_code(k, "result", got[1], WEIR_ESTOPPED);
		wri_kit_expect_code(k, "wait", got[2], WEIR_EDEADLK);
	}
	wri_kit_expect_stop(u);
	wri_kit_expect_calls(u, 1);
}

static void
then_free(struct user *u)
{
	wri_kit_gone(u);
	if (u->arg != NULL) {
		weir_aio_reap(u->aio);
	} else {
		weir_aio_free(u->aio);
	}
}

void
wri_kit_callback_may_free(struct kit *k)
{
	for (int i = 0; i < 10 && !k->failed; i++) {
		struct user *u =
		    wri_kit_user(k, then_free, i % 2 == 0 ? NULL : k);

		if (i < 5) {
			wri_kit_soon(u);
		} else {
			/* Not by a cancel: it might come after the free. */
			wri_kit_timeout(u, WEIR_US(100));
			wri_kit_submit(u);
		}
		wri_kit_expect_calls(u, 1);
	}
}

static void
then_submit_and_free(struct user *u)
{
	if (u->calls == 1) {
		wri_kit_raw_submit(u->kit, u->aio);
		wri_kit_gone(u);
		weir_aio_free(u->aio);
	}
}

void
wri_kit_callback_may_submit_and_free(struct kit *k)
{
	struct user *u = wri_kit_user(k, then_submit_and_free, NULL);

	wri_kit_soon(u);
	wri_kit_expect_end(u, 2, WEIR_ESTOPPED);
}

/* Submits again for ever: stop must win. */
static void
then_for_ever(struct user *u)
{
	wri_kit_raw_soon(u->kit, u->aio);
}

void
wri_kit_stop_wins_against_resubmits(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 20);

	for (int i = 0; i < rounds && !k->failed; i++) {
		struct user *u = wri_kit_user(k, then_for_ever, NULL);
		unsigned calls;

		wri_kit_soon(u);
		wri_kit_expect_some(u, 3);
		wri_kit_expect_stop(u);
		calls = wri_kit_calls(u);
		if (!k->failed) {
			wri_kit_expect_code(k, "result",
			    weir_aio_result(u->aio), WEIR_ESTOPPED);
		}
		wri_kit_expect_idle(u);
		wri_kit_done(u);
		wri_kit_expect_calls(u, calls);
	}
}

/* --- fini -------------------------------------------------------------- */

void
wri_kit_fini_ends_what_is_pending(struct kit *k)
{
	enum { MANY = 20 };
	struct user *u[MANY];
	bool skipped = false;

	for (int i = 0; i < MANY; i++) {
		u[i] = wri_kit_user(k, NULL, NULL);
		wri_kit_submit(u[i]);
	}
	if (k->failed) {
		return;
	}
	k->warnings = true; /* handles live on */
	wri_kit_expect_code(k, "weir_fini", weir_fini(), WEIR_OK);
	for (int i = 0; i < MANY && !k->failed; i++) {
		wri_kit_expect_size(k,
		    "callbacks when weir_fini returns:", wri_kit_calls(u[i]),
		    1);
		wri_kit_expect_end(u[i], 1, WEIR_ESTOPPED);
		/* Stopped for ever. */
		weir_aio_skip_callback(u[i]->aio, &skipped);
		wri_kit_submit(u[i]);
		wri_kit_expect(
		    k, skipped, "a submit that is dropped", "it accepted");
	}
	/* For the teardown, and for what comes of an earlier life. */
	wri_kit_expect_code(k, "weir_init", weir_init(NULL), WEIR_OK);
	wri_kit_soon(u[0]);
	if (!k->failed) {
		wri_kit_expect_code(
		    k, "result", weir_aio_result(u[0]->aio), WEIR_ESTOPPED);
	}
}

struct beside {
	struct dice dice;
	weir_err got;
};

static void
job_fini(void *arg)
{
	struct beside *b = arg;

	wri_kit_spin(&b->dice, 20000);
	b->got = weir_fini();
}

/* Submits and cancels while another thread calls weir_fini. */
static void
beside_submit(struct kit *k, struct user **u, bool *skipped, int many)
{
	for (int i = 0; i < many; i++) {
		weir_aio_skip_callback(u[i]->aio, &skipped[i]);
		wri_kit_raw_submit(k, u[i]->aio);
		if (i % 3 == 0) {
			(void)weir_aio_cancel(u[i]->aio);
		}
		wri_kit_spin(&k->dice, 400);
	}
}

void
wri_kit_fini_beside_it(struct kit *k)
{
	enum { MANY = 30 };
	struct beside b = {.got = WEIR_OK};
	struct user *u[MANY];
	bool skipped[MANY] = {false};
	struct helper *h = wri_kit_helper(k);

	for (int i = 0; i < MANY; i++) {
		u[i] = wri_kit_user(k, NULL, NULL);
	}
	if (k->failed) {
		return;
	}
	wri_kit_dice(k, &b.dice, 1);
	k->warnings = true; /* handles live on */
	wri_kit_begin(h, job_fini, &b);
	beside_submit(k, u, skipped, MANY);
	wri_kit_join(h);
	if (k->lost) {
		return;
	}
	wri_kit_expect_code(k, "weir_fini", b.got, WEIR_OK);
	for (int i = 0; i < MANY && !k->failed; i++) {
		wri_kit_expect_calls(u[i], skipped[i] ? 0 : 1);
		if (!skipped[i] && u[i]->result != WEIR_ECANCELED &&
		    u[i]->result != WEIR_OK) {
			wri_kit_expect_code(
			    k, "result", u[i]->result, WEIR_ESTOPPED);
		}
		if (skipped[i]) {
			wri_kit_collect(u[i]);
		}
	}
	wri_kit_expect_code(k, "weir_init", weir_init(NULL), WEIR_OK);
}
