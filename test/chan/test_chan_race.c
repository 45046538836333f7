/*
 * test_chan_race - many threads on one channel: no message lost, none doubled.
 *
 * Shape      seeded (aio/dice.h), bounded by count.  Threads count what is
 *            wrong; the main thread asserts.
 */
#include "aio/dice.h"
#include "chan/rig.h"
#include "support/latch.h"
#include "support/rt.h"
#include "support/run.h"

#include <weir/weir.h>

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static weir_chan *ch;
static _Atomic unsigned wrong;

static void
expect(bool right)
{
	wrong += !right;
}

static void
spawn(pthread_t *id, void *(*fn)(void *), intptr_t arg)
{
	ck_assert_int_eq(pthread_create(id, NULL, fn, (void *)arg), 0);
}

static void
join(pthread_t id)
{
	ck_assert_int_eq(pthread_join(id, NULL), 0);
}

/* As msg_of and number_of, on any thread. */
static weir_msg *
token(uint32_t number)
{
	weir_msg *msg = NULL;

	expect(weir_msg_alloc(&msg, 0) == WEIR_OK &&
	       weir_msg_append_u32(msg, number) == WEIR_OK);
	return msg;
}

static uint32_t
spend(weir_msg *msg)
{
	uint32_t number = 0;

	expect(weir_msg_chop_u32(msg, &number) == WEIR_OK);
	weir_msg_free(msg);
	return number;
}

/* --- Many to many ------------------------------------------------------ */

enum { PRODUCERS = 4, CONSUMERS = 3, EACH = 3000, WINDOW = 3 };

static _Atomic unsigned char seen[PRODUCERS][EACH];

struct consumer {
	weir_aio *aio;
	uint32_t next[PRODUCERS]; /* what comes is not below that */
	struct latch ended;
};

static void *
producer(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;
	weir_aio *aio[WINDOW];

	for (int i = 0; i < WINDOW; i++) {
		expect(weir_aio_alloc(&aio[i], NULL, NULL) == WEIR_OK);
	}
	/* Several sends of one thread wait at once: their order counts. */
	for (uint32_t i = 0; i < EACH + WINDOW; i++) {
		weir_aio *a = aio[i % WINDOW];

		if (i >= WINDOW) {
			expect(weir_aio_wait(a) == WEIR_OK);
			expect(weir_aio_result(a) == WEIR_OK);
			expect(weir_aio_get_msg(a) == NULL);
		}
		if (i < EACH) {
			(void)weir_aio_set_msg(a, token(me << 24 | i));
			weir_chan_send(ch, a);
		}
	}
	for (int i = 0; i < WINDOW; i++) {
		weir_aio_free(aio[i]);
	}
	return NULL;
}

static void
consumer_cb(void *arg)
{
	struct consumer *c = arg;
	uint32_t number, from, at;

	if (weir_aio_result(c->aio) != WEIR_OK) {
		expect(weir_aio_result(c->aio) == WEIR_ECLOSED);
		expect(weir_aio_get_msg(c->aio) == NULL);
		latch_hit(&c->ended);
		return;
	}
	number = spend(weir_aio_get_msg(c->aio));
	from = number >> 24;
	at = number & 0xffffff;
	if (from < PRODUCERS && at < EACH) {
		seen[from][at]++;
		expect(at >= c->next[from]);
		c->next[from] = at + 1;
	} else {
		expect(false);
	}
	weir_chan_recv(ch, c->aio);
}

static const size_t capacities[] = {0, 1, 3, 100};

START_TEST(each_message_comes_once_and_in_order_of_its_producer)
{
	pthread_t threads[PRODUCERS];
	static struct consumer c[CONSUMERS];

	memset((void *)seen, 0, sizeof(seen));
	memset(c, 0, sizeof(c));
	ch = chan_of(capacities[_i]);
	for (int i = 0; i < CONSUMERS; i++) {
		latch_init(&c[i].ended);
		ck_assert_int_eq(
		    weir_aio_alloc(&c[i].aio, consumer_cb, &c[i]), WEIR_OK);
		weir_chan_recv(ch, c[i].aio);
	}
	for (intptr_t i = 0; i < PRODUCERS; i++) {
		spawn(&threads[i], producer, i);
	}
	for (int i = 0; i < PRODUCERS; i++) {
		join(threads[i]);
	}
	weir_chan_close(ch);
	for (int i = 0; i < CONSUMERS; i++) {
		ck_assert(latch_wait(&c[i].ended, 1));
		weir_aio_free(c[i].aio);
		latch_fini(&c[i].ended);
	}
	ck_assert_uint_eq(wrong, 0);
	for (int i = 0; i < PRODUCERS; i++) {
		for (int k = 0; k < EACH; k++) {
			ck_assert_uint_eq(seen[i][k], 1);
		}
	}
	weir_chan_free(ch);
}
END_TEST

/* --- Cancel, timeout, close against completion ------------------------- */

enum { SENDERS = 3, RECEIVERS = 3, TRIES = 3000 };

static weir_aio *handles[SENDERS + RECEIVERS];
static _Atomic unsigned char sent[SENDERS * TRIES], got[SENDERS * TRIES];
static _Atomic bool over;
static bool closes; /* a close comes in the middle */
static _Atomic unsigned senders_left;

static void
random_timeout(weir_aio *aio, struct dice *dice)
{
	static const uint32_t most_ns[] = {1, 3000, 50000, 300000};

	(void)weir_aio_set_timeout(
	    aio, dice_roll(dice, most_ns[dice_roll(dice, 4)]));
}

static bool
is_an_end(weir_err rv)
{
	return rv == WEIR_ETIMEDOUT || rv == WEIR_ECANCELED ||
	       rv == WEIR_EPROTO || (closes && rv == WEIR_ECLOSED);
}

static void *
sender(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;
	weir_aio *aio = handles[me];
	struct dice dice;

	dice_init(&dice, me);
	for (uint32_t i = 0; i < TRIES; i++) {
		const uint32_t id = me * TRIES + i;
		weir_msg *msg = token(id);

		random_timeout(aio, &dice);
		(void)weir_aio_set_msg(aio, msg);
		weir_chan_send(ch, aio);
		expect(weir_aio_wait(aio) == WEIR_OK);
		if (weir_aio_result(aio) == WEIR_OK) {
			sent[id] = 1;
			expect(weir_aio_get_msg(aio) == NULL);
			expect(weir_aio_count(aio) == 4);
		} else {
			expect(is_an_end(weir_aio_result(aio)));
			expect(weir_aio_get_msg(aio) == msg);
			expect(spend(msg) == id);
			(void)weir_aio_set_msg(aio, NULL);
		}
		if (closes && me == 0 && i == TRIES / 2) {
			weir_chan_close(ch);
		}
	}
	senders_left--;
	return NULL;
}

static void *
receiver(void *arg)
{
	weir_aio *aio = handles[(intptr_t)arg];
	struct dice dice;

	dice_init(&dice, (uint64_t)(intptr_t)arg);
	while (senders_left > 0) {
		random_timeout(aio, &dice);
		weir_chan_recv(ch, aio);
		expect(weir_aio_wait(aio) == WEIR_OK);
		if (weir_aio_result(aio) == WEIR_OK) {
			got[spend(weir_aio_get_msg(aio))]++;
		} else {
			expect(is_an_end(weir_aio_result(aio)));
			expect(weir_aio_get_msg(aio) == NULL);
		}
	}
	return NULL;
}

static void *
canceller(void *arg)
{
	struct dice dice;

	(void)arg;
	dice_init(&dice, 99);
	while (!over) {
		weir_aio *aio = handles[dice_roll(&dice, SENDERS + RECEIVERS)];

		if (dice_roll(&dice, 2) == 0) {
			(void)weir_aio_cancel(aio);
		} else {
			(void)weir_aio_abort(aio, WEIR_EPROTO);
		}
		dice_spin(&dice, 2000);
	}
	return NULL;
}

START_TEST(a_message_is_with_its_sender_or_with_one_receiver)
{
	pthread_t threads[SENDERS + RECEIVERS], cancels;
	struct op op;

	memset((void *)sent, 0, sizeof(sent));
	memset((void *)got, 0, sizeof(got));
	over = false;
	closes = _i >= 3;
	senders_left = SENDERS;
	(void)dice_seed(); /* drawn before there are threads */
	ch = chan_of(capacities[_i % 3]);
	for (int i = 0; i < SENDERS + RECEIVERS; i++) {
		ck_assert_int_eq(
		    weir_aio_alloc(&handles[i], NULL, NULL), WEIR_OK);
	}
	for (intptr_t i = 0; i < SENDERS + RECEIVERS; i++) {
		spawn(&threads[i], i < SENDERS ? sender : receiver, i);
	}
	spawn(&cancels, canceller, 0);
	for (int i = 0; i < SENDERS + RECEIVERS; i++) {
		join(threads[i]);
	}
	over = true;
	join(cancels);
	/* What is left in the channel. */
	op_init(&op);
	(void)weir_aio_set_timeout(op.aio, 0);
	for (op_recv(&op, ch); op_wait(&op) == WEIR_OK; op_recv(&op, ch)) {
		got[spend(weir_aio_get_msg(op.aio))]++;
	}
	op_fini(&op);
	ck_assert_msg(wrong == 0, "%u wrong, seed %llu", wrong,
	    (unsigned long long)dice_seed());
	for (int i = 0; i < SENDERS * TRIES; i++) {
		ck_assert_msg(sent[i] == got[i],
		    "message %d: sent %u, got %u, seed %llu", i, sent[i],
		    got[i], (unsigned long long)dice_seed());
	}
	for (int i = 0; i < SENDERS + RECEIVERS; i++) {
		weir_aio_free(handles[i]);
	}
	weir_chan_free(ch);
}
END_TEST

/* --- Free against cancel ----------------------------------------------- */

static pthread_barrier_t barrier;

static void *
ender(void *arg)
{
	struct dice dice;

	dice_init(&dice, (uint64_t)(intptr_t)arg);
	for (int round = 0; round < 500; round++) {
		(void)pthread_barrier_wait(&barrier); /* they wait */
		dice_spin(&dice, 2000);
		for (int i = 0; i < 4; i++) {
			(void)weir_aio_cancel(handles[i]);
		}
		(void)pthread_barrier_wait(&barrier); /* freed */
	}
	return NULL;
}

START_TEST(free_and_cancel_at_once_end_each_operation_once)
{
	pthread_t thread;
	struct dice dice;
	struct op op[4];

	dice_init(&dice, 3);
	ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 2), 0);
	for (int i = 0; i < 4; i++) {
		op_init(&op[i]);
		handles[i] = op[i].aio;
	}
	spawn(&thread, ender, 0);
	for (int round = 0; round < 500; round++) {
		const bool sends = round % 2 == 0;

		ch = chan_of(0);
		for (uint32_t i = 0; i < 4; i++) {
			(void)weir_aio_set_timeout(
			    op[i].aio, i < 3 ? WEIR_INFINITE
					     : WEIR_US(dice_roll(&dice, 100)));
			if (sends) {
				op_send(&op[i], ch, i);
			} else {
				op_recv(&op[i], ch);
			}
		}
		(void)pthread_barrier_wait(&barrier);
		dice_spin(&dice, 2000);
		weir_chan_free(ch);
		(void)pthread_barrier_wait(&barrier);
		for (uint32_t i = 0; i < 4; i++) {
			weir_err rv = op_wait(&op[i]);

			ck_assert(rv == WEIR_ECLOSED || rv == WEIR_ECANCELED ||
				  rv == WEIR_ETIMEDOUT);
			if (sends) {
				op_expect_unsent(&op[i], rv, i);
			} else {
				op_expect_nothing(&op[i], rv);
			}
		}
	}
	join(thread);
	for (int i = 0; i < 4; i++) {
		op_fini(&op[i]);
	}
	ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("chan_race");
	TCase *race = tcase_create("race");

	tcase_add_checked_fixture(race, rt_setup, rt_teardown);
	tcase_set_timeout(race, 120);
	tcase_add_loop_test(
	    race, each_message_comes_once_and_in_order_of_its_producer, 0, 4);
	tcase_add_loop_test(
	    race, a_message_is_with_its_sender_or_with_one_receiver, 0, 6);
	tcase_add_test(race, free_and_cancel_at_once_end_each_operation_once);
	suite_add_tcase(suite, race);
	return run_suite(suite);
}
