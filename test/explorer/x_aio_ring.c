/*
 * x_aio_ring - waiting and freeing inside the callback of another handle.
 *
 * Purpose    T3, T5, T6: the place in the pool is given away and taken back, a
 *            ring of callbacks that wait for each other is told, and what is no
 *            ring is not.
 */
#include "x_aio_rig.h"

#include <weir/task.h>

static struct subject one, other;

/* ---- waiting in a callback --------------------------------------------- */

static weir_err waited[2];

static void
then_wait_other(struct subject *s)
{
	struct subject *o = s == &one ? &other : &one;
	unsigned before = o->accepted;

	waited[s == &one] = weir_aio_wait(o->aio);
	X_ASSERT(waited[s == &one] != WEIR_OK || o->ended >= before);
}

static void
two_up(unsigned n, unsigned m)
{
	rig_up(n, m);
	subject_init(&one, OBEYS);
	subject_init(&other, OBEYS);
	waited[0] = waited[1] = WEIR_OK;
}

static void
two_down(void)
{
	x_await(&one.back, 1);
	x_await(&other.back, 1);
	subject_free(&one);
	subject_free(&other);
	rig_down();
}

/* The place is given to a spare; with no spare, EDEADLK and no hang. */
static void
wait_in_callback(void)
{
	unsigned most = 1 + x_rand(2);

	two_up(1, most);
	one.then = then_wait_other;
	toy_submit(&other);
	toy_sync(&one);
	toy_finish(&other);
	two_down();
	if (waited[1] == WEIR_EDEADLK) {
		X_ASSERT(most == 1);
		X_REACH("nobody-left");
	} else {
		X_REACH("waited");
	}
}

/* Two callbacks wait for each other: at least one is told, both return. */
static void
ring_of_two(void)
{
	two_up(2, 3);
	one.then = other.then = then_wait_other;
	toy_sync(&one);
	toy_sync(&other);
	two_down();
	if (waited[0] == WEIR_EDEADLK || waited[1] == WEIR_EDEADLK) {
		X_REACH("ring");
	} else {
		X_REACH("no-ring");
	}
}

/*
 * No ring: the thread that waits has run the other's callback before, but that
 * runs on another thread now.
 */
static void
no_false_ring(void)
{
	two_up(2, 3);
	toy_sync(&other);
	do_wait(&other);
	one.then = then_wait_other;
	toy_sync(&one);
	x_await(&one.out, 1);
	toy_sync(&other);
	x_await(&one.back, 1);
	X_ASSERT(waited[1] == WEIR_OK);
	x_await(&other.back, 2);
	two_down();
}

static void
then_free_other(struct subject *s)
{
	(void)s;
	other.stopping = true;
	weir_aio_free(other.aio);
	X_REACH(other.begun == other.ended ? "freed" : "as-reap");
}

/* Free of another handle in a callback: waits, or where it cannot, as reap. */
static void
free_in_callback(void)
{
	two_up(1 + x_rand(2), 2);
	one.then = then_free_other;
	toy_submit(&other);
	toy_sync(&one);
	x_await(&one.back, 1);
	x_await(&other.back, 1);
	subject_free(&one);
	rig_down();
}

/* As before, with the other's callback waiting for the one that frees. */
static void
free_in_ring(void)
{
	two_up(2, 2);
	one.then = then_free_other;
	other.then = then_wait_other;
	toy_sync(&other);
	toy_sync(&one);
	x_await(&one.back, 1);
	x_await(&other.back, 1);
	subject_free(&one);
	rig_down();
}

#ifdef X_REAL_POOL
/* ---- strands (the real pool) ------------------------------------------- */

static void
then_wait_and_free(struct subject *s)
{
	(void)s;
	/* The other's callback needs the strand that we are on. */
	toy_sync(&other);
	X_ASSERT(weir_aio_wait(other.aio) == WEIR_EDEADLK);
	other.stopping = true;
	weir_aio_free(other.aio); /* as reap */
	X_ASSERT(other.begun == 1);
}

static void
own_strand(void)
{
	weir_strand *strand;

	two_up(2, 3);
	X_ASSERT(weir_strand_alloc(&strand, NULL) == WEIR_OK);
	X_ASSERT(weir_aio_set_executor(one.aio, weir_strand_exec(strand)) ==
		 WEIR_OK);
	X_ASSERT(weir_aio_set_executor(other.aio, weir_strand_exec(strand)) ==
		 WEIR_OK);
	one.then = then_wait_and_free;
	/* The expiry thread has heard of it: it will be buried. */
	subject_timeout(&other, WEIR_SECONDS(3600));
	toy_submit(&other);
	(void)toy_finish(&other);
	do_wait(&other);
	toy_sync(&one);
	x_await(&one.back, 1);
	x_await(&other.back, 2);
	subject_free(&one);
	/* A handle that was reaped lets go of it when its callback returns. */
	while (weir_strand_free(strand) == WEIR_EBUSY) {
		X_REACH("still-bound");
		wri_yield();
	}
	rig_down();
}
#endif

const struct x_test x_tests[] = {
#ifdef X_REAL_POOL
    {"own_strand", own_strand, "T3 T5 T6, strands", X_NOTIME, 0, "buried",
	NULL},
#endif
    {"wait_in_callback", wait_in_callback, "T3, a place in the pool", X_NOTIME,
	0, "nobody-left waited", NULL},
    {"ring_of_two", ring_of_two, "T3, rings", X_NOTIME, 0, "ring no-ring",
	NULL},
    {"no_false_ring", no_false_ring, "T3, no ring", X_NOTIME, 0, "", NULL},
    {"free_in_callback", free_in_callback, "T5 T6", X_NOTIME, 0, "freed", NULL},
    {"free_in_ring", free_in_ring, "T5 T6, rings", X_NOTIME, 0, "freed as-reap",
	NULL},
    {NULL, NULL, NULL, 0, 0, NULL, NULL},
};
