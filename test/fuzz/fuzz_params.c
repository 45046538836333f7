/*
 * fuzz_params - lines of settings, as variables and as parameters: what is
 * right is in force as another reader has it; what is wrong stops weir_init
 * with one line that names a setting that is wrong, and its range.
 *
 * A line is a letter, then a value.  0-8: that variable.  a-g: that number as a
 * parameter.  P: the prefix of the variables.  !: weir is really started, if
 * few threads are asked for.
 */
#include "fuzz/fuzz.h"
#include "params.h"

#include <weir/weir.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTS 7
#define VARS 9 /* the counts, then poller and log */
#define POLLER 7
#define LOG 8
#define NAME_BYTES 128
#define FEW 3 /* threads that may really be started */

static const struct {
	const char *var;
	const char *param;
	size_t offset;
	long max;
} table[VARS] = {
    {"NUM_TASK_THREADS", "num_task_threads",
	offsetof(weir_params, num_task_threads), WEIR_TASK_THREADS_MAX},
    {"MAX_TASK_THREADS", "max_task_threads",
	offsetof(weir_params, max_task_threads), WEIR_POOL_THREADS_MAX},
    {"NUM_EXPIRE_THREADS", "num_expire_threads",
	offsetof(weir_params, num_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    {"MAX_EXPIRE_THREADS", "max_expire_threads",
	offsetof(weir_params, max_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    {"NUM_POLLER_THREADS", "num_poller_threads",
	offsetof(weir_params, num_poller_threads), WEIR_POLLER_THREADS_MAX},
    {"MAX_POLLER_THREADS", "max_poller_threads",
	offsetof(weir_params, max_poller_threads), WEIR_POLLER_THREADS_MAX},
    {"NUM_RESOLVER_THREADS", "num_resolver_threads",
	offsetof(weir_params, num_resolver_threads), WEIR_RESOLVER_THREADS_MAX},
    {"POLLER", "poller", 0, 0},
    {"LOG", "log", 0, 0},
};

struct input {
	char prefix[64];
	char *vars[VARS]; /* NULL: not set */
	int params[COUNTS];
	bool start;
};

static struct {
	unsigned lines;
	char line[1024];
} seen;

static void
see(void *arg, weir_log_level level, const char *line)
{
	(void)arg;
	if (level == WEIR_LOG_ERR) {
		seen.lines++;
		(void)snprintf(seen.line, sizeof(seen.line), "%s", line);
	}
}

/* ---- the other reader --------------------------------------------------- */

/* 1 to max, written in digits; else 0. */
static long
digits(const char *text, long max)
{
	size_t len = strlen(text);
	char *end;
	long n;

	if (len == 0 || strspn(text, "0123456789") != len) {
		return 0;
	}
	text += strspn(text, "0");
	if (strlen(text) > 9) {
		return 0;
	}
	n = strtol(text, &end, 10);
	return n >= 1 && n <= max ? n : 0;
}

static bool
is_word(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(text, *words) == 0) {
			return true;
		}
	}
	return false;
}

/* Is what is given for a setting wrong by itself? */
static bool
is_wrong(const struct input *in, unsigned i)
{
	static const char *const pollers[] = {"epoll", "poll", NULL};
	static const char *const levels[] = {
	    "none", "err", "warn", "notice", "info", "debug", NULL};

	if (i < COUNTS && in->params[i] != 0) {
		return in->params[i] < 1 || in->params[i] > table[i].max;
	}
	if (in->vars[i] == NULL || in->prefix[0] == '\0') {
		return false;
	}
	if (i < COUNTS) {
		return digits(in->vars[i], table[i].max) == 0;
	}
	return !is_word(in->vars[i], i == POLLER ? pollers : levels);
}

/* What is given, 0: nothing. */
static long
given(const struct input *in, unsigned i)
{
	if (in->params[i] != 0) {
		return in->params[i];
	}
	if (in->vars[i] == NULL || in->prefix[0] == '\0') {
		return 0;
	}
	return digits(in->vars[i], table[i].max);
}

static long
in_force(const weir_params *p, unsigned i)
{
	int n;

	memcpy(&n, (const char *)p + table[i].offset, sizeof(n));
	return n;
}

/* ---- input -------------------------------------------------------------- */

static char *
name_of(const struct input *in, unsigned i, char *name)
{
	(void)snprintf(name, NAME_BYTES, "%s%s", in->prefix, table[i].var);
	return name;
}

static void
take_line(struct input *in, const char *line, size_t len)
{
	char *text = fuzz_text((const uint8_t *)line + 1, len - 1);

	if (line[0] >= '0' && line[0] < '0' + VARS) {
		free(in->vars[line[0] - '0']);
		in->vars[line[0] - '0'] = text;
		return;
	}
	if (line[0] >= 'a' && line[0] < 'a' + COUNTS) {
		long n = strtol(text, NULL, 10);

		in->params[line[0] - 'a'] = n > INT_MAX   ? INT_MAX
					    : n < INT_MIN ? INT_MIN
							  : (int)n;
	} else if (line[0] == 'P' && strchr(text, '=') == NULL) {
		(void)snprintf(in->prefix, sizeof(in->prefix), "%s", text);
	}
	in->start = in->start || line[0] == '!';
	free(text);
}

static void
take(struct input *in, const char *text)
{
	memset(in, 0, sizeof(*in));
	(void)snprintf(in->prefix, sizeof(in->prefix), "WEIR_");
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > 0) {
			take_line(in, text, len);
		}
		text += len + (text[len] != '\0');
	}
}

static void
set_variables(const struct input *in, bool set)
{
	char name[NAME_BYTES];

	for (unsigned i = 0; i < VARS; i++) {
		if (in->vars[i] == NULL) {
			continue;
		}
		if (set) {
			fuzz_expect(
			    setenv(name_of(in, i, name), in->vars[i], 1) == 0);
		} else {
			fuzz_expect(unsetenv(name_of(in, i, name)) == 0);
		}
	}
}

/* ---- expectations ------------------------------------------------------- */

/* The line names a setting that is wrong, or a pair that is. */
static void
expect_line(const struct input *in)
{
	bool named = false;

	fuzz_expect(seen.lines == 1);
	fuzz_expect(strstr(seen.line, "accepted is ") != NULL);
	for (const char *c = seen.line; *c != '\0'; c++) {
		fuzz_expect(*c >= 0x20 && *c < 0x7f);
	}
	if (strlen(in->prefix) > WRI_PREFIX_MAX) {
		fuzz_expect(strstr(seen.line, "env_prefix") != NULL);
		return;
	}
	for (unsigned i = 0; i < VARS; i++) {
		bool here = strstr(seen.line, table[i].var) != NULL ||
			    strstr(seen.line, table[i].param) != NULL;

		named = named || (here && is_wrong(in, i));
	}
	for (unsigned i = 0; i < COUNTS - 1; i += 2) {
		long num = given(in, i);
		long max = given(in, i + 1);

		named = named || (num != 0 && max != 0 && max < num);
	}
	fuzz_expect(named);
}

static void
expect_right(const struct input *in, const weir_params *out)
{
	fuzz_expect(seen.lines == 0);
	fuzz_expect(strcmp(out->env_prefix, in->prefix) == 0);
	for (unsigned i = 0; i < VARS; i++) {
		fuzz_expect(!is_wrong(in, i));
	}
	for (unsigned i = 0; i < COUNTS; i++) {
		long n = given(in, i);

		fuzz_expect(in_force(out, i) >= 1);
		fuzz_expect(in_force(out, i) <= table[i].max);
		fuzz_expect(n == 0 || in_force(out, i) == n);
	}
	for (unsigned i = 0; i < COUNTS - 1; i += 2) {
		fuzz_expect(in_force(out, i) <= in_force(out, i + 1));
	}
	if (in->vars[POLLER] != NULL && in->prefix[0] != '\0') {
		fuzz_expect(strcmp(out->poller, in->vars[POLLER]) == 0);
	}
}

static bool
is_small(const weir_params *p)
{
	return p->num_task_threads <= FEW && p->num_expire_threads <= FEW &&
	       p->num_poller_threads <= FEW;
}

static void
try(const struct input *in)
{
	weir_params given_params = {
	    .size = sizeof(weir_params), .env_prefix = in->prefix};
	weir_params out, untouched, read;
	weir_err err;

	for (unsigned i = 0; i < COUNTS; i++) {
		memcpy((char *)&given_params + table[i].offset, &in->params[i],
		    sizeof(int));
	}
	memset(&out, 0xa5, sizeof(out));
	memset(&untouched, 0xa5, sizeof(untouched));
	seen.lines = 0;
	err = wri_params_resolve(&given_params, &out);
	if (err != WEIR_OK) {
		fuzz_expect(err == WEIR_EINVAL);
		expect_line(in);
		fuzz_expect(memcmp(&out, &untouched, sizeof(out)) == 0);
		seen.lines = 0;
		fuzz_expect(weir_init(&given_params) == WEIR_EINVAL);
		expect_line(in);
		return;
	}
	expect_right(in, &out);
	if (!in->start || !is_small(&out)) {
		return;
	}
	fuzz_expect(weir_init(&given_params) == WEIR_OK);
	read.size = sizeof(read);
	fuzz_expect(weir_get_params(&read) == WEIR_OK);
	for (unsigned i = 0; i < COUNTS; i++) {
		fuzz_expect(in_force(&read, i) == in_force(&out, i));
	}
	fuzz_expect(weir_fini() == WEIR_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	char *text;

	if (size > 600) {
		return 0;
	}
	text = fuzz_text(data, size);
	take(&in, text);
	weir_log_set(see, NULL, WEIR_LOG_ERR);
	set_variables(&in, true);
	try(&in);
	set_variables(&in, false);
	for (unsigned i = 0; i < VARS; i++) {
		free(in.vars[i]);
	}
	free(text);
	return 0;
}
