/*
 * types_c - <nng/nng.h> as a C11 program sees it.
 */
#define TYPES_ASSERT _Static_assert

#include "types.h"

/* In C the types of members can be asked for. */
#define IS_A(type, x)                                                          \
	_Static_assert(_Generic((x), type : 1, default : 0), #x " is "         \
								"a " #type)

IS_A(int32_t, (nng_duration)0);
IS_A(uint64_t, (nng_time)0);
IS_A(int16_t, ((nng_init_params *)0)->num_task_threads);
IS_A(int16_t, ((nng_init_params *)0)->num_resolver_threads);
IS_A(void *, ((nng_iov *)0)->iov_buf);
IS_A(size_t, ((nng_iov *)0)->iov_len);
IS_A(uint16_t, ((nng_sockaddr *)0)->s_family);
IS_A(uint32_t, ((nng_sockaddr *)0)->s_in.sa_addr);
IS_A(uint32_t, ((nng_sockaddr *)0)->s_in6.sa_scope);

int
main(void)
{
	return types_run();
}
