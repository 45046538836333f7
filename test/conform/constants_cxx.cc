/*
 * constants_cxx - section 1 in C++17, from <nng/nng.h> first and alone.
 */
#include <nng/nng.h>

#include <nng/args.h>

#include <type_traits>

#define CONST_ASSERT(what, text) static_assert(what, text);
#define CONST_SAME(...) CONST_SAME_(__VA_ARGS__)
#define CONST_SAME_(...)                                                       \
	static_assert(std::is_same<__VA_ARGS__>::value, #__VA_ARGS__);

/* clang-format off */
#include "conform/constants.h"
/* clang-format on */
#include "conform/names.h"

/* A namespace of C: the names are not mangled. */
extern "C" nng_time (*conform_clock)(void);
nng_time (*conform_clock)(void) = nng_clock;

int
main()
{
	return conform_clock == nng_clock ? names_run() : 4;
}
