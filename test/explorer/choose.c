/*
 * choose - chance, and the strategies that say who runs next.
 *
 * Purpose    random     any of those that can run
 *            sticky     the current one with 7/8, else any
 *            pct        the one with the highest random priority; at 1-4
 *                       random steps, and at each yield, the current one gets
 *                       the lowest (Burckhardt et al., ASPLOS 2010)
 *            exhaust    one schedule after the other, all that have at most
 *                       plan.bound preemptions; no chaos, no clock jumps
 * Rules      nothing but the seed, and for exhaust the path, decides.
 * Bounds     a path of 2 x WRX_STEPS_MAX choices with 255 alternatives each.
 */
#include "explorer/world.h"

/* ---- chance ------------------------------------------------------------ */

static uint64_t
xorshift(uint64_t *s)
{
	uint64_t x = *s;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*s = x;
	return x * 0x2545f4914f6cdd1dULL >> 16; /* the low bits are weak */
}

uint64_t
wrx_rng(void)
{
	return xorshift(&wrx.rng);
}

static uint64_t
mix(uint64_t x) /* splitmix64: neighbouring seeds become strangers */
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (x ^ x >> 31) | 1;
}

void
wrx_seed(uint64_t seed)
{
	wrx.rng = mix(seed);
}

/*
 * Exhaustive search: the choices of the last schedule.  The next one repeats
 * all but the last that had an alternative left.
 */
static struct {
	uint8_t made[WRX_STEPS_MAX * 2], of[WRX_STEPS_MAX * 2];
	unsigned at, len;
} path;

static unsigned
path_choose(unsigned n)
{
	if (path.at == path.len) {
		if (path.len == sizeof path.made) {
			wrx_fail("limit", "too many choices to enumerate");
		}
		path.made[path.len] = 0;
		path.of[path.len] = (uint8_t)n;
		path.len++;
	}
	return path.made[path.at++];
}

bool
wrx_exhaust_next(void)
{
	path.len = path.at;
	path.at = 0;
	while (path.len > 0) {
		if (++path.made[path.len - 1] < path.of[path.len - 1]) {
			return true;
		}
		path.len--;
	}
	return false;
}

void
wrx_exhaust_reset(void)
{
	path.at = path.len = 0;
}

unsigned
wrx_choose(unsigned n)
{
	if (n <= 1) {
		return 0;
	}
	if (wrx.plan.strategy == WRX_EXHAUST && n < 256) {
		return path_choose(n);
	}
	return (unsigned)(wrx_rng() % n);
}

/* ---- who runs next ----------------------------------------------------- */

static struct wrx_fiber *
nth(uint64_t set, unsigned n)
{
	while (n-- > 0) {
		set &= set - 1;
	}
	return &wrx.fibers[__builtin_ctzll(set)];
}

struct wrx_fiber *
wrx_choose_of(uint64_t set)
{
	return nth(set, wrx_choose((unsigned)__builtin_popcountll(set)));
}

static struct wrx_fiber *
pick_uniform(uint64_t set)
{
	unsigned n = (unsigned)__builtin_popcountll(set);

	return nth(set, n == 1 ? 0 : (unsigned)(wrx_rng() % n));
}

static struct wrx_fiber *
pick_pct(void)
{
	struct wrx_fiber *best = NULL;

	for (uint64_t set = wrx.ready; set != 0; set &= set - 1) {
		struct wrx_fiber *f = nth(set, 0);

		if (best == NULL || f->prio > best->prio) {
			best = f;
		}
	}
	return best;
}

/*
 * Leaving a fiber that could go on costs one of plan.bound preemptions.  A
 * yield goes to the next in turn, without alternatives: choices there would
 * enumerate spins without end.
 */
static struct wrx_fiber *
pick_exhaust(uint64_t set, bool aside)
{
	uint64_t me = wrx_bit(wrx.cur->id);
	unsigned n = (unsigned)__builtin_popcountll(set);
	unsigned c;

	if (aside) {
		uint64_t after = set & ~(me | (me - 1));

		return nth(after != 0 ? after : set, 0);
	}
	if ((set & me) == 0) {
		return nth(set, wrx_choose(n));
	}
	c = wrx.preempts < wrx.plan.bound ? wrx_choose(n) : 0;
	if (c == 0) {
		return wrx.cur;
	}
	wrx.preempts++;
	return nth(set & ~me, c - 1);
}

struct wrx_fiber *
wrx_pick(bool aside)
{
	uint64_t me = wrx_bit(wrx.cur->id);
	uint64_t set = wrx.ready;

	if (aside && (set & ~me) != 0) {
		set &= ~me;
	}
	switch (wrx.plan.strategy) {
	case WRX_STICKY:
		if ((set & me) != 0 && (wrx_rng() & 7) != 0) {
			return wrx.cur;
		}
		return pick_uniform(set);
	case WRX_PCT:
		for (unsigned i = 0; i < wrx.npoints; i++) {
			aside |= wrx.points[i] == wrx.steps;
		}
		if (aside) {
			wrx.cur->prio = --wrx.prio_low;
		}
		return pick_pct();
	case WRX_EXHAUST:
		return pick_exhaust(set, aside);
	case WRX_RANDOM:
	case WRX_STRATEGIES:
		break;
	}
	return pick_uniform(set);
}
