/*
 * connect - what a dial tries: connect(2), and how far it came.
 *
 * Purpose    the steps of the inner operation.  On the socket: is it
 *            connected?  On the timer of a dial that met a full backlog:
 *            connect(2) again.
 * Ownership  the step has the socket and the half-made stream until it has
 *            claimed the dial or lost it.
 * Progress   never blocks.
 * Bounds     naps of CONNECT_NAP_MIN to _MAX; CONNECT_SYN_RETRIES for an
 *            address that does not answer while others are left.
 * Proof      test/stream/test_dialer.c, test_faults.c, test_blocked.c
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/sys.h"
#include "stream/dial.h"
#include "stream/names.h"
#include "stream/nap.h"
#include "stream/sockio.h"

#include <errno.h>
#include <netinet/tcp.h>

/* After a second, and given up two seconds later. */
#define CONNECT_SYN_RETRIES 1
#define CONNECT_NAP_MIN WEIR_MS(1)
#define CONNECT_NAP_MAX WEIR_MS(100)

/* Come from the dialer's local address, if it has one. */
static weir_err
connect_bind(struct dial *dl, int fd)
{
	struct weir_stream_dialer *d = dl->dialer;
	const int on = 1;
	struct wri_sysaddr local;
	int r;

	wri_mtx_lock(&d->mtx);
	local = d->local;
	wri_mtx_unlock(&d->mtx);
	if (local.len == 0) {
		return WEIR_OK;
	}
	if (local.u.sa.sa_family != dl->to->u.sa.sa_family) {
		return WEIR_EADDRINVAL;
	}
	/* The port is chosen by connect, which knows the peer: then one port
	 * serves many.  A system that cannot chooses here. */
	(void)wri_sys_setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	r = wri_sys_bind(fd, &local.u.sa, local.len);
	switch (-r) {
	case 0:
		return WEIR_OK;
	case EINVAL: /* link-local without scope */
	case ENODEV: /* a scope that is no interface */
		return WEIR_EADDRINVAL;
	}
	return wri_err_of(-r);
}

/* Others wait to be tried: an address that does not answer shall not take the
 * minutes that the system gives it.  Not on the way once connected. */
static void
connect_hurry(int fd)
{
	const int tries = CONNECT_SYN_RETRIES;

	(void)wri_sys_setsockopt(
	    fd, IPPROTO_TCP, TCP_SYNCNT, &tries, sizeof(tries));
}

weir_err
wri_connect_open(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;
	weir_err err;
	int fd;

	if (dl->to->len == 0) {
		return WEIR_EADDRINVAL;
	}
	fd = wri_sys_socket(dl->to->u.sa.sa_family, SOCK_STREAM, 0);
	if (fd < 0) {
		return wri_err_of(-fd);
	}
	wri_settings_sizes(&d->settings, fd); /* before the peer hears of it */
	err = connect_bind(dl, fd);
	if (err != WEIR_OK) {
		(void)wri_sys_close(fd);
		return err;
	}
	if (dl->names != NULL && wri_names_left(dl->names) > 0) {
		connect_hurry(fd);
	}
	dl->fd = fd;
	dl->nap_ns = CONNECT_NAP_MIN;
	return WEIR_OK;
}

int
wri_connect_try(struct dial *dl)
{
	return wri_sys_connect(dl->fd, &dl->to->u.sa, dl->to->len);
}

/* The socket is connected: make the rest. */
static weir_err
connect_ready(struct dial *dl)
{
	struct weir_stream_dialer *d = dl->dialer;

	return wri_stream_ready(dl->conn, &d->ep.name, &d->settings, NULL);
}

weir_err
wri_connect_stream(struct dial *dl)
{
	weir_err err = wri_stream_open(&dl->conn, dl->dialer->ops, dl->fd);

	if (err == WEIR_OK) {
		dl->fd = -1;
	}
	return err;
}

weir_err
wri_connect_end(struct dial *dl, int r)
{
	weir_err err =
	    r != 0 ? dl->dialer->ops->connect_err(-r) : wri_connect_stream(dl);

	return err == WEIR_OK ? connect_ready(dl) : err;
}

static weir_err
wait_step(weir_aio *inner, int fd, void *arg, unsigned *flags)
{
	struct dial *dl = weir_aio_get_input(inner, 0);
	weir_err err = wri_sock_connected(arg, fd);

	*flags = 0;
	if (err == WEIR_EAGAIN) {
		return err;
	}
	if (err == WEIR_OK) {
		err = connect_ready(dl);
	}
	if (wri_dial_leave(dl, &err)) {
		wri_dial_close_fd(dl);
		return WEIR_OK;
	}
	if (!wri_dial_claim(dl, err)) {
		return WEIR_OK; /* its end is under way */
	}
	if (err == WEIR_OK) {
		dl->conn->dial = NULL;
		wri_dial_finish(dl);
		wri_dial_rele(dl); /* the weir_fd's */
	} else {
		wri_dial_close_fd(dl);
	}
	return WEIR_OK;
}

const weir_fdop wri_connect_wait = {
    .size = sizeof(weir_fdop),
    .name = "stream connect",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = wait_step,
};

void
wri_connect_nap(struct dial *dl)
{
	wri_nap_set(dl->timer, weir_time_after(wri_now(), dl->nap_ns));
	dl->nap_ns =
	    dl->nap_ns * 2 < CONNECT_NAP_MAX ? dl->nap_ns * 2 : CONNECT_NAP_MAX;
}

/* What once found no room asks again until it is answered, also where the
 * system connects in the background (tcp, short of ports). */
static weir_err
again_step(weir_aio *inner, int fd, void *arg, unsigned *flags)
{
	struct dial *dl = arg;
	weir_err err;
	int r;

	(void)inner;
	*flags = 0;
	if (!wri_nap_over(fd)) {
		return WEIR_EAGAIN;
	}
	r = wri_connect_try(dl);
	if (r == -EAGAIN || r == -EINPROGRESS || r == -EALREADY) {
		wri_connect_nap(dl);
		*flags = WEIR_FD_MORE;
		return WEIR_EAGAIN;
	}
	err = wri_connect_end(dl, r);
	if (wri_dial_leave(dl, &err) || wri_dial_claim(dl, err)) {
		wri_dial_close_fd(dl);
	}
	return WEIR_OK;
}

const weir_fdop wri_connect_again = {
    .size = sizeof(weir_fdop),
    .name = "stream connect pause",
    .kind = WEIR_FDOP_OTHER,
    .try_step = again_step,
};
