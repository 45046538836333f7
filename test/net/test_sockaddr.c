/*
 * test_sockaddr - addresses printed, compared, hashed.
 */
#include "support/run.h"

#include <weir/sockaddr.h>

#include <arpa/inet.h>
#include <string.h>

static weir_sockaddr
in6(const char *text, uint16_t port, uint32_t scope)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in6.sa_family = WEIR_AF_INET6;
	sa.s_in6.sa_port = htons(port);
	sa.s_in6.sa_scope = scope;
	ck_assert_int_eq(inet_pton(AF_INET6, text, sa.s_in6.sa_addr), 1);
	return sa;
}

static weir_sockaddr
in4(const char *text, uint16_t port)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in.sa_family = WEIR_AF_INET;
	sa.s_in.sa_port = htons(port);
	ck_assert_int_eq(inet_pton(AF_INET, text, &sa.s_in.sa_addr), 1);
	return sa;
}

static weir_sockaddr
named(uint16_t family, const char *name)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_family = family;
	strcpy(sa.s_ipc.sa_path, name);
	return sa;
}

static weir_sockaddr
abstract(const void *name, uint16_t len)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_abstract.sa_family = WEIR_AF_ABSTRACT;
	sa.s_abstract.sa_len = len;
	memcpy(sa.s_abstract.sa_name, name, len);
	return sa;
}

static void
expect(weir_sockaddr sa, const char *want)
{
	char buf[WEIR_ADDR_STR_MAX];

	ck_assert_ptr_eq(weir_sockaddr_str(&sa, buf, sizeof(buf)), buf);
	ck_assert_str_eq(buf, want);
}

START_TEST(addresses_are_written_for_people)
{
	expect(in4("127.0.0.1", 80), "127.0.0.1:80");
	expect(in4("255.255.255.255", 65535), "255.255.255.255:65535");
	expect(in6("::", 0, 0), "[::]:0");
	expect(in6("::1", 443, 0), "[::1]:443");
	expect(in6("fe80::1", 443, 3), "[fe80::1%3]:443");
	expect(in6("1::", 1, 0), "[1::]:1");
	expect(in6("1:2:3:4:5:6:7:8", 1, 0), "[1:2:3:4:5:6:7:8]:1");
	expect(in6("1:0:3:4:5:6:7:8", 1, 0), "[1::3:4:5:6:7:8]:1");
	expect(in6("1:0:0:4:0:0:0:8", 1, 0), "[1:0:0:4::8]:1");
	expect(in6("0:0:3:4:5:6:0:0", 1, 0), "[::3:4:5:6:0:0]:1");
	expect(in6("1:2:3:4:5:6:0:0", 1, 0), "[1:2:3:4:5:6::]:1");
	expect(in6("::ffff:1.2.3.4", 443, 0), "[::ffff:1.2.3.4]:443");
	expect(in6("2001:db8::abcd", 1, 0), "[2001:db8::abcd]:1");
	expect(named(WEIR_AF_IPC, "/run/x"), "/run/x");
	expect(named(WEIR_AF_INPROC, "here"), "inproc[here]");
	expect(abstract("a\0b\n", 4), "abstract[a@b@]");
	expect(abstract("", 0), "abstract[]");
	expect(named(WEIR_AF_UNSPEC, ""), "unknown");
	expect(named(77, ""), "unknown");
}
END_TEST

START_TEST(the_longest_address_fits_the_stated_buffer)
{
	char name[108];

	memset(name, 'x', sizeof(name));
	expect(
	    in6("1111:2222:3333:4444:5555:6666:7777:8888", 65535, UINT32_MAX),
	    "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535");
	weir_sockaddr sa = abstract(name, 107);
	char buf[WEIR_ADDR_STR_MAX];
	weir_sockaddr_str(&sa, buf, sizeof(buf));
	ck_assert_uint_eq(strlen(buf), 107 + strlen("abstract[]"));
	/* A length that lies is cut, a name without NUL too. */
	sa.s_abstract.sa_len = 60000;
	weir_sockaddr_str(&sa, buf, sizeof(buf));
	ck_assert_uint_eq(strlen(buf), 107 + strlen("abstract[]"));
	memset(&sa, 'y', sizeof(sa));
	sa.s_family = WEIR_AF_INPROC;
	weir_sockaddr_str(&sa, buf, sizeof(buf));
	ck_assert_uint_eq(strlen(buf), 128 + strlen("inproc[]"));
}
END_TEST

START_TEST(text_is_cut_to_the_buffer_and_terminated)
{
	weir_sockaddr sa = in4("127.0.0.1", 80);

	for (size_t size = 1; size < 20; size++) {
		char buf[32];

		memset(buf, '#', sizeof(buf));
		weir_sockaddr_str(&sa, buf, size);
		ck_assert_uint_eq(strlen(buf), size <= 12 ? size - 1 : 12);
		ck_assert_int_eq(strncmp(buf, "127.0.0.1:80", strlen(buf)), 0);
		ck_assert_int_eq(buf[size], '#');
	}
}
END_TEST

START_TEST(an_empty_or_missing_buffer_is_left_alone)
{
	weir_sockaddr sa = in4("127.0.0.1", 80);
	char c = '#';

	ck_assert_ptr_eq(weir_sockaddr_str(&sa, &c, 0), &c);
	ck_assert_int_eq(c, '#');
	ck_assert_ptr_null(weir_sockaddr_str(&sa, NULL, 10));
}
END_TEST

START_TEST(a_null_address_is_unknown_has_no_port_and_equals_nothing)
{
	weir_sockaddr sa = in4("127.0.0.1", 80);
	char buf[16];

	ck_assert_str_eq(weir_sockaddr_str(NULL, buf, sizeof(buf)), "unknown");
	ck_assert_uint_eq(weir_sockaddr_port(NULL), 0);
	ck_assert(!weir_sockaddr_equal(NULL, &sa));
	ck_assert(!weir_sockaddr_equal(&sa, NULL));
	ck_assert(!weir_sockaddr_equal(NULL, NULL));
}
END_TEST

START_TEST(the_port_is_in_host_order)
{
	weir_sockaddr v4 = in4("127.0.0.1", 4660);
	weir_sockaddr v6 = in6("::1", 4660, 0);
	weir_sockaddr path = named(WEIR_AF_IPC, "/x");

	ck_assert_uint_eq(weir_sockaddr_port(&v4), 4660);
	ck_assert_uint_eq(weir_sockaddr_port(&v6), 4660);
	ck_assert_uint_eq(weir_sockaddr_port(&path), 0);
}
END_TEST

static bool
equal(weir_sockaddr a, weir_sockaddr b)
{
	bool forth = weir_sockaddr_equal(&a, &b);

	ck_assert(forth == weir_sockaddr_equal(&b, &a));
	return forth;
}

START_TEST(equal_means_same_family_and_same_address)
{
	ck_assert(equal(in4("1.2.3.4", 5), in4("1.2.3.4", 5)));
	ck_assert(!equal(in4("1.2.3.4", 5), in4("1.2.3.4", 6)));
	ck_assert(!equal(in4("1.2.3.4", 5), in4("1.2.3.5", 5)));
	ck_assert(equal(in6("::1", 5, 1), in6("::1", 5, 1)));
	ck_assert(!equal(in6("::1", 5, 1), in6("::1", 5, 2)));
	ck_assert(!equal(in6("::1", 5, 1), in6("::1", 6, 1)));
	ck_assert(!equal(in6("::1", 5, 1), in6("::2", 5, 1)));
	ck_assert(!equal(in6("::ffff:1.2.3.4", 5, 0), in4("1.2.3.4", 5)));
	ck_assert(equal(named(WEIR_AF_IPC, "/x"), named(WEIR_AF_IPC, "/x")));
	ck_assert(!equal(named(WEIR_AF_IPC, "/x"), named(WEIR_AF_IPC, "/y")));
	ck_assert(!equal(named(WEIR_AF_IPC, "x"), named(WEIR_AF_INPROC, "x")));
	ck_assert(
	    equal(named(WEIR_AF_INPROC, "x"), named(WEIR_AF_INPROC, "x")));
	ck_assert(equal(abstract("a\0b", 3), abstract("a\0b", 3)));
	ck_assert(!equal(abstract("a\0b", 3), abstract("a\0c", 3)));
	ck_assert(!equal(abstract("a\0b", 3), abstract("a\0b", 2)));
	/* A length that lies makes no address. */
	weir_sockaddr lie = abstract("a", 1);
	lie.s_abstract.sa_len = 60000;
	ck_assert(!equal(lie, lie));
	ck_assert(!equal(named(0, ""), named(0, "")));
	ck_assert(!equal(named(77, ""), named(77, "")));
}
END_TEST

/* Equal ones have the same hash; these unequal ones happen to differ. */
static void
expect_hashes(weir_sockaddr a, weir_sockaddr b)
{
	uint64_t ha = weir_sockaddr_hash(&a);
	uint64_t hb = weir_sockaddr_hash(&b);

	ck_assert(ha != 0 && hb != 0);
	ck_assert((ha == hb) == equal(a, b));
}

/* An address whose unused bytes are not zero. */
static weir_sockaddr
dirty(weir_sockaddr sa)
{
	weir_sockaddr d;

	memset(&d, '#', sizeof(d));
	d.s_family = sa.s_family;
	switch (sa.s_family) {
	case WEIR_AF_INET:
		d.s_in = sa.s_in;
		break;
	case WEIR_AF_INET6:
		d.s_in6 = sa.s_in6;
		break;
	case WEIR_AF_ABSTRACT:
		d.s_abstract.sa_len = sa.s_abstract.sa_len;
		memcpy(d.s_abstract.sa_name, sa.s_abstract.sa_name,
		    sa.s_abstract.sa_len);
		break;
	default:
		memcpy(d.s_ipc.sa_path, sa.s_ipc.sa_path,
		    strlen(sa.s_ipc.sa_path) + 1);
		break;
	}
	return d;
}

START_TEST(equal_addresses_have_the_same_hash)
{
	const weir_sockaddr all[] = {in4("0.0.0.0", 0), in4("1.2.3.4", 5),
	    in4("1.2.3.4", 6), in4("1.2.3.5", 5), in6("::", 0, 0),
	    in6("::1", 5, 1), in6("::1", 5, 2), in6("::1", 6, 1),
	    in6("::2", 5, 1), in6("::ffff:1.2.3.4", 5, 0),
	    named(WEIR_AF_IPC, ""), named(WEIR_AF_IPC, "/x"),
	    named(WEIR_AF_IPC, "/xy"), named(WEIR_AF_INPROC, ""),
	    named(WEIR_AF_INPROC, "/x"), abstract("", 0), abstract("\0", 1),
	    abstract("\0\0", 2), abstract("a", 1), abstract("a\0b", 3),
	    abstract("a\0c", 3)};
	const size_t n = sizeof(all) / sizeof(all[0]);

	for (size_t i = 0; i < n; i++) {
		ck_assert(equal(all[i], dirty(all[i])));
		for (size_t j = 0; j < n; j++) {
			expect_hashes(all[i], dirty(all[j]));
		}
	}
}
END_TEST

START_TEST(a_hash_is_never_zero_also_of_what_is_no_address)
{
	weir_sockaddr none = named(WEIR_AF_UNSPEC, "");
	weir_sockaddr later = named(77, "");
	weir_sockaddr lie = abstract("a", 1);

	ck_assert(weir_sockaddr_hash(NULL) != 0);
	ck_assert(weir_sockaddr_hash(&none) == weir_sockaddr_hash(NULL));
	ck_assert(weir_sockaddr_hash(&later) != 0);
	lie.s_abstract.sa_len = 60000;
	ck_assert(weir_sockaddr_hash(&lie) != 0);
	/* A name without NUL is read to its end and no further. */
	memset(&none, 'y', sizeof(none));
	none.s_family = WEIR_AF_INPROC;
	ck_assert(weir_sockaddr_hash(&none) != 0);
	none.s_family = WEIR_AF_IPC;
	ck_assert(weir_sockaddr_hash(&none) != 0);
}
END_TEST

/* Ports and hosts of a row: what a table of peers meets. */
START_TEST(neighbours_spread_over_a_table)
{
	unsigned ports[256] = {0};
	unsigned hosts[256] = {0};

	for (unsigned i = 0; i < 4096; i++) {
		weir_sockaddr sa = in4("10.0.0.1", (uint16_t)(32768 + i));

		ports[weir_sockaddr_hash(&sa) % 256]++;
		sa = in4("10.0.0.1", 80);
		sa.s_in.sa_addr = htonl(0x0a000000 + i);
		hosts[weir_sockaddr_hash(&sa) % 256]++;
	}
	/* 16 each when even; chance gives 3 to 36. */
	for (unsigned i = 0; i < 256; i++) {
		ck_assert_uint_gt(ports[i], 0);
		ck_assert_uint_lt(ports[i], 48);
		ck_assert_uint_gt(hosts[i], 0);
		ck_assert_uint_lt(hosts[i], 48);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("net");
	TCase *tc = tcase_create("sockaddr");

	tcase_add_test(tc, addresses_are_written_for_people);
	tcase_add_test(tc, the_longest_address_fits_the_stated_buffer);
	tcase_add_test(tc, text_is_cut_to_the_buffer_and_terminated);
	tcase_add_test(tc, an_empty_or_missing_buffer_is_left_alone);
	tcase_add_test(
	    tc, a_null_address_is_unknown_has_no_port_and_equals_nothing);
	tcase_add_test(tc, the_port_is_in_host_order);
	tcase_add_test(tc, equal_means_same_family_and_same_address);
	tcase_add_test(tc, equal_addresses_have_the_same_hash);
	tcase_add_test(tc, a_hash_is_never_zero_also_of_what_is_no_address);
	tcase_add_test(tc, neighbours_spread_over_a_table);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
