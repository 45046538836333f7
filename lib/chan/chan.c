/*
 * chan - bounded queues of messages, both ends asynchronous.
 *
 * Purpose    see <weir/chan.h>; docs/design/chan.md has what each call does in
 *            which state.
 * Ownership  who pops an operation from a queue under the lock ends it, after
 *            the lock.  A message leaves its sender's handle under the lock,
 *            when the send is sure to end with WEIR_OK.
 * Pairs      C1  chan_rele: refs - 1 (acq_rel) -> the chan_rele that finds 1,
 *                carries all that others did to the channel before it is
 *                freed.  The lock carries the rest.
 * Bounds     capacity, WEIR_CHAN_QUEUE_MAX.
 * Proof      test/chan/, test/contract/cases_chan.c, test/explorer/x_chan.c
 */
#include <weir/chan.h>
#include <weir/provider.h>

#include "base/life.h"
#include "base/mem.h"
#include "base/sync.h"

#include <stddef.h>

/* Operations that close ends at one go. */
#define CHAN_BATCH 32

struct weir_chan {
	wri_a32 refs; /* the program's, and one per started operation */

	/* Fixed after alloc. */
	size_t capacity;

	wri_mtx mtx;
	/* mtx must be held when using these: */
	bool closed;
	weir_aioq senders;   /* wait only while the ring is full */
	weir_aioq receivers; /* wait only while it is empty, and no sender */
	size_t first, len;   /* of the ring */
	weir_msg *ring[];    /* capacity places */
};

static size_t
chan_size(size_t capacity)
{
	return sizeof(weir_chan) + capacity * sizeof(weir_msg *);
}

static void
chan_hold(weir_chan *ch)
{
	/* Relaxed: the caller has a reference. */
	(void)wri_add(&ch->refs, 1, WRI_RLX);
}

static void
chan_rele(void *arg)
{
	weir_chan *ch = arg;

	/* acq_rel: C1. */
	if (wri_sub(&ch->refs, 1, WRI_ACQ_REL) == 1) {
		wri_mtx_fini(&ch->mtx);
		wri_free(ch, chan_size(ch->capacity));
	}
}

/* --- Waiting ----------------------------------------------------------- */

static void
chan_cancel(weir_aio *aio, void *arg, weir_err why)
{
	weir_chan *ch = arg;
	bool mine;

	wri_mtx_lock(&ch->mtx);
	/* If it is in neither, whoever popped it ends it. */
	mine = weir_aioq_remove(&ch->senders, aio) ||
	       weir_aioq_remove(&ch->receivers, aio);
	wri_mtx_unlock(&ch->mtx);
	if (mine) {
		(void)weir_aio_finish(aio, why);
	}
}

static const weir_provider send_provider = {
    .size = sizeof(send_provider),
    .name = "chan send",
    .cancel = chan_cancel,
    .release = chan_rele,
};

static const weir_provider recv_provider = {
    .size = sizeof(recv_provider),
    .name = "chan recv",
    .cancel = chan_cancel,
    .release = chan_rele,
};

/*
 * Queue an operation that cannot be done now.  WEIR_OK: it waits, or weir ends
 * it; let go of it.  Otherwise the caller ends it with the code.
 */
static weir_err
chan_wait_locked(
    weir_chan *ch, weir_aioq *q, weir_aio *aio, const weir_provider *provider)
{
	if (ch->closed) {
		return WEIR_ECLOSED;
	}
	if (q->len >= WEIR_CHAN_QUEUE_MAX) {
		return WEIR_EAGAIN;
	}
	chan_hold(ch); /* release may come before start returns */
	if (weir_aio_start(aio, provider, ch) == WEIR_OK) {
		weir_aioq_push(q, aio);
	} else {
		chan_rele(ch); /* not the last: the program has one */
	}
	return WEIR_OK;
}

/* --- Messages ---------------------------------------------------------- */

static void
ring_put_locked(weir_chan *ch, weir_msg *msg)
{
	ch->ring[(ch->first + ch->len++) % ch->capacity] = msg;
}

static weir_msg *
ring_take_locked(weir_chan *ch)
{
	weir_msg *msg = ch->ring[ch->first];

	ch->first = (ch->first + 1) % ch->capacity;
	ch->len--;
	return msg;
}

/*
 * Take the message out of a send that will end with WEIR_OK.  Before others can
 * get at it: its length is read.
 */
static weir_msg *
msg_from(weir_aio *sender)
{
	weir_msg *msg = weir_aio_get_msg(sender);

	weir_aio_set_count(sender, weir_msg_len(msg));
	(void)weir_aio_set_msg(sender, NULL);
	return msg;
}

/* End a receive with a message. */
static void
finish_recv(weir_aio *receiver, weir_msg *msg)
{
	size_t count = weir_msg_len(msg);

	(void)weir_aio_set_msg(receiver, msg);
	(void)weir_aio_finish_count(receiver, WEIR_OK, count);
}

void
weir_chan_send(weir_chan *ch, weir_aio *aio)
{
	weir_aio *receiver;
	weir_msg *msg = NULL;
	weir_err rv = WEIR_OK;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	if (ch == NULL || weir_aio_get_msg(aio) == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	wri_mtx_lock(&ch->mtx);
	receiver = weir_aioq_pop(&ch->receivers);
	if (receiver != NULL) {
		msg = msg_from(aio);
	} else if (!ch->closed && ch->len < ch->capacity) {
		msg = msg_from(aio);
		ring_put_locked(ch, msg);
	} else {
		rv = chan_wait_locked(ch, &ch->senders, aio, &send_provider);
	}
	wri_mtx_unlock(&ch->mtx);
	/* The message may be gone already: only whether there was one. */
	if (rv != WEIR_OK || msg != NULL) {
		(void)weir_aio_finish(aio, rv);
	}
	if (receiver != NULL) {
		finish_recv(receiver, msg);
	}
}

void
weir_chan_recv(weir_chan *ch, weir_aio *aio)
{
	weir_aio *sender;
	weir_msg *msg = NULL;
	weir_err rv = WEIR_OK;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return;
	}
	(void)weir_aio_set_msg(aio, NULL);
	if (ch == NULL) {
		(void)weir_aio_finish(aio, WEIR_EINVAL);
		return;
	}
	wri_mtx_lock(&ch->mtx);
	if (ch->len > 0) {
		msg = ring_take_locked(ch);
		sender = weir_aioq_pop(&ch->senders);
		if (sender != NULL) { /* there is room now */
			ring_put_locked(ch, msg_from(sender));
		}
	} else {
		sender = weir_aioq_pop(&ch->senders);
		if (sender != NULL) {
			msg = msg_from(sender);
		} else {
			rv = chan_wait_locked(
			    ch, &ch->receivers, aio, &recv_provider);
		}
	}
	wri_mtx_unlock(&ch->mtx);
	if (sender != NULL) {
		(void)weir_aio_finish(sender, WEIR_OK);
	}
	if (msg != NULL) {
		finish_recv(aio, msg);
	} else if (rv != WEIR_OK) {
		(void)weir_aio_finish(aio, rv);
	}
}

/* --- Life -------------------------------------------------------------- */

weir_err
weir_chan_alloc(weir_chan **chp, size_t capacity)
{
	weir_err rv = wri_life_check();
	weir_chan *ch;

	if (rv != WEIR_OK) {
		return rv;
	}
	if (chp == NULL || capacity > WEIR_CHAN_MAX) {
		return WEIR_EINVAL;
	}
	ch = wri_alloc(chan_size(capacity));
	if (ch == NULL) {
		return WEIR_ENOMEM;
	}
	/* Relaxed: nobody knows it yet. */
	wri_store(&ch->refs, 1, WRI_RLX);
	ch->capacity = capacity;
	wri_mtx_init(&ch->mtx);
	*chp = ch;
	return WEIR_OK;
}

/* Up to CHAN_BATCH of those who wait. */
static size_t
chan_pop_waiters(weir_chan *ch, weir_aio **aios)
{
	size_t n = 0;

	wri_mtx_lock(&ch->mtx);
	ch->closed = true; /* from now on nobody comes to wait */
	while (n < CHAN_BATCH) {
		aios[n] = weir_aioq_pop(&ch->senders);
		if (aios[n] == NULL) {
			aios[n] = weir_aioq_pop(&ch->receivers);
		}
		if (aios[n] == NULL) {
			break;
		}
		n++;
	}
	wri_mtx_unlock(&ch->mtx);
	return n;
}

void
weir_chan_close(weir_chan *ch)
{
	weir_aio *aios[CHAN_BATCH];
	size_t n;

	if (ch == NULL || wri_life_forked()) {
		return;
	}
	chan_hold(ch); /* a callback may free it */
	do {
		n = chan_pop_waiters(ch, aios);
		(void)weir_aio_finish_batch(aios, n, WEIR_ECLOSED);
	} while (n == CHAN_BATCH);
	chan_rele(ch);
}

void
weir_chan_free(weir_chan *ch)
{
	/* In a forked child the lock and the ring are as some thread of the
	 * parent left them: the memory stays. */
	if (ch == NULL || wri_life_forked()) {
		return;
	}
	weir_chan_close(ch);
	/* No lock: hooks may still come, but look at the queues only. */
	while (ch->len > 0) {
		weir_msg_free(ring_take_locked(ch));
	}
	chan_rele(ch);
}

size_t
weir_chan_len(weir_chan *ch)
{
	size_t len;

	if (ch == NULL || wri_life_forked()) {
		return 0;
	}
	wri_mtx_lock(&ch->mtx);
	len = ch->len;
	wri_mtx_unlock(&ch->mtx);
	return len;
}

size_t
weir_chan_capacity(const weir_chan *ch)
{
	return ch == NULL ? 0 : ch->capacity;
}
