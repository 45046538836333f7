/*
 * test_resolve - the system's own lookup, as far as it needs no network.
 */
#include "dns/ask.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

static struct consumer c;

static void
setup(void)
{
	rt_setup();
	consumer_init(&c, NULL, NULL);
}

static void
teardown(void)
{
	consumer_fini(&c);
	rt_teardown();
}

static bool
is_loopback(const weir_sockaddr *addr)
{
	static const uint8_t in6[16] = {[15] = 1};

	return addr->s_family == WEIR_AF_INET
		   ? (ntohl(addr->s_in.sa_addr) >> 24) == 127
		   : memcmp(addr->s_in6.sa_addr, in6, sizeof(in6)) == 0;
}

START_TEST(localhost_is_the_loopback)
{
	const weir_resolve_params p = {
	    .size = sizeof(p), .host = "localhost", .port = 8080};
	const weir_addrs *addrs;

	weir_resolve(&p, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	addrs = weir_aio_get_output(c.aio, 0);
	ck_assert_uint_ge(weir_addrs_count(addrs), 1);
	ck_assert_uint_eq(weir_addrs_count(addrs), c.count);
	for (size_t i = 0; i < weir_addrs_count(addrs); i++) {
		const weir_sockaddr *addr = weir_addrs_at(addrs, i);

		ck_assert(is_loopback(addr));
		ck_assert_uint_eq(weir_sockaddr_port(addr), 8080);
		for (size_t k = 0; k < i; k++) {
			ck_assert(!weir_sockaddr_equal(
			    addr, weir_addrs_at(addrs, k)));
		}
	}
	ask_collect(&c);
}
END_TEST

START_TEST(a_family_is_heeded)
{
	const weir_resolve_params p = {
	    .size = sizeof(p), .host = "localhost", .family = WEIR_AF_INET};
	static const char *const texts[] = {"127.0.0.1:0"};

	weir_resolve(&p, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, 1, texts);
	ask_collect(&c);
}
END_TEST

START_TEST(older_forms_of_addresses_are_the_systems)
{
	static const char *const texts[] = {"127.0.0.1:0"};

	ask(&c, "127.1");
	consumer_expect(&c, 1, WEIR_OK);
	ask_expect(&c, 1, texts);
	ask_collect(&c);
}
END_TEST

START_TEST(a_service_has_a_name)
{
	weir_resolve_params p = {
	    .size = sizeof(p), .host = "::1", .service = "http"};
	static const char *const in6[] = {"[::1]:80"};
	static const char *const any[] = {"0.0.0.0:80"};

	weir_resolve(&p, c.aio);
	consumer_wait(&c, 1);
	if (c.result == WEIR_EADDRINVAL) {
		return; /* a system without /etc/services */
	}
	ask_expect(&c, 1, in6);
	ask_collect(&c);
	consumer_settle(&c);
	p.host = NULL;
	p.passive = true;
	weir_resolve(&p, c.aio);
	consumer_expect(&c, 2, WEIR_OK);
	ask_expect(&c, 1, any);
	ask_collect(&c);
	consumer_settle(&c);
	p.service = "no-such-service";
	weir_resolve(&p, c.aio);
	consumer_expect(&c, 3, WEIR_EADDRINVAL);
}
END_TEST

START_TEST(what_cannot_be_a_name_has_no_address)
{
	/* A label of 64 bytes: refused without asking a server. */
	ask(&c,
	    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	    ".invalid");
	consumer_expect(&c, 1, WEIR_EADDRINVAL);
	ck_assert_uint_eq(c.count, 0);
}
END_TEST

START_TEST(many_handles_at_once_are_answered_each)
{
	static struct consumer many[200];

	for (int i = 0; i < 200; i++) {
		consumer_init(&many[i], ask_then_collect, NULL);
		ask(&many[i], i % 3 == 0 ? "127.0.0.1" : "localhost");
	}
	for (int i = 0; i < 200; i++) {
		consumer_expect(&many[i], 1, WEIR_OK);
		consumer_fini(&many[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns");
	TCase *tc = tcase_create("resolve");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, localhost_is_the_loopback);
	tcase_add_test(tc, a_family_is_heeded);
	tcase_add_test(tc, older_forms_of_addresses_are_the_systems);
	tcase_add_test(tc, a_service_has_a_name);
	tcase_add_test(tc, what_cannot_be_a_name_has_no_address);
	tcase_add_test(tc, many_handles_at_once_are_answered_each);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
