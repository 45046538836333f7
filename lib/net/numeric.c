/*
 * numeric - hosts that are addresses.
 *
 * Purpose    text in, value out; nothing here asks the system.
 * Ownership  the caller's memory.
 * Bounds     a host of WRI_NUMERIC_MAX bytes; no more is read.
 * Proof      test/net/test_parse_sockaddr.c
 */
#include "net/numeric.h"

#include <arpa/inet.h>
#include <string.h>

#define SCOPE_DIGITS 10
#define PORT_MAX 65535

/* A scope: a number that is not 0, since that would mean none. */
static bool
scope_parse(uint32_t *scope, const char *s)
{
	uint64_t n = 0;
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || digits > SCOPE_DIGITS || s[digits] != '\0') {
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		n = n * 10 + (uint64_t)(s[i] - '0');
	}
	*scope = (uint32_t)n;
	return n > 0 && n <= UINT32_MAX;
}

static weir_err
in6_parse(weir_sockaddr *sa, const char *host, uint16_t port)
{
	char text[WRI_NUMERIC_MAX + 1];
	struct in6_addr addr;
	uint32_t scope = 0;
	char *percent;

	memcpy(text, host, strlen(host) + 1); /* fits: wri_numeric_parse */
	percent = strchr(text, '%');
	if (percent != NULL) {
		*percent = '\0';
		if (!scope_parse(&scope, percent + 1)) {
			return WEIR_EADDRINVAL;
		}
	}
	if (inet_pton(AF_INET6, text, &addr) != 1) {
		return WEIR_EADDRINVAL;
	}
	memset(sa, 0, sizeof(*sa));
	sa->s_in6.sa_family = WEIR_AF_INET6;
	sa->s_in6.sa_port = htons(port);
	sa->s_in6.sa_scope = scope;
	memcpy(sa->s_in6.sa_addr, &addr, sizeof(sa->s_in6.sa_addr));
	return WEIR_OK;
}

static weir_err
in_parse(weir_sockaddr *sa, const char *host, uint16_t port)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, host, &addr) != 1) {
		return WEIR_EADDRINVAL;
	}
	memset(sa, 0, sizeof(*sa));
	sa->s_in.sa_family = WEIR_AF_INET;
	sa->s_in.sa_port = htons(port);
	sa->s_in.sa_addr = addr.s_addr;
	return WEIR_OK;
}

weir_err
wri_numeric_parse(weir_sockaddr *sa, const char *host, uint32_t port)
{
	if (strnlen(host, WRI_NUMERIC_MAX + 1) > WRI_NUMERIC_MAX ||
	    port > PORT_MAX) {
		return WEIR_EADDRINVAL;
	}
	return strchr(host, ':') != NULL ? in6_parse(sa, host, (uint16_t)port)
					 : in_parse(sa, host, (uint16_t)port);
}

/* A port is all that is left. */
static bool
port_parse(uint32_t *port, const char *s)
{
	uint32_t n = 0;

	if (*s == '\0') {
		return false;
	}
	for (; *s >= '0' && *s <= '9' && n <= PORT_MAX; s++) {
		n = n * 10 + (uint32_t)(*s - '0');
	}
	*port = n;
	return *s == '\0' && n <= PORT_MAX;
}

weir_err
weir_sockaddr_parse(weir_sockaddr *sa, const char *str)
{
	char host[WRI_NUMERIC_MAX + 1];
	const char *end;
	uint32_t port;
	size_t len;
	bool six;

	if (sa == NULL || str == NULL ||
	    strnlen(str, WEIR_ADDR_STR_MAX) == WEIR_ADDR_STR_MAX) {
		return WEIR_EINVAL;
	}
	six = *str == '[';
	str += six ? 1 : 0;
	end = strchr(str, six ? ']' : ':');
	if (end == NULL) {
		return WEIR_EINVAL;
	}
	len = (size_t)(end - str);
	end += six ? 1 : 0;
	if (*end != ':' || !port_parse(&port, end + 1)) {
		return WEIR_EINVAL;
	}
	/* In brackets stands an IPv6 address, and nowhere else. */
	if (len > WRI_NUMERIC_MAX || six != (memchr(str, ':', len) != NULL)) {
		return WEIR_EADDRINVAL;
	}
	memcpy(host, str, len);
	host[len] = '\0';
	return wri_numeric_parse(sa, host, port);
}
