/*
 * states_consumer - the calls of <weir/aio.h>, one by one.
 */
#include "aio/aio_impl.h"
#include "aio/states.h"

#include <stdio.h>
#include <string.h>

#define ASKED_CODE WEIR_ECONNRESET

/* --- Asking ------------------------------------------------------------ */

/* Is there somebody who does what is asked, and was not asked before? */
static bool
is_asked_first(const struct states_scene *s)
{
	switch (s->state) {
	case IN_STARTING:
	case IN_ACTIVE:
	case IN_AGAIN:
	case IN_OWN_AGAIN:
		return true;
	case IN_HOOK: /* it will end with what it was asked for first */
	case IN_OWN_HOOK:
	case IN_STOPPING:
	case IN_ABANDONED:
	case IN_FRESH:
	case IN_ENDED:
	case IN_CLEAR:
	case IN_QUEUED:
	case IN_RUNNING:
	case IN_STOPPED:
	case IN_CLOSED:
	case IN_DROPPED:
	case IN_FINI:
	case IN_CHILD:
	case IN_NULL:
	case IN_OWN_CALLBACK:
	case IN_OWN_RELEASE:
	case IN_STATES:
		break;
	}
	return false;
}

static void
met(struct states_scene *s, weir_cancel what, weir_err code)
{
	static const char *const words[] = {"IDLE", "REQUESTED", "TOO_LATE"};

	states_say(s, words[what]);
	if (is_asked_first(s)) {
		s->told = true;
		states_ends(s, code, 0);
	}
}

static void
call_cancel(struct states_scene *s)
{
	met(s, weir_aio_cancel(s->given), WEIR_ECANCELED);
}

static void
call_abort(struct states_scene *s)
{
	met(s, weir_aio_abort(s->given, ASKED_CODE), ASKED_CODE);
}

/* The handle takes no more work: the caller has said so. */
static void
has_stopped(struct states_scene *s)
{
	if (s->state == IN_NULL || s->state == IN_CHILD) {
		return;
	}
	s->stopped = true;
	if (is_asked_first(s)) {
		s->told = true;
		states_ends(s, WEIR_ESTOPPED, 0);
	}
}

/* --- Waiting ----------------------------------------------------------- */

static void
waited(struct states_scene *s, weir_err rv)
{
	states_say_err(s, rv);
	if (rv == WEIR_OK && !states_is_idle(s)) {
		states_say(s, "waits");
	}
}

static void
call_wait(struct states_scene *s)
{
	waited(s, weir_aio_wait(s->given));
}

static void
call_wait_past(struct states_scene *s)
{
	states_say_err(s, weir_aio_wait_until(s->given, 0));
}

static void
call_stop(struct states_scene *s)
{
	/* Before: the waiter must not find it changed. */
	has_stopped(s);
	waited(s, weir_aio_stop(s->given));
}

static void
call_stop_past(struct states_scene *s)
{
	static const char *const words[] = {
	    "NONE", "PROVIDER", "CANCEL", "QUEUE", "CALLBACK"};
	weir_blocker what = WEIR_BLOCKER_QUEUE;
	const char *who = "nobody";
	weir_err rv = weir_aio_stop_until(s->given, 0, &what, &who);

	states_say_err(s, rv);
	if (rv == WEIR_ETIMEDOUT) {
		(void)snprintf(s->got, sizeof(s->got), "%s%s%s", words[what],
		    *who != '\0' ? " " : "", who);
	} else if (rv == WEIR_OK || rv == WEIR_EFORK) {
		ck_assert_int_eq(what, WEIR_BLOCKER_NONE);
		ck_assert_str_eq(who, "");
	}
	has_stopped(s);
}

static void
call_close(struct states_scene *s)
{
	char text[80];

	weir_aio_close(s->given);
	states_say(s, "nothing");
	if (s->given != NULL &&
	    strstr(wri_aio_state(s->given, text, sizeof(text)), "stopped")) {
		states_say(s, "stopped");
	}
	has_stopped(s);
}

/* --- The end ----------------------------------------------------------- */

static void
has_gone(struct states_scene *s, const char *busy)
{
	if (s->state == IN_NULL || s->state == IN_CHILD) {
		states_say(s, "nothing");
		return;
	}
	states_say(s, states_is_idle(s) ? "freed" : busy);
}

static void
call_free(struct states_scene *s)
{
	has_stopped(s);
	s->gone = s->state != IN_NULL && s->state != IN_CHILD;
	weir_aio_free(s->given);
	has_gone(
	    s, s->state >= IN_OWN_CALLBACK ? "freed later" : "waits, freed");
}

static void
call_reap(struct states_scene *s)
{
	has_stopped(s);
	s->gone = s->state != IN_NULL && s->state != IN_CHILD;
	weir_aio_reap(s->given);
	has_gone(s, "freed later");
}

static void
call_alloc(struct states_scene *s)
{
	weir_aio *aio = NULL;

	states_say_err(
	    s, weir_aio_alloc(s->given == NULL ? NULL : &aio, NULL, NULL));
	weir_aio_free(aio);
}

/* --- Reading ----------------------------------------------------------- */

static void
call_busy(struct states_scene *s)
{
	states_say(s, weir_aio_busy(s->given) ? "true" : "false");
}

/* What can be read of the last operation: nothing while there is one. */
static bool
is_unspecified(struct states_scene *s)
{
	if (states_is_pending(s)) {
		states_say(s, "unspecified");
		return true;
	}
	return false;
}

static void
call_result(struct states_scene *s)
{
	weir_err rv = weir_aio_result(s->given);

	if (is_unspecified(s)) {
		return;
	}
	if (rv == STATES_RESULT) {
		states_say(s, "last");
	} else {
		states_say_err(s, rv);
	}
}

static void
call_count(struct states_scene *s)
{
	size_t count = weir_aio_count(s->given);

	if (!is_unspecified(s)) {
		states_say(s, count == STATES_COUNT ? "last"
			      : count == 0          ? "0"
						    : "wrong");
	}
}

static void
say_pointer(
    struct states_scene *s, const void *p, const void *want, const char *word)
{
	states_say(s, p == NULL ? "NULL" : p == want ? word : "wrong");
}

static void
call_get_output(struct states_scene *s)
{
	void *out = weir_aio_get_output(s->given, 0);

	ck_assert_ptr_null(weir_aio_get_output(s->given, WEIR_AIO_SLOTS));
	if (!is_unspecified(s)) {
		say_pointer(s, out, &states_output, "last");
	}
}

static void
call_get_input(struct states_scene *s)
{
	ck_assert_ptr_null(weir_aio_get_input(s->given, 3));
	ck_assert_ptr_null(weir_aio_get_input(s->given, WEIR_AIO_SLOTS));
	say_pointer(s, weir_aio_get_input(s->given, 1), &states_input, "kept");
}

static void
call_get_msg(struct states_scene *s)
{
	say_pointer(s, weir_aio_get_msg(s->given), &states_msg, "kept");
}

/* --- Settings ---------------------------------------------------------- */

static void
set(struct states_scene *s, weir_err rv, bool is_new)
{
	states_say_err(s, rv);
	ck_assert_msg(is_new == (rv == WEIR_OK), "%s, and it is %s", s->got,
	    is_new ? "new" : "old");
}

/* What is not set can be read by the operation's owner only: here the toy's. */
static bool
may_look(const struct states_scene *s, weir_err rv)
{
	return s->given != NULL && (s->op == NULL || rv == WEIR_OK);
}

static void
call_set_timeout(struct states_scene *s)
{
	weir_err rv = weir_aio_set_timeout(s->given, WEIR_SECONDS(77));

	set(s, rv, weir_aio_get_timeout(s->given) == WEIR_SECONDS(77));
}

static void
call_set_expire(struct states_scene *s)
{
	weir_err rv = weir_aio_set_expire(s->given, WEIR_NEVER - 1);

	/* It is the next operation's. */
	set(s, rv, may_look(s, rv) && s->given->expire_set);
}

static void
call_set_iov(struct states_scene *s)
{
	const weir_iov iov = {states_bytes, 5};
	weir_err rv = weir_aio_set_iov(s->given, 1, &iov);

	set(s, rv, may_look(s, rv) && weir_aio_iov_len(s->given) == 5);
}

static void
call_borrow_iov(struct states_scene *s)
{
	static const weir_iov iov = {states_bytes, 5};
	weir_err rv = weir_aio_borrow_iov(s->given, 1, &iov);

	set(s, rv, may_look(s, rv) && weir_aio_iov_len(s->given) == 5);
}

static void
call_set_input(struct states_scene *s)
{
	weir_err rv = weir_aio_set_input(s->given, 2, &states_msg);

	set(s, rv, weir_aio_get_input(s->given, 2) == &states_msg);
}

static void
call_set_msg(struct states_scene *s)
{
	weir_msg *msg = (weir_msg *)(void *)&states_input;
	weir_err rv = weir_aio_set_msg(s->given, msg);

	set(s, rv, weir_aio_get_msg(s->given) == msg);
}

static void
call_set_executor(struct states_scene *s)
{
	weir_exec *exec = weir_pool_exec(s->pool);
	weir_err rv = weir_aio_set_executor(s->given, exec);

	set(s, rv, may_look(s, rv) && exec_of(s->given) == exec);
}

static void
call_set_executor_null(struct states_scene *s)
{
	states_say_err(s, weir_aio_set_executor(s->given, NULL));
}

static void
call_set_tag(struct states_scene *s)
{
	static const char tag[] = "on stage";

	weir_aio_set_tag(s->given, tag);
	states_say(
	    s, s->given != NULL && wri_load(&s->given->tag, WRI_ACQ) == tag
		   ? "set"
		   : "nothing");
}

/* Set means: what ends at once from here on, or is dropped, is skipped. */
static void
call_skip(struct states_scene *s)
{
	bool skipped = true;

	weir_aio_skip_callback(s->given, &skipped);
	ck_assert(!skipped);
	if (states_misused(s)) {
		states_say(s, "misuse");
		return;
	}
	toy_submit_now(s->given, STATES_RESULT, STATES_COUNT);
	states_say(s, skipped ? "set" : "cleared");
	if (skipped) {
		s->read = s->stopped ? (struct states_end){WEIR_ESTOPPED, 0}
				     : (struct states_end){
					   STATES_RESULT, STATES_COUNT};
	}
}

const struct states_probe states_consumer[] = {
    {.row = "weir_aio_alloc", .call = call_alloc},
    {.row = "weir_aio_cancel", .call = call_cancel},
    {.row = "weir_aio_abort", .call = call_abort},
    {.row = "weir_aio_wait", .call = call_wait, .waits = true},
    {.row = "weir_aio_wait_until(past)", .call = call_wait_past},
    {.row = "weir_aio_stop", .call = call_stop, .waits = true},
    {.row = "weir_aio_stop_until(past)", .call = call_stop_past},
    {.row = "weir_aio_close", .call = call_close},
    {.row = "weir_aio_free", .call = call_free, .waits = true},
    {.row = "weir_aio_reap", .call = call_reap},
    {.row = "weir_aio_busy", .call = call_busy},
    {.row = "weir_aio_result", .call = call_result},
    {.row = "weir_aio_count", .call = call_count},
    {.row = "weir_aio_get_output", .call = call_get_output},
    {.row = "weir_aio_get_input", .call = call_get_input},
    {.row = "weir_aio_get_msg", .call = call_get_msg},
    {.row = "weir_aio_set_timeout", .call = call_set_timeout},
    {.row = "weir_aio_set_expire", .call = call_set_expire},
    {.row = "weir_aio_set_iov", .call = call_set_iov},
    {.row = "weir_aio_borrow_iov", .call = call_borrow_iov},
    {.row = "weir_aio_set_input", .call = call_set_input},
    {.row = "weir_aio_set_msg", .call = call_set_msg},
    {.row = "weir_aio_set_executor(pool)", .call = call_set_executor},
    {.row = "weir_aio_set_executor(NULL)", .call = call_set_executor_null},
    {.row = "weir_aio_set_tag", .call = call_set_tag},
    {.row = "weir_aio_skip_callback", .call = call_skip},
    {.row = NULL},
};
