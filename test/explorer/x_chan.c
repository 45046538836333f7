/*
 * x_chan - channels and shared messages: no message lost, doubled or changed.
 *
 * Purpose    senders and receivers against cancel, timeout, stop, close and
 *            free, at every step; above all the window between start and the
 *            queue, and who ends an operation that was popped.
 */
#include "x_aio_rig.h"

#include <weir/chan.h>

#include <string.h>

#define D WEIR_US(200)
#define ENDS 4

/* One operation on a handle without a callback. */
struct end {
	weir_aio *aio;
	uint32_t number; /* a sender's message */
	bool sends;
	weir_cancel met;
};

static weir_chan *ch;
static struct end ends[ENDS];
static unsigned sent, got; /* bits, by number */

static weir_msg *
token(uint32_t number)
{
	weir_msg *msg;

	X_ASSERT(weir_msg_alloc(&msg, 0) == WEIR_OK);
	X_ASSERT(weir_msg_append_u32(msg, number) == WEIR_OK);
	return msg;
}

static uint32_t
spend(weir_msg *msg)
{
	uint32_t number;

	X_ASSERT(weir_msg_chop_u32(msg, &number) == WEIR_OK);
	weir_msg_free(msg);
	return number;
}

static void
up(size_t capacity, unsigned senders, unsigned receivers)
{
	rig_up(2, 2);
	sent = got = 0;
	memset(ends, 0, sizeof(ends));
	X_ASSERT(weir_chan_alloc(&ch, capacity) == WEIR_OK);
	for (unsigned i = 0; i < senders + receivers; i++) {
		X_ASSERT(weir_aio_alloc(&ends[i].aio, NULL, NULL) == WEIR_OK);
		ends[i].sends = i < senders;
		ends[i].number = i;
	}
}

static void
submit(struct end *e)
{
	if (e->sends) {
		X_ASSERT(weir_aio_set_msg(e->aio, token(e->number)) == WEIR_OK);
		weir_chan_send(ch, e->aio);
	} else {
		weir_chan_recv(ch, e->aio);
	}
}

/* The operation has ended: whose is the message? */
static void
judge(struct end *e)
{
	weir_msg *msg = weir_aio_get_msg(e->aio);
	weir_err rv = weir_aio_result(e->aio);

	X_ASSERT(weir_aio_count(e->aio) == (rv == WEIR_OK ? 4 : 0));
	if (e->sends) {
		X_ASSERT((msg == NULL) == (rv == WEIR_OK));
		if (rv == WEIR_OK) {
			sent |= 1u << e->number;
			X_REACH("sent");
		} else {
			X_ASSERT(spend(msg) == e->number);
		}
	} else {
		X_ASSERT((msg == NULL) == (rv != WEIR_OK));
		if (rv == WEIR_OK) {
			uint32_t number = spend(msg);

			X_ASSERT((got & 1u << number) == 0);
			got |= 1u << number;
		}
	}
	if (rv == WEIR_ECLOSED) {
		X_REACH("closed");
	} else if (rv == WEIR_ECANCELED) {
		X_REACH("cancelled");
	} else if (rv == WEIR_ETIMEDOUT) {
		X_REACH("timed-out");
	} else {
		X_ASSERT(rv == WEIR_OK);
	}
	X_ASSERT(weir_aio_set_msg(e->aio, NULL) == WEIR_OK);
}

static void
run(void *arg)
{
	struct end *e = arg;

	submit(e);
	X_ASSERT(weir_aio_wait(e->aio) == WEIR_OK);
	judge(e);
}

static void
cancel(void *arg)
{
	struct end *e = arg;

	e->met = weir_aio_cancel(e->aio);
}

/* What is left in the channel; then everything must have been received. */
static void
settle(void)
{
	struct end last = {.aio = NULL};

	X_ASSERT(weir_aio_alloc(&last.aio, NULL, NULL) == WEIR_OK);
	while (weir_chan_len(ch) > 0) {
		weir_chan_recv(ch, last.aio);
		X_ASSERT(weir_aio_wait(last.aio) == WEIR_OK);
		judge(&last);
	}
	X_ASSERT(sent == got);
	weir_aio_free(last.aio);
	weir_chan_free(ch);
}

static void
down(void)
{
	for (int i = 0; i < ENDS; i++) {
		weir_aio_free(ends[i].aio);
	}
	rig_down();
}

/* An abort at any step of the submission ends what waits: none is lost. */
static void
window(void)
{
	int id;

	up(0, x_rand(2), 1);
	id = x_spawn("cancel", cancel, &ends[0]);
	submit(&ends[0]);
	x_join(id);
	if (ends[0].met == WEIR_CANCEL_IDLE) {
		/* It came before. */
		X_ASSERT(weir_aio_cancel(ends[0].aio) == WEIR_CANCEL_REQUESTED);
	} else {
		X_ASSERT(ends[0].met == WEIR_CANCEL_REQUESTED);
		X_REACH("in-submit");
	}
	X_ASSERT(weir_aio_wait(ends[0].aio) == WEIR_OK);
	X_ASSERT(weir_aio_result(ends[0].aio) == WEIR_ECANCELED);
	judge(&ends[0]);
	settle();
	down();
}

/* Two senders and a receiver, one of them cancelled, one with a timeout. */
static void
cancelled(void)
{
	int ids[4];

	up(x_rand(2), 2, 1);
	X_ASSERT(weir_aio_set_timeout(ends[x_rand(2)].aio, D) == WEIR_OK);
	for (int i = 0; i < 3; i++) {
		ids[i] = x_spawn("end", run, &ends[i]);
	}
	ids[3] = x_spawn("cancel", cancel, &ends[x_rand(3)]);
	x_join(ids[3]);
	if (x_rand(2) == 0) {
		x_sleep_until(x_time() + D);
	}
	weir_chan_close(ch);
	for (int i = 0; i < 3; i++) {
		x_join(ids[i]);
	}
	settle();
	down();
}

/* Close in the middle: what was accepted is received. */
static void
closed(void)
{
	int ids[4];

	up(x_rand(3), 2, 2);
	for (int i = 0; i < 4; i++) {
		ids[i] = x_spawn("end", run, &ends[i]);
	}
	weir_chan_close(ch);
	for (int i = 0; i < 4; i++) {
		x_join(ids[i]);
	}
	settle();
	down();
}

/* First in, first out: of messages, and of those who wait. */
static void
in_order(void)
{
	const size_t capacity = x_rand(3);
	const bool senders_first = x_rand(2) == 0;
	int id;

	up(capacity, 2, 2);
	for (int i = 0; i < 2; i++) {
		submit(&ends[senders_first ? i : 2 + i]);
	}
	/* The other side, on two fibers: the lock decides who is first. */
	id = x_spawn("end", run, &ends[senders_first ? 2 : 0]);
	if (senders_first) {
		run(&ends[3]);
	} else {
		run(&ends[1]);
	}
	x_join(id);
	for (int i = 0; i < 2; i++) {
		struct end *e = &ends[senders_first ? i : 2 + i];

		X_ASSERT(weir_aio_wait(e->aio) == WEIR_OK);
		X_ASSERT(weir_aio_result(e->aio) == WEIR_OK);
		judge(e);
	}
	X_ASSERT(sent == 3 && got == 3 && weir_chan_len(ch) == 0);
	settle();
	down();
}

/* Free with operations pending, against cancel: hooks find the channel. */
static void
freed(void)
{
	const unsigned senders = x_rand(2) * 2;
	int ids[2];

	up(0, senders, 2 - senders);
	for (int i = 0; i < 2; i++) {
		submit(&ends[i]);
	}
	for (int i = 0; i < 2; i++) {
		ids[i] = x_spawn("cancel", cancel, &ends[i]);
	}
	weir_chan_free(ch);
	for (int i = 0; i < 2; i++) {
		x_join(ids[i]);
		X_ASSERT(weir_aio_wait(ends[i].aio) == WEIR_OK);
		judge(&ends[i]);
	}
	X_ASSERT(sent == 0 && got == 0);
	down();
}

/* ---- messages that share ------------------------------------------------ */

static weir_msg *shares[3];

/* Look, write, look, free. */
static void
sharer(void *arg)
{
	const unsigned me = (unsigned)(uintptr_t)arg;
	weir_msg *msg = shares[me];
	const unsigned char *data = weir_msg_data(msg);
	unsigned char *body;

	X_ASSERT(data[0] == 0);
	x_point();
	X_ASSERT(data[0] == 0);
	body = weir_msg_body(msg);
	X_ASSERT(body != NULL && body[0] == 0);
	if (body == data) {
		X_REACH("in-place");
	}
	body[0] = (unsigned char)(me + 1);
	x_point();
	X_ASSERT(body[0] == me + 1 && weir_msg_data(msg) == body);
	weir_msg_free(msg);
}

/* Whoever is last writes in place, and nobody sees a write. */
static void
shared(void)
{
	int ids[3];

	X_ASSERT(weir_msg_alloc(&shares[0], 8) == WEIR_OK);
	X_ASSERT(weir_msg_share(&shares[1], shares[0]) == WEIR_OK);
	X_ASSERT(weir_msg_share(&shares[2], shares[1]) == WEIR_OK);
	for (uintptr_t i = 0; i < 3; i++) {
		ids[i] = x_spawn("share", sharer, (void *)i);
	}
	for (int i = 0; i < 3; i++) {
		x_join(ids[i]);
	}
}

const struct x_test x_tests[] = {
    {"window", window, "C1 K1, channel", X_NOTIME, 0, "in-submit", NULL},
    {"cancelled", cancelled, "C1 K2, channel", 0, 0,
	"sent closed cancelled timed-out", NULL},
    {"closed", closed, "C1, channel", X_NOTIME, 0, "sent closed", NULL},
    {"in_order", in_order, "C1, channel", X_NOTIME, 0, "sent", NULL},
    {"freed", freed, "K1, channel", X_NOTIME, 0, "closed cancelled", NULL},
    {"shared", shared, "messages", X_NOTIME, 0, "in-place", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
