/*
 * test_inquiry - questions of other rooms: told once, or cancelled once.
 */
#include "base/life.h"
#include "dns/dns.h"
#include "dns/fake.h"
#include "support/fault.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"

#include <sched.h>

#define THREADS 4 /* the default */

/* One that asks, and what it was told. */
struct asker {
	struct wri_inquiry *inq;
	struct latch told;
	weir_err err;
	size_t count;
};

static struct asker asker;

static void
asker_told(void *arg, weir_err err, weir_addrs *addrs)
{
	struct asker *a = arg;

	a->err = err;
	a->count = weir_addrs_count(addrs);
	weir_addrs_free(addrs);
	latch_hit(&a->told);
}

static void
asker_init(struct asker *a)
{
	const struct wri_question q = {.host = "name.test", .port = 7};

	latch_init(&a->told);
	ck_assert_int_eq(
	    wri_inquiry_alloc(&a->inq, &q, asker_told, a), WEIR_OK);
}

static void
asker_fini(struct asker *a)
{
	wri_inquiry_rele(a->inq);
	latch_fini(&a->told);
}

static void
setup(void)
{
	fake_up();
	rt_setup();
	ck_assert_int_eq(wri_life_enter(), WEIR_OK);
	asker_init(&asker);
}

static void
teardown(void)
{
	fake_down();
	asker_fini(&asker);
	wri_life_leave();
	rt_teardown();
}

START_TEST(what_was_found_is_told_once)
{
	fake_answer(3);
	wri_inquiry_post(asker.inq);
	ck_assert(latch_wait(&asker.told, 1));
	ck_assert_int_eq(asker.err, WEIR_OK);
	ck_assert_uint_eq(asker.count, 3);
	ck_assert(!wri_inquiry_cancel(asker.inq));
	ck_assert_uint_eq(latch_hits(&asker.told), 1);
}
END_TEST

START_TEST(what_failed_is_told_without_addresses)
{
	fake_fail(EAI_MEMORY, 0);
	wri_inquiry_post(asker.inq);
	ck_assert(latch_wait(&asker.told, 1));
	ck_assert_int_eq(asker.err, WEIR_ENOMEM);
	ck_assert_uint_eq(asker.count, 0);
}
END_TEST

START_TEST(a_cancel_before_the_post_is_kept)
{
	ck_assert(wri_inquiry_cancel(asker.inq));
	ck_assert(!wri_inquiry_cancel(asker.inq)); /* once */
	wri_inquiry_post(asker.inq);
	ck_assert_uint_eq(fake_begun(), 0);
	ck_assert_uint_eq(latch_hits(&asker.told), 0);
}
END_TEST

START_TEST(one_that_is_never_posted_is_cancelled)
{
	ck_assert(wri_inquiry_cancel(asker.inq));
}
END_TEST

START_TEST(a_cancel_while_the_lookup_hangs_drops_the_answer)
{
	fake_hang();
	wri_inquiry_post(asker.inq);
	fake_await(1);
	ck_assert(wri_inquiry_cancel(asker.inq));
	fake_down(); /* its list was given back */
	fake_up();
	ck_assert_uint_eq(latch_hits(&asker.told), 0);
}
END_TEST

/* Each is told or cancelled, and never both. */
START_TEST(a_cancel_races_with_the_answer)
{
	unsigned cancelled = 0;

	wri_inquiry_post(asker.inq);
	ck_assert(latch_wait(&asker.told, 1));
	for (unsigned round = 0; round < 300; round++) {
		struct asker a = {.err = WEIR_OK};

		asker_init(&a);
		wri_inquiry_post(a.inq);
		for (unsigned i = round % 16; i > 0; i--) {
			(void)sched_yield();
		}
		if (wri_inquiry_cancel(a.inq)) {
			cancelled++;
			ck_assert_uint_eq(latch_hits(&a.told), 0);
		} else {
			ck_assert(latch_wait(&a.told, 1));
		}
		asker_fini(&a);
	}
	ck_assert_uint_le(cancelled, 300);
}
END_TEST

START_TEST(a_full_queue_is_told_in_the_post)
{
	enum { ALL = THREADS + WEIR_RESOLVE_QUEUE_MAX };
	static struct asker many[ALL];

	fake_hang();
	for (unsigned i = 0; i < ALL; i++) {
		asker_init(&many[i]);
		wri_inquiry_post(many[i].inq);
		if (i < THREADS) {
			fake_await(i + 1);
		}
	}
	wri_inquiry_post(asker.inq);
	ck_assert_uint_eq(latch_hits(&asker.told), 1);
	ck_assert_int_eq(asker.err, WEIR_EAGAIN);
	for (unsigned i = 0; i < ALL; i++) {
		ck_assert(wri_inquiry_cancel(many[i].inq));
		asker_fini(&many[i]);
	}
}
END_TEST

START_TEST(no_thread_is_told_and_no_memory_is_returned)
{
	const struct wri_question q = {.host = "name.test"};
	struct wri_inquiry *other = NULL;

	wri_thread_fail_at(1);
	wri_inquiry_post(asker.inq);
	wri_thread_fail_at(0);
	ck_assert_uint_eq(latch_hits(&asker.told), 1);
	ck_assert_int_eq(asker.err, WEIR_EAGAIN);
	wri_mem_fail_at(1);
	ck_assert_int_eq(
	    wri_inquiry_alloc(&other, &q, asker_told, NULL), WEIR_ENOMEM);
	wri_mem_fail_at(0);
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(a_question_can_be_asked_on_the_own_thread)
{
	const struct wri_question q = {.host = "here.test", .port = 9};
	weir_addrs *addrs;

	ck_assert_int_eq(wri_question_ask(&q, &addrs), WEIR_OK);
	ck_assert_str_eq(fake_host(), "here.test");
	ck_assert_int_eq(weir_sockaddr_port(weir_addrs_at(addrs, 0)), 9);
	weir_addrs_free(addrs);
	ck_assert(wri_inquiry_cancel(asker.inq));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns");
	TCase *tc = tcase_create("inquiry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_found_is_told_once);
	tcase_add_test(tc, what_failed_is_told_without_addresses);
	tcase_add_test(tc, a_cancel_before_the_post_is_kept);
	tcase_add_test(tc, one_that_is_never_posted_is_cancelled);
	tcase_add_test(tc, a_cancel_while_the_lookup_hangs_drops_the_answer);
	tcase_add_test(tc, a_cancel_races_with_the_answer);
	tcase_add_test(tc, a_full_queue_is_told_in_the_post);
	tcase_add_test(tc, no_thread_is_told_and_no_memory_is_returned);
	tcase_add_test(tc, a_question_can_be_asked_on_the_own_thread);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
