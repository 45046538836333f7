/*
 * lookup - the system's lookup, and what its codes mean.
 *
 * Pairs      D3  whoever puts ops in place (release) -> lookup (acquire)
 *                carries what is behind them.
 * Proof      test/dns/test_lookup.c
 */
#include "dns/lookup.h"

#include "base/err.h"

#include <stddef.h>

wri_aptr wri_lookup_ops;

const struct wri_lookup_ops *
wri_lookup(void)
{
	static const struct wri_lookup_ops system_ops = {
	    .get = getaddrinfo, .put = freeaddrinfo};
	const struct wri_lookup_ops *ops =
	    wri_load(&wri_lookup_ops, WRI_ACQ); /* D3 */

	return ops != NULL ? ops : &system_ops;
}

weir_err
wri_lookup_err(int code, int eno)
{
	switch (code) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
	case EAI_SERVICE:
	case EAI_AGAIN:
	case EAI_FAIL:
		return WEIR_EADDRINVAL;
	case EAI_MEMORY:
		return WEIR_ENOMEM;
	case EAI_BADFLAGS:
		return WEIR_EINVAL;
	case EAI_FAMILY:
	case EAI_SOCKTYPE:
		return WEIR_ENOTSUP;
	case EAI_SYSTEM:
		/* Some modules of the system fail without a reason. */
		return eno > 0 ? wri_err_of(eno) : WEIR_EADDRINVAL;
	default:
		return (weir_err)((unsigned)WEIR_ETRANERR +
				  (unsigned)(code < 0 ? -code : code));
	}
}
