/*
 * broken - a mailbox of integers, right or with one defect.
 */
#include "conformance/broken.h"

#include <weir/provider.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define ITEM ((void *)0x5eed)

static struct {
	pthread_mutex_t lock;
	/* lock must be held when using these: */
	weir_aioq takers;
	unsigned items;
	unsigned ends;

	enum defect defect;
	weir_aio *kept;
} box = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Hooks that found nothing. */
static atomic_uint missed;

static void
box_cancel(weir_aio *aio, void *arg, weir_err why)
{
	bool mine;

	(void)arg;
	if (box.defect == LOSES_CANCEL || box.defect == LOSES_ALL) {
		return;
	}
	pthread_mutex_lock(&box.lock);
	if (box.defect == HANGS_IN_THE_HOOK) {
		pthread_mutex_lock(&box.lock);
	}
	mine = weir_aioq_remove(&box.takers, aio);
	pthread_mutex_unlock(&box.lock);
	if (!mine) {
		(void)atomic_fetch_add(&missed, 1);
	} else {
		(void)weir_aio_finish(
		    aio, box.defect == ONE_CODE ? WEIR_ECANCELED : why);
	}
}

static const weir_provider box_provider = {
    .size = sizeof(box_provider),
    .name = "mailbox",
    .cancel = box_cancel,
};

static const weir_provider box_deaf = {
    .size = sizeof(box_deaf),
    .name = "deaf mailbox",
};

static weir_err
box_start(weir_aio *aio)
{
	if (box.defect == DEAF) {
		return weir_aio_start(aio, &box_deaf, NULL);
	}
	if (box.defect == IGNORES_TIMEOUT) {
		return weir_aio_start_at(
		    aio, &box_provider, NULL, WEIR_NEVER, 0);
	}
	return weir_aio_start(aio, &box_provider, NULL);
}

/* Started, but in no queue yet: what comes now finds nothing. */
static void
box_publish_late(weir_aio *aio, weir_err err)
{
	pthread_mutex_unlock(&box.lock);
	/* Long enough for whoever is about to cancel. */
	for (int i = 0; i < 5000 && atomic_load(&missed) == 0; i++) {
		(void)sched_yield();
	}
	pthread_mutex_lock(&box.lock);
	if (err == WEIR_OK) {
		weir_aioq_push(&box.takers, aio);
	}
	pthread_mutex_unlock(&box.lock);
}

static void
box_submit(void *arg, weir_aio *aio)
{
	weir_err err = weir_aio_reset(aio);

	(void)arg;
	if (err != WEIR_OK) {
		if (box.defect == FINISHES_REFUSED) {
			(void)weir_aio_finish(aio, err);
		}
		return;
	}
	if (box.defect == OUTPUT_TOO_EARLY) {
		(void)weir_aio_set_output(aio, 0, ITEM);
	}
	if (box.defect == FINISHES_UNASKED) {
		(void)weir_aio_finish_count(aio, WEIR_OK, 1);
		return;
	}
	pthread_mutex_lock(&box.lock);
	if (box.items > 0) {
		box.items--;
		pthread_mutex_unlock(&box.lock);
		(void)weir_aio_set_output(aio, 0, ITEM);
		(void)weir_aio_finish_count(aio, WEIR_OK, 1);
		return;
	}
	err = box_start(aio);
	if (box.defect == PUBLISHES_LATE) {
		box_publish_late(aio, err);
		return;
	}
	if (err == WEIR_OK || box.defect == QUEUES_REFUSED) {
		weir_aioq_push(&box.takers, aio);
	}
	pthread_mutex_unlock(&box.lock);
}

static void
box_end(void *arg)
{
	weir_aio *aio;

	(void)arg;
	if (box.defect == LOSES_ALL) {
		return;
	}
	pthread_mutex_lock(&box.lock);
	aio = box.defect == EATS_THE_END && box.ends++ % 2 == 1
		  ? NULL
		  : weir_aioq_pop(&box.takers);
	pthread_mutex_unlock(&box.lock);
	if (aio != NULL) {
		(void)weir_aio_set_output(aio, 0, ITEM);
		(void)weir_aio_finish_count(
		    aio, WEIR_OK, box.defect == COUNTS_WRONG ? 2 : 1);
		if (box.defect == FINISHES_TWICE) {
			(void)weir_aio_finish(aio, WEIR_OK);
		}
	}
}

/* What a taker finds at once. */
static void
box_soon(void *arg, weir_aio *aio)
{
	/* One after the other: a callback's item is not another one's to take.
	 */
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&turn);
	pthread_mutex_lock(&box.lock);
	box.items = 1;
	pthread_mutex_unlock(&box.lock);
	box_submit(arg, aio);
	pthread_mutex_lock(&box.lock);
	box.items = 0; /* the handle was stopped */
	pthread_mutex_unlock(&box.lock);
	pthread_mutex_unlock(&turn);
}

static bool
box_setup(void *arg)
{
	(void)arg;
	box.takers = (weir_aioq){NULL, NULL, 0}; /* another one's defect */
	box.items = box.ends = 0;
	atomic_store(&missed, 0);
	if (box.defect == WARNS) {
		weir_log(WEIR_LOG_WARN, "the mailbox is tired");
	}
	return weir_aio_alloc(&box.kept, NULL, NULL) == WEIR_OK;
}

static void
box_teardown(void *arg)
{
	(void)arg;
	if (box.defect != KEEPS_A_HANDLE) {
		weir_aio_free(box.kept);
	}
	if (box.defect == KEEPS_A_DESCRIPTOR) {
		(void)dup(STDERR_FILENO);
	}
}

void
broken_clean(void)
{
	if (box.defect == KEEPS_A_HANDLE) {
		weir_aio_free(box.kept);
	}
}

weir_conformance_provider
broken_provider(enum defect d)
{
	box.defect = d;
	return (weir_conformance_provider){
	    .size = sizeof(weir_conformance_provider),
	    .name = "mailbox",
	    .setup = box_setup,
	    .teardown = box_teardown,
	    .submit = box_submit,
	    .flags = d == DEAF ? WEIR_CONFORMANCE_DEAF : 0,
	    .submit_soon = d == NO_SOON ? NULL : box_soon,
	    .end = d == NO_END ? NULL : box_end,
	    .count = 1,
	};
}
