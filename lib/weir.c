/*
 * weir - start and stop of the library: the rooms, up in order, down in
 * reverse.
 *
 * Purpose    weir_init and weir_fini, and what asks all rooms at once.
 * Ownership  one state per process, under one lock; the rooms own theirs.
 * Order      up: expiry threads, pollers, the default pool, then the life
 *            begins.  Down: the life ends (nothing new), handles are stopped
 *            and waited for, pools are drained, pollers and expiry threads end.
 * Bounds     fini_limit for all waiting in weir_fini together.
 * Proof      test/weir/test_init.c
 */
#include <weir/weir.h>

#include "aio/fdio.h"
#include "aio/registry.h"
#include "base/clock.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "params.h"
#include "poller/poller.h"
#include "stream/stream.h"
#include "taskq/taskq.h"
#include "timer/timer.h"

#include <string.h>

static struct {
	wri_mtx lock;
	unsigned depth; /* successful inits without fini */
	weir_params params;
	struct wri_pool *pool;
} lib = {.lock = WRI_MTX_INIT};

static weir_err
pool_up(const weir_params *p)
{
	struct wri_pool_config config = {
	    .name = "weir",
	    .tokens = (unsigned)p->num_task_threads,
	    .threads_max = (unsigned)p->max_task_threads,
	    .slots = (unsigned)p->num_poller_threads,
	    .role_ops = wri_poller_role_ops(),
	    .slot_args = wri_poller_slot_args(),
	    .is_default = true,
	};

	return wri_pool_init(&lib.pool, &config);
}

static weir_err
rooms_up(const weir_params *p)
{
	struct wri_alarm *alarm;
	weir_err rv = wri_life_prepare();

	if (rv != WEIR_OK) {
		return rv;
	}
	wri_registry_begin(p->slack);
	rv = wri_timer_init((unsigned)p->num_expire_threads,
	    &wri_aio_deadline_ops, wri_taskq_watch, &alarm);
	if (rv != WEIR_OK) {
		return rv;
	}
	wri_taskq_init(alarm);
	rv = wri_fdio_init(p->poller, (unsigned)p->num_poller_threads);
	if (rv != WEIR_OK) {
		goto fail_timer;
	}
	rv = pool_up(p);
	if (rv != WEIR_OK) {
		goto fail_poller;
	}
	wri_pool_set_default(lib.pool);
	wri_life_set(true);
	return WEIR_OK;

fail_poller:
	wri_fdio_fini();
fail_timer:
	wri_timer_fini();
	wri_taskq_fini();
	return rv;
}

/* One more init of a library that runs; WEIR_ESTATE: it does not. */
static weir_err
nest_locked(const weir_params *params)
{
	if (lib.depth == 0) {
		return WEIR_ESTATE;
	}
	if (params != NULL) {
		return WEIR_EBUSY;
	}
	lib.depth++;
	return WEIR_OK;
}

static weir_err
first_locked(const weir_params *p)
{
	weir_err rv = wri_params_apply(p);

	if (rv == WEIR_OK) {
		rv = rooms_up(p);
	}
	if (rv == WEIR_OK) {
		lib.params = *p;
		lib.params.poller = wri_poller_name();
		lib.depth = 1;
	}
	return rv;
}

weir_err
weir_init(const weir_params *params)
{
	weir_params p;
	weir_err rv;

	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (wri_runner_self() != NULL) {
		return WEIR_EDEADLK;
	}
	wri_mtx_lock(&lib.lock);
	rv = nest_locked(params);
	wri_mtx_unlock(&lib.lock);
	if (rv != WEIR_ESTATE) {
		return rv;
	}
	/* May log, and the program's log function may call us. */
	rv = wri_params_resolve(params, &p);
	if (rv != WEIR_OK) {
		return rv;
	}
	wri_mtx_lock(&lib.lock);
	rv = nest_locked(params);
	if (rv == WEIR_ESTATE) {
		rv = first_locked(&p);
	}
	wri_mtx_unlock(&lib.lock);
	return rv;
}

/* End every operation and every thread; WEIR_ETIMEDOUT: some did not. */
static weir_err
rooms_down(void)
{
	weir_time until = weir_time_after(wri_now(), lib.params.fini_limit);
	unsigned left;
	weir_err rv = WEIR_OK;

	wri_life_set(false);
	wri_registry_stop();
	if (!wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	/* What was stopped may have run callbacks that made more. */
	wri_registry_stop();
	if (rv == WEIR_OK && !wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	left = wri_registry_orphan();
	if (left > 0) {
		wri_log(WEIR_LOG_WARN,
		    "weir_fini: %u handles are still allocated", left);
	}
	if (wri_taskq_stop_others(lib.pool, until) != WEIR_OK) {
		rv = WEIR_ETIMEDOUT;
	}
	if (wri_pool_fini(lib.pool, until) != WEIR_OK) {
		wri_log(WEIR_LOG_ERR,
		    "weir_fini: abandoned a thread whose callback did not "
		    "return");
		rv = WEIR_ETIMEDOUT;
	}
	wri_pool_set_default(NULL);
	wri_fdio_fini();
	wri_timer_fini();
	wri_taskq_fini();
	return rv;
}

weir_err
weir_fini(void)
{
	weir_err rv = WEIR_OK;

	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (wri_runner_self() != NULL || wri_self_get(WRI_SELF_CHAIN) != NULL) {
		return WEIR_EDEADLK;
	}
	wri_mtx_lock(&lib.lock);
	if (lib.depth == 0) {
		rv = WEIR_ESTATE;
	} else if (lib.depth > 1) {
		lib.depth--;
	} else {
		rv = rooms_down();
		lib.depth = 0;
	}
	wri_mtx_unlock(&lib.lock);
	return rv;
}

weir_err
weir_get_params(weir_params *params)
{
	weir_err rv = wri_life_check();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (params == NULL || params->size != sizeof(*params)) {
		return WEIR_EINVAL;
	}
	wri_mtx_lock(&lib.lock);
	*params = lib.params;
	wri_mtx_unlock(&lib.lock);
	return WEIR_OK;
}

weir_err
weir_get_stats(weir_stats *stats)
{
	struct wri_registry_stats aios;
	struct wri_taskq_stats tasks;
	struct wri_timer_stats timers;
	struct wri_poller_stats polls;
	weir_err rv = wri_life_check();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (stats == NULL || stats->size != sizeof(*stats)) {
		return WEIR_EINVAL;
	}
	wri_registry_stats(&aios);
	wri_taskq_stats(&tasks);
	wri_timer_stats(&timers);
	wri_poller_stats(&polls);
	*stats = (weir_stats){
	    .size = sizeof(*stats),
	    .aios = aios.aios,
	    .submitted = aios.submitted,
	    .completed = aios.completed,
	    .callbacks = tasks.callbacks,
	    .deadlines = timers.entries,
	    .expired = timers.expired,
	    .parks = tasks.parks,
	    .wakes = tasks.wakes,
	    .reliefs = tasks.reliefs,
	    .polls = polls.waits,
	    .events = polls.events,
	    .late_finishes = aios.late,
	    .accept_pauses = wri_stream_accept_pauses(),
	    .threads = tasks.threads + (unsigned)lib.params.num_expire_threads,
	    .fds = polls.fds,
	};
	return WEIR_OK;
}
