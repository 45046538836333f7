/*
 * scope - types of the parts of NNG that are not offered, so that headers which
 * mention them compile.  No function here takes one.
 */
#ifndef NNG_PARTS_SCOPE_H
#define NNG_PARTS_SCOPE_H

#include <nng/parts/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nng_socket_s {
	uint32_t id;
} nng_socket;

typedef struct nng_ctx_s {
	uint32_t id;
} nng_ctx;

typedef struct nng_dialer_s {
	uint32_t id;
} nng_dialer;

typedef struct nng_listener_s {
	uint32_t id;
} nng_listener;

typedef struct nng_pipe_s {
	uint32_t id;
} nng_pipe;

#define NNG_SOCKET_INITIALIZER                                                 \
	{                                                                      \
		0                                                              \
	}
#define NNG_CTX_INITIALIZER                                                    \
	{                                                                      \
		0                                                              \
	}
#define NNG_DIALER_INITIALIZER                                                 \
	{                                                                      \
		0                                                              \
	}
#define NNG_LISTENER_INITIALIZER                                               \
	{                                                                      \
		0                                                              \
	}
#define NNG_PIPE_INITIALIZER                                                   \
	{                                                                      \
		0                                                              \
	}

typedef struct nng_stat nng_stat;

#define NNG_FLAG_NONBLOCK 2u

#ifdef __cplusplus
}
#endif

#endif
