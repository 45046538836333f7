/*
 * stage - a handle put into one of its states, held there, and let go.
 */
#include "aio/stage.h"
#include "support/rt.h"

#include <stdio.h>
#include <string.h>

struct stage stage;

static void
on_misuse(void *arg, const weir_misuse *m)
{
	struct stage_misuse *s = arg;

	(void)snprintf(s->call, sizeof(s->call), "%s", m->call);
	(void)snprintf(s->what, sizeof(s->what), "%s", m->what);
	(void)snprintf(s->tag, sizeof(s->tag), "%s", m->tag);
	(void)snprintf(s->state, sizeof(s->state), "%s", m->state);
	s->object = m->object;
	s->n++;
}

static void
then_block(struct consumer *c)
{
	(void)c;
	latch_hit(&stage.in);
	(void)latch_wait(&stage.go, 1);
}

static void
then_stage(struct consumer *c)
{
	if (c->calls > 1) {
		return;
	}
	if (stage.state == STAGE_RESTARTED) {
		toy_submit(&stage.toy, c->aio);
	}
	if (stage.state == STAGE_RUNNING || stage.state == STAGE_RESTARTED) {
		then_block(c);
	}
}

static void
stage_run_one(void)
{
	toy_submit(&stage.toy, stage.c.aio);
	ck_assert(toy_finish_first(&stage.toy, WEIR_OK, 3));
}

void
stage_up(int state)
{
	const weir_params p = {.size = sizeof(p), .num_task_threads = 1};

	memset(&stage, 0, sizeof(stage));
	stage.state = (enum stage_state)state;
	latch_init(&stage.in);
	latch_init(&stage.go);
	toy_init(&stage.toy, TOY_FULL);
	rt_up(&p);
	weir_misuse_set(on_misuse, &stage.misuse);
	consumer_init(&stage.c, then_stage, NULL);
	weir_aio_set_tag(stage.c.aio, "on stage");
	switch (stage.state) {
	case STAGE_IDLE:
	case STAGE_STATES:
		break;
	case STAGE_STARTED:
		toy_submit(&stage.toy, stage.c.aio);
		break;
	case STAGE_QUEUED:
		consumer_init(&stage.blocker, then_block, NULL);
		toy_submit_now(stage.blocker.aio, WEIR_OK, 0);
		ck_assert(latch_wait(&stage.in, 1));
		stage_run_one();
		break;
	case STAGE_RUNNING:
	case STAGE_RESTARTED:
		stage_run_one();
		ck_assert(latch_wait(&stage.in, 1));
		break;
	case STAGE_ENDED:
		stage_run_one();
		consumer_settle(&stage.c);
		break;
	case STAGE_STOPPED:
		ck_assert_int_eq(weir_aio_stop(stage.c.aio), WEIR_OK);
		break;
	case STAGE_FINISHED:
		rt_expect_log(); /* the handle lives on */
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		break;
	}
}

bool
stage_has_operation(void)
{
	return stage.state == STAGE_STARTED || stage.state == STAGE_QUEUED ||
	       stage.state == STAGE_RESTARTED;
}

/* Callbacks that must have run when all is over. */
static unsigned
stage_calls(void)
{
	switch (stage.state) {
	case STAGE_STARTED:
	case STAGE_QUEUED:
	case STAGE_RUNNING:
	case STAGE_ENDED:
		return 1;
	case STAGE_RESTARTED:
		return 2;
	case STAGE_IDLE:
	case STAGE_STOPPED:
	case STAGE_FINISHED:
	case STAGE_STATES:
		break;
	}
	return 0;
}

void
stage_down(bool unharmed)
{
	if (unharmed &&
	    (stage.state == STAGE_STARTED || stage.state == STAGE_RESTARTED)) {
		ck_assert_uint_eq(toy_waiting(&stage.toy), 1);
		ck_assert_uint_eq(toy_asked(&stage.toy), 0);
	}
	(void)toy_finish_first(&stage.toy, WEIR_OK, 3);
	latch_hit(&stage.go);
	if (unharmed) {
		consumer_settle(&stage.c);
		ck_assert_uint_eq(stage.c.calls, stage_calls());
		if (stage_calls() > 0) {
			ck_assert_int_eq(stage.c.result, WEIR_OK);
			ck_assert_uint_eq(stage.c.count, 3);
		}
	}
	stage.c.gone = stage.gone;
	if (stage.gone) {
		ck_assert(latch_wait(&stage.c.ran, stage_calls()));
	}
	consumer_fini(&stage.c);
	if (stage.state == STAGE_QUEUED) {
		consumer_fini(&stage.blocker);
	}
	if (stage.state == STAGE_FINISHED) {
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	ck_assert_uint_eq(stage.misuse.n, 0);
	rt_down();
	/* Not before: callbacks end with these. */
	latch_fini(&stage.in);
	latch_fini(&stage.go);
	toy_fini(&stage.toy);
}

void
stage_expect_misuse(unsigned n, const char *call)
{
	ck_assert_uint_eq(stage.misuse.n, n);
	if (n > 0) {
		ck_assert_str_eq(stage.misuse.call, call);
		ck_assert_ptr_eq(stage.misuse.object, stage.c.aio);
		ck_assert_str_eq(stage.misuse.tag, "on stage");
		ck_assert_str_ne(stage.misuse.what, "");
		ck_assert_str_ne(stage.misuse.state, "");
	}
	stage.misuse.n = 0;
}
