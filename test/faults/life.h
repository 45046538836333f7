/*
 * life - the whole life of a program: everything that weir does, once.
 *
 * Purpose    faults are injected while it is lived.  Each step may end with a
 *            code; none may hang, none may leave anything, and bytes that
 *            arrive are the right ones.
 * Bounds     LIFE_LIMIT for a step: longer is a hang, and the test fails.
 */
#ifndef FAULTS_LIFE_H
#define FAULTS_LIFE_H

#include <weir/weir.h>

#include <stdbool.h>

#define LIFE_LIMIT WEIR_SECONDS(25)

struct life {
	const char *poller; /* NULL: the default */

	/* What became of it: */
	unsigned steps;    /* taken */
	unsigned refused;  /* that ended with a code */
	const char *where; /* the first of these */
	weir_err code;
	bool up; /* weir_init worked */
};

/* From weir_init to weir_fini. */
void life_live(struct life *l, const char *poller);

/* Live it undisturbed: every step must work. */
void life_expect_good(const char *poller);

#endif
