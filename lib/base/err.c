/*
 * err - codes to text, errno to codes.
 *
 * Purpose    the only place that maps; errno travels no further.
 * Ownership  all texts are static.
 * Progress   wait-free.
 * Bounds     the tables end at the last code and the last errno they name.
 * Proof      test/base/test_err.c
 */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ERR_TEXTS (sizeof(err_texts) / sizeof(err_texts[0]))
#define ERR_CODES (sizeof(err_codes) / sizeof(err_codes[0]))
#define ERR_TRANERR_END 0x30000000u

static const char *const err_texts[] = {
    [WEIR_OK] = "success",
    [WEIR_EINTR] = "interrupted",
    [WEIR_ENOMEM] = "out of memory",
    [WEIR_EINVAL] = "invalid argument",
    [WEIR_EBUSY] = "in use",
    [WEIR_ETIMEDOUT] = "timed out",
    [WEIR_ECONNREFUSED] = "connection refused",
    [WEIR_ECLOSED] = "closed",
    [WEIR_EAGAIN] = "full or not ready, try again",
    [WEIR_ENOTSUP] = "not supported",
    [WEIR_EADDRINUSE] = "address in use",
    [WEIR_ESTATE] = "not in this state",
    [WEIR_ENOENT] = "no such entry",
    [WEIR_EPROTO] = "protocol error",
    [WEIR_EUNREACHABLE] = "destination unreachable",
    [WEIR_EADDRINVAL] = "invalid address",
    [WEIR_EPERM] = "not permitted",
    [WEIR_EMSGSIZE] = "too large",
    [WEIR_ECONNABORTED] = "connection aborted",
    [WEIR_ECONNRESET] = "connection reset",
    [WEIR_ECANCELED] = "canceled",
    [WEIR_ENOFILES] = "out of descriptors",
    [WEIR_ENOSPC] = "out of space",
    [WEIR_EEXIST] = "exists already",
    [WEIR_EREADONLY] = "read-only option",
    [WEIR_EWRITEONLY] = "write-only option",
    [WEIR_ECRYPTO] = "cryptographic failure",
    [WEIR_EPEERAUTH] = "peer not authenticated",
    [WEIR_EBADTYPE] = "wrong type of option",
    [WEIR_ECONNSHUT] = "connection shut by the peer",
    [WEIR_EDEADLK] = "waiting would never end",
    [WEIR_EFORK] = "not usable in a forked child",
    [WEIR_EMISUSE] = "misuse",
};

/* By errno; 0: no code of our own. */
static const uint8_t err_codes[] = {
    /* The same name. */
    [EINTR] = WEIR_EINTR,
    [ENOMEM] = WEIR_ENOMEM,
    [EINVAL] = WEIR_EINVAL,
    [EBUSY] = WEIR_EBUSY,
    [ETIMEDOUT] = WEIR_ETIMEDOUT,
    [ECONNREFUSED] = WEIR_ECONNREFUSED,
    [EAGAIN] = WEIR_EAGAIN,
    [EADDRINUSE] = WEIR_EADDRINUSE,
    [ENOENT] = WEIR_ENOENT,
    [EPROTO] = WEIR_EPROTO,
    [EPERM] = WEIR_EPERM,
    [EMSGSIZE] = WEIR_EMSGSIZE,
    [ECONNABORTED] = WEIR_ECONNABORTED,
    [ECONNRESET] = WEIR_ECONNRESET,
    [ECANCELED] = WEIR_ECANCELED,
    [ENOSPC] = WEIR_ENOSPC,
    [EEXIST] = WEIR_EEXIST,
    [EDEADLK] = WEIR_EDEADLK,
    /* Several names of the system that are one thing to a program. */
    [EACCES] = WEIR_EPERM,
    [EADDRNOTAVAIL] = WEIR_EADDRINVAL,
    [EAFNOSUPPORT] = WEIR_ENOTSUP,
    [ENOSYS] = WEIR_ENOTSUP,
    [ENOTSUP] = WEIR_ENOTSUP, /* EOPNOTSUPP has the same number */
    [ENOPROTOOPT] = WEIR_ENOTSUP,
    [EPROTONOSUPPORT] = WEIR_ENOTSUP,
    [EBADF] = WEIR_ECLOSED,
    [ENOTCONN] = WEIR_ECLOSED,
    [EPIPE] = WEIR_ECLOSED,
    [EISCONN] = WEIR_EBUSY,
    [EHOSTUNREACH] = WEIR_EUNREACHABLE,
    [ENETUNREACH] = WEIR_EUNREACHABLE,
    [ENAMETOOLONG] = WEIR_EINVAL,
    [ENOTSOCK] = WEIR_EINVAL,
    [ENOBUFS] = WEIR_ENOMEM,
    [EFBIG] = WEIR_ENOSPC,
    [EDQUOT] = WEIR_ENOSPC,
    [EMFILE] = WEIR_ENOFILES,
    [ENFILE] = WEIR_ENOFILES,
};

static const char *
err_text(unsigned code)
{
	if (code < ERR_TEXTS) {
		return err_texts[code];
	}
	if (code == WEIR_ESTOPPED) {
		return "stopped";
	}
	if (code == WEIR_EINTERNAL) {
		return "internal defect";
	}
	if (code == WEIR_ESYSERR) {
		return "system error";
	}
	if (code > WEIR_ESYSERR && code < WEIR_ETRANERR) {
		/* Static and safe in any thread, which strerror is not. */
		return strerrordesc_np((int)(code - WEIR_ESYSERR));
	}
	if (code >= WEIR_ETRANERR && code < ERR_TRANERR_END) {
		return "transport error";
	}
	return NULL;
}

const char *
weir_strerror(weir_err err)
{
	const char *text = err_text((unsigned)err);

	return text == NULL ? "unknown error" : text;
}

weir_err
wri_err_of(int eno)
{
	size_t at = (size_t)eno;

	if (at < ERR_CODES && err_codes[at] != 0) {
		return (weir_err)err_codes[at];
	}
	return (weir_err)((int)WEIR_ESYSERR + eno);
}
