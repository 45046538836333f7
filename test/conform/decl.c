/*
 * decl - section 1: what NNG_DECL is when a program asks for visibility, and
 * that NNG_DEPRECATED is an attribute.
 */
#define NNG_SHARED_LIB
#define NNG_HIDDEN_VISIBILITY
#include <nng/nng.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

_Static_assert(sizeof(TEXT(NNG_DECL)) ==
		   sizeof("__attribute__((visibility(\"default\")))"),
    "visible");
_Static_assert(
    sizeof(TEXT(NNG_DEPRECATED)) == sizeof("__attribute__((deprecated))"),
    "an attribute");

/* A deprecated function of a program; nobody calls it. */
NNG_DEPRECATED void decl_old(void);
NNG_DECL void decl_visible(void);

void
decl_visible(void)
{
}
