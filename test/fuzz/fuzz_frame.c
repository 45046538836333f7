/*
 * fuzz_frame - any bytes from the peer of a message stream: it gives exactly
 * the messages in them, in time, then the documented code; and never more
 * memory than a message of recv_max needs.
 *
 * The first byte chooses the mapping, recv_max and whether we send as well; the
 * second how the bytes are cut; the others come from the peer, then its end.
 */
#include "fuzz/fuzz.h"

#include <weir/weir.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELLO_LEN 8
#define LIMIT WEIR_SECONDS(20) /* whoever waits longer waits in vain */
#define BYTES_MAX 4096         /* of the peer; a socket's buffer takes them */

/* Memory beside the message under way: handles, streams, a message of ours. */
#define MEMORY_BESIDE 65536
/* Of weir itself, when there is no stream; also handles that are freed, and
 * kept by the expiry thread until it looks at their deadline, some hundreds. */
#define MEMORY_LEFT ((size_t)1 << 20)

static _Atomic size_t live, peak;

struct wire {
	const uint8_t *bytes;
	size_t len; /* of all */
	size_t sent;
	size_t at; /* the next frame */
	bool ipc;
	size_t recv_max;
};

enum next {
	NEXT_MORE, /* not known yet */
	NEXT_MESSAGE,
	NEXT_ERROR,
};

/* ---- memory ------------------------------------------------------------- */

static void
count(size_t size)
{
	size_t now = atomic_fetch_add(&live, size) + size;
	size_t most = atomic_load(&peak);

	while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {
	}
}

static void *
counting_malloc(size_t size)
{
	count(size);
	return malloc(size);
}

static void *
counting_calloc(size_t n, size_t size)
{
	count(n * size);
	return calloc(n, size);
}

static void
counting_free(void *p, size_t size)
{
	if (p != NULL) {
		(void)atomic_fetch_sub(&live, size);
	}
	free(p);
}

static void
start_once(void)
{
	static bool up;
	const weir_params params = {
	    .size = sizeof(params),
	    .num_task_threads = 1,
	    .malloc_fn = counting_malloc,
	    .calloc_fn = counting_calloc,
	    .free_fn = counting_free,
	};

	if (!up) {
		fuzz_expect(weir_init(&params) == WEIR_OK);
		up = true;
	}
}

/* ---- what must come ----------------------------------------------------- */

/* What the first n bytes say about what comes after w->at. */
static enum next
look(const struct wire *w, size_t n, size_t *len, weir_err *err)
{
	const uint8_t *p = w->bytes + w->at;
	size_t have = n - w->at;
	size_t head = w->ipc ? 9 : 8;
	uint64_t frame = 0;

	if (w->ipc && have > 0 && p[0] != 1) {
		*err = WEIR_EPROTO;
		return NEXT_ERROR;
	}
	if (have < head) {
		return NEXT_MORE;
	}
	for (size_t i = head - 8; i < head; i++) {
		frame = frame << 8 | p[i];
	}
	if (frame > w->recv_max) {
		*err = WEIR_EMSGSIZE;
		return NEXT_ERROR;
	}
	if (have - head < frame) {
		return NEXT_MORE;
	}
	*len = (size_t)frame;
	return NEXT_MESSAGE;
}

/* The first byte of the greeting that is wrong; HELLO_LEN: none of n. */
static bool
hello_is_wrong(const struct wire *w, size_t n)
{
	static const uint8_t hello[HELLO_LEN] = {0, 'S', 'P', 0, 0, 16, 0, 0};

	return memcmp(w->bytes, hello, n < HELLO_LEN ? n : HELLO_LEN) != 0;
}

/* ---- the two ends ------------------------------------------------------- */

static weir_err
outcome(weir_aio *aio)
{
	weir_time until = weir_time_after(weir_now(), LIMIT);

	fuzz_expect(weir_aio_wait_until(aio, until) == WEIR_OK);
	return weir_aio_result(aio);
}

static void
write_to(struct wire *w, int fd, size_t n)
{
	while (w->sent < n) {
		ssize_t r = send(fd, w->bytes + w->sent, n - w->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0) { /* it was closed: what is left is not read */
			fuzz_expect(errno == EPIPE || errno == ECONNRESET);
			w->sent = n;
			return;
		}
		w->sent += (size_t)r;
	}
}

static void
read_exactly(int fd, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t r = recv(fd, buf, len, 0);

		fuzz_expect(r > 0);
		buf += r;
		len -= (size_t)r;
	}
}

/* One message the other way, unless the connection has ended. */
static void
send_one(const struct wire *w, weir_msgstream *ms, weir_aio *aio, int fd)
{
	uint8_t want[9 + 3] = {1, 0, 0, 0, 0, 0, 0, 0, 3, 'a', 'b', 'c'};
	uint8_t got[sizeof(want)];
	size_t skip = w->ipc ? 0 : 1;
	weir_err err;
	weir_msg *msg;
	size_t len;

	if (look(w, w->sent, &len, &err) == NEXT_ERROR) {
		return;
	}
	fuzz_expect(weir_msg_alloc(&msg, 0) == WEIR_OK);
	fuzz_expect(weir_msg_append(msg, "abc", 3) == WEIR_OK);
	fuzz_expect(weir_aio_set_msg(aio, msg) == WEIR_OK);
	weir_msgstream_send(ms, aio);
	fuzz_expect(outcome(aio) == WEIR_OK);
	fuzz_expect(weir_aio_get_msg(aio) == NULL);
	read_exactly(fd, got, sizeof(want) - skip);
	fuzz_expect(memcmp(got, want + skip, sizeof(want) - skip) == 0);
}

static void
expect_message(struct wire *w, weir_aio *aio, size_t len)
{
	size_t head = w->ipc ? 9 : 8;
	weir_msg *msg;

	fuzz_expect(outcome(aio) == WEIR_OK);
	fuzz_expect(weir_aio_count(aio) == len);
	msg = weir_aio_get_msg(aio);
	fuzz_expect(msg != NULL && weir_msg_len(msg) == len);
	fuzz_expect(weir_msg_header_len(msg) == 0);
	fuzz_expect(
	    memcmp(weir_msg_data(msg), w->bytes + w->at + head, len) == 0);
	weir_msg_free(msg);
	w->at += head + len;
}

/* It ended so, and does so each time. */
static void
expect_end(weir_msgstream *ms, weir_aio *aio, weir_err err)
{
	fuzz_expect(outcome(aio) == err);
	fuzz_expect(weir_aio_get_msg(aio) == NULL);
	weir_msgstream_recv(ms, aio);
	fuzz_expect(outcome(aio) == err);
}

/* Messages that are whole by now; false: an error has ended it. */
static bool
receive(struct wire *w, weir_msgstream *ms, weir_aio *aio)
{
	weir_err err = WEIR_OK;
	size_t len = 0;

	for (;;) {
		switch (look(w, w->sent, &len, &err)) {
		case NEXT_MORE:
			return true;
		case NEXT_ERROR:
			expect_end(ms, aio, err);
			return false;
		case NEXT_MESSAGE:
			expect_message(w, aio, len);
			weir_msgstream_recv(ms, aio);
			break;
		}
	}
}

/* The peer speaks, in pieces, and is heard; a receive is always out. */
static void
converse(struct wire *w, weir_msgstream *ms, weir_aio *aio, weir_aio *other,
    int fd, unsigned cut, bool sends)
{
	bool greeted = false;

	weir_msgstream_recv(ms, aio);
	while (w->sent < w->len) {
		size_t left = w->len - w->sent;
		size_t n = cut == 0 ? left : 1 + cut % 61;

		cut = cut * 5 + 1;
		write_to(w, fd, w->sent + (n < left ? n : left));
		if (hello_is_wrong(w, w->sent)) {
			expect_end(ms, aio, WEIR_EPROTO);
			return;
		}
		if (w->sent < HELLO_LEN) {
			continue;
		}
		if (!greeted && sends) {
			send_one(w, ms, other, fd);
		}
		greeted = true;
		if (!receive(w, ms, aio)) {
			return;
		}
	}
	fuzz_expect(shutdown(fd, SHUT_WR) == 0);
	expect_end(ms, aio,
	    greeted && w->at < w->len ? WEIR_ECONNRESET : WEIR_ECONNSHUT);
}

static void
try(struct wire *w, unsigned cut, bool sends)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params),
	    .mapping = w->ipc ? WEIR_MAPPING_IPC : WEIR_MAPPING_TCP,
	    .recv_max = w->recv_max,
	};
	uint8_t hello[HELLO_LEN];
	weir_aio *aio, *other;
	weir_msgstream *ms;
	weir_stream *s;
	int fds[2];

	fuzz_expect(weir_socket_pair(fds) == WEIR_OK);
	fuzz_expect(weir_stream_from_fd(&s, fds[0]) == WEIR_OK);
	fuzz_expect(weir_aio_alloc(&aio, NULL, NULL) == WEIR_OK);
	fuzz_expect(weir_aio_alloc(&other, NULL, NULL) == WEIR_OK);
	fuzz_expect(weir_msgstream_open(&ms, s, &params) == WEIR_OK);
	read_exactly(fds[1], hello, sizeof(hello));
	fuzz_expect(memcmp(hello, "\0SP\0\0\20\0\0", sizeof(hello)) == 0);
	converse(w, ms, aio, other, fds[1], cut, sends);
	fuzz_expect(weir_msgstream_stop(ms) == WEIR_OK);
	weir_msgstream_free(ms);
	weir_aio_free(aio);
	weir_aio_free(other);
	fuzz_expect(close(fds[1]) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t recv_max[] = {16, 300, 1000, 70000};
	struct wire w = {0};
	size_t before;

	if (size < 2 || size - 2 > BYTES_MAX) {
		return 0;
	}
	start_once();
	w.ipc = (data[0] & 1) != 0;
	w.recv_max = recv_max[data[0] >> 1 & 3];
	w.bytes = data + 2;
	w.len = size - 2;
	w.at = HELLO_LEN;
	before = live;
	peak = before;
	try(&w, data[1], (data[0] & 8) != 0);
	fuzz_expect(peak <= before + w.recv_max + MEMORY_BESIDE);
	/* However many there were: what is not given back adds up. */
	fuzz_expect(live <= MEMORY_LEFT);
	return 0;
}
