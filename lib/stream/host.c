/*
 * host - a dial by name: its lookup, and the addresses in turn.
 *
 * Purpose    what dial.c does once, for each address of a host.
 * Ownership  The turn goes from the submitter to the inquiry, to the thread
 *            that drives, to the steps of an address, to the release of its
 *            weir_fd, and back to who drives.  Each has a reference.
 * Progress   on a thread of the lane or a polling thread, and never blocks.
 *            An address may fail while it is being submitted, on the same
 *            stack: the submitter goes on then, so that the stack does not grow
 *            with the number of addresses.
 * Locks      the dialer's.
 * Bounds     WEIR_ADDRS_MAX addresses.
 * Proof      test/stream/test_host.c, test_host_end.c
 */
#include "base/life.h"
#include "stream/dial.h"
#include "stream/names.h"

#include <errno.h>

/* The next address. */
static weir_err
host_try(struct dial *dl, bool *waits)
{
	weir_err err;
	int r;

	*waits = false;
	dl->to = wri_names_next(dl->names);
	err = wri_connect_open(dl);
	if (err != WEIR_OK) {
		return err;
	}
	r = wri_connect_try(dl);
	if (r == -EAGAIN && wri_names_left(dl->names) > 0) {
		return WEIR_EAGAIN; /* rather than to nap */
	}
	err = wri_dial_look(dl, r, waits);
	return err == WEIR_OK && *waits ? wri_dial_inner(dl) : err;
}

/* Why it shall end, or WEIR_OK. */
static weir_err
host_reason(struct dial *dl)
{
	weir_err err;

	wri_mtx_lock(&dl->dialer->mtx);
	err = dl->asked; /* D1 */
	wri_mtx_unlock(&dl->dialer->mtx);
	return err;
}

/* It waits: true: it has failed and gone. */
static bool
host_wait(struct dial *dl)
{
	wri_mtx_lock(&dl->dialer->mtx);
	dl->stage = DIAL_SUBMITTING;
	dl->submits = true;
	wri_mtx_unlock(&dl->dialer->mtx);
	return wri_dial_submit(dl);
}

/* Our turn: one address.  True: on to the next one. */
static bool
host_step(struct dial *dl)
{
	weir_err err = host_reason(dl);
	bool waits;

	if (err == WEIR_OK) {
		err = host_try(dl, &waits);
		if (err == WEIR_OK && waits) {
			return host_wait(dl);
		}
		if (err != WEIR_OK) {
			err = wri_names_failed(dl->names, err);
			if (err == WEIR_OK) {
				wri_dial_drop(dl);
				return true;
			}
		}
	}
	wri_dial_end(dl, err);
	return false;
}

/* Until one is made or waits, or all have failed. */
static void
host_drive(struct dial *dl)
{
	while (host_step(dl)) {
	}
}

bool
wri_dial_leave(struct dial *dl, weir_err *err)
{
	bool ours;

	if (dl->names == NULL || *err == WEIR_OK) {
		return false;
	}
	*err = wri_names_failed(dl->names, *err);
	if (*err != WEIR_OK) {
		return false;
	}
	wri_mtx_lock(&dl->dialer->mtx);
	ours = !dl->claimed;
	if (ours) {
		dl->stage = DIAL_CLOSING;
	}
	wri_mtx_unlock(&dl->dialer->mtx);
	return ours;
}

void
wri_host_gone(struct dial *dl)
{
	bool ours;

	if (dl->timer == NULL) {
		dl->conn = NULL;
	}
	dl->timer = NULL;
	wri_dial_drop(dl);
	weir_aio_reap(dl->inner); /* weir_fini's hook may be in it */
	dl->inner = NULL;
	wri_mtx_lock(&dl->dialer->mtx);
	dl->stage = DIAL_BUSY;
	ours = !dl->submits;
	wri_mtx_unlock(&dl->dialer->mtx);
	if (ours) {
		host_drive(dl);
	}
}

/*
 * The lookup has ended.  Threads of the lane are the last that weir_fini waits
 * for: what we do with descriptors and handles, it has to wait for before.
 */
static void
host_told(void *arg, weir_err err, weir_addrs *addrs)
{
	struct dial *dl = arg;
	bool inside = wri_life_visit() == WEIR_OK;
	bool ours;

	wri_mtx_lock(&dl->dialer->mtx);
	ours = !dl->claimed;
	if (ours) {
		dl->stage = DIAL_BUSY;
	}
	wri_mtx_unlock(&dl->dialer->mtx);
	if (!ours) {
		weir_addrs_free(addrs); /* its end is under way */
	} else if (err != WEIR_OK) {
		wri_dial_end(dl, err);
	} else {
		wri_names_set(dl->names, addrs);
		host_drive(dl);
	}
	wri_dial_rele(dl); /* the inquiry's */
	if (inside) {
		wri_life_leave();
	}
}

/* The URL has a host, and the library stays. */
static void
host_ask(struct dial *dl)
{
	weir_err err =
	    wri_names_alloc(&dl->names, &dl->dialer->ep, host_told, dl);

	if (err != WEIR_OK) {
		wri_dial_end(dl, err);
		return;
	}
	wri_dial_hold(dl); /* for host_told */
	if (wri_dial_start(dl, DIAL_ASKING)) {
		wri_names_ask(dl->names);
	} else {
		wri_dial_rele(dl);
	}
}

void
wri_host_dial(struct dial *dl)
{
	weir_err err = wri_life_enter();

	if (err != WEIR_OK) {
		wri_dial_end(dl, wri_stream_op_err(err));
		return;
	}
	host_ask(dl);
	wri_life_leave();
}
