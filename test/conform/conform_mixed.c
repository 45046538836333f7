/*
 * conform_mixed - a stress of streams: connections of every transport carry
 * bytes while others are dialed, cancelled, closed and freed, and then
 * everything is stopped at once.  What arrives is what was sent, in order; each
 * operation has one callback.
 *
 * Bounds     by count.  CONFORM_SEED=n repeats one chance.
 */
#include "conform/con_net.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS 12
#define BYTES 200000
#define CHURNS 150

/* One direction of one connection, driven by its callbacks. */
struct flow {
	struct con_op o;
	nng_stream *s;
	bool sends;
	size_t at; /* bytes so far */
	unsigned wrong;
	struct con_rand rand;
	unsigned char buf[4096];
	struct latch done;
};

/* The byte at a place of the flow. */
static unsigned char
flow_byte(size_t at)
{
	return (unsigned char)(at * 31 + at / 256);
}

static void
flow_step(struct flow *f)
{
	size_t n = 1 + con_rand_below(&f->rand, sizeof(f->buf) / 2);
	nng_iov iov[2] = {{f->buf, n / 3}, {f->buf + n / 3, n - n / 3}};

	if (f->sends && f->at + n > BYTES) {
		n = BYTES - f->at;
		iov[0].iov_len = n / 3;
		iov[1].iov_buf = f->buf + n / 3;
		iov[1].iov_len = n - n / 3;
	}
	for (size_t i = 0; f->sends && i < n; i++) {
		f->buf[i] = flow_byte(f->at + i);
	}
	(void)nng_aio_set_iov(f->o.aio, 2, iov);
	/* Now and then with a limit so short that it passes. */
	nng_aio_set_timeout(
	    f->o.aio, con_rand_below(&f->rand, 8) == 0 ? 1 : -1);
	if (f->sends) {
		nng_stream_send(f->s, f->o.aio);
	} else {
		nng_stream_recv(f->s, f->o.aio);
	}
}

static void
flow_then(struct con_op *o)
{
	struct flow *f = o->arg;
	nng_err err = nng_aio_result(o->aio);
	size_t n = nng_aio_count(o->aio);

	if (err != NNG_OK && err != NNG_ETIMEDOUT && err != NNG_ECANCELED) {
		f->wrong++;
		latch_hit(&f->done);
		return;
	}
	for (size_t i = 0; !f->sends && i < n; i++) {
		f->wrong += f->buf[i] != flow_byte(f->at + i);
	}
	f->at += n;
	if (f->at >= BYTES) {
		latch_hit(&f->done);
		return;
	}
	flow_step(f);
}

static void
flow_init(struct flow *f, nng_stream *s, bool sends, uint64_t seed)
{
	memset(f, 0, sizeof(*f));
	f->s = s;
	f->sends = sends;
	f->rand.state = seed;
	latch_init(&f->done);
	con_op_init(&f->o, flow_then, f);
}

static void
flow_fini(struct flow *f)
{
	nng_aio_stop(f->o.aio);
	con_op_fini(&f->o);
	latch_fini(&f->done);
}

/* A connection with both directions flowing. */
struct pair {
	struct con_net n;
	struct flow flows[4]; /* near sends and receives, far too */
};

static uint64_t
seed_of(void)
{
	const char *given = getenv("CONFORM_SEED");

	return given != NULL ? strtoull(given, NULL, 10) : 20261201;
}

static struct pair *
pairs_open(void)
{
	struct pair *p = calloc(PAIRS, sizeof(*p));
	uint64_t seed = seed_of();

	ck_assert_ptr_nonnull(p);
	for (unsigned i = 0; i < PAIRS; i++) {
		con_net_init(&p[i].n, (enum con_kind)(i % CON_KINDS));
		for (unsigned j = 0; j < 4; j++) {
			flow_init(&p[i].flows[j],
			    j < 2 ? p[i].n.near : p[i].n.far, j % 2 == 0,
			    seed * 1000 + i * 4 + j + 1);
		}
		for (unsigned j = 0; j < 4; j++) {
			flow_step(&p[i].flows[j]);
		}
	}
	return p;
}

static void
pairs_close(struct pair *p)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		for (unsigned j = 0; j < 4; j++) {
			flow_fini(&p[i].flows[j]);
		}
		con_net_fini(&p[i].n);
	}
	free(p);
}

START_TEST(bytes_arrive_in_order_whatever_is_cancelled)
{
	struct con_rand r = {.state = seed_of()};
	struct pair *p = pairs_open();

	/* Cancels from outside, against completions. */
	for (int i = 0; i < 3000; i++) {
		struct flow *f =
		    &p[con_rand_below(&r, PAIRS)].flows[con_rand_below(&r, 4)];

		nng_aio_cancel(f->o.aio);
	}
	for (unsigned i = 0; i < PAIRS; i++) {
		for (unsigned j = 0; j < 4; j++) {
			struct flow *f = &p[i].flows[j];

			ck_assert_msg(latch_wait(&f->done, 1),
			    "pair %u, flow %u stands at %zu", i, j, f->at);
			ck_assert_uint_eq(f->wrong, 0);
			ck_assert_uint_eq(f->at, BYTES);
		}
	}
	pairs_close(p);
}
END_TEST

START_TEST(streams_are_closed_and_freed_while_bytes_flow)
{
	struct pair *p = pairs_open();

	for (unsigned i = 0; i < PAIRS; i++) {
		switch (i % 4) {
		case 0:
			nng_stream_close(p[i].n.near);
			break;
		case 1:
			nng_stream_stop(p[i].n.far);
			break;
		case 2:
			nng_aio_stop(p[i].flows[0].o.aio);
			nng_aio_stop(p[i].flows[1].o.aio);
			nng_stream_free(p[i].n.near);
			p[i].n.near = NULL;
			break;
		default:
			nng_aio_stop(p[i].flows[3].o.aio);
			break;
		}
	}
	pairs_close(p);
}
END_TEST

/* Many short lives of connections, on several threads. */
struct churn {
	struct con_net n;
	struct latch failed;
	unsigned next;
	bool finish;
};

static void *
churn_dials(void *arg)
{
	struct churn *c = arg;
	struct con_rand r = {.state = seed_of() + __atomic_add_fetch(&c->next,
						      1, __ATOMIC_RELAXED)};
	nng_aio *aio;

	if (nng_aio_alloc(&aio, NULL, NULL) != NNG_OK) {
		latch_hit(&c->failed);
		return NULL;
	}
	for (int i = 0; i < CHURNS; i++) {
		nng_stream_dialer_dial(c->n.d, aio);
		if (con_rand_below(&r, 4) == 0) {
			nng_aio_cancel(aio);
		}
		nng_aio_wait(aio);
		if (nng_aio_result(aio) == NNG_OK) {
			nng_stream_free(nng_aio_get_output(aio, 0));
		} else if (nng_aio_result(aio) != NNG_ECANCELED) {
			latch_hit(&c->failed);
		}
	}
	nng_aio_free(aio);
	return NULL;
}

static void
accept_again(struct con_op *o)
{
	struct churn *c = o->arg;

	if (nng_aio_result(o->aio) == NNG_OK) {
		nng_stream_free(nng_aio_get_output(o->aio, 0));
	}
	nng_stream_listener_accept(c->n.l, o->aio);
}

START_TEST(connections_come_and_go_and_none_is_lost)
{
	struct churn c = {.next = 0};
	struct con_op ops[4];

	con_net_listen(&c.n, (enum con_kind)_i);
	latch_init(&c.failed);
	for (int i = 0; i < 4; i++) {
		con_op_init(&ops[i], accept_again, &c);
		nng_stream_listener_accept(c.n.l, ops[i].aio);
	}
	con_threads(4, churn_dials, &c);
	for (int i = 0; i < 4; i++) {
		nng_aio_stop(ops[i].aio);
		con_op_fini(&ops[i]);
	}
	ck_assert_uint_eq(latch_hits(&c.failed), 0);
	latch_fini(&c.failed);
	con_net_fini(&c.n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/mixed");
	TCase *tc = con_case(suite, "mixed");

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, bytes_arrive_in_order_whatever_is_cancelled);
	tcase_add_test(tc, streams_are_closed_and_freed_while_bytes_flow);
	tcase_add_loop_test(
	    tc, connections_come_and_go_and_none_is_lost, 0, CON_SOCKET);
	return run_suite(suite);
}
