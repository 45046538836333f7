/*
 * conform_sockaddr - section 11: addresses as text, number, equal, hash; trap
 * 17.
 */
#include "conform/con.h"

#include <arpa/inet.h>
#include <string.h>

static nng_sockaddr
in4(const char *ip, uint16_t port)
{
	nng_sockaddr sa;
	struct in_addr a;

	memset(&sa, 0, sizeof(sa));
	ck_assert_int_eq(inet_pton(AF_INET, ip, &a), 1);
	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_port = htons(port);
	memcpy(&sa.s_in.sa_addr, &a, 4);
	return sa;
}

static nng_sockaddr
in6(const char *ip, uint16_t port, uint32_t scope)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_in6.sa_family = NNG_AF_INET6;
	sa.s_in6.sa_port = htons(port);
	sa.s_in6.sa_scope = scope;
	ck_assert_int_eq(inet_pton(AF_INET6, ip, sa.s_in6.sa_addr), 1);
	return sa;
}

static nng_sockaddr
path(const char *p)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_ipc.sa_family = NNG_AF_IPC;
	memcpy(sa.s_ipc.sa_path, p, strlen(p) + 1);
	return sa;
}

static nng_sockaddr
inproc(const char *name)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_inproc.sa_family = NNG_AF_INPROC;
	memcpy(sa.s_inproc.sa_name, name, strlen(name) + 1);
	return sa;
}

static nng_sockaddr
abstract(const char *name, uint16_t len)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_abstract.sa_family = NNG_AF_ABSTRACT;
	sa.s_abstract.sa_len = len;
	memcpy(sa.s_abstract.sa_name, name, len);
	return sa;
}

static void
expect_text(nng_sockaddr sa, const char *want)
{
	char buf[NNG_MAXADDRSTRLEN];

	ck_assert_ptr_eq(nng_str_sockaddr(&sa, buf, sizeof(buf)), buf);
	ck_assert_str_eq(buf, want);
}

START_TEST(ipv4_is_printed_with_its_port)
{
	expect_text(in4("127.0.0.1", 80), "127.0.0.1:80");
	expect_text(in4("0.0.0.0", 0), "0.0.0.0:0");
	expect_text(in4("255.255.255.255", 65535), "255.255.255.255:65535");
}
END_TEST

START_TEST(ipv6_is_printed_in_brackets)
{
	expect_text(in6("::1", 443, 0), "[::1]:443");
	expect_text(in6("::", 0, 0), "[::]:0");
	expect_text(in6("2001:db8::1", 65535, 0), "[2001:db8::1]:65535");
	expect_text(in6("2001:DB8::ABCD", 1, 0), "[2001:db8::abcd]:1");
	expect_text(in6("1:2:3:4:5:6:7:8", 1, 0), "[1:2:3:4:5:6:7:8]:1");
}
END_TEST

START_TEST(the_longest_run_of_zeros_is_short_also_a_single_one)
{
	expect_text(in6("1:0:0:2:0:0:0:3", 1, 0), "[1:0:0:2::3]:1");
	expect_text(in6("1:0:2:3:4:5:6:7", 1, 0), "[1::2:3:4:5:6:7]:1");
	expect_text(in6("1:2:3:4:5:6:7:0", 1, 0), "[1:2:3:4:5:6:7::]:1");
	expect_text(in6("fe80::", 1, 0), "[fe80::]:1");
}
END_TEST

START_TEST(ipv4_in_ipv6_shows_the_ipv4)
{
	expect_text(in6("::ffff:1.2.3.4", 443, 0), "[::ffff:1.2.3.4]:443");
}
END_TEST

START_TEST(a_scope_is_printed_as_a_number)
{
	expect_text(in6("fe80::1", 443, 3), "[fe80::1%3]:443");
	expect_text(
	    in6("fe80::1", 443, UINT32_MAX), "[fe80::1%4294967295]:443");
}
END_TEST

START_TEST(paths_and_names_are_printed)
{
	expect_text(path("/run/x.sock"), "/run/x.sock");
	expect_text(path(""), "");
	expect_text(inproc("name"), "inproc[name]");
	expect_text(abstract("name", 4), "abstract[name]");
	expect_text(abstract("", 0), "abstract[]");
}
END_TEST

START_TEST(other_families_are_unknown_and_in_the_buffer)
{
	nng_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	expect_text(sa, "unknown");
	sa.s_family = 4711;
	expect_text(sa, "unknown");
}
END_TEST

START_TEST(a_text_is_cut_to_the_buffer_and_ends)
{
	nng_sockaddr sa = in4("127.0.0.1", 80);
	char buf[32];

	for (size_t n = 1; n <= 13; n++) {
		memset(buf, 'x', sizeof(buf));
		ck_assert_ptr_eq(nng_str_sockaddr(&sa, buf, n), buf);
		ck_assert_uint_eq(strlen(buf), n <= 12 ? n - 1 : 12);
		ck_assert_int_eq(memcmp(buf, "127.0.0.1:80", strlen(buf)), 0);
		ck_assert_int_eq(buf[n], 'x');
	}
	buf[0] = 'x';
	ck_assert_ptr_eq(nng_str_sockaddr(&sa, buf, 0), buf);
	ck_assert_int_eq(buf[0], 'x');
}
END_TEST

START_TEST(the_longest_address_fits_the_size_for_it)
{
	char name[NNG_MAXADDRLEN];
	char buf[NNG_MAXADDRSTRLEN];
	nng_sockaddr sa;

	memset(name, 'p', sizeof(name));
	name[NNG_MAXADDRLEN - 1] = '\0';
	sa = path(name);
	(void)nng_str_sockaddr(&sa, buf, sizeof(buf));
	ck_assert_str_eq(buf, name);
	sa = inproc(name);
	(void)nng_str_sockaddr(&sa, buf, sizeof(buf));
	ck_assert_uint_eq(strlen(buf), strlen(name) + strlen("inproc[]"));
}
END_TEST

START_TEST(the_port_is_native_and_zero_where_there_is_none)
{
	nng_sockaddr sa[] = {in4("1.2.3.4", 8080), in6("::1", 443, 0),
	    path("/x"), inproc("x"), abstract("x", 1)};
	static const uint32_t want[] = {8080, 443, 0, 0, 0};
	nng_sockaddr none;

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_uint_eq(nng_sockaddr_port(&sa[i]), want[i]);
	}
	memset(&none, 0, sizeof(none));
	ck_assert_uint_eq(nng_sockaddr_port(&none), 0);
}
END_TEST

/* All of them differ. */
#define DIFFERENT 16

static void
different(nng_sockaddr *sa)
{
	unsigned n = 0;

	sa[n++] = in4("127.0.0.1", 80);
	sa[n++] = in4("127.0.0.1", 81);
	sa[n++] = in4("127.0.0.2", 80);
	sa[n++] = in4("0.0.0.0", 0);
	sa[n++] = in6("::1", 80, 0);
	sa[n++] = in6("::1", 81, 0);
	sa[n++] = in6("::2", 80, 0);
	sa[n++] = in6("::1", 80, 1);
	sa[n++] = path("/run/a");
	sa[n++] = path("/run/b");
	sa[n++] = path("");
	sa[n++] = inproc("/run/a");
	sa[n++] = abstract("/run/a", 6);
	/* Of equal beginnings, and equal up to the first NUL. */
	sa[n++] = abstract("/run/a\0b", 8);
	sa[n++] = abstract("/run/a\0c", 8);
	sa[n++] = abstract("", 0);
	ck_assert_uint_eq(n, DIFFERENT);
}

START_TEST(addresses_are_equal_when_all_of_them_is)
{
	nng_sockaddr a[DIFFERENT];
	nng_sockaddr b[DIFFERENT];

	different(a);
	different(b);
	for (unsigned i = 0; i < DIFFERENT; i++) {
		for (unsigned j = 0; j < DIFFERENT; j++) {
			ck_assert_msg(
			    nng_sockaddr_equal(&a[i], &b[j]) == (i == j),
			    "%u and %u", i, j);
		}
	}
}
END_TEST

START_TEST(what_lies_behind_a_name_does_not_count)
{
	nng_sockaddr a = path("/x");
	nng_sockaddr b = path("/x");

	b.s_ipc.sa_path[10] = 'y';
	ck_assert(nng_sockaddr_equal(&a, &b));
	ck_assert(nng_sockaddr_hash(&a) == nng_sockaddr_hash(&b));
	a = abstract("x", 1);
	b = abstract("x", 1);
	b.s_abstract.sa_name[50] = 'y';
	ck_assert(nng_sockaddr_equal(&a, &b));
	ck_assert(nng_sockaddr_hash(&a) == nng_sockaddr_hash(&b));
}
END_TEST

START_TEST(two_unspecified_addresses_are_not_equal)
{
	nng_sockaddr a;
	nng_sockaddr b;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	ck_assert(!nng_sockaddr_equal(&a, &b));
}
END_TEST

START_TEST(a_hash_is_never_zero_and_equal_for_equal_addresses)
{
	nng_sockaddr a[DIFFERENT];
	nng_sockaddr b[DIFFERENT];
	nng_sockaddr none;

	different(a);
	different(b);
	for (unsigned i = 0; i < DIFFERENT; i++) {
		ck_assert_uint_ne(nng_sockaddr_hash(&a[i]), 0);
		ck_assert_uint_eq(
		    nng_sockaddr_hash(&a[i]), nng_sockaddr_hash(&b[i]));
	}
	memset(&none, 0, sizeof(none));
	ck_assert_uint_ne(nng_sockaddr_hash(&none), 0);
}
END_TEST

START_TEST(hashes_of_different_addresses_differ)
{
	nng_sockaddr a[DIFFERENT];

	different(a);
	for (unsigned i = 0; i < DIFFERENT; i++) {
		for (unsigned j = i + 1; j < DIFFERENT; j++) {
			ck_assert_msg(nng_sockaddr_hash(&a[i]) !=
					  nng_sockaddr_hash(&a[j]),
			    "%u and %u", i, j);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/sockaddr");
	TCase *tc = con_case_bare(suite, "sockaddr");

	tcase_add_test(tc, ipv4_is_printed_with_its_port);
	tcase_add_test(tc, ipv6_is_printed_in_brackets);
	tcase_add_test(tc, the_longest_run_of_zeros_is_short_also_a_single_one);
	tcase_add_test(tc, ipv4_in_ipv6_shows_the_ipv4);
	tcase_add_test(tc, a_scope_is_printed_as_a_number);
	tcase_add_test(tc, paths_and_names_are_printed);
	tcase_add_test(tc, other_families_are_unknown_and_in_the_buffer);
	tcase_add_test(tc, a_text_is_cut_to_the_buffer_and_ends);
	tcase_add_test(tc, the_longest_address_fits_the_size_for_it);
	tcase_add_test(tc, the_port_is_native_and_zero_where_there_is_none);
	tcase_add_test(tc, addresses_are_equal_when_all_of_them_is);
	tcase_add_test(tc, what_lies_behind_a_name_does_not_count);
	tcase_add_test(tc, two_unspecified_addresses_are_not_equal);
	tcase_add_test(tc, a_hash_is_never_zero_and_equal_for_equal_addresses);
	tcase_add_test(tc, hashes_of_different_addresses_differ);
	return run_suite(suite);
}
