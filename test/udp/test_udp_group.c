/*
 * test_udp_group - groups: joined, left, refused; delivery on lo, where the
 * machine does that.
 */
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "udp/dgram.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

/* Of nobody else's (RFC 2365, site local; RFC 4291, of the interface). */
static weir_sockaddr
group_of(int kind, uint8_t last)
{
	weir_sockaddr sa = dg_addr((enum dg_kind)kind, 0);

	if (kind == DG_IN) {
		sa.s_in.sa_addr = htonl(0xefff5a00u + last);
	} else {
		memset(sa.s_in6.sa_addr, 0, sizeof(sa.s_in6.sa_addr));
		sa.s_in6.sa_addr[0] = 0xff;
		sa.s_in6.sa_addr[1] = 0x01;
		sa.s_in6.sa_addr[14] = 0x5a;
		sa.s_in6.sa_addr[15] = last;
	}
	return sa;
}

static weir_udp_params
on_lo(void)
{
	weir_udp_params p = {.size = sizeof(p), .reuse_port = true};

	p.multicast_if = if_nametoindex("lo");
	return p;
}

START_TEST(a_group_is_joined_once_and_left_once)
{
	weir_udp_params p = on_lo();
	weir_sockaddr g = group_of(_i, 1), h = group_of(_i, 2);
	weir_udp *u;

	if (!dg_has((enum dg_kind)_i) || p.multicast_if == 0) {
		return;
	}
	u = dg_open((enum dg_kind)_i, &p);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &g, false), WEIR_EADDRINVAL);
	ck_assert_int_eq(weir_udp_multicast_membership(u, &g, true), WEIR_OK);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &g, true), WEIR_EADDRINUSE);
	ck_assert_int_eq(weir_udp_multicast_membership(u, &h, true), WEIR_OK);
	ck_assert_int_eq(weir_udp_multicast_membership(u, &g, false), WEIR_OK);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &g, false), WEIR_EADDRINVAL);
	ck_assert_int_eq(weir_udp_multicast_membership(u, &g, true), WEIR_OK);
	weir_udp_free(u);
}
END_TEST

START_TEST(what_is_no_group_of_the_family_is_refused)
{
	weir_udp *u;
	weir_sockaddr sa = dg_addr((enum dg_kind)_i, 0);

	if (!dg_has((enum dg_kind)_i)) {
		return;
	}
	u = dg_open((enum dg_kind)_i, NULL);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &sa, true), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &sa, false), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, NULL, true), WEIR_EADDRINVAL);
	sa = group_of(1 - _i, 1);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &sa, true), WEIR_EADDRINVAL);
	sa.s_family = WEIR_AF_IPC;
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &sa, true), WEIR_EADDRINVAL);
	weir_udp_free(u);
}
END_TEST

/* Without a setting: the interface of the bound address, or of a scope. */
START_TEST(the_bound_address_names_the_interface)
{
	weir_sockaddr g = group_of(DG_IN, 3), any = dg_addr(DG_IN6, 0);
	weir_udp *u = dg_open(DG_IN, NULL);

	ck_assert_int_eq(weir_udp_multicast_membership(u, &g, true), WEIR_OK);
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &g, true), WEIR_EADDRINUSE);
	weir_udp_free(u);
	if (!dg_has(DG_IN6)) {
		return;
	}
	any.s_in6.sa_addr[15] = 0;
	ck_assert_int_eq(weir_udp_open(&u, &any), WEIR_OK);
	g = group_of(DG_IN6, 3);
	g.s_in6.sa_scope = 99999999;
	ck_assert_int_eq(
	    weir_udp_multicast_membership(u, &g, true), WEIR_EADDRINVAL);
	g.s_in6.sa_scope = if_nametoindex("lo");
	ck_assert_int_eq(weir_udp_multicast_membership(u, &g, true), WEIR_OK);
	weir_udp_free(u);
}
END_TEST

START_TEST(errors_of_the_system_have_their_codes)
{
	static const struct {
		int eno;
		weir_err err;
	} rows[] = {
	    {ENODEV, WEIR_EADDRINVAL},
	    {EADDRNOTAVAIL, WEIR_EADDRINVAL},
	    {EADDRINUSE, WEIR_EADDRINUSE},
	    {ENOBUFS, WEIR_ENOMEM},
	    {ENOMEM, WEIR_ENOMEM},
	};
	weir_sockaddr g = group_of(DG_IN, 4);
	weir_udp *u = dg_open(DG_IN, NULL);

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 1, rows[i].eno);
		ck_assert_int_eq(
		    weir_udp_multicast_membership(u, &g, true), rows[i].err);
	}
	wri_sys_fail_at(WRI_SYS_SETSOCKOPT, 0, 0);
	weir_udp_free(u);
}
END_TEST

static weir_sockaddr
wildcard(int kind)
{
	weir_sockaddr any = dg_addr((enum dg_kind)kind, 0);

	if (kind == DG_IN) {
		any.s_in.sa_addr = htonl(INADDR_ANY);
	} else {
		any.s_in6.sa_addr[15] = 0;
	}
	return any;
}

/* The first interface that takes what is sent to a group; 0: none does. */
static uint32_t
way_out(int kind)
{
	struct if_nameindex *all = if_nameindex();
	weir_sockaddr any = wildcard(kind), g = group_of(kind, 6);
	weir_udp_params p = {.size = sizeof(p)};
	uint32_t found = 0;
	struct dg tx;

	ck_assert_ptr_nonnull(all);
	dg_init(&tx);
	g.s_in.sa_port = htons(9); /* at the same place in both */
	for (struct if_nameindex *i = all; i->if_index != 0; i++) {
		weir_udp *u;

		p.multicast_if = i->if_index;
		if (found != 0 || weir_udp_open_with(&u, &any, &p) != WEIR_OK) {
			continue;
		}
		dg_send(&tx, u, &g, "x", 1);
		found = dg_wait(&tx) == WEIR_OK ? i->if_index : 0;
		weir_udp_free(u);
	}
	if_freenameindex(all);
	dg_fini(&tx);
	return found;
}

/* Two receivers of one port, and one that listens there but has not joined.
 * The datagrams do not leave the machine. */
START_TEST(a_group_is_heard_by_those_who_joined)
{
	weir_udp_params p = on_lo();
	weir_sockaddr g = group_of(_i, 5), any = wildcard(_i);
	weir_udp *in[3], *out;
	struct dg tx, rx[3];
	char buf[3];

	p.multicast_if = dg_has((enum dg_kind)_i) ? way_out(_i) : 0;
	if (p.multicast_if == 0) {
		return; /* this machine has no way to groups */
	}
	ck_assert_int_eq(weir_udp_open_with(&out, &any, &p), WEIR_OK);
	dg_init(&tx);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weir_udp_open_with(&in[i], &any, &p), WEIR_OK);
		any = dg_name(in[i]);
		dg_init(&rx[i]);
	}
	/* One after the other joins, and then leaves. */
	g.s_in.sa_port = any.s_in.sa_port; /* at the same place in both */
	for (int round = 0; round < 6; round++) {
		ck_assert_int_eq(
		    weir_udp_multicast_membership(in[round % 3], &g, round < 3),
		    WEIR_OK);
		dg_send(&tx, out, &g, "x", 1);
		ck_assert_int_eq(dg_wait(&tx), WEIR_OK);
		/* Nothing comes to the others when it is there. */
		for (int i = 0; i < 3; i++) {
			if ((round < 3) == (i <= round % 3)) {
				dg_arrived(in[i], 1);
			}
		}
		for (int i = 0; i < 3; i++) {
			bool joined = (round < 3) == (i <= round % 3);

			(void)weir_aio_set_timeout(rx[i].c.aio, 0);
			dg_recv(&rx[i], in[i], &buf[i], 1);
			ck_assert_int_eq(
			    dg_wait(&rx[i]), joined ? WEIR_OK : WEIR_ETIMEDOUT);
		}
	}
	for (int i = 0; i < 3; i++) {
		dg_fini(&rx[i]);
		weir_udp_free(in[i]);
	}
	dg_fini(&tx);
	weir_udp_free(out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("groups");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(
	    tc, a_group_is_joined_once_and_left_once, 0, DG_KINDS);
	tcase_add_loop_test(
	    tc, what_is_no_group_of_the_family_is_refused, 0, DG_KINDS);
	tcase_add_test(tc, the_bound_address_names_the_interface);
	tcase_add_test(tc, errors_of_the_system_have_their_codes);
	tcase_add_loop_test(
	    tc, a_group_is_heard_by_those_who_joined, 0, DG_KINDS);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
