/*
 * handle - the memory of handles, and what can be set and read on them.
 *
 * Purpose    alloc, settings, results, and the report of misuse.
 * Ownership  settings are the consumer's while no operation is pending.
 * Pairs      A1 to A3 (aio.c) order settings and results.
 * Proof      test/aio/test_handle.c
 */
#include "aio/aio_impl.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What a freed handle is filled with, behind its magic, when it is kept. */
#define POISON 0xa5

uint64_t wri_aio_grain = 524288;
wri_a64 wri_aio_late;

void
wri_aio_destroy(weir_aio *aio)
{
	void *notes = aio->notes;

	wri_aio_bind(aio, NULL);
	wri_deadline_fini(&aio->deadline);
	if (notes == NULL) {
		wri_free(aio, sizeof(*aio));
		return;
	}
	memset(&aio->arg, POISON, sizeof(*aio) - offsetof(weir_aio, arg));
	wri_check_ops()->keep(aio, sizeof(*aio), notes);
}

static weir_err
alloc(weir_aio **aiop, weir_aio_cb cb, void *arg)
{
	weir_aio *aio = wri_alloc(sizeof(*aio));
	weir_err rv;

	if (aio == NULL) {
		return WEIR_ENOMEM;
	}
	rv = wri_deadline_init(&aio->deadline);
	if (rv != WEIR_OK) {
		wri_free(aio, sizeof(*aio));
		return rv;
	}
	if (wri_unlikely(wri_check_ops() != NULL)) {
		aio->notes = wri_check_ops()->make();
	}
	aio->magic = AIO_MAGIC;
	aio->life = wri_life_number();
	aio->cb = cb;
	aio->cb_arg = arg;
	aio->task.run = wri_aio_run;
	aio->timeout = WEIR_DEFAULT;
	/* Relaxed: nobody knows it yet. */
	wri_store(&aio->word, W_CLEAR | (cb == NULL ? W_NOCB : 0), WRI_RLX);
	wri_aio_register(aio);
	*aiop = aio;
	return WEIR_OK;
}

weir_err
weir_aio_alloc(weir_aio **aiop, weir_aio_cb cb, void *arg)
{
	weir_err rv = wri_life_enter(); /* fini does not walk past it */

	if (rv == WEIR_OK) {
		rv = aiop == NULL ? WEIR_EINVAL : alloc(aiop, cb, arg);
		wri_life_leave();
	}
	return rv;
}

/* --- Misuse ------------------------------------------------------------ */

const char *
wri_aio_state(weir_aio *aio, char *buf, size_t size)
{
	static const char *const ops[] = {
	    "no operation", "starting", "active", "ending", "done"};
	uint64_t w = wri_load(&aio->word, WRI_RLX); /* for people */

	(void)snprintf(buf, size, "%s%s%s%s", ops[op_of(w) % 5],
	    (w & W_RUN) != 0 ? ", callback running" : "",
	    (w & W_STOP) != 0 ? ", stopped" : "",
	    (w & W_FREE) != 0 ? ", freed" : "");
	return buf;
}

void
wri_aio_misuse(weir_aio *aio, const char *call, const char *what)
{
	const char *tag = wri_load(&aio->tag, WRI_ACQ);
	uint64_t w = wri_load(&aio->word, WRI_RLX); /* for people */
	static const char start[] = "weir_aio_start";
	char state[80];
	weir_misuse misuse = {.call = call,
	    .what = what,
	    .tag = tag != NULL ? tag : "",
	    .state = wri_aio_state(aio, state, sizeof(state)),
	    .object = aio};

	wri_misuse_after(&misuse, aio->notes,
	    (w & W_FREE) != 0 ? WRI_NOTE_FREE
	    : op_of(w) == OP_ACTIVE &&
		    strncmp(call, start, sizeof(start) - 1) == 0
		? WRI_NOTE_START
	    : op_of(w) == OP_ACTIVE || op_of(w) == OP_STARTING
		? WRI_NOTE_BEGIN
		: WRI_NOTE_FINISH);
}

weir_err
wri_aio_dead(weir_aio *aio, const char *call)
{
	bool freed = aio->magic == AIO_DEAD;
	weir_misuse misuse = {.call = call,
	    .what = freed ? "the handle has been freed" : "this is no handle",
	    .tag = "",
	    .state = "gone",
	    .object = aio};

	wri_misuse_after(&misuse, NULL, freed ? WRI_NOTE_FREE : WRI_NOTES);
	return WEIR_EMISUSE;
}

#define WHEN(op) (1u << (op))
/* Settings want a handle without an operation; row 4. */
#define WHEN_IDLE WHEN(OP_NONE)
#define WHEN_OWNED (WHEN(OP_STARTING) | WHEN(OP_ACTIVE))

/*
 * May this be called in the handle's state?  when: the states that allow it;
 * valid: whether what is to be set can be.
 */
static weir_err
enter_when(weir_aio *aio, const char *call, unsigned when, bool valid)
{
	weir_err rv = wri_aio_enter(aio, call);
	enum op op;

	if (rv != WEIR_OK) {
		return rv;
	}
	op = op_of(wri_load(&aio->word, WRI_ACQ)); /* A3 */
	if ((WHEN(op) & when) != 0) {
		return valid ? WEIR_OK : WEIR_EINVAL;
	}
	wri_aio_misuse(aio, call,
	    when == WHEN_IDLE ? "the handle is busy with an operation"
	    : op == OP_NONE   ? "there is no operation"
			      : "the operation has ended already");
	return WEIR_EMISUSE;
}

/* Was the last submit dropped?  Then what can be read belongs to none. */
static bool
was_dropped(weir_aio *aio)
{
	return (wri_load(&aio->word, WRI_ACQ) & W_REFUSED) != 0;
}

/* --- Settings ---------------------------------------------------------- */

weir_err
weir_aio_set_timeout(weir_aio *aio, weir_duration timeout)
{
	weir_err rv =
	    enter_when(aio, __func__, WHEN_IDLE, timeout >= WEIR_DEFAULT);

	if (rv == WEIR_OK) {
		aio->timeout = timeout;
		aio->expire_set = false;
	}
	return rv;
}

weir_err
weir_aio_set_expire(weir_aio *aio, weir_time when)
{
	weir_err rv = enter_when(aio, __func__, WHEN_IDLE, when >= 0);

	if (rv == WEIR_OK) {
		aio->expire = when;
		aio->expire_set = true;
	}
	return rv;
}

static weir_err
set_vector(weir_aio *aio, const char *call, unsigned n, unsigned max,
    const weir_iov *iov)
{
	weir_err rv =
	    enter_when(aio, call, WHEN_IDLE, wri_iov_is_valid(n, max, iov));

	if (rv == WEIR_OK) {
		aio->iov = iov;
		aio->niov = (uint16_t)n;
		aio->iov_next = 0;
		aio->iov_done = 0;
	}
	return rv;
}

weir_err
weir_aio_set_iov(weir_aio *aio, unsigned n, const weir_iov *iov)
{
	weir_err rv = set_vector(aio, __func__, n, WEIR_IOV_COPY_MAX, iov);

	if (rv == WEIR_OK && n > 0) {
		memmove(aio->copied, iov, n * sizeof(*iov));
		aio->iov = aio->copied;
	}
	return rv;
}

weir_err
weir_aio_borrow_iov(weir_aio *aio, unsigned n, const weir_iov *iov)
{
	return set_vector(aio, __func__, n, WEIR_IOV_BORROW_MAX, iov);
}

weir_err
weir_aio_set_msg(weir_aio *aio, weir_msg *msg)
{
	weir_err rv = enter_when(aio, __func__, WHEN_IDLE | WHEN_OWNED, true);

	if (rv == WEIR_OK) {
		aio->msg = msg;
	}
	return rv;
}

weir_msg *
weir_aio_get_msg(weir_aio *aio)
{
	return aio == NULL ? NULL : aio->msg;
}

weir_err
weir_aio_set_input(weir_aio *aio, unsigned index, void *data)
{
	weir_err rv =
	    enter_when(aio, __func__, WHEN_IDLE, index < WEIR_AIO_SLOTS);

	if (rv == WEIR_OK) {
		aio->input[index] = data;
	}
	return rv;
}

void *
weir_aio_get_input(weir_aio *aio, unsigned index)
{
	return aio == NULL || index >= WEIR_AIO_SLOTS ? NULL
						      : aio->input[index];
}

weir_err
weir_aio_set_output(weir_aio *aio, unsigned index, void *data)
{
	/* Acquire: A3.  A handle without an outcome has none to spoil. */
	bool clear =
	    aio != NULL && (wri_load(&aio->word, WRI_ACQ) & W_CLEAR) != 0;
	weir_err rv = enter_when(aio, __func__,
	    clear ? WHEN_OWNED | WHEN_IDLE : WHEN_OWNED,
	    index < WEIR_AIO_SLOTS);

	if (rv == WEIR_OK) {
		aio->output[index] = data;
	}
	return rv;
}

void *
weir_aio_get_output(weir_aio *aio, unsigned index)
{
	return aio == NULL || index >= WEIR_AIO_SLOTS || was_dropped(aio)
		   ? NULL
		   : aio->output[index];
}

void
weir_aio_set_scratch(weir_aio *aio, unsigned index, void *data)
{
	if (aio != NULL && index < 2) {
		aio->scratch[index] = data;
	}
}

void *
weir_aio_get_scratch(weir_aio *aio, unsigned index)
{
	return aio == NULL || index >= 2 ? NULL : aio->scratch[index];
}

void
weir_aio_skip_callback(weir_aio *aio, bool *skipped)
{
	if (skipped != NULL) {
		*skipped = false;
	}
	if (enter_when(aio, __func__, WHEN_IDLE, true) == WEIR_OK) {
		aio->skip = skipped;
	}
}

/* NULL for the default pool, also when it is named: it ends before us. */
struct weir_exec *
wri_aio_exec(struct weir_exec *exec)
{
	struct wri_pool *pool = wri_pool_default();

	return pool != NULL && exec == wri_pool_exec(pool) ? NULL : exec;
}

weir_err
weir_aio_set_executor(weir_aio *aio, weir_exec *exec)
{
	weir_err rv = enter_when(aio, __func__, WHEN_IDLE, true);

	if (rv == WEIR_OK && exec != NULL && wri_exec_ended(exec)) {
		rv = WEIR_ESTATE;
	}
	if (rv == WEIR_OK) {
		wri_aio_bind(aio, wri_aio_exec(exec));
	}
	return rv;
}

void
weir_aio_set_tag(weir_aio *aio, const char *tag)
{
	if (wri_aio_enter(aio, __func__) == WEIR_OK) {
		wri_store(&aio->tag, (void *)(uintptr_t)tag, WRI_REL);
	}
}

/* --- Reading ----------------------------------------------------------- */

bool
weir_aio_busy(weir_aio *aio)
{
	struct wri_frame *f;
	uint64_t w;

	if (wri_aio_enter(aio, __func__) != WEIR_OK) {
		return false;
	}
	w = wri_load(&aio->word, WRI_ACQ); /* A3 */
	if (is_idle(w)) {
		return false;
	}
	f = wri_frame_find(aio);
	return !(f != NULL && f->callback && op_of(w) == OP_NONE);
}

weir_err
weir_aio_result(weir_aio *aio)
{
	weir_err rv = wri_aio_enter(aio, __func__);

	if (rv != WEIR_OK) {
		return rv;
	}
	return was_dropped(aio) ? WEIR_ESTOPPED : aio->result;
}

size_t
weir_aio_count(weir_aio *aio)
{
	return aio == NULL || was_dropped(aio) ? 0 : aio->count;
}

size_t
weir_aio_get_count(weir_aio *aio)
{
	return weir_aio_count(aio);
}

void
weir_aio_set_count(weir_aio *aio, size_t count)
{
	if (enter_when(aio, __func__, WHEN_IDLE | WHEN_OWNED, true) ==
	    WEIR_OK) {
		aio->count = count;
	}
}

weir_duration
weir_aio_get_timeout(weir_aio *aio)
{
	return aio == NULL ? WEIR_DEFAULT : aio->timeout;
}

weir_time
weir_aio_get_deadline(weir_aio *aio)
{
	return aio == NULL ? WEIR_NEVER : wri_aio_deadline(aio);
}
