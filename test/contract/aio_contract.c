/*
 * aio_contract - THE contract, run over every provider.
 *
 * Purpose    what <weir/aio.h> promises holds whoever carries out the
 *            operation.  The rows are in cases.c, the rules are those of
 *            weir-conformance, as strangers run them; _i is the row.
 * Shape      WEIR_TEST_ROW (a number), WEIR_TEST_RULE (a name) and
 *            WEIR_TEST_SEED repeat one.
 */
#include "aio/dice.h"
#include "contract/cases.h"
#include "support/rt.h"
#include "support/run.h"

#include <stdlib.h>
#include <string.h>

static char said[4096];

static bool
row_setup(void *arg)
{
	((const struct contract_case *)arg)->setup();
	return true;
}

static void
row_teardown(void *arg)
{
	((const struct contract_case *)arg)->teardown();
}

static void
row_submit(void *arg, weir_aio *aio)
{
	((const struct contract_case *)arg)->submit(aio);
}

static void
row_soon(void *arg, weir_aio *aio)
{
	((const struct contract_case *)arg)->submit_soon(aio);
}

static void
row_end(void *arg)
{
	((const struct contract_case *)arg)->end();
}

static void
row_collect(void *arg, weir_aio *aio)
{
	((const struct contract_case *)arg)->collect(aio);
}

static void
on_text(void *arg, const char *line)
{
	const size_t len = strlen(said);

	(void)arg;
	if (len + strlen(line) + 2 < sizeof(said)) {
		strcpy(said + len, line);
		strcat(said, "\n");
	}
}

START_TEST(a_provider_keeps_every_rule)
{
	struct contract_case row = contract_cases[_i];
	const weir_conformance_provider p = {
	    .size = sizeof(p),
	    .name = row.name,
	    .arg = &row,
	    .flags = row.flags | (row.slow ? WEIR_CONFORMANCE_SLOW : 0),
	    .setup = row_setup,
	    .teardown = row_teardown,
	    .submit = row_submit,
	    .submit_soon = row_soon,
	    .end = row.end != NULL ? row_end : NULL,
	    .collect = row.collect != NULL ? row_collect : NULL,
	    .count = row.count,
	};
	const weir_conformance_options o = {
	    .size = sizeof(o),
	    .seed = dice_seed(),
	    .rule = getenv("WEIR_TEST_RULE"),
	    .log_fails = true,
	    .text = on_text,
	};
	struct rt_counts before;

	said[0] = '\0';
	before = rt_count();
	ck_assert_msg(weir_conformance_run(&p, &o) == WEIR_OK, "%s", said);
	rt_expect_counts(before);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("contract");
	TCase *tc = tcase_create("rules");
	const char *env = getenv("WEIR_TEST_ROW");
	const int first = env != NULL ? atoi(env) : 0;
	const int end = env != NULL ? first + 1 : contract_cases_len;

	/* All rules of a row, on a slow machine, under a sanitizer. */
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, a_provider_keeps_every_rule, first, end);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
