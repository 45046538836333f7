/*
 * header - the short header of a message, and both parts as an iov.
 *
 * Ownership  the header lies in the handle and is shared with nobody.
 * Bounds     WEIR_MSG_HEADER_MAX bytes, so moving them is cheap.
 * Proof      test/msg/test_msg.c, test_msg_model.c
 */
#include "msg/msg_impl.h"

#include <string.h>

void *
weir_msg_header(weir_msg *msg)
{
	return msg == NULL ? NULL : msg->header;
}

size_t
weir_msg_header_len(const weir_msg *msg)
{
	return msg == NULL ? 0 : msg->header_len;
}

void
weir_msg_header_clear(weir_msg *msg)
{
	if (msg != NULL) {
		msg->header_len = 0;
	}
}

static bool
header_has_room(const weir_msg *msg, size_t size)
{
	return msg != NULL && size <= sizeof(msg->header) - msg->header_len;
}

weir_err
weir_msg_header_append(weir_msg *msg, const void *data, size_t size)
{
	if (!header_has_room(msg, size)) {
		return WEIR_EINVAL;
	}
	if (data != NULL) {
		memcpy(msg->header + msg->header_len, data, size);
	}
	msg->header_len += size;
	return WEIR_OK;
}

weir_err
weir_msg_header_insert(weir_msg *msg, const void *data, size_t size)
{
	if (!header_has_room(msg, size)) {
		return WEIR_EINVAL;
	}
	memmove(msg->header + size, msg->header, msg->header_len);
	if (data != NULL) {
		memcpy(msg->header, data, size);
	}
	msg->header_len += size;
	return WEIR_OK;
}

weir_err
weir_msg_header_trim(weir_msg *msg, size_t size)
{
	if (msg == NULL || size > msg->header_len) {
		return WEIR_EINVAL;
	}
	msg->header_len -= size;
	memmove(msg->header, msg->header + size, msg->header_len);
	return WEIR_OK;
}

weir_err
weir_msg_header_chop(weir_msg *msg, size_t size)
{
	if (msg == NULL || size > msg->header_len) {
		return WEIR_EINVAL;
	}
	msg->header_len -= size;
	return WEIR_OK;
}

unsigned
weir_msg_iov(const weir_msg *msg, weir_iov out[2])
{
	unsigned n = 0;

	if (msg == NULL || out == NULL) {
		return 0;
	}
	if (msg->header_len > 0) {
		/* An iov's memory is not const, whoever reads it. */
		out[n].iov_buf = (void *)(uintptr_t)msg->header;
		out[n++].iov_len = msg->header_len;
	}
	if (msg->len > 0) {
		out[n].iov_buf = msg->body;
		out[n++].iov_len = msg->len;
	}
	return n;
}
