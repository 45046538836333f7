/*
 * states_enter - a handle on its way into a state.
 *
 * Shape      What the operation there will come to, if the call does not change
 *            it, is noted on the way: calls, seen, read.
 */
#include "aio/aio_impl.h"
#include "aio/states.h"
#include "support/rt.h"

#include <string.h>
#include <time.h>

void
states_make_call(struct states_scene *s)
{
	s->asked = true;
	s->probe->call(s);
}

/* An operation that stays until finish_it. */
static void
submit_it(struct states_scene *s)
{
	if (s->op != NULL) {
		s->op->submit(s->aio);
	} else {
		toy_submit(&s->toy, s->aio);
	}
}

/* How it ends then. */
static struct states_end
end_of(const struct states_scene *s)
{
	if (s->op == NULL) {
		return (struct states_end){STATES_RESULT, STATES_COUNT};
	}
	return s->op->end != NULL ? (struct states_end){WEIR_OK, s->op->count}
				  : (struct states_end){WEIR_ECANCELED, 0};
}

static void
then_block(struct consumer *c)
{
	struct states_scene *s = c->arg;

	latch_hit(&s->in);
	(void)latch_wait(&s->go, 1);
}

/* The first callback of the handle. */
void
states_then(struct consumer *c)
{
	struct states_scene *s = c->arg;

	if (s->op != NULL && s->op->collect != NULL && !s->over &&
	    c->result == WEIR_OK) {
		s->op->collect(c->aio);
	}
	if (c->calls > 1) {
		return;
	}
	if (s->state == IN_AGAIN || s->state == IN_OWN_AGAIN) {
		submit_it(s);
	}
	if (s->state == IN_OWN_CALLBACK || s->state == IN_OWN_AGAIN) {
		states_make_call(s);
	} else if (s->state != IN_RUNNING && s->state != IN_AGAIN) {
		return;
	}
	then_block(c);
}

static void *
cancel_main(void *arg)
{
	(void)weir_aio_cancel(arg);
	return NULL;
}

/* End the operation of the handle, if it is still there. */
void
states_finish_it(struct states_scene *s)
{
	weir_aio *aio;

	if (s->op != NULL) {
		if (s->op->end != NULL) {
			s->op->end();
		} else if (!s->gone) {
			(void)weir_aio_cancel(s->aio);
		}
		return;
	}
	aio = toy_take_first(&s->toy); /* s->aio may have gone */
	if (aio != NULL) {
		(void)weir_aio_set_output(aio, 0, &states_output);
		ck_assert(
		    weir_aio_finish_count(aio, STATES_RESULT, STATES_COUNT));
	}
}

void
states_run_one(struct states_scene *s)
{
	if (s->op != NULL) {
		s->op->submit_soon(s->aio);
	} else {
		toy_submit(&s->toy, s->aio);
		states_finish_it(s);
	}
}

/* The same without a thread for callbacks: it may take a moment. */
static void
queue_one(struct states_scene *s)
{
	const struct timespec moment = {0, 100000};
	char text[80];

	submit_it(s);
	states_finish_it(s);
	while (strncmp(wri_aio_state(s->aio, text, sizeof(text)), "done", 4) !=
	       0) {
		(void)nanosleep(&moment, NULL); /* the test's limit ends it */
	}
}

static void
run_one_to_its_end(struct states_scene *s)
{
	states_run_one(s);
	consumer_settle(&s->c);
	states_one_more(s, STATES_RESULT, STATES_COUNT);
}

/* Services may need the default pool: then another one is kept busy. */
void
states_place(struct states_scene *s, weir_aio *aio)
{
	if (s->op != NULL) {
		ck_assert_int_eq(
		    weir_aio_set_executor(aio, weir_pool_exec(s->pool)),
		    WEIR_OK);
	}
}

/* From here on no callback runs until the scene is let go. */
static void
block_pool(struct states_scene *s)
{
	consumer_init(&s->blocker, then_block, s);
	states_place(s, s->blocker.aio);
	toy_submit_now(s->blocker.aio, WEIR_OK, 0);
	ck_assert(latch_wait(&s->in, 1));
}

static void
enter_hook(struct states_scene *s)
{
	s->toy.in_hook = &s->hook_in;
	s->toy.hold_hook = &s->hook_go;
	ck_assert_int_eq(
	    pthread_create(&s->canceller, NULL, cancel_main, s->aio), 0);
	ck_assert(latch_wait(&s->hook_in, 1));
	states_one_more(s, WEIR_ECANCELED, 0);
}

/* States in which the library runs and the handle's callback does not. */
static void
enter_with_pool_blocked(struct states_scene *s)
{
	if (s->state != IN_FRESH && !states_is_pending(s)) {
		run_one_to_its_end(s);
	}
	block_pool(s);
	if (states_is_pending(s) && s->state != IN_STARTING &&
	    s->state != IN_QUEUED) {
		submit_it(s);
	}
	if (s->state == IN_CLEAR) {
		weir_aio_clear(s->aio);
		s->read = (struct states_end){WEIR_OK, 0};
	} else if (s->state == IN_STARTING) {
		ck_assert_int_eq(weir_aio_reset(s->aio), WEIR_OK);
		s->owned = true;
	} else if (s->state == IN_QUEUED) {
		queue_one(s);
	} else if (s->state == IN_STOPPING || s->state == IN_CLOSED) {
		s->toy.stubborn = true;
		weir_aio_close(s->aio);
		s->stopped = true;
	} else if (s->state == IN_STOPPED || s->state == IN_DROPPED) {
		ck_assert_int_eq(weir_aio_stop(s->aio), WEIR_OK);
		s->stopped = true;
	}
	if (s->state == IN_DROPPED) {
		toy_submit(&s->toy, s->aio);
		s->read = (struct states_end){WEIR_ESTOPPED, 0};
	} else if (s->state == IN_HOOK) {
		enter_hook(s);
	} else if (s->state == IN_OWN_HOOK) {
		states_one_more(s, WEIR_ECANCELED, 0);
	} else if (states_is_pending(s)) {
		states_one_more(s, end_of(s).result, end_of(s).count);
	}
}

static void
enter_after_fini(struct states_scene *s)
{
	rt_expect_log(); /* of the handle that lives on */
	s->stopped = true;
	if (s->state == IN_FINI) {
		run_one_to_its_end(s);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
	} else {
		s->toy.stubborn = true;
		toy_submit(&s->toy, s->aio);
		ck_assert_int_eq(weir_fini(), WEIR_ETIMEDOUT);
		s->read = (struct states_end){STATES_RESULT, STATES_COUNT};
	}
}

void
states_enter(struct states_scene *s)
{
	switch (s->state) {
	case IN_FRESH:
	case IN_ENDED:
	case IN_CLEAR:
	case IN_STARTING:
	case IN_ACTIVE:
	case IN_HOOK:
	case IN_QUEUED:
	case IN_STOPPED:
	case IN_STOPPING:
	case IN_CLOSED:
	case IN_DROPPED:
	case IN_OWN_HOOK:
		enter_with_pool_blocked(s);
		break;
	case IN_RUNNING:
	case IN_AGAIN:
		states_run_one(s);
		ck_assert(latch_wait(&s->in, 1));
		states_one_more(s, end_of(s).result, end_of(s).count);
		s->calls += s->state == IN_AGAIN;
		break;
	case IN_FINI:
	case IN_ABANDONED:
		enter_after_fini(s);
		break;
	case IN_CHILD:
		run_one_to_its_end(s);
		break;
	case IN_OWN_CALLBACK:
	case IN_OWN_AGAIN:
	case IN_OWN_RELEASE:
		states_one_more(s, STATES_RESULT, STATES_COUNT);
		s->calls += s->state == IN_OWN_AGAIN;
		break;
	case IN_NULL:
	case IN_STATES:
		break;
	}
}
