/*
 * hash - a number for an address.
 *
 * Purpose    tables of peers, and the choice of one of several lanes.
 * Shape      FNV-1a over the bytes that weir_sockaddr_equal compares, family
 *            first, then a finish that lets each bit reach all others: tables
 *            take the low ones.
 * Ownership  reads only.
 * Bounds     128 bytes at most.
 * Refused    a secret of the process: it would be state, and a hash that is
 *            no other in the next run is easier to debug with.
 * Proof      test/net/test_sockaddr.c
 */
#include <weir/sockaddr.h>

#include <string.h>

#define HASH_BEGIN 0xcbf29ce484222325u
#define HASH_PRIME 0x100000001b3u

static uint64_t
hash_add(uint64_t h, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++) {
		h = (h ^ bytes[i]) * HASH_PRIME;
	}
	return h;
}

/* Never 0. */
static uint64_t
hash_end(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	h ^= h >> 32;
	return h == 0 ? 1 : h;
}

static uint64_t
hash_abstract(uint64_t h, const weir_sockaddr_abstract *name)
{
	size_t len = name->sa_len;

	/* A length that lies makes no address, but must not be believed. */
	if (len > sizeof(name->sa_name)) {
		len = 0;
	}
	return hash_add(h, name->sa_name, len);
}

uint64_t
weir_sockaddr_hash(const weir_sockaddr *sa)
{
	uint16_t family = sa == NULL ? WEIR_AF_UNSPEC : sa->s_family;
	uint64_t h = hash_add(HASH_BEGIN, &family, sizeof(family));

	switch ((enum weir_af)family) {
	case WEIR_AF_INPROC:
		h = hash_add(h, sa->s_inproc.sa_name,
		    strnlen(sa->s_inproc.sa_name, WEIR_ADDR_MAX));
		break;
	case WEIR_AF_IPC:
		h = hash_add(h, sa->s_ipc.sa_path,
		    strnlen(sa->s_ipc.sa_path, WEIR_ADDR_MAX));
		break;
	case WEIR_AF_INET:
		h = hash_add(h, &sa->s_in.sa_port, sizeof(sa->s_in.sa_port));
		h = hash_add(h, &sa->s_in.sa_addr, sizeof(sa->s_in.sa_addr));
		break;
	case WEIR_AF_INET6:
		h = hash_add(h, &sa->s_in6.sa_port, sizeof(sa->s_in6.sa_port));
		h = hash_add(
		    h, &sa->s_in6.sa_scope, sizeof(sa->s_in6.sa_scope));
		h = hash_add(h, sa->s_in6.sa_addr, sizeof(sa->s_in6.sa_addr));
		break;
	case WEIR_AF_ABSTRACT:
		h = hash_abstract(h, &sa->s_abstract);
		break;
	case WEIR_AF_UNSPEC:
		break;
	}
	return hash_end(h);
}
