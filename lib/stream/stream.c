/*
 * stream - a connection: what the program does with it, and its end.
 *
 * Purpose    hands the program's aio to the gate; everything else is slow
 *            path.
 * Ownership  the program owns the handle; the memory goes in the release of
 *            the weir_fd, when no step and no operation refers to it.
 * Shape
 *
 *              open ──close──▶ ended ALL ──free──▶ weir_fd_close ──▶ release
 *                └─shutdown──▶ ended SEND
 *
 *            Free closes first, whoever else holds the socket.
 *
 *            The descriptor stays open from the making to free, so every call
 *            before free may use it, also when weir_fini came between.  In a
 *            forked child the connection is the parent's: nothing is shut down
 *            or freed there.
 * Progress   lock-free but for the gate.
 * Pairs      S1  see sockio.c: ended is set before shutdown(2).
 *            S2  rele: holds (acq_rel): what others did with the descriptor
 *                comes before its close.
 * Proof      test/stream/test_io.c, test/stream/test_states.c
 */
#include "stream/stream.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/life.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/sockio.h"

#include <stdio.h>
#include <string.h>

static void
stream_release(void *arg)
{
	weir_stream *s = arg;
	struct dial *dial = s->dial;

	WRI_ASSERT(s->magic == WRI_MAGIC_GONE);
	wri_free(s, sizeof(*s));
	if (dial != NULL) {
		wri_dial_gone(dial);
	}
}

weir_err
wri_stream_op_err(weir_err err)
{
	return err == WEIR_ESTATE ? WEIR_ESTOPPED : err;
}

bool
wri_stream_polls(weir_aio *aio)
{
	weir_time deadline = weir_aio_get_deadline(aio);

	return deadline != WEIR_NEVER && deadline <= wri_now();
}

weir_err
wri_stream_open(weir_stream **sp, const struct wri_stream_ops *ops, int fd)
{
	weir_stream *s = wri_alloc(sizeof(*s));
	weir_err err;

	if (s == NULL) {
		return WEIR_ENOMEM;
	}
	s->magic = WRI_MAGIC_STREAM;
	s->ops = ops;
	s->passes_fds = ops->passes_fds;
	wri_store(&s->holds, 1, WRI_RLX); /* nobody else has it */
	err = weir_fd_open(&s->fd, fd,
	    &(weir_fd_params){
		.size = sizeof(weir_fd_params),
		.arg = s,
		.release = stream_release,
	    });
	if (err != WEIR_OK) {
		wri_free(s, sizeof(*s));
		return wri_stream_op_err(err);
	}
	*sp = s;
	return WEIR_OK;
}

weir_err
wri_stream_ready(weir_stream *s, const weir_sockaddr *name,
    const struct wri_settings *set, const struct wri_sysaddr *peer)
{
	int fd = weir_fd_number(s->fd);

	wri_settings_flags(set, s->ops->options, fd);
	if (peer != NULL) { /* who dials has told it before */
		wri_settings_sizes(set, fd);
	}
	return s->ops->name_ends(s, name, fd, peer);
}

bool
wri_stream_is_closed(const weir_stream *s)
{
	/* Relaxed: a close at the same time may come before or after us; the
	 * descriptor is open either way. */
	return (wri_load(&s->ended, WRI_RLX) & WRI_ENDED_ALL) != 0;
}

weir_err
wri_stream_resolve(const struct wri_stream_ops **opsp, struct wri_endpoint *ep,
    const weir_url *url, enum wri_role role)
{
	static const struct {
		const char *scheme;
		const struct wri_stream_ops *ops;
	} transports[] = {
	    {"tcp", &wri_stream_tcp},
	    {"tcp4", &wri_stream_tcp},
	    {"tcp6", &wri_stream_tcp},
	    {"unix", &wri_stream_unix},
	    {"ipc", &wri_stream_unix},
	    {"abstract", &wri_stream_abstract},
	    {"socket", &wri_stream_socket},
	};

	memset(ep, 0, sizeof(*ep));
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]);
	     i++) {
		if (strcmp(transports[i].scheme, weir_url_scheme(url)) == 0) {
			*opsp = transports[i].ops;
			return (*opsp)->resolve(ep, url, role);
		}
	}
	return WEIR_ENOTSUP;
}

const char *
wri_stream_place(const struct wri_endpoint *ep, char *text, size_t size)
{
	if (ep->host[0] == '\0') {
		return weir_sockaddr_str(&ep->name, text, size);
	}
	(void)snprintf(text, size, "%s:%u", ep->host, ep->port);
	return text;
}

void
wri_stream_log_full(const struct wri_endpoint *ep, const char *what)
{
	char place[WRI_PLACE_MAX];

	wri_log(WEIR_LOG_WARN,
	    "%s: %s refused: WEIR_STREAM_QUEUE_MAX (%d) are pending",
	    wri_stream_place(ep, place, sizeof(place)), what,
	    WEIR_STREAM_QUEUE_MAX);
}

bool
wri_stream_handle_ok(const void *handle, enum wri_magic want, const char *call)
{
	const uint32_t *magic = handle;

	if (wri_unlikely(handle == NULL)) {
		return false;
	}
	if (wri_unlikely(*magic != (uint32_t)want)) {
		wri_misuse(call, "the handle is freed or of another kind", "",
		    *magic == (uint32_t)WRI_MAGIC_GONE ? "freed" : "unknown",
		    handle);
		return false;
	}
	return true;
}

static bool
stream_ok(const weir_stream *s, const char *call)
{
	return wri_stream_handle_ok(s, WRI_MAGIC_STREAM, call);
}

/* The result of an operation that asks for nothing, in no queue. */
static weir_err
stream_nothing(weir_stream *s, weir_dir dir)
{
	uint32_t ends = WRI_ENDED_ALL;

	if (dir == WEIR_DIR_WRITE) {
		ends |= WRI_ENDED_SEND;
	}
	/* Relaxed: nothing hangs on it; who has closed it sees that. */
	return (wri_load(&s->ended, WRI_RLX) & ends) != 0 ? WEIR_ECLOSED
							  : WEIR_OK;
}

static void
stream_submit(weir_stream *s, weir_dir dir, weir_aio *aio, const weir_fdop *op,
    const char *call)
{
	/* The iov is known after the reset; the gate's own changes nothing. */
	if ((s != NULL && !stream_ok(s, call)) ||
	    weir_aio_begin(aio, call) != WEIR_OK) {
		return;
	}
	if (wri_unlikely(s == NULL)) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
	} else if (wri_unlikely(weir_aio_iov_len(aio) == 0)) {
		(void)weir_aio_finish(aio, stream_nothing(s, dir));
	} else {
		weir_fd_submit(s->fd, dir, aio, op);
	}
}

void
weir_stream_recv(weir_stream *s, weir_aio *aio)
{
	stream_submit(s, WEIR_DIR_READ, aio, &wri_sock_recv, __func__);
}

void
weir_stream_recv_exactly(weir_stream *s, weir_aio *aio)
{
	stream_submit(s, WEIR_DIR_READ, aio, &wri_sock_recv_exactly, __func__);
}

void
weir_stream_recv_until(
    weir_stream *s, const void *delim, size_t delim_len, weir_aio *aio)
{
	weir_err err = WEIR_OK;

	if ((s != NULL && !stream_ok(s, __func__)) ||
	    weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (s == NULL || delim == NULL || delim_len == 0 ||
	    delim_len > WEIR_STREAM_DELIM_MAX) {
		err = WEIR_EINVAL;
	} else if (weir_aio_iov_len(aio) == 0) {
		err = stream_nothing(s, WEIR_DIR_READ);
		err = err == WEIR_OK ? WEIR_EMSGSIZE : err;
	}
	if (err != WEIR_OK) {
		(void)weir_aio_finish(aio, err);
		return;
	}
	weir_aio_set_scratch(aio, 0, (void *)(uintptr_t)delim);
	weir_aio_set_scratch(aio, 1, (void *)(uintptr_t)delim_len);
	weir_fd_submit(s->fd, WEIR_DIR_READ, aio, &wri_sock_recv_until);
}

void
weir_stream_send(weir_stream *s, weir_aio *aio)
{
	stream_submit(s, WEIR_DIR_WRITE, aio, &wri_sock_send, __func__);
}

void
weir_stream_send_all(weir_stream *s, weir_aio *aio)
{
	stream_submit(s, WEIR_DIR_WRITE, aio, &wri_sock_send_all, __func__);
}

/*
 * The callback of an operation that a call ends may free the stream before the
 * call has returned: the descriptor stays until the last of them is out.
 */
static void
stream_hold(weir_stream *s)
{
	/* Relaxed: who calls has the stream. */
	(void)wri_add(&s->holds, 1, WRI_RLX);
}

static void
stream_rele(weir_stream *s)
{
	if (wri_sub(&s->holds, 1, WRI_ACQ_REL) == 1) { /* S2 */
		weir_fd_close(s->fd);
	}
}

weir_err
weir_stream_shutdown(weir_stream *s)
{
	int r;

	if (wri_life_forked()) {
		return WEIR_EFORK;
	}
	if (!stream_ok(s, __func__)) {
		return s == NULL ? WEIR_EINVAL : WEIR_EMISUSE;
	}
	/* Release: S1. */
	if (wri_or(&s->ended, WRI_ENDED_SEND, WRI_ACQ_REL) & WRI_ENDED_ALL) {
		return WEIR_ECLOSED;
	}
	stream_hold(s);
	weir_fd_shut_dir(s->fd, WEIR_DIR_WRITE, WEIR_ECLOSED);
	r = wri_sys_shutdown(weir_fd_number(s->fd), SHUT_WR);
	stream_rele(s);
	return r == 0 ? WEIR_OK : wri_err_of(-r);
}

/* Only the first one ends the connection; the others find it ended. */
static void
stream_close(weir_stream *s)
{
	uint32_t was = wri_or(&s->ended, WRI_ENDED_ALL, WRI_ACQ_REL); /* S1 */

	if ((was & WRI_ENDED_ALL) == 0) {
		weir_fd_shut(s->fd, WEIR_ECLOSED);
		/* Fails when the peer is gone already. */
		(void)wri_sys_shutdown(weir_fd_number(s->fd), SHUT_RDWR);
	}
}

void
weir_stream_close(weir_stream *s)
{
	if (!wri_life_forked() && stream_ok(s, __func__)) {
		stream_hold(s);
		stream_close(s);
		stream_rele(s);
	}
}

void
weir_stream_stop(weir_stream *s)
{
	if (!wri_life_forked() && stream_ok(s, __func__)) {
		stream_hold(s);
		stream_close(s);
		(void)weir_fd_drain(s->fd);
		stream_rele(s);
	}
}

void
weir_stream_free(weir_stream *s)
{
	if (!wri_life_forked() && stream_ok(s, __func__)) {
		s->magic = WRI_MAGIC_GONE;
		/* A forked child may hold the socket open after us. */
		stream_close(s);
		/* Another close may be under way: no operation outlives us. */
		weir_fd_shut(s->fd, WEIR_ECLOSED);
		stream_rele(s);
	}
}

static const weir_sockaddr stream_no_addr;

const weir_sockaddr *
weir_stream_peer_addr(const weir_stream *s)
{
	return stream_ok(s, __func__) ? &s->peer : &stream_no_addr;
}

const weir_sockaddr *
weir_stream_self_addr(const weir_stream *s)
{
	return stream_ok(s, __func__) ? &s->self : &stream_no_addr;
}
