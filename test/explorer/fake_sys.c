/*
 * fake_sys - see fake_sys.h.
 *
 * Rules      nobody runs between two operations, so plain data is enough; the
 *            point at the head of a call is its step.  Who waits, waits for
 *            the next change of any file, and looks again.
 */
#include "explorer/fake_sys_impl.h"

#include "explorer/explorer.h"
#include "explorer/world.h"

#include <errno.h>
#include <string.h>

#define FIRST_NUMBER 3 /* as of a program with standard streams */

static struct fake_file files[FAKE_FILES];
static unsigned nfiles;
static unsigned agains;
static x_latch changed;

const struct fake_net_ops *fake_sys_net;

/* ---- files ------------------------------------------------------------- */

struct fake_file *
fake_file_at(int number)
{
	for (unsigned i = 0; i < nfiles; i++) {
		if (files[i].number == number) {
			return &files[i];
		}
	}
	return NULL;
}

void
fake_file_number(struct fake_file *f)
{
	int number = FIRST_NUMBER;

	while (fake_file_at(number) != NULL) {
		number++;
	}
	f->number = number;
}

struct fake_file *
fake_file_new(enum fake_kind kind, bool numbered)
{
	struct fake_file *f = &files[nfiles];

	X_ASSERT(nfiles < FAKE_FILES);
	nfiles++;
	f->kind = kind;
	f->number = -1;
	if (numbered) {
		fake_file_number(f);
	}
	return f;
}

/* What is ready now.  Who hears that there is no room is to be told of it. */
static uint32_t
level(struct fake_file *f)
{
	if (f->kind == FAKE_NET) {
		return fake_sys_net->level(f);
	}
	if (f->kind != FAKE_SOCKET) {
		return f->count > 0 ? POLLIN : 0;
	}
	if (f->reset) {
		return POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR;
	}
	f->nospace |= f->room == 0;
	return (f->data > 0 || f->fin ? POLLIN : 0u) |
	       (f->room > 0 ? POLLOUT : 0u) | (f->fin ? POLLRDHUP : 0u);
}

/* Something has happened, and can be seen already: tell. */
void
fake_edge(struct fake_file *f)
{
	x_point();
	f->edge = f->watched;
	x_open(&changed);
}

uint32_t
fake_changes(void)
{
	return x_count(&changed);
}

void
fake_await(uint32_t seen, weir_time until)
{
	x_point();
	while (x_count(&changed) == seen && x_time() < until) {
		wrx_block(WRX_LATCH, &changed, until);
	}
}

/* Until something changes; false: it must not wait, or not any more. */
static bool
wait_change(int timeout_ms)
{
	X_ASSERT(timeout_ms <= 0);
	if (timeout_ms == 0) {
		return false;
	}
	if (fake_sys_net == NULL) {
		x_await(&changed, x_count(&changed) + 1);
		return true;
	}
	if (fake_sys_net->interrupt()) {
		return false;
	}
	fake_await(x_count(&changed), fake_sys_net->due());
	fake_sys_net->tick();
	return true;
}

void
fake_sys_up(void)
{
	memset(files, 0, nfiles * sizeof(files[0]));
	nfiles = agains = 0;
	fake_sys_net = NULL;
	memset(&changed, 0, sizeof(changed));
}

void
fake_sys_down(void)
{
	for (unsigned i = 0; i < nfiles; i++) {
		X_ASSERT(files[i].number < 0); /* R1 */
	}
}

unsigned
fake_sys_agains(void)
{
	return agains;
}

struct fake_file *
fake_socket(unsigned room)
{
	struct fake_file *f = fake_file_new(FAKE_SOCKET, true);

	f->room = room;
	return f;
}

bool
fake_is(const struct fake_file *f, int number)
{
	return number >= 0 && f->number == number;
}

/* ---- the peer ---------------------------------------------------------- */

void
fake_peer_send(struct fake_file *f, unsigned n)
{
	x_point();
	f->data += n;
	fake_edge(f);
}

void
fake_peer_take(struct fake_file *f, unsigned n)
{
	x_point();
	f->room += n;
	if (f->nospace) {
		f->nospace = false;
		fake_edge(f);
	}
}

void
fake_peer_end(struct fake_file *f)
{
	x_point();
	f->fin = true;
	fake_edge(f);
}

void
fake_peer_reset(struct fake_file *f)
{
	x_point();
	f->reset = true;
	f->data = 0;
	fake_edge(f);
}

/* ---- bytes ------------------------------------------------------------- */

static struct fake_file *
call_begin(int number)
{
	struct fake_file *f = fake_file_at(number);

	X_ASSERT(f != NULL && f->kind == FAKE_SOCKET);
	f->inside++;
	x_point();
	return f;
}

int
fake_recv(int number, unsigned n)
{
	struct fake_file *f = call_begin(number);

	f->inside--;
	if (f->reset) {
		return -ECONNRESET;
	}
	if (f->data == 0) {
		return f->fin ? 0 : -EAGAIN;
	}
	n = n < f->data ? n : f->data;
	f->data -= n;
	f->taken += n;
	return (int)n;
}

int
fake_send(int number, unsigned n)
{
	struct fake_file *f = call_begin(number);

	f->inside--;
	if (f->reset) {
		return -ECONNRESET;
	}
	f->nospace |= n > f->room;
	n = n < f->room ? n : f->room;
	f->room -= n;
	f->sent += n;
	return n > 0 ? (int)n : -EAGAIN;
}

/* ---- base/sys.h -------------------------------------------------------- */

int
wri_sys_eventfd(void)
{
	return fake_file_new(FAKE_EVENTFD, true)->number;
}

int
wri_sys_epoll_create(void)
{
	return fake_file_new(FAKE_EPOLL, true)->number;
}

void
wri_sys_notify(int number)
{
	struct fake_file *f = fake_file_at(number);

	X_ASSERT(f != NULL && f->kind == FAKE_EVENTFD);
	f->count++;
	fake_edge(f);
}

ssize_t
wri_sys_read(int number, void *buf, size_t len)
{
	struct fake_file *f = fake_file_at(number);

	X_ASSERT(f != NULL && len == 8);
	x_point();
	if (f->kind == FAKE_NET) {
		return fake_sys_net->read(f, buf, len);
	}
	X_ASSERT(f->kind == FAKE_EVENTFD);
	if (f->count == 0) {
		return -EAGAIN;
	}
	memcpy(buf, &f->count, len);
	f->count = 0;
	return (ssize_t)len;
}

int
wri_sys_close(int number)
{
	struct fake_file *f = fake_file_at(number);

	X_ASSERT(f != NULL);
	X_ASSERT(f->inside == 0);
	X_ASSERT(!f->watched || f->kind == FAKE_EVENTFD);
	x_point();
	f->number = -1;
	f->watched = f->edge = false;
	if (f->kind == FAKE_NET) {
		fake_sys_net->close(f);
	}
	return 0;
}

int
wri_sys_epoll_ctl(int ep, int op, int number, struct epoll_event *ev)
{
	struct fake_file *f = fake_file_at(number);

	X_ASSERT(
	    fake_file_at(ep) != NULL && fake_file_at(ep)->kind == FAKE_EPOLL);
	x_point();
	if (f == NULL || f->number != number) {
		return -EBADF;
	}
	if (f->watched == (op == EPOLL_CTL_ADD)) {
		return f->watched ? -EEXIST : -ENOENT;
	}
	agains += op == EPOLL_CTL_MOD;
	f->watched = op != EPOLL_CTL_DEL;
	f->events = ev->events;
	f->event_data = ev->data.u64;
	f->edge = f->watched && (level(f) & f->events) != 0;
	if (f->edge) {
		x_open(&changed);
	}
	return 0;
}

int
wri_sys_epoll_wait(int ep, struct epoll_event *evs, int max, int timeout_ms)
{
	int n = 0;

	X_ASSERT(
	    fake_file_at(ep) != NULL && fake_file_at(ep)->kind == FAKE_EPOLL);
	do {
		x_point();
		for (unsigned i = 0; i < nfiles && n < max; i++) {
			struct fake_file *f = &files[i];
			uint32_t seen = f->edge ? level(f) & f->events : 0;

			f->edge = false;
			if (seen != 0) {
				evs[n].events = seen;
				evs[n++].data.u64 = f->event_data;
			}
		}
	} while (n == 0 && wait_change(timeout_ms));
	return n;
}

int
wri_sys_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	int n = 0;

	do {
		x_point();
		for (nfds_t i = 0; i < nfds; i++) {
			struct fake_file *f = fake_file_at(fds[i].fd);
			uint32_t asked = (unsigned short)fds[i].events;

			asked |= POLLHUP | POLLERR;
			asked = f == NULL ? POLLNVAL : level(f) & asked;
			fds[i].revents = (short)asked;
			n += fds[i].revents != 0;
		}
	} while (n == 0 && wait_change(timeout_ms));
	return n;
}
