/*
 * test_nng_provider - operations of a program's own.
 */
#include "compat/nrt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <pthread.h>
#include <string.h>

/* A provider as a program has it: one operation, under a lock. */
struct box {
	nng_mtx *mtx;
	/* mtx must be held when using these: */
	nng_aio *aio;
	nng_err asked[8];
	unsigned nasked;
	bool deaf; /* asked, it ends nothing */
	struct latch was_asked;
};

static void
box_init(struct box *b)
{
	memset(b, 0, sizeof(*b));
	ck_assert_int_eq(nng_mtx_alloc(&b->mtx), 0);
	latch_init(&b->was_asked);
}

static void
box_fini(struct box *b)
{
	ck_assert_ptr_null(b->aio);
	latch_fini(&b->was_asked);
	nng_mtx_free(b->mtx);
}

static void
box_cancel(nng_aio *aio, void *arg, nng_err err)
{
	struct box *b = arg;
	bool ours = false;

	nng_mtx_lock(b->mtx);
	b->asked[b->nasked++ % 8] = err;
	if (b->aio == aio && !b->deaf) {
		b->aio = NULL;
		ours = true;
	}
	nng_mtx_unlock(b->mtx);
	if (ours) {
		nng_aio_finish(aio, err);
	}
	latch_hit(&b->was_asked);
}

static bool
box_put(struct box *b, nng_aio *aio)
{
	bool ok;

	nng_mtx_lock(b->mtx);
	ok = nng_aio_start(aio, box_cancel, b);
	if (ok) {
		b->aio = aio;
	}
	nng_mtx_unlock(b->mtx);
	return ok;
}

static void
box_end(struct box *b, nng_err err)
{
	nng_aio *aio;

	nng_mtx_lock(b->mtx);
	aio = b->aio;
	b->aio = NULL;
	nng_mtx_unlock(b->mtx);
	if (aio != NULL) {
		nng_aio_finish(aio, err);
	}
}

START_TEST(a_started_operation_ends_with_its_finish)
{
	struct box b;
	struct nrt n;
	int out;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	ck_assert(box_put(&b, n.aio));
	ck_assert(nng_aio_busy(n.aio));
	ck_assert_int_eq(nng_aio_set_output(n.aio, 3, &out), NNG_OK);
	ck_assert_int_eq(nng_aio_set_output(n.aio, 4, &out), NNG_EINVAL);
	box_end(&b, NNG_EPROTO);
	nrt_expect(&n, 1, NNG_EPROTO);
	ck_assert_ptr_eq(nng_aio_get_output(n.aio, 3), &out);
	ck_assert_ptr_null(nng_aio_get_output(n.aio, 0));
	ck_assert_uint_eq(nng_aio_count(n.aio), 0);
	ck_assert_uint_eq(b.nasked, 0);
	/* The next operation has outputs of its own. */
	ck_assert(box_put(&b, n.aio));
	ck_assert_ptr_null(nng_aio_get_output(n.aio, 3));
	box_end(&b, NNG_OK);
	nrt_expect(&n, 2, NNG_OK);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(the_cancel_function_gets_the_reason)
{
	struct box b;
	struct nrt n;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	ck_assert(box_put(&b, n.aio));
	nng_aio_cancel(n.aio);
	nrt_expect(&n, 1, NNG_ECANCELED);
	ck_assert(box_put(&b, n.aio));
	nng_aio_abort(n.aio, NNG_EADDRINUSE);
	nrt_expect(&n, 2, NNG_EADDRINUSE);
	nng_aio_set_timeout(n.aio, 5);
	ck_assert(box_put(&b, n.aio));
	nrt_expect(&n, 3, NNG_ETIMEDOUT);
	nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
	ck_assert(box_put(&b, n.aio));
	nng_aio_stop(n.aio);
	nrt_expect(&n, 4, NNG_ESTOPPED);
	ck_assert_uint_eq(b.nasked, 4);
	ck_assert_int_eq(b.asked[0], NNG_ECANCELED);
	ck_assert_int_eq(b.asked[1], NNG_EADDRINUSE);
	ck_assert_int_eq(b.asked[2], NNG_ETIMEDOUT);
	ck_assert_int_eq(b.asked[3], NNG_ESTOPPED);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(abort_with_0_does_not_reach_the_provider)
{
	struct box b;
	struct nrt n;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	ck_assert(box_put(&b, n.aio));
	nng_aio_abort(n.aio, NNG_OK);
	ck_assert_uint_eq(b.nasked, 0);
	box_end(&b, NNG_OK);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(a_provider_may_ignore_a_cancel_and_hears_a_stronger_reason)
{
	struct box b;
	struct nrt n;

	box_init(&b);
	b.deaf = true;
	nrt_init(&n, NULL, NULL);
	nng_aio_set_timeout(n.aio, 5);
	ck_assert(box_put(&b, n.aio));
	nng_aio_cancel(n.aio);
	nng_aio_cancel(n.aio); /* no stronger */
	ck_assert(latch_wait(&b.was_asked, 2));
	ck_assert(nng_aio_busy(n.aio));
	nng_mtx_lock(b.mtx);
	ck_assert_uint_eq(b.nasked, 2);
	ck_assert_int_eq(b.asked[1], NNG_ETIMEDOUT);
	b.deaf = false;
	nng_mtx_unlock(b.mtx);
	nng_aio_stop(n.aio);
	nrt_expect(&n, 1, NNG_ESTOPPED);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(the_normal_end_of_an_ignored_cancel_counts)
{
	struct box b;
	struct nrt n;

	box_init(&b);
	b.deaf = true;
	nrt_init(&n, NULL, NULL);
	ck_assert(box_put(&b, n.aio));
	nng_aio_cancel(n.aio);
	box_end(&b, NNG_OK);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(without_a_cancel_function_only_finish_ends_it)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_set_timeout(n.aio, 1);
	ck_assert(nng_aio_start(n.aio, NULL, NULL));
	nng_aio_cancel(n.aio);
	nng_msleep(10);
	ck_assert(nng_aio_busy(n.aio));
	ck_assert_uint_eq(n.calls, 0);
	nng_aio_finish(n.aio, NNG_OK);
	nrt_expect(&n, 1, NNG_OK);
	nrt_fini(&n);
}
END_TEST

START_TEST(a_start_that_may_not_wait_is_refused_and_completed)
{
	static const nng_duration past[] = {0, -3, INT32_MIN};
	struct box b;
	struct nrt n;
	unsigned calls = 0;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	for (unsigned i = 0; i < 3; i++) {
		nng_aio_set_timeout(n.aio, past[i]);
		ck_assert(!box_put(&b, n.aio));
		nrt_expect(&n, ++calls, NNG_ETIMEDOUT);
	}
	nng_aio_set_timeout(n.aio, NNG_DURATION_INFINITE);
	nng_aio_set_expire(n.aio, nng_clock() - 1);
	ck_assert(!box_put(&b, n.aio));
	nrt_expect(&n, ++calls, NNG_ETIMEDOUT);
	/* Used up; and the handle is fine. */
	ck_assert(box_put(&b, n.aio));
	box_end(&b, NNG_OK);
	nrt_expect(&n, ++calls, NNG_OK);
	ck_assert_uint_eq(b.nasked, 0);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(a_start_on_a_stopped_handle_is_refused_without_a_callback)
{
	struct box b;
	struct nrt n;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	nng_aio_stop(n.aio);
	nng_aio_reset(n.aio);
	ck_assert(!box_put(&b, n.aio));
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 0);
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_ESTOPPED);
	/* Nor does a synchronous one end. */
	nng_aio_reset(n.aio);
	nng_aio_finish(n.aio, NNG_OK);
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 0);
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_ESTOPPED);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(a_synchronous_operation_is_reset_and_finish)
{
	struct nrt n;
	int out;

	nrt_init(&n, NULL, NULL);
	for (unsigned i = 1; i <= 3; i++) {
		nng_aio_reset(n.aio);
		ck_assert_int_eq(nng_aio_result(n.aio), NNG_OK);
		ck_assert_uint_eq(nng_aio_count(n.aio), 0);
		ck_assert_ptr_null(nng_aio_get_output(n.aio, 1));
		ck_assert_int_eq(nng_aio_set_output(n.aio, 1, &out), NNG_OK);
		nng_aio_finish(n.aio, i == 2 ? NNG_ENOENT : NNG_OK);
		nrt_expect(&n, i, i == 2 ? NNG_ENOENT : NNG_OK);
		ck_assert_ptr_eq(nng_aio_get_output(n.aio, 1), &out);
		ck_assert(!pthread_equal(n.ran_on, pthread_self()));
	}
	nrt_fini(&n);
}
END_TEST

START_TEST(a_fresh_handle_can_be_finished_without_reset)
{
	struct nrt n;

	nrt_init(&n, NULL, NULL);
	nng_aio_finish(n.aio, NNG_EPERM);
	nrt_expect(&n, 1, NNG_EPERM);
	nrt_fini(&n);
}
END_TEST

START_TEST(reset_forgets_an_abort_and_a_skip_request_but_no_setting)
{
	bool skipped;
	int in;
	nng_iov iov = {&in, sizeof(in)};
	struct box b;
	struct nrt n;

	box_init(&b);
	nrt_init(&n, NULL, NULL);
	ck_assert_int_eq(nng_aio_set_input(n.aio, 0, &in), NNG_OK);
	ck_assert_int_eq(nng_aio_set_iov(n.aio, 1, &iov), NNG_OK);
	nng_aio_set_timeout(n.aio, 5);
	nng_aio_skip_callback(n.aio, &skipped);
	nng_aio_reset(n.aio);
	nng_aio_abort(n.aio, NNG_EPROTO);
	ck_assert(box_put(&b, n.aio)); /* and not EPROTO */
	nrt_expect(&n, 1, NNG_ETIMEDOUT);
	ck_assert(!skipped);
	ck_assert_ptr_eq(nng_aio_get_input(n.aio, 0), &in);
	nrt_fini(&n);
	box_fini(&b);
}
END_TEST

START_TEST(a_wait_only_handle_is_finished_by_its_provider)
{
	struct box b;
	nng_aio *aio;

	box_init(&b);
	ck_assert_int_eq(nng_aio_alloc(&aio, NULL, NULL), NNG_OK);
	ck_assert(box_put(&b, aio));
	box_end(&b, NNG_EEXIST);
	nng_aio_wait(aio);
	ck_assert_int_eq(nng_aio_result(aio), NNG_EEXIST);
	nng_aio_free(aio);
	box_fini(&b);
}
END_TEST

/* --- A second finish --------------------------------------------------- */

static unsigned misuses;

static void
count_misuse(void *arg, const weir_misuse *m)
{
	(void)arg;
	(void)m;
	misuses++;
}

START_TEST(a_second_finish_is_caught_and_changes_nothing)
{
	struct nrt n;

	misuses = 0;
	weir_misuse_set(count_misuse, NULL);
	nrt_init(&n, NULL, NULL);
	ck_assert(nng_aio_start(n.aio, NULL, NULL));
	nng_aio_finish(n.aio, NNG_OK);
	nrt_expect(&n, 1, NNG_OK);
	nng_aio_finish(n.aio, NNG_EPROTO);
	nng_aio_reset(n.aio);
	nng_aio_finish(n.aio, NNG_ENOENT);
	nrt_expect(&n, 2, NNG_ENOENT);
	nng_aio_finish(n.aio, NNG_EPROTO);
	nng_aio_wait(n.aio);
	ck_assert_uint_eq(n.calls, 2);
	ck_assert_int_eq(nng_aio_result(n.aio), NNG_ENOENT);
	ck_assert_uint_eq(misuses, 2);
	nrt_fini(&n);
	weir_misuse_set(NULL, NULL);
}
END_TEST

/* --- Races ------------------------------------------------------------- */

#define ROUNDS 2000

struct race {
	struct box box;
	struct nrt n;
	pthread_barrier_t go;
};

static void *
race_finish(void *arg)
{
	struct race *r = arg;

	for (int i = 0; i < ROUNDS; i++) {
		(void)pthread_barrier_wait(&r->go);
		box_end(&r->box, NNG_OK);
		(void)pthread_barrier_wait(&r->go);
	}
	return NULL;
}

START_TEST(finish_against_cancel_gives_one_callback)
{
	pthread_t thread;
	struct race r;

	box_init(&r.box);
	nrt_init(&r.n, NULL, NULL);
	ck_assert_int_eq(pthread_barrier_init(&r.go, NULL, 2), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, race_finish, &r), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		nng_err rv;

		ck_assert(box_put(&r.box, r.n.aio));
		(void)pthread_barrier_wait(&r.go);
		nng_aio_abort(r.n.aio, NNG_ECONNABORTED);
		(void)pthread_barrier_wait(&r.go);
		nng_aio_wait(r.n.aio);
		rv = nng_aio_result(r.n.aio);
		ck_assert(rv == NNG_OK || rv == NNG_ECONNABORTED);
		ck_assert_uint_eq(r.n.calls, i + 1);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(pthread_barrier_destroy(&r.go), 0);
	nrt_fini(&r.n);
	box_fini(&r.box);
}
END_TEST

static Suite *
provider_suite(void)
{
	Suite *s = suite_create("nng_provider");
	TCase *tc = tcase_create("provider");

	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, a_started_operation_ends_with_its_finish);
	tcase_add_test(tc, the_cancel_function_gets_the_reason);
	tcase_add_test(tc, abort_with_0_does_not_reach_the_provider);
	tcase_add_test(
	    tc, a_provider_may_ignore_a_cancel_and_hears_a_stronger_reason);
	tcase_add_test(tc, the_normal_end_of_an_ignored_cancel_counts);
	tcase_add_test(tc, without_a_cancel_function_only_finish_ends_it);
	tcase_add_test(tc, a_start_that_may_not_wait_is_refused_and_completed);
	tcase_add_test(
	    tc, a_start_on_a_stopped_handle_is_refused_without_a_callback);
	tcase_add_test(tc, a_synchronous_operation_is_reset_and_finish);
	tcase_add_test(tc, a_fresh_handle_can_be_finished_without_reset);
	tcase_add_test(
	    tc, reset_forgets_an_abort_and_a_skip_request_but_no_setting);
	tcase_add_test(tc, a_wait_only_handle_is_finished_by_its_provider);
	tcase_add_test(tc, a_second_finish_is_caught_and_changes_nothing);
	suite_add_tcase(s, tc);

	tc = tcase_create("races");
	tcase_add_checked_fixture(tc, nrt_setup, nrt_teardown);
	tcase_add_test(tc, finish_against_cancel_gives_one_callback);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(provider_suite());
}
