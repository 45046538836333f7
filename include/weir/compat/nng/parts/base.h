/*
 * base - what every part of <nng/nng.h> needs: decorations, types, constants.
 *
 * Purpose    the types whose names weir gives: a macro for each, so that
 *            "struct nng_aio", a typedef of the program's own, and callbacks
 *            are of equal type in both faces.
 *
 * Unless its comment says otherwise each function of these headers is MT-Safe,
 * never blocks, and may be called in any completion callback; as in NNG, a
 * NULL handle is accepted where that is said (more calls accept it here).
 * Since 0.1, all of them.
 */
#ifndef NNG_PARTS_BASE_H
#define NNG_PARTS_BASE_H

/* Programs rely on these four. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/** Stands before each declaration; a program may define it before. */
#ifndef NNG_DECL
#if defined(NNG_SHARED_LIB) && defined(NNG_HIDDEN_VISIBILITY)
#define NNG_DECL __attribute__((visibility("default")))
#else
#define NNG_DECL extern
#endif
#endif

#ifndef NNG_DEPRECATED
#if defined(__GNUC__) || defined(__clang__)
#define NNG_DEPRECATED __attribute__((deprecated))
#else
#define NNG_DEPRECATED
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The API that is offered: that of NNG, not weir's version. */
#define NNG_MAJOR_VERSION 2
#define NNG_MINOR_VERSION 0
#define NNG_PATCH_VERSION 0
#define NNG_RELEASE_SUFFIX "dev"

/* Handles: weir's own. */
#define nng_aio weir_aio
#define nng_msg weir_msg
#define nng_url weir_url
#define nng_stream weir_stream
#define nng_stream_dialer weir_stream_dialer
#define nng_stream_listener weir_stream_listener
#define nng_udp weir_udp

typedef struct nng_aio nng_aio;
typedef struct nng_msg nng_msg;
typedef struct nng_url nng_url;
typedef struct nng_stream nng_stream;
typedef struct nng_stream_dialer nng_stream_dialer;
typedef struct nng_stream_listener nng_stream_listener;
typedef struct nng_udp nng_udp;
typedef struct nng_tls_config nng_tls_config; /* never made: no TLS here */
typedef struct nng_tls_cert_s nng_tls_cert;   /* likewise */

/** A length of time [ms]. */
typedef int32_t nng_duration;

/** A point in time [ms] on the clock of nng_clock. */
typedef uint64_t nng_time;

#define NNG_DURATION_INFINITE (-1) /**< no limit */
#define NNG_DURATION_DEFAULT (-2)  /**< of the object: no limit */
#define NNG_DURATION_ZERO (0)      /**< poll */

#ifdef __cplusplus
}
#endif

#endif
