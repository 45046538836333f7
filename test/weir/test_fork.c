/*
 * test_fork - a forked child gets WEIR_EFORK, never a deadlock; the parent
 * does not notice.
 *
 * Shape      a child that finds something wrong exits with the number of the
 *            line.
 */
#include "aio/consumer.h"
#include "aio/toy.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the child; a line above 250 is told modulo that, never 0. */
#define CHILD_MUST(cond)                                                       \
	do {                                                                   \
		if (!(cond)) {                                                 \
			(void)fprintf(stderr, "%s:%d: child: %s\n", __FILE__,  \
			    __LINE__, #cond);                                  \
			_exit(1 + __LINE__ % 250);                             \
		}                                                              \
	} while (0)

/* What the parent made and the child inherits. */
static struct toy toy;
static struct consumer idle, busy, waiter;
static weir_pool *pool;
static weir_strand *strand;
static weir_task *task;
static weir_interval *iv;
static struct latch ran;
static weir_fd *watched; /* of the pair's end 0 */
static int pair[2];

static weir_err
byte_step(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	char byte;

	(void)arg;
	(void)flags;
	if (recv(fd, &byte, 1, MSG_DONTWAIT) != 1) {
		return WEIR_EAGAIN;
	}
	weir_aio_set_count(aio, 1);
	return WEIR_OK;
}

static const weir_fdop byte_op = {
    .size = sizeof(byte_op), .name = "byte", .try_step = byte_step};

static void
watched_open(void)
{
	const weir_fd_params params = {.size = sizeof(params)};

	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ck_assert_int_eq(weir_fd_open(&watched, pair[0], &params), WEIR_OK);
}

/* Nobody in a child has shut or closed it. */
static void
watched_close(void)
{
	weir_fd_submit(watched, WEIR_DIR_READ, idle.aio, &byte_op);
	ck_assert_int_eq(write(pair[1], "x", 1), 1);
	consumer_expect(&idle, 2, WEIR_OK);
	weir_fd_close(watched);
	(void)close(pair[1]);
}

static void
setup(void)
{
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
	latch_init(&ran);
	consumer_init(&idle, NULL, NULL);
	consumer_init(&busy, NULL, NULL);
	consumer_init_waiter(&waiter);
	toy_submit(&toy, busy.aio);
	weir_sleep_aio(WEIR_SECONDS(3600), waiter.aio);
	ck_assert_int_eq(weir_pool_alloc(&pool, NULL), WEIR_OK);
	ck_assert_int_eq(weir_strand_alloc(&strand, pool), WEIR_OK);
	ck_assert_int_eq(weir_task_alloc(&task, latch_hit_cb, &ran,
			     weir_strand_exec(strand)),
	    WEIR_OK);
	ck_assert_int_eq(weir_interval_alloc(&iv, WEIR_MS(1)), WEIR_OK);
	watched_open();
}

/* The parent goes on as if nothing had happened. */
static void
teardown(void)
{
	ck_assert(weir_aio_busy(busy.aio));
	ck_assert_uint_eq(busy.calls, 0);
	ck_assert(toy_finish(&toy, busy.aio, WEIR_OK, 3));
	consumer_expect(&busy, 1, WEIR_OK);
	weir_sleep_aio(1, idle.aio);
	consumer_expect(&idle, 1, WEIR_OK);
	watched_close();
	ck_assert_int_eq(weir_aio_cancel(waiter.aio), WEIR_CANCEL_REQUESTED);
	ck_assert_int_eq(weir_aio_wait(waiter.aio), WEIR_OK);
	ck_assert_int_eq(weir_task_post(task), WEIR_OK);
	ck_assert(latch_wait(&ran, 1));
	weir_task_free(task);
	ck_assert_int_eq(weir_strand_free(strand), WEIR_OK);
	ck_assert_int_eq(weir_pool_free(pool), WEIR_OK);
	weir_interval_free(iv);
	consumer_fini(&idle);
	consumer_fini(&busy);
	consumer_fini(&waiter);
	rt_down();
	latch_fini(&ran);
	toy_fini(&toy);
}

static int
child_makes(void *arg)
{
	weir_aio *aio = NULL;
	weir_pool *p = NULL;
	weir_strand *s = NULL;
	weir_task *t = NULL;
	weir_interval *i = NULL;
	weir_stream_dialer *d = NULL;
	weir_stream_listener *l = NULL;
	weir_fd *fd = NULL;
	const weir_fd_params fdp = {.size = sizeof(fdp)};
	weir_params params = {.size = sizeof(params)};
	weir_stats stats = {.size = sizeof(stats)};

	(void)arg;
	CHILD_MUST(weir_init(NULL) == WEIR_EFORK);
	CHILD_MUST(weir_init(&params) == WEIR_EFORK);
	CHILD_MUST(weir_fini() == WEIR_EFORK);
	CHILD_MUST(weir_aio_alloc(&aio, NULL, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_pool_alloc(&p, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_strand_alloc(&s, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_task_alloc(&t, latch_hit_cb, NULL, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_interval_alloc(&i, 1) == WEIR_EFORK);
	CHILD_MUST(
	    weir_stream_dialer_alloc(&d, "tcp://127.0.0.1:1") == WEIR_EFORK);
	CHILD_MUST(
	    weir_stream_listener_alloc(&l, "tcp://127.0.0.1:0") == WEIR_EFORK);
	CHILD_MUST(weir_fd_open(&fd, 0, &fdp) == WEIR_EFORK);
	CHILD_MUST(weir_get_params(&params) == WEIR_EFORK);
	CHILD_MUST(weir_get_stats(&stats) == WEIR_EFORK);
	CHILD_MUST(aio == NULL && p == NULL && s == NULL && t == NULL);
	CHILD_MUST(i == NULL && d == NULL && l == NULL && fd == NULL);
	/* These need no threads. */
	CHILD_MUST(weir_now() > 0);
	CHILD_MUST(strcmp(weir_strerror(WEIR_OK), "") != 0);
	CHILD_MUST(weir_version() != NULL);
	return 0;
}

START_TEST(calls_that_make_something_give_efork)
{
	ck_assert_int_eq(proc_fork(child_makes, NULL, 20), 0);
}
END_TEST

/* A handle in any state. */
static void
child_uses_handle(weir_aio *aio)
{
	const weir_iov iov = {&toy, 1};

	CHILD_MUST(weir_aio_set_timeout(aio, 0) == WEIR_EFORK);
	CHILD_MUST(weir_aio_set_expire(aio, 0) == WEIR_EFORK);
	CHILD_MUST(weir_aio_set_iov(aio, 1, &iov) == WEIR_EFORK);
	CHILD_MUST(weir_aio_borrow_iov(aio, 1, &iov) == WEIR_EFORK);
	CHILD_MUST(weir_aio_set_input(aio, 0, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_set_msg(aio, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_set_executor(aio, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_reset(aio) == WEIR_EFORK);
	CHILD_MUST(weir_aio_start(aio, &toy_providers[0], &toy) == WEIR_EFORK);
	CHILD_MUST(!weir_aio_finish(aio, WEIR_OK));
	CHILD_MUST(!weir_aio_finish_count(aio, WEIR_OK, 1));
	CHILD_MUST(weir_aio_cancel(aio) == WEIR_CANCEL_IDLE);
	CHILD_MUST(weir_aio_wait(aio) == WEIR_EFORK);
	CHILD_MUST(weir_aio_wait_until(aio, 0) == WEIR_EFORK);
	CHILD_MUST(weir_aio_stop(aio) == WEIR_EFORK);
	CHILD_MUST(weir_aio_stop_until(aio, 0, NULL, NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_result(aio) == WEIR_EFORK);
	(void)weir_aio_busy(aio);
	weir_aio_close(aio);
	weir_aio_set_tag(aio, "child");
	weir_sleep_aio(1, aio);
	weir_interval_next(iv, aio);
	toy_submit(&toy, aio);
}

static int
child_uses(void *arg)
{
	(void)arg;
	child_uses_handle(idle.aio);
	child_uses_handle(busy.aio);
	child_uses_handle(waiter.aio);
	CHILD_MUST(weir_task_post(task) == WEIR_EFORK);
	CHILD_MUST(weir_task_wait(task) == WEIR_EFORK);
	weir_fd_shut_dir(watched, WEIR_DIR_WRITE, WEIR_ESTOPPED);
	weir_fd_shut(watched, WEIR_ESTOPPED);
	CHILD_MUST(weir_fd_drain(watched) == WEIR_EFORK);
	return 0;
}

START_TEST(calls_on_what_was_inherited_give_efork)
{
	ck_assert_int_eq(proc_fork(child_uses, NULL, 20), 0);
}
END_TEST

static int
child_frees(void *arg)
{
	(void)arg;
	weir_aio_reap(idle.aio);
	weir_aio_free(busy.aio);
	weir_aio_free(waiter.aio);
	weir_task_free(task);
	(void)weir_strand_free(strand);
	(void)weir_pool_free(pool);
	weir_interval_free(iv);
	weir_fd_close(watched);
	return 0; /* by exit: atexit handlers run */
}

START_TEST(the_child_may_free_and_exit)
{
	ck_assert_int_eq(proc_fork(child_frees, NULL, 20), 0);
}
END_TEST

static int
grandchild(void *arg)
{
	weir_aio *aio;

	(void)arg;
	CHILD_MUST(weir_init(NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_alloc(&aio, NULL, NULL) == WEIR_EFORK);
	return 0;
}

static int
child_forks(void *arg)
{
	return proc_fork(grandchild, arg, 10);
}

START_TEST(a_childs_child_gets_efork_too)
{
	ck_assert_int_eq(proc_fork(child_forks, NULL, 20), 0);
}
END_TEST

static int
child_execs(void *arg)
{
	(void)arg;
	(void)execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
	return 1;
}

START_TEST(the_child_may_exec)
{
	ck_assert_int_eq(proc_fork(child_execs, NULL, 20), 9);
}
END_TEST

static struct latch in_callback;
static int callback_child;

static int
child_of_callback(void *arg)
{
	weir_aio *aio;

	(void)arg;
	CHILD_MUST(weir_fini() == WEIR_EFORK);
	CHILD_MUST(weir_init(NULL) == WEIR_EFORK);
	CHILD_MUST(weir_aio_alloc(&aio, NULL, NULL) == WEIR_EFORK);
	_exit(0);
}

static void
then_fork(struct consumer *c)
{
	(void)c;
	callback_child = proc_fork(child_of_callback, NULL, 20);
	latch_hit(&in_callback);
}

static int returned; /* status of a child that returned from a callback */

static void
then_return_in_child(struct consumer *c)
{
	pid_t pid = fork();

	(void)c;
	if (pid == 0) {
		(void)freopen("/dev/null", "w", stderr);
		return; /* it may not: what is queued is the parent's */
	}
	(void)waitpid(pid, &returned, 0);
	latch_hit(&in_callback);
}

START_TEST(a_child_that_returns_from_a_callback_ends)
{
	struct consumer c;

	latch_init(&in_callback);
	consumer_init(&c, then_return_in_child, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert(latch_wait(&in_callback, 1));
	ck_assert(WIFSIGNALED(returned) && WTERMSIG(returned) == SIGABRT);
	consumer_fini(&c);
	latch_fini(&in_callback);
}
END_TEST

START_TEST(a_callback_may_fork)
{
	struct consumer c;

	latch_init(&in_callback);
	consumer_init(&c, then_fork, NULL);
	weir_sleep_aio(1, c.aio);
	ck_assert(latch_wait(&in_callback, 1));
	ck_assert_int_eq(callback_child, 0);
	consumer_fini(&c);
	latch_fini(&in_callback);
}
END_TEST

/* ThreadSanitizer's own locks hang in a child forked while threads work. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FORK_UNDER_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FORK_UNDER_TSAN 1
#endif
#ifndef FORK_UNDER_TSAN
#define FORK_UNDER_TSAN 0
#endif

#if !FORK_UNDER_TSAN
static void
then_on(struct consumer *c)
{
	if (!*(_Atomic bool *)c->arg) {
		weir_sleep_aio(WEIR_US(50), c->aio);
	}
}

START_TEST(forks_while_it_works_do_no_harm_to_either)
{
	_Atomic bool stop = false;
	struct consumer c[4];

	for (int i = 0; i < 4; i++) {
		consumer_init(&c[i], then_on, (void *)&stop);
		weir_sleep_aio(1, c[i].aio);
	}
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(proc_fork(child_makes, NULL, 20), 0);
	}
	stop = true;
	for (int i = 0; i < 4; i++) {
		consumer_settle(&c[i]);
		ck_assert_uint_ge(c[i].calls, 2);
		consumer_fini(&c[i]);
	}
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("weir");
	TCase *tc = tcase_create("fork");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, calls_that_make_something_give_efork);
	tcase_add_test(tc, calls_on_what_was_inherited_give_efork);
	tcase_add_test(tc, the_child_may_free_and_exit);
	tcase_add_test(tc, a_childs_child_gets_efork_too);
	tcase_add_test(tc, the_child_may_exec);
	tcase_add_test(tc, a_child_that_returns_from_a_callback_ends);
	tcase_add_test(tc, a_callback_may_fork);
#if !FORK_UNDER_TSAN
	tcase_add_test(tc, forks_while_it_works_do_no_harm_to_either);
#endif
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
