/*
 * aio - the calls on a handle: those of weir, in milliseconds.
 *
 * Purpose    both sides of an operation.  A provider of the program's is one of
 *            weir's: its cancel function lies in the first scratch word of the
 *            handle, set between reset and start.
 * Ownership  as in <weir/aio.h> and <weir/provider.h>.
 * Pairs      none of its own: start publishes the scratch word to the hook.
 * Proof      test/compat/test_nng_aio.c, test_nng_provider.c
 */
#include "compat/compat.h"

#include <weir/aio.h>
#include <weir/provider.h>

#include <string.h>

/* --- Consumer ---------------------------------------------------------- */

nng_err
nng_aio_alloc(nng_aio **aiop, void (*cb)(void *), void *arg)
{
	return weir_aio_alloc(aiop, cb, arg);
}

void
nng_aio_free(nng_aio *aio)
{
	weir_aio_free(aio);
}

void
nng_aio_reap(nng_aio *aio)
{
	weir_aio_reap(aio);
}

void
nng_aio_stop(nng_aio *aio)
{
	/* Where waiting would never end the handle is stopped all the same. */
	(void)weir_aio_stop(aio);
}

void
nng_aio_abort(nng_aio *aio, nng_err err)
{
	if (err != NNG_OK) {
		(void)weir_aio_abort(aio, err);
	}
}

void
nng_aio_cancel(nng_aio *aio)
{
	(void)weir_aio_cancel(aio);
}

void
nng_aio_wait(nng_aio *aio)
{
	(void)weir_aio_wait(aio);
}

bool
nng_aio_busy(nng_aio *aio)
{
	/* In its own callback weir calls a handle idle, and NNG busy; the look
	 * tells that place from others. */
	bool busy = weir_aio_busy(aio);

	if (!busy) {
		wri_nng_sys_set_call(__func__);
		busy = weir_aio_wait_until(aio, 0) == WEIR_EDEADLK;
		wri_nng_sys_set_call(NULL);
	}
	return busy;
}

nng_err
nng_aio_result(nng_aio *aio)
{
	return weir_aio_result(aio);
}

size_t
nng_aio_count(nng_aio *aio)
{
	return weir_aio_count(aio);
}

void
nng_aio_set_timeout(nng_aio *aio, nng_duration timeout)
{
	weir_duration d = 0; /* other negative values have passed: polls */

	if (timeout == NNG_DURATION_INFINITE) {
		d = WEIR_INFINITE;
	} else if (timeout == NNG_DURATION_DEFAULT) {
		d = WEIR_DEFAULT;
	} else if (timeout > 0) {
		d = WEIR_MS(timeout);
	}
	(void)weir_aio_set_timeout(aio, d);
}

void
nng_aio_set_expire(nng_aio *aio, nng_time expiration)
{
	(void)weir_aio_set_expire(aio, wri_nng_time(expiration));
}

void
nng_aio_set_msg(nng_aio *aio, nng_msg *msg)
{
	(void)weir_aio_set_msg(aio, msg);
}

nng_msg *
nng_aio_get_msg(nng_aio *aio)
{
	return weir_aio_get_msg(aio);
}

nng_err
nng_aio_set_iov(nng_aio *aio, unsigned n, const nng_iov *iov)
{
	/* A count that is refused is no use of the handle, busy or not. */
	return n > WEIR_IOV_COPY_MAX ? NNG_EINVAL
				     : weir_aio_set_iov(aio, n, iov);
}

nng_err
nng_aio_set_input(nng_aio *aio, unsigned index, void *data)
{
	return index >= WEIR_AIO_SLOTS ? NNG_EINVAL
				       : weir_aio_set_input(aio, index, data);
}

void *
nng_aio_get_input(nng_aio *aio, unsigned index)
{
	return weir_aio_get_input(aio, index);
}

void *
nng_aio_get_output(nng_aio *aio, unsigned index)
{
	return weir_aio_get_output(aio, index);
}

void
nng_aio_skip_callback(nng_aio *aio, bool *skipped)
{
	weir_aio_skip_callback(aio, skipped);
}

/* --- Provider ---------------------------------------------------------- */

_Static_assert(sizeof(nng_aio_cancelfn) == sizeof(void *),
    "a scratch word holds a function");

static void
asked(weir_aio *aio, void *arg, weir_err why)
{
	void *word = weir_aio_get_scratch(aio, 0);
	nng_aio_cancelfn fn;

	memcpy(&fn, &word, sizeof(fn));
	fn(aio, arg, why);
}

static const weir_provider asked_provider = {
    .size = sizeof(asked_provider), .name = "nng", .cancel = asked};
/* Only finish ends it. */
static const weir_provider deaf_provider = {
    .size = sizeof(deaf_provider), .name = "nng"};

void
nng_aio_reset(nng_aio *aio)
{
	weir_aio_clear(aio);
}

bool
nng_aio_start(nng_aio *aio, nng_aio_cancelfn fn, void *arg)
{
	void *word;

	if (weir_aio_begin(aio, __func__) != WEIR_OK) {
		return false;
	}
	memcpy(&word, &fn, sizeof(word));
	weir_aio_set_scratch(aio, 0, word);
	return weir_aio_start(aio,
		   fn != NULL ? &asked_provider : &deaf_provider,
		   arg) == WEIR_OK;
}

nng_err
nng_aio_set_output(nng_aio *aio, unsigned index, void *data)
{
	return index >= WEIR_AIO_SLOTS ? NNG_EINVAL
				       : weir_aio_set_output(aio, index, data);
}

void
nng_aio_finish(nng_aio *aio, nng_err err)
{
	(void)weir_aio_finish_now(aio, err);
}
