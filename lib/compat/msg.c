/*
 * msg - messages, by weir's functions of the same names.
 *
 * Proof      test/compat/test_nng_plain.c, test/msg/
 */
#include "compat/compat.h"

#include <weir/msg.h>

int
nng_msg_alloc(nng_msg **msgp, size_t size)
{
	return (int)weir_msg_alloc(msgp, size);
}

void
nng_msg_free(nng_msg *msg)
{
	weir_msg_free(msg);
}

int
nng_msg_dup(nng_msg **dupp, const nng_msg *src)
{
	return (int)weir_msg_dup(dupp, src);
}

int
nng_msg_realloc(nng_msg *msg, size_t size)
{
	return (int)weir_msg_realloc(msg, size);
}

int
nng_msg_reserve(nng_msg *msg, size_t capacity)
{
	return (int)weir_msg_reserve(msg, capacity);
}

size_t
nng_msg_capacity(nng_msg *msg)
{
	return weir_msg_capacity(msg);
}

void *
nng_msg_body(nng_msg *msg)
{
	return weir_msg_body(msg);
}

size_t
nng_msg_len(const nng_msg *msg)
{
	return weir_msg_len(msg);
}

void
nng_msg_clear(nng_msg *msg)
{
	weir_msg_clear(msg);
}

int
nng_msg_append(nng_msg *msg, const void *data, size_t size)
{
	return (int)weir_msg_append(msg, data, size);
}

int
nng_msg_insert(nng_msg *msg, const void *data, size_t size)
{
	return (int)weir_msg_insert(msg, data, size);
}

int
nng_msg_trim(nng_msg *msg, size_t size)
{
	return (int)weir_msg_trim(msg, size);
}

int
nng_msg_chop(nng_msg *msg, size_t size)
{
	return (int)weir_msg_chop(msg, size);
}

int
nng_msg_append_u16(nng_msg *msg, uint16_t val)
{
	return (int)weir_msg_append_u16(msg, val);
}

int
nng_msg_append_u32(nng_msg *msg, uint32_t val)
{
	return (int)weir_msg_append_u32(msg, val);
}

int
nng_msg_append_u64(nng_msg *msg, uint64_t val)
{
	return (int)weir_msg_append_u64(msg, val);
}

int
nng_msg_insert_u16(nng_msg *msg, uint16_t val)
{
	return (int)weir_msg_insert_u16(msg, val);
}

int
nng_msg_insert_u32(nng_msg *msg, uint32_t val)
{
	return (int)weir_msg_insert_u32(msg, val);
}

int
nng_msg_insert_u64(nng_msg *msg, uint64_t val)
{
	return (int)weir_msg_insert_u64(msg, val);
}

int
nng_msg_chop_u16(nng_msg *msg, uint16_t *valp)
{
	return (int)weir_msg_chop_u16(msg, valp);
}

int
nng_msg_chop_u32(nng_msg *msg, uint32_t *valp)
{
	return (int)weir_msg_chop_u32(msg, valp);
}

int
nng_msg_chop_u64(nng_msg *msg, uint64_t *valp)
{
	return (int)weir_msg_chop_u64(msg, valp);
}

int
nng_msg_trim_u16(nng_msg *msg, uint16_t *valp)
{
	return (int)weir_msg_trim_u16(msg, valp);
}

int
nng_msg_trim_u32(nng_msg *msg, uint32_t *valp)
{
	return (int)weir_msg_trim_u32(msg, valp);
}

int
nng_msg_trim_u64(nng_msg *msg, uint64_t *valp)
{
	return (int)weir_msg_trim_u64(msg, valp);
}

void *
nng_msg_header(nng_msg *msg)
{
	return weir_msg_header(msg);
}

size_t
nng_msg_header_len(const nng_msg *msg)
{
	return weir_msg_header_len(msg);
}

void
nng_msg_header_clear(nng_msg *msg)
{
	weir_msg_header_clear(msg);
}

int
nng_msg_header_append(nng_msg *msg, const void *data, size_t size)
{
	return (int)weir_msg_header_append(msg, data, size);
}

int
nng_msg_header_insert(nng_msg *msg, const void *data, size_t size)
{
	return (int)weir_msg_header_insert(msg, data, size);
}

int
nng_msg_header_trim(nng_msg *msg, size_t size)
{
	return (int)weir_msg_header_trim(msg, size);
}

int
nng_msg_header_chop(nng_msg *msg, size_t size)
{
	return (int)weir_msg_header_chop(msg, size);
}

int
nng_msg_header_append_u16(nng_msg *msg, uint16_t val)
{
	return (int)weir_msg_header_append_u16(msg, val);
}

int
nng_msg_header_append_u32(nng_msg *msg, uint32_t val)
{
	return (int)weir_msg_header_append_u32(msg, val);
}

int
nng_msg_header_append_u64(nng_msg *msg, uint64_t val)
{
	return (int)weir_msg_header_append_u64(msg, val);
}

int
nng_msg_header_insert_u16(nng_msg *msg, uint16_t val)
{
	return (int)weir_msg_header_insert_u16(msg, val);
}

int
nng_msg_header_insert_u32(nng_msg *msg, uint32_t val)
{
	return (int)weir_msg_header_insert_u32(msg, val);
}

int
nng_msg_header_insert_u64(nng_msg *msg, uint64_t val)
{
	return (int)weir_msg_header_insert_u64(msg, val);
}

int
nng_msg_header_chop_u16(nng_msg *msg, uint16_t *valp)
{
	return (int)weir_msg_header_chop_u16(msg, valp);
}

int
nng_msg_header_chop_u32(nng_msg *msg, uint32_t *valp)
{
	return (int)weir_msg_header_chop_u32(msg, valp);
}

int
nng_msg_header_chop_u64(nng_msg *msg, uint64_t *valp)
{
	return (int)weir_msg_header_chop_u64(msg, valp);
}

int
nng_msg_header_trim_u16(nng_msg *msg, uint16_t *valp)
{
	return (int)weir_msg_header_trim_u16(msg, valp);
}

int
nng_msg_header_trim_u32(nng_msg *msg, uint32_t *valp)
{
	return (int)weir_msg_header_trim_u32(msg, valp);
}

int
nng_msg_header_trim_u64(nng_msg *msg, uint64_t *valp)
{
	return (int)weir_msg_header_trim_u64(msg, valp);
}
