/*
 * accept - who waits for a connection.
 *
 * Purpose    waiting accepts are the listener's own operations, because during
 *            a shortage of descriptors they must wait without being tried.
 * Shape      start, into the queue, run the pump if it is IDLE (pump.c).  A
 *            connection that is there already is fetched by the pump's step on
 *            the submitter's stack.  Only an accept that may not wait at all
 *            (timeout 0) calls accept(2) itself, and only when nobody is
 *            before it.
 * Ownership  A waiter is its queue's until popped, or taken out by the hook;
 *            whoever does so finishes it.  A waiter holds the listener until
 *            release.
 * Stop       weir_fini asks each waiter to end; the first one stops the
 *            listener.  An accept that comes after it does so, too.
 * Bounds     WEIR_STREAM_QUEUE_MAX waiters; ACCEPT_TRIES_MAX accept(2) of one
 *            that may not wait.
 * Proof      test/contract/cases_accept.c, test/stream/test_listener.c
 */
#include "stream/listener.h"
#include "base/clock.h"
#include "base/life.h"
#include "base/panic.h"

#define ACCEPT_TRIES_MAX 16

void
wri_accept_finish(weir_aio *aio, weir_err err, weir_stream *s)
{
	if (err == WEIR_OK) {
		(void)weir_aio_set_output(aio, 0, s);
	}
	(void)weir_aio_finish(aio, err);
}

weir_aio *
wri_accept_pop_locked(struct weir_stream_listener *l)
{
	weir_aio *aio = weir_aioq_pop(&l->waiters);

	if (aio != NULL) {
		l->waiters_len--;
		wri_listener_enter(l); /* until it is finished */
	}
	return aio;
}

weir_stream *
wri_ready_pop_locked(struct weir_stream_listener *l)
{
	weir_stream *s = NULL;

	if (l->ready_len > 0) {
		s = l->ready[l->ready_first];
		l->ready_first = (l->ready_first + 1) % WEIR_SOCKET_FD_MAX;
		l->ready_len--;
	}
	return s;
}

void
wri_ready_push_locked(struct weir_stream_listener *l, weir_stream *s)
{
	WRI_ASSERT(l->ready_len < WEIR_SOCKET_FD_MAX);
	l->ready[(l->ready_first + l->ready_len) % WEIR_SOCKET_FD_MAX] = s;
	l->ready_len++;
}

void
wri_accept_end_all(struct weir_stream_listener *l, weir_err err)
{
	for (;;) {
		weir_aio *aio;

		wri_mtx_lock(&l->mtx);
		aio = wri_accept_pop_locked(l);
		wri_mtx_unlock(&l->mtx);
		if (aio == NULL) {
			return;
		}
		(void)weir_aio_finish(aio, err);
		wri_listener_leave(l);
	}
}

/* A waiting accept shall end; if it is in the queue it is ours. */
static void
accept_cancel(weir_aio *aio, void *arg, weir_err why)
{
	struct weir_stream_listener *l = arg;
	bool ours;

	wri_mtx_lock(&l->mtx);
	ours = weir_aioq_remove(&l->waiters, aio);
	if (ours) {
		l->waiters_len--;
		wri_listener_hold(l);  /* it may have the last reference */
		wri_listener_enter(l); /* until it is finished */
	}
	wri_mtx_unlock(&l->mtx);
	if (ours) {
		if (wri_life_check() != WEIR_OK) {
			wri_listener_stop(l);
		}
		(void)weir_aio_finish(aio, why);
		wri_listener_leave(l);
		wri_listener_rele(l);
	}
}

static void
accept_release(void *arg)
{
	wri_listener_rele(arg);
}

static const weir_provider accept_provider = {
    .size = sizeof(weir_provider),
    .name = "stream accept",
    .cancel = accept_cancel,
    .release = accept_release,
};

/* Has the library ended under it? */
static bool
listener_is_orphan_locked(const struct weir_stream_listener *l)
{
	return l->ops->is_fed ? wri_life_is_over(l->life)
			      : !weir_aio_busy(l->nap);
}

/* May somebody accept now? */
static weir_err
accept_check_locked(const struct weir_stream_listener *l)
{
	switch (l->state) {
	case WRI_LISTENER_NEW:
	case WRI_LISTENER_BINDING:
		return WEIR_ESTATE;
	case WRI_LISTENER_OPEN:
		if (listener_is_orphan_locked(l)) {
			return WEIR_ESTOPPED;
		}
		return l->waiters_len < WEIR_STREAM_QUEUE_MAX ? WEIR_OK
							      : WEIR_EAGAIN;
	case WRI_LISTENER_STOPPED:
		return WEIR_ESTOPPED;
	case WRI_LISTENER_CLOSED:
		break;
	}
	return WEIR_ECLOSED;
}

/*
 * An accept that may not wait: take what is there.  WEIR_EAGAIN: nothing, or
 * it is the turn of others.
 */
static weir_err
accept_poll(struct weir_stream_listener *l, weir_stream **sp)
{
	enum wri_accept got = WRI_ACCEPT_SKIP;
	weir_err err;
	bool try;

	wri_mtx_lock(&l->mtx);
	err = accept_check_locked(l);
	try = err == WEIR_OK && l->ready_len == 0 && l->waiters_len == 0 &&
	      !l->ops->is_fed && !wri_pump_pauses_locked(l);
	if (try) {
		l->users++;
	}
	wri_mtx_unlock(&l->mtx);
	if (!try) {
		return WEIR_EAGAIN; /* accept_wait_locked looks again */
	}
	for (unsigned i = 0; i < ACCEPT_TRIES_MAX && got == WRI_ACCEPT_SKIP;
	     i++) {
		got = wri_pump_take(l, weir_fd_number(l->fd), sp, &err);
	}
	if (got != WRI_ACCEPT_GOT && err == WEIR_OK) {
		err = WEIR_EAGAIN;
	}
	wri_mtx_lock(&l->mtx);
	if (err == WEIR_OK) {
		l->pause_ns = 0;
	} else if (l->state != WRI_LISTENER_OPEN) {
		err = accept_check_locked(l); /* what accept(2) said is ours */
	}
	wri_mtx_unlock(&l->mtx);
	wri_listener_unuse(l);
	return err;
}

weir_err
wri_accept_reserve(struct weir_stream_listener *l)
{
	weir_err err = WEIR_OK;

	wri_mtx_lock(&l->mtx);
	if (l->state == WRI_LISTENER_CLOSED) {
		err = WEIR_ECLOSED;
	} else if (l->state == WRI_LISTENER_STOPPED ||
		   listener_is_orphan_locked(l)) {
		err = WEIR_ESTOPPED;
	} else if (l->ready_len + l->feeding >= WEIR_SOCKET_FD_MAX) {
		err = WEIR_ENOSPC;
	} else {
		l->feeding++;
		wri_listener_enter(l);
	}
	wri_mtx_unlock(&l->mtx);
	return err;
}

void
wri_accept_feed(struct weir_stream_listener *l, weir_stream *s)
{
	weir_aio *aio = NULL;

	wri_listener_hold(l); /* a callback may free it */
	wri_mtx_lock(&l->mtx);
	l->feeding--;
	if (s != NULL && l->state == WRI_LISTENER_OPEN) {
		aio = wri_accept_pop_locked(l);
		if (aio == NULL) {
			wri_ready_push_locked(l, s);
			s = NULL;
		}
	}
	wri_mtx_unlock(&l->mtx);
	if (aio != NULL) {
		wri_accept_finish(aio, WEIR_OK, s);
		wri_listener_leave(l);
	} else {
		weir_stream_free(s); /* closed meanwhile */
	}
	wri_listener_leave(l);
	wri_listener_rele(l);
}

enum accept_way {
	ACCEPT_ENDS,  /* the operation ends now: with an error, or a stream */
	ACCEPT_WAITS, /* it waits, or was refused: not ours any more */
	ACCEPT_PUMPS, /* as ACCEPT_WAITS, and the caller has to run the pump */
};

/* Put the operation into the queue, unless it can or must end now. */
static enum accept_way
accept_wait_locked(struct weir_stream_listener *l, weir_aio *aio,
    weir_stream **sp, weir_err *err)
{
	*err = accept_check_locked(l);
	if (*err != WEIR_OK) {
		return ACCEPT_ENDS;
	}
	*sp = wri_ready_pop_locked(l);
	if (*sp != NULL) {
		return ACCEPT_ENDS;
	}
	wri_listener_hold(l); /* for accept_release */
	if (weir_aio_start(aio, &accept_provider, l) != WEIR_OK) {
		wri_listener_rele(l); /* not the last: the caller has one */
		return ACCEPT_WAITS;
	}
	weir_aioq_push(&l->waiters, aio);
	l->waiters_len++;
	l->full_told = false;
	if (l->ops->is_fed || l->pump_state != WRI_PUMP_IDLE) {
		return ACCEPT_WAITS;
	}
	/* Claimed, so that nobody else runs it. */
	l->pump_state = WRI_PUMP_WATCHING;
	l->users++;
	return ACCEPT_PUMPS;
}

static void
listener_accept(struct weir_stream_listener *l, weir_aio *aio)
{
	weir_stream *s = NULL;
	weir_err err = WEIR_EAGAIN;
	enum accept_way way;
	bool tell;

	if (wri_stream_polls(aio)) {
		err = accept_poll(l, &s);
		if (err != WEIR_EAGAIN) {
			wri_accept_finish(aio, err, s);
			return;
		}
	}
	wri_mtx_lock(&l->mtx);
	way = accept_wait_locked(l, aio, &s, &err);
	tell = err == WEIR_EAGAIN && !l->full_told;
	l->full_told |= tell;
	wri_mtx_unlock(&l->mtx);
	if (tell) {
		wri_stream_log_full(&l->ep, "accept");
	} else if (err == WEIR_ESTOPPED) {
		wri_listener_stop(l); /* if it is not yet */
	}
	switch (way) {
	case ACCEPT_ENDS:
		wri_accept_finish(aio, err, s);
		break;
	case ACCEPT_WAITS:
		break;
	case ACCEPT_PUMPS:
		wri_pump_run(l);
		break;
	}
}

void
weir_stream_listener_accept(weir_stream_listener *l, weir_aio *aio)
{
	if (l != NULL &&
	    !wri_stream_handle_ok(l, WRI_MAGIC_LISTENER, __func__)) {
		return;
	}
	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (l == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	/* Its callback may free the listener before we have returned. */
	wri_listener_hold(l);
	listener_accept(l, aio);
	wri_listener_rele(l);
}
