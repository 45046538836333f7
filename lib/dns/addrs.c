/*
 * addrs - the result of a lookup: a list of addresses.
 *
 * Ownership  the program's from the callback on.
 * Progress   pure, but for memory.
 * Bounds     WEIR_ADDRS_MAX; what the system gives beyond is left out.
 * Proof      test/dns/test_lookup.c
 */
#include "dns/dns_impl.h"

#include "base/mem.h"
#include "net/sysaddr.h"

#include <arpa/inet.h>
#include <string.h>

struct weir_addrs {
	size_t count;
	size_t room;
	weir_sockaddr at[];
};

static size_t
addrs_bytes(size_t room)
{
	return sizeof(weir_addrs) + room * sizeof(weir_sockaddr);
}

static weir_addrs *
addrs_new(size_t room)
{
	weir_addrs *addrs = wri_alloc(addrs_bytes(room));

	if (addrs != NULL) {
		addrs->room = room;
	}
	return addrs;
}

static void
port_set(weir_sockaddr *addr, uint16_t port)
{
	if (addr->s_family == WEIR_AF_INET) {
		addr->s_in.sa_port = htons(port);
	} else {
		addr->s_in6.sa_port = htons(port);
	}
}

/* Does the system's address have a place in the list, and is it new? */
static bool
addrs_add(
    weir_addrs *addrs, const struct addrinfo *ai, bool has_port, uint16_t port)
{
	weir_sockaddr *addr = &addrs->at[addrs->count];
	struct wri_sysaddr sys = {.len = ai->ai_addrlen};

	if (ai->ai_addr == NULL || ai->ai_addrlen > sizeof(sys.u)) {
		return false;
	}
	memcpy(&sys.u, ai->ai_addr, ai->ai_addrlen);
	if (wri_sysaddr_name(&sys, addr) != WEIR_OK) {
		return false;
	}
	if (has_port) {
		port_set(addr, port);
	}
	for (size_t i = 0; i < addrs->count; i++) {
		if (weir_sockaddr_equal(&addrs->at[i], addr)) {
			return false;
		}
	}
	addrs->count++;
	return true;
}

weir_err
wri_addrs_of_list(weir_addrs **addrsp, const struct addrinfo *list,
    bool has_port, uint16_t port)
{
	weir_addrs *addrs;
	size_t room = 0;

	for (const struct addrinfo *ai = list;
	     ai != NULL && room < WEIR_ADDRS_MAX; ai = ai->ai_next) {
		room++;
	}
	addrs = addrs_new(room);
	if (addrs == NULL) {
		return WEIR_ENOMEM;
	}
	for (const struct addrinfo *ai = list;
	     ai != NULL && addrs->count < room; ai = ai->ai_next) {
		(void)addrs_add(addrs, ai, has_port, port);
	}
	if (addrs->count == 0) {
		weir_addrs_free(addrs);
		return WEIR_EADDRINVAL;
	}
	*addrsp = addrs;
	return WEIR_OK;
}

weir_addrs *
wri_addrs_of_one(const weir_sockaddr *addr, uint16_t port)
{
	weir_addrs *addrs = addrs_new(1);

	if (addrs != NULL) {
		addrs->at[0] = *addr;
		port_set(&addrs->at[0], port);
		addrs->count = 1;
	}
	return addrs;
}

size_t
weir_addrs_count(const weir_addrs *addrs)
{
	return addrs != NULL ? addrs->count : 0;
}

const weir_sockaddr *
weir_addrs_at(const weir_addrs *addrs, size_t i)
{
	return i < weir_addrs_count(addrs) ? &addrs->at[i] : NULL;
}

void
weir_addrs_free(weir_addrs *addrs)
{
	if (addrs != NULL) {
		wri_free(addrs, addrs_bytes(addrs->room));
	}
}
