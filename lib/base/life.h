/*
 * life - does the library run, and is this still the process that started it?
 *
 * Purpose    the first look of every public call that needs the library.
 * Ownership  lib/weir.c begins and ends a life; all others look.
 * Pairs      L1  begin: up (release) -> check: up (acquire) carries all that
 *                init wrote.
 * Fork       a page that the system wipes in a forked child (madvise(2),
 *            MADV_WIPEONFORK): right also for a raw clone, and one byte to
 *            read.
 */
#ifndef BASE_LIFE_H
#define BASE_LIFE_H

#include "base/attr.h"
#include "base/sync.h"

#include <stddef.h>

struct wri_life {
	wri_a32 up; /* 1 between init and fini */
	/* The page, fixed from the first init on; NULL: no fork detection. */
	const unsigned char *page;
};

extern struct wri_life wri_life;

/* Map the page, once per process.  Fails with WEIR_ENOMEM. */
weir_err wri_life_prepare(void);

/* Is this a forked child of the process that called weir_init? */
static inline bool
wri_life_forked(void)
{
	const unsigned char *page = wri_life.page;

	return page != NULL && wri_unlikely(*page == 0);
}

static inline void
wri_life_set(bool up)
{
	wri_store(&wri_life.up, up, WRI_REL); /* L1 */
}

/* WEIR_OK, WEIR_EFORK or WEIR_ESTATE. */
static inline weir_err
wri_life_check(void)
{
	if (wri_unlikely(wri_load(&wri_life.up, WRI_ACQ) == 0)) { /* L1 */
		return wri_life_forked() ? WEIR_EFORK : WEIR_ESTATE;
	}
	return wri_life_forked() ? WEIR_EFORK : WEIR_OK;
}

#endif
