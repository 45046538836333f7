/*
 * conform_options - section 16: which object knows which option, and by which
 * type.  What they do: conform_effects.c.
 */
#include "conform/con_net.h"

#include <string.h>

static struct con_net n;

/* Objects that have options. */
enum object {
	TCP_DIALER,
	TCP_LISTENER,
	TCP_STREAM,
	IPC_DIALER,
	IPC_LISTENER,
	IPC_STREAM,
	SOCKET_LISTENER,
	SOCKET_STREAM,
	OBJECTS
};

enum type { BOOL, INT, MS, SIZE, U64, STRING, ADDR, TYPES };

/* What an object lets one do: 'G'et, 'S'et, "GS", or nothing. */
static const struct {
	const char *name;
	enum type type;
	const char *can[OBJECTS];
} options[] = {
    {NNG_OPT_TCP_NODELAY, BOOL, {"GS", "GS", "G", "", "", "", "", ""}},
    {NNG_OPT_TCP_KEEPALIVE, BOOL, {"GS", "GS", "G", "", "", "", "", ""}},
    {NNG_OPT_LOCADDR, ADDR, {"S", "", "", "", "", "", "", ""}},
    {NNG_OPT_BOUND_PORT, INT, {"", "G", "", "", "", "", "", ""}},
    {NNG_OPT_LISTEN_FD, INT, {"", "S", "", "", "S", "", "", ""}},
    {NNG_OPT_IPC_PERMISSIONS, INT, {"", "", "", "", "S", "", "", ""}},
    {NNG_OPT_PEER_UID, INT, {"", "", "", "", "", "G", "", "G"}},
    {NNG_OPT_PEER_GID, INT, {"", "", "", "", "", "G", "", "G"}},
    {NNG_OPT_PEER_PID, INT, {"", "", "", "", "", "G", "", "G"}},
    {NNG_OPT_PEER_ZONEID, INT, {"", "", "", "", "", "", "", ""}},
    {NNG_OPT_SOCKET_FD, INT, {"", "", "", "", "", "", "S", ""}},
    {NNG_OPT_RECVBUF, INT, {"", "", "", "", "", "", "", ""}},
    {NNG_OPT_SENDTIMEO, MS, {"", "", "", "", "", "", "", ""}},
    {NNG_OPT_RECVMAXSZ, SIZE, {"", "", "", "", "", "", "", ""}},
    {"no-such-option", BOOL, {"", "", "", "", "", "", "", ""}},
    {"", STRING, {"", "", "", "", "", "", "", ""}},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

union value {
	bool b;
	int i;
	nng_duration ms;
	size_t size;
	uint64_t u64;
	const char *str;
};

static nng_err
get(enum object on, enum type type, const char *opt, union value *v)
{
#define GET(obj, what)                                                         \
	switch (type) {                                                        \
	case BOOL:                                                             \
		return nng_stream##what##_get_bool(obj, opt, &v->b);           \
	case INT:                                                              \
		return nng_stream##what##_get_int(obj, opt, &v->i);            \
	case MS:                                                               \
		return nng_stream##what##_get_ms(obj, opt, &v->ms);            \
	case SIZE:                                                             \
		return nng_stream##what##_get_size(obj, opt, &v->size);        \
	case U64:                                                              \
		return nng_stream##what##_get_uint64(obj, opt, &v->u64);       \
	case STRING:                                                           \
		return nng_stream##what##_get_string(obj, opt, &v->str);       \
	case ADDR:                                                             \
	case TYPES:                                                            \
		break;                                                         \
	}                                                                      \
	return NNG_EINTERNAL
	if (on == TCP_DIALER || on == IPC_DIALER) {
		GET(n.d, _dialer);
	}
	if (on == TCP_LISTENER || on == IPC_LISTENER || on == SOCKET_LISTENER) {
		GET(n.l, _listener);
	}
	GET(n.far, );
}

static nng_err
set(enum object on, enum type type, const char *opt)
{
	nng_sockaddr sa = {.s_family = NNG_AF_UNSPEC};

#define SET(obj, what)                                                         \
	switch (type) {                                                        \
	case BOOL:                                                             \
		return nng_stream##what##_set_bool(obj, opt, true);            \
	case INT:                                                              \
		return nng_stream##what##_set_int(obj, opt, -1);               \
	case MS:                                                               \
		return nng_stream##what##_set_ms(obj, opt, 1);                 \
	case SIZE:                                                             \
		return nng_stream##what##_set_size(obj, opt, 1);               \
	case U64:                                                              \
		return nng_stream##what##_set_uint64(obj, opt, 1);             \
	case STRING:                                                           \
		return nng_stream##what##_set_string(obj, opt, "x");           \
	case ADDR:                                                             \
		return nng_stream##what##_set_addr(obj, opt, &sa);             \
	case TYPES:                                                            \
		break;                                                         \
	}                                                                      \
	return NNG_EINTERNAL
	if (on == TCP_DIALER || on == IPC_DIALER) {
		SET(n.d, _dialer);
	}
	SET(n.l, _listener);
}

static const enum con_kind kind_of[OBJECTS] = {CON_TCP, CON_TCP, CON_TCP,
    CON_IPC, CON_IPC, CON_IPC, CON_SOCKET, CON_SOCKET};

static bool
is_stream(enum object on)
{
	return on == TCP_STREAM || on == IPC_STREAM || on == SOCKET_STREAM;
}

/* In the order of the checks: name, way, type. */
START_TEST(each_object_knows_its_options_by_their_type_only)
{
	enum object on = (enum object)_i;

	con_net_init(&n, kind_of[on]);
	for (unsigned i = 0; i < OPTIONS; i++) {
		const char *can = options[i].can[on];

		for (int t = 0; t < TYPES; t++) {
			enum type type = (enum type)t;
			union value v;
			nng_err want;
			nng_err err;

			want = can[0] == '\0'             ? NNG_ENOTSUP
			       : strchr(can, 'G') == NULL ? NNG_EWRITEONLY
			       : type != options[i].type  ? NNG_EBADTYPE
							  : NNG_OK;
			if (type != ADDR) {
				err = get(on, type, options[i].name, &v);
				ck_assert_msg(err == want,
				    "get %s of %d as %d: %d, not %d",
				    options[i].name, _i, t, (int)err,
				    (int)want);
			}
			if (is_stream(on) ||
			    (type == options[i].type && can[0] != '\0' &&
				strchr(can, 'S') != NULL)) {
				continue;
			}
			want = can[0] == '\0'             ? NNG_ENOTSUP
			       : strchr(can, 'S') == NULL ? NNG_EREADONLY
							  : NNG_EBADTYPE;
			err = set(on, type, options[i].name);
			ck_assert_msg(err == want,
			    "set %s of %d as %d: %d, not %d", options[i].name,
			    _i, t, (int)err, (int)want);
		}
	}
	con_net_fini(&n);
}
END_TEST

START_TEST(tls_is_not_supported)
{
	nng_tls_config *cfg = NULL;

	con_net_listen(&n, CON_TCP);
	ck_assert_int_eq(nng_stream_dialer_get_tls(n.d, &cfg), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_dialer_set_tls(n.d, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_listener_get_tls(n.l, &cfg), NNG_ENOTSUP);
	ck_assert_int_eq(nng_stream_listener_set_tls(n.l, NULL), NNG_ENOTSUP);
	ck_assert_int_eq(
	    nng_stream_listener_set_security_descriptor(n.l, &n), NNG_ENOTSUP);
	ck_assert_ptr_null(cfg);
	con_net_fini(&n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/options");
	TCase *tc = con_case(suite, "options");

	tcase_add_loop_test(
	    tc, each_object_knows_its_options_by_their_type_only, 0, OBJECTS);
	tcase_add_test(tc, tls_is_not_supported);
	return run_suite(suite);
}
