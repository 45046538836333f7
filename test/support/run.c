/*
 * run - the main of a Check program.
 *
 * Purpose    every test program ends the same way: the failures on stdout,
 *            CK_FORK, CK_RUN_CASE and the other variables of Check obeyed.
 */
#include "support/run.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEED "WEIR_TEST_SEED" /* as aio/dice.h has it */

/* What the process holds. */
struct held {
	unsigned fds, threads;
	unsigned long rss_kb;
};

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

static unsigned
entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	while (dir != NULL && readdir(dir) != NULL) {
		n++;
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	return n;
}

static struct held
hold(void)
{
	struct held h = {
	    entries("/proc/self/fd"), entries("/proc/self/task"), 0};
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long all, resident;

	if (file != NULL) {
		if (fscanf(file, "%lu %lu", &all, &resident) == 2) {
			h.rss_kb =
			    resident *
			    ((unsigned long)sysconf(_SC_PAGESIZE) / 1024);
		}
		(void)fclose(file);
	}
	return h;
}

static bool
has_grown(const struct held *from, const struct held *to)
{
	return to->fds > from->fds || to->threads > from->threads ||
	       to->rss_kb > from->rss_kb + RUN_GROWTH_KB;
}

/* One round, its line, and whether the process has grown. */
static int
run_round(unsigned number, unsigned long long seed, Suite *suite)
{
	static struct held warm;
	struct held now;
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", seed);
	(void)setenv(SEED, text, 1);
	if (run_suite(suite) != EXIT_SUCCESS) {
		printf("round %u failed, replay: --seed %llu\n", number, seed);
		return EXIT_FAILURE;
	}
	now = hold();
	printf("round %u, seed %llu: %u descriptors, %u threads, %lu kB\n",
	    number, seed, now.fds, now.threads, now.rss_kb);
	(void)fflush(stdout);
	if (number <= RUN_WARM) {
		warm = now;
	} else if (has_grown(&warm, &now)) {
		printf("the process has grown: %u descriptors, %u threads, "
		       "%lu kB after round %d\n",
		    warm.fds, warm.threads, warm.rss_kb, RUN_WARM);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int
run_rounds(int argc, char **argv, Suite *(*make)(void))
{
	const time_t begin = time(NULL);
	unsigned long long seed = (unsigned long long)begin;
	long seconds = 0;
	int rv;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
			seed = strtoull(argv[i + 1], NULL, 0);
			(void)setenv(SEED, argv[i + 1], 1);
		} else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
			seconds = strtol(argv[i + 1], NULL, 0);
		} else {
			fprintf(stderr, "usage: %s [--seed N] [--seconds S]\n",
			    argv[0]);
			return 2;
		}
	}
	if (seconds == 0) {
		return run_suite(make());
	}
	(void)setenv("CK_FORK", "no", 0);
	for (unsigned n = 1;; n++) {
		rv = run_round(n, seed++, make());
		if (rv != EXIT_SUCCESS || time(NULL) - begin >= seconds) {
			return rv;
		}
	}
}

int
run_forks(void)
{
	const char *fork = getenv("CK_FORK");

	return fork == NULL || strcmp(fork, "no") != 0;
}
