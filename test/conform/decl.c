/*
 * decl - section 1: what NNG_DECL is when a program asks for visibility, and
 * that NNG_DEPRECATED is an attribute.
 */
#define NNG_SHARED_LIB
#define NNG_HIDDEN_VISIBILITY
#include <nng/nng.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* The same length, or these are two arrays of one name. */
extern char decl_visibility[sizeof(TEXT(NNG_DECL))];
extern char decl_visibility[sizeof("__attribute__((visibility(\"default\")))")];
extern char decl_deprecated[sizeof(TEXT(NNG_DEPRECATED))];
extern char decl_deprecated[sizeof("__attribute__((deprecated))")];

/* A deprecated function of a program; nobody calls it. */
NNG_DEPRECATED void decl_old(void);
NNG_DECL void decl_visible(void);

void
decl_visible(void)
{
}
