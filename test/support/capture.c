/*
 * capture - what the code under test writes to stderr.
 *
 * Bounds     the first CAPTURE_MAX - 1 bytes.
 */
#include "support/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CAPTURE_MAX 8192

static char capture_text[CAPTURE_MAX];
static FILE *capture_file;
static int capture_stderr;

static void
capture_must(int ok)
{
	if (!ok) {
		abort();
	}
}

void
capture_begin(void)
{
	fflush(stderr);
	capture_file = tmpfile();
	capture_must(capture_file != NULL);
	capture_stderr = dup(STDERR_FILENO);
	capture_must(capture_stderr >= 0);
	capture_must(dup2(fileno(capture_file), STDERR_FILENO) >= 0);
}

const char *
capture_end(void)
{
	size_t len;

	fflush(stderr);
	capture_must(dup2(capture_stderr, STDERR_FILENO) >= 0);
	capture_must(close(capture_stderr) == 0);
	rewind(capture_file);
	len = fread(capture_text, 1, CAPTURE_MAX - 1, capture_file);
	capture_text[len] = '\0';
	capture_must(fclose(capture_file) == 0);
	return capture_text;
}
