/*
 * dialer - what the files of the room share of a dialer.
 */
#ifndef STREAM_DIALER_H
#define STREAM_DIALER_H

#include "stream/stream.h"

struct dial;

struct weir_stream_dialer {
	/* Fixed after alloc. */
	uint32_t magic;
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;

	/* Any thread. */
	wri_a32 refs; /* the program's, and one per dial */
	struct wri_settings settings;
	wri_a32 busy; /* what stop waits for: dials that are not finished */

	wri_mtx mtx;

	/* mtx must be held when using these. */
	bool closed;
	struct wri_sysaddr local; /* where dials come from; len 0: anywhere */
	bool full_told;     /* the log has the bound since there was room */
	unsigned dials_len; /* dials that have not ended */
	weir_aioq waiting;  /* those that wait */
};

/* dialer.c */
void wri_dialer_hold(struct weir_stream_dialer *d);
void wri_dialer_rele(struct weir_stream_dialer *d);
/* Room for one more dial?  Then it is counted.  WEIR_ECLOSED, WEIR_EAGAIN. */
weir_err wri_dialer_enter(struct weir_stream_dialer *d);
/* It is not a dial any more: counts it out. */
void wri_dialer_leave(struct weir_stream_dialer *d);
/* It is finished. */
void wri_dialer_finished(struct weir_stream_dialer *d);

/* dial.c: no new dials; those under way are asked to end. */
void wri_dialer_close(struct weir_stream_dialer *d);

#endif
