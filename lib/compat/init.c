/*
 * init - the life of the library, its version, its texts.
 *
 * Purpose    nng_init is weir_init with hints instead of settings.
 * Ownership  init_calls counts the calls of nng_init that are not undone: the
 *            program's calls of weir_init are not ours to undo.
 * Pairs      none: the count carries nothing, weir_init and weir_fini order.
 * Proof      test/compat/test_nng_init.c
 */
#include "base/sync.h"
#include "compat/compat.h"

#include <weir/task.h>
#include <weir/weir.h>

static wri_a32 init_calls;

const char *
nng_version(void)
{
	return "2.0.0dev";
}

const char *
nng_strerror(nng_err err)
{
	return weir_strerror(err);
}

/* A hint about a number of threads, as weir wants it: in range, or 0. */
struct hint {
	int num;
	int max;
};

/* least and most: the range of num; most_max: of max. */
static struct hint
hint_of(int num, int max, int least, int most)
{
	struct hint h = {0, 0};

	if (max > 0) {
		max = max < least ? least : max > most ? most : max;
	}
	if (num > 0) {
		num = num < least ? least : num > most ? most : num;
		h.num = max > 0 && num > max ? max : num;
	} else if (max > 0) {
		h.max = max;
	}
	return h;
}

static void
take_hints(weir_params *p, const nng_init_params *in)
{
	/* NNG has two callback threads at least, "in any case". */
	struct hint task = hint_of(in->num_task_threads, in->max_task_threads,
	    2, WEIR_TASK_THREADS_MAX);
	struct hint expire = hint_of(in->num_expire_threads,
	    in->max_expire_threads, 1, WEIR_EXPIRE_THREADS_MAX);
	struct hint poller = hint_of(in->num_poller_threads,
	    in->max_poller_threads, 1, WEIR_POLLER_THREADS_MAX);

	p->num_task_threads = task.num;
	p->max_task_threads = task.max;
	p->num_expire_threads = expire.num;
	p->max_expire_threads = expire.max;
	p->num_poller_threads = poller.num;
	p->max_poller_threads = poller.max;
	p->num_resolver_threads =
	    hint_of(in->num_resolver_threads, 0, 1, WEIR_RESOLVER_THREADS_MAX)
		.num;
	p->malloc_fn = in->malloc_fn;
	p->calloc_fn = in->calloc_fn;
	p->free_fn = in->free_fn;
}

/* The first of our calls that counts: what weir runs with holds here, too. */
static void
began(void)
{
	weir_params p = {.size = sizeof(p)};

	if (weir_get_params(&p) != WEIR_OK) {
		return; /* a weir_fini of the program's, meanwhile */
	}
	wri_nng_mem_set(p.malloc_fn, p.free_fn);
	nng_log_notice("NNG-INIT",
	    "weir %s, %d callback, %d expire, %d poller threads, %s",
	    weir_version(), p.num_task_threads, p.num_expire_threads,
	    p.num_poller_threads, p.poller);
}

nng_err
nng_init(const nng_init_params *params)
{
	weir_params p = {.size = sizeof(p)};
	nng_err rv;

	if (weir_get_params(&p) == WEIR_ESTATE) {
		wri_nng_log_take(); /* what weir_init says, too */
	}
	p = (weir_params){.size = sizeof(p)};
	if (params != NULL) {
		take_hints(&p, params);
	}
	wri_nng_names_take();
	rv = weir_init(params != NULL ? &p : NULL);
	/* Relaxed: see the head of the file. */
	if (rv == WEIR_OK && wri_add(&init_calls, 1, WRI_RLX) == 0) {
		began();
	}
	return rv;
}

void
nng_fini(void)
{
	/* Relaxed, all of it: see the head of the file. */
	uint32_t calls = wri_load(&init_calls, WRI_RLX);

	do {
		if (calls == 0) {
			return; /* not ours to undo */
		}
	} while (!wri_cas_weak(&init_calls, &calls, calls - 1, WRI_RLX));
	switch ((int)weir_fini()) {
	case WEIR_EDEADLK:
	case WEIR_EFORK:
		(void)wri_add(&init_calls, 1, WRI_RLX); /* nothing happened */
		break;
	default:
		break;
	}
}
