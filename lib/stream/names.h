/*
 * names - the addresses of a host that is dialled by name.
 *
 * Purpose    the question, its answer, which address comes next, and what to
 *            say when all have failed.
 * Ownership  a dial's, from its submit until its last reference; what is not
 *            said of an inquiry is used by whose turn it is.
 */
#ifndef STREAM_NAMES_H
#define STREAM_NAMES_H

#include "dns/dns.h"
#include "stream/stream.h"

struct wri_names;

/*
 * Prepare to ask; inside the library, until wri_names_ask.  told and arg are
 * those of the inquiry.  WEIR_ENOMEM.
 */
WEIR_NODISCARD weir_err wri_names_alloc(struct wri_names **np,
    const struct wri_endpoint *ep, wri_told_fn told, void *arg);
/* NULL allowed. */
void wri_names_free(struct wri_names *n);
/* Ask, once; as wri_inquiry_post. */
void wri_names_ask(struct wri_names *n);
/* As wri_inquiry_cancel. */
bool wri_names_cancel(struct wri_names *n);
/* The answer; taken. */
void wri_names_set(struct wri_names *n, weir_addrs *addrs);

/* How many addresses have not been tried. */
size_t wri_names_left(const struct wri_names *n);
/* The next one; there must be one.  Valid until the next call. */
const struct wri_sysaddr *wri_names_next(struct wri_names *n);
/*
 * The address tried last gave an error, not WEIR_OK.  WEIR_OK: try the next
 * one; else how the dial ends: with what says most of all that came.
 */
weir_err wri_names_failed(struct wri_names *n, weir_err err);

#endif
