/*
 * test_watchdog - the lines of a running watchdog; none is waited for in time,
 * each is waited for as such.
 */
#include "aio/toy.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <check.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 8

static struct toy toy;
static weir_aio *aio;
static struct latch in, go, line;
static struct rt_counts before;

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
/* mtx must be held when using these: */
static char lines[LINES][600];
static unsigned nlines;

static void
keep(void *arg, weir_log_level level, const char *text)
{
	(void)arg;
	ck_assert_int_eq(level, WEIR_LOG_WARN);
	if (strncmp(text, "watchdog: ", 10) != 0) {
		return;
	}
	pthread_mutex_lock(&mtx);
	(void)snprintf(lines[nlines++ % LINES], sizeof(lines[0]), "%s", text);
	pthread_mutex_unlock(&mtx);
	latch_hit(&line);
}

static void
callback(void *arg)
{
	(void)arg;
	latch_hit(&in);
	(void)latch_wait(&go, 1);
}

static void
setup(void)
{
	const weir_params params = {
	    .size = sizeof(params), .watchdog = WEIR_MS(1)};

	before = rt_count();
	nlines = 0;
	latch_init(&in);
	latch_init(&go);
	latch_init(&line);
	toy_init(&toy, TOY_FULL);
	weir_log_set(keep, NULL, WEIR_LOG_WARN);
	ck_assert_int_eq(weir_init(&params), WEIR_OK);
	ck_assert_int_eq(weir_aio_alloc(&aio, callback, NULL), WEIR_OK);
	weir_aio_set_tag(aio, "the tag");
}

static void
teardown(void)
{
	weir_aio_free(aio);
	(void)weir_fini();
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);
	rt_expect_counts(before);
	toy_fini(&toy);
	latch_fini(&line);
	latch_fini(&go);
	latch_fini(&in);
}

/* The seconds that the i-th line says; it begins so, and has the tag and the
 * place of the callback. */
static double
expect_line(unsigned i, const char *begin, const char *more)
{
	char text[600];
	Dl_info info;
	const char *at;
	double s;

	ck_assert(latch_wait(&line, i + 1));
	pthread_mutex_lock(&mtx);
	memcpy(text, lines[i], sizeof(text));
	pthread_mutex_unlock(&mtx);
	ck_assert_msg(strncmp(text, begin, strlen(begin)) == 0, "%s", text);
	s = strtod(text + strlen(begin), NULL);
	ck_assert_msg(
	    strstr(text, ", tag \"the tag\", callback ") != NULL, "%s", text);
	ck_assert_msg(strstr(text, more) != NULL, "%s", text);
	ck_assert_int_ne(dladdr((void *)(uintptr_t)callback, &info), 0);
	at = strstr(strstr(text, "tag "), "+0x");
	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(
	    (uintptr_t)info.dli_fbase + (uintptr_t)strtoul(at + 1, NULL, 16),
	    (uintptr_t)callback);
	return s;
}

START_TEST(a_callback_that_hangs_is_named_ever_more_rarely)
{
	static const char begin[] =
	    "watchdog: a callback does not return, for ";

	toy_submit_now(aio, WEIR_OK, 0);
	ck_assert(expect_line(0, begin, "") >= 0.001);
	ck_assert(expect_line(1, begin, "") >= 0.010);
	ck_assert(expect_line(2, begin, "") >= 0.100);
	latch_hit(&go);
}
END_TEST

START_TEST(a_stop_that_waits_for_a_provider_is_named)
{
	char more[64];

	(void)snprintf(
	    more, sizeof(more), ", provider %s", toy_providers[TOY_FULL].name);
	toy.stubborn = true;
	toy_submit(&toy, aio);
	weir_aio_close(aio);
	(void)expect_line(
	    0, "watchdog: a stop waits for a provider, for ", more);
	latch_hit(&go);
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
}
END_TEST

START_TEST(all_threads_of_the_pool_may_hang)
{
	weir_params p = {.size = sizeof(p)};
	weir_aio *more[64];
	int n;

	ck_assert_int_eq(weir_get_params(&p), WEIR_OK);
	n = p.num_task_threads < 64 ? p.num_task_threads : 64;
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&more[i], callback, NULL), WEIR_OK);
		toy_submit_now(more[i], WEIR_OK, 0);
	}
	ck_assert(latch_wait(&in, (unsigned)n));
	ck_assert(latch_wait(&line, (unsigned)n));
	latch_hit(&go);
	for (int i = 0; i < n; i++) {
		weir_aio_free(more[i]);
	}
}
END_TEST

static void *
fini(void *arg)
{
	weir_err *rv = arg;

	*rv = weir_fini();
	return NULL;
}

START_TEST(what_weir_fini_waits_for_is_named)
{
	pthread_t thread;
	weir_err rv = WEIR_EINTERNAL;

	latch_hit(&go);
	toy.stubborn = true;
	toy_submit(&toy, aio);
	ck_assert_int_eq(pthread_create(&thread, NULL, fini, &rv), 0);
	(void)expect_line(0, "watchdog: a stop waits for a provider, for ", "");
	ck_assert(toy_finish_first(&toy, WEIR_OK, 0));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(rv, WEIR_OK);
}
END_TEST

static Suite *
watchdog_suite(void)
{
	Suite *s = suite_create("watchdog");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_callback_that_hangs_is_named_ever_more_rarely);
	tcase_add_test(tc, a_stop_that_waits_for_a_provider_is_named);
	tcase_add_test(tc, all_threads_of_the_pool_may_hang);
	tcase_add_test(tc, what_weir_fini_waits_for_is_named);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(watchdog_suite());
}
