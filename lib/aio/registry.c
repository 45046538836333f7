/*
 * registry - all living handles, for fini and the statistics.
 *
 * Purpose    stop, wait for and name what is alive.
 * Ownership  a handle is registered from alloc until its memory goes.  The walk
 *            holds (nwait) what it works on; who frees looks at nwait under
 *            the shard's lock, so that the walk finds no dying handle.
 * Bounds     SHARDS leaf locks, chosen by address.
 * Proof      test/weir/test_init.c
 */
#include "aio/registry.h"
#include "aio/aio_impl.h"

#include "base/log.h"

#define SHARDS 16

static struct shard {
	wri_mtx lock WRI_ALIGNED;
	weir_aio *live;
	uint64_t n;
	uint64_t ended; /* operations of handles that have gone */
} shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = WRI_MTX_INIT}};

static struct shard *
shard_of(const weir_aio *aio)
{
	return &shards[(uintptr_t)aio / WRI_LINE % SHARDS];
}

void
wri_aio_register(weir_aio *aio)
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

/*
 * The handle is dead: no walk shall find it, and a call that comes now is
 * misuse.  False: a call is inside still; ask again.  May be asked once more
 * after it was true.
 */
bool
wri_aio_unregister(weir_aio *aio)
{
	struct shard *s = shard_of(aio);
	bool alone;

	wri_mtx_lock(&s->lock);
	alone = wri_load(&aio->nwait, WRI_SC) == 0;
	if (alone && aio->live_prevp != NULL) {
		*aio->live_prevp = aio->live_next;
		if (aio->live_next != NULL) {
			aio->live_next->live_prevp = aio->live_prevp;
		}
		aio->live_prevp = NULL;
		s->n--;
		s->ended += wri_load(&aio->word, WRI_RLX) >> W_GEN_SHIFT;
		aio->magic = AIO_DEAD;
	}
	wri_mtx_unlock(&s->lock);
	return alone;
}

void
wri_registry_begin(weir_duration slack)
{
	wri_aio_life++;
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
		if (aio->life == wri_aio_life &&
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

/* Row 20: nobody queues it from here on.  True: somebody should free it. */
static bool
orphan(weir_aio *aio)
{
	uint64_t w = wri_or(&aio->word, W_ORPHAN | W_STOP, WRI_ACQ_REL);
	const weir_provider *p = wri_load(&aio->provider, WRI_ACQ);
	const char *tag = wri_load(&aio->tag, WRI_ACQ);
	char state[80];

	if (!is_idle(w)) {
		wri_log(WEIR_LOG_ERR,
		    "weir_fini: abandoned aio %p, tag \"%s\", provider %s, %s",
		    (void *)aio, tag != NULL ? tag : "",
		    p != NULL && p->name != NULL ? p->name : "none",
		    wri_aio_state(aio, state, sizeof(state)));
	}
	return (w & W_FREE) == 0;
}

unsigned
wri_registry_orphan(void)
{
	unsigned left = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		weir_aio *aio;

		while ((aio = find(&shards[i], not_orphan)) != NULL) {
			left += orphan(aio);
			wri_aio_rele(aio);
		}
	}
	return left;
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
