/*
 * msg - messages: weir's own, under NNG's names.
 *
 * The contract is that of <weir/msg.h>.  Numbers are big-endian in the message.
 * One message by one thread at a time.  Works without nng_init.
 */
#ifndef NNG_PARTS_MSG_H
#define NNG_PARTS_MSG_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A message with a body of size zeros and an empty header; given:
 * nng_msg_free. NNG_ENOMEM. */
NNG_DECL int nng_msg_alloc(nng_msg **msgp, size_t size);
/** Free it.  NULL: nothing. */
NNG_DECL void nng_msg_free(nng_msg *msg);
/** An independent copy of header and body.  NNG_ENOMEM. */
NNG_DECL int nng_msg_dup(nng_msg **dupp, const nng_msg *src);
/** Set the length of the body; new bytes have any value.  NNG_ENOMEM:
 * unchanged. */
NNG_DECL int nng_msg_realloc(nng_msg *msg, size_t size);
/** Make the capacity at least this, the length unchanged.  NNG_ENOMEM. */
NNG_DECL int nng_msg_reserve(nng_msg *msg, size_t capacity);
/** The length that the body can reach without more memory. */
NNG_DECL size_t nng_msg_capacity(nng_msg *msg);
/** The body's first byte; never NULL. */
NNG_DECL void *nng_msg_body(nng_msg *msg);
/** Bytes in the body. */
NNG_DECL size_t nng_msg_len(const nng_msg *msg);
/** Make the body empty. */
NNG_DECL void nng_msg_clear(nng_msg *msg);
/** Add bytes at the end; data NULL: of any value.  NNG_ENOMEM: unchanged. */
NNG_DECL int nng_msg_append(nng_msg *msg, const void *data, size_t size);
/** Add bytes at the front; likewise. */
NNG_DECL int nng_msg_insert(nng_msg *msg, const void *data, size_t size);
/** Take bytes off the front.  NNG_EINVAL: there are fewer; unchanged. */
NNG_DECL int nng_msg_trim(nng_msg *msg, size_t size);
/** Take bytes off the end; likewise. */
NNG_DECL int nng_msg_chop(nng_msg *msg, size_t size);
/** Numbers at the end.  NNG_ENOMEM. */
NNG_DECL int nng_msg_append_u16(nng_msg *msg, uint16_t val);
NNG_DECL int nng_msg_append_u32(nng_msg *msg, uint32_t val);
NNG_DECL int nng_msg_append_u64(nng_msg *msg, uint64_t val);
/** Numbers at the front.  NNG_ENOMEM. */
NNG_DECL int nng_msg_insert_u16(nng_msg *msg, uint16_t val);
NNG_DECL int nng_msg_insert_u32(nng_msg *msg, uint32_t val);
NNG_DECL int nng_msg_insert_u64(nng_msg *msg, uint64_t val);
/** Numbers off the end.  NNG_EINVAL: too short; *valp is untouched. */
NNG_DECL int nng_msg_chop_u16(nng_msg *msg, uint16_t *valp);
NNG_DECL int nng_msg_chop_u32(nng_msg *msg, uint32_t *valp);
NNG_DECL int nng_msg_chop_u64(nng_msg *msg, uint64_t *valp);
/** Numbers off the front; likewise. */
NNG_DECL int nng_msg_trim_u16(nng_msg *msg, uint16_t *valp);
NNG_DECL int nng_msg_trim_u32(nng_msg *msg, uint32_t *valp);
NNG_DECL int nng_msg_trim_u64(nng_msg *msg, uint64_t *valp);
/** The header's first byte; never NULL. */
NNG_DECL void *nng_msg_header(nng_msg *msg);
/** Bytes in the header. */
NNG_DECL size_t nng_msg_header_len(const nng_msg *msg);
/** Make the header empty. */
NNG_DECL void nng_msg_header_clear(nng_msg *msg);
/** Add bytes at the header's end.  NNG_EINVAL: more than 64 in all; unchanged.
 */
NNG_DECL int nng_msg_header_append(nng_msg *msg, const void *data, size_t size);
/** Add bytes at its front; likewise. */
NNG_DECL int nng_msg_header_insert(nng_msg *msg, const void *data, size_t size);
/** Take bytes off its front.  NNG_EINVAL: there are fewer. */
NNG_DECL int nng_msg_header_trim(nng_msg *msg, size_t size);
/** Take bytes off its end; likewise. */
NNG_DECL int nng_msg_header_chop(nng_msg *msg, size_t size);
/** Numbers, as above, in the header.  NNG_EINVAL: full, or too short. */
NNG_DECL int nng_msg_header_append_u16(nng_msg *msg, uint16_t val);
NNG_DECL int nng_msg_header_append_u32(nng_msg *msg, uint32_t val);
NNG_DECL int nng_msg_header_append_u64(nng_msg *msg, uint64_t val);
NNG_DECL int nng_msg_header_insert_u16(nng_msg *msg, uint16_t val);
NNG_DECL int nng_msg_header_insert_u32(nng_msg *msg, uint32_t val);
NNG_DECL int nng_msg_header_insert_u64(nng_msg *msg, uint64_t val);
NNG_DECL int nng_msg_header_chop_u16(nng_msg *msg, uint16_t *valp);
NNG_DECL int nng_msg_header_chop_u32(nng_msg *msg, uint32_t *valp);
NNG_DECL int nng_msg_header_chop_u64(nng_msg *msg, uint64_t *valp);
NNG_DECL int nng_msg_header_trim_u16(nng_msg *msg, uint16_t *valp);
NNG_DECL int nng_msg_header_trim_u32(nng_msg *msg, uint32_t *valp);
NNG_DECL int nng_msg_header_trim_u64(nng_msg *msg, uint64_t *valp);

#ifdef __cplusplus
}
#endif

#endif
