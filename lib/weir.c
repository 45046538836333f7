/*
 * weir - start and stop of the library: the rooms, up in order, down in
 * reverse.
 *
 * Purpose    weir_init and weir_fini, and what asks all rooms at once.
 * Ownership  one state per process, for whoever has the turn; the rooms own
 *            theirs.
 * Order      up: expiry threads, pollers, the resolver's lane, the default
 *            pool, then the life begins.  Down: the life ends (nothing new),
 *            handles are stopped and waited for, pools are drained, the
 *            resolver's threads, pollers and expiry threads end.
 * Bounds     fini_limit for all waiting in weir_fini together.
 * Proof      test/weir/test_init.c
 */
#include <weir/version.h>
#include <weir/weir.h>

#include "aio/fdio.h"
#include "aio/registry.h"
#include "base/clock.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "check/check.h"
#include "dns/dns.h"
#include "params.h"
#include "poller/poller.h"
#include "stream/stream.h"
#include "taskq/taskq.h"
#include "timer/timer.h"
#include "watchdog.h"

#include <string.h>

static struct {
	wri_a32 turn;       /* 1: a thread has what is below to itself */
	unsigned depth;     /* successful inits without fini */
	uint64_t pauses;    /* of accept, in earlier lives */
	weir_params params; /* fixed while the library is up */
	struct wri_pool *pool;
} lib;

/*
 * Wait for our turn to start or stop the library.  It is no mutex: while one
 * thread has the turn the log function may run, and what that calls is told
 * WEIR_EDEADLK, as is whoever the end of the library would wait for.
 */
static weir_err
turn_begin(void)
{
	uint32_t none = 0;

	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (wri_runner_self() != NULL || wri_self_get(WRI_SELF_CHAIN) != NULL ||
	    wri_life_is_inside()) {
		return WEIR_EDEADLK;
	}
	while (!wri_cas(&lib.turn, &none, 1, WRI_ACQ)) {
		(void)wri_futex_wait(&lib.turn, 1, WEIR_NEVER);
		none = 0;
	}
	wri_life_deeper(1);
	return WEIR_OK;
}

static void
turn_end(void)
{
	wri_life_deeper(-1);
	wri_store(&lib.turn, 0, WRI_REL);
	wri_futex_wake(&lib.turn, 1);
}

static weir_err
pool_up(const weir_params *p)
{
	struct wri_pool_config config = {
	    .name = "weir",
	    .tokens = (unsigned)p->num_task_threads,
	    .threads_max = (unsigned)p->max_task_threads,
	    .slots = (unsigned)p->num_poller_threads,
	    .role_ops = &wri_poller_role_ops,
	    .slot_args = wri_poller_slot_args(),
	    .is_default = 1,
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
	wri_add(&wri_life.number, 1, WRI_REL); /* L4 */
	wri_check_set(strcmp(p->check, "1") == 0);
	wri_registry_begin(p->slack);
	wri_watchdog_set(p->watchdog);
	rv = wri_timer_init((unsigned)p->num_expire_threads,
	    &wri_aio_deadline_ops, wri_taskq_watch, &alarm);
	if (rv != WEIR_OK) {
		goto fail_check;
	}
	wri_taskq_init(alarm);
	rv = wri_fdio_init(p->poller, (unsigned)p->num_poller_threads);
	if (rv != WEIR_OK) {
		goto fail_timer;
	}
	rv = wri_dns_init((unsigned)p->num_resolver_threads);
	if (rv != WEIR_OK) {
		goto fail_poller;
	}
	rv = pool_up(p);
	if (rv != WEIR_OK) {
		goto fail_dns;
	}
	lib.pauses = wri_stream_accept_pauses();
	lib.params = *p;
	lib.params.poller = wri_poller_name();
	wri_pool_set_default(lib.pool);
	wri_life_set(WRI_LIFE_UP);
	return WEIR_OK;

fail_dns:
	(void)wri_dns_fini(WEIR_NEVER); /* it has no thread */
fail_poller:
	wri_fdio_fini();
fail_timer:
	wri_timer_fini();
	wri_taskq_fini();
fail_check:
	wri_check_set(false);
	return rv;
}

static weir_err
first_init(const weir_params *params)
{
	weir_params p;
	weir_err rv = wri_params_resolve(params, &p);

	if (rv == WEIR_OK) {
		rv = wri_params_apply(&p);
	}
	if (rv == WEIR_OK) {
		rv = rooms_up(&p);
	}
	return rv;
}

weir_err
weir_init(const weir_params *params)
{
	weir_err rv = turn_begin();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (lib.depth == 0) {
		rv = first_init(params);
	} else if (params != NULL) {
		rv = WEIR_EBUSY;
	}
	lib.depth += rv == WEIR_OK;
	turn_end();
	return rv;
}

/* End every operation and every thread; WEIR_ETIMEDOUT: some did not. */
static weir_err
rooms_down(void)
{
	weir_time until = weir_time_after(wri_now(), lib.params.fini_limit);
	unsigned left;
	weir_err rv = WEIR_OK;

	wri_life_set(WRI_LIFE_ENDS);
	/* From here on none is made. */
	wri_registry_stop();
	if (!wri_registry_wait(until)) {
		rv = WEIR_ETIMEDOUT;
	}
	wri_registry_orphan();
	if (wri_taskq_stop_others(lib.pool, until) != WEIR_OK) {
		rv = WEIR_ETIMEDOUT;
	}
	if (wri_pool_fini(lib.pool, until) != WEIR_OK) {
		wri_log(WEIR_LOG_ERR,
		    "weir_fini: abandoned a thread whose callback did not "
		    "return");
		rv = WEIR_ETIMEDOUT;
	}
	left = wri_registry_left(); /* the last callbacks may have freed some */
	if (left > 0) {
		wri_log(WEIR_LOG_WARN,
		    "weir_fini: %u handles are still allocated", left);
	}
	wri_pool_set_default(NULL);
	wri_life_set(WRI_LIFE_DOWN);
	if (rv != WEIR_OK) {
		wri_registry_lost();
	}
	/* After all that callbacks may have waited for. */
	if (wri_dns_fini(until) != WEIR_OK) {
		rv = WEIR_ETIMEDOUT;
	}
	wri_fdio_fini();
	wri_timer_fini();
	wri_taskq_fini();
	wri_check_set(false);
	return rv;
}

weir_err
weir_fini(void)
{
	weir_err rv = turn_begin();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (lib.depth == 0) {
		rv = WEIR_ESTATE;
	} else if (--lib.depth == 0) {
		rv = rooms_down();
	}
	turn_end();
	return rv;
}

const char *
weir_version(void)
{
	return WEIR_VERSION;
}

weir_err
weir_get_params(weir_params *params)
{
	weir_err rv = wri_life_enter();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (params == NULL || params->size != sizeof(*params)) {
		rv = WEIR_EINVAL;
	} else {
		*params = lib.params;
	}
	wri_life_leave();
	return rv;
}

weir_err
weir_get_stats(weir_stats *stats)
{
	weir_err rv = wri_life_enter();

	if (rv != WEIR_OK) {
		return rv;
	}
	if (stats == NULL || stats->size != sizeof(*stats)) {
		wri_life_leave();
		return WEIR_EINVAL;
	}
	*stats = (weir_stats){.size = sizeof(*stats)};
	wri_registry_stats(stats);
	wri_taskq_stats(stats);
	wri_timer_stats(stats);
	wri_poller_stats(stats);
	stats->threads += (unsigned)lib.params.num_expire_threads;
	stats->threads += wri_dns_threads();
	stats->accept_pauses = wri_stream_accept_pauses() - lib.pauses;
	wri_life_leave();
	return WEIR_OK;
}
