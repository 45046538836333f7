/*
 * places - the shared objects of stress_services.
 */
#include "stress/places.h"

#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct place places[PLACES];
static weir_exec *places_exec;
static int raw_listener;
static struct sockaddr_in raw_addr;

/* --- Sockets ----------------------------------------------------------- */

static void
raw_listen(void)
{
	socklen_t len = sizeof(raw_addr);

	raw_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	raw_addr = (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	ck_assert_int_eq(
	    bind(raw_listener, (struct sockaddr *)&raw_addr, len), 0);
	ck_assert_int_eq(listen(raw_listener, 16), 0);
	ck_assert_int_eq(
	    getsockname(raw_listener, (struct sockaddr *)&raw_addr, &len), 0);
}

/* Two connected sockets, of tcp or the unix family. */
static void
raw_pair(int fds[2], bool tcp)
{
	if (!tcp) {
		ck_assert_int_eq(weir_socket_pair(fds), WEIR_OK);
		return;
	}
	/* One at a time, or they would be mixed up. */
	static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;

	(void)pthread_mutex_lock(&mtx);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(
	    connect(fds[0], (struct sockaddr *)&raw_addr, sizeof(raw_addr)), 0);
	fds[1] = accept(raw_listener, NULL, NULL);
	ck_assert_int_ge(fds[1], 0);
	(void)pthread_mutex_unlock(&mtx);
}

/* NULL: weir has ended. */
static weir_stream *
stream_of(int fd)
{
	weir_stream *s = NULL;
	weir_err err = weir_stream_from_fd(&s, fd);

	if (err != WEIR_OK) {
		ck_assert_int_eq(err, WEIR_ESTATE);
		(void)close(fd);
	}
	return s;
}

static weir_msgstream *
messages_of(int fd, bool ipc, struct dice *d)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params),
	    .mapping = ipc ? WEIR_MAPPING_IPC : WEIR_MAPPING_TCP,
	    .recv_max = dice_roll(d, 3) == 0 ? 20000 : 0,
	    .handshake_timeout = dice_roll(d, 3) == 0
				     ? WEIR_US(1 + dice_roll(d, 5000))
				     : WEIR_INFINITE,
	    .exec = dice_roll(d, 2) == 0 ? places_exec : NULL,
	};
	weir_stream *s = stream_of(fd);
	weir_msgstream *ms = NULL;
	weir_err err;

	if (s == NULL) {
		return NULL;
	}
	err = weir_msgstream_open(&ms, s, &params);
	if (err != WEIR_OK) {
		ck_assert_int_eq(err, WEIR_ESTATE);
		weir_stream_free(s);
	}
	return ms;
}

/* --- Open and close ----------------------------------------------------- */

void
places_init(weir_exec *exec)
{
	raw_listen();
	places_exec = exec;
	memset(places, 0, sizeof(places));
	for (int i = 0; i < PLACES; i++) {
		places[i].fd = -1;
		ck_assert_int_eq(pthread_rwlock_init(&places[i].lock, NULL), 0);
		ck_assert_int_eq(pthread_mutex_init(&places[i].mtx, NULL), 0);
	}
}

void
places_fini(void)
{
	for (int i = 0; i < PLACES; i++) {
		ck_assert_int_eq(pthread_rwlock_destroy(&places[i].lock), 0);
		ck_assert_int_eq(pthread_mutex_destroy(&places[i].mtx), 0);
	}
	(void)close(raw_listener);
}

/* What the liar says: a greeting, mostly a good one, then frames. */
static void
script_write(struct place *p, bool ipc, struct dice *d)
{
	static const unsigned char hello[8] = {0, 'S', 'P', 0, 0, 16, 0, 0};
	unsigned what = dice_roll(d, 6);

	for (size_t i = 0; i < sizeof(p->script); i++) {
		p->script[i] = (unsigned char)dice_roll(d, 256);
	}
	p->at = 0;
	p->len = sizeof(p->script);
	if (what == 0) {
		return; /* garbage from the first byte */
	}
	memcpy(p->script, hello, sizeof(hello));
	if (what == 1) {
		return; /* garbage after it */
	}
	p->len = sizeof(hello);
	while (p->len + 24 < sizeof(p->script)) {
		if (ipc) {
			p->script[p->len++] = what == 2 ? 2 : 1;
		}
		memset(p->script + p->len, 0, 8);
		if (what == 3) {
			p->script[p->len] = 0x10; /* 2^60 */
		}
		p->script[p->len + 7] = (unsigned char)dice_roll(d, 9);
		p->len += 8u + p->script[p->len + 7];
	}
}

static void
listener_open(struct place *p, struct dice *d)
{
	static _Atomic unsigned number;
	char url[64];

	if (dice_roll(d, 2) == 0) {
		(void)snprintf(url, sizeof(url), "abstract://weir-%d-%u",
		    (int)getpid(), number++);
	} else {
		(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:0");
	}
	if (weir_stream_listener_alloc(&p->listener, url) != WEIR_OK) {
		p->listener = NULL;
		return;
	}
	if (weir_stream_listener_listen(p->listener) == WEIR_OK &&
	    url[0] == 't') {
		int port = 0;

		(void)weir_stream_listener_get_int(
		    p->listener, WEIR_OPT_BOUND_PORT, &port);
		(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	}
	if (weir_stream_dialer_alloc(&p->dialer, url) != WEIR_OK) {
		p->dialer = NULL;
	}
}

static void
udp_open(struct place *p, struct dice *d)
{
	const weir_udp_params params = {
	    .size = sizeof(params),
	    .recv_batch = dice_roll(d, 2) == 0 ? 0 : 4,
	};

	if (weir_sockaddr_parse(&p->addr, "127.0.0.1:0") != WEIR_OK ||
	    weir_udp_open_with(&p->udp, &p->addr, &params) != WEIR_OK) {
		p->udp = NULL;
		return;
	}
	ck_assert_int_eq(weir_udp_sockname(p->udp, &p->addr), WEIR_OK);
}

void
place_open(struct place *p, struct dice *d)
{
	bool ipc = dice_roll(d, 2) == 0;
	int fds[2];

	p->kind = (enum place_kind)dice_roll(d, PLACE_KINDS);
	switch (p->kind) {
	case PLACE_CHAN:
		if (weir_chan_alloc(&p->chan, dice_roll(d, 4)) != WEIR_OK) {
			p->chan = NULL;
		}
		break;
	case PLACE_UDP:
		udp_open(p, d);
		break;
	case PLACE_STREAMS:
		raw_pair(fds, dice_roll(d, 2) == 0);
		p->streams[0] = stream_of(fds[0]);
		p->streams[1] = stream_of(fds[1]);
		break;
	case PLACE_MESSAGES:
		raw_pair(fds, dice_roll(d, 2) == 0);
		p->messages[0] = messages_of(fds[0], ipc, d);
		p->messages[1] = messages_of(fds[1], ipc, d);
		break;
	case PLACE_LIAR:
		raw_pair(fds, dice_roll(d, 2) == 0);
		p->fd = fds[0];
		script_write(p, ipc, d);
		p->messages[0] = messages_of(fds[1], ipc, d);
		break;
	case PLACE_LISTENER:
	case PLACE_KINDS:
		listener_open(p, d);
		break;
	}
}

void
place_close(struct place *p, struct dice *d)
{
	for (int i = 0; i < 2; i++) {
		if (dice_roll(d, 2) == 0) {
			weir_stream_stop(p->streams[i]);
			ck_assert_int_eq(
			    weir_msgstream_stop(p->messages[i]), WEIR_OK);
		}
		weir_stream_free(p->streams[i]);
		weir_msgstream_free(p->messages[i]);
		p->streams[i] = NULL;
		p->messages[i] = NULL;
	}
	weir_stream_listener_free(p->listener);
	weir_stream_dialer_free(p->dialer);
	weir_udp_free(p->udp);
	weir_chan_free(p->chan);
	p->listener = NULL;
	p->dialer = NULL;
	p->udp = NULL;
	p->chan = NULL;
	if (p->fd >= 0) {
		(void)close(p->fd);
		p->fd = -1;
	}
}

/* --- Operations --------------------------------------------------------- */

static void
submit_stream(
    struct place *p, struct seat_op *op, weir_aio *aio, struct dice *d)
{
	weir_stream *s = p->streams[dice_roll(d, 2)];
	unsigned half = dice_roll(d, 60);
	const weir_iov iov[2] = {
	    {op->bytes, half}, {op->bytes + half, 64 - half}};

	(void)weir_aio_set_iov(aio, 2, iov);
	switch (dice_roll(d, 5)) {
	case 0:
		weir_stream_recv(s, aio);
		break;
	case 1:
		weir_stream_recv_until(s, "\1\2", 1 + dice_roll(d, 2), aio);
		break;
	case 2:
		weir_stream_recv_exactly(s, aio);
		break;
	case 3:
		memset(op->bytes, (int)dice_roll(d, 4), sizeof(op->bytes));
		weir_stream_send(s, aio);
		break;
	default:
		memset(op->bytes, (int)dice_roll(d, 4), sizeof(op->bytes));
		weir_stream_send_all(s, aio);
		break;
	}
}

static void
give_msg(struct seat_op *op, weir_aio *aio, struct dice *d)
{
	/* Some are longer than what the system takes at once. */
	size_t size =
	    dice_roll(d, 12) == 0 ? dice_roll(d, 900000) : dice_roll(d, 90);
	weir_msg *msg, *share;

	ck_assert_int_eq(weir_msg_alloc(&msg, size), WEIR_OK);
	if (dice_roll(d, 4) == 0) {
		ck_assert_int_eq(weir_msg_share(&share, msg), WEIR_OK);
		weir_msg_free(msg);
		msg = share;
	}
	if (dice_roll(d, 4) == 0) {
		(void)weir_msg_header_append_u32(msg, (uint32_t)size);
	}
	(void)weir_aio_set_msg(aio, msg);
	op->gives = true;
}

static void
submit_message(
    struct place *p, struct seat_op *op, weir_aio *aio, struct dice *d)
{
	weir_msgstream *ms =
	    p->messages[p->kind == PLACE_LIAR ? 0 : dice_roll(d, 2)];

	switch (dice_roll(d, 9)) {
	case 0:
		weir_msgstream_ready(ms, aio);
		break;
	case 1:
	case 2:
	case 3:
	case 4:
		give_msg(op, aio, d);
		weir_msgstream_send(ms, aio);
		break;
	default:
		weir_msgstream_recv(ms, aio);
		break;
	}
}

static void
submit_udp(struct place *p, struct seat_op *op, weir_aio *aio, struct dice *d)
{
	const weir_iov iov = {op->bytes, dice_roll(d, 65)};

	op->addr = p->addr;
	(void)weir_aio_set_input(aio, 0, &op->addr);
	(void)weir_aio_set_iov(aio, 1, &iov);
	if (dice_roll(d, 2) == 0) {
		weir_udp_send(p->udp, aio);
	} else {
		weir_udp_recv(p->udp, aio);
	}
}

static void
submit_lookup(weir_aio *aio, struct dice *d)
{
	const weir_resolve_params params = {
	    .size = sizeof(params),
	    .host = dice_roll(d, 4) == 0 ? "127.0.0.1" : "some.where",
	    .port = 80,
	};

	weir_resolve(&params, aio);
}

void
place_submit(struct place *p, struct seat_op *op, weir_aio *aio, struct dice *d)
{
	op->brings = BRINGS_NOTHING;
	op->gives = false;
	if (dice_roll(d, 20) == 0) {
		op->brings = BRINGS_ADDRS;
		submit_lookup(aio, d);
		return;
	}
	switch (p->kind) {
	case PLACE_CHAN:
		if (dice_roll(d, 2) == 0) {
			give_msg(op, aio, d);
			weir_chan_send(p->chan, aio);
		} else {
			weir_chan_recv(p->chan, aio);
		}
		break;
	case PLACE_UDP:
		submit_udp(p, op, aio, d);
		break;
	case PLACE_STREAMS:
		submit_stream(p, op, aio, d);
		break;
	case PLACE_MESSAGES:
	case PLACE_LIAR:
		submit_message(p, op, aio, d);
		break;
	case PLACE_LISTENER:
	case PLACE_KINDS:
		op->brings = BRINGS_STREAM;
		if (dice_roll(d, 2) == 0) {
			weir_stream_listener_accept(p->listener, aio);
		} else {
			weir_stream_dialer_dial(p->dialer, aio);
		}
		break;
	}
}

/* --- Everything else ---------------------------------------------------- */

static void
lie(struct place *p, struct dice *d)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};
	unsigned char bytes[4096];
	size_t n;

	(void)pthread_mutex_lock(&p->mtx);
	switch (p->fd < 0 ? 100 : dice_roll(d, 40)) {
	case 0:
		(void)shutdown(p->fd, SHUT_WR);
		break;
	case 1:
		(void)shutdown(p->fd, SHUT_RD);
		break;
	case 2: /* a reset */
		(void)setsockopt(
		    p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		(void)close(p->fd);
		p->fd = -1;
		break;
	case 100:
		break;
	default:
		if (dice_roll(d, 2) == 0) {
			(void)recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
			break;
		}
		n = dice_roll(d, 2) == 0 ? 1 : p->len - p->at;
		if (p->at < p->len &&
		    send(p->fd, p->script + p->at, n,
			MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n) {
			p->at += n;
		}
		if (p->at == p->len) {
			p->at = p->len < 8 ? p->len : 8; /* frames again */
		}
		break;
	}
	(void)pthread_mutex_unlock(&p->mtx);
}

void
place_stir(struct place *p, struct dice *d)
{
	weir_stream *s = p->streams[dice_roll(d, 2)];
	weir_msgstream *ms = p->messages[dice_roll(d, 2)];
	int value;

	if (p->kind == PLACE_LIAR) {
		lie(p, d);
	}
	(void)weir_msgstream_peer_protocol(ms);
	(void)weir_stream_get_int(s, WEIR_OPT_PEER_PID, &value);
	switch (dice_roll(d, 600)) {
	case 0:
		weir_stream_close(s);
		weir_msgstream_close(ms);
		break;
	case 1:
		weir_stream_stop(s);
		(void)weir_msgstream_stop(ms);
		break;
	case 2:
		(void)weir_stream_shutdown(s);
		break;
	case 3:
		weir_chan_close(p->chan);
		break;
	case 4:
		weir_udp_close(p->udp);
		break;
	case 5:
		weir_udp_stop(p->udp);
		break;
	case 6:
		weir_stream_listener_close(p->listener);
		break;
	case 7:
		weir_stream_listener_stop(p->listener);
		weir_stream_dialer_stop(p->dialer);
		break;
	}
}
