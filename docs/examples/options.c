/*
 * options - how the table is read.
 *
 * Purpose    "--name value" and "--name=value"; numbers are whole, decimal and
 *            in range, or the program does not start.
 * Errors     One line each, always in the same shape: program, option, what
 *            was given, what is accepted.
 */
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does arg name this option?  *value gets what follows a '=', or NULL. */
static bool
spec_matches(const struct option_spec *o, const char *arg, const char **value)
{
	size_t len = strlen(o->name);

	if (strncmp(arg, o->name, len) != 0) {
		return false;
	}
	if (arg[len] == '=') {
		*value = arg + len + 1;
		return true;
	}
	*value = NULL;
	return arg[len] == '\0';
}

static bool
spec_take_number(
    const char *program, const struct option_spec *o, const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < o->min ||
	    n > o->max) {
		fprintf(stderr,
		    "%s: %s: \"%s\" is not accepted: a whole number from %ld "
		    "to %ld\n",
		    program, o->name, text, o->min, o->max);
		return false;
	}
	*o->number = n;
	return true;
}

static bool
spec_take(const char *program, const struct option_spec *o, const char *text)
{
	if (o->number != NULL) {
		return spec_take_number(program, o, text);
	}
	if (o->list->len == OPTION_LIST_MAX) {
		fprintf(stderr, "%s: %s: \"%s\" is one too many: up to %d\n",
		    program, o->name, text, OPTION_LIST_MAX);
		return false;
	}
	o->list->text[o->list->len++] = text;
	return true;
}

static void
help_print(const struct option_program *p)
{
	printf("%s - %s\n\nusage: %s [OPTION]...\n\n", p->name, p->purpose,
	    p->name);
	for (const struct option_spec *o = p->options; o->name != NULL; o++) {
		char head[64];

		(void)snprintf(head, sizeof(head), "%s %s", o->name, o->value);
		if (o->number != NULL) {
			printf("  %-18s %s [%ld..%ld, default %ld]\n", head,
			    o->help, o->min, o->max, *o->number);
		} else {
			printf("  %-18s %s [up to %d]\n", head, o->help,
			    OPTION_LIST_MAX);
		}
	}
	printf("  %-18s %s\n", "--help", "this text");
	if (p->notes != NULL) {
		printf("\n%s", p->notes);
	}
}

enum options_end
options_parse(const struct option_program *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct option_spec *o = p->options;
		const char *value = NULL;

		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			help_print(p);
			return OPTIONS_HELP;
		}
		while (o->name != NULL && !spec_matches(o, argv[i], &value)) {
			o++;
		}
		if (o->name == NULL) {
			fprintf(stderr,
			    "%s: \"%s\" is no option of it; \"%s --help\" "
			    "lists them\n",
			    p->name, argv[i], p->name);
			return OPTIONS_BAD;
		}
		if (value == NULL && i + 1 < argc) {
			value = argv[++i];
		}
		if (value == NULL) {
			fprintf(stderr, "%s: %s: the value is missing: %s\n",
			    p->name, o->name, o->value);
			return OPTIONS_BAD;
		}
		if (!spec_take(p->name, o, value)) {
			return OPTIONS_BAD;
		}
	}
	return OPTIONS_RUN;
}
