/*
 * rules_end - how operations end: by themselves, by cancel, by time.
 */
#include "kit.h"

void
wri_kit_ends_with_one_callback(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	for (unsigned n = 1; n <= 5; n++) {
		wri_kit_soon(u);
		wri_kit_expect_end(u, n, WEIR_OK);
		wri_kit_expect_idle(u);
	}
	wri_kit_expect_calls(u, 5);
}

static void
expect_busy(struct user *u, bool want)
{
	if (u != NULL) {
		wri_kit_expect(u->kit, weir_aio_busy(u->aio) == want,
		    want ? "a busy handle" : "an idle handle",
		    want ? "an idle one" : "a busy one");
	}
}

static void
expect_count(struct user *u, size_t want)
{
	if (u != NULL && !u->kit->failed) {
		wri_kit_expect_size(u->kit, "count", u->count, want);
	}
}

void
wri_kit_end_ends_what_was_pending(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	for (unsigned n = 1; n <= 3 && !k->failed; n++) {
		wri_kit_submit(u);
		expect_busy(u, true);
		wri_kit_end(k);
		wri_kit_expect_end(u, n, WEIR_OK);
		expect_count(u, k->p->count);
		wri_kit_expect_idle(u);
		expect_busy(u, false);
	}
}

void
wri_kit_cancel_ends_with_ecanceled(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	for (unsigned n = 1; n <= 5; n++) {
		wri_kit_submit(u);
		wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
		wri_kit_expect_end(u, n, WEIR_ECANCELED);
		expect_count(u, 0);
		wri_kit_expect_idle(u);
	}
}

void
wri_kit_abort_ends_with_its_code(struct kit *k)
{
	static const weir_err codes[] = {WEIR_EPROTO, WEIR_ETIMEDOUT,
	    WEIR_ESTOPPED, WEIR_EINTERNAL, (weir_err)(WEIR_ESYSERR + 71)};
	struct user *u = wri_kit_user(k, NULL, NULL);
	unsigned n;

	for (n = 0; n < sizeof(codes) / sizeof(codes[0]); n++) {
		wri_kit_submit(u);
		wri_kit_expect_abort(u, codes[n], WEIR_CANCEL_REQUESTED);
		wri_kit_expect_end(u, n + 1, codes[n]);
	}
	/* WEIR_OK is no reason. */
	wri_kit_submit(u);
	wri_kit_expect_abort(u, WEIR_OK, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, n + 1, WEIR_ECANCELED);
}

void
wri_kit_idle_cancel_leaves_no_trace(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_expect_cancel(u, WEIR_CANCEL_IDLE);
	wri_kit_soon(u);
	wri_kit_expect_end(u, 1, WEIR_OK);
	wri_kit_expect_idle(u);
	wri_kit_expect_abort(u, WEIR_EPROTO, WEIR_CANCEL_IDLE);
	if (!k->failed) {
		wri_kit_expect_code(
		    k, "result", weir_aio_result(u->aio), WEIR_OK);
	}
	wri_kit_soon(u);
	wri_kit_expect_end(u, 2, WEIR_OK);
}

static void
expect_not_before(struct user *u, weir_time at)
{
	if (u != NULL && !u->kit->failed && u->ran_at < at) {
		wri_kit_fail(u->kit, "no timeout before its time",
		    "one %lld ns early", (long long)(at - u->ran_at));
	}
}

void
wri_kit_timeout_ends_and_is_never_early(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_timeout(u, KIT_SHORT);
	/* It bounds every operation until it is changed. */
	for (unsigned n = 1; n <= 3; n++) {
		weir_time begun = weir_now();

		wri_kit_submit(u);
		wri_kit_expect_end(u, n, WEIR_ETIMEDOUT);
		expect_not_before(u, begun + KIT_SHORT);
		expect_count(u, 0);
	}
	wri_kit_expect_idle(u);
	wri_kit_timeout(u, WEIR_INFINITE);
	wri_kit_submit(u);
	wri_kit_expect_quiet(u, 3);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, 4, WEIR_ECANCELED);
	wri_kit_expect_idle(u);
	/* A far one does not fire. */
	wri_kit_timeout(u, INT64_MAX);
	wri_kit_submit(u);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, 5, WEIR_ECANCELED);
}

void
wri_kit_timeout_zero_ends_what_would_wait(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_timeout(u, 0);
	for (unsigned n = 1; n <= 3; n++) {
		wri_kit_submit(u);
		wri_kit_expect_end(u, n, WEIR_ETIMEDOUT);
	}
	/* It has left nothing behind that an end could finish. */
	wri_kit_expect_idle(u);
	wri_kit_end(k);
	wri_kit_timeout(u, WEIR_INFINITE);
	wri_kit_soon(u);
	wri_kit_expect_end(u, 4, WEIR_OK);
}

void
wri_kit_expiration_bounds_one_operation(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);
	weir_time at = weir_now() + KIT_SHORT;

	wri_kit_expire(u, at);
	wri_kit_submit(u);
	wri_kit_expect_end(u, 1, WEIR_ETIMEDOUT);
	expect_not_before(u, at);
	wri_kit_submit(u);
	wri_kit_expect_quiet(u, 1);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, 2, WEIR_ECANCELED);
}

void
wri_kit_expiration_is_forgotten(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_expire(u, weir_now() + WEIR_SECONDS(3600));
	wri_kit_submit(u);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, 1, WEIR_ECANCELED);
	wri_kit_expect_idle(u);
	/* The timeout counts again. */
	wri_kit_timeout(u, KIT_SHORT);
	wri_kit_submit(u);
	wri_kit_expect_end(u, 2, WEIR_ETIMEDOUT);
}

void
wri_kit_expiration_in_the_past_is_timeout_zero(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_expire(u, 0);
	wri_kit_submit(u);
	wri_kit_expect_end(u, 1, WEIR_ETIMEDOUT);
	wri_kit_expect_idle(u);
	wri_kit_expire(u, weir_now());
	wri_kit_submit(u);
	wri_kit_expect_end(u, 2, WEIR_ETIMEDOUT);
}

void
wri_kit_expiration_replaces_the_timeout(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_timeout(u, KIT_SHORT);
	wri_kit_expire(u, WEIR_NEVER);
	wri_kit_submit(u);
	wri_kit_expect_quiet(u, 0);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_end(u, 1, WEIR_ECANCELED);
	wri_kit_expect_idle(u);
	/* Setting a timeout replaces an expiration set before. */
	wri_kit_expire(u, WEIR_NEVER);
	wri_kit_timeout(u, KIT_SHORT);
	wri_kit_submit(u);
	wri_kit_expect_end(u, 2, WEIR_ETIMEDOUT);
}

/* The callback submits again, pending, with no timeout. */
static void
then_again_without_timeout(struct user *u)
{
	if (u->calls == 1) {
		(void)weir_aio_set_timeout(u->aio, WEIR_INFINITE);
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

static void
expect_either(struct user *u, unsigned n, weir_err one, weir_err other)
{
	if (u != NULL && !u->kit->failed && u->results[n] != one) {
		wri_kit_expect_code(u->kit, "result", u->results[n], other);
	}
}

void
wri_kit_timeout_never_reaches_the_next(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 60);
	int ended = 0;

	for (int i = 0; i < rounds && !k->failed; i++) {
		struct user *u =
		    wri_kit_user(k, then_again_without_timeout, NULL);

		/* The operation ends about when its deadline comes. */
		wri_kit_timeout(u, WEIR_US(100 + 13 * (i % 30)));
		wri_kit_soon(u);
		wri_kit_expect_some(u, 1);
		if (k->failed) {
			break;
		}
		(void)weir_aio_wait_until(u->aio, weir_now() + WEIR_MS(2));
		(void)weir_aio_cancel(u->aio); /* what still waits */
		wri_kit_expect_calls(u, 2);
		/* The second may find what the first left, or what comes late
		 * of an earlier round. */
		expect_either(u, 0, WEIR_OK, WEIR_ETIMEDOUT);
		expect_either(u, 1, WEIR_OK, WEIR_ECANCELED);
		ended += !k->failed && u->results[0] == WEIR_OK;
		ended += !k->failed && u->results[1] == WEIR_OK;
		wri_kit_expect(
		    k, ended <= i + 1, "one end for each submit_soon", "more");
		wri_kit_done(u);
	}
}

static void
expect_result(struct user *u, weir_err want)
{
	wri_kit_expect_idle(u);
	if (u != NULL && !u->kit->failed) {
		wri_kit_expect_code(
		    u->kit, "result", weir_aio_result(u->aio), want);
	}
}

void
wri_kit_wait_only_handle(struct kit *k)
{
	struct user *u = wri_kit_waiter(k);

	wri_kit_soon(u);
	expect_result(u, WEIR_OK);
	wri_kit_collect(u);

	wri_kit_submit(u);
	expect_busy(u, true);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	expect_result(u, WEIR_ECANCELED);

	wri_kit_timeout(u, KIT_SHORT);
	wri_kit_submit(u);
	expect_result(u, WEIR_ETIMEDOUT);

	wri_kit_timeout(u, WEIR_DEFAULT);
	wri_kit_submit(u);
	wri_kit_expect_stop(u);
	expect_result(u, WEIR_ESTOPPED);
}

static void
then_again_soon(struct user *u)
{
	if (u->calls < 50) {
		wri_kit_raw_soon(u->kit, u->aio);
	}
}

void
wri_kit_callback_may_submit_again(struct kit *k)
{
	struct user *u = wri_kit_user(k, then_again_soon, NULL);

	wri_kit_soon(u);
	/* Wait goes on over restarts. */
	wri_kit_expect_idle(u);
	wri_kit_expect_calls(u, 50);
	for (unsigned i = 0; i < 50 && !k->failed; i++) {
		wri_kit_expect_code(k, "result", u->results[i], WEIR_OK);
	}
}

/* Between operations each kind of end in turn, from the callback. */
static void
then_other_end(struct user *u)
{
	const weir_duration timeouts[] = {0, WEIR_US(500)};

	if (u->calls < 20) {
		(void)weir_aio_set_timeout(u->aio, timeouts[u->calls % 2]);
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

void
wri_kit_callback_may_submit_what_times_out(struct kit *k)
{
	struct user *u = wri_kit_user(k, then_other_end, NULL);

	wri_kit_soon(u);
	wri_kit_expect_idle(u);
	wri_kit_expect_calls(u, 20);
	for (unsigned i = 1; i < 20 && !k->failed; i++) {
		wri_kit_expect_code(k, "result", u->results[i], WEIR_ETIMEDOUT);
	}
}

static void
then_cancel_itself(struct user *u)
{
	*(weir_cancel *)u->arg = weir_aio_cancel(u->aio);
}

void
wri_kit_cancel_in_the_callback_is_too_late(struct kit *k)
{
	weir_cancel met = WEIR_CANCEL_IDLE;
	struct user *u = wri_kit_user(k, then_cancel_itself, &met);

	wri_kit_soon(u);
	wri_kit_expect_end(u, 1, WEIR_OK);
	wri_kit_expect(k, met == WEIR_CANCEL_TOO_LATE,
	    "too late as the answer to a cancel in the callback", "another");
	expect_result(u, WEIR_OK);
	wri_kit_done(u); /* while met lives */
}

void
wri_kit_skip_callback_says_the_truth(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);
	unsigned calls = 0;

	for (int i = 0; i < 20 && !k->failed; i++) {
		bool skipped = true;

		weir_aio_skip_callback(u->aio, &skipped);
		wri_kit_expect(k, !skipped, "false before the submit", "true");
		if (i % 2 == 0) {
			wri_kit_soon(u);
		} else {
			wri_kit_submit(u);
			(void)weir_aio_cancel(u->aio);
		}
		if (skipped) {
			wri_kit_expect(k, i % 2 == 0 && !weir_aio_busy(u->aio),
			    "a skip of what ended in its submit", "another");
			wri_kit_collect(u);
		} else {
			wri_kit_expect_calls(u, ++calls);
			if (u->result != WEIR_ECANCELED || i % 2 == 0) {
				/* What was full may find room after all. */
				wri_kit_expect_code(
				    k, "result", u->result, WEIR_OK);
			}
		}
		wri_kit_expect_idle(u);
	}
	wri_kit_expect_calls(u, calls);
	/* It was for one operation only. */
	wri_kit_soon(u);
	wri_kit_expect_end(u, calls + 1, WEIR_OK);
}

void
wri_kit_many_handles_each_end_once(struct kit *k)
{
	enum { MANY = 100 };
	struct user *u[MANY];

	for (int i = 0; i < MANY; i++) {
		u[i] = wri_kit_user(k, NULL, NULL);
		wri_kit_submit(u[i]);
	}
	for (int i = 0; i < MANY; i += 2) {
		wri_kit_expect_abort(u[i], WEIR_EPROTO, WEIR_CANCEL_REQUESTED);
	}
	for (int i = 0; i < MANY; i += 2) {
		wri_kit_expect_end(u[i], 1, WEIR_EPROTO);
		wri_kit_expect_calls(u[i + 1], 0);
	}
	for (int i = 1; i < MANY; i += 2) {
		wri_kit_expect_stop(u[i]);
		wri_kit_expect_end(u[i], 1, WEIR_ESTOPPED);
	}
}

void
wri_kit_deaf_only_end_ends(struct kit *k)
{
	struct user *u = wri_kit_user(k, NULL, NULL);

	wri_kit_timeout(u, KIT_SHORT);
	wri_kit_submit(u);
	wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
	wri_kit_expect_quiet(u, 0);
	wri_kit_end(k);
	wri_kit_expect_end(u, 1, WEIR_OK);
	expect_count(u, k->p->count);
	wri_kit_expect_idle(u);
	/* What is refused ends all the same. */
	wri_kit_timeout(u, 0);
	wri_kit_submit(u);
	wri_kit_expect_end(u, 2, WEIR_ETIMEDOUT);
}
