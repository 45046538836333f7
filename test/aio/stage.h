/*
 * stage - a handle put into one of its states, held there, and let go.
 *
 * Purpose    each function of <weir/aio.h> is tried in every state: a loop
 *            test over the states, _i is the state.
 * Shape      weir runs with one task thread.  Misuse is reported and refused;
 *            the last report is kept.
 * Ownership  one stage at a time.
 */
#ifndef AIO_STAGE_H
#define AIO_STAGE_H

#include "aio/consumer.h"
#include "aio/toy.h"

#include <weir/weir.h>

#include <check.h>

enum stage_state {
	STAGE_IDLE,      /* fresh */
	STAGE_STARTED,   /* the provider owes a finish */
	STAGE_QUEUED,    /* finished, the callback waits for a thread */
	STAGE_RUNNING,   /* the callback runs */
	STAGE_RESTARTED, /* the callback runs and has submitted again */
	STAGE_ENDED,     /* idle again after an operation */
	STAGE_STOPPED,   /* stopped while idle */
	STAGE_FINISHED,  /* weir_fini has been called */
	STAGE_STATES,
};

struct stage_misuse {
	_Atomic unsigned n;
	char call[64];
	char what[128];
	char tag[64];
	char state[128];
	const void *object;
};

struct stage {
	struct toy toy;
	struct consumer c;
	struct consumer blocker;
	struct latch in; /* hit when a callback is where we want it */
	struct latch go; /* callbacks wait for it */
	enum stage_state state;
	struct stage_misuse misuse;
	bool gone; /* the test has freed the handle */
};

extern struct stage stage;

/* Start weir, make the handle, bring it to the state. */
void stage_up(int state);
/*
 * Let everything go on, and end it: the operations of the handle end, with
 * these results if unharmed is set; what is left is compared.
 */
void stage_down(bool unharmed);

/* Is an operation pending that is not decided, one that has ended and whose
 * callback has not begun? */
bool stage_has_operation(void);

/* The misuses reported since the last call of this function must be n; if one,
 * the last one names the handle and this call. */
void stage_expect_misuse(unsigned n, const char *call);

/* Loop tests over all states. */
#define STAGE_ADD(tc, test) tcase_add_loop_test((tc), (test), 0, STAGE_STATES)

#endif
