/*
 * test_state_table - each function of the handle in each of its states.
 *
 * Shape      states.txt is the specification: docs/api shows it, and
 *            test/api/states.cmake compares.  A loop test over the states, _i
 *            is the state; each plays all rows.  A cell "unchecked" is a call
 *            that its caller must not make and that nobody sees: it is not
 *            made here either.
 */
#include "aio/states.h"
#include "support/run.h"

#include <string.h>

static void
play_all(
    const struct states_probe *probes, enum states_state state, bool waiter)
{
	states_play_all(
	    probes, (struct states_scene){.state = state, .waiter = waiter});
}

START_TEST(a_call_of_the_consumer_does_what_the_table_says)
{
	play_all(states_consumer, (enum states_state)_i, false);
}
END_TEST

START_TEST(a_call_of_the_provider_does_what_the_table_says)
{
	play_all(states_provider, (enum states_state)_i, false);
}
END_TEST

START_TEST(a_submitting_call_does_what_the_table_says)
{
	play_all(states_submit, (enum states_state)_i, false);
}
END_TEST

/* --- The same without a callback --------------------------------------- */

static const enum states_state of_waiters[] = {IN_FRESH, IN_ENDED, IN_CLEAR,
    IN_STARTING, IN_ACTIVE, IN_HOOK, IN_QUEUED, IN_STOPPED, IN_STOPPING,
    IN_CLOSED, IN_DROPPED, IN_FINI, IN_ABANDONED, IN_CHILD, IN_OWN_HOOK,
    IN_OWN_RELEASE};

#define WAITER_STATES (int)(sizeof(of_waiters) / sizeof(of_waiters[0]))

START_TEST(a_handle_without_a_callback_has_the_same_table)
{
	play_all(states_consumer, of_waiters[_i], true);
	play_all(states_submit, of_waiters[_i], true);
}
END_TEST

START_TEST(for_the_provider_too)
{
	play_all(states_provider, of_waiters[_i], true);
}
END_TEST

/* --- The table itself -------------------------------------------------- */

static bool
has_probe(const struct states_probe *probes, const char *name)
{
	for (; probes->row != NULL; probes++) {
		if (strcmp(probes->row, name) == 0) {
			return true;
		}
	}
	return false;
}

START_TEST(every_row_of_the_table_is_played_and_has_all_states)
{
	states_read();
	for (int i = 0; i < states_rows_len; i++) {
		const struct states_row *row = &states_rows[i];

		ck_assert_msg(has_probe(states_consumer, row->name) ||
				  has_probe(states_provider, row->name) ||
				  has_probe(states_submit, row->name),
		    "%s: nobody plays it", row->name);
		for (int k = 0; k < IN_STATES; k++) {
			ck_assert_msg(row->cell[k][0] != '\0',
			    "%s: nothing about %s", row->name, states_names[k]);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("states");

	/* Many scenes, and for a child a fork in each. */
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, every_row_of_the_table_is_played_and_has_all_states);
	tcase_add_loop_test(
	    tc, a_call_of_the_consumer_does_what_the_table_says, 0, IN_STATES);
	tcase_add_loop_test(
	    tc, a_call_of_the_provider_does_what_the_table_says, 0, IN_STATES);
	tcase_add_loop_test(
	    tc, a_submitting_call_does_what_the_table_says, 0, IN_STATES);
	tcase_add_loop_test(tc, a_handle_without_a_callback_has_the_same_table,
	    0, WAITER_STATES);
	tcase_add_loop_test(tc, for_the_provider_too, 0, WAITER_STATES);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
