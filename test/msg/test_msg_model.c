/*
 * test_msg_model - chance against a model that is plainly right: a row of
 * messages that are changed, copied and shared in any order, each beside an
 * array of the bytes it must have.
 */
#include "aio/dice.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/run.h"

#include <weir/msg.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

enum { ROW = 6, LEN_MAX = 4000, PIECE_MAX = 300 };

struct model {
	weir_msg *msg;
	size_t len;
	size_t header_len;
	unsigned char body[LEN_MAX + PIECE_MAX];
	unsigned char header[WEIR_MSG_HEADER_MAX];
};

static struct model row[ROW];
static struct dice dice;

static void
model_check(const struct model *x)
{
	weir_iov out[2];

	ck_assert_uint_eq(weir_msg_len(x->msg), x->len);
	ck_assert_mem_eq(weir_msg_data(x->msg), x->body, x->len);
	ck_assert_uint_ge(weir_msg_capacity(x->msg), x->len);
	ck_assert_uint_eq(weir_msg_header_len(x->msg), x->header_len);
	ck_assert_mem_eq(weir_msg_header(x->msg), x->header, x->header_len);
	ck_assert_uint_eq(weir_msg_iov(x->msg, out),
	    (unsigned)(x->header_len > 0) + (unsigned)(x->len > 0));
}

static void
fill(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[i] = (unsigned char)dice_roll(&dice, 256);
	}
}

/* Both ends of the body; rv must be OK, or ENOMEM if a failure was armed. */
static void
model_grow(struct model *x, const unsigned char *piece, size_t n, bool front)
{
	weir_err rv = front ? weir_msg_insert(x->msg, piece, n)
			    : weir_msg_append(x->msg, piece, n);

	if (rv == WEIR_ENOMEM) {
		return;
	}
	ck_assert_int_eq(rv, WEIR_OK);
	if (front) {
		memmove(x->body + n, x->body, x->len);
	}
	memcpy(x->body + (front ? 0 : x->len), piece, n);
	x->len += n;
}

static void
model_cut(struct model *x, size_t n, bool front)
{
	weir_err rv =
	    front ? weir_msg_trim(x->msg, n) : weir_msg_chop(x->msg, n);

	ck_assert_int_eq(rv, n > x->len ? WEIR_EINVAL : WEIR_OK);
	if (rv == WEIR_OK) {
		x->len -= n;
		if (front) {
			memmove(x->body, x->body + n, x->len);
		}
	}
}

static void
model_header(struct model *x, const unsigned char *piece, size_t n)
{
	const bool front = dice_roll(&dice, 2) == 0;
	const bool fits = x->header_len + n <= WEIR_MSG_HEADER_MAX;
	weir_err rv;

	if (dice_roll(&dice, 2) == 0) {
		rv = front ? weir_msg_header_insert(x->msg, piece, n)
			   : weir_msg_header_append(x->msg, piece, n);
		ck_assert_int_eq(rv, fits ? WEIR_OK : WEIR_EINVAL);
		if (fits) {
			if (front) {
				memmove(
				    x->header + n, x->header, x->header_len);
			}
			memcpy(
			    x->header + (front ? 0 : x->header_len), piece, n);
			x->header_len += n;
		}
		return;
	}
	rv = front ? weir_msg_header_trim(x->msg, n)
		   : weir_msg_header_chop(x->msg, n);
	ck_assert_int_eq(rv, n > x->header_len ? WEIR_EINVAL : WEIR_OK);
	if (rv == WEIR_OK) {
		x->header_len -= n;
		if (front) {
			memmove(x->header, x->header + n, x->header_len);
		}
	}
}

/* Another one becomes a copy of this one, or shares its bytes. */
static void
model_spread(struct model *x)
{
	struct model *y = &row[dice_roll(&dice, ROW)];
	weir_msg *made;
	weir_err rv = dice_roll(&dice, 3) == 0 ? weir_msg_dup(&made, x->msg)
					       : weir_msg_share(&made, x->msg);

	ck_assert(rv == WEIR_OK || rv == WEIR_ENOMEM);
	if (rv == WEIR_OK) {
		weir_msg_free(y->msg); /* y may be x */
		if (y != x) {
			memcpy(y, x, sizeof(*y));
		}
		y->msg = made;
	}
}

static void
model_write(struct model *x)
{
	unsigned char *body = weir_msg_body(x->msg);
	const size_t at = x->len > 0 ? dice_roll(&dice, (uint32_t)x->len) : 0;

	if (body != NULL && x->len > 0) {
		x->body[at] ^= 0x5a;
		body[at] ^= 0x5a;
	}
}

static void
model_resize(struct model *x, size_t n)
{
	weir_err rv;

	if (dice_roll(&dice, 2) == 0) {
		rv = weir_msg_reserve(x->msg, n);
		ck_assert(rv != WEIR_OK || weir_msg_capacity(x->msg) >= n);
	} else {
		rv = weir_msg_realloc(x->msg, n);
		if (rv == WEIR_OK) {
			if (n > x->len) { /* any bytes: make them ours */
				memcpy(x->body + x->len,
				    (const char *)weir_msg_data(x->msg) +
					x->len,
				    n - x->len);
			}
			x->len = n;
		}
	}
	ck_assert(rv == WEIR_OK || rv == WEIR_ENOMEM);
}

static void
model_step(void)
{
	struct model *x = &row[dice_roll(&dice, ROW)];
	unsigned char piece[PIECE_MAX];
	const size_t n = dice_roll(&dice, 4) == 0 ? dice_roll(&dice, PIECE_MAX)
						  : dice_roll(&dice, 20);

	fill(piece, n);
	wri_mem_fail_at(dice_roll(&dice, 8) == 0 ? 1 : 0);
	switch (dice_roll(&dice, 10)) {
	case 0:
	case 1:
		model_grow(x, piece, x->len < LEN_MAX ? n : 0, false);
		break;
	case 2:
	case 3:
		model_grow(x, piece, x->len < LEN_MAX ? n : 0, true);
		break;
	case 4:
		model_cut(x, n, false);
		break;
	case 5:
		model_cut(x, n, true);
		break;
	case 6:
		model_header(x, piece, n);
		break;
	case 7:
		model_spread(x);
		break;
	case 8:
		model_write(x);
		break;
	default:
		if (dice_roll(&dice, 20) == 0) {
			weir_msg_clear(x->msg);
			x->len = 0;
		} else {
			model_resize(x, dice_roll(&dice, LEN_MAX));
		}
		break;
	}
	wri_mem_fail_at(0);
}

START_TEST(messages_in_any_order_of_calls_are_what_the_model_says)
{
	const size_t live = wri_mem_live();

	printf("seed %llu\n", (unsigned long long)dice_seed());
	dice_init(&dice, (uint64_t)_i);
	memset(row, 0, sizeof(row));
	for (int i = 0; i < ROW; i++) {
		ck_assert_int_eq(weir_msg_alloc(&row[i].msg, 0), WEIR_OK);
	}
	for (int step = 0; step < 1000; step++) {
		model_step();
		for (int i = 0; i < ROW; i++) {
			model_check(&row[i]);
		}
	}
	for (int i = 0; i < ROW; i++) {
		weir_msg_free(row[i].msg);
	}
	ck_assert_uint_eq(wri_mem_live(), live);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("msg_model");
	TCase *model = tcase_create("model");

	tcase_add_loop_test(model,
	    messages_in_any_order_of_calls_are_what_the_model_says, 0, 10);
	suite_add_tcase(suite, model);
	return run_suite(suite);
}
