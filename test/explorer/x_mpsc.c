/*
 * x_mpsc - the queue of base/mpsc.h, with a toy of the parking around it.
 *
 * Purpose    Q1 no lost wake-up, Q2 each node once and FIFO per producer, Q3 a
 *            producer stopped half way delays only what is behind it.
 * Rules      the words of .reach are the interleavings that matter: a run in
 *            which one of them never came up fails.
 *
 * Planted bugs, one per build; each must be found:
 *   PLANT_NO_SECOND_LOOK  parks without looking again after the announcement
 *   PLANT_FLAG_FIRST      the producer reads the flag before it pushes
 *   PLANT_PARKED_RELEASE  the announcement is a release store (--sb only)
 *   PLANT_EMPTY_HEAD      empty looks at head only
 *   PLANT_LINK_FIRST      the link is written before the exchange is known
 *   PLANT_NO_BATON        pop without the baton
 */
#include "base/mem.h"
#include "base/mpsc.h"

#include "explorer/explorer.h"

#define PRODUCERS_MAX 3

struct item {
	struct wri_node node; /* first: the node is the item */
	unsigned producer, number;
	unsigned taken;
};

static struct wri_mpsc q;
static wri_a32 parked;               /* 1: the consumer sleeps or is about to */
static unsigned last[PRODUCERS_MAX]; /* number taken last, per producer */
static unsigned pushed[PRODUCERS_MAX];
static unsigned each; /* items per producer */
static unsigned taken;

/* ---- the subject, with its bugs ---------------------------------------- */

static bool
is_empty(void)
{
#ifdef PLANT_EMPTY_HEAD
	return wri_load(&q.head, WRI_SC) == &q.stub;
#else
	return wri_mpsc_empty(&q);
#endif
}

static void
push(struct wri_node *n)
{
#ifdef PLANT_LINK_FIRST
	struct wri_node *prev = wri_load(&q.head, WRI_SC);

	wri_store(&n->next, NULL, WRI_RLX);
	wri_store(&prev->next, n, WRI_REL);
	(void)wri_xchg(&q.head, n, WRI_SC);
#else
	wri_mpsc_push(&q, n);
#endif
}

static enum wri_pop
pop(struct wri_node **np)
{
#ifdef PLANT_NO_BATON
	return wri_mpsc_pop_locked(&q, np);
#else
	return wri_mpsc_pop(&q, np);
#endif
}

static void
push_and_wake(struct wri_node *n)
{
#ifdef PLANT_FLAG_FIRST
	bool sleeps = wri_load(&parked, WRI_SC) != 0;

	push(n);
#else
	bool sleeps;

	push(n);
	sleeps = wri_load(&parked, WRI_SC) != 0;
#endif
	if (sleeps && wri_xchg(&parked, 0, WRI_SC) == 1) {
		wri_futex_wake(&parked, 1);
	}
}

static void
park(void)
{
#ifdef PLANT_PARKED_RELEASE
	wri_store(&parked, 1, WRI_REL);
#else
	wri_store(&parked, 1, WRI_SC);
#endif
#ifndef PLANT_NO_SECOND_LOOK
	if (!is_empty()) {
		X_REACH("second-look");
		wri_store(&parked, 0, WRI_SC);
		return;
	}
#endif
	while (wri_load(&parked, WRI_ACQ) == 1) {
		(void)wri_futex_wait(&parked, 1, WEIR_NEVER);
	}
}

/* ---- what the tests share ---------------------------------------------- */

static void
reset(unsigned items_each)
{
	wri_mpsc_init(&q);
	parked.v = 0;
	each = items_each;
	taken = 0;
	for (unsigned i = 0; i < PRODUCERS_MAX; i++) {
		last[i] = pushed[i] = 0;
	}
	x_name(&q.head, sizeof q.head, "head");
	x_name(&q.tail, sizeof q.tail, "tail");
	x_name(&q.baton, sizeof q.baton, "baton");
	x_name(&q.stub, sizeof q.stub, "stub");
	x_name(&parked, sizeof parked, "parked");
}

static struct wri_node *
new_item(unsigned producer)
{
	struct item *it = wri_alloc(sizeof *it);

	it->producer = producer;
	it->number = ++pushed[producer];
	return &it->node;
}

static void
produce(void *arg)
{
	for (unsigned i = 0; i < each; i++) {
		push_and_wake(new_item((unsigned)(uintptr_t)arg));
	}
}

/* Payload there, first time, in order; then the memory goes at once. */
static void
take(struct wri_node *n)
{
	struct item *it = (struct item *)(void *)n;

	X_ASSERT(n != &q.stub);
	X_ASSERT(it->producer < PRODUCERS_MAX && it->number > 0);
	X_ASSERT(it->taken++ == 0);
	X_ASSERT(it->number == last[it->producer] + 1);
	last[it->producer] = it->number;
	taken++;
	wri_free(it, sizeof *it);
}

/*
 * Which of the reasons for BUSY was it?  A look without steps; the baton comes
 * last, because our own release of it may still be in the store buffer.
 */
X_LOOKS static void
name_busy(void)
{
	const struct wri_node *tail = q.tail.v;

	if (q.head.v == &q.stub && tail != &q.stub) {
		X_REACH("stub-last"); /* nodes before the stub */
	} else if (tail->next.v == NULL && q.head.v != tail) {
		X_REACH("half-push");
	} else if (q.baton.v != 0) {
		X_REACH("baton-taken");
	}
}

static void
spawn_producers(int *ids, unsigned n)
{
	static const char *const names[] = {"p0", "p1", "p2"};

	for (unsigned i = 0; i < n; i++) {
		ids[i] = x_spawn(names[i], produce, (void *)(uintptr_t)i);
	}
}

static void
join_all(const int *ids, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		x_join(ids[i]);
	}
}

/* ---- one consumer, which parks ----------------------------------------- */

/* Looks with empty before it pops, so that a wrong "empty" is deadly. */
static void
consume_all(unsigned n)
{
	while (taken < n) {
		struct wri_node *node;

		if (is_empty()) {
			park();
			continue;
		}
		switch (pop(&node)) {
		case WRI_POP_GOT:
			take(node);
			break;
		case WRI_POP_BUSY:
			name_busy();
			wri_yield();
			break;
		case WRI_POP_EMPTY:
			break;
		}
	}
	X_ASSERT(is_empty());
}

static void
park_1(void)
{
	int ids[1];

	reset(2);
	spawn_producers(ids, 1);
	consume_all(2);
	join_all(ids, 1);
}

static void
park_2(void)
{
	int ids[2];

	reset(2);
	spawn_producers(ids, 2);
	consume_all(4);
	join_all(ids, 2);
}

static void
park_3(void)
{
	int ids[3];

	reset(1);
	spawn_producers(ids, 3);
	consume_all(3);
	join_all(ids, 3);
}

/* ---- two consumers: owner and thief ------------------------------------ */

/*
 * Between the pop and the look at the item the other consumer may run: what
 * must hold is that each consumer sees a producer's numbers in rising order.
 */
static void
steal(struct wri_node *n, unsigned *seen)
{
	struct item *it = (struct item *)(void *)n;

	X_ASSERT(it->producer < PRODUCERS_MAX && it->number > 0);
	X_ASSERT(it->taken++ == 0);
	X_ASSERT(it->number > seen[it->producer]);
	seen[it->producer] = it->number;
	taken++;
	wri_free(it, sizeof *it);
}

/* Polls: what parks is tested above. */
static void
poll(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;
	unsigned seen[PRODUCERS_MAX] = {0};

	while (taken < n) {
		struct wri_node *node = NULL;

		if (!wri_mpsc_hint(&q)) {
			wri_yield();
		}
		switch (pop(&node)) {
		case WRI_POP_GOT:
			steal(node, seen);
			break;
		case WRI_POP_BUSY:
			name_busy();
			wri_yield();
			break;
		case WRI_POP_EMPTY:
			X_REACH("poll-empty");
			wri_yield();
			break;
		}
	}
}

static void
run_thief(unsigned producers, unsigned items_each)
{
	void *n = (void *)(uintptr_t)(producers * items_each);
	int ids[3];

	reset(items_each);
	spawn_producers(ids, producers);
	ids[producers] = x_spawn("thief", poll, n);
	poll(n);
	join_all(ids, producers + 1);
	X_ASSERT(is_empty() && taken == producers * items_each);
}

static void
thief_1(void)
{
	run_thief(1, 3);
}

static void
thief_2(void)
{
	run_thief(2, 1);
}

/* ---- a callback that pushes to the queue it was popped from ------------- */

static void
repush(void)
{
	unsigned again = 2;
	int ids[1];

	reset(2);
	spawn_producers(ids, 1);
	while (taken < 4) {
		struct wri_node *node;

		if (is_empty()) {
			park();
		} else if (pop(&node) == WRI_POP_GOT) {
			take(node);
			if (again > 0) {
				again--;
				push(new_item(1));
			}
		} else {
			name_busy();
			wri_yield();
		}
	}
	join_all(ids, 1);
	X_ASSERT(is_empty());
}

/* ---- empty is never wrong ---------------------------------------------- */

/*
 * returned is counted when a push has returned: what it says before the look
 * must be in the queue, or taken, or (at most one) be taken just now.
 */
static unsigned returned, popping;

static void
produce_counted(void *arg)
{
	for (unsigned i = 0; i < each; i++) {
		push(new_item((unsigned)(uintptr_t)arg));
		returned++;
	}
}

static void
watch_empty(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < 4 && taken < n; i++) {
		unsigned before = returned;

		if (is_empty()) {
			X_ASSERT(taken + popping >= before);
			X_REACH("empty");
		} else {
			X_REACH("not-empty");
		}
	}
}

static void
empty_2(void)
{
	int ids[3];

	reset(2);
	returned = popping = 0;
	ids[0] = x_spawn("p0", produce_counted, (void *)(uintptr_t)0);
	ids[1] = x_spawn("p1", produce_counted, (void *)(uintptr_t)1);
	ids[2] = x_spawn("watcher", watch_empty, (void *)(uintptr_t)4);
	while (taken < 4) {
		struct wri_node *node;

		popping = 1;
		if (pop(&node) == WRI_POP_GOT) {
			take(node);
			popping = 0;
		} else {
			popping = 0;
			name_busy();
			wri_yield();
		}
	}
	join_all(ids, 3);
}

const struct x_test x_tests[] = {
    {"park_1", park_1, "Q1 Q2, 1 producer", X_NOTIME, 0, "second-look", NULL},
    {"park_2", park_2, "Q1 Q2 Q3, 2 producers", X_NOTIME, 0,
	"second-look half-push stub-last", NULL},
    {"park_3", park_3, "Q1 Q2 Q3, 3 producers", X_NOTIME, 0,
	"second-look half-push stub-last", NULL},
    {"thief_1", thief_1, "Q2, 2 consumers, 1 producer", X_NOTIME, 0,
	"baton-taken poll-empty", NULL},
    {"thief_2", thief_2, "Q2, 2 consumers, 2 producers", X_NOTIME, 0,
	"baton-taken half-push poll-empty", NULL},
    {"repush", repush, "Q1 Q2, a callback pushes", X_NOTIME, 0,
	"second-look stub-last half-push", NULL},
    {"empty", empty_2, "Q1, empty is right", X_NOTIME, 0,
	"empty not-empty stub-last", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
