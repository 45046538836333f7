/*
 * run - the main of a Check program.
 *
 * Purpose    every test program ends the same way: the failures on stdout,
 *            CK_FORK, CK_RUN_CASE and the other variables of Check obeyed.
 */
#include "support/run.h"

#include <stdlib.h>
#include <string.h>

int
run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
run_forks(void)
{
	const char *fork = getenv("CK_FORK");

	return fork == NULL || strcmp(fork, "no") != 0;
}
