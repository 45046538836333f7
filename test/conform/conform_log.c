/*
 * conform_log - section 20: levels, facilities, loggers.
 */
#include "conform/con.h"

#include "support/capture.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* What the test's logger was called with last, and how often. */
static unsigned calls;
static nng_log_level level;
static nng_log_facility facility;
static char msgid[64];
static char text[4096];
static pthread_t on;

static void
keep(nng_log_level l, nng_log_facility f, const char *id, const char *t)
{
	calls++;
	level = l;
	facility = f;
	on = pthread_self();
	(void)snprintf(msgid, sizeof(msgid), "%s", id != NULL ? id : "(null)");
	(void)snprintf(text, sizeof(text), "%s", t);
}

static void
setup(void)
{
	calls = 0;
	nng_log_set_logger(keep);
	nng_log_set_level(NNG_LOG_DEBUG);
	nng_log_set_facility(NNG_LOG_USER);
}

static void
teardown(void)
{
	nng_log_set_logger(NULL);
	nng_log_set_level(NNG_LOG_NOTICE);
}

START_TEST(the_default_level_is_notice)
{
	ck_assert_int_eq(nng_log_get_level(), NNG_LOG_NOTICE);
}
END_TEST

START_TEST(by_default_nothing_is_written)
{
	capture_begin();
	nng_log_err("ID", "nobody reads this");
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

typedef void (*logs)(const char *, const char *, ...);

static const struct {
	logs fn;
	nng_log_level level;
} by_level[] = {
    {nng_log_err, NNG_LOG_ERR},
    {nng_log_warn, NNG_LOG_WARN},
    {nng_log_notice, NNG_LOG_NOTICE},
    {nng_log_info, NNG_LOG_INFO},
    {nng_log_debug, NNG_LOG_DEBUG},
};

#define LEVELS 5

START_TEST(each_call_has_its_level_and_formats)
{
	by_level[_i].fn("MSG-ID", "%s %d %c", "text", -5, 'x');
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(level, by_level[_i].level);
	ck_assert_int_eq(facility, NNG_LOG_USER);
	ck_assert_str_eq(msgid, "MSG-ID");
	ck_assert_str_eq(text, "text -5 x");
}
END_TEST

START_TEST(a_message_is_logged_on_the_calling_thread)
{
	nng_log_warn("ID", "here");
	ck_assert(pthread_equal(on, pthread_self()));
}
END_TEST

START_TEST(levels_with_a_larger_number_are_dropped)
{
	static const nng_log_level all[] = {NNG_LOG_NONE, NNG_LOG_ERR,
	    NNG_LOG_WARN, NNG_LOG_NOTICE, NNG_LOG_INFO, NNG_LOG_DEBUG};

	for (unsigned i = 0; i < 6; i++) {
		nng_log_set_level(all[i]);
		ck_assert_int_eq(nng_log_get_level(), all[i]);
		for (unsigned j = 0; j < LEVELS; j++) {
			unsigned before = calls;

			by_level[j].fn(NULL, "x");
			ck_assert_uint_eq(calls - before,
			    by_level[j].level <= all[i] ? 1 : 0);
		}
	}
}
END_TEST

START_TEST(none_drops_all)
{
	nng_log_set_level(NNG_LOG_NONE);
	nng_log_err("ID", "x");
	nng_log_auth(NNG_LOG_ERR, "ID", "x");
	ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(a_message_id_may_be_null)
{
	nng_log_err(NULL, "no id");
	ck_assert_str_eq(msgid, "(null)");
	ck_assert_str_eq(text, "no id");
}
END_TEST

static const nng_log_facility facilities[] = {NNG_LOG_USER, NNG_LOG_DAEMON,
    NNG_LOG_LOCAL0, NNG_LOG_LOCAL1, NNG_LOG_LOCAL2, NNG_LOG_LOCAL3,
    NNG_LOG_LOCAL4, NNG_LOG_LOCAL5, NNG_LOG_LOCAL6, NNG_LOG_LOCAL7};

START_TEST(the_facility_is_that_of_all_but_auth_messages)
{
	nng_log_set_facility(facilities[_i]);
	nng_log_info("ID", "x");
	ck_assert_int_eq(facility, facilities[_i]);
	nng_log_auth(NNG_LOG_INFO, "ID", "x");
	ck_assert_int_eq(facility, NNG_LOG_AUTH);
	nng_log_err("ID", "x");
	ck_assert_int_eq(facility, facilities[_i]);
}
END_TEST

START_TEST(auth_messages_have_the_level_given_and_are_filtered)
{
	nng_log_auth(NNG_LOG_WARN, "AUTH-ID", "user %s", "joe");
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(level, NNG_LOG_WARN);
	ck_assert_int_eq(facility, NNG_LOG_AUTH);
	ck_assert_str_eq(msgid, "AUTH-ID");
	ck_assert_str_eq(text, "user joe");
	nng_log_set_level(NNG_LOG_ERR);
	nng_log_auth(NNG_LOG_WARN, "AUTH-ID", "x");
	ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(a_text_is_cut_to_511_bytes)
{
	char much[2000];

	memset(much, 'm', sizeof(much));
	much[sizeof(much) - 1] = '\0';
	nng_log_err("ID", "%s", much);
	ck_assert_uint_eq(strlen(text), 511);
	much[511] = '\0';
	nng_log_err("ID", "%s", much);
	ck_assert_str_eq(text, much);
	nng_log_err("ID", "%s%s", "", "");
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(null_and_the_null_logger_discard)
{
	nng_log_set_logger(NULL);
	nng_log_err("ID", "x");
	nng_log_set_logger(nng_null_logger);
	nng_log_err("ID", "x");
	nng_null_logger(NNG_LOG_ERR, NNG_LOG_USER, "ID", "x");
	nng_null_logger(NNG_LOG_ERR, NNG_LOG_USER, NULL, "x");
	ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(the_first_init_says_so_at_notice)
{
	nng_log_set_level(NNG_LOG_NOTICE);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_uint_eq(calls, 1);
	ck_assert_str_eq(msgid, "NNG-INIT");
	ck_assert_int_eq(level, NNG_LOG_NOTICE);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_uint_eq(calls, 1);
	nng_fini();
	nng_fini();
	calls = 0;
	nng_log_set_level(NNG_LOG_WARN);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_uint_eq(calls, 0);
	nng_fini();
}
END_TEST

START_TEST(a_logger_survives_init_and_fini)
{
	nng_log_set_level(NNG_LOG_INFO);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert_int_eq(nng_log_get_level(), NNG_LOG_INFO);
	calls = 0;
	nng_log_info("ID", "x");
	ck_assert_uint_eq(calls, 1);
}
END_TEST

/* A line of the stderr logger, its time taken out. */
static const char *
line_of(const char *got)
{
	static char line[600];
	const char *time = strchr(got, ':');

	ck_assert_ptr_nonnull(time);
	ck_assert_uint_ge(strlen(time), strlen(": HH:MM:SS.mmm: "));
	/* Each digit a D. */
	(void)snprintf(line, sizeof(line), "%s", got);
	for (char *p = line + (time - got); p < line + (time - got) + 16; p++) {
		if (*p >= '0' && *p <= '9') {
			*p = 'D';
		}
	}
	return line;
}

static const struct {
	nng_log_level level;
	const char *want;
} lines[] = {
    {NNG_LOG_ERR, "[ERROR ]: DD:DD:DD.DDD: MSG: some text\n"},
    {NNG_LOG_WARN, "[WARN  ]: DD:DD:DD.DDD: MSG: some text\n"},
    {NNG_LOG_NOTICE, "[NOTICE]: DD:DD:DD.DDD: MSG: some text\n"},
    {NNG_LOG_INFO, "[INFO  ]: DD:DD:DD.DDD: MSG: some text\n"},
    {NNG_LOG_DEBUG, "[DEBUG ]: DD:DD:DD.DDD: MSG: some text\n"},
    {NNG_LOG_NONE, "[NONE  ]: DD:DD:DD.DDD: MSG: some text\n"},
};

START_TEST(the_stderr_logger_writes_one_line)
{
	capture_begin();
	nng_stderr_logger(lines[_i].level, NNG_LOG_USER, "MSG", "some text");
	ck_assert_str_eq(line_of(capture_end()), lines[_i].want);
}
END_TEST

START_TEST(the_stderr_logger_leaves_out_a_null_id)
{
	capture_begin();
	nng_stderr_logger(NNG_LOG_ERR, NNG_LOG_USER, NULL, "some text");
	ck_assert_str_eq(
	    line_of(capture_end()), "[ERROR ]: DD:DD:DD.DDD: some text\n");
}
END_TEST

START_TEST(the_stderr_logger_adds_a_newline_only_if_missing)
{
	capture_begin();
	nng_stderr_logger(NNG_LOG_ERR, NNG_LOG_USER, NULL, "some text\n");
	ck_assert_str_eq(
	    line_of(capture_end()), "[ERROR ]: DD:DD:DD.DDD: some text\n");
}
END_TEST

START_TEST(the_stderr_logger_serves_as_the_logger)
{
	nng_log_set_logger(nng_stderr_logger);
	capture_begin();
	nng_log_warn("W", "%d%%", 5);
	ck_assert_str_eq(
	    line_of(capture_end()), "[WARN  ]: DD:DD:DD.DDD: W: 5%\n");
}
END_TEST

/* What the stderr logger writes to a terminal. */
static const char *
on_terminal(void)
{
	static char got[600];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	ssize_t n;
	int slave;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(slave, 0);
	ck_assert_int_ge(dup2(slave, STDERR_FILENO), 0);
	nng_stderr_logger(NNG_LOG_ERR, NNG_LOG_USER, "ID", "text");
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	n = read(master, got, sizeof(got) - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_int_eq(close(slave), 0);
	ck_assert_int_eq(close(master), 0);
	ck_assert_int_eq(close(saved), 0);
	return got;
}

START_TEST(colours_are_for_terminals_and_can_be_refused)
{
	ck_assert_int_eq(unsetenv("NO_COLOR"), 0);
	ck_assert_int_eq(unsetenv("NNG_LOG_NO_COLOR"), 0);
	ck_assert_ptr_nonnull(strchr(on_terminal(), '\033'));
	ck_assert_int_eq(setenv("NO_COLOR", "1", 1), 0);
	ck_assert_ptr_null(strchr(on_terminal(), '\033'));
	ck_assert_int_eq(unsetenv("NO_COLOR"), 0);
	ck_assert_int_eq(setenv("NNG_LOG_NO_COLOR", "1", 1), 0);
	ck_assert_ptr_null(strchr(on_terminal(), '\033'));
	ck_assert_int_eq(unsetenv("NNG_LOG_NO_COLOR"), 0);
}
END_TEST

/* The system's, in the place of the C library's. */
static int sys_priority;
static char sys_text[600];

void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	sys_priority = priority;
	va_start(ap, fmt);
	(void)vsnprintf(sys_text, sizeof(sys_text), fmt, ap);
	va_end(ap);
}

START_TEST(the_system_logger_calls_syslog)
{
	nng_system_logger(NNG_LOG_WARN, NNG_LOG_LOCAL3, "ID", "100% text");
	ck_assert_str_eq(sys_text, "ID: 100% text");
	ck_assert_int_eq(sys_priority, LOG_WARNING | LOG_LOCAL3);
	nng_system_logger(NNG_LOG_INFO, NNG_LOG_DAEMON, NULL, "no id");
	ck_assert_str_eq(sys_text, "no id");
	ck_assert_int_eq(sys_priority, LOG_INFO | LOG_DAEMON);
	nng_system_logger(NNG_LOG_ERR, NNG_LOG_AUTH, "ID", "auth");
	ck_assert_int_eq(sys_priority, LOG_ERR | LOG_AUTHPRIV);
}
END_TEST

static void *
log_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 500; i++) {
		nng_log_set_level(i % 2 == 0 ? NNG_LOG_NOTICE : NNG_LOG_DEBUG);
		nng_log_set_logger(nng_null_logger);
		nng_log_info("ID", "%d", i);
		(void)nng_log_get_level();
	}
	return NULL;
}

START_TEST(many_threads_log_and_set)
{
	con_threads(4, log_often, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/log");
	TCase *tc = con_case_bare(suite, "bare");

	tcase_add_test(tc, the_default_level_is_notice);
	tcase_add_test(tc, by_default_nothing_is_written);

	tc = con_case_bare(suite, "log");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, each_call_has_its_level_and_formats, 0, LEVELS);
	tcase_add_test(tc, a_message_is_logged_on_the_calling_thread);
	tcase_add_test(tc, levels_with_a_larger_number_are_dropped);
	tcase_add_test(tc, none_drops_all);
	tcase_add_test(tc, a_message_id_may_be_null);
	tcase_add_loop_test(
	    tc, the_facility_is_that_of_all_but_auth_messages, 0, 10);
	tcase_add_test(tc, auth_messages_have_the_level_given_and_are_filtered);
	tcase_add_test(tc, a_text_is_cut_to_511_bytes);
	tcase_add_test(tc, null_and_the_null_logger_discard);
	tcase_add_test(tc, the_first_init_says_so_at_notice);
	tcase_add_test(tc, a_logger_survives_init_and_fini);
	tcase_add_loop_test(tc, the_stderr_logger_writes_one_line, 0, 6);
	tcase_add_test(tc, the_stderr_logger_leaves_out_a_null_id);
	tcase_add_test(tc, the_stderr_logger_adds_a_newline_only_if_missing);
	tcase_add_test(tc, the_stderr_logger_serves_as_the_logger);
	tcase_add_test(tc, colours_are_for_terminals_and_can_be_refused);
	tcase_add_test(tc, the_system_logger_calls_syslog);
	tcase_add_test(tc, many_threads_log_and_set);
	return run_suite(suite);
}
