/*
 * x_aio_rig - the library up and down, handles under watch, toy providers.
 *
 * Purpose    see x_aio_rig.h.  Promises by number: docs/design/verification.md.
 */
#include "x_aio_rig.h"

#include "base/life.h"
#include "base/mem.h"
#include "timer/timer.h"

#include <string.h>

#define JOB_MAGIC 0x6a6f6200u

/* ---- the library ------------------------------------------------------- */

static weir_aio *
aio_of(struct wri_deadline *d)
{
	return wri_container(d, struct weir_aio, deadline);
}

static enum wri_phase
peek(struct wri_deadline *d, uint64_t *word)
{
	enum wri_phase phase = wri_aio_deadline_ops.peek(d, word);

	if (phase == WRI_PHASE_STARTING) {
		X_REACH("look-starting");
	}
	return phase;
}

static bool slow_expire;

static bool
expire(struct wri_deadline *d, uint64_t word)
{
	uint64_t now;

	if (slow_expire && x_rand(2) == 0) {
		/* Until nobody else can do anything. */
		x_sleep_until(x_time() + 1);
	}
	now = word_of(aio_of(d));
	if ((now & W_GEN) != (word & W_GEN)) {
		X_REACH("stale-expire");
	}
	return wri_aio_deadline_ops.expire(d, word);
}

static bool
gone(struct wri_deadline *d)
{
	bool freed = wri_aio_deadline_ops.gone(d);

	X_REACH("buried");
	if (!freed) {
		X_REACH("gone-later");
	}
	return freed;
}

static const struct wri_deadline_ops ops = {
    .peek = peek,
    .expire = expire,
    .gone = gone,
};

void
rig_slow_expire(void)
{
	slow_expire = true;
}

void
rig_up(unsigned n, unsigned m)
{
	struct wri_alarm *alarm;

	slow_expire = false;
	wri_life_set(true);
	wri_registry_begin(SLACK);
	X_ASSERT(wri_timer_init(1, &ops, fake_pool_watch, &alarm) ==
		 WEIR_OK);
	fake_pool_up(alarm, n, m);
}

static void
rooms_down(void)
{
	fake_pool_stop();
	wri_timer_fini(); /* who may still be about to wake a pool thread */
	fake_pool_free();
}

void
rig_check_empty(void)
{
	struct wri_registry_stats stats;

	wri_registry_stats(&stats);
	X_ASSERT(stats.aios == 0);
	X_ASSERT(stats.submitted == stats.completed); /* R7 */
}

void
rig_down(void)
{
	wri_life_set(false);
	rooms_down();
	rig_check_empty();
}

weir_err
rig_fini(weir_time until)
{
	weir_err rv = WEIR_OK;

	wri_life_set(false);
	wri_registry_stop();
	if (!wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	wri_registry_stop();
	if (rv == WEIR_OK && !wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	(void)wri_registry_orphan();
	rooms_down();
	return rv;
}

/* ---- callbacks --------------------------------------------------------- */

/* The outcome is what was decided; C2, D1, D2. */
static void
check_outcome(struct subject *s)
{
	weir_err result = weir_aio_result(s->aio);

	if (s->decided) {
		X_ASSERT(result == s->result);
		X_ASSERT(weir_aio_count(s->aio) == s->count);
	} else {
		/* Refused by start. */
		X_ASSERT(!s->sync && s->job == NULL);
		X_ASSERT(result == WEIR_ESTOPPED ||
			 result == WEIR_ETIMEDOUT || result == WEIR_ECANCELED);
		X_ASSERT(weir_aio_count(s->aio) == 0);
	}
	switch ((int)result) {
	case WEIR_OK:
		s->oks++;
		break;
	case WEIR_ETIMEDOUT:
		s->timeouts++;
		X_ASSERT(x_time() >= s->due);
		X_ASSERT(!s->in_time || x_time() <= s->due + LATE_MAX);
		break;
	case WEIR_ECANCELED:
		s->cancels++;
		break;
	case WEIR_ESTOPPED:
		s->stops++;
		X_ASSERT(s->stopping);
		break;
	default:
		x_fail("unexpected result %d", (int)result);
	}
}

static void
job_free(struct job *j)
{
	j->s->job = NULL;
	wri_free(j, sizeof(*j));
}

/* What a reader of the word can tell about how we came here. */
static void
name_callback(struct subject *s)
{
	uint64_t w = word_of(s->aio);

	if (pend_of(w) == WHY_TIMEOUT && asked_of(w) < WHY_TIMEOUT &&
	    s->result == WEIR_OK) {
		X_REACH("timeout-too-late"); /* row 16, then 7, one pop */
	}
	if (pend_of(w) != WHY_NONE && asked_of(w) != WHY_NONE &&
	    s->result == WEIR_OK) {
		X_REACH("asked-in-vain");
	}
}

/* The operation has ended: all that is promised of that. */
static void
take(struct subject *s)
{
	X_ASSERT(!s->silent);           /* T1, T5 */
	X_ASSERT(s->begun == s->ended); /* C5 */
	s->begun++;
	X_ASSERT(s->begun == s->accepted); /* C1: none is left out */
	X_ASSERT(x_locks() == 0);          /* C4 */
	if (s->job != NULL && s->decided) {
		X_ASSERT(!s->job->in_hook); /* K1 */
		/* Only a job without release lives until here. */
		X_ASSERT(!s->with_release);
		job_free(s->job);
	} else if (s->job != NULL) {
		s->job = NULL; /* refused: its submitter frees it */
	}
	s->started += s->decided && !s->sync;
	X_ASSERT(s->released == (s->with_release ? s->started : 0));
	check_outcome(s);
	name_callback(s);
	x_point();
	if (!s->silent) {
		/* C3, unless somebody else has submitted again. */
		X_ASSERT(!s->decided || weir_aio_result(s->aio) == s->result);
	}
}

static void
callback(void *arg)
{
	struct subject *s = arg;
	struct wri_frame *f = wri_self_get(WRI_SELF_CHAIN);

	/* C4, C8: on a pool thread, and on nobody's stack. */
	X_ASSERT(wri_runner_self() != NULL);
	X_ASSERT(f != NULL && f->aio == s->aio && f->outer == NULL);
	X_ASSERT((word_of(s->aio) & W_HOOK) == 0);
	take(s);
	if (s->then != NULL) {
		s->then(s);
		x_point();
	}
	if (!s->gone) {
		if (op_of(word_of(s->aio)) == OP_DONE) {
			X_REACH("done-in-run");
		} else if (op_of(word_of(s->aio)) == OP_ACTIVE) {
			X_REACH("active-in-run");
		}
	}
	s->ended++;
	x_open(&s->back);
}

void
subject_take(struct subject *s)
{
	X_ASSERT(s->begun < s->accepted);
	take(s);
	s->ended++;
}

static void
init(struct subject *s, enum kind kind, weir_aio_cb cb)
{
	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->wait_only = cb == NULL;
	X_ASSERT(weir_aio_alloc(&s->aio, cb, s) == WEIR_OK);
	x_name(&s->aio->word, sizeof(s->aio->word), "word");
	x_name(&s->aio->deadline.armed, 8, "armed");
	x_name(&s->aio->deadline.at, 8, "at");
	x_name(&s->aio->nwait, sizeof(s->aio->nwait), "nwait");
}

void
subject_init(struct subject *s, enum kind kind)
{
	init(s, kind, callback);
}

void
subject_init_nocb(struct subject *s, enum kind kind)
{
	init(s, kind, NULL);
}

void
subject_timeout(struct subject *s, weir_duration timeout)
{
	X_ASSERT(weir_aio_set_timeout(s->aio, timeout) == WEIR_OK);
}

/* T1 */
void
subject_stopped(struct subject *s)
{
	s->silent = !s->wait_only;
	X_ASSERT(s->begun == s->ended);
	X_ASSERT(s->wait_only || s->abandoned || s->begun == s->accepted);
}

bool
call_begin(struct subject *s)
{
	if (s->freeing) {
		return false;
	}
	s->calls++;
	return true;
}

void
call_end(struct subject *s)
{
	s->calls--;
}

/*
 * Each call in progress counts once in nwait, from its first step on.  (More:
 * the walk of rig_fini holds it as well.)
 */
static void
calls_are_in(struct subject *s)
{
	while (s->aio->nwait.v < s->calls) {
		wri_yield();
	}
	if (s->calls > 0) {
		X_REACH("free-over-calls");
	}
	s->freeing = s->stopping = true;
}

void
subject_reap(struct subject *s)
{
	calls_are_in(s);
	weir_aio_reap(s->aio);
}

void
subject_free(struct subject *s)
{
	calls_are_in(s);
	weir_aio_free(s->aio);
	subject_stopped(s);
}

/* ---- the toy provider -------------------------------------------------- */

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
	job_free(j);
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
