/*
 * rules_race - the same calls from several threads at once, many rounds.
 *
 * Shape      each round is one operation, or one handle; helpers begin their
 *            job when it begins and have done it when it ends.
 */
#include "kit.h"

#include <sched.h>

/* A job: abort, a little later. */
struct aborter {
	struct dice dice;
	weir_aio *aio;
	weir_err code;
	weir_cancel met;
};

static void
job_abort(void *arg)
{
	struct aborter *a = arg;

	wri_kit_spin(&a->dice, 400);
	a->met = weir_aio_abort(a->aio, a->code);
}

void
wri_kit_abort_right_after_submit(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 2000);
	struct user *u = wri_kit_user(k, NULL, NULL);
	struct helper *h = wri_kit_helper(k);
	struct aborter a = {.aio = u != NULL ? u->aio : NULL};

	wri_kit_dice(k, &a.dice, 1);
	for (int i = 0; i < rounds && !k->failed; i++) {
		a.code = WEIR_EPROTO;
		wri_kit_begin(h, job_abort, &a);
		wri_kit_submit(u);
		wri_kit_join(h);
		wri_kit_expect(k, a.met != WEIR_CANCEL_TOO_LATE,
		    "a pending operation", "one that was decided");
		if (a.met == WEIR_CANCEL_IDLE) {
			wri_kit_expect_cancel(u, WEIR_CANCEL_REQUESTED);
		}
		wri_kit_expect_end(u, (unsigned)i + 1,
		    a.met == WEIR_CANCEL_IDLE ? WEIR_ECANCELED : WEIR_EPROTO);
		wri_kit_expect_idle(u);
	}
}

/* Operation 1 ends by itself; its callback submits number 2, pending. */
static void
then_pending(struct user *u)
{
	if (u->calls % 2 == 1) {
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

/* What the second one may end with, when the abort has met this. */
static void
expect_second(struct user *u, const struct aborter *a)
{
	struct kit *k = u->kit;

	if (k->failed || u->result == WEIR_ECANCELED || u->result == WEIR_OK) {
		return;
	}
	wri_kit_expect(k, a->met == WEIR_CANCEL_REQUESTED,
	    "no end by an abort that was too late", "one");
	wri_kit_expect_code(k, "result", u->result, a->code);
}

void
wri_kit_abort_reaches_one_operation(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 1000);
	struct user *u = wri_kit_user(k, then_pending, NULL);
	struct helper *h = wri_kit_helper(k);
	struct aborter a = {.aio = u != NULL ? u->aio : NULL};

	wri_kit_dice(k, &a.dice, 1);
	for (int i = 0; i < rounds && !k->failed; i++) {
		const unsigned first = (unsigned)i * 2;

		a.code = (weir_err)(200 + i % 2);
		wri_kit_begin(h, job_abort, &a);
		wri_kit_soon(u);
		wri_kit_join(h);
		wri_kit_expect_some(u, first + 1);
		if (u == NULL || k->failed) {
			break;
		}
		(void)weir_aio_cancel(u->aio);
		wri_kit_expect_calls(u, first + 2);
		if (first + 1 < KIT_SEEN_MAX && !k->failed &&
		    u->results[first] == a.code) {
			/* It has hit the first: the second is unharmed, or
			 * found what the first one left. */
			wri_kit_expect(k, a.met == WEIR_CANCEL_REQUESTED,
			    "no end by an abort that was too late", "one");
			wri_kit_expect(k, u->result != a.code,
			    "an abort to reach one operation", "it reach two");
		}
		expect_second(u, &a);
		wri_kit_expect_idle(u);
	}
}

void
wri_kit_finish_cancel_timeout_at_once(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 1000);
	struct user *u = wri_kit_user(k, NULL, NULL);
	struct helper *h = wri_kit_helper(k);
	struct aborter a = {
	    .aio = u != NULL ? u->aio : NULL, .code = WEIR_EPROTO};

	wri_kit_dice(k, &a.dice, 1);
	for (int i = 0; i < rounds && !k->failed; i++) {
		wri_kit_timeout(u, WEIR_US(wri_kit_roll(&k->dice, 200)));
		wri_kit_submit(u);
		wri_kit_begin(h, job_abort, &a);
		wri_kit_spin(&k->dice, 400);
		wri_kit_end(k);
		wri_kit_join(h);
		wri_kit_expect_calls(u, (unsigned)i + 1);
		if (u == NULL || k->failed) {
			break;
		}
		if (u->result == WEIR_EPROTO) {
			wri_kit_expect(k, a.met == WEIR_CANCEL_REQUESTED,
			    "no end by an abort that was too late", "one");
		} else if (u->result != WEIR_ETIMEDOUT) {
			wri_kit_expect_code(k, "result", u->result, WEIR_OK);
		}
		wri_kit_expect_size(k, "count", u->count,
		    u->result == WEIR_OK ? k->p->count : 0);
		wri_kit_expect_idle(u);
	}
}

/* --- Stop and free while it completes ---------------------------------- */

static void
then_sometimes_again(struct user *u)
{
	if (u->calls < 3) {
		wri_kit_raw_soon(u->kit, u->aio);
	} else if (u->calls == 3) {
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

/* A job: one of several calls, a little later. */
struct stopper {
	struct kit *kit;
	struct dice dice;
	weir_aio *aio;
	uint32_t what;
};

static void
job_stopper(void *arg)
{
	struct stopper *s = arg;

	wri_kit_spin(&s->dice, 3000);
	switch (s->what) {
	case 0:
		(void)weir_aio_stop_until(s->aio,
		    weir_time_after(weir_now(), s->kit->limit), NULL, NULL);
		break;
	case 1:
		weir_aio_close(s->aio);
		break;
	case 2:
		(void)weir_aio_cancel(s->aio);
		break;
	case 3:
		(void)weir_aio_wait_until(s->aio, weir_now() + WEIR_MS(1));
		break;
	case 4:
		weir_aio_free(s->aio);
		break;
	default:
		weir_aio_reap(s->aio);
		break;
	}
}

void
wri_kit_stop_from_many_threads(struct kit *k)
{
	enum { THREADS = 3 };
	const int rounds = wri_kit_rounds(k, 300);
	struct stopper s[THREADS];
	struct helper *h[THREADS];

	for (int t = 0; t < THREADS; t++) {
		h[t] = wri_kit_helper(k);
		s[t].kit = k;
		wri_kit_dice(k, &s[t].dice, (uint64_t)t + 1);
	}
	for (int i = 0; i < rounds && !k->failed; i++) {
		struct user *u = wri_kit_user(k, then_sometimes_again, NULL);
		unsigned calls;

		if (u == NULL) {
			break;
		}
		for (int t = 0; t < THREADS; t++) {
			s[t].aio = u->aio;
			s[t].what = wri_kit_roll(&k->dice, 4);
			wri_kit_begin(h[t], job_stopper, &s[t]);
		}
		wri_kit_soon(u);
		for (int t = 0; t < THREADS; t++) {
			wri_kit_join(h[t]);
		}
		wri_kit_done(u);
		calls = wri_kit_calls(u);
		wri_kit_expect(
		    k, calls <= 4, "one callback for each operation", "more");
		wri_kit_expect_calls(u, calls);
	}
}

void
wri_kit_free_or_reap_while_it_completes(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 500);
	struct helper *h = wri_kit_helper(k);
	struct stopper s = {.kit = k};

	wri_kit_dice(k, &s.dice, 1);
	for (int i = 0; i < rounds && !k->failed; i++) {
		struct user *u = wri_kit_user(k, NULL, NULL);

		if (u == NULL) {
			break;
		}
		if (wri_kit_roll(&k->dice, 2) == 0) {
			wri_kit_timeout(
			    u, WEIR_US(wri_kit_roll(&k->dice, 100)));
		}
		s.aio = u->aio;
		s.what = 4 + wri_kit_roll(&k->dice, 2);
		wri_kit_submit(u);
		wri_kit_gone(u);
		wri_kit_begin(h, job_stopper, &s);
		wri_kit_end(k);
		wri_kit_join(h);
		wri_kit_expect_calls(u, 1);
		if (!k->failed && u->result != WEIR_OK &&
		    u->result != WEIR_ETIMEDOUT) {
			wri_kit_expect_code(
			    k, "result", u->result, WEIR_ESTOPPED);
		}
	}
}

/* --- Any order --------------------------------------------------------- */

#define CODE_FIRST 200
#define CODES 3

static void
then_any(struct user *u)
{
	if (u->again == 0) {
		return;
	}
	u->again--;
	if (wri_kit_roll(&u->dice, 2) == 0) {
		wri_kit_raw_soon(u->kit, u->aio);
	} else {
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

/* A job: three of cancel, abort, wait. */
static void
job_any(void *arg)
{
	struct stopper *s = arg;

	for (int i = 0; i < 3; i++) {
		const uint32_t what = wri_kit_roll(&s->dice, 6);

		wri_kit_spin(&s->dice, 1000);
		if (what < CODES) {
			(void)weir_aio_abort(
			    s->aio, (weir_err)(CODE_FIRST + what));
		} else if (what == CODES) {
			(void)weir_aio_cancel(s->aio);
		} else {
			(void)weir_aio_wait_until(
			    s->aio, weir_now() + WEIR_US(20));
		}
	}
}

/* The rule's own thread ends the round, one way or another. */
static void
any_end(struct user *u, struct helper *h, struct stopper *s, uint32_t how)
{
	struct kit *k = u->kit;
	const weir_time until = weir_time_after(weir_now(), k->limit);

	if (how == 0) {
		/* The callback may submit again: ask until all is quiet. */
		do {
			(void)weir_aio_cancel(u->aio);
		} while (weir_aio_wait_until(
			     u->aio, weir_now() + WEIR_US(200)) != WEIR_OK &&
			 weir_now() < until);
		wri_kit_expect_idle(u);
		wri_kit_done(u);
	} else if (how == 1) {
		wri_kit_expect_stop(u);
		wri_kit_done(u);
	} else {
		const uint64_t others = wri_kit_handles() - 1;

		wri_kit_gone(u);
		s->aio = u->aio;
		s->what = how == 2 ? 4 : 5;
		wri_kit_begin(h, job_stopper, s);
		wri_kit_join(h);
		/* One that is reaped may have callbacks to come, which use the
		 * provider. */
		while (wri_kit_handles() > others && weir_now() < until) {
			(void)sched_yield();
		}
	}
}

/* Of the callbacks that have returned. */
static void
expect_any(struct user *u, unsigned calls, bool timed)
{
	for (unsigned i = 0; i < calls && !u->kit->failed; i++) {
		const weir_err r = u->results[i];

		if (r == WEIR_OK || r == WEIR_ECANCELED || r == WEIR_ESTOPPED ||
		    (r >= CODE_FIRST && r < CODE_FIRST + CODES) ||
		    (r == WEIR_ETIMEDOUT && timed)) {
			continue;
		}
		wri_kit_fail(u->kit, "a result that somebody asked for, or ok",
		    "%d (%s) of operation %u", (int)r, weir_strerror(r), i + 1);
	}
}

static void
any_round(struct kit *k, struct helper **h, struct stopper *s, int round)
{
	const weir_duration timeouts[] = {
	    0, WEIR_US(80), WEIR_SECONDS(3600), WEIR_INFINITE};
	const uint32_t timeout = wri_kit_roll(&k->dice, 4);
	const uint32_t how = wri_kit_roll(&k->dice, 4);
	struct user *u = wri_kit_user(k, then_any, NULL);
	unsigned calls;

	if (u == NULL) {
		return;
	}
	wri_kit_dice(k, &u->dice, 100 + (uint64_t)round);
	u->again = wri_kit_roll(&k->dice, 3);
	wri_kit_timeout(u, timeouts[timeout]);
	for (int t = 0; t < 2; t++) {
		s[t].aio = u->aio;
		wri_kit_begin(h[t], job_any, &s[t]);
	}
	if (wri_kit_roll(&k->dice, 2) == 0) {
		wri_kit_soon(u);
	} else {
		wri_kit_submit(u);
	}
	wri_kit_spin(&k->dice, 1000);
	if (wri_kit_roll(&k->dice, 2) == 0) {
		wri_kit_end(k);
	}
	for (int t = 0; t < 2; t++) {
		wri_kit_join(h[t]);
	}
	if (!k->lost) {
		any_end(u, h[0], &s[0], how);
	}
	wri_kit_expect_some(u, 1);
	/* One that is reaped may have more to come. */
	calls = wri_kit_calls(u);
	if (!k->failed && !wri_kit_await(k, &u->ended, calls, k->limit)) {
		wri_kit_lose(k, "callbacks that end", "one that does not");
	}
	expect_any(u, calls, timeout < 2);
	wri_kit_expect(k, wri_kit_calls(u) <= 3,
	    "one callback for each operation", "more");
}

void
wri_kit_any_order(struct kit *k)
{
	const int rounds = wri_kit_rounds(k, 300);
	struct stopper s[2] = {{.kit = k}, {.kit = k}};
	struct helper *h[2];

	for (int t = 0; t < 2; t++) {
		h[t] = wri_kit_helper(k);
		wri_kit_dice(k, &s[t].dice, (uint64_t)t + 1);
	}
	for (int i = 0; i < rounds && !k->failed; i++) {
		any_round(k, h, s, i);
	}
}
