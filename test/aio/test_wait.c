/*
 * test_wait - wait, stop, close, free and reap, in every state of the handle.
 */
#include "aio/stage.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <string.h>
#include <unistd.h>

static bool
is_idle(int state)
{
	return state == STAGE_IDLE || state == STAGE_ENDED ||
	       state == STAGE_STOPPED || state == STAGE_FINISHED;
}

START_TEST(wait_with_a_time_passed_only_looks)
{
	stage_up(_i);
	ck_assert_int_eq(weir_aio_wait_until(stage.c.aio, 0),
	    is_idle(_i) ? WEIR_OK : WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_wait_until(stage.c.aio, weir_now()),
	    is_idle(_i) ? WEIR_OK : WEIR_ETIMEDOUT);
	stage_down(true);
}
END_TEST

START_TEST(wait_ends_at_its_time_and_not_before)
{
	stage_up(_i);
	if (!is_idle(_i)) {
		weir_time until = weir_now() + WEIR_MS(5);

		ck_assert_int_eq(
		    weir_aio_wait_until(stage.c.aio, until), WEIR_ETIMEDOUT);
		ck_assert_int_ge(weir_now(), until);
	}
	stage_down(true);
}
END_TEST

/* What the handle waits for, when stop gives up. */
static const struct {
	weir_blocker what;
	const char *who;
} blockers[STAGE_STATES] = {
    [STAGE_IDLE] = {WEIR_BLOCKER_NONE, ""},
    [STAGE_STARTED] = {WEIR_BLOCKER_PROVIDER, "toy"},
    [STAGE_QUEUED] = {WEIR_BLOCKER_QUEUE, ""},
    [STAGE_RUNNING] = {WEIR_BLOCKER_CALLBACK, ""},
    [STAGE_RESTARTED] = {WEIR_BLOCKER_CALLBACK, "toy"},
    [STAGE_ENDED] = {WEIR_BLOCKER_NONE, ""},
    [STAGE_STOPPED] = {WEIR_BLOCKER_NONE, ""},
    [STAGE_FINISHED] = {WEIR_BLOCKER_NONE, ""},
};

START_TEST(stop_until_says_what_is_in_the_way)
{
	weir_blocker what = WEIR_BLOCKER_CANCEL;
	const char *who = "?";

	stage_up(_i);
	stage.toy.stubborn = true;
	ck_assert_int_eq(weir_aio_stop_until(stage.c.aio, 0, &what, &who),
	    is_idle(_i) ? WEIR_OK : WEIR_ETIMEDOUT);
	ck_assert_int_eq(what, blockers[_i].what);
	ck_assert_str_eq(who, blockers[_i].who);
	/* Both may be NULL. */
	ck_assert_int_eq(weir_aio_stop_until(stage.c.aio, 0, NULL, NULL),
	    is_idle(_i) ? WEIR_OK : WEIR_ETIMEDOUT);
	stage_down(false);
}
END_TEST

START_TEST(stop_until_names_a_hook_that_does_not_return)
{
	struct latch in_hook, hold;
	pthread_t canceller;
	weir_blocker what;
	const char *who;

	latch_init(&in_hook);
	latch_init(&hold);
	stage_up(STAGE_STARTED);
	stage.toy.in_hook = &in_hook;
	stage.toy.hold_hook = &hold;
	ck_assert_int_eq(
	    pthread_create(&canceller, NULL,
		(void *(*)(void *))(void *)weir_aio_close, stage.c.aio),
	    0);
	ck_assert(latch_wait(&in_hook, 1));
	ck_assert_int_eq(
	    weir_aio_stop_until(stage.c.aio, 0, &what, &who), WEIR_ETIMEDOUT);
	ck_assert_int_eq(what, WEIR_BLOCKER_CANCEL);
	ck_assert_str_eq(who, "toy");
	latch_hit(&hold);
	ck_assert_int_eq(pthread_join(canceller, NULL), 0);
	ck_assert_int_eq(
	    weir_aio_stop_until(stage.c.aio, WEIR_NEVER, &what, &who), WEIR_OK);
	ck_assert_int_eq(what, WEIR_BLOCKER_NONE);
	ck_assert_str_eq(who, "");
	stage_down(false);
	latch_fini(&in_hook);
	latch_fini(&hold);
}
END_TEST

/* --- Calls that block, let go by another thread ------------------------ */

struct helper {
	pthread_t id;
	pid_t of;
};

/* When the main thread sleeps in its call, let the stage go on. */
static void *
helper_main(void *arg)
{
	struct helper *h = arg;

	if (!is_idle((int)stage.state) && stage.state != STAGE_STARTED) {
		(void)proc_await_sleep(h->of);
	}
	latch_hit(&stage.go);
	return NULL;
}

static void
help(struct helper *h)
{
	h->of = gettid();
	ck_assert_int_eq(pthread_create(&h->id, NULL, helper_main, h), 0);
}

/* What the last callback told, when stop, close or free ended it. */
static void
expect_stopped(void)
{
	switch (stage.state) {
	case STAGE_STARTED:
		ck_assert_uint_eq(stage.c.calls, 1);
		ck_assert_int_eq(stage.c.result, WEIR_ESTOPPED);
		break;
	case STAGE_RESTARTED:
		ck_assert_uint_eq(stage.c.calls, 2);
		ck_assert_int_eq(stage.c.result, WEIR_ESTOPPED);
		break;
	case STAGE_QUEUED:
	case STAGE_RUNNING:
	case STAGE_ENDED:
		ck_assert_uint_eq(stage.c.calls, 1);
		ck_assert_int_eq(stage.c.result, WEIR_OK);
		break;
	case STAGE_IDLE:
	case STAGE_STOPPED:
	case STAGE_FINISHED:
	case STAGE_STATES:
		ck_assert_uint_eq(stage.c.calls, 0);
		break;
	}
}

START_TEST(stop_returns_when_no_callback_runs_or_will)
{
	struct helper h;

	stage_up(_i);
	help(&h);
	ck_assert_int_eq(weir_aio_stop(stage.c.aio), WEIR_OK);
	ck_assert_uint_eq(stage.c.inside, 0);
	expect_stopped();
	ck_assert(!weir_aio_busy(stage.c.aio));
	ck_assert_int_eq(weir_aio_stop(stage.c.aio), WEIR_OK);
	ck_assert_int_eq(pthread_join(h.id, NULL), 0);
	stage_down(false);
}
END_TEST

START_TEST(close_returns_at_once_and_stops)
{
	stage_up(_i);
	weir_aio_close(stage.c.aio);
	weir_aio_close(stage.c.aio);
	latch_hit(&stage.go);
	consumer_settle(&stage.c);
	expect_stopped();
	toy_submit(&stage.toy, stage.c.aio);
	ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_ESTOPPED);
	stage_down(false);
}
END_TEST

START_TEST(free_returns_when_no_callback_runs_or_will)
{
	struct helper h;

	stage_up(_i);
	help(&h);
	weir_aio_free(stage.c.aio);
	stage.gone = true;
	ck_assert_uint_eq(stage.c.inside, 0);
	expect_stopped();
	ck_assert_int_eq(pthread_join(h.id, NULL), 0);
	stage_down(false);
}
END_TEST

START_TEST(reap_returns_at_once)
{
	stage_up(_i);
	weir_aio_reap(stage.c.aio);
	stage.gone = true;
	latch_hit(&stage.go);
	stage_down(false);
	expect_stopped();
}
END_TEST

/* --- Restarts ---------------------------------------------------------- */

static void
then_again(struct consumer *c)
{
	if (c->calls < 20) {
		weir_sleep_aio(WEIR_US(100), c->aio);
	}
}

START_TEST(a_callback_that_submits_again_keeps_wait_waiting)
{
	struct consumer c;

	rt_up(NULL);
	consumer_init(&c, then_again, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert_int_eq(weir_aio_wait(c.aio), WEIR_OK);
	ck_assert_uint_eq(c.calls, 20);
	consumer_fini(&c);
	rt_down();
}
END_TEST

/* --- Several at once --------------------------------------------------- */

struct waiter {
	pthread_t id;
	_Atomic pid_t tid;
	weir_err rv;
	int how;
};

static void *
waiter_main(void *arg)
{
	struct waiter *w = arg;

	w->tid = gettid();
	switch (w->how) {
	case 0:
		w->rv = weir_aio_wait(stage.c.aio);
		break;
	case 1:
		w->rv = weir_aio_wait_until(
		    stage.c.aio, weir_now() + WEIR_SECONDS(100));
		break;
	default:
		w->rv = weir_aio_stop(stage.c.aio);
		break;
	}
	return NULL;
}

static void
waiters_start(struct waiter *w, int n, int how)
{
	for (int i = 0; i < n; i++) {
		w[i].tid = 0;
		w[i].how = how < 0 ? i % 3 : how;
		ck_assert_int_eq(
		    pthread_create(&w[i].id, NULL, waiter_main, &w[i]), 0);
	}
	for (int i = 0; i < n; i++) {
		struct timespec ms = {0, 1000000};

		while (w[i].tid == 0) {
			(void)nanosleep(&ms, NULL);
		}
		ck_assert(proc_await_sleep(w[i].tid));
	}
}

START_TEST(all_waiters_return_when_it_is_idle)
{
	struct waiter w[6];

	stage_up(STAGE_STARTED);
	stage.toy.stubborn = true;
	waiters_start(w, 6, -1);
	ck_assert_uint_eq(stage.c.calls, 0);
	ck_assert(toy_finish_first(&stage.toy, WEIR_OK, 3));
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(pthread_join(w[i].id, NULL), 0);
		ck_assert_int_eq(w[i].rv, WEIR_OK);
	}
	ck_assert_uint_eq(stage.c.calls, 1);
	stage_down(false);
}
END_TEST

START_TEST(free_lets_those_return_first_who_wait_already)
{
	struct waiter w[4];

	stage_up(STAGE_STARTED);
	waiters_start(w, 4, 0);
	weir_aio_free(stage.c.aio);
	stage.gone = true;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(w[i].id, NULL), 0);
		ck_assert_int_eq(w[i].rv, WEIR_OK);
	}
	stage_down(false);
}
END_TEST

START_TEST(reap_lets_those_return_first_who_wait_already)
{
	struct waiter w[4];

	stage_up(STAGE_STARTED);
	stage.toy.stubborn = true;
	waiters_start(w, 4, 1);
	weir_aio_reap(stage.c.aio);
	stage.gone = true;
	ck_assert(toy_finish_first(&stage.toy, WEIR_OK, 1));
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(w[i].id, NULL), 0);
		ck_assert_int_eq(w[i].rv, WEIR_OK);
	}
	stage_down(false);
}
END_TEST

/* --- From inside ------------------------------------------------------- */

struct inside {
	weir_err wait, wait_until, stop, stop_until;
	weir_err result;
	bool tried;
};

static void
try_inside(struct inside *i, weir_aio *aio)
{
	i->wait = weir_aio_wait(aio);
	i->wait_until = weir_aio_wait_until(aio, weir_now() + WEIR_MS(1));
	i->stop_until = weir_aio_stop_until(aio, WEIR_NEVER, NULL, NULL);
	i->stop = weir_aio_stop(aio);
	i->tried = true;
}

static void
expect_inside(const struct inside *i)
{
	ck_assert(i->tried);
	ck_assert_int_eq(i->wait, WEIR_EDEADLK);
	ck_assert_int_eq(i->wait_until, WEIR_EDEADLK);
	ck_assert_int_eq(i->stop, WEIR_EDEADLK);
	ck_assert_int_eq(i->stop_until, WEIR_EDEADLK);
}

static struct toy toy;
static struct inside in_callback, in_hook, in_release;
static struct consumer victim;

static void
then_try(struct consumer *c)
{
	try_inside(&in_callback, c->aio);
	toy_submit(&toy, c->aio);
	in_callback.result = weir_aio_result(c->aio);
}

START_TEST(in_the_own_callback_wait_and_stop_are_edeadlk_and_stop_sticks)
{
	memset(&in_callback, 0, sizeof(in_callback));
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
	consumer_init(&victim, then_try, NULL);
	toy_submit_now(victim.aio, WEIR_OK, 0);
	consumer_expect(&victim, 1, WEIR_OK);
	expect_inside(&in_callback);
	ck_assert_int_eq(in_callback.result, WEIR_ESTOPPED);
	ck_assert_uint_eq(toy_refused(&toy), 1);
	consumer_fini(&victim);
	rt_down();
	toy_fini(&toy);
}
END_TEST

static void
release_try(struct toy *t)
{
	(void)t;
	try_inside(&in_release, victim.aio);
}

START_TEST(in_the_own_release_wait_and_stop_are_edeadlk)
{
	memset(&in_release, 0, sizeof(in_release));
	toy_init(&toy, TOY_FULL);
	toy.at_release = release_try;
	rt_up(NULL);
	consumer_init(&victim, NULL, NULL);
	toy_submit(&toy, victim.aio);
	ck_assert(toy_finish(&toy, victim.aio, WEIR_OK, 1));
	consumer_expect(&victim, 1, WEIR_OK);
	expect_inside(&in_release);
	consumer_fini(&victim);
	rt_down();
	toy_fini(&toy);
}
END_TEST

static bool hook_frees;

static void
hook_try(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	if (why == WEIR_ESTOPPED) {
		return; /* by our own stop, while we are in here */
	}
	if (hook_frees) {
		weir_aio_free(aio);
	} else {
		try_inside(&in_hook, aio);
	}
	(void)weir_aio_finish(aio, why);
}

static const weir_provider hook_provider = {
    sizeof(hook_provider), "hook", hook_try, NULL};

static void
hook_submit(weir_aio *aio)
{
	ck_assert_int_eq(weir_aio_reset(aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_start(aio, &hook_provider, NULL), WEIR_OK);
}

/* On our own stack by cancel, on a thread of weir by timeout. */
START_TEST(in_the_own_hook_wait_and_stop_are_edeadlk)
{
	hook_frees = false;
	rt_up(NULL);
	for (int k = 0; k < 2; k++) {
		memset(&in_hook, 0, sizeof(in_hook));
		consumer_init(&victim, NULL, NULL);
		if (k == 1) {
			(void)weir_aio_set_timeout(victim.aio, WEIR_MS(1));
		}
		hook_submit(victim.aio);
		if (k == 0) {
			(void)weir_aio_cancel(victim.aio);
		}
		consumer_expect(
		    &victim, 1, k == 0 ? WEIR_ECANCELED : WEIR_ETIMEDOUT);
		expect_inside(&in_hook);
		consumer_fini(&victim);
	}
	rt_down();
}
END_TEST

START_TEST(in_the_own_hook_free_is_reap)
{
	hook_frees = true;
	rt_up(NULL);
	for (int k = 0; k < 2; k++) {
		consumer_init(&victim, NULL, NULL);
		if (k == 1) {
			(void)weir_aio_set_timeout(victim.aio, WEIR_MS(1));
		}
		hook_submit(victim.aio);
		if (k == 0) {
			(void)weir_aio_cancel(victim.aio);
		}
		victim.gone = true;
		consumer_expect(
		    &victim, 1, k == 0 ? WEIR_ECANCELED : WEIR_ETIMEDOUT);
		consumer_fini(&victim);
	}
	rt_down();
}
END_TEST

static void
release_free(struct toy *t)
{
	(void)t;
	weir_aio_free(victim.aio);
}

START_TEST(in_the_own_release_free_is_reap)
{
	toy_init(&toy, TOY_FULL);
	toy.at_release = release_free;
	rt_up(NULL);
	consumer_init(&victim, NULL, NULL);
	toy_submit(&toy, victim.aio);
	victim.gone = true;
	ck_assert(toy_finish(&toy, victim.aio, WEIR_OK, 1));
	consumer_expect(&victim, 1, WEIR_OK);
	consumer_fini(&victim);
	/* A wait-only one has nothing after its release. */
	consumer_init_waiter(&victim);
	toy_submit(&toy, victim.aio);
	victim.gone = true;
	ck_assert(toy_finish(&toy, victim.aio, WEIR_OK, 1));
	consumer_fini(&victim);
	rt_down();
	ck_assert_uint_eq(toy_released(&toy), 2);
	toy_fini(&toy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *states = tcase_create("states");
	TCase *tc = tcase_create("wait");

	STAGE_ADD(states, wait_with_a_time_passed_only_looks);
	STAGE_ADD(states, wait_ends_at_its_time_and_not_before);
	STAGE_ADD(states, stop_until_says_what_is_in_the_way);
	STAGE_ADD(states, stop_returns_when_no_callback_runs_or_will);
	STAGE_ADD(states, close_returns_at_once_and_stops);
	STAGE_ADD(states, free_returns_when_no_callback_runs_or_will);
	STAGE_ADD(states, reap_returns_at_once);
	suite_add_tcase(suite, states);
	tcase_add_test(tc, stop_until_names_a_hook_that_does_not_return);
	tcase_add_test(tc, a_callback_that_submits_again_keeps_wait_waiting);
	tcase_add_test(tc, all_waiters_return_when_it_is_idle);
	tcase_add_test(tc, free_lets_those_return_first_who_wait_already);
	tcase_add_test(tc, reap_lets_those_return_first_who_wait_already);
	tcase_add_test(
	    tc, in_the_own_callback_wait_and_stop_are_edeadlk_and_stop_sticks);
	tcase_add_test(tc, in_the_own_release_wait_and_stop_are_edeadlk);
	tcase_add_test(tc, in_the_own_hook_wait_and_stop_are_edeadlk);
	tcase_add_test(tc, in_the_own_hook_free_is_reap);
	tcase_add_test(tc, in_the_own_release_free_is_reap);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
