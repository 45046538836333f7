/*
 * rt - weir up and down per test, and what is left when it is down.
 *
 * Pairs      rt_log_mtx guards the log, which any thread of weir writes.
 */
#include "support/rt.h"

#include "base/mem.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A test that links the shared library does not see it. */
#pragma weak wri_mem_live

static struct rt_counts rt_before;

static pthread_mutex_t rt_log_mtx = PTHREAD_MUTEX_INITIALIZER;
/* rt_log_mtx must be held when using these: */
static char rt_log[RT_LOG_MAX];
static size_t rt_log_len;
static bool rt_log_expected;

static void
rt_log_line(void *arg, weir_log_level level, const char *line)
{
	size_t len = strlen(line);

	(void)arg;
	(void)level;
	pthread_mutex_lock(&rt_log_mtx);
	if (rt_log_len + len + 2 <= sizeof(rt_log)) {
		memcpy(rt_log + rt_log_len, line, len);
		rt_log_len += len;
		rt_log[rt_log_len++] = '\n';
		rt_log[rt_log_len] = '\0';
	}
	pthread_mutex_unlock(&rt_log_mtx);
}

static void
rt_log_reset(void)
{
	pthread_mutex_lock(&rt_log_mtx);
	rt_log_len = 0;
	rt_log[0] = '\0';
	rt_log_expected = false;
	pthread_mutex_unlock(&rt_log_mtx);
}

void
rt_expect_log(void)
{
	pthread_mutex_lock(&rt_log_mtx);
	rt_log_expected = true;
	pthread_mutex_unlock(&rt_log_mtx);
}

bool
rt_log_has(const char *text)
{
	bool has;

	pthread_mutex_lock(&rt_log_mtx);
	has = strstr(rt_log, text) != NULL;
	pthread_mutex_unlock(&rt_log_mtx);
	return has;
}

static void *
rt_tid(void *arg)
{
	*(pid_t *)arg = gettid();
	return NULL;
}

/*
 * ThreadSanitizer starts a thread of its own beside the first one of a
 * process: have it before anything is counted.  Once per process: Check forks.
 */
static void
rt_first_thread(void)
{
	static pid_t done;
	const struct timespec ms = {0, 1000000};
	char path[64];
	pthread_t thread;
	pid_t tid;

	if (done == getpid()) {
		return;
	}
	done = getpid();
	ck_assert_int_eq(pthread_create(&thread, NULL, rt_tid, &tid), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* Joined threads stay in /proc for a moment. */
	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)tid);
	while (access(path, F_OK) == 0) {
		nanosleep(&ms, NULL);
	}
}

/* Entries of a directory of /proc/self, without "." and "..". */
static unsigned
rt_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		n += e->d_name[0] != '.';
	}
	ck_assert_int_eq(closedir(dir), 0);
	return n;
}

struct rt_counts
rt_count(void)
{
	rt_first_thread();

	struct rt_counts counts = {
	    .fds = rt_entries("/proc/self/fd"),
	    .threads = rt_entries("/proc/self/task"),
	    .bytes = wri_mem_live != NULL ? wri_mem_live() : 0,
	};

	return counts;
}

void
rt_expect_counts(struct rt_counts before)
{
	const struct timespec ms = {0, 1000000};
	struct rt_counts now = rt_count();

	/* A thread that was joined is in /proc for a moment more: the only
	 * thing that cannot be waited for. */
	for (int i = 0; i < RT_LIMIT_MS && now.threads > before.threads; i++) {
		nanosleep(&ms, NULL);
		now = rt_count();
	}
	ck_assert_msg(now.threads == before.threads,
	    "threads: %u before, %u left", before.threads, now.threads);
	ck_assert_msg(now.fds == before.fds, "descriptors: %u before, %u left",
	    before.fds, now.fds);
	ck_assert_msg(now.bytes == before.bytes, "bytes: %zu before, %zu left",
	    before.bytes, now.bytes);
}

void
rt_up(const weir_params *params)
{
	rt_before = rt_count();
	rt_log_reset();
	weir_log_set(rt_log_line, NULL, WEIR_LOG_WARN);
	ck_assert_int_eq(weir_init(params), WEIR_OK);
}

void
rt_down(void)
{
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	weir_misuse_set(NULL, NULL);
	rt_expect_counts(rt_before);
	pthread_mutex_lock(&rt_log_mtx);
	ck_assert_msg(rt_log_expected || rt_log_len == 0,
	    "unexpected in the log:\n%s", rt_log);
	pthread_mutex_unlock(&rt_log_mtx);
}

void
rt_setup(void)
{
	rt_up(NULL);
}

void
rt_teardown(void)
{
	rt_down();
}
