/*
 * params - settings merged and checked: parameter, else variable, else default.
 *
 * Purpose    the one place that reads the environment.  A setting is right or
 *            it stops weir_init: a daemon that runs with one thread because 8x
 *            was read as nothing is found out on a bad day.
 * Shape      A setting is called what the reader can change: the variable, or
 *            the member of weir_params.  A variable that a parameter overrides
 *            is not looked at.
 * Ownership  results are values and static strings; the prefix is copied.
 * Bounds     WRI_PREFIX_MAX.
 * Proof      test/weir/test_params.c
 */
#include "params.h"
#include "base/log.h"
#include "base/mem.h"
#include "cpus.h"
#include "line.h"
#include "poller/poller.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_DEFAULT "WEIR_"
#define TASK_SPREAD 4 /* threads with spares, of each task thread */
#define RESOLVER_THREADS_DEFAULT 4
#define SLACK_DEFAULT WEIR_MS(1)
#define SLACK_MAX WEIR_SECONDS(1)
#define FINI_LIMIT_DEFAULT WEIR_SECONDS(5)
#define WATCHDOG_MAX WEIR_SECONDS(86400)
#define WATCHDOG_CHECK WEIR_SECONDS(1) /* the default with check */

#define NAME_BYTES (WRI_PREFIX_MAX + 32) /* a prefix and the longest name */

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A number of threads: its names, where it lies, its range from 1. */
struct params_count {
	const char *param;
	const char *var;
	size_t offset;
	int max;
};

/* In pairs: how many, and at most how many. */
static const struct params_count params_counts[] = {
    {"num_task_threads", "NUM_TASK_THREADS",
	offsetof(weir_params, num_task_threads), WEIR_TASK_THREADS_MAX},
    {"max_task_threads", "MAX_TASK_THREADS",
	offsetof(weir_params, max_task_threads), WEIR_POOL_THREADS_MAX},
    {"num_expire_threads", "NUM_EXPIRE_THREADS",
	offsetof(weir_params, num_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    {"max_expire_threads", "MAX_EXPIRE_THREADS",
	offsetof(weir_params, max_expire_threads), WEIR_EXPIRE_THREADS_MAX},
    {"num_poller_threads", "NUM_POLLER_THREADS",
	offsetof(weir_params, num_poller_threads), WEIR_POLLER_THREADS_MAX},
    {"max_poller_threads", "MAX_POLLER_THREADS",
	offsetof(weir_params, max_poller_threads), WEIR_POLLER_THREADS_MAX},
    /* Alone: */
    {"num_resolver_threads", "NUM_RESOLVER_THREADS",
	offsetof(weir_params, num_resolver_threads), WEIR_RESOLVER_THREADS_MAX},
};

/* A setting that is one of some words. */
struct params_choice {
	const char *param;
	const char *var;
	const char *const *words;
	size_t words_len;
};

static const struct params_choice params_poller = {
    "poller", "POLLER", wri_poller_names, WRI_POLLER_BACKENDS};

static const char *const params_log_words[] = {
    "none", "err", "warn", "notice", "info", "debug"};

/* In the order of the words. */
static const weir_log_level params_log_levels[] = {WEIR_LOG_NONE, WEIR_LOG_ERR,
    WEIR_LOG_WARN, WEIR_LOG_NOTICE, WEIR_LOG_INFO, WEIR_LOG_DEBUG};

static const struct params_choice params_log = {
    "log", "LOG", params_log_words, COUNT_OF(params_log_words)};

static const char *const params_check_words[] = {"0", "1"};

static const struct params_choice params_check = {
    "check", "CHECK", params_check_words, COUNT_OF(params_check_words)};

/* One setting as it was given. */
struct params_setting {
	bool from_env;
	const char *name; /* without prefix */
	const char *text; /* of a word, and of each variable */
	int number;       /* of a count, 0: not given */
};

/* What is merged. */
struct params_merge {
	const weir_params *in; /* as given, never NULL */
	const char *prefix;    /* "": no variables */
	weir_params out;
};

/* Change only under the lock of weir_init: */
static char params_prefix[WRI_PREFIX_MAX + 1]; /* as resolved last */
static wri_mem_ops params_mem;                 /* the allocator in force */

/* Add NAME is VALUE. */
static void
line_add_setting(struct wri_line *l, const struct params_merge *m,
    const struct params_setting *s)
{
	if (s->from_env) {
		wri_line_add_escaped(l, m->prefix, strlen(m->prefix));
	} else {
		wri_line_add(l, "weir_params.");
	}
	wri_line_add(l, "%s is ", s->name);
	if (s->text != NULL) {
		wri_line_add_quoted(l, s->text);
	} else {
		wri_line_add(l, "%d", s->number);
	}
}

/* Log the line; the result is for its caller's caller. */
static weir_err
line_refuse(const struct wri_line *l)
{
	wri_log(WEIR_LOG_ERR, "%s", l->text);
	return WEIR_EINVAL;
}

/* The variable's value, NULL: not set. */
static const char *
params_env(const struct params_merge *m, const char *var)
{
	char name[NAME_BYTES];

	if (m->prefix[0] == '\0') {
		return NULL;
	}
	snprintf(name, sizeof(name), "%s%s", m->prefix, var);
	return secure_getenv(name);
}

/* Decimal digits that make 1 to max; 0: anything else. */
static int
params_digits(const char *text, int max)
{
	int n = 0;

	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') {
			return 0;
		}
		n = n * 10 + (*text - '0');
		if (n > max) {
			return 0;
		}
	}
	return n;
}

static weir_err
count_take(struct params_setting *s, const struct params_merge *m,
    const struct params_count *c)
{
	struct wri_line line = {0};
	int number;

	memcpy(&number, (const char *)m->in + c->offset, sizeof(number));
	if (number != 0) {
		*s = (struct params_setting){false, c->param, NULL, number};
	} else {
		*s = (struct params_setting){
		    true, c->var, params_env(m, c->var), 0};
		if (s->text == NULL) {
			return WEIR_OK;
		}
		s->number = params_digits(s->text, c->max);
	}
	if (s->number >= 1 && s->number <= c->max) {
		return WEIR_OK;
	}
	line_add_setting(&line, m, s);
	wri_line_add(&line, ", accepted is 1..%d%s", c->max,
	    s->from_env ? "" : " (0: default)");
	return line_refuse(&line);
}

static void
count_put(struct params_merge *m, const struct params_count *c, int number)
{
	memcpy((char *)&m->out + c->offset, &number, sizeof(number));
}

/* By default: number, and spread times the number as the maximum. */
static weir_err
pair_merge(struct params_merge *m, const struct params_count pair[2],
    int number, int spread)
{
	struct params_setting num, most;
	struct wri_line line = {0};
	weir_err rv = count_take(&num, m, &pair[0]);

	if (rv == WEIR_OK) {
		rv = count_take(&most, m, &pair[1]);
	}
	if (rv != WEIR_OK) {
		return rv;
	}
	if (num.number != 0) {
		number = num.number;
	}
	if (most.number == 0) {
		most.number = pair[1].max;
		if (number * spread < most.number) {
			most.number = number * spread;
		}
	} else if (most.number < number && num.number == 0) {
		number = most.number;
	} else if (most.number < number) {
		/* Nobody knows which of the two is meant. */
		line_add_setting(&line, m, &most);
		wri_line_add(
		    &line, ", accepted is %d..%d (", number, pair[1].max);
		line_add_setting(&line, m, &num);
		wri_line_add(&line, ")");
		return line_refuse(&line);
	}
	count_put(m, &pair[0], number);
	count_put(m, &pair[1], most.number);
	return WEIR_OK;
}

/* A number without a maximum of its own. */
static weir_err
count_merge(struct params_merge *m, const struct params_count *c, int number)
{
	struct params_setting s;
	weir_err rv = count_take(&s, m, c);

	if (rv == WEIR_OK) {
		count_put(m, c, s.number != 0 ? s.number : number);
	}
	return rv;
}

/* The choice's own copy of a word, NULL: not one of them. */
static const char *
choice_find(const struct params_choice *c, const char *text)
{
	for (size_t i = 0; i < c->words_len; i++) {
		if (strcmp(c->words[i], text) == 0) {
			return c->words[i];
		}
	}
	return NULL;
}

/* *word: what is given as a parameter, and then what is in force; NULL stays
 * when nothing is given. */
static weir_err
choice_merge(const char **word, const struct params_merge *m,
    const struct params_choice *c)
{
	struct params_setting s = {false, c->param, *word, 0};
	struct wri_line line = {0};

	if (s.text == NULL) {
		s = (struct params_setting){
		    true, c->var, params_env(m, c->var), 0};
	}
	if (s.text == NULL) {
		return WEIR_OK;
	}
	*word = choice_find(c, s.text);
	if (*word != NULL) {
		return WEIR_OK;
	}
	line_add_setting(&line, m, &s);
	wri_line_add(&line, ", accepted is ");
	for (size_t i = 0; i < c->words_len; i++) {
		wri_line_add(&line, "%s%s", i == 0 ? "" : ", ", c->words[i]);
	}
	if (!s.from_env) {
		wri_line_add(&line, " (NULL: default)");
	}
	return line_refuse(&line);
}

static weir_err
params_merge_times(struct params_merge *m)
{
	long long slack = m->in->slack;
	long long limit = m->in->fini_limit;

	if (slack < -1 || slack > SLACK_MAX) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params.slack is %lld, accepted is 1..%lld ns (0: "
		    "default, -1: none)",
		    slack, (long long)SLACK_MAX);
		return WEIR_EINVAL;
	}
	if (limit < 0 && limit != WEIR_INFINITE) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params.fini_limit is %lld, accepted is 1 and more "
		    "ns (0: default, -1: no limit)",
		    limit);
		return WEIR_EINVAL;
	}
	m->out.slack = slack == 0 ? SLACK_DEFAULT : slack == -1 ? 0 : slack;
	m->out.fini_limit = limit == 0 ? FINI_LIMIT_DEFAULT : limit;
	return WEIR_OK;
}

static weir_err
params_merge_watchdog(struct params_merge *m)
{
	const int most = (int)(WATCHDOG_MAX / WEIR_MS(1));
	struct params_setting s = {
	    true, "WATCHDOG_MS", params_env(m, "WATCHDOG_MS"), 0};
	struct wri_line line = {0};
	long long ns = m->in->watchdog;

	if (ns != 0 && ns != -1 && (ns < WEIR_MS(1) || ns > WATCHDOG_MAX)) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params.watchdog is %lld, accepted is %lld..%lld ns "
		    "(0: default, -1: none)",
		    ns, (long long)WEIR_MS(1), (long long)WATCHDOG_MAX);
		return WEIR_EINVAL;
	}
	if (ns == 0 && s.text != NULL) {
		s.number = params_digits(s.text, most);
		if (s.number == 0) {
			line_add_setting(&line, m, &s);
			wri_line_add(&line, ", accepted is 1..%d", most);
			return line_refuse(&line);
		}
		ns = WEIR_MS(s.number);
	} else if (ns == 0 && m->out.check == params_check_words[1]) {
		ns = WATCHDOG_CHECK;
	}
	m->out.watchdog = ns == -1 ? 0 : ns;
	return WEIR_OK;
}

static weir_err
params_merge_mem(struct params_merge *m)
{
	const weir_params *in = m->in;
	const int given = (in->malloc_fn != NULL) + (in->calloc_fn != NULL) +
			  (in->free_fn != NULL);

	if (given != 0 && given != 3) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params.malloc_fn, calloc_fn and free_fn are %d of 3 "
		    "functions, accepted is all or none",
		    given);
		return WEIR_EINVAL;
	}
	m->out.malloc_fn = in->malloc_fn;
	m->out.calloc_fn = in->calloc_fn;
	m->out.free_fn = in->free_fn;
	return WEIR_OK;
}

/* Is it ours, and what does it call the variables? */
static weir_err
params_open(struct params_merge *m)
{
	if (m->in->size != sizeof(*m->in)) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params.size is %zu, accepted is %zu", m->in->size,
		    sizeof(*m->in));
		return WEIR_EINVAL;
	}
	m->prefix =
	    m->in->env_prefix != NULL ? m->in->env_prefix : PREFIX_DEFAULT;
	if (strnlen(m->prefix, WRI_PREFIX_MAX + 1) > WRI_PREFIX_MAX) {
		struct wri_line line = {0};

		wri_line_add(&line, "weir_params.env_prefix is ");
		wri_line_add_quoted(&line, m->prefix);
		wri_line_add(
		    &line, ", accepted is up to %d bytes", WRI_PREFIX_MAX);
		return line_refuse(&line);
	}
	return WEIR_OK;
}

static weir_err
params_merge_threads(struct params_merge *m)
{
	const struct params_count *c = params_counts;
	unsigned cpus = wri_cpus(NULL);
	int pollers = wri_cpus_poller_threads(cpus);
	weir_err rv =
	    pair_merge(m, &c[0], wri_cpus_task_threads(cpus), TASK_SPREAD);

	if (rv == WEIR_OK) {
		rv = pair_merge(m, &c[2], 1, WEIR_EXPIRE_THREADS_MAX);
	}
	if (rv == WEIR_OK) {
		rv = pair_merge(m, &c[4], pollers, WEIR_POLLER_THREADS_MAX);
	}
	if (rv == WEIR_OK) {
		rv = count_merge(m, &c[6], RESOLVER_THREADS_DEFAULT);
	}
	return rv;
}

static weir_err
params_merge_words(struct params_merge *m)
{
	const char **const words[] = {
	    &m->out.poller, &m->out.log, &m->out.check};
	static const struct params_choice *const choices[] = {
	    &params_poller, &params_log, &params_check};
	weir_err rv = WEIR_OK;

	m->out.poller = m->in->poller;
	m->out.log = m->in->log;
	m->out.check = m->in->check;
	for (size_t i = 0; i < COUNT_OF(words) && rv == WEIR_OK; i++) {
		rv = choice_merge(words[i], m, choices[i]);
	}
	if (m->out.poller == NULL) {
		m->out.poller = wri_poller_names[0];
	}
	if (m->out.check == NULL) {
		m->out.check = params_check_words[0];
	}
	return rv;
}

weir_err
wri_params_resolve(const weir_params *in, weir_params *out)
{
	static const weir_params nothing = {.size = sizeof(nothing)};
	struct params_merge m = {.in = in != NULL ? in : &nothing};
	weir_err (*const steps[])(struct params_merge *) = {params_open,
	    params_merge_threads, params_merge_words, params_merge_times,
	    params_merge_watchdog, params_merge_mem};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		weir_err rv = steps[i](&m);

		if (rv != WEIR_OK) {
			return rv;
		}
	}
	/* Written only when it changes: who has read it keeps a good text. */
	if (strcmp(params_prefix, m.prefix) != 0) {
		memcpy(params_prefix, m.prefix, strlen(m.prefix) + 1);
	}
	m.out.size = sizeof(m.out);
	m.out.env_prefix = params_prefix;
	*out = m.out;
	return WEIR_OK;
}

weir_err
wri_params_apply(const weir_params *p)
{
	const wri_mem_ops mem = {p->malloc_fn, p->calloc_fn, p->free_fn};

	if (wri_mem_live() != 0 && (mem.calloc_fn != params_mem.calloc_fn ||
				       mem.free_fn != params_mem.free_fn)) {
		wri_log(WEIR_LOG_ERR,
		    "weir_params: the allocator cannot change while %zu bytes "
		    "of the old one are in use by what outlived weir_fini",
		    wri_mem_live());
		return WEIR_EBUSY;
	}
	wri_mem_set(&mem);
	params_mem = mem;
	for (size_t i = 0; p->log != NULL && i < params_log.words_len; i++) {
		if (strcmp(p->log, params_log_words[i]) == 0) {
			wri_log_set_level(params_log_levels[i]);
		}
	}
	return WEIR_OK;
}
