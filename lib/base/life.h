/*
 * life - does the library run, and is this still the process that started it?
 *
 * Purpose    the first look of every public call that needs the library.
 * Ownership  lib/weir.c begins and ends a life; all others look.
 * Pairs      L1  begin: state (release) -> check: state (acquire) carries all
 *                that init wrote.
 *            L2  enter, visit: inside + 1, then state (seq_cst) <-> end:
 *                state, then inside (seq_cst).  Forbids "the rooms are gone,
 *                and somebody is in one".
 *            L3  prepare: page (release) -> forked: page (acquire) carries what
 *                is on it.
 *            L4  begin: number + 1 (release), after the rooms of the life
 *                before are gone -> whoever asks for the number (acquire):
 *                finds another one only with all that the end has written.
 * Fork       a page that the system wipes in a forked child (madvise(2),
 *            MADV_WIPEONFORK): right also for a raw clone, and one byte to
 *            read.
 */
#ifndef BASE_LIFE_H
#define BASE_LIFE_H

#include "base/attr.h"
#include "base/sync.h"

#include <stddef.h>

enum wri_life_state {
	WRI_LIFE_DOWN, /* no rooms */
	WRI_LIFE_ENDS, /* weir_fini is under way: the rooms are there still */
	WRI_LIFE_UP,
};

struct wri_life {
	wri_a32 state;
	wri_a32 inside; /* threads between enter or visit and leave */
	wri_a32 number; /* counts lives: moved before the rooms of one go up */
	wri_aptr check; /* const struct wri_check_ops, base/check.h, or NULL */
	/* The page, fixed from the first init on; NULL: no fork detection. */
	wri_aptr page; /* const unsigned char */
};

extern struct wri_life wri_life;

/* Map the page, once per process.  Fails with WEIR_ENOMEM. */
weir_err wri_life_prepare(void);

/*
 * A call that works in the rooms: they stay until leave.  WEIR_ESTATE or
 * WEIR_EFORK: do not, and do not leave.  What blocks long is not to be inside.
 */
weir_err wri_life_enter(void);
/* The same for what gives something back: also while weir_fini ends things. */
weir_err wri_life_visit(void);
void wri_life_leave(void);

/*
 * Is this thread inside, or starting or stopping the library?  wri_life_deeper
 * counts: by 1 and -1.
 */
static inline bool
wri_life_is_inside(void)
{
	return wri_self_get(WRI_SELF_INSIDE) != NULL;
}

static inline void
wri_life_deeper(int by)
{
	uintptr_t depth = (uintptr_t)wri_self_get(WRI_SELF_INSIDE);

	wri_self_set(WRI_SELF_INSIDE, (void *)(depth + (uintptr_t)by));
}

/* Move to a state, and unless that is UP wait for those who are inside. */
void wri_life_set(enum wri_life_state state);

/* The life that is, or was last; for what outlives it. */
static inline uint32_t
wri_life_number(void)
{
	return wri_load(&wri_life.number, WRI_ACQ); /* L4 */
}

/* Are the rooms of that life no more? */
static inline bool
wri_life_is_over(uint32_t number)
{
	return number != wri_life_number() ||
	       wri_load(&wri_life.state, WRI_SC) == WRI_LIFE_DOWN;
}

/* Is this a forked child of the process that called weir_init? */
static inline bool
wri_life_forked(void)
{
	const unsigned char *page = wri_load(&wri_life.page, WRI_ACQ); /* L3 */

	return page != NULL && wri_unlikely(*page == 0);
}

/* WEIR_OK, WEIR_EFORK or WEIR_ESTATE. */
static inline weir_err
wri_life_check(void)
{
	if (wri_unlikely(wri_life_forked())) {
		return WEIR_EFORK;
	}
	return wri_likely(wri_load(&wri_life.state, WRI_ACQ) == /* L1 */
			  WRI_LIFE_UP)
		   ? WEIR_OK
		   : WEIR_ESTATE;
}

#endif
