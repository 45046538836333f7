/*
 * msg - messages: a body that grows at both ends, and a short header.
 *
 * Purpose    what message streams and channels carry.  Taking bytes off either
 *            end moves an offset and copies nothing; a message is sent from
 *            where it lies (weir_msg_iov); several handles may share the bytes
 *            of one body (weir_msg_share), each writer making its own copy.
 * Ownership  a weir_msg belongs to whoever holds the pointer, until
 *            weir_msg_free.  Ownership moves with an operation by its result:
 *
 *            send     takes the message only when its result is WEIR_OK; then
 *                     the handle's pointer (weir_aio_get_msg) is NULL.  With
 *                     any other result the message is the program's still, in
 *                     the handle, untouched.
 *            receive  sets the handle's pointer to NULL when it begins (what
 *                     was there is the program's as before: it must know it
 *                     otherwise), and when its result is WEIR_OK to the
 *                     message received, which is the program's from then on.
 *
 *            A handle frees no message, not when it is freed either.
 * Numbers    the _u16, _u32 and _u64 calls hold them big-endian in the message,
 *            the caller's are the machine's.
 * Pointers   into the body are valid until the next call that changes the
 *            message (or gives out its body to write); into the header while
 *            the message lives, but a header call moves its bytes.  Data given
 *            to a call must not be the same message's own.
 * Bounds     WEIR_MSG_MAX for a body, above it WEIR_ENOMEM; a header has
 *            WEIR_MSG_HEADER_MAX bytes, above it WEIR_EINVAL.
 * Threads    one thread at a time per weir_msg (functions that take it const
 *            may run at once).  Different ones are independent, also those
 *            that share bytes.
 *
 * All of this is memory and nothing else: it works without weir_init, after
 * weir_fini and in a forked child, blocks never longer than the allocator, and
 * may be called from anywhere a callback may be.  (While messages live,
 * weir_init cannot change the allocator: WEIR_EBUSY.  None may be made while it
 * does.)  NULL for the message gives WEIR_EINVAL, NULL or 0, or nothing
 * happens.  A call that fails changes nothing.
 */
#ifndef WEIR_MSG_H
#define WEIR_MSG_H

#include <weir/aio.h>

WEIR_BEGIN_DECLS

/** Bytes of a body.  A sum of two of them fits a size_t and, with a header, an
 * iov; a protocol that wants less bounds what it receives. */
#define WEIR_MSG_MAX ((size_t)PTRDIFF_MAX / 2)
/** Bytes of a header. */
#define WEIR_MSG_HEADER_MAX 64

/**
 * Make a message: an empty header, a body of zeros.
 *
 * @param msgp  given: free with weir_msg_free.
 * @param size  of the body [bytes, 0..WEIR_MSG_MAX].  32 bytes more are there
 *              before and behind it, so that short pieces find room; not for a
 *              power of two from 1024 on, which is taken to be exact.
 *
 * Errors      WEIR_ENOMEM  out of memory, or above WEIR_MSG_MAX
 *             WEIR_EINVAL  msgp is NULL
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_msg_alloc(weir_msg **msgp, size_t size);

/**
 * Free a message; bytes that others share stay.
 *
 * @param msg  taken; NULL allowed.  Not one that an operation still has.
 *
 * Since       0.1
 */
WEIR_API void weir_msg_free(weir_msg *msg);

/**
 * Copy a message: header, body, capacity.  The copy shares nothing.
 *
 * @param dupp  given: free with weir_msg_free.
 * @param msg   borrowed for the call.
 *
 * Errors      WEIR_ENOMEM  out of memory
 *             WEIR_EINVAL  dupp or msg is NULL
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_msg_dup(
    weir_msg **dupp, const weir_msg *msg);

/**
 * Make a second message of the same content, without copying the body: the two
 * (and more) refer to the same bytes.  The first call that would write to the
 * body of one of them, or give it out to be written, makes that one a copy of
 * its own: append, insert, reserve, a realloc to more bytes, weir_msg_body.
 * Trim, chop, clear, a realloc to fewer, and all header calls never copy.  The
 * last one that is left writes in place again.
 *
 * @param sharedp  given: free with weir_msg_free.
 * @param msg      borrowed for the call.
 *
 * Errors      WEIR_ENOMEM  out of memory (some 100 bytes are needed)
 *             WEIR_EAGAIN  WEIR_MSG_SHARES_MAX messages share the bytes
 *             WEIR_EINVAL  sharedp or msg is NULL
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_msg_share(
    weir_msg **sharedp, const weir_msg *msg);

/** Messages that may share the bytes of one body; when full: WEIR_EAGAIN. */
#define WEIR_MSG_SHARES_MAX (1u << 30)

/* --- The body ---------------------------------------------------------- */

/**
 * The body's first byte, to read and write.
 *
 * Result      NULL only if bytes are shared and there is no memory for a copy
 *             (or msg is NULL); never of an empty body
 * Since       0.1
 */
WEIR_API void *weir_msg_body(weir_msg *msg);

/** The body's first byte, to read only: never copies; NULL only for NULL.
 * Since 0.1 */
WEIR_API const void *weir_msg_data(const weir_msg *msg);

/** Bytes in the body.  Since 0.1 */
WEIR_API size_t weir_msg_len(const weir_msg *msg);

/** Bytes from the body's first to the end of its memory: the length that can
 * be reached without more memory, unless bytes are shared.  Since 0.1 */
WEIR_API size_t weir_msg_capacity(const weir_msg *msg);

/**
 * Set the length of the body.
 *
 * @param size  [bytes, 0..WEIR_MSG_MAX]; more than before: the new bytes at the
 *              end have any value; less: bytes go at the end.
 *
 * Errors      WEIR_ENOMEM  out of memory, or above WEIR_MSG_MAX
 *             WEIR_EINVAL  msg is NULL
 * Since       0.1
 */
WEIR_API weir_err weir_msg_realloc(weir_msg *msg, size_t size);

/**
 * Make the capacity at least this, the length unchanged.  What grows within it
 * afterwards does not fail, unless the message is shared in between.
 *
 * @param capacity  [bytes, 0..WEIR_MSG_MAX]; never shrinks.
 *
 * Errors      as weir_msg_realloc
 * Since       0.1
 */
WEIR_API weir_err weir_msg_reserve(weir_msg *msg, size_t capacity);

/** Make the body empty; capacity and bytes stay.  Since 0.1 */
WEIR_API void weir_msg_clear(weir_msg *msg);

/**
 * Add bytes at the end.  Memory grows by half at least, so that many short
 * pieces cost no more than one long one.
 *
 * @param data  size bytes, borrowed for the call, not in this message; NULL:
 *              the new bytes have any value.
 * @param size  [bytes]; 0: nothing happens.
 *
 * Errors      WEIR_ENOMEM  out of memory, or above WEIR_MSG_MAX
 *             WEIR_EINVAL  msg is NULL
 * Since       0.1
 */
WEIR_API weir_err weir_msg_append(weir_msg *msg, const void *data, size_t size);
/** As weir_msg_append, 2 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_append_u16(weir_msg *msg, uint16_t val);
/** As weir_msg_append, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_append_u32(weir_msg *msg, uint32_t val);
/** As weir_msg_append, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_append_u64(weir_msg *msg, uint64_t val);

/**
 * Add bytes at the front: into the room before the body, else by moving the
 * body, else in new memory.
 *
 * @param data  as weir_msg_append
 * @param size  as weir_msg_append
 *
 * Errors      as weir_msg_append
 * Since       0.1
 */
WEIR_API weir_err weir_msg_insert(weir_msg *msg, const void *data, size_t size);
/** As weir_msg_insert, 2 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_insert_u16(weir_msg *msg, uint16_t val);
/** As weir_msg_insert, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_insert_u32(weir_msg *msg, uint32_t val);
/** As weir_msg_insert, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_insert_u64(weir_msg *msg, uint64_t val);

/**
 * Take bytes off the front; nothing is copied.
 *
 * @param size  [bytes, 0..length]
 *
 * Errors      WEIR_EINVAL  longer than the body, or msg is NULL
 * Since       0.1
 */
WEIR_API weir_err weir_msg_trim(weir_msg *msg, size_t size);
/**
 * Take a number off the front.
 *
 * @param valp  gets it; unchanged on failure.
 *
 * Errors      WEIR_EINVAL  the body is shorter, or a NULL pointer
 * Since       0.1
 */
WEIR_API weir_err weir_msg_trim_u16(weir_msg *msg, uint16_t *valp);
/** As weir_msg_trim_u16, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_trim_u32(weir_msg *msg, uint32_t *valp);
/** As weir_msg_trim_u16, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_trim_u64(weir_msg *msg, uint64_t *valp);

/**
 * Take bytes off the end; nothing is copied.
 *
 * @param size  [bytes, 0..length]
 *
 * Errors      as weir_msg_trim
 * Since       0.1
 */
WEIR_API weir_err weir_msg_chop(weir_msg *msg, size_t size);
/**
 * Take a number off the end.
 *
 * @param valp  gets it; unchanged on failure.
 *
 * Errors      as weir_msg_trim_u16
 * Since       0.1
 */
WEIR_API weir_err weir_msg_chop_u16(weir_msg *msg, uint16_t *valp);
/** As weir_msg_chop_u16, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_chop_u32(weir_msg *msg, uint32_t *valp);
/** As weir_msg_chop_u16, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_chop_u64(weir_msg *msg, uint64_t *valp);

/* --- The header -------------------------------------------------------- */

/** The header's first byte, always at the same address; to read and write.
 * NULL only for NULL.  Since 0.1 */
WEIR_API void *weir_msg_header(weir_msg *msg);

/** Bytes in the header [0..WEIR_MSG_HEADER_MAX].  Since 0.1 */
WEIR_API size_t weir_msg_header_len(const weir_msg *msg);

/** Make the header empty.  Since 0.1 */
WEIR_API void weir_msg_header_clear(weir_msg *msg);

/**
 * Add bytes at the header's end.
 *
 * @param data  as weir_msg_append
 * @param size  [bytes, up to WEIR_MSG_HEADER_MAX with those that are there]
 *
 * Errors      WEIR_EINVAL  too many, or msg is NULL
 * Since       0.1
 */
WEIR_API weir_err weir_msg_header_append(
    weir_msg *msg, const void *data, size_t size);
/** As weir_msg_header_append, 2 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_append_u16(weir_msg *msg, uint16_t val);
/** As weir_msg_header_append, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_append_u32(weir_msg *msg, uint32_t val);
/** As weir_msg_header_append, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_append_u64(weir_msg *msg, uint64_t val);

/** Add bytes at the header's front; otherwise as weir_msg_header_append.
 * Since 0.1 */
WEIR_API weir_err weir_msg_header_insert(
    weir_msg *msg, const void *data, size_t size);
/** As weir_msg_header_insert, 2 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_insert_u16(weir_msg *msg, uint16_t val);
/** As weir_msg_header_insert, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_insert_u32(weir_msg *msg, uint32_t val);
/** As weir_msg_header_insert, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_insert_u64(weir_msg *msg, uint64_t val);

/** Take bytes off the header's front; errors as weir_msg_trim.  Since 0.1 */
WEIR_API weir_err weir_msg_header_trim(weir_msg *msg, size_t size);
/** As weir_msg_trim_u16, of the header.  Since 0.1 */
WEIR_API weir_err weir_msg_header_trim_u16(weir_msg *msg, uint16_t *valp);
/** As weir_msg_header_trim_u16, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_trim_u32(weir_msg *msg, uint32_t *valp);
/** As weir_msg_header_trim_u16, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_trim_u64(weir_msg *msg, uint64_t *valp);

/** Take bytes off the header's end; errors as weir_msg_chop.  Since 0.1 */
WEIR_API weir_err weir_msg_header_chop(weir_msg *msg, size_t size);
/** As weir_msg_chop_u16, of the header.  Since 0.1 */
WEIR_API weir_err weir_msg_header_chop_u16(weir_msg *msg, uint16_t *valp);
/** As weir_msg_header_chop_u16, 4 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_chop_u32(weir_msg *msg, uint32_t *valp);
/** As weir_msg_header_chop_u16, 8 bytes.  Since 0.1 */
WEIR_API weir_err weir_msg_header_chop_u64(weir_msg *msg, uint64_t *valp);

/* --- Sending ----------------------------------------------------------- */

/**
 * Header and body where they lie, for a send without a copy.
 *
 * @param out  gets what is not empty: the header, then the body.  To be read
 *             only (others may share it), valid as pointers into the body are.
 *
 * Result      pieces written [0..2]
 * Since       0.1
 */
WEIR_API unsigned weir_msg_iov(const weir_msg *msg, weir_iov out[2]);

WEIR_END_DECLS

#endif
