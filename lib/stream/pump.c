/*
 * pump - fetches connections for the accepts of a listener that wait.
 *
 * Purpose    one internal aio per listener: its accept step is on the
 *            descriptor while somebody waits, and nothing is there during a
 *            shortage of descriptors or memory.
 * Shape
 *
 *              IDLE ──▶ WATCHING ──nobody waits──▶ IDLE
 *                        │     ▲
 *                shortage▼     │pause over
 *                        NAPPING
 *
 *            The step, on the polling thread or on the stack of an accept,
 *            finishes the first waiter; the callback only decides what the
 *            pump does next, and is not on a connection's way.
 * Ownership  The pump's runner is the thread that claimed it when it was IDLE,
 *            then its callback: one at a time.  The running pump holds the
 *            listener.
 * Stop       A pump that fails means that the library ends: the listener stops
 *            and its waiters end.
 * Bounds     WRI_PUMP_TRIES_MAX accept(2) a step; PUMP_ROUNDS_MAX steps on one
 *            stack, then a breath; pauses of PUMP_PAUSE_MIN to PUMP_PAUSE_MAX.
 * Proof      test/contract/cases_accept.c, test/stream/test_shortage.c
 */
#include "stream/listener.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/sockio.h"

#include <weir/sleep.h>

#include <errno.h>

#define PUMP_PAUSE_MIN WEIR_MS(10)
#define PUMP_PAUSE_MAX WEIR_SECONDS(1)
#define PUMP_ROUNDS_MAX 4
/* Long enough not to end on the spot, short enough not to matter. */
#define PUMP_BREATH WEIR_US(100)

static wri_a64 pump_pauses;

uint64_t
wri_stream_accept_pauses(void)
{
	return wri_load(&pump_pauses, WRI_RLX); /* a figure */
}

/* No descriptors or memory: pause, longer than last time. */
static void
pump_short(struct weir_stream_listener *l, int eno)
{
	weir_time now = wri_now();

	wri_mtx_lock(&l->mtx);
	if (l->pause_ns == 0) {
		l->pause_ns = PUMP_PAUSE_MIN;
		l->short_eno = eno;
	} else if (now >= l->pause_until) {
		l->pause_ns = l->pause_ns * 2 < PUMP_PAUSE_MAX ? l->pause_ns * 2
							       : PUMP_PAUSE_MAX;
	}
	l->pause_until = weir_time_after(now, l->pause_ns);
	wri_mtx_unlock(&l->mtx);
	(void)wri_add(&pump_pauses, 1, WRI_RLX); /* a figure */
}

weir_duration
wri_pump_pause_locked(const struct weir_stream_listener *l)
{
	weir_time now;

	if (l->pause_ns == 0) {
		return 0;
	}
	now = wri_now();
	return now < l->pause_until ? l->pause_until - now : 0;
}

static const char *
pump_limit(int eno)
{
	switch (eno) {
	case EMFILE:
		return "RLIMIT_NOFILE of the process";
	case ENFILE:
		return "fs.file-max of the system";
	}
	return "memory for sockets";
}

void
wri_pump_tell(struct weir_stream_listener *l)
{
	char name[WEIR_ADDR_STR_MAX];
	int eno;

	wri_mtx_lock(&l->mtx);
	eno = l->short_eno;
	l->short_eno = 0;
	wri_mtx_unlock(&l->mtx);
	if (eno != 0) {
		wri_log(WEIR_LOG_WARN, "%s: accept pauses: out of %s",
		    weir_sockaddr_str(&l->ep.name, name, sizeof(name)),
		    pump_limit(eno));
	}
}

enum wri_accept
wri_pump_take(struct weir_stream_listener *l, int fd, unsigned *tries,
    weir_stream **sp, weir_err *err)
{
	struct wri_sysaddr peer;
	int conn;

	while (*tries > 0) {
		enum wri_accept got = wri_sock_accept(fd, &peer, &conn);

		(*tries)--;
		switch (got) {
		case WRI_ACCEPT_SKIP:
			continue;
		case WRI_ACCEPT_NONE:
			return got;
		case WRI_ACCEPT_SHORT:
			pump_short(l, conn);
			return got;
		case WRI_ACCEPT_FAILED:
			*err = wri_err_of(conn);
			return got;
		case WRI_ACCEPT_GOT:
			break;
		}
		*err = wri_stream_open(sp, l->ops, conn);
		if (*err != WEIR_OK) {
			(void)wri_sys_close(conn);
			return WRI_ACCEPT_FAILED;
		}
		/* Relaxed: see wri_options_set. */
		*err = wri_stream_ready(
		    *sp, &l->ep, wri_load(&l->options, WRI_RLX), &peer);
		if (*err != WEIR_OK) {
			weir_stream_free(*sp);
			*sp = NULL;
			return WRI_ACCEPT_FAILED;
		}
		return WRI_ACCEPT_GOT;
	}
	return WRI_ACCEPT_SKIP;
}

/* Give a connection, or a failure, to who waits longest. */
static void
pump_deliver(struct weir_stream_listener *l, weir_err err, weir_stream *s)
{
	weir_aio *aio;

	wri_mtx_lock(&l->mtx);
	aio = wri_accept_pop_locked(l);
	if (err == WEIR_OK) {
		l->pause_ns = 0; /* the shortage, if any, is over */
		if (aio == NULL && l->state == WRI_LISTENER_OPEN) {
			/* One step at a time, only while somebody waits; and
			 * nobody waits while there is a spare one. */
			WRI_ASSERT(l->spare == NULL);
			l->spare = s;
			s = NULL;
		}
	}
	wri_mtx_unlock(&l->mtx);
	if (aio != NULL) {
		wri_accept_finish(aio, err, s);
	} else if (err == WEIR_OK) {
		weir_stream_free(s); /* closed meanwhile */
	}
}

static bool
pump_wanted(struct weir_stream_listener *l)
{
	bool wanted;

	wri_mtx_lock(&l->mtx);
	wanted = l->waiters_len > 0;
	wri_mtx_unlock(&l->mtx);
	return wanted;
}

/* The pump's step.  WEIR_OK: its callback decides how it goes on. */
static weir_err
pump_step(weir_aio *pump, int fd, void *arg, unsigned *flags)
{
	struct weir_stream_listener *l = arg;
	unsigned tries = WRI_PUMP_TRIES_MAX;

	(void)pump;
	*flags = 0;
	while (tries > 0 && pump_wanted(l)) {
		weir_stream *s = NULL;
		weir_err err = WEIR_OK;

		switch (wri_pump_take(l, fd, &tries, &s, &err)) {
		case WRI_ACCEPT_NONE:
			return WEIR_EAGAIN;
		case WRI_ACCEPT_SKIP:
		case WRI_ACCEPT_SHORT:
			return WEIR_OK;
		case WRI_ACCEPT_GOT:
		case WRI_ACCEPT_FAILED:
			pump_deliver(l, err, s);
			break;
		}
	}
	return WEIR_OK;
}

static const weir_fdop pump_op = {
    .size = sizeof(weir_fdop),
    .name = "stream accept",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = pump_step,
};

/*
 * Submit what the pump does next; it becomes IDLE if there is nothing.  True:
 * that has ended on the spot.  l is held by the caller.
 */
static bool
pump_submit(struct weir_stream_listener *l, unsigned round)
{
	weir_duration nap;
	bool ended = false;

	wri_mtx_lock(&l->mtx);
	if (l->waiters_len == 0 || l->state != WRI_LISTENER_OPEN) {
		l->pump_state = WRI_PUMP_IDLE;
		wri_mtx_unlock(&l->mtx);
		wri_listener_rele(l); /* the pump's */
		return false;
	}
	nap = wri_pump_pause_locked(l);
	if (nap == 0 && round >= PUMP_ROUNDS_MAX) {
		nap = PUMP_BREATH;
	}
	l->pump_state = nap > 0 ? WRI_PUMP_NAPPING : WRI_PUMP_WATCHING;
	l->users++;
	wri_mtx_unlock(&l->mtx);

	weir_aio_skip_callback(l->pump, &ended);
	if (nap > 0) {
		weir_sleep_aio(nap, l->pump);
	} else {
		weir_fd_submit(l->fd, WEIR_DIR_READ, l->pump, &pump_op);
	}
	wri_listener_unuse(l);
	return ended;
}

/*
 * The pump's operation has ended.  An error, when the listener is not closed,
 * means that the library ends: so does the listener.
 */
static void
pump_ended(struct weir_stream_listener *l)
{
	wri_pump_tell(l);
	if (weir_aio_result(l->pump) != WEIR_OK) {
		wri_listener_stop(l);
	}
}

void
wri_pump_run(struct weir_stream_listener *l)
{
	for (unsigned round = 1; pump_submit(l, round); round++) {
		pump_ended(l);
	}
}

void
wri_pump_cb(void *arg)
{
	struct weir_stream_listener *l = arg;

	wri_listener_hold(l); /* wri_pump_run may drop the pump's */
	pump_ended(l);
	wri_pump_run(l);
	wri_listener_rele(l);
}
