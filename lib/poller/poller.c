/*
 * poller - slots, placement, the life of a watched descriptor.
 *
 * Purpose    what all backends share: who watches a descriptor, and whose an
 *            event is by the time that it is looked at.
 * Ownership  a slot's events belong to its owner between wait and feed; the
 *            owner changes between feed and the next wait only, ordered by the
 *            slot's role word (T5, taskq).  An element belongs to the caller
 *            from open to free.
 * Progress   feed takes no lock and allocates nothing.
 * Pairs      D2  open: gen (release) -> feed: gen (acquire) carries fd and
 *                set of the life.
 * Bounds     WEIR_POLLER_THREADS_MAX slots, EVENTS_MAX events a wait.
 * Proof      test/poller/poller_contract.c, test/poller/stress_poller.c
 */
#include "poller/poller_impl.h"

#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"

#include <weir/weir.h>

#include <string.h>

/* The next is taken where the system refuses one. */
static const struct wri_poller_ops *const backends[] = {
    &wri_epoll_ops,
    &wri_poll_ops,
};
#define BACKENDS (sizeof(backends) / sizeof(backends[0]))
#define BACKEND_NAMES "epoll poll"

/* Fixed between init and fini. */
static struct poller {
	wri_aptr ops; /* const struct wri_poller_ops, NULL: not initialised */
	void (*ready)(struct wri_pfd *pfd, unsigned dirs);
	void (*forsaken)(struct wri_pfd *pfd);
	unsigned nsets;
	void *sets[WEIR_POLLER_THREADS_MAX]; /* struct wri_poll_set */
} poller;

static const struct wri_poller_ops *
poller_ops(void)
{
	/* Relaxed: the objects are constant; who looks after the end does not
	 * use it (wri_life_visit). */
	return wri_load(&poller.ops, WRI_RLX);
}

static struct wri_poll_set *
poller_set(unsigned i)
{
	return poller.sets[i];
}

/* Its place in the table; BACKENDS: there is none. */
static unsigned
backend_find(const char *name)
{
	unsigned i = 0;

	while (i < BACKENDS && strcmp(backends[i]->name, name) != 0) {
		i++;
	}
	return i;
}

static void
sets_fini(const struct wri_poller_ops *ops)
{
	while (poller.nsets > 0) {
		struct wri_poll_set *set = poller_set(--poller.nsets);

		poller.sets[poller.nsets] = NULL;
		ops->fini(set);
		wri_free(set, ops->set_size);
	}
}

static weir_err
sets_init(const struct wri_poller_ops *ops, unsigned n)
{
	while (poller.nsets < n) {
		struct wri_poll_set *set = wri_alloc(ops->set_size);
		weir_err err = WEIR_ENOMEM;

		if (set != NULL) {
			set->index = poller.nsets;
			err = ops->init(set);
		}
		if (err != WEIR_OK) {
			wri_free(set, ops->set_size);
			sets_fini(ops);
			return err;
		}
		poller.sets[poller.nsets++] = set;
	}
	return WEIR_OK;
}

weir_err
wri_poller_init(const struct wri_poller_config *config)
{
	unsigned i = backend_find(config->backend);
	weir_err err;

	WRI_ASSERT(poller_ops() == NULL);
	WRI_ASSERT(
	    config->slots >= 1 && config->slots <= WEIR_POLLER_THREADS_MAX);
	if (i == BACKENDS) {
		wri_log(WEIR_LOG_ERR,
		    "poller: no backend \"%s\", there are: %s", config->backend,
		    BACKEND_NAMES);
		return WEIR_ENOTSUP;
	}
	for (;;) {
		err = sets_init(backends[i], config->slots);
		if ((err != WEIR_ENOTSUP && err != WEIR_EPERM) ||
		    i + 1 == BACKENDS) {
			break;
		}
		wri_log(WEIR_LOG_WARN,
		    "poller: the system refuses %s (%s), using %s",
		    backends[i]->name, weir_strerror(err),
		    backends[i + 1]->name);
		i++;
	}
	if (err != WEIR_OK) {
		return err;
	}
	wri_table_init(config->elem_size, config->elem_init);
	poller.ready = config->ready;
	poller.forsaken = config->forsaken;
	wri_store(&poller.ops, (void *)(uintptr_t)backends[i], WRI_RLX);
	return WEIR_OK;
}

/*
 * End the life: its events are nobody's from here on.  False: it has ended, or
 * another thread was faster.
 */
static bool
pfd_retire(struct wri_pfd *pfd)
{
	uint32_t gen = wri_load(&pfd->gen, WRI_RLX); /* a guess */

	/* An event that slips through is late, which is allowed. */
	if (gen % 2 == 0 || !wri_cas(&pfd->gen, &gen, gen + 1, WRI_ACQ_REL)) {
		return false;
	}
	wri_sub(&pfd->set->nfds, 1, WRI_RLX); /* a counter */
	return true;
}

static void
pfd_del(struct wri_pfd *pfd)
{
	if (pfd_retire(pfd)) {
		poller_ops()->del(pfd->set, pfd);
	}
}

/*
 * An element that outlives the poller, or that is being closed by somebody who
 * could no longer unwatch it.
 */
static void
pfd_forsake(struct wri_pfd *pfd)
{
	if (wri_load(&pfd->gen, WRI_RLX) % 2 == 1) { /* a guess */
		pfd_del(pfd);
		if (poller.forsaken != NULL) {
			poller.forsaken(pfd);
		}
	}
}

void
wri_poller_fini(void)
{
	WRI_ASSERT(poller_ops() != NULL);
	wri_table_each(pfd_forsake);
	sets_fini(poller_ops());
	wri_table_fini();
	poller.ready = NULL;
	wri_store(&poller.ops, NULL, WRI_RLX);
}

const char *
wri_poller_name(void)
{
	return poller_ops() == NULL ? "" : poller_ops()->name;
}

const char *
wri_poller_names(void)
{
	return BACKEND_NAMES;
}

bool
wri_poller_known(const char *backend)
{
	return backend_find(backend) != BACKENDS;
}

static unsigned
slot_wait(void *slot, bool block)
{
	struct wri_poll_set *set = slot;
	unsigned n;

	WRI_DASSERT(set->nevents == 0);
	n = poller_ops()->wait(set, set->events, block);
	set->nevents = n;
	/* Relaxed: counters with one writer at a time, the owner. */
	wri_store(&set->waits, wri_load(&set->waits, WRI_RLX) + 1, WRI_RLX);
	if (n > 0) {
		wri_store(&set->events_seen,
		    wri_load(&set->events_seen, WRI_RLX) + n, WRI_RLX);
	}
	return n;
}

static void
slot_feed(void *slot)
{
	struct wri_poll_set *set = slot;
	unsigned n = set->nevents;

	set->nevents = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct wri_event *e = &set->events[i];
		struct wri_pfd *pfd = wri_table_at(event_index(e->data));

		/* D2.  Not equal: closed since, maybe somebody else's now. */
		if (wri_load(&pfd->gen, WRI_ACQ) == event_gen(e->data)) {
			poller.ready(pfd, e->dirs);
		}
	}
}

static void
slot_wake(void *slot)
{
	poller_ops()->wake(slot);
}

static const struct wri_role_ops poller_role_ops = {
    .wait = slot_wait,
    .feed = slot_feed,
    .wake = slot_wake,
};

const struct wri_role_ops *
wri_poller_role_ops(void)
{
	return &poller_role_ops;
}

void **
wri_poller_slot_args(void)
{
	return poller.sets;
}

/* The slot with the fewest descriptors gets the next one. */
static struct wri_poll_set *
poller_place(void)
{
	struct wri_poll_set *best = poller_set(0);

	/* Relaxed: two at once may choose the same; it evens out. */
	uint32_t fewest = wri_load(&best->nfds, WRI_RLX);

	for (unsigned i = 1; i < poller.nsets && fewest > 0; i++) {
		uint32_t nfds = wri_load(&poller_set(i)->nfds, WRI_RLX);

		if (nfds < fewest) {
			best = poller_set(i);
			fewest = nfds;
		}
	}
	wri_add(&best->nfds, 1, WRI_RLX);
	return best;
}

weir_err
wri_pfd_open(struct wri_pfd **pfdp, int fd)
{
	struct wri_pfd *pfd;
	weir_err err = wri_table_take(&pfd);
	uint32_t gen;

	if (err != WEIR_OK) {
		return err;
	}
	pfd->fd = fd;
	pfd->set = poller_place();
	gen = wri_load(&pfd->gen, WRI_RLX); /* came with the element */
	WRI_ASSERT(gen % 2 == 0);
	wri_store(&pfd->gen, gen + 1, WRI_REL); /* D2 */
	err = poller_ops()->add(pfd->set, pfd);
	if (err != WEIR_OK) {
		(void)pfd_retire(pfd);
		wri_table_put(pfd);
		return err;
	}
	*pfdp = pfd;
	return WEIR_OK;
}

void
wri_pfd_unwatch(struct wri_pfd *pfd)
{
	if (wri_life_visit() == WEIR_OK) {
		pfd_del(pfd);
		wri_life_leave();
	} /* else fini does it, or has done it */
}

void
wri_pfd_free(struct wri_pfd *pfd)
{
	wri_table_put(pfd);
}

void
wri_pfd_want(struct wri_pfd *pfd, unsigned dirs)
{
	const struct wri_poller_ops *ops = poller_ops();

	if (ops == NULL || ops->want == NULL || wri_life_visit() != WEIR_OK) {
		return;
	}
	/* Even: the set of its life may be gone.  Relaxed: it goes after us. */
	if (wri_load(&pfd->gen, WRI_RLX) % 2 == 1) {
		ops->want(pfd->set, pfd, dirs);
	}
	wri_life_leave();
}

void
wri_poller_stats(struct wri_poller_stats *out)
{
	struct wri_poller_stats sum = {0, 0, 0};

	/* Relaxed: counters. */
	for (unsigned i = 0; i < poller.nsets; i++) {
		struct wri_poll_set *set = poller_set(i);

		sum.waits += wri_load(&set->waits, WRI_RLX);
		sum.events += wri_load(&set->events_seen, WRI_RLX);
		sum.fds += wri_load(&set->nfds, WRI_RLX);
	}
	*out = sum;
}
