/*
 * listener - the life of a listener: alloc, listen, close, free.
 *
 * Purpose    who may use the listening socket, and until when.
 * Ownership  The memory goes with the last reference.  The socket is closed by
 *            the last of: close or stop, and the threads that are in accept(2)
 *            or in a submit (users); closing it under their feet would hand
 *            them a stranger's descriptor.  The timer is closed after the
 *            socket, when no accept step can set it.  The socket file is
 *            removed by the first of close and stop, or by the listen that
 *            finds the listener closed.
 * Locks      mtx is a leaf but for weir_aio_start in accept.c.
 * Proof      test/stream/test_listener.c, test/stream/test_unix.c
 */
#include "stream/listener.h"
#include "base/err.h"
#include "base/life.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/nap.h"

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
		WRI_ASSERT(l->waiters_len == 0 && l->spare == NULL);
		WRI_ASSERT(l->fd == NULL);
		wri_pump_fini(l);
		wri_mtx_fini(&l->mtx);
		wri_free(l, sizeof(*l));
	}
}

static void
timer_release(void *arg)
{
	wri_listener_rele(arg);
}

static void
listener_release(void *arg)
{
	struct weir_stream_listener *l = arg;

	weir_fd_close(l->timer);
	wri_listener_rele(l);
}

/*
 * The address is free from here on.  To close is not enough: a poll(2) under
 * way on another thread, or a forked child, keeps the socket.
 */
static void
socket_shut(weir_fd *fd)
{
	(void)wri_sys_shutdown(weir_fd_number(fd), SHUT_RDWR);
}

/* A socket that listens; on failure nothing is left behind. */
static weir_err
listener_socket(struct weir_stream_listener *l, int *fdp)
{
	int fd = wri_sys_socket(l->ep.family, SOCK_STREAM, 0);
	weir_err err;
	int r;

	if (fd < 0) {
		return wri_err_of(-fd);
	}
	wri_settings_sizes(&l->settings, fd);
	err = l->ops->bind(&l->ep, fd, &l->settings, &l->file);
	if (err != WEIR_OK) {
		goto fail_close;
	}
	r = wri_sys_listen(fd, WEIR_LISTEN_BACKLOG);
	if (r != 0) {
		err = wri_err_of(-r);
		goto fail_unbind;
	}
	err = l->ops->bound(&l->ep, fd, &l->bound);
	if (err != WEIR_OK) {
		goto fail_unbind;
	}
	*fdp = fd;
	return WEIR_OK;

fail_unbind:
	l->ops->unbind(&l->ep, &l->file);
fail_close:
	(void)wri_sys_close(fd);
	return err;
}

static weir_err
listener_open(struct weir_stream_listener *l, weir_fd **fdp)
{
	int fd = -1;
	weir_err err = listener_socket(l, &fd);

	if (err != WEIR_OK) {
		return err;
	}
	l->timer = NULL;
	wri_listener_hold(l); /* for listener_release */
	err = weir_fd_open(fdp, fd,
	    &(weir_fd_params){
		.size = sizeof(weir_fd_params),
		.arg = l,
		.release = listener_release,
	    });
	if (err != WEIR_OK) {
		wri_listener_rele(l);
		l->ops->unbind(&l->ep, &l->file);
		(void)wri_sys_close(fd);
		return err;
	}
	wri_listener_hold(l); /* for timer_release */
	err = wri_nap_open(&l->timer, l, timer_release);
	if (err != WEIR_OK) {
		wri_listener_rele(l);
	} else {
		wri_pump_begin(l);
		if (!weir_aio_busy(l->nap)) {
			err = WEIR_ESTOPPED; /* made before a weir_fini */
		}
	}
	if (err != WEIR_OK) {
		l->ops->unbind(&l->ep, &l->file);
		socket_shut(*fdp);
		weir_fd_close(*fdp);
	}
	return err;
}

/* May listen begin?  Then the state is BINDING, and the caller's to end. */
static weir_err
listener_begin(struct weir_stream_listener *l)
{
	weir_err err = WEIR_ESTATE;

	wri_mtx_lock(&l->mtx);
	switch (l->state) {
	case WRI_LISTENER_NEW:
		l->state = WRI_LISTENER_BINDING;
		err = WEIR_OK;
		break;
	case WRI_LISTENER_BINDING:
	case WRI_LISTENER_OPEN:
		break;
	case WRI_LISTENER_STOPPED:
		err = WEIR_ESTOPPED;
		break;
	case WRI_LISTENER_CLOSED:
		err = WEIR_ECLOSED;
		break;
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

/* The socket is there: is the listener, or was it closed meanwhile? */
static weir_err
listener_publish(struct weir_stream_listener *l, weir_fd *fd)
{
	bool open;

	wri_mtx_lock(&l->mtx);
	open = l->state == WRI_LISTENER_BINDING;
	if (open) {
		l->state = WRI_LISTENER_OPEN;
		l->fd = fd;
	}
	wri_mtx_unlock(&l->mtx);
	if (!open) {
		l->ops->unbind(&l->ep, &l->file);
		socket_shut(fd);
		weir_fd_close(fd);
	}
	return open ? WEIR_OK : WEIR_ECLOSED;
}

weir_err
weir_stream_listener_listen(weir_stream_listener *l)
{
	weir_fd *fd = NULL;
	weir_err err = wri_life_check();

	if (err != WEIR_OK) {
		return err;
	}
	if (!wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		return l == NULL ? WEIR_EINVAL : WEIR_EMISUSE;
	}
	err = listener_begin(l);
	if (err != WEIR_OK) {
		return err;
	}
	err = listener_open(l, &fd);
	if (err == WEIR_OK) {
		err = listener_publish(l, fd);
	}
	if (err != WEIR_OK) {
		/* It may be tried again, unless it was closed meanwhile. */
		wri_mtx_lock(&l->mtx);
		if (l->state == WRI_LISTENER_BINDING) {
			l->state = WRI_LISTENER_NEW;
		}
		wri_mtx_unlock(&l->mtx);
	}
	return err;
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

/* Is there a bound address? */
static weir_err
listener_is_bound(struct weir_stream_listener *l)
{
	weir_err err = WEIR_ESTATE;

	wri_mtx_lock(&l->mtx);
	switch (l->state) {
	case WRI_LISTENER_NEW:
	case WRI_LISTENER_BINDING:
		break;
	case WRI_LISTENER_OPEN:
		err = WEIR_OK;
		break;
	case WRI_LISTENER_STOPPED:
		err = WEIR_ESTOPPED;
		break;
	case WRI_LISTENER_CLOSED:
		err = WEIR_ECLOSED;
		break;
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

static weir_err
bound_addr_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	struct weir_stream_listener *l = obj;
	weir_err err = listener_is_bound(l);

	(void)o;
	if (err == WEIR_OK) {
		value->addr = &l->bound;
	}
	return err;
}

static weir_err
bound_port_get(void *obj, const struct wri_option *o, union wri_value *value)
{
	union wri_value addr;
	weir_err err = bound_addr_get(obj, o, &addr);

	if (err == WEIR_OK) {
		value->num = (int)weir_sockaddr_port(addr.addr);
	}
	return err;
}

const struct wri_option_how wri_how_bound_addr = {bound_addr_get, NULL};
const struct wri_option_how wri_how_bound_port = {bound_port_get, NULL};

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

/* No more accepts; those that wait end. */
static void
listener_shut(struct weir_stream_listener *l, enum wri_listener_state to)
{
	enum wri_listener_state was;
	weir_stream *spare;
	weir_err err;

	wri_mtx_lock(&l->mtx);
	was = l->state;
	if (was != WRI_LISTENER_CLOSED) {
		l->state = to;
	}
	l->users += was == WRI_LISTENER_OPEN;
	/* A stop that meets a close half way speaks for it. */
	err = l->state == WRI_LISTENER_CLOSED ? WEIR_ECLOSED : WEIR_ESTOPPED;
	spare = l->spare;
	l->spare = NULL;
	wri_mtx_unlock(&l->mtx);

	weir_stream_free(spare);
	wri_accept_end_all(l, err);
	if (was != WRI_LISTENER_OPEN) {
		return;
	}
	/* The name goes before the socket: who finds the name finds somebody
	 * that listens. */
	l->ops->unbind(&l->ep, &l->file);
	socket_shut(l->fd);
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
	listener_shut(l, WRI_LISTENER_CLOSED);
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
weir_stream_listener_free(weir_stream_listener *l)
{
	if (!wri_life_forked() &&
	    wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		listener_close(l);
		l->magic = WRI_MAGIC_GONE;
		wri_listener_rele(l);
	}
}

weir_err
weir_stream_listener_alloc(weir_stream_listener **lp, const char *url)
{
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;
	struct weir_stream_listener *l;
	weir_err err = wri_life_check();

	if (err != WEIR_OK) {
		return err;
	}
	if (lp == NULL) {
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
	err = wri_life_enter(); /* its handles are of one life */
	if (err == WEIR_OK) {
		err = wri_pump_init(l);
		wri_life_leave();
	}
	if (err != WEIR_OK) {
		wri_pump_fini(l);
		wri_free(l, sizeof(*l));
		return err;
	}
	l->magic = WRI_MAGIC_LISTENER;
	l->ops = ops;
	l->ep = ep;
	/* Relaxed: nobody else knows it yet. */
	wri_store(&l->refs, 1, WRI_RLX);
	wri_settings_init(&l->settings);
	wri_mtx_init(&l->mtx);
	*lp = l;
	return WEIR_OK;
}
