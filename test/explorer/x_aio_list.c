/*
 * x_aio_list - providers as one writes them: a list under a lock, and layers.
 *
 * Purpose    the mailbox of docs/guide/provider.md, with the lock as a leaf
 *            (X_LEAF), and a service whose operation is another operation
 *            below: C1, C4, K4, K5 through weir_aioq and real locks.
 * Rules      what is put is taken once or still there at the end; an operation
 *            that ended otherwise has taken nothing.
 */
#include "x_aio_rig.h"

#include <weir/sleep.h>

#include <string.h>

#define TAKERS 2

/* The pool makes its threads under its lock. */
#ifdef X_REAL_POOL
#define LEAF 0
#else
#define LEAF X_LEAF
#endif

static struct {
	wri_mtx lock;
	weir_aioq takers;
	unsigned items; /* that wait for takers */
	unsigned put, taken;
} box;

struct taker {
	weir_aio *aio;
	unsigned again, callbacks;
	bool running, stopped;
	weir_err result;
	x_latch back;
};

static struct taker takers[TAKERS];
static weir_time cancel_at; /* 0: at any time */

static void
box_cancel(weir_aio *aio, void *arg, weir_err why)
{
	bool found;

	X_ASSERT(arg == &box);
	wri_mtx_lock(&box.lock);
	found = weir_aioq_remove(&box.takers, aio);
	wri_mtx_unlock(&box.lock);
	if (found) {
		X_ASSERT(weir_aio_finish(aio, why));
	} else {
		X_REACH("not-in-the-list");
	}
}

static const weir_provider box_provider = {
    .size = sizeof(box_provider),
    .name = "box",
    .cancel = box_cancel,
};

static void
box_take(weir_aio *aio)
{
	if (weir_aio_reset(aio) != WEIR_OK) {
		return;
	}
	wri_mtx_lock(&box.lock);
	if (box.items > 0) {
		box.items--;
		wri_mtx_unlock(&box.lock);
		X_ASSERT(weir_aio_finish_count(aio, WEIR_OK, 1));
		return;
	}
	if (weir_aio_start(aio, &box_provider, &box) == WEIR_OK) {
		weir_aioq_push(&box.takers, aio);
	}
	wri_mtx_unlock(&box.lock);
}

static void
box_put(void *arg)
{
	weir_aio *aio;

	(void)arg;
	box.put++;
	wri_mtx_lock(&box.lock);
	aio = weir_aioq_pop(&box.takers);
	if (aio == NULL) {
		box.items++;
	}
	wri_mtx_unlock(&box.lock);
	if (aio != NULL) {
		X_ASSERT(weir_aio_finish_count(aio, WEIR_OK, 1));
	}
}

static void
taker_cb(void *arg)
{
	struct taker *t = arg;

	X_ASSERT(!t->running && !t->stopped && x_locks() == 0);
	t->running = true;
	t->callbacks++;
	t->result = weir_aio_result(t->aio);
	X_ASSERT(weir_aio_count(t->aio) == (t->result == WEIR_OK));
	box.taken += t->result == WEIR_OK;
	if (t->again > 0) {
		t->again--;
		box_take(t->aio);
	}
	t->running = false;
	x_open(&t->back);
}

static void
box_up(unsigned again)
{
	rig_up(2, 2);
	cancel_at = 0;
	memset(&box, 0, sizeof(box));
	memset(takers, 0, sizeof(takers));
	for (unsigned i = 0; i < TAKERS; i++) {
		X_ASSERT(weir_aio_alloc(&takers[i].aio, taker_cb, &takers[i]) ==
			 WEIR_OK);
		takers[i].again = again;
	}
}

static void
box_down(void)
{
	for (unsigned i = 0; i < TAKERS; i++) {
		weir_aio_free(takers[i].aio);
		takers[i].stopped = true;
	}
	X_ASSERT(weir_aioq_first(&box.takers) == NULL);
	X_ASSERT(box.put == box.taken + box.items);
	rig_down();
}

static void
cancel_first(void *arg)
{
	(void)arg;
	x_sleep_until(cancel_at);
	if (weir_aio_cancel(takers[0].aio) == WEIR_CANCEL_REQUESTED) {
		X_REACH("requested");
	}
}

/* Two takers, one of them twice, an item, a cancel; then both are freed. */
static void
mailbox(void)
{
	int ids[2];

	box_up(0);
	takers[1].again = 1;
	ids[0] = x_spawn("put", box_put, NULL);
	ids[1] = x_spawn("cancel", cancel_first, NULL);
	box_take(takers[0].aio);
	box_take(takers[1].aio);
	x_join(ids[0]);
	x_join(ids[1]);
	box_down();
}

/* The same with a time that is up just then. */
static void
mailbox_timeout(void)
{
	int ids[2];

	box_up(0);
	X_ASSERT(weir_aio_set_timeout(takers[0].aio, WEIR_MS(1)) == WEIR_OK);
	X_ASSERT(weir_aio_set_timeout(takers[1].aio, WEIR_MS(1)) == WEIR_OK);
	ids[0] = x_spawn("put-1", box_put, NULL);
	ids[1] = x_spawn("put-2", box_put, NULL);
	box_take(takers[0].aio);
	box_take(takers[1].aio);
	X_ASSERT(weir_aio_wait(takers[0].aio) == WEIR_OK);
	X_ASSERT(weir_aio_wait(takers[1].aio) == WEIR_OK);
	X_ASSERT(takers[0].callbacks == 1 && takers[1].callbacks == 1);
	if (takers[0].result == WEIR_ETIMEDOUT && box.taken == 1) {
		X_REACH("one-in-time");
	}
	x_join(ids[0]);
	x_join(ids[1]);
	box_down();
}

/* Finished several at a time. */
static void
mailbox_batch(void)
{
	weir_aio *aios[TAKERS];
	size_t n = 0;
	int id;

	box_up(1);
	box_take(takers[0].aio);
	box_take(takers[1].aio);
	id = x_spawn("cancel", cancel_first, NULL);
	wri_mtx_lock(&box.lock);
	while ((aios[n] = weir_aioq_pop(&box.takers)) != NULL) {
		if (++n == TAKERS) {
			break;
		}
	}
	wri_mtx_unlock(&box.lock);
	X_ASSERT(weir_aio_finish_batch(aios, n, WEIR_ECLOSED) == n);
	x_join(id);
	box_down();
}

/* ---- layers ------------------------------------------------------------ */

/* An operation of the outer service sleeps below, then takes an item. */
static struct {
	weir_aio *inner; /* the service's own */
	weir_aio *outer; /* whose operation it is */
	weir_err why;    /* a cancel came */
	bool sleeping;
} layer;

static void
layer_cancel(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	X_ASSERT(aio == layer.outer);
	layer.why = why;
	(void)weir_aio_abort(layer.inner, why);
}

static const weir_provider layer_provider = {
    .size = sizeof(layer_provider),
    .name = "layer",
    .cancel = layer_cancel,
};

/* The operation below has ended: the next stage, or the end. */
static void
layer_cb(void *arg)
{
	weir_err rv = weir_aio_result(layer.inner);

	(void)arg;
	if (layer.sleeping && rv == WEIR_OK && layer.why == WEIR_OK) {
		layer.sleeping = false;
		box_take(layer.inner);
		/* A cancel between the stages found nothing below. */
		if (layer.why != WEIR_OK) {
			(void)weir_aio_abort(layer.inner, layer.why);
			X_REACH("between-stages");
		}
		return;
	}
	box.taken += rv == WEIR_OK && !layer.sleeping;
	X_ASSERT(weir_aio_finish(layer.outer, rv == WEIR_OK ? layer.why : rv));
}

/* K4: an abort reaches the operation in whatever stage it is. */
static void
layers(void)
{
	int id;

	box_up(0);
	memset(&layer, 0, sizeof(layer));
	X_ASSERT(weir_aio_alloc(&layer.inner, layer_cb, NULL) == WEIR_OK);
	layer.outer = takers[0].aio;
	layer.sleeping = true;
	X_ASSERT(weir_aio_reset(layer.outer) == WEIR_OK);
	X_ASSERT(weir_aio_start(layer.outer, &layer_provider, NULL) == WEIR_OK);
	weir_sleep_aio(WEIR_US(50), layer.inner);
	if (layer.why != WEIR_OK) {
		(void)weir_aio_abort(layer.inner, layer.why);
	}
	if (x_rand(2) == 0) { /* just when the sleep ends */
		cancel_at =
		    (weir_time)(layer.inner->deadline.armed.v & ~UINT64_C(3));
	}
	id = x_spawn("cancel", cancel_first, NULL);
	/* Nothing is put: it ends only if the cancel comes through. */
	X_ASSERT(weir_aio_wait(layer.outer) == WEIR_OK);
	X_ASSERT(takers[0].callbacks == 1);
	X_ASSERT(takers[0].result == WEIR_ECANCELED);
	x_join(id);
	weir_aio_free(layer.inner);
	box_down();
}

const struct x_test x_tests[] = {
    {"mailbox", mailbox, "C1 C4 K4 K5, a list under a lock", X_NOTIME | LEAF, 0,
	"not-in-the-list requested", NULL},
    {"mailbox_timeout", mailbox_timeout, "C1 C2, a list and its time", 0, 0,
	"not-in-the-list one-in-time", NULL},
    {"mailbox_batch", mailbox_batch, "C1, several at a time", X_NOTIME, 0,
	"not-in-the-list", NULL},
    {"layers", layers, "K4 K5, stages", X_NOJUMP, 0, "between-stages", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
