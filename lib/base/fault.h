/*
 * fault - calls that fail on purpose, armed by test/support/fault.h.
 *
 * Purpose    mem, thread and each system call fail through this.
 * Progress   lock-free; one relaxed load while nothing is armed.
 * Pairs      none, all relaxed: it carries nothing, and tests arm before they
 *            call.
 * Proof      test/base/test_sys.c, test_mem.c
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/attr.h"
#include "base/sync.h"

/* All zero: off. */
struct wri_fault {
	wri_a32 first; /* the call that fails, 0: not armed */
	wri_a32 last;  /* the last one that fails */
	wri_a32 calls; /* since it was armed */
	wri_a32 eno;   /* > 0 */
};

/* Count a call of what is armed: must it fail?  errno says how.  sys.c. */
bool wri_fault_due(struct wri_fault *f);

/* Must this call fail?  Then errno says how, as after a real one. */
static inline bool
wri_fault_hit(struct wri_fault *f)
{
	return wri_unlikely(wri_load(&f->first, WRI_RLX) != 0) &&
	       wri_fault_due(f);
}

#endif
