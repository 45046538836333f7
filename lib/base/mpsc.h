/*
 * mpsc - intrusive many-producer queue whose consumer side is held by a baton.
 *
 * Purpose    the only road between kernel threads.
 * Ownership  push lends the node to the queue, pop gives it back: once popped,
 *            no producer writes it any more, and it may be freed at once.
 * Progress   push is wait-free: one exchange, one store.  pop never waits: it
 *            says BUSY when another consumer has the baton or a producer is
 *            between its two steps; the caller yields, then naps.
 * Pairs      Q1  push: prev->next (release) -> pop: next (acquire)
 *                carries the producer's writes to the consumer.
 *            Q2  push: head exchange (seq_cst), then the pusher's look at who
 *                sleeps <-> a sleeper's announcement (seq_cst), then
 *                wri_mpsc_empty: head (seq_cst).  Forbids "pushed, and nobody
 *                awake".  taskq/wake.c has the other half.
 *            Q3  baton: exchange (acquire) <-> store (release) carries tail
 *                from consumer to consumer.
 * Bounds     none of its own; a node is in at most one queue.
 * Proof      test/base/test_mpsc.c, test/explorer/x_mpsc.c
 */
#ifndef BASE_MPSC_H
#define BASE_MPSC_H

#include "base/attr.h"
#include "base/sync.h"

#include <stddef.h>

struct wri_node {
	wri_aptr next;
};

struct wri_mpsc {
	/* Any thread. */
	wri_aptr head WRI_ALIGNED; /* the node pushed last */

	/* Whoever holds the baton; tail is atomic for the hint's sake. */
	wri_a32 baton WRI_ALIGNED; /* 1: held */
	wri_aptr tail;             /* the node to pop next, or the stub */

	struct wri_node stub WRI_ALIGNED;
};

enum wri_pop {
	WRI_POP_EMPTY, /* nothing there, as far as the consumer's side shows */
	WRI_POP_GOT,
	WRI_POP_BUSY, /* something there, cannot be taken right now */
};

static inline void
wri_mpsc_init(struct wri_mpsc *q)
{
	/* Relaxed: nobody else knows the queue yet. */
	wri_store(&q->stub.next, NULL, WRI_RLX);
	wri_store(&q->head, &q->stub, WRI_RLX);
	wri_store(&q->tail, &q->stub, WRI_RLX);
	wri_store(&q->baton, 0, WRI_RLX);
}

static inline void
wri_mpsc_push(struct wri_mpsc *q, struct wri_node *n)
{
	struct wri_node *prev;

	wri_store(&n->next, NULL, WRI_RLX);   /* ours until the exchange */
	prev = wri_xchg(&q->head, n, WRI_SC); /* Q2 */
	wri_store(&prev->next, n, WRI_REL);   /* Q1 */
}

/*
 * Is there anything to pop?  A hint from the consumer's side alone: it leaves
 * the producers' line where it is, and may miss a push.  Never park on it.
 */
static inline bool
wri_mpsc_hint(struct wri_mpsc *q)
{
	/* Relaxed: a wrong answer costs one look. */
	return wri_load(&q->tail, WRI_RLX) != &q->stub ||
	       wri_load(&q->stub.next, WRI_RLX) != NULL;
}

/*
 * Is it empty?  Right for every push that is ordered before the call.  head
 * first: head == stub alone can be true with nodes before the stub.
 */
static inline bool
wri_mpsc_empty(struct wri_mpsc *q)
{
	return wri_load(&q->head, WRI_SC) == &q->stub &&
	       wri_load(&q->tail, WRI_SC) == &q->stub;
}

/* The pop proper; the caller holds the baton. */
static inline enum wri_pop
wri_mpsc_pop_locked(struct wri_mpsc *q, struct wri_node **np)
{
	/* Relaxed: the baton (Q3) carries tail. */
	struct wri_node *tail = wri_load(&q->tail, WRI_RLX);
	struct wri_node *next = wri_load(&tail->next, WRI_ACQ); /* Q1 */

	if (tail == &q->stub) {
		if (next == NULL) {
			/* Relaxed: a guess; BUSY only makes us look again. */
			return wri_load(&q->head, WRI_RLX) == &q->stub
				   ? WRI_POP_EMPTY
				   : WRI_POP_BUSY;
		}
		tail = next;
		wri_store(&q->tail, tail, WRI_RLX);
		next = wri_load(&tail->next, WRI_ACQ); /* Q1 */
	}
	if (next == NULL) {
		/* The last one: put the stub behind it, so that it has a
		 * successor and no producer will write it. */
		if (wri_load(&q->head, WRI_RLX) != tail) {
			return WRI_POP_BUSY; /* a producer is half way */
		}
		wri_mpsc_push(q, &q->stub);
		next = wri_load(&tail->next, WRI_ACQ); /* Q1 */
		if (next == NULL) {
			return WRI_POP_BUSY; /* one came in before the stub */
		}
	}
	wri_store(&q->tail, next, WRI_RLX);
	*np = tail;
	return WRI_POP_GOT;
}

/* Take the first node.  Any thread. */
static inline enum wri_pop
wri_mpsc_pop(struct wri_mpsc *q, struct wri_node **np)
{
	enum wri_pop got;

	/* Relaxed: saves the exchange when somebody is there already. */
	if (wri_load(&q->baton, WRI_RLX) != 0 ||
	    wri_xchg(&q->baton, 1, WRI_ACQ) != 0) { /* Q3 */
		return WRI_POP_BUSY;
	}
	got = wri_mpsc_pop_locked(q, np);
	wri_store(&q->baton, 0, WRI_REL); /* Q3 */
	return got;
}

#endif
