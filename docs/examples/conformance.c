/*
 * conformance - the mailbox of docs/guide/provider.md, tested with
 * weir-conformance.
 *
 *   conformance [SEED [RULE]]
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <weir/conformance.h>
#include <weir/provider.h>

/* --- The provider ------------------------------------------------------ */

struct mailbox {
	pthread_mutex_t lock;
	weir_aioq takers; /* operations that wait */
	int items[16];    /* what waits for takers */
	unsigned first, len;
};

static void
mailbox_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct mailbox *mb = arg;
	bool mine;

	pthread_mutex_lock(&mb->lock);
	mine = weir_aioq_remove(&mb->takers, aio);
	pthread_mutex_unlock(&mb->lock);
	if (mine) {
		weir_aio_finish(aio, why);
	}
}

static const weir_provider mailbox_provider = {
    .size = sizeof(weir_provider),
    .name = "mailbox",
    .cancel = mailbox_cancel,
};

static void
mailbox_take(struct mailbox *mb, weir_aio *aio)
{
	if (weir_aio_reset(aio) != WEIR_OK) {
		return;
	}
	pthread_mutex_lock(&mb->lock);
	if (mb->len > 0) {
		intptr_t item = mb->items[mb->first++ % 16];

		mb->len--;
		pthread_mutex_unlock(&mb->lock);
		weir_aio_set_output(aio, 0, (void *)item);
		weir_aio_finish(aio, WEIR_OK);
		return;
	}
	if (weir_aio_start(aio, &mailbox_provider, mb) == WEIR_OK) {
		weir_aioq_push(&mb->takers, aio);
	}
	pthread_mutex_unlock(&mb->lock);
}

static int
mailbox_put(struct mailbox *mb, int item)
{
	weir_aio *aio;
	int rv = 0;

	pthread_mutex_lock(&mb->lock);
	aio = weir_aioq_pop(&mb->takers);
	if (aio == NULL) {
		if (mb->len < 16) {
			mb->items[(mb->first + mb->len++) % 16] = item;
		} else {
			rv = -1; /* full */
		}
	}
	pthread_mutex_unlock(&mb->lock);
	if (aio != NULL) {
		weir_aio_set_output(aio, 0, (void *)(intptr_t)item);
		weir_aio_finish(aio, WEIR_OK);
	}
	return rv;
}

/* --- What the rules need of it ----------------------------------------- */

static bool
setup(void *arg)
{
	*(struct mailbox *)arg =
	    (struct mailbox){.lock = PTHREAD_MUTEX_INITIALIZER};
	return true;
}

static void
teardown(void *arg)
{
	pthread_mutex_destroy(&((struct mailbox *)arg)->lock);
}

/* Pending: a mailbox that is empty. */
static void
submit(void *arg, weir_aio *aio)
{
	mailbox_take(arg, aio);
}

/* The first of those that wait gets an item.  Nobody waits: nobody does. */
static void
end(void *arg)
{
	struct mailbox *mb = arg;
	bool waits;

	pthread_mutex_lock(&mb->lock);
	waits = weir_aioq_first(&mb->takers) != NULL;
	pthread_mutex_unlock(&mb->lock);
	if (waits) {
		mailbox_put(mb, 1);
	}
}

/* Ends by itself: the item is there already. */
static void
submit_soon(void *arg, weir_aio *aio)
{
	mailbox_put(arg, 1);
	mailbox_take(arg, aio);
}

int
main(int argc, char **argv)
{
	struct mailbox mb;
	const weir_conformance_provider p = {
	    .size = sizeof(p),
	    .name = "mailbox",
	    .arg = &mb,
	    .setup = setup,
	    .teardown = teardown,
	    .submit = submit,
	    .submit_soon = submit_soon,
	    .end = end,
	};
	const weir_conformance_options o = {
	    .size = sizeof(o),
	    .seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0,
	    .rule = argc > 2 ? argv[2] : NULL,
	    .verbose = true,
	};

	return weir_conformance_run(&p, &o) == WEIR_OK ? 0 : 1;
}
