/*
 * rt - weir up and down per test, and what is left when it is down.
 *
 * Purpose    a fixture: weir_init before the test, weir_fini after it, and no
 *            descriptor, thread, byte or unexpected log line remains.
 *
 *              tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
 *
 * Ownership  the log hook of the process belongs to rt while it is up.
 * Bounds     RT_LIMIT_MS for threads to be gone; RT_LOG_MAX bytes of log.
 */
#ifndef SUPPORT_RT_H
#define SUPPORT_RT_H

#include <weir/weir.h>

#include <stdbool.h>
#include <stddef.h>

#define RT_LIMIT_MS 10000
#define RT_LOG_MAX 65536

/* What a process holds. */
struct rt_counts {
	unsigned fds;
	unsigned threads;
	size_t bytes; /* of wri_alloc; 0 where a test cannot see that */
};

/* Fixtures: weir with default settings. */
void rt_setup(void);
void rt_teardown(void);

/* The same in pieces, for tests with settings of their own: count and start;
 * stop and compare.  rt_down expects weir_fini to give WEIR_OK. */
void rt_up(const weir_params *params);
void rt_down(void);

/* Count now. */
struct rt_counts rt_count(void);
/* Fail the test unless all is back to what it was, within RT_LIMIT_MS. */
void rt_expect_counts(struct rt_counts before);

/*
 * Warnings and errors in the log fail the test at rt_down, unless it has said
 * that it expects some.
 */
void rt_expect_log(void);
/* Did a line with this text come since rt_up? */
bool rt_log_has(const char *text);

#endif
