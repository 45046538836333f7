/*
 * test_options - options of the three kinds of object.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <string.h>

#define NODELAY WEIR_OPT_TCP_NODELAY
#define KEEPALIVE WEIR_OPT_TCP_KEEPALIVE
#define PORT WEIR_OPT_BOUND_PORT

static weir_stream_listener *l;
static weir_stream_dialer *d;
static struct op dial, acc;

/* The loop's number is the transport. */
static void
begin(int kind)
{
	char url[NET_URL_MAX];

	rt_setup();
	op_init(&dial);
	op_init(&acc);
	l = net_listener((enum net_kind)kind, url);
	d = net_dialer(url);
}

static void
end(void)
{
	weir_stream_listener_free(l);
	weir_stream_dialer_free(d);
	op_fini(&dial);
	op_fini(&acc);
	rt_teardown();
}

static bool
stream_has(weir_stream *s, const char *opt)
{
	bool value;

	ck_assert_int_eq(weir_stream_get_bool(s, opt, &value), WEIR_OK);
	return value;
}

static void
connect_both(weir_stream **a, weir_stream **b)
{
	ck_assert_int_eq(op_dial(&dial, d, a), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, b), WEIR_OK);
}

START_TEST(connections_have_nodelay_and_no_keepalive_by_default)
{
	weir_stream *a, *b;
	bool value = false;

	begin(_i);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, NODELAY, &value), WEIR_OK);
	ck_assert(value);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(l, NODELAY, &value), WEIR_OK);
	ck_assert(value);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, KEEPALIVE, &value), WEIR_OK);
	ck_assert(!value);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(l, KEEPALIVE, &value), WEIR_OK);
	ck_assert(!value);
	connect_both(&a, &b);
	ck_assert(stream_has(a, NODELAY) && stream_has(b, NODELAY));
	ck_assert(!stream_has(a, KEEPALIVE) && !stream_has(b, KEEPALIVE));
	weir_stream_free(a);
	weir_stream_free(b);
	end();
}
END_TEST

START_TEST(an_option_holds_for_connections_made_afterwards)
{
	weir_stream *a, *b, *c, *e;

	begin(_i);
	connect_both(&a, &b);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, NODELAY, false), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, KEEPALIVE, true), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, KEEPALIVE, true), WEIR_OK);
	connect_both(&c, &e);
	ck_assert(stream_has(a, NODELAY) && !stream_has(a, KEEPALIVE));
	ck_assert(!stream_has(b, KEEPALIVE));
	ck_assert(!stream_has(c, NODELAY) && stream_has(c, KEEPALIVE));
	ck_assert(stream_has(e, NODELAY) && stream_has(e, KEEPALIVE));
	weir_stream_free(a);
	weir_stream_free(b);
	weir_stream_free(c);
	weir_stream_free(e);
	end();
}
END_TEST

START_TEST(a_stream_shows_and_sets_the_live_value)
{
	weir_stream *a, *b;
	bool value;

	begin(_i);
	connect_both(&a, &b);
	ck_assert_int_eq(weir_stream_set_bool(a, NODELAY, false), WEIR_OK);
	ck_assert(!stream_has(a, NODELAY));
	ck_assert_int_eq(weir_stream_set_bool(a, NODELAY, true), WEIR_OK);
	ck_assert(stream_has(a, NODELAY));
	ck_assert_int_eq(weir_stream_set_bool(a, KEEPALIVE, true), WEIR_OK);
	ck_assert(stream_has(a, KEEPALIVE));
	weir_stream_close(a);
	ck_assert_int_eq(weir_stream_set_bool(a, NODELAY, true), WEIR_ECLOSED);
	ck_assert_int_eq(
	    weir_stream_get_bool(a, NODELAY, &value), WEIR_ECLOSED);
	weir_stream_free(a);
	weir_stream_free(b);
	end();
}
END_TEST

START_TEST(the_bound_port_is_known_from_listen_to_close)
{
	char url[NET_URL_MAX];
	weir_stream_listener *other;
	bool flag;
	int port = -1;

	begin(_i);
	net_listen_url((enum net_kind)_i, url);
	ck_assert_int_eq(weir_stream_listener_alloc(&other, url), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(other, PORT, &port), WEIR_ESTATE);
	ck_assert_int_eq(port, -1);
	ck_assert_int_eq(weir_stream_listener_listen(other), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(other, PORT, &port), WEIR_OK);
	ck_assert(port > 0 && port <= 65535);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(other, PORT, &flag), WEIR_EBADTYPE);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(other, PORT, true), WEIR_EREADONLY);
	weir_stream_listener_close(other);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(other, PORT, &port), WEIR_ECLOSED);
	weir_stream_listener_free(other);
	end();
}
END_TEST

START_TEST(unknown_names_and_wrong_types_are_told_apart)
{
	weir_stream *a, *b;
	bool flag;
	int n;

	begin(_i);
	connect_both(&a, &b);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, "x", &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, "", true), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, PORT, &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(l, "x", &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, "x", true), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, "x", &n), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, NODELAY, &n), WEIR_EBADTYPE);
	ck_assert_int_eq(weir_stream_get_bool(a, "x", &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(weir_stream_set_bool(a, "x", true), WEIR_ENOTSUP);
	ck_assert_int_eq(weir_stream_get_bool(a, PORT, &flag), WEIR_ENOTSUP);
	weir_stream_free(a);
	weir_stream_free(b);
	end();
}
END_TEST

START_TEST(unix_objects_have_no_tcp_options)
{
	weir_stream *a, *b;
	bool flag;
	int n;

	begin(NET_UNIX);
	connect_both(&a, &b);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, NODELAY, &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, NODELAY, true), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, KEEPALIVE, true), WEIR_ENOTSUP);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, PORT, &n), WEIR_ENOTSUP);
	ck_assert_int_eq(weir_stream_get_bool(a, NODELAY, &flag), WEIR_ENOTSUP);
	ck_assert_int_eq(weir_stream_set_bool(b, NODELAY, true), WEIR_ENOTSUP);
	weir_stream_free(a);
	weir_stream_free(b);
	end();
}
END_TEST

START_TEST(null_is_invalid)
{
	weir_stream *a, *b;
	bool flag;
	int n;

	begin(_i);
	connect_both(&a, &b);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(NULL, NODELAY, &flag), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, NULL, &flag), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_get_bool(d, NODELAY, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(NULL, NODELAY, true), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_set_bool(d, NULL, true), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(NULL, NODELAY, &flag), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_get_bool(l, NODELAY, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_set_bool(l, NULL, true), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(NULL, PORT, &n), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, PORT, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_get_bool(NULL, NODELAY, &flag), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_get_bool(a, NODELAY, NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_set_bool(NULL, NODELAY, true), WEIR_EINVAL);
	ck_assert_int_eq(weir_stream_set_bool(a, NULL, true), WEIR_EINVAL);
	weir_stream_free(a);
	weir_stream_free(b);
	end();
}
END_TEST

/* Both families of tcp. */
static void
add(TCase *tc, const TTest *test)
{
	tcase_add_loop_test(tc, test, NET_TCP, NET_UNIX);
}

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("options");

	add(tc, connections_have_nodelay_and_no_keepalive_by_default);
	add(tc, an_option_holds_for_connections_made_afterwards);
	add(tc, a_stream_shows_and_sets_the_live_value);
	add(tc, the_bound_port_is_known_from_listen_to_close);
	add(tc, unknown_names_and_wrong_types_are_told_apart);
	add(tc, null_is_invalid);
	tcase_add_test(tc, unix_objects_have_no_tcp_options);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
