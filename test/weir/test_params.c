/*
 * test_params - settings: precedence, ranges, and the line that names a bad
 * one.
 */
#include "base/log.h"
#include "base/mem.h"
#include "cpus.h"
#include "params.h"
#include "support/capture.h"
#include "support/run.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct {
	unsigned lines;
	weir_log_level level;
	char line[1024];
} seen;

static void
seen_log(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	seen.lines++;
	seen.level = level;
	snprintf(seen.line, sizeof(seen.line), "%s", line);
}

/* The settings that are numbers of threads. */
static const struct {
	const char *var;
	const char *param;
	size_t offset;
	int max;
} counts[] = {
    {"WEIR_NUM_TASK_THREADS", "num_task_threads",
	offsetof(weir_params, num_task_threads), 1024},
    {"WEIR_MAX_TASK_THREADS", "max_task_threads",
	offsetof(weir_params, max_task_threads), 4096},
    {"WEIR_NUM_EXPIRE_THREADS", "num_expire_threads",
	offsetof(weir_params, num_expire_threads), 16},
    {"WEIR_MAX_EXPIRE_THREADS", "max_expire_threads",
	offsetof(weir_params, max_expire_threads), 16},
    {"WEIR_NUM_POLLER_THREADS", "num_poller_threads",
	offsetof(weir_params, num_poller_threads), 64},
    {"WEIR_MAX_POLLER_THREADS", "max_poller_threads",
	offsetof(weir_params, max_poller_threads), 64},
    {"WEIR_NUM_RESOLVER_THREADS", "num_resolver_threads",
	offsetof(weir_params, num_resolver_threads), 64},
};

static const char *const other_vars[] = {"WEIR_POLLER", "WEIR_LOG"};

static int
count_get(const weir_params *p, size_t which)
{
	int n;

	memcpy(&n, (const char *)p + counts[which].offset, sizeof(n));
	return n;
}

static void
count_set(weir_params *p, size_t which, int n)
{
	memcpy((char *)p + counts[which].offset, &n, sizeof(n));
}

static void
env(const char *var, const char *value)
{
	ck_assert_int_eq(setenv(var, value, 1), 0);
}

static void
env_clear(void)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		ck_assert_int_eq(unsetenv(counts[i].var), 0);
	}
	for (size_t i = 0; i < LEN(other_vars); i++) {
		ck_assert_int_eq(unsetenv(other_vars[i]), 0);
	}
}

static void
setup(void)
{
	env_clear();
	memset(&seen, 0, sizeof(seen));
	weir_log_set(seen_log, NULL, WEIR_LOG_DEBUG);
}

static void
teardown(void)
{
	env_clear();
	weir_log_set(wri_log_stderr, NULL, WEIR_LOG_WARN);
}

static weir_params
given(void)
{
	return (weir_params){.size = sizeof(weir_params)};
}

/* Resolve, without a word in the log. */
static weir_params
good(const weir_params *in)
{
	weir_params out;

	ck_assert_int_eq(wri_params_resolve(in, &out), WEIR_OK);
	ck_assert_msg(seen.lines == 0, "%s", seen.line);
	ck_assert_uint_eq(out.size, sizeof(out));
	return out;
}

/* Refused with exactly this line, and nothing written. */
static void
bad(const weir_params *in, const char *line)
{
	weir_params out, untouched;

	memset(&out, 0xa5, sizeof(out));
	memset(&untouched, 0xa5, sizeof(untouched));
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(wri_params_resolve(in, &out), WEIR_EINVAL);
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_int_eq(seen.level, WEIR_LOG_ERR);
	ck_assert_str_eq(seen.line, line);
	ck_assert_int_eq(memcmp(&out, &untouched, sizeof(out)), 0);
	memset(&seen, 0, sizeof(seen));
}

/* Defaults. */

START_TEST(nothing_given_means_defaults)
{
	weir_params empty = given();
	const weir_params *const ins[] = {NULL, &empty};

	for (size_t i = 0; i < 2; i++) {
		weir_params out = good(ins[i]);
		int tasks = wri_cpus_task_threads(wri_cpus(NULL));
		int pollers = wri_cpus_poller_threads(wri_cpus(NULL));

		ck_assert_int_eq(out.num_task_threads, tasks);
		ck_assert_int_eq(out.max_task_threads, tasks * 4);
		ck_assert_int_eq(out.num_expire_threads, 1);
		ck_assert_int_eq(out.max_expire_threads, 16);
		ck_assert_int_eq(out.num_poller_threads, pollers);
		ck_assert_int_eq(out.max_poller_threads, 64);
		ck_assert_int_eq(out.num_resolver_threads, 4);
		ck_assert_str_eq(out.poller, "epoll");
		ck_assert_ptr_null(out.log);
		ck_assert_str_eq(out.check, "0");
		ck_assert_int_eq(out.slack, WEIR_MS(1));
		ck_assert_int_eq(out.fini_limit, WEIR_SECONDS(5));
		ck_assert_str_eq(out.env_prefix, "WEIR_");
		ck_assert(out.malloc_fn == NULL && out.calloc_fn == NULL &&
			  out.free_fn == NULL);
	}
}
END_TEST

START_TEST(threads_by_default_follow_the_processors)
{
	static const struct {
		unsigned cpus;
		int tasks, pollers;
	} cases[] = {{0, 2, 1}, {1, 2, 1}, {2, 2, 1}, {3, 3, 1}, {8, 8, 1},
	    {9, 9, 1}, {15, 15, 1}, {16, 16, 2}, {64, 64, 8}, {511, 511, 63},
	    {512, 512, 64}, {1024, 1024, 64}, {1025, 1024, 64},
	    {UINT_MAX, 1024, 64}};

	for (size_t i = 0; i < LEN(cases); i++) {
		ck_assert_int_eq(
		    wri_cpus_task_threads(cases[i].cpus), cases[i].tasks);
		ck_assert_int_eq(
		    wri_cpus_poller_threads(cases[i].cpus), cases[i].pollers);
	}
}
END_TEST

/* Variables. */

static const struct {
	const char *value;
	const char *shown;
} nonsense[] = {
    {"-1", "-1"},
    {"0", "0"},
    {"99999", "99999"},
    {"abc", "abc"},
    {"4x", "4x"},
    {"", ""},
    {" 4", " 4"},
    {"4 ", "4 "},
    {"1e9", "1e9"},
    {"0x10", "0x10"},
    {"99999999999999999999", "99999999999999999999"},
    {"+4", "+4"},
    {"4.0", "4.0"},
    {"-0", "-0"},
    {"00", "00"},
    {"4\n", "4\\x0a"},
    {"\t4", "\\x094"},
    {"\x1b[2J", "\\x1b[2J"},
    {"4\x7f\xff", "4\\x7f\\xff"},
    {"\xd9\xa4", "\\xd9\\xa4"},
    {"\"4\"", "\\\"4\\\""},
    {"4\\", "4\\\\"},
    {"%s%n", "%s%n"},
    {"4294967297", "4294967297"},
    {"18446744073709551617", "18446744073709551617"},
};

START_TEST(a_variable_that_is_no_number_in_range_is_named)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		char line[256];

		env_clear();
		env(counts[i].var, nonsense[_i].value);
		snprintf(line, sizeof(line), "%s is \"%s\", accepted is 1..%d",
		    counts[i].var, nonsense[_i].shown, counts[i].max);
		bad(NULL, line);
	}
}
END_TEST

START_TEST(a_variable_one_over_its_range_is_named)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		char value[16];
		char line[256];

		env_clear();
		snprintf(value, sizeof(value), "%d", counts[i].max + 1);
		env(counts[i].var, value);
		snprintf(line, sizeof(line), "%s is \"%d\", accepted is 1..%d",
		    counts[i].var, counts[i].max + 1, counts[i].max);
		bad(NULL, line);
	}
}
END_TEST

START_TEST(the_line_is_as_the_guide_shows_it)
{
	env("WEIR_NUM_TASK_THREADS", "4x");
	bad(NULL, "WEIR_NUM_TASK_THREADS is \"4x\", accepted is 1..1024");
}
END_TEST

START_TEST(both_ends_of_a_range_are_taken)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		char value[16];
		weir_params out;

		env_clear();
		env(counts[i].var, "1");
		out = good(NULL);
		ck_assert_int_eq(count_get(&out, i), 1);
		snprintf(value, sizeof(value), "%d", counts[i].max);
		env(counts[i].var, value);
		out = good(NULL);
		ck_assert_int_eq(count_get(&out, i), counts[i].max);
	}
}
END_TEST

START_TEST(zeroes_in_front_are_decimal)
{
	env("WEIR_NUM_TASK_THREADS", "0010");
	ck_assert_int_eq(good(NULL).num_task_threads, 10);
}
END_TEST

START_TEST(a_long_value_is_cut)
{
	char value[100001];
	char line[256];

	memset(value, '1', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	env("WEIR_NUM_TASK_THREADS", value);
	value[40] = '\0';
	snprintf(line, sizeof(line),
	    "WEIR_NUM_TASK_THREADS is \"%.40s\"..., accepted is 1..1024",
	    value);
	bad(NULL, line);
	/* Just not cut. */
	env("WEIR_NUM_TASK_THREADS", value);
	snprintf(line, sizeof(line),
	    "WEIR_NUM_TASK_THREADS is \"%.40s\", accepted is 1..1024", value);
	bad(NULL, line);
}
END_TEST

START_TEST(a_long_value_of_unprintable_bytes_fits_a_line)
{
	char value[1001];

	memset(value, '\x01', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	env("WEIR_LOG", value);
	ck_assert_int_eq(
	    wri_params_resolve(NULL, &(weir_params){0}), WEIR_EINVAL);
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_ptr_nonnull(strstr(seen.line,
	    "\\x01\"..., accepted is none, err, warn, notice, info, debug"));
}
END_TEST

START_TEST(an_unknown_word_is_named_with_those_there_are)
{
	static const char *const words[] = {"kqueue", "EPOLL", "epoll ",
	    " poll", "epol", "epollx", "auto", "4"};

	for (size_t i = 0; i < LEN(words); i++) {
		char line[256];

		env_clear();
		env("WEIR_POLLER", words[i]);
		snprintf(line, sizeof(line),
		    "WEIR_POLLER is \"%s\", accepted is epoll, poll", words[i]);
		bad(NULL, line);
		env_clear();
		env("WEIR_LOG", words[i]);
		snprintf(line, sizeof(line),
		    "WEIR_LOG is \"%s\", accepted is none, err, warn, notice, "
		    "info, debug",
		    words[i]);
		bad(NULL, line);
	}
	env_clear();
	env("WEIR_POLLER", "");
	bad(NULL, "WEIR_POLLER is \"\", accepted is epoll, poll");
}
END_TEST

START_TEST(every_word_is_taken)
{
	static const char *const pollers[] = {"epoll", "poll"};
	static const char *const logs[] = {
	    "none", "err", "warn", "notice", "info", "debug"};

	for (size_t i = 0; i < LEN(pollers); i++) {
		env("WEIR_POLLER", pollers[i]);
		ck_assert_str_eq(good(NULL).poller, pollers[i]);
	}
	for (size_t i = 0; i < LEN(logs); i++) {
		env("WEIR_LOG", logs[i]);
		ck_assert_str_eq(good(NULL).log, logs[i]);
	}
}
END_TEST

START_TEST(one_line_even_when_more_is_wrong)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		env(counts[i].var, "x");
	}
	env("WEIR_POLLER", "x");
	env("WEIR_LOG", "x");
	bad(NULL, "WEIR_NUM_TASK_THREADS is \"x\", accepted is 1..1024");
}
END_TEST

/* Parameters. */

START_TEST(a_parameter_out_of_range_is_named)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		const int values[] = {
		    -1, INT_MIN, counts[i].max + 1, 99999, INT_MAX};

		for (size_t v = 0; v < LEN(values); v++) {
			weir_params in = given();
			char line[256];

			count_set(&in, i, values[v]);
			snprintf(line, sizeof(line),
			    "weir_params.%s is %d, accepted is 1..%d (0: "
			    "default)",
			    counts[i].param, values[v], counts[i].max);
			bad(&in, line);
		}
	}
}
END_TEST

START_TEST(a_parameter_is_taken_at_both_ends_of_its_range)
{
	for (size_t i = 0; i < LEN(counts); i++) {
		const int values[] = {1, counts[i].max};

		for (size_t v = 0; v < LEN(values); v++) {
			weir_params in = given();
			weir_params out;

			count_set(&in, i, values[v]);
			out = good(&in);
			ck_assert_int_eq(count_get(&out, i), values[v]);
		}
	}
}
END_TEST

START_TEST(a_parameter_that_is_an_unknown_word_is_named)
{
	weir_params in = given();

	in.poller = "kqueue";
	bad(&in, "weir_params.poller is \"kqueue\", accepted is epoll, poll "
		 "(NULL: default)");
	in = given();
	in.check = "yes";
	bad(&in, "weir_params.check is \"yes\", accepted is 0, 1 "
		 "(NULL: default)");
	in = given();
	in.log = "";
	bad(&in, "weir_params.log is \"\", accepted is none, err, warn, "
		 "notice, info, debug (NULL: default)");
}
END_TEST

START_TEST(a_size_that_is_not_ours_is_named)
{
	static const size_t sizes[] = {
	    0, 1, sizeof(weir_params) - 1, sizeof(weir_params) + 1, SIZE_MAX};

	for (size_t i = 0; i < LEN(sizes); i++) {
		weir_params in = {.size = sizes[i]};
		char line[128];

		snprintf(line, sizeof(line),
		    "weir_params.size is %zu, accepted is %zu", sizes[i],
		    sizeof(weir_params));
		bad(&in, line);
	}
}
END_TEST

START_TEST(slack_has_a_default_a_range_and_none)
{
	static const struct {
		weir_duration given, got;
	} cases[] = {{0, 1000000}, {-1, 0}, {1, 1}, {1000000000, 1000000000}};
	static const weir_duration wrong[] = {
	    -2, 1000000001, INT64_MAX, INT64_MIN};
	weir_params in = given();

	for (size_t i = 0; i < LEN(cases); i++) {
		in.slack = cases[i].given;
		ck_assert_int_eq(good(&in).slack, cases[i].got);
	}
	for (size_t i = 0; i < LEN(wrong); i++) {
		char line[128];

		in.slack = wrong[i];
		snprintf(line, sizeof(line),
		    "weir_params.slack is %" PRId64
		    ", accepted is 1..1000000000 ns (0: default, -1: none)",
		    wrong[i]);
		bad(&in, line);
	}
}
END_TEST

START_TEST(the_watchdog_is_off_unless_it_is_asked_for)
{
	const struct {
		weir_duration given;
		const char *check;
		const char *ms; /* WEIR_WATCHDOG_MS */
		weir_duration got;
	} cases[] = {
	    {0, NULL, NULL, 0},
	    {0, "1", NULL, WEIR_SECONDS(1)},
	    {-1, "1", NULL, 0},
	    {-1, NULL, "10", 0},
	    {0, NULL, "10", WEIR_MS(10)},
	    {0, "1", "86400000", WEIR_SECONDS(86400)},
	    {WEIR_MS(1), "1", "10", WEIR_MS(1)},
	    {WEIR_SECONDS(86400), NULL, NULL, WEIR_SECONDS(86400)},
	};
	weir_params in = given();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in.watchdog = cases[i].given;
		in.check = cases[i].check;
		if (cases[i].ms != NULL) {
			ck_assert_int_eq(
			    setenv("WEIR_WATCHDOG_MS", cases[i].ms, 1), 0);
		}
		ck_assert_int_eq(good(&in).watchdog, cases[i].got);
		ck_assert_int_eq(unsetenv("WEIR_WATCHDOG_MS"), 0);
	}
	in.watchdog = -2;
	bad(&in, "weir_params.watchdog is -2, accepted is "
		 "1000000..86400000000000 ns (0: default, -1: none)");
	in.watchdog = WEIR_MS(1) - 1;
	bad(&in, "weir_params.watchdog is 999999, accepted is "
		 "1000000..86400000000000 ns (0: default, -1: none)");
	in.watchdog = 0;
	ck_assert_int_eq(setenv("WEIR_WATCHDOG_MS", "0", 1), 0);
	bad(&in, "WEIR_WATCHDOG_MS is \"0\", accepted is 1..86400000");
	ck_assert_int_eq(setenv("WEIR_WATCHDOG_MS", "86400001", 1), 0);
	bad(&in, "WEIR_WATCHDOG_MS is \"86400001\", accepted is 1..86400000");
	ck_assert_int_eq(unsetenv("WEIR_WATCHDOG_MS"), 0);
}
END_TEST

START_TEST(fini_limit_has_a_default_and_may_be_without_end)
{
	static const struct {
		weir_duration given, got;
	} cases[] = {{0, 5000000000}, {1, 1}, {INT64_MAX, INT64_MAX},
	    {WEIR_INFINITE, WEIR_INFINITE}};
	weir_params in = given();

	for (size_t i = 0; i < LEN(cases); i++) {
		in.fini_limit = cases[i].given;
		ck_assert_int_eq(good(&in).fini_limit, cases[i].got);
	}
	in.fini_limit = -2;
	bad(&in, "weir_params.fini_limit is -2, accepted is "
		 "1 and more ns (0: default, -1: no limit)");
	in.fini_limit = INT64_MIN;
	bad(&in, "weir_params.fini_limit is -9223372036854775808, accepted is "
		 "1 and more ns (0: default, -1: no limit)");
}
END_TEST

/* What wins. */

START_TEST(a_parameter_wins_over_a_variable)
{
	weir_params in = given();
	weir_params out;

	for (size_t i = 0; i < LEN(counts); i++) {
		env(counts[i].var, "7");
		count_set(&in, i, 9);
	}
	env("WEIR_POLLER", "epoll");
	env("WEIR_LOG", "err");
	in.poller = "poll";
	in.log = "debug";
	out = good(&in);
	for (size_t i = 0; i < LEN(counts); i++) {
		ck_assert_int_eq(count_get(&out, i), 9);
	}
	ck_assert_str_eq(out.poller, "poll");
	ck_assert_str_eq(out.log, "debug");
}
END_TEST

START_TEST(a_variable_wins_over_a_default)
{
	weir_params in = given();
	weir_params out;

	for (size_t i = 0; i < LEN(counts); i++) {
		env(counts[i].var, "7");
	}
	out = good(&in);
	for (size_t i = 0; i < LEN(counts); i++) {
		ck_assert_int_eq(count_get(&out, i), 7);
	}
}
END_TEST

START_TEST(a_variable_that_a_parameter_overrides_is_not_looked_at)
{
	weir_params in = given();

	for (size_t i = 0; i < LEN(counts); i++) {
		env(counts[i].var, "4x");
		count_set(&in, i, 9);
	}
	env("WEIR_POLLER", "x");
	env("WEIR_LOG", "x");
	in.poller = "epoll";
	in.log = "none";
	(void)good(&in);
}
END_TEST

/* How many and at most how many. */

START_TEST(the_most_task_threads_are_four_times_their_number)
{
	weir_params in = given();
	weir_params out;

	in.num_task_threads = 1;
	ck_assert_int_eq(good(&in).max_task_threads, 4);
	in.num_task_threads = 1023;
	ck_assert_int_eq(good(&in).max_task_threads, 4092);
	in.num_task_threads = 1024;
	ck_assert_int_eq(good(&in).max_task_threads, 4096);
	in.num_task_threads = 8;
	in.max_task_threads = 8;
	out = good(&in);
	ck_assert_int_eq(out.num_task_threads, 8);
	ck_assert_int_eq(out.max_task_threads, 8);
}
END_TEST

START_TEST(a_maximum_alone_caps_the_default_number)
{
	weir_params out;
	int tasks = good(NULL).num_task_threads;

	env("WEIR_MAX_TASK_THREADS", "1");
	out = good(NULL);
	ck_assert_int_eq(out.num_task_threads, 1);
	ck_assert_int_eq(out.max_task_threads, 1);
	env("WEIR_MAX_TASK_THREADS", "4096");
	env("WEIR_MAX_POLLER_THREADS", "1");
	env("WEIR_MAX_EXPIRE_THREADS", "1");
	out = good(NULL);
	ck_assert_int_eq(out.num_task_threads, tasks);
	ck_assert_int_eq(out.max_task_threads, 4096);
	ck_assert_int_eq(out.num_expire_threads, 1);
	ck_assert_int_eq(out.max_expire_threads, 1);
	ck_assert_int_eq(out.num_poller_threads, 1);
	ck_assert_int_eq(out.max_poller_threads, 1);
}
END_TEST

START_TEST(a_number_above_its_maximum_names_both)
{
	weir_params in = given();

	env("WEIR_NUM_TASK_THREADS", "8");
	env("WEIR_MAX_TASK_THREADS", "4");
	bad(NULL, "WEIR_MAX_TASK_THREADS is \"4\", accepted is 8..4096 "
		  "(WEIR_NUM_TASK_THREADS is \"8\")");
	in.num_task_threads = 9;
	bad(&in, "WEIR_MAX_TASK_THREADS is \"4\", accepted is 9..4096 "
		 "(weir_params.num_task_threads is 9)");
	in.num_task_threads = 0;
	in.max_task_threads = 7;
	bad(&in, "weir_params.max_task_threads is 7, accepted is 8..4096 "
		 "(WEIR_NUM_TASK_THREADS is \"8\")");
	in.num_task_threads = 1000;
	bad(&in, "weir_params.max_task_threads is 7, accepted is 1000..4096 "
		 "(weir_params.num_task_threads is 1000)");
	env_clear();
	env("WEIR_NUM_EXPIRE_THREADS", "2");
	env("WEIR_MAX_EXPIRE_THREADS", "1");
	bad(NULL, "WEIR_MAX_EXPIRE_THREADS is \"1\", accepted is 2..16 "
		  "(WEIR_NUM_EXPIRE_THREADS is \"2\")");
	env_clear();
	env("WEIR_NUM_POLLER_THREADS", "64");
	env("WEIR_MAX_POLLER_THREADS", "63");
	bad(NULL, "WEIR_MAX_POLLER_THREADS is \"63\", accepted is 64..64 "
		  "(WEIR_NUM_POLLER_THREADS is \"64\")");
}
END_TEST

/* The prefix. */

START_TEST(the_prefix_may_be_the_programs)
{
	weir_params in = given();

	env("WEIR_NUM_TASK_THREADS", "4x");
	env("ECHOD_NUM_TASK_THREADS", "5");
	env("ECHOD_POLLER", "poll");
	in.env_prefix = "ECHOD_";
	ck_assert_int_eq(good(&in).num_task_threads, 5);
	ck_assert_str_eq(good(&in).poller, "poll");
	ck_assert_str_eq(good(&in).env_prefix, "ECHOD_");
	env("ECHOD_NUM_TASK_THREADS", "5x");
	bad(&in, "ECHOD_NUM_TASK_THREADS is \"5x\", accepted is 1..1024");
	ck_assert_int_eq(unsetenv("ECHOD_NUM_TASK_THREADS"), 0);
	ck_assert_int_eq(unsetenv("ECHOD_POLLER"), 0);
}
END_TEST

START_TEST(an_empty_prefix_reads_nothing)
{
	weir_params in = given();

	env("NUM_TASK_THREADS", "4x");
	env("WEIR_NUM_TASK_THREADS", "4x");
	env("LOG", "x");
	in.env_prefix = "";
	ck_assert_str_eq(good(&in).env_prefix, "");
	ck_assert_int_eq(unsetenv("NUM_TASK_THREADS"), 0);
	ck_assert_int_eq(unsetenv("LOG"), 0);
}
END_TEST

START_TEST(the_prefix_is_copied)
{
	char prefix[] = "ECHOD_";
	weir_params in = given();
	weir_params out;

	in.env_prefix = prefix;
	out = good(&in);
	memset(prefix, 'x', sizeof(prefix) - 1);
	ck_assert_str_eq(out.env_prefix, "ECHOD_");
	/* What was read back may be given again. */
	ck_assert_str_eq(good(&out).env_prefix, "ECHOD_");
}
END_TEST

START_TEST(a_prefix_has_32_bytes_at_most)
{
	static const char *const names[] = {"12345678901234567890123456789012",
	    "123456789012345678901234567890123"};
	weir_params in = given();

	env("12345678901234567890123456789012NUM_EXPIRE_THREADS", "3");
	in.env_prefix = names[0];
	ck_assert_int_eq(good(&in).num_expire_threads, 3);
	env("12345678901234567890123456789012NUM_EXPIRE_THREADS", "-3");
	bad(&in, "12345678901234567890123456789012NUM_EXPIRE_THREADS is "
		 "\"-3\", accepted is 1..16");
	in.env_prefix = names[1];
	bad(&in, "weir_params.env_prefix is "
		 "\"123456789012345678901234567890123\", accepted is up to 32 "
		 "bytes");
	ck_assert_int_eq(
	    unsetenv("12345678901234567890123456789012NUM_EXPIRE_THREADS"), 0);
}
END_TEST

START_TEST(a_prefix_of_any_bytes_is_shown_in_one_line)
{
	weir_params in = given();

	in.env_prefix = "A\n\xff";
	env("A\n\xffLOG", "\n");
	bad(&in, "A\\x0a\\xffLOG is \"\\x0a\", accepted is none, err, warn, "
		 "notice, info, debug");
	ck_assert_int_eq(unsetenv("A\n\xffLOG"), 0);
}
END_TEST

/* The allocator and the log. */

static unsigned callocs, frees;

static void *
count_malloc(size_t size)
{
	return malloc(size);
}

static void *
count_calloc(size_t n, size_t size)
{
	callocs++;
	return calloc(n, size);
}

static void
count_free(void *p, size_t size)
{
	(void)size;
	frees++;
	free(p);
}

static void
other_free(void *p, size_t size)
{
	(void)size;
	free(p);
}

static weir_params
given_mem(void)
{
	weir_params in = given();

	in.malloc_fn = count_malloc;
	in.calloc_fn = count_calloc;
	in.free_fn = count_free;
	return in;
}

START_TEST(allocators_come_all_or_none)
{
	for (unsigned set = 0; set < 8; set++) {
		weir_params in = given();
		unsigned n = 0;
		char line[256];

		if (set & 1) {
			in.malloc_fn = count_malloc;
			n++;
		}
		if (set & 2) {
			in.calloc_fn = count_calloc;
			n++;
		}
		if (set & 4) {
			in.free_fn = count_free;
			n++;
		}
		if (n == 0 || n == 3) {
			weir_params out = good(&in);

			ck_assert(out.malloc_fn == in.malloc_fn &&
				  out.calloc_fn == in.calloc_fn &&
				  out.free_fn == in.free_fn);
			continue;
		}
		snprintf(line, sizeof(line),
		    "weir_params.malloc_fn, calloc_fn and free_fn are %u of 3 "
		    "functions, accepted is all or none",
		    n);
		bad(&in, line);
	}
}
END_TEST

START_TEST(apply_puts_the_allocator_in_force_and_back)
{
	weir_params in = given_mem();
	weir_params mine = good(&in);
	weir_params system = good(NULL);
	weir_params other;
	void *p;

	callocs = frees = 0;
	ck_assert_int_eq(wri_params_apply(&mine), WEIR_OK);
	p = wri_alloc(100);
	ck_assert_ptr_nonnull(p);
	/* The same again, with memory in use. */
	ck_assert_int_eq(wri_params_apply(&mine), WEIR_OK);
	other = mine;
	other.free_fn = other_free;
	ck_assert_int_eq(wri_params_apply(&other), WEIR_EBUSY);
	ck_assert_int_eq(wri_params_apply(&system), WEIR_EBUSY);
	wri_free(p, 100);
	ck_assert_uint_eq(callocs, 1);
	ck_assert_uint_eq(frees, 1);
	ck_assert_int_eq(wri_params_apply(&system), WEIR_OK);
	wri_free(wri_alloc(100), 100);
	ck_assert_uint_eq(callocs, 1);
}
END_TEST

START_TEST(apply_refuses_another_allocator_while_memory_is_in_use)
{
	weir_params in = given_mem();
	weir_params mine = good(&in);
	void *p = wri_alloc(100);

	ck_assert_ptr_nonnull(p);
	callocs = 0;
	mine.log = "none";
	ck_assert_int_eq(wri_params_apply(&mine), WEIR_EBUSY);
	ck_assert_uint_eq(seen.lines, 1);
	ck_assert_str_eq(seen.line,
	    "weir_params: the allocator cannot change while 100 bytes of the "
	    "old one are in use by what outlived weir_fini");
	wri_free(p, 100);
	wri_free(wri_alloc(100), 100);
	ck_assert_uint_eq(callocs, 0);
	/* The log has not been turned off either. */
	wri_log(WEIR_LOG_ERR, "still heard");
	ck_assert_uint_eq(seen.lines, 2);
}
END_TEST

START_TEST(apply_sends_the_log_to_stderr_up_to_its_level)
{
	static const struct {
		const char *word;
		const char *heard;
	} cases[] = {
	    {"none", ""},
	    {"err", "weir: err: 3\n"},
	    {"warn", "weir: err: 3\nweir: warn: 4\n"},
	    {"notice", "weir: err: 3\nweir: warn: 4\nweir: notice: 5\n"},
	    {"info", "weir: err: 3\nweir: warn: 4\nweir: notice: 5\n"
		     "weir: info: 6\n"},
	    {"debug", "weir: err: 3\nweir: warn: 4\nweir: notice: 5\n"
		      "weir: info: 6\nweir: debug: 7\n"},
	};

	weir_log_set(wri_log_stderr, NULL, WEIR_LOG_WARN);
	for (size_t i = 0; i < LEN(cases); i++) {
		weir_params out;

		env("WEIR_LOG", cases[i].word);
		out = good(NULL);
		ck_assert_int_eq(wri_params_apply(&out), WEIR_OK);
		capture_begin();
		wri_log(WEIR_LOG_ERR, "3");
		wri_log(WEIR_LOG_WARN, "4");
		wri_log(WEIR_LOG_NOTICE, "5");
		wri_log(WEIR_LOG_INFO, "6");
		wri_log(WEIR_LOG_DEBUG, "7");
		ck_assert_str_eq(capture_end(), cases[i].heard);
	}
	ck_assert_uint_eq(seen.lines, 0);
}
END_TEST

START_TEST(a_level_leaves_the_programs_log_function_alone)
{
	weir_params out;

	env("WEIR_LOG", "warn");
	out = good(NULL);
	ck_assert_int_eq(wri_params_apply(&out), WEIR_OK);
	wri_log(WEIR_LOG_NOTICE, "not heard");
	wri_log(WEIR_LOG_WARN, "heard");
	ck_assert_uint_eq(seen.lines, 1);
}
END_TEST

START_TEST(without_a_level_the_log_stays_as_it_is)
{
	weir_params out = good(NULL);

	ck_assert_int_eq(wri_params_apply(&out), WEIR_OK);
	wri_log(WEIR_LOG_DEBUG, "heard");
	ck_assert_uint_eq(seen.lines, 1);
}
END_TEST

static TCase *
tcase_of(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	return tc;
}

static void
add_variables(Suite *suite)
{
	TCase *tc = tcase_of(suite, "variables");

	tcase_add_loop_test(tc, a_variable_that_is_no_number_in_range_is_named,
	    0, LEN(nonsense));
	tcase_add_test(tc, a_variable_one_over_its_range_is_named);
	tcase_add_test(tc, the_line_is_as_the_guide_shows_it);
	tcase_add_test(tc, both_ends_of_a_range_are_taken);
	tcase_add_test(tc, zeroes_in_front_are_decimal);
	tcase_add_test(tc, a_long_value_is_cut);
	tcase_add_test(tc, a_long_value_of_unprintable_bytes_fits_a_line);
	tcase_add_test(tc, an_unknown_word_is_named_with_those_there_are);
	tcase_add_test(tc, every_word_is_taken);
	tcase_add_test(tc, one_line_even_when_more_is_wrong);

	tc = tcase_of(suite, "prefix");
	tcase_add_test(tc, the_prefix_may_be_the_programs);
	tcase_add_test(tc, an_empty_prefix_reads_nothing);
	tcase_add_test(tc, the_prefix_is_copied);
	tcase_add_test(tc, a_prefix_has_32_bytes_at_most);
	tcase_add_test(tc, a_prefix_of_any_bytes_is_shown_in_one_line);
}

static void
add_parameters(Suite *suite)
{
	TCase *tc = tcase_of(suite, "parameters");

	tcase_add_test(tc, a_parameter_out_of_range_is_named);
	tcase_add_test(tc, a_parameter_is_taken_at_both_ends_of_its_range);
	tcase_add_test(tc, a_parameter_that_is_an_unknown_word_is_named);
	tcase_add_test(tc, a_size_that_is_not_ours_is_named);
	tcase_add_test(tc, slack_has_a_default_a_range_and_none);
	tcase_add_test(tc, fini_limit_has_a_default_and_may_be_without_end);
	tcase_add_test(tc, the_watchdog_is_off_unless_it_is_asked_for);
	tcase_add_test(tc, allocators_come_all_or_none);

	tc = tcase_of(suite, "apply");
	tcase_add_test(tc, apply_puts_the_allocator_in_force_and_back);
	tcase_add_test(
	    tc, apply_refuses_another_allocator_while_memory_is_in_use);
	tcase_add_test(tc, apply_sends_the_log_to_stderr_up_to_its_level);
	tcase_add_test(tc, a_level_leaves_the_programs_log_function_alone);
	tcase_add_test(tc, without_a_level_the_log_stays_as_it_is);
}

static void
add_merge(Suite *suite)
{
	TCase *tc = tcase_of(suite, "merge");

	tcase_add_test(tc, nothing_given_means_defaults);
	tcase_add_test(tc, threads_by_default_follow_the_processors);
	tcase_add_test(tc, a_parameter_wins_over_a_variable);
	tcase_add_test(tc, a_variable_wins_over_a_default);
	tcase_add_test(
	    tc, a_variable_that_a_parameter_overrides_is_not_looked_at);
	tcase_add_test(tc, the_most_task_threads_are_four_times_their_number);
	tcase_add_test(tc, a_maximum_alone_caps_the_default_number);
	tcase_add_test(tc, a_number_above_its_maximum_names_both);
}

int
main(void)
{
	Suite *suite = suite_create("weir");

	add_merge(suite);
	add_variables(suite);
	add_parameters(suite);
	return run_suite(suite);
}
