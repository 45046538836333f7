/*
 * sockaddr - addresses; weir's own, under NNG's names.
 *
 * Members and their order of bytes: <weir/sockaddr.h>.  The functions only read
 * their arguments and work without nng_init.
 */
#ifndef NNG_PARTS_SOCKADDR_H
#define NNG_PARTS_SOCKADDR_H

#include <nng/parts/base.h>
#include <weir/sockaddr.h>

#define NNG_MAXADDRLEN 128
#define NNG_MAXADDRSTRLEN (NNG_MAXADDRLEN + 16)

#define nng_sockaddr_family weir_af
#define NNG_AF_UNSPEC WEIR_AF_UNSPEC
#define NNG_AF_INPROC WEIR_AF_INPROC
#define NNG_AF_IPC WEIR_AF_IPC
#define NNG_AF_INET WEIR_AF_INET
#define NNG_AF_INET6 WEIR_AF_INET6
#define NNG_AF_ABSTRACT WEIR_AF_ABSTRACT

#define nng_sockaddr_inproc weir_sockaddr_inproc
#define nng_sockaddr_path weir_sockaddr_path
#define nng_sockaddr_in6 weir_sockaddr_in6
#define nng_sockaddr_in weir_sockaddr_in
#define nng_sockaddr_abstract weir_sockaddr_abstract
#define nng_sockaddr_storage weir_sockaddr_storage
#define nng_sockaddr weir_sockaddr

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nng_sockaddr_path nng_sockaddr_ipc;

/** Write an address for people, cut to fit; gives buf. */
NNG_DECL const char *nng_str_sockaddr(
    const nng_sockaddr *sa, char *buf, size_t bufsz);
/** The port in host order; 0 for families without one. */
NNG_DECL uint32_t nng_sockaddr_port(const nng_sockaddr *sa);
/** Same family and address?  Two unspecified ones are not. */
NNG_DECL bool nng_sockaddr_equal(
    const nng_sockaddr *sa1, const nng_sockaddr *sa2);
/** Not 0; equal for equal addresses; another one with each version. */
NNG_DECL uint64_t nng_sockaddr_hash(const nng_sockaddr *sa);

#ifdef __cplusplus
}
#endif

#endif
