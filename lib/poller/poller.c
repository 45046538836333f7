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
 *            D3  fini: ops := NULL (release) -> unwatch: ops (acquire): fini
 *                has let go of the descriptor, which may be closed.
 * Bounds     WEIR_POLLER_THREADS_MAX slots, EVENTS_MAX events a wait.
 * Proof      test/poller/poller_contract.c, test/poller/stress_poller.c,
 *            test/explorer/x_fdio_end.c
 */
#include "poller/poller_impl.h"

#include "base/err.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"

#include <weir/weir.h>

#include <string.h>

const char *const wri_poller_names[WRI_POLLER_BACKENDS] = {"epoll", "poll"};

/* In the order of the names. */
static const struct wri_poller_ops *const backends[] = {
    &wri_epoll_ops,
    &wri_poll_ops,
};

/* Fixed between init and fini. */
static struct poller {
	wri_aptr ops; /* const struct wri_poller_ops, NULL: not initialised */
	struct wri_poller_config config; /* with the backend in force */
	unsigned nsets;
	void *sets[WEIR_POLLER_THREADS_MAX]; /* struct wri_poll_set */
} poller = {.config.backend = ""};

static const struct wri_poller_ops *
poller_ops(void)
{
	/* D3 */
	return wri_load(&poller.ops, WRI_ACQ);
}

static void
sets_fini(void)
{
	while (poller.nsets > 0) {
		struct wri_poll_set *set = poller.sets[--poller.nsets];

		/* Nothing in them can be lost; -errno is nobody's number. */
		(void)wri_sys_close(set->epoll_fd);
		(void)wri_sys_close(set->wake_fd);
		wri_free(set->fds, set->fds_max * sizeof(*set->fds));
		wri_free(set, sizeof(*set));
	}
}

static weir_err
sets_init(const struct wri_poller_ops *ops, unsigned n)
{
	weir_err err = WEIR_OK;

	while (err == WEIR_OK && poller.nsets < n) {
		struct wri_poll_set *set = wri_alloc(sizeof(*set));

		if (set == NULL) {
			err = WEIR_ENOMEM;
			break;
		}
		poller.sets[poller.nsets++] = set;
		set->wake_fd = wri_sys_eventfd();
		set->epoll_fd = wri_sys_epoll_create();
		err = set->wake_fd < 0 ? wri_err_of(-set->wake_fd)
				       : ops->init(set);
	}
	if (err != WEIR_OK) {
		sets_fini();
	}
	return err;
}

weir_err
wri_poller_init(const struct wri_poller_config *config)
{
	unsigned i = 0;
	weir_err err;

	WRI_ASSERT(poller_ops() == NULL);
	WRI_ASSERT(
	    config->slots >= 1 && config->slots <= WEIR_POLLER_THREADS_MAX);
	while (strcmp(config->backend, wri_poller_names[i]) != 0) {
		if (++i == WRI_POLLER_BACKENDS) {
			return WEIR_ENOTSUP;
		}
	}
	err = sets_init(backends[i], config->slots);
	while ((err == WEIR_ENOTSUP || err == WEIR_EPERM) &&
	       ++i < WRI_POLLER_BACKENDS) {
		wri_log(WEIR_LOG_WARN,
		    "poller: the system refuses %s (%s), using %s",
		    wri_poller_names[i - 1], weir_strerror(err),
		    wri_poller_names[i]);
		err = sets_init(backends[i], config->slots);
	}
	if (err != WEIR_OK) {
		return err;
	}
	wri_table_init(config->elem_size, config->elem_init);
	poller.config = *config;
	poller.config.backend = wri_poller_names[i];
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

void
wri_poller_fini(void)
{
	WRI_ASSERT(poller_ops() != NULL);
	/* Some outlive us, and some are being closed by threads that could no
	 * longer unwatch them. */
	for (unsigned i = 0; i < wri_table_len(); i++) {
		struct wri_pfd *pfd = wri_table_at(i);

		if (pfd_retire(pfd)) {
			poller_ops()->del(pfd);
			poller.config.forsaken(pfd);
		}
	}
	sets_fini();
	wri_pfd_free(NULL); /* the table's end */
	poller.config.backend = "";
	wri_store(&poller.ops, NULL, WRI_REL); /* D3 */
}

const char *
wri_poller_name(void)
{
	return poller.config.backend;
}

static unsigned
slot_wait(void *slot, bool block)
{
	struct wri_poll_set *set = slot;
	unsigned n = poller_ops()->wait(set, block);

	wri_bump(&set->waits, 1);
	wri_bump(&set->events_seen, n);
	set->nevents = n;
	return n;
}

static void
slot_feed(void *slot)
{
	struct wri_poll_set *set = slot;

	for (unsigned i = 0; i < set->nevents; i++) {
		const struct wri_event *e = &set->events[i];
		struct wri_pfd *pfd = wri_table_at((uint32_t)e->data);

		/* D2.  Not equal: closed since, maybe somebody else's now. */
		if (wri_load(&pfd->gen, WRI_ACQ) == e->data >> 32) {
			poller.config.ready(pfd, e->dirs);
		}
	}
}

void
wri_slot_wake(void *slot)
{
	wri_sys_notify(((struct wri_poll_set *)slot)->wake_fd);
}

const struct wri_role_ops wri_poller_role_ops = {
    .wait = slot_wait,
    .feed = slot_feed,
    .wake = wri_slot_wake,
};

void **
wri_poller_slot_args(void)
{
	return poller.sets;
}

/* The slot with the fewest descriptors gets the next one. */
static struct wri_poll_set *
poller_place(void)
{
	struct wri_poll_set *best = poller.sets[0];

	/* Relaxed: two at once may choose the same; it evens out. */
	for (unsigned i = 1; i < poller.nsets; i++) {
		struct wri_poll_set *set = poller.sets[i];

		if (wri_load(&set->nfds, WRI_RLX) <
		    wri_load(&best->nfds, WRI_RLX)) {
			best = set;
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
	gen = wri_add(&pfd->gen, 1, WRI_REL); /* D2 */
	WRI_ASSERT(gen % 2 == 0);
	err = poller_ops()->add(pfd);
	if (err != WEIR_OK) {
		(void)pfd_retire(pfd);
		wri_pfd_free(pfd);
		return err;
	}
	*pfdp = pfd;
	return WEIR_OK;
}

void
wri_pfd_unwatch(struct wri_pfd *pfd)
{
	weir_err rv;

	/* Fini does it right now, or has just done it; it may be us. */
	while ((rv = wri_life_visit()) == WEIR_ESTATE && poller_ops() != NULL &&
	       !wri_life_is_inside()) {
		wri_yield();
	}
	if (rv == WEIR_OK) {
		if (pfd_retire(pfd)) {
			poller_ops()->del(pfd);
		}
		wri_life_leave();
	}
}

bool
wri_pfd_again(struct wri_pfd *pfd, unsigned dirs)
{
	bool lives;

	if (wri_life_visit() != WEIR_OK) {
		return false;
	}
	/* Even: its set may be no more.  Relaxed: it goes after us. */
	lives = wri_load(&pfd->gen, WRI_RLX) % 2 == 1;
	if (lives) {
		poller_ops()->want(pfd, dirs);
	}
	wri_life_leave();
	return lives;
}

void
wri_pfd_want(struct wri_pfd *pfd, unsigned dirs)
{
	const struct wri_poller_ops *ops = poller_ops();

	if (ops != NULL && !ops->sees_edges) {
		(void)wri_pfd_again(pfd, dirs);
	}
}

void
wri_poller_stats(weir_stats *out)
{
	/* Relaxed: counters. */
	for (unsigned i = 0; i < poller.nsets; i++) {
		struct wri_poll_set *set = poller.sets[i];

		out->polls += wri_load(&set->waits, WRI_RLX);
		out->events += wri_load(&set->events_seen, WRI_RLX);
		out->fds += wri_load(&set->nfds, WRI_RLX);
	}
}
