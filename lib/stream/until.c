/*
 * until - receive up to a delimiter, and nothing behind it.
 *
 * Purpose    a step looks at what is there (into the iov's own memory), finds
 *            where to stop, and takes so much.  How many bytes of the delimiter
 *            the taken ones end with is all that is kept between steps, so it
 *            may come in any pieces.
 * Ownership  the delimiter is borrowed; the scratch words of the aio have it,
 *            and the progress.
 * Progress   never blocks; two system calls a step.
 * Bounds     WEIR_STREAM_DELIM_MAX; the iov's length.
 * Proof      test/stream/test_until.c
 */
#include "base/sys.h"
#include "stream/sockio.h"

#include <string.h>

/* Scratch word 1: length and progress. */
#define UNTIL_LEN_MASK 0xffu
#define UNTIL_MATCHED_SHIFT 8

/*
 * The search of Knuth, Morris and Pratt: fall[n] is how much of the delimiter
 * its first n bytes end with, not counting themselves.
 */
struct until {
	const unsigned char *delim;
	size_t len;
	size_t matched; /* bytes of the delimiter that were the last to come */
	unsigned char fall[WEIR_STREAM_DELIM_MAX + 1];
};

_Static_assert(WEIR_STREAM_DELIM_MAX <= UNTIL_LEN_MASK,
    "length and progress fit into one word");

static void
until_load(struct until *u, weir_aio *aio)
{
	uintptr_t word = (uintptr_t)weir_aio_get_scratch(aio, 1);
	size_t n = 0;

	u->delim = weir_aio_get_scratch(aio, 0);
	u->len = word & UNTIL_LEN_MASK;
	u->matched = word >> UNTIL_MATCHED_SHIFT;
	memset(u->fall, 0, sizeof(u->fall));
	for (size_t i = 1; i < u->len; i++) {
		while (n > 0 && u->delim[i] != u->delim[n]) {
			n = u->fall[n];
		}
		n += u->delim[i] == u->delim[n];
		u->fall[i + 1] = (unsigned char)n;
	}
}

static void
until_save(const struct until *u, weir_aio *aio)
{
	uintptr_t word = u->len | (u->matched << UNTIL_MATCHED_SHIFT);

	weir_aio_set_scratch(aio, 1, (void *)word);
}

static bool
until_found(const struct until *u)
{
	return u->matched == u->len;
}

/* Go on through more bytes, up to the delimiter's end.  How many that is. */
static size_t
until_scan(struct until *u, const unsigned char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len && !until_found(u)) {
		if (u->matched == 0) {
			const unsigned char *first =
			    memchr(bytes + i, u->delim[0], len - i);

			if (first == NULL) {
				return len;
			}
			i = (size_t)(first - bytes);
		}
		while (u->matched > 0 && bytes[i] != u->delim[u->matched]) {
			u->matched = u->fall[u->matched];
		}
		u->matched += bytes[i] == u->delim[u->matched];
		i++;
	}
	return i;
}

/* The same over the first bytes of an iov. */
static size_t
until_scan_iov(struct until *u, const union wri_sock_iov *iov, size_t len)
{
	size_t done = 0;

	for (unsigned i = 0; done < len && !until_found(u); i++) {
		size_t n = iov->ours[i].iov_len;

		done += until_scan(
		    u, iov->ours[i].iov_buf, n < len - done ? n : len - done);
	}
	return done;
}

/* Cut an iov to its first bytes.  How many pieces it has then. */
static unsigned
until_cut(union wri_sock_iov *iov, size_t len)
{
	unsigned n = 0;

	while (len > 0) {
		if (iov->ours[n].iov_len > len) {
			iov->ours[n].iov_len = len;
		}
		len -= iov->ours[n++].iov_len;
	}
	return n;
}

/* Take so many of the bytes that were seen. */
static ssize_t
until_take(int fd, const union wri_sock_iov *seen, size_t len)
{
	union wri_sock_iov iov = *seen;
	struct msghdr msg = {.msg_iov = iov.sys};

	msg.msg_iovlen = until_cut(&iov, len);
	return wri_sys_recvmsg(fd, &msg);
}

/* What was taken is in the iov: is that all? */
static weir_err
until_judge(const struct until *u, weir_aio *aio)
{
	if (until_found(u)) {
		return WEIR_OK;
	}
	return weir_aio_iov_len(aio) == 0 ? WEIR_EMSGSIZE : WEIR_EAGAIN;
}

static weir_err
step_until(weir_aio *aio, int fd, void *arg, unsigned *flags)
{
	union wri_sock_iov iov;
	size_t asked, want;
	unsigned n = wri_sock_iov(aio, &iov, &asked);
	struct msghdr msg = {.msg_iov = iov.sys, .msg_iovlen = n};
	struct until u;
	ssize_t seen, r;

	*flags = 0;
	seen = wri_sys_peekmsg(fd, &msg);
	if (seen == 0 && wri_sock_is_sending(arg)) {
		*flags = WEIR_FD_MORE;
		return WEIR_EAGAIN;
	}
	if (seen <= 0) {
		return wri_sock_err(arg, seen);
	}
	until_load(&u, aio);
	want = until_scan_iov(&u, &iov, (size_t)seen);
	r = until_take(fd, &iov, want);
	if (r <= 0) {
		return wri_sock_err(arg, r);
	}
	if ((size_t)r < want) { /* a unix peer's descriptors lie between */
		until_load(&u, aio);
		(void)until_scan_iov(&u, &iov, (size_t)r);
	}
	until_save(&u, aio);
	weir_aio_advance(aio, (size_t)r);
	/* A read ends at descriptors, too: then a short one proves nothing. */
	*flags = (size_t)r == (size_t)seen && (size_t)seen < asked &&
			 !((weir_stream *)arg)->passes_fds
		     ? WEIR_FD_DRAINED
		     : WEIR_FD_MORE;
	return until_judge(&u, aio);
}

const weir_fdop wri_sock_recv_until = {
    .size = sizeof(weir_fdop),
    .name = "stream recv_until",
    .kind = WEIR_FDOP_OTHER, /* one completion is not the end of it */
    .try_step = step_until,
};
