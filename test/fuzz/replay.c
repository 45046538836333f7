/*
 * replay - the main of a fuzz target without libFuzzer.
 *
 * Purpose    give the target each file that is named, or lies in a folder that
 *            is named; then say how many.  None is a failure.
 * Bounds     files of up to FILE_BYTES.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)1 << 20)
#define PATH_BYTES 4096

static char current[PATH_BYTES];
static unsigned replayed;

/* Before the process dies of it. */
static void
on_death(int sig)
{
	static const char word[] = "\nthe input was ";

	(void)!write(2, word, sizeof(word) - 1);
	(void)!write(2, current, strlen(current));
	(void)!write(2, "\n", 1);
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
give_up(const char *what, const char *path)
{
	fprintf(stderr, "%s ", what);
	perror(path);
	exit(2);
}

static void
replay_file(const char *path)
{
	uint8_t *data = malloc(FILE_BYTES);
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;

	if (data == NULL || file == NULL) {
		give_up("cannot read", path);
		return;
	}
	size = fread(data, 1, FILE_BYTES, file);
	(void)fclose(file);
	/* Of its own size: a sanitizer sees the first byte too many. */
	exact = malloc(size > 0 ? size : 1);
	if (exact == NULL) {
		give_up("no memory for", path);
		return;
	}
	memcpy(exact, data, size);
	free(data);
	(void)snprintf(current, sizeof(current), "%s", path);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	replayed++;
}

static void
replay(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st) != 0) {
		give_up("no such input:", path);
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0) {
		give_up("cannot list", path);
	}
	for (int i = 0; i < n; i++) {
		char file[PATH_BYTES];

		(void)snprintf(
		    file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			replay_file(file);
		}
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	(void)signal(SIGABRT, on_death);
	for (int i = 1; i < argc; i++) {
		replay(argv[i]);
	}
	printf("%u inputs replayed\n", replayed);
	return replayed > 0 ? 0 : 1;
}
