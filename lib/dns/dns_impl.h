/*
 * dns_impl - questions and results; seen by this folder only.
 */
#ifndef DNS_DNS_IMPL_H
#define DNS_DNS_IMPL_H

#include <weir/dns.h>

#include <netdb.h>

/* A question that was checked. */
struct query {
	const char *host;    /* of the program, or static */
	const char *service; /* a name of the program, NULL: port */
	uint16_t port;       /* host order */
	int family;          /* AF_UNSPEC, AF_INET, AF_INET6 */
	bool literal;        /* addr is what host says */
	weir_sockaddr addr;  /* without a port */
};

/* What is asked; strings are borrowed.  WEIR_EINVAL, WEIR_EADDRINVAL, or an
 * error that the look for an interface met. */
weir_err wri_query_init(struct query *q, const weir_resolve_params *params);

/*
 * What the system answered.  port: if has_port, instead of the one in the list
 * [host order].  WEIR_EADDRINVAL: no address that we know; WEIR_ENOMEM.
 */
weir_err wri_addrs_of_list(weir_addrs **addrsp, const struct addrinfo *list,
    bool has_port, uint16_t port);
/* One address; NULL: out of memory.  port in host order. */
weir_addrs *wri_addrs_of_one(const weir_sockaddr *addr, uint16_t port);

#endif
