/*
 * attr - attributes of the public headers.
 *
 * Purpose    one place for what differs between compilers and languages.
 * Ownership  nothing.
 */
#ifndef WEIR_ATTR_H
#define WEIR_ATTR_H

#ifdef __cplusplus
#define WEIR_BEGIN_DECLS extern "C" {
#define WEIR_END_DECLS }
#else
#define WEIR_BEGIN_DECLS
#define WEIR_END_DECLS
#endif

/** An exported function.  Everything else of the library is hidden. */
#define WEIR_API __attribute__((visibility("default")))

/** The result must be looked at. */
#define WEIR_NODISCARD __attribute__((warn_unused_result))

/** A printf-like function: format at argument f, values from argument a. */
#define WEIR_PRINTF(f, a) __attribute__((format(printf, f, a)))

#endif
