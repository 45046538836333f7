/*
 * stress_udp - several threads on two sockets: each datagram at most once,
 * each operation exactly once, whatever is cancelled meanwhile.
 *
 * Purpose    threads submit sends and receives in both directions, cancel,
 *            poll and time out; at the end one socket is freed under them.
 * Bounds     ROUNDS per thread; the seed is printed when it fails.
 */
#include "support/rt.h"
#include "support/run.h"
#include "aio/dice.h"
#include "udp/dgram.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 600
#define LANES 3

static weir_udp *ends[2];
static weir_sockaddr names[2];
/* How often a number has arrived, by thread and round. */
static _Atomic unsigned seen[THREADS * ROUNDS * 2];
static _Atomic unsigned wrong;

struct lane {
	struct consumer c;
	weir_sockaddr addr;
	uint32_t number;
	bool sends;
};

struct worker {
	pthread_t thread;
	unsigned index;
	unsigned dice;
	struct lane lanes[LANES];
};

static unsigned
roll(struct worker *w, unsigned n)
{
	return (unsigned)rand_r(&w->dice) % n;
}

static void
lane_ended(struct consumer *c)
{
	struct lane *l = c->arg;

	switch ((int)c->result) {
	case WEIR_OK:
		if (c->count != sizeof(l->number)) {
			wrong++;
		} else if (!l->sends) {
			if (l->number >= sizeof(seen) / sizeof(seen[0]) ||
			    seen[l->number]++ != 0 ||
			    l->addr.s_family != WEIR_AF_INET) {
				wrong++;
			}
		}
		return;
	case WEIR_ECANCELED:
	case WEIR_ETIMEDOUT:
	case WEIR_ECLOSED:
		if (c->count != 0) {
			wrong++;
		}
		return;
	}
	wrong++;
}

/* The lane is idle: give it something to do. */
static void
lane_submit(struct worker *w, struct lane *l, uint32_t number)
{
	const weir_duration timeouts[] = {
	    WEIR_INFINITE, WEIR_INFINITE, 0, WEIR_US(50), WEIR_MS(1)};
	const weir_iov iov = {&l->number, sizeof(l->number)};
	unsigned end = roll(w, 2);

	l->sends = roll(w, 2) == 0;
	l->number = l->sends ? number : UINT32_MAX;
	l->addr = names[1 - end];
	(void)weir_aio_set_timeout(l->c.aio, timeouts[roll(w, 5)]);
	(void)weir_aio_set_iov(l->c.aio, 1, &iov);
	(void)weir_aio_set_input(l->c.aio, 0, &l->addr);
	if (l->sends) {
		weir_udp_send(ends[end], l->c.aio);
	} else {
		weir_udp_recv(ends[end], l->c.aio);
	}
}

static void *
work(void *arg)
{
	struct worker *w = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct lane *l = &w->lanes[roll(w, LANES)];

		if (weir_aio_busy(l->c.aio)) {
			if (!l->sends && roll(w, 3) != 0) {
				continue; /* something may come for it yet */
			}
			(void)weir_aio_cancel(l->c.aio);
			if (weir_aio_wait(l->c.aio) != WEIR_OK) {
				wrong++;
			}
		}
		lane_submit(w, l, w->index * ROUNDS + i);
	}
	return NULL;
}

START_TEST(each_datagram_at_most_once_each_operation_exactly_once)
{
	static struct worker workers[THREADS];
	weir_udp_params p = {.size = sizeof(p)};
	unsigned seed = (unsigned)dice_seed();
	unsigned arrived = 0;

	p.recv_batch = _i == 0 ? 0 : 4;
	memset(seen, 0, sizeof(seen));
	wrong = 0;
	for (int i = 0; i < 2; i++) {
		ends[i] = dg_open(DG_IN, &p);
		names[i] = dg_name(ends[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].index = i;
		workers[i].dice = seed + i;
		for (int k = 0; k < LANES; k++) {
			consumer_init(&workers[i].lanes[k].c, lane_ended,
			    &workers[i].lanes[k]);
		}
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(
		    pthread_create(&workers[i].thread, NULL, work, &workers[i]),
		    0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	}
	weir_udp_free(ends[0]);
	weir_udp_stop(ends[1]);
	for (unsigned i = 0; i < THREADS; i++) {
		for (int k = 0; k < LANES; k++) {
			consumer_settle(&workers[i].lanes[k].c);
			consumer_fini(&workers[i].lanes[k].c);
		}
	}
	weir_udp_free(ends[1]);
	for (unsigned i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		arrived += seen[i];
	}
	ck_assert_msg(wrong == 0, "%u wrong, seed %u", wrong, seed);
	ck_assert_msg(arrived > 0, "nothing arrived, seed %u", seed);
}
END_TEST

/* Closed and freed by one thread while others submit what they had before. */
static void *
submit_for_ever(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < LANES; k++) {
			if (!weir_aio_busy(w->lanes[k].c.aio)) {
				lane_submit(w, &w->lanes[k], (uint32_t)i);
			}
		}
		if (i == 100 && w->index == 0) {
			weir_udp_close(ends[0]);
			weir_udp_stop(ends[1]);
		}
	}
	return NULL;
}

static void
lane_any_end(struct consumer *c)
{
	if (c->result != WEIR_OK && c->result != WEIR_ECLOSED &&
	    c->result != WEIR_ETIMEDOUT) {
		wrong++;
	}
}

START_TEST(a_close_meets_operations_of_other_threads)
{
	static struct worker workers[THREADS];

	wrong = 0;
	for (int i = 0; i < 2; i++) {
		ends[i] = dg_open(DG_IN, NULL);
		names[i] = dg_name(ends[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].index = i;
		workers[i].dice = (unsigned)dice_seed() + i + (unsigned)_i;
		for (int k = 0; k < LANES; k++) {
			consumer_init(&workers[i].lanes[k].c, lane_any_end,
			    &workers[i].lanes[k]);
		}
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
				     submit_for_ever, &workers[i]),
		    0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
		for (int k = 0; k < LANES; k++) {
			consumer_settle(&workers[i].lanes[k].c);
			consumer_fini(&workers[i].lanes[k].c);
		}
	}
	weir_udp_free(ends[0]);
	weir_udp_free(ends[1]);
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("udp");
	TCase *tc = tcase_create("stress");

	tcase_add_checked_fixture(tc, rt_setup, rt_teardown);
	tcase_add_loop_test(
	    tc, each_datagram_at_most_once_each_operation_exactly_once, 0, 2);
	tcase_add_loop_test(
	    tc, a_close_meets_operations_of_other_threads, 0, 10);
	suite_add_tcase(s, tc);
	return s;
}

int
main(int argc, char **argv)
{
	return run_rounds(argc, argv, make_suite);
}
