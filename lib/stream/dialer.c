/*
 * dialer - what dials are made from: alloc, close, free.
 *
 * Purpose    an address, options, and the bound on dials under way.  dial.c
 *            has the dials.
 * Ownership  the program has one reference, each dial another; the last one
 *            frees.
 * Locks      mtx is a leaf but for weir_aio_start in dial.c.
 * Bounds     WEIR_STREAM_QUEUE_MAX dials.
 * Proof      test/stream/test_dialer.c
 */
#include "stream/dialer.h"
#include "base/life.h"
#include "base/mem.h"

#include <limits.h>

void
wri_dialer_hold(struct weir_stream_dialer *d)
{
	(void)wri_add(&d->refs, 1, WRI_RLX); /* by one who has a reference */
}

void
wri_dialer_rele(struct weir_stream_dialer *d)
{
	/* acq_rel: what others did with it comes before its end. */
	if (wri_sub(&d->refs, 1, WRI_ACQ_REL) == 1) {
		wri_mtx_fini(&d->mtx);
		wri_free(d, sizeof(*d));
	}
}

weir_err
wri_dialer_enter(struct weir_stream_dialer *d)
{
	weir_err err = WEIR_OK;
	bool tell = false;

	wri_mtx_lock(&d->mtx);
	if (d->closed) {
		err = WEIR_ECLOSED;
	} else if (d->dials_len == WEIR_STREAM_QUEUE_MAX) {
		err = WEIR_EAGAIN;
		tell = !d->full_told;
		d->full_told = true;
	} else {
		d->dials_len++;
		d->full_told = false;
		(void)wri_add(&d->busy, 1, WRI_RLX); /* finished releases */
	}
	wri_mtx_unlock(&d->mtx);
	if (tell) {
		wri_stream_log_full(&d->ep, "dial");
	}
	return err;
}

void
wri_dialer_leave(struct weir_stream_dialer *d)
{
	wri_mtx_lock(&d->mtx);
	d->dials_len--;
	wri_mtx_unlock(&d->mtx);
}

void
wri_dialer_finished(struct weir_stream_dialer *d)
{
	/* acq_rel: what was done comes before stop returns. */
	if (wri_sub(&d->busy, 1, WRI_ACQ_REL) == 1) {
		wri_futex_wake(&d->busy, INT_MAX);
	}
}

/* An address to come from: numeric, and any port. */
static weir_err
local_check(struct wri_sysaddr *addr, const weir_sockaddr *name)
{
	addr->len = 0;
	if (name->s_family == WEIR_AF_UNSPEC) {
		return WEIR_OK;
	}
	if ((name->s_family != WEIR_AF_INET &&
		name->s_family != WEIR_AF_INET6) ||
	    weir_sockaddr_port(name) != 0) {
		return WEIR_EADDRINVAL;
	}
	return wri_sysaddr_of(addr, name);
}

static weir_err
local_set(void *obj, const struct wri_option *o, const union wri_value *value)
{
	struct weir_stream_dialer *d = obj;
	struct wri_sysaddr addr;
	weir_err err = local_check(&addr, value->addr);

	(void)o;
	if (err != WEIR_OK) {
		return err;
	}
	wri_mtx_lock(&d->mtx);
	if (d->closed) {
		err = WEIR_ECLOSED;
	} else {
		d->local = addr;
	}
	wri_mtx_unlock(&d->mtx);
	return err;
}

const struct wri_option_how wri_how_local_addr = {NULL, local_set};

void
weir_stream_dialer_close(weir_stream_dialer *d)
{
	if (!wri_life_forked() &&
	    wri_stream_handle_ok(d, WRI_MAGIC_DIALER, __func__)) {
		wri_dialer_close(d);
	}
}

void
weir_stream_dialer_stop(weir_stream_dialer *d)
{
	uint32_t busy;

	if (wri_life_forked() ||
	    !wri_stream_handle_ok(d, WRI_MAGIC_DIALER, __func__)) {
		return;
	}
	wri_dialer_hold(d); /* a callback may free it */
	wri_dialer_close(d);
	/* Acquire: with wri_dialer_finished. */
	while ((busy = wri_load(&d->busy, WRI_ACQ)) != 0) {
		(void)wri_futex_wait(&d->busy, busy, WEIR_NEVER);
	}
	wri_dialer_rele(d);
}

void
weir_stream_dialer_free(weir_stream_dialer *d)
{
	if (!wri_life_forked() &&
	    wri_stream_handle_ok(d, WRI_MAGIC_DIALER, __func__)) {
		wri_dialer_close(d);
		d->magic = WRI_MAGIC_GONE;
		wri_dialer_rele(d);
	}
}

weir_err
weir_stream_dialer_alloc_url(weir_stream_dialer **dp, const weir_url *url)
{
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;
	struct weir_stream_dialer *d;
	weir_err err = wri_life_check();

	if (err != WEIR_OK) {
		return err;
	}
	if (dp == NULL || url == NULL) {
		return WEIR_EINVAL;
	}
	err = wri_stream_resolve(&ops, &ep, url, WRI_ROLE_DIALER);
	if (err != WEIR_OK) {
		return err;
	}
	d = wri_alloc(sizeof(*d));
	if (d == NULL) {
		return WEIR_ENOMEM;
	}
	d->magic = WRI_MAGIC_DIALER;
	d->ops = ops;
	d->ep = ep;
	/* Relaxed: nobody else knows it yet. */
	wri_store(&d->refs, 1, WRI_RLX);
	wri_settings_init(&d->settings);
	wri_mtx_init(&d->mtx);
	*dp = d;
	return WEIR_OK;
}

weir_err
weir_stream_dialer_alloc(weir_stream_dialer **dp, const char *text)
{
	weir_url *url;
	weir_err err = wri_life_check();

	if (err == WEIR_OK) {
		err = weir_url_parse(&url, text);
	}
	if (err == WEIR_OK) {
		err = weir_stream_dialer_alloc_url(dp, url);
		weir_url_free(url);
	}
	return err;
}
