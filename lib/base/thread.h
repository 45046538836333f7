/*
 * thread - named threads with all signals blocked but those that a thread sends
 * itself.
 *
 * Ownership  the starter joins each thread it started, once.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include "base/fault.h"
#include "base/sync.h"

#ifndef WEIR_EXPLORE
#define WRI_THREAD_NAME_MAX 16 /* with the NUL; the kernel's TASK_COMM_LEN */

/* Its memory is the starter's until join, or for ever after detach. */
typedef struct wri_thread {
	pthread_t id;
	void (*fn)(void *);
	void *arg;
	char name[WRI_THREAD_NAME_MAX];
} wri_thread;
#endif

/*
 * Start fn(arg) on a new thread.  name: at most 15 bytes are kept.  Fails with
 * WEIR_EAGAIN or WEIR_ENOMEM.
 */
weir_err wri_thread_start(
    wri_thread *t, const char *name, void (*fn)(void *), void *arg);
/* Wait for its end. */
void wri_thread_join(wri_thread *t);
/* Let it end by itself; instead of join. */
void wri_thread_detach(wri_thread *t);

/* Where tests arm a failure. */
extern struct wri_fault wri_thread_fault;

#endif
