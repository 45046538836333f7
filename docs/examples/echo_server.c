/*
 * echo_server - accepting, counting, draining.
 *
 * Purpose    see echo_server.h.
 * Locks      One, `mtx`, guards the listeners' states, the list and the
 *            totals.  It is taken when a connection comes or goes and once per
 *            look at the figures, never per message.  Operations are submitted
 *            under it: that is allowed, because weir never runs a callback on
 *            the stack of the call that submits or cancels.
 * Limit      A listener that meets conns_max keeps the one connection it has
 *            accepted in hand, unserved, and accepts no more; the first
 *            connection that leaves makes room for it.  Further clients wait
 *            in the system's queue.
 */
#include "echo_server.h"

#include "echo_conn.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* After an error that is not the listener's end: let the system recover. */
#define ACCEPT_REST WEIR_MS(100)

enum listener_state {
	LISTENER_ACCEPTING,
	LISTENER_PAUSED,  /* at the limit; `held` waits */
	LISTENER_RESTING, /* after an error; a sleep is under way */
	LISTENER_ENDED,
};

struct echo_listener {
	/* Fixed after listen. */
	struct echo_server *server;
	weir_stream_listener *listener;
	weir_aio *aio; /* accept, or sleep while resting */

	/* server->mtx must be held when using these. */
	enum listener_state state;
	weir_stream *held;
};

struct echo_server {
	/* Fixed after alloc. */
	struct echo_limits limits;

	/* Main thread only. */
	unsigned listeners_len;

	pthread_mutex_t mtx;
	pthread_cond_t empty; /* conns became 0; monotonic clock */

	/* mtx must be held when using these. */
	bool draining;
	unsigned conns;            /* places taken */
	unsigned turn;             /* listener to resume first */
	struct echo_conn *first;   /* those that serve */
	struct echo_figures ended; /* sums of connections that are gone */
	struct echo_listener listeners[ECHO_LISTENERS_MAX];
};

/* The lock of a struct is a leaf; a failure here is a defect of ours. */
static void
server_lock(struct echo_server *s)
{
	if (pthread_mutex_lock(&s->mtx) != 0) {
		abort();
	}
}

static void
server_unlock(struct echo_server *s)
{
	if (pthread_mutex_unlock(&s->mtx) != 0) {
		abort();
	}
}

/* Serve a stream, or drop it when there is no memory.  Lock held. */
static weir_err
server_serve_locked(struct echo_server *s, weir_stream *stream)
{
	struct echo_conn *conn;
	weir_err err = echo_conn_alloc(&conn, s, stream, s->limits.idle_ns);

	if (err != WEIR_OK) {
		weir_stream_free(stream);
		s->ended.failed++;
		return err;
	}
	conn->prev = NULL;
	conn->next = s->first;
	if (s->first != NULL) {
		s->first->prev = conn;
	}
	s->first = conn;
	s->conns++;
	s->ended.accepted++;
	echo_conn_start(conn);
	return WEIR_OK;
}

static void
listener_accept_locked(struct echo_listener *l)
{
	l->state = LISTENER_ACCEPTING;
	weir_stream_listener_accept(l->listener, l->aio);
}

static void
listener_rest_locked(struct echo_listener *l)
{
	l->state = LISTENER_RESTING;
	weir_sleep_aio(ACCEPT_REST, l->aio);
}

/* An accept has ended: take the stream, decide what comes next. */
static void
listener_accepted_locked(struct echo_listener *l)
{
	struct echo_server *s = l->server;
	weir_err err = weir_aio_result(l->aio);
	weir_stream *stream;

	if (err == WEIR_ECLOSED || err == WEIR_ESTOPPED) {
		l->state = LISTENER_ENDED;
		return;
	}
	if (err != WEIR_OK) {
		fprintf(stderr, "weir-echo: accept: %s; trying again\n",
		    weir_strerror(err));
		s->ended.failed++;
		listener_rest_locked(l);
		return;
	}
	stream = weir_aio_get_output(l->aio, 0);
	if (s->draining) {
		weir_stream_free(stream);
		l->state = LISTENER_ENDED;
	} else if (s->conns == s->limits.conns_max) {
		l->held = stream;
		l->state = LISTENER_PAUSED;
		s->ended.pauses++;
	} else if (server_serve_locked(s, stream) == WEIR_OK) {
		listener_accept_locked(l);
	} else {
		listener_rest_locked(l);
	}
}

static void
listener_cb(void *arg)
{
	struct echo_listener *l = arg;

	server_lock(l->server);
	if (l->state == LISTENER_ACCEPTING) {
		listener_accepted_locked(l);
	} else if (l->server->draining) {
		l->state = LISTENER_ENDED;
	} else {
		listener_accept_locked(l); /* rested */
	}
	server_unlock(l->server);
}

/* There is room: let paused listeners go on, each in its turn. */
static void
server_resume_locked(struct echo_server *s)
{
	for (unsigned i = 0; i < ECHO_LISTENERS_MAX; i++) {
		struct echo_listener *l;
		weir_stream *stream;

		if (s->draining || s->conns == s->limits.conns_max) {
			return;
		}
		l = &s->listeners[s->turn++ % ECHO_LISTENERS_MAX];
		if (l->state != LISTENER_PAUSED) {
			continue;
		}
		stream = l->held;
		l->held = NULL;
		if (server_serve_locked(s, stream) == WEIR_OK) {
			listener_accept_locked(l);
		} else {
			listener_rest_locked(l);
		}
	}
}

/* Add what a connection has counted so far. */
static void
figures_add(struct echo_figures *f, struct echo_conn *conn)
{
	f->messages +=
	    atomic_load_explicit(&conn->messages, memory_order_relaxed);
	f->bytes += atomic_load_explicit(&conn->bytes, memory_order_relaxed);
}

void
echo_server_conn_leave(
    struct echo_server *s, struct echo_conn *conn, enum echo_conn_end end)
{
	server_lock(s);
	if (conn->prev != NULL) {
		conn->prev->next = conn->next;
	} else {
		s->first = conn->next;
	}
	if (conn->next != NULL) {
		conn->next->prev = conn->prev;
	}
	figures_add(&s->ended, conn);
	s->ended.timeouts += end == ECHO_CONN_TIMEOUT;
	s->ended.failed += end == ECHO_CONN_FAILED;
	server_unlock(s);
}

void
echo_server_conn_gone(struct echo_server *s)
{
	server_lock(s);
	s->conns--;
	server_resume_locked(s);
	if (s->conns == 0) {
		(void)pthread_cond_signal(&s->empty);
	}
	server_unlock(s);
}

weir_err
echo_server_alloc(
    struct echo_server **serverp, const struct echo_limits *limits)
{
	struct echo_server *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (s == NULL) {
		return WEIR_ENOMEM;
	}
	s->limits = *limits;
	for (unsigned i = 0; i < ECHO_LISTENERS_MAX; i++) {
		s->listeners[i].server = s;
		s->listeners[i].state = LISTENER_ENDED;
	}
	if (pthread_condattr_init(&attr) != 0) {
		goto fail_free;
	}
	if (pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&s->empty, &attr) != 0) {
		goto fail_attr;
	}
	if (pthread_mutex_init(&s->mtx, NULL) != 0) {
		goto fail_cond;
	}
	(void)pthread_condattr_destroy(&attr);
	*serverp = s;
	return WEIR_OK;

fail_cond:
	(void)pthread_cond_destroy(&s->empty);
fail_attr:
	(void)pthread_condattr_destroy(&attr);
fail_free:
	free(s);
	return WEIR_ENOMEM;
}

/* Write the URL that clients use. */
static weir_err
listener_name(
    weir_stream_listener *l, const char *url, char *bound, size_t boundsz)
{
	const char *colon = strrchr(url, ':');
	int port;

	if (strncmp(url, "tcp", 3) != 0 || colon == NULL) {
		(void)snprintf(bound, boundsz, "%s", url);
		return WEIR_OK;
	}
	weir_err err =
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &port);
	if (err == WEIR_OK) {
		(void)snprintf(
		    bound, boundsz, "%.*s:%d", (int)(colon - url), url, port);
	}
	return err;
}

weir_err
echo_server_listen(
    struct echo_server *s, const char *url, char *bound, size_t boundsz)
{
	struct echo_listener *l;
	weir_err err;

	if (s->listeners_len == ECHO_LISTENERS_MAX) {
		return WEIR_ENOSPC;
	}
	l = &s->listeners[s->listeners_len];
	err = weir_stream_listener_alloc(&l->listener, url);
	if (err != WEIR_OK) {
		return err;
	}
	err = weir_stream_listener_listen(l->listener);
	if (err == WEIR_OK) {
		err = listener_name(l->listener, url, bound, boundsz);
	}
	if (err == WEIR_OK) {
		err = weir_aio_alloc(&l->aio, listener_cb, l);
	}
	if (err != WEIR_OK) {
		weir_stream_listener_free(l->listener);
		l->listener = NULL;
		return err;
	}
	weir_aio_set_tag(l->aio, "echo accept");
	s->listeners_len++;
	server_lock(s);
	listener_accept_locked(l);
	server_unlock(s);
	return WEIR_OK;
}

void
echo_server_figures(struct echo_server *s, struct echo_figures *f)
{
	server_lock(s);
	*f = s->ended;
	f->conns = s->conns;
	for (struct echo_conn *c = s->first; c != NULL; c = c->next) {
		figures_add(f, c);
	}
	server_unlock(s);
}

void
echo_server_drain(struct echo_server *s)
{
	server_lock(s);
	s->draining = true;
	for (unsigned i = 0; i < s->listeners_len; i++) {
		struct echo_listener *l = &s->listeners[i];

		weir_stream_listener_close(l->listener);
		weir_aio_close(l->aio); /* ends the sleep of one that rests */
		weir_stream_free(l->held);
		l->held = NULL;
	}
	for (struct echo_conn *c = s->first; c != NULL; c = c->next) {
		weir_aio_close(c->rx);
	}
	server_unlock(s);
}

void
echo_server_cut(struct echo_server *s)
{
	server_lock(s);
	for (struct echo_conn *c = s->first; c != NULL; c = c->next) {
		weir_stream_close(c->stream);
	}
	server_unlock(s);
}

unsigned
echo_server_wait(struct echo_server *s, weir_time until)
{
	struct timespec ts = {
	    .tv_sec = (time_t)(until / 1000000000),
	    .tv_nsec = (long)(until % 1000000000),
	};
	unsigned left;
	int rc = 0;

	server_lock(s);
	while (s->conns > 0 && rc == 0) {
		rc = pthread_cond_timedwait(&s->empty, &s->mtx, &ts);
	}
	left = s->conns;
	server_unlock(s);
	return left;
}

void
echo_server_close(struct echo_server *s)
{
	for (unsigned i = 0; i < s->listeners_len; i++) {
		weir_aio_free(s->listeners[i].aio);
		weir_stream_listener_free(s->listeners[i].listener);
	}
	s->listeners_len = 0;
}

void
echo_server_free(struct echo_server *s)
{
	(void)pthread_mutex_destroy(&s->mtx);
	(void)pthread_cond_destroy(&s->empty);
	free(s);
}
