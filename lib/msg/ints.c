/*
 * ints - numbers at the four ends of a message: big-endian in the message, the
 * machine's outside.
 *
 * Proof      test/msg/test_msg.c
 */
#include <weir/msg.h>

typedef weir_err (*put_fn)(weir_msg *msg, const void *data, size_t size);
typedef weir_err (*take_fn)(weir_msg *msg, size_t size);

/* Room for the largest of them. */
#define INT_MAX_SIZE sizeof(uint64_t)

static weir_err
put_int(weir_msg *msg, put_fn put, uint64_t val, size_t size)
{
	unsigned char bytes[INT_MAX_SIZE];

	for (size_t i = size; i > 0; i--) {
		bytes[i - 1] = (unsigned char)(val & 0xff);
		val >>= 8;
	}
	return put(msg, bytes, size);
}

static uint64_t
int_at(const unsigned char *p, size_t size)
{
	uint64_t val = 0;

	for (size_t i = 0; i < size; i++) {
		val = val << 8 | p[i];
	}
	return val;
}

/* Take a number off the end that take works at; sets *val on WEIR_OK only. */
static weir_err
take_body(weir_msg *msg, take_fn take, size_t size, uint64_t *val)
{
	const size_t len = weir_msg_len(msg);
	const unsigned char *p = weir_msg_data(msg);

	if (len < size) {
		return WEIR_EINVAL;
	}
	*val = int_at(take == weir_msg_trim ? p : p + len - size, size);
	return take(msg, size);
}

static weir_err
take_header(weir_msg *msg, take_fn take, size_t size, uint64_t *val)
{
	const size_t len = weir_msg_header_len(msg);
	const unsigned char *p = weir_msg_header(msg);

	if (len < size) {
		return WEIR_EINVAL;
	}
	*val = int_at(take == weir_msg_header_trim ? p : p + len - size, size);
	return take(msg, size);
}

weir_err
weir_msg_append_u16(weir_msg *msg, uint16_t val)
{
	return put_int(msg, weir_msg_append, val, sizeof(val));
}

weir_err
weir_msg_append_u32(weir_msg *msg, uint32_t val)
{
	return put_int(msg, weir_msg_append, val, sizeof(val));
}

weir_err
weir_msg_append_u64(weir_msg *msg, uint64_t val)
{
	return put_int(msg, weir_msg_append, val, sizeof(val));
}

weir_err
weir_msg_insert_u16(weir_msg *msg, uint16_t val)
{
	return put_int(msg, weir_msg_insert, val, sizeof(val));
}

weir_err
weir_msg_insert_u32(weir_msg *msg, uint32_t val)
{
	return put_int(msg, weir_msg_insert, val, sizeof(val));
}

weir_err
weir_msg_insert_u64(weir_msg *msg, uint64_t val)
{
	return put_int(msg, weir_msg_insert, val, sizeof(val));
}

weir_err
weir_msg_trim_u16(weir_msg *msg, uint16_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_trim, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint16_t)val;
	}
	return rv;
}

weir_err
weir_msg_trim_u32(weir_msg *msg, uint32_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_trim, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint32_t)val;
	}
	return rv;
}

weir_err
weir_msg_trim_u64(weir_msg *msg, uint64_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_trim, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = val;
	}
	return rv;
}

weir_err
weir_msg_chop_u16(weir_msg *msg, uint16_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_chop, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint16_t)val;
	}
	return rv;
}

weir_err
weir_msg_chop_u32(weir_msg *msg, uint32_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_chop, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint32_t)val;
	}
	return rv;
}

weir_err
weir_msg_chop_u64(weir_msg *msg, uint64_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL
			  ? WEIR_EINVAL
			  : take_body(msg, weir_msg_chop, sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = val;
	}
	return rv;
}

weir_err
weir_msg_header_append_u16(weir_msg *msg, uint16_t val)
{
	return put_int(msg, weir_msg_header_append, val, sizeof(val));
}

weir_err
weir_msg_header_append_u32(weir_msg *msg, uint32_t val)
{
	return put_int(msg, weir_msg_header_append, val, sizeof(val));
}

weir_err
weir_msg_header_append_u64(weir_msg *msg, uint64_t val)
{
	return put_int(msg, weir_msg_header_append, val, sizeof(val));
}

weir_err
weir_msg_header_insert_u16(weir_msg *msg, uint16_t val)
{
	return put_int(msg, weir_msg_header_insert, val, sizeof(val));
}

weir_err
weir_msg_header_insert_u32(weir_msg *msg, uint32_t val)
{
	return put_int(msg, weir_msg_header_insert, val, sizeof(val));
}

weir_err
weir_msg_header_insert_u64(weir_msg *msg, uint64_t val)
{
	return put_int(msg, weir_msg_header_insert, val, sizeof(val));
}

weir_err
weir_msg_header_trim_u16(weir_msg *msg, uint16_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_trim,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint16_t)val;
	}
	return rv;
}

weir_err
weir_msg_header_trim_u32(weir_msg *msg, uint32_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_trim,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint32_t)val;
	}
	return rv;
}

weir_err
weir_msg_header_trim_u64(weir_msg *msg, uint64_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_trim,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = val;
	}
	return rv;
}

weir_err
weir_msg_header_chop_u16(weir_msg *msg, uint16_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_chop,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint16_t)val;
	}
	return rv;
}

weir_err
weir_msg_header_chop_u32(weir_msg *msg, uint32_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_chop,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = (uint32_t)val;
	}
	return rv;
}

weir_err
weir_msg_header_chop_u64(weir_msg *msg, uint64_t *valp)
{
	uint64_t val;
	weir_err rv = valp == NULL ? WEIR_EINVAL
				   : take_header(msg, weir_msg_header_chop,
					 sizeof(*valp), &val);

	if (rv == WEIR_OK) {
		*valp = val;
	}
	return rv;
}
