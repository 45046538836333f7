/*
 * test_nng_log - levels, facilities, loggers, and weir's own lines.
 */
#include "compat/nrt.h"
#include "support/capture.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void
at_end(void)
{
	nng_log_set_logger(NULL);
	nng_log_set_level(NNG_LOG_NOTICE);
	nng_log_set_facility(NNG_LOG_USER);
}

static void
log_one_of_each(void)
{
	nng_log_err("E", "an %s", "error");
	nng_log_warn("W", "a %s", "warning");
	nng_log_notice("N", "a %s", "notice");
	nng_log_info("I", "an %s", "info");
	nng_log_debug("D", "a %s", "debug");
}

START_TEST(the_level_is_NOTICE_by_default)
{
	ck_assert_int_eq(nng_log_get_level(), NNG_LOG_NOTICE);
	nng_log_set_level(NNG_LOG_DEBUG);
	ck_assert_int_eq(nng_log_get_level(), NNG_LOG_DEBUG);
}
END_TEST

START_TEST(lines_above_the_level_are_dropped)
{
	static const nng_log_level levels[] = {NNG_LOG_NONE, NNG_LOG_ERR,
	    NNG_LOG_WARN, NNG_LOG_NOTICE, NNG_LOG_INFO, NNG_LOG_DEBUG};

	for (unsigned i = 0; i < 6; i++) {
		nrt_log_begin(levels[i]);
		log_one_of_each();
		ck_assert_uint_eq(nrt_log_len(), i);
	}
	ck_assert_int_eq(nrt_log_at(0).level, NNG_LOG_ERR);
	ck_assert_str_eq(nrt_log_at(0).msgid, "E");
	ck_assert_str_eq(nrt_log_at(0).text, "an error");
	ck_assert_int_eq(nrt_log_at(4).level, NNG_LOG_DEBUG);
	ck_assert_str_eq(nrt_log_at(4).text, "a debug");
}
END_TEST

START_TEST(the_facility_is_that_set_and_AUTH_its_own)
{
	nrt_log_begin(NNG_LOG_DEBUG);
	nng_log_err("A", "x");
	nng_log_set_facility(NNG_LOG_LOCAL7);
	nng_log_err("B", "x");
	nng_log_auth(NNG_LOG_WARN, NULL, "%d", 7);
	ck_assert_int_eq(nrt_log_at(0).facility, NNG_LOG_USER);
	ck_assert_int_eq(nrt_log_at(1).facility, NNG_LOG_LOCAL7);
	ck_assert_int_eq(nrt_log_at(2).facility, NNG_LOG_AUTH);
	ck_assert_int_eq(nrt_log_at(2).level, NNG_LOG_WARN);
	ck_assert_str_eq(nrt_log_at(2).msgid, "(null)");
	ck_assert_str_eq(nrt_log_at(2).text, "7");
	nrt_log_begin(NNG_LOG_NONE);
	nng_log_auth(NNG_LOG_ERR, NULL, "x");
	nng_log_auth(NNG_LOG_NONE, NULL, "x");
	ck_assert_uint_eq(nrt_log_len(), 0);
}
END_TEST

START_TEST(a_text_is_cut_to_511_bytes)
{
	char text[600];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	nrt_log_begin(NNG_LOG_ERR);
	nng_log_err(NULL, "%s", text);
	ck_assert_uint_eq(strlen(nrt_log_at(0).text), 511);
}
END_TEST

START_TEST(the_null_logger_and_NULL_discard)
{
	nrt_log_begin(NNG_LOG_DEBUG);
	nng_log_set_logger(nng_null_logger);
	log_one_of_each();
	nng_log_set_logger(NULL);
	log_one_of_each();
	nng_null_logger(NNG_LOG_ERR, NNG_LOG_USER, NULL, "x");
	ck_assert_uint_eq(nrt_log_len(), 0);
}
END_TEST

/* [LEVEL ]: HH:MM:SS.mmm: rest */
static void
expect_line(const char *line, const char *level, const char *rest)
{
	static const char shape[] = "]: 00:00:00.000: ";
	size_t len = strlen(level);

	ck_assert_int_eq(line[0], '[');
	ck_assert(strncmp(line + 1, level, len) == 0);
	for (unsigned i = 0; shape[i] != '\0'; i++) {
		char c = line[1 + len + i];

		ck_assert(shape[i] == '0' ? isdigit((unsigned char)c) != 0
					  : c == shape[i]);
	}
	ck_assert_str_eq(line + 1 + len + strlen(shape), rest);
}

static const char *
stderr_line(nng_log_level level, const char *msgid, const char *msg)
{
	capture_begin();
	nng_stderr_logger(level, NNG_LOG_USER, msgid, msg);
	return capture_end();
}

START_TEST(the_stderr_logger_writes_one_line)
{
	const char *line;
	char text[700];

	expect_line(
	    stderr_line(NNG_LOG_ERR, "ID", "text"), "ERROR ", "ID: text\n");
	expect_line(
	    stderr_line(NNG_LOG_WARN, NULL, "text\n"), "WARN  ", "text\n");
	expect_line(
	    stderr_line(NNG_LOG_NOTICE, "", "text"), "NOTICE", ": text\n");
	expect_line(stderr_line(NNG_LOG_INFO, "ID", ""), "INFO  ", "ID: \n");
	expect_line(
	    stderr_line(NNG_LOG_DEBUG, "ID", "%s"), "DEBUG ", "ID: %s\n");
	expect_line(stderr_line(NNG_LOG_NONE, NULL, "x"), "NONE  ", "x\n");
	/* Too long is cut, and still a line. */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	line = stderr_line(NNG_LOG_ERR, text, text);
	ck_assert_uint_gt(strlen(line), 500);
	ck_assert_uint_eq(strcspn(line, "\n") + 1, strlen(line));
}
END_TEST

START_TEST(loggers_can_be_installed_by_address)
{
	static const nng_logger loggers[] = {
	    nng_null_logger, nng_stderr_logger, nng_system_logger};

	for (unsigned i = 0; i < 3; i++) {
		nng_log_set_logger(loggers[i]);
		capture_begin();
		nng_log_debug("ID", "not wanted");
		ck_assert_str_eq(capture_end(), "");
	}
	nng_system_logger(NNG_LOG_DEBUG, NNG_LOG_USER, NULL, "a test");
	nng_system_logger(NNG_LOG_DEBUG, NNG_LOG_AUTH, "ID", "a test");
}
END_TEST

/* --- The library's lines ----------------------------------------------- */

START_TEST(the_first_init_says_so_and_no_other)
{
	nrt_log_begin(NNG_LOG_NOTICE);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	nng_fini();
	ck_assert_uint_eq(nrt_log_len(), 1);
	ck_assert_int_eq(nrt_log_at(0).level, NNG_LOG_NOTICE);
	ck_assert_str_eq(nrt_log_at(0).msgid, "NNG-INIT");
	nrt_log_begin(NNG_LOG_WARN);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	nng_fini();
	ck_assert_uint_eq(nrt_log_len(), 0);
}
END_TEST

/* One or two functions are no allocator: weir logs an error. */
static void
make_weir_log(void)
{
	const nng_init_params p = {.malloc_fn = malloc};

	ck_assert_int_eq(nng_init(&p), NNG_EINVAL);
}

START_TEST(lines_of_weir_go_to_the_logger)
{
	nrt_log_begin(NNG_LOG_ERR);
	nng_log_set_facility(NNG_LOG_DAEMON);
	make_weir_log();
	ck_assert_uint_eq(nrt_log_len(), 1);
	ck_assert_int_eq(nrt_log_at(0).level, NNG_LOG_ERR);
	ck_assert_int_eq(nrt_log_at(0).facility, NNG_LOG_DAEMON);
	ck_assert_str_eq(nrt_log_at(0).msgid, "NNG-WEIR");
	ck_assert_ptr_nonnull(strstr(nrt_log_at(0).text, "malloc_fn"));
	nng_log_set_level(NNG_LOG_NONE);
	make_weir_log();
	ck_assert_uint_eq(nrt_log_len(), 1);
}
END_TEST

START_TEST(nothing_of_weir_goes_to_stderr_by_default)
{
	capture_begin();
	make_weir_log();
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

static unsigned weir_lines;

static void
count_line(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
	weir_lines++;
}

START_TEST(a_weir_that_ran_before_keeps_its_log)
{
	nng_aio *aio;

	weir_lines = 0;
	weir_log_set(count_line, NULL, WEIR_LOG_DEBUG);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	nng_fini();
	ck_assert_int_eq(weir_fini(), WEIR_OK); /* tells what is left */
	ck_assert_uint_gt(weir_lines, 0);
	nng_aio_free(aio);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
}
END_TEST

static Suite *
log_suite(void)
{
	Suite *s = suite_create("nng_log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, NULL, at_end);
	tcase_add_test(tc, the_level_is_NOTICE_by_default);
	tcase_add_test(tc, lines_above_the_level_are_dropped);
	tcase_add_test(tc, the_facility_is_that_set_and_AUTH_its_own);
	tcase_add_test(tc, a_text_is_cut_to_511_bytes);
	tcase_add_test(tc, the_null_logger_and_NULL_discard);
	tcase_add_test(tc, the_stderr_logger_writes_one_line);
	tcase_add_test(tc, loggers_can_be_installed_by_address);
	suite_add_tcase(s, tc);

	tc = tcase_create("library");
	tcase_add_checked_fixture(tc, NULL, at_end);
	tcase_add_test(tc, the_first_init_says_so_and_no_other);
	tcase_add_test(tc, lines_of_weir_go_to_the_logger);
	tcase_add_test(tc, nothing_of_weir_goes_to_stderr_by_default);
	tcase_add_test(tc, a_weir_that_ran_before_keeps_its_log);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(log_suite());
}
