/*
 * main - options, the loop over tests, modes, strategies and seeds.
 *
 * Purpose    one program per test file: x_tests is its table.
 * Rules      the i-th schedule of a test has seed S + i and strategy i mod 3.
 *            Each test runs in both modes, plain and with store buffers.  The
 *            address layout is fixed (personality), so that code which hashes
 *            addresses repeats as well.
 * Bounds     --schedules per test and mode; with --seconds at least as many,
 *            then on until the test's share of the time is over.
 */
#include "explorer/world.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct {
	uint64_t schedules, seed;
	double seconds; /* share of one test and mode; 0: not limited */
	const char *test;
	int strategy; /* -1: all but exhaust */
	unsigned len, bound;
	uint64_t skip;
	bool sb_only, plain_only, expect_fail, list;
} opt = {.schedules = 2000, .seed = 1, .strategy = -1, .len = 64, .bound = 2};

/* What one test has cost and found so far. */
struct tally {
	uint64_t schedules, steps;
	double seconds; /* of the CPU: others may be at work as well */
	unsigned len;   /* PCT: mean length */
	bool failed, exhausted;
};

/* ---- words that the bodies reached ------------------------------------- */

static struct {
	const char *word;
	uint64_t times;
} reached[32];

void
wrx_reach(const char *word)
{
	for (unsigned i = 0; i < 32; i++) {
		if (reached[i].word == NULL) {
			reached[i].word = word;
		}
		if (reached[i].word == word ||
		    strcmp(reached[i].word, word) == 0) {
			reached[i].times++;
			return;
		}
	}
	wrx_fail("limit", "more than 32 words in X_REACH");
}

static uint64_t
times_reached(const char *word, size_t len)
{
	for (unsigned i = 0; i < 32 && reached[i].word != NULL; i++) {
		if (strlen(reached[i].word) == len &&
		    memcmp(reached[i].word, word, len) == 0) {
			return reached[i].times;
		}
	}
	return 0;
}

/* All words of the test were said; prints how often. */
static bool
check_reach(const struct x_test *t)
{
	bool all = true;

	for (const char *w = t->reach; w != NULL && *w != '\0';) {
		size_t len = strcspn(w, " ");
		uint64_t n = times_reached(w, len);

		if (len > 0) {
			printf("      reached %.*s: %" PRIu64 "\n", (int)len, w,
			    n);
			all = all && n > 0;
		}
		w += len;
		w += strspn(w, " ");
	}
	return all;
}

/* ---- crashes ----------------------------------------------------------- */

static void
on_crash(int sig)
{
	if (!wrx.running) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
		return;
	}
	wrx_fail("crash", "signal %d (%s)", sig, strsignal(sig));
}

/* Every 5 s: has anything happened since the last time? */
static void
on_tick(int sig)
{
	static uint32_t epoch;
	static unsigned steps;

	(void)sig;
	if (wrx.running && !wrx.trace && wrx.epoch == epoch &&
	    wrx.steps == steps) {
		wrx_fail("crash", "no step for 5 s: a loop without operations, "
				  "or a call that blocks");
	}
	epoch = wrx.epoch;
	steps = wrx.steps;
}

static void catch (int sig, void (*fn)(int))
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = fn;
	sa.sa_flags = SA_ONSTACK | SA_NODEFER | SA_RESTART;
	(void)sigaction(sig, &sa, NULL);
}

/* A sanitizer has found something and is about to exit. */
static void
on_death(void)
{
	if (wrx.running) {
		wrx_report();
		if (opt.expect_fail) {
			printf("0 passed, 1 failed\n");
			(void)fflush(stdout);
			_exit(0);
		}
	}
}

static void
catch_crashes(void)
{
	static char stack[64 * 1024];
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
	struct itimerval tick = {{5, 0}, {5, 0}};

	/* Sanitizers hold signals back, or take them. */
	if (!wrx_ctx_on_death(on_death)) {
		(void)sigaltstack(&alt, NULL);
		catch (SIGSEGV, on_crash);
		catch (SIGBUS, on_crash);
		catch (SIGFPE, on_crash);
		catch (SIGILL, on_crash);
		catch (SIGABRT, on_crash);
		catch (SIGALRM, on_tick);
		(void)setitimer(ITIMER_REAL, &tick, NULL);
	}
}

/* ---- the loop ---------------------------------------------------------- */

static double
seconds_of(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool
goes_on(uint64_t i, double start)
{
	if (i < opt.schedules) {
		return true;
	}
	if (opt.seconds <= 0) {
		return false;
	}
	return (i & 63) != 0 ||
	       seconds_of(CLOCK_MONOTONIC) - start < opt.seconds;
}

static struct wrx_plan
plan_of(const struct x_test *t, bool sb, uint64_t i, unsigned len)
{
	int strategy = opt.strategy >= 0 ? opt.strategy : (int)(i % 3);
	struct wrx_plan plan = {
	    .test = t,
	    .seed = opt.seed + i,
	    .strategy = (enum wrx_strategy)strategy,
	    .sb = sb,
	    .len = len,
	    .bound = opt.bound,
	};

	if (plan.strategy == WRX_EXHAUST) { /* the path makes the difference */
		plan.seed = opt.seed;
		plan.skip = i;
	}
	return plan;
}

/* One test in one mode; stops at the first failure. */
static void
explore(const struct x_test *t, bool sb, struct tally *sum)
{
	double start = seconds_of(CLOCK_MONOTONIC);
	double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	bool trace = wrx.trace;

	wrx_exhaust_reset();
	for (uint64_t i = 0; goes_on(i, start) && !sum->failed; i++) {
		struct wrx_plan plan = plan_of(t, sb, i, sum->len);

		wrx.trace = trace && i >= opt.skip;
		sum->failed = !wrx_run(&plan);
		sum->schedules++;
		sum->steps += wrx.steps;
		sum->len = (7 * sum->len + wrx.steps + 7) / 8;
		if (plan.strategy == WRX_EXHAUST && !wrx_exhaust_next()) {
			sum->exhausted = true;
			break;
		}
	}
	wrx.trace = trace;
	sum->seconds += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static bool
runs_in(const struct x_test *t, bool sb)
{
	if (X_TSAN && (t->options & X_UNJUDGED) != 0) {
		return false;
	}
	if (sb) {
		return (t->options & X_PLAIN) == 0 && !opt.plain_only &&
		       opt.strategy != WRX_EXHAUST;
	}
	return (t->options & X_SB) == 0 && !opt.sb_only;
}

static void
print_line(const struct x_test *t, const struct tally *sum)
{
	printf("%-5s %-24s [%s] %" PRIu64 " schedules, %" PRIu64 " steps",
	    sum->failed && t->expect == NULL ? "FAIL" : "ok", t->name,
	    t->promise != NULL ? t->promise : "", sum->schedules, sum->steps);
	if (!wrx.trace && sum->seconds > 0) { /* traces are compared */
		printf(", %.0f/s, %.1f M steps/s",
		    (double)sum->schedules / sum->seconds,
		    (double)sum->steps / sum->seconds * 1e-6);
	}
	if (sum->exhausted) {
		printf(", exhausted");
	}
	if (t->expect != NULL && sum->failed) {
		printf(", found (%s) in %s%s, seed %" PRIu64, wrx.fail_kind,
		    wrx_strategy_names[wrx.plan.strategy],
		    wrx.plan.sb ? " with store buffers" : "", wrx.plan.seed);
	}
	printf("\n");
	(void)fflush(stdout);
}

/* What a test with a planted bug has to end with. */
static bool
judge_planted(const struct x_test *t, const struct tally *sum)
{
	if (!sum->failed) {
		printf("FAIL  %s  the planted bug (%s) was not found\n",
		    t->name, t->expect);
		return false;
	}
	/* ThreadSanitizer may see it before it does harm. */
	if (strcmp(t->expect, wrx.fail_kind) != 0 &&
	    strcmp("race", wrx.fail_kind) != 0) {
		wrx_report();
		printf("      expected: %s\n", t->expect);
		return false;
	}
	return true;
}

static bool
run_test(const struct x_test *t)
{
	struct tally sum = {.len = opt.len};

	memset(reached, 0, sizeof reached);
	for (int sb = 0; sb < 2 && !sum.failed; sb++) {
		if (runs_in(t, sb != 0)) {
			explore(t, sb != 0, &sum);
		}
	}
	if (sum.schedules == 0) {
		return true; /* not in this mode */
	}
	if (t->expect != NULL && !opt.expect_fail) {
		if (!judge_planted(t, &sum)) {
			return false;
		}
	} else if (sum.failed) {
		wrx_report();
		return false;
	}
	print_line(t, &sum);
	if (!check_reach(t) && !wrx.trace && opt.schedules >= 1000) {
		printf("FAIL  %s  reach: a word was never said\n", t->name);
		return false;
	}
	return true;
}

/* ---- options ----------------------------------------------------------- */

static _Noreturn void
usage(void)
{
	fprintf(stderr,
	    "usage: %s [--list] [--test NAME] [--schedules N] [--seconds S]\n"
	    "  [--seed N] [--strategy random|sticky|pct|exhaust] [--bound N]\n"
	    "  [--sb | --plain] [--expect-fail] [--trace [--len N] "
	    "[--skip N]]\n",
	    wrx_program);
	exit(2);
}

static int
strategy_of(const char *name)
{
	for (int i = 0; i < WRX_STRATEGIES; i++) {
		if (strcmp(name, wrx_strategy_names[i]) == 0) {
			return i;
		}
	}
	usage();
}

static bool
take_flag(const char *name)
{
	if (strcmp(name, "--sb") == 0) {
		opt.sb_only = true;
	} else if (strcmp(name, "--plain") == 0) {
		opt.plain_only = true;
	} else if (strcmp(name, "--trace") == 0) {
		wrx.trace = true;
	} else if (strcmp(name, "--expect-fail") == 0) {
		opt.expect_fail = true;
	} else if (strcmp(name, "--list") == 0) {
		opt.list = true;
	} else {
		return false;
	}
	return true;
}

static void
take_value(const char *name, const char *value)
{
	if (strcmp(name, "--test") == 0) {
		opt.test = value;
	} else if (strcmp(name, "--schedules") == 0) {
		opt.schedules = strtoull(value, NULL, 0);
	} else if (strcmp(name, "--seed") == 0) {
		opt.seed = strtoull(value, NULL, 0);
	} else if (strcmp(name, "--seconds") == 0) {
		opt.seconds = strtod(value, NULL);
	} else if (strcmp(name, "--len") == 0) {
		opt.len = (unsigned)strtoul(value, NULL, 0);
	} else if (strcmp(name, "--bound") == 0) {
		opt.bound = (unsigned)strtoul(value, NULL, 0);
	} else if (strcmp(name, "--skip") == 0) {
		opt.skip = strtoull(value, NULL, 0);
	} else if (strcmp(name, "--strategy") == 0) {
		opt.strategy = strategy_of(value);
	} else {
		usage();
	}
}

static bool
chosen(const struct x_test *t)
{
	return opt.test == NULL || strcmp(opt.test, t->name) == 0;
}

static void
take_options(int argc, char **argv)
{
	unsigned runs = 0;

	for (int i = 1; i < argc; i++) {
		if (take_flag(argv[i])) {
			continue;
		}
		if (i + 1 == argc) {
			usage();
		}
		take_value(argv[i], argv[i + 1]);
		i++;
	}
	for (const struct x_test *t = x_tests; t->name != NULL; t++) {
		runs += chosen(t) ? (unsigned)runs_in(t, false) +
					(unsigned)runs_in(t, true)
				  : 0;
	}
	if (runs == 0) {
		fprintf(stderr, "%s: no such test or mode\n", wrx_program);
		exit(2);
	}
	opt.seconds /= runs;
	if (wrx.trace) { /* one schedule, in the mode asked for */
		opt.schedules = opt.skip + 1;
		opt.plain_only = !opt.sb_only;
		opt.strategy = opt.strategy < 0 ? 0 : opt.strategy;
	}
}

/* The same addresses in each run: start again without randomisation. */
static void
fix_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now >= 0 && (now & ADDR_NO_RANDOMIZE) == 0 &&
	    personality((unsigned long)now | ADDR_NO_RANDOMIZE) >= 0) {
		(void)execv("/proc/self/exe", argv);
	}
}

int
main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	wrx_program = argv[0];
	fix_addresses(argv);
	take_options(argc, argv);
	wrx_ctx_init();
	catch_crashes();
	for (const struct x_test *t = x_tests; t->name != NULL; t++) {
		if (!chosen(t)) {
			continue;
		}
		if (opt.list) {
			printf("%s [%s]\n", t->name,
			    t->promise != NULL ? t->promise : "");
		} else if (run_test(t)) {
			passed++;
		} else {
			failed++;
			break; /* the rest waits until this is understood */
		}
	}
	if (!opt.list) {
		printf("%u passed, %u failed\n", passed, failed);
	}
	return (failed > 0) != opt.expect_fail ? 1 : 0;
}
