/*
 * states_table - states.txt: what each call does in each state.
 *
 * Shape      Lines that begin with | are the tables, as docs/api shows them:
 *            the head names the states, a row's first cell the calls, each
 *            between backticks.  All else is for people.
 */
#include "aio/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct states_row states_rows[STATES_ROWS_MAX];
int states_rows_len;

struct states_row *
states_find(const char *name)
{
	for (int i = 0; i < states_rows_len; i++) {
		if (strcmp(states_rows[i].name, name) == 0) {
			return &states_rows[i];
		}
	}
	return NULL;
}

static struct states_row *
row_of(const char *name)
{
	struct states_row *row = states_find(name);

	if (row == NULL) {
		ck_assert_int_lt(states_rows_len, STATES_ROWS_MAX);
		row = &states_rows[states_rows_len++];
		(void)snprintf(row->name, sizeof(row->name), "%s", name);
	}
	return row;
}

static int
state_of(const char *name)
{
	for (int i = 0; i < IN_STATES; i++) {
		if (strcmp(states_names[i], name) == 0) {
			return i;
		}
	}
	ck_abort_msg("states.txt: no such state: %s", name);
	return IN_STATES;
}

/* Cut a line into its cells, in place. */
static int
cells_of(char *line, char *cells[], int max)
{
	int n = 0;
	char *at = line + 1;

	for (char *end = strchr(at, '|'); end != NULL; end = strchr(at, '|')) {
		*end = '\0';
		at += strspn(at, " ");
		for (char *p = end; p > at && p[-1] == ' '; p--) {
			p[-1] = '\0';
		}
		ck_assert_int_lt(n, max);
		cells[n++] = at;
		at = end + 1;
	}
	return n;
}

static void
read_row(char *calls, char *cells[], const int *columns, int n)
{
	for (char *at = strchr(calls, '`'); at != NULL;
	     at = strchr(at + 1, '`')) {
		char *end = strchr(at + 1, '`');
		struct states_row *row;

		ck_assert_ptr_nonnull(end);
		*end = '\0';
		row = row_of(at + 1);
		for (int i = 0; i < n; i++) {
			char *cell = row->cell[columns[i]];

			ck_assert_msg(cell[0] == '\0', "%s, %s: twice",
			    row->name, states_names[columns[i]]);
			(void)snprintf(
			    cell, sizeof(row->cell[0]), "%s", cells[i]);
		}
		at = end;
	}
}

void
states_read(void)
{
	char line[1024];
	char *cells[IN_STATES + 1];
	int columns[IN_STATES];
	int ncolumns = 0;
	FILE *f;

	if (states_rows_len > 0) {
		return; /* another test of this process */
	}
	f = fopen(STATES_TXT, "re");
	ck_assert_msg(f != NULL, "%s: cannot be read", STATES_TXT);
	while (fgets(line, sizeof(line), f) != NULL) {
		int n =
		    line[0] == '|' ? cells_of(line, cells, IN_STATES + 1) : 0;

		if (n == 0 || strcmp(cells[0], "---") == 0) {
			continue;
		}
		if (strcmp(cells[0], "call") == 0) {
			ncolumns = n - 1;
			for (int i = 0; i < ncolumns; i++) {
				columns[i] = state_of(cells[i + 1]);
			}
			continue;
		}
		ck_assert_msg(
		    n == ncolumns + 1, "%s: %d cells", cells[0], n - 1);
		read_row(cells[0], cells + 1, columns, ncolumns);
	}
	(void)fclose(f);
	ck_assert_int_gt(states_rows_len, 0);
}

/* --- Played ------------------------------------------------------------ */

/* What a handle waits for when its provider has been asked, and takes its time:
 * the table has one that does not. */
static bool
takes_its_time(const struct states_scene *s)
{
	return s->op != NULL && strncmp(s->got, "PROVIDER ", 9) == 0;
}

static void
play(struct states_scene *s)
{
	const struct states_row *row = states_find(s->probe->row);
	const char *cell;

	ck_assert_msg(row != NULL, "%s: no row in states.txt", s->probe->row);
	cell = row->cell[s->state];
	if (strcmp(cell, "unchecked") == 0) {
		return;
	}
	/* The message is the service's, if there is one; and a service may end
	 * the operation while what is unspecified is read. */
	if (s->op != NULL && (strstr(s->probe->row, "et_msg") != NULL ||
				 strcmp(cell, "unspecified") == 0)) {
		return;
	}
	if (getenv("WEIR_TEST_VERBOSE") != NULL) {
		(void)printf("%s%s%s, %s\n", s->op != NULL ? s->op->name : "",
		    s->op != NULL ? ", " : "", states_names[s->state],
		    s->probe->row);
		(void)fflush(stdout);
	}
	states_play(s);
	ck_assert_msg(strcmp(s->got, cell) == 0 || takes_its_time(s),
	    "%s, %s%s: it did \"%s\", the table says \"%s\"", s->probe->row,
	    states_names[s->state], s->waiter ? ", without a callback" : "",
	    s->got, cell);
}

void
states_play_all(
    const struct states_probe *probes, const struct states_scene like)
{
	/* Not on the stack: callbacks of an earlier one that failed. */
	static struct states_scene s;
	const char *only = getenv("WEIR_TEST_ROW");

	states_read();
	for (const struct states_probe *p = probes; p->row != NULL; p++) {
		if (only == NULL || strcmp(only, p->row) == 0) {
			s = like;
			s.probe = p;
			play(&s);
		}
	}
}
