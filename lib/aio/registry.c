/*
 * registry - all living handles, for fini and the statistics.
 *
 * Purpose    stop, wait for and name what is alive.
 * Ownership  a handle is registered from alloc until its memory goes.  The walk
 *            holds (nwait) what it works on; who frees looks at nwait under
 *            the shard's lock, so that the walk finds no dying handle.
 *            A walk meets each handle once: it moves those it has met behind
 *            the others.
 * Bounds     SHARDS leaf locks, chosen by address.
 * Proof      test/weir/test_init.c
 */
#include "aio/registry.h"
#include "aio/aio_impl.h"

#include "base/log.h"

#define SHARDS 16

static struct shard {
	wri_mtx lock WRI_ALIGNED;
	weir_aio *live; /* new ones first, then those that a walk has met */
	weir_aio **last;
	uint64_t n;
	uint64_t ended; /* operations of handles that have gone */
} shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = WRI_MTX_INIT}};

/* Only weir_fini walks. */
static unsigned walks;  /* so far */
static weir_time limit; /* of the walk that waits */

static struct shard *
shard_of(const weir_aio *aio)
{
	return &shards[(uintptr_t)aio / WRI_LINE % SHARDS];
}

/* Put it where *at points to now. */
static void
link_at_locked(struct shard *s, weir_aio *aio, weir_aio **at)
{
	aio->live_next = *at;
	aio->live_prevp = at;
	if (*at != NULL) {
		(*at)->live_prevp = &aio->live_next;
	} else {
		s->last = &aio->live_next;
	}
	*at = aio;
}

static void
unlink_locked(struct shard *s, weir_aio *aio)
{
	*aio->live_prevp = aio->live_next;
	if (aio->live_next != NULL) {
		aio->live_next->live_prevp = aio->live_prevp;
	} else {
		s->last = aio->live_prevp;
	}
	aio->live_prevp = NULL;
}

void
wri_aio_register(weir_aio *aio)
{
	struct shard *s = shard_of(aio);

	wri_mtx_lock(&s->lock);
	link_at_locked(s, aio, &s->live);
	s->n++;
	wri_mtx_unlock(&s->lock);
}

/* How often it was submitted in this life.  Not in an earlier one's: it stays
 * stopped. */
static uint64_t
submitted_of(const weir_aio *aio, uint64_t w)
{
	return aio->life == wri_life_number() ? w >> W_GEN_SHIFT : 0;
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
		unlink_locked(s, aio);
		s->n--;
		s->ended += submitted_of(aio, wri_load(&aio->word, WRI_RLX));
		aio->magic = AIO_DEAD;
	}
	wri_mtx_unlock(&s->lock);
	return alone;
}

void
wri_registry_begin(weir_duration slack)
{
	wri_store(&wri_aio_late, 0, WRI_RLX); /* nobody runs yet */
	wri_aio_grain = grain_of(slack);
	for (unsigned i = 0; i < SHARDS; i++) {
		wri_mtx_lock(&shards[i].lock);
		shards[i].ended = 0;
		wri_mtx_unlock(&shards[i].lock);
	}
}

/* The next handle of this life that the walk has not met, held; NULL: none. */
static weir_aio *
walk_next(struct shard *s)
{
	weir_aio *aio;
	bool ours = false;

	wri_mtx_lock(&s->lock);
	while (!ours && (aio = s->live) != NULL && aio->walked != walks) {
		unlink_locked(s, aio);
		link_at_locked(s, aio, s->last);
		aio->walked = walks;
		ours = aio->life == wri_life_number();
		if (ours) {
			wri_aio_hold(aio);
		}
	}
	wri_mtx_unlock(&s->lock);
	return ours ? aio : NULL;
}

/* Visit each handle once; how many visits were true. */
static unsigned
walk(bool (*visit)(weir_aio *aio))
{
	unsigned n = 0;

	walks++;
	for (unsigned i = 0; i < SHARDS; i++) {
		weir_aio *aio;

		while ((aio = walk_next(&shards[i])) != NULL) {
			n += visit(aio);
			wri_aio_rele(aio);
		}
	}
	return n;
}

static bool
stop(weir_aio *aio)
{
	(void)wri_aio_ask(aio, WHY_STOP, WEIR_ESTOPPED, W_STOP, NULL);
	return true;
}

static bool
is_late(weir_aio *aio)
{
	return weir_aio_wait_until(aio, limit) == WEIR_ETIMEDOUT;
}

/* Row 20: nobody queues it from here on. */
static bool
orphan(weir_aio *aio)
{
	uint64_t w = wri_or(&aio->word, W_ORPHAN | W_STOP, WRI_ACQ_REL);
	const weir_provider *p =
	    op_of(w) == OP_ACTIVE ? provider_of(aio) : NULL;
	const char *tag = wri_load(&aio->tag, WRI_ACQ);
	char state[80];

	if (!is_idle(w)) {
		wri_log(WEIR_LOG_ERR,
		    "weir_fini: abandoned aio %p, tag \"%s\", provider %s, %s",
		    (void *)aio, tag != NULL ? tag : "",
		    p != NULL && p->name != NULL ? p->name : "none",
		    wri_aio_state(aio, state, sizeof(state)));
	}
	return true;
}

static bool
is_left(weir_aio *aio)
{
	return (wri_load(&aio->word, WRI_ACQ) & W_FREE) == 0;
}

void
wri_registry_stop(void)
{
	(void)walk(stop);
}

bool
wri_registry_wait(weir_time until)
{
	limit = until;
	return walk(is_late) == 0;
}

void
wri_registry_orphan(void)
{
	(void)walk(orphan);
}

unsigned
wri_registry_left(void)
{
	return walk(is_left);
}

bool
wri_registry_find_stuck(weir_time now, struct wri_stuck *out)
{
	bool found = false;

	for (unsigned i = 0; i < SHARDS && !found; i++) {
		wri_mtx_lock(&shards[i].lock);
		for (weir_aio *a = shards[i].live; a != NULL && !found;
		     a = a->live_next) {
			found = a->life == wri_life_number() &&
				wri_watchdog_visit_locked(a, now, out);
		}
		wri_mtx_unlock(&shards[i].lock);
	}
	return found;
}

void
wri_registry_stats(weir_stats *out)
{
	uint64_t pending = 0;

	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *s = &shards[i];

		wri_mtx_lock(&s->lock);
		out->aios += s->n;
		out->submitted += s->ended;
		for (weir_aio *a = s->live; a != NULL; a = a->live_next) {
			uint64_t w = wri_load(&a->word, WRI_RLX); /* news */
			uint64_t n = submitted_of(a, w);

			out->submitted += n;
			pending += n > 0 && op_of(w) != OP_NONE;
		}
		wri_mtx_unlock(&s->lock);
	}
	out->completed = out->submitted - pending;
	out->late_finishes += wri_load(&wri_aio_late, WRI_RLX); /* a counter */
}
