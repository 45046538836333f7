/*
 * test_fd - operations on descriptors, as a stranger's service submits them.
 */
#include "aio/consumer.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/provider.h>

#include <check.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static weir_fd *fd;
static int peer;
static struct latch in_step, leave_step;
static bool hold; /* a step that finds nothing waits before it says so */

static weir_err
step(weir_aio *aio, int number, void *arg, unsigned *flags)
{
	char byte;
	ssize_t n = recv(number, &byte, 1, 0);

	(void)arg;
	(void)flags;
	weir_aio_set_count(aio, n > 0);
	if (n < 0 && hold) {
		latch_hit(&in_step);
		(void)latch_wait(&leave_step, 1);
	}
	return n < 0 ? WEIR_EAGAIN : WEIR_OK;
}

static const weir_fdop op = {
    .size = sizeof(op), .name = "byte", .try_step = step};

static void
setup(void)
{
	const weir_fd_params params = {.size = sizeof(params)};
	int pair[2];

	rt_setup();
	latch_init(&in_step);
	latch_init(&leave_step);
	hold = false;
	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
	    0);
	ck_assert_int_eq(weir_fd_open(&fd, pair[0], &params), WEIR_OK);
	peer = pair[1];
}

static void
teardown(void)
{
	weir_fd_close(fd);
	ck_assert_int_eq(close(peer), 0);
	latch_fini(&in_step);
	latch_fini(&leave_step);
	rt_teardown();
}

/* EAGAIN is what a step says that is not done: as a reason it is a result. */
START_TEST(a_shut_with_eagain_ends_what_waits)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	weir_fd_submit(fd, WEIR_DIR_READ, c.aio, &op);
	weir_fd_shut(fd, WEIR_EAGAIN);
	consumer_expect(&c, 1, WEIR_EAGAIN);
	consumer_fini(&c);
}
END_TEST

/* Also if it is the one that close gives. */
START_TEST(the_first_code_of_a_direction_stays)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	weir_fd_shut(fd, WEIR_ECLOSED);
	weir_fd_shut(fd, WEIR_ECONNRESET);
	weir_fd_submit(fd, WEIR_DIR_READ, c.aio, &op);
	consumer_expect(&c, 1, WEIR_ECLOSED);
	consumer_fini(&c);
}
END_TEST

static void *
submit_main(void *aio)
{
	weir_fd_submit(fd, WEIR_DIR_READ, aio, &op);
	return NULL;
}

START_TEST(an_abort_with_eagain_during_a_step_ends_it)
{
	struct consumer c;
	pthread_t thread;

	consumer_init(&c, NULL, NULL);
	/* Wait once, so that it is started when the next step is made. */
	weir_fd_submit(fd, WEIR_DIR_READ, c.aio, &op);
	ck_assert_int_eq(send(peer, "x", 1, 0), 1);
	consumer_expect(&c, 1, WEIR_OK);
	consumer_settle(&c);
	hold = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, submit_main, c.aio), 0);
	ck_assert(latch_wait(&in_step, 1));
	ck_assert_int_eq(
	    weir_aio_abort(c.aio, WEIR_EAGAIN), WEIR_CANCEL_REQUESTED);
	hold = false;
	latch_hit(&leave_step);
	consumer_expect(&c, 2, WEIR_EAGAIN);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	consumer_fini(&c);
}
END_TEST

/* More than one owner makes in a row. */
START_TEST(many_operations_take_turns_and_none_is_left)
{
	enum { MANY = 100 };
	static struct consumer c[MANY];
	char bytes[MANY] = "";

	for (int i = 0; i < MANY; i++) {
		consumer_init(&c[i], NULL, NULL);
		weir_fd_submit(fd, WEIR_DIR_READ, c[i].aio, &op);
	}
	ck_assert_int_eq(send(peer, bytes, MANY, 0), MANY);
	for (int i = 0; i < MANY; i++) {
		consumer_expect(&c[i], 1, WEIR_OK);
		consumer_fini(&c[i]);
	}
}
END_TEST

START_TEST(what_cannot_be_watched_is_einval_and_stays_the_callers)
{
	const weir_fd_params right = {.size = sizeof(right)};
	const weir_fd_params wrong = {.size = sizeof(wrong) - 1};
	weir_fd *other = fd;

	ck_assert_int_eq(weir_fd_open(NULL, peer, &right), WEIR_EINVAL);
	ck_assert_int_eq(weir_fd_open(&other, -1, &right), WEIR_EINVAL);
	ck_assert_int_eq(weir_fd_open(&other, peer, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_fd_open(&other, peer, &wrong), WEIR_EINVAL);
	ck_assert_ptr_eq(other, fd);
	ck_assert_int_eq(weir_fd_number(NULL), -1);
	ck_assert_int_eq(send(peer, "x", 1, 0), 1); /* it is open */
}
END_TEST

START_TEST(what_is_no_operation_ends_with_einval)
{
	const weir_fdop wrong = {.size = sizeof(wrong) + 1, .try_step = step};
	struct consumer c;
	unsigned n = 0;

	consumer_init(&c, NULL, NULL);
	weir_fd_submit(NULL, WEIR_DIR_READ, c.aio, &op);
	consumer_expect(&c, ++n, WEIR_EINVAL);
	weir_fd_submit(fd, WEIR_DIR_READ, c.aio, NULL);
	consumer_expect(&c, ++n, WEIR_EINVAL);
	weir_fd_submit(fd, WEIR_DIR_READ, c.aio, &wrong);
	consumer_expect(&c, ++n, WEIR_EINVAL);
	weir_fd_submit(fd, (weir_dir)2, c.aio, &op);
	consumer_expect(&c, ++n, WEIR_EINVAL);
	consumer_fini(&c);
}
END_TEST

START_TEST(one_direction_is_shut_and_the_other_goes_on)
{
	struct consumer in, out;

	consumer_init(&in, NULL, NULL);
	consumer_init(&out, NULL, NULL);
	weir_fd_submit(fd, WEIR_DIR_READ, in.aio, &op);
	weir_fd_shut_dir(NULL, WEIR_DIR_WRITE, WEIR_ECLOSED);
	weir_fd_shut_dir(fd, (weir_dir)2, WEIR_ECLOSED); /* no direction */
	weir_fd_shut_dir(fd, WEIR_DIR_WRITE, WEIR_ECLOSED);
	weir_fd_submit(fd, WEIR_DIR_WRITE, out.aio, &op);
	consumer_expect(&out, 1, WEIR_ECLOSED);
	ck_assert_int_eq(send(peer, "x", 1, 0), 1);
	consumer_expect(&in, 1, WEIR_OK);
	consumer_fini(&in);
	consumer_fini(&out);
}
END_TEST

static void *
drain_main(void *arg)
{
	static weir_err rv;

	(void)arg;
	rv = weir_fd_drain(fd);
	return &rv;
}

START_TEST(drain_waits_for_a_step_that_is_under_way)
{
	struct consumer c;
	pthread_t submitter, drainer;
	void *rv;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_fd_drain(NULL), WEIR_OK);
	hold = true;
	ck_assert_int_eq(
	    pthread_create(&submitter, NULL, submit_main, c.aio), 0);
	ck_assert(latch_wait(&in_step, 1));
	weir_fd_shut(fd, WEIR_ECONNRESET);
	ck_assert_int_eq(pthread_create(&drainer, NULL, drain_main, NULL), 0);
	hold = false;
	latch_hit(&leave_step);
	ck_assert_int_eq(pthread_join(drainer, &rv), 0);
	ck_assert_int_eq(*(weir_err *)rv, WEIR_OK);
	ck_assert_int_eq(pthread_join(submitter, NULL), 0);
	consumer_expect(&c, 1, WEIR_ECONNRESET);
	consumer_fini(&c);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("fd");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_shut_with_eagain_ends_what_waits);
	tcase_add_test(tc, the_first_code_of_a_direction_stays);
	tcase_add_test(tc, an_abort_with_eagain_during_a_step_ends_it);
	tcase_add_test(tc, many_operations_take_turns_and_none_is_left);
	tcase_add_test(
	    tc, what_cannot_be_watched_is_einval_and_stays_the_callers);
	tcase_add_test(tc, what_is_no_operation_ends_with_einval);
	tcase_add_test(tc, one_direction_is_shut_and_the_other_goes_on);
	tcase_add_test(tc, drain_waits_for_a_step_that_is_under_way);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
