/*
 * proc - what the system says about this process' threads and descriptors.
 */
#include "weir/proc.h"

#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROC_LIMIT_MS 20000

/* The file of a thread as text; false: the thread is gone. */
static bool
proc_read(const char *tid, const char *file, char *text, size_t size)
{
	char path[64];
	FILE *f;
	size_t n;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%.16s/%s", tid, file);
	f = fopen(path, "re");
	if (f == NULL) {
		return false;
	}
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return n > 0;
}

static uint64_t
proc_field(const char *text, const char *name, int base)
{
	const char *at = strstr(text, name);

	return at == NULL ? 0 : strtoull(at + strlen(name), NULL, base);
}

struct proc_sum {
	unsigned threads, exact;
	uint64_t switches;
	uint64_t blocked;
};

static struct proc_sum
proc_look(const char *prefix)
{
	struct proc_sum sum = {0, 0, 0, UINT64_MAX};
	DIR *dir = opendir("/proc/self/task");

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		char comm[32];
		char status[4096];

		if (e->d_name[0] == '.' ||
		    !proc_read(e->d_name, "comm", comm, sizeof(comm)) ||
		    strncmp(comm, prefix, strlen(prefix)) != 0 ||
		    !proc_read(e->d_name, "status", status, sizeof(status))) {
			continue;
		}
		comm[strcspn(comm, "\n")] = '\0';
		sum.threads++;
		sum.exact += strcmp(comm, prefix) == 0;
		sum.switches +=
		    proc_field(status, "\nvoluntary_ctxt_switches:", 10);
		sum.blocked &= proc_field(status, "SigBlk:", 16);
	}
	ck_assert_int_eq(closedir(dir), 0);
	return sum;
}

unsigned
proc_threads(const char *prefix)
{
	return proc_look(prefix).threads;
}

bool
proc_has_thread(const char *name)
{
	return proc_look(name).exact == 1;
}

uint64_t
proc_switches(const char *prefix)
{
	return proc_look(prefix).switches;
}

uint64_t
proc_blocked(const char *prefix)
{
	return proc_look(prefix).blocked;
}

char
proc_state(pid_t tid)
{
	char name[16];
	char stat[512];
	const char *end;

	(void)snprintf(name, sizeof(name), "%d", (int)tid);
	if (!proc_read(name, "stat", stat, sizeof(stat))) {
		return 0;
	}
	end = strrchr(stat, ')');
	return end != NULL ? end[2] : 0;
}

static void
proc_nap(void)
{
	const struct timespec ms = {0, 1000000};

	(void)nanosleep(&ms, NULL);
}

bool
proc_await_sleep(pid_t tid)
{
	/* Twice in a row: a lock on the way is not what we wait for. */
	for (int i = 0; i < PROC_LIMIT_MS; i++) {
		if (proc_state(tid) == 'S') {
			proc_nap();
			if (proc_state(tid) == 'S') {
				return true;
			}
		}
		proc_nap();
	}
	return false;
}

bool
proc_await_threads(const char *prefix, unsigned n)
{
	for (int i = 0; i < PROC_LIMIT_MS; i++) {
		if (proc_threads(prefix) == n) {
			return true;
		}
		proc_nap();
	}
	return false;
}

static int
proc_await(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		return WEXITSTATUS(status);
	}
	return WTERMSIG(status) == SIGALRM ? 255 : 128 + WTERMSIG(status);
}

/* The leak detector does not get on with forked children. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PROC_EXITS_AT_ONCE
#endif
#endif

static void
proc_exit(int status)
{
#ifdef PROC_EXITS_AT_ONCE
	_exit(status);
#else
	exit(status);
#endif
}

int
proc_fork(int (*fn)(void *arg), void *arg, unsigned limit_s)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(limit_s);
		proc_exit(fn(arg));
	}
	return proc_await(pid);
}

int
proc_run_self(const char *arg, unsigned limit_s)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(limit_s);
		/* A child that exits in the middle of things leaks. */
		(void)setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
		(void)execl("/proc/self/exe", "self", arg, (char *)NULL);
		_exit(254);
	}
	return proc_await(pid);
}
