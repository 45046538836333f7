/*
 * constants - section 1, and the numbers of the others, as assertions that
 * hold when they compile, in C11 and in C++17: CONST_ASSERT, CONST_SAME(type,
 * type) come from the file that includes this one.
 */
#ifndef CONFORM_CONSTANTS_H
#define CONFORM_CONSTANTS_H

#define EQ(name, value) CONST_ASSERT((long long)(name) == (value), #name);
#define MEMBER(type, name, offset, member)                                     \
	CONST_SAME(__typeof__(((type *)0)->name), member)                      \
	CONST_ASSERT(offsetof(type, name) == (offset), #type "." #name);

/* Constants. */
EQ(NNG_MAJOR_VERSION, 2)
EQ(NNG_MINOR_VERSION, 0)
EQ(NNG_PATCH_VERSION, 0)
CONST_ASSERT(sizeof(NNG_RELEASE_SUFFIX) == 4, "dev and its NUL")
EQ(NNG_MAXADDRLEN, 128)
EQ(NNG_MAXADDRSTRLEN, 144)
EQ(NNG_MAXADDRSTRLEN, NNG_MAXADDRLEN + 16)
EQ(NNG_DURATION_INFINITE, -1)
EQ(NNG_DURATION_DEFAULT, -2)
EQ(NNG_DURATION_ZERO, 0)
EQ(NNG_FLAG_NONBLOCK, 2)
CONST_ASSERT(0 * NNG_FLAG_NONBLOCK - 1 > 0, "it is unsigned")
EQ(NNG_MAP_RANDOM, 1)

/* The preprocessor can compare them. */
#if NNG_MAJOR_VERSION != 2 || NNG_MINOR_VERSION != 0 || NNG_PATCH_VERSION != 0
#error "versions are numbers to the preprocessor"
#endif
#ifndef NNG_NNG_H
#error "the guard has this name"
#endif
#ifndef NNG_DECL
#error "NNG_DECL is a macro"
#endif
#ifndef NNG_DEPRECATED
#error "NNG_DEPRECATED is a macro"
#endif

/* Scalars. */
CONST_SAME(nng_duration, int32_t)
CONST_SAME(nng_time, uint64_t)
CONST_SAME(nng_aio_cancelfn, void (*)(nng_aio *, void *, nng_err))
CONST_SAME(nng_logger,
    void (*)(nng_log_level, nng_log_facility, const char *, const char *))
EQ(sizeof(nng_err), 4)

/* Errors. */
EQ(NNG_OK, 0)
EQ(NNG_EINTR, 1)
EQ(NNG_ENOMEM, 2)
EQ(NNG_EINVAL, 3)
EQ(NNG_EBUSY, 4)
EQ(NNG_ETIMEDOUT, 5)
EQ(NNG_ECONNREFUSED, 6)
EQ(NNG_ECLOSED, 7)
EQ(NNG_EAGAIN, 8)
EQ(NNG_ENOTSUP, 9)
EQ(NNG_EADDRINUSE, 10)
EQ(NNG_ESTATE, 11)
EQ(NNG_ENOENT, 12)
EQ(NNG_EPROTO, 13)
EQ(NNG_EUNREACHABLE, 14)
EQ(NNG_EADDRINVAL, 15)
EQ(NNG_EPERM, 16)
EQ(NNG_EMSGSIZE, 17)
EQ(NNG_ECONNABORTED, 18)
EQ(NNG_ECONNRESET, 19)
EQ(NNG_ECANCELED, 20)
EQ(NNG_ENOFILES, 21)
EQ(NNG_ENOSPC, 22)
EQ(NNG_EEXIST, 23)
EQ(NNG_EREADONLY, 24)
EQ(NNG_EWRITEONLY, 25)
EQ(NNG_ECRYPTO, 26)
EQ(NNG_EPEERAUTH, 27)
EQ(NNG_EBADTYPE, 30)
EQ(NNG_ECONNSHUT, 31)
EQ(NNG_ESTOPPED, 999)
EQ(NNG_EINTERNAL, 1000)
EQ(NNG_ESYSERR, 0x10000000)
EQ(NNG_ETRANERR, 0x20000000)

/* Structs. */
MEMBER(nng_iov, iov_buf, 0, void *)
MEMBER(nng_iov, iov_len, sizeof(void *), size_t)
EQ(sizeof(nng_iov), sizeof(void *) + sizeof(size_t))
CONST_SAME(struct nng_iov, nng_iov)

MEMBER(nng_init_params, num_task_threads, 0, int16_t)
MEMBER(nng_init_params, max_task_threads, 2, int16_t)
MEMBER(nng_init_params, num_expire_threads, 4, int16_t)
MEMBER(nng_init_params, max_expire_threads, 6, int16_t)
MEMBER(nng_init_params, num_poller_threads, 8, int16_t)
MEMBER(nng_init_params, max_poller_threads, 10, int16_t)
MEMBER(nng_init_params, num_resolver_threads, 12, int16_t)
MEMBER(nng_init_params, malloc_fn, 16, void *(*)(size_t))
MEMBER(
    nng_init_params, calloc_fn, 16 + sizeof(void *), void *(*)(size_t, size_t))
MEMBER(
    nng_init_params, free_fn, 16 + 2 * sizeof(void *), void (*)(void *, size_t))
EQ(sizeof(nng_init_params), 16 + 3 * sizeof(void *))

/* Log. */
CONST_SAME(enum nng_log_level, nng_log_level)
CONST_SAME(enum nng_log_facility, nng_log_facility)
EQ(NNG_LOG_NONE, 0)
EQ(NNG_LOG_ERR, 3)
EQ(NNG_LOG_WARN, 4)
EQ(NNG_LOG_NOTICE, 5)
EQ(NNG_LOG_INFO, 6)
EQ(NNG_LOG_DEBUG, 7)
EQ(NNG_LOG_USER, 1)
EQ(NNG_LOG_DAEMON, 3)
EQ(NNG_LOG_AUTH, 10)
EQ(NNG_LOG_LOCAL0, 16)
EQ(NNG_LOG_LOCAL1, 17)
EQ(NNG_LOG_LOCAL2, 18)
EQ(NNG_LOG_LOCAL3, 19)
EQ(NNG_LOG_LOCAL4, 20)
EQ(NNG_LOG_LOCAL5, 21)
EQ(NNG_LOG_LOCAL6, 22)
EQ(NNG_LOG_LOCAL7, 23)

/* Socket addresses. */
CONST_ASSERT(sizeof(enum nng_sockaddr_family) == 4, "a tag, no typedef")
EQ(NNG_AF_UNSPEC, 0)
EQ(NNG_AF_INPROC, 1)
EQ(NNG_AF_IPC, 2)
EQ(NNG_AF_INET, 3)
EQ(NNG_AF_INET6, 4)
EQ(NNG_AF_ABSTRACT, 5)
MEMBER(nng_sockaddr_inproc, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_inproc, sa_name, 2, char[NNG_MAXADDRLEN])
EQ(sizeof(nng_sockaddr_inproc), 130)
MEMBER(nng_sockaddr_path, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_path, sa_path, 2, char[NNG_MAXADDRLEN])
EQ(sizeof(nng_sockaddr_path), 130)
CONST_SAME(nng_sockaddr_ipc, nng_sockaddr_path)
MEMBER(nng_sockaddr_in6, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_in6, sa_port, 2, uint16_t)
MEMBER(nng_sockaddr_in6, sa_scope, 4, uint32_t)
MEMBER(nng_sockaddr_in6, sa_addr, 8, uint8_t[16])
EQ(sizeof(nng_sockaddr_in6), 24)
MEMBER(nng_sockaddr_in, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_in, sa_port, 2, uint16_t)
MEMBER(nng_sockaddr_in, sa_addr, 4, uint32_t)
EQ(sizeof(nng_sockaddr_in), 8)
MEMBER(nng_sockaddr_abstract, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_abstract, sa_len, 2, uint16_t)
MEMBER(nng_sockaddr_abstract, sa_name, 4, uint8_t[107])
EQ(sizeof(nng_sockaddr_abstract), 112)
MEMBER(nng_sockaddr_storage, sa_family, 0, uint16_t)
MEMBER(nng_sockaddr_storage, sa_pad, 8, uint64_t[16])
EQ(sizeof(nng_sockaddr_storage), 136)
EQ(sizeof(nng_sockaddr), 136)
CONST_SAME(union nng_sockaddr, nng_sockaddr)
CONST_SAME(struct nng_sockaddr_inproc, nng_sockaddr_inproc)
CONST_SAME(struct nng_sockaddr_path, nng_sockaddr_ipc)
CONST_SAME(struct nng_sockaddr_in6, nng_sockaddr_in6)
CONST_SAME(struct nng_sockaddr_in, nng_sockaddr_in)
CONST_SAME(struct nng_sockaddr_abstract, nng_sockaddr_abstract)
CONST_SAME(struct nng_sockaddr_storage, nng_sockaddr_storage)
MEMBER(nng_sockaddr, s_family, 0, uint16_t)
MEMBER(nng_sockaddr, s_ipc, 0, nng_sockaddr_ipc)
MEMBER(nng_sockaddr, s_inproc, 0, nng_sockaddr_inproc)
MEMBER(nng_sockaddr, s_in6, 0, nng_sockaddr_in6)
MEMBER(nng_sockaddr, s_in, 0, nng_sockaddr_in)
MEMBER(nng_sockaddr, s_abstract, 0, nng_sockaddr_abstract)
MEMBER(nng_sockaddr, s_storage, 0, nng_sockaddr_storage)

/* Arguments. */
EQ(NNG_ARG_END, -1)
EQ(NNG_ARG_INVAL, -2)
EQ(NNG_ARG_AMBIG, -3)
EQ(NNG_ARG_MISSING, -4)
CONST_SAME(struct nng_arg_spec, nng_arg_spec)
MEMBER(nng_arg_spec, a_name, 0, const char *)
MEMBER(nng_arg_spec, a_short, sizeof(char *), int)
MEMBER(nng_arg_spec, a_val, sizeof(char *) + 4, int)
MEMBER(nng_arg_spec, a_arg, sizeof(char *) + 8, bool)

/* Handles are pointers to structs with these tags. */
CONST_SAME(struct nng_aio *, nng_aio *)
CONST_SAME(struct nng_msg *, nng_msg *)
CONST_SAME(struct nng_url *, nng_url *)
CONST_SAME(struct nng_stream *, nng_stream *)
CONST_SAME(struct nng_stream_dialer *, nng_stream_dialer *)
CONST_SAME(struct nng_stream_listener *, nng_stream_listener *)
CONST_SAME(struct nng_udp *, nng_udp *)
CONST_SAME(struct nng_thread *, nng_thread *)
CONST_SAME(struct nng_mtx *, nng_mtx *)
CONST_SAME(struct nng_cv *, nng_cv *)
CONST_SAME(struct nng_stat *, nng_stat *)
CONST_SAME(struct nng_tls_config *, nng_tls_config *)
CONST_SAME(struct nng_tls_cert_s *, nng_tls_cert *)
CONST_SAME(struct nng_id_map_s *, nng_id_map *)

#endif
