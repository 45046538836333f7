/*
 * fake_bytes - streams of bytes and datagrams; see fake_net.h.
 */
#include "explorer/fake_net_impl.h"

#include "explorer/explorer.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/* ---- streams ----------------------------------------------------------- */

static bool
chance(unsigned *budget, unsigned of)
{
	if (*budget == 0 || x_rand(of) != 0) {
		return false;
	}
	--*budget;
	return true;
}

unsigned
fake_room(const struct fake_sock *s)
{
	return s->cap - s->len - s->flight;
}

/* Does nobody read there any more? */
static bool
is_deaf(const struct fake_sock *s)
{
	return s->closed || s->rd_shut || s->broken;
}

uint32_t
fake_stream_level(struct fake_sock *s)
{
	const struct fake_sock *p = s->peer;
	bool end = s->fin || s->rd_shut || s->broken;
	bool room =
	    s->wr_shut || s->broken ||
	    (p != NULL && !s->stalled && (is_deaf(p) || fake_room(p) > 0));

	s->nospace |= !room;
	return (s->len > 0 || end ? POLLIN : 0u) | (room ? POLLOUT : 0u) |
	       (end ? POLLRDHUP : 0u) |
	       (s->broken || (end && s->wr_shut) ? POLLHUP : 0u) |
	       (s->err != 0 ? POLLERR : 0u);
}

void
fake_broken(struct fake_sock *s, int eno)
{
	s->flight = 0;
	s->fin_flight = s->rst_flight = false;
	if (s->broken) {
		return;
	}
	s->broken = true;
	s->err = s->fin ? EPIPE : eno;
	if (x_rand(2) == 0) {
		s->len = 0;
	}
	fake_edge(s->file);
}

void
fake_send_rst(struct fake_sock *s)
{
	struct fake_sock *p = s->peer;

	if (p != NULL && !p->closed) {
		p->rst_flight = true;
		fake_work();
	}
}

void
fake_send_fin(struct fake_sock *s)
{
	struct fake_sock *p = s->peer;

	if (p == NULL || p->closed || p->fin || p->broken) {
		return;
	}
	if (p->flight == 0 && x_rand(2) == 0) {
		p->fin = true;
		fake_edge(p->file);
	} else {
		p->fin_flight = true;
		fake_work();
	}
}

bool
fake_flies(const struct fake_sock *s)
{
	return !s->closed && (s->flight > 0 || s->fin_flight || s->rst_flight);
}

void
fake_bring(struct fake_sock *s)
{
	if (s->rst_flight && (s->flight == 0 || x_rand(2) == 0)) {
		fake_broken(s, ECONNRESET);
	} else if (s->flight > 0) {
		unsigned n = 1 + x_rand(s->flight);

		s->len += n;
		s->flight -= n;
		fake_edge(s->file);
	} else {
		s->fin_flight = false;
		s->fin = true;
		fake_edge(s->file);
	}
}

/* What a call that moves nothing says of the reading side. */
static ssize_t
nothing_to_read(struct fake_sock *s)
{
	int eno = s->err;

	if (s->shape != SHAPE_STREAM) {
		return -ENOTCONN;
	}
	if (s->fin && !s->broken) {
		return 0;
	}
	if (eno != 0) {
		s->err = 0;
		return s->fin ? 0 : -eno;
	}
	return s->rd_shut || s->broken ? 0 : -EAGAIN;
}

/* There is room for the peer again. */
static void
tell_room(struct fake_sock *s)
{
	struct fake_sock *p = s->peer;

	if (p != NULL && !p->closed &&
	    (p->nospace || (s->family == AF_UNIX && x_rand(2) == 0))) {
		p->nospace = false;
		fake_edge(p->file);
	}
}

static size_t
iov_len(const struct msghdr *msg)
{
	size_t len = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		len += msg->msg_iov[i].iov_len;
	}
	return len;
}

/* To (out) or from the pieces; how much. */
static size_t
iov_copy(const struct msghdr *msg, uint8_t *bytes, size_t len, bool out)
{
	size_t done = 0;

	for (size_t i = 0; i < msg->msg_iovlen && done < len; i++) {
		struct iovec *v = &msg->msg_iov[i];
		size_t n = v->iov_len < len - done ? v->iov_len : len - done;

		if (n > 0) {
			memcpy(out ? v->iov_base : (void *)(bytes + done),
			    out ? (void *)(bytes + done) : v->iov_base, n);
		}
		done += n;
	}
	return done;
}

static ssize_t
stream_recv(int fd, struct msghdr *msg, bool peek)
{
	struct fake_sock *s = fake_sock_at(fd);
	size_t n = iov_len(msg);

	X_ASSERT(n > 0);
	msg->msg_flags = 0;
	if (s->len == 0) {
		return nothing_to_read(s);
	}
	n = n < s->len ? n : s->len;
	/* Peeking and taking stop at the same place, which is not there when
	 * it is looked for again. */
	if (!peek && s->family == AF_UNIX && n > 1 &&
	    chance(&fake_mood.marks, 4)) {
		n = 1 + x_rand((unsigned)n - 1);
		msg->msg_flags = MSG_CTRUNC;
	}
	(void)iov_copy(msg, s->buf, n, true);
	if (!peek) {
		s->len -= (unsigned)n;
		memmove(s->buf, s->buf + n, s->len + s->flight);
		tell_room(s);
	}
	return (ssize_t)n;
}

static ssize_t
stream_send(int fd, const struct msghdr *msg)
{
	struct fake_sock *s = fake_sock_at(fd);
	struct fake_sock *p = s->peer;
	size_t n = iov_len(msg);
	unsigned now;
	int eno = s->err;

	if (s->shape != SHAPE_STREAM) {
		return -EPIPE;
	}
	if (eno != 0) {
		s->err = 0;
		return -eno;
	}
	if (s->wr_shut || s->broken || (is_deaf(p) && s->family == AF_UNIX)) {
		return -EPIPE;
	}
	if (is_deaf(p)) {
		fake_send_rst(p);
		return (ssize_t)n; /* on the way to nobody */
	}
	s->stalled |= chance(&fake_mood.stalls, 4);
	s->nospace |= n > fake_room(p) || s->stalled;
	n = n < fake_room(p) ? n : fake_room(p);
	if (n == 0 || s->stalled) {
		fake_work();
		return -EAGAIN;
	}
	(void)iov_copy(msg, p->buf + p->len + p->flight, n, false);
	p->flight += (unsigned)n;
	now = p->flight == n ? x_rand((unsigned)n + 1) : 0;
	if (now > 0) {
		p->flight -= now;
		p->len += now;
		fake_edge(p->file);
	}
	if (p->flight > 0) {
		fake_work();
	}
	return (ssize_t)n;
}

/* ---- datagrams --------------------------------------------------------- */

static void
name_of(struct msghdr *msg, int family, unsigned port)
{
	struct sockaddr_in in = {.sin_family = (sa_family_t)family};

	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (msg->msg_name != NULL) {
		X_ASSERT(msg->msg_namelen >= sizeof(in));
		memcpy(msg->msg_name, &in, sizeof(in));
		msg->msg_namelen = sizeof(in);
	}
}

static ssize_t
gram_recv(struct fake_sock *s, struct msghdr *msg)
{
	struct gram *g = &s->grams[0];
	size_t n;

	msg->msg_flags = 0;
	if (s->ngrams == 0) {
		return -EAGAIN;
	}
	n = iov_copy(msg, g->bytes, g->len, true);
	msg->msg_flags = n < g->len ? MSG_TRUNC : 0;
	name_of(msg, s->family, g->from);
	s->ngrams--;
	memmove(g, g + 1, s->ngrams * sizeof(*g));
	return (ssize_t)n;
}

/* Lost, where nobody has room for it. */
static void
gram_bring(unsigned from, unsigned to, const struct msghdr *msg, size_t len)
{
	for (unsigned i = 0; i < fake_nsocks; i++) {
		struct fake_sock *t = &fake_socks[i];
		struct gram *g = &t->grams[t->ngrams];

		if (t->shape == SHAPE_DGRAM && !t->closed && t->port == to &&
		    t->ngrams < FAKE_GRAMS) {
			g->from = from;
			g->len = (unsigned)iov_copy(msg, g->bytes, len, false);
			t->ngrams++;
			fake_edge(t->file);
			return;
		}
	}
}

void
fake_gram(unsigned from, unsigned to, uint8_t value, unsigned len)
{
	uint8_t bytes[FAKE_GRAM_LEN];
	struct iovec iov = {bytes, len};
	const struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	memset(bytes, value, sizeof(bytes));
	x_point();
	gram_bring(from, to, &msg, len);
}

static ssize_t
gram_send(struct fake_sock *s, const struct msghdr *msg)
{
	const struct sockaddr_in *to = msg->msg_name;
	size_t len = iov_len(msg);

	if (len > FAKE_GRAM_LEN) {
		return -EMSGSIZE;
	}
	s->stalled |= chance(&fake_mood.stalls, 3);
	if (s->stalled) {
		s->nospace = true;
		fake_work();
		return -EAGAIN;
	}
	gram_bring(s->port, ntohs(to->sin_port), msg, len);
	return (ssize_t)len;
}

/* ---- base/sys.h -------------------------------------------------------- */

ssize_t
wri_sys_recvmsg(int fd, struct msghdr *msg)
{
	struct fake_file *f = fake_file_at(fd);
	struct fake_sock *s = f != NULL ? f->net : NULL;

	if (s != NULL && s->shape == SHAPE_DGRAM) {
		return gram_recv(fake_sock_at(fd), msg);
	}
	return stream_recv(fd, msg, false);
}

ssize_t
wri_sys_peekmsg(int fd, struct msghdr *msg)
{
	return stream_recv(fd, msg, true);
}

int
wri_sys_recvmmsg(int fd, struct mmsghdr *msgs, unsigned n)
{
	struct fake_sock *s = fake_sock_at(fd);
	unsigned got = 0;

	while (got < n) {
		ssize_t r = gram_recv(s, &msgs[got].msg_hdr);

		if (r < 0) {
			break;
		}
		msgs[got++].msg_len = (unsigned)r;
	}
	return got > 0 ? (int)got : -EAGAIN;
}

ssize_t
wri_sys_recv(int fd, void *buf, size_t len)
{
	struct iovec iov = {buf, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return stream_recv(fd, &msg, false);
}

ssize_t
wri_sys_sendmsg(int fd, const struct msghdr *msg)
{
	struct fake_file *f = fake_file_at(fd);
	struct fake_sock *s = f != NULL ? f->net : NULL;

	if (s != NULL && s->shape == SHAPE_DGRAM) {
		return gram_send(fake_sock_at(fd), msg);
	}
	return stream_send(fd, msg);
}

ssize_t
wri_sys_send(int fd, const void *buf, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)buf, len};
	const struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return stream_send(fd, &msg);
}

/* ---- a peer ------------------------------------------------------------ */

bool
fake_put(int fd, const void *buf, size_t len, size_t *n)
{
	const uint8_t *bytes = buf;

	for (*n = 0; *n < len;) {
		uint32_t seen = fake_changes();
		ssize_t r = wri_sys_send(
		    fd, bytes + *n, 1 + x_rand((unsigned)(len - *n)));

		if (r > 0) {
			*n += (size_t)r;
		} else if (r == -EAGAIN) {
			fake_await(seen, WEIR_NEVER);
		} else {
			return false;
		}
	}
	return true;
}

size_t
fake_get(int fd, void *buf, size_t len)
{
	for (;;) {
		uint32_t seen = fake_changes();
		ssize_t r = wri_sys_recv(fd, buf, len);

		if (r != -EAGAIN) {
			return r > 0 ? (size_t)r : 0;
		}
		fake_await(seen, WEIR_NEVER);
	}
}
