/*
 * count_timer - instructions of an operation with a deadline, counted exactly.
 *
 * Purpose    start and finish must cost the same whether no other deadline is
 *            pending or 200,000 are.  Time on a busy machine cannot show that
 *            well; counted instructions can:
 *
 *              valgrind --tool=callgrind --callgrind-out-file=/dev/null \
 *                  --toggle-collect=timer_cycles count_timer PENDING CYCLES
 *
 *            prints as "Collected" the instructions of CYCLES operations on
 *            the one thread that does them.  scripts/perf.sh compares two runs.
 */
#include <weir/provider.h>
#include <weir/weir.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PENDING_MAX 10000000
#define CYCLES_MAX 100000000

/* The name callgrind looks for: not static, not inlined. */
void timer_cycles(weir_aio *aio, long cycles);

/* Owed by contract: nobody else ends a pending operation. */
static void
timer_cancel(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	(void)weir_aio_finish(aio, why);
}

static const weir_provider provider = {
    .size = sizeof(provider),
    .name = "count timer",
    .cancel = timer_cancel,
};

static void
check(weir_err err, const char *what)
{
	if (err != WEIR_OK) {
		fprintf(
		    stderr, "count_timer: %s: %s\n", what, weir_strerror(err));
		exit(EXIT_FAILURE);
	}
}

static void
timer_start(weir_aio *aio)
{
	check(weir_aio_reset(aio), "reset");
	check(weir_aio_start(aio, &provider, NULL), "start");
}

__attribute__((noinline)) void
timer_cycles(weir_aio *aio, long cycles)
{
	for (long i = 0; i < cycles; i++) {
		timer_start(aio);
		(void)weir_aio_finish(aio, WEIR_OK);
	}
}

static long
number_arg(const char *text, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > max) {
		fprintf(stderr, "count_timer: \"%s\": a number from 0 to %ld\n",
		    text, max);
		exit(EXIT_FAILURE);
	}
	return n;
}

int
main(int argc, char **argv)
{
	weir_aio **pending;
	weir_aio *aio;
	long len, cycles;

	if (argc != 3) {
		fprintf(stderr, "usage: count_timer PENDING CYCLES\n");
		return EXIT_FAILURE;
	}
	len = number_arg(argv[1], PENDING_MAX);
	cycles = number_arg(argv[2], CYCLES_MAX);
	check(weir_init(NULL), "weir_init");
	pending = calloc((size_t)len + 1, sizeof(weir_aio *));
	if (pending == NULL) {
		check(WEIR_ENOMEM, "pending operations");
		return EXIT_FAILURE;
	}
	for (long i = 0; i < len; i++) {
		check(weir_aio_alloc(&pending[i], NULL, NULL), "alloc");
		/* Spread over minutes, none due while this runs. */
		check(weir_aio_set_timeout(
			  pending[i], WEIR_MS(3600000 + i % 600000)),
		    "set_timeout");
		timer_start(pending[i]);
	}
	check(weir_aio_alloc(&aio, NULL, NULL), "alloc");
	check(weir_aio_set_timeout(aio, WEIR_SECONDS(3600)), "set_timeout");
	timer_cycles(aio, cycles);
	weir_aio_free(aio);
	for (long i = 0; i < len; i++) {
		weir_aio_free(pending[i]);
	}
	free(pending);
	check(weir_fini(), "weir_fini");
	printf("pending=%ld cycles=%ld\n", len, cycles);
	return EXIT_SUCCESS;
}
