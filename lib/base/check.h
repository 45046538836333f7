/*
 * check - the kernel's side of WEIR_CHECK=1: it says what happens, and asks
 * when it reports.  Who remembers is no part of it: lib/check.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include "base/attr.h"
#include "base/life.h"

/* Calls on a handle that a misuse can conflict with. */
enum wri_note {
	WRI_NOTE_BEGIN,
	WRI_NOTE_START,
	WRI_NOTE_FINISH,
	WRI_NOTE_FREE, /* the first one counts */
	WRI_NOTES,     /* none */
};

struct wri_check_ops {
	/* Room for the notes of a handle; NULL: it goes without. */
	void *(*make)(void);
	/* Somebody makes this call; any thread. */
	void (*note)(void *notes, enum wri_note kind, const char *call);
	/* The handle's memory is to go, with its notes: both are the checker's
	 * now, and stay readable for a while. */
	void (*keep)(void *object, size_t size, void *notes);
	/* For a report: the promise, where we are, and where the call of that
	 * kind was made.  notes NULL: those of a handle that was kept, or
	 * none. */
	void (*text)(const void *object, void *notes, enum wri_note kind,
	    char *buf, size_t size);
};

/* Who is to be told; NULL: nobody, ever.  Relaxed: the table is static, and set
 * once. */
#ifdef WEIR_EXPLORE
#define wri_check_ops() ((const struct wri_check_ops *)NULL)
#else
#define wri_check_ops()                                                        \
	((const struct wri_check_ops *)wri_load(&wri_life.check, WRI_RLX))
#endif

#endif
