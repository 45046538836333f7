/*
 * rig - sends and receives of one number.
 */
#include "chan/rig.h"
#include "support/latch.h"

#include <check.h>

void
op_init(struct op *op)
{
	ck_assert_int_eq(weir_aio_alloc(&op->aio, NULL, NULL), WEIR_OK);
}

void
op_fini(struct op *op)
{
	(void)weir_aio_stop(op->aio);
	weir_msg_free(weir_aio_get_msg(op->aio));
	weir_aio_free(op->aio);
}

weir_msg *
msg_of(uint32_t number)
{
	weir_msg *msg;

	ck_assert_int_eq(weir_msg_alloc(&msg, 0), WEIR_OK);
	ck_assert_int_eq(weir_msg_append_u32(msg, number), WEIR_OK);
	return msg;
}

uint32_t
number_of(weir_msg *msg)
{
	uint32_t number;

	ck_assert_ptr_nonnull(msg);
	ck_assert_int_eq(weir_msg_chop_u32(msg, &number), WEIR_OK);
	ck_assert_uint_eq(weir_msg_len(msg), 0);
	weir_msg_free(msg);
	return number;
}

void
op_send(struct op *op, weir_chan *ch, uint32_t number)
{
	ck_assert_int_eq(weir_aio_set_msg(op->aio, msg_of(number)), WEIR_OK);
	weir_chan_send(ch, op->aio);
}

void
op_recv(struct op *op, weir_chan *ch)
{
	weir_chan_recv(ch, op->aio);
}

weir_err
op_wait(struct op *op)
{
	ck_assert_int_eq(
	    weir_aio_wait_until(op->aio, weir_now() + WEIR_MS(LATCH_LIMIT_MS)),
	    WEIR_OK);
	return weir_aio_result(op->aio);
}

void
op_expect_sent(struct op *op)
{
	ck_assert_int_eq(op_wait(op), WEIR_OK);
	ck_assert_ptr_null(weir_aio_get_msg(op->aio));
	ck_assert_uint_eq(weir_aio_count(op->aio), 4);
}

void
op_expect_unsent(struct op *op, weir_err result, uint32_t number)
{
	ck_assert_int_eq(op_wait(op), result);
	ck_assert_uint_eq(number_of(weir_aio_get_msg(op->aio)), number);
	ck_assert_int_eq(weir_aio_set_msg(op->aio, NULL), WEIR_OK);
	ck_assert_uint_eq(weir_aio_count(op->aio), 0);
}

void
op_expect_got(struct op *op, uint32_t number)
{
	ck_assert_int_eq(op_wait(op), WEIR_OK);
	ck_assert_uint_eq(weir_aio_count(op->aio), 4);
	ck_assert_uint_eq(number_of(weir_aio_get_msg(op->aio)), number);
	ck_assert_int_eq(weir_aio_set_msg(op->aio, NULL), WEIR_OK);
}

void
op_expect_nothing(struct op *op, weir_err result)
{
	ck_assert_int_eq(op_wait(op), result);
	ck_assert_ptr_null(weir_aio_get_msg(op->aio));
	ck_assert_uint_eq(weir_aio_count(op->aio), 0);
}

void
put(weir_chan *ch, uint32_t number)
{
	struct op op;

	op_init(&op);
	op_send(&op, ch, number);
	op_expect_sent(&op);
	op_fini(&op);
}

void
get(weir_chan *ch, uint32_t number)
{
	struct op op;

	op_init(&op);
	op_recv(&op, ch);
	op_expect_got(&op, number);
	op_fini(&op);
}

weir_chan *
chan_of(size_t capacity)
{
	weir_chan *ch;

	ck_assert_int_eq(weir_chan_alloc(&ch, capacity), WEIR_OK);
	ck_assert_uint_eq(weir_chan_capacity(ch), capacity);
	ck_assert_uint_eq(weir_chan_len(ch), 0);
	return ch;
}
