/*
 * world - the operations that stress_aio submits.
 */
#include "stress/world.h"
#include "aio/consumer.h"
#include "aio/toy.h"

#include <weir/weir.h>

#include <check.h>
#include <stdio.h>

#define TOYS 4
#define PAIRS 4
#define INTERVALS 2

static struct toy toys[TOYS];
static struct pair {
	weir_stream *from, *to;
} pairs[PAIRS];
static weir_interval *intervals[INTERVALS];
static _Atomic uint64_t sent, received;

static void
pair_open(weir_stream_listener *l, const char *url, struct pair *p)
{
	struct consumer dial, accept;
	weir_stream_dialer *d;

	consumer_init(&dial, NULL, NULL);
	consumer_init(&accept, NULL, NULL);
	ck_assert_int_eq(weir_stream_dialer_alloc(&d, url), WEIR_OK);
	weir_stream_listener_accept(l, accept.aio);
	weir_stream_dialer_dial(d, dial.aio);
	consumer_expect(&accept, 1, WEIR_OK);
	consumer_expect(&dial, 1, WEIR_OK);
	p->from = weir_aio_get_output(dial.aio, 0);
	p->to = weir_aio_get_output(accept.aio, 0);
	weir_stream_dialer_free(d);
	consumer_fini(&dial);
	consumer_fini(&accept);
}

void
world_open(void)
{
	weir_stream_listener *l;
	char url[64];
	int port;

	sent = received = 0;
	for (int i = 0; i < TOYS; i++) {
		toy_init(&toys[i], i % 2 == 0 ? TOY_FULL : TOY_CANCEL);
	}
	ck_assert_int_eq(
	    weir_stream_listener_alloc(&l, "tcp://127.0.0.1:0"), WEIR_OK);
	ck_assert_int_eq(weir_stream_listener_listen(l), WEIR_OK);
	ck_assert_int_eq(
	    weir_stream_listener_get_int(l, WEIR_OPT_BOUND_PORT, &port),
	    WEIR_OK);
	(void)snprintf(url, sizeof(url), "tcp://127.0.0.1:%d", port);
	for (int i = 0; i < PAIRS; i++) {
		pair_open(l, url, &pairs[i]);
	}
	weir_stream_listener_free(l);
	for (int i = 0; i < INTERVALS; i++) {
		ck_assert_int_eq(
		    weir_interval_alloc(&intervals[i], WEIR_US(100 + 400 * i)),
		    WEIR_OK);
	}
}

void
world_close(void)
{
	for (int i = 0; i < INTERVALS; i++) {
		weir_interval_free(intervals[i]);
	}
	for (int i = 0; i < PAIRS; i++) {
		weir_stream_free(pairs[i].from);
		weir_stream_free(pairs[i].to);
	}
	for (int i = 0; i < TOYS; i++) {
		ck_assert_uint_eq(toy_waiting(&toys[i]), 0);
		toy_fini(&toys[i]);
	}
	ck_assert_uint_le(received, sent);
}

void
world_submit(struct world_op *op, weir_aio *aio, struct dice *d)
{
	struct pair *p = &pairs[dice_roll(d, PAIRS)];

	op->kind = (enum world_kind)dice_roll(d, WORLD_KINDS);
	op->iov[0] = (weir_iov){op->bytes, 1 + dice_roll(d, 16)};
	op->iov[1] = (weir_iov){op->bytes + 16, 16};
	if (dice_roll(d, 2) == 0) {
		(void)weir_aio_set_iov(aio, 2, op->iov);
	} else {
		(void)weir_aio_borrow_iov(aio, 2, op->iov);
	}
	switch (op->kind) {
	case WORLD_SLEEP:
		weir_sleep_aio(dice_roll(d, 8) == 0
				   ? WEIR_INFINITE
				   : WEIR_US(dice_roll(d, 300)),
		    aio);
		break;
	case WORLD_TICK:
		weir_interval_next(intervals[dice_roll(d, INTERVALS)], aio);
		break;
	case WORLD_TOY:
		toy_submit(&toys[dice_roll(d, TOYS)], aio);
		break;
	case WORLD_RECV:
		weir_stream_recv(p->to, aio);
		break;
	case WORLD_SEND:
		weir_stream_send_all(p->from, aio);
		break;
	case WORLD_NOW:
	case WORLD_KINDS:
		toy_submit_now(aio, WEIR_OK, 3);
		break;
	}
}

bool
world_may_count(const struct world_op *op)
{
	/* Of a tick it is those missed before it, whatever its end. */
	return op->kind == WORLD_SEND || op->kind == WORLD_TICK;
}

void
world_collect(struct world_op *op, weir_aio *aio)
{
	if (op->kind == WORLD_SEND) {
		sent += weir_aio_count(aio);
	} else if (op->kind == WORLD_RECV) {
		received += weir_aio_count(aio);
	}
}

void
world_stir(struct dice *d)
{
	(void)toy_finish_first(&toys[dice_roll(d, TOYS)], WEIR_OK, 5);
}
