/*
 * params - settings merged and checked: parameter, else variable, else default.
 *
 * Purpose    the one place that reads the environment.  A setting is right or
 *            it stops weir_init: a program that runs with 1 thread because 8x
 *            was read as nothing is found out on a bad day.
 * Shape      A setting is named by where it came from, so that the line in the
 *            log points at what the reader can change.  A variable that a
 *            parameter overrides is not looked at.
 * Ownership  results are values and static strings; the prefix is copied.
 * Bounds     WRI_PREFIX_MAX; a value is shown up to VALUE_SHOWN bytes.
 * Proof      test/weir/test_params.c
 */
#include "params.h"
#include "base/log.h"
#include "base/mem.h"
#include "cpus.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_DEFAULT "WEIR_"
#define SLACK_DEFAULT WEIR_MS(1)
#define SLACK_MAX WEIR_SECONDS(1)
#define FINI_LIMIT_DEFAULT WEIR_SECONDS(5)

/* A byte may need four to be shown, then quotes, dots and the end. */
#define VALUE_SHOWN 40
#define VALUE_MAX (VALUE_SHOWN * 4 + 8)
/* A prefix and the longest name. */
#define NAME_MAX_LEN (WRI_PREFIX_MAX + 32)
#define NAME_SHOWN_MAX (NAME_MAX_LEN * 4 + 1)
#define ACCEPTED_MAX 128

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Numbers of threads, in pairs: how many, and at most how many. */
enum params_count {
	COUNT_TASK,
	COUNT_TASK_MAX,
	COUNT_EXPIRE,
	COUNT_EXPIRE_MAX,
	COUNT_POLLER,
	COUNT_POLLER_MAX,
	COUNTS,
};

static const struct {
	const char *param;
	const char *var;
	size_t offset;
	int max;
} params_counts[COUNTS] = {
    [COUNT_TASK] = {"num_task_threads", "NUM_TASK_THREADS",
	offsetof(weir_params, num_task_threads), WEIR_TASK_THREADS_MAX},
    [COUNT_TASK_MAX] = {"max_task_threads", "MAX_TASK_THREADS",
	offsetof(weir_params, max_task_threads), WEIR_POOL_THREADS_MAX},
    [COUNT_EXPIRE] = {"num_expire_threads", "NUM_EXPIRE_THREADS",
	offsetof(weir_params, num_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    [COUNT_EXPIRE_MAX] = {"max_expire_threads", "MAX_EXPIRE_THREADS",
	offsetof(weir_params, max_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    [COUNT_POLLER] = {"num_poller_threads", "NUM_POLLER_THREADS",
	offsetof(weir_params, num_poller_threads), WEIR_POLLER_THREADS_MAX},
    [COUNT_POLLER_MAX] = {"max_poller_threads", "MAX_POLLER_THREADS",
	offsetof(weir_params, max_poller_threads), WEIR_POLLER_THREADS_MAX},
};

/* Words, and the number each stands for. */
struct params_word {
	const char *word;
	int value;
};

/* The first one is the default. */
static const struct params_word params_pollers[] = {
    {"epoll", 0},
    {"poll", 0},
};

static const struct params_word params_logs[] = {
    {"none", WEIR_LOG_NONE},
    {"err", WEIR_LOG_ERR},
    {"warn", WEIR_LOG_WARN},
    {"notice", WEIR_LOG_NOTICE},
    {"info", WEIR_LOG_INFO},
    {"debug", WEIR_LOG_DEBUG},
};

/* One setting as it was given. */
struct params_setting {
	int number;       /* of a count, 0: not given */
	const char *text; /* of a variable or a word, NULL: not given */
	bool from_env;
};

/* What is merged, and into what. */
struct params_merge {
	const weir_params *in; /* never NULL */
	const char *prefix;    /* "": no variables */
	weir_params *out;
};

/* Both change only under the lock of weir_init. */
static char params_prefix[WRI_PREFIX_MAX + 1]; /* the one in force */
static wri_mem_ops params_mem;                 /* the allocator in force */

/*
 * Copy text so that a terminal shows it and no byte of it can pass for
 * something else.  size: room for each byte fourfold, and the end.
 */
static void
params_escape(char *out, size_t size, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < len && at + 5 <= size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f) {
			at += (size_t)snprintf(out + at, 5, "\\x%02x", c);
			continue;
		}
		if (c == '"' || c == '\\') {
			out[at++] = '\\';
		}
		out[at++] = (char)c;
	}
	out[at] = '\0';
}

/* "text", escaped and cut. */
static void
params_quote(char out[VALUE_MAX], const char *text)
{
	size_t len = strnlen(text, VALUE_SHOWN + 1);
	bool cut = len > VALUE_SHOWN;

	out[0] = '"';
	params_escape(
	    out + 1, VALUE_SHOWN * 4 + 1, text, cut ? VALUE_SHOWN : len);
	strcat(out, cut ? "\"..." : "\"");
}

/* What a reader calls the setting: NAME of the environment or of C. */
static void
params_name(char out[NAME_SHOWN_MAX], const struct params_merge *m,
    bool from_env, const char *param, const char *var)
{
	char name[NAME_MAX_LEN];

	snprintf(name, sizeof(name), "%s%s", from_env ? m->prefix : "weir_params.",
	    from_env ? var : param);
	params_escape(out, NAME_SHOWN_MAX, name, strlen(name));
}
