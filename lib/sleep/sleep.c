/*
 * sleep - operations that only let time pass.
 *
 * Purpose    sleep, and interval as a row of sleeps on a fixed grid.
 * Ownership  an interval is the program's; a sleep refers to nothing of it, so
 *            it may be freed while operations wait for its tick.
 * Shape      a service on the public gate: the clock that would end another
 *            operation with WEIR_ETIMEDOUT wakes the sleeper.
 * Pairs      I1  interval: last (acq_rel CAS); the tick is claimed by the CAS,
 *                nothing else is carried.
 * Proof      test/sleep/test_sleep.c, test/explorer/x_sleep.c
 */
#include <weir/provider.h>
#include <weir/sleep.h>

#include "base/life.h"
#include "base/mem.h"
#include "base/sync.h"

/* A sleep ends at most this much late, plus what the machine adds [ns]. */
#define SLEEP_SLACK WEIR_US(50)

static void
limit_cancel(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	(void)weir_aio_finish(aio, why);
}

static void
sleep_cancel(weir_aio *aio, void *arg, weir_err why)
{
	/* A program may abort with that code, too. */
	if (why == WEIR_ETIMEDOUT && weir_now() >= weir_aio_get_deadline(aio)) {
		why = WEIR_OK;
	}
	limit_cancel(aio, arg, why);
}

/* Ended by the time to sleep, or before it by the handle's deadline. */
static const weir_provider sleep_provider = {
    .size = sizeof(sleep_provider), .name = "sleep", .cancel = sleep_cancel};
static const weir_provider limit_provider = {
    .size = sizeof(limit_provider), .name = "sleep", .cancel = limit_cancel};

/* End at a time, unless the handle's deadline comes first. */
static void
sleep_until(weir_aio *aio, weir_time at)
{
	weir_time limit = weir_aio_get_deadline(aio);
	weir_time now = weir_now();

	if (at <= now) {
		(void)weir_aio_finish(aio, WEIR_OK);
	} else if (limit <= now) {
		(void)weir_aio_finish(aio, WEIR_ETIMEDOUT);
	} else if (weir_aio_start_at(aio,
		       limit < at ? &limit_provider : &sleep_provider, NULL,
		       limit < at ? limit : at, SLEEP_SLACK) != WEIR_OK) {
		return; /* refused: weir ends it */
	}
}

void
weir_sleep_aio(weir_duration d, weir_aio *aio)
{
	weir_time at;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	/* Before the deadline is computed: of two equal times this one is
	 * never the later, and the sleep wins. */
	at = weir_now();
	if (d == WEIR_INFINITE) {
		at = WEIR_NEVER;
	} else if (d > 0) {
		at = weir_time_after(at, d);
	}
	sleep_until(aio, at);
}

struct weir_interval {
	wri_a64 last; /* the tick given out last; first, when it was made */
	weir_duration period;
};

weir_err
weir_interval_alloc(weir_interval **ivp, weir_duration period)
{
	weir_err rv = wri_life_check();
	weir_interval *iv;

	if (rv != WEIR_OK) {
		return rv;
	}
	if (ivp == NULL || period < 1) {
		return WEIR_EINVAL;
	}
	iv = wri_alloc(sizeof(*iv));
	if (iv == NULL) {
		return WEIR_ENOMEM;
	}
	iv->period = period;
	/* Relaxed: nobody knows it yet. */
	wri_store(&iv->last, (uint64_t)weir_now(), WRI_RLX);
	*ivp = iv;
	return WEIR_OK;
}

void
weir_interval_next(weir_interval *iv, weir_aio *aio)
{
	uint64_t tick, now, period, missed;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (iv == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	period = (uint64_t)iv->period;
	now = (uint64_t)weir_now();
	missed = 0;
	tick = wri_load(&iv->last, WRI_ACQ); /* I1 */
	while (tick <= now) { /* else it is still to come: we share it */
		uint64_t first;

		/* Ticks that have passed since are missed; the first that has
		 * not is ours. */
		missed = (now - tick) / period;
		first = tick + (missed + 1) * period;
		if (wri_cas_weak(&iv->last, &tick, first, WRI_ACQ_REL)) {
			tick = first;
			break;
		}
		missed = 0;
	}
	weir_aio_set_count(aio, missed);
	sleep_until(
	    aio, tick < (uint64_t)WEIR_NEVER ? (weir_time)tick : WEIR_NEVER);
}

void
weir_interval_free(weir_interval *iv)
{
	wri_free(iv, sizeof(*iv));
}
