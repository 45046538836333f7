/*
 * test_mpsc - the queue: order, emptiness, the baton, many producers.
 */
#include "base/mpsc.h"
#include "support/run.h"

#include <pthread.h>
#include <stdlib.h>

struct item {
	struct wri_node node;
	unsigned producer;
	unsigned seq;
};

static struct wri_mpsc q;

static void
setup(void)
{
	wri_mpsc_init(&q);
}

static struct item *
pop_item(void)
{
	struct wri_node *n = NULL;

	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_GOT);
	return wri_container(n, struct item, node);
}

START_TEST(a_fresh_queue_is_empty)
{
	struct wri_node *n;

	ck_assert(wri_mpsc_empty(&q));
	ck_assert(!wri_mpsc_hint(&q));
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_EMPTY);
}
END_TEST

START_TEST(nodes_come_out_in_the_order_pushed)
{
	struct item items[100];

	for (unsigned i = 0; i < 100; i++) {
		items[i].seq = i;
		wri_mpsc_push(&q, &items[i].node);
	}
	ck_assert(!wri_mpsc_empty(&q));
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_uint_eq(pop_item()->seq, i);
	}
	ck_assert(wri_mpsc_empty(&q));
}
END_TEST

START_TEST(a_popped_node_may_be_freed_and_pushed_again_at_once)
{
	struct item *a = calloc(1, sizeof(*a));
	struct item b;

	ck_assert_ptr_nonnull(a);
	b.seq = 2;
	for (int round = 0; round < 3; round++) {
		wri_mpsc_push(&q, &b.node);
		ck_assert_ptr_eq(pop_item(), &b);
	}
	/* Freed while others are behind it, and while it is the last. */
	wri_mpsc_push(&q, &a->node);
	wri_mpsc_push(&q, &b.node);
	ck_assert_ptr_eq(pop_item(), a);
	free(a);
	ck_assert_ptr_eq(pop_item(), &b);
	a = calloc(1, sizeof(*a));
	ck_assert_ptr_nonnull(a);
	wri_mpsc_push(&q, &a->node);
	ck_assert_ptr_eq(pop_item(), a);
	free(a);
	wri_mpsc_push(&q, &b.node);
	ck_assert_ptr_eq(pop_item(), &b);
}
END_TEST

START_TEST(the_hint_sees_what_was_pushed)
{
	struct item items[2];

	wri_mpsc_push(&q, &items[0].node);
	ck_assert(wri_mpsc_hint(&q));
	wri_mpsc_push(&q, &items[1].node);
	pop_item();
	ck_assert(wri_mpsc_hint(&q));
	pop_item();
	ck_assert(!wri_mpsc_hint(&q));
}
END_TEST

START_TEST(pop_is_busy_while_another_has_the_baton)
{
	struct item item;
	struct wri_node *n;

	wri_mpsc_push(&q, &item.node);
	wri_store(&q.baton, 1, WRI_REL);
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_BUSY);
	wri_store(&q.baton, 0, WRI_REL);
	ck_assert_ptr_eq(pop_item(), &item);
}
END_TEST

START_TEST(pop_is_busy_while_a_producer_is_half_way)
{
	struct item first;
	struct item second;
	struct wri_node *n;
	struct wri_node *prev;

	/* Half a push on an empty queue: the first step of two. */
	wri_store(&first.node.next, NULL, WRI_RLX);
	prev = wri_xchg(&q.head, &first.node, WRI_SC);
	ck_assert(!wri_mpsc_empty(&q));
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_BUSY);
	/* A whole one behind it stays hidden. */
	wri_mpsc_push(&q, &second.node);
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_BUSY);
	/* The second step shows both. */
	wri_store(&prev->next, &first.node, WRI_REL);
	ck_assert_ptr_eq(pop_item(), &first);
	ck_assert_ptr_eq(pop_item(), &second);
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_EMPTY);
}
END_TEST

START_TEST(pop_is_busy_while_a_producer_is_half_way_behind_the_last)
{
	struct item first;
	struct item second;
	struct wri_node *n;
	struct wri_node *prev;

	wri_mpsc_push(&q, &first.node);
	wri_store(&second.node.next, NULL, WRI_RLX);
	prev = wri_xchg(&q.head, &second.node, WRI_SC);
	/* Looking does not change anything, however often. */
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_BUSY);
	}
	wri_store(&prev->next, &second.node, WRI_REL);
	ck_assert_ptr_eq(pop_item(), &first);
	ck_assert_ptr_eq(pop_item(), &second);
	ck_assert_int_eq(wri_mpsc_pop(&q, &n), WRI_POP_EMPTY);
	ck_assert(wri_mpsc_empty(&q));
}
END_TEST

#define PRODUCERS 4
#define CONSUMERS 2
#define ITEMS 20000u

static wri_a32 popped;
static wri_a32 disorder;
/* Next number expected of each producer; whoever pops holds no lock, so each
 * consumer checks that numbers of a producer only grow. */
static void *
produce(void *arg)
{
	struct item *items = arg;

	for (unsigned i = 0; i < ITEMS; i++) {
		wri_mpsc_push(&q, &items[i].node);
	}
	return NULL;
}

static void *
consume(void *arg)
{
	unsigned next[PRODUCERS] = {0};

	(void)arg;
	while (wri_load(&popped, WRI_RLX) < PRODUCERS * ITEMS) {
		struct wri_node *n;
		struct item *item;

		if (wri_mpsc_pop(&q, &n) != WRI_POP_GOT) {
			wri_yield();
			continue;
		}
		item = wri_container(n, struct item, node);
		if (item->seq < next[item->producer]) {
			(void)wri_add(&disorder, 1, WRI_RLX);
		}
		next[item->producer] = item->seq + 1;
		(void)wri_add(&popped, 1, WRI_RLX);
	}
	return NULL;
}

START_TEST(many_producers_lose_nothing_and_keep_their_order)
{
	struct item *items = calloc(PRODUCERS * ITEMS, sizeof(*items));
	pthread_t threads[PRODUCERS + CONSUMERS];

	ck_assert_ptr_nonnull(items);
	for (unsigned i = 0; i < PRODUCERS * ITEMS; i++) {
		items[i].producer = i / ITEMS;
		items[i].seq = i % ITEMS;
	}
	wri_store(&popped, 0, WRI_RLX);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		ck_assert_int_eq(pthread_create(&threads[PRODUCERS + i], NULL,
				     consume, NULL),
		    0);
	}
	for (unsigned i = 0; i < PRODUCERS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, produce,
				     &items[i * ITEMS]),
		    0);
	}
	for (unsigned i = 0; i < PRODUCERS + CONSUMERS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	}
	ck_assert_uint_eq(wri_load(&popped, WRI_RLX), PRODUCERS * ITEMS);
	ck_assert_uint_eq(wri_load(&disorder, WRI_RLX), 0);
	ck_assert(wri_mpsc_empty(&q));
	free(items);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("mpsc");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_fresh_queue_is_empty);
	tcase_add_test(tc, nodes_come_out_in_the_order_pushed);
	tcase_add_test(tc, a_popped_node_may_be_freed_and_pushed_again_at_once);
	tcase_add_test(tc, the_hint_sees_what_was_pushed);
	tcase_add_test(tc, pop_is_busy_while_another_has_the_baton);
	tcase_add_test(tc, pop_is_busy_while_a_producer_is_half_way);
	tcase_add_test(
	    tc, pop_is_busy_while_a_producer_is_half_way_behind_the_last);
	tcase_add_test(tc, many_producers_lose_nothing_and_keep_their_order);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
