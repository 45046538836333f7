/*
 * names - the program of constants_c.c and constants_cxx.cc: every function is
 * a real one of the type described, and its address can be taken.
 */
#ifndef CONFORM_NAMES_H
#define CONFORM_NAMES_H

#include "conform/api_core.h"
#include "conform/api_net.h"

#include <stdio.h>
#include <string.h>

#define NAME_TYPED(result, name, args)                                         \
	{                                                                      \
		result(*fn) args = name;                                       \
		n += fn != 0;                                                  \
	}
#define NAME_COUNTED(result, name, args) +1

/* A time_t, an offset and a struct timespec without another include. */
static inline size_t
names_includes(time_t t)
{
	struct timespec ts = {t, 0};
	bool b = ts.tv_sec == t;
	uint64_t u = offsetof(struct timespec, tv_nsec);

	return b ? (size_t)u : 0;
}

static NNG_DEPRECATED inline void
names_old(void)
{
}

/* clang-format off */
static const int names_all = 0 API_CORE(NAME_COUNTED) API_AIO(NAME_COUNTED)
    API_MSG(NAME_COUNTED) API_ADDR(NAME_COUNTED) API_MORE(NAME_COUNTED)
    API_UDP(NAME_COUNTED) API_STREAM(NAME_COUNTED) API_DIALER(NAME_COUNTED)
    API_LISTENER(NAME_COUNTED);
/* clang-format on */

static int
names_run(void)
{
	int n = 0;

	API_CORE(NAME_TYPED)
	API_AIO(NAME_TYPED)
	API_MSG(NAME_TYPED)
	API_ADDR(NAME_TYPED)
	API_MORE(NAME_TYPED)
	API_UDP(NAME_TYPED)
	API_STREAM(NAME_TYPED)
	API_DIALER(NAME_TYPED)
	API_LISTENER(NAME_TYPED)
	if (strcmp(NNG_RELEASE_SUFFIX, "dev") != 0 ||
	    names_includes((time_t)1) == 0) {
		return 1;
	}
	/* And they are one library with what they call. */
	if (nng_init(NULL) != NNG_OK) {
		return 2;
	}
	nng_fini();
	printf("%d functions\n", n);
	return n == names_all ? 0 : 3;
}

#endif
