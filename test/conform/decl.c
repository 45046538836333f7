/*
 * decl - section 1: what NNG_DECL is when a program asks for visibility, and
 * that NNG_DEPRECATED is an attribute.
 */
#define NNG_SHARED_LIB
#define NNG_HIDDEN_VISIBILITY
#include <nng/nng.h>

#include <string.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* A deprecated function of a program; nobody calls it. */
NNG_DEPRECATED void decl_old(void);
NNG_DECL int decl_wrong(void);

/* How many of them are not as they should be. */
int
decl_wrong(void)
{
	const char *visible = "__attribute__((visibility(\"default\")))";
	const char *old = "__attribute__((deprecated))";

	return (strcmp(TEXT(NNG_DECL), visible) != 0) +
	       (strcmp(TEXT(NNG_DEPRECATED), old) != 0);
}
