/*
 * conformance - does a provider keep the contract of <weir/provider.h>?
 *
 * Purpose    a program describes its provider in a struct; weir_conformance_run
 *            drives it through every order of submit, finish, cancel, abort,
 *            timeout, stop, close, wait, free and reap, also from callbacks,
 *            from several threads at once and with weir_fini beside it, and
 *            says which rules it does not keep.  weir's own services are tested
 *            by the same code.
 * Shape      a library of its own, weir-conformance; needs no test framework.
 * Ownership  a run starts and stops weir once for each rule, and has the log
 *            and the misuse hook of the process until it returns.
 * Bounds     options.limit for everything that is waited for.
 */
#ifndef WEIR_CONFORMANCE_H
#define WEIR_CONFORMANCE_H

#include <weir/weir.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WEIR_BEGIN_DECLS

/** Submitting is slow (connections, full buffers): fewer rounds. */
#define WEIR_CONFORMANCE_SLOW 1u
/** The provider has no cancel hook: only `end` ends an operation.  end must be
 * given. */
#define WEIR_CONFORMANCE_DEAF 2u
/** Operations receive messages: WEIR_OK has one, every other result none. */
#define WEIR_CONFORMANCE_GIVES_MSG 4u
/** Operations send messages, which submit and submit_soon set if the handle has
 * none: WEIR_OK takes it, every other result leaves it. */
#define WEIR_CONFORMANCE_TAKES_MSG 8u
/** The provider ends operations by weir_aio_finish_ticket and may be late. */
#define WEIR_CONFORMANCE_LATE 16u

/**
 * A provider under test.  Functions get arg; what may be NULL says so.  setup
 * and teardown frame each rule, with weir running; the others are called in
 * between, submit and submit_soon also from callbacks.
 */
typedef struct weir_conformance_provider {
	size_t size;      /**< sizeof(weir_conformance_provider) */
	const char *name; /**< for the lines of the report */
	void *arg;
	unsigned flags; /**< WEIR_CONFORMANCE_... */

	/** Make what operations need; false: cannot, the rule fails.  NULL. */
	bool (*setup)(void *arg);
	/** Undo it; no handle has an operation any more.  NULL. */
	void (*teardown)(void *arg);
	/** Submit an operation that stays pending until end, or until it is
	 * asked to end.  May be called for 100 handles at once. */
	void (*submit)(void *arg, weir_aio *aio);
	/** Submit one that ends soon, by itself, with WEIR_OK.  NULL: submit,
	 * then end. */
	void (*submit_soon)(void *arg, weir_aio *aio);
	/** Let the first pending operation end with WEIR_OK, soon; if there is
	 * none, do nothing that fails.  Any thread.  NULL: what asks ends it,
	 * nothing else can; then submit_soon must be given. */
	void (*end)(void *arg);
	/** In the callback, or after wait: take back what WEIR_OK has given
	 * (outputs, messages).  NULL: nothing. */
	void (*collect)(void *arg, weir_aio *aio);
	/** weir_aio_count of an operation that end has ended. */
	size_t count;
} weir_conformance_provider;

/** How to run.  Zero, or NULL, is the default. */
typedef struct weir_conformance_options {
	size_t size;         /**< sizeof(weir_conformance_options) */
	uint64_t seed;       /**< of chance, default: from the clock */
	const char *rule;    /**< only this one, default: all */
	unsigned percent;    /**< of the rounds of rules with chance, default
				  100 */
	weir_duration limit; /**< to wait for what must happen [> 0], default
				  20 s */
	bool log_fails;      /**< a warning in weir's log fails the rule */
	bool verbose;        /**< a line for each rule that is kept, too */
	/** Settings of weir; its fini_limit is limit.  Default: NULL. */
	const weir_params *params;
	/** Gets each line, without newline; one thread.  Default: stderr. */
	void (*text)(void *arg, const char *line);
	void *text_arg;
} weir_conformance_options;

/**
 * Drive a provider through the rules.  Each rule that it breaks is one line,
 *
 *     NAME: RULE broken: promised ..., seen ... (seed N)
 *
 * and the last line counts.  Where an operation is lost (it never ends) the run
 * ends there, and what it used is left as it is.
 *
 * @param p  borrowed for the call.
 * @param o  NULL: defaults.
 *
 * Result      WEIR_OK      every rule is kept
 *             WEIR_EPROTO  some are not
 *             WEIR_EINVAL  another size, no submit, no name, neither end nor
 *                          submit_soon, an option out of range
 *             WEIR_ENOENT  no such rule
 *             WEIR_ESTATE  weir runs already
 *             others       of weir_init, or WEIR_ENOMEM: no verdict
 * Threads     one run at a time; not from a thread of weir
 * Blocks      some seconds.  A call into weir or the provider that does not
 *             return within three limits is named by a line, and abort() ends
 *             the process.
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_conformance_run(
    const weir_conformance_provider *p, const weir_conformance_options *o);

/** The name of a rule; NULL: there are no more.  MT-Safe, never blocks.
 * Since 0.1 */
WEIR_API const char *weir_conformance_rule(size_t i);

/** What that rule says, a sentence; NULL: no such rule.  MT-Safe, never
 * blocks.  Since 0.1 */
WEIR_API const char *weir_conformance_text(size_t i);

WEIR_END_DECLS

#endif
