/*
 * run - the main of a Check program.
 *
 * Ownership  takes the suite.
 */
#ifndef SUPPORT_RUN_H
#define SUPPORT_RUN_H

#include <check.h>

/* Run the suite; what main returns. */
int run_suite(Suite *suite);

/*
 * The main of a stress program: as run_suite, and with
 *
 *   --seed N      of aio/dice.h, for the first round
 *   --seconds S   round after round, each with the next seed, all in one
 *                 process (unless CK_FORK says otherwise), until the time is
 *                 over or one fails.  A line for each has the seed, and what
 *                 the process holds: descriptors and threads may not grow,
 *                 memory by RUN_GROWTH_KB, after the first RUN_WARM rounds.
 */
int run_rounds(int argc, char **argv, Suite *(*make)(void));
#define RUN_WARM 3
#define RUN_GROWTH_KB 65536

/* Does each test have a process of its own?  Tests that die need that. */
int run_forks(void);

#endif
