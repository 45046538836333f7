/*
 * conform_args - section 21: <nng/args.h>, a parser of options without a
 * library.
 */
#include <nng/args.h>

#include "conform/con.h"

enum { HELP = 1, FILE_ = 2, FIELD = 3, LEVEL = 4, QUIET = 5 };

static const nng_arg_spec specs[] = {
    {.a_name = "help", .a_short = 'h', .a_val = HELP, .a_arg = false},
    {.a_name = "file", .a_short = 'f', .a_val = FILE_, .a_arg = true},
    {.a_name = "field", .a_val = FIELD, .a_arg = true},
    {.a_name = "level", .a_short = 'l', .a_val = LEVEL, .a_arg = true},
    {.a_short = 'q', .a_val = QUIET},
    {.a_val = 0},
};

/* One parse of words, from the first on. */
struct parse {
	int argc;
	char *argv[8];
	int val;
	char *arg;
	int idx;
};

static struct parse
words(const char *a, const char *b, const char *c)
{
	const char *w[] = {a, b, c};
	struct parse p = {.argc = 1, .idx = 1, .val = -99};

	p.argv[0] = "program";
	for (int i = 0; i < 3 && w[i] != NULL; i++) {
		p.argv[p.argc++] = (char *)(uintptr_t)w[i];
	}
	return p;
}

static int
parse(struct parse *p)
{
	return nng_args_parse(
	    p->argc, p->argv, specs, &p->val, &p->arg, &p->idx);
}

START_TEST(a_long_option_is_found)
{
	struct parse p = words("--help", NULL, NULL);

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, HELP);
	ck_assert_int_eq(p.idx, 2);
	ck_assert_int_eq(parse(&p), NNG_ARG_END);
	ck_assert_int_eq(p.idx, 2);
}
END_TEST

START_TEST(a_short_option_is_found)
{
	struct parse p = words("-h", "-q", NULL);

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, HELP);
	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, QUIET);
	ck_assert_int_eq(p.idx, 3);
	ck_assert_int_eq(parse(&p), NNG_ARG_END);
}
END_TEST

/* Each gives "x.y" to --file. */
static const char *const files[][2] = {{"--file", "x.y"}, {"--file=x.y", NULL},
    {"--file:x.y", NULL}, {"-f", "x.y"}, {"-fx.y", NULL}, {"--fil", "x.y"},
    {"--fil=x.y", NULL}};

START_TEST(an_argument_comes_in_these_ways)
{
	struct parse p =
	    words(files[_i][0], files[_i][1] != NULL ? files[_i][1] : "rest",
		files[_i][1] != NULL ? "rest" : NULL);

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, FILE_);
	ck_assert_str_eq(p.arg, "x.y");
	ck_assert_int_eq(parse(&p), NNG_ARG_END);
	ck_assert_str_eq(p.argv[p.idx], "rest");
}
END_TEST

START_TEST(an_argument_may_be_empty_or_hold_separators)
{
	struct parse p = words("--file=", "--file=a=b:c", "--file:a:b=c");

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_str_eq(p.arg, "");
	ck_assert_int_eq(parse(&p), 0);
	ck_assert_str_eq(p.arg, "a=b:c");
	ck_assert_int_eq(parse(&p), 0);
	ck_assert_str_eq(p.arg, "a:b=c");
}
END_TEST

START_TEST(a_unique_prefix_is_enough)
{
	struct parse p = words("--he", "--l", "7");

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, HELP);
	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(p.val, LEVEL);
	ck_assert_str_eq(p.arg, "7");
}
END_TEST

START_TEST(a_prefix_of_several_is_ambiguous)
{
	struct parse p = words("--fi", "x", NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_AMBIG);
	p = words("--f=x", NULL, NULL);
	ck_assert_int_eq(parse(&p), NNG_ARG_AMBIG);
}
END_TEST

START_TEST(an_unknown_option_is_invalid)
{
	struct parse p = words("--nothing", NULL, NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_INVAL);
	p = words("-x", NULL, NULL);
	ck_assert_int_eq(parse(&p), NNG_ARG_INVAL);
	p = words("--helpful", NULL, NULL);
	ck_assert_int_eq(parse(&p), NNG_ARG_INVAL);
}
END_TEST

START_TEST(an_argument_that_lacks_is_missing)
{
	struct parse p = words("--file", NULL, NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_MISSING);
	p = words("-f", NULL, NULL);
	ck_assert_int_eq(parse(&p), NNG_ARG_MISSING);
}
END_TEST

START_TEST(short_options_do_not_cluster)
{
	struct parse p = words("-hq", NULL, NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_INVAL);
}
END_TEST

START_TEST(a_lone_dash_ends)
{
	struct parse p = words("-", "-h", NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_END);
}
END_TEST

START_TEST(the_first_word_that_is_no_option_ends)
{
	struct parse p = words("-h", "word", "-q");

	ck_assert_int_eq(parse(&p), 0);
	ck_assert_int_eq(parse(&p), NNG_ARG_END);
	ck_assert_int_eq(p.idx, 2);
	ck_assert_str_eq(p.argv[p.idx], "word");
}
END_TEST

START_TEST(no_words_end)
{
	struct parse p = words(NULL, NULL, NULL);

	ck_assert_int_eq(parse(&p), NNG_ARG_END);
	ck_assert_int_eq(p.idx, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conform/args");
	TCase *tc = con_case_bare(suite, "args");

	tcase_add_test(tc, a_long_option_is_found);
	tcase_add_test(tc, a_short_option_is_found);
	tcase_add_loop_test(tc, an_argument_comes_in_these_ways, 0,
	    (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tc, an_argument_may_be_empty_or_hold_separators);
	tcase_add_test(tc, a_unique_prefix_is_enough);
	tcase_add_test(tc, a_prefix_of_several_is_ambiguous);
	tcase_add_test(tc, an_unknown_option_is_invalid);
	tcase_add_test(tc, an_argument_that_lacks_is_missing);
	tcase_add_test(tc, short_options_do_not_cluster);
	tcase_add_test(tc, a_lone_dash_ends);
	tcase_add_test(tc, the_first_word_that_is_no_option_ends);
	tcase_add_test(tc, no_words_end);
	return run_suite(suite);
}
