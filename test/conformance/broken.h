/*
 * broken - a mailbox of integers, right or with one defect.
 *
 * Purpose    what weir-conformance must find: the mistakes that providers make.
 * Ownership  one mailbox at a time, the program's.
 */
#ifndef CONFORMANCE_BROKEN_H
#define CONFORMANCE_BROKEN_H

#include <weir/conformance.h>

enum defect {
	RIGHT = 0,
	DEAF,             /* right as well: it has no hook */
	NO_SOON,          /* right as well: submit_soon is left to the kit */
	NO_END,           /* right as well: only asking ends what waits */
	LOSES_CANCEL,     /* the hook ends nothing */
	LOSES_ALL,        /* and neither does end */
	FINISHES_TWICE,   /* end does */
	IGNORES_TIMEOUT,  /* starts without the handle's deadline */
	ONE_CODE,         /* the hook says ECANCELED, whatever was asked */
	OUTPUT_TOO_EARLY, /* before it is known that there is one */
	PUBLISHES_LATE,   /* start under the lock, the queue after it */
	FINISHES_REFUSED, /* what reset has refused */
	QUEUES_REFUSED,   /* what start has refused */
	KEEPS_A_HANDLE,   /* after teardown */
	KEEPS_A_DESCRIPTOR,
	COUNTS_WRONG,      /* end does */
	EATS_THE_END,      /* ends only the first of two */
	FINISHES_UNASKED,  /* at once, with nothing there */
	WARNS,             /* in the log */
	HANGS_IN_THE_HOOK, /* on its own lock */
	DEFECTS,
};

/* The provider of the only mailbox, with this defect. */
weir_conformance_provider broken_provider(enum defect d);
/* After the run: undo what it has kept. */
void broken_clean(void);

#endif
