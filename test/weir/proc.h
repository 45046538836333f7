/*
 * proc - what the system says about this process' threads and descriptors.
 *
 * Ownership  nothing; each call reads /proc anew.
 */
#ifndef WEIR_PROC_H
#define WEIR_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Threads whose name begins so. */
unsigned proc_threads(const char *prefix);
/* Is there exactly one thread of that name? */
bool proc_has_thread(const char *name);
/* The times that threads whose name begins so went to sleep, in all. */
uint64_t proc_switches(const char *prefix);
/* The signals that all threads whose name begins so block: bit n - 1. */
uint64_t proc_blocked(const char *prefix);
/* 'S' a thread sleeps, 'R' it runs, ...; 0: there is none. */
char proc_state(pid_t tid);
/* Wait until a thread sleeps in the system, at most for a while. */
bool proc_await_sleep(pid_t tid);
/* Wait until as many threads of that prefix are left, at most for a while. */
bool proc_await_threads(const char *prefix, unsigned n);

/* Run fn(arg) in a forked child: its exit status, or 128 + signal; 255: it had
 * to be killed after limit_s. */
int proc_fork(int (*fn)(void *arg), void *arg, unsigned limit_s);

/* The same for this program itself, started anew with one argument: a process
 * that has never seen weir. */
int proc_run_self(const char *arg, unsigned limit_s);

#endif
