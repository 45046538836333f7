/*
 * test_chan_end - how a channel and what waits on it end: cancel, timeout,
 * stop, close, free, weir_fini, fork.
 */
#include "chan/rig.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"
#include "weir/proc.h"

#include <weir/weir.h>

#include <check.h>

/* --- One operation ----------------------------------------------------- */

/* Ways to end what waits, and what that says. */
static weir_chan *ending;

static void
by_cancel(struct op *op)
{
	ck_assert_int_eq(weir_aio_cancel(op->aio), WEIR_CANCEL_REQUESTED);
}

static void
by_abort(struct op *op)
{
	ck_assert_int_eq(
	    weir_aio_abort(op->aio, WEIR_EPROTO), WEIR_CANCEL_REQUESTED);
}

static void
by_time(struct op *op)
{
	(void)op; /* set before */
}

static void
by_stop(struct op *op)
{
	ck_assert_int_eq(weir_aio_stop(op->aio), WEIR_OK);
}

static void
by_close(struct op *op)
{
	(void)op;
	weir_chan_close(ending);
}

static void
by_free(struct op *op)
{
	(void)op;
	weir_chan_free(ending);
	ending = NULL;
}

static const struct {
	void (*end)(struct op *op);
	weir_err result;
} ends[] = {
    {by_cancel, WEIR_ECANCELED},
    {by_abort, WEIR_EPROTO},
    {by_time, WEIR_ETIMEDOUT},
    {by_stop, WEIR_ESTOPPED},
    {by_close, WEIR_ECLOSED},
    {by_free, WEIR_ECLOSED},
};
#define ENDS (int)(sizeof(ends) / sizeof(ends[0]))

START_TEST(a_send_that_ends_otherwise_keeps_its_message)
{
	struct op op;

	ending = chan_of(_i % 2 == 0 ? 0 : 1);
	if (_i % 2 != 0) {
		put(ending, 1);
	}
	op_init(&op);
	if (ends[_i].end == by_time) {
		ck_assert_int_eq(
		    weir_aio_set_timeout(op.aio, WEIR_MS(3)), WEIR_OK);
	}
	op_send(&op, ending, 77);
	ends[_i].end(&op);
	op_expect_unsent(&op, ends[_i].result, 77);
	if (ending != NULL && _i % 2 != 0) {
		get(ending, 1); /* and nothing of the other */
		ck_assert_uint_eq(weir_chan_len(ending), 0);
	}
	op_fini(&op);
	weir_chan_free(ending);
}
END_TEST

START_TEST(a_receive_that_ends_otherwise_has_nothing)
{
	struct op op, send;

	ending = chan_of(_i % 2 == 0 ? 0 : 1);
	op_init(&op);
	if (ends[_i].end == by_time) {
		ck_assert_int_eq(
		    weir_aio_set_timeout(op.aio, WEIR_MS(3)), WEIR_OK);
	}
	op_recv(&op, ending);
	ends[_i].end(&op);
	op_expect_nothing(&op, ends[_i].result);
	if (ending != NULL && ends[_i].end != by_close) {
		/* What is sent now is not for it. */
		op_init(&send);
		op_send(&send, ending, 5);
		get(ending, 5);
		op_expect_sent(&send);
		op_fini(&send);
	}
	op_fini(&op);
	weir_chan_free(ending);
}
END_TEST

/* --- Close ------------------------------------------------------------- */

START_TEST(close_lets_out_what_is_queued_and_nothing_in)
{
	weir_chan *ch = chan_of(2);
	struct op wait, op;

	op_init(&wait);
	op_init(&op);
	put(ch, 1);
	put(ch, 2);
	op_send(&wait, ch, 3);
	weir_chan_close(ch);
	op_expect_unsent(&wait, WEIR_ECLOSED, 3);
	weir_chan_close(ch);
	op_send(&op, ch, 4);
	op_expect_unsent(&op, WEIR_ECLOSED, 4);
	ck_assert_uint_eq(weir_chan_len(ch), 2);
	get(ch, 1);
	op_send(&op, ch, 4); /* room does not matter */
	op_expect_unsent(&op, WEIR_ECLOSED, 4);
	get(ch, 2);
	for (int i = 0; i < 2; i++) {
		op_recv(&op, ch);
		op_expect_nothing(&op, WEIR_ECLOSED);
	}
	/* Also where nothing may wait. */
	ck_assert_int_eq(weir_aio_set_timeout(op.aio, 0), WEIR_OK);
	op_recv(&op, ch);
	op_expect_nothing(&op, WEIR_ECLOSED);
	op_fini(&wait);
	op_fini(&op);
	weir_chan_free(ch);
}
END_TEST

START_TEST(close_ends_more_than_one_batch)
{
	enum { MANY = 200 };
	weir_chan *ch = chan_of(0);
	struct op op[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		op_init(&op[i]);
		op_send(&op[i], ch, i);
	}
	weir_chan_close(ch);
	for (uint32_t i = 0; i < MANY; i++) {
		op_expect_unsent(&op[i], WEIR_ECLOSED, i);
	}
	weir_chan_free(ch);
	ch = chan_of(3);
	for (uint32_t i = 0; i < MANY; i++) {
		op_recv(&op[i], ch);
	}
	weir_chan_free(ch);
	for (uint32_t i = 0; i < MANY; i++) {
		op_expect_nothing(&op[i], WEIR_ECLOSED);
		op_fini(&op[i]);
	}
}
END_TEST

START_TEST(free_frees_what_is_queued)
{
	weir_chan *ch = chan_of(100);

	for (uint32_t i = 0; i < 100; i++) {
		put(ch, i);
	}
	for (uint32_t i = 0; i < 30; i++) {
		get(ch, i);
	}
	put(ch, 1);         /* round the ring */
	weir_chan_free(ch); /* rt_teardown counts bytes */
}
END_TEST

/* --- In a callback ----------------------------------------------------- */

static struct latch ended;
static weir_aio *own;
static weir_err own_result;

static void
frees_its_channel(void *arg)
{
	own_result = weir_aio_result(own);
	weir_chan_free(arg);
	latch_hit(&ended);
}

START_TEST(a_channel_may_be_freed_in_the_callback_of_its_operation)
{
	weir_chan *ch = chan_of(1);
	struct op other;

	latch_init(&ended);
	op_init(&other);
	ck_assert_int_eq(weir_aio_alloc(&own, frees_its_channel, ch), WEIR_OK);
	weir_chan_recv(ch, own);
	op_recv(&other, ch);
	ck_assert_int_eq(weir_aio_cancel(own), WEIR_CANCEL_REQUESTED);
	ck_assert(latch_wait(&ended, 1));
	ck_assert_int_eq(own_result, WEIR_ECANCELED);
	op_expect_nothing(&other, WEIR_ECLOSED);
	weir_aio_free(own);
	op_fini(&other);
	latch_fini(&ended);
}
END_TEST

/* --- weir_fini and fork ------------------------------------------------ */

START_TEST(fini_ends_what_waits_and_the_channel_keeps_what_is_queued)
{
	weir_chan *full, *empty;
	struct op send, recv;

	rt_up(NULL);
	full = chan_of(2);
	empty = chan_of(0);
	op_init(&send);
	op_init(&recv);
	put(full, 1);
	put(full, 2);
	op_send(&send, full, 3);
	op_recv(&recv, empty);
	rt_expect_log(); /* handles live on */
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	op_expect_unsent(&send, WEIR_ESTOPPED, 3);
	op_expect_nothing(&recv, WEIR_ESTOPPED);
	ck_assert_uint_eq(weir_chan_len(full), 2);
	op_send(&send, full, 4); /* dropped */
	ck_assert_uint_eq(number_of(weir_aio_get_msg(send.aio)), 4);
	ck_assert_int_eq(weir_aio_set_msg(send.aio, NULL), WEIR_OK);
	op_fini(&send);
	op_fini(&recv);
	ck_assert_int_eq(weir_chan_alloc(&empty, 1), WEIR_ESTATE);
	weir_chan_free(empty);
	/* A new life: it works on. */
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	get(full, 1);
	put(full, 3);
	get(full, 2);
	weir_chan_free(full); /* one is queued */
	rt_down();
}
END_TEST

START_TEST(a_channel_freed_after_fini_leaves_nothing)
{
	weir_chan *ch;
	struct op send, recv;

	rt_up(NULL);
	ch = chan_of(1);
	op_init(&send);
	op_init(&recv);
	put(ch, 1);
	op_send(&send, ch, 2);
	rt_expect_log();
	ck_assert_int_eq(weir_fini(), WEIR_OK);
	weir_chan_free(ch);
	op_expect_unsent(&send, WEIR_ESTOPPED, 2);
	op_fini(&send);
	op_fini(&recv);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	rt_down();
}
END_TEST

static int
child(void *arg)
{
	weir_chan *ch = arg, *made = NULL;

	if (weir_chan_alloc(&made, 1) != WEIR_EFORK || made != NULL ||
	    weir_chan_len(ch) != 0) {
		return 1;
	}
	weir_chan_close(ch);
	weir_chan_free(ch);
	return weir_chan_capacity(ch) == 5 ? 0 : 2;
}

START_TEST(a_forked_child_does_nothing_with_it)
{
	weir_chan *ch;

	rt_up(NULL);
	ch = chan_of(5);
	put(ch, 1);
	ck_assert_int_eq(proc_fork(child, ch, 20), 0);
	get(ch, 1);
	weir_chan_free(ch);
	rt_down();
}
END_TEST

/* --- A close whose callbacks free -------------------------------------- */

#define CROWD 200 /* several batches of close */

static _Atomic unsigned crowd_ended;

static void
free_once(void *arg)
{
	if (crowd_ended++ == 0) {
		weir_chan_free(ending);
	}
	latch_hit(arg);
}

START_TEST(a_callback_may_free_what_is_being_closed)
{
	weir_aio *aios[CROWD];
	struct latch all;

	latch_init(&all);
	crowd_ended = 0;
	ck_assert_int_eq(weir_chan_alloc(&ending, 1), WEIR_OK);
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&aios[i], free_once, &all), WEIR_OK);
		weir_chan_recv(ending, aios[i]);
	}
	weir_chan_close(ending);
	ck_assert(latch_wait(&all, CROWD));
	for (unsigned i = 0; i < CROWD; i++) {
		weir_aio_free(aios[i]);
	}
	latch_fini(&all);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("chan_end");
	TCase *op = tcase_create("op");
	TCase *life = tcase_create("life");

	tcase_add_checked_fixture(op, rt_setup, rt_teardown);
	tcase_add_loop_test(
	    op, a_send_that_ends_otherwise_keeps_its_message, 0, ENDS);
	tcase_add_loop_test(
	    op, a_receive_that_ends_otherwise_has_nothing, 0, ENDS);
	tcase_add_test(op, close_lets_out_what_is_queued_and_nothing_in);
	tcase_add_test(op, close_ends_more_than_one_batch);
	tcase_add_test(op, free_frees_what_is_queued);
	tcase_add_test(
	    op, a_channel_may_be_freed_in_the_callback_of_its_operation);
	suite_add_tcase(suite, op);
	tcase_add_test(
	    life, fini_ends_what_waits_and_the_channel_keeps_what_is_queued);
	tcase_add_test(life, a_channel_freed_after_fini_leaves_nothing);
	tcase_add_test(life, a_forked_child_does_nothing_with_it);
	tcase_add_test(op, a_callback_may_free_what_is_being_closed);
	suite_add_tcase(suite, life);
	return run_suite(suite);
}
