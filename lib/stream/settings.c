/*
 * settings - what a dialer or listener has been told, and how sockets hear it.
 *
 * Purpose    the ways to read and set an option that more than one transport
 *            has.
 * Ownership  values.
 * Progress   lock-free; what listen needs takes the listener's lock.
 * Bounds     a buffer of SETTINGS_SIZE_MAX bytes.
 * Proof      test/stream/test_options.c
 */
#include "base/err.h"
#include "base/sys.h"
#include "stream/dialer.h"
#include "stream/listener.h"
#include "stream/stream.h"

#include <limits.h>

/* The system's option is an int, which it doubles. */
#define SETTINGS_SIZE_MAX ((size_t)INT_MAX / 2)
#define SETTINGS_MODE_BITS 07777

void
wri_settings_init(struct wri_settings *set)
{
	/* Relaxed, here and below: see struct wri_settings. */
	wri_store(&set->flags, WRI_FLAGS_DEFAULT, WRI_RLX);
	wri_store(&set->sizes[WRI_SIZE_SEND], 0, WRI_RLX);
	wri_store(&set->sizes[WRI_SIZE_RECV], 0, WRI_RLX);
	wri_store(&set->mode, WRI_MODE_UMASK, WRI_RLX);
}

bool
wri_settings_has(const struct wri_settings *set, uint32_t flag)
{
	return (wri_load(&set->flags, WRI_RLX) & flag) != 0;
}

void
wri_settings_flags(
    const struct wri_settings *set, const struct wri_option *table, int fd)
{
	const int on = 1;

	for (const struct wri_option *o = table; o->name != NULL; o++) {
		if (o->on[WRI_ROLE_STREAM] == &wri_how_live_flag &&
		    wri_settings_has(set, o->slot)) {
			/* A connection without the option still works. */
			(void)wri_sys_setsockopt(
			    fd, o->level, o->number, &on, sizeof(on));
		}
	}
}

void
wri_settings_sizes(const struct wri_settings *set, int fd)
{
	static const int numbers[2] = {
	    [WRI_SIZE_SEND] = SO_SNDBUF,
	    [WRI_SIZE_RECV] = SO_RCVBUF,
	};

	for (unsigned i = 0; i < 2; i++) {
		int size = (int)wri_load(&set->sizes[i], WRI_RLX);

		if (size != 0) {
			(void)wri_sys_setsockopt(
			    fd, SOL_SOCKET, numbers[i], &size, sizeof(size));
		}
	}
}

/* --- Dialer and listener ------------------------------------------------ */

static struct wri_settings *
settings_of(void *obj)
{
	const uint32_t *magic = obj;

	return *magic == (uint32_t)WRI_MAGIC_DIALER
		   ? &((struct weir_stream_dialer *)obj)->settings
		   : &((struct weir_stream_listener *)obj)->settings;
}

static weir_err
flag_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	value->flag = wri_settings_has(settings_of(obj), o->slot);
	return WEIR_OK;
}

static weir_err
flag_set(void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct wri_settings *set = settings_of(obj);

	if (value->flag) {
		(void)wri_or(&set->flags, o->slot, WRI_RLX);
	} else {
		(void)wri_and(&set->flags, ~o->slot, WRI_RLX);
	}
	return WEIR_OK;
}

static weir_err
flag_set_early(
    void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct weir_stream_listener *l = obj;
	weir_err err;

	wri_mtx_lock(&l->mtx);
	err = wri_listener_fresh_locked(l);
	if (err == WEIR_OK) {
		err = flag_set(obj, o, value);
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

static weir_err
size_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	value->size = wri_load(&settings_of(obj)->sizes[o->slot], WRI_RLX);
	return WEIR_OK;
}

static weir_err
size_set(void *obj, const struct wri_option *o, const union wri_value *value)
{
	if (value->size > SETTINGS_SIZE_MAX) {
		return WEIR_EINVAL;
	}
	wri_store(
	    &settings_of(obj)->sizes[o->slot], (uint32_t)value->size, WRI_RLX);
	return WEIR_OK;
}

static weir_err
mode_set(void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct weir_stream_listener *l = obj;
	weir_err err;

	(void)o;
	if (value->num < 0 || value->num > SETTINGS_MODE_BITS) {
		return WEIR_EINVAL;
	}
	wri_mtx_lock(&l->mtx);
	err = wri_listener_fresh_locked(l);
	if (err == WEIR_OK) {
		wri_store(&l->settings.mode, (uint32_t)value->num, WRI_RLX);
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

/* --- A stream ----------------------------------------------------------- */

static weir_err
live_get(void *obj, const struct wri_option *o, int *value)
{
	weir_stream *s = obj;
	socklen_t len = sizeof(*value);
	int r;

	if (wri_stream_is_closed(s)) {
		return WEIR_ECLOSED;
	}
	*value = 0;
	r = wri_sys_getsockopt(
	    weir_fd_number(s->fd), o->level, o->number, value, &len);
	return r == 0 ? WEIR_OK : wri_err_of(-r);
}

static weir_err
live_set(void *obj, const struct wri_option *o, int value)
{
	weir_stream *s = obj;
	int r;

	if (wri_stream_is_closed(s)) {
		return WEIR_ECLOSED;
	}
	r = wri_sys_setsockopt(
	    weir_fd_number(s->fd), o->level, o->number, &value, sizeof(value));
	return r == 0 ? WEIR_OK : wri_err_of(-r);
}

static weir_err
live_flag_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	int num;
	weir_err err = live_get(obj, o, &num);

	if (err == WEIR_OK) {
		value->flag = num != 0;
	}
	return err;
}

static weir_err
live_flag_set(
    void *obj, const struct wri_option *o, const union wri_value *value)
{
	return live_set(obj, o, value->flag);
}

static weir_err
live_size_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	int num;
	weir_err err = live_get(obj, o, &num);

	if (err == WEIR_OK) {
		value->size = num > 0 ? (size_t)num : 0;
	}
	return err;
}

static weir_err
live_size_set(
    void *obj, const struct wri_option *o, const union wri_value *value)
{
	if (value->size == 0 || value->size > SETTINGS_SIZE_MAX) {
		return WEIR_EINVAL;
	}
	return live_set(obj, o, (int)value->size);
}

const struct wri_option_how wri_how_flag = {flag_get, flag_set};
const struct wri_option_how wri_how_flag_early = {flag_get, flag_set_early};
const struct wri_option_how wri_how_size = {size_get, size_set};
const struct wri_option_how wri_how_mode = {NULL, mode_set};
const struct wri_option_how wri_how_live_flag = {live_flag_get, live_flag_set};
const struct wri_option_how wri_how_live_size = {live_size_get, live_size_set};
