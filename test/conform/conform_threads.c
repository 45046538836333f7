/*
 * conform_threads - section 6: threads.
 */
#include "conform/con.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

struct seen {
	nng_thread *thread; /* what nng_thread_create wrote */
	nng_thread *found;  /* what the thread saw of it */
	pthread_t on;
	int done;
	bool sigpipe;
	char name[32];
	struct latch go;
};

static void
see(void *arg)
{
	struct seen *s = arg;
	sigset_t set;

	s->found = s->thread;
	s->on = pthread_self();
	if (pthread_sigmask(SIG_SETMASK, NULL, &set) == 0) {
		s->sigpipe = sigismember(&set, SIGPIPE) == 1;
	}
	s->done = 1;
}

START_TEST(a_thread_runs_its_function_and_destroy_waits_for_it)
{
	struct seen s = {.done = 0};

	ck_assert_int_eq(nng_thread_create(&s.thread, see, &s), NNG_OK);
	nng_thread_destroy(s.thread);
	ck_assert_int_eq(s.done, 1);
	ck_assert(!pthread_equal(s.on, pthread_self()));
}
END_TEST

START_TEST(the_pointer_is_there_before_the_thread_runs)
{
	for (int i = 0; i < 50; i++) {
		struct seen s = {.done = 0};

		ck_assert_int_eq(nng_thread_create(&s.thread, see, &s), 0);
		nng_thread_destroy(s.thread);
		ck_assert_ptr_nonnull(s.found);
	}
}
END_TEST

START_TEST(threads_have_sigpipe_blocked)
{
	struct seen s = {.done = 0};

	ck_assert_int_eq(nng_thread_create(&s.thread, see, &s), NNG_OK);
	nng_thread_destroy(s.thread);
	ck_assert(s.sigpipe);
}
END_TEST

static void
slow(void *arg)
{
	struct seen *s = arg;

	(void)latch_wait(&s->go, 1);
	nng_msleep(20);
	s->done = 1;
}

START_TEST(destroy_waits_however_long_the_function_takes)
{
	struct seen s = {.done = 0};

	latch_init(&s.go);
	ck_assert_int_eq(nng_thread_create(&s.thread, slow, &s), NNG_OK);
	latch_hit(&s.go);
	nng_thread_destroy(s.thread);
	ck_assert_int_eq(s.done, 1);
	latch_fini(&s.go);
}
END_TEST

static void
name_of_self(void *arg)
{
	struct seen *s = arg;

	(void)latch_wait(&s->go, 1);
	(void)prctl(PR_GET_NAME, s->name, 0, 0, 0);
}

START_TEST(a_thread_is_named_by_another)
{
	struct seen s = {.done = 0};

	latch_init(&s.go);
	ck_assert_int_eq(nng_thread_create(&s.thread, name_of_self, &s), 0);
	nng_thread_set_name(s.thread, "fifteen-letters");
	latch_hit(&s.go);
	nng_thread_destroy(s.thread);
	ck_assert_str_eq(s.name, "fifteen-letters");
	latch_fini(&s.go);
}
END_TEST

static void
name_oneself(void *arg)
{
	struct seen *s = arg;

	nng_thread_set_name(NULL, "mine");
	(void)prctl(PR_GET_NAME, s->name, 0, 0, 0);
}

START_TEST(null_names_the_calling_thread)
{
	struct seen s = {.done = 0};

	ck_assert_int_eq(nng_thread_create(&s.thread, name_oneself, &s), 0);
	nng_thread_destroy(s.thread);
	ck_assert_str_eq(s.name, "mine");
}
END_TEST

static void
name_twice(void *arg)
{
	struct seen *s = arg;

	nng_thread_set_name(NULL, "short");
	nng_thread_set_name(NULL, "sixteen-letters!");
	(void)prctl(PR_GET_NAME, s->name, 0, 0, 0);
}

START_TEST(a_name_of_more_than_15_bytes_has_no_effect)
{
	struct seen s = {.done = 0};

	ck_assert_int_eq(nng_thread_create(&s.thread, name_twice, &s), 0);
	nng_thread_destroy(s.thread);
	ck_assert_str_eq(s.name, "short");
}
END_TEST

static void
block_on_aio(void *arg)
{
	struct seen *s = arg;
	nng_aio *aio;

	if (nng_aio_alloc(&aio, NULL, NULL) != NNG_OK) {
		return;
	}
	nng_sleep_aio(2, aio);
	nng_aio_wait(aio);
	s->done = nng_aio_result(aio) == NNG_OK;
	nng_aio_free(aio);
}

START_TEST(threads_may_call_what_blocks)
{
	struct seen s = {.done = 0};

	ck_assert_int_eq(nng_init(NULL), NNG_OK);
	ck_assert_int_eq(nng_thread_create(&s.thread, block_on_aio, &s), 0);
	nng_thread_destroy(s.thread);
	ck_assert_int_eq(s.done, 1);
	nng_fini();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/threads");
	/* Without init: threads need none. */
	TCase *tc = con_case_bare(suite, "threads");

	tcase_add_test(tc, a_thread_runs_its_function_and_destroy_waits_for_it);
	tcase_add_test(tc, the_pointer_is_there_before_the_thread_runs);
	tcase_add_test(tc, threads_have_sigpipe_blocked);
	tcase_add_test(tc, destroy_waits_however_long_the_function_takes);
	tcase_add_test(tc, a_thread_is_named_by_another);
	tcase_add_test(tc, null_names_the_calling_thread);
	tcase_add_test(tc, a_name_of_more_than_15_bytes_has_no_effect);
	tcase_add_test(tc, threads_may_call_what_blocks);
	return run_suite(suite);
}
