/*
 * types_cxx - <nng/nng.h> as a C++17 program sees it.
 */
#define TYPES_ASSERT static_assert

#include "types.h"

#include <type_traits>

static_assert(std::is_same<nng_duration, int32_t>::value, "");
static_assert(std::is_same<nng_time, uint64_t>::value, "");
static_assert(
    std::is_same<nng_aio_cancelfn, void (*)(nng_aio *, void *, nng_err)>::value,
    "");
static_assert(std::is_same<nng_logger, void (*)(nng_log_level, nng_log_facility,
					   const char *, const char *)>::value,
    "");
static_assert(std::is_enum<nng_err>::value, "");

int
main()
{
	return types_run();
}
