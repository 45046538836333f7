/*
 * types_c - <nng/nng.h> as a C11 program sees it.
 */
#define TYPES_ASSERT _Static_assert

#include "types.h"

/* In C the types of members can be asked for. */
#define IS_A(type, x)                                                          \
	_Static_assert(_Generic((x), type : 1, default : 0), #x " is "         \
								"a " #type)

static const nng_init_params params;
static const nng_iov iov;
static const nng_sockaddr sa;

IS_A(int32_t, (nng_duration)0);
IS_A(uint64_t, (nng_time)0);
IS_A(int16_t, params.num_task_threads);
IS_A(int16_t, params.num_resolver_threads);
IS_A(void *, iov.iov_buf);
IS_A(size_t, iov.iov_len);
IS_A(uint16_t, sa.s_family);
IS_A(uint32_t, sa.s_in.sa_addr);
IS_A(uint32_t, sa.s_in6.sa_scope);

int
main(void)
{
	return types_run();
}
