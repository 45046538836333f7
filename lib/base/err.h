/*
 * err - from errno to weir_err, the only place that maps.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <weir/err.h>

/* eno > 0. */
weir_err wri_err_of(int eno);

#endif
