/*
 * aio_contract - THE contract, run over every provider.
 *
 * Purpose    what <weir/aio.h> promises holds whoever carries out the
 *            operation.  The rows are in cases.c; each test is a loop test
 *            over them, _i is the row.
 * Shape      contract_up(_i) starts weir and the row, contract_down ends both
 *            and compares what is left.
 */
#ifndef CONTRACT_AIO_CONTRACT_H
#define CONTRACT_AIO_CONTRACT_H

#include "aio/consumer.h"
#include "contract/cases.h"

#include <check.h>

/* The row under test. */
extern const struct contract_case *contract;

void contract_up(int row);
void contract_down(void);

/* A consumer that gives back what WEIR_OK has given it. */
void contract_consumer(struct consumer *c);
/* The same for a handle without a callback, after wait. */
void contract_collect(weir_aio *aio);

/* A thread that calls fn(arg); joined by contract_join. */
struct contract_thread {
	pthread_t id;
	pthread_barrier_t *start; /* waited for before fn, or NULL */
	void (*fn)(void *arg);
	void *arg;
};
void contract_spawn(struct contract_thread *t, pthread_barrier_t *start,
    void (*fn)(void *), void *arg);
void contract_join(struct contract_thread *t);

/* Rounds for this row: fewer where submitting is slow. */
int contract_rounds(int many);

/* contract_end.c, contract_stop.c, contract_race.c */
void contract_add_ends(TCase *tc);
void contract_add_stops(TCase *tc);
void contract_add_races(TCase *tc);

/* The rows to run: all, or the one that WEIR_TEST_ROW names by its number. */
int contract_first(void);
int contract_end(void);

/* Add a loop test over the rows. */
#define CONTRACT_ADD(tc, test)                                                 \
	tcase_add_loop_test((tc), (test), contract_first(), contract_end())

#endif
