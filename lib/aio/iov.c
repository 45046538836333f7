/*
 * iov - scatter and gather: bookkeeping only.
 *
 * Purpose    the handle's vector stays as the consumer set it; a cursor in the
 *            operation says how far the provider has come.
 * Bounds     WEIR_IOV_COPY_MAX, WEIR_IOV_BORROW_MAX; SSIZE_MAX bytes in all.
 * Proof      test/aio/test_iov.c
 */
#include "aio/aio_impl.h"

#include <limits.h>

bool
wri_iov_is_valid(unsigned n, unsigned max, const weir_iov *iov)
{
	size_t room = SSIZE_MAX;

	if (n > max || (n > 0 && iov == NULL)) {
		return false;
	}
	for (unsigned i = 0; i < n; i++) {
		if ((iov[i].iov_buf == NULL && iov[i].iov_len > 0) ||
		    iov[i].iov_len > room) {
			return false;
		}
		room -= iov[i].iov_len;
	}
	return true;
}

size_t
weir_aio_iov_len(weir_aio *aio)
{
	size_t left = 0;

	if (aio == NULL) {
		return 0;
	}
	for (unsigned i = aio->iov_next; i < aio->niov; i++) {
		left += aio->iov[i].iov_len;
	}
	return left - aio->iov_done;
}

unsigned
weir_aio_get_iov(weir_aio *aio, weir_iov *out, unsigned max)
{
	size_t done;
	unsigned n = 0;

	if (aio == NULL || out == NULL) {
		return 0;
	}
	done = aio->iov_done;
	for (unsigned i = aio->iov_next; i < aio->niov && n < max; i++) {
		if (aio->iov[i].iov_len > done) {
			out[n].iov_buf = (char *)aio->iov[i].iov_buf + done;
			out[n].iov_len = aio->iov[i].iov_len - done;
			n++;
		}
		done = 0;
	}
	return n;
}

void
weir_aio_advance(weir_aio *aio, size_t n)
{
	if (aio == NULL) {
		return;
	}
	while (n > 0 && aio->iov_next < aio->niov) {
		size_t left = aio->iov[aio->iov_next].iov_len - aio->iov_done;
		size_t step = n < left ? n : left;

		aio->count += step;
		aio->iov_done += step;
		n -= step;
		if (step == left) {
			aio->iov_next++;
			aio->iov_done = 0;
		}
	}
}
