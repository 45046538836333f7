/*
 * place - an address of code as people and addr2line read it.
 *
 * Proof      test/check/test_check.c
 */
#include "check/check.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

size_t
wri_place_text(const void *pc, char *buf, size_t size)
{
	Dl_info info;
	const char *file;
	int n;

	if (dladdr(pc, &info) == 0 || info.dli_fname == NULL) {
		n = snprintf(buf, size, "%p", pc);
	} else {
		file = strrchr(info.dli_fname, '/');
		n = snprintf(buf, size, "%s+%#tx%s%s%s",
		    file != NULL ? file + 1 : info.dli_fname,
		    (const char *)pc - (const char *)info.dli_fbase,
		    info.dli_sname != NULL ? " (" : "",
		    info.dli_sname != NULL ? info.dli_sname : "",
		    info.dli_sname != NULL ? ")" : "");
	}
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}
