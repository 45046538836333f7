/*
 * public - what of base the program sees and no other file holds.
 *
 * Purpose    the clock and the version, without weir_init.
 * Proof      test/base/test_err.c
 */
#include "base/clock.h"

#include <weir/time.h>
#include <weir/version.h>
#include <weir/weir.h>

weir_time
weir_now(void)
{
	return wri_now();
}

const char *
weir_version(void)
{
	return WEIR_VERSION;
}
