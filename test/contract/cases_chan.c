/*
 * cases_chan - channels: a receive that waits for a message, a send that waits
 * for room or for a receiver.
 *
 * Ownership  the contract knows nothing of messages: those of sends that did
 *            not end with WEIR_OK stay in their handles.  So all messages are
 *            listed here, by a number in their header, and what is left is
 *            freed at the end.
 */
#include "contract/cases.h"

#include <weir/chan.h>

#include <check.h>
#include <pthread.h>

#define MADE_MAX 65536

static pthread_mutex_t made_mtx = PTHREAD_MUTEX_INITIALIZER;
/* made_mtx must be held when using these: */
static weir_msg *made[MADE_MAX];
static uint32_t made_next;

static weir_chan *chan;      /* where operations stay pending */
static weir_chan *chan_easy; /* where they do not */

/* A message of one byte; NULL: too many, which fails the test. */
static weir_msg *
msg_make(void)
{
	weir_msg *msg = NULL;

	pthread_mutex_lock(&made_mtx);
	for (uint32_t i = 0; i < MADE_MAX && msg == NULL; i++) {
		const uint32_t at = made_next++ % MADE_MAX;

		if (made[at] == NULL && weir_msg_alloc(&msg, 1) == WEIR_OK) {
			(void)weir_msg_header_append_u32(msg, at);
			made[at] = msg;
		}
	}
	pthread_mutex_unlock(&made_mtx);
	return msg;
}

static void
msg_spend(weir_msg *msg)
{
	uint32_t at;

	if (weir_msg_header_trim_u32(msg, &at) == WEIR_OK) {
		pthread_mutex_lock(&made_mtx);
		made[at] = NULL;
		pthread_mutex_unlock(&made_mtx);
	}
	weir_msg_free(msg);
}

/* An operation that does not wait, on a handle of its own; any thread.  False:
 * there is no handle, weir_fini was here. */
static bool
at_once(weir_chan *ch, void (*op)(weir_chan *, weir_aio *), weir_msg *msg)
{
	bool ended;
	weir_aio *aio;

	if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
		msg_spend(msg);
		return false;
	}
	(void)weir_aio_set_timeout(aio, 0);
	(void)weir_aio_set_msg(aio, msg);
	weir_aio_skip_callback(aio, &ended);
	op(ch, aio);
	/* What was received, or could not be sent. */
	msg_spend(weir_aio_get_msg(aio));
	weir_aio_free(aio);
	return true;
}

static void
chan_setup(size_t capacity)
{
	ck_assert_int_eq(weir_chan_alloc(&chan, capacity), WEIR_OK);
	ck_assert_int_eq(weir_chan_alloc(&chan_easy, 4096), WEIR_OK);
}

static void
drain(weir_chan *ch)
{
	while (weir_chan_len(ch) > 0) {
		ck_assert_msg(at_once(ch, weir_chan_recv, NULL),
		    "messages are left, and weir is down");
	}
}

void
chan_teardown(void)
{
	drain(chan);
	drain(chan_easy);
	weir_chan_free(chan);
	weir_chan_free(chan_easy);
	for (int i = 0; i < MADE_MAX; i++) {
		weir_msg_free(made[i]);
		made[i] = NULL;
	}
}

/* --- Receive ----------------------------------------------------------- */

void
chan_recv_setup(void)
{
	chan_setup(4);
}

void
chan_recv_submit(weir_aio *aio)
{
	weir_chan_recv(chan, aio);
}

void
chan_recv_end(void)
{
	(void)at_once(chan, weir_chan_send, msg_make());
}

void
chan_recv_soon(weir_aio *aio)
{
	(void)at_once(chan_easy, weir_chan_send, msg_make());
	weir_chan_recv(chan_easy, aio);
}

void
chan_recv_collect(weir_aio *aio)
{
	weir_msg *msg = weir_aio_get_msg(aio);

	(void)weir_aio_set_msg(aio, NULL);
	msg_spend(msg);
}

/* --- Send -------------------------------------------------------------- */

void
chan_send_setup(void)
{
	chan_setup(2);
	for (int i = 0; i < 2; i++) {
		(void)at_once(chan, weir_chan_send, msg_make());
	}
}

void
chan_meet_setup(void)
{
	chan_setup(0);
}

/* What the handle has still, or a new one. */
static void
arm(weir_aio *aio)
{
	if (weir_aio_get_msg(aio) == NULL) {
		(void)weir_aio_set_msg(aio, msg_make());
	}
}

void
chan_send_submit(weir_aio *aio)
{
	arm(aio);
	/* An end that came when nobody waited has made room. */
	for (int i = 0; i < 2; i++) {
		if (weir_chan_len(chan) < weir_chan_capacity(chan)) {
			(void)at_once(chan, weir_chan_send, msg_make());
		}
	}
	weir_chan_send(chan, aio);
}

void
chan_send_end(void)
{
	(void)at_once(chan, weir_chan_recv, NULL);
}

void
chan_send_soon(weir_aio *aio)
{
	arm(aio);
	if (weir_chan_len(chan_easy) > 0) {
		(void)at_once(chan_easy, weir_chan_recv, NULL);
	}
	weir_chan_send(chan_easy, aio);
}
