/*
 * states_scene - a handle in a state, a call, and what came of it.
 *
 * Pairs      what is in the scene is written by one thread at a time; latches
 *            and joins carry it to the next.
 */
#include "aio/states.h"
#include "support/rt.h"
#include "weir/proc.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char *const states_names[IN_STATES] = {
    [IN_FRESH] = "fresh",
    [IN_ENDED] = "ended",
    [IN_CLEAR] = "clear",
    [IN_STARTING] = "starting",
    [IN_ACTIVE] = "active",
    [IN_HOOK] = "hook",
    [IN_QUEUED] = "queued",
    [IN_RUNNING] = "running",
    [IN_AGAIN] = "again",
    [IN_STOPPED] = "stopped",
    [IN_STOPPING] = "stopping",
    [IN_CLOSED] = "closed",
    [IN_DROPPED] = "dropped",
    [IN_FINI] = "fini",
    [IN_ABANDONED] = "abandoned",
    [IN_CHILD] = "child",
    [IN_NULL] = "NULL",
    [IN_OWN_CALLBACK] = "own callback",
    [IN_OWN_AGAIN] = "own callback, again",
    [IN_OWN_HOOK] = "own hook",
    [IN_OWN_RELEASE] = "own release",
};

char states_bytes[STATES_IOV_LEN];
int states_input, states_output, states_msg;

/* The one; hooks have no other way to it. */
static struct states_scene *scene;

/* --- For probes -------------------------------------------------------- */

void
states_say(struct states_scene *s, const char *word)
{
	(void)snprintf(s->got, sizeof(s->got), "%s", word);
}

void
states_say_err(struct states_scene *s, weir_err rv)
{
	switch ((int)rv) {
	case WEIR_OK:
		states_say(s, "OK");
		break;
	case WEIR_EMISUSE:
		states_say(s, "misuse");
		break;
	case WEIR_EINVAL:
		states_say(s, "EINVAL");
		break;
	case WEIR_ESTATE:
		states_say(s, "ESTATE");
		break;
	case WEIR_ESTOPPED:
		states_say(s, "ESTOPPED");
		break;
	case WEIR_EFORK:
		states_say(s, "EFORK");
		break;
	case WEIR_EDEADLK:
		states_say(s, "EDEADLK");
		break;
	case WEIR_ETIMEDOUT:
		states_say(s, "ETIMEDOUT");
		break;
	default:
		states_say(s, weir_strerror(rv));
		break;
	}
}

bool
states_is_idle(const struct states_scene *s)
{
	switch (s->state) {
	case IN_FRESH:
	case IN_ENDED:
	case IN_CLEAR:
	case IN_STOPPED:
	case IN_CLOSED:
	case IN_DROPPED:
	case IN_FINI:
	case IN_CHILD:
	case IN_NULL:
	case IN_STATES:
		return true;
	case IN_STARTING:
	case IN_ACTIVE:
	case IN_HOOK:
	case IN_QUEUED:
	case IN_RUNNING:
	case IN_AGAIN:
	case IN_STOPPING:
	case IN_ABANDONED:
	case IN_OWN_CALLBACK:
	case IN_OWN_AGAIN:
	case IN_OWN_HOOK:
	case IN_OWN_RELEASE:
		break;
	}
	return false;
}

bool
states_is_pending(const struct states_scene *s)
{
	return !states_is_idle(s) && s->state != IN_RUNNING &&
	       s->state != IN_OWN_CALLBACK;
}

bool
states_is_open(const struct states_scene *s)
{
	return states_is_pending(s) && s->state != IN_QUEUED &&
	       s->state != IN_OWN_RELEASE;
}

bool
states_is_clear(const struct states_scene *s)
{
	return s->state == IN_FRESH || s->state == IN_CLEAR;
}

void
states_ends(struct states_scene *s, weir_err result, size_t count)
{
	s->read = (struct states_end){result, count};
	s->seen = s->read;
}

void
states_one_more(struct states_scene *s, weir_err result, size_t count)
{
	s->calls++;
	states_ends(s, result, count);
}

bool
states_misused(const struct states_scene *s)
{
	return s->misuse.n > 0;
}

/* --- Up ---------------------------------------------------------------- */

static void
on_misuse(void *arg, const weir_misuse *m)
{
	struct states_misuse *s = arg;

	(void)snprintf(s->call, sizeof(s->call), "%s", m->call);
	s->object = m->object;
	s->n++;
}

static void
scene_up(struct states_scene *s)
{
	const weir_iov iov = {states_bytes, sizeof(states_bytes)};
	const weir_params p = {.size = sizeof(p),
	    .num_task_threads = 1,
	    .fini_limit = s->state == IN_ABANDONED ? WEIR_MS(1) : 0};

	const weir_pool_params one = {.size = sizeof(one), .threads_min = 1};

	scene = s;
	latch_init(&s->in);
	latch_init(&s->go);
	latch_init(&s->hook_in);
	latch_init(&s->hook_go);
	toy_init(&s->toy, TOY_FULL);
	rt_up(&p);
	weir_misuse_set(on_misuse, &s->misuse);
	ck_assert_int_eq(weir_pool_alloc(&s->pool, &one), WEIR_OK);
	if (s->probe->setup != NULL) {
		s->probe->setup();
	}
	if (s->op != NULL) {
		s->op->setup();
	}
	if (s->waiter) {
		consumer_init_waiter(&s->c);
	} else {
		consumer_init(&s->c, states_then, s);
	}
	s->aio = s->c.aio;
	states_place(s, s->aio);
	s->given = s->state == IN_NULL ? NULL : s->aio;
	ck_assert_int_eq(weir_aio_set_timeout(s->aio, STATES_TIMEOUT), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_iov(s->aio, 1, &iov), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_input(s->aio, 1, &states_input), WEIR_OK);
	if (s->op == NULL &&
	    s->probe->submit == NULL) { /* looked into by none */
		ck_assert_int_eq(
		    weir_aio_set_msg(s->aio, (weir_msg *)(void *)&states_msg),
		    WEIR_OK);
	}
}

/* --- The call ---------------------------------------------------------- */

struct asker {
	struct states_scene *s;
	pthread_t id;
	struct latch in;
	pid_t tid;
	_Atomic bool done;
};

static void *
asker_main(void *arg)
{
	struct asker *a = arg;

	a->tid = gettid();
	latch_hit(&a->in);
	states_make_call(a->s);
	a->done = true;
	return NULL;
}

static int
child_main(void *arg)
{
	struct states_scene *s = scene;

	states_make_call(s);
	memcpy(arg, s->got, sizeof(s->got));
	return (int)s->misuse.n;
}

static void
call_in_child(struct states_scene *s)
{
	char *got = mmap(NULL, sizeof(s->got), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(got, MAP_FAILED);
	ck_assert_int_eq(proc_fork(child_main, got, 20), 0);
	states_say(s, got);
	ck_assert_int_eq(munmap(got, sizeof(s->got)), 0);
}

/* Let what was there go its way. */
static void
let_go(struct states_scene *s)
{
	if (s->owned) {
		(void)toy_start(&s->toy, s->aio);
	}
	if (s->state == IN_HOOK) {
		latch_hit(&s->hook_go);
		ck_assert_int_eq(pthread_join(s->canceller, NULL), 0);
	}
	/* A service ends by itself what it was told to end, perhaps in a
	 * moment: an event beside it might come first. */
	if (s->op == NULL || !s->told) {
		states_finish_it(s);
	}
	latch_hit(&s->go);
}

/*
 * A call that may wait.  It must not return before the handle is let go, unless
 * that is idle.
 */
static void
call_that_waits(struct states_scene *s)
{
	struct asker a = {.s = s};

	latch_init(&a.in);
	ck_assert_int_eq(pthread_create(&a.id, NULL, asker_main, &a), 0);
	ck_assert(latch_wait(&a.in, 1));
	if (states_is_idle(s)) {
		ck_assert_int_eq(pthread_join(a.id, NULL), 0);
		let_go(s);
	} else {
		ck_assert(proc_await_sleep(a.tid));
		ck_assert_msg(!a.done, "it did not wait");
		let_go(s);
		ck_assert_int_eq(pthread_join(a.id, NULL), 0);
		ck_assert_uint_eq(s->c.calls, s->waiter ? 0 : s->calls);
	}
	latch_fini(&a.in);
}

static void
at_own(struct toy *t)
{
	(void)t;
	if (!scene->asked) {
		states_make_call(scene);
		latch_hit(&scene->in);
	}
}

/* The handle's own callback, hook or release calls. */
static void
call_from_within(struct states_scene *s)
{
	if (s->state == IN_OWN_HOOK) {
		s->toy.at_hook = at_own;
		(void)weir_aio_cancel(s->aio);
	} else {
		s->toy.at_release = s->state == IN_OWN_RELEASE ? at_own : NULL;
		states_run_one(s);
		ck_assert(latch_wait(&s->in, 1));
	}
	let_go(s);
}

static void
call(struct states_scene *s)
{
	if (s->state >= IN_OWN_CALLBACK) {
		call_from_within(s);
	} else if (s->state == IN_CHILD) {
		call_in_child(s);
		let_go(s);
	} else if (s->probe->waits) {
		call_that_waits(s);
	} else {
		states_make_call(s);
		let_go(s);
	}
}

/* --- Afterwards -------------------------------------------------------- */

static void
expect_report(struct states_scene *s)
{
	char name[48];
	bool misuse = strcmp(s->got, "misuse") == 0;

	ck_assert_msg(states_misused(s) == misuse, "%u reports, and it said %s",
	    (unsigned)s->misuse.n, s->got);
	if (misuse) {
		(void)snprintf(name, sizeof(name), "%s",
		    s->probe->reports != NULL ? s->probe->reports
					      : s->probe->row);
		name[strcspn(name, "(")] = '\0';
		ck_assert_str_eq(s->misuse.call, name);
		ck_assert_ptr_eq(s->misuse.object, s->aio);
	}
	s->misuse.n = 0;
}

/* The handle says how the last operation ended, and takes work or none. */
static void
expect_read(struct states_scene *s)
{
	consumer_settle(&s->c);
	ck_assert_int_eq(weir_aio_result(s->aio), s->read.result);
	ck_assert_uint_eq(weir_aio_count(s->aio), s->read.count);
	s->over = true;
	ck_assert_int_eq(
	    weir_aio_reset(s->aio), s->stopped ? WEIR_ESTOPPED : WEIR_OK);
	if (!s->stopped) {
		ck_assert(weir_aio_finish(s->aio, WEIR_OK));
		consumer_settle(&s->c);
		states_one_more(s, WEIR_OK, s->kept);
	}
}

/* A handle that was reaped may be just on its way. */
static void
free_pool(struct states_scene *s)
{
	const struct timespec moment = {0, 100000};
	weir_err rv = weir_pool_free(s->pool);

	while (rv == WEIR_EBUSY && s->gone) {
		(void)nanosleep(&moment, NULL); /* the test's limit ends it */
		rv = weir_pool_free(s->pool);
	}
	ck_assert_int_eq(rv, WEIR_OK);
}

static void
scene_down(struct states_scene *s)
{
	expect_report(s);
	if (!s->gone) {
		expect_read(s);
	}
	s->c.gone = s->gone;
	if (s->gone && !s->waiter) { /* the callbacks may still be due */
		ck_assert(latch_wait(&s->c.ran, s->calls));
	}
	consumer_fini(&s->c);
	if (s->blocker.aio != NULL) {
		consumer_fini(&s->blocker);
	}
	if (s->op != NULL) {
		s->op->teardown();
	}
	if (s->probe->teardown != NULL) {
		s->probe->teardown();
	}
	free_pool(s);
	if (s->state == IN_FINI || s->state == IN_ABANDONED) {
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	ck_assert_uint_eq(s->misuse.n, 0);
	rt_down();
	if (!s->waiter) {
		ck_assert_uint_eq(s->c.calls, s->calls);
		if (s->calls > 0) {
			ck_assert_int_eq(s->c.result, s->seen.result);
			ck_assert_uint_eq(s->c.count, s->seen.count);
		}
	}
	/* Not before: callbacks end with these. */
	latch_fini(&s->in);
	latch_fini(&s->go);
	latch_fini(&s->hook_in);
	latch_fini(&s->hook_go);
	toy_fini(&s->toy);
}

void
states_play(struct states_scene *s)
{
	scene_up(s);
	states_enter(s);
	call(s);
	scene_down(s);
}
