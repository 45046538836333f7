/*
 * live - the objects that hold a descriptor, for the end of the library.
 */
#ifndef STREAM_LIVE_H
#define STREAM_LIVE_H

#include <weir/err.h>

#include <stdbool.h>

/* In a stream or a listener. */
struct wri_live {
	/* The room's lock. */
	struct wri_live *next;
	struct wri_live **prevp; /* NULL: not in the list */

	/* Fixed. */
	void (*end)(struct wri_live *live);
};

/*
 * From now on end may come.  The list has a reference on the object; who takes
 * the object out has it then.  WEIR_ESTATE: the library has ended.
 */
weir_err wri_live_add(struct wri_live *live);
/* Take it out.  False: it is not in the list (any more); end has been called,
 * or is about to be. */
bool wri_live_remove(struct wri_live *live);

#endif
