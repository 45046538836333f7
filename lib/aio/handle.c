/*
 * handle - the memory of handles, the registry of the living, and what can be
 * set and read on them.
 *
 * Purpose    alloc, settings, and the walk over all handles that fini and the
 *            statistics make.
 * Ownership  a handle is registered from alloc until its memory goes.  The
 *            registry's locks are leaves.
 * Pairs      A1 to A3 (aio.c) order settings and results.
 * Bounds     SHARDS locks, chosen by address.
 * Proof      test/aio/test_handle.c
 */
#include "aio/registry.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>

#define SHARDS 16

static struct shard {
	wri_mtx lock WRI_ALIGNED;
	weir_aio *live;
	uint64_t n;
	uint64_t ended; /* operations of handles that have gone */
} shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = WRI_MTX_INIT}};

wri_a64 wri_aio_late;
uint64_t wri_aio_grain = 524288;
static uint32_t life; /* counts weir_init; fixed while it runs */

static struct shard *
shard_of(const weir_aio *aio)
{
	return &shards[(uintptr_t)aio / WRI_LINE % SHARDS];
}

static void
register_live(weir_aio *aio)
{
	struct shard *s = shard_of(aio);

	wri_mtx_lock(&s->lock);
	aio->live_next = s->live;
	if (s->live != NULL) {
		s->live->live_prevp = &aio->live_next;
	}
	aio->live_prevp = &s->live;
	s->live = aio;
	s->n++;
	wri_mtx_unlock(&s->lock);
}

/* False: the walk has just found it; ask again. */
bool
wri_aio_unregister(weir_aio *aio)
{
	struct shard *s = shard_of(aio);
	bool alone;

	wri_mtx_lock(&s->lock);
	alone = wri_load(&aio->nwait, WRI_SC) == 0;
	if (alone) {
		*aio->live_prevp = aio->live_next;
		if (aio->live_next != NULL) {
			aio->live_next->live_prevp = aio->live_prevp;
		}
		s->n--;
		s->ended += wri_load(&aio->word, WRI_RLX) >> W_GEN_SHIFT;
	}
	wri_mtx_unlock(&s->lock);
	return alone;
}

void
wri_aio_unbind(weir_aio *aio)
{
	struct weir_exec *exec = wri_xchg(&aio->exec, NULL, WRI_ACQ_REL);

	if (exec != NULL) {
		wri_sub(&exec->users, 1, WRI_REL);
	}
}

void
wri_aio_destroy(weir_aio *aio)
{
	wri_aio_unbind(aio);
	if (aio->life == life) {
		wri_deadline_fini(&aio->deadline);
	}
	aio->magic = AIO_DEAD;
	wri_free(aio, sizeof(*aio));
}

weir_err
weir_aio_alloc(weir_aio **aiop, weir_aio_cb cb, void *arg)
{
	weir_err rv = wri_life_check();
	weir_aio *aio;

	if (rv != WEIR_OK) {
		return rv;
	}
	if (aiop == NULL) {
		return WEIR_EINVAL;
	}
	aio = wri_alloc(sizeof(*aio));
	if (aio == NULL) {
		return WEIR_ENOMEM;
	}
	rv = wri_deadline_init(&aio->deadline);
	if (rv != WEIR_OK) {
		wri_free(aio, sizeof(*aio));
		return rv;
	}
	aio->magic = AIO_MAGIC;
	aio->life = life;
	aio->cb = cb;
	aio->cb_arg = arg;
	aio->task.run = wri_aio_run;
	aio->timeout = WEIR_DEFAULT;
	/* Relaxed: nobody knows it yet. */
	wri_store(&aio->word, cb == NULL ? W_NOCB : 0, WRI_RLX);
	register_live(aio);
	if (wri_load(&wri_life.up, WRI_SC) == 0) {
		weir_aio_close(aio); /* fini may have walked past it */
	}
	*aiop = aio;
	return WEIR_OK;
}

/* --- Misuse ------------------------------------------------------------ */

static const char *
state_of(weir_aio *aio, char *buf, size_t size)
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
	char state[80];

	wri_misuse(call, what, tag != NULL ? tag : "",
	    state_of(aio, state, sizeof(state)), aio);
}

weir_err
wri_aio_dead(weir_aio *aio, const char *call)
{
	wri_misuse(call,
	    aio->magic == AIO_DEAD ? "the handle has been freed"
				   : "this is no handle",
	    "", "gone", aio);
	return WEIR_EINVAL;
}

/* Settings want a handle without an operation; row 4. */
static weir_err
enter_idle(weir_aio *aio, const char *call)
{
	weir_err rv = wri_aio_enter(aio, call);

	if (rv == WEIR_OK &&
	    op_of(wri_load(&aio->word, WRI_ACQ)) != OP_NONE) { /* A3 */
		wri_aio_misuse(
		    aio, call, "the handle is busy with an operation");
		rv = WEIR_EMISUSE;
	}
	return rv;
}

/* --- Settings ---------------------------------------------------------- */

weir_err
weir_aio_set_timeout(weir_aio *aio, weir_duration timeout)
{
	weir_err rv = enter_idle(aio, "weir_aio_set_timeout");

	if (rv == WEIR_OK && timeout < WEIR_DEFAULT) {
		rv = WEIR_EINVAL;
	}
	if (rv == WEIR_OK) {
		aio->timeout = timeout;
		aio->expire_set = false;
	}
	return rv;
}

weir_err
weir_aio_set_expire(weir_aio *aio, weir_time when)
{
	weir_err rv = enter_idle(aio, "weir_aio_set_expire");

	if (rv == WEIR_OK && when < 0) {
		rv = WEIR_EINVAL;
	}
	if (rv == WEIR_OK) {
		aio->expire = when;
		aio->expire_set = true;
	}
	return rv;
}

weir_err
weir_aio_set_iov(weir_aio *aio, unsigned n, const weir_iov *iov)
{
	weir_err rv = enter_idle(aio, "weir_aio_set_iov");

	if (rv == WEIR_OK) {
		rv = wri_iov_check(n, WEIR_IOV_COPY_MAX, iov);
	}
	if (rv == WEIR_OK) {
		for (unsigned i = 0; i < n; i++) {
			aio->copied[i] = iov[i];
		}
		aio->iov = aio->copied;
		aio->niov = n;
	}
	return rv;
}

weir_err
weir_aio_borrow_iov(weir_aio *aio, unsigned n, const weir_iov *iov)
{
	weir_err rv = enter_idle(aio, "weir_aio_borrow_iov");

	if (rv == WEIR_OK) {
		rv = wri_iov_check(n, WEIR_IOV_BORROW_MAX, iov);
	}
	if (rv == WEIR_OK) {
		aio->iov = iov;
		aio->niov = n;
	}
	return rv;
}

/* What the operation's owner may set, and anybody while there is none. */
static weir_err
enter_owned(weir_aio *aio, const char *call)
{
	weir_err rv = wri_aio_enter(aio, call);

	if (rv == WEIR_OK) {
		switch (op_of(wri_load(&aio->word, WRI_RLX))) { /* our own */
		case OP_NONE:
		case OP_STARTING:
		case OP_ACTIVE:
			break;
		case OP_ENDING:
		case OP_DONE:
			wri_aio_misuse(
			    aio, call, "the operation has ended already");
			rv = WEIR_EMISUSE;
			break;
		}
	}
	return rv;
}

weir_err
weir_aio_set_msg(weir_aio *aio, weir_msg *msg)
{
	weir_err rv = enter_owned(aio, "weir_aio_set_msg");

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
	weir_err rv = enter_idle(aio, "weir_aio_set_input");

	if (rv == WEIR_OK && index >= WEIR_AIO_SLOTS) {
		rv = WEIR_EINVAL;
	}
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
	weir_err rv = enter_owned(aio, "weir_aio_set_output");

	if (rv == WEIR_OK && index >= WEIR_AIO_SLOTS) {
		rv = WEIR_EINVAL;
	}
	if (rv == WEIR_OK) {
		aio->output[index] = data;
	}
	return rv;
}

void *
weir_aio_get_output(weir_aio *aio, unsigned index)
{
	return aio == NULL || index >= WEIR_AIO_SLOTS ? NULL
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
	if (enter_idle(aio, "weir_aio_skip_callback") == WEIR_OK) {
		aio->skip = skipped;
	}
}

weir_err
weir_aio_set_executor(weir_aio *aio, weir_exec *exec)
{
	weir_err rv = enter_idle(aio, "weir_aio_set_executor");

	if (rv == WEIR_OK) {
		if (exec != NULL) {
			wri_add(&exec->users, 1, WRI_RLX); /* a count */
		}
		wri_aio_unbind(aio);
		wri_store(&aio->exec, exec, WRI_RLX); /* the word publishes */
	}
	return rv;
}

void
weir_aio_set_tag(weir_aio *aio, const char *tag)
{
	if (wri_aio_enter(aio, "weir_aio_set_tag") == WEIR_OK) {
		wri_store(&aio->tag, (void *)(uintptr_t)tag, WRI_REL);
	}
}

/* --- Reading ----------------------------------------------------------- */

bool
weir_aio_busy(weir_aio *aio)
{
	struct wri_frame *f;
	uint64_t w;

	if (wri_aio_enter(aio, "weir_aio_busy") != WEIR_OK) {
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
	weir_err rv = wri_aio_enter(aio, "weir_aio_result");

	if (rv != WEIR_OK) {
		return rv;
	}
	if ((wri_load(&aio->word, WRI_ACQ) & W_REFUSED) != 0) {
		return WEIR_ESTOPPED;
	}
	return aio->result;
}

size_t
weir_aio_count(weir_aio *aio)
{
	return aio == NULL ? 0 : aio->count;
}

size_t
weir_aio_get_count(weir_aio *aio)
{
	return weir_aio_count(aio);
}

void
weir_aio_set_count(weir_aio *aio, size_t count)
{
	if (enter_owned(aio, "weir_aio_set_count") == WEIR_OK) {
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

/* --- The walk ---------------------------------------------------------- */

void
wri_registry_begin(weir_duration slack)
{
	life++;
	wri_store(&wri_aio_late, 0, WRI_RLX); /* nobody runs yet */
	wri_aio_grain = 4;
	while (wri_aio_grain * 2 <= (uint64_t)slack) {
		wri_aio_grain *= 2;
	}
	for (unsigned i = 0; i < SHARDS; i++) {
		shards[i].ended = 0;
	}
}

/* The first handle of this life that want accepts, held; NULL: none. */
static weir_aio *
find(struct shard *s, bool (*want)(uint64_t word))
{
	weir_aio *aio;

	wri_mtx_lock(&s->lock);
	for (aio = s->live; aio != NULL; aio = aio->live_next) {
		if (aio->life == life &&
		    want(wri_load(&aio->word, WRI_ACQ))) {
			wri_aio_hold(aio);
			break;
		}
	}
	wri_mtx_unlock(&s->lock);
	return aio;
}

static bool
not_stopped(uint64_t w)
{
	return (w & W_STOP) == 0;
}

static bool
not_idle(uint64_t w)
{
	return !is_idle(w) && (w & W_ORPHAN) == 0;
}

static bool
not_orphan(uint64_t w)
{
	return (w & W_ORPHAN) == 0;
}

void
wri_registry_stop(void)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		weir_aio *aio;

		while ((aio = find(&shards[i], not_stopped)) != NULL) {
			(void)wri_aio_ask(
			    aio, WHY_STOP, WEIR_ESTOPPED, W_STOP, NULL);
			wri_aio_rele(aio);
		}
	}
}

bool
wri_registry_wait(weir_time until)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		weir_aio *aio;

		while ((aio = find(&shards[i], not_idle)) != NULL) {
			weir_err rv = weir_aio_wait_until(aio, until);

			wri_aio_rele(aio);
			if (rv == WEIR_ETIMEDOUT) {
				return false;
			}
		}
	}
	return true;
}

unsigned
wri_registry_orphan(void)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		weir_aio *aio;

		while ((aio = find(&shards[i], not_orphan)) != NULL) {
			const weir_provider *p =
			    wri_load(&aio->provider, WRI_ACQ);
			const char *tag = wri_load(&aio->tag, WRI_ACQ);
			char state[80];

			if (!is_idle(wri_load(&aio->word, WRI_ACQ))) {
				busy++;
				wri_log(WEIR_LOG_ERR,
				    "weir_fini: abandoned aio %p, tag \"%s\", "
				    "provider %s, %s",
				    (void *)aio, tag != NULL ? tag : "",
				    p != NULL && p->name != NULL ? p->name
								 : "none",
				    state_of(aio, state, sizeof(state)));
			}
			wri_aio_orphan(aio);
			wri_aio_rele(aio);
		}
	}
	return busy;
}

void
wri_registry_stats(struct wri_registry_stats *out)
{
	*out = (struct wri_registry_stats){0};
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *s = &shards[i];

		wri_mtx_lock(&s->lock);
		out->aios += s->n;
		out->submitted += s->ended;
		out->completed += s->ended;
		for (weir_aio *a = s->live; a != NULL; a = a->live_next) {
			uint64_t w = wri_load(&a->word, WRI_RLX); /* news */
			uint64_t gen = w >> W_GEN_SHIFT;

			out->submitted += gen;
			out->completed += gen - (op_of(w) != OP_NONE);
		}
		wri_mtx_unlock(&s->lock);
	}
	out->late = wri_load(&wri_aio_late, WRI_RLX); /* a counter */
}
