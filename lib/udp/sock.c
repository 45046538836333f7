/*
 * sock - the socket under a weir_udp: options, address, groups.
 *
 * Purpose    what happens when it is made, and when groups change.
 * Ownership  borrows all; the number is the caller's once it is open.
 * Progress   never blocks.
 * Proof      test/udp/test_udp_states.c, test/udp/test_udp_group.c,
 *            test/udp/test_udp_faults.c
 */
#include "base/err.h"
#include "base/sys.h"
#include "udp/udp_impl.h"

#include <errno.h>
#include <string.h>

weir_err
wri_udp_addr_err(int eno)
{
	switch (eno) {
	case EINVAL: /* port 0, link-local without scope */
	case ENODEV: /* a scope that is no interface */
		return WEIR_EADDRINVAL;
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
		return WEIR_EUNREACHABLE;
	}
	return wri_err_of(eno);
}

/* An option of the system and what it is set to. */
struct sock_opt {
	bool wanted;
	bool may_lack; /* the system may be too old for it */
	int level;
	int name;
	int value;
};

static weir_err
sock_opts_set(int fd, const struct sock_opt *opts, size_t n)
{
	for (const struct sock_opt *o = opts; o < opts + n; o++) {
		int r = o->wanted ? wri_sys_setsockopt(fd, o->level, o->name,
					&o->value, sizeof(o->value))
				  : 0;

		if (r != 0 && !(o->may_lack && r == -ENOPROTOOPT)) {
			return wri_err_of(-r);
		}
	}
	return WEIR_OK;
}

static int
sock_buffer(int asked)
{
	return asked == 0 ? WEIR_UDP_BUFFER : asked;
}

static weir_err
sock_set_common(int fd, const weir_udp_params *p)
{
	const struct sock_opt opts[] = {
	    {true, false, SOL_SOCKET, SO_RCVBUF, sock_buffer(p->recv_buffer)},
	    {true, false, SOL_SOCKET, SO_SNDBUF, sock_buffer(p->send_buffer)},
	    {p->reuse_port, false, SOL_SOCKET, SO_REUSEPORT, 1},
	    {p->broadcast, false, SOL_SOCKET, SO_BROADCAST, 1},
	};

	return sock_opts_set(fd, opts, sizeof(opts) / sizeof(opts[0]));
}

/* IP_MULTICAST_ALL, also below: groups that others have joined are not ours. */
static weir_err
sock_set_in(int fd, const weir_udp_params *p)
{
	const struct ip_mreqn out = {.imr_ifindex = (int)p->multicast_if};
	const struct sock_opt opts[] = {
	    {true, true, IPPROTO_IP, IP_MULTICAST_ALL, 0},
	    {p->multicast_loop_off, false, IPPROTO_IP, IP_MULTICAST_LOOP, 0},
	    {p->multicast_ttl != 0, false, IPPROTO_IP, IP_MULTICAST_TTL,
		p->multicast_ttl},
	};
	weir_err err = sock_opts_set(fd, opts, sizeof(opts) / sizeof(opts[0]));
	int r = 0;

	if (err == WEIR_OK && out.imr_ifindex != 0) {
		r = wri_sys_setsockopt(
		    fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
	}
	return r == 0 ? err : wri_udp_addr_err(-r);
}

static weir_err
sock_set_in6(int fd, const weir_udp_params *p)
{
	const int out = (int)p->multicast_if;
	const struct sock_opt opts[] = {
	    {p->v6only, false, IPPROTO_IPV6, IPV6_V6ONLY, 1},
	    {true, true, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0},
	    {p->multicast_loop_off, false, IPPROTO_IPV6, IPV6_MULTICAST_LOOP,
		0},
	    {p->multicast_ttl != 0, false, IPPROTO_IPV6, IPV6_MULTICAST_HOPS,
		p->multicast_ttl},
	};
	weir_err err = sock_opts_set(fd, opts, sizeof(opts) / sizeof(opts[0]));
	int r = 0;

	if (err == WEIR_OK && out != 0) {
		r = wri_sys_setsockopt(
		    fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &out, sizeof(out));
	}
	return r == 0 ? err : wri_udp_addr_err(-r);
}

static weir_err
sock_name(int fd, weir_sockaddr *bound)
{
	struct wri_sysaddr addr = {.len = sizeof(addr.u)};
	int r = wri_sys_getsockname(fd, &addr.u.sa, &addr.len);

	return r == 0 ? wri_sysaddr_name(&addr, bound) : wri_err_of(-r);
}

static weir_err
sock_prepare(int fd, const struct wri_sysaddr *addr, weir_sockaddr *bound,
    const weir_udp_params *params)
{
	weir_err err = sock_set_common(fd, params);
	int r;

	if (err == WEIR_OK) {
		err = addr->u.sa.sa_family == AF_INET
			  ? sock_set_in(fd, params)
			  : sock_set_in6(fd, params);
	}
	if (err != WEIR_OK) {
		return err;
	}
	r = wri_sys_bind(fd, &addr->u.sa, addr->len);
	return r == 0 ? sock_name(fd, bound) : wri_udp_addr_err(-r);
}

/* Our families alone: no unix datagrams here. */
static weir_err
sock_addr(struct wri_sysaddr *addr, const weir_sockaddr *sa)
{
	if (sa == NULL ||
	    (sa->s_family != WEIR_AF_INET && sa->s_family != WEIR_AF_INET6)) {
		return WEIR_EADDRINVAL;
	}
	return wri_sysaddr_of(addr, sa);
}

weir_err
wri_udp_sock_open(int *fd, weir_sockaddr *bound, const weir_sockaddr *sa,
    const weir_udp_params *params)
{
	struct wri_sysaddr addr;
	weir_err err = sock_addr(&addr, sa);
	int r;

	if (err != WEIR_OK) {
		return err;
	}
	r = wri_sys_socket(addr.u.sa.sa_family, SOCK_DGRAM, IPPROTO_UDP);
	if (r < 0) {
		return wri_err_of(-r);
	}
	err = sock_prepare(r, &addr, bound, params);
	if (err != WEIR_OK) {
		(void)wri_sys_close(r);
		return err;
	}
	*fd = r;
	return WEIR_OK;
}

/* The group on the interface of the bound address; a bound group or wildcard
 * names none, then the system chooses. */
static int
sock_member_in(const weir_udp *u, const weir_sockaddr *group, bool join)
{
	uint32_t own = u->bound.s_in.sa_addr;
	struct ip_mreqn req = {
	    .imr_multiaddr.s_addr = group->s_in.sa_addr,
	    .imr_ifindex = (int)u->multicast_if,
	};

	if (!IN_MULTICAST(ntohl(own))) {
		req.imr_address.s_addr = own;
	}
	return wri_sys_setsockopt(weir_fd_number(u->fd), IPPROTO_IP,
	    join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &req, sizeof(req));
}

static int
sock_member_in6(const weir_udp *u, const weir_sockaddr *group, bool join)
{
	struct ipv6_mreq req = {.ipv6mr_interface = u->multicast_if};

	memcpy(&req.ipv6mr_multiaddr, group->s_in6.sa_addr,
	    sizeof(req.ipv6mr_multiaddr));
	if (req.ipv6mr_interface == 0) {
		req.ipv6mr_interface = u->bound.s_in6.sa_scope;
	}
	if (req.ipv6mr_interface == 0) {
		req.ipv6mr_interface = group->s_in6.sa_scope;
	}
	return wri_sys_setsockopt(weir_fd_number(u->fd), IPPROTO_IPV6,
	    join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &req, sizeof(req));
}

weir_err
wri_udp_sock_member(const weir_udp *u, const weir_sockaddr *group, bool join)
{
	bool in6 = u->bound.s_family == WEIR_AF_INET6;
	bool is_group;
	int r;

	if (group == NULL || group->s_family != u->bound.s_family) {
		return WEIR_EADDRINVAL;
	}
	is_group = in6 ? group->s_in6.sa_addr[0] == 0xff
		       : IN_MULTICAST(ntohl(group->s_in.sa_addr));
	if (!is_group) {
		return WEIR_EINVAL;
	}
	r = in6 ? sock_member_in6(u, group, join)
		: sock_member_in(u, group, join);
	return r == 0 ? WEIR_OK : wri_udp_addr_err(-r);
}
