/*
 * test_chan - messages through a channel: order, back-pressure, whose they are.
 */
#include "chan/rig.h"
#include "support/fault.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>

/* --- Making ------------------------------------------------------------ */

START_TEST(a_channel_wants_a_place_and_a_capacity_in_range)
{
	weir_chan *ch = NULL;

	ck_assert_int_eq(weir_chan_alloc(NULL, 1), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_chan_alloc(&ch, (size_t)WEIR_CHAN_MAX + 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_chan_alloc(&ch, SIZE_MAX), WEIR_EINVAL);
	ck_assert_ptr_null(ch);
	weir_chan_free(chan_of(0));
	weir_chan_free(chan_of(WEIR_CHAN_MAX));
}
END_TEST

START_TEST(no_channel_and_no_message_are_einval)
{
	struct op op;
	weir_chan *ch = chan_of(1);

	op_init(&op);
	weir_chan_send(ch, op.aio);
	op_expect_nothing(&op, WEIR_EINVAL);
	op_send(&op, NULL, 5);
	op_expect_unsent(&op, WEIR_EINVAL, 5);
	weir_chan_recv(NULL, op.aio);
	op_expect_nothing(&op, WEIR_EINVAL);
	op_fini(&op);
	weir_chan_send(ch, NULL);
	weir_chan_recv(ch, NULL);
	weir_chan_close(NULL);
	weir_chan_free(NULL);
	ck_assert_uint_eq(weir_chan_len(NULL), 0);
	ck_assert_uint_eq(weir_chan_capacity(NULL), 0);
	weir_chan_free(ch);
}
END_TEST

/* --- Order ------------------------------------------------------------- */

START_TEST(messages_come_out_in_the_order_they_went_in)
{
	weir_chan *ch = chan_of(7);
	uint32_t in = 0, out = 0;

	/* Round the ring, at every distance. */
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < round % 8; i++) {
			if (weir_chan_len(ch) < 7) {
				put(ch, in++);
			}
		}
		ck_assert_uint_eq(weir_chan_len(ch), in - out);
		for (int i = 0; i < round % 5 && out < in; i++) {
			get(ch, out++);
		}
	}
	while (out < in) {
		get(ch, out++);
	}
	ck_assert_uint_eq(weir_chan_len(ch), 0);
	weir_chan_free(ch);
}
END_TEST

START_TEST(a_send_to_a_full_channel_waits_for_room)
{
	weir_chan *ch = chan_of(2);
	struct op send[3];

	put(ch, 0);
	put(ch, 1);
	for (uint32_t i = 0; i < 3; i++) {
		op_init(&send[i]);
		op_send(&send[i], ch, 2 + i);
	}
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(weir_chan_len(ch), 2);
		ck_assert(weir_aio_busy(send[i].aio));
		get(ch, i);
		/* The first that waits moves up. */
		op_expect_sent(&send[i]);
	}
	get(ch, 3);
	get(ch, 4);
	for (uint32_t i = 0; i < 3; i++) {
		op_fini(&send[i]);
	}
	weir_chan_free(ch);
}
END_TEST

START_TEST(receivers_that_wait_are_served_in_order)
{
	weir_chan *ch = chan_of((size_t)_i);
	struct op recv[4];

	for (uint32_t i = 0; i < 4; i++) {
		op_init(&recv[i]);
		op_recv(&recv[i], ch);
	}
	for (uint32_t i = 0; i < 4; i++) {
		ck_assert(weir_aio_busy(recv[i].aio));
		put(ch, 10 + i);
		op_expect_got(&recv[i], 10 + i);
		ck_assert_uint_eq(weir_chan_len(ch), 0);
		op_fini(&recv[i]);
	}
	weir_chan_free(ch);
}
END_TEST

START_TEST(a_rendezvous_ends_when_both_are_there)
{
	weir_chan *ch = chan_of(0);
	struct op send[3];

	for (uint32_t i = 0; i < 3; i++) {
		op_init(&send[i]);
		op_send(&send[i], ch, i);
	}
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert(weir_aio_busy(send[i].aio));
		ck_assert_uint_eq(weir_chan_len(ch), 0);
		get(ch, i);
		op_expect_sent(&send[i]);
		op_fini(&send[i]);
	}
	weir_chan_free(ch);
}
END_TEST

START_TEST(who_gives_up_leaves_the_others_their_order)
{
	weir_chan *ch = chan_of(0);
	struct op op[3];

	for (uint32_t i = 0; i < 3; i++) {
		op_init(&op[i]);
		op_send(&op[i], ch, i);
	}
	ck_assert_int_eq(weir_aio_cancel(op[1].aio), WEIR_CANCEL_REQUESTED);
	op_expect_unsent(&op[1], WEIR_ECANCELED, 1);
	get(ch, 0);
	get(ch, 2);
	op_expect_sent(&op[0]);
	op_expect_sent(&op[2]);
	for (uint32_t i = 0; i < 3; i++) {
		op_recv(&op[i], ch);
	}
	ck_assert_int_eq(weir_aio_cancel(op[0].aio), WEIR_CANCEL_REQUESTED);
	op_expect_nothing(&op[0], WEIR_ECANCELED);
	put(ch, 5);
	op_expect_got(&op[1], 5);
	put(ch, 6);
	op_expect_got(&op[2], 6);
	for (uint32_t i = 0; i < 3; i++) {
		op_fini(&op[i]);
	}
	weir_chan_free(ch);
}
END_TEST

/* --- Polling ----------------------------------------------------------- */

START_TEST(timeout_zero_takes_what_is_ready_and_waits_for_nothing)
{
	weir_chan *ch = chan_of(1);
	struct op op;

	op_init(&op);
	ck_assert_int_eq(weir_aio_set_timeout(op.aio, 0), WEIR_OK);
	op_recv(&op, ch);
	op_expect_nothing(&op, WEIR_ETIMEDOUT);
	op_send(&op, ch, 1);
	op_expect_sent(&op);
	op_send(&op, ch, 2);
	op_expect_unsent(&op, WEIR_ETIMEDOUT, 2);
	op_recv(&op, ch);
	op_expect_got(&op, 1);
	op_fini(&op);
	weir_chan_free(ch);
}
END_TEST

/* --- Whose the message is ---------------------------------------------- */

START_TEST(the_message_itself_goes_over_not_a_copy)
{
	weir_chan *ch = chan_of(1);
	weir_msg *msg = msg_of(7);
	struct op op;

	op_init(&op);
	ck_assert_int_eq(weir_msg_header_append_u32(msg, 9), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_msg(op.aio, msg), WEIR_OK);
	weir_chan_send(ch, op.aio);
	op_expect_sent(&op);
	weir_chan_recv(ch, op.aio);
	ck_assert_int_eq(op_wait(&op), WEIR_OK);
	ck_assert_ptr_eq(weir_aio_get_msg(op.aio), msg);
	ck_assert_uint_eq(weir_msg_header_len(msg), 4);
	ck_assert_uint_eq(weir_aio_count(op.aio), 4); /* the body's */
	op_fini(&op);
	weir_chan_free(ch);
}
END_TEST

START_TEST(a_receive_forgets_the_message_that_was_in_its_handle)
{
	weir_chan *ch = chan_of(1);
	weir_msg *mine = msg_of(3);
	struct op op;

	op_init(&op);
	ck_assert_int_eq(weir_aio_set_msg(op.aio, mine), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_timeout(op.aio, 0), WEIR_OK);
	op_recv(&op, ch);
	op_expect_nothing(&op, WEIR_ETIMEDOUT);
	ck_assert_int_eq(weir_aio_set_msg(op.aio, mine), WEIR_OK);
	put(ch, 4);
	op_recv(&op, ch);
	op_expect_got(&op, 4);
	ck_assert_uint_eq(number_of(mine), 3); /* not freed */
	op_fini(&op);
	weir_chan_free(ch);
}
END_TEST

/* --- Memory ------------------------------------------------------------ */

START_TEST(sending_and_receiving_allocate_nothing)
{
	weir_chan *ch = chan_of(2);
	struct op send[4], recv[4];
	weir_msg *msgs[4];

	for (uint32_t i = 0; i < 4; i++) {
		op_init(&send[i]);
		op_init(&recv[i]);
		msgs[i] = msg_of(i);
		ck_assert_int_eq(
		    weir_aio_set_msg(send[i].aio, msgs[i]), WEIR_OK);
	}
	wri_mem_fail_at(1);
	for (int i = 0; i < 4; i++) {
		weir_chan_send(ch, send[i].aio);
	}
	for (int i = 0; i < 4; i++) {
		weir_chan_recv(ch, recv[i].aio);
	}
	for (uint32_t i = 0; i < 4; i++) {
		op_expect_sent(&send[i]);
		op_expect_got(&recv[i], i);
	}
	for (int i = 0; i < 4; i++) {
		weir_chan_recv(ch, recv[i].aio);
	}
	weir_chan_close(ch);
	for (int i = 0; i < 4; i++) {
		op_expect_nothing(&recv[i], WEIR_ECLOSED);
	}
	ck_assert_uint_eq(wri_load(&wri_mem_fault.calls, WRI_RLX), 0);
	wri_mem_fail_at(0);
	for (int i = 0; i < 4; i++) {
		op_fini(&send[i]);
		op_fini(&recv[i]);
	}
	weir_chan_free(ch);
}
END_TEST

/* One message from the making of all to the freeing of all. */
static weir_err
whole_trip(void)
{
	weir_chan *ch = NULL;
	weir_msg *msg = NULL;
	weir_aio *aio = NULL;
	weir_err rv = weir_chan_alloc(&ch, 3);

	if (rv == WEIR_OK) {
		rv = weir_aio_alloc(&aio, NULL, NULL);
	}
	if (rv == WEIR_OK) {
		rv = weir_msg_alloc(&msg, 100);
	}
	if (rv == WEIR_OK) {
		(void)weir_aio_set_msg(aio, msg);
		weir_chan_send(ch, aio);
		(void)weir_aio_wait(aio);
		rv = weir_aio_result(aio);
	}
	if (rv == WEIR_OK) {
		weir_chan_recv(ch, aio);
		(void)weir_aio_wait(aio);
		rv = weir_aio_result(aio);
		weir_msg_free(weir_aio_get_msg(aio));
	}
	weir_aio_free(aio);
	weir_chan_free(ch);
	return rv;
}

START_TEST(every_allocation_may_fail_and_nothing_is_left)
{
	size_t live = wri_mem_live();
	unsigned n;

	for (n = 1; n < 20; n++) {
		weir_err rv;

		wri_mem_fail_at(n);
		rv = whole_trip();
		wri_mem_fail_at(0);
		if (rv == WEIR_OK) {
			break;
		}
		ck_assert_int_eq(rv, WEIR_ENOMEM);
		ck_assert_uint_eq(wri_mem_live(), live);
	}
	ck_assert_uint_ge(n, 5); /* channel, handle, message and its bytes */
	ck_assert_uint_lt(n, 20);
}
END_TEST

/* --- The bound --------------------------------------------------------- */

#define MANY (WEIR_CHAN_QUEUE_MAX + 1)

static weir_aio *many[MANY];
static struct latch many_ended;

START_TEST(one_more_that_waits_than_the_bound_is_eagain)
{
	weir_chan *ch = chan_of(0);
	struct op op;

	latch_init(&many_ended);
	op_init(&op);
	for (int i = 0; i < WEIR_CHAN_QUEUE_MAX; i++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&many[i], latch_hit_cb, &many_ended),
		    WEIR_OK);
		weir_chan_recv(ch, many[i]);
	}
	op_recv(&op, ch);
	op_expect_nothing(&op, WEIR_EAGAIN);
	ck_assert_uint_eq(latch_hits(&many_ended), 0);
	/* One is served: there is room for one. */
	put(ch, 1);
	ck_assert(latch_wait(&many_ended, 1));
	ck_assert_uint_eq(number_of(weir_aio_get_msg(many[0])), 1);
	op_recv(&op, ch);
	ck_assert(weir_aio_busy(op.aio));
	weir_chan_close(ch);
	op_expect_nothing(&op, WEIR_ECLOSED);
	ck_assert(latch_wait(&many_ended, WEIR_CHAN_QUEUE_MAX));
	for (int i = 0; i < WEIR_CHAN_QUEUE_MAX; i++) {
		weir_aio_free(many[i]);
	}
	op_fini(&op);
	latch_fini(&many_ended);
	weir_chan_free(ch);
}
END_TEST

START_TEST(one_sender_more_than_the_bound_keeps_its_message)
{
	weir_chan *ch = chan_of(1);
	weir_msg *msg;
	struct op op;

	latch_init(&many_ended);
	op_init(&op);
	put(ch, 0);
	msg = msg_of(1);
	for (int i = 0; i < WEIR_CHAN_QUEUE_MAX; i++) {
		weir_msg *shared;

		ck_assert_int_eq(
		    weir_aio_alloc(&many[i], latch_hit_cb, &many_ended),
		    WEIR_OK);
		ck_assert_int_eq(weir_msg_share(&shared, msg), WEIR_OK);
		ck_assert_int_eq(weir_aio_set_msg(many[i], shared), WEIR_OK);
		weir_chan_send(ch, many[i]);
	}
	op_send(&op, ch, 9);
	op_expect_unsent(&op, WEIR_EAGAIN, 9);
	ck_assert_uint_eq(latch_hits(&many_ended), 0);
	get(ch, 0);
	op_send(&op, ch, 8);
	ck_assert(weir_aio_busy(op.aio));
	weir_chan_free(ch); /* one is queued, all others wait */
	op_expect_unsent(&op, WEIR_ECLOSED, 8);
	ck_assert(latch_wait(&many_ended, WEIR_CHAN_QUEUE_MAX));
	for (int i = 0; i < WEIR_CHAN_QUEUE_MAX; i++) {
		ck_assert((weir_aio_get_msg(many[i]) == NULL) == (i == 0));
		weir_msg_free(weir_aio_get_msg(many[i]));
		weir_aio_free(many[i]);
	}
	weir_msg_free(msg);
	op_fini(&op);
	latch_fini(&many_ended);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("chan");
	TCase *order = tcase_create("order");
	TCase *bound = tcase_create("bound");

	tcase_add_checked_fixture(order, rt_setup, rt_teardown);
	tcase_add_test(order, a_channel_wants_a_place_and_a_capacity_in_range);
	tcase_add_test(order, no_channel_and_no_message_are_einval);
	tcase_add_test(order, messages_come_out_in_the_order_they_went_in);
	tcase_add_test(order, a_send_to_a_full_channel_waits_for_room);
	tcase_add_loop_test(
	    order, receivers_that_wait_are_served_in_order, 0, 2);
	tcase_add_test(order, a_rendezvous_ends_when_both_are_there);
	tcase_add_test(order, who_gives_up_leaves_the_others_their_order);
	tcase_add_test(
	    order, timeout_zero_takes_what_is_ready_and_waits_for_nothing);
	tcase_add_test(order, the_message_itself_goes_over_not_a_copy);
	tcase_add_test(
	    order, a_receive_forgets_the_message_that_was_in_its_handle);
	tcase_add_test(order, sending_and_receiving_allocate_nothing);
	tcase_add_test(order, every_allocation_may_fail_and_nothing_is_left);
	suite_add_tcase(suite, order);
	tcase_add_checked_fixture(bound, rt_setup, rt_teardown);
	tcase_set_timeout(bound, 120);
	tcase_add_test(bound, one_more_that_waits_than_the_bound_is_eagain);
	tcase_add_test(bound, one_sender_more_than_the_bound_keeps_its_message);
	suite_add_tcase(suite, bound);
	return run_suite(suite);
}
