/*
 * listen - how a listener gets its socket: listen, or one that the program
 * has.
 *
 * Purpose    from NEW to OPEN, and what is known then: where it is bound.
 * Ownership  BINDING gives what is fixed from OPEN on to the thread that is
 *            here.  Socket and timer hold the listener until their release; the
 *            timer is closed after the socket, when no accept step can set it.
 *            A socket of the program stays the program's until all else is
 *            there; then it is closed with the listener, but not shut down.
 * Proof      test/stream/test_listener.c, test_unix.c, test_listen_fd.c
 */
#include "base/err.h"
#include "base/life.h"
#include "base/sys.h"
#include "stream/listener.h"
#include "stream/nap.h"

static void
timer_release(void *arg)
{
	wri_listener_leave(arg);
	wri_listener_rele(arg);
}

static void
listen_release(void *arg)
{
	struct weir_stream_listener *l = arg;

	weir_fd_close(l->timer);
	wri_listener_leave(l);
	wri_listener_rele(l);
}

/* A socket that listens; on failure nothing is left behind. */
static weir_err
listen_socket(struct weir_stream_listener *l, int *fdp)
{
	weir_err err;
	int fd, r;

	if (l->ep.addr.len == 0) {
		return WEIR_EADDRINVAL;
	}
	fd = wri_sys_socket(l->ep.family, SOCK_STREAM, 0);
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

/* Have socket and timer watched; on failure the socket is still the caller's.
 */
static weir_err
listen_watch(struct weir_stream_listener *l, int fd, weir_fd **fdp)
{
	weir_err err;

	wri_listener_hold(l); /* for timer_release */
	wri_listener_enter(l);
	err = wri_nap_open(&l->timer, l, timer_release);
	if (err != WEIR_OK) {
		goto fail_rele;
	}
	wri_listener_hold(l); /* for listen_release */
	wri_listener_enter(l);
	err = weir_fd_open(fdp, fd,
	    &(weir_fd_params){
		.size = sizeof(weir_fd_params),
		.arg = l,
		.release = listen_release,
	    });
	if (err != WEIR_OK) {
		weir_fd_close(l->timer);
		goto fail_rele;
	}
	return WEIR_OK;

fail_rele:
	wri_listener_leave(l);
	wri_listener_rele(l); /* not the last */
	return err;
}

/* *fdp is the socket, and NULL on failure. */
static weir_err
listen_open(struct weir_stream_listener *l, weir_fd **fdp)
{
	int fd = -1;
	weir_err err = listen_socket(l, &fd);

	if (err != WEIR_OK) {
		return err;
	}
	l->adopted = false;
	err = listen_watch(l, fd, fdp);
	if (err != WEIR_OK) {
		l->ops->unbind(&l->ep, &l->file);
		(void)wri_sys_close(fd);
		return err;
	}
	wri_pump_begin(l);
	if (!weir_aio_busy(l->nap)) { /* weir_fini is under way */
		l->ops->unbind(&l->ep, &l->file);
		wri_listener_shut_socket(l, *fdp);
		weir_fd_close(*fdp);
		*fdp = NULL;
		return WEIR_ESTOPPED;
	}
	return WEIR_OK;
}

/* As listen_open, with a socket of the program. */
static weir_err
listen_open_given(struct weir_stream_listener *l, int fd, weir_fd **fdp)
{
	weir_err err = wri_adopt_flags(fd);

	if (err != WEIR_OK) {
		return err;
	}
	l->adopted = true;
	l->file.made = false;
	err = listen_watch(l, fd, fdp);
	if (err == WEIR_OK) {
		wri_pump_begin(l); /* if not, its accepts say so */
	}
	return err;
}

/* May listen begin?  Then the state is BINDING, and the caller's to end. */
static weir_err
listen_begin(struct weir_stream_listener *l)
{
	weir_err err;

	wri_mtx_lock(&l->mtx);
	err = wri_listener_fresh_locked(l);
	if (err == WEIR_OK && wri_life_is_over(l->life)) {
		err = WEIR_ESTOPPED;
	}
	if (err == WEIR_OK) {
		l->state = WRI_LISTENER_BINDING;
		wri_listener_enter(l);
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

/* BINDING ends: fd is there, or NULL.  False: it was closed meanwhile, and what
 * was made is gone. */
static bool
listen_end_binding(struct weir_stream_listener *l, weir_fd *fd)
{
	bool ours;

	wri_mtx_lock(&l->mtx);
	ours = l->state == WRI_LISTENER_BINDING;
	if (ours) {
		l->state = fd != NULL ? WRI_LISTENER_OPEN : WRI_LISTENER_NEW;
		l->fd = fd;
	}
	wri_mtx_unlock(&l->mtx);
	if (!ours && fd != NULL) {
		l->ops->unbind(&l->ep, &l->file);
		wri_listener_shut_socket(l, fd);
		weir_fd_close(fd);
	}
	wri_listener_leave(l);
	return ours;
}

/* What the state says now. */
static weir_err
listen_look(struct weir_stream_listener *l)
{
	weir_err err;

	wri_mtx_lock(&l->mtx);
	err = wri_listener_fresh_locked(l);
	wri_mtx_unlock(&l->mtx);
	return err;
}

/* Nothing to bind: it takes what it is given from the beginning. */
static weir_err
listen_fed(struct weir_stream_listener *l)
{
	weir_err err = listen_look(l);

	return err == WEIR_EBUSY ? WEIR_OK : err;
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
	if (l->ops->is_fed) {
		return listen_fed(l);
	}
	err = listen_begin(l);
	if (err != WEIR_OK) {
		return err == WEIR_EBUSY ? WEIR_ESTATE : err;
	}
	err = listen_open(l, &fd);
	if (!listen_end_binding(l, fd) && err == WEIR_OK) {
		err = listen_look(l); /* closed, or stopped by weir_fini */
	}
	return err;
}

weir_err
wri_listener_adopt(
    struct weir_stream_listener *l, int given, const weir_sockaddr *name)
{
	weir_fd *fd = NULL;
	weir_err err = listen_begin(l);

	if (err == WEIR_OK) {
		l->bound = *name;
		err = listen_open_given(l, given, &fd);
		/* Closed meanwhile: that came after us. */
		(void)listen_end_binding(l, fd);
	}
	return err;
}

/* Is there a bound address? */
static weir_err
listen_is_bound(struct weir_stream_listener *l)
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
	weir_err err = listen_is_bound(l);

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
