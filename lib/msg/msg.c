/*
 * msg - life and body of a message, and who may write its bytes.
 *
 * Purpose    see <weir/msg.h>.
 * Ownership  a handle is one thread's at a time; a buffer belongs to all
 *            handles that refer to it, and the last one frees it.  Its bytes
 *            are written by the only handle, or by nobody: every writer goes
 *            through msg_own.
 * Pairs      M1  msg_rele: refs - 1 (release) -> the msg_rele that finds 1
 *                (acquire), carries all that others did with the bytes before
 *                they are freed.
 *            M2  msg_rele: refs - 1 (release) -> msg_own: refs is 1 (acquire),
 *                carries all that others have read before bytes are written in
 *                place.
 * Bounds     WEIR_MSG_MAX, checked before anything is added up.
 * Proof      test/msg/test_msg.c, test_msg_share.c, test_msg_model.c,
 *            test/explorer/x_chan.c
 */
#include "msg/msg_impl.h"

#include "base/mem.h"

#include <string.h>

/* Bytes to spare, on either side. */
#define MSG_SPARE 32
/* A body this long, and a power of two, has none. */
#define MSG_EXACT_MIN 1024

/* --- Buffers ----------------------------------------------------------- */

static struct msg_buf *
buf_alloc(size_t size)
{
	struct msg_buf *buf = wri_alloc(sizeof(*buf) + size);

	if (buf != NULL) {
		/* Relaxed: nobody knows it yet. */
		wri_store(&buf->refs, 1, WRI_RLX);
		buf->size = size;
	}
	return buf;
}

static void
msg_rele(struct msg_buf *buf)
{
	/* acq_rel: M1, M2. */
	if (wri_sub(&buf->refs, 1, WRI_ACQ_REL) == 1) {
		wri_free(buf, sizeof(*buf) + buf->size);
	}
}

static bool
msg_hold(struct msg_buf *buf)
{
	/* Relaxed, both: the caller has a reference. */
	if (wri_add(&buf->refs, 1, WRI_RLX) >= WEIR_MSG_SHARES_MAX) {
		(void)wri_sub(&buf->refs, 1, WRI_RLX);
		return false;
	}
	return true;
}

static size_t
msg_head(const weir_msg *msg)
{
	return (size_t)(msg->body - msg->buf->bytes);
}

static size_t
msg_room(const weir_msg *msg)
{
	return msg->buf->size - msg_head(msg);
}

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A buffer with so much room before and from the body on, and that in it. */
static struct msg_buf *
msg_copy(const weir_msg *msg, size_t head, size_t room)
{
	struct msg_buf *buf = buf_alloc(head + room);

	if (buf != NULL) {
		memcpy(buf->bytes + head, msg->body, msg->len);
	}
	return buf;
}

/* Go on in a copy. */
static weir_err
msg_move(weir_msg *msg, size_t head, size_t room)
{
	struct msg_buf *buf = msg_copy(msg, head, room);

	if (buf == NULL) {
		return WEIR_ENOMEM;
	}
	msg_rele(msg->buf);
	msg->buf = buf;
	msg->body = buf->bytes + head;
	return WEIR_OK;
}

/* Are the bytes this handle's alone? */
static bool
msg_is_alone(const weir_msg *msg)
{
	return wri_load(&msg->buf->refs, WRI_ACQ) == 1; /* M2 */
}

/*
 * Before writing: the bytes are this handle's alone, and there is room for a
 * body of `need`; if there was not, for one of `want`.
 */
static weir_err
msg_own(weir_msg *msg, size_t need, size_t want)
{
	const size_t room = msg_room(msg);

	if (need <= room && msg_is_alone(msg)) {
		return WEIR_OK;
	}
	return msg_move(msg, smaller(msg_head(msg), MSG_SPARE),
	    need <= room ? room : larger(need, want));
}

/* --- Life -------------------------------------------------------------- */

weir_err
weir_msg_alloc(weir_msg **msgp, size_t size)
{
	const bool exact = size >= MSG_EXACT_MIN && (size & (size - 1)) == 0;
	const size_t spare = exact ? 0 : MSG_SPARE;
	weir_msg *msg;

	if (msgp == NULL) {
		return WEIR_EINVAL;
	}
	if (size > WEIR_MSG_MAX) {
		return WEIR_ENOMEM;
	}
	msg = wri_alloc(sizeof(*msg));
	if (msg == NULL) {
		return WEIR_ENOMEM;
	}
	msg->buf = buf_alloc(spare + size + spare);
	if (msg->buf == NULL) {
		wri_free(msg, sizeof(*msg));
		return WEIR_ENOMEM;
	}
	msg->body = msg->buf->bytes + spare;
	msg->len = size;
	*msgp = msg;
	return WEIR_OK;
}

void
weir_msg_free(weir_msg *msg)
{
	if (msg != NULL) {
		msg_rele(msg->buf);
		wri_free(msg, sizeof(*msg));
	}
}

weir_err
weir_msg_dup(weir_msg **dupp, const weir_msg *msg)
{
	size_t head;
	weir_msg *dup;

	if (dupp == NULL || msg == NULL) {
		return WEIR_EINVAL;
	}
	dup = wri_alloc(sizeof(*dup));
	if (dup == NULL) {
		return WEIR_ENOMEM;
	}
	*dup = *msg;
	head = smaller(msg_head(msg), MSG_SPARE);
	dup->buf = msg_copy(msg, head, msg_room(msg));
	if (dup->buf == NULL) {
		wri_free(dup, sizeof(*dup));
		return WEIR_ENOMEM;
	}
	dup->body = dup->buf->bytes + head;
	*dupp = dup;
	return WEIR_OK;
}

weir_err
weir_msg_share(weir_msg **sharedp, const weir_msg *msg)
{
	weir_msg *shared;

	if (sharedp == NULL || msg == NULL) {
		return WEIR_EINVAL;
	}
	shared = wri_alloc(sizeof(*shared));
	if (shared == NULL) {
		return WEIR_ENOMEM;
	}
	if (!msg_hold(msg->buf)) {
		wri_free(shared, sizeof(*shared));
		return WEIR_EAGAIN;
	}
	*shared = *msg;
	*sharedp = shared;
	return WEIR_OK;
}

/* --- The body ---------------------------------------------------------- */

void *
weir_msg_body(weir_msg *msg)
{
	if (msg == NULL || msg_own(msg, msg->len, 0) != WEIR_OK) {
		return NULL;
	}
	return msg->body;
}

const void *
weir_msg_data(const weir_msg *msg)
{
	return msg == NULL ? NULL : msg->body;
}

size_t
weir_msg_len(const weir_msg *msg)
{
	return msg == NULL ? 0 : msg->len;
}

size_t
weir_msg_capacity(const weir_msg *msg)
{
	return msg == NULL ? 0 : msg_room(msg);
}

weir_err
weir_msg_reserve(weir_msg *msg, size_t capacity)
{
	if (msg == NULL) {
		return WEIR_EINVAL;
	}
	if (capacity > WEIR_MSG_MAX) {
		return WEIR_ENOMEM;
	}
	return msg_own(msg, capacity, 0);
}

weir_err
weir_msg_realloc(weir_msg *msg, size_t size)
{
	/* Fewer: the same bytes, seen shorter. */
	weir_err rv = msg != NULL && size <= msg->len
			  ? WEIR_OK
			  : weir_msg_reserve(msg, size);

	if (rv == WEIR_OK) {
		msg->len = size;
	}
	return rv;
}

void
weir_msg_clear(weir_msg *msg)
{
	if (msg != NULL) {
		msg->len = 0;
	}
}

weir_err
weir_msg_append(weir_msg *msg, const void *data, size_t size)
{
	size_t room;
	weir_err rv;

	if (msg == NULL) {
		return WEIR_EINVAL;
	}
	if (size == 0) {
		return WEIR_OK;
	}
	if (size > WEIR_MSG_MAX - msg->len) {
		return WEIR_ENOMEM;
	}
	room = msg_room(msg);
	rv = msg_own(
	    msg, msg->len + size, smaller(room + room / 2, WEIR_MSG_MAX));
	if (rv != WEIR_OK) {
		return rv;
	}
	if (data != NULL) {
		memcpy(msg->body + msg->len, data, size);
	}
	msg->len += size;
	return WEIR_OK;
}

/* Let the body begin `size` bytes earlier, in memory of this handle alone. */
static weir_err
msg_open_front(weir_msg *msg, size_t size)
{
	const size_t head = msg_head(msg);
	const size_t room = msg_room(msg);
	weir_err rv = WEIR_OK;

	if (!msg_is_alone(msg)) {
		rv = msg_move(msg, size + MSG_SPARE, room);
	} else if (size > head && size > room - msg->len) {
		/* As much again as there is: the next ones find room. */
		rv = msg_move(msg, size + larger(MSG_SPARE, msg->len), room);
	} else if (size > head) {
		memmove(msg->body + size, msg->body, msg->len);
		return WEIR_OK;
	}
	if (rv == WEIR_OK) {
		msg->body -= size;
	}
	return rv;
}

weir_err
weir_msg_insert(weir_msg *msg, const void *data, size_t size)
{
	weir_err rv;

	if (msg == NULL) {
		return WEIR_EINVAL;
	}
	if (size == 0) {
		return WEIR_OK;
	}
	if (size > WEIR_MSG_MAX - msg->len) {
		return WEIR_ENOMEM;
	}
	rv = msg_open_front(msg, size);
	if (rv != WEIR_OK) {
		return rv;
	}
	if (data != NULL) {
		memcpy(msg->body, data, size);
	}
	msg->len += size;
	return WEIR_OK;
}

weir_err
weir_msg_trim(weir_msg *msg, size_t size)
{
	if (msg == NULL || size > msg->len) {
		return WEIR_EINVAL;
	}
	msg->body += size;
	msg->len -= size;
	return WEIR_OK;
}

weir_err
weir_msg_chop(weir_msg *msg, size_t size)
{
	if (msg == NULL || size > msg->len) {
		return WEIR_EINVAL;
	}
	msg->len -= size;
	return WEIR_OK;
}
