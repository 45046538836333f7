/*
 * listener - what the files of the room share of a listener.
 */
#ifndef STREAM_LISTENER_H
#define STREAM_LISTENER_H

#include "stream/sockio.h"
#include "stream/stream.h"

/*
 *   NEW ──listen──▶ BINDING ──▶ OPEN ──close──▶ CLOSED
 *    ▲                 │          └─weir_fini─▶ STOPPED ──close──▶ CLOSED
 *    └────failed───────┘   close from anywhere: CLOSED
 */
enum wri_listener_state {
	WRI_LISTENER_NEW,
	WRI_LISTENER_BINDING,
	WRI_LISTENER_OPEN,
	WRI_LISTENER_STOPPED, /* the library ended under it */
	WRI_LISTENER_CLOSED,
};

/* Where the pump is. */
enum wri_pump_state {
	WRI_PUMP_IDLE,
	WRI_PUMP_WATCHING, /* the accept step is on the descriptor */
	WRI_PUMP_NAPPING,  /* a pause: the nap step will watch */
};

struct weir_stream_listener {
	/* Fixed after alloc. */
	uint32_t magic;
	const struct wri_stream_ops *ops;
	struct wri_endpoint ep;
	weir_aio *pumps[2]; /* without callback, used in turn */
	weir_aio *nap;      /* without callback; busy from listen to close, or
			       until the library ends */
	weir_aio *teller;   /* its callback tells the log; a listener that is
			       fed has none of the four */
	uint32_t life;      /* of the library, that its handles are of */

	/* Any thread. */
	wri_a32 refs; /* the program's, the two weir_fds', the running teller's,
			 one per call of accept and per waiting operation */
	struct wri_settings settings;
	wri_a32 busy;  /* what stop waits for: a listen or accept(2) under way,
			  the two weir_fds, waiters that are being finished */
	wri_a32 skips; /* accept(2) that met no connection, in a row */

	wri_mtx mtx;

	/* mtx must be held when using these. */
	enum wri_listener_state state;
	enum wri_pump_state pump_state;
	uint32_t pump_round; /* which pump is next, modulo 2 */
	bool telling;        /* teller is on its way */
	weir_fd *fd;    /* from OPEN until closed or stopped, and users is 0 */
	unsigned users; /* threads that use fd outside the lock */
	weir_aioq waiters; /* accepts that wait */
	unsigned waiters_len;
	bool full_told; /* the log has the bound since there was room */
	/* Accepted or given, and nobody took them; then nobody waits.  A ring;
	 * one that is not fed has at most one, whose taker was cancelled. */
	weir_stream *ready[WEIR_SOCKET_FD_MAX];
	unsigned ready_first;
	unsigned ready_len;
	unsigned feeding;       /* places taken by descriptors on their way */
	weir_duration pause_ns; /* of the last pause; 0: there is no shortage */
	weir_time pause_until;  /* then it may be tried again */
	int short_eno;          /* of the last shortage */

	/* The thread in listen while BINDING, fixed from OPEN on. */
	weir_fd *timer; /* lives as long as fd */
	weir_sockaddr bound;
	struct wri_sockfile file;
	bool adopted; /* the socket is the program's: others may have it too */
};

/* listener.c */
void wri_listener_hold(struct weir_stream_listener *l);
void wri_listener_rele(struct weir_stream_listener *l);
/* Has it not begun to listen?  Else WEIR_EBUSY, WEIR_ECLOSED, WEIR_ESTOPPED. */
weir_err wri_listener_fresh_locked(const struct weir_stream_listener *l);
/* The library has ended: waiters end with WEIR_ESTOPPED. */
void wri_listener_stop(struct weir_stream_listener *l);
/* No more connections, and the address is free. */
void wri_listener_shut_socket(
    const struct weir_stream_listener *l, weir_fd *fd);
/* Done with fd; the last one after a close or stop closes it. */
void wri_listener_unuse(struct weir_stream_listener *l);
/* Something begins or ends that stop has to wait for. */
void wri_listener_enter(struct weir_stream_listener *l);
void wri_listener_leave(struct weir_stream_listener *l);

/* listen.c */
/* Listen on a socket that does already; it stays the caller's on failure.
 * name: what it is bound to. */
weir_err wri_listener_adopt(
    struct weir_stream_listener *l, int fd, const weir_sockaddr *name);

/* adopt.c */
/* Make a descriptor non-blocking and close-on-exec. */
weir_err wri_adopt_flags(int fd);

/* accept.c */
/* Nobody waits any more: all accepts end with err. */
void wri_accept_end_all(struct weir_stream_listener *l, weir_err err);
/* Take the first waiter, or NULL.  The caller finishes it, and then leaves the
 * listener if there was one. */
weir_aio *wri_accept_pop_locked(struct weir_stream_listener *l);
/* End an accept: with a stream, or an error. */
void wri_accept_finish(weir_aio *aio, weir_err err, weir_stream *s);
/* The streams that nobody took. */
weir_stream *wri_ready_pop_locked(struct weir_stream_listener *l);
void wri_ready_push_locked(struct weir_stream_listener *l, weir_stream *s);
/* A place for one more connection that is given; WEIR_ENOSPC, WEIR_ECLOSED,
 * WEIR_ESTOPPED.  Then feed gives it back: with the stream, for who waits
 * longest or comes next, or NULL. */
weir_err wri_accept_reserve(struct weir_stream_listener *l);
void wri_accept_feed(struct weir_stream_listener *l, weir_stream *s);

/* pump.c */
/* The handles; what was made when one failed goes with wri_pump_fini. */
weir_err wri_pump_init(struct weir_stream_listener *l);
void wri_pump_fini(struct weir_stream_listener *l);
/* Socket and timer are there. */
void wri_pump_begin(struct weir_stream_listener *l);
/* Somebody waits: watch, now or after the pause.  By the one who has claimed
 * the pump, and is a user of fd until here. */
void wri_pump_run(struct weir_stream_listener *l);
/* Take one connection and make it a stream.  FAILED: *err says why. */
enum wri_accept wri_pump_take(
    struct weir_stream_listener *l, int fd, weir_stream **sp, weir_err *err);
/* Is there a pause? */
bool wri_pump_pauses_locked(const struct weir_stream_listener *l);

#endif
