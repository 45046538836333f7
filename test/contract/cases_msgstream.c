/*
 * cases_msgstream - receive and send of messages, the other end a plain socket
 * of the test.
 *
 * Shape      a send that has to stay pending: over unix it finds the buffers of
 *            the system full, as in cases_stream; the test fills them, with
 *            what is no frame, but nobody takes it apart.  Over tcp it waits
 *            for its turn behind a message that is too long for them (tcp
 *            finds room when it likes).
 * Ownership  a message that was not sent is in its handle, which the tests
 *            free; so the table kept knows it too, until it is sent.
 */
#include "contract/cases.h"
#include "contract/socks.h"

#include <weir/msgstream.h>

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_msgstream *msg_stream;
static int msg_peer;       /* ours */
static int msg_own;        /* the stream's, borrowed */
static weir_aio *msg_plug; /* sends PLUG_LEN bytes; NULL: buffers are filled */
#define PLUG_LEN ((size_t)1 << 20)
static pthread_mutex_t msg_mtx = PTHREAD_MUTEX_INITIALIZER;
/* msg_mtx must be held when using these: */
static bool msg_full;
static struct {
	weir_aio *aio;
	weir_msg *msg;
} kept[4096];
static unsigned nkept;

static void
msg_setup(const char *url)
{
	static const char hello[8] = {0, 'S', 'P', 0, 0, 16, 0, 0};
	const weir_msgstream_params params = {
	    .size = sizeof(params), .mapping = WEIR_MAPPING_TCP};
	weir_stream_listener *l = socks_listen(url);
	char heard[8];
	weir_aio *aio;

	msg_peer = socks_connect(l);
	ck_assert_int_eq(
	    weir_msgstream_open(&msg_stream, socks_accept(l), &params),
	    WEIR_OK);
	weir_stream_listener_free(l);
	ck_assert_int_eq(send(msg_peer, hello, sizeof(hello), 0), 8);
	ck_assert_int_eq(recv(msg_peer, heard, sizeof(heard), MSG_WAITALL), 8);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	weir_msgstream_ready(msg_stream, aio);
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_result(aio), WEIR_OK);
	weir_aio_free(aio);
	msg_full = false;
}

void
tcp_msgrecv_setup(void)
{
	msg_setup("tcp://127.0.0.1:0");
}

void
unix_msgrecv_setup(void)
{
	msg_setup(socks_path());
}

void
tcp_msgsend_setup(void)
{
	const int size = 65536;

	tcp_msgrecv_setup();
	msg_own = socks_find(msg_peer);
	ck_assert_int_eq(
	    setsockopt(msg_own, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	ck_assert_int_eq(
	    setsockopt(msg_peer, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)),
	    0);
	ck_assert_int_eq(weir_aio_alloc(&msg_plug, NULL, NULL), WEIR_OK);
}

void
unix_msgsend_setup(void)
{
	unix_msgrecv_setup();
	msg_own = socks_find(msg_peer);
	socks_small(msg_own);
	socks_small(msg_peer);
}

void
msg_teardown(void)
{
	weir_msgstream_free(msg_stream);
	(void)close(msg_peer);
	if (msg_plug != NULL) {
		(void)weir_aio_wait(msg_plug);
		weir_msg_free(weir_aio_get_msg(msg_plug));
		weir_aio_free(msg_plug);
		msg_plug = NULL;
	}
	while (nkept > 0) {
		weir_msg_free(kept[--nkept].msg);
	}
}

void
msgrecv_submit(weir_aio *aio)
{
	weir_msgstream_recv(msg_stream, aio);
}

void
msgrecv_end(void)
{
	static const char frame[8 + 3] = {
	    0, 0, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c'};

	/* A frame must not be cut: full, it is of those that stopped handles
	 * left, and there is one to receive. */
	struct pollfd p = {.fd = msg_peer, .events = POLLOUT};

	if (poll(&p, 1, 0) > 0) {
		(void)!send(msg_peer, frame, sizeof(frame), MSG_NOSIGNAL);
	}
}

void
msgrecv_soon(weir_aio *aio)
{
	msgrecv_end();
	msgrecv_submit(aio);
}

void
msgrecv_collect(weir_aio *aio)
{
	weir_msg_free(weir_aio_get_msg(aio));
	(void)weir_aio_set_msg(aio, NULL);
}

/* A message that the system cannot take. */
static void
msg_plug_in(void)
{
	weir_msg *msg = weir_aio_get_msg(msg_plug);

	if (msg == NULL) {
		if (weir_msg_alloc(&msg, PLUG_LEN) != WEIR_OK) {
			abort();
		}
		(void)weir_aio_set_msg(msg_plug, msg);
	}
	weir_msgstream_send(msg_stream, msg_plug);
}

/* Until a send has to wait. */
static void
msg_fill(void)
{
	pthread_mutex_lock(&msg_mtx);
	if (!msg_full && msg_plug != NULL) {
		msg_plug_in();
	} else if (!msg_full) {
		(void)socks_fill(msg_own);
	}
	msg_full = true;
	pthread_mutex_unlock(&msg_mtx);
}

static bool
msg_plugged(void)
{
	return msg_plug != NULL && weir_aio_busy(msg_plug);
}

/* Read what has been sent, until there is room. */
static void
msg_drain(void)
{
	static char sink[1 << 20];
	struct pollfd room = {.fd = msg_own, .events = POLLOUT};
	struct pollfd more = {.fd = msg_peer, .events = POLLIN};
	ssize_t n;

	pthread_mutex_lock(&msg_mtx);
	msg_full = false;
	do {
		do {
			n = recv(msg_peer, sink, sizeof(sink), MSG_DONTWAIT);
		} while (n > 0);
	} while ((msg_plugged() || poll(&room, 1, 0) == 0) &&
		 poll(&more, 1, 5) >= 0);
	pthread_mutex_unlock(&msg_mtx);
}

/* Of this handle, or a new one. */
static unsigned
kept_place_locked(weir_aio *aio)
{
	unsigned i = 0;

	while (i < nkept && kept[i].aio != aio) {
		i++;
	}
	if (i == nkept) {
		if (nkept == sizeof(kept) / sizeof(kept[0])) {
			abort(); /* perhaps in a callback */
		}
		kept[nkept].aio = aio;
		kept[nkept++].msg = NULL;
	}
	return i;
}

/* A handle sends the message that it has, or else a new one. */
static void
msg_put(weir_aio *aio)
{
	weir_msg *msg = weir_aio_get_msg(aio);
	unsigned at;

	if (msg == NULL) {
		if (weir_msg_alloc(&msg, 3) != WEIR_OK) {
			abort();
		}
		(void)weir_aio_set_msg(aio, msg);
		pthread_mutex_lock(&msg_mtx);
		at = kept_place_locked(aio);
		/* Of a handle that was at this address before. */
		weir_msg_free(kept[at].msg);
		kept[at].msg = msg;
		pthread_mutex_unlock(&msg_mtx);
	}
	weir_msgstream_send(msg_stream, aio);
}

/* It was sent. */
void
msgsend_collect(weir_aio *aio)
{
	pthread_mutex_lock(&msg_mtx);
	kept[kept_place_locked(aio)].msg = NULL;
	pthread_mutex_unlock(&msg_mtx);
}

void
msgsend_submit(weir_aio *aio)
{
	msg_fill();
	msg_put(aio);
}

void
msgsend_end(void)
{
	msg_drain();
}

void
msgsend_soon(weir_aio *aio)
{
	msg_drain();
	msg_put(aio);
}

/* --- The handshake ----------------------------------------------------- */

static weir_msgstream *silent; /* its peer says nothing */
static int silent_peer;

void
ready_setup(void)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .handshake_timeout = WEIR_INFINITE};
	weir_stream_listener *l;

	msg_setup("tcp://127.0.0.1:0");
	l = socks_listen("tcp://127.0.0.1:0");
	silent_peer = socks_connect(l);
	ck_assert_int_eq(
	    weir_msgstream_open(&silent, socks_accept(l), &params), WEIR_OK);
	weir_stream_listener_free(l);
}

void
ready_teardown(void)
{
	weir_msgstream_free(silent);
	(void)close(silent_peer);
	msg_teardown();
}

void
ready_submit(weir_aio *aio)
{
	weir_msgstream_ready(silent, aio);
}

void
ready_soon(weir_aio *aio)
{
	weir_msgstream_ready(msg_stream, aio);
}
