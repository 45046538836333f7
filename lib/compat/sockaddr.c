/*
 * sockaddr - addresses, by weir's functions; a hash of them.
 *
 * Proof      test/compat/test_sockaddr.c
 */
#include "compat/compat.h"

#include <weir/sockaddr.h>

#include <string.h>

const char *
nng_str_sockaddr(const nng_sockaddr *sa, char *buf, size_t bufsz)
{
	return weir_sockaddr_str(sa, buf, bufsz);
}

uint32_t
nng_sockaddr_port(const nng_sockaddr *sa)
{
	return weir_sockaddr_port(sa);
}

bool
nng_sockaddr_equal(const nng_sockaddr *sa1, const nng_sockaddr *sa2)
{
	return weir_sockaddr_equal(sa1, sa2);
}

/* FNV-1a over some bytes more. */
static uint64_t
mix(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *byte = data;

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

uint64_t
nng_sockaddr_hash(const nng_sockaddr *sa)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t len;

	if (sa == NULL) {
		return 1;
	}
	/* What weir_sockaddr_equal compares. */
	hash = mix(hash, &sa->s_family, sizeof(sa->s_family));
	switch ((enum nng_sockaddr_family)sa->s_family) {
	case NNG_AF_INPROC:
		hash = mix(hash, sa->s_inproc.sa_name,
		    strnlen(sa->s_inproc.sa_name, NNG_MAXADDRLEN));
		break;
	case NNG_AF_IPC:
		hash = mix(hash, sa->s_ipc.sa_path,
		    strnlen(sa->s_ipc.sa_path, NNG_MAXADDRLEN));
		break;
	case NNG_AF_INET:
		hash = mix(hash, &sa->s_in.sa_port, sizeof(sa->s_in.sa_port));
		hash = mix(hash, &sa->s_in.sa_addr, sizeof(sa->s_in.sa_addr));
		break;
	case NNG_AF_INET6:
		hash = mix(hash, &sa->s_in6.sa_port, sizeof(sa->s_in6.sa_port));
		hash =
		    mix(hash, &sa->s_in6.sa_scope, sizeof(sa->s_in6.sa_scope));
		hash = mix(hash, sa->s_in6.sa_addr, sizeof(sa->s_in6.sa_addr));
		break;
	case NNG_AF_ABSTRACT:
		len = sa->s_abstract.sa_len;
		if (len > sizeof(sa->s_abstract.sa_name)) {
			len = sizeof(sa->s_abstract.sa_name);
		}
		hash = mix(hash, sa->s_abstract.sa_name, len);
		break;
	case NNG_AF_UNSPEC:
		break;
	}
	return hash != 0 ? hash : 1;
}
