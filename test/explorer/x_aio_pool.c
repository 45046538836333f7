/*
 * x_aio_pool - the interface of fake_pool.h over the real pool.
 *
 * Purpose    the bodies of x_aio*.c, x_wait.c and x_fdio*.c once more, with
 *            everything that runs below a callback in the library.
 */
#include "fake_pool.h"

#include "explorer/explorer.h"

#include <string.h>

void (*const fake_pool_watch)(weir_time now) = wri_taskq_watch;

static const struct wri_role_ops *role_ops; /* NULL: nobody polls */
static void **slots;

bool
fake_pool_polls(const struct wri_role_ops *ops, void **slot_args)
{
	role_ops = ops;
	slots = slot_args;
	return true;
}

static struct wri_pool *
pool_up(unsigned n, unsigned most, bool is_default)
{
	struct wri_pool_config config;
	struct wri_pool *pool = NULL;

	memset(&config, 0, sizeof(config));
	config.name = "pool";
	config.tokens = n;
	config.is_default = is_default;
	config.threads_max = most;
	if (is_default && role_ops != NULL) {
		config.slots = 1;
		config.role_ops = role_ops;
		config.slot_args = slots;
	}
	X_ASSERT(wri_pool_init(&pool, &config) == WEIR_OK);
	return pool;
}

void
fake_pool_up(struct wri_alarm *alarm, unsigned n, unsigned most)
{
	wri_taskq_init(alarm);
	wri_pool_set_default(pool_up(n, most, true));
}

void
fake_pool_down(void)
{
	X_ASSERT(wri_pool_fini(wri_pool_default(), WEIR_NEVER) == WEIR_OK);
	wri_pool_set_default(NULL);
}

void
fake_pool_after(void)
{
	wri_taskq_fini();
}

struct weir_exec *
fake_pool_other(void)
{
	return wri_pool_exec(pool_up(1, 1, false));
}

void
fake_pool_other_end(struct weir_exec *exec)
{
	X_ASSERT(wri_load(&exec->users, WRI_ACQ) == 0);
	X_ASSERT(wri_pool_fini(exec->pool, WEIR_NEVER) == WEIR_OK);
}
