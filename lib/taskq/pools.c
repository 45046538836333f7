/*
 * pools - the pools that programs make, and the bound on plain tasks.
 *
 * Purpose    the public face of pool.c.
 * Ownership  the program frees what it made; weir_fini ends the threads of a
 *            pool that it forgot.
 * Bounds     weir_pool_params.
 * Proof      test/taskq/test_pool.c
 */
#include "taskq/taskq_impl.h"

#include <weir/provider.h>

#include "base/life.h"
#include "base/log.h"

#define DEFAULT_THREADS 2
#define SPARES_FACTOR 4

static bool
in_range(const char *what, long n, long least, long most)
{
	if (n < least || n > most) {
		wri_log(WEIR_LOG_ERR,
		    "weir_pool_alloc: %s is %ld, accepted is %ld..%ld", what, n,
		    least, most);
	}
	return n >= least && n <= most;
}

static weir_err
config_of(const weir_pool_params *p, struct wri_pool_config *c)
{
	const long size = (long)sizeof(*p);
	long tokens, most;

	if (!in_range("size", (long)p->size, size, size)) {
		return WEIR_EINVAL;
	}
	tokens = p->threads_min != 0 ? p->threads_min : DEFAULT_THREADS;
	most = p->threads_max;
	if (most == 0) {
		most = tokens < WEIR_POOL_THREADS_MAX / SPARES_FACTOR
			   ? tokens * SPARES_FACTOR
			   : WEIR_POOL_THREADS_MAX;
	}
	if (!in_range("threads_min", tokens, 1, WEIR_TASK_THREADS_MAX) ||
	    !in_range("threads_max", most, tokens, WEIR_POOL_THREADS_MAX)) {
		return WEIR_EINVAL;
	}
	*c = (struct wri_pool_config){
	    .name = p->name != NULL ? p->name : "pool",
	    .tokens = (unsigned)tokens,
	    .threads_max = (unsigned)most,
	    .queue_max = p->queue_max,
	};
	return WEIR_OK;
}

weir_err
weir_pool_alloc(weir_pool **poolp, const weir_pool_params *params)
{
	static const weir_pool_params defaults = {.size = sizeof(defaults)};
	struct wri_pool_config config;
	struct wri_pool *pool;
	weir_err rv = wri_life_check();

	if (rv == WEIR_OK) {
		rv = poolp == NULL
			 ? WEIR_EINVAL
			 : config_of(
			       params != NULL ? params : &defaults, &config);
	}
	if (rv == WEIR_OK) {
		rv = wri_life_enter();
	}
	if (rv != WEIR_OK) {
		return rv;
	}
	rv = wri_pool_init(&pool, &config);
	if (rv == WEIR_OK) {
		*poolp = (weir_pool *)pool;
	}
	wri_life_leave();
	return rv;
}

weir_err
weir_pool_free(weir_pool *handle)
{
	struct wri_pool *pool = (struct wri_pool *)handle;
	struct wri_runner *r;

	if (pool == NULL) {
		return WEIR_OK;
	}
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	r = wri_runner_self();
	if (r != NULL && r->pool == pool) {
		return WEIR_EDEADLK;
	}
	if (wri_load(&pool->exec.users, WRI_ACQ) != 0) {
		return WEIR_EBUSY;
	}
	return wri_pool_fini(pool, WEIR_NEVER);
}

weir_exec *
weir_pool_exec(weir_pool *pool)
{
	struct wri_pool *p =
	    pool != NULL ? (struct wri_pool *)pool : wri_pool_default();

	return p == NULL ? NULL : wri_pool_exec(p);
}

weir_err
weir_exec_admit(struct weir_exec *exec)
{
	struct wri_pool *pool = exec != NULL ? exec->pool : NULL;
	uint32_t n;

	/* The default pool has no bound. */
	if (pool == NULL || pool->config.queue_max == 0) {
		return WEIR_OK;
	}
	/* Relaxed: a count that carries nothing. */
	n = wri_load(&pool->queued, WRI_RLX);
	do {
		if (n >= pool->config.queue_max) {
			return WEIR_EAGAIN;
		}
	} while (!wri_cas_weak(&pool->queued, &n, n + 1, WRI_RLX));
	return WEIR_OK;
}

void
weir_exec_dismiss(struct weir_exec *exec)
{
	if (exec != NULL && exec->pool->config.queue_max != 0) {
		wri_sub(&exec->pool->queued, 1, WRI_RLX); /* a count */
	}
}
