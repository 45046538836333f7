/*
 * test_broken - weir-conformance finds what it must, and nothing else.
 *
 * Purpose    each defect of broken.h with a rule that it breaks, and the words
 *            that the report has for it.
 */
#include "conformance/broken.h"
#include "support/run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static char said[8192];
static unsigned lines;

static void
on_text(void *arg, const char *line)
{
	const size_t len = strlen(said);

	(void)arg;
	lines++;
	if (len + strlen(line) + 2 < sizeof(said)) {
		strcpy(said + len, line);
		strcat(said, "\n");
	}
}

static weir_err
run(enum defect d, const char *rule, weir_duration limit)
{
	const weir_conformance_provider p = broken_provider(d);
	const weir_conformance_options o = {
	    .size = sizeof(o),
	    .seed = 7,
	    .rule = rule,
	    .limit = limit,
	    .log_fails = true,
	    .text = on_text,
	};

	weir_err err;

	said[0] = '\0';
	lines = 0;
	err = weir_conformance_run(&p, &o);
	broken_clean();
	return err;
}

static const struct {
	enum defect defect;
	bool waits; /* for what never comes: until the limit */
	const char *rule;
	const char *words;
} rows[] = {
    {LOSES_CANCEL, true, "cancel_ends_with_ecanceled",
	"promised one callback for each operation, seen 0 callbacks for 1"},
    {LOSES_CANCEL, true, "timeout_ends_and_is_never_early",
	"seen 0 callbacks for 1"},
    {LOSES_CANCEL, true, "stop_ends_with_estopped",
	"promised stop to end an operation, seen it waits for \"mailbox\""},
    {FINISHES_TWICE, false, "end_ends_what_was_pending",
	"promised no misuse, seen weir_aio_finish: "},
    {IGNORES_TIMEOUT, true, "timeout_zero_ends_what_would_wait",
	"seen 0 callbacks for 1"},
    {IGNORES_TIMEOUT, true, "expiration_bounds_one_operation",
	"seen 0 callbacks for 1"},
    {ONE_CODE, false, "abort_ends_with_its_code",
	"promised result 13 (protocol error), seen 20 (canceled)"},
    {ONE_CODE, false, "timeout_ends_and_is_never_early", "promised result 5"},
    {ONE_CODE, false, "close_ends_without_waiting", "promised result 999"},
    {OUTPUT_TOO_EARLY, false, "cancel_ends_with_ecanceled",
	"promised no output with a result other than ok, seen one"},
    {PUBLISHES_LATE, true, "abort_right_after_submit", "seen "},
    {FINISHES_REFUSED, false, "fresh_handle_stopped",
	"promised finishes of what was not owed: 0, seen "},
    {QUEUES_REFUSED, false, "timeout_zero_ends_what_would_wait", "misuse"},
    {KEEPS_A_HANDLE, true, "ends_with_one_callback",
	"promised handles left after teardown: 0, seen 1"},
    {KEEPS_A_DESCRIPTOR, false, "ends_with_one_callback",
	"promised descriptors: "},
    {COUNTS_WRONG, false, "end_ends_what_was_pending",
	"promised count 1, seen 2"},
    {EATS_THE_END, true, "end_ends_what_was_pending", "seen 1 callbacks for 2"},
    {FINISHES_UNASKED, false, "cancel_ends_with_ecanceled",
	"promised requested"},
    {WARNS, false, "ends_with_one_callback",
	"promised no warning in the log, seen the mailbox is tired"},
};

START_TEST(a_defect_is_found_and_named)
{
	char begin[128];

	ck_assert_msg(run(rows[_i].defect, rows[_i].rule,
			  rows[_i].waits ? WEIR_MS(700) : 0) == WEIR_EPROTO,
	    "row %d: not found; said: %s", _i, said);
	(void)snprintf(
	    begin, sizeof(begin), "mailbox: %s broken: ", rows[_i].rule);
	ck_assert_msg(
	    strncmp(said, begin, strlen(begin)) == 0, "row %d: %s", _i, said);
	ck_assert_msg(
	    strstr(said, rows[_i].words) != NULL, "row %d: %s", _i, said);
	ck_assert_msg(strstr(said, "(seed 7)") != NULL, "%s", said);
	ck_assert_uint_eq(lines, 2); /* the rule, and the sum */
}
END_TEST

START_TEST(a_right_provider_keeps_all_rules_without_a_word)
{
	ck_assert_msg(run((enum defect)_i, NULL, 0) == WEIR_OK, "%s", said);
	ck_assert_uint_eq(lines, 0);
}
END_TEST

START_TEST(what_is_lost_ends_the_run)
{
	/* What was lost stays lost: this process is of no use afterwards. */
	if (!run_forks()) {
		return;
	}
	ck_assert_int_eq(run(LOSES_ALL, NULL, WEIR_MS(300)), WEIR_EPROTO);
	ck_assert_msg(strstr(said, " not tried (seed 7)") != NULL, "%s", said);
	ck_assert_ptr_null(strstr(said, " 0 not tried"));
}
END_TEST

/* A line on stderr, then abort. */
START_TEST(a_call_that_hangs_is_named)
{
	(void)run(
	    HANGS_IN_THE_HOOK, "cancel_ends_with_ecanceled", WEIR_MS(200));
}
END_TEST

START_TEST(what_cannot_be_run_is_refused)
{
	weir_conformance_provider p = broken_provider(RIGHT);
	weir_conformance_options o = {.size = sizeof(o)};

	ck_assert_int_eq(weir_conformance_run(NULL, NULL), WEIR_EINVAL);
	o.rule = "no_such_rule";
	ck_assert_int_eq(weir_conformance_run(&p, &o), WEIR_ENOENT);
	o.rule = NULL;
	o.limit = -1;
	ck_assert_int_eq(weir_conformance_run(&p, &o), WEIR_EINVAL);
	o.limit = 0;
	o.size--;
	ck_assert_int_eq(weir_conformance_run(&p, &o), WEIR_EINVAL);
	p.end = NULL;
	p.submit_soon = NULL;
	ck_assert_int_eq(weir_conformance_run(&p, NULL), WEIR_EINVAL);
	p = broken_provider(RIGHT);
	p.size++;
	ck_assert_int_eq(weir_conformance_run(&p, NULL), WEIR_EINVAL);
	p = broken_provider(RIGHT);
	ck_assert_int_eq(weir_init(NULL), WEIR_OK);
	ck_assert_int_eq(weir_conformance_run(&p, NULL), WEIR_ESTATE);
	ck_assert_int_eq(weir_fini(), WEIR_OK);
}
END_TEST

START_TEST(each_rule_has_a_name_and_a_sentence)
{
	size_t n = 0;

	while (weir_conformance_rule(n) != NULL) {
		const char *text = weir_conformance_text(n);

		ck_assert_ptr_nonnull(text);
		ck_assert_int_eq(text[strlen(text) - 1], '.');
		n++;
	}
	ck_assert_uint_gt(n, 30);
	ck_assert_ptr_null(weir_conformance_text(n));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conformance");
	TCase *found = tcase_create("found");
	TCase *said_of = tcase_create("run");

	tcase_add_loop_test(found, a_defect_is_found_and_named, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, found);
	tcase_set_timeout(said_of, 300);
	tcase_add_loop_test(said_of,
	    a_right_provider_keeps_all_rules_without_a_word, RIGHT, NO_END + 1);
	tcase_add_test(said_of, what_is_lost_ends_the_run);
	tcase_add_test(said_of, what_cannot_be_run_is_refused);
	tcase_add_test(said_of, each_rule_has_a_name_and_a_sentence);
	if (run_forks()) {
		tcase_add_test_raise_signal(
		    said_of, a_call_that_hangs_is_named, SIGABRT);
	}
	suite_add_tcase(suite, said_of);
	return run_suite(suite);
}
