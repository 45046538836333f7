/*
 * stress_msgstream - operations that are ended at every moment, while messages
 * flow: nothing is lost, doubled, or out of order.
 *
 * Bounds     counted in rounds and messages; the seed is printed when a test
 *            fails.
 */
#include "msgstream/peer.h"
#include "support/rt.h"
#include "support/run.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGES 3000u
#define ROUNDS 150

static uint32_t seed;  /* for reports */
static uint32_t state; /* of the main thread's dice */

static void
setup(void)
{
	const char *given = getenv("WEIR_TEST_SEED");

	seed = given != NULL
		   ? (uint32_t)strtoul(given, NULL, 0)
		   : (uint32_t)time(NULL) * 2654435761u ^ (uint32_t)getpid();
	state = seed;
	rt_setup();
}

static uint32_t
dice(uint32_t *from, uint32_t n)
{
	*from = *from * 1664525u + 1013904223u;
	return (*from >> 16) % n;
}

/* Let some time pass that is not worth a system call. */
static void
dawdle(unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		__asm__ __volatile__("" ::: "memory");
	}
}

/* A message tells its number; it is long when the number says so.  NULL: out of
 * memory. */
static weir_msg *
numbered(uint32_t number)
{
	size_t len = number % 50 == 0 ? 20000 : number % 7 * 10;
	weir_msg *msg;

	if (weir_msg_alloc(&msg, len) != WEIR_OK) {
		return NULL;
	}
	fill(weir_msg_body(msg), len, number);
	(void)weir_msg_insert_u32(msg, number);
	return msg;
}

/* Its number, UINT32_MAX: it is torn; it is freed. */
static uint32_t
number_of(weir_msg *msg)
{
	uint32_t number = UINT32_MAX;

	if (weir_msg_trim_u32(msg, &number) != WEIR_OK ||
	    !is_filled(weir_msg_data(msg), weir_msg_len(msg), number)) {
		number = UINT32_MAX;
	}
	weir_msg_free(msg);
	return number;
}

/* --- A thread that ends the operations of a handle ----------------------- */

struct ender {
	pthread_t thread;
	weir_aio *aio;
	uint32_t state;
	_Atomic bool over;
};

static void *
ender_main(void *arg)
{
	struct ender *e = arg;

	while (!e->over) {
		dawdle(dice(&e->state, 20000));
		(void)weir_aio_cancel(e->aio);
		if (dice(&e->state, 8) == 0) {
			const struct timespec t = {.tv_nsec = 100000};

			(void)nanosleep(&t, NULL);
		}
	}
	return NULL;
}

static void
ender_begin(struct ender *e, weir_aio *aio)
{
	e->aio = aio;
	e->state = seed ^ 0x55555555u;
	e->over = false;
	ck_assert_int_eq(pthread_create(&e->thread, NULL, ender_main, e), 0);
}

static void
ender_end(struct ender *e)
{
	e->over = true;
	ck_assert_int_eq(pthread_join(e->thread, NULL), 0);
}

/* --- A side that sends in callbacks -------------------------------------- */

struct source {
	struct op op;
	weir_msgstream *ms;
	uint32_t next;
	struct latch over;
};

static void
then_next(struct op *op)
{
	struct source *s = op->then_arg;

	if (op->err != WEIR_OK || s->next == MESSAGES) {
		latch_hit(&s->over);
		return;
	}
	(void)weir_aio_set_msg(op->aio, numbered(s->next++));
	weir_msgstream_send(s->ms, op->aio);
}

static void
source_begin(struct source *s, weir_msgstream *ms)
{
	memset(s, 0, sizeof(*s));
	op_init(&s->op);
	latch_init(&s->over);
	s->op.then = then_next;
	s->op.then_arg = s;
	s->ms = ms;
	op_msg_put(&s->op, ms, numbered(s->next++));
}

static void
source_end(struct source *s)
{
	ck_assert(latch_wait(&s->over, 1));
	ck_assert_int_eq(s->op.err, WEIR_OK);
	op_fini(&s->op);
	latch_fini(&s->over);
}

static void
expect_early(weir_err err)
{
	ck_assert_msg(err == WEIR_ECANCELED || err == WEIR_ETIMEDOUT,
	    "result %d, seed %u", err, seed);
}

START_TEST(receives_that_are_cancelled_lose_no_message)
{
	weir_msgstream *a, *b;
	struct source source;
	struct ender ender;
	struct op op;
	uint32_t got = 0;
	unsigned ended = 0;

	pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
	op_init(&op);
	ender_begin(&ender, op.aio);
	source_begin(&source, a);
	while (got < MESSAGES) {
		/* Waiting, polling, or with a short timeout. */
		const uint32_t way = dice(&state, 4);

		ck_assert_int_eq(weir_aio_wait(op.aio), WEIR_OK);
		(void)weir_aio_set_timeout(
		    op.aio, way == 0   ? 0
			    : way == 1 ? WEIR_US(dice(&state, 300))
				       : WEIR_INFINITE);
		weir_msgstream_recv(b, op.aio);
		(void)op_wait(&op);
		if (op.err == WEIR_OK) {
			ck_assert_msg(
			    number_of(weir_aio_get_msg(op.aio)) == got,
			    "message %u, seed %u", got, seed);
			got++;
			continue;
		}
		expect_early(op.err);
		ck_assert_ptr_null(weir_aio_get_msg(op.aio));
		ended++;
	}
	source_end(&source);
	ender_end(&ender);
	ck_assert_uint_gt(ended, 0);
	op_fini(&op);
	weir_msgstream_free(a);
	weir_msgstream_free(b);
}
END_TEST

/* What the other side has got, in a thread. */
struct sink {
	pthread_t thread;
	weir_msgstream *ms;
	uint8_t seen[MESSAGES]; /* how often */
	uint32_t last;          /* + 1 */
	bool wrong;
};

static void *
sink_main(void *arg)
{
	struct sink *k = arg;
	weir_aio *aio;

	if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
		return NULL;
	}
	for (;;) {
		uint32_t n;

		weir_msgstream_recv(k->ms, aio);
		(void)weir_aio_wait(aio);
		if (weir_aio_result(aio) != WEIR_OK) {
			break;
		}
		n = number_of(weir_aio_get_msg(aio));
		if (n >= MESSAGES || n + 1 < k->last) {
			k->wrong = true;
		} else {
			k->seen[n]++;
			k->last = n + 1;
		}
	}
	weir_aio_free(aio);
	return NULL;
}

START_TEST(sends_that_are_cancelled_are_made_once_or_not)
{
	static uint8_t sent[MESSAGES];
	static struct sink sink;
	weir_msgstream *a, *b;
	struct ender ender;
	struct op op;
	unsigned ended = 0;

	memset(sent, 0, sizeof(sent));
	memset(&sink, 0, sizeof(sink));
	pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
	op_init(&op);
	sink.ms = b;
	ck_assert_int_eq(
	    pthread_create(&sink.thread, NULL, sink_main, &sink), 0);
	ender_begin(&ender, op.aio);
	for (uint32_t n = 0; n < MESSAGES; n++) {
		const uint32_t way = dice(&state, 4);
		weir_msg *msg = numbered(n);

		ck_assert_int_eq(weir_aio_wait(op.aio), WEIR_OK);
		(void)weir_aio_set_timeout(
		    op.aio, way == 0   ? 0
			    : way == 1 ? WEIR_US(dice(&state, 300))
				       : WEIR_INFINITE);
		op_msg_put(&op, a, msg);
		(void)op_wait(&op);
		if (op.err == WEIR_OK) {
			sent[n] = 1;
			continue;
		}
		expect_early(op.err);
		sent[n] = way == 0 && op.err == WEIR_ETIMEDOUT ? 0 : 2;
		ck_assert_ptr_eq(weir_aio_get_msg(op.aio), msg);
		weir_msg_free(msg);
		ended++;
	}
	ender_end(&ender);
	/* The last one, so that all before it are there. */
	ck_assert_int_eq(weir_aio_wait(op.aio), WEIR_OK);
	(void)weir_aio_set_timeout(op.aio, WEIR_INFINITE);
	ck_assert_int_eq(op_msg_send(&op, a, numbered(MESSAGES - 1)), WEIR_OK);
	weir_msgstream_free(a);
	ck_assert_int_eq(pthread_join(sink.thread, NULL), 0);
	ck_assert(!sink.wrong);
	for (uint32_t n = 0; n < MESSAGES - 1; n++) {
		ck_assert_msg(
		    sent[n] == 2 ? sink.seen[n] <= 1 : sink.seen[n] == sent[n],
		    "message %u: sent %u, seen %u", n, sent[n], sink.seen[n]);
	}
	ck_assert_uint_gt(ended, 0);
	op_fini(&op);
	weir_msgstream_free(b);
}
END_TEST

/* --- Ends of the message stream ------------------------------------------ */

#define OPS 6

struct end {
	weir_msgstream *ms;
	uint32_t state;
	weir_err stopped;
};

static void *
end_main(void *arg)
{
	struct end *e = arg;

	dawdle(dice(&e->state, 60000));
	switch (dice(&e->state, 3)) {
	case 0:
		weir_msgstream_close(e->ms);
		break;
	case 1:
		e->stopped = weir_msgstream_stop(e->ms);
		break;
	}
	weir_msgstream_free(e->ms);
	return NULL;
}

START_TEST(an_end_at_any_moment_ends_every_operation_once)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct op recvs[OPS], sends[OPS];
		weir_msgstream *a, *b;
		struct end end;
		pthread_t thread;

		pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
		for (int i = 0; i < OPS; i++) {
			op_init(&recvs[i]);
			op_init(&sends[i]);
			op_msg_put(&sends[i], a,
			    msg_zeros(dice(&state, 2) * 60000 + 10));
			weir_msgstream_recv(i % 2 == 0 ? a : b, recvs[i].aio);
		}
		end = (struct end){.ms = a, .state = dice(&state, 1u << 16)};
		ck_assert_int_eq(
		    pthread_create(&thread, NULL, end_main, &end), 0);
		for (int i = 0; i < OPS; i++) {
			if (dice(&state, 3) == 0) {
				(void)weir_aio_cancel(sends[i].aio);
			}
			if (dice(&state, 3) == 0) {
				(void)weir_aio_cancel(recvs[i].aio);
			}
		}
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		ck_assert_int_eq(end.stopped, WEIR_OK);
		weir_msgstream_free(b);
		for (int i = 0; i < OPS; i++) {
			(void)op_wait(&sends[i]);
			weir_msg_free(weir_aio_get_msg(sends[i].aio));
			if (op_wait(&recvs[i]) == WEIR_OK) {
				weir_msg_free(weir_aio_get_msg(recvs[i].aio));
			}
			op_fini(&sends[i]);
			op_fini(&recvs[i]);
		}
	}
}
END_TEST

/* Polls until it is closed. */
static void *
poll_main(void *arg)
{
	weir_aio *aio;

	if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
		return NULL;
	}
	(void)weir_aio_set_timeout(aio, 0);
	do {
		weir_msgstream_recv(arg, aio);
		(void)weir_aio_wait(aio);
	} while (weir_aio_result(aio) == WEIR_ETIMEDOUT);
	weir_aio_free(aio);
	return NULL;
}

START_TEST(stop_waits_for_threads_that_are_at_work_in_it)
{
	for (int round = 0; round < ROUNDS; round++) {
		weir_msgstream *a, *b;
		pthread_t thread;

		pair_open((enum net_kind)_i, &a, NULL, &b, NULL);
		ck_assert_int_eq(
		    pthread_create(&thread, NULL, poll_main, a), 0);
		dawdle(dice(&state, 200000));
		ck_assert_int_eq(weir_msgstream_stop(a), WEIR_OK);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		weir_msgstream_free(a);
		weir_msgstream_free(b);
	}
}
END_TEST

/* --- Many threads --------------------------------------------------------- */

#define THREADS 4
#define EACH 1000u

static weir_msgstream *many_a, *many_b;
static _Atomic unsigned many_got, many_wrong;

static void *
many_sends(void *arg)
{
	weir_aio *aio;

	(void)arg;
	if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
		return NULL;
	}
	for (uint32_t i = 0; i < EACH; i++) {
		(void)weir_aio_set_msg(aio, numbered(i));
		weir_msgstream_send(many_a, aio);
		(void)weir_aio_wait(aio);
		many_wrong += weir_aio_result(aio) != WEIR_OK;
	}
	weir_aio_free(aio);
	return NULL;
}

static void *
many_recvs(void *arg)
{
	weir_aio *aio;

	(void)arg;
	if (weir_aio_alloc(&aio, NULL, NULL) != WEIR_OK) {
		return NULL;
	}
	for (uint32_t i = 0; i < EACH; i++) {
		weir_msgstream_recv(many_b, aio);
		(void)weir_aio_wait(aio);
		if (weir_aio_result(aio) != WEIR_OK) {
			many_wrong++;
			break;
		}
		many_wrong += number_of(weir_aio_get_msg(aio)) >= EACH;
		many_got++;
	}
	weir_aio_free(aio);
	return NULL;
}

START_TEST(many_threads_may_send_and_receive_at_once)
{
	pthread_t sends[THREADS], recvs[THREADS];

	many_got = many_wrong = 0;
	pair_open((enum net_kind)_i, &many_a, NULL, &many_b, NULL);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(
		    pthread_create(&recvs[i], NULL, many_recvs, NULL), 0);
		ck_assert_int_eq(
		    pthread_create(&sends[i], NULL, many_sends, NULL), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(sends[i], NULL), 0);
		ck_assert_int_eq(pthread_join(recvs[i], NULL), 0);
	}
	ck_assert_uint_eq(many_wrong, 0);
	ck_assert_uint_eq(many_got, THREADS * EACH);
	weir_msgstream_free(many_a);
	weir_msgstream_free(many_b);
}
END_TEST

static Suite *
make_suite(void)
{
	Suite *s = suite_create("msgstream");
	TCase *tc = tcase_create("stress");

	tcase_add_checked_fixture(tc, setup, rt_teardown);
	tcase_add_loop_test(
	    tc, receives_that_are_cancelled_lose_no_message, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, sends_that_are_cancelled_are_made_once_or_not, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, an_end_at_any_moment_ends_every_operation_once, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, stop_waits_for_threads_that_are_at_work_in_it, 0, NET_KINDS);
	tcase_add_loop_test(
	    tc, many_threads_may_send_and_receive_at_once, 0, NET_KINDS);
	suite_add_tcase(s, tc);
	return s;
}

int
main(int argc, char **argv)
{
	return run_rounds(argc, argv, make_suite);
}
