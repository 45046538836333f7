/*
 * test_chaos - weir at both ends, the chaos proxy in between.
 *
 * Purpose    what arrives is what was sent, as far as it arrives, byte by byte
 *            and message by message; what breaks ends with a documented code;
 *            nobody hangs; a connection that was left whole is used to its end.
 * Shape      client threads dial the proxy, server threads accept what it makes
 *            of that; each end waits for one operation at a time, beside a
 *            send.
 *            WEIR_CHAOS_SESSIONS: so many per client, for long runs.
 */
#include "aio/dice.h"
#include "base/mem.h"
#include "faults/chaos.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 3
#define SERVERS 4
#define SESSIONS 100
#define LIMIT WEIR_SECONDS(25)
#define BYTES_MAX 15000
#define MESSAGES_MAX 12
/* weir's own memory while all this runs: messages and handles of some
 * connections, not what all sessions have sent together. */
#define MEMORY_MAX ((size_t)8 << 20)

/* What threads have to say; the main thread judges. */
static struct {
	weir_stream_listener *listener;
	uint16_t port; /* of the proxy */
	bool messages;
	int sessions;
	atomic_uint whole;  /* sessions that came to their end */
	atomic_uint broken; /* and others */
	atomic_uint bad;    /* what may not happen; the first is said */
	char said[200];
} run;

static void
bad(const char *what, weir_err err)
{
	if (atomic_fetch_add(&run.bad, 1) == 0) {
		(void)snprintf(run.said, sizeof(run.said),
		    "%s: %d (%s), seed %llu", what, (int)err,
		    weir_strerror(err), (unsigned long long)dice_seed());
	}
}

/* The end of an operation; what it may be when the connection breaks. */
static weir_err
end_of(weir_aio *aio, const char *what)
{
	weir_err err =
	    weir_aio_wait_until(aio, weir_time_after(weir_now(), LIMIT));

	if (err != WEIR_OK) {
		/* It hangs: there is no way on. */
		(void)fprintf(stderr, "%s hangs, seed %llu\n", what,
		    (unsigned long long)dice_seed());
		abort();
	}
	err = weir_aio_result(aio);
	if (err != WEIR_OK && err != WEIR_ECONNRESET && err != WEIR_ECONNSHUT &&
	    err != WEIR_ECLOSED && err != WEIR_ECONNABORTED) {
		bad(what, err);
	}
	return err;
}

static void
set_iov(weir_aio *aio, void *buf, size_t len)
{
	const weir_iov iov = {buf, len};

	(void)weir_aio_set_iov(aio, 1, &iov);
}

/* --- Bytes ------------------------------------------------------------- */

static unsigned char
byte_at(uint64_t salt, size_t i)
{
	return (unsigned char)((i * 31 + salt) ^ (i >> 8));
}

/* Send all, and have it back. */
static bool
client_bytes(struct dice *d, weir_stream *s, weir_aio *out_aio, weir_aio *aio)
{
	const size_t len = 1 + dice_roll(d, BYTES_MAX);
	const uint64_t salt = dice_roll(d, 251);
	unsigned char *out = malloc(len), in[1500];
	size_t got = 0;
	weir_err err = WEIR_OK;

	for (size_t i = 0; i < len; i++) {
		out[i] = byte_at(salt, i);
	}
	set_iov(out_aio, out, len);
	weir_stream_send_all(s, out_aio);
	while (got < len && err == WEIR_OK) {
		set_iov(aio, in, 1 + dice_roll(d, sizeof(in)));
		weir_stream_recv(s, aio);
		err = end_of(aio, "client recv");
		for (size_t i = 0; i < weir_aio_count(aio); i++) {
			if (got + i >= len || in[i] != out[got + i]) {
				bad("a wrong byte", err);
			}
		}
		got += weir_aio_count(aio);
	}
	if (err != WEIR_OK) {
		weir_stream_close(s);
	}
	(void)end_of(out_aio, "client send_all");
	free(out);
	return err == WEIR_OK;
}

static void
server_bytes(weir_stream *s, weir_aio *aio)
{
	unsigned char buf[2000];

	for (;;) {
		size_t n;

		set_iov(aio, buf, sizeof(buf));
		weir_stream_recv(s, aio);
		if (end_of(aio, "server recv") != WEIR_OK) {
			return;
		}
		n = weir_aio_count(aio);
		set_iov(aio, buf, n);
		weir_stream_send_all(s, aio);
		if (end_of(aio, "server send_all") != WEIR_OK) {
			return;
		}
	}
}

/* --- Messages ---------------------------------------------------------- */

static weir_msg *
msg_make(uint32_t number, size_t len)
{
	weir_msg *msg;

	if (weir_msg_alloc(&msg, len) != WEIR_OK) {
		abort();
	}
	for (size_t i = 0; i < len; i++) {
		((unsigned char *)weir_msg_body(msg))[i] = byte_at(number, i);
	}
	return msg;
}

static bool
msg_is(const weir_msg *msg, uint32_t number, size_t len)
{
	const unsigned char *bytes = weir_msg_data(msg);

	for (size_t i = 0; i < len && weir_msg_len(msg) == len; i++) {
		if (bytes[i] != byte_at(number, i)) {
			return false;
		}
	}
	return weir_msg_len(msg) == len;
}

static void
msg_drop(weir_aio *aio)
{
	weir_msg_free(weir_aio_get_msg(aio));
	(void)weir_aio_set_msg(aio, NULL);
}

static bool
client_messages(struct dice *d, weir_msgstream *ms, weir_aio *aio)
{
	const uint32_t n = 1 + dice_roll(d, MESSAGES_MAX);

	for (uint32_t i = 0; i < n; i++) {
		const size_t len = dice_roll(d, BYTES_MAX / MESSAGES_MAX);

		(void)weir_aio_set_msg(aio, msg_make(i, len));
		weir_msgstream_send(ms, aio);
		if (end_of(aio, "client msgstream_send") != WEIR_OK) {
			msg_drop(aio);
			return false;
		}
		weir_msgstream_recv(ms, aio);
		if (end_of(aio, "client msgstream_recv") != WEIR_OK) {
			return false;
		}
		if (!msg_is(weir_aio_get_msg(aio), i, len)) {
			bad("a wrong message", WEIR_OK);
		}
		msg_drop(aio);
	}
	return true;
}

static void
server_messages(weir_msgstream *ms, weir_aio *aio)
{
	for (;;) {
		weir_msgstream_recv(ms, aio);
		if (end_of(aio, "server msgstream_recv") != WEIR_OK) {
			return;
		}
		weir_msgstream_send(ms, aio);
		if (end_of(aio, "server msgstream_send") != WEIR_OK) {
			msg_drop(aio);
			return;
		}
	}
}

/* The stream is taken. */
static weir_msgstream *
messages_of(weir_stream *s)
{
	weir_msgstream *ms;

	if (weir_msgstream_open(&ms, s, NULL) != WEIR_OK) {
		abort();
	}
	return ms;
}

/* --- Threads ----------------------------------------------------------- */

static void
aio_new(weir_aio **aio)
{
	if (weir_aio_alloc(aio, NULL, NULL) != WEIR_OK) {
		abort();
	}
}

static void
client_session(struct dice *d, weir_stream *s, weir_aio *one, weir_aio *two)
{
	bool whole;

	if (run.messages) {
		weir_msgstream *ms = messages_of(s);

		whole = client_messages(d, ms, one);
		weir_msgstream_free(ms);
	} else {
		whole = client_bytes(d, s, one, two);
		weir_stream_free(s);
	}
	(void)atomic_fetch_add(whole ? &run.whole : &run.broken, 1);
	if (wri_mem_live() > MEMORY_MAX) {
		bad("memory without bound", WEIR_OK);
	}
}

static void *
client_main(void *arg)
{
	weir_stream_dialer *dialer;
	weir_aio *one, *two;
	struct dice d;
	char url[64];

	dice_init(&d, (uint64_t)(uintptr_t)arg);
	(void)snprintf(
	    url, sizeof(url), "tcp://127.0.0.1:%u", (unsigned)run.port);
	if (weir_stream_dialer_alloc(&dialer, url) != WEIR_OK) {
		abort();
	}
	aio_new(&one);
	aio_new(&two);
	for (int i = 0; i < run.sessions; i++) {
		weir_stream_dialer_dial(dialer, one);
		if (end_of(one, "dial") == WEIR_OK) {
			client_session(
			    &d, weir_aio_get_output(one, 0), one, two);
		} else {
			/* The harm was quicker than the dial. */
			(void)atomic_fetch_add(&run.broken, 1);
		}
	}
	weir_aio_free(one);
	weir_aio_free(two);
	weir_stream_dialer_free(dialer);
	return NULL;
}

/* Until the listener is closed. */
static void *
server_main(void *arg)
{
	weir_aio *aio;

	(void)arg;
	aio_new(&aio);
	for (;;) {
		weir_stream *s;

		weir_stream_listener_accept(run.listener, aio);
		(void)weir_aio_wait(aio); /* as long as the clients take */
		if (weir_aio_result(aio) != WEIR_OK) {
			break;
		}
		s = weir_aio_get_output(aio, 0);
		if (run.messages) {
			weir_msgstream *ms = messages_of(s);

			server_messages(ms, aio);
			weir_msgstream_free(ms);
		} else {
			server_bytes(s, aio);
			weir_stream_free(s);
		}
	}
	if (weir_aio_result(aio) != WEIR_ECLOSED) {
		bad("accept", weir_aio_result(aio));
	}
	weir_aio_free(aio);
	return NULL;
}

static void
threads(pthread_t *t, int n, void *(*fn)(void *))
{
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_create(&t[i], NULL, fn,
				     (void *)(uintptr_t)(unsigned)i),
		    0);
	}
}

static void
join(pthread_t *t, int n)
{
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	}
}

static void
chaos_between(bool messages)
{
	const char *env = getenv("WEIR_CHAOS_SESSIONS");
	pthread_t clients[CLIENTS], servers[SERVERS];
	struct chaos_done done;
	struct chaos *c;
	int port;

	rt_up(NULL);
	run.messages = messages;
	run.sessions = env != NULL ? atoi(env) : SESSIONS;
	run.whole = run.broken = run.bad = 0;
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&run.listener, "tcp://127.0.0.1:0"),
	    WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(run.listener), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_get_int(
			     run.listener, WEIR_OPT_BOUND_PORT, &port),
	    WEIR_OK);
	c = chaos_begin((uint16_t)port, dice_seed(), &run.port);
	threads(servers, SERVERS, server_main);
	threads(clients, CLIENTS, client_main);
	join(clients, CLIENTS);
	done = chaos_end(c);
	weir_stream_listener_close(run.listener);
	join(servers, SERVERS);
	weir_stream_listener_free(run.listener);
	ck_assert_msg(run.bad == 0, "%s (and %u more)", run.said, run.bad - 1);
	ck_assert_uint_eq(
	    run.whole + run.broken, (unsigned)(CLIENTS * run.sessions));
	/* Those that were left whole are used to their end, others break. */
	ck_assert_msg(run.whole >= done.calm,
	    "%u sessions whole, %u connections calm, seed %llu", run.whole,
	    done.calm, (unsigned long long)dice_seed());
	ck_assert_uint_gt(run.broken, 0);
	ck_assert_uint_gt(done.closed, 0);
	ck_assert_uint_gt(done.reset, 0);
	ck_assert_uint_gt(done.half, 0);
	rt_down();
}

START_TEST(bytes_are_right_as_far_as_they_come)
{
	chaos_between(false);
}
END_TEST

START_TEST(messages_are_right_as_far_as_they_come)
{
	chaos_between(true);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("faults");
	TCase *tc = tcase_create("chaos");

	tcase_set_timeout(
	    tc, getenv("WEIR_CHAOS_SESSIONS") != NULL ? 1e6 : 120);
	tcase_add_test(tc, bytes_are_right_as_far_as_they_come);
	tcase_add_test(tc, messages_are_right_as_far_as_they_come);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
