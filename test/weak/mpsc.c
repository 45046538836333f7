/*
 * mpsc - the queue of lib/base/mpsc.h with the parking of its consumer, alone.
 *
 * Purpose    the same orders as the library's, in C11, for tools that read a
 *            small program: ThreadSanitizer here, GenMC elsewhere.  Sleeping is
 *            a flag, not a futex.  docs/design/weak-memory.md has the argument
 *            for each order, orders.txt those of the library.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#ifndef ROUNDS
#define ROUNDS 2000
#endif
#define PRODUCERS 2

/* A bug that ThreadSanitizer must find. */
#ifdef PLANT_RELAXED
#define LINK memory_order_relaxed
#else
#define LINK memory_order_release
#endif

struct node {
	struct node *_Atomic next;
	int payload; /* plain: Q1 carries it */
};

static struct node *_Atomic head, *_Atomic tail;
static struct node stub, nodes[PRODUCERS];
static atomic_int parked, woken;

static void
push(struct node *n)
{
	struct node *prev;

	atomic_store_explicit(&n->next, NULL, memory_order_relaxed);
	prev = atomic_exchange_explicit(&head, n, memory_order_seq_cst);
	atomic_store_explicit(&prev->next, n, LINK);
}

static int
empty(void)
{
	return atomic_load_explicit(&head, memory_order_seq_cst) == &stub &&
	       atomic_load_explicit(&tail, memory_order_seq_cst) == &stub;
}

static struct node *
pop(void)
{
	struct node *t = atomic_load_explicit(&tail, memory_order_relaxed);
	struct node *next =
	    atomic_load_explicit(&t->next, memory_order_acquire);

	if (t == &stub) {
		if (next == NULL) {
			return NULL;
		}
		t = next;
		atomic_store_explicit(&tail, t, memory_order_relaxed);
		next = atomic_load_explicit(&t->next, memory_order_acquire);
	}
	if (next == NULL) {
		if (atomic_load_explicit(&head, memory_order_relaxed) != t) {
			return NULL;
		}
		push(&stub);
		next = atomic_load_explicit(&t->next, memory_order_acquire);
		if (next == NULL) {
			return NULL;
		}
	}
	atomic_store_explicit(&tail, next, memory_order_relaxed);
	return t;
}

static void *
producer(void *arg)
{
	struct node *n = arg;

	n->payload = 7;
	push(n);
	if (atomic_load_explicit(&parked, memory_order_seq_cst) != 0) {
		atomic_store_explicit(&woken, 1, memory_order_release);
	}
	return NULL;
}

/* Takes all; or parks with nothing there, and then somebody wakes it. */
static void *
consumer(void *arg)
{
	int *slept = arg;

	for (int got = 0; got < PRODUCERS;) {
		struct node *n = pop();

		if (n != NULL) {
			assert(n->payload == 7);
			n->payload = 0;
			got++;
			continue;
		}
		atomic_store_explicit(&parked, 1, memory_order_seq_cst);
		if (empty()) {
			*slept = got + 1;
			return NULL; /* asleep */
		}
		atomic_store_explicit(&parked, 0, memory_order_seq_cst);
	}
	return NULL;
}

int
main(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		pthread_t p[PRODUCERS], c;
		int slept = 0;

		atomic_init(&stub.next, NULL);
		atomic_init(&head, &stub);
		atomic_init(&tail, &stub);
		atomic_init(&parked, 0);
		atomic_init(&woken, 0);
		for (int i = 0; i < PRODUCERS; i++) {
			pthread_create(&p[i], NULL, producer, &nodes[i]);
		}
		pthread_create(&c, NULL, consumer, &slept);
		for (int i = 0; i < PRODUCERS; i++) {
			pthread_join(p[i], NULL);
		}
		pthread_join(c, NULL);
		/* Asleep, and nodes are left: somebody has woken it. */
		assert(!slept || atomic_load(&woken) == 1);
	}
	return 0;
}
