/*
 * test_query - literals and wildcards, which need no thread; questions that
 * are none.
 */
#include "dns/ask.h"
#include "dns/fake.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <check.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define LONG_16 "0123456789abcdef"
#define LONG_64 LONG_16 LONG_16 LONG_16 LONG_16
#define LONG_256 LONG_64 LONG_64 LONG_64 LONG_64

static struct consumer c;

static void
setup(void)
{
	rt_setup();
	fake_up();
	consumer_init_waiter(&c);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	wri_sys_fail_at(WRI_SYS_IF_INDEX, 0, 0);
	consumer_fini(&c);
	/* None of it was looked up. */
	ck_assert_uint_eq(fake_begun(), 0);
	ck_assert_uint_eq(proc_threads("weir-resolve"), 0);
	fake_down();
	rt_teardown();
}

/* What is asked ends in the submitting call. */
static void
at_once(const weir_resolve_params *p)
{
	bool skipped;

	weir_aio_skip_callback(c.aio, &skipped);
	weir_resolve(p, c.aio);
	ck_assert(skipped);
	ck_assert(!weir_aio_busy(c.aio));
}

static const struct {
	const char *host;
	const char *service;
	uint16_t port;
	uint16_t family;
	bool passive;
	const char *text;
} good[] = {
    {"127.0.0.1", NULL, 80, WEIR_AF_UNSPEC, false, "127.0.0.1:80"},
    {"127.0.0.1", "80", 0, WEIR_AF_INET, false, "127.0.0.1:80"},
    {"192.0.2.255", "65535", 0, WEIR_AF_UNSPEC, true, "192.0.2.255:65535"},
    {"192.0.2.1", "0", 0, WEIR_AF_UNSPEC, true, "192.0.2.1:0"},
    {"192.0.2.1", "0080", 0, WEIR_AF_UNSPEC, true, "192.0.2.1:80"},
    {"0.0.0.0", NULL, 65535, WEIR_AF_UNSPEC, false, "0.0.0.0:65535"},
    {"255.255.255.255", NULL, 0, WEIR_AF_INET, false, "255.255.255.255:0"},
    {"::1", NULL, 443, WEIR_AF_UNSPEC, false, "[::1]:443"},
    {"::", "443", 0, WEIR_AF_INET6, false, "[::]:443"},
    {"2001:db8::A", NULL, 1, WEIR_AF_INET6, true, "[2001:db8::a]:1"},
    {"2001:db8:0:0:1:0:0:1", NULL, 1, WEIR_AF_UNSPEC, false,
	"[2001:db8::1:0:0:1]:1"},
    {"::ffff:192.0.2.1", NULL, 1, WEIR_AF_UNSPEC, false,
	"[::ffff:192.0.2.1]:1"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", NULL, 1, WEIR_AF_UNSPEC,
	false, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:1"},
    {"fe80::1%3", NULL, 5, WEIR_AF_UNSPEC, false, "[fe80::1%3]:5"},
    {"fe80::1%0", NULL, 5, WEIR_AF_UNSPEC, false, "[fe80::1]:5"},
    {"fe80::1%4294967295", NULL, 5, WEIR_AF_INET6, false,
	"[fe80::1%4294967295]:5"},
    {NULL, NULL, 80, WEIR_AF_UNSPEC, true, "0.0.0.0:80"},
    {"", NULL, 80, WEIR_AF_UNSPEC, true, "0.0.0.0:80"},
    {NULL, "80", 0, WEIR_AF_INET, true, "0.0.0.0:80"},
    {NULL, NULL, 0, WEIR_AF_INET6, true, "[::]:0"},
    {"", "9", 0, WEIR_AF_INET6, true, "[::]:9"},
};

START_TEST(a_literal_is_answered_in_the_submitting_call)
{
	const weir_resolve_params p = {sizeof(p), good[_i].host,
	    good[_i].service, good[_i].port, good[_i].family, good[_i].passive};

	at_once(&p);
	ask_expect(&c, 1, &good[_i].text);
	ask_collect(&c);
	/* Also where nothing may wait. */
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, 0), WEIR_OK);
	at_once(&p);
	ask_expect(&c, 1, &good[_i].text);
	ask_collect(&c);
}
END_TEST

static const struct {
	const char *host;
	const char *service;
	uint16_t port;
	uint16_t family;
	bool passive;
	weir_err want;
} bad[] = {
    /* No host. */
    {NULL, NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {NULL, "http", 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    /* Another family. */
    {"127.0.0.1", NULL, 80, WEIR_AF_INET6, false, WEIR_EADDRINVAL},
    {"::1", NULL, 80, WEIR_AF_INET, false, WEIR_EADDRINVAL},
    {"127.0.0.1", "http", 0, WEIR_AF_INET6, true, WEIR_EADDRINVAL},
    /* A colon, but no address. */
    {"::g", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"[::1]", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"127.0.0.1:80", NULL, 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"1:2:3:4:5:6:7:8:9", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"1::2::3", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {":", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"0000000000000000000000000000000000000000000000:1", NULL, 80,
	WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    /* Scopes. */
    {"fe80::1%", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"fe80::1%no-such-if", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"fe80::1%" LONG_64, NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"fe80::1%4294967296", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"fe80::1%-1", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"%1:", NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    /* Too long. */
    {LONG_256, NULL, 80, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {LONG_256 LONG_256, NULL, 80, WEIR_AF_UNSPEC, true, WEIR_EADDRINVAL},
    {"::" LONG_256, NULL, 80, WEIR_AF_UNSPEC, true, WEIR_EADDRINVAL},
    {"a", LONG_16 LONG_16, 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    /* Ports. */
    {"127.0.0.1", "65536", 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"127.0.0.1", "18446744073709551617", 0, WEIR_AF_UNSPEC, false,
	WEIR_EADDRINVAL},
    {"127.0.0.1", "", 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    {"name", "99999", 0, WEIR_AF_UNSPEC, false, WEIR_EADDRINVAL},
    /* Mistakes. */
    {"127.0.0.1", "80", 80, WEIR_AF_UNSPEC, false, WEIR_EINVAL},
    {"127.0.0.1", NULL, 80, WEIR_AF_IPC, false, WEIR_EINVAL},
    {"127.0.0.1", NULL, 80, 77, false, WEIR_EINVAL},
};

START_TEST(a_question_that_is_none_is_refused_in_the_submitting_call)
{
	const weir_resolve_params p = {sizeof(p), bad[_i].host, bad[_i].service,
	    bad[_i].port, bad[_i].family, bad[_i].passive};

	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), bad[_i].want);
	ck_assert_uint_eq(weir_aio_count(c.aio), 0);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
}
END_TEST

START_TEST(parameters_of_another_size_are_einval)
{
	weir_resolve_params p = {.size = sizeof(p) - 1, .host = "127.0.0.1"};

	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EINVAL);
	p.size = 0;
	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EINVAL);
	at_once(NULL);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EINVAL);
	weir_resolve(&p, NULL);
	weir_resolve(NULL, NULL);
}
END_TEST

START_TEST(a_scope_may_be_the_name_of_an_interface)
{
	weir_resolve_params p = {
	    .size = sizeof(p), .host = "fe80::1%lo", .port = 7};
	char text[64];
	const char *texts = text;

	(void)snprintf(
	    text, sizeof(text), "[fe80::1%%%u]:7", if_nametoindex("lo"));
	at_once(&p);
	ask_expect(&c, 1, &texts);
	ask_collect(&c);
	wri_sys_fail_at(WRI_SYS_IF_INDEX, 1, EMFILE);
	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ENOFILES);
	wri_sys_fail_at(WRI_SYS_IF_INDEX, 1, ENODEV);
	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EADDRINVAL);
}
END_TEST

START_TEST(a_literal_without_memory_is_enomem)
{
	const weir_resolve_params p = {.size = sizeof(p), .host = "::1"};

	wri_mem_fail_at(1);
	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ENOMEM);
	at_once(&p);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_OK);
	ask_collect(&c);
}
END_TEST

START_TEST(a_literal_ends_with_a_callback_where_none_is_skipped)
{
	struct consumer d;

	consumer_init(&d, ask_then_collect, NULL);
	for (unsigned n = 1; n <= 20; n++) {
		ask(&d, "192.0.2.7");
		consumer_expect(&d, n, WEIR_OK);
		ck_assert_uint_eq(d.count, 1);
		consumer_settle(&d);
	}
	consumer_fini(&d);
}
END_TEST

START_TEST(a_stopped_handle_is_answered_nothing)
{
	ck_assert_int_eq(weir_aio_stop(c.aio), WEIR_OK);
	ask(&c, "192.0.2.7");
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
}
END_TEST

START_TEST(a_result_that_is_null_is_empty)
{
	ck_assert_uint_eq(weir_addrs_count(NULL), 0);
	ck_assert_ptr_null(weir_addrs_at(NULL, 0));
	weir_addrs_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns");
	TCase *tc = tcase_create("query");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, a_literal_is_answered_in_the_submitting_call, 0, LEN(good));
	tcase_add_loop_test(tc,
	    a_question_that_is_none_is_refused_in_the_submitting_call, 0,
	    LEN(bad));
	tcase_add_test(tc, parameters_of_another_size_are_einval);
	tcase_add_test(tc, a_scope_may_be_the_name_of_an_interface);
	tcase_add_test(tc, a_literal_without_memory_is_enomem);
	tcase_add_test(
	    tc, a_literal_ends_with_a_callback_where_none_is_skipped);
	tcase_add_test(tc, a_stopped_handle_is_answered_nothing);
	tcase_add_test(tc, a_result_that_is_null_is_empty);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
