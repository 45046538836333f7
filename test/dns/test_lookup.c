/*
 * test_lookup - lookups that are slow, hang, fail, give many or nothing.
 */
#include "aio/dice.h"
#include "base/err.h"
#include "dns/ask.h"
#include "dns/fake.h"
#include "dns/lookup.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define THREADS 4 /* the default */
#define MANY 50

static struct consumer c;

static void
setup(void)
{
	rt_setup();
	fake_up();
	consumer_init(&c, NULL, NULL);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	wri_thread_fail_at(0);
	fake_down();
	consumer_fini(&c);
	rt_teardown();
}

/* All threads of the lane hang in lookups of these. */
static void
hang_all(struct consumer *hung)
{
	unsigned begun = fake_begun();

	fake_hang();
	for (unsigned i = 0; i < THREADS; i++) {
		consumer_init(&hung[i], ask_then_collect, NULL);
		ask(&hung[i], "hangs");
		fake_await(begun + i + 1);
	}
}

/* --- Answers ----------------------------------------------------------- */

START_TEST(a_name_is_looked_up_with_its_port_and_family)
{
	static const char *const texts[] = {"192.0.2.1:4711"};
	const weir_resolve_params p = {.size = sizeof(p),
	    .host = "one.test",
	    .port = 4711,
	    .family = WEIR_AF_INET};
	struct addrinfo hints;

	weir_resolve(&p, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, 1, texts);
	ask_collect(&c);
	hints = fake_hints();
	ck_assert_str_eq(fake_host(), "one.test");
	ck_assert_str_eq(fake_service(), "");
	ck_assert_int_eq(hints.ai_family, AF_INET);
	ck_assert_int_eq(hints.ai_socktype, SOCK_STREAM);
	ck_assert_int_eq(hints.ai_flags, 0);
}
END_TEST

START_TEST(the_name_of_a_service_is_looked_up_too)
{
	static const char *const texts[] = {"192.0.2.1:80"};
	weir_resolve_params p = {
	    .size = sizeof(p), .host = "one.test", .service = "http"};

	weir_resolve(&p, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, 1, texts); /* the port of the answer */
	ask_collect(&c);
	consumer_settle(&c);
	ck_assert_str_eq(fake_service(), "http");
	ck_assert_int_eq(fake_hints().ai_flags, 0);
	ck_assert_int_eq(fake_hints().ai_family, AF_UNSPEC);
	/* Of a wildcard only the service. */
	p.host = NULL;
	p.passive = true;
	p.family = WEIR_AF_INET6;
	weir_resolve(&p, c.aio);
	consumer_expect(&c, 2, WEIR_OK);
	ask_collect(&c);
	ck_assert_str_eq(fake_host(), "::");
	ck_assert_int_eq(fake_hints().ai_flags, AI_NUMERICHOST);
	ck_assert_int_eq(fake_hints().ai_family, AF_INET6);
}
END_TEST

START_TEST(the_strings_are_copied)
{
	char host[] = "copied.test", service[] = "smtp";
	weir_resolve_params p = {
	    .size = sizeof(p), .host = host, .service = service};
	struct consumer hung[THREADS];

	hang_all(hung);
	weir_resolve(&p, c.aio);
	memset(host, 'x', sizeof(host));
	memset(service, 'x', sizeof(service));
	memset(&p, 'x', sizeof(p));
	fake_release();
	consumer_expect(&c, 1, WEIR_OK);
	ask_collect(&c);
	ck_assert_str_eq(fake_host(), "copied.test");
	ck_assert_str_eq(fake_service(), "smtp");
	for (int i = 0; i < THREADS; i++) {
		consumer_expect(&hung[i], 1, WEIR_OK);
		consumer_fini(&hung[i]);
	}
}
END_TEST

START_TEST(addresses_come_in_the_order_given_and_once)
{
	static const char *const texts[] = {
	    "[2001:db8::1%7]:0", "192.0.2.1:0", "[::1]:0"};
	struct sockaddr_in6 in6[2] = {
	    {.sin6_family = AF_INET6, .sin6_scope_id = 7},
	    {.sin6_family = AF_INET6},
	};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	char huge[512] = {0};
	struct addrinfo list[7] = {
	    {.ai_addr = (struct sockaddr *)&un, .ai_addrlen = sizeof(un)},
	    {.ai_addr = (struct sockaddr *)&in6[0],
		.ai_addrlen = sizeof(in6[0])},
	    {.ai_addr = (struct sockaddr *)&in, .ai_addrlen = sizeof(in)},
	    {.ai_addr = NULL},
	    {.ai_addr = (struct sockaddr *)&in, .ai_addrlen = sizeof(in)},
	    {.ai_addr = (struct sockaddr *)huge, .ai_addrlen = sizeof(huge)},
	    {.ai_addr = (struct sockaddr *)&in6[1],
		.ai_addrlen = sizeof(in6[1])},
	};

	for (int i = 0; i + 1 < LEN(list); i++) {
		list[i].ai_next = &list[i + 1];
	}
	in.sin_addr.s_addr = htonl(0xc0000201u);
	ck_assert_int_eq(
	    inet_pton(AF_INET6, "2001:db8::1", &in6[0].sin6_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "::1", &in6[1].sin6_addr), 1);
	fake_answer_list(list);
	ask(&c, "several.test");
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, LEN(texts), texts);
	ask_collect(&c);
	consumer_settle(&c);
	/* None that we know. */
	list[0].ai_next = NULL;
	ask(&c, "unix.test");
	consumer_expect(&c, 2, WEIR_EADDRINVAL);
	ck_assert_uint_eq(c.count, 0);
}
END_TEST

START_TEST(of_many_addresses_the_first_ones_are_kept)
{
	const weir_addrs *addrs;
	char text[WEIR_ADDR_STR_MAX];

	fake_answer(WEIR_ADDRS_MAX - 1);
	ask(&c, "many.test");
	consumer_expect(&c, 1, WEIR_OK);
	ck_assert_uint_eq(c.count, WEIR_ADDRS_MAX - 1);
	ask_collect(&c);
	consumer_settle(&c);
	fake_answer(FAKE_ADDRS_MAX);
	ask(&c, "too-many.test");
	consumer_expect(&c, 2, WEIR_OK);
	ck_assert_uint_eq(c.count, WEIR_ADDRS_MAX);
	addrs = weir_aio_get_output(c.aio, 0);
	ck_assert_uint_eq(weir_addrs_count(addrs), WEIR_ADDRS_MAX);
	ck_assert_str_eq(
	    weir_sockaddr_str(
		weir_addrs_at(addrs, WEIR_ADDRS_MAX - 1), text, sizeof(text)),
	    "192.0.3.0:0");
	ck_assert_ptr_null(weir_addrs_at(addrs, WEIR_ADDRS_MAX));
	ask_collect(&c);
}
END_TEST

START_TEST(an_answer_of_no_addresses_is_eaddrinval)
{
	fake_answer(0);
	ask(&c, "none.test");
	consumer_expect(&c, 1, WEIR_EADDRINVAL);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
}
END_TEST

static const struct {
	int code, eno;
	weir_err want;
} codes[] = {
    {EAI_NONAME, 0, WEIR_EADDRINVAL},
    {EAI_NODATA, 0, WEIR_EADDRINVAL},
    {EAI_ADDRFAMILY, 0, WEIR_EADDRINVAL},
    {EAI_SERVICE, 0, WEIR_EADDRINVAL},
    {EAI_AGAIN, 0, WEIR_EADDRINVAL},
    {EAI_FAIL, 0, WEIR_EADDRINVAL},
    {EAI_MEMORY, 0, WEIR_ENOMEM},
    {EAI_BADFLAGS, 0, WEIR_EINVAL},
    {EAI_FAMILY, 0, WEIR_ENOTSUP},
    {EAI_SOCKTYPE, 0, WEIR_ENOTSUP},
    {EAI_SYSTEM, EMFILE, WEIR_ENOFILES},
    {EAI_SYSTEM, EACCES, WEIR_EPERM},
    {EAI_SYSTEM, ELOOP, (weir_err)(WEIR_ESYSERR + ELOOP)},
    {EAI_SYSTEM, 0, WEIR_EADDRINVAL},
    /* errno is EAI_SYSTEM's only. */
    {EAI_NONAME, EMFILE, WEIR_EADDRINVAL},
    {EAI_OVERFLOW, 0, (weir_err)(WEIR_ETRANERR + 12)},
    {-99, 0, (weir_err)(WEIR_ETRANERR + 99)},
};

START_TEST(each_code_of_the_system_has_its_error)
{
	fake_fail(codes[_i].code, codes[_i].eno);
	ask(&c, "fails.test");
	consumer_expect(&c, 1, codes[_i].want);
	ck_assert_uint_eq(c.count, 0);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
	consumer_settle(&c);
	/* And the next one works. */
	fake_answer(1);
	ask(&c, "works.test");
	consumer_expect(&c, 2, WEIR_OK);
	ask_collect(&c);
}
END_TEST

/* --- Threads ----------------------------------------------------------- */

START_TEST(threads_are_started_when_needed_and_named)
{
	weir_stats stats = {.size = sizeof(stats)};
	struct consumer hung[THREADS];
	unsigned threads;

	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	threads = stats.threads;
	ck_assert_uint_eq(proc_threads("weir-resolve"), 0);
	hang_all(hung);
	for (int i = 0; i < THREADS; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "weir-resolve-%d", i);
		ck_assert_msg(proc_has_thread(name), "%s", name);
	}
	ask(&c, "waits");
	ck_assert_uint_eq(proc_threads("weir-resolve"), THREADS);
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.threads, threads + THREADS);
	/* They block signals, as all threads of weir do. */
	ck_assert((proc_blocked("weir-resolve") & (1u << (SIGTERM - 1))) != 0);
	ck_assert((proc_blocked("weir-resolve") & (1u << (SIGSEGV - 1))) == 0);
	fake_release();
	for (int i = 0; i < THREADS; i++) {
		consumer_expect(&hung[i], 1, WEIR_OK);
		consumer_fini(&hung[i]);
	}
	consumer_expect(&c, 1, WEIR_OK);
	ask_collect(&c);
}
END_TEST

START_TEST(the_number_of_threads_is_a_setting)
{
	static struct consumer many[MANY];
	const weir_params p = {.size = sizeof(p), .num_resolver_threads = 1};
	weir_params in_force = {.size = sizeof(in_force)};

	rt_expect_log();
	ck_assert_int_eq(weir_fini(), WEIR_OK); /* c outlives it */
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	ck_assert_int_eq(weir_get_params(&in_force), WEIR_OK);
	ck_assert_int_eq(in_force.num_resolver_threads, 1);
	fake_hang();
	for (int i = 0; i < MANY; i++) {
		consumer_init(&many[i], ask_then_collect, NULL);
		ask(&many[i], "x");
	}
	fake_await(1);
	ck_assert_uint_eq(proc_threads("weir-resolve"), 1);
	ck_assert_uint_eq(fake_begun(), 1);
	fake_release();
	for (int i = 0; i < MANY; i++) {
		consumer_expect(&many[i], 1, WEIR_OK);
		consumer_fini(&many[i]);
	}
	ck_assert_uint_eq(proc_threads("weir-resolve"), 1);
}
END_TEST

/* --- Hanging ----------------------------------------------------------- */

START_TEST(a_lookup_that_hangs_ends_at_its_deadline_and_its_answer_is_dropped)
{
	weir_time begun = weir_now();

	fake_hang();
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_MS(20)), WEIR_OK);
	ask(&c, "hangs");
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	ck_assert_int_ge(c.ran_at - begun, WEIR_MS(20));
	consumer_settle(&c);
	fake_await(1);
	/* The late answer of the first is not that of the second. */
	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_INFINITE), WEIR_OK);
	ask(&c, "second");
	fake_await(2);
	fake_release_one();
	fake_release_one();
	consumer_expect(&c, 2, WEIR_OK);
	fake_await_ended(2);
	ck_assert_uint_eq(c.calls, 2);
	ask_collect(&c);
}
END_TEST

START_TEST(cancel_stop_and_reap_end_a_lookup_that_hangs)
{
	struct consumer d, e;

	fake_hang();
	consumer_init(&d, NULL, NULL);
	consumer_init(&e, NULL, NULL);
	ask(&c, "one");
	ask(&d, "two");
	ask(&e, "three");
	fake_await(3);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 1, WEIR_ECANCELED);
	ck_assert_int_eq(weir_aio_stop(d.aio), WEIR_OK);
	consumer_expect(&d, 1, WEIR_ESTOPPED);
	e.gone = true;
	weir_aio_reap(e.aio);
	consumer_expect(&e, 1, WEIR_ESTOPPED);
	consumer_fini(&d);
	consumer_fini(&e);
	/* The handles are gone; now the answers come. */
	fake_release();
	fake_await_ended(3);
}
END_TEST

START_TEST(queued_lookups_end_at_their_deadlines_while_all_threads_hang)
{
	static struct consumer many[MANY];
	struct consumer hung[THREADS];

	hang_all(hung);
	for (unsigned n = 1; n <= 3; n++) {
		for (int i = 0; i < MANY; i++) {
			if (n == 1) {
				consumer_init(&many[i], NULL, NULL);
				ck_assert_int_eq(
				    weir_aio_set_timeout(
					many[i].aio, WEIR_MS(1 + i % 7)),
				    WEIR_OK);
			}
			ask(&many[i], "queued");
		}
		for (int i = 0; i < MANY; i++) {
			consumer_expect(&many[i], n, WEIR_ETIMEDOUT);
			consumer_settle(&many[i]);
		}
	}
	fake_release();
	for (int i = 0; i < THREADS; i++) {
		consumer_expect(&hung[i], 1, WEIR_OK);
		consumer_fini(&hung[i]);
	}
	for (int i = 0; i < MANY; i++) {
		consumer_fini(&many[i]);
	}
	/* None of them was looked up. */
	ck_assert_uint_eq(fake_begun(), THREADS);
}
END_TEST

START_TEST(a_full_queue_is_eagain_and_literals_are_answered)
{
	static const char *const texts[] = {"[::1]:0"};
	static struct consumer many[WEIR_RESOLVE_QUEUE_MAX];
	struct consumer hung[THREADS];

	hang_all(hung);
	for (int i = 0; i < WEIR_RESOLVE_QUEUE_MAX; i++) {
		consumer_init(&many[i], ask_then_collect, NULL);
		ask(&many[i], "queued");
	}
	ask(&c, "one-more");
	consumer_expect(&c, 1, WEIR_EAGAIN);
	consumer_settle(&c);
	ask(&c, "::1");
	consumer_expect(&c, 2, WEIR_OK);
	ask_expect(&c, 1, texts);
	ask_collect(&c);
	consumer_settle(&c);
	/* A place is given back by a cancel. */
	ck_assert_int_eq(weir_aio_cancel(many[7].aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&many[7], 1, WEIR_ECANCELED);
	ask(&c, "in-its-place");
	ask(&many[7], "127.0.0.1");
	consumer_expect(&many[7], 2, WEIR_OK);
	consumer_settle(&many[7]);
	ask(&many[7], "one-more");
	consumer_expect(&many[7], 3, WEIR_EAGAIN);
	fake_release();
	consumer_expect(&c, 3, WEIR_OK);
	ask_collect(&c);
	for (int i = 0; i < THREADS; i++) {
		consumer_expect(&hung[i], 1, WEIR_OK);
		consumer_fini(&hung[i]);
	}
	for (int i = 0; i < WEIR_RESOLVE_QUEUE_MAX; i++) {
		if (i != 7) {
			consumer_expect(&many[i], 1, WEIR_OK);
		}
		consumer_fini(&many[i]);
	}
}
END_TEST

/* --- Shortage ---------------------------------------------------------- */

START_TEST(the_nth_allocation_fails_and_the_next_try_works)
{
	weir_err rv = WEIR_ENOMEM;
	unsigned n = 0;

	/* The lookup, its result: both are told. */
	while (rv != WEIR_OK) {
		wri_mem_fail_at(++n);
		ask(&c, "short.test");
		consumer_wait(&c, n);
		rv = c.result;
		ck_assert(rv == WEIR_OK || rv == WEIR_ENOMEM);
		ask_collect(&c);
		consumer_settle(&c);
		wri_mem_fail_at(0);
	}
	ck_assert_uint_eq(n, 3);
}
END_TEST

START_TEST(without_a_thread_a_lookup_is_eagain_and_the_next_one_works)
{
	wri_thread_fail_at(1);
	ask(&c, "no-thread.test");
	consumer_expect(&c, 1, WEIR_EAGAIN);
	consumer_settle(&c);
	ck_assert_uint_eq(fake_begun(), 0);
	ask(&c, "thread.test");
	consumer_expect(&c, 2, WEIR_OK);
	ask_collect(&c);
}
END_TEST

/* --- Races ------------------------------------------------------------- */

START_TEST(answers_cancels_and_timeouts_at_once_end_each_lookup_once)
{
	enum { ROUNDS = 400, WIDTH = 8 };
	static struct consumer many[WIDTH];
	struct dice dice;

	dice_init(&dice, 3);
	for (int i = 0; i < WIDTH; i++) {
		consumer_init(&many[i], ask_then_collect, NULL);
	}
	for (unsigned n = 1; n <= ROUNDS; n++) {
		bool aborted[WIDTH];

		fake_hang();
		for (int i = 0; i < WIDTH; i++) {
			(void)weir_aio_set_timeout(many[i].aio,
			    i % 2 == 0 ? WEIR_INFINITE
				       : WEIR_US(dice_roll(&dice, 200)));
			ask(&many[i], "race.test");
		}
		if (n % 2 == 0) {
			fake_release();
		}
		for (int i = 0; i < WIDTH; i++) {
			aborted[i] = dice_roll(&dice, 2) == 0;
			if (aborted[i]) {
				(void)weir_aio_abort(many[i].aio, WEIR_EPROTO);
			}
		}
		fake_release();
		for (int i = 0; i < WIDTH; i++) {
			weir_err rv;

			consumer_wait(&many[i], n);
			rv = many[i].result;
			ck_assert(rv == WEIR_OK ||
				  (rv == WEIR_EPROTO && aborted[i]) ||
				  (rv == WEIR_ETIMEDOUT && i % 2 != 0));
			ck_assert_uint_eq(many[i].count, rv == WEIR_OK);
			consumer_settle(&many[i]);
		}
	}
	for (int i = 0; i < WIDTH; i++) {
		consumer_fini(&many[i]);
	}
}
END_TEST

/* --- Fork -------------------------------------------------------------- */

static int
child_asks(void *arg)
{
	const weir_resolve_params p = {.size = sizeof(p), .host = "x"};
	weir_addrs *addrs = arg;
	bool skipped = true;

	weir_aio_skip_callback(c.aio, &skipped);
	weir_resolve(&p, c.aio);
	ask(&c, "127.0.0.1");
	if (skipped || weir_aio_result(c.aio) != WEIR_EFORK) {
		return 1;
	}
	/* What it has inherited it may read and free. */
	if (weir_addrs_count(addrs) != 1 || weir_addrs_at(addrs, 0) == NULL) {
		return 2;
	}
	weir_addrs_free(addrs);
	return 0;
}

START_TEST(a_forked_child_looks_nothing_up)
{
	struct consumer hung[THREADS];

	hang_all(hung);
	ask(&c, "127.0.0.1");
	consumer_expect(&c, 1, WEIR_OK);
	consumer_settle(&c);
	ck_assert_int_eq(
	    proc_fork(child_asks, weir_aio_get_output(c.aio, 0), 20), 0);
	ask_collect(&c);
	fake_release();
	for (int i = 0; i < THREADS; i++) {
		consumer_expect(&hung[i], 1, WEIR_OK);
		consumer_fini(&hung[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns");
	TCase *tc = tcase_create("lookup");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_name_is_looked_up_with_its_port_and_family);
	tcase_add_test(tc, the_name_of_a_service_is_looked_up_too);
	tcase_add_test(tc, the_strings_are_copied);
	tcase_add_test(tc, addresses_come_in_the_order_given_and_once);
	tcase_add_test(tc, of_many_addresses_the_first_ones_are_kept);
	tcase_add_test(tc, an_answer_of_no_addresses_is_eaddrinval);
	tcase_add_loop_test(
	    tc, each_code_of_the_system_has_its_error, 0, LEN(codes));
	tcase_add_test(tc, threads_are_started_when_needed_and_named);
	tcase_add_test(tc, the_number_of_threads_is_a_setting);
	tcase_add_test(tc,
	    a_lookup_that_hangs_ends_at_its_deadline_and_its_answer_is_dropped);
	tcase_add_test(tc, cancel_stop_and_reap_end_a_lookup_that_hangs);
	tcase_add_test(
	    tc, queued_lookups_end_at_their_deadlines_while_all_threads_hang);
	tcase_add_test(tc, a_full_queue_is_eagain_and_literals_are_answered);
	tcase_add_test(tc, the_nth_allocation_fails_and_the_next_try_works);
	tcase_add_test(
	    tc, without_a_thread_a_lookup_is_eagain_and_the_next_one_works);
	tcase_add_test(
	    tc, answers_cancels_and_timeouts_at_once_end_each_lookup_once);
	tcase_add_test(tc, a_forked_child_looks_nothing_up);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
