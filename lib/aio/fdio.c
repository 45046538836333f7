/*
 * fdio - operations on descriptors: two sides, one word each.
 *
 * Purpose    an operation is tried at once if the side may be ready, waits if
 *            not, and is tried again by the thread that polls.  A descriptor is
 *            registered once for both directions; readiness is remembered in
 *            the side's word.
 * Ownership  whoever sets OWNED works on the side alone; all others leave a
 *            note in the word (READY, CANCEL, MORE, CLOSED) that the owner
 *            cannot miss, because he leaves by compare-and-swap.  The waiting
 *            operation itself is the word's pointer; those behind it are in a
 *            list under a lock that the hook takes too, and under which they
 *            are started; it is held over no step and no finish.
 * The word   aio (64-aligned) | flags
 *              0                   nobody waits
 *              aio                 waits for readiness
 *              aio|OWNED           is being tried
 *              0|OWNED             the owner is between two
 *            READY: an edge was seen since the last try.  The owner clears it
 *            *before* a try, so that an edge during the try is kept.
 *            FINAL: hang-up, error or half close was seen; a short read proves
 *            nothing any more.  CLOSED: no more operations, for good.
 * Pairs      F1  every move of the word is acq_rel: it carries the operation's
 *                fields between submitter, poller and hook.
 * Bounds     STEPS_MAX steps in a row, then others have a turn;
 *            WEIR_FD_QUEUE_MAX operations wait on a side.
 * Proof      test/contract/, test/stream/, test/stress/,
 *            test/explorer/x_fdio*.c
 */
#include "aio/fdio_impl.h"

#include "base/log.h"

/* --- The owner --------------------------------------------------------- */

static void side_cancel(weir_aio *aio, void *arg, weir_err why);

static const weir_provider fd_provider = {
    .size = sizeof(fd_provider),
    .name = "descriptor",
    .cancel = side_cancel,
};

/* We own the side and nobody is first: leave (false), or take the next. */
static bool
side_next(struct side *s)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */
	weir_aio *aio;

	while ((w & S_MORE) == 0) {
		if (wri_cas_weak(&s->word, &w, w & ~S_OWNED, WRI_ACQ_REL)) {
			if ((w & S_CLOSED) != 0) {
				wri_fd_rele(s->fd); /* this side has ended */
			}
			return false;
		}
	}
	wri_mtx_lock(&s->lock);
	aio = weir_aioq_pop(&s->more);
	if (aio == NULL) {
		wri_and(&s->word, ~S_MORE, WRI_ACQ_REL);
	} else {
		wri_or(&s->word, (uintptr_t)aio, WRI_ACQ_REL);
	}
	wri_mtx_unlock(&s->lock);
	return true;
}

/* The first has ended, with a result of ours or (ended) of weir's. */
static void
side_finish(struct side *s, weir_aio *aio, weir_err rv, bool ended)
{
	/* Before the finish: the handle may come back at once. */
	wri_and(&s->word, S_FLAGS & ~S_CANCEL, WRI_ACQ_REL);
	if (!ended) {
		(void)weir_aio_finish(aio, rv);
	}
}

/* Try the first once.  *tries: how often that was done. */
static weir_err
side_try(struct side *s, weir_aio *aio, unsigned *tries)
{
	unsigned flags = 0;
	bool more;
	weir_err rv;

	wri_and(&s->word, ~S_READY, WRI_ACQ_REL);
	rv = aio->fdop->try_step(aio, s->fd->pfd.fd, s->fd->arg, &flags);
	more = rv != WEIR_EAGAIN || (flags & WEIR_FD_MORE) != 0;
	if ((flags & WEIR_FD_DRAINED) != 0) { /* but the end may follow */
		more = (wri_load(&s->word, WRI_RLX) & S_FINAL) != 0;
	}
	if (more) {
		wri_or(&s->word, S_READY, WRI_ACQ_REL);
	}
	/* The poller would not report what the provider holds: one more. */
	*tries += (flags & WEIR_FD_HELD) == 0 || *tries + 1 < STEPS_MAX;
	return rv;
}

/*
 * Let others run: the poller reports the side anew, and somebody goes on with
 * it.  False: it is still ours.
 */
static bool
side_yield(struct side *s)
{
	uint64_t w;

	/* First: an event from here on is a note that we find. */
	wri_and(&s->word, ~S_READY, WRI_ACQ_REL);
	if (!wri_pfd_again(&s->fd->pfd, dir_bit(s))) {
		wri_or(&s->word, S_READY, WRI_ACQ_REL); /* no poller any more */
		return false;
	}
	w = wri_load(&s->word, WRI_ACQ); /* F1 */
	return (w & (S_READY | S_CANCEL | S_CLOSED)) == 0 &&
	       wri_cas(&s->word, &w, w & ~S_OWNED, WRI_ACQ_REL);
}

/* Asked by the owner: nobody else ends it, or starts it, meanwhile. */
static bool
is_started(weir_aio *aio)
{
	return op_of(wri_load(&aio->word, WRI_RLX)) != OP_STARTING;
}

/*
 * We own the side: see to the first.  False: it waits, and the side is no
 * longer ours.
 */
static bool
side_step(struct side *s, weir_aio *aio, unsigned *tries)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */
	bool ready = (w & S_READY) != 0;
	weir_err rv;

	if ((w & S_CLOSED) != 0) {
		rv = (weir_err)wri_load(&s->code, WRI_ACQ);
		side_finish(s, aio, rv, false);
	} else if ((w & S_CANCEL) != 0) {
		rv = (weir_err)wri_load(&s->why, WRI_ACQ);
		side_finish(s, aio, rv, false);
	} else if (ready && *tries < STEPS_MAX) {
		rv = side_try(s, aio, tries);
		if (rv != WEIR_EAGAIN) {
			side_finish(s, aio, rv, false);
		}
	} else if (!is_started(aio)) {
		if (weir_aio_start(aio, &fd_provider, s) != WEIR_OK) {
			side_finish(s, aio, WEIR_OK, true);
			return true;
		}
	} else if (ready) {
		*tries = 0;
		return !side_yield(s);
	} else {
		wri_pfd_want(&s->fd->pfd, dir_bit(s));
		/* F1; a note that came meanwhile makes it fail. */
		return !wri_cas(&s->word, &w, w & ~S_OWNED, WRI_ACQ_REL);
	}
	return true;
}

/* We own the side: work until nobody is left or the first waits. */
void
wri_side_run(struct side *s)
{
	unsigned tries = 0;
	bool ours = true;

	while (ours) {
		weir_aio *aio = waiter(wri_load(&s->word, WRI_ACQ)); /* F1 */

		ours = aio == NULL ? side_next(s) : side_step(s, aio, &tries);
	}
}

/* --- Notes ------------------------------------------------------------- */

/* Directions have become ready; on the polling thread. */
static void
side_ready(struct side *s, uint64_t flags)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */
	uint64_t n;
	bool ours;

	do {
		n = w | S_READY | flags;
		ours = waiter(w) != NULL && (w & S_OWNED) == 0;
		if (ours) {
			n |= S_OWNED;
		}
		if (n == w) {
			return;
		}
	} while (!wri_cas_weak(&s->word, &w, n, WRI_ACQ_REL));
	if (ours) {
		wri_side_run(s);
	}
}

void
wri_fd_ready(struct wri_pfd *pfd, unsigned dirs)
{
	struct weir_fd *fd = wri_container(pfd, struct weir_fd, pfd);
	uint64_t final = (dirs & WRI_DIR_FINAL) != 0 ? S_FINAL : 0;

	if ((dirs & WRI_DIR_READ) != 0) {
		side_ready(&fd->side[WEIR_DIR_READ], final);
	}
	if ((dirs & WRI_DIR_WRITE) != 0) {
		side_ready(&fd->side[WEIR_DIR_WRITE], final);
	}
}

/*
 * The hook.  The operation is first, or in the list, or has just ended (then
 * nothing).  Of a first one that is being tried the owner gets a note; one that
 * waits is taken out, and its side is ours to go on with.
 */
static void
side_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct side *s = arg;
	bool mine = false, listed;
	uint64_t w, n;

	/* The list's head becomes first under the lock only. */
	wri_mtx_lock(&s->lock);
	listed = weir_aioq_remove(&s->more, aio);
	w = wri_load(&s->word, WRI_ACQ); /* F1 */
	do {
		mine = waiter(w) == aio && (w & S_OWNED) == 0;
		if (waiter(w) != aio) {
			break;
		}
		/* Release: carries why to the owner (F1). */
		wri_store(&s->why, (uint32_t)why, WRI_REL);
		n = mine ? (w & S_FLAGS) | S_OWNED : w | S_CANCEL;
	} while (!wri_cas_weak(&s->word, &w, n, WRI_ACQ_REL));
	wri_mtx_unlock(&s->lock);
	if (mine || listed) {
		(void)weir_aio_finish(aio, why);
	}
	if (mine) {
		wri_side_run(s);
	}
}

/* --- Submit ------------------------------------------------------------ */

/*
 * Put it behind the others; the side may have become free or closed meanwhile.
 * *ours: it is free, and we own it now.
 */
static weir_err
enqueue_locked(struct side *s, weir_aio *aio, bool *ours)
{
	uint64_t w = wri_load(&s->word, WRI_ACQ); /* F1 */
	uint64_t n;

	if (s->more.len >= WEIR_FD_QUEUE_MAX) {
		s->nfull++;
		return WEIR_EAGAIN;
	}
	s->nfull = 0;
	weir_aioq_push(&s->more, aio);
	do {
		if ((w & S_CLOSED) != 0) { /* its owner may have left */
			(void)weir_aioq_remove(&s->more, aio);
			*ours = false;
			return (weir_err)wri_load(&s->code, WRI_ACQ);
		}
		*ours = waiter(w) == NULL && (w & S_OWNED) == 0;
		n = w | S_MORE | (*ours ? S_OWNED : 0);
	} while (!wri_cas_weak(&s->word, &w, n, WRI_ACQ_REL));
	return WEIR_OK;
}

static void
submit_behind(struct side *s, weir_aio *aio)
{
	weir_err rv = WEIR_OK;
	bool ours = false;
	bool first_refused;

	/* Started under the lock that the hook takes: that finds it listed. */
	wri_mtx_lock(&s->lock);
	if (weir_aio_start(aio, &fd_provider, s) == WEIR_OK) {
		rv = enqueue_locked(s, aio, &ours);
	}
	first_refused = rv == WEIR_EAGAIN && s->nfull == 1;
	wri_mtx_unlock(&s->lock);
	if (ours) {
		wri_side_run(s);
	} else if (rv != WEIR_OK) {
		if (first_refused) {
			wri_log(WEIR_LOG_WARN,
			    "descriptor %d: operation refused, "
			    "WEIR_FD_QUEUE_MAX (%u) wait already",
			    s->fd->pfd.fd, WEIR_FD_QUEUE_MAX);
		}
		(void)weir_aio_finish(aio, rv);
	}
}

void
weir_fd_submit(weir_fd *fd, weir_dir dir, weir_aio *aio, const weir_fdop *op)
{
	struct side *s;
	uint64_t w, mine;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (fd == NULL || op == NULL || op->size != sizeof(*op) ||
	    (dir != WEIR_DIR_READ && dir != WEIR_DIR_WRITE)) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	s = &fd->side[dir];
	aio->fdop = op;
	/* One that polls is tried in any case: what it asks for may be there,
	 * and the event still on its way to us. */
	mine = S_OWNED | (uintptr_t)aio | (wri_aio_polls(aio) ? S_READY : 0);
	w = wri_load(&s->word, WRI_ACQ); /* F1 */
	while (waiter(w) == NULL && (w & (S_OWNED | S_MORE | S_CLOSED)) == 0) {
		if (wri_cas_weak(&s->word, &w, w | mine, WRI_ACQ_REL)) {
			wri_side_run(s);
			return;
		}
	}
	if ((w & S_CLOSED) != 0) {
		(void)weir_aio_finish(
		    aio, (weir_err)wri_load(&s->code, WRI_ACQ));
		return;
	}
	submit_behind(s, aio);
}
