/*
 * x_lane - the lane: posts, retracts, starts that fail, and the end.
 *
 * Purpose    each job is run and dropped, or dropped with an error, or
 *            retracted: one of these, once.  No job is forgotten in the queue
 *            while a thread sleeps, and nothing is left when the last thread
 *            has come back.
 */
#include "explorer/explorer.h"

#include "offload/lane.h"

#include <string.h>

#define JOBS 3

static struct call {
	struct wri_job job; /* first */
	weir_err posted;
	bool retracted;
	unsigned runs, drops;
	weir_err dropped;
	x_latch *gate; /* run waits for it, or NULL */
} calls[JOBS];

static struct wri_lane *lane;
static x_latch begun, gate, ended;

static void
call_run(struct wri_job *job)
{
	struct call *c = (struct call *)(void *)job;

	X_ASSERT(c->drops == 0 && x_locks() == 0);
	c->runs++;
	x_open(&begun);
	if (c->gate != NULL) {
		x_await(c->gate, 1);
	} else {
		x_point();
	}
}

static void
call_drop(struct wri_job *job, weir_err err)
{
	struct call *c = (struct call *)(void *)job;

	X_ASSERT(x_locks() == 0);
	X_ASSERT(c->runs == (err == WEIR_OK));
	c->drops++;
	c->dropped = err;
	/* Nobody looks at it any more. */
	memset(job, 0xdb, sizeof(*job));
	x_open(&ended);
}

static const struct wri_job_ops ops = {call_run, call_drop};

static bool
make(unsigned threads, unsigned queue_max)
{
	const struct wri_lane_config config = {"lane", threads, queue_max};

	memset(calls, 0, sizeof(calls));
	for (int i = 0; i < JOBS; i++) {
		calls[i].job.ops = &ops;
		calls[i].job.what = "x";
	}
	return wri_lane_alloc(&lane, &config) == WEIR_OK;
}

static void
post(void *arg)
{
	struct call *c = arg;

	c->posted = wri_lane_post(lane, &c->job);
}

/* As a hook does, before or after the post, or while it runs. */
static void
retract(void *arg)
{
	struct call *c = arg;

	c->retracted = wri_lane_retract(lane, &c->job);
}

/* Of each job one thing has become true, once. */
static void
expect(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct call *c = &calls[i];

		if (c->retracted) {
			X_REACH("retracted");
			X_ASSERT(c->runs == 0 && c->drops == 0);
			X_ASSERT(c->posted == WEIR_OK ||
				 c->posted == WEIR_ECANCELED);
		} else if (c->posted == WEIR_OK) {
			X_ASSERT(c->drops == 1);
		} else {
			X_REACH("full");
			X_ASSERT(c->posted == WEIR_EAGAIN);
			X_ASSERT(c->runs == 0 && c->drops == 0);
		}
		if (c->posted == WEIR_ECANCELED) {
			X_REACH("early");
		}
		if (c->drops == 1 && c->dropped == WEIR_EAGAIN) {
			X_REACH("no-thread");
		}
		if (c->drops == 1 && c->dropped == WEIR_ESTOPPED) {
			X_REACH("stopped");
		}
	}
}

/* How many jobs the lane must let go of without being told to end. */
static uint32_t
owed(unsigned n)
{
	uint32_t owes = 0;

	for (unsigned i = 0; i < n; i++) {
		owes += calls[i].posted == WEIR_OK && !calls[i].retracted;
	}
	return owes;
}

/* Two posters, one thread more than needed or less; all is done by itself. */
static void
posters(unsigned threads)
{
	int ids[JOBS];

	if (!make(threads, JOBS)) {
		return;
	}
	for (int i = 0; i < JOBS; i++) {
		ids[i] = x_spawn("poster", post, &calls[i]);
	}
	for (int i = 0; i < JOBS; i++) {
		x_join(ids[i]);
	}
	x_await(&ended, owed(JOBS));
	X_ASSERT(wri_lane_threads(lane) <= threads);
	X_ASSERT(wri_lane_fini(lane, WEIR_NEVER) == WEIR_OK);
	expect(JOBS);
}

static void
posters_1(void)
{
	posters(1);
}

static void
posters_2(void)
{
	posters(2);
}

/* Posts one after the other: an idle thread must hear of each. */
static void
one_by_one(void)
{
	if (!make(2, JOBS)) {
		return;
	}
	for (unsigned i = 0; i < JOBS; i++) {
		post(&calls[i]);
		if (x_rand(2) == 0) {
			x_await(&ended, owed(i + 1));
		}
	}
	x_await(&ended, owed(JOBS));
	X_ASSERT(wri_lane_fini(lane, WEIR_NEVER) == WEIR_OK);
	expect(JOBS);
}

/* Retracts against posts, and against the thread. */
static void
retracts(void)
{
	int ids[4];

	if (!make(1, 1)) {
		return;
	}
	ids[0] = x_spawn("poster0", post, &calls[0]);
	ids[1] = x_spawn("retracter0", retract, &calls[0]);
	ids[2] = x_spawn("poster1", post, &calls[1]);
	ids[3] = x_spawn("retracter1", retract, &calls[1]);
	for (int i = 0; i < 4; i++) {
		x_join(ids[i]);
	}
	x_await(&ended, owed(2));
	X_ASSERT(wri_lane_fini(lane, WEIR_NEVER) == WEIR_OK);
	expect(2);
}

/* The end drops what waits; a retract may come at the same time. */
static void
end(void)
{
	int id;

	if (!make(1, JOBS)) {
		return;
	}
	for (int i = 0; i < JOBS; i++) {
		post(&calls[i]);
	}
	wri_lane_hold(lane);
	id = x_spawn("retracter", retract, &calls[JOBS - 1]);
	X_ASSERT(wri_lane_fini(lane, WEIR_NEVER) == WEIR_OK);
	x_join(id);
	wri_lane_rele(lane);
	expect(JOBS);
}

/* A thread hangs beyond the end and comes back when it likes. */
static void
hang(void)
{
	weir_err rv;

	if (!make(2, JOBS)) {
		return;
	}
	calls[0].gate = &gate;
	post(&calls[0]);
	post(&calls[1]);
	if (owed(1) == 0 || calls[0].drops != 0) {
		x_open(&gate);
	} else if (x_rand(2) == 0) {
		x_await(&begun, 1);
	}
	rv = wri_lane_fini(lane, x_time() + WEIR_MS(1));
	if (rv != WEIR_OK) {
		X_REACH("abandoned");
		X_ASSERT(rv == WEIR_ETIMEDOUT && calls[0].drops == 0);
	}
	x_open(&gate);
	/* It drops its job; the explorer waits for its end, and counts. */
	x_await(&ended, 2);
	expect(2);
}

const struct x_test x_tests[] = {
    {"posters_1", posters_1, "each job once, 1 thread", X_NOTIME | X_LEAF, 0,
	NULL, NULL},
    {"posters_2", posters_2, "each job once, 2 threads", X_NOTIME | X_LEAF, 0,
	NULL, NULL},
    {"posters_fail", posters_2, "starts and memory fail",
	X_NOTIME | X_LEAF | X_FAIL_THREAD | X_FAIL_ALLOC, 0, "no-thread", NULL},
    {"one_by_one", one_by_one, "an idle thread hears of each job",
	X_NOTIME | X_LEAF, 0, NULL, NULL},
    {"retracts", retracts, "retract against post and run", X_NOTIME | X_LEAF, 0,
	"retracted full early", NULL},
    {"end", end, "the end drops what waits", X_NOTIME | X_LEAF, 0,
	"stopped retracted", NULL},
    {"hang", hang, "a thread that hangs is abandoned", X_LEAF, 0, "abandoned",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
