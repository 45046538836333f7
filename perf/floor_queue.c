/*
 * floor_queue - the two references.
 *
 * Purpose    see floor_queue.h.
 * Shape      Each producer has a ring of `window` slots.  It waits until a
 *            slot is free, marks it busy, and pushes it; the consumer counts
 *            it and frees it.
 * Pairs      F1  consumer: busy = 0 (release) -> producer: busy (acquire)
 *                carries the consumer's reads of the node before its reuse.
 * Bounds     spins of SPINS looks, then sched_yield.
 */
#include "floor_queue.h"

#include "base/mpsc.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define SPINS 64

struct slot {
	struct wri_node node; /* first: a popped node is its slot */
	struct slot *next;    /* in the mutex queue */
	wri_a32 busy;
} WRI_ALIGNED;

struct queue {
	struct wri_mpsc mpsc;
	pthread_mutex_t mtx;
	pthread_cond_t some;

	/* mtx must be held when using these. */
	struct slot *head;
	struct slot *tail;
};

struct producer {
	const struct floor_shape *shape;
	struct queue *queue;
	void (*push)(struct queue *, struct slot *);
	struct slot *slots;
	pthread_t thread;
};

static int64_t
clock_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
spin(unsigned *looks)
{
	if (++*looks % SPINS == 0) {
		(void)sched_yield();
	}
}

static void *
producer_main(void *arg)
{
	struct producer *p = arg;
	unsigned looks = 0;

	for (uint64_t i = 0; i < p->shape->items; i++) {
		struct slot *s = &p->slots[i % p->shape->window];

		while (wri_load(&s->busy, WRI_ACQ) != 0) { /* F1 */
			spin(&looks);
		}
		wri_store(&s->busy, 1, WRI_RLX); /* the push publishes it */
		p->push(p->queue, s);
	}
	return NULL;
}

static void
mpsc_push(struct queue *q, struct slot *s)
{
	wri_mpsc_push(&q->mpsc, &s->node);
}

static void
mpsc_consume(struct queue *q, uint64_t items)
{
	unsigned looks = 0;

	while (items > 0) {
		struct wri_node *n;

		if (wri_mpsc_pop(&q->mpsc, &n) == WRI_POP_GOT) {
			struct slot *s = (struct slot *)(void *)n;

			wri_store(&s->busy, 0, WRI_REL); /* F1 */
			items--;
		} else {
			spin(&looks);
		}
	}
}

static void
mutex_push(struct queue *q, struct slot *s)
{
	struct slot *before;

	s->next = NULL;
	(void)pthread_mutex_lock(&q->mtx);
	before = q->tail;
	if (before == NULL) {
		q->head = s;
	} else {
		before->next = s;
	}
	q->tail = s;
	(void)pthread_mutex_unlock(&q->mtx);
	if (before == NULL) {
		(void)pthread_cond_signal(&q->some);
	}
}

static void
mutex_consume(struct queue *q, uint64_t items)
{
	while (items > 0) {
		struct slot *s;

		(void)pthread_mutex_lock(&q->mtx);
		while (q->head == NULL) {
			(void)pthread_cond_wait(&q->some, &q->mtx);
		}
		s = q->head;
		q->head = s->next;
		if (q->head == NULL) {
			q->tail = NULL;
		}
		(void)pthread_mutex_unlock(&q->mtx);
		wri_store(&s->busy, 0, WRI_REL); /* F1 */
		items--;
	}
}

/* Run producers against this thread as the consumer. */
static int64_t
floor_run(const struct floor_shape *shape,
    void (*push)(struct queue *, struct slot *),
    void (*consume)(struct queue *, uint64_t))
{
	static struct queue queue;
	struct producer p[FLOOR_PRODUCERS_MAX];
	size_t ring = shape->window * sizeof(struct slot);
	unsigned up = 0;
	int64_t begun, took;

	queue = (struct queue){
	    .mtx = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};
	wri_mpsc_init(&queue.mpsc);
	begun = clock_now();
	for (; up < shape->producers; up++) {
		p[up] = (struct producer){shape, &queue, push, NULL, 0};
		p[up].slots = aligned_alloc(_Alignof(struct slot), ring);
		if (p[up].slots == NULL) {
			break;
		}
		for (unsigned i = 0; i < shape->window; i++) {
			wri_store(&p[up].slots[i].busy, 0, WRI_RLX);
		}
		if (pthread_create(
			&p[up].thread, NULL, producer_main, &p[up]) != 0) {
			free(p[up].slots);
			break;
		}
	}
	consume(&queue, up * shape->items);
	took = clock_now() - begun;
	for (unsigned i = 0; i < up; i++) {
		(void)pthread_join(p[i].thread, NULL);
		free(p[i].slots);
	}
	return up == shape->producers ? took : -1;
}

int64_t
floor_mpsc_run(const struct floor_shape *shape)
{
	return floor_run(shape, mpsc_push, mpsc_consume);
}

int64_t
floor_mutex_run(const struct floor_shape *shape)
{
	return floor_run(shape, mutex_push, mutex_consume);
}
