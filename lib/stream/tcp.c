/*
 * tcp - the transport tcp://, tcp4://, tcp6://.
 *
 * Purpose    addresses, and hosts that have some.
 * Ownership  borrows all.
 * Progress   never blocks, but for the host of a listener: names.c looks up
 *            those of dialers, where nobody waits.
 * Bounds     a host is at most WEIR_URL_HOST_MAX bytes.
 * Proof      test/stream/test_address.c, test_host.c, test_listener.c,
 *            test_dialer.c
 */
#include "base/err.h"
#include "base/sys.h"
#include "dns/dns.h"
#include "net/numeric.h"
#include "stream/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

static const struct wri_option tcp_options[] = {
    {WEIR_OPT_TCP_NODELAY, WRI_OPTION_BOOL, IPPROTO_TCP, TCP_NODELAY,
	WRI_FLAG_NODELAY, {&wri_how_flag, &wri_how_flag, &wri_how_live_flag}},
    {WEIR_OPT_TCP_KEEPALIVE, WRI_OPTION_BOOL, SOL_SOCKET, SO_KEEPALIVE,
	WRI_FLAG_KEEPALIVE, {&wri_how_flag, &wri_how_flag, &wri_how_live_flag}},
    {WEIR_OPT_LOCAL_ADDR, WRI_OPTION_ADDR, 0, 0, 0, {&wri_how_local_addr}},
    {WEIR_OPT_BOUND_PORT, WRI_OPTION_INT, 0, 0, 0, {NULL, &wri_how_bound_port}},
    {WEIR_OPT_BOUND_ADDR, WRI_OPTION_ADDR, 0, 0, 0,
	{NULL, &wri_how_bound_addr}},
    {WEIR_OPT_LISTEN_FD, WRI_OPTION_INT, 0, 0, 0, {NULL, &wri_how_listen_fd}},
    {WEIR_OPT_REUSE_PORT, WRI_OPTION_BOOL, SOL_SOCKET, SO_REUSEPORT,
	WRI_FLAG_REUSE_PORT, {NULL, &wri_how_flag_early}},
    {WEIR_OPT_V6ONLY, WRI_OPTION_BOOL, IPPROTO_IPV6, IPV6_V6ONLY,
	WRI_FLAG_V6ONLY, {NULL, &wri_how_flag_early}},
    WRI_OPTIONS_SIZES,
    {.name = NULL},
};

/*
 * The address that a host is, "" any.  False: it is none.  In brackets stands
 * an IPv6 address, and nowhere else.
 */
static bool
tcp_literal(
    struct wri_endpoint *ep, const weir_url *url, const char *host, bool want6)
{
	weir_sockaddr name;

	if (host[0] == '\0') {
		host = want6 ? "::" : "0.0.0.0";
	} else if (want6 && !weir_url_bracketed(url)) {
		return false;
	}
	if (wri_numeric_parse(&name, host, weir_url_port(url)) != WEIR_OK ||
	    name.s_family != (want6 ? WEIR_AF_INET6 : WEIR_AF_INET) ||
	    wri_sysaddr_of(&ep->addr, &name) != WEIR_OK) {
		return false;
	}
	ep->family = ep->addr.u.sa.sa_family;
	ep->name = name;
	return true;
}

/* May a resolver know the host?  What looks like an address of the other family
 * is no name. */
static bool
tcp_is_name(const weir_url *url)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
	const char *host = weir_url_hostname(url); /* in lower case */
	struct in_addr in;

	return !weir_url_bracketed(url) &&
	       strspn(host, chars) == strlen(host) &&
	       inet_pton(AF_INET, host, &in) != 1;
}

static int
tcp_family(const char *scheme)
{
	return strcmp(scheme, "tcp4") == 0   ? AF_INET
	       : strcmp(scheme, "tcp6") == 0 ? AF_INET6
					     : AF_UNSPEC;
}

/* A name: dials look it up each time.  Who listens does so here, once, and
 * takes the first address. */
static weir_err
tcp_resolve_name(
    struct wri_endpoint *ep, const weir_url *url, enum wri_role role)
{
	const char *host = weir_url_hostname(url);
	const struct wri_question q = {
	    .host = host,
	    .port = (uint16_t)weir_url_port(url),
	    .family = tcp_family(weir_url_scheme(url)),
	};
	weir_addrs *addrs;
	weir_err err;

	if (role == WRI_ROLE_DIALER) {
		ep->family = q.family;
		ep->port = q.port;
		memcpy(ep->host, host, strlen(host) + 1); /* bounded by url */
		return WEIR_OK;
	}
	err = wri_question_ask(&q, &addrs);
	if (err != WEIR_OK) {
		return err;
	}
	ep->name = *weir_addrs_at(addrs, 0);
	weir_addrs_free(addrs);
	err = wri_sysaddr_of(&ep->addr, &ep->name);
	ep->family = ep->addr.u.sa.sa_family;
	return err;
}

/* User info, path, query and fragment mean nothing to tcp. */
static weir_err
tcp_resolve(struct wri_endpoint *ep, const weir_url *url, enum wri_role role)
{
	const char *scheme = weir_url_scheme(url);
	const char *host = weir_url_hostname(url);
	bool bracket = weir_url_bracketed(url);

	if (role == WRI_ROLE_DIALER &&
	    (host[0] == '\0' || weir_url_port(url) == 0)) {
		return WEIR_EADDRINVAL;
	}
	if (bracket && strcmp(scheme, "tcp4") == 0) {
		return WEIR_EADDRINVAL;
	}
	if (tcp_literal(
		ep, url, host, bracket || strcmp(scheme, "tcp6") == 0)) {
		return WEIR_OK;
	}
	return tcp_is_name(url) ? tcp_resolve_name(ep, url, role)
				: WEIR_EADDRINVAL;
}

static weir_err
tcp_bind(const struct wri_endpoint *ep, int fd, const struct wri_settings *set,
    struct wri_sockfile *file)
{
	int on = 1;
	int r;

	file->made = false;
	/* A port whose last connections are in TIME_WAIT is free. */
	r = wri_sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (r == 0 && wri_settings_has(set, WRI_FLAG_REUSE_PORT)) {
		r = wri_sys_setsockopt(
		    fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	}
	if (r == 0 && ep->family == AF_INET6 &&
	    wri_settings_has(set, WRI_FLAG_V6ONLY)) {
		r = wri_sys_setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (r != 0) {
		return wri_err_of(-r);
	}
	r = wri_sys_bind(fd, &ep->addr.u.sa, ep->addr.len);
	switch (-r) {
	case 0:
		return WEIR_OK;
	case EINVAL: /* link-local without scope */
	case ENODEV: /* a scope that is no interface */
		return WEIR_EADDRINVAL;
	}
	return wri_err_of(-r);
}

static void
tcp_unbind(const struct wri_endpoint *ep, const struct wri_sockfile *file)
{
	(void)ep;
	(void)file;
}

static weir_err
tcp_own_name(int fd, weir_sockaddr *name)
{
	struct wri_sysaddr addr = {.len = sizeof(addr.u)};
	int r = wri_sys_getsockname(fd, &addr.u.sa, &addr.len);

	return r == 0 ? wri_sysaddr_name(&addr, name) : wri_err_of(-r);
}

static weir_err
tcp_bound(const struct wri_endpoint *ep, int fd, weir_sockaddr *name)
{
	(void)ep;
	return tcp_own_name(fd, name);
}

static weir_err
tcp_connect_err(int eno)
{
	switch (eno) {
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
		return WEIR_EUNREACHABLE;
	case EINVAL: /* link-local without scope */
	case ENODEV:
		return WEIR_EADDRINVAL;
	}
	return wri_err_of(eno);
}

static weir_err
tcp_name_ends(weir_stream *s, const weir_sockaddr *name, int fd,
    const struct wri_sysaddr *peer)
{
	struct wri_sysaddr addr = {.len = sizeof(addr.u)};
	weir_err err = tcp_own_name(fd, &s->self);
	int r;

	(void)name;
	if (err != WEIR_OK || peer != NULL) {
		return err != WEIR_OK ? err : wri_sysaddr_name(peer, &s->peer);
	}
	r = wri_sys_getpeername(fd, &addr.u.sa, &addr.len);
	if (r == -ENOTCONN) {
		return WEIR_ECONNRESET; /* made, and gone since */
	}
	err = r == 0 ? wri_sysaddr_name(&addr, &s->peer) : wri_err_of(-r);
	if (err == WEIR_OK && weir_sockaddr_equal(&s->self, &s->peer)) {
		/* Both ends are this socket: the system chose the very port
		 * that we dial, and nobody listens there. */
		return WEIR_ECONNREFUSED;
	}
	return err;
}

const struct wri_stream_ops wri_stream_tcp = {
    .name = "tcp",
    .options = tcp_options,
    .resolve = tcp_resolve,
    .bind = tcp_bind,
    .unbind = tcp_unbind,
    .bound = tcp_bound,
    .connect_err = tcp_connect_err,
    .name_ends = tcp_name_ends,
};
