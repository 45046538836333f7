/*
 * names - the addresses of a host that is dialled by name.
 *
 * Purpose    see names.h; docs/design/stream.md is the why.
 * Progress   never blocks: the lookup is on the resolver's lane.
 * Bounds     WEIR_ADDRS_MAX addresses.
 * Proof      test/stream/test_host.c
 */
#include "stream/names.h"
#include "base/mem.h"
#include "base/panic.h"

struct wri_names {
	struct wri_inquiry *inquiry; /* held */
	weir_addrs *addrs;           /* ours, or NULL: not known yet */
	size_t next;
	struct wri_sysaddr at; /* the address tried last */
	weir_err telling;      /* says most of all that came, or WEIR_OK */
};

weir_err
wri_names_alloc(struct wri_names **np, const struct wri_endpoint *ep,
    wri_told_fn told, void *arg)
{
	const struct wri_question q = {
	    .host = ep->host, .port = ep->port, .family = ep->family};
	struct wri_names *n = wri_alloc(sizeof(*n));
	weir_err err;

	if (n == NULL) {
		return WEIR_ENOMEM;
	}
	err = wri_inquiry_alloc(&n->inquiry, &q, told, arg);
	if (err != WEIR_OK) {
		wri_free(n, sizeof(*n));
		return err;
	}
	*np = n;
	return WEIR_OK;
}

void
wri_names_free(struct wri_names *n)
{
	if (n == NULL) {
		return;
	}
	(void)wri_inquiry_cancel(n->inquiry); /* if it was never asked */
	wri_inquiry_rele(n->inquiry);
	weir_addrs_free(n->addrs);
	wri_free(n, sizeof(*n));
}

void
wri_names_ask(struct wri_names *n)
{
	wri_inquiry_post(n->inquiry);
}

bool
wri_names_cancel(struct wri_names *n)
{
	return wri_inquiry_cancel(n->inquiry);
}

void
wri_names_set(struct wri_names *n, weir_addrs *addrs)
{
	n->addrs = addrs;
}

size_t
wri_names_left(const struct wri_names *n)
{
	return weir_addrs_count(n->addrs) - n->next;
}

const struct wri_sysaddr *
wri_names_next(struct wri_names *n)
{
	weir_err err =
	    wri_sysaddr_of(&n->at, weir_addrs_at(n->addrs, n->next++));

	WRI_ASSERT(err == WEIR_OK); /* it was made of one */
	return &n->at;
}

/* How much an error says of the host; 0: it says nothing, it is of this
 * machine, and the next address would meet it too. */
static int
names_weight(weir_err err)
{
	switch ((int)err) {
	case WEIR_ENOMEM:
	case WEIR_ENOFILES:
	case WEIR_ENOSPC:
	case WEIR_ESTOPPED:
		return 0;
	case WEIR_ENOTSUP:    /* no such family here */
	case WEIR_EADDRINVAL: /* not from the local address; no port left */
	case WEIR_EAGAIN:
		return 1;
	case WEIR_EUNREACHABLE:
	case WEIR_EPERM:
		return 2;
	case WEIR_ETIMEDOUT:
		return 3;
	default: /* it answered: WEIR_ECONNREFUSED, WEIR_ECONNRESET */
		return 4;
	}
}

weir_err
wri_names_failed(struct wri_names *n, weir_err err)
{
	int weight = names_weight(err);

	if (weight == 0) {
		return err;
	}
	if (n->telling == WEIR_OK || weight > names_weight(n->telling)) {
		n->telling = err;
	}
	return wri_names_left(n) > 0 ? WEIR_OK : n->telling;
}
