/*
 * test_nng_plain - what needs no nng_init: memory, addresses, messages, URLs,
 * <nng/args.h>.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <nng/args.h>

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

/* --- Memory ------------------------------------------------------------ */

START_TEST(memory_is_aligned_and_ours_to_write)
{
	for (size_t size = 1; size < 5000; size += 7) {
		unsigned char *p = nng_alloc(size);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 8, 0);
		memset(p, 0xa5, size);
		nng_free(p, size);
	}
	nng_free(NULL, 7);
}
END_TEST

START_TEST(nothing_is_NULL)
{
	ck_assert_ptr_null(nng_alloc(0));
}
END_TEST

START_TEST(strings_are_copied)
{
	char text[] = "text";
	char *a = nng_strdup(text);
	char *b = nng_strdup("");

	text[0] = 'n';
	ck_assert_str_eq(a, "text");
	ck_assert_str_eq(b, "");
	nng_strfree(a);
	nng_strfree(b);
	nng_strfree(NULL);
	ck_assert_ptr_null(nng_strdup(NULL));
}
END_TEST

/* --- Addresses --------------------------------------------------------- */

static nng_sockaddr
in4(const char *addr, uint16_t port)
{
	nng_sockaddr sa = {0};

	sa.s_in.sa_family = NNG_AF_INET;
	sa.s_in.sa_port = htons(port);
	ck_assert_int_eq(inet_pton(AF_INET, addr, &sa.s_in.sa_addr), 1);
	return sa;
}

static nng_sockaddr
in6(const char *addr, uint16_t port, uint32_t scope)
{
	nng_sockaddr sa = {0};

	sa.s_in6.sa_family = NNG_AF_INET6;
	sa.s_in6.sa_port = htons(port);
	sa.s_in6.sa_scope = scope;
	ck_assert_int_eq(inet_pton(AF_INET6, addr, sa.s_in6.sa_addr), 1);
	return sa;
}

static nng_sockaddr
named(uint16_t family, const char *name)
{
	nng_sockaddr sa;

	memset(&sa, 0x55, sizeof(sa)); /* what follows the name is noise */
	sa.s_family = family;
	if (family == NNG_AF_IPC) {
		memcpy(sa.s_ipc.sa_path, name, strlen(name) + 1);
	} else if (family == NNG_AF_INPROC) {
		memcpy(sa.s_inproc.sa_name, name, strlen(name) + 1);
	} else {
		sa.s_abstract.sa_len = (uint16_t)strlen(name);
		memcpy(sa.s_abstract.sa_name, name, strlen(name));
	}
	return sa;
}

static void
expect_str(nng_sockaddr sa, const char *text)
{
	char buf[NNG_MAXADDRSTRLEN];

	ck_assert_ptr_eq(nng_str_sockaddr(&sa, buf, sizeof(buf)), buf);
	ck_assert_str_eq(buf, text);
}

START_TEST(addresses_are_written_for_people)
{
	nng_sockaddr none = {0};
	nng_sockaddr ip = in4("127.0.0.1", 80);
	char buf[5] = "????";

	expect_str(ip, "127.0.0.1:80");
	expect_str(in6("::1", 443, 0), "[::1]:443");
	expect_str(in6("fe80::1", 443, 3), "[fe80::1%3]:443");
	expect_str(in6("::ffff:1.2.3.4", 443, 0), "[::ffff:1.2.3.4]:443");
	expect_str(named(NNG_AF_IPC, "/run/x"), "/run/x");
	expect_str(named(NNG_AF_INPROC, "a"), "inproc[a]");
	expect_str(named(NNG_AF_ABSTRACT, "b"), "abstract[b]");
	expect_str(none, "unknown");
	ck_assert_ptr_eq(nng_str_sockaddr(&ip, buf, 4), buf);
	ck_assert_str_eq(buf, "127");
	buf[0] = '?';
	ck_assert_ptr_eq(nng_str_sockaddr(&ip, buf, 0), buf);
	ck_assert_int_eq(buf[0], '?');
}
END_TEST

START_TEST(ports_are_told_in_host_order)
{
	nng_sockaddr a = in4("1.2.3.4", 8080), b = in6("::1", 9090, 0);
	nng_sockaddr c = named(NNG_AF_IPC, "/x");

	ck_assert_uint_eq(nng_sockaddr_port(&a), 8080);
	ck_assert_uint_eq(nng_sockaddr_port(&b), 9090);
	ck_assert_uint_eq(nng_sockaddr_port(&c), 0);
}
END_TEST

START_TEST(equal_addresses_are_equal_and_have_one_hash)
{
	nng_sockaddr sa[] = {in4("0.0.0.0", 0), in4("127.0.0.1", 80),
	    in4("127.0.0.1", 81), in4("127.0.0.2", 80), in6("::", 0, 0),
	    in6("::1", 80, 0), in6("::1", 81, 0), in6("::1", 80, 1),
	    in6("::2", 80, 0), named(NNG_AF_IPC, ""), named(NNG_AF_IPC, "a"),
	    named(NNG_AF_IPC, "b"), named(NNG_AF_INPROC, ""),
	    named(NNG_AF_INPROC, "a"), named(NNG_AF_INPROC, "b"),
	    named(NNG_AF_ABSTRACT, ""), named(NNG_AF_ABSTRACT, "a"),
	    named(NNG_AF_ABSTRACT, "b")};
	const size_t n = sizeof(sa) / sizeof(sa[0]);
	nng_sockaddr none = {0}, with_nul, cut;

	for (size_t i = 0; i < n; i++) {
		nng_sockaddr copy = sa[i];

		if (copy.s_family == NNG_AF_IPC) { /* other noise */
			copy.s_ipc.sa_path[strlen(copy.s_ipc.sa_path) + 1] = 7;
		}
		ck_assert(nng_sockaddr_equal(&sa[i], &copy));
		ck_assert_uint_eq(
		    nng_sockaddr_hash(&sa[i]), nng_sockaddr_hash(&copy));
		ck_assert_uint_ne(nng_sockaddr_hash(&sa[i]), 0);
		for (size_t k = 0; k < n; k++) {
			ck_assert(
			    nng_sockaddr_equal(&sa[i], &sa[k]) == (i == k));
			if (i != k) { /* no promise, but a hash */
				ck_assert_uint_ne(nng_sockaddr_hash(&sa[i]),
				    nng_sockaddr_hash(&sa[k]));
			}
		}
	}
	ck_assert(!nng_sockaddr_equal(&none, &none));
	ck_assert_uint_ne(nng_sockaddr_hash(&none), 0);
	/* All bytes of an abstract name count. */
	with_nul = named(NNG_AF_ABSTRACT, "abc");
	with_nul.s_abstract.sa_name[1] = 0;
	cut = with_nul;
	cut.s_abstract.sa_name[2] = 'd';
	ck_assert(!nng_sockaddr_equal(&with_nul, &cut));
	ck_assert_uint_ne(
	    nng_sockaddr_hash(&with_nul), nng_sockaddr_hash(&cut));
}
END_TEST

/* --- Messages and URLs: each name is the call it should be --------------- */

static void
expect_body(nng_msg *msg, const char *bytes)
{
	ck_assert_uint_eq(nng_msg_len(msg), strlen(bytes));
	ck_assert(memcmp(nng_msg_body(msg), bytes, strlen(bytes)) == 0);
}

static void
expect_header(nng_msg *msg, const char *bytes)
{
	ck_assert_uint_eq(nng_msg_header_len(msg), strlen(bytes));
	ck_assert(memcmp(nng_msg_header(msg), bytes, strlen(bytes)) == 0);
}

START_TEST(a_body_grows_and_shrinks_at_both_ends)
{
	nng_msg *msg = NULL, *dup = NULL;

	ck_assert_int_eq(nng_msg_alloc(&msg, 3), 0);
	ck_assert(memcmp(nng_msg_body(msg), "\0\0\0", 3) == 0);
	nng_msg_clear(msg);
	ck_assert_int_eq(nng_msg_append(msg, "cd", 2), 0);
	ck_assert_int_eq(nng_msg_insert(msg, "ab", 2), 0);
	expect_body(msg, "abcd");
	ck_assert_int_eq(nng_msg_dup(&dup, msg), 0);
	ck_assert_int_eq(nng_msg_trim(msg, 1), 0);
	ck_assert_int_eq(nng_msg_chop(msg, 2), 0);
	expect_body(msg, "b");
	ck_assert_int_eq(nng_msg_trim(msg, 2), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop(msg, 2), NNG_EINVAL);
	expect_body(dup, "abcd");
	ck_assert_int_eq(nng_msg_realloc(dup, 3), 0);
	expect_body(dup, "abc");
	ck_assert_int_eq(nng_msg_realloc(dup, SIZE_MAX), NNG_ENOMEM);
	ck_assert_int_eq(nng_msg_reserve(dup, 5000), 0);
	ck_assert_uint_ge(nng_msg_capacity(dup), 5000);
	expect_body(dup, "abc");
	nng_msg_free(dup);
	nng_msg_free(msg);
	nng_msg_free(NULL);
}
END_TEST

START_TEST(numbers_are_big_endian_at_either_end)
{
	uint16_t a = 0;
	uint32_t b = 0;
	uint64_t c = 0;
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 0), 0);
	ck_assert_int_eq(nng_msg_append_u16(msg, 0x6162), 0);
	ck_assert_int_eq(nng_msg_append_u32(msg, 0x63646566), 0);
	ck_assert_int_eq(nng_msg_append_u64(msg, 0x6768696a6b6c6d6e), 0);
	ck_assert_int_eq(nng_msg_insert_u16(msg, 0x4d4e), 0);
	ck_assert_int_eq(nng_msg_insert_u32(msg, 0x494a4b4c), 0);
	ck_assert_int_eq(nng_msg_insert_u64(msg, 0x4142434445464748), 0);
	expect_body(msg, "ABCDEFGHIJKLMNabcdefghijklmn");
	ck_assert_int_eq(nng_msg_chop_u16(msg, &a), 0);
	ck_assert_uint_eq(a, 0x6d6e);
	ck_assert_int_eq(nng_msg_chop_u32(msg, &b), 0);
	ck_assert_uint_eq(b, 0x696a6b6c);
	ck_assert_int_eq(nng_msg_chop_u64(msg, &c), 0);
	ck_assert_uint_eq(c, 0x6162636465666768);
	ck_assert_int_eq(nng_msg_trim_u16(msg, &a), 0);
	ck_assert_uint_eq(a, 0x4142);
	ck_assert_int_eq(nng_msg_trim_u32(msg, &b), 0);
	ck_assert_uint_eq(b, 0x43444546);
	ck_assert_int_eq(nng_msg_trim_u64(msg, &c), 0);
	ck_assert_uint_eq(c, 0x4748494a4b4c4d4e);
	ck_assert_int_eq(nng_msg_trim_u16(msg, &a), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_trim_u32(msg, &b), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_trim_u64(msg, &c), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u16(msg, &a), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u32(msg, &b), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_chop_u64(msg, &c), NNG_EINVAL);
	nng_msg_free(msg);
}
END_TEST

START_TEST(a_header_has_the_same_calls_and_64_bytes)
{
	char fill[64] = {0};
	uint16_t a = 0;
	uint32_t b = 0;
	uint64_t c = 0;
	nng_msg *msg;

	ck_assert_int_eq(nng_msg_alloc(&msg, 0), 0);
	ck_assert_int_eq(nng_msg_header_append(msg, "cd", 2), 0);
	ck_assert_int_eq(nng_msg_header_insert(msg, "ab", 2), 0);
	expect_header(msg, "abcd");
	ck_assert_int_eq(nng_msg_header_trim(msg, 1), 0);
	ck_assert_int_eq(nng_msg_header_chop(msg, 2), 0);
	expect_header(msg, "b");
	ck_assert_int_eq(nng_msg_header_trim(msg, 2), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_chop(msg, 2), NNG_EINVAL);
	nng_msg_header_clear(msg);
	ck_assert_int_eq(nng_msg_header_append_u16(msg, 0x6162), 0);
	ck_assert_int_eq(nng_msg_header_append_u32(msg, 0x63646566), 0);
	ck_assert_int_eq(nng_msg_header_append_u64(msg, 0x6768696a6b6c6d6e), 0);
	ck_assert_int_eq(nng_msg_header_insert_u16(msg, 0x4d4e), 0);
	ck_assert_int_eq(nng_msg_header_insert_u32(msg, 0x494a4b4c), 0);
	ck_assert_int_eq(nng_msg_header_insert_u64(msg, 0x4142434445464748), 0);
	expect_header(msg, "ABCDEFGHIJKLMNabcdefghijklmn");
	expect_body(msg, "");
	ck_assert_int_eq(nng_msg_header_chop_u16(msg, &a), 0);
	ck_assert_uint_eq(a, 0x6d6e);
	ck_assert_int_eq(nng_msg_header_chop_u32(msg, &b), 0);
	ck_assert_uint_eq(b, 0x696a6b6c);
	ck_assert_int_eq(nng_msg_header_chop_u64(msg, &c), 0);
	ck_assert_uint_eq(c, 0x6162636465666768);
	ck_assert_int_eq(nng_msg_header_trim_u16(msg, &a), 0);
	ck_assert_uint_eq(a, 0x4142);
	ck_assert_int_eq(nng_msg_header_trim_u32(msg, &b), 0);
	ck_assert_uint_eq(b, 0x43444546);
	ck_assert_int_eq(nng_msg_header_trim_u64(msg, &c), 0);
	ck_assert_uint_eq(c, 0x4748494a4b4c4d4e);
	ck_assert_int_eq(nng_msg_header_trim_u16(msg, &a), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_append(msg, fill, 64), 0);
	ck_assert_int_eq(nng_msg_header_append(msg, fill, 1), NNG_EINVAL);
	ck_assert_int_eq(nng_msg_header_insert_u16(msg, 1), NNG_EINVAL);
	nng_msg_free(msg);
}
END_TEST

START_TEST(a_url_has_parts)
{
	nng_url *url = NULL, *dup = NULL;
	char buf[64];

	ck_assert_int_eq(
	    nng_url_parse(&url, "HTTP://me@Host/a/../b?query#fragment"),
	    NNG_OK);
	ck_assert_int_eq(nng_url_clone(&dup, url), NNG_OK);
	nng_url_free(url);
	ck_assert_str_eq(nng_url_scheme(dup), "http");
	ck_assert_str_eq(nng_url_userinfo(dup), "me");
	ck_assert_str_eq(nng_url_hostname(dup), "host");
	ck_assert_uint_eq(nng_url_port(dup), 80);
	ck_assert_str_eq(nng_url_path(dup), "/b");
	ck_assert_str_eq(nng_url_query(dup), "query");
	ck_assert_str_eq(nng_url_fragment(dup), "fragment");
	ck_assert_int_eq(nng_url_sprintf(buf, sizeof(buf), dup), 28);
	ck_assert_str_eq(buf, "http://host/b?query#fragment");
	nng_url_resolve_port(dup, 7);
	ck_assert_uint_eq(nng_url_port(dup), 80);
	nng_url_free(dup);
	ck_assert_int_eq(nng_url_parse(&url, "tcp://[::1]"), NNG_OK);
	nng_url_resolve_port(url, 7);
	ck_assert_uint_eq(nng_url_port(url), 7);
	ck_assert_str_eq(nng_url_hostname(url), "::1");
	nng_url_free(url);
	nng_url_free(NULL);
	ck_assert_int_eq(nng_url_parse(&url, "nothing"), NNG_EINVAL);
	ck_assert_int_eq(nng_url_parse(&url, "h://x"), NNG_ENOTSUP);
}
END_TEST

/* --- Arguments --------------------------------------------------------- */

static const nng_arg_spec specs[] = {
    {"verbose", 'v', 1, false},
    {"version", 0, 2, false},
    {"file", 'f', 3, true},
    {"files", 0, 4, true},
    {NULL, 'x', 5, false},
    {NULL, 0, 0, false},
};

/* Parse the one option that is there: what it gave. */
struct parsed {
	int rv;
	int val;
	char *arg;
	int idx;
};

static struct parsed
parse(const char *a, const char *b)
{
	char *argv[] = {(char *)(uintptr_t) "prog", (char *)(uintptr_t)a,
	    (char *)(uintptr_t)b, NULL};
	struct parsed p = {.val = -77, .idx = 1};
	int argc = b != NULL ? 3 : a != NULL ? 2 : 1;

	p.rv = nng_args_parse(argc, argv, specs, &p.val, &p.arg, &p.idx);
	return p;
}

static void
expect_arg(const char *a, const char *b, int val, const char *arg, int idx)
{
	struct parsed p = parse(a, b);

	ck_assert_int_eq(p.rv, 0);
	ck_assert_int_eq(p.val, val);
	ck_assert_int_eq(p.idx, idx);
	if (arg != NULL) {
		ck_assert_str_eq(p.arg, arg);
	} else {
		ck_assert_ptr_null(p.arg);
	}
}

static void
expect_no_arg(const char *a, const char *b, int rv, int idx)
{
	struct parsed p = parse(a, b);

	ck_assert_int_eq(p.rv, rv);
	ck_assert_int_eq(p.val, -77);
	ck_assert_ptr_null(p.arg);
	ck_assert_int_eq(p.idx, idx);
}

START_TEST(options_are_parsed_in_all_their_forms)
{
	expect_arg("--verbose", NULL, 1, NULL, 2);
	expect_arg("--verb", "x", 1, NULL, 2); /* unique */
	expect_arg("-v", "x", 1, NULL, 2);
	expect_arg("-x", NULL, 5, NULL, 2);
	expect_arg("--file", "name", 3, "name", 3); /* whole, not files */
	expect_arg("--file", "-v", 3, "-v", 3);
	expect_arg("--file=name", "x", 3, "name", 2);
	expect_arg("--file:name", "x", 3, "name", 2);
	expect_arg("--file=a=b:c", "x", 3, "a=b:c", 2);
	expect_arg("--file=", "x", 3, "", 2);
	expect_arg("--files", "", 4, "", 3);
	expect_arg("-f", "name", 3, "name", 3);
	expect_arg("-fname", "x", 3, "name", 2);
	expect_arg("-f=name", "x", 3, "=name", 2);
}
END_TEST

START_TEST(what_is_wrong_is_said_and_sets_nothing)
{
	expect_no_arg("--ver", NULL, NNG_ARG_AMBIG, 1);
	expect_no_arg("--fil=x", NULL, NNG_ARG_AMBIG, 1);
	expect_no_arg("--none", NULL, NNG_ARG_INVAL, 1);
	expect_no_arg("--verbosely", NULL, NNG_ARG_INVAL, 1);
	expect_no_arg("--=x", NULL, NNG_ARG_INVAL, 1);
	expect_no_arg("-n", NULL, NNG_ARG_INVAL, 1);
	expect_no_arg("-vx", NULL, NNG_ARG_INVAL, 1); /* no clusters */
	expect_no_arg("--verbose=1", NULL, NNG_ARG_INVAL, 1);
	expect_no_arg("--file", NULL, NNG_ARG_MISSING, 1);
	expect_no_arg("-f", NULL, NNG_ARG_MISSING, 1);
}
END_TEST

START_TEST(options_end_at_the_first_word_that_is_none)
{
	expect_no_arg(NULL, NULL, NNG_ARG_END, 1);
	expect_no_arg("word", "-v", NNG_ARG_END, 1);
	expect_no_arg("", "-v", NNG_ARG_END, 1);
	expect_no_arg("-", "-v", NNG_ARG_END, 1);
	expect_no_arg("--", "-v", NNG_ARG_END, 2);
}
END_TEST

static Suite *
plain_suite(void)
{
	Suite *s = suite_create("nng_plain");
	TCase *tc = tcase_create("mem");

	tcase_add_test(tc, memory_is_aligned_and_ours_to_write);
	tcase_add_test(tc, nothing_is_NULL);
	tcase_add_test(tc, strings_are_copied);
	suite_add_tcase(s, tc);

	tc = tcase_create("sockaddr");
	tcase_add_test(tc, addresses_are_written_for_people);
	tcase_add_test(tc, ports_are_told_in_host_order);
	tcase_add_test(tc, equal_addresses_are_equal_and_have_one_hash);
	suite_add_tcase(s, tc);

	tc = tcase_create("msg");
	tcase_add_test(tc, a_body_grows_and_shrinks_at_both_ends);
	tcase_add_test(tc, numbers_are_big_endian_at_either_end);
	tcase_add_test(tc, a_header_has_the_same_calls_and_64_bytes);
	tcase_add_test(tc, a_url_has_parts);
	suite_add_tcase(s, tc);

	tc = tcase_create("args");
	tcase_add_test(tc, options_are_parsed_in_all_their_forms);
	tcase_add_test(tc, what_is_wrong_is_said_and_sets_nothing);
	tcase_add_test(tc, options_end_at_the_first_word_that_is_none);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(plain_suite());
}
