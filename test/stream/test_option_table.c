/*
 * test_option_table - every option, on every kind of object of every transport,
 * read and set as every type: the table of docs/api/stream_options.md.
 */
#include "stream/net.h"
#include "support/rt.h"
#include "support/run.h"

#include <string.h>
#include <unistd.h>

enum type { BOOL, INT, NS, SIZE, U64, TEXT, ADDR, TYPES };
enum role { DIALER, LISTENER, STREAM, ROLES };

/* G: can be read, S: can be set, "": the object does not know it. */
static const struct row {
	const char *name;
	enum type type;
	const char *tcp[ROLES];
	const char *ipc[ROLES];
	const char *socket[ROLES];
} rows[] = {
    {"tcp-nodelay", BOOL, {"GS", "GS", "GS"}, {"", "", ""}, {"", "", ""}},
    {"tcp-keepalive", BOOL, {"GS", "GS", "GS"}, {"", "", ""}, {"", "", ""}},
    {"local-address", ADDR, {"S", "", ""}, {"", "", ""}, {"", "", ""}},
    {"bound-port", INT, {"", "G", ""}, {"", "", ""}, {"", "", ""}},
    {"bound-address", ADDR, {"", "G", ""}, {"", "G", ""}, {"", "", ""}},
    {"reuse-port", BOOL, {"", "GS", ""}, {"", "", ""}, {"", "", ""}},
    {"v6only", BOOL, {"", "GS", ""}, {"", "", ""}, {"", "", ""}},
    {"send-buffer-size", SIZE, {"GS", "GS", "GS"}, {"GS", "GS", "GS"},
	{"", "", "GS"}},
    {"recv-buffer-size", SIZE, {"GS", "GS", "GS"}, {"GS", "GS", "GS"},
	{"", "", "GS"}},
    {"ipc:permissions", INT, {"", "", ""}, {"", "S", ""}, {"", "", ""}},
    {"ipc:peer-uid", INT, {"", "", ""}, {"", "", "G"}, {"", "", "G"}},
    {"ipc:peer-gid", INT, {"", "", ""}, {"", "", "G"}, {"", "", "G"}},
    {"ipc:peer-pid", INT, {"", "", ""}, {"", "", "G"}, {"", "", "G"}},
    {"listen-fd", INT, {"", "S", ""}, {"", "S", ""}, {"", "", ""}},
    {"socket:fd", INT, {"", "", ""}, {"", "", ""}, {"", "S", ""}},
    {"ipc:peer-zoneid", INT, {"", "", ""}, {"", "", ""}, {"", "", ""}},
    {"recv-buffer", INT, {"", "", ""}, {"", "", ""}, {"", "", ""}},
    {"", INT, {"", "", ""}, {"", "", ""}, {"", "", ""}},
};

#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

static weir_stream_dialer *d;
static weir_stream_listener *l;
static weir_stream *s, *t;

static void
begin(enum net_kind kind)
{
	char url[NET_URL_MAX];
	struct op dial, acc;

	rt_setup();
	op_init(&dial);
	op_init(&acc);
	l = net_listener(kind, url);
	d = net_dialer(url);
	ck_assert_int_eq(op_dial(&dial, d, &s), WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &t), WEIR_OK);
	op_fini(&dial);
	op_fini(&acc);
}

/* A listener that is fed, and a stream of it; there is no dialer. */
static void
begin_socket(void)
{
	struct op acc;
	int fds[2];

	rt_setup();
	op_init(&acc);
	ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
	ck_assert_int_eq(weir_stream_from_fd(&t, fds[1]), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_alloc(&l, "socket://"), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_set_int(l, WEIR_OPT_SOCKET_FD, fds[0]),
	    WEIR_OK);
	ck_assert_int_eq(op_accept(&acc, l, &s), WEIR_OK);
	op_fini(&acc);
}

static void
end(void)
{
	weir_stream_free(s);
	weir_stream_free(t);
	weir_stream_dialer_free(d);
	weir_stream_listener_free(l);
	d = NULL;
	rt_teardown();
}

/* One function for each kind of object, by the type. */
#define GETTER(object, handle)                                                 \
	static weir_err object##_get(enum type type, const char *name)         \
	{                                                                      \
		bool flag;                                                     \
		int num;                                                       \
		weir_duration ns;                                              \
		size_t size;                                                   \
		uint64_t u64;                                                  \
		const char *text;                                              \
		weir_sockaddr addr;                                            \
                                                                               \
		switch (type) {                                                \
		case BOOL:                                                     \
			return weir_##object##_get_bool(handle, name, &flag);  \
		case INT:                                                      \
			return weir_##object##_get_int(handle, name, &num);    \
		case NS:                                                       \
			return weir_##object##_get_duration(                   \
			    handle, name, &ns);                                \
		case SIZE:                                                     \
			return weir_##object##_get_size(handle, name, &size);  \
		case U64:                                                      \
			return weir_##object##_get_uint64(handle, name, &u64); \
		case TEXT:                                                     \
			return weir_##object##_get_string(                     \
			    handle, name, &text);                              \
		case ADDR:                                                     \
			return weir_##object##_get_addr(handle, name, &addr);  \
		case TYPES:                                                    \
			break;                                                 \
		}                                                              \
		return WEIR_EINTERNAL;                                         \
	}

#define SETTER(object, handle)                                                 \
	static weir_err object##_set(enum type type, const char *name)         \
	{                                                                      \
		static const weir_sockaddr any;                                \
                                                                               \
		switch (type) {                                                \
		case BOOL:                                                     \
			return weir_##object##_set_bool(handle, name, true);   \
		case INT:                                                      \
			return weir_##object##_set_int(handle, name, -1);      \
		case NS:                                                       \
			return weir_##object##_set_duration(handle, name, 1);  \
		case SIZE:                                                     \
			return weir_##object##_set_size(handle, name, 8192);   \
		case U64:                                                      \
			return weir_##object##_set_uint64(handle, name, 1);    \
		case TEXT:                                                     \
			return weir_##object##_set_string(handle, name, "x");  \
		case ADDR:                                                     \
			return weir_##object##_set_addr(handle, name, &any);   \
		case TYPES:                                                    \
			break;                                                 \
		}                                                              \
		return WEIR_EINTERNAL;                                         \
	}

GETTER(stream_dialer, d)
GETTER(stream_listener, l)
GETTER(stream, s)
SETTER(stream_dialer, d)
SETTER(stream_listener, l)
SETTER(stream, s)

static weir_err (*const getters[ROLES])(enum type, const char *) = {
    stream_dialer_get, stream_listener_get, stream_get};
static weir_err (*const setters[ROLES])(enum type, const char *) = {
    stream_dialer_set, stream_listener_set, stream_set};

static void
expect(weir_err got, weir_err want, const char *what, const char *name,
    int role, int type)
{
	ck_assert_msg(got == want, "%s %s, role %d, type %d: %s, not %s", what,
	    name, role, type, weir_strerror(got), weir_strerror(want));
}

/* What a setter of the right type says of a value that is right, or -1, to a
 * listener that listens. */
static weir_err
right_value(const struct row *r, enum role role)
{
	if (strcmp(r->name, "reuse-port") == 0 ||
	    strcmp(r->name, "v6only") == 0) {
		return WEIR_EBUSY;
	}
	(void)role;
	return r->type == INT ? WEIR_EINVAL : WEIR_OK;
}

static void
try_row(const struct row *r, enum role role, const char *can)
{
	for (int type = 0; type < TYPES; type++) {
		weir_err get = WEIR_OK;
		weir_err set = WEIR_OK;

		if (*can == '\0') {
			get = set = WEIR_ENOTSUP;
		} else {
			get = (enum type)type == r->type ? WEIR_OK
							 : WEIR_EBADTYPE;
			set = (enum type)type == r->type ? right_value(r, role)
							 : WEIR_EBADTYPE;
			get = strchr(can, 'G') != NULL ? get : WEIR_EWRITEONLY;
			set = strchr(can, 'S') != NULL ? set : WEIR_EREADONLY;
		}
		expect(getters[role]((enum type)type, r->name), get, "get",
		    r->name, (int)role, type);
		expect(setters[role]((enum type)type, r->name), set, "set",
		    r->name, (int)role, type);
	}
}

START_TEST(every_object_knows_what_the_table_says_and_as_that_type)
{
	begin((enum net_kind)_i);
	for (int i = 0; i < ROWS; i++) {
		for (int role = 0; role < ROLES; role++) {
			try_row(&rows[i], (enum role)role,
			    net_is_unix((enum net_kind)_i) ? rows[i].ipc[role]
							   : rows[i].tcp[role]);
		}
	}
	end();
}
END_TEST

START_TEST(what_the_program_gives_knows_what_the_table_says)
{
	begin_socket();
	for (int i = 0; i < ROWS; i++) {
		try_row(&rows[i], LISTENER, rows[i].socket[LISTENER]);
		try_row(&rows[i], STREAM, rows[i].socket[STREAM]);
	}
	end();
}
END_TEST

START_TEST(null_is_invalid_for_every_type)
{
	weir_stream_dialer *d0 = d;
	weir_stream_listener *l0 = l;
	weir_stream *s0 = s;

	begin((enum net_kind)_i);
	d0 = d;
	l0 = l;
	s0 = s;
	for (int role = 0; role < ROLES; role++) {
		for (int type = 0; type < TYPES; type++) {
			expect(getters[role]((enum type)type, NULL),
			    WEIR_EINVAL, "get", "NULL", role, type);
			expect(setters[role]((enum type)type, NULL),
			    WEIR_EINVAL, "set", "NULL", role, type);
		}
	}
	d = NULL;
	l = NULL;
	s = NULL;
	for (int role = 0; role < ROLES; role++) {
		for (int type = 0; type < TYPES; type++) {
			expect(getters[role]((enum type)type, "tcp-nodelay"),
			    WEIR_EINVAL, "get", "of NULL", role, type);
			expect(setters[role]((enum type)type, "tcp-nodelay"),
			    WEIR_EINVAL, "set", "of NULL", role, type);
		}
	}
	d = d0;
	l = l0;
	s = s0;
	ck_assert_int_eq(
	    weir_stream_dialer_set_string(d, "x", NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_dialer_set_addr(d, "x", NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_listener_get_addr(l, "x", NULL), WEIR_EINVAL);
	end();
}
END_TEST

/* Of a stream: the state comes before the type when reading, after it when
 * setting. */
START_TEST(a_closed_stream_says_so_in_its_turn)
{
	begin(NET_TCP);
	weir_stream_close(s);
	for (int type = 0; type < TYPES; type++) {
		expect(stream_get((enum type)type, "tcp-nodelay"), WEIR_ECLOSED,
		    "get", "tcp-nodelay", STREAM, type);
		expect(stream_set((enum type)type, "tcp-nodelay"),
		    type == BOOL ? WEIR_ECLOSED : WEIR_EBADTYPE, "set",
		    "tcp-nodelay", STREAM, type);
	}
	ck_assert_int_eq(
	    weir_stream_set_size(s, "send-buffer-size", 0), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_stream_set_size(s, "send-buffer-size", 1), WEIR_ECLOSED);
	expect(stream_get(BOOL, "x"), WEIR_ENOTSUP, "get", "x", STREAM, BOOL);
	end();
}
END_TEST

START_TEST(a_closed_listener_says_so_in_its_turn)
{
	begin((enum net_kind)_i);
	weir_stream_listener_close(l);
	expect(stream_listener_get(TEXT, "bound-address"), WEIR_ECLOSED, "get",
	    "bound-address", LISTENER, TEXT);
	if (net_is_unix((enum net_kind)_i)) {
		ck_assert_int_eq(
		    weir_stream_listener_set_int(l, "ipc:permissions", -1),
		    WEIR_EINVAL);
		ck_assert_int_eq(
		    weir_stream_listener_set_int(l, "ipc:permissions", 0600),
		    WEIR_ECLOSED);
	} else {
		ck_assert_int_eq(
		    weir_stream_listener_set_bool(l, "reuse-port", true),
		    WEIR_ECLOSED);
		expect(stream_listener_get(TEXT, "bound-port"), WEIR_ECLOSED,
		    "get", "bound-port", LISTENER, TEXT);
	}
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stream");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(tc,
	    every_object_knows_what_the_table_says_and_as_that_type, 0,
	    NET_KINDS);
	tcase_add_test(tc, what_the_program_gives_knows_what_the_table_says);
	tcase_add_loop_test(tc, null_is_invalid_for_every_type, 0, NET_KINDS);
	tcase_add_test(tc, a_closed_stream_says_so_in_its_turn);
	tcase_add_loop_test(
	    tc, a_closed_listener_says_so_in_its_turn, 0, NET_KINDS);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
