/*
 * alive - what the stress has left open still works: no wake-up was lost.
 *
 * Purpose    each place is used once more while the operations of the stress
 *            still wait: one receive more, and sends until it has ended.  It
 *            may fail, where the stress has closed something; it may not wait
 *            in vain.
 * Bounds     LIMIT for a receive.
 */
#include "stress/places.h"

#include <check.h>
#include <string.h>

#define LIMIT WEIR_SECONDS(15)
/* No byte that the stress sends. */
#define MARK 9

struct probe {
	struct place *place;
	unsigned side; /* that sends, of two */
	weir_aio *to, *from;
	unsigned char out[64], in[256];
};

static weir_aio *
aio_new(void)
{
	weir_aio *aio;

	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	(void)weir_aio_set_timeout(aio, LIMIT);
	return aio;
}

static void
msg_put(weir_aio *aio)
{
	weir_msg *msg;

	ck_assert_int_eq(weir_msg_alloc(&msg, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append_u64(msg, MARK), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_msg(aio, msg), WEIR_OK);
}

static void
probe_send(struct probe *b)
{
	const weir_iov iov = {b->out, sizeof(b->out)};
	struct place *p = b->place;

	(void)weir_aio_set_iov(b->to, 1, &iov);
	switch (p->kind) {
	case PLACE_CHAN:
		msg_put(b->to);
		weir_chan_send(p->chan, b->to);
		break;
	case PLACE_UDP:
		(void)weir_aio_set_input(b->to, 0, &p->addr);
		weir_udp_send(p->udp, b->to);
		break;
	case PLACE_STREAMS:
		weir_stream_send_all(p->streams[b->side], b->to);
		break;
	case PLACE_MESSAGES:
	case PLACE_LIAR:
		msg_put(b->to);
		weir_msgstream_send(p->messages[b->side], b->to);
		break;
	case PLACE_LISTENER:
	case PLACE_KINDS:
		weir_stream_dialer_dial(p->dialer, b->to);
		break;
	}
}

static void
probe_recv(struct probe *b)
{
	const weir_iov iov = {b->in, sizeof(b->in)};
	struct place *p = b->place;

	(void)weir_aio_set_iov(b->from, 1, &iov);
	switch (p->kind) {
	case PLACE_CHAN:
		weir_chan_recv(p->chan, b->from);
		break;
	case PLACE_UDP:
		weir_udp_recv(p->udp, b->from);
		break;
	case PLACE_STREAMS:
		weir_stream_recv(p->streams[1 - b->side], b->from);
		break;
	case PLACE_MESSAGES:
	case PLACE_LIAR:
		weir_msgstream_recv(p->messages[1 - b->side], b->from);
		break;
	case PLACE_LISTENER:
	case PLACE_KINDS:
		weir_stream_listener_accept(p->listener, b->from);
		break;
	}
}

/* Free what an operation that has ended has brought, or left. */
static void
probe_drop(const struct probe *b, weir_aio *aio)
{
	weir_msg_free(weir_aio_get_msg(aio));
	(void)weir_aio_set_msg(aio, NULL);
	if (b->place->kind == PLACE_LISTENER &&
	    weir_aio_result(aio) == WEIR_OK) {
		weir_stream_free(weir_aio_get_output(aio, 0));
	}
}

/* Does it look like what the probe sends?  (Where that cannot be told: yes.) */
static bool
probe_is_mark(const struct probe *b)
{
	switch (b->place->kind) {
	case PLACE_STREAMS:
		return memchr(b->in, MARK, weir_aio_count(b->from)) != NULL;
	case PLACE_MESSAGES:
		return weir_aio_count(b->from) == sizeof(uint64_t);
	case PLACE_CHAN:
	case PLACE_UDP:
	case PLACE_LIAR:
	case PLACE_LISTENER:
	case PLACE_KINDS:
		break;
	}
	return true;
}

/* One receive, and as many sends as it needs: others wait before it. */
static weir_err
probe_step(struct probe *b)
{
	weir_err err;

	probe_recv(b);
	while (
	    weir_aio_wait_until(b->from, weir_now() + WEIR_MS(1)) != WEIR_OK) {
		if (!weir_aio_busy(b->to)) {
			probe_drop(b, b->to);
			probe_send(b);
		}
	}
	err = weir_aio_result(b->from);
	ck_assert_msg(err != WEIR_ETIMEDOUT,
	    "kind %d: a receive waits in vain, seed %llu", (int)b->place->kind,
	    (unsigned long long)dice_seed());
	return err;
}

static void
probe_run(struct place *p, unsigned side)
{
	struct probe b = {.place = p, .side = side};
	bool over;

	memset(b.out, MARK, sizeof(b.out));
	b.to = aio_new();
	b.from = aio_new();
	do {
		over = probe_step(&b) != WEIR_OK || probe_is_mark(&b);
		probe_drop(&b, b.from);
	} while (!over);
	(void)weir_aio_stop(b.to); /* perhaps nobody takes it any more */
	probe_drop(&b, b.to);
	weir_aio_free(b.to);
	weir_aio_free(b.from);
}

void
place_expect_alive(struct place *p)
{
	if (p->kind == PLACE_LIAR) {
		return;
	}
	probe_run(p, 0);
	if (p->kind == PLACE_STREAMS || p->kind == PLACE_MESSAGES) {
		probe_run(p, 1);
	}
}
