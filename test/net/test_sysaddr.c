/*
 * test_sysaddr - addresses in the system's form and back.
 */
#include "net/sysaddr.h"

#include "support/run.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#define UN_NAME offsetof(struct sockaddr_un, sun_path)

static weir_sockaddr
path_of(size_t len)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_ipc.sa_family = WEIR_AF_IPC;
	memset(sa.s_ipc.sa_path, 'p', len);
	return sa;
}

static weir_sockaddr
abstract_of(uint16_t len)
{
	weir_sockaddr sa;

	memset(&sa, 0, sizeof(sa));
	sa.s_abstract.sa_family = WEIR_AF_ABSTRACT;
	sa.s_abstract.sa_len = len;
	memset(sa.s_abstract.sa_name, 'n', sizeof(sa.s_abstract.sa_name));
	return sa;
}

START_TEST(internet_addresses_come_back_as_they_went)
{
	weir_sockaddr sa;
	weir_sockaddr back;
	struct wri_sysaddr sys;

	memset(&sa, 0, sizeof(sa));
	sa.s_in.sa_family = WEIR_AF_INET;
	sa.s_in.sa_port = htons(80);
	sa.s_in.sa_addr = htonl(0x7f000001);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_OK);
	ck_assert_int_eq(sys.u.sa.sa_family, AF_INET);
	ck_assert_uint_eq(sys.len, sizeof(struct sockaddr_in));
	ck_assert_uint_eq(sys.u.in.sin_port, htons(80));
	ck_assert_int_eq(wri_sysaddr_name(&sys, &back), WEIR_OK);
	ck_assert(weir_sockaddr_equal(&sa, &back));

	memset(&sa, 0, sizeof(sa));
	sa.s_in6.sa_family = WEIR_AF_INET6;
	sa.s_in6.sa_port = htons(443);
	sa.s_in6.sa_scope = 7;
	ck_assert_int_eq(inet_pton(AF_INET6, "fe80::1", sa.s_in6.sa_addr), 1);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_OK);
	ck_assert_int_eq(sys.u.sa.sa_family, AF_INET6);
	ck_assert_uint_eq(sys.len, sizeof(struct sockaddr_in6));
	ck_assert_uint_eq(sys.u.in6.sin6_scope_id, 7);
	ck_assert_int_eq(wri_sysaddr_name(&sys, &back), WEIR_OK);
	ck_assert(weir_sockaddr_equal(&sa, &back));
}
END_TEST

START_TEST(a_path_fits_with_its_nul_or_is_refused)
{
	weir_sockaddr sa = path_of(107);
	struct wri_sysaddr sys;

	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_OK);
	ck_assert_uint_eq(sys.len, UN_NAME + 108);
	ck_assert_str_eq(sys.u.un.sun_path, sa.s_ipc.sa_path);
	sa = path_of(108);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_EADDRINVAL);
	sa = path_of(WEIR_ADDR_MAX); /* without a NUL anywhere */
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_EADDRINVAL);
	sa = path_of(0);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_EADDRINVAL);
}
END_TEST

START_TEST(an_abstract_name_stands_behind_a_nul_and_has_none_at_its_end)
{
	weir_sockaddr sa = abstract_of(107);
	struct wri_sysaddr sys;

	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_OK);
	ck_assert_uint_eq(sys.len, sizeof(struct sockaddr_un));
	ck_assert_int_eq(sys.u.un.sun_path[0], '\0');
	ck_assert_mem_eq(sys.u.un.sun_path + 1, sa.s_abstract.sa_name, 107);
	sa = abstract_of(0);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_OK);
	ck_assert_uint_eq(sys.len, UN_NAME + 1);
	sa = abstract_of(108);
	ck_assert_int_eq(wri_sysaddr_of(&sys, &sa), WEIR_EADDRINVAL);
}
END_TEST

START_TEST(other_families_are_refused_both_ways)
{
	weir_sockaddr sa;
	weir_sockaddr back;
	struct wri_sysaddr sys;

	memset(&sa, 0, sizeof(sa));
	ck_assert_int_eq(wri_sysaddr_of(&sys, NULL), WEIR_EADDRINVAL);
	for (uint16_t family = 0; family < 40; family++) {
		sa.s_family = family;
		if (family < WEIR_AF_INET || family > WEIR_AF_ABSTRACT) {
			ck_assert_int_eq(
			    wri_sysaddr_of(&sys, &sa), WEIR_EADDRINVAL);
		}
	}
	memset(&sys, 0, sizeof(sys));
	sys.u.sa.sa_family = AF_UNIX;
	ck_assert_int_eq(wri_sysaddr_name(&sys, &back), WEIR_EADDRINVAL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net");
	TCase *tc = tcase_create("sysaddr");

	tcase_add_test(tc, internet_addresses_come_back_as_they_went);
	tcase_add_test(tc, a_path_fits_with_its_nul_or_is_refused);
	tcase_add_test(
	    tc, an_abstract_name_stands_behind_a_nul_and_has_none_at_its_end);
	tcase_add_test(tc, other_families_are_refused_both_ways);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
