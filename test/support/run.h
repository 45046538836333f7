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

/* Does each test have a process of its own?  Tests that die need that. */
int run_forks(void);

#endif
