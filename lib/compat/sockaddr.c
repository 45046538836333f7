/*
 * sockaddr - addresses, by weir's functions.
 *
 * Proof      test/compat/test_nng_plain.c, test/net/
 */
#include "compat/compat.h"

#include <weir/sockaddr.h>

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

uint64_t
nng_sockaddr_hash(const nng_sockaddr *sa)
{
	return weir_sockaddr_hash(sa);
}
