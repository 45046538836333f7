/*
 * err - results: weir's codes under NNG's names.
 */
#ifndef NNG_PARTS_ERR_H
#define NNG_PARTS_ERR_H

#include <nng/parts/base.h>
#include <weir/err.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A result.  Beyond NNG's codes, weir's own from 100 to 199 may come where
 * NNG has none: WEIR_EFORK in a forked child, WEIR_EMISUSE. */
typedef weir_err nng_err;

#define NNG_OK WEIR_OK
#define NNG_EINTR WEIR_EINTR
#define NNG_ENOMEM WEIR_ENOMEM
#define NNG_EINVAL WEIR_EINVAL
#define NNG_EBUSY WEIR_EBUSY
#define NNG_ETIMEDOUT WEIR_ETIMEDOUT
#define NNG_ECONNREFUSED WEIR_ECONNREFUSED
#define NNG_ECLOSED WEIR_ECLOSED
#define NNG_EAGAIN WEIR_EAGAIN
#define NNG_ENOTSUP WEIR_ENOTSUP
#define NNG_EADDRINUSE WEIR_EADDRINUSE
#define NNG_ESTATE WEIR_ESTATE
#define NNG_ENOENT WEIR_ENOENT
#define NNG_EPROTO WEIR_EPROTO
#define NNG_EUNREACHABLE WEIR_EUNREACHABLE
#define NNG_EADDRINVAL WEIR_EADDRINVAL
#define NNG_EPERM WEIR_EPERM
#define NNG_EMSGSIZE WEIR_EMSGSIZE
#define NNG_ECONNABORTED WEIR_ECONNABORTED
#define NNG_ECONNRESET WEIR_ECONNRESET
#define NNG_ECANCELED WEIR_ECANCELED
#define NNG_ENOFILES WEIR_ENOFILES
#define NNG_ENOSPC WEIR_ENOSPC
#define NNG_EEXIST WEIR_EEXIST
#define NNG_EREADONLY WEIR_EREADONLY
#define NNG_EWRITEONLY WEIR_EWRITEONLY
#define NNG_ECRYPTO WEIR_ECRYPTO
#define NNG_EPEERAUTH WEIR_EPEERAUTH
#define NNG_EBADTYPE WEIR_EBADTYPE
#define NNG_ECONNSHUT WEIR_ECONNSHUT
#define NNG_ESTOPPED WEIR_ESTOPPED
#define NNG_EINTERNAL WEIR_EINTERNAL
#define NNG_ESYSERR WEIR_ESYSERR
#define NNG_ETRANERR WEIR_ETRANERR

/** The text of a code: static, never NULL, the wording is weir's.  At any
 * time. */
NNG_DECL const char *nng_strerror(nng_err err);

#ifdef __cplusplus
}
#endif

#endif
