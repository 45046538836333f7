/*
 * check - who made which call, and from where in the program.
 *
 * Purpose    WEIR_CHECK=1: docs/design/check.md.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* Remember calls from now on; false: no more, and give back all memory. */
void wri_check_set(bool on);

/*
 * "OBJECT+0xOFFSET", which addr2line takes, and " (SYMBOL)" if it is known, of
 * an address of code.  Returns the length; cut.
 */
size_t wri_place_text(const void *pc, char *buf, size_t size);

#endif
