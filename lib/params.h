/*
 * params - the settings in force: parameters, variables, defaults.
 *
 * Purpose    weir_params with holes in, weir_params without holes out.
 * Ownership  the caller's memory; strings of the result are static.
 * Threads    the caller holds the lock of weir_init.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <weir/weir.h>

/* Bytes of a prefix of the variables. */
#define WRI_PREFIX_MAX 32

/*
 * Fill *out with what is to be in force: parameter, else variable, else
 * default.  in may be NULL.  WEIR_EINVAL: *out is untouched, one line in the
 * log says what is wrong and what is accepted.
 */
WEIR_NODISCARD weir_err wri_params_resolve(
    const weir_params *in, weir_params *out);

/*
 * Put a resolved log level and allocator in force; before anything is
 * allocated.  WEIR_EBUSY: another allocator's memory is in use, nothing has
 * changed, one line in the log says so.
 */
WEIR_NODISCARD weir_err wri_params_apply(const weir_params *p);

#endif
