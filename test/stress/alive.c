/*
 * alive - what the stress has left open still works: no wake-up was lost.
 *
 * Purpose    each place is used once more, with operations that nobody ends
 *            early.  They may fail, where the stress has closed something; they
 *            may not wait in vain.
 */
#include "stress/places.h"

#include <check.h>
#include <string.h>

#define LIMIT WEIR_SECONDS(15)
/* No byte and no length that the stress sends. */
#define MARK 9

static weir_aio *
aio_new(void)
{
	weir_aio *aio;

	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	(void)weir_aio_set_timeout(aio, LIMIT);
	return aio;
}

/* Wait for it.  True: WEIR_OK. */
static bool
ended_well(weir_aio *aio, const char *what)
{
	ck_assert_int_eq(weir_aio_wait(aio), WEIR_OK);
	ck_assert_msg(weir_aio_result(aio) != WEIR_ETIMEDOUT,
	    "%s waits in vain, seed %llu", what,
	    (unsigned long long)dice_seed());
	return weir_aio_result(aio) == WEIR_OK;
}

static void
msg_put(weir_aio *aio)
{
	weir_msg *msg;

	ck_assert_int_eq(weir_msg_alloc(&msg, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append_u64(msg, MARK), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_msg(aio, msg), WEIR_OK);
}

/* Free what it has.  Was it the mark? */
static bool
msg_drop(weir_aio *aio)
{
	weir_msg *msg = weir_aio_get_msg(aio);
	uint64_t mark = 0;
	bool is = msg != NULL && weir_msg_len(msg) == sizeof(mark) &&
		  weir_msg_trim_u64(msg, &mark) == WEIR_OK && mark == MARK;

	weir_msg_free(msg);
	(void)weir_aio_set_msg(aio, NULL);
	return is;
}

static void
chan_alive(weir_chan *ch, weir_aio *to, weir_aio *from)
{
	weir_chan_recv(ch, from);
	msg_put(to);
	weir_chan_send(ch, to);
	(void)ended_well(from, "chan recv");
	(void)ended_well(to, "chan send");
	(void)msg_drop(from);
	(void)msg_drop(to);
}

static void
udp_alive(struct place *p, weir_aio *to, weir_aio *from)
{
	unsigned char bytes[2][64] = {{MARK}};
	const weir_iov iov[2] = {{bytes[0], 1}, {bytes[1], 64}};

	(void)weir_aio_set_input(to, 0, &p->addr);
	(void)weir_aio_set_iov(to, 1, &iov[0]);
	(void)weir_aio_set_iov(from, 1, &iov[1]);
	weir_udp_recv(p->udp, from);
	weir_udp_send(p->udp, to);
	(void)ended_well(to, "udp send");
	(void)ended_well(from, "udp recv");
}

static void
streams_alive(weir_stream *a, weir_stream *b, weir_aio *to, weir_aio *from)
{
	unsigned char out = MARK;
	unsigned char in[256] = {0};
	const weir_iov iov[2] = {{&out, 1}, {in, sizeof(in)}};

	(void)weir_aio_set_iov(to, 1, &iov[0]);
	(void)weir_aio_set_iov(from, 1, &iov[1]);
	weir_stream_send_all(a, to);
	do {
		weir_stream_recv(b, from);
	} while (ended_well(from, "stream recv") &&
		 memchr(in, MARK, weir_aio_count(from)) == NULL);
	weir_stream_close(b); /* it may have been shut down on one side only */
	(void)ended_well(to, "stream send");
}

static void
messages_alive(
    weir_msgstream *a, weir_msgstream *b, weir_aio *to, weir_aio *from)
{
	weir_msgstream_ready(a, to);
	weir_msgstream_ready(b, from);
	if (!ended_well(to, "ready") || !ended_well(from, "ready")) {
		return;
	}
	msg_put(to);
	weir_msgstream_send(a, to);
	do {
		weir_msgstream_recv(b, from);
		if (!ended_well(from, "msgstream recv")) {
			weir_msgstream_close(a); /* nobody reads it */
			break;
		}
	} while (!msg_drop(from));
	(void)ended_well(to, "msgstream send");
	(void)msg_drop(to);
}

static void
listener_alive(struct place *p, weir_aio *to, weir_aio *from)
{
	weir_stream_listener_accept(p->listener, from);
	weir_stream_dialer_dial(p->dialer, to);
	if (ended_well(to, "dial")) {
		weir_stream_free(weir_aio_get_output(to, 0));
		(void)ended_well(from, "accept");
	}
	(void)weir_aio_cancel(from); /* nobody could dial */
	if (ended_well(from, "accept")) {
		weir_stream_free(weir_aio_get_output(from, 0));
	}
}

void
place_expect_alive(struct place *p)
{
	weir_aio *to = aio_new();
	weir_aio *from = aio_new();

	switch (p->kind) {
	case PLACE_CHAN:
		chan_alive(p->chan, to, from);
		break;
	case PLACE_UDP:
		udp_alive(p, to, from);
		break;
	case PLACE_STREAMS:
		streams_alive(p->streams[0], p->streams[1], to, from);
		break;
	case PLACE_MESSAGES:
		messages_alive(p->messages[0], p->messages[1], to, from);
		messages_alive(p->messages[1], p->messages[0], to, from);
		break;
	case PLACE_LIAR:
		break;
	case PLACE_LISTENER:
	case PLACE_KINDS:
		listener_alive(p, to, from);
		break;
	}
	weir_aio_free(to);
	weir_aio_free(from);
}
