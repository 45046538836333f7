/*
 * kit - a run: rules one after the other, each with weir and the provider
 * brought up before it and down after it.
 *
 * Ownership  the run is on the heap: where something never ended it is left
 *            there, because a late callback would look at it.
 * Pairs      mtx guards what threads share; see kit.h.
 * Bounds     KIT_HELPERS_MAX threads and the watchman.
 */
#include "kit.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Runs in which something never ended: it may refer to them. */
static struct kit *kit_left;

#define LIMIT_DEFAULT WEIR_SECONDS(20)

/* --- The verdict ------------------------------------------------------- */

void
wri_kit_fail(struct kit *k, const char *promised, const char *seen, ...)
{
	va_list ap;

	if (k->failed) {
		return;
	}
	k->failed = true;
	(void)snprintf(k->promised, sizeof(k->promised), "%s", promised);
	va_start(ap, seen);
	(void)vsnprintf(k->seen, sizeof(k->seen), seen, ap);
	va_end(ap);
}

void
wri_kit_expect(struct kit *k, bool kept, const char *promised, const char *seen)
{
	if (!kept) {
		wri_kit_fail(k, promised, "%s", seen);
	}
}

void
wri_kit_expect_code(
    struct kit *k, const char *what, weir_err got, weir_err want)
{
	char text[KIT_LINE_MAX];

	if (got != want) {
		(void)snprintf(text, sizeof(text), "%s %d (%s)", what,
		    (int)want, weir_strerror(want));
		wri_kit_fail(k, text, "%d (%s)", (int)got, weir_strerror(got));
	}
}

void
wri_kit_expect_size(struct kit *k, const char *what, size_t got, size_t want)
{
	char text[KIT_LINE_MAX];

	if (got != want) {
		(void)snprintf(text, sizeof(text), "%s %zu", what, want);
		wri_kit_fail(k, text, "%zu", got);
	}
}

void
wri_kit_lose(struct kit *k, const char *promised, const char *seen)
{
	wri_kit_fail(k, promised, "%s", seen);
	k->lost = true;
}

/* --- Waiting ----------------------------------------------------------- */

/* The clock of the kit's own waits: a defect of weir's hides no defect. */
static struct timespec
kit_clock_after(weir_duration d)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(d / 1000000000);
	at.tv_nsec += (long)(d % 1000000000);
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

bool
wri_kit_await(
    struct kit *k, const unsigned *word, unsigned n, weir_duration limit)
{
	const struct timespec until = kit_clock_after(limit);
	bool reached;
	int eno = 0;

	(void)pthread_mutex_lock(&k->mtx);
	while (*word < n && eno == 0) {
		eno = pthread_cond_clockwait(
		    &k->cond, &k->mtx, CLOCK_MONOTONIC, &until);
	}
	reached = *word >= n;
	(void)pthread_mutex_unlock(&k->mtx);
	return reached;
}

int
wri_kit_rounds(struct kit *k, int many)
{
	const unsigned percent = k->o->percent == 0 ? 100 : k->o->percent;

	if ((k->p->flags & WEIR_CONFORMANCE_SLOW) != 0) {
		many = many / 10 + 1;
	}
	many = (int)((int64_t)many * (int)percent / 100);
	return many < 1 ? 1 : many;
}

/* --- Helpers ----------------------------------------------------------- */

static void *
helper_main(void *arg)
{
	struct helper *h = arg;
	struct kit *k = h->kit;

	(void)pthread_mutex_lock(&k->mtx);
	for (;;) {
		while (h->job == NULL && !h->over) {
			(void)pthread_cond_wait(&k->cond, &k->mtx);
		}
		if (h->job == NULL) {
			break;
		}
		(void)pthread_mutex_unlock(&k->mtx);
		h->job(h->arg);
		(void)pthread_mutex_lock(&k->mtx);
		h->job = NULL;
		(void)pthread_cond_broadcast(&k->cond);
	}
	(void)pthread_mutex_unlock(&k->mtx);
	return NULL;
}

struct helper *
wri_kit_helper(struct kit *k)
{
	struct helper *h = &k->helpers[k->nhelpers];

	if (k->failed || k->nhelpers == KIT_HELPERS_MAX) {
		return NULL;
	}
	*h = (struct helper){.kit = k};
	if (pthread_create(&h->id, NULL, helper_main, h) != 0) {
		wri_kit_fail(k, "threads for the run", "none");
		return NULL;
	}
	k->nhelpers++;
	return h;
}

void
wri_kit_begin(struct helper *h, void (*job)(void *arg), void *arg)
{
	if (h != NULL) {
		(void)pthread_mutex_lock(&h->kit->mtx);
		h->arg = arg;
		h->job = job;
		h->kit->steps++;
		(void)pthread_cond_broadcast(&h->kit->cond);
		(void)pthread_mutex_unlock(&h->kit->mtx);
	}
}

void
wri_kit_join(struct helper *h)
{
	struct timespec until;
	bool done;
	int eno = 0;

	if (h == NULL) {
		return;
	}
	until = kit_clock_after(h->kit->limit);
	(void)pthread_mutex_lock(&h->kit->mtx);
	while (h->job != NULL && eno == 0) {
		eno = pthread_cond_clockwait(
		    &h->kit->cond, &h->kit->mtx, CLOCK_MONOTONIC, &until);
	}
	done = h->job == NULL;
	h->kit->steps++;
	(void)pthread_mutex_unlock(&h->kit->mtx);
	if (!done) {
		wri_kit_lose(
		    h->kit, "stop and free to return", "a call that does not");
	}
}

static void
helpers_end(struct kit *k)
{
	for (unsigned i = 0; i < k->nhelpers && !k->lost; i++) {
		wri_kit_join(&k->helpers[i]);
	}
	if (k->lost) {
		return; /* one may never come back */
	}
	(void)pthread_mutex_lock(&k->mtx);
	for (unsigned i = 0; i < k->nhelpers; i++) {
		k->helpers[i].over = true;
	}
	(void)pthread_cond_broadcast(&k->cond);
	(void)pthread_mutex_unlock(&k->mtx);
	for (unsigned i = 0; i < k->nhelpers; i++) {
		(void)pthread_join(k->helpers[i].id, NULL);
	}
	k->nhelpers = 0;
}

/* --- Chance ------------------------------------------------------------ */

void
wri_kit_dice(struct kit *k, struct dice *d, uint64_t salt)
{
	d->state = k->seed ^ (salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
	if (d->state == 0) {
		d->state = 1;
	}
}

uint32_t
wri_kit_roll(struct dice *d, uint32_t n)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)((d->state >> 24) % n);
}

void
wri_kit_spin(struct dice *d, uint32_t most)
{
	for (uint32_t n = wri_kit_roll(d, most + 1); n > 0; n--) {
		(void)wri_kit_roll(d, 2);
	}
}

/* --- The process ------------------------------------------------------- */

static void
kit_text(struct kit *k, const char *line)
{
	if (k->o->text != NULL) {
		k->o->text(k->o->text_arg, line);
	} else {
		(void)fprintf(stderr, "%s\n", line);
	}
}

static void
kit_on_log(void *arg, weir_log_level level, const char *line)
{
	struct kit *k = arg;

	(void)level;
	(void)pthread_mutex_lock(&k->mtx);
	if (k->log[0] == '\0') {
		(void)snprintf(k->log, sizeof(k->log), "%s", line);
	}
	(void)pthread_mutex_unlock(&k->mtx);
}

static void
kit_on_misuse(void *arg, const weir_misuse *m)
{
	struct kit *k = arg;

	(void)pthread_mutex_lock(&k->mtx);
	if (k->misuse[0] == '\0') {
		(void)snprintf(k->misuse, sizeof(k->misuse),
		    "%s: %s (the handle is %s)", m->call, m->what, m->state);
	}
	(void)pthread_mutex_unlock(&k->mtx);
}

/* Names the rule in which a call does not return, and ends the process. */
static void *
watchman_main(void *arg)
{
	struct kit *k = arg;
	uint64_t seen = 0;
	unsigned still = 0;

	(void)pthread_mutex_lock(&k->mtx);
	while (!k->over) {
		const struct timespec until = kit_clock_after(k->limit);
		int eno = 0;

		while (!k->over && eno == 0) {
			eno = pthread_cond_clockwait(
			    &k->watch, &k->mtx, CLOCK_MONOTONIC, &until);
		}
		still = k->steps != seen ? 0 : still + 1;
		seen = k->steps;
		if (!k->over && still >= 3) {
			char line[KIT_LINE_MAX];

			(void)snprintf(line, sizeof(line),
			    "%s: %s broken: promised calls that return, seen "
			    "one that does not (seed %llu)",
			    k->p->name, k->rule, (unsigned long long)k->seed);
			kit_text(k, line);
			abort();
		}
	}
	(void)pthread_mutex_unlock(&k->mtx);
	return NULL;
}

/* Descriptors of the process. */
static size_t
kit_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	if (dir == NULL) {
		return 0;
	}
	while (readdir(dir) != NULL) {
		n++;
	}
	(void)closedir(dir);
	return n;
}

/* --- One rule ---------------------------------------------------------- */

static weir_err
kit_weir_init(struct kit *k)
{
	weir_params params = {.size = sizeof(params)};

	if (k->o->params != NULL) {
		params = *k->o->params;
	}
	params.fini_limit = k->limit;
	return weir_init(&params);
}

/* Handles that there are; some may be of an earlier life of the library. */
uint64_t
wri_kit_handles(void)
{
	weir_stats s = {.size = sizeof(s)};

	(void)weir_get_stats(&s);
	return s.aios;
}

/* With the provider torn down: nothing of it is left. */
static void
kit_expect_stats(struct kit *k, uint64_t handles)
{
	const weir_time until = weir_time_after(weir_now(), k->limit);
	const struct timespec ms = {0, 1000000};
	weir_stats s = {.size = sizeof(s)};

	/* What is reaped goes when it can: there is nothing to wait for. */
	while (weir_get_stats(&s) == WEIR_OK &&
	       (s.aios != handles || s.submitted != s.completed) &&
	       weir_now() < until) {
		(void)nanosleep(&ms, NULL);
	}
	if (s.submitted != s.completed) {
		wri_kit_fail(k, "every accepted operation to end",
		    "%llu accepted, %llu ended",
		    (unsigned long long)s.submitted,
		    (unsigned long long)s.completed);
	}
	wri_kit_expect_size(
	    k, "handles left after teardown:", (size_t)(s.aios - handles), 0);
	if ((k->p->flags & WEIR_CONFORMANCE_LATE) == 0) {
		wri_kit_expect_size(k,
		    "finishes of what was not owed:", (size_t)s.late_finishes,
		    0);
	}
}

/* After weir_fini, when no callback can run any more. */
static void
users_judge(struct kit *k)
{
	for (struct user *u = k->users; u != NULL; u = u->next) {
		wri_kit_expect(k, u->calls == u->ended,
		    "no callback after stop", "one that runs still");
		wri_kit_expect(k, !u->overlapped,
		    "callbacks of a handle one by one", "two at once");
		wri_kit_expect(k, !u->on_main, "a callback on a thread of weir",
		    "one on the thread that submitted");
		wri_kit_expect(k, !u->gave_output,
		    "no output with a result other than ok", "one");
		wri_kit_expect(k, !u->wrong_msg,
		    "the message where the result says (weir_aio_set_msg)",
		    "it elsewhere");
	}
}

/* What the hooks saw while the rule was played. */
static void
kit_judge(struct kit *k)
{
	if (k->misuse[0] != '\0' && k->failed) {
		size_t len = strlen(k->seen);

		(void)snprintf(k->seen + len, sizeof(k->seen) - len,
		    "; and misuse: %s", k->misuse);
	} else if (k->misuse[0] != '\0') {
		wri_kit_fail(k, "no misuse", "%s", k->misuse);
	}
	if (k->log[0] != '\0' && k->o->log_fails && !k->warnings) {
		wri_kit_fail(k, "no warning in the log", "%s", k->log);
	}
}

/* Play it, clear up.  WEIR_OK: there is a verdict. */
static weir_err
kit_play(struct kit *k, const struct rule *rule)
{
	const weir_conformance_provider *p = k->p;
	const size_t fds = kit_fds();
	weir_err err = kit_weir_init(k);
	uint64_t handles;

	if (err != WEIR_OK) {
		return err;
	}
	handles = wri_kit_handles();
	if (p->setup != NULL && !p->setup(p->arg)) {
		wri_kit_fail(k, "setup to work", "it fail");
		(void)weir_fini();
		return WEIR_OK;
	}
	rule->play(k);
	helpers_end(k);
	for (struct user *u = k->users; u != NULL; u = u->next) {
		wri_kit_done(u);
	}
	helpers_end(k);
	if (k->lost) {
		(void)weir_fini();
		kit_judge(k);
		return WEIR_OK;
	}
	if (p->teardown != NULL) {
		p->teardown(p->arg);
	}
	kit_expect_stats(k, handles);
	wri_kit_expect_code(k, "weir_fini", weir_fini(), WEIR_OK);
	users_judge(k);
	kit_judge(k);
	wri_kit_expect_size(k, "descriptors:", kit_fds(), fds);
	return WEIR_OK;
}

/* For the next rule.  What was lost stays. */
static void
kit_clear(struct kit *k)
{
	while (k->users != NULL) {
		struct user *u = k->users;

		k->users = u->next;
		free(u);
	}
	k->failed = k->warnings = false;
	k->misuse[0] = k->log[0] = '\0';
}

static weir_err
kit_rule(struct kit *k, const struct rule *rule)
{
	char line[4 * KIT_LINE_MAX];
	weir_err err;

	k->rule = rule->name;
	wri_kit_dice(k, &k->dice, 0);
	err = kit_play(k, rule);
	if (err != WEIR_OK) {
		return err;
	}
	if (k->failed) {
		(void)snprintf(line, sizeof(line),
		    "%s: %s broken: promised %s, seen %s (seed %llu)%s%s",
		    k->p->name, rule->name, k->promised, k->seen,
		    (unsigned long long)k->seed,
		    k->log[0] != '\0' ? "; logged: " : "", k->log);
		kit_text(k, line);
	} else if (k->o->verbose) {
		(void)snprintf(
		    line, sizeof(line), "%s: %s kept", k->p->name, rule->name);
		kit_text(k, line);
	}
	return k->failed ? WEIR_EPROTO : WEIR_OK;
}

/* --- The run ----------------------------------------------------------- */

static bool
rule_fits(const struct rule *rule, const weir_conformance_provider *p)
{
	const unsigned has =
	    ((p->flags & WEIR_CONFORMANCE_DEAF) != 0 ? KIT_DEAF : KIT_ASK) |
	    (p->end != NULL ? KIT_END : 0);

	return (rule->needs & ~has) == 0;
}

static weir_err
kit_rules(struct kit *k)
{
	char line[KIT_LINE_MAX];
	unsigned kept = 0, broken = 0, skipped = 0, left = 0;

	for (size_t i = 0; i < wri_kit_rules_len; i++) {
		const struct rule *rule = &wri_kit_rules[i];
		weir_err err;

		if (k->o->rule != NULL && strcmp(k->o->rule, rule->name) != 0) {
			continue;
		}
		if (!rule_fits(rule, k->p)) {
			skipped++;
			continue;
		}
		if (k->lost) {
			left++;
			continue;
		}
		err = kit_rule(k, rule);
		if (err != WEIR_OK && err != WEIR_EPROTO) {
			return err;
		}
		kept += err == WEIR_OK;
		broken += err != WEIR_OK;
		if (!k->lost) {
			kit_clear(k);
		}
	}
	if (broken > 0 || k->o->verbose) {
		(void)snprintf(line, sizeof(line),
		    "%s: %u rules kept, %u broken, %u do not apply, %u not "
		    "tried (seed %llu)",
		    k->p->name, kept, broken, skipped, left,
		    (unsigned long long)k->seed);
		kit_text(k, line);
	}
	return broken > 0 ? WEIR_EPROTO : WEIR_OK;
}

static uint64_t
seed_of_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec) | 1;
}

static weir_err
run_check(const weir_conformance_provider *p, const weir_conformance_options *o)
{
	weir_params running = {.size = sizeof(running)};
	bool known = o->rule == NULL;

	if (p == NULL || p->size != sizeof(*p) || o->size != sizeof(*o) ||
	    p->name == NULL || p->submit == NULL || o->limit < 0 ||
	    (p->end == NULL && (p->submit_soon == NULL ||
				   (p->flags & WEIR_CONFORMANCE_DEAF) != 0))) {
		return WEIR_EINVAL;
	}
	for (size_t i = 0; i < wri_kit_rules_len && !known; i++) {
		known = strcmp(o->rule, wri_kit_rules[i].name) == 0;
	}
	if (!known) {
		return WEIR_ENOENT;
	}
	return weir_get_params(&running) == WEIR_ESTATE ? WEIR_OK : WEIR_ESTATE;
}

weir_err
weir_conformance_run(
    const weir_conformance_provider *p, const weir_conformance_options *o)
{
	static const weir_conformance_options defaults = {
	    .size = sizeof(defaults)};
	pthread_t watchman;
	struct kit *k;
	weir_err err;

	o = o != NULL ? o : &defaults;
	err = run_check(p, o);
	if (err != WEIR_OK) {
		return err;
	}
	k = calloc(1, sizeof(*k));
	if (k == NULL) {
		return WEIR_ENOMEM;
	}
	/* A copy: a late callback would look at it. */
	k->provider = *p;
	k->p = &k->provider;
	k->o = o;
	k->seed = o->seed != 0 ? o->seed : seed_of_clock();
	k->limit = o->limit != 0 ? o->limit : LIMIT_DEFAULT;
	k->main = pthread_self();
	(void)pthread_mutex_init(&k->mtx, NULL);
	(void)pthread_cond_init(&k->cond, NULL);
	(void)pthread_cond_init(&k->watch, NULL);
	if (pthread_create(&watchman, NULL, watchman_main, k) != 0) {
		free(k);
		return WEIR_ENOMEM;
	}
	weir_log_set(kit_on_log, k, WEIR_LOG_WARN);
	weir_misuse_set(kit_on_misuse, k);
	err = kit_rules(k);
	weir_misuse_set(NULL, NULL);
	weir_log_set(NULL, NULL, WEIR_LOG_NONE);

	(void)pthread_mutex_lock(&k->mtx);
	k->over = true;
	(void)pthread_cond_signal(&k->watch);
	(void)pthread_mutex_unlock(&k->mtx);
	(void)pthread_join(watchman, NULL);
	if (!k->lost) {
		(void)pthread_cond_destroy(&k->watch);
		(void)pthread_mutex_destroy(&k->mtx);
		(void)pthread_cond_destroy(&k->cond);
		free(k);
	} else {
		k->next = kit_left;
		kit_left = k;
	}
	return err;
}
