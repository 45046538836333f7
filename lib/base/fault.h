/*
 * fault - the n-th call fails: a countdown that tests arm.
 *
 * Purpose    mem and thread fail on purpose through this.
 * Progress   lock-free; one relaxed load while nothing is armed.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include "base/attr.h"
#include "base/sync.h"

/* Zero is off. */
struct wri_fault {
	wri_a32 left; /* calls up to and with the one that fails, 0: off */
};

/* The n-th call from now fails, once; 0: none. */
static inline void
wri_fault_set(struct wri_fault *f, unsigned n)
{
	/* Relaxed: tests arm it before they call. */
	wri_store(&f->left, n, WRI_RLX);
}

/* Count one call; true: it fails. */
static inline bool
wri_fault_hit(struct wri_fault *f)
{
	/* Relaxed, all of it: a countdown that carries nothing. */
	uint32_t left = wri_load(&f->left, WRI_RLX);

	while (wri_unlikely(left != 0)) {
		if (wri_cas_weak(&f->left, &left, left - 1, WRI_RLX)) {
			return left == 1;
		}
	}
	return false;
}

#endif
