/*
 * x_aio_rig - the library up and down, handles under watch, toy providers.
 *
 * Purpose    see x_aio_rig.h.  Promises by number: docs/design/verification.md.
 */
#include "x_aio_rig.h"

#include "base/life.h"
#include "timer/timer.h"

#include <string.h>

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
	if (now >> W_GEN_SHIFT != word >> W_GEN_SHIFT) {
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
	wri_add(&wri_life.number, 1, WRI_RLX);
	wri_life_set(WRI_LIFE_UP);
	wri_registry_begin(SLACK);
	X_ASSERT(wri_timer_init(1, &ops, fake_pool_watch, &alarm) == WEIR_OK);
	fake_pool_up(alarm, n, m);
}

static void
rooms_down(void)
{
	fake_pool_down();
	wri_life_set(WRI_LIFE_DOWN);
	wri_timer_fini();
	fake_pool_after();
}

void
rig_check_empty(void)
{
	weir_stats stats = {0};

	wri_registry_stats(&stats);
	X_ASSERT(stats.aios == 0);
	X_ASSERT(stats.submitted == stats.completed); /* R7 */
}

void
rig_down(void)
{
	wri_life_set(WRI_LIFE_ENDS);
	rooms_down();
	rig_check_empty();
}

weir_err
rig_fini(weir_time until)
{
	weir_err rv = WEIR_OK;

	wri_life_set(WRI_LIFE_ENDS);
	wri_registry_stop();
	if (!wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	wri_registry_orphan();
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
		X_ASSERT(result == WEIR_ESTOPPED || result == WEIR_ETIMEDOUT ||
			 result == WEIR_ECANCELED);
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
		toy_job_free(s->job);
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
