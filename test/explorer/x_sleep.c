/*
 * x_sleep - sleeps and intervals: operations that the clock ends.
 *
 * Purpose    the time to sleep against cancel, against a restart with another
 *            provider, against stop; D1 to D3 of sleeps and ticks.
 * Rules      where lateness is judged the clock moves only when nobody can run
 *            (X_NOJUMP).
 */
#include "x_aio_rig.h"

#include "base/clock.h"

#include <string.h>

#define D WEIR_US(200)
#define GRAIN 32768
#define TICKS 2000 /* looks at the clock, 1 ns each */

struct sleeper {
	weir_aio *aio;
	weir_time due, late; /* of an end with WEIR_OK; late 0: not judged */
	weir_err expected;   /* WEIR_EMISUSE: any */
	weir_err result;
	unsigned again, begun, ended;
	bool stopped;
	void (*then)(struct sleeper *s);
	x_latch back;
};

static struct sleeper one, two;

static void
sleeper_take(struct sleeper *s)
{
	X_ASSERT(s->begun == s->ended && !s->stopped);
	s->begun++;
	s->result = weir_aio_result(s->aio);
	X_ASSERT(s->expected == WEIR_EMISUSE || s->result == s->expected);
	if (s->result == WEIR_OK || s->result == WEIR_ETIMEDOUT) {
		X_ASSERT(x_time() >= s->due);
		X_ASSERT(s->late == 0 || x_time() <= s->late);
	} else {
		X_ASSERT(
		    s->result == WEIR_ECANCELED || s->result == WEIR_ESTOPPED);
	}
	x_point();
	X_ASSERT(weir_aio_result(s->aio) == s->result); /* C3 */
}

static void
sleeper_cb(void *arg)
{
	struct sleeper *s = arg;

	sleeper_take(s);
	if (s->again > 0) {
		s->again--;
		s->then(s);
	}
	s->ended++;
	x_open(&s->back);
}

static void
init(struct sleeper *s, weir_aio_cb cb)
{
	memset(s, 0, sizeof(*s));
	s->expected = WEIR_EMISUSE;
	X_ASSERT(weir_aio_alloc(&s->aio, cb, s) == WEIR_OK);
	x_name(&s->aio->word, sizeof(s->aio->word), "word");
}

static void
go_to_sleep(struct sleeper *s, weir_duration d)
{
	s->due = x_time() + (d > 0 ? d : 0);
	weir_sleep_aio(d, s->aio);
}

static void
cancel(void *arg)
{
	struct sleeper *s = arg;

	(void)weir_aio_cancel(s->aio);
}

static void
stop(void *arg)
{
	struct sleeper *s = arg;

	X_ASSERT(weir_aio_stop(s->aio) == WEIR_OK);
	s->stopped = true;
	X_ASSERT(s->begun == s->ended);
}

static void
end(struct sleeper *s)
{
	weir_aio_free(s->aio);
	X_ASSERT(s->begun == s->ended);
}

/* D1, D2, D3, and whose time comes first when the handle has a limit. */
static void
sleep_alone(void)
{
	const weir_duration limits[] = {WEIR_DEFAULT, WEIR_INFINITE, D, 4 * D};
	weir_duration limit = limits[x_rand(4)];
	weir_duration d = (weir_duration)x_rand(3) * 2 * D - D;
	weir_duration first = d;

	rig_up(1, 1);
	init(&one, sleeper_cb);
	X_ASSERT(weir_aio_set_timeout(one.aio, limit) == WEIR_OK);
	if (limit >= 0 && limit < d) {
		one.expected = WEIR_ETIMEDOUT;
		first = limit;
	} else {
		one.expected = WEIR_OK; /* a tie goes to the sleep */
	}
	go_to_sleep(&one, d);
	one.due = one.due - (d > 0 ? d : 0) + (first > 0 ? first : 0);
	one.late = one.due + TICKS +
		   (first == d ? GRAIN : (weir_duration)wri_aio_grain);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	X_ASSERT(one.ended == 1);
	end(&one);
	rig_down();
}

/* The callback goes on with an operation that is no sleep. */
static void
plain_cancel(weir_aio *aio, void *arg, weir_err why)
{
	unsigned *calls = arg;

	X_ASSERT(++*calls == 1);
	X_ASSERT(weir_aio_finish(aio, why));
}

static unsigned calls;

static void
then_plain(struct sleeper *s)
{
	static const weir_provider p = {sizeof(p), "plain", plain_cancel, NULL};

	s->due = x_time() + 4 * D;
	X_ASSERT(weir_aio_set_timeout(s->aio, 4 * D) == WEIR_OK);
	X_ASSERT(weir_aio_reset(s->aio) == WEIR_OK);
	if (weir_aio_start(s->aio, &p, &calls) != WEIR_OK) {
		X_REACH("start-refused");
	}
}

static void
then_sleep(struct sleeper *s)
{
	go_to_sleep(s, D);
}

/* K2: what was meant for the sleep does not hit what follows. */
static void
cancel_sleep(void)
{
	int id;

	rig_up(2, 2);
	init(&one, sleeper_cb);
	one.again = 1;
	one.then = x_rand(2) == 0 ? then_plain : then_sleep;
	calls = 0;
	go_to_sleep(&one, D);
	id = x_spawn("cancel", cancel, &one);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	x_join(id);
	X_ASSERT(one.ended == 2);
	end(&one);
	rig_down();
}

static void
sleep_till(void *arg)
{
	struct sleeper *s = arg;

	x_sleep_until((weir_time)(s->aio->deadline.armed.v & ~UINT64_C(3)));
	cancel(s);
}

/* The same with the cancel just when it is due, and an expiry thread that is
 * held up. */
static void
due_cancel(void)
{
	int id;

	rig_up(2, 2);
	rig_slow_expire();
	init(&one, sleeper_cb);
	one.again = 1;
	one.then = x_rand(2) == 0 ? then_plain : then_sleep;
	calls = 0;
	go_to_sleep(&one, D);
	id = x_spawn("cancel", sleep_till, &one);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	x_join(id);
	X_ASSERT(one.ended == 2);
	end(&one);
	rig_down();
}

/* T2: a long sleep does not hold up stop; a stop at any time. */
static void
stop_sleep(void)
{
	int ids[2];

	rig_up(1, 1);
	init(&one, sleeper_cb);
	one.again = 2;
	one.then = then_sleep;
	go_to_sleep(&one, x_rand(2) == 0 ? WEIR_INFINITE : D);
	ids[0] = x_spawn("stop", stop, &one);
	ids[1] = x_spawn("cancel", cancel, &one);
	x_join(ids[0]);
	x_join(ids[1]);
	end(&one);
	rig_down();
}

/* Wait-only, freed at once. */
static void
nocb_sleep(void)
{
	int id;

	rig_up(1, 1);
	init(&one, NULL);
	go_to_sleep(&one, D);
	id = x_spawn("cancel", cancel, &one);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	sleeper_take(&one);
	one.ended++;
	x_join(id);
	if (x_rand(2) == 0) {
		go_to_sleep(&one, D);
		X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
		sleeper_take(&one);
		X_ASSERT(one.result == WEIR_OK);
		one.ended++;
	}
	end(&one);
	rig_down();
}

/* ---- intervals --------------------------------------------------------- */

static weir_interval *iv;
static weir_time born, called; /* the interval; the last call, at the latest */
static uint64_t missed;

static void
then_tick(struct sleeper *s)
{
	s->expected = WEIR_OK;
	weir_interval_next(iv, s->aio);
	called = x_time();
}

static void
tick_cb(void *arg)
{
	struct sleeper *s = arg;

	missed += weir_aio_count(s->aio);
	/* It is the n-th tick that was given out. */
	s->due = born + (weir_time)(s->begun + 1 + missed) * D;
	sleeper_cb(arg);
}

/* Each tick is given out or counted as missed, and none comes early. */
static void
ticks(void)
{
	rig_up(1, 1);
	missed = 0;
	born = x_time();
	X_ASSERT(weir_interval_alloc(&iv, D) == WEIR_OK);
	init(&one, tick_cb);
	one.again = 2;
	one.then = then_tick;
	then_tick(&one);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	X_ASSERT(one.ended == 3);
	/* And not later than the first that had not passed at the call. */
	X_ASSERT(one.due <= called + D);
	if (missed > 0) {
		X_REACH("missed");
	}
	weir_interval_free(iv);
	end(&one);
	rig_down();
}

/* Two handles wait for ticks; the interval goes while they do. */
static void
tick_two(void)
{
	rig_up(2, 2);
	born = x_time();
	X_ASSERT(weir_interval_alloc(&iv, D) == WEIR_OK);
	init(&one, sleeper_cb);
	init(&two, sleeper_cb);
	one.due = two.due = born + D;
	then_tick(&one);
	then_tick(&two);
	weir_interval_free(iv);
	X_ASSERT(weir_aio_wait(one.aio) == WEIR_OK);
	X_ASSERT(weir_aio_wait(two.aio) == WEIR_OK);
	end(&one);
	end(&two);
	rig_down();
}

const struct x_test x_tests[] = {
    {"sleep_alone", sleep_alone, "C1 D1 D2 D3", X_NOJUMP, 0, "", NULL},
    {"cancel_sleep", cancel_sleep, "C1 K2, row 16", 0, 0,
	"start-refused look-starting", NULL},
    {"due_cancel", due_cancel, "C1 K2, row 16", X_NOJUMP, 0, "stale-expire",
	NULL},
    {"stop_sleep", stop_sleep, "T1 T2", 0, 0, "", NULL},
    {"nocb_sleep", nocb_sleep, "C1 D1, wait-only", 0, 0, "", NULL},
    {"ticks", ticks, "D1, interval", 0, 0, "missed", NULL},
    {"tick_two", tick_two, "D1, interval", 0, 0, "", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
