/*
 * misuse - each mistake that weir can see, made once: the line it prints, and
 * that it aborts.
 *
 * Shape      `misuse <row>` makes the mistake in a child, prints what the child
 *            wrote to stderr, and then how it ended.  ctest looks at both.
 *            The rows with their texts are in CMakeLists.txt.
 */
#include "aio/toy.h"

#include <weir/weir.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct toy toy;
static weir_aio *aio;
static struct latch in, go;

static void
callback(void *arg)
{
	(void)arg;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

static void
must(int ok)
{
	if (!ok) {
		(void)fprintf(stderr, "misuse: not even set up\n");
		_exit(1);
	}
}

/* --- The mistakes ------------------------------------------------------ */

static void
submit_on_busy(void)
{
	toy_submit(&toy, aio);
	toy_submit(&toy, aio);
}

static void
finish_twice(void)
{
	must(weir_aio_reset(aio) == WEIR_OK);
	must(weir_aio_finish(aio, WEIR_OK));
	/* The callback has begun and does not end: no operation any more. */
	must(latch_wait(&in, 1));
	(void)weir_aio_finish(aio, WEIR_OK);
}

static void
finish_without_start(void)
{
	(void)weir_aio_finish(aio, WEIR_OK);
}

static void
start_without_reset(void)
{
	must(weir_aio_start(aio, &toy_providers[TOY_FULL], &toy) != WEIR_OK);
}

static void
start_twice(void)
{
	toy_submit(&toy, aio);
	must(weir_aio_start(aio, &toy_providers[TOY_FULL], &toy) != WEIR_OK);
}

/* It cannot end yet: its memory is there. */
static void
double_free(void)
{
	toy.stubborn = true;
	toy_submit(&toy, aio);
	weir_aio_reap(aio);
	weir_aio_free(aio);
}

static void
double_reap(void)
{
	toy.stubborn = true;
	toy_submit(&toy, aio);
	weir_aio_reap(aio);
	weir_aio_reap(aio);
}

static void
set_iov_while_busy(void)
{
	const weir_iov iov = {&toy, 1};

	toy_submit(&toy, aio);
	(void)weir_aio_set_iov(aio, 1, &iov);
}

static void
set_timeout_while_busy(void)
{
	toy_submit(&toy, aio);
	(void)weir_aio_set_timeout(aio, 1);
}

static void
set_executor_while_busy(void)
{
	toy_submit(&toy, aio);
	(void)weir_aio_set_executor(aio, NULL);
}

static void
use_after_free(void)
{
	weir_aio_free(aio);
	(void)weir_aio_cancel(aio);
}

static void
no_handle(void)
{
	static char zeros[4096];

	aio = (weir_aio *)(void *)zeros;
	(void)weir_aio_cancel(aio);
}

static const struct {
	const char *name;
	void (*fn)(void);
} rows[] = {
    {"submit_on_busy", submit_on_busy},
    {"finish_twice", finish_twice},
    {"finish_without_start", finish_without_start},
    {"start_without_reset", start_without_reset},
    {"start_twice", start_twice},
    {"double_free", double_free},
    {"double_reap", double_reap},
    {"set_iov_while_busy", set_iov_while_busy},
    {"set_timeout_while_busy", set_timeout_while_busy},
    {"set_executor_while_busy", set_executor_while_busy},
    {"use_after_free", use_after_free},
    {"no_handle", no_handle},
};

/* --- The child and its judge ------------------------------------------- */

static void
child_main(const char *name)
{
	latch_init(&in);
	latch_init(&go);
	toy_init(&toy, TOY_FULL);
	must(weir_init(NULL) == WEIR_OK);
	must(weir_aio_alloc(&aio, callback, NULL) == WEIR_OK);
	weir_aio_set_tag(aio, "the tag");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0) {
			rows[i].fn();
			_exit(0);
		}
	}
	_exit(2);
}

int
main(int argc, char **argv)
{
	char text[4096];
	size_t len = 0;
	ssize_t n;
	unsigned lines = 0;
	int fds[2], status;
	pid_t pid;

	if (argc != 2 || pipe(fds) != 0) {
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		(void)dup2(fds[1], STDERR_FILENO);
		(void)close(fds[0]);
		(void)close(fds[1]);
		(void)alarm(50);
		child_main(argv[1]);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0) {
		len += (size_t)n;
	}
	text[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		lines += text[i] == '\n';
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		return 2;
	}
	(void)printf("%s", text);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
		(void)printf("aborted after %u line\n", lines);
		return 0;
	}
	(void)printf("not aborted: status %#x\n", (unsigned)status);
	return 1;
}
