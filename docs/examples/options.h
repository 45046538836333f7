/*
 * options - the command line of the examples, from one table.
 *
 * Purpose    one table per program says what is accepted; the parser, the
 *            error lines and --help are made from it, so they cannot differ.
 * Ownership  texts point into argv and the table; nothing is allocated.
 * Bounds     OPTION_LIST_MAX values of an option that may be repeated.
 */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#define OPTION_LIST_MAX 16

/* The values of an option that may be repeated, in the order given. */
struct option_list {
	unsigned len;
	const char *text[OPTION_LIST_MAX];
};

/* One option.  Exactly one of number and list is set. */
struct option_spec {
	const char *name;  /* with its dashes: "--idle-ms" */
	const char *value; /* what follows, for people: "N", "URL" */
	const char *help;
	long *number; /* holds the default before, the value after */
	long min;
	long max;
	struct option_list *list;
};

/* A program: the row behind the last option has the name NULL. */
struct option_program {
	const char *name;
	const char *purpose; /* first lines of --help */
	const char *notes;   /* last lines of --help, or NULL */
	const struct option_spec *options;
};

enum options_end {
	OPTIONS_RUN,  /* all taken: go on */
	OPTIONS_HELP, /* --help was given and answered on stdout */
	OPTIONS_BAD,  /* refused; one line on stderr said what is accepted */
};

enum options_end options_parse(
    const struct option_program *program, int argc, char **argv);

#endif
