/*
 * x_aio_toy - providers of every character, and fibers for the bodies.
 *
 * Purpose    see x_aio_rig.h.  Each hook call and each release is judged here;
 *            promises by number: docs/design/verification.md.
 */
#include "x_aio_rig.h"

#include "base/mem.h"

#define JOB_MAGIC 0x6a6f6200u

/* ---- the toy provider -------------------------------------------------- */

void
toy_job_free(struct job *j)
{
	j->s->job = NULL;
	wri_free(j, sizeof(*j));
}

static enum why
strength(weir_err why)
{
	return why == WEIR_ESTOPPED    ? WHY_STOP
	       : why == WEIR_ETIMEDOUT ? WHY_TIMEOUT
	       : why == WEIR_OK        ? WHY_NONE
				       : WHY_CANCEL;
}

static bool
obeys(enum kind kind, weir_err why)
{
	switch (kind) {
	case OBEYS:
		return true;
	case IGNORES_CANCEL:
		return strength(why) != WHY_CANCEL;
	case IGNORES_TIMEOUT:
		return strength(why) != WHY_TIMEOUT;
	case ONLY_STOP:
		return strength(why) == WHY_STOP;
	case LATE:
	case NO_HOOK:
		break;
	}
	return false;
}

/* Take and finish; the caller has just looked. */
static void
finish(struct subject *s, struct job *j, weir_err why)
{
	j->taken = true;
	s->decided = true;
	s->result = why;
	s->count = why == WEIR_OK ? j->number : 0;
	X_ASSERT(weir_aio_finish_count(s->aio, why, s->count));
}

/* K1 */
static void
toy_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct job *j = arg;
	struct subject *s = j->s;

	X_ASSERT(j->magic == JOB_MAGIC); /* not freed: not after release */
	X_ASSERT(s->aio == aio && s->job == j);
	X_ASSERT(!s->silent && !j->in_hook && x_locks() == 0);
	X_ASSERT(s->begun < j->number && j->number == s->accepted);
	X_ASSERT(strength(why) > strength(j->why));
	X_ASSERT(strength(why) != WHY_TIMEOUT || x_time() >= s->due);
	X_ASSERT(strength(why) != WHY_STOP || s->stopping);
	j->in_hook = true;
	j->why = why;
	j->calls++;
	if (j->calls == 3) {
		X_REACH("three-calls");
	} else if (j->calls == 2) {
		X_REACH("two-calls");
	}
	if (op_of(word_of(aio)) == OP_DONE) {
		X_REACH("hook-late");
	}
	if (s->slow_hook) {
		x_point();
	}
	if (obeys(s->kind, why) && !j->taken) {
		finish(s, j, why);
	}
	if (s->in_hook != NULL) {
		s->in_hook(s, why);
	}
	if (op_of(word_of(aio)) == OP_ACTIVE &&
	    pend_of(word_of(aio)) > strength(why)) {
		X_REACH("pending-in-hook");
	}
	X_ASSERT(s->begun < j->number);
	j->in_hook = false;
}

static void
toy_release(void *arg)
{
	struct job *j = arg;
	struct subject *s = j->s;

	X_ASSERT(j->magic == JOB_MAGIC && s->job == j);
	X_ASSERT(!j->in_hook && j->taken);
	X_ASSERT(s->begun == s->ended && s->begun < j->number);
	X_ASSERT(!s->silent && x_locks() == 0);
	s->released++;
	if (s->in_release != NULL) {
		s->in_release(s);
	}
	toy_job_free(j);
}

static const weir_provider *
provider(const struct subject *s)
{
	static const weir_provider all[2][2] = {
	    {{sizeof(weir_provider), "toy", toy_cancel, NULL},
		{sizeof(weir_provider), "toy", toy_cancel, toy_release}},
	    {{sizeof(weir_provider), "toy", NULL, NULL},
		{sizeof(weir_provider), "toy", NULL, toy_release}},
	};

	return &all[s->kind == NO_HOOK][s->with_release];
}

/* Reset, as every submit begins; false: refused. */
static bool
begin(struct subject *s)
{
	weir_err rv = weir_aio_reset(s->aio);

	if (rv != WEIR_OK) {
		X_ASSERT(rv == WEIR_ESTOPPED && s->stopping);
		s->refused++;
		X_REACH("reset-refused");
		return false;
	}
	s->accepted++;
	X_ASSERT(s->begun == s->accepted - 1);
	if (s->layered) {
		X_ASSERT(weir_aio_reset(s->aio) == WEIR_OK);
	}
	s->decided = s->sync = false;
	s->due = s->aio->timeout >= 0 ? x_time() + s->aio->timeout : WEIR_NEVER;
	return true;
}

void
toy_submit(struct subject *s)
{
	struct job *j;
	unsigned number;

	if (!begin(s)) {
		x_open(&s->out);
		return;
	}
	number = s->accepted;
	j = wri_alloc(sizeof(*j));
	X_ASSERT(j != NULL);
	*j = (struct job){.magic = JOB_MAGIC, .s = s, .number = number};
	s->job = j;
	if (weir_aio_start(s->aio, provider(s), j) != WEIR_OK) {
		X_REACH("start-refused");
		if (s->job == j) {
			s->job = NULL;
		}
		wri_free(j, sizeof(*j));
		x_open(&s->out);
		return;
	}
	if (s->gap) {
		x_point();
	}
	if (s->job == j) {
		j->published = true;
	} else {
		X_REACH("over-before-start-returned");
	}
	x_open(&s->out);
}

void
toy_sync(struct subject *s)
{
	if (begin(s)) {
		s->decided = s->sync = true;
		s->result = WEIR_OK;
		s->count = 7;
		X_ASSERT(weir_aio_finish_count(s->aio, WEIR_OK, 7));
	}
	x_open(&s->out);
}

bool
toy_finish(struct subject *s)
{
	struct job *j = s->job;

	if (j == NULL || j->taken || !j->published) {
		return false;
	}
	finish(s, j, s->kind == LATE ? j->why : WEIR_OK);
	return true;
}

/* ---- fibers ------------------------------------------------------------ */

void
toy_finisher(void *arg)
{
	struct subject *s = arg;

	for (unsigned i = 1; i <= s->finishes; i++) {
		x_await(&s->out, i);
		(void)toy_finish(s);
	}
}

void
toy_no_more(struct subject *s)
{
	for (unsigned i = 0; i < s->finishes; i++) {
		x_open(&s->out);
	}
}

void
do_submit(void *arg)
{
	toy_submit(arg);
}

void
do_abort(void *arg)
{
	struct subject *s = arg;

	if (!call_begin(s)) {
		return;
	}
	s->met = weir_aio_cancel(s->aio);
	call_end(s);
	switch (s->met) {
	case WEIR_CANCEL_IDLE:
		X_REACH("cancel-idle");
		break;
	case WEIR_CANCEL_REQUESTED:
		X_REACH("cancel-requested");
		break;
	case WEIR_CANCEL_TOO_LATE:
		X_REACH("cancel-too-late");
		break;
	}
}

void
do_close(void *arg)
{
	struct subject *s = arg;

	if (call_begin(s)) {
		s->stopping = true;
		weir_aio_close(s->aio);
		call_end(s);
	}
}

void
do_stop(void *arg)
{
	struct subject *s = arg;

	if (call_begin(s)) {
		s->stopping = true;
		X_ASSERT(weir_aio_stop(s->aio) == WEIR_OK);
		call_end(s);
		subject_stopped(s);
	}
}

void
do_wait(void *arg)
{
	struct subject *s = arg;

	if (call_begin(s)) {
		X_ASSERT(weir_aio_wait(s->aio) == WEIR_OK);
		call_end(s);
	}
}

void
do_free(void *arg)
{
	subject_free(arg);
}

void
do_reap(void *arg)
{
	subject_reap(arg);
}

/* ---- endings of a callback --------------------------------------------- */

void
then_submit(struct subject *s)
{
	if (s->again > 0) {
		s->again--;
		toy_submit(s);
	}
}

void
then_free(struct subject *s)
{
	s->stopping = s->gone = true;
	weir_aio_free(s->aio);
}
