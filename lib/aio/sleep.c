/*
 * sleep - operations that only let time pass.
 *
 * Purpose    sleep, and interval as a row of sleeps on a fixed grid.
 * Ownership  an interval is the program's; a sleep refers to nothing of it, so
 *            it may be freed while operations wait for its tick.
 * Shape      the expiry thread may end these operations itself (W_DIRECT);
 *            whoever cancels goes through the hook, and a hook that comes too
 *            late is answered quietly.
 * Pairs      I1  interval: last (acq_rel CAS); the tick is claimed by the CAS,
 *                nothing else is carried.
 * Proof      test/aio/test_sleep.c, test/explorer/x_aio.c
 */
#include "aio/aio_impl.h"

#include "base/clock.h"
#include "base/life.h"
#include "base/mem.h"

static void
sleep_cancel(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	(void)weir_aio_finish(aio, why);
}

static const weir_provider sleep_provider = {
    .size = sizeof(sleep_provider),
    .name = "sleep",
    .cancel = sleep_cancel,
};

/* End at a time, unless the handle's deadline comes first. */
static void
sleep_until(weir_aio *aio, weir_time at)
{
	weir_time limit = wri_aio_deadline(aio);
	weir_time now = wri_now();

	if (at <= now) {
		(void)weir_aio_finish(aio, WEIR_OK);
	} else if (limit <= now) {
		(void)weir_aio_finish(aio, WEIR_ETIMEDOUT);
	} else if (limit < at) {
		(void)wri_aio_start_direct(
		    aio, &sleep_provider, NULL, limit, WEIR_ETIMEDOUT);
	} else {
		(void)wri_aio_start_direct(
		    aio, &sleep_provider, NULL, at, WEIR_OK);
	}
}

void
weir_sleep_aio(weir_duration d, weir_aio *aio)
{
	weir_time now;

	if (weir_aio_reset(aio) != WEIR_OK) {
		return;
	}
	now = wri_now();
	if (d != WEIR_INFINITE && aio->timeout == d && !aio->expire_set) {
		/* Equal: the sleep wins, whatever the clock does between. */
		aio->deadline_at = WEIR_NEVER;
	}
	sleep_until(aio, d == WEIR_INFINITE ? WEIR_NEVER
			 : d < 0            ? now
					    : weir_time_after(now, d));
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
	wri_store(&iv->last, (uint64_t)wri_now(), WRI_RLX);
	*ivp = iv;
	return WEIR_OK;
}

void
weir_interval_next(weir_interval *iv, weir_aio *aio)
{
	uint64_t tick, now, period, missed;

	if (weir_aio_reset(aio) != WEIR_OK) {
		return;
	}
	if (iv == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	period = (uint64_t)iv->period;
	now = (uint64_t)wri_now();
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
