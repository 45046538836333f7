/*
 * test_provider - the service side: reset, start, finish, tickets, outputs.
 */
#include "aio/stage.h"
#include "base/mem.h"
#include "support/fault.h"
#include "support/rt.h"
#include "support/run.h"

#include <string.h>

/* --- In every state ---------------------------------------------------- */

START_TEST(reset_begins_an_operation_where_none_is_pending)
{
	unsigned calls;
	weir_err rv;

	stage_up(_i);
	calls = stage.c.calls;
	rv = weir_aio_reset(stage.c.aio);
	if (stage_has_operation()) {
		ck_assert_int_eq(rv, WEIR_EMISUSE);
		stage_expect_misuse(1, "weir_aio_reset");
		stage_down(true);
		return;
	}
	stage_expect_misuse(0, NULL);
	if (_i == STAGE_STOPPED || _i == STAGE_FINISHED) {
		ck_assert_int_eq(rv, WEIR_ESTOPPED);
		ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_ESTOPPED);
		/* Let go: a start is refused without a report. */
		ck_assert_int_eq(weir_aio_start(stage.c.aio,
				     &toy_providers[TOY_FULL], &stage.toy),
		    WEIR_ESTOPPED);
		ck_assert(!weir_aio_finish(stage.c.aio, WEIR_OK));
		stage_expect_misuse(0, NULL);
		stage_down(true);
		return;
	}
	ck_assert_int_eq(rv, WEIR_OK);
	/* Count and outputs are cleared; a second reset is the same one. */
	ck_assert_uint_eq(weir_aio_get_count(stage.c.aio), 0);
	ck_assert_int_eq(weir_aio_reset(stage.c.aio), WEIR_OK);
	ck_assert(weir_aio_busy(stage.c.aio));
	ck_assert(weir_aio_finish(stage.c.aio, WEIR_EAGAIN));
	latch_hit(&stage.go);
	ck_assert(latch_wait(&stage.c.ran, calls + 1));
	consumer_settle(&stage.c);
	ck_assert_int_eq(stage.c.result, WEIR_EAGAIN);
	stage_down(false);
}
END_TEST

START_TEST(start_without_reset_is_misuse)
{
	stage_up(_i);
	ck_assert_int_eq(
	    weir_aio_start(stage.c.aio, &toy_providers[TOY_FULL], &stage.toy),
	    WEIR_EMISUSE);
	stage_expect_misuse(1, "weir_aio_start");
	ck_assert_int_eq(weir_aio_start_at(stage.c.aio,
			     &toy_providers[TOY_FULL], &stage.toy, 0, 0),
	    WEIR_EMISUSE);
	stage_expect_misuse(1, "weir_aio_start_at");
	stage_down(true);
}
END_TEST

START_TEST(finish_without_an_operation_is_misuse)
{
	stage_up(_i);
	if (_i != STAGE_STARTED && _i != STAGE_RESTARTED) {
		/* After weir_fini a finish is late, not wrong. */
		unsigned n = _i == STAGE_FINISHED ? 0 : 1;

		ck_assert(!weir_aio_finish(stage.c.aio, WEIR_EPROTO));
		stage_expect_misuse(n, "weir_aio_finish");
		ck_assert(!weir_aio_finish_count(stage.c.aio, WEIR_EPROTO, 9));
		ck_assert_uint_eq(stage.misuse.n, n);
		stage.misuse.n = 0;
	}
	stage_down(true);
}
END_TEST

START_TEST(a_second_finish_is_misuse_and_changes_nothing)
{
	bool pending;

	stage_up(_i);
	pending = _i == STAGE_STARTED || _i == STAGE_RESTARTED;
	if (pending) {
		ck_assert(toy_take(&stage.toy, stage.c.aio));
		ck_assert(weir_aio_finish_count(stage.c.aio, WEIR_OK, 3));
		if (_i == STAGE_RESTARTED) {
			/* Its callback cannot have begun. */
			ck_assert(!weir_aio_finish(stage.c.aio, WEIR_EPROTO));
			stage_expect_misuse(1, "weir_aio_finish");
		}
		latch_hit(&stage.go);
		consumer_settle(&stage.c);
		ck_assert_int_eq(stage.c.result, WEIR_OK);
		ck_assert_uint_eq(stage.c.count, 3);
		ck_assert(!weir_aio_finish(stage.c.aio, WEIR_EPROTO));
		stage_expect_misuse(1, "weir_aio_finish");
		ck_assert_int_eq(weir_aio_result(stage.c.aio), WEIR_OK);
	}
	stage_down(!pending);
}
END_TEST

START_TEST(a_finish_by_an_old_ticket_is_refused_quietly)
{
	weir_stats stats = {.size = sizeof(stats)};
	weir_ticket old;
	uint64_t late;

	stage_up(_i);
	if (_i == STAGE_FINISHED) {
		stage_down(true);
		return;
	}
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	late = stats.late_finishes;
	old = weir_aio_ticket(stage.c.aio) - 1;
	ck_assert(!weir_aio_finish_ticket(stage.c.aio, old, WEIR_EPROTO, 9));
	stage_expect_misuse(0, NULL);
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.late_finishes, late + 1);
	stage_down(true);
}
END_TEST

START_TEST(an_output_wants_an_operation_or_a_clear_handle)
{
	weir_err rv;

	stage_up(_i);
	rv = weir_aio_set_output(stage.c.aio, 0, &stage);
	if (_i == STAGE_IDLE || _i == STAGE_STOPPED || _i == STAGE_FINISHED ||
	    _i == STAGE_STARTED || _i == STAGE_RESTARTED) {
		ck_assert_int_eq(rv, WEIR_OK); /* the first three are clear */
		stage_expect_misuse(0, NULL);
	} else {
		ck_assert_int_eq(rv, WEIR_EMISUSE);
		ck_assert_ptr_null(weir_aio_get_output(stage.c.aio, 0));
		stage_expect_misuse(1, "weir_aio_set_output");
	}
	stage_down(true);
}
END_TEST

/* --- One after the other ----------------------------------------------- */

static struct toy toy;

static void
setup(void)
{
	toy_init(&toy, TOY_FULL);
	rt_up(NULL);
}

static void
teardown(void)
{
	rt_down();
	toy_fini(&toy);
}

START_TEST(null_is_einval)
{
	weir_aio *aio;

	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	ck_assert_int_eq(weir_aio_reset(NULL), WEIR_EINVAL);
	ck_assert_int_eq(
	    weir_aio_start(NULL, &toy_providers[0], NULL), WEIR_EINVAL);
	ck_assert(!weir_aio_finish(NULL, WEIR_OK));
	ck_assert(!weir_aio_finish_count(NULL, WEIR_OK, 1));
	ck_assert(!weir_aio_finish_ticket(NULL, 1, WEIR_OK, 1));
	ck_assert_int_eq(weir_aio_set_output(NULL, 0, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_reset(aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_start(aio, NULL, NULL), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_start_at(aio, NULL, NULL, 1, 1), WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_start_at(aio, &toy_providers[0], NULL, -1, 1),
	    WEIR_EINVAL);
	ck_assert_int_eq(weir_aio_start_at(aio, &toy_providers[0], NULL, 1, -1),
	    WEIR_EINVAL);
	/* It is still ours. */
	ck_assert(weir_aio_finish(aio, WEIR_OK));
	weir_aio_free(aio);
}
END_TEST

START_TEST(start_twice_is_misuse_and_the_first_one_goes_on)
{
	stage_up(STAGE_IDLE);
	toy_submit(&stage.toy, stage.c.aio);
	ck_assert_int_eq(
	    weir_aio_start(stage.c.aio, &toy_providers[TOY_FULL], &stage.toy),
	    WEIR_EMISUSE);
	stage_expect_misuse(1, "weir_aio_start");
	ck_assert(toy_finish_first(&stage.toy, WEIR_OK, 3));
	consumer_expect(&stage.c, 1, WEIR_OK);
	stage_down(false);
}
END_TEST

/* Two threads submit at once: the handle is still the one's when the other
 * comes, which a provider on top of another one may do. */
START_TEST(a_submit_into_anothers_is_caught_when_the_second_one_starts)
{
	stage_up(STAGE_IDLE);
	ck_assert_int_eq(weir_aio_reset(stage.c.aio), WEIR_OK);
	weir_sleep_aio(WEIR_SECONDS(3600), stage.c.aio);
	stage_expect_misuse(0, NULL);
	ck_assert_int_eq(toy_start(&stage.toy, stage.c.aio), WEIR_EMISUSE);
	stage_expect_misuse(1, "weir_aio_start");
	ck_assert_uint_eq(stage.c.calls, 0);
	ck_assert_int_eq(weir_aio_cancel(stage.c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&stage.c, 1, WEIR_ECANCELED);
	stage_down(false);
}
END_TEST

START_TEST(finish_reports_the_count_that_was_set)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_uint_eq(weir_aio_get_count(c.aio), 0);
	weir_aio_set_count(c.aio, 41);
	ck_assert_uint_eq(weir_aio_get_count(c.aio), 41);
	ck_assert(weir_aio_finish(c.aio, WEIR_ECONNRESET));
	consumer_expect(&c, 1, WEIR_ECONNRESET);
	ck_assert_uint_eq(c.count, 41);
	consumer_settle(&c);
	/* finish_count replaces it; reset clears it. */
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_uint_eq(weir_aio_get_count(c.aio), 0);
	weir_aio_set_count(c.aio, 41);
	ck_assert(weir_aio_finish_count(c.aio, WEIR_OK, SIZE_MAX));
	consumer_expect(&c, 2, WEIR_OK);
	ck_assert_uint_eq(c.count, SIZE_MAX);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_cancelled_operation_keeps_the_bytes_it_has_moved)
{
	static char bytes[10];
	const weir_iov iov = {bytes, sizeof(bytes)};
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_set_iov(c.aio, 1, &iov), WEIR_OK);
	toy_submit(&toy, c.aio);
	weir_aio_advance(c.aio, 4);
	ck_assert_int_eq(weir_aio_cancel(c.aio), WEIR_CANCEL_REQUESTED);
	consumer_expect(&c, 1, WEIR_ECANCELED);
	ck_assert_uint_eq(c.count, 4);
	consumer_fini(&c);
}
END_TEST

START_TEST(after_a_dropped_operation_nothing_of_the_last_one_shows)
{
	struct consumer c;
	int thing;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_set_output(c.aio, 0, &thing), WEIR_OK);
	ck_assert(weir_aio_finish_count(c.aio, WEIR_OK, 7));
	consumer_settle(&c);
	weir_aio_close(c.aio);
	ck_assert_uint_eq(weir_aio_count(c.aio), 7);
	ck_assert_ptr_eq(weir_aio_get_output(c.aio, 0), &thing);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_ESTOPPED);
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_ESTOPPED);
	ck_assert_uint_eq(weir_aio_count(c.aio), 0);
	ck_assert_ptr_null(weir_aio_get_output(c.aio, 0));
	consumer_fini(&c);
}
END_TEST

START_TEST(a_ticket_finishes_its_own_operation_only)
{
	struct consumer c;
	weir_ticket first, second;

	consumer_init(&c, NULL, NULL);
	toy.kind = TOY_DEAF;
	toy_submit(&toy, c.aio);
	first = weir_aio_ticket(c.aio);
	ck_assert(weir_aio_finish_ticket(c.aio, first, WEIR_EPROTO, 6));
	consumer_expect(&c, 1, WEIR_EPROTO);
	ck_assert_uint_eq(c.count, 6);
	/* Late: idle, or another operation. */
	ck_assert(!weir_aio_finish_ticket(c.aio, first, WEIR_OK, 1));
	consumer_settle(&c);
	ck_assert(!weir_aio_finish_ticket(c.aio, first, WEIR_OK, 1));
	ck_assert_int_eq(weir_aio_result(c.aio), WEIR_EPROTO);
	toy.waiting.head = toy.waiting.tail = NULL; /* it has let go */
	toy_submit(&toy, c.aio);
	second = weir_aio_ticket(c.aio);
	ck_assert_uint_ne(first, second);
	ck_assert(!weir_aio_finish_ticket(c.aio, first, WEIR_OK, 1));
	ck_assert_uint_eq(c.calls, 1);
	ck_assert(weir_aio_finish_ticket(c.aio, second, WEIR_OK, 7));
	consumer_expect(&c, 2, WEIR_OK);
	ck_assert_uint_eq(c.count, 7);
	/* And between reset and start. */
	consumer_settle(&c);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert(!weir_aio_finish_ticket(c.aio, second, WEIR_OK, 1));
	ck_assert(weir_aio_finish_ticket(
	    c.aio, weir_aio_ticket(c.aio), WEIR_EAGAIN, 8));
	consumer_expect(&c, 3, WEIR_EAGAIN);
	consumer_fini(&c);
}
END_TEST

START_TEST(a_batch_says_how_many_it_decided)
{
	enum { MANY = 64 };
	static struct consumer c[MANY];
	static weir_aio *aios[MANY];
	size_t decided;

	stage_up(STAGE_IDLE); /* for the misuse hook */
	toy.kind = TOY_DEAF;
	for (int i = 0; i < MANY; i++) {
		consumer_init(&c[i], NULL, NULL);
		aios[i] = c[i].aio;
		if (i == 5) {
			continue; /* idle */
		}
		ck_assert_int_eq(weir_aio_reset(aios[i]), WEIR_OK);
		weir_aio_set_count(aios[i], (size_t)i);
		if (i % 2 == 0) {
			ck_assert_int_eq(weir_aio_start(aios[i],
					     &toy_providers[TOY_DEAF], &toy),
			    WEIR_OK);
		}
	}
	decided = weir_aio_finish_batch(aios, MANY, WEIR_ECLOSED);
	ck_assert_uint_eq(decided, MANY - 1);
	memset(aios, 0, sizeof(aios));
	ck_assert_uint_eq(stage.misuse.n, 1);
	ck_assert_str_eq(stage.misuse.call, "weir_aio_finish_batch");
	stage.misuse.n = 0;
	ck_assert_uint_eq(weir_aio_finish_batch(aios, 0, WEIR_OK), 0);
	for (int i = 0; i < MANY; i++) {
		if (i != 5) {
			consumer_expect(&c[i], 1, WEIR_ECLOSED);
			ck_assert_uint_eq(c[i].count, (size_t)i);
		}
		consumer_fini(&c[i]);
	}
	stage_down(true);
}
END_TEST

START_TEST(scratch_words_are_the_operations)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	for (unsigned n = 1; n <= 2; n++) {
		ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
		ck_assert_ptr_null(weir_aio_get_scratch(c.aio, 0));
		ck_assert_ptr_null(weir_aio_get_scratch(c.aio, 1));
		weir_aio_set_scratch(c.aio, 0, &c);
		weir_aio_set_scratch(c.aio, 1, &toy);
		weir_aio_set_scratch(c.aio, 2, &n);
		ck_assert_ptr_eq(weir_aio_get_scratch(c.aio, 0), &c);
		ck_assert_ptr_eq(weir_aio_get_scratch(c.aio, 1), &toy);
		ck_assert_ptr_null(weir_aio_get_scratch(c.aio, 2));
		ck_assert(weir_aio_finish(c.aio, WEIR_OK));
		consumer_wait(&c, n);
		consumer_settle(&c);
	}
	consumer_fini(&c);
}
END_TEST

START_TEST(the_provider_sees_timeout_and_deadline)
{
	struct consumer c;
	weir_time before, after, at;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_get_timeout(c.aio), WEIR_DEFAULT);
	ck_assert_int_eq(weir_aio_get_deadline(c.aio), WEIR_NEVER);
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_settle(&c);

	ck_assert_int_eq(weir_aio_set_timeout(c.aio, WEIR_SECONDS(9)), WEIR_OK);
	before = weir_now();
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	at = weir_aio_get_deadline(c.aio);
	after = weir_now();
	ck_assert_int_eq(weir_aio_get_timeout(c.aio), WEIR_SECONDS(9));
	ck_assert_int_ge(at, before + WEIR_SECONDS(9));
	ck_assert_int_le(at, after + WEIR_SECONDS(9));
	ck_assert_int_eq(weir_aio_get_deadline(c.aio), at);
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_settle(&c);

	ck_assert_int_eq(weir_aio_set_expire(c.aio, 12345), WEIR_OK);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(weir_aio_get_deadline(c.aio), 12345);
	ck_assert(weir_aio_finish(c.aio, WEIR_OK));
	consumer_fini(&c);
}
END_TEST

static void
alarm_cancel(weir_aio *aio, void *arg, weir_err why)
{
	weir_time *seen = arg;

	*seen = weir_now();
	(void)weir_aio_finish(aio, why);
}

static const weir_provider alarm_provider = {
    .size = sizeof(alarm_provider), .name = "alarm", .cancel = alarm_cancel};

/* _i: the handle's own timeout is shorter, or has passed already. */
START_TEST(an_operation_may_be_ended_at_a_time_of_the_providers_own)
{
	struct consumer c;
	weir_time seen = 0;
	weir_time at;

	consumer_init(&c, NULL, NULL);
	ck_assert_int_eq(
	    weir_aio_set_timeout(c.aio, _i == 0 ? WEIR_MS(1) : 0), WEIR_OK);
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	at = weir_now() + WEIR_MS(5);
	ck_assert_int_eq(
	    weir_aio_start_at(c.aio, &alarm_provider, &seen, at, WEIR_US(50)),
	    WEIR_OK);
	consumer_expect(&c, 1, WEIR_ETIMEDOUT);
	consumer_settle(&c);
	ck_assert_int_ge(seen, at);
	ck_assert_int_eq(weir_aio_get_deadline(c.aio), at);

	/* A time that has passed is no reason to refuse. */
	ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
	ck_assert_int_eq(
	    weir_aio_start_at(c.aio, &alarm_provider, &seen, 0, 0), WEIR_OK);
	consumer_expect(&c, 2, WEIR_ETIMEDOUT);

	/* And the next operation is bounded by the handle again. */
	consumer_settle(&c);
	toy_submit(&toy, c.aio);
	consumer_expect(&c, 3, WEIR_ETIMEDOUT);
	consumer_fini(&c);
}
END_TEST

/* --- Two finishes at once ---------------------------------------------- */

struct racer {
	pthread_t id;
	pthread_barrier_t *start;
	weir_aio *aio;
	weir_ticket ticket;
	weir_err err;
	bool won;
};

static void *
racer_main(void *arg)
{
	struct racer *r = arg;

	(void)pthread_barrier_wait(r->start);
	r->won =
	    weir_aio_finish_ticket(r->aio, r->ticket, r->err, (size_t)r->err);
	return NULL;
}

START_TEST(of_finishes_at_once_one_wins)
{
	struct consumer c;

	consumer_init(&c, NULL, NULL);
	for (unsigned n = 1; n <= 300; n++) {
		pthread_barrier_t start;
		struct racer r[3];
		unsigned won = 0;

		ck_assert_int_eq(pthread_barrier_init(&start, NULL, 3), 0);
		ck_assert_int_eq(weir_aio_reset(c.aio), WEIR_OK);
		if (n % 2 == 0) {
			ck_assert_int_eq(weir_aio_start(c.aio,
					     &toy_providers[TOY_DEAF], &toy),
			    WEIR_OK);
		}
		for (int i = 0; i < 3; i++) {
			r[i] = (struct racer){.start = &start,
			    .aio = c.aio,
			    .ticket = weir_aio_ticket(c.aio),
			    .err = (weir_err)(10 + i)};
		}
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(
			    pthread_create(&r[i].id, NULL, racer_main, &r[i]),
			    0);
		}
		for (int i = 0; i < 3; i++) {
			ck_assert_int_eq(pthread_join(r[i].id, NULL), 0);
		}
		consumer_wait(&c, n);
		consumer_settle(&c);
		for (int i = 0; i < 3; i++) {
			won += r[i].won;
			if (r[i].won) {
				ck_assert_int_eq(c.result, r[i].err);
				ck_assert_uint_eq(c.count, (size_t)r[i].err);
			}
		}
		ck_assert_uint_eq(won, 1);
		(void)pthread_barrier_destroy(&start);
	}
	consumer_fini(&c);
}
END_TEST

/* --- No memory --------------------------------------------------------- */

START_TEST(the_way_of_an_operation_needs_no_memory)
{
	static struct consumer c[3];
	weir_aio *aio;

	for (int i = 0; i < 3; i++) {
		consumer_init(&c[i], NULL, NULL);
		weir_sleep_aio(1, c[i].aio);
		consumer_wait(&c[i], 1);
		consumer_settle(&c[i]);
	}
	/* Every allocation from here on would fail. */
	wri_mem_fail_at(1);
	for (unsigned n = 2; n < 100; n++) {
		(void)weir_aio_set_timeout(c[0].aio, WEIR_US(300));
		toy_submit(&toy, c[0].aio);
		toy_submit(&toy, c[1].aio);
		weir_sleep_aio(WEIR_US(100), c[2].aio);
		if (n % 2 == 0) {
			(void)weir_aio_cancel(c[1].aio);
		} else {
			ck_assert(toy_finish(&toy, c[1].aio, WEIR_OK, n));
		}
		consumer_expect(&c[0], n, WEIR_ETIMEDOUT);
		consumer_expect(
		    &c[1], n, n % 2 == 0 ? WEIR_ECANCELED : WEIR_OK);
		consumer_expect(&c[2], n, WEIR_OK);
		for (int i = 0; i < 3; i++) {
			consumer_settle(&c[i]);
		}
	}
	toy_submit(&toy, c[0].aio);
	ck_assert_int_eq(weir_aio_stop(c[0].aio), WEIR_OK);
	/* Nobody has asked for memory: it fails only now. */
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_ENOMEM);
	ck_assert_int_eq(weir_aio_alloc(&aio, NULL, NULL), WEIR_OK);
	weir_aio_free(aio);
	for (int i = 0; i < 3; i++) {
		consumer_fini(&c[i]);
	}
}
END_TEST

/* --- Figures ----------------------------------------------------------- */

START_TEST(submitted_is_completed_and_outstanding)
{
	weir_stats stats = {.size = sizeof(stats)};
	struct consumer c[4];

	for (int i = 0; i < 4; i++) {
		consumer_init(&c[i], NULL, NULL);
	}
	for (int i = 0; i < 10; i++) {
		toy_submit_now(c[0].aio, WEIR_OK, 0);
		consumer_settle(&c[0]);
	}
	toy_submit(&toy, c[1].aio);
	toy_submit(&toy, c[2].aio);
	(void)weir_aio_stop(c[3].aio);
	toy_submit(&toy, c[3].aio); /* dropped: not counted */
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.aios, 4);
	ck_assert_uint_eq(stats.submitted, 12);
	ck_assert_uint_eq(stats.completed, 10);
	for (int i = 0; i < 4; i++) {
		consumer_fini(&c[i]);
	}
	ck_assert_int_eq(weir_get_stats(&stats), WEIR_OK);
	ck_assert_uint_eq(stats.aios, 0);
	ck_assert_uint_eq(stats.submitted, 12);
	ck_assert_uint_eq(stats.completed, 12);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *states = tcase_create("states");
	TCase *staged = tcase_create("staged");
	TCase *tc = tcase_create("provider");

	STAGE_ADD(states, reset_begins_an_operation_where_none_is_pending);
	STAGE_ADD(states, start_without_reset_is_misuse);
	STAGE_ADD(states, finish_without_an_operation_is_misuse);
	STAGE_ADD(states, a_second_finish_is_misuse_and_changes_nothing);
	STAGE_ADD(states, a_finish_by_an_old_ticket_is_refused_quietly);
	STAGE_ADD(states, an_output_wants_an_operation_or_a_clear_handle);
	suite_add_tcase(suite, states);
	tcase_add_test(staged, start_twice_is_misuse_and_the_first_one_goes_on);
	tcase_add_test(staged,
	    a_submit_into_anothers_is_caught_when_the_second_one_starts);
	tcase_add_test(staged, a_batch_says_how_many_it_decided);
	suite_add_tcase(suite, staged);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, null_is_einval);
	tcase_add_test(tc, finish_reports_the_count_that_was_set);
	tcase_add_test(tc, a_cancelled_operation_keeps_the_bytes_it_has_moved);
	tcase_add_test(
	    tc, after_a_dropped_operation_nothing_of_the_last_one_shows);
	tcase_add_test(tc, a_ticket_finishes_its_own_operation_only);
	tcase_add_test(tc, scratch_words_are_the_operations);
	tcase_add_test(tc, the_provider_sees_timeout_and_deadline);
	tcase_add_loop_test(
	    tc, an_operation_may_be_ended_at_a_time_of_the_providers_own, 0, 2);
	tcase_add_test(tc, of_finishes_at_once_one_wins);
	tcase_add_test(tc, the_way_of_an_operation_needs_no_memory);
	tcase_add_test(tc, submitted_is_completed_and_outstanding);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
