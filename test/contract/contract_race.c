/*
 * contract_race - the same calls from several threads at once, many rounds.
 *
 * Shape      each round is one operation, or one handle; the threads meet at a
 *            barrier before it and after it.  Seeded: see aio/dice.h.
 */
#include "contract/aio_contract.h"
#include "aio/dice.h"

/* One thread that aborts, told by barriers when. */
struct aborter {
	struct contract_thread thread;
	pthread_barrier_t begin, end;
	struct dice dice;
	_Atomic bool stop;
	weir_aio *aio;
	weir_err code;
	weir_cancel met;
};

static void
aborter_main(void *arg)
{
	struct aborter *a = arg;

	for (;;) {
		(void)pthread_barrier_wait(&a->begin);
		if (a->stop) {
			return;
		}
		dice_spin(&a->dice, 400);
		a->met = weir_aio_abort(a->aio, a->code);
		(void)pthread_barrier_wait(&a->end);
	}
}

static void
aborter_init(struct aborter *a, weir_aio *aio)
{
	a->stop = false;
	a->aio = aio;
	dice_init(&a->dice, 1);
	ck_assert_int_eq(pthread_barrier_init(&a->begin, NULL, 2), 0);
	ck_assert_int_eq(pthread_barrier_init(&a->end, NULL, 2), 0);
	contract_spawn(&a->thread, NULL, aborter_main, a);
}

static void
aborter_fini(struct aborter *a)
{
	a->stop = true;
	(void)pthread_barrier_wait(&a->begin);
	contract_join(&a->thread);
	(void)pthread_barrier_destroy(&a->begin);
	(void)pthread_barrier_destroy(&a->end);
}

START_TEST(an_abort_right_after_submit_ends_it_once)
{
	struct consumer c;
	struct aborter a;
	unsigned met[3] = {0, 0, 0};
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(3000);
	contract_consumer(&c);
	aborter_init(&a, c.aio);
	for (int i = 0; i < rounds; i++) {
		a.code = WEIR_EPROTO;
		(void)pthread_barrier_wait(&a.begin);
		contract->submit(c.aio);
		(void)pthread_barrier_wait(&a.end);
		met[a.met]++;
		if (a.met == WEIR_CANCEL_IDLE) {
			ck_assert_int_eq(
			    weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
		}
		consumer_expect(&c, (unsigned)i + 1,
		    a.met == WEIR_CANCEL_IDLE ? WEIR_ECANCELED : WEIR_EPROTO);
		consumer_settle(&c);
	}
	ck_assert_uint_eq(met[WEIR_CANCEL_TOO_LATE], 0);
	aborter_fini(&a);
	consumer_fini(&c);
	contract_down();
}
END_TEST

/* Operation 1 ends by itself; its callback submits number 2, pending. */
static void
then_pending(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
	if (c->calls % 2 == 1) {
		contract->submit(c->aio);
	}
}

START_TEST(an_abort_reaches_one_operation_at_most)
{
	struct consumer c;
	struct aborter a;
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(2000);
	consumer_init(&c, then_pending, NULL);
	aborter_init(&a, c.aio);
	for (int i = 0; i < rounds; i++) {
		unsigned first = (unsigned)i * 2;

		a.code = (weir_err)(200 + i % 2);
		(void)pthread_barrier_wait(&a.begin);
		contract->submit_soon(c.aio);
		(void)pthread_barrier_wait(&a.end);
		ck_assert(latch_wait(&c.ran, first + 1));
		if (first + 1 < CONSUMER_SEEN_MAX &&
		    c.results[first] == a.code) {
			/* It has hit the first: the second is unharmed, or
			 * found what the first one left. */
			ck_assert_int_eq(a.met, WEIR_CANCEL_REQUESTED);
			(void)weir_aio_cancel(c.aio);
			consumer_wait(&c, first + 2);
			ck_assert_int_ne(c.result, a.code);
		}
		(void)weir_aio_cancel(c.aio);
		consumer_wait(&c, first + 2);
		if (a.met == WEIR_CANCEL_REQUESTED) {
			ck_assert(c.result == WEIR_ECANCELED ||
				  c.result == WEIR_OK || c.result == a.code);
		} else {
			ck_assert(
			    c.result == WEIR_ECANCELED || c.result == WEIR_OK);
		}
		consumer_settle(&c);
	}
	aborter_fini(&a);
	consumer_fini(&c);
	contract_down();
}
END_TEST

START_TEST(finish_and_cancel_and_timeout_at_once_end_it_once)
{
	struct consumer c;
	struct aborter a;
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(1500);
	if (contract->end == NULL) {
		rounds = 0;
	}
	contract_consumer(&c);
	aborter_init(&a, c.aio);
	a.code = WEIR_EPROTO;
	for (int i = 0; i < rounds; i++) {
		(void)weir_aio_set_timeout(
		    c.aio, WEIR_US(dice_roll(&a.dice, 200)));
		contract->submit(c.aio);
		(void)pthread_barrier_wait(&a.begin);
		contract->end();
		(void)pthread_barrier_wait(&a.end);
		consumer_wait(&c, (unsigned)i + 1);
		ck_assert_msg(c.result == WEIR_OK || c.result == WEIR_EPROTO ||
				  c.result == WEIR_ETIMEDOUT,
		    "result %d, seed %llu", c.result,
		    (unsigned long long)dice_seed());
		if (c.result == WEIR_EPROTO) {
			ck_assert_int_eq(a.met, WEIR_CANCEL_REQUESTED);
		}
		ck_assert_uint_eq(
		    c.count, c.result == WEIR_OK ? contract->count : 0);
		consumer_settle(&c);
	}
	aborter_fini(&a);
	consumer_fini(&c);
	contract_down();
}
END_TEST

/* --- Stop and free while it completes ---------------------------------- */

static void
then_sometimes_again(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
	if (c->calls < 3) {
		contract->submit_soon(c->aio);
	} else if (c->calls == 3) {
		contract->submit(c->aio);
	}
}

struct stopper {
	struct contract_thread thread;
	struct dice dice;
	struct consumer *c;
	int what;
};

static void
stopper_main(void *arg)
{
	struct stopper *s = arg;

	dice_spin(&s->dice, 3000);
	switch (s->what) {
	case 0:
		(void)weir_aio_stop(s->c->aio);
		break;
	case 1:
		weir_aio_close(s->c->aio);
		break;
	case 2:
		(void)weir_aio_cancel(s->c->aio);
		break;
	default:
		(void)weir_aio_wait_until(s->c->aio, weir_now() + WEIR_MS(1));
		break;
	}
}

START_TEST(stop_close_wait_cancel_and_free_from_many_threads)
{
	enum { THREADS = 3 };
	struct dice dice;
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(300);
	dice_init(&dice, 7);
	for (int i = 0; i < rounds; i++) {
		struct stopper s[THREADS];
		pthread_barrier_t start;
		struct consumer c;
		unsigned calls;

		consumer_init(&c, then_sometimes_again, NULL);
		(void)pthread_barrier_init(&start, NULL, THREADS + 1);
		for (int t = 0; t < THREADS; t++) {
			s[t].c = &c;
			s[t].what = (int)dice_roll(&dice, 4);
			dice_init(&s[t].dice, dice_roll(&dice, 1000000));
			contract_spawn(
			    &s[t].thread, &start, stopper_main, &s[t]);
		}
		(void)pthread_barrier_wait(&start);
		contract->submit_soon(c.aio);
		for (int t = 0; t < THREADS; t++) {
			contract_join(&s[t].thread);
		}
		weir_aio_free(c.aio);
		c.gone = true;
		calls = c.calls;
		ck_assert_uint_le(calls, 4);
		ck_assert_uint_eq(latch_hits(&c.ran), calls);
		ck_assert_uint_eq(c.inside, 0);
		consumer_fini(&c);
		(void)pthread_barrier_destroy(&start);
	}
	contract_down();
}
END_TEST

static void
freer_main(void *arg)
{
	struct stopper *s = arg;

	dice_spin(&s->dice, 3000);
	if (s->what == 0) {
		weir_aio_free(s->c->aio);
	} else {
		weir_aio_reap(s->c->aio);
	}
}

START_TEST(free_or_reap_from_another_thread_while_it_completes)
{
	struct dice dice;
	int rounds;

	contract_up(_i);
	rounds = contract_rounds(600);
	dice_init(&dice, 8);
	for (int i = 0; i < rounds; i++) {
		pthread_barrier_t start;
		struct consumer c;
		struct stopper s;

		contract_consumer(&c);
		if (dice_roll(&dice, 2) == 0) {
			(void)weir_aio_set_timeout(
			    c.aio, WEIR_US(dice_roll(&dice, 100)));
		}
		s.c = &c;
		s.what = (int)dice_roll(&dice, 2);
		dice_init(&s.dice, dice_roll(&dice, 1000000));
		contract->submit(c.aio);
		(void)pthread_barrier_init(&start, NULL, 2);
		contract_spawn(&s.thread, &start, freer_main, &s);
		(void)pthread_barrier_wait(&start);
		if (contract->end != NULL) {
			contract->end();
		}
		contract_join(&s.thread);
		c.gone = true;
		consumer_wait(&c, 1);
		ck_assert(c.result == WEIR_OK || c.result == WEIR_ESTOPPED ||
			  c.result == WEIR_ETIMEDOUT);
		consumer_fini(&c);
		(void)pthread_barrier_destroy(&start);
	}
	contract_down();
}
END_TEST

void
contract_add_races(TCase *tc)
{
	CONTRACT_ADD(tc, an_abort_right_after_submit_ends_it_once);
	CONTRACT_ADD(tc, an_abort_reaches_one_operation_at_most);
	CONTRACT_ADD(tc, finish_and_cancel_and_timeout_at_once_end_it_once);
	CONTRACT_ADD(tc, stop_close_wait_cancel_and_free_from_many_threads);
	CONTRACT_ADD(tc, free_or_reap_from_another_thread_while_it_completes);
}
