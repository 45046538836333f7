/*
 * options - what can be asked of and told to the three kinds of object.
 *
 * Purpose    one order of checks for all: is the object there, the name known,
 *            the type right, may it be set, is the state right.
 * Ownership  names are borrowed for the call.
 * Progress   lock-free: a dialer's and a listener's options are one word; a
 *            stream's are the socket's.  The bound port takes the listener's
 *            lock.
 * Proof      test/stream/test_options.c
 */
#include "base/err.h"
#include "base/life.h"
#include "base/sys.h"
#include "stream/dialer.h"
#include "stream/listener.h"
#include "stream/stream.h"

#include <string.h>

const struct wri_sockopt *
wri_sockopt_find(const struct wri_stream_ops *ops, const char *name)
{
	for (const struct wri_sockopt *o = ops->options; o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0) {
			return o;
		}
	}
	return NULL;
}

/* What every call checks first. */
static weir_err
option_check(const void *handle, enum wri_magic want, const char *call,
    const void *opt, const void *value)
{
	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (!wri_stream_handle_ok(handle, want, call)) {
		return handle == NULL ? WEIR_EINVAL : WEIR_EMISUSE;
	}
	return opt == NULL || value == NULL ? WEIR_EINVAL : WEIR_OK;
}

weir_err
wri_options_set(const struct wri_stream_ops *ops, wri_a32 *options,
    const char *name, bool value)
{
	const struct wri_sockopt *o = wri_sockopt_find(ops, name);

	if (o == NULL) {
		return WEIR_ENOTSUP;
	}
	/* Relaxed: connections made afterwards by the same thread see it, and
	 * nothing hangs on it for others. */
	if (value) {
		(void)wri_or(options, o->bit, WRI_RLX);
	} else {
		(void)wri_and(options, ~o->bit, WRI_RLX);
	}
	return WEIR_OK;
}

weir_err
wri_options_get(const struct wri_stream_ops *ops, const wri_a32 *options,
    const char *name, bool *value)
{
	const struct wri_sockopt *o = wri_sockopt_find(ops, name);

	if (o == NULL) {
		return WEIR_ENOTSUP;
	}
	/* Relaxed: as above. */
	*value = (wri_load(options, WRI_RLX) & o->bit) != 0;
	return WEIR_OK;
}

weir_err
weir_stream_dialer_set_bool(weir_stream_dialer *d, const char *opt, bool value)
{
	weir_err err = option_check(d, WRI_MAGIC_DIALER, __func__, opt, &value);

	return err != WEIR_OK
		   ? err
		   : wri_options_set(d->ops, &d->options, opt, value);
}

weir_err
weir_stream_dialer_get_bool(weir_stream_dialer *d, const char *opt, bool *value)
{
	weir_err err = option_check(d, WRI_MAGIC_DIALER, __func__, opt, value);

	return err != WEIR_OK
		   ? err
		   : wri_options_get(d->ops, &d->options, opt, value);
}

static bool
listener_opt_is_port(const weir_stream_listener *l, const char *opt)
{
	return l->ops->has_port && strcmp(opt, WEIR_OPT_BOUND_PORT) == 0;
}

weir_err
weir_stream_listener_set_bool(
    weir_stream_listener *l, const char *opt, bool value)
{
	weir_err err =
	    option_check(l, WRI_MAGIC_LISTENER, __func__, opt, &value);

	if (err != WEIR_OK) {
		return err;
	}
	if (listener_opt_is_port(l, opt)) {
		return WEIR_EREADONLY;
	}
	return wri_options_set(l->ops, &l->options, opt, value);
}

weir_err
weir_stream_listener_get_bool(
    weir_stream_listener *l, const char *opt, bool *value)
{
	weir_err err =
	    option_check(l, WRI_MAGIC_LISTENER, __func__, opt, value);

	if (err != WEIR_OK) {
		return err;
	}
	if (listener_opt_is_port(l, opt)) {
		return WEIR_EBADTYPE;
	}
	return wri_options_get(l->ops, &l->options, opt, value);
}

weir_err
weir_stream_listener_get_int(
    weir_stream_listener *l, const char *opt, int *value)
{
	weir_err err =
	    option_check(l, WRI_MAGIC_LISTENER, __func__, opt, value);
	weir_sockaddr name;

	if (err != WEIR_OK) {
		return err;
	}
	if (!listener_opt_is_port(l, opt)) {
		return wri_sockopt_find(l->ops, opt) != NULL ? WEIR_EBADTYPE
							     : WEIR_ENOTSUP;
	}
	err = wri_listener_bound(l, &name);
	if (err == WEIR_OK) {
		*value = (int)weir_sockaddr_port(&name);
	}
	return err;
}

/* The option of a stream that is not closed. */
static weir_err
stream_option(weir_stream *s, const char *opt, const struct wri_sockopt **op)
{
	*op = wri_sockopt_find(s->ops, opt);
	if (*op == NULL) {
		return WEIR_ENOTSUP;
	}
	/* Relaxed: a close at the same time may come before or after us; the
	 * descriptor is open either way. */
	return wri_load(&s->ended, WRI_RLX) & WRI_ENDED_ALL ? WEIR_ECLOSED
							    : WEIR_OK;
}

weir_err
weir_stream_set_bool(weir_stream *s, const char *opt, bool value)
{
	weir_err err = option_check(s, WRI_MAGIC_STREAM, __func__, opt, &value);
	const struct wri_sockopt *o;
	int on = value;
	int r;

	if (err == WEIR_OK) {
		err = stream_option(s, opt, &o);
	}
	if (err != WEIR_OK) {
		return err;
	}
	r = wri_sys_setsockopt(
	    weir_fd_number(s->fd), o->level, o->number, &on, sizeof(on));
	return r == 0 ? WEIR_OK : wri_err_of(-r);
}

weir_err
weir_stream_get_bool(weir_stream *s, const char *opt, bool *value)
{
	weir_err err = option_check(s, WRI_MAGIC_STREAM, __func__, opt, value);
	const struct wri_sockopt *o;
	int on = 0;
	socklen_t len = sizeof(on);
	int r;

	if (err == WEIR_OK) {
		err = stream_option(s, opt, &o);
	}
	if (err != WEIR_OK) {
		return err;
	}
	r = wri_sys_getsockopt(
	    weir_fd_number(s->fd), o->level, o->number, &on, &len);
	if (r != 0) {
		return wri_err_of(-r);
	}
	*value = on != 0;
	return WEIR_OK;
}
