/*
 * constants_c - section 1 in C11, from <nng/nng.h> first and alone.
 */
#include <nng/nng.h>

#include <nng/args.h>

/* A second time changes nothing; a program's own equal typedefs neither. */
#include <nng/nng.h>
typedef struct nng_aio nng_aio;
typedef struct nng_stream nng_stream;
typedef struct nng_tls_cert_s nng_tls_cert;
typedef struct nng_id_map_s nng_id_map;

#define CONST_ASSERT(what, text) _Static_assert(what, text);
#define CONST_SAME(a, b)                                                       \
	_Static_assert(__builtin_types_compatible_p(a, b), #a " is " #b);

/* clang-format off */
#include "conform/constants.h"
/* clang-format on */
#include "conform/names.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

int decl_wrong(void); /* decl.c */

int
main(void)
{
	/* Without a wish of the program, declarations are plain. */
	if (strcmp(TEXT(NNG_DECL), "extern") != 0 || decl_wrong() != 0) {
		return 5;
	}
	return names_run();
}
