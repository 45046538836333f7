/*
 * fault - allocations, threads and system calls that fail on purpose.
 *
 * The tests of a program are one after the other: arm, call, disarm.  Under
 * the explorer the names for memory and threads are its own.
 */
#ifndef SUPPORT_FAULT_H
#define SUPPORT_FAULT_H

#include "base/mem.h"
#include "base/sys.h"
#include "base/thread.h"

#include <errno.h>

/* The calls first to last from now fail with eno; first 0: none. */
static inline void
fault_arm(struct wri_fault *f, uint32_t first, uint32_t last, int eno)
{
	/* Relaxed, all of it: see base/fault.h. */
	wri_store(&f->first, 0, WRI_RLX);
	wri_store(&f->last, last, WRI_RLX);
	wri_store(&f->calls, 0, WRI_RLX);
	wri_store(&f->eno, (uint32_t)eno, WRI_RLX);
	wri_store(&f->first, first, WRI_RLX);
}

/* The n-th allocation from now fails, once; 0: none. */
static inline void
wri_mem_fail_at(unsigned n)
{
	fault_arm(&wri_mem_fault, n, n, ENOMEM);
}

/* The n-th start of a thread from now fails with WEIR_EAGAIN; 0: none. */
static inline void
wri_thread_fail_at(unsigned n)
{
	fault_arm(&wri_thread_fault, n, n, EAGAIN);
}

/*
 * The n-th call of this kind from now fails with eno (> 0) instead of being
 * made, once; the calls after it are made.  n 0: disarm.
 */
static inline void
wri_sys_fail_at(enum wri_sys_call which, unsigned n, int eno)
{
	fault_arm(&wri_sys_faults[which], n, n, eno);
}

/* As wri_sys_fail_at, but every later call fails too, until disarmed. */
static inline void
wri_sys_fail_from(enum wri_sys_call which, unsigned n, int eno)
{
	fault_arm(&wri_sys_faults[which], n, UINT32_MAX, eno);
}

/* Calls of this kind since it was armed, 0 when it is not. */
static inline unsigned
wri_sys_calls(enum wri_sys_call which)
{
	return wri_load(&wri_sys_faults[which].calls, WRI_RLX);
}

#endif
