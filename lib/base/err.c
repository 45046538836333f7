/*
 * err - codes to text, errno to codes.
 *
 * Purpose    the only place that maps; errno travels no further.
 * Ownership  all texts are static.
 * Progress   wait-free; a walk over one small table, off the hot path.
 * Bounds     ERR_ENOS_MAX names of the system mean one thing to a program.
 * Proof      test/base/test_err.c
 */
#include "base/err.h"

#include <weir/weir.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define ERR_ENOS_MAX 5
#define ERR_ROWS (sizeof(err_rows) / sizeof(err_rows[0]))
#define ERR_TRANERR_END 0x30000000u

/* EOPNOTSUPP has the number of ENOTSUP, EWOULDBLOCK that of EAGAIN. */
static const struct {
	weir_err code;
	const char *text;
	int enos[ERR_ENOS_MAX]; /* what the system calls it, 0: no more names */
} err_rows[] = {
    {WEIR_OK, "success", {0}},
    {WEIR_EINTR, "interrupted", {EINTR}},
    {WEIR_ENOMEM, "out of memory", {ENOMEM, ENOBUFS}},
    {WEIR_EINVAL, "invalid argument", {EINVAL, ENAMETOOLONG, ENOTSOCK}},
    {WEIR_EBUSY, "in use", {EBUSY, EISCONN}},
    {WEIR_ETIMEDOUT, "timed out", {ETIMEDOUT}},
    {WEIR_ECONNREFUSED, "connection refused", {ECONNREFUSED}},
    {WEIR_ECLOSED, "closed", {EBADF, ENOTCONN, EPIPE}},
    {WEIR_EAGAIN, "full or not ready, try again", {EAGAIN}},
    {WEIR_ENOTSUP, "not supported",
	{ENOTSUP, ENOSYS, EAFNOSUPPORT, ENOPROTOOPT, EPROTONOSUPPORT}},
    {WEIR_EADDRINUSE, "address in use", {EADDRINUSE}},
    {WEIR_ESTATE, "not in this state", {0}},
    {WEIR_ENOENT, "no such entry", {ENOENT}},
    {WEIR_EPROTO, "protocol error", {EPROTO}},
    {WEIR_EUNREACHABLE, "destination unreachable", {EHOSTUNREACH, ENETUNREACH}},
    {WEIR_EADDRINVAL, "invalid address", {EADDRNOTAVAIL}},
    {WEIR_EPERM, "not permitted", {EPERM, EACCES}},
    {WEIR_EMSGSIZE, "too large", {EMSGSIZE}},
    {WEIR_ECONNABORTED, "connection aborted", {ECONNABORTED}},
    {WEIR_ECONNRESET, "connection reset", {ECONNRESET}},
    {WEIR_ECANCELED, "canceled", {ECANCELED}},
    {WEIR_ENOFILES, "out of descriptors", {EMFILE, ENFILE}},
    {WEIR_ENOSPC, "out of space", {ENOSPC, EFBIG, EDQUOT}},
    {WEIR_EEXIST, "exists already", {EEXIST}},
    {WEIR_EREADONLY, "read-only option", {0}},
    {WEIR_EWRITEONLY, "write-only option", {0}},
    {WEIR_ECRYPTO, "cryptographic failure", {0}},
    {WEIR_EPEERAUTH, "peer not authenticated", {0}},
    {WEIR_EBADTYPE, "wrong type of option", {0}},
    {WEIR_ECONNSHUT, "connection shut by the peer", {0}},
    {WEIR_EDEADLK, "waiting would never end", {EDEADLK}},
    {WEIR_EFORK, "not usable in a forked child", {0}},
    {WEIR_EMISUSE, "misuse", {0}},
    {WEIR_ESTOPPED, "stopped", {0}},
    {WEIR_EINTERNAL, "internal defect", {0}},
    {WEIR_ESYSERR, "system error", {0}},
    {WEIR_ETRANERR, "transport error", {0}},
};

const char *
weir_strerror(weir_err err)
{
	unsigned code = (unsigned)err;
	const char *text = NULL;

	if (code > WEIR_ETRANERR && code < ERR_TRANERR_END) {
		code = WEIR_ETRANERR;
	} else if (code > WEIR_ESYSERR && code < WEIR_ETRANERR) {
		/* Static and safe in any thread, which strerror is not. */
		text = strerrordesc_np((int)(code - WEIR_ESYSERR));
	}
	for (size_t i = 0; i < ERR_ROWS && text == NULL; i++) {
		text = err_rows[i].code == code ? err_rows[i].text : NULL;
	}
	return text == NULL ? "unknown error" : text;
}

weir_err
wri_err_of(int eno)
{
	for (size_t i = 0; i < ERR_ROWS * ERR_ENOS_MAX; i++) {
		if (err_rows[i / ERR_ENOS_MAX].enos[i % ERR_ENOS_MAX] == eno) {
			return err_rows[i / ERR_ENOS_MAX].code;
		}
	}
	return (weir_err)((int)WEIR_ESYSERR + eno);
}
