/*
 * fuzz_until - receives up to a delimiter, from a peer that sends any bytes in
 * any pieces: each has exactly the bytes up to the first end of the delimiter,
 * as another search finds it, or says why not.
 *
 * The first byte chooses the delimiter's length and the letters, the second
 * that of the iov and how it is cut, the third how the peer's bytes are; then
 * come the delimiter and the bytes.
 */
#include "fuzz/fuzz.h"

#include <weir/weir.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT WEIR_SECONDS(20) /* whoever waits longer waits in vain */
#define BYTES_MAX 2048
#define PIECES 3
#define FEW 0x40 /* of two letters all: they repeat themselves */

struct text {
	const uint8_t *delim;
	size_t delim_len;
	const uint8_t *bytes;
	size_t len, sent, at;
};

static void
start_once(void)
{
	static bool up;
	const weir_params params = {
	    .size = sizeof(params), .num_task_threads = 1};

	if (!up) {
		fuzz_expect(weir_init(&params) == WEIR_OK);
		up = true;
	}
}

/* Bytes up to the first end of the delimiter in the next n; 0: none. */
static size_t
find(const struct text *t, size_t n)
{
	const uint8_t *from = t->bytes + t->at;
	const uint8_t *hit =
	    n >= t->delim_len ? memmem(from, n, t->delim, t->delim_len) : NULL;

	return hit != NULL ? (size_t)(hit - from) + t->delim_len : 0;
}

/* Memory of its own size, in pieces. */
static void
lend(weir_aio *aio, uint8_t *memory, size_t size, size_t cut)
{
	size_t a = size > 0 ? cut % (size + 1) : 0;
	size_t b = size - a > 0 ? cut * 7 % (size - a + 1) : 0;
	const weir_iov iov[PIECES] = {
	    {memory, a}, {memory + a, b}, {memory + a + b, size - a - b}};

	fuzz_expect(weir_aio_set_iov(aio, PIECES, iov) == WEIR_OK);
}

static void
feed(struct text *t, int fd, size_t n)
{
	size_t left = t->len - t->sent;

	n = n < left ? n : left;
	fuzz_expect(n == 0 || send(fd, t->bytes + t->sent, n, MSG_NOSIGNAL) ==
				  (ssize_t)n);
	t->sent += n;
	if (t->sent == t->len) {
		fuzz_expect(shutdown(fd, SHUT_WR) == 0);
	}
}

/* One receive; false: the end has come. */
static bool
receive(struct text *t, weir_stream *s, weir_aio *aio, int fd, size_t size,
    unsigned cut)
{
	weir_time until = weir_time_after(weir_now(), LIMIT);
	size_t left = t->len - t->at;
	size_t room = size < left ? size : left;
	size_t want = find(t, room);
	uint8_t *memory = malloc(size > 0 ? size : 1);
	weir_err err;
	size_t n;

	fuzz_expect(memory != NULL);
	lend(aio, memory, size, cut);
	weir_stream_recv_until(s, t->delim, t->delim_len, aio);
	while (t->sent < t->len && t->sent - t->at < room) {
		feed(t, fd, 1 + cut % 23);
		cut = cut * 5 + 1;
	}
	fuzz_expect(weir_aio_wait_until(aio, until) == WEIR_OK);
	err = weir_aio_result(aio);
	n = weir_aio_count(aio);
	if (want > 0) {
		fuzz_expect(err == WEIR_OK && n == want);
	} else if (size <= left) {
		fuzz_expect(err == WEIR_EMSGSIZE && n == size);
	} else {
		fuzz_expect(err == WEIR_ECONNSHUT && n == left);
	}
	fuzz_expect(memcmp(memory, t->bytes + t->at, n) == 0);
	free(memory);
	t->at += n;
	return err != WEIR_ECONNSHUT && size > 0;
}

static void
try(struct text *t, size_t size, unsigned cut)
{
	weir_stream *s;
	weir_aio *aio;
	int fds[2];

	fuzz_expect(weir_socket_pair(fds) == WEIR_OK);
	fuzz_expect(weir_stream_from_fd(&s, fds[0]) == WEIR_OK);
	fuzz_expect(weir_aio_alloc(&aio, NULL, NULL) == WEIR_OK);
	if (t->len == 0) {
		feed(t, fds[1], 0);
	}
	while (receive(t, s, aio, fds[1], size, cut)) {
	}
	weir_stream_stop(s);
	weir_stream_free(s);
	weir_aio_free(aio);
	fuzz_expect(close(fds[1]) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text t = {0};
	uint8_t *copy;

	if (size < 3 || size > BYTES_MAX) {
		return 0;
	}
	t.delim_len = 1 + data[0] % WEIR_STREAM_DELIM_MAX;
	if (size < 3 + t.delim_len) {
		return 0;
	}
	start_once();
	copy = malloc(size - 3);
	fuzz_expect(copy != NULL);
	for (size_t i = 0; i < size - 3; i++) {
		copy[i] =
		    (data[0] & FEW) != 0 ? 'a' + data[3 + i] % 2 : data[3 + i];
	}
	t.delim = copy;
	t.bytes = copy + t.delim_len;
	t.len = size - 3 - t.delim_len;
	try(&t, data[1], data[2]);
	free(copy);
	return 0;
}
