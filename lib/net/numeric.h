/*
 * numeric - hosts that are addresses.
 *
 * Purpose    a host without a resolver, for rooms that have one in a URL.
 * Ownership  values; the caller's memory.
 * Progress   pure.
 */
#ifndef NET_NUMERIC_H
#define NET_NUMERIC_H

#include <weir/err.h>
#include <weir/sockaddr.h>

#include <stdint.h>

/* The longest one: IPv6 with an IPv4 tail, '%', a scope of ten digits. */
#define WRI_NUMERIC_MAX 56

/*
 * From text to address: IPv4 as four decimal numbers, or IPv6 without
 * brackets, with a scope as number if it is followed by '%'.  What has a colon
 * is IPv6.
 *
 * port  host order [0..65535]
 *
 * WEIR_EADDRINVAL: neither of both; *sa is then untouched.
 */
weir_err wri_numeric_parse(weir_sockaddr *sa, const char *host, uint32_t port);

#endif
