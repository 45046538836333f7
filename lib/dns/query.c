/*
 * query - what is asked: checked, and answered where no lookup is needed.
 *
 * Purpose    a literal must not depend on threads that may hang.
 * Ownership  the strings stay the program's.
 * Progress   pure, but that the name of an interface in a scope is asked of
 *            the system.
 * Bounds     WEIR_HOST_MAX, WEIR_SERVICE_MAX.
 * Proof      test/dns/test_query.c
 */
#include "dns/dns_impl.h"

#include "base/err.h"
#include "base/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define PORT_MAX 65535u

/* The whole text is a decimal number up to max. */
static bool
number_of(const char *text, uint32_t max, uint32_t *number)
{
	uint64_t n = 0;

	if (*text == '\0') {
		return false;
	}
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') {
			return false;
		}
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > max) {
			return false;
		}
	}
	*number = (uint32_t)n;
	return true;
}

static weir_err
query_service(struct query *q, const char *service)
{
	size_t len = strnlen(service, WEIR_SERVICE_MAX + 1);
	uint32_t port;

	if (len == 0 || len > WEIR_SERVICE_MAX) {
		return WEIR_EADDRINVAL;
	}
	if (strspn(service, "0123456789") != len) {
		q->service = service;
		return WEIR_OK;
	}
	if (!number_of(service, PORT_MAX, &port)) {
		return WEIR_EADDRINVAL;
	}
	q->port = (uint16_t)port;
	return WEIR_OK;
}

/* What follows the % of an address: a number, or the name of an interface. */
static weir_err
scope_of(const char *text, uint32_t *scope)
{
	int r;

	if (number_of(text, UINT32_MAX, scope)) {
		return WEIR_OK;
	}
	r = wri_sys_if_index(text);
	if (r > 0) {
		*scope = (uint32_t)r;
		return WEIR_OK;
	}
	return r == -ENODEV ? WEIR_EADDRINVAL : wri_err_of(-r);
}

/* The host has a colon: it is an IPv6 address, or nothing. */
static weir_err
query_in6(struct query *q)
{
	weir_sockaddr_in6 *in6 = &q->addr.s_in6;
	size_t len = strcspn(q->host, "%");
	char text[INET6_ADDRSTRLEN];

	if (q->family == AF_INET || len >= sizeof(text)) {
		return WEIR_EADDRINVAL;
	}
	memcpy(text, q->host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, in6->sa_addr) != 1) {
		return WEIR_EADDRINVAL;
	}
	in6->sa_family = WEIR_AF_INET6;
	q->literal = true;
	return q->host[len] == '\0'
		   ? WEIR_OK
		   : scope_of(q->host + len + 1, &in6->sa_scope);
}

static weir_err
query_host(struct query *q)
{
	if (strnlen(q->host, WEIR_HOST_MAX + 1) > WEIR_HOST_MAX) {
		return WEIR_EADDRINVAL;
	}
	if (strchr(q->host, ':') != NULL) {
		return query_in6(q);
	}
	if (inet_pton(AF_INET, q->host, &q->addr.s_in.sa_addr) != 1) {
		return WEIR_OK; /* a name */
	}
	if (q->family == AF_INET6) {
		return WEIR_EADDRINVAL;
	}
	q->addr.s_in.sa_family = WEIR_AF_INET;
	q->literal = true;
	return WEIR_OK;
}

weir_err
wri_query_init(struct query *q, const weir_resolve_params *params)
{
	weir_err rv = WEIR_OK;

	*q = (struct query){.family = AF_UNSPEC};
	if (params == NULL || params->size != sizeof(*params)) {
		return WEIR_EINVAL;
	}
	if (params->family == WEIR_AF_INET) {
		q->family = AF_INET;
	} else if (params->family == WEIR_AF_INET6) {
		q->family = AF_INET6;
	} else if (params->family != WEIR_AF_UNSPEC) {
		return WEIR_EINVAL;
	}
	q->port = params->port;
	if (params->service != NULL) {
		rv = params->port != 0 ? WEIR_EINVAL
				       : query_service(q, params->service);
	}
	if (rv != WEIR_OK) {
		return rv;
	}
	if (params->host != NULL && params->host[0] != '\0') {
		q->host = params->host;
		return query_host(q);
	}
	if (!params->passive) {
		return WEIR_EADDRINVAL;
	}
	q->host = q->family == AF_INET6 ? "::" : "0.0.0.0";
	q->addr.s_family = q->family == AF_INET6 ? WEIR_AF_INET6 : WEIR_AF_INET;
	q->literal = true;
	return WEIR_OK;
}
