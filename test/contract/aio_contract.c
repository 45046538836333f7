/*
 * aio_contract - THE contract, run over every provider: main and what the
 * parts share.
 */
#include "contract/aio_contract.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdlib.h>

const struct contract_case *contract;

void
contract_up(int row)
{
	contract = &contract_cases[row];
	rt_up(NULL);
	contract->setup();
}

void
contract_down(void)
{
	contract->teardown();
	rt_down();
}

static void
collect_then(struct consumer *c)
{
	if (c->result == WEIR_OK && contract->collect != NULL) {
		contract->collect(c->aio);
	}
}

void
contract_consumer(struct consumer *c)
{
	consumer_init(c, collect_then, NULL);
}

void
contract_collect(weir_aio *aio)
{
	if (weir_aio_result(aio) == WEIR_OK && contract->collect != NULL) {
		contract->collect(aio);
	}
}

static void *
thread_main(void *arg)
{
	struct contract_thread *t = arg;

	if (t->start != NULL) {
		(void)pthread_barrier_wait(t->start);
	}
	t->fn(t->arg);
	return NULL;
}

void
contract_spawn(struct contract_thread *t, pthread_barrier_t *start,
    void (*fn)(void *), void *arg)
{
	t->start = start;
	t->fn = fn;
	t->arg = arg;
	ck_assert_int_eq(pthread_create(&t->id, NULL, thread_main, t), 0);
}

void
contract_join(struct contract_thread *t)
{
	ck_assert_int_eq(pthread_join(t->id, NULL), 0);
}

int
contract_rounds(int many)
{
	return contract->slow ? many / 10 + 1 : many;
}

int
contract_first(void)
{
	const char *row = getenv("WEIR_TEST_ROW");

	return row != NULL ? atoi(row) : 0;
}

int
contract_end(void)
{
	return getenv("WEIR_TEST_ROW") != NULL ? contract_first() + 1
					       : contract_cases_len;
}

int
main(void)
{
	Suite *suite = suite_create("contract");
	TCase *ends = tcase_create("ends");
	TCase *stops = tcase_create("stops");
	TCase *races = tcase_create("races");

	contract_add_ends(ends);
	contract_add_stops(stops);
	contract_add_races(races);
	suite_add_tcase(suite, ends);
	suite_add_tcase(suite, stops);
	suite_add_tcase(suite, races);
	return run_suite(suite);
}
