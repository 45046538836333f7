/*
 * aioq - queues of operations that wait, linked through their handles.
 *
 * Purpose    what nearly every provider needs; no allocation.
 * Ownership  the queue's owner locks; an operation is in at most one queue.
 * Progress   every call is O(1).
 * Proof      test/aio/test_aioq.c
 */
#include "aio/aio_impl.h"

void
weir_aioq_push(weir_aioq *q, weir_aio *aio)
{
	aio->next = NULL;
	aio->prev = q->tail;
	aio->queue = q;
	if (q->tail == NULL) {
		q->head = aio;
	} else {
		q->tail->next = aio;
	}
	q->tail = aio;
	q->len++;
}

bool
weir_aioq_remove(weir_aioq *q, weir_aio *aio)
{
	if (aio->queue != q) {
		return false;
	}
	if (aio->prev == NULL) {
		q->head = aio->next;
	} else {
		aio->prev->next = aio->next;
	}
	if (aio->next == NULL) {
		q->tail = aio->prev;
	} else {
		aio->next->prev = aio->prev;
	}
	aio->queue = NULL;
	q->len--;
	return true;
}

weir_aio *
weir_aioq_pop(weir_aioq *q)
{
	weir_aio *aio = q->head;

	return aio != NULL && weir_aioq_remove(q, aio) ? aio : NULL;
}

weir_aio *
weir_aioq_first(const weir_aioq *q)
{
	return q->head;
}
