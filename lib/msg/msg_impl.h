/*
 * msg_impl - what a message is; for the files of this folder.
 */
#ifndef MSG_MSG_IMPL_H
#define MSG_MSG_IMPL_H

#include <weir/msg.h>

#include "base/sync.h"

#include <stddef.h>

/* The memory of a body; it belongs to the handles that refer to it. */
struct msg_buf {
	wri_a32 refs; /* handles; more than one: nobody writes (M1, M2) */
	size_t size;  /* of bytes; fixed */
	_Alignas(max_align_t) unsigned char bytes[];
};

struct weir_msg {
	struct msg_buf *buf; /* never NULL */
	unsigned char *body; /* in buf->bytes, or its end */
	size_t len;
	size_t header_len;
	unsigned char header[WEIR_MSG_HEADER_MAX];
};

#endif
