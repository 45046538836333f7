/*
 * options - what can be asked of and told to the three kinds of object.
 *
 * Purpose    one order of checks for all: is the object there, the name known,
 *            may it be read or set; then of a getter the state and the type,
 *            of a setter the type, the value and the state.  Who carries it
 *            out is in the transport's table.
 * Ownership  names, strings and addresses are borrowed for the call.
 * Progress   as the row's way; see settings.c.
 * Proof      test/stream/test_options.c
 */
#include "stream/options.h"
#include "base/life.h"
#include "stream/dialer.h"
#include "stream/listener.h"
#include "stream/stream.h"

#include <string.h>

/* What each role's objects have in their first word. */
static const enum wri_magic option_magic[WRI_ROLES] = {
    [WRI_ROLE_DIALER] = WRI_MAGIC_DIALER,
    [WRI_ROLE_LISTENER] = WRI_MAGIC_LISTENER,
    [WRI_ROLE_STREAM] = WRI_MAGIC_STREAM,
};

static const struct wri_option *
option_table(const void *obj, enum wri_role role)
{
	switch (role) {
	case WRI_ROLE_DIALER:
		return ((const struct weir_stream_dialer *)obj)->ops->options;
	case WRI_ROLE_LISTENER:
		return ((const struct weir_stream_listener *)obj)->ops->options;
	case WRI_ROLE_STREAM:
	case WRI_ROLES:
		break;
	}
	return ((const struct weir_stream *)obj)->ops->options;
}

/* What a call asks for. */
struct ask {
	const char *call; /* for reports */
	enum wri_role role;
	enum wri_option_type type;
	const char *name;
};

/* Is the object there, does it know the name? */
static weir_err
option_find(const struct ask *ask, const void *obj, const void *value,
    const struct wri_option **op)
{
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (!wri_stream_handle_ok(obj, option_magic[ask->role], ask->call)) {
		return obj == NULL ? WEIR_EINVAL : WEIR_EMISUSE;
	}
	if (ask->name == NULL || value == NULL) {
		return WEIR_EINVAL;
	}
	for (const struct wri_option *o = option_table(obj, ask->role);
	     o->name != NULL; o++) {
		if (o->on[ask->role] != NULL &&
		    strcmp(o->name, ask->name) == 0) {
			*op = o;
			return WEIR_OK;
		}
	}
	return WEIR_ENOTSUP;
}

/* out: the program's, not written here. */
static weir_err
option_get(
    const struct ask *ask, void *obj, const void *out, union wri_value *value)
{
	const struct wri_option *o = NULL;
	weir_err err = option_find(ask, obj, out, &o);

	if (err != WEIR_OK) {
		return err;
	}
	if (o->on[ask->role]->get == NULL) {
		return WEIR_EWRITEONLY;
	}
	err = o->on[ask->role]->get(obj, o, value);
	if (err != WEIR_OK) {
		return err;
	}
	return o->type == ask->type ? WEIR_OK : WEIR_EBADTYPE;
}

static weir_err
option_set(const struct ask *ask, void *obj, const union wri_value *value)
{
	const struct wri_option *o = NULL;
	const void *given = value;
	weir_err err;

	if (ask->type == WRI_OPTION_STRING) {
		given = value->text;
	} else if (ask->type == WRI_OPTION_ADDR) {
		given = value->addr;
	}
	err = option_find(ask, obj, given, &o);
	if (err != WEIR_OK) {
		return err;
	}
	if (o->on[ask->role]->set == NULL) {
		return WEIR_EREADONLY;
	}
	return o->type == ask->type ? o->on[ask->role]->set(obj, o, value)
				    : WEIR_EBADTYPE;
}

/*
 * The public calls: one body for each type, once for each kind of object.
 * from, to: between the program's value and union wri_value.  (Names have
 * their verb with them: bool alone is a macro.)
 */
#define OPTION_GET(object, name, role, TYPE, type, from)                       \
	weir_err weir_##object##_##name(                                       \
	    weir_##object *h, const char *opt, type *value)                    \
	{                                                                      \
		const struct ask ask = {__func__, role, TYPE, opt};            \
		union wri_value v = {0};                                       \
		weir_err err = option_get(&ask, h, value, &v);                 \
                                                                               \
		if (err == WEIR_OK) {                                          \
			*value = from;                                         \
		}                                                              \
		return err;                                                    \
	}

#define OPTION_SET(object, name, role, TYPE, type, to)                         \
	weir_err weir_##object##_##name(                                       \
	    weir_##object *h, const char *opt, type value)                     \
	{                                                                      \
		const struct ask ask = {__func__, role, TYPE, opt};            \
		const union wri_value v = {.to = value};                       \
                                                                               \
		return option_set(&ask, h, &v);                                \
	}

#define OPTION_BOTH(object, suffix, role, TYPE, type, member)                  \
	OPTION_GET(object, get##suffix, role, TYPE, type, v.member)            \
	OPTION_SET(object, set##suffix, role, TYPE, type, member)

#define OPTIONS(object, role)                                                  \
	OPTION_BOTH(object, _bool, role, WRI_OPTION_BOOL, bool, flag)          \
	OPTION_BOTH(object, _int, role, WRI_OPTION_INT, int, num)              \
	OPTION_BOTH(                                                           \
	    object, _duration, role, WRI_OPTION_DURATION, weir_duration, ns)   \
	OPTION_BOTH(object, _size, role, WRI_OPTION_SIZE, size_t, size)        \
	OPTION_BOTH(object, _uint64, role, WRI_OPTION_UINT64, uint64_t, u64)   \
	OPTION_BOTH(                                                           \
	    object, _string, role, WRI_OPTION_STRING, const char *, text)      \
	OPTION_GET(                                                            \
	    object, get_addr, role, WRI_OPTION_ADDR, weir_sockaddr, *v.addr)   \
	OPTION_SET(object, set_addr, role, WRI_OPTION_ADDR,                    \
	    const weir_sockaddr *, addr)

OPTIONS(stream_dialer, WRI_ROLE_DIALER)
OPTIONS(stream_listener, WRI_ROLE_LISTENER)
OPTIONS(stream, WRI_ROLE_STREAM)
