/*
 * kit - what the rules share: a run, its users, its helpers, its verdict.
 *
 * Shape      A rule is a function that plays a scene on the provider.  Its
 *            first failed expectation is the verdict; from then on every
 *            expect_ and every submit does nothing, so that the scene comes to
 *            its end by itself, and the engine clears up.
 * Ownership  users and helpers are the run's; they live until weir_fini has
 *            returned, so that a callback that comes too late is seen.
 * Threads    a rule plays on the caller's thread: it alone expects.  Helpers
 *            do one job at a time, callbacks record.
 */
#ifndef CONFORMANCE_KIT_H
#define CONFORMANCE_KIT_H

#include <weir/conformance.h>

#include <pthread.h>

#define KIT_SEEN_MAX 128
#define KIT_LINE_MAX 400
#define KIT_HELPERS_MAX 4
#define KIT_SHORT WEIR_MS(5)
/* "Nothing happens" is watched for so long. */
#define KIT_QUIET WEIR_MS(20)

struct kit;

struct dice {
	uint64_t state;
};

/* A handle with a callback that keeps what it saw. */
struct user {
	struct kit *kit;
	struct user *next; /* of the run */
	weir_aio *aio;
	/* The rest of the callback, or NULL; may submit again, may free. */
	void (*then)(struct user *u);
	void *arg; /* for then */
	/* Of the callback's own chance: */
	struct dice dice;
	unsigned again; /* resubmits left */

	/* kit->mtx must be held when using these: */
	unsigned calls; /* begun */
	unsigned ended;
	unsigned inside;
	bool overlapped;
	bool on_main; /* one ran on the thread of the run */
	bool gone;    /* the handle is freed, or being freed */

	/* Written by the callback, read when ended has counted it: */
	weir_err result; /* of the last one */
	size_t count;
	weir_time ran_at;
	weir_err results[KIT_SEEN_MAX];
	bool gave_output; /* a result that is not WEIR_OK, with an output */
	bool wrong_msg;   /* a message on the wrong side */
};

/* A thread that does one job at a time. */
struct helper {
	struct kit *kit;
	pthread_t id;
	void (*job)(void *arg); /* kit->mtx; NULL: idle */
	void *arg;
	bool over; /* kit->mtx */
};

struct kit {
	weir_conformance_provider provider;
	const weir_conformance_provider *p; /* that one */
	const weir_conformance_options *o;
	const char *rule;
	uint64_t seed;
	weir_duration limit;
	pthread_t main;
	struct dice dice; /* the rule's own thread */

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	pthread_cond_t watch; /* the watchman's */
	/* mtx must be held when using these: */
	struct user *users;
	struct helper helpers[KIT_HELPERS_MAX];
	unsigned nhelpers;
	char misuse[KIT_LINE_MAX]; /* the first one */
	char log[KIT_LINE_MAX];    /* the first warning */
	uint64_t steps;            /* moves while the run goes on */
	bool over;                 /* for the watchman */

	struct kit *next; /* of those that were left */

	/* The rule's thread only: */
	bool failed;
	bool lost;     /* something never ended: leave all as it is */
	bool warnings; /* are expected */
	char promised[KIT_LINE_MAX];
	char seen[KIT_LINE_MAX];
};

/* A row of the table of rules. */
struct rule {
	const char *name;
	const char *text;
	void (*play)(struct kit *k);
	unsigned needs; /* KIT_... */
};
/* What a rule needs of a provider; without it, it is not tried. */
#define KIT_ASK 1u  /* a cancel hook */
#define KIT_END 2u  /* end */
#define KIT_DEAF 4u /* no cancel hook */

extern const struct rule wri_kit_rules[];
extern const size_t wri_kit_rules_len;

/* --- user.c ------------------------------------------------------------ */

/* A handle with a callback; then and arg may be NULL.  NULL when the rule has
 * failed. */
struct user *wri_kit_user(
    struct kit *k, void (*then)(struct user *), void *arg);
/* One without. */
struct user *wri_kit_waiter(struct kit *k);
/* Stop and free the handle, unless it is gone; NULL allowed. */
void wri_kit_done(struct user *u);
/* The handle is freed, or about to be, by the rule. */
void wri_kit_gone(struct user *u);
/* After wait on a wait-only handle: give back what WEIR_OK has given. */
void wri_kit_collect(struct user *u);

/* Of the provider.  raw: also when the rule has failed; from callbacks and
 * helpers. */
void wri_kit_submit(struct user *u);
void wri_kit_soon(struct user *u);
void wri_kit_end(struct kit *k);
void wri_kit_raw_submit(struct kit *k, weir_aio *aio);
void wri_kit_raw_soon(struct kit *k, weir_aio *aio);

/* n callbacks have returned, no more have begun. */
void wri_kit_expect_calls(struct user *u, unsigned n);
/* And the last result is this. */
void wri_kit_expect_end(struct user *u, unsigned n, weir_err result);
/* At least n callbacks. */
void wri_kit_expect_some(struct user *u, unsigned n);
/* Nothing more than n callbacks for a while. */
void wri_kit_expect_quiet(struct user *u, unsigned n);
/* The handle becomes idle. */
void wri_kit_expect_idle(struct user *u);
/* Cancel, or abort with why, meets this. */
void wri_kit_expect_cancel(struct user *u, weir_cancel want);
void wri_kit_expect_abort(struct user *u, weir_err why, weir_cancel want);
/* Stop ends the handle. */
void wri_kit_expect_stop(struct user *u);
void wri_kit_timeout(struct user *u, weir_duration timeout);
void wri_kit_expire(struct user *u, weir_time at);
unsigned wri_kit_calls(struct user *u);

/* --- kit.c ------------------------------------------------------------- */

/* The verdict, if it is the first; both are texts of printf. */
void wri_kit_fail(struct kit *k, const char *promised, const char *seen, ...)
    WEIR_PRINTF(3, 4);
void wri_kit_expect(
    struct kit *k, bool kept, const char *promised, const char *seen);
void wri_kit_expect_code(
    struct kit *k, const char *what, weir_err got, weir_err want);
void wri_kit_expect_size(
    struct kit *k, const char *what, size_t got, size_t want);
/* What never ended: no more rules after this one. */
void wri_kit_lose(struct kit *k, const char *promised, const char *seen);

/* Wait under mtx until *word >= n; false: the limit has passed. */
bool wri_kit_await(
    struct kit *k, const unsigned *word, unsigned n, weir_duration limit);

/* Rounds of a rule: fewer where submitting is slow. */
int wri_kit_rounds(struct kit *k, int many);

/* Handles that there are, whoever made them. */
uint64_t wri_kit_handles(void);

/* Let another thread do a job; NULL: no thread can be made, the rule fails. */
struct helper *wri_kit_helper(struct kit *k);
void wri_kit_begin(struct helper *h, void (*job)(void *arg), void *arg);
/* It has done it. */
void wri_kit_join(struct helper *h);

/* Chance of one thread. */
void wri_kit_dice(struct kit *k, struct dice *d, uint64_t salt);
uint32_t wri_kit_roll(struct dice *d, uint32_t n);
/* Let some time pass, little and uneven. */
void wri_kit_spin(struct dice *d, uint32_t most);

/* --- The rules, in rules_*.c ------------------------------------------- */

#define KIT_RULES_END(X)                                                       \
	X(ends_with_one_callback)                                              \
	X(end_ends_what_was_pending)                                           \
	X(cancel_ends_with_ecanceled)                                          \
	X(abort_ends_with_its_code)                                            \
	X(idle_cancel_leaves_no_trace)                                         \
	X(timeout_ends_and_is_never_early)                                     \
	X(timeout_zero_ends_what_would_wait)                                   \
	X(expiration_bounds_one_operation)                                     \
	X(expiration_is_forgotten)                                             \
	X(expiration_in_the_past_is_timeout_zero)                              \
	X(expiration_replaces_the_timeout)                                     \
	X(timeout_never_reaches_the_next)                                      \
	X(wait_only_handle)                                                    \
	X(callback_may_submit_again)                                           \
	X(callback_may_submit_what_times_out)                                  \
	X(cancel_in_the_callback_is_too_late)                                  \
	X(skip_callback_says_the_truth)                                        \
	X(many_handles_each_end_once)                                          \
	X(deaf_only_end_ends)
#define KIT_RULES_STOP(X)                                                      \
	X(stop_ends_with_estopped)                                             \
	X(fresh_handle_stopped)                                                \
	X(close_ends_without_waiting)                                          \
	X(stop_does_not_wait_for_the_timeout)                                  \
	X(free_runs_the_callback_first)                                        \
	X(reap_frees_after_the_callback)                                       \
	X(reap_of_an_idle_handle)                                              \
	X(stop_in_the_own_callback)                                            \
	X(callback_may_free)                                                   \
	X(callback_may_submit_and_free)                                        \
	X(stop_wins_against_resubmits)                                         \
	X(fini_ends_what_is_pending)
#define KIT_RULES_RACE(X)                                                      \
	X(abort_right_after_submit)                                            \
	X(abort_reaches_one_operation)                                         \
	X(finish_cancel_timeout_at_once)                                       \
	X(stop_from_many_threads)                                              \
	X(free_or_reap_while_it_completes)                                     \
	X(any_order)                                                           \
	X(fini_beside_it)
#define KIT_DECLARE(rule) void wri_kit_##rule(struct kit *k);
KIT_RULES_END(KIT_DECLARE)
KIT_RULES_STOP(KIT_DECLARE)
KIT_RULES_RACE(KIT_DECLARE)

#endif
