/*
 * cases_stream - receive and send on one connection whose other end is a
 * plain socket of the test.
 *
 * Shape      send_submit must find the buffers full.  The test fills them
 *            through the stream's own descriptor, which it finds by its peer's
 *            address, because what a send of weir moves is weir's choice.
 */
#include "contract/cases.h"
#include "contract/socks.h"

#include <weir/stream.h>

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_stream *pair_stream;
static int pair_peer; /* ours */
static int pair_own;  /* the stream's, borrowed */
static pthread_mutex_t pair_mtx = PTHREAD_MUTEX_INITIALIZER;
/* pair_mtx must be held when using these: */
static size_t pair_queued; /* sent by pair_fill, not read by the peer */
static bool pair_full;

static void
pair_setup(const char *url)
{
	weir_stream_listener *l = socks_listen(url);

	pair_peer = socks_connect(l);
	pair_stream = socks_accept(l);
	weir_stream_listener_free(l);
	pair_queued = 0;
	pair_full = false;
}

void
tcp_recv_setup(void)
{
	pair_setup("tcp://127.0.0.1:0");
}

void
unix_recv_setup(void)
{
	pair_setup(socks_path());
}

void
abstract_recv_setup(void)
{
	pair_setup(socks_name());
}

static void
send_setup(void)
{
	pair_own = socks_find(pair_peer);
	socks_small(pair_own);
	socks_small(pair_peer);
}

void
tcp_send_setup(void)
{
	tcp_recv_setup();
	send_setup();
}

void
unix_send_setup(void)
{
	unix_recv_setup();
	send_setup();
}

void
pair_teardown(void)
{
	weir_stream_free(pair_stream);
	(void)close(pair_peer);
}

/* Each operation a byte of its own. */
static char *
pair_byte(void)
{
	static char bytes[4096];
	static _Atomic unsigned next;

	return &bytes[next++ % sizeof(bytes)];
}

static void
pair_set_iov(weir_aio *aio)
{
	const weir_iov iov = {pair_byte(), 1};

	(void)weir_aio_set_iov(aio, 1, &iov);
}

void
recv_submit(weir_aio *aio)
{
	pair_set_iov(aio);
	weir_stream_recv(pair_stream, aio);
}

void
recv_end(void)
{
	/* Full of bytes that stopped handles left: there is one to receive. */
	(void)!send(pair_peer, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
recv_soon(weir_aio *aio)
{
	recv_end();
	recv_submit(aio);
}

/* A line of one byte, the delimiter: whatever stopped handles took. */
void
until_submit(weir_aio *aio)
{
	pair_set_iov(aio);
	weir_stream_recv_until(pair_stream, "\n", 1, aio);
}

void
until_end(void)
{
	(void)!send(pair_peer, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
until_soon(weir_aio *aio)
{
	until_end();
	until_submit(aio);
}

static void
pair_fill(void)
{
	pthread_mutex_lock(&pair_mtx);
	if (!pair_full) {
		pair_queued += socks_fill(pair_own);
		pair_full = true;
	}
	pthread_mutex_unlock(&pair_mtx);
}

/* Read what has been sent, so that there is room. */
static void
pair_drain(void)
{
	static char sink[65536];
	struct pollfd p = {.fd = pair_peer, .events = POLLIN};
	ssize_t n;

	pthread_mutex_lock(&pair_mtx);
	pair_full = false;
	do {
		n = recv(pair_peer, sink, sizeof(sink), MSG_DONTWAIT);
		if (n > 0) {
			pair_queued -=
			    pair_queued < (size_t)n ? pair_queued : (size_t)n;
		}
	} while (n > 0 || (pair_queued > 0 && poll(&p, 1, 1000) > 0));
	pthread_mutex_unlock(&pair_mtx);
}

void
send_submit(weir_aio *aio)
{
	pair_fill();
	pair_set_iov(aio);
	weir_stream_send(pair_stream, aio);
}

void
send_end(void)
{
	pair_drain();
}

void
send_soon(weir_aio *aio)
{
	pair_drain();
	pair_set_iov(aio);
	weir_stream_send(pair_stream, aio);
}

/* --- The same until the iov is done: one byte is all of it -------------- */

void
recv_exactly_submit(weir_aio *aio)
{
	pair_set_iov(aio);
	weir_stream_recv_exactly(pair_stream, aio);
}

void
recv_exactly_soon(weir_aio *aio)
{
	recv_end();
	recv_exactly_submit(aio);
}

void
send_all_submit(weir_aio *aio)
{
	pair_fill();
	pair_set_iov(aio);
	weir_stream_send_all(pair_stream, aio);
}

void
send_all_soon(weir_aio *aio)
{
	pair_drain();
	pair_set_iov(aio);
	weir_stream_send_all(pair_stream, aio);
}
