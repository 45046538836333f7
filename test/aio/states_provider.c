/*
 * states_provider - the calls of <weir/provider.h>, one by one.
 */
#include "aio/states.h"

#include <string.h>

/* Finishes that were refused without a report; 0: weir does not run. */
static uint64_t
late(void)
{
	weir_stats stats = {.size = sizeof(stats)};

	return weir_get_stats(&stats) == WEIR_OK ? stats.late_finishes : 0;
}

/* --- Begin ------------------------------------------------------------- */

static void
reset_gave(struct states_scene *s, weir_err rv)
{
	states_say_err(s, rv);
	if (rv == WEIR_ESTOPPED) {
		s->read = (struct states_end){WEIR_ESTOPPED, 0};
	}
	if (rv == WEIR_OK && s->state != IN_STARTING) {
		ck_assert(weir_aio_finish_count(
		    s->given, STATES_RESULT, STATES_COUNT));
		states_one_more(s, STATES_RESULT, STATES_COUNT);
	}
}

static void
call_reset(struct states_scene *s)
{
	reset_gave(s, weir_aio_reset(s->given));
}

static void
call_begin(struct states_scene *s)
{
	reset_gave(s, weir_aio_begin(s->given, "weir_aio_begin"));
}

/* A start that is accepted: the operation is the toy's. */
static void
started(struct states_scene *s, weir_err rv)
{
	states_say_err(s, rv);
	if (rv == WEIR_OK) {
		toy_put_back(&s->toy, s->given);
		s->owned = false;
	}
}

static void
call_start(struct states_scene *s)
{
	started(s, weir_aio_start(s->given, &toy_providers[TOY_FULL], &s->toy));
}

static void
call_start_at(struct states_scene *s)
{
	started(s, weir_aio_start_at(s->given, &toy_providers[TOY_FULL],
		       &s->toy, weir_now() + WEIR_SECONDS(50), 0));
}

/* --- End --------------------------------------------------------------- */

/* Ours to finish, as far as it is anybody's. */
static uint64_t
take(struct states_scene *s)
{
	if (states_is_open(s) && s->state != IN_STARTING) {
		ck_assert(toy_take(&s->toy, s->given));
	}
	return late();
}

static void
finished(struct states_scene *s, bool won, uint64_t late_before, size_t count)
{
	bool counts = s->state != IN_CHILD && s->state != IN_NULL &&
		      s->state != IN_FINI && s->state != IN_ABANDONED;

	states_say(s, won ? "true" : states_misused(s) ? "misuse" : "false");
	ck_assert_uint_eq(late(),
	    late_before + (counts && !won && !states_misused(s) ? 1 : 0));
	if (won) {
		s->owned = false;
		states_ends(s, WEIR_EAGAIN, count);
		if (s->state == IN_OWN_HOOK || s->state == IN_HOOK) {
			s->toy.stubborn = false; /* it finds nothing */
		}
	} else if (states_is_open(s)) { /* refused: still there */
		if (s->state != IN_STARTING) {
			toy_put_back(&s->toy, s->given);
		}
	}
}

static void
call_finish(struct states_scene *s)
{
	uint64_t n = take(s);

	finished(s, weir_aio_finish(s->given, WEIR_EAGAIN), n, 0);
}

/* Of a clear handle it begins and ends one. */
static void
call_finish_now(struct states_scene *s)
{
	uint64_t n = take(s);
	bool won = weir_aio_finish_now(s->given, WEIR_EAGAIN);

	finished(s, won, n, 0);
	s->calls += won && states_is_clear(s);
}

static void
call_clear(struct states_scene *s)
{
	weir_aio_clear(s->given);
	states_say(s, "nothing");
	if (states_misused(s)) {
		states_say(s, "misuse");
	} else if (states_is_pending(s)) {
		return; /* nothing can be read */
	} else if (weir_aio_result(s->given) == WEIR_OK) {
		states_say(s, "clear");
		s->read = (struct states_end){WEIR_OK, 0};
	} else if (weir_aio_result(s->given) == WEIR_ESTOPPED) {
		states_say(s, "dropped");
		s->read = (struct states_end){WEIR_ESTOPPED, 0};
	}
}

static void
call_finish_count(struct states_scene *s)
{
	uint64_t n = take(s);

	finished(s, weir_aio_finish_count(s->given, WEIR_EAGAIN, 6), n, 6);
}

static void
call_finish_batch(struct states_scene *s)
{
	uint64_t n = take(s);

	finished(
	    s, weir_aio_finish_batch(&s->given, 1, WEIR_EAGAIN) == 1, n, 0);
}

static void
finish_ticket(struct states_scene *s, unsigned back)
{
	uint64_t n = take(s);
	weir_ticket ticket = weir_aio_ticket(s->given) - back;

	finished(
	    s, weir_aio_finish_ticket(s->given, ticket, WEIR_EAGAIN, 6), n, 6);
}

static void
call_finish_ticket(struct states_scene *s)
{
	finish_ticket(s, 0);
}

static void
call_finish_ticket_old(struct states_scene *s)
{
	finish_ticket(s, 1);
}

static void
call_ticket(struct states_scene *s)
{
	weir_ticket ticket = weir_aio_ticket(s->given);

	states_say(s, ticket == 0 ? "0" : states_is_open(s) ? "own" : "last");
}

/* --- Bytes ------------------------------------------------------------- */

static void
call_get_count(struct states_scene *s)
{
	size_t count = weir_aio_get_count(s->given);

	states_say(s, count == STATES_COUNT ? "last"
		      : count == 0          ? "0"
					    : "wrong");
}

static void
call_set_count(struct states_scene *s)
{
	weir_aio_set_count(s->given, 6);
	if (states_misused(s)) {
		states_say(s, "misuse");
	} else if (weir_aio_get_count(s->given) == 6) {
		states_say(s, "set");
		if (s->state == IN_HOOK || s->state == IN_OWN_HOOK) {
			s->seen.count = s->read.count = 6;
		} else if (!states_is_open(s)) {
			s->read.count = 6;
			s->kept = states_is_clear(s) ? 6 : 0;
		}
	} else {
		states_say(s, "nothing");
	}
}

static void
call_advance(struct states_scene *s)
{
	size_t left = weir_aio_iov_len(s->given);
	size_t count = weir_aio_get_count(s->given);

	weir_aio_advance(s->given, 2);
	if (weir_aio_iov_len(s->given) + 2 == left &&
	    weir_aio_get_count(s->given) == count + 2) {
		states_say(s, "moved");
		if (s->state == IN_HOOK || s->state == IN_OWN_HOOK) {
			s->seen.count = s->read.count = 2;
		}
	} else {
		states_say(s, "nothing");
	}
}

static void
call_iov_len(struct states_scene *s)
{
	size_t len = weir_aio_iov_len(s->given);

	states_say(s, len == STATES_IOV_LEN ? "read"
		      : len == 0            ? "0"
					    : "wrong");
}

static void
call_get_iov(struct states_scene *s)
{
	weir_iov iov = {NULL, 0};
	unsigned n = weir_aio_get_iov(s->given, &iov, 1);

	states_say(s, n == 0                          ? "0"
		      : iov.iov_len == STATES_IOV_LEN ? "read"
						      : "wrong");
}

/* --- The rest ---------------------------------------------------------- */

static void
call_get_timeout(struct states_scene *s)
{
	weir_duration d = weir_aio_get_timeout(s->given);

	states_say(s, d == STATES_TIMEOUT ? "read"
		      : d == WEIR_DEFAULT ? "WEIR_DEFAULT"
					  : "wrong");
}

static void
call_get_deadline(struct states_scene *s)
{
	weir_time at = weir_aio_get_deadline(s->given);
	weir_time now = weir_now();

	states_say(s, at == WEIR_NEVER                         ? "WEIR_NEVER"
		      : at > now && at <= now + STATES_TIMEOUT ? "read"
							       : "wrong");
}

static void
call_set_output(struct states_scene *s)
{
	weir_err rv = weir_aio_set_output(s->given, 2, &states_msg);

	states_say_err(s, rv);
	ck_assert_int_eq(
	    weir_aio_get_output(s->given, 2) == &states_msg, rv == WEIR_OK);
}

static void
call_set_scratch(struct states_scene *s)
{
	weir_aio_set_scratch(s->given, 1, &states_msg);
	states_say(s, weir_aio_get_scratch(s->given, 1) == &states_msg
			  ? "set"
			  : "nothing");
}

static void
call_get_scratch(struct states_scene *s)
{
	states_say(
	    s, weir_aio_get_scratch(s->given, 1) == NULL ? "NULL" : "wrong");
}

static weir_aioq queue;

static void
call_push(struct states_scene *s)
{
	(void)take(s);
	weir_aioq_push(&queue, s->given);
	states_say(s, queue.len == 1 ? "in" : "wrong");
	ck_assert(weir_aioq_remove(&queue, s->given));
	if (s->state != IN_STARTING) {
		toy_put_back(&s->toy, s->given);
	}
}

static void
call_remove(struct states_scene *s)
{
	bool in = states_is_open(s);

	if (in) {
		(void)take(s);
		weir_aioq_push(&queue, s->given);
	}
	states_say(s, weir_aioq_remove(&queue, s->given) ? "true" : "false");
	ck_assert_uint_eq(queue.len, 0);
	if (in && s->state != IN_STARTING) {
		toy_put_back(&s->toy, s->given);
	}
}

const struct states_probe states_provider[] = {
    {.row = "weir_aio_reset", .call = call_reset},
    {.row = "weir_aio_begin", .call = call_begin},
    {.row = "weir_aio_start", .call = call_start},
    {.row = "weir_aio_start_at", .call = call_start_at},
    {.row = "weir_aio_clear", .call = call_clear},
    {.row = "weir_aio_finish", .call = call_finish},
    {.row = "weir_aio_finish_now", .call = call_finish_now},
    {.row = "weir_aio_finish_count", .call = call_finish_count},
    {.row = "weir_aio_finish_batch", .call = call_finish_batch},
    {.row = "weir_aio_finish_ticket", .call = call_finish_ticket},
    {.row = "weir_aio_finish_ticket(old)", .call = call_finish_ticket_old},
    {.row = "weir_aio_ticket", .call = call_ticket},
    {.row = "weir_aio_set_count", .call = call_set_count},
    {.row = "weir_aio_get_count", .call = call_get_count},
    {.row = "weir_aio_advance", .call = call_advance},
    {.row = "weir_aio_iov_len", .call = call_iov_len},
    {.row = "weir_aio_get_iov", .call = call_get_iov},
    {.row = "weir_aio_get_timeout", .call = call_get_timeout},
    {.row = "weir_aio_get_deadline", .call = call_get_deadline},
    {.row = "weir_aio_set_output", .call = call_set_output},
    {.row = "weir_aio_set_scratch", .call = call_set_scratch},
    {.row = "weir_aio_get_scratch", .call = call_get_scratch},
    {.row = "weir_aioq_push", .call = call_push},
    {.row = "weir_aioq_remove", .call = call_remove},
    {.row = NULL},
};
