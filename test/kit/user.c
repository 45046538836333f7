/*
 * user - handles whose callbacks keep what they saw, and what is expected of
 * them.
 *
 * Pairs      kit->mtx: what a callback has written is read by the rule after it
 *            has seen `ended` count it.
 */
#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

/* Under mtx: the rule has come one step further. */
static void
kit_step(struct kit *k)
{
	(void)pthread_mutex_lock(&k->mtx);
	k->steps++;
	(void)pthread_mutex_unlock(&k->mtx);
}

/* Whose is the message, by the result? */
static bool
user_msg_wrong(const struct user *u)
{
	const unsigned flags = u->kit->p->flags;
	const bool has = weir_aio_get_msg(u->aio) != NULL;

	if ((flags & WEIR_CONFORMANCE_GIVES_MSG) != 0) {
		return has != (u->result == WEIR_OK);
	}
	if ((flags & WEIR_CONFORMANCE_TAKES_MSG) != 0) {
		return has != (u->result != WEIR_OK);
	}
	return false;
}

static void
user_cb(void *arg)
{
	struct user *u = arg;
	struct kit *k = u->kit;
	unsigned n;

	(void)pthread_mutex_lock(&k->mtx);
	n = u->calls++;
	if (u->inside++ != 0) {
		u->overlapped = true;
	}
	if (pthread_equal(pthread_self(), k->main)) {
		u->on_main = true;
	}
	(void)pthread_mutex_unlock(&k->mtx);
	u->ran_at = weir_now();
	u->result = weir_aio_result(u->aio);
	u->count = weir_aio_count(u->aio);
	if (n < KIT_SEEN_MAX) {
		u->results[n] = u->result;
	}
	for (unsigned i = 0; i < WEIR_AIO_SLOTS && u->result != WEIR_OK; i++) {
		u->gave_output |= weir_aio_get_output(u->aio, i) != NULL;
	}
	u->wrong_msg |= user_msg_wrong(u);
	if (u->result == WEIR_OK && k->p->collect != NULL) {
		k->p->collect(k->p->arg, u->aio);
	}
	if (u->then != NULL) {
		u->then(u);
	}
	(void)pthread_mutex_lock(&k->mtx);
	u->inside--;
	u->ended++;
	/* Under the lock: who waits may end the run once it has it. */
	(void)pthread_cond_broadcast(&k->cond);
	(void)pthread_mutex_unlock(&k->mtx);
}

static struct user *
user_new(struct kit *k, weir_aio_cb cb)
{
	struct user *u = calloc(1, sizeof(*u));
	weir_err err;

	if (u == NULL) {
		wri_kit_fail(k, "memory for the run", "none");
		return NULL;
	}
	u->kit = k;
	err = weir_aio_alloc(&u->aio, cb, u);
	if (err != WEIR_OK) {
		wri_kit_expect_code(k, "weir_aio_alloc", err, WEIR_OK);
		free(u);
		return NULL;
	}
	(void)pthread_mutex_lock(&k->mtx);
	u->next = k->users;
	k->users = u;
	(void)pthread_mutex_unlock(&k->mtx);
	return u;
}

struct user *
wri_kit_user(struct kit *k, void (*then)(struct user *), void *arg)
{
	struct user *u = k->failed ? NULL : user_new(k, user_cb);

	if (u != NULL) {
		u->then = then;
		u->arg = arg;
	}
	return u;
}

struct user *
wri_kit_waiter(struct kit *k)
{
	return k->failed ? NULL : user_new(k, NULL);
}

/* May the rule go on with this one? */
static bool
user_ok(const struct user *u)
{
	return u != NULL && !u->kit->failed;
}

void
wri_kit_gone(struct user *u)
{
	(void)pthread_mutex_lock(&u->kit->mtx);
	u->gone = true;
	(void)pthread_mutex_unlock(&u->kit->mtx);
}

static bool
user_is_gone(struct user *u)
{
	bool gone;

	(void)pthread_mutex_lock(&u->kit->mtx);
	gone = u->gone;
	(void)pthread_mutex_unlock(&u->kit->mtx);
	return gone;
}

void
wri_kit_done(struct user *u)
{
	weir_blocker what = WEIR_BLOCKER_NONE;
	const char *who = "";
	char seen[64];
	struct kit *k;

	if (u == NULL || u->kit->lost || user_is_gone(u)) {
		return;
	}
	k = u->kit;
	kit_step(k);
	weir_aio_close(u->aio);
	if (k->failed || (k->p->flags & WEIR_CONFORMANCE_DEAF) != 0) {
		wri_kit_end(k); /* perhaps that ends it */
	}
	if (weir_aio_stop_until(u->aio, weir_time_after(weir_now(), k->limit),
		&what, &who) == WEIR_OK) {
		wri_kit_gone(u);
		weir_aio_free(u->aio);
		return;
	}
	(void)snprintf(seen, sizeof(seen), "it waits for \"%s\" (blocker %d)",
	    who, (int)what);
	wri_kit_lose(k, "stop to end an operation", seen);
}

void
wri_kit_collect(struct user *u)
{
	struct kit *k;

	if (u == NULL) {
		return;
	}
	k = u->kit;
	if (weir_aio_result(u->aio) == WEIR_OK && k->p->collect != NULL) {
		k->p->collect(k->p->arg, u->aio);
	}
}

/* --- The provider ------------------------------------------------------ */

void
wri_kit_raw_submit(struct kit *k, weir_aio *aio)
{
	k->p->submit(k->p->arg, aio);
}

void
wri_kit_raw_soon(struct kit *k, weir_aio *aio)
{
	if (k->p->submit_soon != NULL) {
		k->p->submit_soon(k->p->arg, aio);
		return;
	}
	k->p->submit(k->p->arg, aio);
	k->p->end(k->p->arg);
}

void
wri_kit_submit(struct user *u)
{
	if (user_ok(u)) {
		kit_step(u->kit);
		wri_kit_raw_submit(u->kit, u->aio);
	}
}

void
wri_kit_soon(struct user *u)
{
	if (user_ok(u)) {
		kit_step(u->kit);
		wri_kit_raw_soon(u->kit, u->aio);
	}
}

void
wri_kit_end(struct kit *k)
{
	if (k->p->end != NULL) {
		k->p->end(k->p->arg);
	}
}

/* --- Expectations ------------------------------------------------------ */

unsigned
wri_kit_calls(struct user *u)
{
	unsigned calls;

	if (u == NULL) {
		return 0;
	}
	(void)pthread_mutex_lock(&u->kit->mtx);
	calls = u->calls;
	(void)pthread_mutex_unlock(&u->kit->mtx);
	return calls;
}

void
wri_kit_expect_some(struct user *u, unsigned n)
{
	if (user_ok(u)) {
		kit_step(u->kit);
		if (!wri_kit_await(u->kit, &u->ended, n, u->kit->limit)) {
			wri_kit_fail(u->kit, "one callback for each operation",
			    "%u callbacks for %u", wri_kit_calls(u), n);
		}
	}
}

void
wri_kit_expect_calls(struct user *u, unsigned n)
{
	wri_kit_expect_some(u, n);
	if (user_ok(u) && wri_kit_calls(u) != n) {
		wri_kit_fail(u->kit, "one callback for each operation",
		    "%u callbacks for %u", wri_kit_calls(u), n);
	}
}

void
wri_kit_expect_end(struct user *u, unsigned n, weir_err result)
{
	wri_kit_expect_calls(u, n);
	if (user_ok(u)) {
		wri_kit_expect_code(u->kit, "result", u->result, result);
	}
}

void
wri_kit_expect_quiet(struct user *u, unsigned n)
{
	if (user_ok(u) && wri_kit_await(u->kit, &u->calls, n + 1, KIT_QUIET)) {
		wri_kit_fail(u->kit, "a pending operation to stay pending",
		    "it end with %d (%s)", (int)u->result,
		    weir_strerror(u->result));
	}
}

void
wri_kit_expect_idle(struct user *u)
{
	if (user_ok(u)) {
		kit_step(u->kit);
		wri_kit_expect_code(u->kit, "wait",
		    weir_aio_wait_until(
			u->aio, weir_time_after(weir_now(), u->kit->limit)),
		    WEIR_OK);
	}
}

void
wri_kit_expect_abort(struct user *u, weir_err why, weir_cancel want)
{
	static const char *const met[] = {"idle", "requested", "too late"};

	if (user_ok(u)) {
		weir_cancel got = weir_aio_abort(u->aio, why);

		if (got != want) {
			wri_kit_fail(u->kit, met[want],
			    "%s as the answer to a cancel", met[got]);
		}
	}
}

void
wri_kit_expect_cancel(struct user *u, weir_cancel want)
{
	wri_kit_expect_abort(u, WEIR_OK, want);
}

void
wri_kit_expect_stop(struct user *u)
{
	weir_blocker what = WEIR_BLOCKER_NONE;
	const char *who = "";

	if (user_ok(u)) {
		kit_step(u->kit);
		if (weir_aio_stop_until(u->aio,
			weir_time_after(weir_now(), u->kit->limit), &what,
			&who) != WEIR_OK) {
			wri_kit_fail(u->kit, "stop to end an operation",
			    "it waits for \"%s\" (blocker %d)", who, (int)what);
		}
	}
}

void
wri_kit_timeout(struct user *u, weir_duration timeout)
{
	if (user_ok(u)) {
		wri_kit_expect_code(u->kit, "weir_aio_set_timeout",
		    weir_aio_set_timeout(u->aio, timeout), WEIR_OK);
	}
}

void
wri_kit_expire(struct user *u, weir_time at)
{
	if (user_ok(u)) {
		wri_kit_expect_code(u->kit, "weir_aio_set_expire",
		    weir_aio_set_expire(u->aio, at), WEIR_OK);
	}
}
