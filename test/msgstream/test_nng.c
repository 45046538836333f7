/*
 * test_nng - message streams of weir against sockets of NNG in this process:
 * many messages of all sizes, both ways at once.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 3000u
#define LEN_MAX 200000u
#define LIMIT_MS 20000

/* Mostly short, some long, also empty; the same on both sides. */
static size_t
len_of(unsigned seed, unsigned i)
{
	uint32_t x = (seed * 7919u + i) * 2654435761u;

	x ^= x >> 15;
	switch (x % 16) {
	case 0:
		return 0;
	case 1:
		return x / 16 % LEN_MAX;
	case 2:
	case 3:
		return x / 16 % 9000;
	}
	return x / 16 % 300;
}

/* --- NNG's side: two threads that block -------------------------------- */

struct side {
	nng_socket socket;
	unsigned seed;
	unsigned done; /* messages, before something was wrong */
	int rv;
	pthread_t thread;
};

static void *
nng_sends(void *arg)
{
	struct side *s = arg;

	while (s->done < MESSAGES && s->rv == 0) {
		size_t len = len_of(s->seed, s->done);
		nng_msg *msg;

		s->rv = nng_msg_alloc(&msg, len);
		if (s->rv != 0) {
			break;
		}
		fill(nng_msg_body(msg), len, s->done);
		s->rv = nng_sendmsg(s->socket, msg, 0);
		if (s->rv != 0) {
			nng_msg_free(msg);
		} else {
			s->done++;
		}
	}
	return NULL;
}

static void *
nng_recvs(void *arg)
{
	struct side *s = arg;

	while (s->done < MESSAGES && s->rv == 0) {
		size_t len = len_of(s->seed, s->done);
		nng_msg *msg;

		s->rv = nng_recvmsg(s->socket, &msg, 0);
		if (s->rv != 0) {
			break;
		}
		if (nng_msg_len(msg) != len ||
		    !is_filled(nng_msg_body(msg), len, s->done)) {
			s->rv = -1;
		} else {
			s->done++;
		}
		nng_msg_free(msg);
	}
	return NULL;
}

static void
side_run(struct side *s, nng_socket socket, unsigned seed, void *(*fn)(void *))
{
	memset(s, 0, sizeof(*s));
	s->socket = socket;
	s->seed = seed;
	ck_assert_int_eq(pthread_create(&s->thread, NULL, fn, s), 0);
}

static void
side_join(struct side *s)
{
	ck_assert_int_eq(pthread_join(s->thread, NULL), 0);
	ck_assert_msg(s->rv == 0, "after %u messages: %s", s->done,
	    s->rv < 0 ? "another message" : nng_strerror(s->rv));
	ck_assert_uint_eq(s->done, MESSAGES);
}

/* --- weir's side: two chains of callbacks ------------------------------ */

struct chain {
	struct op op;
	weir_msgstream *ms;
	unsigned seed;
	unsigned done;
	bool wrong;
	struct latch over;
};

static weir_msg *
chain_msg(struct chain *c)
{
	size_t len = len_of(c->seed, c->done);
	weir_msg *msg;

	if (weir_msg_alloc(&msg, len) != WEIR_OK) {
		return NULL;
	}
	fill(weir_msg_body(msg), len, c->done);
	return msg;
}

static void
then_send(struct op *op)
{
	struct chain *c = op->then_arg;

	c->done += op->err == WEIR_OK;
	if (op->err != WEIR_OK || c->done == MESSAGES) {
		latch_hit(&c->over);
		return;
	}
	(void)weir_aio_set_msg(op->aio, chain_msg(c));
	weir_msgstream_send(c->ms, op->aio);
}

static void
then_recv(struct op *op)
{
	struct chain *c = op->then_arg;
	size_t len = len_of(c->seed, c->done);
	weir_msg *msg;

	if (op->err == WEIR_OK) {
		msg = weir_aio_get_msg(op->aio);
		c->wrong = weir_msg_len(msg) != len ||
			   !is_filled(weir_msg_data(msg), len, c->done);
		c->done += !c->wrong;
		weir_msg_free(msg);
	}
	if (op->err != WEIR_OK || c->wrong || c->done == MESSAGES) {
		latch_hit(&c->over);
		return;
	}
	weir_msgstream_recv(c->ms, op->aio);
}

static void
chain_begin(struct chain *c, weir_msgstream *ms, unsigned seed,
    void (*then)(struct op *))
{
	memset(c, 0, sizeof(*c));
	op_init(&c->op);
	latch_init(&c->over);
	c->op.then = then;
	c->op.then_arg = c;
	c->ms = ms;
	c->seed = seed;
	if (then == then_send) {
		(void)weir_aio_set_msg(c->op.aio, chain_msg(c));
		weir_msgstream_send(ms, c->op.aio);
	} else {
		weir_msgstream_recv(ms, c->op.aio);
	}
}

static void
chain_end(struct chain *c)
{
	ck_assert(latch_wait(&c->over, 1));
	ck_assert_msg(c->done == MESSAGES && !c->wrong,
	    "after %u messages: %s, %d", c->done,
	    c->wrong ? "another message" : "an error", c->op.err);
	op_fini(&c->op);
	latch_fini(&c->over);
}

/* --- Both -------------------------------------------------------------- */

static void
setup(void)
{
	rt_setup();
}

static void
teardown(void)
{
	nng_fini();
	rt_teardown();
}

static void
nng_must(int rv)
{
	ck_assert_msg(rv == 0, "nng: %s", nng_strerror(rv));
}

static void
socket_limits(nng_socket socket)
{
	nng_must(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, LIMIT_MS));
	nng_must(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, LIMIT_MS));
	nng_must(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0));
}

/* NNG says ipc where we say unix. */
static const char *
theirs(const char *url)
{
	static char ipc[NET_URL_MAX];

	if (strncmp(url, "unix:", 5) != 0) {
		return url;
	}
	(void)snprintf(ipc, sizeof(ipc), "ipc:%s", url + 5);
	return ipc;
}

/* A message stream that is connected to the socket; which side dials? */
static weir_msgstream *
meet(nng_socket socket, enum net_kind kind, bool we_dial,
    const weir_msgstream_params *params)
{
	char url[NET_URL_MAX];
	weir_msgstream *ms;
	weir_stream *s;
	struct op op;

	op_init(&op);
	if (we_dial) {
		weir_stream_dialer *d;
		nng_listener l;

		net_listen_url(kind, url);
		nng_must(nng_listen(socket, theirs(url), &l, 0));
		if (!net_is_unix(kind)) {
			nng_sockaddr sa;

			nng_must(
			    nng_listener_get_addr(l, NNG_OPT_LOCADDR, &sa));
			(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%u",
			    (unsigned)((sa.s_in.sa_port & 0xff) << 8 |
				       sa.s_in.sa_port >> 8));
		}
		d = net_dialer(url);
		ck_assert_int_eq(op_dial(&op, d, &s), WEIR_OK);
		weir_stream_dialer_free(d);
	} else {
		weir_stream_listener *l = net_listener(kind, url);

		nng_must(
		    nng_dial(socket, theirs(url), NULL, NNG_FLAG_NONBLOCK));
		ck_assert_int_eq(op_accept(&op, l, &s), WEIR_OK);
		weir_stream_listener_free(l);
	}
	ck_assert_int_eq(weir_msgstream_open(&ms, s, params), WEIR_OK);
	ck_assert_int_eq(op_ready(&op, ms), WEIR_OK);
	op_fini(&op);
	return ms;
}

static enum net_kind
kind_of(int i)
{
	static const enum net_kind kinds[] = {NET_TCP, NET_UNIX, NET_ABSTRACT};

	return kinds[i / 2];
}

START_TEST(pair_carries_messages_of_all_sizes_both_ways_at_once)
{
	struct side sends, recvs;
	struct chain send, recv;
	const weir_msgstream_params params = {.size = sizeof(params)};
	weir_msgstream *ms;
	nng_socket socket;

	nng_must(nng_pair0_open(&socket));
	socket_limits(socket);
	ms = meet(socket, kind_of(_i), _i % 2 == 0, &params);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(ms), WEIR_PROTO_PAIR);
	side_run(&recvs, socket, 1, nng_recvs);
	side_run(&sends, socket, 2, nng_sends);
	chain_begin(&send, ms, 1, then_send);
	chain_begin(&recv, ms, 2, then_recv);
	side_join(&sends);
	side_join(&recvs);
	chain_end(&send);
	chain_end(&recv);
	weir_msgstream_free(ms);
	nng_must(nng_close(socket));
}
END_TEST

START_TEST(push_reaches_pull)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .protocol = WEIR_PROTO_PUSH};
	struct side recvs;
	struct chain send;
	weir_msgstream *ms;
	nng_socket socket;

	nng_must(nng_pull0_open(&socket));
	nng_must(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, LIMIT_MS));
	nng_must(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0));
	ms = meet(socket, kind_of(_i), _i % 2 == 0, &params);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(ms), WEIR_PROTO_PULL);
	side_run(&recvs, socket, 3, nng_recvs);
	chain_begin(&send, ms, 3, then_send);
	side_join(&recvs);
	chain_end(&send);
	weir_msgstream_free(ms);
	nng_must(nng_close(socket));
}
END_TEST

START_TEST(pull_gets_what_push_sends)
{
	const weir_msgstream_params params = {
	    .size = sizeof(params), .protocol = WEIR_PROTO_PULL};
	struct side sends;
	struct chain recv;
	weir_msgstream *ms;
	nng_socket socket;

	nng_must(nng_push0_open(&socket));
	nng_must(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, LIMIT_MS));
	ms = meet(socket, kind_of(_i), _i % 2 == 0, &params);
	ck_assert_uint_eq(weir_msgstream_peer_protocol(ms), WEIR_PROTO_PUSH);
	side_run(&sends, socket, 4, nng_sends);
	chain_begin(&recv, ms, 4, then_recv);
	side_join(&sends);
	chain_end(&recv);
	weir_msgstream_free(ms);
	nng_must(nng_close(socket));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("msgstream");
	TCase *tc = tcase_create("nng");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, pair_carries_messages_of_all_sizes_both_ways_at_once, 0, 6);
	tcase_add_loop_test(tc, push_reaches_pull, 0, 6);
	tcase_add_loop_test(tc, pull_gets_what_push_sends, 0, 6);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
