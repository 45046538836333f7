/*
 * panic - assertions and the one way to die.
 */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include <weir/attr.h>

/* One line on stderr, then abort(). */
_Noreturn void wri_panic(const char *file, int line, const char *fmt, ...)
    WEIR_PRINTF(3, 4);

/* Our own defect: always checked. */
#define WRI_ASSERT(cond)                                                       \
	(__builtin_expect(!!(cond), 1)                                         \
		? (void)0                                                      \
		: wri_panic(__FILE__, __LINE__, "%s", #cond))

/* A call that gives an errno, which must be 0. */
#define WRI_MUST(call)                                                         \
	do {                                                                   \
		int must_eno = (call);                                         \
                                                                               \
		if (__builtin_expect(must_eno != 0, 0)) {                      \
			wri_panic(__FILE__, __LINE__, "%s: errno %d", #call,   \
			    must_eno);                                         \
		}                                                              \
	} while (0)

/* Too dear for the hot path of a release. */
#ifdef NDEBUG
#define WRI_DASSERT(cond) ((void)0)
#else
#define WRI_DASSERT(cond) WRI_ASSERT(cond)
#endif

#endif
