/*
 * test_table - elements: index, reuse, bound, growth by several threads.
 */
#include "base/mem.h"
#include "base/sync.h"
#include "base/thread.h"
#include "poller/poller_impl.h"
#include "support/fault.h"
#include "support/run.h"

#include <weir/provider.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define HELD 150 /* by a thread at once: several chunks for all */
#define ROUNDS 200

struct elem {
	struct wri_pfd pfd WRI_ALIGNED; /* first; whole lines */
	wri_a32 inits;
	wri_a32 owner; /* 0: nobody */
	bool out;      /* by take() */
	char pad[70];
};

static wri_a32 inits;

static void
count_init(struct wri_pfd *pfd)
{
	struct elem *e = (struct elem *)(void *)pfd;

	wri_add(&e->inits, 1, WRI_RLX); /* a count */
	wri_add(&inits, 1, WRI_RLX);
}

static struct elem *
take(void)
{
	struct wri_pfd *pfd = NULL;

	ck_assert_int_eq(wri_table_take(&pfd), WEIR_OK);
	ck_assert_ptr_nonnull(pfd);
	((struct elem *)(void *)pfd)->out = true;
	return (struct elem *)(void *)pfd;
}

/* Put it back, if take() has given it. */
static void
give(struct wri_pfd *pfd)
{
	struct elem *e = (struct elem *)(void *)pfd;

	if (e->out) {
		e->out = false;
		wri_pfd_free(pfd);
	}
}

static void
setup(void)
{
	wri_table_init(sizeof(struct elem), count_init);
}

static void
teardown(void)
{
	wri_mem_fail_at(0);
	for (unsigned i = 0; i < wri_table_len(); i++) {
		give(wri_table_at(i));
	}
	wri_pfd_free(NULL);
	ck_assert_uint_eq(wri_mem_live(), 0);
}

START_TEST(an_element_is_found_by_its_index)
{
	struct elem *e[300];

	for (unsigned i = 0; i < 300; i++) {
		e[i] = take();
		ck_assert_uint_eq(e[i]->pfd.index, i);
		ck_assert_uint_eq((uintptr_t)e[i] % WRI_LINE, 0);
		memset(e[i]->pad, (int)i % 100, sizeof(e[i]->pad));
	}
	for (unsigned i = 0; i < 300; i++) {
		ck_assert_ptr_eq(wri_table_at(i), &e[i]->pfd);
		/* No neighbour has written into it. */
		ck_assert_int_eq(e[i]->pad[0], (int)i % 100);
		ck_assert_int_eq(e[i]->pad[69], (int)i % 100);
		ck_assert_uint_eq(wri_load(&e[i]->inits, WRI_RLX), 1);
		ck_assert_uint_eq(wri_load(&e[i]->pfd.gen, WRI_RLX), 0);
	}
}
END_TEST

START_TEST(what_was_put_last_is_taken_first)
{
	struct elem *a = take();
	struct elem *b = take();

	give(&a->pfd);
	give(&b->pfd);
	ck_assert_ptr_eq(take(), b);
	ck_assert_ptr_eq(take(), a);
	ck_assert_uint_eq(wri_load(&a->inits, WRI_RLX), 1);
}
END_TEST

START_TEST(the_memory_of_an_element_stays_until_fini)
{
	struct elem *e[200];
	size_t live;

	for (unsigned i = 0; i < 200; i++) {
		e[i] = take();
	}
	live = wri_mem_live();
	for (unsigned i = 0; i < 200; i++) {
		give(&e[i]->pfd);
	}
	ck_assert_uint_eq(wri_mem_live(), live);
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_ptr_eq(wri_table_at(i), &e[i]->pfd);
	}
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_uint_lt(take()->pfd.index, 200);
	}
	ck_assert_uint_eq(wri_mem_live(), live);
}
END_TEST

START_TEST(without_memory_the_take_fails_and_the_next_works)
{
	struct wri_pfd *pfd = NULL;
	struct elem *last = NULL;

	wri_mem_fail_at(1);
	ck_assert_int_eq(wri_table_take(&pfd), WEIR_ENOMEM);
	ck_assert_ptr_null(pfd);
	for (unsigned i = 0; i < 64; i++) {
		last = take();
	}
	wri_mem_fail_at(1);
	ck_assert_int_eq(wri_table_take(&pfd), WEIR_ENOMEM);
	ck_assert_ptr_null(pfd);
	/* One that is free needs no memory. */
	wri_mem_fail_at(1);
	give(&last->pfd);
	ck_assert_ptr_eq(take(), last);
	wri_mem_fail_at(0);
	ck_assert_uint_eq(take()->pfd.index, 64);
}
END_TEST

START_TEST(a_full_table_says_so)
{
	struct wri_pfd *pfd = NULL;
	struct elem *last = NULL;

	for (unsigned i = 0; i < WEIR_FD_MAX; i++) {
		last = take();
	}
	ck_assert_uint_eq(last->pfd.index, WEIR_FD_MAX - 1);
	ck_assert_ptr_eq(wri_table_at(WEIR_FD_MAX - 1), &last->pfd);
	ck_assert_int_eq(wri_table_take(&pfd), WEIR_ENOSPC);
	ck_assert_ptr_null(pfd);
	give(&last->pfd);
	ck_assert_ptr_eq(take(), last);
}
END_TEST

START_TEST(what_is_out_at_fini_lives_until_the_last_put)
{
	struct elem *e[100];

	for (unsigned i = 0; i < 100; i++) {
		e[i] = take();
	}
	wri_pfd_free(NULL);
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_uint_gt(wri_mem_live(), 0);
		memset(e[i]->pad, 1, sizeof(e[i]->pad));
		give(&e[i]->pfd);
	}
	ck_assert_uint_eq(wri_mem_live(), 0);
	setup();
	ck_assert_uint_eq(take()->pfd.index, 0);
}
END_TEST

START_TEST(what_is_out_at_init_is_not_given_twice)
{
	struct elem *e = take();
	struct elem *f;

	wri_pfd_free(NULL);
	setup();
	f = take();
	ck_assert_ptr_ne(e, f);
	ck_assert_ptr_eq(wri_table_at(0), &e->pfd);
	give(&e->pfd);
	give(&f->pfd);
	ck_assert_uint_gt(wri_mem_live(), 0);
}
END_TEST

/* What a thread found wrong: nothing, or the first line that it was. */
struct taker {
	wri_thread thread;
	uint32_t self;
	const char *wrong;
};

static void
taker_own(struct taker *t, struct wri_pfd *pfd, uint32_t from, uint32_t to)
{
	struct elem *e = (struct elem *)(void *)pfd;

	/* Relaxed: the table itself must have ordered it. */
	if (wri_load(&e->owner, WRI_RLX) != from) {
		t->wrong = "an element has two owners";
	}
	wri_store(&e->owner, to, WRI_RLX);
	e->pad[0]++; /* plain: a race would be seen by the sanitizer */
	if (wri_table_at(pfd->index) != pfd) {
		t->wrong = "an index leads to another element";
	}
}

static void
taker_main(void *arg)
{
	struct taker *t = arg;
	struct wri_pfd *held[HELD];

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < HELD; i++) {
			if (wri_table_take(&held[i]) != WEIR_OK) {
				t->wrong = "no element";
				return;
			}
			taker_own(t, held[i], 0, t->self);
		}
		for (unsigned i = 0; i < HELD; i++) {
			taker_own(t, held[i], t->self, 0);
			wri_pfd_free(held[i]);
		}
	}
}

START_TEST(an_element_has_one_owner_among_threads)
{
	struct taker takers[THREADS];

	wri_store(&inits, 0, WRI_RLX);
	for (uint32_t i = 0; i < THREADS; i++) {
		takers[i].self = i + 1;
		takers[i].wrong = NULL;
		ck_assert_int_eq(wri_thread_start(&takers[i].thread, "taker",
				     taker_main, &takers[i]),
		    WEIR_OK);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		wri_thread_join(&takers[i].thread);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_msg(takers[i].wrong == NULL, "%s", takers[i].wrong);
	}
	/* No more chunks than were in use at once, whoever was faster. */
	for (unsigned i = 0; i < THREADS * HELD; i++) {
		ck_assert_uint_lt(
		    take()->pfd.index, (THREADS * HELD + 63) / 64 * 64);
	}
}
END_TEST

static Suite *
table_suite(void)
{
	Suite *suite = suite_create("poller");
	TCase *tc = tcase_create("table");
	TCase *full = tcase_create("full");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, an_element_is_found_by_its_index);
	tcase_add_test(tc, what_was_put_last_is_taken_first);
	tcase_add_test(tc, the_memory_of_an_element_stays_until_fini);
	tcase_add_test(tc, without_memory_the_take_fails_and_the_next_works);
	tcase_add_test(tc, what_is_out_at_fini_lives_until_the_last_put);
	tcase_add_test(tc, what_is_out_at_init_is_not_given_twice);
	tcase_add_test(tc, an_element_has_one_owner_among_threads);
	suite_add_tcase(suite, tc);

	/* A million elements: slow under a sanitizer. */
	tcase_add_checked_fixture(full, setup, teardown);
	tcase_add_test(full, a_full_table_says_so);
	tcase_set_timeout(full, 240);
	suite_add_tcase(suite, full);
	return suite;
}

int
main(void)
{
	return run_suite(table_suite());
}
