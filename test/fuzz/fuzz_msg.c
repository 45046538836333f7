/*
 * fuzz_msg - bytes as calls on a row of messages, each beside an array of the
 * bytes it must have.
 *
 * A call is a byte for it, one for the message, one for its size.
 */
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "support/fault.h"

#include <weir/msg.h>

#include <string.h>

enum { ROW = 4, LEN_MAX = 2600, CALLS_MAX = 200 };

struct model {
	weir_msg *msg;
	size_t len;
	size_t header_len;
	unsigned char body[LEN_MAX];
	unsigned char header[WEIR_MSG_HEADER_MAX];
};

static struct model row[ROW];
static unsigned char piece[LEN_MAX];
static bool lacks; /* memory may be refused */

static void
model_check(const struct model *x)
{
	weir_iov out[2];
	unsigned n = (unsigned)(x->header_len > 0) + (unsigned)(x->len > 0);

	fuzz_expect(weir_msg_len(x->msg) == x->len);
	fuzz_expect(memcmp(weir_msg_data(x->msg), x->body, x->len) == 0);
	fuzz_expect(weir_msg_capacity(x->msg) >= x->len);
	fuzz_expect(weir_msg_header_len(x->msg) == x->header_len);
	fuzz_expect(
	    memcmp(weir_msg_header(x->msg), x->header, x->header_len) == 0);
	fuzz_expect(weir_msg_iov(x->msg, out) == n);
}

/* It went well, or there was no memory and nothing has happened. */
static bool
went_well(weir_err err)
{
	if (lacks && err == WEIR_ENOMEM) {
		return false;
	}
	fuzz_expect(err == WEIR_OK);
	return true;
}

/* A number's bytes, the highest first. */
static void
number_bytes(unsigned char *out, uint64_t n, unsigned width)
{
	for (unsigned i = 0; i < width; i++) {
		out[i] = (unsigned char)(n >> (8 * (width - 1 - i)));
	}
}

static void
bytes_add(unsigned char *to, size_t *len, const unsigned char *p, size_t n,
    bool front)
{
	if (front) {
		memmove(to + n, to, *len);
	}
	memcpy(to + (front ? 0 : *len), p, n);
	*len += n;
}

static void
bytes_cut(unsigned char *from, size_t *len, size_t n, bool front)
{
	*len -= n;
	if (front) {
		memmove(from, from + n, *len);
	}
}

static void
body_add(struct model *x, size_t n, bool front)
{
	if (x->len + n > LEN_MAX) {
		return;
	}
	if (went_well(front ? weir_msg_insert(x->msg, piece, n)
			    : weir_msg_append(x->msg, piece, n))) {
		bytes_add(x->body, &x->len, piece, n, front);
	}
}

static void
body_cut(struct model *x, size_t n, bool front)
{
	weir_err err =
	    front ? weir_msg_trim(x->msg, n) : weir_msg_chop(x->msg, n);

	fuzz_expect(err == (n > x->len ? WEIR_EINVAL : WEIR_OK));
	if (err == WEIR_OK) {
		bytes_cut(x->body, &x->len, n, front);
	}
}

static void
header_add(struct model *x, size_t n, bool front)
{
	bool fits = x->header_len + n <= WEIR_MSG_HEADER_MAX;
	weir_err err = front ? weir_msg_header_insert(x->msg, piece, n)
			     : weir_msg_header_append(x->msg, piece, n);

	fuzz_expect(err == (fits ? WEIR_OK : WEIR_EINVAL));
	if (fits) {
		bytes_add(x->header, &x->header_len, piece, n, front);
	}
}

static void
header_cut(struct model *x, size_t n, bool front)
{
	weir_err err = front ? weir_msg_header_trim(x->msg, n)
			     : weir_msg_header_chop(x->msg, n);

	fuzz_expect(err == (n > x->header_len ? WEIR_EINVAL : WEIR_OK));
	if (err == WEIR_OK) {
		bytes_cut(x->header, &x->header_len, n, front);
	}
}

/* ---- numbers ------------------------------------------------------------ */

static weir_err
number_add_call(
    weir_msg *m, unsigned width, bool header, bool front, uint64_t n)
{
	uint16_t n16 = (uint16_t)n;
	uint32_t n32 = (uint32_t)n;

	switch (width) {
	case 2:
		return header  ? front ? weir_msg_header_insert_u16(m, n16)
				       : weir_msg_header_append_u16(m, n16)
			: front ? weir_msg_insert_u16(m, n16)
			       : weir_msg_append_u16(m, n16);
	case 4:
		return header  ? front ? weir_msg_header_insert_u32(m, n32)
				       : weir_msg_header_append_u32(m, n32)
			: front ? weir_msg_insert_u32(m, n32)
			       : weir_msg_append_u32(m, n32);
	default:
		return header  ? front ? weir_msg_header_insert_u64(m, n)
				       : weir_msg_header_append_u64(m, n)
			: front ? weir_msg_insert_u64(m, n)
			       : weir_msg_append_u64(m, n);
	}
}

static weir_err
number_cut_call(
    weir_msg *m, unsigned width, bool header, bool front, uint64_t *n)
{
	uint16_t n16 = (uint16_t)*n;
	uint32_t n32 = (uint32_t)*n;
	weir_err err;

	switch (width) {
	case 2:
		err = header  ? front ? weir_msg_header_trim_u16(m, &n16)
				      : weir_msg_header_chop_u16(m, &n16)
		       : front ? weir_msg_trim_u16(m, &n16)
			      : weir_msg_chop_u16(m, &n16);
		*n = n16;
		return err;
	case 4:
		err = header  ? front ? weir_msg_header_trim_u32(m, &n32)
				      : weir_msg_header_chop_u32(m, &n32)
		       : front ? weir_msg_trim_u32(m, &n32)
			      : weir_msg_chop_u32(m, &n32);
		*n = n32;
		return err;
	default:
		return header  ? front ? weir_msg_header_trim_u64(m, n)
				       : weir_msg_header_chop_u64(m, n)
			: front ? weir_msg_trim_u64(m, n)
			       : weir_msg_chop_u64(m, n);
	}
}

static void
number_add(struct model *x, unsigned how, uint64_t n)
{
	unsigned width = 2u << (how % 3);
	bool header = (how & 4) != 0;
	bool front = (how & 8) != 0;
	unsigned char bytes[8];
	weir_err err;

	if (!header && x->len + width > LEN_MAX) {
		return;
	}
	number_bytes(bytes, n, width);
	err = number_add_call(x->msg, width, header, front, n);
	if (!header) {
		if (went_well(err)) {
			bytes_add(x->body, &x->len, bytes, width, front);
		}
		return;
	}
	if (x->header_len + width > WEIR_MSG_HEADER_MAX) {
		fuzz_expect(err == WEIR_EINVAL);
		return;
	}
	fuzz_expect(err == WEIR_OK);
	bytes_add(x->header, &x->header_len, bytes, width, front);
}

static void
number_cut(struct model *x, unsigned how)
{
	unsigned width = 2u << (how % 3);
	bool header = (how & 4) != 0;
	bool front = (how & 8) != 0;
	unsigned char *from = header ? x->header : x->body;
	size_t *len = header ? &x->header_len : &x->len;
	unsigned char bytes[8];
	uint64_t n = 0x5a5a;
	weir_err err = number_cut_call(x->msg, width, header, front, &n);

	if (*len < width) {
		fuzz_expect(err == WEIR_EINVAL && n == 0x5a5a);
		return;
	}
	fuzz_expect(err == WEIR_OK);
	number_bytes(bytes, n, width);
	fuzz_expect(
	    memcmp(bytes, front ? from : from + *len - width, width) == 0);
	bytes_cut(from, len, width, front);
}

/* ---- the whole ---------------------------------------------------------- */

/* Another one becomes a copy of this one, or shares its bytes. */
static void
spread(struct model *x, struct model *y, bool share)
{
	weir_msg *made = NULL;

	if (went_well(share ? weir_msg_share(&made, x->msg)
			    : weir_msg_dup(&made, x->msg))) {
		weir_msg_free(y->msg); /* y may be x */
		if (y != x) {
			memcpy(y, x, sizeof(*y));
		}
		y->msg = made;
	}
}

static void
resize(struct model *x, size_t n)
{
	if (!went_well(weir_msg_realloc(x->msg, n))) {
		return;
	}
	if (n > x->len) { /* any bytes: ours, from now on */
		unsigned char *body = weir_msg_body(x->msg);

		fuzz_expect(body != NULL); /* a share has its own by now */
		memset(body + x->len, 0x33, n - x->len);
		memset(x->body + x->len, 0x33, n - x->len);
	}
	x->len = n;
}

static void
write_one(struct model *x, size_t at)
{
	unsigned char *body = weir_msg_body(x->msg);

	fuzz_expect(body != NULL || lacks);
	if (body != NULL && x->len > 0) {
		x->body[at % x->len] ^= 0x5a;
		body[at % x->len] ^= 0x5a;
	}
}

static void
renew(struct model *x, size_t n)
{
	weir_msg *made = NULL;

	if (went_well(weir_msg_alloc(&made, n))) {
		weir_msg_free(x->msg);
		x->msg = made;
		x->len = n;
		x->header_len = 0;
		memset(x->body, 0, n);
	}
}

static void
call(unsigned what, struct model *x, struct model *y, size_t n)
{
	switch (what) {
	case 0:
	case 1:
		body_add(x, n, what == 1);
		break;
	case 2:
	case 3:
		body_cut(x, n, what == 3);
		break;
	case 4:
	case 5:
		header_add(x, n % 80, what == 5);
		break;
	case 6:
	case 7:
		header_cut(x, n % 80, what == 7);
		break;
	case 8:
	case 9:
		spread(x, y, what == 9);
		break;
	case 10:
		resize(x, n);
		break;
	case 11:
		if (went_well(weir_msg_reserve(x->msg, n))) {
			fuzz_expect(weir_msg_capacity(x->msg) >= n);
		}
		break;
	case 12:
		write_one(x, n);
		break;
	case 13:
		if (n % 8 != 0) {
			number_cut(x, (unsigned)n);
		} else if (n % 16 != 0) {
			weir_msg_clear(x->msg);
			x->len = 0;
		} else {
			weir_msg_header_clear(x->msg);
			x->header_len = 0;
		}
		break;
	case 14:
		number_add(x, (unsigned)n, n * 0x9e3779b97f4a7c15u);
		break;
	default:
		renew(x, n);
		break;
	}
}

/* Sizes: each small one, and some around those that memory comes in. */
static size_t
size_of(unsigned byte)
{
	return byte < 192 ? byte : (size_t)(byte - 191) * 40;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = {data, size};
	const size_t live = wri_mem_live();

	memset(row, 0, sizeof(row));
	for (size_t i = 0; i < sizeof(piece); i++) {
		piece[i] = (unsigned char)(i * 7 + 1);
	}
	for (unsigned i = 0; i < ROW; i++) {
		fuzz_expect(weir_msg_alloc(&row[i].msg, 0) == WEIR_OK);
	}
	for (unsigned calls = 0; b.left > 0 && calls < CALLS_MAX; calls++) {
		unsigned what = fuzz_byte(&b);
		unsigned which = fuzz_byte(&b);
		size_t n = size_of(fuzz_byte(&b));

		lacks = (what & 0xf0) == 0xf0; /* now and then */
		wri_mem_fail_at(lacks ? 1 : 0);
		call(what & 15, &row[which % ROW], &row[which / ROW % ROW], n);
		wri_mem_fail_at(0);
		for (unsigned i = 0; i < ROW; i++) {
			model_check(&row[i]);
		}
	}
	for (unsigned i = 0; i < ROW; i++) {
		weir_msg_free(row[i].msg);
	}
	fuzz_expect(wri_mem_live() == live);
	return 0;
}
