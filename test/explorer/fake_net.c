/*
 * fake_net - sockets, the network between them, timers; see fake_net.h.
 *
 * Rules      the point at the head of a call is its step; nobody runs between
 *            that and the next one.  fake_edge has a point.
 */
#include "explorer/fake_net_impl.h"

#include "base/clock.h"
#include "base/fault.h"

#include "explorer/explorer.h"
#include "explorer/world.h"

#include <errno.h>
#include <string.h>

struct fake_mood fake_mood;
struct fake_sock fake_socks[FAKE_SOCKETS];
unsigned fake_nsocks, fake_naccepted;

static x_latch work;
static bool net_stop;
static int net_id;
static unsigned made;

/* ---- sockets ----------------------------------------------------------- */

void
fake_work(void)
{
	x_open(&work);
}

struct fake_sock *
fake_sock_new(enum fake_shape shape, int family, bool numbered)
{
	struct fake_sock *s = &fake_socks[fake_nsocks];

	X_ASSERT(fake_nsocks < FAKE_SOCKETS);
	memset(s, 0, sizeof(*s));
	s->shape = shape;
	s->family = family;
	s->cap = fake_mood.cap;
	s->port = 40000 + fake_nsocks++;
	s->at = WEIR_NEVER;
	s->file = fake_file_new(FAKE_NET, numbered);
	s->file->net = s;
	return s;
}

struct fake_sock *
fake_sock_at(int fd)
{
	struct fake_file *f = fake_file_at(fd);
	struct fake_sock *s;

	X_ASSERT(f != NULL && f->kind == FAKE_NET);
	s = f->net;
	f->inside++;
	x_point();
	wrx_drain(wrx.cur); /* the system locks the socket */
	f->inside--;
	X_ASSERT(s->shape != SHAPE_TIMER);
	return s;
}

static uint32_t
level(struct fake_file *f)
{
	struct fake_sock *s = f->net;

	switch (s->shape) {
	case SHAPE_FRESH:
		/* Failed to connect, or has not tried. */
		return POLLOUT | POLLHUP |
		       (s->err != 0 ? POLLIN | POLLERR | POLLRDHUP : 0u);
	case SHAPE_CONNECTING:
		return 0;
	case SHAPE_STREAM:
		return fake_stream_level(s);
	case SHAPE_LISTENER:
		return (s->nbacklog > 0 ? POLLIN : 0u) |
		       (s->rd_shut ? POLLIN | POLLRDHUP | POLLHUP : 0u);
	case SHAPE_DGRAM:
		s->nospace |= s->stalled;
		return (s->ngrams > 0 ? POLLIN : 0u) |
		       (s->stalled ? 0u : POLLOUT);
	case SHAPE_TIMER:
		break;
	}
	return s->at <= x_time() ? POLLIN : 0u;
}

void
fake_drop_backlog(struct fake_sock *l)
{
	while (l->nbacklog > 0) {
		struct fake_sock *c = l->backlog[--l->nbacklog];

		c->closed = true;
		fake_send_rst(c);
	}
}

/* The end of one that has, or never had, a number. */
static void
sock_end(struct fake_sock *s)
{
	s->closed = true;
	switch (s->shape) {
	case SHAPE_STREAM:
		if (s->len + s->flight > 0 && !s->fin) {
			fake_send_rst(s);
		} else if (!s->wr_shut) {
			fake_send_fin(s);
		}
		break;
	case SHAPE_LISTENER:
		fake_drop_backlog(s);
		break;
	case SHAPE_FRESH:
	case SHAPE_CONNECTING:
	case SHAPE_DGRAM:
	case SHAPE_TIMER:
		break;
	}
}

static void
net_close(struct fake_file *f)
{
	sock_end(f->net);
}

unsigned
fake_open_sockets(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake_nsocks; i++) {
		n += fake_socks[i].shape != SHAPE_TIMER &&
		     fake_socks[i].file->number >= 0;
	}
	return n;
}

unsigned
fake_made(void)
{
	return made;
}

unsigned
fake_accepted(void)
{
	return fake_naccepted;
}

void
fake_pair(int family, int fds[2])
{
	struct fake_sock *a = fake_sock_new(SHAPE_STREAM, family, true);
	struct fake_sock *b = fake_sock_new(SHAPE_STREAM, family, true);

	a->peer = b;
	b->peer = a;
	fds[0] = a->file->number;
	fds[1] = b->file->number;
}

void
fake_reset(int fd)
{
	struct fake_sock *s = fake_sock_at(fd);

	s->rst_flight = s->peer->rst_flight = true;
	fake_work();
}

/* ---- the network ------------------------------------------------------- */

struct fake_sock *
fake_listener_at(int family, unsigned port)
{
	for (unsigned i = 0; i < fake_nsocks; i++) {
		struct fake_sock *s = &fake_socks[i];

		if (s->shape == SHAPE_LISTENER && !s->closed && !s->rd_shut &&
		    s->family == family && s->port == port) {
			return s;
		}
	}
	return NULL;
}

void
fake_connect(struct fake_sock *c, struct fake_sock *l)
{
	struct fake_sock *s = fake_sock_new(SHAPE_STREAM, c->family, false);

	made++;
	s->port = l->port;
	s->peer = c;
	c->peer = s;
	c->shape = SHAPE_STREAM;
	l->backlog[l->nbacklog++] = s;
	fake_edge(l->file);
	fake_edge(c->file);
}

bool
fake_is_answered(const struct fake_sock *s)
{
	const struct fake_sock *l;

	if (s->closed || s->shape != SHAPE_CONNECTING ||
	    s->to == FAKE_PORT_SILENT) {
		return false;
	}
	l = fake_listener_at(s->family, s->to);
	return l == NULL || l->nbacklog < FAKE_BACKLOG;
}

void
fake_answer(struct fake_sock *s)
{
	struct fake_sock *l = fake_listener_at(s->family, s->to);

	if (l != NULL) {
		fake_connect(s, l);
		return;
	}
	s->shape = SHAPE_FRESH;
	s->err = s->to == FAKE_PORT_LATE ? ETIMEDOUT : ECONNREFUSED;
	fake_edge(s->file);
}

static bool
has_work(const struct fake_sock *s)
{
	return fake_flies(s) || fake_is_answered(s) ||
	       (s->stalled && !s->closed);
}

static void
do_work(struct fake_sock *s)
{
	if (s->stalled) {
		s->stalled = false;
		if (s->nospace) {
			s->nospace = false;
			fake_edge(s->file);
		}
	} else if (fake_is_answered(s)) {
		fake_answer(s);
	} else {
		fake_bring(s);
	}
}

static struct fake_sock *
one_with_work(void)
{
	struct fake_sock *with[FAKE_SOCKETS];
	unsigned n = 0;

	for (unsigned i = 0; i < fake_nsocks; i++) {
		if (has_work(&fake_socks[i])) {
			with[n++] = &fake_socks[i];
		}
	}
	return n == 0 ? NULL : with[n == 1 ? 0 : x_rand(n)];
}

static void
network(void *arg)
{
	(void)arg;
	while (!net_stop) {
		uint32_t seen = x_count(&work);
		struct fake_sock *s = one_with_work();

		if (s == NULL) {
			x_await(&work, seen + 1);
			continue;
		}
		x_point();
		if (!has_work(s)) {
			continue;
		}
		do_work(s);
		if (fake_mood.rings > 0 && x_rand(4) == 0) {
			fake_mood.rings--;
			fake_edge(fake_socks[x_rand(fake_nsocks)].file);
		}
	}
}

/* ---- timers ------------------------------------------------------------ */

static weir_time
due(void)
{
	weir_time first = WEIR_NEVER;

	for (unsigned i = 0; i < fake_nsocks; i++) {
		const struct fake_sock *s = &fake_socks[i];

		if (s->shape == SHAPE_TIMER && !s->closed && !s->rang &&
		    s->at < first) {
			first = s->at;
		}
	}
	return first;
}

static void
tick(void)
{
	for (unsigned i = 0; i < fake_nsocks; i++) {
		struct fake_sock *s = &fake_socks[i];

		if (s->shape == SHAPE_TIMER && !s->closed && !s->rang &&
		    s->at <= x_time()) {
			s->rang = true;
			fake_edge(s->file);
		}
	}
}

static ssize_t
timer_read(struct fake_file *f, void *buf, size_t len)
{
	const uint64_t one = 1;
	struct fake_sock *s = f->net;

	X_ASSERT(s->shape == SHAPE_TIMER);
	if (s->at > x_time()) {
		return -EAGAIN;
	}
	s->at = WEIR_NEVER;
	memcpy(buf, &one, len);
	return (ssize_t)len;
}

/* EINTR of a wait, as base tells it. */
static bool
interrupt(void)
{
	return x_rand(32) == 0;
}

/* As base/clock.c. */
const struct timespec *
wri_timespec(struct timespec *ts, int64_t ns)
{
	ts->tv_sec = ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return ts;
}

int
wri_sys_timerfd_create(void)
{
	return fake_sock_new(SHAPE_TIMER, 0, true)->file->number;
}

int
wri_sys_timerfd_settime(int fd, const struct itimerspec *its)
{
	struct fake_file *f = fake_file_at(fd);
	struct fake_sock *s;

	X_ASSERT(f != NULL && f->kind == FAKE_NET);
	s = f->net;
	X_ASSERT(s->shape == SHAPE_TIMER);
	x_point();
	s->at = (weir_time)its->it_value.tv_sec * 1000000000 +
		its->it_value.tv_nsec;
	s->rang = false;
	x_time_hint(s->at);
	f->edge = false; /* as the count of the one before */
	if (s->at <= x_time()) {
		s->rang = true;
	}
	fake_edge(f); /* who waits counts anew */
	return 0;
}

/* Nothing of base fails on purpose. */
bool
wri_fault_due(struct wri_fault *f)
{
	(void)f;
	return false;
}

/* ---- up and down ------------------------------------------------------- */

static const struct fake_net_ops net_ops = {
    .level = level,
    .read = timer_read,
    .close = net_close,
    .due = due,
    .tick = tick,
    .interrupt = interrupt,
};

void
fake_net_up(void)
{
	fake_nsocks = made = fake_naccepted = 0;
	memset(&work, 0, sizeof(work));
	fake_mood = (struct fake_mood){
	    .cap = 3 + x_rand(10),
	    .rings = x_rand(3),
	    .stalls = x_rand(3),
	    .marks = x_rand(3),
	};
	fake_sys_net = &net_ops;
	net_stop = false;
	net_id = x_spawn("net", network, NULL);
}

void
fake_net_down(void)
{
	net_stop = true;
	fake_work();
	x_join(net_id);
	for (unsigned i = 0; i < fake_nsocks; i++) {
		X_ASSERT(fake_socks[i].file->number < 0); /* R1 */
	}
}
