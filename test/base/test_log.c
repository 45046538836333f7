/*
 * test_log - log lines, misuse reports, panics.
 */
#include "base/life.h"
#include "base/log.h"
#include "base/panic.h"
#include "support/capture.h"
#include "support/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct seen {
	unsigned lines;
	weir_log_level level;
	char line[1024];
};

static void
seen_log(void *arg, weir_log_level level, const char *line)
{
	struct seen *seen = arg;

	seen->lines++;
	seen->level = level;
	snprintf(seen->line, sizeof(seen->line), "%s", line);
}

static struct {
	unsigned reports;
	weir_misuse last;
} misuse;

static void
misuse_seen(void *arg, const weir_misuse *m)
{
	ck_assert_ptr_eq(arg, &misuse);
	misuse.reports++;
	misuse.last = *m;
}

static void
teardown(void)
{
	weir_log_set(wri_log_stderr, NULL, WEIR_LOG_WARN);
	weir_misuse_set(NULL, NULL);
}

START_TEST(by_default_warnings_go_to_stderr)
{
	capture_begin();
	wri_log(WEIR_LOG_WARN, "a %s of %d", "line", 7);
	wri_log(WEIR_LOG_ERR, "worse");
	ck_assert_str_eq(
	    capture_end(), "weir: warn: a line of 7\nweir: err: worse\n");
}
END_TEST

START_TEST(by_default_less_than_a_warning_is_not_shown)
{
	capture_begin();
	wri_log(WEIR_LOG_NOTICE, "a");
	wri_log(WEIR_LOG_INFO, "b");
	wri_log(WEIR_LOG_DEBUG, "c");
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

START_TEST(the_hook_gets_level_and_line_without_newline)
{
	struct seen seen = {0};

	weir_log_set(seen_log, &seen, WEIR_LOG_DEBUG);
	capture_begin();
	wri_log(WEIR_LOG_DEBUG, "x=%d", 3);
	ck_assert_str_eq(capture_end(), "");
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_int_eq(seen.level, WEIR_LOG_DEBUG);
	ck_assert_str_eq(seen.line, "x=3");
}
END_TEST

START_TEST(the_hook_gets_nothing_above_its_level)
{
	struct seen seen = {0};

	weir_log_set(seen_log, &seen, WEIR_LOG_ERR);
	wri_log(WEIR_LOG_WARN, "no");
	ck_assert_uint_eq(seen.lines, 0);
	wri_log(WEIR_LOG_ERR, "yes");
	ck_assert_uint_eq(seen.lines, 1);
}
END_TEST

START_TEST(null_turns_the_log_off)
{
	weir_log_set(NULL, NULL, WEIR_LOG_DEBUG);
	capture_begin();
	wri_log(WEIR_LOG_ERR, "nobody hears");
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

START_TEST(level_none_turns_the_log_off)
{
	struct seen seen = {0};

	weir_log_set(seen_log, &seen, WEIR_LOG_NONE);
	wri_log(WEIR_LOG_ERR, "nobody hears");
	ck_assert_uint_eq(seen.lines, 0);
}
END_TEST

START_TEST(every_level_has_a_name)
{
	capture_begin();
	weir_log_set(wri_log_stderr, NULL, WEIR_LOG_DEBUG);
	wri_log(WEIR_LOG_ERR, "3");
	wri_log(WEIR_LOG_WARN, "4");
	wri_log(WEIR_LOG_NOTICE, "5");
	wri_log(WEIR_LOG_INFO, "6");
	wri_log(WEIR_LOG_DEBUG, "7");
	ck_assert_str_eq(capture_end(),
	    "weir: err: 3\nweir: warn: 4\nweir: notice: 5\nweir: info: 6\n"
	    "weir: debug: 7\n");
}
END_TEST

START_TEST(a_line_too_long_is_cut)
{
	char text[2000];
	const char *got;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture_begin();
	wri_log(WEIR_LOG_WARN, "%s", text);
	got = capture_end();
	ck_assert_uint_lt(strlen(got), 600);
	ck_assert_uint_gt(strlen(got), 400);
	ck_assert_ptr_eq(strchr(got, '\n'), got + strlen(got) - 1);
}
END_TEST

START_TEST(a_line_of_a_program_takes_the_road_of_our_own)
{
	struct seen seen = {0};

	capture_begin();
	weir_log(WEIR_LOG_WARN, "a %s of %d", "line", 7);
	weir_log(WEIR_LOG_NOTICE, "not by default");
	ck_assert_str_eq(capture_end(), "weir: warn: a line of 7\n");
	weir_log_set(seen_log, &seen, WEIR_LOG_INFO);
	weir_log(WEIR_LOG_INFO, "%s", "%d");
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_int_eq(seen.level, WEIR_LOG_INFO);
	ck_assert_str_eq(seen.line, "%d");
	weir_log(WEIR_LOG_DEBUG, "no");
	ck_assert_uint_eq(seen.lines, 1);
	weir_log_set(NULL, NULL, WEIR_LOG_DEBUG);
	weir_log(WEIR_LOG_ERR, "nobody hears");
	ck_assert_uint_eq(seen.lines, 1);
}
END_TEST

START_TEST(a_line_of_a_program_without_level_or_text_is_none)
{
	static const int levels[] = {-1, 0, 1, 2, 8, 1000, 0x7fffffff};
	const char *none = NULL;
	struct seen seen = {0};

	/* More than there is: it must not open the way for others. */
	weir_log_set(seen_log, &seen, (weir_log_level)100);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		weir_log((weir_log_level)levels[i], "no");
	}
	weir_log(WEIR_LOG_ERR, none, 1);
	ck_assert_uint_eq(seen.lines, 0);
}
END_TEST

START_TEST(a_line_has_up_to_511_bytes)
{
	struct seen seen = {0};

	weir_log_set(seen_log, &seen, WEIR_LOG_ERR);
	for (int len = WEIR_LOG_LINE_MAX - 2; len < 2000;
	     len += 1 + len / 600) {
		weir_log(WEIR_LOG_ERR, "%*d", len, 7);
		ck_assert_uint_eq(strlen(seen.line),
		    len < WEIR_LOG_LINE_MAX ? (size_t)len : WEIR_LOG_LINE_MAX);
		wri_log(WEIR_LOG_ERR, "%*d", len, 7);
		ck_assert_uint_eq(strlen(seen.line),
		    len < WEIR_LOG_LINE_MAX ? (size_t)len : WEIR_LOG_LINE_MAX);
	}
}
END_TEST

START_TEST(the_level_in_force_can_be_asked_for)
{
	struct seen seen = {0};

	ck_assert_int_eq(weir_log_get_level(), WEIR_LOG_WARN);
	weir_log_set(seen_log, &seen, WEIR_LOG_DEBUG);
	ck_assert_int_eq(weir_log_get_level(), WEIR_LOG_DEBUG);
	wri_log_set_level(WEIR_LOG_ERR);
	ck_assert_int_eq(weir_log_get_level(), WEIR_LOG_ERR);
	weir_log_set(NULL, NULL, WEIR_LOG_DEBUG);
	ck_assert_int_eq(weir_log_get_level(), WEIR_LOG_NONE);
}
END_TEST

static void
exit_1(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
	_exit(1);
}

/* Another thread may have had the lock at the fork. */
START_TEST(a_program_logs_nothing_in_a_forked_child)
{
	pid_t pid;
	int status;

	ck_assert_int_eq(wri_life_prepare(), WEIR_OK);
	weir_log_set(exit_1, NULL, WEIR_LOG_DEBUG);
	pid = fork();
	if (pid == 0) {
		weir_log(WEIR_LOG_ERR, "no");
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void
log_from_hook(void *arg, weir_log_level level, const char *line)
{
	unsigned *depth = arg;

	(void)level;
	(void)line;
	if ((*depth)++ == 0) {
		wri_log(WEIR_LOG_ERR, "again");
		weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	}
}

START_TEST(the_hook_may_log_and_set_hooks)
{
	unsigned depth = 0;

	weir_log_set(log_from_hook, &depth, WEIR_LOG_ERR);
	wri_log(WEIR_LOG_ERR, "first");
	ck_assert_uint_eq(depth, 2);
	wri_log(WEIR_LOG_ERR, "third");
	ck_assert_uint_eq(depth, 2);
}
END_TEST

/* Two hooks that each accept their own argument only. */
static int pair_a, pair_b;
static unsigned pair_torn;

static void
pair_a_fn(void *arg, weir_log_level level, const char *line)
{
	(void)level;
	(void)line;
	if (arg != &pair_a) {
		__atomic_fetch_add(&pair_torn, 1, __ATOMIC_RELAXED);
	}
}

static void
pair_b_fn(void *arg, weir_log_level level, const char *line)
{
	(void)level;
	(void)line;
	if (arg != &pair_b) {
		__atomic_fetch_add(&pair_torn, 1, __ATOMIC_RELAXED);
	}
}

static void *
pair_log(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		wri_log(WEIR_LOG_ERR, "%d", i);
	}
	return NULL;
}

START_TEST(hook_and_argument_change_together)
{
	pthread_t loggers[2];

	weir_log_set(pair_a_fn, &pair_a, WEIR_LOG_ERR);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
		    pthread_create(&loggers[i], NULL, pair_log, NULL), 0);
	}
	for (int i = 0; i < 10000; i++) {
		weir_log_set(pair_b_fn, &pair_b, WEIR_LOG_ERR);
		weir_log_set(pair_a_fn, &pair_a, WEIR_LOG_ERR);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(loggers[i], NULL), 0);
	}
	ck_assert_uint_eq(pair_torn, 0);
}
END_TEST

START_TEST(the_misuse_hook_gets_the_whole_report_and_may_return)
{
	int object;

	misuse.reports = 0;
	weir_misuse_set(misuse_seen, &misuse);
	capture_begin();
	wri_misuse("weir_aio_finish", "finished twice", "job", "done", &object);
	ck_assert_str_eq(capture_end(), "");
	ck_assert_uint_eq(misuse.reports, 1);
	ck_assert_str_eq(misuse.last.call, "weir_aio_finish");
	ck_assert_str_eq(misuse.last.what, "finished twice");
	ck_assert_str_eq(misuse.last.tag, "job");
	ck_assert_str_eq(misuse.last.state, "done");
	ck_assert_ptr_eq(misuse.last.object, &object);
}
END_TEST

static const char *
other_name(const char *call)
{
	return strcmp(call, "weir_aio_finish") == 0 ? "face_finish" : call;
}

START_TEST(a_report_names_the_call_of_the_face_that_was_used)
{
	misuse.reports = 0;
	weir_misuse_set(misuse_seen, &misuse);
	weir_misuse_set_names(other_name);
	wri_misuse("weir_aio_finish", "finished twice", "", "", NULL);
	ck_assert_str_eq(misuse.last.call, "face_finish");
	wri_misuse("weir_aio_start", "the aio is busy", "", "", NULL);
	ck_assert_str_eq(misuse.last.call, "weir_aio_start");
	weir_misuse_set_names(NULL);
	wri_misuse("weir_aio_finish", "finished twice", "", "", NULL);
	ck_assert_str_eq(misuse.last.call, "weir_aio_finish");
	ck_assert_uint_eq(misuse.reports, 3);
}
END_TEST

/* Run fn in a child; its stderr, and how it ended in *status. */
static const char *
child_stderr(void (*fn)(void), int *status)
{
	pid_t pid;

	capture_begin();
	pid = fork();
	if (pid == 0) {
		fn();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, status, 0), pid);
	return capture_end();
}

static void
misuse_now(void)
{
	wri_misuse("weir_aio_start", "the aio is busy", "reader", "active",
	    (void *)(uintptr_t)0x1234);
}

START_TEST(misuse_without_hook_says_one_line_and_aborts)
{
	int status;
	const char *line = child_stderr(misuse_now, &status);

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_str_eq(line,
	    "weir: misuse: weir_aio_start: the aio is busy (aio 0x1234, tag "
	    "\"reader\", state active)\n");
}
END_TEST

static void
misuse_unlogged(void)
{
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	misuse_now();
}

START_TEST(misuse_is_said_even_with_the_log_off)
{
	int status;
	const char *line = child_stderr(misuse_unlogged, &status);

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_ptr_nonnull(strstr(line, "the aio is busy"));
}
END_TEST

static void
assert_false(void)
{
	int two = 2;

	WRI_ASSERT(two == 3);
}

START_TEST(a_failed_assertion_names_itself_and_aborts)
{
	int status;
	const char *line = child_stderr(assert_false, &status);

	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ck_assert_ptr_nonnull(strstr(line, "weir: panic: "));
	ck_assert_ptr_nonnull(strstr(line, "test_log.c:"));
	ck_assert_ptr_nonnull(strstr(line, ": two == 3\n"));
}
END_TEST

START_TEST(an_assertion_that_holds_is_silent)
{
	capture_begin();
	WRI_ASSERT(1 + 1 == 2);
	WRI_DASSERT(1 + 1 == 2);
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, by_default_warnings_go_to_stderr);
	tcase_add_test(tc, by_default_less_than_a_warning_is_not_shown);
	tcase_add_test(tc, the_hook_gets_level_and_line_without_newline);
	tcase_add_test(tc, the_hook_gets_nothing_above_its_level);
	tcase_add_test(tc, null_turns_the_log_off);
	tcase_add_test(tc, level_none_turns_the_log_off);
	tcase_add_test(tc, every_level_has_a_name);
	tcase_add_test(tc, a_line_too_long_is_cut);
	tcase_add_test(tc, a_line_of_a_program_takes_the_road_of_our_own);
	tcase_add_test(tc, a_line_of_a_program_without_level_or_text_is_none);
	tcase_add_test(tc, a_line_has_up_to_511_bytes);
	tcase_add_test(tc, the_level_in_force_can_be_asked_for);
	tcase_add_test(tc, a_program_logs_nothing_in_a_forked_child);
	tcase_add_test(tc, the_hook_may_log_and_set_hooks);
	tcase_add_test(tc, hook_and_argument_change_together);
	tcase_add_test(
	    tc, the_misuse_hook_gets_the_whole_report_and_may_return);
	tcase_add_test(tc, a_report_names_the_call_of_the_face_that_was_used);
	tcase_add_test(tc, misuse_without_hook_says_one_line_and_aborts);
	tcase_add_test(tc, misuse_is_said_even_with_the_log_off);
	tcase_add_test(tc, a_failed_assertion_names_itself_and_aborts);
	tcase_add_test(tc, an_assertion_that_holds_is_silent);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
