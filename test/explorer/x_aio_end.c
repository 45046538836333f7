/*
 * x_aio_end - ends that compete: two finishes, two starts, no callback wanted.
 *
 * Purpose    C1, C2, K2 where the provider or the consumer does what it should
 *            not, and where a late finish is allowed (tickets).
 * Rules      misuse is counted, and everything goes on as if it had not been.
 */
#include "x_aio_rig.h"

#include <string.h>
#include <weir/weir.h>

static struct subject one;

static void
join(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

/* ---- no callback wanted ------------------------------------------------ */

static bool skipped;

static void
skip_submit(void *arg)
{
	weir_aio_skip_callback(arg, &skipped);
	if (weir_aio_reset(arg) == WEIR_OK) {
		X_ASSERT(weir_aio_finish(arg, WEIR_OK));
	}
	X_ASSERT(skipped);
}

static void
never(void *arg)
{
	(void)arg;
	x_fail("a callback that was to be skipped");
}

/* The operation ends while it is submitted, and there is no callback. */
static void
skip_sync(void)
{
	weir_aio *aio;
	int ids[2];

	rig_up(1, 1);
	memset(&one, 0, sizeof(one));
	X_ASSERT(weir_aio_alloc(&aio, never, NULL) == WEIR_OK);
	one.aio = aio;
	ids[0] = x_spawn("submit", skip_submit, aio);
	ids[1] = x_spawn("wait", do_wait, &one);
	if (x_rand(2) == 0) {
		weir_aio_close(aio);
	} else {
		(void)weir_aio_cancel(aio);
	}
	join(ids, 2);
	weir_aio_free(aio);
	rig_down();
}

/* ---- two finishes ------------------------------------------------------ */

static struct {
	weir_aio *aio;
	weir_ticket ticket;
	weir_err result[2];
	unsigned callbacks, wins, misuses;
	weir_err won;
} two;

static void
on_misuse(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)m;
	two.misuses++;
	X_REACH("misuse");
}

static void
two_cb(void *arg)
{
	(void)arg;
	X_ASSERT(two.callbacks < 2);
	two.result[two.callbacks++] = weir_aio_result(two.aio);
	if (two.ticket != 0 && two.callbacks == 1) {
		X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
		x_point();
		X_ASSERT(weir_aio_finish(two.aio, WEIR_ECLOSED));
	}
}

static void
two_finish(void *arg)
{
	weir_err err = *(weir_err *)arg;
	bool won = two.ticket != 0
		       ? weir_aio_finish_ticket(two.aio, two.ticket, err, 0)
		       : weir_aio_finish(two.aio, err);

	if (won) {
		two.wins++;
		two.won = err;
	}
}

static void
run_two(bool ticket)
{
	static weir_err errs[] = {WEIR_OK, WEIR_ECONNRESET};
	static const weir_provider p = {sizeof(p), "plain", NULL, NULL};
	int ids[2];

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	X_ASSERT(weir_aio_alloc(&two.aio, two_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
	two.ticket = ticket ? weir_aio_ticket(two.aio) : 0;
	X_ASSERT(!ticket || two.ticket != 0);
	X_ASSERT(weir_aio_start(two.aio, &p, NULL) == WEIR_OK);
	ids[0] = x_spawn("finish-1", two_finish, &errs[0]);
	ids[1] = x_spawn("finish-2", two_finish, &errs[1]);
	join(ids, 2);
	X_ASSERT(weir_aio_wait(two.aio) == WEIR_OK);
	X_ASSERT(two.wins == 1 && two.result[0] == two.won);
	if (ticket) {
		X_ASSERT(two.callbacks == 2 && two.misuses == 0);
		X_ASSERT(two.result[1] == WEIR_ECLOSED);
	} else {
		X_ASSERT(two.callbacks == 1 && two.misuses == 1);
	}
	weir_aio_free(two.aio);
	rig_down();
}

/* Row 7': exactly one wins, the other is told. */
static void
finish_twice(void)
{
	run_two(false);
}

/* A late finish of k meets k + 1 in any state and does nothing. */
static void
finish_ticket(void)
{
	run_two(true);
}

/* ---- misuse of start --------------------------------------------------- */

static void
two_start(void *arg)
{
	static const weir_provider p = {sizeof(p), "plain", NULL, NULL};

	(void)arg;
	if (weir_aio_start(two.aio, &p, NULL) == WEIR_OK) {
		two.wins++;
	}
}

static void
end_early(void *arg)
{
	(void)arg;
	X_ASSERT(weir_aio_finish(two.aio, WEIR_OK));
}

/*
 * Two starts, or a finish before the start has been made: reported, and still
 * one callback.
 */
static void
start_twice(void)
{
	bool finishes = x_rand(2) != 0;
	int id;

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	X_ASSERT(weir_aio_alloc(&two.aio, two_cb, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_reset(two.aio) == WEIR_OK);
	id = x_spawn("other", finishes ? end_early : two_start, NULL);
	two_start(NULL);
	x_join(id);
	if (finishes) {
		X_ASSERT(two.wins + two.misuses == 1);
	} else {
		X_ASSERT(two.wins == 1 && two.misuses == 1);
		end_early(NULL);
	}
	X_ASSERT(weir_aio_wait(two.aio) == WEIR_OK);
	X_ASSERT(two.callbacks == 1 && two.result[0] == WEIR_OK);
	weir_aio_free(two.aio);
	rig_down();
}

/* A submit of a handle that is busy: reported, the operation is unharmed. */
static void
intrude(void *arg)
{
	struct subject *s = arg;

	if (op_of(word_of(s->aio)) == OP_ACTIVE &&
	    weir_aio_reset(s->aio) == WEIR_EMISUSE) {
		X_REACH("busy");
	}
}

static void
busy(void)
{
	int ids[2];

	rig_up(1, 1);
	memset(&two, 0, sizeof(two));
	weir_misuse_set(on_misuse, NULL);
	subject_init(&one, OBEYS);
	one.finishes = 1;
	toy_submit(&one);
	ids[0] = x_spawn("intruder", intrude, &one);
	/* Asked, so that it goes on to be busy until the other has looked. */
	X_ASSERT(weir_aio_set_timeout(one.aio, 1) == WEIR_EMISUSE);
	x_join(ids[0]);
	ids[1] = x_spawn("finisher", toy_finisher, &one);
	do_wait(&one);
	x_join(ids[1]);
	X_ASSERT(one.oks == 1 && two.misuses == 2);
	subject_free(&one);
	rig_down();
}

const struct x_test x_tests[] = {
    {"skip_sync", skip_sync, "C1, no callback wanted", X_NOTIME, 0, "", NULL},
    {"finish_twice", finish_twice, "C2, row 7'", X_NOTIME, 0, "misuse", NULL},
    {"finish_ticket", finish_ticket, "C2 K2, tickets", X_NOTIME, 0, "", NULL},
    {"start_twice", start_twice, "C1, misuse of start", X_NOTIME | X_UNJUDGED,
	0, "misuse", NULL},
    {"busy", busy, "C1, misuse of reset", X_NOTIME, 0, "busy misuse", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
