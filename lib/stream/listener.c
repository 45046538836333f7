/*
 * listener - the life of a listener: alloc, close, stop, free.
 *
 * Purpose    who may use the listening socket, and until when.
 * Ownership  The memory goes with the last reference.  The socket is closed by
 *            the last of: close or stop, and the threads that are in accept(2)
 *            or in a submit (users); closing it under their feet would hand
 *            them a stranger's descriptor.  The socket file is
 *            removed by the first of close and stop, or by the listen that
 *            finds the listener closed.
 * Locks      mtx is a leaf but for weir_aio_start in accept.c.
 * Proof      test/stream/test_listener.c, test/stream/test_unix.c
 */
#include "stream/listener.h"
#include "base/life.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"

#include <limits.h>

void
wri_listener_hold(struct weir_stream_listener *l)
{
	(void)wri_add(&l->refs, 1, WRI_RLX); /* by one who has a reference */
}

void
wri_listener_rele(struct weir_stream_listener *l)
{
	/* acq_rel: what others did with it comes before its end. */
	if (wri_sub(&l->refs, 1, WRI_ACQ_REL) == 1) {
		WRI_ASSERT(l->waiters_len == 0 && l->ready_len == 0);
		WRI_ASSERT(l->fd == NULL);
		wri_pump_fini(l);
		wri_mtx_fini(&l->mtx);
		wri_free(l, sizeof(*l));
	}
}

void
wri_listener_enter(struct weir_stream_listener *l)
{
	(void)wri_add(&l->busy, 1, WRI_RLX); /* who leaves releases */
}

void
wri_listener_leave(struct weir_stream_listener *l)
{
	/* acq_rel: what was done comes before stop returns. */
	if (wri_sub(&l->busy, 1, WRI_ACQ_REL) == 1) {
		wri_futex_wake(&l->busy, INT_MAX);
	}
}

weir_err
wri_listener_fresh_locked(const struct weir_stream_listener *l)
{
	switch (l->state) {
	case WRI_LISTENER_NEW:
		return WEIR_OK;
	case WRI_LISTENER_BINDING:
	case WRI_LISTENER_OPEN:
		return WEIR_EBUSY;
	case WRI_LISTENER_STOPPED:
		return WEIR_ESTOPPED;
	case WRI_LISTENER_CLOSED:
		break;
	}
	return WEIR_ECLOSED;
}

/*
 * The address is free from here on.  To close is not enough: a poll(2) under
 * way on another thread, or a forked child, keeps the socket.  One that the
 * program brought may be shared on purpose, and goes on elsewhere.
 */
void
wri_listener_shut_socket(const struct weir_stream_listener *l, weir_fd *fd)
{
	if (!l->adopted) {
		(void)wri_sys_shutdown(weir_fd_number(fd), SHUT_RDWR);
	}
}

static bool
listener_ended_locked(const struct weir_stream_listener *l)
{
	return l->state == WRI_LISTENER_CLOSED ||
	       l->state == WRI_LISTENER_STOPPED;
}

void
wri_listener_unuse(struct weir_stream_listener *l)
{
	weir_fd *fd = NULL;

	wri_mtx_lock(&l->mtx);
	l->users--;
	if (listener_ended_locked(l) && l->users == 0) {
		fd = l->fd;
		l->fd = NULL;
	}
	wri_mtx_unlock(&l->mtx);
	weir_fd_close(fd);
}

/* No more accepts; those that wait end.  The caller holds it: a callback may
 * free it. */
static void
listener_shut(struct weir_stream_listener *l, enum wri_listener_state to)
{
	enum wri_listener_state was;
	weir_stream *ready;
	weir_err err;
	bool open;

	wri_mtx_lock(&l->mtx);
	was = l->state;
	if (was != WRI_LISTENER_CLOSED) {
		l->state = to;
	}
	open = was == WRI_LISTENER_OPEN && !l->ops->is_fed;
	l->users += open;
	/* A stop that meets a close half way speaks for it. */
	err = l->state == WRI_LISTENER_CLOSED ? WEIR_ECLOSED : WEIR_ESTOPPED;
	wri_mtx_unlock(&l->mtx);

	do {
		wri_mtx_lock(&l->mtx);
		ready = wri_ready_pop_locked(l);
		wri_mtx_unlock(&l->mtx);
		weir_stream_free(ready);
	} while (ready != NULL);
	wri_accept_end_all(l, err);
	if (!open) {
		return;
	}
	/* The name goes before the socket: who finds the name finds somebody
	 * that listens. */
	l->ops->unbind(&l->ep, &l->file);
	wri_listener_shut_socket(l, l->fd);
	wri_listener_unuse(l);
}

void
wri_listener_stop(struct weir_stream_listener *l)
{
	listener_shut(l, WRI_LISTENER_STOPPED);
}

static void
listener_close(struct weir_stream_listener *l)
{
	wri_listener_hold(l);
	listener_shut(l, WRI_LISTENER_CLOSED);
	wri_listener_rele(l);
}

void
weir_stream_listener_close(weir_stream_listener *l)
{
	if (!wri_life_forked() &&
	    wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		listener_close(l);
	}
}

void
weir_stream_listener_stop(weir_stream_listener *l)
{
	uint32_t busy;

	if (wri_life_forked() ||
	    !wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		return;
	}
	wri_listener_hold(l); /* a callback may free it */
	listener_close(l);
	/* Acquire: with wri_listener_leave. */
	while ((busy = wri_load(&l->busy, WRI_ACQ)) != 0) {
		(void)wri_futex_wait(&l->busy, busy, WEIR_NEVER);
	}
	wri_listener_rele(l);
}

void
weir_stream_listener_free(weir_stream_listener *l)
{
	if (!wri_life_forked() &&
	    wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		listener_close(l);
		l->magic = WRI_MAGIC_GONE;
		wri_listener_rele(l);
	}
}

/* What a listener has of the life of the library that it is made in. */
static weir_err
listener_init(struct weir_stream_listener *l)
{
	weir_err err = wri_life_enter();

	if (err == WEIR_OK) {
		l->life = wri_life_number();
		err = l->ops->is_fed ? WEIR_OK : wri_pump_init(l);
		wri_life_leave();
	}
	return err;
}

weir_err
weir_stream_listener_alloc_url(weir_stream_listener **lp, const weir_url *url)
{
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;
	struct weir_stream_listener *l;
	weir_err err = wri_life_check();

	if (err != WEIR_OK) {
		return err;
	}
	if (lp == NULL || url == NULL) {
		return WEIR_EINVAL;
	}
	err = wri_stream_resolve(&ops, &ep, url, WRI_ROLE_LISTENER);
	if (err != WEIR_OK) {
		return err;
	}
	l = wri_alloc(sizeof(*l));
	if (l == NULL) {
		return WEIR_ENOMEM;
	}
	l->ops = ops;
	err = listener_init(l);
	if (err != WEIR_OK) {
		wri_pump_fini(l);
		wri_free(l, sizeof(*l));
		return err;
	}
	l->magic = WRI_MAGIC_LISTENER;
	l->ep = ep;
	l->state = ops->is_fed ? WRI_LISTENER_OPEN : WRI_LISTENER_NEW;
	/* Relaxed: nobody else knows it yet. */
	wri_store(&l->refs, 1, WRI_RLX);
	wri_settings_init(&l->settings);
	wri_mtx_init(&l->mtx);
	*lp = l;
	return WEIR_OK;
}

weir_err
weir_stream_listener_alloc(weir_stream_listener **lp, const char *text)
{
	weir_url *url;
	weir_err err = wri_life_check();

	if (err == WEIR_OK) {
		err = weir_url_parse(&url, text);
	}
	if (err == WEIR_OK) {
		err = weir_stream_listener_alloc_url(lp, url);
		weir_url_free(url);
	}
	return err;
}
