/*
 * fuzz_api - bytes as calls that three fibers make on a few handles and a
 * channel, under the schedule that other bytes choose.
 *
 * Purpose    the explorer's detectors, and the promises that hold for any
 *            sequence of calls: each accepted operation has one callback, none
 *            overlaps another, none comes after stop; a result is one that
 *            somebody has given a reason for; an operation's messages are
 *            where its result says; nothing is left.
 * Shape      8 bytes of schedule, then calls of two: fiber and kind, handle
 *            and argument.  A submit wants the handle's claim, which the
 *            callback gives back; misuse has calls of its own.  A fiber that
 *            waits for ever is rescued by the last one, which ends what is
 *            pending when nobody else can run.
 * Bounds     CALLS_MAX calls, HANDLES_MAX handles in one run.
 */
#include "fuzz/fuzz.h"

#include "explorer/world.h"
#include "x_aio_rig.h"

#include "base/mem.h"

#include <weir/chan.h>
#include <weir/sleep.h>

#include <stdlib.h>
#include <string.h>

#define SLOTS 3
#define FIBERS 3
#define HANDLES_MAX 16
#define CALLS_MAX 60
#define RESCUE WEIR_SECONDS(100)

/* The codes that aborts ask with, and providers finish with. */
#define CODE_ABORT 700
#define CODE_FINISH 800

enum work {
	WORK_TOY,
	WORK_NOW, /* ends before the submit returns */
	WORK_SLEEP,
	WORK_SEND,
	WORK_RECV,
};

struct handle;

/* An operation of the toy provider. */
struct toy {
	struct handle *h;
	bool taken;     /* somebody finishes it, or has */
	bool published; /* start has returned */
	bool in_hook;
	bool obeys;
	bool deaf;         /* no hook */
	unsigned strength; /* of the last hook call */
};

struct handle {
	weir_aio *aio;
	unsigned again; /* callbacks that submit again */
	uint8_t next;   /* what they submit */
	bool suicide;   /* the last callback frees */

	/* The operation. */
	bool claimed;
	enum work work;
	weir_time due, ends; /* the deadline; when a sleep is over */
	weir_duration limit; /* as set; -1: none */
	weir_time expire;    /* for the next one; 0: not set */
	bool disturbed;      /* limits may be somebody else's */
	bool decided;        /* by whom finishes, so: */
	weir_err result;
	size_t count;
	struct toy *toy;
	weir_ticket old; /* of an operation that was decided */
	bool has_old;

	unsigned accepted, begun, ended;
	unsigned asks_begun, asks_ended; /* cancel and abort */
	unsigned asks_before;            /* when the operation began */
	unsigned codes; /* asked with since the handle was made */
	bool stopping, silent;

	unsigned calls, users; /* see handle_enter */
	bool freeing;
};

struct call {
	uint8_t kind, arg;
};

static struct {
	struct call calls[CALLS_MAX];
	unsigned n;
} scripts[FIBERS];

static struct handle handles[HANDLES_MAX];
static unsigned nhandles;
static struct handle *slots[SLOTS];
static weir_chan *chan;
static bool over;
static unsigned misuses, misuses_meant;

static void submit(struct handle *h, unsigned arg);

/* ---- handles ------------------------------------------------------------ */

/*
 * A call that free may overlap (it counts in nwait from its first step on), or
 * one that it may not.
 */
static bool
handle_enter(struct handle *h, bool may_overlap)
{
	if (h == NULL || h->freeing) {
		return false;
	}
	h->calls += may_overlap;
	h->users += !may_overlap;
	return true;
}

static void
handle_leave(struct handle *h, bool may_overlap)
{
	h->calls -= may_overlap;
	h->users -= !may_overlap;
}

/* ---- the end of an operation -------------------------------------------- */

static void
check_asked(const struct handle *h, weir_err result)
{
	X_ASSERT(h->asks_begun > h->asks_before); /* K2, K3 */
	if (result != WEIR_ECANCELED) {
		X_ASSERT(
		    (h->codes & 1u << ((unsigned)result - CODE_ABORT)) != 0);
	}
}

/* Somebody has given a reason for this result; C2, D1, K2. */
static void
check_result(const struct handle *h, weir_err result)
{
	unsigned code = (unsigned)result;

	if (h->decided) {
		X_ASSERT(result == h->result);
		X_ASSERT(weir_aio_count(h->aio) == h->count);
		return;
	}
	if (result == WEIR_ECANCELED ||
	    (code >= CODE_ABORT && code < CODE_ABORT + 8)) {
		check_asked(h, result);
		return;
	}
	switch ((int)result) {
	case WEIR_OK:
		X_ASSERT(h->work >= WORK_SLEEP);
		X_ASSERT(h->work != WORK_SLEEP || x_time() >= h->ends);
		return;
	case WEIR_ETIMEDOUT:
		X_ASSERT(h->disturbed || x_time() >= h->due);
		return;
	case WEIR_ESTOPPED:
		X_ASSERT(h->stopping);
		return;
	case WEIR_ECLOSED:
		X_ASSERT(h->work == WORK_SEND || h->work == WORK_RECV);
		return;
	default:
		x_fail("unexpected result %d", (int)result);
	}
}

static void
collect_message(struct handle *h, weir_err result)
{
	weir_msg *msg = weir_aio_get_msg(h->aio);

	if (h->work == WORK_SEND) {
		X_ASSERT((msg == NULL) == (result == WEIR_OK));
	} else if (h->work == WORK_RECV) {
		X_ASSERT((msg == NULL) == (result != WEIR_OK));
	}
	if (msg != NULL) {
		X_ASSERT(weir_msg_len(msg) == 4);
		weir_msg_free(msg);
		X_ASSERT(weir_aio_set_msg(h->aio, NULL) == WEIR_OK);
	}
}

/* The operation has ended, with a callback or without: what it left. */
static void
judge(struct handle *h)
{
	unsigned number = h->accepted;
	weir_err result = weir_aio_result(h->aio);

	check_result(h, result);
	x_point();
	X_ASSERT(h->accepted == number);
	X_ASSERT(weir_aio_result(h->aio) == result); /* C3 */
	collect_message(h, result);
}

static void
callback(void *arg)
{
	struct handle *h = arg;
	bool again = false;

	X_ASSERT(!h->silent);     /* T1, T5 */
	X_ASSERT(x_locks() == 0); /* C4 */
	X_ASSERT(wri_runner_self() != NULL);
	X_ASSERT(h->begun == h->ended); /* C5 */
	h->begun++;
	X_ASSERT(h->begun == h->accepted); /* C1 */
	judge(h);
	if (h->again > 0) {
		h->again--;
		again = true;
	} else if (h->suicide && !h->freeing && h->users == 0 &&
		   h->calls == 0) {
		h->freeing = h->stopping = true;
		weir_aio_free(h->aio);
	}
	h->claimed = false;
	if (again && handle_enter(h, false)) {
		submit(h, h->next);
		handle_leave(h, false);
		x_point(); /* what it submitted may not be told yet */
	}
	h->ended++;
}

/* ---- the toy provider --------------------------------------------------- */

static unsigned
strength(weir_err why)
{
	return why == WEIR_ESTOPPED ? 3 : why == WEIR_ETIMEDOUT ? 2 : 1;
}

static void
toy_end(struct toy *t, weir_err result, size_t count, bool ticket)
{
	struct handle *h = t->h;
	weir_aio *aio = h->aio;
	weir_ticket number;

	t->taken = true;
	h->toy = NULL;
	number = weir_aio_ticket(aio);
	h->decided = true;
	h->result = result;
	h->count = count;
	if (ticket) {
		X_ASSERT(weir_aio_finish_ticket(aio, number, result, count));
	} else {
		X_ASSERT(weir_aio_finish_count(aio, result, count));
	}
	h->old = number; /* from here on too late */
	h->has_old = true;
}

/* K1 */
static void
toy_hook(weir_aio *aio, void *arg, weir_err why)
{
	struct toy *t = arg;
	struct handle *h = t->h;

	X_ASSERT(h->aio == aio && !t->in_hook && x_locks() == 0);
	X_ASSERT(!h->silent && strength(why) > t->strength);
	X_ASSERT(strength(why) != 3 || h->stopping);
	t->in_hook = true;
	t->strength = strength(why);
	x_point();
	if ((t->obeys || strength(why) == 3) && !t->taken) {
		toy_end(t, why, 0, false);
	}
	x_point();
	t->in_hook = false;
}

static void
toy_gone(void *arg)
{
	struct toy *t = arg;

	X_ASSERT(!t->in_hook && t->taken && x_locks() == 0);
	wri_free(t, sizeof(*t));
}

static const weir_provider toy_provider = {
    sizeof(weir_provider), "toy", toy_hook, toy_gone};
static const weir_provider deaf_provider = {
    sizeof(weir_provider), "deaf", NULL, toy_gone};

static void
toy_start(struct handle *h, unsigned arg)
{
	const weir_provider *p =
	    (arg & 6) == 6 ? &deaf_provider : &toy_provider;
	struct toy *t = wri_alloc(sizeof(*t));

	X_ASSERT(t != NULL);
	*t = (struct toy){
	    .h = h, .obeys = (arg & 1) != 0, .deaf = (arg & 6) == 6};
	h->toy = t;
	if (((arg & 8) != 0
		    ? weir_aio_start_at(h->aio, p, t, h->due, WEIR_US(arg))
		    : weir_aio_start(h->aio, p, t)) != WEIR_OK) {
		/* Its callback comes, or has come, and gone on. */
		if (h->toy == t) {
			h->toy = NULL;
		}
		wri_free(t, sizeof(*t));
		return;
	}
	if (h->toy == t) { /* else it is over, and perhaps freed */
		t->published = true;
	}
}

/* ---- submits ------------------------------------------------------------ */

static bool
begin_toy(struct handle *h)
{
	weir_err err = weir_aio_reset(h->aio);

	h->expire = 0;
	if (err != WEIR_OK) {
		X_ASSERT(err == WEIR_ESTOPPED && h->stopping);
		h->claimed = false;
		return false;
	}
	h->accepted++;
	h->due = weir_aio_get_deadline(h->aio);
	return true;
}

static void
submit_toy(struct handle *h, unsigned arg)
{
	if (begin_toy(h)) {
		toy_start(h, arg);
	}
}

/* What a provider may do to its operation; the count it leaves. */
static size_t
work_on(weir_aio *aio, unsigned arg)
{
	weir_iov iov;

	weir_aio_set_scratch(aio, 1, aio);
	X_ASSERT(weir_aio_get_scratch(aio, 1) == aio);
	X_ASSERT(weir_aio_set_output(aio, 2, aio) == WEIR_OK);
	X_ASSERT(weir_aio_iov_len(aio) == 0);
	X_ASSERT(weir_aio_get_iov(aio, &iov, 1) == 0);
	weir_aio_advance(aio, 5); /* there is no iov */
	X_ASSERT(weir_aio_get_count(aio) == 0);
	weir_aio_set_count(aio, arg);
	return weir_aio_get_count(aio);
}

/* Without a reset of its own. */
static void
submit_at_once(struct handle *h)
{
	weir_aio_clear(h->aio);
	h->decided = true;
	h->count = 0;
	h->expire = 0;
	h->accepted++;
	if (!weir_aio_finish_now(h->aio, h->result)) {
		X_ASSERT(h->stopping);
		h->accepted--;
		h->claimed = false;
	}
}

static void
submit_now(struct handle *h, unsigned arg)
{
	weir_err result =
	    (arg & 1) != 0 ? WEIR_OK : (weir_err)(CODE_FINISH + arg);

	h->result = result;
	if ((arg & 6) == 6) {
		submit_at_once(h);
		return;
	}
	if (!begin_toy(h)) {
		return;
	}
	h->decided = true;
	h->result = result;
	h->count = work_on(h->aio, arg);
	switch (arg & 6) {
	case 0:
		X_ASSERT(weir_aio_finish(h->aio, result));
		break;
	case 2:
		X_ASSERT(weir_aio_finish_batch(&h->aio, 1, result) == 1);
		break;
	default:
		h->count = arg + 1;
		X_ASSERT(weir_aio_finish_count(h->aio, result, arg + 1));
		break;
	}
}

/* Those of weir's own services: refused only as dropped, which skipped says. */
static void
submit_service(struct handle *h, unsigned arg)
{
	const weir_duration naps[] = {
	    0, 1, WEIR_US(100), WEIR_MS(3), WEIR_SECONDS(1), WEIR_INFINITE};
	weir_duration nap = naps[arg % 6];
	bool skipped = false;
	weir_msg *msg;

	h->due = h->expire != 0  ? h->expire
		 : h->limit >= 0 ? x_time() + h->limit
				 : WEIR_NEVER;
	h->expire = 0;
	h->accepted++;
	weir_aio_skip_callback(h->aio, &skipped);
	if (h->work == WORK_SLEEP) {
		h->ends = nap == WEIR_INFINITE ? WEIR_NEVER : x_time() + nap;
		weir_sleep_aio(nap, h->aio);
	} else if (h->work == WORK_SEND) {
		X_ASSERT(weir_msg_alloc(&msg, 4) == WEIR_OK);
		X_ASSERT(weir_aio_set_msg(h->aio, msg) == WEIR_OK);
		weir_chan_send(chan, h->aio);
	} else {
		weir_chan_recv(chan, h->aio);
	}
	if (skipped) { /* no callback comes: it is ours still */
		h->accepted--;
		judge(h);
		h->claimed = false;
	}
}

static void
submit(struct handle *h, unsigned arg)
{
	if (h->claimed) {
		return;
	}
	h->claimed = true;
	h->decided = false;
	h->asks_before = h->asks_ended;
	h->work = (enum work)(arg % 5);
	arg /= 5;
	switch (h->work) {
	case WORK_TOY:
		submit_toy(h, arg);
		break;
	case WORK_NOW:
		submit_now(h, arg);
		break;
	case WORK_SLEEP:
	case WORK_SEND:
	case WORK_RECV:
		submit_service(h, arg);
		break;
	}
}

/* ---- handles that come and go ------------------------------------------- */

static void
handle_open(unsigned slot, unsigned arg)
{
	struct handle *h;

	if (nhandles == HANDLES_MAX) {
		slots[slot] = NULL;
		return;
	}
	h = &handles[nhandles++];
	h->limit = -1;
	h->again = arg & 1;
	h->next = (uint8_t)(arg * 3);
	h->suicide = (arg & 4) != 0;
	X_ASSERT(weir_aio_alloc(&h->aio, callback, h) == WEIR_OK);
	x_name(&h->aio->word, sizeof(h->aio->word), "word");
	slots[slot] = h;
}

/* Nobody frees it yet, and no call is under way that free may not overlap. */
static void
handle_free(struct handle *h, bool reap)
{
	h->freeing = h->stopping = true;
	while (h->aio->nwait.v < h->calls) {
		wri_yield();
	}
	if (reap) {
		weir_aio_reap(h->aio);
	} else {
		weir_aio_free(h->aio);
		h->silent = true;
		X_ASSERT(h->begun == h->accepted && h->ended == h->begun);
	}
}

static void
handle_renew(unsigned slot, unsigned arg)
{
	struct handle *h = slots[slot];

	if (h != NULL && !h->freeing && h->users == 0) {
		slots[slot] = NULL;
		handle_free(h, (arg & 1) != 0);
		handle_open(slot, arg >> 1);
	}
}

/* ---- calls -------------------------------------------------------------- */

enum call_kind {
	CALL_SUBMIT,
	CALL_FINISH,
	CALL_CANCEL,
	CALL_ABORT,
	CALL_STOP,
	CALL_STOP_UNTIL,
	CALL_CLOSE,
	CALL_WAIT,
	CALL_WAIT_UNTIL,
	CALL_SETTING,
	CALL_FREE,
	CALL_LOOK,
	CALL_LATE,
	CALL_INTRUDE,
	CALL_CHAN,
	CALL_REST,
	CALLS
};

static void
do_finish(struct handle *h, unsigned arg)
{
	struct toy *t = h->toy;

	if (t != NULL && !t->taken && t->published) {
		toy_end(t,
		    (arg & 1) != 0 ? WEIR_OK : (weir_err)(CODE_FINISH + arg),
		    arg, (arg & 2) != 0);
	}
}

static void
do_ask(struct handle *h, bool abort, unsigned arg)
{
	h->asks_begun++;
	if (abort) {
		h->codes |= 1u << arg % 8;
		(void)weir_aio_abort(h->aio, (weir_err)(CODE_ABORT + arg % 8));
	} else {
		(void)weir_aio_cancel(h->aio);
	}
	h->asks_ended++;
}

static void
do_stop_call(struct handle *h, bool until, unsigned arg)
{
	weir_blocker what;
	const char *who;
	weir_err err;

	h->stopping = true;
	if (until) {
		err = weir_aio_stop_until(
		    h->aio, x_time() + WEIR_US(arg) - WEIR_US(20), &what, &who);
		X_ASSERT(err == WEIR_OK || err == WEIR_ETIMEDOUT);
		X_ASSERT((what == WEIR_BLOCKER_NONE) == (err == WEIR_OK));
	} else {
		err = weir_aio_stop(h->aio);
		X_ASSERT(err == WEIR_OK);
	}
	if (err == WEIR_OK) {
		h->silent = true; /* T1 */
		X_ASSERT(h->begun == h->ended);
	}
}

static void
do_wait_call(struct handle *h, bool until, unsigned arg)
{
	weir_err err;

	if (until) {
		err = weir_aio_wait_until(h->aio, x_time() + WEIR_US(arg));
		X_ASSERT(err == WEIR_OK || err == WEIR_ETIMEDOUT);
	} else {
		X_ASSERT(weir_aio_wait(h->aio) == WEIR_OK);
	}
}

/* Settings are the consumer's: with the claim; without one they are misuse, or
 * come between two operations. */
static void
do_setting(struct handle *h, unsigned arg)
{
	const weir_duration limits[] = {0, 1, WEIR_US(50), WEIR_MS(2),
	    WEIR_SECONDS(5), WEIR_INFINITE, WEIR_DEFAULT, -77};
	weir_duration limit = limits[arg % 8];
	weir_err err;

	if (h->claimed) {
		return;
	}
	h->claimed = true;
	if ((arg & 8) != 0) {
		err = weir_aio_set_timeout(h->aio, limit);
		if (err == WEIR_OK) {
			h->limit = limit;
			h->expire = 0;
		}
	} else {
		weir_time when = limit < 0 ? limit : x_time() + limit;

		err = weir_aio_set_expire(h->aio, when);
		if (err == WEIR_OK) {
			h->expire = when;
		}
	}
	X_ASSERT(err == WEIR_OK || err == WEIR_EINVAL);
	h->claimed = false;
}

static void
do_look(struct handle *h, unsigned arg)
{
	switch (arg % 6) {
	case 0:
		(void)weir_aio_busy(h->aio);
		break;
	case 1:
		(void)weir_aio_result(h->aio);
		break;
	case 2:
		weir_aio_set_tag(h->aio, "tag");
		break;
	case 3:
		(void)weir_aio_get_input(h->aio, arg);
		break;
	case 4:
		(void)weir_aio_get_timeout(h->aio);
		break;
	default:
		X_ASSERT(weir_aio_wait_until(h->aio, 0) != WEIR_EDEADLK);
		break;
	}
}

/* A finish that comes too late decides nothing, whatever runs by now. */
static void
do_late(struct handle *h)
{
	if (h->has_old) {
		X_ASSERT(!weir_aio_finish_ticket(
		    h->aio, h->old, (weir_err)(CODE_FINISH + 99), 99));
	}
}

/* Settings without the claim: misuse, without effect, or between two
 * operations. */
static void
do_intrude(struct handle *h, unsigned arg)
{
	weir_err err = WEIR_OK;

	h->disturbed = true;
	misuses_meant++;
	switch (arg % 4) {
	case 0:
		err = weir_aio_set_timeout(h->aio, WEIR_US(arg));
		break;
	case 1:
		err = weir_aio_set_expire(h->aio, x_time() + WEIR_US(arg));
		break;
	case 2:
		err = weir_aio_set_input(h->aio, 1, h);
		break;
	default:
		err = weir_aio_set_iov(h->aio, 0, NULL);
		break;
	}
	X_ASSERT(err == WEIR_OK || err == WEIR_EMISUSE);
}

static void
on_handle(struct handle *h, enum call_kind kind, unsigned arg)
{
	switch (kind) {
	case CALL_SUBMIT:
		submit(h, arg);
		break;
	case CALL_FINISH:
		do_finish(h, arg);
		break;
	case CALL_CANCEL:
	case CALL_ABORT:
		do_ask(h, kind == CALL_ABORT, arg);
		break;
	case CALL_STOP:
	case CALL_STOP_UNTIL:
		do_stop_call(h, kind == CALL_STOP_UNTIL, arg);
		break;
	case CALL_CLOSE:
		h->stopping = true;
		weir_aio_close(h->aio);
		break;
	case CALL_WAIT:
	case CALL_WAIT_UNTIL:
		do_wait_call(h, kind == CALL_WAIT_UNTIL, arg);
		break;
	case CALL_SETTING:
		do_setting(h, arg);
		break;
	case CALL_LOOK:
		do_look(h, arg);
		break;
	case CALL_LATE:
		do_late(h);
		break;
	case CALL_INTRUDE:
		do_intrude(h, arg);
		break;
	case CALL_FREE:
	case CALL_CHAN:
	case CALL_REST:
	case CALLS:
		break;
	}
}

static void
do_call(const struct call *c)
{
	enum call_kind kind = (enum call_kind)(c->kind % CALLS);
	unsigned slot = c->arg % SLOTS;
	unsigned arg = c->arg / SLOTS;
	bool overlaps = kind == CALL_CANCEL || kind == CALL_ABORT ||
			kind == CALL_STOP || kind == CALL_STOP_UNTIL ||
			kind == CALL_CLOSE || kind == CALL_WAIT ||
			kind == CALL_WAIT_UNTIL;
	struct handle *h = slots[slot];

	if (kind == CALL_FREE) {
		handle_renew(slot, arg);
	} else if (kind == CALL_CHAN) {
		(void)weir_chan_len(chan);
		if (arg % 8 == 7) {
			weir_chan_close(chan);
		}
	} else if (kind == CALL_REST) {
		x_sleep_until(x_time() + WEIR_US(arg));
	} else if (handle_enter(h, overlaps)) {
		on_handle(h, kind, arg);
		handle_leave(h, overlaps);
	}
}

/* ---- fibers ------------------------------------------------------------- */

static void
run_script(void *arg)
{
	unsigned i = *(unsigned *)arg;

	for (unsigned c = 0; c < scripts[i].n; c++) {
		do_call(&scripts[i].calls[c]);
	}
}

/* Nobody else can run: what should have ended by itself has ended. */
static void
expect_asked(const struct toy *t)
{
	const struct handle *h = t->h;

	X_ASSERT(t->deaf || !h->stopping); /* T2 */
	X_ASSERT(t->deaf || !t->obeys || h->disturbed || h->due == WEIR_NEVER ||
		 x_time() <= h->due + LATE_MAX); /* D2 */
}

/* End what is pending, so that whoever waits goes on. */
static void
rescue_one(struct handle *h)
{
	struct toy *t = h->toy;

	if (t != NULL && !t->taken && t->published) {
		expect_asked(t);
		toy_end(t, WEIR_OK, 0, false);
	}
	if (handle_enter(h, true)) {
		do_ask(h, false, 0);
		handle_leave(h, true);
	}
}

/* What was reaped may have a provider that nobody has told to finish. */
static void
finish_reaped(void)
{
	for (unsigned i = 0; i < nhandles; i++) {
		struct toy *t = handles[i].toy;

		if (t != NULL && !t->taken) {
			X_ASSERT(t->published);
			toy_end(t, WEIR_OK, 0, false);
		}
	}
}

static void
rescuer(void *arg)
{
	(void)arg;
	while (!over) {
		x_sleep_until(x_time() + RESCUE);
		if (wrx.ready != wrx_bit(wrx.cur->id)) {
			continue; /* it is by chance that we are awake */
		}
		for (unsigned i = 0; i < nhandles; i++) {
			rescue_one(&handles[i]);
		}
	}
}

static void
on_misuse(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)m;
	misuses++;
}

static void
body(void)
{
	static unsigned numbers[FIBERS] = {0, 1, 2};
	int ids[FIBERS], id;

	memset(handles, 0, sizeof(handles));
	nhandles = misuses = misuses_meant = 0;
	over = false;
	weir_misuse_set(on_misuse, NULL);
	rig_up(1 + x_rand(2), 3);
	X_ASSERT(weir_chan_alloc(&chan, 1) == WEIR_OK);
	for (unsigned i = 0; i < SLOTS; i++) {
		handle_open(i, i);
	}
	for (unsigned i = 0; i < FIBERS; i++) {
		ids[i] = x_spawn("script", run_script, &numbers[i]);
	}
	id = x_spawn("rescuer", rescuer, NULL);
	for (unsigned i = 0; i < FIBERS; i++) {
		x_join(ids[i]);
	}
	for (unsigned i = 0; i < SLOTS; i++) {
		struct handle *h = slots[i];

		if (h != NULL && !h->freeing) {
			handle_free(h, false);
		}
	}
	finish_reaped();
	over = true;
	x_join(id);
	weir_chan_free(chan);
	rig_down();
	for (unsigned i = 0; i < nhandles; i++) {
		X_ASSERT(handles[i].begun == handles[i].accepted); /* C1 */
		X_ASSERT(handles[i].ended == handles[i].begun);
	}
	X_ASSERT(misuses == 0 || misuses_meant > 0);
}

/* ---- the target --------------------------------------------------------- */

static const struct x_test api_test = {.name = "api", .body = body};

void
wrx_reach(const char *word)
{
	(void)word;
}

static void
on_death(void)
{
	if (wrx.running) {
		wrx_report();
	}
}

static void
start_once(void)
{
	static bool up;

	if (!up) {
		wrx_program = "fuzz_api";
		wrx.trace = getenv("FUZZ_TRACE") != NULL;
		wrx_ctx_init();
#ifndef FUZZ_LIBFUZZER
		(void)wrx_ctx_on_death(on_death);
#else
		(void)on_death;
#endif
		up = true;
	}
}

static void
read_scripts(struct fuzz_bytes *b)
{
	memset(scripts, 0, sizeof(scripts));
	for (unsigned n = 0; b->left > 0 && n < CALLS_MAX; n++) {
		unsigned first = fuzz_byte(b);
		unsigned i = first / CALLS % FIBERS;
		struct call *c = &scripts[i].calls[scripts[i].n++];

		c->kind = (uint8_t)(first % CALLS);
		c->arg = (uint8_t)fuzz_byte(b);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = {data, size};
	struct wrx_plan plan = {.test = &api_test, .len = 200};

	start_once();
	plan.strategy = (enum wrx_strategy)(fuzz_byte(&b) % WRX_EXHAUST);
	plan.sb = (fuzz_byte(&b) & 1) != 0;
	for (unsigned i = 0; i < 6; i++) {
		plan.seed = plan.seed << 8 | fuzz_byte(&b);
	}
	read_scripts(&b);
	if (!wrx_run(&plan)) {
		wrx_report();
		abort();
	}
	return 0;
}
