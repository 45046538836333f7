/*
 * x_life - the end of the library against those who are inside.
 *
 * Purpose    L2: nobody is in a room that has gone, whoever is refused does not
 *            enter, and set returns when those inside have left.
 */
#include "explorer/explorer.h"

#include "base/life.h"

#define ROUNDS 2

static bool rooms;    /* they exist */
static bool takes;    /* enter is allowed */
static unsigned in;   /* inside by enter */
static unsigned here; /* inside at all */

static void
up(void)
{
	rooms = takes = true;
	in = here = 0;
	wri_life_set(WRI_LIFE_UP);
}

static void
enterer(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (wri_life_enter() != WEIR_OK) {
			X_REACH("refused");
			X_ASSERT(!wri_life_is_inside());
			continue;
		}
		X_ASSERT(rooms && takes && wri_life_is_inside());
		in++;
		here++;
		x_point();
		X_ASSERT(rooms && takes);
		in--;
		here--;
		wri_life_leave();
	}
}

static void
visitor(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (wri_life_visit() != WEIR_OK) {
			continue;
		}
		X_ASSERT(rooms);
		if (!takes) {
			X_REACH("visited-while-it-ends");
		}
		here++;
		x_point();
		X_ASSERT(rooms);
		here--;
		wri_life_leave();
	}
}

static void
ends(void (*first)(void *), void (*second)(void *))
{
	int ids[2];

	up();
	ids[0] = x_spawn("first", first, NULL);
	ids[1] = x_spawn("second", second, NULL);
	wri_life_set(WRI_LIFE_ENDS);
	X_ASSERT(in == 0);
	takes = false;
	x_point();
	wri_life_set(WRI_LIFE_DOWN);
	X_ASSERT(here == 0);
	rooms = false;
	x_join(ids[0]);
	x_join(ids[1]);
	X_ASSERT(wri_load(&wri_life.inside, WRI_RLX) == 0);
}

static void
two_enter(void)
{
	ends(enterer, enterer);
}

static void
one_of_each(void)
{
	ends(enterer, visitor);
}

const struct x_test x_tests[] = {
    {"two_enter", two_enter, "L2", X_NOTIME, 0, "refused", NULL},
    {"one_of_each", one_of_each, "L2", X_NOTIME, 0,
	"refused visited-while-it-ends", NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
