/*
 * test_state_services - the consumer's calls on the operations of services.
 *
 * Shape      The table holds whoever carries out the operation: a loop test
 *            over the rows of the contract and the states in which there is
 *            one.
 */
#include "aio/states.h"
#include "support/run.h"

static const enum states_state states[] = {IN_ACTIVE, IN_QUEUED, IN_AGAIN};

#define STATES_LEN (int)(sizeof(states) / sizeof(states[0]))

START_TEST(whoever_carries_it_out_a_call_does_what_the_table_says)
{
	states_play_all(states_consumer,
	    (struct states_scene){.op = &contract_cases[_i / STATES_LEN],
		.state = states[_i % STATES_LEN]});
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("aio");
	TCase *tc = tcase_create("state_services");

	/* Filling and draining a socket takes its time. */
	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc,
	    whoever_carries_it_out_a_call_does_what_the_table_says, 0,
	    contract_cases_len * STATES_LEN);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
