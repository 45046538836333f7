/*
 * stuck - handles on which something has been going on for too long.
 *
 * Purpose    a callback or a cancel hook that does not return, and a provider
 *            that was told to stop and does not finish, are named: once when
 *            they are too old, and at each ten times of that.
 * Ownership  seen, seen_at and said of a handle belong to its shard's lock.
 *            What is reported is a copy.
 * Bounds     REPORTS for a look; the others have their turn at the next.
 *            An age counts from the first look that saw it.
 * Proof      test/aio/test_stuck.c
 */
#include "aio/registry.h"
#include "aio/aio_impl.h"

#include <stdio.h>

#define REPORTS 16

/* Fixed while anybody looks. */
static weir_duration limit;
static void (*report)(const struct wri_stuck *stuck);

void
wri_watchdog_begin(weir_duration old, void (*fn)(const struct wri_stuck *stuck))
{
	limit = old;
	report = fn;
}

static enum wri_stuck_at
stuck_at(uint64_t w)
{
	return (w & W_RUN) != 0                             ? WRI_STUCK_CALLBACK
	       : (w & W_HOOK) != 0                          ? WRI_STUCK_HOOK
	       : op_of(w) == OP_ACTIVE && (w & W_STOP) != 0 ? WRI_STUCK_PROVIDER
							    : WRI_STUCK_NOWHERE;
}

/* Is this one to be reported?  Then it is copied. */
bool
wri_watchdog_visit_locked(weir_aio *aio, weir_time now, struct wri_stuck *out)
{
	uint64_t w = wri_load(&aio->word, WRI_ACQ); /* A1: provider */
	enum wri_stuck_at at = stuck_at(w);
	uint64_t seen = (w >> W_GEN_SHIFT) * 4 + at;
	const weir_provider *p;
	const char *tag;

	if (at == WRI_STUCK_NOWHERE || aio->seen != seen) {
		aio->seen = at == WRI_STUCK_NOWHERE ? 0 : seen;
		aio->seen_at = now;
		aio->said = limit;
		return false;
	}
	if (now - aio->seen_at < aio->said) {
		return false;
	}
	while (aio->said <= now - aio->seen_at) {
		aio->said *= 10;
	}
	/* The name is static, even if the operation ends now. */
	p = at == WRI_STUCK_CALLBACK ? NULL : provider_of(aio);
	tag = wri_load(&aio->tag, WRI_ACQ);
	*out = (struct wri_stuck){.at = at,
	    .object = aio,
	    .callback = aio->cb,
	    .provider = p != NULL && p->name != NULL ? p->name : "",
	    .age = now - aio->seen_at};
	(void)snprintf(
	    out->tag, sizeof(out->tag), "%s", tag != NULL ? tag : "");
	return true;
}

void
wri_watchdog_look(weir_time now)
{
	struct wri_stuck stuck;

	for (unsigned i = 0;
	     i < REPORTS && wri_registry_find_stuck(now, &stuck); i++) {
		report(&stuck);
	}
}
