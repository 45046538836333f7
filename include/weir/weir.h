/*
 * weir - asynchronous I/O for multi-threaded daemons: start, stop, settings.
 *
 * Purpose    the umbrella header.  weir_init starts the threads, weir_fini
 *            ends them; everything else needs the time between.
 * Ownership  the library's state is one per process.
 * Bounds     the ranges of weir_params.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/aio.h>
#include <weir/attr.h>
#include <weir/chan.h>
#include <weir/dns.h>
#include <weir/err.h>
#include <weir/log.h>
#include <weir/msg.h>
#include <weir/msgstream.h>
#include <weir/sleep.h>
#include <weir/sockaddr.h>
#include <weir/stream.h>
#include <weir/task.h>
#include <weir/time.h>
#include <weir/udp.h>
#include <weir/url.h>
#include <weir/version.h>

WEIR_BEGIN_DECLS

/** Expiry threads of the library. */
#define WEIR_EXPIRE_THREADS_MAX 16
/** Sets of descriptors that are polled side by side. */
#define WEIR_POLLER_THREADS_MAX 64

/**
 * Settings of weir_init and what is in force.  Zero, or NULL, means "the
 * environment's value, or else the default".  CPUs is the smaller of the
 * processors this process may run on and its cgroup's quota, rounded up.
 */
typedef struct weir_params {
	size_t size; /**< sizeof(weir_params) */

	int num_task_threads;   /**< callbacks that run at once [1..1024],
				     default max(2, CPUs) */
	int max_task_threads;   /**< with spares for callbacks that wait
				     [num_task_threads..4096], default
				     4 x num_task_threads; alone, a cap for
				     the default number */
	int num_expire_threads; /**< [1..16], default 1 */
	int max_expire_threads; /**< cap for the default [1..16]; not below a
				     number given */
	int num_poller_threads; /**< [1..64], default 1 up to 8 CPUs, then
				     CPUs / 8 */
	int max_poller_threads; /**< cap for the default [1..64]; not below a
				     number given */

	int num_resolver_threads; /**< threads that look names up
				       [1..WEIR_RESOLVER_THREADS_MAX], default
				       4; started when they are needed */

	const char *poller; /**< "epoll" or "poll", default "epoll" */
	const char *log;    /**< "none" "err" "warn" "notice" "info" "debug":
				 how many lines are logged; where to is
				 weir_log_set's.  Default: as that says */

	weir_duration slack;      /**< timeouts may be this late
				       [1 ns..1 s], default 1 ms; -1: none,
				       and 0 in what is in force */
	weir_duration fini_limit; /**< weir_fini waits this long for providers
				       and callbacks [> 0 or
				       WEIR_INFINITE], default 5 s */

	const char *check; /**< "1": record who called, so that reports of
				misuse name both call sites; "0", the
				default: do not (docs/design/check.md) */

	weir_duration watchdog; /**< a line in the log for a callback, a
				     cancel function, or a stop that waits for
				     a provider, for this long, and ten times
				     this long, and so on [1 ms..1 day];
				     default 1 s with check, else none; -1:
				     none, and 0 in what is in force */

	const char *env_prefix; /**< of the variables [up to 32 bytes],
				     default "WEIR_"; "" reads none */

	/** Allocator: all three or none; weir uses calloc_fn and free_fn.
	 * Memory is aligned for any type; free_fn gets the size asked for.
	 * Any thread, perhaps with a lock of weir held: it must not call weir.
	 */
	void *(*malloc_fn)(size_t size);
	void *(*calloc_fn)(size_t n, size_t size);
	void (*free_fn)(void *ptr, size_t size);
} weir_params;

/**
 * Start the library.  Calls nest: each needs its own weir_fini.
 *
 * Settings given here win over environment variables (WEIR_NUM_TASK_THREADS,
 * WEIR_MAX_TASK_THREADS, WEIR_NUM_EXPIRE_THREADS, WEIR_MAX_EXPIRE_THREADS,
 * WEIR_NUM_POLLER_THREADS, WEIR_MAX_POLLER_THREADS, WEIR_NUM_RESOLVER_THREADS,
 * WEIR_POLLER, WEIR_LOG, WEIR_CHECK, WEIR_WATCHDOG_MS), which win over
 * defaults.  A variable is taken when it is a decimal number (or one of the
 * words) in range; anything else stops weir_init, with one line in the log that
 * names variable, value and range.  In a program that runs with raised
 * privileges (secure_getenv(3)) no variable is read.
 *
 * @param params  NULL: no settings; copied.
 *
 * Errors      WEIR_EINVAL  a setting or variable is out of range, another size
 *             WEIR_EBUSY   params given and weir runs already; or another
 *                          allocator while memory of the old one is in use
 *             WEIR_ENOMEM, WEIR_ENOFILES, WEIR_EAGAIN (no thread),
 *             WEIR_ENOTSUP, WEIR_EPERM (the system refuses a call that weir
 *             needs), WEIR_EFORK.  After an error no fini is owed, and
 *             nothing is left behind but the level of the log.
 * Threads     MT-Safe
 * Blocks      until the threads run; a weir_fini under way is waited for
 * Callback    WEIR_EDEADLK: on a thread of weir, in a cancel hook or release,
 *             and in a log function that weir_init or weir_fini calls
 * Since       0.1
 */
WEIR_API WEIR_NODISCARD weir_err weir_init(const weir_params *params);

/**
 * Undo one weir_init.  The last one ends every operation with WEIR_ESTOPPED,
 * runs what is queued, ends the threads, and frees everything but what the
 * program still has: that stays valid and must be freed.  Handles, tasks,
 * pools with their strands, streams and listeners are stopped for ever.
 *
 * Result      WEIR_OK        all ended
 *             WEIR_ETIMEDOUT fini_limit passed: what did not end is named in
 *                            the log and abandoned
 *             WEIR_EDEADLK   called where weir_init gives it: nothing happened
 *             WEIR_ESTATE    without weir_init
 *             WEIR_EFORK     in a forked child: nothing happened
 * Threads     MT-Safe
 * Blocks      until all has ended or fini_limit has passed
 * Since       0.1
 */
WEIR_API weir_err weir_fini(void);

/**
 * What is in force.
 *
 * @param params  size must be set; the rest is written.  Strings are static;
 *                log is NULL if no level was given.
 *
 * Errors      WEIR_ESTATE  weir does not run
 *             WEIR_EINVAL  NULL or another size
 *             WEIR_EFORK   in a forked child
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API weir_err weir_get_params(weir_params *params);

/** The version of the library that runs, as "1.2.3"; static, at any time.
 * Since 0.1 */
WEIR_API const char *weir_version(void);

/**
 * Counters since weir_init; a snapshot that stops nothing.  Handles and
 * operations are counted with weir's own: one handle for each task, each
 * listener, and each dial that waits, and what is submitted on them (a post of
 * a task is an operation).
 */
typedef struct weir_stats {
	size_t size;            /**< sizeof(weir_stats) */
	uint64_t aios;          /**< handles allocated now */
	uint64_t submitted;     /**< operations accepted */
	uint64_t completed;     /**< operations ended */
	uint64_t callbacks;     /**< callbacks, tasks, timeouts handed over */
	uint64_t deadlines;     /**< entries in the expiry threads' heaps now */
	uint64_t expired;       /**< deadlines that fired */
	uint64_t expire_wakes;  /**< times an expiry thread woke up */
	uint64_t parks;         /**< times a thread of a pool went to sleep */
	uint64_t wakes;         /**< threads woken for work */
	uint64_t reliefs;       /**< poll slots taken over from a busy thread */
	uint64_t polls;         /**< waits for events */
	uint64_t events;        /**< events seen */
	uint64_t late_finishes; /**< finishes refused, but no misuse */
	uint64_t accept_pauses; /**< listeners paused for lack of descriptors */
	unsigned threads;       /**< threads of weir now */
	unsigned fds;           /**< descriptors watched now */
} weir_stats;

/**
 * Read the counters.
 *
 * @param stats  size must be set; the rest is written.
 *
 * Errors      WEIR_ESTATE  weir does not run
 *             WEIR_EINVAL  NULL or another size
 *             WEIR_EFORK   in a forked child
 * Threads     MT-Safe
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API weir_err weir_get_stats(weir_stats *stats);

/** A mistake of the program that weir saw. */
typedef struct weir_misuse {
	const char *call;   /**< the function that the program called */
	const char *what;   /**< the mistake, a sentence */
	const char *tag;    /**< of the handle, "" if none */
	const char *state;  /**< of the handle, in words */
	const void *object; /**< the handle */
	const char *sites;  /**< "", or with WEIR_CHECK=1: where the call was
				 made, the promise that it breaks, and where
				 the call before was made */
} weir_misuse;

/**
 * Gets every misuse.  Returning means: report and refuse; the call has no
 * effect and returns WEIR_EMISUSE or false.
 */
typedef void (*weir_misuse_fn)(void *arg, const weir_misuse *misuse);

/**
 * Choose what misuse does.
 *
 * @param fn   called on the thread that made the mistake; must not call weir
 *             (in a start a lock of the provider's may be held);
 *             NULL (default): one line to stderr, then abort().
 * @param arg  borrowed until changed.
 *
 * Threads     MT-Safe, as weir_log_set
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_misuse_set(weir_misuse_fn fn, void *arg);

/** The name by which the program knows a call, or call itself; static.  On the
 * thread that made the mistake; must not call weir. */
typedef const char *(*weir_call_name_fn)(const char *call);

/**
 * For a face over weir, a library that makes weir's calls under names of its
 * own: reports of misuse name the face's call.  libweir-nng is one, nng_init
 * sets it.  Not undone by weir_fini; there is one for the process.
 *
 * @param fn  asked before a report; NULL (default): weir's names.
 *
 * Threads     MT-Safe, as weir_log_set
 * Blocks      briefly
 * Since       0.1
 */
WEIR_API void weir_misuse_set_names(weir_call_name_fn fn);

WEIR_END_DECLS

#endif
