/*
 * pump - fetches connections for the accepts of a listener that wait.
 *
 * Purpose    an accept step is on the descriptor while somebody waits, and
 *            nothing is there during a shortage of descriptors or memory.
 * Shape
 *
 *              IDLE ──▶ WATCHING ──nobody waits──▶ IDLE
 *                        │     ▲
 *                shortage▼     │timer
 *                        NAPPING
 *
 *            All that is on a connection's way is done in steps, on the polling
 *            thread or on the stack of an accept: the accept step finishes the
 *            first waiter, the step on the timer begins to watch again.  Their
 *            handles have no callback, so that no pool can hold them up.
 * Ownership  The pump is whose who has moved it out of IDLE, then the accept
 *            step's, then the nap step's: one at a time.
 *            Two handles carry the accept step in turn.  A step that says
 *            IDLE has still to end its operation; who begins to watch
 *            meanwhile takes the other handle, which waits behind it on the
 *            descriptor, so that the first is idle when the other's step runs.
 * Stop       weir_fini stops our handles and those of the waiters: the hook of
 *            the first waiter, or the end of the nap, stops the listener.
 * Bounds     one accept(2) a step, the gate bounds steps in a row; pauses of
 *            PUMP_PAUSE_MIN to PUMP_PAUSE_MAX.
 * Proof      test/contract/cases_accept.c, test/stream/test_shortage.c,
 *            test/stream/test_blocked.c
 */
#include "stream/listener.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/sys.h"
#include "stream/nap.h"
#include "stream/sockio.h"

#include <errno.h>

#define PUMP_PAUSE_MIN WEIR_MS(10)
#define PUMP_PAUSE_MAX WEIR_SECONDS(1)
/* Connections in a row that died in the queue, or are refused for good. */
#define PUMP_SKIPS_MAX 100

static wri_a64 pump_pauses;

uint64_t
wri_stream_accept_pauses(void)
{
	return wri_load(&pump_pauses, WRI_RLX); /* a figure */
}

/* --- The log ----------------------------------------------------------- */

static const char *
pump_reason(int eno)
{
	switch (eno) {
	case EMFILE:
		return "out of RLIMIT_NOFILE of the process";
	case ENFILE:
		return "out of fs.file-max of the system";
	case ENOBUFS:
	case ENOMEM:
		return "out of memory for sockets";
	}
	return weir_strerror(wri_err_of(eno));
}

static void
teller_cb(void *arg)
{
	struct weir_stream_listener *l = arg;
	char name[WEIR_ADDR_STR_MAX];
	int eno;

	wri_mtx_lock(&l->mtx);
	l->telling = false;
	eno = l->short_eno;
	wri_mtx_unlock(&l->mtx);
	wri_log(WEIR_LOG_WARN, "%s: accept pauses: %s",
	    weir_sockaddr_str(&l->bound, name, sizeof(name)), pump_reason(eno));
	wri_listener_rele(l); /* the teller's */
}

/* The program's log function must not run on a polling thread. */
static void
pump_tell(struct weir_stream_listener *l)
{
	wri_listener_hold(l); /* the teller's */
	if (weir_aio_reset(l->teller) == WEIR_OK) {
		(void)weir_aio_finish(l->teller, WEIR_OK);
	} else {
		wri_listener_rele(l); /* the library ends; not the last */
	}
}

/* --- One connection ---------------------------------------------------- */

/* No descriptors or memory: pause, longer than last time. */
static void
pump_short(struct weir_stream_listener *l, int eno)
{
	weir_time now = wri_now();
	bool tell = false;

	wri_mtx_lock(&l->mtx);
	if (l->pause_ns == 0) {
		l->pause_ns = PUMP_PAUSE_MIN;
		l->short_eno = eno;
		tell = !l->telling;
		l->telling = true;
	} else if (now >= l->pause_until) {
		l->pause_ns = l->pause_ns * 2 < PUMP_PAUSE_MAX ? l->pause_ns * 2
							       : PUMP_PAUSE_MAX;
	}
	l->pause_until = weir_time_after(now, l->pause_ns);
	wri_mtx_unlock(&l->mtx);
	(void)wri_add(&pump_pauses, 1, WRI_RLX); /* a figure */
	if (tell) {
		pump_tell(l);
	}
}

bool
wri_pump_pauses_locked(const struct weir_stream_listener *l)
{
	return l->pause_ns != 0 && wri_now() < l->pause_until;
}

enum wri_accept
wri_pump_take(
    struct weir_stream_listener *l, int fd, weir_stream **sp, weir_err *err)
{
	struct wri_sysaddr peer;
	int conn;
	enum wri_accept got = wri_sock_accept(fd, &peer, &conn);

	/* Relaxed, all: a count; accepts that poll may be here at once. */
	switch (got) {
	case WRI_ACCEPT_SKIP:
		if (wri_add(&l->skips, 1, WRI_RLX) % PUMP_SKIPS_MAX !=
		    PUMP_SKIPS_MAX - 1) {
			return got;
		}
		pump_short(l, conn);
		return WRI_ACCEPT_SHORT;
	case WRI_ACCEPT_NONE:
		return got;
	case WRI_ACCEPT_SHORT:
		pump_short(l, conn);
		return got;
	case WRI_ACCEPT_FAILED:
		*err = wri_err_of(conn);
		return got;
	case WRI_ACCEPT_GOT:
		wri_store(&l->skips, 0, WRI_RLX);
		break;
	}
	*err = wri_stream_open(sp, l->ops, conn);
	if (*err != WEIR_OK) {
		(void)wri_sys_close(conn);
		return WRI_ACCEPT_FAILED;
	}
	*err = wri_stream_ready(*sp, &l->bound, &l->settings, &peer);
	if (*err != WEIR_OK) {
		weir_stream_free(*sp);
		*sp = NULL;
		return WRI_ACCEPT_FAILED;
	}
	return WRI_ACCEPT_GOT;
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
			 * nobody waits while one is ready. */
			WRI_ASSERT(l->ready_len == 0);
			wri_ready_push_locked(l, s);
			s = NULL;
		}
	}
	wri_mtx_unlock(&l->mtx);
	if (aio != NULL) {
		wri_accept_finish(aio, err, s);
		wri_listener_leave(l);
	} else if (err == WEIR_OK) {
		weir_stream_free(s); /* closed meanwhile */
	}
}

/* --- Steps ------------------------------------------------------------- */

/* The accept step ends: the other handle is next. */
static void
pump_leave_locked(struct weir_stream_listener *l, enum wri_pump_state to)
{
	l->pump_state = to;
	l->pump_round++;
}

/* Does anybody wait?  If not the pump is IDLE. */
static bool
pump_wanted(struct weir_stream_listener *l)
{
	bool wanted;

	wri_mtx_lock(&l->mtx);
	wanted = l->waiters_len > 0 && l->state == WRI_LISTENER_OPEN;
	if (!wanted) {
		pump_leave_locked(l, WRI_PUMP_IDLE);
	}
	wri_mtx_unlock(&l->mtx);
	return wanted;
}

static weir_err
pump_step(weir_aio *pump, int fd, void *arg, unsigned *flags)
{
	struct weir_stream_listener *l = arg;
	weir_stream *s = NULL;
	weir_err err = WEIR_OK;
	weir_time until;

	(void)pump;
	*flags = WEIR_FD_MORE;
	if (!pump_wanted(l)) {
		return WEIR_OK;
	}
	switch (wri_pump_take(l, fd, &s, &err)) {
	case WRI_ACCEPT_NONE:
		*flags = 0;
		break;
	case WRI_ACCEPT_SKIP:
		break;
	case WRI_ACCEPT_SHORT:
		wri_mtx_lock(&l->mtx);
		pump_leave_locked(l, WRI_PUMP_NAPPING);
		until = l->pause_until;
		wri_mtx_unlock(&l->mtx);
		wri_nap_set(l->timer, until);
		return WEIR_OK;
	case WRI_ACCEPT_GOT:
	case WRI_ACCEPT_FAILED:
		pump_deliver(l, err, s);
		break;
	}
	return WEIR_EAGAIN;
}

static const weir_fdop pump_op = {
    .size = sizeof(weir_fdop),
    .name = "stream accept",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = pump_step,
};

/* WATCHING, by us: put the accept step on the descriptor. */
static void
pump_watch(struct weir_stream_listener *l)
{
	weir_aio *pump;

	wri_mtx_lock(&l->mtx);
	pump = l->pumps[l->pump_round % 2];
	wri_mtx_unlock(&l->mtx);
	weir_fd_submit(l->fd, WEIR_DIR_READ, pump, &pump_op);
}

/* The step on the timer, there for good. */
static weir_err
nap_step(weir_aio *nap, int fd, void *arg, unsigned *flags)
{
	struct weir_stream_listener *l = arg;
	bool over;

	(void)nap;
	*flags = 0;
	if (!wri_nap_over(fd)) {
		return WEIR_EAGAIN;
	}
	wri_mtx_lock(&l->mtx);
	over =
	    l->pump_state == WRI_PUMP_NAPPING && l->state == WRI_LISTENER_OPEN;
	if (over) {
		l->pump_state = WRI_PUMP_WATCHING;
		l->users++;
	}
	wri_mtx_unlock(&l->mtx);
	if (over) {
		pump_watch(l);
		wri_listener_unuse(l);
	}
	*flags = WEIR_FD_MORE;
	return WEIR_EAGAIN;
}

static const weir_fdop nap_op = {
    .size = sizeof(weir_fdop),
    .name = "stream accept pause",
    .kind = WEIR_FDOP_OTHER,
    .try_step = nap_step,
};

void
wri_pump_run(struct weir_stream_listener *l)
{
	weir_time until;
	bool pauses;

	wri_mtx_lock(&l->mtx);
	pauses = wri_pump_pauses_locked(l);
	until = l->pause_until;
	if (pauses) {
		l->pump_state = WRI_PUMP_NAPPING;
	}
	wri_mtx_unlock(&l->mtx);
	if (pauses) {
		wri_nap_set(l->timer, until);
	} else {
		pump_watch(l);
	}
	wri_listener_unuse(l);
}

/* The nap has ended: closed, or weir_fini is under way. */
static void
nap_cb(void *arg)
{
	struct weir_stream_listener *l = arg;

	if (weir_aio_result(l->nap) == WEIR_ESTOPPED) {
		wri_listener_stop(l);
	}
	wri_listener_rele(l); /* the nap's */
}

void
wri_pump_begin(struct weir_stream_listener *l)
{
	wri_listener_hold(l); /* the nap's */
	if (weir_aio_reset(l->nap) == WEIR_OK) {
		weir_fd_submit(l->timer, WEIR_DIR_READ, l->nap, &nap_op);
	} else {
		wri_listener_rele(
		    l); /* made before a weir_fini; not the last */
	}
}

weir_err
wri_pump_init(struct weir_stream_listener *l)
{
	weir_err err = weir_aio_alloc(&l->teller, teller_cb, l);

	weir_aio_set_tag(l->teller, "stream accept");
	for (unsigned i = 0; i < 3 && err == WEIR_OK; i++) {
		weir_aio **aio = i < 2 ? &l->pumps[i] : &l->nap;

		err = weir_aio_alloc(aio, i < 2 ? NULL : nap_cb, l);
		weir_aio_set_tag(*aio, "stream accept");
	}
	return err;
}

void
wri_pump_fini(struct weir_stream_listener *l)
{
	weir_aio_reap(l->pumps[0]);
	weir_aio_reap(l->pumps[1]);
	weir_aio_reap(l->nap);
	weir_aio_reap(l->teller);
}
