/*
 * rules - the table: names, what they say, what they need.
 */
#include "kit.h"

#define ROW(rule, needs, text)                                                 \
	{                                                                      \
#rule, text, wri_kit_##rule, needs                             \
	}

const struct rule wri_kit_rules[] = {
    ROW(ends_with_one_callback, 0,
	"Every operation ends with one callback, its results in order."),
    ROW(end_ends_what_was_pending, KIT_END,
	"What ends a pending operation ends it with WEIR_OK and its count."),
    ROW(cancel_ends_with_ecanceled, KIT_ASK,
	"A cancel ends a pending operation with WEIR_ECANCELED, count 0."),
    ROW(abort_ends_with_its_code, KIT_ASK,
	"An abort ends it with the code that was given, whatever code."),
    ROW(idle_cancel_leaves_no_trace, 0,
	"A cancel of an idle handle does not reach the next operation."),
    ROW(timeout_ends_and_is_never_early, KIT_ASK,
	"A timeout ends each operation with WEIR_ETIMEDOUT, not before."),
    ROW(timeout_zero_ends_what_would_wait, KIT_ASK,
	"With timeout 0 what would wait ends with WEIR_ETIMEDOUT."),
    ROW(expiration_bounds_one_operation, KIT_ASK,
	"An expiration bounds one operation and is used up."),
    ROW(expiration_is_forgotten, KIT_ASK,
	"An expiration goes with its operation, however that ended."),
    ROW(expiration_in_the_past_is_timeout_zero, KIT_ASK,
	"An expiration in the past is a timeout of 0."),
    ROW(expiration_replaces_the_timeout, KIT_ASK,
	"An expiration replaces the timeout, and the other way round."),
    ROW(timeout_never_reaches_the_next, KIT_ASK,
	"A timeout never hits the operation that the callback submits."),
    ROW(wait_only_handle, KIT_ASK,
	"A handle without a callback is waited for."),
    ROW(callback_may_submit_again, 0,
	"The callback may submit again, and wait goes on waiting."),
    ROW(callback_may_submit_what_times_out, KIT_ASK,
	"Operations that the callback submits time out as others do."),
    ROW(cancel_in_the_callback_is_too_late, 0,
	"A cancel in the callback is too late and changes nothing."),
    ROW(skip_callback_says_the_truth, KIT_ASK,
	"weir_aio_skip_callback says whether a callback comes."),
    ROW(many_handles_each_end_once, KIT_ASK,
	"A hundred operations pending at once end once each."),
    ROW(deaf_only_end_ends, KIT_DEAF | KIT_END,
	"Without a cancel hook only the provider's end ends it."),
    ROW(stop_ends_with_estopped, KIT_ASK,
	"Stop ends it with WEIR_ESTOPPED before it returns; later submits are "
	"dropped."),
    ROW(fresh_handle_stopped, 0, "A handle that is stopped takes no work."),
    ROW(close_ends_without_waiting, KIT_ASK,
	"Close ends it with WEIR_ESTOPPED and does not wait."),
    ROW(stop_does_not_wait_for_the_timeout, KIT_ASK,
	"Stop does not wait for the timeout."),
    ROW(free_runs_the_callback_first, KIT_ASK,
	"Free ends the operation and its callback, then the handle."),
    ROW(reap_frees_after_the_callback, KIT_ASK,
	"Reap ends the operation; the callback comes."),
    ROW(reap_of_an_idle_handle, KIT_ASK, "Reap frees a handle that is idle."),
    ROW(stop_in_the_own_callback, 0,
	"Stop in the own callback is WEIR_EDEADLK, and sticks."),
    ROW(callback_may_free, KIT_ASK, "The callback may free its handle."),
    ROW(callback_may_submit_and_free, KIT_ASK,
	"The callback may submit again and then free."),
    ROW(stop_wins_against_resubmits, 0,
	"Stop wins against a callback that submits again blindly."),
    ROW(fini_ends_what_is_pending, KIT_ASK,
	"weir_fini ends what is pending with WEIR_ESTOPPED, for ever."),
    ROW(abort_right_after_submit, KIT_ASK,
	"An abort from another thread, right at the submit, ends it once."),
    ROW(abort_reaches_one_operation, KIT_ASK,
	"An abort reaches one operation at most."),
    ROW(finish_cancel_timeout_at_once, KIT_ASK | KIT_END,
	"End, cancel and timeout at once end it once."),
    ROW(stop_from_many_threads, KIT_ASK,
	"Stop, close, wait and cancel from several threads, then free."),
    ROW(free_or_reap_while_it_completes, KIT_ASK,
	"Free or reap from another thread while it completes."),
    ROW(any_order, KIT_ASK,
	"Any order of submits, ends, cancels, timeouts, stops and frees, from "
	"several threads and the callback."),
    ROW(fini_beside_it, KIT_ASK,
	"weir_fini beside submits and cancels: what was accepted ends once."),
};
const size_t wri_kit_rules_len =
    sizeof(wri_kit_rules) / sizeof(wri_kit_rules[0]);

const char *
weir_conformance_rule(size_t i)
{
	return i < wri_kit_rules_len ? wri_kit_rules[i].name : NULL;
}

const char *
weir_conformance_text(size_t i)
{
	return i < wri_kit_rules_len ? wri_kit_rules[i].text : NULL;
}
