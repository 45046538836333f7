/*
 * test_init - weir_init: nesting, threads, what it leaves, every failure.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/thread.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct rt_counts before;

static void
setup(void)
{
	rt_up(NULL);
	rt_down(); /* what stays for ever is there */
	before = rt_count();
}

static void
teardown(void)
{
	ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
	rt_expect_counts(before);
}

START_TEST(inits_nest_and_the_last_fini_ends)
{
	struct consumer c;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	}
	consumer_init(&c, NULL, NULL);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		weir_sleep_aio(1, c.aio);
		consumer_expect(&c, i + 1, WEIR_OK);
		consumer_settle(&c);
	}
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	weir_sleep_aio(1, c.aio);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	consumer_fini(&c);
	ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
}
END_TEST

START_TEST(settings_while_it_runs_are_ebusy_and_owe_no_fini)
{
	const weir_params p = {.size = sizeof(p), .num_task_threads = 3};

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_init(&p), WEIR_EBUSY);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
	/* And the other way round. */
	ck_assert_int_eq(weir_init(&p), WEIR_OK);
	ck_assert_int_eq(weir_init(&p), WEIR_EBUSY);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(a_thousand_lives_leave_nothing)
{
	for (int i = 0; i < 1000; i++) {
		weir_aio *aio;

		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
		ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
		weir_sleep_aio(i % 2 == 0 ? 1 : WEIR_INFINITE, aio);
		if (i % 3 == 0) {
			weir_aio_free(aio);
			aio = NULL;
		}
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		weir_aio_free(aio);
	}
}
END_TEST

START_TEST(there_are_exactly_the_threads_asked_for_by_name)
{
	/* More than once: a thread that names itself late is seen by luck. */
	for (int i = 0; i < 50; i++) {
		const weir_params p = {
		    .size = sizeof(p),
		    .num_task_threads = 3,
		    .max_task_threads = 9,
		    .num_expire_threads = 2,
		    .num_poller_threads = 2,
		};
		weir_stats stats = {.size = sizeof(stats)};
		struct rt_counts now;

		ck_assert_int_eq(weir_init(&p), WEIR_OK);
		now = rt_count();
		ck_assert_uint_eq(now.threads - before.threads, 7);
		ck_assert_uint_eq(proc_threads("weir-"), 7);
		ck_assert(proc_has_thread("weir-task-0"));
		ck_assert(proc_has_thread("weir-task-1"));
		ck_assert(proc_has_thread("weir-task-2"));
		ck_assert(proc_has_thread("weir-expire-0"));
		ck_assert(proc_has_thread("weir-expire-1"));
		ck_assert(proc_has_thread("weir-poll-0"));
		ck_assert(proc_has_thread("weir-poll-1"));
		ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
		ck_assert_uint_eq(stats.threads, 7);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
		rt_expect_counts(before);
	}
}
END_TEST

START_TEST(its_threads_block_asynchronous_signals)
{
	uint64_t must = 0;

	/* 32 and 33 belong to the C library; 9 and 19 cannot be blocked; what a
	 * thread does to itself must reach the program's crash handler. */
	static const int open[] = {SIGKILL, SIGSTOP, 32, 33, SIGSEGV, SIGBUS,
	    SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		bool is_open = false;

		for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
			is_open = is_open || sig == open[i];
		}
		if (!is_open) {
			must |= UINT64_C(1) << (sig - 1);
		}
	}
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_uint_ge(proc_threads("weir-"), 4);
	ck_assert_uint_eq(proc_blocked("weir-") & must, must);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(its_descriptors_are_close_on_exec)
{
	bool open_before[256];
	unsigned ours = 0;

	for (int fd = 0; fd < 256; fd++) {
		open_before[fd] = fcntl(fd, F_GETFD) >= 0;
	}
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	for (int fd = 0; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !open_before[fd]) {
			ck_assert_int_ne(flags & FD_CLOEXEC, 0);
			ours++;
		}
	}
	ck_assert_uint_ge(ours, 3);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(before_init_and_after_fini_calls_give_estate)
{
	void *const untouched = &before;

	for (int i = 0; i < 2; i++) {
		weir_aio *aio = untouched;
		weir_pool *pool = untouched;
		weir_strand *strand = untouched;
		weir_task *task = untouched;
		weir_interval *iv = untouched;
		weir_stream_dialer *d = untouched;
		weir_stream_listener *l = untouched;
		weir_fd *fd = untouched;
		const weir_fd_params fdp = {.size = sizeof(fdp)};
		weir_params params = {.size = sizeof(params)};
		weir_stats stats = {.size = sizeof(stats)};

		ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_ESTATE);
		ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_ESTATE);
		ck_assert_int_eq(weir_strand_alloc(&strand, NULL), WEIR_ESTATE);
		ck_assert_int_eq(
		    weir_task_alloc(&task, latch_hit_cb, NULL, NULL),
		    WEIR_ESTATE);
		ck_assert_int_eq(weir_interval_alloc(&iv, 1), WEIR_ESTATE);
		ck_assert_int_eq(
		    weir_stream_dialer_alloc(&d, "tcp://127.0.0.1:1"),
		    WEIR_ESTATE);
		ck_assert_int_eq(
		    weir_stream_listener_alloc(&l, "tcp://127.0.0.1:0"),
		    WEIR_ESTATE);
		ck_assert_int_eq(weir_fd_open(&fd, 0, &fdp), WEIR_ESTATE);
		ck_assert_int_eq(weir_get_params(&params), WEIR_ESTATE);
		ck_assert_int_eq(weir_get_stats(&stats), WEIR_ESTATE);
		ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
		ck_assert_ptr_eq(aio, untouched);
		ck_assert_ptr_eq(pool, untouched);
		ck_assert_ptr_eq(strand, untouched);
		ck_assert_ptr_eq(task, untouched);
		ck_assert_ptr_eq(iv, untouched);
		ck_assert_ptr_eq(d, untouched);
		ck_assert_ptr_eq(l, untouched);
		ck_assert_ptr_eq(fd, untouched);

		ck_assert_int_eq(weir_init(NULL), WEIR_OK);
		ck_assert_int_eq(weir_fini(), WEIR_OK);
	}
}
END_TEST

START_TEST(null_handles_are_harmless_before_init)
{
	weir_aio_free(NULL);
	weir_aio_reap(NULL);
	weir_aio_close(NULL);
	ck_assert_int_eq(weir_aio_stop(NULL), WEIR_OK);
	ck_assert_int_eq(weir_aio_wait(NULL), WEIR_OK);
	ck_assert_int_eq(weir_aio_cancel(NULL), WEIR_CANCEL_IDLE);
	ck_assert_int_eq(weir_pool_free(NULL), WEIR_OK);
	ck_assert_int_eq(weir_strand_free(NULL), WEIR_OK);
	weir_task_free(NULL);
	weir_interval_free(NULL);
}
END_TEST

/* --- Every failure ----------------------------------------------------- */

static const weir_params small = {
    .size = sizeof(small),
    .num_task_threads = 2,
    .num_expire_threads = 2,
    .num_poller_threads = 2,
};

/* The library works. */
static void
expect_life(void)
{
	struct consumer c;

	ck_assert_int_eq(weir_init(&small), WEIR_OK);
	consumer_init(&c, NULL, NULL);
	weir_sleep_aio(1, c.aio);
	consumer_expect(&c, 1, WEIR_OK);
	consumer_fini(&c);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}

START_TEST(what_is_asked_for_in_another_size_is_einval)
{
	weir_params params = {.size = sizeof(params) - 1};
	weir_stats stats = {.size = sizeof(stats) + 1};

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_get_params(NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_get_params(&params), WEIR_EINVAL);
	ck_assert_uint_eq(params.size, sizeof(params) - 1);
	ck_assert_int_eq(weir_get_stats(NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_EINVAL);
	ck_assert_uint_eq(stats.size, sizeof(stats) + 1);
	ck_assert_int_eq(weir_fini(), WEIR_OK); /* nobody is left inside */
}
END_TEST

START_TEST(init_without_memory_leaves_nothing)
{
	unsigned n;

	for (n = 1;; n++) {
		weir_err rv;

		wri_mem_fail_at(n);
		rv = weir_init(&small);
		wri_mem_fail_at(0);
		if (rv == WEIR_OK) {
			ck_assert_int_eq(weir_fini(), WEIR_OK);
			break;
		}
		ck_assert_int_eq(rv, WEIR_ENOMEM);
		ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
		rt_expect_counts(before);
		expect_life();
	}
	ck_assert_uint_ge(n, 7);
}
END_TEST

START_TEST(init_without_threads_leaves_nothing)
{
	for (unsigned n = 1; n <= 6; n++) {
		wri_thread_fail_at(n);
		ck_assert_int_eq(weir_init(&small), WEIR_EAGAIN);
		wri_thread_fail_at(0);
		ck_assert_int_eq(weir_fini(), WEIR_ESTATE);
		rt_expect_counts(before);
		expect_life();
	}
	wri_thread_fail_at(7);
	ck_assert_int_eq(weir_init(&small), WEIR_OK);
	wri_thread_fail_at(0);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(init_without_descriptors_leaves_nothing)
{
	/* What init calls before its threads run. */
	static const enum wri_sys_call calls[] = {WRI_SYS_EPOLL_CREATE,
	    WRI_SYS_EPOLL_CTL, WRI_SYS_EVENTFD, WRI_SYS_TIMERFD_CREATE,
	    WRI_SYS_OPEN};
	unsigned failed = 0;

	for (unsigned k = 0; k < sizeof(calls) / sizeof(calls[0]); k++) {
		for (unsigned n = 1;; n++) {
			unsigned made;
			weir_err rv;

			wri_sys_fail_at(calls[k], n, EMFILE);
			rv = weir_init(&small);
			made = wri_sys_calls(calls[k]);
			wri_sys_fail_at(calls[k], 0, 0);
			if (rv == WEIR_OK) {
				ck_assert_int_eq(weir_fini(), WEIR_OK);
			} else {
				ck_assert_int_eq(rv, WEIR_ENOFILES);
				failed++;
			}
			rt_expect_counts(before);
			expect_life();
			if (made < n) {
				break;
			}
		}
	}
	ck_assert_uint_ge(failed, 6);
}
END_TEST

/* --- From inside ------------------------------------------------------- */

static void
then_init_and_fini(struct consumer *c)
{
	weir_err *got = c->arg;

	got[0] = weir_init(NULL);
	got[1] = weir_fini();
}

START_TEST(in_a_callback_init_and_fini_are_edeadlk)
{
	struct consumer c;
	weir_err got[2] = {WEIR_OK, WEIR_OK};

	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	consumer_init(&c, then_init_and_fini, got);
	weir_sleep_aio(1, c.aio);
	consumer_wait(&c, 1);
	ck_assert_int_eq(got[0], WEIR_EDEADLK);
	ck_assert_int_eq(got[1], WEIR_EDEADLK);
	consumer_fini(&c);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

/* --- At once ----------------------------------------------------------- */

static _Atomic unsigned wrong;

static void *
nest_main(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		weir_aio *aio;

		if (weir_init(NULL) != WEIR_OK) {
			wrong++;
			continue;
		}
		/* Between our init and our fini it runs, whoever else does
		 * what. */
		if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
			wrong++;
		} else {
			weir_sleep_aio(1, aio);
			(void)weir_aio_wait(aio);
			wrong += weir_aio_result(aio) != WEIR_OK;
			weir_aio_free(aio);
		}
		wrong += weir_fini() != WEIR_OK;
	}
	return NULL;
}

START_TEST(many_threads_init_and_fini_at_once)
{
	pthread_t t[4];

	wrong = 0;
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(
		    pthread_create(&t[i], NULL, nest_main, NULL), 0);
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(t[i], NULL), 0);
	}
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("weir");
	TCase *tc = tcase_create("init");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, inits_nest_and_the_last_fini_ends);
	tcase_add_test(tc, settings_while_it_runs_are_ebusy_and_owe_no_fini);
	tcase_add_test(tc, a_thousand_lives_leave_nothing);
	tcase_add_test(tc, there_are_exactly_the_threads_asked_for_by_name);
	tcase_add_test(tc, its_threads_block_asynchronous_signals);
	tcase_add_test(tc, its_descriptors_are_close_on_exec);
	tcase_add_test(tc, before_init_and_after_fini_calls_give_estate);
	tcase_add_test(tc, null_handles_are_harmless_before_init);
	tcase_add_test(tc, what_is_asked_for_in_another_size_is_einval);
	tcase_add_test(tc, init_without_memory_leaves_nothing);
	tcase_add_test(tc, init_without_threads_leaves_nothing);
	tcase_add_test(tc, init_without_descriptors_leaves_nothing);
	tcase_add_test(tc, in_a_callback_init_and_fini_are_edeadlk);
	tcase_add_test(tc, many_threads_init_and_fini_at_once);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
